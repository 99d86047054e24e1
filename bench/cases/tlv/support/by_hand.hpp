/* SPDX-License-Identifier: MIT */
/* Loops written for one dialect each: what peers are checked against, and the baseline. */
#ifndef BENCH_TLV_BY_HAND_HPP
#define BENCH_TLV_BY_HAND_HPP

constexpr int tlv_levels = 64;

/*
 * Counts the items of all levels; 0: malformed. `read` reads the header at `at`, moves it to the value, says whether items are in there,
 * and returns the value's length, or -1: malformed. A library that only reads headers is walked with here.
 */
template <class Read> BENCH_INLINE size_t tlv_walk(const uint8_t *data, size_t bytes, Read read)
{
    const uint8_t *ends[tlv_levels], *at = data;
    int depth = 0;
    size_t items = 0;
    ends[0] = data + bytes;
    for (;;) {
        while (at == ends[depth]) {
            if (depth-- == 0) {
                return items;
            }
        }
        bool constructed = false;
        int64_t length = read(at, ends[depth], constructed);
        if (length < 0 || length > ends[depth] - at) {
            return 0;
        }
        items++;
        if (!constructed) {
            at += length;
        } else if (++depth == tlv_levels) {
            return 0;
        } else {
            ends[depth] = at + length;
        }
    }
}

/* DER as X.690 has it: tags of 8 bytes at most, lengths definite, both in their shortest form. */
BENCH_INLINE int64_t tlv_der_header(const uint8_t *&at, const uint8_t *end, bool &constructed)
{
    uint8_t first = *at++;
    constructed = (first & 0x20) != 0;
    if (first == 0) {
        return -1;
    }
    if ((first & 0x1f) == 0x1f) {
        uint64_t tag = 0;
        uint8_t byte;
        do {
            if (at == end || tag >> 42 != 0) {
                return -1;
            }
            byte = *at++;
            if (tag == 0 && byte == 0x80) {
                return -1;
            }
            tag = tag << 7 | (byte & 0x7f);
        } while ((byte & 0x80) != 0);
        if (tag < 0x1f) {
            return -1;
        }
    }
    if (at == end) {
        return -1;
    }
    uint8_t form = *at++;
    if (form < 0x80) {
        return form;
    }
    int count = form & 0x7f;
    uint64_t length = 0;
    if (count == 0 || count > 8 || end - at < count) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        length = length << 8 | *at++;
    }
    return length < 0x80 || length >> (8 * (count - 1)) == 0 || length > INT64_MAX ? -1 : int64_t(length);
}

inline size_t tlv_der_by_hand(const uint8_t *data, size_t bytes)
{
    return tlv_walk(data, bytes, tlv_der_header);
}

/* The bytes of the t16l32be frame at `data`; 0: not all is there, -1: longer than 1 MiB. */
BENCH_INLINE int64_t tlv_frame_by_hand(const uint8_t *data, int64_t bytes)
{
    uint32_t length;
    if (bytes < 6) {
        return 0;
    }
    __builtin_memcpy(&length, data + 2, sizeof(length));
    int64_t total = 6 + int64_t(__builtin_bswap32(length)); /* the machines measured are little endian */
    return total > (1 << 20) ? -1 : total > bytes ? 0 : total;
}
#endif
