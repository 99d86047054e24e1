#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/release refuses what should not be handed out, and says why; the tarball is the same whenever it is made: tests/release_test.py

In a small repository of its own, with the files that the tool reads.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from checks import check, need

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
READ = ['meson.build', 'CHANGELOG.md', 'debian/changelog', 'debian/control', 'include/leat/base.h', 'src/leat.map', 'tools/release']
need('git')
work = tempfile.TemporaryDirectory()
tree = os.path.join(work.name, 'tree')
env = dict(os.environ, GIT_CONFIG_GLOBAL='/dev/null', GIT_CONFIG_SYSTEM='/dev/null', GIT_AUTHOR_NAME='leat', GIT_AUTHOR_EMAIL='leat@leat.example',
           GIT_COMMITTER_NAME='leat', GIT_COMMITTER_EMAIL='leat@leat.example', GIT_COMMITTER_DATE='2026-11-27T12:00:00+0000')
for name in ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'): # of a hook that runs the tests
  env.pop(name, None)


def git(*words):
  subprocess.run(['git', '-C', tree, *words], check=True, env=env, stdout=subprocess.DEVNULL)


def release(*words):
  return subprocess.run(['tools/release', '--out', os.path.join(work.name, 'out'), *words], cwd=tree, env=env, capture_output=True, text=True)


def edit(name, pattern, to):
  path = os.path.join(tree, name)
  with open(path) as file:
    text = file.read()
  changed = re.sub(pattern, to, text, count=1, flags=re.M)
  check(changed != text, f'{pattern} is not in {name}')
  with open(path, 'w') as file:
    file.write(changed)


refused = 0


def refuses(wanted, *words):
  global refused
  done = release(*words)
  check(done.returncode == 1 and wanted in done.stderr and 'Traceback' not in done.stderr, f'"{wanted}" was not said: {done.returncode} {done.stderr}')
  refused += 1
  git('checkout', '-q', '.')


for name in READ:
  os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
  shutil.copy2(os.path.join(SOURCE, name), os.path.join(tree, name))
git('init', '-q')
git('add', '-A')
git('commit', '-q', '-m', 'a tree')

for name, pattern, to in (('meson.build', r"^  version: '[^']+'", "  version: '9.9.9'"), ('CHANGELOG.md', r'^## \S+ ', '## 9.9.9 '),
                          ('debian/changelog', r'^leat \([^)]+\)', 'leat (9.9.9)'), ('include/leat/base.h', r'LEAT_VERSION_PATCH \d+', 'LEAT_VERSION_PATCH 99')):
  edit(name, pattern, to)
  refuses(f'{name} has ', '--no-tests')
edit('src/leat.map', r'^LEAT_\d+', 'LEAT_99')
refuses('src/leat.map LEAT_99', '--no-tests')
edit('debian/control', r'^Package: libleat\d+$', 'Package: libleat99')
refuses('debian/control has no package', '--no-tests')
edit('CHANGELOG.md', r'^# Changelog', '# Changes')
refuses('not committed', '--no-tests')
refuses('is no date', '--date', 'tomorrow')
edit('CHANGELOG.md', r'^# Changelog\n\n## (\S+) \(.*\)', r'# Changelog of leat\n\n## \1 (not released)')
git('commit', '-q', '-a', '-m', 'not released')
refuses('not released')

done = release('--no-tests')
check(done.returncode == 0 and f' {len(READ)} files ' in done.stdout, f'no tarball: {done.stdout}{done.stderr}')
first = re.search(r'sha256 (\w{64})', done.stdout).group(1)
os.utime(os.path.join(tree, 'meson.build'), (1, 1))
second = re.search(r'sha256 (\w{64})', release('--no-tests').stdout).group(1)
check(first == second, 'the tarball changed with the time of a file')

done = release('--date', '2027-01-02')
check(done.returncode == 0, done.stderr)
with open(os.path.join(tree, 'CHANGELOG.md')) as file:
  check(re.search(r'^## \S+ \(2027-01-02\)$', file.read(), re.M), 'CHANGELOG.md has no date')
with open(os.path.join(tree, 'debian', 'changelog')) as file:
  check('>  Sat, 02 Jan 2027 12:00:00 +0000' in file.read(), 'debian/changelog has no date')
check(refused == 9, f'{refused} refusals')
print(f'{refused} refusals, and a tarball of {len(READ)} files, twice the same')
