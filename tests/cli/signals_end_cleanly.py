#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGINT and SIGTERM: what was accepted is delivered, the ledger balances, exit 130 and 143; a reader of stdout that goes: 141."""
import os
import signal
import subprocess
import time

from leatcli import LEAT, SECONDS, check, folder, frames, run, slurp, spill, start, summary

work = folder()
pieces = frames(1000)
data = b''.join(pieces)
target = os.path.join(work, 'out')


def wait_for(what, holds):
  until = time.monotonic() + SECONDS
  while not holds():
    check(time.monotonic() < until, f'never came: {what}')
    time.sleep(0.005)


def size_of(path):
  return os.stat(path).st_size if os.path.exists(path) else 0


def signal_while_the_source_waits(number):
  """Frames and half a frame have come, more never will: everything whole is delivered."""
  process = start('pump', '--from', '-', '--to', target, '--frame', 'der', '--stats', 'json', stdin=subprocess.PIPE)
  process.stdin.write(data + pieces[0][:1])
  process.stdin.flush()
  wait_for('the frames', lambda: size_of(target) == len(data))
  process.send_signal(number)
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 128 + number, f'signal {number}: exit {process.returncode}: {told}')
  told = summary(told)
  check(told['frames_in'] == told['frames_out'] == 1000 and told['in_flight'] == 0, f'signal {number}: {told}')
  check(slurp(target) == data, f'signal {number}: the output differs')
  os.unlink(target)
  process.stdin.close()


def signal_in_full_flow(number):
  """Whatever was accepted is there, to the last whole frame, and nothing else."""
  source = spill(os.path.join(work, 'in'), data)
  process = start('pump', '--from', source, '--to', target, '--frame', 'der', '--repeat', '1000000', '--stats', 'json')
  wait_for('some output', lambda: size_of(target) > 1 << 20)
  process.send_signal(number)
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 128 + number, f'signal {number}: exit {process.returncode}: {told}')
  told = summary(told)
  check(told['frames_in'] == told['frames_out'] > 0 and told['in_flight'] == 0, f'signal {number}: {told}')
  check(told['bytes_out'] == size_of(target), f'signal {number}: {size_of(target)} bytes written: {told}')
  times, more = divmod(told['frames_out'], 1000)
  check(told['bytes_out'] == times * len(data) + sum(map(len, pieces[:more])), f'signal {number}: not whole frames: {told}')
  with open(target, 'rb') as out:
    out.seek(times * len(data))
    check(out.read() == b''.join(pieces[:more]), f'signal {number}: the last frames differ')
  os.unlink(target)


def second_signal_ends_at_once():
  """Nobody reads stdout, so the drain cannot end: the second signal has its default action."""
  source = spill(os.path.join(work, 'in'), data)
  reader, writer = os.pipe()
  process = start('pump', '--from', source, '--to', '-', '--frame', 'der', '--repeat', '1000000', '--stats', 'json', stdout=writer)
  os.close(writer)
  time.sleep(0.3)
  process.send_signal(signal.SIGINT)
  time.sleep(0.5)
  check(process.poll() is None, 'the drain ended though nobody reads')
  process.send_signal(signal.SIGINT)
  check(process.wait(SECONDS) == -signal.SIGINT, f'second signal: exit {process.returncode}')
  os.close(reader)
  process.stderr.close()


def signal_ends_a_drain_that_cannot_end():
  """No peer ever comes: after a signal the drain has five seconds, then the ledger says what is left."""
  source = spill(os.path.join(work, 'in'), data)
  process = start('pump', '--from', source, '--to', 'tcp-listen://127.0.0.1:0', '--frame', 'der', '--stats', 'json')
  process.stderr.readline()
  time.sleep(0.3)
  process.send_signal(signal.SIGTERM)
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 3, f'no peer: exit {process.returncode}: {told}')
  ledger = summary(told)
  check(ledger['in_flight'] > 0 and ledger['frames_in'] == ledger['in_flight'] and ledger['dropped'] == 0, f'no peer: {told}')


def signal_while_listening(number):
  process = start('pump', '--from', 'tcp-listen://127.0.0.1:0', '--to', target, '--frame', 'der', '--stats', 'json')
  process.stderr.readline()
  process.send_signal(number)
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 128 + number, f'listening: exit {process.returncode}: {told}')
  check(summary(told)['frames_in'] == 0, f'listening: {told}')


def signal_while_dump_waits_for_its_reader(number):
  """The write that the signal interrupts before it wrote anything goes on: whole lines, and the signal's exit code."""
  source = spill(os.path.join(work, 'in'), data * 20)
  reader, writer = os.pipe()
  filled = 0
  os.set_blocking(writer, False)
  try:
    while True:
      filled += os.write(writer, b'x' * 4096)
  except BlockingIOError:
    os.set_blocking(writer, True)
  process = start('dump', '--tlv', 'der', source, stdout=writer)
  os.close(writer)
  time.sleep(0.3)
  process.send_signal(number)
  time.sleep(0.2)
  with open(reader, 'rb') as pipe:
    shown = pipe.read()[filled:]
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 128 + number and told == '', f'dump waits: exit {process.returncode}: {told}')
  check(shown.endswith(b'\n'), f'dump waits: {len(shown)} bytes shown, the last {shown[-20:]!r}')


def signal_while_a_fifo_has_no_reader(number):
  fifo = os.path.join(work, 'fifo')
  os.mkfifo(fifo)
  process = start('pump', '--from', 'tcp-listen://127.0.0.1:0', '--to', fifo, '--frame', 'der')
  process.stderr.readline()
  time.sleep(0.3)
  process.send_signal(number)
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 128 + number and told == '', f'FIFO without reader: exit {process.returncode}: {told}')
  os.unlink(fifo)


def reader_goes_away():
  source = spill(os.path.join(work, 'in'), data)
  process = start('pump', '--from', source, '--to', '-', '--frame', 'der', '--repeat', '1000000', '--stats', 'json', stdout=subprocess.PIPE)
  check(process.stdout.read(10000) == data[:10000], 'the first bytes differ')
  process.stdout.close()
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 141, f'reader gone: exit {process.returncode}: {told}')
  check(summary(told)['in_flight'] > 0, f'reader gone: {told}')
  process = start('dump', '--tlv', 'der', source, stdout=subprocess.PIPE)
  process.stdout.close()
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 141, f'dump, reader gone: exit {process.returncode}: {told}')


def limits_end_cleanly():
  source = spill(os.path.join(work, 'in'), data)
  done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--limit', '137', '--stats', 'json')
  told = summary(done.stderr)
  check(done.returncode == 0 and told['frames_in'] == told['frames_out'] == 137, f'--limit: exit {done.returncode}: {done.stderr}')
  check(slurp(target) == b''.join(pieces[:137]), '--limit: the output differs')
  source = spill(os.path.join(work, 'in'), data + b'\x04\x80')
  done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--limit', '1000', '--stats', 'json')
  told = summary(done.stderr)
  check(done.returncode == 0 and told['malformed'] == 0, f'--limit before a malformed frame: exit {done.returncode}: {done.stderr}')
  source = spill(os.path.join(work, 'in'), data)
  done = run('pump', '--from', source, '--to', 'null:', '--frame', 'der', '--repeat', '100000000', '--seconds', '0.5', '--stats', 'json')
  told = summary(done.stderr)
  check(done.returncode == 0 and told['frames_in'] == told['frames_out'] > 0, f'--seconds: exit {done.returncode}: {done.stderr}')
  check(0.5 <= told['seconds'] < 5, f'--seconds: {told}')


for number in (signal.SIGINT, signal.SIGTERM):
  signal_while_the_source_waits(number)
  signal_in_full_flow(number)
  signal_while_listening(number)
  signal_while_dump_waits_for_its_reader(number)
  signal_while_a_fifo_has_no_reader(number)
second_signal_ends_at_once()
signal_ends_a_drain_that_cannot_end()
reader_goes_away()
limits_end_cleanly()
print('130, 143, 141 and the ledger balanced')
