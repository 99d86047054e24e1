/* SPDX-License-Identifier: MIT */
/* known.h: the dialects built in, and words to describe them with. */
#ifndef LEAT_TLV_KNOWN_H
#define LEAT_TLV_KNOWN_H

#include "tlv_private.h"

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))
#define ANY_TYPE 0, UINT64_MAX
#define ANY_VALUE -1

/* Fields of the fixed part that are whole words. */
#define BIG(at, bytes)                                                        \
    {                                                                         \
        LEAT_TLV_BIG, at, bytes, 0, UINT64_MAX >> (64 - 8 * (bytes)), NULL, 0 \
    }
#define LITTLE(at, bytes)                                                        \
    {                                                                            \
        LEAT_TLV_LITTLE, at, bytes, 0, UINT64_MAX >> (64 - 8 * (bytes)), NULL, 0 \
    }
#define HOST(at, bytes)                                                        \
    {                                                                          \
        LEAT_TLV_HOST, at, bytes, 0, UINT64_MAX >> (64 - 8 * (bytes)), NULL, 0 \
    }
/* Bits of such a word. */
#define BIG_BITS(at, bytes, shift, mask)              \
    {                                                 \
        LEAT_TLV_BIG, at, bytes, shift, mask, NULL, 0 \
    }

/* Tables. */
#define NESTS(list) .nests = list, .nest_count = COUNT(list)
#define MARKS(list) .marks = list, .mark_count = COUNT(list)
#define NAMES(list) .names = list, .name_count = COUNT(list)

/* The value of one type holds items, behind so many bytes. */
#define NEST(type, fixed, dialect)                                                                      \
    {                                                                                                   \
        .first = type, .last = type, .value_starts = ANY_VALUE, .fixed_bytes = fixed, .inside = dialect \
    }

extern const struct leat_tlv_dialect leat_tlv_leat, leat_tlv_leat_item;                          /* known_leat.c */
extern const struct leat_tlv_dialect leat_tlv_lines, leat_tlv_slip, leat_tlv_cobs, leat_tlv_raw; /* known_untyped.c */
extern const struct leat_tlv_dialect leat_tlv_ber, leat_tlv_der;                                 /* known_x690.c */
extern const struct leat_tlv_dialect leat_tlv_netlink, leat_tlv_elf_note, leat_tlv_png, leat_tlv_riff, leat_tlv_pcapng; /* known_file.c */
extern const struct leat_tlv_dialect leat_tlv_lldp, leat_tlv_dhcp4, leat_tlv_dhcp6, leat_tlv_radius, leat_tlv_radius_attr, leat_tlv_eap,
    leat_tlv_lcp, leat_tlv_lcp_option, leat_tlv_wifi; /* known_access.c */
extern const struct leat_tlv_dialect leat_tlv_ip_options, leat_tlv_tcp_options, leat_tlv_ip6_options, leat_tlv_sctp, leat_tlv_sctp_param,
    leat_tlv_bgp, leat_tlv_bgp_attr, leat_tlv_bgp_param, leat_tlv_bgp_capability, leat_tlv_ike, leat_tlv_ike_payload; /* known_net.c */
extern const struct leat_tlv_dialect leat_tlv_tls, leat_tlv_tls_handshake, leat_tlv_tls_ext, leat_tlv_mqtt, leat_tlv_coap, leat_tlv_http2,
    leat_tlv_protobuf, leat_tlv_bt_ad; /* known_app.c */

#endif
