#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each kind of bad input gives one line with endpoint, offset and rule, the right exit code, and every frame before it is delivered."""
import os
import socket
import struct

from leatcli import SECONDS, announced, check, der, folder, frames, run, slurp, spill, start, summary

work = folder()
good = b''.join(frames(300))
target = os.path.join(work, 'out')


def path(name):
  return os.path.join(work, name)


def one_line(what, stderr, *words):
  lines = stderr.splitlines()
  check(len(lines) == 1 and lines[0].startswith('leat'), f'{what}: not one line: {stderr!r}')
  for word in words:
    check(str(word) in lines[0], f'{what}: no {word!r} in {lines[0]!r}')


def malformed(what, tail, words=(), more=(), offset=len(good)):
  """`good` and then something bad, from a file, from stdin, through pump and through dump."""
  source = spill(path('bad.der'), good + tail)
  for origin, keywords in ((source, {}), ('-', {'input': good + tail})):
    done = run('pump', '--from', origin, '--to', target, '--frame', 'der', '--stats', 'none', *more, **keywords)
    check(done.returncode == 2, f'{what}: exit {done.returncode}: {done.stderr}')
    one_line(what, done.stderr, origin, f'offset {offset}:', *words)
    check(slurp(target) == good, f'{what}: not exactly the frames before the bad one')
  done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--stats', 'json', *more)
  lines = done.stderr.splitlines()
  check(done.returncode == 2 and len(lines) == 2, f'{what}: exit {done.returncode}: {done.stderr}')
  told = summary(done.stderr)
  check(told['malformed'] == 1 and told['frames_in'] == told['frames_out'] == 300 and told['bytes_out'] == len(good), f'{what}: {told}')
  dumped = run('dump', '--json', '--tlv', 'der', *more, source)
  check(dumped.returncode == 2, f'{what}: dump: exit {dumped.returncode}: {dumped.stderr}')
  one_line(what, dumped.stderr, source, f'offset {offset}:', *words)
  check(dumped.stdout.count(b'"depth":0') >= 300, f'{what}: dump: frames before the bad one are missing')


def failing(what, code, words, *arguments, **keywords):
  done = run(*arguments, **keywords)
  check(done.returncode == code, f'{what}: exit {done.returncode}: {done.stderr}')
  one_line(what, done.stderr, *words)
  return done


def usage(what, words, *arguments):
  """Wrong usage; argp may add one line of advice. Stdin is a pipe."""
  done = run(*arguments, input=b'')
  check(done.returncode == 1 and done.stdout == b'', f'{what}: exit {done.returncode}: {done.stderr}')
  lines = done.stderr.splitlines()
  check(1 <= len(lines) <= 2 and (len(lines) == 1 or lines[1].startswith('Try ')), f'{what}: not one line: {done.stderr!r}')
  for word in words:
    check(word in lines[0], f'{what}: no {word!r} in {lines[0]!r}')


def pump(*arguments):
  return ('pump', '--frame', 'der', '--stats', 'none', *arguments)


# Malformed input.
malformed('truncated header', b'\x30')
malformed('truncated value', der(0x30, der(0x04, b'x' * 900))[:-1])
malformed('beyond --max-frame', der(0x30, der(0x04, b'x' * 70000)), more=('--max-frame', '64KiB'))
malformed('beyond the default --max-frame', b'\x30\x84\x7f\xff\xff\xff' + b'x' * 100)
malformed('length of 8 bytes', b'\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff' + b'x' * 100)
malformed('indefinite length in DER', b'\x30\x80\x02\x01\x05\x00\x00')
malformed('inner item runs over', der(0x30, b'\x04\x05abc'))
bomb = b''
for _ in range(5000):
  bomb = der(0x30, bomb)
malformed('nesting bomb', bomb)
done = run('pump', '--from', '-', '--to', target, '--frame', 'ber', '--stats', 'none', input=good + b'\x30\x80' * 3 + b'\x02\x01\x05')
check(done.returncode == 2, f'indefinite length without end: exit {done.returncode}: {done.stderr}')
one_line('indefinite length without end', done.stderr, 'offset', len(good))
check(slurp(target) == good, 'indefinite length without end: frames before it')
done = run('pump', '--from', '-', '--to', target, '--frame', 'ber', '--stats', 'none', input=good + b'\x30\x80' * 200000)
check(done.returncode == 2, f'indefinite nesting bomb: exit {done.returncode}: {done.stderr}')
one_line('indefinite nesting bomb', done.stderr, 'offset', len(good))
check(slurp(target) == good, 'indefinite nesting bomb: frames before it')

# The same source without the bad end is good, three times over.
source = spill(path('in.der'), good)
done = run('pump', '--from', source, '--to', target, '--frame', 'der', '--repeat', '3', '--stats', 'none')
check(done.returncode == 0 and slurp(target) == 3 * good, f'--repeat: exit {done.returncode}: {done.stderr}')

# Devices.
failing('no such file', 3, [path('none')], *pump('--from', path('none'), '--to', target))
failing('vanished socket', 3, [path('gone.sock')], *pump('--from', f'unix:{path("gone.sock")}', '--to', target))
failing('a folder', 3, [work], *pump('--from', work, '--to', target))
failing('no such folder to write to', 3, [path('a/b')], *pump('--from', source, '--to', path('a/b')))
done = failing('full disk', 3, ['/dev/full', 'offset 0', 'No space left'], *pump('--from', source, '--to', '/dev/full'))
done = run('pump', '--from', source, '--to', '/dev/full', '--frame', 'der', '--stats', 'json')
told = summary(done.stderr)
check(done.returncode == 3 and told['frames_out'] == 0 and told['in_flight'] == told['frames_in'] > 0, f'full disk: {told}')
failing('no terminal', 3, [source, 'not a terminal'], *pump('--from', f'serial:{source}', '--to', target))
failing('no capture', 3, [source, 'libpcap'], *pump('--from', f'pcap:{source}', '--to', target))
done = failing('nobody listens', 3, ['tcp://127.0.0.1:1'], *pump('--from', 'tcp://127.0.0.1:1', '--to', target))


def closed_socket(what, tail, reset, code, words):
  """A peer sends good frames and then something, and is gone."""
  process = start(*pump('--from', 'tcp-listen://127.0.0.1:0', '--to', target))
  address = announced(process)
  host, port = address[len('tcp://'):].rsplit(':', 1)
  with socket.create_connection((host, int(port))) as peer:
    peer.sendall(good + tail)
    if reset:  # only once all was read: a reset throws away what waits
      while not os.path.exists(target) or os.stat(target).st_size < len(good):
        pass
      peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
  rest = process.stderr.read().decode()
  check(process.wait(SECONDS) == code, f'{what}: exit {process.returncode}: {rest}')
  one_line(what, rest, f'offset {len(good)}', *words)
  check(slurp(target) == good, f'{what}: frames before it')
  os.unlink(target)


if os.path.exists(target):
  os.unlink(target)
closed_socket('socket closed inside a frame', b'\x30\x10abc', False, 2, ['127.0.0.1'])
closed_socket('socket reset', b'', True, 3, ['127.0.0.1'])

# Wrong usage.
usage('unknown scheme', ['carrier', 'tcp'], *pump('--from', 'carrier:pigeon', '--to', target))
usage('unknown key', ['colour'], *pump('--from', source, '--to', 'tcp://127.0.0.1:9?colour=red'))
usage('bad value of a key', ['rcvbuf', 'much', '64KiB'], *pump('--from', source, '--to', 'tcp://127.0.0.1:9?rcvbuf=much'))
usage('bad word of a key', ['parity', 'mark', 'none, odd or even'], *pump('--from', 'serial:/dev/tty?parity=mark', '--to', target))
usage('udp-listen cannot be written', ['udp-listen'], *pump('--from', source, '--to', 'udp-listen://127.0.0.1:0'))
usage('no port', ['tcp://127.0.0.1'], *pump('--from', 'tcp://127.0.0.1', '--to', target))
usage('bad escape', ['%zz'], *pump('--from', 'file:a%zz', '--to', target))
usage('unknown dialect', ['klingon', 'der', 'netlink'], 'pump', '--from', source, '--to', target, '--frame', 'klingon')
usage('unknown dialect', ['klingon', 'der', 'netlink'], 'dump', '--tlv', 'klingon', source)
usage('unknown option', ['--wide'], *pump('--from', source, '--to', target, '--wide'))
usage('missing option', ['--to'], *pump('--from', source))
usage('an argument too many', ['extra'], *pump('--from', source, '--to', target, 'extra'))
usage('unknown command', ['punp'], 'punp')
usage('no command', ['command'])
usage('dialects prints one', ['der'], 'dialects', 'ber', 'der')
usage('dialects prints what is known', ['klingon', 'der', 'netlink'], 'dialects', 'klingon')
usage('not a size', ['12XB'], *pump('--from', source, '--to', target, '--max-frame', '12XB'))
usage('not a number', ['-1'], *pump('--from', source, '--to', target, '--limit=-1'))
usage('too large a number', ['99999999999999999999'], *pump('--from', source, '--to', target, '--repeat', '99999999999999999999'))
usage('zero seconds', ['0'], *pump('--from', source, '--to', target, '--seconds', '0'))
usage('not a form', ['xml'], 'pump', '--frame', 'der', '--from', source, '--to', target, '--stats', 'xml')
usage('high water too low', ['high'], *pump('--from', source, '--to', target, '--high-water', '10,1KiB'))
for wrong in ('0', '-1', 'x', '2:1', '1:', ':1', '1:2:3'):
  usage(f'--reconnect={wrong}', ['reconnect', wrong], *pump('--from', 'tcp://127.0.0.1:1', '--to', target, f'--reconnect={wrong}'))
usage('--reconnect of files', ['--reconnect', 'tcp'], *pump('--from', source, '--to', target, '--reconnect', '1'))
usage('--reconnect and --repeat', ['repeat'], *pump('--from', 'tcp://127.0.0.1:1', '--to', target, '--reconnect', '1', '--repeat', '2'))
usage('--repeat of stdin', ['-: ', 'again'], *pump('--from', '-', '--to', target, '--repeat', '2'))
usage('a file onto itself', [source], *pump('--from', source, '--to', 'file:' + source))
check(os.stat(source).st_size > 0, 'a file onto itself: emptied')
usage('netlink cannot be written', ['netlink:route'], *pump('--from', source, '--to', 'netlink:route'))
print('every one told in one line')
