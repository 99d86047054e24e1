#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A date that jumps a day back and forth at every look changes no deadline: --seconds, a connect, the patience after a signal."""
import os
import signal
import subprocess
import sys
import time

from ends import KINDS, carry, environment, new_path, shim
from leatcli import LEAT, check, frames, run, spill, summary

jumper = shim('jump_clock')
pieces = frames(300)
data = b''.join(pieces)

# The shim does what it says.
script = 'import time; print(*(time.time() for _ in range(6)), *(time.monotonic() for _ in range(6)))'
shown = subprocess.run([sys.executable, '-c', script], env=environment(jumper), check=True, capture_output=True).stdout
looks = list(map(float, shown.split()))
check(max(looks[:6]) - min(looks[:6]) > 86400, f'the date does not jump: {looks}')
check(0 <= max(looks[6:]) - min(looks[6:]) < 10, f'the monotonic clock jumps: {looks}')


def in_time(what, seconds, told, begin):
  """The run took as long as it was to, seen from outside and by its own clock."""
  took = time.monotonic() - begin
  check(seconds <= took < seconds + 4, f'{what}: took {took} seconds, not {seconds}')
  check(seconds <= told['seconds'] < seconds + 3, f'{what}: {told}')


# A source that never ends, one that says nothing, and a listener whom nobody calls.
source = spill(new_path('in'), data)
quiet, kept = os.pipe()
for origin, more in ((source, ('--repeat', '100000000')), ('-', ()), ('tcp-listen://127.0.0.1:0', ())):
  begin = time.monotonic()
  done = run('pump', '--from', origin, '--to', 'null:', '--frame', 'der', '--seconds', '0.5', '--stats', 'json', *more, stdin=quiet,
             env=environment(jumper))
  check(done.returncode == 0, f'{origin}: exit {done.returncode}: {done.stderr}')
  told = summary(done.stderr)
  check(told['frames_in'] == told['frames_out'] and (told['frames_out'] > 0) == (origin == source), f'{origin}: {told}')
  in_time(origin, 0.5, told, begin)

# What waits for nothing but its peer, or connects within a limit of time.
for kind in KINDS:
  done = carry(data, kind, kind, preload=jumper, seconds=20, slowly=0.005)
  check(done.code == 0 and done.got == data and summary(done.stderr)['seconds'] < 5, f'{done.what}: exit {done.code}: {done.stderr}')

# A signal gives an output whom nobody reads five seconds.
reader, writer = os.pipe()
process = subprocess.Popen([LEAT, 'pump', '--from', source, '--to', '-', '--frame', 'der', '--repeat', '1000000', '--stats', 'json'],
                           stdout=writer, stderr=subprocess.PIPE, env=environment(jumper))
time.sleep(0.3)
process.send_signal(signal.SIGTERM)
begin = time.monotonic()
lines = process.communicate(timeout=20)[1].decode()
check(process.returncode == 3 and summary(lines)['in_flight'] > 0, f'patience: exit {process.returncode}: {lines}')
check(4 < time.monotonic() - begin < 9, f'patience of {time.monotonic() - begin} seconds')
print('every deadline kept')
