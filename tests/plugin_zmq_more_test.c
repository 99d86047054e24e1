/* SPDX-License-Identifier: MIT */
/* plugin_zmq_more_test.c: what leat-zmq.so does beyond one frame to a message: batches, parts, routers, keys, and what it says of
 * connections. */
#define _GNU_SOURCE
#include "plugin_zmq_support.h"

#include <leat/pool.h>
#include <leat/protocol.h>
#include <pthread.h>

static void *bound_pull(char *name, size_t bytes)
{
    void *pull = plain(ZMQ_PULL);
    assert_int_equal(zmq_bind(pull, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, name, &bytes), 0);
    return pull;
}

/* Takes one message, which is a batch, and checks that its frames are i, i + 1 and so on. Returns the index behind them. */
static int64_t check_batch(void *pull, unsigned char *got, int64_t i, int64_t most)
{
    struct leat_protocol_head head;
    struct leat_protocol_batch batch;
    unsigned char want[5000];
    const void *frame;
    int64_t bytes;
    uint64_t number;
    int size = zmq_recv(pull, got, 1 << 20, 0);
    assert_in_range(size, 1, most);
    assert_int_equal(leat_protocol_head_read(got, size, &head), 0);
    assert_int_equal(head.type, LEAT_PROTOCOL_BATCH);
    assert_int_equal(leat_protocol_frame_bytes(&head), size);
    assert_int_equal(leat_protocol_batch_open(&batch, got + LEAT_PROTOCOL_HEADER_BYTES, head.length), 0);
    int rc;
    for (; (rc = leat_protocol_batch_next(&batch, &frame, &bytes, &number)) == 0; i++) {
        assert_int_equal(number, i);
        assert_int_equal(bytes, make_frame(i, want));
        check_frame(frame, bytes, i);
    }
    assert_int_equal(rc, -EPIPE);
    return i;
}

/* With batch there are fewer messages, of whole frames with their numbers, none longer than the batch. */
static void a_batch_is_numbered_frames_in_one_message(void **state)
{
    (void)state;
    const int64_t count = 5000;
    const struct leat_link_options options = options_of(LEAT_OUT, false);
    unsigned char *got = malloc(1 << 20);
    char name[200], endpoint[300];
    void *pull = bound_pull(name, sizeof name);
    snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&batch=16KiB", name);
    struct leat_link *link = open_link(endpoint, &options);
    send_frames(link, 0, count);
    int64_t messages = 0;
    for (int64_t i = 0; i < count; messages++)
        i = check_batch(pull, got, i, 16384);
    assert_true(messages < count / 3);
    print_message("%lld frames in %lld messages\n", (long long)count, (long long)messages);
    assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
    zmq_close(pull);
    free(got);
}

static void send_small(struct leat_link *link, int64_t i)
{
    unsigned char frame[5000];
    struct leat_msg msg;
    assert_int_equal(leat_link_alloc(link, &msg, make_frame(7 * i + 1, frame), soon()), 0);
    memcpy(leat_msg_data(&msg), frame, (size_t)leat_msg_size(&msg));
    assert_int_equal(leat_link_send(link, &msg, soon()), 0);
    leat_link_flush(link);
}

/* What comes in small numbers waits for more, as long as linger says and no longer; a drain does not wait. */
static void a_batch_lingers_for_more(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options options = options_of(LEAT_OUT, way);
        unsigned char got[4096];
        char name[200], endpoint[300];
        void *pull = bound_pull(name, sizeof name);
        snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&batch=64KiB&linger=300ms", name);
        struct leat_link *link = open_link(endpoint, &options);
        const int64_t began_ns = leat_os_now_ns();
        for (int64_t i = 0; i < 20; i++) {
            send_small(link, i);
            usleep(1000);
        }
        while (way == 1 && leat_link_deadline(link) != LEAT_FOREVER) {
            usleep(1000);
            leat_link_step(link);
        }
        const int first = zmq_recv(pull, got, sizeof got, 0);
        const int64_t took_ns = leat_os_now_ns() - began_ns;
        assert_int_equal(first, 42 + 20 * (6 + 4)); /* all twenty in one */
        assert_true(took_ns >= INT64_C(290000000));
        send_small(link, 20);
        const int64_t before_ns = leat_os_now_ns();
        assert_int_equal(leat_link_drain(link, soon()), 0);
        assert_int_equal(zmq_recv(pull, got, sizeof got, 0), 42 + 6 + 4);
        if (!TEST_SANITIZED)
            assert_true(leat_os_now_ns() - before_ns < INT64_C(290000000));
        send_small(link, 21);
        struct leat_link_end end;
        assert_int_equal(leat_link_close(link, soon(), &end, NULL), 0); /* nor does a close */
        assert_int_equal(end.delivered, 22);
        assert_int_equal(zmq_recv(pull, got, sizeof got, 0), 42 + 6 + 4);
        zmq_close(pull);
    }
}

struct pad {
    unsigned char *bytes;
    int64_t room;
};

static int64_t pad_reserve(void *pad, int64_t least, void **span)
{
    const struct pad *own = pad;
    (void)least;
    *span = own->bytes;
    return own->room;
}

static void pad_commit(void *pad, int64_t bytes)
{
    (void)pad, (void)bytes;
}

/* A pipe that is full is emptied by who lingers, so a sender does not wait for that; nor where the pool is what is full. */
static void a_full_pipe_or_pool_does_not_wait_for_the_linger(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct leat_link_options options = options_of(LEAT_OUT, way % 2);
        unsigned char got[65536];
        char name[200], endpoint[300];
        if (way < 2)
            options.high_water_messages = 16;
        else
            options.max_frame = 1024, options.high_water_bytes = 32768;
        void *pull = bound_pull(name, sizeof name);
        snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&batch=64KiB&linger=20s", name);
        struct leat_link *link = open_link(endpoint, &options);
        const int64_t began_ns = leat_os_now_ns();
        for (int64_t i = 0; i < 100; i++) {
            unsigned char frame[5000];
            struct leat_msg msg;
            assert_int_equal(leat_link_alloc(link, &msg, make_frame(7 * i + 4, frame), soon()), 0);
            struct leat_msg_cursor cursor;
            struct leat_span piece;
            int64_t at = 0;
            for (leat_msg_pieces(&msg, &cursor); leat_msg_next_piece(&cursor, &piece); at += piece.bytes)
                memcpy(piece.data, frame + at, (size_t)piece.bytes);
            assert_int_equal(leat_link_send(link, &msg, soon()), 0);
        }
        assert_int_equal(leat_link_drain(link, soon()), 0);
        assert_true(leat_os_now_ns() - began_ns < INT64_C(10000000000));
        for (int64_t bytes = 0; bytes < 100 * 309;)
            bytes += zmq_recv(pull, got, sizeof got, 0) - 42;
        assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
        zmq_close(pull);
    }
}

/* A loop of another's that waits for the link's descriptor alone sends what lingers in time. */
static void what_lingers_goes_by_the_descriptor_too(void **state)
{
    (void)state;
    const struct leat_link_options options = options_of(LEAT_OUT, true);
    unsigned char got[4096];
    char name[200], endpoint[300];
    void *pull = bound_pull(name, sizeof name);
    snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&batch=64KiB&linger=200ms", name);
    struct leat_link *link = open_link(endpoint, &options);
    send_small(link, 0);
    const int64_t until_ns = soon();
    while (zmq_recv(pull, got, sizeof got, ZMQ_DONTWAIT) < 0) {
        struct leat_ready ready = {.fd = leat_link_fd(link), .in = true};
        assert_true(leat_os_now_ns() < until_ns);
        if (leat_link_arm(link))
            leat_os_poll(&ready, 1, leat_os_now_ns() + INT64_C(1000000000));
        leat_link_step(link);
        usleep(1000); /* to libzmq's thread */
    }
    assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
    zmq_close(pull);
}

/* A batch by hand: `count` frames from number `first` on, of that sender. */
static int64_t make_batch(unsigned char *to, int64_t room, uint64_t sender, int64_t first, int64_t count)
{
    struct pad pad = {to, room};
    const struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    struct leat_tlv_writer writer;
    unsigned char frame[5000], name[8];
    for (int i = 0; i < 8; i++)
        name[i] = (unsigned char)(sender >> (56 - 8 * i));
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, room), 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, (uint64_t)first), 0);
    assert_int_equal(leat_tlv_put(&writer, 2, name, sizeof name), 0);
    for (int64_t i = first; i < first + count; i++)
        assert_int_equal(leat_protocol_batch_add(&writer, frame, make_frame(i, frame)), 0);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);
    return leat_tlv_finish(&writer);
}

/* A subscriber knows by the frames' numbers how many it has not got, of each publisher by itself. */
static void what_a_subscriber_has_lost_is_counted_in_frames(void **state)
{
    (void)state;
    const struct leat_link_options options = options_of(LEAT_IN, false);
    static const struct {
        uint64_t sender;
        int64_t first, count, lost; /* in all, after it */
    } batches[] = {{7, 100, 10, 0}, {7, 110, 5, 0}, {9, 0, 5, 0}, {7, 120, 7, 5}, {9, 5, 1, 5}, {9, 16, 4, 15}, {7, 127, 1, 15}};
    unsigned char *bytes = malloc(1 << 20);
    char endpoint[200];
    void *publisher = plain(ZMQ_PUB);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/gaps", folder);
    assert_int_equal(zmq_bind(publisher, endpoint), 0);
    snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/gaps?type=sub", folder);
    struct leat_link *link = open_link(endpoint, &options);
    usleep(300000); /* the subscription travels */
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        struct leat_link_stats stats;
        int64_t size = make_batch(bytes, 1 << 20, batches[i].sender, batches[i].first, batches[i].count);
        assert_true(size > 0);
        assert_int_equal(zmq_send(publisher, bytes, (size_t)size, 0), size);
        receive_frames(link, batches[i].first, batches[i].count);
        const int64_t until_ns = soon();
        do {
            leat_link_stats(link, &stats);
            usleep(1000);
        } while (stats.lost != batches[i].lost && leat_os_now_ns() < until_ns);
        assert_int_equal(stats.lost, batches[i].lost);
    }
    leat_link_close(link, 0, NULL, NULL);
    zmq_close(publisher);
    free(bytes);
}

/* A batch that is cut, or that says another count, ends the input after the frames that were whole. */
static void a_batch_that_is_none_is_an_error_after_what_was_whole(void **state)
{
    (void)state;
    unsigned char *bytes = malloc(1 << 20);
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options options = options_of(LEAT_IN, way);
        struct leat_msg msg;
        char endpoint[200];
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/bad%d?type=pull&bind=1", folder, way);
        struct leat_link *link = open_link(endpoint, &options);
        void *push = plain(ZMQ_PUSH);
        snprintf(endpoint, sizeof endpoint, "ipc://%s/bad%d", folder, way);
        assert_int_equal(zmq_connect(push, endpoint), 0);
        int64_t size = make_batch(bytes, 1 << 20, 1, 0, 5);
        bytes[LEAT_PROTOCOL_HEADER_BYTES + 11] = 6; /* frames, says it */
        assert_int_equal(zmq_send(push, bytes, (size_t)size, 0), size);
        receive_frames(link, 0, 5);
        assert_int_equal(leat_link_recv(link, &msg, soon()), -EBADMSG);
        assert_non_null(strstr(leat_link_error(link)->text, "read: "));
        leat_link_close(link, 0, NULL, NULL);
        zmq_close(push);
    }
    free(bytes);
}

/* A batch that says of no sender is the application's own, and a frame like any. */
static void a_batch_of_the_applications_own_is_a_frame(void **state)
{
    (void)state;
    struct leat_link_options options = options_of(LEAT_IN, false);
    options.dialect = NULL;
    unsigned char bytes[200], got[200];
    struct pad pad = {bytes, sizeof bytes};
    const struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    struct leat_tlv_writer writer;
    struct leat_msg msg;
    char endpoint[200];
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, sizeof bytes), 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, 1), 0);
    assert_int_equal(leat_protocol_batch_add(&writer, "some bytes", 10), 0);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);
    const int64_t size = leat_tlv_finish(&writer);
    snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/own?type=pull&bind=1", folder);
    struct leat_link *link = open_link(endpoint, &options);
    void *push = plain(ZMQ_PUSH);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/own", folder);
    assert_int_equal(zmq_connect(push, endpoint), 0);
    assert_int_equal(zmq_send(push, bytes, (size_t)size, 0), size);
    assert_int_equal(leat_link_recv(link, &msg, soon()), 0);
    assert_int_equal(leat_msg_read(&msg, 0, got, sizeof got), size);
    assert_memory_equal(got, bytes, (size_t)size);
    leat_msg_unref(&msg);
    leat_link_close(link, 0, NULL, NULL);
    zmq_close(push);
}

/* A router reads what dealers say, without their names, or only what one of them says; and writes to the one that it names, once it is
 * there. */
static void a_router_writes_to_whom_it_names(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        const struct leat_link_options both = options_of(0, way), in = options_of(LEAT_IN, way), out = options_of(LEAT_OUT, way);
        char router_end[200], dealer_end[200], plain_end[200];
        unsigned char frame[5000], got[5001];
        snprintf(router_end, sizeof router_end, "zmq+ipc:%s/router%d?type=router&bind=1&peer=two", folder, way);
        snprintf(dealer_end, sizeof dealer_end, "zmq+ipc:%s/router%d?type=dealer&identity=two", folder, way);
        snprintf(plain_end, sizeof plain_end, "ipc://%s/router%d", folder, way);
        struct leat_link *router = open_link(router_end, &both);
        send_small(router, 1); /* nobody is there: it waits */
        if (way == 1)
            assert_false(leat_link_step(router));
        void *one = plain(ZMQ_DEALER);
        assert_int_equal(zmq_setsockopt(one, ZMQ_ROUTING_ID, "one", 3), 0);
        assert_int_equal(zmq_connect(one, plain_end), 0);
        assert_int_equal(zmq_send(one, frame, (size_t)make_frame(1, frame), 0), 4);
        struct leat_link *dealer = open_link(dealer_end, &both);
        send_frames(dealer, 0, 50);
        receive_frames(router, 0, 50); /* and not what `one` has said */
        assert_int_equal(leat_link_drain(router, soon()), 0);
        receive_frames(dealer, 8, 1);
        assert_int_equal(zmq_recv(one, got, sizeof got, ZMQ_DONTWAIT), -1);
        struct leat_link_stats stats;
        leat_link_stats(router, &stats);
        assert_int_equal(stats.lost, 1);
        leat_link_close(dealer, soon(), NULL, NULL);
        leat_link_close(router, soon(), NULL, NULL);
        zmq_close(one);

        snprintf(router_end, sizeof router_end, "zmq+ipc:%s/all%d?type=router&bind=1", folder, way);
        struct leat_link *all = open_link(router_end, &in);
        snprintf(dealer_end, sizeof dealer_end, "zmq+ipc:%s/all%d?type=dealer", folder, way);
        for (int64_t i = 0; i < 3; i++) {
            struct leat_link *some = open_link(dealer_end, &out);
            send_frames(some, 10 * i, 10);
            receive_frames(all, 10 * i, 10);
            leat_link_close(some, soon(), NULL, NULL);
        }
        leat_link_close(all, 0, NULL, NULL);
    }
}

/* With multipart=1 the frames of a message of leat's own protocol are the parts of one of ZeroMQ's. */
static void frames_that_say_more_are_parts_of_one_message(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct leat_link_options options = options_of(LEAT_OUT, way);
        options.dialect = NULL;
        unsigned char got[100];
        char name[200], endpoint[300];
        int more = 0;
        size_t bytes = sizeof more;
        void *pull = bound_pull(name, sizeof name);
        snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push&multipart=1", name);
        struct leat_link *link = open_link(endpoint, &options);
        for (uint32_t i = 0; i < 30; i++) { /* messages of one, two and three frames */
            const bool last = i == 0 || i % 6 == 2 || i % 6 == 5 || i % 6 == 0;
            const struct leat_protocol_head head = {.type = 1, .flags = last ? 0 : LEAT_PROTOCOL_MORE, .length = 4, .sequence = i};
            struct leat_msg msg;
            assert_int_equal(leat_link_alloc(link, &msg, LEAT_PROTOCOL_HEADER_BYTES + 4, soon()), 0);
            leat_protocol_head_write(&head, leat_msg_data(&msg));
            memcpy((char *)leat_msg_data(&msg) + LEAT_PROTOCOL_HEADER_BYTES, "four", 4);
            assert_int_equal(leat_link_send(link, &msg, soon()), 0);
        }
        assert_int_equal(leat_link_drain(link, soon()), 0);
        for (uint32_t i = 0; i < 30; i++) {
            struct leat_protocol_head head;
            assert_int_equal(zmq_recv(pull, got, sizeof got, 0), LEAT_PROTOCOL_HEADER_BYTES + 4);
            assert_int_equal(leat_protocol_head_read(got, sizeof got, &head), 0);
            assert_int_equal(head.sequence, i);
            assert_int_equal(zmq_getsockopt(pull, ZMQ_RCVMORE, &more, &bytes), 0);
            assert_int_equal(more != 0, (head.flags & LEAT_PROTOCOL_MORE) != 0);
        }
        assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
        zmq_close(pull);
    }
}

/* ---- without a copy ---- */

#define LARGE 40000 /* bytes of a frame: beyond what is lent, less than a block */

static void fill_large(unsigned char *frame, int64_t i)
{
    frame[0] = (unsigned char)i;
    frame[1] = (unsigned char)((LARGE - 3) >> 8);
    frame[2] = (unsigned char)((LARGE - 3) & 255);
    for (int64_t at = 3; at < LARGE; at++)
        frame[at] = (unsigned char)(i * 31 + at * 7);
}

/* Large messages stay where they are until libzmq has sent them; then their blocks come home, from its thread, the last when the link is
 * closed. */
static void large_messages_are_lent_until_they_are_sent(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        const int64_t count = 200; /* 8 MB, which no socket takes */
        const struct leat_link_options options = options_of(LEAT_OUT, way);
        struct leat_pool *pool;
        struct leat_pool_stats stats;
        const struct leat_pool_config config = {.block_bytes = 65536, .limit = 256, .memory = leat_os_memory(), .host = leat_os_host()};
        assert_int_equal(leat_pool_create(&pool, &config), 0);
        const struct leat_blocks blocks = leat_pool_blocks(pool);
        unsigned char *want = malloc(LARGE), *got = malloc(LARGE);
        char name[200], endpoint[300];
        const int one = 1, little = 65536;
        size_t bytes = sizeof name;
        void *pull = plain(ZMQ_PULL); /* which takes little before it is asked */
        assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVHWM, &one, sizeof one), 0);
        assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVBUF, &little, sizeof little), 0);
        assert_int_equal(zmq_bind(pull, "tcp://127.0.0.1:*"), 0);
        assert_int_equal(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, name, &bytes), 0);
        snprintf(endpoint, sizeof endpoint, "zmq+%s?type=push", name);
        struct leat_link *link = open_link(endpoint, &options);
        for (int64_t i = 0; i < count; i++) {
            struct leat_msg msg;
            assert_int_equal(leat_msg_alloc(&msg, &blocks, LARGE), 0);
            fill_large(leat_msg_data(&msg), i);
            assert_int_equal(leat_link_send(link, &msg, soon()), 0);
            if (i % 7 == 0) /* small ones between, in their place */
                send_small(link, i);
        }
        assert_int_equal(leat_link_drain(link, soon()), 0);
        leat_pool_stats(pool, &stats);
        assert_true(stats.live > 0); /* drained, and not copied */
        for (int64_t i = 0; i < count; i++) {
            fill_large(want, i);
            assert_int_equal(zmq_recv(pull, got, LARGE, 0), LARGE);
            assert_memory_equal(got, want, LARGE);
            if (i % 7 == 0)
                assert_int_equal(zmq_recv(pull, got, LARGE, 0), make_frame(7 * i + 1, want));
        }
        struct leat_link_end end;
        assert_int_equal(leat_link_close(link, soon(), &end, NULL), 0);
        assert_int_equal(end.delivered, count + (count + 6) / 7);
        leat_pool_stats(pool, &stats);
        assert_int_equal(stats.live, 0);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
        zmq_close(pull);
        free(want);
        free(got);
    }
}

/* What comes in large messages is cut out of them in place, whatever lies over their ends, and stays good when the link is closed. */
static void large_messages_that_come_are_cut_in_place(void **state)
{
    (void)state;
    for (int way = 0; way < 6; way++) {
        static const enum leat_receive receives[] = {LEAT_RECEIVE_RING, LEAT_RECEIVE_BLOCKS, LEAT_RECEIVE_AUTO};
        const int64_t count = 60;
        struct leat_link_options options = options_of(LEAT_IN, way % 2);
        options.receive = receives[way / 2]; /* the ring copies: what is cut then is cut from ZeroMQ's */
        options.high_water_bytes = 4 << 20;
        char endpoint[200];
        unsigned char *all = malloc((size_t)(count * LARGE)), *got = malloc(LARGE);
        struct leat_msg kept[3], msg;
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/large%d?type=pull&bind=1", folder, way);
        struct leat_link *link = open_link(endpoint, &options);
        void *push = plain(ZMQ_PUSH);
        snprintf(endpoint, sizeof endpoint, "ipc://%s/large%d", folder, way);
        assert_int_equal(zmq_connect(push, endpoint), 0);
        for (int64_t i = 0; i < count; i++)
            fill_large(all + i * LARGE, i);
        for (int64_t at = 0, turn = 0, size; at < count * LARGE;
             at += size) { /* one, two and more frames to a message, and parts of frames */
            static const int64_t sizes[] = {LARGE, 2 * LARGE, 100, LARGE - 100, 3 * LARGE + 17, 2 * LARGE - 17};
            size = sizes[turn++ % 6];
            size = size < count * LARGE - at ? size : count * LARGE - at;
            assert_int_equal(zmq_send(push, all + at, (size_t)size, 0), size);
        }
        for (int64_t i = 0; i < count; i++) {
            int rc = leat_link_recv(link, &msg, soon());
            if (rc != 0)
                fail_msg("frame %lld: %d %s", (long long)i, rc, leat_link_error(link)->text);
            assert_int_equal(leat_msg_read(&msg, 0, got, LARGE), LARGE);
            assert_memory_equal(got, all + i * LARGE, LARGE);
            if (i % 20 == 0)
                leat_msg_move(&kept[i / 20], &msg);
            leat_msg_unref(&msg);
        }
        struct leat_link_stats stats;
        leat_link_stats(link, &stats);
        print_message("%lld of %lld frames in place\n", (long long)stats.frames_cut, (long long)count);
        assert_true(stats.frames_cut >= 10);
        assert_true(leat_link_valid(link));
        leat_link_close(link, 0, NULL, NULL);
        zmq_close(push);
        for (int64_t i = 0; i < 3; i++) {
            assert_memory_equal(leat_msg_data(&kept[i]), all + 20 * i * LARGE, LARGE);
            leat_msg_unref(&kept[i]);
        }
        free(all);
        free(got);
    }
}

/* What is lent takes of the pool what a copy would: nobody receives, and no more comes than fits, or the rest is dropped. */
static void what_is_lent_is_bounded_as_what_is_copied(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        const int64_t count = 200;
        struct leat_link_options options = options_of(LEAT_IN, way % 2);
        const bool drops = way >= 2;
        options.full = drops ? LEAT_FULL_DROP_NEWEST : LEAT_FULL_WAIT;
        options.max_frame = 65536;
        options.high_water_bytes = 1 << 20;
        options.receive_block_bytes = 65536;
        options.receive_bytes = 1 << 20;
        char endpoint[200];
        unsigned char *frame = malloc(LARGE);
        const int one = 1;
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/bound%d?type=pull&bind=1&hwm=1", folder, way);
        struct leat_link *link = open_link(endpoint, &options);
        void *push = plain(ZMQ_PUSH);
        assert_int_equal(zmq_setsockopt(push, ZMQ_SNDHWM, &one, sizeof one), 0);
        snprintf(endpoint, sizeof endpoint, "ipc://%s/bound%d", folder, way);
        assert_int_equal(zmq_connect(push, endpoint), 0);
        int64_t sent = 0;
        struct leat_link_stats stats;
        for (const int64_t until_ns = leat_os_now_ns() + INT64_C(1000000000); sent < count && leat_os_now_ns() < until_ns;) {
            fill_large(frame, sent);
            sent += zmq_send(push, frame, LARGE, ZMQ_DONTWAIT) == LARGE;
            leat_link_step(link);
        }
        leat_link_stats(link, &stats);
        assert_true(stats.pool.live * stats.pool.block_bytes <= options.high_water_bytes);
        print_message("%lld sent, %lld came in, %lld dropped\n", (long long)sent, (long long)stats.frames_in,
                      (long long)stats.frames_dropped);
        assert_true(drops ? sent == count && stats.frames_dropped > 0 : sent < count);
        for (int64_t i = 0; i < stats.frames_in; i++) {
            struct leat_msg msg;
            assert_int_equal(leat_link_recv(link, &msg, soon()), 0);
            leat_msg_unref(&msg);
        }
        leat_link_close(link, 0, NULL, NULL);
        zmq_close(push);
        free(frame);
    }
}

/* ---- connections ---- */

#define MOST_NEWS 16

struct news {
    pthread_mutex_t mutex;
    int count;
    enum leat_link_state states[MOST_NEWS];
    char why[MOST_NEWS][1024];
};

static void note(void *state_context, struct leat_link *link, enum leat_link_state now, const struct leat_error *why)
{
    struct news *news = state_context;
    (void)link;
    pthread_mutex_lock(&news->mutex);
    if (news->count < MOST_NEWS) {
        snprintf(news->why[news->count], sizeof news->why[0], "%s", why != NULL ? why->text : "");
        news->states[news->count++] = now;
    }
    pthread_mutex_unlock(&news->mutex);
}

static struct leat_link *open_noted(const char *endpoint, unsigned directions, bool no_thread, struct news *news)
{
    struct leat_link_options options = options_of(directions, no_thread);
    *news = (struct news){.mutex = PTHREAD_MUTEX_INITIALIZER};
    options.on_state = note;
    options.state_context = news;
    return open_link(endpoint, &options);
}

/* Waits until the news number i have come, and says which. */
static enum leat_link_state wait_news(struct leat_link *link, struct news *news, int i)
{
    const int64_t until_ns = soon();
    for (;;) {
        pthread_mutex_lock(&news->mutex);
        const bool there = news->count > i;
        const enum leat_link_state now = news->states[i];
        pthread_mutex_unlock(&news->mutex);
        if (there)
            return now;
        if (leat_os_now_ns() > until_ns)
            fail_msg("news %d did not come", i);
        leat_link_step(link); /* without a thread */
        usleep(1000);
    }
}

/* A link opens when its peer has shaken hands, reconnects when it is gone, and says so without sending or receiving. */
static void the_state_follows_the_connections(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct news news;
        char endpoint[200], plain_end[200];
        snprintf(plain_end, sizeof plain_end, "ipc://%s/state%d", folder, way);
        snprintf(endpoint, sizeof endpoint, "zmq+ipc:%s/state%d?type=push", folder, way);
        struct leat_link *link = open_noted(endpoint, LEAT_OUT, way, &news);
        assert_int_equal(leat_link_state(link), LEAT_LINK_OPENING);
        for (int turn = 0; turn < 2; turn++) {
            void *pull = plain(ZMQ_PULL);
            int rc;
            const int64_t until_ns = soon();
            while ((rc = zmq_bind(pull, plain_end)) != 0 && leat_os_now_ns() < until_ns)
                usleep(1000); /* the one before is still being closed */
            assert_int_equal(rc, 0);
            assert_int_equal(wait_news(link, &news, 2 * turn), LEAT_LINK_OPEN);
            assert_int_equal(leat_link_state(link), LEAT_LINK_OPEN);
            send_frames(link, 0, 3);
            unsigned char got[5000];
            for (int i = 0; i < 3; i++)
                assert_true(zmq_recv(pull, got, sizeof got, 0) > 0);
            zmq_close(pull);
            assert_int_equal(wait_news(link, &news, 2 * turn + 1), LEAT_LINK_RECONNECTING);
        }
        assert_int_equal(leat_link_close(link, soon(), NULL, NULL), 0);
    }
}

/* ---- keys ---- */

static void write_certificate(const char *name, char public[41], char secret[41], bool bare)
{
    char path[128];
    assert_int_equal(zmq_curve_keypair(public, secret), 0);
    for (int both = 0; both < 2; both++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, name, both ? "" : ".pub");
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        if (bare)
            fprintf(file, "# a key\n%s\n", both ? secret : public);
        else if (both)
            fprintf(file, "#   ****\nmetadata\n    name = \"x\"\ncurve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n", public,
                    secret);
        else
            fprintf(file, "metadata\ncurve\n    public-key = \"%s\"\n", public);
        fclose(file);
    }
}

/* Who has the right keys comes in; who has none, the wrong one, or one that is not in the list, does not, and is told. */
static void curve_lets_in_whom_it_knows(void **state)
{
    (void)state;
    char server[41], server_secret[41], good[41], good_secret[41], bad[41], bad_secret[41], path[128], endpoint[800];
    if (!zmq_has("curve"))
        skip();
    write_certificate("server", server, server_secret, false);
    write_certificate("good", good, good_secret, true);
    write_certificate("bad", bad, bad_secret, false);
    snprintf(path, sizeof path, "%s/allowed", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "# those that may\n%s\n", good);
    fclose(file);
    struct leat_link_options in = options_of(LEAT_IN, false);
    snprintf(endpoint, sizeof endpoint, "zmq+tcp://127.0.0.1:0?type=pull&bind=1&curve=%s/server&curve_allow=%s/allowed", folder, folder);
    struct leat_link *pull = open_link(endpoint, &in);
    char name[200];
    snprintf(name, sizeof name, "%s", leat_link_name(pull));
    name[strcspn(name, "?")] = '\0';
    static const struct {
        const char *keys;
        bool enters;
    } clients[] = {{"&curve=%s/good&curve_server=%s/server.pub", true},
                   {"&curve=%s/bad&curve_server=%s/server.pub", false},
                   {"&curve=%s/good&curve_server=%s/bad.pub", false},
                   {"%.0s%.0s", false}};
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        struct news news;
        char keys[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(keys, sizeof keys, clients[i].keys, folder, folder);
#pragma GCC diagnostic pop
        snprintf(endpoint, sizeof endpoint, "%s?type=push&linger_ms=0%s", name, keys);
        struct leat_link *push = open_noted(endpoint, LEAT_OUT, false, &news);
        assert_int_equal(wait_news(push, &news, 0), clients[i].enters ? LEAT_LINK_OPEN : LEAT_LINK_OPENING);
        if (clients[i].enters) {
            send_frames(push, 0, 10);
            receive_frames(pull, 0, 10);
        } else {
            assert_non_null(strstr(news.why[0], "the handshake failed"));
        }
        leat_link_close(push, soon(), NULL, NULL);
    }
    leat_link_close(pull, 0, NULL, NULL);
}

int main(void)
{
    if (!mkdtemp(folder) || !getenv("LEAT_PLUGINS"))
        return 1;
    context = zmq_ctx_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_numbered_frames_in_one_message),
        cmocka_unit_test(a_batch_lingers_for_more),
        cmocka_unit_test(a_full_pipe_or_pool_does_not_wait_for_the_linger),
        cmocka_unit_test(what_lingers_goes_by_the_descriptor_too),
        cmocka_unit_test(what_a_subscriber_has_lost_is_counted_in_frames),
        cmocka_unit_test(a_batch_that_is_none_is_an_error_after_what_was_whole),
        cmocka_unit_test(a_batch_of_the_applications_own_is_a_frame),
        cmocka_unit_test(a_router_writes_to_whom_it_names),
        cmocka_unit_test(frames_that_say_more_are_parts_of_one_message),
        cmocka_unit_test(large_messages_are_lent_until_they_are_sent),
        cmocka_unit_test(large_messages_that_come_are_cut_in_place),
        cmocka_unit_test(what_is_lent_is_bounded_as_what_is_copied),
        cmocka_unit_test(the_state_follows_the_connections),
        cmocka_unit_test(curve_lets_in_whom_it_knows),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed == 0) /* else a socket was left open */
        zmq_ctx_term(context);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
