/* SPDX-License-Identifier: MIT */
/* The worker's threads are pinned, and what begins inherits that: while one of these lives, threads and processes may run on any core. */
#ifndef BENCH_EVERYWHERE_HPP
#define BENCH_EVERYWHERE_HPP

#include <cstring>
#include <sched.h>

namespace bench
{

struct everywhere {
    cpu_set_t before;

    everywhere()
    {
        cpu_set_t all;
        sched_getaffinity(0, sizeof(before), &before);
        memset(&all, 0xff, sizeof(all));
        sched_setaffinity(0, sizeof(all), &all);
    }
    everywhere(const everywhere &) = delete;
    ~everywhere()
    {
        sched_setaffinity(0, sizeof(before), &before);
    }
};

} // namespace bench
#endif
