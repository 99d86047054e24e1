# SPDX-License-Identifier: MIT
"""What the tests of the command share: where it is, how it is run, what its summary must satisfy.

Each test is a script of its own: LEAT=build/leat tests/cli/NAME.py. Exit code 0: the fact holds; 77: a tool that it needs is not
there; anything else: it does not hold, and the last lines say where.
"""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from checks import check, fail, need

LEAT = os.environ.get('LEAT') or os.path.join(os.path.dirname(__file__), '..', '..', 'build', 'leat')
HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 60 * int(os.environ.get('LEAT_TEST_PATIENCE', '1'))  # no run of the command may take longer
KEYS = ['frames_in', 'frames_out', 'bytes_in', 'bytes_out', 'in_flight', 'dropped', 'malformed', 'seconds', 'frames_per_s', 'bytes_per_s',
        'allocations_after_warmup', 'pool', 'pipe', 'ring']
PARTS = {'pool': ['block_size', 'live', 'cached', 'peak', 'slabs', 'bytes'], 'pipe': ['peak_items'], 'ring': ['size', 'peak_bytes']}


def folder():
  """A folder that is gone when the script ends."""
  made = tempfile.TemporaryDirectory(prefix='leat-')
  folder.kept.append(made)
  return made.name


folder.kept = []


def run(*arguments, **keywords):
  """Runs leat with the arguments; stdout as bytes, stderr as text."""
  done = subprocess.run([LEAT, *map(str, arguments)], capture_output=True, timeout=SECONDS, **keywords)
  done.stderr = done.stderr.decode()
  return done


def start(*arguments, **keywords):
  """Starts leat; the caller reads its stderr."""
  return subprocess.Popen([LEAT, *map(str, arguments)], stderr=subprocess.PIPE, **keywords)


def announced(process):
  """The address to connect to, tcp://HOST:PORT or unix:PATH, of a leat that listens."""
  line = process.stderr.readline().decode()
  check(line.startswith('leat: listening on '), f'no announcement, but: {line!r}')
  scheme, rest = line[len('leat: listening on '):].strip().split(':', 1)
  return scheme.removesuffix('-listen') + ':' + rest


def summary(stderr):
  """The JSON summary: the last line, one object with every key, and a ledger that balances."""
  lines = stderr.strip().splitlines()
  check(lines, 'stderr is empty, a summary was expected')
  try:
    told = json.loads(lines[-1])
  except ValueError:
    fail(f'the last line is no JSON: {lines[-1]!r}')
  for key in KEYS:
    check(key in told, f'the summary has no {key}: {told}')
  for part, keys in PARTS.items():
    for key in keys:
      check(key in told[part], f'the summary has no {part}.{key}: {told}')
  check(told['frames_in'] == told['frames_out'] + told['in_flight'] + told['dropped'] + told['filtered'], f'the ledger does not balance: {told}')
  check(told['in_flight'] >= 0 and told['dropped'] == 0, f'the ledger has lost something: {told}')
  return told


def der(tag, value):
  """One DER item."""
  length = len(value)
  if length < 128:
    return bytes([tag, length]) + value
  size = (length.bit_length() + 7) // 8
  return bytes([tag, 0x80 | size]) + length.to_bytes(size, 'big') + value


def frames(count, seed=1):
  """That many DER frames of many sizes, inline to chain; the same for the same seed."""
  out, state = [], seed
  for i in range(count):
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    kind, size = state >> 60, state >> 33
    size = size % 40 if kind < 8 else size % 2000 if kind < 15 else size % 9000
    out.append(der(0x30, der(0x04, bytes([i & 0xff]) * size)))
  return out


def certificates(path):
  """Every certificate of the system store as DER, one after the other; returns how many."""
  need('openssl')
  names = sorted(glob.glob('/etc/ssl/certs/*.pem'))
  check(names, 'no certificates under /etc/ssl/certs')
  with open(path, 'wb') as out:
    for name in names:
      out.write(subprocess.run(['openssl', 'x509', '-in', name, '-outform', 'DER'], check=True, capture_output=True).stdout)
  return len(names)


def same_repeated(source, times, target):
  """True where the target is the source, `times` times over."""
  piece = open(source, 'rb').read()
  with open(target, 'rb') as out:
    for _ in range(times):
      if out.read(len(piece)) != piece:
        return False
    return out.read(1) == b''


def slurp(path):
  with open(path, 'rb') as file:
    return file.read()


def spill(path, data):
  with open(path, 'wb') as file:
    file.write(data)
  return path


def batch_frames(data, at):
  """The frames of the batch that begins there (doc/protocol.md), its first one's number, and where it ends; None: there is none."""
  if len(data) < at + 16:
    return None
  mark, flags, kind, length = struct.unpack_from('>BBHI', data, at)
  if mark != 0xa7 or kind != 0xff03:
    return None
  value, end, found, place = data[at + 16:at + 16 + length], at + 16 + length, [], 12
  first, count = struct.unpack_from('>QI', value)
  while place < len(value):
    item, size = struct.unpack_from('>HI', value, place)
    if item == 1:
      found.append(value[place + 6:place + 6 + size])
    place += 6 + size
  check(place == len(value) and len(found) == count, f'a batch of {len(found)} frames, which says {count}')
  return found, first, end


def unbatched(data):
  """The frames of batches that lie one behind the other, joined; and how many batches they were. Their numbers go on from 0."""
  at, number, joined, batches = 0, 0, [], 0
  while at < len(data):
    one = batch_frames(data, at)
    check(one is not None, f'no batch at {at}: {data[at:at + 16].hex()}')
    found, first, at = one
    check(first == number, f'batch {batches} begins with {first}, not {number}')
    joined += found
    number += len(found)
    batches += 1
  return b''.join(joined), batches


def message_bytes(data):
  """A message's frames, joined, be it a batch or not."""
  one = batch_frames(data, 0)
  return data if one is None else b''.join(one[0])
