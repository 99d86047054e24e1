/* SPDX-License-Identifier: MIT */
/*
 * A plain ZeroMQ program: zmq_peer pull BYTES|push, bound to a free port, which it prints as tcp://...
 * pull: writes what comes to stdout until it is BYTES and nothing comes after them; fails if standard input ends before.
 * push: sends standard input, in messages of up to 1000 bytes.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define AFTER_MS 200 /* what comes so soon after the last byte is found out */

static int pull(void *socket, long long bytes)
{
    zmq_pollitem_t items[] = {{.socket = socket, .events = ZMQ_POLLIN}, {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};
    for (zmq_msg_t msg; zmq_poll(items, 2, bytes > 0 ? -1 : AFTER_MS) > 0;) {
        if (items[0].revents) {
            zmq_msg_init(&msg);
            zmq_msg_recv(&msg, socket, 0);
            fwrite(zmq_msg_data(&msg), 1, zmq_msg_size(&msg), stdout);
            bytes -= (long long)zmq_msg_size(&msg);
            zmq_msg_close(&msg);
        } else if (items[1].revents) {
            return 1;
        }
    }
    return bytes == 0 ? 0 : 1;
}

static int push(void *socket)
{
    char bytes[1000];
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
        if (zmq_send(socket, bytes, got, 0) < 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    char name[200];
    size_t bytes = sizeof name;
    const int pulls = argc > 2 && strcmp(argv[1], "pull") == 0;
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, pulls ? ZMQ_PULL : ZMQ_PUSH);
    if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0 || zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, name, &bytes) != 0)
        return 1;
    fprintf(stderr, "%s\n", name);
    int rc = pulls ? pull(socket, atoll(argv[2])) : push(socket);
    zmq_close(socket);
    zmq_ctx_term(context);
    return rc;
}
