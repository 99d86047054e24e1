#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each dialect of examples/dialects is read and walks vectors: of the standards where they give any, else made by hand from their text."""
import glob
import json
import os

from leatcli import HERE, check, folder, run, spill

FOLDER = os.path.join(HERE, '..', '..', 'examples', 'dialects')
walked = set()


def file(name):
  return os.path.join(FOLDER, name + '.ini')


def walk(name, data):
  walked.add(name)
  done = run('dump', '--json', '--dialect-file', file(name), '--tlv', name, input=bytes.fromhex(data))
  items = [json.loads(line) for line in done.stdout.splitlines()]
  return done, [(i['depth'], i['type'], i.get('value', '>')) for i in items]


def good(name, what, data, wanted):
  done, items = walk(name, data)
  check(done.returncode == 0 and items == wanted, f'{name}: {what}: exit {done.returncode}: {done.stderr} {items}')


def bad(name, what, data, rule):
  done, _ = walk(name, data)
  check(done.returncode == 2 and rule in done.stderr, f'{name}: {what}: exit {done.returncode}: {done.stderr}')


names = sorted(os.path.basename(name)[:-4] for name in glob.glob(file('*')))
check(names == ['diameter', 'emv', 'matter', 'ndn', 'websocket'], f'{names}')
for name in names:
  with open(file(name)) as text:
    check(text.readline().startswith('; unverified: no oracle at hand. Made from '), f'{name}: its first line')
  done = run('dialects', '--dialect-file', file(name), name)
  check(done.returncode == 0 and done.stdout.startswith(f'[{name}]\n'.encode()), f'{name}: {done.stderr}')

# NDN: an Interest for /a/cmd with CanBePrefix, Nonce and HopLimit; numbers of 3 and 5 bytes, and of too many.
good('ndn', 'Interest', '0515' + '0708' + '080161' + '0803636d64' + '2100' + '0a0401020304' + '220105',
     [(0, 5, '>'), (1, 7, '>'), (2, 8, '61'), (2, 8, '636d64'), (1, 33, ''), (1, 10, '01020304'), (1, 34, '05')])
good('ndn', 'types of 3 and 5 bytes', 'fd0320' + '01aa' + 'fe00010000' + '00', [(0, 800, 'aa'), (0, 65536, '')])
good('ndn', 'a length of 3 bytes', '15fd00fd' + '55' * 253, [(0, 21, '55' * 253)])
bad('ndn', 'a length that is not shortest', '15fd00fc' + '55' * 252, 'shortest')
bad('ndn', 'a type that is not shortest', 'fd000501aa', 'type field')
bad('ndn', 'the type 0', '0001aa', 'type field')
bad('ndn', 'a type of 9 bytes', 'ff000000010000000000', 'type field')

# Matter: the examples of appendix A.12.
good('matter', 'a structure {0 = 42, 1 = -17}', '1520002a2001ef18', [(0, 256, '>'), (1, 0, '2a'), (1, 1, 'ef'), (1, 256, '')])
good('matter', 'an array [0, 1, 2, 3, 4]', '160000000100020003000418', [(0, 256, '>')] + [(1, 256, f'{i:02x}') for i in range(5)] + [(1, 256, '')])
good('matter', 'the string Hello!', '0c0648656c6c6f21', [(0, 256, '48656c6c6f21')])
good('matter', 'octets', '10050001020304', [(0, 256, '0001020304')])
good('matter', 'false, true, null, 17.9', '0809140a33338f41', [(0, 256, ''), (0, 256, ''), (0, 256, ''), (0, 256, '33338f41')])
good('matter', 'full tags, 6 and 8 bytes', 'c4f1ffedde01002a' + 'e4f1ffeddeedfeaaaa2a',
     [(0, 0x0001deedfff1, '2a'), (0, 0xaaaafeeddeedfff1, '2a')])
good('matter', 'a profile tag in 2 and 4 bytes', '4401002a' + '64a0860100' + '2a', [(0, 1, '2a'), (0, 100000, '2a')])
bad('matter', 'a container without its end', '1520002a', 'without its end')
bad('matter', 'an unknown kind', '1f00', 'control field')

# EMV: the answer to SELECT of the payment system environment, padded; an object behind it.
good('emv', 'FCI', '6f1a' + '840e' + b'1PAY.SYS.DDF01'.hex() + 'a508' + '880102' + '5f2d02656e' + '0000' + '9f36020001',
     [(0, 0x6f, '>'), (1, 0x84, b'1PAY.SYS.DDF01'.hex()), (1, 0xa5, '>'), (2, 0x88, '02'), (2, 0x5f2d, '656e'), (0, 0, ''), (0, 0, ''),
      (0, 0x9f36, '0001')])
good('emv', 'lengths of 2 and 3 bytes', '5a8180' + '11' * 128 + '57820100' + '22' * 256, [(0, 0x5a, '11' * 128), (0, 0x57, '22' * 256)])
bad('emv', 'an indefinite length', '7080' + '0000', 'indefinite')

# WebSocket: RFC 6455, section 5.7.
good('websocket', 'Hello, in the clear', '810548656c6c6f', [(0, 1, '48656c6c6f')])
good('websocket', 'Hello, masked', '818537fa213d7f9f4d5158', [(0, 1, '7f9f4d5158')])
good('websocket', 'Hello in two frames', '010348656c' + '80026c6f', [(0, 1, '48656c'), (0, 0, '6c6f')])
good('websocket', 'ping and pong', '890548656c6c6f' + '8a8537fa213d7f9f4d5158', [(0, 9, '48656c6c6f'), (0, 10, '7f9f4d5158')])
good('websocket', '256 bytes', '827e0100' + '00' * 256, [(0, 2, '00' * 256)])
good('websocket', '64 KiB', '827f0000000000010000' + '00' * 65536, [(0, 2, '00' * 65536)])
bad('websocket', 'a length that is not shortest', '827e007d' + '00' * 125, 'shortest')

# Diameter: a Capabilities-Exchange-Request, with padding, a grouped AVP and one with a vendor.
avps = ('00000108' + '40' + '00000b' + '612e6200'                              # Origin-Host a.b, padded
        + '00000104' + '40' + '000020' + '0000010a' + '40' + '00000c' + '000028af' + '00000102' + '40' + '00000c' + '01000023'
        + '00000190' + 'c0' + '000010' + '000028af' + '00000007')
header = '01' + f'{20 + len(avps) // 2:06x}' + '80' + '000101' + '00000000' + '11223344' + '55667788'
good('diameter', 'CER', header + avps, [(0, 257, '>'), (1, 264, '612e62'), (1, 260, '>'), (2, 266, '000028af'), (2, 258, '01000023'),
                                        (1, 400, '00000007')])
bad('diameter', 'another version', '02' + header[2:] + avps, 'does not begin')
bad('diameter', 'an AVP shorter than its header and vendor', '01000020' + header[8:] + '00000190' + 'c000000b' + '000028af', 'smaller than the header')
bad('diameter', 'an AVP shorter than its header', '0100001c' + header[8:] + '00000108' + '40000007', 'smaller than the header')
check(walked == set(names), f'not walked: {set(names) - walked}')

# The example of the essay.
with open(os.path.join(HERE, '..', '..', 'doc', 'tlv.md')) as essay:
  text = essay.read().split('```ini\n')[1].split('```')[0]
mine = os.path.join(folder(), 'mine.ini')
spill(mine, text.encode())
done = run('dump', '--json', '--dialect-file', mine, '--tlv', 'sensor-bus', input=bytes.fromhex('a5300b' + '00000001' + '01020015' + '00' + '1234'))
items = [json.loads(line) for line in done.stdout.splitlines()]
check(done.returncode == 0 and [(i['depth'], i['type'], i['length'], i.get('name')) for i in items] ==
      [(0, 3, 9, 'report'), (1, 1, 2, 'temperature'), (1, 0, 0, None)], f'essay: {done.stderr} {items}')
print(' '.join(names))
