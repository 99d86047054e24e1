# SPDX-License-Identifier: MIT
"""What every test in Python says when something does not hold, or a tool is not there."""
import os
import shutil
import sys


def fail(text):
  print(f'FAILED: {text}')
  sys.exit(1)


def check(holds, text):
  if not holds:
    fail(text)


def need(*tools):
  """Without the tools the test has nothing to compare with: it is skipped, but never where CI runs it."""
  missing = [tool for tool in tools if not shutil.which(tool)]
  if missing:
    print('SKIPPED: not installed: ' + ' '.join(missing))
    sys.exit(1 if os.environ.get('CI') == 'true' else 77)
