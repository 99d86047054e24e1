#!/usr/bin/env python3
"""Lists the peers and cases that are there, for the build: bench/peers.py DIR

A line per peer: FAMILY|NAME|package|header|pkgconfig|link|cases|leat. What a peer needs stands in its file's first lines, as
`needs: KEY=VALUE` (package, header, pkgconfig, link, leat), the link arguments with commas between; leat=static links libleat.a, not
libleat.so; cases are its family's, in order.
"""
import glob
import os
import re
import sys


def needs_of(path):
  """What the comment at the top of a peer's file asks for."""
  with open(path) as file:
    head = file.read(2000)
  needs = {}
  for line in re.findall(r'^[ /*]*needs: (.*?)(?: \*/)?$', head, re.M):
    for word in line.split():
      key, _, value = word.partition('=')
      if key not in ('package', 'header', 'pkgconfig', 'link', 'program', 'leat') or not value:
        sys.exit(f'{path}: needs: {word}: not package=, header=, pkgconfig=, link=, program= or leat=')
      needs[key] = value
  return needs


def main(root):
  os.chdir(root)
  for path in sorted(glob.glob('peers/*/*.hpp')):
    family, name = path.split('/')[1], path.split('/')[2][:-4]
    needs = needs_of(path)
    cases = ','.join(sorted(os.path.basename(case) for case in glob.glob(f'cases/{family}/*.hpp')))
    columns = [needs.get(key, '') for key in ('package', 'header', 'pkgconfig', 'link')]
    print('|'.join([family, name] + columns + [cases, needs.get('leat', 'shared')]))


if __name__ == '__main__':
  main(sys.argv[1])
