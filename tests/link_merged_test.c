/* SPDX-License-Identifier: MIT */
/* All peers of a listener at one place. */
#define _GNU_SOURCE
#include "link_many_support.h"

#include <poll.h>

static char folder[64];

enum { BATCH = 32 };

static struct leat_listener *merged_at(const char *endpoint)
{
    struct leat_listener_options options = options_of(false);
    options.merged = true;
    return listen_at(endpoint, &options);
}

static void end_peer(struct leat_link *peer, int64_t frames)
{
    struct leat_link_end end;
    assert_int_equal(leat_link_close(peer, LEAT_FOREVER, &end, NULL), 0);
    assert_int_equal(end.accepted, frames);
    assert_int_equal(end.delivered, frames);
}

/* Answers each message to whom it came from. With `loop`, the wait is a poll of others. */
static void serve_all(struct leat_listener *listener, int peers, bool loop)
{
    struct leat_msg msgs[BATCH];
    struct leat_link *from[BATCH];
    for (int done = 0; done < peers;) {
        int64_t n = leat_listener_recv_many(listener, from, msgs, NULL, BATCH, loop ? 0 : LEAT_FOREVER);
        if (n == -EAGAIN) {
            assert_true(loop);
            assert_int_equal(poll(&(struct pollfd){.fd = leat_listener_fd(listener), .events = POLLIN}, 1, 20000), 1);
        } else if (n == -EPIPE) {
            end_peer(from[0], FRAMES);
            done++;
        } else {
            assert_in_range(n, 1, BATCH);
        }
        for (int64_t i = 0; i < n; i++) {
            const unsigned char *frame = leat_msg_data(&msgs[i]);
            unsigned char *mine = leat_link_context(from[i]);
            if (mine == NULL)
                leat_link_set_context(from[i], mine = calloc(1, 2)), mine[0] = frame[0];
            assert_int_equal(frame[0], mine[0]); /* who sent it */
            assert_int_equal(frame[3], mine[1]++);
            if (mine[1] == FRAMES)
                free(mine);
            assert_int_equal(leat_link_send(from[i], &msgs[i], LEAT_FOREVER), 0);
            leat_link_flush(from[i]);
        }
    }
}

static void every_message_says_who_sent_it(void **state)
{
    (void)state;
    char endpoint[2][128];
    int64_t before = count_fds();
    snprintf(endpoint[0], sizeof endpoint[0], "unix-listen:%s/merged", folder);
    snprintf(endpoint[1], sizeof endpoint[1], "unix-seqpacket-listen:%s/merged", folder);
    const char *all[] = {"tcp-listen://127.0.0.1:0", endpoint[0], endpoint[1]};
    for (int i = 0; i < 6; i++) {
        struct leat_listener *listener = merged_at(all[i / 2]);
        struct peers peers = {.listener = listener, .seqpacket = i / 2 == 2};
        struct leat_listener_stats stats;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, be_peers, &peers), 0);
        serve_all(listener, PEERS, i % 2 != 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(peers.wrong, 0);
        leat_listener_stats(listener, &stats);
        assert_int_equal(stats.accepted, PEERS);
        assert_int_equal(stats.open, 0);
        assert_int_equal(stats.pool.live, 0);
        leat_listener_close(listener);
    }
    assert_int_equal(count_fds(), before);
}

static const unsigned char frame[103] = {7, 0, 100};

/* One who sends without an end does not keep the others waiting. */
static void a_busy_peer_does_not_starve_a_quiet_one(void **state)
{
    (void)state;
    struct leat_listener *listener = merged_at("tcp-listen://127.0.0.1:0");
    struct leat_msg msgs[BATCH];
    struct leat_link *from[BATCH];
    int busy = call(listener), quiet = call(listener);
    int64_t of_busy = 0, of_quiet = 0, sent = 0;
    while (sent < 4000 && send(busy, frame, sizeof frame, MSG_DONTWAIT) == sizeof frame)
        sent++;
    assert_true(sent > 100);
    assert_int_equal(send(quiet, frame, sizeof frame, 0), sizeof frame);
    struct leat_link *first = NULL;
    while (of_quiet == 0) {
        int64_t n = leat_listener_recv_many(listener, from, msgs, NULL, BATCH, leat_os_now_ns() + 20000000000);
        assert_true(n > 0);
        first = first ? first : from[0];
        for (int64_t i = 0; i < n; i++) {
            of_busy += from[i] == first;
            of_quiet += from[i] != first;
            leat_msg_unref(&msgs[i]);
        }
    }
    assert_true(of_busy <= 10 * 64); /* not all of what was there */
    close(busy);
    close(quiet);
    for (int ended = 0; ended < 2;) {
        int64_t n = leat_listener_recv_many(listener, from, msgs, NULL, BATCH, LEAT_FOREVER);
        for (int64_t i = 0; i < n; i++)
            of_busy += from[i] == first, leat_msg_unref(&msgs[i]);
        if (n < 0) {
            ended++;
            assert_int_equal(n, -EPIPE);
            assert_int_equal(leat_link_close(from[0], LEAT_FOREVER, NULL, NULL), 0);
        }
    }
    assert_int_equal(of_busy, sent);
    leat_listener_close(listener);
}

/* What a peer does not take is written when it does, by the listener's own calls. */
static void an_answer_that_finds_no_room_is_written_later(void **state)
{
    (void)state;
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s/slow", folder);
    struct leat_listener *listener = merged_at(endpoint);
    struct leat_msg msg;
    struct leat_link *peer;
    int fd = call(listener);
    int64_t sent = 0, came = 0;
    assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
    assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, LEAT_FOREVER), 1);
    leat_msg_unref(&msg);
    for (;; sent++) {
        static const unsigned char small[43] = {7, 0, 40}; /* inline: it takes no block */
        assert_int_equal(leat_msg_copy(&msg, &(struct leat_blocks){.block_bytes = 256}, small, sizeof small), 0);
        if (leat_link_send(peer, &msg, 0) != 0)
            break;
        leat_link_flush(peer);
    }
    assert_true(sent > 64); /* and the device has taken some */
    char bytes[43 * 100];
    while (came < sent * 43) {
        int64_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        came += got > 0 ? got : 0;
        assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, leat_os_now_ns() + 1000000), -ETIMEDOUT);
    }
    assert_int_equal(came, sent * 43);
    shutdown(fd, SHUT_WR);
    assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, 0), -EAGAIN); /* told once */
    assert_int_equal(leat_link_close(peer, LEAT_FOREVER, NULL, NULL), 0);
    close(fd);
    leat_listener_close(listener);
}

/* What a call for one peer has read on its way is received of the listener, and so is an end. */
static void what_another_call_has_read_is_not_forgotten(void **state)
{
    (void)state;
    struct leat_listener *listener = merged_at("tcp-listen://127.0.0.1:0");
    struct leat_link *peer, *same;
    struct leat_msg msg;
    int fd = call(listener);
    assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
    assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, LEAT_FOREVER), 1);
    leat_msg_unref(&msg);
    assert_int_equal(leat_listener_recv_many(listener, &same, &msg, NULL, 1, 0), -EAGAIN);
    assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
    assert_int_equal(poll(&(struct pollfd){.fd = leat_listener_fd(listener), .events = POLLIN}, 1, 20000), 1); /* it is there */
    assert_int_equal(leat_link_check_send(peer), 0);
    assert_int_equal(leat_listener_recv_many(listener, &same, &msg, NULL, 1, leat_os_now_ns() + 2000000000), 1);
    assert_ptr_equal(same, peer);
    leat_msg_unref(&msg);
    assert_int_equal(leat_listener_recv_many(listener, &same, &msg, NULL, 1, 0), -EAGAIN);
    shutdown(fd, SHUT_WR);
    assert_int_equal(poll(&(struct pollfd){.fd = leat_listener_fd(listener), .events = POLLIN}, 1, 20000), 1);
    assert_true(leat_link_step(peer));
    assert_int_equal(leat_listener_recv_many(listener, &same, &msg, NULL, 1, leat_os_now_ns() + 2000000000), -EPIPE);
    assert_int_equal(leat_link_close(peer, 0, NULL, NULL), 0);
    close(fd);
    leat_listener_close(listener);
}

static void at_the_most_links_callers_wait_until_one_is_closed(void **state)
{
    (void)state;
    struct leat_listener_options options = options_of(true);
    options.merged = true;
    options.most_links = 2;
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
    struct leat_link *peers[3], *none = NULL;
    struct leat_msg msg;
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = call(listener);
        assert_int_equal(send(fds[i], frame, sizeof frame, 0), sizeof frame);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(leat_listener_recv_many(listener, &peers[i], &msg, NULL, 1, LEAT_FOREVER), 1);
        leat_msg_unref(&msg);
    }
    assert_ptr_not_equal(peers[0], peers[1]);
    int64_t begin = leat_os_now_ns();
    assert_int_equal(leat_listener_recv_many(listener, &peers[2], &msg, NULL, 1, begin + 50000000), -ETIMEDOUT);
    assert_int_equal(poll(&(struct pollfd){.fd = leat_listener_fd(listener), .events = POLLIN}, 1, 0), 0); /* no spin */
    assert_int_equal(leat_listener_accept(listener, &none, 0, NULL), -EINVAL);
    assert_int_equal(leat_link_fd(peers[0]), -EINVAL); /* the listener's is the one to wait for */
    assert_int_equal(leat_link_close(peers[0], LEAT_FOREVER, NULL, NULL), 0);
    assert_int_equal(leat_listener_recv_many(listener, &peers[2], &msg, NULL, 1, LEAT_FOREVER), 1);
    leat_msg_unref(&msg);
    /* The listener goes before its links, which go on by themselves. */
    leat_listener_close(listener);
    assert_int_equal(send(fds[2], frame, sizeof frame, 0), sizeof frame);
    assert_int_equal(leat_link_recv(peers[2], &msg, LEAT_FOREVER), 0);
    leat_msg_unref(&msg);
    for (int i = 1; i < 3; i++)
        assert_int_equal(leat_link_close(peers[i], LEAT_FOREVER, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void a_silent_peer_is_told_in_time(void **state)
{
    (void)state;
    struct leat_listener_options options = options_of(true);
    options.merged = true;
    options.link.idle_ns = 50000000;
    struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
    struct leat_link *peer;
    struct leat_msg msg;
    int fds[2] = {call(listener), call(listener)};
    int64_t begin = leat_os_now_ns();
    assert_int_equal(leat_listener_deadline(listener), LEAT_FOREVER);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, begin + 20000000000), -ETIMEDOUT);
        assert_true(leat_os_now_ns() - begin >= 50000000 && leat_os_now_ns() - begin < 15000000000);
        assert_non_null(strstr(leat_link_error(peer)->text, "timed out"));
        assert_int_equal(leat_link_close(peer, 0, NULL, NULL), 0);
    }
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    leat_listener_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_says_who_sent_it),
        cmocka_unit_test(a_busy_peer_does_not_starve_a_quiet_one),
        cmocka_unit_test(an_answer_that_finds_no_room_is_written_later),
        cmocka_unit_test(what_another_call_has_read_is_not_forgotten),
        cmocka_unit_test(at_the_most_links_callers_wait_until_one_is_closed),
        cmocka_unit_test(a_silent_peer_is_told_in_time),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-merged-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
