/* SPDX-License-Identifier: MIT */
/* What is called as malloc and free are: two functions, any thread, no limit. */
template <size_t Bytes, void *(*Alloc)(size_t), void (*Free)(void *)> struct plain {
    static constexpr bool many = false, two_threads = true, limited = false;

    plain(int64_t, bool)
    {
    }
    BENCH_INLINE void *alloc(int)
    {
        return Alloc(Bytes);
    }
    BENCH_INLINE void free(int, void *block)
    {
        Free(block);
    }
};
