/* SPDX-License-Identifier: MIT */
/* own.c: the frames that the protocol itself sends: hello, error, batch. */
#include "protocol_private.h"

#include <leat/value.h>

#define NAME_MOST 255
#define TEXT_MOST 1024
#define MAX_VALUE_DEFAULT (UINT32_C(1) << 20)

static int put_number(struct leat_tlv_writer *writer, uint64_t type, int32_t bytes, uint64_t number)
{
    unsigned char value[8];
    leat_protocol_store(value, bytes, number);
    return leat_tlv_put(writer, type, value, bytes);
}

/* Ends what was begun, or takes all of it back. @param code  of what was put in between */
static int settle(struct leat_tlv_writer *writer, const struct leat_tlv_writer *before, int code)
{
    if (code == 0)
        code = leat_tlv_end(writer);
    if (code != 0) {
        writer->position = before->position;
        writer->depth = before->depth;
        writer->row = before->row;
    }
    return code;
}

int leat_protocol_hello_put(struct leat_tlv_writer *writer, const struct leat_protocol_hello *hello)
{
    const struct leat_tlv_writer before = {.position = writer->position, .row = writer->row, .depth = writer->depth};
    if (writer->depth > 0 || hello->version < 1 || hello->name_bytes < 0 || hello->name_bytes > NAME_MOST ||
        (hello->name == NULL && hello->name_bytes > 0))
        return -EINVAL;
    int code = leat_tlv_begin_kind(writer, LEAT_PROTOCOL_HELLO, LEAT_PROTOCOL_VERSION << 4);
    if (code != 0)
        return code;
    code = put_number(writer, HELLO_VERSION, 1, hello->version);
    if (code == 0)
        code = put_number(writer, HELLO_FLAGS, 1, hello->flags);
    if (code == 0)
        code = put_number(writer, HELLO_MAX_VALUE, 4, hello->max_value);
    if (code == 0 && hello->silence_ms > 0)
        code = put_number(writer, HELLO_SILENCE, 4, hello->silence_ms);
    if (code == 0 && hello->name_bytes > 0)
        code = leat_tlv_put(writer, HELLO_NAME, hello->name, hello->name_bytes);
    return settle(writer, &before, code);
}

/* One item of a hello. Returns 0, -EBADMSG or -EPROTO. */
static int hello_item(const struct leat_tlv_item *item, struct leat_protocol_hello *hello)
{
    switch (item->type) {
    case HELLO_VERSION:
        return leat_tlv_u8(item, &hello->version);
    case HELLO_FLAGS:
        return leat_tlv_u8(item, &hello->flags);
    case HELLO_MAX_VALUE:
        return leat_tlv_u32(item, LEAT_TLV_ORDER_BIG, &hello->max_value);
    case HELLO_SILENCE:
        return leat_tlv_u32(item, LEAT_TLV_ORDER_BIG, &hello->silence_ms);
    case HELLO_NAME:
        if (item->length > NAME_MOST)
            return -EBADMSG;
        hello->name = (const char *)item->value;
        hello->name_bytes = (int32_t)item->length;
        return 0;
    default:
        return leat_protocol_item_critical(item) ? -EPROTO : 0;
    }
}

int leat_protocol_hello_read(const void *value, int64_t bytes, struct leat_protocol_hello *hello)
{
    struct leat_protocol_hello read = {.version = 1, .max_value = MAX_VALUE_DEFAULT};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    enum leat_tlv_next next;
    if (leat_tlv_cursor_init(&cursor, leat_tlv_dialect("leat-item"), value, bytes, 0, NULL) != 0)
        return -EBADMSG;
    while ((next = leat_tlv_next(&cursor, &item)) == LEAT_TLV_ITEM) {
        int code = hello_item(&item, &read);
        if (code != 0)
            return code;
    }
    if (next == LEAT_TLV_BAD)
        return -EBADMSG;
    *hello = read;
    return 0;
}

int leat_protocol_agree(const struct leat_protocol_hello *mine, const struct leat_protocol_hello *theirs, struct leat_protocol_hello *both)
{
    if (theirs->version < 1)
        return -EPROTO;
    *both = *theirs;
    both->version = mine->version < theirs->version ? mine->version : theirs->version;
    both->flags = mine->flags & theirs->flags;
    both->max_value = mine->max_value < theirs->max_value ? mine->max_value : theirs->max_value;
    return 0;
}

int leat_protocol_error_put(struct leat_tlv_writer *writer, const struct leat_protocol_error *error)
{
    const struct leat_tlv_writer before = {.position = writer->position, .row = writer->row, .depth = writer->depth};
    if (writer->depth > 0 || error->text_bytes < 0 || error->text_bytes > TEXT_MOST || (error->text == NULL && error->text_bytes > 0))
        return -EINVAL;
    int code = leat_tlv_begin_kind(writer, LEAT_PROTOCOL_ERROR, LEAT_PROTOCOL_VERSION << 4);
    if (code != 0)
        return code;
    code = put_number(writer, ERROR_CODE, 2, error->code);
    if (code == 0 && error->offset > 0)
        code = put_number(writer, ERROR_OFFSET, 8, error->offset);
    if (code == 0 && error->sequence > 0)
        code = put_number(writer, ERROR_SEQUENCE, 4, error->sequence);
    if (code == 0 && error->text_bytes > 0)
        code = leat_tlv_put(writer, ERROR_TEXT, error->text, error->text_bytes);
    return settle(writer, &before, code);
}

static int error_item(const struct leat_tlv_item *item, struct leat_protocol_error *error)
{
    switch (item->type) {
    case ERROR_CODE:
        return leat_tlv_u16(item, LEAT_TLV_ORDER_BIG, &error->code);
    case ERROR_OFFSET:
        return leat_tlv_u64(item, LEAT_TLV_ORDER_BIG, &error->offset);
    case ERROR_SEQUENCE:
        return leat_tlv_u32(item, LEAT_TLV_ORDER_BIG, &error->sequence);
    case ERROR_TEXT:
        if (item->length > TEXT_MOST)
            return -EBADMSG;
        error->text = (const char *)item->value;
        error->text_bytes = (int32_t)item->length;
        return 0;
    default:
        return leat_protocol_item_critical(item) ? -EPROTO : 0;
    }
}

int leat_protocol_error_read(const void *value, int64_t bytes, struct leat_protocol_error *error)
{
    struct leat_protocol_error read = {0};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    enum leat_tlv_next next;
    if (leat_tlv_cursor_init(&cursor, leat_tlv_dialect("leat-item"), value, bytes, 0, NULL) != 0)
        return -EBADMSG;
    while ((next = leat_tlv_next(&cursor, &item)) == LEAT_TLV_ITEM) {
        int code = error_item(&item, &read);
        if (code != 0)
            return code;
    }
    if (next == LEAT_TLV_BAD || read.code == 0)
        return -EBADMSG;
    *error = read;
    return 0;
}

/* The batch that is open, or NULL. */
static const struct leat_tlv_open *open_batch(const struct leat_tlv_writer *writer)
{
    return writer->depth == 1 && writer->open[0].type == LEAT_PROTOCOL_BATCH ? &writer->open[0] : NULL;
}

int leat_protocol_batch_begin(struct leat_tlv_writer *writer, uint64_t first_sequence)
{
    unsigned char number[8];
    if (writer->depth > 0)
        return -EINVAL;
    int code = leat_tlv_begin_kind(writer, LEAT_PROTOCOL_BATCH, LEAT_PROTOCOL_VERSION << 4);
    if (code != 0)
        return code;
    leat_protocol_store(number, 8, first_sequence);
    return leat_tlv_fill(writer, LEAT_PROTOCOL_HEADER_BYTES, number, 8);
}

int leat_protocol_batch_add(struct leat_tlv_writer *writer, const void *frame, int64_t bytes)
{
    const struct leat_tlv_open *open = open_batch(writer);
    if (open == NULL)
        return -EINVAL;
    unsigned char *count = writer->data != NULL ? writer->data + open->start + LEAT_PROTOCOL_HEADER_BYTES + BATCH_COUNT_AT : NULL;
    int code = leat_tlv_put(writer, BATCH_FRAME, frame, bytes);
    if (code == 0 && count != NULL)
        leat_protocol_store(count, 4, leat_protocol_load(count, 4) + 1);
    return code;
}

int leat_protocol_batch_end(struct leat_tlv_writer *writer)
{
    return open_batch(writer) != NULL ? leat_tlv_end(writer) : -EINVAL;
}

int leat_protocol_batch_open(struct leat_protocol_batch *batch, const void *value, int64_t bytes)
{
    const unsigned char *p = value;
    if (bytes < BATCH_HEAD_BYTES)
        return -EBADMSG;
    int64_t items = bytes - BATCH_HEAD_BYTES;
    const struct leat_tlv_limits limits = {.max_frame = items > 0 ? items : 1};
    if (leat_tlv_cursor_init(&batch->cursor, leat_tlv_dialect("leat-item"), p + BATCH_HEAD_BYTES, items, 0, &limits) != 0)
        return -EBADMSG;
    batch->sequence = leat_protocol_load(p, BATCH_COUNT_AT);
    batch->left = (uint32_t)leat_protocol_load(p + BATCH_COUNT_AT, 4);
    return 0;
}

int leat_protocol_batch_next(struct leat_protocol_batch *batch, const void **frame, int64_t *bytes, uint64_t *sequence)
{
    struct leat_tlv_item item;
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(&batch->cursor, &item);
        if (next == LEAT_TLV_END)
            return batch->left == 0 ? -EPIPE : -EBADMSG;
        if (next == LEAT_TLV_BAD || (item.type == BATCH_FRAME && batch->left == 0))
            return -EBADMSG;
        if (item.type == BATCH_FRAME)
            break;
        if (leat_protocol_item_critical(&item))
            return -EPROTO;
    }
    *frame = item.value;
    *bytes = item.length;
    *sequence = batch->sequence++;
    batch->left--;
    return 0;
}
