/* SPDX-License-Identifier: MIT */
/* dialect.c: finds dialects, makes them ready, and has the words for the rules. */
#include "known.h"

/* t<8|16|32>l<8|16|32><be|le> */
#define PLAIN(T, L, SUFFIX, FIELD, WORDS)                                                                                           \
    {                                                                                                                               \
        .name = "t" #T "l" #L SUFFIX, .rule = "type " #T " bits, length " #L " bits (value only), " WORDS, .type = FIELD(0, T / 8), \
        .length = FIELD(T / 8, L / 8), .header_bytes = T / 8 + L / 8, .align = 1, .shape = LEAT_TLV_SHAPE_PLAIN                     \
    }
#define PLAIN_BIG(T, L) PLAIN(T, L, "be", BIG, "big endian (also t" #T "l" #L ")")
#define PLAIN_LITTLE(T, L) PLAIN(T, L, "le", LITTLE, "little endian")

static const struct leat_tlv_dialect plain[] = {
    PLAIN_BIG(8, 8),     PLAIN_BIG(8, 16),     PLAIN_BIG(8, 32),     PLAIN_BIG(16, 8),    PLAIN_BIG(16, 16),    PLAIN_BIG(16, 32),
    PLAIN_BIG(32, 8),    PLAIN_BIG(32, 16),    PLAIN_BIG(32, 32),    PLAIN_LITTLE(8, 8),  PLAIN_LITTLE(8, 16),  PLAIN_LITTLE(8, 32),
    PLAIN_LITTLE(16, 8), PLAIN_LITTLE(16, 16), PLAIN_LITTLE(16, 32), PLAIN_LITTLE(32, 8), PLAIN_LITTLE(32, 16), PLAIN_LITTLE(32, 32),
};

/* clang-format off */
static const struct leat_tlv_dialect *const named[] = {
    &leat_tlv_leat, &leat_tlv_leat_item, &leat_tlv_ber, &leat_tlv_der, &leat_tlv_netlink, &leat_tlv_lldp, &leat_tlv_radius,
    &leat_tlv_radius_attr, &leat_tlv_dhcp4, &leat_tlv_dhcp6, &leat_tlv_ip_options, &leat_tlv_tcp_options, &leat_tlv_ip6_options,
    &leat_tlv_eap, &leat_tlv_lcp, &leat_tlv_lcp_option, &leat_tlv_wifi, &leat_tlv_sctp, &leat_tlv_sctp_param, &leat_tlv_bgp,
    &leat_tlv_bgp_attr, &leat_tlv_bgp_param, &leat_tlv_bgp_capability, &leat_tlv_ike, &leat_tlv_ike_payload, &leat_tlv_tls,
    &leat_tlv_tls_handshake, &leat_tlv_tls_ext, &leat_tlv_mqtt, &leat_tlv_coap, &leat_tlv_http2, &leat_tlv_protobuf, &leat_tlv_bt_ad,
    &leat_tlv_png, &leat_tlv_riff, &leat_tlv_pcapng, &leat_tlv_elf_note,
};
/* clang-format on */
static const struct leat_tlv_dialect *const untyped[] = {&leat_tlv_lines, &leat_tlv_slip, &leat_tlv_cobs, &leat_tlv_raw};

const struct leat_tlv_dialect *leat_tlv_dialect_at(int64_t index)
{
    const int64_t typed = COUNT(named) + COUNT(plain);
    if (index < 0 || index >= typed + COUNT(untyped))
        return NULL;
    if (index >= typed)
        return untyped[index - typed];
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
        if (name_is(dialect->name, name, dialect->shape == LEAT_TLV_SHAPE_PLAIN ? "be" : ""))
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

const char *leat_tlv_type_name(const struct leat_tlv_dialect *dialect, uint64_t type)
{
    for (int32_t i = 0; i < dialect->name_count; i++) {
        if (dialect->names[i].type == type)
            return dialect->names[i].name;
    }
    return NULL;
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
        [LEAT_TLV_MARKER] = "does not begin as every item does",
        [LEAT_TLV_KIND] = "control field with a value that says nothing",
        [LEAT_TLV_CHECKSUM] = "header with a wrong checksum",
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
