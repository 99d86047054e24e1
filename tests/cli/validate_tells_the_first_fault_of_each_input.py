#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat validate`: one line for each good input on stdout, one for each bad one on stderr with offset and rule, exit code 2; and
`leat dump` tells the same faults."""
import os

from leatcli import check, folder, run, spill

work = folder()
good = spill(os.path.join(work, 'good'), bytes.fromhex('3003020105' '0500'))
short = spill(os.path.join(work, 'short'), bytes.fromhex('3003020105' '3009'))
inner = spill(os.path.join(work, 'inner'), bytes.fromhex('0500' '30030204aa'))
empty = spill(os.path.join(work, 'empty'), b'')

done = run('validate', '--tlv', 'der', good, empty)
check(done.returncode == 0 and done.stderr == '', f'exit {done.returncode}: {done.stderr}')
check(done.stdout.decode() == f'{good}: 2 frames, 3 items, all well formed\n{empty}: 0 frames, 0 items, all well formed\n', done.stdout)

done = run('validate', '--tlv', 'der', short, inner, short, good, inner)
lines, told = done.stdout.decode().splitlines(), done.stderr.splitlines()
check(done.returncode == 2, f'exit {done.returncode}')
check(lines == [f'{good}: 2 frames, 3 items, all well formed'], f'{lines}')
check([line.split(': ')[1] for line in told] == [short, inner, short, inner], f'{told}')
for line, name, offset in zip(told, (short, inner, short, inner), (5, 2, 5, 2)):
  check(line.startswith(f'leat: {name}: offset {offset}: malformed der frame: '), line)
check(told[0] == told[2] and told[1] == told[3], f'{told}')
check(run('dump', '--tlv', 'der', short, inner).stderr.splitlines() == told[:2], 'dump tells something else')

done = run('validate', '--tlv', 'der', os.path.join(work, 'none'), good)
check(done.returncode == 3 and len(done.stdout.splitlines()) == 1, f'exit {done.returncode}: {done.stdout}')
