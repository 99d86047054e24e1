#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs talk in a network namespace, and leat finds in what they said the items that tshark finds: live.py [FOLDER to keep]."""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import compare
import rules
import tree
from checks import check, fail, need

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 60
# Of each dialect, types that the programs are known to send; one that is not seen was not compared.
SENT = {
    'bgp': {1, 2, 4, 65},             # OPEN, UPDATE (and a parameter), KEEPALIVE, 4-octet AS
    'bt-ad': {0, 1, 2, 9, 255},
    'coap': {6, 11, 15, 27, 255, 292},  # Observe, path, query, Block1, the payload's mark, Request-Tag (whose distance takes a byte more)
    'dhcp4': {1, 12, 42, 51, 53, 54, 55, 60, 61, 255},
    'dhcp6': {1, 2, 3, 5, 6, 8, 56},
    'eap': {2},
    'http2': {0, 1, 4, 7},
    'ike': {2, 4, 34, 1, 33, 40},      # main, aggressive, IKE_SA_INIT; SAs and a nonce
    'ip-options': {0, 1, 7, 68, 148},
    'ip6-options': {0, 1, 5, 30},
    'lldp': {0, 1, 2, 3, 5, 6, 127},
    'mqtt': {1, 2, 3, 4, 5, 6, 7, 8, 9, 14},
    'netlink': {16, 20, 24, 3, 4},     # NEWLINK, NEWADDR, NEWROUTE; a name, an MTU
    'radius': {1, 2, 4, 18, 26, 27, 79, 80},
    'tcp-options': {1, 2, 3, 4, 8},
    'tls': {20, 22, 23, 1, 2, 0, 16, 43, 51},
}


def namespace():
  """The command that begins a namespace of network and processes; without one there is nothing to compare, which is said."""
  line = ['unshare', '--net', '--pid', '--fork', '--mount-proc', '--kill-child']
  done = subprocess.run(line + ['true'], capture_output=True)
  if done.returncode != 0 or os.geteuid() != 0:  # within a user namespace tcpdump and lldpd cannot become who they want to be
    print(f'SKIPPED: no network namespace as root: {done.stderr.decode().strip() or "not root"}')
    sys.exit(77)
  return line


def main():
  need('unshare', 'nsenter', 'ip', 'tcpdump', 'tshark', 'dnsmasq', 'busybox', 'radclient', 'mosquitto', 'mosquitto_sub', 'mosquitto_pub',
       'coap-server-notls', 'coap-client-notls', 'openssl', 'nghttpd', 'nghttp', 'ike-scan', 'bird', 'lldpd')
  line = namespace()
  with tempfile.TemporaryDirectory(prefix='leat-live-') as made:
    work = sys.argv[1] if len(sys.argv) > 1 else made
    os.chmod(work, 0o755)  # some servers become another user
    done = subprocess.run(line + [sys.executable, '-B', os.path.join(HERE, 'traffic.py'), work], timeout=SECONDS)
    check(done.returncode == 0, f'the traffic was not made: exit {done.returncode}')
    gathered = []
    for name in ('wire.pcap', 'netlink.pcap', 'bluetooth.pcap'):
      frames, told = tree.dissect(os.path.join(work, name), rules.FILTER, rules.PROTOCOLS, work)
      check(frames, f'tshark sees nothing in {name}: {told}')
      gathered += [(name, number, sample) for number, layers in frames for sample in rules.samples(layers)]
    tallies, differing, _ = compare.compare(gathered, [], work)
  compare.table(tallies)
  for one in differing[:20]:
    print(compare.told(one))
  if differing:
    fail(f'{len(differing)} packets differ')
  for dialect, types in SENT.items():
    seen = {item[1] for _, _, sample in gathered if sample.dialect == dialect for item in sample.items}
    check(types <= seen, f'{dialect}: types {sorted(types - seen)} were not seen, only {sorted(seen)}')
  odd = [name for name, tally in tallies.items() if tally.both or tally.stopped]
  check(not odd, f'malformed, and who sent that? {odd}')
  total = sum(tally.items for tally in tallies.values())
  print(f'{len(tallies)} dialects, {sum(t.samples for t in tallies.values())} packets, {total} items agreed, none differs')


if __name__ == '__main__':
  main()
