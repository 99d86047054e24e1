/* SPDX-License-Identifier: MIT */
/*
 * leat/leat.hpp: the pool in C++17: operator new and delete for a class, allocators for containers, a std::pmr resource, a pool of objects.
 *
 * What is said of threads in leat/pool.h holds: any thread may allocate, and another may give back. All of it goes by the plain calls,
 * inlined. Errors: std::bad_alloc where there is no block to be had, std::invalid_argument for a configuration that is refused.
 */
#ifndef LEAT_LEAT_HPP
#define LEAT_LEAT_HPP

/* In C a struct and a function may share a name; g++ warns of it under -Wshadow. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <leat/os.h>
#include <leat/pool.h>
#pragma GCC diagnostic pop

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace leat
{

namespace detail
{

/* Never NULL: throws std::bad_alloc, or std::invalid_argument with the reason. */
inline leat_pool *create(leat_pool_config config)
{
    leat_error error{};
    leat_pool *made = nullptr;
    config.error = &error;
    const int rc = leat_pool_create(&made, &config);
    if (rc == -EINVAL) {
        throw std::invalid_argument(error.text);
    }
    if (rc != 0) {
        throw std::bad_alloc();
    }
    return made;
}

constexpr std::size_t round_up(std::size_t value, std::size_t to)
{
    return (value + to - 1) / to * to;
}

constexpr std::size_t pooled_bytes_most = std::size_t(1) << 20; /* larger ones are the global heap's */
constexpr std::size_t pooled_align_most = std::size_t(2) << 20;

/*
 * The process's pool of blocks of that size and alignment, one for all its libraries: made at its first use, never ended, so that static
 * objects may use it.
 */
template <std::size_t Bytes, std::size_t Align> LEAT_API leat_pool *shared()
{
    static leat_pool *const pool = [] {
        leat_pool_config config = leat_os_pool_config(std::int64_t(Bytes), 0);
        config.align = std::int64_t(Align);
        config.name = "leat::shared";
        return create(config);
    }();
    return pool;
}

template <std::size_t Bytes, std::size_t Align> constexpr bool fits = Bytes <= pooled_bytes_most &&Align <= pooled_align_most;
template <class T> constexpr std::size_t align_of = alignof(T) > 16 ? alignof(T) : 16;

template <class T> leat_pool *shared_for()
{
    return shared<round_up(sizeof(T), align_of<T>), align_of<T>>();
}

/* A block for one T; nullptr: none to be had. Throws std::bad_alloc when the pool itself cannot be made. */
template <class T> void *take()
{
    return leat_pool_alloc(shared_for<T>());
}

template <class T> void give(void *block) noexcept
{
    leat_pool_free(shared_for<T>(), block);
}

/* What the operators of a class do. A class derived from it, of another size, is the global heap's: its size tells, both ways. */
template <class T> constexpr bool is_own(std::size_t bytes, std::size_t align)
{
    return bytes == sizeof(T) && align <= align_of<T> && fits<sizeof(T), align_of<T>>;
}

template <class T> void *class_new(std::size_t bytes, std::size_t align)
{
    if (!is_own<T>(bytes, align)) {
        return align > __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? ::operator new(bytes, std::align_val_t(align)) : ::operator new(bytes);
    }
    void *block = take<T>();
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    return block;
}

template <class T> void *class_new_nothrow(std::size_t bytes, std::size_t align) noexcept
{
    try {
        return class_new<T>(bytes, align);
    } catch (...) {
        return nullptr;
    }
}

template <class T> void class_delete(void *block, std::size_t bytes, std::size_t align) noexcept
{
    if (is_own<T>(bytes, align)) {
        give<T>(block);
    } else if (align > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
        ::operator delete(block, std::align_val_t(align));
    } else {
        ::operator delete(block);
    }
}

/* A constructor threw under new (std::nothrow), and nobody says how large the object was: the pool is asked. */
template <class T> void class_delete_unsized(void *block, std::size_t align) noexcept
{
    if (leat_pool_owns(shared_for<T>(), block)) {
        give<T>(block);
    } else if (align > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
        ::operator delete(block, std::align_val_t(align));
    } else {
        ::operator delete(block);
    }
}

} // namespace detail

/*
 * In a class's public part: `new Class` and `delete` use blocks of sizeof(Class) from a pool of the process. Arrays stay the global heap's,
 * and so do classes derived from it that are larger. Delete through a base class needs a virtual destructor, as ever.
 */
#define LEAT_POOLED(Class)                                                                                \
    static void *operator new(std::size_t bytes)                                                          \
    {                                                                                                     \
        return ::leat::detail::class_new<Class>(bytes, 1);                                                \
    }                                                                                                     \
    static void *operator new(std::size_t bytes, std::align_val_t align)                                  \
    {                                                                                                     \
        return ::leat::detail::class_new<Class>(bytes, std::size_t(align));                               \
    }                                                                                                     \
    static void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept                         \
    {                                                                                                     \
        return ::leat::detail::class_new_nothrow<Class>(bytes, 1);                                        \
    }                                                                                                     \
    static void *operator new(std::size_t bytes, std::align_val_t align, const std::nothrow_t &) noexcept \
    {                                                                                                     \
        return ::leat::detail::class_new_nothrow<Class>(bytes, std::size_t(align));                       \
    }                                                                                                     \
    static void *operator new(std::size_t, void *place) noexcept                                          \
    {                                                                                                     \
        return place;                                                                                     \
    }                                                                                                     \
    static void operator delete(void *block, std::size_t bytes) noexcept                                  \
    {                                                                                                     \
        ::leat::detail::class_delete<Class>(block, bytes, 1);                                             \
    }                                                                                                     \
    static void operator delete(void *block, std::size_t bytes, std::align_val_t align) noexcept          \
    {                                                                                                     \
        ::leat::detail::class_delete<Class>(block, bytes, std::size_t(align));                            \
    }                                                                                                     \
    /* for a constructor that threw under new (std::nothrow) */                                           \
    static void operator delete(void *block, const std::nothrow_t &) noexcept                             \
    {                                                                                                     \
        ::leat::detail::class_delete_unsized<Class>(block, 1);                                            \
    }                                                                                                     \
    static void operator delete(void *block, std::align_val_t align, const std::nothrow_t &) noexcept     \
    {                                                                                                     \
        ::leat::detail::class_delete_unsized<Class>(block, std::size_t(align));                           \
    }                                                                                                     \
    static void operator delete(void *, void *) noexcept                                                  \
    {                                                                                                     \
    }                                                                                                     \
    static_assert(true, "so that a semicolon may follow")

/* The same as a base: class session : public leat::pooled<session>. */
template <class Class> struct pooled {
    LEAT_POOLED(Class);
};

/*
 * The owner of a pool. Move-only; empty after a move.
 *
 * The destructor cannot refuse as leat_pool_destroy() does: while blocks are live the pool is left behind, with its memory, after
 * config.leak was called. Whoever wants to know calls destroy().
 */
class pool
{
  public:
    explicit pool(const leat_pool_config &config) : self(detail::create(config))
    {
    }
    pool(std::size_t block_bytes, std::int64_t limit) : pool(leat_os_pool_config(std::int64_t(block_bytes), limit))
    {
    }
    pool(pool &&other) noexcept : self(std::exchange(other.self, nullptr))
    {
    }
    pool &operator=(pool &&other) noexcept
    {
        pool old(std::move(other));
        std::swap(self, old.self);
        return *this;
    }
    ~pool()
    {
        (void)leat_pool_destroy(self, nullptr);
    }

    /* The caller owns a block; nullptr: none to be had, leat_pool_why(get()) says why.   [thread: any] */
    void *alloc() noexcept
    {
        return leat_pool_alloc(self);
    }
    /* The pool owns it again; nullptr: nothing happens.   [thread: any] */
    void free(void *block) noexcept
    {
        leat_pool_free(self, block);
    }
    /* Returns 0 and is empty; or how many blocks are live, and nothing changed. */
    std::int64_t destroy() noexcept
    {
        std::int64_t live = 0;
        if (leat_pool_destroy(self, &live) == 0) {
            self = nullptr;
        }
        return live;
    }
    leat_pool *get() const noexcept
    {
        return self;
    }
    /* The caller owns the pool. */
    leat_pool *release() noexcept
    {
        return std::exchange(self, nullptr);
    }

  private:
    leat_pool *self;
};

/*
 * For containers of nodes (list, map, set, unordered_map): one T at a time comes from a pool of the process for its size, shared with all
 * types of that size. More than one, as vectors want them, is the global heap's. All allocators are equal.
 */
template <class T> struct allocator {
    using value_type = T;
    using is_always_equal = std::true_type;
    using propagate_on_container_move_assignment = std::true_type;

    allocator() noexcept = default;
    template <class U> allocator(const allocator<U> &) noexcept
    {
    }

    T *allocate(std::size_t count)
    {
        if constexpr (detail::fits<sizeof(T), detail::align_of<T>>) {
            if (count == 1) {
                void *block = detail::take<T>();
                if (block == nullptr) {
                    throw std::bad_alloc();
                }
                return static_cast<T *>(block);
            }
        }
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T *items, std::size_t count) noexcept
    {
        if constexpr (detail::fits<sizeof(T), detail::align_of<T>>) {
            if (count == 1) {
                detail::give<T>(items);
                return;
            }
        }
        std::allocator<T>().deallocate(items, count);
    }
    template <class U> friend bool operator==(const allocator &, const allocator<U> &) noexcept
    {
        return true;
    }
    template <class U> friend bool operator!=(const allocator &, const allocator<U> &) noexcept
    {
        return false;
    }
};

/*
 * A std::pmr::memory_resource of pools: 16-byte steps up to 128 bytes, then four to a doubling, up to 4096. What is larger, or aligned to
 * more than 16, is the upstream resource's. Thread-safe, unlike std::pmr::unsynchronized_pool_resource, and without a lock once a size was
 * used. A pool is made at the first use of its size.
 *
 * The destructor, and release(), take back every block that came from the pools, live or not, as the standard's pool resources do;
 * upstream's they do not know.
 */
class memory_resource : public std::pmr::memory_resource
{
  public:
    explicit memory_resource(std::pmr::memory_resource *upstream = std::pmr::get_default_resource()) noexcept : up(upstream)
    {
    }
    memory_resource(const memory_resource &) = delete;
    memory_resource &operator=(const memory_resource &) = delete;
    ~memory_resource() override
    {
        release();
    }

    /* Every block is gone.   [thread: any, no other may use the resource] */
    void release() noexcept
    {
        for (auto &pool : pools) {
            (void)leat_pool_destroy_all(pool.exchange(nullptr, std::memory_order_relaxed), nullptr, nullptr);
        }
    }
    std::pmr::memory_resource *upstream_resource() const noexcept
    {
        return up;
    }

  private:
    static constexpr std::size_t bytes_most = 4096, small_most = 128, classes = 8 + 5 * 4;

    static std::size_t class_of(std::size_t bytes) noexcept
    {
        if (bytes <= small_most) {
            return (bytes + (bytes == 0) - 1) / 16;
        }
        std::size_t log = 7;
        while ((bytes - 1) >> (log + 1) != 0) {
            log++;
        }
        return 8 + (log - 7) * 4 + ((bytes - 1) >> (log - 2)) - 4;
    }
    static std::size_t class_bytes(std::size_t index) noexcept
    {
        return index < 8 ? (index + 1) * 16 : (5 + (index - 8) % 4) << (5 + (index - 8) / 4);
    }
    leat_pool *make(std::size_t index)
    {
        const std::lock_guard<std::mutex> guard(making);
        leat_pool *pool = pools[index].load(std::memory_order_relaxed); /* under the lock */
        if (pool == nullptr) {
            leat_pool_config config = leat_os_pool_config(std::int64_t(class_bytes(index)), 0);
            config.name = "leat::memory_resource";
            pool = detail::create(config);
            pools[index].store(pool, std::memory_order_release); /* meets the loads in do_allocate and do_deallocate */
        }
        return pool;
    }
    void *do_allocate(std::size_t bytes, std::size_t align) override
    {
        if (bytes > bytes_most || align > 16) {
            return up->allocate(bytes, align);
        }
        const std::size_t index = class_of(bytes);
        leat_pool *pool = pools[index].load(std::memory_order_acquire);
        void *block = leat_pool_alloc(pool != nullptr ? pool : make(index));
        if (block == nullptr) {
            throw std::bad_alloc();
        }
        return block;
    }
    void do_deallocate(void *block, std::size_t bytes, std::size_t align) override
    {
        if (bytes > bytes_most || align > 16) {
            up->deallocate(block, bytes, align);
        } else {
            leat_pool_free(pools[class_of(bytes)].load(std::memory_order_acquire), block);
        }
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        return this == &other;
    }

    std::pmr::memory_resource *up;
    std::atomic<leat_pool *> pools[classes] = {};
    std::mutex making;
};

/*
 * Objects of one class in a pool of their own. What still lives when the pool ends is destroyed, in O(n); pointers to it must not be used
 * any more, and a unique_ptr that still has one must have released it. T's destructor must not use this pool then.
 * Source: Boost's object_pool
 */
template <class T> class object_pool
{
  public:
    struct deleter {
        leat_pool *pool;
        void operator()(T *object) const noexcept
        {
            object->~T();
            leat_pool_free(pool, object);
        }
    };
    using pointer = std::unique_ptr<T, deleter>;

    explicit object_pool(std::int64_t limit = 0) : object_pool(leat_os_pool_config(std::int64_t(sizeof(T)), limit))
    {
    }
    /* block_bytes and align are the class's. */
    explicit object_pool(leat_pool_config config) : self(detail::create(for_objects(config)))
    {
    }
    object_pool(const object_pool &) = delete;
    object_pool &operator=(const object_pool &) = delete;
    ~object_pool()
    {
        (void)leat_pool_destroy_all(
            self, [](void *, void *block) { static_cast<T *>(block)->~T(); }, nullptr);
    }

    /* A new object, which destroy() or the pool's end destroys; throws std::bad_alloc, and what the constructor throws.   [thread: any] */
    template <class... Arguments> T *construct(Arguments &&...arguments)
    {
        void *block = leat_pool_alloc(self);
        if (block == nullptr) {
            throw std::bad_alloc();
        }
        try {
            return ::new (block) T(std::forward<Arguments>(arguments)...);
        } catch (...) {
            leat_pool_free(self, block);
            throw;
        }
    }
    /* nullptr: nothing happens.   [thread: any] */
    void destroy(T *object) noexcept
    {
        if (object != nullptr) {
            deleter{self}(object);
        }
    }
    /* As construct(), owned. */
    template <class... Arguments> pointer make(Arguments &&...arguments)
    {
        return pointer(construct(std::forward<Arguments>(arguments)...), deleter{self});
    }
    leat_pool *get() const noexcept
    {
        return self;
    }

  private:
    static leat_pool_config for_objects(leat_pool_config config)
    {
        config.block_bytes = std::int64_t(sizeof(T));
        config.align = std::int64_t(detail::align_of<T>);
        return config;
    }

    leat_pool *self;
};

} // namespace leat
#endif
