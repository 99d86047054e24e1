# SPDX-License-Identifier: MIT
"""What the machine itself allows: bench/limits.tsv says which limit bounds which case, and what one operation needs of it.

`time N`: an operation takes at least N operations of the limit. `bytes N`: it moves N bytes through what the limit measures; a limit that
is counted in lines and not in GB/s moves 64 bytes at a time. A case measured in GB/s moves 1 byte a byte.
"""
import fnmatch
import functools
import os

from . import stats

TABLE = os.path.join(os.path.dirname(__file__), '..', 'limits.tsv')
LINE_BYTES = 64
MACHINE = 'machine'


@functools.lru_cache
def table(path=TABLE):
  """List of (case pattern, limit case, kind, number, why)."""
  rows = []
  with open(path, encoding='utf-8') as file:
    for number, line in enumerate(file, 1):
      fields = line.rstrip('\n').split('\t')
      if line.startswith('#') or not line.strip():
        continue
      kind, _, count = fields[2].partition(' ') if len(fields) == 4 else ('', '', '')
      if kind not in ('time', 'bytes'):
        raise ValueError(f'{path}:{number}: not case, limit, `time N` or `bytes N`, why')
      rows.append((fields[0], fields[1], kind, float(count), fields[3]))
  return rows


def nanoseconds(value, unit):
  """Of one operation; of one byte where the unit is GB/s. None where it is no time."""
  if value == 0 or unit == 'B':
    return None
  return value if unit == 'ns' else (1000 if unit == 'M/s' else 1) / value


def rule_of(case):
  """The row of the table that bounds the case, or None."""
  return next((row for row in table() if fnmatch.fnmatchcase(case, row[0])), None)


def figure_of(run, limit, state):
  """The limit's median in this state, or measured alone, in ns; None when this run has not got it."""
  for at in (state, 'alone'):
    for peer in run.peers_of(limit):
      kept = run.kept(limit, peer, at)
      if kept:
        return nanoseconds(stats.median(kept), run.cases[limit]['unit'])
  return None


def share(run, case, peer, state):
  """How much of what the machine allows the peer reaches, 1 being all; None where nothing is known to bound it."""
  rule, kept = rule_of(case), run.kept(case, peer, state)
  if rule is None or not kept or rule[1] not in run.cases:
    return None
  _, limit, kind, needed, _ = rule
  bound, own = figure_of(run, limit, state), nanoseconds(stats.median(kept), run.cases[case]['unit'])
  if bound is None or own is None:
    return None
  if kind == 'bytes' and run.cases[limit]['unit'] != 'GB/s':
    needed /= LINE_BYTES
  return needed * bound / own
