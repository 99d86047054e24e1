/* SPDX-License-Identifier: MIT */
/* cpus.c: how many processors there are to run on beside this one. */
#include <leat/os.h>

#include <unistd.h>

int64_t leat_os_cpus(void)
{
    int64_t count = (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? count : 1;
}
