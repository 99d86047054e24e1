/* SPDX-License-Identifier: MIT */
/* Frames into a stream of JetStream, each stored before the slice ends; and what that costs the publisher. */
#include "cases/nats/support/server.hpp"

#include <cstring>
#include <sys/resource.h>

/* Of all threads of this process; the server is another. */
static int64_t nats_cpu_ns()
{
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
}

template <size_t Bytes, bool Cpu> struct nats_publish {
    bench::everywhere guard; /* the threads that the publisher starts inherit it */
    publisher<Bytes> subject{nats_server::get().address()};

    nats_publish()
    {
        nats_server::get().empty();
    }
    void first(bench::slice &s)
    {
        const int64_t cpu_ns = nats_cpu_ns();
        int64_t count = 0;
        s.start_ns = bench::now_ns();
        do {
            for (int i = 0; i < 64; i++, count++) {
                unsigned char *frame = subject.begin();
                if (frame == nullptr) {
                    s.wrong = "no memory for a frame";
                    return;
                }
                frame[0] = 1;
                frame[1] = frame[2] = 0;
                frame[3] = (unsigned char)((Bytes - 5) >> 8);
                frame[4] = (unsigned char)(Bytes - 5);
                memset(frame + 5, 0x5a, Bytes - 5);
                memcpy(frame + 5, &count, sizeof(count));
                if (!subject.send()) {
                    s.wrong = "a frame cannot be sent";
                    return;
                }
            }
        } while (bench::now_ns() - s.start_ns < s.length_ns);
        if (!subject.finish()) {
            s.wrong = "not everything was stored";
            return;
        }
        s.end_ns = bench::now_ns();
        s.operations = count;
        if (Cpu) {
            s.value = double(nats_cpu_ns() - cpu_ns) / double(count);
        }
        const int64_t stored = nats_server::get().messages();
        if (subject.each ? stored != count : stored < 1 || stored > count) {
            s.wrong = "the stream has another number of messages";
        }
    }
};

#define NATS_RULES                                                                                                                \
    "one thread fills frames (t8l32, the size is the whole frame's) and publishes them to a stream in memory of a server of the " \
    "worker's own on the same cores, with at most 4096 messages unanswered, until the time is up, and then waits until all are "  \
    "stored; the slice ends with the last answer, and the stream's own count of messages is looked at"

static constexpr bench::case_about nats_about(const char *name, const char *title, bool cpu)
{
    return {.name = name,
            .title = title,
            .rules = cpu ? NATS_RULES "; the figure is the processor time of the publishing process, all its threads" : NATS_RULES,
            .what = "frame",
            .in = cpu ? bench::ns_per_operation : bench::millions_per_s,
            .slice_ns = 200 * 1000000,
            .warm_ns = 0,
            .rounds_max = 12};
}

static bench::add<nats_publish<64, false>> nats_64{nats_about("nats-js-64", "64 B frames into JetStream", false)};
static bench::add<nats_publish<1024, false>> nats_1k{nats_about("nats-js-1k", "1 KiB frames into JetStream", false)};
static bench::add<nats_publish<64, true>> nats_64_cpu{
    nats_about("nats-js-64-cpu", "64 B frames into JetStream: the publisher's processor time", true)};
static bench::add<nats_publish<1024, true>> nats_1k_cpu{
    nats_about("nats-js-1k-cpu", "1 KiB frames into JetStream: the publisher's processor time", true)};
