/* SPDX-License-Identifier: MIT */
/* dialect_rows.c: the tables of a dialect's text, a row a line. */
#include "dialect_reading.h"

#include <stdio.h>

/* Whether there is room for one more row. */
static bool row_fits(struct dialect_reading *reading, const char *key, int32_t count)
{
    return count < DIALECT_ROWS_MOST || dialect_wrong(reading->fault, "more than %d lines with '%s'", DIALECT_ROWS_MOST, key);
}

static bool twice(struct dialect_reading *reading, const char *key, uint64_t value)
{
    return dialect_wrong(reading->fault, "%s: a second line for %llu; each has one at most", key, (unsigned long long)value);
}

/* VALUE bytes N [add N] [least N], or VALUE reserved */
static bool take_escape(struct dialect_reading *reading, struct words *words, const char *key, struct leat_tlv_field *field,
                        struct leat_tlv_escape **free_rows)
{
    struct leat_tlv_escape row = {0};
    bool good = row_fits(reading, key, field->escape_count) && words_value(words, reading->fault, key, &row.value);
    if (!good)
        return false;
    for (int32_t i = 0; i < field->escape_count; i++) {
        if (field->escapes[i].value == row.value)
            return twice(reading, key, row.value);
    }
    if (words_accept(words, "reserved"))
        row.bytes = -1;
    else if (!words_accept(words, "bytes"))
        return dialect_wrong(reading->fault, "%s: VALUE is followed by 'reserved', or by 'bytes N [add N] [least N]'", key);
    else if (!words_count(words, reading->fault, "bytes", 0, 8, &row.bytes) ||
             (words_accept(words, "add") && !words_value(words, reading->fault, "add", &row.add)) ||
             (words_accept(words, "least") && !words_value(words, reading->fault, "least", &row.least)))
        return false;
    if (field->escape_count++ == 0)
        field->escapes = *free_rows;
    *(*free_rows)++ = row;
    return true;
}

bool dialect_take_type_escape(struct dialect_reading *reading, struct words *words)
{
    return take_escape(reading, words, "escape.type", &reading->dialect->type, &reading->file->type_escapes);
}

bool dialect_take_length_escape(struct dialect_reading *reading, struct words *words)
{
    return take_escape(reading, words, "escape.length", &reading->dialect->length, &reading->file->length_escapes);
}

/* VALUE HOW [N] [extra N [counted]] [trailer N] */
bool dialect_take_kind(struct dialect_reading *reading, struct words *words)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    struct leat_tlv_kind row = {0};
    int how = 0;
    if (!row_fits(reading, "kind", dialect->kind_count) || !words_value(words, reading->fault, "kind", &row.value))
        return false;
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].value == row.value)
            return twice(reading, "kind", row.value);
    }
    while (how < DIALECT_HOWS && !words_accept(words, dialect_how_name((enum leat_tlv_how)how)))
        how++;
    if (how == DIALECT_HOWS)
        return dialect_wrong(reading->fault, "kind: VALUE is followed by by-field, by-number N, sized N, self, opens or closes");
    row.how = (enum leat_tlv_how)how;
    if (dialect_how_counts(row.how) && !words_count(words, reading->fault, dialect_how_name(row.how), row.how == LEAT_TLV_BY_NUMBER ? 1 : 0,
                                                    row.how == LEAT_TLV_BY_NUMBER ? 8 : 16, &row.bytes))
        return false;
    if (words_accept(words, "extra")) {
        if (!words_count(words, reading->fault, "extra", 0, 256, &row.extra))
            return false;
        row.extra = words_accept(words, "counted") ? -row.extra : row.extra;
    }
    if (words_accept(words, "trailer") && !words_count(words, reading->fault, "trailer", 0, 256, &row.trailer))
        return false;
    if (dialect->kind_count++ == 0)
        dialect->kinds = reading->file->kinds;
    *reading->file->kinds++ = row;
    return true;
}

/* TYPE [bare] [end] [first-byte] [valued] */
bool dialect_take_mark(struct dialect_reading *reading, struct words *words)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    struct leat_tlv_mark row = {0};
    if (!row_fits(reading, "mark", dialect->mark_count) || !words_value(words, reading->fault, "mark", &row.type))
        return false;
    while (words->word != NULL) {
        bool *flag = words_accept(words, "bare")         ? &row.bare
                     : words_accept(words, "end")        ? &row.end
                     : words_accept(words, "first-byte") ? &row.first_byte
                     : words_accept(words, "valued")     ? &row.valued
                                                         : NULL;
        if (flag == NULL || *flag)
            return dialect_wrong(reading->fault, "mark: TYPE is followed by some of bare, end, first-byte, valued, each once");
        *flag = true;
    }
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        if (dialect->marks[i].type == row.type && dialect->marks[i].first_byte == row.first_byte)
            return twice(reading, "mark", row.type);
    }
    if (dialect->mark_count++ == 0)
        dialect->marks = reading->file->marks;
    *reading->file->marks++ = row;
    return true;
}

/* N, N-M or any */
static bool take_types(struct dialect_reading *reading, struct words *words, struct leat_tlv_nest *row)
{
    char *end = NULL;
    if (words_accept(words, "any")) {
        row->last = UINT64_MAX;
        return true;
    }
    if (words->word == NULL || !dialect_number(words->word, &end, &row->first))
        return dialect_wrong(reading->fault, "nest: begins with a type, with FIRST-LAST, or with any");
    row->last = row->first;
    if ((*end == '-' && !dialect_number(end + 1, &end, &row->last)) || *end != '\0' || row->last < row->first)
        return dialect_wrong(reading->fault, "nest: '%s' is neither a type nor FIRST-LAST", words->word);
    words_next(words);
    return true;
}

/* Numbers, as many as there are; kept as bytes that end with a 0. */
static bool take_parts(struct dialect_reading *reading, struct words *words, struct leat_tlv_nest *row)
{
    signed char parts[DIALECT_LINE_MOST];
    size_t count = 0;
    if (row->parts != NULL)
        return dialect_wrong(reading->fault, "nest: 'parts' a second time");
    while (words->word != NULL && (words->word[0] == '-' || (words->word[0] >= '0' && words->word[0] <= '9'))) {
        int32_t part;
        if (!words_count(words, reading->fault, "parts", -4, 127, &part))
            return false;
        if (part == 0)
            return dialect_wrong(reading->fault, "nest: a part of 0 bytes");
        parts[count++] = (signed char)part;
    }
    if (count == 0)
        return dialect_wrong(reading->fault, "nest: 'parts' is followed by numbers from -4 to 127, none of them 0");
    parts[count] = 0;
    memcpy(reading->file->letters, parts, count + 1);
    row->parts = (const signed char *)reading->file->letters;
    reading->file->letters += count + 1;
    return true;
}

/* One option of a nest. */
static bool take_nest_option(struct dialect_reading *reading, struct words *words, struct leat_tlv_nest *row, const char **inside)
{
    struct dialect_fault *fault = reading->fault;
    if (words_accept(words, "starts"))
        return words_count(words, fault, "starts", 0, 255, &row->value_starts);
    if (words_accept(words, "fixed"))
        return words_count(words, fault, "fixed", 0, 4096, &row->fixed_bytes);
    if (words_accept(words, "area"))
        return words_count(words, fault, "area", 1, 4, &row->area_bytes);
    if (words_accept(words, "parts"))
        return take_parts(reading, words, row);
    if (words_accept(words, "first"))
        return words_field(words, fault, &row->type);
    if (words_accept(words, "unless"))
        return words_field(words, fault, &row->unless);
    if (words_accept(words, "inside") && words->word != NULL && *inside == NULL) {
        *inside = dialect_keep(reading, words->word);
        words_next(words);
        return true;
    }
    return dialect_wrong(
        fault, "nest: TYPES are followed by 'inside NAME' and some of starts N, fixed N, parts N..., area N, first FIELD, unless FIELD");
}

bool dialect_take_nest(struct dialect_reading *reading, struct words *words)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    struct leat_tlv_nest row = {.value_starts = -1};
    const char *inside = NULL;
    if (!row_fits(reading, "nest", dialect->nest_count) || !take_types(reading, words, &row))
        return false;
    while (words->word != NULL) {
        if (!take_nest_option(reading, words, &row, &inside))
            return false;
    }
    if (inside == NULL)
        return dialect_wrong(reading->fault, "nest: 'inside NAME' is missing, which says what dialect the items inside are");
    if (dialect->nest_count++ == 0)
        dialect->nests = reading->file->nests;
    *reading->file->nests = row;
    dialect_refer(reading, inside, &reading->file->nests->inside);
    reading->file->nests++;
    return true;
}

/* TYPE, and all the rest as it stands */
bool dialect_take_name(struct dialect_reading *reading, struct words *words)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    struct leat_tlv_name row = {0};
    const char *text = words->rest + strspn(words->rest, " \t"); /* (behind the type) */
    char kept[DIALECT_LINE_MOST + 1];
    snprintf(kept, sizeof kept, "%s", text);
    if (!row_fits(reading, "name", dialect->name_count) || !words_value(words, reading->fault, "name", &row.type))
        return false;
    if (*kept == '\0')
        return dialect_wrong(reading->fault, "name: TYPE is followed by what people call it");
    for (int32_t i = 0; i < dialect->name_count; i++) {
        if (dialect->names[i].type == row.type)
            return twice(reading, "name", row.type);
    }
    row.name = dialect_keep(reading, kept);
    words->word = NULL;
    if (dialect->name_count++ == 0)
        dialect->names = reading->file->names;
    *reading->file->names++ = row;
    return true;
}

/* Bytes in hex, with blanks between them or without; another line goes on. */
bool dialect_take_marker(struct dialect_reading *reading, struct words *words)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    if (words->word == NULL)
        return dialect_wrong(reading->fault, "marker: bytes in hex are wanted, such as ffff01");
    for (; words->word != NULL; words_next(words)) {
        for (const char *at = words->word; *at != '\0'; at += 2) {
            char pair[5] = {'0', 'x', at[0], at[1], '\0'}, *end;
            uint64_t byte;
            if (at[1] == '\0' || !dialect_number(pair, &end, &byte) || *end != '\0')
                return dialect_wrong(reading->fault, "marker: bytes in hex are wanted, such as ffff01, not '%s'", words->word);
            if (dialect->marker_bytes++ == 0)
                dialect->marker = reading->file->marker;
            *reading->file->marker++ = (unsigned char)byte;
        }
    }
    return true;
}
