/* SPDX-License-Identifier: MIT */
/*
 * leat/io_thread.h: an I/O thread that many links share. A link is put on it by options.io_thread; several such threads share the links of
 * a process as the application likes. Each link has its turn: a read and a write of at most 256 KiB, then the next one has its.
 *
 * Source: libzmq's I/O threads; the difference: which link runs where is said by who opens it.
 */
#ifndef LEAT_IO_THREAD_H
#define LEAT_IO_THREAD_H

#include <leat/base.h>
#include <leat/os.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_io_thread;

struct leat_io_thread_stats {
    int64_t links; /* that run there now */
    int64_t turns; /* that links had */
    int64_t waits; /* times that the thread slept, or looked whether it could */
};

/*
 * The thread runs, without links.
 *
 * @param io_thread  set on success, untouched on failure; ended by leat_io_thread_close
 * @param options    name (NULL: "leat-io"), stack, processor and priority; NULL: every default
 * Returns 0; or as leat_thread_start_with, or -EMFILE, -ENFILE, -ENOMEM.
 *
 * [thread: any | blocks: no | allocates: yes | fails: EINVAL EPERM EAGAIN EMFILE ENFILE ENOMEM]
 */
LEAT_API int leat_io_thread_open(struct leat_io_thread **io_thread, const struct leat_thread_options *options);

/*
 * *stats holds the thread's counters, each exact by itself.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_io_thread_stats(const struct leat_io_thread *io_thread, struct leat_io_thread_stats *stats);

/*
 * The thread has ended and its handle is gone.
 *
 * Returns 0; -EBUSY: links still run there, nothing has changed.
 *
 * [thread: any but itself, while no link is opened on it | blocks: until the thread has ended | allocates: no | fails: EBUSY]
 */
LEAT_API int leat_io_thread_close(struct leat_io_thread *io_thread);

#ifdef __cplusplus
}
#endif
#endif
