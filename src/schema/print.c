/* SPDX-License-Identifier: MIT */
/* print.c: a struct as one line of text. */
#include <leat/schema.h>

/* Counts what does not fit, and writes what does. */
struct text {
    char *to;
    int64_t room, bytes;
};

static void put(struct text *text, char c)
{
    if (text->bytes < text->room - 1)
        text->to[text->bytes] = c;
    text->bytes++;
}

static void put_string(struct text *text, const char *string)
{
    while (*string != '\0')
        put(text, *string++);
}

static void put_hex(struct text *text, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    put(text, digits[byte >> 4]);
    put(text, digits[byte & 15]);
}

static void put_number(struct text *text, uint64_t number, bool negative)
{
    char digits[20];
    int count = 0;
    if (negative) {
        put(text, '-');
        number = 0 - number;
    }
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        put(text, digits[--count]);
}

static void put_text(struct text *text, const unsigned char *p, int64_t bytes)
{
    put(text, '"');
    for (int64_t i = 0; i < bytes; i++) {
        if (p[i] >= ' ' && p[i] < 0x7f && p[i] != '"' && p[i] != '\\') {
            put(text, (char)p[i]);
        } else {
            put_string(text, "\\x");
            put_hex(text, p[i]);
        }
    }
    put(text, '"');
}

static void put_struct(struct text *text, const struct leat_schema *schema, const void *object);

static void put_value(struct text *text, const struct leat_schema_field *f, const void *object, int64_t index)
{
    int64_t length = 0;
    const unsigned char *value = leat_schema_value(f, object, index, &length);
    int32_t spare = 64 - 8 * f->stride;
    if (f->kind == LEAT_SCHEMA_STRUCT) {
        put_struct(text, f->nested->schema(), value);
    } else if (f->kind == LEAT_SCHEMA_BOOL) {
        put_string(text, value[0] != 0 ? "true" : "false");
    } else if (f->kind < LEAT_SCHEMA_BOOL) {
        uint64_t number = leat_schema_load(value, f->stride, LEAT_SCHEMA_HOST);
        if (f->kind == LEAT_SCHEMA_INT)
            number = (uint64_t)((int64_t)(number << spare) >> spare);
        put_number(text, number, f->kind == LEAT_SCHEMA_INT && (int64_t)number < 0);
    } else if (leat_schema_is_text(f)) {
        put_text(text, value, length);
    } else {
        for (int64_t i = 0; i < length; i++)
            put_hex(text, value[i]);
    }
}

static void put_field(struct text *text, const struct leat_schema_field *f, const void *object)
{
    bool repeated = f->presence == LEAT_SCHEMA_REPEATED;
    int64_t count = f->presence == LEAT_SCHEMA_DEFAULT ? 1 : leat_schema_items(f, object);
    count = count < 0 ? 0 : count > f->most ? f->most : count;
    put_string(text, f->name);
    put_string(text, repeated ? "=[" : "=");
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            put(text, ' ');
        put_value(text, f, object, i);
    }
    if (repeated)
        put(text, ']');
}

/* Recurses as deep as its type nests. */
static void put_struct(struct text *text, const struct leat_schema *schema, const void *object)
{
    int32_t printed = 0;
    put_string(text, schema->name);
    put(text, '{');
    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct leat_schema_field *f = &schema->fields[i];
        if (f->presence == LEAT_SCHEMA_OPTIONAL && leat_schema_items(f, object) == 0)
            continue;
        if (printed++ > 0)
            put(text, ' ');
        put_field(text, f, object);
    }
    if (schema->unknown.policy >= LEAT_SCHEMA_COUNT && leat_schema_int64(object, schema->unknown.count_at, 0) != 0) {
        put_string(text, printed > 0 ? " unknown=" : "unknown=");
        int64_t count = leat_schema_int64(object, schema->unknown.count_at, 0);
        put_number(text, (uint64_t)count, count < 0);
    }
    put(text, '}');
}

int64_t leat_schema_print(const struct leat_schema *schema, const void *object, char *text, int64_t room)
{
    struct text line = {text, room, 0};
    put_struct(&line, schema, object);
    if (room > 0)
        text[line.bytes < room ? line.bytes : room - 1] = '\0';
    return line.bytes;
}
