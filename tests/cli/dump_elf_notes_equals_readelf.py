#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv elf-note` lists the notes that readelf shows: of a file assembled here, of programs, and of the running kernel."""
import json
import os
import re
import subprocess

from formats import SEED, chance, found
from leatcli import check, fail, folder, need, run, slurp, spill

need('readelf', 'as')
SECTION = re.compile(r' *\[ *\d+\] (\S+) +NOTE +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) ')
NOTE = re.compile(r'  (\S*|\(NONE\)) +0x([0-9a-f]{8})\t(.*)')
# What readelf writes for a number that it knows; of the others it shows the number.
KNOWN = {'NT_GNU_ABI_TAG': 1, 'NT_GNU_HWCAP': 2, 'NT_GNU_BUILD_ID': 3, 'NT_GNU_GOLD_VERSION': 4, 'NT_GNU_PROPERTY_TYPE_0': 5, 'NT_STAPSDT': 3,
         'GO BUILDID': 4, 'FDO_PACKAGING_METADATA': 0xcafe1a7e, 'OPEN': 0x100, 'func': 0x101}


def assembled(path):
  """A file with sections full of notes, made by chance; and the kernel's own notes in one more."""
  some, text = chance('notes'), []
  for section in range(12):
    text.append(f'.section .note.leat{section},"a",@note\n.balign 4')
    for _ in range(some.randrange(1, 9)):
      name = ''.join(some.choice('abcXYZ-0') for _ in range(some.randrange(1, 14)))
      value = some.randbytes(some.randrange(50))
      text.append(f'.long {len(name) + 1}, {len(value)}, {some.randrange(0x1000, 2**32)}\n.asciz "{name}"\n.balign 4')
      text += [f'.byte {byte}' for byte in value] + ['.balign 4']
  try:
    notes = slurp('/sys/kernel/notes')
    text.append('.section .note.kernel,"a",@note\n.balign 4\n' + '\n'.join(f'.byte {byte}' for byte in notes))
  except OSError:
    pass  # not every kernel shows them
  source = spill(path + '.s', '\n'.join(text).encode() + b'\n')
  subprocess.run(['as', '-o', path, source], check=True)
  return path


def shown(paths):
  """What readelf shows: {path: {section: (offset, size, [(owner, size, description)])}}."""
  done = subprocess.run(['readelf', '-S', '-n', '-W', *paths], capture_output=True, text=True)
  files, notes = {}, None
  path = paths[0] if len(paths) == 1 else None
  files.setdefault(path, {})
  for line in done.stdout.splitlines():
    section, note = SECTION.match(line), NOTE.match(line)
    if line.startswith('File: '):
      path, notes = line[6:], None
      files[path] = {}
    elif section:
      files[path][section.group(1)] = (int(section.group(2), 16), int(section.group(3), 16), [])
    elif line.startswith('Displaying notes found in: '):
      notes = files[path].get(line[27:].strip(), (0, 0, None))[2]
    elif note and notes is not None:
      notes.append((note.group(1), int(note.group(2), 16), note.group(3)))
  files.pop(None, None)
  return files


def number_of(description):
  unknown = re.search(r'Unknown note type: \(0x([0-9a-f]+)\)', description)
  if unknown:
    return int(unknown.group(1), 16)
  return next((number for name, number in KNOWN.items() if description.startswith(name)), None)


def compare(what, data, notes):
  """Returns how many notes are equal, and of how many of them readelf told the type."""
  done = run('dump', '--json', '--tlv', 'elf-note', '-', input=data)
  check(done.returncode == 0, f'{what} (seed {SEED}): exit {done.returncode}: {done.stderr}')
  items, types = [json.loads(line) for line in done.stdout.splitlines()], 0
  check(len(items) == len(notes), f'{what} (seed {SEED}): leat has {len(items)} notes, readelf {len(notes)}')
  for item, (owner, size, description) in zip(items, notes):
    name = data[item['offset'] + 12:item['offset'] + item['header']].rstrip(b'\0').decode()
    number = number_of(description)
    built = re.search(r'Build ID: ([0-9a-f]+)', description)
    if (name, item['length']) != (owner, size) or number not in (None, item['type']) or (built and built.group(1) != item['value']):
      fail(f'{what} (seed {SEED}): leat {item}, {name}; readelf {owner} {size} {description}')
    types += number is not None
  return len(items), types


made = assembled(os.path.join(folder(), 'notes.o'))
programs = [path for path in found('', 40, '/usr/bin') + found(('.so.1', '.so.6', '.so.2'), 20, '/usr/lib') if slurp(path)[:4] == b'\x7fELF']
counts, types, here = 0, 0, 0
for path, sections in shown([made, *dict.fromkeys(programs)]).items():
  data = slurp(path)
  for name, (offset, size, notes) in sections.items():
    equal, told = compare(f'{path} {name}', data[offset:offset + size], notes)
    counts, types, here = counts + equal, types + told, here + (equal if path == made else 0)
check(here > 0 and types > 0, 'nothing was compared')
print(f'{counts} notes equal, {here} of them made here or by the kernel, {types} with a type that readelf tells; {len(programs)} programs')
