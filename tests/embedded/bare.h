/* SPDX-License-Identifier: MIT */
/* bare.h: what programs on an emulated Cortex-M have in place of an operating system. */
#ifndef LEAT_TESTS_BARE_H
#define LEAT_TESTS_BARE_H

#include <stddef.h>
#include <stdint.h>

void bare_print(const char *text);
void bare_print_number(uint32_t number);
_Noreturn void bare_exit(int status);

/* The program's handler of SysTick. */
void bare_tick(void);

/* SysTick: so many cycles to the next tick, and to all after it; 0: none. A tick that came meanwhile is forgotten. */
static inline void bare_tick_every(uint32_t cycles)
{
    volatile uint32_t *systick = (volatile uint32_t *)0xe000e010u; /* control, reload, current */
    systick[0] = 0;
    systick[1] = cycles;
    systick[2] = 0;
    *(volatile uint32_t *)0xe000ed04u = UINT32_C(1) << 25; /* PENDSTCLR */
    systick[0] = cycles != 0 ? 7 : 0;                      /* the processor's clock, an interrupt, on */
}

/* Sleeps until an interrupt, unless *woken; no interrupt comes unseen in between. */
static inline void bare_sleep(const volatile uint32_t *woken)
{
    __asm__ volatile("cpsid i" ::: "memory");
    if (!*woken) {
        __asm__ volatile("wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i" ::: "memory");
}

#endif
