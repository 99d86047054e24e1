#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What bench/report says of small files of samples made here."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'bench'))

from harness import compare, diff, goals, samples, stats, tables  # noqa: E402

PEERS = {'leat-handle': ('inline', 'leat', 2.0), 'boost-pool': ('inline', 'peer', 2.5), 'leat-shared': ('shared', 'leat', 6.0),
         'mimalloc': ('shared', 'peer', 7.0), 'lonely': ('static', 'peer', 1.0), 'liar': ('inline', 'peer', 0.1)}
CASES = {'pool-pair-64': ('ns', 1, 1), 'pool-handover-64': ('M/s', 2, 40)}


def lines(seed=1, change=None):
  """A file of samples, as lines; `change` is (peer, factor)."""
  source = random.Random(seed)
  out = ['# seed\t7', '# cpu\ta cpu']
  for case, (unit, threads, _) in CASES.items():
    out.append('#case\t' + json.dumps({'case': case, 'title': case, 'rules': 'the same for all', 'what': 'pair', 'unit': unit, 'series': '',
                                       'x': 0, 'threads': threads}))
    out += ['#peer\t' + json.dumps({'case': case, 'peer': peer, 'linkage': linkage, 'role': role, 'note': ''})
            for peer, (linkage, role, _) in PEERS.items()]
  out.append('\t'.join(samples.HEADER))
  for case, (unit, threads, scale) in CASES.items():
    for number in range(60):
      for slot, (peer, (linkage, _, value)) in enumerate(PEERS.items()):
        state = 'alone' if threads == 1 else 'near' if number % 3 else 'far'
        value *= scale * (1 if state != 'far' else 0.5) * source.lognormvariate(0, 0.03) * (change[1] if change and change[0] == peer else 1)
        lied = peer == 'liar' and number == 5
        fate = 'wrong' if lied else 'moved' if number == 7 else 'kept'
        value = 1e9 if fate == 'moved' else value
        out.append('\t'.join(map(str, (case, peer, linkage, number, slot, state, fate, 90.0, 90.0, 8000000, 1000, value, -1,
                                       'a block came twice' if lied else ''))))
  return out


class Report(unittest.TestCase):
  def setUp(self):
    self.folder = tempfile.TemporaryDirectory()
    self.addCleanup(self.folder.cleanup)

  def path(self, name, of):
    path = os.path.join(self.folder.name, name)
    with open(path, 'w', encoding='utf-8') as file:
      file.write('\n'.join(of) + '\n')
    return path

  def run_of(self, **how):
    return samples.read(self.path('samples.tsv', lines(**how)))

  def report(self, *arguments):
    return subprocess.run([sys.executable, os.path.join(ROOT, 'bench', 'report'), *arguments], capture_output=True, text=True)

  def test_a_ratio_is_within_one_linkage(self):
    run = self.run_of()
    self.assertAlmostEqual(compare.against_its_leat(run, 'pool-pair-64', 'boost-pool', 'alone').value, 1.25, delta=0.04)
    self.assertAlmostEqual(compare.against_its_leat(run, 'pool-pair-64', 'mimalloc', 'alone').value, 7 / 6, delta=0.04)
    self.assertIsNone(compare.against_its_leat(run, 'pool-pair-64', 'lonely', 'alone'))

  def test_a_ratio_is_within_one_state(self):
    run = self.run_of()
    for state in ('near', 'far'):
      self.assertAlmostEqual(compare.against_its_leat(run, 'pool-handover-64', 'boost-pool', state).value, 0.8, delta=0.04)
    self.assertIsNone(compare.against_its_leat(run, 'pool-handover-64', 'boost-pool', 'alone'))
    text = tables.case_table(run, 'pool-handover-64')
    self.assertEqual([line.split()[0] for line in text.splitlines() if 'linkage' in line], ['near', 'far'])

  def test_only_kept_slices_count(self):
    self.assertLess(self.run_of().kept('pool-pair-64', 'mimalloc', 'alone')[-1], 10)

  def test_a_peer_that_failed_shows_why_and_no_figure(self):
    row = next(line for line in tables.case_table(self.run_of(), 'pool-pair-64').splitlines() if 'liar' in line)
    self.assertEqual(row.split(maxsplit=3), ['liar', 'inline', '-', 'failed: a block came twice'])
    self.assertNotIn('liar', tables.short_table(self.run_of()))

  def test_the_interval_holds_the_ratio_and_repeats(self):
    source = random.Random(1)
    values = sorted(source.gauss(100, 5) for _ in range(51))
    one, again = (stats.ratio(values, values, 3) for _ in range(2))
    self.assertEqual(one, again)
    self.assertTrue(0.95 < one.low < 1 < one.high < 1.05)

  def test_the_slope_is_the_power(self):
    self.assertAlmostEqual(stats.slope([(x, 3 * x ** 0.5) for x in (1, 10, 1000)]), 0.5)
    self.assertIsNone(stats.slope([(1, 2)]))

  def status(self, case='pool-pair-64', ours='leat-handle', against='boost-pool', state='alone', relation='ratio <= 0.9'):
    line = '\t'.join(('pool', 'a goal', case, 'value', ours, against, state, relation))
    verdicts = goals.judge(self.run_of(), goals.read(self.path('goals.tsv', ['# a comment', line]))[0])
    return [verdict.status for verdict in verdicts]

  def test_a_goal_is_met_or_missed(self):
    self.assertEqual(self.status(), ['met'])
    self.assertEqual(self.status(relation='ratio <= 0.7'), ['missed'])
    self.assertEqual(self.status(against='-', relation='value <= 1.5'), ['missed'])
    self.assertEqual(self.status(against='best:inline'), ['met'])
    self.assertEqual(self.status(against='best:any'), ['missed'])

  def test_a_goal_without_case_or_peer_is_not_built_yet(self):
    self.assertEqual(self.status(case='-'), ['not built yet'])
    self.assertEqual(self.status(case='link-tcp-64'), ['not built yet'])
    self.assertEqual(self.status(ours='leat-plain'), ['not built yet'])

  def test_a_goal_in_a_state_that_did_not_occur_is_not_measured(self):
    self.assertEqual(self.status(state='near'), ['not measured'])
    self.assertEqual(self.status(against='absent'), ['not measured'])

  def test_a_goal_for_near_is_judged_in_near_only(self):
    what = {'case': 'pool-handover-64', 'against': '-', 'relation': 'value >= 70'}
    self.assertEqual(self.status(state='near', **what), ['met'])
    self.assertEqual(self.status(state='any', **what), ['met', 'missed'])

  def test_a_missed_goal_says_that_it_was_not_analysed(self):
    line = '\t'.join(('pool', 'a goal', 'pool-pair-64', 'value', 'leat-handle', 'boost-pool', 'alone', 'ratio <= 0.1'))
    text = goals.markdown(self.run_of(), goals.read(self.path('goals.tsv', [line])))
    self.assertIn('Bounded by: not analysed yet. Tried: not analysed yet.', text)

  def test_the_goals_of_the_tree_are_well_formed(self):
    self.assertGreater(len(goals.read()), 50)

  def test_garbled_samples_name_file_and_line(self):
    whole = lines()
    for number, wrong in ((len(whole), whole[-1][:40]), (3, '#case\t{'), (len(whole), whole[-1].replace('\tkept\t', '\tmaybe\t'))):
      path = self.path('bad.tsv', whole[:number - 1] + [wrong])
      done = self.report(path)
      self.assertEqual(done.returncode, 1)
      self.assertTrue(done.stderr.startswith(f'bench/report: {path}:{number}: '), done.stderr)
      self.assertEqual(len(done.stderr.splitlines()), 1)

  def test_a_wrong_call_is_one_line_and_status_2(self):
    for arguments in ((), ('--what',), ('--diff', 'one'), ('x.tsv', '--readme', 'README.md')):
      done = self.report(*arguments)
      self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))

  def test_missing_samples_are_one_line_and_status_1(self):
    done = self.report('/nowhere/x.tsv')
    self.assertEqual((done.returncode, done.stderr), (1, 'bench/report: /nowhere/x.tsv: No such file or directory\n'))

  def test_diff_reports_a_planted_change_and_not_noise(self):
    old, same = self.run_of(seed=1), self.run_of(seed=2)
    self.assertEqual(diff.ratios(old, same)[0], [])
    changed, _ = diff.ratios(old, self.run_of(seed=2, change=('leat-handle', 1.2)))
    self.assertTrue(changed and all('boost-pool' in line for line in changed), changed)
    self.assertTrue(any(line.startswith('  pool-pair-64') and line.endswith('WORSE') for line in changed))
    changed, _ = diff.figures(old, self.run_of(seed=2, change=('mimalloc', 1.2)))
    self.assertTrue(changed and all('mimalloc' in line for line in changed), changed)


if __name__ == '__main__':
  unittest.main()
