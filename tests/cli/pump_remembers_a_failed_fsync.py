#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --ack-after fsync`: an fdatasync that fails once has failed, for the system tells it once though the bytes are lost: the run ends by itself, with exit code 3
and one line, and asks no more."""
import os
import re
import subprocess
import time

from ends import environment, need_strace
from leatcli import LEAT, check, folder, slurp, summary

need_strace()
work = folder()
target, log = os.path.join(work, 'out'), os.path.join(work, 'log')


def pump(when, *more):
  """Exit code, lines before the summary, the summary, how many calls there were, and the seconds."""
  began = time.monotonic()
  inject = ['-e', f'inject=fdatasync:error=EIO:when={when}'] if when else []
  done = subprocess.run(['strace', '-f', '-qq', '-o', log, '-e', 'trace=fdatasync', *inject, LEAT, 'pump', '--from', 'gen:?rate=5000&size=32', '--to', target, '--frame', 't8l16',
                         '--ack-after', 'fsync', '--stats', 'json', *more], stderr=subprocess.PIPE, timeout=60, env=environment())
  said = done.stderr.decode()
  return done.returncode, said.splitlines()[:-1], summary(said), len(re.findall(rb'fdatasync\(', slurp(log))), time.monotonic() - began


code, lines, told, calls, _ = pump(None, '--seconds', '1')
check(code == 0 and lines == [] and calls > 3, f'without a fault: exit {code}, {calls} calls: {lines}')
for when in 1, 3:
  code, lines, told, calls, seconds = pump(when)
  check(code == 3 and lines == [f'leat: {target}: Input/output error'], f'call {when}: exit {code}: {lines}')
  check(calls == when, f'call {when}: {calls} calls, so the next one was believed')
  check(seconds < 30 and told['frames_in'] == told['frames_out'] > 0, f'call {when}: {seconds:.1f} s, {told}')
print('fdatasync')
