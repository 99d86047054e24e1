#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the benchmark's harness does with workers that answer, fail, crash and hang: workers that only pretend, and the harness itself."""
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Speaks as bench/worker/worker.cpp does; MANNER is what it does when it is asked to measure.
WORKER = '''#!/usr/bin/env python3
import json, os, sys, time
MANNER, THREADS = {manner!r}, {threads}
about = dict(title='t', rules='r', what='w', unit='ns', series='', x=0, threads=THREADS, slice_ns=8000000, rounds_max=0, linkage='inline',
             role={role!r}, note='')
for line in sys.stdin:
  words = line.split()
  if words[0] == 'list':
    print(json.dumps(dict(case='pool-pretended', **about)), flush=True)
    print(flush=True)
  if words[0] == 'slice':
    if MANNER == 'crash':
      os.abort()
    if MANNER == 'exit':
      sys.exit(3)
    if MANNER == 'hang':
      time.sleep(60)
    print(json.dumps(dict(wrong='a block changed' if MANNER == 'wrong' else '', before_ns=60 if THREADS == 2 else 0,
                          after_ns=280 if MANNER == 'moved' else 60, elapsed_ns=90000000 if MANNER == 'long' else 8000000,
                          operations=1000, value=8.0, p99=-1)), flush=True)
'''


class Harness(unittest.TestCase):
  def setUp(self):
    self.folder = tempfile.TemporaryDirectory()
    self.bench = os.path.join(self.folder.name, 'bench')
    self.tsv = os.path.join(self.folder.name, 'samples.tsv')
    os.mkdir(self.bench)
    with open(os.path.join(self.bench, 'skipped.tsv'), 'w') as file:
      file.write('pool\tjemalloc\tlibjemalloc-dev\n')

  def tearDown(self):
    self.folder.cleanup()

  def worker(self, name, manner, threads=1, role='peer'):
    path = os.path.join(self.bench, name)
    with open(path, 'w') as file:
      file.write(WORKER.format(manner=manner, threads=threads, role=role))
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

  def run_bench(self, *options, cpus=None):
    command = [sys.executable, os.path.join(ROOT, 'bench', 'bench'), '--build', self.folder.name, '--seconds', '1', '--rounds', '3',
               '--limit', '1', '--seed', '7', '--tsv', self.tsv, *options]
    return subprocess.run((['taskset', '-c', cpus] if cpus else []) + command, capture_output=True, text=True, timeout=60)

  def rows(self):
    with open(self.tsv) as file:
      lines = [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]
    return [dict(zip(lines[0], line)) for line in lines[1:]]

  def fates(self, peer):
    return [row['fate'] for row in self.rows() if row['peer'] == peer]

  def test_every_round_has_every_peer_once_in_a_shuffled_order(self):
    for name in 'abcde':
      self.worker(f'pool-{name}', 'well', role='leat' if name == 'a' else 'peer')
    self.assertEqual(self.run_bench().returncode, 0)
    orders = [[row['peer'] for row in self.rows() if row['round'] == str(number)] for number in range(3)]
    self.assertEqual([sorted(order) for order in orders], [list('abcde')] * 3)
    self.assertGreater(len(set(map(tuple, orders))), 1)

  def test_a_seed_repeats_the_order(self):
    for name in 'abcde':
      self.worker(f'pool-{name}', 'well')
    self.run_bench()
    first = [row['peer'] for row in self.rows()]
    self.run_bench()
    self.assertEqual([row['peer'] for row in self.rows()], first)

  def test_a_peer_that_crashes_is_marked_and_the_rest_goes_on(self):
    self.worker('pool-good', 'well')
    self.worker('pool-bad', 'crash')
    done = self.run_bench()
    self.assertEqual(done.returncode, 1)
    self.assertIn('pool-pretended: bad failed: it ended by signal SIGABRT', done.stderr)
    self.assertEqual((self.fates('bad'), self.fates('good')), (['killed'], ['kept'] * 3))

  def test_a_peer_that_exits_says_its_status(self):
    self.worker('pool-bad', 'exit')
    self.assertIn('bad failed: it ended with exit status 3', self.run_bench().stderr)

  def test_a_peer_that_hangs_is_killed_after_the_limit(self):
    self.worker('pool-good', 'well')
    self.worker('pool-bad', 'hang')
    done = self.run_bench()
    self.assertEqual(done.returncode, 1)
    self.assertIn('bad failed: no answer within', done.stderr)
    self.assertEqual((self.fates('bad'), self.fates('good')), (['hung'], ['kept'] * 3))

  def test_a_peer_that_loses_something_takes_no_further_part(self):
    self.worker('pool-bad', 'wrong')
    done = self.run_bench()
    self.assertIn('bad failed: a block changed', done.stderr)
    self.assertEqual((done.returncode, self.fates('bad')), (1, ['wrong']))

  def test_a_slice_in_which_the_cores_were_moved_is_left_out(self):
    self.worker('pool-two', 'moved', threads=2)
    self.run_bench()
    self.assertEqual(self.fates('two'), ['moved'] * 3)

  def test_a_slice_of_the_wrong_length_is_left_out(self):
    self.worker('pool-slow', 'long')
    self.run_bench()
    self.assertEqual(self.fates('slow'), ['length'] * 3)

  def test_an_unknown_case_lists_the_known_ones(self):
    self.worker('pool-good', 'well')
    done = self.run_bench('--case', 'pool-pear')
    self.assertEqual(done.returncode, 1)
    self.assertIn("no case 'pool-pear'; known are: pool-pretended", done.stderr)

  def test_an_unknown_peer_lists_the_known_and_the_missing_ones(self):
    self.worker('pool-good', 'well')
    done = self.run_bench('--peers', 'jemalloc')
    self.assertEqual(done.returncode, 1)
    self.assertIn("no peer 'jemalloc'; known are: good; not built, for want of a package: jemalloc", done.stderr)

  def test_with_one_cpu_a_case_of_two_threads_is_left_out_and_said(self):
    self.worker('pool-two', 'well', threads=2)
    done = self.run_bench(cpus='0')
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertIn('not measured: pool-pretended: it needs two CPUs and this process may use one', done.stdout)

  def test_numbers_out_of_range_are_refused(self):
    for options in (['--seconds', '0'], ['--rounds', '0'], ['--mode', 'fast'], ['--seed', 'x']):
      done = self.run_bench(*options)
      self.assertEqual((done.returncode, options[0] in done.stderr), (2, True), options)

  def test_a_file_that_cannot_be_written_is_named(self):
    self.worker('pool-good', 'well')
    done = self.run_bench('--tsv', '/nowhere/samples.tsv')
    self.assertEqual(done.returncode, 1)
    self.assertIn('/nowhere/samples.tsv: No such file or directory', done.stderr)

  def test_what_was_not_built_stands_in_the_record(self):
    self.worker('pool-good', 'well')
    self.run_bench()
    with open(self.tsv) as file:
      self.assertIn('#skipped\tpool\tjemalloc\tlibjemalloc-dev\n', file.readlines())


if __name__ == '__main__':
  unittest.main()
