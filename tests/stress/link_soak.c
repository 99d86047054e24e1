/* SPDX-License-Identifier: MIT */
/*
 * link_soak SECONDS [SEED [LIFE]]: links of every kind against peers that misbehave at random, 2 to 8 at once. Every byte follows from
 * seed, life and frame number, so content is checked on both sides; at the end of each life its ledger is: what the peer had sent whole and
 * the link accepted = received + unread; what was sent = delivered + left; what the peer read is the beginning of what was sent, all of it
 * where both ended well; and no block is left in use. Between rounds, when no link is open, there are as many descriptors as at the start,
 * and the resident size has not grown by more than GROWTH_KIB over the most that the first fifth of the run had; that is not judged under a
 * sanitizer. A failure prints the seed and the life's number, which can be given again: then only that life is led, over and over.
 */
#define _GNU_SOURCE
#include "link_soak.h"

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_NS (400 * MS)
#define LIFE_NS ((TEST_SANITIZED ? 120000 : 30000) * MS) /* a life that lasts longer hangs */
#define GROWTH_KIB 512

struct soak soak = {.folder = "/tmp/leat-soak-XXXXXX"};
static struct worker workers[WORKERS];
static int64_t only_life = -1, round_end_ns;
static LEAT_ATOMIC(int64_t) next_life, running;

/* ---- processes for peers ---- */

/* In the helper's process: forks a peer for each byte that comes, and answers when it is gone. */
static _Noreturn void help(int commands, int parent)
{
    char which;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    (void)signal(SIGPIPE, SIG_IGN);
    while (read(commands, &which, 1) == 1) {
        pid_t child = fork();
        if (child == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not inherited */
            soak_peer_run(&soak.peers[(int)which]);
            _exit(0);
        }
        int status = 0;
        (void)waitpid(child, &status, 0);
        which = child < 0 || (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) ? 'x' : 'o';
        if (write(commands, &which, 1) != 1)
            break;
    }
    _exit(0);
}

static void start_helpers(void)
{
    int parent = getpid();
    for (int i = 0; i < WORKERS; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            exit(1);
        workers[i].index = i;
        pid_t pid = fork();
        if (pid == 0) {
            for (int j = 0; j < i; j++)
                (void)close(workers[j].helper);
            (void)close(pair[0]);
            help(pair[1], parent);
        }
        (void)close(pair[1]);
        workers[i].helper = pair[0];
        if (pid < 0)
            exit(1);
    }
}

/* ---- rounds ---- */

static void work(void *context)
{
    struct worker *worker = context;
    struct leat_pool_config config = leat_os_pool_config(4096, 1024);
    worker->in_frame = malloc(FRAME_MOST);
    worker->out_frame = malloc(FRAME_MOST);
    if (worker->in_frame == NULL || worker->out_frame == NULL || leat_pool_create(&worker->pool, &config) != 0)
        exit(1);
    while (leat_os_now_ns() < round_end_ns) {
        int64_t number = leat_add(&next_life, 1, relaxed); /* relaxed: a number */
        leat_store(&worker->number, only_life >= 0 ? only_life : number, relaxed);
        leat_store(&worker->life_ns, leat_os_now_ns(), relaxed); /* relaxed: the watch is not in a hurry */
        soak_live(worker, (uint64_t)leat_load(&worker->number, relaxed));
        leat_store(&worker->life_ns, 0, relaxed);
    }
    if (leat_pool_destroy(worker->pool, NULL) != 0) {
        printf("link_soak: seed %" PRIu64 ": the pool of what was sent still has blocks in use\n", soak.seed);
        exit(1);
    }
    free(worker->in_frame);
    free(worker->out_frame);
    (void)leat_sub(&running, 1, release); /* edge "round": meets the load of the watch */
}

static int64_t resident_kib(void)
{
    long long all, resident = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lld %lld", &all, &resident) != 2)
        exit(1);
    (void)fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int64_t open_descriptors(void)
{
    int64_t found = 0;
    DIR *list = opendir("/proc/self/fd");
    if (list == NULL)
        exit(1);
    while (readdir(list) != NULL)
        found++;
    (void)closedir(list);
    return found;
}

/* A life that does not end is told, and ends the run. */
static void watch(void)
{
    while (leat_load(&running, acquire) > 0) { /* edge "round" */
        (void)usleep(2000);
        for (int i = 0; i < WORKERS; i++) {
            int64_t since_ns = leat_load(&workers[i].life_ns, relaxed); /* relaxed: as the store */
            if (since_ns != 0 && leat_os_now_ns() > since_ns + LIFE_NS)
                soak_broken(&workers[i].life, "the life does not end; seconds", LIFE_NS / (1000 * MS), 0);
        }
    }
}

/* Some links at once for a while; then everything is closed, also the pools that waited for a message. */
static void round_of(int links)
{
    struct leat_link *link;
    round_end_ns = leat_os_now_ns() + ROUND_NS;
    leat_store(&running, links, relaxed); /* relaxed: the threads' start publishes it */
    if (leat_io_thread_open(&soak.io_thread, NULL) != 0)
        exit(1);
    for (int i = 0; i < links; i++)
        if (leat_thread_start(&workers[i].thread, "soak", work, &workers[i]) != 0)
            exit(1);
    watch();
    for (int i = 0; i < links; i++)
        leat_thread_join(&workers[i].thread);
    if (leat_io_thread_close(soak.io_thread) != 0) /* every link was closed */
        soak_broken(&workers[0].life, "the shared thread still has links", 1, 0);
    struct leat_link_options options = {.directions = LEAT_OUT};
    if (leat_link_open(&link, "null:", &options, NULL) != 0 || leat_link_close(link, LEAT_FOREVER, NULL, NULL) != 0)
        exit(1);
    (void)malloc_trim(0);
}

static void print_counts(const char *title, LEAT_ATOMIC(int64_t) * counts, const char *const *names, int many)
{
    printf("%s", title);
    for (int i = 0; i < many; i++)
        printf("%s %s %" PRId64, i > 0 ? "," : "", names[i], (int64_t)leat_load(&counts[i], relaxed)); /* relaxed: all is joined */
    printf("\n");
}

static int64_t total(LEAT_ATOMIC(int64_t) * counter)
{
    return leat_load(counter, relaxed); /* relaxed: all is joined */
}

static bool run(int64_t seconds)
{
    uint64_t chance = soak.seed;
    int64_t begin_ns = leat_os_now_ns(), warm_ns = begin_ns + seconds * 200 * MS, end_ns = begin_ns + seconds * 1000 * MS;
    int64_t descriptors = open_descriptors(), warm_kib = 0, most_kib = 0, rounds = 0;
    bool good = true;
    while (good && leat_os_now_ns() < end_ns) {
        bool warm = leat_os_now_ns() >= warm_ns && rounds >= 2;
        round_of(warm ? 2 + (int)(test_random(&chance) % (WORKERS - 1)) : WORKERS);
        int64_t kib = resident_kib(), open_now = open_descriptors();
        rounds++;
        if (!warm)
            warm_kib = kib > warm_kib ? kib : warm_kib;
        most_kib = kib > most_kib ? kib : most_kib;
        if (open_now != descriptors || total(&soak.lent) != 0)
            printf("link_soak: seed %" PRIu64 ", round %" PRId64 ": %" PRId64 " descriptors, %" PRId64 " at the start; %" PRId64
                   " lent buffers not given back\n",
                   soak.seed, rounds, open_now, descriptors, total(&soak.lent));
        good = open_now == descriptors && total(&soak.lent) == 0;
    }
    printf("%" PRId64 " lives in %" PRId64 " rounds, %" PRId64 " peers as processes; in %" PRId64 " frames, %" PRId64 " MB; out %" PRId64
           " frames, %" PRId64 " MB; %" PRId64 " messages outlived their link; seed %" PRIu64 "\n",
           total(&soak.lives), rounds, total(&soak.processes), total(&soak.frames_in), total(&soak.bytes_in) / 1000000,
           total(&soak.frames_out), total(&soak.bytes_out) / 1000000, total(&soak.held_over), soak.seed);
    print_counts("peers:", soak.manners, soak_manner_names, MANNERS);
    print_counts("links:", soak.kinds, soak_kind_names, KINDS);
    printf("resident between rounds: at most %" PRId64 " KiB while warming up, %" PRId64 " KiB later; %" PRId64 " descriptors\n", warm_kib,
           most_kib, descriptors);
    if (!TEST_SANITIZED && rounds > 2 && most_kib > warm_kib + GROWTH_KIB) {
        printf("link_soak: seed %" PRIu64 ": that is not flat\n", soak.seed);
        good = false;
    }
    return good;
}

int main(int argc, char **argv)
{
    int64_t seconds = argc > 1 ? strtoll(argv[1], NULL, 10) : 10;
    soak.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    only_life = argc > 3 ? strtoll(argv[3], NULL, 10) : -1;
    soak.peers = mmap(NULL, WORKERS * sizeof *soak.peers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (soak.peers == MAP_FAILED || mkdtemp(soak.folder) == NULL)
        return 1;
    start_helpers();
    (void)mallopt(M_ARENA_MAX, 1);
    bool good = run(seconds);
    for (int i = 0; i < WORKERS; i++) {
        (void)close(workers[i].helper);
        (void)wait(NULL);
    }
    (void)rmdir(soak.folder);
    return !good;
}
