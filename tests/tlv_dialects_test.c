/* SPDX-License-Identifier: MIT */
/* Each dialect built in reads what its standard says, and what was read is written again as it was; what makes no sense is refused. */
#include "test.h"

#include <leat/tlv.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))

/* items: offset:depth:header:type:length, c constructed, e end mark; or, behind them, ! and the rule's number */
struct row {
    const char *dialect, *hex, *items;
    bool written; /* all of it can be written again, byte for byte */
};

static const struct row rows[] = {
    {"ip-options", "01 94 04 00 00 00", "0:0:1:1:0 1:0:2:148:2 5:0:1:0:0e", true},
    {"ip-options", "07 01", "!LENGTH_SMALL", false},
    {"tcp-options", "02 04 05 b4 01 03 03 07 04 02 08 0a 00 00 00 01 00 00 00 02", "0:0:2:2:2 4:0:1:1:0 5:0:2:3:1 8:0:2:4:0 10:0:2:8:8",
     true},
    {"tcp-options", "02 05 05 b4", "!TRUNCATED", false},
    {"ip6-options", "05 02 00 00 01 00 00", "0:0:2:5:2 4:0:2:1:0 6:0:1:0:0", true},
    {"dhcp4", "35 01 01 00 32 04 0a 00 00 01 ff", "0:0:2:53:1 3:0:1:0:0 4:0:2:50:4 10:0:1:255:0e", true},
    {"dhcp6", "0001 0002 abcd 0003 0028 00000001 00000002 00000003 0005 0018 20010db8000000000000000000000001 00000010 00000020",
     "0:0:4:1:2 6:0:4:3:40c 22:1:4:5:24c", false},
    /* A relayed message: forwarded (12) with hops and addresses, and in it a solicit (1) with an option. */
    {"dhcp6", "0009 0030 0c 00 20010db8000000000000000000000001 20010db8000000000000000000000002 0009 000a 01 000001 0008 0002 0000",
     "0:0:4:9:48c 38:1:4:9:10c 46:2:4:8:2", false},
    {"radius", "01 07 001a 00112233445566778899aabbccddeeff 01 06 616c6963", "0:0:20:1:6c 20:1:2:1:4", false},
    {"lldp", "0207 04 001122334455 0403 03 6531 0602 0078 0000", "0:0:2:1:7 9:0:2:2:3 14:0:2:3:2 18:0:2:0:0e", true},
    {"eap", "02 05 0009 01 616c6963", "0:0:4:2:5", false},
    {"lcp", "01 01 000e 01 04 05dc 05 06 11223344", "0:0:4:1:10c 4:1:2:1:2 8:1:2:5:4", false},
    {"lcp", "09 01 0008 11223344", "0:0:4:9:4", false},
    {"wifi", "00 03 61 62 63 01 02 82 84 ff 02 24 00", "0:0:2:0:3 5:0:2:1:2 9:0:2:255:2", true},
    {"sctp", "00 03 0013 00000001 00000000 00000000 616263 00 06 00 0004", "0:0:4:0:15 20:0:4:6:0c", false},
    {"sctp", "01 00 001c 00000001 00010000 000a 000a 00000001 000c 0006 0005 0000 06 00 0004", "0:0:4:1:24c 20:1:4:12:2 28:0:4:6:0c",
     false},
    {"sctp", "01 00 001c 00000001 00010000 000a 000a 00000001 000c 0006 0005 0000", "0:0:4:1:24c 20:1:4:12:2", false},
    {"bgp", "ffffffffffffffffffffffffffffffff 0013 04", "0:0:19:4:0", true},
    {"bgp", "ffffffffffffffffffffffffffff00ff 0013 04", "!MARKER", false},
    {"bgp", "ffffffffffffffffffffffffffffffff 0012 04", "!LENGTH_SMALL", false},
    {"bgp", "ffffffffffffffffffffffffffffffff 0025 01 04 fde8 00b4 0a000001 08 02 06 01 04 0001 0001",
     "0:0:19:1:18c 29:1:2:2:6c 31:2:2:1:4", false},
    /* No withdrawn routes; attributes of 14 bytes, one with a length of two bytes; then a route. */
    {"bgp", "ffffffffffffffffffffffffffffffff 0028 02 0000 000e 40 01 01 00 50 02 0006 02 01 0000 fde8 08 0a 00",
     "0:0:19:2:21c 23:1:3:1:1 27:1:4:2:6", false},
    {"bgp", "ffffffffffffffffffffffffffffffff 0017 02 0000 0000", "0:0:19:2:4c", false},
    {"bgp", "ffffffffffffffffffffffffffffffff 0017 02 0000 0001", "!OVERRUN", false},
    {"bgp-attr", "40 01 01 00 50 02 0001 00", "0:0:3:1:1 4:0:4:2:1", false},
    {"ike-payload", "22 00 0008 00000001 28 00 0006 0102 00 00 0005 09", "0:0:4:33:4 8:0:4:34:2 14:0:4:40:1", true},
    /* The encrypted payload's next type (39) is that of the first one inside: nothing follows. */
    {"ike-payload", "2e 00 0004 27 00 0006 0102 ee", "0:0:4:33:0 4:0:4:46:2", false},
    {"ike", "0001020304050607 0000000000000000 21 20 22 08 00000000 00000026 00 00 000a 000000000001", "0:0:28:34:10c 28:1:4:33:6", false},
    /* Of IKEv1, main mode: in the clear, then with all behind the header encrypted; and a notice in the clear. */
    {"ike", "0001020304050607 0000000000000000 01 10 02 00 00000000 00000026 00 00 000a 000000000001", "0:0:28:2:10c 28:1:4:1:6", false},
    {"ike", "0001020304050607 08090a0b0c0d0e0f 05 10 02 01 00000000 00000026 fe dc ba98 765432100123", "0:0:28:2:10", false},
    {"ike", "0001020304050607 08090a0b0c0d0e0f 0b 10 05 00 00000001 00000026 00 00 000a 000000010001", "0:0:28:5:10c 28:1:4:11:6", false},
    {"tls", "16 0301 0004 0e000000 17 0303 0003 aabbcc", "0:0:5:22:4 9:0:5:23:3", false},
    {"tls", "17 0303 4801", "!LENGTH_LIMIT", false},
    {"tls",
     "16 0301 0037 01 000033 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00 0008 002b 0004 0303 "
     "0000",
     "0:0:5:22:55c 5:1:4:1:51c 52:2:4:43:4", false},
    {"tls-handshake", "01 000029 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00", "0:0:4:1:41",
     false},
    {"tls-handshake", "01 000023 0303 0000000000000000000000000000000000000000000000000000000000000000 01", "!OVERRUN", false},
    {"mqtt", "30 07 0001 61 68656c6c c0 00", "0:0:2:3:7 9:0:2:12:0", false},
    {"mqtt", "30 80 80 80 80 01", "!LENGTH_FORM", false},
    {"coap", "b3 666f6f 03 626172 d1 0d 31 ff 68 69", "0:0:1:11:3 4:0:1:11:3 8:0:2:37:1 11:0:1:255:0e", true},
    {"coap", "e0 0001", "0:0:3:270:0", true},
    {"coap", "f1 00", "!TYPE_FORM", false},
    {"coap", "1f 00", "!LENGTH_FORM", false},
    {"coap", "0d 00 00000000000000000000000000", "0:0:2:0:13", true},
    {"http2", "000008 06 00 00000000 0102030405060708", "0:0:9:6:8", true},
    {"protobuf", "08 96 01 12 07 74657374696e67 1d 01020304 21 0102030405060708", "0:0:1:1:2 3:0:2:2:7 12:0:1:3:4 17:0:1:4:8", true},
    {"protobuf", "0b 08 01 0c 10 05", "0:0:1:1:-1c 1:1:1:1:1 3:1:1:1:0e 4:0:1:2:1", false},
    {"protobuf", "0c", "!END_MARK", false},
    {"protobuf", "0e 00", "!KIND", false},
    {"protobuf", "02 00", "!TYPE_FORM", false},
    {"bt-ad", "02 01 06 03 09 68 69 00 00", "0:0:2:1:1 3:0:2:9:2 7:0:1:0:0e", true},
    {"png", "00000001 74455874 61 00000000 00000000 49454e44 ae426082 99", "0:0:8:74455874:1 13:0:8:49454e44:0", false},
    {"riff", "52494646 0e000000 57415645 666d7420 01000000 01", "!TRUNCATED", false},
    {"riff", "52494646 0d000000 57415645 666d7420 01000000 01 00", "0:0:8:52494646:13c 12:1:8:666d7420:1", false},
    {"elf-note",
     TEST_HOST("04000000 02000000 01000000 474e5500 abcd 0000 00000000 00000000 07000000",
               "00000004 00000002 00000001 474e5500 abcd 0000 00000000 00000000 00000007"),
     "0:0:16:1:2 20:0:12:7:0", false},
    {"pcapng",
     TEST_HOST("01000000 18000000 0100 0000 00000400 00000000 18000000", "00000001 00000018 0001 0000 00040000 00000000 00000018"),
     "0:0:8:1:12c 16:1:4:0:0e", false},
    {"netlink", TEST_HOST("12000000 1400", "00000012 0014") " 0000 01000000 00000000 0100 0000", "0:0:16:20:2", false},
};

static int64_t unhex(const char *text, unsigned char *out)
{
    int64_t n = 0;
    for (; *text != '\0'; text++) {
        unsigned value = 0;
        if (*text == ' ')
            continue;
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        out[n++] = (unsigned char)value;
        text++;
    }
    return n;
}

static const char *rule_name(enum leat_tlv_rule rule)
{
    switch (rule) {
    case LEAT_TLV_TRUNCATED:
        return "TRUNCATED";
    case LEAT_TLV_TYPE_FORM:
        return "TYPE_FORM";
    case LEAT_TLV_LENGTH_FORM:
        return "LENGTH_FORM";
    case LEAT_TLV_LENGTH_SMALL:
        return "LENGTH_SMALL";
    case LEAT_TLV_LENGTH_LIMIT:
        return "LENGTH_LIMIT";
    case LEAT_TLV_OVERRUN:
        return "OVERRUN";
    case LEAT_TLV_END_MARK:
        return "END_MARK";
    case LEAT_TLV_MARKER:
        return "MARKER";
    case LEAT_TLV_KIND:
        return "KIND";
    default:
        return leat_tlv_rule_text(rule);
    }
}

static void note(const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item, char *text, size_t room)
{
    size_t used = strlen(text);
    snprintf(text + used, room - used, item->type > 999 && dialect->in_hex ? "%s%lld:%d:%d:%llx:%lld%s%s" : "%s%lld:%d:%d:%llu:%lld%s%s",
             used > 0 ? " " : "", (long long)item->offset, item->depth, (int)item->header_bytes, (unsigned long long)item->type,
             (long long)item->length, item->constructed ? "c" : "", item->end_mark ? "e" : "");
}

static void walk(const struct leat_tlv_dialect *dialect, const unsigned char *data, int64_t bytes, char *text, size_t room)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    text[0] = '\0';
    assert_int_equal(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, NULL), 0);
    while (leat_tlv_walk(&cursor, &item) == LEAT_TLV_ITEM) {
        note(leat_tlv_cursor_dialect(&cursor), &item, text, room);
        assert_true(leat_tlv_cursor_valid(&cursor));
    }
    enum leat_tlv_rule rule = leat_tlv_cursor_fault(&cursor)->rule;
    size_t used = strlen(text);
    if (rule != LEAT_TLV_OK)
        snprintf(text + used, room - used, "%s!%s", used > 0 ? " " : "", rule_name(rule));
}

static void each_dialect_reads_what_its_standard_says(void **state)
{
    int64_t wrong = 0;
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[256];
        char text[1024];
        const struct leat_tlv_dialect *dialect = leat_tlv_dialect(rows[i].dialect);
        assert_non_null(dialect);
        walk(dialect, data, unhex(rows[i].hex, data), text, sizeof text);
        if (strcmp(text, rows[i].items) != 0) {
            print_error("%s: %s: %s, not %s\n", rows[i].dialect, rows[i].hex, text, rows[i].items);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Memory that ends where the data ends, so that a checker sees a read past it. */
static void no_byte_past_the_end_is_looked_at(void **state)
{
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[256];
        char text[1024];
        int64_t bytes = unhex(rows[i].hex, data);
        for (int64_t cut = 0; cut <= bytes; cut++) {
            unsigned char *exact = malloc((size_t)cut + (cut == 0));
            assert_non_null(exact);
            memcpy(exact, data, (size_t)cut);
            walk(leat_tlv_dialect(rows[i].dialect), exact, cut, text, sizeof text);
            free(exact);
        }
    }
}

/* Framed in pieces of every size, the frames are the top-level items of the walk. */
static void frames_are_the_same_however_they_come(void **state)
{
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        const struct leat_tlv_dialect *dialect = leat_tlv_dialect(rows[i].dialect);
        unsigned char data[256];
        int64_t bytes = unhex(rows[i].hex, data), wanted = -1;
        for (int64_t step = 1; step <= bytes; step++) {
            struct leat_tlv_framer framer;
            int64_t at = 0, there = step, sum = 0, n = 0;
            assert_int_equal(leat_tlv_framer_init(&framer, dialect, NULL), 0);
            while (at < bytes && !leat_tlv_framer_ended(&framer)) {
                enum leat_tlv_frame frame = leat_tlv_frame(&framer, data + at, there - at, &n);
                assert_true(leat_tlv_framer_valid(&framer));
                if (frame == LEAT_TLV_WHOLE)
                    at += n, sum = sum * 31 + n;
                else if (frame == LEAT_TLV_MALFORMED)
                    break;
                else if (there == bytes)
                    break;
                else
                    assert_true(n > there - at), there = there + step < bytes ? there + step : bytes;
            }
            sum = sum * 31 + (int64_t)leat_tlv_framer_fault(&framer)->rule;
            wanted = step == 1 ? sum : wanted;
            if (sum != wanted)
                fail_msg("%s: %s: other frames in pieces of %lld bytes", rows[i].dialect, rows[i].hex, (long long)step);
        }
    }
}

struct pad {
    unsigned char bytes[512];
    int64_t committed;
};

static int64_t pad_reserve(void *context, int64_t min_bytes, void **span)
{
    struct pad *pad = context;
    *span = pad->bytes;
    return min_bytes <= (int64_t)sizeof pad->bytes ? (int64_t)sizeof pad->bytes : 0;
}

static void pad_commit(void *context, int64_t bytes)
{
    ((struct pad *)context)->committed += bytes;
}

/* Writes again what the cursor reads. */
static void write_again(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const unsigned char *data, int64_t bytes)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    assert_int_equal(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, NULL), 0);
    while (leat_tlv_walk(&cursor, &item) == LEAT_TLV_ITEM)
        assert_int_equal(leat_tlv_put_kind(writer, item.type, item.kind, item.value, item.length), 0);
}

static void what_was_read_is_written_as_it_was(void **state)
{
    int64_t written = 0;
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        const struct leat_tlv_dialect *dialect = leat_tlv_dialect(rows[i].dialect);
        unsigned char data[256];
        struct pad pad = {.committed = 0};
        struct leat_sink sink = {pad_reserve, pad_commit, &pad};
        struct leat_tlv_writer writer, dry;
        int64_t bytes = unhex(rows[i].hex, data);
        if (!rows[i].written)
            continue;
        if (strcmp(rows[i].dialect, "bt-ad") == 0)
            bytes--; /* what follows the end is not read */
        if (strcmp(rows[i].dialect, "coap") == 0 && strchr(rows[i].items, 'e') != NULL)
            bytes -= 2;
        assert_int_equal(leat_tlv_writer_init(&writer, dialect, &sink, sizeof pad.bytes), 0);
        write_again(&writer, dialect, data, bytes);
        assert_int_equal(leat_tlv_finish(&writer), bytes);
        assert_memory_equal(pad.bytes, data, (size_t)bytes);
        assert_int_equal(pad.committed, bytes);
        assert_int_equal(leat_tlv_writer_init(&dry, dialect, NULL, 0), 0);
        write_again(&dry, dialect, data, bytes);
        assert_int_equal(leat_tlv_finish(&dry), bytes);
        written++;
    }
    assert_true(written > 12);
}

static void open_items(struct leat_tlv_writer *writer, bool indefinite)
{
    assert_int_equal(indefinite ? leat_tlv_begin_indefinite(writer, 0x30) : leat_tlv_begin(writer, 0x30), 0);
    assert_int_equal(leat_tlv_put(writer, 0x02, "\5", 1), 0);
    assert_int_equal(leat_tlv_end(writer), 0);
}

static void an_indefinite_length_is_written_and_read(void **state)
{
    static const unsigned char wanted[] = {0x30, 0x80, 2, 1, 5, 0, 0, 0x30, 3, 2, 1, 5};
    struct pad pad = {.committed = 0};
    struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    struct leat_tlv_writer writer;
    (void)state;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("ber"), &sink, sizeof pad.bytes), 0);
    open_items(&writer, true);
    open_items(&writer, false);
    assert_int_equal(leat_tlv_finish(&writer), sizeof wanted);
    assert_memory_equal(pad.bytes, wanted, sizeof wanted);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("der"), &sink, sizeof pad.bytes), 0);
    assert_int_equal(leat_tlv_begin_indefinite(&writer, 0x30), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("ber"), &sink, 4), 0);
    assert_int_equal(leat_tlv_begin_indefinite(&writer, 0x30), 0);
    assert_int_equal(leat_tlv_put(&writer, 0x05, NULL, 0), 0);
    assert_int_equal(leat_tlv_end(&writer), -EMSGSIZE);
    assert_true(leat_tlv_writer_valid(&writer));
}

static void rows_that_depend_on_each_other_are_written_in_order(void **state)
{
    struct pad pad = {.committed = 0};
    struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    struct leat_tlv_writer writer;
    (void)state;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("coap"), &sink, sizeof pad.bytes), 0);
    assert_int_equal(leat_tlv_put(&writer, 11, "a", 1), 0);
    assert_int_equal(leat_tlv_put(&writer, 3, "b", 1), -EINVAL); /* types ascend */
    assert_int_equal(leat_tlv_put(&writer, 255, NULL, 0), 0);    /* an option, not the mark */
    assert_int_equal(leat_tlv_put_kind(&writer, 255, LEAT_TLV_KIND_MARK, NULL, 0), 0);
    assert_int_equal(leat_tlv_finish(&writer), 5);
    assert_memory_equal(pad.bytes,
                        "\xb1"
                        "a"
                        "\xd0\xe7\xff",
                        5);
    /* An exchange says its first payload's type, and each payload that of the next. */
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("ike"), &sink, sizeof pad.bytes), 0);
    assert_int_equal(leat_tlv_begin(&writer, 34), 0);
    assert_int_equal(leat_tlv_put(&writer, 40, "nonce", 5), 0);
    assert_int_equal(leat_tlv_put(&writer, 43, "v", 1), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 28 + 9 + 5);
    assert_int_equal(pad.bytes[16], 40);
    assert_int_equal(pad.bytes[28], 43);
    assert_int_equal(pad.bytes[37], 0);
}

static void kinds_are_chosen_or_said(void **state)
{
    struct pad pad = {.committed = 0};
    struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    struct leat_tlv_writer writer;
    static const char zeros[300];
    (void)state;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("bgp-attr"), &sink, sizeof pad.bytes), 0);
    assert_int_equal(leat_tlv_put(&writer, 2, zeros, 255), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 2, 0, zeros, 256), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_kind(&writer, 2, 2, zeros, 1), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 2, 1, zeros, 1), 0);
    assert_int_equal(leat_tlv_finish(&writer), 258 + 5);
    assert_int_equal(pad.bytes[258], 0x10);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("protobuf"), &sink, sizeof pad.bytes), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 5, zeros, 3), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 5, zeros, 4), 0);
    assert_int_equal(leat_tlv_put(&writer, 16, "x", 1), 0);
    assert_int_equal(leat_tlv_put(&writer, 0, "x", 1), -EINVAL);
    assert_int_equal(leat_tlv_finish(&writer), 5 + 4);
    assert_memory_equal(pad.bytes + 5, "\x82\x01\x01x", 4);
}

/* What is built in passes the check that a program's own dialects go through, and has the shape that is found for it. */
static void what_is_built_in_is_ready(void **state)
{
    const struct leat_tlv_dialect *dialect;
    int64_t count = 0;
    (void)state;
    for (; (dialect = leat_tlv_dialect_at(count)) != NULL; count++) {
        struct leat_tlv_dialect copy = *dialect;
        const char *why = "";
        copy.shape = LEAT_TLV_SHAPE_NONE;
        if (copy.inside == dialect)
            copy.inside = &copy;
        if (leat_tlv_dialect_ready(&copy, &why) != 0)
            fail_msg("%s: %s", dialect->name, why);
        assert_int_equal(copy.shape, dialect->shape);
    }
    assert_true(count > 50);
}

static const struct leat_tlv_mark ends[] = {{.type = 0, .end = true}}, bad_mark[] = {{.type = 0, .bare = true, .valued = true}},
                                  wide_mark[] = {{.type = 256, .bare = true, .first_byte = true}};
static const struct leat_tlv_kind opens[] = {{0, LEAT_TLV_OPENS, 0, 0, 0}}, wide_kind[] = {{0, LEAT_TLV_BY_NUMBER, 9, 0, 0}};
static const struct leat_tlv_escape wide_escape[] = {{300, 1, 0, 0}};
static const struct leat_tlv_nest no_nest[] = {{.first = 1, .last = 1, .value_starts = -1}};
#define BIG(at, bytes)                            \
    {                                             \
        LEAT_TLV_BIG, at, bytes, 0, 0xff, NULL, 0 \
    }
static const struct leat_tlv_dialect any = {.name = "any"};
static const struct leat_tlv_nest far_condition[] = {{.first = 1, .last = 1, .value_starts = -1, .inside = &any, .unless = BIG(2, 1)}};
static const struct leat_tlv_dialect leat_tlv_made;
static const struct leat_tlv_kind counted_kind[] = {{0, LEAT_TLV_SIZED, 4, -4, 0}},
                                  wide_extra[] = {{0, LEAT_TLV_BY_FIELD, 0, 257, 0},
                                                  {0, LEAT_TLV_BY_FIELD, 0, -257, 0},
                                                  {0, LEAT_TLV_BY_FIELD, 0, 0, 257},
                                                  {0, LEAT_TLV_BY_FIELD, 0, 0, 0}},
                                  opens_closes[] = {{0, LEAT_TLV_OPENS, 0, 0, 0}, {1, LEAT_TLV_CLOSES, 0, 0, 0}};
static const struct leat_tlv_name no_name[] = {{1, NULL}};
static const struct leat_tlv_nest bad_nests[] = {{.first = 1, .last = 1, .value_starts = -1, .inside = &leat_tlv_made, .fixed_bytes = -1},
                                                 {.first = 1, .last = 1, .value_starts = -1, .inside = &leat_tlv_made, .area_bytes = -1},
                                                 {.first = 1, .last = 1, .value_starts = -1, .inside = &leat_tlv_made, .area_bytes = 5}};
static const struct leat_tlv_escape bad_escapes[] = {{1, -2, 0, 0}, {1, 9, 0, 0}, {1, 1, 0, 0}};
#define X690 .name = "x", .rule = "y", .type = {.codec = LEAT_TLV_BER_TAG}, .length = {.codec = LEAT_TLV_BER_LENGTH}, .align = 1
#define BASE .name = "x", .rule = "y", .type = BIG(0, 1), .length = BIG(1, 1), .header_bytes = 2, .align = 1

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* each is BASE but for what makes it wrong */
static void what_makes_no_sense_is_refused(void **state)
{
    struct leat_tlv_dialect wrong[] = {
        {BASE, .name = NULL},
        {BASE, .header_bytes = 1}, /* the length is outside */
        {BASE, .header_bytes = -1},
        {BASE, .header_bytes = 5000},
        {BASE, .align = 0},
        {BASE, .align = 3},
        {BASE, .align = 512},
        {BASE, .type = BIG(0, 9)},
        {BASE, .type = BIG(-2, 1)},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 8, 1, NULL, 0}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 4, 0xff, NULL, 0}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0, NULL, 0}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, wide_escape, 1}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, NULL, 1}},
        {BASE, .type = {LEAT_TLV_LEB128, 0, 5, 0, 0xff, NULL, 0}},
        {BASE, .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 11, 0, 0xff, NULL, 0}},
        {BASE, .type = {.codec = LEAT_TLV_NONE}},
        {BASE, .type = {.codec = LEAT_TLV_BER_TAG}},
        {BASE, .length = {.codec = LEAT_TLV_BER_LENGTH}},
        {BASE, .nested = BIG(2, 1)},
        {BASE, .label = BIG(2, 1)},
        {BASE, .control = BIG(0, 1)}, /* without kinds */
        {BASE, .kinds = opens, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = opens, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = wide_kind, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = counted_kind, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = wide_extra, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = wide_extra + 1, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = wide_extra + 2, .kind_count = 1},
        {BASE, .control = BIG(0, 1), .kinds = opens_closes, .kind_count = 2, .indefinite = true},       /* without an inside */
        {BASE, .control = BIG(0, 1), .kinds = opens_closes, .kind_count = 2, .inside = &leat_tlv_made}, /* not indefinite */
        {BASE, .control = BIG(0, 1), .kind_count = 1},
        {BASE, .kind_count = -1},
        {BASE, .name_count = -1},
        {BASE, .nest_count = -1},
        {BASE, .mark_count = 1},
        {BASE, .name_count = 1},
        {BASE, .names = no_name, .name_count = 1},
        {BASE, .nests = bad_nests, .nest_count = 1},
        {BASE, .nests = bad_nests + 1, .nest_count = 1},
        {BASE, .nests = bad_nests + 2, .nest_count = 1},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, bad_escapes, 1}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, bad_escapes + 1, 1}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, bad_escapes, -1}},
        {BASE, .type = {LEAT_TLV_BIG, 0, 1, -1, 0xff, NULL, 0}},
        {BASE, .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 5, -1, 0xff, NULL, 0}},
        {BASE, .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 5, 64, 0xff, NULL, 0}},
        {BASE, .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 5, 0, 0, NULL, 0}},
        {BASE, .length_unit = -1},
        {BASE, .length_unit = 257},
        {BASE, .marker_bytes = 257},
        {BASE, .length_includes = -5000},
        {BASE, .checksum = {LEAT_TLV_LITTLE, 0, 2, 0, 0xffff, NULL, 0}},
        {BASE, .checksum = {LEAT_TLV_BIG, 0, 1, 0, 0xff, NULL, 0}},
        {BASE, .checksum = {LEAT_TLV_BIG, 0, 2, 0, 0xff, NULL, 0}},
        {BASE, .header_bytes = 4, .checksum = {LEAT_TLV_BIG, 1, 2, 0, 0xffff, NULL, 0}},
        {BASE, .label = BIG(0, 1), .inside = &leat_tlv_made, .indefinite = true},
        {BASE, .type = {.codec = LEAT_TLV_NONE}, .following = BIG(0, 1), .cumulative = true},
        {BASE, .type = {.codec = LEAT_TLV_NONE, .escapes = bad_escapes, .escape_count = 1}, .following = BIG(0, 1)},
        {X690, .length_max = 5},
        {X690, .length_unit = 2},
        {X690, .length_includes = 1},
        {X690, .header_bytes = 1},
        {X690, .header_bytes = 0, .control = BIG(0, 1), .kinds = wide_extra + 3, .kind_count = 1},
        {X690, .label = BIG(0, 1)},
        {X690, .following = BIG(0, 1)},
        {X690, .type = {.codec = LEAT_TLV_BER_TAG, .escapes = bad_escapes + 2, .escape_count = 1}},
        {X690, .length = {.codec = LEAT_TLV_BER_LENGTH, .escapes = bad_escapes + 2, .escape_count = 1}},
        {X690, .length = {.codec = LEAT_TLV_BER_LENGTH, .escape_count = -1}},
        {.name = "x", .rule = "y", .cut = (enum leat_tlv_cut)9},
        {.name = "x", .rule = "y", .cut = LEAT_TLV_CUT_FIXED},
        {.name = "x", .cut = LEAT_TLV_CUT_RAW},
        {BASE, .nests = no_nest, .nest_count = 1},
        {BASE, .nests = far_condition, .nest_count = 1},
        {BASE, .nest_count = 1},
        {BASE, .mark_count = -1},
        {BASE, .marks = bad_mark, .mark_count = 1},
        {BASE, .marks = wide_mark, .mark_count = 1},
        {BASE, .marks = ends, .mark_count = 1, .indefinite = true},
        {BASE, .cumulative = true, .indefinite = true},
        {BASE, .trailer_bytes = 1000},
        {BASE, .marker_bytes = 3},
        {BASE, .marker_bytes = 1},
        {BASE, .following = BIG(0, 1)},
        {BASE, .length_includes = 10000},
    };
    struct leat_tlv_dialect right = {BASE};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_framer framer;
    struct leat_tlv_writer writer;
    (void)state;
    for (int64_t i = 0; i < COUNT(wrong); i++) {
        const char *why = NULL;
        if (leat_tlv_dialect_ready(&wrong[i], &why) != -EINVAL)
            fail_msg("description %lld is taken", (long long)i);
        assert_non_null(why);
        assert_int_equal(wrong[i].shape, LEAT_TLV_SHAPE_NONE);
        assert_int_equal(leat_tlv_dialect_ready(&wrong[i], NULL), -EINVAL);
    }
    assert_int_equal(leat_tlv_cursor_init(&cursor, &right, "", 0, 0, NULL), -EINVAL);
    assert_int_equal(leat_tlv_framer_init(&framer, &right, NULL), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, &right, NULL, 0), -EINVAL);
    assert_int_equal(leat_tlv_dialect_ready(NULL, NULL), -EINVAL);
    assert_int_equal(leat_tlv_dialect_ready(&right, NULL), 0);
    assert_int_equal(right.shape, LEAT_TLV_SHAPE_PLAIN);
    assert_int_equal(leat_tlv_cursor_init(&cursor, &right, "", 0, 0, NULL), 0);
}

#pragma GCC diagnostic pop

/* A dialect of a program's own: units of 8 bytes that do not count the first, as IPv6's extension headers have them; escapes with a least.
 */
static void a_programs_own_dialect_is_read(void **state)
{
    static const struct leat_tlv_escape numbers[] = {{253, 2, 0, 253}, {254, 4, 0, 65536}, {255, 8, 0, UINT64_C(1) << 32}};
    struct leat_tlv_dialect extension = {.name = "ip6-header",
                                         .rule = "next 1, length 1 in units of 8, less the first",
                                         .type = BIG(0, 1),
                                         .length = BIG(1, 1),
                                         .header_bytes = 2,
                                         .length_unit = 8,
                                         .length_includes = -6,
                                         .align = 1};
    struct leat_tlv_dialect ndn = {.name = "ndn",
                                   .rule = "numbers of 1, 3, 5 or 9 bytes",
                                   .type = {LEAT_TLV_BIG, LEAT_TLV_BEHIND, 1, 0, 0xff, numbers, 3},
                                   .length = {LEAT_TLV_BIG, LEAT_TLV_BEHIND, 1, 0, 0xff, numbers, 3},
                                   .align = 1};
    unsigned char data[64];
    char text[256];
    (void)state;
    assert_int_equal(leat_tlv_dialect_ready(&extension, NULL), 0);
    walk(&extension, data, unhex("3a 00 0502 00000100 3a 01 010203040506 0708090a0b0c0d0e", data), text, sizeof text);
    assert_string_equal(text, "0:0:2:58:6 8:0:2:58:14");
    assert_int_equal(leat_tlv_dialect_ready(&ndn, NULL), 0);
    walk(&ndn, data, unhex("07 02 abcd fd0320 01 ff", data), text, sizeof text);
    assert_string_equal(text, "0:0:2:7:2 4:0:4:800:1");
    walk(&ndn, data, unhex("fd00fc 00", data), text, sizeof text);
    assert_string_equal(text, "!TYPE_FORM");
    walk(&ndn, data, unhex("07 fd0001 00", data), text, sizeof text);
    assert_string_equal(text, "!length field not in its shortest form");
    walk(&ndn, data, unhex("07 ff ffffffffffffffff", data), text, sizeof text);
    assert_string_equal(text, "!LENGTH_LIMIT");
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(leat_tlv_type_name(leat_tlv_dialect("lldp"), 5), "System Name");
    assert_string_equal(leat_tlv_type_name(leat_tlv_dialect("der"), 0x30), "SEQUENCE");
    assert_null(leat_tlv_type_name(leat_tlv_dialect("lldp"), 100));
    assert_null(leat_tlv_type_name(leat_tlv_dialect("t8l8"), 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_reads_what_its_standard_says),
        cmocka_unit_test(no_byte_past_the_end_is_looked_at),
        cmocka_unit_test(frames_are_the_same_however_they_come),
        cmocka_unit_test(what_was_read_is_written_as_it_was),
        cmocka_unit_test(an_indefinite_length_is_written_and_read),
        cmocka_unit_test(rows_that_depend_on_each_other_are_written_in_order),
        cmocka_unit_test(kinds_are_chosen_or_said),
        cmocka_unit_test(what_is_built_in_is_ready),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_programs_own_dialect_is_read),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
