/* SPDX-License-Identifier: MIT */
/* dialect_file.c: reads dialects from an INI file: inih tells keys from values, and here is what they mean. */
#include "dialect_file.h"
#include "dialect_reading.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_CHARS_LEAST (DIALECT_LINE_MOST + 2) /* with the newline and the zero */

struct key {
    const char *name;
    bool (*take)(struct dialect_reading *reading, struct words *words, const struct key *key);
    size_t member; /* offset of what is set */
    int32_t least, most;
    bool (*take_row)(struct dialect_reading *reading, struct words *words); /* else: a row of a table; such keys may come often */
};

static void *member_of(struct dialect_reading *reading, const struct key *key)
{
    return (char *)reading->dialect + key->member;
}

static bool take_count(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    return words_count(words, reading->fault, key->name, key->least, key->most, member_of(reading, key));
}

static bool take_value(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    return words_value(words, reading->fault, key->name, member_of(reading, key));
}

static bool take_flag(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    bool *flag = member_of(reading, key);
    *flag = words_accept(words, "yes");
    return *flag || words_accept(words, "no") || dialect_wrong(reading->fault, "%s: yes or no is wanted", key->name);
}

/* Escapes may have come before it. */
static bool take_field(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    struct leat_tlv_field *field = member_of(reading, key), taken;
    if (!words_field(words, reading->fault, &taken))
        return false;
    taken.escapes = field->escapes;
    taken.escape_count = field->escape_count;
    *field = taken;
    return true;
}

static bool take_inside(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    if (words->word == NULL)
        return dialect_wrong(reading->fault, "%s: the name of a dialect is wanted", key->name);
    dialect_refer(reading, dialect_keep(reading, words->word), member_of(reading, key));
    words_next(words);
    return true;
}

/* lines BYTE, marks BYTE, fixed N, raw */
static bool take_cut(struct dialect_reading *reading, struct words *words, const struct key *key)
{
    struct leat_tlv_dialect *dialect = reading->dialect;
    int32_t count = 0;
    dialect->cut = words_accept(words, "lines")   ? LEAT_TLV_CUT_LINES
                   : words_accept(words, "marks") ? LEAT_TLV_CUT_MARKS
                   : words_accept(words, "fixed") ? LEAT_TLV_CUT_FIXED
                   : words_accept(words, "raw")   ? LEAT_TLV_CUT_RAW
                                                  : LEAT_TLV_CUT_NOT;
    if (dialect->cut == LEAT_TLV_CUT_NOT)
        return dialect_wrong(reading->fault, "%s: 'lines BYTE', 'marks BYTE', 'fixed N' or 'raw' is wanted", key->name);
    if (dialect->cut == LEAT_TLV_CUT_RAW)
        return true;
    bool fixed = dialect->cut == LEAT_TLV_CUT_FIXED;
    if (!words_count(words, reading->fault, key->name, fixed, fixed ? INT32_MAX : 255, &count))
        return false;
    if (fixed)
        dialect->cut_bytes = count;
    else
        dialect->cut_byte = (unsigned char)count;
    return true;
}

#define MEMBER(name) offsetof(struct leat_tlv_dialect, name)
#define COUNT_KEY(name, least, most)                       \
    {                                                      \
#name, take_count, MEMBER(name), least, most, NULL \
    }
#define KEY(take, name)                       \
    {                                         \
#name, take, MEMBER(name), 0, 0, NULL \
    }
#define ROW_KEY(name, take)       \
    {                             \
        name, NULL, 0, 0, 0, take \
    }

static const struct key keys[] = {
    {"rule", NULL, 0, 0, 0, NULL}, /* as it stands, not in words */
    COUNT_KEY(header_bytes, 0, 4096),
    KEY(take_field, type),
    KEY(take_field, length),
    KEY(take_field, nested),
    KEY(take_field, following),
    KEY(take_field, label),
    KEY(take_field, control),
    KEY(take_field, checksum),
    KEY(take_inside, inside),
    COUNT_KEY(length_includes, -4096, 8192),
    COUNT_KEY(length_unit, 0, 256),
    COUNT_KEY(align, 1, 256),
    COUNT_KEY(trailer_bytes, 0, 256),
    KEY(take_value, length_max),
    KEY(take_value, first),
    KEY(take_flag, shortest),
    KEY(take_flag, indefinite),
    KEY(take_flag, cumulative),
    KEY(take_flag, in_hex),
    KEY(take_cut, cut),
    ROW_KEY("marker", dialect_take_marker),
    ROW_KEY("escape.type", dialect_take_type_escape),
    ROW_KEY("escape.length", dialect_take_length_escape),
    ROW_KEY("kind", dialect_take_kind),
    ROW_KEY("mark", dialect_take_mark),
    ROW_KEY("nest", dialect_take_nest),
    ROW_KEY("name", dialect_take_name),
};
#define KEYS (sizeof keys / sizeof keys[0])

const char *dialect_keep(struct dialect_reading *reading, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = reading->file->letters;
    memcpy(copy, text, bytes);
    reading->file->letters += bytes;
    return copy;
}

void dialect_refer(struct dialect_reading *reading, const char *name, const struct leat_tlv_dialect **place)
{
    *reading->file->references++ = (struct dialect_reference){place, name, reading->line};
}

bool dialect_name_valid(const char *name)
{
    size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return bytes >= 1 && bytes <= DIALECT_NAME_MOST;
}

/* Notes that something is wrong in a line, whose text is set, and that the rest is not to be read. */
static void fail_at(struct dialect_reading *reading, int64_t line)
{
    reading->fault->line = line;
    reading->failed = true;
}

static bool open_section(struct dialect_reading *reading, const char *name)
{
    struct dialect_file *file = reading->file;
    if (!dialect_name_valid(name))
        return dialect_wrong(reading->fault, "[%s]: a dialect's name has 1 to %d letters, digits, and - _ .", name, DIALECT_NAME_MOST);
    if (leat_tlv_dialect(name) != NULL)
        return dialect_wrong(reading->fault, "[%s]: is built in; a dialect of a file needs a name of its own", name);
    for (int32_t i = 0; i < file->dialect_count; i++) {
        if (strcmp(file->dialects[i].name, name) == 0)
            return dialect_wrong(reading->fault, "[%s]: a second section of that name; the first is in line %lld", name,
                                 (long long)file->lines[i]);
    }
    if (file->dialect_count == DIALECT_SECTIONS_MOST)
        return dialect_wrong(reading->fault, "[%s]: a file holds %d dialects at most", name, DIALECT_SECTIONS_MOST);
    file->lines[file->dialect_count] = reading->heading;
    reading->dialect = &file->dialects[file->dialect_count++];
    *reading->dialect = (struct leat_tlv_dialect){.name = dialect_keep(reading, name), .align = 1};
    reading->seen = 0;
    reading->heading = 0;
    return true;
}

/* Every key, in the order in which they are printed. */
static bool unknown_key(struct dialect_reading *reading, const char *name)
{
    char known[DIALECT_FAULT_CHARS / 2];
    size_t used = 0;
    for (size_t i = 0; i < KEYS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", keys[i].name);
    return dialect_wrong(reading->fault, "unknown key '%.*s'; known:%s", DIALECT_LINE_MOST, name, known);
}

static bool take(struct dialect_reading *reading, const char *name, const char *value)
{
    struct words words;
    size_t i = 0;
    while (i < KEYS && strcmp(keys[i].name, name) != 0)
        i++;
    if (i == KEYS)
        return unknown_key(reading, name);
    if (keys[i].take_row == NULL && (reading->seen >> i & 1) != 0)
        return dialect_wrong(reading->fault, "%s: a second time in [%s]", name, reading->dialect->name);
    reading->seen |= UINT64_C(1) << i;
    if (*value == ';') /* (where no blank stands before it; with one it would be a comment) */
        return dialect_wrong(reading->fault, "%s: a value does not begin with ;", name);
    if (keys[i].take == NULL && keys[i].take_row == NULL) {
        reading->dialect->rule = dialect_keep(reading, value);
        return true;
    }
    words_start(&words, value);
    if (keys[i].take_row != NULL ? !keys[i].take_row(reading, &words) : !keys[i].take(reading, &words, &keys[i]))
        return false;
    return words.word == NULL || dialect_wrong(reading->fault, "%s: nothing is wanted at and behind '%s'", name, words.word);
}

/* inih: a key and its value. It is to go on always: what is wrong is told by the reading, and by no more lines. */
static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct dialect_reading *reading = context;
    int64_t line = reading->heading != 0 ? reading->heading : reading->line;
    if (reading->failed)
        return 1;
    if (reading->heading != 0 && !open_section(reading, section)) {
        fail_at(reading, line);
        return 1;
    }
    if (reading->dialect == NULL)
        dialect_wrong(reading->fault, "'%.*s' stands before the first [NAME]", DIALECT_LINE_MOST, name);
    else if (take(reading, name, value))
        return 1;
    fail_at(reading, reading->line);
    return 1;
}

/* inih gives what stands behind the bracket to nobody. */
static bool heading_valid(struct dialect_reading *reading, const char *line)
{
    const char *end = strchr(line, ']');
    if (end != NULL && end[1 + strspn(end + 1, " \t")] == '\0')
        return true;
    return dialect_wrong(reading->fault, "a heading is [NAME], and nothing behind it");
}

/* Whether a line may go to inih. */
static bool line_valid(struct dialect_reading *reading, const char *line, size_t bytes, int room)
{
    if (reading->line > DIALECT_LINES_MOST)
        return dialect_wrong(reading->fault, "a file has %d lines at most", DIALECT_LINES_MOST);
    if (bytes > DIALECT_LINE_MOST || room < LINE_CHARS_LEAST)
        return dialect_wrong(reading->fault, "a line has %d bytes at most, not %lld", DIALECT_LINE_MOST, (long long)bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return dialect_wrong(reading->fault, "a byte %02x; text is wanted", (unsigned char)line[i]);
    }
    return true;
}

static bool no_empty_section(struct dialect_reading *reading)
{
    if (reading->heading == 0)
        return true;
    dialect_wrong(reading->fault, "a section without a key; rule, type and length are wanted");
    fail_at(reading, reading->heading);
    return false;
}

/* inih: the next line. Without its indent, since inih would join an indented line to the one before. */
static char *next_line(char *line, int room, void *stream)
{
    struct dialect_reading *reading = stream;
    if (reading->failed || reading->text == reading->end)
        return NULL;
    const char *at = reading->text, *newline = memchr(at, '\n', (size_t)(reading->end - at));
    const char *end = newline != NULL ? newline : reading->end;
    reading->text = newline != NULL ? newline + 1 : end;
    reading->line++;
    if (end > at && end[-1] == '\r')
        end--;
    while (end > at && (*at == ' ' || *at == '\t'))
        at++;
    size_t bytes = (size_t)(end - at);
    bool good = line_valid(reading, at, bytes, room);
    if (good) {
        memcpy(line, at, bytes);
        line[bytes] = '\0';
        good = *line != '[' || heading_valid(reading, line);
    }
    if (!good) {
        fail_at(reading, reading->line);
        return NULL;
    }
    if (*line == '[') {
        if (!no_empty_section(reading))
            return NULL;
        reading->heading = reading->line;
    }
    return line;
}

static bool resolve(struct dialect_reading *reading)
{
    struct dialect_file *file = reading->file;
    for (struct dialect_reference *one = file->first_reference; one < file->references; one++) {
        const struct leat_tlv_dialect *found = dialect_file_find(file, one->name);
        *one->place = found != NULL ? found : leat_tlv_dialect(one->name);
        if (*one->place == NULL) {
            dialect_wrong(reading->fault, "unknown dialect '%s': neither a section of this file nor built in (`leat dialects' lists those)",
                          one->name);
            fail_at(reading, one->line);
            return false;
        }
    }
    return true;
}

static bool escapes_alone(const struct leat_tlv_field *field)
{
    return field->escape_count > 0 && !dialect_is_word(field->codec) && !dialect_is_seven_bits(field->codec);
}

static bool make_ready(struct dialect_reading *reading)
{
    struct dialect_file *file = reading->file;
    for (int32_t i = 0; i < file->dialect_count; i++) {
        const char *why = "it makes no sense";
        struct leat_tlv_dialect *dialect = &file->dialects[i];
        if (escapes_alone(&dialect->type) || escapes_alone(&dialect->length))
            why = "escapes of a field that has none: escape.type goes with type, escape.length with length, as a number";
        else if (dialect->rule == NULL || *dialect->rule == '\0')
            why = "a rule is wanted: one line that tells people what the header is";
        else if (leat_tlv_dialect_ready(dialect, &why) == 0)
            continue;
        dialect_wrong(reading->fault, "[%s]: %s", dialect->name, why);
        fail_at(reading, file->lines[i]);
        return false;
    }
    return true;
}

/* Takes a piece of the block at `at`, of which *used bytes are taken; nothing but a count where it is NULL. */
static void *piece(char *at, size_t *used, int64_t count, size_t size)
{
    void *taken = at != NULL ? at + *used : NULL;
    *used += ((size_t)count * size + 15) / 16 * 16;
    return taken;
}

/* Lays the file out at `at`; NULL: only says how many bytes that takes. */
static size_t lay_out(struct dialect_file *file, char *at, int64_t lines, int64_t bytes)
{
    size_t used = (sizeof *file + 15) / 16 * 16;
    file->dialects = piece(at, &used, DIALECT_SECTIONS_MOST, sizeof *file->dialects);
    file->lines = piece(at, &used, DIALECT_SECTIONS_MOST, sizeof *file->lines);
    file->type_escapes = piece(at, &used, lines, sizeof *file->type_escapes);
    file->length_escapes = piece(at, &used, lines, sizeof *file->length_escapes);
    file->kinds = piece(at, &used, lines, sizeof *file->kinds);
    file->marks = piece(at, &used, lines, sizeof *file->marks);
    file->nests = piece(at, &used, lines, sizeof *file->nests);
    file->names = piece(at, &used, lines, sizeof *file->names);
    file->references = file->first_reference = piece(at, &used, lines, sizeof *file->references);
    file->marker = piece(at, &used, bytes, 1);
    file->letters = piece(at, &used, bytes + 1, 1);
    return used;
}

static struct dialect_file *make_file(const char *text, int64_t bytes)
{
    struct dialect_file measured = {0}, *file;
    int64_t lines = 1;
    for (int64_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    if (lines > DIALECT_LINES_MOST)
        lines = DIALECT_LINES_MOST;
    file = calloc(1, lay_out(&measured, NULL, lines, bytes));
    if (file != NULL)
        lay_out(file, (char *)file, lines, bytes);
    return file;
}

int dialect_file_parse(struct dialect_file **out, const char *text, int64_t bytes, struct dialect_fault *fault)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, at the start */
    *fault = (struct dialect_fault){0};
    if (bytes > DIALECT_FILE_MOST) {
        dialect_wrong(fault, "a file has %d bytes at most", DIALECT_FILE_MOST);
        return -EINVAL;
    }
    struct dialect_reading reading = {.file = make_file(text, bytes), .fault = fault, .text = text, .end = text + bytes};
    if (reading.file == NULL)
        return -ENOMEM;
    if (bytes >= 3 && memcmp(text, mark, 3) == 0)
        reading.text += 3;
    int line = ini_parse_stream(next_line, &reading, on_key, &reading);
    if (line > 0) { /* (before any line of ours: there inih goes on, and so does the reading) */
        dialect_wrong(fault, "neither [NAME] nor KEY = VALUE, nor a comment behind ; or #");
        fail_at(&reading, line);
    }
    bool good = !reading.failed && line == 0 && no_empty_section(&reading) && resolve(&reading) && make_ready(&reading);
    if (good && reading.file->dialect_count == 0)
        good = dialect_wrong(fault, "no dialect in it; each begins with [NAME]");
    if (!good) {
        dialect_file_free(reading.file);
        return line < 0 ? -ENOMEM : -EINVAL;
    }
    *out = reading.file;
    return 0;
}

void dialect_file_free(struct dialect_file *file)
{
    free(file);
}

const struct leat_tlv_dialect *dialect_file_at(const struct dialect_file *file, int64_t index)
{
    return index >= 0 && index < file->dialect_count ? &file->dialects[index] : NULL;
}

const struct leat_tlv_dialect *dialect_file_find(const struct dialect_file *file, const char *name)
{
    for (int32_t i = 0; i < file->dialect_count; i++) {
        if (strcmp(file->dialects[i].name, name) == 0)
            return &file->dialects[i];
    }
    return NULL;
}
