/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte says how the rest is cut. What is encoded has no end inside, fits what leat_*_most says and in not a
 * byte less than it is long, and decodes as it was, also over itself; the framers find the frames however the bytes come. What is decoded,
 * whatever the bytes are, is no longer than the frame and writes nothing beyond its room; and encodes and decodes as the same.
 *
 *     make fuzz
 */
#include <leat/stuffing.h>
#include <leat/tlv.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define want(fact) want_at((fact), __LINE__)
static void want_at(bool fact, int line)
{
    if (fact)
        return;
    fprintf(stderr, "stuffing_fuzz.c:%d: this does not hold\n", line);
    abort();
}

struct way {
    const char *dialect;
    int64_t (*most)(int64_t bytes);
    int64_t (*encode)(void *out, int64_t room, const void *data, int64_t bytes);
    int64_t (*decode)(void *out, int64_t room, const void *frame, int64_t bytes);
    unsigned char end;
};

/* As many bytes as are asked for and not one more, so that a checker sees a step too far. */
static uint8_t *exactly(int64_t bytes)
{
    uint8_t *place = malloc(bytes > 0 ? (size_t)bytes : 1);
    want(place != NULL);
    return place;
}

/* A value becomes a frame and a value again. Returns the frame, for the caller to free. */
static uint8_t *round_trip(const struct way *way, const uint8_t *data, int64_t bytes, int64_t *frame_bytes)
{
    int64_t most = way->most(bytes);
    uint8_t *wide = exactly(most), *frame, *value = exactly(bytes);
    int64_t n = way->encode(wide, most, data, bytes);
    want(n >= 1 && n <= most);
    frame = exactly(n);
    want(way->encode(frame, n, data, bytes) == n && memcmp(frame, wide, (size_t)n) == 0);
    want(way->encode(wide, n - 1, data, bytes) == -EMSGSIZE);
    want(memchr(frame, way->end, (size_t)n) == frame + n - 1);
    want(way->decode(value, bytes, frame, n) == bytes && (bytes == 0 || memcmp(value, data, (size_t)bytes) == 0));
    want(way->decode(value, bytes, frame, n - 1) == bytes && (bytes == 0 || memcmp(value, data, (size_t)bytes) == 0));
    want(bytes == 0 || way->decode(value, bytes - 1, frame, n) == -EMSGSIZE);
    memcpy(wide, frame, (size_t)n);
    want(way->decode(wide, n, wide, n) == bytes && (bytes == 0 || memcmp(wide, data, (size_t)bytes) == 0));
    free(wide);
    free(value);
    *frame_bytes = n;
    return frame;
}

/* Whatever the bytes are, they are a frame or not. */
static void decode_any(const struct way *way, const uint8_t *data, int64_t bytes)
{
    uint8_t *value = exactly(bytes), *frame;
    int64_t n = way->decode(value, bytes, data, bytes), frame_bytes;
    want((n >= 0 && n <= bytes) || n == -EBADMSG);
    if (n > 0) {
        uint8_t *less = exactly(n - 1);
        want(way->decode(less, n - 1, data, bytes) == -EMSGSIZE);
        free(less);
    }
    if (n >= 0) {
        frame = round_trip(way, value, n, &frame_bytes);
        free(frame);
    }
    free(value);
}

/* The value cut in pieces, each a frame, all in one stream that comes `step` bytes at a time. */
static void stream(const struct way *way, const uint8_t *data, int64_t bytes, int64_t piece, int64_t step)
{
    struct leat_tlv_framer framer;
    int64_t count = (bytes + piece - 1) / piece, end = 0, at = 0, n = 0, found = 0;
    uint8_t *all = exactly(count * way->most(piece)), *value = exactly(piece);
    for (int64_t i = 0; i < count; i++) {
        int64_t length = bytes - i * piece < piece ? bytes - i * piece : piece;
        end += way->encode(all + end, way->most(length), data + i * piece, length);
    }
    want(leat_tlv_framer_init(&framer, leat_tlv_dialect(way->dialect), NULL) == 0);
    for (int64_t there = step < end ? step : end; at < end; there = there + step < end ? there + step : end) {
        while (leat_tlv_frame(&framer, all + at, there - at, &n) == LEAT_TLV_WHOLE) {
            int64_t length = bytes - found * piece < piece ? bytes - found * piece : piece;
            want(n <= there - at && way->decode(value, piece, all + at, n) == length);
            want(memcmp(value, data + found++ * piece, (size_t)length) == 0);
            at += n;
        }
        want(leat_tlv_framer_fault(&framer)->rule == LEAT_TLV_OK && leat_tlv_framer_valid(&framer));
    }
    want(found == count && at == end);
    free(all);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct way ways[] = {
        {"slip", leat_slip_most, leat_slip_encode, leat_slip_decode, 0xc0},
        {"cobs", leat_cobs_most, leat_cobs_encode, leat_cobs_decode, 0},
    };
    if (size < 2)
        return 0;
    for (int i = 0; i < 2; i++) {
        int64_t frame_bytes;
        free(round_trip(&ways[i], data + 2, (int64_t)size - 2, &frame_bytes));
        decode_any(&ways[i], data + 2, (int64_t)size - 2);
        stream(&ways[i], data + 2, (int64_t)size - 2, 1 + data[0], 1 + data[1]);
    }
    return 0;
}
