/* SPDX-License-Identifier: MIT */
/* plugin_zmq_test.c: leat-zmq.so on one side, plain libzmq on the other; byte for byte, and message by message. LEAT_PLUGINS says where it
 * is. */
#define _GNU_SOURCE
#include "plugin_zmq_support.h"

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

static void what_cannot_be_meant_is_refused_in_words(void **state)
{
    (void)state;
    refused("zmq+tcp://127.0.0.1:1", LEAT_OUT, -EINVAL, "type must be push, pull, pub, sub, pair, dealer or router");
    refused("zmq+tcp://127.0.0.1:1?type=req", LEAT_OUT, -EINVAL, "type must be push, pull, pub, sub, pair, dealer or router");
    refused("zmq+tcp://127.0.0.1:1?type=pull", LEAT_OUT, -EINVAL, "pull cannot be written to");
    refused("zmq+tcp://127.0.0.1:1?type=push", LEAT_IN, -EINVAL, "push cannot be read from");
    refused("zmq+tcp://127.0.0.1:1?type=push&hwm=x", LEAT_OUT, -EINVAL, "hwm=x: must be 0 to");
    refused("zmq+tcp://127.0.0.1:1?type=push&batch=9GiB", LEAT_OUT, -EINVAL, "batch=9GiB: must be 0 to");
    refused("zmq+tcp://127.0.0.1:1?type=push&topic=a", LEAT_OUT, -EINVAL, "topic is for the types pub and sub");
    refused("zmq+tcp://127.0.0.1:1?type=push&key=a", LEAT_OUT, -EINVAL, "unknown key \"key\"; known to zmq+tcp: type bind");
    refused("zmq+tcp://127.0.0.1:1?type=push&linger=5ms", LEAT_OUT, -EINVAL, "needs batch=BYTES");
    refused("zmq+tcp://127.0.0.1:1?type=push&batch=64KiB&linger=5", LEAT_OUT, -EINVAL, "linger=5: must be a time such as 5ms");
    refused("zmq+tcp://127.0.0.1:1?type=push&batch=64KiB&linger=61s", LEAT_OUT, -EINVAL, "60 s at most");
    refused("zmq+tcp://127.0.0.1:1?type=push&batch=64KiB&multipart=1", LEAT_OUT, -EINVAL, "multipart and batch do not go together");
    refused("zmq+tcp://127.0.0.1:1?type=push&peer=a", LEAT_OUT, -EINVAL, "peer is for the type router");
    refused("zmq+tcp://127.0.0.1:1?type=router", LEAT_OUT, -EINVAL, "peer=IDENTITY says whom a router writes to");
    refused("zmq+tcp://127.0.0.1:1?type=push&curve_allow=x", LEAT_OUT, -EINVAL, "curve=FILE, with a secret-key, is needed");
    refused("zmq+tcp://127.0.0.1:1?type=push&curve=x", LEAT_OUT, -EINVAL, "curve_server=FILE is the binding end's public key");
    refused("zmq+tcp://127.0.0.1:1?type=push&curve=/none&curve_server=/none", LEAT_OUT, -ENOENT, "/none: No such file");
    refused("zmq+tcp://127.0.0.1:1?type=push&curve=/dev/null&curve_server=/dev/null", LEAT_OUT, -EINVAL,
            "/dev/null: no secret-key of 40 characters");
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
        cmocka_unit_test(messages_of_others_are_framed),
        cmocka_unit_test(a_topic_goes_before_and_is_left_out),
        cmocka_unit_test(a_pair_converses_both_ways),
        cmocka_unit_test(a_full_peer_is_waited_for_asleep),
        cmocka_unit_test(what_cannot_be_meant_is_refused_in_words),
        cmocka_unit_test(a_plugin_that_is_missing_or_broken_is_one_line),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed == 0) /* else a socket was left open */
        zmq_ctx_term(context);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
