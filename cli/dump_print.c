/* SPDX-License-Identifier: MIT */
/* dump_print.c: one item of `leat dump`, as a line of text or as a JSON object. */
#include "dump.h"

#include <leat/value.h>
#include <stdio.h>

#define HEX_BYTES 16     /* of a value, shown in text */
#define TEXT_BYTES 48    /* likewise, where it can be read */
#define PIECE_BYTES 2048 /* of a value, turned into hex at once */

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define BLUE "\033[34m"
#define GREEN "\033[32m"
#define OFF "\033[0m"

static const char *paint(const struct dump_style *style, const char *color)
{
    return style->color ? color : "";
}

static bool readable(const unsigned char *value, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        if (value[i] < 0x20 || value[i] > 0x7e)
            return false;
    }
    return bytes > 0;
}

static void put_hex(char *text, const unsigned char *bytes, int64_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (int64_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * count] = '\0';
}

/* The value of a primitive item: its first bytes in hex and, where all of them can be read, as text. */
static void preview(const struct dump_style *style, const struct leat_tlv_item *item)
{
    char hex[2 * HEX_BYTES + 1];
    char line[256];
    int64_t shown = item->length < HEX_BYTES ? item->length : HEX_BYTES;
    put_hex(hex, item->value, shown);
    int used = snprintf(line, sizeof line, "  %s%s%s%s", paint(style, DIM), hex, shown < item->length ? ".." : "", paint(style, OFF));
    cli_put(line, (size_t)used);
    int64_t letters = item->length < TEXT_BYTES ? item->length : TEXT_BYTES;
    int64_t last = letters;
    if (item->length > 1 && item->value[item->length - 1] == '\0' && item->length == letters)
        last--; /* netlink's names end in a zero */
    if (!readable(item->value, last))
        return;
    used = snprintf(line, sizeof line, "  %s\"%.*s\"%s%s", paint(style, GREEN), (int)last, (const char *)item->value,
                    letters < item->length ? ".." : "", paint(style, OFF));
    cli_put(line, (size_t)used);
}

/* An object identifier of X.690 in figures. False: it is none. */
static bool oid_text(const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item, char *text)
{
    return dialect->type.codec == LEAT_TLV_BER_TAG && item->type == 6 && leat_tlv_oid(item, text, LEAT_TLV_OID_CHARS) > 0;
}

static void text_item(const struct dump_style *style, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    const char *name = leat_tlv_type_name(dialect, item->type);
    char length[CLI_NUMBER_CHARS] = "-";
    char line[512];
    if (item->length >= 0)
        snprintf(length, sizeof length, "%lld", (long long)item->length);
    int used = snprintf(line, sizeof line, "%s%8lld %3d %3lld%s %7s  %*s%s", paint(style, DIM), (long long)item->offset, item->depth,
                        (long long)item->header_bytes, paint(style, OFF), length, 2 * item->depth, "",
                        paint(style, item->constructed ? BOLD BLUE : BOLD));
    cli_put(line, (size_t)used);
    used = snprintf(line, sizeof line, dialect->in_hex ? "0x%02llx%s%s%s" : "%llu%s%s%s", (unsigned long long)item->type,
                    name != NULL ? " " : "", name != NULL ? name : "", paint(style, OFF));
    cli_put(line, (size_t)used);
    if (!item->constructed && item->length > 0)
        preview(style, item);
    char oid[LEAT_TLV_OID_CHARS];
    if (oid_text(dialect, item, oid)) {
        const char *known = leat_tlv_oid_name(item);
        used = snprintf(line, sizeof line, "  %s%s%s%s%s", paint(style, GREEN), oid, known != NULL ? " " : "", known != NULL ? known : "",
                        paint(style, OFF));
        cli_put(line, (size_t)used);
    }
    cli_put("\n", 1);
}

static void put_value(const struct leat_tlv_item *item)
{
    char hex[2 * PIECE_BYTES + 1];
    int64_t piece;
    for (int64_t at = 0; at < item->length; at += piece) {
        piece = item->length - at < PIECE_BYTES ? item->length - at : PIECE_BYTES;
        put_hex(hex, item->value + at, piece);
        cli_put(hex, 2 * (size_t)piece);
    }
}

/* Numbers, truth values and hex need no escapes, and a type may be larger than JSON libraries' integers: so printed by hand. */
static void json_item(const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    const char *name = leat_tlv_type_name(dialect, item->type); /* from our own tables, or a file's: no quotes, no control characters */
    char length[CLI_NUMBER_CHARS] = "null";
    char line[256];
    if (item->length >= 0)
        snprintf(length, sizeof length, "%lld", (long long)item->length);
    int used = snprintf(line, sizeof line, "{\"offset\":%lld,\"depth\":%d,\"header\":%lld,\"length\":%s,\"type\":%llu,\"constructed\":%s",
                        (long long)item->offset, item->depth, (long long)item->header_bytes, length, (unsigned long long)item->type,
                        item->constructed ? "true" : "false");
    cli_put(line, (size_t)used);
    if (name != NULL) {
        used = snprintf(line, sizeof line, ",\"name\":\"%s\"", name);
        cli_put(line, (size_t)used);
    }
    char oid[LEAT_TLV_OID_CHARS];
    if (oid_text(dialect, item, oid)) {
        used = snprintf(line, sizeof line, ",\"oid\":\"%s\"", oid);
        cli_put(line, (size_t)used);
        name = leat_tlv_oid_name(item);
        used = name == NULL ? 0 : snprintf(line, sizeof line, ",\"oid_name\":\"%s\"", name);
        cli_put(line, (size_t)used);
    }
    if (!item->constructed) {
        cli_put(",\"value\":\"", 10);
        put_value(item);
        cli_put("\"", 1);
    }
    cli_put("}\n", 2);
}

void dump_item(const struct dump_style *style, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    if (style->json)
        json_item(dialect, item);
    else
        text_item(style, dialect, item);
}
