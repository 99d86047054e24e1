/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) on the pool's slow paths, for perf, bpftrace and SystemTap: a no-operation each until somebody looks. The build
 * defines LEAT_USDT where <sys/sdt.h> is there (Debian: systemtap-sdt-dev).
 *
 *   leat:pool_grow(pool, slabs held)      leat:pool_shut(pool, blocks out): caches are taken back      leat:pool_refused(pool, why)
 *   leat:pool_trim(pool, bytes given back)      leat:pool_fault(pool, block, kind)
 */
#ifndef LEAT_POOL_PROBE_H
#define LEAT_POOL_PROBE_H

#ifdef LEAT_USDT
#include <sys/sdt.h>
#define POOL_PROBE(name, pool, value) DTRACE_PROBE2(leat, pool_##name, pool, value)
#define POOL_PROBE3(name, pool, value, more) DTRACE_PROBE3(leat, pool_##name, pool, value, more)
#else
#define POOL_PROBE(name, pool, value) ((void)0)
#define POOL_PROBE3(name, pool, value, more) ((void)0)
#endif

#endif
