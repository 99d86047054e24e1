# SPDX-License-Identifier: MIT
"""The plots: SVG by gnuplot, each in a light and a dark variant, on a transparent background."""
import collections
import os
import subprocess

from . import compare, samples, stats, tables

# What a plot shows: name, its panels, what it is for those who cannot see it.
BARS = (('pool', ('pool-random-64', 'pool-handover-64'), 'time of a pool block with 1000 out, and blocks handed to another core'),
        ('pipe', ('pipe-flush-8', 'pipe-flush-16', 'pipe-flush-64', 'pipe-roundtrip-8'), 'items through a pipe by size, and a round trip'),
        ('ring', ('ring-64-64k', 'ring-64-64k-batched', 'ring-1k-64k', 'ring-16k-64k'), 'bytes through a ring by size of chunk'),
        ('link', ('link-inproc-64', 'link-inproc-1k', 'link-tcp-64', 'link-tcp-64k'), 'messages between threads and between processes'),
        ('tlv', ('tlv-der-walk', 'tlv-frame-64'), 'TLV items found'),
        ('pump', ('pump-null', 'pump-pipe'), 'bytes pumped from a file'))
Theme = collections.namedtuple('Theme', 'text faint grid leat variant other others')
THEMES = {'': Theme('#1f2328', '#59636e', '#d1d9e0', '#0969da', '#80b4ec', '#afb8c1',
                    ('#bc4c00', '#1a7f37', '#8250df', '#bf3989', '#9a6700', '#57606a', '#116329', '#cf222e', '#6e7781', '#0550ae')),
          '-dark': Theme('#e6edf3', '#9198a1', '#3d444d', '#4493f8', '#2b5a96', '#5a636e',
                         ('#db6d28', '#3fb950', '#a371f7', '#db61a2', '#d29922', '#9198a1', '#7ee787', '#f85149', '#b1bac4', '#a5d6ff'))}
FONT = 'Helvetica,Arial,sans-serif'
BAR, HEAD, WIDTH = 21, 66, 960  # pixels of a bar, of what is above and below a panel's bars, of a plot


def alternative(name):
  return next((words for of, _, words in BARS if of == name), f'{name}: medians over size')


def _quoted(text):
  return "'" + text.replace("'", "''") + "'"


def _panels(run, cases):
  """(case, state, peers fastest first) of each panel that has something to show."""
  found = []
  for case in cases:
    if case not in run.cases or not run.states_of(case):
      continue
    leats = [peer for peer in run.peers_of(case) if run.peers[case, peer]['role'] == 'leat' and not run.failure(case, peer)]
    state = compare.telling_state(run, case, leats[:1]) if leats else run.states_of(case)[0]
    if state:
      found.append((case, state, compare.by_speed(run, case, state)))
  return found


def _data(run, case, state, peers, theme):
  """Lines of gnuplot data: place, median, low, high, colour, label, kind; and where the axis may end."""
  lines, ends = [], []
  for place, peer in enumerate(peers):
    kept = run.kept(case, peer, state)
    median, low, high = stats.median(kept), stats.quantile(kept, .05), stats.quantile(kept, .95)
    role = run.peers[case, peer]['role']
    colour = {'leat': theme.leat, 'variant': theme.variant}.get(role, theme.other)
    lines.append((place, median, low, high, int(colour[1:], 16), tables.figure(median)))
    ends.append((median, high))
  # A whisker much longer than every bar is cut, for the bars' sake.
  return lines, min(max(high for _, high in ends), 1.3 * max(median for median, _ in ends))


def _panel(run, panel, theme, box, name):
  """The commands for one panel in the box (edge, left, right, bottom, top), shares of the whole: names from edge to left, then bars."""
  case, state, peers = panel
  lines, end = _data(run, case, state, peers, theme)
  tics = ', '.join(f"{_quoted(_label(run, case, peer))} {place}"
                   for place, peer in enumerate(peers))
  edge, left, right, bottom, top = box
  about = run.cases[case]
  state_words = 'one core' if state == 'alone' else f'{state} cores'
  subtitle = f"{tables.UNITS[about['unit']]} · {state_words} · whiskers 5 – 95 %"
  out = [f'${name} << EOD'] + [' '.join(map(str, line[:5])) + f' "{line[5]}"' for line in lines] + ['EOD']
  out += [f'set lmargin at screen {left:.4f}; set rmargin at screen {right:.4f}; set bmargin at screen {bottom:.4f}; set tmargin at screen {top:.4f}',
          f'set xrange [0:{1.16 * end or 1}]; set yrange [{len(peers) - .4}:-.6]',
          f'set ytics ({tics}) scale 0 textcolor rgb "{theme.text}"; unset xtics; unset label',
          f'set label 1 {_quoted(about["title"])} at screen {edge:.4f}, screen {top:.4f} offset character 0, 1.75 font "{FONT},15" textcolor rgb "{theme.text}" noenhanced',
          f'set label 2 {_quoted(subtitle)} at screen {edge:.4f}, screen {top:.4f} offset character 0, 0.55 font "{FONT},11" textcolor rgb "{theme.faint}" noenhanced',
          f'cut(x) = x > {end} ? {end} : x',
          f'plot ${name} using 2:1:(0):2:($1-.36):($1+.36):5 with boxxyerror fill solid 1 noborder lc rgb variable notitle, \\',
          f'  "" using (cut($2)):1:(cut($3)):(cut($4)) with xerrorbars pt 0 lw 1.2 lc rgb "{theme.text}" notitle, \\',
          f'  "" using (cut($4)):1:6 with labels left offset character 0.6,0 font "{FONT},12" textcolor rgb "{theme.text}" notitle']
  return out


def _label(run, case, peer):
  """The peer, and its linkage where the panel has more than one."""
  linkages = {run.peers[case, other]['linkage'] for other in run.peers_of(case)}
  return f"{peer} ({run.peers[case, peer]['linkage']})" if len(linkages) > 1 else peer


def _head(path, height):
  return [f'set terminal svg size {WIDTH},{height} dynamic font "{FONT},13" noenhanced', f'set output {_quoted(path)}', 'set encoding utf8',
          'unset key', 'unset border']


def _bars(run, panels, theme, path):
  rows = [panels[i:i + 2] for i in range(0, len(panels), 2)]
  heights = [HEAD + BAR * max(len(peers) for _, _, peers in row) for row in rows]
  total = sum(heights) + 10
  out, above = _head(path, total) + ['set multiplot'], 0
  for number, row in enumerate(rows):
    for column, panel in enumerate(row):
      longest = max(len(_label(run, panel[0], peer)) for peer in panel[2])
      left = column * .5 + (22 + 7.1 * longest) / WIDTH
      top = 1 - (above + HEAD - 8) / total
      bottom = top - BAR * len(panel[2]) / total
      out += _panel(run, panel, theme, (column * .5 + .01, left, column * .5 + .485, bottom, top), f'panel{number}{column}')
    above += heights[number]
  return out + ['unset multiplot']


def points(run, series):
  """{(peer, state): [(x, median)]} of a series of cases, in the state that most of its slices were taken in."""
  cases = sorted((case for case, about in run.cases.items() if about['series'] == series), key=lambda case: run.cases[case]['x'])
  counts = collections.Counter()
  for case in cases:
    for state in run.states_of(case):
      counts[state] += sum(len(run.kept(case, peer, state)) for peer in run.peers_of(case))
  if not counts:
    return None, {}
  state, curves = counts.most_common(1)[0][0], {}
  for case in cases:
    for peer in run.peers_of(case):
      kept = run.kept(case, peer, state)
      if kept:
        curves.setdefault(peer, []).append((run.cases[case]['x'], stats.median(kept)))
  return state, curves


def all_series(run):
  return list(dict.fromkeys(about['series'] for about in run.cases.values() if about['series']))


def _curves(run, series, theme, path):
  state, curves = points(run, series)
  case = next(case for case, about in run.cases.items() if about['series'] == series)
  about, colours, number = run.cases[case], iter(theme.others * 3), 0
  roles = {peer: run.peers[of, peer]['role'] for of, peer in run.peers if run.cases[of]['series'] == series}
  ordered = sorted(curves, key=lambda peer: (roles[peer] in ('leat', 'variant'), roles[peer] == 'leat'))
  out, plots = _head(path, 460), []
  for number, peer in enumerate(ordered):
    colour = theme.leat if roles[peer] in ('leat', 'variant') else next(colours)
    style = 'lw 3.2 ps 0.8' if roles[peer] == 'leat' else 'lw 1.8 dt 2 ps 0.6' if roles[peer] == 'variant' else 'lw 1.3 ps 0.45'
    out += [f'$curve{number} << EOD'] + [f'{x} {y}' for x, y in curves[peer]] + ['EOD']
    plots.append(f'$curve{number} using 1:2 with linespoints pt 7 {style} lc rgb "{colour}" title {_quoted(peer)}')
  where = 'one core' if state == 'alone' else f'{state} cores'
  subtitle = f"{tables.UNITS[about['unit']]} · {where} · medians · both axes logarithmic"
  out += ['set logscale xy', "set format x '%.0s%c'", "set format y '%g'", 'set xtics nomirror scale 0', 'set ytics nomirror scale 0',
          f'set tics textcolor rgb "{theme.faint}"', f'set grid xtics ytics lc rgb "{theme.grid}" lw 0.7', 'set offsets graph 0.02, graph 0.02, 0, 0',
          f'set key outside right top reverse Left noenhanced textcolor rgb "{theme.text}" samplen 1.6',
          'set tmargin 4', f'set label 1 {_quoted(series + ": " + (about["what"] or about["title"]))} at graph 0, graph 1 offset character 0, 1.9 '
          f'font "{FONT},15" textcolor rgb "{theme.text}" noenhanced',
          f'set label 2 {_quoted(subtitle)} at graph 0, graph 1 offset character 0, 0.7 font "{FONT},11" textcolor rgb "{theme.faint}" noenhanced',
          'plot ' + ', \\\n  '.join(reversed(plots))]
  return out


def _gnuplot(commands):
  try:
    done = subprocess.run(['gnuplot', '-'], input='\n'.join(commands) + '\n', capture_output=True, text=True)
  except FileNotFoundError:
    raise samples.Garbled('no gnuplot to draw with (package gnuplot-nox)') from None
  if done.returncode != 0:
    raise samples.Garbled('gnuplot: ' + ' '.join(done.stderr.split()))


def draw(run, folder):
  """Writes NAME.svg and NAME-dark.svg for everything the run has samples of; returns the names."""
  made = []
  for suffix, theme in THEMES.items():
    for name, cases, _ in BARS:
      panels = _panels(run, cases)
      if panels:
        _gnuplot(_bars(run, panels, theme, os.path.join(folder, f'{name}{suffix}.svg')))
        made.append(name)
    for series in all_series(run):
      if points(run, series)[1]:
        _gnuplot(_curves(run, series, theme, os.path.join(folder, f'{series}{suffix}.svg')))
        made.append(series)
  return list(dict.fromkeys(made))
