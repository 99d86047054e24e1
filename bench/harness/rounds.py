# SPDX-License-Identifier: MIT
"""Rounds: every peer of a case in turn, in an order shuffled anew in each round, and what is kept of the slices."""
import json
import random
import time

from harness.workers import Failed

SIBLING_NS, NEAR_NS = 40, 150


def state_of(one_way_ns):
  """How far apart the two cores are, from the one-way latency of a line."""
  return 'sibling' if one_way_ns < SIBLING_NS else 'near' if one_way_ns <= NEAR_NS else 'far'


class Entry:
  """A case of one peer: what its worker says of it."""

  def __init__(self, worker, about):
    self.worker, self.about = worker, about
    self.case, self.peer = about['case'], worker.peer
    self.failed = None  # how: it takes no further part


def fate_of(about, answer):
  """Whether a slice is kept, or why not."""
  if answer['wrong']:
    return 'wrong'
  if about['threads'] == 2 and state_of(answer['before_ns']) != state_of(answer['after_ns']):
    return 'moved'
  slice_ns = about['slice_ns']
  if slice_ns > 0 and about['unit'] != 'B' and not slice_ns / 2 <= answer['elapsed_ns'] <= 3.125 * slice_ns:
    return 'length'
  return 'kept'


def measure(entry, seed, previous, limit):
  """One slice. The worker that measured before stays awake until this one has begun. A slice that takes `limit` seconds longer than it
  should never ends: its worker is killed. Returns the answer, with `fate` and `state`."""
  worker, about = entry.worker, entry.about
  worker.say(f'slice {entry.case} {seed}')
  if previous is not None and previous is not worker:
    previous.rest()
  try:
    answer = json.loads(worker.answer(limit + 10 * about['slice_ns'] / 1e9))
    answer['fate'] = fate_of(about, answer)
  except Failed as failed:
    answer = {'wrong': str(failed), 'before_ns': 0, 'after_ns': 0, 'elapsed_ns': 0, 'operations': 0, 'value': -1, 'p99': -1,
              'fate': failed.fate}
  answer['state'] = state_of(answer['before_ns']) if about['threads'] == 2 and answer['before_ns'] else 'alone'
  if answer['fate'] in ('wrong', 'killed', 'hung'):
    entry.failed = answer['wrong']
  return answer


def run_case(entries, seconds, rounds_most, seed, limit):
  """Measures all entries of one case for about `seconds`, one round at least; yields a row per slice. For `limit` see measure()."""
  order = random.Random(f'{seed} {entries[0].case}')
  most = min(rounds_most, entries[0].about['rounds_max'] or rounds_most)
  start, previous, lost = time.monotonic(), None, 0  # lost: seconds spent on slices that failed, which are not the others'
  for number in range(most):
    spent = time.monotonic() - start - lost
    # A round that would end more than half a round late is not begun.
    if number > 0 and spent + 0.5 * spent / number > seconds:
      break
    turn = [entry for entry in entries if entry.failed is None]
    order.shuffle(turn)
    round_seed = order.getrandbits(63)
    for place, entry in enumerate(turn):
      begun = time.monotonic()
      answer = measure(entry, round_seed, previous, limit)
      lost += time.monotonic() - begun if entry.failed is not None else 0
      previous = entry.worker
      yield {'case': entry.case, 'peer': entry.peer, 'linkage': entry.about['linkage'], 'round': number, 'slot': place, **answer}
  if previous is not None:
    previous.rest()
