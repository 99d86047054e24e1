#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gen: gives the frames that its pattern says; udp: carries them as datagrams; pcap: gets them out of a capture of that traffic."""
import atexit
import os
import shutil
import socket
import struct
import subprocess
import time

from leatcli import SECONDS, announced, check, folder, run, slurp, start, summary

work = folder()
target = os.path.join(work, 'out')


def pattern(count, size):
  """Frames of gen: in t8l16, written down anew."""
  frames = []
  for n in range(count):
    value = n.to_bytes(8, 'big')[max(8 - size, 0):] + bytes((n + i) % 256 for i in range(8, size))
    frames.append(bytes([1 + n % 255]) + size.to_bytes(2, 'big') + value)
  return frames


def pump(*arguments):
  done = run('pump', '--frame', 't8l16', '--stats', 'json', *arguments)
  check(done.returncode == 0, f'{arguments}: exit {done.returncode}: {done.stderr}')
  return summary(done.stderr)


# The generator, whole and again.
for count, size in ((1000, 100), (5, 0), (300, 3), (3, 65535)):
  told = pump('--from', f'gen:?count={count}&size={size}', '--to', target, '--repeat', '2')
  check(told['frames_in'] == 2 * count, f'gen: {told}')
  check(slurp(target) == 2 * b''.join(pattern(count, size)), f'gen: {count} frames of {size} are not the pattern')
begin = time.monotonic()
pump('--from', 'gen:?count=51&rate=100', '--to', 'null:')
check(time.monotonic() - begin >= 0.5, 'gen: the rate is not kept')

# Datagrams in: what a socket sends is framed and written.
frames = pattern(400, 500)
reader = start('pump', '--from', 'udp-listen://127.0.0.1:0', '--to', target, '--frame', 't8l16', '--limit', 400, '--stats', 'json')
host, port = announced(reader)[len('udp://'):].rsplit(':', 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
  for i in range(0, 400, 2):  # two frames in each
    sender.sendto(frames[i] + frames[i + 1], (host, int(port)))
    time.sleep(0.0005)
rest = reader.stderr.read().decode()
check(reader.wait(SECONDS) == 0, f'udp-listen: exit {reader.returncode}: {rest}')
check(slurp(target) == b''.join(frames), 'udp-listen: the output differs')


# Datagrams to where nobody is: no reason to end.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
  nobody.bind(('127.0.0.1', 0))
  gone = nobody.getsockname()[1]
told = pump('--from', 'gen:?count=40&rate=400', '--to', f'udp://127.0.0.1:{gone}')
check(told['frames_out'] == 40, f'udp to nobody: {told}')


def capture(path):
  """What tcpdump, where it may, sees of datagrams on lo; the same written down by hand, where it may not. Sent by leat either way."""
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.bind(('127.0.0.1', 0))
    receiver.settimeout(SECONDS)
    port = receiver.getsockname()[1]
    tcpdump = None
    if os.geteuid() == 0 and shutil.which('tcpdump'):
      tcpdump = subprocess.Popen(['tcpdump', '-i', 'lo', '-w', path, '-U', '-Z', 'root', '--immediate-mode', f'udp and dst port {port}'],
        stderr=subprocess.PIPE)
      atexit.register(tcpdump.kill)
      line = tcpdump.stderr.readline()
      while line and b'listening on' not in line:
        line = tcpdump.stderr.readline()
      if not line:
        tcpdump.wait(SECONDS)
        tcpdump = None
    pump('--from', 'gen:?count=60&size=200&rate=600', '--to', f'udp://127.0.0.1:{port}')
    sent, datagrams = b''.join(pattern(60, 200)), []
    while sum(map(len, datagrams)) < len(sent):
      datagrams.append(receiver.recv(65536))
    check(b''.join(datagrams) == sent, 'udp: the datagrams are not what was sent')
  if tcpdump:
    begin = time.monotonic()
    while os.stat(path).st_size < 24 + sum(16 + 42 + len(one) for one in datagrams):
      check(time.monotonic() - begin < SECONDS, 'tcpdump did not see all')
      time.sleep(0.05)
    tcpdump.terminate()
    tcpdump.wait(SECONDS)
    return sent, 'tcpdump'
  with open(path, 'wb') as file:
    file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
    for one in datagrams:
      file.write(struct.pack('<IIII', 0, 0, 42 + len(one), 42 + len(one)) + bytes(42) + one)
  return sent, 'no tcpdump'


captured = os.path.join(work, 'capture.pcap')
sent, how = capture(captured)
done = run('pump', '--from', f'pcap:{captured}', '--to', target, '--frame', 't8l16', '--repeat', '3', '--stats', 'none')
if done.returncode != 0 and 'libpcap is not' in done.stderr or 'without libpcap' in done.stderr:
  check(done.stderr.count('\n') == 1, f'pcap: not one line: {done.stderr!r}')
  how = 'no libpcap'
else:
  check(done.returncode == 0, f'pcap: exit {done.returncode}: {done.stderr}')
  check(slurp(target) == 3 * sent, 'pcap: the output differs')
print(f'generated, sent, captured ({how})')
