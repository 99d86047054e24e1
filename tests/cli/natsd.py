# SPDX-License-Identifier: MIT
"""A nats-server of a test's own, which can be stopped, killed and started again, and a client that speaks the protocol's lines by itself."""
import atexit
import base64
import json
import os
import re
import signal
import socket
import subprocess
import time

from leatcli import SECONDS, check, slurp, spill

CONFIG = '''
listen: 127.0.0.1:{port}
jetstream {{ store_dir: "{folder}/js" }}
ports_file_dir: "{folder}"
{more}
'''


class Server:
  """`at` is HOST:PORT. A folder is its own, and holds its streams."""

  def __init__(self, folder, more=''):
    self.folder, self.more, self.port = folder, more, -1
    os.makedirs(folder)
    self.start()

  def start(self):
    config = spill(os.path.join(self.folder, 'conf'), CONFIG.format(folder=self.folder, more=self.more, port=self.port).encode())
    with open(os.path.join(self.folder, 'log'), 'a') as log:
      self.process = subprocess.Popen(['nats-server', '-c', config], stdout=log, stderr=subprocess.STDOUT)
    atexit.register(self.process.kill)
    ports = os.path.join(self.folder, f'nats-server_{self.process.pid}.ports')
    until = time.monotonic() + SECONDS
    while not (os.path.exists(ports) and slurp(ports).strip().endswith(b'}')):
      check(time.monotonic() < until and self.process.poll() is None, f'no server: {slurp(os.path.join(self.folder, "log"))}')
      time.sleep(0.05)
    self.at = re.search(rb'(?:nats|tls)://(127\.0\.0\.1:\d+)', slurp(ports)).group(1).decode()
    self.port = int(self.at.split(':')[1])

  def kill(self):
    self.process.kill()
    self.process.wait()

  def end(self):
    self.process.send_signal(signal.SIGTERM)
    self.process.wait(SECONDS)

  def client(self):
    return Client(self.at)

  def ask(self, what, **words):
    """JetStream's answer."""
    client = self.client()
    answer = json.loads(client.request(f'$JS.API.{what}', json.dumps(words).encode() if words else b''))
    client.close()
    return answer

  def make_stream(self, name, subjects, **more):
    answer = self.ask(f'STREAM.CREATE.{name}', name=name, subjects=subjects, retention='limits', storage='file', num_replicas=1, max_consumers=-1, max_age=0,
                      discard=more.pop('discard', 'old'), duplicate_window=120 * 10**9, **{'max_msgs': -1, 'max_bytes': -1, **more})
    check('error' not in answer, f'{name}: {answer}')

  def stored(self, name):
    """Each message of the stream: (subject, bytes), in order."""
    info = self.ask(f'STREAM.INFO.{name}')
    check('error' not in info, f'{name}: {info}')
    numbers = range(info['state']['first_seq'], info['state']['last_seq'] + 1)
    client, found = self.client(), []
    for at in range(0, len(numbers), 200): # so many questions at once
      answers = client.requests(f'$JS.API.STREAM.MSG.GET.{name}', [json.dumps({'seq': number}).encode() for number in numbers[at:at + 200]])
      messages = [json.loads(answer)['message'] for answer in answers]
      found += [(message['subject'], base64.b64decode(message.get('data', ''))) for message in messages]
    client.close()
    return found


class Client:
  """Subscribes and asks; what comes is a subject and bytes."""

  def __init__(self, at):
    host, port = at.split(':')
    self.socket = socket.create_connection((host, int(port)), SECONDS)
    self.file = self.socket.makefile('rb')
    check(self.file.readline().startswith(b'INFO '), 'no NATS server')
    self.send(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"lang":"test","version":"1"}\r\n')
    self.asked = 0
    self.subscribe('_INBOX.test.*')
    self.flush()

  def send(self, data):
    self.socket.sendall(data)

  def flush(self):
    """The server has dealt with all before."""
    self.send(b'PING\r\n')
    while (line := self.file.readline()) != b'PONG\r\n':
      check(line == b'PING\r\n', f'not expected: {line}')

  def subscribe(self, subject):
    self.asked += 1
    self.send(f'SUB {subject} {self.asked}\r\n'.encode())

  def request(self, subject, data):
    return self.requests(subject, [data])[0]

  def requests(self, subject, questions):
    first, answers = self.asked + 1, {}
    for data in questions:
      self.asked += 1
      self.send(f'PUB {subject} _INBOX.test.{self.asked} {len(data)}\r\n'.encode() + data + b'\r\n')
    while len(answers) < len(questions):
      came = self.next()
      check(came is not None, f'{subject}: no answer')
      answers[came[0]] = came[1]
    return [answers[f'_INBOX.test.{i}'] for i in range(first, self.asked + 1)]

  def next(self, seconds=SECONDS):
    """The next message; or None, when none has come for so long."""
    self.socket.settimeout(seconds)
    while True:
      try:
        words = self.file.readline().split()
      except (TimeoutError, OSError):
        return None
      if words[0] == b'PING':
        self.send(b'PONG\r\n')
      elif words[0] in (b'MSG', b'HMSG'):
        data = self.file.read(int(words[-1]) + 2)[:-2]
        return words[1].decode(), data[int(words[-2]):] if words[0] == b'HMSG' else data
      else:
        check(words[0] != b'-ERR', f'the server: {words}')

  def close(self):
    self.file.close()
    self.socket.close()
