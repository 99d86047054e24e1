# SPDX-License-Identifier: MIT
"""What leat finds in samples (rules.py), and whether that is what tshark finds.

All samples of a dialect go through one `leat dump`: each is put as a value into a frame of a dialect made for it, whose values hold items of
the one that is to be tried. A malformed sample ends the input, so what stands behind it goes through another.
"""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from checks import check

LEAT = os.environ.get('LEAT') or os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'build', 'leat')
SECONDS = 20  # for many megabytes: a second would do
HEAD = 8
FRAME = '''[sample]
rule = number 4, length 4 (value only), big endian
type = big at 0 bytes 4
length = big at 4 bytes 4
header_bytes = 8
nest = any inside %s
'''
INCLUDED = {'tcp-options': 2, 'ip-options': 2, 'radius': (20, 2), 'eap': 4, 'lcp': (4, 2), 'sctp': 4, 'bgp': (19, 0), 'ike': (28, 4),
            'netlink': (16, 4), 'bt-ad': 1}
BARE = {'tcp-options': (0, 1), 'ip-options': (0, 1), 'ip6-options': (0,), 'dhcp4': (0, 255), 'coap': (255,), 'bt-ad': (0,)}  # types without a length


def item_of(dialect, item, start):
  """(offset, type, length as the packet has it) of one line of leat's."""
  includes = INCLUDED.get(dialect, 0)
  if isinstance(includes, tuple):  # of the frame, and of what is inside
    includes = includes[item['depth'] > 1]
  bare = item['type'] in BARE.get(dialect, ()) and item['header'] == 1
  return item['offset'] - start, item['type'], None if bare else item['length'] + includes


def dump(dialect, samples, work):
  """For each sample: the items before the first fault, and the fault's text or None."""
  form = os.path.join(work, 'sample.ini')
  with open(form, 'w') as file:
    file.write(FRAME % dialect)
  found, at = [], 0
  while at < len(samples):
    data = b''.join(i.to_bytes(4, 'big') + len(one.data).to_bytes(4, 'big') + one.data for i, one in enumerate(samples[at:]))
    done = subprocess.run([LEAT, 'dump', '--json', '--dialect-file', form, '--tlv', 'sample', '-'], input=data, capture_output=True, timeout=SECONDS)
    check(done.returncode in (0, 2), f'{dialect}: leat ended with {done.returncode}: {done.stderr.decode()[-300:]}')
    for line in done.stdout.splitlines():
      item = json.loads(line)
      if item['depth'] == 0:
        start = item['offset'] + HEAD
        found.append(([], None))
      elif item['depth'] - 1 <= samples[len(found) - 1].deepest:
        found[-1][0].append(item_of(dialect, item, start))
    if done.returncode == 2:
      found[-1] = (found[-1][0], done.stderr.decode().strip().rsplit('frame: ', 1)[-1])
    check(done.returncode == 2 or len(found) == len(samples), f'{dialect}: leat saw {len(found)} of {len(samples)} samples')
    check(len(found) > at, f'{dialect}: leat saw nothing from sample {at} on')
    at = len(found)
  return found


class Tally:
  """Of one dialect."""

  def __init__(self):
    self.files, self.samples, self.items = set(), 0, 0
    self.both = self.stopped = self.excepted = 0


def verdict(seen, fault, wanted, marked):
  """How leat's items and tshark's stand to each other.

  agreed: the same items; both: malformed to both, and the same items as far as both go; stopped: tshark gave up inside a value, leat, to which
  values are bytes, did not, and they are of one mind up to there; differs: anything else.
  """
  if fault is None and seen == wanted:
    return 'agreed'
  common = min(len(seen), len(wanted))
  if not marked or seen[:common] != wanted[:common]:
    return 'differs'
  if fault is not None:
    return 'both'
  return 'stopped' if len(wanted) <= len(seen) else 'differs'


def compare(gathered, exceptions, work):
  """`gathered`: (file, frame number, sample); gives tallies by dialect, what differs, and which exceptions were met."""
  by_dialect = collections.defaultdict(list)
  for one in gathered:
    by_dialect[one[2].dialect].append(one)
  tallies, differing, met = {}, [], set()
  for dialect, group in sorted(by_dialect.items()):
    tally = tallies[dialect] = Tally()
    for (file, frame, sample), (seen, fault) in zip(group, dump(dialect, [one[2] for one in group], work)):
      tally.files.add(file)
      tally.samples += 1
      how = verdict(seen, fault, sample.items, sample.marked)
      if how == 'differs':
        reason = next((e for e in exceptions if e[0] == dialect and e[1](file, sample, seen, fault)), None)
        if reason:
          met.add(reason[2])
          tally.excepted += 1
        else:
          differing.append((dialect, file, frame, sample, seen, fault))
      elif how == 'both':
        tally.both += 1
      else:
        tally.stopped += how == 'stopped'
        tally.items += len(sample.items)
  return tallies, differing, met


def told(difference):
  """One difference, for people."""
  dialect, file, frame, sample, seen, fault = difference
  at = next((i for i, pair in enumerate(zip(seen, sample.items)) if pair[0] != pair[1]), min(len(seen), len(sample.items)))
  return (f'{dialect}: {file} frame {frame}: item {at}: leat {seen[at:at + 2]}, tshark {sample.items[at:at + 2]}; leat {len(seen)} items'
          f'{", " + fault if fault else ""}; tshark {len(sample.items)} items{", malformed" if sample.marked else ""}')


def table(tallies):
  rows = [('dialect', 'files', 'packets', 'items agreed', 'malformed in both', 'tshark stopped', 'exceptions')]
  for dialect, tally in sorted(tallies.items()):
    rows.append((dialect, len(tally.files), tally.samples, tally.items, tally.both, tally.stopped, tally.excepted))
  widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
  for row in rows:
    print('  '.join(f'{value:<{width}}' if i == 0 else f'{value:>{width}}' for i, (value, width) in enumerate(zip(row, widths))))
