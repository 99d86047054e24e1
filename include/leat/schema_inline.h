/* SPDX-License-Identifier: MIT */
/*
 * leat/schema_inline.h: the second half of leat/schema.h, which includes it: what the list is made into. Every function here is inlined
 * into the functions of one struct, where fields and wire are constants, so that nothing is left of what is asked about them.
 */
#ifndef LEAT_SCHEMA_INLINE_H
#define LEAT_SCHEMA_INLINE_H

#include <leat/schema.h>

#define LEAT_SCHEMA_CALL static inline __attribute__((always_inline, unused))
#define LEAT_SCHEMA_MADE static inline __attribute__((unused))

/* A number of 1, 2, 3, 4 or 8 bytes. */
LEAT_SCHEMA_CALL uint64_t leat_schema_load(const unsigned char *p, int32_t bytes, enum leat_schema_order order)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 1:
        return p[0];
    case 2:
        memcpy(&two, p, sizeof two);
        return order == LEAT_SCHEMA_HOST ? two : __builtin_bswap16(two);
    case 3:
        return order == LEAT_SCHEMA_BIG ? (uint64_t)p[0] << 16 | (uint64_t)p[1] << 8 | p[2]
                                        : (uint64_t)p[2] << 16 | (uint64_t)p[1] << 8 | p[0];
    case 4:
        memcpy(&four, p, sizeof four);
        return order == LEAT_SCHEMA_HOST ? four : __builtin_bswap32(four);
    default:
        memcpy(&eight, p, sizeof eight);
        return order == LEAT_SCHEMA_HOST ? eight : __builtin_bswap64(eight);
    }
}

LEAT_SCHEMA_CALL void leat_schema_store(unsigned char *p, int32_t bytes, enum leat_schema_order order, uint64_t number)
{
    uint16_t two = order == LEAT_SCHEMA_HOST ? (uint16_t)number : __builtin_bswap16((uint16_t)number);
    uint32_t four = order == LEAT_SCHEMA_HOST ? (uint32_t)number : __builtin_bswap32((uint32_t)number);
    uint64_t eight = order == LEAT_SCHEMA_HOST ? number : __builtin_bswap64(number);
    switch (bytes) {
    case 1:
        p[0] = (unsigned char)number;
        break;
    case 2:
        memcpy(p, &two, sizeof two);
        break;
    case 3:
        p[0] = (unsigned char)(order == LEAT_SCHEMA_BIG ? number >> 16 : number);
        p[1] = (unsigned char)(number >> 8);
        p[2] = (unsigned char)(order == LEAT_SCHEMA_BIG ? number : number >> 16);
        break;
    case 4:
        memcpy(p, &four, sizeof four);
        break;
    default:
        memcpy(p, &eight, sizeof eight);
        break;
    }
}

LEAT_SCHEMA_CALL uint32_t leat_schema_header(const struct leat_schema_wire *wire, const struct leat_schema_number *number,
                                             const unsigned char *p)
{
    return (uint32_t)leat_schema_load(p + number->at, number->bytes, wire->order) >> number->shift & number->mask;
}

LEAT_SCHEMA_CALL int64_t leat_schema_padded(const struct leat_schema_wire *wire, int64_t bytes)
{
    return (bytes + wire->align - 1) & -(int64_t)wire->align;
}

/* Of the values that have one width that width, else -1. */
LEAT_SCHEMA_CALL int64_t leat_schema_width(const struct leat_schema_field *f)
{
    return f->kind <= LEAT_SCHEMA_FIXED ? f->stride : -1;
}

/* The longest value that the member can hold. */
LEAT_SCHEMA_CALL int64_t leat_schema_room(const struct leat_schema_field *f)
{
    return f->kind <= LEAT_SCHEMA_FIXED || f->kind == LEAT_SCHEMA_BYTES ? f->stride
           : f->kind == LEAT_SCHEMA_TEXT                                ? f->stride - 1
                                                                        : INT64_MAX;
}

LEAT_SCHEMA_CALL bool leat_schema_is_text(const struct leat_schema_field *f)
{
    return f->kind == LEAT_SCHEMA_TEXT || f->kind == LEAT_SCHEMA_TEXT_VIEW;
}

LEAT_SCHEMA_CALL bool leat_schema_is_view(const struct leat_schema_field *f)
{
    return f->kind == LEAT_SCHEMA_VIEW || f->kind == LEAT_SCHEMA_TEXT_VIEW;
}

/* Whether a number, read as 64 bits of the field's width, or a length keeps to the range. */
LEAT_SCHEMA_CALL bool leat_schema_in_range(const struct leat_schema_field *f, uint64_t number)
{
    int32_t spare = 64 - 8 * f->stride;
    if (!f->ranged)
        return true;
    if (f->kind != LEAT_SCHEMA_INT)
        return number >= f->low && number <= f->high;
    int64_t value = (int64_t)(number << spare) >> spare;
    return value >= (int64_t)f->low && value <= (int64_t)f->high;
}

/* The rule that a value breaks by itself; what is nested is the caller's to look at. */
LEAT_SCHEMA_CALL enum leat_schema_rule leat_schema_check(const struct leat_schema_field *f, const unsigned char *value, int64_t length,
                                                         enum leat_schema_order order)
{
    uint64_t number = (uint64_t)length;
    if (f->kind <= LEAT_SCHEMA_FIXED && length != f->stride)
        return LEAT_SCHEMA_WIDTH;
    if (length > leat_schema_room(f))
        return LEAT_SCHEMA_LONG;
    if (f->kind <= LEAT_SCHEMA_BOOL)
        number = leat_schema_load(value, f->stride, order);
    if (f->kind == LEAT_SCHEMA_BOOL && number > 1)
        return LEAT_SCHEMA_BOOLEAN;
    if (!leat_schema_in_range(f, number))
        return LEAT_SCHEMA_RANGE;
    return leat_schema_is_text(f) && !leat_schema_utf8(value, length) ? LEAT_SCHEMA_UTF8 : LEAT_SCHEMA_OK;
}

/*
 * The fast reading: before it, `spare` is set to the bytes that are there less the least that every required field takes, so that a field
 * is compared with what is left only where its length is not known before. R: at `p` there are `spare` bytes, and the least of all fields
 * still to come; that holds whatever is found, so that what is wrong may be found out at the end (`bad`).
 */
struct leat_schema_reader {
    const unsigned char *p;
    int64_t spare;
    uint64_t bad;
};

LEAT_SCHEMA_CALL int64_t leat_schema_least(const struct leat_schema_wire *wire, const struct leat_schema_field *f)
{
    int64_t width = leat_schema_width(f);
    return f->presence != LEAT_SCHEMA_REQUIRED ? 0 : width < 0 ? wire->header_bytes : leat_schema_padded(wire, wire->header_bytes + width);
}

/* Whether the item at p is the field's, within `room`, with its padding, and keeps its rules. Returns its bytes, or -1. */
LEAT_SCHEMA_CALL int64_t leat_schema_item(const struct leat_schema_wire *wire, const struct leat_schema_field *f, const unsigned char *p,
                                          int64_t room)
{
    uint32_t said = leat_schema_header(wire, &wire->length, p);
    int64_t length = (int64_t)said - wire->length_includes, total = leat_schema_padded(wire, wire->header_bytes + length);
    const unsigned char *value = p + wire->header_bytes;
    if (length < 0 || said > wire->length_max || total > room || leat_schema_check(f, value, length, wire->order) != LEAT_SCHEMA_OK)
        return -1;
    return f->kind != LEAT_SCHEMA_STRUCT || f->nested->fits(value, length) ? total : -1;
}

LEAT_SCHEMA_CALL bool leat_schema_here(const struct leat_schema_wire *wire, const struct leat_schema_field *f,
                                       const struct leat_schema_reader *r)
{
    return r->spare >= wire->header_bytes && leat_schema_header(wire, &wire->type, r->p) == f->type;
}

/* The field's items are passed, or `bad` is set. */
LEAT_SCHEMA_CALL void leat_schema_pass(const struct leat_schema_wire *wire, const struct leat_schema_field *f, struct leat_schema_reader *r)
{
    int64_t width = leat_schema_width(f), least = leat_schema_least(wire, f), count = 0;
    if (f->presence == LEAT_SCHEMA_REQUIRED && width >= 0) {
        r->bad |= leat_schema_header(wire, &wire->type, r->p) ^ f->type;
        r->bad |= leat_schema_header(wire, &wire->length, r->p) ^ (uint32_t)(width + wire->length_includes);
        r->bad |= (uint64_t)leat_schema_check(f, r->p + wire->header_bytes, width, wire->order);
        r->p += least;
        return;
    }
    if (f->presence == LEAT_SCHEMA_REQUIRED)
        r->bad |= leat_schema_header(wire, &wire->type, r->p) ^ f->type;
    while (f->presence == LEAT_SCHEMA_REQUIRED || (count < f->most && leat_schema_here(wire, f, r))) {
        int64_t total = leat_schema_item(wire, f, r->p, r->spare + least);
        if (total < 0 || r->bad != 0) {
            r->bad = 1;
            return;
        }
        r->p += total;
        r->spare -= total - least;
        count++;
        if (f->presence != LEAT_SCHEMA_REPEATED)
            break;
    }
    r->bad |= count < f->least;
}

/* Members are written and read as bytes, so that one function serves all types. */
LEAT_SCHEMA_CALL void leat_schema_set_int64(void *object, int32_t at, int64_t index, int64_t value)
{
    memcpy((unsigned char *)object + at + index * (int64_t)sizeof value, &value, sizeof value);
}

LEAT_SCHEMA_CALL int64_t leat_schema_int64(const void *object, int32_t at, int64_t index)
{
    int64_t value;
    memcpy(&value, (const unsigned char *)object + at + index * (int64_t)sizeof value, sizeof value);
    return value;
}

/* A value that keeps its rules becomes element `index` of the member; what is nested is the caller's. */
LEAT_SCHEMA_CALL void leat_schema_set(const struct leat_schema_wire *wire, const struct leat_schema_field *f, void *object, int64_t index,
                                      const unsigned char *value, int64_t length)
{
    unsigned char *member = (unsigned char *)object + f->at + index * f->stride;
    struct leat_schema_view view;
    if (f->kind <= LEAT_SCHEMA_BOOL) {
        leat_schema_store(member, f->stride, LEAT_SCHEMA_HOST, leat_schema_load(value, f->stride, wire->order));
    } else if (leat_schema_is_view(f)) {
        view.data = value;
        view.bytes = length;
        memcpy(member, &view, sizeof view);
    } else if (f->kind == LEAT_SCHEMA_FIXED) {
        memcpy(member, value, (size_t)f->stride);
    } else if (f->kind != LEAT_SCHEMA_STRUCT) {
        memcpy(member, value, (size_t)length);
        leat_schema_set_int64(object, f->length_at, index, length);
        if (f->kind == LEAT_SCHEMA_TEXT)
            member[length] = 0;
    }
}

/* After the items: how many there were. @param count  0: the member gets what stands for none */
LEAT_SCHEMA_CALL void leat_schema_mark(const struct leat_schema_field *f, void *object, int64_t count)
{
    unsigned char *member = (unsigned char *)object + f->at;
    bool has = count > 0;
    if (f->presence == LEAT_SCHEMA_REPEATED) {
        leat_schema_set_int64(object, f->mark_at, 0, count);
        return;
    }
    if (f->presence == LEAT_SCHEMA_OPTIONAL)
        memcpy((unsigned char *)object + f->mark_at, &has, sizeof has);
    if (has)
        return;
    if (f->kind <= LEAT_SCHEMA_BOOL)
        leat_schema_store(member, f->stride, LEAT_SCHEMA_HOST, f->fallback);
    else
        memset(member, 0, (size_t)f->stride);
    if (f->kind == LEAT_SCHEMA_BYTES || f->kind == LEAT_SCHEMA_TEXT)
        leat_schema_set_int64(object, f->length_at, 0, 0);
}

/* The field's items, which fit, are stored. */
LEAT_SCHEMA_CALL void leat_schema_take(const struct leat_schema_wire *wire, const struct leat_schema_field *f, struct leat_schema_reader *r,
                                       void *object)
{
    int64_t least = leat_schema_least(wire, f), width = leat_schema_width(f), count = 0;
    while (f->presence == LEAT_SCHEMA_REQUIRED || (count < f->most && leat_schema_here(wire, f, r))) {
        int64_t length = width >= 0 ? width : (int64_t)leat_schema_header(wire, &wire->length, r->p) - wire->length_includes;
        int64_t total = leat_schema_padded(wire, wire->header_bytes + length);
        const unsigned char *value = r->p + wire->header_bytes;
        if (f->kind == LEAT_SCHEMA_STRUCT)
            f->nested->take(value, length, (unsigned char *)object + f->at + count * f->stride);
        else
            leat_schema_set(wire, f, object, count, value, length);
        r->p += total;
        r->spare -= total - least;
        count++;
        if (f->presence != LEAT_SCHEMA_REPEATED)
            break;
    }
    if (f->presence != LEAT_SCHEMA_REQUIRED)
        leat_schema_mark(f, object, count);
}

#include <leat/schema_macro.h>
#include <leat/schema_write.h>

#endif
