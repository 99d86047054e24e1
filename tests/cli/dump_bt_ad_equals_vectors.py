#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`leat dump --tlv bt-ad` lists the elements of advertisements written down here by hand: length (type and value), type, value."""
from formats import dumped, same
from leatcli import check

END = (0, '')
# What is advertised; (type, value) of each element; whether the length 0 ends it.
VECTORS = [
  ('02 01 06', [(0x01, '06')]),
  ('02 01 06 05 09 6c 65 61 74', [(0x01, '06'), (0x09, '6c656174')]),
  ('05 08 6c 65 61 74', [(0x08, '6c656174')]),
  ('01 09', [(0x09, '')]),
  ('02 0a f4', [(0x0a, 'f4')]),
  ('02 01 04 03 03 0a 18 02 0a 00', [(0x01, '04'), (0x03, '0a18'), (0x0a, '00')]),
  ('05 02 0d 18 0f 18 03 19 41 03', [(0x02, '0d180f18'), (0x19, '4103')]),
  ('11 07 fb 34 9b 5f 80 00 00 80 00 10 00 00 00 18 00 00', [(0x07, 'fb349b5f80000080001000000018' + '0000')]),
  ('11 06 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f', [(0x06, '000102030405060708090a0b0c0d0e0f')]),
  ('03 03 aa fe 0a 16 aa fe 10 00 03 61 62 63 07', [(0x03, 'aafe'), (0x16, 'aafe100003616263' + '07')]),
  ('1a ff 4c 00 02 15 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 00 01 00 02 c5',
   [(0xff, '4c000215000102030405060708090a0b0c0d0e0f00010002c5')]),
  ('02 01 06 03 ff ff ff', [(0x01, '06'), (0xff, 'ffff')]),
  ('04 0d 04 02 20 03 02 18 00', [(0x0d, '040220'), (0x02, '1800')]),
  ('09 10 02 00 6b 1d 46 02 05 00', [(0x10, '02006b1d46020500')]),
  ('02 1c 00 08 1b 11 22 33 44 55 66 00', [(0x1c, '00'), (0x1b, '11223344556600')]),
  ('05 12 06 00 80 0c', [(0x12, '0600800c')]),
  ('02 01 06 00', [(0x01, '06'), END]),
  ('02 01 06 05 09 6c 65 61 74' + ' 00' * 22, [(0x01, '06'), (0x09, '6c656174'), END]),
  ('00 02 01 06', [END]),
  ('05 24 17 2f 2f 61', [(0x24, '172f2f61')]),
  ('fe ff' + ' 5a' * 253, [(0xff, '5a' * 253)]),
  ('ff ff' + ' 5a' * 254, [(0xff, '5a' * 254)]),
]


def listed(elements):
  """As leat numbers them."""
  at, items = 0, []
  for element in elements:
    value = bytes.fromhex(element[1])
    items.append((at, 0, 1, 0, 0, b'') if element is END else (at, 0, 2, len(value), element[0], value))
    at += 2 + len(value)
  return items


if __name__ == '__main__':
  count = 0
  for text, elements in VECTORS:
    data = bytes.fromhex(text)
    count += same(text[:60], dumped('bt-ad', data, text[:60]), listed(elements))
  check(count > 0, 'nothing was compared')
  print(f'{len(VECTORS)} advertisements, {count} elements equal')
