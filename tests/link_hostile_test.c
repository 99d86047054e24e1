/* SPDX-License-Identifier: MIT */
/*
 * Links whose peers and whose system are no friends: readers that sleep, frames in two pieces at every byte, resets, stalls, bytes that
 * drip, descriptors that run out. Each is tried with every way to receive, with and without a thread.
 */
#define _GNU_SOURCE
#include "link_shared.h"
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <leat/link.h>
#include <leat/os.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define SOON (leat_os_now_ns() + 10000 * MS) /* what must come has come by then */
#define HEAD 5                               /* bytes of t8l32: a type, and the length of what follows, big endian */

static char folder[64];

/* ---- every way ---- */

struct way {
    enum leat_receive receive;
    bool no_thread;
};

static const struct way ways[] = {
    {LEAT_RECEIVE_RING, false}, {LEAT_RECEIVE_BLOCKS, false}, {LEAT_RECEIVE_AUTO, false},
    {LEAT_RECEIVE_RING, true},  {LEAT_RECEIVE_BLOCKS, true},  {LEAT_RECEIVE_AUTO, true},
};
#define WAYS (sizeof ways / sizeof ways[0])

static struct leat_link_options options_of(const struct way *way, unsigned directions)
{
    return (struct leat_link_options){
        .directions = directions, .dialect = leat_tlv_dialect("t8l32"), .receive = way->receive, .no_thread = way->no_thread};
}

/* ---- frames ---- */

/* Frame i, of `size` bytes in all; every byte is a function of its number and place. */
static void make(unsigned char *frame, int64_t i, int64_t size)
{
    uint64_t length = (uint64_t)(size - HEAD);
    frame[0] = (unsigned char)(i + 1);
    for (int at = 1; at < HEAD; at++)
        frame[at] = (unsigned char)(length >> (8 * (HEAD - 1 - at)));
    for (int64_t at = HEAD; at < size; at++)
        frame[at] = (unsigned char)(i * 31 + at * 7 + at / 251);
}

static void check_msg(struct leat_msg *msg, const unsigned char *want, int64_t size)
{
    unsigned char *got = malloc((size_t)size);
    assert_true(leat_msg_valid(msg));
    assert_int_equal(leat_msg_size(msg), size);
    assert_int_equal(leat_msg_read(msg, 0, got, size), size);
    assert_memory_equal(got, want, (size_t)size);
    free(got);
}

/* The next frame comes, and is this one; *msg is the caller's. */
static void receive_and_keep(struct leat_link *link, struct leat_msg *msg, const unsigned char *want, int64_t size)
{
    int rc = leat_link_recv(link, msg, SOON);
    if (rc != 0)
        fail_msg("%d: %s", rc, leat_link_error(link)->text);
    check_msg(msg, want, size);
}

static void receive(struct leat_link *link, const unsigned char *want, int64_t size)
{
    struct leat_msg msg;
    receive_and_keep(link, &msg, want, size);
    leat_msg_unref(&msg);
}

/* ---- peers ---- */

static struct leat_link *open_link(const char *endpoint, const struct leat_link_options *options)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

/* A link that listens on a local socket, and in *peer a plain socket that called it. */
static struct leat_link *called_locally(const struct leat_link_options *options, int *peer)
{
    char endpoint[128];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s/peer", folder);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/peer", folder);
    struct leat_link *link = open_link(endpoint, options);
    *peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*peer, (struct sockaddr *)&name, sizeof name), 0);
    leat_link_step(link);
    return link;
}

/* The same over TCP, whose peers can be reset. */
static struct leat_link *called_by_tcp(const struct leat_link_options *options, int *peer)
{
    struct leat_link *link = open_link("tcp-listen://127.0.0.1:0", options);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    name.sin_port = htons((uint16_t)atoi(strrchr(leat_link_name(link), ':') + 1));
    *peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*peer, (struct sockaddr *)&name, sizeof name), 0);
    leat_link_step(link);
    return link;
}

static void send_all(int peer, const unsigned char *bytes, int64_t count)
{
    for (int64_t at = 0; at < count;) {
        ssize_t took = send(peer, bytes + at, (size_t)(count - at), MSG_NOSIGNAL);
        assert_true(took > 0);
        at += took;
    }
}

/* The link has read everything that the local socket was given, and there is no further frame in it. */
static void nothing_more(struct leat_link *link, int peer)
{
    struct leat_msg msg;
    int64_t deadline = SOON;
    int left = 1;
    while (left != 0) {
        assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
        assert_int_equal(ioctl(peer, SIOCOUTQ, &left), 0);
        assert_true(leat_os_now_ns() < deadline);
        sched_yield();
    }
    assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
}

static void close_clean(struct leat_link *link, int64_t accepted)
{
    struct leat_link_end end;
    assert_true(leat_link_valid(link));
    assert_int_equal(leat_link_close(link, SOON, &end, NULL), 0);
    assert_int_equal(end.accepted, accepted);
    assert_int_equal(end.unread, 0);
    assert_int_equal(end.left, 0);
}

/* ---- situation 34: splits ---- */

/* Several frames in a row, among them the largest and the smallest that are allowed. */
struct script {
    unsigned char *bytes;
    int64_t count, sizes[8], total, max_frame;
};

static void script_make(struct script *script, int64_t max_frame)
{
    const int64_t sizes[] = {HEAD, HEAD + 1, 48, 49, max_frame, HEAD, 300, max_frame - 1};
    *script = (struct script){.count = 8, .max_frame = max_frame};
    memcpy(script->sizes, sizes, sizeof sizes);
    for (int i = 0; i < 8; i++)
        script->total += sizes[i];
    script->bytes = malloc((size_t)script->total);
    unsigned char *at = script->bytes;
    for (int i = 0; i < 8; at += sizes[i++])
        make(at, i, sizes[i]);
}

/* The last messages are kept a while, so that a block that they lie in is not the link's alone; at their end nobody has written to them. */
static struct kept {
    struct leat_msg msg;
    const unsigned char *want;
    int64_t size;
} keeps[3];

static void let_go(struct kept *one)
{
    if (one->want)
        check_msg(&one->msg, one->want, one->size);
    leat_msg_unref(&one->msg);
    one->want = NULL;
}

/* Those frames of the script that end within `from` .. `to` come out. */
static void receive_between(struct leat_link *link, const struct script *script, int64_t from, int64_t to)
{
    static unsigned turn;
    int64_t at = 0;
    for (int64_t i = 0; i < script->count; at += script->sizes[i++]) {
        if (at + script->sizes[i] <= from || at + script->sizes[i] > to)
            continue;
        struct kept *one = &keeps[turn++ % 3];
        let_go(one);
        one->want = script->bytes + at;
        one->size = script->sizes[i];
        receive_and_keep(link, &one->msg, one->want, one->size);
    }
}

static void let_all_go(void)
{
    for (int i = 0; i < 3; i++)
        let_go(&keeps[i]);
}

/* The script over and over, in two writes that meet at every byte; what is whole after the first is there before the second. */
static int64_t split_everywhere(struct leat_link *link, int peer, const struct script *script, int64_t stride)
{
    int64_t rounds = 0;
    for (int64_t split = 0; split <= script->total; split += split < 200 ? 1 : stride, rounds++) {
        send_all(peer, script->bytes, split);
        receive_between(link, script, 0, split);
        nothing_more(link, peer);
        send_all(peer, script->bytes + split, script->total - split);
        receive_between(link, script, split, script->total);
    }
    return rounds;
}

/* A frame of one byte too many: refused once its head is there, and not before. */
static void refuse_at_every_split(const struct leat_link_options *options, const struct script *script)
{
    unsigned char *large = malloc((size_t)script->max_frame + 1);
    struct leat_msg msg;
    make(large, 7, script->max_frame + 1);
    for (int64_t split = 0; split <= HEAD; split++) {
        int peer;
        struct leat_link *link = called_locally(options, &peer);
        send_all(peer, script->bytes, script->total);
        send_all(peer, large, split);
        receive_between(link, script, 0, script->total);
        if (split < HEAD) {
            nothing_more(link, peer);
            send_all(peer, large + split, HEAD - split);
        }
        for (int again = 0; again < 2; again++) { /* the link stops there: it is told again */
            assert_int_equal(leat_link_recv(link, &msg, SOON), -EBADMSG);
            assert_int_equal(leat_link_error(link)->offset, script->total);
            assert_string_equal(leat_link_error(link)->rule, leat_tlv_rule_text(LEAT_TLV_FRAME_LIMIT));
        }
        let_all_go();
        close_clean(link, script->count);
        close(peer);
    }
    free(large);
}

static void split(int64_t max_frame, int64_t receive_block_bytes, int64_t stride)
{
    struct script script;
    script_make(&script, max_frame);
    for (size_t i = 0; i < WAYS; i++) {
        struct leat_link_options options = options_of(&ways[i], LEAT_IN);
        struct leat_link_stats stats;
        struct leat_msg msg;
        int peer;
        options.max_frame = max_frame;
        options.receive_block_bytes = receive_block_bytes;
        options.receive_bytes = 64 * receive_block_bytes;
        options.copy_bytes = 48;
        struct leat_link *link = called_locally(&options, &peer);
        int64_t rounds = split_everywhere(link, peer, &script, stride);
        shutdown(peer, SHUT_WR);
        assert_int_equal(leat_link_recv(link, &msg, SOON), -EPIPE);
        let_all_go();
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_in, rounds * script.count);
        assert_int_equal(stats.bytes_in, rounds * script.total);
        assert_int_equal(stats.frames_cut > 0, ways[i].receive != LEAT_RECEIVE_RING);
        assert_int_equal(stats.pool.live, 0);
        assert_int_equal(stats.pinned_bytes, 0);
        close_clean(link, rounds * script.count);
        close(peer);
        refuse_at_every_split(&options, &script);
    }
    free(script.bytes);
}

static void frames_split_at_every_byte_are_the_same_frames(void **state)
{
    (void)state;
    split(700, 65536, test_items(1) == 1 ? 1 : 97);
}

static void frames_larger_than_a_block_split_anywhere_are_the_same_frames(void **state)
{
    (void)state;
    split(9000, 4096, test_items(13) == 13 ? 13 : 997);
}

/* ---- situation 21: slow readers ---- */

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

enum { FLOOD_FRAME = 1500, FLOOD_MESSAGES = 64 };

struct flood {
    int fd;
    int64_t count;
};

/* As much as the link takes, and it is given everything. */
static void *flood(void *context)
{
    struct flood *flood = context;
    unsigned char frame[FLOOD_FRAME];
    for (int64_t i = 0; i < flood->count; i++) {
        make(frame, i, sizeof frame);
        for (size_t at = 0; at < sizeof frame;) {
            ssize_t took = send(flood->fd, frame + at, sizeof frame - at, MSG_NOSIGNAL);
            if (took <= 0)
                return NULL; /* the link receives too few, which is seen there */
            at += (size_t)took;
        }
    }
    shutdown(flood->fd, SHUT_WR);
    return NULL;
}

/* Nothing is more than was allowed; nor was it ever. */
static void within_limits(struct leat_link *link, const struct leat_link_options *options, int64_t resident_before)
{
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    assert_true(stats.pipe_in_items <= options->high_water_messages);
    assert_true(stats.pipe_in_peak <= options->high_water_messages);
    assert_true(stats.pool.peak * options->block_bytes <= options->high_water_bytes);
    assert_true(stats.pinned_bytes <= options->receive_bytes);
    assert_true(stats.ring_used <= stats.ring_size);
    assert_true(leat_link_valid(link));
    if (!TEST_SANITIZED && !test_under_valgrind()) {
        int64_t most = options->high_water_bytes + options->receive_bytes + stats.ring_size + (1 << 20);
        assert_true(resident_bytes() - resident_before <= most);
    }
}

static void a_reader_that_sleeps_bounds_memory_and_loses_nothing(void **state)
{
    (void)state;
    int64_t count = test_items(20000) < 20000 ? 1000 : 20000; /* 30 MB */
    for (size_t i = 0; i < WAYS; i++) {
        struct leat_link_options options = options_of(&ways[i], LEAT_IN);
        options.max_frame = 4096;
        options.high_water_messages = FLOOD_MESSAGES;
        options.block_bytes = 2048;
        options.high_water_bytes = 65536;
        options.receive_block_bytes = 8192;
        options.receive_bytes = 8 * 8192;
        int64_t resident = resident_bytes();
        struct flood peer = {.count = count};
        struct leat_link *link = called_locally(&options, &peer.fd);
        unsigned char want[FLOOD_FRAME];
        struct leat_msg msg;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, flood, &peer), 0);
        for (int64_t j = 0; j < count; j++) {
            if (j % (count / 4) == 7) { /* asleep, while the peer writes what it can; without a thread steps are what a loop would do */
                for (int wink = 0; wink < 10; wink++) {
                    usleep(3000);
                    leat_link_step(link);
                    within_limits(link, &options, resident);
                }
            }
            make(want, j, sizeof want);
            receive(link, want, sizeof want);
        }
        assert_int_equal(leat_link_recv(link, &msg, SOON), -EPIPE);
        within_limits(link, &options, resident);
        assert_int_equal(pthread_join(thread, NULL), 0);
        close_clean(link, count);
        close(peer.fd);
    }
}

/* Sends frame i, and says what send did. */
static int try_send(struct leat_link *link, int64_t i, int64_t deadline_ns)
{
    static const struct leat_blocks none;
    struct leat_msg msg;
    unsigned char frame[40];
    make(frame, i, sizeof frame);
    assert_int_equal(leat_msg_copy(&msg, &none, frame, sizeof frame), 0);
    int rc = leat_link_send(link, &msg, deadline_ns);
    if (rc != 0) {
        assert_int_equal(leat_msg_size(&msg), sizeof frame); /* still ours */
        leat_msg_unref(&msg);
    }
    return rc;
}

/* Sends until there is no room, by the policy of the deadline; returns how many were taken. */
static int64_t fill_up(struct leat_link *link, int64_t sent, int64_t most, bool patient)
{
    int rc = 0;
    for (; sent < most; sent++) {
        int64_t begin = leat_os_now_ns();
        rc = try_send(link, sent, patient ? begin + 30 * MS : 0);
        if (rc == 0)
            continue;
        assert_int_equal(rc, patient ? -ETIMEDOUT : -EAGAIN);
        int64_t took = leat_os_now_ns() - begin;
        assert_true(patient ? took >= 30 * MS && took < 5000 * MS : took < 5000 * MS);
        break;
    }
    assert_true(sent < most); /* it would take everything */
    return sent;
}

static void a_peer_that_does_not_read_makes_send_say_so_and_gets_everything(void **state)
{
    (void)state;
    for (int no_thread = 0; no_thread < 2; no_thread++) {
        struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = no_thread, .high_water_messages = FLOOD_MESSAGES};
        struct leat_link_stats stats;
        int peer;
        struct leat_link *link = called_locally(&options, &peer);
        int64_t sent = fill_up(link, 0, 100000, true);
        sent = fill_up(link, sent, 100000, false);
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_sent, sent);
        assert_true(stats.pipe_out_peak <= options.high_water_messages);
        assert_true(stats.pipe_out_items <= options.high_water_messages + 1024); /* and a batch, which is on its way */
        assert_int_equal(leat_link_drain(link, leat_os_now_ns() + 5 * MS), -ETIMEDOUT);
        for (int64_t i = 0; i < sent; i++) {
            unsigned char want[40], got[40];
            make(want, i, sizeof want);
            if (no_thread)
                leat_link_step(link);
            assert_int_equal(recv(peer, got, sizeof got, MSG_WAITALL), sizeof got);
            assert_memory_equal(got, want, sizeof got);
        }
        assert_int_equal(leat_link_drain(link, SOON), 0);
        assert_int_equal(recv(peer, &stats, 1, MSG_DONTWAIT), -1); /* and not a byte more */
        close_clean(link, 0);
        close(peer);
    }
}

/* ---- situation 35: resets, stalls, drips ---- */

static void reset(int peer)
{
    struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(peer);
}

/* Whether the stream ends between frames or in the midst of one, by a reset or by its end: all before it is there, and the reason. */
static void break_off(const struct way *way, bool resets, int64_t more)
{
    enum { COUNT = 20, SIZE = 700 };
    struct leat_link_options options = options_of(way, LEAT_IN | LEAT_OUT);
    unsigned char frame[SIZE];
    struct leat_link_end end;
    struct leat_msg msg;
    int peer;
    struct leat_link *link = called_by_tcp(&options, &peer);
    for (int i = 0; i < COUNT; i++) {
        make(frame, i, SIZE);
        send_all(peer, frame, SIZE);
    }
    make(frame, COUNT, SIZE);
    send_all(peer, frame, more);
    for (int i = 0; i < COUNT; i++) { /* before the reset, which takes with it what was not read yet */
        make(frame, i, SIZE);
        receive(link, frame, SIZE);
    }
    assert_int_equal(leat_link_recv(link, &msg, leat_os_now_ns() + 5 * MS), -ETIMEDOUT);
    if (resets)
        reset(peer);
    else
        shutdown(peer, SHUT_WR);
    int want = resets ? -ECONNRESET : more > 0 ? -EBADMSG : -EPIPE;
    for (int again = 0; again < 2; again++)
        assert_int_equal(leat_link_recv(link, &msg, SOON), want);
    assert_int_equal(leat_link_error(link)->code, want == -EPIPE ? 0 : want);
    assert_int_equal(leat_link_error(link)->offset, want == -EPIPE ? -1 : COUNT * SIZE);
    if (want != -EPIPE)
        assert_int_equal(strncmp(leat_link_error(link)->text, leat_link_name(link), strlen(leat_link_name(link))), 0);
    int64_t deadline = SOON;
    while (resets && leat_link_check_send(link) == 0) /* the other way is over too; after a mere end it is not */
        assert_true(leat_os_now_ns() < deadline);
    assert_int_equal(try_send(link, 0, 0), resets ? -EPIPE : 0);
    assert_true(leat_link_valid(link));
    assert_int_equal(leat_link_close(link, SOON, &end, NULL), 0);
    assert_int_equal(end.accepted, COUNT);
    assert_int_equal(end.unread, 0);
    assert_int_equal(end.delivered + end.left, resets ? 0 : 1);
    if (!resets)
        close(peer);
}

static void a_stream_that_breaks_off_says_why_after_all_before_it(void **state)
{
    (void)state;
    const int64_t more[] = {0, 1, HEAD - 1, HEAD, 300, 699};
    for (size_t i = 0; i < WAYS; i++)
        for (int resets = 0; resets < 2; resets++)
            for (size_t j = 0; j < sizeof more / sizeof more[0]; j++)
                break_off(&ways[i], resets, more[j]);
}

/* A peer that resets while it is written to: what was sent is delivered or left, by whole frames. */
static void a_peer_that_resets_while_it_is_written_to_is_counted_by_whole_frames(void **state)
{
    (void)state;
    for (int no_thread = 0; no_thread < 2; no_thread++) {
        struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = no_thread, .high_water_messages = FLOOD_MESSAGES};
        struct leat_link_stats stats;
        struct leat_link_end end;
        struct leat_error error;
        int peer;
        struct leat_link *link = called_by_tcp(&options, &peer);
        int64_t sent = 0, begin = leat_os_now_ns();
        while (try_send(link, sent, leat_os_now_ns() + 30 * MS) == 0)
            sent++;
        reset(peer);
        while (leat_link_check_send(link) == 0)
            assert_true(leat_os_now_ns() - begin < 20000 * MS);
        int code = leat_link_check_send(link);
        assert_true(code == -EPIPE || code == -ECONNRESET);
        assert_int_equal(try_send(link, sent, SOON), code);
        assert_int_equal(leat_link_drain(link, SOON), code);
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_sent, sent);
        assert_true(leat_link_valid(link));
        assert_int_equal(leat_link_close(link, SOON, &end, &error), code);
        assert_int_equal(end.delivered + end.left, sent);
        assert_true(end.left > 0);
        assert_int_equal(end.delivered_bytes, end.delivered * 40);
        assert_true(error.offset >= end.delivered_bytes && error.offset < end.delivered_bytes + 40);
    }
}

static void a_peer_that_stalls_or_drips_is_waited_for_as_long_as_was_said(void **state)
{
    (void)state;
    enum { COUNT = 3, SIZE = 90 };
    uint64_t chance = test_seed();
    for (size_t i = 0; i < WAYS; i++) {
        struct leat_link_options options = options_of(&ways[i], LEAT_IN);
        unsigned char frame[SIZE];
        struct leat_msg msg;
        int peer;
        struct leat_link *link = called_locally(&options, &peer);
        for (int64_t j = 0; j < COUNT; j++) {
            make(frame, j, SIZE);
            for (int64_t at = 0; at < SIZE; at++) {
                int64_t begin = leat_os_now_ns();
                if (at == 1 + j * 40) { /* a stall, at three places of a frame */
                    assert_int_equal(leat_link_recv(link, &msg, begin + 20 * MS), -ETIMEDOUT);
                    assert_true(leat_os_now_ns() - begin >= 20 * MS && leat_os_now_ns() - begin < 5000 * MS);
                }
                assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
                send_all(peer, frame + at, 1);
                usleep((useconds_t)(test_random(&chance) % 200));
            }
            receive(link, frame, SIZE);
        }
        close_clean(link, COUNT);
        close(peer);
    }
}

/* ---- situation 37: no descriptors ---- */

static int64_t entries(const char *path)
{
    int64_t count = 0;
    DIR *listing = opendir(path);
    assert_non_null(listing);
    while (readdir(listing))
        count++;
    closedir(listing);
    return count;
}

/* Exactly `count` more descriptors can be had; *kept is the limit to go back to. */
static void leave_descriptors(int count, struct rlimit *kept)
{
    int fds[64];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, kept), 0);
    for (int i = 0; i <= count; i++)
        assert_true((fds[i] = fcntl(2, F_DUPFD_CLOEXEC, 0)) >= 0);
    rlim_t first_refused = (rlim_t)fds[count];
    for (int i = 0; i <= count; i++)
        close(fds[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = first_refused, .rlim_max = kept->rlim_max}), 0);
}

/* More than a busy machine needs to give the link's thread its turn. */
static int64_t soon(void)
{
    return leat_os_now_ns() + INT64_C(20000000000);
}

/* Opens with ever more descriptors until there are enough: each time before, an error and everything as it was. */
static void run_out(const char *endpoint, const struct leat_link_options *options)
{
    int64_t fds = entries("/proc/self/fd"), threads = entries("/proc/self/task"), names = entries(folder);
    int refused = 0, rc = -1;
    for (int n = 0; n < 40 && rc != 0; n++) {
        struct leat_link *link = NULL;
        struct leat_error error = {0};
        struct rlimit kept;
        leave_descriptors(n, &kept);
        rc = leat_link_open(&link, endpoint, options, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
        if (rc != 0) {
            refused++;
            assert_null(link);
            assert_int_equal(rc, -EMFILE);
            assert_int_equal(error.code, rc);
            assert_int_equal(strncmp(error.text, endpoint, strlen(endpoint)), 0);
            assert_non_null(strstr(error.text, "Too many open files"));
        } else {
            assert_true(entries("/proc/self/fd") - fds <= n); /* the limit was one */
            assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
        }
        assert_int_equal(entries("/proc/self/fd"), fds);
        assert_int_equal(entries("/proc/self/task"), threads);
        assert_int_equal(entries(folder), names);
        link = open_link(endpoint, options);
        assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
        assert_int_equal(entries("/proc/self/fd"), fds);
    }
    assert_int_equal(rc, 0);
    assert_true(refused >= (options->no_thread ? 1 : 2)); /* the device's own, and with a thread a waker's, at least */
}

/* A plain socket that listens, whose callers wait in its queue; *endpoint is how to call it. */
static int listener(int family, char *endpoint, size_t bytes)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(local.sun_path, sizeof local.sun_path, "%s/there", folder);
    if (family == AF_UNIX) {
        assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
        snprintf(endpoint, bytes, "unix:%s", local.sun_path);
    } else {
        assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
        snprintf(endpoint, bytes, "tcp://127.0.0.1:%d", ntohs(name.sin_port));
    }
    assert_int_equal(listen(fd, 1000), 0);
    return fd;
}

static void opening_without_descriptors_fails_and_leaves_nothing(void **state)
{
    (void)state;
    if (getenv("LEAT_TEST_SHARED") != NULL) /* it counts what a link takes that has a thread of its own */
        skip();
    char file[100], to_listen[100], local[100], tcp[100];
    int listeners[] = {listener(AF_UNIX, local, sizeof local), listener(AF_INET, tcp, sizeof tcp)};
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(to_listen, sizeof to_listen, "unix-listen:%s/listener", folder);
    fclose(fopen(file, "w")); /* there before, so that it is no news after */
    const struct {
        const char *endpoint;
        unsigned directions;
    } all[] = {
        {file, LEAT_IN},
        {file, LEAT_OUT},
        {local, LEAT_IN | LEAT_OUT},
        {to_listen, LEAT_IN | LEAT_OUT},
        {tcp, LEAT_IN | LEAT_OUT},
        {"tcp-listen://127.0.0.1:0", LEAT_IN | LEAT_OUT},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t j = 0; j < WAYS; j++) {
            struct leat_link_options options = options_of(&ways[j], all[i].directions);
            run_out(all[i].endpoint, &options);
        }
    }
    close(listeners[0]);
    close(listeners[1]);
    unlink(strchr(local, '/'));
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_split_at_every_byte_are_the_same_frames),
        cmocka_unit_test(frames_larger_than_a_block_split_anywhere_are_the_same_frames),
        cmocka_unit_test(a_reader_that_sleeps_bounds_memory_and_loses_nothing),
        cmocka_unit_test(a_peer_that_does_not_read_makes_send_say_so_and_gets_everything),
        cmocka_unit_test(a_stream_that_breaks_off_says_why_after_all_before_it),
        cmocka_unit_test(a_peer_that_resets_while_it_is_written_to_is_counted_by_whole_frames),
        cmocka_unit_test(a_peer_that_stalls_or_drips_is_waited_for_as_long_as_was_said),
        cmocka_unit_test(opening_without_descriptors_fails_and_leaves_nothing),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-hostile-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
