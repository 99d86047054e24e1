/* SPDX-License-Identifier: MIT */
/*
 * leat/recorder.h: a flight recorder: records of any length in a ring of bytes whose writer never waits and never asks the reader. When
 * there is no room, the oldest whole records go. One writer thread, one reader thread; neither has a locked instruction.
 *
 * The reader copies a record out and looks afterwards whether the writer has come over it meanwhile; then the copy is thrown away, what
 * was lost is counted, and the reader goes on at the oldest whole record. So a slow reader costs the writer nothing, and the words of a
 * record are atomic, copied, never read in place. (leat/overwrite.h: items of one size, each handed back when dropped, for which writer
 * and reader move one head by compare-and-swap.)
 *
 *           head            at             tail
 *      torn  | 2 | 3 | 4     | 5 | 6 | 7    |        head: the oldest whole record; at: what the reader reads next; tail: the end
 *
 * A record is a word with its length and then its bytes, in whole words of a size_t. All positions count words and run free.
 *
 * I1  tail - head <= size, by wrapping subtraction; head and tail lie between records.
 * I2  the writer stores into a word only after head has left it.
 * I3  gone_records and gone_bytes count what lies before `oldest`; oldest = head but during a write.
 * I4  what lies before `at` was read or counted as lost: read + lost is the number of the record at `at`, whenever that one is read.
 *
 * Edges:
 * RECORD  the writer's store of tail (release), loaded by the reader (acquire): the record before it is there, and so is all that the
 *         writer did before it wrote.
 * GONE    the writer stores head, then a release fence, then words, relaxed. The reader loads words, relaxed, then an acquire fence, then
 *         head. If one of its words came from beyond that fence, the fences synchronize, and it sees head beyond its record. Acquire on
 *         the load of head alone would not do: what must not sink below it are the loads before it (Boehm, Can seqlocks get along with
 *         programming language memory models?, 2012).
 * COUNT   the writer's store of oldest (release), loaded by the reader (acquire): the counts are as new as it at least. If they are newer,
 *         head is beyond it by GONE, nothing is read there, and the reader counts anew.
 *
 * Limits: a reader that sleeps while the words written wrap (2^32 of them where size_t has 32 bits) may take what it finds for what it
 * waited for. Counters wrap with size_t.
 */
#ifndef LEAT_RECORDER_H
#define LEAT_RECORDER_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_RECORDER_MIN_BYTES 64
#define LEAT_RECORDER_MAX_BYTES ((int64_t)(SIZE_MAX / 4 + 1))

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. Read and written by leat's own functions only. */
struct leat_recorder {
    /* Set by init, read by both. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) * words;
    size_t mask; /* the size in words, a power of two, less 1 */

    /* Written by the writer, read by both. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) tail;
    LEAT_ATOMIC(size_t) head;
    LEAT_ATOMIC(size_t) oldest;
    LEAT_ATOMIC(size_t) gone_records, gone_bytes;
    LEAT_ATOMIC(size_t) written_records, written_bytes; /* read by stats */

    /* Written by the reader; all but `at` read by stats. */
    alignas(LEAT_CACHE_LINE) size_t at;
    LEAT_ATOMIC(size_t) read_records, read_bytes;
    LEAT_ATOMIC(size_t) lost_records, lost_bytes;
    LEAT_ATOMIC(size_t) peak; /* words */
};

/* With both sides at rest: written = read + lost + those whole, unread and inside. Bytes are those of the records alone. */
struct leat_recorder_stats {
    int64_t written_records, written_bytes;
    int64_t read_records, read_bytes;
    int64_t lost_records, lost_bytes; /* overwritten before they were read */
    int64_t size_bytes;
    int64_t peak_bytes; /* the most of the memory that the reader, when it looked, found unread; all of it when it came too late */
};

/*
 * The recorder is empty and uses `memory`.
 *
 * @param recorder    owned by the caller; stays where it is
 * @param memory      size_bytes long, aligned as a size_t; borrowed until the last use of the recorder. Its content does not matter
 * @param size_bytes  a power of two, LEAT_RECORDER_MIN_BYTES .. LEAT_RECORDER_MAX_BYTES
 * Returns 0; or -EINVAL, and *recorder is untouched: another size, memory is NULL or not aligned.   There is nothing to end.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_recorder_init(struct leat_recorder *recorder, void *memory, int64_t size_bytes);

/*
 * Returns the bytes of the largest record: the size less one word. A buffer of that length takes every record.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_recorder_largest(const struct leat_recorder *recorder);

/*
 * A copy of the bytes is the newest record; where there was no room, as many of the oldest are gone as had to be.
 *
 * @param data   borrowed for the call     @param bytes  0 .. leat_recorder_largest
 * Returns 0; or -EMSGSIZE, more bytes than can ever fit, or fewer than 0, and nothing is gone.
 *
 * [thread: writer | blocks: no | allocates: no | fails: EMSGSIZE]
 */
LEAT_API int leat_recorder_write(struct leat_recorder *recorder, const void *data, int64_t bytes);

/*
 * The oldest record not yet read is copied out and counts as read; those that the writer came over before are counted as lost.
 *
 * @param data      the caller's, at least `capacity` long; its content is lost on failure
 * @param capacity  bytes, 0 upwards; below 0 counts as 0
 * @param needed    may be NULL; with -EMSGSIZE set to the bytes of the record, else untouched
 * Returns its bytes, 0 upwards; or -EAGAIN, there is none, or the writer came over each of a hundred, or stands still in the midst of
 * making room: a record follows; -EMSGSIZE, the record is longer than `capacity`, and stays until it is overwritten.
 *
 * [thread: reader | blocks: no | allocates: no | fails: EAGAIN, EMSGSIZE]
 */
LEAT_API int64_t leat_recorder_read(struct leat_recorder *recorder, void *data, int64_t capacity, int64_t *needed);

/*
 * *stats says what was written, read and lost; exact with both sides at rest, else a moment's view.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_recorder_stats(const struct leat_recorder *recorder, struct leat_recorder_stats *stats);

/*
 * Returns whether the invariants I1, I3 and I4 hold; walks over all records inside.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_recorder_valid(const struct leat_recorder *recorder);

#ifdef __cplusplus
}
#endif
#endif
