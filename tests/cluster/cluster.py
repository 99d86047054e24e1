#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three NATS servers with JetStream on loopback, one of them killed every few seconds while `leat pump` stores a file in a stream of three replicas:
nothing lost, nothing stored twice. tests/cluster/cluster.py LEAT [--messages N] [--size BYTES] [--kill SECONDS] [--seed N]

The file's frames carry their number, so that loss, order and doubles are seen in what a durable consumer of leat's writes. The stream's own count
must be the same, and so must the ids: a second pump of the same file under the same id stores nothing new.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

NODES = 3
words = argparse.ArgumentParser()
words.add_argument('leat')
words.add_argument('--messages', type=int, default=50000)
words.add_argument('--size', type=int, default=1024)
words.add_argument('--kill', type=float, default=3)
words.add_argument('--seed', type=int, default=int(time.time()))
words.add_argument('--batch', default='0')
words = words.parse_args()
os.environ.setdefault('LEAT_PLUGINS', os.path.join(os.path.dirname(os.path.abspath(words.leat)), 'plugins'))
work = tempfile.mkdtemp(prefix='leat-cluster-')
processes = {}


def fail(text):
  print(f'FAILED (seed {words.seed}): {text}')
  for node in range(NODES):
    log = os.path.join(work, f'{node}.log')
    if os.path.exists(log):
      sys.stdout.write(f'--- {log}\n' + ''.join(open(log).readlines()[-15:]))
  sys.exit(1)


def free_ports(count):
  sockets = [socket.socket() for _ in range(count)]
  for one in sockets:
    one.bind(('127.0.0.1', 0))
  ports = [one.getsockname()[1] for one in sockets]
  for one in sockets:
    one.close()
  return ports


ports = free_ports(3 * NODES)
clients, routes, monitors = ports[:NODES], ports[NODES:2 * NODES], ports[2 * NODES:]


def start(node):
  with open(os.path.join(work, f'{node}.log'), 'a') as log:
    processes[node] = subprocess.Popen(
      ['nats-server', '-a', '127.0.0.1', '-p', str(clients[node]), '-m', str(monitors[node]), '-n', f'n{node}', '-js', '-sd', os.path.join(work, str(node)),
       '--cluster_name', 'leat', '--cluster', f'nats://127.0.0.1:{routes[node]}',
       '--routes', ','.join(f'nats://127.0.0.1:{routes[other]}' for other in range(NODES) if other != node)],
      stdout=log, stderr=log)


def ask(node, what):
  try:
    with urllib.request.urlopen(f'http://127.0.0.1:{monitors[node]}/{what}', timeout=2) as answer:
      return json.load(answer)
  except OSError:
    return None


def wait_for(what, condition, seconds=60):
  until = time.monotonic() + seconds
  while time.monotonic() < until:
    if condition():
      return
    time.sleep(0.2)
  fail(f'{what}: not within {seconds} s')


def leader():
  """The meta group's, once all servers have found each other."""
  found = [ask(node, 'jsz') for node in range(NODES)]
  return all(one and one.get('meta_cluster', {}).get('leader') for one in found) and all(one['meta_cluster']['cluster_size'] == NODES for one in found)


def stored():
  """The stream's messages, as the server that leads it says."""
  for node in range(NODES):
    answer = ask(node, 'jsz?streams=true&accounts=true')
    for account in (answer or {}).get('account_details', []):
      for stream in account.get('stream_detail', []):
        if stream['name'] == 'frames' and stream.get('cluster', {}).get('leader') == f'n{node}':
          return stream['state']['messages']
  return None


def all_stored(when):
  """A server that leads since a moment ago may still be reading what it has: what is there by then counts, and must be all, and no more."""
  until = time.monotonic() + 120
  while (count := stored()) != words.messages and time.monotonic() < until:
    time.sleep(0.5)
  if count != words.messages:
    fail(f'{when} {count} messages are stored, not {words.messages}')


def frame(number):
  return struct.pack('>HIQ', 1, words.size, number) + bytes((number + i) & 0xff for i in range(words.size - 8))


class Killer(threading.Thread):
  """Kills a server and starts it again, and the next one only after all are together again."""

  def __init__(self):
    super().__init__(daemon=True)
    self.random, self.count, self.stop = random.Random(words.seed), 0, threading.Event()

  def run(self):
    wait = self.random.uniform(0.1, words.kill / 2)
    while not self.stop.wait(wait):
      wait = words.kill
      node = self.random.randrange(NODES)
      processes[node].send_signal(signal.SIGKILL)
      processes[node].wait()
      self.count += 1
      self.stop.wait(self.random.uniform(0, words.kill / 2))
      start(node)
      until = time.monotonic() + 30
      while not leader() and time.monotonic() < until and not self.stop.is_set():
        time.sleep(0.1)


def pump(*arguments, seconds=600):
  began = time.monotonic()
  done = subprocess.run([words.leat, 'pump', '--frame', 't16l32be', '--stats', 'json', *arguments], capture_output=True, text=True, timeout=seconds)
  if done.returncode != 0:
    fail(f'leat pump {" ".join(arguments)}: exit {done.returncode}: {done.stderr}')
  return json.loads(done.stderr.splitlines()[-1]), time.monotonic() - began


def main():
  print(f'seed {words.seed}: {words.messages} messages of {words.size} bytes, {NODES} servers, one killed every {words.kill} s', flush=True)
  source, target = os.path.join(work, 'in'), os.path.join(work, 'out')
  with open(source, 'wb') as file:
    for number in range(words.messages):
      file.write(frame(number))
  for node in range(NODES):
    start(node)
  wait_for('a leader', leader)
  servers = ','.join(f'127.0.0.1:{port}' for port in clients)
  stream = f'nats-js://{servers}/frames'
  killer = Killer()
  killer.start()
  _, seconds = pump('--from', source, '--to', f'{stream}?subject=frames.all&replicas=3&linger_ms=120000' + ('&id=file&duplicate_window=3600' if words.batch == '0' else f'&batch={words.batch}'))
  killer.stop.set()
  killer.join()
  print(f'stored in {seconds:.1f} s, {words.messages / seconds:,.0f} frames/s; {killer.count} servers killed and started again', flush=True)
  if killer.count < 1:
    fail('no server was killed: nothing was shown')
  if words.batch == '0':
    all_stored('after it')
    pump('--from', source, '--to', f'{stream}?subject=frames.all&id=file&linger_ms=60000')
    all_stored('after the same once more')
  killer = Killer()
  killer.start()
  told, seconds = pump('--from', f'{stream}?durable=reader', '--to', target, '--limit', str(words.messages))
  killer.stop.set()
  killer.join()
  print(f'read in {seconds:.1f} s, {words.messages / seconds:,.0f} frames/s; {killer.count} servers killed and started again', flush=True)
  size = len(frame(0))
  numbers = set()
  with open(target, 'rb') as file:
    while one := file.read(size):
      number = struct.unpack('>HIQ', one[:14])[2] if len(one) == size else -1
      if number < 0 or one != frame(number):
        fail(f'a frame that nobody wrote: {one[:20].hex()}')
      if number in numbers:
        fail(f'frame {number} came twice')
      numbers.add(number)
  if len(numbers) != words.messages:
    fail(f'{words.messages - len(numbers)} frames are lost')
  print(f'{words.messages} messages: 0 lost, 0 stored twice, 0 read twice')


try:
  main()
finally:
  for process in processes.values():
    process.kill()
    process.wait()
  shutil.rmtree(work, ignore_errors=True)
