#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `leat pump` pushes by ZeroMQ a plain libzmq program pulls byte for byte, one frame to a message or many; and the other way round."""
import os
import subprocess

from leatcli import SECONDS, announced, check, folder, frames, run, slurp, spill, start, summary

PEER = os.environ['ZMQ_PEER']
work = folder()
data = b''.join(frames(20000))
source, target = spill(os.path.join(work, 'in'), data), os.path.join(work, 'out')


def peer(*words, **streams):
  process = subprocess.Popen([PEER, *words], stderr=subprocess.PIPE, **streams)
  return process, 'zmq+' + process.stderr.readline().decode().strip()


def pushed():
  with open(target, 'wb') as out:
    process, endpoint = peer('pull', str(len(data)), stdin=subprocess.PIPE, stdout=out)
    done = run('pump', '--from', source, '--to', f'{endpoint}?type=push', '--frame', 'der', '--stats', 'json')
    check(done.returncode == 0, f'push: exit {done.returncode}: {done.stderr}')
    # All is written, for pump has waited for it; not yet read: the puller goes on until it has all.
    check(process.wait(SECONDS) == 0, f'push: the puller has fewer bytes, or more: exit {process.returncode}')
    process.stdin.close()
  check(summary(done.stderr)['bytes_out'] == len(data), f'push: {done.stderr}')
  check(slurp(target) == data, f'push: the puller got something else: {os.path.getsize(target)} bytes of {len(data)}')


def batched(more):
  """From leat to leat, where the batches are taken apart again."""
  puller = start('pump', '--from', 'zmq+tcp://127.0.0.1:0?type=pull&bind=1', '--to', target, '--frame', 'der', '--limit', '20000', '--stats', 'json')
  done = run('pump', '--from', source, '--to', f'{announced(puller)}?type=push&batch=64KiB{more}', '--frame', 'der', '--stats', 'json')
  check(done.returncode == 0, f'batch: exit {done.returncode}: {done.stderr}')
  check(puller.wait(SECONDS) == 0, f'batch: the puller: exit {puller.returncode}')
  check(slurp(target) == data, f'batch: the puller got something else: {os.path.getsize(target)} bytes of {len(data)}')


def pulled():
  with open(source, 'rb') as feed:
    process, endpoint = peer('push', stdin=feed)
    done = run('pump', '--from', f'{endpoint}?type=pull', '--to', target, '--frame', 'der', '--limit', '20000', '--stats', 'json')
  check(done.returncode == 0, f'pull: exit {done.returncode}: {done.stderr}')
  check(process.wait(SECONDS) == 0, f'the pusher: exit {process.returncode}')
  check(slurp(target) == data, f'pull: the output differs')


pushed()
batched('')
batched('&linger=5ms')
pulled()
print(f'{len(data)} bytes in 20000 frames: pushed one by one, pushed many to a message, pulled: the same')
