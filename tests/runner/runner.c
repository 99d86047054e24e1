/* SPDX-License-Identifier: MIT */
/* runner.c: runs a group of tests and counts them. */
#include "cmocka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum end { PASSED, FAILED, SKIPPED, ENDS };

/* Of the thread that runs the tests; NULL elsewhere, so that a thread of a test's own does not jump into a stack that is not its own. */
#if __STDC_HOSTED__
static _Thread_local jmp_buf *running;
#else
static jmp_buf *running;
#endif

static _Noreturn void end_test(enum end end)
{
    fflush(stdout);
    if (running == NULL)
        exit(1);
    longjmp(*running, (int)end);
}

_Noreturn void runner_skip(const char *why, const char *file, int line)
{
    printf("  skipped, %s (%s:%d)\n", why, file, line);
    end_test(SKIPPED);
}

_Noreturn void runner_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s:%d: FAILED: ", file, line);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    end_test(FAILED);
}

void print_message(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

void runner_int_equal(uintmax_t left, uintmax_t right, bool wanted, const char *file, int line)
{
    if ((left == right) != wanted)
        runner_fail(file, line, "0x%llx %s 0x%llx", (unsigned long long)left, wanted ? "is not" : "is", (unsigned long long)right);
}

void runner_in_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *file, int line)
{
    if (value < least || value > most)
        runner_fail(file, line, "%llu is not in %llu .. %llu", (unsigned long long)value, (unsigned long long)least,
                    (unsigned long long)most);
}

void runner_memory_equal(const void *left, const void *right, size_t bytes, const char *file, int line)
{
    const unsigned char *l = left, *r = right;
    for (size_t i = 0; i < bytes; i++) {
        if (l[i] != r[i])
            runner_fail(file, line, "byte %lu of %lu: %02x is not %02x", (unsigned long)i, (unsigned long)bytes, l[i], r[i]);
    }
}

void runner_string_equal(const char *left, const char *right, bool wanted, const char *file, int line)
{
    if ((strcmp(left, right) == 0) != wanted)
        runner_fail(file, line, "\"%s\" %s \"%s\"", left, wanted ? "is not" : "is", right);
}

int runner_run(const char *name, const struct CMUnitTest *tests, size_t count, int (*setup)(void **state), int (*teardown)(void **state))
{
    int ended[ENDS] = {0};
    void *state = NULL;
    if (setup != NULL && setup(&state) != 0) {
        printf("runner: %s: setup failed\n", name);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        jmp_buf back;
        volatile size_t at = i;
        printf("%s\n", tests[i].name);
        fflush(stdout);
        running = &back;
        int end = setjmp(back);
        if (end == PASSED)
            tests[i].run(&state);
        running = NULL;
        i = at;
        ended[end]++;
        if (end == FAILED)
            printf("  failed: %s\n", tests[i].name);
    }
    if (teardown != NULL && teardown(&state) != 0) {
        printf("  failed: teardown\n");
        ended[FAILED]++;
    }
    printf("runner: %s: %d passed, %d skipped, %d failed\n", name, ended[PASSED], ended[SKIPPED], ended[FAILED]);
    fflush(stdout);
    return ended[FAILED];
}
