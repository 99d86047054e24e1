/* SPDX-License-Identifier: MIT */
/* udp and unix-seqpacket: boundaries are kept, nothing is cut silently, and a refusal is not the end. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <time.h>

static unsigned char large[300 * 1024];

static int64_t write_bytes(struct end *end, int64_t bytes)
{
    struct leat_span span = {.data = large, .bytes = bytes};
    return end->transport->write(end->state, &span, 1);
}

/* One datagram, waiting for it. */
static int64_t read_one(struct end *end, unsigned char *data, int64_t bytes)
{
    int64_t got;
    while ((got = end_read(end, data, bytes)) == -EAGAIN)
        end_wait(end, LEAT_IN);
    return got;
}

/* A udp-listen, and a udp that is connected to it. */
static void open_udp_pair(struct end *listener, struct end *client)
{
    char name[LEAT_ADDRESS_BYTES];
    must_open(listener, "udp-listen://127.0.0.1:0", LEAT_IN);
    listener->transport->name(listener->state, name, sizeof name);
    assert_int_equal(strncmp(name, "udp://127.0.0.1:", 16), 0);
    must_open(client, name, LEAT_IN | LEAT_OUT);
}

static void udp_keeps_the_boundaries_of_what_is_written(void **state)
{
    static unsigned char data[65536];
    struct end listener, client;
    struct leat_error error;
    struct leat_span pieces[3] = {{(unsigned char *)(uintptr_t) "one ", 4}, {NULL, 0}, {(unsigned char *)(uintptr_t) "two", 3}};

    (void)state;
    open_udp_pair(&listener, &client);
    assert_true(listener.transport->datagrams && client.transport->datagrams);
    check_close_on_exec(&listener, LEAT_IN);
    check_close_on_exec(&client, LEAT_IN);
    assert_int_equal(listener.transport->accept(listener.state, &error), 0); /* needs no peer */
    assert_int_equal(end_read(&listener, data, sizeof data), -EAGAIN);
    assert_int_equal(client.transport->write(client.state, pieces, 3), 7);
    assert_int_equal(end_write(&client, "three"), 5);
    assert_int_equal(read_one(&listener, data, sizeof data), 7);
    assert_memory_equal(data, "one two", 7);
    assert_int_equal(read_one(&listener, data, sizeof data), 5);
    assert_memory_equal(data, "three", 5);
    assert_int_equal(end_read(&listener, data, 0), -EINVAL);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void udp_answers_are_read_by_who_connected(void **state)
{
    unsigned char data[65536];
    struct end client;
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    char text[LEAT_ADDRESS_BYTES];
    struct end listener;

    (void)state;
    open_udp_pair(&listener, &client);
    assert_int_equal(end_write(&client, "ask"), 3);
    int fd = listener.transport->fd(listener.state, LEAT_IN);
    end_wait(&listener, LEAT_IN);
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length), 3);
    assert_int_equal(sendto(fd, "answer", 6, 0, (const struct sockaddr *)&from, length), 6);
    assert_int_equal(read_one(&client, data, sizeof data), 6);
    assert_memory_equal(data, "answer", 6);
    client.transport->name(client.state, text, sizeof text);
    assert_int_equal(strncmp(text, "udp://127.0.0.1:", 16), 0);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void longest_udp_datagram_arrives_whole_and_a_longer_one_is_refused(void **state)
{
    static unsigned char data[65536];
    struct end listener, client;

    (void)state;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (unsigned char)(i * 7 + i / 256);
    open_udp_pair(&listener, &client);
    assert_true(listener.transport->min_read >= 65507);
    assert_int_equal(write_bytes(&client, 65508), -EMSGSIZE);
    assert_int_equal(write_bytes(&client, 65507), 65507);
    assert_int_equal(read_one(&listener, data, listener.transport->min_read), 65507);
    assert_memory_equal(data, large, 65507);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void datagram_that_does_not_fit_is_an_error_and_counted(void **state)
{
    unsigned char data[100];
    struct end listener, client;

    (void)state;
    open_udp_pair(&listener, &client);
    assert_int_equal(write_bytes(&client, 11), 11);
    assert_int_equal(write_bytes(&client, 10), 10);
    assert_int_equal(read_one(&listener, data, 10), -EMSGSIZE);
    assert_int_equal(listener.transport->lost(listener.state), 1);
    assert_int_equal(read_one(&listener, data, 10), 10); /* the next one is whole */
    assert_int_equal(listener.transport->lost(listener.state), 1);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void empty_datagram_is_not_the_end(void **state)
{
    unsigned char data[100];
    struct end listener, client;

    (void)state;
    open_udp_pair(&listener, &client);
    assert_int_equal(client.transport->write(client.state, NULL, 0), 0); /* sends nothing */
    assert_int_equal(end_write(&client, ""), 0);
    assert_int_equal(recv(listener.transport->fd(listener.state, LEAT_IN), data, sizeof data, MSG_DONTWAIT), -1);
    assert_int_equal(send(client.transport->fd(client.state, LEAT_IN), "", 0, 0), 0);
    assert_int_equal(end_write(&client, "x"), 1);
    end_wait(&listener, LEAT_IN);
    assert_int_equal(end_read(&listener, data, sizeof data), -EAGAIN); /* the empty one */
    assert_int_equal(read_one(&listener, data, sizeof data), 1);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void udp_peer_that_is_not_there_yet_is_not_an_error(void **state)
{
    unsigned char data[100];
    struct end listener, client;
    char name[LEAT_ADDRESS_BYTES], again[LEAT_ADDRESS_BYTES + 16];

    (void)state;
    open_udp_pair(&listener, &client);
    listener.transport->name(listener.state, name, sizeof name);
    assert_int_equal(end_close(&listener), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(end_write(&client, "nobody hears this"), 17);
    usleep(10000);
    assert_int_equal(end_read(&client, data, sizeof data), -EAGAIN);
    int64_t lost = client.transport->lost(client.state);
    assert_true(lost >= 1 && lost <= 20);
    assert_int_equal(end_write(&client, "x"), 1);
    usleep(10000);
    assert_int_equal(client.transport->fd(client.state, LEAT_OUT), -1); /* an output with nothing to wait for hears of no refusal */
    assert_true(client.transport->fd(client.state, LEAT_IN) >= 0);

    snprintf(again, sizeof again, "udp-listen:%s", name + strlen("udp:"));
    must_open(&listener, again, LEAT_IN);
    assert_int_equal(end_write(&client, "now"), 3);
    assert_int_equal(read_one(&listener, data, sizeof data), 3);
    assert_memory_equal(data, "now", 3);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void udp_errors_name_the_endpoint_and_the_call(void **state)
{
    struct end listener;
    char name[LEAT_ADDRESS_BYTES], again[LEAT_ADDRESS_BYTES + 16];

    (void)state;
    must_not_open("udp-listen://192.0.2.1:0", LEAT_IN, -EADDRNOTAVAIL, "bind: Cannot assign requested address");
    must_open(&listener, "udp-listen://127.0.0.1:0", LEAT_IN);
    listener.transport->name(listener.state, name, sizeof name);
    snprintf(again, sizeof again, "udp-listen:%s", name + strlen("udp:"));
    must_not_open(again, LEAT_IN, -EADDRINUSE, "bind: Address already in use");
    assert_int_equal(end_close(&listener), 0);
}

/* ---- unix-seqpacket ---- */

static void open_seqpacket_pair(struct end *listener, struct end *client, const char *place)
{
    struct leat_error error;
    char text[200];
    snprintf(text, sizeof text, "unix-seqpacket-listen:%s", place);
    must_open(listener, text, LEAT_IN | LEAT_OUT);
    assert_int_equal(listener->transport->accept(listener->state, &error), -EAGAIN);
    assert_int_equal(end_read(listener, text, 1), -ENOTCONN);
    assert_int_equal(end_write(listener, "x"), -ENOTCONN);
    snprintf(text, sizeof text, "unix-seqpacket:%s", place);
    must_open(client, text, LEAT_IN | LEAT_OUT);
    end_accept(listener);
}

static void seqpacket_peers_talk_both_ways(void **state)
{
    struct end listener, client;
    char name[60];

    (void)state;
    open_seqpacket_pair(&listener, &client, in_folder("%s/packets"));
    check_both_ways(&client, &listener);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_write(&listener, "x"), -EPIPE);
    assert_int_equal(end_close(&listener), 0);
    assert_int_equal(access(in_folder("%s/packets"), F_OK), -1);

    snprintf(name, sizeof name, "@leat-packets-%d", (int)getpid());
    open_seqpacket_pair(&listener, &client, name);
    check_both_ways(&client, &listener);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void seqpacket_keeps_boundaries_and_tells_of_what_it_cannot_hold(void **state)
{
    static unsigned char data[256 * 1024];
    static struct leat_span many[65];
    struct end listener, client;

    (void)state;
    open_seqpacket_pair(&listener, &client, in_folder("%s/packets"));
    assert_int_equal(write_bytes(&client, 200000), 200000); /* one record of a default socket: less than min_read */
    assert_true(listener.transport->min_read > 212992);
    assert_int_equal(end_read(&listener, data, listener.transport->min_read), 200000);
    assert_memory_equal(data, large, 200000);
    assert_int_equal(end_write(&client, "a"), 1);
    assert_int_equal(end_write(&client, "bc"), 2);
    assert_int_equal(end_read(&listener, data, sizeof data), 1);
    assert_int_equal(end_read(&listener, data, 1), -EMSGSIZE);
    assert_int_equal(listener.transport->lost(listener.state), 1);
    assert_int_equal(write_bytes(&client, sizeof large), -EMSGSIZE);
    for (int i = 0; i < 65; i++)
        many[i] = (struct leat_span){.data = large, .bytes = 1};
    assert_int_equal(client.transport->write(client.state, many, 65), -EMSGSIZE); /* never cut in two */
    assert_int_equal(client.transport->write(client.state, many, 64), 64);
    assert_int_equal(end_read(&listener, data, sizeof data), 64);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void full_seqpacket_takes_no_more_until_it_is_read(void **state)
{
    static unsigned char data[256 * 1024];
    struct end listener, client;
    int64_t took, sent = 0;

    (void)state;
    open_seqpacket_pair(&listener, &client, in_folder("%s/packets"));
    while ((took = write_bytes(&client, 1000)) == 1000)
        sent++;
    assert_int_equal(took, -EAGAIN);
    assert_true(sent > 0);
    struct pollfd ready = {.fd = client.transport->fd(client.state, LEAT_OUT), .events = POLLOUT};
    assert_int_equal(poll(&ready, 1, 0), 0);
    for (int64_t i = 0; i < sent; i++)
        assert_int_equal(end_read(&listener, data, sizeof data), 1000);
    assert_int_equal(end_read(&listener, data, sizeof data), -EAGAIN);
    end_wait(&client, LEAT_OUT);
    assert_int_equal(write_bytes(&client, 1000), 1000);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

/* The kernel tells of the reset first. */
static void seqpacket_gives_what_came_before_its_peer_closed_with_input_unread(void **state)
{
    struct end listener, client;
    char data[64];

    (void)state;
    open_seqpacket_pair(&listener, &client, in_folder("%s/packets"));
    assert_int_equal(end_write(&client, "one"), 3);
    assert_int_equal(end_write(&client, "three"), 5);
    assert_int_equal(end_write(&listener, "unread"), 6);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_read(&listener, data, sizeof data), 3);
    assert_int_equal(end_read(&listener, data, sizeof data), 5);
    assert_memory_equal(data, "three", 5);
    assert_int_equal(end_read(&listener, data, sizeof data), -ECONNRESET);
    assert_int_equal(end_read(&listener, data, sizeof data), -ECONNRESET);
    assert_int_equal(end_close(&listener), 0);
}

static void stream_and_seqpacket_do_not_meet(void **state)
{
    struct end listener;

    (void)state;
    must_open(&listener, in_folder("unix-listen:%s/stream"), LEAT_IN);
    must_not_open(in_folder("unix-seqpacket:%s/stream"), LEAT_IN, -EPROTOTYPE, "connect: Protocol wrong type for socket");
    must_not_open(in_folder("unix-seqpacket-listen:%s/stream"), LEAT_IN, -EADDRINUSE, "Address already in use");
    assert_int_equal(end_close(&listener), 0);
}

/* ---- many by one call ---- */

static uint64_t seed;

static int64_t pick(int64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)below);
}

/* Sizes of a burst that a socket's usual buffer holds; returns how many. */
static int64_t pick_sizes(int64_t *sizes, int64_t most)
{
    int64_t count = 0, room = 150000;
    while (count < most) {
        int64_t kind = pick(8), size = pick(kind == 0 ? 65508 : kind < 3 ? 100 : kind == 3 ? 1 : 3000);
        room -= 2 * size + 2304;
        if (room < 0)
            break;
        sizes[count++] = size;
    }
    return count;
}

/* Sends the burst in spans that are cut anywhere; what comes out of `to` meanwhile is compared. Returns how many reads gave something. */
static int64_t carry_burst(struct end *from, struct end *to, const int64_t *sizes, int64_t count, uint64_t first_seed)
{
    static unsigned char data[2 << 20];
    int64_t bytes = 0, sent = 0, have = 0, next = 0, reads = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += sizes[i];
    while (have < bytes) {
        if (next < count) {
            int64_t cut = pick(bytes - sent + 1);
            struct leat_span spans[3] = {{large + sent, cut}, {large, 0}, {large + sent + cut, bytes - sent - cut}};
            int64_t took = from->transport->write_many(from->state, spans, sizes + next, count - next);
            if (took < 0 && took != -EAGAIN)
                fail_msg("seed %llu: write: %s", (unsigned long long)first_seed, strerror((int)-took));
            sent += took > 0 ? took : 0;
            while (next < count && took >= sizes[next])
                took -= sizes[next++];
            if (took > 0)
                fail_msg("seed %llu: a datagram was cut", (unsigned long long)first_seed);
        }
        int64_t got = end_read(to, data, sizeof data);
        if (got == -EAGAIN && next == count)
            end_wait(to, LEAT_IN);
        if (got == -EAGAIN)
            continue;
        if (got <= 0 || got > sent - have || memcmp(data, large + have, (size_t)got) != 0)
            fail_msg("seed %llu: %lld bytes at %lld are not what was sent", (unsigned long long)first_seed, (long long)got,
                     (long long)have);
        have += got;
        reads++;
    }
    return reads;
}

static void check_bursts(struct end *from, struct end *to)
{
    int64_t sizes[100], reads = 0, datagrams = 0;
    uint64_t first_seed = seed = (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    for (int round = 0; round < 1000; round++) {
        int64_t count = pick_sizes(sizes, 1 + pick(100));
        for (size_t i = 0; i < sizeof large; i++)
            large[i] = (unsigned char)(i * 7 + i / 256 + (size_t)round * 31);
        reads += carry_burst(from, to, sizes, count, first_seed);
        for (int64_t i = 0; i < count; i++)
            datagrams += sizes[i] > 0;
    }
    if (reads >= datagrams / 2)
        fail_msg("seed %llu: %lld reads for %lld datagrams", (unsigned long long)first_seed, (long long)reads, (long long)datagrams);
}

static void bursts_of_udp_datagrams_arrive_byte_for_byte(void **state)
{
    struct end listener, client;

    (void)state;
    open_udp_pair(&listener, &client);
    check_bursts(&client, &listener);
    assert_int_equal(client.transport->lost(client.state), 0);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void bursts_of_records_arrive_byte_for_byte(void **state)
{
    struct end listener, client;

    (void)state;
    open_seqpacket_pair(&listener, &client, in_folder("%s/packets"));
    check_bursts(&client, &listener);
    check_bursts(&listener, &client);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

static void refusals_and_a_datagram_that_is_too_long_are_told_of_many_too(void **state)
{
    struct end listener, client;
    int64_t sizes[100], left = 100;
    struct leat_span span = {.data = large, .bytes = 100};

    (void)state;
    for (int i = 0; i < 100; i++)
        sizes[i] = 1;
    open_udp_pair(&listener, &client);
    assert_int_equal(end_close(&listener), 0);
    while (left > 0) {
        span.bytes = left;
        int64_t took = client.transport->write_many(client.state, &span, sizes, left);
        assert_true(took >= 0 || took == -EAGAIN);
        left -= took > 0 ? took : 0;
    }
    int64_t lost = client.transport->lost(client.state);
    assert_true(lost >= 50 && lost <= 100);
    assert_int_equal(end_close(&client), 0);

    open_udp_pair(&listener, &client);
    span.bytes = 2 + 65508 + 3;
    int64_t three[3] = {2, 65508, 3};
    assert_int_equal(client.transport->write_many(client.state, &span, three, 3), 2);
    span.bytes -= 2;
    assert_int_equal(client.transport->write_many(client.state, &span, three + 1, 2), -EMSGSIZE);
    assert_int_equal(end_close(&client), 0);
    assert_int_equal(end_close(&listener), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_keeps_the_boundaries_of_what_is_written),
        cmocka_unit_test(udp_answers_are_read_by_who_connected),
        cmocka_unit_test(longest_udp_datagram_arrives_whole_and_a_longer_one_is_refused),
        cmocka_unit_test(datagram_that_does_not_fit_is_an_error_and_counted),
        cmocka_unit_test(empty_datagram_is_not_the_end),
        cmocka_unit_test(udp_peer_that_is_not_there_yet_is_not_an_error),
        cmocka_unit_test(udp_errors_name_the_endpoint_and_the_call),
        cmocka_unit_test(seqpacket_peers_talk_both_ways),
        cmocka_unit_test(seqpacket_keeps_boundaries_and_tells_of_what_it_cannot_hold),
        cmocka_unit_test(full_seqpacket_takes_no_more_until_it_is_read),
        cmocka_unit_test(seqpacket_gives_what_came_before_its_peer_closed_with_input_unread),
        cmocka_unit_test(stream_and_seqpacket_do_not_meet),
        cmocka_unit_test(bursts_of_udp_datagrams_arrive_byte_for_byte),
        cmocka_unit_test(bursts_of_records_arrive_byte_for_byte),
        cmocka_unit_test(refusals_and_a_datagram_that_is_too_long_are_told_of_many_too),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
