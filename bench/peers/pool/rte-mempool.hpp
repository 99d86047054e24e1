/* SPDX-License-Identifier: MIT */
/*
 * DPDK's mempool, without huge pages and devices, with its largest cache (512) for each thread. The caches are passed, as leat-handle's
 * are: the quickest way, and the threads need not be DPDK's own. With a limit it has none, since what lies in caches would be refused.
 * needs: package=libdpdk-dev header=dpdk/rte_mempool.h pkgconfig=libdpdk
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvolatile"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <rte_eal.h>
#include <rte_mempool.h>
#pragma GCC diagnostic pop

#include <cstdio>
#include <sched.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "all memory taken when it is created, no huge pages"};

/* Starts DPDK at the first call. It pins the calling thread, which is pinned already, and not to be moved. */
static bool dpdk_started()
{
    static const bool started = [] {
        char name[] = "worker", huge[] = "--no-huge", memory[] = "-m", megabytes[] = "4096", pci[] = "--no-pci", conf[] = "--no-shconf",
             telemetry[] = "--no-telemetry", quiet[] = "--log-level=*:1", core[64];
        char *arguments[] = {name, huge, memory, megabytes, pci, conf, telemetry, quiet, core, nullptr};
        cpu_set_t pins;
        sched_getaffinity(0, sizeof(pins), &pins);
        snprintf(core, sizeof(core), "--lcores=0@%d", sched_getcpu());
        int rc = rte_eal_init(9, arguments);
        sched_setaffinity(0, sizeof(pins), &pins);
        return rc >= 0;
    }();
    return started;
}

template <size_t Bytes> struct peer {
    static constexpr bool many = true, two_threads = true, limited = true;

    rte_mempool *pool = nullptr;
    rte_mempool_cache *caches[2] = {nullptr, nullptr};

    /* What two caches may hold comes on top, so that they always find a cacheful behind them. */
    peer(int64_t most, bool exact)
    {
        constexpr unsigned spare = 8 * RTE_MEMPOOL_CACHE_MAX_SIZE;
        if (!dpdk_started()) {
            throw bench::failure{"DPDK does not start"};
        }
        pool = rte_mempool_create("bench", unsigned(most) + (exact ? 0 : spare), Bytes, 0, 0, nullptr, nullptr, nullptr, nullptr,
                                  SOCKET_ID_ANY, 0);
        for (int side = 0; side < 2 && !exact; side++) {
            caches[side] = rte_mempool_cache_create(RTE_MEMPOOL_CACHE_MAX_SIZE, SOCKET_ID_ANY);
        }
        if (pool == nullptr || (!exact && (caches[0] == nullptr || caches[1] == nullptr))) {
            throw bench::failure{"no pool to be had"};
        }
    }
    ~peer()
    {
        for (rte_mempool_cache *cache : caches) {
            if (cache != nullptr) {
                rte_mempool_cache_flush(cache, pool);
                rte_mempool_cache_free(cache);
            }
        }
        rte_mempool_free(pool);
    }
    BENCH_INLINE void *alloc(int side)
    {
        void *block;
        return rte_mempool_generic_get(pool, &block, 1, caches[side]) == 0 ? block : nullptr;
    }
    BENCH_INLINE void free(int side, void *block)
    {
        rte_mempool_generic_put(pool, &block, 1, caches[side]);
    }
    BENCH_INLINE int alloc_many(int side, void **blocks, int count)
    {
        return rte_mempool_generic_get(pool, blocks, unsigned(count), caches[side]) == 0 ? count : 0;
    }
    BENCH_INLINE void free_many(int side, void **blocks, int count)
    {
        rte_mempool_generic_put(pool, blocks, unsigned(count), caches[side]);
    }
};
