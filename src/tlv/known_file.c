/* SPDX-License-Identifier: MIT */
/*
 * known_file.c: what the kernel says and what files hold. Source: netlink(7) and rtnetlink(7); elf(5); the PNG specification; Microsoft's
 * RIFF, as WAV and AVI files have it; draft-ietf-opsawg-pcapng.
 */
#include "known.h"

enum { IFLA_LINKINFO = 18, IFLA_AF_SPEC = 26, IFLA_XDP = 43, IFLA_INFO_DATA = 2, IFLA_INFO_SLAVE_DATA = 5, RTA_METRICS = 8 };
enum { AF_INET = 2, AF_BRIDGE = 7, AF_INET6 = 10 };

/* struct nlattr: the length counts header and value; the type's upper bits are flags, 0x8000 nested, 0x4000 network byte order. */
#define NLATTR                                                                                                                \
    .type = {LEAT_TLV_HOST, 2, 2, 0, 0x3fff, NULL, 0}, .length = HOST(0, 2), .nested = {LEAT_TLV_HOST, 2, 2, 15, 1, NULL, 0}, \
    .header_bytes = 4, .length_includes = 4, .align = 4, .inside = &nlattr, .shape = LEAT_TLV_SHAPE_FIXED

static const struct leat_tlv_dialect nlattr = {.name = "nlattr", .rule = "attribute of netlink", NLATTR};

static const struct leat_tlv_name link_names[] = {
    {1, "ADDRESS"},
    {2, "BROADCAST"},
    {3, "IFNAME"},
    {4, "MTU"},
    {5, "LINK"},
    {6, "QDISC"},
    {7, "STATS"},
    {10, "MASTER"},
    {13, "TXQLEN"},
    {14, "MAP"},
    {16, "OPERSTATE"},
    {17, "LINKMODE"},
    {18, "LINKINFO"},
    {20, "IFALIAS"},
    {23, "STATS64"},
    {26, "AF_SPEC"},
    {27, "GROUP"},
    {30, "PROMISCUITY"},
    {31, "NUM_TX_QUEUES"},
    {32, "NUM_RX_QUEUES"},
    {33, "CARRIER"},
    {35, "CARRIER_CHANGES"},
    {40, "GSO_MAX_SEGS"},
    {41, "GSO_MAX_SIZE"},
    {43, "XDP"},
    {47, "CARRIER_UP_COUNT"},
    {48, "CARRIER_DOWN_COUNT"},
    {50, "MIN_MTU"},
    {51, "MAX_MTU"},
    {54, "PERM_ADDRESS"},
};
static const struct leat_tlv_name info_names[] = {{1, "KIND"}, {2, "DATA"}, {3, "XSTATS"}, {4, "SLAVE_KIND"}, {5, "SLAVE_DATA"}};
static const struct leat_tlv_name address_names[] = {{1, "ADDRESS"},   {2, "LOCAL"},     {3, "LABEL"},
                                                     {4, "BROADCAST"}, {6, "CACHEINFO"}, {8, "FLAGS"}};
static const struct leat_tlv_name route_names[] = {{1, "DST"},        {2, "SRC"},      {3, "IIF"},     {4, "OIF"},
                                                   {5, "GATEWAY"},    {6, "PRIORITY"}, {7, "PREFSRC"}, {8, "METRICS"},
                                                   {12, "CACHEINFO"}, {15, "TABLE"},   {20, "PREF"}};
static const struct leat_tlv_name message_names[] = {
    {2, "ERROR"},    {3, "DONE"},      {16, "NEWLINK"},  {17, "DELLINK"},  {18, "GETLINK"},  {20, "NEWADDR"},  {21, "DELADDR"},
    {22, "GETADDR"}, {24, "NEWROUTE"}, {25, "DELROUTE"}, {26, "GETROUTE"}, {28, "NEWNEIGH"}, {29, "DELNEIGH"}, {30, "GETNEIGH"},
};

/*
 * The attributes of a link that the kernel nests without the flag. In messages of the bridge family IFLA_AF_SPEC is another thing,
 * with flags of its own where it nests, so there the flag alone decides.
 */
static const struct leat_tlv_nest link_info_nests[] = {NEST(IFLA_INFO_DATA, 0, &nlattr), NEST(IFLA_INFO_SLAVE_DATA, 0, &nlattr)};
static const struct leat_tlv_dialect link_info = {
    .name = "nlattr", .rule = "IFLA_LINKINFO", NLATTR, NESTS(link_info_nests), NAMES(info_names)};

static const struct leat_tlv_nest af_spec_nests[] = {NEST(AF_INET, 0, &nlattr), NEST(AF_INET6, 0, &nlattr)};
static const struct leat_tlv_dialect af_spec = {.name = "nlattr", .rule = "IFLA_AF_SPEC", NLATTR, NESTS(af_spec_nests)};

static const struct leat_tlv_nest link_nests[] = {NEST(IFLA_LINKINFO, 0, &link_info), NEST(IFLA_AF_SPEC, 0, &af_spec),
                                                  NEST(IFLA_XDP, 0, &nlattr)};
static const struct leat_tlv_dialect link = {.name = "nlattr", .rule = "of a link", NLATTR, NESTS(link_nests), NAMES(link_names)};
static const struct leat_tlv_dialect bridge = {.name = "nlattr", .rule = "of a bridge's link", NLATTR, NAMES(link_names)};
static const struct leat_tlv_dialect address = {.name = "nlattr", .rule = "of an address", NLATTR, NAMES(address_names)};

static const struct leat_tlv_nest route_nests[] = {NEST(RTA_METRICS, 0, &nlattr)};
static const struct leat_tlv_dialect route = {.name = "nlattr", .rule = "of a route", NLATTR, NESTS(route_nests), NAMES(route_names)};

/* The messages of rtnetlink, with the struct that each begins with: ifinfomsg, ifaddrmsg, rtmsg, ndmsg. */
enum { RTM_LINKS = 16, RTM_ADDRESSES = 20, RTM_ROUTES = 24, RTM_NEIGHBOURS = 28 }; /* NEW; then DEL, GET, SET */
enum { IFINFOMSG = 16, IFADDRMSG = 8, RTMSG = 12, NDMSG = 12 };

static const struct leat_tlv_nest netlink_nests[] = {
    {.first = RTM_LINKS, .last = RTM_LINKS + 3, .value_starts = AF_BRIDGE, .fixed_bytes = IFINFOMSG, .inside = &bridge},
    {.first = RTM_LINKS, .last = RTM_LINKS + 3, .value_starts = ANY_VALUE, .fixed_bytes = IFINFOMSG, .inside = &link},
    {.first = RTM_ADDRESSES, .last = RTM_ADDRESSES + 2, .value_starts = ANY_VALUE, .fixed_bytes = IFADDRMSG, .inside = &address},
    {.first = RTM_ROUTES, .last = RTM_ROUTES + 2, .value_starts = ANY_VALUE, .fixed_bytes = RTMSG, .inside = &route},
    {.first = RTM_NEIGHBOURS, .last = RTM_NEIGHBOURS + 2, .value_starts = ANY_VALUE, .fixed_bytes = NDMSG, .inside = &nlattr},
};

const struct leat_tlv_dialect leat_tlv_netlink = {
    .name = "netlink",
    .rule = "length 4 host (header and value), type 2 host, flags 2, seq 4, pid 4; padded to 4; rtnetlink's fixed part, then attributes",
    .type = HOST(4, 2),
    .length = HOST(0, 4),
    .header_bytes = 16,
    .length_includes = 16,
    .align = 4,
    NESTS(netlink_nests),
    NAMES(message_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

const struct leat_tlv_dialect leat_tlv_elf_note = {
    .name = "elf-note",
    .rule = "name's length 4 host, length 4 host (value only), type 4 host, name; name and value padded to 4",
    .type = HOST(8, 4),
    .length = HOST(4, 4),
    .label = HOST(0, 4),
    .header_bytes = 12,
    .align = 4,
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

/* A chunk's type is four letters. */
#define LETTERS(a, b, c, d) ((uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (uint64_t)(d))

static const struct leat_tlv_mark png_marks[] = {{.type = LETTERS('I', 'E', 'N', 'D'), .end = true, .valued = true}};
static const struct leat_tlv_name png_names[] = {
    {LETTERS('I', 'H', 'D', 'R'), "IHDR"}, {LETTERS('P', 'L', 'T', 'E'), "PLTE"}, {LETTERS('I', 'D', 'A', 'T'), "IDAT"},
    {LETTERS('I', 'E', 'N', 'D'), "IEND"}, {LETTERS('t', 'E', 'X', 't'), "tEXt"}, {LETTERS('t', 'R', 'N', 'S'), "tRNS"},
    {LETTERS('g', 'A', 'M', 'A'), "gAMA"}, {LETTERS('p', 'H', 'Y', 's'), "pHYs"}, {LETTERS('b', 'K', 'G', 'D'), "bKGD"},
    {LETTERS('t', 'I', 'M', 'E'), "tIME"}, {LETTERS('s', 'R', 'G', 'B'), "sRGB"}, {LETTERS('i', 'C', 'C', 'P'), "iCCP"},
};
const struct leat_tlv_dialect leat_tlv_png = {
    .name = "png",
    .rule = "chunks: length 4 big endian (value only), type 4, value, CRC 4; the file's first 8 bytes are no chunk",
    .type = BIG(4, 4),
    .length = BIG(0, 4),
    .header_bytes = 8,
    .length_max = 0x7fffffff,
    .trailer_bytes = 4,
    .align = 1,
    .in_hex = true,
    MARKS(png_marks),
    NAMES(png_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

static const struct leat_tlv_nest riff_nests[] = {NEST(LETTERS('R', 'I', 'F', 'F'), 4, &leat_tlv_riff),
                                                  NEST(LETTERS('L', 'I', 'S', 'T'), 4, &leat_tlv_riff)};
static const struct leat_tlv_name riff_names[] = {
    {LETTERS('R', 'I', 'F', 'F'), "RIFF"}, {LETTERS('L', 'I', 'S', 'T'), "LIST"}, {LETTERS('f', 'm', 't', ' '), "fmt"},
    {LETTERS('d', 'a', 't', 'a'), "data"}, {LETTERS('f', 'a', 'c', 't'), "fact"}, {LETTERS('a', 'v', 'i', 'h'), "avih"},
};
const struct leat_tlv_dialect leat_tlv_riff = {
    .name = "riff",
    .rule = "type 4, length 4 little endian (value only), padded to 2; RIFF and LIST hold chunks behind 4 bytes",
    .type = BIG(0, 4),
    .length = LITTLE(4, 4),
    .header_bytes = 8,
    .align = 2,
    .in_hex = true,
    NESTS(riff_nests),
    NAMES(riff_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

static const struct leat_tlv_mark option_marks[] = {{.type = 0, .end = true}};
static const struct leat_tlv_dialect pcapng_option = {
    .name = "pcapng-option",
    .rule = "type 2 host, length 2 host (value only), padded to 4; type 0 length 0 ends",
    .type = HOST(0, 2),
    .length = HOST(2, 2),
    .header_bytes = 4,
    .align = 4,
    MARKS(option_marks),
    .shape = LEAT_TLV_SHAPE_FIXED,
};
enum { PCAPNG_SECTION = 0x0a0d0d0a, PCAPNG_INTERFACE = 1, PCAPNG_STATISTICS = 5, PCAPNG_PACKET = 6 };
static const struct leat_tlv_nest pcapng_nests[] = {NEST(PCAPNG_SECTION, 16, &pcapng_option), NEST(PCAPNG_INTERFACE, 8, &pcapng_option),
                                                    NEST(PCAPNG_STATISTICS, 12, &pcapng_option)};
static const struct leat_tlv_name pcapng_names[] = {
    {PCAPNG_SECTION, "section"}, {PCAPNG_INTERFACE, "interface"}, {PCAPNG_STATISTICS, "statistics"}, {PCAPNG_PACKET, "packet"}};
const struct leat_tlv_dialect leat_tlv_pcapng = {
    .name = "pcapng",
    .rule = "blocks: type 4 host, length 4 host (header, value and trailer), value, length again",
    .type = HOST(0, 4),
    .length = HOST(4, 4),
    .header_bytes = 8,
    .length_includes = 12,
    .trailer_bytes = 4,
    .align = 4,
    NESTS(pcapng_nests),
    NAMES(pcapng_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};
