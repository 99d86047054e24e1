/* SPDX-License-Identifier: MIT */
/*
 * leat/protocol.h: leat's own protocol: the header of its frames, the checksum behind them, and the frames that the protocol itself sends
 * (hello, keep-alive, error, batch). doc/protocol.md says every byte; the dialects `leat` and `leat-item` read the same.
 *
 * An application has the types 0 to feff. A frame:
 *
 *      0     1           2     4        8          12    14         16
 *      +-----+-----------+-----+--------+----------+-----+----------+-------+-----------+
 *      | a7  | vers flags| type| length | sequence | 0 0 | checksum | value | (CRC32C)  |
 *      +-----+-----------+-----+--------+----------+-----+----------+-------+-----------+
 *
 * Nothing here allocates, blocks or keeps anything.
 */
#ifndef LEAT_PROTOCOL_H
#define LEAT_PROTOCOL_H

#include <leat/tlv.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_PROTOCOL_VERSION 1
#define LEAT_PROTOCOL_HEADER_BYTES 16
#define LEAT_PROTOCOL_CRC_BYTES 4

enum leat_protocol_flag {
    LEAT_PROTOCOL_CRC = 1,      /* CRC32C of header and value stands behind the value */
    LEAT_PROTOCOL_MORE = 2,     /* another part of the same message follows */
    LEAT_PROTOCOL_NESTED = 4,   /* the value is leat-item items */
    LEAT_PROTOCOL_CRITICAL = 8, /* who does not know the type must not go on as if it had not come */
};

enum leat_protocol_type {
    LEAT_PROTOCOL_OWN = 0xff00, /* this type and those above are the protocol's */
    LEAT_PROTOCOL_HELLO = 0xff00,
    LEAT_PROTOCOL_KEEP_ALIVE = 0xff01,
    LEAT_PROTOCOL_ERROR = 0xff02,
    LEAT_PROTOCOL_BATCH = 0xff03,
};

struct leat_protocol_head {
    uint16_t type;
    uint8_t flags;     /* of enum leat_protocol_flag, added */
    uint32_t length;   /* of the value */
    uint32_t sequence; /* of this sender's frames, 1 for the first, all counted; after 2^32 - 1 comes 0 */
};

/*
 * CRC32C (Castagnoli) of more bytes: for instance libisal's crc32_iscsi, or a processor's own instruction.
 *
 * @param crc  0 at first, then what the call before returned
 */
typedef uint32_t leat_protocol_crc32c(void *context, uint32_t crc, const void *data, int64_t bytes);

/*
 * Writes a header: all of its bytes.
 *
 * @param out  room for LEAT_PROTOCOL_HEADER_BYTES
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_protocol_head_write(const struct leat_protocol_head *head, void *out);

/*
 * Reads a header.
 *
 * @param bytes  that are there of the frame
 * @param head   set on success
 * Returns 0; -EAGAIN: less than a header is there, and nothing is wrong with it yet; -EPROTO: another version; -EBADMSG: no such
 * header: mark or checksum are wrong.
 *
 * [thread: any | blocks: no | allocates: no | fails: EAGAIN EPROTO EBADMSG]
 */
LEAT_API int leat_protocol_head_read(const void *data, int64_t bytes, struct leat_protocol_head *head);

/* Returns the bytes of a whole frame with this header. [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API int64_t leat_protocol_frame_bytes(const struct leat_protocol_head *head);

/*
 * Sets the checksum behind a frame whose header has the flag, or checks it; without the flag there is nothing to do.
 *
 * @param frame  header, value and room for the checksum
 * @param bytes  of it all
 * Returns 0; -EINVAL: not a whole frame; check: -EBADMSG: another checksum.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL EBADMSG]
 */
LEAT_API int leat_protocol_crc_set(void *frame, int64_t bytes, leat_protocol_crc32c *crc32c, void *context);
LEAT_API int leat_protocol_crc_check(const void *frame, int64_t bytes, leat_protocol_crc32c *crc32c, void *context);

/* What a reader does with a frame or item of a type that it does not know. */
enum leat_protocol_unknown { LEAT_PROTOCOL_SKIP, LEAT_PROTOCOL_REFUSE };

/*
 * A frame that this version does not know is skipped, unless it is critical: then the reader answers with the error
 * LEAT_PROTOCOL_UNKNOWN_TYPE and closes.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_protocol_unknown leat_protocol_unknown(const struct leat_protocol_head *head);

/* Likewise of a nested item: its critical bit is that of its first byte, 0x80. [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API bool leat_protocol_item_critical(const struct leat_tlv_item *item);

/* What a side says of itself in its first frame. Each holds the other to it. */
struct leat_protocol_hello {
    uint8_t version;     /* the highest that it speaks */
    uint8_t flags;       /* that it can handle */
    uint32_t max_value;  /* bytes of the longest value that it takes */
    uint32_t silence_ms; /* it says something at least so often, a keep-alive if nothing else; 0: it may be silent */
    const char *name;    /* of the program, for logs; not terminated; NULL: none */
    int32_t name_bytes;  /* 0 to 255 */
};

/*
 * Puts a hello frame. @param writer  of the dialect `leat`, no item open
 *
 * Returns 0; -EINVAL: a field out of its range; -EMSGSIZE: no room: nothing was put then.
 *
 * [thread: the writer's | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_protocol_hello_put(struct leat_tlv_writer *writer, const struct leat_protocol_hello *hello);

/*
 * Reads a hello frame's value. Items that are unknown and not critical are skipped; what is missing is as version 1 has it by default: no
 * flags, values of 1 MiB, silence allowed.
 *
 * @param hello  set on success; its name lies in `value`
 * Returns 0; -EBADMSG: malformed, or an item of the wrong width; -EPROTO: an item that is unknown and critical.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG EPROTO]
 */
LEAT_API int leat_protocol_hello_read(const void *value, int64_t bytes, struct leat_protocol_hello *hello);

/*
 * What both sides can do: the lower version, the flags of both, the smaller value; of silence and name what the other said.
 *
 * Returns 0, or -EPROTO: the other's version is 0.
 *
 * [thread: any | blocks: no | allocates: no | fails: EPROTO]
 */
LEAT_API int leat_protocol_agree(const struct leat_protocol_hello *mine, const struct leat_protocol_hello *theirs,
                                 struct leat_protocol_hello *both);

enum leat_protocol_code {
    LEAT_PROTOCOL_MALFORMED = 1,    /* bytes that no frame begins with, or a wrong checksum */
    LEAT_PROTOCOL_UNKNOWN_TYPE = 2, /* a critical frame or item that is not known */
    LEAT_PROTOCOL_TOO_LONG = 3,     /* a value longer than the hello allowed */
    LEAT_PROTOCOL_VERSION_BAD = 4,
    LEAT_PROTOCOL_SILENT = 5,        /* nothing came for longer than the hello promised */
    LEAT_PROTOCOL_APPLICATION = 100, /* this code and those above are the application's */
};

/* An error, after which its sender says nothing more. */
struct leat_protocol_error {
    uint16_t code;
    uint64_t offset;    /* of the stream that the other sent, where it is about a place; else 0 */
    uint32_t sequence;  /* of the frame that it is about; 0: none */
    const char *text;   /* for logs; not terminated; NULL: none */
    int32_t text_bytes; /* 0 to 1024 */
};

/*
 * Puts an error frame, as leat_protocol_hello_put() puts a hello; error->text is copied.
 *
 * Returns 0; -EINVAL: a field out of its range; -EMSGSIZE: no room: nothing was put then.
 *
 * [thread: the writer's | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_protocol_error_put(struct leat_tlv_writer *writer, const struct leat_protocol_error *error);

/*
 * Reads an error frame's value, as leat_protocol_hello_read() reads a hello's. @param error  set on success; its text lies in `value`
 *
 * Returns 0; -EBADMSG: malformed, an item of the wrong width, or no code; -EPROTO: an item that is unknown and critical.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBADMSG EPROTO]
 */
LEAT_API int leat_protocol_error_read(const void *value, int64_t bytes, struct leat_protocol_error *error);

/*
 * A batch: frames of any kind that travel together. Its value: the sequence number of the first one (8 bytes, big endian) and how many
 * there are (4), which leat_protocol_batch_end sets; then for each an item, type 1.
 *
 * Returns 0; -EINVAL: an item is open already, or (add, end) no batch is; -EMSGSIZE: no room: the batch is as it was.
 *
 * [thread: the writer's | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_protocol_batch_begin(struct leat_tlv_writer *writer, uint64_t first_sequence);
LEAT_API int leat_protocol_batch_add(struct leat_tlv_writer *writer, const void *frame, int64_t bytes);
LEAT_API int leat_protocol_batch_end(struct leat_tlv_writer *writer);

struct leat_protocol_batch {
    struct leat_tlv_cursor cursor;
    uint64_t sequence; /* of the frame that comes next */
    uint32_t left;     /* frames still to come */
};

/*
 * Takes a batch's value apart.
 *
 * @param value  borrowed as long as the batch is read
 * next: sets frame and bytes, in place, and the frame's sequence number. Items of other types are skipped if they are not critical.
 * Returns 0; -EBADMSG: malformed, or not as many frames as it says; next also -EPIPE: no more; -EPROTO: an unknown critical item.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EBADMSG EPIPE EPROTO]
 */
LEAT_API int leat_protocol_batch_open(struct leat_protocol_batch *batch, const void *value, int64_t bytes);
LEAT_API int leat_protocol_batch_next(struct leat_protocol_batch *batch, const void **frame, int64_t *bytes, uint64_t *sequence);

#ifdef __cplusplus
}
#endif
#endif
