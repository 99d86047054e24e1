/* SPDX-License-Identifier: MIT */
/*
 * step.c: a single-stepper for x86-64. The child runs to its first mark (an int3) at full speed; from there the parent steps it from
 * instruction to instruction and looks at each before it runs, until it finds the second mark.
 */
#define _GNU_SOURCE
#include "step.h"

#if defined(__linux__) && defined(__x86_64__)

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { UNKNOWN, PLAIN, LOCKED, MARK };
enum { PLACES = 1 << 16 };

/* What was found at an address: code does not change while it is stepped through. */
static struct place {
    uint64_t at;
    enum kind kind;
} places[PLACES];

void leat_cost_mark(void)
{
    __asm__ volatile("int3" ::: "memory");
}

/* Looks past the prefixes at the operation. 16 bytes are one more than the longest instruction has. */
static enum kind decode(const unsigned char code[16])
{
    int at = 0;
    bool other = false; /* a prefix that makes something else of 0F AE */
    for (; at < 13; at++) {
        unsigned char c = code[at];
        if (c == 0xF0) {
            return LOCKED;
        }
        if (c == 0x66 || c == 0xF2 || c == 0xF3) {
            other = true;
        } else if (c != 0x2E && c != 0x36 && c != 0x3E && c != 0x26 && c != 0x64 && c != 0x65 && c != 0x67) {
            break;
        }
    }
    if ((code[at] & 0xF0) == 0x40) { /* REX */
        at++;
    }
    if (code[at] == 0x86 || code[at] == 0x87) { /* xchg locks by itself when one side is memory */
        return code[at + 1] >> 6 == 3 ? PLAIN : LOCKED;
    }
    if (code[at] == 0x0F && code[at + 1] == 0xAE && (code[at + 2] & 0xF8) == 0xF0 && !other) { /* mfence */
        return LOCKED;
    }
    return code[at] == 0xCC ? MARK : PLAIN;
}

static enum kind look(pid_t child, uint64_t rip)
{
    struct place *place = &places[(rip ^ rip >> 16) % PLACES];
    if (place->at != rip || place->kind == UNKNOWN) {
        unsigned char code[16] = {0};
        for (size_t i = 0; i < sizeof code; i += sizeof(long)) {
            errno = 0;
            long word = ptrace(PTRACE_PEEKTEXT, child, (void *)(rip + i), NULL);
            if (errno != 0) { /* the end of a mapping, past the instruction */
                break;
            }
            memcpy(code + i, &word, sizeof word);
        }
        *place = (struct place){rip, decode(code)};
    }
    return place->kind;
}

/* Returns whether the child stopped with that signal. */
static bool stopped(pid_t child, int wanted)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFSTOPPED(status) && WSTOPSIG(status) == wanted;
}

static int64_t count_locked(pid_t child)
{
    if (!stopped(child, SIGSTOP) || ptrace(PTRACE_CONT, child, NULL, NULL) != 0 || !stopped(child, SIGTRAP)) {
        return -2;
    }
    for (int64_t locked = 0;;) {
        errno = 0;
        long rip = ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user_regs_struct, rip), NULL);
        enum kind kind = errno == 0 ? look(child, (uint64_t)rip) : UNKNOWN;
        if (kind == MARK) {
            return locked;
        }
        locked += kind == LOCKED;
        if (kind == UNKNOWN || ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || !stopped(child, SIGTRAP)) {
            return -2;
        }
    }
}

/* Both on one processor: they never run at once, and a switch there is many times cheaper than waking another processor. */
static void stay_here(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    int cpu = sched_getcpu();
    if (cpu >= 0) {
        CPU_SET((size_t)cpu, &here);
        sched_setaffinity(0, sizeof here, &here);
    }
}

int64_t leat_cost_step(void (*work)(void))
{
    stay_here();
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            perror("leat-cost: ptrace");
            _exit(1);
        }
        raise(SIGSTOP);
        work();
        _exit(0);
    }
    if (child < 0) {
        perror("leat-cost: fork");
        return -2;
    }
    int64_t locked = count_locked(child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (locked < 0) {
        fprintf(stderr, "leat-cost: the work did not run from its first mark to its second, or may not be traced\n");
    }
    return locked;
}

#else

void leat_cost_mark(void)
{
}

int64_t leat_cost_step(void (*work)(void))
{
    (void)work;
    return -1;
}

#endif
