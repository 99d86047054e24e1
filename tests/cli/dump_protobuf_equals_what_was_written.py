#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv protobuf` lists the fields of messages made by chance, as their maker noted them."""
from formats import chance, dumped, make_message, same
from leatcli import check

some, items, messages = chance('protobuf'), 0, 150
for i in range(messages):
  wanted = []
  data = make_message(some, wanted)
  items += same(f'message {i}', dumped('protobuf', data, f'message {i}'), wanted)
check(items > 0, 'nothing was compared')
print(f'{messages} messages, {items} fields equal')
