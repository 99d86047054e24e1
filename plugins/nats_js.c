/* SPDX-License-Identifier: MIT */
/*
 * JetStream: at least once, and each message stored once.
 *
 * Out: a message is published with a number of its own, Nats-Msg-Id: ID-N, or where it is a batch ID-FIRST+COUNT, its frames' numbers, as
 * another run may batch otherwise (who reads leaves out the doubles), and stays here until the server says that it is stored. One that
 * gets no answer within two seconds, or a bad one, is published again with the same number, every 200 ms at most, for RESEND_S at most
 * since its first time; the stream's window of duplicates is no shorter, so what had been stored after all is not stored twice. After that
 * it is given up, and the output fails.
 *
 * In: a durable pull consumer. A message is acknowledged when all of it was read and settled; what was not, when the end closes, is given
 * back for another. One that comes again is not read twice, as far back as SEEN numbers; it is acknowledged again if it was before, for
 * then its acknowledgement was lost, and else waits for its turn.
 *
 * J1  slots[n % window] is number n's from its first publish until it is stored or given up; no number beyond oldest + window is published.
 * J2  all before number `oldest` are stored, and their bytes are stored_bytes; nothing is given up before it. From there to `next` the
 *     slots say of each whether it is stored, those that are free again, too.
 * J4  sent = stored + doubles + the frames of the numbers from `oldest` on that are not stored.
 * J3  owed[owed_first .. owed_end) are what was read whole and is not settled, in order; the places are counted modulo owed_room.
 */
#define _GNU_SOURCE
#include "nats_end.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 2000
#define SEEN (INT64_C(1) << 20)
#define FETCH 256
#define MOST_OWED 16384 /* messages that a consumer gives without an acknowledgement */
#define MSG_ID "Nats-Msg-Id"

struct slot {
    int64_t first_ns, last_ns;        /* when it was published first, 0: free; and last */
    int64_t number, end;              /* its bytes and all before it, from the first number on */
    int64_t bytes, frames, frame_end; /* its own; and likewise */
    natsMsg *msg;
    bool again;  /* the answer was bad, or the library did not take it: to be published again */
    bool busy;   /* a thread publishes it just now, without the mutex */
    bool stored; /* the answer came, perhaps meanwhile; stays true when the slot is free */
};

/* A message that was read, and is to be acknowledged. */
struct owed {
    char *reply;     /* where to */
    int64_t end;     /* bytes read up to its last */
    uint64_t number; /* the stream's */
};

struct js {
    struct nats_end end; /* first: the shared functions see it */
    jsCtx *context;
    natsSubscription *subscription;
    char stream[LEAT_ADDRESS_BYTES], id[80], inbox[80]; /* answers come to INBOX.NUMBER */
    pthread_t thread;
    bool runs;

    /* out; under end.mutex */
    struct slot *slots;
    int64_t window, next, pending, given_up, waiting; /* messages */
    int64_t sent_bytes, oldest, stored_bytes;
    int64_t sent, stored, doubles; /* frames */
    int refused;                   /* what the server said of a message last; 0: it stored it */
    bool wants_room;
    pthread_cond_t changed; /* nothing is pending any more, or the end */

    /* in; under end.mutex: of the last SEEN numbers, those that came, and those that were read */
    uint64_t *seen, *read;
    uint64_t highest;
    struct owed *owed;
    int64_t owed_first, owed_end, owed_room; /* a power of two, or 0 */
};

/* Waits for `changed`, under the mutex. */
static void wait_ms(struct js *js, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&js->changed, &js->end.mutex, &until);
}

/* ---- out ---- */

/* The slot is free, given_up says why; whoever waits for room, or for the end of all, may look. */
static void settle(struct js *js, struct slot *slot)
{
    natsMsg_Destroy(slot->msg);
    slot->msg = NULL;
    slot->first_ns = 0;
    js->waiting -= slot->again;
    js->pending--;
    for (; js->oldest < js->next && js->given_up == 0 && js->slots[js->oldest % js->window].first_ns == 0; js->oldest++)
        js->stored_bytes = js->slots[js->oldest % js->window].end;
    /* Room is told of when a quarter is free, so that who waits has something to do when it wakes. */
    if (js->wants_room && js->pending <= js->window * 3 / 4 && js->slots[js->next % js->window].first_ns == 0) {
        js->wants_room = false;
        nats_signal(js->end.out_fd);
    }
    if (js->pending == 0)
        pthread_cond_broadcast(&js->changed);
}

static bool holds(const void *data, size_t bytes, const char *word)
{
    return memmem(data, bytes, word, strlen(word)) != NULL;
}

/*
 * In a thread of the library's: the answer to a publish, to INBOX.NUMBER. {"stream":"S","seq":1}, with "duplicate":true where it was stored
 * before; {"error":{...}}, or nothing at all where nobody takes the subject now.
 */
static void on_answer(natsConnection *connection, natsSubscription *subscription, natsMsg *msg, void *closure)
{
    struct js *js = closure;
    const char *dot = strrchr(natsMsg_GetSubject(msg), '.'), *data = natsMsg_GetData(msg);
    const size_t bytes = data != NULL ? (size_t)natsMsg_GetDataLength(msg) : 0;
    const int64_t number = dot != NULL ? strtoll(dot + 1, NULL, 10) : -1;
    const bool stored = bytes > 0 && holds(data, bytes, "\"seq\":") && !holds(data, bytes, "\"error\":");
    const bool twice = stored && holds(data, bytes, "\"duplicate\":");
    const bool full = bytes > 0 && (holds(data, bytes, "exceeded") || holds(data, bytes, "insufficient"));
    struct slot *slot = number >= 0 ? &js->slots[number % js->window] : NULL;
    (void)connection, (void)subscription;
    pthread_mutex_lock(&js->end.mutex);
    if (slot != NULL && slot->first_ns != 0 && slot->number == number && !slot->stored) {
        if (stored) {
            js->stored += twice ? 0 : slot->frames;
            js->doubles += twice ? slot->frames : 0;
            js->refused = 0;
            slot->stored = true;
            if (!slot->busy)
                settle(js, slot);
        } else if (!slot->again) {
            js->refused = bytes == 0 ? -ENOENT : full ? -ENOSPC : -EIO;
            slot->again = true;
            js->waiting++;
        }
    }
    pthread_mutex_unlock(&js->end.mutex);
    natsMsg_Destroy(msg);
}

/* Whether a publish that failed so may go well when the connection is there again. */
static bool passes(natsStatus status)
{
    return status == NATS_INSUFFICIENT_BUFFER || status == NATS_CONNECTION_DISCONNECTED || status == NATS_IO_ERROR ||
           status == NATS_TIMEOUT;
}

/* Publishes what is in the slot. Under the mutex, which it leaves meanwhile; then the slot is free if the answer has come. */
static natsStatus publish(struct js *js, struct slot *slot)
{
    slot->busy = true;
    pthread_mutex_unlock(&js->end.mutex);
    natsStatus status = natsConnection_PublishMsg(js->end.connection, slot->msg);
    pthread_mutex_lock(&js->end.mutex);
    slot->busy = false;
    if (slot->stored)
        settle(js, slot);
    else if (passes(status) && !slot->again) {
        slot->again = true;
        js->waiting++;
    }
    return status;
}

/* Under the mutex: what is to be published again, and what has had no answer for too long. */
static void publish_again(struct js *js)
{
    for (int64_t number = js->oldest; number < js->next; number++) {
        struct slot *slot = &js->slots[number % js->window];
        const int64_t now = nats_now_ns();
        if (slot->first_ns == 0 || slot->number != number || slot->busy ||
            (!slot->again && now - slot->last_ns < ANSWER_MS * INT64_C(1000000)))
            continue;
        if (now - slot->first_ns > RESEND_S * INT64_C(1000000000) || js->end.stopping) {
            js->given_up++;
            js->end.error = js->end.error != 0 ? js->end.error : js->refused != 0 ? js->refused : -EIO;
            settle(js, slot);
            nats_signal(js->end.out_fd);
            continue;
        }
        js->waiting -= slot->again;
        slot->again = false;
        slot->last_ns = now;
        if (publish(js, slot) != NATS_OK) /* the connection is away, and the library keeps no more */
            return;
    }
}

static void *resender(void *context)
{
    struct js *js = context;
    pthread_mutex_lock(&js->end.mutex);
    while (!js->end.stopping || js->waiting > 0) {
        wait_ms(js, PAUSE_MS);
        publish_again(js);
    }
    pthread_mutex_unlock(&js->end.mutex);
    return NULL;
}

/* The next number's message, of so many frames, which have frame_bytes. 0, or a negative errno: nothing went. */
static int send_one(struct js *js, const void *data, int64_t bytes, int64_t frames, int64_t frame_bytes, const char *key)
{
    char id[120], reply[120], room[SUBJECT_BYTES];
    const char *subject = nats_end_subject(&js->end, key, room);
    natsMsg *msg = NULL;
    const int64_t number = js->next; /* this thread's alone to change */
    struct slot *slot = &js->slots[number % js->window];
    pthread_mutex_lock(&js->end.mutex);
    int rc = js->end.error != 0 ? js->end.error : subject == NULL ? -EINVAL : slot->first_ns != 0 ? -EAGAIN : 0;
    js->wants_room = rc == -EAGAIN;
    pthread_mutex_unlock(&js->end.mutex);
    if (rc != 0)
        return rc;
    if (js->end.batch > 0) /* of a batch its frames' numbers, as another run's batches may be others */
        snprintf(id, sizeof id, "%s-%" PRIu64 "+%" PRId64, js->id, js->end.number, frames);
    else
        snprintf(id, sizeof id, "%s-%" PRId64, js->id, number);
    snprintf(reply, sizeof reply, "%s.%" PRId64, js->inbox, number);
    natsStatus status = natsMsg_Create(&msg, subject, reply, data, (int)bytes);
    status = status != NATS_OK ? status : natsMsgHeader_Set(msg, MSG_ID, id);
    if (status != NATS_OK) {
        natsMsg_Destroy(msg);
        return nats_code(status);
    }
    const int64_t now = nats_now_ns();
    pthread_mutex_lock(&js->end.mutex);
    js->pending++;
    js->next++;
    js->sent_bytes += frame_bytes;
    js->sent += frames;
    *slot = (struct slot){.first_ns = now,
                          .last_ns = now,
                          .number = number,
                          .end = js->sent_bytes,
                          .bytes = frame_bytes,
                          .frames = frames,
                          .frame_end = js->sent,
                          .msg = msg};
    status = publish(js, slot);
    if (status != NATS_OK && !passes(status) && slot->first_ns != 0) { /* it is as if it had never been */
        js->next--;
        js->sent_bytes -= frame_bytes;
        js->sent -= frames;
        settle(js, slot);
        rc = nats_code(status);
    }
    pthread_mutex_unlock(&js->end.mutex);
    return rc;
}

static int64_t write_once(struct js *js, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    int64_t took = 0, at = 0, bytes, first = 0, counted = 0;
    const uint64_t number = js->end.number;
    int rc = 0;
    if (!js->end.out)
        return -EPIPE;
    while (first < count) {
        const int64_t next = plugin_batch_group(sizes, keys, first, count, js->end.batch, &bytes);
        int64_t frame_bytes = 0;
        for (int64_t i = first; i < next; i++)
            frame_bytes += sizes[i];
        const void *data = frame_bytes > 0 ? nats_end_join(&js->end, &spans, &at, sizes + first, next - first, bytes) : NULL;
        if (frame_bytes > 0)
            rc = data == NULL ? -ENOMEM : send_one(js, data, bytes, next - counted, frame_bytes, keys != NULL ? keys[first] : NULL);
        if (rc != 0)
            break;
        js->end.number += (uint64_t)(next - first);
        counted = frame_bytes > 0 ? next : counted;
        took += frame_bytes;
        first = next;
    }
    if (took == 0 && rc != 0) {
        js->end.number = number; /* those before it were empty, and come again, too */
        return rc;
    }
    pthread_mutex_lock(&js->end.mutex);
    js->sent += first - counted; /* empty ones behind the last message; those before one are counted with it */
    js->stored += first - counted;
    pthread_mutex_unlock(&js->end.mutex);
    return took;
}

static int64_t js_write_keyed(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    struct js *js = state;
    int64_t took = write_once(js, spans, sizes, keys, count);
    if (took != -EAGAIN)
        return took;
    nats_clear(js->end.out_fd);
    return write_once(js, spans, sizes, keys, count);
}

static int64_t js_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    return js_write_keyed(state, spans, sizes, NULL, count);
}

static int64_t js_write(void *state, const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return js_write_many(state, spans, &bytes, 1);
}

static int64_t js_stored(void *state, bool sync)
{
    struct js *js = state;
    (void)sync; /* when the servers write to their disks is theirs to say */
    pthread_mutex_lock(&js->end.mutex);
    const int64_t bytes = js->stored_bytes;
    pthread_mutex_unlock(&js->end.mutex);
    return bytes;
}

/* What is not stored is between `oldest` and `next`: J2. */
static void js_unstored(void *state, bool give_up, struct leat_frames *ranges, int64_t most, struct leat_unstored *sum)
{
    struct js *js = state;
    struct leat_frames last = {.first = -1, .end = -1};
    pthread_mutex_lock(&js->end.mutex);
    if (give_up && js->pending > 0 && js->end.error == 0)
        js->end.error = js->refused != 0 ? js->refused : -ETIMEDOUT;
    *sum = (struct leat_unstored){
        .sent = js->sent, .sent_bytes = js->sent_bytes, .stored = js->stored, .doubles = js->doubles, .code = js->end.error};
    for (int64_t number = js->oldest; number < js->next; number++) {
        const struct slot *slot = &js->slots[number % js->window];
        if (slot->stored)
            continue;
        sum->unknown += slot->frames;
        sum->unknown_bytes += slot->bytes;
        if (last.end != slot->frame_end - slot->frames) {
            last.first = slot->frame_end - slot->frames;
            sum->ranges++;
        }
        last.end = slot->frame_end;
        if (sum->ranges <= most)
            ranges[sum->ranges - 1] = last;
    }
    pthread_mutex_unlock(&js->end.mutex);
}

/* ---- in ---- */

static bool is_set(const uint64_t *bits, uint64_t number)
{
    return (bits[number % SEEN / 64] >> (number % 64) & 1) != 0;
}

static void set(uint64_t *bits, uint64_t number, bool on)
{
    const uint64_t bit = UINT64_C(1) << (number % 64), word = bits[number % SEEN / 64];
    bits[number % SEEN / 64] = on ? word | bit : word & ~bit;
}

/* The stream's number of a message; 0: it has none. */
static uint64_t stream_number(natsMsg *msg)
{
    jsMsgMetaData *meta = NULL;
    if (natsMsg_GetMetaData(&meta, msg) != NATS_OK)
        return 0;
    const uint64_t number = meta->Sequence.Stream;
    jsMsgMetaData_Destroy(meta);
    return number;
}

/* Whether the message came before, from now on it did; and *was_read: it has been acknowledged already. Under the mutex. */
static bool came_before(struct js *js, uint64_t number, bool *was_read)
{
    if (number > js->highest + SEEN) { /* all of it falls out of sight */
        memset(js->seen, 0, 2 * SEEN / 8);
        js->highest = number;
    }
    for (; js->highest < number; js->highest++) { /* what falls out of sight makes room */
        set(js->seen, js->highest + 1, false);
        set(js->read, js->highest + 1, false);
    }
    const bool before = number + SEEN > js->highest && is_set(js->seen, number);
    *was_read = before && is_set(js->read, number);
    set(js->seen, number, true);
    return before;
}

/* One more message, unless it came before: then it waits to be read, or its acknowledgement was lost. Returns whether it is kept. */
static bool take(struct js *js, natsMsg *msg)
{
    const uint64_t number = stream_number(msg);
    bool was_read = false;
    pthread_mutex_lock(&js->end.mutex);
    const bool before = number != 0 && came_before(js, number, &was_read);
    js->doubles += before;
    pthread_mutex_unlock(&js->end.mutex);
    if (was_read)
        natsMsg_Ack(msg, NULL);
    if (before)
        return false;
    const bool kept = nats_end_put(&js->end, msg);
    if (!kept) /* the end is closing */
        natsMsg_Nak(msg, NULL);
    return kept;
}

/*
 * How many messages to ask for. cnats 3.4 writes behind its list where more than half of it was left over from an earlier request, as after
 * the connection was made anew: what is left over is taken one by one, for which nothing is asked.
 */
static int fetch_most(struct js *js)
{
    int msgs = 0;
    return natsSubscription_GetPending(js->subscription, &msgs, NULL) == NATS_OK && msgs > 0 ? 1 : FETCH;
}

static void *fetcher(void *context)
{
    struct js *js = context;
    for (bool stopping = false; !stopping;) {
        natsMsgList list = {0};
        natsStatus status = natsSubscription_Fetch(&list, js->subscription, fetch_most(js), PAUSE_MS, NULL);
        for (int i = 0; i < list.Count; i++) {
            if (take(js, list.Msgs[i]))
                list.Msgs[i] = NULL;
        }
        natsMsgList_Destroy(&list);
        if (status != NATS_OK && status != NATS_TIMEOUT) /* the connection or the leader is away */
            usleep(PAUSE_MS * 1000);
        pthread_mutex_lock(&js->end.mutex);
        stopping = js->end.stopping;
        pthread_mutex_unlock(&js->end.mutex);
    }
    return NULL;
}

/* Under the mutex: room for one more. False: no memory. */
static bool owed_has_room(struct js *js)
{
    if (js->owed_end - js->owed_first < js->owed_room)
        return true;
    const int64_t room = js->owed_room != 0 ? 2 * js->owed_room : 1024;
    struct owed *more = malloc((size_t)room * sizeof *more);
    if (more == NULL)
        return false;
    for (int64_t i = js->owed_first; i < js->owed_end; i++)
        more[i & (room - 1)] = js->owed[i & (js->owed_room - 1)];
    free(js->owed);
    js->owed = more;
    js->owed_room = room;
    return true;
}

/* All of it was read. Without memory it is not acknowledged, and comes again to the next who reads. */
static void owe(struct nats_end *end, natsMsg *msg)
{
    struct js *js = (struct js *)end;
    const char *reply = natsMsg_GetReply(msg);
    struct owed one = {.reply = reply != NULL ? strdup(reply) : NULL, .end = end->passed, .number = stream_number(msg)};
    pthread_mutex_lock(&end->mutex);
    if (one.reply != NULL && owed_has_room(js)) {
        js->owed[js->owed_end++ & (js->owed_room - 1)] = one;
        one.reply = NULL;
    }
    pthread_mutex_unlock(&end->mutex);
    free(one.reply);
    natsMsg_Destroy(msg);
}

static int64_t js_read(void *state, void *span, int64_t bytes)
{
    return nats_end_read(state, span, bytes, owe);
}

/* The next that is owed and ends within `bytes`, and is so no more; its number counts as read. False: there is none. */
static bool next_owed(struct js *js, int64_t bytes, struct owed *one)
{
    bool found = false;
    pthread_mutex_lock(&js->end.mutex);
    if (js->owed_first < js->owed_end && js->owed[js->owed_first & (js->owed_room - 1)].end <= bytes) {
        *one = js->owed[js->owed_first++ & (js->owed_room - 1)];
        if (one->number != 0 && one->number + SEEN > js->highest)
            set(js->read, one->number, true);
        found = true;
    }
    pthread_mutex_unlock(&js->end.mutex);
    return found;
}

static void js_settle(void *state, int64_t bytes)
{
    struct js *js = state;
    for (struct owed one; next_owed(js, bytes, &one); free(one.reply))
        natsConnection_PublishString(js->end.connection, one.reply, "+ACK");
}

/* What nobody deals with any more, read or not, is given back, so that another gets it at once. Nobody takes from the queue or puts there.
 */
static void give_back(struct js *js)
{
    for (struct owed one; next_owed(js, INT64_MAX, &one); free(one.reply))
        natsConnection_PublishString(js->end.connection, one.reply, "-NAK");
    if (js->end.reading != NULL)
        natsMsg_Nak(js->end.reading, NULL);
    for (uint64_t i = js->end.taken; i != js->end.queued; i++)
        natsMsg_Nak(js->end.queue[i % QUEUE], NULL);
    natsConnection_FlushTimeout(js->end.connection, 1000);
}

/* ---- open and close ---- */

/* Until all is stored, or linger_ms have passed, or the output has failed. */
static int js_close(void *state)
{
    struct js *js = state;
    int rc = 0;
    if (js->runs && js->end.out) {
        const int64_t until_ns = nats_now_ns() + js->end.linger_ms * 1000000;
        pthread_mutex_lock(&js->end.mutex);
        while (js->pending > 0 && js->end.error == 0 && nats_now_ns() < until_ns)
            wait_ms(js, 50);
        js->given_up += js->pending;
        rc = js->given_up == 0 ? 0 : js->end.error != 0 ? js->end.error : js->refused != 0 ? js->refused : -ETIMEDOUT;
        pthread_mutex_unlock(&js->end.mutex);
    }
    nats_end_stop(&js->end);
    pthread_mutex_lock(&js->end.mutex);
    pthread_cond_broadcast(&js->changed);
    pthread_mutex_unlock(&js->end.mutex);
    if (js->runs)
        pthread_join(js->thread, NULL);
    if (js->runs && js->end.in)
        give_back(js);
    free(js->owed);
    natsSubscription_Destroy(js->subscription);
    jsCtx_Destroy(js->context);
    pthread_mutex_lock(&js->end.mutex);
    for (int64_t i = 0; js->slots != NULL && i < js->window; i++) { /* an answer that is on its way finds nothing */
        natsMsg_Destroy(js->slots[i].msg);
        js->slots[i].msg = NULL;
        js->slots[i].first_ns = 0;
    }
    pthread_mutex_unlock(&js->end.mutex);
    free(js->seen);
    nats_end_close(&js->end, js->slots); /* and all of js with it */
    return rc;
}

/* Answers have an inbox of their own, however many they are. */
static int hear_answers(struct js *js, const struct leat_address *address, struct leat_error *error)
{
    natsInbox *inbox = NULL;
    char all[100];
    natsStatus status = natsInbox_Create(&inbox);
    if (status == NATS_OK) {
        snprintf(js->inbox, sizeof js->inbox, "%s", inbox);
        snprintf(all, sizeof all, "%s.*", inbox);
        status = natsConnection_Subscribe(&js->subscription, js->end.connection, all, on_answer, js);
    }
    if (status == NATS_OK)
        status = natsSubscription_SetPendingLimits(js->subscription, -1, -1);
    natsInbox_Destroy(inbox);
    return status == NATS_OK ? 0 : nats_fail(error, address, "answers: ", status);
}

static int begin(struct js *js, const struct leat_address *address, struct leat_error *error)
{
    const char *durable = plugin_value(address, "durable"), *id = plugin_value(address, "id");
    int64_t window = 4096;
    int rc = plugin_number(address, "window", 1 << 20, &window, error);
    if (rc != 0)
        return rc;
    js->window = window > 0 ? window : 1;
    if (id != NULL && strlen(id) >= sizeof js->id)
        return plugin_refuse(error, address, -EINVAL, "id must be 79 bytes at most", "");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (id != NULL)
        memcpy(js->id, id, strlen(id));
    else
        snprintf(js->id, sizeof js->id, "%" PRIx64 "-%lx-%x", (uint64_t)now.tv_sec, now.tv_nsec, (unsigned)getpid());
    js->end.sender = plugin_sender(id);
    js->end.seen = js->end.in ? calloc(1, sizeof *js->end.seen) : NULL;
    js->end.leaves_out = true;
    if (js->end.in && js->end.seen == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    natsStatus status = natsConnection_JetStream(&js->context, js->end.connection, NULL);
    if (status != NATS_OK)
        return nats_fail(error, address, "JetStream: ", status);
    rc = nats_stream_find(&js->end, js->context, js->stream, address, error);
    if (rc != 0)
        return rc;
    js->slots = js->end.out ? calloc((size_t)js->window, sizeof *js->slots) : NULL;
    js->seen = js->end.in ? calloc(SEEN / 64, 2 * sizeof *js->seen) : NULL;
    js->read = js->seen != NULL ? js->seen + SEEN / 64 : NULL;
    if ((js->end.out && js->slots == NULL) || (js->end.in && js->seen == NULL))
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    if (js->end.in) {
        jsSubOptions sub;
        jsErrCode what = 0;
        jsSubOptions_Init(&sub);
        sub.Stream = js->stream;
        jsConsumerInfo *consumer = NULL;
        if (js_GetConsumerInfo(&consumer, js->context, js->stream, durable != NULL ? durable : "leat", NULL, NULL) == NATS_NOT_FOUND)
            sub.Config.MaxAckPending = MOST_OWED; /* one that is there has its own */
        jsConsumerInfo_Destroy(consumer);
        for (const int64_t until_ns = nats_now_ns() + PATIENCE_NS;; usleep(PAUSE_MS * 1000)) { /* the server that leads may just be lost */
            status =
                js_PullSubscribe(&js->subscription, js->context, js->end.subject, durable != NULL ? durable : "leat", NULL, &sub, &what);
            if (status == NATS_OK || status == NATS_INVALID_ARG || status == NATS_NOT_PERMITTED || nats_now_ns() > until_ns)
                break;
        }
        if (status != NATS_OK)
            return nats_fail(error, address, "consumer: ", status);
    }
    rc = js->end.out ? hear_answers(js, address, error) : 0;
    if (rc != 0)
        return rc;
    rc = -pthread_create(&js->thread, NULL, js->end.in ? fetcher : resender, js);
    js->runs = rc == 0;
    return rc == 0 ? 0 : plugin_refuse(error, address, rc, "thread: ", strerror(-rc));
}

static int js_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct js *js = calloc(1, sizeof *js);
    const char *stream;
    if (js == NULL)
        return plugin_refuse(error, address, -ENOMEM, "open: no memory", "");
    pthread_cond_init(&js->changed, NULL);
    int rc = nats_end_open(&js->end, address, directions, &stream, error);
    if (rc == 0 && js->end.in && js->end.out)
        rc = plugin_refuse(error, address, -EINVAL, "a stream is read or written, not both by one link", "");
    if (rc == 0) {
        memcpy(js->stream, stream, strlen(stream) + 1);
        rc = begin(js, address, error);
    }
    if (rc != 0)
        js_close(js);
    else
        *state = js;
    return rc;
}

static int64_t js_lost(void *state)
{
    struct js *js = state;
    pthread_mutex_lock(&js->end.mutex);
    const int64_t given_up = js->given_up;
    pthread_mutex_unlock(&js->end.mutex);
    return given_up;
}

static const char *const keys[] = {"subject", "subjects", "durable", "replicas",  "storage", "window",           "id",
                                   "batch",   "linger",   "creds",   "linger_ms", "tls_ca",  "duplicate_window", NULL};

const struct leat_transport nats_js = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "nats-js",
    .form = "nats-js://HOST:PORT/STREAM",
    .keys = keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = js_open,
    .fd = nats_end_fd,
    .read = js_read,
    .write = js_write,
    .close = js_close,
    .datagrams = true,
    .lost = js_lost,
    .write_many = js_write_many,
    .tells_by_reading = true,
    .present = nats_end_present,
    .linger = nats_end_linger,
    .settle = js_settle,
    .stored = js_stored,
    .stores_once = true,
    .write_keyed = js_write_keyed,
    .unstored = js_unstored,
};
