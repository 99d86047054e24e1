/* SPDX-License-Identifier: MIT */
/* dialect.c: the dialects, as data; and the words for the rules. */
#include "tlv_private.h"

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))
#define ANY_TYPE 0, UINT64_MAX
#define ANY_VALUE -1

/* X.690: the bit of a constructed item is 0x20 of the first identifier octet. */
#define X690_HEADER \
    .type = {.codec = LEAT_TLV_BER_TAG}, .length = {.codec = LEAT_TLV_BER_LENGTH}, .nested = {LEAT_TLV_BIG, 0, 1, 5, 1}, .align = 1

static const struct leat_tlv_dialect ber = {
    .name = "ber",
    .rule = "X.690: identifier octets (up to 8), then length octets (1 to 9, or 80 for indefinite); bit 20 nests",
    X690_HEADER,
    .inside = &ber,
    .indefinite = true,
};

static const struct leat_tlv_dialect der = {
    .name = "der",
    .rule = "X.690: as ber, but every length definite, and tags and lengths in their shortest form",
    X690_HEADER,
    .inside = &der,
    .shortest = true,
};

/* struct nlattr: the length counts header and value; the type's upper bits are flags, 0x8000 nested, 0x4000 network byte order. */
#define NLATTR_HEADER                                                                                                             \
    .type = {LEAT_TLV_HOST, 2, 2, 0, 0x3fff}, .length = {LEAT_TLV_HOST, 0, 2, 0, 0xffff}, .nested = {LEAT_TLV_HOST, 2, 2, 15, 1}, \
    .header_bytes = 4, .length_includes = 4, .align = 4, .inside = &nlattr

static const struct leat_tlv_dialect nlattr = {.name = "nlattr", .rule = "attribute of netlink", NLATTR_HEADER};

/*
 * The attributes of a link that the kernel nests without the flag. In messages of the bridge family IFLA_AF_SPEC is another thing,
 * with flags of its own where it nests, so there the flag alone decides.
 */
enum { AF_INET = 2, AF_BRIDGE = 7, AF_INET6 = 10 };
enum { IFLA_LINKINFO = 18, IFLA_AF_SPEC = 26, IFLA_XDP = 43, IFLA_INFO_DATA = 2, IFLA_INFO_SLAVE_DATA = 5 };
#define NESTS(type, dialect)              \
    {                                     \
        type, type, ANY_VALUE, 0, dialect \
    }

static const struct leat_tlv_nest link_info_nests[] = {NESTS(IFLA_INFO_DATA, &nlattr), NESTS(IFLA_INFO_SLAVE_DATA, &nlattr)};
static const struct leat_tlv_dialect link_info = {
    .name = "nlattr", .rule = "IFLA_LINKINFO", NLATTR_HEADER, .nests = link_info_nests, .nest_count = COUNT(link_info_nests)};

static const struct leat_tlv_nest af_spec_nests[] = {NESTS(AF_INET, &nlattr), NESTS(AF_INET6, &nlattr)};
static const struct leat_tlv_dialect af_spec = {
    .name = "nlattr", .rule = "IFLA_AF_SPEC", NLATTR_HEADER, .nests = af_spec_nests, .nest_count = COUNT(af_spec_nests)};

static const struct leat_tlv_nest link_nests[] = {NESTS(IFLA_LINKINFO, &link_info), NESTS(IFLA_AF_SPEC, &af_spec),
                                                  NESTS(IFLA_XDP, &nlattr)};
static const struct leat_tlv_dialect link = {
    .name = "nlattr", .rule = "of a link", NLATTR_HEADER, .nests = link_nests, .nest_count = COUNT(link_nests)};

enum { RTA_METRICS = 8 };
static const struct leat_tlv_nest route_nests[] = {NESTS(RTA_METRICS, &nlattr)};
static const struct leat_tlv_dialect route = {
    .name = "nlattr", .rule = "of a route", NLATTR_HEADER, .nests = route_nests, .nest_count = COUNT(route_nests)};

/* The messages of rtnetlink, with the struct that each begins with: ifinfomsg, ifaddrmsg, rtmsg, ndmsg. */
enum { RTM_LINKS = 16, RTM_ADDRESSES = 20, RTM_ROUTES = 24, RTM_NEIGHBOURS = 28 }; /* NEW; then DEL, GET, SET */
enum { IFINFOMSG = 16, IFADDRMSG = 8, RTMSG = 12, NDMSG = 12 };

static const struct leat_tlv_nest netlink_nests[] = {
    {RTM_LINKS, RTM_LINKS + 3, AF_BRIDGE, IFINFOMSG, &nlattr},         {RTM_LINKS, RTM_LINKS + 3, ANY_VALUE, IFINFOMSG, &link},
    {RTM_ADDRESSES, RTM_ADDRESSES + 2, ANY_VALUE, IFADDRMSG, &nlattr}, {RTM_ROUTES, RTM_ROUTES + 2, ANY_VALUE, RTMSG, &route},
    {RTM_NEIGHBOURS, RTM_NEIGHBOURS + 2, ANY_VALUE, NDMSG, &nlattr},
};

static const struct leat_tlv_dialect netlink = {
    .name = "netlink",
    .rule = "length 4 host (header and value), type 2 host, flags 2, seq 4, pid 4; padded to 4; rtnetlink's fixed part, then attributes",
    .type = {LEAT_TLV_HOST, 4, 2, 0, 0xffff},
    .length = {LEAT_TLV_HOST, 0, 4, 0, 0xffffffff},
    .header_bytes = 16,
    .length_includes = 16,
    .align = 4,
    .nests = netlink_nests,
    .nest_count = COUNT(netlink_nests),
};

static const struct leat_tlv_mark lldp_marks[] = {{.type = 0, .bare = false, .end = true}};
static const struct leat_tlv_dialect lldp = {
    .name = "lldp",
    .rule = "one 16-bit word, big endian: type 7 bits, length 9 bits (value only); type 0 length 0 ends",
    .type = {LEAT_TLV_BIG, 0, 2, 9, 0x7f},
    .length = {LEAT_TLV_BIG, 0, 2, 0, 0x1ff},
    .header_bytes = 2,
    .align = 1,
    .marks = lldp_marks,
    .mark_count = COUNT(lldp_marks),
};

static const struct leat_tlv_dialect radius_attr = {
    .name = "radius-attr",
    .rule = "type 1, length 1 (header and value)",
    .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff},
    .length = {LEAT_TLV_BIG, 1, 1, 0, 0xff},
    .header_bytes = 2,
    .length_includes = 2,
    .align = 1,
};

static const struct leat_tlv_nest radius_nests[] = {{ANY_TYPE, ANY_VALUE, 0, &radius_attr}};
static const struct leat_tlv_dialect radius = {
    .name = "radius",
    .rule = "code 1, identifier 1, length 2 big endian (header and value, 20 to 4096), authenticator 16; then radius-attr items",
    .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff},
    .length = {LEAT_TLV_BIG, 2, 2, 0, 0xffff},
    .header_bytes = 20,
    .length_includes = 20,
    .length_max = 4096,
    .align = 1,
    .nests = radius_nests,
    .nest_count = COUNT(radius_nests),
};

static const struct leat_tlv_mark dhcp4_marks[] = {{.type = 0, .bare = true, .end = false}, {.type = 255, .bare = true, .end = true}};
static const struct leat_tlv_dialect dhcp4 = {
    .name = "dhcp4",
    .rule = "options: type 1, length 1 (value only); 0 pads and 255 ends, both without length",
    .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff},
    .length = {LEAT_TLV_BIG, 1, 1, 0, 0xff},
    .header_bytes = 2,
    .align = 1,
    .marks = dhcp4_marks,
    .mark_count = COUNT(dhcp4_marks),
};

/* t<8|16|32>l<8|16|32><be|le> */
#define PLAIN(T, L, SUFFIX, CODEC, WORDS)                                                                                 \
    {                                                                                                                     \
        .name = "t" #T "l" #L SUFFIX, .rule = "type " #T " bits, length " #L " bits (value only), " WORDS,                \
        .type = {CODEC, 0, T / 8, 0, UINT32_MAX >> (32 - T)}, .length = {CODEC, T / 8, L / 8, 0, UINT32_MAX >> (32 - L)}, \
        .header_bytes = T / 8 + L / 8, .align = 1                                                                         \
    }
#define PLAIN_BIG(T, L) PLAIN(T, L, "be", LEAT_TLV_BIG, "big endian (also t" #T "l" #L ")")
#define PLAIN_LITTLE(T, L) PLAIN(T, L, "le", LEAT_TLV_LITTLE, "little endian")

static const struct leat_tlv_dialect plain[] = {
    PLAIN_BIG(8, 8),     PLAIN_BIG(8, 16),     PLAIN_BIG(8, 32),     PLAIN_BIG(16, 8),    PLAIN_BIG(16, 16),    PLAIN_BIG(16, 32),
    PLAIN_BIG(32, 8),    PLAIN_BIG(32, 16),    PLAIN_BIG(32, 32),    PLAIN_LITTLE(8, 8),  PLAIN_LITTLE(8, 16),  PLAIN_LITTLE(8, 32),
    PLAIN_LITTLE(16, 8), PLAIN_LITTLE(16, 16), PLAIN_LITTLE(16, 32), PLAIN_LITTLE(32, 8), PLAIN_LITTLE(32, 16), PLAIN_LITTLE(32, 32),
};

static const struct leat_tlv_dialect *const named[] = {&ber, &der, &netlink, &lldp, &radius, &radius_attr, &dhcp4};

const struct leat_tlv_dialect *leat_tlv_dialect_at(int64_t index)
{
    if (index < 0 || index >= COUNT(named) + COUNT(plain))
        return NULL;
    return index < COUNT(named) ? named[index] : &plain[index - COUNT(named)];
}

/* Whether name is what is asked for, or would be with `suffix` behind it. */
static bool name_is(const char *name, const char *asked, const char *suffix)
{
    while (*asked != '\0' && *asked == *name)
        asked++, name++;
    if (*asked != '\0')
        return false;
    if (*name == '\0')
        return true;
    while (*name != '\0' && *name == *suffix)
        name++, suffix++;
    return *name == '\0' && *suffix == '\0';
}

const struct leat_tlv_dialect *leat_tlv_dialect(const char *name)
{
    const struct leat_tlv_dialect *dialect = NULL;
    if (name == NULL)
        return NULL;
    for (int64_t i = 0; (dialect = leat_tlv_dialect_at(i)) != NULL; i++) {
        if (name_is(dialect->name, name, i < COUNT(named) ? "" : "be"))
            return dialect;
    }
    return NULL;
}

const char *leat_tlv_dialect_name(const struct leat_tlv_dialect *dialect)
{
    return dialect->name;
}

const char *leat_tlv_dialect_rule(const struct leat_tlv_dialect *dialect)
{
    return dialect->rule;
}

const char *leat_tlv_rule_text(enum leat_tlv_rule rule)
{
    static const char *const texts[] = {
        [LEAT_TLV_OK] = "well formed",
        [LEAT_TLV_TRUNCATED] = "the data ends inside the item",
        [LEAT_TLV_TYPE_FORM] = "type field not in an allowed form",
        [LEAT_TLV_LENGTH_FORM] = "length field not in an allowed form",
        [LEAT_TLV_LENGTH_MINIMAL] = "length field not in its shortest form",
        [LEAT_TLV_INDEFINITE] = "indefinite length where none is allowed",
        [LEAT_TLV_LENGTH_SMALL] = "length smaller than the header that it counts",
        [LEAT_TLV_LENGTH_LIMIT] = "longer than the dialect's limit",
        [LEAT_TLV_FRAME_LIMIT] = "longer than the frame limit",
        [LEAT_TLV_OVERRUN] = "runs past the end of the item that holds it",
        [LEAT_TLV_UNENDED] = "indefinite length without its end",
        [LEAT_TLV_END_MARK] = "end mark where there is nothing to end, or with a length",
        [LEAT_TLV_DEPTH] = "nested deeper than the depth limit",
        [LEAT_TLV_ITEMS] = "more items than the item limit",
    };
    return (size_t)rule < sizeof texts / sizeof texts[0] ? texts[rule] : "unknown rule";
}

bool leat_tlv_limits_fill(struct leat_tlv_limits *out, const struct leat_tlv_limits *limits)
{
    struct leat_tlv_limits filled = limits != NULL ? *limits : (struct leat_tlv_limits){0};
    if (filled.max_frame < 0 || filled.max_items < 0 || filled.max_depth < 0 || filled.max_depth >= LEAT_TLV_DEPTH_MAX)
        return false;
    if (filled.max_frame == 0)
        filled.max_frame = INT64_C(1) << 20;
    if (filled.max_items == 0)
        filled.max_items = INT64_MAX;
    if (filled.max_depth == 0)
        filled.max_depth = LEAT_TLV_DEPTH_MAX - 1;
    *out = filled;
    return true;
}
