#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test vectors of doc/protocol.md: what a reader written from that page alone finds in them is what `leat dump` shows."""
import json
import os
import re
import struct

from leatcli import check, folder, run, spill

CRITICAL, NESTED, MORE, CHECKSUM = 8, 4, 2, 1
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'doc', 'protocol.md')


def crc32c(data):
  crc = 0xffffffff
  for byte in data:
    crc ^= byte
    for _ in range(8):
      crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
  return crc ^ 0xffffffff


def items(data, offset, depth):
  while data:
    word, length = struct.unpack('>HI', data[:6])
    check(6 + length <= len(data), 'an item runs past the end')
    yield offset, depth, 6, length, word & 0x3fff, bool(word & 0x4000)
    if word & 0x4000:
      yield from items(data[6:6 + length], offset + 6, depth + 1)
    data, offset = data[6 + length:], offset + 6 + length


def frame(data):
  mark, first, kind, length, sequence, zero = struct.unpack('>BBHIIH', data[:14])
  total = sum(struct.unpack('>8H', data[:16]))
  while total > 0xffff:
    total = (total & 0xffff) + (total >> 16)
  check(mark == 0xa7 and first >> 4 == 1 and zero == 0 and total == 0xffff, f'not a header: {data[:16].hex()}')
  value, rest = data[16:16 + length], data[16 + length:]
  check(len(value) == length and len(rest) == (4 if first & CHECKSUM else 0), 'not one whole frame')
  check(not rest or struct.unpack('>I', rest)[0] == crc32c(data[:-4]), 'a wrong CRC32C')
  yield 0, 0, 16, length, kind, bool(first & NESTED)
  if first & NESTED:
    fixed = 12 if kind == 0xff03 else 0
    yield from items(value[fixed:], 16 + fixed, 1)


check(crc32c(b'123456789') == 0xe3069283, 'the CRC of this test is wrong')
with open(PAGE, encoding='utf-8') as page:
  vectors = re.findall(r'^    ([a-z-]+) +([0-9a-f]+)$', page.read().split('## Test vectors')[1], re.M)
check(len(vectors) >= 8, f'only {len(vectors)} vectors on the page')
work, count = folder(), 0
for name, text in vectors:
  data = bytes.fromhex(text)
  wanted = list(frame(data))
  done = run('dump', '--json', '--tlv', 'leat', spill(os.path.join(work, name), data))
  check(done.returncode == 0 and done.stderr == '', f'{name}: {done}')
  shown = [json.loads(line) for line in done.stdout.splitlines()]
  got = [(item['offset'], item['depth'], item['header'], item['length'], item['type'], item['constructed']) for item in shown]
  check(got == wanted, f'{name}: leat {got}, the page {wanted}')
  count += len(got)
  # Whatever bit of the header is turned, it is none.
  for bit in range(0, 128, 7):
    turned = bytearray(data)
    turned[bit // 8] ^= 1 << bit % 8
    check(run('dump', '--tlv', 'leat', input=bytes(turned)).returncode == 2, f'{name}: bit {bit} turned, and taken')
print(f'{len(vectors)} vectors, {count} frames and items equal')
