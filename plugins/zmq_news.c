/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the connections, by the socket's monitor. libzmq makes them by itself, again and again; somebody is there when one at
 * least has shaken hands. A handshake that fails is said, and followed by the disconnection that it leads to.
 */
#include "zmq_end.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVENTS                                                                                                    \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED)
#define MOST_UNREAD 1000 /* events; libzmq drops what is beyond */

int zmq_end_watch(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    const int hwm = MOST_UNREAD, linger = 0;
    if (zmq_socket_monitor(end->socket, "inproc://news", EVENTS) != 0)
        return zmq_end_fail(error, address, "monitor: ");
    end->news = zmq_socket(end->context, ZMQ_PAIR);
    if (end->news == NULL || zmq_setsockopt(end->news, ZMQ_RCVHWM, &hwm, sizeof hwm) != 0 ||
        zmq_setsockopt(end->news, ZMQ_LINGER, &linger, sizeof linger) != 0 || zmq_connect(end->news, "inproc://news") != 0)
        return zmq_end_fail(error, address, "monitor: ");
    return 0;
}

static void fail_handshake(struct zmq_end *end, int code, const char *why)
{
    end->failing++;
    end->why_code = code;
    snprintf(end->why, sizeof end->why, "the handshake failed: %s", why);
}

static void note(struct zmq_end *end, int event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        end->peers++;
        end->why[0] = '\0';
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        fail_handshake(end, -ECONNRESET, "closed by the other end; of another key or protocol, if it was not just leaving");
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        fail_handshake(end, -EPROTO, "another protocol, or another key");
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        fail_handshake(end, -EACCES, "this key may not connect");
        return;
    default:
        if (end->failing > 0)
            end->failing--;
        else if (end->peers > 0)
            end->peers--;
    }
}

int zmq_end_present(void *state, struct leat_error *why)
{
    struct zmq_end *end = state;
    unsigned char event[6]; /* 2 bytes the event, 4 its value, as this machine has them; then the address, a part of its own */
    char address[LEAT_ADDRESS_BYTES];
    uint16_t number;
    while (zmq_recv(end->news, event, sizeof event, ZMQ_DONTWAIT) == (int)sizeof event) {
        memcpy(&number, event, sizeof number);
        note(end, number);
        zmq_recv(end->news, address, sizeof address, ZMQ_DONTWAIT);
    }
    if (end->peers == 0 && why != NULL && end->why[0] != '\0') {
        why->code = end->why_code;
        snprintf(why->text, sizeof why->text, "%s", end->why);
    }
    return end->peers > 0;
}
