#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--help and --version work for leat and each command; an output that cannot be written is noticed; dialects has a line for each."""
import os
import subprocess

from leatcli import LEAT, check, folder, frames, run, spill

for command in ([], ['pump'], ['dump'], ['validate'], ['dialects']):
  for option, word in (('--help', 'Usage: leat'), ('--version', 'leat 0.'), ('--usage', 'Usage: leat')):
    done = run(*command, option)
    check(done.returncode == 0 and done.stderr == '', f'{command} {option}: exit {done.returncode}: {done.stderr}')
    check(word in done.stdout.decode(), f'{command} {option}: {done.stdout}')
    with open('/dev/full', 'wb') as full:
      done = subprocess.run([LEAT, *command, option], stdout=full, stderr=subprocess.PIPE)
    check(done.returncode == 3 and b'No space left' in done.stderr, f'{command} {option} to /dev/full: {done}')
    done = subprocess.run([LEAT, *command, option], stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    check(done.returncode == 3 and done.stderr.count(b'\n') == 1, f'{command} {option} to a closed stdout: {done}')

for option in ('--from', '--to', '--frame', '--tlv', '--filter', '--key', '--repeat', '--limit', '--seconds', '--high-water', '--max-frame', '--reconnect', '--ack-after', '--progress', '--stats'):
  check(option in run('pump', '--help').stdout.decode(), f'pump --help does not tell of {option}')

told = run('pump', '--help').stdout.decode()
for word in ('udp-listen://HOST:PORT', 'serial:DEVICE', 'pcap:FILE', 'gen:', '?baud=', '&parity=', '?append='):
  check(word in told, f'pump --help does not tell of {word}')

lines = run('dialects').stdout.decode().splitlines()
names = [line.split()[0] for line in lines]
for name in ('ber', 'der', 'netlink', 'lldp', 'radius', 'radius-attr', 'dhcp4'):
  check(name in names, f'dialects does not list {name}')
check(all(len(line.split()) > 1 for line in lines), 'a dialect without its rule')
check(any(name.startswith('t8l8') for name in names), f'no plain dialect among {names}')

# stdout carries the items alone; a full disk is an I/O error; several inputs follow each other.
work = folder()
source = spill(os.path.join(work, 'in'), b''.join(frames(100)))
with open('/dev/full', 'wb') as full:
  done = subprocess.run([LEAT, 'dump', '--tlv', 'der', source], stdout=full, stderr=subprocess.PIPE)
check(done.returncode == 3 and done.stderr.count(b'\n') == 1, f'dump to /dev/full: {done}')
one, two = run('dump', '--tlv', 'der', source).stdout, run('dump', '--tlv', 'der', source, source).stdout
check(two == one + one and b'\033' not in one, 'more than the items, or colour where no terminal is')
check(run('dump', '--tlv', 'der', input=open(source, 'rb').read()).stdout == one, 'stdin is not the default of dump')
check(b'\033[' in run('dump', '--color=always', '--tlv', 'der', source).stdout, 'no colour though it is always wanted')
print('all of them')
