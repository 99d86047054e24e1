/* SPDX-License-Identifier: MIT */
/* recorder.c: the writer goes its way, the reader finds out afterwards. The invariants and edges are in leat/recorder.h. */
#include <leat/recorder.h>

#define WORD sizeof(size_t)
#define READ_TRIES 100 /* so that a reader is never held up by a writer that is always faster */

int leat_recorder_init(struct leat_recorder *recorder, void *memory, int64_t size_bytes)
{
    if (memory == NULL || (uintptr_t)memory % WORD != 0 || size_bytes < LEAT_RECORDER_MIN_BYTES || size_bytes > LEAT_RECORDER_MAX_BYTES ||
        (size_bytes & (size_bytes - 1)) != 0) {
        return -EINVAL;
    }
    recorder->words = (LEAT_ATOMIC(size_t) *)memory;
    recorder->mask = (size_t)size_bytes / WORD - 1;
    /* relaxed, all: nobody else is here; what starts the other thread orders them. */
    leat_store(&recorder->tail, 0, relaxed);
    leat_store(&recorder->head, 0, relaxed);
    leat_store(&recorder->oldest, 0, relaxed);
    leat_store(&recorder->gone_records, 0, relaxed);
    leat_store(&recorder->gone_bytes, 0, relaxed);
    leat_store(&recorder->written_records, 0, relaxed);
    leat_store(&recorder->written_bytes, 0, relaxed);
    leat_store(&recorder->read_records, 0, relaxed);
    leat_store(&recorder->read_bytes, 0, relaxed);
    leat_store(&recorder->lost_records, 0, relaxed);
    leat_store(&recorder->lost_bytes, 0, relaxed);
    leat_store(&recorder->peak, 0, relaxed);
    recorder->at = 0;
    return 0;
}

int64_t leat_recorder_largest(const struct leat_recorder *recorder)
{
    return (int64_t)(recorder->mask * WORD);
}

static LEAT_ATOMIC(size_t) * word_at(const struct leat_recorder *recorder, size_t position)
{
    return recorder->words + (position & recorder->mask);
}

/* The words of a record of so many bytes, its length among them. */
static size_t words_of(size_t bytes)
{
    return 1 + bytes / WORD + (bytes % WORD != 0);
}

/* A counter of the calling thread's own goes up; another thread reads it for stats at most. */
static void count(LEAT_ATOMIC(size_t) * counter, size_t by)
{
    leat_store(counter, leat_load(counter, relaxed) + by, relaxed); /* relaxed, both: a number for people */
}

/* ---- writer ---- */

/* The oldest records are gone, so many that the words before `end` may be written. */
static LEAT_COLD void make_room(struct leat_recorder *recorder, size_t end)
{
    size_t head = leat_load(&recorder->head, relaxed); /* relaxed, here and for the length below: the writer's own */
    size_t records = 0;
    size_t bytes = 0;

    do {
        const size_t length = leat_load(word_at(recorder, head), relaxed);

        head += words_of(length);
        records++;
        bytes += length;
    } while (end - head > recorder->mask + 1);
    leat_store(&recorder->head, head, relaxed); /* relaxed: the fence makes it seen with what is stored after it */
    leat_fence(release);                        /* GONE */
    count(&recorder->gone_records, records);
    count(&recorder->gone_bytes, bytes);
    leat_store(&recorder->oldest, head, release); /* COUNT */
}

static void copy_in(struct leat_recorder *recorder, size_t position, const unsigned char *data, size_t bytes)
{
    const size_t whole = bytes / WORD;
    const size_t rest = bytes % WORD;
    size_t word = 0;

    /* relaxed, all: tail publishes them (RECORD); a reader that is late throws its copy away (GONE). */
    for (size_t i = 0; i < whole; i++) {
        memcpy(&word, data + i * WORD, WORD);
        leat_store(word_at(recorder, position + i), word, relaxed);
    }
    if (rest != 0) {
        word = 0;
        memcpy(&word, data + whole * WORD, rest);
        leat_store(word_at(recorder, position + whole), word, relaxed);
    }
}

int leat_recorder_write(struct leat_recorder *recorder, const void *data, int64_t bytes)
{
    const size_t tail = leat_load(&recorder->tail, relaxed); /* relaxed, here and for head: the writer's own */
    size_t end;

    if (bytes < 0 || bytes > leat_recorder_largest(recorder)) {
        return -EMSGSIZE;
    }
    end = tail + words_of((size_t)bytes);
    if (end - leat_load(&recorder->head, relaxed) > recorder->mask + 1) {
        make_room(recorder, end);
    }
    leat_store(word_at(recorder, tail), (size_t)bytes, relaxed); /* relaxed: as in copy_in */
    copy_in(recorder, tail + 1, (const unsigned char *)data, (size_t)bytes);
    count(&recorder->written_records, 1);
    count(&recorder->written_bytes, (size_t)bytes);
    leat_store(&recorder->tail, end, release); /* RECORD */
    return 0;
}

/* ---- reader ---- */

/* The bytes may be torn: whoever calls this looks at head afterwards. */
static void copy_out(const struct leat_recorder *recorder, size_t position, unsigned char *data, size_t bytes)
{
    const size_t whole = bytes / WORD;
    const size_t rest = bytes % WORD;
    size_t word;

    for (size_t i = 0; i < whole; i++) {
        word = leat_load(word_at(recorder, position + i), relaxed); /* relaxed, both: the fence after them is GONE's */
        memcpy(data + i * WORD, &word, WORD);
    }
    if (rest != 0) {
        word = leat_load(word_at(recorder, position + whole), relaxed);
        memcpy(data + whole * WORD, &word, rest);
    }
}

/* Returns whether the writer has come over the record at `at`; all that was read of it before is then worth nothing. */
static bool overtaken(const struct leat_recorder *recorder)
{
    leat_fence(acquire);                                                            /* GONE */
    return recorder->at - leat_load(&recorder->head, relaxed) > recorder->mask + 1; /* relaxed: the fence is what orders it */
}

/* The reader is at the oldest whole record, and what it missed is counted as lost. */
static void catch_up(struct leat_recorder *recorder)
{
    /* relaxed, all but the first: counts may be newer than `oldest`, and then the look after the next copy finds head beyond it (GONE). */
    recorder->at = leat_load(&recorder->oldest, acquire); /* COUNT */
    leat_store(&recorder->lost_records, leat_load(&recorder->gone_records, relaxed) - leat_load(&recorder->read_records, relaxed), relaxed);
    leat_store(&recorder->lost_bytes, leat_load(&recorder->gone_bytes, relaxed) - leat_load(&recorder->read_bytes, relaxed), relaxed);
}

/* Notes how far the reader is behind. */
static void note_peak(struct leat_recorder *recorder, size_t behind)
{
    const size_t most = behind < recorder->mask + 1 ? behind : recorder->mask + 1;

    if (most > leat_load(&recorder->peak, relaxed)) { /* relaxed, both: the reader's own, a number for people */
        leat_store(&recorder->peak, most, relaxed);
    }
}

int64_t leat_recorder_read(struct leat_recorder *recorder, void *data, int64_t capacity, int64_t *needed)
{
    for (int tries = 0; tries < READ_TRIES; tries++) {
        const size_t tail = leat_load(&recorder->tail, acquire); /* RECORD */
        size_t bytes;

        if (tail == recorder->at) {
            return -EAGAIN;
        }
        note_peak(recorder, tail - recorder->at);
        bytes = leat_load(word_at(recorder, recorder->at), relaxed); /* relaxed: as in copy_out; it may be no length at all */
        if (capacity > 0 && bytes <= (uint64_t)capacity) {
            copy_out(recorder, recorder->at + 1, (unsigned char *)data, bytes);
        }
        if (overtaken(recorder)) {
            catch_up(recorder);
            continue;
        }
        if (bytes > 0 && (capacity < 0 || bytes > (uint64_t)capacity)) {
            if (needed != NULL) {
                *needed = (int64_t)bytes;
            }
            return -EMSGSIZE;
        }
        recorder->at += words_of(bytes);
        count(&recorder->read_records, 1);
        count(&recorder->read_bytes, bytes);
        return (int64_t)bytes;
    }
    return -EAGAIN;
}

/* ---- both ---- */

/* Of `gone`, what was neither read nor counted yet is lost as well. */
static int64_t lost_of(size_t gone, size_t read, size_t lost)
{
    return (int64_t)(gone - read - lost <= SIZE_MAX / 2 ? gone - read : lost);
}

void leat_recorder_stats(const struct leat_recorder *recorder, struct leat_recorder_stats *stats)
{
    /* relaxed, all: numbers for people. */
    const size_t read_records = leat_load(&recorder->read_records, relaxed);
    const size_t read_bytes = leat_load(&recorder->read_bytes, relaxed);

    stats->written_records = (int64_t)leat_load(&recorder->written_records, relaxed);
    stats->written_bytes = (int64_t)leat_load(&recorder->written_bytes, relaxed);
    stats->read_records = (int64_t)read_records;
    stats->read_bytes = (int64_t)read_bytes;
    stats->lost_records = lost_of(leat_load(&recorder->gone_records, relaxed), read_records, leat_load(&recorder->lost_records, relaxed));
    stats->lost_bytes = lost_of(leat_load(&recorder->gone_bytes, relaxed), read_bytes, leat_load(&recorder->lost_bytes, relaxed));
    stats->size_bytes = (int64_t)((recorder->mask + 1) * WORD);
    stats->peak_bytes = (int64_t)(leat_load(&recorder->peak, relaxed) * WORD);
}

bool leat_recorder_valid(const struct leat_recorder *recorder)
{
    /* relaxed, all: both sides are at rest. */
    const size_t tail = leat_load(&recorder->tail, relaxed);
    const size_t head = leat_load(&recorder->head, relaxed);
    const size_t passed = leat_load(&recorder->read_records, relaxed) + leat_load(&recorder->lost_records, relaxed);
    size_t records = leat_load(&recorder->gone_records, relaxed);
    size_t bytes = leat_load(&recorder->gone_bytes, relaxed);
    size_t position = head;

    if (tail - head > recorder->mask + 1 || leat_load(&recorder->oldest, relaxed) != head) {
        return false;
    }
    if (recorder->at - head <= recorder->mask + 1 ? recorder->at - head > tail - head : passed >= records) {
        return false; /* beyond what was written, or behind what is gone without having missed any */
    }
    while (position != tail) {
        const size_t length = leat_load(word_at(recorder, position), relaxed);

        if (length > recorder->mask * WORD || words_of(length) > tail - position || (position == recorder->at) != (records == passed)) {
            return false;
        }
        position += words_of(length);
        records++;
        bytes += length;
    }
    return (position == recorder->at) == (records == passed) && records == leat_load(&recorder->written_records, relaxed) &&
           bytes == leat_load(&recorder->written_bytes, relaxed);
}
