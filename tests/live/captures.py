#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The captures of tcpdump's, wireshark's and libpcap's own tests, well formed and hostile: captures.py FOLDER.

They come with Debian's source packages, are fetched into the folder once, and are nobody's to pass on: nothing of them is in this tree. Every
item that tshark finds leat must find; what differs must be on the list of exceptions, and what is on the list must be met. Then every dialect
gets every file, whatever it is.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tarfile
import time

sys.dont_write_bytecode = True
import compare
import rules
import tree
from checks import check, fail, need

PACKAGES = ('tcpdump', 'wireshark', 'libpcap')
WHERE = re.compile(r'[^/]+/(tests|test/captures|testprogs)/.+')
MAGIC = {bytes.fromhex(m) for m in ('a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1', '0a0d0d0a', '1f8b0800', '1f8b0808')}
SECONDS = 300  # for one dialect and all files, of which each takes about a millisecond

# (dialect, whether this is it, why tshark and leat differ there)
EXCEPTIONS = [
    ('ike', lambda file, sample, seen, fault: fault and not seen and len(sample.items) == 1 and sample.items[0][2] > len(sample.data),
     'ike: the length is beyond the packet: tshark shows the number and does not judge it, to leat the message is malformed'),
    ('lldp', lambda file, sample, seen, fault: file == 'lldp-infinite-loop-2.pcap' and fault and seen == sample.items[:-1] and
     sample.items[-1][1] == 0,
     'lldp: an End with a value of 194 bytes: tshark shows it, to leat it is malformed (IEEE 802.1AB: its length is 0)'),
    ('tls', lambda file, sample, seen, fault: file == 'tls-fragmented-handshakes.pcap.gz' and seen[:1] == sample.items[:1],
     'tls: hellos in pieces, one record each: tshark puts them together, leat reads each record by itself, and a hello that is not whole is a fault'),
    ('tls', lambda file, sample, seen, fault: file == 'tls12-chacha20poly1305.pcap' and fault and seen == sample.items == [(0, 22, len(sample.data) - 5)],
     'tls: an encrypted handshake whose first byte is by chance that of a hello: leat tells them by that byte alone'),
    ('tls', lambda file, sample, seen, fault: file == 'tls13-20-chacha20poly1305.pcap' and fault and seen == sample.items[:1] and
     sample.items[1][1] == 2,
     'tls: a ServerHello of draft 20 of TLS 1.3, which has no session id (RFC 8446 has): tshark knows that draft'),
]

# What there was to compare when this was written; less means that a rule has lost its field.
LEAST = {'bgp': 430, 'dhcp4': 1400, 'dhcp6': 1800, 'eap': 85, 'http2': 100, 'ike': 390, 'ip-options': 50, 'ip6-options': 50, 'lcp': 9,
         'lldp': 550, 'radius': 105, 'sctp': 1520, 'tcp-options': 13000, 'tls': 1200, 'wifi': 46000}


def fetch(folder):
  """The sources, by apt's own configuration with `deb` made `deb-src`; nothing of the machine's is changed."""
  parts, lists, cache = (os.path.join(folder, name) for name in ('parts', 'lists', 'cache'))
  for path in (parts, os.path.join(lists, 'partial'), os.path.join(cache, 'archives', 'partial')):
    os.makedirs(path, exist_ok=True)
  for path in glob.glob('/etc/apt/sources.list') + glob.glob('/etc/apt/sources.list.d/*'):
    if path.endswith(('.list', '.sources')):
      with open(path) as file:
        text = re.sub(r'^Types:.*', 'Types: deb-src', re.sub(r'^deb ', 'deb-src ', file.read(), flags=re.M), flags=re.M)
      with open(os.path.join(parts, os.path.basename(path)), 'w') as file:
        file.write(text)
  options = ['-oDir::Etc::SourceList=/dev/null', f'-oDir::Etc::SourceParts={parts}', f'-oDir::State::Lists={lists}', f'-oDir::Cache={cache}', '-qq']
  for line in (['update'], ['source', '--download-only', *PACKAGES]):
    done = subprocess.run(['apt-get', *options, *line], cwd=folder, capture_output=True, timeout=600)
    check(done.returncode == 0, f'apt-get {line[0]}: {done.stderr.decode().strip()[-500:]}')


def unpack(folder):
  """Everything in the archives' folders of tests that begins as a capture does, or is packed by gzip."""
  for package in PACKAGES:
    archives = glob.glob(os.path.join(folder, package + '_*.orig.tar.*z*'))
    archives = [path for path in archives if not path.endswith('.asc')]
    check(archives, f'{package}: no archive was fetched')
    os.makedirs(os.path.join(folder, 'captures', package), exist_ok=True)
    with tarfile.open(archives[0]) as archive:
      for member in archive:
        if member.isfile() and WHERE.match(member.name):
          data = archive.extractfile(member).read()
          if data[:4] in MAGIC:
            with open(os.path.join(folder, 'captures', package, os.path.basename(member.name)), 'wb') as file:
              file.write(data)


def captures(folder):
  """Paths of all captures; they are fetched where they are not there yet."""
  done = os.path.join(folder, 'unpacked')
  if not os.path.exists(done):
    fetch(folder)
    unpack(folder)
    open(done, 'w').close()
  found = sorted(glob.glob(os.path.join(folder, 'captures', '*', '*')))
  check(len(found) >= 780, f'only {len(found)} captures')
  return found


def gather(paths, work):
  """What the rules find in all captures, in the captures' order, and how many of them tshark does not read to their end."""
  def one(path):
    try:
      frames, told = tree.dissect(path, rules.FILTER, rules.PROTOCOLS, work)
    except subprocess.TimeoutExpired:
      return [], True
    samples = [(os.path.basename(path), number, sample) for number, layers in frames for sample in rules.samples(layers)]
    return samples, 'tshark: ' in told
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    results = list(pool.map(one, paths))
  return [sample for samples, _ in results for sample in samples], sum(odd for _, odd in results)


def anything(paths):
  """Every dialect gets every file, as it is and as what its packets carry behind 42 bytes; each must end in time with a verdict. Returns how many
  dialects and verdicts there were. (The plain family, t8l8 and so on, is one reader for all: one of it is enough.)"""
  listed = subprocess.run([compare.LEAT, 'dialects'], check=True, capture_output=True, text=True).stdout
  names = [line.split()[0] for line in listed.splitlines()]
  names = [name for name in names if name == 't16l16be' or not re.fullmatch(r't\d+l\d+[bl]e', name)]
  inputs = paths + [f'pcap:{path}?offset=42' for path in paths if not path.endswith('.gz')]

  def one(name):
    done = subprocess.run([compare.LEAT, 'validate', '--tlv', name, *inputs], capture_output=True, timeout=SECONDS)
    told = done.stderr.decode(errors='replace')
    check(done.returncode in (0, 2, 3), f'{name}: leat ended with {done.returncode}: {told[-2000:]}')
    got = len(done.stdout.splitlines()) + len(told.splitlines())
    check(got == len(inputs), f'{name}: {got} verdicts on {len(inputs)} inputs: {told[-500:]}')
    return got
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    return len(names), sum(pool.map(one, names))


def main():
  need('tshark', 'apt-get')
  folder = os.path.abspath(sys.argv[1])
  work = os.path.join(folder, 'work')
  os.makedirs(work, exist_ok=True)
  begun = time.monotonic()
  paths = captures(folder)
  fetched = time.monotonic()
  gathered, odd = gather(paths, work)
  print(f'{len(paths)} captures, fetched in {fetched - begun:.0f} s; tshark does not read {odd} of them, or not to the end; '
        f'it took {time.monotonic() - fetched:.0f} s', flush=True)
  tallies, differing, met = compare.compare(gathered, EXCEPTIONS, work)
  compare.table(tallies)
  for reason in sorted(met):
    print(f'exception: {reason}')
  for one in differing[:40]:
    print(compare.told(one))
  if differing:
    fail(f'{len(differing)} packets differ')
  check(len(met) == len(EXCEPTIONS), f'exceptions that were not met: {[e[2] for e in EXCEPTIONS if e[2] not in met]}')
  for dialect, least in LEAST.items():
    items = tallies[dialect].items if dialect in tallies else 0
    check(items >= least, f'{dialect}: only {items} items agreed, {least} were expected')
  dialects, verdicts = anything(paths)
  print(f'{sum(t.items for t in tallies.values())} items agreed, none differs; {dialects} dialects gave {verdicts} verdicts on whatever there is; '
        f'{time.monotonic() - begun:.0f} s')


if __name__ == '__main__':
  main()
