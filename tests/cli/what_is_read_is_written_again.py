#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the cursor reads, the writer writes again byte for byte: the certificates of this machine, what its kernel says of its network, and
files and packets made by chance. ROUND_TRIP names the program that does it (tests/round_trip.c)."""
import glob
import os
import re
import struct
import subprocess

from dump_bt_ad_equals_vectors import VECTORS
from formats import SEED, chance, make_list, make_message, make_pcapng, make_png, pad4, riff_chunk
from leatcli import check, fail, folder, need, run, slurp

ROUND_TRIP = os.environ['ROUND_TRIP']
COUNTS = re.compile(r'(\S+): (\d+) inputs, (\d+) items, (\d+) bytes the same; (\d+) items put whole, 0 inputs in other bytes, 0 malformed, ')


def certificates():
  """Each of the system's, as openssl has it."""
  need('openssl')
  names = sorted(glob.glob('/etc/ssl/certs/*.pem'))
  check(names, 'no certificates under /etc/ssl/certs')
  return [subprocess.run(['openssl', 'x509', '-in', name, '-outform', 'DER'], check=True, capture_output=True).stdout for name in names]


def kernel():
  """The messages of one dump of links, addresses and routes."""
  path = os.path.join(folder(), 'netlink')
  done = run('pump', '--from', 'netlink:route', '--to', f'file:{path}', '--frame', 'netlink', '--stats', 'none')
  check(done.returncode == 0, f'netlink: exit {done.returncode}: {done.stderr}')
  return slurp(path)


def short(some, most):
  return some.randbytes(some.randrange(some.choice([2, 20, most + 1])))


def items(some, pack, types, most, count=8):
  """Items in a row: pack(type, length) is the header."""
  out = b''
  for _ in range(some.randrange(count)):
    value = short(some, most)
    out += pack(some.choice(types), len(value)) + value
  return out


def padded(some, pack, types, most):
  """Likewise, each padded to 4."""
  out = b''
  for _ in range(some.randrange(1, 6)):
    value = short(some, most)
    out += pad4(pack(some.choice(types), len(value)) + value)
  return out


def t1l1(kind, length):
  return bytes([kind, length])


def t1l1_all(kind, length):
  return bytes([kind, length + 2])


def t2l2(kind, length):
  return struct.pack('>HH', kind, length)


def vector(some):
  """One packet of each dialect, its lengths in their shortest form, its bytes beside type and length by chance."""
  some16, byte = some.randbytes(16), some.randbytes(1)
  yield 'lldp', items(some, lambda kind, length: struct.pack('>H', kind << 9 | length), range(1, 128), 511) + b'\0\0'
  yield 'dhcp4', items(some, t1l1, range(1, 255), 255) + bytes(some.randrange(4)) + b'\xff'
  inner = items(some, t2l2, [1, 2, 6, 7, 8, 13], 100)
  address = t2l2(5, 24 + len(inner)) + some.randbytes(24) + inner
  association = t2l2(3, 12 + len(address)) + some.randbytes(12) + address
  yield 'dhcp6', inner + association
  once = t2l2(9, 4 + len(association)) + b'\x01' + some.randbytes(3) + association
  yield 'dhcp6', t2l2(9, 34 + len(once)) + b'\x0c' + some.randbytes(33) + once
  attributes = items(some, t1l1_all, range(1, 256), 253)
  yield 'radius-attr', attributes
  yield 'radius', bytes([some.randrange(1, 256)]) + byte + struct.pack('>H', 20 + len(attributes)) + some16 + attributes
  for name in ('tcp-options', 'ip-options'):
    yield name, items(some, t1l1_all, range(2, 256), 36) + b'\1' * some.randrange(3) + b'\0'
  yield 'ip6-options', items(some, t1l1, range(1, 256), 255) + bytes(some.randrange(3))
  value = short(some, 500)
  yield 'eap', bytes([some.randrange(1, 5)]) + byte + struct.pack('>H', 4 + len(value)) + value
  options = items(some, t1l1_all, range(1, 9), 50)
  yield 'lcp', bytes([some.randrange(1, 5)]) + byte + struct.pack('>H', 4 + len(options)) + options
  yield 'wifi', items(some, t1l1, range(256), 255)
  parameters = padded(some, lambda kind, length: struct.pack('>HH', kind, 4 + length), [5, 6, 7, 12, 0x8000], 60)
  yield 'sctp', (b'\1' + byte + struct.pack('>H', 20 + len(parameters)) + some16 + parameters +
                 padded(some, lambda kind, length: bytes([kind]) + byte + struct.pack('>H', 4 + length), [0, 3, 10], 300))
  capabilities = items(some, t1l1, range(1, 100), 20, 4)
  optional = t1l1(2, len(capabilities)) + capabilities
  body = b'\4' + some.randbytes(8) + bytes([len(optional)]) + optional
  yield 'bgp', b'\xff' * 16 + struct.pack('>HB', 19 + len(body), 1) + body
  short_one, long_one = some.randbytes(some.randrange(256)), some.randbytes(some.randrange(256, 600))
  attributes = (bytes([0x40 | some.randrange(16), 1, len(short_one)]) + short_one +
                bytes([0x50 | some.randrange(16), 2]) + struct.pack('>H', len(long_one)) + long_one)
  for routes in (b'', some.randbytes(some.randrange(1, 20))):
    withdrawn = some.randbytes(some.randrange(10))
    body = struct.pack('>H', len(withdrawn)) + withdrawn + struct.pack('>H', len(attributes)) + attributes + routes
    yield 'bgp', b'\xff' * 16 + struct.pack('>HB', 19 + len(body), 2) + body
  kinds, chain = [some.randrange(34, 45) for _ in range(some.randrange(1, 6))], b''
  for following in kinds[1:] + [0]:
    value = short(some, 300)
    chain += bytes([following]) + some.randbytes(1) + struct.pack('>H', 4 + len(value)) + value
  yield 'ike', some16 + bytes([kinds[0], 0x20, 34]) + byte + some.randbytes(4) + struct.pack('>I', 28 + len(chain)) + chain
  extensions = items(some, t2l2, range(60), 300)
  hello = (b'\3\3' + some.randbytes(32) + t1l1(0, 8)[1:] + some.randbytes(8) + struct.pack('>H', 4) + some.randbytes(4) + b'\1\0' +
           struct.pack('>H', len(extensions)) + extensions)
  shake = b'\1' + struct.pack('>I', len(hello))[1:] + hello
  yield 'tls', b'\x16\3\1' + struct.pack('>H', len(shake)) + shake + b'\x17\3\3' + struct.pack('>H', len(value)) + value
  value = some.randbytes(some.choice([0, 1, 127, 128, 300, 16383, 16384]))
  length, digits = len(value), b''
  while length > 127:
    digits, length = digits + bytes([length & 127 | 128]), length >> 7
  yield 'mqtt', bytes([some.randrange(16, 256)]) + digits + bytes([length]) + value
  yield 'coap', coap_options(some)
  value = short(some, 300)
  yield 'http2', struct.pack('>I', len(value))[1:] + some.randbytes(6) + value


def coap_options(some):
  """Options in rising order, then the mark before a payload."""
  out = b''
  for _ in range(some.randrange(8)):
    head, more = 0, b''
    delta, value = some.choice([0, 1, 12, 13, 268, 269, 5000]), some.randbytes(some.choice([0, 5, 12, 13, 268, 269, 700]))
    for number in (delta, len(value)):
      nibble = number if number < 13 else 13 if number < 269 else 14
      head = head << 4 | nibble
      more += b'' if nibble < 13 else bytes([number - 13]) if nibble == 13 else struct.pack('>H', number - 269)
    out += bytes([head]) + more + value
  return out + b'\xff'


def notes(some):
  out = b''
  for _ in range(some.randrange(1, 9)):
    name, value = some.randbytes(some.randrange(12)), some.randbytes(some.randrange(60))
    out += struct.pack('=III', len(name), len(value), some.randrange(2**32)) + pad4(name) + pad4(value)
  return out


def inputs():
  yield from (('der', data) for data in certificates())
  yield 'netlink', kernel()
  some = chance('round trip')
  for i in range(40):
    yield from vector(some)
    yield 'png', make_png(some)[8:]
    yield 'riff', riff_chunk(b'RIFF', b'WAVE' + make_list(some) + riff_chunk(b'data', some.randbytes(some.randrange(50))))
    yield 'pcapng', make_pcapng(some, 3)[0]
    yield 'protobuf', make_message(some, [], groups=False)
    yield 'elf-note', notes(some)
  for text, elements in VECTORS:
    yield 'bt-ad', bytes.fromhex(text)


def main():
  lines, wanted = [], {}
  for dialect, data in inputs():
    lines.append(f'{dialect} {data.hex()}\n')
    wanted[dialect] = wanted.get(dialect, 0) + 1
  done = subprocess.run([ROUND_TRIP], input=''.join(lines), capture_output=True, text=True)
  if done.returncode != 0:
    fail(f'seed {SEED}: exit {done.returncode}\n{done.stdout}{done.stderr}')
  print(done.stdout, end='')
  told = {match.group(1): [int(word) for word in match.groups()[1:]] for match in map(COUNTS.match, done.stdout.splitlines()) if match}
  for dialect, count in wanted.items():
    check(dialect in told and told[dialect][0] >= count and told[dialect][1] > 0 and told[dialect][2] > 0, f'{dialect}: not all came back')
  print(f'{len(lines)} inputs, {sum(row[1] for row in told.values())} items, {sum(row[2] for row in told.values())} bytes the same')


main()
