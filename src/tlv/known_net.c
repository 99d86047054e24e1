/* SPDX-License-Identifier: MIT */
/*
 * known_net.c: below applications. Source: RFC 791 (IPv4), RFC 9293 (TCP), RFC 8200 (IPv6), RFC 9260 (SCTP), RFC 4271 and 5492 (BGP),
 * RFC 7296 and 2408 (IKE).
 */
#include "known.h"

/* 0 ends, 1 is nothing; others have a length of 2 at least. */
static const struct leat_tlv_mark ip_marks[] = {{.type = 0, .bare = true, .end = true}, {.type = 1, .bare = true}};
#define IP_OPTIONS                                                                                                \
    .type = BIG(0, 1), .length = BIG(1, 1), .header_bytes = 2, .length_includes = 2, .align = 1, MARKS(ip_marks), \
    .shape = LEAT_TLV_SHAPE_FIXED

static const struct leat_tlv_name ip_names[] = {{0, "End"},
                                                {1, "NOP"},
                                                {7, "Record Route"},
                                                {68, "Timestamp"},
                                                {130, "Security"},
                                                {131, "Loose Source Route"},
                                                {137, "Strict Source Route"},
                                                {148, "Router Alert"}};
const struct leat_tlv_dialect leat_tlv_ip_options = {.name = "ip-options",
                                                     .rule = "type 1, length 1 (header and value); 0 ends and 1 pads, both without length",
                                                     IP_OPTIONS,
                                                     NAMES(ip_names)};

static const struct leat_tlv_name tcp_names[] = {
    {0, "End"},        {1, "NOP"},  {2, "MSS"},           {3, "Window Scale"},    {4, "SACK permitted"}, {5, "SACK"},
    {8, "Timestamps"}, {19, "MD5"}, {28, "User Timeout"}, {29, "Authentication"}, {30, "MPTCP"},         {34, "Fast Open"}};
const struct leat_tlv_dialect leat_tlv_tcp_options = {.name = "tcp-options",
                                                      .rule = "type 1, length 1 (header and value); 0 ends and 1 pads, both without length",
                                                      IP_OPTIONS,
                                                      NAMES(tcp_names)};

static const struct leat_tlv_mark ip6_marks[] = {{.type = 0, .bare = true}};
static const struct leat_tlv_name ip6_names[] = {{0, "Pad1"}, {1, "PadN"}, {5, "Router Alert"}, {0xc2, "Jumbo"}, {0xc9, "Home Address"}};
const struct leat_tlv_dialect leat_tlv_ip6_options = {
    .name = "ip6-options",
    .rule = "options of hop-by-hop and destination headers: type 1, length 1 (value only); 0 pads, without length",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .align = 1,
    MARKS(ip6_marks),
    NAMES(ip6_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

static const struct leat_tlv_name param_names[] = {{1, "Heartbeat Info"},       {5, "IPv4 Address"}, {6, "IPv6 Address"},
                                                   {7, "State Cookie"},         {8, "Unrecognized"}, {9, "Cookie Preservative"},
                                                   {12, "Supported Addresses"}, {0x8000, "ECN"},     {0xc000, "Forward TSN"}};
const struct leat_tlv_dialect leat_tlv_sctp_param = {
    .name = "sctp-param",
    .rule = "type 2, length 2 (header and value), big endian; padded to 4",
    .type = BIG(0, 2),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .length_includes = 4,
    .align = 4,
    NAMES(param_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};
enum { SCTP_INIT = 1, SCTP_INIT_ACK = 2, SCTP_HEARTBEAT = 4, SCTP_HEARTBEAT_ACK = 5, SCTP_ABORT = 6, SCTP_ERROR = 9 };
static const struct leat_tlv_nest sctp_nests[] = {
    NEST(SCTP_INIT, 16, &leat_tlv_sctp_param),     NEST(SCTP_INIT_ACK, 16, &leat_tlv_sctp_param),
    NEST(SCTP_HEARTBEAT, 0, &leat_tlv_sctp_param), NEST(SCTP_HEARTBEAT_ACK, 0, &leat_tlv_sctp_param),
    NEST(SCTP_ABORT, 0, &leat_tlv_sctp_param),     NEST(SCTP_ERROR, 0, &leat_tlv_sctp_param),
};
static const struct leat_tlv_name sctp_names[] = {
    {0, "DATA"},     {1, "INIT"},         {2, "INIT ACK"}, {3, "SACK"},         {4, "HEARTBEAT"},   {5, "HEARTBEAT ACK"},     {6, "ABORT"},
    {7, "SHUTDOWN"}, {8, "SHUTDOWN ACK"}, {9, "ERROR"},    {10, "COOKIE ECHO"}, {11, "COOKIE ACK"}, {14, "SHUTDOWN COMPLETE"}};
const struct leat_tlv_dialect leat_tlv_sctp = {
    .name = "sctp",
    .rule = "chunks: type 1, flags 1, length 2 big endian (header and value); padded to 4",
    .type = BIG(0, 1),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .length_includes = 4,
    .align = 4,
    NESTS(sctp_nests),
    NAMES(sctp_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

static const struct leat_tlv_name capability_names[] = {{1, "Multiprotocol"}, {2, "Route Refresh"}, {64, "Graceful Restart"},
                                                        {65, "4-octet AS"},   {69, "ADD-PATH"},     {70, "Enhanced Route Refresh"}};
const struct leat_tlv_dialect leat_tlv_bgp_capability = {
    .name = "bgp-capability",
    .rule = "type 1, length 1 (value only)",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .align = 1,
    NAMES(capability_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};
enum { BGP_CAPABILITIES = 2, BGP_OPEN = 1, BGP_UPDATE = 2 };
static const struct leat_tlv_nest param_nests[] = {NEST(BGP_CAPABILITIES, 0, &leat_tlv_bgp_capability)};
const struct leat_tlv_dialect leat_tlv_bgp_param = {
    .name = "bgp-param",
    .rule = "optional parameters of OPEN: type 1, length 1 (value only); 2 holds bgp-capability items",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .align = 1,
    NESTS(param_nests),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

/* The bit 0x10 of the flags says that the length has two bytes. */
static const struct leat_tlv_kind attr_kinds[] = {{0, LEAT_TLV_BY_NUMBER, 1, 0, 0}, {1, LEAT_TLV_BY_NUMBER, 2, 0, 0}};
static const struct leat_tlv_name attr_names[] = {{1, "ORIGIN"},
                                                  {2, "AS_PATH"},
                                                  {3, "NEXT_HOP"},
                                                  {4, "MULTI_EXIT_DISC"},
                                                  {5, "LOCAL_PREF"},
                                                  {6, "ATOMIC_AGGREGATE"},
                                                  {7, "AGGREGATOR"},
                                                  {8, "COMMUNITIES"},
                                                  {9, "ORIGINATOR_ID"},
                                                  {10, "CLUSTER_LIST"},
                                                  {14, "MP_REACH_NLRI"},
                                                  {15, "MP_UNREACH_NLRI"},
                                                  {16, "EXTENDED COMMUNITIES"},
                                                  {17, "AS4_PATH"},
                                                  {18, "AS4_AGGREGATOR"},
                                                  {32, "LARGE_COMMUNITY"}};
const struct leat_tlv_dialect leat_tlv_bgp_attr = {
    .name = "bgp-attr",
    .rule = "path attributes: flags 1, type 1, length 1, or 2 big endian where flag 10 is set (value only)",
    .type = BIG(1, 1),
    .length = {.codec = LEAT_TLV_BIG, .at = LEAT_TLV_BEHIND, .bytes = 1, .mask = 0xff},
    .control = BIG_BITS(0, 1, 4, 1),
    .kinds = attr_kinds,
    .kind_count = COUNT(attr_kinds),
    .header_bytes = 2,
    .align = 1,
    NAMES(attr_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

static const unsigned char bgp_marker[16] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
static const signed char withdrawn[] = {-2, 0};
static const struct leat_tlv_nest bgp_nests[] = {
    {.first = BGP_OPEN, .last = BGP_OPEN, .value_starts = ANY_VALUE, .fixed_bytes = 9, .inside = &leat_tlv_bgp_param, .area_bytes = 1},
    {.first = BGP_UPDATE, .last = BGP_UPDATE, .value_starts = ANY_VALUE, .inside = &leat_tlv_bgp_attr, .parts = withdrawn, .area_bytes = 2},
};
static const struct leat_tlv_name bgp_names[] = {{1, "OPEN"}, {2, "UPDATE"}, {3, "NOTIFICATION"}, {4, "KEEPALIVE"}, {5, "ROUTE-REFRESH"}};
const struct leat_tlv_dialect leat_tlv_bgp = {
    .name = "bgp",
    .rule = "marker 16 (ff), length 2 big endian (header and value, 19 to 4096), type 1; OPEN holds bgp-param, UPDATE bgp-attr items",
    .type = BIG(18, 1),
    .length = BIG(16, 2),
    .header_bytes = 19,
    .length_includes = 19,
    .length_max = 4096,
    .align = 1,
    .marker = bgp_marker,
    .marker_bytes = sizeof bgp_marker,
    NESTS(bgp_nests),
    NAMES(bgp_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

/* Each payload says the type of the next; that of an encrypted one stands inside it, so nothing follows. */
enum { IKE_SA = 1, IKE2_SA = 33, IKE2_ENCRYPTED = 46, IKE2_ENCRYPTED_FRAGMENT = 53 };
static const struct leat_tlv_mark payload_marks[] = {{.type = IKE2_ENCRYPTED, .end = true, .valued = true},
                                                     {.type = IKE2_ENCRYPTED_FRAGMENT, .end = true, .valued = true}};
static const struct leat_tlv_name payload_names[] = {
    {1, "SA"},           {4, "Key Exchange"},    {5, "Identification"}, {8, "Hash"},
    {10, "Nonce"},       {11, "Notification"},   {12, "Delete"},        {13, "Vendor ID"},
    {33, "SA"},          {34, "Key Exchange"},   {35, "IDi"},           {36, "IDr"},
    {37, "Certificate"}, {39, "Authentication"}, {40, "Nonce"},         {41, "Notify"},
    {42, "Delete"},      {43, "Vendor ID"},      {44, "TSi"},           {45, "TSr"},
    {46, "Encrypted"},   {47, "Configuration"},  {48, "EAP"},           {53, "Encrypted Fragment"}};
const struct leat_tlv_dialect leat_tlv_ike_payload = {
    .name = "ike-payload",
    .rule = "next payload's type 1, flags 1, length 2 big endian (header and value); the first (where no header said so) is an SA, 33",
    .following = BIG(0, 1),
    .first = IKE2_SA,
    .length = BIG(2, 2),
    .header_bytes = 4,
    .length_includes = 4,
    .align = 1,
    MARKS(payload_marks),
    NAMES(payload_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};
/* Of IKEv1 the flag 1 says that all behind the header is encrypted; in IKEv2 it is zero, and an encrypted payload is one as others are. */
#define IKE_EXCHANGES(from, to)                                                                                    \
    {                                                                                                              \
        .first = from, .last = to, .value_starts = ANY_VALUE, .inside = &leat_tlv_ike_payload, .type = BIG(16, 1), \
        .unless = BIG_BITS(19, 1, 0, 1)                                                                            \
    }
static const struct leat_tlv_nest ike_nests[] = {IKE_EXCHANGES(2, 2), IKE_EXCHANGES(4, 5), IKE_EXCHANGES(34, 37)};
static const struct leat_tlv_name ike_names[] = {{2, "Identity Protection"}, {4, "Aggressive"},    {5, "Informational"},
                                                 {32, "Quick Mode"},         {34, "IKE_SA_INIT"},  {35, "IKE_AUTH"},
                                                 {36, "CREATE_CHILD_SA"},    {37, "INFORMATIONAL"}};
const struct leat_tlv_dialect leat_tlv_ike = {
    .name = "ike",
    .rule = "SPIs 16, next payload 1, version 1, exchange 1 (the type), flags 1, message 4, length 4 big endian (header and value)",
    .type = BIG(18, 1),
    .length = BIG(24, 4),
    .header_bytes = 28,
    .length_includes = 28,
    .align = 1,
    NESTS(ike_nests),
    NAMES(ike_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};
