#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What comes over a serial line (a pair of pseudo-terminals that socat ties together) is what was sent, both ways; its end is an end."""
import atexit
import errno
import fcntl
import os
import struct
import subprocess
import time

from leatcli import SECONDS, check, folder, frames, need, slurp, spill, start, summary

need('socat')
work = folder()
data = b''.join(frames(3000))
source, target = spill(os.path.join(work, 'in'), data), os.path.join(work, 'out')
near, far = os.path.join(work, 'near'), os.path.join(work, 'far')


def lines():
  """Two terminals, each the other's line."""
  socat = subprocess.Popen(['socat', f'pty,raw,echo=0,link={near}', f'pty,raw,echo=0,link={far}'])
  atexit.register(socat.kill)
  since = time.monotonic()
  while not (os.path.exists(near) and os.path.exists(far)):
    check(time.monotonic() - since < SECONDS and socat.poll() is None, 'socat made no terminals')
    time.sleep(0.01)
  return socat


def begin(*arguments):
  process = start(*arguments)
  atexit.register(process.kill)
  return process


def settings(line):
  """Flags of input, output, control and terminal; speed. None: only root may ask while leat has it. stty(1) knows no such speeds."""
  try:
    fd = os.open(line, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
  except OSError as error:
    check(error.errno == errno.EBUSY, f'{line}: {error}')
    return None
  try:
    told = struct.unpack('4I20x2I', fcntl.ioctl(fd, 0x802c542a, bytes(44)))  # TCGETS2
  finally:
    os.close(fd)
  return told[:4] + told[5:]


def wait_for(what, holds):
  since = time.monotonic()
  while not holds():
    check(time.monotonic() - since < SECONDS / 2, f'{what}: not in {SECONDS / 2} s')
    time.sleep(0.01)


def wait_for_speed(line, speed):
  wait_for(f'{speed} baud', lambda: (settings(line) or [speed])[-1] == speed)


# From a line that socat, holding the other end, closes at last.
socat = lines()
reader = begin('pump', '--from', f'serial:{near}?baud=123457&stop=2', '--to', target, '--frame', 'der', '--stats', 'json')
wait_for_speed(near, 123457)
CSTOPB = 0o100
check(settings(near) is None or settings(near)[2] & CSTOPB, 'from a line: not two stop bits')
with open(source, 'rb') as file, open(far, 'wb', buffering=0) as line:
  subprocess.run(['cat'], stdin=file, stdout=line, check=True, timeout=SECONDS)
wait_for('all bytes', lambda: os.path.exists(target) and os.stat(target).st_size == len(data))
socat.terminate()
socat.wait(SECONDS)
rest = reader.stderr.read().decode()
check(reader.wait(SECONDS) == 0, f'from a line: exit {reader.returncode}: {rest}')
check(summary(rest)['bytes_in'] == len(data), f'from a line: {rest}')
check(slurp(target) == data, 'from a line: the output differs')
os.unlink(target)

# To a line, which has its old settings afterwards; one leat at each end.
socat = lines()
before = settings(near)
reader = begin('pump', '--from', f'serial:{far}?baud=9601', '--to', target, '--frame', 'der', '--stats', 'json', '--limit', '3000')
wait_for_speed(far, 9601)
writer = begin('pump', '--from', source, '--to', f'serial:{near}?baud=9601', '--frame', 'der', '--stats', 'json')
rest = writer.stderr.read().decode()
check(writer.wait(SECONDS) == 0, f'to a line: exit {writer.returncode}: {rest}')
check(summary(rest)['bytes_out'] == len(data), f'to a line: {rest}')
rest = reader.stderr.read().decode()
check(reader.wait(SECONDS) == 0, f'to a line: exit {reader.returncode}: {rest}')
check(slurp(target) == data, 'to a line: the output differs')
check(settings(near) == before, f'to a line: settings are not put back: {settings(near)}, not {before}')
socat.terminate()
socat.wait(SECONDS)
print(f'{len(data)} bytes over a line, twice')
