# SPDX-License-Identifier: MIT
"""What changed from one run to another beyond noise: only what has bootstrap intervals that do not overlap."""
from . import compare, stats, tables

LEAST = 6  # slices: the interval of fewer says little, that of one nothing


def _enough(run, case, peer, state):
  return len(run.kept(case, peer, state)) >= LEAST


def _shared(old, new):
  """(case, peer, state) of everything that has enough figures in both runs."""
  for case in new.cases:
    if case in old.cases and old.cases[case]['unit'] == new.cases[case]['unit']:
      for peer in new.peers_of(case):
        for state in new.states_of(case):
          if _enough(old, case, peer, state) and _enough(new, case, peer, state):
            yield case, peer, state


def _line(case, peer, state, before, after, better):
  start = f'  {case:<26} {peer:<26} {state:<8}'
  return f"{start}{tables.ratio(before):<24} -> {tables.ratio(after):<24} {'better' if better else 'WORSE'}"


def ratios(old, new):
  """Where leat's speed against a peer of its linkage changed: (lines, how many were compared)."""
  lines, compared = [], 0
  for case, peer, state in _shared(old, new):
    if compare.is_leat(new, case, peer):
      continue
    leats = [run.leat_of(case, run.peers[case, peer]['linkage']) for run in (old, new)]
    if not all(leat and _enough(run, case, leat, state) for run, leat in zip((old, new), leats)):
      continue
    before, after = (compare.against_its_leat(run, case, peer, state) for run in (old, new))
    if before is None or after is None:
      continue
    compared += 1
    if not stats.overlap(before, after):
      lines.append(_line(case, peer, state, before, after, after.value > before.value))
  return lines, compared


def figures(old, new):
  """Where the figure itself changed: (lines, how many were compared)."""
  lines, compared = [], 0
  for case, peer, state in _shared(old, new):
    before, after = (stats.interval(run.kept(case, peer, state), run.seed) for run in (old, new))
    compared += 1
    if not stats.overlap(before, after):
      better = (after.value < before.value) == new.less_is_better(case)
      lines.append(_line(case, peer, state, before, after, better))
  return lines, compared


def failures(old, new):
  lines = []
  for case, peer in new.peers:
    before = old.failure(case, peer) if (case, peer) in old.peers else None
    after = new.failure(case, peer)
    if after and not before:
      lines.append(f'  {case}: {peer} fails now: {after}')
    elif before and not after:
      lines.append(f'  {case}: {peer} does not fail any more')
  return lines


def text(old, new):
  """The whole report on two runs."""
  lines = ['old:'] + ['  ' + line for line in tables.environment(old).splitlines()]
  lines += ['new:'] + ['  ' + line for line in tables.environment(new).splitlines()]
  for key in ('cpu', 'kernel', 'compiler', 'mode'):
    if old.environment.get(key) != new.environment.get(key):
      lines.append(f'The {key} is not the same: trust the ratios more than the plain figures.')
  lines += ['', 'Listed is only what has intervals of 95 of 100 bootstrapped medians that do not overlap,', f'of {LEAST} slices at least on each side.']
  for title, (changed, compared) in (("leat's speed / the peer's:", ratios(old, new)), ('the plain figures:', figures(old, new))):
    lines += ['', f'{title} {len(changed)} of {compared} changed'] + changed
  lines += failures(old, new)
  for name, here, there in (('gone', old, new), ('new', new, old)):
    cases = [case for case in here.cases if case not in there.cases]
    if cases:
      lines += ['', f"cases that are {name}: {', '.join(cases)}"]
  return '\n'.join(lines)
