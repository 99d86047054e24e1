/* SPDX-License-Identifier: MIT */
/*
 * round_trip.c: what the cursor reads, the writer writes again, byte for byte.
 *
 *     round_trip [--other-bytes] [--malformed] DIALECT FILE...    the files
 *     round_trip [--other-bytes] [--malformed] <LINES             lines of a dialect's name, a blank, and bytes in hex
 *
 * Every item is given to the writer as an application would give it: type, kind, value, and what its header holds beside type and length.
 * A trailer (PNG's CRC, pcapng's second length) is the application's, too. An item that the writer cannot open, because something stands
 * behind the items inside (BGP's routes) or the flag that it nests was not set (the kernel's IFLA_LINKINFO), is put with its value as it
 * is, and what is inside is an input more.
 *
 * Exit code 0: all came back the same, and there was an input. --other-bytes: items that are the same in other bytes (a length that is not
 * in its shortest form) are counted only; --malformed: so is what the cursor refuses.
 */
#include <leat/tlv.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MOST (1 << 24)
#define AREAS_MOST 4096
#define DIALECTS_MOST 64

struct area {
    const struct leat_tlv_dialect *dialect;
    const unsigned char *data;
    int64_t bytes;
};

struct count {
    const char *name;
    int64_t inputs, items, bytes, whole, other_bytes, malformed, unwritable, different;
};

/* One input on its way through cursor and writer. */
struct trip {
    struct leat_tlv_cursor cursor;
    struct leat_tlv_writer writer;
    const unsigned char *data;
    unsigned char *room;
    int64_t starts[LEAT_TLV_DEPTH_MAX]; /* where the open items begin in room */
    struct leat_tlv_item open[LEAT_TLV_DEPTH_MAX];
    struct count *count;
};

static struct count counts[DIALECTS_MOST];
static struct area areas[AREAS_MOST];
static int area_count;

static struct count *count_of(const struct leat_tlv_dialect *dialect)
{
    struct count *count = counts;
    while (count < counts + DIALECTS_MOST - 1 && count->name != NULL && strcmp(count->name, leat_tlv_dialect_name(dialect)) != 0)
        count++;
    count->name = leat_tlv_dialect_name(dialect);
    return count;
}

static int64_t room_reserve(void *context, int64_t min_bytes, void **span)
{
    (void)min_bytes;
    *span = ((struct trip *)context)->room;
    return INT64_MAX;
}

static void room_commit(void *context, int64_t bytes)
{
    (void)context;
    (void)bytes;
}

/* A field of the fixed part that is a whole number, or bits of it. */
static uint64_t number(const struct leat_tlv_field *field, const unsigned char *item)
{
    const uint16_t one = 1;
    unsigned char low;
    uint64_t word = 0;
    memcpy(&low, &one, 1);
    bool little = field->codec == LEAT_TLV_LITTLE || (field->codec == LEAT_TLV_HOST && low == 1);
    for (int32_t i = 0; i < field->bytes; i++)
        word = word << 8 | item[field->at + (little ? field->bytes - 1 - i : i)];
    return word >> field->shift & field->mask;
}

/* What stands behind the value comes from the application: here, from what was read. @param start  of the item that was written last */
static void put_trailer(struct trip *trip, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item, int64_t start)
{
    int64_t bytes = dialect->trailer_bytes, at = item->header_bytes + item->length;
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].value == item->kind)
            bytes += dialect->kinds[i].trailer;
    }
    if (item->length >= 0 && bytes > 0 && start + at + bytes <= trip->writer.position)
        memcpy(trip->room + start + at, trip->data + item->offset + at, (size_t)bytes);
}

static int put(struct trip *trip, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    const unsigned char *header = trip->data + item->offset;
    int64_t fixed = dialect->header_bytes, start = trip->writer.position, label = 0;
    int code;
    if (dialect->label.codec != LEAT_TLV_NONE)
        label = (int64_t)number(&dialect->label, header);
    if (fixed > 0 && item->header_bytes >= fixed && item->kind != LEAT_TLV_KIND_MARK) {
        code = leat_tlv_put_header(&trip->writer, item->type, item->kind, header, fixed + label, item->value, item->length);
        if (code == -EINVAL) /* a mark of one byte in a header of one */
            code = leat_tlv_put_kind(&trip->writer, item->type, item->kind, item->value, item->length);
    } else {
        code = leat_tlv_put_kind(&trip->writer, item->type, item->kind, item->value, item->length);
    }
    if (code == 0 && item->kind != LEAT_TLV_KIND_MARK)
        put_trailer(trip, dialect, item, start);
    return code;
}

/* Opens the item in the writer, with what stands before the items inside; how many bytes of that count them, the writer knows. */
static int begin(struct trip *trip, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    const unsigned char *data = trip->data + item->offset;
    int64_t before = trip->cursor.inside_start - item->offset - item->header_bytes, start = trip->writer.position;
    int code = item->length < 0 ? leat_tlv_begin_indefinite(&trip->writer, item->type) : -EINVAL;
    if (item->length >= 0 && trip->cursor.inside_end != item->offset + item->header_bytes + item->length)
        return -EINVAL;
    for (int64_t counter = 0; item->length >= 0 && code == -EINVAL && counter <= before && counter <= 8; counter++)
        code = leat_tlv_begin_value(&trip->writer, item->type, item->kind, item->value, before - counter);
    if (code == 0 && dialect->header_bytes > 0)
        code = leat_tlv_fill(&trip->writer, 0, data, dialect->header_bytes);
    if (code != 0)
        return code;
    trip->starts[trip->writer.depth - 1] = start;
    trip->open[trip->writer.depth - 1] = *item;
    return code;
}

static int end(struct trip *trip, const struct leat_tlv_dialect *dialect)
{
    int32_t depth = trip->writer.depth - 1;
    int code = leat_tlv_end(&trip->writer);
    if (code == 0)
        put_trailer(trip, dialect, &trip->open[depth], trip->starts[depth]);
    return code;
}

/* One item, and into it if it is constructed. Returns 0, or what the writer said. */
static int copy_item(struct trip *trip, const struct leat_tlv_item *item)
{
    const struct leat_tlv_dialect *dialect = leat_tlv_cursor_dialect(&trip->cursor);
    bool flag = dialect->nested.codec == LEAT_TLV_NONE || number(&dialect->nested, trip->data + item->offset) != 0;
    if (item->end_mark && dialect->indefinite)
        return 0; /* leat_tlv_end writes it */
    if (item->constructed && flag) {
        int code = begin(trip, dialect, item);
        if (code == 0)
            return leat_tlv_enter(&trip->cursor) ? 0 : -ELOOP;
        if (code != -EINVAL || item->length < 0)
            return code;
    }
    if (item->constructed && area_count < AREAS_MOST) {
        areas[area_count++] =
            (struct area){trip->cursor.inside, trip->data + trip->cursor.inside_start, trip->cursor.inside_end - trip->cursor.inside_start};
        trip->count->whole++;
    }
    return put(trip, dialect, item);
}

/* All of the input. Returns 0, what the writer said, or -EBADMSG: malformed. */
static int copy_all(struct trip *trip)
{
    struct leat_tlv_item item;
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(&trip->cursor, &item);
        int code = 0;
        if (next == LEAT_TLV_BAD)
            return -EBADMSG;
        if (next == LEAT_TLV_ITEM) {
            trip->count->items++;
            code = copy_item(trip, &item);
        } else if (trip->cursor.depth == 0) {
            return 0;
        } else if (!leat_tlv_leave(&trip->cursor)) {
            return -EBADMSG;
        } else {
            code = end(trip, leat_tlv_cursor_dialect(&trip->cursor));
        }
        if (code == -ELOOP)
            return -EBADMSG;
        if (code != 0)
            return code;
    }
}

/* Whether both hold the same items: types, kinds, depths and values. */
static bool same_items(const struct leat_tlv_dialect *dialect, const unsigned char *a, int64_t a_bytes, const unsigned char *b,
                       int64_t b_bytes)
{
    static struct leat_tlv_cursor one, other;
    struct leat_tlv_item x, y;
    if (leat_tlv_cursor_init(&one, dialect, a, a_bytes, 0, NULL) != 0 || leat_tlv_cursor_init(&other, dialect, b, b_bytes, 0, NULL) != 0)
        return false;
    for (;;) {
        enum leat_tlv_next next = leat_tlv_walk(&one, &x), too = leat_tlv_walk(&other, &y);
        if (next != too || next == LEAT_TLV_BAD)
            return false;
        if (next == LEAT_TLV_END)
            return true;
        if (x.type != y.type || x.kind != y.kind || x.depth != y.depth || x.constructed != y.constructed)
            return false;
        if (!x.constructed && (x.length != y.length || (x.length > 0 && memcmp(x.value, y.value, (size_t)x.length) != 0)))
            return false;
    }
}

static void tell(const struct trip *trip, const char *what, const char *dialect, int64_t read)
{
    int64_t at = 0;
    while (at < read && at < trip->writer.position && trip->data[at] == trip->room[at])
        at++;
    printf("%s: %s, from offset %lld on; %lld bytes read, %lld written\n", dialect, what, (long long)at, (long long)read,
           (long long)trip->writer.position);
}

static void round_trip(const struct area *area)
{
    static struct trip trip;
    const struct leat_tlv_limits limits = {.max_frame = INT64_C(1) << 32};
    int64_t capacity = 2 * area->bytes + 4096;
    const struct leat_sink sink = {room_reserve, room_commit, &trip};
    trip.data = area->data;
    trip.count = count_of(area->dialect);
    trip.room = malloc((size_t)capacity);
    if (trip.room == NULL || leat_tlv_cursor_init(&trip.cursor, area->dialect, area->data, area->bytes, 0, &limits) != 0 ||
        leat_tlv_writer_init(&trip.writer, area->dialect, &sink, capacity) != 0) {
        fprintf(stderr, "round_trip: no such input, or no memory\n");
        exit(2);
    }
    struct count *count = trip.count;
    int code = copy_all(&trip);
    int64_t read = trip.cursor.levels[0].position;
    count->inputs++;
    if (code == -EBADMSG) {
        count->malformed++;
    } else if (code != 0) {
        count->unwritable++;
        tell(&trip, code == -EINVAL ? "the writer says EINVAL" : "the writer says EMSGSIZE", count->name, read);
    } else if (leat_tlv_finish(&trip.writer) == read && memcmp(trip.room, area->data, (size_t)read) == 0) {
        count->bytes += read;
    } else if (same_items(area->dialect, area->data, read, trip.room, trip.writer.position)) {
        count->other_bytes++;
        tell(&trip, "the same items in other bytes", count->name, read);
    } else {
        count->different++;
        tell(&trip, "not the same items", count->name, read);
    }
    free(trip.room);
}

/* An input, and what is inside items that were put as they were. */
static void take(const struct leat_tlv_dialect *dialect, const unsigned char *data, int64_t bytes)
{
    areas[0] = (struct area){dialect, data, bytes};
    area_count = 1;
    for (int i = 0; i < area_count; i++) {
        struct area area = areas[i];
        round_trip(&area);
    }
}

static const struct leat_tlv_dialect *dialect_or_exit(const char *name)
{
    const struct leat_tlv_dialect *dialect = leat_tlv_dialect(name);
    if (dialect != NULL && dialect->cut == LEAT_TLV_CUT_NOT)
        return dialect;
    fprintf(stderr, "round_trip: no TLV dialect '%s'\n", name);
    exit(2);
}

static void take_file(const char *name, const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = malloc(LINE_MOST);
    if (file == NULL || data == NULL) {
        fprintf(stderr, "round_trip: cannot read %s\n", path);
        exit(2);
    }
    size_t bytes = fread(data, 1, LINE_MOST, file);
    take(dialect_or_exit(name), data, (int64_t)bytes);
    free(data);
    fclose(file);
}

/* Two digits of hex for each byte. Returns how many, or -1: there is something else. */
static int64_t from_hex(const char *text, unsigned char *data)
{
    int64_t bytes = 0;
    unsigned byte;
    int used;
    for (; text[0] != '\0' && text[0] != '\n'; text += 2) {
        if (text[1] == '\0' || sscanf(text, "%2x%n", &byte, &used) != 1 || used != 2)
            return -1;
        data[bytes++] = (unsigned char)byte;
    }
    return bytes;
}

static void take_lines(void)
{
    char *line = malloc(LINE_MOST);
    unsigned char *data = malloc(LINE_MOST / 2);
    while (line != NULL && data != NULL && fgets(line, LINE_MOST, stdin) != NULL) {
        char *blank = strchr(line, ' ');
        int64_t bytes = -1;
        if (blank != NULL) {
            *blank = '\0';
            bytes = from_hex(blank + 1, data);
        }
        if (bytes < 0) {
            fprintf(stderr, "round_trip: a line that is not DIALECT HEX: %.60s\n", line);
            exit(2);
        }
        take(dialect_or_exit(line), data, bytes);
    }
    free(line);
    free(data);
}

int main(int argc, char **argv)
{
    bool other_bytes = false, malformed = false, bad = false;
    int64_t inputs = 0;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        other_bytes |= strcmp(argv[at], "--other-bytes") == 0;
        malformed |= strcmp(argv[at], "--malformed") == 0;
    }
    if (at == argc)
        take_lines();
    for (int i = at + 1; i < argc; i++)
        take_file(argv[at], argv[i]);
    for (const struct count *count = counts; count < counts + DIALECTS_MOST && count->name != NULL; count++) {
        printf("%s: %lld inputs, %lld items, %lld bytes the same; %lld items put whole, %lld inputs in other bytes, %lld malformed, "
               "%lld unwritable, %lld different\n",
               count->name, (long long)count->inputs, (long long)count->items, (long long)count->bytes, (long long)count->whole,
               (long long)count->other_bytes, (long long)count->malformed, (long long)count->unwritable, (long long)count->different);
        inputs += count->inputs;
        bad |= count->different > 0 || count->unwritable > 0 || (count->other_bytes > 0 && !other_bytes) ||
               (count->malformed > 0 && !malformed);
    }
    return bad || inputs == 0;
}
