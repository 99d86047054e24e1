#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --repeat` file to file: the output is identical, no memory is taken after warm-up, and a counter outside agrees.

LEAT_TEST_SMALL and LEAT_TEST_LARGE: bytes of the two runs that must make the same number of calls (16 MiB and 128 MiB; the full test
takes 64 MiB and 1 GiB).
"""
import json
import os
import subprocess

from leatcli import HERE, LEAT, SECONDS, certificates, check, folder, need, same_repeated, summary

SMALL = int(os.environ.get('LEAT_TEST_SMALL', 16 << 20))
LARGE = int(os.environ.get('LEAT_TEST_LARGE', 128 << 20))
CC = os.environ.get('CC', 'cc').split()
RESIDENT = 32 << 20

need(CC[0])
work = folder()
source, target = os.path.join(work, 'in.der'), os.path.join(work, 'out.der')
count = certificates(source)
size = os.stat(source).st_size


def build(name):
  made = os.path.join(work, name + '.so')
  subprocess.run([*CC, '-O1', '-shared', '-fPIC', '-o', made, os.path.join(HERE, name + '.c'), '-ldl'], check=True)
  return made


def pump(total, preload=None, *more):
  """Pumps at least `total` bytes; returns (summary, peak resident bytes, calls counted from outside or None)."""
  times = -(-total // size)
  counted = os.path.join(work, 'count')
  environment = dict(os.environ, COUNT_OUT=counted, **({'LD_PRELOAD': preload} if preload else {}))
  process = subprocess.Popen([LEAT, 'pump', '--from', source, '--to', target, '--frame', 'der', '--repeat', str(times), '--stats', 'json',
                              *more], stderr=subprocess.PIPE, env=environment)
  told = process.stderr.read().decode()
  _, status, usage = os.wait4(process.pid, 0)
  process.returncode = os.waitstatus_to_exitcode(status)
  check(process.returncode == 0, f'exit {process.returncode}: {told}')
  told = summary(told)
  check(told['frames_out'] == count * times and told['bytes_out'] == size * times, f'frames or bytes are missing: {told}')
  check(told['malformed'] == 0 and told['in_flight'] == 0, f'not a clean run: {told}')
  check(same_repeated(source, times, target), f'{times} times over: the output differs')
  return told, usage.ru_maxrss * 1024, int(open(counted).read()) if preload and os.path.exists(counted) else None


told, resident, _ = pump(SMALL)
if told['allocations_after_warmup'] is None:
  print('a build with a sanitizer: memory is not counted')
  raise SystemExit(0)
told, resident, _ = pump(LARGE)
check(told['allocations_after_warmup'] == 0, f'memory was taken: {told}')
check(resident < RESIDENT, f'peak resident {resident} bytes')

counter = build('count_calls')
_, _, small = pump(SMALL, counter)
told, _, large = pump(LARGE, counter)
check(small > 0, 'the counter outside counted nothing')
check(small == large, f'calls that take memory, counted outside: {small} for {SMALL} bytes, {large} for {LARGE}')
check(told['allocations_after_warmup'] == 0, f'memory was taken: {told}')

planted, _, _ = pump(LARGE, build('plant_malloc'))
check(planted['allocations_after_warmup'] > 0, f'a planted malloc was not seen: {planted}')
print(f'{told["frames_out"]} frames, {large} calls in all, 0 after warm-up ({planted["allocations_after_warmup"]} planted and seen), '
      f'peak resident {resident >> 10} KiB')
