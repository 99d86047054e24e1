/* SPDX-License-Identifier: MIT */
/*
 * leat-zmq.so: ZeroMQ's sockets as endpoints: zmq+tcp://HOST:PORT?type=push and zmq+ipc:PATH?type=pull, with libzmq 4.3.
 *
 * A frame is a message; with batch=BYTES as many whole frames as wait, up to so many bytes, are one. What is received is the bytes of all
 * messages, one behind the other: parts, too, as each has whole frames. With topic=T a message goes out in two parts, T first, and the
 * first of two parts that comes is left out.
 *
 * libzmq's descriptor is a wake-up of its own: it is waited for to be readable whatever is wanted, and only after ZMQ_EVENTS said no. To
 * ask for ZMQ_EVENTS takes the wake-up away, for the other direction, too; so it is not asked for the sake of one that does not wait, and
 * who asks for one that does looks at both.
 */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define LINGER_MS 10000

enum kind { PUSH, PULL, PUB, SUB, PAIR, DEALER, KINDS };

static const struct {
    const char *word;
    int type;
    unsigned directions;
} kinds[KINDS] = {
    [PUSH] = {"push", ZMQ_PUSH, LEAT_OUT},
    [PULL] = {"pull", ZMQ_PULL, LEAT_IN},
    [PUB] = {"pub", ZMQ_PUB, LEAT_OUT},
    [SUB] = {"sub", ZMQ_SUB, LEAT_IN},
    [PAIR] = {"pair", ZMQ_PAIR, LEAT_IN | LEAT_OUT},
    [DEALER] = {"dealer", ZMQ_DEALER, LEAT_IN | LEAT_OUT},
};

struct zmq_end {
    void *context, *socket;
    enum kind kind;
    zmq_msg_t msg; /* that is being read */
    int64_t offset;
    bool reading, inside; /* there is one; it is not a message's first part */
    int waits;            /* ZMQ_POLLIN and ZMQ_POLLOUT: of directions that said -EAGAIN last */
    int64_t batch;        /* bytes; 0: a frame is a message */
    char topic[LEAT_ADDRESS_BYTES];
    size_t topic_bytes;
    bool has_topic;
};

/* ---- errors ---- */

/* The system's number, for those that are libzmq's own have none. */
static int code_of(int number)
{
    return number < ZMQ_HAUSNUMERO ? -number : -EIO;
}

static int fail(struct leat_error *error, const struct leat_address *address, const char *what)
{
    const int number = zmq_errno();
    return plugin_refuse(error, address, code_of(number), what, zmq_strerror(number));
}

static int take_kind(struct zmq_end *end, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    const char *word = plugin_value(address, "type");
    for (int i = 0; word != NULL && i < KINDS; i++) {
        if (strcmp(word, kinds[i].word) != 0)
            continue;
        end->kind = (enum kind)i;
        if ((directions & kinds[i].directions) != 0)
            return 0;
        return plugin_refuse(error, address, -EINVAL, word, directions & LEAT_OUT ? " cannot be written to" : " cannot be read from");
    }
    return plugin_refuse(error, address, -EINVAL, "type must be push, pull, pub, sub, pair or dealer",
                         word != NULL ? ", not the one given" : "");
}

/* ---- open and close ---- */

static int zmq_end_close(void *state)
{
    struct zmq_end *end = state;
    if (end->reading)
        zmq_msg_close(&end->msg);
    if (end->socket != NULL)
        zmq_close(end->socket);
    if (end->context != NULL) {
        while (zmq_ctx_term(end->context) != 0 && zmq_errno() == EINTR) {
        }
    }
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

static int set_number(struct zmq_end *end, int option, int64_t value)
{
    const int number = (int)value;
    return zmq_setsockopt(end->socket, option, &number, sizeof number);
}

static int set_up(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    int64_t hwm = 1000, linger_ms = LINGER_MS, bind = 0;
    char name[2 * LEAT_ADDRESS_BYTES];
    const char *topic = plugin_value(address, "topic");
    int rc = plugin_number(address, "hwm", INT32_MAX, &hwm, error);
    rc = rc != 0 ? rc : plugin_number(address, "linger_ms", INT32_MAX, &linger_ms, error);
    rc = rc != 0 ? rc : plugin_number(address, "bind", 1, &bind, error);
    rc = rc != 0 ? rc : plugin_number(address, "batch", 1 << 30, &end->batch, error);
    if (rc != 0)
        return rc;
    if (topic != NULL && end->kind != PUB && end->kind != SUB)
        return plugin_refuse(error, address, -EINVAL, "topic is for the types pub and sub", "");
    end->has_topic = topic != NULL;
    end->topic_bytes = topic != NULL ? strlen(topic) : 0;
    memcpy(end->topic, topic != NULL ? topic : "", end->topic_bytes);
    end->context = zmq_ctx_new();
    end->socket = end->context != NULL ? zmq_socket(end->context, kinds[end->kind].type) : NULL;
    if (end->socket == NULL)
        return fail(error, address, "open: ");
    if (set_number(end, ZMQ_SNDHWM, hwm) != 0 || set_number(end, ZMQ_RCVHWM, hwm) != 0 || set_number(end, ZMQ_LINGER, linger_ms) != 0 ||
        set_number(end, ZMQ_IPV6, 1) != 0 ||
        (end->kind == SUB && zmq_setsockopt(end->socket, ZMQ_SUBSCRIBE, end->topic, end->topic_bytes) != 0))
        return fail(error, address, "set up: ");
    peer_name(address, name, sizeof name);
    if ((bind != 0 ? zmq_bind(end->socket, name) : zmq_connect(end->socket, name)) != 0)
        return fail(error, address, bind != 0 ? "bind: " : "connect: ");
    return 0;
}

static int zmq_end_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct zmq_end *end = calloc(1, sizeof *end);
    if (end == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    int rc = take_kind(end, address, directions, error);
    rc = rc != 0 ? rc : set_up(end, address, error);
    if (rc == 0 && (directions & LEAT_KEYED) != 0 && (end->kind != PUB || end->has_topic))
        rc = plugin_refuse(error, address, -EINVAL, "key: only type=pub sends one, in the place of a topic", "");
    if (rc != 0)
        zmq_end_close(end);
    else
        *state = end;
    return rc;
}

/* ---- in ---- */

/* The next part that is wanted. 0, or a negative errno. */
static int next_part(struct zmq_end *end)
{
    for (;;) {
        zmq_msg_init(&end->msg);
        if (zmq_msg_recv(&end->msg, end->socket, ZMQ_DONTWAIT) < 0) {
            const int number = zmq_errno();
            zmq_msg_close(&end->msg);
            if (number == EINTR)
                continue;
            return code_of(number);
        }
        const bool first = !end->inside;
        end->inside = zmq_msg_more(&end->msg) != 0;
        if (!(end->has_topic && first && end->inside)) {
            end->offset = 0;
            end->reading = true;
            return 0;
        }
        zmq_msg_close(&end->msg); /* the topic */
    }
}

static int64_t zmq_end_read(void *state, void *span, int64_t bytes)
{
    struct zmq_end *end = state;
    int64_t got = 0;
    if (bytes < 1)
        return -EINVAL;
    if ((kinds[end->kind].directions & LEAT_IN) == 0)
        return 0;
    while (got < bytes) {
        int rc = end->reading ? 0 : next_part(end);
        if (rc != 0 && got > 0)
            break;
        if (rc != 0) {
            end->waits |= rc == -EAGAIN ? ZMQ_POLLIN : 0;
            return rc;
        }
        const int64_t left = (int64_t)zmq_msg_size(&end->msg) - end->offset, most = left < bytes - got ? left : bytes - got;
        memcpy((char *)span + got, (char *)zmq_msg_data(&end->msg) + end->offset, (size_t)most);
        got += most;
        end->offset += most;
        if (most == left) {
            zmq_msg_close(&end->msg);
            end->reading = false;
        }
    }
    end->waits &= ~ZMQ_POLLIN;
    return got;
}

/* ---- out ---- */

/* Where in the spans the next byte comes from. */
struct from {
    const struct leat_span *spans;
    int64_t at;
};

static void copy_out(struct from *from, unsigned char *to, int64_t bytes)
{
    while (bytes > 0) {
        const int64_t left = from->spans->bytes - from->at, most = left < bytes ? left : bytes;
        memcpy(to, from->spans->data + from->at, (size_t)most);
        to += most;
        bytes -= most;
        from->at += most;
        if (from->at == from->spans->bytes) {
            from->spans++;
            from->at = 0;
        }
    }
}

/* One message of the next `bytes` bytes. 0, or a negative errno: nothing of it went. */
static int send_one(struct zmq_end *end, struct from *from, int64_t bytes)
{
    zmq_msg_t msg;
    if (zmq_msg_init_size(&msg, (size_t)bytes) != 0)
        return -ENOMEM;
    struct from after = *from;
    copy_out(&after, zmq_msg_data(&msg), bytes);
    int sent = 0;
    if (end->has_topic) {
        do
            sent = zmq_send(end->socket, end->topic, end->topic_bytes, ZMQ_DONTWAIT | ZMQ_SNDMORE);
        while (sent < 0 && zmq_errno() == EINTR);
    }
    while (sent >= 0) {
        sent = zmq_msg_send(&msg, end->socket, ZMQ_DONTWAIT);
        if (sent >= 0 || zmq_errno() != EINTR)
            break;
        sent = 0;
    }
    if (sent < 0) {
        const int number = zmq_errno();
        zmq_msg_close(&msg);
        return code_of(number);
    }
    *from = after;
    return 0;
}

static int64_t zmq_end_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    struct zmq_end *end = state;
    struct from from = {.spans = spans};
    int64_t took = 0;
    if ((kinds[end->kind].directions & LEAT_OUT) == 0)
        return -EPIPE;
    for (int64_t first = 0, next; first < count; first = next) {
        int64_t bytes = sizes[first];
        for (next = first + 1; next < count && bytes + sizes[next] <= end->batch; next++)
            bytes += sizes[next];
        int rc = bytes > 0 ? send_one(end, &from, bytes) : 0;
        if (rc != 0 && took > 0)
            break;
        if (rc != 0) {
            end->waits |= rc == -EAGAIN ? ZMQ_POLLOUT : 0;
            return rc;
        }
        took += bytes;
    }
    end->waits &= ~ZMQ_POLLOUT;
    return took;
}

/* As write_many for the frames of one key after another, with that as the topic. */
static int64_t zmq_end_write_keyed(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    struct zmq_end *end = state;
    struct leat_span rest[64];
    int64_t took = 0, at = 0;
    for (int64_t first = 0, next; first < count; first = next) {
        int64_t bytes = sizes[first], wrote, list = 0;
        for (next = first + 1; next < count && strcmp(keys[next], keys[first]) == 0; next++)
            bytes += sizes[next];
        for (int64_t left = bytes; left > 0; list++) {
            const int64_t here = spans->bytes - at < left ? spans->bytes - at : left;
            rest[list] = (struct leat_span){.data = spans->data + at, .bytes = here};
            left -= here;
            at = at + here < spans->bytes ? at + here : 0;
            spans += at == 0;
        }
        end->has_topic = true;
        end->topic_bytes = strlen(keys[first]);
        memcpy(end->topic, keys[first], end->topic_bytes);
        wrote = zmq_end_write_many(end, rest, sizes + first, next - first);
        if (wrote < 0)
            return took > 0 ? took : wrote;
        took += wrote;
        if (wrote < bytes)
            break;
    }
    return took;
}

static int64_t zmq_end_write(void *state, const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return zmq_end_write_many(state, spans, &bytes, 1);
}

/* ---- both ---- */

static int zmq_end_fd(void *state, unsigned direction)
{
    struct zmq_end *end = state;
    int events = 0, fd = -1;
    size_t bytes = sizeof events, fd_bytes = sizeof fd;
    if ((end->waits & (direction == LEAT_IN ? ZMQ_POLLIN : ZMQ_POLLOUT)) != 0 &&
        (zmq_getsockopt(end->socket, ZMQ_EVENTS, &events, &bytes) != 0 || (events & end->waits) != 0))
        return -1; /* one of those that wait can go on */
    return zmq_getsockopt(end->socket, ZMQ_FD, &fd, &fd_bytes) == 0 ? fd : -1;
}

static void zmq_end_name(void *state, char *text, int64_t bytes)
{
    struct zmq_end *end = state;
    char last[LEAT_ADDRESS_BYTES] = "";
    size_t last_bytes = sizeof last;
    zmq_getsockopt(end->socket, ZMQ_LAST_ENDPOINT, last, &last_bytes);
    const char *local = strncmp(last, "ipc://", 6) == 0 ? last + 6 : NULL;
    snprintf(text, (size_t)bytes, local != NULL ? "zmq+ipc:%s" : "zmq+%s", local != NULL ? local : last);
}

static const char *const keys[] = {"type", "bind", "topic", "hwm", "linger_ms", "batch", NULL};

#define ZMQ_TRANSPORT(its_scheme, its_form, its_rest)                                                                                \
    {                                                                                                                                \
        .version = LEAT_ENDPOINT_VERSION, .scheme = its_scheme, .form = its_form, .keys = keys, .directions = LEAT_IN | LEAT_OUT,    \
        .min_read = 1, .rest = its_rest, .open = zmq_end_open, .fd = zmq_end_fd, .read = zmq_end_read, .write = zmq_end_write,       \
        .name = zmq_end_name, .close = zmq_end_close, .datagrams = true, .write_many = zmq_end_write_many, .tells_by_reading = true, \
        .write_keyed = zmq_end_write_keyed,                                                                                          \
    }

static const struct leat_transport tcp = ZMQ_TRANSPORT("zmq+tcp", "zmq+tcp://HOST:PORT?type=TYPE", LEAT_REST_HOST_PORT);
static const struct leat_transport ipc = ZMQ_TRANSPORT("zmq+ipc", "zmq+ipc:PATH?type=TYPE", LEAT_REST_NAME);
static const struct leat_transport *const transports[] = {&tcp, &ipc};

extern const struct leat_plugin leat_plugin;
__attribute__((visibility("default"))) const struct leat_plugin leat_plugin = {LEAT_ENDPOINT_VERSION, 2, transports};
