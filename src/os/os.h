/* SPDX-License-Identifier: MIT */
/*
 * src/os/os.h: the port: the few calls to Linux that more than one file of this part needs. Nobody else includes it.
 */
#ifndef LEAT_OS_PORT_H
#define LEAT_OS_PORT_H

#include <leat/base.h>

struct timespec;

/* Returns the size of a page, bytes. */
int64_t leat_port_page_bytes(void);

/* *time is the same moment; `ns` from 0 up. */
void leat_port_timespec(int64_t ns, struct timespec *time);

/* Returns what ppoll wants for an absolute deadline: NULL waits for ever, else `left` is set; 0 where the deadline is past or 0. */
const struct timespec *leat_port_time_left(struct timespec *left, int64_t deadline_ns);

/*
 * Sleeps while *word == seen, at most until deadline_ns (CLOCK_MONOTONIC; at or below 0: does not sleep).
 * Returns 0 woken, changed or interrupted; -ETIMEDOUT when the deadline passed.
 */
int leat_port_futex_wait(const LEAT_ATOMIC(uint32_t) * word, uint32_t seen, int64_t deadline_ns);

/* Up to `count` threads of this process that sleep on the word run again. Safe in a signal handler; leaves errno alone. */
void leat_port_futex_wake(const LEAT_ATOMIC(uint32_t) * word, int count);

#endif
