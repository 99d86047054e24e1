/* SPDX-License-Identifier: MIT */
/*
 * Brings about every refusal of a pool's configuration, of a link's, a listener's and a session's options, and of an endpoint's name, and
 * prints a line for each: the object and the words that its text must have, then the text, with tabs between. error_texts_test.py judges
 * them, and knows from the sources whether any is missing.
 */
#define _GNU_SOURCE
#include <leat/io_thread.h>
#include <leat/listener.h>
#include <leat/os.h>
#include <leat/pool.h>
#include <leat/session.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void told(const char *object, const char *words, int code, const char *text)
{
    printf("%s\t%s\t%d\t%s\n", object, words, code, text);
}

/* ---- pools ---- */

static void pool(const char *words, struct leat_pool_config config)
{
    struct leat_error error = {0};
    struct leat_pool *made = NULL;
    config.name = "orders";
    config.error = &error;
    config.memory = config.memory == NULL ? leat_os_memory() : config.memory->acquire == NULL ? NULL : config.memory;
    int rc = leat_pool_create(&made, &config);
    told("pool 'orders'", words, rc, error.text);
}

static void pool_in_place(const char *words, struct leat_pool_config config, int64_t bytes)
{
    static unsigned char memory[65536];
    struct leat_error error = {0};
    struct leat_pool *made = NULL;
    config.name = "orders";
    config.error = &error;
    int rc = leat_pool_init(&made, memory, bytes, &config);
    told("pool 'orders'", words, rc, error.text);
}

static void pools(void)
{
    const struct leat_memory none = {0};
    pool("block_bytes|1 GiB|valid is 1", (struct leat_pool_config){.block_bytes = 0});
    pool("block_bytes|valid is 1073741824", (struct leat_pool_config){.block_bytes = INT64_C(1) << 31});
    pool("align|power of two|2 MiB|valid is 32", (struct leat_pool_config){.block_bytes = 64, .align = 24});
    pool("align|valid is 0", (struct leat_pool_config){.block_bytes = 64, .align = -1});
    pool("limit|valid is 0", (struct leat_pool_config){.block_bytes = 64, .limit = -1});
    pool("first|valid is 0", (struct leat_pool_config){.block_bytes = 64, .first = -1});
    pool("growth|LINEAR", (struct leat_pool_config){.block_bytes = 64, .growth = (enum leat_pool_growth)7});
    pool("growth_slabs|65536", (struct leat_pool_config){.block_bytes = 64, .growth_slabs = 65537});
    pool("cache_blocks|65536", (struct leat_pool_config){.block_bytes = 64, .cache_blocks = 65537});
    pool("caches|65536", (struct leat_pool_config){.block_bytes = 64, .caches = 65537});
    pool("slab_bytes|power of two", (struct leat_pool_config){.block_bytes = 64, .slab_bytes = -1});
    pool("slab_bytes|power of two|valid is 1048576", (struct leat_pool_config){.block_bytes = 1 << 20, .slab_bytes = 3 << 12});
    pool("first|address space", (struct leat_pool_config){.block_bytes = 1 << 30, .first = INT64_MAX / 2});
    pool("first|does not grow|valid is 1", (struct leat_pool_config){.block_bytes = 64, .growth = LEAT_POOL_FIXED});
    pool("limit|first|valid is 10", (struct leat_pool_config){.block_bytes = 64, .growth = LEAT_POOL_FIXED, .first = 10, .limit = 20});
    pool("limit|first|valid is 10", (struct leat_pool_config){.block_bytes = 64, .first = 10, .limit = 5});
    pool("memory", (struct leat_pool_config){.block_bytes = 64, .memory = &none});
    pool_in_place("limit|valid is 1", (struct leat_pool_config){.block_bytes = 64}, 65536);
    pool_in_place("limit|address space", (struct leat_pool_config){.block_bytes = 1 << 30, .limit = INT64_MAX / 2}, 65536);
    pool_in_place("bytes|leat_pool_bytes_for", (struct leat_pool_config){.block_bytes = 64, .limit = 100}, 1000);
}

/* ---- links and listeners ---- */

static const char *const gen = "gen:?count=1";

static void link_at(const char *endpoint, const char *words, struct leat_link_options options)
{
    struct leat_error error = {0};
    struct leat_link *made;
    int rc = leat_link_open(&made, endpoint, &options, &error);
    told(endpoint, words, rc, error.text);
    if (rc == 0)
        leat_link_close(made, 0, NULL, NULL);
}

static void in(const char *words, struct leat_link_options options)
{
    options.directions = LEAT_IN;
    options.dialect = leat_tlv_dialect("t8l8");
    link_at(gen, words, options);
}

static void no_key(void *context, struct leat_msg *msg, char key[LEAT_KEY_BYTES])
{
    (void)context, (void)msg, (void)key;
}

static void links(void)
{
    struct leat_io_thread *thread;
    if (leat_io_thread_open(&thread, NULL) != 0)
        exit(1);
    in("io_thread|no_thread", (struct leat_link_options){.io_thread = thread, .no_thread = true});
    leat_io_thread_close(thread);
    link_at(gen, "cannot be written to", (struct leat_link_options){.directions = LEAT_OUT});
    link_at("null:", "cannot be read from", (struct leat_link_options){.directions = LEAT_IN | 8, .dialect = leat_tlv_dialect("t8l8")});
    in("max_frame|1 byte to 1 GiB", (struct leat_link_options){.max_frame = -1});
    in("high_water_messages|1 to 2^30", (struct leat_link_options){.high_water_messages = -1});
    in("block_bytes|256 to 1 MiB", (struct leat_link_options){.block_bytes = 10});
    in("high_water_bytes|twice max_frame", (struct leat_link_options){.high_water_bytes = 1 << 20});
    in("high_water_bytes|sixteen blocks", (struct leat_link_options){.high_water_bytes = 8 << 20, .block_bytes = 1 << 20});
    in("full|LEAT_FULL_WAIT|LEAT_FULL_DROP_NEWEST", (struct leat_link_options){.full = (enum leat_full)9});
    in("malformed|LEAT_MALFORMED_STOP|RESYNC", (struct leat_link_options){.malformed = (enum leat_malformed)9});
    in("idle_ns|partial_ns|negative", (struct leat_link_options){.idle_ns = -1});
    in("receive|LEAT_RECEIVE_AUTO|RING|BLOCKS", (struct leat_link_options){.receive = (enum leat_receive)9});
    in("copy_bytes|48 to 1 MiB", (struct leat_link_options){.copy_bytes = 1});
    in("receive_block_bytes|4 KiB to 16 MiB", (struct leat_link_options){.receive_block_bytes = 1});
    in("receive_bytes|four receive blocks|1 TiB", (struct leat_link_options){.receive_bytes = 1});
    link_at("-", "repeat", (struct leat_link_options){.directions = LEAT_IN, .repeat = 2, .dialect = leat_tlv_dialect("t8l8")});
    link_at("tcp://127.0.0.1:1", "repeat", (struct leat_link_options){.repeat = 2, .dialect = leat_tlv_dialect("t8l8")});
    link_at("unix-listen:@error-texts", "repeat", (struct leat_link_options){.repeat = 2, .dialect = leat_tlv_dialect("t8l8")});
    in("key|nats|zmq", (struct leat_link_options){.key = no_key});
    in("reconnect_ns|negative", (struct leat_link_options){.reconnect_ns = -1});
    in("reconnect_most_ns|reconnect_tries|reconnect_ns", (struct leat_link_options){.reconnect_tries = 3});
    in("reconnect_most_ns|reconnect_ns|2^60", (struct leat_link_options){.reconnect_ns = 10, .reconnect_most_ns = 5});
    in("reconnect_ns|tcp|serial", (struct leat_link_options){.reconnect_ns = 10});
}

static void session_at(const char *words, struct leat_session_options options)
{
    const char *name = "unix-listen:@leat-error-texts";
    struct leat_error error = {0};
    struct leat_session *made;
    int rc = leat_session_open(&made, name, &options, &error);
    told(name, words, rc, error.text);
    if (rc == 0)
        leat_session_close(made, 0, NULL, NULL);
}

static void sessions(char *longer)
{
    const struct leat_link_options der = {.dialect = leat_tlv_dialect("der")}, again = {.reconnect_ns = 1}, in = {.directions = LEAT_IN},
                                   narrow = {.max_frame = 100};
    session_at("dialect|leat", (struct leat_session_options){.link = &der});
    session_at("reconnect_ns|0", (struct leat_session_options){.link = &again});
    session_at("both directions", (struct leat_session_options){.link = &in});
    session_at("max_value|max_frame|20 bytes", (struct leat_session_options){.link = &narrow, .max_value = 81});
    session_at("max_value|2^30 - 20", (struct leat_session_options){.max_value = -1});
    session_at("max_parts|1 to 1024", (struct leat_session_options){.max_parts = 1025});
    session_at("silence_ns|1 ms", (struct leat_session_options){.silence_ns = 1});
    session_at("name|255", (struct leat_session_options){.name = longer});
}

static void listener_at(const char *endpoint, const char *words, struct leat_listener_options options)
{
    struct leat_error error = {0};
    struct leat_listener *made;
    options.link.dialect = leat_tlv_dialect("t8l8");
    int rc = leat_listener_open(&made, endpoint, &options, &error);
    told(endpoint, words, rc, error.text);
    if (rc == 0)
        leat_listener_close(made);
}

static void listeners(void)
{
    static const char *const name = "unix-listen:@leat-error-texts";
    const struct leat_listener_options usual = {.link = {.dialect = leat_tlv_dialect("t8l8")}, .most_links = 1};
    struct leat_listener_options merged = usual;
    struct leat_error error = {0};
    struct leat_listener *listener;
    struct leat_link *one, *peer = NULL, *other = NULL;
    listener_at("gen:", "a listener can: tcp-listen", (struct leat_listener_options){.most_links = 1});
    listener_at(name, "repeat", (struct leat_listener_options){.link = {.repeat = 2}});
    listener_at(name, "most_links|1 to 2^20", (struct leat_listener_options){.most_links = -1});
    if (leat_listener_open(&listener, name, &usual, NULL) != 0 ||
        leat_link_open(&peer, leat_listener_name(listener), &usual.link, NULL) != 0 ||
        leat_link_open(&other, leat_listener_name(listener), &usual.link, NULL) != 0 ||
        leat_listener_accept(listener, &one, LEAT_FOREVER, NULL) != 0)
        exit(1);
    int rc = leat_listener_accept(listener, &one, 0, &error);
    told(name, "most_links|1", rc, error.text);
    leat_link_close(one, 0, NULL, NULL);
    leat_link_close(peer, 0, NULL, NULL);
    leat_link_close(other, 0, NULL, NULL);
    leat_listener_close(listener);
    merged.merged = true;
    if (leat_listener_open(&listener, name, &merged, NULL) != 0)
        exit(1);
    rc = leat_listener_accept(listener, &one, 0, &error);
    told(name, "merged", rc, error.text);
    leat_listener_close(listener);
}

/* What ends a link while it runs: the peer sends `bytes` of it. */
static void ends(const char *words, const void *data, int64_t bytes, struct leat_link_options options)
{
    const struct leat_blocks none = {0};
    struct leat_link_options raw = {.directions = LEAT_OUT};
    struct leat_link *link, *peer;
    struct leat_msg msg;
    char text[sizeof((struct leat_error *)0)->text];
    options.directions = LEAT_IN;
    options.dialect = leat_tlv_dialect("t8l32");
    if (leat_link_open(&link, "unix-listen:@leat-error-texts", &options, NULL) != 0 ||
        leat_link_open(&peer, leat_link_name(link), &raw, NULL) != 0)
        exit(1);
    if (leat_msg_copy(&msg, &none, data, bytes) != 0 || leat_link_send(peer, &msg, LEAT_FOREVER) != 0)
        exit(1);
    leat_link_flush(peer);
    int rc = leat_link_recv(link, &msg, LEAT_FOREVER);
    snprintf(text, sizeof text, "%s", leat_link_error(link)->text);
    told("unix:@leat-error-texts", words, rc, text);
    leat_link_close(link, 0, NULL, NULL);
    leat_link_close(peer, 0, NULL, NULL);
}

static void runs(void)
{
    ends("max_frame is 1000|t8l32|offset 0", "\1\0\1\0\0", 5, (struct leat_link_options){.max_frame = 1000});
    ends("partial_ns is 1000000|offset 0", "\1\0", 2, (struct leat_link_options){.partial_ns = 1000000});
    ends("partial_ns is 1000000|offset 0", "\1\0", 2, (struct leat_link_options){.partial_ns = 1000000, .idle_ns = INT64_C(1) << 60});
    ends("idle_ns is 1000000|offset", "\1\0", 2, (struct leat_link_options){.idle_ns = 1000000});
    ends("idle_ns is 1000000|offset", "\1\0", 2, (struct leat_link_options){.idle_ns = 1000000, .partial_ns = INT64_C(1) << 60});
}

/* ---- names of endpoints ---- */

static void endpoint(const char *name, const char *words)
{
    link_at(name, words, (struct leat_link_options){.dialect = leat_tlv_dialect("t8l8")});
}

/* One that is not there, and one that is no library. */
static void plugins(void)
{
    char folder[] = "/tmp/leat-error-texts-XXXXXX", path[64];
    if (mkdtemp(folder) == NULL || setenv("LEAT_PLUGINS", folder, 1) != 0)
        exit(1);
    snprintf(path, sizeof path, "%s/leat-broken.so", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fclose(file) != 0)
        exit(1);
    endpoint("nats://127.0.0.1:4222/subject", "leat-nats.so|not in /tmp/leat-error-texts|package leat-nats");
    endpoint("broken:x", "leat-broken.so|/tmp/leat-error-texts");
    unlink(path);
    rmdir(folder);
}

static void endpoints(const char *long_path)
{
    plugins();
    endpoint("", "needs a name");
    endpoint(long_path, "longer than");
    endpoint("carrier-pigeon:home", "carrier-pigeon|tcp|file");
    endpoint("tcp://[::1:80", "]");
    endpoint("tcp://::1:80", "[::1]:80");
    endpoint("tcp://host", "HOST:PORT");
    endpoint("tcp://:80", "HOST:PORT|0.0.0.0");
    endpoint("tcp://host:99999", "99999|0 to 65535");
    endpoint("null:something", "something|null:");
    endpoint("file:", "file:PATH");
    endpoint("tcp://h:1?colour=red", "colour|nodelay");
    endpoint("tcp://h:1?nodelay", "nodelay|=value");
    endpoint("tcp://h:1?nodelay=1&nodelay=1", "nodelay|twice");
    endpoint("file:a%zz?append=1", "%zz|hexadecimal");
    endpoint("tcp://127.0.0.1:1?nodelay=maybe", "maybe|nodelay");
    endpoint("tcp://127.0.0.1:1?device=an-interface-with-a-long-name", "device|interface");
    endpoint("tcp://127.0.0.1:1?rcvbuf=-5", "rcvbuf|-5");
    endpoint("netlink:audit", "audit|route");
    endpoint("gen:?rate=fast", "rate|fast");
    link_at("file:/tmp/x?follow=1", "follow", (struct leat_link_options){.directions = LEAT_OUT});
    endpoint("serial:/dev/null", "not a terminal");
    endpoint("serial:/dev/null?parity=weird", "parity|weird|none|even|odd");
    endpoint("unix:@", "@NAME");
    endpoint("unix-listen:@x?mode=600", "mode|abstract");
    endpoint("unix-listen:/tmp/x?mode=9", "mode|9|octal|0777");
    endpoint("unix-listen:/tmp/x?owner=nobody-of-that-name", "owner|USER:GROUP");
    endpoint("pcap:/nowhere", "open");
    endpoint("file:/nowhere/at/all", "open");
}

int main(void)
{
    char *longer = calloc(1, 20000), *path = calloc(1, 300);
    if (longer == NULL || path == NULL)
        return 1;
    memset(longer, 'x', 19999);
    memset(path, 'y', 250);
    memcpy(path, "unix:/", 6);
    pools();
    links();
    listeners();
    sessions(longer);
    runs();
    endpoints(longer);
    endpoint(path, "at most 107|245");
    free(longer);
    free(path);
    return 0;
}
