#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump` and a plain cnats program through a real nats-server, byte for byte; a stream written, read by a durable consumer and read on; and what
a server does not allow, does not have, or is not, told in one line and in time."""
import os
import socket
import subprocess
import threading
import time

from leatcli import SECONDS, check, der, folder, frames, need, run, slurp, spill, start, summary, unbatched
from natsd import Server

need('nats-server')
PEER = os.environ['NATS_PEER']
work = folder()
data = b''.join(frames(20000))
source, target = spill(os.path.join(work, 'in'), data), os.path.join(work, 'out')
ACCOUNTS = '''
accounts {
  A { jetstream: enabled, users: [ { user: all, password: x }, { user: some, password: x, permissions: { publish: "open.>", subscribe: "open.>" } } ] }
}
no_auth_user: all
'''


def published(server, batch):
  subscriber = subprocess.Popen([PEER, 'sub', f'nats://{server.at}', 'open.one'], stdin=subprocess.PIPE, stdout=open(target, 'wb'), stderr=subprocess.PIPE)
  check(subscriber.stderr.readline() == b'ready\n', 'the subscriber')
  done = run('pump', '--from', source, '--to', f'nats://{server.at}/open.one?batch={batch}', '--frame', 'der', '--stats', 'json')
  check(done.returncode == 0, f'publish: exit {done.returncode}: {done.stderr}')
  subscriber.stdin.close()
  check(subscriber.wait(SECONDS) == 0, 'the subscriber')
  got = slurp(target) if batch == '0' else unbatched(slurp(target))[0]
  check(got == data, f'batch={batch}: the subscriber got something else: {os.path.getsize(target)} of {len(data)} bytes')


def subscribed(server):
  process = start('pump', '--from', f'nats://{server.at}/open.two?queue=workers', '--to', target, '--frame', 'der', '--limit', '20000', '--stats', 'json')
  time.sleep(1) # the subscription is made
  with open(source, 'rb') as feed:
    check(subprocess.run([PEER, 'pub', f'nats://{server.at}', 'open.two'], stdin=feed, timeout=SECONDS).returncode == 0, 'the publisher')
  check(process.wait(SECONDS) == 0, f'subscribe: exit {process.returncode}: {process.stderr.read()}')
  check(slurp(target) == data, 'subscribe: the output differs')


def split(data):
  """The frames of a file, by DER's lengths."""
  at, found = 0, []
  while at < len(data):
    bytes_ = data[at + 1] + 2 if data[at + 1] < 0x80 else int.from_bytes(data[at + 2:at + 2 + (data[at + 1] & 0x7f)], 'big') + 2 + (data[at + 1] & 0x7f)
    found.append(data[at:at + bytes_])
    at += bytes_
  return found


def filtered(there):
  """What a filter keeps back is acknowledged, too: a second run with that consumer has nothing more to read."""
  done = run('pump', '--from', f'{there}?durable=filter', '--to', target, '--frame', 'der', '--limit', '20000', '--filter', '30/04=0x07070707', '--stats', 'json')
  told = summary(done.stderr)
  wanted = [one for one in frames(20000) if one == der(0x30, der(4, b'\7' * 4))]
  check(done.returncode == 0 and told['filtered'] == 20000 - len(wanted) and slurp(target) == b''.join(wanted) and wanted, f'filter: {done.stderr}')
  empty = run('pump', '--from', f'{there}?durable=filter', '--to', target, '--frame', 'der', '--seconds', '1', '--stats', 'json')
  check(summary(empty.stderr)['frames_in'] == 0, f'what was filtered was not acknowledged: {empty.stderr}')


def stream(server):
  there = f'nats-js://{server.at}/certificates'
  for turn in range(2): # under the same id the second time stores nothing
    done = run('pump', '--from', source, '--to', f'{there}?subject=c.x&storage=memory&id=again', '--frame', 'der', '--stats', 'json')
    check(done.returncode == 0, f'stream {turn}: exit {done.returncode}: {done.stderr}')
    check(summary(done.stderr)['guarantee'].startswith('at least once, and stored once'), done.stderr)
  half = os.path.join(work, 'half')
  # The consumer remembers how far it was: what the first run had read and not written is given back, and comes to the second, in another order.
  for limit, path, after in (12000, half, 'stored'), (8000, target, 'fsync'):
    done = run('pump', '--from', f'{there}?durable=both', '--to', path, '--frame', 'der', '--limit', str(limit), '--ack-after', after, '--stats', 'json')
    check(done.returncode == 0, f'consumer: exit {done.returncode}: {done.stderr}')
    words = 'until the file is on its disk' if after == 'fsync' else 'a power cut may take'
    check(words in summary(done.stderr)['guarantee'], done.stderr)
  check(slurp(half) == b''.join(frames(20000)[:12000]), 'the first 12000 frames of the stream')
  check(sorted(split(slurp(target))) == sorted(frames(20000)[12000:]), 'the other 8000 frames of the stream')
  empty = run('pump', '--from', f'{there}?durable=both', '--to', target, '--frame', 'der', '--seconds', '1', '--stats', 'json')
  check(summary(empty.stderr)['frames_in'] == 0, f'something was not acknowledged: {empty.stderr}')
  filtered(there)


def batches(server):
  """Frames many to a message, stored twice by a run that is run again and batches otherwise, and read once."""
  there = f'nats-js://{server.at}/batches'
  for size in '64KiB', '16KiB&linger=5ms':
    done = run('pump', '--from', source, '--to', f'{there}?subject=b.x&storage=memory&id=same&batch={size}', '--frame', 'der', '--stats', 'json')
    check(done.returncode == 0, f'batches: exit {done.returncode}: {done.stderr}')
    check('by leat read once' in summary(done.stderr)['guarantee'], done.stderr)
  done = run('pump', '--from', f'{there}?durable=one', '--to', target, '--frame', 'der', '--seconds', '3', '--stats', 'json')
  check(done.returncode == 0, f'batches: exit {done.returncode}: {done.stderr}')
  check(slurp(target) == data, f'batches: {os.path.getsize(target)} bytes of {len(data)} were read')
  empty = run('pump', '--from', f'{there}?durable=one', '--to', target, '--frame', 'der', '--seconds', '1', '--stats', 'json')
  check(summary(empty.stderr)['frames_in'] == 0, f'something was not acknowledged: {empty.stderr}')


def refused(endpoint, text, write=True, seconds=20, code=3):
  began = time.monotonic()
  done = run('pump', '--from', source if write else endpoint, '--to', endpoint if write else target, '--frame', 'der', '--stats', 'none')
  check(done.returncode == code, f'{endpoint}: exit {done.returncode}: {done.stderr}')
  check(text in done.stderr and done.stderr.count('\n') == 1, f'{endpoint}: no {text!r} in {done.stderr!r}')
  check(time.monotonic() - began < seconds, f'{endpoint}: {time.monotonic() - began:.1f} s')


def faults(server):
  refused('nats://127.0.0.1:1/x', 'connect: ')
  refused(f'nats://{server.at}', 'missing name', code=1)
  refused(f'nats-js://{server.at}/none', 'there is no stream of that name; who writes with subject=S makes it')
  refused(f'nats-js://{server.at}/none?subject=a.*', 'subject=S is published to, so it has no * and no >', code=1)
  refused(f'nats-js://{server.at}/none?subject=a&storage=tape', 'storage must be file or memory', code=1)
  refused(f'nats-js://{server.at}/none?subject=a&replicas=9', 'replicas=9: must be 0 to 5', code=1)
  refused(f'nats-js://{server.at}/none?subject=a&duplicate_window=59', 'duplicate_window must be 60 s or more', code=1)
  refused(f'nats-js://{server.at}/certificates?subject=c.x&duplicate_window=121', 'its duplicate_window is shorter than the one given', code=1)
  refused(f'nats-js://{server.at}/none?subject=a&linger=5ms', 'linger is how long a batch waits for more, and needs batch=BYTES', code=1)
  refused(f'nats-js://{server.at}/none?subject=a&replicas=3', 'stream: ') # there is one server
  refused(f'nats://some:x@{server.at}/closed', 'Permission denied') # the server says so later, and the output fails
  refused(f'nats://nobody:x@{server.at}/x', 'connect: ')


def garbage():
  """A server that is none."""
  listener = socket.create_server(('127.0.0.1', 0))

  def answer():
    while True:
      try:
        peer, _ = listener.accept()
      except OSError:
        return
      peer.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n')
      peer.close()

  threading.Thread(target=answer, daemon=True).start()
  refused(f'nats://127.0.0.1:{listener.getsockname()[1]}/x', 'connect: ')
  listener.close()


def unverified():
  """TLS by a certificate that nobody has signed."""
  key, certificate = os.path.join(work, 'key.pem'), os.path.join(work, 'cert.pem')
  subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=127.0.0.1',
                  '-addext', 'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
  other = os.path.join(work, 'other.pem')
  subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', os.path.join(work, 'k'), '-out', other, '-days', '2', '-subj', '/CN=x'],
                 check=True, capture_output=True)
  server = Server(os.path.join(work, 'tls'), ACCOUNTS + f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}')
  refused(f'nats://{server.at}/x?tls_ca={other}', 'connect: ')
  done = run('pump', '--from', source, '--to', f'nats://{server.at}/x?tls_ca={certificate}', '--frame', 'der', '--stats', 'none')
  check(done.returncode == 0, f'tls: exit {done.returncode}: {done.stderr}')
  server.end()


one = Server(os.path.join(work, 'one'), ACCOUNTS)
published(one, '0')
published(one, '64KiB')
subscribed(one)
stream(one)
batches(one)
faults(one)
garbage()
unverified()
print(f'{len(data)} bytes in 20000 frames: published one by one, published many to a message, stored so twice and read once, subscribed, stored and read: the same')
