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

/* Where the program lies is known from now on: leat_port_in_program() may be asked, in signal handlers too. */
void leat_port_find_program(void);

/* Whether a return address is one of the program's, and its offset in there. */
bool leat_port_in_program(const void *place, uintptr_t *offset);

/* One thread at a time may ask for names, and none while the process forks. */
void leat_port_names_lock(void);
void leat_port_names_unlock(void);

/* The name of a return address, as good as it can be had between the other two; locked. */
void leat_port_names_begin(void);
void leat_port_name(const void *place, char *text, size_t bytes);
void leat_port_names_end(void);

/* leat_host.places: the calling thread's return addresses. */
int leat_port_places(void *context, const void **places, int room);

/* Does the process run under AddressSanitizer or valgrind? And leat_host.watch, for then. */
bool leat_port_watched(void);
void leat_port_watch(void *context, enum leat_watch event, const void *pool, void *memory, int64_t bytes);

#endif
