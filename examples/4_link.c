/* SPDX-License-Identifier: MIT */
/*
 * An echo server and its caller in one program: 4_link [COUNT]
 *
 * The server listens on a free port; the caller sends frames (type 8 bits, length 16 bits), and gets each of them back.
 */
#include <leat/link.h>
#include <leat/os.h>
#include <stdio.h>
#include <stdlib.h>

static void echo(void *server)
{
    struct leat_msg msg;
    while (leat_link_recv(server, &msg, LEAT_FOREVER) == 0) {
        if (leat_link_send(server, &msg, LEAT_FOREVER) != 0)
            leat_msg_unref(&msg); /* on failure it is still ours */
        leat_link_flush(server);
    }
}

/* Returns how many frames came back as they were sent. */
static int64_t call(struct leat_link *caller, int64_t count)
{
    const struct leat_blocks none = {0}; /* up to 48 bytes a message needs no block, and nothing to give back */
    int64_t back = 0;
    for (int64_t i = 0; i < count; i++) {
        unsigned char frame[3 + 8] = {7, 0, 8, (unsigned char)i};
        struct leat_msg msg;
        if (leat_msg_copy(&msg, &none, frame, sizeof frame) != 0 || leat_link_send(caller, &msg, LEAT_FOREVER) != 0)
            break;
        leat_link_flush(caller);
        if (leat_link_recv(caller, &msg, LEAT_FOREVER) != 0)
            break;
        back += leat_msg_size(&msg) == sizeof frame && memcmp(leat_msg_data(&msg), frame, sizeof frame) == 0;
        leat_msg_unref(&msg);
    }
    return back;
}

int main(int argc, char **argv)
{
    int64_t count = argc > 1 ? atoll(argv[1]) : 1000;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16")};
    struct leat_link *server, *caller;
    struct leat_thread thread;
    struct leat_error error;
    if (leat_link_open(&server, "tcp-listen://127.0.0.1:0", &options, &error) != 0 ||
        leat_link_open(&caller, leat_link_name(server), &options, &error) != 0)
        return fprintf(stderr, "%s\n", error.text) > 0;
    if (leat_thread_start(&thread, "echo", echo, server) != 0)
        return 1;
    int64_t back = call(caller, count);
    printf("%lld of %lld frames came back over %s\n", (long long)back, (long long)count, leat_link_name(server));
    leat_link_close(caller, LEAT_FOREVER, NULL, NULL); /* the server's input ends, and with it the thread */
    leat_thread_join(&thread);
    leat_link_close(server, LEAT_FOREVER, NULL, NULL);
    return back != count;
}
