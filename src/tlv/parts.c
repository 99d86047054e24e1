/* SPDX-License-Identifier: MIT */
/* parts.c: reads headers of several parts, one behind the other, as the dialect's data says. */
#include "tlv_private.h"

/* What is read so far. */
struct reading {
    const struct leat_tlv_dialect *dialect;
    const unsigned char *p;
    int64_t there;
    int64_t at; /* the next part */
};

/* A number of 7 bits a byte at the next part. Returns 0; > there: the least bytes needed; or minus the rule. */
static int64_t seven_bits(struct reading *r, enum leat_tlv_codec codec, int32_t most, enum leat_tlv_rule rule, uint64_t *number)
{
    uint64_t sum = 0;
    int32_t count = 0;
    unsigned char byte;
    do {
        if (count == most)
            return -(int64_t)rule;
        if (r->at + count >= r->there)
            return r->at + count + 1;
        byte = r->p[r->at + count];
        uint64_t bits = byte & 0x7f;
        if (codec == LEAT_TLV_LEB128 ? count == LEAT_TLV_SEVEN_BITS_MOST - 1 && bits > 1 : sum >> 57 != 0)
            return -(int64_t)rule; /* more than 64 bits */
        sum = codec == LEAT_TLV_LEB128 ? sum | bits << (7 * count) : sum << 7 | bits;
        count++;
    } while ((byte & 0x80) != 0);
    bool padded = count > 1 && (codec == LEAT_TLV_LEB128 ? byte == 0 : r->p[r->at] == 0x80);
    if (padded && r->dialect->shortest)
        return -(int64_t)(rule == LEAT_TLV_LENGTH_FORM ? LEAT_TLV_LENGTH_MINIMAL : rule);
    r->at += count;
    *number = sum;
    return 0;
}

/* A plain number at the next part. Returns as seven_bits. */
static int64_t word(struct reading *r, enum leat_tlv_codec codec, int32_t bytes, uint64_t *number)
{
    if (r->there - r->at < bytes)
        return r->at + bytes;
    *number = leat_tlv_word_read(codec, r->p + r->at, bytes);
    r->at += bytes;
    return 0;
}

/* The number that stands behind an escape. Returns as seven_bits. */
static int64_t escaped(struct reading *r, const struct leat_tlv_escape *escape, enum leat_tlv_codec codec, enum leat_tlv_rule rule,
                       uint64_t *number)
{
    uint64_t more = 0;
    int64_t code = escape->bytes > 0 ? word(r, codec, escape->bytes, &more) : 0;
    if (code != 0)
        return code;
    if (escape->bytes < 0 || more + escape->add < more)
        return -(int64_t)rule;
    *number = more + escape->add;
    if (*number < escape->least)
        return -(int64_t)(rule == LEAT_TLV_LENGTH_FORM ? LEAT_TLV_LENGTH_MINIMAL : rule);
    return 0;
}

/* A field, wherever it is, with what follows of it. Returns as seven_bits. @param rule  which it breaks by its form */
static int64_t take(struct reading *r, const struct leat_tlv_field *field, enum leat_tlv_rule rule, uint64_t *number)
{
    uint64_t value = 0;
    int64_t code = 0;
    if (field->codec == LEAT_TLV_LEB128 || field->codec == LEAT_TLV_BASE128)
        code = seven_bits(r, field->codec, field->bytes, rule, &value);
    else if (field->at == LEAT_TLV_BEHIND)
        code = word(r, field->codec, field->bytes, &value);
    else
        value = leat_tlv_word_read(field->codec, r->p + field->at, field->bytes);
    if (code != 0)
        return code;
    *number = value >> field->shift & field->mask;
    const struct leat_tlv_escape *escape = leat_tlv_escape_of(field, *number);
    return escape == NULL ? 0 : escaped(r, escape, field->codec, rule, number);
}

static const struct leat_tlv_kind *kind_of(const struct leat_tlv_dialect *dialect, uint64_t value)
{
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].value == value)
            return &dialect->kinds[i];
    }
    return NULL;
}

/* The length of an item of this kind. Returns as seven_bits. */
static int64_t take_length(struct reading *r, const struct leat_tlv_kind *kind, int64_t *length)
{
    uint64_t said = 0;
    int64_t code = 0, start = r->at;
    switch (kind->how) {
    case LEAT_TLV_BY_FIELD:
        code = take(r, &r->dialect->length, LEAT_TLV_LENGTH_FORM, &said);
        break;
    case LEAT_TLV_BY_NUMBER:
        code = word(r, r->dialect->length.codec, kind->bytes, &said);
        break;
    case LEAT_TLV_SELF:
        code = seven_bits(r, LEAT_TLV_LEB128, LEAT_TLV_SEVEN_BITS_MOST, LEAT_TLV_LENGTH_FORM, &said);
        *length = r->at - start;
        r->at = start;
        return code;
    case LEAT_TLV_SIZED:
    case LEAT_TLV_OPENS:
    case LEAT_TLV_CLOSES:
        *length = kind->how == LEAT_TLV_SIZED ? kind->bytes : kind->how == LEAT_TLV_OPENS ? -1 : 0;
        return 0;
    }
    if (code != 0)
        return code;
    *length = leat_tlv_length_of(r->dialect, said);
    if (*length < 0)
        return *length;
    *length -= leat_tlv_extra_counted(kind);
    return *length < 0 ? -LEAT_TLV_LENGTH_SMALL : 0;
}

/* The type, from field and row. Returns as seven_bits. */
static int64_t take_type(struct reading *r, uint64_t state, struct leat_tlv_head *head)
{
    uint64_t number = 0;
    if (r->dialect->following.codec != LEAT_TLV_NONE) {
        head->type = state;
        head->state = leat_tlv_field_read(&r->dialect->following, r->p);
        head->last = head->state == 0;
        return 0;
    }
    int64_t code = take(r, &r->dialect->type, LEAT_TLV_TYPE_FORM, &number);
    if (code != 0)
        return code;
    head->type = r->dialect->cumulative ? state + number : number;
    head->state = r->dialect->cumulative ? head->type : state;
    return head->type < number ? -LEAT_TLV_TYPE_FORM : 0;
}

/* What stands between type and value. Returns as seven_bits. */
static int64_t take_rest(struct reading *r, const struct leat_tlv_kind *kind, const struct leat_tlv_mark *mark, int64_t *length)
{
    int64_t code = take_length(r, kind, length);
    if (code != 0)
        return code;
    if (mark != NULL && !mark->valued && *length != 0)
        return -LEAT_TLV_END_MARK;
    if (r->dialect->label.codec != LEAT_TLV_NONE) {
        uint64_t bytes = leat_tlv_field_read(&r->dialect->label, r->p);
        if (bytes > LEAT_TLV_LENGTH_CAP)
            return -LEAT_TLV_LENGTH_LIMIT;
        r->at += leat_tlv_padded(r->dialect, (int64_t)bytes);
    }
    r->at += leat_tlv_extra(kind);
    return r->there < r->at ? r->at : 0;
}

int32_t leat_tlv_trailer_of(const struct leat_tlv_dialect *dialect, uint64_t kind)
{
    const struct leat_tlv_kind *row = dialect->kind_count > 0 ? kind_of(dialect, kind) : NULL;
    return kind == LEAT_TLV_KIND_MARK ? 0 : dialect->trailer_bytes + (row != NULL ? row->trailer : 0);
}

int64_t leat_tlv_parts_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                            struct leat_tlv_head *out)
{
    static const struct leat_tlv_kind by_field = {.how = LEAT_TLV_BY_FIELD};
    const struct leat_tlv_kind *kind = &by_field;
    struct leat_tlv_head head = {0};
    struct reading r = {dialect, p, there, dialect->header_bytes};
    int64_t least = dialect->header_bytes > 0 ? dialect->header_bytes : 1, marker = dialect->marker_bytes;
    for (int64_t i = 0; i < marker && i < there; i++) {
        if (p[i] != dialect->marker[i])
            return -LEAT_TLV_MARKER;
    }
    if (there < least)
        return least;
    if (dialect->checksum.codec != LEAT_TLV_NONE && leat_tlv_sum(p, dialect->header_bytes) != 0xffff)
        return -LEAT_TLV_CHECKSUM;
    if (dialect->control.codec != LEAT_TLV_NONE) {
        head.kind = leat_tlv_field_read(&dialect->control, p);
        kind = kind_of(dialect, head.kind);
        if (kind == NULL)
            return -LEAT_TLV_KIND;
    }
    int64_t code = take_type(&r, state, &head);
    const struct leat_tlv_mark *mark = code == 0 && dialect->mark_count > 0 ? leat_tlv_mark_of(dialect, head.type, false) : NULL;
    if (code == 0 && (mark == NULL || !mark->bare))
        code = take_rest(&r, kind, mark, &head.length);
    if (code != 0)
        return code;
    head.header_bytes = r.at;
    head.trailer_bytes = dialect->trailer_bytes + kind->trailer;
    head.nested = kind->how == LEAT_TLV_OPENS;
    if (dialect->nested.codec != LEAT_TLV_NONE)
        head.nested |= leat_tlv_field_read(&dialect->nested, p) != 0;
    head.end_mark = kind->how == LEAT_TLV_CLOSES || (mark != NULL && mark->end && !mark->valued);
    head.last |= mark != NULL && mark->end && mark->valued;
    *out = head;
    return 0;
}
