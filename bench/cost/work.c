/* SPDX-License-Identifier: MIT */
/*
 * work.c: the program leat-cost does one kind of work, so often, after a warm-up, so that others can count what that costs.
 *
 *   leat-cost list                       what this was compiled by; then each operation's name, kind, round and what it is
 *   leat-cost OPERATION COUNT            does it; `memory` operations print bytes per item
 *   leat-cost OPERATION COUNT step       prints how many locked instructions the COUNT operations ran
 */
#include "work.h"
#include "step.h"
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

enum { WARM_UP = 8192, COUNT_MAX = 1000000000 };

static const struct operation *const *const families[] = {&leat_cost_pool, &leat_cost_flow, &leat_cost_format};
enum { FAMILIES = sizeof families / sizeof *families };

static const struct operation *chosen;
static int64_t chosen_count;

void leat_cost_die(const char *text)
{
    fprintf(stderr, "leat-cost: %s\n", text);
    exit(1);
}

struct leat_pool *leat_cost_new_pool(int64_t block_bytes)
{
    struct leat_pool_config config = leat_os_pool_config(block_bytes, 0);
    struct leat_pool *pool;
    REQUIRE(leat_pool_create(&pool, &config) == 0, "no pool to be had");
    return pool;
}

static void list(void)
{
#if defined(__clang__)
    printf("clang %d", __clang_major__);
#else
    printf("gcc %d", __GNUC__);
#endif
#if defined(__x86_64__)
    printf(" x86_64");
#elif defined(__aarch64__)
    printf(" aarch64");
#else
    printf(" other-machine");
#endif
#ifdef __GLIBC__
    printf(" glibc %s\n", gnu_get_libc_version());
#else
    printf(" other-libc\n");
#endif
    for (int f = 0; f < FAMILIES; f++) {
        for (const struct operation *o = *families[f]; o->name != NULL; o++) {
            const char *kind = o->memory != NULL ? "memory" : o->threads ? "threads" : "one";
            printf("%s\t%s\t%lld\t%s\n", o->name, kind, (long long)o->round, o->about);
        }
    }
}

static const struct operation *find(const char *name)
{
    for (int f = 0; f < FAMILIES; f++) {
        for (const struct operation *o = *families[f]; o->name != NULL; o++) {
            if (strcmp(o->name, name) == 0) {
                return o;
            }
        }
    }
    fprintf(stderr, "leat-cost: no operation '%s'; there are:", name);
    for (int f = 0; f < FAMILIES; f++) {
        for (const struct operation *o = *families[f]; o->name != NULL; o++) {
            fprintf(stderr, " %s", o->name);
        }
    }
    fprintf(stderr, "\n");
    exit(2);
}

static void warmed(void)
{
    chosen->ready();
    chosen->run((WARM_UP + chosen->round - 1) / chosen->round * chosen->round);
}

static void marked(void)
{
    warmed();
    leat_cost_mark();
    chosen->run(chosen_count);
    leat_cost_mark();
}

static int step(void)
{
    if (chosen->run == NULL || chosen->threads) {
        fprintf(stderr, "leat-cost: %s cannot be stepped: it is not the work of one thread\n", chosen->name);
        return 2;
    }
    int64_t locked = leat_cost_step(marked);
    if (locked == -1) {
        printf("unknown\n");
        return 0;
    }
    if (locked < 0) {
        return 1;
    }
    printf("%lld\n", (long long)locked);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        list();
        return 0;
    }
    if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "step") != 0)) {
        fprintf(stderr, "usage: leat-cost list | leat-cost OPERATION COUNT [step]\n");
        return 2;
    }
    chosen = find(argv[1]);
    char *end;
    errno = 0;
    chosen_count = strtoll(argv[2], &end, 10);
    if (errno != 0 || end == argv[2] || *end != '\0' || chosen_count < 1 || chosen_count > COUNT_MAX || chosen_count % chosen->round != 0) {
        fprintf(stderr, "leat-cost: '%s' is no count for %s: a multiple of %lld, 1 to %d\n", argv[2], chosen->name,
                (long long)chosen->round, COUNT_MAX);
        return 2;
    }
    if (argc == 4) {
        return step();
    }
    if (chosen->memory != NULL) {
        chosen->ready();
        printf("%.4f\n", chosen->memory(chosen_count));
        return 0;
    }
    warmed();
    chosen->run(chosen_count);
    return 0;
}
