# SPDX-License-Identifier: MIT
"""For each dialect of leat: where in tshark's tree its bytes are, and which items tshark sees in them.

An item is (offset, type, length) with the length as the packet has it, None where there is none. A rule gives samples: dialect, bytes, items.
It looks at names of fields alone and never at the bytes, so what it gives is tshark's opinion and not a second parser of ours.
"""
from tree import marked, walk

# What tshark is asked for. A name that ends a line here is a protocol; frames without any of them are not printed.
PROTOCOLS = ('ip tcp ipv6 ipv6.hopopts ipv6.dstopts dhcp dhcpv6 radius lldp ppp lcp ipcp ipv6cp ccp bgp sctp isakmp wlan wlan.mgt eap http2 '
             'coap mqtt tls netlink netlink-route btle').split()
FILTER = ' or '.join(['ip.hdr_len > 20', 'tcp.options', 'wlan.tag.number'] +
                     [name for name in PROTOCOLS if name not in ('ip', 'tcp', 'ipv6', 'ppp', 'wlan', 'wlan.mgt', 'netlink-route')])


class Sample:
  """Bytes, and the items that tshark sees in them, down to the depth `deepest` (the outermost have 0)."""

  def __init__(self, dialect, data, items, tree, deepest=64):
    self.deepest = deepest
    self.dialect, self.data, self.items, self.tree, self.marked = dialect, data, [tuple(item) for item in items], tree, False


def child(field, *names):
  """The first member of that name, right below the field."""
  for name in names:
    for inside in field.inside:
      if inside.name == name:
        return inside
  return None


def number(field):
  """What people are shown, where that is a number: of the bytes alone it cannot be told in which order they count."""
  try:
    return int(field.shown, 0)
  except ValueError:
    return field.number


def pairs(fields, base, type_name, length_name):
  """Each field of the first name begins an item, and the first of the second name behind it is its length."""
  items = []
  for field in fields:
    if field.name == type_name:
      items.append([field.at - base, number(field), None])
    elif field.name == length_name and items and items[-1][2] is None:
      items[-1][2] = number(field)
  return items


def to_the_end(items):
  """Nothing behind the option 0 is an option (RFC 9293, RFC 791); tshark lists what follows all the same."""
  end = next((i for i, item in enumerate(items) if item[1] == 0), len(items))
  return items[:end + 1]


def tcp_options(found):
  for area in found.get('tcp.options', []):
    items = pairs(walk(area.inside), area.at, 'tcp.option_kind', 'tcp.option_len')
    yield Sample('tcp-options', area.data, to_the_end(items), area.inside)


def ip_options(found):
  for header in found.get('ip', []):
    if header.size > 20:
      items = pairs(walk(header.inside), header.at + 20, 'ip.opt.type', 'ip.opt.len')
      yield Sample('ip-options', header.data[20:], to_the_end(items), header.inside)


def ip6_options(found):
  for header in found.get('ipv6.hopopts', []) + found.get('ipv6.dstopts', []):
    if header.data:
      items = pairs(walk(header.inside), header.at + 2, 'ipv6.opt.type', 'ipv6.opt.length')
      yield Sample('ip6-options', header.data[2:], items, header.inside)


def dhcp4(found):
  """Options of options are another row. Zeros before the end are one field, and so are those behind it, which leat leaves alone."""
  for message in found.get('dhcp', []):
    cookie = child(message, 'dhcp.cookie')
    if not cookie:
      continue
    base, items = cookie.at + 4, []
    for field in message.inside:
      if field.name == 'dhcp.option.type':
        length = child(field, 'dhcp.option.length')
        kind = number(field) if length else number(child(field, 'dhcp.option.end') or field)
        items.append((field.at - base, kind, number(length) if length else None))
      elif field.name == 'dhcp.option.padding' and (not items or items[-1][1] != 255):
        items += [(field.at - base + i, 0, None) for i in range(field.size)]
    yield Sample('dhcp4', message.data[base - message.at:], items, message.inside)


def dhcp6(found):
  """A message that is relayed stands within the one that carries it, in the same tree."""
  for message in found.get('dhcpv6', []):
    kind = child(message, 'dhcpv6.msgtype')
    if kind and message.data:
      fixed = 34 if number(kind) in (12, 13) else 4
      items = pairs(walk(message.inside), message.at + fixed, 'dhcpv6.option.type', 'dhcpv6.option.length')
      yield Sample('dhcp6', message.data[fixed:], items, message.inside)


def framed(dialect, message, code, length, items):
  """One frame, cut where its own length says, as what stands behind it is another layer's padding; then the items inside."""
  if code and length:
    yield Sample(dialect, message.data[:number(length)], [(0, number(code), number(length))] + items, message.inside)


def radius(found):
  for message in found.get('radius', []):
    items = pairs(walk(message.inside), message.at, 'radius.avp.type', 'radius.avp.length')
    yield from framed('radius', message, child(message, 'radius.code'), child(message, 'radius.length'), items)


def eap(found):
  for message in found.get('eap', []):
    yield from framed('eap', message, child(message, 'eap.code'), child(message, 'eap.len'), [])


def lcp(found):
  """The control protocols of PPP are made alike; those of its options are named <protocol>.opt.type."""
  for name in ('lcp', 'ipcp', 'ipv6cp', 'ccp'):
    for message in found.get(name, []):
      items = pairs(walk(message.inside), message.at, name + '.opt.type', name + '.opt.length')
      yield from framed('lcp', message, child(message, 'ppp.code'), child(message, 'ppp.length'), items)


def lldp(found):
  for message in found.get('lldp', []):
    yield Sample('lldp', message.data, pairs(walk(message.inside), message.at, 'lldp.tlv.type', 'lldp.tlv.len'), message.inside)


def wifi(found):
  """Elements right below the frame: those inside others are others' business."""
  for area in found.get('wlan.tagged.all', []):
    items = []
    for tag in area.inside:
      tag_type, length = child(tag, 'wlan.tag.number'), child(tag, 'wlan.tag.length', 'wlan.ext_tag.length')
      if tag_type and length:
        items.append((tag_type.at - area.at, number(tag_type), length.number))  # of an extension tshark shows one less than there is
    yield Sample('wifi', area.data, items, area.inside)


def whole(found, layer):
  """A layer with what it carries: to the end of the IP packet, where that is told, in the frame's own bytes."""
  frame, end = found['frame'][0].data, 0
  for header, length, fixed in (('ip', 'ip.len', 0), ('ipv6', 'ipv6.plen', 40)):
    for ip in found.get(header, []):
      told = child(ip, length)
      if told and ip.at < layer.at:
        end = max(end, ip.at + number(told) + fixed)
  return frame[layer.at:end] if frame[layer.at:layer.at + layer.size] == layer.data else layer.data


def sctp(found):
  """Chunks, and what stands right below those that hold parameters or causes. What DATA carries is counted as another layer, and what comes
  behind it in the packet as one more of sctp, which has no ports."""
  packets = []
  for layer in found.get('sctp', []):
    if child(layer, 'sctp.srcport'):
      packets.append((layer, []))
    if packets:
      packets[-1][1].extend(layer.inside)
  for packet, chunks in packets:
    base, items = packet.at + 12, []
    for chunk in chunks:
      items += pairs(chunk.inside, base, 'sctp.chunk_type', 'sctp.chunk_length')
      for inside in chunk.inside if child(chunk, 'sctp.chunk_type') else []:
        items += pairs(inside.inside, base, 'sctp.parameter_type', 'sctp.parameter_length')
        items += pairs(inside.inside, base, 'sctp.cause_code', 'sctp.cause_length')
    yield Sample('sctp', whole(found, packet)[12:], items, chunks)


def bgp(found):
  """A path attribute begins with its flags. ATTR_SET has attributes inside, which are not looked for."""
  for message in found.get('bgp', []):
    items = []
    for area in message.inside:
      if area.name == 'bgp.open.opt':
        for param in area.inside:
          items += pairs(param.inside, message.at, 'bgp.open.opt.param.type', 'bgp.open.opt.param.len')
          for capability in param.inside:
            items += pairs(capability.inside, message.at, 'bgp.cap.type', 'bgp.cap.length')
      elif area.name == 'bgp.update.path_attributes':
        for attribute in area.inside:
          if child(attribute, 'bgp.update.path_attribute.flags'):
            start = child(attribute, 'bgp.update.path_attribute.flags').at - message.at
            items += [(start, code, length) for _, code, length in pairs(attribute.inside, message.at, 'bgp.update.path_attribute.type_code',
                                                                         'bgp.update.path_attribute.length')]
    yield from framed('bgp', message, child(message, 'bgp.type'), child(message, 'bgp.length'), items)


def ike(found):
  """A payload's type stands in the one before; tshark puts it above the payload's fields."""
  for message in found.get('isakmp', []):
    items = []
    for payload in message.inside:
      following, length = child(payload, 'isakmp.nextpayload'), child(payload, 'isakmp.payloadlength')
      if payload.name == 'isakmp.typepayload' and following and length:
        items.append((following.at - message.at, number(payload), number(length)))
    yield from framed('ike', message, child(message, 'isakmp.exchangetype'), child(message, 'isakmp.length'), items)


def http2(found):
  """What a client begins with is no frame."""
  for layer in found.get('http2', []):
    for stream in layer.inside:
      kind, length = child(stream, 'http2.type'), child(stream, 'http2.length')
      if kind and length:
        at = length.at - layer.at
        yield Sample('http2', layer.data[at:at + 9 + number(length)], [(0, number(kind), number(length))], stream.inside)


def mqtt(found):
  for message in found.get('mqtt', []):
    flags, length = child(message, 'mqtt.hdrflags'), child(message, 'mqtt.len')
    kind = child(flags, 'mqtt.msgtype') if flags else None
    if kind and length:
      yield Sample('mqtt', message.data, [(flags.at - message.at, number(kind), number(length))], message.inside)


def coap(found):
  """tshark says how far each type is from the one before, and leaves adding to others."""
  for message in found.get('coap', []):
    token = child(message, 'coap.token_len')
    if not token:
      continue
    base, items, type_ = message.at + 4 + number(token), [], 0
    for field in message.inside:
      delta = next((inside for inside in walk(field.inside) if inside.name == 'coap.opt.delta'), None)
      if delta:
        named = {inside.name: number(inside) for inside in field.inside}
        type_ += named.get('coap.opt.delta_ext', 0) + (named['coap.opt.delta'] if named['coap.opt.delta'] < 13 else
                                                         13 if named['coap.opt.delta'] == 13 else 269)
        short = named['coap.opt.length']
        length = short if short < 13 else named['coap.opt.length_ext'] + (13 if short == 13 else 269)
        items.append((delta.at - base, type_, length))
      elif field.name == 'coap.opt.end_marker':
        items.append((field.at - base, 255, None))
    yield Sample('coap', message.data[base - message.at:], items, message.inside)


def tls(found):
  """Records one by one. Handshakes and extensions are in the clear, and whole, where a record begins with a hello."""
  for record in found.get('tls.record', []):
    kind, length = child(record, 'tls.record.opaque_type', 'tls.record.content_type'), child(record, 'tls.record.length')
    if not kind or not length or not child(record, 'tls.record.version'):
      continue
    items, shakes = [(0, number(kind), number(length))], []
    for shake in record.inside:
      code, size = child(shake, 'tls.handshake.type'), child(shake, 'tls.handshake.length')
      if code and size and code.at - record.at >= 5:  # one in pieces is put together, and its places are others
        shakes.append((code.at - record.at, number(code), number(size)))
        for extension in shake.inside:
          shakes += pairs(extension.inside, record.at, 'tls.handshake.extension.type', 'tls.handshake.extension.len')
    if shakes and number(kind) == 22 and shakes[0][1] in (1, 2):
      items += shakes
    yield Sample('tls', record.data, items, record.inside)


def netlink(found):
  """A message of rtnetlink and the attributes right below it: of those inside them tshark shows some as fields, and leat all."""
  for message in found.get('netlink-route', []):
    items = []
    for part in message.inside:
      length = child(part, 'netlink.hdr_len', 'netlink.attr_len')
      kind, attribute = child(part, 'netlink-route.nltype'), child(part, 'netlink.attr_type')
      if length and (kind or attribute):
        items.append((length.at - message.at, number(kind) if kind else number(attribute) & 0x3fff, number(length)))
    yield Sample('netlink', message.data, items, message.inside, deepest=1)


def bluetooth(found):
  """The length comes first. A length of 0 is not shown as such, only that the rest is unused."""
  for data in found.get('btcommon.eir_ad.advertising_data', []):
    items = []
    for part in data.inside:
      length, kind = child(part, 'btcommon.eir_ad.entry.length'), child(part, 'btcommon.eir_ad.entry.type')
      if length and kind:
        items.append((length.at - data.at, number(kind), number(length)))
      elif part.name == 'btcommon.eir_ad.unused':
        items.append((part.at - data.at, 0, None))
    yield Sample('bt-ad', data.data, items, data.inside)


RULES = (tcp_options, ip_options, ip6_options, dhcp4, dhcp6, radius, eap, lcp, lldp, wifi, sctp, bgp, ike, http2, mqtt, coap, tls, netlink, bluetooth)


def samples(layers):
  """All that the rules find in one frame, each with whether tshark calls its protocol, or the frame, malformed."""
  found = {}
  for field in walk(layers):
    found.setdefault(field.name, []).append(field)
  frame = marked(layers)
  for rule in RULES:
    for sample in rule(found):
      sample.marked = frame or marked(walk(sample.tree))
      sample.tree = None
      yield sample
