#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `leat pump` tells of a stream of JetStream when the server fails it: what was taken and is not known to be stored, frame by frame, with exit code 3 and in
time; all else is in the stream, once. And what survives: a server that stands still, and one that comes back."""
import os
import re
import signal
import subprocess
import threading
import time

from leatcli import SECONDS, check, folder, message_bytes, need, run, start, summary
from natsd import Server

need('nats-server')
work = folder()
SIZE = 32
FRAME = SIZE + 3 # t8l16


def numbers(data):
  """Of the frames that `gen:` made, which count from 0 in the first 8 bytes of their values."""
  check(len(data) % FRAME == 0, f'{len(data)} bytes are no whole frames')
  return [int.from_bytes(data[at + 3:at + 11], 'big') for at in range(0, len(data), FRAME)]


def in_stream(server, name):
  """The numbers of the frames that the stream has, of which none may be there twice."""
  found = [number for _, data in server.stored(name) for number in numbers(message_bytes(data))]
  check(len(set(found)) == len(found), f'{name}: {len(found) - len(set(found))} frames are stored twice')
  return set(found)


def pump(server, name, keys, source='gen:?size=32', *more):
  return start('pump', '--from', source, '--to', f'nats-js://{server.at}/{name}?subject={name}&{keys}', '--frame', 't8l16', '--stats', 'json', *more)


def ended(process, what, code, seconds=SECONDS):
  """What it said: the summary, and the lines before it."""
  try:
    said = process.communicate(timeout=seconds)[1].decode()
  except subprocess.TimeoutExpired:
    process.kill()
    check(False, f'{what}: not within {seconds} s')
  check(process.returncode == code, f'{what}: exit {process.returncode}: {said}')
  told = summary(said)
  fate = told['storage']
  check(fate['sent'] == fate['stored'] + fate['duplicates'] + fate['unknown'], f'{what}: what was sent does not add up: {said}')
  check(told['frames_out'] == fate['stored'] + fate['duplicates'] and told['in_flight'] == fate['unknown'], f'{what}: the ledger is another: {said}')
  check(told['bytes_out'] == told['frames_out'] * FRAME, f'{what}: the bytes are not those of the frames: {said}')
  return told, said.splitlines()[:-1]


def unknown(told, lines, what):
  """The frames that are said not to be known to be stored, in JSON and, where they are few enough for that, in words."""
  found = {number for first, end in told['unstored'] for number in range(first, end)}
  check(len(found) == told['storage']['unknown'] == sum(end - first for first, end in told['unstored']), f'{what}: the ranges are not those: {told}')
  check(found == set() or max(found) < told['frames_in'] - told['filtered'], f'{what}: frames that there never were: {told}')
  line = [one for one in lines if 'not known to be stored' in one]
  check(len(line) == (1 if found else 0), f'{what}: {lines}')
  if found:
    words = re.fullmatch(r'leat: nats-js://.*: not known to be stored: frames ([0-9, -]+)(?: and in (\d+) places more)? \(([0-9,]+)\)', line[0])
    check(words and int(words[3].replace(',', '')) == len(found), f'{what}: {line}')
    ranges = [f'{first}' if end - first == 1 else f'{first}-{end - 1}' for first, end in told['unstored']]
    check(words[1].split(', ') == ranges[:8] and int(words[2] or 0) == max(0, len(ranges) - 8), f'{what}: {line} is not {ranges}')
  return found


def dies_for_good(server, name, keys):
  """The server is killed while frames are on their way, and comes back when it is too late."""
  process = pump(server, name, f'linger_ms=1500&window=65536&{keys}', 'gen:?size=32&rate=4000', '--seconds', '3')
  time.sleep(1.5)
  server.kill()
  told, lines = ended(process, name, 3, 15)
  missing = unknown(told, lines, name)
  server.start()
  there = in_stream(server, name)
  sent = set(range(told['frames_in']))
  known = sent - missing
  check(len(missing) > 0 and len(known) > 0, f'{name}: the server died too soon, or too late: {told}')
  check(known <= there, f'{name}: frames that were said to be stored are not: {sorted(known - there)[:10]}')
  check(there <= sent, f'{name}: frames that nobody sent: {sorted(there - sent)[:10]}')
  check(len(missing) == told['frames_in'] - told['filtered'] - told['frames_out'], f'{name}: {told}')
  return len(missing), len(there - known)


def is_full(server, name, room, **limit):
  """What has room is stored, and the rest is told of."""
  server.make_stream(name, [name], discard='new', **limit)
  began = time.monotonic()
  told, lines = ended(pump(server, name, 'linger_ms=1500', 'gen:?size=32&count=3000'), name, 3, 15)
  check(time.monotonic() - began < 8, f'{name}: {time.monotonic() - began:.1f} s')
  check(any(line.endswith(': close: No space left on device') for line in lines), f'{name}: {lines}')
  missing = unknown(told, lines, name)
  # By bytes, server 2.9.10 may store one that does not quite fit, say so, and remove the first to make room, and so again with each that is sent once more.
  removed = set(range(server.ask(f'STREAM.INFO.{name}')['state']['first_seq'] - 1))
  there = in_stream(server, name) | removed
  check(room is None or not removed, f'{name}: {len(removed)} frames were removed')
  check(told['storage']['stored'] == len(there) and there | missing == set(range(3000)) and not there & missing, f'{name}: {sorted(there & missing)}: {told}')
  check(room is None or len(there) == room, f'{name}: {len(there)} frames in it')
  return len(missing)


def is_full_and_more_comes(server):
  """The window is full, so that nothing more is taken; a signal ends it, 5 s later."""
  server.make_stream('waits', ['waits'], discard='new', max_msgs=100)
  process = pump(server, 'waits', 'linger_ms=60000&window=1000', 'gen:?size=32')
  time.sleep(2)
  process.send_signal(signal.SIGTERM)
  told, lines = ended(process, 'waits', 3, 12)
  missing = unknown(told, lines, 'waits')
  check(in_stream(server, 'waits') == set(range(100)) and missing == set(range(100, told['frames_in'])), f'waits: {told}')


def is_given_up(process, server):
  """A minute after they were published first messages are given up, and the run ends by itself."""
  told, lines = ended(process, 'minute', 3, 80)
  missing = unknown(told, lines, 'minute')
  check(len(lines) == 2 and re.search(r': offset \d+: write: No space left on device$', lines[0]), f'minute: {lines}')
  check(in_stream(server, 'minute') == set(range(100)) and missing == set(range(100, told['frames_in'])), f'minute: {told}')


def is_deleted(server):
  """Nobody takes the subject any more."""
  process = pump(server, 'gone', 'linger_ms=1500', 'gen:?size=32&rate=2000', '--seconds', '3')
  time.sleep(1.5)
  check(server.ask('STREAM.DELETE.gone').get('success'), 'the stream was not deleted')
  told, lines = ended(process, 'gone', 3, 15)
  missing = unknown(told, lines, 'gone')
  check(any(line.endswith(': close: No such file or directory') for line in lines), f'gone: {lines}')
  check(0 < len(missing) < told['frames_in'] and max(missing) == told['frames_in'] - 1, f'gone: {told}')


def is_not_there():
  began = time.monotonic()
  done = run('pump', '--from', 'gen:?count=10', '--to', 'nats-js://127.0.0.1:1/x?subject=x', '--frame', 't8l16')
  check(done.returncode == 3 and 'connect: ' in done.stderr and done.stderr.count('\n') == 1, f'no server: exit {done.returncode}: {done.stderr}')
  check(time.monotonic() - began < 10, f'no server: {time.monotonic() - began:.1f} s')


def stands_still(server):
  """Longer than an answer is waited for, so that all that is on its way is published again."""
  process = pump(server, 'still', 'window=65536', 'gen:?size=32&count=12000&rate=3000')
  for _ in range(2):
    time.sleep(0.7)
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    server.process.send_signal(signal.SIGCONT)
  told, lines = ended(process, 'still', 0, 40)
  check(unknown(told, lines, 'still') == set(), f'still: {lines}')
  check(in_stream(server, 'still') == set(range(12000)), 'still: not every frame is stored')


def comes_back(server):
  process = pump(server, 'back', 'window=65536', 'gen:?size=32&count=9000&rate=3000')
  time.sleep(1)
  server.kill()
  time.sleep(1)
  server.start()
  told, lines = ended(process, 'back', 0, 40)
  check(unknown(told, lines, 'back') == set() and in_stream(server, 'back') == set(range(9000)), f'back: {told}')
  said = [line.rsplit(': ', 1)[1] for line in lines] # of the connection, as cnats says it
  check('the connection has ended; connecting again' in said and said[-1] == 'connected again', f'back: {lines}')


def sent_again(server):
  """Under the same id the second run stores what the first did not, and is told which were there."""
  told, _ = ended(pump(server, 'again', 'id=one', 'gen:?size=32&count=1000'), 'again', 0)
  check(told['storage'] == {'sent': 1000, 'stored': 1000, 'duplicates': 0, 'unknown': 0}, f'again: {told}')
  told, _ = ended(pump(server, 'again', 'id=one', 'gen:?size=32&count=1500'), 'again', 0)
  check(told['storage'] == {'sent': 1500, 'stored': 500, 'duplicates': 1000, 'unknown': 0}, f'again: {told}')
  check(in_stream(server, 'again') == set(range(1500)), 'again: not every frame is stored')


def is_slow(server):
  """A subscriber of core NATS whose output takes nothing: what the library drops is counted. What it wrote and what it lost is what was published."""
  fifo, got = os.path.join(work, 'fifo'), []
  os.mkfifo(fifo)
  count = 150000
  process = start('pump', '--from', f'nats://{server.at}/slow', '--to', fifo, '--frame', 't8l16', '--stats', 'json')
  out = open(fifo, 'rb')
  time.sleep(1) # it has subscribed
  done = run('pump', '--from', f'gen:?size=32&count={count}', '--to', f'nats://{server.at}/slow', '--frame', 't8l16')
  check(done.returncode == 0, f'slow: the publisher: {done.stderr}')
  time.sleep(1) # all has come
  reader = threading.Thread(target=lambda: got.append(out.read()))
  reader.start()
  time.sleep(2) # and what was kept is through
  process.send_signal(signal.SIGTERM)
  said = process.communicate(timeout=SECONDS)[1].decode()
  reader.join()
  told = summary(said)
  check(process.returncode == 143, f'slow: exit {process.returncode}: {said}')
  read = numbers(got[0])
  check(told['lost'] > 0 and len(read) + told['lost'] == count and read == sorted(set(read)), f'slow: {len(read)} frames came: {said}')
  return told['lost']


server, other = Server(os.path.join(work, 'server')), Server(os.path.join(work, 'other'))
other.make_stream('minute', ['minute'], discard='new', max_msgs=100)
minute = pump(other, 'minute', 'window=1000', 'gen:?size=32')
lost = dies_for_good(server, 'plain', 'batch=0')
lost_too = dies_for_good(server, 'many', 'batch=4096')
full = is_full(server, 'messages', 1000, max_msgs=1000), is_full(server, 'bytes', None, max_bytes=50000)
is_full_and_more_comes(server)
is_deleted(server)
is_not_there()
stands_still(server)
comes_back(server)
sent_again(server)
dropped = is_slow(server)
server.end()
is_given_up(minute, other)
other.end()
print(f'killed for good: {lost[0]} and {lost_too[0]} frames not known to be stored, of which {lost[1]} and {lost_too[1]} were; full: {full}; slow: {dropped} lost')
