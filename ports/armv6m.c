/* SPDX-License-Identifier: MIT */
/*
 * armv6m.c: the atomic operations that a Cortex-M0 or M0+ has no instructions for, to be linked beside the core (or leat.c).
 *
 * ARMv6-M loads and stores a word in one piece, and that is all: gcc calls these functions for the rest. They mask interrupts for the few
 * instructions between the load and the store; on a machine with one core nobody else is there. An operation that an interrupt handler
 * makes is as good as one of a task. Not for a part with two such cores (RP2040): mask there means nothing to the other core.
 */
#include <stdbool.h>
#include <stdint.h>

#ifndef __ARM_ARCH_6M__
#error "this machine has instructions of its own for it"
#endif

static inline uint32_t mask(void)
{
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}

/* As it was before, so that a caller who had masked interrupts himself keeps them so. */
static inline void unmask(uint32_t before)
{
    __asm__ volatile("msr primask, %0" ::"r"(before) : "memory");
}

/* The names are gcc's own, of builtins with other prototypes, so they stand in the assembler's text only. */
#define OPERATION(name, expression)                                                                              \
    uint32_t leat_armv6m_##name(volatile void *word, uint32_t value, int order) __asm__("__atomic_" #name "_4"); \
    uint32_t leat_armv6m_##name(volatile void *word, uint32_t value, int order)                                  \
    {                                                                                                            \
        volatile uint32_t *at = word;                                                                            \
        (void)order;                                                                                             \
        uint32_t before = mask(), seen = *at;                                                                    \
        *at = (expression);                                                                                      \
        unmask(before);                                                                                          \
        return seen;                                                                                             \
    }
OPERATION(exchange, value)
OPERATION(fetch_add, seen + value)
OPERATION(fetch_sub, seen - value)
OPERATION(fetch_or, seen | value)
OPERATION(fetch_and, seen &value)

bool leat_armv6m_cas(volatile void *word, void *expected, uint32_t desired, bool weak, int success,
                     int failure) __asm__("__atomic_compare_exchange_4");
bool leat_armv6m_cas(volatile void *word, void *expected, uint32_t desired, bool weak, int success, int failure)
{
    volatile uint32_t *at = word;
    uint32_t *wanted = expected;
    (void)weak, (void)success, (void)failure;
    uint32_t before = mask(), seen = *at;
    if (seen == *wanted) {
        *at = desired;
        unmask(before);
        return true;
    }
    unmask(before);
    *wanted = seen;
    return false;
}
