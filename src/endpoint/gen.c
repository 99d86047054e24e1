/* SPDX-License-Identifier: MIT */
/*
 * gen.c: gen:, frames made up here, in a pattern that whoever gets them can check.
 *
 * Frame n, from 0 up: type 1 + n mod 255; length `size`; then the value, of which byte i is
 *
 *   i < 8   byte i of n as 8 bytes, big endian; of a value shorter than 8 bytes, of n's lowest `size` bytes
 *   else    (n + i) mod 256
 */
#define _GNU_SOURCE
#include "transport.h"

#include <leat/os.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
#define SIZE_MOST (16 << 20)       /* bytes of a value */
#define WAIT_LEAST_NS (100 * 1000) /* a faster rate comes in groups */
#define NUMBER_BYTES 8

/* Type and length, each big endian. */
struct header {
    int type_bytes, length_bytes;
};

struct gen {
    struct header header;
    int64_t count, size, rate; /* rate 0: as fast as it is read */
    int64_t made;              /* frames begun */
    int64_t start_ns;          /* 0: nothing was read yet */
    int timer;                 /* ready when the next frame is due; -1: no rate */
    int64_t frame_bytes, left; /* of `frame`, its last `left` bytes are still to be read */
    unsigned char frame[];     /* what did not fit into one read as a whole */
};

/* Big endian, its lowest bytes. */
static unsigned char *put_number(unsigned char *at, uint64_t number, int64_t bytes)
{
    for (int64_t i = bytes - 1; i >= 0; i--, number >>= 8)
        at[i] = (unsigned char)number;
    return at + bytes;
}

static void make_frame(struct gen *gen, unsigned char *at)
{
    const uint64_t n = (uint64_t)gen->made++;

    at = put_number(at, 1 + n % 255, gen->header.type_bytes);
    at = put_number(at, (uint64_t)gen->size, gen->header.length_bytes);
    put_number(at, n, gen->size < NUMBER_BYTES ? gen->size : NUMBER_BYTES);
    for (int64_t i = NUMBER_BYTES; i < gen->size; i++)
        at[i] = (unsigned char)(n + (uint64_t)i);
}

/* How many frames, from the first one on, may have been made by now. */
static int64_t allowed(struct gen *gen)
{
    if (gen->rate == 0)
        return gen->count;
    const int64_t now_ns = leat_os_now_ns();
    if (gen->start_ns == 0)
        gen->start_ns = now_ns;
    const int64_t passed_ns = now_ns - gen->start_ns;
    const int64_t due = passed_ns / SECOND_NS * gen->rate + passed_ns % SECOND_NS * gen->rate / SECOND_NS + 1;
    return due < gen->count ? due : gen->count;
}

/* The timer is ready when the next frame is due. -EAGAIN, or what timerfd_settime(2) said. */
static int64_t wait_for_next(struct gen *gen)
{
    int64_t due_ns = gen->start_ns + gen->made / gen->rate * SECOND_NS + (gen->made % gen->rate * SECOND_NS + gen->rate - 1) / gen->rate;
    const int64_t least_ns = leat_os_now_ns() + WAIT_LEAST_NS;

    if (due_ns < least_ns)
        due_ns = least_ns;
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(due_ns / SECOND_NS), .tv_nsec = (long)(due_ns % SECOND_NS)}};
    return timerfd_settime(gen->timer, TFD_TIMER_ABSTIME, &at, NULL) == 0 ? -EAGAIN : -errno;
}

/* The next bytes of the frame that was begun. */
static int64_t go_on(struct gen *gen, unsigned char *at, int64_t bytes)
{
    int64_t take = gen->left < bytes ? gen->left : bytes;

    memcpy(at, gen->frame + gen->frame_bytes - gen->left, (size_t)take);
    gen->left -= take;
    return take;
}

static int64_t gen_read(void *state, void *span, int64_t bytes)
{
    struct gen *gen = state;

    if (bytes < 1)
        return -EINVAL;
    int64_t made = go_on(gen, span, bytes);
    const int64_t most = allowed(gen);
    while (gen->made < most && bytes - made >= gen->frame_bytes) {
        make_frame(gen, (unsigned char *)span + made);
        made += gen->frame_bytes;
    }
    if (made == 0 && gen->made < most) {
        make_frame(gen, gen->frame);
        gen->left = gen->frame_bytes;
        made = go_on(gen, span, bytes);
    }
    return made > 0 || gen->made == gen->count ? made : wait_for_next(gen);
}

static int read_header(struct header *header, const struct leat_address *address, struct leat_error *error)
{
    static const char *const names[] = {"t8l8", "t8l16", "t8l32", "t16l8", "t16l16", "t16l32", "t32l8", "t32l16", "t32l32", NULL};
    static const struct header headers[] = {{1, 1}, {1, 2}, {1, 4}, {2, 1}, {2, 2}, {2, 4}, {4, 1}, {4, 2}, {4, 4}};
    int index = 1;
    int rc = leat_value_word(address, "dialect", names, &index, error);

    if (rc == 0)
        *header = headers[index];
    return rc;
}

/* Reads the keys into *wanted, which has no frame behind it. */
static int read_keys(struct gen *wanted, const struct leat_address *address, struct leat_error *error)
{
    int rc = read_header(&wanted->header, address, error);
    if (rc == 0)
        rc = leat_value_number(address, "count", 1, INT64_MAX, &wanted->count, error);
    if (rc == 0)
        rc = leat_value_number(address, "rate", 0, SECOND_NS, &wanted->rate, error);
    if (rc != 0)
        return rc;
    const int64_t longest = wanted->header.length_bytes == 4 ? SIZE_MOST : (INT64_C(1) << 8 * wanted->header.length_bytes) - 1;
    rc = leat_value_size(address, "size", 0, longest, &wanted->size, error);
    wanted->frame_bytes = wanted->header.type_bytes + wanted->header.length_bytes + wanted->size;
    return rc;
}

static int gen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct gen wanted = {.count = INT64_MAX, .size = 64, .timer = -1};
    int rc = read_keys(&wanted, address, error);

    (void)directions;
    if (rc != 0)
        return rc;
    if (wanted.rate != 0 && (wanted.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) < 0)
        return leat_endpoint_fail(error, address->text, -errno, "timer");
    struct gen *gen = malloc(sizeof *gen + (size_t)wanted.frame_bytes);
    if (gen == NULL) {
        if (wanted.timer >= 0)
            close(wanted.timer);
        return leat_endpoint_fail(error, address->text, -ENOMEM, "open");
    }
    *gen = wanted;
    *state = gen;
    return 0;
}

static int gen_fd(void *state, unsigned direction)
{
    const struct gen *gen = state;

    (void)direction;
    return gen->made == gen->count ? -1 : gen->timer;
}

static int gen_rewind(void *state)
{
    struct gen *gen = state;

    gen->made = gen->left = gen->start_ns = 0;
    return 0;
}

static int gen_close(void *state)
{
    struct gen *gen = state;

    if (gen->timer >= 0)
        leat_io_close(gen->timer);
    free(gen);
    return 0;
}

static const char *const gen_keys[] = {"count", "dialect", "rate", "size", NULL};

const struct leat_transport leat_transport_gen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "gen",
    .form = "gen:",
    .keys = gen_keys,
    .directions = LEAT_IN,
    .min_read = 1,
    .rest = LEAT_REST_NONE,
    .open = gen_open,
    .fd = gen_fd,
    .read = gen_read,
    .rewind = gen_rewind,
    .close = gen_close,
};
