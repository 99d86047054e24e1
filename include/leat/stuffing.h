/* SPDX-License-Identifier: MIT */
/*
 * leat/stuffing.h: takes out what SLIP and COBS put into a frame so that no byte of it looks like a frame's end, and puts it in. The
 * framers `slip` and `cobs` (leat/tlv.h) find the frames, with their last byte; here that byte may be there or not.
 *
 * Source: RFC 1055; Cheshire and Baker, Consistent Overhead Byte Stuffing, 1999.
 * Nothing here allocates, blocks or keeps anything. No output is written beyond `room`.
 */
#ifndef LEAT_STUFFING_H
#define LEAT_STUFFING_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The most bytes that a value can become, its last byte included.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_slip_most(int64_t bytes); /* 2 bytes + 1 */
LEAT_API int64_t leat_cobs_most(int64_t bytes); /* one byte for each 254 begun, and 1 */

/*
 * Makes a frame of a value.
 *
 * @param out    room for `room` bytes; must not lie where data lies
 * @param data   NULL only if bytes is 0
 * Returns the frame's bytes, its last one (c0, 0) included; -EMSGSIZE: no room, and what out holds is of no meaning.
 *
 * [thread: any | blocks: no | allocates: no | fails: EMSGSIZE]
 */
LEAT_API int64_t leat_slip_encode(void *out, int64_t room, const void *data, int64_t bytes);
LEAT_API int64_t leat_cobs_encode(void *out, int64_t room, const void *data, int64_t bytes);

/*
 * Makes the value of a frame. It is never longer than the frame, so `out` may be the frame itself.
 *
 * @param frame  with its last byte or without it; SLIP: a c0 at its start is left out, too
 * Returns the value's bytes, 0 for an empty frame; -EBADMSG: an escape that there is not, a byte where none may be, or cut short;
 * -EMSGSIZE: no room. On failure what out holds is of no meaning.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG EMSGSIZE]
 */
LEAT_API int64_t leat_slip_decode(void *out, int64_t room, const void *frame, int64_t bytes);
LEAT_API int64_t leat_cobs_decode(void *out, int64_t room, const void *frame, int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
