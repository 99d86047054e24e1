/* SPDX-License-Identifier: MIT */
/*
 * leat/value.h: what is in the values of TLV items: numbers of checked widths, texts; and the items that a path leads to.
 *
 * Nothing here allocates, blocks or keeps anything. Every function leaves its output untouched when it fails.
 */
#ifndef LEAT_VALUE_H
#define LEAT_VALUE_H

#include <leat/tlv.h>

#ifdef __cplusplus
extern "C" {
#endif

enum leat_tlv_order { LEAT_TLV_ORDER_BIG, LEAT_TLV_ORDER_LITTLE, LEAT_TLV_ORDER_HOST };

/*
 * Numbers whose width is known: the value must have just so many bytes.
 *
 * @param number  set on success
 * Returns 0, or -EBADMSG: the value has another length, or none (it is indefinite).
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_tlv_u8(const struct leat_tlv_item *item, uint8_t *number);
LEAT_API int leat_tlv_u16(const struct leat_tlv_item *item, enum leat_tlv_order order, uint16_t *number);
LEAT_API int leat_tlv_u32(const struct leat_tlv_item *item, enum leat_tlv_order order, uint32_t *number);
LEAT_API int leat_tlv_u64(const struct leat_tlv_item *item, enum leat_tlv_order order, uint64_t *number);

/*
 * A number of 1 to 8 bytes, as wide as the value; leat_tlv_signed takes it as two's complement (an INTEGER of X.690 is big endian).
 *
 * Returns 0, or -EBADMSG: the value has no bytes, or more than 8.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_tlv_unsigned(const struct leat_tlv_item *item, enum leat_tlv_order order, uint64_t *number);
LEAT_API int leat_tlv_signed(const struct leat_tlv_item *item, enum leat_tlv_order order, int64_t *number);

/*
 * A number of 7 bits a byte, least significant first (protobuf, MQTT), which is all of the value. The zigzag form of protobuf's sint64:
 * (int64_t)(n >> 1) ^ -(int64_t)(n & 1).
 *
 * Returns 0, or -EBADMSG: it does not end where the value ends, or has more than 64 bits.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_tlv_varint(const struct leat_tlv_item *item, uint64_t *number);

/*
 * A text: bytes without a zero among them; one zero at the end, as netlink has it, is left out.
 *
 * @param chars  set to the value's first byte; not terminated
 * @param bytes  set to the text's bytes
 * Returns 0, or -EBADMSG: indefinite, or a zero inside.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_tlv_text(const struct leat_tlv_item *item, const char **chars, int64_t *bytes);

#define LEAT_TLV_OID_CHARS 128 /* room for nearly all */

/*
 * An object identifier (X.690's type 6) as people write it: "2.5.4.3".
 *
 * @param text  `room` chars; its content is lost on failure; ends with a zero
 * Returns its letters, the zero left out; -EBADMSG: empty, cut, not the shortest form, a number of more than 64 bits; -EMSGSIZE: no room.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG EMSGSIZE]
 */
LEAT_API int64_t leat_tlv_oid(const struct leat_tlv_item *item, char *text, int64_t room);

/*
 * Returns what the standards of certificates call it ("commonName"), a constant string; NULL: it is none of those known here.
 *
 * [thread: any | blocks: no | allocates: no | fails: NULL]
 */
LEAT_API const char *leat_tlv_oid_name(const struct leat_tlv_item *item);

/*
 * A path: types from the outermost level to the innermost, LEAT_TLV_ANY for whatever type.
 */
#define LEAT_TLV_PATH_MAX 16
#define LEAT_TLV_ANY UINT64_MAX

struct leat_tlv_path {
    uint64_t types[LEAT_TLV_PATH_MAX];
    int32_t count;
    int32_t base; /* depth of the items that types[0] is compared with; -1: that of the cursor when it is first used */
};

/*
 * Reads a path: types with / between, `30/30/02`. They are hexadecimal where the dialect's people read types so (in_hex: ber, der, png),
 * else decimal; 0x and a hexadecimal number always; * any type.
 *
 * Returns 0, or -EINVAL: no number, more than 64 bits, or more than LEAT_TLV_PATH_MAX of them.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_tlv_path_read(struct leat_tlv_path *path, const struct leat_tlv_dialect *dialect, const char *text);

/*
 * Finds the next item that the path leads to, in document order, from where the cursor stands: call it again for the one after. Only items
 * on the way are entered.
 *
 * @param cursor  stands at the level of types[0], or where the last call with this path left it
 * @param item    set when one is found, and the cursor stands behind it, as after leat_tlv_next
 * Returns LEAT_TLV_ITEM; LEAT_TLV_END: no more, and the cursor stands at the end of the level of types[0]; LEAT_TLV_BAD: malformed, see
 * leat_tlv_cursor_fault.
 *
 * [thread: owner | blocks: no | allocates: no | fails: LEAT_TLV_BAD]
 */
LEAT_API enum leat_tlv_next leat_tlv_find(struct leat_tlv_cursor *cursor, struct leat_tlv_path *path, struct leat_tlv_item *item);

#ifdef __cplusplus
}
#endif
#endif
