#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs of doc/cookbook.md, as they stand there, compile without a warning and do what they say: tests/cookbook_test.py BUILD"""
import concurrent.futures
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from checks import check

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
BUILD = os.path.abspath(sys.argv[1])
SECONDS = 60
work = tempfile.TemporaryDirectory(prefix='leat-')
skipped = []


def programs():
  """(title, suffix, text) of each, in order."""
  with open(os.path.join(ROOT, 'doc', 'cookbook.md')) as file:
    page = file.read()
  found = re.findall(r'^## (\d+)\. (.*?)$.*?^```(c|cpp)\n(.*?)^```$', page, re.M | re.S)
  check([int(number) for number, *_ in found] == list(range(1, 11)), f'ten recipes are wanted, there are {[f[0] for f in found]}')
  return found


def build(recipe):
  number, title, suffix, text = recipe
  if '<uv.h>' in text and subprocess.run(['pkg-config', '--exists', 'libuv']).returncode != 0:
    return None
  source, program = os.path.join(work.name, f'{number}.{suffix}'), os.path.join(work.name, f'recipe-{number}')
  with open(source, 'w') as file:
    file.write(text)
  compiler = [os.environ.get('CC', 'cc'), '-std=c11', '-Wconversion'] if suffix == 'c' else [os.environ.get('CXX', 'c++'), '-std=c++20']
  done = subprocess.run([*compiler, '-O1', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror', '-I', os.path.join(ROOT, 'include'), source,
                         '-o', program, '-L', BUILD, '-lleat', '-lpthread', *(['-luv'] if '<uv.h>' in text else [])],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
  check(done.returncode == 0, f'recipe {number} ({title}) does not compile:\n{done.stdout}')
  return program


def prints(program, *wanted):
  """The program ends by itself, with 0; each of the texts is a line that it prints."""
  done = subprocess.run([program], capture_output=True, text=True, timeout=SECONDS)
  lines = done.stdout.splitlines()
  check(done.returncode == 0, f'{program}: exit {done.returncode}: {done.stderr}')
  for text in wanted:
    check(text in lines, f'{program}: no line {text!r} in {lines[-5:]}')


def until(what, holds):
  since = time.monotonic()
  while not holds():
    check(time.monotonic() - since < SECONDS, f'{what}: not in {SECONDS} s')
    time.sleep(0.02)


def serial(program):
  if not shutil.which('socat'):
    return skipped.append('1 (no socat)')
  far, near, out = (os.path.join(work.name, name) for name in ('far', 'near', 'meter.log'))
  socat = subprocess.Popen(['socat', f'pty,raw,echo=0,link={near}', f'pty,raw,echo=0,link={far}'])
  try:
    until('two terminals', lambda: os.path.exists(near) and os.path.exists(far))
    with open(far, 'wb', buffering=0) as line:
      told = subprocess.Popen([program, f'serial:{near}?baud=115200', out], stderr=subprocess.DEVNULL)
      until('the file', lambda: os.path.exists(out))
      lines = b''.join(b'meter %d\n' % i for i in range(500))
      # What is written before the terminal is set raw may be echoed or flushed away; the file is opened after that.
      line.write(lines + b'half a li')
      until('500 lines', lambda: os.path.getsize(out) >= len(lines))
    socat.terminate() # the line is gone, and with it the half
    told.wait(timeout=SECONDS)
  finally:
    socat.kill()
  with open(out, 'rb') as file:
    check(file.read().startswith(lines), 'the file does not hold the lines that were sent')
  return None


def reads(command, ready, act, wanted):
  """A program that goes on for ever prints `wanted` lines after act(), which is done again until it does."""
  out = os.path.join(work.name, 'out')
  with open(out, 'w') as file:
    process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)

  def lines():
    with open(out) as file:
      return file.read().splitlines()

  try:
    since = time.monotonic()
    while not all(any(re.fullmatch(one, line) for line in lines()) for one in wanted):
      check(process.poll() is None, f'{command}: ended: {lines()}')
      check(time.monotonic() - since < SECONDS, f'{command}: no {wanted} in {lines()}')
      if ready(lines()):
        act()
      time.sleep(0.1)
  finally:
    process.send_signal(signal.SIGTERM)
    process.wait()


def neighbour(program):
  """Frames on the loopback, which a packet socket gets as well as any."""
  try:
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
  except (PermissionError, OSError) as error:
    return skipped.append(f'2 ({error.strerror})')
  tlv = lambda type_, value: (type_ << 9 | len(value)).to_bytes(2, 'big') + value
  frame = (b'\x01\x80\xc2\x00\x00\x0e' + b'\x02\x00\x00\x00\x00\x01' + b'\x88\xcc' + tlv(1, b'\x04\x02\x00\x00\x00\x00\x01') +
           tlv(2, b'\x05eth0') + tlv(3, b'\x00\x78') + tlv(5, b'a switch') + tlv(0, b''))
  sender.bind(('lo', 0))
  reads([program, 'lo'], lambda lines: True, lambda: sender.send(frame), [r'a neighbour at interface \d+', r'  System Name: a switch'])
  sender.close()
  return None


def watcher(program):
  """In a namespace of its own, whose loopback goes up and down."""
  libc = ctypes.CDLL(None, use_errno=True)
  net = 0x40000000 # CLONE_NEWNET
  if os.geteuid() != 0 or not shutil.which('ip') or subprocess.run(['unshare', '-n', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
    return skipped.append('7 (no network namespace)')
  before = os.open('/proc/self/ns/net', os.O_RDONLY)
  check(libc.unshare(net) == 0, 'unshare')
  up = iter(['up', 'down'] * 1000)
  try:
    reads([program], lambda lines: 'watching' in lines, lambda: subprocess.run(['ip', 'link', 'set', 'lo', next(up)], check=True),
          [r'.*(link|LINK).* lo', r'.*(addr|ADDR).* lo'])
  finally:
    libc.setns(before, net)
    os.close(before)
  return None


def recorder(program):
  done = subprocess.run([program], capture_output=True, text=True, timeout=SECONDS)
  *turns, last = done.stdout.splitlines()
  shown = [int(re.fullmatch(r'turn (\d+): valve at \d+ %', line).group(1)) for line in turns]
  check(len(shown) > 50 and shown == list(range(100001 - len(shown), 100001)), f'not the newest in order: {turns[:3]} ... {turns[-1]}')
  check(last == f'100000 lines written, {len(shown)} shown, {100000 - len(shown)} gone', last)


RUNS = {
    '1': serial,
    '2': neighbour,
    '3': lambda program: prints(program, f'50 orders, sum of ids {sum(range(99950, 100000))}'),
    '4': lambda program: prints(program, '400000 items, sum 20000200000'),
    '5': lambda program: prints(program, '100000 results, sum 5000050000'),
    '6': lambda program: prints(program, 'written 1000000, read + lost 1000000, the last one 250000.00'),
    '7': watcher,
    '8': lambda program: prints(program, *(f'worker {i}: 20000 messages, sum 990000' for i in range(3))),
    '9': lambda program: prints(program, '1000 frames, 11000 bytes'),
    '10': recorder,
}

os.environ['LD_LIBRARY_PATH'] = BUILD
recipes = programs()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
  built = list(pool.map(build, recipes))
for (number, *_), program in zip(recipes, built):
  if program is None:
    skipped.append(f'{number} (no libuv)')
  else:
    RUNS[number](program)
print(f'{10 - len(skipped)} recipes did what they say; not run: {", ".join(skipped) or "none"}')
if skipped and os.environ.get('CI') == 'true' and os.geteuid() == 0 and any('socat' in one or 'libuv' in one for one in skipped):
  sys.exit(1)
