/* SPDX-License-Identifier: MIT */
/*
 * leat/mailbox.h: a pipe with sleep and wake at both ends: spins a little, adaptively, then parks on a futex or an eventfd.
 */
#ifndef LEAT_MAILBOX_H
#define LEAT_MAILBOX_H

#include <leat/base.h>
#include <leat/os.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_mailbox_config {
    struct leat_pipe_config pipe;
    bool reader_fd; /* the reader sleeps on an eventfd that can be polled */
    bool writer_fd; /* likewise the writer, when full */
    struct leat_waker *reader_waker; /* NULL: the mailbox's own; else a shared one of somebody who waits for more than this mailbox */
    struct leat_waker *writer_waker; /* likewise */
};

struct leat_mailbox {
    struct leat_pipe pipe;
    struct leat_waker own_reader, own_writer;
    struct leat_waker *reader_waker, *writer_waker;
    LEAT_ATOMIC(uint32_t) writer_closed; /* written by the writer, read by the reader */
    LEAT_ATOMIC(uint32_t) reader_closed; /* written by the reader, read by the writer */
    int64_t reader_spin, writer_spin;    /* current spins before parking, each its side's own */
    int64_t wakes;                       /* writer's count of wake-ups sent */
};

LEAT_API int leat_mailbox_init(struct leat_mailbox *mailbox, const struct leat_mailbox_config *config);
LEAT_API void leat_mailbox_fini(struct leat_mailbox *mailbox);

/* Writer. 0; -EAGAIN / -ETIMEDOUT full (deadline_ns 0 tries, LEAT_FOREVER waits); -EPIPE the reader closed. Flushes before it sleeps. */
LEAT_API int leat_mailbox_write(struct leat_mailbox *mailbox, const void *item, bool incomplete, int64_t deadline_ns);
LEAT_API enum leat_flush leat_mailbox_flush(struct leat_mailbox *mailbox); /* and wakes the reader if it sleeps */
LEAT_API void leat_mailbox_close_writer(struct leat_mailbox *mailbox);     /* flushes; the reader drains and then gets -EPIPE */

/* Reader. 0; -EAGAIN / -ETIMEDOUT empty; -EPIPE the writer closed and everything was read. */
LEAT_API int leat_mailbox_read(struct leat_mailbox *mailbox, void *item, int64_t deadline_ns);
LEAT_API int leat_mailbox_fd(const struct leat_mailbox *mailbox); /* -1: no eventfd */
LEAT_API bool leat_mailbox_arm(struct leat_mailbox *mailbox);     /* true: the fd becomes readable when something comes; false: read first, something waits */
LEAT_API void leat_mailbox_close_reader(struct leat_mailbox *mailbox);
LEAT_API bool leat_mailbox_valid(const struct leat_mailbox *mailbox);

#ifdef __cplusplus
}
#endif
#endif
