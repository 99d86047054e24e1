#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv png` lists the chunks that a reader lists which checks each chunk's CRC: of images made here, and of the machine's own."""
import zlib

from formats import SIGNATURE, chance, dumped, found, make_png, read_png, same
from leatcli import check, slurp

some, items, images = chance('png'), 0, 40
for i in range(images):
  data = make_png(some)
  got = dumped('png', data[8:], f'image {i}')
  items += same(f'image {i}', got, read_png(data[8:]))
  rows = zlib.decompress(b''.join(value for *_, kind, value in got if kind == int.from_bytes(b'IDAT', 'big')))
  width, height = (int.from_bytes(got[0][5][n:n + 4], 'big') for n in (0, 4))
  check(len(rows) == (width + 1) * height, f'image {i}: what its chunks hold is not its rows')

theirs = [path for path in found('.png', 60, '/usr/share/pixmaps', '/usr/share/icons', '/usr/share/doc') if slurp(path).startswith(SIGNATURE)]
for path in theirs:
  data = slurp(path)
  items += same(path, dumped('png', data[8:], path), read_png(data[8:]))
check(items > 0, 'nothing was compared')
print(f'{images} images made here, {len(theirs)} of this machine, {items} chunks equal')
