#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""strace makes system calls of `leat pump` fail: what may be tried again leaves no trace, what may not is told in one line, and nothing
is lost or doubled: in = out + in flight, and the output is the input up to the offset that is told.

Each fault comes once at the n-th call, at every k-th, or at each from the n-th on (or for a long while).
"""
import itertools
import os
import re
import subprocess

from ends import KINDS, LISTENERS, READS, RECORDS, WRITES, carry, environment, fault, need_strace, new_path, shim
from leatcli import LEAT, check, frames, run, slurp, spill, summary

need_strace()
pieces = frames(600)
data = b''.join(pieces)
ends = list(itertools.accumulate(map(len, pieces), initial=0))  # where a frame begins or the last one ends
empty = run('pump', '--from', '/dev/null', '--to', 'null:', '--frame', 'der', '--stats', 'json')
sanitized = summary(empty.stderr)['allocations_after_warmup'] is None
runs = 0
WORDS = {'ENOSPC': 'No space left on device', 'EIO': 'Input/output error', 'EPIPE': 'Broken pipe', 'ECONNRESET': 'Connection reset by peer',
         'ENOMEM': 'Cannot allocate memory', 'EMFILE': 'Too many open files', 'EAGAIN': 'Resource temporarily unavailable'}


def tried(source, target, made_to_fail, *more, **keywords):
  """A run with the fault, which did happen."""
  global runs
  runs += 1
  done = carry(data, source, target, *more, fault=made_to_fail, seconds=20, **keywords)
  check(done.code >= 0, f'{done.what}: killed by signal {-done.code}: {done.stderr}')
  return done


def survives(source, target, made_to_fail, slowly=False, **keywords):
  for pause in (0.005, 0.2) if slowly else (0,):  # a busy machine may not come to wait in the shorter one
    done = tried(source, target, made_to_fail, slowly=pause, **keywords)
    if done.injected > 0:
      break
  check(done.injected > 0, f'{done.what}: it never happened')
  check(done.code == 0, f'{done.what}: exit {done.code}: {done.stderr}')
  told = summary(done.stderr)
  check(len(done.stderr.splitlines()) == 1, f'{done.what}: says more than its summary: {done.stderr}')
  check(told['frames_in'] == told['frames_out'] == len(pieces) and told['bytes_out'] == len(data), f'{done.what}: {told}')
  check(done.got == data, f'{done.what}: the output differs: {len(done.got)} bytes of {len(data)}')


def told_fault(done, end, verb, error):
  """The one line of a run that failed: it names the endpoint and, returned, the offset; and the summary."""
  lines = done.stderr.splitlines()
  check(len(lines) == 2, f'{done.what}: not one line and a summary: {done.stderr}')
  line = re.fullmatch(rf'leat: {re.escape(end.named)}: offset (\d+): {verb}: {WORDS[error]}', lines[0])
  check(line, f'{done.what}: {lines[0]!r}')
  return int(line[1]), summary(done.stderr)


def whole_frames(done, told):
  """bytes_out are those of frames_out, the first of the stream."""
  check(told['bytes_out'] == ends[told['frames_out']], f'{done.what}: bytes_out are not those of the first frames: {told}')


def output_fails(source, target, call, error, when, exact=None, **keywords):
  """At the n-th write: all before it is out, nothing after it, and the ledger counts the whole frames of that. False: there was none."""
  done = tried(source, target, fault(call, error, when, 'target' if call in ('writev', 'write') else None), **keywords)
  if done.injected == 0:
    check(done.code == 0 and done.got == data, f'{done.what}: nothing failed, yet: exit {done.code}: {done.stderr}')
    return False
  gone = error == 'EPIPE' and done.target.endpoint == '-'
  check(done.code == (141 if gone else 3), f'{done.what}: exit {done.code}: {done.stderr}')
  offset, told = told_fault(done, done.target, 'write', error)
  whole_frames(done, told)
  check(done.got == data[:offset], f'{done.what}: {len(done.got)} bytes came out, up to offset {offset} was told')
  check(exact is None or offset == exact, f'{done.what}: offset {offset}, not {exact}')
  check(told['bytes_out'] <= offset < ends[told['frames_out'] + 1], f'{done.what}: frames that are out are not counted: {offset}: {told}')
  check(told['frames_in'] > told['frames_out'] and told['in_flight'] > 0, f'{done.what}: the frame that failed is not in flight: {told}')
  return True


def input_fails(source, target, call, error, when):
  """At the n-th read: every frame that was whole before is delivered. False: there was none."""
  done = tried(source, target, fault(call, error, when, 'source' if call == 'read' else None))
  if done.injected == 0:
    check(done.code == 0 and done.got == data, f'{done.what}: nothing failed, yet: exit {done.code}: {done.stderr}')
    return False
  check(done.code == 3, f'{done.what}: exit {done.code}: {done.stderr}')
  offset, told = told_fault(done, done.source, 'read', error)
  whole_frames(done, told)
  check(offset == told['bytes_in'] == told['bytes_out'] == len(done.got), f'{done.what}: not every frame before offset {offset}: {told}')
  check(done.got == data[:offset] and told['in_flight'] == 0, f'{done.what}: not exactly the frames before the fault: {told}')
  return True


def cannot(done, *errors):
  """A run for which something could not be had ends with one line, or well."""
  if done.code == 0:
    check(done.got == data, f'{done.what}: exit 0, but the output differs: {done.stderr}')
    summary(done.stderr)
    return
  lines = done.stderr.splitlines()
  check(lines and not lines[0].startswith('{'), f'{done.what}: exit {done.code} and no word of it: {done.stderr}')
  if done.code == 127 or not lines[0].startswith('leat: '):
    check('error while loading shared libraries' in done.stderr, f'{done.what}: exit {done.code}: {done.stderr}')
    return  # the loader's, before leat began
  check(done.code == 3, f'{done.what}: exit {done.code}: {done.stderr}')
  check(len(lines) == (2 if lines[-1].startswith('{') else 1), f'{done.what}: not one line: {done.stderr}')
  check(any(lines[0].endswith(': ' + WORDS[error]) for error in errors), f'{done.what}: {lines[0]!r}')
  check(data.startswith(done.got), f'{done.what}: what came out is not what went in')


def calls_before_main(call):
  """How often the loader calls it; what is made to fail of those is not leat's to survive."""
  log = new_path('log')
  traced = subprocess.run(['strace', '-o', log, '-e', f'trace={call},write', LEAT, '--version'], capture_output=True, env=environment(),
                          timeout=20)
  check(b'leat' in traced.stdout and traced.returncode == 0, f'--version: {traced}')
  return slurp(log).split(b'write(1')[0].count(call.encode() + b'(')


def a_file_keeps_its_offset():
  """stdin and stdout are files that others have read from and written to. What tells files from what can make one wait cannot be had."""
  before = b'written before'
  source, target, log = spill(new_path('in'), pieces[0] + data), spill(new_path('out'), before), new_path('log')
  for call, when in itertools.product(('epoll_create1', 'epoll_ctl'), ('1', '2', '1+')):
    spill(target, before)
    with open(source, 'rb') as origin, open(target, 'ab') as appended:
      os.lseek(origin.fileno(), len(pieces[0]), os.SEEK_SET)
      done = subprocess.run(['strace', '-f', '-qq', '-o', log, '-e', f'inject={call}:error=ENOMEM:when={when}', LEAT, 'pump', '--from', '-',
                             '--to', '-', '--frame', 'der', '--stats', 'none'], stdin=origin, stdout=appended, stderr=subprocess.PIPE,
                            timeout=20, env=environment())
    check(b'(INJECTED)' in slurp(log), f'{call}, {when}: it never happened')
    check(done.returncode in (0, 3), f'{call}, {when}: exit {done.returncode}: {done.stderr}')
    check(slurp(target) == before + (data if done.returncode == 0 else b''), f'{call}, {when}: exit {done.returncode}, the file differs')


# What is to be tried again. Sockets have calls of their own; of read, write and writev only those of the named end fail.
for kind in KINDS + LISTENERS + RECORDS:
  call, shown = READS.get(kind, 'recvfrom'), 'source' if READS.get(kind) == 'read' else None
  for error, when in itertools.product(('EINTR', 'EAGAIN'), ('1', '1+2', '2..300')):
    survives(kind, 'file', fault(call, error, when, shown))
  call, shown = WRITES.get(kind, 'sendmsg'), 'target' if WRITES.get(kind) == 'writev' else None
  for error, when in itertools.product(('EINTR', 'EAGAIN'), ('1', '1+2', '2..300')):
    survives('file', kind, fault(call, error, when, shown))

# Waiting. An eventfd that says EAGAIN to a write is full, and readable: nothing else makes it say so, and neither do we.
for source, target in (('tcp', 'unix'), ('unix-listen', 'tcp'), ('fifo', 'fifo'), ('pipe', 'pipe')):
  for error, when in itertools.product(('EINTR', 'EAGAIN'), ('1', '1+2', '1..100')):
    survives(source, target, fault('ppoll', error, when), slowly=True)
for error, when in itertools.product(('EINTR', 'EAGAIN'), ('1', '1+2', '1..100')):
  survives('pipe', 'pipe', fault('read', error, when, 'anon_inode:[eventfd]'), slowly=True)
for when in ('1', '1+2', '1..100'):
  survives('pipe', 'pipe', fault('write', 'EINTR', when, 'anon_inode:[eventfd]'), slowly=True)
for call, target in (('poll', 'tcp'), ('connect', 'tcp'), ('connect', 'unix')):
  survives('file', target, fault(call, 'EINTR', '1..3'))
for listener, error in itertools.product(LISTENERS, ('EINTR', 'ECONNABORTED', 'EAGAIN')):
  survives(listener, 'file', fault('accept4', error, '1..3'))
survives('file', 'file', fault('openat', 'EINTR', '1..3', 'source'))
survives('file', 'file', fault('openat', 'EINTR', '1..3', 'target'))
survives('file', 'file', fault('close', 'EINTR', '1', 'target'))

# What a kernel or a sandbox may not have, and leat does without.
for call, error in (('membarrier', 'ENOSYS'), ('membarrier', 'EPERM'), ('madvise', 'EINVAL'), ('prctl', 'EINVAL')):
  if not (sanitized and call == 'madvise'):  # a sanitizer that cannot advise about its own memory ends the process
    survives('file', 'file', fault(call, error, '1+'))
survives('file', 'tcp', fault('shutdown', 'ENOTCONN', '1+'))
for error in ('ENOSYS', 'EPERM'):
  survives('unix-seqpacket', 'file', fault('recvmmsg', error, '1+'))
  survives('file', 'unix-seqpacket', fault('sendmmsg', error, '1+'))

# A device that says EAGAIN or EINTR for ever: --seconds ends the run, with whole frames. (One that does so to a write holds them: the
# drain has no end but a signal's.)
for kind, error in itertools.product(('file', 'unix'), ('EAGAIN', 'EINTR')):
  done = tried(kind, 'file', fault(READS.get(kind, 'recvfrom'), error, '2+', 'source' if kind in READS else None), '--seconds', '0.2')
  told = summary(done.stderr)
  check(done.injected > 0 and done.code == 0 and told['seconds'] < 15, f'{done.what}: exit {done.code}: {done.stderr}')
  whole_frames(done, told)
  check(done.got == data[:told['bytes_out']] and told['in_flight'] == 0, f'{done.what}: {told}')

# What ends the output, at the n-th write; once: nothing may be written after it.
for kind, error in (('file', 'ENOSPC'), ('file', 'EIO'), ('fifo', 'EPIPE'), ('pipe', 'EPIPE'), ('pipe', 'EIO'), ('socket', 'EPIPE'),
                    ('socket', 'ECONNRESET'), ('unix', 'EPIPE'), ('unix', 'ECONNRESET'), ('tcp', 'ECONNRESET'), ('tcp', 'EPIPE'),
                    ('tcp-listen', 'ECONNRESET'), ('unix-listen', 'EPIPE'), ('unix-seqpacket', 'EPIPE')):
  call = WRITES.get(kind, 'sendmsg')
  failed = [output_fails('file', kind, call, error, when) for when in (1, 2, 3, 5, '2+', '3+2')]
  check(failed[0] and failed[1] and failed[4], f'{kind}: fewer than two writes failed')

# And at every place of a frame: each write takes one byte, then three.
cutter = shim('cut_calls')
for cut, kind in ((1, 'file'), (1, 'unix'), (3, 'pipe')):
  os.environ['CUT_WRITES'] = str(cut)
  for offset in range(ends[2] // 3 * 3 - 6, ends[2] + 6, cut):
    failed = output_fails('file', kind, WRITES.get(kind, 'sendmsg'), 'EIO', offset // cut + 1, exact=offset, preload=cutter)
    check(failed, f'{kind}: no write at {offset}')

# What ends the input, at the n-th read.
for kind, error in (('file', 'EIO'), ('fifo', 'EIO'), ('pipe', 'EIO'), ('socket', 'ECONNRESET'), ('unix', 'ECONNRESET'),
                    ('tcp', 'ECONNRESET'), ('tcp', 'EIO'), ('tcp-listen', 'ECONNRESET'), ('unix-listen', 'ECONNRESET'),
                    ('unix-seqpacket', 'ECONNRESET')):
  call = READS.get(kind, 'recvfrom')
  failed = [input_fails(kind, 'file', call, error, when) for when in (1, 2, 3, 4, '2+', '3+2')]
  check(failed[0] and failed[1] and failed[4], f'{kind}: fewer than two reads failed')

# An error that a file keeps for its close.
done = tried('file', 'file', fault('close', 'EIO', '1', 'target'))
check(done.injected and done.code == 3 and done.got == data, f'{done.what}: exit {done.code}: {done.stderr}')
check(done.stderr.splitlines()[0] == f'leat: {done.target.named}: close: Input/output error', f'{done.what}: {done.stderr}')

# Descriptors that cannot be had, at the n-th call until none fails, once and from there on.
for call, source, target in (('openat', 'file', 'file'), ('openat', 'pipe', 'pipe'), ('eventfd2', 'file', 'file'),
                             ('epoll_create1', 'file', 'file'), ('epoll_create1', 'pipe', 'pipe'), ('socket', 'tcp', 'unix'),
                             ('socket', 'unix-listen', 'tcp'), ('memfd_create', 'file', 'file')):
  for more in ('', '+'):
    for n in itertools.count(1):
      done = tried(source, target, fault(call, 'EMFILE', f'{n}{more}'))
      cannot(done, 'EMFILE')
      if done.injected == 0:
        check(n > 1 and done.code == 0, f'{done.what}: none to fail')
        break
for end in ('source', 'target'):
  done = tried('file', 'file', fault('openat', 'EMFILE', '1', end))
  named = done.source if end == 'source' else done.target
  line = f'leat: {named.named}: open: Too many open files\n'
  check(done.code == 3 and done.stderr == line, f'{done.what}: exit {done.code}: {done.stderr}')
for listener, error in itertools.product(LISTENERS, ('EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM')):
  survives(listener, 'file', fault('accept4', error, '1'))
  survives(listener, 'file', fault('accept4', error, '1..5'))
  done = tried(listener, 'file', fault('accept4', error, '1+'), '--seconds', '0.1')
  check(done.code == 0 and summary(done.stderr)['frames_in'] == 0, f'{done.what}: exit {done.code}: {done.stderr}')

a_file_keeps_its_offset()

# Memory and threads that cannot be had. A sanitizer that cannot have its own ends the process, and says so.
if not sanitized:
  for call, error in (('mmap', 'ENOMEM'), ('mprotect', 'ENOMEM'), ('ftruncate', 'ENOSPC'), ('clone3', 'EAGAIN')):
    before = calls_before_main(call)
    for more in ('', '+'):
      for n in itertools.count(1 + before):
        done = tried('file', 'file', fault(call, error, f'{n}{more}'))
        cannot(done, error, 'EAGAIN')  # EAGAIN: what a thread says that gets no stack
        if done.injected == 0:
          check(n > 1 + before and done.code == 0, f'{done.what}: none to fail')
          break
print(f'{runs} runs')
