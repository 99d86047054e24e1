/* SPDX-License-Identifier: MIT */
/* parts_write.c: writes headers, by the dialect's data, in their shortest form. */
#include "tlv_private.h"

/* What is written so far; p NULL: only the size is wanted. */
struct writing {
    unsigned char *p;
    int64_t at;
};

static void put_word(struct writing *w, enum leat_tlv_codec codec, int32_t bytes, uint64_t number)
{
    if (w->p != NULL)
        leat_tlv_word_write(codec, w->p + w->at, bytes, number);
    w->at += bytes;
}

static bool fits_in(uint64_t number, int32_t bytes)
{
    return bytes >= 8 || number >> (8 * bytes) == 0;
}

/* False: the field has no room for such a number. */
static bool put_seven_bits(struct writing *w, const struct leat_tlv_field *field, uint64_t number)
{
    int32_t count = 1;
    while (count < LEAT_TLV_SEVEN_BITS_MOST && number >> (7 * count) != 0)
        count++;
    if (count > field->bytes)
        return false;
    for (int32_t i = 0; i < count; i++) {
        int32_t place = field->codec == LEAT_TLV_LEB128 ? i : count - 1 - i;
        if (w->p != NULL)
            w->p[w->at + i] = (unsigned char)((number >> (7 * place) & 0x7f) | (i < count - 1 ? 0x80 : 0));
    }
    w->at += count;
    return true;
}

/* The first escape by which a number can be said, or NULL. */
static const struct leat_tlv_escape *escape_for(const struct leat_tlv_field *field, uint64_t number)
{
    for (int32_t i = 0; i < field->escape_count; i++) {
        const struct leat_tlv_escape *escape = &field->escapes[i];
        if (escape->bytes >= 0 && number >= escape->add && number >= escape->least && fits_in(number - escape->add, escape->bytes))
            return escape;
    }
    return NULL;
}

/* The shortest way to say a number: directly, or by an escape. False: there is none. */
static bool put(struct writing *w, const struct leat_tlv_field *field, uint64_t number)
{
    const struct leat_tlv_escape *escape = NULL;
    uint64_t value = number;
    if (field->codec == LEAT_TLV_LEB128 || field->codec == LEAT_TLV_BASE128)
        return number <= field->mask && number << field->shift >> field->shift == number && leat_tlv_escape_of(field, number) == NULL &&
               put_seven_bits(w, field, number << field->shift);
    if (number > field->mask || leat_tlv_escape_of(field, number) != NULL) {
        escape = escape_for(field, number);
        if (escape == NULL)
            return false;
        value = escape->value;
    }
    if (field->at == LEAT_TLV_BEHIND)
        put_word(w, field->codec, field->bytes, value << field->shift);
    else if (w->p != NULL)
        leat_tlv_field_write(field, w->p, value);
    if (escape != NULL && escape->bytes > 0)
        put_word(w, field->codec, escape->bytes, number - escape->add);
    return true;
}

/* Whether a length field can say this length; *said is then what it says. */
static bool sayable(const struct leat_tlv_dialect *dialect, int64_t length, uint64_t *said)
{
    int64_t unit = dialect->length_unit > 1 ? dialect->length_unit : 1, counted = length + dialect->length_includes;
    if (counted < 0 || counted % unit != 0 || (dialect->length_max != 0 && (uint64_t)(counted / unit) > dialect->length_max))
        return false;
    *said = (uint64_t)(counted / unit);
    return true;
}

/* Puts what says the length, for this kind. */
static bool put_length(struct writing *w, const struct leat_tlv_dialect *dialect, const struct leat_tlv_kind *kind, int64_t length)
{
    uint64_t said = 0;
    const int64_t counted = length + leat_tlv_extra_counted(kind);
    switch (kind->how) {
    case LEAT_TLV_BY_FIELD:
        return sayable(dialect, counted, &said) && put(w, &dialect->length, said);
    case LEAT_TLV_BY_NUMBER:
        if (!sayable(dialect, counted, &said) || !fits_in(said, kind->bytes))
            return false;
        put_word(w, dialect->length.codec, kind->bytes, said);
        return true;
    case LEAT_TLV_SIZED:
        return length == kind->bytes;
    case LEAT_TLV_SELF:
        return length >= 1 && length <= LEAT_TLV_SEVEN_BITS_MOST;
    case LEAT_TLV_OPENS:
    case LEAT_TLV_CLOSES:
        break;
    }
    return false;
}

/* The kind that is asked for, or, if none is, the first that says this length by a number. NULL: there is none. */
static const struct leat_tlv_kind *kind_for(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, int64_t at)
{
    static const struct leat_tlv_kind by_field = {.how = LEAT_TLV_BY_FIELD};
    if (dialect->control.codec == LEAT_TLV_NONE)
        return want->kind == LEAT_TLV_KIND_ANY || want->kind == 0 ? &by_field : NULL;
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        const struct leat_tlv_kind *kind = &dialect->kinds[i];
        struct writing measure = {NULL, at};
        if (want->kind == kind->value)
            return kind;
        if (want->kind == LEAT_TLV_KIND_ANY && kind->how <= LEAT_TLV_BY_NUMBER && put_length(&measure, dialect, kind, want->length))
            return kind;
    }
    return NULL;
}

/* Puts the type. False: it cannot be said here. */
static bool put_type(struct writing *w, const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want)
{
    if (dialect->following.codec != LEAT_TLV_NONE)
        return want->type != 0 && want->type <= dialect->following.mask;
    if (dialect->cumulative)
        return want->type >= want->state && put(w, &dialect->type, want->type - want->state);
    return put(w, &dialect->type, want->type);
}

/* Puts what stands before the value. False: its field cannot count so many bytes. */
static bool put_label(struct writing *w, const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want)
{
    if ((uint64_t)want->label_bytes > dialect->label.mask)
        return false;
    if (w->p != NULL)
        memcpy(w->p + w->at, want->label, (size_t)want->label_bytes);
    w->at += leat_tlv_padded(dialect, want->label_bytes);
    return true;
}

/* What the fixed part holds beside type and length. */
static void put_fixed(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, const struct leat_tlv_kind *kind,
                      unsigned char *p)
{
    if (dialect->marker_bytes > 0)
        memcpy(p, dialect->marker, (size_t)dialect->marker_bytes);
    if (dialect->control.codec != LEAT_TLV_NONE)
        leat_tlv_field_write(&dialect->control, p, kind->value);
    if (dialect->nested.codec != LEAT_TLV_NONE)
        leat_tlv_field_write(&dialect->nested, p, want->nested ? 1 : 0);
    if (dialect->label.codec != LEAT_TLV_NONE)
        leat_tlv_field_write(&dialect->label, p, (uint64_t)want->label_bytes);
    if (dialect->checksum.codec != LEAT_TLV_NONE) {
        leat_tlv_field_write(&dialect->checksum, p, 0);
        leat_tlv_field_write(&dialect->checksum, p, ~leat_tlv_sum(p, dialect->header_bytes) & 0xffff);
    }
}

uint64_t leat_tlv_kind_for(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want)
{
    struct writing measure = {NULL, dialect->header_bytes};
    if (dialect->control.codec == LEAT_TLV_NONE || want->kind == LEAT_TLV_KIND_MARK || !put_type(&measure, dialect, want))
        return want->kind;
    const struct leat_tlv_kind *kind = kind_for(dialect, want, measure.at);
    return kind != NULL ? kind->value : want->kind;
}

int64_t leat_tlv_parts_write(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, unsigned char *p)
{
    struct writing w = {p, dialect->header_bytes};
    const struct leat_tlv_mark *mark = leat_tlv_mark_of(dialect, want->type, false);
    if (want->kind == LEAT_TLV_KIND_MARK) {
        if (want->length != 0 || leat_tlv_mark_of(dialect, want->type, true) == NULL)
            return -EINVAL;
        if (p != NULL)
            p[0] = (unsigned char)want->type;
        return 1;
    }
    if (mark != NULL && !mark->valued && want->length != 0)
        return -EINVAL;
    if (mark != NULL && mark->bare && dialect->header_bytes > 0)
        w.at = dialect->type.at + dialect->type.bytes;
    if (!put_type(&w, dialect, want))
        return -EINVAL;
    if (mark != NULL && mark->bare)
        return w.at;
    const struct leat_tlv_kind *kind = kind_for(dialect, want, w.at);
    if (kind == NULL)
        return want->kind == LEAT_TLV_KIND_ANY ? -EMSGSIZE : -EINVAL;
    if (!put_length(&w, dialect, kind, want->length))
        return kind->how <= LEAT_TLV_BY_NUMBER ? -EMSGSIZE : -EINVAL;
    if (want->label_bytes > 0 && !put_label(&w, dialect, want))
        return -EMSGSIZE;
    if (p != NULL)
        put_fixed(dialect, want, kind, p);
    return w.at + leat_tlv_extra(kind);
}
