#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--progress writes a live line to a terminal and erases it; where stderr is no terminal it writes nothing. The summary's forms."""
import os
import pty
import subprocess

from leatcli import LEAT, check, folder, frames, run, spill, summary

work = folder()
source = spill(os.path.join(work, 'in'), b''.join(frames(100)))
flow = ['pump', '--from', source, '--to', 'null:', '--frame', 'der', '--repeat', '100000000', '--seconds', '0.9', '--progress']

done = run(*flow, '--stats', 'none')
check(done.returncode == 0 and done.stderr == '' and done.stdout == b'', f'no terminal: {done}')

controller, terminal = pty.openpty()
process = subprocess.Popen([LEAT, *flow, '--stats', 'none'], stderr=terminal)
os.close(terminal)
told = b''
while True:
  try:
    told += os.read(controller, 4096)
  except OSError:
    break
check(process.wait() == 0, f'on a terminal: exit {process.returncode}: {told}')
lines = told.split(b'\r')
check(3 <= len(lines) <= 12, f'not a line every 200 ms: {lines}')
for word in (b'frames', b'ring', b'pipe', b'/s'):
  check(word in lines[1], f'no {word} in {lines[1]}')
check(all(len(line) < 100 for line in lines), 'the line is too long for a terminal')
check(lines[-1] == b'\033[K' and b'\n' not in told, f'the line is not erased: {lines[-1]}')

text = run('pump', '--from', source, '--to', 'null:', '--tlv', 'der').stderr
for word in ('device', 'ring', 'tlv', 'pool', 'pipe', 'out', 'ledger', 'memory', '100 in = 100 out'):
  check(word in text, f'the summary in text has no {word}: {text}')
told = run('pump', '--from', source, '--to', 'null:', '--tlv', 'der', '--stats', 'json').stderr
check(summary(told)['frames_out'] == 100 and told.count('\n') == 1, f'not one line of JSON: {told}')
print('live on a terminal, silent elsewhere')
