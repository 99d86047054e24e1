/* SPDX-License-Identifier: MIT */
/* How often a socket is read for what comes: once, where the read was short, and never in vain for a message that had come. */
#define _GNU_SOURCE
#include "test.h"

#include <leat/io_thread.h>
#include <leat/listener.h>
#include <leat/os.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGES = 100, ODD = 10 }; /* reads that other wake-ups may cost */

static LEAT_ATOMIC(int64_t) reads; /* of the endpoint; written by whoever reads */

/* The endpoint's, in the place of the C library's. */
ssize_t recv(int fd, void *span, size_t bytes, int flags)
{
    (void)leat_add(&reads, 1, relaxed); /* relaxed: a number */
    return recvfrom(fd, span, bytes, flags, NULL, NULL);
}

static const char *name(void)
{
    static char text[64];
    snprintf(text, sizeof text, "unix-listen:@leat-reads-%ld", (long)getpid());
    return text;
}

/* A plain socket that called there. */
static int call(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *abstract = strchr(name(), '@') + 1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(at.sun_path + 1, abstract, strlen(abstract));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract))), 0);
    return fd;
}

static struct leat_link *open_link(bool no_thread, struct leat_io_thread *io_thread)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = no_thread, .io_thread = io_thread};
    if (leat_link_open(&link, name(), &options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

/* So many bytes of a frame of 8, from there on. */
static void say(int fd, int64_t from, int64_t bytes)
{
    static const unsigned char frame[8] = {1, 0, 5};
    assert_int_equal(send(fd, frame + from, (size_t)bytes, MSG_NOSIGNAL), bytes);
}

static void hear(struct leat_link *link, int64_t deadline_ns)
{
    struct leat_msg msg;
    assert_int_equal(leat_link_recv(link, &msg, deadline_ns), 0);
    assert_int_equal(leat_msg_size(&msg), 8);
    leat_msg_unref(&msg);
}

/* One after the other, each read once. */
static void one_read_each(struct leat_link *link, int fd)
{
    say(fd, 0, 8);
    hear(link, LEAT_FOREVER);
    const int64_t before = leat_load(&reads, relaxed); /* relaxed, here and below: a number */
    for (int i = 0; i < MESSAGES; i++) {
        say(fd, 0, 8);
        hear(link, LEAT_FOREVER);
    }
    assert_in_range(leat_load(&reads, relaxed) - before, MESSAGES, MESSAGES + ODD);
    close(fd);
    assert_int_equal(leat_link_recv(link, &(struct leat_msg){0}, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
}

static void a_thread_reads_once_for_each_message(void **state)
{
    (void)state;
    struct leat_link *link = open_link(false, NULL);
    one_read_each(link, call());
}

static void a_shared_thread_reads_once_for_each_message(void **state)
{
    (void)state;
    struct leat_io_thread *io_thread;
    assert_int_equal(leat_io_thread_open(&io_thread, NULL), 0);
    struct leat_link *link = open_link(false, io_thread);
    one_read_each(link, call());
    assert_int_equal(leat_io_thread_close(io_thread), 0);
}

static void without_a_thread_each_message_is_read_once(void **state)
{
    (void)state;
    struct leat_link *link = open_link(true, NULL);
    one_read_each(link, call());
}

static void of_many_peers_each_message_is_read_once(void **state)
{
    (void)state;
    struct leat_listener_options options = {.link = {.dialect = leat_tlv_dialect("t8l16")}, .merged = true};
    struct leat_listener *listener;
    struct leat_link *peer;
    struct leat_msg msg;
    assert_int_equal(leat_listener_open(&listener, name(), &options, NULL), 0);
    int fds[4];
    for (int i = 0; i < 4; i++)
        fds[i] = call();
    int64_t before = 0;
    for (int i = 0; i < 4 + MESSAGES; i++) {
        before = i == 4 ? leat_load(&reads, relaxed) : before;
        say(fds[i % 4], 0, 8);
        assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, LEAT_FOREVER), 1);
        leat_msg_unref(&msg);
    }
    assert_in_range(leat_load(&reads, relaxed) - before, MESSAGES, MESSAGES + ODD);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
        assert_int_equal(leat_listener_recv_many(listener, &peer, &msg, NULL, 1, LEAT_FOREVER), -EPIPE);
        assert_int_equal(leat_link_close(peer, 0, NULL, NULL), 0);
    }
    leat_listener_close(listener);
}

/* What had come before a recv that does not wait is what it finds, whatever the read before it was like. */
static void what_has_come_is_found_at_once(void **state)
{
    (void)state;
    struct leat_link *link = open_link(true, NULL);
    struct leat_msg msg;
    int fd = call();
    for (int i = 0; i < MESSAGES; i++) {
        say(fd, 0, 8);
        hear(link, 0);
        say(fd, 0, 3);
        assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
        say(fd, 3, 5);
        say(fd, 0, 2);
        hear(link, 0);
        leat_link_step(link);
        say(fd, 2, 6);
        hear(link, 0);
    }
    say(fd, 0, 8);
    close(fd);
    hear(link, 0);
    assert_int_equal(leat_link_recv(link, &msg, 0), -EPIPE);
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_reads_once_for_each_message),
        cmocka_unit_test(a_shared_thread_reads_once_for_each_message),
        cmocka_unit_test(without_a_thread_each_message_is_read_once),
        cmocka_unit_test(of_many_peers_each_message_is_read_once),
        cmocka_unit_test(what_has_come_is_found_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
