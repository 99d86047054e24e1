#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --follow` shows frames as they are written, a frame that comes in pieces too, and ends when the file is removed."""
import atexit
import os
import subprocess

from leatcli import LEAT, SECONDS, check, folder, run, spill

work = folder()
name = os.path.join(work, 'a 50% file?')  # what a path may have and an endpoint may not
frame = lambda i: bytes([7, 0, 2, i >> 8, i & 255])
path = spill(name, frame(0))
told = subprocess.Popen([LEAT, 'dump', '--tlv', 't8l16', '--json', '--follow', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
atexit.register(told.kill)
os.set_blocking(told.stdout.fileno(), True)


def line(i):
  got = told.stdout.readline().decode()
  check(f'"offset":{5 * i},' in got and f'"value":"{i:04x}"' in got, f'item {i}: {got!r}')


line(0)
with open(path, 'ab', buffering=0) as out:
  for i in range(1, 50):
    out.write(frame(i)[:i % 5])
    out.write(frame(i)[i % 5:])
    line(i)
  os.unlink(path)
check(told.wait(timeout=SECONDS) == 0 and told.stdout.read() == b'', 'not at its end when the file was removed')

for arguments, words in ((['-'], '- is no file'), (['tcp://127.0.0.1:1'], 'is no file'), ([spill(os.path.join(work, 'x'), b''), 'y'], 'one input is wanted')):
  done = run('dump', '--tlv', 't8l16', '--follow', *arguments, input=b'')
  check(done.returncode == 1 and words in done.stderr, f'{arguments}: exit {done.returncode}: {done.stderr}')
path = spill(os.path.join(work, 'cut'), frame(1) + frame(2))
told = subprocess.Popen([LEAT, 'dump', '--tlv', 't8l16', '--follow', f'file:{path}'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
atexit.register(told.kill)
told.stdout.readline(), told.stdout.readline()
os.truncate(path, 3)
check(told.wait(timeout=SECONDS) == 3, 'a file that was cut is no error')
