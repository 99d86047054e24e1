/* SPDX-License-Identifier: MIT */
/* What the tests of lost connections share: a peer of plain sockets, frames to and fro, and what the application was told. */
#ifndef LINK_RECONNECT_SUPPORT_H
#define LINK_RECONNECT_SUPPORT_H

#include "link_many_support.h"
#include "link_shared.h"

#include <poll.h>
#include <sched.h>

#define MS INT64_C(1000000)
#define SOON (leat_os_now_ns() + 20000 * MS) /* what is waited for comes, however slow the machine is */

enum { WAYS = 2, EVENTS = 64 };

/* ---- what the application is told ---- */

struct events {
    pthread_mutex_t lock;
    int count;
    enum leat_link_state states[EVENTS];
    int codes[EVENTS];
};

static inline void note(void *context, struct leat_link *link, enum leat_link_state state, const struct leat_error *why)
{
    struct events *events = context;
    pthread_mutex_lock(&events->lock);
    if (events->count < EVENTS && leat_link_state(link) == state) {
        events->states[events->count] = state;
        events->codes[events->count++] = why ? why->code : 0;
    }
    pthread_mutex_unlock(&events->lock);
}

static inline int count_events(struct events *events, enum leat_link_state state)
{
    int count = 0;
    pthread_mutex_lock(&events->lock);
    for (int i = 0; i < events->count; i++)
        count += events->states[i] == state;
    pthread_mutex_unlock(&events->lock);
    return count;
}

static inline struct leat_link_options options_for(int way, struct events *events)
{
    *events = (struct events){.lock = PTHREAD_MUTEX_INITIALIZER};
    return (struct leat_link_options){.dialect = leat_tlv_dialect("t8l16"),
                                      .no_thread = way == 1,
                                      .info = true,
                                      .reconnect_ns = 2 * MS,
                                      .reconnect_most_ns = 20 * MS,
                                      .on_state = note,
                                      .state_context = events};
}

/* ---- the peer: plain sockets ---- */

static inline int serve(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static inline int port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    return ntohs(at.sin_port);
}

/* A port where nobody is now. */
static inline int free_port(void)
{
    int fd = serve(0), port = port_of(fd);
    close(fd);
    return port;
}

static inline struct leat_link *open_to(int port, const char *keys, const struct leat_link_options *options)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    char endpoint[80];
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d%s", port, keys);
    if (leat_link_open(&link, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(error.code, 0);
    return link;
}

/* Who has called the listener; the link has its turns meanwhile. */
static inline int meet(int listener, struct leat_link *link)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    for (int64_t end = SOON; poll(&ready, 1, 1) == 0;) {
        leat_link_step(link);
        leat_link_check_send(link); /* which looks at an output that has nothing to do */
        assert_true(leat_os_now_ns() < end);
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline void hang_up(int fd, bool reset)
{
    const struct linger now = {.l_onoff = 1};
    if (reset)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(fd);
}

static inline void await(struct leat_link *link, enum leat_link_state state)
{
    for (int64_t end = SOON; leat_link_state(link) != state;) {
        leat_link_step(link);
        leat_link_check_send(link);
        assert_true(leat_os_now_ns() < end);
        sched_yield();
    }
}

/* ---- frames ---- */

static inline int64_t length_of(int64_t i)
{
    static const int64_t lengths[] = {0, 1, 44, 250, 300, 1200, 2000, 6500};
    return lengths[i % 8];
}

static inline int64_t make_frame(int64_t i, unsigned char *frame)
{
    int64_t length = length_of(i);
    frame[0] = (unsigned char)i;
    frame[1] = (unsigned char)(length >> 8);
    frame[2] = (unsigned char)length;
    for (int64_t at = 0; at < length; at++)
        frame[3 + at] = (unsigned char)(i * 31 + at * 7);
    return 3 + length;
}

/* The peer sends frames first .. end, of the last one only `cut` bytes where that is not 0. */
static inline void put(int fd, int64_t first, int64_t end, int64_t cut)
{
    unsigned char frame[8192];
    for (int64_t i = first; i < end; i++) {
        int64_t bytes = make_frame(i, frame);
        bytes = cut > 0 && i == end - 1 ? cut : bytes;
        assert_int_equal(send(fd, frame, (size_t)bytes, MSG_NOSIGNAL), bytes);
    }
}

static inline void check(struct leat_msg *msg, int64_t i)
{
    unsigned char want[8192], got[8192];
    int64_t n = make_frame(i, want);
    assert_int_equal(leat_msg_size(msg), n);
    assert_int_equal(leat_msg_read(msg, 0, got, n), n);
    assert_memory_equal(got, want, (size_t)n);
    leat_msg_unref(msg);
}

/* The link has frames first .. end for us, which came by that connection. */
static inline void take(struct leat_link *link, int64_t first, int64_t end, int64_t connection)
{
    for (int64_t i = first; i < end; i++) {
        struct leat_link_info info;
        struct leat_msg msg;
        assert_int_equal(leat_link_recv_info(link, &msg, &info, 1, SOON), 1);
        assert_int_equal(info.connection, connection);
        assert_int_equal(info.sequence, i);
        check(&msg, i);
    }
}

/* The link sends frames first .. end, from `blocks`. */
static inline void give(struct leat_link *link, const struct leat_blocks *blocks, int64_t first, int64_t end)
{
    unsigned char frame[8192];
    for (int64_t i = first; i < end; i++) {
        struct leat_msg msg;
        int64_t bytes = make_frame(i, frame);
        assert_int_equal(leat_msg_copy(&msg, blocks, frame, bytes), 0);
        assert_int_equal(leat_link_send(link, &msg, SOON), 0);
    }
    leat_link_flush(link);
}

/* The peer gets frames first .. end, whole and nothing else between them; the link has its turns meanwhile. */
static inline void get(int fd, struct leat_link *link, int64_t first, int64_t end)
{
    unsigned char want[8192], got[8192];
    const int64_t until = SOON;
    for (int64_t i = first; i < end; i++) {
        int64_t bytes = make_frame(i, want), there = 0;
        while (there < bytes) {
            ssize_t n = recv(fd, got + there, (size_t)(bytes - there), MSG_DONTWAIT);
            assert_true(n > 0 || (n < 0 && errno == EAGAIN));
            assert_true(leat_os_now_ns() < until);
            there += n > 0 ? n : 0;
            if (n < 0)
                leat_link_step(link);
        }
        assert_memory_equal(got, want, (size_t)bytes);
    }
}

static inline struct leat_pool *make_pool(struct leat_blocks *blocks)
{
    struct leat_pool *pool = NULL;
    struct leat_pool_config config = leat_os_pool_config(2048, 4096);
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    *blocks = leat_pool_blocks(pool);
    return pool;
}

/* Every message is accounted for: accepted = received + unread, sent = delivered + left. Returns what close said. */
static inline int finish(struct leat_link *link, int64_t deadline_ns, int64_t left)
{
    struct leat_link_stats stats;
    struct leat_link_end end;
    leat_link_stats(link, &stats);
    assert_true(leat_link_valid(link));
    int rc = leat_link_close(link, deadline_ns, &end, NULL);
    assert_int_equal(end.accepted, stats.frames_received + end.unread);
    assert_int_equal(stats.frames_sent, end.delivered + end.left);
    assert_int_equal(end.left, left);
    return rc;
}

static inline int64_t reconnects(struct leat_link *link)
{
    struct leat_link_stats stats;
    leat_link_stats(link, &stats);
    return stats.reconnects;
}

static inline bool connecting(void)
{
    DIR *directory = opendir("/proc/self/task");
    bool found = false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[300], comm[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file != NULL) {
            found = found || (fgets(comm, sizeof comm, file) != NULL && strcmp(comm, "leat-connect\n") == 0);
            fclose(file);
        }
    }
    closedir(directory);
    return found;
}

static inline void nothing_is_left_open(void **state)
{
    int64_t before = *(int64_t *)*state;
    for (int64_t end = SOON; connecting() && leat_os_now_ns() < end;)
        poll(NULL, 0, 1);
    assert_false(connecting());
    int64_t shared = shared_thread != NULL ? 2 : 0; /* its set and its waker */
    assert_int_equal(count_fds(), before + shared);
}

#endif
