/* SPDX-License-Identifier: MIT */
/* What every test program needs: cmocka with its headers, the item count of long tests, and repeatable chance. */
#ifndef LEAT_TEST_H
#define LEAT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* One of two texts: for what is read as the machine has it. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define TEST_HOST(little, big) big
#else
#define TEST_HOST(little, big) little
#endif

/* 1 where a sanitizer watches the program. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

/* Whether valgrind watches the program; it says at the end of every child what that has not freed. */
static inline bool test_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/* Returns LEAT_TEST_ITEMS when it is set (runs under TSan or valgrind set it small), else `usual`. */
static inline int64_t test_items(int64_t usual)
{
    const char *text = getenv("LEAT_TEST_ITEMS");

    return text != NULL && *text != 0 ? strtoll(text, NULL, 10) : usual;
}

/* Returns LEAT_TEST_SEED when it is set, else a new seed; printed, so that a failure can be repeated. */
static inline uint64_t test_seed(void)
{
    const char *text = getenv("LEAT_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;

    print_message("LEAT_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* Returns the next number of a splitmix sequence. */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
