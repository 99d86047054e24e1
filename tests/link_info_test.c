/* SPDX-License-Identifier: MIT */
/* What a link says of a message beside its bytes. */
#define _GNU_SOURCE
#include "link_many_support.h"

#include <leat/io_thread.h>
#include <stdio.h>
#include <sys/stat.h>

enum { WAYS = 3, GROUP = 50 };

static struct leat_io_thread *shared;

/* A link to a peer, and the peer's socket: with a thread of its own, with a shared one, with none. */
static struct leat_link *connected(int way, struct leat_listener_options *options, int *fd)
{
    struct leat_link *link = NULL;
    options->link.no_thread = way == 2;
    options->link.io_thread = way == 1 ? shared : NULL;
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", options);
    *fd = call(listener);
    assert_int_equal(leat_listener_accept(listener, &link, LEAT_FOREVER, NULL), 0);
    leat_listener_close(listener);
    return link;
}

static void a_message_says_its_number_and_when_it_came(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct leat_listener_options options = options_of(false);
        struct leat_msg msgs[GROUP];
        struct leat_link_info infos[GROUP];
        int64_t last = 0;
        int fd;
        options.link.info = true;
        struct leat_link *link = connected(way, &options, &fd);
        for (int group = 0; group < 3; group++) {
            int64_t begin = leat_os_now_ns();
            for (int i = 0; i < GROUP; i++) {
                unsigned char frame[103] = {1, 0, 100, (unsigned char)i};
                assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
            }
            for (int64_t n = 0; n < GROUP;) {
                int64_t got = leat_link_recv_info(link, msgs, infos, GROUP - n, LEAT_FOREVER);
                int64_t now = leat_os_now_ns();
                assert_true(got > 0);
                for (int64_t i = 0; i < got; i++, n++) {
                    const unsigned char *frame = leat_msg_data(&msgs[i]);
                    assert_int_equal(frame[3], n);
                    assert_int_equal(infos[i].sequence, group * GROUP + n);
                    assert_true(infos[i].received_ns >= last && infos[i].received_ns >= begin && infos[i].received_ns <= now);
                    last = infos[i].received_ns;
                    leat_msg_unref(&msgs[i]);
                }
            }
        }
        close(fd);
        assert_int_equal(leat_link_recv_info(link, msgs, infos, GROUP, LEAT_FOREVER), -EPIPE);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
    }
}

/* The numbers of those that were dropped are missing. */
static void a_dropped_message_leaves_a_gap_in_the_numbers(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    for (int way = 0; way < WAYS; way++) {
        struct leat_listener_options options = options_of(false);
        struct leat_link_stats stats;
        struct leat_msg msg;
        struct leat_link_info info;
        int64_t got = 0, gaps = 0, next = 0;
        int fd;
        options.link.info = true;
        options.link.full = LEAT_FULL_DROP_NEWEST;
        options.link.high_water_messages = 10;
        struct leat_link *link = connected(way, &options, &fd);
        for (int i = 0; i < COUNT; i++) {
            unsigned char frame[103] = {1, 0, 100, (unsigned char)(i >> 8), (unsigned char)i};
            assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
        }
        shutdown(fd, SHUT_WR);
        do {
            leat_link_step(link);
            leat_link_stats(link, &stats);
        } while (stats.frames_in + stats.frames_dropped < COUNT);
        while (leat_link_recv_info(link, &msg, &info, 1, LEAT_FOREVER) == 1) {
            const unsigned char *frame = leat_msg_data(&msg);
            assert_int_equal(frame[3] * 256 + frame[4], info.sequence);
            gaps += info.sequence - next;
            next = info.sequence + 1;
            got++;
            leat_msg_unref(&msg);
        }
        assert_int_equal(got, stats.frames_in);
        assert_int_equal(gaps + COUNT - next, stats.frames_dropped);
        assert_true(stats.frames_dropped > 0);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        close(fd);
    }
}

static void without_the_option_nothing_is_known(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct leat_listener_options options = options_of(false);
        const unsigned char frame[103] = {1, 0, 100};
        struct leat_msg msg;
        struct leat_link_info info;
        int fd;
        struct leat_link *link = connected(way, &options, &fd);
        assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
        assert_int_equal(leat_link_recv_info(link, &msg, &info, 1, LEAT_FOREVER), -EINVAL);
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        leat_msg_unref(&msg);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        close(fd);
        /* And with it, the other calls are as they were. */
        options.link.info = true;
        link = connected(way, &options, &fd);
        for (int i = 0; i < 3; i++)
            assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        leat_msg_unref(&msg);
        assert_int_equal(leat_link_recv_many(link, &msg, 1, LEAT_FOREVER), 1);
        leat_msg_unref(&msg);
        assert_int_equal(leat_link_recv_info(link, &msg, NULL, 1, LEAT_FOREVER), 1);
        leat_msg_unref(&msg);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        close(fd);
    }
}

/* Room comes from the link, and comes back when the device has what was sent; a full pool is said, and waited for. */
static void who_has_no_pool_sends_from_the_links(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct leat_listener_options options = options_of(false);
        struct leat_msg msgs[64], msg;
        int64_t taken = 0, read_bytes = 0;
        int fd;
        options.link.high_water_bytes = 64 << 10;
        options.link.max_frame = 1000;
        options.link.block_bytes = 4096;
        struct leat_link *link = connected(way, &options, &fd);
        assert_int_equal(leat_link_alloc(link, &msg, 64 << 10, LEAT_FOREVER), -EMSGSIZE); /* the blocks' heads, too */
        assert_int_equal(leat_link_alloc(link, &msg, -1, 0), -EINVAL);
        while (taken < 64 && leat_link_alloc(link, &msgs[taken], 4000, 0) == 0) {
            memset(leat_msg_data(&msgs[taken]), (int)taken, 4000);
            taken++;
        }
        assert_int_equal(taken, 16);
        assert_int_equal(leat_link_alloc(link, &msg, 4000, 0), -EAGAIN);
        assert_int_equal(leat_link_alloc(link, &msg, 4000, leat_os_now_ns() + 1000000), -ETIMEDOUT);
        for (int64_t i = 0; i < taken; i++)
            assert_int_equal(leat_link_send(link, &msgs[i], LEAT_FOREVER), 0);
        assert_int_equal(leat_link_alloc(link, &msg, 4000, LEAT_FOREVER), 0); /* it flushes by itself */
        leat_msg_unref(&msg);
        assert_int_equal(leat_link_drain(link, LEAT_FOREVER), 0);
        for (ssize_t got; read_bytes < taken * 4000; read_bytes += got) {
            unsigned char bytes[4096];
            got = recv(fd, bytes, sizeof bytes, 0);
            assert_true(got > 0);
            for (ssize_t i = 0; i < got; i++)
                assert_int_equal(bytes[i], (read_bytes + i) / 4000);
        }
        close(fd);
        while (leat_link_check_send(link) == 0) { /* until a write says that nobody is there */
            assert_int_equal(leat_link_alloc(link, &msg, 10, 0), 0);
            memset(leat_msg_data(&msg), 0, 10);
            if (leat_link_send(link, &msg, 0) != 0)
                leat_msg_unref(&msg);
            leat_link_drain(link, leat_os_now_ns() + 1000000);
        }
        for (int64_t i = 0; i < 16; i++) /* nobody is there any more to take it */
            assert_int_equal(leat_link_alloc(link, &msgs[i], 4000, LEAT_FOREVER), 0);
        assert_true(leat_link_alloc(link, &msg, 4000, LEAT_FOREVER) < 0);
        leat_link_close(link, 0, NULL, NULL);
        for (int64_t i = 0; i < 16; i++) /* messages may outlive their link */
            leat_msg_unref(&msgs[i]);
    }
}

static void settings_are_the_options_as_they_are_in_force(void **state)
{
    (void)state;
    const struct leat_link_options few = {.max_frame = 3000};
    struct leat_link *link;
    assert_int_equal(leat_link_open(&link, "null:", &few, NULL), 0);
    const struct leat_link_options *settings = leat_link_settings(link);
    assert_int_equal(settings->max_frame, 3000);
    assert_int_equal(settings->high_water_messages, 4096);
    assert_int_equal(settings->high_water_bytes, 16 << 20);
    assert_int_equal(settings->copy_bytes, 256);
    assert_string_equal(leat_tlv_dialect_name(settings->dialect), "leat");
    assert_true(settings->directions != 0);
    leat_link_close(link, 0, NULL, NULL);
}

/* A file says how much it has, written out or not; a socket never does. */
static void an_output_says_what_is_stored(void **state)
{
    (void)state;
    char path[] = "/tmp/leat-stored-XXXXXX", name[64];
    int file = mkstemp(path);
    assert_true(file >= 0);
    snprintf(name, sizeof name, "file:%s", path);
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options options = {.directions = LEAT_OUT, .no_thread = way == 1};
        struct leat_link *link = NULL;
        assert_int_equal(leat_link_open(&link, name, &options, NULL), 0);
        assert_int_equal(leat_link_stored(link, false), 0);
        for (int64_t i = 1; i <= 300; i++) {
            struct leat_msg msg;
            assert_int_equal(leat_link_alloc(link, &msg, 1000, LEAT_FOREVER), 0);
            memset(leat_msg_data(&msg), (int)i, 1000);
            assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
            const int64_t stored = leat_link_stored(link, false);
            assert_true(stored >= 0 && stored <= i * 1000);
            if (i % 100 == 0) {
                assert_int_equal(leat_link_drain(link, LEAT_FOREVER), 0);
                assert_int_equal(leat_link_stored(link, i == 200), i * 1000);
                struct stat info;
                assert_int_equal(fstat(file, &info), 0);
                assert_int_equal(info.st_size, i * 1000);
            }
        }
        leat_link_settle(link, 1); /* nobody keeps anything: nothing happens */
        assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    }
    close(file);
    unlink(path);
    struct leat_link *link = NULL;
    const struct leat_link_options options = {.directions = LEAT_OUT};
    assert_int_equal(leat_link_open(&link, "udp://127.0.0.1:9", &options, NULL), 0);
    assert_int_equal(leat_link_stored(link, true), -ENOTSUP);
    struct leat_unstored fate = {.sent = 7};
    assert_int_equal(leat_link_unstored(link, true, NULL, 0, &fate), -ENOTSUP);
    assert_int_equal(fate.sent, 7);
    leat_link_close(link, 0, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_says_its_number_and_when_it_came),    cmocka_unit_test(a_dropped_message_leaves_a_gap_in_the_numbers),
        cmocka_unit_test(without_the_option_nothing_is_known),           cmocka_unit_test(who_has_no_pool_sends_from_the_links),
        cmocka_unit_test(settings_are_the_options_as_they_are_in_force), cmocka_unit_test(an_output_says_what_is_stored),
    };
    if (leat_io_thread_open(&shared, NULL) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return leat_io_thread_close(shared) != 0 ? 1 : failed;
}
