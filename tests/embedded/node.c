/* SPDX-License-Identifier: MIT */
/*
 * node.c: what a small device does with leat, and the program whose size `make embedded` tells. An interrupt handler puts bytes of TLV
 * frames into a ring; the task frames them, copies each value into a block of a pool, and hands the block through a pipe to its reader.
 */
#include "bare.h"

#include <leat/pipe.h>
#include <leat/pool.h>
#include <leat/ring.h>
#include <leat/tlv.h>

enum { FRAMES = 2000, VALUE_MOST = 48, BLOCK_BYTES = 256, BLOCKS = 16 };

/* The dialect of that name as a row of the program's own: leat_tlv_dialect() would bring all of them. */
static const struct leat_tlv_dialect t16l32be = {.name = "t16l32be",
                                                 .rule = "",
                                                 .type = {.codec = LEAT_TLV_BIG, .at = 0, .bytes = 2, .mask = UINT16_MAX},
                                                 .length = {.codec = LEAT_TLV_BIG, .at = 2, .bytes = 4, .mask = UINT32_MAX},
                                                 .header_bytes = 6,
                                                 .align = 1,
                                                 .shape = LEAT_TLV_SHAPE_PLAIN};

static struct leat_ring ring;
alignas(8) static unsigned char ring_memory[512];
alignas(64) static unsigned char pool_memory[7168];
static struct leat_pipe pipe;

struct arrived {
    unsigned char *block;
    uint32_t bytes;
};

/* The handler's: which byte of which frame comes next. */
static struct {
    uint32_t frame, at, sum;
} device;

static uint32_t length_of(uint32_t frame)
{
    return frame * 7 % (VALUE_MOST + 1);
}

/* Byte `at` of a frame on the wire. */
static unsigned char wire(uint32_t frame, uint32_t at)
{
    const unsigned char header[6] = {(unsigned char)(frame >> 8), (unsigned char)frame, 0, 0, 0, (unsigned char)length_of(frame)};
    return at < 6 ? header[at] : (unsigned char)(frame * 31 + at);
}

void bare_tick(void)
{
    void *span;
    int64_t room = leat_ring_reserve(&ring, 1, &span), count = 0;
    for (unsigned char *bytes = span; count < room && count < 40 && device.frame < FRAMES; count++) {
        bytes[count] = wire(device.frame, device.at);
        device.sum += device.at >= 6 ? bytes[count] : 0;
        if (++device.at == 6 + length_of(device.frame)) {
            device.frame++;
            device.at = 0;
        }
    }
    leat_ring_commit(&ring, count);
}

/* One frame from the ring into a block and on into the pipe; false: not all of it is there yet. */
static bool take_frame(struct leat_tlv_framer *framer, struct leat_pool *pool, int64_t least, int64_t *need)
{
    unsigned char frame[6 + VALUE_MOST];
    int64_t there = leat_ring_copy_out(&ring, 0, frame, sizeof frame), bytes = 0;
    if (there < least) {
        return false;
    }
    enum leat_tlv_frame found = leat_tlv_frame(framer, frame, there, &bytes);
    if (found == LEAT_TLV_NEED) {
        *need = bytes;
    }
    if (found == LEAT_TLV_MALFORMED) {
        bare_print("node: malformed\n");
        bare_exit(1);
    }
    if (found != LEAT_TLV_WHOLE) {
        return false;
    }
    struct arrived arrived = {leat_pool_alloc(pool), (uint32_t)bytes - 6};
    if (arrived.block == NULL) {
        bare_print("node: no block\n");
        bare_exit(1);
    }
    memcpy(arrived.block, frame + 6, arrived.bytes);
    (void)leat_ring_skip(&ring, bytes);
    *need = 6;
    (void)leat_pipe_write(&pipe, &arrived, false);
    (void)leat_pipe_flush(&pipe);
    return true;
}

int main(void)
{
    struct leat_pool *pool;
    const struct leat_pool_config pool_config = {.block_bytes = BLOCK_BYTES, .limit = BLOCKS, .caches = 1};
    struct leat_tlv_framer framer;
    if (leat_ring_init(&ring, ring_memory, sizeof ring_memory, 0) != 0 ||
        leat_pool_init(&pool, pool_memory, sizeof pool_memory, &pool_config) != 0) {
        bare_print("node: no ring, or no pool: wants ");
        bare_print_number((uint32_t)leat_pool_bytes_for(&pool_config));
        bare_print("\n");
        return 1;
    }
    const struct leat_blocks blocks = leat_pool_blocks(pool);
    const struct leat_pipe_config pipe_config = {
        .item_bytes = sizeof(struct arrived), .high_water = 8, .blocks = &blocks, .sleep = LEAT_SLEEP_RMW, .lead = -1};
    const struct leat_tlv_limits limits = {.max_frame = 6 + VALUE_MOST};
    if (leat_pipe_init(&pipe, &pipe_config) != 0 || leat_tlv_framer_init(&framer, &t16l32be, &limits) != 0) {
        bare_print("node: no pipe, or no framer\n");
        return 1;
    }
    bare_tick_every(4000);
    uint32_t sum = 0, frames = 0, wrong = 0;
    int64_t need = 6;
    while (frames < FRAMES) {
        (void)take_frame(&framer, pool, need, &need);
        struct arrived arrived;
        while (leat_pipe_read(&pipe, &arrived)) {
            wrong += arrived.bytes != length_of(frames);
            for (uint32_t i = 0; i < arrived.bytes; i++) {
                sum += arrived.block[i];
                wrong += arrived.block[i] != wire(frames, i + 6);
            }
            leat_pool_free(pool, arrived.block);
            frames++;
        }
    }
    bare_tick_every(0);
    bare_print("node: ");
    bare_print_number(frames);
    bare_print(" frames, sum ");
    bare_print_number(sum);
    bare_print(", wrong ");
    bare_print_number(wrong);
    bare_print("\n");
    return wrong == 0 && sum == device.sum && device.frame == FRAMES ? 0 : 1;
}
