/* SPDX-License-Identifier: MIT */
/*
 * leat-zmq.so: ZeroMQ's sockets as endpoints: zmq+tcp://HOST:PORT?type=push and zmq+ipc:PATH?type=pull, with libzmq 4.3.
 *
 * A frame is a message; with batch=BYTES as many frames as wait, up to so many bytes, are one (batch.h). What is received is the bytes of
 * all messages, one behind the other: parts, too, as each has whole frames. With topic=T a message goes out in two parts, T first, and the
 * first of two parts that comes is left out. With multipart=1 the frames of one message in leat's own protocol are its parts.
 *
 * libzmq's descriptor is a wake-up of its own: it is waited for to be readable whatever is wanted, and only after ZMQ_EVENTS said no. To
 * ask for ZMQ_EVENTS takes the wake-up away, for the other direction, too; so it is not asked for the sake of one that does not wait, and
 * who asks for one that does looks at both.
 */
#include "zmq_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_MS 10000

static const struct {
    const char *word;
    int type;
    unsigned directions;
} kinds[ZMQ_KINDS] = {
    [ZMQ_KIND_PUSH] = {"push", ZMQ_PUSH, LEAT_OUT},
    [ZMQ_KIND_PULL] = {"pull", ZMQ_PULL, LEAT_IN},
    [ZMQ_KIND_PUB] = {"pub", ZMQ_PUB, LEAT_OUT},
    [ZMQ_KIND_SUB] = {"sub", ZMQ_SUB, LEAT_IN},
    [ZMQ_KIND_PAIR] = {"pair", ZMQ_PAIR, LEAT_IN | LEAT_OUT},
    [ZMQ_KIND_DEALER] = {"dealer", ZMQ_DEALER, LEAT_IN | LEAT_OUT},
    [ZMQ_KIND_ROUTER] = {"router", ZMQ_ROUTER, LEAT_IN | LEAT_OUT},
};

/* ---- errors ---- */

int zmq_end_code(int number)
{
    return number < ZMQ_HAUSNUMERO ? -number : -EIO;
}

int zmq_end_fail(struct leat_error *error, const struct leat_address *address, const char *what)
{
    const int number = zmq_errno();
    return plugin_refuse(error, address, zmq_end_code(number), what, zmq_strerror(number));
}

static int take_kind(struct zmq_end *end, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    const char *word = plugin_value(address, "type");
    for (int i = 0; word != NULL && i < ZMQ_KINDS; i++) {
        if (strcmp(word, kinds[i].word) != 0)
            continue;
        end->kind = (enum zmq_kind)i;
        end->in = (kinds[i].directions & directions & LEAT_IN) != 0;
        end->out = (kinds[i].directions & directions & LEAT_OUT) != 0;
        if (end->in || end->out)
            return 0;
        return plugin_refuse(error, address, -EINVAL, word, directions & LEAT_OUT ? " cannot be written to" : " cannot be read from");
    }
    return plugin_refuse(error, address, -EINVAL, "type must be push, pull, pub, sub, pair, dealer or router",
                         word != NULL ? ", not the one given" : "");
}

/* ---- open and close ---- */

static int close_end(void *state)
{
    struct zmq_end *end = state;
    if (end->reading)
        zmq_msg_close(&end->msg);
    if (end->socket != NULL)
        zmq_close(end->socket);
    if (end->news != NULL)
        zmq_close(end->news);
    zmq_end_unguard(end);
    if (end->context != NULL) {
        while (zmq_ctx_term(end->context) != 0 && zmq_errno() == EINTR) {
        }
    }
    free(end->seen);
    free(end);
    return 0;
}

/* The name that libzmq knows it by. */
static void peer_name(const struct leat_address *address, char *name, size_t bytes)
{
    if (address->host == NULL)
        snprintf(name, bytes, "ipc://%s", address->rest);
    else if (strchr(address->host, ':') != NULL)
        snprintf(name, bytes, "tcp://[%s]:%s", address->host, address->port);
    else
        snprintf(name, bytes, "tcp://%s:%s", address->host, address->port);
}

static bool set_number(struct zmq_end *end, int option, int64_t value)
{
    const int number = (int)value;
    return zmq_setsockopt(end->socket, option, &number, sizeof number) == 0;
}

/* What goes before each message, and whose messages are wanted. */
static int take_names(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    const char *topic = plugin_value(address, "topic"), *peer = plugin_value(address, "peer");
    if (topic != NULL && end->kind != ZMQ_KIND_PUB && end->kind != ZMQ_KIND_SUB)
        return plugin_refuse(error, address, -EINVAL, "topic is for the types pub and sub", "");
    if (peer != NULL && end->kind != ZMQ_KIND_ROUTER)
        return plugin_refuse(error, address, -EINVAL, "peer is for the type router", "");
    if (peer == NULL && end->kind == ZMQ_KIND_ROUTER && end->out)
        return plugin_refuse(error, address, -EINVAL, "peer=IDENTITY says whom a router writes to", "");
    if (peer != NULL && (peer[0] == '\0' || strlen(peer) >= sizeof end->peer))
        return plugin_refuse(error, address, -EINVAL, "peer must be 1 to 255 bytes", "");
    end->has_topic = topic != NULL;
    end->topic_bytes = topic != NULL ? strlen(topic) : 0;
    memcpy(end->topic, topic != NULL ? topic : "", end->topic_bytes);
    end->peer_bytes = peer != NULL ? strlen(peer) : 0;
    memcpy(end->peer, peer != NULL ? peer : "", end->peer_bytes);
    return 0;
}

/* What the frames of a message are. */
static int take_framing(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    int64_t multipart = 0;
    int rc = plugin_batching(address, 1 << 30, &end->batch, &end->linger_ns, error);
    rc = rc != 0 ? rc : plugin_number(address, "multipart", 1, &multipart, error);
    if (rc != 0)
        return rc;
    if (multipart != 0 && end->batch > 0)
        return plugin_refuse(error, address, -EINVAL, "multipart and batch do not go together", "");
    end->multipart = multipart != 0;
    end->sender = end->kind == ZMQ_KIND_PUB ? plugin_sender(NULL) : 0; /* who pulls gets some of what is pushed: a gap is no loss there */
    end->seen = end->kind == ZMQ_KIND_SUB ? calloc(1, sizeof *end->seen) : NULL;
    if (end->kind == ZMQ_KIND_SUB && end->seen == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    return 0;
}

static int set_up(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    int64_t hwm = 1000, linger_ms = LINGER_MS, bind = 0;
    char name[2 * LEAT_ADDRESS_BYTES];
    const char *identity = plugin_value(address, "identity");
    int rc = plugin_number(address, "hwm", INT32_MAX, &hwm, error);
    rc = rc != 0 ? rc : plugin_number(address, "linger_ms", INT32_MAX, &linger_ms, error);
    rc = rc != 0 ? rc : plugin_number(address, "bind", 1, &bind, error);
    rc = rc != 0 ? rc : take_names(end, address, error);
    rc = rc != 0 ? rc : take_framing(end, address, error);
    if (rc != 0)
        return rc;
    end->context = zmq_ctx_new();
    end->socket = end->context != NULL ? zmq_socket(end->context, kinds[end->kind].type) : NULL;
    if (end->socket == NULL)
        return zmq_end_fail(error, address, "open: ");
    if (!set_number(end, ZMQ_SNDHWM, hwm) || !set_number(end, ZMQ_RCVHWM, hwm) || !set_number(end, ZMQ_LINGER, linger_ms) ||
        !set_number(end, ZMQ_IPV6, 1) || (end->kind == ZMQ_KIND_ROUTER && !set_number(end, ZMQ_ROUTER_MANDATORY, 1)) ||
        (identity != NULL && zmq_setsockopt(end->socket, ZMQ_ROUTING_ID, identity, strlen(identity)) != 0) ||
        (end->kind == ZMQ_KIND_SUB && zmq_setsockopt(end->socket, ZMQ_SUBSCRIBE, end->topic, end->topic_bytes) != 0))
        return zmq_end_fail(error, address, "set up: ");
    rc = zmq_end_secure(end, address, bind != 0, error);
    rc = rc != 0 ? rc : zmq_end_watch(end, address, error);
    if (rc != 0)
        return rc;
    peer_name(address, name, sizeof name);
    if ((bind != 0 ? zmq_bind(end->socket, name) : zmq_connect(end->socket, name)) != 0)
        return zmq_end_fail(error, address, bind != 0 ? "bind: " : "connect: ");
    return 0;
}

static int open_end(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct zmq_end *end = calloc(1, sizeof *end);
    if (end == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    int rc = take_kind(end, address, directions, error);
    rc = rc != 0 ? rc : set_up(end, address, error);
    if (rc == 0 && (directions & LEAT_KEYED) != 0 && (end->kind != ZMQ_KIND_PUB || end->has_topic))
        rc = plugin_refuse(error, address, -EINVAL, "key: only type=pub sends one, in the place of a topic", "");
    if ((directions & LEAT_KEYED) != 0)
        end->sender = 0; /* who hears of some keys gets some of the numbers */
    if (rc != 0)
        close_end(end);
    else
        *state = end;
    return rc;
}

/* ---- what is waited for ---- */

static int end_fd(void *state, unsigned direction)
{
    struct zmq_end *end = state;
    int events = 0, fd = -1;
    size_t bytes = sizeof events, fd_bytes = sizeof fd;
    const int waits = end->waits & ~(end->alone ? ZMQ_POLLOUT : 0); /* a router's socket can always be written to, says it */
    if (direction == 0)
        return zmq_getsockopt(end->news, ZMQ_FD, &fd, &fd_bytes) == 0 ? fd : -1;
    if ((waits & (direction == LEAT_IN ? ZMQ_POLLIN : ZMQ_POLLOUT)) != 0 &&
        (zmq_getsockopt(end->socket, ZMQ_EVENTS, &events, &bytes) != 0 || (events & waits) != 0))
        return -1; /* one of those that wait can go on */
    return zmq_getsockopt(end->socket, ZMQ_FD, &fd, &fd_bytes) == 0 ? fd : -1;
}

static void end_name(void *state, char *text, int64_t bytes)
{
    struct zmq_end *end = state;
    char last[LEAT_ADDRESS_BYTES] = "";
    size_t last_bytes = sizeof last;
    zmq_getsockopt(end->socket, ZMQ_LAST_ENDPOINT, last, &last_bytes);
    const char *local = strncmp(last, "ipc://", 6) == 0 ? last + 6 : NULL;
    snprintf(text, (size_t)bytes, local != NULL ? "zmq+ipc:%s" : "zmq+%s", local != NULL ? local : last);
}

static int64_t end_lost(void *state)
{
    const struct zmq_end *end = state;
    return end->lost;
}

static int64_t end_linger(void *state, int64_t *bytes)
{
    const struct zmq_end *end = state;
    *bytes = end->batch;
    return end->linger_ns;
}

static const char *const keys[] = {"type",     "bind", "topic",     "hwm",   "linger_ms",    "batch",       "linger",
                                   "identity", "peer", "multipart", "curve", "curve_server", "curve_allow", NULL};

#define ZMQ_TRANSPORT(its_scheme, its_form, its_rest)                                                                                    \
    {                                                                                                                                    \
        .version = LEAT_ENDPOINT_VERSION, .scheme = its_scheme, .form = its_form, .keys = keys, .directions = LEAT_IN | LEAT_OUT,        \
        .min_read = 1, .rest = its_rest, .open = open_end, .fd = end_fd, .read = zmq_end_read, .write = zmq_end_write, .name = end_name, \
        .close = close_end, .datagrams = true, .lost = end_lost, .write_many = zmq_end_write_many, .tells_by_reading = true,             \
        .present = zmq_end_present, .linger = end_linger, .lend = zmq_end_lend, .borrow = zmq_end_borrow, .lend_bytes = ZMQ_LEND_BYTES,  \
        .write_keyed = zmq_end_write_keyed,                                                                                              \
    }

static const struct leat_transport tcp = ZMQ_TRANSPORT("zmq+tcp", "zmq+tcp://HOST:PORT?type=TYPE", LEAT_REST_HOST_PORT);
static const struct leat_transport ipc = ZMQ_TRANSPORT("zmq+ipc", "zmq+ipc:PATH?type=TYPE", LEAT_REST_NAME);
static const struct leat_transport *const transports[] = {&tcp, &ipc};

extern const struct leat_plugin leat_plugin;
__attribute__((visibility("default"))) const struct leat_plugin leat_plugin = {LEAT_ENDPOINT_VERSION, 2, transports};
