#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three servers, and the one that leads the stream steps down while `leat pump` publishes: nothing lost, nothing stored twice. (tests/cluster/cluster.py kills them.)"""
import json
import os
import socket
import time

from leatcli import SECONDS, check, folder, need, start, summary
from natsd import Server

need('nats-server')
work = folder()
COUNT = 20000


def free_ports(count):
  sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
  ports = [one.getsockname()[1] for one in sockets]
  for one in sockets:
    one.close()
  return ports


def ask(what):
  """JetStream's answer; nobody may lead just now, and then there is none."""
  client = servers[0].client()
  client.send(f'PUB $JS.API.{what} _INBOX.test.0 0\r\n\r\n'.encode())
  came = client.next(2)
  client.close()
  return json.loads(came[1]) if came and came[1] else {}


routes = free_ports(3)
servers = [Server(os.path.join(work, str(i)), f'server_name: n{i}\ncluster {{ name: three, listen: "127.0.0.1:{routes[i]}", routes: ['
                  + ', '.join(f'"nats://127.0.0.1:{route}"' for route in routes) + '] }') for i in range(3)]
there = f'nats-js://{",".join(one.at for one in servers)}/led?subject=led&replicas=3&window=65536'
process = start('pump', '--from', f'gen:?size=32&count={COUNT}&rate=2000', '--to', there, '--frame', 't8l16', '--stats', 'json')
leaders, until = [], time.monotonic() + SECONDS
while process.poll() is None:
  check(time.monotonic() < until, f'it does not end; the leaders: {leaders}')
  info = ask('STREAM.INFO.led')
  leader = info.get('cluster', {}).get('leader')
  if leader and leaders[-1:] != [leader] and info['state']['messages'] > 0:
    leaders.append(leader)
    ask('STREAM.LEADER.STEPDOWN.led')
  time.sleep(0.2)
said = process.stderr.read().decode()
check(process.returncode == 0 and summary(said)['storage']['unknown'] == 0, f'exit {process.returncode}: {said}')
check(len(leaders) > 1, f'nobody else led: {leaders}')
found = [int.from_bytes(data[3:11], 'big') for _, data in servers[0].stored('led')]
check(sorted(found) == list(range(COUNT)), f'{len(found)} frames in the stream, {len(set(found))} different ones')
print(f'{COUNT} frames stored, led by {" ".join(leaders)}')
for one in servers:
  one.end()
