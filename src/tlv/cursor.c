/* SPDX-License-Identifier: MIT */
/* cursor.c: the walk through a buffer in place. */
#include "tlv_private.h"

int leat_tlv_cursor_init(struct leat_tlv_cursor *cursor, const struct leat_tlv_dialect *dialect, const void *data, int64_t bytes,
                         int64_t base_offset, const struct leat_tlv_limits *limits)
{
    struct leat_tlv_limits filled;
    if (cursor == NULL || dialect == NULL || bytes < 0 || (data == NULL && bytes > 0))
        return -EINVAL;
    if (base_offset < 0 || base_offset > INT64_MAX - bytes || !leat_tlv_limits_fill(&filled, limits))
        return -EINVAL;
    cursor->data = data;
    cursor->bytes = bytes;
    cursor->base_offset = base_offset;
    cursor->limits = filled;
    cursor->fault = (struct leat_tlv_fault){0, LEAT_TLV_OK};
    cursor->items = 0;
    cursor->frame = 0;
    cursor->inside = NULL;
    cursor->inside_start = cursor->inside_end = 0;
    cursor->inside_indefinite = false;
    cursor->depth = 0;
    cursor->levels[0] = (struct leat_tlv_level){.dialect = dialect, .end = bytes, .past = LEAT_TLV_TRUNCATED};
    return 0;
}

static LEAT_COLD bool fail(struct leat_tlv_cursor *cursor, int64_t offset, enum leat_tlv_rule rule)
{
    if (rule == LEAT_TLV_FRAME_LIMIT) /* whatever made the frame too long, it is the frame that is */
        offset = cursor->frame;
    cursor->fault = (struct leat_tlv_fault){cursor->base_offset + offset, rule};
    return false;
}

/* The level at this depth reached the end of what there is, and its end mark is missing. */
static LEAT_COLD bool fail_unended(struct leat_tlv_cursor *cursor, const struct leat_tlv_level *level, int32_t depth)
{
    while (cursor->levels[depth - 1].indefinite)
        depth--;
    bool frame_limit = level->past == LEAT_TLV_FRAME_LIMIT;
    return fail(cursor, cursor->levels[depth - 1].position, frame_limit ? LEAT_TLV_FRAME_LIMIT : LEAT_TLV_UNENDED);
}

/* Finds the end of an indefinite level that stands at this depth, from its position on: the position is then past it. */
static bool find_end(struct leat_tlv_cursor *cursor, struct leat_tlv_level *level, int32_t depth)
{
    struct leat_tlv_search search = {.position = level->position, .items = cursor->items, .open = 1, .depth = depth};
    struct leat_tlv_fault fault;
    int64_t need = 0;
    switch (leat_tlv_search(level->dialect, &cursor->limits, false, &search, cursor->data, level->end, &need, &fault)) {
    case LEAT_TLV_MALFORMED:
        return fail(cursor, fault.offset, fault.rule);
    case LEAT_TLV_NEED:
        if (search.position == level->end)
            return fail_unended(cursor, level, depth);
        return fail(cursor, search.position, level->past);
    case LEAT_TLV_WHOLE:
        break;
    }
    cursor->items = search.items;
    level->position = search.position;
    return true;
}

/* The level inside the item that next gave last. */
static struct leat_tlv_level level_inside(const struct leat_tlv_cursor *cursor)
{
    const struct leat_tlv_level *around = &cursor->levels[cursor->depth];
    struct leat_tlv_level level = {.dialect = cursor->inside, .position = cursor->inside_start, .end = cursor->inside_end};
    level.past = LEAT_TLV_OVERRUN;
    level.indefinite = cursor->inside_indefinite;
    if (level.indefinite) {
        level.end = around->end;
        level.past = around->past;
        if (cursor->depth == 0 && level.end - cursor->frame > cursor->limits.max_frame) {
            level.end = cursor->frame + cursor->limits.max_frame;
            level.past = LEAT_TLV_FRAME_LIMIT;
        }
    }
    return level;
}

/* Steps over the item given last, if its length is indefinite and it was not entered. */
static LEAT_COLD bool skip_indefinite(struct leat_tlv_cursor *cursor)
{
    if (cursor->depth == cursor->limits.max_depth)
        return fail(cursor, cursor->inside_start, LEAT_TLV_DEPTH);
    struct leat_tlv_level level = level_inside(cursor);
    if (!find_end(cursor, &level, cursor->depth + 1))
        return false;
    cursor->levels[cursor->depth].position = level.position;
    cursor->inside_indefinite = false;
    return true;
}

/* Checks how the item fits in. @param bytes  of all of it, padding included; set to what there is, -1 if indefinite */
static bool fits(struct leat_tlv_cursor *cursor, const struct leat_tlv_level *level, const struct leat_tlv_head *head, int64_t *bytes)
{
    int64_t left = level->end - level->position, limit = cursor->limits.max_frame;
    if (cursor->depth > 0 && ++cursor->items > cursor->limits.max_items)
        return fail(cursor, level->position, LEAT_TLV_ITEMS);
    if (head->end_mark && level->dialect->indefinite && !level->indefinite)
        return fail(cursor, level->position, LEAT_TLV_END_MARK);
    if (head->length < 0) {
        *bytes = -1;
        return (cursor->depth > 0 || head->header_bytes <= limit) || fail(cursor, level->position, LEAT_TLV_FRAME_LIMIT);
    }
    int64_t whole = head->header_bytes + head->length, padded = leat_tlv_padded(level->dialect, whole);
    if (cursor->depth == 0 && padded > limit)
        return fail(cursor, level->position, LEAT_TLV_FRAME_LIMIT);
    if (whole > left)
        return fail(cursor, level->position, level->past);
    *bytes = padded < left ? padded : left;
    return true;
}

enum leat_tlv_next leat_tlv_next(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth];
    struct leat_tlv_head head;
    int64_t bytes = 0;
    if (LEAT_UNLIKELY(cursor->fault.rule != LEAT_TLV_OK))
        return LEAT_TLV_BAD;
    if (LEAT_UNLIKELY(cursor->inside_indefinite) && !skip_indefinite(cursor))
        return LEAT_TLV_BAD;
    cursor->inside = NULL;
    if (level->ended)
        return LEAT_TLV_END;
    if (level->position == level->end)
        return level->indefinite && !fail_unended(cursor, level, cursor->depth) ? LEAT_TLV_BAD : LEAT_TLV_END;
    if (cursor->depth == 0) {
        cursor->frame = level->position;
        cursor->items = 0;
    }
    const unsigned char *p = cursor->data + level->position;
    int64_t r = leat_tlv_head_read(level->dialect, p, level->end - level->position, &head);
    if (LEAT_UNLIKELY(r != 0)) {
        fail(cursor, level->position, r > 0 ? level->past : (enum leat_tlv_rule) - r);
        return LEAT_TLV_BAD;
    }
    if (!fits(cursor, level, &head, &bytes))
        return LEAT_TLV_BAD;
    struct leat_tlv_inside inside = leat_tlv_inside(level->dialect, &head, p + head.header_bytes);
    cursor->inside = inside.dialect;
    cursor->inside_start = level->position + head.header_bytes + inside.fixed_bytes;
    cursor->inside_end = level->position + head.header_bytes + head.length;
    cursor->inside_indefinite = head.length < 0;
    *item = (struct leat_tlv_item){.offset = cursor->base_offset + level->position,
                                   .header_bytes = head.header_bytes,
                                   .length = head.length,
                                   .total_bytes = bytes,
                                   .type = head.type,
                                   .value = p + head.header_bytes,
                                   .depth = cursor->depth,
                                   .constructed = inside.dialect != NULL,
                                   .end_mark = head.end_mark};
    level->ended = head.end_mark;
    if (LEAT_LIKELY(bytes > 0))
        level->position += bytes;
    return LEAT_TLV_ITEM;
}

bool leat_tlv_enter(struct leat_tlv_cursor *cursor)
{
    if (cursor->fault.rule != LEAT_TLV_OK || cursor->inside == NULL)
        return false;
    struct leat_tlv_level level = level_inside(cursor);
    if (cursor->depth == cursor->limits.max_depth && (level.indefinite || level.position < level.end))
        return fail(cursor, level.position, LEAT_TLV_DEPTH);
    cursor->levels[++cursor->depth] = level;
    cursor->inside = NULL;
    cursor->inside_indefinite = false;
    return true;
}

bool leat_tlv_leave(struct leat_tlv_cursor *cursor)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth];
    if (cursor->fault.rule != LEAT_TLV_OK || cursor->depth == 0)
        return false;
    if (cursor->inside_indefinite && !skip_indefinite(cursor))
        return false;
    if (level->indefinite) {
        if (!level->ended && !find_end(cursor, level, cursor->depth))
            return false;
        level[-1].position = level->position;
    }
    cursor->inside = NULL;
    cursor->depth--;
    return true;
}

const struct leat_tlv_fault *leat_tlv_cursor_fault(const struct leat_tlv_cursor *cursor)
{
    return &cursor->fault;
}

bool leat_tlv_cursor_valid(const struct leat_tlv_cursor *cursor)
{
    const struct leat_tlv_level *level = cursor->levels;
    if (cursor->depth < 0 || cursor->depth > cursor->limits.max_depth + 1 || level->indefinite || level->end != cursor->bytes)
        return false;
    for (int32_t d = 0; d <= cursor->depth; d++, level++) {
        if (level->dialect == NULL || level->position < 0 || level->position > level->end)
            return false;
        if (d > 0 && level->end > level[-1].end)
            return false;
        if (d > 0 && (level->indefinite ? level[-1].position >= level->position : level[-1].position < level->end))
            return false;
    }
    return cursor->depth <= cursor->limits.max_depth || cursor->levels[cursor->depth].position == cursor->levels[cursor->depth].end;
}
