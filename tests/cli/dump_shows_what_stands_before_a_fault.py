#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Indefinite lengths are null, end marks are items, openssl agrees; of a frame that is malformed inside, what stands before is shown."""
import json
import os
import subprocess

from leatcli import check, folder, need, run, spill

need('openssl')
work = folder()
indefinite = bytes.fromhex('3080 020105 2480 04026162 0000 0000 3003020107')
source = spill(os.path.join(work, 'indefinite.ber'), indefinite)
done = run('dump', '--json', '--tlv', 'ber', source)
items = [json.loads(line) for line in done.stdout.splitlines()]
got = [(item['offset'], item['depth'], item['header'], item['length']) for item in items]
wanted = [(0, 0, 2, None), (2, 1, 2, 1), (5, 1, 2, None), (7, 2, 2, 2), (11, 2, 2, 0), (13, 1, 2, 0), (15, 0, 2, 3), (17, 1, 2, 1)]
check(done.returncode == 0 and got == wanted, f'indefinite lengths: {got}: {done.stderr}')
text = subprocess.run(['openssl', 'asn1parse', '-inform', 'DER', '-in', source], check=True, capture_output=True, text=True).stdout
openssl = [int(line.split(':')[0]) for line in text.splitlines()]
check([item[0] for item in got] == openssl, f'openssl sees items at {openssl}')

# A type of eight octets is larger than a signed number.
tag = bytes.fromhex('bf ff ff ff ff ff ff 7f')
done = run('dump', '--json', '--tlv', 'ber', input=tag + b'\x00')
check(json.loads(done.stdout)['type'] == int.from_bytes(tag, 'big'), f'a long type: {done.stdout} {done.stderr}')

# The attributes of a RADIUS packet are not looked at by the framer: the walk finds the fault.
good = bytes.fromhex('0100 0018') + bytes(16) + bytes.fromhex('01046162')
bad = bytes.fromhex('0107 001a') + bytes(16) + bytes.fromhex('01046162 0201')
source = spill(os.path.join(work, 'bad.radius'), good + bad)
done = run('dump', '--json', '--tlv', 'radius', source)
items = [(item['offset'], item['depth']) for item in map(json.loads, done.stdout.splitlines())]
check(items == [(0, 0), (20, 1), (24, 0), (44, 1)], f'before the fault: {items}')
check(done.returncode == 2 and done.stderr.count('\n') == 1, f'exit {done.returncode}: {done.stderr}')
for word in (source, 'offset 24:', 'at offset 48'):
  check(word in done.stderr, f'no {word!r} in {done.stderr!r}')

# The next input is dumped all the same, and the first fault decides.
done = run('dump', '--json', '--tlv', 'radius', source, os.path.join(work, 'none'), spill(os.path.join(work, 'good'), good))
check(done.returncode == 2 and done.stderr.count('\n') == 2 and done.stdout.count(b'\n') == 6, f'three inputs: {done}')

# A frame longer than a block is a chain, and is shown in one piece.
value = bytes(range(256)) * 2000
frame = b'\x30\x83' + (len(value) + 5).to_bytes(3, 'big') + b'\x04\x83' + len(value).to_bytes(3, 'big') + value
done = run('dump', '--json', '--tlv', 'der', input=frame * 3)
last = json.loads(done.stdout.splitlines()[-1])
check(done.returncode == 0 and last['value'] == value.hex() and last['offset'] == 2 * len(frame) + 5, 'a chain is not shown as it is')
print('told and shown')
