#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""For every certificate of the system store, `leat dump --tlv der` lists exactly the (offset, header length, length) that openssl lists, and
knows its object identifiers."""
import glob
import json
import os
import re
import subprocess

from leatcli import check, fail, folder, need, run, spill

need('openssl')
LINE = re.compile(r' *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+|inf) ')


OBJECT = re.compile(r' prim: +OBJECT +:(.*)$')
called = {}  # what openssl calls an identifier -> (our figures, our name)


def figures(octets):
  """An object identifier, decoded here."""
  numbers, number = [], 0
  for octet in octets:
    number = number << 7 | octet & 127
    if octet < 128:
      numbers.append(number)
      number = 0
  first = min(numbers[0] // 40, 2)
  return '.'.join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def identifiers_are_known(path, objects):
  text = subprocess.run(['openssl', 'asn1parse', '-inform', 'DER', '-in', path], check=True, capture_output=True, text=True).stdout
  for line, item in zip(text.splitlines(), objects):
    match = OBJECT.search(line)
    check(bool(match) == ('oid' in item), f'{path}: an identifier or not? {line!r}: {item}')
    if not match:
      continue
    check(item['oid'] == figures(bytes.fromhex(item['value'])), f'{path}: {item}')
    told, ours = match.group(1), (item['oid'], item.get('oid_name'))
    check(called.setdefault(told, ours) == ours, f'{path}: {told!r} is {ours} here, {called[told]} before')
    if told == item['oid'] or ours[1] is None:
      continue  # one of the two has no name for it
    check(' ' in told or told.replace('-', '').lower() == ours[1].replace('-', '').lower(), f'{path}: {told!r} is {ours}')


def openssl_items(path):
  text = subprocess.run(['openssl', 'asn1parse', '-inform', 'DER', '-in', path], check=True, capture_output=True, text=True).stdout
  items = []
  for line in text.splitlines():
    match = LINE.match(line)
    check(match, f'openssl printed something unforeseen: {line!r}')
    items.append(tuple(int(number) for number in match.groups()))
  return items


def leat_items(path):
  done = run('dump', '--json', '--tlv', 'der', path)
  check(done.returncode == 0 and done.stderr == '', f'{path}: exit {done.returncode}: {done.stderr}')
  objects = [json.loads(line) for line in done.stdout.splitlines()]
  return [(item['offset'], item['depth'], item['header'], item['length']) for item in objects], objects


def text_items(path):
  done = run('dump', '--tlv', 'der', path)
  check(done.returncode == 0 and done.stderr == '', f'{path}: exit {done.returncode}: {done.stderr}')
  return [tuple(int(word) for word in line.split()[:4]) for line in done.stdout.decode().splitlines()]


def values_are_in_place(path, data, objects):
  for item in objects:
    at = item['offset'] + item['header']
    if item['constructed']:
      check('value' not in item, f'{path}: a value on a constructed item: {item}')
    else:
      check(item['value'] == data[at:at + item['length']].hex(), f'{path}: not the value: {item}')


names = sorted(glob.glob('/etc/ssl/certs/*.pem'))
check(names, 'no certificates under /etc/ssl/certs')
work, count, everything = folder(), 0, []
for name in names:
  path = os.path.join(work, os.path.basename(name) + '.der')
  data = subprocess.run(['openssl', 'x509', '-in', name, '-outform', 'DER'], check=True, capture_output=True).stdout
  spill(path, data)
  wanted = openssl_items(path)
  got, objects = leat_items(path)
  if got != wanted:
    at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), min(len(got), len(wanted)))
    fail(f'{name}: item {at}: leat {got[at:at + 1]}, openssl {wanted[at:at + 1]}; {len(got)} and {len(wanted)} items')
  values_are_in_place(name, data, objects)
  identifiers_are_known(path, objects)
  check(text_items(path) == wanted, f'{name}: the text form differs')
  count += len(got)
  everything.append((data, wanted))

# All of them in one stream: offsets are those of the stream.
whole, wanted, start = b'', [], 0
for data, items in everything:
  wanted += [(start + item[0], *item[1:]) for item in items]
  whole += data
  start += len(data)
got, objects = leat_items(spill(os.path.join(work, 'all.der'), whole))
check(got == wanted, 'the stream of all certificates: offsets differ')
values_are_in_place('all', whole, objects)
known = [ours for ours in called.values() if ours[1] is not None]
check(len(known) > 20 and len(known) > 0.8 * len(called) and len({oid for oid, _ in called.values()}) == len(called), f'identifiers: {called}')
print(f'{len(names)} certificates, {count} items equal, {len(called)} identifiers, {len(known)} of them with a name')
