/* SPDX-License-Identifier: MIT */
/*
 * The processors that this thread may use.
 */
#define _GNU_SOURCE
#include <leat/os.h>

#include <sched.h>
#include <unistd.h>

int64_t leat_os_cpus(void)
{
    cpu_set_t allowed;
    int64_t count = 0;

    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        count = CPU_COUNT(&allowed);
    } else {
        count = (int64_t)sysconf(_SC_NPROCESSORS_ONLN); /* a machine with more processors than a cpu_set_t has bits */
    }
    return count > 0 ? count : 1;
}
