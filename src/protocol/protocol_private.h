/* SPDX-License-Identifier: MIT */
/* protocol_private.h: the bytes of leat's own protocol. */
#ifndef LEAT_PROTOCOL_PRIVATE_H
#define LEAT_PROTOCOL_PRIVATE_H

#include <leat/protocol.h>

enum { AT_MARK = 0, AT_FLAGS = 1, AT_TYPE = 2, AT_LENGTH = 4, AT_SEQUENCE = 8, AT_ZERO = 12, AT_SUM = 14 };
enum { MARK = 0xa7, FLAGS = 0x0f, ITEM_CRITICAL = 0x80 };

/* The items of hello and error, and that of a batch. */
enum { HELLO_VERSION = 1, HELLO_FLAGS = 2, HELLO_MAX_VALUE = 3, HELLO_SILENCE = 4, HELLO_NAME = 5 };
enum { ERROR_CODE = 1, ERROR_OFFSET = 2, ERROR_SEQUENCE = 3, ERROR_TEXT = 4 };
enum { BATCH_FRAME = 1, BATCH_HEAD_BYTES = 12, BATCH_COUNT_AT = 8 };

/* Numbers, big endian. */
void leat_protocol_store(unsigned char *p, int32_t bytes, uint64_t number);
uint64_t leat_protocol_load(const unsigned char *p, int32_t bytes);

#endif
