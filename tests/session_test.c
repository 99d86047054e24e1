/* SPDX-License-Identifier: MIT */
/* session_test.c: whole messages of parts over leat's own protocol, what each side tells the other, and what a session does with peers that
 * speak it badly. The bad ones write bytes to a socket. */
#define _GNU_SOURCE
#include "test.h"

#include <leat/listener.h>
#include <leat/os.h>
#include <leat/session.h>

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PARTS 16

/* A table-free CRC32C, bit by bit: slow, and plainly right. */
static uint32_t crc32c(void *context, uint32_t crc, const void *data, int64_t bytes)
{
    const unsigned char *p = data;
    ++*(int64_t *)context;
    crc = ~crc;
    for (int64_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78 & (0 - (crc & 1)));
    }
    return ~crc;
}

static int64_t soon(void)
{
    return leat_os_now_ns() + 5 * INT64_C(1000000000);
}

static const char *fresh_name(void)
{
    static char name[96];
    static int turn;
    snprintf(name, sizeof name, "unix-listen:@leat-session-%d-%d", (int)getpid(), turn++);
    return name;
}

struct pair {
    struct leat_session *server, *caller;
};

/* Both ends in one process, each link with a thread, or none. */
static struct pair connect_pair(const struct leat_session_options *server, const struct leat_session_options *caller, bool no_thread)
{
    struct leat_link_options link[2] = {{.no_thread = no_thread}, {.no_thread = no_thread}};
    struct leat_session_options options[2] = {*server, *caller};
    struct pair made;
    struct leat_error error;
    char call[128];
    for (int i = 0; i < 2; i++) {
        if (options[i].link)
            link[i] = *options[i].link;
        options[i].link = &link[i];
    }
    if (leat_session_open(&made.server, fresh_name(), &options[0], &error) != 0)
        fail_msg("%s", error.text);
    snprintf(call, sizeof call, "unix:%s", strchr(leat_link_name(leat_session_link(made.server)), ':') + 1);
    if (leat_session_open(&made.caller, call, &options[1], &error) != 0)
        fail_msg("%s", error.text);
    return made;
}

static void close_pair(struct pair *pair)
{
    if (pair->caller)
        leat_session_close(pair->caller, leat_os_now_ns() + INT64_C(1000000000), NULL, NULL);
    if (pair->server)
        leat_session_close(pair->server, leat_os_now_ns() + INT64_C(1000000000), NULL, NULL);
}

static unsigned char byte_of(int64_t message, int64_t part, int64_t at)
{
    return (unsigned char)(message * 31 + part * 7 + at);
}

/* From nothing to more than a receive block. */
static int64_t length_of(int64_t message, int64_t part)
{
    static const int64_t lengths[] = {0, 1, 28, 32, 33, 48, 300, 2000, 70000, 5000};
    return lengths[(message + 3 * part) % 10];
}

static void check_part(struct leat_msg *msg, int64_t message, int64_t part)
{
    static unsigned char got[80000];
    const int64_t bytes = length_of(message, part);
    assert_int_equal(leat_msg_size(msg), bytes);
    assert_true(leat_msg_valid(msg));
    assert_int_equal(leat_msg_read(msg, 0, got, sizeof got), bytes);
    for (int64_t at = 0; at < bytes; at++)
        if (got[at] != byte_of(message, part, at))
            fail_msg("message %lld, part %lld, byte %lld", (long long)message, (long long)part, (long long)at);
    leat_msg_unref(msg);
}

/* Message i has i % 5 + 1 parts. In place, or copied. Returns 0, or what a try said; *part goes on from there. */
static int send_message(struct leat_session *session, int64_t i, int64_t *part, bool in_place)
{
    static unsigned char value[80000];
    const int64_t count = i % 5 + 1;
    for (; *part < count; ++*part) {
        const int64_t bytes = length_of(i, *part);
        const unsigned flags = (*part < count - 1 ? LEAT_PROTOCOL_MORE : 0) | (i % 3 == 0 ? LEAT_PROTOCOL_NESTED : 0);
        for (int64_t at = 0; at < bytes; at++)
            value[at] = byte_of(i, *part, at);
        int rc;
        if (in_place) {
            struct leat_msg msg;
            struct leat_msg_cursor cursor;
            struct leat_span piece;
            rc = leat_session_alloc(session, &msg, bytes, 0);
            if (rc != 0)
                return rc;
            leat_msg_pieces(&msg, &cursor);
            for (int64_t at = -LEAT_PROTOCOL_HEADER_BYTES; leat_msg_next_piece(&cursor, &piece); at += piece.bytes)
                for (int64_t b = 0; b < piece.bytes; b++)
                    if (at + b >= 0 && at + b < bytes)
                        piece.data[b] = value[at + b];
            rc = leat_session_send_msg(session, (uint16_t)i & 0x7fff, flags, &msg, 0);
            if (rc != 0)
                leat_msg_unref(&msg);
        } else {
            rc = leat_session_send(session, (uint16_t)i & 0x7fff, flags, value, bytes, 0);
        }
        if (rc != 0)
            return rc;
    }
    *part = 0;
    return 0;
}

/* Returns whether a message came. */
static bool receive_message(struct leat_session *session, int64_t i)
{
    struct leat_msg parts[PARTS];
    struct leat_protocol_head head;
    int64_t bytes = 0, n = leat_session_recv(session, &head, parts, PARTS, 0);
    if (n == -EAGAIN)
        return false;
    assert_int_equal(n, i % 5 + 1);
    assert_int_equal(head.type, (uint16_t)i & 0x7fff);
    assert_int_equal(head.flags, i % 3 == 0 ? LEAT_PROTOCOL_NESTED : 0);
    for (int64_t part = 0; part < n; part++) {
        bytes += leat_msg_size(&parts[part]);
        check_part(&parts[part], i, part);
    }
    assert_int_equal(head.length, bytes);
    return true;
}

/* `count` messages each way at once, never waiting: both sides are full now and then. */
static void exchange(struct pair *pair, int64_t count, bool in_place)
{
    struct leat_session *sides[] = {pair->server, pair->caller};
    int64_t sent[2] = {0}, part[2] = {0}, got[2] = {0};
    const int64_t until = leat_os_now_ns() + 50 * INT64_C(1000000000);
    while (got[0] < count || got[1] < count) {
        for (int side = 0; side < 2; side++) {
            int rc = 0;
            while (sent[side] < count && (rc = send_message(sides[side], sent[side], &part[side], in_place)) == 0)
                sent[side]++;
            assert_true(rc == 0 || rc == -EAGAIN);
            leat_session_flush(sides[side]);
            while (got[side] < count && receive_message(sides[side], got[side]))
                got[side]++;
        }
        if (leat_os_now_ns() > until)
            fail_msg("stands still: %lld and %lld of %lld", (long long)got[0], (long long)got[1], (long long)count);
    }
    for (int side = 0; side < 2; side++) {
        struct leat_session_stats stats;
        leat_session_stats(sides[side], &stats);
        assert_int_equal(stats.messages_in, count);
        assert_int_equal(stats.messages_out, count);
        assert_int_equal(stats.frames_lost, 0);
        assert_int_equal(stats.parts_dropped, 0);
        assert_true(leat_link_valid(leat_session_link(sides[side])));
    }
}

static void messages_of_parts_come_whole_and_in_order(void **state)
{
    (void)state;
    const struct leat_session_options plain = {.name = "one"};
    for (int way = 0; way < 4; way++) {
        struct pair pair = connect_pair(&plain, &plain, way & 1);
        exchange(&pair, test_items(2000) < 2000 ? 300 : 2000, way & 2);
        close_pair(&pair);
    }
}

/* A small pool: sending waits for blocks as much as for room. */
static void a_small_pool_holds_a_session_up_and_nothing_else(void **state)
{
    (void)state;
    const struct leat_link_options link = {.max_frame = 80100, .high_water_bytes = 1 << 20, .high_water_messages = 8, .no_thread = true};
    const struct leat_session_options small = {.link = &link, .max_value = 80000};
    struct pair pair = connect_pair(&small, &small, true);
    exchange(&pair, 200, false);
    close_pair(&pair);
}

static void hello_says_what_each_side_can(void **state)
{
    (void)state;
    int64_t sums = 0;
    const struct leat_session_options server = {.name = "server", .max_value = 1000, .crc32c = crc32c, .crc32c_context = &sums};
    const struct leat_session_options caller = {.name = "caller", .silence_ns = 3000000000, .crc32c = crc32c, .crc32c_context = &sums};
    struct pair pair = connect_pair(&server, &caller, false);
    struct leat_msg part;
    char big[1001] = {0};
    assert_null(leat_session_agreed(pair.caller));
    assert_int_equal(leat_session_send(pair.caller, 7, 0, "before", 6, soon()), 0); /* before their hello is read: without a checksum */
    leat_session_flush(pair.caller);
    assert_int_equal(leat_session_recv(pair.server, NULL, &part, 1, soon()), 1);
    leat_msg_unref(&part);
    assert_int_equal(sums, 0);
    const struct leat_protocol_hello *heard = leat_session_agreed(pair.server);
    assert_non_null(heard);
    assert_int_equal(heard->name_bytes, 6);
    assert_memory_equal(heard->name, "caller", 6);
    assert_int_equal(heard->silence_ms, 3000);
    assert_int_equal(heard->max_value, 1000);
    assert_true(heard->flags & LEAT_PROTOCOL_CRC);

    /* Now with one, since both can. */
    assert_int_equal(leat_session_send(pair.server, 8, LEAT_PROTOCOL_CRITICAL, "after", 5, soon()), 0);
    assert_int_equal(sums, 1);
    leat_session_flush(pair.server);
    struct leat_protocol_head head;
    assert_int_equal(leat_session_recv(pair.caller, &head, &part, 1, soon()), 1);
    assert_int_equal(sums, 2);
    assert_int_equal(head.type, 8);
    assert_int_equal(head.flags, LEAT_PROTOCOL_CRITICAL);
    assert_int_equal(leat_msg_size(&part), 5);
    assert_memory_equal(leat_msg_data(&part), "after", 5);
    leat_msg_unref(&part);

    /* The server takes no more than a thousand bytes, and that is known here. */
    assert_int_equal(leat_session_agreed(pair.caller)->max_value, 1000);
    assert_int_equal(leat_session_send(pair.caller, 7, 0, big, 1001, 0), -EMSGSIZE);
    assert_int_equal(leat_session_send(pair.caller, 7, 0, big, 1000, 0), 0);
    close_pair(&pair);
}

/* Room that was asked for before the hello came has a checksum's place, whether one goes out or not. */
static void room_taken_before_the_hello_is_right_after_it(void **state)
{
    (void)state;
    int64_t sums = 0;
    const struct leat_session_options with = {.crc32c = crc32c, .crc32c_context = &sums}, without = {0};
    for (int both = 0; both < 2; both++) {
        struct pair pair = connect_pair(both ? &with : &without, &with, false);
        struct leat_msg msg, part;
        assert_int_equal(leat_session_alloc(pair.caller, &msg, 100, 0), 0);
        memset((char *)leat_msg_data(&msg) + LEAT_PROTOCOL_HEADER_BYTES, 'x', 100);
        assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, leat_os_now_ns() + 100000000), -ETIMEDOUT);
        assert_non_null(leat_session_agreed(pair.caller));
        assert_int_equal(leat_session_send_msg(pair.caller, 1, 0, &msg, 0), 0);
        assert_int_equal(leat_msg_size(&msg), 0);
        leat_session_flush(pair.caller);
        assert_int_equal(leat_session_recv(pair.server, NULL, &part, 1, soon()), 1);
        assert_int_equal(leat_msg_size(&part), 100);
        assert_int_equal(sums, both ? 2 : 0);
        leat_msg_unref(&part);
        close_pair(&pair);
    }
}

static void what_does_not_fit_waits_for_more_room(void **state)
{
    (void)state;
    const struct leat_session_options plain = {0};
    struct pair pair = connect_pair(&plain, &plain, false);
    struct leat_msg parts[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(leat_session_send(pair.caller, 4, i < 2 ? LEAT_PROTOCOL_MORE : 0, &"abc"[i], 3 - i, soon()), 0);
    leat_session_flush(pair.caller);
    assert_int_equal(leat_session_recv(pair.server, NULL, parts, 2, soon()), -EMSGSIZE);
    assert_false(leat_session_arm(pair.server)); /* it is there */
    assert_int_equal(leat_session_recv(pair.server, NULL, parts, 3, 0), 3);
    for (int i = 0; i < 3; i++)
        leat_msg_unref(&parts[i]);
    close_pair(&pair);
}

static void calls_that_cannot_be_meant_are_refused(void **state)
{
    (void)state;
    const struct leat_session_options plain = {0};
    struct pair pair = connect_pair(&plain, &plain, false);
    assert_int_equal(leat_session_send(pair.caller, LEAT_PROTOCOL_HELLO, 0, "", 0, 0), -EINVAL);
    assert_int_equal(leat_session_send(pair.caller, 1, LEAT_PROTOCOL_CRC, "", 0, 0), -EINVAL);
    assert_int_equal(leat_session_send(pair.caller, 1, 0, NULL, 1, 0), -EINVAL);
    assert_int_equal(leat_session_send(pair.caller, 1, 0, "", -1, 0), -EINVAL);
    assert_int_equal(leat_session_send(pair.caller, 1, LEAT_PROTOCOL_MORE, "", 0, 0), 0);
    assert_int_equal(leat_session_send(pair.caller, 2, 0, "", 0, 0), -EINVAL); /* another message before the last part */
    assert_int_equal(leat_session_send(pair.caller, 1, 0, "", 0, 0), 0);
    close_pair(&pair);

    const struct leat_link_options der = {.dialect = leat_tlv_dialect("der")}, again = {.reconnect_ns = 1}, in = {.directions = LEAT_IN},
                                   narrow = {.max_frame = 100};
    const struct {
        struct leat_session_options options;
        const char *text;
    } rows[] = {
        {{.link = &der}, "dialect leat"},   {{.link = &again}, "reconnect_ns"},
        {{.link = &in}, "both directions"}, {{.link = &narrow, .max_value = 81}, "max_frame"},
        {{.max_value = -1}, "max_value"},   {{.max_parts = 1025}, "max_parts"},
        {{.silence_ns = 1}, "silence_ns"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct leat_session *session = NULL;
        struct leat_error error;
        assert_int_equal(leat_session_open(&session, "unix-listen:@leat-session-refused", &rows[i].options, &error), -EINVAL);
        assert_null(session);
        assert_int_equal(error.code, -EINVAL);
        assert_non_null(strstr(error.text, rows[i].text));
        assert_non_null(strstr(error.text, "leat-session-refused"));
    }
}

static void an_error_is_told_and_heard(void **state)
{
    (void)state;
    const struct leat_session_options plain = {0};
    struct pair pair = connect_pair(&plain, &plain, false);
    struct leat_msg part;
    assert_int_equal(leat_session_send(pair.server, 1, 0, "last", 4, 0), 0);
    leat_session_fail(pair.server, LEAT_PROTOCOL_APPLICATION + 3, 9, "no such room");
    assert_int_equal(leat_session_recv(pair.server, NULL, &part, 1, 0), -ECONNABORTED);
    assert_int_equal(leat_session_send(pair.server, 1, 0, "x", 1, 0), -ECONNABORTED);
    assert_non_null(strstr(leat_session_error(pair.server)->text, "code 103: no such room"));
    assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, soon()), 1); /* what came before is not lost */
    leat_msg_unref(&part);
    assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, soon()), -EREMOTEIO);
    assert_non_null(strstr(leat_session_error(pair.caller)->text, "code 103, frame 9: no such room"));
    assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, soon()), -EREMOTEIO);
    close_pair(&pair);
}

static void keep_alives_go_out_and_silence_is_noticed(void **state)
{
    (void)state;
    const struct leat_session_options often = {.silence_ns = 20000000}, plain = {0};
    struct pair pair = connect_pair(&plain, &often, false);
    struct leat_session_stats stats;
    struct leat_msg part;
    /* The caller keeps its promise as long as it is in recv. */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, leat_os_now_ns() + 15000000), -ETIMEDOUT);
        assert_int_equal(leat_session_recv(pair.server, NULL, &part, 1, 0), -EAGAIN);
    }
    leat_session_stats(pair.caller, &stats);
    assert_in_range(stats.keep_alives_out, 2, 12);
    assert_int_equal(stats.messages_out, 0);
    /* And does no more: a promise of 20 ms is broken after 40. */
    int64_t began = leat_os_now_ns();
    assert_int_equal(leat_session_recv(pair.server, NULL, &part, 1, soon()), -ECONNABORTED);
    assert_true(leat_os_now_ns() - began < INT64_C(2000000000));
    leat_session_stats(pair.server, &stats);
    assert_true(stats.keep_alives_in > 0);
    assert_non_null(strstr(leat_session_error(pair.server)->text, "code 5"));
    assert_int_equal(leat_session_recv(pair.caller, NULL, &part, 1, soon()), -EREMOTEIO); /* and is told so */
    close_pair(&pair);
}

/* ---- peers that speak it badly ---- */

struct bytes {
    unsigned char data[4096];
    int64_t count;
};

static void put(struct bytes *bytes, uint16_t type, unsigned flags, uint32_t sequence, const void *value, int64_t length)
{
    const struct leat_protocol_head head = {.type = type, .flags = (uint8_t)flags, .length = (uint32_t)length, .sequence = sequence};
    leat_protocol_head_write(&head, bytes->data + bytes->count);
    if (length > 0)
        memcpy(bytes->data + bytes->count + LEAT_PROTOCOL_HEADER_BYTES, value, (size_t)length);
    bytes->count += leat_protocol_frame_bytes(&head);
}

/* What a session with these options says to a peer that wrote those bytes and no more. */
static int64_t said_to(const struct leat_session_options *options, const struct bytes *bytes, int64_t messages,
                       struct leat_session **session, int *peer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct leat_error error;
    struct leat_msg parts[PARTS];
    if (leat_session_open(session, fresh_name(), options, &error) != 0)
        fail_msg("%s", error.text);
    const char *name = strchr(leat_link_name(leat_session_link(*session)), '@') + 1;
    memcpy(address.sun_path + 1, name, strlen(name));
    *peer = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(*peer, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
                     0);
    assert_int_equal(write(*peer, bytes->data, (size_t)bytes->count), bytes->count);
    for (int64_t i = 0; i < messages; i++) {
        int64_t n = leat_session_recv(*session, NULL, parts, PARTS, soon());
        assert_true(n > 0);
        while (n > 0)
            leat_msg_unref(&parts[--n]);
    }
    return leat_session_recv(*session, NULL, parts, PARTS, leat_os_now_ns() + 200000000);
}

/* The code of the error that the peer was told, as its own reader sees it; 0: none. */
static int code_told(struct leat_session *session, int peer)
{
    unsigned char data[4096];
    int64_t count = 0, got;
    int code = 0;
    leat_session_close(session, soon(), NULL, NULL);
    while ((got = read(peer, data + count, sizeof data - (size_t)count)) > 0)
        count += got;
    close(peer);
    for (int64_t at = 0; at < count;) {
        struct leat_protocol_head head;
        struct leat_protocol_error error;
        assert_int_equal(leat_protocol_head_read(data + at, count - at, &head), 0);
        if (head.type == LEAT_PROTOCOL_ERROR) {
            assert_int_equal(leat_protocol_error_read(data + at + LEAT_PROTOCOL_HEADER_BYTES, head.length, &error), 0);
            code = error.code;
        }
        at += leat_protocol_frame_bytes(&head);
    }
    return code;
}

static void a_peer_that_breaks_the_rules_is_told_which(void **state)
{
    (void)state;
    struct bytes cases[10] = {{.count = 0}};
    static const unsigned char broken_hello[] = {0, 1, 0, 0, 0, 9, 1}, version_0[] = {0, 1, 0, 0, 0, 1, 0};
    char long_value[200] = {0};
    /* A message before each, so that it is seen to arrive. */
    for (int i = 0; i < 10; i++)
        if (i != 7 && i != 8)
            put(&cases[i], 5, 0, 1, "ok", 2);
    put(&cases[0], LEAT_PROTOCOL_HELLO, LEAT_PROTOCOL_NESTED, 2, NULL, 0); /* a hello, but not first */
    put(&cases[1], 0xff77, LEAT_PROTOCOL_CRITICAL, 2, "x", 1);             /* of the future, and critical */
    put(&cases[2], 5, 0, 2, long_value, 101);                              /* longer than is taken */
    put(&cases[3], 5, LEAT_PROTOCOL_CRC, 2, "x", 1);                       /* a checksum that nobody offered */
    memset(cases[3].data + cases[3].count - 4, 0, 4);
    put(&cases[4], 5, LEAT_PROTOCOL_MORE, 2, "x", 1), put(&cases[4], 6, 0, 3, "y", 1); /* parts of two messages */
    for (uint32_t i = 0; i < 5; i++)
        put(&cases[5], 5, LEAT_PROTOCOL_MORE, 2 + i, "x", 1); /* more parts than are taken */
    memcpy(cases[6].data + cases[6].count, "garbage", 7), cases[6].count += 7;
    put(&cases[7], LEAT_PROTOCOL_HELLO, LEAT_PROTOCOL_NESTED, 1, broken_hello, sizeof broken_hello);
    put(&cases[8], LEAT_PROTOCOL_HELLO, LEAT_PROTOCOL_NESTED, 1, version_0, sizeof version_0);
    put(&cases[9], LEAT_PROTOCOL_ERROR, LEAT_PROTOCOL_NESTED, 2, broken_hello, sizeof broken_hello);
    static const struct {
        int64_t says;
        int told;
    } want[10] = {
        {-ECONNABORTED, LEAT_PROTOCOL_MALFORMED}, {-ECONNABORTED, LEAT_PROTOCOL_UNKNOWN_TYPE}, {-ECONNABORTED, LEAT_PROTOCOL_TOO_LONG},
        {-ECONNABORTED, LEAT_PROTOCOL_MALFORMED}, {-ECONNABORTED, LEAT_PROTOCOL_MALFORMED},    {-ECONNABORTED, LEAT_PROTOCOL_TOO_LONG},
        {-EBADMSG, LEAT_PROTOCOL_MALFORMED},      {-ECONNABORTED, LEAT_PROTOCOL_MALFORMED},    {-ECONNABORTED, LEAT_PROTOCOL_VERSION_BAD},
        {-ECONNABORTED, LEAT_PROTOCOL_MALFORMED},
    };
    const struct leat_link_options link = {.max_frame = 4096};
    const struct leat_session_options options = {.link = &link, .max_value = 100, .max_parts = 4};
    for (int i = 0; i < 10; i++) {
        struct leat_session *session;
        int peer;
        print_message("case %d\n", i);
        assert_int_equal(said_to(&options, &cases[i], i != 7 && i != 8, &session, &peer), want[i].says);
        assert_int_equal(leat_session_error(session)->code, want[i].says);
        assert_int_equal(code_told(session, peer), want[i].told);
    }
}

static void what_is_new_and_not_critical_is_left_out(void **state)
{
    (void)state;
    struct bytes bytes = {.count = 0};
    struct leat_session *session;
    struct leat_session_stats stats;
    int peer;
    put(&bytes, 5, LEAT_PROTOCOL_MORE, 41, "x", 1); /* who comes in later begins with any number */
    put(&bytes, LEAT_PROTOCOL_KEEP_ALIVE, 0, 42, NULL, 0);
    put(&bytes, 0xff77, 0, 43, "x", 1);
    put(&bytes, 5, 0, 44, "y", 1);
    put(&bytes, LEAT_PROTOCOL_BATCH, 0, 45, "z", 1); /* as it is */
    const struct leat_session_options plain = {0};
    assert_int_equal(said_to(&plain, &bytes, 2, &session, &peer), -ETIMEDOUT);
    leat_session_stats(session, &stats);
    assert_int_equal(stats.parts_in, 3);
    assert_int_equal(stats.frames_skipped, 1);
    assert_int_equal(stats.keep_alives_in, 1);
    assert_int_equal(stats.frames_lost, 0);
    assert_int_equal(code_told(session, peer), 0);
}

static void a_message_that_lost_a_part_does_not_come(void **state)
{
    (void)state;
    struct bytes bytes = {.count = 0};
    struct leat_session *session;
    struct leat_session_stats stats;
    int peer;
    put(&bytes, 5, LEAT_PROTOCOL_MORE, 0xfffffffe, "x", 1);
    put(&bytes, 5, 0, 1, "y", 1); /* two numbers are missing, 0 among them */
    put(&bytes, 6, LEAT_PROTOCOL_MORE, 2, "z", 1);
    const struct leat_session_options plain = {0};
    assert_int_equal(said_to(&plain, &bytes, 1, &session, &peer), -ETIMEDOUT);
    leat_session_stats(session, &stats);
    assert_int_equal(stats.frames_lost, 2);
    assert_int_equal(stats.parts_dropped, 1);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    struct leat_msg part;
    assert_int_equal(leat_session_recv(session, NULL, &part, 1, soon()), -EPIPE); /* the end, within a message */
    leat_session_stats(session, &stats);
    assert_int_equal(stats.parts_dropped, 2);
    assert_int_equal(code_told(session, peer), 0);
}

static void a_listeners_links_carry_sessions(void **state)
{
    (void)state;
    const struct leat_listener_options options = {.link = {.no_thread = true}};
    struct leat_listener *listener;
    struct leat_session *caller[20], *server[20];
    struct leat_error error;
    struct leat_msg part;
    char call[128];
    assert_int_equal(leat_listener_open(&listener, fresh_name(), &options, &error), 0);
    snprintf(call, sizeof call, "unix:%s", strchr(leat_listener_name(listener), ':') + 1);
    for (int i = 0; i < 20; i++) {
        struct leat_link *link;
        assert_int_equal(leat_session_open(&caller[i], call, NULL, &error), 0);
        assert_int_equal(leat_listener_accept(listener, &link, soon(), &error), 0);
        assert_int_equal(leat_session_start(&server[i], link, NULL, &error), 0);
        assert_int_equal(leat_session_send(caller[i], (uint16_t)i, 0, "hi", 2, soon()), 0);
        leat_session_flush(caller[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct leat_protocol_head head;
        assert_int_equal(leat_session_recv(server[i], &head, &part, 1, soon()), 1);
        assert_int_equal(head.type, i);
        leat_msg_unref(&part);
        assert_int_equal(leat_session_close(server[i], soon(), NULL, NULL), 0);
        assert_int_equal(leat_session_recv(caller[i], &head, &part, 1, soon()), -EPIPE);
        leat_session_close(caller[i], soon(), NULL, NULL);
    }
    leat_listener_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_parts_come_whole_and_in_order),
        cmocka_unit_test(a_small_pool_holds_a_session_up_and_nothing_else),
        cmocka_unit_test(hello_says_what_each_side_can),
        cmocka_unit_test(room_taken_before_the_hello_is_right_after_it),
        cmocka_unit_test(what_does_not_fit_waits_for_more_room),
        cmocka_unit_test(calls_that_cannot_be_meant_are_refused),
        cmocka_unit_test(an_error_is_told_and_heard),
        cmocka_unit_test(keep_alives_go_out_and_silence_is_noticed),
        cmocka_unit_test(a_peer_that_breaks_the_rules_is_told_which),
        cmocka_unit_test(what_is_new_and_not_critical_is_left_out),
        cmocka_unit_test(a_message_that_lost_a_part_does_not_come),
        cmocka_unit_test(a_listeners_links_carry_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
