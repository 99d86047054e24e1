/* SPDX-License-Identifier: MIT */
/*
 * worker.cpp: the program around one peer: WORKER CPU CPU. It takes orders, a line each, from standard input and answers each on
 * standard output with lines of JSON:
 *
 *      list             a line per case, then an empty line
 *      slice CASE SEED  one line: the sample. After a case with two threads both stay awake until the next order, so that the cores
 *                       never rest while the next worker takes its turn
 *      rest             nothing; both threads sleep
 */
#include "worker.hpp"

#include "crew.hpp"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

namespace {

bench::entry *first_entry;

constexpr double look_ns = 100000; /* between two looks at the clock, about */

const char *const linkage_names[] = {"inline", "static", "shared", "process"};
const char *const role_names[] = {"peer", "rival", "leat", "variant", "baseline", "machine"};
const char *const unit_names[] = {"ns", "M/s", "GB/s", "B"};

void list_cases()
{
    for (const bench::entry *e = first_entry; e != nullptr; e = e->next) {
        const bench::case_about &a = e->about;
        printf("{\"case\": \"%s\", \"title\": \"%s\", \"rules\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"series\": \"%s\", \"x\": %g, "
               "\"threads\": %d, \"slice_ns\": %" PRId64 ", \"rounds_max\": %" PRId64
               ", \"linkage\": \"%s\", \"role\": \"%s\", \"note\": \"%s\"}\n",
               a.name, a.title, a.rules, a.what, unit_names[a.in], a.series, a.x, e->second != nullptr ? 2 : 1, a.slice_ns, a.rounds_max,
               linkage_names[bench::this_peer.link], role_names[bench::this_peer.plays], bench::this_peer.note);
    }
    printf("\n");
}

struct sample {
    const char *wrong = nullptr;
    double before_ns = 0, after_ns = 0; /* one-way latencies; 0 where one thread runs */
    int64_t elapsed_ns = 0, operations = 0;
    double value = -1, p99 = -1;
};

double value_of(const bench::case_about &about, const bench::slice &s, double elapsed, double operations)
{
    if (s.value >= 0) {
        return s.value;
    }
    switch (about.in) {
    case bench::ns_per_operation:
        return elapsed / operations;
    case bench::millions_per_s:
        return operations / elapsed * 1000;
    default:
        return operations / elapsed * double(about.bytes);
    }
}

/* One timed stretch; the sample's elapsed_ns, operations, value, p99 and wrong are set. */
void stretch(const bench::entry &entry, void *subject, int64_t length_ns, int64_t batch, uint64_t seed, sample &sample)
{
    bench::slice slices[2];
    for (bench::slice &s : slices) {
        s.length_ns = length_ns;
        s.batch = batch;
        s.seed = seed;
    }
    crew::run(entry, subject, slices);
    sample.wrong = slices[0].wrong != nullptr ? slices[0].wrong : slices[1].wrong;
    if (entry.second != nullptr && slices[0].operations != slices[1].operations && sample.wrong == nullptr) {
        sample.wrong = "not as many came out as went in";
    }
    sample.elapsed_ns = slices[0].end_ns - slices[0].start_ns;
    sample.operations = slices[0].operations;
    if (sample.wrong == nullptr) {
        sample.value = value_of(entry.about, slices[0], double(sample.elapsed_ns), double(sample.operations));
    }
    sample.p99 = slices[0].p99;
}

/* A fresh subject is warmed up, probed, measured, probed again and closed. */
void measure(const bench::entry &entry, uint64_t seed, sample &sample)
{
    const bench::case_about &about = entry.about;
    void *subject = entry.open();
    int64_t batch = 1;
    crew::spin(entry.second != nullptr);
    if (about.warm_ns > 0) {
        stretch(entry, subject, about.warm_ns, 64, seed, sample);
        double fits = double(sample.operations) / double(sample.elapsed_ns + 1) * look_ns;
        batch = fits < 16 ? 16 : fits > 1e6 ? 1000000 : int64_t(fits);
    }
    if (sample.wrong == nullptr) {
        double before_ns = entry.second != nullptr ? crew::probe() : 0;
        stretch(entry, subject, about.slice_ns, batch, seed + 1, sample);
        sample.before_ns = before_ns;
        sample.after_ns = entry.second != nullptr ? crew::probe() : 0;
    }
    entry.close(subject);
}

void answer(const char *name, uint64_t seed)
{
    sample sample;
    const bench::entry *entry = first_entry;
    while (entry != nullptr && strcmp(entry->about.name, name) != 0) {
        entry = entry->next;
    }
    if (entry == nullptr) {
        sample.wrong = "it has no such case";
    } else {
        try {
            measure(*entry, seed, sample);
        } catch (const bench::failure &failure) {
            sample.wrong = failure.why;
        }
    }
    printf("{\"wrong\": \"%s\", \"before_ns\": %.1f, \"after_ns\": %.1f, \"elapsed_ns\": %" PRId64 ", \"operations\": %" PRId64
           ", \"value\": %.6g, \"p99\": %.6g}\n",
           sample.wrong != nullptr ? sample.wrong : "", sample.before_ns, sample.after_ns, sample.elapsed_ns, sample.operations,
           sample.value, sample.p99);
}

/* Spins, letting others have the core when they want it, until there is something to read. */
void stay_awake()
{
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    while (poll(&input, 1, 0) == 0) {
        sched_yield();
    }
}

} // namespace

int bench::cpus[2];

void bench::enlist(entry *e)
{
    /* At the end, so that cases are listed as their files are included. */
    entry **at = &first_entry;
    while (*at != nullptr) {
        at = &(*at)->next;
    }
    *at = e;
}

int main(int argc, char **argv)
{
    char line[256], name[128];
    uint64_t seed;
    int rc = -EINVAL;
    if (argc == 3) {
        bench::cpus[0] = atoi(argv[1]);
        bench::cpus[1] = atoi(argv[2]);
        rc = crew::start(bench::cpus);
    }
    if (rc != 0) {
        fprintf(stderr, "worker: usage: WORKER CPU CPU (%s)\n", strerror(-rc));
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != nullptr) {
        bool spin = false;
        if (sscanf(line, "slice %127s %" SCNu64, name, &seed) == 2) {
            answer(name, seed);
            spin = true;
        } else if (strcmp(line, "list\n") == 0) {
            list_cases();
        } else {
            crew::spin(false);
        }
        fflush(stdout);
        if (spin) {
            stay_awake();
        }
    }
    _exit(0); /* the second thread may spin */
}
