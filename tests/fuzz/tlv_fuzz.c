/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte chooses the dialect, or that one is made up of the next bytes; the second how the rest is cut, the third
 * how it is walked. Cursor and framer must agree, and all ways of walking, whatever the bytes are, and whatever the writer made of what the
 * cursor read must read as the same again.
 *
 *     clang -g -O1 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/tlv_fuzz.c src/tlv/[a-z]*.c -o tlv_fuzz && ./tlv_fuzz
 */
#include "made_up.h"

#include <leat/value.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define want(fact) want_at((fact), __LINE__)
static void want_at(bool fact, int line)
{
    if (fact)
        return;
    fprintf(stderr, "tlv_fuzz.c:%d: this does not hold\n", line);
    abort();
}

static unsigned char room[ROOM];

static int64_t room_reserve(void *context, int64_t min_bytes, void **span)
{
    (void)context;
    *span = room;
    return min_bytes <= ROOM ? ROOM : 0;
}

static void room_commit(void *context, int64_t bytes)
{
    *(int64_t *)context += bytes;
}

/* Writes an item as it was: with its header's other bytes, where the dialect has a fixed part, but without its label. */
static bool put(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    const unsigned char *header = item->value - item->header_bytes;
    int64_t fixed = dialect->header_bytes;
    if (fixed > 0 && item->header_bytes >= fixed && item->kind != LEAT_TLV_KIND_MARK &&
        leat_tlv_put_header(writer, item->type, item->kind, header, fixed, item->value, item->length) == 0)
        return true;
    return leat_tlv_put_kind(writer, item->type, item->kind, item->value, item->length) == 0;
}

/* Opens an item as it was, if what its value begins with is all that stands before the items in it; else with zeros. */
static bool begin(struct leat_tlv_writer *writer, const struct leat_tlv_cursor *cursor, const struct leat_tlv_item *item)
{
    int64_t before = cursor->data + cursor->inside_start - item->value;
    return leat_tlv_begin_value(writer, item->type, item->kind, item->value, before) == 0 || leat_tlv_begin(writer, item->type) == 0;
}

/* Whatever the value is, taken as an object identifier: as long in just enough room, and refused in less. */
static void identifier(const struct leat_tlv_item *item)
{
    char text[LEAT_TLV_OID_CHARS], *exact;
    int64_t letters = leat_tlv_oid(item, text, sizeof text);
    if (letters < 0)
        return;
    exact = malloc((size_t)letters + 1);
    want(exact != NULL && leat_tlv_oid(item, exact, letters + 1) == letters && strcmp(exact, text) == 0);
    want(leat_tlv_oid(item, exact, letters) == -EMSGSIZE);
    free(exact);
}

/* Walks everything, writing each item again. Returns the bytes walked at the top level, and the rule that stopped it. */
static int64_t walk(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, enum leat_tlv_rule *rule, uint64_t *sum)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    struct leat_tlv_writer writer;
    int64_t written = 0, items = 0;
    struct leat_sink sink = {room_reserve, room_commit, &written};
    bool copy = dialect->cut == LEAT_TLV_CUT_NOT;
    want(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, NULL) == 0);
    want(leat_tlv_writer_init(&writer, copy ? dialect : leat_tlv_dialect("der"), &sink, ROOM) == 0);
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
        want(leat_tlv_cursor_valid(&cursor) && leat_tlv_writer_valid(&writer));
        if (next == LEAT_TLV_BAD)
            break;
        if (next == LEAT_TLV_ITEM) {
            want(++items <= bytes && item.offset >= 0 && item.offset < bytes && item.length <= bytes);
            want(item.value >= data && (item.length < 0 || item.length <= data + bytes - item.value));
            *sum = *sum * 31 + item.type * 7 + (item.constructed ? 3 : (uint64_t)item.length) + (uint64_t)item.depth + item.kind * 5;
            const struct leat_tlv_dialect *level = leat_tlv_cursor_dialect(&cursor);
            identifier(&item);
            if (item.constructed) {
                copy = copy && begin(&writer, &cursor, &item);
                if (!leat_tlv_enter(&cursor))
                    break;
            } else if (!item.end_mark || !dialect->indefinite) {
                copy = copy && put(&writer, level, &item);
            }
        } else {
            if (!leat_tlv_leave(&cursor))
                break;
            copy = copy && leat_tlv_end(&writer) == 0;
        }
    }
    *rule = leat_tlv_cursor_fault(&cursor)->rule;
    return copy && *rule == LEAT_TLV_OK ? leat_tlv_finish(&writer) : -1;
}

static int64_t frames(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, int64_t step, enum leat_tlv_rule *rule)
{
    struct leat_tlv_framer framer;
    int64_t at = 0, there = step < bytes ? step : bytes, count = 0, n = 0;
    want(leat_tlv_framer_init(&framer, dialect, NULL) == 0);
    for (;;) {
        enum leat_tlv_frame frame = leat_tlv_frame(&framer, data + at, there - at, &n);
        want(leat_tlv_framer_valid(&framer));
        if (frame == LEAT_TLV_MALFORMED)
            break;
        if (frame == LEAT_TLV_WHOLE) {
            want(n > 0 && n <= there - at);
            at += n;
            count++;
            if (at < bytes && !leat_tlv_framer_ended(&framer))
                continue;
            leat_tlv_framer_end(&framer, bytes - at);
            break;
        }
        want(n > there - at);
        if (there == bytes) {
            count += leat_tlv_framer_end(&framer, there - at) == 0 && there > at;
            break;
        }
        there = there + step < bytes ? there + step : bytes;
    }
    *rule = leat_tlv_framer_fault(&framer)->rule;
    return count;
}

/* What the other ways of walking must agree in. */
struct tally {
    uint64_t sum;
    int64_t items, over; /* every `over`-th item is not entered, 0: all are */
};

static void count_in(struct tally *tally, const struct leat_tlv_item *item)
{
    tally->items++;
    tally->sum = tally->sum * 31 + item->type * 7 + (uint64_t)item->length * 3 + (uint64_t)item->depth + (uint64_t)item->offset * 13 +
                 (item->constructed ? 17 : 0);
}

static inline enum leat_tlv_visit visit(void *context, const struct leat_tlv_item *item)
{
    struct tally *tally = context;
    count_in(tally, item);
    return tally->over > 0 && tally->items % tally->over == 0 ? LEAT_TLV_OVER : LEAT_TLV_INTO;
}

/* leat_tlv_walk, leat_tlv_each and leat_tlv_items give the same. @param over  likewise */
static void same_walks(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, int64_t over, int64_t most)
{
    const struct leat_tlv_limits limits = {.max_depth = over % 5 == 4 ? 3 : 0, .max_items = over % 7 == 6 ? 9 : 0};
    struct leat_tlv_cursor one, many, batch;
    struct leat_tlv_item item, items[8];
    struct tally tally = {.over = over}, each = {.over = over}, all = {0}, batches = {0};
    enum leat_tlv_next next;
    want(leat_tlv_cursor_init(&one, dialect, data, bytes, 0, &limits) == 0);
    while ((next = leat_tlv_walk(&one, &item)) == LEAT_TLV_ITEM) {
        if (visit(&tally, &item) == LEAT_TLV_OVER && !leat_tlv_over(&one)) {
            next = LEAT_TLV_BAD;
            break;
        }
        want(leat_tlv_cursor_valid(&one));
    }
    want(leat_tlv_cursor_init(&many, dialect, data, bytes, 0, &limits) == 0);
    want(leat_tlv_each(&many, visit, &each) == next && leat_tlv_cursor_valid(&many));
    want(each.sum == tally.sum && each.items == tally.items);
    want(leat_tlv_cursor_fault(&one)->rule == leat_tlv_cursor_fault(&many)->rule);
    want(leat_tlv_cursor_fault(&one)->offset == leat_tlv_cursor_fault(&many)->offset);
    want(leat_tlv_cursor_init(&one, dialect, data, bytes, 0, &limits) == 0);
    while (leat_tlv_walk(&one, &item) == LEAT_TLV_ITEM)
        count_in(&all, &item);
    want(leat_tlv_cursor_init(&batch, dialect, data, bytes, 0, &limits) == 0);
    for (int64_t n; (n = leat_tlv_items(&batch, items, most)) > 0;) {
        want(leat_tlv_cursor_valid(&batch) || leat_tlv_cursor_fault(&batch)->rule != LEAT_TLV_OK);
        for (int64_t i = 0; i < n; i++)
            count_in(&batches, &items[i]);
    }
    want(batches.sum == all.sum && batches.items == all.items);
    want(leat_tlv_cursor_fault(&one)->rule == leat_tlv_cursor_fault(&batch)->rule);
    want(leat_tlv_cursor_fault(&one)->offset == leat_tlv_cursor_fault(&batch)->offset);
}

/* leat_tlv_frames gives what leat_tlv_frame gives. */
static void same_frames(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, int64_t most)
{
    struct leat_tlv_framer one, many;
    struct leat_tlv_place places[8];
    enum leat_tlv_frame state, single;
    int64_t at = 0, n = 0, need = 0;
    want(leat_tlv_framer_init(&one, dialect, NULL) == 0 && leat_tlv_framer_init(&many, dialect, NULL) == 0);
    for (;;) {
        int64_t given = leat_tlv_frames(&many, data + at, bytes - at, places, most, &state, &need), from = at;
        for (int64_t i = 0; i < given; i++) {
            want(leat_tlv_frame(&one, data + at, bytes - at, &n) == LEAT_TLV_WHOLE);
            want(places[i].offset == at - from && places[i].bytes == n);
            at += n;
        }
        if (state != LEAT_TLV_WHOLE) {
            single = leat_tlv_frame(&one, data + at, bytes - at, &n);
            want(single == state && (state != LEAT_TLV_NEED || n == need));
            want(leat_tlv_framer_fault(&one)->rule == leat_tlv_framer_fault(&many)->rule);
            return;
        }
        want(given > 0);
        want(leat_tlv_framer_ended(&one) == leat_tlv_framer_ended(&many));
        if (at == bytes)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int64_t dialects;
    while (leat_tlv_dialect_at(dialects) != NULL)
        dialects++;
    if (size < 3)
        return 0;
    struct source source = {data + 3, size - 3};
    const struct leat_tlv_dialect *dialect = data[0] < 192 ? leat_tlv_dialect_at(data[0] % dialects) : made_up(&source);
    if (dialect == NULL)
        return 0;
    const uint8_t *rest = source.data;
    int64_t bytes = (int64_t)source.bytes, step = 1 + data[1];
    uint64_t sum = 0, again = 0;
    enum leat_tlv_rule walked, whole, cut;
    int64_t written = walk(dialect, rest, bytes, &walked, &sum);
    int64_t count = frames(dialect, rest, bytes, bytes, &whole);
    want((count == frames(dialect, rest, bytes, step, &cut) || dialect->cut == LEAT_TLV_CUT_RAW) && whole == cut);
    if (dialect->shape == LEAT_TLV_SHAPE_BER)
        want((walked == LEAT_TLV_OK) == (whole == LEAT_TLV_OK));
    else
        want(walked != LEAT_TLV_OK || whole == LEAT_TLV_OK);
    same_walks(dialect, rest, bytes, data[2] % 32, 1 + data[2] % 8);
    same_frames(dialect, rest, bytes, 1 + data[2] % 8);
    if (written > 0 && !dialect->indefinite && data[0] < 192) { /* (indefinite lengths are written as definite ones) */
        uint8_t *copy = malloc((size_t)written);
        want(copy != NULL);
        memcpy(copy, room, (size_t)written);
        want(walk(dialect, copy, written, &walked, &again) == written && walked == LEAT_TLV_OK);
        /* Fixed parts are written as zeros: a bridge's message has a family of 0 then, whose attributes nest more. */
        want(again == sum || dialect->nest_count > 0);
        free(copy);
    }
    return 0;
}
