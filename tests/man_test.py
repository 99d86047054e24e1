#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual says what is there: tests/man_test.py LEAT FOLDER, with the command and the folder of the built pages.

mandoc finds nothing wrong; every option, command, endpoint and key of --help is in section 1 and nothing else is; every name of leat's that
sections 1 and 7 use exists; every function with a contract line is in section 3, and what the synopses there say compiles.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from checks import check, need

LEAT, PAGES = sys.argv[1:]
SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
# What scdoc writes whatever one gives it.
SCDOC = re.compile(r'skipping paragraph macro: PP (empty|after SH)|lower case character in document title|longer than 80 bytes')


def slurp(path):
  with open(path) as file:
    return file.read()


def page(name):
  """The source of a page, without fonts and escapes."""
  text = re.sub(r'\\f[BIRP]|\\&', '', slurp(os.path.join(PAGES, name)))
  return text.replace('\\-', '-').replace('\\e', '\\').replace('\\(aq', "'")


def told(*words):
  return subprocess.run([LEAT, *words, '--help'], check=True, capture_output=True, text=True).stdout


def names(pattern, text):
  return set(re.findall(pattern, text))


need('mandoc')

pages = sorted(os.path.basename(path) for path in glob.glob(os.path.join(PAGES, '*.[137]')))
lint = subprocess.run(['mandoc', '-Tlint', *pages], cwd=PAGES, stdout=subprocess.PIPE, text=True).stdout.splitlines()
lint = [line for line in lint if re.search(r': leat_\w+\.3:', line) or not SCDOC.search(line)]
check(not lint, 'mandoc says:\n' + '\n'.join(lint))



def listed_options(command):
  """The options at the beginning of the lines of --help."""
  return [match.group() for match in re.finditer(r'^ {2,6}-.*?(?=  |$)', told(command).replace('-?, --', '--').replace('-V, --', '--'), re.M)]


commands = set(re.findall(r'^  ([a-z]+)  +\S', told().split('Commands:')[1], re.M))
check(commands == {name[5:-2] for name in pages if name.startswith('leat-')}, f'commands {commands}, pages {pages}')
option = r'(?<![\w-])--[a-z][a-z-]*'
for command in sorted(commands):
  said, meant = names(option, page(f'leat-{command}.1').split('\n.SH OPTIONS')[1].split('\n.SH ')[0]), set(re.findall(option, '\n'.join(listed_options(command))))
  check(said == meant, f'leat-{command}(1): options not in --help {said - meant}, not in the page {meant - said}')

endpoints = page('leat.1').split('\n.SH ENDPOINTS')[1].split('\n.SH ')[0]
for scheme in re.findall(r'^  ([a-z][a-z-]*:)', told('pump').split('Endpoints:')[1], re.M):
  check(re.search(rf'(^|[ ,]){re.escape(scheme)}', endpoints, re.M), f'leat(1) does not tell of {scheme}')
said, meant = names(r'\b([a-z]+)\b', endpoints), names(r'[?&]([a-z]+)=', told('pump'))
check(meant <= said, f'leat(1) does not tell of the keys {meant - said}')

headers = {os.path.basename(path)[:-2]: slurp(path) for path in glob.glob(os.path.join(SOURCE, 'include', 'leat', '*.h'))}
code = '\n'.join(headers.values()) + slurp(os.path.join(SOURCE, 'include', 'leat', 'leat.hpp'))
for name in (name for name in pages if name[-1] in '17'):
  for word in names(r'\b(?:leat|LEAT)_\w+', page(name)):
    check(re.search(rf'\b{word}\b', code) or f'{word}.3' in pages, f'{name}: there is no {word}')
for reference in re.findall(r'\b(leat[\w-]*)\((\d)\)', ''.join(page(name) for name in pages)):
  check('.'.join(reference) in pages, f'there is no page {reference[0]}({reference[1]})')

listed = set()
with tempfile.TemporaryDirectory() as work:
  sources = []
  for name in (name for name in pages if name.endswith('.3') and name != 'leat_hpp.3'):
    text = page(name)
    listed |= names(r'leat_\w+', text.split('\n.SH NAME')[1].split('\n- ')[0])
    synopsis = text.split('\n.SH SYNOPSIS')[1].split('\n.SH ')[0]
    lines = [line[3:].strip('"') for line in synopsis.splitlines() if line.startswith('.B ')]
    check(lines and lines[0] == f'#include <leat/{name[5:-2]}.h>', f'{name}: the synopsis begins with {lines[:1]}')
    sources.append(os.path.join(work, f'{name}.c'))
    with open(sources[-1], 'w') as file:
      file.write('\n'.join(lines) + '\nint leat_page;\n')
  compiled = subprocess.run([os.environ.get('CC', 'cc'), '-std=c11', '-Wall', '-Wextra', '-Werror', f'-I{SOURCE}/include', '-fsyntax-only', *sources],
                            stderr=subprocess.PIPE, text=True)
  check(compiled.returncode == 0, f'a synopsis does not compile:\n{compiled.stderr}')
# C++'s page: all that stands in the namespace, and in each class every function that is not private, without its body.
header, text = slurp(os.path.join(SOURCE, 'include', 'leat', 'leat.hpp')).split('} // namespace detail')[1], page('leat_hpp.3')
check('.B #include <leat/leat.hpp>' in text, 'leat_hpp.3 does not say what to include')
classes = re.findall(r'^(?:template <[^\n]*> )?(?:class|struct) (\w+)', header, re.M)
public = re.sub(r'^  private:.*?^\};', '', header.split("static_assert(true")[1], flags=re.S | re.M)
members = re.findall(r'^    ((?:template <[^\n]*> )?[\w~][^\n=]*?\b\w+\([^\n]*?\))(?: noexcept| const|$| :)', public, re.M)
check(len(classes) == 5 and len(members) > 20, f'{len(classes)} classes, {len(members)} members')
for one in classes + ['LEAT_POOLED']:
  check(re.search(rf'^\.SS (leat::)?{one}$', text, re.M), f'leat_hpp.3 has nothing of {one}')
for member in (re.sub(r'\) (noexcept )?: .*', ')', one) for one in members):
  check(f'{member};' in text or f'{member} ' in text, f'leat_hpp.3 does not have {member}')
contracts = 0
for part, text in headers.items():
  for comment, after in re.findall(r'(/\*(?:[^*]|\*(?!/))*\[thread:(?:[^*]|\*(?!/))*\*/)\n([^;{]*)', text):
    function = re.search(r'\b(leat_\w+)\(', after)
    if function:
      contracts += 1
      check(function.group(1) in listed, f'{function.group(1)} of {part}.h is in no page of section 3')
check(contracts > 150, f'only {contracts} contracts found')
print(f'{len(pages)} pages, {contracts} functions with a contract, {len(members)} members of {len(classes)} classes')
