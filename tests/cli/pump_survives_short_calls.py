#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads and writes that take 1 to 7 bytes at a time, and waits that end for no reason, leave no trace in what `leat pump` carries."""
import os

from ends import KINDS, LISTENERS, carry, new_path, shim
from leatcli import check, frames, slurp, summary

pieces = frames(60)
data = b''.join(pieces)
cutter, interrupter = shim('cut_calls'), shim('interrupt_waits')


def survives(source, target, preload):
  done = carry(data, source, target, preload=preload, seconds=20)
  check(done.code == 0 and len(done.stderr.splitlines()) == 1, f'{done.what}: exit {done.code}: {done.stderr}')
  told = summary(done.stderr)
  check(told['frames_in'] == told['frames_out'] == len(pieces) and told['bytes_out'] == len(data), f'{done.what}: {told}')
  check(done.got == data, f'{done.what}: the output differs: {len(done.got)} bytes of {len(data)}')


for kind in KINDS + LISTENERS:
  survives(kind, 'file', cutter)
  survives('file', kind, cutter)
for kind in KINDS:
  survives(kind, kind, cutter)

# The command waits on a futex where it stops an input that goes on, and is not as quick: not every time.
os.environ['COUNT_OUT'] = counted = new_path('count')
interrupted = 0
for source in ('tcp', 'pipe', 'fifo') * 50:
  if interrupted >= 10:
    break
  done = carry(data, source, 'file', '--limit', '9', preload=interrupter, seconds=20, slowly=0.005)
  check(done.code == 0 and done.got == b''.join(pieces[:9]), f'{done.what}, --limit: exit {done.code}: {done.stderr}')
  interrupted += int(slurp(counted))
check(interrupted > 0, 'no wait was interrupted')
print(f'{len(data)} bytes, {2 * len(KINDS + LISTENERS) + len(KINDS)} ways, {interrupted} waits interrupted')
