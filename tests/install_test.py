#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make install` puts into an empty root is all that a program needs: tests/install_test.py BUILD WAY...

WAY: files (what is there, and which names the library exports), completion, pkg-config, cmake, subproject. Each of the last three builds
the README's program in C and in C++, and runs it.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from checks import check, need

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
BUILD = os.path.abspath(sys.argv[1])
FRAME = bytes([0x30, 0x07, 0x04, 0x05]) + b'hello'
WARN = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
# In C++ a member left out of the braces is worth a warning to gcc, also behind names.
STANDARD = {'c': ['-std=c11'], 'cc': ['-std=c++20', '-Wno-missing-field-initializers']}
COMPILER = {'c': os.environ.get('CC', 'cc'), 'cc': os.environ.get('CXX', 'c++')}
work = tempfile.TemporaryDirectory(prefix='leat-')


def run(*command, **keywords):
  done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
  check(done.returncode == 0, f'{" ".join(command)}: exit {done.returncode}\n{done.stdout}')
  return done.stdout


def slurp(*path):
  with open(os.path.join(*path)) as file:
    return file.read()


def folder(name):
  """A new folder with the README's program as program.c and program.cc, a frame as frame.der, and the files given."""
  made = os.path.join(work.name, name)
  os.makedirs(made)
  program = re.search(r'^```c\n(.*?)^```$', slurp(SOURCE, 'README.md'), re.M | re.S).group(1)
  for suffix in STANDARD:
    with open(os.path.join(made, f'program.{suffix}'), 'w') as file:
      file.write(program)
  with open(os.path.join(made, 'frame.der'), 'wb') as file:
    file.write(FRAME * 2)
  return made


def write(path, text):
  with open(path, 'w') as file:
    file.write(text)


def runs(program, where, env=None):
  printed = run(program, os.path.join(where, 'frame.der'), env=env)
  check(printed == f'a frame of {len(FRAME)} bytes\n' * 2, f'{program} printed {printed!r}')


class Installed:
  """The tree that was installed."""

  def __init__(self):
    self.root = os.path.join(work.name, 'root')
    run('meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', self.root)
    options = {option['name']: option['value'] for option in json.loads(run('meson', 'introspect', BUILD, '--buildoptions'))}
    self.prefix = self.root + options['prefix']
    self.lib, self.include, self.bin, self.data = (os.path.join(self.prefix, options[name]) for name in ('libdir', 'includedir', 'bindir', 'datadir'))
    self.env = dict(os.environ, LD_LIBRARY_PATH=self.lib)


def files(installed):
  here = {os.path.basename(path) for path in glob.glob(os.path.join(SOURCE, 'include', 'leat', '*'))}
  there = {os.path.basename(path) for path in glob.glob(os.path.join(installed.include, 'leat', '*'))}
  check(here == there, f'headers that differ: {here ^ there}')
  version = slurp(SOURCE, 'meson.build').split("version: '")[1].split("'")[0]
  check(run(os.path.join(installed.bin, 'leat'), '--version') == f'leat {version}\n', 'another version of leat')
  for name in ('libleat.a', 'libleat.so', 'libleat.so.0', f'libleat.so.{version}'):
    check(os.path.exists(os.path.join(installed.lib, name)), f'no {name}')
  if shutil.which('scdoc'):
    manual = {os.path.basename(path) for path in glob.glob(os.path.join(installed.data, 'man', '*', '*'))}
    check({'leat.1', 'leat-pump.1', 'leat.7', 'leat_ring.3'} <= manual, f'the manual is {manual}')
  library = os.path.join(installed.lib, 'libleat.so')
  check('Library soname: [libleat.so.0]' in run('readelf', '-d', library), 'another soname')
  exported = set()
  for line in run('nm', '-D', '--defined-only', library).splitlines():
    name, _, node = line.split()[-1].partition('@@')
    if name != 'LEAT_0':
      check(node == 'LEAT_0', f'{name} has no version')
      exported.add(name)
  headers = '\n'.join(slurp(path) for path in glob.glob(os.path.join(SOURCE, 'include', 'leat', '*.h')))
  headers = re.sub(r'/\*.*?\*/', '', headers, flags=re.S)
  # `extern LEAT_API ... name;`, `LEAT_API ... name(` and what is inline and has its definition in the library too.
  declared = set(re.findall(r'^(?:extern )?LEAT_API\b[^;{}]*?\b(leat_\w+)(?=\(|;|\[)', headers, re.M))
  check(len(declared) > 150, f'only {len(declared)} names found in the headers')
  check(declared <= exported, f'declared, not exported: {sorted(declared - exported)}')
  unknown = [name for name in exported - declared if not re.search(rf'\b{name}(\(|;|\[)', headers)]
  check(not unknown, f'exported, in no public header: {unknown}')


def completion(installed):
  script = os.path.join(installed.data, 'bash-completion', 'completions', 'leat')
  command = os.path.join(installed.bin, 'leat')

  def completed(line):
    words = re.split(r'[ :=]', line)
    told = run('bash', '--norc', '-c', f'source {script}; COMP_LINE=$1 COMP_POINT=${{#1}} COMP_CWORD={len(words) - 1}; shift; COMP_WORDS=("$@");'
               '_leat "$1" "${!#}" ""; printf "%s\\n" "${COMPREPLY[@]}"', 'bash', line, *words, cwd=work.name)
    return told.split()

  write(os.path.join(work.name, 'some.der'), '')
  for line, wanted in (('', ['pump', 'dump', 'validate', 'dialects']), ('p', ['pump']), ('pump --fr', ['--frame', '--from']), ('dump --js', ['--json']),
                       ('pump --frame de', ['der']), ('pump --frame=netl', ['netlink']), ('pump --from tcp-', ['tcp-listen://']),
                       ('pump --from unix-l', ['unix-listen:']), ('dump --tlv der so', ['some.der']), ('validate --tlv der so', ['some.der']), ('pump --from file:so', ['some.der']),
                       ('pump --from netlink:r', ['route']), ('pump --stats j', ['json']), ('dump --color=', ['always', 'auto', 'never'])):
    got = completed(f'{command} {line}')
    check(sorted(got) == sorted(wanted), f'`leat {line}` was completed by {got}, not {wanted}')


def pkg_config(installed):
  need('pkg-config')
  where = folder('pkg-config')
  env = dict(installed.env, PKG_CONFIG_PATH=os.path.join(installed.lib, 'pkgconfig'), PKG_CONFIG_SYSROOT_DIR=installed.root)
  for suffix, compiler in COMPILER.items():
    for ways in ([], ['--static']):
      flags = run('pkg-config', '--cflags', '--libs', *ways, 'leat', env=env).split()
      flags = ['-l:libleat.a' if ways and flag == '-lleat' else flag for flag in flags]
      program = os.path.join(where, f'program_{suffix}')
      run(compiler, *STANDARD[suffix], *WARN, os.path.join(where, f'program.{suffix}'), *flags, '-o', program)
      runs(program, where, installed.env if not ways else None)


def cmake(installed):
  need('cmake')
  where = folder('cmake')
  write(os.path.join(where, 'CMakeLists.txt'), '''cmake_minimum_required(VERSION 3.13)
project(program C CXX)
find_package(leat 0.1 REQUIRED)
add_executable(program_c program.c)
target_link_libraries(program_c leat::leat)
add_executable(program_cc program.cc)
target_link_libraries(program_cc leat::leat_static)
set_target_properties(program_cc PROPERTIES CXX_STANDARD 20)
find_package(leat 0.2 QUIET)
if(leat_FOUND)
  message(FATAL_ERROR "0.1 was taken for 0.2")
endif()
''')
  build = os.path.join(where, 'build')
  run('cmake', '-S', where, '-B', build, f'-DCMAKE_PREFIX_PATH={installed.prefix}')
  run('cmake', '--build', build)
  for suffix in STANDARD:
    runs(os.path.join(build, f'program_{suffix}'), where)


def subproject(_):
  where = folder('subproject')
  write(os.path.join(where, 'meson.build'), '''project('program', 'c', 'cpp', default_options: ['cpp_std=c++20'])
leat = dependency('leat', fallback: 'leat')
executable('program_c', 'program.c', dependencies: leat)
executable('program_cc', 'program.cc', dependencies: leat)
''')
  os.makedirs(os.path.join(where, 'subprojects', 'leat'))
  for name in ('meson.build', 'meson_options.txt', 'src', 'include', 'packaging', 'LICENSE'): # and so nothing else is needed
    os.symlink(os.path.join(SOURCE, name), os.path.join(where, 'subprojects', 'leat', name))
  build = os.path.join(where, 'build')
  run('meson', 'setup', build, where, '--wrap-mode=forcefallback')
  run('ninja', '-C', build)
  for suffix in STANDARD:
    runs(os.path.join(build, f'program_{suffix}'), where)


WAYS = {'files': files, 'completion': completion, 'pkg-config': pkg_config, 'cmake': cmake, 'subproject': subproject}
tree = Installed()
for way in sys.argv[2:]:
  WAYS[way](tree)
  print(f'{way}: as it should be')
