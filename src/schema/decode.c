/* SPDX-License-Identifier: MIT */
/*
 * decode.c: items in any order, by the table. All is checked first, then stored; so that nothing is stored when something is wrong. The
 * field that comes after the last one in the list is tried first.
 */
#include <leat/schema.h>

/* Where a reader stands in the items of one struct. */
struct walk {
    const struct leat_schema *schema;
    const unsigned char *data; /* all that is decoded: offsets count from here */
    int64_t position, end;
    int32_t next; /* the field tried first */
    int64_t unknown;
    int64_t counts[LEAT_SCHEMA_FIELDS_MAX];
};

struct item {
    int64_t at, length, total;
    uint32_t type;
    const unsigned char *value;
};

static void walk_init(struct walk *walk, const struct leat_schema *schema, const unsigned char *data, int64_t start, int64_t end)
{
    walk->schema = schema;
    walk->data = data;
    walk->position = start;
    walk->end = end;
    walk->next = 0;
    walk->unknown = 0;
    memset(walk->counts, 0, (size_t)schema->field_count * sizeof walk->counts[0]);
}

/* The item at the walk's position, which moves on. Every item has one byte at least. */
static enum leat_schema_rule item_next(struct walk *walk, struct item *item)
{
    const struct leat_schema_wire *wire = walk->schema->wire;
    const unsigned char *p = walk->data + walk->position;
    int64_t there = walk->end - walk->position;
    if (there < wire->header_bytes)
        return LEAT_SCHEMA_TRUNCATED;
    uint32_t said = leat_schema_header(wire, &wire->length, p);
    int64_t length = (int64_t)said - wire->length_includes;
    item->type = leat_schema_header(wire, &wire->type, p);
    if (length < 0)
        return LEAT_SCHEMA_LENGTH_SMALL;
    if (said > wire->length_max)
        return LEAT_SCHEMA_LENGTH_LIMIT;
    if (length > there - wire->header_bytes)
        return LEAT_SCHEMA_TRUNCATED;
    int64_t total = leat_schema_padded(wire, wire->header_bytes + length);
    item->at = walk->position;
    item->length = length;
    item->total = total < there ? total : there; /* the last one may lack its padding */
    item->value = p + wire->header_bytes;
    walk->position += item->total;
    return LEAT_SCHEMA_OK;
}

/* The field of a type, or NULL. */
static const struct leat_schema_field *field_of(struct walk *walk, uint32_t type)
{
    const struct leat_schema *schema = walk->schema;
    int32_t i = walk->next;
    for (int32_t tried = 0; tried < schema->field_count; tried++) {
        i = i < schema->field_count ? i : 0;
        if (schema->fields[i].type == type) {
            walk->next = schema->fields[i].presence == LEAT_SCHEMA_REPEATED ? i : i + 1;
            return &schema->fields[i];
        }
        i++;
    }
    return NULL;
}

static bool wrong(struct leat_schema_fault *fault, enum leat_schema_rule rule, int64_t offset, const char *field)
{
    fault->offset = offset;
    fault->rule = rule;
    fault->field = field;
    return false;
}

static enum leat_schema_rule unknown_rule(struct walk *walk, uint32_t type)
{
    const struct leat_schema_unknown *unknown = &walk->schema->unknown;
    bool refused =
        unknown->policy == LEAT_SCHEMA_REFUSE || (unknown->policy == LEAT_SCHEMA_CRITICAL && (type & unknown->mask) == unknown->value);
    if (refused)
        return LEAT_SCHEMA_UNKNOWN;
    walk->unknown++;
    return unknown->policy == LEAT_SCHEMA_KEEP && walk->unknown > unknown->most ? LEAT_SCHEMA_UNKNOWN_MANY : LEAT_SCHEMA_OK;
}

static enum leat_schema_rule field_rule(struct walk *walk, const struct leat_schema_field *f, const struct item *item)
{
    if (++walk->counts[f - walk->schema->fields] > f->most)
        return f->presence == LEAT_SCHEMA_REPEATED ? LEAT_SCHEMA_MANY : LEAT_SCHEMA_TWICE;
    return leat_schema_check(f, item->value, item->length, walk->schema->wire->order);
}

static bool complete(const struct walk *walk, struct leat_schema_fault *fault)
{
    for (int32_t i = 0; i < walk->schema->field_count; i++) {
        const struct leat_schema_field *f = &walk->schema->fields[i];
        if (walk->counts[i] < f->least)
            return wrong(fault, f->presence == LEAT_SCHEMA_REPEATED ? LEAT_SCHEMA_FEW : LEAT_SCHEMA_MISSING, walk->end, f->name);
    }
    return true;
}

/* Whether data[start .. end) is a struct of the schema. Recurses as deep as its type nests. */
static bool check(const struct leat_schema *schema, const unsigned char *data, int64_t start, int64_t end, struct leat_schema_fault *fault)
{
    struct walk walk;
    walk_init(&walk, schema, data, start, end);
    while (walk.position < end) {
        struct item item;
        int64_t at = walk.position;
        enum leat_schema_rule rule = item_next(&walk, &item);
        if (rule != LEAT_SCHEMA_OK) {
            bool typed = end - at >= schema->wire->header_bytes;
            const struct leat_schema_field *f = typed ? field_of(&walk, item.type) : NULL;
            return wrong(fault, rule, at, f != NULL ? f->name : NULL);
        }
        const struct leat_schema_field *f = field_of(&walk, item.type);
        rule = f != NULL ? field_rule(&walk, f, &item) : unknown_rule(&walk, item.type);
        if (rule != LEAT_SCHEMA_OK)
            return wrong(fault, rule, at, f != NULL ? f->name : NULL);
        if (f != NULL && f->kind == LEAT_SCHEMA_STRUCT && !f->nested->fits(item.value, item.length)) {
            int64_t inside = at + schema->wire->header_bytes;
            if (!check(f->nested->schema(), data, inside, inside + item.length, fault))
                return false;
        }
    }
    return complete(&walk, fault);
}

static void store_unknown(struct walk *walk, void *object, const struct item *item)
{
    const struct leat_schema_unknown *unknown = &walk->schema->unknown;
    struct leat_schema_view view = {walk->data + item->at, item->total};
    if (unknown->policy == LEAT_SCHEMA_KEEP)
        memcpy((unsigned char *)object + unknown->views_at + walk->unknown * (int64_t)sizeof view, &view, sizeof view);
    walk->unknown++;
}

/* What check has passed is stored. */
static void store(const struct leat_schema *schema, const unsigned char *data, int64_t bytes, void *object)
{
    struct walk walk;
    struct item item;
    walk_init(&walk, schema, data, 0, bytes);
    while (walk.position < bytes && item_next(&walk, &item) == LEAT_SCHEMA_OK) {
        const struct leat_schema_field *f = field_of(&walk, item.type);
        if (f == NULL) {
            store_unknown(&walk, object, &item);
            continue;
        }
        int64_t index = walk.counts[f - schema->fields]++;
        void *element = (unsigned char *)object + f->at + index * f->stride;
        if (f->kind != LEAT_SCHEMA_STRUCT)
            leat_schema_set(schema->wire, f, object, index, item.value, item.length);
        else if (f->nested->fits(item.value, item.length))
            f->nested->take(item.value, item.length, element);
        else
            store(f->nested->schema(), item.value, item.length, element);
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (schema->fields[i].presence != LEAT_SCHEMA_REQUIRED)
            leat_schema_mark(&schema->fields[i], object, walk.counts[i]);
    }
    if (schema->unknown.policy >= LEAT_SCHEMA_COUNT)
        leat_schema_set_int64(object, schema->unknown.count_at, 0, walk.unknown);
}

LEAT_COLD int leat_schema_decode(const struct leat_schema *schema, void *out, const void *data, int64_t bytes,
                                 struct leat_schema_fault *fault)
{
    static const unsigned char nothing[1] = {0};
    struct leat_schema_fault found = {0, LEAT_SCHEMA_OK, NULL};
    const unsigned char *p = data != NULL ? data : nothing;
    bool good =
        bytes < 0 || (data == NULL && bytes > 0) ? wrong(&found, LEAT_SCHEMA_ARGUMENT, 0, NULL) : check(schema, p, 0, bytes, &found);
    if (good) {
        store(schema, p, bytes, out);
        return 0;
    }
    if (fault != NULL)
        *fault = found;
    return -EBADMSG;
}
