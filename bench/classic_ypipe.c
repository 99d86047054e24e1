/* SPDX-License-Identifier: MIT */
#include "classic_ypipe.h"

#include <stdlib.h>

bool classic_ypipe_next_chunk(struct classic_ypipe *pipe)
{
    struct classic_chunk *chunk = leat_exchange(&pipe->spare_chunk, NULL, acquire); /* edge "spare" */
    if (chunk == NULL) {
        chunk = malloc(sizeof(*chunk));
    }
    if (chunk == NULL) {
        return false;
    }
    chunk->next = NULL;
    chunk->prev = pipe->end_chunk;
    pipe->end_chunk->next = chunk;
    pipe->end_chunk = chunk;
    pipe->end_pos = 0;
    return true;
}

void classic_ypipe_leave_chunk(struct classic_ypipe *pipe)
{
    struct classic_chunk *done = pipe->begin_chunk;
    pipe->begin_chunk = done->next;
    pipe->begin_chunk->prev = NULL;
    pipe->begin_pos = 0;
    free(leat_exchange(&pipe->spare_chunk, done, acq_rel)); /* edge "spare"; acquire: what comes back was the reader's own once */
}

bool classic_ypipe_init(struct classic_ypipe *pipe)
{
    struct classic_chunk *chunk = calloc(1, sizeof(*chunk));
    if (chunk == NULL) {
        return false;
    }
    pipe->begin_chunk = pipe->back_chunk = pipe->end_chunk = chunk;
    pipe->begin_pos = pipe->back_pos = 0;
    pipe->end_pos = 1; /* back is the first terminator */
    pipe->r = pipe->w = pipe->f = chunk->items;
    leat_store(&pipe->c, chunk->items, relaxed); /* relaxed: before both sides */
    leat_store(&pipe->spare_chunk, NULL, relaxed);
    return true;
}

void classic_ypipe_fini(struct classic_ypipe *pipe)
{
    struct classic_chunk *chunk = pipe->begin_chunk;
    while (chunk != NULL) {
        struct classic_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(leat_load(&pipe->spare_chunk, relaxed)); /* relaxed: both sides at rest */
}
