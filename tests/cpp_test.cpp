/* SPDX-License-Identifier: MIT */
/* leat.hpp with the standard containers. Each test is a fact; one that fails says where and ends the program. */
#include <leat/leat.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#define CHECK(fact)                                                        \
    do {                                                                   \
        if (!(fact)) {                                                     \
            std::printf("%s:%d: %s: not so\n", __FILE__, __LINE__, #fact); \
            std::exit(1);                                                  \
        }                                                                  \
    } while (0)

static std::int64_t live_in(leat_pool *pool)
{
    struct leat_pool_stats stats;
    leat_pool_stats(pool, &stats);
    return stats.live;
}

template <class T> static std::int64_t live_of()
{
    return live_in(leat::detail::shared_for<T>());
}

struct thrower {
    LEAT_POOLED(thrower);
    char bytes[72];
    explicit thrower(bool throws)
    {
        if (throws) {
            throw 42;
        }
    }
};

struct base : leat::pooled<base> {
    long number = 7;
    virtual ~base() = default;
};
struct larger : base {
    char more[1000] = {1};
};
struct alignas(256) wide {
    LEAT_POOLED(wide);
    unsigned char bytes[300];
};
struct alignas(64) wider_base : base {
    char more[100] = {2};
};

static void new_and_delete_of_a_class_use_its_pool()
{
    const std::int64_t before = live_of<thrower>();
    auto *one = new thrower(false);
    CHECK(live_of<thrower>() == before + 1);
    CHECK(leat_pool_owns(leat::detail::shared_for<thrower>(), one));
    delete one;
    one = new (std::nothrow) thrower(false);
    CHECK(one != nullptr && live_of<thrower>() == before + 1);
    delete one;
    auto *many = new thrower[3]{thrower(false), thrower(false), thrower(false)};
    CHECK(live_of<thrower>() == before); /* arrays are the heap's */
    delete[] many;
    delete static_cast<thrower *>(nullptr);
    alignas(thrower) unsigned char place[sizeof(thrower)];
    (new (place) thrower(false))->~thrower();
    CHECK(live_of<thrower>() == before);
}

static void a_constructor_that_throws_gives_its_block_back()
{
    const std::int64_t before = live_of<thrower>();
    int caught = 0;
    for (int i = 0; i < 2; i++) {
        try {
            delete (i == 0 ? new thrower(true) : new (std::nothrow) thrower(true));
        } catch (int number) {
            caught += number == 42;
        }
    }
    CHECK(caught == 2 && live_of<thrower>() == before);
    leat::object_pool<thrower> pool(1);
    caught = 0;
    for (int i = 0; i < 5; i++) {
        try {
            pool.make(true);
        } catch (int) {
            caught++;
        }
    }
    CHECK(caught == 5 && live_in(pool.get()) == 0);
}

static void a_derived_class_of_another_size_is_the_heaps()
{
    const std::int64_t before = live_of<base>();
    base *small = new base, *large = new larger, *aligned = new wider_base;
    CHECK(live_of<base>() == before + 1);
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % 64 == 0);
    delete large;
    delete aligned;
    CHECK(live_of<base>() == before + 1);
    delete small;
    CHECK(live_of<base>() == before);
    wide *wides[20];
    for (auto &one : wides) {
        one = new wide;
        std::memset(one->bytes, 3, sizeof one->bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(one) % 256 == 0);
    }
    CHECK(live_of<wide>() == 20);
    for (auto *one : wides) {
        delete one;
    }
    CHECK(live_of<wide>() == 0);
}

struct thrower_base : leat::pooled<thrower_base> {
    char bytes[40];
    explicit thrower_base(bool throws)
    {
        if (throws) {
            throw 42;
        }
    }
    virtual ~thrower_base() = default;
};
struct larger_thrower : thrower_base {
    char more[500];
    explicit larger_thrower(bool throws) : thrower_base(throws), more{}
    {
    }
};

static void a_derived_class_that_throws_leaves_no_foreign_block_in_the_pool()
{
    for (int i = 0; i < 4; i++) {
        try {
            delete new (std::nothrow) larger_thrower(true);
        } catch (int) {
        }
    }
    std::vector<thrower_base *> all;
    for (int i = 0; i < 8; i++) {
        all.push_back(new thrower_base(false));
        CHECK(leat_pool_owns(leat::detail::shared_for<thrower_base>(), all.back()));
    }
    for (auto *one : all) {
        delete one;
    }
    std::vector<wider_base *> wider;
    for (int i = 0; i < 8; i++) {
        wider.push_back(new (std::nothrow) wider_base);
        CHECK(reinterpret_cast<std::uintptr_t>(wider.back()) % 64 == 0);
    }
    for (auto *one : wider) {
        delete one;
    }
}

/* The same random changes to two containers leave the same in both. */
template <class Ours, class Theirs> static void same_changes(Ours &ours, Theirs &theirs, unsigned seed)
{
    std::mt19937 random(seed);
    for (int i = 0; i < 20000; i++) {
        const int key = int(random() % 2000);
        if (random() % 3 != 0) {
            ours[key] = theirs[key] = i;
        } else {
            CHECK(ours.erase(key) == theirs.erase(key));
        }
    }
    CHECK(ours.size() == theirs.size());
    for (const auto &[key, value] : theirs) {
        CHECK(ours.at(key) == value);
    }
}

static void containers_hold_what_was_put_into_them()
{
    const unsigned seed = std::random_device()();
    std::printf("seed %u\n", seed);
    std::map<int, int> model;
    std::map<int, int, std::less<int>, leat::allocator<std::pair<const int, int>>> map;
    same_changes(map, model, seed);
    auto copy = map;
    auto moved = std::move(map);
    CHECK(copy == moved);
    std::unordered_map<int, int> other_model;
    std::unordered_map<int, int, std::hash<int>, std::equal_to<int>, leat::allocator<std::pair<const int, int>>> hashed;
    same_changes(hashed, other_model, seed);
    leat::memory_resource memory;
    std::pmr::map<int, int> pmr(&memory);
    model.clear();
    same_changes(pmr, model, seed);
    std::pmr::vector<std::pmr::string> words(&memory);
    for (int i = 0; i < 1000; i++) {
        words.emplace_back(std::size_t(i), 'x');
    }
    CHECK(words[999].size() == 999);
    std::list<std::string, leat::allocator<std::string>> list;
    for (int i = 0; i < 1000; i++) {
        list.push_back(std::to_string(i));
    }
    list.sort();
    list.remove_if([](const std::string &text) { return text.size() == 3; });
    CHECK(list.size() == 100);
    std::vector<int, leat::allocator<int>> vector;
    std::deque<int, leat::allocator<int>> deque;
    std::set<int, std::less<int>, leat::allocator<int>> set;
    for (int i = 0; i < 10000; i++) {
        vector.push_back(i);
        deque.push_front(i);
        set.insert(i % 100);
    }
    CHECK(vector[9999] == 9999 && deque.back() == 0 && set.size() == 100);
    CHECK(leat::allocator<int>() == leat::allocator<long>() && !(leat::allocator<int>() != leat::allocator<long>()));
}

static void a_memory_resource_serves_every_size_and_alignment()
{
    leat::memory_resource memory, other;
    CHECK(memory.is_equal(memory) && !memory.is_equal(other));
    std::vector<std::pair<unsigned char *, std::size_t>> blocks;
    for (std::size_t bytes = 0; bytes <= 5000; bytes++) {
        auto *block = static_cast<unsigned char *>(memory.allocate(bytes, bytes % 7 == 0 ? 64 : 16));
        CHECK(reinterpret_cast<std::uintptr_t>(block) % (bytes % 7 == 0 ? 64 : 16) == 0);
        std::memset(block, int(bytes % 251), bytes);
        blocks.push_back({block, bytes});
    }
    for (auto [block, bytes] : blocks) {
        for (std::size_t i = 0; i < bytes; i++) {
            CHECK(block[i] == bytes % 251);
        }
        memory.deallocate(block, bytes, bytes % 7 == 0 ? 64 : 16);
    }
    (void)other.allocate(100, 8); /* given back by the destructor */
}

struct counted {
    static int alive;
    std::string text;
    explicit counted(const char *words) : text(words)
    {
        alive++;
    }
    ~counted()
    {
        alive--;
    }
};
int counted::alive = 0;

static void an_object_pool_destroys_what_still_lives()
{
    {
        leat::object_pool<counted> pool;
        std::vector<counted *> some;
        for (int i = 0; i < 5000; i++) {
            some.push_back(pool.construct("a text too long for the small string optimisation"));
        }
        for (int i = 0; i < 5000; i += 3) {
            pool.destroy(some[std::size_t(i)]);
        }
        auto owned = pool.make("owned");
        CHECK(owned->text == "owned" && counted::alive == 5000 - 1667 + 1);
        owned.reset();
        pool.destroy(nullptr);
    }
    CHECK(counted::alive == 0);
}

static void limits_and_bad_configurations_throw()
{
    leat::object_pool<counted> pool(2);
    auto one = pool.make("1"), two = pool.make("2");
    bool thrown = false;
    try {
        pool.make("3");
    } catch (const std::bad_alloc &) {
        thrown = leat_pool_why(pool.get()) == LEAT_POOL_LIMIT;
    }
    CHECK(thrown);
    one.reset();
    one = pool.make("3");
    try {
        leat::pool bad(0, 0);
        CHECK(false);
    } catch (const std::invalid_argument &error) {
        CHECK(std::strstr(error.what(), "block_bytes") != nullptr);
    }
}

static void the_owner_of_a_pool_moves_and_says_what_lives()
{
    leat::pool first(64, 10), second(std::move(first));
    CHECK(first.get() == nullptr);
    void *block = second.alloc();
    CHECK(block != nullptr && second.destroy() == 1);
    second.free(block);
    first = std::move(second);
    CHECK(first.destroy() == 0 && first.get() == nullptr);
    leat::pool third(64, 0);
    CHECK(leat_pool_destroy(third.release(), nullptr) == 0);
}

static void nodes_made_in_one_thread_are_given_back_in_another()
{
    std::list<long, leat::allocator<long>> list;
    leat::memory_resource memory;
    std::pmr::list<long> pmr(&memory);
    for (int round = 0; round < 20; round++) {
        std::thread([&] {
            for (long i = 0; i < 1000; i++) {
                list.push_back(i);
                pmr.push_back(i);
            }
        }).join();
        std::thread other([&] {
            for (int i = 0; i < 1000; i++) {
                delete new base;
            }
        });
        list.clear();
        pmr.clear();
        other.join();
    }
}

int main()
{
    new_and_delete_of_a_class_use_its_pool();
    a_constructor_that_throws_gives_its_block_back();
    a_derived_class_of_another_size_is_the_heaps();
    a_derived_class_that_throws_leaves_no_foreign_block_in_the_pool();
    containers_hold_what_was_put_into_them();
    a_memory_resource_serves_every_size_and_alignment();
    an_object_pool_destroys_what_still_lives();
    limits_and_bad_configurations_throw();
    the_owner_of_a_pool_moves_and_says_what_lives();
    nodes_made_in_one_thread_are_given_back_in_another();
    std::printf("leat.hpp: all facts hold\n");
    return 0;
}
