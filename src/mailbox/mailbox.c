/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c: look, spin, announce, look once more, park. The order of these steps is what keeps wake-ups from being lost; the
 * invariants and edges are in leat/mailbox.h, the announcements themselves in leat/pipe.h.
 */
#include <leat/mailbox.h>

/*
 * How often a side looks before it parks. A park and its wake-up cost tens of microseconds, 2048 looks about as much; the floor keeps a
 * chance for the spin to succeed and so to grow again.
 */
enum { SPIN_CEILING = 2048, SPIN_FLOOR = 16, SPIN_START = 256 };

#if defined(__x86_64__) || defined(__i386__)
#define RELAX_CPU() __builtin_ia32_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define RELAX_CPU() __asm__ volatile("yield" ::: "memory")
#else
#define RELAX_CPU() leat_compiler_fence()
#endif

/* A spin paid off: the next may be longer. */
static void spin_won(const struct leat_mailbox *mailbox, int64_t *spin)
{
    *spin = *spin * 2 < mailbox->spin_ceiling ? *spin * 2 : mailbox->spin_ceiling;
}

/* A spin was for nothing, the side has to park: the next is shorter. */
static void spin_lost(const struct leat_mailbox *mailbox, int64_t *spin)
{
    *spin = *spin / 2 > SPIN_FLOOR ? *spin / 2 : mailbox->spin_ceiling > 0 ? SPIN_FLOOR : 0;
}

int leat_mailbox_init(struct leat_mailbox *mailbox, const struct leat_mailbox_config *config)
{
    mailbox->reader_waker = config->reader_waker != NULL ? config->reader_waker : &mailbox->own_reader;
    mailbox->writer_waker = config->writer_waker != NULL ? config->writer_waker : &mailbox->own_writer;
    mailbox->spin_ceiling = leat_os_cpus() > 1 ? SPIN_CEILING : 0;
    mailbox->reader_spin = mailbox->writer_spin = mailbox->spin_ceiling > 0 ? SPIN_START : 0;
    mailbox->reader_armed = mailbox->writer_armed = false;
    leat_store(&mailbox->writer_closed, 0, relaxed); /* relaxed, as all of init: no other thread has the mailbox yet */
    leat_store(&mailbox->reader_closed, 0, relaxed);
    leat_store(&mailbox->wakes, 0, relaxed);
    int result = leat_waker_init(&mailbox->own_reader, config->reader_fd && config->reader_waker == NULL);
    if (result != 0) {
        return result;
    }
    result = leat_waker_init(&mailbox->own_writer, config->writer_fd && config->writer_waker == NULL);
    if (result == 0) {
        struct leat_pipe_config pipe = config->pipe;
        pipe.host = pipe.host != NULL ? pipe.host : leat_os_host();
        result = leat_pipe_init(&mailbox->pipe, &pipe);
        if (result == 0) {
            return 0;
        }
        leat_waker_fini(&mailbox->own_writer);
    }
    leat_waker_fini(&mailbox->own_reader);
    return result;
}

void leat_mailbox_fini(struct leat_mailbox *mailbox)
{
    leat_pipe_fini(&mailbox->pipe);
    leat_waker_fini(&mailbox->own_writer);
    leat_waker_fini(&mailbox->own_reader);
}

/* ---- writer ---- */

enum leat_flush leat_mailbox_flush(struct leat_mailbox *mailbox)
{
    enum leat_flush flush = leat_pipe_flush(&mailbox->pipe);
    if (flush == LEAT_FLUSH_ASLEEP) {
        leat_store(&mailbox->wakes, leat_load(&mailbox->wakes, relaxed) + 1, relaxed); /* relaxed: a counter of the writer's own */
        leat_waker_wake(mailbox->reader_waker);
    }
    return flush;
}

/* Returns whether the last write failed for want of room; else it was for want of a chunk. The writer's own view, fresh from that write. */
static bool full(const struct leat_pipe *pipe)
{
    size_t bytes = leat_load(&pipe->pushed_bytes, relaxed) - pipe->o_bytes_seen; /* relaxed, both: the writer's own */
    return pipe->shut || leat_load(&pipe->pushed, relaxed) - pipe->o_seen >= pipe->high_water || bytes >= pipe->high_bytes;
}

/* Tries again and again for a while; true: written. */
static bool spin_for_room(struct leat_mailbox *mailbox, const void *item, bool incomplete)
{
    for (int64_t looks = mailbox->writer_spin; looks > 0; looks--) {
        RELAX_CPU();
        if (leat_pipe_write(&mailbox->pipe, item, incomplete)) {
            spin_won(mailbox, &mailbox->writer_spin);
            return true;
        }
    }
    spin_lost(mailbox, &mailbox->writer_spin);
    return false;
}

/* Parks the writer until it is woken, perhaps for nothing. 0: look again; -ETIMEDOUT; -EPIPE. No sleep is announced after an error. */
static int park_writer(struct leat_mailbox *mailbox, int64_t deadline_ns)
{
    uint32_t seen = leat_waker_seen(mailbox->writer_waker); /* before the announcement: a wake for it is never older than `seen` */
    if (leat_pipe_check_write(&mailbox->pipe)) {
        return 0;
    }
    int result = -EPIPE;
    if (leat_load(&mailbox->reader_closed, acquire) == 0) { /* edge "reader closed"; after `seen`: a close from here on changes the token */
        result = leat_waker_wait(mailbox->writer_waker, seen, deadline_ns);
    }
    if (result != 0) {
        leat_pipe_cancel_write_sleep(&mailbox->pipe);
    }
    return result;
}

/* A write that did not succeed at once. */
static LEAT_COLD int write_slowly(struct leat_mailbox *mailbox, const void *item, bool incomplete, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &mailbox->pipe;
    int parked = 0;
    for (;;) {
        leat_mailbox_flush(mailbox); /* a reader that was shown nothing makes no room */
        if (!full(pipe)) {
            return -ENOMEM;
        }
        if (pipe->open >= pipe->high_water) {
            return -EMSGSIZE;
        }
        if (deadline_ns == 0 || parked != 0) {
            return parked != 0 ? parked : -EAGAIN;
        }
        if (spin_for_room(mailbox, item, incomplete)) {
            return 0;
        }
        if (!full(pipe)) {
            return -ENOMEM;
        }
        parked = park_writer(mailbox, deadline_ns);
        if (parked == -EPIPE) {
            return parked;
        }
        if (leat_pipe_write(pipe, item, incomplete)) { /* after a timeout too: room that came at the last moment counts */
            return 0;
        }
    }
}

/* Ends what arm_writer began. */
static LEAT_COLD void disarm_writer(struct leat_mailbox *mailbox)
{
    mailbox->writer_armed = false;
    leat_pipe_cancel_write_sleep(&mailbox->pipe);
    if (mailbox->writer_waker == &mailbox->own_writer) {
        leat_waker_drain(mailbox->writer_waker);
    }
}

int leat_mailbox_write(struct leat_mailbox *mailbox, const void *item, bool incomplete, int64_t deadline_ns)
{
    if (LEAT_UNLIKELY(mailbox->writer_armed)) {
        disarm_writer(mailbox);
    }
    if (LEAT_UNLIKELY(leat_load(&mailbox->reader_closed, acquire) != 0)) { /* edge "reader closed" */
        return -EPIPE;
    }
    if (LEAT_LIKELY(leat_pipe_write(&mailbox->pipe, item, incomplete))) {
        return 0;
    }
    return write_slowly(mailbox, item, incomplete, deadline_ns);
}

bool leat_mailbox_arm_writer(struct leat_mailbox *mailbox)
{
    if (mailbox->writer_waker == &mailbox->own_writer) {
        leat_waker_drain(mailbox->writer_waker); /* before the announcement: only wakes for earlier ones are lost */
    }
    leat_mailbox_flush(mailbox);
    if (leat_pipe_check_write(&mailbox->pipe)) {
        return false;
    }
    mailbox->writer_armed = true;
    return leat_load(&mailbox->reader_closed, acquire) == 0; /* edge "reader closed"; a close after this load wakes */
}

void leat_mailbox_close_writer(struct leat_mailbox *mailbox)
{
    leat_mailbox_flush(mailbox);
    leat_store(&mailbox->writer_closed, 1, release); /* edge "writer closed" */
    leat_waker_wake(mailbox->reader_waker);          /* always: the reader may have announced before the flush above or after it */
}

/* ---- reader ---- */

/* To be called after whatever may have published room. */
static void wake_writer(struct leat_mailbox *mailbox)
{
    if (leat_pipe_writer_asleep(&mailbox->pipe)) {
        leat_waker_wake(mailbox->writer_waker);
    }
}

/* Looks again and again for a while; true: an item waits. */
static bool spin_for_item(struct leat_mailbox *mailbox)
{
    for (int64_t looks = mailbox->reader_spin; looks > 0; looks--) {
        RELAX_CPU();
        if (leat_pipe_poll(&mailbox->pipe)) {
            spin_won(mailbox, &mailbox->reader_spin);
            return true;
        }
    }
    spin_lost(mailbox, &mailbox->reader_spin);
    return false;
}

/* Parks the reader until it is woken, perhaps for nothing. 0: look again; -ETIMEDOUT. No sleep is announced after an error. */
static int park_reader(struct leat_mailbox *mailbox, int64_t deadline_ns)
{
    uint32_t seen = leat_waker_seen(mailbox->reader_waker); /* before the announcement: a wake for it is never older than `seen` */
    if (leat_pipe_check_read(&mailbox->pipe)) {
        return 0;
    }
    wake_writer(mailbox); /* announcing published the last room */
    int result = 0;
    if (leat_load(&mailbox->writer_closed, acquire) == 0) { /* edge "writer closed"; after `seen`: a close from here on changes the token */
        result = leat_waker_wait(mailbox->reader_waker, seen, deadline_ns);
    }
    if (result != 0) {
        leat_pipe_cancel_sleep(&mailbox->pipe);
    }
    return result;
}

/* 0: an item waits; or the error of the read. */
static LEAT_COLD int wait_for_item(struct leat_mailbox *mailbox, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &mailbox->pipe;
    int parked = 0;
    for (;;) {
        wake_writer(mailbox);                                   /* polling published the last room */
        if (leat_load(&mailbox->writer_closed, acquire) != 0) { /* edge "writer closed": what polls empty now stays empty */
            leat_pipe_cancel_sleep(pipe);
            return leat_pipe_poll(pipe) ? 0 : -EPIPE;
        }
        if (deadline_ns == 0 || parked != 0) {
            return parked != 0 ? parked : -EAGAIN;
        }
        if (spin_for_item(mailbox)) {
            return 0;
        }
        parked = park_reader(mailbox, deadline_ns);
        if (leat_pipe_poll(pipe)) { /* after a timeout too: an item that came at the last moment counts */
            return 0;
        }
    }
}

/* Ends what arm began. */
static LEAT_COLD void disarm_reader(struct leat_mailbox *mailbox)
{
    mailbox->reader_armed = false;
    leat_pipe_cancel_sleep(&mailbox->pipe);
    if (mailbox->reader_waker == &mailbox->own_reader) {
        leat_waker_drain(mailbox->reader_waker);
    }
}

int leat_mailbox_read(struct leat_mailbox *mailbox, void *item, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &mailbox->pipe;
    if (LEAT_UNLIKELY(mailbox->reader_armed)) {
        disarm_reader(mailbox);
    }
    if (!leat_pipe_poll(pipe)) {
        int result = wait_for_item(mailbox, deadline_ns);
        if (result != 0) {
            return result;
        }
    }
    memcpy(item, leat_pipe_front(pipe), pipe->shape.item_bytes);
    leat_pipe_pop(pipe);
    wake_writer(mailbox);
    return 0;
}

int leat_mailbox_fd(const struct leat_mailbox *mailbox)
{
    return mailbox->reader_waker->fd;
}

bool leat_mailbox_arm(struct leat_mailbox *mailbox)
{
    if (mailbox->reader_waker == &mailbox->own_reader) {
        leat_waker_drain(mailbox->reader_waker); /* before the announcement: only wakes for earlier ones are lost */
    }
    if (leat_pipe_check_read(&mailbox->pipe)) {
        return false;
    }
    wake_writer(mailbox); /* announcing published the last room */
    mailbox->reader_armed = true;
    return leat_load(&mailbox->writer_closed, acquire) == 0; /* edge "writer closed"; a close after this load wakes */
}

void leat_mailbox_close_reader(struct leat_mailbox *mailbox)
{
    leat_store(&mailbox->reader_closed, 1, release); /* edge "reader closed" */
    leat_waker_wake(mailbox->writer_waker);
}

/* ---- both ---- */

static bool spin_valid(const struct leat_mailbox *mailbox, int64_t spin)
{
    return mailbox->spin_ceiling == 0 ? spin == 0 : spin >= SPIN_FLOOR && spin <= mailbox->spin_ceiling;
}

bool leat_mailbox_valid(const struct leat_mailbox *mailbox)
{
    return mailbox->reader_waker != NULL && mailbox->writer_waker != NULL && spin_valid(mailbox, mailbox->reader_spin) &&
           spin_valid(mailbox, mailbox->writer_spin) && leat_pipe_valid(&mailbox->pipe);
}
