/* SPDX-License-Identifier: MIT */
/*
 * The ways a link receives, and the batches in which it writes. Every byte is a function of the frame's number, so a frame that is lost,
 * doubled, cut or mixed up is seen.
 */
#define _GNU_SOURCE
#include "link_shared.h"
#include "test.h"

#include <leat/link.h>
#include <leat/os.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

/* What one stream is made of: `count` frames of t8l32 (or of BER octet strings inside a sequence), in writes of up to `most_write` bytes.
 */
struct stream {
    uint64_t seed;
    int64_t count, largest, most_write;
    bool ber;
    int fd;
    bool answered; /* the writer has gone through */
};

/* The value length of frame i: mostly small, now and then around the sizes where something changes, and up to the largest. */
static int64_t length_of(const struct stream *stream, int64_t i)
{
    static const int64_t corners[] = {0, 43, 44, 251, 252, 4096, 65483, 65488, 65536, 131072};
    uint64_t state = stream->seed + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = test_random(&state);
    int64_t length = x % 8 < 5 ? (int64_t)(x >> 8) % 1500 : x % 8 < 7 ? corners[(x >> 8) % 10] : (int64_t)(x >> 8) % stream->largest;
    return length < stream->largest ? length : stream->largest;
}

/* Frame i into `frame`; returns its bytes. */
static int64_t make(const struct stream *stream, int64_t i, unsigned char *frame)
{
    int64_t length = length_of(stream, i), head = 5;
    uint64_t state = stream->seed ^ (uint64_t)i;
    uint32_t field = (uint32_t)length;
    if (stream->ber) { /* a sequence that holds one octet string: the framer looks inside */
        field = (uint32_t)length + 6;
        frame[head++] = 0x84;
        head = 6;
    }
    frame[0] = stream->ber ? 0x30 : (unsigned char)i;
    if (stream->ber)
        frame[1] = 0x84;
    for (int64_t at = 0; at < 4; at++)
        frame[head - 4 + at] = (unsigned char)(field >> (24 - 8 * at));
    if (stream->ber) {
        frame[head++] = 0x04;
        frame[head++] = 0x84;
        for (int64_t at = 0; at < 4; at++)
            frame[head++] = (unsigned char)((uint32_t)length >> (24 - 8 * at));
    }
    for (int64_t at = 0; at < length; at += 8) {
        uint64_t x = test_random(&state);
        memcpy(frame + head + at, &x, (size_t)(length - at < 8 ? length - at : 8));
    }
    return head + length;
}

static void *write_stream(void *context)
{
    struct stream *stream = context;
    uint64_t state = stream->seed + 1;
    unsigned char *frame = malloc((size_t)stream->largest + 64);
    for (int64_t i = 0; i < stream->count; i++) {
        int64_t bytes = make(stream, i, frame);
        for (int64_t at = 0; at < bytes;) {
            int64_t most = 1 + (int64_t)(test_random(&state) % (uint64_t)stream->most_write);
            ssize_t took = send(stream->fd, frame + at, (size_t)(bytes - at < most ? bytes - at : most), MSG_NOSIGNAL);
            if (took < 0)
                break;
            at += took;
        }
    }
    free(frame);
    shutdown(stream->fd, SHUT_WR);
    return NULL;
}

/* A link that listens, and a plain socket that called it. */
static struct leat_link *listen_and_call(struct stream *stream, const struct leat_link_options *options)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    char endpoint[128];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s/peer", folder);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/peer", folder);
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    stream->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(stream->fd, (struct sockaddr *)&name, sizeof name), 0);
    return link;
}

static void check(struct leat_msg *msg, const unsigned char *want, int64_t bytes, int64_t i, unsigned char *got)
{
    assert_true(leat_msg_valid(msg));
    if (leat_msg_size(msg) != bytes)
        fail_msg("frame %lld has %lld bytes, not %lld", (long long)i, (long long)leat_msg_size(msg), (long long)bytes);
    assert_int_equal(leat_msg_read(msg, 0, got, bytes), bytes);
    if (memcmp(got, want, (size_t)bytes) != 0)
        fail_msg("frame %lld differs", (long long)i);
}

/* As a loop of others would: try, arm, and wait for the descriptor. */
static int recv_in_a_loop(struct leat_link *link, struct leat_msg *msg)
{
    for (;;) {
        int rc = leat_link_recv(link, msg, 0);
        if (rc != -EAGAIN)
            return rc;
        if (leat_link_arm(link)) {
            struct pollfd fd = {.fd = leat_link_fd(link), .events = POLLIN};
            assert_int_equal(poll(&fd, 1, 20000), 1);
        }
    }
}

/* Sends the stream through the link and checks each frame; up to `keep` messages are kept a while. The stats are of the end. */
static void run(struct stream *stream, const struct leat_link_options *options, int64_t keep, struct leat_link_stats *stats)
{
    struct leat_link *link = listen_and_call(stream, options);
    unsigned char *want = malloc((size_t)stream->largest + 64), *got = malloc((size_t)stream->largest + 64);
    struct leat_msg *kept = calloc((size_t)keep + 1, sizeof *kept), msg;
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_stream, stream), 0);
    for (int64_t i = 0; i < stream->count; i++) {
        int rc = options->no_thread && i % 2 == 0 ? recv_in_a_loop(link, &msg) : leat_link_recv(link, &msg, LEAT_FOREVER);
        if (rc != 0)
            fail_msg("frame %lld: %d: %s", (long long)i, rc, leat_link_error(link)->text);
        check(&msg, want, make(stream, i, want), i, got);
        leat_msg_unref(&kept[i % (keep + 1)]);
        leat_msg_move(&kept[i % (keep + 1)], &msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    assert_int_equal(pthread_join(writer, NULL), 0);
    /* What was kept has not been overwritten. */
    for (int64_t i = stream->count > keep + 1 ? stream->count - keep - 1 : 0; i < stream->count; i++) {
        check(&kept[i % (keep + 1)], want, make(stream, i, want), i, got);
        leat_msg_unref(&kept[i % (keep + 1)]);
    }
    leat_link_stats(link, stats);
    assert_int_equal(stats->frames_in, stream->count);
    assert_int_equal(stats->pool.live, 0);
    assert_true(leat_link_valid(link));
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    close(stream->fd);
    free(kept);
    free(want);
    free(got);
}

static struct leat_link_options options_of(const char *dialect, enum leat_receive receive)
{
    return (struct leat_link_options){.directions = LEAT_IN, .dialect = leat_tlv_dialect(dialect), .receive = receive};
}

/* Fewer where a checker watches. */
static int64_t frames(int64_t usual)
{
    int64_t asked = test_items(INT64_MAX);
    return asked > 1000000 ? usual : asked > 100000 ? usual / 4 : usual / 30;
}

static void every_way_to_receive_gives_the_same_frames(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (int i = 0; i < 6; i++) {
        enum leat_receive way = (enum leat_receive)(i / 2);
        struct leat_link_options options = options_of("t8l32", way);
        options.no_thread = i % 2 == 1;
        struct stream stream = {.seed = seed, .count = frames(6000), .largest = 400000, .most_write = 200000};
        struct leat_link_stats stats;
        run(&stream, &options, 0, &stats);
        assert_int_equal(stats.frames_cut > 0, way != LEAT_RECEIVE_RING);
        assert_int_equal(stats.pinned_bytes, 0);
    }
}

static void frames_may_be_split_at_every_byte(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_BLOCKS);
    options.receive_block_bytes = 4096;
    options.receive_bytes = 64 * 4096;
    struct stream stream = {.seed = test_seed(), .count = frames(500), .largest = 3000, .most_write = 1};
    struct leat_link_stats stats;
    run(&stream, &options, 0, &stats);
    assert_true(stats.frames_cut > 0);
}

static void frames_of_blocks_that_end_anywhere_are_joined(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_BLOCKS);
    options.receive_block_bytes = 4096;
    options.receive_bytes = 64 * 4096;
    options.copy_bytes = 48;
    struct stream stream = {.seed = test_seed(), .count = frames(20000), .largest = 120000, .most_write = 9000};
    struct leat_link_stats stats;
    run(&stream, &options, 20, &stats);
    assert_true(stats.frames_cut > 0);
}

static void frames_that_are_looked_into_need_not_fit_a_block(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("ber", LEAT_RECEIVE_BLOCKS);
    struct stream stream = {.seed = test_seed(), .count = frames(4000), .largest = 300000, .most_write = 100000, .ber = true};
    struct leat_link_stats stats;
    run(&stream, &options, 3, &stats);
    assert_true(stats.frames_cut > 0 && stats.frames_cut < stats.frames_in);
}

static void messages_that_keep_all_blocks_make_the_link_copy(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_BLOCKS);
    options.receive_block_bytes = 8192;
    options.receive_bytes = 4 * 8192;
    struct stream stream = {.seed = test_seed(), .count = frames(6000), .largest = 2500, .most_write = 5000};
    struct leat_link_stats stats;
    run(&stream, &options, 150, &stats);
    assert_true(stats.starved > 0);
    assert_true(stats.frames_cut > 0 && stats.frames_cut < stats.frames_in);
}

static void the_size_of_frames_decides_how_they_are_received(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_AUTO);
    struct leat_link_stats stats;
    struct stream small = {.seed = test_seed(), .count = frames(20000), .largest = 100, .most_write = 3000};
    run(&small, &options, 0, &stats);
    assert_int_equal(stats.frames_cut, 0);
    /* Enough for a share to mean something: of a hundred frames most may be short. */
    struct stream large = {.seed = small.seed, .count = 1500, .largest = 60000, .most_write = 60000};
    run(&large, &options, 0, &stats);
    assert_true(stats.frames_cut > stats.frames_in / 4);
}

static void a_chain_that_is_cut_off_is_malformed(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_BLOCKS);
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    unsigned char *bytes = calloc(1, 300005);
    struct leat_msg msg;
    memcpy(bytes, "\1\0\4\x93\xe0", 5); /* 300,000 to come */
    assert_int_equal(send(stream.fd, bytes, 200000, 0), 200000);
    shutdown(stream.fd, SHUT_WR);
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EBADMSG);
    assert_non_null(strstr(leat_link_error(link)->text, "offset 0"));
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    assert_int_equal(stats.malformed, 1);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    close(stream.fd);
    free(bytes);
}

static void a_link_that_is_closed_in_the_middle_of_a_chain_gives_everything_back(void **state)
{
    (void)state;
    struct leat_link_options options = options_of("t8l32", LEAT_RECEIVE_BLOCKS);
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    unsigned char *bytes = calloc(1, 200000);
    struct leat_link_stats stats = {0};
    memcpy(bytes, "\1\0\4\x93\xe0", 5);
    assert_int_equal(send(stream.fd, bytes, 200000, 0), 200000);
    for (int i = 0; i < 5000 && stats.pinned_bytes < 5 * 65536; i++) {
        usleep(1000);
        leat_link_stats(link, &stats);
    }
    assert_true(stats.pinned_bytes >= 5 * 65536);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0); /* under ASan a block that is forgotten is a leak */
    close(stream.fd);
    free(bytes);
}

static void what_cannot_be_kept_of_receiving_is_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        struct leat_link_options options;
        const char *word;
    } bad[] = {
        {{.receive = (enum leat_receive)7}, "receive must"},
        {{.copy_bytes = 47}, "copy_bytes"},
        {{.copy_bytes = (1 << 20) + 1}, "copy_bytes"},
        {{.receive_block_bytes = 4095}, "receive_block_bytes"},
        {{.receive_block_bytes = (16 << 20) + 1}, "receive_block_bytes"},
        {{.receive_block_bytes = 65536, .receive_bytes = 4 * 65536 - 1}, "receive_bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct leat_link_options options = bad[i].options;
        struct leat_link *link = NULL;
        struct leat_error error;
        options.directions = LEAT_IN;
        options.dialect = leat_tlv_dialect("t8l32");
        assert_int_equal(leat_link_open(&link, "null:", &options, &error), -EINVAL);
        assert_non_null(strstr(error.text, bad[i].word));
    }
}

/* Garbage between frames is skipped and counted; every frame comes, at the end of the input too. */
static void after_garbage_the_link_finds_the_next_frame(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct leat_link_options options = options_of("der", (enum leat_receive)(i / 2));
        struct stream stream = {0};
        struct leat_link_stats stats;
        struct leat_msg msg;
        uint64_t chance = test_seed();
        unsigned char frame[1004] = {0x84, 0x82, 1000 / 256, 1000 % 256}, want[4];
        enum { COUNT = 300 };
        options.malformed = LEAT_MALFORMED_RESYNC;
        options.no_thread = i % 2 == 1;
        struct leat_link *link = listen_and_call(&stream, &options);
        FILE *file = fdopen(dup(stream.fd), "w");
        int64_t garbage = 0, count = 0;
        for (int j = 0; j < COUNT; j++) {
            memset(frame + 4, j, 1000);
            for (int64_t n = (int64_t)(test_random(&chance) % 40); n > 0; n--, garbage++)
                fputc(0x80, file); /* before another it is an indefinite length, which DER has not, and before a frame a length of 2 GiB */
            fwrite(frame, 1, sizeof frame, file);
            if (j % 7 == 6) /* in pieces, between which the link is out of step */
                fflush(file);
            for (; options.no_thread && count <= j && leat_link_recv(link, &msg, 0) == 0; count++) {
                assert_int_equal(leat_msg_read(&msg, 500, want, 1), 1);
                assert_int_equal(want[0], (unsigned char)count);
                leat_msg_unref(&msg);
            }
        }
        fwrite("\x80\x80\x04\x05", 1, 4, file); /* and an unfinished one */
        fclose(file);
        shutdown(stream.fd, SHUT_WR);
        int rc;
        for (; (rc = leat_link_recv(link, &msg, LEAT_FOREVER)) == 0; count++) {
            assert_int_equal(leat_msg_size(&msg), 1004);
            assert_int_equal(leat_msg_read(&msg, 500, want, 1), 1);
            assert_int_equal(want[0], (unsigned char)count);
            leat_msg_unref(&msg);
        }
        assert_int_equal(rc, -EPIPE);
        assert_int_equal(count, COUNT);
        leat_link_stats(link, &stats);
        assert_int_equal(stats.bytes_skipped, garbage + 4);
        assert_int_equal(stats.bytes_in, COUNT * 1004);
        assert_true(stats.malformed > 200 && stats.malformed <= COUNT + 1);
        assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
        close(stream.fd);
    }
}

/* ---- output ---- */

struct collector {
    int fd;
    unsigned char *bytes;
    int64_t count, most_read;
};

/* Reads everything, in small and odd pieces, so that the link's writes come back short. */
static void *collect(void *context)
{
    struct collector *collector = context;
    uint64_t state = 5;
    for (;;) {
        int64_t most = 1 + (int64_t)(test_random(&state) % (uint64_t)collector->most_read);
        ssize_t got = recv(collector->fd, collector->bytes + collector->count, (size_t)most, 0);
        if (got <= 0)
            return NULL;
        collector->count += got;
    }
}

static void forget(void *data, void *context)
{
    (void)data;
    ++*(int64_t *)context;
}

/* Messages of every kind, and slices that lie side by side, arrive as their bytes in a row. */
static void write_every_kind(bool no_thread)
{
    struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = no_thread};
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    int buffer = 4096;
    setsockopt(stream.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    struct leat_pool_config config = leat_os_pool_config(2048, 0);
    struct leat_pool *pool;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    struct leat_blocks blocks = leat_pool_blocks(pool);
    uint64_t chance = test_seed();
    int64_t count = frames(8000), total = 0, foreign = 0, freed = 0;
    enum { LARGEST = 200000 };
    unsigned char *source = malloc(LARGEST + 1), *want = malloc((size_t)count * 4000 + 2 * LARGEST);
    for (int64_t i = 0; i < LARGEST; i++)
        source[i] = (unsigned char)test_random(&chance);
    struct collector collector = {.fd = stream.fd, .bytes = malloc((size_t)count * 4000 + 2 * LARGEST), .most_read = 30000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, collect, &collector), 0);
    for (int64_t i = 0; i < count; i++) {
        struct leat_msg whole, part;
        uint64_t x = test_random(&chance);
        int64_t kind = (int64_t)(x % 16), at = (int64_t)(x >> 8) % 1000, bytes = (int64_t)(x >> 20) % 3000;
        if (kind < 4) {
            bytes %= 60;
        } else if (i == count / 2) {
            at = 0;
            bytes = LARGEST; /* a chain of more pieces than one batch has spans */
        }
        if (kind == 15) {
            assert_int_equal(leat_msg_from_buf(&whole, &blocks, source + at, bytes, forget, &freed), 0);
            foreign++;
        } else {
            assert_int_equal(leat_msg_copy(&whole, &blocks, source + at, bytes), 0);
        }
        if (kind >= 10 && kind < 15) { /* in pieces that lie side by side */
            for (int64_t from = 0; from < bytes;) {
                int64_t size = bytes - from < 1 + at ? bytes - from : 1 + at;
                assert_int_equal(leat_msg_slice(&part, &whole, from, size), 0);
                assert_int_equal(leat_link_send(link, &part, LEAT_FOREVER), 0);
                from += size;
            }
            leat_msg_unref(&whole);
        } else {
            assert_int_equal(leat_link_send(link, &whole, LEAT_FOREVER), 0);
        }
        memcpy(want + total, source + at, (size_t)bytes);
        total += bytes;
        if (x % 5 == 0)
            leat_link_flush(link);
    }
    struct leat_link_end end;
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, &end, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(end.delivered_bytes, total);
    assert_int_equal(end.left, 0);
    assert_int_equal(collector.count, total);
    assert_memory_equal(collector.bytes, want, (size_t)total);
    assert_int_equal(freed, foreign);
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    close(stream.fd);
    free(collector.bytes);
    free(want);
    free(source);
}

static void every_kind_of_message_is_written_byte_for_byte(void **state)
{
    (void)state;
    write_every_kind(false);
}

static void every_kind_of_message_is_written_without_a_thread(void **state)
{
    (void)state;
    write_every_kind(true);
}

/* ---- without a thread ---- */

/* One end of a conversation in one thread: sends frame after frame, or sends back what it gets. */
struct end {
    struct leat_link *link;
    int64_t sent, got, count;
    bool echoes, over;
};

/* Everything that can be done for this end without waiting. */
static void serve(struct end *end)
{
    static const struct leat_blocks none;
    struct leat_msg msg;
    int rc;
    while ((rc = leat_link_recv(end->link, &msg, 0)) == 0) {
        assert_int_equal(leat_msg_size(&msg), 43);
        assert_int_equal(((unsigned char *)leat_msg_data(&msg))[3], (unsigned char)end->got);
        end->got++;
        if (end->echoes) {
            assert_int_equal(leat_link_send(end->link, &msg, LEAT_FOREVER), 0);
        }
    }
    end->over = rc == -EPIPE;
    while (!end->echoes && end->sent < end->count && end->sent < end->got + 3000) {
        unsigned char frame[43] = {1, 0, 40, (unsigned char)end->sent};
        assert_int_equal(leat_msg_copy(&msg, &none, frame, sizeof frame), 0);
        if (leat_link_send(end->link, &msg, 0) != 0)
            break;
        end->sent++;
    }
    leat_link_flush(end->link);
}

static void one_thread_holds_both_ends_in_a_loop(void **state)
{
    (void)state;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = true, .high_water_messages = 500};
    struct leat_error error;
    struct end ends[2] = {{.count = frames(50000)}, {.echoes = true}};
    char address[128];
    snprintf(address, sizeof address, "unix-listen:%s/both", folder);
    assert_int_equal(leat_link_open(&ends[1].link, address, &options, &error), 0);
    snprintf(address, sizeof address, "unix:%s/both", folder);
    assert_int_equal(leat_link_open(&ends[0].link, address, &options, &error), 0);
    int64_t sleeps = 0;
    while (ends[0].got < ends[0].count) {
        struct pollfd fds[2];
        bool arms = true;
        for (int i = 0; i < 2; i++) {
            serve(&ends[i]);
            fds[i] = (struct pollfd){.fd = leat_link_fd(ends[i].link), .events = POLLIN};
        }
        for (int i = 0; i < 2; i++)
            arms = leat_link_arm(ends[i].link) && arms;
        if (arms && ends[0].got < ends[0].count) {
            assert_true(poll(fds, 2, 20000) > 0);
            sleeps++;
        }
    }
    assert_int_equal(ends[1].got, ends[0].count);
    struct leat_link_end end;
    assert_int_equal(leat_link_close(ends[0].link, LEAT_FOREVER, &end, NULL), 0);
    assert_int_equal(end.delivered, ends[0].count);
    for (int i = 0; i < 100 && !ends[1].over; i++) { /* the other end hears of it */
        struct pollfd fd = {.fd = leat_link_fd(ends[1].link), .events = POLLIN};
        if (leat_link_arm(ends[1].link))
            assert_int_equal(poll(&fd, 1, 20000), 1);
        serve(&ends[1]);
    }
    assert_true(ends[1].over);
    assert_int_equal(leat_link_close(ends[1].link, LEAT_FOREVER, &end, NULL), 0);
    assert_int_equal(end.delivered, ends[0].count);
    assert_int_equal(end.left, 0);
    print_message("%lld sleeps\n", (long long)sleeps);
}

static void a_link_without_a_thread_keeps_its_deadlines(void **state)
{
    (void)state;
    static const struct leat_blocks none;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = true, .high_water_messages = 4};
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    struct leat_msg msg;
    int64_t begin = leat_os_now_ns();
    assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
    assert_int_equal(leat_link_recv(link, &msg, begin + 30000000), -ETIMEDOUT);
    assert_true(leat_os_now_ns() - begin >= 30000000);
    int rc = 0;
    int64_t sent = 0;
    static unsigned char frame[40];
    for (; rc == 0; sent += rc == 0) { /* nobody reads: the socket fills, then the pipe */
        assert_int_equal(leat_msg_copy(&msg, &none, frame, sizeof frame), 0);
        begin = leat_os_now_ns();
        rc = leat_link_send(link, &msg, begin + 30000000);
    }
    assert_int_equal(rc, -ETIMEDOUT);
    assert_true(leat_os_now_ns() - begin >= 30000000);
    leat_msg_unref(&msg);
    struct leat_link_end end;
    begin = leat_os_now_ns();
    assert_int_equal(leat_link_close(link, begin + 30000000, &end, NULL), -ETIMEDOUT);
    assert_int_equal(end.delivered + end.left, sent);
    assert_true(end.left > 0);
    close(stream.fd);
}

static void an_idle_link_without_a_thread_learns_that_its_reader_left(void **state)
{
    (void)state;
    struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = true};
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    struct pollfd fd = {.fd = leat_link_fd(link), .events = POLLIN};
    while (leat_link_arm(link) && poll(&fd, 1, 0) == 1) { /* accepts */
    }
    assert_int_equal(leat_link_check_send(link), 0);
    assert_int_equal(poll(&fd, 1, 0), 0);
    close(stream.fd);
    assert_int_equal(poll(&fd, 1, 20000), 1);
    (void)leat_link_arm(link);
    assert_int_equal(leat_link_check_send(link), -EPIPE);
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
}

static void a_file_without_a_thread_is_always_ready(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/frames", folder);
    FILE *file = fopen(path, "w");
    enum { COUNT = 30000 };
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(fwrite("\1\0\2ab", 1, 5, file), 5);
    fclose(file);
    struct leat_link_options options = options_of("t8l16", LEAT_RECEIVE_AUTO);
    struct leat_link *link = NULL;
    struct leat_msg msg;
    options.no_thread = true;
    options.high_water_messages = 100;
    assert_int_equal(leat_link_open(&link, path, &options, NULL), 0);
    int64_t count = 0;
    while (recv_in_a_loop(link, &msg) == 0)
        count++;
    assert_int_equal(count, COUNT);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    unlink(path);
}

/* Drain says 0 exactly when the device has everything. */
static void drain_waits_until_everything_is_out(void **state)
{
    (void)state;
    static const struct leat_blocks none;
    for (int i = 0; i < 2; i++) {
        struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = i == 1};
        struct stream stream = {0};
        struct leat_link *link = listen_and_call(&stream, &options);
        static unsigned char bytes[40], some[65536];
        struct leat_link_stats stats;
        struct leat_msg msg;
        assert_int_equal(leat_link_drain(link, 0), 0); /* nothing was sent */
        for (int j = 0; j < 300; j++) {                /* each time whoever waits and whoever writes meet anew */
            assert_int_equal(leat_msg_copy(&msg, &none, bytes, sizeof bytes), 0);
            assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
            assert_int_equal(leat_link_drain(link, LEAT_FOREVER), 0);
            leat_link_stats(link, &stats);
            assert_int_equal(stats.frames_out, j + 1);
            assert_int_equal(recv(stream.fd, some, sizeof bytes, MSG_WAITALL), sizeof bytes);
        }
        int64_t sent = 300, begin;
        for (; sent < 20000; sent++) { /* more than the socket holds */
            assert_int_equal(leat_msg_copy(&msg, &none, bytes, sizeof bytes), 0);
            if (leat_link_send(link, &msg, leat_os_now_ns() + 50000000) != 0)
                break;
        }
        leat_msg_unref(&msg);
        begin = leat_os_now_ns();
        assert_int_equal(leat_link_drain(link, begin + 20000000), -ETIMEDOUT);
        assert_true(leat_os_now_ns() - begin >= 20000000);
        assert_int_equal(leat_link_drain(link, 0), -EAGAIN);
        close(stream.fd);
        int rc = leat_link_drain(link, LEAT_FOREVER);
        assert_true(rc == -EPIPE || rc == -ECONNRESET);
        (void)leat_link_close(link, 0, NULL, NULL);
    }
}

/* A peer that stops reading in the middle of a batch: the ledger counts whole frames only, and what was held is given back. */
static void a_batch_that_is_cut_off_is_counted_by_whole_frames(void **state)
{
    (void)state;
    struct leat_link_options options = {.directions = LEAT_OUT};
    struct stream stream = {0};
    struct leat_link *link = listen_and_call(&stream, &options);
    static const struct leat_blocks none;
    unsigned char bytes[40] = {0};
    enum { COUNT = 4000 };
    for (int i = 0; i < COUNT; i++) {
        struct leat_msg msg;
        assert_int_equal(leat_msg_copy(&msg, &none, bytes, sizeof bytes), 0);
        assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
    }
    leat_link_flush(link);
    int64_t got = 0;
    unsigned char some[1000];
    while (got < 20000) {
        ssize_t now = recv(stream.fd, some, sizeof some, 0);
        assert_true(now > 0);
        got += now;
    }
    close(stream.fd);
    for (int i = 0; i < 2000 && leat_link_check_send(link) == 0; i++) { /* until the link has seen that the peer left */
        struct leat_msg msg;
        assert_int_equal(leat_msg_copy(&msg, &none, bytes, sizeof bytes), 0);
        if (leat_link_send(link, &msg, 0) != 0)
            leat_msg_unref(&msg);
        leat_link_flush(link);
        usleep(1000);
    }
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    struct leat_link_end end;
    (void)leat_link_close(link, leat_os_now_ns() + 1000000000, &end, NULL);
    assert_int_equal(end.delivered + end.left, stats.frames_sent);
    assert_int_equal(end.delivered_bytes, end.delivered * (int64_t)sizeof bytes);
    assert_true(end.delivered_bytes >= got - (int64_t)sizeof bytes);
}

/* Memory of rings that is resident, of the whole process. */
static int64_t ring_memory(void)
{
    char line[128];
    long long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) && sscanf(line, "RssShmem: %lld", &kib) != 1) {
    }
    fclose(status);
    return kib * 1024;
}

/* However much comes through a link whose last frame is always cut, it waits with no block, and with little of its ring. */
static void a_link_that_waits_holds_little_memory(void **state)
{
    (void)state;
    for (enum leat_receive receive = LEAT_RECEIVE_RING; receive <= LEAT_RECEIVE_BLOCKS; receive++) {
        struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l32"), .no_thread = true, .receive = receive};
        struct stream stream = {0};
        struct leat_link *link = listen_and_call(&stream, &options);
        struct leat_link_stats stats;
        struct leat_msg msg;
        static unsigned char frames[32 * 1024]; /* of 1 KiB each */
        int64_t before = ring_memory();
        for (size_t at = 0; at < sizeof frames; at += 1024)
            memcpy(frames + at, (unsigned char[]){1, 0, 0, (1024 - 5) >> 8, (1024 - 5) & 255}, 5);
        assert_int_equal(send(stream.fd, frames, 500, 0), 500);
        for (int i = 0; i < 100; i++) { /* 3 MiB */
            assert_int_equal(send(stream.fd, frames + 500, sizeof frames - 500, 0), sizeof frames - 500);
            assert_int_equal(send(stream.fd, frames, 500, 0), 500);
            for (size_t at = 0; at < sizeof frames; at += 1024) {
                assert_int_equal(leat_link_recv(link, &msg, 0), 0);
                check(&msg, frames, 1024, i, (unsigned char[1024]){0});
                leat_msg_unref(&msg);
            }
            assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
            leat_link_stats(link, &stats);
            assert_int_equal(stats.pinned_bytes, 0);
        }
        assert_in_range(ring_memory() - before, 4096, 256 * 1024);
        close(stream.fd);
        leat_link_close(link, 0, NULL, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_receive_gives_the_same_frames),
        cmocka_unit_test(frames_may_be_split_at_every_byte),
        cmocka_unit_test(frames_of_blocks_that_end_anywhere_are_joined),
        cmocka_unit_test(frames_that_are_looked_into_need_not_fit_a_block),
        cmocka_unit_test(messages_that_keep_all_blocks_make_the_link_copy),
        cmocka_unit_test(the_size_of_frames_decides_how_they_are_received),
        cmocka_unit_test(a_chain_that_is_cut_off_is_malformed),
        cmocka_unit_test(a_link_that_is_closed_in_the_middle_of_a_chain_gives_everything_back),
        cmocka_unit_test(what_cannot_be_kept_of_receiving_is_refused_in_words),
        cmocka_unit_test(after_garbage_the_link_finds_the_next_frame),
        cmocka_unit_test(every_kind_of_message_is_written_byte_for_byte),
        cmocka_unit_test(every_kind_of_message_is_written_without_a_thread),
        cmocka_unit_test(one_thread_holds_both_ends_in_a_loop),
        cmocka_unit_test(a_link_without_a_thread_keeps_its_deadlines),
        cmocka_unit_test(an_idle_link_without_a_thread_learns_that_its_reader_left),
        cmocka_unit_test(a_file_without_a_thread_is_always_ready),
        cmocka_unit_test(drain_waits_until_everything_is_out),
        cmocka_unit_test(a_batch_that_is_cut_off_is_counted_by_whole_frames),
        cmocka_unit_test(a_link_that_waits_holds_little_memory),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-receive-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
