/* SPDX-License-Identifier: MIT */
/* Compiled with the core by a test that expects tools/check-symbols to refuse it. */
#include <stdlib.h>

void *leat_planted(void);

void *leat_planted(void)
{
    return malloc(64);
}
