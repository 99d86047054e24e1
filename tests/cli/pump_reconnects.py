#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --reconnect` goes on by new connections, at either end: whole frames, each at least once, and told in a line each."""
import os
import select
import signal
import socket
import struct

from leatcli import SECONDS, check, folder, frames, slurp, spill, start, summary

work = folder()
every = frames(3000)
data = b''.join(every)
source, target = spill(os.path.join(work, 'in'), data), os.path.join(work, 'out')
RESET = struct.pack('ii', 1, 0)


def serve(port=0):
  listener = socket.create_server(('127.0.0.1', port))
  listener.settimeout(SECONDS)
  return listener


def meet(listener):
  peer = listener.accept()[0]
  peer.settimeout(SECONDS)
  return peer


def finished(process, code):
  rest = process.stderr.read().decode()
  check(process.wait(SECONDS) == code, f'exit {process.returncode}: {rest}')
  return rest


def read_away(process):
  """Reads what is said until something is away: which of two reasons is told, or both, depends on when pump looks."""
  while True:
    check(select.select([process.stderr], [], [], SECONDS)[0], 'nothing was said of the loss')
    line = process.stderr.readline().decode()
    check(line, 'it has ended')
    if line.endswith('; connecting again\n'):
      return line


def input_that_is_lost():
  """The server is away at first, then ends within a frame, then between two, then sends the rest."""
  listener = serve()
  port = listener.getsockname()[1]
  listener.close()
  process = start('pump', '--from', f'tcp://127.0.0.1:{port}', '--to', target, '--frame', 'der', '--reconnect', '0.01:0.1', '--limit', len(every),
                  '--stats', 'json', bufsize=0)
  check(f'tcp://127.0.0.1:{port}: ' in read_away(process), 'the line does not name the address')
  listener = serve(port)
  peer = meet(listener)
  cut = every[1000][:-1]
  peer.sendall(b''.join(every[:1000]) + cut)
  listener.close()
  peer.close()
  listener = serve(port)
  peer = meet(listener)
  peer.sendall(b''.join(every[1000:2000]))
  peer.close()
  peer = meet(listener)
  peer.sendall(b''.join(every[2000:]))
  rest = finished(process, 0)
  told = summary(rest)
  check(told['frames_out'] == len(every) and told['bytes_skipped'] == len(cut) and told['reconnects'] == 3, f'{told}')
  check('connected again' in rest, rest)
  check(slurp(target) == data, 'the output differs')
  os.unlink(target)


def output_that_is_lost():
  """The server reads a part and resets; what it reads then begins with a whole frame, and ends with the last one."""
  listener = serve()
  listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that most of it is still to be written when it resets
  process = start('pump', '--from', source, '--to', f'tcp://127.0.0.1:{listener.getsockname()[1]}?sndbuf=4KiB', '--frame', 'der', '--reconnect', '0.01', '--stats',
                  'text')
  peer = meet(listener)
  first = b''
  while len(first) < len(data) // 100:
    first += peer.recv(100)
  peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
  peer.close()
  check(data.startswith(first), 'what came first differs')
  peer = meet(listener)
  rest = b''
  while True:
    more = peer.recv(65536)
    if not more:
      break
    rest += more
  check(data.endswith(rest), 'what came then is not the end of it')
  starts, at = {0}, 0
  for frame in every:
    at += len(frame)
    starts.add(at)
  check(len(data) - len(rest) in starts, 'the new connection does not begin with a frame')
  told = finished(process, 0)
  check(f'{len(every):,} in = {len(every):,} out + 0 in flight + 0 dropped' in told and 'connected again 1 times' in told, told)


def signal_while_away():
  """Nobody ever comes: a signal ends the run, and what was not delivered is in flight."""
  listener = serve()
  port = listener.getsockname()[1]
  listener.close()
  process = start('pump', '--from', source, '--to', f'tcp://127.0.0.1:{port}', '--frame', 'der', '--reconnect', '0.01', '--stats', 'json',
                  bufsize=0)
  read_away(process)
  process.send_signal(signal.SIGTERM)
  told = summary(finished(process, 3))
  check(told['frames_out'] == 0 and told['in_flight'] == told['frames_in'] > 0, f'{told}')


input_that_is_lost()
output_that_is_lost()
signal_while_away()
print('every connection was made anew')
