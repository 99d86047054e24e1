/* SPDX-License-Identifier: MIT */
/*
 * link_idle LINKS [merged]: one thread that holds so many idle links over TCP, in a loop of its own or as a merged listener, whose other
 * ends are another process's: what each costs in resident memory and descriptors, and how long a message of one of them takes while all the
 * others are there. Fails when a message is wrong, or when less is given back at the end than was taken.
 */
#define _GNU_SOURCE
#include <leat/listener.h>
#include <leat/os.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 2000 };

static int64_t resident_kib(void)
{
    long long all, resident = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lld %lld", &all, &resident) != 2) {
        exit(1);
    }
    (void)fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The other ends: all call, then one after the other sends a frame and waits for its echo. */
static int be_peers(int port, int64_t links)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int *fds = calloc((size_t)links, sizeof *fds);
    int64_t wrong = 0, least = INT64_MAX, sum = 0;
    for (int64_t i = 0; i < links; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&to, sizeof to) != 0) {
            perror("link_idle: connect");
            return 1;
        }
    }
    for (int64_t i = 0; i < ROUNDS; i++) {
        int fd = fds[i * 7919 % links];
        unsigned char frame[103] = {1, 0, 100, (unsigned char)i}, back[103];
        int64_t begin = leat_os_now_ns();
        wrong += send(fd, frame, sizeof frame, 0) != sizeof frame || recv(fd, back, sizeof back, MSG_WAITALL) != sizeof back ||
                 memcmp(frame, back, sizeof back) != 0;
        int64_t took = leat_os_now_ns() - begin;
        least = took < least ? took : least;
        sum += took;
    }
    printf("an echo among them took %.1f us, at least %.1f\n", (double)sum / ROUNDS / 1000, (double)least / 1000);
    (void)fflush(stdout);
    return wrong != 0;
}

static void print_resident(int64_t links, int64_t before)
{
    int64_t now = resident_kib();
    printf("%" PRId64 " idle links: resident %.1f MiB, %.2f KiB for each\n", links, (double)now / 1024,
           (double)(now - before) / (double)links);
    (void)fflush(stdout);
}

/* As serve, with the listener's own loop. */
static int serve_merged(struct leat_listener *listener, int64_t links, int64_t before)
{
    for (int64_t gone = 0, held = 0; gone < links;) {
        struct leat_link *peers[64];
        struct leat_msg msgs[64];
        struct leat_listener_stats stats;
        int64_t count = leat_listener_recv_many(listener, peers, msgs, NULL, 64, leat_os_now_ns() + INT64_C(60000000000));
        leat_listener_stats(listener, &stats);
        if (held < links && stats.open == links) {
            print_resident(links, before);
        }
        held = stats.open > held ? stats.open : held;
        if (count == -ETIMEDOUT) {
            (void)fprintf(stderr, "link_idle: nothing happens\n");
            return 1;
        }
        for (int64_t i = 0; i < count; i++) {
            (void)leat_link_send(peers[i], &msgs[i], LEAT_FOREVER);
            leat_link_flush(peers[i]);
        }
        if (count < 0) {
            (void)leat_link_close(peers[0], 0, NULL, NULL);
            gone++;
        }
    }
    return 0;
}

/* Accepts them all and echoes until every peer is gone. */
static int serve(struct leat_listener *listener, int64_t links, int64_t before)
{
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    int64_t open = 0, accepted = 0;
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, leat_listener_fd(listener), &event) != 0) {
        return 1;
    }
    while (accepted < links || open > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(loop, events, 64, 60000);
        if (ready <= 0) {
            (void)fprintf(stderr, "link_idle: nothing happens\n");
            return 1;
        }
        for (int i = 0; i < ready; i++) {
            struct leat_link *link = events[i].data.ptr;
            struct leat_msg msg;
            bool is_new = link == NULL;
            int rc = 0;
            if (is_new && leat_listener_accept(listener, &link, 0, NULL) != 0) {
                continue;
            }
            do {
                while ((rc = leat_link_recv(link, &msg, 0)) == 0) {
                    (void)leat_link_send(link, &msg, LEAT_FOREVER);
                }
                leat_link_flush(link);
            } while (rc == -EAGAIN && !leat_link_arm(link));
            if (rc != -EAGAIN) {
                (void)leat_link_close(link, 0, NULL, NULL);
                open--;
            } else if (is_new) {
                event = (struct epoll_event){.events = EPOLLIN, .data.ptr = link};
                if (epoll_ctl(loop, EPOLL_CTL_ADD, leat_link_fd(link), &event) != 0) {
                    perror("link_idle: epoll_ctl");
                    return 1;
                }
                open++;
                if (++accepted == links) {
                    print_resident(links, before);
                }
            }
        }
    }
    (void)close(loop);
    return 0;
}

int main(int argc, char **argv)
{
    int64_t links = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    bool merged = argc > 2 && strcmp(argv[2], "merged") == 0;
    int64_t wanted = (merged ? 1 : 2) * links + 100;
    if ((rlim_t)wanted > limit.rlim_cur) {
        printf("skipped: %lld descriptors may be open, and %" PRId64 " are wanted\n", (long long)limit.rlim_cur, wanted);
        return 77;
    }
    struct leat_listener_options options = {
        .link = {.dialect = leat_tlv_dialect("t8l16"), .no_thread = true}, .most_links = links, .merged = merged};
    struct leat_listener *listener;
    struct leat_error error;
    int64_t before = resident_kib();
    if (leat_listener_open(&listener, "tcp-listen://127.0.0.1:0", &options, &error) != 0) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    int port = atoi(strrchr(leat_listener_name(listener), ':') + 1), status;
    pid_t child = fork();
    if (child == 0) {
        _exit(be_peers(port, links));
    }
    int failed = merged ? serve_merged(listener, links, before) : serve(listener, links, before);
    if (failed != 0) {
        (void)kill(child, SIGKILL);
    }
    struct leat_listener_stats stats;
    leat_listener_stats(listener, &stats);
    leat_listener_close(listener);
    if (waitpid(child, &status, 0) != child || status != 0 || stats.open != 0 || stats.accepted != links || stats.pool.live != 0) {
        (void)fprintf(stderr, "link_idle: %" PRId64 " accepted, %" PRId64 " still open, %" PRId64 " blocks live\n", stats.accepted,
                      stats.open, stats.pool.live);
        failed = 1;
    }
    return failed;
}
