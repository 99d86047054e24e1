#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What socat sends to a listening `leat pump`, over TCP and over a Unix socket, and what `leat pump` sends to one, comes out byte for byte."""
import os
import subprocess

from leatcli import SECONDS, announced, check, folder, frames, need, run, slurp, spill, start, summary

need('socat')
work = folder()
data = b''.join(frames(20000))
source, target = spill(os.path.join(work, 'in'), data), os.path.join(work, 'out')


def peer_of(address):
  """socat's word for the address that leat told."""
  return 'TCP:' + address[len('tcp://'):] if address.startswith('tcp://') else 'UNIX-CONNECT:' + address.split(':', 1)[1]


def listener_fed_by_socat(endpoint):
  process = start('pump', '--from', endpoint, '--to', target, '--frame', 'der', '--stats', 'json')
  address = announced(process)
  subprocess.run(['socat', '-u', f'OPEN:{source}', peer_of(address)], check=True, timeout=SECONDS)
  rest = process.stderr.read().decode()
  check(process.wait(SECONDS) == 0, f'{endpoint}: exit {process.returncode}: {rest}')
  told = summary(rest)
  check(told['bytes_in'] == told['bytes_out'] == len(data), f'{endpoint}: {told}')
  check(slurp(target) == data, f'{endpoint}: the output differs')
  os.unlink(target)


def listener_read_by_socat(endpoint):
  process = start('pump', '--from', source, '--to', endpoint, '--frame', 'der', '--stats', 'json')
  address = announced(process)
  got = subprocess.run(['socat', '-u', peer_of(address), '-'], check=True, timeout=SECONDS, capture_output=True).stdout
  rest = process.stderr.read().decode()
  check(process.wait(SECONDS) == 0, f'{endpoint}: exit {process.returncode}: {rest}')
  check(summary(rest)['bytes_out'] == len(data), f'{endpoint}: {rest}')
  check(got == data, f'{endpoint}: socat got something else: {len(got)} bytes of {len(data)}')


def two_of_us(endpoint):
  """One leat listens, another connects and sends."""
  process = start('pump', '--from', endpoint, '--to', target, '--frame', 'der', '--stats', 'json')
  address = announced(process)
  done = run('pump', '--from', source, '--to', address, '--frame', 'der', '--stats', 'json')
  check(done.returncode == 0, f'{address}: exit {done.returncode}: {done.stderr}')
  rest = process.stderr.read().decode()
  check(process.wait(SECONDS) == 0, f'{endpoint}: exit {process.returncode}: {rest}')
  check(summary(done.stderr)['frames_out'] == summary(rest)['frames_in'], f'{endpoint}: not the same frames')
  check(slurp(target) == data, f'{endpoint}: the output differs')
  os.unlink(target)


def through_pipes():
  done = run('pump', '--from', '-', '--to', '-', '--frame', 'der', '--stats', 'none', input=data)
  check(done.returncode == 0 and done.stderr == '', f'-: exit {done.returncode}: {done.stderr}')
  check(done.stdout == data, '-: the output differs')


for number, act in enumerate((listener_fed_by_socat, listener_read_by_socat, two_of_us)):
  act('tcp-listen://127.0.0.1:0')
  act(f'unix-listen:{work}/{number}.sock')
listener_fed_by_socat(f'unix-listen:{work}/keys.sock?mode=0600&rcvbuf=64KiB&backlog=4')
listener_read_by_socat('tcp-listen://127.0.0.1:0?nodelay=0&sndbuf=64KiB&device=lo')
two_of_us(f'unix-listen:@leat-{os.getpid()}')
two_of_us(f'unix-seqpacket-listen:{work}/packets.sock?mode=0600')
two_of_us(f'unix-seqpacket-listen:@leat-packets-{os.getpid()}')
through_pipes()
print(f'{len(data)} bytes, twelve ways')
