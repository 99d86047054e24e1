#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists the peers and cases that are there, for the build: bench/peers.py DIR

A line per peer: FAMILY|NAME|CASES and then KEYS. What a peer needs stands in its file's first lines, as `needs: KEY=VALUE`: the Debian
package, a header, a pkg-config name, a program, a folder to include from, link arguments with commas between; leat=static links the static
library. CASES are its family's, in order.
"""
import glob
import os
import re
import sys

KEYS = ('package', 'header', 'pkgconfig', 'link', 'program', 'include', 'leat', 'rpath')


def needs_of(path):
  """What the comment at the top of a peer's file asks for."""
  with open(path) as file:
    head = file.read(2000)
  needs = {}
  for line in re.findall(r'^[ /*]*needs: (.*?)(?: \*/)?$', head, re.M):
    for word in line.split():
      key, _, value = word.partition('=')
      if key not in KEYS or not value:
        sys.exit(f'{path}: needs: {word}: not one of {"= ".join(KEYS)}=')
      needs[key] = value
  return needs


def main(root):
  os.chdir(root)
  for path in sorted(glob.glob('peers/*/*.hpp')):
    family, name = path.split('/')[1], path.split('/')[2][:-4]
    needs = needs_of(path)
    cases = ','.join(sorted(os.path.basename(case) for case in glob.glob(f'cases/{family}/*.hpp')))
    print('|'.join([family, name, cases] + [needs.get(key, '') for key in KEYS]))


if __name__ == '__main__':
  main(sys.argv[1])
