/* SPDX-License-Identifier: MIT */
/* dialect_print.c: a dialect as the text that dialect_file.c reads. What has its default is left out. */
#define _POSIX_C_SOURCE 200809L
#include "dialect_words.h"

#include <stdio.h>
#include <stdlib.h>

struct section {
    const struct leat_tlv_dialect *dialect;
    char name[DIALECT_NAME_MOST + 1];
};

struct printing {
    FILE *out;
    int32_t count;
    struct section sections[DIALECT_SECTIONS_MOST]; /* to be printed, in this order */
};

static const struct section *section_of(const struct printing *printing, const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < printing->count; i++) {
        if (printing->sections[i].dialect == dialect)
            return &printing->sections[i];
    }
    return NULL;
}

static bool built_in(const struct leat_tlv_dialect *dialect)
{
    return leat_tlv_dialect(dialect->name) == dialect;
}

static bool name_free(const struct printing *printing, const char *name)
{
    for (int32_t i = 0; i < printing->count; i++) {
        if (strcmp(printing->sections[i].name, name) == 0)
            return false;
    }
    return leat_tlv_dialect(name) == NULL;
}

/* Notes a dialect that is referred to. False: there are too many. */
static bool note(struct printing *printing, const struct leat_tlv_dialect *dialect)
{
    if (dialect == NULL || section_of(printing, dialect) != NULL || built_in(dialect))
        return true;
    if (printing->count == DIALECT_SECTIONS_MOST)
        return false;
    struct section *section = &printing->sections[printing->count];
    snprintf(section->name, sizeof section->name, "%s", dialect->name);
    for (unsigned char n = 2; !name_free(printing, section->name); n++)
        snprintf(section->name, sizeof section->name, "%.*s-%d", DIALECT_NAME_MOST - 4, dialect->name, n);
    section->dialect = dialect;
    printing->count++;
    return true;
}

/* How a dialect is called in this text. */
static const char *name_of(const struct printing *printing, const struct leat_tlv_dialect *dialect)
{
    const struct section *section = section_of(printing, dialect);
    return section != NULL ? section->name : dialect->name;
}

/* A type, as people read it. */
static void put_type(FILE *out, const struct leat_tlv_dialect *dialect, uint64_t type)
{
    fprintf(out, dialect->in_hex ? "0x%02llx" : "%llu", (unsigned long long)type);
}

static void put_field(FILE *out, const struct leat_tlv_field *field)
{
    fputs(dialect_codec_name(field->codec), out);
    if (dialect_is_word(field->codec)) {
        if (field->at == LEAT_TLV_BEHIND)
            fputs(" behind", out);
        else
            fprintf(out, " at %d", field->at);
    }
    if (!dialect_is_word(field->codec) && !dialect_is_seven_bits(field->codec))
        return;
    fprintf(out, " bytes %d", field->bytes);
    if (field->shift != 0)
        fprintf(out, " shift %d", field->shift);
    if (field->mask != dialect_mask(field->codec, field->bytes, field->shift))
        fprintf(out, " mask 0x%llx", (unsigned long long)field->mask);
}

static void put_field_line(FILE *out, const char *key, const struct leat_tlv_field *field)
{
    if (field->codec == LEAT_TLV_NONE)
        return;
    fprintf(out, "%s = ", key);
    put_field(out, field);
    fputc('\n', out);
    for (int32_t i = 0; i < field->escape_count; i++) {
        const struct leat_tlv_escape *escape = &field->escapes[i];
        fprintf(out, "escape.%s = %llu ", key, (unsigned long long)escape->value);
        if (escape->bytes < 0)
            fputs("reserved", out);
        else
            fprintf(out, "bytes %d", escape->bytes);
        if (escape->add != 0)
            fprintf(out, " add %llu", (unsigned long long)escape->add);
        if (escape->least != 0)
            fprintf(out, " least %llu", (unsigned long long)escape->least);
        fputc('\n', out);
    }
}

static void put_kinds(FILE *out, const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        const struct leat_tlv_kind *kind = &dialect->kinds[i];
        fprintf(out, "kind = %llu %s", (unsigned long long)kind->value, dialect_how_name(kind->how));
        if (dialect_how_counts(kind->how))
            fprintf(out, " %d", kind->bytes);
        if (kind->extra != 0)
            fprintf(out, kind->extra < 0 ? " extra %d counted" : " extra %d", kind->extra < 0 ? -kind->extra : kind->extra);
        if (kind->trailer != 0)
            fprintf(out, " trailer %d", kind->trailer);
        fputc('\n', out);
    }
}

static void put_marks(FILE *out, const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        const struct leat_tlv_mark *mark = &dialect->marks[i];
        fputs("mark = ", out);
        put_type(out, dialect, mark->type);
        fprintf(out, "%s%s%s%s\n", mark->bare ? " bare" : "", mark->end ? " end" : "", mark->first_byte ? " first-byte" : "",
                mark->valued ? " valued" : "");
    }
}

static void put_nests(const struct printing *printing, const struct leat_tlv_dialect *dialect)
{
    FILE *out = printing->out;
    for (int32_t i = 0; i < dialect->nest_count; i++) {
        const struct leat_tlv_nest *nest = &dialect->nests[i];
        fputs("nest = ", out);
        if (nest->first == 0 && nest->last == UINT64_MAX) {
            fputs("any", out);
        } else {
            put_type(out, dialect, nest->first);
            if (nest->last != nest->first) {
                fputc('-', out);
                put_type(out, dialect, nest->last);
            }
        }
        if (nest->value_starts >= 0)
            fprintf(out, " starts %d", nest->value_starts);
        if (nest->fixed_bytes != 0)
            fprintf(out, " fixed %d", nest->fixed_bytes);
        for (const signed char *part = nest->parts; part != NULL && *part != 0; part++)
            fprintf(out, "%s %d", part == nest->parts ? " parts" : "", *part);
        if (nest->area_bytes != 0)
            fprintf(out, " area %d", nest->area_bytes);
        fprintf(out, " inside %s", name_of(printing, nest->inside));
        if (nest->type.codec != LEAT_TLV_NONE) {
            fputs(" first ", out);
            put_field(out, &nest->type);
        }
        if (nest->unless.codec != LEAT_TLV_NONE) {
            fputs(" unless ", out);
            put_field(out, &nest->unless);
        }
        fputc('\n', out);
    }
}

static void put_names(FILE *out, const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->name_count; i++) {
        fputs("name = ", out);
        put_type(out, dialect, dialect->names[i].type);
        fprintf(out, " %s\n", dialect->names[i].name);
    }
}

static void put_marker(FILE *out, const struct leat_tlv_dialect *dialect)
{
    for (int32_t i = 0; i < dialect->marker_bytes; i++)
        fprintf(out, "%s%02x%s", i % 32 == 0 ? "marker = " : "", dialect->marker[i],
                i % 32 == 31 || i + 1 == dialect->marker_bytes ? "\n" : "");
}

static void put_count(FILE *out, const char *key, int64_t count, int64_t usual)
{
    if (count != usual)
        fprintf(out, "%s = %lld\n", key, (long long)count);
}

static void put_value(FILE *out, const char *key, uint64_t value)
{
    if (value != 0)
        fprintf(out, "%s = %llu\n", key, (unsigned long long)value);
}

static void put_flag(FILE *out, const char *key, bool flag)
{
    if (flag)
        fprintf(out, "%s = yes\n", key);
}

static void put_cut(FILE *out, const struct leat_tlv_dialect *dialect)
{
    switch (dialect->cut) {
    case LEAT_TLV_CUT_NOT:
        break;
    case LEAT_TLV_CUT_LINES:
    case LEAT_TLV_CUT_MARKS:
        fprintf(out, "cut = %s 0x%02x\n", dialect->cut == LEAT_TLV_CUT_LINES ? "lines" : "marks", dialect->cut_byte);
        break;
    case LEAT_TLV_CUT_FIXED:
        fprintf(out, "cut = fixed %lld\n", (long long)dialect->cut_bytes);
        break;
    case LEAT_TLV_CUT_RAW:
        fputs("cut = raw\n", out);
        break;
    }
}

static void put_section(const struct printing *printing, const struct section *section)
{
    const struct leat_tlv_dialect *dialect = section->dialect;
    FILE *out = printing->out;
    fprintf(out, "%s[%s]\nrule = %s\n", section == printing->sections ? "" : "\n", section->name, dialect->rule);
    put_cut(out, dialect);
    put_count(out, "header_bytes", dialect->header_bytes, 0);
    put_marker(out, dialect);
    put_field_line(out, "checksum", &dialect->checksum);
    put_field_line(out, "control", &dialect->control);
    put_kinds(out, dialect);
    put_field_line(out, "type", &dialect->type);
    put_field_line(out, "following", &dialect->following);
    put_value(out, "first", dialect->first);
    put_flag(out, "cumulative", dialect->cumulative);
    put_flag(out, "in_hex", dialect->in_hex);
    put_field_line(out, "length", &dialect->length);
    put_count(out, "length_includes", dialect->length_includes, 0);
    put_count(out, "length_unit", dialect->length_unit, 0);
    put_value(out, "length_max", dialect->length_max);
    put_flag(out, "shortest", dialect->shortest);
    put_flag(out, "indefinite", dialect->indefinite);
    put_field_line(out, "label", &dialect->label);
    put_count(out, "trailer_bytes", dialect->trailer_bytes, 0);
    put_count(out, "align", dialect->align, 1);
    put_marks(out, dialect);
    put_field_line(out, "nested", &dialect->nested);
    if (dialect->inside != NULL)
        fprintf(out, "inside = %s\n", name_of(printing, dialect->inside));
    put_nests(printing, dialect);
    put_names(out, dialect);
}

/* Notes every dialect that is to be printed. False: they are too many. */
static bool note_all(struct printing *printing)
{
    for (int32_t i = 0; i < printing->count; i++) { /* (grows) */
        const struct leat_tlv_dialect *one = printing->sections[i].dialect;
        bool good = note(printing, one->inside);
        for (int32_t n = 0; n < one->nest_count && good; n++)
            good = note(printing, one->nests[n].inside);
        if (!good)
            return false;
    }
    return true;
}

static bool lines_fit(const char *text)
{
    size_t line;
    for (; *text != '\0'; text += line + 1) { /* (each ends with a newline) */
        line = strcspn(text, "\n");
        if (line > DIALECT_LINE_MOST)
            return false;
    }
    return true;
}

int dialect_print(char **out, size_t *out_bytes, const struct leat_tlv_dialect *dialect, const char *as)
{
    struct printing printing = {.count = 1, .sections[0].dialect = dialect};
    char *text = NULL;
    size_t bytes = 0;
    snprintf(printing.sections[0].name, sizeof printing.sections[0].name, "%s", as != NULL ? as : dialect->name);
    if (!note_all(&printing))
        return -EMSGSIZE;
    printing.out = open_memstream(&text, &bytes);
    if (printing.out == NULL)
        return -ENOMEM;
    for (int32_t i = 0; i < printing.count; i++)
        put_section(&printing, &printing.sections[i]);
    bool whole = ferror(printing.out) == 0;
    whole = fclose(printing.out) == 0 && whole;
    if (!whole || !lines_fit(text)) {
        free(text);
        return whole ? -EMSGSIZE : -ENOMEM;
    }
    *out = text;
    *out_bytes = bytes;
    return 0;
}
