/* SPDX-License-Identifier: MIT */
/* The layout of what the public headers show is the one that tests/abi.h lists: checked while this compiles, as C and as C++. */
#include <leat/base.h>
#include <leat/channel.h>
#include <leat/conflate.h>
#include <leat/fanout.h>
#include <leat/mailbox.h>
#include <leat/msg.h>
#include <leat/os.h>
#include <leat/overwrite.h>
#include <leat/pipe.h>
#include <leat/pool.h>
#include <leat/record.h>
#include <leat/recorder.h>
#include <leat/ring.h>
#include <stdio.h>

#ifdef __cplusplus
#define LEAT_ABI_ASSERT static_assert
#pragma GCC diagnostic ignored "-Winvalid-offsetof" /* a member of C++'s atomics does not move the others */
#else
#define LEAT_ABI_ASSERT _Static_assert
#endif
#define LEAT_ABI_SIZE(type, bytes) LEAT_ABI_ASSERT(sizeof(type) == (bytes), #type);
#define LEAT_ABI_AT(type, member, bytes) LEAT_ABI_ASSERT(offsetof(type, member) == (bytes), #type " " #member);
#define LEAT_ABI_VALUE(name, value) LEAT_ABI_ASSERT((name) == (value), #name);

#if __SIZEOF_POINTER__ == 8
#include "abi.h"
#endif

int main(void)
{
    puts("it compiled: the layout is the one listed");
    return 0;
}
