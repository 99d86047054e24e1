/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <leat/os.h>
#include <string.h>

const char *leat_os_error(int error)
{
#ifdef __GLIBC__
    const char *text = strerrordesc_np(error);
#else /* musl's is a constant, too */
    const char *text = strerror(error);
#endif
    return text ? text : "unknown error";
}
