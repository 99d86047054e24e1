/* SPDX-License-Identifier: MIT */
/* The C library's malloc and free, in a process that has had a second thread, as any program that needs thread-safe blocks has. */

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_RIVAL, BENCH_LINK_SHARED, "the C library's"};

struct peer {
    int nothing;
};

static struct peer *peer_open(void)
{
    static struct peer peer;
    return &peer;
}

static void peer_close(struct peer *peer)
{
    (void)peer;
}

BENCH_INLINE void *peer_alloc(struct peer *peer)
{
    (void)peer;
    return malloc(BLOCK_BYTES);
}

BENCH_INLINE void peer_free(struct peer *peer, void *block)
{
    (void)peer;
    free(block);
}
