/* SPDX-License-Identifier: MIT */
/* What the kernel takes: to be called at all, and to put one thread to sleep and wake it from another core. */
#include "cases/pipe/support/flow.hpp"

struct bare_syscall {
    void first(bench::slice &s)
    {
        const long parent = getppid();
        long others = 0;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                others += syscall(SYS_getppid) != parent;
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        s.wrong = others == 0 ? s.wrong : "another parent";
    }
};

/* A one-way road to a sleeper: a number is sent, the other side sleeps until it comes. */
class futex_way
{
    alignas(128) std::atomic<uint32_t> word{0}; /* 0: nothing there */

  public:
    void send(uint32_t number)
    {
        word.store(number, std::memory_order_release);
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
    uint32_t receive()
    {
        uint32_t number;
        do {
            syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0); /* without a look before: it sleeps if it can */
        } while ((number = word.load(std::memory_order_acquire)) == 0);
        word.store(0, std::memory_order_relaxed); /* relaxed: the sender waits for the answer to this one */
        return number;
    }
};

class eventfd_way
{
    int fd = eventfd(0, EFD_CLOEXEC);

  public:
    eventfd_way()
    {
        if (fd < 0) {
            throw bench::failure{"no eventfd to be had"};
        }
    }
    ~eventfd_way()
    {
        close(fd);
    }
    void send(uint64_t number)
    {
        while (write(fd, &number, sizeof(number)) != sizeof(number)) {
        }
    }
    uint32_t receive()
    {
        uint64_t number;
        while (read(fd, &number, sizeof(number)) != sizeof(number)) {
        }
        return uint32_t(number);
    }
};

template <class Way> struct asleep {
    static constexpr uint32_t end = UINT32_MAX;
    Way there, back;
    durations trips{1 << 17};

    void first(bench::slice &s)
    {
        uint32_t number = 0;
        const uint64_t begun = ticks();
        s.start_ns = bench::now_ns();
        uint64_t before = begun;
        do {
            there.send(++number);
            if (back.receive() != number) {
                s.wrong = "another number came back";
            }
            uint64_t after = ticks();
            trips.add(after - before);
            before = after;
            s.end_ns = bench::now_ns(); /* each time: a trip may take long */
        } while (s.end_ns - s.start_ns < s.length_ns);
        const uint64_t elapsed = ticks() - begun;
        there.send(end);
        s.operations = number;
        trips.report(s, elapsed);
    }

    void second(bench::slice &s)
    {
        uint32_t number;
        while ((number = there.receive()) != end) {
            back.send(number);
            s.operations++;
        }
    }
};

#define LIMIT_SLEEP_RULES(call)                                                                                      \
    "one thread sends a number and waits for it to come back, the other sends back what it gets; both wait in " call \
    ", without a look before; each trip is timed: median and 99th percentile"
static bench::add<bare_syscall> one_syscall{
    {"limit-syscall", "a system call", "one thread asks the kernel for its parent, by syscall(2)", "call", bench::ns_per_operation}};
static bench::add<asleep<futex_way>> futex_there_and_back{{.name = "limit-futex",
                                                           .title = "there and back by futex, both asleep",
                                                           .rules = LIMIT_SLEEP_RULES("futex(2)"),
                                                           .what = "round trip",
                                                           .in = bench::ns_per_operation,
                                                           .slice_ns = 40 * 1000000,
                                                           .warm_ns = 2 * 1000000}};
static bench::add<asleep<eventfd_way>> eventfd_there_and_back{{.name = "limit-eventfd",
                                                               .title = "there and back by eventfd, both asleep",
                                                               .rules = LIMIT_SLEEP_RULES("a read(2) of an eventfd that blocks"),
                                                               .what = "round trip",
                                                               .in = bench::ns_per_operation,
                                                               .slice_ns = 40 * 1000000,
                                                               .warm_ns = 2 * 1000000}};
