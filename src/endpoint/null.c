/* SPDX-License-Identifier: MIT */
/* null.c: swallows output; as an input it is at its end at once. */
#include "transport.h"

static int null_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    static char nothing; /* a state that is not NULL, never touched */

    (void)address, (void)directions, (void)error;
    *state = &nothing;
    return 0;
}

static int null_fd(void *state, unsigned direction)
{
    (void)state, (void)direction;
    return -1;
}

static int64_t null_read(void *state, void *span, int64_t bytes)
{
    (void)state, (void)span;
    return bytes < 1 ? -EINVAL : 0;
}

static int64_t null_write(void *state, const struct leat_span *spans, int64_t count)
{
    int64_t took = 0;

    (void)state;
    for (int64_t i = 0; i < count; i++)
        took += spans[i].bytes;
    return took;
}

static int null_nothing_to_do(void *state)
{
    (void)state;
    return 0;
}

const struct leat_transport leat_transport_null = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "null",
    .form = "null:",
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NONE,
    .open = null_open,
    .fd = null_fd,
    .read = null_read,
    .write = null_write,
    .rewind = null_nothing_to_do,
    .close = null_nothing_to_do,
};
