/* SPDX-License-Identifier: MIT */
/* Connections that are lost, and made anew: when and how often, what ends it, which endpoints can. */
#define _GNU_SOURCE
#include "link_reconnect_support.h"

#include <fcntl.h>
#include <termios.h>

static char folder[64];

/* ---- servers that come late, or never ---- */

static void a_server_that_is_away_at_first_is_waited_for(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        struct leat_msg msg;
        int port = free_port();
        struct leat_link *link = open_to(port, "", &options);
        assert_int_equal(leat_link_state(link), LEAT_LINK_RECONNECTING);
        give(link, &blocks, 0, 20);
        assert_int_equal(leat_link_check_send(link), 0);
        assert_int_equal(leat_link_recv(link, &msg, leat_os_now_ns() + 30 * MS), -ETIMEDOUT);
        assert_int_equal(leat_link_drain(link, leat_os_now_ns() + 5 * MS), -ETIMEDOUT);
        int listener = serve(port);
        int fd = meet(listener, link);
        get(fd, link, 0, 20);
        put(fd, 0, 5, 0);
        take(link, 0, 5, 1);
        assert_int_equal(leat_link_drain(link, SOON), 0);
        /* And it goes, and comes again at the same port. */
        close(listener);
        hang_up(fd, false);
        await(link, LEAT_LINK_RECONNECTING);
        while (count_events(&events, LEAT_LINK_RECONNECTING) < 4) {
            leat_link_step(link);
            sched_yield();
        }
        give(link, &blocks, 20, 40);
        listener = serve(port);
        fd = meet(listener, link);
        get(fd, link, 20, 40);
        assert_int_equal(reconnects(link), 2);
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

static void a_server_that_never_comes_is_given_up_after_so_many_tries(void **state)
{
    (void)state;
    for (int run = 0; run < 2 * WAYS; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        struct leat_msg msg;
        bool at_first = run >= WAYS; /* else it is lost */
        options.reconnect_tries = 3;
        int listener = serve(0), port = port_of(listener);
        if (at_first)
            close(listener);
        struct leat_link *link = open_to(port, "", &options);
        if (!at_first) {
            int fd = meet(listener, link);
            put(fd, 0, 3, 0);
            take(link, 0, 3, 0);
            close(listener);
            hang_up(fd, false);
        }
        await(link, LEAT_LINK_RECONNECTING);
        give(link, &blocks, 0, 2);
        assert_int_equal(leat_link_recv(link, &msg, SOON), -ECONNREFUSED);
        assert_int_equal(leat_link_state(link), LEAT_LINK_FAILED);
        assert_int_equal(leat_link_error(link)->code, -ECONNREFUSED);
        assert_non_null(strstr(leat_link_error(link)->text, "tcp://127.0.0.1:"));
        assert_int_equal(leat_link_check_send(link), -ECONNREFUSED);
        assert_int_equal(leat_link_drain(link, SOON), -ECONNREFUSED);
        leat_msg_init(&msg);
        assert_int_equal(leat_link_send(link, &msg, SOON), -ECONNREFUSED);
        assert_int_equal(finish(link, SOON, 2), -ECONNREFUSED);
        /* The loss, or nobody at first; two attempts; and the last one. */
        assert_int_equal(events.count, at_first ? 2 : 4);
        assert_int_equal(events.states[events.count - 2], LEAT_LINK_RECONNECTING);
        assert_int_equal(events.states[events.count - 1], LEAT_LINK_FAILED);
        assert_int_equal(events.codes[events.count - 1], -ECONNREFUSED);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
    /* With one try, or an error of another kind, open says it. */
    struct events events;
    struct leat_link_options options = options_for(0, &events);
    struct leat_link *link = NULL;
    struct leat_error error;
    char endpoint[64];
    assert_int_equal(leat_link_open(&link, "unix:/proc/self/exe/nowhere", &options, &error), -ENOTDIR);
    options.reconnect_tries = 1;
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", free_port());
    assert_int_equal(leat_link_open(&link, endpoint, &options, &error), -ECONNREFUSED);
    assert_non_null(strstr(error.text, "refused"));
    assert_null(link);
}

/* Who is let in and sent away at once, again and again, has not come back. */
static void a_connection_that_carries_nothing_is_a_failed_try(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_msg msg;
        options.reconnect_most_ns = 10000 * MS;
        options.reconnect_tries = 3;
        int listener = serve(0), calls = 0;
        struct leat_link *link = open_to(port_of(listener), "", &options);
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        for (int64_t end = SOON; leat_link_state(link) != LEAT_LINK_CLOSED;) {
            if (poll(&ready, 1, 1) == 1) {
                close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
                calls++;
            }
            assert_true(leat_os_now_ns() < end);
            leat_link_step(link);
            (void)leat_link_check_send(link);
            if (leat_link_recv(link, &msg, 0) != -EAGAIN)
                break;
        }
        assert_int_equal(calls, 4);
        assert_int_equal(leat_link_recv(link, &msg, SOON), -EPIPE); /* as the last one ended */
        (void)finish(link, SOON, 0);
        close(listener);
    }
}

/* ---- the delays ---- */

static void delays_double_up_to_a_limit(void **state)
{
    (void)state;
    enum { TRIES = 6 };
    static const int64_t whole[TRIES] = {8, 16, 32, 40, 40, 40}; /* ms */
    struct events events;
    struct leat_link_options options = options_for(1, &events);
    options.reconnect_ns = whole[0] * MS;
    options.reconnect_most_ns = 40 * MS;
    int64_t before = leat_os_now_ns();
    struct leat_link *link = open_to(free_port(), "", &options);
    for (int n = 0; n < TRIES; n++) {
        int64_t after = leat_os_now_ns(), due = leat_link_deadline(link);
        assert_true(due >= before + whole[n] * MS / 2);
        assert_true(due <= after + whole[n] * MS);
        while (leat_os_now_ns() < due)
            assert_false(leat_link_step(link));
        before = leat_os_now_ns();
        for (int64_t end = SOON; leat_link_deadline(link) <= due || leat_link_deadline(link) == LEAT_FOREVER;) {
            leat_link_step(link);
            assert_true(leat_os_now_ns() < end);
        }
    }
    assert_int_equal(finish(link, 0, 0), 0);
}

/* Of 500 ms that chance may choose from: eight of them lie within 50 ms once in a million runs. */
static void delays_differ(void **state)
{
    (void)state;
    int64_t least = LEAT_FOREVER, most = 0;
    int port = free_port();
    for (int i = 0; i < 8; i++) {
        struct events events;
        struct leat_link_options options = options_for(1, &events);
        options.reconnect_ns = options.reconnect_most_ns = 1000 * MS;
        struct leat_link *link = open_to(port, "", &options);
        int64_t delay = leat_link_deadline(link) - leat_os_now_ns();
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
        assert_int_equal(finish(link, 0, 0), 0);
    }
    assert_true(most - least > 50 * MS);
}

/* And so do the tries; not after one that brought nothing. */
static void delays_begin_anew_after_a_connection_that_carried_a_frame(void **state)
{
    (void)state;
    for (int carried = 0; carried < 2; carried++) {
        struct events events;
        struct leat_link_options options = options_for(1, &events);
        options.reconnect_ns = 4 * MS;
        options.reconnect_most_ns = 3600000 * MS;
        int port = free_port();
        struct leat_link *link = open_to(port, "", &options);
        while (count_events(&events, LEAT_LINK_RECONNECTING) < 5) /* the next delay is 64 to 128 ms */
            leat_link_step(link);
        int listener = serve(port);
        int fd = meet(listener, link);
        await(link, LEAT_LINK_OPEN);
        if (carried) {
            put(fd, 0, 1, 0);
            take(link, 0, 1, 1);
        }
        close(listener);
        hang_up(fd, false);
        int64_t before = leat_os_now_ns();
        await(link, LEAT_LINK_RECONNECTING);
        int64_t due = leat_link_deadline(link), after = leat_os_now_ns();
        assert_true(carried ? due <= after + 4 * MS : due >= before + 32 * MS);
        assert_int_equal(finish(link, 0, 0), 0);
    }
}

static void close_waits_for_no_delay_and_no_attempt(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        options.reconnect_ns = options.reconnect_most_ns = 3600000 * MS;
        for (int left = 0; left < 2; left++) {
            int listener = serve(0);
            struct leat_link *link = open_to(port_of(listener), "", &options);
            hang_up(meet(listener, link), false);
            await(link, LEAT_LINK_RECONNECTING);
            give(link, &blocks, 0, left);
            int64_t begin = leat_os_now_ns();
            assert_int_equal(finish(link, left == 0 ? LEAT_FOREVER : begin + 20 * MS, left), left == 0 ? 0 : -ETIMEDOUT);
            assert_true(leat_os_now_ns() - begin < 5000 * MS);
            close(listener);
        }
        /* An attempt that hangs: the queue of a local listener is full. */
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        char endpoint[160];
        snprintf(at.sun_path, sizeof at.sun_path, "%s/full", folder);
        snprintf(endpoint, sizeof endpoint, "unix:%s", at.sun_path);
        options.reconnect_ns = options.reconnect_most_ns = MS;
        struct leat_link *link = NULL;
        assert_int_equal(leat_link_open(&link, endpoint, &options, NULL), 0); /* no such path yet */
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(listen(listener, 0), 0);
        assert_int_equal(connect(filler, (struct sockaddr *)&at, sizeof at), 0);
        for (int seen = 0; seen < 20;) { /* it is there to stay */
            leat_link_step(link);
            seen = connecting() ? seen + 1 : 0;
            poll(NULL, 0, 1);
            if (leat_link_state(link) == LEAT_LINK_OPEN) /* it was quicker than the filler */
                break;
        }
        int64_t begin = leat_os_now_ns();
        assert_int_equal(finish(link, LEAT_FOREVER, 0), 0);
        assert_true(leat_os_now_ns() - begin < 5000 * MS);
        close(filler);
        close(listener);
        unlink(at.sun_path);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* What was sent while the connection was away is written by close, when it comes back in time. */
static void close_goes_on_reconnecting_for_what_was_sent(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        int port = free_port();
        struct leat_link *link = open_to(port, "", &options);
        give(link, &blocks, 0, 5);
        int listener = serve(port);
        assert_int_equal(finish(link, SOON, 0), 0);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        get(fd, NULL, 0, 5);
        close(fd);
        close(listener);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* ---- what is final ---- */

static void a_malformed_frame_and_an_end_mark_are_final(void **state)
{
    (void)state;
    for (int run = 0; run < 2 * WAYS; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_msg msg;
        bool mark = run >= WAYS;
        options.dialect = leat_tlv_dialect(mark ? "lldp" : "t8l16");
        options.max_frame = 1000;
        int listener = serve(0);
        struct leat_link *link = open_to(port_of(listener), "", &options);
        int fd = meet(listener, link);
        const unsigned char bad[] = {1, 0xff, 0xff}, end[] = {0, 0};
        assert_int_equal(send(fd, mark ? end : bad, mark ? sizeof end : sizeof bad, 0), mark ? sizeof end : sizeof bad);
        if (mark) {
            assert_int_equal(leat_link_recv(link, &msg, SOON), 0);
            leat_msg_unref(&msg);
        }
        assert_int_equal(leat_link_recv(link, &msg, SOON), mark ? -EPIPE : -EBADMSG);
        assert_int_equal(leat_link_state(link), LEAT_LINK_OPEN);
        hang_up(fd, true);
        await(link, LEAT_LINK_FAILED);
        assert_int_equal(leat_link_drain(link, SOON), 0); /* nothing was sent */
        leat_msg_init(&msg);
        for (int64_t until = SOON; leat_link_check_send(link) == 0 && leat_os_now_ns() < until;)
            sched_yield();
        assert_int_equal(leat_link_send(link, &msg, SOON), -EPIPE);
        (void)finish(link, SOON, 0);
        assert_int_equal(count_events(&events, LEAT_LINK_RECONNECTING), 0);
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 30), 0); /* nobody calls again */
        close(listener);
    }
}

static void what_cannot_reconnect_says_so(void **state)
{
    (void)state;
    struct events events;
    const struct {
        const char *endpoint, *words;
        int64_t first, most, tries, repeat;
    } bad[] = {
        {"tcp://127.0.0.1:1", "negative", -1, 0, 0, 0},
        {"tcp://127.0.0.1:1", "negative", 1, -1, 0, 0},
        {"tcp://127.0.0.1:1", "negative", 1, 1, -1, 0},
        {"tcp://127.0.0.1:1", "reconnect_most_ns", 2, 1, 0, 0},
        {"tcp://127.0.0.1:1", "reconnect_most_ns", 2, INT64_MAX, 0, 0},
        {"tcp://127.0.0.1:1", "reconnect_tries", 0, 0, 1, 0},
        {"tcp-listen://127.0.0.1:0", "reconnect_ns", 1, 1, 0, 0},
        {"unix-listen:/tmp/leat-none", "reconnect_ns", 1, 1, 0, 0},
        {"udp://127.0.0.1:1", "reconnect_ns", 1, 1, 0, 0},
        {"/dev/zero", "reconnect_ns", 1, 1, 0, 0},
        {"-", "reconnect_ns", 1, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct leat_link_options options = options_for(0, &events);
        struct leat_link *link = NULL;
        struct leat_error error;
        options.directions = LEAT_IN;
        options.reconnect_ns = bad[i].first;
        options.reconnect_most_ns = bad[i].most;
        options.reconnect_tries = bad[i].tries;
        assert_int_equal(leat_link_open(&link, bad[i].endpoint, &options, &error), -EINVAL);
        assert_null(link);
        if (strstr(error.text, bad[i].words) == NULL)
            fail_msg("%s", error.text);
    }
    struct leat_listener *listener = NULL;
    struct leat_listener_options options = {.link = options_for(0, &events)};
    assert_int_equal(leat_listener_open(&listener, "tcp-listen://127.0.0.1:0", &options, NULL), -EINVAL);
}

/* ---- other endpoints, other loops ---- */

static void local_sockets_reconnect(void **state)
{
    (void)state;
    for (int run = 0; run < 2 * WAYS; run++) {
        struct events events;
        struct leat_link_options options = options_for(run % WAYS, &events);
        struct leat_blocks blocks;
        struct leat_pool *pool = make_pool(&blocks);
        const bool records = run >= WAYS;
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        struct leat_link *link = NULL;
        char endpoint[160];
        int fd = -1;
        snprintf(at.sun_path, sizeof at.sun_path, "%s/local", folder);
        snprintf(endpoint, sizeof endpoint, "unix%s:%s", records ? "-seqpacket" : "", at.sun_path);
        for (int connection = 0; connection < 3; connection++) {
            int listener = socket(AF_UNIX, (records ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
            assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
            assert_int_equal(listen(listener, 4), 0);
            if (link == NULL)
                assert_int_equal(leat_link_open(&link, endpoint, &options, NULL), 0);
            fd = meet(listener, link);
            close(listener);
            unlink(at.sun_path);
            put(fd, connection * 8, connection * 8 + 8, 0);
            take(link, connection * 8, connection * 8 + 8, connection);
            give(link, &blocks, connection * 8, connection * 8 + 8);
            get(fd, link, connection * 8, connection * 8 + 8);
            assert_int_equal(leat_link_drain(link, SOON), 0);
            if (connection < 2)
                hang_up(fd, false);
        }
        assert_int_equal(finish(link, SOON, 0), 0);
        close(fd);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    }
}

/* A serial line that is pulled out, and put in again under the same name. */
static void a_serial_line_that_comes_back_is_opened_again(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct events events;
        struct leat_link_options options = options_for(way, &events);
        struct leat_link *link = NULL;
        char path[128], endpoint[160];
        snprintf(path, sizeof path, "%s/line", folder);
        snprintf(endpoint, sizeof endpoint, "serial:%s", path);
        assert_int_equal(leat_link_open(&link, endpoint, &options, NULL), 0);
        assert_int_equal(leat_link_state(link), LEAT_LINK_RECONNECTING);
        for (int connection = 1; connection < 3; connection++) {
            int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
            struct termios raw;
            assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
            assert_int_equal(tcgetattr(master, &raw), 0);
            cfmakeraw(&raw);
            assert_int_equal(tcsetattr(master, TCSANOW, &raw), 0);
            assert_int_equal(symlink(ptsname(master), path), 0);
            while (reconnects(link) < connection) {
                leat_link_step(link);
                sched_yield();
            }
            unsigned char frame[8192];
            int64_t bytes = make_frame(connection, frame);
            assert_int_equal(write(master, frame, (size_t)bytes), bytes);
            struct leat_msg msg;
            assert_int_equal(leat_link_recv(link, &msg, SOON), 0);
            check(&msg, connection);
            unlink(path);
            close(master);
            await(link, LEAT_LINK_RECONNECTING);
        }
        assert_int_equal(finish(link, SOON, 0), 0);
    }
}

/* The descriptor alone drives it: the delay, the attempt, the new connection. */
static void a_loop_of_others_reconnects_by_the_descriptor(void **state)
{
    (void)state;
    struct events events;
    struct leat_link_options options = options_for(1, &events);
    int listener = serve(0);
    struct leat_link *link = open_to(port_of(listener), "", &options);
    for (int connection = 0; connection < 4; connection++) {
        int fd = -1;
        bool got = false;
        for (int64_t end = SOON; !got;) {
            struct leat_msg msg;
            struct pollfd ready[2] = {{.fd = leat_link_fd(link), .events = POLLIN}, {.fd = listener, .events = POLLIN}};
            if (leat_link_arm(link))
                poll(ready, 2, 20000);
            assert_true(leat_os_now_ns() < end);
            if (ready[1].revents != 0) {
                fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                put(fd, connection, connection + 1, 0);
            }
            int rc = leat_link_recv(link, &msg, 0);
            assert_true(rc == 0 || rc == -EAGAIN);
            got = rc == 0;
            if (got)
                check(&msg, connection);
        }
        hang_up(fd, connection % 2 == 0);
    }
    assert_int_equal(finish(link, SOON, 0), 0);
    close(listener);
}

int main(void)
{
    int64_t fds = count_fds();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_away_at_first_is_waited_for),
        cmocka_unit_test(a_server_that_never_comes_is_given_up_after_so_many_tries),
        cmocka_unit_test(a_connection_that_carries_nothing_is_a_failed_try),
        cmocka_unit_test(delays_double_up_to_a_limit),
        cmocka_unit_test(delays_differ),
        cmocka_unit_test(delays_begin_anew_after_a_connection_that_carried_a_frame),
        cmocka_unit_test(close_waits_for_no_delay_and_no_attempt),
        cmocka_unit_test(close_goes_on_reconnecting_for_what_was_sent),
        cmocka_unit_test(a_malformed_frame_and_an_end_mark_are_final),
        cmocka_unit_test(what_cannot_reconnect_says_so),
        cmocka_unit_test(local_sockets_reconnect),
        cmocka_unit_test(a_serial_line_that_comes_back_is_opened_again),
        cmocka_unit_test(a_loop_of_others_reconnects_by_the_descriptor),
        cmocka_unit_test_prestate(nothing_is_left_open, &fds),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-reconnect-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
