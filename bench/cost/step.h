/* SPDX-License-Identifier: MIT */
/* step.h: runs a piece of work in a child and looks at every instruction of it. */
#ifndef LEAT_COST_STEP_H
#define LEAT_COST_STEP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * work() calls leat_cost_mark() once where the counting begins and once where it ends. Returns how many instructions in between lock the
 * bus (a LOCK prefix, xchg with memory, mfence); -1: this machine's instructions are not known here; -2: the child failed or could not
 * be traced, and standard error says why.
 */
int64_t leat_cost_step(void (*work)(void));

/* Stops the process where it is traced; elsewhere it must not be called. */
void leat_cost_mark(void);

#endif
