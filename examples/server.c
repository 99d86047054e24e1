/* SPDX-License-Identifier: MIT */
/*
 * A server of many peers in one thread, and some who call it: server [PEERS]
 *
 * Each peer sends its number in frames (type 8 bits, length 16 bits) and gets it back; the server knows whom to answer by the link that a
 * message came by, and keeps with each link how many messages there were.
 */
#include <leat/listener.h>
#include <leat/os.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64, ROUNDS = 100 };

static void peer(void *context)
{
    const struct leat_blocks none = {0}; /* up to 48 bytes a message needs no block */
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16")};
    struct leat_link *link;
    if (leat_link_open(&link, context, &options, NULL) != 0)
        return;
    for (unsigned char i = 0; i < ROUNDS; i++) {
        const unsigned char frame[4] = {7, 0, 1, i};
        struct leat_msg msg;
        if (leat_msg_copy(&msg, &none, frame, sizeof frame) != 0 || leat_link_send(link, &msg, LEAT_FOREVER) != 0)
            break;
        leat_link_flush(link);
        if (leat_link_recv(link, &msg, LEAT_FOREVER) != 0)
            break;
        leat_msg_unref(&msg);
    }
    leat_link_close(link, LEAT_FOREVER, NULL, NULL);
}

int main(int argc, char **argv)
{
    int peers = argc > 1 ? atoi(argv[1]) : 8;
    struct leat_listener_options options = {.link = {.dialect = leat_tlv_dialect("t8l16")}, .merged = true};
    struct leat_listener *listener;
    struct leat_error error;
    int64_t answered = 0;
    if (leat_listener_open(&listener, "tcp-listen://127.0.0.1:0", &options, &error) != 0)
        return fprintf(stderr, "%s\n", error.text) > 0;
    struct leat_thread *threads = calloc((size_t)peers, sizeof *threads);
    for (int i = 0; i < peers; i++) {
        if (threads == NULL || leat_thread_start(&threads[i], "peer", peer, (void *)leat_listener_name(listener)) != 0)
            return 1;
    }
    for (int left = peers; left > 0;) {
        struct leat_link *from[BATCH];
        struct leat_msg msgs[BATCH];
        int64_t count = leat_listener_recv_many(listener, from, msgs, NULL, BATCH, LEAT_FOREVER);
        for (int64_t i = 0; i < count; i++) {
            leat_link_set_context(from[i], (void *)((intptr_t)leat_link_context(from[i]) + 1));
            answered += leat_link_send(from[i], &msgs[i], LEAT_FOREVER) == 0;
            leat_link_flush(from[i]);
        }
        if (count < 0) { /* a peer has ended */
            printf("%s: %lld messages\n", leat_link_name(from[0]), (long long)(intptr_t)leat_link_context(from[0]));
            leat_link_close(from[0], LEAT_FOREVER, NULL, NULL);
            left--;
        }
    }
    leat_listener_close(listener);
    for (int i = 0; i < peers; i++)
        leat_thread_join(&threads[i]);
    free(threads);
    return answered != (int64_t)peers * ROUNDS;
}
