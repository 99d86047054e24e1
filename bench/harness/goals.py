# SPDX-License-Identifier: MIT
"""GOALS.md: every speed goal of bench/goals.tsv, judged by one run.

The columns of goals.tsv, with tabs between:
  part       pool, pipe, ...
  goal       what was promised, in short
  case       the case that measures it; `-` where none does
  metric     value or p99
  ours       the peer that is leat here
  against    `-`, or who is compared with: names with commas between, of which the best in this state counts. A name is PEER, or PEER@CASE
             to take its figure in another case, or PEER@CASE/N: the rate of that case divided by N, for bytes against frames of N bytes.
             `best:LINKAGE` stands for every peer and rival of that linkage in this case, `best:any` for those of all linkages
  state      alone, near, far, or any: then each of them that occurred is judged by itself (sibling is reported elsewhere, never judged)
  relation   `ratio >= X` or `ratio <= X`, of our figure to theirs in the case's unit; `value >= X` or `value <= X`, of our figure
  bounded by, tried   of a missed goal: what stands in the way and what was tried; may be empty
"""
import collections
import os

from . import limits, samples, stats, tables

TABLE = os.path.join(os.path.dirname(__file__), '..', 'goals.tsv')
COLUMNS = ('part', 'goal', 'case', 'metric', 'ours', 'against', 'state', 'relation', 'bounded', 'tried')
JUDGED = ('alone', 'near', 'far')
FEW = 6  # fewer slices are judged, but marked
NOT_ANALYSED = 'not analysed yet'
MET, MISSED, NOT_BUILT, NOT_MEASURED = 'met', 'missed', 'not built yet', 'not measured'

Verdict = collections.namedtuple('Verdict', 'status state figure against counts why')


def _goal(line):
  fields = line.split('\t')
  if not 8 <= len(fields) <= len(COLUMNS):
    raise ValueError(f'{len(fields)} columns instead of {len(COLUMNS)}')
  goal = dict(zip(COLUMNS, fields + [''] * (len(COLUMNS) - len(fields))))
  words = goal['relation'].split()
  if len(words) != 3 or words[0] not in ('ratio', 'value') or words[1] not in ('>=', '<='):
    raise ValueError(f'the relation {goal["relation"]!r} is not `ratio` or `value`, `>=` or `<=`, number')
  if goal['metric'] not in ('value', 'p99') or goal['state'] not in JUDGED + ('any',):
    raise ValueError('the metric or the state is unknown')
  if (words[0] == 'ratio') == (goal['against'] == '-') and goal['case'] != '-':
    raise ValueError('a ratio needs somebody to compare with, and a value has nobody')
  goal['kind'], goal['sign'], goal['bound'] = words[0], words[1], float(words[2])
  return goal


def read(path=TABLE):
  """The goals, in order: dicts of COLUMNS, with kind, sign and bound of the relation."""
  goals = []
  try:
    with open(path, encoding='utf-8') as file:
      for number, line in enumerate(file, 1):
        line = line.rstrip('\n')
        if line and not line.startswith('#'):
          try:
            goals.append(_goal(line))
          except ValueError as error:
            raise samples.Garbled(f'{path}:{number}: {error}') from None
  except OSError as error:
    raise samples.Garbled(f'{path}: {error.strerror}') from None
  return goals


def _names(run, goal):
  """(peer, case, divisor) of everybody that `against` names."""
  names = []
  for word in goal['against'].split(','):
    if word.startswith('best:'):
      for peer in run.peers_of(goal['case']):
        about = run.peers[goal['case'], peer]
        if word[5:] in (about['linkage'], 'any') and about['role'] in ('peer', 'rival'):
          names.append((peer, goal['case'], 1))
    else:
      peer, _, case = word.partition('@')
      case, _, divisor = case.partition('/')
      names.append((peer, case or goal['case'], float(divisor or 1)))
  return names


def _in_unit(values, unit, wanted, divisor):
  """The same figures in another unit of time or rate, sorted; `divisor` operations of theirs are one of ours."""
  if unit == wanted and divisor == 1:
    return values
  times = [divisor * time if time else None for time in (limits.nanoseconds(value, unit) for value in values)]
  if wanted == 'B' or None in times:
    return []
  return sorted(time if wanted == 'ns' else (1000 if wanted == 'M/s' else 1) / time for time in times)


def _best(run, goal, state):
  """(name, sorted figures) of the best that is compared with; another case may have been measured alone. (None, []): nobody."""
  wanted, found = run.cases[goal['case']]['unit'], []
  for peer, case, divisor in _names(run, goal):
    kept = run.kept(case, peer, state, goal['metric'])
    if not kept and case != goal['case']:
      kept = run.kept(case, peer, 'alone', goal['metric'])
    kept = _in_unit(kept, run.cases[case]['unit'], wanted, divisor) if kept else []
    if kept:
      found.append((stats.median(kept), peer if case == goal['case'] else f'{peer} in {case}', kept))
  if not found:
    return None, []
  best = (min if run.less_is_better(goal['case']) else max)(found)
  return best[1:]


def _judge_in(run, goal, state):
  own = run.kept(goal['case'], goal['ours'], state, goal['metric'])
  if not own:
    return Verdict(NOT_MEASURED, state, None, None, '', f'no slice of {goal["ours"]} was kept while {state}')
  name, other, counts = None, [], str(len(own))
  if goal['kind'] == 'value':
    figure = stats.interval(own, run.seed)
  else:
    name, other = _best(run, goal, state)
    figure = stats.ratio(own, other, run.seed)
    counts += f' and {len(other)}'
    if figure is None:
      return Verdict(NOT_MEASURED, state, None, None, '', f'no figure of {goal["against"]} while {state}')
  met = figure.value >= goal['bound'] if goal['sign'] == '>=' else figure.value <= goal['bound']
  within = figure.low <= goal['bound'] <= figure.high and figure.low != figure.high
  few = min([len(own)] + ([len(other)] if name else [])) < FEW
  why = [text for text, holds in (('the bound lies within the interval', within), ('few slices', few)) if holds]
  return Verdict(MET if met else MISSED, state, figure, name, counts, ', '.join(why))


def judge(run, goal):
  """The Verdicts on a goal: one for each state in which it is judged."""
  case, ours = goal['case'], goal['ours']
  if case == '-':
    return [Verdict(NOT_BUILT, '-', None, None, '', 'no case measures it')]
  if case not in run.cases:
    return [Verdict(NOT_BUILT, '-', None, None, '', f'no case {case} in these samples')]
  if (case, ours) not in run.peers:
    return [Verdict(NOT_BUILT, '-', None, None, '', f'no {ours} in {case}')]
  why = run.failure(case, ours)
  if why:
    return [Verdict(MISSED, '-', None, None, '', f'{ours} failed: {why}')]
  seen = [state for state in run.states_of(case) if state in JUDGED]
  states = seen if goal['state'] == 'any' else [goal['state']]
  if not states:
    return [Verdict(NOT_MEASURED, '-', None, None, '', 'no slice was kept in a state that is judged')]
  return [_judge_in(run, goal, state) for state in states]


def _bound(goal):
  return f"{'at least' if goal['sign'] == '>=' else 'at most'} {goal['bound']:g}{'x' if goal['kind'] == 'ratio' else ''}"


def _cell(text):
  return text.replace('|', '\\|')


def _line(run, goal, verdict):
  figure, unit = '-', run.cases[goal['case']]['unit'] if goal['case'] in run.cases else ''
  if verdict.figure:
    figure = tables.ratio(verdict.figure) + (f' {unit}' if goal['kind'] == 'value' else 'x')
  against = verdict.against or ('-' if goal['kind'] == 'value' else goal['against'])
  measured = f"{goal['case']}{' p99' if goal['metric'] == 'p99' else ''}, {goal['ours']}" if goal['case'] != '-' else '-'
  cells = [goal['goal'], measured, verdict.state, _bound(goal) if goal['case'] != '-' else '-', figure, against, verdict.counts or '-',
           f'**{verdict.status}**' + (f' ({verdict.why})' if verdict.why else '')]
  return '| ' + ' | '.join(_cell(cell) for cell in cells) + ' |'


def _analysis(goal, verdicts):
  """What is known of a missed goal: lines."""
  if not any(verdict.status == MISSED for verdict in verdicts):
    return []
  states = ', '.join(verdict.state for verdict in verdicts if verdict.status == MISSED)
  where = f" ({goal['case']}{f', {states}' if states != '-' else ''})"
  return [f"* **{goal['goal']}**{where}. Bounded by: {goal['bounded'] or NOT_ANALYSED}. Tried: {goal['tried'] or NOT_ANALYSED}."]


def markdown(run, goals):
  """The whole of GOALS.md."""
  judged = [(goal, judge(run, goal)) for goal in goals]
  counts = collections.Counter(verdict.status for _, verdicts in judged for verdict in verdicts)
  lines = ['# Goals', '', 'Written by `bench/report SAMPLES --goals bench/GOALS.md` from `bench/goals.tsv`; not by hand.', '']
  lines += ['    ' + line for line in tables.environment(run).splitlines()]
  lines += ['', 'One line is one goal in one state: ' + ', '.join(f'{counts[status]} {status}' for status in
                                                                (MET, MISSED, NOT_BUILT, NOT_MEASURED)) + '.',
            'In brackets is the interval that holds 95 of 100 bootstrapped medians. `slices`: how many of ours, and of theirs.']
  for part in dict.fromkeys(goal['part'] for goal in goals):
    of_part = [(goal, verdicts) for goal, verdicts in judged if goal['part'] == part]
    lines += ['', f'## {part}', '', '| goal | measured by | state | bound | here | against | slices | |', '|---|---|---|---|---|---|---|---|']
    lines += [_line(run, goal, verdict) for goal, verdicts in of_part for verdict in verdicts]
    missed = [line for goal, verdicts in of_part for line in _analysis(goal, verdicts)]
    if missed:
      lines += ['', 'Missed:', ''] + missed
  return '\n'.join(lines) + '\n'
