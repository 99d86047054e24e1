# SPDX-License-Identifier: MIT
"""Makes traffic of real programs between two network namespaces and captures it: traffic.py FOLDER, in a namespace of its own (live.py).

`near` is this namespace's end of the wire, `far` that of another, where the servers run. All live in a process namespace, too, whose first
process is this one: when it ends the kernel ends them, however it ends.
"""
import hashlib
import os
import random
import socket
import struct
import subprocess
import sys
import time

NEAR, FAR, FAR6 = '10.9.0.2', '10.9.0.1', 'fd09::1'
RADIUS_PORT, SECRET = 1812, b'leat'
BIRD = '''router id %s;
protocol device { scan time 60; }
protocol static { ipv4; route 192.0.2.0/24 blackhole; route 198.51.100.0/25 blackhole; }
protocol bgp { local %s as %d; neighbor %s as %d; connect delay time 1; ipv4 { import all; export all; next hop self; }; }
'''


def wait(holds, what):
  """Looks until it holds; on a busy machine that takes longer."""
  until = time.monotonic() + 15
  while not holds():
    if time.monotonic() > until:
      sys.exit(f'FAILED: waited in vain for {what}')
    time.sleep(0.02)


class Wire:
  """The two namespaces, and the programs that run in them."""

  def __init__(self, work):
    self.work = work
    self.elsewhere = subprocess.Popen(['unshare', '--net', 'sleep', '600'])
    wait(lambda: os.readlink(f'/proc/{self.elsewhere.pid}/ns/net') != os.readlink('/proc/self/ns/net'), 'another namespace')
    self.here('ip', 'link', 'add', 'name', 'near', 'type', 'veth', 'peer', 'name', 'far')
    self.here('ip', 'link', 'set', 'dev', 'far', 'netns', str(self.elsewhere.pid))
    quiet = 'echo 0 >/proc/sys/net/ipv6/conf/%s/accept_dad'  # addresses are ready at once
    self.here('sh', '-c', quiet % 'near')
    self.there('sh', '-c', quiet % 'far')
    self.here('ip', 'addr', 'add', f'{NEAR}/24', 'dev', 'near')
    self.there('ip', 'addr', 'add', f'{FAR}/24', 'dev', 'far')
    self.there('ip', 'addr', 'add', f'{FAR6}/64', 'dev', 'far')
    for put, name in ((self.here, 'lo'), (self.there, 'lo')):
      put('ip', 'link', 'set', 'dev', name, 'up')

  def log(self, line):
    return open(os.path.join(self.work, 'log-' + os.path.basename(line[0])), 'ab')

  def here(self, *line, told=None, may_fail=False):
    """Runs a program on the near side to its end."""
    with self.log(line) as log:
      done = subprocess.run(line, input=told, stdin=None if told else subprocess.DEVNULL, stdout=log, stderr=log, timeout=20, cwd=self.work)
    if done.returncode != 0 and not may_fail:
      sys.exit(f'FAILED: {" ".join(line)}: exit {done.returncode}')

  def over(self, line):
    return ['nsenter', '--target', str(self.elsewhere.pid), '--net', '--', *line]

  def there(self, *line, **keywords):
    self.here(*self.over(line), **keywords)

  def serve(self, *line, far=True):
    """Starts a program, on the far side unless told otherwise, and leaves it running."""
    with self.log(line) as log:
      return subprocess.Popen(self.over(line) if far else line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.work)


def wait_for_udp(wire, port, table='udp'):
  """Until somebody on the far side has the port."""
  def taken():
    with open(f'/proc/{wire.elsewhere.pid}/net/{table}') as file:
      return any(line.split()[1].endswith(f':{port:04X}') for line in file)
  wait(taken, f'port {port}')


def wait_for_tcp(port):
  """Until the far side's server takes connections."""
  def taken():
    with socket.socket() as one:
      return one.connect_ex((FAR, port)) == 0
  wait(taken, f'a server at port {port}')


def wait_for_word(wire, program, word):
  """Until the program has written it."""
  def written():
    with open(os.path.join(wire.work, 'log-' + program), 'rb') as file:
      return word in file.read()
  wait(written, f'{program} to say {word.decode()}')


def radius_answerer():
  """The far side's RADIUS server: takes two requests and accepts them."""
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind((FAR, RADIUS_PORT))
    for _ in range(2):
      data, peer = one.recvfrom(4096)
      told = struct.pack('!BBI', 27, 6, 3600) + struct.pack('!BB', 18, 9) + b'welcome' + struct.pack('!BBIBB', 26, 12, 9, 1, 6) + b'leat'
      head = struct.pack('!BBH', 2, data[1], 20 + len(told))
      one.sendto(head + hashlib.md5(head + data[4:20] + told + SECRET).digest() + told, peer)


def dhcp(wire):
  wire.serve('dnsmasq', '--no-daemon', '--user=root', '--conf-file=/dev/null', '--port=0', '--interface=far', '--bind-interfaces', '--enable-ra',
             '--dhcp-range=10.9.0.50,10.9.0.90,1h', '--dhcp-range=fd09::10,fd09::90,64,1h', '--dhcp-option=42,10.9.0.1',
             '--dhcp-option=option6:ntp-server,[fd09::1]', '--domain=leat.test', '--dhcp-authoritative', '--leasefile-ro', '--no-ping')
  wait_for_udp(wire, 67)
  wait_for_udp(wire, 547, 'udp6')
  wire.here('busybox', 'udhcpc', '-i', 'near', '-n', '-q', '-f', '-B', '-t', '5', '-T', '2', '-s', '/bin/true', '-x', 'hostname:leat', '-V', 'leat')
  dhcp6_client()


def dhcp6_client():
  """Debian has no small client of DHCPv6, so here is one: solicit, then request what was offered."""
  identity = struct.pack('!HHHH', 1, 10, 3, 1) + bytes(range(2, 8))
  wanted = struct.pack('!HHHHH', 6, 6, 23, 24, 56)
  with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
    one.bind(('::', 546))
    one.settimeout(10)
    group = ('ff02::1:2', 547, 0, socket.if_nametoindex('near'))
    association = struct.pack('!HHIII', 3, 12, 7, 0, 0)
    one.sendto(b'\x01\x4c\x45\x41' + identity + struct.pack('!HHH', 8, 2, 0) + wanted + association, group)
    offered = one.recv(2000)[4:]
    rest = b''
    while offered:
      kind, size = struct.unpack_from('!HH', offered)
      if kind in (2, 3):
        rest += offered[:4 + size]
      offered = offered[4 + size:]
    one.sendto(b'\x03\x4c\x45\x42' + identity + struct.pack('!HHH', 8, 2, 0) + wanted + rest, group)
    one.recv(2000)


def radius(wire):
  wire.serve(sys.executable, os.path.abspath(__file__), 'radius')
  wait_for_udp(wire, RADIUS_PORT)
  eap = '0x0201000901' + b'leat'.hex()
  for told in ('User-Name = "leat"\nUser-Password = "some words"\nNAS-IP-Address = 10.9.0.2\nNAS-Port = 7\n',
               f'User-Name = "leat"\nNAS-Identifier = "near"\nEAP-Message = {eap}\nMessage-Authenticator = 0x00\n'):
    wire.here('radclient', '-r', '3', '-t', '3', f'{FAR}:{RADIUS_PORT}', 'auth', SECRET.decode(), told=told.encode())


def mqtt(wire):
  with open(os.path.join(wire.work, 'mosquitto.conf'), 'w') as file:
    file.write(f'user root\nlistener 1883 {FAR}\nallow_anonymous true\n')
  wire.serve('mosquitto', '-v', '-c', 'mosquitto.conf')
  wait_for_tcp(1883)
  at = ['-h', FAR, '-p', '1883']
  subscriber = wire.serve('mosquitto_sub', *at, '-V', 'mqttv5', '-q', '2', '-t', 'leat/#', '-C', '3', '-U', 'nothing', far=False)
  wait_for_word(wire, 'mosquitto', b'Sending SUBACK')
  wire.here('mosquitto_pub', *at, '-V', 'mqttv5', '-q', '2', '-t', 'leat/a', '-m', 'x', '-D', 'publish', 'content-type', 'text/plain')
  wire.here('mosquitto_pub', *at, '-V', 'mqttv311', '-q', '1', '-t', 'leat/b', '-m', 'y' * 300, '-r')
  wire.here('mosquitto_pub', *at, '-V', 'mqttv311', '-q', '0', '-t', 'leat/c', '-m', 'z' * 20000)
  subscriber.wait(timeout=10)


def coap(wire):
  wire.serve('coap-server-notls', '-A', FAR, '-d', '10')
  wait_for_udp(wire, 5683)
  with open(os.path.join(wire.work, 'large'), 'wb') as file:
    file.write(bytes(range(256)) * 12)
  for line in (['-m', 'get', '/.well-known/core?rt=leat'], ['-m', 'put', '-f', 'large', '-b', '512', '/one/path/of-a-name-that-is-longer'],
               ['-m', 'get', '-s', '1', '-B', '2', '/time'], ['-m', 'get', '-T', 'tok', '-A', '0', '/'], ['-m', 'delete', '/one']):
    wire.here('coap-client-notls', '-B', '3', *line[:-1], f'coap://{FAR}{line[-1]}', may_fail=True)


def tls(wire):
  wire.here('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=leat.test',
            '-keyout', 'key.pem', '-out', 'certificate.pem')
  wire.serve('openssl', 's_server', '-accept', f'{FAR}:4433', '-key', 'key.pem', '-cert', 'certificate.pem', '-alpn', 'leat,h2', '-www', '-quiet')
  wait_for_tcp(4433)
  for version in ('-tls1_2', '-tls1_3'):
    wire.here('openssl', 's_client', '-connect', f'{FAR}:4433', version, '-alpn', 'h2,leat', '-servername', 'leat.test', '-status', told=b'Q\n')


def http2(wire):
  wire.serve('nghttpd', '--no-tls', '--address', FAR, '--htdocs', wire.work, '8080')
  wait_for_tcp(8080)
  wire.here('nghttp', '--null-out', f'http://{FAR}:8080/large', f'http://{FAR}:8080/nothing')


def ike(wire):
  """Nobody answers; what is sent is enough."""
  for line in ([], ['--ikev2'], ['--aggressive', '--id=leat']):
    wire.here('ike-scan', '--retry=1', '--timeout=200', *line, FAR, may_fail=True)


def bgp(wire):
  for name, us, ours, them, theirs in (('near', NEAR, 64501, FAR, 64502), ('far', FAR, 64502, NEAR, 64501)):
    with open(os.path.join(wire.work, f'bird-{name}'), 'w') as file:
      file.write(BIRD % (us, us, ours, them, theirs))
    wire.serve('bird', '-f', '-c', f'bird-{name}', '-s', os.path.join(wire.work, f'bird-{name}.sock'), far=name == 'far')


def options():
  """What the kernel makes of options of IPv4 and IPv6 that a program asks for, and its own."""
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('239.9.9.9') + socket.inet_aton(NEAR))
    for option in (b'\x01\x07\x0b\x04' + bytes(8), b'\x44\x0c\x05\x00' + bytes(8), b'\x94\x04\x00\x00', b'\x01\x01\x01\x00'):
      one.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, option)
      one.sendto(b'leat', (FAR, 9))
  with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, b'\x00\x01\x1e\x04leat\x01\x02\x00\x00\x00\x1e\x00\x00')
    one.sendto(b'leat', ('ff02::1', 9, 0, socket.if_nametoindex('near')))


def netlink(path):
  """What the kernel says of links, addresses and routes, written as a capture of netlink (link type 253)."""
  with open(path, 'wb') as file, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
    file.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 253))
    one.bind((0, 0))
    for number, kind in enumerate((18, 22, 26)):
      one.send(struct.pack('=IHHIIB3x', 20, kind, 0x301, number, 0, 0))
      done = False
      while not done:
        data = one.recv(65536)
        file.write(struct.pack('=IIII', number, 0, 16 + len(data), 16 + len(data)) + struct.pack('!HH8xHH', 0, 824, 0, 0) + data)
        at = 0
        while at < len(data):
          size, told = struct.unpack_from('=IH', data, at)
          done = done or told in (2, 3)
          at += (size + 3) & ~3


def bluetooth(path):
  """There is no radio: advertisements of elements by chance, of known and unknown types, some with zeros behind the last (link type 251)."""
  some = random.Random(1)
  with open(path, 'wb') as file:
    file.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 251))
    for number in range(50):
      told = b'\x02\x01\x06'
      while len(told) < 24 and some.random() < 0.8:
        value = some.randbytes(some.choice((2, 4, 6))) if some.random() < 0.7 else b'leat'
        told += bytes([len(value) + 1, some.choice((0x02, 0x03, 0x09, 0x16, 0xff, 0x30))]) + value
      told = (told + bytes(some.choice((0, 0, 1, 5))))[:31]
      data = struct.pack('<IBB', 0x8e89bed6, 0, 6 + len(told)) + bytes(range(6)) + told + bytes(3)
      file.write(struct.pack('=IIII', number, 0, len(data), len(data)) + data)


def main(work):
  wire = Wire(work)
  wire.here('ip', 'link', 'set', 'dev', 'near', 'up')
  tcpdump = wire.serve('tcpdump', '-Z', 'root', '--immediate-mode', '-i', 'near', '-U', '-w', 'wire.pcap', far=False)
  wait_for_word(wire, 'tcpdump', b'listening on')
  wire.there('ip', 'link', 'set', 'dev', 'far', 'up')  # the first packets come when there is a carrier
  wire.serve('lldpd', '-d', '-I', 'far', '-u', os.path.join(work, 'lldpd.sock'), '-S', 'a machine of the test', '-P', 'leat')
  bgp(wire)
  for make in (dhcp, radius, mqtt, coap, tls, http2, ike):
    make(wire)
  options()
  netlink(os.path.join(work, 'netlink.pcap'))
  bluetooth(os.path.join(work, 'bluetooth.pcap'))
  time.sleep(0.5)
  tcpdump.terminate()
  tcpdump.wait(timeout=5)


if __name__ == '__main__':
  if sys.argv[1] == 'radius':
    radius_answerer()
  else:
    main(sys.argv[1])
