/* SPDX-License-Identifier: MIT */
/* ready.c: whether the description of a dialect makes sense, and how its headers are read fastest. */
#include "tlv_private.h"

#define SMALL_MOST 256 /* of units, alignment, trailer, marker, and bytes added to a header */

static bool small(int64_t number)
{
    return number >= 0 && number <= SMALL_MOST;
}

static bool is_word(const struct leat_tlv_field *field)
{
    return field->codec == LEAT_TLV_BIG || field->codec == LEAT_TLV_LITTLE || field->codec == LEAT_TLV_HOST;
}

static bool is_seven_bits(const struct leat_tlv_field *field)
{
    return field->codec == LEAT_TLV_BASE128 || field->codec == LEAT_TLV_LEB128;
}

static bool escapes_ok(const struct leat_tlv_field *field)
{
    if (field->escape_count < 0 || (field->escape_count > 0 && field->escapes == NULL))
        return false;
    for (int32_t i = 0; i < field->escape_count; i++) {
        if (field->escapes[i].bytes < -1 || field->escapes[i].bytes > 8 || field->escapes[i].value > field->mask)
            return false;
    }
    return true;
}

/* A number at a fixed place. @param fixed  bytes that are surely there */
static bool place_ok(const struct leat_tlv_field *field, int32_t fixed)
{
    return is_word(field) && field->bytes >= 1 && field->bytes <= 8 && field->at >= 0 && field->at <= fixed - field->bytes &&
           field->shift >= 0 && field->shift < 8 * field->bytes && field->mask != 0 &&
           field->mask <= UINT64_MAX >> (64 - 8 * field->bytes) >> field->shift;
}

/* A field that may also stand behind the fixed part. */
static bool field_ok(const struct leat_tlv_dialect *dialect, const struct leat_tlv_field *field)
{
    if (!escapes_ok(field))
        return false;
    if (is_seven_bits(field))
        return field->at == LEAT_TLV_BEHIND && field->bytes >= 1 && field->bytes <= LEAT_TLV_SEVEN_BITS_MOST && field->shift >= 0 &&
               field->shift < 64 && field->mask != 0;
    if (is_word(field) && field->at == LEAT_TLV_BEHIND) {
        struct leat_tlv_field at_start = *field;
        at_start.at = 0;
        return place_ok(&at_start, field->bytes);
    }
    return place_ok(field, dialect->header_bytes);
}

/* A field that may be left out, read at a fixed place; also from the first byte of an item without a fixed part. */
static bool look_ok(const struct leat_tlv_dialect *dialect, const struct leat_tlv_field *field)
{
    return field->codec == LEAT_TLV_NONE || place_ok(field, dialect->header_bytes > 0 ? dialect->header_bytes : 1);
}

static const char *kinds_wrong(const struct leat_tlv_dialect *dialect)
{
    bool opens = false, closes = false;
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        const struct leat_tlv_kind *kind = &dialect->kinds[i];
        int32_t most = kind->how == LEAT_TLV_BY_NUMBER ? 8 : 16, least = kind->how == LEAT_TLV_BY_NUMBER ? 1 : 0;
        if ((unsigned)kind->how > LEAT_TLV_CLOSES || kind->bytes < least || kind->bytes > most || kind->extra > SMALL_MOST ||
            kind->extra < -SMALL_MOST || !small(kind->trailer))
            return "a kind that makes no sense";
        if (kind->how == LEAT_TLV_BY_NUMBER && !is_word(&dialect->length))
            return "a kind with a number of its own, whose byte order the length field does not say";
        if ((kind->how == LEAT_TLV_OPENS || kind->how == LEAT_TLV_CLOSES) && kind->trailer > 0)
            return "a kind that opens or closes has no trailer";
        if (kind->extra < 0 && kind->how > LEAT_TLV_BY_NUMBER)
            return "a kind with bytes that the length counts, and no length";
        opens |= kind->how == LEAT_TLV_OPENS;
        closes |= kind->how == LEAT_TLV_CLOSES;
    }
    if (opens != closes)
        return "kinds that open need one that closes";
    if (opens && (dialect->inside == NULL || !dialect->indefinite))
        return "kinds that open need an inside, and indefinite set";
    return NULL;
}

static const char *tables_wrong(const struct leat_tlv_dialect *dialect)
{
    if (dialect->nest_count < 0 || dialect->mark_count < 0 || dialect->kind_count < 0 || dialect->name_count < 0)
        return "a table with less than no rows";
    if ((dialect->nest_count > 0 && dialect->nests == NULL) || (dialect->mark_count > 0 && dialect->marks == NULL) ||
        (dialect->kind_count > 0 && dialect->kinds == NULL) || (dialect->name_count > 0 && dialect->names == NULL))
        return "a table that is missing";
    if ((dialect->kind_count > 0) != (dialect->control.codec != LEAT_TLV_NONE))
        return "a control field needs kinds, and kinds need it";
    for (int32_t i = 0; i < dialect->nest_count; i++) {
        const struct leat_tlv_nest *nest = &dialect->nests[i];
        if (nest->inside == NULL || nest->fixed_bytes < 0 || nest->area_bytes < 0 || nest->area_bytes > 4 || nest->first > nest->last)
            return "a nest that makes no sense";
        for (const signed char *part = nest->parts; part != NULL && *part != 0; part++) {
            if (*part < -4)
                return "a nest with a part whose length has more than 4 bytes";
        }
        if (nest->type.codec != LEAT_TLV_NONE && !place_ok(&nest->type, dialect->header_bytes + nest->fixed_bytes))
            return "a nest whose first type stands outside header and fixed part";
        if (nest->unless.codec != LEAT_TLV_NONE && !place_ok(&nest->unless, dialect->header_bytes))
            return "a nest whose condition stands outside the header";
    }
    for (int32_t i = 0; i < dialect->name_count; i++) {
        if (dialect->names[i].name == NULL)
            return "a name that is missing";
    }
    return kinds_wrong(dialect);
}

static const char *sizes_wrong(const struct leat_tlv_dialect *dialect)
{
    if (dialect->header_bytes < 0 || dialect->header_bytes > 4096)
        return "a fixed part of less than 0 or more than 4096 bytes";
    if (!small(dialect->length_unit) || !small(dialect->trailer_bytes) || !small(dialect->marker_bytes))
        return "length unit, trailer or marker of more than 256 bytes";
    if (dialect->align < 1 || dialect->align > SMALL_MOST || (dialect->align & (dialect->align - 1)) != 0)
        return "an alignment that is no power of 2 up to 256";
    if (dialect->length_includes < -4096 || dialect->length_includes > 8192)
        return "a length that includes less than -4096 or more than 8192 bytes";
    if (dialect->marker_bytes > dialect->header_bytes || (dialect->marker_bytes > 0 && dialect->marker == NULL))
        return "a marker that is missing, or not within the fixed part";
    return NULL;
}

static const char *x690_wrong(const struct leat_tlv_dialect *dialect)
{
    if (dialect->length.codec != LEAT_TLV_BER_LENGTH || dialect->header_bytes != 0 || dialect->control.codec != LEAT_TLV_NONE)
        return "a tag of X.690 goes with its length alone";
    if (dialect->length_includes != 0 || dialect->length_unit > 1 || dialect->length_max != 0)
        return "a length of X.690 counts the value's bytes";
    return NULL;
}

static const char *fields_wrong(const struct leat_tlv_dialect *dialect)
{
    bool chained = dialect->following.codec != LEAT_TLV_NONE;
    if (!look_ok(dialect, &dialect->nested) || !look_ok(dialect, &dialect->control) || !look_ok(dialect, &dialect->label))
        return "nested, control or label: no number within the fixed part";
    bool no_number = dialect->type.codec == LEAT_TLV_BER_TAG || dialect->type.codec == LEAT_TLV_NONE;
    if ((no_number && dialect->type.escape_count != 0) ||
        (dialect->length.codec == LEAT_TLV_BER_LENGTH && dialect->length.escape_count != 0))
        return "escapes of a number that is of X.690, or that is not there";
    if (dialect->type.codec == LEAT_TLV_BER_TAG)
        return chained || dialect->label.codec != LEAT_TLV_NONE ? "a tag of X.690 goes with its length alone" : x690_wrong(dialect);
    if (chained ? dialect->type.codec != LEAT_TLV_NONE || !place_ok(&dialect->following, dialect->header_bytes)
                : !field_ok(dialect, &dialect->type))
        return "type, or the type that follows: no number within the fixed part, nor one behind it";
    if (!field_ok(dialect, &dialect->length))
        return "length: no number within the fixed part, nor one behind it";
    if (dialect->checksum.codec != LEAT_TLV_NONE &&
        (!place_ok(&dialect->checksum, dialect->header_bytes) || dialect->checksum.codec != LEAT_TLV_BIG || dialect->checksum.bytes != 2 ||
         dialect->checksum.mask != 0xffff || (dialect->checksum.at & 1) != 0))
        return "checksum: two bytes, big endian, at an even place of the fixed part";
    if (chained && dialect->cumulative)
        return "a type cannot be both told by the item before and counted from it";
    return NULL;
}

static const char *marks_wrong(const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        const struct leat_tlv_mark *mark = &dialect->marks[i];
        if (mark->bare && mark->valued)
            return "a mark that has a value, and nothing but a type";
        if (mark->first_byte && (!mark->bare || mark->type > 0xff))
            return "a mark told by the first byte is that byte alone";
        if (mark->bare && !mark->first_byte && dialect->header_bytes > 0 && dialect->type.at < 0)
            return "a bare mark behind the fixed part";
    }
    return NULL;
}

static const char *mix_wrong(const struct leat_tlv_dialect *dialect)
{
    bool row = dialect->cumulative || dialect->following.codec != LEAT_TLV_NONE;
    if (!dialect->indefinite)
        return NULL;
    if (row || dialect->align > 1 || dialect->trailer_bytes > 0 || dialect->label.codec != LEAT_TLV_NONE)
        return "items without a length, in a dialect with padding, trailer, label, or rows in which items depend on each other";
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        if (dialect->marks[i].end)
            return "items without a length, in a dialect with end marks of its own";
    }
    return NULL;
}

/* Whether the fields are read by nothing but their words in the fixed part. */
static bool only_fixed(const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        if (dialect->marks[i].first_byte)
            return false;
    }
    return is_word(&dialect->type) && is_word(&dialect->length) && dialect->type.at >= 0 && dialect->length.at >= 0 &&
           dialect->type.escape_count == 0 && dialect->length.escape_count == 0 && dialect->control.codec == LEAT_TLV_NONE &&
           dialect->label.codec == LEAT_TLV_NONE && !dialect->cumulative && dialect->length_unit <= 1 && dialect->trailer_bytes == 0 &&
           dialect->marker_bytes == 0 && dialect->checksum.codec == LEAT_TLV_NONE && dialect->length.bytes <= 4;
}

static enum leat_tlv_shape shape_of(const struct leat_tlv_dialect *dialect)
{
    if (dialect->cut != LEAT_TLV_CUT_NOT)
        return LEAT_TLV_SHAPE_UNTYPED;
    const struct leat_tlv_field *nested = &dialect->nested;
    bool bare = dialect->mark_count == 0 && dialect->align == 1;
    if (dialect->type.codec != LEAT_TLV_BER_TAG)
        return !only_fixed(dialect) ? LEAT_TLV_SHAPE_GENERAL : bare ? LEAT_TLV_SHAPE_PLAIN : LEAT_TLV_SHAPE_FIXED;
    bool flag = nested->codec != LEAT_TLV_NONE && nested->shift == 5 && nested->mask == 1;
    return bare && flag && dialect->inside == dialect && dialect->nest_count == 0 && dialect->trailer_bytes == 0 ? LEAT_TLV_SHAPE_BER
                                                                                                                 : LEAT_TLV_SHAPE_GENERAL;
}

int leat_tlv_dialect_ready(struct leat_tlv_dialect *dialect, const char **why)
{
    static const char *(*const checks[])(const struct leat_tlv_dialect *) = {sizes_wrong, tables_wrong, fields_wrong, marks_wrong,
                                                                             mix_wrong};
    const char *wrong = NULL;
    if (dialect == NULL)
        return -EINVAL;
    if ((unsigned)dialect->cut > LEAT_TLV_CUT_RAW || (dialect->cut == LEAT_TLV_CUT_FIXED && dialect->cut_bytes < 1))
        wrong = "a way to cut frames that makes no sense";
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && wrong == NULL && dialect->cut == LEAT_TLV_CUT_NOT; i++)
        wrong = checks[i](dialect);
    if (wrong == NULL && (dialect->name == NULL || dialect->rule == NULL))
        wrong = "name or rule is missing";
    if (wrong != NULL) {
        if (why != NULL)
            *why = wrong;
        return -EINVAL;
    }
    if (dialect->cut != LEAT_TLV_CUT_NOT)
        dialect->align = 1;
    dialect->shape = shape_of(dialect);
    return 0;
}
