#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the set-up of doc/cluster.md as it is printed, and holds what it prints to what the page says: tests/cluster/doc.py LEAT"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

leat = os.path.abspath(sys.argv[1])
page = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'doc', 'cluster.md')).read()
blocks = re.findall(r'^```sh\n(.*?)^```', page, re.S | re.M)
said = re.search(r'^That is (\d+) bytes', page, re.M)
if len(blocks) != 4 or not said:
  sys.exit('FAILED: the page has other blocks than this test knows')
work = tempfile.mkdtemp(prefix='leat-cluster-doc-')
env = dict(os.environ, PATH=os.path.dirname(leat) + ':' + os.environ['PATH'])
env.setdefault('LEAT_PLUGINS', os.path.join(os.path.dirname(leat), 'plugins'))
shell = subprocess.Popen(['bash', '-eu', '-c', 'gateways= readers=\n' + ''.join(blocks)], cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
try:
  printed, complaints = shell.communicate(timeout=90)
  if shell.returncode != 0 or printed.strip() != said.group(1):
    sys.exit(f'FAILED: exit {shell.returncode}, printed {printed!r} where the page says {said.group(1)}: {complaints}')
  print(f'doc/cluster.md: {printed.strip()} bytes in the archives, as it says')
finally:
  try:
    os.killpg(shell.pid, signal.SIGKILL)
  except ProcessLookupError:
    pass
  shutil.rmtree(work, ignore_errors=True)
