/* SPDX-License-Identifier: MIT */
/* One life of a link in link_soak: the plan, what is received and sent, the end, and the ledger. */
#define _GNU_SOURCE
#include "link_soak.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const soak_kind_names[KINDS] = {"unix-listen", "tcp-listen", "seqpacket-listen", "unix",    "tcp",      "seqpacket", "udp",
                                            "udp-listen",  "fifo in",    "fifo out",         "file in", "file out", "gen"};
const char *const soak_manner_names[MANNERS] = {"behaves", "stalls", "deaf", "shuts", "garbles", "cuts", "resets", "dies", "absent"};

static void count(LEAT_ATOMIC(int64_t) * counter, int64_t by)
{
    (void)leat_add(counter, by, relaxed); /* relaxed: a number for the summary */
}

_Noreturn void soak_broken(const struct life *life, const char *what, int64_t is, int64_t wanted)
{
    const struct leat_link_options *options = &life->options;
    const struct peer *peer = life->peer;
    printf("link_soak: seed %" PRIu64 ", life %" PRId64 ": %s: %" PRId64 ", wanted %" PRId64 "\n", soak.seed, life->number, what, is,
           wanted);
    printf("  %s (%s), peer %s%s%s%s, sizes %d, %" PRId64 " frames in, %" PRId64 " out%s, directions %u, %s, receive %d, block %" PRId64
           ", copy %" PRId64 ", receive block %" PRId64 ", high water %" PRId64 " messages %" PRId64 " bytes, max_frame %" PRId64 "\n",
           life->endpoint, soak_kind_names[peer->kind], soak_manner_names[peer->manner], peer->process ? " as a process" : "",
           peer->on_read ? " on read" : "", peer->half_close ? ", ends" : "", (int)peer->in.sizes, life->in.count, life->out.count,
           life->echo ? " (echo)" : "", options->directions,
           options->no_thread   ? "no thread"
           : options->io_thread ? "a shared thread"
                                : "thread",
           (int)options->receive, options->block_bytes, options->copy_bytes, options->receive_block_bytes, options->high_water_messages,
           options->high_water_bytes, options->max_frame);
    printf("  received %" PRId64 ", sent %" PRId64 " (%" PRId64 " bytes); recv said %d, send %d; the peer sent %" PRId64 " frames, %" PRId64
           " bytes, read %" PRId64 " frames, %" PRId64 " bytes%s; %s\n",
           life->received, life->sent, life->sent_bytes, life->in_code, life->out_code, peer->sent_frames, peer->sent_bytes,
           peer->read_frames, peer->read_bytes, peer->read_end ? " and the end" : "", peer->wrong);
    (void)fflush(stdout);
    _exit(1);
}

static void want(const struct life *life, bool holds, const char *what, int64_t is, int64_t wanted)
{
    if (!holds)
        soak_broken(life, what, is, wanted);
}

static uint64_t roll(struct life *life, uint64_t sides)
{
    return test_random(&life->chance) % sides;
}

/* ---- the plan ---- */

static void plan_options(struct life *life)
{
    static const int64_t blocks[] = {256, 1024, 2048, 16384}, receive_blocks[] = {4096, 16384, 65536, 262144}, waters[] = {1, 7, 100, 4096};
    struct leat_link_options *options = &life->options;
    int64_t largest = life->in.sizes == SMALL ? 200 : life->in.sizes == MIDDLE ? 4000 : life->in.sizes == LARGE ? 60000 : FRAME_MOST;
    enum kind kind = life->peer->kind;
    *options = (struct leat_link_options){.dialect = leat_tlv_dialect("t32l32"), .max_frame = largest + (int64_t)roll(life, 50000)};
    options->block_bytes = blocks[roll(life, 4)];
    options->receive_block_bytes = receive_blocks[roll(life, 4)];
    options->receive_bytes = (4 + (int64_t)roll(life, 12)) * options->receive_block_bytes;
    options->copy_bytes = roll(life, 2) ? 0 : 48 + (int64_t)roll(life, 5000);
    options->high_water_messages = waters[roll(life, 4)];
    /* Chains have less room than their blocks, and held messages leave something. */
    options->high_water_bytes = 3 * options->max_frame + 16 * options->block_bytes + (int64_t)roll(life, 1 << 20);
    options->receive = (enum leat_receive)roll(life, 3);
    options->no_thread = roll(life, 3) == 0;
    options->io_thread = !options->no_thread && roll(life, 2) ? soak.io_thread : NULL;
    options->repeat = life->repeat =
        kind == FILE_IN && life->peer->manner == BEHAVES && life->in.count > 0 ? 1 + (int64_t)roll(life, 3) : 1;
    options->directions = !soak_is_in(kind) ? LEAT_OUT : !soak_is_out(kind) || kind == FILE_IN || kind == FIFO_IN ? LEAT_IN : 0;
    if (options->directions == 0 && roll(life, 4) == 0)
        options->directions = roll(life, 2) ? LEAT_IN : LEAT_OUT;
}

/* How many frames of these sizes, for up to `bytes`. */
static int64_t plan_count(struct life *life, enum sizes sizes)
{
    static const uint64_t mean[SIZES] = {40, 1500, 25000, 2000, 200000};
    uint64_t bytes = (uint64_t)1 << (8 + roll(life, 10) + roll(life, 5)); /* 256 bytes to 2 MiB */
    return roll(life, 12) == 0 && life->peer->kind != GEN ? 0 : 1 + (int64_t)(bytes / mean[sizes]);
}

static int64_t stream_bytes(const struct stream *stream, int64_t index)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < index; i++)
        bytes += soak_frame_bytes(stream, i);
    return bytes;
}

/* A place in the bytes that are sent: anywhere, or between two frames. */
static void plan_fault(struct life *life)
{
    struct peer *peer = life->peer;
    bool between = peer->manner == GARBLES || soak_is_datagrams(peer->kind);
    int64_t in_bytes = stream_bytes(&life->in, life->in.count);
    peer->on_read = peer->manner >= CUTS && soak_is_out(peer->kind) && (!soak_is_in(peer->kind) || roll(life, 3) == 0);
    if (peer->on_read) /* a FIFO's reader that left too early would be waited for */
        peer->fault_at = (int64_t)roll(life, (uint64_t)stream_bytes(&life->out, life->out.count) + 1) + (peer->kind == FIFO_OUT);
    else if (between)
        peer->fault_at = stream_bytes(&life->in, (int64_t)roll(life, (uint64_t)life->in.count + 1));
    else
        peer->fault_at = (int64_t)roll(life, (uint64_t)in_bytes + 1);
    peer->stall_at = (int64_t)roll(life, 100000);
    peer->stall_ns = (int64_t)roll(life, 60) * MS;
}

/* Which manners make sense: a reader cannot garble, only who is listened for can be absent, and a file is never cut while it is read. */
static enum manner plan_manner(struct life *life, enum kind kind)
{
    for (;;) {
        enum manner manner = roll(life, 3) == 0 ? BEHAVES : (enum manner)roll(life, MANNERS);
        bool in = soak_is_in(kind), out = soak_is_out(kind), file = kind == FILE_IN || kind == FILE_OUT;
        if (manner == BEHAVES || (manner == ABSENT && kind <= SEQPACKET_LISTEN) ||
            ((manner == STALLS || manner == DEAF) && out && !file && kind != UDP) ||
            (manner == SHUTS && in && kind != GEN && kind != UDP) || (manner == GARBLES && in && kind != GEN) ||
            (manner >= CUTS && manner <= DIES && kind != GEN && !file))
            return manner;
    }
}

static void plan(struct life *life, uint64_t number)
{
    struct peer *peer = life->peer;
    life->chance = soak_mix(soak.seed, number);
    life->number = (int64_t)number;
    *peer = (struct peer){.kind = (enum kind)roll(life, KINDS), .seed = test_random(&life->chance)};
    peer->manner = plan_manner(life, peer->kind);
    peer->process = peer->manner == DIES || roll(life, 4) == 0;
    peer->half_close = roll(life, 3) != 0;
    (void)snprintf(peer->path, sizeof peer->path, "%s/%" PRId64 ".%d", soak.folder, life->number, (int)(peer - soak.peers));
    bool both = soak_is_in(peer->kind) && soak_is_out(peer->kind), datagrams = soak_is_datagrams(peer->kind);
    enum sizes sizes = (enum sizes)roll(life, datagrams ? LARGE + 1 : SIZES);
    life->in = (struct stream){.key = test_random(&life->chance), .sizes = sizes, .frame = life->in.frame};
    life->out = (struct stream){.key = test_random(&life->chance), .sizes = sizes, .frame = life->out.frame};
    life->in.count = peer->kind == GEN || soak_is_in(peer->kind) ? plan_count(life, sizes) : 0;
    life->out.count = soak_is_out(peer->kind) ? plan_count(life, sizes) : 0;
    plan_options(life);
    if (life->options.directions == LEAT_IN)
        life->out.count = 0;
    if (life->options.directions == LEAT_OUT)
        life->in.count = 0;
    life->echo = both && !datagrams && life->options.directions == 0 && roll(life, 3) == 0;
    if (life->echo) {
        life->out.key = life->in.key;
        life->out.count = life->in.count;
    }
    plan_fault(life);
    peer->in = life->in;
    peer->out = life->out;
    bool ends = peer->manner == BEHAVES || peer->manner == STALLS || peer->manner == SHUTS || peer->manner == GARBLES;
    life->patient = ends && peer->kind != UDP && peer->kind != UDP_LISTEN && roll(life, 5) != 0;
    life->give_up_ns = (1 + (int64_t)roll(life, roll(life, 4) == 0 ? 300 : 40)) * MS;
}

/* ---- peers ---- */

static void run_peer(void *peer)
{
    soak_peer_run(peer);
}

static void start_peer(struct worker *worker, struct leat_thread *thread)
{
    struct life *life = &worker->life;
    char which = (char)worker->index;
    bool started =
        life->peer->process ? write(worker->helper, &which, 1) == 1 : leat_thread_start(thread, "peer", run_peer, life->peer) == 0;
    want(life, started, "the peer does not start", errno, 0);
}

static void end_peer(struct worker *worker, struct leat_thread *thread)
{
    char answer = 'x';
    if (!worker->life.peer->process)
        leat_thread_join(thread);
    else
        want(&worker->life, read(worker->helper, &answer, 1) == 1 && answer == 'o', "the peer's process failed", answer, 'o');
}

/* ---- receiving ---- */

static int64_t make_gen_frame(const struct life *life, int64_t n, unsigned char *to)
{
    int64_t size = soak_frame_bytes(&life->in, 0) - HEAD_BYTES;
    soak_put_number(to, (uint64_t)(1 + n % 255));
    soak_put_number(to + 4, (uint64_t)size);
    for (int64_t i = 0; i < size; i++)
        to[HEAD_BYTES + i] = (unsigned char)(i >= 8 ? n + i : n >> (8 * ((size < 8 ? size : 8) - 1 - i)));
    return HEAD_BYTES + size;
}

static void check_content(struct life *life, struct leat_msg *msg, int64_t index)
{
    int64_t bytes =
        life->peer->kind == GEN ? make_gen_frame(life, index, life->in.frame) : soak_make_frame(&life->in, index, life->in.frame);
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    int64_t at = 0;
    want(life, leat_msg_valid(msg), "a message is not valid, frame", index, index);
    want(life, leat_msg_size(msg) == bytes, "size of a frame", leat_msg_size(msg), bytes);
    leat_msg_pieces(msg, &cursor);
    for (; leat_msg_next_piece(&cursor, &piece); at += piece.bytes)
        want(life, memcmp(piece.data, life->in.frame + at, (size_t)piece.bytes) == 0, "content of a frame, after byte", at, index);
    want(life, at == bytes, "bytes in the pieces of a frame", at, bytes);
}

/* The number of the frame that *msg must be: the next one; over UDP, where some may be missing, a later one. */
static int64_t index_of(struct life *life, struct leat_msg *msg)
{
    unsigned char head[HEAD_BYTES] = {0};
    int64_t all = life->in.count * life->repeat;
    want(life, life->in.index < all, "received more than was ever sent", life->in.index, all);
    if (life->peer->kind != UDP && life->peer->kind != UDP_LISTEN)
        return life->in.index % life->in.count;
    (void)leat_msg_read(msg, 0, head, sizeof head);
    int64_t index = soak_get_number(head);
    want(life, index >= life->in.index && index < life->in.count, "a datagram out of order", index, life->in.index);
    life->in.index = index;
    return index;
}

static void release_held(struct life *life)
{
    for (; life->held_count > 0; life->held_count--) {
        struct leat_msg *msg = &life->held[life->held_count - 1];
        check_content(life, msg, life->held_index[life->held_count - 1]);
        leat_msg_unref(msg);
    }
}

/* Checks the message and sends it back, keeps it, or lets it go. */
static void take(struct life *life, struct leat_msg *msg)
{
    int64_t index = index_of(life, msg);
    check_content(life, msg, index);
    life->in.index++;
    life->received++;
    if (life->echo && !life->out_done) {
        life->box[life->box_end++] = *msg;
    } else if (life->held_count < HELD && roll(life, 8) == 0) {
        life->held_index[life->held_count] = index;
        life->held[life->held_count++] = *msg;
    } else {
        leat_msg_unref(msg);
    }
}

/* Returns whether something came; the end is noted. */
static bool receive(struct life *life, int64_t deadline_ns)
{
    struct leat_msg msgs[BATCH];
    int64_t got = 1;
    if (life->in_done || life->box_at < life->box_end) /* an echo goes first */
        return false;
    life->box_at = life->box_end = 0;
    if (roll(life, 2)) {
        got = leat_link_recv_many(life->link, msgs, 1 + (int64_t)roll(life, BATCH), deadline_ns);
    } else {
        int rc = leat_link_recv(life->link, msgs, deadline_ns);
        got = rc == 0 ? 1 : rc;
    }
    for (int64_t i = 0; i < got; i++)
        take(life, &msgs[i]);
    if (got < 0 && got != -EAGAIN && got != -ETIMEDOUT) {
        life->in_done = true;
        life->in_code = (int)got;
    }
    if (life->received == life->in.count * life->repeat && !life->peer->half_close && life->peer->manner <= DEAF &&
        soak_is_out(life->peer->kind)) /* there will be no end */
        life->in_done = true;
    return got > 0;
}

/* ---- sending ---- */

static void give_back(void *data, void *context)
{
    (void)context;
    count(&soak.lent, -1);
    free(data);
}

/* Several small frames in one block, which is then cut: what lies side by side is written as one. False: no block. */
static bool box_slices(struct life *life, int64_t most)
{
    int64_t bytes = 0, n = 0, at = 0;
    struct leat_msg all;
    unsigned char *to;
    while (n < most && life->out.index + n < life->out.count && bytes + soak_frame_bytes(&life->out, life->out.index + n) < 3900)
        bytes += soak_frame_bytes(&life->out, life->out.index + n++);
    if (n == 0 || leat_msg_alloc(&all, &life->blocks, bytes) != 0)
        return false;
    to = leat_msg_data(&all);
    for (; n > 0; n--) {
        int64_t size = soak_make_frame(&life->out, life->out.index++, to + at);
        want(life, leat_msg_slice(&life->box[life->box_end++], &all, at, size) == 0, "a slice", at, size);
        at += size;
    }
    leat_msg_unref(&all);
    return true;
}

/* The next frame, copied or lent. False: no block. */
static bool box_one(struct life *life)
{
    int64_t bytes = soak_make_frame(&life->out, life->out.index, life->out.frame);
    struct leat_msg *msg = &life->box[life->box_end];
    if (roll(life, 8) != 0) {
        if (leat_msg_copy(msg, &life->blocks, life->out.frame, bytes) != 0)
            return false;
    } else {
        unsigned char *data = malloc((size_t)bytes);
        want(life, data != NULL, "no memory", bytes, bytes);
        memcpy(data, life->out.frame, (size_t)bytes);
        if (leat_msg_from_buf(msg, &life->blocks, data, bytes, give_back, NULL) != 0) {
            free(data);
            return false;
        }
        count(&soak.lent, 1);
    }
    life->out.index++;
    life->box_end++;
    return true;
}

static void fill_box(struct life *life)
{
    int64_t most = 1 + (int64_t)roll(life, BATCH);
    life->box_at = life->box_end = 0;
    if (roll(life, 2) && box_slices(life, most))
        return;
    while (life->box_end < most && life->out.index < life->out.count && box_one(life))
        ;
}

static void empty_box(struct life *life)
{
    for (; life->box_at < life->box_end; life->box_at++)
        leat_msg_unref(&life->box[life->box_at]);
}

static void note_sent(struct life *life, int64_t sent, const int64_t *sizes)
{
    for (int64_t i = 0; i < sent; i++) {
        want(life, leat_msg_size(&life->box[life->box_at + i]) == 0, "a message that was sent is not empty", i, sent);
        life->sent_bytes += sizes[i];
    }
    life->sent += sent;
    life->box_at += sent;
}

/* Returns whether something was taken; an error is noted, and that all is written. */
static bool send_some(struct life *life, int64_t deadline_ns)
{
    int64_t sizes[BATCH], n = life->box_end - life->box_at, sent = 0;
    if (life->out_done)
        return false;
    if (n == 0 && !life->echo) {
        fill_box(life);
        n = life->box_end;
    }
    for (int64_t i = 0; i < n; i++)
        sizes[i] = leat_msg_size(&life->box[life->box_at + i]);
    if (n > 0 && roll(life, 2)) {
        sent = leat_link_send_many(life->link, life->box + life->box_at, n, deadline_ns);
    } else if (n > 0) {
        int rc = leat_link_send(life->link, life->box + life->box_at, deadline_ns);
        sent = rc == 0 ? 1 : rc;
    } else if (life->echo ? life->in_done : life->out.index == life->out.count) {
        int rc = leat_link_drain(life->link, deadline_ns);
        life->out_done = rc == 0;
        sent = rc;
    }
    if (sent > 0)
        note_sent(life, sent, sizes);
    if (sent < 0 && sent != -EAGAIN && sent != -ETIMEDOUT) {
        life->out_done = true;
        life->out_code = (int)sent;
        empty_box(life);
    }
    if (roll(life, 2))
        leat_link_flush(life->link);
    return sent > 0;
}

/* ---- a life ---- */

/* Looks at everything that may be looked at. */
static void look(struct life *life)
{
    struct leat_link_stats stats;
    leat_link_stats(life->link, &stats);
    want(life, leat_link_valid(life->link), "the link is not valid", 0, 1);
    want(life, stats.frames_received == life->received, "received, by the stats", stats.frames_received, life->received);
    want(life, stats.frames_sent == life->sent, "sent, by the stats", stats.frames_sent, life->sent);
    want(life, stats.bytes_sent == life->sent_bytes, "bytes sent, by the stats", stats.bytes_sent, life->sent_bytes);
    want(life, stats.pinned_bytes <= life->options.receive_bytes || life->options.receive == LEAT_RECEIVE_RING, "pinned bytes",
         stats.pinned_bytes, life->options.receive_bytes);
    (void)leat_link_check_send(life->link);
    (void)leat_link_step(life->link);
}

/* Nothing moves: waits in one of the ways there are. */
static void wait_a_little(struct life *life)
{
    struct pollfd ready = {.fd = leat_link_fd(life->link), .events = POLLIN};
    int64_t soon_ns = leat_os_now_ns() + MS;
    leat_link_flush(life->link);
    release_held(life);
    if (roll(life, 3) == 0 && !life->in_done) {
        if (leat_link_arm(life->link))
            (void)poll(&ready, 1, 2);
    } else if (roll(life, 2)) {
        if (!receive(life, soon_ns) && life->in_done)
            (void)send_some(life, soon_ns);
    } else if (!send_some(life, soon_ns)) {
        (void)usleep((useconds_t)roll(life, 300));
    }
}

static void lead(struct life *life)
{
    while (!life->in_done || !life->out_done) {
        if (!life->patient && leat_os_now_ns() >= life->began_ns + life->give_up_ns)
            break;
        bool moved = receive(life, 0);
        moved = send_some(life, 0) || moved;
        if (roll(life, 64) == 0)
            look(life);
        if (roll(life, 64) == 0)
            release_held(life);
        if (roll(life, 256) == 0)
            (void)usleep((useconds_t)roll(life, 3000));
        if (!moved)
            wait_a_little(life);
    }
}

/* The input is over and nothing of it is kept: its blocks have all come home. */
static void check_at_rest(struct life *life)
{
    struct leat_link_stats stats;
    release_held(life);
    leat_link_stats(life->link, &stats);
    want(life, stats.pool.live == 0, "blocks in use after the end of the input", stats.pool.live, 0);
    want(life, stats.pinned_bytes == 0, "bytes pinned after the end of the input", stats.pinned_bytes, 0);
}

static void name_endpoint(struct life *life)
{
    static const char *const schemes[] = {
        "unix-listen:", "tcp-listen", "unix-seqpacket-listen:", "unix:", "tcp", "unix-seqpacket:", "udp", "udp-listen", "file:", "file:",
        "file:",        "file:"};
    const struct peer *peer = life->peer;
    bool port = peer->kind == TCP_LISTEN || peer->kind == TCP || peer->kind == UDP || peer->kind == UDP_LISTEN;
    char *to = life->endpoint;
    if (peer->kind == GEN)
        (void)snprintf(to, sizeof life->endpoint, "gen:?count=%" PRId64 "&size=%" PRId64 "&dialect=t32l32%s", life->in.count,
                       soak_frame_bytes(&life->in, 0) - HEAD_BYTES, peer->half_close ? "" : "&rate=200000");
    else if (port) /* relaxed: `ready` published it */
        (void)snprintf(to, sizeof life->endpoint, "%s://127.0.0.%d:%u", schemes[peer->kind], SOAK_HOST(peer),
                       (unsigned)leat_load(&life->peer->port, relaxed));
    else
        (void)snprintf(to, sizeof life->endpoint, "%s%s", schemes[peer->kind], peer->path);
}

static void await_peer(struct life *life)
{
    uint32_t ready;
    while ((ready = leat_load(&life->peer->ready, acquire)) == 0) /* edge "ready" */
        (void)usleep(50);
    want(life, ready == 1, "the peer cannot begin", ready, 1);
}

/* The link is open and its peer runs, has run, or will. False: the peer reset the connection before it was made. */
static bool open_life(struct worker *worker, struct leat_thread *thread)
{
    struct life *life = &worker->life;
    struct peer *peer = life->peer;
    struct leat_error error;
    bool first = (peer->kind >= UNIX && peer->kind <= UDP) || peer->kind == FIFO_OUT;
    if (peer->kind == FIFO_IN || peer->kind == FIFO_OUT)
        want(life, mkfifo(peer->path, 0600) == 0, "mkfifo", errno, 0);
    if (first || peer->kind == FILE_IN)
        start_peer(worker, thread);
    if (peer->kind == FILE_IN)
        end_peer(worker, thread);
    if (first)
        await_peer(life);
    name_endpoint(life);
    int rc = leat_link_open(&life->link, life->endpoint, &life->options, &error);
    if (rc == -ECONNRESET && peer->kind == TCP && peer->manner == RESETS) {
        leat_store(&peer->over, 1, release); /* edge "over" */
        end_peer(worker, thread);
        return false;
    }
    want(life, rc == 0, error.text, rc, 0);
    const char *colon = strrchr(leat_link_name(life->link), ':');
    if (peer->kind == TCP_LISTEN || peer->kind == UDP_LISTEN)
        leat_store(&peer->port, (uint32_t)strtoul(colon + 1, NULL, 10), relaxed); /* relaxed: the peer's start publishes it */
    if (!first && peer->kind != FILE_IN && peer->kind != FILE_OUT && peer->kind != GEN && peer->manner != ABSENT)
        start_peer(worker, thread);
    return true;
}

/* ---- the ledger ---- */

static bool is_lossy(const struct peer *peer)
{
    return peer->kind == UDP || peer->kind == UDP_LISTEN;
}

/* Whether the peer's leaving may take away what it had sent: TCP's reset does. */
static bool takes_back(const struct peer *peer)
{
    return (peer->kind == TCP || peer->kind == TCP_LISTEN) && peer->manner >= CUTS;
}

/* Which end of the input the peer's manner leads to. */
static void check_in_code(struct life *life)
{
    const struct peer *peer = life->peer;
    int64_t boundary = stream_bytes(&life->in, peer->sent_frames);
    bool whole = peer->sent_bytes == boundary;
    int code = life->in_code;
    if (code == NONE)
        return;
    if (peer->kind == GEN || peer->manner <= DEAF)
        want(life, code == -EPIPE, "what recv said of a good peer", code, -EPIPE);
    else if (peer->manner == SHUTS)
        want(life, code == (whole ? -EPIPE : -EBADMSG), "what recv said of an early end", code, whole ? -EPIPE : -EBADMSG);
    else if (peer->manner == GARBLES)
        want(life, code == -EBADMSG, "what recv said of garbage", code, -EBADMSG);
    else
        want(life, code == -EPIPE || code == -EBADMSG || code == -ECONNRESET, "what recv said of a peer that left", code, -EPIPE);
    if (code == -EPIPE && !takes_back(peer) && peer->kind != GEN)
        want(life, whole, "a clean end in the middle of a frame", peer->sent_bytes, boundary);
}

static void check_in(struct life *life, const struct leat_link_end *end)
{
    const struct peer *peer = life->peer;
    int64_t sent = (peer->kind == GEN ? life->in.count : peer->sent_frames) * life->repeat;
    want(life, end->accepted == life->received + end->unread, "accepted, by received + unread", end->accepted,
         life->received + end->unread);
    want(life, end->accepted <= sent, "accepted more than was sent whole", end->accepted, sent);
    if (life->in_code != NONE && !is_lossy(peer)) {
        want(life, end->unread == 0, "unread after the end", end->unread, 0);
        want(life, end->accepted == sent || takes_back(peer), "accepted, of what was sent whole", end->accepted, sent);
    }
    check_in_code(life);
}

static void check_out(struct life *life, const struct leat_link_end *end, int rc)
{
    const struct peer *peer = life->peer;
    int64_t bytes = stream_bytes(&life->out, end->delivered), over = peer->read_bytes - bytes;
    bool reads_all = peer->manner <= GARBLES && soak_is_out(peer->kind);
    /* What TCP had taken and not sent yet is lost when it is closed with input unread. */
    bool keeps = (peer->kind != TCP && peer->kind != TCP_LISTEN) ||
                 (end->accepted == life->in.count && peer->sent_frames == life->in.count && peer->manner != GARBLES);
    want(life, life->sent == end->delivered + end->left, "sent, by delivered + left", life->sent, end->delivered + end->left);
    want(life, end->delivered_bytes == bytes, "delivered bytes", end->delivered_bytes, bytes);
    want(life, rc != 0 || end->left == 0, "left after a good close", end->left, 0);
    if (is_lossy(peer)) {
        want(life, peer->read_frames <= end->delivered, "datagrams that were never sent", peer->read_frames, end->delivered);
        return;
    }
    int64_t next = end->left == 0 ? 1 : soak_frame_bytes(&life->out, end->delivered);
    want(life, over < next, "the peer read more than was delivered and begun", peer->read_bytes, bytes + next);
    if (reads_all && keeps) {
        want(life, over >= 0, "bytes that were delivered and not read", peer->read_bytes, bytes);
        want(life, life->out_code == NONE, "what send said of a good reader", life->out_code, NONE);
    }
    if (reads_all && keeps && life->out_done)
        want(life, over == 0 && end->left == 0, "bytes read, of all", peer->read_bytes, bytes);
}

static void close_life(struct worker *worker, struct leat_thread *thread)
{
    static const int64_t waits[] = {0, MS / 10, 20 * MS, 200 * MS};
    struct life *life = &worker->life;
    struct peer *peer = life->peer;
    struct leat_link_end end;
    struct leat_error error;
    int64_t deadline = life->patient && roll(life, 2) ? LEAT_FOREVER : leat_os_now_ns() + waits[roll(life, 4)];
    if (life->in_code != NONE && !life->echo && life->peer->kind != FILE_OUT)
        check_at_rest(life);
    empty_box(life);
    int rc = leat_link_close(life->link, deadline, &end, &error);
    count(&soak.held_over, life->held_count);
    release_held(life);                  /* messages outlive their link */
    leat_store(&peer->over, 1, release); /* edge "over" */
    if (peer->kind == FILE_OUT)
        start_peer(worker, thread);
    if (peer->kind != FILE_IN && peer->kind != GEN && peer->manner != ABSENT)
        end_peer(worker, thread);
    want(life, peer->wrong[0] == '\0', peer->wrong, 0, 0);
    check_in(life, &end);
    check_out(life, &end, rc);
    struct leat_pool_stats stats;
    leat_pool_stats(life->pool, &stats);
    want(life, stats.live == 0, "blocks of sent messages in use after close", stats.live, 0);
    count(&soak.frames_in, end.accepted);
    count(&soak.frames_out, end.delivered);
    count(&soak.bytes_in, peer->sent_bytes);
    count(&soak.bytes_out, end.delivered_bytes);
}

void soak_live(struct worker *worker, uint64_t number)
{
    struct life *life = &worker->life;
    struct leat_thread thread;
    *life = (struct life){.peer = &soak.peers[worker->index], .in_code = NONE, .out_code = NONE};
    life->in.frame = worker->in_frame;
    life->out.frame = worker->out_frame;
    life->pool = worker->pool;
    life->blocks = leat_pool_blocks(worker->pool);
    plan(life, number);
    life->in_done = life->options.directions == LEAT_OUT;
    life->out_done = life->options.directions == LEAT_IN;
    if (open_life(worker, &thread)) {
        life->began_ns = leat_os_now_ns();
        lead(life);
        close_life(worker, &thread);
    }
    (void)unlink(life->peer->path);
    count(&soak.lives, 1);
    count(&soak.processes, life->peer->process);
    count(&soak.manners[life->peer->manner], 1);
    count(&soak.kinds[life->peer->kind], 1);
}
