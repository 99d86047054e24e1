/* SPDX-License-Identifier: MIT */
/* Plain sockets that call listeners of many peers, for their tests. */
#ifndef LINK_MANY_SUPPORT_H
#define LINK_MANY_SUPPORT_H

#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <leat/listener.h>
#include <leat/os.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static inline struct leat_listener_options options_of(bool no_thread)
{
    return (struct leat_listener_options){
        .link = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = no_thread, .high_water_messages = 64}};
}

static inline struct leat_listener *listen_at(const char *endpoint, const struct leat_listener_options *options)
{
    struct leat_listener *listener = NULL;
    struct leat_error error;
    if (leat_listener_open(&listener, endpoint, options, &error) != 0)
        fail_msg("%s", error.text);
    return listener;
}

/* A plain socket that called the listener. */
static inline int call(const struct leat_listener *listener)
{
    const char *name = leat_listener_name(listener), *port = strrchr(name, ':');
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd, rc;
    if (strncmp(name, "tcp:", 4) == 0) {
        to.sin_port = htons((uint16_t)atoi(port + 1));
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *)&to, sizeof to);
    } else {
        snprintf(at.sun_path, sizeof at.sun_path, "%s", strchr(name, ':') + 1);
        fd = socket(AF_UNIX, (strncmp(name, "unix-seq", 8) == 0 ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *)&at, sizeof at);
    }
    assert_int_equal(rc, 0);
    return fd;
}

static inline int64_t count_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int64_t count = -1; /* its own */
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

enum { PEERS = 40, FRAMES = 200 };

/* Every peer sends frames that carry its number, and checks that just those come back. */
struct peers {
    const struct leat_listener *listener;
    bool seqpacket;
    int64_t wrong;
};

static inline void *be_peers(void *context)
{
    struct peers *peers = context;
    static int fds[PEERS];
    for (int i = 0; i < PEERS; i++)
        fds[i] = call(peers->listener);
    for (int j = 0; j < FRAMES; j++) {
        for (int i = 0; i < PEERS; i++) {
            unsigned char frame[83] = {(unsigned char)i, 0, 80, (unsigned char)j};
            peers->wrong += send(fds[i], frame, sizeof frame, 0) != sizeof frame;
        }
        for (int i = 0; i < PEERS; i++) {
            unsigned char frame[83];
            peers->wrong += recv(fds[i], frame, sizeof frame, peers->seqpacket ? 0 : MSG_WAITALL) != sizeof frame || frame[0] != i ||
                            frame[3] != (unsigned char)j;
        }
    }
    for (int i = 0; i < PEERS; i++)
        close(fds[i]);
    return NULL;
}

#endif
