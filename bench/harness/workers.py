# SPDX-License-Identifier: MIT
"""Workers: the programs that measure, one per peer, each in a process group of its own. See bench/worker/worker.cpp for what they speak."""
import glob
import json
import os
import select
import signal
import subprocess

LIST_SECONDS = 30


class Failed(Exception):
  """A worker that died, or was killed because it did not answer. `fate` is killed or hung."""

  def __init__(self, fate, why):
    super().__init__(why)
    self.fate = fate


class Worker:
  """One peer's program: started when first needed, and anew after it died."""

  def __init__(self, path, cpus):
    self.path, self.cpus = path, cpus
    self.family, self.peer = os.path.basename(path).split('-', 1)
    self.process = None

  def start(self):
    # Its standard error goes where ours goes only if asked for: some peers chat.
    quiet = None if os.environ.get('BENCH_VERBOSE') else subprocess.DEVNULL
    self.process = subprocess.Popen([self.path, *map(str, self.cpus)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet,
                                    start_new_session=True)
    self.pending = b''

  def say(self, line):
    if self.process is None:
      self.start()
    try:
      self.process.stdin.write(line.encode() + b'\n')
      self.process.stdin.flush()
    except BrokenPipeError:
      pass  # it died; whoever waits for its answer hears how

  def answer(self, seconds):
    """Returns the next line, or raises Failed once the worker is gone or `seconds` are over; it is killed then."""
    out = self.process.stdout.fileno()
    while b'\n' not in self.pending:
      if not select.select([out], [], [], seconds)[0]:
        self.stop()
        raise Failed('hung', f'no answer within {seconds:.0f} s')
      more = os.read(out, 65536)
      if not more:
        code = self.process.wait()
        self.stop()
        raise Failed('killed', f'it ended by signal {signal.Signals(-code).name}' if code < 0 else f'it ended with exit status {code}')
      self.pending += more
    line, _, self.pending = self.pending.partition(b'\n')
    return line.decode()

  def rest(self):
    if self.process is not None:
      self.say('rest')

  def cases(self):
    """Returns what the worker says of each of its cases."""
    self.say('list')
    found = []
    while line := self.answer(LIST_SECONDS):
      found.append(json.loads(line))
    return found

  def stop(self):
    """The worker and whatever it started are gone."""
    if self.process is None:
      return
    try:
      os.killpg(self.process.pid, signal.SIGKILL)
    except ProcessLookupError:
      pass
    self.process.wait()
    self.process.stdin.close() if not self.process.stdin.closed else None
    self.process.stdout.close()
    self.process = None


def find(build, cpus):
  """Returns the workers that are built, in order of name."""
  return [Worker(path, cpus) for path in sorted(glob.glob(os.path.join(build, 'bench', '*-*')))
          if os.access(path, os.X_OK) and os.path.isfile(path) and not path.endswith(('.cpp', '.p'))]


def skipped(build):
  """Returns (family, peer, package) of each peer that was not built."""
  with open(os.path.join(build, 'bench', 'skipped.tsv')) as file:
    return [tuple(line.rstrip('\n').split('\t')) for line in file if line.strip()]
