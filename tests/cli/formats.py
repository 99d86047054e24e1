# SPDX-License-Identifier: MIT
"""File formats: what the tests make by chance, and small readers that were written from the formats alone and know nothing of leat.

A reader gives what `leat dump --json` must list: (offset, depth, header, length, type, value), the value None where items are inside, the
length None where an end mark tells it.
"""
import json
import os
import random
import struct
import zlib

from leatcli import check, fail, run

SEED = int(os.environ.get('LEAT_TEST_SEED', '1'))


def chance(name):
  """Numbers by chance, the same for the same seed; a failure prints the seed."""
  return random.Random(f'{name} {SEED}')


def dumped(dialect, data, what):
  """What leat lists of the bytes."""
  done = run('dump', '--json', '--max-frame', '64MiB', '--tlv', dialect, '-', input=data)
  check(done.returncode == 0 and done.stderr == '', f'{what} (seed {SEED}): exit {done.returncode}: {done.stderr}')
  items = [json.loads(line) for line in done.stdout.splitlines()]
  return [(i['offset'], i['depth'], i['header'], i['length'], i['type'], bytes.fromhex(i['value']) if 'value' in i else None) for i in items]


def same(what, got, wanted):
  """Both list the same items; returns how many."""
  if got != wanted:
    at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), min(len(got), len(wanted)))
    fail(f'{what} (seed {SEED}): item {at}: leat {got[at:at + 1]}, the other {wanted[at:at + 1]}; {len(got)} and {len(wanted)} items')
  return len(got)


def found(extensions, most, *roots):
  """Files of such names on this machine, up to so many, none over 2 MiB."""
  paths = []
  for root in roots:
    for folder, folders, names in os.walk(root):
      folders.sort()
      for name in sorted(names):
        path = os.path.join(folder, name)
        if name.lower().endswith(extensions) and os.path.isfile(path) and os.path.getsize(path) < 2**21:
          paths.append(path)
          if len(paths) == most:
            return paths
  return paths


# PNG: an 8-byte signature, then chunks.

SIGNATURE = b'\x89PNG\r\n\x1a\n'


def png_chunk(name, value):
  return struct.pack('>I', len(value)) + name + value + struct.pack('>I', zlib.crc32(name + value))


def make_png(some):
  """An image of one colour type, its rows deflated and cut into pieces, with text and palette around them."""
  width, height = some.randrange(1, 60), some.randrange(1, 60)
  rows = b''.join(b'\0' + some.randbytes(width) for _ in range(height))
  packed, pieces = zlib.compress(rows, some.randrange(10)), []
  while packed:
    cut = some.choice([1, 7, 100, 5000, len(packed)])
    pieces.append(packed[:cut])
    packed = packed[cut:]
    if some.random() < 0.1:
      pieces.append(b'')  # a chunk may be empty
  chunks = [(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 3, 0, 0, 0)), (b'PLTE', some.randbytes(3 * some.randrange(1, 257)))]
  if some.random() < 0.5:
    chunks.append((b'tEXt', b'Comment\0' + some.randbytes(some.randrange(300)).hex().encode()))
  chunks += [(b'IDAT', piece) for piece in pieces] + [(b'IEND', b'')]
  return SIGNATURE + b''.join(png_chunk(*chunk) for chunk in chunks)


def read_png(data):
  """The chunks of what stands behind the signature; their checksums must be right."""
  items, at = [], 0
  while True:
    length, name = struct.unpack('>I4s', data[at:at + 8])
    value, crc = data[at + 8:at + 8 + length], struct.unpack('>I', data[at + 8 + length:at + 12 + length])[0]
    check(len(value) == length and zlib.crc32(name + value) == crc, f'chunk {name} at {at}: its checksum is wrong')
    items.append((at, 0, 8, length, int.from_bytes(name, 'big'), value))
    at += 12 + length
    if name == b'IEND':
      return items


# RIFF: chunks padded to 2; RIFF and LIST hold chunks behind a name of 4 letters.


def riff_chunk(name, value):
  return name + struct.pack('<I', len(value)) + value + b'\0' * (len(value) % 2)


def make_list(some):
  """A LIST of texts, of odd and even lengths, with a LIST inside at times."""
  inside = b''.join(riff_chunk(some.choice([b'INAM', b'IART', b'ICMT']), some.randbytes(some.randrange(12))) for _ in range(some.randrange(6)))
  if some.random() < 0.3:
    inside += riff_chunk(b'LIST', b'more' + riff_chunk(b'abcd', some.randbytes(some.randrange(5))))
  return riff_chunk(b'LIST', b'INFO' + inside)


def read_riff(data, start=0, end=None, depth=0):
  items, at, end = [], start, len(data) if end is None else end
  while at + 8 <= end:
    name, length = data[at:at + 4], struct.unpack('<I', data[at + 4:at + 8])[0]
    check(length <= end - at - 8, f'chunk {name} at {at} runs past the end')
    if name in (b'RIFF', b'LIST') and length >= 4:
      items.append((at, depth, 8, length, int.from_bytes(name, 'big'), None))
      items += read_riff(data, at + 12, at + 8 + length, depth + 1)
    else:
      items.append((at, depth, 8, length, int.from_bytes(name, 'big'), data[at + 8:at + 8 + length]))
    at += 8 + length + length % 2
  return items


# pcapng: blocks with their length at both ends; the options of a section, an interface and its statistics are items, too.

FIXED = {0x0a0d0d0a: 16, 1: 8, 5: 12}  # of those blocks, before their options


def pad4(data):
  return data + b'\0' * (-len(data) % 4)


def pcapng_block(kind, body):
  whole = 12 + len(pad4(body))
  return struct.pack('=II', kind, whole) + pad4(body) + struct.pack('=I', whole)


def pcapng_option(code, value):
  return struct.pack('=HH', code, len(value)) + pad4(value)


def some_options(some):
  """Comments and numbers that nobody knows, with the end mark, without any option at times."""
  if some.random() < 0.2:
    return b''
  options = [(some.choice([1, 2988, 0x8abc]), some.randbytes(some.randrange(40)).hex().encode()[:some.randrange(80)]) for _ in range(some.randrange(5))]
  return b''.join(pcapng_option(*option) for option in options) + pcapng_option(0, b'')


def make_pcapng(some, packets):
  """Sections of Ethernet frames. Returns the file, and the frames in their order."""
  out, frames = b'', []
  for _ in range(some.randrange(1, 3)):
    out += pcapng_block(0x0a0d0d0a, struct.pack('=IHHq', 0x1a2b3c4d, 1, 0, -1) + some_options(some))
    out += pcapng_block(1, struct.pack('=HHI', 1, 0, 0) + some_options(some))
    for i in range(packets):
      frame = some.randbytes(some.randrange(14, 200))
      frames.append(frame)
      out += pcapng_block(6, struct.pack('=IIIII', 0, 0, i, len(frame), len(frame)) + pad4(frame) + some_options(some))
      if some.random() < 0.2:
        out += pcapng_block(0x40000000 + some.randrange(1000), some.randbytes(some.randrange(50)))
    out += pcapng_block(5, struct.pack('=III', 0, 0, packets) + some_options(some))
  return out, frames


def read_pcapng(data):
  items, at = [], 0
  while at < len(data):
    kind, whole = struct.unpack('=II', data[at:at + 8])
    check(whole % 4 == 0 and data[at + whole - 4:at + whole] == data[at + 4:at + 8], f'block at {at}: its two lengths differ')
    body, fixed = data[at + 8:at + whole - 4], FIXED.get(kind)
    items.append((at, 0, 8, whole - 12, kind, body if fixed is None else None))
    spot = at + 8 + fixed if fixed is not None else at + whole
    while spot + 4 <= at + whole - 4:
      code, length = struct.unpack('=HH', data[spot:spot + 4])
      items.append((spot, 1, 4, length, code, data[spot + 4:spot + 4 + length]))
      spot += 4 + length + -length % 4
      if code == 0:
        break
    at += whole
  return items


def pcapng_frames(data):
  """The bytes of each packet, as leat lists its block."""
  frames = []
  for _, _, _, _, kind, value in dumped('pcapng', data, 'pcapng'):
    if kind == 6:
      length = struct.unpack('=I', value[12:16])[0]
      frames.append(value[20:20 + length])
  return frames


# protobuf: written by chance; the writer knows what it wrote.


def varint(number):
  out = b''
  while number > 0x7f:
    out += bytes([number & 0x7f | 0x80])
    number >>= 7
  return out + bytes([number])


def make_message(some, items, at=0, depth=0, groups=True):
  """A message; what it is made of is added to items."""
  out = b''
  for _ in range(some.randrange(1, 7)):
    number = some.choice([1, 2, 15, 16, 2047, 2048, some.randrange(1, 2**29)])
    wire = some.choice([0, 1, 2, 2, 5] + ([3] if groups and depth < 5 else []))
    key, start = varint(number << 3 | wire), at + len(out)
    if wire == 3:
      items.append((start, depth, len(key), None, number, None))
      inside = make_message(some, items, start + len(key), depth + 1, groups)
      end = varint(number << 3 | 4)
      items.append((start + len(key) + len(inside), depth + 1, len(end), 0, number, b''))
      out += key + inside + end
      continue
    if wire == 0:
      value = varint(some.choice([0, 1, 127, 128, some.randrange(2**32), some.randrange(2**64)]))
    elif wire != 2:
      value = some.randbytes(8 if wire == 1 else 4)
    elif depth < 5 and some.random() < 0.4:
      value = make_message(some, [], 0, depth + 1, groups)  # to the engine it is bytes
    else:
      value = some.randbytes(some.choice([0, 1, some.randrange(300)]))
    head = key + (varint(len(value)) if wire == 2 else b'')
    items.append((start, depth, len(head), len(value), number, value))
    out += head + value
  return out
