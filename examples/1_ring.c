/* SPDX-License-Identifier: MIT */
/*
 * 1_ring [FILE]: one thread reads the file (without one: this program itself) straight into a ring, another counts its lines
 * in place, without a copy and without a lock.
 */
#define _POSIX_C_SOURCE 200809L
#include <leat/os.h>

#include <fcntl.h>
#include <stdio.h>

struct pump {
    struct leat_ring ring;
    struct leat_waker data, room; /* wakes the consumer, wakes the producer */
    LEAT_ATOMIC(bool) ended;      /* written by the producer */
    int64_t result;               /* what the last read said: 0 or a negative errno; written before `ended` */
    int fd;
};

static void produce(void *context)
{
    struct pump *pump = context;
    int64_t got;

    do {
        const uint32_t seen = leat_waker_seen(&pump->room); /* before the look, so that no wake is lost */

        got = leat_ring_from_dev(&pump->ring, pump->fd);
        if (got == -ENOBUFS) {
            (void)leat_waker_wait(&pump->room, seen, LEAT_FOREVER);
        } else if (got > 0) {
            leat_waker_wake(&pump->data);
        }
    } while (got > 0 || got == -ENOBUFS);
    pump->result = got;
    leat_store(&pump->ended, true, release);
    leat_waker_wake(&pump->data);
}

static int64_t count_lines(struct pump *pump)
{
    int64_t lines = 0;
    for (;;) {
        const uint32_t seen = leat_waker_seen(&pump->data);
        const bool ended = leat_load(&pump->ended, acquire);
        const void *span;
        const int64_t bytes = leat_ring_peek(&pump->ring, 1, &span);

        for (int64_t i = 0; i < bytes; i++) {
            lines += ((const char *)span)[i] == '\n';
        }
        leat_ring_consume(&pump->ring, bytes);
        leat_waker_wake(&pump->room); /* after an empty peek too: it has given all space back */
        if (bytes == 0 && ended) {
            return lines;
        }
        if (bytes == 0) {
            (void)leat_waker_wait(&pump->data, seen, LEAT_FOREVER);
        }
    }
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/proc/self/exe";
    static struct pump pump;
    struct leat_thread reader;

    pump.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (pump.fd < 0 || leat_os_ring_create(&pump.ring, 64 * 1024) != 0 || leat_waker_init(&pump.data, false) != 0 ||
        leat_waker_init(&pump.room, false) != 0 || leat_thread_start(&reader, "reader", produce, &pump) != 0) {
        fprintf(stderr, "%s: cannot begin\n", path);
        return 1;
    }
    const int64_t lines = count_lines(&pump);
    leat_thread_join(&reader);
    printf("%s: %lld lines; %s\n", path, (long long)lines, pump.result == 0 ? "all read" : leat_os_error((int)-pump.result));
    leat_os_ring_destroy(&pump.ring);
    return pump.result != 0;
}
