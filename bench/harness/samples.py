# SPDX-License-Identifier: MIT
"""The samples of one run of the benchmark: a TSV read back, or what the harness holds in memory.

  run = samples.read('samples.tsv.xz')       raises samples.Garbled, whose text names file and line
  run = samples.Run(environment, cases, peers, rows)

Every other module works on a Run, so that what is printed after a run is what is printed from its file.
"""
import collections
import gzip
import json
import lzma
import math

STATES = ('alone', 'sibling', 'near', 'far')
LINKAGES = ('inline', 'static', 'shared', 'process')
ROLES = ('peer', 'rival', 'leat', 'variant', 'baseline', 'machine')
UNITS = ('ns', 'M/s', 'GB/s', 'B')
FATES = ('kept', 'moved', 'length', 'wrong', 'killed', 'hung')
FAILED = ('wrong', 'killed', 'hung')
HEADER = ('case', 'peer', 'linkage', 'round', 'slot', 'state', 'fate', 'before_ns', 'after_ns', 'elapsed_ns', 'operations', 'value', 'p99',
          'wrong')
INTEGERS = ('round', 'slot', 'elapsed_ns', 'operations')
NUMBERS = ('before_ns', 'after_ns', 'value', 'p99')


class Garbled(Exception):
  """A file of samples that cannot be read; the text says where and why."""


class Run:
  """One run.

  environment   dict: key -> text
  cases         dict: case -> dict with title, rules, what, unit, series, x, threads
  peers         dict: (case, peer) -> dict with linkage, role, note
  rows          list of dicts with the keys of HEADER: one per slice; may grow
  skipped       list of dicts with family, peer, package: not built
  left_out      list of dicts with case, why
  """

  def __init__(self, environment, cases, peers, rows, skipped=(), left_out=(), path=''):
    self.environment, self.cases, self.peers, self.rows = environment, cases, peers, rows
    self.skipped, self.left_out, self.path = list(skipped), list(left_out), path
    self._indexed, self._values, self._failures, self._fates = 0, {}, {}, {}

  def _index(self):
    for row in self.rows[self._indexed:]:
      case, peer, fate = row['case'], row['peer'], row['fate']
      self._fates.setdefault(case, collections.Counter())[fate] += 1
      if fate in FAILED:
        self._failures.setdefault((case, peer), row.get('wrong') or fate)
      elif fate == 'kept':
        of_state = self._values.setdefault((case, row['state']), {})
        of_state.setdefault((peer, 'value'), []).append(row['value'])
        if row['p99'] >= 0:
          of_state.setdefault((peer, 'p99'), []).append(row['p99'])
    self._indexed = len(self.rows)

  @property
  def seed(self):
    """The seed of the run, which also seeds the bootstrap."""
    text = str(self.environment.get('seed', '1'))
    return int(text, 0) if text.isdigit() else 1

  def peers_of(self, case):
    """The peers of a case, in the order they were listed."""
    return [peer for of, peer in self.peers if of == case]

  def states_of(self, case):
    """The states in which slices of the case were kept."""
    self._index()
    return [state for state in STATES if (case, state) in self._values]

  def failure(self, case, peer):
    """Why the peer has no figure in this case, or None. One failure is enough: what loses something is not fast."""
    self._index()
    return self._failures.get((case, peer))

  def kept(self, case, peer, state, metric='value'):
    """The figures that count, sorted; none when the peer failed."""
    self._index()
    if (case, peer) in self._failures:
      return []
    return sorted(self._values.get((case, state), {}).get((peer, metric), []))

  def fates(self, case):
    """How many slices of the case met which fate: a Counter."""
    self._index()
    return self._fates.get(case, collections.Counter())

  def leat_of(self, case, linkage):
    """The leat that others of this linkage are compared with in this case, or None."""
    for peer in self.peers_of(case):
      about = self.peers[case, peer]
      if about['role'] == 'leat' and about['linkage'] == linkage:
        return peer
    return None

  def less_is_better(self, case):
    return self.cases[case]['unit'] in ('ns', 'B')


def _open(path, mode='rt'):
  opener = lzma.open if path.endswith('.xz') else gzip.open if path.endswith('.gz') else open
  return opener(path, mode, encoding='utf-8')


def _choice(name, value, allowed):
  if value not in allowed:
    raise ValueError(f'{name} is {value!r}, not one of {", ".join(allowed)}')


def _row(fields):
  if len(fields) != len(HEADER):
    raise ValueError(f'{len(fields)} fields instead of {len(HEADER)}')
  row = dict(zip(HEADER, fields))
  for name in INTEGERS + NUMBERS:
    try:
      row[name] = (int if name in INTEGERS else float)(row[name])
    except ValueError:
      raise ValueError(f'{name} is {row[name]!r}, not a number') from None
    if not math.isfinite(row[name]):
      raise ValueError(f'{name} is {row[name]}')
  _choice('linkage', row['linkage'], LINKAGES)
  _choice('fate', row['fate'], FATES)
  _choice('state', row['state'], STATES)
  if row['fate'] == 'kept' and row['value'] < 0:
    raise ValueError(f'a kept slice has the value {row["value"]}')
  return row


def _about(text, needed):
  try:
    about = json.loads(text)
  except ValueError as error:
    raise ValueError(f'not JSON: {error}') from None
  if not isinstance(about, dict):
    raise ValueError('not a JSON object')
  for key in needed:
    if key not in about:
      raise ValueError(f'{key} is missing')
  return about


def _remark(run, line):
  """One of the lines that begin with #."""
  key, *fields = line[1:].split('\t')
  if key == 'case':
    about = _about('\t'.join(fields), ('case', 'unit'))
    _choice('unit', about['unit'], UNITS)
    defaults = {'title': about['case'], 'rules': '', 'what': '', 'series': '', 'x': 0, 'threads': 1}
    run.cases[about['case']] = defaults | about
  elif key == 'peer':
    about = _about('\t'.join(fields), ('case', 'peer', 'linkage', 'role'))
    _choice('linkage', about['linkage'], LINKAGES)
    _choice('role', about['role'], ROLES)
    run.peers[about['case'], about['peer']] = {'note': ''} | about
  elif key == 'skipped' and len(fields) == 3:
    run.skipped.append(dict(zip(('family', 'peer', 'package'), fields)))
  elif key == 'left-out' and len(fields) == 2:
    run.left_out.append(dict(zip(('case', 'why'), fields)))
  elif key.startswith(' ') and fields:
    run.environment[key[1:]] = '\t'.join(fields)
  else:
    raise ValueError(f'a # line that is none of environment, #case, #peer, #skipped, #left-out: {line[:40]!r}')


def _line(run, line, header_seen):
  if line.startswith('#'):
    _remark(run, line)
  elif not header_seen:
    if tuple(line.split('\t')) != HEADER:
      raise ValueError('the header should be ' + ' '.join(HEADER))
    return True
  elif line:
    row = _row(line.split('\t'))
    if row['case'] not in run.cases:
      raise ValueError(f'no #case line before it for {row["case"]}')
    if (row['case'], row['peer']) not in run.peers:
      raise ValueError(f'no #peer line before it for {row["peer"]} in {row["case"]}')
    run.rows.append(row)
  return header_seen


def parse(lines, path):
  """The Run in some lines, without line ends; `path` is what a complaint calls them."""
  run, number, header_seen = Run({}, {}, {}, [], path=path), 0, False
  try:
    for number, line in enumerate(lines, 1):
      header_seen = _line(run, line.rstrip('\n'), header_seen)
  except ValueError as error:  # a garbled line, or bytes that are no text
    at = number + isinstance(error, UnicodeDecodeError)
    raise Garbled(f'{path}:{at}: {error}') from None
  except (EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
    raise Garbled(f'{path}:{number + 1}: {error}') from None
  if not header_seen:
    raise Garbled(f'{path}:{number}: it ends before the header')
  return run


def read(path):
  """The Run in a file; .xz and .gz are unpacked."""
  try:
    with _open(path) as file:
      return parse(file, path)
  except OSError as error:
    raise Garbled(f'{path}: {error.strerror or error}') from None


def write(path, lines):
  """Keeps lines in a file; .xz and .gz are packed. Raises OSError."""
  with _open(path, 'wt') as file:
    file.writelines(line + '\n' for line in lines)
