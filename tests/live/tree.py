# SPDX-License-Identifier: MIT
"""What tshark makes of a capture, as trees of named fields: each with its bytes and where they stand.

tshark -T json -x gives of each field its bytes in hex, position, size and bit mask; positions count from the start of the frame, or of what
was put together from several frames. Protocols give their bytes too, so a rule (rules.py) needs nothing but the protocol's own tree.
"""
import json
import os
import subprocess

SECONDS = 120  # no capture may take tshark longer


class Field:
  """One field or protocol: name, bytes or number, position, size, what people are shown, and what stands below it."""

  def __init__(self, name, raw=('', 0, 0, 0)):
    told = raw[0] if isinstance(raw[0], str) else ''  # a remark of tshark's own has no bytes
    self.name, self.at, self.size, self.shown, self.inside = name, raw[1], raw[2], '', []
    self.data, self.number = b'', 0
    try:
      self.number = int(told or '0', 16)  # of some bits of a word: shifted already
      self.data = bytes.fromhex(told) if not raw[3] and len(told) == 2 * raw[2] else b''
    except ValueError:
      pass  # a text that stands in no packet


def fields(pairs):
  """The members of a JSON object as a list of fields: bytes (NAME_raw), value (NAME) and tree (NAME_tree, or NAME) stand one after the other.

  A tree that belongs to no field, but to a line of text, is a field without bytes.
  """
  made = []
  for name, value in pairs:
    last = made[-1] if made else None
    if isinstance(value, list) and value and isinstance(value[0], tuple):
      if not last or last.inside or name not in (last.name, last.name + '_tree'):
        last = Field(name)
        made.append(last)
      last.inside = fields(value)
    elif isinstance(value, list) and value and name.endswith('_raw'):
      made.append(Field(name.removesuffix('_raw'), value))
    elif isinstance(value, str):
      if not last or name != last.name:
        made.append(Field(name))
      made[-1].shown = value
  return made


def every(tree, name):
  """All fields of that name, in the tree's order."""
  for field in tree:
    if field.name == name:
      yield field
    yield from every(field.inside, name)


def walk(tree):
  for field in tree:
    yield field
    yield from walk(field.inside)


def first(tree, name):
  return next(every(tree, name), None)


def dissect(path, wanted, protocols, work, options=()):
  """The frames of the capture that the filter lets through, each as number and fields; and what tshark wrote on stderr."""
  quiet = dict(os.environ, HOME=work, XDG_CONFIG_HOME=work, LC_ALL='C')
  line = ['tshark', '-n', '-r', path, '-Y', wanted, '-T', 'json', '-x', '-J', ' '.join(protocols + ['frame']), *options]
  done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=quiet)
  told = done.stderr.decode(errors='replace')
  if not done.stdout.strip():
    return [], told
  frames = []
  for frame in json.loads(done.stdout.decode(errors='replace'), object_pairs_hook=list):
    layers = fields(dict(dict(frame)['_source'])['layers'])
    frames.append((int(first(layers, 'frame.number').shown), layers))
  return frames, told


def marked(fields_):
  """tshark calls it malformed, or lacks a part of it."""
  for field in fields_:
    if field.name.startswith('_ws.malformed') or field.name in ('_ws.short', '_ws.unreassembled') or field.name.endswith('opt.len.invalid'):
      return True
    if field.name == '_ws.expert.group' and field.shown == '117440512':  # PI_MALFORMED
      return True
  return False
