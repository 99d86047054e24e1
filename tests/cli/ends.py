# SPDX-License-Identifier: MIT
"""Both ends of a `leat pump`, played here while it runs, and what is put between it and the system: strace, a preloaded shim."""
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types

from leatcli import HERE, LEAT, SECONDS, check, fail, folder, need, slurp, spill

work = os.path.realpath(folder())
numbers = itertools.count()
KINDS = ['file', 'fifo', 'pipe', 'socket', 'unix', 'tcp']  # pipe and socket: inherited as stdin or stdout
LISTENERS = ['unix-listen', 'tcp-listen']
RECORDS = ['unix-seqpacket']
CALLED = ['unix', 'tcp', *RECORDS]  # leat connects, and what is here listens
READS = {'file': 'read', 'fifo': 'read', 'pipe': 'read', 'unix-seqpacket': 'recvmmsg,recvmsg'}  # leat's call for each; the others: recvfrom
WRITES = {'file': 'writev', 'fifo': 'writev', 'pipe': 'writev', 'unix-seqpacket': 'sendmmsg,sendmsg'}  # the others: sendmsg


def new_path(name):
  return os.path.join(work, f'{next(numbers)}.{name}')


class End:
  """endpoint: its name for leat; named: what leat calls it; shown: its name for strace's -P, where that tells it from what else is read and
  written."""

  def __init__(self, kind, reads):
    self.kind, self.reads = kind, reads  # reads: leat writes to this end, and it is read here
    self.endpoint, self.shown, self.inherited, self.gate, self.path = '-', None, None, None, None
    self.data, self.got, self.thread = b'', b'', None
    self.at_once, self.pause = 10000 if kind in RECORDS else 1 << 30, 0  # how the data is fed: bytes, and the seconds after them
    if kind in ('file', 'fifo'):
      self.endpoint = self.shown = self.path = new_path(kind)
      if kind == 'fifo':
        os.mkfifo(self.path)
    elif kind == 'pipe':
      far, near = os.pipe()
      self.inherited, self.gate = (near, far) if reads else (far, near)
      self.shown = f'pipe:[{os.fstat(near).st_ino}]'
    elif kind == 'socket':
      self.gate, self.inherited = socket.socketpair()
    elif kind in ('unix', 'unix-seqpacket'):
      self.path = new_path('sock')
      self.gate = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if kind == 'unix' else socket.SOCK_SEQPACKET)
      self.gate.bind(self.path)
      self.endpoint = f'{kind}:{self.path}'
    elif kind == 'tcp':
      self.gate = socket.socket()
      self.gate.bind(('127.0.0.1', 0))
      self.endpoint = 'tcp://127.0.0.1:%d' % self.gate.getsockname()[1]
    else:
      self.endpoint = f'unix-listen:{new_path("sock")}' if kind == 'unix-listen' else 'tcp-listen://127.0.0.1:0'
    self.named = self.endpoint
    if kind in CALLED:
      self.gate.listen()

  def begin(self, address=None):
    """leat runs; a listener told its address."""
    self.named = address or self.named
    if self.kind != 'file':
      self.thread = threading.Thread(target=self.act, args=(address,), daemon=True)
      self.thread.start()

  def act(self, address):
    try:
      if self.kind == 'fifo':
        self.converse(open(self.path, 'rb' if self.reads else 'wb', buffering=0))
      elif self.kind == 'pipe':
        self.converse(open(self.gate, 'rb' if self.reads else 'wb', buffering=0))
      elif self.kind == 'socket':
        self.converse(self.gate)
      elif self.kind in CALLED:
        self.converse(self.gate.accept()[0])
      elif address.startswith('unix:'):
        self.converse(socket.socket(socket.AF_UNIX), address[len('unix:'):])
      else:
        host, port = address[len('tcp://'):].rsplit(':', 1)
        self.converse(socket.socket(), (host, int(port)))
    except OSError:
      pass  # leat went away before the end, as it may after a fault

  def converse(self, stream, address=None):
    with stream:
      if address is not None:
        stream.connect(address)
      if not self.reads:
        for at in range(0, len(self.data), self.at_once):
          rest = memoryview(self.data)[at:at + self.at_once]
          while rest:
            rest = rest[stream.send(rest) if isinstance(stream, socket.socket) else stream.write(rest):]
          time.sleep(self.pause)
        return
      piece = True
      while piece:
        piece = stream.recv(1 << 16) if isinstance(stream, socket.socket) else stream.read(1 << 16)
        self.got += piece

  def end(self):
    """leat is gone: whoever still waits for it here is released."""
    if self.kind in CALLED:
      with socket.socket(self.gate.family, self.gate.type) as last:  # behind leat in the queue, if that called at all
        last.connect(self.gate.getsockname())
    if self.kind == 'fifo' and self.thread.is_alive():
      try:
        os.close(os.open(self.path, (os.O_WRONLY if self.reads else os.O_RDONLY) | os.O_NONBLOCK))
      except OSError:
        pass
    if self.thread:
      self.thread.join(SECONDS)
      check(not self.thread.is_alive(), f'{self.endpoint}: the other end still waits')
    if self.kind == 'file' and self.reads and os.path.exists(self.path):
      self.got = slurp(self.path)
    if self.kind in CALLED:
      self.gate.close()
    if self.path and os.path.exists(self.path):
      os.unlink(self.path)


def shim(name):
  """Compiles tests/cli/NAME.c; its path, to be preloaded."""
  compiler = os.environ.get('CC', 'cc').split()
  need(compiler[0])
  made = os.path.join(work, name + '.so')
  subprocess.run([*compiler, '-O1', '-shared', '-fPIC', '-o', made, os.path.join(HERE, name + '.c'), '-ldl'], check=True)
  return made


def environment(preload=None):
  """With what the sanitizers must be told: no look for leaks, which cannot be had beside strace, and no word about the shim."""
  options = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0:verify_asan_link_order=0'
  return dict(os.environ, ASAN_OPTIONS=options.lstrip(':'), **({'LD_PRELOAD': preload} if preload else {}))


def need_strace():
  need('strace')
  tried = subprocess.run(['strace', '-o', '/dev/null', 'true'], capture_output=True, timeout=SECONDS)
  if tried.returncode != 0:
    print('SKIPPED: strace must not trace here: ' + tried.stderr.decode().strip())
    sys.exit(77)


def fault(call, error, when, shown=None):
  """Every `call` that `when` names, of those that touch `shown`, fails with the error, in each thread by its own count."""
  return types.SimpleNamespace(call=call, error=error, when=when, shown=shown, text=f'{error} of {call}, {when}')


def strace(fault, log, preload):
  return ['strace', '-f', '-qq', '-o', log, '-e', f'trace={fault.call}', '-e', f'inject={fault.call}:error={fault.error}:when={fault.when}',
          *(['-P', fault.shown] if fault.shown else []), *(['-E', f'LD_PRELOAD={preload}'] if preload else [])]


def started(source, target, more, fault, preload, log):
  command = [LEAT, 'pump', '--from', source.endpoint, '--to', target.endpoint, '--frame', 'der', '--stats', 'json', *map(str, more)]
  process = subprocess.Popen((strace(fault, log, preload) if fault else []) + command, bufsize=0, start_new_session=True,
                             env=environment(None if fault else preload), stderr=subprocess.PIPE,
                             stdin=subprocess.DEVNULL if source.inherited is None else source.inherited,
                             stdout=subprocess.DEVNULL if target.inherited is None else target.inherited)
  for end in (source, target):
    if end.inherited is not None:
      os.close(end.inherited) if isinstance(end.inherited, int) else end.inherited.close()
  return process


def address_of(line):
  """Where the listener of that line is called; None: it does not say that it listens."""
  words = line.decode().strip()
  return words[len('leat: listening on '):] if words.startswith('leat: listening on ') else None


def carry(data, source, target, *more, fault=None, preload=None, seconds=SECONDS, slowly=0):
  """Pumps the data from one kind of end to another, with pauses of `slowly` seconds. What came out (got), code, stderr, and how many calls were made to fail."""
  source, target = End(source, False), End(target, True)
  source.data = data
  if slowly:
    source.at_once, source.pause = len(data) // 4 + 1, slowly
  if source.kind == 'file':
    spill(source.path, data)
  if fault and fault.shown in ('source', 'target'):
    fault.shown = {'source': source, 'target': target}[fault.shown].shown
  log = new_path('log') if fault else None
  process = started(source, target, more, fault, preload, log)
  what = f'{source.kind} to {target.kind}, {fault.text if fault else "no fault"}'
  late = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
  late.start()
  told = b''
  for end in (source, target):
    if end.kind in LISTENERS:
      line = process.stderr.readline()
      address = address_of(line)
      told += b'' if address else line
      if address:
        end.begin(address)
    else:
      end.begin()
  told += process.stderr.read()
  code = process.wait()
  check(late.is_alive(), f'{what}: hangs: {told.decode()}')
  late.cancel()
  source.end()
  target.end()
  injected = 0
  if fault:
    injected = slurp(log).count(b'(INJECTED)')
    os.unlink(log)
  # strace's own word, where the process ended in the call that it was to tamper with.
  words = ''.join(line for line in told.decode().splitlines(True) if not line.startswith('strace: Failed to tamper with process'))
  return types.SimpleNamespace(what=what, code=code, stderr=words, got=target.got, injected=injected, source=source, target=target)
