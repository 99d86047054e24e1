#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv riff` lists the chunks that are there: in WAV files that python's wave module writes and reads, with lists put in, and in
those of this machine."""
import io
import struct
import wave

from formats import chance, dumped, found, make_list, read_riff, riff_chunk, same
from leatcli import check, slurp

some, items, sounds = chance('riff'), 0, 60


def number(letters):
  return int.from_bytes(letters, 'big')


def as_wave_reads(what, data, got):
  """The wave module finds the same format and the same samples where leat does."""
  with wave.open(io.BytesIO(data)) as file:
    said = (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.readframes(file.getnframes()))
  fmt = next(value for *_, kind, value in got if kind == number(b'fmt '))
  samples = next(value for *_, kind, value in got if kind == number(b'data'))
  channels, rate, _, block = struct.unpack('<HIIH', fmt[2:14])
  check((channels, rate, block // channels, samples[:len(said[3])]) == said, f'{what}: the wave module reads something else')


for i in range(sounds):
  made = io.BytesIO()
  with wave.open(made, 'wb') as file:
    file.setnchannels(some.randrange(1, 3))
    file.setsampwidth(some.randrange(1, 5))
    file.setframerate(some.randrange(1000, 96000))
    file.writeframes(some.randbytes(some.randrange(300)))
  data = made.getvalue()
  if len(data) % 2 == 1:
    data += b'\0'  # the module leaves out what the last chunk is padded with
  if i % 2 == 1:  # lists before the samples and behind them
    data = riff_chunk(b'RIFF', b'WAVE' + make_list(some) + data[12:] + make_list(some))
  got = dumped('riff', data, f'sound {i}')
  items += same(f'sound {i}', got, read_riff(data))
  as_wave_reads(f'sound {i}', data, got)

theirs = found(('.wav', '.webp'), 30, '/usr/share', '/usr/lib/python3')
for path in theirs:
  data = slurp(path)
  items += same(path, dumped('riff', data, path), read_riff(data))
check(items > 0, 'nothing was compared')
print(f'{sounds} sounds made here, {len(theirs)} files of this machine, {items} chunks equal')
