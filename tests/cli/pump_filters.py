#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat pump --filter` passes what has the value, byte for byte and in order, and counts the rest: in = out + in flight + dropped + filtered. In dialects of
both byte orders, for values as numbers, bytes and text, by several filters, in frames that are no piece; and what it cannot read is refused."""
import os
import struct

from leatcli import check, der, folder, run, slurp, spill, summary

work = folder()
target = os.path.join(work, 'out')


def passed(what, dialect, pieces, wanted, *filters, more=()):
  """What came out is `wanted`, and all else was filtered."""
  source = spill(os.path.join(work, 'in'), b''.join(pieces))
  done = run('pump', '--from', source, '--to', target, '--frame', dialect, '--stats', 'json', *more, *(f'--filter={one}' for one in filters))
  check(done.returncode == 0, f'{what}: exit {done.returncode}: {done.stderr}')
  told = summary(done.stderr)
  check(slurp(target) == b''.join(wanted), f'{what}: {os.path.getsize(target)} bytes came out, not {len(b"".join(wanted))}')
  check((told['frames_in'], told['frames_out'], told['filtered']) == (len(pieces), len(wanted), len(pieces) - len(wanted)), f'{what}: {told}')
  check(told['bytes_in'] == len(b''.join(pieces)) and told['bytes_out'] == len(b''.join(wanted)), f'{what}: {told}')
  return told


def record(number, text, padding):
  """A DER SEQUENCE { INTEGER, UTF8String, OCTET STRING }."""
  octets = number.to_bytes(number.bit_length() // 8 + 1, 'big')
  return der(0x30, der(0x02, octets) + der(0x0c, text) + der(0x04, bytes(padding)))


# From frames inline in a message to chains of blocks: 70,000 bytes.
records = [record(i % 300, b'pump %d' % (i % 7), (i * 7919) % 3000 if i % 100 else 70000) for i in range(2000)]
passed('a number', 'der', records, [one for i, one in enumerate(records) if i % 300 == 200], '30/02=200')
passed('a text', 'der', records, [one for i, one in enumerate(records) if i % 7 == 3], '30/0c=pump 3')
passed('bytes', 'der', records, [one for i, one in enumerate(records) if i % 7 == 3], '30/0c=0x70756d702033')
passed('both', 'der', records, [one for i, one in enumerate(records) if i % 7 == 3 and i % 300 == 200], '30/0c=pump 3', '30/02=200')
passed('whichever', 'der', records, [one for i, one in enumerate(records) if i % 7 == 3], '*/*=pump 3')
passed('none', 'der', records, [], '30/02=301')
passed('only the beginning of a text', 'der', records, [], '30/0c=pump')
passed('nowhere', 'der', records, [], '30/30/02=1')
passed('empty values', 'der', [der(4, b''), der(4, b'\0'), der(4, b'\0\0'), der(5, b'')], [der(4, b''), der(4, b'\0')], '04=')
passed('no bytes', 'der', [der(4, b''), der(4, b'\0')], [der(4, b'')], '04=0x')
passed('--limit counts what is read', 'der', records[:300], records[200:201], '30/02=200', more=['--limit', '300'])


def plain(form):
  return [struct.pack(form, 7 if i % 3 else 9, 4) + struct.pack(form[0] + 'I', i * 100000) for i in range(1000)]


for dialect, form in ('t16l32be', '>HI'), ('t16l32le', '<HI'):
  pieces = plain(form)
  passed(dialect, dialect, pieces, [one for i, one in enumerate(pieces) if i % 3 and i == 500], '7=50000000')
  passed(dialect, dialect, pieces, [one for i, one in enumerate(pieces) if i == 501], '*=50100000')
  passed(dialect, dialect, pieces, [], '9=50000000')

# A number of digits is a number, and never the text; a text may have a zero behind it.
digits = [der(4, b'17'), der(4, b'\x11'), der(4, b'\0\0\0\0\0\0\0\x11'), der(4, b'\0\0\0\0\0\0\0\0\x11'), der(4, b'')]
passed('digits', 'der', digits, digits[1:3], '04=17')
passed('digits in hex', 'der', digits, digits[:1], '04=0x3137')
named = [der(4, b'eth0\0'), der(4, b'eth0'), der(4, b'eth0\0\0'), der(4, b'eth01'), der(4, b'eth')]
passed('a zero behind it', 'der', named, named[:2], '04=eth0')
passed('64 bits', 'der', [der(4, b'\xff' * 8), der(4, b'\xff' * 9), der(4, b'\xff' * 7)], [der(4, b'\xff' * 8)], '04=18446744073709551615')
# Protobuf: a varint, and a number of 32 bits that is little endian.
messages = [bytes([0x08, 0xac, 0x02]), bytes([0x08, 0x01]), bytes([0x0d, 0x2c, 1, 0, 0])]
passed('a varint', 'protobuf', messages, [messages[0], messages[2]], '1=300')

# The ledger of the summary, for people.
source = spill(os.path.join(work, 'in'), b''.join(records))
done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--filter', '30/02=200')
check('filtered; 0 malformed' in done.stderr, f'the ledger does not tell: {done.stderr}')
done = run('pump', '--from', source, '--to', target, '--frame', 'der')
check('filtered' not in done.stderr, f'nothing was to be filtered: {done.stderr}')

# An output that fails: what is taken by then is filtered, or in flight.
done = run('pump', '--from', source, '--to', '/dev/full', '--frame', 'der', '--stats', 'json', '--filter', '30/0c=pump 3')
told = summary(done.stderr)
check(done.returncode == 3 and told['filtered'] > 0 and told['in_flight'] > 0, f'/dev/full: exit {done.returncode}: {done.stderr}')
check(abs(told['filtered'] - 6 * told['in_flight']) < 10, f'/dev/full: what came after the failure is counted as something else: {told}')

for bad, words in (('30/02', 'PATH=VALUE'), ('30/zz=1', 'its path'), ('/=1', 'its path'), ('30/02=0x1', 'even number of hex digits'),
                   ('30/02=0x1g', 'even number of hex digits'), ('30/02=18446744073709551616', '64 bits'), ('30/02=0x' + '00' * 257, '256 bytes')):
  done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--filter', bad)
  check(done.returncode == 1 and words in done.stderr, f'{bad}: exit {done.returncode}: {done.stderr}')
done = run('pump', '--from', source, '--to', target, '--frame', 'der', *['--filter=30/02=1'] * 17)
check(done.returncode == 1 and '16 at most' in done.stderr, f'17 filters: exit {done.returncode}: {done.stderr}')

# No memory is taken for what is looked at.
done = run('pump', '--from', source, '--to', 'null:', '--frame', 'der', '--repeat', '80', '--stats', 'json', '--filter', '30/0c=pump 3')
told = summary(done.stderr)
check(done.returncode == 0 and told['bytes_out'] > 32 << 20 and told['frames_out'] > 8192, f'ended within warm-up: {done.stderr}')
check(told['allocations_after_warmup'] in (0, None), f'memory was taken: {told}')
print(f'{told["frames_in"]} frames, of which {told["frames_out"]} passed')
