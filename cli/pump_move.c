/* SPDX-License-Identifier: MIT */
/* pump_move.c: the moving loop of `leat pump`, and the drain after it. Nothing here takes memory. */
#define _POSIX_C_SOURCE 200809L
#include "pump.h"

#include <leat/os.h>
#include <time.h>

#define BATCH 64                /* frames that are handed on at once */
#define TICK_FRAMES 1024        /* between two looks at the clock, */
#define TICK_BYTES (256 * 1024) /* or so many bytes */
#define WARM_FRAMES 4096
#define WARM_BYTES INT64_C(16777216)
#define LOOK_NS INT64_C(1000000)        /* how long the output is waited for between two looks at the input */
#define UNSETTLED_NS INT64_C(5000000)   /* how long the input is waited for while the output has not said that all is stored */
#define PATIENCE_NS INT64_C(5000000000) /* after a signal, for an output that does not take what was accepted */

void pump_fault(struct pump *pump, int exit_code, const struct leat_error *error, const char *endpoint, int code)
{
    pump_progress_erase(pump);
    cli_link_error(error, endpoint, code);
    if (pump->fault_exit == 0)
        pump->fault_exit = exit_code;
}

static void output_fault(struct pump *pump, const struct leat_error *error, int code)
{
    bool reader_left = code == -EPIPE && strcmp(pump->options.to, "-") == 0;
    pump->output_failed = true;
    pump_fault(pump, reader_left ? CLI_STDOUT_GONE : CLI_IO, error, pump->options.to, code);
}

/* Warm-up ends once that many frames and that many bytes are delivered: from here on the calls count. */
static void look_for_warm(struct pump *pump, const struct leat_link_stats *output)
{
    if (pump->warm || output->frames_out < WARM_FRAMES || output->bytes_out < WARM_BYTES)
        return;
    pump->warm = true;
    pump->warm_calls = cli_allocations();
}

/* No more than what the input has accepted by now is taken. */
static void stop_soon(struct pump *pump)
{
    struct leat_link_stats input;
    leat_link_stats(pump->from, &input);
    if (input.frames_in < pump->limit)
        pump->limit = input.frames_in;
    pump->stopping = true;
}

/* How many bytes of the input are dealt with once that many of the output are stored. */
static int64_t input_bytes(struct pump *pump, int64_t stored)
{
    return pump->options.filter_count > 0 ? pump_marks_reached(&pump->marks, stored) : stored;
}

/* The source need not keep what the output has by now; with --ack-after fsync the output is written out first, 10 times a second. */
static void let_go(struct pump *pump, int64_t now_ns)
{
    int64_t stored = leat_link_stored(pump->to, false);
    if (pump->options.ack_after == PUMP_ACK_FSYNC && stored > pump->synced_bytes) {
        if (now_ns - pump->synced_ns < CLI_TICK_NS)
            return;
        stored = leat_link_stored(pump->to, true);
        pump->synced_ns = now_ns;
        pump->synced_bytes = stored > 0 ? stored : pump->synced_bytes;
        if (stored < 0) /* nothing will be acknowledged any more; the last look, in finish, tells why */
            stop_soon(pump);
    }
    if (stored == -ENOTSUP) { /* taken is all that is known of it */
        struct leat_link_stats output;
        leat_link_stats(pump->to, &output);
        stored = output.bytes_out;
    }
    const int64_t in = stored < 0 ? -1 : input_bytes(pump, stored);
    if (in >= pump->settled_bytes) { /* empty messages, too, which end where the last one did */
        leat_link_settle(pump->from, in);
        pump->settled_bytes = in;
    }
}

/* What is due now and then: the output gets its batch; warm-up, clock, signals and the terminal get a look. */
static void tick(struct pump *pump)
{
    int64_t now_ns = leat_os_now_ns();
    pump->tick_frames = pump->taken;
    pump->tick_bytes = pump->taken_bytes;
    leat_link_flush(pump->to);
    let_go(pump, now_ns);
    if (!pump->warm) {
        struct leat_link_stats output;
        leat_link_stats(pump->to, &output);
        look_for_warm(pump, &output);
    }
    if (!pump->stopping && (cli_signal() != 0 || now_ns >= pump->stop_ns))
        stop_soon(pump);
    pump_news_tell(pump);
    pump_progress_tick(pump, now_ns);
}

/*
 * The next frames of the input, up to `count`; before it waits, everything sent is on its way. How many, -ETIMEDOUT, -EPIPE at the clean
 * end, or the fault.
 */
static int64_t take(struct pump *pump, struct leat_msg *msgs, int64_t count)
{
    int64_t got = leat_link_recv_many(pump->from, msgs, count, 0);
    if (got != -EAGAIN)
        return got;
    tick(pump);
    const int64_t due_ns = leat_link_deadline(pump->to), now_ns = leat_os_now_ns();
    if (due_ns == LEAT_FOREVER && leat_link_drain(pump->to, now_ns + LOOK_NS) == -ETIMEDOUT) /* else it waits for something, or for more */
        return -EAGAIN;
    /* A source that keeps what is not stored may wait for the word, which comes without a wake-up. */
    const int64_t wait_ns = pump->settled_bytes < pump->taken_bytes ? UNSETTLED_NS : CLI_TICK_NS;
    return leat_link_recv_many(pump->from, msgs, count, due_ns < now_ns + wait_ns ? due_ns : now_ns + wait_ns);
}

/* A signal came, and the output has had its time since. */
static bool out_of_patience(struct pump *pump, int64_t now_ns)
{
    if (cli_signal() == 0)
        return false;
    if (pump->patient_until_ns == 0)
        pump->patient_until_ns = now_ns + PATIENCE_NS;
    return now_ns >= pump->patient_until_ns;
}

/* Hands the frames to the output, however long that takes. 0, or the fault, or -ETIMEDOUT out of patience; *given went, the rest is there.
 */
static int give(struct pump *pump, struct leat_msg *msgs, int64_t count, int64_t *given)
{
    int64_t sent = leat_link_send_many(pump->to, msgs, count, 0);
    for (*given = 0; *given < count;) {
        if (sent > 0) {
            *given += sent;
        } else if (sent == -EAGAIN || sent == -ETIMEDOUT) {
            if (out_of_patience(pump, leat_os_now_ns()))
                return -ETIMEDOUT;
            tick(pump);
        } else {
            return (int)sent;
        }
        if (*given < count)
            sent = leat_link_send_many(pump->to, msgs + *given, count - *given, leat_os_now_ns() + CLI_TICK_NS);
    }
    return 0;
}

/* Those that a filter keeps back are gone, the others move up. How many there are of these. */
static int64_t sift(struct pump *pump, struct leat_msg *msgs, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!pump_filters_pass(pump, &msgs[i])) {
            leat_msg_unref(&msgs[i]);
            pump->filtered++;
            continue;
        }
        pump->passed_bytes += leat_msg_size(&msgs[i]);
        if (kept < i) {
            leat_msg_init(&msgs[kept]);
            leat_msg_move(&msgs[kept], &msgs[i]);
        }
        kept++;
    }
    return kept;
}

static void give_up(struct pump *pump, struct leat_msg *msg)
{
    pump->unsent++;
    pump->unsent_bytes += leat_msg_size(msg);
    leat_msg_unref(msg);
}

static void count_taken(struct pump *pump, const struct leat_msg *msgs, int64_t count)
{
    pump->taken += count;
    for (int64_t i = 0; i < count; i++)
        pump->taken_bytes += leat_msg_size(&msgs[i]);
}

/* The output has failed: what the input had accepted by then is taken and counted, so that the ledger knows of it. */
static void take_the_rest(struct pump *pump)
{
    struct leat_msg msg;
    leat_msg_init(&msg);
    stop_soon(pump);
    while (pump->taken < pump->limit && leat_link_recv(pump->from, &msg, leat_os_now_ns() + CLI_TICK_NS) == 0) {
        count_taken(pump, &msg, 1);
        if (sift(pump, &msg, 1) > 0)
            give_up(pump, &msg);
    }
}

/* Nothing to hand on just now: is there anybody left to hand it to? */
static bool output_gone(struct pump *pump)
{
    int code = leat_link_check_send(pump->to);
    if (code == 0)
        return false;
    output_fault(pump, leat_link_error(pump->to), code);
    take_the_rest(pump);
    return true;
}

static void move(struct pump *pump)
{
    struct leat_msg msgs[BATCH];
    while (pump->taken < pump->limit) {
        int64_t left = pump->limit - pump->taken;
        int64_t got = take(pump, msgs, left < BATCH ? left : BATCH);
        if (got == -EAGAIN || (got == -ETIMEDOUT && !pump->stopping)) {
            if (output_gone(pump))
                return;
            continue;
        }
        if (got == -EPIPE || got == -ETIMEDOUT)
            return;
        if (got < 0) {
            pump->malformed = got == -EBADMSG;
            pump_fault(pump, got == -EBADMSG ? CLI_MALFORMED : CLI_IO, leat_link_error(pump->from), pump->options.from, (int)got);
            return;
        }
        int64_t given;
        count_taken(pump, msgs, got);
        got = sift(pump, msgs, got);
        int code = got > 0 ? give(pump, msgs, got, &given) : 0;
        if (code != 0) {
            for (; given < got; given++)
                give_up(pump, &msgs[given]);
            if (code != -ETIMEDOUT) /* else leat_link_close will say so */
                output_fault(pump, leat_link_error(pump->to), code);
            take_the_rest(pump);
            return;
        }
        pump_marks_put(&pump->marks, pump->passed_bytes, pump->taken_bytes);
        if (pump->taken - pump->tick_frames >= TICK_FRAMES || pump->taken_bytes - pump->tick_bytes >= TICK_BYTES ||
            (cli_signal() != 0 && !pump->stopping))
            tick(pump);
    }
}

/* Waits until every frame sent is out, the output has failed, or patience has run out. Returns until when the close may take. */
static int64_t settle(struct pump *pump, struct leat_link_stats *output)
{
    for (;;) {
        int64_t now_ns = leat_os_now_ns();
        int code = leat_link_drain(pump->to, now_ns + CLI_TICK_NS);
        leat_link_stats(pump->to, output);
        look_for_warm(pump, output);
        if (code != -ETIMEDOUT)
            return LEAT_FOREVER;
        if (out_of_patience(pump, now_ns))
            return now_ns;
        pump_news_tell(pump);
        pump_progress_tick(pump, now_ns);
    }
}

/* Until the output has said that all is stored, or has failed, or its linger_ms are over. */
static void wait_for_storage(struct pump *pump)
{
    const int64_t until_ns = leat_os_now_ns() + cli_endpoint_linger_ms(pump->options.to) * 1000000;
    struct timespec pause = {.tv_nsec = 500000};
    struct leat_unstored fate = {0};
    while (leat_link_unstored(pump->to, false, NULL, 0, &fate) == 0 && fate.unknown > 0 && fate.code == 0) {
        const int64_t now_ns = leat_os_now_ns();
        let_go(pump, now_ns);
        if (now_ns >= until_ns || out_of_patience(pump, now_ns))
            return;
        nanosleep(&pause, NULL); /* a signal may cut it short */
        pause.tv_nsec = pause.tv_nsec < 16000000 ? 2 * pause.tv_nsec : pause.tv_nsec;
        pump_news_tell(pump);
        pump_progress_tick(pump, now_ns);
    }
}

/* What became of everything that no filter kept back, what the failed output refused among it. */
static void ask_fate(struct pump *pump, struct pump_result *result)
{
    struct leat_unstored *fate = &result->fate;
    if (!pump->output_failed)
        wait_for_storage(pump);
    result->says = leat_link_unstored(pump->to, true, result->unstored, PUMP_RANGES, fate) == 0;
    if (!result->says || pump->unsent == 0)
        return;
    const struct leat_frames unsent = {.first = fate->sent, .end = fate->sent + pump->unsent};
    const bool touches = fate->ranges > 0 && fate->ranges <= PUMP_RANGES && result->unstored[fate->ranges - 1].end == unsent.first;
    if (touches)
        result->unstored[fate->ranges - 1].end = unsent.end;
    else if (fate->ranges < PUMP_RANGES)
        result->unstored[fate->ranges] = unsent;
    fate->ranges += !touches;
    fate->unknown += pump->unsent;
    fate->unknown_bytes += pump->unsent_bytes;
    fate->sent += pump->unsent;
    fate->sent_bytes += pump->unsent_bytes;
}

/* Each term of the ledger is counted where it happens: what they do not explain was dropped. */
static void count(const struct pump *pump, struct pump_result *result, const struct leat_link_end *in, const struct leat_link_end *out)
{
    const struct leat_unstored *fate = &result->fate;
    result->input.malformed = pump->malformed;
    result->read_ahead = in->unread;
    result->frames_in = in->accepted - in->unread;
    result->bytes_in = pump->taken_bytes;
    result->frames_out = result->says ? fate->stored + fate->doubles : out->delivered;
    result->bytes_out = result->says ? fate->sent_bytes - fate->unknown_bytes : out->delivered_bytes;
    result->in_flight = result->says ? fate->unknown : out->left + pump->unsent;
    result->filtered = pump->filtered;
    result->dropped = result->frames_in - result->frames_out - result->in_flight - result->filtered;
}

/*
 * Everything sent is written, or known to be lost, when this returns; both links are gone.
 */
static void finish(struct pump *pump, struct pump_result *result)
{
    struct leat_link_end in = {0};
    struct leat_link_end out = {0};
    struct leat_error error = {.offset = -1};
    int64_t deadline_ns = settle(pump, &result->output), synced = 0;
    if (pump->options.ack_after == PUMP_ACK_FSYNC && !pump->output_failed && (synced = leat_link_stored(pump->to, true)) < 0)
        output_fault(pump, NULL, (int)synced);
    ask_fate(pump, result);
    int code = leat_link_close(pump->to, deadline_ns, &out, &error);
    if (code == 0 && !pump->output_failed && result->fate.unknown == 0) /* else what is settled is what was stored for sure */
        leat_link_settle(pump->from, input_bytes(pump, pump->options.ack_after == PUMP_ACK_FSYNC ? synced : out.delivered_bytes));
    result->seconds = (double)(leat_os_now_ns() - pump->start_ns) * 1e-9;
    int64_t calls = cli_allocations();
    result->allocations = calls < 0 ? -1 : pump->warm ? calls - pump->warm_calls : 0;
    if (code != 0 && !pump->output_failed)
        output_fault(pump, &error, code);
    if (result->says && result->fate.unknown > 0) {
        pump->fault_exit = pump->fault_exit != 0 ? pump->fault_exit : CLI_IO;
        pump_report_unstored(pump, result);
    }
    leat_link_stats(pump->from, &result->input);
    leat_link_close(pump->from, 0, &in, NULL);
    count(pump, result, &in, &out);
    pump->from = pump->to = NULL;
}

void pump_move(struct pump *pump, struct pump_result *result)
{
    pump->start_ns = leat_os_now_ns();
    pump->stop_ns = pump->options.run_ns < LEAT_FOREVER - pump->start_ns ? pump->start_ns + pump->options.run_ns : LEAT_FOREVER;
    pump->limit = pump->options.limit;
    pump_progress_start(pump);
    move(pump);
    finish(pump, result);
    pump_progress_erase(pump);
    result->peak_resident = cli_peak_resident();
}
