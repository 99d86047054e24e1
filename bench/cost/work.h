/* SPDX-License-Identifier: MIT */
/* work.h: the operations whose cost is counted, and what their files share. */
#ifndef LEAT_COST_WORK_H
#define LEAT_COST_WORK_H

#include <leat/os.h>
#include <leat/pipe.h>

/*
 * One kind of work. Either run (so many operations, the same instructions each time the program runs) or memory (bytes held per item,
 * with so many items inside) is set. What `ready` made is not given back: the process ends.
 */
struct operation {
    const char *name;
    const char *about;
    void (*ready)(void);
    void (*run)(int64_t count);
    double (*memory)(int64_t count);
    int64_t round; /* counts are multiples of this, so that every run begins at the same point of a cycle */
    bool threads;  /* two threads: instructions differ from run to run, system calls must not */
};

extern const struct operation *const leat_cost_pool, *const leat_cost_flow, *const leat_cost_format; /* each ends with a NULL name */

/* Ends the program with a line on standard error. */
_Noreturn void leat_cost_die(const char *text);

/* A pool without a limit, as leat_os_pool_config() has it. */
struct leat_pool *leat_cost_new_pool(int64_t block_bytes);

/* The compiler must believe that somebody looks at what `pointer` points to. */
#define USE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

#define REQUIRE(condition, text)           \
    do {                                   \
        if (LEAT_UNLIKELY(!(condition))) { \
            leat_cost_die(text);           \
        }                                  \
    } while (0)

#endif
