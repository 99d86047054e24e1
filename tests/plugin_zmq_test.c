/* SPDX-License-Identifier: MIT */
/* plugin_zmq_test.c: leat-zmq.so on one side, plain libzmq on the other; byte for byte, and message by message. LEAT_PLUGINS says where it
 * is. */
#define _GNU_SOURCE
#include "test.h"

#include <leat/link.h>
#include <leat/os.h>

#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static char folder[] = "/tmp/leat-zmq-XXXXXX";
static void *context;

static int64_t soon(void)
{
    return leat_os_now_ns() + 10 * INT64_C(1000000000);
}

static void *plain(int type)
{
    const int linger = 1000, wait = 10000;
    void *socket = zmq_socket(context, type);
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait, sizeof wait);
    return socket;
}

static struct leat_link *open_link(const char *endpoint, const struct leat_link_options *options)
{
    struct leat_link *link;
    struct leat_error error;
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

/* Frame i of the dialect t8l16, up to 5000 bytes of it. */
static int64_t make_frame(int64_t i, unsigned char *frame)
{
    static const int64_t lengths[] = {0, 1, 45, 64, 300, 1024, 4997};
    const int64_t length = lengths[i % 7];
    frame[0] = (unsigned char)i;
    frame[1] = (unsigned char)(length >> 8);
    frame[2] = (unsigned char)length;
    for (int64_t at = 0; at < length; at++)
        frame[3 + at] = (unsigned char)(i * 31 + at * 7);
    return 3 + length;
}

static void check_frame(const unsigned char *got, int64_t bytes, int64_t i)
{
    unsigned char want[5000];
    const int64_t frame = make_frame(i, want);
    assert_true(bytes >= frame);
    assert_memory_equal(got, want, (size_t)frame);
}

static struct leat_link_options options_of(unsigned directions, bool no_thread)
{
    return (struct leat_link_options){.directions = directions, .dialect = leat_tlv_dialect("t8l16"), .no_thread = no_thread};
}

static void send_frames(struct leat_link *link, int64_t first, int64_t count)
{
    unsigned char frame[5000];
    struct leat_msg msg;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t bytes = make_frame(i, frame);
        assert_int_equal(leat_link_alloc(link, &msg, bytes, soon()), 0);
        struct leat_msg_cursor cursor;
        struct leat_span piece;
        int64_t at = 0;
        leat_msg_pieces(&msg, &cursor);
        for (; leat_msg_next_piece(&cursor, &piece); at += piece.bytes)
            memcpy(piece.data, frame + at, (size_t)piece.bytes);
        assert_int_equal(leat_link_send(link, &msg, soon()), 0);
    }
    assert_int_equal(leat_link_drain(link, soon()), 0);
}

static void receive_frames(struct leat_link *link, int64_t first, int64_t count)
{
    unsigned char want[5000], got[5001];
    struct leat_msg msg;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t bytes = make_frame(i, want);
        int rc = leat_link_recv(link, &msg, soon());
        if (rc != 0)
            fail_msg("frame %lld: %d %s", (long long)i, rc, leat_link_error(link)->text);
        assert_int_equal(leat_msg_read(&msg, 0, got, sizeof got), bytes);
        assert_memory_equal(got, want, (size_t)bytes);
        leat_msg_unref(&msg);
    }
}

/* Plain libzmq pulls what leat pushes: a message each. Connecting first, so that frames wait for the peer. */
static void each_frame_is_a_message(void **state)
{
    (void)state;
    const int64_t count = test_items(20000) < 20000 ? 500 : 20000;
    for (int way = 0; way < 2; way++) {
        unsigned char want[5000], got[5001];
        const struct leat_link_options options = options_of(LEAT_OUT, way);
        char name[200];
        size_t bytes = sizeof name;
        void *pull = plain(ZMQ_PULL);
        assert_int_equal(zmq_bind(pull, "tcp://127.0.0.1:*"), 0);
        assert_int_equal(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, name, &bytes), 0);
        char endpoint[300];
        snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&hwm=100000", name);
        struct leat_link *link = open_link(endpoint, &options);
        send_frames(link, 0, count);
        for (int64_t i = 0; i < count; i++) {
            assert_int_equal(zmq_recv(pull, got, sizeof got, 0), make_frame(i, want));
            check_frame(got, make_frame(i, want), i);
        }
        struct leat_link_end end;
        assert_int_equal(leat_link_close(link, soon(), &end, NULL), 0);
        assert_int_equal(end.delivered, count);
        assert_int_equal(end.left, 0);
        zmq_close(pull);
    }
}

/* With batch there are fewer messages, of whole frames, none longer than the batch or a frame. */
static void a_batch_is_whole_frames_in_one_message(void **state)
{
    (void)state;
    const int64_t count = 5000;
    const struct leat_link_options options = options_of(LEAT_OUT, false);
    unsigned char want[5000], *got = malloc(1 << 20);
    char name[200], endpoint[300];
    size_t bytes = sizeof name;
    void *pull = plain(ZMQ_PULL);
    assert_int_equal(zmq_bind(pull, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, name, &bytes), 0);
    snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&batch=16KiB", name);
    struct leat_link *link = open_link(endpoint, &options);
    send_frames(link, 0, count);
    int64_t messages = 0;
    for (int64_t i = 0; i < count; messages++) {
        int size = zmq_recv(pull, got, 1 << 20, 0);
        assert_in_range(size, 1, 16384);
        for (int64_t at = 0; at < size; i++) {
            const int64_t frame = make_frame(i, want);
            check_frame(got + at, size - at, i);
            at += frame;
        }
    }
    assert_true(messages < count / 3);
    print_message("%lld frames in %lld messages\n", (long long)count, (long long)messages);
    assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
    zmq_close(pull);
    free(got);
}

/* What plain libzmq pushes, one frame or many to a message, in one part or several, is framed as it comes. */
static void messages_of_others_are_framed(void **state)
{
    (void)state;
    const int64_t count = test_items(20000) < 20000 ? 500 : 20000;
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options options = options_of(LEAT_IN, way);
        char endpoint[200];
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/pull%d?type=pull&bind=1", folder, way);
        struct leat_link *link = open_link(endpoint, &options);
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/pull%d", folder, way);
        assert_string_equal(leat_link_name(link), endpoint);
        void *push = plain(ZMQ_PUSH);
        snprintf(endpoint, sizeof endpoint, "ipc://%s/pull%d", folder, way);
        assert_int_equal(zmq_connect(push, endpoint), 0);
        unsigned char frames[3 * 5000];
        for (int64_t turn = 0; turn < count; turn += 100) {
            for (int64_t i = turn; i < turn + 100;) {
                int64_t bytes = 0;
                for (int64_t in_part = i % 3 + 1; in_part > 0 && i < turn + 100; in_part--, i++)
                    bytes += make_frame(i, frames + bytes);
                assert_int_equal(zmq_send(push, frames, (size_t)bytes, i % 4 == 0 && i < turn + 100 ? ZMQ_SNDMORE : 0), bytes);
            }
            receive_frames(link, turn, 100);
        }
        assert_int_equal(leat_link_close(link, 0, NULL, NULL), 0);
        zmq_close(push);
    }
}

static void a_topic_goes_before_and_is_left_out(void **state)
{
    (void)state;
    const struct leat_link_options out = options_of(LEAT_OUT, false), in = options_of(LEAT_IN, false);
    char endpoint[200];
    unsigned char got[5001], want[5000];
    int more = 0;
    size_t bytes = sizeof more;
    snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/news?type=pub&bind=1&topic=weather", folder);
    struct leat_link *publisher = open_link(endpoint, &out);
    void *all = plain(ZMQ_SUB), *other = plain(ZMQ_SUB);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/news", folder);
    zmq_setsockopt(all, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt(other, ZMQ_SUBSCRIBE, "sport", 5);
    assert_int_equal(zmq_connect(all, endpoint), 0);
    assert_int_equal(zmq_connect(other, endpoint), 0);
    snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/news?type=sub&topic=weather", folder);
    struct leat_link *subscriber = open_link(endpoint, &in);
    usleep(300000); /* subscriptions travel */
    send_frames(publisher, 0, 100);
    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(zmq_recv(all, got, sizeof got, 0), 7);
        assert_memory_equal(got, "weather", 7);
        assert_int_equal(zmq_getsockopt(all, ZMQ_RCVMORE, &more, &bytes), 0);
        assert_true(more);
        assert_int_equal(zmq_recv(all, got, sizeof got, 0), make_frame(i, want));
        check_frame(got, make_frame(i, want), i);
    }
    receive_frames(subscriber, 0, 100);
    assert_int_equal(zmq_recv(other, got, sizeof got, ZMQ_DONTWAIT), -1);
    leat_link_close(subscriber, 0, NULL, NULL);
    leat_link_close(publisher, soon(), NULL, NULL);
    zmq_close(all);
    zmq_close(other);
}

/* Both ways at once, on a link with a thread and on one without, until both are full: nobody spins, nothing is lost. */
static void a_pair_converses_both_ways(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options options = options_of(0, way);
        char endpoint[200];
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/pair%d?type=pair&bind=1", folder, way);
        struct leat_link *one = open_link(endpoint, &options);
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/pair%d?type=pair", folder, way);
        struct leat_link *two = open_link(endpoint, &options);
        for (int64_t turn = 0; turn < 50; turn++) {
            send_frames(one, turn * 20, 20);
            send_frames(two, turn * 20, 20);
            receive_frames(two, turn * 20, 20);
            receive_frames(one, turn * 20, 20);
        }
        leat_link_close(one, soon(), NULL, NULL);
        leat_link_close(two, soon(), NULL, NULL);
    }
}

static int64_t cpu_ns(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return spent.tv_sec * INT64_C(1000000000) + spent.tv_nsec;
}

/* A peer that does not read: the sender is told it is full, and its thread sleeps. */
static void a_full_peer_is_waited_for_asleep(void **state)
{
    (void)state;
    struct leat_link_options options = options_of(LEAT_OUT, false);
    char endpoint[200];
    int64_t sent = 0;
    options.high_water_messages = 64;
    snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/nobody?type=push&hwm=1&linger_ms=10", folder);
    struct leat_link *link = open_link(endpoint, &options);
    struct leat_msg msg;
    int rc = 0;
    while (rc == 0 && sent < 1000) {
        assert_int_equal(leat_link_alloc(link, &msg, 3, 0), 0);
        memcpy(leat_msg_data(&msg), "\1\0\0", 3);
        rc = leat_link_send(link, &msg, leat_os_now_ns() + 20000000);
        sent += rc == 0;
    }
    leat_msg_unref(&msg);
    assert_int_equal(rc, -ETIMEDOUT);
    assert_in_range(sent, 64, 200);
    const int64_t before = cpu_ns();
    usleep(500000);
    assert_true(cpu_ns() - before < 100000000 || TEST_SANITIZED || test_under_valgrind());
    struct leat_link_end end;
    const int64_t began = leat_os_now_ns();
    assert_int_equal(leat_link_close(link, leat_os_now_ns() + 100000000, &end, NULL), -ETIMEDOUT);
    assert_true(leat_os_now_ns() - began < INT64_C(2000000000));
    assert_int_equal(end.delivered + end.left, sent);
}

static void refused(const char *endpoint, unsigned directions, int code, const char *words)
{
    const struct leat_link_options options = options_of(directions, true);
    struct leat_error error = {.code = 0};
    struct leat_link *link = NULL;
    print_message("%s\n", endpoint);
    assert_int_equal(leat_link_open(&link, endpoint, &options, &error), code);
    assert_null(link);
    if (!strstr(error.text, words))
        fail_msg("no \"%s\" in: %s", words, error.text);
    assert_null(strchr(error.text, '\n'));
}

static void what_cannot_be_meant_is_refused_in_words(void **state)
{
    (void)state;
    refused("zmq+tcp://127.0.0.1:1", LEAT_OUT, -EINVAL, "type must be push, pull");
    refused("zmq+tcp://127.0.0.1:1?type=req", LEAT_OUT, -EINVAL, "type must be push, pull");
    refused("zmq+tcp://127.0.0.1:1?type=pull", LEAT_OUT, -EINVAL, "pull cannot be written to");
    refused("zmq+tcp://127.0.0.1:1?type=push", LEAT_IN, -EINVAL, "push cannot be read from");
    refused("zmq+tcp://127.0.0.1:1?type=push&hwm=x", LEAT_OUT, -EINVAL, "hwm=x: must be 0 to");
    refused("zmq+tcp://127.0.0.1:1?type=push&batch=9GiB", LEAT_OUT, -EINVAL, "batch=9GiB: must be 0 to");
    refused("zmq+tcp://127.0.0.1:1?type=push&topic=a", LEAT_OUT, -EINVAL, "topic is for the types pub and sub");
    refused("zmq+tcp://127.0.0.1:1?type=push&key=a", LEAT_OUT, -EINVAL, "unknown key \"key\"; known to zmq+tcp: type bind");
    refused("zmq+tcp://127.0.0.1", LEAT_OUT, -EINVAL, "missing port");
    refused("zmq+ipc:/nowhere/at/all?type=pull&bind=1", LEAT_IN, -ENOENT, "bind: ");
    refused("zmq+tls://127.0.0.1:1?type=push", LEAT_OUT, -EINVAL, "its plug-in has no such scheme");
}

/* In processes of their own, as a plug-in stays once it is loaded. */
static void a_plugin_that_is_missing_or_broken_is_one_line(void **state)
{
    (void)state;
    char path[128], broken[512];
    snprintf(path, sizeof path, "%s/leat-broken.so", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("not a library", file);
    fclose(file);
    char *kept = strdup(getenv("LEAT_PLUGINS"));
    assert_int_equal(setenv("LEAT_PLUGINS", folder, 1), 0);
    snprintf(broken, sizeof broken, "the plug-in leat-broken.so: %s", path);
    refused("nats://127.0.0.1:4222/x", LEAT_OUT, -EINVAL, "needs the plug-in leat-nats.so, which is not in /tmp/leat-zmq-");
    refused("nats://127.0.0.1:4222/x", LEAT_OUT, -EINVAL, "the package leat-nats has it");
    refused("broken:x", LEAT_OUT, -EINVAL, broken);
    refused("nowhere:x", LEAT_OUT, -EINVAL, "unknown scheme \"nowhere\"; known:");
    refused("../x:y", LEAT_IN, -ENOENT, "open"); /* a path, and no way to name a library */
    assert_int_equal(setenv("LEAT_PLUGINS", kept, 1), 0);
    free(kept);
}

int main(void)
{
    if (!mkdtemp(folder) || !getenv("LEAT_PLUGINS"))
        return 1;
    context = zmq_ctx_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_a_message),
        cmocka_unit_test(a_batch_is_whole_frames_in_one_message),
        cmocka_unit_test(messages_of_others_are_framed),
        cmocka_unit_test(a_topic_goes_before_and_is_left_out),
        cmocka_unit_test(a_pair_converses_both_ways),
        cmocka_unit_test(a_full_peer_is_waited_for_asleep),
        cmocka_unit_test(what_cannot_be_meant_is_refused_in_words),
        cmocka_unit_test(a_plugin_that_is_missing_or_broken_is_one_line),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zmq_ctx_term(context);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
