/* SPDX-License-Identifier: MIT */
/* tlv_rules_test.c: each rule that a description keeps, broken by itself; each invariant, broken by hand; calls that cannot be meant; and
 * what every dialect writes, at every edge of its fields, read again. */
#include "tlv_support.h"

#include <leat/protocol.h>

/* Of a description that is right, but for one thing. */
#define WRONG(base, words, ...)                                                 \
    do {                                                                        \
        struct leat_tlv_dialect d = *leat_tlv_dialect(base);                    \
        const char *why = NULL;                                                 \
        __VA_ARGS__;                                                            \
        assert_int_equal(leat_tlv_dialect_ready(&d, &why), -EINVAL);            \
        assert_non_null(why);                                                   \
        if (strstr(why, words) == NULL)                                         \
            fail_msg("line %d: \"%s\" is not in \"%s\"", __LINE__, words, why); \
    } while (0)

static struct leat_tlv_field word(int32_t at, int32_t bytes)
{
    return (struct leat_tlv_field){.codec = LEAT_TLV_BIG, .at = at, .bytes = bytes, .mask = UINT64_MAX >> (64 - 8 * bytes)};
}

static void sizes_and_tables_keep_their_bounds(void **state)
{
    (void)state;
    WRONG("t8l8", "fixed part", d.header_bytes = -1);
    WRONG("t8l8", "fixed part", d.header_bytes = 4097);
    WRONG("t8l8", "256", d.length_unit = -1);
    WRONG("t8l8", "256", d.length_unit = 257);
    WRONG("t8l8", "256", d.trailer_bytes = 257);
    WRONG("t8l8", "256", d.marker_bytes = -1);
    WRONG("t8l8", "power of 2", d.align = 0);
    WRONG("t8l8", "power of 2", d.align = 512);
    WRONG("t8l8", "power of 2", d.align = 6);
    WRONG("t8l8", "includes", d.length_includes = -4097);
    WRONG("t8l8", "includes", d.length_includes = 8193);
    WRONG("t8l8", "marker", d.marker_bytes = 3; d.marker = (const unsigned char *)"abc");
    WRONG("t8l8", "marker", d.marker_bytes = 1);
    WRONG("t8l8", "less than no rows", d.nest_count = -1);
    WRONG("t8l8", "less than no rows", d.mark_count = -1);
    WRONG("t8l8", "less than no rows", d.kind_count = -1);
    WRONG("t8l8", "less than no rows", d.name_count = -1);
    WRONG("t8l8", "missing", d.nest_count = 1);
    WRONG("t8l8", "missing", d.mark_count = 1);
    WRONG("t8l8", "missing", d.kind_count = 1);
    WRONG("t8l8", "missing", d.name_count = 1);
    WRONG("t8l8", "control field needs kinds", d.control = word(0, 1));
    WRONG("t8l8", "name that is missing", static const struct leat_tlv_name none[] = {{1, NULL}}; d.names = none; d.name_count = 1);
    WRONG("t8l8", "name or rule", d.name = NULL);
    WRONG("t8l8", "name or rule", d.rule = NULL);
    WRONG("t8l8", "cut", d.cut = (enum leat_tlv_cut)99);
    WRONG("t8l8", "cut", d.cut = LEAT_TLV_CUT_FIXED);
}

#define NEST(words, ...)                                               \
    do {                                                               \
        struct leat_tlv_nest nest = {.value_starts = -1, __VA_ARGS__}; \
        WRONG("t8l8", words, d.nests = &nest; d.nest_count = 1);       \
    } while (0)
#define KIND(words, ...)                                                                 \
    do {                                                                                 \
        struct leat_tlv_kind kind = {__VA_ARGS__};                                       \
        WRONG("t8l8", words, d.kinds = &kind; d.kind_count = 1; d.control = word(0, 1)); \
    } while (0)
#define MARK(base, words, ...)                                 \
    do {                                                       \
        struct leat_tlv_mark mark = {__VA_ARGS__};             \
        WRONG(base, words, d.marks = &mark; d.mark_count = 1); \
    } while (0)

static void rows_of_tables_make_sense(void **state)
{
    (void)state;
    const struct leat_tlv_dialect *t8l8 = leat_tlv_dialect("t8l8");
    static const signed char wide[] = {1, -5, 0};
    NEST("nest that makes no sense", .inside = NULL);
    NEST("nest that makes no sense", .inside = t8l8, .fixed_bytes = -1);
    NEST("nest that makes no sense", .inside = t8l8, .area_bytes = -1);
    NEST("nest that makes no sense", .inside = t8l8, .area_bytes = 5);
    NEST("nest that makes no sense", .inside = t8l8, .first = 2, .last = 1);
    NEST("more than 4 bytes", .inside = t8l8, .parts = wide);
    NEST("outside header and fixed part", .inside = t8l8, .fixed_bytes = 1, .type = word(2, 2));
    KIND("kind that makes no sense", .how = (enum leat_tlv_how)9);
    KIND("kind that makes no sense", .how = LEAT_TLV_BY_NUMBER, .bytes = 0);
    KIND("kind that makes no sense", .how = LEAT_TLV_BY_NUMBER, .bytes = 9);
    KIND("kind that makes no sense", .how = LEAT_TLV_SIZED, .bytes = -1);
    KIND("kind that makes no sense", .how = LEAT_TLV_SIZED, .bytes = 17);
    KIND("no length", .how = LEAT_TLV_SELF, .extra = -1);
    KIND("kind that makes no sense", .how = LEAT_TLV_SELF, .trailer = 257);
    KIND("no trailer", .how = LEAT_TLV_OPENS, .trailer = 1);
    KIND("no trailer", .how = LEAT_TLV_CLOSES, .trailer = 1);
    KIND("one that closes", .how = LEAT_TLV_OPENS);
    KIND("one that closes", .how = LEAT_TLV_CLOSES);
    const struct leat_tlv_kind both[] = {{.value = 1, .how = LEAT_TLV_OPENS}, {.value = 2, .how = LEAT_TLV_CLOSES}};
    WRONG("t8l8", "inside, and indefinite", d.kinds = both; d.kind_count = 2; d.control = word(0, 1));
    WRONG("t8l8", "inside, and indefinite", d.kinds = both; d.kind_count = 2; d.control = word(0, 1); d.inside = t8l8);
    const struct leat_tlv_kind by_number[] = {{.how = LEAT_TLV_BY_NUMBER, .bytes = 2}};
    WRONG("t8l8", "byte order", d.kinds = by_number; d.kind_count = 1; d.control = word(0, 1);
          d.length = (struct leat_tlv_field){.codec = LEAT_TLV_LEB128, .at = LEAT_TLV_BEHIND, .bytes = 5, .mask = UINT64_MAX});
    MARK("t8l8", "nothing but a type", .bare = true, .valued = true);
    MARK("t8l8", "that byte alone", .first_byte = true);
    MARK("t8l8", "that byte alone", .first_byte = true, .bare = true, .type = 256);
    struct leat_tlv_mark bare = {.bare = true};
    WRONG("t8l8", "behind the fixed part", d.marks = &bare; d.mark_count = 1; d.header_bytes = 1; d.length = word(0, 1);
          d.type = word(LEAT_TLV_BEHIND, 1));
}

static void fields_stand_where_there_are_bytes(void **state)
{
    (void)state;
    WRONG("t8l8", "nested, control or label", d.nested = word(2, 1));
    WRONG("t8l8", "nested, control or label", d.label = word(-2, 1));
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.shift = 8);
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.shift = -1);
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.mask = 0);
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.mask = 0x100);
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.bytes = 0);
    WRONG("t8l8", "nested, control or label", d.label = word(0, 1); d.label.bytes = 9);
    WRONG("t8l8", "nested, control or label", d.label = (struct leat_tlv_field){.codec = LEAT_TLV_LEB128, .bytes = 1, .mask = 1});
    WRONG("t8l8", "type, or", d.type = word(1, 2));
    WRONG("t8l8", "type, or", d.type = (struct leat_tlv_field){.codec = LEAT_TLV_NONE});
    WRONG("t8l8", "type, or", d.following = word(0, 1));
    WRONG("t8l8", "type, or", d.following = word(2, 1); d.type.codec = LEAT_TLV_NONE);
    for (int what = 0; what < 7; what++)
        WRONG("t8l8", "length",
              d.length = (struct leat_tlv_field){.codec = LEAT_TLV_LEB128, .at = LEAT_TLV_BEHIND, .bytes = 5, .mask = 127};
              if (what == 0) d.length.at = 0; if (what == 1) d.length.bytes = 0; if (what == 2) d.length.bytes = 11;
              if (what == 3) d.length.shift = -1; if (what == 4) d.length.shift = 64; if (what == 5) d.length.mask = 0;
              if (what == 6) d.length.escape_count = -1);
    const struct leat_tlv_escape low = {.value = 1, .bytes = -2}, high = {.value = 1, .bytes = 9}, out = {.value = 256};
    const struct leat_tlv_escape *const bad[] = {&low, &high, &out, NULL};
    for (int i = 0; i < 4; i++)
        WRONG("t8l8", "length", d.length.escapes = bad[i]; d.length.escape_count = 1);
    WRONG("t8l8", "checksum", d.checksum = word(1, 2));
    WRONG("t16l16", "checksum", d.checksum = word(0, 1));
    WRONG("t16l16", "checksum", d.checksum = word(1, 2));
    WRONG("t16l16", "checksum", d.checksum = word(0, 2); d.checksum.mask = 0xfff);
    WRONG("t16l16", "checksum", d.checksum = word(0, 2); d.checksum.codec = LEAT_TLV_LITTLE);
    WRONG("t16l16", "both told", d.following = word(0, 1); d.type.codec = LEAT_TLV_NONE; d.cumulative = true);
    WRONG("der", "tag of X.690", d.following = word(0, 1));
    WRONG("der", "tag of X.690", d.label = word(0, 1));
    WRONG("der", "tag of X.690", d.length = word(0, 1));
    WRONG("der", "tag of X.690", d.header_bytes = 1);
    WRONG("der", "counts the value's bytes", d.length_includes = 1);
    WRONG("der", "counts the value's bytes", d.length_unit = 2);
    WRONG("der", "counts the value's bytes", d.length_max = 5);
    struct leat_tlv_mark end = {.end = true};
    WRONG("ber", "without a length", d.align = 4);
    WRONG("ber", "without a length", d.trailer_bytes = 4);
    WRONG("ber", "without a length", d.cumulative = true);
    WRONG("ber", "end marks", d.marks = &end; d.mark_count = 1);
    WRONG("t8l8", "without a length", d.indefinite = true; d.label = word(0, 1));
    WRONG("t8l8", "without a length", d.indefinite = true; d.following = word(0, 1); d.type.codec = LEAT_TLV_NONE);
}

/* ---- invariants ---- */

#define BROKEN(what, valid, change)   \
    do {                              \
        __typeof__(what) copy = what; \
        assert_true(valid(&copy));    \
        change;                       \
        assert_false(valid(&copy));   \
    } while (0)

static void what_is_broken_by_hand_is_not_valid(void **state)
{
    (void)state;
    static const unsigned char nested[] = {0x30, 3, 2, 1, 5, 2, 1, 6};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), nested, sizeof nested, 0, NULL), 0);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.depth = -1);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.depth = copy.limits.max_depth + 2);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].indefinite = true);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].end--);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].dialect = NULL);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].position = -1);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].position = copy.levels[0].end + 1);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].ended = true);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[0].dialect = leat_tlv_dialect("t8l8"));
    BROKEN(cursor, leat_tlv_cursor_valid, copy.fault.rule = LEAT_TLV_UNENDED);
    BROKEN(cursor, leat_tlv_cursor_valid, copy.inside_indefinite = true);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor));
    BROKEN(cursor, leat_tlv_cursor_valid, copy.levels[1].end = copy.levels[0].end + 1);

    struct leat_tlv_framer framer;
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("ber"), NULL), 0);
    BROKEN(framer, leat_tlv_framer_valid, copy.dialect = NULL);
    BROKEN(framer, leat_tlv_framer_valid, copy.scanned = -1);
    BROKEN(framer, leat_tlv_framer_valid, copy.items = -1);
    BROKEN(framer, leat_tlv_framer_valid, copy.open = -1);
    BROKEN(framer, leat_tlv_framer_valid, copy.total_bytes = copy.limits.max_frame + 1);
    BROKEN(framer, leat_tlv_framer_valid, copy.least_bytes = 1);

    struct leat_tlv_writer writer;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("der"), NULL, 100), 0);
    assert_int_equal(leat_tlv_begin(&writer, 0x30), 0);
    BROKEN(writer, leat_tlv_writer_valid, copy.position = -1);
    BROKEN(writer, leat_tlv_writer_valid, copy.depth = -1);
    BROKEN(writer, leat_tlv_writer_valid, copy.depth = LEAT_TLV_DEPTH_MAX + 1);
    BROKEN(writer, leat_tlv_writer_valid, copy.open[0].dialect = NULL);
    BROKEN(writer, leat_tlv_writer_valid, copy.open[0].inside = NULL);
}

/* ---- what is written is read ---- */

struct sheet {
    unsigned char bytes[70000];
    int64_t used;
};

static int64_t sheet_reserve(void *context, int64_t min_bytes, void **span)
{
    struct sheet *sheet = context;
    *span = sheet->bytes;
    return min_bytes <= (int64_t)sizeof sheet->bytes ? min_bytes : 0;
}

static void sheet_commit(void *context, int64_t bytes)
{
    ((struct sheet *)context)->used = bytes;
}

/* Puts the item; if it is taken it is read back the same, and the dry run takes it, too, and as many bytes. Returns whether it was. */
static bool put_and_read(const struct leat_tlv_dialect *dialect, uint64_t type, uint64_t kind, int64_t length)
{
    static struct sheet sheet;
    static unsigned char value[66000];
    const struct leat_sink sink = {sheet_reserve, sheet_commit, &sheet};
    const struct leat_tlv_limits limits = {.max_frame = 1 << 20};
    struct leat_tlv_writer writer, dry;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    memset(value, 0, (size_t)length); /* lengths that a value begins with are 0, then */
    for (int64_t i = 0; i < length && dialect->nest_count == 0; i++)
        value[i] = (unsigned char)(0x41 + i % 26);
    assert_int_equal(leat_tlv_writer_init(&writer, dialect, &sink, sizeof sheet.bytes), 0);
    assert_int_equal(leat_tlv_writer_init(&dry, dialect, NULL, 0), 0);
    const struct leat_tlv_writer before = writer;
    for (int64_t i = 0; i < length && kind == 0 && dialect == leat_tlv_dialect("protobuf"); i++)
        value[i] = i < length - 1 ? 0x80 : 1; /* a number of so many bytes */
    const int rc = leat_tlv_put_kind(&writer, type, kind, value, length), same = leat_tlv_put_kind(&dry, type, kind, value, length);
    if (rc != same)
        fail_msg("%s: type %llx, kind %llx, %lld bytes: %d, and dry %d", leat_tlv_dialect_name(dialect), (unsigned long long)type,
                 (unsigned long long)kind, (long long)length, rc, same);
    assert_true(leat_tlv_writer_valid(&writer));
    if (rc != 0) {
        assert_true(rc == -EINVAL || rc == -EMSGSIZE);
        assert_int_equal(writer.position, before.position);
        return false;
    }
    const int64_t wrote = leat_tlv_finish(&writer);
    assert_int_equal(wrote, sheet.used);
    assert_int_equal(leat_tlv_finish(&dry), wrote);
    assert_int_equal(leat_tlv_cursor_init(&cursor, dialect, sheet.bytes, sheet.used, 0, &limits), 0);
    const enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
    if (next == LEAT_TLV_END && length == 0)
        return true; /* a mark that is padding, or an end */
    if (next == LEAT_TLV_BAD && dialect->nest_count > 0 && length < 64)
        return true; /* the value lacks what its type begins with */
    if (next != LEAT_TLV_ITEM || item.type != type || item.length != length ||
        (length > 0 && memcmp(item.value, value, (size_t)length) != 0))
        fail_msg("%s: type %llx, kind %llx, %lld bytes: read as %d: type %llx, %lld bytes", leat_tlv_dialect_name(dialect),
                 (unsigned long long)type, (unsigned long long)kind, (long long)length, next, (unsigned long long)item.type,
                 (long long)item.length);
    return true;
}

static void every_dialect_reads_what_it_writes_at_every_edge(void **state)
{
    (void)state;
    static const uint64_t types[] = {33,
                                     44,
                                     0,
                                     1,
                                     2,
                                     5,
                                     12,
                                     13,
                                     14,
                                     30,
                                     31,
                                     32,
                                     63,
                                     64,
                                     127,
                                     128,
                                     200,
                                     252,
                                     253,
                                     254,
                                     255,
                                     256,
                                     268,
                                     269,
                                     300,
                                     511,
                                     1000,
                                     4095,
                                     4096,
                                     9999,
                                     32768,
                                     65535,
                                     65536,
                                     65804,
                                     65805,
                                     70000,
                                     0x1f7f,
                                     0x1f8100,
                                     1U << 20,
                                     1U << 24,
                                     UINT32_MAX,
                                     UINT64_C(1) << 32,
                                     UINT64_C(1) << 40,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX};
    static const int64_t lengths[] = {0,   1,    2,    3,    4,    5,    6,    7,     8,     12,    13,    14,    16,    17,   28,  60,
                                      125, 126,  127,  128,  129,  250,  253,  254,   255,   256,   257,   268,   269,   270,  511, 512,
                                      600, 1020, 1024, 2047, 2048, 4095, 4096, 16383, 16384, 65000, 65531, 65535, 65536, 65804};
    int64_t taken = 0, dialects = 0;
    const struct leat_tlv_dialect *dialect;
    for (int64_t d = 0; (dialect = leat_tlv_dialect_at(d)) != NULL; d++) {
        struct leat_tlv_writer writer;
        if (leat_tlv_writer_init(&writer, dialect, NULL, 0) != 0)
            continue; /* no TLV */
        int64_t here = 0;
        for (int64_t t = 0; t < COUNT(types); t++) {
            for (int64_t l = 0; l < COUNT(lengths); l++) {
                here += put_and_read(dialect, types[t], LEAT_TLV_KIND_ANY, lengths[l]);
                for (uint64_t kind = 0; dialect->kind_count > 0 && kind < 17; kind += kind < 8 ? 1 : 4)
                    here += put_and_read(dialect, types[t], kind, lengths[l]);
                if (lengths[l] == 0)
                    here += put_and_read(dialect, types[t], LEAT_TLV_KIND_MARK, 0);
            }
        }
        if (here == 0 && (dialect->following.codec == LEAT_TLV_NONE || dialect->first != 0)) /* those go inside others alone */
            fail_msg("%s takes nothing", leat_tlv_dialect_name(dialect));
        taken += here;
        dialects++;
    }
    print_message("%lld items of %lld dialects\n", (long long)taken, (long long)dialects);
    assert_true(dialects > 30 && taken > 10000);
}

/* ---- calls that cannot be meant ---- */

static void writers_refuse_what_cannot_be_meant(void **state)
{
    (void)state;
    struct leat_tlv_writer writer;
    const struct leat_tlv_dialect *der = leat_tlv_dialect("der");
    assert_int_equal(leat_tlv_writer_init(NULL, der, NULL, 0), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, NULL, NULL, 0), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("lines"), NULL, 0), -EINVAL);
    static struct sheet sheet;
    const struct leat_sink sink = {sheet_reserve, sheet_commit, &sheet};
    assert_int_equal(leat_tlv_writer_init(&writer, der, &sink, 0), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, der, &sink, 1 << 20), -EAGAIN);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("netlink"), &sink, 4096), 0);
    assert_int_equal(leat_tlv_put(&writer, 3, NULL, 1), -EINVAL);
    assert_int_equal(leat_tlv_put(&writer, 3, "", -1), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, 0, "", 1), -EINVAL); /* nothing is open */
    assert_int_equal(leat_tlv_end(&writer), -EINVAL);
    assert_int_equal(leat_tlv_begin(&writer, 16), 0);
    assert_int_equal(leat_tlv_fill(&writer, -1, "", 1), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, 0, "", -1), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, 0, NULL, 1), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, 0, NULL, 0), 0);
    assert_int_equal(leat_tlv_fill(&writer, 31, "xy", 2), -EINVAL);
    assert_int_equal(leat_tlv_finish(&writer), -EINVAL); /* open */
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_begin_indefinite(&writer, 16), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("protobuf"), &sink, 4096), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 0, "\x80\x01", 2), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 0, "\1\1", 2), -EINVAL);     /* ends before its end */
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 0, "\x80\x80", 2), -EINVAL); /* and not at all */
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 5, "\1\1\1\1", 4), 0);
    struct leat_tlv_writer dry;
    assert_int_equal(leat_tlv_writer_init(&dry, leat_tlv_dialect("netlink"), NULL, 0), 0);
    assert_int_equal(leat_tlv_begin(&dry, 16), 0);
    assert_int_equal(leat_tlv_fill(&dry, 0, "abcd", 4), 0); /* the size is the same */
    assert_int_equal(leat_tlv_end(&dry), 0);
}

static void the_protocols_own_frames_keep_their_bounds(void **state)
{
    (void)state;
    static struct sheet sheet;
    static const char text[2000] = "x";
    const struct leat_sink sink = {sheet_reserve, sheet_commit, &sheet};
    struct leat_tlv_writer writer;
    struct leat_protocol_hello hello = {.version = 1}, both;
    struct leat_protocol_error error = {.code = 1};
    struct leat_protocol_batch batch;
    const void *frame;
    int64_t bytes;
    uint64_t sequence;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, 4096), 0);

    hello.version = 0;
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL);
    hello = (struct leat_protocol_hello){.version = 1, .name = text, .name_bytes = 256};
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL);
    hello.name_bytes = -1;
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL);
    hello = (struct leat_protocol_hello){.version = 1, .name_bytes = 1};
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL);
    error.text_bytes = 1;
    assert_int_equal(leat_protocol_error_put(&writer, &error), -EINVAL);
    error.text = text;
    error.text_bytes = 1025;
    assert_int_equal(leat_protocol_error_put(&writer, &error), -EINVAL);
    error.text_bytes = -1;
    assert_int_equal(leat_protocol_error_put(&writer, &error), -EINVAL);
    assert_int_equal(leat_protocol_batch_add(&writer, "x", 1), -EINVAL);
    assert_int_equal(leat_protocol_batch_end(&writer), -EINVAL);
    assert_int_equal(writer.position, 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, 5), 0);
    error.text_bytes = 1;
    hello = (struct leat_protocol_hello){.version = 1};
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL); /* within a batch */
    assert_int_equal(leat_protocol_error_put(&writer, &error), -EINVAL);
    assert_int_equal(leat_protocol_batch_begin(&writer, 5), -EINVAL);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);

    /* Dry, and without what may be left out. */
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), NULL, 0), 0);
    error.text_bytes = 0;
    assert_int_equal(leat_protocol_error_put(&writer, &error), 0);
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, 0), 0);
    assert_int_equal(leat_protocol_batch_add(&writer, "abc", 3), 0);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);

    /* Items that are too long, unknown, broken, of the wrong width. */
    unsigned char long_name[6 + 1100] = {0, 5, 0, 0, 4, 0x4c};
    assert_int_equal(leat_protocol_hello_read(long_name, sizeof long_name, &hello), -EBADMSG);
    long_name[1] = 4;
    assert_int_equal(leat_protocol_error_read(long_name, sizeof long_name, &error), -EBADMSG);
    static const unsigned char unknown[] = {0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7}, critical[] = {0x80, 9, 0, 0, 0, 0},
                               cut[] = {0, 1, 0}, narrow[] = {0, 1, 0, 0, 0, 1, 7};
    assert_int_equal(leat_protocol_error_read(unknown, sizeof unknown, &error), 0);
    assert_int_equal(error.code, 7);
    assert_int_equal(leat_protocol_error_read(critical, sizeof critical, &error), -EPROTO);
    assert_int_equal(leat_protocol_error_read(cut, sizeof cut, &error), -EBADMSG);
    assert_int_equal(leat_protocol_error_read(narrow, sizeof narrow, &error), -EBADMSG);
    assert_int_equal(leat_protocol_error_read("", 0, &error), -EBADMSG); /* no code */
    assert_int_equal(leat_protocol_error_read(NULL, -1, &error), -EBADMSG);
    assert_int_equal(leat_protocol_hello_read(NULL, -1, &hello), -EBADMSG);
    const struct leat_protocol_hello older = {.version = 1, .max_value = 10}, newer = {.version = 2, .max_value = 5};
    assert_int_equal(leat_protocol_agree(&newer, &older, &both), 0);
    assert_int_equal(both.version, 1);
    assert_int_equal(both.max_value, 5);
    assert_int_equal(leat_protocol_agree(&older, &newer, &both), 0);
    assert_int_equal(both.max_value, 5);

    /* A batch with strangers among its frames. */
    static const unsigned char mixed[] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 'x'};
    static const unsigned char strange[] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0x80, 9, 0, 0, 0, 0},
                               more[] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    assert_int_equal(leat_protocol_batch_open(&batch, mixed, sizeof mixed), 0);
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &bytes, &sequence), 0);
    assert_int_equal(bytes, 1);
    assert_int_equal(sequence, 7);
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &bytes, &sequence), -EPIPE);
    assert_int_equal(leat_protocol_batch_open(&batch, strange, sizeof strange), 0);
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &bytes, &sequence), -EPROTO);
    assert_int_equal(leat_protocol_batch_open(&batch, more, sizeof more), 0);
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &bytes, &sequence), -EBADMSG);
    assert_int_equal(leat_protocol_crc_set("", 0, NULL, NULL), -EINVAL);
    assert_int_equal(leat_protocol_crc_check("", 0, NULL, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_tables_keep_their_bounds),
        cmocka_unit_test(rows_of_tables_make_sense),
        cmocka_unit_test(fields_stand_where_there_are_bytes),
        cmocka_unit_test(what_is_broken_by_hand_is_not_valid),
        cmocka_unit_test(every_dialect_reads_what_it_writes_at_every_edge),
        cmocka_unit_test(writers_refuse_what_cannot_be_meant),
        cmocka_unit_test(the_protocols_own_frames_keep_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
