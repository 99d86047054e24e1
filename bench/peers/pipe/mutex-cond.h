/* SPDX-License-Identifier: MIT */
/* The textbook's bounded queue: a ring of items, a mutex and two condition variables. Who finds it full or empty sleeps. */
#include <pthread.h>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_RIVAL, BENCH_LINK_INLINE, "mutex + condition variables; sleeps"};

struct peer {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    unsigned head, count; /* under lock, as items */
    item_type items[CAPACITY];
};

static struct peer *peer_open(void)
{
    struct peer *peer = (struct peer *)bench_lines(sizeof(*peer));
    if (peer != NULL) {
        pthread_mutex_init(&peer->lock, NULL);
        pthread_cond_init(&peer->not_empty, NULL);
        pthread_cond_init(&peer->not_full, NULL);
    }
    return peer;
}

static void peer_close(struct peer *peer)
{
    pthread_cond_destroy(&peer->not_full);
    pthread_cond_destroy(&peer->not_empty);
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}

BENCH_INLINE bool peer_put(struct peer *peer, item_type item)
{
    pthread_mutex_lock(&peer->lock);
    while (peer->count == CAPACITY) {
        pthread_cond_wait(&peer->not_full, &peer->lock);
    }
    peer->items[(peer->head + peer->count++) % CAPACITY] = item;
    pthread_cond_signal(&peer->not_empty);
    pthread_mutex_unlock(&peer->lock);
    return true;
}

BENCH_INLINE bool peer_get(struct peer *peer, item_type *item)
{
    pthread_mutex_lock(&peer->lock);
    while (peer->count == 0) {
        pthread_cond_wait(&peer->not_empty, &peer->lock);
    }
    *item = peer->items[peer->head];
    peer->head = (peer->head + 1) % CAPACITY;
    peer->count--;
    pthread_cond_signal(&peer->not_full);
    pthread_mutex_unlock(&peer->lock);
    return true;
}
