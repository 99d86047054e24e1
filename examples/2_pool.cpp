/* SPDX-License-Identifier: MIT */
/* 2_pool in C++: a class whose objects come from a pool, containers whose nodes do, and a pool that owns its objects. */
#include <leat/leat.hpp>

#include <cstdio>
#include <list>
#include <map>
#include <string>

struct session {
    LEAT_POOLED(session); /* new session and delete use a pool of the process */
    int id;
    explicit session(int number) : id(number)
    {
    }
};

struct order {
    static int alive;
    long price;
    explicit order(long cents) : price(cents)
    {
        alive++;
    }
    ~order()
    {
        alive--;
    }
};
int order::alive = 0;

int main()
{
    long sum = 0;
    std::list<session *, leat::allocator<session *>> sessions;
    for (int i = 0; i < 1000; i++) {
        sessions.push_back(new session(i));
    }
    for (session *one : sessions) {
        sum += one->id;
        delete one;
    }

    leat::memory_resource memory;
    std::pmr::map<int, std::pmr::string> names(&memory);
    for (int i = 0; i < 1000; i++) {
        names.emplace(i, "a name that does not fit into the string itself");
    }

    {
        leat::object_pool<order> orders(100); /* at most 100 */
        auto bid = orders.make(1250);
        orders.construct(1300); /* not destroyed here: the pool does it */
        std::printf("%d orders, the best bid %ld\n", order::alive, bid->price);
    }
    std::printf("sum %ld, %zu names, %d orders left\n", sum, names.size(), order::alive);
    return sum == 999L * 500 && names.size() == 1000 && order::alive == 0 ? 0 : 1;
}
