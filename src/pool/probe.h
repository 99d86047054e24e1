/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) on the pool's slow paths, for perf, bpftrace and SystemTap: a no-operation each until somebody looks. The build
 * defines LEAT_USDT where <sys/sdt.h> is there (Debian: systemtap-sdt-dev).
 *
 *   leat:pool_grow(pool, slabs held)      leat:pool_shut(pool, blocks out): caches are taken back      leat:pool_refused(pool, why)
 *   leat:pool_trim(pool, bytes given back)      leat:pool_fault(pool, kind, block)
 */
#ifndef LEAT_POOL_PROBE_H
#define LEAT_POOL_PROBE_H
#pragma GCC system_header /* what the macros of sdt.h expand to is not C11 to the letter */

#ifdef LEAT_USDT
#include <sys/sdt.h>
#define POOL_PROBE(name, pool, value, more) DTRACE_PROBE3(leat, name, pool, value, more)
#else
#define POOL_PROBE(name, pool, value, more) ((void)(pool), (void)(value), (void)(more))
#endif

static inline void leat_pool_probe_grow(const void *pool, size_t slabs)
{
    POOL_PROBE(pool_grow, pool, slabs, 0);
}

static inline void leat_pool_probe_shut(const void *pool, size_t out)
{
    POOL_PROBE(pool_shut, pool, out, 0);
}

static inline void leat_pool_probe_refused(const void *pool, int why)
{
    POOL_PROBE(pool_refused, pool, why, 0);
}

static inline void leat_pool_probe_trim(const void *pool, int64_t bytes)
{
    POOL_PROBE(pool_trim, pool, bytes, 0);
}

static inline void leat_pool_probe_fault(const void *pool, int kind, const void *block)
{
    POOL_PROBE(pool_fault, pool, kind, block);
}

#endif
