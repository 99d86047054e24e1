/* SPDX-License-Identifier: MIT */
/* What keys make of sockets, abstract names, and a listener in a process that has no fd to spare. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/un.h>

/* An option of the endpoint's socket, as the kernel has it. */
static int option_of(struct end *end, int level, int number)
{
    int value = -1;
    socklen_t length = sizeof value;
    assert_int_equal(getsockopt(end->transport->fd(end->state, LEAT_IN), level, number, &value, &length), 0);
    return value;
}

/* How many may wait in a TCP listener's queue. */
static unsigned backlog_of(struct end *end)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(getsockopt(end->transport->fd(end->state, LEAT_IN), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    return info.tcpi_sacked; /* of a listener, this */
}

/* ---- options ---- */

static void keys_of_a_connection_reach_its_socket(void **state)
{
    struct end listener, client;
    char name[LEAT_ADDRESS_BYTES], text[2 * LEAT_ADDRESS_BYTES];

    (void)state;
    must_open(&listener, "tcp-listen://127.0.0.1:0?nodelay=0&keepalive=1&rcvbuf=20000&sndbuf=30KiB&backlog=7&device=lo", LEAT_IN);
    listener.transport->name(listener.state, name, sizeof name);
    assert_int_equal(backlog_of(&listener), 7);
    snprintf(text, sizeof text, "%s?keepalive=1&sndbuf=40000", name);
    must_open(&client, text, LEAT_OUT);
    end_accept(&listener);
    assert_int_equal(option_of(&listener, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_RCVBUF), 2 * 20000); /* the kernel doubles it */
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_SNDBUF), 2 * 30 * 1024);
    assert_true(option_of(&listener, SOL_SOCKET, SO_BINDTOIFINDEX) > 0);
    assert_int_not_equal(option_of(&client, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(option_of(&client, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(&client, SOL_SOCKET, SO_SNDBUF), 2 * 40000);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);

    must_open(&listener, "tcp-listen://127.0.0.1:0", LEAT_IN);
    assert_int_equal(backlog_of(&listener), 1);
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_not_equal(option_of(&listener, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void accepted_local_socket_has_the_buffers_of_its_listener(void **state)
{
    struct end listener, client;

    (void)state;
    must_open(&listener, in_folder("unix-listen:%s/buffers?rcvbuf=20KiB&sndbuf=50000"), LEAT_IN);
    must_open(&client, in_folder("unix:%s/buffers?rcvbuf=60000"), LEAT_OUT);
    end_accept(&listener);
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_RCVBUF), 2 * 20 * 1024);
    assert_int_equal(option_of(&listener, SOL_SOCKET, SO_SNDBUF), 2 * 50000);
    assert_int_equal(option_of(&client, SOL_SOCKET, SO_RCVBUF), 2 * 60000);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void reuseport_lets_two_listen_at_one_port(void **state)
{
    struct end first, second;
    char name[LEAT_ADDRESS_BYTES], text[2 * LEAT_ADDRESS_BYTES];

    (void)state;
    must_open(&first, "tcp-listen://127.0.0.1:0?reuseport=1", LEAT_IN);
    first.transport->name(first.state, name, sizeof name);
    snprintf(text, sizeof text, "tcp-listen:%s?reuseport=0", name + strlen("tcp:"));
    must_not_open(text, LEAT_IN, -EADDRINUSE, "bind: Address already in use");
    snprintf(text, sizeof text, "tcp-listen:%s?reuseport=1", name + strlen("tcp:"));
    must_open(&second, text, LEAT_IN);
    assert_int_equal(end_close(&first), 0);
    assert_int_equal(end_close(&second), 0);
}

static void bad_value_is_told_with_its_key_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"tcp://127.0.0.1:1?nodelay=yes", "bad value \"yes\" of nodelay; it is 0 or 1"},
        {"tcp://127.0.0.1:1?nodelay=", "bad value \"\" of nodelay; it is 0 or 1"},
        {"tcp://127.0.0.1:1?keepalive=2", "bad value \"2\" of keepalive; it is 0 or 1"},
        {"tcp://127.0.0.1:1?rcvbuf=0", "bad value \"0\" of rcvbuf; it is a size of 1 to 1073741823 bytes, such as 65536 or 64KiB"},
        {"tcp://127.0.0.1:1?rcvbuf=64kB", "bad value \"64kB\" of rcvbuf"},
        {"tcp://127.0.0.1:1?sndbuf=-1", "bad value \"-1\" of sndbuf"},
        {"tcp://127.0.0.1:1?sndbuf=1GiB", "bad value \"1GiB\" of sndbuf"},
        {"tcp://127.0.0.1:1?sndbuf=99999999999999999999", "bad value \"99999999999999999999\" of sndbuf"},
        {"tcp://127.0.0.1:1?device=", "bad value \"\" of device; it is an interface's name of 1 to 15 bytes"},
        {"tcp://127.0.0.1:1?device=0123456789abcdef", "of device"},
        {"tcp-listen://127.0.0.1:0?backlog=-1", "bad value \"-1\" of backlog; it is a number of 0 to 2147483647"},
        {"tcp-listen://127.0.0.1:0?backlog=1KiB", "bad value \"1KiB\" of backlog"},
        {"tcp-listen://127.0.0.1:0?reuseport=on", "bad value \"on\" of reuseport; it is 0 or 1"},
        {"tcp://127.0.0.1:1?backlog=1", "unknown key \"backlog\"; known to tcp: device keepalive nodelay rcvbuf sndbuf"},
        {"unix:x?nodelay=1", "unknown key \"nodelay\"; known to unix: rcvbuf sndbuf"},
        {"udp-listen://127.0.0.1:0?rcvbuf=x", "bad value \"x\" of rcvbuf"},
        {"unix:x?rcvbuf=x", "bad value \"x\" of rcvbuf"},
        {"unix-listen:x?mode=9", "bad value \"9\" of mode; it is an octal number of 0 to 0777"},
        {"unix-listen:x?mode=1777", "bad value \"1777\" of mode"},
        {"unix-listen:x?mode=", "bad value \"\" of mode"},
        {"unix-listen:x?mode=-1", "bad value \"-1\" of mode"},
        {"unix-listen:x?owner=nobody-of-that-name", "bad value \"nobody-of-that-name\" of owner; it is USER or USER:GROUP"},
        {"unix-listen:x?owner=0:no-such-group", "there is no such group"},
        {"unix-listen:x?owner=0:", "there is no such group"},
        {"unix-listen:x?owner=4294967295", "there is no such user"},
        {"unix-listen:@x?mode=0600", "mode is for a path; an abstract name is open to all"},
        {"unix-listen:@x?owner=0", "owner is for a path"},
        {"unix:@", "empty name after @; the form is @NAME"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_not_open(bad[i].text, LEAT_IN, -EINVAL, bad[i].words);
    assert_int_equal(access("x", F_OK), -1);
}

static void what_the_kernel_refuses_is_told_with_its_key(void **state)
{
    (void)state;
    must_not_open("tcp-listen://127.0.0.1:0?device=leat-none", LEAT_IN, -ENODEV, "?device=leat-none: device: No such device");
    if (geteuid() != 0)
        must_not_open(in_folder("unix-listen:%s/owned?owner=0"), LEAT_IN, -EPERM, ": owner: Operation not permitted");
    assert_int_equal(access(in_folder("%s/owned"), F_OK), -1);
}

/* ---- local names ---- */

static void mode_and_owner_are_those_of_the_path(void **state)
{
    struct end listener;
    struct stat info;
    char text[400], name[LEAT_ADDRESS_BYTES];
    const bool root = geteuid() == 0;
    const unsigned user = root ? 12345 : geteuid(), group = root ? 54321 : getegid();
    mode_t before = umask(0077);

    (void)state;
    snprintf(text, sizeof text, "unix-listen:%s/owned?mode=0666&owner=%u:%u", folder, user, group);
    must_open(&listener, text, LEAT_IN);
    umask(before);
    assert_int_equal(stat(in_folder("%s/owned"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0666);
    assert_int_equal(info.st_uid, user);
    assert_int_equal(info.st_gid, group);
    listener.transport->name(listener.state, name, sizeof name);
    assert_string_equal(name, in_folder("unix:%s/owned"));
    assert_int_equal(end_close(&listener), 0);
    assert_int_equal(access(in_folder("%s/owned"), F_OK), -1);

    must_open(&listener, in_folder(root ? "unix-seqpacket-listen:%s/owned?mode=600&owner=root:root" : "unix-listen:%s/owned?mode=600"),
              LEAT_IN);
    assert_int_equal(stat(in_folder("%s/owned"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_uid, geteuid());
    assert_int_equal(end_close(&listener), 0);
}

static void abstract_name_needs_no_file(void **state)
{
    struct end listener, client;
    char name[100], text[120];

    (void)state;
    snprintf(name, sizeof name, "@leat-test-%d", (int)getpid());
    snprintf(text, sizeof text, "unix:%s", name);
    must_not_open(text, LEAT_IN, -ECONNREFUSED, "connect: Connection refused");
    snprintf(text, sizeof text, "unix-listen:%s", name);
    must_open(&listener, text, LEAT_IN | LEAT_OUT);
    must_not_open(text, LEAT_IN, -EADDRINUSE, "listen: Address already in use");
    assert_int_equal(access(name, F_OK), -1);
    struct sockaddr_un bound = {0};
    socklen_t length = sizeof bound;
    assert_int_equal(getsockname(listener.transport->fd(listener.state, LEAT_IN), (struct sockaddr *)&bound, &length), 0);
    assert_int_equal(length, offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bound.sun_path[0], 0);
    assert_memory_equal(bound.sun_path + 1, name + 1, strlen(name) - 1);

    snprintf(text, sizeof text, "unix:%s", name);
    must_open(&client, text, LEAT_IN | LEAT_OUT);
    end_accept(&listener);
    check_both_ways(&client, &listener);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void file_whose_name_begins_with_an_at_sign_is_a_path(void **state)
{
    struct end listener;
    char before[500];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    must_open(&listener, "unix-listen:./@name", LEAT_IN);
    assert_int_equal(access("@name", F_OK), 0);
    assert_int_equal(end_close(&listener), 0);
    assert_int_equal(chdir(before), 0);
}

/* ---- no fd to spare ---- */

/* From here on the process may have `most` fds; returns what it could have before. */
static struct rlimit limit_fds(rlim_t most)
{
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

static void peer_takes_the_place_of_the_reserve(void **state)
{
    struct end listener, client;
    struct leat_error error = {0};
    int spare[64], count = 0;

    (void)state;
    if (test_under_valgrind())
        skip(); /* it plays the limit itself, and the peer is lost */
    must_open(&listener, in_folder("unix-listen:%s/busy"), LEAT_IN);
    must_open(&client, in_folder("unix:%s/busy"), LEAT_OUT);
    struct rlimit before = limit_fds(64);
    while (count < 64 && (spare[count] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
        count++;
    int rc = listener.transport->accept(listener.state, &error);
    int free_one = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3); /* the listener's own is free again */
    while (count > 0)
        close(spare[--count]);
    close(free_one);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(rc, 0);
    assert_true(free_one >= 0);
    char byte;
    assert_int_equal(end_write(&client, "x"), 1);
    assert_int_equal(end_read(&listener, &byte, 1), 1);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void listener_without_even_a_reserve_pauses_and_goes_on(void **state)
{
    struct end listener, client;
    struct leat_error error = {0};
    struct timespec begin, end;

    (void)state;
    if (test_under_valgrind())
        skip();
    must_open(&listener, "tcp-listen://127.0.0.1:0", LEAT_IN);
    char name[LEAT_ADDRESS_BYTES];
    listener.transport->name(listener.state, name, sizeof name);
    must_open(&client, name, LEAT_OUT);
    end_wait(&listener, LEAT_IN);
    struct rlimit before = limit_fds(1); /* not even the reserve's place may be used again */
    clock_gettime(CLOCK_MONOTONIC, &begin);
    int rc[3];
    for (int i = 0; i < 3; i++)
        rc[i] = listener.transport->accept(listener.state, &error);
    clock_gettime(CLOCK_MONOTONIC, &end);
    setrlimit(RLIMIT_NOFILE, &before);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rc[i], -EAGAIN);
    assert_true((end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec >= 3 * 9000000); /* it does not spin */
    assert_int_equal(listener.transport->accept(listener.state, &error), 0);                            /* the peer still waited */
    assert_int_equal(end_write(&client, "x"), 1);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void listeners_leave_no_fd_behind(void **state)
{
    struct end listener, client;

    (void)state;
    const int before = count_fds();
    must_open(&listener, in_folder("unix-listen:%s/fds"), LEAT_IN);
    assert_int_equal(end_close(&listener), 0); /* nobody came */
    assert_int_equal(count_fds(), before);
    must_open(&listener, in_folder("unix-listen:%s/fds"), LEAT_IN);
    must_open(&client, in_folder("unix:%s/fds"), LEAT_OUT);
    end_accept(&listener);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
    assert_int_equal(count_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_connection_reach_its_socket),
        cmocka_unit_test(accepted_local_socket_has_the_buffers_of_its_listener),
        cmocka_unit_test(reuseport_lets_two_listen_at_one_port),
        cmocka_unit_test(bad_value_is_told_with_its_key_and_what_is_allowed),
        cmocka_unit_test(what_the_kernel_refuses_is_told_with_its_key),
        cmocka_unit_test(mode_and_owner_are_those_of_the_path),
        cmocka_unit_test(abstract_name_needs_no_file),
        cmocka_unit_test(file_whose_name_begins_with_an_at_sign_is_a_path),
        cmocka_unit_test(peer_takes_the_place_of_the_reserve),
        cmocka_unit_test(listener_without_even_a_reserve_pauses_and_goes_on),
        cmocka_unit_test(listeners_leave_no_fd_behind),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
