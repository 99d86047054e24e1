/* SPDX-License-Identifier: MIT */
/*
 * The memory orders of the recorder, as they stand in recorder.c, which is compiled here over a model of C11's memory: every load of the
 * reader may return every value that the orders let it see, and all of them are tried.
 *
 * The writer reads nothing of the reader's, so it may run first. Each of its stores is kept, with its view: what a thread that acquires the
 * store sees from then on. The reader has a view of its own, for each word the oldest store that it may still read, and a pending one: what
 * it has read relaxed, and will see after an acquire fence. Each try to read begins in a state (position, counts, views); states are
 * collected until there is no new one.
 */
#include "test.h"

#include <leat/base.h>

enum order { ORDER_relaxed, ORDER_acquire, ORDER_release };

static size_t model_load(const void *word, enum order order);
static void model_store(const void *word, size_t value, enum order order);
static void model_fence(enum order order);

#undef leat_load
#undef leat_store
#undef leat_fence
#define leat_load(word, order) model_load((word), ORDER_##order)
#define leat_store(word, value, order) model_store((word), (value), ORDER_##order)
#define leat_fence(order) model_fence(ORDER_##order)
#include "../src/ring/recorder.c"

enum {
    SIZE_BYTES = 64,
    WORDS = SIZE_BYTES / sizeof(size_t),
    FIELDS = sizeof(struct leat_recorder) / sizeof(size_t),
    PLACES = WORDS + FIELDS,
    STORES = 12, /* most to one word */
    RECORDS = 7,
    STATES = 1 << 16,
    CHOICES = 32, /* most in one try */
};

/* Bytes of each record; each of its words is its number + 1, which could be a length as well. */
static const int64_t lengths[RECORDS] = {8, 16, 8, 0, 16, 8, 8};

/* One order that the model leaves out, to see that it is needed. */
enum weak { NOTHING, RELEASE_FENCE, ACQUIRE_FENCE, TAIL_STORE, TAIL_LOAD, OLDEST_STORE, OLDEST_LOAD, WEAKS };

struct view {
    uint8_t at[PLACES]; /* which store to each word is the oldest to be read */
};

static struct leat_recorder recorder;
static size_t memory[WORDS];
static enum weak weak;

static struct {
    size_t value;
    struct view view;
} stores[PLACES][STORES];
static uint8_t counts[PLACES]; /* stores to each word */
static struct view now, pending, fenced;

/* Where the reader stands between two tries. */
struct state {
    struct view now, pending;
    size_t at, read_records, read_bytes, lost_records, lost_bytes;
    size_t next; /* the number after that of the last record read */
};
static struct state states[STATES];
static size_t state_count;
static uint32_t table[4 * STATES]; /* index + 1 into states, by hash */

static bool reading; /* the reader runs, not the writer */
static bool one_try; /* and leaves by `again` when it begins a second */
static jmp_buf again;
static int tries;
static uint8_t path[CHOICES], widths[CHOICES];
static size_t depth, known;

static size_t place_of_word(const void *word)
{
    const uintptr_t offset = (uintptr_t)word - (uintptr_t)memory;

    return offset < sizeof memory ? offset / sizeof(size_t) : WORDS + ((uintptr_t)word - (uintptr_t)&recorder) / sizeof(size_t);
}

#define PLACE_OF(field) (WORDS + offsetof(struct leat_recorder, field) / sizeof(size_t))

static void join(struct view *view, const struct view *other)
{
    for (size_t i = 0; i < PLACES; i++) {
        view->at[i] = view->at[i] > other->at[i] ? view->at[i] : other->at[i];
    }
}

/* Returns one of 0 .. width - 1, another each time the path is tried again. */
static uint8_t choose(uint8_t width)
{
    if (width == 1) {
        return 0;
    }
    if (depth == known) {
        assert_true(known < CHOICES);
        path[known] = 0;
        widths[known++] = width;
    }
    return path[depth++];
}

/* Goes to the next path; false: all were tried. */
static bool next_path(void)
{
    depth = 0;
    while (known > 0 && path[known - 1] + 1 == widths[known - 1]) {
        known--;
    }
    if (known == 0) {
        return false;
    }
    path[known - 1]++;
    return true;
}

static size_t model_load(const void *word, enum order order)
{
    const size_t place = place_of_word(word);
    uint8_t pick = now.at[place];

    if (!reading || place >= PLACE_OF(read_records)) { /* the thread's own */
        return stores[place][counts[place] - 1].value;
    }
    if (place == PLACE_OF(tail) && one_try && tries++ == 1) {
        longjmp(again, 1);
    }
    pick = (uint8_t)(pick + choose((uint8_t)(counts[place] - pick)));
    now.at[place] = pick;
    join(&pending, &stores[place][pick].view);
    if (order == ORDER_acquire && !(weak == TAIL_LOAD && place == PLACE_OF(tail)) && !(weak == OLDEST_LOAD && place == PLACE_OF(oldest))) {
        join(&now, &stores[place][pick].view);
    }
    return stores[place][pick].value;
}

static void model_store(const void *word, size_t value, enum order order)
{
    const size_t place = place_of_word(word);

    if (place >= PLACE_OF(read_records)) { /* the reader's own, which nobody else looks at here */
        counts[place] = 1;
        stores[place][0].value = value;
        return;
    }
    assert_true(counts[place] < STORES);
    now.at[place] = counts[place]++;
    stores[place][now.at[place]].value = value;
    stores[place][now.at[place]].view = fenced;
    stores[place][now.at[place]].view.at[place] = now.at[place];
    if (order == ORDER_release && !(weak == TAIL_STORE && place == PLACE_OF(tail)) &&
        !(weak == OLDEST_STORE && place == PLACE_OF(oldest))) {
        stores[place][now.at[place]].view = now;
    }
}

static void model_fence(enum order order)
{
    if (order == ORDER_release && weak != RELEASE_FENCE) {
        fenced = now;
    }
    if (order == ORDER_acquire && weak != ACQUIRE_FENCE) {
        join(&now, &pending);
    }
}

static size_t *own(const void *field)
{
    return &stores[place_of_word(field)][0].value;
}

static void restore(const struct state *state)
{
    now = state->now;
    pending = state->pending;
    recorder.at = state->at;
    *own(&recorder.read_records) = state->read_records;
    *own(&recorder.read_bytes) = state->read_bytes;
    *own(&recorder.lost_records) = state->lost_records;
    *own(&recorder.lost_bytes) = state->lost_bytes;
    *own(&recorder.peak) = 0;
}

/* The state of the reader joins those from which it is tried, if it is new. */
static void collect(size_t next)
{
    struct state state;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    memset(&state, 0, sizeof state);
    state.now = now;
    state.pending = pending;
    state.at = recorder.at;
    state.read_records = *own(&recorder.read_records);
    state.read_bytes = *own(&recorder.read_bytes);
    state.lost_records = *own(&recorder.lost_records);
    state.lost_bytes = *own(&recorder.lost_bytes);
    state.next = next;
    for (size_t i = 0; i < sizeof state; i++) {
        hash = (hash ^ ((const unsigned char *)&state)[i]) * UINT64_C(0x100000001b3);
    }
    for (size_t slot = (size_t)(hash >> 20) % (4 * STATES);; slot = (slot + 1) % (4 * STATES)) {
        if (table[slot] == 0) {
            assert_true(state_count < STATES);
            states[state_count++] = state;
            table[slot] = (uint32_t)state_count;
            return;
        }
        if (memcmp(&states[table[slot] - 1], &state, sizeof state) == 0) {
            return;
        }
    }
}

/* Whether what was read is the record that the counts say, and not one before `next`. */
static bool is_right(const size_t *words, int64_t got, size_t next)
{
    const size_t passed = *own(&recorder.read_records) + *own(&recorder.lost_records);
    size_t bytes = 0;

    if (passed <= next || passed > RECORDS || got != lengths[passed - 1]) {
        return false;
    }
    for (size_t i = 0; i < passed; i++) {
        bytes += (size_t)lengths[i];
    }
    for (size_t i = 0; i < (size_t)got / WORD; i++) {
        if (words[i] != passed) {
            return false;
        }
    }
    return *own(&recorder.read_bytes) + *own(&recorder.lost_bytes) == bytes;
}

/* One try, along the path chosen. Returns whether all is well. */
static bool try_from(const struct state *state)
{
    size_t words[WORDS];
    size_t next = state->next;
    int64_t got;

    restore(state);
    tries = 0;
    one_try = true;
    if (setjmp(again) == 0) {
        got = leat_recorder_read(&recorder, words, sizeof words, NULL);
        if (got != -EAGAIN) {
            if (!is_right(words, got, state->next)) {
                return false;
            }
            collect(*own(&recorder.read_records) + *own(&recorder.lost_records));
            return true;
        }
    }
    collect(next);
    return true;
}

/* With everything seen, the reader finds the rest, and every record was read or lost. */
static bool ends_well(const struct state *state)
{
    size_t words[WORDS];
    size_t next = state->next;
    int64_t got;

    restore(state);
    for (size_t i = 0; i < PLACES; i++) {
        now.at[i] = (uint8_t)(counts[i] - 1);
    }
    one_try = false;
    while ((got = leat_recorder_read(&recorder, words, sizeof words, NULL)) != -EAGAIN) {
        if (!is_right(words, got, next)) {
            return false;
        }
        next = *own(&recorder.read_records) + *own(&recorder.lost_records);
    }
    return next == RECORDS;
}

static void write_all_records(void)
{
    size_t words[WORDS];

    memset(counts, 0, sizeof counts);
    memset(&now, 0, sizeof now);
    memset(&pending, 0, sizeof pending);
    memset(&fenced, 0, sizeof fenced);
    for (size_t i = 0; i < PLACES; i++) {
        counts[i] = 1; /* what was there before: 0 */
        stores[i][0].value = 0;
        memset(&stores[i][0].view, 0, sizeof stores[i][0].view);
    }
    reading = false;
    assert_int_equal(leat_recorder_init(&recorder, memory, SIZE_BYTES), 0);
    fenced = now; /* what starts the reader orders the beginning */
    for (size_t i = 0; i < RECORDS; i++) {
        for (size_t w = 0; w < WORDS; w++) {
            words[w] = i + 1;
        }
        assert_int_equal(leat_recorder_write(&recorder, words, lengths[i]), 0);
    }
}

/* Returns whether the reader finds only what is right, whatever it sees. */
static bool holds(enum weak left_out)
{
    struct view begin;

    weak = left_out;
    memset(table, 0, sizeof table);
    state_count = 0;
    write_all_records();
    memset(&begin, 0, sizeof begin);
    begin.at[PLACE_OF(tail)] = begin.at[PLACE_OF(head)] = begin.at[PLACE_OF(oldest)] = 1; /* init's stores */
    begin.at[PLACE_OF(gone_records)] = begin.at[PLACE_OF(gone_bytes)] = 1;
    reading = true;
    now = pending = begin;
    recorder.at = 0;
    collect(0);
    for (size_t i = 0; i < state_count; i++) {
        depth = known = 0;
        do {
            if (!try_from(&states[i])) {
                return false;
            }
        } while (next_path());
        if (!ends_well(&states[i])) {
            return false;
        }
    }
    print_message("%zu states of the reader\n", state_count);
    return true;
}

static void recorder_orders_let_the_reader_see_nothing_wrong(void **state)
{
    (void)state;
    assert_true(holds(NOTHING));
}

static void recorder_orders_are_all_needed(void **state)
{
    (void)state;
    for (int left_out = NOTHING + 1; left_out < WEAKS; left_out++) {
        if (holds((enum weak)left_out)) {
            fail_msg("without order %d all is well, too", left_out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorder_orders_let_the_reader_see_nothing_wrong),
        cmocka_unit_test(recorder_orders_are_all_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
