/* SPDX-License-Identifier: MIT */
#include <leat/base.h>

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

const char *leat_version(void)
{
    return TEXT(LEAT_VERSION_MAJOR) "." TEXT(LEAT_VERSION_MINOR) "." TEXT(LEAT_VERSION_PATCH);
}
