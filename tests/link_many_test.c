/* SPDX-License-Identifier: MIT */
/* Listeners of many peers, and their links. */
#define _GNU_SOURCE
#include "link_many_support.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static char folder[64];

static bool echo(struct leat_link *link)
{
    struct leat_msg msg;
    int rc;
    while ((rc = leat_link_recv(link, &msg, 0)) == 0)
        assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
    leat_link_flush(link);
    return rc == -EAGAIN;
}

/* One thread serves them all out of one epoll. */
static void serve_in_one_thread(const char *endpoint)
{
    struct leat_listener_options options = options_of(true);
    struct leat_listener *listener = listen_at(endpoint, &options);
    struct peers peers = {.listener = listener, .seqpacket = strstr(endpoint, "seqpacket") != NULL};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, be_peers, &peers), 0);
    int loop = epoll_create1(EPOLL_CLOEXEC), open = 0, done = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, leat_listener_fd(listener), &event), 0);
    while (done < PEERS) {
        struct epoll_event events[16];
        int ready = epoll_wait(loop, events, 16, 20000);
        assert_true(ready > 0);
        for (int i = 0; i < ready; i++) {
            struct leat_link *link = events[i].data.ptr;
            bool is_new = link == NULL;
            if (is_new) {
                int rc = leat_listener_accept(listener, &link, 0, NULL);
                if (rc == -EAGAIN)
                    continue;
                assert_int_equal(rc, 0);
                open++;
            }
            bool goes_on;
            while ((goes_on = echo(link)) && !leat_link_arm(link)) {
            }
            if (goes_on && is_new) {
                event = (struct epoll_event){.events = EPOLLIN, .data.ptr = link};
                assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, leat_link_fd(link), &event), 0);
            } else if (!goes_on) {
                struct leat_link_end end;
                assert_int_equal(leat_link_close(link, LEAT_FOREVER, &end, NULL), 0);
                assert_int_equal(end.accepted, FRAMES);
                assert_int_equal(end.delivered, FRAMES);
                done++;
            }
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(peers.wrong, 0);
    assert_int_equal(open, PEERS);
    struct leat_listener_stats stats;
    leat_listener_stats(listener, &stats);
    assert_int_equal(stats.accepted, PEERS);
    assert_int_equal(stats.open, 0);
    assert_int_equal(stats.refused, 0);
    assert_int_equal(stats.pool.live, 0);
    leat_listener_close(listener);
    close(loop);
}

static void one_thread_serves_many_peers(void **state)
{
    (void)state;
    char endpoint[128];
    int64_t before = count_fds();
    serve_in_one_thread("tcp-listen://127.0.0.1:0");
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s/many", folder);
    serve_in_one_thread(endpoint);
    snprintf(endpoint, sizeof endpoint, "unix-seqpacket-listen:%s/many", folder);
    serve_in_one_thread(endpoint);
    assert_int_equal(count_fds(), before);
    assert_int_not_equal(access(strchr(endpoint, ':') + 1, F_OK), 0); /* the socket is gone */
}

static void *serve_one(void *context)
{
    struct leat_link *link = context;
    struct leat_msg msg;
    while (leat_link_recv(link, &msg, LEAT_FOREVER) == 0) {
        assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
        leat_link_flush(link);
    }
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    return NULL;
}

/* Each link with its own I/O thread and application thread, all on shared pools; the listener goes before its links. */
static void links_with_threads_share_their_pools(void **state)
{
    (void)state;
    struct leat_listener_options options = options_of(false);
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
    struct peers peers = {.listener = listener};
    pthread_t thread, threads[PEERS];
    assert_int_equal(pthread_create(&thread, NULL, be_peers, &peers), 0);
    for (int i = 0; i < PEERS; i++) {
        struct leat_link *link;
        assert_int_equal(leat_listener_accept(listener, &link, LEAT_FOREVER, NULL), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, serve_one, link), 0);
    }
    leat_listener_close(listener);
    for (int i = 0; i < PEERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(peers.wrong, 0);
}

static void who_comes_when_all_links_are_taken_waits_in_the_queue(void **state)
{
    (void)state;
    struct leat_listener_options options = options_of(true);
    options.most_links = 2;
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
    struct leat_link *links[3];
    struct leat_error error;
    int64_t begin = leat_os_now_ns();
    assert_int_equal(leat_listener_accept(listener, &links[0], 0, NULL), -EAGAIN);
    assert_int_equal(leat_listener_accept(listener, &links[0], begin + 20000000, NULL), -ETIMEDOUT);
    assert_true(leat_os_now_ns() - begin >= 20000000);
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = call(listener);
    assert_int_equal(leat_listener_accept(listener, &links[0], LEAT_FOREVER, NULL), 0);
    assert_int_equal(leat_listener_accept(listener, &links[1], LEAT_FOREVER, NULL), 0);
    assert_int_equal(leat_listener_accept(listener, &links[2], LEAT_FOREVER, &error), -EBUSY);
    assert_non_null(strstr(error.text, "tcp-listen"));
    assert_int_equal(leat_link_close(links[0], 0, NULL, NULL), 0);
    assert_int_equal(leat_listener_accept(listener, &links[2], LEAT_FOREVER, NULL), 0);
    /* What a peer is called is where it calls from. */
    assert_int_equal(strncmp(leat_link_name(links[2]), "tcp://127.0.0.1:", 16), 0);
    assert_string_not_equal(leat_link_name(links[1]), leat_link_name(links[2]));
    struct leat_listener_stats stats;
    leat_listener_stats(listener, &stats);
    assert_int_equal(stats.accepted, 3);
    assert_int_equal(stats.open, 2);
    assert_int_equal(leat_link_close(links[1], 0, NULL, NULL), 0);
    assert_int_equal(leat_link_close(links[2], 0, NULL, NULL), 0);
    leat_listener_close(listener);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void a_listener_without_fds_hangs_up_and_goes_on(void **state)
{
    (void)state;
    if (test_under_valgrind())
        skip(); /* it plays the limit itself */
    struct leat_listener_options options = options_of(true);
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
    struct rlimit limit, low;
    struct leat_link *link;
    struct leat_listener_stats stats;
    int fds[2] = {call(listener), call(listener)}, highest = dup(0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)highest;
    close(highest);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(leat_listener_accept(listener, &link, 0, NULL), -EAGAIN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    char byte;
    assert_true(recv(fds[0], &byte, 1, 0) <= 0); /* hung up on */
    assert_int_equal(leat_listener_accept(listener, &link, LEAT_FOREVER, NULL), 0);
    leat_listener_stats(listener, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
    leat_listener_close(listener);
    close(fds[0]);
    close(fds[1]);
}

/* A peer who says nothing, or begins a frame and does not end it, is given up in time; one who goes on is not. */
static void a_peer_who_is_slow_is_given_up_in_time(void **state)
{
    (void)state;
    const int64_t limit = 60000000;
    for (int i = 0; i < 4; i++) { /* idle or partial, with a thread or without */
        struct leat_listener_options options = options_of(i % 2 == 1);
        struct leat_link *link;
        struct leat_msg msg;
        if (i < 2)
            options.link.idle_ns = limit;
        else
            options.link.partial_ns = limit;
        options.link.receive = i % 2 == 0 ? LEAT_RECEIVE_RING : LEAT_RECEIVE_BLOCKS;
        struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
        int fd = call(listener);
        assert_int_equal(leat_listener_accept(listener, &link, LEAT_FOREVER, NULL), 0);
        for (int j = 0; j < 10; j++) { /* longer in all than the limit */
            usleep(15000);
            if (i >= 2)
                assert_int_equal(send(fd, "\2\0\4fo", 5, 0), 5); /* the rest comes later */
            else
                assert_int_equal(send(fd, "\2\0\4four", 7, 0), 7);
            if (i >= 2) {
                usleep(15000);
                assert_int_equal(send(fd, "ur", 2, 0), 2);
            }
            assert_int_equal(leat_link_recv(link, &msg, leat_os_now_ns() + 20 * limit), 0);
            leat_msg_unref(&msg);
        }
        if (i >= 2)
            usleep(100000); /* to say nothing between two frames is no fault here */
        assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
        int64_t begin = leat_os_now_ns();
        if (i >= 2)
            assert_int_equal(send(fd, "\2\0\4fo", 5, 0), 5);
        if (i % 2 == 1 && leat_link_arm(link)) {
            int64_t due = leat_link_deadline(link);
            assert_true(i >= 2 || (due > begin - limit && due <= begin + limit));
        }
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -ETIMEDOUT);
        assert_true(leat_os_now_ns() - begin > limit / 2 && leat_os_now_ns() - begin < 20 * limit);
        assert_non_null(strstr(leat_link_error(link)->text, "timed out"));
        (void)leat_link_close(link, 0, NULL, NULL);
        leat_listener_close(listener);
        close(fd);
    }
}

static void frames_that_find_no_room_are_dropped_where_that_is_wanted(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) { /* the pipe is full, or the pool; from the ring, or from blocks */
        struct leat_listener_options options = options_of(false);
        enum { COUNT = 3000 };
        struct leat_link *link;
        struct leat_link_stats stats;
        struct leat_msg msg;
        options.link.full = LEAT_FULL_DROP_NEWEST;
        options.link.receive = i % 2 == 0 ? LEAT_RECEIVE_RING : LEAT_RECEIVE_BLOCKS;
        options.link.high_water_messages = i < 2 ? 10 : 100000;
        options.link.max_frame = 4096;
        options.link.high_water_bytes = 32768;
        options.link.receive_block_bytes = 4096;
        options.link.receive_bytes = 4 * 4096;
        struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
        int fd = call(listener);
        assert_int_equal(leat_listener_accept(listener, &link, LEAT_FOREVER, NULL), 0);
        for (int j = 0; j < COUNT; j++) {
            unsigned char frame[503] = {1, 500 / 256, 500 % 256, (unsigned char)(j >> 8), (unsigned char)j};
            assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame); /* the link goes on reading */
        }
        shutdown(fd, SHUT_WR);
        do {
            usleep(1000);
            leat_link_stats(link, &stats);
        } while (stats.frames_in + stats.frames_dropped < COUNT);
        int64_t got = 0, last = -1;
        while (leat_link_recv(link, &msg, LEAT_FOREVER) == 0) {
            const unsigned char *frame = leat_msg_data(&msg);
            int64_t number = frame[3] * 256 + frame[4];
            assert_true(number > last); /* what is left is in order */
            last = number;
            got++;
            leat_msg_unref(&msg);
        }
        leat_link_stats(link, &stats);
        assert_int_equal(got, stats.frames_in);
        assert_int_equal(stats.frames_in + stats.frames_dropped, COUNT);
        assert_int_equal(stats.bytes_in + stats.bytes_dropped, COUNT * 503);
        assert_true(stats.frames_dropped > 0 && got > 0);
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        leat_listener_close(listener);
        close(fd);
    }
}

static void what_cannot_serve_many_is_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint;
        int64_t most_links, repeat;
        const char *word;
    } bad[] = {
        {"null:", 0, 0, "cannot serve many"},
        {"tcp://127.0.0.1:1", 0, 0, "cannot serve many"},
        {"udp-listen://127.0.0.1:0", 0, 0, "cannot"},
        {"tcp-listen://127.0.0.1:0", -1, 0, "most_links"},
        {"tcp-listen://127.0.0.1:0", (1 << 20) + 1, 0, "most_links"},
        {"tcp-listen://127.0.0.1:0", 0, 2, "read again"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct leat_listener_options options = options_of(true);
        struct leat_listener *listener = NULL;
        struct leat_error error;
        options.link.directions = LEAT_IN;
        options.link.repeat = bad[i].repeat;
        options.most_links = bad[i].most_links;
        assert_true(leat_listener_open(&listener, bad[i].endpoint, &options, &error) < 0);
        assert_null(listener);
        if (strstr(error.text, bad[i].word) == NULL)
            fail_msg("%s", error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_serves_many_peers),
        cmocka_unit_test(links_with_threads_share_their_pools),
        cmocka_unit_test(who_comes_when_all_links_are_taken_waits_in_the_queue),
        cmocka_unit_test(a_listener_without_fds_hangs_up_and_goes_on),
        cmocka_unit_test(a_peer_who_is_slow_is_given_up_in_time),
        cmocka_unit_test(frames_that_find_no_room_are_dropped_where_that_is_wanted),
        cmocka_unit_test(what_cannot_serve_many_is_refused_in_words),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-many-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
