/* SPDX-License-Identifier: MIT */
/* rules.c: the words for the rules, what a list must be, and what text must be. */
#include <leat/schema.h>

const char *leat_schema_rule_text(enum leat_schema_rule rule)
{
    static const char *const texts[] = {
        [LEAT_SCHEMA_OK] = "well formed",
        [LEAT_SCHEMA_TRUNCATED] = "the data ends inside the item",
        [LEAT_SCHEMA_LENGTH_SMALL] = "length smaller than the header that it counts",
        [LEAT_SCHEMA_LENGTH_LIMIT] = "longer than the wire's limit",
        [LEAT_SCHEMA_WIDTH] = "not as many bytes as the field has",
        [LEAT_SCHEMA_LONG] = "more bytes than there is room for",
        [LEAT_SCHEMA_RANGE] = "outside of its range",
        [LEAT_SCHEMA_BOOLEAN] = "neither 0 nor 1",
        [LEAT_SCHEMA_UTF8] = "not UTF-8, or a zero in it",
        [LEAT_SCHEMA_TWICE] = "a field that is not repeated, again",
        [LEAT_SCHEMA_MANY] = "more items than a repeated field may have",
        [LEAT_SCHEMA_FEW] = "fewer items than a repeated field must have",
        [LEAT_SCHEMA_MISSING] = "a required field is not there",
        [LEAT_SCHEMA_UNKNOWN] = "unknown type that may not be passed over",
        [LEAT_SCHEMA_UNKNOWN_MANY] = "more unknown items than can be kept",
        [LEAT_SCHEMA_ARGUMENT] = "no data",
    };
    return (size_t)rule < sizeof texts / sizeof texts[0] ? texts[rule] : "unknown rule";
}

static bool number_valid(const struct leat_schema_wire *wire, const struct leat_schema_number *number)
{
    return number->bytes >= 1 && number->bytes <= 4 && number->shift >= 0 && number->shift < 8 * number->bytes && number->at >= 0 &&
           number->at + number->bytes <= wire->header_bytes && (uint64_t)number->mask << number->shift >> (8 * number->bytes) == 0;
}

static bool wire_valid(const struct leat_schema_wire *wire)
{
    bool one_word = wire->type.at == wire->length.at;
    uint64_t both = ((uint64_t)wire->type.mask << wire->type.shift) & ((uint64_t)wire->length.mask << wire->length.shift);
    bool nests = wire->nested.mask == 0 ||
                 (number_valid(wire, &wire->nested) && wire->nested.at == wire->type.at && wire->nested.bytes == wire->type.bytes);
    return number_valid(wire, &wire->type) && number_valid(wire, &wire->length) && nests &&
           (!one_word || (wire->type.bytes == wire->length.bytes && both == 0)) && wire->align >= 1 &&
           (wire->align & (wire->align - 1)) == 0 && wire->length_includes >= 0 && wire->length_max <= wire->length.mask;
}

static bool field_valid(const struct leat_schema_wire *wire, const struct leat_schema_field *f)
{
    bool is_signed = f->kind == LEAT_SCHEMA_INT;
    if (f->type > wire->type.mask || f->least < 0 || f->most < 1 || f->least > f->most ||
        (f->kind == LEAT_SCHEMA_STRUCT) != (f->nested != NULL))
        return false;
    if (f->ranged && (f->kind == LEAT_SCHEMA_FIXED || f->kind == LEAT_SCHEMA_STRUCT))
        return false;
    if (f->ranged && (is_signed ? (int64_t)f->low > (int64_t)f->high : f->low > f->high))
        return false;
    if (f->presence != LEAT_SCHEMA_DEFAULT)
        return true;
    if (f->kind > LEAT_SCHEMA_BOOL || !leat_schema_in_range(f, f->fallback))
        return false;
    int32_t spare = 64 - 8 * f->stride;
    return f->fallback == (is_signed ? (uint64_t)((int64_t)(f->fallback << spare) >> spare) : f->fallback << spare >> spare);
}

bool leat_schema_valid(const struct leat_schema *schema)
{
    if (!wire_valid(schema->wire) || schema->field_count < 1 || schema->field_count > LEAT_SCHEMA_FIELDS_MAX)
        return false;
    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct leat_schema_field *f = &schema->fields[i];
        if (!field_valid(schema->wire, f) || (f->nested != NULL && !leat_schema_valid(f->nested->schema())))
            return false;
    }
    return true;
}

/* RFC 3629, 4: how many bytes the character at p has, of `there`; 0: none. */
static int64_t character(const unsigned char *p, int64_t there)
{
    int64_t bytes = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (p[0] == 0 || bytes > there)
        return 0;
    for (int64_t i = 1; i < bytes; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool long_form = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f, beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return long_form || surrogate || beyond ? 0 : bytes;
}

bool leat_schema_utf8(const unsigned char *text, int64_t bytes)
{
    const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
    int64_t at = 0;
    while (at < bytes) {
        uint64_t eight;
        if (bytes - at >= 8) {
            memcpy(&eight, text + at, sizeof eight);
            if (((eight | (eight - ones)) & high) == 0) { /* eight of 01 to 7f */
                at += 8;
                continue;
            }
        }
        int64_t one = character(text + at, bytes - at);
        if (one == 0)
            return false;
        at += one;
    }
    return true;
}
