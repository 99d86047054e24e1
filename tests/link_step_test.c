/* SPDX-License-Identifier: MIT */
/* Links without a thread in the corners where a review found them wrong: waits that spun or never ended, and what a datagram is. */
#define _GNU_SOURCE
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <leat/channel.h>
#include <leat/link.h>
#include <leat/os.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static char folder[64];
static const struct leat_blocks none;

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct leat_link *open_link(const char *endpoint, const struct leat_link_options *options)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

/* A link that listens, and a plain socket of that type that called it. */
static struct leat_link *listen_and_call(const char *scheme, const char *keys, int type, int *fd, const struct leat_link_options *options)
{
    char endpoint[192];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(endpoint, sizeof endpoint, "%s:%s%s", scheme, path_of("peer"), keys);
    memcpy(name.sun_path, path_of("peer"), strlen(path_of("peer")) + 1);
    struct leat_link *link = open_link(endpoint, options);
    *fd = socket(AF_UNIX, type, 0);
    assert_int_equal(connect(*fd, (struct sockaddr *)&name, sizeof name), 0);
    return link;
}

static int64_t processor_ns(void)
{
    struct rusage use;
    assert_int_equal(getrusage(RUSAGE_THREAD, &use), 0);
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * SECOND + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000;
}

/* Sends 40-byte messages until there is no room; returns how many went. */
static int64_t fill_up(struct leat_link *link)
{
    static const unsigned char frame[40] = {1, 0, 37};
    struct leat_msg msg;
    for (int64_t sent = 0;; sent++) {
        assert_int_equal(leat_msg_copy(&msg, &none, frame, sizeof frame), 0);
        if (leat_link_send(link, &msg, 0) != 0) {
            leat_msg_unref(&msg);
            return sent;
        }
        leat_link_flush(link);
    }
}

static void the_last_frame_that_finds_no_room_keeps_nobody_from_those_before_it(void **state)
{
    (void)state;
    const char *path = path_of("unpadded");
    enum { FRAMES = 3 };
    struct {
        uint32_t length;
        uint16_t type, flags;
        uint32_t sequence, port;
    } head = {.type = 1};
    FILE *file = fopen(path, "w");
    for (int i = 0; i < FRAMES; i++) {
        head.length = 20;
        fwrite(&head, 1, sizeof head, file);
        fwrite("abcd", 1, 4, file);
    }
    head.length = 17; /* three bytes of padding are missing */
    fwrite(&head, 1, sizeof head, file);
    fwrite("x", 1, 1, file);
    fclose(file);
    for (int i = 0; i < 6; i++) {
        struct leat_link_options options = {.directions = LEAT_IN,
                                            .dialect = leat_tlv_dialect("netlink"),
                                            .no_thread = true,
                                            .high_water_messages = i < 3 ? FRAMES : 1,
                                            .receive = (enum leat_receive)(i % 3)};
        struct leat_link *link = open_link(path_of("unpadded"), &options);
        struct leat_msg msg;
        for (int j = 0; j <= FRAMES; j++) {
            assert_int_equal(leat_link_recv(link, &msg, j == 0 ? 0 : leat_os_now_ns() + 20 * SECOND), 0);
            assert_int_equal(leat_msg_size(&msg), j < FRAMES ? 20 : 17);
            leat_msg_unref(&msg);
        }
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
    }
    unlink(path_of("unpadded"));
}

static void a_send_that_waits_does_not_spin_over_unread_input(void **state)
{
    (void)state;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = true, .high_water_messages = 8};
    struct leat_msg msg;
    int fd;
    struct leat_link *link = listen_and_call("unix-listen", "", SOCK_STREAM, &fd, &options);
    assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
    fill_up(link);
    for (int i = 0; i < 20; i++)
        assert_int_equal(send(fd, "\1\0\2ab", 5, 0), 5);
    assert_int_equal(leat_msg_copy(&msg, &none, "\1\0\2ab", 5), 0);
    int64_t before = processor_ns();
    assert_int_equal(leat_link_send(link, &msg, leat_os_now_ns() + SECOND / 2), -ETIMEDOUT);
    assert_true(processor_ns() - before < SECOND / 10);
    leat_msg_unref(&msg);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        leat_msg_unref(&msg);
    }
    (void)leat_link_close(link, 0, NULL, NULL);
    close(fd);
}

static void *read_late(void *context)
{
    static char bytes[65536];
    usleep(300000);
    while (recv(*(int *)context, bytes, sizeof bytes, 0) > 0) {
    }
    return NULL;
}

static void a_loop_still_carries_the_output_when_the_input_is_over(void **state)
{
    (void)state;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = true};
    struct leat_msg msg;
    int fd;
    struct leat_link *link = listen_and_call("unix-listen", "", SOCK_STREAM, &fd, &options);
    assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
    int64_t sent = fill_up(link), before = processor_ns(), turns = 0;
    shutdown(fd, SHUT_WR);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_late, &fd), 0);
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    for (; leat_link_drain(link, 0) == -EAGAIN; turns++)
        if (leat_link_arm(link)) {
            struct pollfd ready = {.fd = leat_link_fd(link), .events = POLLIN};
            assert_int_equal(poll(&ready, 1, 20000), 1);
        }
    assert_true(turns < 10000 && processor_ns() - before < SECOND / 5);
    struct leat_link_end end;
    assert_int_equal(leat_link_close(link, 0, &end, NULL), 0);
    assert_int_equal(end.delivered, sent);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(fd);
}

static void a_loop_does_not_spin_while_all_blocks_are_held(void **state)
{
    (void)state;
    struct leat_link_options options = {.directions = LEAT_IN,
                                        .dialect = leat_tlv_dialect("t8l16"),
                                        .no_thread = true,
                                        .receive = LEAT_RECEIVE_RING,
                                        .max_frame = 2048,
                                        .high_water_bytes = 32768};
    enum { FRAMES = 40 };
    struct leat_msg held[FRAMES];
    int fd, count = 0;
    struct leat_link *link = listen_and_call("unix-listen", "", SOCK_STREAM, &fd, &options);
    static unsigned char frame[1003] = {1, 1000 / 256, 1000 % 256};
    assert_int_equal(leat_link_recv(link, &held[0], 0), -EAGAIN);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
    while (leat_link_recv(link, &held[count], 0) == 0)
        count++;
    assert_int_equal(count, 16); /* all blocks */
    int64_t begin = leat_os_now_ns(), before = processor_ns(), turns = 0;
    for (; leat_os_now_ns() - begin < SECOND / 5; turns++) {
        struct pollfd ready = {.fd = leat_link_fd(link), .events = POLLIN};
        assert_int_equal(leat_link_recv(link, &held[count], 0), -EAGAIN);
        if (leat_link_arm(link))
            (void)poll(&ready, 1, 20000);
    }
    assert_true(turns < 1000 && processor_ns() - before < SECOND / 10);
    for (int i = 0; i < count; i++)
        leat_msg_unref(&held[i]);
    for (; count < FRAMES; count++) {
        assert_int_equal(leat_link_recv(link, &held[0], LEAT_FOREVER), 0);
        leat_msg_unref(&held[0]);
    }
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
    close(fd);
}

static void the_signal_of_a_pipe_without_a_reader_does_not_reach_the_application(void **state)
{
    (void)state;
    struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = true};
    struct sigaction before;
    sigset_t pending;
    assert_int_equal(sigaction(SIGPIPE, NULL, &before), 0);
    assert_true(before.sa_handler == SIG_DFL);
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    int reader = open(path_of("fifo"), O_RDONLY | O_NONBLOCK);
    struct leat_link *link = open_link(path_of("fifo"), &options);
    struct leat_msg msg;
    assert_int_equal(leat_msg_copy(&msg, &none, "abc", 3), 0);
    assert_int_equal(leat_link_send(link, &msg, 0), 0);
    assert_int_equal(leat_link_drain(link, LEAT_FOREVER), 0);
    close(reader);
    assert_int_equal(leat_msg_copy(&msg, &none, "abc", 3), 0);
    assert_int_equal(leat_link_send(link, &msg, 0), 0);
    assert_int_equal(leat_link_drain(link, LEAT_FOREVER), -EPIPE);
    assert_int_equal(sigpending(&pending), 0);
    assert_false(sigismember(&pending, SIGPIPE));
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), -EPIPE);
    unlink(path_of("fifo"));
}

/* Where every write takes a little, there is always something that moves, and the deadline holds all the same. */
static void *read_little(void *context)
{
    char bytes[400];
    while (recv(*(int *)context, bytes, sizeof bytes, 0) > 0)
        usleep(2000);
    return NULL;
}

static void deadlines_hold_while_the_device_takes_a_little(void **state)
{
    (void)state;
    struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = true};
    struct leat_msg msg;
    int fd, small = 1;
    pthread_t thread;
    struct leat_link *link = listen_and_call("unix-listen", "?sndbuf=4096", SOCK_STREAM, &fd, &options);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    (void)leat_link_step(link);
    int64_t sent = 0;
    for (; sent < 4000; sent++) {
        assert_int_equal(leat_msg_copy(&msg, &none, "0123456789012345678901234567890123456789", 40), 0);
        if (leat_link_send(link, &msg, 0) != 0)
            break;
    }
    if (sent < 4000)
        leat_msg_unref(&msg);
    assert_int_equal(pthread_create(&thread, NULL, read_little, &fd), 0);
    int64_t begin = leat_os_now_ns();
    assert_int_equal(leat_link_drain(link, 0), -EAGAIN);
    assert_true(leat_os_now_ns() - begin < SECOND / 5);
    assert_int_equal(leat_link_drain(link, leat_os_now_ns() + SECOND / 20), -ETIMEDOUT);
    struct leat_link_end end;
    assert_int_equal(leat_link_close(link, leat_os_now_ns() + SECOND / 20, &end, NULL), -ETIMEDOUT);
    assert_true(leat_os_now_ns() - begin < SECOND);
    assert_int_equal(end.delivered + end.left, sent);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(fd);
}

/* ---- datagrams ---- */

static void a_message_is_one_datagram_whatever_it_is_made_of(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 20};
    socklen_t bytes = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &bytes), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "udp://127.0.0.1:%d", ntohs(at.sin_port));
    struct leat_pool_config config = leat_os_pool_config(256, 0);
    struct leat_pool *pool;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    struct leat_blocks blocks = leat_pool_blocks(pool);
    static unsigned char source[20000], got[70000];
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (unsigned char)(i * 7 + i / 256);
    static const int64_t sizes[] = {10, 100, 20000, 300, 5000, 257, 13312, 13313}; /* up to a hundred pieces */
    for (int i = 0; i < 2; i++) {
        struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = i == 1};
        struct leat_link *link = open_link(endpoint, &options);
        for (int j = 0; j < 8; j++) {
            struct leat_msg msg;
            assert_int_equal(leat_msg_copy(&msg, &blocks, source, sizes[j]), 0);
            assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
        }
        assert_int_equal(leat_link_drain(link, LEAT_FOREVER), 0);
        for (int j = 0; j < 8; j++) {
            assert_int_equal(recv(fd, got, sizeof got, 0), sizes[j]);
            assert_memory_equal(got, source, (size_t)sizes[j]);
        }
        assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    }
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    close(fd);
}

/* Frames larger than a datagram, and than a block, come out of datagrams whole, whichever way they are received. */
static void frames_that_datagrams_carry_in_pieces_are_put_together(void **state)
{
    (void)state;
    for (int way = LEAT_RECEIVE_AUTO; way <= LEAT_RECEIVE_BLOCKS; way++) {
        struct leat_link_options options = {.directions = LEAT_IN,
                                            .dialect = leat_tlv_dialect("t8l32"),
                                            .no_thread = true,
                                            .receive = (enum leat_receive)way,
                                            .receive_block_bytes = 512 << 10,
                                            .max_frame = 700000};
        int fd;
        struct leat_link *link = listen_and_call("unix-seqpacket-listen", "", SOCK_SEQPACKET, &fd, &options);
        static unsigned char frame[700000];
        struct leat_msg msg;
        uint64_t chance = test_seed();
        assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
        for (int i = 0; i < 60; i++) {
            int64_t length = i % 9 == 8 ? 600000 : (int64_t)(test_random(&chance) % 200000), bytes = length + 5;
            memset(frame, i, sizeof frame);
            frame[0] = 1;
            for (int at = 0; at < 4; at++)
                frame[1 + at] = (unsigned char)(length >> (24 - 8 * at));
            int rc = -EAGAIN;
            for (int64_t at = 0; at < bytes;) {
                int64_t piece = bytes - at < 50000 ? bytes - at : 50000;
                ssize_t took = send(fd, frame + at, (size_t)piece, MSG_DONTWAIT);
                at += took > 0 ? took : 0;
                if (rc == -EAGAIN)
                    rc = leat_link_recv(link, &msg, 0);
            }
            if (rc == -EAGAIN)
                rc = leat_link_recv(link, &msg, leat_os_now_ns() + 20 * SECOND);
            if (rc != 0)
                fail_msg("frame %d: %d: %s", i, rc, leat_link_error(link)->text);
            assert_int_equal(leat_msg_size(&msg), bytes);
            leat_msg_unref(&msg);
        }
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        close(fd);
    }
}

/* ---- a channel that drops ---- */

static struct leat_channel channel;
static int dropped;

/* The reader closes at the first drop: in its thread it may do so at any moment. */
static void drop_and_close(void *context, const void *item, enum leat_drop cause)
{
    (void)context, (void)item, (void)cause;
    if (++dropped == 1)
        leat_channel_close_reader(&channel);
}

static void write_many_counts_what_was_written_or_dropped_and_no_more(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(4096, 0);
    struct leat_pool *pool;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    struct leat_blocks blocks = leat_pool_blocks(pool);
    struct leat_channel_config drops = {.pipe = {.item_bytes = 8, .high_water = 4, .blocks = &blocks}, .drop = drop_and_close};
    uint64_t items[10] = {0}, item;
    assert_int_equal(leat_channel_init(&channel, &drops), 0);
    int64_t done = leat_channel_write_many(&channel, items, 10, 0), inside = 0;
    leat_channel_flush(&channel);
    while (leat_pipe_read(&channel.pipe, &item))
        inside++;
    assert_int_equal(inside, 4);
    assert_int_equal(done, inside + dropped);
    leat_channel_fini(&channel);
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_frame_that_finds_no_room_keeps_nobody_from_those_before_it),
        cmocka_unit_test(a_send_that_waits_does_not_spin_over_unread_input),
        cmocka_unit_test(a_loop_still_carries_the_output_when_the_input_is_over),
        cmocka_unit_test(a_loop_does_not_spin_while_all_blocks_are_held),
        cmocka_unit_test(the_signal_of_a_pipe_without_a_reader_does_not_reach_the_application),
        cmocka_unit_test(deadlines_hold_while_the_device_takes_a_little),
        cmocka_unit_test(a_message_is_one_datagram_whatever_it_is_made_of),
        cmocka_unit_test(frames_that_datagrams_carry_in_pieces_are_put_together),
        cmocka_unit_test(write_many_counts_what_was_written_or_dropped_and_no_more),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-step-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
