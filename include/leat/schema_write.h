/* SPDX-License-Identifier: MIT */
/* leat/schema_write.h: the part of leat/schema.h that measures and writes; schema_inline.h includes it. */
#ifndef LEAT_SCHEMA_WRITE_H
#define LEAT_SCHEMA_WRITE_H

#include <leat/schema.h>

/* The bytes measured so far, and what is wrong with the struct. */
struct leat_schema_sum {
    int64_t bytes;
    bool invalid;  /* it breaks a rule of its own */
    bool too_long; /* a value is longer than the length field can say */
};

LEAT_SCHEMA_CALL int64_t leat_schema_sum_result(const struct leat_schema_sum *sum)
{
    return sum->invalid ? -EINVAL : sum->too_long ? -EMSGSIZE : sum->bytes;
}

/* How many items the field has. */
LEAT_SCHEMA_CALL int64_t leat_schema_items(const struct leat_schema_field *f, const void *object)
{
    const unsigned char *member = (const unsigned char *)object + f->at;
    int32_t spare = 64 - 8 * f->stride;
    switch (f->presence) {
    case LEAT_SCHEMA_OPTIONAL:
        return ((const unsigned char *)object)[f->mark_at] != 0;
    case LEAT_SCHEMA_DEFAULT:
        return leat_schema_load(member, f->stride, LEAT_SCHEMA_HOST) << spare != f->fallback << spare;
    case LEAT_SCHEMA_REPEATED:
        return leat_schema_int64(object, f->mark_at, 0);
    default:
        return 1;
    }
}

/* The value of element `index` of the member: where it is, and how long; -1: its length makes no sense. STRUCT: only where it is. */
LEAT_SCHEMA_CALL const unsigned char *leat_schema_value(const struct leat_schema_field *f, const void *object, int64_t index,
                                                        int64_t *length)
{
    const unsigned char *member = (const unsigned char *)object + f->at + index * f->stride;
    struct leat_schema_view view;
    if (leat_schema_is_view(f)) {
        memcpy(&view, member, sizeof view);
        *length = view.bytes < 0 || (view.data == NULL && view.bytes > 0) ? -1 : view.bytes;
        return view.data;
    }
    *length = f->stride;
    if (f->kind > LEAT_SCHEMA_STRUCT) {
        int64_t bytes = leat_schema_int64(object, f->length_at, index);
        *length = bytes < 0 || bytes > leat_schema_room(f) ? -1 : bytes;
    }
    return member;
}

/* The field's items are added to the sum, if they keep its rules. */
LEAT_SCHEMA_CALL void leat_schema_measure(const struct leat_schema_wire *wire, const struct leat_schema_field *f, const void *object,
                                          struct leat_schema_sum *sum)
{
    int64_t count = leat_schema_items(f, object), length;
    if (f->presence == LEAT_SCHEMA_REPEATED && (count < f->least || count > f->most)) {
        sum->invalid = true;
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const unsigned char *value = leat_schema_value(f, object, i, &length);
        if (f->kind == LEAT_SCHEMA_STRUCT) {
            length = f->nested->size(value);
            sum->too_long |= length == -EMSGSIZE;
            sum->invalid |= length < 0 && length != -EMSGSIZE;
            length = length < 0 ? 0 : length;
        } else if (length < 0 || leat_schema_check(f, value, length, LEAT_SCHEMA_HOST) != LEAT_SCHEMA_OK) {
            sum->invalid = true;
            return;
        }
        sum->too_long |= length > (int64_t)wire->length_max - wire->length_includes;
        sum->bytes += leat_schema_padded(wire, wire->header_bytes + (sum->too_long ? 0 : length));
    }
}

LEAT_SCHEMA_CALL void leat_schema_put_header(const struct leat_schema_wire *wire, const struct leat_schema_field *f, unsigned char *p,
                                             int64_t length)
{
    bool one_word = wire->type.at == wire->length.at;
    uint64_t type = (uint64_t)f->type << wire->type.shift, said = (uint64_t)(length + wire->length_includes) << wire->length.shift;
    if (f->kind == LEAT_SCHEMA_STRUCT)
        type |= (uint64_t)wire->nested.mask << wire->nested.shift;
    if (wire->type.bytes + (one_word ? 0 : wire->length.bytes) < wire->header_bytes)
        memset(p, 0, (size_t)wire->header_bytes);
    leat_schema_store(p + wire->type.at, wire->type.bytes, wire->order, one_word ? type | said : type);
    if (!one_word)
        leat_schema_store(p + wire->length.at, wire->length.bytes, wire->order, said);
}

/* The field's items, which were measured, are written at p. Returns where the next one goes. */
LEAT_SCHEMA_CALL unsigned char *leat_schema_put(const struct leat_schema_wire *wire, const struct leat_schema_field *f, const void *object,
                                                unsigned char *p)
{
    int64_t count = leat_schema_items(f, object), length, total;
    for (int64_t i = 0; i < count; i++) {
        const unsigned char *value = leat_schema_value(f, object, i, &length);
        unsigned char *to = p + wire->header_bytes;
        if (f->kind <= LEAT_SCHEMA_BOOL)
            leat_schema_store(to, f->stride, wire->order, leat_schema_load(value, f->stride, LEAT_SCHEMA_HOST));
        else if (f->kind == LEAT_SCHEMA_STRUCT)
            length = f->nested->put(value, to) - to;
        else if (length > 0)
            memcpy(to, value, (size_t)length);
        leat_schema_put_header(wire, f, p, length);
        total = leat_schema_padded(wire, wire->header_bytes + length);
        if (wire->align > 1)
            memset(to + length, 0, (size_t)(total - wire->header_bytes - length));
        p += total;
    }
    return p;
}

/* Unknown items that were kept: their views, each with its header. */
LEAT_SCHEMA_CALL int64_t leat_schema_kept(const struct leat_schema_unknown *unknown, const void *object)
{
    return unknown->policy == LEAT_SCHEMA_KEEP ? leat_schema_int64(object, unknown->count_at, 0) : 0;
}

LEAT_SCHEMA_CALL struct leat_schema_view leat_schema_kept_at(const struct leat_schema_unknown *unknown, const void *object, int64_t index)
{
    struct leat_schema_view view;
    memcpy(&view, (const unsigned char *)object + unknown->views_at + index * (int64_t)sizeof view, sizeof view);
    return view;
}

LEAT_SCHEMA_CALL void leat_schema_measure_kept(const struct leat_schema_wire *wire, const struct leat_schema_unknown *unknown,
                                               const void *object, struct leat_schema_sum *sum)
{
    int64_t count = leat_schema_kept(unknown, object);
    sum->invalid |= count < 0 || count > unknown->most;
    for (int64_t i = 0; i < count && !sum->invalid; i++) {
        struct leat_schema_view view = leat_schema_kept_at(unknown, object, i);
        sum->invalid |= view.data == NULL || view.bytes < wire->header_bytes || view.bytes > INT64_MAX / 256;
        sum->bytes += sum->invalid ? 0 : leat_schema_padded(wire, view.bytes);
    }
}

LEAT_SCHEMA_CALL unsigned char *leat_schema_put_kept(const struct leat_schema_wire *wire, const struct leat_schema_unknown *unknown,
                                                     const void *object, unsigned char *p)
{
    int64_t count = leat_schema_kept(unknown, object);
    for (int64_t i = 0; i < count; i++) {
        struct leat_schema_view view = leat_schema_kept_at(unknown, object, i);
        int64_t total = leat_schema_padded(wire, view.bytes);
        memcpy(p, view.data, (size_t)view.bytes);
        memset(p + view.bytes, 0, (size_t)(total - view.bytes));
        p += total;
    }
    return p;
}

/* Nothing unknown was met. */
LEAT_SCHEMA_CALL void leat_schema_none_unknown(const struct leat_schema_unknown *unknown, void *object)
{
    if (unknown->policy >= LEAT_SCHEMA_COUNT)
        leat_schema_set_int64(object, unknown->count_at, 0, 0);
}

/* What NAME_send does, given what it measured and how it writes. */
LEAT_SCHEMA_CALL int64_t leat_schema_send(const struct leat_schema_calls *calls, const void *object, const struct leat_sink *sink)
{
    void *span = NULL;
    int64_t bytes = calls->size(object);
    if (bytes <= 0)
        return bytes;
    if (sink->reserve(sink->context, bytes, &span) < bytes)
        return -EAGAIN;
    calls->put(object, (unsigned char *)span);
    sink->commit(sink->context, bytes);
    return bytes;
}

#endif
