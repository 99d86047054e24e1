/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/un.h>

/* ---- the grammar ---- */

static void names_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *scheme, *rest, *host, *port, *key, *value;
    } good[] = {
        {"data.bin", "file", "data.bin", NULL, NULL, NULL, NULL},
        {"/tmp/a:b?c=d%20", "file", "/tmp/a:b?c=d%20", NULL, NULL, NULL, NULL},
        {"./a:b", "file", "./a:b", NULL, NULL, NULL, NULL},
        {"../x", "file", "../x", NULL, NULL, NULL, NULL},
        {"no colon?a=b", "file", "no colon?a=b", NULL, NULL, NULL, NULL},
        {"--", "file", "--", NULL, NULL, NULL, NULL},
        {"-", "-", "", NULL, NULL, NULL, NULL},
        {"file:a%3fb%3Ac", "file", "a?b:c", NULL, NULL, NULL, NULL},
        {"file:/x?append=1", "file", "/x", NULL, NULL, "append", "1"},
        {"file:x?append=", "file", "x", NULL, NULL, "append", ""},
        {"file:x?app%65nd=%31%26%3d", "file", "x", NULL, NULL, "append", "1&="},
        {"file:x?append=a=b?c", "file", "x", NULL, NULL, "append", "a=b?c"},
        {"file:///x/y", "file", "/x/y", NULL, NULL, NULL, NULL},
        {"file://x/y", "file", "//x/y", NULL, NULL, NULL, NULL},
        {"unix:/run/a.sock", "unix", "/run/a.sock", NULL, NULL, NULL, NULL},
        {"unix-listen:a", "unix-listen", "a", NULL, NULL, NULL, NULL},
        {"null:", "null", "", NULL, NULL, NULL, NULL},
        {"netlink:route", "netlink", "route", NULL, NULL, NULL, NULL},
        {"unix:@name", "unix", "@name", NULL, NULL, NULL, NULL},
        {"gen:?rate=5", "gen", "", NULL, NULL, "rate", "5"},
        {"serial:///dev/ttyS0?baud=9600", "serial", "/dev/ttyS0", NULL, NULL, "baud", "9600"},
        {"udp://[::1]:9", "udp", "[::1]:9", "::1", "9", NULL, NULL},
        {"tcp://localhost:80", "tcp", "localhost:80", "localhost", "80", NULL, NULL},
        {"tcp:localhost:80", "tcp", "localhost:80", "localhost", "80", NULL, NULL},
        {"tcp://[::1]:0", "tcp", "[::1]:0", "::1", "0", NULL, NULL},
        {"tcp-listen://[fe80::1%25eth0]:65535", "tcp-listen", "[fe80::1%eth0]:65535", "fe80::1%eth0", "65535", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct leat_address address;
        struct leat_error error;
        if (leat_address_parse(&address, good[i].text, &error) != 0)
            fail_msg("%s", error.text);
        assert_true(leat_address_valid(&address));
        assert_string_equal(address.text, good[i].text);
        assert_string_equal(address.scheme, good[i].scheme);
        assert_string_equal(address.rest, good[i].rest);
        assert_true((address.host == NULL) == (good[i].host == NULL));
        if (good[i].host != NULL) {
            assert_string_equal(address.host, good[i].host);
            assert_string_equal(address.port, good[i].port);
        }
        assert_int_equal(address.key_count, good[i].key != NULL);
        assert_null(leat_address_value(&address, "other"));
        if (good[i].key != NULL)
            assert_string_equal(leat_address_value(&address, good[i].key), good[i].value);
    }
}

static void names_that_do_not_parse_say_which_token(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "needs a name"},
        {"foo:bar", "unknown scheme \"foo\"; known: - file gen netlink null pcap serial tcp tcp-listen udp udp-listen unix "
                    "unix-listen unix-seqpacket unix-seqpacket-listen"},
        {":x", "unknown scheme \"\""},
        {"-:x", "unknown scheme \"-\""},
        {"TCP://a:1", "unknown scheme \"TCP\""},
        {"tc%70://a:1", "unknown scheme \"tc%70\""},
        {"file:", "empty name; the form is file:PATH"},
        {"unix:", "empty name"},
        {"file:?append=1", "empty name"},
        {"null:x", "nothing may follow; the form is null:"},
        {"file:x?", "key \"\" without =value"},
        {"file:x?append", "key \"append\" without =value"},
        {"file:x?append=1&", "key \"\" without =value"},
        {"file:x?=1", "unknown key \"\""},
        {"file:x?appendix=1", "unknown key \"appendix\"; known to file: append follow"},
        {"null:?x=1", "unknown key \"x\"; known to null: none"},
        {"tcp://a:1?x=1", "unknown key \"x\"; known to tcp: device keepalive nodelay rcvbuf sndbuf"},
        {"file:x?append=1&append=1", "key \"append\" given twice"},
        {"file:x%zz", "bad escape \"%zz\""},
        {"file:x%", "bad escape \"%\""},
        {"file:x%4", "bad escape \"%4\""},
        {"file:x%4?append=1", "bad escape \"%4\""},
        {"file:x%00y", "bad escape \"%00\""},
        {"file:x?append=%00", "bad escape \"%00\""},
        {"tcp://", "missing port"},
        {"tcp://a", "missing port"},
        {"tcp://a:", "missing port"},
        {"tcp://:1", "missing host"},
        {"tcp://[]:1", "missing host"},
        {"tcp://[::1]", "missing port"},
        {"tcp://[::1]1", "missing port"},
        {"tcp://[::1:1", "missing ]"},
        {"tcp://::1:80", "brackets"},
        {"tcp://a:65536", "bad port \"65536\""},
        {"tcp://a:99999999999999999999", "bad port"},
        {"tcp://a:-1", "bad port \"-1\""},
        {"tcp://a:http", "bad port \"http\""},
        {"tcp://a:1x", "bad port \"1x\""},
        {"tcp://a:80/", "bad port \"80/\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct leat_address address, before;
        struct leat_error error;
        memset(&address, 0x5a, sizeof address);
        before = address;
        int rc = leat_address_parse(&address, bad[i].text, &error);
        if (rc != -EINVAL || error.code != -EINVAL || strstr(error.text, bad[i].words) == NULL)
            fail_msg("\"%s\": %d, \"%s\", not with \"%s\"", bad[i].text, rc, error.text, bad[i].words);
        assert_int_equal(strncmp(error.text, bad[i].text, strlen(bad[i].text)), 0);
        assert_memory_equal(&address, &before, sizeof address);
        assert_int_equal(leat_address_parse(&address, bad[i].text, NULL), -EINVAL);
    }
}

static void hostile_names_are_refused_in_one_line(void **state)
{
    char text[2000];
    struct leat_address address;
    struct leat_error error;

    (void)state;
    for (int bytes = 505; bytes < 520; bytes++) {
        memset(text, 'x', sizeof text);
        text[bytes] = '\0';
        assert_int_equal(leat_address_parse(&address, text, &error), bytes < LEAT_ADDRESS_BYTES ? 0 : -EINVAL);
        memcpy(text, "tcp://", 6);
        memcpy(text + bytes - 2, ":1", 2);
        assert_int_equal(leat_address_parse(&address, text, &error), bytes < LEAT_ADDRESS_BYTES ? 0 : -EINVAL);
        if (bytes < LEAT_ADDRESS_BYTES) {
            assert_int_equal(strlen(address.host), bytes - 8);
            assert_string_equal(address.port, "1");
        }
        memcpy(text, "zzz:", 4);
        assert_int_equal(leat_address_parse(&address, text, &error), -EINVAL);
        assert_true(strstr(error.text, "longer") != NULL || strstr(error.text, "unknown scheme \"zzz\"; known: - file gen") != NULL);
    }
    assert_int_equal(leat_address_parse(&address, "file:a\nb\x1b[31m?c=1", &error), -EINVAL);
    assert_null(strpbrk(error.text, "\n\x1b"));

    strcpy(text, "file:x?append=1");
    for (int i = 1; i < 17; i++)
        strcat(text, "&append=1"); /* 17 keys */
    assert_int_equal(leat_address_parse(&address, text, &error), -EINVAL);
}

static void any_bytes_parse_or_are_refused(void **state)
{
    static const char *const seeds[] = {"file:a%41?append=1&append=%32", "tcp://[::1%25e]:80?x=y", "unix:///a?b=c", "netlink:route"};
    uint32_t seed = 77;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char text[64];
        struct leat_address address;
        struct leat_error error = {.code = 0};
        strcpy(text, seeds[round % 4]);
        for (int change = 0; change < 3; change++) {
            seed = seed * 1664525 + 1013904223;
            text[(seed >> 8) % strlen(seeds[round % 4])] = ":?&=%/[]0a-.\x01\xff"[(seed >> 20) % 14];
        }
        int rc = leat_address_parse(&address, text, &error);
        if (rc == 0 ? !leat_address_valid(&address) : rc != -EINVAL || strncmp(error.text, text, 1) != 0)
            if (text[0] != '\x01')
                fail_msg("round %d: \"%s\"", round, text);
    }
}

static void registry_is_sorted_and_complete(void **state)
{
    const struct leat_transport *transport;
    int64_t i = 0;

    (void)state;
    for (; (transport = leat_transport_at(i)) != NULL; i++) {
        assert_int_equal(transport->version, LEAT_ENDPOINT_VERSION);
        assert_ptr_equal(leat_transport_find(transport->scheme), transport);
        assert_true(i == 0 || strcmp(leat_transport_at(i - 1)->scheme, transport->scheme) < 0);
        assert_true(transport->open != NULL && transport->fd != NULL && transport->close != NULL && transport->min_read >= 1);
        assert_true((transport->read != NULL) == ((transport->directions & LEAT_IN) != 0));
        assert_true((transport->write != NULL) == ((transport->directions & LEAT_OUT) != 0));
        assert_int_equal(strncmp(transport->form, transport->scheme, strlen(transport->scheme)), 0);
        assert_true(!transport->datagrams || (transport->min_read >= 65536 && transport->lost != NULL));
        for (const char *const *key = transport->keys; key != NULL && key[0] != NULL && key[1] != NULL; key++)
            assert_true(strcmp(key[0], key[1]) < 0);
    }
    assert_int_equal(i, 15);
    assert_null(leat_transport_at(-1));
    assert_null(leat_transport_find("fil"));
}

/* ---- null and file ---- */

static void null_swallows_and_is_at_its_end(void **state)
{
    struct end end;
    struct leat_span spans[2] = {{NULL, 1000}, {NULL, 24}};
    char byte;

    (void)state;
    must_open(&end, "null:", LEAT_IN | LEAT_OUT);
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    assert_int_equal(end_read(&end, &byte, 1), 0);
    assert_int_equal(end.transport->write(end.state, spans, 2), 1024);
    assert_int_equal(end.transport->write(end.state, spans, 0), 0);
    assert_int_equal(end.transport->rewind(end.state), 0);
    assert_int_equal(end_close(&end), 0);
}

static void file_is_written_read_and_read_again(void **state)
{
    struct end end;
    char data[100];
    struct leat_span spans[3] = {{(unsigned char *)(uintptr_t) "one ", 4}, {NULL, 0}, {(unsigned char *)(uintptr_t) "two", 3}};

    (void)state;
    write_file(in_folder("%s/file"), "what was there before");
    must_open(&end, in_folder("file:%s/file"), LEAT_OUT);
    assert_int_equal(end.transport->fd(end.state, LEAT_OUT), -1);
    assert_int_equal(end.transport->write(end.state, spans, 3), 7);
    assert_int_equal(end_close(&end), 0);
    check_file(in_folder("%s/file"), "one two");

    must_open(&end, in_folder("file:%s/file?append=1"), LEAT_OUT);
    assert_int_equal(end_write(&end, " three"), 6);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, in_folder("%s/file"), LEAT_IN);
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(end_read(&end, data, 4), 4);
        assert_int_equal(end_read_all(&end, data + 4, 96), 9);
        assert_memory_equal(data, "one two three", 13);
        assert_int_equal(end_read(&end, data, 100), 0);
        assert_int_equal(end.transport->rewind(end.state), 0);
    }
    assert_int_equal(end_read(&end, data, 0), -EINVAL);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, in_folder("file:%s/file"), LEAT_IN | LEAT_OUT); /* nothing is cut off */
    assert_int_equal(end_read_all(&end, data, 100), 13);
    assert_int_equal(end_close(&end), 0);
    check_file(in_folder("%s/file"), "one two three");
}

static void a_file_that_is_followed_ends_when_it_is_removed(void **state)
{
    (void)state;
    struct end out, in;
    unsigned char data[64];
    must_open(&out, in_folder("file:%s/grows"), LEAT_OUT);
    assert_int_equal(end_write(&out, "one"), 3);
    must_open(&in, in_folder("file:%s/grows?follow=1"), LEAT_IN);
    assert_int_equal(end_read(&in, data, sizeof data), 3);
    for (int i = 0; i < 5; i++) {
        struct pollfd ready = {.fd = in.transport->fd(in.state, LEAT_IN), .events = POLLIN};
        assert_int_equal(end_read(&in, data, sizeof data), -EAGAIN);
        assert_int_equal(poll(&ready, 1, 0), 0); /* nothing has changed since */
        assert_int_equal(end_write(&out, "more"), 4);
        end_wait(&in, LEAT_IN);
        assert_int_equal(end_read(&in, data, sizeof data), 4);
        assert_memory_equal(data, "more", 4);
    }
    assert_int_equal(in.transport->rewind(in.state), -ESPIPE);
    assert_int_equal(end_read(&in, data, sizeof data), -EAGAIN);
    assert_int_equal(end_write(&out, "last"), 4);
    assert_int_equal(unlink(in_folder("%s/grows")), 0);
    end_wait(&in, LEAT_IN);
    assert_int_equal(end_read(&in, data, sizeof data), 4);
    assert_int_equal(end_read(&in, data, sizeof data), 0);
    assert_int_equal(end_close(&in), 0);
    assert_int_equal(end_close(&out), 0);
}

static void a_file_that_is_followed_must_not_be_cut(void **state)
{
    (void)state;
    struct end out, in;
    unsigned char data[64];
    must_open(&out, in_folder("file:%s/cut"), LEAT_OUT);
    assert_int_equal(end_write(&out, "what stands here"), 16);
    must_open(&in, in_folder("file:%s/cut?follow=1"), LEAT_IN);
    assert_int_equal(end_read(&in, data, sizeof data), 16);
    assert_int_equal(end_read(&in, data, sizeof data), -EAGAIN);
    assert_int_equal(truncate(in_folder("%s/cut"), 3), 0);
    end_wait(&in, LEAT_IN);
    assert_int_equal(end_read(&in, data, sizeof data), -ESTALE);
    assert_int_equal(end_close(&in), 0);
    assert_int_equal(end_close(&out), 0);
    must_not_open(in_folder("file:%s/cut?follow=1"), LEAT_OUT, -EINVAL, "follow is for what is only read");
    must_not_open(in_folder("file:%s/cut?follow=2"), LEAT_IN, -EINVAL, "bad value \"2\" of follow; it is 0 or 1");
    must_open(&in, "file:/dev/null?follow=1", LEAT_IN); /* no regular file: as ever */
    assert_int_equal(end_read(&in, data, sizeof data), 0);
    assert_int_equal(end_close(&in), 0);
}

static void new_file_has_mode_0644(void **state)
{
    struct end end;
    struct stat info;
    mode_t before = umask(0);

    (void)state;
    must_open(&end, in_folder("file:%s/new%%20file"), LEAT_OUT);
    umask(before);
    assert_int_equal(end_close(&end), 0);
    assert_int_equal(stat(in_folder("%s/new file"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
}

static void file_that_cannot_be_opened_says_why(void **state)
{
    (void)state;
    must_not_open(in_folder("file:%s/none"), LEAT_IN, -ENOENT, ": open: No such file or directory");
    must_not_open(in_folder("%s/none/x"), LEAT_OUT, -ENOENT, ": open: No such file or directory");
    must_not_open(in_folder("file:%s"), LEAT_IN, -EISDIR, ": open: Is a directory");
    must_not_open(in_folder("%s"), LEAT_OUT, -EISDIR, ": open: Is a directory");
    must_not_open(in_folder("%s/none"), LEAT_IN | LEAT_OUT, -ENOENT, "No such file");
    must_not_open(in_folder("file:%s/x?append=yes"), LEAT_OUT, -EINVAL, "bad value \"yes\" of append; it is 0 or 1");
}

static void devices_are_always_ready_and_a_full_disk_is_told(void **state)
{
    struct end end;
    char data[16];

    (void)state;
    must_open(&end, "/dev/full", LEAT_OUT);
    assert_int_equal(end.transport->fd(end.state, LEAT_OUT), -1);
    assert_int_equal(end_write(&end, "x"), -ENOSPC);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, "file:/dev/zero", LEAT_IN);
    memset(data, 1, sizeof data);
    assert_int_equal(end_read(&end, data, 16), 16);
    assert_int_equal(data[15], 0);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, "/dev/null", LEAT_IN | LEAT_OUT);
    assert_int_equal(end_read(&end, data, 16), 0);
    assert_int_equal(end_write(&end, "x"), 1);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, "/dev/urandom", LEAT_IN);
    assert_int_equal(end_read_all(&end, data, 16), 16);
    assert_int_equal(end_close(&end), 0);
}

static void fifo_input_waits_for_its_writer_and_ends_with_the_last(void **state)
{
    struct end end;
    char data[16];
    const char *path = in_folder("%s/fifo-in");

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    must_open(&end, path, LEAT_IN);
    check_close_on_exec(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN); /* nobody yet is not the end */
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    int writer = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(writer >= 0);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    assert_int_equal(write(writer, "abc", 3), 3);
    assert_int_equal(end_read_all(&end, data, 3), 3);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    close(writer);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end.transport->rewind(end.state), -ESPIPE);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, path, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    writer = open(path, O_WRONLY | O_CLOEXEC);
    close(writer); /* came and went between two reads */
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end_close(&end), 0);
}

static void *read_fifo(void *context)
{
    char data[16] = "";
    usleep(50000);
    int fd = open(context, O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, data, sizeof data);
    close(fd);
    return (void *)(intptr_t)(got == 5 && memcmp(data, "hello", 5) == 0);
}

static void fifo_output_waits_for_its_reader_and_fails_when_it_goes(void **state)
{
    struct end end;
    pthread_t thread;
    void *read_well = NULL;
    char path[300];
    sigset_t blocked, before;

    (void)state;
    strcpy(path, in_folder("%s/fifo-out"));
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE); /* as leat's I/O threads do */
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_fifo, path), 0);
    must_open(&end, path, LEAT_OUT);
    assert_int_not_equal(fcntl(end.transport->fd(end.state, LEAT_OUT), F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(end_write(&end, "hello"), 5);
    pthread_join(thread, &read_well);
    assert_true(read_well != NULL);
    assert_int_equal(end_write(&end, "x"), -EPIPE);
    assert_int_equal(end_close(&end), 0);

    struct timespec none = {0};
    assert_int_equal(sigtimedwait(&blocked, NULL, &none), SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void full_fifo_takes_no_more(void **state)
{
    struct end end;
    char data[1000];
    int64_t took, total = 0;
    const char *path = in_folder("%s/fifo-full");

    (void)state;
    memset(data, 'x', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    must_open(&end, path, LEAT_OUT);
    while ((took = end_write(&end, data)) > 0)
        total += took;
    assert_int_equal(took, -EAGAIN);
    assert_true(total >= 4096);
    close(reader);
    assert_int_equal(end_close(&end), 0);
}

/* ---- stdin and stdout ---- */

/* Puts an fd at the place of stdin or stdout; returns what was there. The fd is closed. */
static int replace(int place, int fd)
{
    fflush(stdout);
    int before = fcntl(place, F_DUPFD_CLOEXEC, 10);
    assert_true(before >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, place), place);
    close(fd);
    return before;
}

static void restore(int place, int before)
{
    dup2(before, place);
    close(before);
}

static void stdin_pipe_is_read_without_touching_its_flags(void **state)
{
    struct end end;
    char data[16];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    int before = replace(STDIN_FILENO, ends[0]);
    must_open(&end, "-", LEAT_IN);
    assert_int_not_equal(end.transport->fd(end.state, LEAT_IN), STDIN_FILENO);
    check_close_on_exec(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_int_equal(end_read_all(&end, data, 3), 3);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    close(ends[1]);
    end_wait(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end.transport->rewind(end.state), -ESPIPE);
    assert_int_equal(end_close(&end), 0);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    restore(STDIN_FILENO, before);
}

static void stdin_pipe_whose_writer_left_before_is_read_to_its_end(void **state)
{
    struct end end;
    char data[16];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    int before = replace(STDIN_FILENO, ends[0]);
    must_open(&end, "-", LEAT_IN);
    end_wait(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 3);
    end_wait(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end_close(&end), 0);
    restore(STDIN_FILENO, before);
}

static void stdin_file_is_rewound_to_where_it_was(void **state)
{
    struct end end;
    char data[16];

    (void)state;
    write_file(in_folder("%s/stdin"), "0123456789");
    int fd = open(in_folder("%s/stdin"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    int before = replace(STDIN_FILENO, fd);
    must_open(&end, "-", LEAT_IN);
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(end_read(&end, data, sizeof data), 6);
        assert_memory_equal(data, "456789", 6);
        assert_int_equal(end.transport->rewind(end.state), 0);
    }
    assert_int_equal(end_close(&end), 0);
    restore(STDIN_FILENO, before);
}

static void stdout_pipe_is_filled_without_waiting(void **state)
{
    struct end end;
    char data[1000];
    int ends[2];
    int64_t took, total = 0;

    (void)state;
    memset(data, 'x', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    assert_int_equal(pipe(ends), 0);
    int before = replace(STDOUT_FILENO, ends[1]);
    must_open(&end, "-", LEAT_OUT);
    while ((took = end_write(&end, data)) > 0)
        total += took;
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    int closed = end_close(&end);
    restore(STDOUT_FILENO, before);
    assert_int_equal(took, -EAGAIN);
    assert_int_equal(flags & O_NONBLOCK, 0);
    assert_int_equal(closed, 0);
    for (int64_t got; total > 0; total -= got) {
        got = read(ends[0], data, sizeof data);
        assert_true(got > 0);
    }
    assert_int_equal(read(ends[0], data, 1), 0);
    close(ends[0]);
}

static void stdout_whose_reader_left_fails_with_epipe(void **state)
{
    struct end end;
    int ends[2];
    sigset_t blocked, before_mask;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_mask);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]); /* it cannot be opened anew: this is the polled way */
    int before = replace(STDOUT_FILENO, ends[1]);
    must_open(&end, "-", LEAT_OUT);
    int64_t took = end_write(&end, "x");
    end_close(&end);
    restore(STDOUT_FILENO, before);
    assert_int_equal(took, -EPIPE);
    struct timespec none = {0};
    assert_int_equal(sigtimedwait(&blocked, NULL, &none), SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before_mask, NULL);
}

static void both_standard_ends_may_be_one_socket(void **state)
{
    struct end end;
    char data[16];
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int twin = fcntl(pair[0], F_DUPFD_CLOEXEC, 10);
    int in = replace(STDIN_FILENO, pair[0]), out = replace(STDOUT_FILENO, twin);
    must_open(&end, "-", LEAT_IN | LEAT_OUT);
    int64_t early = end_read(&end, data, sizeof data);
    int64_t wrote = end_write(&end, "ping");
    int64_t sent = send(pair[1], "pong!", 5, 0);
    int64_t got = end_read(&end, data, sizeof data);
    close(pair[1]);
    int64_t broken = end_write(&end, "x"); /* no SIGPIPE */
    end_close(&end);
    restore(STDIN_FILENO, in);
    restore(STDOUT_FILENO, out);
    assert_int_equal(early, -EAGAIN);
    assert_int_equal(wrote, 4);
    assert_int_equal(sent, 5);
    assert_int_equal(got, 5);
    assert_int_equal(broken, -EPIPE);
}

/* ---- sockets ---- */

static void tcp_peers_talk_both_ways(void **state)
{
    static const char *const hosts[] = {"tcp-listen://127.0.0.1:0", "tcp-listen://[::1]:0"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct end listener, client;
        struct leat_error error;
        char name[LEAT_ADDRESS_BYTES], byte;
        int rc = end_open(&listener, hosts[i], LEAT_IN | LEAT_OUT, &error);
        if (rc != 0 && i == 1) {
            print_message("no IPv6 here: %s\n", error.text);
            break;
        }
        assert_int_equal(rc, 0);
        check_close_on_exec(&listener, LEAT_IN);
        listener.transport->name(listener.state, name, sizeof name);
        assert_int_equal(strncmp(name, i == 0 ? "tcp://127.0.0.1:" : "tcp://[::1]:", i == 0 ? 16 : 12), 0);
        assert_true(atoi(strrchr(name, ':') + 1) > 0);
        assert_int_equal(listener.transport->accept(listener.state, &error), -EAGAIN);
        assert_int_equal(end_read(&listener, &byte, 1), -ENOTCONN);
        assert_int_equal(end_write(&listener, "x"), -ENOTCONN);

        must_open(&client, name, LEAT_IN | LEAT_OUT);
        end_accept(&listener);
        check_close_on_exec(&listener, LEAT_IN);
        check_close_on_exec(&client, LEAT_IN);
        check_both_ways(&client, &listener);
        must_not_open(name, LEAT_IN, -ECONNREFUSED, ": connect: Connection refused"); /* one peer only */
        client.transport->name(client.state, name + 200, 200);
        assert_string_equal(name + 200, name);
        assert_int_equal(end_close(&client), 0);
        assert_int_equal(end_close(&listener), 0);
    }
}

static void tcp_errors_name_the_endpoint_and_the_call(void **state)
{
    (void)state;
    must_not_open("tcp://127.0.0.1:1", LEAT_IN, -ECONNREFUSED, "tcp://127.0.0.1:1: connect: Connection refused");
    must_not_open("tcp://256.256.256.256:1", LEAT_IN, -EHOSTUNREACH, "resolve: ");
    must_not_open("tcp-listen://192.0.2.1:0", LEAT_IN, -EADDRNOTAVAIL, "bind: Cannot assign requested address");
}

static void write_to_a_closed_peer_fails_without_a_signal(void **state)
{
    struct end listener, client;
    char name[LEAT_ADDRESS_BYTES];
    int64_t took = 0;

    (void)state;
    must_open(&listener, "tcp-listen://127.0.0.1:0", LEAT_OUT);
    listener.transport->name(listener.state, name, sizeof name);
    must_open(&client, name, LEAT_OUT);
    end_accept(&listener);
    assert_int_equal(end_close(&listener), 0);
    for (int i = 0; i < 1000 && took >= 0; i++) {
        took = end_write(&client, "nobody hears this");
        usleep(1000);
    }
    assert_true(took == -EPIPE || took == -ECONNRESET);
    client.transport->end_output(client.state);
    assert_int_equal(end_close(&client), 0);
}

static void unix_peers_talk_and_the_path_goes_with_the_listener(void **state)
{
    struct end listener, client;
    struct leat_error error;

    (void)state;
    must_open(&listener, in_folder("unix-listen:%s/socket"), LEAT_IN | LEAT_OUT);
    check_close_on_exec(&listener, LEAT_IN);
    assert_int_equal(listener.transport->accept(listener.state, &error), -EAGAIN);
    must_open(&client, in_folder("unix:%s/socket"), LEAT_IN | LEAT_OUT);
    end_accept(&listener);
    check_both_ways(&client, &listener);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_write(&listener, "x"), -EPIPE);
    assert_int_equal(access(in_folder("%s/socket"), F_OK), 0);
    assert_int_equal(end_close(&listener), 0);
    assert_int_equal(access(in_folder("%s/socket"), F_OK), -1);
    must_not_open(in_folder("unix:%s/socket"), LEAT_IN, -ENOENT, ": connect: No such file or directory");
}

static void stale_socket_is_replaced_a_live_one_and_a_file_are_not(void **state)
{
    struct end first, second;
    struct stat info;
    char path[300];

    (void)state;
    strcpy(path, in_folder("%s/stale"));
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd); /* as a process that was killed */
    must_not_open(in_folder("unix:%s/stale"), LEAT_IN, -ECONNREFUSED, "Connection refused");
    must_open(&first, in_folder("unix-listen:%s/stale"), LEAT_IN);
    must_not_open(in_folder("unix-listen:%s/stale"), LEAT_IN, -EADDRINUSE, ": listen: Address already in use");

    /* Somebody else took the place meanwhile: what is not ours is not unlinked. */
    assert_int_equal(unlink(path), 0);
    must_open(&second, in_folder("unix-listen:%s/stale"), LEAT_IN);
    assert_int_equal(end_close(&first), 0);
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(end_close(&second), 0);
    assert_int_equal(lstat(path, &info), -1);

    write_file(path, "precious");
    must_not_open(in_folder("unix-listen:%s/stale"), LEAT_IN, -EADDRINUSE, "Address already in use");
    check_file(path, "precious");
}

static void local_path_that_is_too_long_is_told(void **state)
{
    char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "unix:", 5);
    text[5 + 108] = '\0';
    must_not_open(text, LEAT_IN, -ENAMETOOLONG, "at most 107 bytes, not 108");
    text[5 + 107] = '\0';
    must_not_open(text, LEAT_IN, -ENOENT, "connect");
}

/* ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_apart),
        cmocka_unit_test(names_that_do_not_parse_say_which_token),
        cmocka_unit_test(hostile_names_are_refused_in_one_line),
        cmocka_unit_test(any_bytes_parse_or_are_refused),
        cmocka_unit_test(registry_is_sorted_and_complete),
        cmocka_unit_test(null_swallows_and_is_at_its_end),
        cmocka_unit_test(file_is_written_read_and_read_again),
        cmocka_unit_test(a_file_that_is_followed_ends_when_it_is_removed),
        cmocka_unit_test(a_file_that_is_followed_must_not_be_cut),
        cmocka_unit_test(new_file_has_mode_0644),
        cmocka_unit_test(file_that_cannot_be_opened_says_why),
        cmocka_unit_test(devices_are_always_ready_and_a_full_disk_is_told),
        cmocka_unit_test(fifo_input_waits_for_its_writer_and_ends_with_the_last),
        cmocka_unit_test(fifo_output_waits_for_its_reader_and_fails_when_it_goes),
        cmocka_unit_test(full_fifo_takes_no_more),
        cmocka_unit_test(stdin_pipe_is_read_without_touching_its_flags),
        cmocka_unit_test(stdin_pipe_whose_writer_left_before_is_read_to_its_end),
        cmocka_unit_test(stdin_file_is_rewound_to_where_it_was),
        cmocka_unit_test(stdout_pipe_is_filled_without_waiting),
        cmocka_unit_test(stdout_whose_reader_left_fails_with_epipe),
        cmocka_unit_test(both_standard_ends_may_be_one_socket),
        cmocka_unit_test(tcp_peers_talk_both_ways),
        cmocka_unit_test(tcp_errors_name_the_endpoint_and_the_call),
        cmocka_unit_test(write_to_a_closed_peer_fails_without_a_signal),
        cmocka_unit_test(unix_peers_talk_and_the_path_goes_with_the_listener),
        cmocka_unit_test(stale_socket_is_replaced_a_live_one_and_a_file_are_not),
        cmocka_unit_test(local_path_that_is_too_long_is_told),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
