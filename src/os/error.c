/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <leat/os.h>

const char *leat_os_error(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}
