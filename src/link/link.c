/* SPDX-License-Identifier: MIT */
/*
 * A link as the application sees it: open, receive, send, close.
 */
#include "link_private.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- open ---- */

int link_refuse(struct leat_link *link, struct leat_error *error, int code, const char *what)
{
    *error = (struct leat_error){.code = code, .offset = -1};
    snprintf(error->text, sizeof error->text, "%s: %s", link->address ? link->address->text : link->name, what);
    return code;
}

int link_name(struct leat_link *link, const char *name)
{
    const size_t bytes = strlen(name) + 1;
    link->name = malloc(bytes);
    if (!link->name)
        return -ENOMEM;
    memcpy(link->name, name, bytes);
    return 0;
}

static int64_t or_default(int64_t given, int64_t otherwise)
{
    return given == 0 ? otherwise : given;
}

int link_check_options(struct leat_link *link, const struct leat_link_options *given, struct leat_error *error)
{
    struct leat_link_options *options = &link->options;
    const struct leat_transport *transport = link->transport;
    if (given)
        *options = *given;
    options->directions = options->directions ? options->directions : transport->directions;
    options->max_frame = or_default(options->max_frame, 1 << 20);
    options->high_water_messages = or_default(options->high_water_messages, 4096);
    options->high_water_bytes = or_default(options->high_water_bytes, 16 << 20);
    options->block_bytes = or_default(options->block_bytes, 2048);
    options->copy_bytes = or_default(options->copy_bytes, 256);
    options->receive_block_bytes = or_default(options->receive_block_bytes, 64 << 10);
    int64_t four_blocks = 4 * options->receive_block_bytes;
    options->receive_bytes = or_default(options->receive_bytes, four_blocks > 16 << 20 ? four_blocks : 16 << 20);
    if (!options->dialect)
        options->dialect = leat_tlv_dialect("leat");
    if (!options->thread_name)
        options->thread_name = "leat-link";
    if (options->io_thread && options->no_thread)
        return link_refuse(link, error, -EINVAL, "io_thread and no_thread exclude each other");
    if (options->directions & ~transport->directions)
        return link_refuse(link, error, -EINVAL, options->directions & LEAT_OUT ? "cannot be written to" : "cannot be read from");
    if (options->max_frame < 1 || options->max_frame > INT64_C(1) << 30)
        return link_refuse(link, error, -EINVAL, "max_frame must be 1 byte to 1 GiB");
    if (options->high_water_messages < 1 || options->high_water_messages > INT64_C(1) << 30)
        return link_refuse(link, error, -EINVAL, "high_water_messages must be 1 to 2^30");
    if (options->block_bytes < 256 || options->block_bytes > 1 << 20)
        return link_refuse(link, error, -EINVAL, "block_bytes must be 256 to 1 MiB");
    if (options->high_water_bytes < 2 * options->max_frame)
        return link_refuse(link, error, -EINVAL, "high_water_bytes must be at least twice max_frame (raise the one or lower the other)");
    if (options->high_water_bytes < 16 * options->block_bytes)
        return link_refuse(link, error, -EINVAL, "high_water_bytes must be at least sixteen blocks");
    if (options->full < LEAT_FULL_WAIT || options->full > LEAT_FULL_DROP_NEWEST)
        return link_refuse(link, error, -EINVAL, "full must be LEAT_FULL_WAIT or LEAT_FULL_DROP_NEWEST");
    if (options->malformed < LEAT_MALFORMED_STOP || options->malformed > LEAT_MALFORMED_RESYNC)
        return link_refuse(link, error, -EINVAL, "malformed must be LEAT_MALFORMED_STOP or LEAT_MALFORMED_RESYNC");
    if (options->idle_ns < 0 || options->partial_ns < 0)
        return link_refuse(link, error, -EINVAL, "idle_ns and partial_ns must not be negative");
    if (options->receive < LEAT_RECEIVE_AUTO || options->receive > LEAT_RECEIVE_BLOCKS)
        return link_refuse(link, error, -EINVAL, "receive must be LEAT_RECEIVE_AUTO, LEAT_RECEIVE_RING or LEAT_RECEIVE_BLOCKS");
    if (options->copy_bytes < LEAT_MSG_INLINE_BYTES || options->copy_bytes > 1 << 20)
        return link_refuse(link, error, -EINVAL, "copy_bytes must be 48 to 1 MiB");
    if (options->receive_block_bytes < 4096 || options->receive_block_bytes > 16 << 20)
        return link_refuse(link, error, -EINVAL, "receive_block_bytes must be 4 KiB to 16 MiB");
    if (options->receive_bytes < 4 * options->receive_block_bytes || options->receive_bytes > INT64_C(1) << 40)
        return link_refuse(link, error, -EINVAL, "receive_bytes must be at least four receive blocks, and 1 TiB at most");
    if (transport->min_read > options->receive_block_bytes / 2) /* a block would hold one datagram */
        options->receive = LEAT_RECEIVE_RING;
    if (options->repeat > 1 && !transport->rewind)
        return link_refuse(link, error, -ESPIPE, "cannot be read again, as repeat wants");
    if (options->key && (!transport->write_keyed || !(options->directions & LEAT_OUT)))
        return link_refuse(link, error, -EINVAL, "key: nothing here goes out with a key; it does by nats, nats-js and zmq endpoints");
    return link_reconnect_check(link, error);
}

static int open_transport(struct leat_link *link, struct leat_error *error)
{
    int rc = link->transport->open(&link->state, link->address, link->options.directions | (link->options.key ? LEAT_KEYED : 0), error);
    if (rc != 0 && link_reconnect_later(link, rc)) {
        *error = (struct leat_error){.offset = -1};
        rc = link_name(link, link->address->text);
        return rc == 0 ? 0 : link_refuse(link, error, rc, leat_os_error(-rc));
    }
    if (rc != 0)
        return rc;
    if (link->options.repeat > 1) {
        rc = link->transport->rewind(link->state);
        if (rc != 0)
            return link_refuse(link, error, rc, "cannot be read again, as repeat wants");
    }
    char name[LEAT_ADDRESS_BYTES];
    if (link->transport->name)
        link->transport->name(link->state, name, sizeof name);
    link->accepted = link->transport->accept == NULL;
    rc = link_name(link, link->transport->name ? name : link->address->text);
    return rc == 0 ? 0 : link_refuse(link, error, rc, leat_os_error(-rc));
}

int link_open_ring(struct leat_link *link)
{
    int64_t frame = link->options.max_frame;
    /* A largest frame and an eighth of the ring more, and room for what one read must be offered. */
    int rc = leat_os_ring_create(&link->body->ring, frame + frame / 4 + link->transport->min_read + 4096);
    if (rc == 0)
        leat_store(&link->ring_ready, 1, release); /* edge "ring": stats look at what was set up before */
    return rc;
}

static int open_input(struct leat_link *link)
{
    const struct leat_link_options *options = &link->options;
    link->repeat_left = options->repeat > 1 ? options->repeat - 1 : 0;
    link->need = 1;
    link->read_ns = options->idle_ns > 0 ? leat_os_now_ns() : 0; /* who never sends anything is idle, too */
    link->wants_blocks = options->receive == LEAT_RECEIVE_BLOCKS;
    return link->lazy ? 0 : link_open_ring(link);
}

int link_open_output(struct leat_link *link)
{
    link->batch = malloc(sizeof *link->batch); /* not touched beyond its head before there is something to write */
    if (!link->batch)
        return -ENOMEM;
    memset(link->batch, 0, offsetof(struct link_batch, spans));
    link->batch->lends = link->transport->lend != NULL && !link->options.key;
    link->keys = link->options.key ? malloc(sizeof *link->keys) : NULL;
    for (int64_t i = 0; link->keys && i < BATCH_FRAMES; i++)
        link->keys->at[i] = link->keys->text[i];
    return link->options.key && !link->keys ? -ENOMEM : 0;
}

static int open_channels(struct leat_link *link)
{
    struct leat_channel_config config = {
        .pipe = {.item_bytes = link_item_bytes(&link->options),
                 .high_water = link->options.high_water_messages,
                 .low_water = link->options.high_water_messages / 2, /* who found it full sleeps till then: not for one message */
                 .blocks = &link->pools->chunk_blocks},
        .reader_fd = !link->options.no_thread,
        .writer_waker = &link->io,
    };
    int rc = leat_channel_init(&link->body->in, &config);
    if (rc != 0)
        return rc;
    config.pipe.item_bytes = sizeof(struct leat_msg);
    config.reader_fd = false;
    config.writer_waker = NULL;
    config.reader_waker = &link->io;
    config.pipe.lead = -1; /* its reader, the I/O thread, has the device to look at */
    rc = leat_channel_init(&link->body->out, &config);
    if (rc != 0)
        leat_channel_fini(&link->body->in);
    return rc;
}

static int open_all(struct leat_link *link, const char *endpoint, const struct leat_link_options *options, struct leat_error *error)
{
    link->address = malloc(sizeof *link->address);
    if (!link->address)
        return error->code = -ENOMEM;
    int rc = leat_address_parse(link->address, endpoint, error);
    if (rc != 0)
        return rc;
    link->transport = leat_transport_find(link->address->scheme);
    rc = link_check_options(link, options, error);
    if (rc != 0)
        return rc;
    rc = link_reconnect_open(link);
    if (rc != 0)
        return link_refuse(link, error, rc, leat_os_error(-rc));
    rc = open_transport(link, error);
    if (rc != 0)
        return rc;
    rc = link_pools_create(&link->pools, &link->options, 1);
    return rc == 0 ? link_open_rest(link, error) : link_refuse(link, error, rc, leat_os_error(-rc));
}

static int open_body(struct leat_link *link)
{
    const size_t bytes = (sizeof *link->body + LEAT_CACHE_LINE - 1) / LEAT_CACHE_LINE * LEAT_CACHE_LINE;
    link->body = aligned_alloc(LEAT_CACHE_LINE, bytes);
    if (!link->body)
        return -ENOMEM;
    memset(link->body, 0, bytes);
    link->body->in_error.offset = link->body->out_error.offset = -1;
    int rc = link->in_open ? leat_tlv_framer_init(&link->body->framer, link->options.dialect, &link->limits) : 0;
    if (rc == 0)
        rc = open_channels(link);
    if (rc != 0) {
        free(link->body);
        link->body = NULL;
        return rc;
    }
    if (!link->in_open)
        leat_channel_close_writer(&link->body->in);
    if (!link->out_open)
        leat_channel_close_reader(&link->body->out);
    return 0;
}

bool link_has_body(struct leat_link *link)
{
    return link->body || open_body(link) == 0;
}

int link_open_rest(struct leat_link *link, struct leat_error *error)
{
    link->in_open = (link->options.directions & LEAT_IN) != 0;
    link->out_open = (link->options.directions & LEAT_OUT) != 0;
    link->limits = (struct leat_tlv_limits){.max_frame = link->options.max_frame};
    leat_store(&link->told_state, /* relaxed: nobody else looks yet */
               link_away(link)                               ? LEAT_LINK_RECONNECTING
               : link->accepted && !link->transport->present ? LEAT_LINK_OPEN
                                                             : LEAT_LINK_OPENING,
               relaxed);
    int rc = leat_waker_init(&link->io, !link->options.no_thread);
    if (rc == 0)
        rc = leat_waker_init(&link->finished, false);
    if (rc == 0 && !(link->lazy && link->options.no_thread))
        rc = open_body(link);
    if (rc == 0 && link->in_open)
        rc = open_input(link);
    if (rc == 0 && link->out_open && !link->lazy)
        rc = link_open_output(link);
    if (link->out_open && link->transport->linger && link->state)
        link->linger_ns = link->transport->linger(link->state, &link->linger_bytes);
    if (rc == 0) {
        if (link->options.no_thread)
            leat_store(&link->owners, 1, relaxed); /* relaxed: there is nobody else */
        else if (link->options.io_thread)
            link_join_thread(link->options.io_thread, link);
        else
            rc = leat_thread_start(&link->thread, link->options.thread_name, link_io_run, link);
    }
    return rc == 0 ? 0 : link_refuse(link, error, rc, leat_os_error(-rc));
}

struct leat_link *link_make(void)
{
    struct leat_link *made = aligned_alloc(LEAT_CACHE_LINE, (sizeof *made + LEAT_CACHE_LINE - 1) / LEAT_CACHE_LINE * LEAT_CACHE_LINE);
    if (!made)
        return NULL;
    memset(made, 0, sizeof *made);
    made->io.fd = made->finished.fd = made->set = made->timer = -1;
    leat_store(&made->owners, 2, relaxed); /* relaxed: the thread's start publishes it */
    return made;
}

int leat_link_open(struct leat_link **link, const char *endpoint, const struct leat_link_options *options, struct leat_error *error)
{
    struct leat_error ignored;
    struct leat_link *made = link_make();
    if (!error)
        error = &ignored;
    *error = (struct leat_error){.code = made ? 0 : -ENOMEM, .offset = -1};
    if (!made)
        return -ENOMEM;
    int rc = open_all(made, endpoint, options, error);
    if (rc != 0)
        link_free(made);
    else
        *link = made;
    return rc;
}

/* ---- states ---- */

void link_set_state(struct leat_link *link, enum leat_link_state state, const struct leat_error *why)
{
    leat_store(&link->told_state, (uint32_t)state, relaxed);                   /* relaxed: a number */
    if (link->options.on_state && leat_load(&link->stop, acquire) == LINK_RUN) /* edge "stop" */
        link->options.on_state(link->options.state_context, link, state, why);
}

enum leat_link_state leat_link_state(const struct leat_link *link)
{
    return (enum leat_link_state)leat_load(&link->told_state, relaxed); /* relaxed: a number */
}

void link_ended(struct leat_link *link)
{
    const struct link_body *body = link->body;
    if (link->in_open || link->out_open)
        return;
    const struct leat_error *why = !body ? NULL : body->in_error.code != 0 ? &body->in_error : &body->out_error;
    bool failed = link->bare_code != 0 || (why && why->code != 0);
    link_set_state(link, failed ? LEAT_LINK_FAILED : LEAT_LINK_CLOSED, failed ? why : NULL);
}

void link_give_up(struct leat_link *link, const struct leat_error *why)
{
    /* A direction that is closed from the start may be looked at already: I3. */
    const bool out = link->out_open, in = link->in_open;
    if (in)
        link->body->in_error = *why;
    if (out)
        link->body->out_error = *why;
    link->in_open = link->out_open = false;
    link_ended(link);
    if (out) { /* first: whoever has received to the end knows of both */
        leat_channel_close_reader(&link->body->out);
        link_tell_drain(link);
    }
    if (in)
        link_input_close(link);
}

/* ---- receive and send ---- */

/* Which error stands behind a channel's -EPIPE. */
static int closed_because(struct leat_link *link, unsigned direction)
{
    const struct leat_error *error = !link->body ? NULL : direction == LEAT_IN ? &link->body->in_error : &link->body->out_error;
    link->last_error = error;
    return error && error->code != 0 ? error->code : link->bare_code != 0 ? link->bare_code : -EPIPE;
}

/* Out of items, which come a few at a time. */
static int64_t take_items(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    struct link_item items[16];
    const int64_t most = sizeof items / sizeof items[0];
    int64_t n = 0, got;
    do {
        got = leat_channel_read_many(&link->body->in, items, count - n < most ? count - n : most, n == 0 ? deadline_ns : 0);
        for (int64_t i = 0; i < got; i++, n++) {
            msgs[n] = items[i].msg;
            if (infos)
                infos[n] = items[i].info;
        }
    } while (got == most && n < count);
    return n > 0 ? n : got;
}

int64_t link_take(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    if (!link->body)
        return link->in_open ? -EAGAIN : -EPIPE;
    return link->options.info ? take_items(link, msgs, infos, count, deadline_ns)
                              : leat_channel_read_many(&link->body->in, msgs, count, deadline_ns);
}

static int64_t receive(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    int64_t got =
        link->options.no_thread ? link_step_recv(link, msgs, infos, count, deadline_ns) : link_take(link, msgs, infos, count, deadline_ns);
    if (got > 0)
        link->frames_received += got;
    link->end_told = link->end_told || got == -EPIPE;
    return got == -EPIPE ? closed_because(link, LEAT_IN) : got;
}

int leat_link_recv(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns)
{
    if (link->options.no_thread || link->options.info) {
        int64_t got = receive(link, msg, NULL, 1, deadline_ns);
        return got > 0 ? 0 : (int)got;
    }
    int rc = leat_channel_read(&link->body->in, msg, deadline_ns);
    if (rc == 0)
        link->frames_received++;
    return rc == -EPIPE ? closed_because(link, LEAT_IN) : rc;
}

int leat_link_send(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns)
{
    if (link->options.no_thread) {
        int64_t sent = leat_link_send_many(link, msg, 1, deadline_ns);
        return sent > 0 ? 0 : (int)sent;
    }
    int64_t size = leat_msg_size(msg);
    int rc = leat_channel_write(&link->body->out, msg, false, deadline_ns);
    if (rc == 0) {
        leat_msg_init(msg); /* the pipe owns what it held */
        link->frames_sent++;
        link->bytes_sent += size;
    }
    return rc == -EPIPE ? closed_because(link, LEAT_OUT) : rc;
}

int64_t leat_link_recv_many(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns)
{
    return receive(link, msgs, NULL, count, deadline_ns);
}

int64_t leat_link_recv_info(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    return link->options.info ? receive(link, msgs, infos, count, deadline_ns) : -EINVAL;
}

int64_t leat_link_send_many(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns)
{
    int64_t sent = link->options.no_thread ? link_step_send(link, msgs, count, deadline_ns)
                                           : leat_channel_write_many(&link->body->out, msgs, count, deadline_ns);
    for (int64_t i = 0; i < sent; i++) {
        link->bytes_sent += leat_msg_size(&msgs[i]);
        leat_msg_init(&msgs[i]); /* the pipe owns what it held */
    }
    if (sent > 0)
        link->frames_sent += sent;
    return sent == -EPIPE ? closed_because(link, LEAT_OUT) : sent;
}

int leat_link_check_send(struct leat_link *link)
{
    if (link->options.no_thread)
        link_step_look(link);
    /* Edge "reader closed": meets the store in leat_channel_close_reader, and so publishes out_error (I3). */
    if (!link->body)
        return link->out_open ? 0 : closed_because(link, LEAT_OUT);
    return leat_load(&link->body->out.reader_closed, acquire) ? closed_because(link, LEAT_OUT) : 0;
}

void leat_link_flush(struct leat_link *link)
{
    if (link->options.no_thread)
        link_step_flush(link);
    else
        leat_channel_flush(&link->body->out);
}

/* Whether the device has everything, or never will. Edge "out": after the acquire the messages' blocks are back, too. */
static bool drained(struct leat_link *link)
{
    return leat_load(&link->frames_out, acquire) == link->frames_sent ||
           leat_load(&link->body->out.reader_closed, acquire) != 0; /* edge "reader closed" */
}

/* For the I/O thread to tell; with its wish announced the application looks once more before it sleeps. */
static int wait_drained(struct leat_link *link, int64_t deadline_ns)
{
    int rc = 0;
    leat_store(&link->drain, 1, relaxed); /* relaxed: the fence orders it */
    leat_fence(seq_cst);                  /* edge "drain" */
    if (link->linger_ns > 0)
        leat_waker_wake(&link->io); /* what waits for more does not any longer */
    for (;;) {
        uint32_t seen = leat_waker_seen(&link->finished);
        if (drained(link) || rc != 0)
            break;
        rc = leat_waker_wait(&link->finished, seen, deadline_ns);
    }
    leat_store(&link->drain, 0, relaxed); /* relaxed: a wake too many does no harm */
    return drained(link) ? 0 : rc;
}

int leat_link_drain(struct leat_link *link, int64_t deadline_ns)
{
    int rc = 0;
    if (!link->body) /* nothing was sent */
        return 0;
    leat_channel_flush(&link->body->out);
    if (link->options.no_thread) {
        leat_store(&link->drain, 1, relaxed); /* relaxed: this thread's own */
        while (!drained(link) && rc == 0) {
            bool moved = link_step(link);
            if (drained(link))
                break;
            if (deadline_ns == 0)
                rc = -EAGAIN;
            else if (moved ? leat_os_now_ns() >= deadline_ns : !link_step_wait(link, deadline_ns))
                rc = -ETIMEDOUT;
        }
        leat_store(&link->drain, 0, relaxed); /* relaxed: as above */
    } else if (!drained(link)) {
        rc = deadline_ns == 0 ? -EAGAIN : wait_drained(link, deadline_ns);
    }
    if (link_get(&link->frames_out) == link->frames_sent)
        return 0;
    return rc != 0 ? rc : closed_because(link, LEAT_OUT);
}

int64_t leat_link_deadline(const struct leat_link *link)
{
    return link->options.no_thread ? link_due(link) : LEAT_FOREVER;
}

bool leat_link_step(struct leat_link *link)
{
    return link->options.no_thread && link_step(link);
}

int leat_link_fd(struct leat_link *link)
{
    return link->options.no_thread ? link_step_fd(link) : leat_channel_fd(&link->body->in);
}

bool leat_link_arm(struct leat_link *link)
{
    return link->options.no_thread ? link_step_arm(link) : leat_channel_arm(&link->body->in);
}

void leat_link_settle(struct leat_link *link, int64_t bytes)
{
    if (link->options.settle && link->transport->settle)
        link->transport->settle(link->state, bytes);
}

int64_t leat_link_stored(struct leat_link *link, bool sync)
{
    return link->transport->stored && !link->transport->reconnects ? link->transport->stored(link->state, sync) : -ENOTSUP;
}

int leat_link_unstored(struct leat_link *link, bool give_up, struct leat_frames *ranges, int64_t most, struct leat_unstored *sum)
{
    if (!link->transport->unstored || link->transport->reconnects)
        return -ENOTSUP;
    const int64_t room = ranges ? most : 0;
    link->transport->unstored(link->state, give_up, ranges, room, sum);
    const struct leat_frames waiting = {.first = sum->sent, .end = link->frames_sent};
    if (waiting.first == waiting.end)
        return 0;
    const bool touches = sum->ranges > 0 && sum->ranges <= room && ranges[sum->ranges - 1].end == waiting.first;
    if (touches)
        ranges[sum->ranges - 1].end = waiting.end;
    else if (sum->ranges < room)
        ranges[sum->ranges] = waiting;
    sum->ranges += !touches;
    sum->unknown += waiting.end - waiting.first;
    sum->unknown_bytes += link->bytes_sent - sum->sent_bytes;
    sum->sent = link->frames_sent;
    sum->sent_bytes = link->bytes_sent;
    return 0;
}

const struct leat_error *leat_link_error(const struct leat_link *link)
{
    static const struct leat_error none = {.offset = -1};
    return link->last_error ? link->last_error : &none;
}

const struct leat_link_options *leat_link_settings(const struct leat_link *link)
{
    return &link->options;
}

void leat_link_set_context(struct leat_link *link, void *context)
{
    link->context = context;
}

void *leat_link_context(const struct leat_link *link)
{
    return link->context;
}

const char *leat_link_name(const struct leat_link *link)
{
    return link->name;
}

void leat_link_stats(struct leat_link *link, struct leat_link_stats *stats)
{
    struct leat_pipe_stats in = {0}, out = {0};
    if (link->body) {
        leat_pipe_stats(&link->body->in.pipe, &in);
        leat_pipe_stats(&link->body->out.pipe, &out);
    }
    *stats = (struct leat_link_stats){
        .frames_in = link_get(&link->frames_in),
        .bytes_in = link_get(&link->bytes_in),
        .frames_received = link->frames_received,
        .frames_sent = link->frames_sent,
        .bytes_sent = link->bytes_sent,
        .frames_out = link_get(&link->frames_out),
        .bytes_out = link_get(&link->bytes_out),
        .malformed = link_get(&link->malformed),
        .bytes_skipped = link_get(&link->bytes_skipped),
        .reconnects = link->reconnect ? link_get(&link->reconnect->made) : 0,
        .lost = link->transport->lost ? link_get(&link->lost) : -1,
        .bytes_after_end = link_get(&link->bytes_after_end),
        .ring_peak_bytes = link_get(&link->ring_peak),
        .pipe_in_peak = in.peak_items,
        .pipe_out_peak = out.peak_items,
        .pool_waits = link_get(&link->pool_waits),
        .frames_dropped = link_get(&link->frames_dropped),
        .bytes_dropped = link_get(&link->bytes_dropped),
        .frames_cut = link_get(&link->frames_cut),
        .starved = link_get(&link->starved),
    };
    if (leat_load(&link->ring_ready, acquire)) { /* edge "ring" */
        struct leat_ring_stats ring;
        leat_ring_stats(&link->body->ring, &ring);
        stats->ring_size = ring.size_bytes;
        stats->ring_used = ring.used_bytes;
    }
    /* frames_in may have moved on since it was read, so the difference is clipped to what makes sense. */
    int64_t waiting = stats->frames_in - stats->frames_received;
    stats->pipe_in_items = waiting > 0 ? waiting : 0;
    stats->pipe_out_items = stats->frames_sent - stats->frames_out;
    leat_pool_stats(link->pools->messages, &stats->pool);
    if (link->pools->receive) {
        struct leat_pool_stats receive;
        leat_pool_stats(link->pools->receive, &receive);
        stats->pinned_bytes = receive.live * link->options.receive_block_bytes;
        stats->pinned_peak_bytes = receive.peak * link->options.receive_block_bytes;
    }
}

bool leat_link_valid(struct leat_link *link)
{
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    return stats.frames_in >= stats.frames_received && stats.frames_sent >= stats.frames_out && stats.pool.live <= stats.pool.limit;
}

/* ---- close ---- */

static int64_t drain(struct leat_pipe *pipe)
{
    int64_t count = 0;
    while (leat_pipe_poll(pipe)) {
        leat_msg_unref(leat_pipe_front(pipe));
        leat_pipe_pop(pipe);
        count++;
    }
    return count;
}

/* The last owner frees everything; the transport's state is closed already where there was somebody to hear of it. */
void link_free(struct leat_link *link)
{
    if (link->state)
        link->transport->close(link->state);
    if (link->body) {
        drain(&link->body->in.pipe);
        drain(&link->body->out.pipe);
        link_output_drop(link);
        link_input_fini(link);
        leat_channel_fini(&link->body->in);
        leat_channel_fini(&link->body->out);
    }
    leat_waker_fini(&link->finished);
    if (link->io.fd >= 0)
        leat_waker_fini(&link->io);
    leat_os_timer_close(link->timer);
    if (link->set >= 0 && !link->options.io_thread && !link->host)
        leat_os_set_close(link->set);
    if (link->body && link->body->ring.data)
        leat_os_ring_destroy(&link->body->ring);
    if (link->pools)
        link_pools_drop(link->pools);
    link_reconnect_end(link);
    free(link->keys);
    free(link->batch);
    free(link->body);
    free(link->name);
    free(link->address);
    free(link);
}

static bool wait_done(struct leat_link *link, int64_t deadline_ns)
{
    for (;;) {
        uint32_t seen = leat_waker_seen(&link->finished);
        if (leat_load(&link->done, acquire)) /* edge "done" */
            return true;
        if (leat_waker_wait(&link->finished, seen, deadline_ns) == -ETIMEDOUT)
            return leat_load(&link->done, acquire) != 0; /* edge "done" */
    }
}

static void ask_stop(struct leat_link *link, enum link_stop stop)
{
    leat_store(&link->stop, (uint32_t)stop, release); /* edge "stop" */
    leat_waker_wake(&link->io);
}

/* The messages that are left are counted one by one, unless the I/O thread still has its hands on them. */
static void count_end(struct leat_link *link, bool done, struct leat_link_end *end)
{
    end->accepted = link_get(&link->frames_in);
    end->delivered = link_get(&link->frames_out);
    end->delivered_bytes = link_get(&link->bytes_out);
    if (!link->body)
        return;
    end->left = done ? link_output_drop(link) + drain(&link->body->out.pipe) : link->frames_sent - end->delivered;
    end->unread = done ? drain(&link->body->in.pipe) : end->accepted - link->frames_received;
}

int leat_link_close(struct leat_link *link, int64_t deadline_ns, struct leat_link_end *end, struct leat_error *error)
{
    const int64_t grace_ns = 200 * 1000 * 1000; /* for a thread that was told to give up, unless the device holds it */
    int rc = 0;
    if (link->body) {
        leat_channel_close_writer(&link->body->out);
        leat_channel_close_reader(&link->body->in);
    }
    bool done;
    if (link->host)
        link_host_remove(link->host, link);
    if (link->options.no_thread) {
        leat_store(&link->stop, LINK_DRAIN, relaxed); /* relaxed: this thread is the only one */
        rc = link_step_close(link, deadline_ns) ? 0 : -ETIMEDOUT;
        done = true;
    } else {
        ask_stop(link, LINK_DRAIN);
        done = wait_done(link, deadline_ns);
    }
    if (!done) {
        rc = -ETIMEDOUT;
        ask_stop(link, LINK_ABANDON);
        done = wait_done(link, leat_os_now_ns() + grace_ns);
    }
    struct leat_link_end counted = {0};
    count_end(link, done, &counted);
    if (end)
        *end = counted;
    if (done && counted.left == 0) /* it only took the word to give up: nothing is missing */
        rc = 0;
    struct leat_error last = {.code = rc, .offset = -1};
    if (rc != 0)
        snprintf(last.text, sizeof last.text, "%s: closed at its deadline before everything was written", link->name);
    if (done) {
        if (link->body && link->body->out_error.code != 0 && counted.left > 0) /* a peer that left after it got everything is no error */
            last = link->body->out_error;
        int closed = link->state ? link->transport->close(link->state) : 0; /* NULL: the connection was away */
        link->state = NULL;
        if (closed != 0 && last.code == 0) {
            last.code = closed;
            snprintf(last.text, sizeof last.text, "%s: close: %s", link->name, leat_os_error(-closed));
        }
        if (!link->options.no_thread && !link->options.io_thread)
            leat_thread_join(&link->thread);
    } else if (!link->options.io_thread) {
        leat_thread_detach(&link->thread);
    }
    if (error)
        *error = last;
    if (leat_sub(&link->owners, 1, acq_rel) == 1) /* edge "owners" */
        link_free(link);
    return last.code;
}
