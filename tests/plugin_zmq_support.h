/* SPDX-License-Identifier: MIT */
/* What the tests of leat-zmq.so share: plain sockets on one side, links on the other, and the frames that go between. */
#ifndef LEAT_PLUGIN_ZMQ_SUPPORT_H
#define LEAT_PLUGIN_ZMQ_SUPPORT_H

#include "test.h"

#include <leat/link.h>
#include <leat/os.h>

#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static char folder[] = "/tmp/leat-zmq-XXXXXX";
static void *context;

static inline int64_t soon(void)
{
    return leat_os_now_ns() + 10 * INT64_C(1000000000);
}

static inline void *plain(int type)
{
    const int linger = 1000, wait = 10000;
    void *socket = zmq_socket(context, type);
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait, sizeof wait);
    return socket;
}

static inline struct leat_link *open_link(const char *endpoint, const struct leat_link_options *options)
{
    struct leat_link *link;
    struct leat_error error;
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

/* Frame i of the dialect t8l16, up to 5000 bytes of it. */
static inline int64_t make_frame(int64_t i, unsigned char *frame)
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

static inline void check_frame(const unsigned char *got, int64_t bytes, int64_t i)
{
    unsigned char want[5000];
    const int64_t frame = make_frame(i, want);
    assert_true(bytes >= frame);
    assert_memory_equal(got, want, (size_t)frame);
}

static inline struct leat_link_options options_of(unsigned directions, bool no_thread)
{
    return (struct leat_link_options){.directions = directions, .dialect = leat_tlv_dialect("t8l16"), .no_thread = no_thread};
}

static inline void send_frames(struct leat_link *link, int64_t first, int64_t count)
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

static inline void receive_frames(struct leat_link *link, int64_t first, int64_t count)
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

static inline void refused(const char *endpoint, unsigned directions, int code, const char *words)
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

#endif
