# SPDX-License-Identifier: MIT
"""report.html: one file that needs no other, light and dark."""
import base64
import os
from html import escape

from . import compare, limits, plots, stats, tables

STYLE = '''
:root { color-scheme: light dark; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --back: #ffffff; --leat: #ddf4ff; --lost: #9a6700; --failed: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9198a1; --line: #3d444d; --back: #0d1117; --leat: #12263f; --lost: #d29922; --failed: #f85149; }
}
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: var(--text); background: var(--back); max-width: 64em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.7em } h2 { font-size: 1.3em; margin-top: 2.2em; border-bottom: 1px solid var(--line) } h3 { font-size: 1.05em; margin: 1.8em 0 .2em }
p.rules, p.note, caption { color: var(--faint); margin: .2em 0 } code { font-size: .95em }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .5em 0 1em; font-variant-numeric: tabular-nums; font-size: .93em }
caption { text-align: left } th, td { padding: .15em .7em; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 600 } td.words, th.words { text-align: left } td.note { white-space: normal; min-width: 12em; color: var(--faint); text-align: left }
tr.leat { background: var(--leat) } td.lost { color: var(--lost); font-weight: 600 } td.failed { color: var(--failed); text-align: left }
img { max-width: 100% } dt { font-weight: 600 } dd { margin: 0 0 .5em 1.2em } nav a { margin-right: .8em } a { color: inherit }
'''
READING = (('alone, sibling, near, far', 'How far apart the two cores were when a slice was taken, by the time a line of memory needs one way: '
            'under 40 ns sibling, up to 150 ns near, above far; alone: the case has one thread. Figures are compared within one state only.'),
           ('linkage', 'How the calls reach the peer: inline, static, in a shared library, or a process. Ratios are given within one linkage only.'),
           ('median, least – most, slices', 'Of the slices that were kept. A slice in which the cores were moved, or that took too short or too '
            'long, is left out and counted.'),
           ("leat's speed / its", 'How many times as fast leat is; below 1 leat loses, and the figure is coloured. In brackets the interval that '
            'holds 95 of 100 bootstrapped ratios of the medians: how far this run can be trusted, not how another machine would do.'),
           ('of the limit', 'How much of what the machine itself allows is reached, by the limit named under the case; over 100 % the limit '
            'was measured by something slower than the best.'),
           ('failed', 'A peer that lost, doubled or changed something, crashed or hung has no figure.'))


def _table(heads, rows, caption='', words=1):
  """heads: texts; rows: (class of the row, [(class, text)]); the first `words` columns are text."""
  out = ['<div class="wide"><table>', f'<caption>{escape(caption)}</caption>' if caption else '', '<tr>']
  out += [f'<th{" class=words" if i < words else ""}>{escape(head)}</th>' for i, head in enumerate(heads)]
  out.append('</tr>')
  for kind, cells in rows:
    out.append(f'<tr class="{kind}">' if kind else '<tr>')
    for i, (name, text) in enumerate(cells):
      span = f' colspan="{len(heads) - i}"' if name == 'failed' else ''
      name = name or ('words' if i < words else '')
      out.append(f'<td{span}{f" class={name}" if name else ""}>{escape(text)}</td>')
    out.append('</tr>')
  return ''.join(out) + '</table></div>'


def _state(run, case, state):
  rows = [tables.row_of(run, case, peer, state) for peer in run.peers_of(case)]
  extra, made = tables.columns_of(rows), []
  for row in rows:
    kind = 'leat' if row['role'] in ('leat', 'variant') else ''
    cells = [('', row['peer']), ('', row['linkage'])]
    if 'failed' in row:
      cells.append(('failed', row['failed']))
    else:
      cells += [('', row['median']), ('', f"{row['least']} – {row['most']}"), ('', row['slices'])] + [('', row[key]) for key, _ in extra]
      cells += [('lost' if row['lost'] else '', row['ratio']), ('note', row['note'])]
    made.append((kind, cells))
  heads = ['peer', 'linkage', 'median', 'least – most', 'slices'] + [heading for _, heading in extra] + ["leat's speed / its", '']
  return _table(heads, made, state, 2)


def _case(run, case):
  about, states = run.cases[case], run.states_of(case)
  unit = tables.UNITS[about['unit']] + (f"; one operation: {about['what']}" if about['what'] else '')
  out = [f'<h3 id="{escape(case)}">{escape(about["title"])} <code>{escape(case)}</code></h3>', f'<p class=rules>{escape(about["rules"])}</p>',
         f'<p class=note>{escape(unit)}. {escape(tables.limit_text(run, case))}</p>'] + [_state(run, case, state) for state in states]
  if not states:
    failed = [f'{peer}: {run.failure(case, peer)}' for peer in run.peers_of(case) if run.failure(case, peer)]
    out.append(f'<p>No slice was kept. {escape("; ".join(failed))}</p>')
  note = tables.left_out(run, case)
  return ''.join(out) + (f'<p class=note>{escape(note)}</p>' if note else '')


def _picture(folder, name):
  """Inline, each variant on its own: no file beside the page is needed."""
  data = {}
  for suffix in plots.THEMES:
    with open(os.path.join(folder, f'{name}{suffix}.svg'), 'rb') as file:
      data[suffix] = 'data:image/svg+xml;base64,' + base64.b64encode(file.read()).decode()
  return (f'<p><picture><source media="(prefers-color-scheme: dark)" srcset="{data["-dark"]}"><img src="{data[""]}" '
          f'alt="{escape(plots.alternative(name))}"></picture></p>')


def _headline(run):
  rows = []
  for row in tables.short_rows(run):
    case, about = row['case'], run.cases[row['case']]
    cells = [('', about['title']), ('', f"{row['state'] or '-'}, {row['linkage']}")]
    if not row['state'] or run.failure(case, row['leat']):
      cells.append(('failed', f"failed: {run.failure(case, row['leat'])}"))
    else:
      against = compare.speed(run, case, row['leat'], row['best'], row['state'])
      lost = 'lost' if against and against.value < 1 else ''
      cells += [('', f"{tables.figure(stats.median(run.kept(case, row['leat'], row['state'])))} {about['unit']}"),
                ('', f"{row['best']} {tables.figure(stats.median(run.kept(case, row['best'], row['state'])))}"), (lost, tables.ratio(against))]
    rows.append(('', cells))
  return _table(['what', 'state, linkage', 'leat', 'the best other', "leat's speed / its"], rows, words=2)


def _losses(run):
  """Every peer that is faster than the leat of its linkage, as a table of its own."""
  rows, compared = [], 0
  for case, peer in run.peers:
    for state in run.states_of(case):
      against = None if compare.is_leat(run, case, peer) else compare.against_its_leat(run, case, peer, state)
      compared += against is not None
      if against and against.value < 1:
        rows.append((against.value, case, peer, state, against))
  made = [('', [('', case), ('', peer), ('', run.peers[case, peer]['linkage']), ('', state), ('lost', tables.ratio(against)),
                ('note', run.peers[case, peer].get('note', ''))]) for _, case, peer, state, against in sorted(rows)]
  words = f'{len(rows)} of {compared} comparisons: the peer is faster (or smaller) than the leat of its linkage.'
  return f'<p>{words}</p>' + (_table(['case', 'peer', 'linkage', 'state', "leat's speed / its", ''], made, words=4) if made else '')


def _scaling(run, folder, made):
  out = []
  for series in plots.all_series(run):
    state, curves = plots.points(run, series)
    if not curves:
      continue
    unit = next(about['unit'] for about in run.cases.values() if about['series'] == series)
    xs = sorted({x for curve in curves.values() for x, _ in curve})
    rows = []
    for peer, curve in curves.items():
      slope, at = stats.slope(curve), dict(curve)
      kind = 'leat' if any(name == peer and about['role'] in ('leat', 'variant') for (_, name), about in run.peers.items()) else ''
      rows.append((kind, [('', peer)] + [('', tables.figure(at[x]) if x in at else '-') for x in xs] +
                   [('', '-' if slope is None else f'{slope:+.3f}')]))
    out += [f'<h3>{escape(series)}</h3>', _picture(folder, series) if series in made else '',
            _table(['peer'] + [f'{x:g}' for x in xs] + ['slope'], rows, f'{state}: medians, {tables.UNITS[unit]}')]
  if not out:
    return ''
  return ('<h2 id=scaling>How it scales</h2><p>The slope is that of the line with the least squares through the logarithms of both: the '
          'figure grows as the size to that power; 0 is constant.</p>' + ''.join(out))


def _limits(run):
  rows = []
  for case in run.cases:
    rule = limits.rule_of(case)
    for peer in run.peers_of(case):
      for state in run.states_of(case) if compare.is_leat(run, case, peer) else ():
        share = limits.share(run, case, peer, state)
        if share is not None:
          figure = f"{tables.figure(stats.median(run.kept(case, peer, state)))} {run.cases[case]['unit']}"
          rows.append(('', [('', case), ('', peer), ('', state), ('', figure), ('', rule[1]), ('', tables.percent(share)), ('note', rule[4])]))
  if not rows:
    return ''
  return '<h2 id=limits>The machine\'s limits</h2>' + _table(['case', 'leat', 'state', 'figure', 'limit', 'of it', 'why'], rows, words=3)


def _environment(run):
  rows = [('', [('', key), ('words', value)]) for key, value in run.environment.items()]
  return _table(['', ''], rows, words=2) + ''.join(f'<p class=note>{escape(line)}</p>' for line in tables.missing(run).splitlines())


def html(run, folder, made):
  """The page; `made` names the plots that are in the folder."""
  families = list(dict.fromkeys(case.split('-')[0] for case in run.cases))
  out = ['<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">',
         f'<title>leat: benchmark</title><style>{STYLE}</style><h1>leat beside what would be used instead</h1>',
         ''.join(f'<p class=note>{escape(line)}</p>' for line in tables.environment(run).splitlines()),
         '<nav>', ''.join(f'<a href="#{family}">{family}</a>' for family in families),
         '<a href="#losses">losses</a><a href="#scaling">scaling</a><a href="#limits">limits</a><a href="#reading">how to read it</a></nav>',
         '<h2>In short</h2>', _headline(run), '<h2 id=losses>Where leat loses</h2>', _losses(run)]
  for family in families:
    out += [f'<h2 id={escape(family)}>{escape(family)}</h2>', _picture(folder, family) if family in made else '']
    out += [_case(run, case) for case in run.cases if case.split('-')[0] == family]
  reading = ''.join(f'<dt>{escape(name)}</dt><dd>{escape(words)}</dd>' for name, words in READING)
  out += [_scaling(run, folder, made), _limits(run), f'<h2 id=reading>How to read it</h2><dl>{reading}</dl>',
          '<h2>Where and with what</h2>', _environment(run), '</html>']
  return '\n'.join(out) + '\n'
