#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv pcapng` lists the blocks and options that a reader lists, and its packets are those that tcpdump shows."""
import os
import re
import subprocess

from formats import chance, dumped, make_pcapng, pcapng_frames, read_pcapng, same
from leatcli import check, folder, need, spill

need('tcpdump')
some, work, items, packets, files = chance('pcapng'), folder(), 0, 0, 20


def as_tcpdump_shows(path):
  """The bytes of each packet."""
  done = subprocess.run(['tcpdump', '-nn', '-t', '-xx', '-r', path], check=True, capture_output=True, text=True)
  shown = []
  for line in done.stdout.splitlines():
    row = re.match(r'\t0x([0-9a-f]{4}):  ([0-9a-f ]+)$', line)
    if row and row.group(1) == '0000':
      shown.append(b'')
    if row:
      shown[-1] += bytes.fromhex(row.group(2).replace(' ', ''))
  return shown


for i in range(files):
  data, frames = make_pcapng(some, some.randrange(1, 12))
  items += same(f'file {i}', dumped('pcapng', data, f'file {i}'), read_pcapng(data))
  shown = as_tcpdump_shows(spill(os.path.join(work, f'{i}.pcapng'), data))
  check(shown == frames, f'file {i}: tcpdump shows other packets than were written')
  check(pcapng_frames(data) == shown, f'file {i}: leat finds other packets than tcpdump')
  packets += len(shown)
check(items > 0 and packets > 0, 'nothing was compared')
print(f'{files} files, {items} blocks and options equal, {packets} packets equal to those of tcpdump')
