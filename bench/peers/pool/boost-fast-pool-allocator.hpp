/* SPDX-License-Identifier: MIT */
/*
 * boost::fast_pool_allocator, one element at a time, as a std::list uses it; its own settings. The pool behind it lives as long as the
 * process and is emptied for every slice.
 * needs: package=libboost-dev header=boost/pool/pool_alloc.hpp
 */
#include <boost/pool/pool_alloc.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "a mutex around every call"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = true, limited = false;

    struct element {
        alignas(16) unsigned char bytes[Bytes];
    };
    using allocator = boost::fast_pool_allocator<element>;

    peer(int64_t, bool)
    {
    }
    ~peer()
    {
        boost::singleton_pool<boost::fast_pool_allocator_tag, sizeof(element), typename allocator::user_allocator,
                              typename allocator::mutex, allocator::next_size>::purge_memory();
    }
    BENCH_INLINE void *alloc(int)
    {
        return allocator::allocate();
    }
    BENCH_INLINE void free(int, void *block)
    {
        allocator::deallocate(static_cast<element *>(block));
    }
};
