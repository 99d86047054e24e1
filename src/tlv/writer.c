/* SPDX-License-Identifier: MIT */
/* writer.c: items into a sink, nested lengths patched when their item ends. */
#include "tlv_private.h"

int leat_tlv_writer_init(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const struct leat_sink *sink,
                         int64_t max_bytes)
{
    void *span = NULL;
    if (writer == NULL || dialect == NULL || dialect->shape == LEAT_TLV_SHAPE_NONE || dialect->cut != LEAT_TLV_CUT_NOT ||
        (sink != NULL && max_bytes < 1))
        return -EINVAL;
    if (sink != NULL && sink->reserve(sink->context, max_bytes, &span) < max_bytes)
        return -EAGAIN;
    writer->dialect = dialect;
    writer->sink = sink != NULL ? *sink : (struct leat_sink){0};
    writer->data = span;
    writer->capacity = sink != NULL ? max_bytes : LEAT_TLV_LENGTH_CAP;
    writer->position = 0;
    writer->row = (struct leat_tlv_row){dialect->first, -1};
    writer->depth = 0;
    return 0;
}

/* The item that is open, or NULL. */
static struct leat_tlv_open *innermost(struct leat_tlv_writer *writer)
{
    return writer->depth > 0 ? &writer->open[writer->depth - 1] : NULL;
}

/* The dialect of the items put next. */
static const struct leat_tlv_dialect *level_dialect(struct leat_tlv_writer *writer)
{
    const struct leat_tlv_open *open = innermost(writer);
    return open != NULL ? open->inside : writer->dialect;
}

/* Where a byte goes, or NULL: only the size is found. */
static unsigned char *place(const struct leat_tlv_writer *writer, int64_t position)
{
    return writer->data != NULL ? writer->data + position : NULL;
}

static void zeros(struct leat_tlv_writer *writer, int64_t bytes)
{
    if (writer->data != NULL && bytes > 0)
        memset(writer->data + writer->position, 0, (size_t)bytes);
    writer->position += bytes;
}

/* Whether the row, where each item tells the type of the next, can go on with this one. */
static bool row_takes(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, uint64_t type)
{
    const struct leat_tlv_open *open = innermost(writer);
    if (dialect->following.codec == LEAT_TLV_NONE || writer->row.previous >= 0)
        return true;
    if (open != NULL && open->nest != NULL && open->nest->type.codec != LEAT_TLV_NONE)
        return type <= open->nest->type.mask;
    return type == dialect->first;
}

/* The row goes on with an item that begins at `start`: the one before it, or the item around it, tells its type. */
static void row_add(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, uint64_t type, int64_t start)
{
    const struct leat_tlv_open *open = innermost(writer);
    if (dialect->following.codec != LEAT_TLV_NONE && writer->data != NULL) {
        if (writer->row.previous >= 0)
            leat_tlv_field_write(&dialect->following, writer->data + writer->row.previous, type);
        else if (open != NULL && open->nest != NULL && open->nest->type.codec != LEAT_TLV_NONE)
            leat_tlv_field_write(&open->nest->type, writer->data + open->start, type);
    }
    if (dialect->cumulative)
        writer->row.state = type;
    writer->row.previous = start;
}

/* Whether a value of that kind, where such a value says itself where it ends, ends with its last byte. */
static bool ends_there(const struct leat_tlv_dialect *dialect, uint64_t number, const unsigned char *value, int64_t length)
{
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].value != number || dialect->kinds[i].how != LEAT_TLV_SELF)
            continue;
        for (int64_t at = 0; at < length; at++) {
            if ((value[at] & 0x80) == (at == length - 1 ? 0x80 : 0))
                return false;
        }
    }
    return true;
}

/* An item, its value given. @param fixed  of its header, dialect->header_bytes of them; NULL: zeros */
static int put_item(struct leat_tlv_writer *writer, const struct leat_tlv_want *want, const void *fixed, const void *value)
{
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    int64_t room = writer->capacity - writer->position, start = writer->position, length = want->length;
    if (length < 0 || (value == NULL && length > 0 && writer->data != NULL) || !row_takes(writer, dialect, want->type))
        return -EINVAL;
    if (length > room || want->label_bytes > room)
        return -EMSGSIZE;
    int64_t header = leat_tlv_head_bytes(dialect, want);
    if (header < 0)
        return (int)header;
    const uint64_t kind = leat_tlv_kind_for(dialect, want);
    if (value != NULL && !ends_there(dialect, kind, value, length))
        return -EINVAL;
    int64_t whole = header + length + leat_tlv_trailer_of(dialect, kind);
    int64_t padded = leat_tlv_padded(dialect, whole);
    if (padded > room)
        return -EMSGSIZE;
    zeros(writer, header);
    if (writer->data != NULL) {
        if (fixed != NULL)
            memcpy(writer->data + start, fixed, (size_t)dialect->header_bytes);
        if (fixed != NULL && dialect->following.codec != LEAT_TLV_NONE && leat_tlv_mark_of(dialect, want->type, false) == NULL)
            leat_tlv_field_write(&dialect->following, writer->data + start, 0); /* nothing follows yet */
        leat_tlv_head_write(dialect, want, writer->data + start);
        if (length > 0)
            memcpy(writer->data + start + header, value, (size_t)length);
    }
    writer->position += length;
    zeros(writer, padded - header - length);
    if (want->kind != LEAT_TLV_KIND_MARK)
        row_add(writer, dialect, want->type, start);
    return 0;
}

int leat_tlv_put_kind(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *value, int64_t length)
{
    const struct leat_tlv_want want = {.type = type, .length = length, .kind = kind, .state = writer->row.state};
    return put_item(writer, &want, NULL, value);
}

int leat_tlv_put_header(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *header, int64_t header_bytes,
                        const void *value, int64_t length)
{
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    const struct leat_tlv_mark *mark = leat_tlv_mark_of(dialect, type, false);
    struct leat_tlv_want want = {.type = type, .length = length, .kind = kind, .state = writer->row.state};
    int64_t fixed = dialect->header_bytes;
    if (header == NULL || fixed == 0 || header_bytes < fixed || kind == LEAT_TLV_KIND_MARK || (mark != NULL && mark->bare))
        return -EINVAL;
    if (header_bytes > fixed && dialect->label.codec == LEAT_TLV_NONE)
        return -EINVAL;
    want.label = (const unsigned char *)header + fixed;
    want.label_bytes = header_bytes - fixed;
    return put_item(writer, &want, header, value);
}

int leat_tlv_put(struct leat_tlv_writer *writer, uint64_t type, const void *value, int64_t length)
{
    return leat_tlv_put_kind(writer, type, LEAT_TLV_KIND_ANY, value, length);
}

/* What the value holds before the nested items; `data` NULL: `bytes` zeros. `area` bytes more say how long those are. */
struct before {
    const unsigned char *data;
    int64_t bytes;
    int32_t area;
};

/* An item is opened. @param want  with length 0, or -1: indefinite */
static int open_with(struct leat_tlv_writer *writer, const struct leat_tlv_want *want, const struct leat_tlv_nest *nest,
                     const struct before *before)
{
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    const struct leat_tlv_dialect *inside = nest != NULL ? nest->inside : dialect->nested.codec != LEAT_TLV_NONE ? dialect->inside : NULL;
    bool ber = dialect->type.codec == LEAT_TLV_BER_TAG; /* the type itself says whether it nests */
    int64_t header = leat_tlv_head_bytes(dialect, want), start = writer->position, fixed = before->bytes + before->area;
    if (header < 0)
        return (int)header;
    if (header < dialect->header_bytes) /* a mark that is its type alone */
        return -EINVAL;
    if (inside == NULL || inside->shape == LEAT_TLV_SHAPE_NONE || inside->cut != LEAT_TLV_CUT_NOT ||
        (ber && (want->type >> (8 * (header - 2)) & 0x20) == 0))
        return -EINVAL;
    if (!row_takes(writer, dialect, want->type))
        return -EINVAL;
    if (writer->depth == LEAT_TLV_DEPTH_MAX || header + fixed > writer->capacity - writer->position)
        return -EMSGSIZE;
    zeros(writer, header + fixed);
    if (want->length < 0 && writer->data != NULL)
        leat_tlv_head_write(dialect, want, writer->data + start);
    if (before->data != NULL && before->bytes > 0 && writer->data != NULL)
        memcpy(writer->data + start + header, before->data, (size_t)before->bytes);
    struct leat_tlv_row around = writer->row;
    row_add(writer, dialect, want->type, start);
    writer->open[writer->depth++] = (struct leat_tlv_open){.dialect = dialect,
                                                           .inside = inside,
                                                           .nest = nest,
                                                           .start = start,
                                                           .header_bytes = (int32_t)header,
                                                           .fixed_bytes = (int32_t)fixed,
                                                           .type = want->type,
                                                           .kind = want->kind,
                                                           .indefinite = want->length < 0,
                                                           .row = around};
    writer->row = (struct leat_tlv_row){inside->first, -1};
    return 0;
}

static const unsigned char nothing[1] = {0};

/* An item is opened whose fixed part is zero. */
static int open_item(struct leat_tlv_writer *writer, const struct leat_tlv_want *want)
{
    const struct leat_tlv_nest *nest = leat_tlv_nest_of(level_dialect(writer), want->type, NULL, INT32_MAX, nothing);
    const struct before before = {.bytes = nest != NULL ? nest->fixed_bytes : 0};
    if (nest != NULL && (nest->parts != NULL || nest->area_bytes > 0))
        return -EINVAL;
    return open_with(writer, want, nest, &before);
}

int leat_tlv_begin(struct leat_tlv_writer *writer, uint64_t type)
{
    const struct leat_tlv_want want = {.type = type, .kind = LEAT_TLV_KIND_ANY, .state = writer->row.state, .nested = true};
    return open_item(writer, &want);
}

int leat_tlv_begin_kind(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind)
{
    const struct leat_tlv_want want = {.type = type, .kind = kind, .state = writer->row.state, .nested = true};
    return open_item(writer, &want);
}

int leat_tlv_begin_value(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *start, int64_t start_bytes)
{
    const struct leat_tlv_want want = {.type = type, .kind = kind, .state = writer->row.state, .nested = true};
    if (start_bytes < 0 || (start == NULL && start_bytes > 0))
        return -EINVAL;
    if (start_bytes > INT32_MAX / 2)
        return -EMSGSIZE;
    const struct leat_tlv_nest *nest = leat_tlv_nest_of(level_dialect(writer), type, NULL, start_bytes, start);
    if (nest != leat_tlv_nest_of(level_dialect(writer), type, NULL, INT32_MAX, start_bytes > 0 ? start : nothing))
        return -EINVAL; /* once items follow, the value is long enough to be taken for another's */
    const struct before before = {.data = start, .bytes = start_bytes, .area = nest != NULL ? nest->area_bytes : 0};
    if (start_bytes != (nest != NULL ? leat_tlv_parts_end(nest, start, start_bytes) : 0))
        return -EINVAL;
    return open_with(writer, &want, nest, &before);
}

int leat_tlv_begin_indefinite(struct leat_tlv_writer *writer, uint64_t type)
{
    const struct leat_tlv_want want = {.type = type, .length = -1, .kind = LEAT_TLV_KIND_ANY, .state = writer->row.state, .nested = true};
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    return dialect->indefinite && dialect->type.codec == LEAT_TLV_BER_TAG ? open_item(writer, &want) : -EINVAL;
}

int leat_tlv_fill(struct leat_tlv_writer *writer, int64_t at, const void *data, int64_t bytes)
{
    const struct leat_tlv_open *open = innermost(writer);
    if (open == NULL || open->dialect->header_bytes == 0 || at < 0 || bytes < 0 || (data == NULL && bytes > 0))
        return -EINVAL;
    int64_t room = (int64_t)open->header_bytes + open->fixed_bytes;
    if (at > room || bytes > room - at)
        return -EINVAL;
    if (bytes > 0 && writer->data != NULL)
        memcpy(writer->data + open->start + at, data, (size_t)bytes);
    return 0;
}

/* An item of indefinite length ends with its end mark. */
static int end_indefinite(struct leat_tlv_writer *writer, const struct leat_tlv_open *open)
{
    if (writer->capacity - writer->position < LEAT_TLV_EOC_BYTES)
        return -EMSGSIZE;
    zeros(writer, LEAT_TLV_EOC_BYTES);
    writer->row = (struct leat_tlv_row){open->row.state, open->start};
    writer->depth--;
    return 0;
}

/* The bytes of the number before the items that says how long they are together, 0: there is none. */
static int32_t area_bytes(const struct leat_tlv_open *open)
{
    return open->nest != NULL ? open->nest->area_bytes : 0;
}

int leat_tlv_end(struct leat_tlv_writer *writer)
{
    struct leat_tlv_open *open = innermost(writer);
    if (open == NULL)
        return -EINVAL;
    if (open->indefinite)
        return end_indefinite(writer, open);
    int64_t value = open->start + open->header_bytes, length = writer->position - value;
    const struct leat_tlv_want want = {.type = open->type, .length = length, .kind = open->kind, .state = open->row.state, .nested = true};
    int64_t header = leat_tlv_head_bytes(open->dialect, &want), area = length - open->fixed_bytes;
    int32_t counter = area_bytes(open);
    if (header < 0)
        return (int)header;
    if (counter > 0 && area >> (8 * counter) != 0)
        return -EMSGSIZE;
    int64_t trailer = leat_tlv_trailer_of(open->dialect, leat_tlv_kind_for(open->dialect, &want));
    int64_t whole = header + length + trailer, padded = leat_tlv_padded(open->dialect, whole);
    if (padded > writer->capacity - open->start)
        return -EMSGSIZE;
    unsigned char *p = place(writer, open->start);
    if (p != NULL && header != open->header_bytes)
        memmove(p + header, p + open->header_bytes, (size_t)length);
    if (p != NULL)
        leat_tlv_head_write(open->dialect, &want, p);
    if (p != NULL && counter > 0)
        leat_tlv_word_write(LEAT_TLV_BIG, p + header + open->fixed_bytes - counter, counter, (uint64_t)area);
    writer->position = open->start + header + length;
    zeros(writer, padded - header - length);
    writer->row = (struct leat_tlv_row){open->dialect->cumulative ? open->type : open->row.state, open->start};
    writer->depth--;
    return 0;
}

int64_t leat_tlv_finish(struct leat_tlv_writer *writer)
{
    if (writer->depth > 0)
        return -EINVAL;
    if (writer->position > 0 && writer->data != NULL)
        writer->sink.commit(writer->sink.context, writer->position);
    return writer->position;
}

bool leat_tlv_writer_valid(const struct leat_tlv_writer *writer)
{
    int64_t end = 0;
    if (writer->position < 0 || writer->position > writer->capacity || writer->depth < 0 || writer->depth > LEAT_TLV_DEPTH_MAX)
        return false;
    for (int32_t d = 0; d < writer->depth; d++) {
        const struct leat_tlv_open *open = &writer->open[d];
        if (open->dialect == NULL || open->inside == NULL || open->start < end)
            return false;
        end = open->start + open->header_bytes + open->fixed_bytes;
    }
    return end <= writer->position;
}
