#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every refusal says which object, which option and what is allowed, in one line: tests/error_texts_test.py PROGRAM

The program brings them about and says what each must name; the sources say which there are, so that none is left out.
"""
import glob
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from checks import fail

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
# What takes another machine, or luck: no libpcap, a terminal without a speed, a name that nobody resolves; and more keys than any transport knows.
UNREACHED = {'libpcap is not installed: %s', 'libpcap lacks a function: %s', 'built without libpcap', 'open: libpcap: %s',
             '%s=%.40s: the device cannot do that', 'resolve: %s', '%s: %s', 'more than %d keys',
             'block_bytes: what a slab can hold', 'limit: blocks that can be counted'} # where an address has 32 bits
CALL = r'\b(?:link_refuse|refuse|leat_pool_refuse|range|leat_endpoint_refuse|REFUSE)\((?:[^";{}]|\n)*?((?:"(?:[^"\\]|\\.)*"\s*)+)'


def rules():
  """The texts of the sources, adjacent literals joined; the ones that are only a name in quotes are not texts."""
  found = set()
  for path in sorted(glob.glob(os.path.join(ROOT, 'src', '*', '*.c'))):
    if os.path.basename(os.path.dirname(path)) not in ('link', 'pool', 'endpoint', 'session'):
      continue
    with open(path) as file:
      for literals in re.findall(CALL, file.read()):
        text = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).replace('\\"', '"')
        if text != '""':
          found.add(text)
  return found


def pattern(rule):
  return re.compile('.*'.join(re.escape(piece) for piece in re.split(r'%(?:\.\*|\.\d+)?(?:lld|[sd])', rule.replace('%%', '\0'))).replace('\0', '%'))


done = subprocess.run([sys.argv[1]], input='', capture_output=True, text=True, timeout=60)
if done.returncode != 0:
  fail(f'the program: exit {done.returncode}: {done.stderr}')
texts = []
for line in done.stdout.splitlines():
  name, words, code, text = line.split('\t')
  shown = name[:100]
  if int(code) >= 0:
    fail(f'{shown!r} ({words}) was not refused')
  if not text.startswith(name[:60]):
    fail(f'the text does not begin with {shown!r}: {text!r}')
  for word in words.split('|'):
    if word not in text:
      fail(f'{shown!r}: no {word!r} in {text!r}')
  texts.append(text)
wanted = rules()
if len(wanted) < 60:
  fail(f'only {len(wanted)} refusals found in the sources')
missing = sorted(rule for rule in wanted - UNREACHED if not any(pattern(rule).search(text) for text in texts))
if missing:
  fail('never brought about:\n  ' + '\n  '.join(missing))
print(f'{len(texts)} refusals name object, option and limit; of {len(wanted)} in the sources {len(wanted & UNREACHED)} are out of reach here')
