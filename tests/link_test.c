/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "link_shared.h"
#include "test.h"

#include <fcntl.h>
#include <leat/link.h>
#include <leat/os.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

/* The usual count, or LEAT_TEST_ITEMS where that is smaller: a link carries fewer items than a pipe by itself. */
static int64_t items(int64_t usual)
{
    int64_t count = test_items(usual);
    return count < usual ? count : usual;
}

static const char *path_of(const char *name)
{
    static char path[4][160];
    static int turn;
    char *into = path[turn++ % 4];
    snprintf(into, sizeof path[0], "%s/%s", folder, name);
    return into;
}

/* Value length of frame i: from nothing to a little over three blocks. */
static int64_t length_of(int64_t i)
{
    static const int64_t lengths[] = {0, 1, 44, 45, 100, 1200, 2000, 6500};
    return lengths[i % 8];
}

static unsigned char byte_of(int64_t i, int64_t at)
{
    return (unsigned char)(i * 31 + at * 7);
}

/* Frame i in t8l16 (big endian), into `frame`; returns its size. */
static int64_t make_frame(int64_t i, unsigned char *frame)
{
    int64_t length = length_of(i);
    frame[0] = (unsigned char)i;
    frame[1] = (unsigned char)(length >> 8);
    frame[2] = (unsigned char)length;
    for (int64_t at = 0; at < length; at++)
        frame[3 + at] = byte_of(i, at);
    return 3 + length;
}

static int64_t write_frames(const char *path, int64_t count, const char *tail, size_t tail_bytes)
{
    unsigned char frame[8192];
    int64_t bytes = 0;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int64_t i = 0; i < count; i++) {
        int64_t n = make_frame(i, frame);
        assert_int_equal(fwrite(frame, 1, (size_t)n, file), n);
        bytes += n;
    }
    assert_int_equal(fwrite(tail, 1, tail_bytes, file), tail_bytes);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void check_frame(struct leat_msg *msg, int64_t i)
{
    unsigned char want[8192], got[8192];
    int64_t n = make_frame(i, want);
    assert_int_equal(leat_msg_size(msg), n);
    assert_int_equal(leat_msg_read(msg, 0, got, n), n);
    assert_memory_equal(got, want, (size_t)n);
}

static struct leat_link_options in_options(const char *dialect)
{
    return (struct leat_link_options){.directions = LEAT_IN, .dialect = leat_tlv_dialect(dialect)};
}

static struct leat_link *open_in(const char *endpoint, const struct leat_link_options *options)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

static void frames_of_a_file_arrive_whole_and_in_order(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    const char *path = path_of("ordered");
    int64_t count = items(20000), bytes = write_frames(path, count, "", 0);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        check_frame(&msg, i);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    assert_int_equal(stats.frames_in, count);
    assert_int_equal(stats.bytes_in, bytes);
    assert_int_equal(stats.frames_received, count);
    assert_int_equal(stats.pool.live, 0);
    assert_true(leat_link_valid(link));
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void a_slow_reader_stops_the_device_and_loses_nothing(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    options.high_water_messages = 5;
    options.max_frame = 8192;
    options.high_water_bytes = 32768;
    int64_t count = items(3000);
    const char *path = path_of("slow");
    write_frames(path, count, "", 0);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    struct leat_link_stats stats;
    usleep(20000);
    leat_link_stats(link, &stats);
    assert_true(stats.frames_in <= 5);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        check_frame(&msg, i);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    leat_link_stats(link, &stats);
    assert_true(stats.pool.peak <= 32768 / 2048);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void held_messages_exhaust_the_pool_and_the_link_waits(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    options.max_frame = 8192;
    options.high_water_bytes = 32768; /* 16 blocks */
    struct leat_msg held[64], msg;
    const char *path = path_of("held");
    write_frames(path, 64, "", 0);
    struct leat_link *link = open_in(path, &options);
    int64_t count = 0, second = 1000 * 1000 * 1000;
    /* The first nine come however busy the machine is; then nothing does, for a while. */
    while (leat_link_recv(link, &held[count], leat_os_now_ns() + (count < 9 ? 30 * second : second / 20)) == 0)
        count++;
    assert_true(count > 8 && count < 64);
    for (int64_t i = 0; i < count; i++) {
        check_frame(&held[i], i);
        leat_msg_unref(&held[i]);
    }
    for (int64_t i = count; i < 64; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        check_frame(&msg, i);
        leat_msg_unref(&msg);
    }
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    assert_true(stats.pool_waits > 0);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void messages_outlive_their_link(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    const char *path = path_of("outlive");
    write_frames(path, 8, "", 0);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg held[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(leat_link_recv(link, &held[i], LEAT_FOREVER), 0);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
    for (int i = 0; i < 8; i++) {
        check_frame(&held[i], i);
        leat_msg_unref(&held[i]);
    }
    /* The next link to close also takes the pool of the one before. */
    link = open_in(path, &options);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void a_truncated_frame_is_malformed_after_all_before_it_was_delivered(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    const char *path = path_of("truncated");
    int64_t bytes = write_frames(path, 10, "\x01\x00\x09half", 7);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        check_frame(&msg, i);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EBADMSG);
    const struct leat_error *error = leat_link_error(link);
    assert_int_equal(error->offset, bytes);
    assert_string_equal(error->rule, leat_tlv_rule_text(LEAT_TLV_TRUNCATED));
    assert_non_null(strstr(error->text, path));
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void a_frame_over_the_limit_is_malformed(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    options.max_frame = 3 + 2000;
    const char *path = path_of("limit");
    write_frames(path, 8, "", 0); /* the eighth is longer */
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    for (int64_t i = 0; i < 7; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EBADMSG);
    assert_string_equal(leat_link_error(link)->rule, leat_tlv_rule_text(LEAT_TLV_FRAME_LIMIT));
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

/* In place of libc's, also for the library: the next `file_agains` calls answer as a device does that has no poll of its own. */
static LEAT_ATOMIC(int) file_agains;

ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    if (leat_load(&file_agains, relaxed) > 0) { /* relaxed: set before the link is open, then the I/O thread's alone */
        leat_sub(&file_agains, 1, relaxed);
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)syscall(SYS_writev, fd, vectors, count);
}

static void a_device_that_cannot_be_polled_is_asked_again(void **state)
{
    (void)state;
    const struct leat_link_options options = {.directions = LEAT_OUT};
    struct leat_link *link = NULL;
    struct leat_link_end end;
    struct leat_msg msg;
    leat_msg_init(&msg);
    leat_store(&file_agains, 3, relaxed); /* relaxed: the thread's start publishes it */
    assert_int_equal(leat_link_open(&link, "/dev/null", &options, NULL), 0);
    assert_int_equal(leat_msg_copy(&msg, NULL, "abc", 3), 0);
    assert_int_equal(leat_link_send(link, &msg, 0), 0);
    leat_link_flush(link);
    int code = leat_link_close(link, leat_os_now_ns() + 5 * INT64_C(1000000000), &end, NULL);
    leat_store(&file_agains, 0, relaxed); /* relaxed: the link is closed */
    assert_int_equal(code, 0);
    assert_int_equal(end.delivered, 1);
}

static void repeat_reads_a_file_again_and_refuses_a_pipe(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    options.repeat = 3;
    const char *path = path_of("repeat");
    write_frames(path, 8, "", 0);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    for (int64_t i = 0; i < 24; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        check_frame(&msg, i % 8);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);

    const char *fifo = path_of("fifo");
    struct leat_error error;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int keep = open(fifo, O_RDWR | O_CLOEXEC);
    assert_int_equal(leat_link_open(&link, fifo, &options, &error), -ESPIPE);
    close(keep);
}

static void an_empty_input_ends_however_often_it_is_to_be_read(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    options.repeat = INT64_MAX;
    const char *path = path_of("empty");
    write_frames(path, 0, "", 0);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    assert_int_equal(leat_link_recv(link, &msg, leat_os_now_ns() + 10000000000), -EPIPE);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void an_end_mark_ends_the_input(void **state)
{
    (void)state;
    static const char options_area[] = "\x35\x01\x05\x00\xff\x00\x00";
    struct leat_link_options options = in_options("dhcp4");
    const char *path = path_of("dhcp");
    write_frames(path, 0, options_area, 7);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    static const int64_t sizes[] = {3, 1, 1};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        assert_int_equal(leat_msg_size(&msg), sizes[i]);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    assert_int_equal(stats.bytes_after_end, 2);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void a_last_message_without_its_padding_is_whole(void **state)
{
    (void)state;
    /* Two netlink messages of 17 and 18 bytes; the first is padded to 20, the second is not. */
    unsigned char bytes[38] = {0};
    memcpy(bytes, &(uint32_t){17}, 4); /* as the machine has it */
    bytes[4] = 1;
    memcpy(bytes + 20, &(uint32_t){18}, 4);
    bytes[24] = 1;
    struct leat_link_options options = in_options("netlink");
    options.high_water_messages = 1; /* so the last one has to wait */
    const char *path = path_of("unpadded");
    write_frames(path, 0, (const char *)bytes, sizeof bytes);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    usleep(10000);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), 0);
        assert_int_equal(leat_msg_size(&msg), i == 0 ? 20 : 18);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void a_last_message_without_its_padding_waits_for_nothing_when_repeated(void **state)
{
    (void)state;
    /* One netlink message of 8189 bytes, its padding missing. The pool holds one such message and not two. */
    unsigned char bytes[8189] = {0};
    memcpy(bytes, &(uint32_t){sizeof bytes}, 4);
    struct leat_link_options options = in_options("netlink");
    options.max_frame = 8192;
    options.high_water_bytes = 16384;
    options.block_bytes = 256;
    options.repeat = 3;
    const char *path = path_of("again");
    write_frames(path, 0, (const char *)bytes, sizeof bytes);
    struct leat_link *link = open_in(path, &options);
    struct leat_msg msg;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_link_recv(link, &msg, leat_os_now_ns() + INT64_C(5000000000)), 0);
        assert_int_equal(leat_msg_size(&msg), 8189);
        leat_msg_unref(&msg);
    }
    assert_int_equal(leat_link_recv(link, &msg, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, NULL, NULL), 0);
}

static void what_is_sent_is_written_before_close_returns(void **state)
{
    (void)state;
    struct leat_link_options in = in_options("t8l16"), out = {.directions = LEAT_OUT};
    int64_t count = items(20000);
    const char *from = path_of("from"), *to = path_of("to");
    int64_t bytes = write_frames(from, count, "", 0);
    struct leat_link *source = open_in(from, &in), *target = open_in(to, &out);
    struct leat_msg msg;
    while (leat_link_recv(source, &msg, LEAT_FOREVER) == 0)
        assert_int_equal(leat_link_send(target, &msg, LEAT_FOREVER), 0);
    struct leat_link_end end;
    assert_int_equal(leat_link_close(target, LEAT_FOREVER, &end, NULL), 0);
    assert_int_equal(end.delivered, count);
    assert_int_equal(end.left, 0);
    assert_int_equal(leat_link_close(source, LEAT_FOREVER, NULL, NULL), 0);

    FILE *a = fopen(from, "r"), *b = fopen(to, "r");
    for (int64_t i = 0; i < bytes; i++)
        if (fgetc(a) != fgetc(b))
            fail_msg("byte %lld differs", (long long)i);
    assert_int_equal(fgetc(b), EOF);
    fclose(a);
    fclose(b);
}

static void a_full_disk_fails_the_sender_who_keeps_the_message(void **state)
{
    (void)state;
    struct leat_link_options out = {.directions = LEAT_OUT};
    struct leat_link *link = open_in("/dev/full", &out);
    struct leat_blocks none = {0};
    struct leat_msg msg;
    int rc = 0;
    int64_t sent = 0;
    while (rc == 0) {
        assert_int_equal(leat_msg_copy(&msg, &none, "small enough", 12), 0);
        rc = leat_link_send(link, &msg, LEAT_FOREVER);
        leat_link_flush(link);
        sent += rc == 0;
    }
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(leat_msg_size(&msg), 12);
    assert_non_null(strstr(leat_link_error(link)->text, "/dev/full"));
    struct leat_link_end end;
    assert_int_equal(leat_link_close(link, LEAT_FOREVER, &end, NULL), -ENOSPC);
    assert_int_equal(end.delivered, 0);
    assert_int_equal(end.left, sent);
}

struct echo {
    struct leat_link *link;
    int64_t count;
};

/* The far end of the conversation: sends back what it gets. */
static void *echo(void *context)
{
    struct echo *echo = context;
    struct leat_msg msg;
    while (leat_link_recv(echo->link, &msg, LEAT_FOREVER) == 0) {
        assert_int_equal(leat_link_send(echo->link, &msg, LEAT_FOREVER), 0);
        leat_link_flush(echo->link);
        echo->count++;
    }
    return NULL;
}

static void converse(const char *listen_at)
{
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l16")};
    struct echo far = {.link = open_in(listen_at, &options)};
    char address[LEAT_ADDRESS_BYTES];
    /* What a listener is called is where to call it; a Unix socket keeps the name it was given. */
    const char *name = leat_link_name(far.link), *listen = strstr(name, "-listen");
    snprintf(address, sizeof address, "%.*s%s", listen ? (int)(listen - name) : 0, name, listen ? listen + 7 : name);
    struct leat_link *near = open_in(address, &options);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, echo, &far), 0);

    static const struct leat_blocks none;
    struct leat_msg msg;
    int64_t count = items(2000);
    for (int64_t i = 0; i < count; i++) {
        unsigned char frame[40] = {(unsigned char)i, 0, (unsigned char)(i % 32), (unsigned char)(i >> 8), 0};
        int64_t n = 3 + i % 32;
        assert_int_equal(leat_msg_copy(&msg, &none, frame, n), 0);
        assert_int_equal(leat_link_send(near, &msg, LEAT_FOREVER), 0);
        leat_link_flush(near);
        assert_int_equal(leat_link_recv(near, &msg, LEAT_FOREVER), 0);
        assert_int_equal(leat_msg_size(&msg), n);
        assert_memory_equal(leat_msg_data(&msg), frame, (size_t)n);
        leat_msg_unref(&msg);
    }
    struct leat_link_end end;
    assert_int_equal(leat_link_close(near, leat_os_now_ns() + 5000000000, &end, NULL), 0);
    assert_int_equal(end.delivered, count);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(far.count, count);
    assert_int_equal(leat_link_close(far.link, leat_os_now_ns() + 5000000000, NULL, NULL), 0);
}

static void two_ends_converse_over_tcp(void **state)
{
    (void)state;
    converse("tcp-listen://127.0.0.1:0");
}

static void two_ends_converse_over_a_unix_socket(void **state)
{
    (void)state;
    char endpoint[200];
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s", path_of("socket"));
    converse(endpoint);
}

/* Every TCP listener of this process is none from here on. */
static void break_listeners(void)
{
    for (int fd = 3; fd < 100; fd++) {
        int listens = 0;
        socklen_t length = sizeof listens;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens)
            assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
    }
}

static void a_listener_that_cannot_accept_fails_only_the_way_that_was_open(void **state)
{
    (void)state;
    struct leat_link_options out = {.directions = LEAT_OUT};
    struct leat_link *link = open_in("tcp-listen://127.0.0.1:0", &out);
    break_listeners();
    int rc = 0, other = 0;
    struct leat_msg msg;
    for (int tries = 0; rc == 0 && tries < 5000; tries++, usleep(1000)) {
        other += leat_link_recv(link, &msg, 0) != -EPIPE; /* looks at the error while the I/O thread writes one */
        rc = leat_link_check_send(link);
    }
    assert_int_equal(rc, -EINVAL);
    assert_int_equal(other, 0);
    assert_int_equal(leat_link_recv(link, &msg, 0), -EPIPE); /* never open, so a clean end */
    assert_int_equal(leat_link_error(link)->code, 0);
    leat_link_close(link, LEAT_FOREVER, NULL, NULL);
}

static void a_listener_without_an_fd_to_spare_accepts_once_it_has_one(void **state)
{
    (void)state;
    struct leat_link_options out = {.directions = LEAT_OUT};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char endpoint[200];
    assert_true(strlen(path_of("crowded")) < sizeof at.sun_path);
    strcpy(at.sun_path, path_of("crowded"));
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s", at.sun_path);
    struct leat_link *link = open_in(endpoint, &out);
    int caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct rlimit kept;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 3, .rlim_max = kept.rlim_max}), 0);
    int connected = connect(caller, (const struct sockaddr *)&at, sizeof at);
    usleep(50000); /* it tries meanwhile */
    int rc = leat_link_check_send(link);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(connected, 0);
    assert_int_equal(rc, 0);
    int second = -1;
    if (test_under_valgrind()) { /* it plays the limit itself, and the caller is lost; unless it was too slow to try in time */
        second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(second, (const struct sockaddr *)&at, sizeof at), 0);
    }
    struct leat_msg msg;
    char data[8];
    leat_msg_init(&msg);
    assert_int_equal(leat_msg_copy(&msg, NULL, "x", 1), 0);
    assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
    leat_link_flush(link);
    ssize_t got = recv(caller, data, sizeof data, 0);
    if (got != 1 && second >= 0)
        got = recv(second, data, sizeof data, 0);
    assert_int_equal(got, 1);
    close(caller);
    if (second >= 0)
        close(second);
    leat_link_close(link, LEAT_FOREVER, NULL, NULL);
}

static void a_listener_nobody_called_closes_at_once(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    struct leat_link *link = open_in("tcp-listen://127.0.0.1:0", &options);
    struct leat_msg msg;
    assert_int_equal(leat_link_recv(link, &msg, 0), -EAGAIN);
    int64_t start = leat_os_now_ns();
    assert_int_equal(leat_link_recv(link, &msg, start + 20000000), -ETIMEDOUT);
    assert_true(leat_os_now_ns() - start >= 20000000);
    assert_int_equal(leat_link_close(link, leat_os_now_ns() + 2000000000, NULL, NULL), 0);
}

static void an_input_that_waits_is_closed_at_once_with_nothing_left(void **state)
{
    (void)state;
    struct leat_link_options options = in_options("t8l16");
    for (int i = 0; i < 50; i++) {
        struct leat_link *link = open_in("tcp-listen://127.0.0.1:0", &options);
        struct leat_link_end end;
        struct leat_error error;
        assert_int_equal(leat_link_close(link, 0, &end, &error), 0);
        assert_int_equal(end.left, 0);
        assert_int_equal(error.code, 0);
    }
}

static void what_is_sent_before_the_peer_comes_waits_for_it(void **state)
{
    (void)state;
    static const struct leat_blocks none;
    struct leat_link_options out = {.directions = LEAT_OUT}, in = in_options("t8l16");
    struct leat_link *early = open_in("tcp-listen://127.0.0.1:0", &out);
    char address[LEAT_ADDRESS_BYTES];
    snprintf(address, sizeof address, "%s", leat_link_name(early));
    struct leat_msg msg;
    unsigned char frame[40];
    assert_int_equal(leat_msg_copy(&msg, &none, frame, make_frame(1, frame)), 0);
    assert_int_equal(leat_link_send(early, &msg, LEAT_FOREVER), 0);
    leat_link_flush(early);
    struct leat_link *late = open_in(address, &in);
    struct leat_link_end end;
    assert_int_equal(leat_link_close(early, leat_os_now_ns() + 5000000000, &end, NULL), 0);
    assert_int_equal(end.delivered, 1);
    assert_int_equal(leat_link_recv(late, &msg, LEAT_FOREVER), 0);
    check_frame(&msg, 1);
    leat_msg_unref(&msg);
    assert_int_equal(leat_link_recv(late, &msg, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_link_close(late, 0, NULL, NULL), 0);

    /* And nobody ever comes: the deadline says so. */
    early = open_in("tcp-listen://127.0.0.1:0", &out);
    assert_int_equal(leat_msg_copy(&msg, &none, frame, make_frame(1, frame)), 0);
    assert_int_equal(leat_link_send(early, &msg, LEAT_FOREVER), 0);
    assert_int_equal(leat_link_close(early, leat_os_now_ns() + 20000000, &end, NULL), -ETIMEDOUT);
    assert_int_equal(end.left, 1);
}

static void an_idle_sender_learns_that_its_reader_left(void **state)
{
    (void)state;
    const char *fifo = path_of("left");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct leat_link_options out = {.directions = LEAT_OUT};
    struct leat_link *link = open_in(fifo, &out);
    assert_int_equal(leat_link_check_send(link), 0);
    close(reader);
    for (int i = 0; i < 500 && leat_link_check_send(link) == 0; i++)
        usleep(10000);
    assert_int_equal(leat_link_check_send(link), -EPIPE);
    assert_non_null(strstr(leat_link_error(link)->text, fifo));
    assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0); /* nothing was lost */
}

static void close_at_its_deadline_says_how_many_are_left(void **state)
{
    (void)state;
    char endpoint[200];
    const char *fifo = path_of("stuck");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int keep = open(fifo, O_RDWR | O_CLOEXEC); /* there is a reader, but it never reads */
    snprintf(endpoint, sizeof endpoint, "file:%s", fifo);
    struct leat_link_options out = {.directions = LEAT_OUT};
    struct leat_link *link = open_in(endpoint, &out);
    static const struct leat_blocks none;
    struct leat_msg msg;
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(leat_msg_copy(&msg, &none, folder, 40), 0);
        assert_int_equal(leat_link_send(link, &msg, LEAT_FOREVER), 0);
    }
    struct leat_link_end end;
    struct leat_error error;
    assert_int_equal(leat_link_close(link, leat_os_now_ns() + 50000000, &end, &error), -ETIMEDOUT);
    assert_true(end.delivered > 0 && end.left > 0);
    assert_int_equal(end.delivered + end.left, 4000);
    close(keep);
}

static void options_that_cannot_be_kept_are_refused_in_words(void **state)
{
    (void)state;
    struct leat_link *link = NULL;
    struct leat_error error;
    struct leat_link_options options = in_options("der");
    options.high_water_bytes = 1 << 20;
    assert_int_equal(leat_link_open(&link, "null:", &options, &error), -EINVAL);
    assert_non_null(strstr(error.text, "high_water_bytes"));
    options = (struct leat_link_options){.directions = LEAT_OUT};
    assert_int_equal(leat_link_open(&link, "netlink:route", &options, &error), -EINVAL);
    assert_null(link);
}

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/leat-link-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_file_arrive_whole_and_in_order),
        cmocka_unit_test(a_slow_reader_stops_the_device_and_loses_nothing),
        cmocka_unit_test(held_messages_exhaust_the_pool_and_the_link_waits),
        cmocka_unit_test(messages_outlive_their_link),
        cmocka_unit_test(a_truncated_frame_is_malformed_after_all_before_it_was_delivered),
        cmocka_unit_test(a_frame_over_the_limit_is_malformed),
        cmocka_unit_test(a_device_that_cannot_be_polled_is_asked_again),
        cmocka_unit_test(repeat_reads_a_file_again_and_refuses_a_pipe),
        cmocka_unit_test(an_empty_input_ends_however_often_it_is_to_be_read),
        cmocka_unit_test(an_end_mark_ends_the_input),
        cmocka_unit_test(a_last_message_without_its_padding_is_whole),
        cmocka_unit_test(a_last_message_without_its_padding_waits_for_nothing_when_repeated),
        cmocka_unit_test(what_is_sent_is_written_before_close_returns),
        cmocka_unit_test(a_full_disk_fails_the_sender_who_keeps_the_message),
        cmocka_unit_test(two_ends_converse_over_tcp),
        cmocka_unit_test(two_ends_converse_over_a_unix_socket),
        cmocka_unit_test(a_listener_that_cannot_accept_fails_only_the_way_that_was_open),
        cmocka_unit_test(a_listener_without_an_fd_to_spare_accepts_once_it_has_one),
        cmocka_unit_test(a_listener_nobody_called_closes_at_once),
        cmocka_unit_test(an_input_that_waits_is_closed_at_once_with_nothing_left),
        cmocka_unit_test(what_is_sent_before_the_peer_comes_waits_for_it),
        cmocka_unit_test(an_idle_sender_learns_that_its_reader_left),
        cmocka_unit_test(close_at_its_deadline_says_how_many_are_left),
        cmocka_unit_test(options_that_cannot_be_kept_are_refused_in_words),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
