/* SPDX-License-Identifier: MIT */
/* walk.c: all levels of a buffer in document order, one item at a time or many. */
#include "tlv_private.h"

enum leat_tlv_next leat_tlv_walk(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item)
{
    if (cursor->inside != NULL && !leat_tlv_enter(cursor))
        return LEAT_TLV_BAD;
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(cursor, item);
        if (next != LEAT_TLV_END || cursor->depth == 0)
            return next;
        if (!leat_tlv_leave(cursor))
            return LEAT_TLV_BAD;
    }
}

bool leat_tlv_over(struct leat_tlv_cursor *cursor)
{
    if (cursor->inside_indefinite && !leat_tlv_skip_indefinite(cursor))
        return false;
    cursor->inside = NULL;
    return true;
}

bool leat_tlv_run_begin(struct leat_tlv_cursor *cursor, struct leat_tlv_run *run)
{
    struct leat_tlv_level *level = &cursor->levels[cursor->depth], *floor = level;
    if (!level->quick)
        return false;
    while (floor > &cursor->levels[1] && floor[-1].quick)
        floor--;
    if ((floor->end - level->position) / 2 > cursor->limits.max_items - cursor->items) /* an item has two bytes at least */
        return false;
    *run = (struct leat_tlv_run){.at = cursor->data + level->position,
                                 .end = cursor->data + level->end,
                                 .level = level,
                                 .floor = floor,
                                 .deepest = &cursor->levels[cursor->limits.max_depth]};
    return true;
}

void leat_tlv_run_end(struct leat_tlv_cursor *cursor, const struct leat_tlv_run *run, int64_t pending)
{
    run->level->position = run->at - cursor->data;
    for (struct leat_tlv_level *level = run->level; level > run->floor; level--) {
        level->dialect = run->floor->dialect;
        level->past = LEAT_TLV_OVERRUN;
        level->indefinite = level->ended = false;
        level->quick = true;
        level[-1].position = level->end;
    }
    cursor->depth = (int32_t)(run->level - cursor->levels);
    cursor->inside = pending < 0 ? NULL : run->floor->dialect->inside;
    cursor->inside_start = run->at - cursor->data - pending;
    cursor->inside_end = run->at - cursor->data;
}

struct filling {
    struct leat_tlv_item *next, *end;
};

static inline enum leat_tlv_visit fill(void *context, const struct leat_tlv_item *item)
{
    struct filling *to = context;
    *to->next++ = *item;
    return to->next == to->end ? LEAT_TLV_STOP : LEAT_TLV_INTO;
}

int64_t leat_tlv_items(struct leat_tlv_cursor *cursor, struct leat_tlv_item *items, int64_t most)
{
    struct filling to = {items, items + most};
    if (most < 1)
        return 0;
    enum leat_tlv_next next = leat_tlv_each(cursor, fill, &to);
    return to.next == items && next == LEAT_TLV_BAD ? -EBADMSG : to.next - items;
}
