#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `leat dialects NAME` prints is read again: the same text, and a dump of real data with the same lines. What is wrong with a file is
told in one line. Files reach dump, validate, pump and dialects."""
import os
import subprocess

from leatcli import LEAT, certificates, check, folder, need, run, spill

work = folder()


def path(name):
  return os.path.join(work, name)


def dialects(*arguments):
  done = run('dialects', *arguments)
  check(done.returncode == 0 and done.stderr == '', f'dialects {arguments}: exit {done.returncode}: {done.stderr}')
  return done.stdout


def told(what, code, words, *arguments):
  done = run(*arguments, input=b'')
  lines = done.stderr.splitlines()
  check(done.returncode == code and len(lines) in (1, 2) and done.stdout == b'', f'{what}: exit {done.returncode}: {done.stderr!r}')
  check(len(lines) == 1 or lines[1].startswith('Try '), f'{what}: not one line: {done.stderr!r}')
  for word in words:
    check(word in lines[0], f'{what}: no {word!r} in {lines[0]!r}')


names = [line.split()[0] for line in dialects().decode().splitlines()]
check(len(names) > 50, f'only {names}')
for name in ('der', 'ber', 'netlink', 'bgp', 'coap', 'protobuf', 'pcapng', 'tls', 'ike', 't16l32le'):  # all, member by member: dialect_file_test
  text = dialects('--as', 'my-' + name, name)
  file = spill(path(name + '.ini'), text)
  check(dialects('--dialect-file', file, 'my-' + name) == text, f'{name}: not the same text again')
  check(f'my-{name} ' in dialects('--dialect-file', file).decode(), f'{name}: not listed')

# Real data: as many lines, and the same.
count = certificates(path('all.der'))
own = ('--dialect-file', path('der.ini'), '--tlv', 'my-der')
for more in ((), ('--json',), ('--path', '30/30/02')):
  one, other = run('dump', *more, '--tlv', 'der', path('all.der')), run('dump', *more, *own, path('all.der'))
  check(one.returncode == other.returncode == 0, f'dump {more}: {one.stderr} {other.stderr}')
  check(one.stdout == other.stdout and one.stdout.count(b'\n') >= count, f'dump {more}: other lines')
check(run('validate', *own, path('all.der')).stdout == run('validate', '--tlv', 'der', path('all.der')).stdout, 'validate: other words')
done = run('pump', '--frame', 'my-der', '--dialect-file', path('der.ini'), '--from', path('all.der'), '--to', path('out'), '--stats', 'none')
check(done.returncode == 0 and open(path('out'), 'rb').read() == open(path('all.der'), 'rb').read(), f'pump: {done.stderr}')

# What the kernel says now, taken once: its attributes nest by lists of types.
need('ip')
live = run('pump', '--frame', 'netlink', '--from', 'netlink:route', '--to', path('live'), '--stats', 'none')
check(live.returncode == 0, f'netlink: {live.stderr}')
one = run('dump', '--json', '--tlv', 'netlink', path('live'))
other = run('dump', '--json', '--tlv', 'my-netlink', '--dialect-file', path('netlink.ini'), path('live'))
check(one.returncode == other.returncode == 0 and one.stdout == other.stdout, f'netlink: other lines: {other.stderr}')
check(b'"depth":2' in one.stdout, 'netlink: nothing nested in it')
done = run('dump', '--tlv', 'my-netlink', '--dialect-file', path('netlink.ini'), 'netlink:route')
check(done.returncode == 0 and b'"lo"' in done.stdout, f'netlink:route: {done.stderr}')

# A file comes before or behind the name; through a pipe, too.
frame = spill(path('frame'), b'\x02\x03\x04ab\x00\x00')
done = subprocess.run(f'{LEAT} dialects --as mine lldp | {LEAT} dump --tlv mine --dialect-file /dev/stdin {frame}', shell=True, capture_output=True)
check(done.returncode == 0 and b'Chassis ID' in done.stdout, f'from a pipe: {done}')

# What is wrong.
bad = spill(path('bad.ini'), b'; mine\n[mine]\nrule = r\ntpye = 1\n')
for command in (('dump', '--tlv', 'mine'), ('validate', '--tlv', 'mine'), ('dialects',), ('pump', '--frame', 'mine', '--from', '-', '--to', '-')):
  told('unknown key', 1, [f'{bad}:4: unknown key', 'header_bytes'], *command, '--dialect-file', bad)
good = path('der.ini')
told('two files', 1, ['one file'], 'dump', '--tlv', 'my-der', '--dialect-file', good, '--dialect-file', good)
told('not in the file', 1, ['klingon', 'my-der', 'lldp'], 'dump', '--tlv', 'klingon', '--dialect-file', good)
told('no such file', 3, [path('none')], 'dialects', '--dialect-file', path('none'))
told('a folder', 3, [work], 'dialects', '--dialect-file', work)
told('too long a file', 1, ['262144'], 'dialects', '--dialect-file', spill(path('long.ini'), b'\n' * 262145))
told('an endless file', 1, ['262144'], 'dialects', '--dialect-file', '/dev/zero')
told('a name that is built in', 1, ['--as=der'], 'dialects', '--as', 'der', 'ber')
told('no name', 1, ['letters'], 'dialects', '--as', 'a b', 'ber')
told('--as alone', 1, ['NAME'], 'dialects', '--as', 'mine')
print(f'{count} certificates, {one.stdout.count(bytes([10]))} items of netlink')
