/* SPDX-License-Identifier: MIT */
/* leat-nats.so: NATS (nats://HOST:PORT/SUBJECT) and JetStream (nats-js://HOST:PORT/STREAM) as endpoints, with cnats 3.4. */
#include "nats_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_SERVERS 16
#define HEADERS_BYTES 512               /* more than a message's headers have, which the server counts with it */
#define LIBRARY_NS INT64_C(10000000000) /* after which the library surely has left us alone */

/* ---- errors ---- */

int nats_code(natsStatus status)
{
    switch (status) {
    case NATS_OK:
        return 0;
    case NATS_NO_SERVER:
        return -ECONNREFUSED;
    case NATS_TIMEOUT:
        return -ETIMEDOUT;
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return -EACCES;
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_REQUIRED:
        return -EPROTO;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
        return -EINVAL;
    case NATS_MAX_PAYLOAD:
        return -EMSGSIZE;
    case NATS_NO_MEMORY:
        return -ENOMEM;
    case NATS_NOT_FOUND:
        return -ENOENT;
    case NATS_INSUFFICIENT_BUFFER:
        return -EAGAIN;
    case NATS_CONNECTION_CLOSED:
        return -EPIPE;
    default:
        return -EIO;
    }
}

int nats_fail(struct leat_error *error, const struct leat_address *address, const char *what, natsStatus status)
{
    natsStatus last = status;
    const char *more = nats_GetLastError(&last);
    char text[512];
    snprintf(text, sizeof text, "%s%s%s%.300s", what, natsStatus_GetText(status), more != NULL && more[0] != '\0' ? ": " : "",
             more != NULL ? more : "");
    return plugin_refuse(error, address, nats_code(status), text, "");
}

/* ---- the connection ---- */

static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *closure)
{
    struct nats_end *end = closure;
    (void)connection, (void)subscription;
    if (status == NATS_SLOW_CONSUMER) /* the library counts what it drops */
        return;
    pthread_mutex_lock(&end->mutex);
    if (status == NATS_NOT_PERMITTED || status == NATS_CONNECTION_AUTH_FAILED)
        end->error = nats_code(status);
    nats_signal(end->in_fd);
    nats_signal(end->out_fd);
    pthread_mutex_unlock(&end->mutex);
}

static void on_closed(natsConnection *connection, void *closure)
{
    struct nats_end *end = closure;
    (void)connection;
    pthread_mutex_lock(&end->mutex);
    if (end->error == 0 && !end->stopping)
        end->error = -ECONNRESET;
    nats_signal(end->in_fd);
    nats_signal(end->out_fd);
    pthread_mutex_unlock(&end->mutex);
}

static void on_disconnected(natsConnection *connection, void *closure)
{
    struct nats_end *end = closure;
    (void)connection;
    pthread_mutex_lock(&end->mutex);
    end->away = end->changed = true;
    nats_signal(end->news_fd);
    pthread_mutex_unlock(&end->mutex);
}

static void on_reconnected(natsConnection *connection, void *closure)
{
    struct nats_end *end = closure;
    (void)connection;
    pthread_mutex_lock(&end->mutex);
    end->away = false;
    end->changed = true;
    nats_signal(end->news_fd);
    nats_signal(end->out_fd);
    pthread_mutex_unlock(&end->mutex);
}

/* The servers of "A,B,C", each with nats:// before it. Returns how many; storage is theirs. */
static int list_servers(const char *text, size_t bytes, char *storage, size_t storage_bytes, const char *servers[MOST_SERVERS])
{
    int count = 0;
    size_t used = 0;
    for (size_t at = 0; at < bytes && count < MOST_SERVERS;) {
        size_t length = strcspn(text + at, ",");
        length = length < bytes - at ? length : bytes - at;
        int wrote = snprintf(storage + used, storage_bytes - used, "nats://%.*s", (int)length, text + at);
        if (length > 0 && wrote > 0 && (size_t)wrote < storage_bytes - used) {
            servers[count++] = storage + used;
            used += (size_t)wrote + 1;
        }
        at += length + 1;
    }
    return count;
}

static int connect_to(struct nats_end *end, const struct leat_address *address, const char *servers, size_t bytes, struct leat_error *error)
{
    char storage[4 * LEAT_ADDRESS_BYTES];
    const char *list[MOST_SERVERS], *ca = plugin_value(address, "tls_ca"), *credentials = plugin_value(address, "creds");
    natsOptions *options = NULL;
    int count = list_servers(servers, bytes, storage, sizeof storage, list);
    if (count == 0)
        return plugin_refuse(error, address, -EINVAL, "missing server; the form is ", "HOST:PORT[,HOST:PORT]/NAME");
    natsStatus status = natsOptions_Create(&options);
    status = status != NATS_OK ? status : natsOptions_SetServers(options, list, count);
    status = status != NATS_OK ? status : natsOptions_SetTimeout(options, 5000);
    status =
        status != NATS_OK ? status : natsOptions_SetWriteDeadline(options, 5000); /* a server that is stopped holds nobody up for ever */
    status = status != NATS_OK ? status : natsOptions_SetMaxReconnect(options, -1);
    status = status != NATS_OK ? status : natsOptions_SetReconnectWait(options, 200);
    status = status != NATS_OK ? status : natsOptions_SetErrorHandler(options, on_error, end);
    status = status != NATS_OK ? status : natsOptions_SetClosedCB(options, on_closed, end);
    status = status != NATS_OK ? status : natsOptions_SetDisconnectedCB(options, on_disconnected, end);
    status = status != NATS_OK ? status : natsOptions_SetReconnectedCB(options, on_reconnected, end);
    status = status != NATS_OK || ca == NULL ? status : natsOptions_SetSecure(options, true);
    status = status != NATS_OK || ca == NULL ? status : natsOptions_LoadCATrustedCertificates(options, ca);
    status = status != NATS_OK || credentials == NULL ? status : natsOptions_SetUserCredentialsFromFiles(options, credentials, NULL);
    status = status != NATS_OK ? status : natsConnection_Connect(&end->connection, options);
    natsOptions_Destroy(options);
    return status == NATS_OK ? 0 : nats_fail(error, address, "connect: ", status);
}

int nats_end_open(struct nats_end *end, const struct leat_address *address, unsigned directions, const char **last,
                  struct leat_error *error)
{
    const char *from = address->rest, *slash = NULL;
    end->in_fd = end->out_fd = end->news_fd = -1;
    pthread_mutex_init(&end->mutex, NULL);
    pthread_cond_init(&end->room, NULL);
    end->in = (directions & LEAT_IN) != 0;
    end->out = (directions & LEAT_OUT) != 0;
    end->keyed = (directions & LEAT_KEYED) != 0;
    end->linger_ms = 10000;
    int rc = plugin_number(address, "linger_ms", INT32_MAX, &end->linger_ms, error);
    rc = rc != 0 ? rc : plugin_batching(address, 1 << 20, &end->batch, &end->linger_ns, error);
    if (rc != 0)
        return rc;
    from += strncmp(from, "//", 2) == 0 ? 2 : 0;
    slash = strrchr(from, '/');
    if (slash == NULL || slash[1] == '\0')
        return plugin_refuse(error, address, -EINVAL, "missing name; the form is ", "HOST:PORT[,HOST:PORT]/NAME");
    *last = slash + 1;
    end->in_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    end->out_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    end->news_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (end->in_fd < 0 || end->out_fd < 0 || end->news_fd < 0)
        return plugin_refuse(error, address, -errno, "eventfd: ", strerror(errno));
    rc = connect_to(end, address, from, (size_t)(slash - from), error);
    const int64_t most = rc == 0 ? natsConnection_GetMaxPayload(end->connection) - HEADERS_BYTES : 0;
    if (rc == 0 && end->batch > most && most > 0)
        end->batch = most;
    return rc;
}

void nats_end_stop(struct nats_end *end)
{
    pthread_mutex_lock(&end->mutex);
    end->stopping = true;
    pthread_cond_broadcast(&end->room);
    pthread_mutex_unlock(&end->mutex);
}

static pthread_mutex_t buried_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct nats_end *buried;

int64_t nats_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void bury(struct nats_end *end)
{
    end->closed_ns = nats_now_ns();
    pthread_mutex_lock(&buried_mutex);
    end->next = buried;
    buried = end;
    for (struct nats_end **at = &buried; *at != NULL;) {
        struct nats_end *one = *at;
        if (end->closed_ns - one->closed_ns < LIBRARY_NS) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        pthread_cond_destroy(&one->room);
        pthread_mutex_destroy(&one->mutex);
        free(one->also);
        free(one);
    }
    pthread_mutex_unlock(&buried_mutex);
}

void nats_end_close(struct nats_end *end, void *also)
{
    nats_end_stop(end);
    natsConnection_Close(end->connection);
    natsConnection_Destroy(end->connection);
    pthread_mutex_lock(&end->mutex);
    for (; end->taken != end->queued; end->taken++)
        natsMsg_Destroy(end->queue[end->taken % QUEUE]);
    const int fds[] = {end->in_fd, end->out_fd, end->news_fd};
    end->in_fd = end->out_fd = end->news_fd = -1;
    end->also = also;
    pthread_mutex_unlock(&end->mutex);
    natsMsg_Destroy(end->reading);
    free(end->seen);
    free(end->bytes);
    end->seen = NULL;
    end->bytes = NULL;
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    bury(end);
}

/* ---- the queue ---- */

void nats_signal(int fd)
{
    const uint64_t one = 1;
    if (fd >= 0 && write(fd, &one, sizeof one) < 0) {
        /* full: it is readable anyway */
    }
}

void nats_clear(int fd)
{
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0) {
        /* nothing was there */
    }
}

bool nats_end_put(struct nats_end *end, natsMsg *msg)
{
    pthread_mutex_lock(&end->mutex);
    while (!end->stopping && end->queued - end->taken == QUEUE)
        pthread_cond_wait(&end->room, &end->mutex);
    const bool goes = !end->stopping;
    const bool first = end->queued == end->taken;
    if (goes)
        end->queue[end->queued++ % QUEUE] = msg;
    if (goes && first)
        nats_signal(end->in_fd);
    pthread_mutex_unlock(&end->mutex);
    return goes;
}

/* The next message, or NULL and *code. */
static natsMsg *next_msg(struct nats_end *end, int *code)
{
    natsMsg *msg = NULL;
    for (int look = 0; msg == NULL && look < 2; look++) {
        pthread_mutex_lock(&end->mutex);
        if (end->queued != end->taken) {
            const bool full = end->queued - end->taken == QUEUE;
            msg = end->queue[end->taken++ % QUEUE];
            if (full)
                pthread_cond_broadcast(&end->room);
        }
        *code = end->error != 0 ? end->error : -EAGAIN;
        pthread_mutex_unlock(&end->mutex);
        if (msg == NULL && look == 0)
            nats_clear(end->in_fd);
    }
    return msg;
}

/* All of the message was read: its numbers are known from now on. */
static void pass_message(struct nats_end *end, void (*done)(struct nats_end *end, natsMsg *msg))
{
    const struct plugin_message *message = &end->message;
    if (message->batched && end->seen != NULL) {
        const uint64_t gap = plugin_seen_add(end->seen, message->sender, message->first, message->first + message->count);
        end->lost += end->leaves_out ? 0 : (int64_t)gap;
    }
    done(end, end->reading);
    end->reading = NULL;
}

/* There are bytes to be read, in `piece`. 0, or a negative errno. */
static int next_piece(struct nats_end *end, void (*done)(struct nats_end *end, natsMsg *msg))
{
    int code = 0;
    for (;;) {
        if (end->reading == NULL) {
            end->reading = next_msg(end, &code);
            if (end->reading == NULL)
                return code;
            code = plugin_message_begin(&end->message, natsMsg_GetData(end->reading), natsMsg_GetDataLength(end->reading));
        }
        code = code != 0 ? code : plugin_message_next(&end->message, &end->piece);
        if (code != 0 && code != -EPIPE)
            return code; /* the message stays, and is not acknowledged */
        if (code == 0 && end->leaves_out && end->message.batched &&
            plugin_seen_before(end->seen, end->message.sender, end->message.number)) {
            end->piece.bytes = 0;
            end->twice++;
            continue;
        }
        if (code == 0)
            return 0;
        code = 0;
        pass_message(end, done);
    }
}

int64_t nats_end_read(struct nats_end *end, void *span, int64_t bytes, void (*done)(struct nats_end *end, natsMsg *msg))
{
    int64_t got = 0;
    if (bytes < 1)
        return -EINVAL;
    if (!end->in)
        return 0;
    while (got < bytes) {
        int code = end->piece.bytes > 0 ? 0 : end->fault != 0 ? end->fault : next_piece(end, done);
        if (code != 0 && got > 0)
            end->fault = code == -EAGAIN ? 0 : code; /* for the next read */
        if (code != 0)
            return got > 0 ? got : code;
        const int64_t most = end->piece.bytes < bytes - got ? end->piece.bytes : bytes - got;
        memcpy((char *)span + got, end->piece.data, (size_t)most);
        got += most;
        end->piece.data += most;
        end->piece.bytes -= most;
        end->passed += most;
    }
    return got;
}

int nats_end_fd(void *state, unsigned direction)
{
    const struct nats_end *end = state;
    return direction == 0 ? end->news_fd : direction == LEAT_IN ? end->in_fd : end->out_fd;
}

int nats_end_present(void *state, struct leat_error *why)
{
    struct nats_end *end = state;
    (void)why;
    pthread_mutex_lock(&end->mutex);
    const bool away = end->away;
    if (end->changed) /* asked for often, and changed seldom */
        nats_clear(end->news_fd);
    end->changed = false;
    pthread_mutex_unlock(&end->mutex);
    return !away;
}

/* ---- what goes out ---- */

const char *nats_end_subject(const struct nats_end *end, const char *key, char room[SUBJECT_BYTES])
{
    if (key == NULL)
        return end->subject;
    for (const char *at = key; *at != '\0'; at++) { /* a line of the protocol ends or parts at some of these */
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '.' || *at == '*' || *at == '>')
            return NULL;
    }
    return *key != '\0' && snprintf(room, SUBJECT_BYTES, "%s.%s", end->subject, key) < SUBJECT_BYTES ? room : NULL;
}

int64_t nats_end_linger(void *state, int64_t *bytes)
{
    const struct nats_end *end = state;
    *bytes = end->batch;
    return end->linger_ns;
}

const void *nats_end_join(struct nats_end *end, const struct leat_span **span, int64_t *at, const int64_t *sizes, int64_t count,
                          int64_t bytes)
{
    if (end->batch == 0 && (*span)->bytes - *at >= bytes) {
        const void *data = (*span)->data + *at;
        *at += bytes;
        if (*at == (*span)->bytes) {
            ++*span;
            *at = 0;
        }
        return data;
    }
    if (bytes > end->bytes_room) {
        unsigned char *more = realloc(end->bytes, (size_t)bytes);
        if (more == NULL)
            return NULL;
        end->bytes = more;
        end->bytes_room = bytes;
    }
    if (end->batch > 0)
        plugin_batch_write(end->bytes, bytes, end->sender, end->number, span, at, sizes, count);
    else
        plugin_copy(span, at, end->bytes, bytes);
    return end->bytes;
}

static const struct leat_transport *const transports[] = {&nats_core, &nats_js};
extern const struct leat_plugin leat_plugin;
__attribute__((visibility("default"))) const struct leat_plugin leat_plugin = {LEAT_ENDPOINT_VERSION, 2, transports};
