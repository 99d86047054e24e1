/* SPDX-License-Identifier: MIT */
/* I/O threads that many links share. (The tests of links run on one, too: link_shared.h.) */
#define _GNU_SOURCE
#include "link_many_support.h"

#include <leat/io_thread.h>
#include <sched.h>

static char folder[64];

static struct leat_io_thread *start(const struct leat_thread_options *options)
{
    struct leat_io_thread *io = NULL;
    assert_int_equal(leat_io_thread_open(&io, options), 0);
    return io;
}

/* How many threads of that name there are. */
static int64_t threads(const char *name)
{
    DIR *directory = opendir("/proc/self/task");
    int64_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[300], comm[32] = "";
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL && fgets(comm, sizeof comm, file) != NULL)
            count += strncmp(comm, name, strlen(name)) == 0 && comm[strlen(name)] == '\n';
        if (file != NULL)
            fclose(file);
    }
    closedir(directory);
    return count;
}

struct served {
    struct leat_link *links[PEERS];
    int count;
};

/* One application thread for all links: whoever has something is answered. */
static void answer(struct served *served)
{
    for (int open = served->count; open > 0;) {
        bool moved = false;
        for (int i = 0; i < served->count; i++) {
            struct leat_msg msg;
            if (served->links[i] == NULL)
                continue;
            int rc = leat_link_recv(served->links[i], &msg, 0);
            if (rc == 0) {
                assert_int_equal(leat_link_send(served->links[i], &msg, LEAT_FOREVER), 0);
                leat_link_flush(served->links[i]);
            } else if (rc != -EAGAIN) {
                struct leat_link_end end;
                assert_int_equal(rc, -EPIPE);
                assert_int_equal(leat_link_close(served->links[i], LEAT_FOREVER, &end, NULL), 0);
                assert_int_equal(end.accepted, FRAMES);
                assert_int_equal(end.delivered, FRAMES);
                served->links[i] = NULL;
                open--;
            }
            moved = moved || rc != -EAGAIN;
        }
        if (!moved)
            sched_yield();
    }
}

static void two_threads_serve_many_links(void **state)
{
    (void)state;
    int64_t fds = count_fds();
    struct leat_io_thread *io[2] = {start(NULL), start(NULL)};
    struct leat_listener_options options = options_of(false);
    for (int round = 0; round < 2; round++) {
        options.link.io_thread = io[round];
        struct leat_listener *listener = listen_at("tcp-listen://127.0.0.1:0", &options);
        struct peers peers = {.listener = listener};
        struct served served = {.count = PEERS};
        struct leat_io_thread_stats stats;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, be_peers, &peers), 0);
        for (int i = 0; i < PEERS; i++)
            assert_int_equal(leat_listener_accept(listener, &served.links[i], LEAT_FOREVER, NULL), 0);
        assert_int_equal(threads("leat-io"), 2);
        assert_int_equal(threads("leat-link"), 0);
        leat_io_thread_stats(io[round], &stats);
        assert_int_equal(stats.links, PEERS);
        assert_int_equal(leat_io_thread_close(io[round]), -EBUSY);
        answer(&served);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(peers.wrong, 0);
        leat_io_thread_stats(io[round], &stats);
        assert_int_equal(stats.links, 0);
        assert_true(stats.turns >= PEERS);
        leat_listener_close(listener);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(leat_io_thread_close(io[i]), 0);
    assert_int_equal(count_fds(), fds);
    assert_int_equal(threads("leat-io"), 0);
}

/* A device that never ends and one that is always ready do not keep the others from their turns. */
static void busy_links_do_not_starve_a_quiet_one(void **state)
{
    (void)state;
    struct leat_io_thread *io = start(NULL);
    struct leat_link_options options = {.dialect = leat_tlv_dialect("t8l8"), .io_thread = io, .directions = LEAT_IN};
    struct leat_link *zeros[2], *quiet;
    struct leat_msg msg;
    char endpoint[128];
    for (int i = 0; i < 2; i++)
        assert_int_equal(leat_link_open(&zeros[i], "/dev/zero", &options, NULL), 0); /* frames of type 0, length 0 */
    options.directions = 0;
    options.dialect = leat_tlv_dialect("t8l16");
    snprintf(endpoint, sizeof endpoint, "unix-listen:%s/quiet", folder);
    assert_int_equal(leat_link_open(&quiet, endpoint, &options, NULL), 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/quiet", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    for (int i = 0; i < 200; i++) {
        unsigned char frame[103] = {1, 0, 100, (unsigned char)i}, back[103];
        assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
        for (int j = 0; j < 2; j++) { /* they are taken from, so that they go on */
            for (int k = 0; k < 100 && leat_link_recv(zeros[j], &msg, 0) == 0; k++)
                leat_msg_unref(&msg);
        }
        assert_int_equal(leat_link_recv(quiet, &msg, leat_os_now_ns() + 20000000000), 0);
        assert_int_equal(leat_link_send(quiet, &msg, LEAT_FOREVER), 0);
        leat_link_flush(quiet);
        assert_int_equal(recv(fd, back, sizeof back, MSG_WAITALL), sizeof back);
        assert_memory_equal(frame, back, sizeof back);
    }
    struct leat_link_stats stats;
    leat_link_stats(zeros[0], &stats);
    assert_true(stats.frames_received > 100);
    for (int i = 0; i < 2; i++)
        assert_int_equal(leat_link_close(zeros[i], LEAT_FOREVER, NULL, NULL), 0);
    /* The peer leaves while the link has nothing to write: it hears of that. */
    close(fd);
    assert_int_equal(leat_link_recv(quiet, &msg, leat_os_now_ns() + 20000000000), -EPIPE);
    assert_int_equal(leat_link_close(quiet, LEAT_FOREVER, NULL, NULL), 0);
    assert_int_equal(leat_io_thread_close(io), 0);
}

/* What runs on it is the thread itself, so the endpoint tells where. */
static void a_thread_runs_as_it_was_asked_to(void **state)
{
    (void)state;
    const struct leat_thread_options bad[] = {{.cpu = -1}, {.cpu = 1 << 20}, {.priority = 100}, {.priority = -1}, {.stack_bytes = -1}};
    struct leat_io_thread *io = NULL;
    cpu_set_t mine;
    int64_t cpu = 0;
    assert_int_equal(sched_getaffinity(0, sizeof mine, &mine), 0);
    while (!CPU_ISSET((size_t)cpu, &mine))
        cpu++;
    io = start(&(struct leat_thread_options){.name = "pinned", .cpu = cpu + 1, .stack_bytes = 100000});
    struct leat_io_thread_stats stats;
    do { /* until it runs, and so has its name */
        sched_yield();
        leat_io_thread_stats(io, &stats);
    } while (stats.waits == 0);
    assert_int_equal(threads("pinned"), 1);
    DIR *directory = opendir("/proc/self/task");
    int checked = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[300], comm[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(comm, sizeof comm, file) != NULL && strcmp(comm, "pinned\n") == 0) {
            cpu_set_t its;
            assert_int_equal(sched_getaffinity(atoi(entry->d_name), sizeof its, &its), 0);
            assert_int_equal(CPU_COUNT(&its), 1);
            assert_true(CPU_ISSET((size_t)cpu, &its));
            checked++;
        }
        fclose(file);
    }
    closedir(directory);
    assert_int_equal(checked, 1);
    assert_int_equal(leat_io_thread_close(io), 0);
    io = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(leat_io_thread_open(&io, &bad[i]), -EINVAL);
        assert_null(io);
    }
    int rc = leat_io_thread_open(&io, &(struct leat_thread_options){.priority = 10});
    assert_true(rc == 0 || rc == -EPERM); /* as the user may */
    if (rc == 0)
        assert_int_equal(leat_io_thread_close(io), 0);
}

static void a_link_is_on_a_thread_or_on_none(void **state)
{
    (void)state;
    struct leat_io_thread *io = start(NULL);
    struct leat_link *link = NULL;
    struct leat_error error;
    struct leat_link_options options = {.directions = LEAT_OUT, .io_thread = io, .no_thread = true};
    assert_int_equal(leat_link_open(&link, "null:", &options, &error), -EINVAL);
    assert_non_null(strstr(error.text, "no_thread"));
    assert_int_equal(leat_io_thread_close(io), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_serve_many_links),
        cmocka_unit_test(busy_links_do_not_starve_a_quiet_one),
        cmocka_unit_test(a_thread_runs_as_it_was_asked_to),
        cmocka_unit_test(a_link_is_on_a_thread_or_on_none),
    };
    snprintf(folder, sizeof folder, "/tmp/leat-io-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) != 0 ? 1 : failed;
}
