/* SPDX-License-Identifier: MIT */
/* start.c: from reset to main on an emulated Cortex-M, and out again by semihosting. With -DNEWLIB the C library is made ready, too. */
#include "bare.h"

#include <string.h>

extern unsigned char data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_end[]; /* from sections.ld */
int main(void);

static intptr_t semihost(intptr_t operation, const void *argument)
{
    register intptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void bare_print(const char *text)
{
    semihost(4, text); /* SYS_WRITE0 */
}

void bare_print_number(uint32_t number)
{
    char text[11], *at = text + sizeof text - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
    } while ((number /= 10) != 0);
    bare_print(at);
}

_Noreturn void bare_exit(int status)
{
    for (;;) {
        semihost(0x18, (const void *)(uintptr_t)(status == 0 ? 0x20026 : 0x20023)); /* SYS_EXIT: ApplicationExit, RunTimeError */
    }
}

static void trouble(void)
{
    bare_print("a fault of the processor\n");
    bare_exit(1);
}

__attribute__((weak)) void bare_tick(void)
{
    bare_exit(1);
}

void bare_reset(void);
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    [0] = (uintptr_t)stack_end, [1] = (uintptr_t)bare_reset, [2] = (uintptr_t)trouble, [3] = (uintptr_t)trouble,
    [4] = (uintptr_t)trouble,   [5] = (uintptr_t)trouble,    [6] = (uintptr_t)trouble, [11] = (uintptr_t)trouble,
    [14] = (uintptr_t)trouble,  [15] = (uintptr_t)bare_tick,
};

#ifdef NEWLIB
#include <stdlib.h>

extern char **environ;
void initialise_monitor_handles(void);
void _init(void);
void _init(void)
{
}
void _fini(void);
void _fini(void)
{
}
#endif

void bare_reset(void)
{
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
#ifdef NEWLIB
    static char items[] = "LEAT_TEST_ITEMS=" BARE_ITEMS, seed[] = "LEAT_TEST_SEED=1", *all[] = {items, seed, NULL};
    environ = all;
    initialise_monitor_handles();
    exit(main());
#else
    bare_exit(main());
#endif
}
