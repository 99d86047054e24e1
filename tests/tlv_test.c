/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "tlv_cases.h"
#include "tlv_support.h"

#include <leat/tlv.h>
#include <string.h>

static void every_dialect_is_found_by_its_name(void **state)
{
    static const char *const asked[] = {"ber", "der", "netlink", "lldp", "radius", "radius-attr", "dhcp4", "t8l8", "t32l16le"};
    int64_t count = 0;
    (void)state;
    for (const struct leat_tlv_dialect *dialect; (dialect = leat_tlv_dialect_at(count)) != NULL; count++) {
        assert_ptr_equal(leat_tlv_dialect(leat_tlv_dialect_name(dialect)), dialect);
        assert_true(strlen(leat_tlv_dialect_rule(dialect)) > 10);
        assert_null(strchr(leat_tlv_dialect_rule(dialect), '\n'));
    }
    assert_int_equal(count, 18 + 41);
    assert_null(leat_tlv_dialect_at(-1));
    for (int64_t i = 0; i < COUNT(asked); i++)
        assert_non_null(leat_tlv_dialect(asked[i]));
    assert_ptr_equal(leat_tlv_dialect("t16l32"), leat_tlv_dialect("t16l32be"));
    assert_ptr_not_equal(leat_tlv_dialect("t16l32"), leat_tlv_dialect("t16l32le"));
    static const char *const unknown[] = {"", "be", "de", "derr", "DER", "t16l3", "t16l32b", "t16l32beb", "t16l32lele", "nlattr", "t64l8"};
    for (int64_t i = 0; i < COUNT(unknown); i++)
        assert_null(leat_tlv_dialect(unknown[i]));
    assert_null(leat_tlv_dialect(NULL));
}

static void every_rule_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i <= LEAT_TLV_CHECKSUM; i++) {
        for (int j = 0; j < i; j++)
            assert_string_not_equal(leat_tlv_rule_text((enum leat_tlv_rule)i), leat_tlv_rule_text((enum leat_tlv_rule)j));
    }
    assert_string_equal(leat_tlv_rule_text(LEAT_TLV_FRAME_LIMIT), "longer than the frame limit");
    assert_string_equal(leat_tlv_rule_text((enum leat_tlv_rule)999), "unknown rule");
    assert_string_equal(leat_tlv_rule_text((enum leat_tlv_rule) - 1), "unknown rule");
}

static void well_formed_items_are_walked_and_framed(void **state)
{
    (void)state;
    for (int64_t i = 0; i < COUNT(good); i++) {
        unsigned char data[256];
        struct walk walk;
        struct leat_tlv_fault fault;
        int64_t bytes = unhex(good[i].hex, data);
        bool walked = walk_all(good[i].dialect, data, bytes, NULL, &walk);
        int64_t frames = frame_all(good[i].dialect, data, bytes, NULL, &fault);
        if (!walked || fault.rule != LEAT_TLV_OK)
            fail_msg("%s %s: %s, %s", good[i].dialect, good[i].hex, leat_tlv_rule_text(walk.fault.rule), leat_tlv_rule_text(fault.rule));
        assert_string_equal(walk.text, good[i].walk);
        assert_int_equal(frames, good[i].frames);
    }
}

static void malformed_items_name_the_rule_and_the_place(void **state)
{
    (void)state;
    for (int64_t i = 0; i < COUNT(bad); i++) {
        unsigned char data[256];
        struct walk walk;
        struct leat_tlv_fault fault;
        int64_t bytes = unhex(bad[i].hex, data);
        assert_false(walk_all(bad[i].dialect, data, bytes, NULL, &walk));
        if (walk.fault.rule != bad[i].rule || walk.fault.offset != bad[i].offset)
            fail_msg("cursor: %s %s: %s at %lld", bad[i].dialect, bad[i].hex, leat_tlv_rule_text(walk.fault.rule),
                     (long long)walk.fault.offset);
        bool by_flag = strcmp(bad[i].dialect, "ber") == 0 || strcmp(bad[i].dialect, "der") == 0;
        frame_all(bad[i].dialect, data, bytes, NULL, &fault);
        if (bad[i].inside && !by_flag)
            assert_int_equal(fault.rule, LEAT_TLV_OK);
        else if ((fault.rule != bad[i].rule || fault.offset != bad[i].offset) && fault.rule != LEAT_TLV_FRAME_LIMIT)
            fail_msg("framer: %s %s: %s at %lld", bad[i].dialect, bad[i].hex, leat_tlv_rule_text(fault.rule), (long long)fault.offset);
    }
}

static void a_fault_stays_and_leaves_the_item_alone(void **state)
{
    static const unsigned char data[] = {0x30, 0x02, 0x05, 0x01};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_framer framer;
    struct leat_tlv_item item, before;
    int64_t n = -7;
    (void)state;
    memset(&item, 0, sizeof item); /* the padding too: all of it is compared below */
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), data, sizeof data, 1000, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(item.offset, 1000);
    assert_ptr_equal(item.value, data + 2);
    assert_false(leat_tlv_leave(&cursor));
    assert_true(leat_tlv_enter(&cursor));
    assert_false(leat_tlv_enter(&cursor));
    memcpy(&before, &item, sizeof before);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
        assert_false(leat_tlv_enter(&cursor));
        assert_false(leat_tlv_leave(&cursor));
        assert_memory_equal(&item, &before, sizeof item);
        assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_OVERRUN);
        assert_int_equal(leat_tlv_cursor_fault(&cursor)->offset, 1002);
    }
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("der"), NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_tlv_frame(&framer, data, sizeof data, &n), LEAT_TLV_MALFORMED);
        assert_int_equal(n, -7);
        assert_int_equal(leat_tlv_framer_end(&framer, 0), -EBADMSG);
    }
}

static void arguments_out_of_range_are_refused(void **state)
{
    static const struct leat_tlv_limits wrong[] = {
        {.max_frame = -1}, {.max_items = -1}, {.max_depth = -1}, {.max_depth = LEAT_TLV_DEPTH_MAX}};
    const struct leat_tlv_dialect *der = leat_tlv_dialect("der");
    struct leat_tlv_cursor cursor;
    struct leat_tlv_framer framer;
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(NULL, der, "", 0, 0, NULL), -EINVAL);
    assert_int_equal(leat_tlv_cursor_init(&cursor, NULL, "", 0, 0, NULL), -EINVAL);
    assert_int_equal(leat_tlv_cursor_init(&cursor, der, NULL, 1, 0, NULL), -EINVAL);
    assert_int_equal(leat_tlv_cursor_init(&cursor, der, "", -1, 0, NULL), -EINVAL);
    assert_int_equal(leat_tlv_cursor_init(&cursor, der, "", 1, -1, NULL), -EINVAL);
    assert_int_equal(leat_tlv_cursor_init(&cursor, der, "", 1, INT64_MAX, NULL), -EINVAL);
    assert_int_equal(leat_tlv_framer_init(NULL, der, NULL), -EINVAL);
    assert_int_equal(leat_tlv_framer_init(&framer, NULL, NULL), -EINVAL);
    for (int64_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(leat_tlv_cursor_init(&cursor, der, "", 1, 0, &wrong[i]), -EINVAL);
        assert_int_equal(leat_tlv_framer_init(&framer, der, &wrong[i]), -EINVAL);
    }
    struct leat_tlv_item item;
    assert_int_equal(leat_tlv_cursor_init(&cursor, der, NULL, 0, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);
}

/* An item of indefinite length that was not entered, or that was left early, is stepped over to its own end. */
static void indefinite_items_are_skipped_to_their_own_end(void **state)
{
    static const char hex[] = "30 80 31 80 05 00 32 80 00 00 00 00 33 03 80 00 00 34 80 00 00 00 00 05 00";
    unsigned char data[64];
    int64_t bytes = unhex(hex, data);
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    (void)state;
    for (int steps = 0; steps < 6; steps++) { /* how far the walk goes inside before it gives up and leaves */
        assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), data, bytes, 0, NULL), 0);
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
        assert_int_equal(item.length, -1);
        if (steps > 0) {
            assert_true(leat_tlv_enter(&cursor));
            for (int i = 1; i < steps; i++) {
                assert_int_equal(leat_tlv_next(&cursor, &item), i < 5 ? LEAT_TLV_ITEM : LEAT_TLV_END);
                assert_true(leat_tlv_cursor_valid(&cursor));
            }
            assert_true(leat_tlv_leave(&cursor));
        }
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
        assert_int_equal(item.type, 5);
        assert_int_equal(item.offset, bytes - 2);
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);
    }
    /* Two levels down, left without a look at what is there. */
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), data, bytes, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor));
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor));
    assert_true(leat_tlv_leave(&cursor));
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(item.type, 0x33);
}

static void items_and_depth_are_limited_alike_in_cursor_and_framer(void **state)
{
    static const char *const hex[] = {"30 08 31 02 05 00 32 02 05 00", "30 80 31 80 05 00 00 00 00 00"};
    (void)state;
    for (int64_t i = 0; i < COUNT(hex); i++) {
        unsigned char data[64];
        struct walk walk;
        struct leat_tlv_fault fault;
        int64_t bytes = unhex(hex[i], data);
        for (int64_t items = 1; items <= 4; items++) {
            struct leat_tlv_limits limits = {.max_items = items};
            assert_int_equal(walk_all("ber", data, bytes, &limits, &walk), items == 4);
            frame_all("ber", data, bytes, &limits, &fault);
            assert_int_equal(fault.rule, items == 4 ? LEAT_TLV_OK : LEAT_TLV_ITEMS);
            assert_int_equal(fault.rule, walk.fault.rule);
            assert_true(items == 4 || fault.offset == walk.fault.offset);
        }
        struct leat_tlv_limits limits = {.max_depth = 1};
        assert_false(walk_all("ber", data, bytes, &limits, &walk));
        frame_all("ber", data, bytes, &limits, &fault);
        assert_int_equal(walk.fault.rule, LEAT_TLV_DEPTH);
        assert_int_equal(walk.fault.offset, 4);
        assert_int_equal(fault.rule, LEAT_TLV_DEPTH);
        assert_int_equal(fault.offset, 4);
        limits.max_depth = 2;
        assert_true(walk_all("ber", data, bytes, &limits, &walk));
        frame_all("ber", data, bytes, &limits, &fault);
        assert_int_equal(fault.rule, LEAT_TLV_OK);
    }
    /* An empty item holds nothing that could stand too deep. */
    static const unsigned char empty[] = {0x30, 0x02, 0x31, 0x00};
    struct leat_tlv_limits limits = {.max_depth = 1};
    struct walk walk;
    struct leat_tlv_fault fault;
    assert_true(walk_all("der", empty, sizeof empty, &limits, &walk));
    assert_int_equal(frame_all("der", empty, sizeof empty, &limits, &fault), 1);
    /* The inside of a frame is not looked at when that is not wanted. */
    static const unsigned char rotten[] = {0x30, 0x02, 0x31, 0x01};
    limits = (struct leat_tlv_limits){.shallow = true};
    assert_int_equal(frame_all("der", rotten, sizeof rotten, &limits, &fault), 1);
    assert_int_equal(frame_all("der", rotten, sizeof rotten, NULL, &fault), 0);
}

/* A definite nest of so many levels, built from the inside out. Returns its first byte; the buffer ends at `end`. */
static unsigned char *nest(unsigned char *end, int64_t levels)
{
    unsigned char *p = end;
    for (int64_t i = 0; i < levels; i++) {
        int64_t length = end - p;
        if (length < 0x80) {
            *--p = (unsigned char)length;
        } else {
            int64_t octets = 0;
            for (; length != 0; length >>= 8, octets++)
                *--p = (unsigned char)length;
            *--p = (unsigned char)(0x80 | octets);
        }
        *--p = 0x30;
    }
    return p;
}

static void nesting_bombs_end_at_the_depth_limit(void **state)
{
    const int64_t levels = 1000000, room = levels * 6;
    const struct leat_tlv_limits limits = {.max_frame = INT64_MAX};
    unsigned char *data = malloc((size_t)room);
    struct walk walk;
    struct leat_tlv_fault fault;
    (void)state;
    assert_non_null(data);
    unsigned char *p = nest(data + room, levels);
    assert_false(walk_all("der", p, data + room - p, &limits, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_DEPTH);
    assert_int_equal(walk.deepest, LEAT_TLV_DEPTH_MAX - 1);
    frame_all("der", p, data + room - p, &limits, &fault);
    assert_int_equal(fault.rule, LEAT_TLV_DEPTH);
    assert_int_equal(fault.offset, walk.fault.offset);
    for (int64_t i = 0; i < levels * 2; i += 2)
        data[i] = 0x30, data[i + 1] = 0x80;
    memset(data + levels * 2, 0, (size_t)levels * 2);
    assert_false(walk_all("ber", data, levels * 4, &limits, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_DEPTH);
    frame_all("ber", data, levels * 4, &limits, &fault);
    assert_int_equal(fault.rule, LEAT_TLV_DEPTH);
    assert_int_equal(fault.offset, walk.fault.offset);
    /* Stepped over, not entered: the same. */
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), data, levels * 4, 0, &limits), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_DEPTH);
    free(data);
}

/* Ten million items with nothing in them: one pass of the framer and one of the cursor; seconds are for sanitizers. */
static void empty_items_by_the_million_take_linear_time(void **state)
{
    const int64_t items = test_items(10000000), bytes = 6 + items * 2;
    const struct leat_tlv_limits limits = {.max_frame = INT64_MAX};
    unsigned char *data = malloc((size_t)bytes + 2);
    struct walk walk;
    struct leat_tlv_fault fault;
    (void)state;
    assert_non_null(data);
    static const unsigned char kinds[] = {0x05, 0x30};
    for (int64_t kind = 0; kind < COUNT(kinds); kind++) {
        data[0] = 0x30, data[1] = 0x84;
        for (int i = 0; i < 4; i++)
            data[2 + i] = (unsigned char)((items * 2) >> (24 - 8 * i));
        for (int64_t i = 6; i < bytes; i += 2)
            data[i] = kinds[kind], data[i + 1] = 0;
        clock_t start = clock();
        assert_int_equal(frame_all("ber", data, bytes, &limits, &fault), 1);
        assert_true(walk_all("ber", data, bytes, &limits, &walk));
        assert_int_equal(walk.items, items + 1);
        assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
    }
    /* The same in a frame of indefinite length, whose end is searched, not known. */
    data[4] = 0x30, data[5] = 0x80, data[bytes] = 0, data[bytes + 1] = 0;
    clock_t start = clock();
    assert_int_equal(frame_all("ber", data + 4, bytes - 2, &limits, &fault), 1);
    assert_true(walk_all("ber", data + 4, bytes - 2, &limits, &walk));
    assert_int_equal(walk.items, items + 2);
    assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
    free(data);
}

/* A message in host order: length, type, then zeros. */
static void nlmsg(unsigned char *p, uint32_t length, uint16_t type)
{
    memset(p, 0, 16);
    memcpy(p, &length, sizeof length);
    memcpy(p + 4, &type, sizeof type);
}

static unsigned char *nlattr(unsigned char *p, uint16_t length, uint16_t type)
{
    memcpy(p, &length, sizeof length);
    memcpy(p + 2, &type, sizeof type);
    return p + 4;
}

static void netlink_attributes_nest_by_flag_and_by_schema(void **state)
{
    unsigned char data[128] = {0};
    struct walk walk;
    struct leat_tlv_fault fault;
    (void)state;
    nlmsg(data, 88, 16);                        /* RTM_NEWLINK, its ifinfomsg 16 */
    memcpy(nlattr(data + 32, 7, 3), "lo", 3);   /* IFLA_IFNAME, padded to 8 */
    nlattr(data + 40, 24, 18);                  /* IFLA_LINKINFO, no flag */
    memcpy(nlattr(data + 44, 8, 1), "veth", 4); /* IFLA_INFO_KIND */
    nlattr(data + 52, 12, 2);                   /* IFLA_INFO_DATA, no flag */
    nlattr(data + 56, 8, 0x4009);               /* in network byte order */
    nlattr(data + 64, 8, 0x8000 | 77);          /* nested by flag */
    nlattr(data + 68, 4, 5);
    nlattr(data + 72, 16, 26); /* IFLA_AF_SPEC, no flag */
    nlattr(data + 76, 12, 2);  /* AF_INET, no flag */
    nlattr(data + 80, 8, 1);
    if (!walk_all("netlink", data, 88, NULL, &walk))
        fail_msg("%s: %s", walk.text, leat_tlv_rule_text(walk.fault.rule));
    assert_string_equal(walk.text, "0:0:16:72:88:10c 32:1:4:3:8:3 40:1:4:20:24:12c 44:2:4:4:8:1 52:2:4:8:12:2c 56:3:4:4:8:9 "
                                   "64:1:4:4:8:4dc 68:2:4:0:4:5 72:1:4:12:16:1ac 76:2:4:8:12:2c 80:3:4:4:8:1");
    assert_int_equal(frame_all("netlink", data, 88, NULL, &fault), 1);
    /* In the bridge family the same numbers mean other things: only the flag nests. */
    data[16] = 7;
    assert_true(walk_all("netlink", data, 88, NULL, &walk));
    assert_string_equal(walk.text, "0:0:16:72:88:10c 32:1:4:3:8:3 40:1:4:20:24:12 64:1:4:4:8:4dc 68:2:4:0:4:5 72:1:4:12:16:1a");
    /* A request without the fixed part holds no attributes; other types are primitive whatever is in them. */
    nlmsg(data, 17, 18);
    assert_true(walk_all("netlink", data, 20, NULL, &walk));
    assert_string_equal(walk.text, "0:0:16:1:20:12");
    for (uint16_t type = 0; type < 16; type++) {
        nlmsg(data, 36, type);
        assert_true(walk_all("netlink", data, 36, NULL, &walk));
        assert_int_equal(walk.items, 1);
    }
    nlmsg(data, 15, 3);
    assert_false(walk_all("netlink", data, 16, NULL, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_LENGTH_SMALL);
    nlmsg(data, 40, 20); /* RTM_NEWADDR, ifaddrmsg 8 */
    nlattr(data + 24, 3, 1);
    assert_false(walk_all("netlink", data, 40, NULL, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_LENGTH_SMALL);
    assert_int_equal(walk.fault.offset, 24);
    nlmsg(data, UINT32_MAX, 20);
    assert_false(walk_all("netlink", data, 40, NULL, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_FRAME_LIMIT);
    struct leat_tlv_limits limits = {.max_frame = INT64_MAX};
    assert_false(walk_all("netlink", data, 40, &limits, &walk));
    assert_int_equal(walk.fault.rule, LEAT_TLV_TRUNCATED);
}

static void only_the_last_padding_may_be_missing(void **state)
{
    unsigned char data[64] = {0};
    struct leat_tlv_framer framer;
    struct walk walk;
    int64_t n = 0;
    (void)state;
    nlmsg(data, 16 + 8 + 5, 20); /* one attribute of 5 bytes: its padding is missing inside, the message's outside */
    nlattr(data + 24, 5, 3);
    for (int64_t there = 29; there <= 32; there++) {
        assert_true(walk_all("netlink", data, there, NULL, &walk));
        char expected[64];
        snprintf(expected, sizeof expected, "0:0:16:13:%lld:14c 24:1:4:1:5:3", (long long)there);
        assert_string_equal(walk.text, expected);
    }
    for (int64_t there = 16; there <= 32; there++) {
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("netlink"), NULL), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, there, &n), there < 32 ? LEAT_TLV_NEED : LEAT_TLV_WHOLE);
        assert_int_equal(n, 32);
        assert_int_equal(leat_tlv_framer_end(&framer, there % 32), there < 29 ? -EBADMSG : 0);
        assert_int_equal(leat_tlv_framer_fault(&framer)->rule, there < 29 ? LEAT_TLV_TRUNCATED : LEAT_TLV_OK);
    }
    /* A message follows: then it is the padding that is taken for its start. */
    nlmsg(data + 32, 16, 3);
    struct leat_tlv_fault fault;
    assert_int_equal(frame_all("netlink", data, 48, NULL, &fault), 2);
}

/* The end that is missing is missed by whoever looks for it: stepping over the item, or leaving it before its end. */
static void an_end_that_is_missing_is_missed_by_skip_and_leave(void **state)
{
    static const struct {
        const char *hex;
        int64_t frame_limit; /* 0: the default */
        enum leat_tlv_rule rule;
        int64_t offset;
    } rows[] = {
        {"30 80", 0, LEAT_TLV_UNENDED, 0},
        {"30 80 05 00", 0, LEAT_TLV_UNENDED, 0},
        {"30 80 31 80 00 00", 0, LEAT_TLV_UNENDED, 0},
        {"30 80 00", 0, LEAT_TLV_TRUNCATED, 2},
        {"30 80 04 02 00", 0, LEAT_TLV_TRUNCATED, 2},
        {"30 80 31 80 05", 0, LEAT_TLV_TRUNCATED, 4},
        {"30 80 00 01", 0, LEAT_TLV_END_MARK, 2},
        {"30 80 05 ff 00 00", 0, LEAT_TLV_LENGTH_FORM, 2},
        {"05 00 30 80 04 01 00 00 00", 6, LEAT_TLV_FRAME_LIMIT, 2},
    };
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[64];
        int64_t bytes = unhex(rows[i].hex, data);
        for (int way = 0; way < 3; way++) { /* step over; enter and leave; enter, look once, leave */
            struct leat_tlv_limits limits = {.max_frame = rows[i].frame_limit};
            struct leat_tlv_cursor cursor;
            struct leat_tlv_item item;
            assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), data, bytes, 0, &limits), 0);
            do
                assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
            while (item.length >= 0);
            if (way == 0) {
                assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
            } else {
                assert_true(leat_tlv_enter(&cursor));
                if (way == 2)
                    leat_tlv_next(&cursor, &item);
                assert_false(leat_tlv_leave(&cursor));
            }
            const struct leat_tlv_fault *fault = leat_tlv_cursor_fault(&cursor);
            if (fault->rule != rows[i].rule || fault->offset != rows[i].offset)
                fail_msg("%s, way %d: %s at %lld", rows[i].hex, way, leat_tlv_rule_text(fault->rule), (long long)fault->offset);
        }
    }
    /* On the deepest level allowed, what is inside cannot be looked at. */
    static const unsigned char deep[] = {0x30, 0x04, 0x31, 0x80, 0x00, 0x00};
    const struct leat_tlv_limits limits = {.max_depth = 1};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), deep, sizeof deep, 0, &limits), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor));
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_DEPTH);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->offset, 4);
}

/* The validity functions see each invariant broken. */
/* A mark that is its type alone has not the field that tells the first type inside, whatever list its type is on. */
static void a_mark_of_one_byte_holds_nothing(void **state)
{
    static const struct leat_tlv_mark marks[] = {{.type = 0, .bare = true}};
    static struct leat_tlv_nest nests[] = {{.first = 0, .last = 5, .value_starts = -1, .type = {LEAT_TLV_BIG, 2, 2, 0, 0xffff, NULL, 0}}};
    struct leat_tlv_dialect dialect = {.name = "made here",
                                       .rule = "type 1, length 1, the first type inside 2; 0 pads",
                                       .type = {LEAT_TLV_BIG, 0, 1, 0, 0xff, NULL, 0},
                                       .length = {LEAT_TLV_BIG, 1, 1, 0, 0xff, NULL, 0},
                                       .header_bytes = 4,
                                       .marks = marks,
                                       .mark_count = 1,
                                       .nests = nests,
                                       .nest_count = 1,
                                       .align = 1};
    unsigned char *exact = calloc(1, 1); /* so that a sanitizer sees a byte read too far */
    struct leat_tlv_cursor cursor;
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    nests[0].inside = &dialect;
    assert_int_equal(leat_tlv_dialect_ready(&dialect, NULL), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, &dialect, exact, 1, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(item.header_bytes == 1 && !item.constructed);
    assert_false(leat_tlv_enter(&cursor));
    free(exact);
    assert_int_equal(leat_tlv_writer_init(&writer, &dialect, NULL, 0), 0);
    assert_int_equal(leat_tlv_begin(&writer, 0), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 0, LEAT_TLV_KIND_ANY, NULL, 0), -EINVAL);
    assert_int_equal(leat_tlv_begin(&writer, 1), 0);
}

static void a_broken_struct_is_not_valid(void **state)
{
    static const unsigned char data[] = {0x30, 0x80, 0x05, 0x00, 0x00, 0x00};
    struct leat_tlv_cursor cursor, broken;
    struct leat_tlv_framer framer, unframed;
    struct leat_tlv_item item;
    int64_t n = 0;
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), data, sizeof data, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor) && leat_tlv_cursor_valid(&cursor));
    broken = cursor, broken.depth = -1;
    assert_false(leat_tlv_cursor_valid(&broken));
    broken = cursor, broken.levels[1].position = 7;
    assert_false(leat_tlv_cursor_valid(&broken));
    broken = cursor, broken.levels[1].end = 7;
    assert_false(leat_tlv_cursor_valid(&broken));
    broken = cursor, broken.levels[0].position = 4;
    assert_false(leat_tlv_cursor_valid(&broken));
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("ber"), NULL), 0);
    assert_int_equal(leat_tlv_frame(&framer, data, 4, &n), LEAT_TLV_NEED);
    assert_true(leat_tlv_framer_valid(&framer));
    unframed = framer, unframed.open = 0;
    assert_false(leat_tlv_framer_valid(&unframed));
    unframed = framer, unframed.scanned = -1;
    assert_false(leat_tlv_framer_valid(&unframed));
    unframed = framer, unframed.total_bytes = 2 * MIB;
    assert_false(leat_tlv_framer_valid(&unframed));
    struct leat_tlv_writer writer, unwritten;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("der"), NULL, 0), 0);
    writer.capacity = 16;
    assert_int_equal(leat_tlv_begin(&writer, 0x30), 0);
    assert_true(leat_tlv_writer_valid(&writer));
    unwritten = writer, unwritten.position = 17;
    assert_false(leat_tlv_writer_valid(&unwritten));
    unwritten = writer, unwritten.position = 1;
    assert_false(leat_tlv_writer_valid(&unwritten));
    unwritten = writer, unwritten.open[0].start = -1;
    assert_false(leat_tlv_writer_valid(&unwritten));
}

/* Well-formed BER of some depth, by chance; indefinite lengths and long forms only where wanted. Returns its bytes. */
static int64_t grow(uint64_t *seed, unsigned char *out, int64_t room, bool ber)
{
    struct {
        int64_t start;
        bool indefinite;
    } open[16] = {{0}};
    int64_t n = 0, depth = 0;
    for (int steps = 0; steps < 24 && room - n > 48; steps++) {
        uint64_t chance = test_random(seed) % 8;
        if (chance < 3 && depth < 12) {
            open[depth].indefinite = ber && (test_random(seed) & 1) != 0;
            open[depth++].start = n;
            out[n++] = 0x30;
            out[n++] = 0x80; /* a definite one gets its length when it is closed */
        } else if (chance < 6) {
            int64_t length = (int64_t)(test_random(seed) % 4);
            if (test_random(seed) % 4 == 0)
                out[n++] = 0x9f, out[n++] = 0x81;
            out[n++] = 0x04;
            if (ber && test_random(seed) % 4 == 0)
                out[n++] = 0x81;
            out[n++] = (unsigned char)length;
            for (int64_t i = 0; i < length; i++)
                out[n++] = (unsigned char)test_random(seed);
        } else if (depth > 0 && (open[--depth].indefinite || n - open[depth].start - 2 > 127)) {
            out[open[depth].start + 1] = 0x80;
            out[n++] = 0, out[n++] = 0;
        } else if (chance >= 6 && n > 0 && open[depth].start < n && depth >= 0 && out[open[depth].start] == 0x30) {
            out[open[depth].start + 1] = (unsigned char)(n - open[depth].start - 2);
        }
    }
    while (depth > 0) {
        if (open[--depth].indefinite || n - open[depth].start - 2 > 127)
            out[n++] = 0, out[n++] = 0;
        else
            out[open[depth].start + 1] = (unsigned char)(n - open[depth].start - 2);
    }
    return n;
}

/* Whatever the bytes are: the framer takes exactly the frames that the cursor walks to their end, and both name the same fault. */
static void cursor_and_framer_agree_on_any_bytes(void **state)
{
    const int64_t rounds = test_items(200000);
    uint64_t seed = test_seed();
    int64_t whole = 0, broken = 0;
    (void)state;
    for (int64_t round = 0; round < rounds; round++) {
        unsigned char data[512];
        struct walk walk;
        struct leat_tlv_fault fault;
        bool ber = (test_random(&seed) & 1) != 0;
        const char *dialect = ber ? "ber" : "der";
        int64_t bytes = grow(&seed, data, (int64_t)(64 + test_random(&seed) % 400), ber);
        for (uint64_t flips = test_random(&seed) % 3; flips > 0 && bytes > 0; flips--)
            data[test_random(&seed) % (uint64_t)bytes] = (unsigned char)(test_random(&seed) >> (test_random(&seed) & 7) & 0xff);
        if (bytes > 0 && test_random(&seed) % 8 == 0)
            bytes = (int64_t)(test_random(&seed) % (uint64_t)bytes);
        bool walked = walk_all(dialect, data, bytes, NULL, &walk);
        frame_all(dialect, data, bytes, NULL, &fault);
        whole += walked;
        broken += !walked;
        if (fault.rule == LEAT_TLV_FRAME_LIMIT && walk.fault.rule == LEAT_TLV_TRUNCATED)
            continue; /* an item too long inside one of indefinite length: the framer knows that no more bytes may come */
        if (fault.rule != walk.fault.rule || (!walked && fault.offset != walk.fault.offset))
            fail_msg("round %lld: %s at %lld, %s at %lld", (long long)round, leat_tlv_rule_text(walk.fault.rule),
                     (long long)walk.fault.offset, leat_tlv_rule_text(fault.rule), (long long)fault.offset);
    }
    assert_true(whole > rounds / 20 && broken > rounds / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_is_found_by_its_name),
        cmocka_unit_test(every_rule_has_a_text_of_its_own),
        cmocka_unit_test(well_formed_items_are_walked_and_framed),
        cmocka_unit_test(malformed_items_name_the_rule_and_the_place),
        cmocka_unit_test(a_fault_stays_and_leaves_the_item_alone),
        cmocka_unit_test(arguments_out_of_range_are_refused),
        cmocka_unit_test(indefinite_items_are_skipped_to_their_own_end),
        cmocka_unit_test(items_and_depth_are_limited_alike_in_cursor_and_framer),
        cmocka_unit_test(nesting_bombs_end_at_the_depth_limit),
        cmocka_unit_test(empty_items_by_the_million_take_linear_time),
        cmocka_unit_test(netlink_attributes_nest_by_flag_and_by_schema),
        cmocka_unit_test(only_the_last_padding_may_be_missing),
        cmocka_unit_test(an_end_that_is_missing_is_missed_by_skip_and_leave),
        cmocka_unit_test(a_mark_of_one_byte_holds_nothing),
        cmocka_unit_test(a_broken_struct_is_not_valid),
        cmocka_unit_test(cursor_and_framer_agree_on_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
