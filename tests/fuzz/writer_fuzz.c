/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte chooses the dialect, or that one is made up of the next bytes; the second and third say how much room
 * there is, the rest are calls of the writer. Three writers get each call: a dry one, one with room enough, one with that room and not a
 * byte more. The first two agree in every code and position; the third differs only by -EMSGSIZE. A call that fails has changed nothing, in
 * the writer or in what it wrote. And the cursor finds what was put, item for item.
 *
 *     make fuzz
 */
#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM (1 << 17)
#define CALLS_MOST 200
#define DEPTH_MOST 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define want(fact) want_at((fact), __LINE__)
static void want_at(bool fact, int line)
{
    if (fact)
        return;
    fprintf(stderr, "writer_fuzz.c:%d: this does not hold\n", line);
    abort();
}

enum call { PUT, PUT_KIND, PUT_HEADER, BEGIN, BEGIN_KIND, BEGIN_VALUE, BEGIN_INDEFINITE, END, FILL, CALLS };

struct step {
    enum call call;
    uint64_t type, kind;
    const uint8_t *value, *header;
    int64_t length, header_bytes;
};

struct place {
    unsigned char *bytes, *before;
    int64_t room, committed;
};

static int64_t place_reserve(void *context, int64_t min_bytes, void **span)
{
    struct place *place = context;
    *span = place->bytes;
    return min_bytes <= place->room ? place->room : 0;
}

static void place_commit(void *context, int64_t bytes)
{
    ((struct place *)context)->committed += bytes;
}

static int call(struct leat_tlv_writer *writer, const struct step *step)
{
    switch (step->call) {
    case PUT:
        return leat_tlv_put(writer, step->type, step->value, step->length);
    case PUT_KIND:
        return leat_tlv_put_kind(writer, step->type, step->kind, step->value, step->length);
    case PUT_HEADER:
        return leat_tlv_put_header(writer, step->type, step->kind, step->header, step->header_bytes, step->value, step->length);
    case BEGIN:
        return leat_tlv_begin(writer, step->type);
    case BEGIN_KIND:
        return leat_tlv_begin_kind(writer, step->type, step->kind);
    case BEGIN_VALUE:
        return leat_tlv_begin_value(writer, step->type, step->kind, step->value, step->length);
    case BEGIN_INDEFINITE:
        return leat_tlv_begin_indefinite(writer, step->type);
    case END:
        return leat_tlv_end(writer);
    default:
        return leat_tlv_fill(writer, (int64_t)step->kind, step->value, step->length);
    }
}

/* The call, after which a writer that refused it is as it was, with all its bytes. */
static int checked(struct leat_tlv_writer *writer, const struct step *step, struct place *place)
{
    static struct leat_tlv_writer before;
    memcpy(&before, writer, sizeof before);
    if (place != NULL && place->room > 0)
        memcpy(place->before, place->bytes, (size_t)place->room);
    int code = call(writer, step);
    want(leat_tlv_writer_valid(writer) && (code == 0 || code == -EINVAL || code == -EMSGSIZE));
    if (code != 0) {
        want(writer->position == before.position && writer->depth == before.depth);
        want(writer->row.state == before.row.state && writer->row.previous == before.row.previous);
        want(memcmp(writer->open, before.open, (size_t)writer->depth * sizeof writer->open[0]) == 0);
        want(place == NULL || place->room == 0 || memcmp(place->bytes, place->before, (size_t)place->room) == 0);
    }
    return code;
}

static const uint8_t *take(struct source *source, int64_t *bytes)
{
    const uint8_t *start = source->data;
    *bytes = *bytes < (int64_t)source->bytes ? *bytes : (int64_t)source->bytes;
    source->data += *bytes;
    source->bytes -= (size_t)*bytes;
    return start;
}

/* The next call; its types and kinds are mostly those that the dialect knows. */
static struct step next_step(struct source *source, const struct leat_tlv_dialect *dialect)
{
    struct step step = {.call = (enum call)(byte_of(source) % CALLS), .kind = LEAT_TLV_KIND_ANY};
    uint8_t how = byte_of(source), which = byte_of(source);
    step.type = (how & 1) != 0 && dialect->name_count > 0 ? dialect->names[which % dialect->name_count].type : which;
    if ((how & 2) != 0 && dialect->nest_count > 0)
        step.type = dialect->nests[which % dialect->nest_count].first;
    if ((how & 4) != 0)
        step.type = step.type << 8 | byte_of(source);
    if ((how & 8) != 0 && dialect->kind_count > 0)
        step.kind = dialect->kinds[which % dialect->kind_count].value;
    if ((how & 16) != 0)
        step.kind = which % 2 != 0 ? LEAT_TLV_KIND_MARK : which;
    step.length = how >> 5 == 7 ? 300 : byte_of(source) % 40;
    step.value = take(source, &step.length);
    step.header_bytes = step.call == PUT_HEADER ? dialect->header_bytes + which % 3 : 0;
    step.header = take(source, &step.header_bytes);
    if (step.call == FILL)
        step.kind = which % 64;
    return step;
}

/* Whether a value that is put says by itself what is inside it, or how long it is. */
static bool speaks(const struct leat_tlv_dialect *dialect, const struct step *step)
{
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].how == LEAT_TLV_SELF && dialect->kinds[i].value == step->kind)
            return true;
    }
    for (int32_t i = 0; i < dialect->nest_count; i++) {
        if (step->type >= dialect->nests[i].first && step->type <= dialect->nests[i].last)
            return true;
    }
    return false;
}

/* Finds the calls that were done as items again. Returns how many items were compared. */
static int64_t read_again(const struct leat_tlv_dialect *dialect, const struct step *steps, int64_t count, const uint8_t *data,
                          int64_t bytes)
{
    const struct leat_tlv_limits limits = {.max_frame = ROOM};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    int64_t compared = 0, skipped = 0; /* levels begun inside what is not looked at any more */
    bool over = false;                 /* an end mark stood on this level: what comes is not of it */
    want(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, &limits) == 0);
    for (int64_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        bool begun = step->call >= BEGIN && step->call <= BEGIN_INDEFINITE;
        if (over || skipped > 0) {
            skipped += begun ? 1 : step->call == END ? -1 : 0;
            if (skipped >= 0)
                continue;
            skipped = 0, over = false;
        }
        if (step->call == END) {
            enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
            if (cursor.depth == 0)
                return compared;
            want(next == LEAT_TLV_END || (next == LEAT_TLV_ITEM && item.end_mark) || cursor.levels[cursor.depth].ended);
            want(leat_tlv_leave(&cursor));
            continue;
        }
        const struct leat_tlv_dialect *level = leat_tlv_cursor_dialect(&cursor);
        bool own = !begun && speaks(level, step);
        enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
        if (own && next != LEAT_TLV_ITEM)
            return compared;
        want(next == LEAT_TLV_ITEM && item.type == step->type);
        compared++;
        if (begun) {
            over = !leat_tlv_enter(&cursor); /* it has no items, which were left out, or none fit */
            if (over)
                want(i + 1 < count && steps[i + 1].call == END);
            continue;
        }
        if (own && item.length != step->length)
            return compared;
        want(item.length == step->length && (step->length == 0 || memcmp(item.value, step->value, (size_t)step->length) == 0));
        over = cursor.levels[cursor.depth].ended;
    }
    return compared;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char wide[ROOM], wide_before[ROOM];
    static struct leat_tlv_writer dry, large, small;
    static struct step done[CALLS_MOST + LEAT_TLV_DEPTH_MAX];
    static int64_t dialects;
    int64_t count = 0;
    bool filled = false, apart = false;
    while (leat_tlv_dialect_at(dialects) != NULL)
        dialects++;
    if (size < 3)
        return 0;
    struct source source = {data + 3, size - 3};
    const struct leat_tlv_dialect *dialect = data[0] < 192 ? leat_tlv_dialect_at(data[0] % dialects) : made_up(&source);
    if (dialect == NULL || dialect->cut != LEAT_TLV_CUT_NOT)
        return 0;
    struct place enough = {wide, wide_before, ROOM, 0}, little = {.room = 1 + data[1] + data[2] % 4 * 256};
    const struct leat_sink large_sink = {place_reserve, place_commit, &enough}, small_sink = {place_reserve, place_commit, &little};
    little.bytes = malloc((size_t)little.room), little.before = malloc((size_t)little.room);
    want(little.bytes != NULL && little.before != NULL);
    memset(little.bytes, 0xa5, (size_t)little.room);
    want(leat_tlv_writer_init(&dry, dialect, NULL, 0) == 0 && leat_tlv_writer_init(&large, dialect, &large_sink, ROOM) == 0);
    want(leat_tlv_writer_init(&small, dialect, &small_sink, little.room) == 0);
    enough.room = 0; /* of which nothing is compared: it would take most of the time */
    for (int64_t calls = 0; calls < CALLS_MOST && (source.bytes > 0 || large.depth > 0); calls++) {
        struct step step = source.bytes > 0 ? next_step(&source, large.depth > 0 ? large.open[large.depth - 1].inside : dialect)
                                            : (struct step){.call = END};
        if (step.call >= BEGIN && step.call <= BEGIN_INDEFINITE && large.depth >= DEPTH_MOST)
            continue;
        int code = checked(&large, &step, &enough), other = checked(&small, &step, &little);
        want(checked(&dry, &step, NULL) == code && dry.position == large.position && dry.depth == large.depth);
        want(apart || other == code || other == -EMSGSIZE);
        apart |= other != code;
        want(apart || small.position == large.position);
        filled |= code == 0 && step.call == FILL;
        if (code == 0 && step.call != FILL)
            done[count++] = step;
        else if (source.bytes == 0)
            break; /* an item that cannot be ended: too long for its length field */
    }
    want(apart || memcmp(little.bytes, wide, (size_t)small.position) == 0);
    if (large.depth == 0) {
        int64_t bytes = leat_tlv_finish(&large);
        want(bytes == leat_tlv_finish(&dry) && bytes == enough.committed && bytes <= ROOM);
        unsigned char *copy = malloc(bytes > 0 ? (size_t)bytes : 1);
        want(copy != NULL);
        memcpy(copy, wide, (size_t)bytes);
        if (data[0] < 192 && !filled)
            read_again(dialect, done, count, copy, bytes);
        free(copy);
    }
    free(little.bytes);
    free(little.before);
    return 0;
}
