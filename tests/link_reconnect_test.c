/* SPDX-License-Identifier: MIT */
/* Connections that are lost, and made anew: what becomes of the messages. Each test runs with an I/O thread and without one. */
#define _GNU_SOURCE
#include "link_reconnect_support.h"

/* ---- losses ---- */

static void an_input_that_ends_or_is_reset_goes_on_by_a_new_connection(void **state)
{
    (void)state;
    for (int way = 0; way < 2 * WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way % WAYS, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        char name[128];
        snprintf(name, sizeof name, "%s", leat_link_name(link));
        for (int connection = 0; connection < 4; connection++) {
            int fd = meet(listener, link);
            put(fd, connection * 10, connection * 10 + 10, 0);
            take(link, connection * 10, connection * 10 + 10, connection);
            give(link, &blocks, connection * 10, connection * 10 + 10);
            get(fd, link, connection * 10, connection * 10 + 10);
            assert_int_equal(leat_link_state(link), LEAT_LINK_OPEN);
            assert_int_equal(reconnects(link), connection);
            hang_up(fd, way >= WAYS);
        }
        int fd = meet(listener, link);
        await(link, LEAT_LINK_OPEN);
        assert_string_equal(leat_link_name(link), name);
        assert_int_equal(finish(link, SOON, 0), 0);
        assert_int_equal(events.count, 8);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(events.states[i], i % 2 == 0 ? LEAT_LINK_RECONNECTING : LEAT_LINK_OPEN);
            bool heard = way >= WAYS && events.codes[i] == -ECONNRESET; /* else the output has heard of it first, or it was no reset */
            assert_int_equal(events.codes[i], i % 2 != 0 ? 0 : heard ? -ECONNRESET : -EPIPE);
        }
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* In the ring, in a block, in a chain of blocks; by the head or by the value. */
static void a_frame_that_is_cut_on_its_way_in_is_left_out(void **state)
{
    (void)state;
    static const int64_t cuts[] = {1, 2, 100, 1000, 6000};
    for (int run = 0; run < WAYS * 3 * 5; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_link_stats stats;
        int64_t cut = cuts[run / (WAYS * 3)];
        options.receive = (enum leat_receive)(run / WAYS % 3);
        options.receive_block_bytes = 4096; /* the largest is a chain */
        options.malformed = run % 4 < 2 ? LEAT_MALFORMED_STOP : LEAT_MALFORMED_RESYNC;
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        int fd = meet(listener, link);
        put(fd, 0, 8, 0);
        put(fd, 7, 8, cut);
        take(link, 0, 8, 0);
        hang_up(fd, false);
        fd = meet(listener, link);
        put(fd, 8, 24, 0);
        take(link, 8, 24, 1);
        leat_link_stats(link, &stats);
        assert_int_equal(stats.bytes_skipped, cut);
        assert_int_equal(stats.malformed, 0);
        assert_int_equal(stats.frames_in, 24);
        assert_int_equal(stats.ring_used, 0);
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        close(listener);
    }
}

/* Messages of all kinds, four of which at a time lie side by side, so that they are written by one span. */
static void give_mixed(struct leat_link *link, const struct leat_blocks *blocks, const struct leat_blocks *large, int64_t count)
{
    struct leat_msg_buffer buffer;
    for (int64_t i = 0; i < count;) {
        assert_int_equal(leat_msg_buffer_open(&buffer, large), 0);
        for (int64_t at = 0, j = 0; j < 4 && i < count && length_of(i) < 6000; j++, i++) {
            struct leat_msg msg;
            int64_t bytes = make_frame(i, buffer.data + at);
            leat_msg_buffer_cut(&buffer, at, bytes, &msg);
            assert_int_equal(leat_link_send(link, &msg, SOON), 0);
            at += bytes;
        }
        leat_msg_buffer_close(&buffer);
        if (i < count) {
            give(link, blocks, i, i + 1);
            i++;
        }
    }
    leat_link_flush(link);
}

/* Reads up to `most` bytes of the stream of all frames, and checks them. Returns how many frames came whole. */
static int64_t get_some(int fd, struct leat_link *link, int64_t most)
{
    unsigned char want[8192], got[8192];
    int64_t frames = 0, at = 0, size = make_frame(0, want);
    for (int64_t left = most, until = SOON; left > 0;) {
        int64_t bytes = size - at < left ? size - at : left;
        ssize_t n = recv(fd, got, (size_t)bytes, MSG_DONTWAIT);
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        assert_true(leat_os_now_ns() < until);
        if (n < 0) {
            leat_link_step(link);
            continue;
        }
        assert_memory_equal(got, want + at, (size_t)n);
        left -= n;
        at += n;
        if (at == size) {
            at = 0;
            size = make_frame(++frames, want);
        }
    }
    return frames;
}

/* The number of the frame that the new connection begins with, which is the first that the old one had not taken whole. */
static void a_frame_that_is_cut_on_its_way_out_is_sent_again_whole(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    uint64_t seed = test_seed();
    for (int run = 0; run < 16; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_blocks blocks, large;
        struct leat_pool *pool = make_pool(&blocks), *larger = NULL;
        struct leat_pool_config config = leat_os_pool_config(16384, 1024);
        struct leat_link_stats stats;
        const int small = 4096;
        assert_int_equal(leat_pool_create(&larger, &config), 0);
        large = leat_pool_blocks(larger);
        options.directions = run % 4 < 2 ? LEAT_OUT : 0;
        options.info = run % 4 >= 2;
        int listener = serve(0);
        assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
        struct leat_link *link = open_to(port_of(listener), "?sndbuf=4KiB", &options);
        int fd = meet(listener, link);
        give_mixed(link, &blocks, &large, COUNT);
        int64_t first = get_some(fd, link, (int64_t)(test_random(&seed) % 100000));
        hang_up(fd, true); /* with the rest unread */
        fd = meet(listener, link);
        leat_link_stats(link, &stats); /* nothing can be written unless we read: the first buffer is smaller than the rest */
        await(link, LEAT_LINK_OPEN);
        unsigned char head[3], want[8192];
        while (recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT) != sizeof head)
            leat_link_step(link);
        int64_t next = first;
        while (make_frame(next, want) > 0 && next < COUNT && memcmp(head, want, sizeof head) != 0)
            next++;
        assert_true(next < COUNT);
        get(fd, link, next, COUNT);
        assert_int_equal(leat_link_drain(link, SOON), 0);
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_out, COUNT); /* each once, be it lost in the first connection's buffers or not */
        assert_int_equal(stats.reconnects, 1);
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
        assert_int_equal(leat_pool_destroy(larger, NULL), 0);
    }
}

/* The output fails first, as the peer has left with something unread, and the application is slow to take what came before. */
static void what_came_before_an_output_was_lost_is_received_first(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        options.high_water_messages = 8;
        options.reconnect_most_ns = 30000 * MS; /* the time that the application is given */
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        int fd = meet(listener, link);
        put(fd, 0, 64, 0);
        give(link, &blocks, 0, 4); /* which the peer does not read, so that its leaving is a reset */
        assert_int_equal(leat_link_drain(link, SOON), 0);
        hang_up(fd, false);
        for (int i = 4; i < 10; i++) {
            give(link, &blocks, i, i + 1); /* one of these fails */
            poll(NULL, 0, 1);
        }
        take(link, 0, 64, 0);
        fd = meet(listener, link);
        put(fd, 64, 70, 0);
        take(link, 64, 70, 1);
        assert_int_equal(leat_link_drain(link, SOON), 0);
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* Else a sender that never receives would wait for itself. */
static void an_application_that_does_not_receive_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    for (int run = 0; run < WAYS * 3; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        struct leat_link_stats stats;
        struct leat_msg msg;
        int64_t got = 0;
        options.high_water_messages = 7; /* so the next one is large */
        options.receive = (enum leat_receive)(run / WAYS);
        options.receive_block_bytes = 4096;
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        int fd = meet(listener, link);
        put(fd, 0, 32, 0);
        give(link, &blocks, 0, 4);
        assert_int_equal(leat_link_drain(link, SOON), 0);
        hang_up(fd, false);
        give(link, &blocks, 4, 30); /* more than there is room for, so that it waits for the new connection */
        fd = meet(listener, link);
        assert_int_equal(leat_link_drain(link, SOON), 0);
        put(fd, 32, 34, 0);
        for (int64_t connection = 0; connection == 0 || got < 2;) { /* of the old one, as many as there was room for */
            struct leat_link_info info;
            assert_int_equal(leat_link_recv_info(link, &msg, &info, 1, SOON), 1);
            got = info.connection != connection ? 0 : got;
            connection = info.connection;
            check(&msg, connection == 0 ? got : 32 + got);
            got++;
        }
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_out + stats.pipe_out_items, 30);
        assert_int_equal(stats.frames_in, stats.frames_received);
        assert_true(stats.bytes_skipped > 0);
        assert_int_equal(stats.pool.live, 0);
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* A sender that has nothing to send hears of the loss, too, and of an idle peer. */
static void a_loss_is_noticed_without_traffic(void **state)
{
    (void)state;
    for (int run = 0; run < 2 * WAYS; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        bool idle = run >= WAYS;
        options.directions = idle ? LEAT_IN : LEAT_OUT;
        options.info = idle;
        options.idle_ns = idle ? 30 * MS : 0;
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        int fd = meet(listener, link);
        if (!idle)
            hang_up(fd, true);
        int next = meet(listener, link);
        await(link, LEAT_LINK_OPEN);
        assert_true(count_events(&events, LEAT_LINK_RECONNECTING) >= 1);
        assert_int_equal(finish(link, SOON, 0), 0);
        assert_int_equal(events.codes[0], idle ? -ETIMEDOUT : -EPIPE);
        if (idle)
            close(fd);
        close(next);
        close(listener);
    }
}

/* Many losses at random moments, with traffic both ways: nothing is made up, and nothing that was delivered is forgotten. */
static void the_ledger_holds_through_random_losses(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        struct leat_link_stats stats;
        int64_t sent = 0, received = 0, last = -1;
        options.high_water_messages = 32;
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        for (int round = 0; round < 40; round++) {
            int fd = meet(listener, link);
            unsigned char waste[4096];
            for (int steps = (int)(test_random(&seed) % 60); steps > 0; steps--) {
                struct leat_msg msg;
                struct leat_link_info info;
                unsigned char frame[8192];
                int64_t bytes = make_frame((int64_t)(test_random(&seed) % 8), frame);
                (void)!send(fd, frame, (size_t)bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (test_random(&seed) % 2 == 0)
                    (void)!recv(fd, waste, sizeof waste, MSG_DONTWAIT);
                bytes = make_frame(sent, frame);
                assert_int_equal(leat_msg_copy(&msg, &blocks, frame, bytes), 0);
                if (leat_link_send(link, &msg, 0) == 0)
                    sent++;
                else
                    leat_msg_unref(&msg);
                leat_link_flush(link);
                int64_t got = leat_link_recv_info(link, &msg, &info, 1, 0);
                assert_true(got == 1 || got == -EAGAIN);
                if (got == 1) {
                    assert_int_equal(info.sequence, received++);
                    assert_true(info.connection >= last);
                    last = info.connection;
                    leat_msg_unref(&msg);
                }
            }
            hang_up(fd, test_random(&seed) % 2 == 0);
            for (struct leat_msg msg; leat_link_recv(link, &msg, 0) == 0; received++) /* the rest, for who waits for room */
                leat_msg_unref(&msg);
            for (int64_t end = SOON; reconnects(link) <= round && leat_os_now_ns() < end;) {
                struct leat_msg msg;
                if (leat_link_recv(link, &msg, leat_os_now_ns() + MS) == 0) {
                    received++;
                    leat_msg_unref(&msg);
                }
            }
            assert_int_equal(reconnects(link), round + 1);
        }
        leat_link_stats(link, &stats);
        assert_int_equal(stats.frames_sent, sent);
        assert_int_equal(stats.frames_received, received);
        assert_true(stats.frames_out <= sent && stats.frames_in == received);
        int64_t left = stats.frames_sent - stats.frames_out;
        struct leat_link_end end;
        (void)leat_link_close(link, 0, &end, NULL);
        assert_int_equal(end.delivered + end.left, sent);
        assert_true(end.left <= left);
        assert_int_equal(end.accepted, received + end.unread);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

int main(void)
{
    int64_t fds = count_fds();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_that_ends_or_is_reset_goes_on_by_a_new_connection),
        cmocka_unit_test(a_frame_that_is_cut_on_its_way_in_is_left_out),
        cmocka_unit_test(a_frame_that_is_cut_on_its_way_out_is_sent_again_whole),
        cmocka_unit_test(what_came_before_an_output_was_lost_is_received_first),
        cmocka_unit_test(an_application_that_does_not_receive_is_not_waited_for_for_ever),
        cmocka_unit_test(a_loss_is_noticed_without_traffic),
        cmocka_unit_test(the_ledger_holds_through_random_losses),
        cmocka_unit_test_prestate(nothing_is_left_open, &fds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
