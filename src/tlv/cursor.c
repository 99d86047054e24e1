/* SPDX-License-Identifier: MIT */
/* cursor.c: the walk through a buffer in place. */
#include "tlv_private.h"

int leat_tlv_cursor_init(struct leat_tlv_cursor *cursor, const struct leat_tlv_dialect *dialect, const void *data, int64_t bytes,
                         int64_t base_offset, const struct leat_tlv_limits *limits)
{
    static const unsigned char nothing[1] = {0}; /* sums with a null pointer are undefined */
    struct leat_tlv_limits filled;
    if (cursor == NULL || dialect == NULL || dialect->shape == LEAT_TLV_SHAPE_NONE || bytes < 0 || (data == NULL && bytes > 0))
        return -EINVAL;
    if (base_offset < 0 || base_offset > INT64_MAX - bytes || !leat_tlv_limits_fill(&filled, limits))
        return -EINVAL;
    cursor->data = data != NULL ? data : nothing;
    cursor->bytes = bytes;
    cursor->base_offset = base_offset;
    cursor->limits = filled;
    cursor->fault = (struct leat_tlv_fault){0, LEAT_TLV_OK};
    cursor->items = 0;
    cursor->frame = 0;
    cursor->inside = NULL;
    cursor->inside_start = cursor->inside_end = 0;
    cursor->inside_state = 0;
    cursor->inside_indefinite = false;
    cursor->depth = 0;
    cursor->levels[0] = (struct leat_tlv_level){.dialect = dialect,
                                                .end = bytes,
                                                .past = LEAT_TLV_TRUNCATED,
                                                .quick = dialect->shape == LEAT_TLV_SHAPE_BER,
                                                .state = dialect->first};
    return 0;
}

static LEAT_COLD bool fail(struct leat_tlv_cursor *cursor, int64_t offset, enum leat_tlv_rule rule)
{
    if (rule == LEAT_TLV_FRAME_LIMIT) /* whatever made the frame too long, it is the frame that is */
        offset = cursor->frame;
    cursor->fault = (struct leat_tlv_fault){cursor->base_offset + offset, rule};
    cursor->levels[cursor->depth].quick = false;
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
    struct leat_tlv_level level = {
        .dialect = cursor->inside, .position = cursor->inside_start, .end = cursor->inside_end, .state = cursor->inside_state};
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

LEAT_COLD bool leat_tlv_skip_indefinite(struct leat_tlv_cursor *cursor)
{
    if (cursor->depth == cursor->limits.max_depth)
        return fail(cursor, cursor->inside_start, LEAT_TLV_DEPTH);
    struct leat_tlv_level level = level_inside(cursor);
    if (!find_end(cursor, &level, cursor->depth + 1))
        return false;
    cursor->levels[cursor->depth].position = level.position;
    cursor->inside_indefinite = false;
    leat_tlv_quicken(&cursor->levels[cursor->depth]);
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
        if (cursor->depth == 0 && head->header_bytes > limit)
            return fail(cursor, level->position, LEAT_TLV_FRAME_LIMIT);
        return true;
    }
    int64_t whole = leat_tlv_whole(head), padded = leat_tlv_padded(level->dialect, whole);
    if (cursor->depth == 0 && padded > limit)
        return fail(cursor, level->position, LEAT_TLV_FRAME_LIMIT);
    if (whole > left)
        return fail(cursor, level->position, level->past);
    *bytes = padded < left ? padded : left;
    return true;
}

/* The next item of a level that is not quick, or of whatever form. */
static enum leat_tlv_next next_slow(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth];
    struct leat_tlv_head head;
    int64_t bytes = 0;
    if (LEAT_UNLIKELY(cursor->fault.rule != LEAT_TLV_OK))
        return LEAT_TLV_BAD;
    if (LEAT_UNLIKELY(cursor->inside_indefinite) && !leat_tlv_skip_indefinite(cursor))
        return LEAT_TLV_BAD;
    cursor->inside = NULL;
    if (level->ended)
        return LEAT_TLV_END;
    if (level->position == level->end) {
        if (!level->indefinite)
            return LEAT_TLV_END;
        fail_unended(cursor, level, cursor->depth);
        return LEAT_TLV_BAD;
    }
    if (cursor->depth == 0) {
        cursor->frame = level->position;
        cursor->items = 0;
    }
    const unsigned char *p = cursor->data + level->position;
    int64_t left = level->end - level->position;
    int64_t r = level->dialect->shape == LEAT_TLV_SHAPE_UNTYPED
                    ? leat_tlv_untyped_read(level->dialect, p, left, cursor->limits.max_frame, &head)
                    : leat_tlv_head_read(level->dialect, p, left, level->state, &head);
    if (LEAT_UNLIKELY(r != 0)) {
        fail(cursor, level->position, r > 0 ? level->past : (enum leat_tlv_rule) - r);
        return LEAT_TLV_BAD;
    }
    if (!fits(cursor, level, &head, &bytes))
        return LEAT_TLV_BAD;
    struct leat_tlv_inside inside;
    enum leat_tlv_rule rule = leat_tlv_inside(level->dialect, &head, p, &inside);
    if (LEAT_UNLIKELY(rule != LEAT_TLV_OK)) {
        fail(cursor, level->position, rule);
        return LEAT_TLV_BAD;
    }
    const int64_t value = level->position + head.header_bytes;
    cursor->inside = inside.dialect;
    cursor->inside_start = value + inside.start;
    cursor->inside_end = value + inside.end;
    cursor->inside_state = inside.state;
    cursor->inside_indefinite = head.length < 0;
    if (head.length < 0)
        level->quick = false;
    *item = (struct leat_tlv_item){.value = p + head.header_bytes,
                                   .length = head.length,
                                   .offset = cursor->base_offset + level->position,
                                   .total_bytes = bytes,
                                   .type = head.type,
                                   .kind = head.kind,
                                   .header_bytes = (int32_t)head.header_bytes,
                                   .depth = (int16_t)cursor->depth,
                                   .constructed = inside.dialect != NULL,
                                   .end_mark = head.end_mark};
    level->ended = head.end_mark || head.last;
    level->state = head.state;
    if (LEAT_LIKELY(bytes > 0))
        level->position += bytes;
    return LEAT_TLV_ITEM;
}

enum leat_tlv_next leat_tlv_next(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth];
    int64_t position = level->position, length = 0;
    const unsigned char *p = cursor->data + position, *end = cursor->data + level->end;
    if (LEAT_UNLIKELY(!level->quick))
        return next_slow(cursor, item);
    if (p == end) {
        cursor->inside = NULL;
        return LEAT_TLV_END;
    }
    const unsigned char *value = end - p < 2 ? NULL : leat_tlv_ber_quick(p, end, &length);
    if (LEAT_UNLIKELY(value == NULL))
        return next_slow(cursor, item);
    if (cursor->depth == 0) {
        if (LEAT_UNLIKELY(value - p + length > cursor->limits.max_frame))
            return next_slow(cursor, item);
        cursor->frame = position;
        cursor->items = 0;
    } else if (LEAT_UNLIKELY(cursor->items >= cursor->limits.max_items)) {
        return next_slow(cursor, item);
    } else {
        cursor->items++;
    }
    leat_tlv_item_quick(item, p, value, length, cursor->base_offset + position, cursor->depth);
    cursor->inside = item->constructed ? level->dialect->inside : NULL;
    cursor->inside_start = value - cursor->data;
    cursor->inside_end = level->position = cursor->inside_start + length;
    return LEAT_TLV_ITEM;
}

bool leat_tlv_enter(struct leat_tlv_cursor *cursor)
{
    if (cursor->fault.rule != LEAT_TLV_OK || cursor->inside == NULL)
        return false;
    struct leat_tlv_level *level = &cursor->levels[cursor->depth + 1];
    if (LEAT_UNLIKELY(cursor->inside_indefinite || cursor->depth == cursor->limits.max_depth)) {
        struct leat_tlv_level inside = level_inside(cursor);
        if (cursor->depth == cursor->limits.max_depth && (inside.indefinite || inside.position < inside.end))
            return fail(cursor, inside.position, LEAT_TLV_DEPTH);
        *level = inside;
    } else {
        level->dialect = cursor->inside;
        level->position = cursor->inside_start;
        level->end = cursor->inside_end;
        level->past = LEAT_TLV_OVERRUN;
        level->indefinite = level->ended = false;
        level->state = cursor->inside_state;
    }
    level->ended = level->dialect->following.codec != LEAT_TLV_NONE && level->state == 0;
    leat_tlv_quicken(level);
    cursor->depth++;
    cursor->inside = NULL;
    cursor->inside_indefinite = false;
    return true;
}

bool leat_tlv_leave(struct leat_tlv_cursor *cursor)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth];
    if (cursor->fault.rule != LEAT_TLV_OK || cursor->depth == 0)
        return false;
    if (cursor->inside_indefinite && !leat_tlv_skip_indefinite(cursor))
        return false;
    if (level->indefinite) {
        if (!level->ended && !find_end(cursor, level, cursor->depth))
            return false;
        level[-1].position = level->position;
        leat_tlv_quicken(&level[-1]);
    }
    cursor->inside = NULL;
    cursor->depth--;
    return true;
}

const struct leat_tlv_dialect *leat_tlv_cursor_dialect(const struct leat_tlv_cursor *cursor)
{
    return cursor->levels[cursor->depth].dialect;
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
        if (level->quick && (level->indefinite || level->ended || level->dialect->shape != LEAT_TLV_SHAPE_BER))
            return false;
        if (d > 0 && (level->indefinite ? level[-1].position >= level->position : level[-1].position < level->end))
            return false;
    }
    if (cursor->levels[cursor->depth].quick && (cursor->fault.rule != LEAT_TLV_OK || cursor->inside_indefinite))
        return false;
    return cursor->depth <= cursor->limits.max_depth || cursor->levels[cursor->depth].position == cursor->levels[cursor->depth].end;
}
