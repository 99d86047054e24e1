/* SPDX-License-Identifier: MIT */
/*
 * Core NATS: at most once. A frame is a message; with batch=BYTES as many whole frames as wait, up to so many bytes, are one. A subscriber
 * that is too slow loses messages in the library, which counts them. While the connection is away the library keeps up to 8 MiB of what is
 * published.
 */
#include "nats_end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct core {
    struct nats_end end; /* first: the shared functions see it */
    natsSubscription *subscription;
};

static void on_msg(natsConnection *connection, natsSubscription *subscription, natsMsg *msg, void *closure)
{
    (void)connection, (void)subscription;
    if (!nats_end_put(closure, msg))
        natsMsg_Destroy(msg);
}

static int core_close(void *state)
{
    struct core *core = state;
    int rc = 0;
    if (core->end.connection != NULL && core->end.out && core->end.linger_ms > 0)
        rc = nats_code(natsConnection_FlushTimeout(core->end.connection, core->end.linger_ms));
    nats_end_stop(&core->end);
    natsSubscription_Destroy(core->subscription);
    nats_end_close(&core->end, NULL); /* and the core with it */
    return rc;
}

static int core_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct core *core = calloc(1, sizeof *core);
    const char *subject, *group = plugin_value(address, "queue");
    if (core == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    int rc = nats_end_open(&core->end, address, directions, &subject, error);
    if (rc == 0) {
        memcpy(core->end.subject, subject, strlen(subject) + 1);
        core->end.sender = core->end.keyed ? 0 : plugin_sender(NULL); /* who hears of some keys gets some of the numbers */
        if (core->end.in && group == NULL)                            /* of a group's messages each gets some */
            core->end.seen = calloc(1, sizeof *core->end.seen);
        natsStatus status = NATS_OK;
        if (core->end.in && group != NULL)
            status = natsConnection_QueueSubscribe(&core->subscription, core->end.connection, subject, group, on_msg, &core->end);
        else if (core->end.in)
            status = natsConnection_Subscribe(&core->subscription, core->end.connection, subject, on_msg, &core->end);
        if (status == NATS_OK && core->end.in) /* the server knows of it, or says that it may not be */
            status = natsConnection_FlushTimeout(core->end.connection, 5000);
        rc = status == NATS_OK ? 0 : nats_fail(error, address, "subscribe: ", status);
    }
    if (rc != 0) {
        core->end.out = false;
        core_close(core);
    } else {
        *state = core;
    }
    return rc;
}

static void drop(struct nats_end *end, natsMsg *msg)
{
    (void)end;
    natsMsg_Destroy(msg);
}

static int64_t core_read(void *state, void *span, int64_t bytes)
{
    return nats_end_read(state, span, bytes, drop);
}

static int64_t write_once(struct core *core, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    int64_t took = 0, at = 0, bytes;
    if (!core->end.out)
        return -EPIPE;
    pthread_mutex_lock(&core->end.mutex);
    int rc = core->end.error;
    pthread_mutex_unlock(&core->end.mutex);
    for (int64_t first = 0, next; rc == 0 && first < count; first = next) {
        char room[SUBJECT_BYTES];
        const char *subject = nats_end_subject(&core->end, keys != NULL ? keys[first] : NULL, room);
        next = plugin_batch_group(sizes, keys, first, count, core->end.batch, &bytes);
        const void *data = bytes > 0 ? nats_end_join(&core->end, &spans, &at, sizes + first, next - first, bytes) : NULL;
        if (subject == NULL)
            rc = -EINVAL;
        else if (bytes > 0)
            rc = data != NULL ? nats_code(natsConnection_Publish(core->end.connection, subject, data, (int)bytes)) : -ENOMEM;
        if (rc != 0)
            break;
        core->end.number += (uint64_t)(next - first);
        for (int64_t i = first; i < next; i++)
            took += sizes[i];
    }
    return took > 0 || rc == 0 ? took : rc;
}

static int64_t core_write_keyed(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    struct core *core = state;
    int64_t took = write_once(core, spans, sizes, keys, count);
    if (took != -EAGAIN) /* the library keeps no more while it is away */
        return took;
    nats_clear(core->end.out_fd);
    return write_once(core, spans, sizes, keys, count);
}

static int64_t core_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    return core_write_keyed(state, spans, sizes, NULL, count);
}

static int64_t core_write(void *state, const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return core_write_many(state, spans, &bytes, 1);
}

static int64_t core_lost(void *state)
{
    struct core *core = state;
    int64_t dropped = 0;
    if (core->subscription != NULL)
        natsSubscription_GetDropped(core->subscription, &dropped);
    return dropped + core->end.lost;
}

static const char *const keys[] = {"queue", "batch", "linger", "creds", "linger_ms", "tls_ca", NULL};

const struct leat_transport nats_core = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "nats",
    .form = "nats://HOST:PORT/SUBJECT",
    .keys = keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = core_open,
    .fd = nats_end_fd,
    .read = core_read,
    .write = core_write,
    .close = core_close,
    .datagrams = true,
    .lost = core_lost,
    .write_many = core_write_many,
    .tells_by_reading = true,
    .present = nats_end_present,
    .linger = nats_end_linger,
    .write_keyed = core_write_keyed,
};
