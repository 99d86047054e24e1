#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CONTRIBUTING.md names every target that the Makefile describes, with a time, and none that is not there; all are .PHONY: tests/commands_test.py"""
import os
import re
import sys

sys.dont_write_bytecode = True
from checks import check

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))


def slurp(name):
  with open(os.path.join(SOURCE, name)) as file:
    return file.read()


makefile = slurp('Makefile')
described = set(re.findall(r'^([a-z0-9-]+):[^=\n]*## \S', makefile, re.M))
phony = set(re.search(r'^\.PHONY: (.*)$', makefile, re.M).group(1).split())
rows = re.findall(r'^\| `make ([a-z0-9-]+)` \| (\S.*?) \| (.*?) \|$', slurp('CONTRIBUTING.md'), re.M)
named = {name for name, _, _ in rows}
check(len(described) >= 16, f'only {len(described)} targets are described in the Makefile: {described}')
check(described == named, f'CONTRIBUTING.md does not name {described - named}; the Makefile does not have {named - described}')
check(len(rows) == len(named), 'a command is named twice')
for name, _, time in rows:
  check(re.search(r'\d+ (s|min)\b|minutes?\b|`make ', time), f'make {name}: "{time}" is no time')
check(described <= phony, f'not .PHONY: {described - phony}')
print(f'{len(named)} commands, each with a time')
