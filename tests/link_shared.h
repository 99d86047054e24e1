/* SPDX-License-Identifier: MIT */
/* With LEAT_TEST_SHARED in the environment every link of these tests runs on one I/O thread that they all share. */
#ifndef LINK_SHARED_H
#define LINK_SHARED_H

#include <leat/io_thread.h>
#include <leat/link.h>
#include <stdlib.h>

static struct leat_io_thread *shared_thread;

static inline void close_shared(void)
{
    if (leat_io_thread_close(shared_thread) != 0)
        abort(); /* a test has left a link open */
}

static inline int open_shared(struct leat_link **link, const char *endpoint, const struct leat_link_options *given,
                              struct leat_error *error)
{
    struct leat_link_options options = given ? *given : (struct leat_link_options){0};
    if (getenv("LEAT_TEST_SHARED") == NULL || options.no_thread)
        return leat_link_open(link, endpoint, given, error);
    if (shared_thread == NULL && (leat_io_thread_open(&shared_thread, NULL) != 0 || atexit(close_shared) != 0))
        abort();
    options.io_thread = shared_thread;
    return leat_link_open(link, endpoint, &options, error);
}

#define leat_link_open open_shared

#endif
