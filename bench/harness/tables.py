# SPDX-License-Identifier: MIT
"""The tables, as text.

  print(tables.environment(run))            a few lines: where, when, with what
  print(tables.case_table(run, case))       a case: its rules, and a table for each state in which slices were kept
  print(tables.short_table(run))            markdown for the README and for the end of a run
  print(tables.missing(run))                what was not built or not measured; empty when all was
"""
import textwrap

from . import compare, limits, stats

WIDTH = 110
UNITS = {'ns': 'ns, less is better', 'M/s': 'million a second, more is better', 'GB/s': 'GB/s, more is better', 'B': 'bytes, less is better'}
# What the short table shows when the run has it, in this order.
SHORT = ('pool-pair-64', 'pool-random-64', 'pool-handover-64', 'pool-handover-1024', 'pipe-flush-8', 'pipe-flush-64', 'pipe-roundtrip-8',
         'ring-64-64k', 'ring-1k-64k', 'ring-16k-64k', 'link-inproc-64', 'link-inproc-1k', 'link-tcp-64', 'link-tcp-64k', 'tlv-der-walk',
         'pump-null', 'pump-pipe')


def figure(value):
  """Three figures or so."""
  if value >= 1e6:
    return f'{value:,.0f}'
  if value != 0 and value < 0.1:
    return f'{value:.2g}'
  return f'{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}'


def ratio(value, brackets=True):
  if value is None:
    return '-'
  return figure(value.value) + (f' ({figure(value.low)} - {figure(value.high)})' if brackets else '')


def percent(share):
  return '-' if share is None else f'{100 * share:.0f} %' if share >= 0.0995 else f'{100 * share:.2g} %'


def shown(value, unit):
  """A figure with its unit, for people."""
  return f'{figure(value)} {unit}'


def own_bytes(run, case):
  """The bytes that an item has by itself, in a case that measures memory: the last number of its name. None in others."""
  last = case.rsplit('-', 1)[-1]
  return int(last) if run.cases[case]['unit'] == 'B' and last.isdigit() and int(last) > 0 else None


def row_of(run, case, peer, state):
  """What a table says of one peer: a dict of texts; `failed` is there instead of the figures when it has none."""
  about, kept = run.peers[case, peer], run.kept(case, peer, state)
  row = {'peer': peer, 'linkage': about['linkage'], 'role': about['role'], 'note': about.get('note', '')}
  if not kept:
    why = run.failure(case, peer)
    return row | {'failed': f'failed: {why}' if why else 'no slice was kept in this state'}
  span, own = stats.span(kept), own_bytes(run, case)
  trips = run.kept(case, peer, state, 'p99')
  is_reference = run.leat_of(case, about['linkage']) == peer
  against = compare.against_its_leat(run, case, peer, state)
  row |= {'median': figure(span.median), 'least': figure(span.least), 'most': figure(span.most), 'slices': str(span.count)}
  row['ratio'] = '1' if is_reference else ratio(against)
  row['lost'] = against is not None and against.value < 1 and not compare.is_leat(run, case, peer)
  row['p99'] = figure(stats.median(trips)) if trips else ''
  row['limit'] = percent(limits.share(run, case, peer, state)) if about['role'] != 'machine' else ''
  row['over'] = f'{100 * (span.median / own - 1):+.1f} %' if own else ''
  return row


def columns_of(rows):
  """The columns that at least one of the rows fills: (key, heading) pairs, after peer and linkage."""
  optional = [('p99', 'p99'), ('over', 'over its own'), ('limit', 'of the limit')]
  return [pair for pair in optional if any(row.get(pair[0], '') not in ('', '-') for row in rows)]


def _state_table(run, case, state):
  rows = [row_of(run, case, peer, state) for peer in run.peers_of(case)]
  extra = columns_of(rows)
  name = max([14] + [len(row['peer']) for row in rows])
  wide = {key: max([len(heading)] + [len(row.get(key, '')) for row in rows]) + 2 for key, heading in extra}
  heads = ''.join(f'{heading:>{wide[key]}}' for key, heading in extra)
  lines = [f"    {state:<{name}} {'linkage':<7}{'median':>9}{'least':>9} - {'most':<8}{'slices':>6}{heads}  leat's speed / its"]
  for row in rows:
    start = f"    {row['peer']:<{name}} {row['linkage']:<7}"
    if 'failed' in row:
      lines.append(f"{start}{'-':>9}   {row['failed']}")
      continue
    more = ''.join(f'{row[key]:>{wide[key]}}' for key, _ in extra)
    line = f"{start}{row['median']:>9}{row['least']:>9} - {row['most']:<8}{row['slices']:>6}{more}  {row['ratio']:<22} {row['note']}"
    lines.append(line.rstrip())
  return '\n'.join(lines)


def left_out(run, case):
  """Which slices were left out, as a sentence; empty when none was."""
  fates = run.fates(case)
  reasons = (('moved', 'in which the cores were moved'), ('length', 'that were too short or too long'), ('wrong', 'with a wrong result'),
             ('killed', 'that ended in a crash'), ('hung', 'that hung'))
  counts = [f'{fates[fate]} {words}' for fate, words in reasons if fates[fate]]
  return f"left out of {sum(fates.values())} slices: {', '.join(counts)}" if counts else ''


def limit_text(run, case):
  """What `of the limit` means in this case, or empty."""
  rule = limits.rule_of(case)
  return f'the limit is {rule[1]}: {rule[4]}' if rule and rule[1] in run.cases else ''


def case_table(run, case):
  about = run.cases[case]
  lines = ['', f"{case}: {about['title']}"]
  indent = {'width': WIDTH, 'initial_indent': '    ', 'subsequent_indent': '    '}
  lines += textwrap.wrap(about['rules'], **indent)
  lines.append('    ' + UNITS[about['unit']] + (f"; one operation: {about['what']}" if about['what'] else ''))
  limit = limit_text(run, case)
  if limit:
    lines += textwrap.wrap(limit, **indent)
  states = run.states_of(case)
  lines += [_state_table(run, case, state) for state in states]
  if not states:
    lines.append('    no slice was kept')
    lines += [f'    {peer}: failed: {run.failure(case, peer)}' for peer in run.peers_of(case) if run.failure(case, peer)]
  note = left_out(run, case)
  if note:
    lines += textwrap.wrap(note, **indent)
  return '\n'.join(lines)


def short_rows(run):
  """The rows of the short table: dicts with case, linkage, state, leat, best (or None), rival (or None)."""
  cases = [case for case in SHORT if case in run.cases]
  cases = cases or [case for case in run.cases if not run.cases[case]['series'] and run.cases[case]['unit'] != 'B'][:12]
  rows = []
  for case in cases:
    for linkage in ('inline', 'static', 'shared', 'process'):
      leat = run.leat_of(case, linkage)
      if leat is None or not run.states_of(case):
        continue
      others = [peer for peer in run.peers_of(case) if run.peers[case, peer]['linkage'] == linkage and not compare.is_leat(run, case, peer)]
      rivals = [peer for peer in others if run.peers[case, peer]['role'] == 'rival']
      state = compare.telling_state(run, case, [leat])
      best = compare.best_other(run, case, linkage, state) if state else None
      rival = rivals[0] if rivals and state and run.kept(case, rivals[0], state) else None
      if best or run.failure(case, leat):
        rows.append({'case': case, 'linkage': linkage, 'state': state, 'leat': leat, 'best': best, 'rival': rival})
  return rows


def _short_cell(run, row, peer):
  """A peer's figure and how many times as fast leat is."""
  if peer is None:
    return '-'
  median = stats.median(run.kept(row['case'], peer, row['state']))
  against = compare.speed(run, row['case'], row['leat'], peer, row['state'])
  return f"{peer} {figure(median)}: **{figure(against.value)}x**" if against else f'{peer} {figure(median)}'


def short_table(run):
  lines = ["| what | | leat | the best other: leat's speed / its | without a library |", '|---|---|---|---|---|']
  for row in short_rows(run):
    about, why = run.cases[row['case']], run.failure(row['case'], row['leat'])
    unit = about['unit']
    start = f"| {about['title']}, {unit} | {row['state'] or '-'}, {row['linkage']}"
    if why or not row['state']:
      lines.append(f'{start} | failed: {why} | - | - |')
      continue
    own = figure(stats.median(run.kept(row['case'], row['leat'], row['state'])))
    lines.append(f"{start} | {own} | {_short_cell(run, row, row['best'])} | {_short_cell(run, row, row['rival'])} |")
  return '\n'.join(lines)


def environment(run):
  at = run.environment.get
  lines = [f"leat {at('leat', '?')} ({at('commit', 'commit unknown')}), {at('date', 'date unknown')}, seed {at('seed', '?')}, "
           f"{at('mode', '?')} run",
           f"{at('cpu', 'CPU unknown')}, CPUs {at('cpus', '?')} of {at('cpu_count', '?')}, {at('kernel', 'kernel unknown')}",
           f"{at('compiler', 'compiler unknown')}, {at('libc', 'C library unknown')}"]
  return '\n'.join(lines + busy(run))


def busy(run):
  """A sentence when the machine was not ours alone."""
  try:
    others, stolen = (float(run.environment.get(key, 0)) for key in ('others', 'stolen'))
  except ValueError:
    return []
  if others <= 0.05 and stolen <= 0.05:
    return []
  return [f'Meanwhile other work used {others:.2f} CPUs and the host withheld {stolen:.2f}: these figures are only indicative.']


def missing(run):
  lines = [f"not built: {row['family']}-{row['peer']}, which needs the package {row['package']}" for row in run.skipped]
  return '\n'.join(lines + [f"not measured: {row['case']}: {row['why']}" for row in run.left_out])


def everything(run):
  """All there is to print of a run."""
  parts = [environment(run), missing(run)] + [case_table(run, case) for case in run.cases]
  return '\n'.join(part for part in parts if part)


def _beside(run, case, peer, state):
  """A peer's median and range, with the unit."""
  ordered = run.kept(case, peer, state)
  span = ' - '.join(map(figure, (ordered[0], ordered[-1])))
  return f"{figure(stats.median(ordered))} {run.cases[case]['unit']} ({span})"


def summary(run):
  """The short form: the heads of the columns, then leat beside what a program has without any library, a line a case."""
  lines = [f"  {'median (least - most)':<32}{'leat':<27}{'without':<37}leat is as fast"]
  for case, about in run.cases.items():
    rivals = [peer for peer in run.peers_of(case) if run.peers[case, peer]['role'] == 'rival']
    leat = run.leat_of(case, run.peers[case, rivals[0]]['linkage']) if rivals else None
    state = compare.telling_state(run, case, [leat, rivals[0]]) if leat else None
    if not state or not run.kept(case, leat, state) or not run.kept(case, rivals[0], state):
      lines.append(f"  {about['title']:<32}no slice of both that can be compared")
      continue
    without = f'{rivals[0]} {_beside(run, case, rivals[0], state)}'
    speed = compare.speed(run, case, leat, rivals[0], state)
    inlined = run.leat_of(case, 'inline')
    note = f'  ({state} cores)' if state != 'alone' else ''
    if inlined not in (None, leat) and run.kept(case, inlined, state):
      note += f"  (both {run.peers[case, leat]['linkage']}; inlined {figure(stats.median(run.kept(case, inlined, state)))} {about['unit']})"
    lines.append(f"  {about['title']:<32}{_beside(run, case, leat, state):<27}{without:<37}{figure(speed.value)}x{note}")
  return '\n'.join(lines + [f'  {line}' for line in busy(run)])
