/* SPDX-License-Identifier: MIT */
/* writer.c: items into a sink, nested lengths patched when their item ends. */
#include "tlv_private.h"

int leat_tlv_writer_init(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const struct leat_sink *sink,
                         int64_t max_bytes)
{
    void *span = NULL;
    if (writer == NULL || dialect == NULL || sink == NULL || max_bytes < 1)
        return -EINVAL;
    if (sink->reserve(sink->context, max_bytes, &span) < max_bytes)
        return -EAGAIN;
    writer->dialect = dialect;
    writer->sink = *sink;
    writer->data = span;
    writer->capacity = max_bytes;
    writer->position = 0;
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

/* Appends what pads an item of so many bytes. */
static void pad(struct leat_tlv_writer *writer, int64_t bytes, int64_t padded)
{
    memset(writer->data + writer->position, 0, (size_t)(padded - bytes));
    writer->position += padded - bytes;
}

int leat_tlv_put(struct leat_tlv_writer *writer, uint64_t type, const void *value, int64_t length)
{
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    int64_t room = writer->capacity - writer->position;
    if (length < 0 || (value == NULL && length > 0))
        return -EINVAL;
    int64_t header = leat_tlv_head_bytes(dialect, type, length);
    if (header < 0)
        return (int)header;
    if (length > room || leat_tlv_padded(dialect, header + length) > room)
        return -EMSGSIZE;
    unsigned char *p = writer->data + writer->position;
    memset(p, 0, (size_t)header);
    leat_tlv_head_write(dialect, p, type, false, length);
    if (length > 0)
        memcpy(p + header, value, (size_t)length);
    writer->position += header + length;
    pad(writer, header + length, leat_tlv_padded(dialect, header + length));
    return 0;
}

int leat_tlv_begin(struct leat_tlv_writer *writer, uint64_t type)
{
    static const unsigned char nothing[1] = {0};
    const struct leat_tlv_dialect *dialect = level_dialect(writer);
    /* What would be inside if the value were all zeros, as long as may be, and the flag were set. */
    struct leat_tlv_head head = {.length = INT32_MAX, .type = type, .nested = true};
    int64_t header = leat_tlv_head_bytes(dialect, type, 0);
    if (header < 0)
        return (int)header;
    struct leat_tlv_inside inside = leat_tlv_inside(dialect, &head, nothing);
    bool in_type = dialect->header_bytes == 0; /* BER: the type itself says whether it nests */
    if (inside.dialect == NULL || (in_type && (type >> (8 * (header - 2)) & 0x20) == 0))
        return -EINVAL;
    if (writer->depth == LEAT_TLV_DEPTH_MAX || header + inside.fixed_bytes > writer->capacity - writer->position)
        return -EMSGSIZE;
    writer->open[writer->depth++] = (struct leat_tlv_open){.dialect = dialect,
                                                           .inside = inside.dialect,
                                                           .start = writer->position,
                                                           .header_bytes = (int32_t)header,
                                                           .fixed_bytes = inside.fixed_bytes,
                                                           .type = type};
    memset(writer->data + writer->position, 0, (size_t)(header + inside.fixed_bytes));
    writer->position += header + inside.fixed_bytes;
    return 0;
}

int leat_tlv_fill(struct leat_tlv_writer *writer, int64_t at, const void *data, int64_t bytes)
{
    const struct leat_tlv_open *open = innermost(writer);
    if (open == NULL || open->dialect->header_bytes == 0 || at < 0 || bytes < 0 || (data == NULL && bytes > 0))
        return -EINVAL;
    int64_t room = (int64_t)open->header_bytes + open->fixed_bytes;
    if (at > room || bytes > room - at)
        return -EINVAL;
    if (bytes > 0)
        memcpy(writer->data + open->start + at, data, (size_t)bytes);
    return 0;
}

int leat_tlv_end(struct leat_tlv_writer *writer)
{
    struct leat_tlv_open *open = innermost(writer);
    if (open == NULL)
        return -EINVAL;
    int64_t value = open->start + open->header_bytes, length = writer->position - value;
    int64_t header = leat_tlv_head_bytes(open->dialect, open->type, length);
    if (header < 0)
        return (int)header;
    int64_t padded = leat_tlv_padded(open->dialect, header + length);
    if (padded > writer->capacity - open->start)
        return -EMSGSIZE;
    unsigned char *p = writer->data + open->start;
    if (header != open->header_bytes)
        memmove(p + header, p + open->header_bytes, (size_t)length);
    leat_tlv_head_write(open->dialect, p, open->type, true, length);
    writer->position = open->start + header + length;
    pad(writer, header + length, padded);
    writer->depth--;
    return 0;
}

int64_t leat_tlv_finish(struct leat_tlv_writer *writer)
{
    if (writer->depth > 0)
        return -EINVAL;
    if (writer->position > 0)
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
