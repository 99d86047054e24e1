#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --key`: each frame under the subject of its key, by core NATS and into a stream of JetStream, alone or with others of its key in one message;
what a stream or an endpoint has no place for is refused. What a key looks like, in every form."""
import os

from leatcli import check, der, folder, message_bytes, need, run, slurp, spill, summary
from natsd import Server

need('nats-server')
work = folder()
server = Server(os.path.join(work, 'server'))


def record(number, text):
  return der(0x30, der(0x02, number.to_bytes(number.bit_length() // 8 + 1, 'big')) + der(0x0c, text))


records = [record(i, b'pump%d' % (i * i % 5)) for i in range(600)]
source = spill(os.path.join(work, 'in'), b''.join(records))


def key_of(i):
  return f'pump{i * i % 5}'


def split(data):
  """The records of a message, which are shorter than 128 bytes."""
  found, data = [], message_bytes(data)
  while data:
    found.append(data[:data[1] + 2])
    data = data[data[1] + 2:]
  return found


def pump(to, key, **keywords):
  return run('pump', '--from', keywords.get('source', source), '--to', to, '--frame', keywords.get('frame', 'der'), '--key', key, '--stats', 'json')


def by_subject(messages, root, batch):
  """The numbers of the records that each key's messages hold, in order; each message has but one key."""
  number = {one: i for i, one in enumerate(records)}
  found, longest = {}, 0
  for subject, data in messages:
    check(subject.startswith(root + '.'), f'the subject {subject}')
    numbers = [number[one] for one in split(data)]
    check(all(key_of(i) == subject[len(root) + 1:] for i in numbers), f'{subject} holds {numbers}')
    found.setdefault(subject[len(root) + 1:], []).extend(numbers)
    longest = max(longest, len(numbers))
  check((longest > 1) == (batch > 0), f'batch={batch}: up to {longest} frames are one message')
  check(found == {key_of(i): [j for j in range(600) if key_of(j) == key_of(i)] for i in range(5)}, f'batch={batch}: {[(k, len(v)) for k, v in found.items()]}')


def core(batch):
  client = server.client()
  client.subscribe('plain.>')
  client.flush()
  done = pump(f'nats://{server.at}/plain.here?batch={batch}', '30/0c')
  check(done.returncode == 0 and summary(done.stderr)['frames_out'] == 600, f'nats: exit {done.returncode}: {done.stderr}')
  messages, frames = [], 0
  while frames < 600:
    messages.append(client.next())
    check(messages[-1] is not None, f'{frames} of 600 frames came')
    frames += len(split(messages[-1][1]))
  by_subject(messages, 'plain.here', batch)
  client.close()


def stream(name, batch, subjects):
  done = pump(f'nats-js://{server.at}/{name}?subject={name}.here&storage=memory&batch={batch}{subjects}', '30/0c')
  check(done.returncode == 0 and summary(done.stderr)['frames_out'] == 600, f'nats-js: exit {done.returncode}: {done.stderr}')
  by_subject(server.stored(name), f'{name}.here', batch)


def consumer(name):
  """Who wants one key's frames reads that subject."""
  target = os.path.join(work, 'out')
  wanted = [one for i, one in enumerate(records) if key_of(i) == 'pump4']
  done = run('pump', '--from', f'nats-js://{server.at}/{name}?subject={name}.here.pump4&durable=four', '--to', target, '--frame', 'der', '--limit', len(wanted))
  check(done.returncode == 0 and slurp(target) == b''.join(wanted), f'consumer: exit {done.returncode}: {done.stderr}')


def forms():
  """What a value looks like as a key; each way, and as leat finds."""
  values = [(b'abc', 'abc', 'abc', '6382179', '616263'), (b'', '-', '-', '-', '-'), (b'\0', '0', '-', '0', '00'), (b'eth0\0', 'eth0', 'eth0', '435744681984', '6574683000'),
            (b'a b', '6365282', '-', '6365282', '612062'), (b'a.b', '6368866', '-', '6368866', '612e62'), (b'*', '42', '-', '42', '2a'), (b'>', '62', '-', '62', '3e'),
            (b'A', 'A', 'A', '65', '41'), (b'\xff' * 8, str(2**64 - 1), '-', str(2**64 - 1), 'ff' * 8), (b'\0' * 9, '00' * 9, '-', '-', '00' * 9),
            (b'\x80' * 40, '80' * 16, '-', '-', '80' * 16), (b'x' * 40, 'x' * 32, 'x' * 32, '-', '78' * 16), (b'\r\n', '3338', '-', '3338', '0d0a'),
            ('\u00e9'.encode(), '50089', '-', '50089', 'c3a9'), (b'\x7f', '127', '-', '127', '7f'), (b'~', '~', '~', '126', '7e')]
  path = spill(os.path.join(work, 'values'), b''.join(der(0x30, der(4, value)) for value, *_ in values) + der(0x30, b''))
  for place, form in enumerate(('', ':text', ':number', ':hex'), 1):
    client = server.client()
    client.subscribe('form.*')
    client.flush()
    done = pump(f'nats://{server.at}/form', '30/04' + form, source=path)
    check(done.returncode == 0, f'{form}: exit {done.returncode}: {done.stderr}')
    for wanted in [line[place] for line in values] + ['-']:
      came = client.next(5)
      check(came is not None and came[0] == 'form.' + wanted, f'{form}: {came}, not {wanted}')
    client.close()


def refused(to, text, key='30/0c', code=1):
  done = pump(to, key)
  check(done.returncode == code and text in done.stderr and done.stderr.count('\n') == 1, f'{to}, {key}: exit {done.returncode}: {done.stderr}')


for batch in 0, 65536:
  core(batch)
  stream(f'made{batch}', batch, '')
  stream(f'wide{batch}', batch, f'&subjects=wide{batch}.>')
consumer('made0')
forms()
server.make_stream('narrow', ['narrow', 'narrow.*.x', 'other.*'])
refused(f'nats-js://{server.at}/narrow?subject=narrow', 'key: the stream takes no subject that is subject=S and a key')
refused(f'nats-js://{server.at}/narrow?subject=narrow.a.b', 'key: the stream takes no subject that is subject=S and a key')
refused(f'nats-js://{server.at}/none?subject=none&subjects=none', 'key: the stream takes no subject that is subject=S and a key')
check(pump(f'nats-js://{server.at}/narrow?subject=other', '30/0c').returncode == 0, 'other.*')
for to in os.path.join(work, 'file'), 'null:', 'tcp://127.0.0.1:1':
  refused(to, 'key: nothing here goes out with a key')
for key, words in ('30/zz', 'its path'), ('30/0c:words', 'PATH:text'), (':text', 'its path'), ('30/0c:', 'PATH:text'):
  refused(f'nats://{server.at}/x', words, key)
server.end()
print('600 records under five keys, by core NATS and in streams')
