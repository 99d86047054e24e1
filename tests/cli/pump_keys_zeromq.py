#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --key` to a ZeroMQ publisher: each message is the key and then its frames, which libzmq itself reads, and a subscriber of leat's gets the frames of the
key that it asks for. Other sockets are refused."""
import ctypes
import ctypes.util
import os
import time

from leatcli import SECONDS, check, der, folder, message_bytes, run, slurp, spill, start, summary

PUB, SUB, SUBSCRIBE, RCVMORE, LAST_ENDPOINT, RCVTIMEO, RCVHWM, DONTWAIT = 1, 2, 6, 13, 32, 27, 24, 1
name = ctypes.util.find_library('zmq')
if not name:
  print('no libzmq')
  raise SystemExit(77)
zmq = ctypes.CDLL(name)
zmq.zmq_ctx_new.restype = zmq.zmq_socket.restype = ctypes.c_void_p
zmq.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
zmq.zmq_bind.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
zmq.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
zmq.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
zmq.zmq_getsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
work = folder()
COUNT = 5000


def frame(i):
  """Its key is a number, and none that could be a letter."""
  return der(0x30, der(0x02, bytes([i * i % 7])) + der(0x04, i.to_bytes(4, 'big') * (i % 50 + 1)))


buffer = ctypes.create_string_buffer(1 << 17)
frames = [frame(i) for i in range(COUNT)]
last = der(0x30, der(0x02, b'\x09'))


class Subscriber:

  def __init__(self):
    self.socket = zmq.zmq_socket(context, SUB)
    check(zmq.zmq_setsockopt(self.socket, SUBSCRIBE, b'', 0) == 0, 'subscribe')
    for option, value in (RCVTIMEO, 5000), (RCVHWM, 0):
      check(zmq.zmq_setsockopt(self.socket, option, ctypes.byref(ctypes.c_int(value)), 4) == 0, 'options')
    check(zmq.zmq_bind(self.socket, b'tcp://127.0.0.1:*') == 0, 'bind')
    name, size = ctypes.create_string_buffer(200), ctypes.c_size_t(200)
    zmq.zmq_getsockopt(self.socket, LAST_ENDPOINT, name, ctypes.byref(size))
    self.endpoint = 'zmq+' + name.value.decode()

  def next(self, flags=0):
    """The parts of a message; with DONTWAIT perhaps none."""
    parts = []
    while True:
      more, size = ctypes.c_int(), ctypes.c_size_t(4)
      got = zmq.zmq_recv(self.socket, buffer, len(buffer), flags)
      if got < 0 and flags == DONTWAIT:
        return None
      check(got >= 0, f'nothing came after {parts}')
      parts.append(buffer[:got])
      zmq.zmq_getsockopt(self.socket, RCVMORE, ctypes.byref(more), ctypes.byref(size))
      if not more.value:
        return parts


def split(data):
  found = []
  while data:
    size = data[1] + 2 if data[1] < 128 else data[2] + 3 if data[1] == 0x81 else int.from_bytes(data[2:4], 'big') + 4
    found.append(data[:size])
    data = data[size:]
  return found


def published(batch):
  """The subscriber is there when one of the first frames, of key 8, comes; then come all, and one of key 9."""
  subscriber = Subscriber()
  fifo = os.path.join(work, f'fifo{batch}')
  os.mkfifo(fifo)
  process = start('pump', '--from', fifo, '--to', f'{subscriber.endpoint}?type=pub&hwm=0&batch={batch}', '--frame', 'der', '--key', '30/02:number', '--stats', 'json')
  feed = open(fifo, 'wb', buffering=0)
  probes, until = 0, time.monotonic() + SECONDS
  while subscriber.next(DONTWAIT) is None: # the first are lost, as nobody has subscribed
    check(time.monotonic() < until, 'no probe has come')
    feed.write(der(0x30, der(0x02, b'\x08')))
    probes += 1
    time.sleep(0.01)
  feed.write(b''.join(frames) + last)
  feed.close()
  came, longest = {}, 0
  while 9 not in came:
    parts = subscriber.next()
    check(len(parts) == 2, f'{len(parts)} parts')
    key, inside = int(parts[0]), split(message_bytes(parts[1]))
    longest = max(longest, len(inside) if key < 8 else 0)
    came.setdefault(key, []).extend(inside)
  came.pop(8, [])
  check(came.pop(9) == [last], 'the last frame')
  check(came == {key: [frames[i] for i in range(COUNT) if i * i % 7 == key] for key in (0, 1, 2, 4)}, f'batch={batch}: other frames, or under other keys')
  check((longest > 1) == (batch > 0), f'batch={batch}: up to {longest} frames are one message')
  told = process.stderr.read().decode()
  check(process.wait(SECONDS) == 0 and summary(told)['frames_out'] == COUNT + probes + 1, told)


def subscribed():
  """leat on both sides: one key alone, and without it in what is written."""
  target, fifo = os.path.join(work, 'out'), os.path.join(work, 'fifo')
  os.mkfifo(fifo)
  wanted = [frames[i] for i in range(COUNT) if i * i % 7 == 4]
  path = os.path.join(work, 'ipc')
  reader = start('pump', '--from', f'zmq+ipc:{path}?type=sub&bind=1&topic=4&hwm=0', '--to', target, '--frame', 'der', '--limit', len(wanted), '--stats', 'json')
  until = time.monotonic() + SECONDS
  while not os.path.exists(path):
    check(time.monotonic() < until, 'the subscriber does not bind')
    time.sleep(0.01)
  writer = start('pump', '--from', fifo, '--to', f'zmq+ipc:{path}?type=pub&hwm=0', '--frame', 'der', '--key', '30/02:number', '--stats', 'none')
  with open(fifo, 'wb', buffering=0) as feed:
    time.sleep(2) # the subscription has come
    feed.write(b''.join(frames))
  check(writer.wait(SECONDS) == 0, writer.stderr.read())
  told = reader.stderr.read().decode()
  check(reader.wait(SECONDS) == 0 and slurp(target) == b''.join(wanted), f'the subscriber of one key: {told}')


context = zmq.zmq_ctx_new()
published(0)
published(65536)
subscribed()
source = spill(os.path.join(work, 'in'), frames[0])
for words in 'type=push', 'type=pub&topic=x', 'type=pair':
  done = run('pump', '--from', source, '--to', f'zmq+tcp://127.0.0.1:1?{words}', '--frame', 'der', '--key', '30/02')
  check(done.returncode == 1 and 'key: only type=pub sends one' in done.stderr and done.stderr.count('\n') == 1, f'{words}: {done.stderr}')
print(f'{COUNT} frames under four keys')
