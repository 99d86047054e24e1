#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv netlink netlink:route` shows exactly the interface names that `ip -j link` shows."""
import json
import subprocess

from leatcli import check, need, run

RTM_NEWLINK, IFLA_IFNAME = 16, 3
need('ip')


def leat_names():
  done = run('dump', '--json', '--tlv', 'netlink', 'netlink:route')
  check(done.returncode == 0 and done.stderr == '', f'exit {done.returncode}: {done.stderr}')
  names, message = [], None
  for line in done.stdout.splitlines():
    item = json.loads(line)
    if item['depth'] == 0:
      message = item['type']
    elif item['depth'] == 1 and message == RTM_NEWLINK and item['type'] == IFLA_IFNAME:
      names.append(bytes.fromhex(item['value']).rstrip(b'\0').decode())
  return sorted(names)


def ip_names():
  links = json.loads(subprocess.run(['ip', '-j', 'link'], check=True, capture_output=True).stdout)
  return sorted(link['ifname'] for link in links)


for attempt in range(5):  # an interface may come or go between the two
  before, got, after = ip_names(), leat_names(), ip_names()
  if before == after:
    break
check(got == before, f'leat {got}, ip {before}')
check('lo' in got, f'no loopback interface: {got}')

done = run('dump', '--tlv', 'netlink', 'netlink:route')
check(done.returncode == 0, f'text: exit {done.returncode}: {done.stderr}')
for name in before:
  check(f'"{name}"' in done.stdout.decode(), f'the text form does not show {name}')
print(' '.join(got))
