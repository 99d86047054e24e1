/* SPDX-License-Identifier: MIT */
/* Who holds a pool's blocks, in words. */
#include "os.h"

#include <leat/os.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_HOLDERS 1100 /* a pool knows no more places */
#define FEW_HOLDERS 20    /* in a signal handler */

/* The holders, in the order in which they are shown. */
struct list {
    struct leat_pool_holder *holders;
    int count, room, left; /* left: those beyond the room */
};

static void note(void *context, const struct leat_pool_holder *holder)
{
    struct list *list = context;

    if (list->count < list->room) {
        list->holders[list->count++] = *holder;
    } else {
        list->left++;
    }
}

/* ---- with names ---- */

/* A holder with its places in words: one line of the program may be several addresses. */
struct named {
    char text[1000];
    int64_t blocks, oldest_ns;
};

static void name(const struct leat_pool_holder *holder, struct named *named)
{
    char one[400];
    size_t at = 0;

    named->blocks = holder->blocks;
    named->oldest_ns = holder->oldest_ns;
    (void)snprintf(named->text, sizeof named->text, "from places that were not recorded");
    for (int i = 0; i < LEAT_POOL_PLACES && holder->places[i] != NULL && at < sizeof named->text; i++) {
        leat_port_name(holder->places[i], one, sizeof one);
        at += (size_t)snprintf(named->text + at, sizeof named->text - at, "%s %s", i == 0 ? "from" : i == 1 ? ", called from" : ",", one);
    }
}

static int by_blocks(const void *a, const void *b)
{
    const struct named *one = a, *other = b;

    return (one->blocks < other->blocks) - (one->blocks > other->blocks);
}

/* Adds each to the first that has the same words; returns how many are left, those that were not recorded last. */
static int merge(struct named *all, int count)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        int same = 0;

        while (same < kept && strcmp(all[same].text, all[i].text) != 0) {
            same++;
        }
        if (same == kept) {
            all[kept++] = all[i];
            continue;
        }
        all[same].blocks += all[i].blocks;
        all[same].oldest_ns = all[i].oldest_ns < all[same].oldest_ns ? all[i].oldest_ns : all[same].oldest_ns;
    }
    qsort(all, (size_t)(kept > 0 && all[kept - 1].oldest_ns == 0 ? kept - 1 : kept), sizeof *all, by_blocks);
    return kept;
}

static void tell(const struct list *list, struct named *all, void (*line)(void *context, const char *text), void *context)
{
    char text[1200];
    int count;

    leat_port_names_lock();
    leat_port_names_begin();
    for (int i = 0; i < list->count; i++) {
        name(&list->holders[i], &all[i]);
    }
    leat_port_names_end();
    leat_port_names_unlock();
    count = merge(all, list->count);
    for (int i = 0; i < count; i++) {
        const double age = (double)(leat_os_now_ns() - all[i].oldest_ns) / 1e9;
        const int used = snprintf(text, sizeof text, "  %lld %s", (long long)all[i].blocks, all[i].text);

        if (all[i].oldest_ns > 0) {
            (void)snprintf(text + used, sizeof text - (size_t)used, ", oldest %.1f s", age);
        }
        line(context, text);
    }
}

int64_t leat_pool_report(struct leat_pool *pool, void (*line)(void *context, const char *text), void *context)
{
    struct list list = {.holders = calloc(MOST_HOLDERS, sizeof *list.holders), .room = MOST_HOLDERS};
    struct named *all = NULL;
    char text[400];
    int64_t live = -ENOMEM;

    if (list.holders != NULL) {
        live = leat_pool_holders(pool, note, &list);
    }
    if (live >= 0) {
        all = calloc((size_t)list.count + 1, sizeof *all);
        live = all != NULL ? live : -ENOMEM;
    }
    if (live >= 0) {
        (void)snprintf(text, sizeof text, "pool %s: %lld block%s of %lld B live", leat_pool_name(pool), (long long)live,
                       live == 1 ? "" : "s", (long long)pool->block_bytes);
        line(context, text);
        tell(&list, all, line, context);
    }
    free(all);
    free(list.holders);
    return live;
}

static void line_to_stderr(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "leat: %s\n", text);
}

void leat_os_leak(void *context, struct leat_pool *pool, int64_t live)
{
    (void)context, (void)live;
    (void)leat_pool_report(pool, line_to_stderr, NULL);
}

/* ---- in a signal handler: neither locks nor memory nor stdio ---- */

struct line {
    char text[400];
    size_t used;
};

static void put(struct line *line, const char *text)
{
    while (*text != '\0' && line->used < sizeof line->text - 1) {
        line->text[line->used++] = *text++;
    }
}

static void put_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[21];
    size_t at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    put(line, digits + at);
}

static int64_t write_line(struct line *line, int fd)
{
    put(line, "\n");
    for (size_t done = 0; done < line->used;) {
        const ssize_t wrote = write(fd, line->text + done, line->used - done);

        if (wrote < 0 && errno != EINTR) {
            return -errno;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    line->used = 0;
    return 0;
}

static void put_holder(struct line *line, const struct leat_pool_holder *holder)
{
    put(line, "  ");
    put_number(line, (uint64_t)holder->blocks, 10);
    put(line, holder->places[0] == NULL ? " from places that were not recorded" : " from");
    for (int i = 0; i < LEAT_POOL_PLACES && holder->places[i] != NULL; i++) {
        uintptr_t offset = (uintptr_t)holder->places[i];

        put(line, leat_port_in_program(holder->places[i], &offset) ? " program+0x" : " 0x");
        put_number(line, offset, 16);
    }
    if (holder->oldest_ns > 0) {
        put(line, ", oldest ");
        put_number(line, (uint64_t)(leat_os_now_ns() - holder->oldest_ns) / 1000000, 10);
        put(line, " ms");
    }
}

static int64_t report_fd(struct leat_pool *pool, int fd)
{
    struct leat_pool_holder few[FEW_HOLDERS];
    struct list list = {.holders = few, .room = FEW_HOLDERS};
    struct line line = {.used = 0};
    int64_t live = leat_pool_holders(pool, note, &list), rc;

    if (live < 0) {
        return live;
    }
    put(&line, "pool ");
    put(&line, leat_pool_name(pool));
    put(&line, ": ");
    put_number(&line, (uint64_t)live, 10);
    put(&line, live == 1 ? " block of " : " blocks of ");
    put_number(&line, (uint64_t)pool->block_bytes, 10);
    put(&line, " B live");
    rc = write_line(&line, fd);
    for (int i = 0; i < list.count && rc == 0; i++) {
        put_holder(&line, &few[i]);
        rc = write_line(&line, fd);
    }
    if (list.left > 0 && rc == 0) {
        put(&line, "  and more, from ");
        put_number(&line, (uint64_t)list.left, 10);
        put(&line, " other places");
        rc = write_line(&line, fd);
    }
    return rc != 0 ? rc : live;
}

int64_t leat_pool_report_fd(struct leat_pool *pool, int fd)
{
    const int kept = errno;
    const int64_t rc = report_fd(pool, fd);

    errno = kept;
    return rc;
}
