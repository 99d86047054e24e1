/* SPDX-License-Identifier: MIT */
/*
 * A plain ZeroMQ program: zmq_peer pull|push, bound to a free port, which it prints as tcp://...
 * pull: writes what comes to stdout until standard input ends. push: sends standard input, in messages of up to 1000 bytes.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static int pull(void *socket)
{
    zmq_pollitem_t items[] = {{.socket = socket, .events = ZMQ_POLLIN}, {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};
    for (zmq_msg_t msg; zmq_poll(items, 2, -1) >= 0;) {
        if (items[0].revents) {
            zmq_msg_init(&msg);
            zmq_msg_recv(&msg, socket, 0);
            fwrite(zmq_msg_data(&msg), 1, zmq_msg_size(&msg), stdout);
            zmq_msg_close(&msg);
        } else if (items[1].revents) {
            return 0;
        }
    }
    return 1;
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
    const int pulls = argc > 1 && strcmp(argv[1], "pull") == 0;
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, pulls ? ZMQ_PULL : ZMQ_PUSH);
    if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0 || zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, name, &bytes) != 0)
        return 1;
    fprintf(stderr, "%s\n", name);
    int rc = pulls ? pull(socket) : push(socket);
    zmq_close(socket);
    zmq_ctx_term(context);
    return rc;
}
