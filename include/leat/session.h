/* SPDX-License-Identifier: MIT */
/*
 * leat/session.h: two programs that have nothing to agree on but leat: its own protocol (protocol.h, doc/protocol.md) over a link. A
 * message has a type and one or more parts; it comes whole or not at all. The session says hello, tells the other side what is wrong and
 * hears it, keeps alive what is silent, and checks numbers and checksums.
 *
 *   your word                        ours                           the difference
 *   zmq_msg_send, ZMQ_SNDMORE        leat_session_send, MORE        a part has a type, its flags are seen on the wire
 *   zmq_msg_recv, ZMQ_RCVMORE        leat_session_recv              all parts by one call
 *   ZMQ_HEARTBEAT_IVL                silence_ns                     each side promises its own, and is held to it
 *   HTTP/2 SETTINGS, GOAWAY          hello, leat_session_fail       one of each
 *
 * Every call is for the one application thread that uses the link, too. Nothing runs by itself: keep-alives go out, and a silent peer is
 * noticed, in leat_session_recv and leat_session_step, by leat_session_deadline.
 *
 * S1  parts[0 .. part_count) are the parts of one message, in order; no other message's part came between.
 * S2  the sequence number of a frame is taken when the link has taken the frame: no number is ever left out.
 */
#ifndef LEAT_SESSION_H
#define LEAT_SESSION_H

#include <leat/link.h>
#include <leat/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_session;

struct leat_session_options {
    /* Of leat_session_open; NULL: every default. Its dialect is `leat` or NULL, it goes both ways, and does not reconnect: what a session
     * has agreed on ends with its connection. max_frame 0: what max_value takes */
    const struct leat_link_options *link;
    const char *name;   /* that the other side may log, up to 255 bytes; NULL: none; copied */
    int64_t max_value;  /* bytes of the longest part that is taken; 0: 1 MiB, or what the link's max_frame has room for */
    int64_t max_parts;  /* of a message that is taken, 1 to 1024; 0: 16. All together have half of high_water_bytes */
    int64_t silence_ns; /* something is said at least so often, if leat_session_recv or _step is called; whole ms; 0: no promise */
    leat_protocol_crc32c *crc32c; /* NULL: what goes out has no checksum, and the other side is told to send none */
    void *crc32c_context;         /* handed to it */
};

/* Exact; bytes are of values. */
struct leat_session_stats {
    int64_t messages_in, parts_in, bytes_in; /* handed to the application */
    int64_t messages_out, parts_out, bytes_out;
    int64_t frames_lost;    /* numbers that were missing: datagrams, or the link drops */
    int64_t parts_dropped;  /* of messages that did not become whole */
    int64_t frames_skipped; /* of types that the protocol keeps for later */
    int64_t keep_alives_in, keep_alives_out;
};

/*
 * The endpoint is open, as leat_link_open, and a hello is on its way; the other side's is not waited for: until it comes, version 1 and
 * parts of 1 MiB are taken for granted.
 *
 * @param session  set on success, untouched on failure; ended by leat_session_close       @param endpoint  see endpoint.h
 * @param options  NULL: every default; copied       @param error  NULL, or filled on failure
 * Returns 0; -EINVAL: an option cannot be kept; or as leat_link_open.
 *
 * [thread: any | blocks: while connecting | allocates: yes | fails: EINVAL ENOMEM and as leat_link_open]
 */
LEAT_API int leat_session_open(struct leat_session **session, const char *endpoint, const struct leat_session_options *options,
                               struct leat_error *error);

/*
 * The same over a link that there is, of a listener for instance.
 *
 * @param link     nothing was received from or sent to it; the session's after success, the caller's still after failure
 * @param options  its `link` is not looked at
 * Returns 0; -EINVAL: an option cannot be kept, or the link's settings are not those of a session; -ENOMEM; or as leat_link_send.
 *
 * [thread: application | blocks: no | allocates: yes | fails: EINVAL ENOMEM and the device's]
 */
LEAT_API int leat_session_start(struct leat_session **session, struct leat_link *link, const struct leat_session_options *options,
                                struct leat_error *error);

/*
 * Sends one part, a copy of data[0 .. bytes); on its way after leat_session_flush.
 *
 * @param type   0 to feff, or LEAT_PROTOCOL_BATCH; of a message's later parts that of its first
 * @param flags  of enum leat_protocol_flag: MORE: the message's next part comes by the next call; NESTED, CRITICAL: of a first part
 * @param data   borrowed during the call; NULL only when bytes is 0
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits for room
 * Returns 0; -EAGAIN or -ETIMEDOUT no room; -EINVAL: type or flags; -EMSGSIZE: longer than the other side takes; -ECONNABORTED, -EREMOTEIO:
 * the session is over (leat_session_error); or as leat_link_send.
 *
 * [thread: application | blocks: until deadline_ns | allocates: blocks | fails: EAGAIN ETIMEDOUT EINVAL EMSGSIZE ECONNABORTED EREMOTEIO
 * EPIPE and the device's]
 */
LEAT_API int leat_session_send(struct leat_session *session, uint16_t type, unsigned flags, const void *data, int64_t bytes,
                               int64_t deadline_ns);

/*
 * For a part that is written where it is sent from: *msg has room for a value of so many bytes, from byte LEAT_PROTOCOL_HEADER_BYTES on.
 *
 * @param msg  empty or uninitialised; the caller's after success, for leat_session_send_msg or leat_msg_unref; untouched on failure
 * Returns as leat_link_alloc; -EMSGSIZE: longer than the other side takes.
 *
 * [thread: application | blocks: until deadline_ns | allocates: blocks | fails: as leat_link_alloc]
 */
LEAT_API int leat_session_alloc(struct leat_session *session, struct leat_msg *msg, int64_t bytes, int64_t deadline_ns);

/*
 * Sends the part that *msg holds, as leat_session_send, without a copy.
 *
 * @param msg  from leat_session_alloc; empty after success, still the caller's after failure
 * Returns as leat_session_send.
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: as leat_session_send]
 */
LEAT_API int leat_session_send_msg(struct leat_session *session, uint16_t type, unsigned flags, struct leat_msg *msg, int64_t deadline_ns);

/*
 * parts[0 .. n) are the parts of the next message.
 *
 * @param head   NULL, or set: type and flags (NESTED, CRITICAL) of the message, `length` of all its parts, the first part's number. An
 *               application that does not know a critical type calls leat_session_fail
 * @param parts  room for `most`; overwritten on success and the caller's from then on (leat_msg_unref), untouched on failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns n, 1 .. most; -EAGAIN or -ETIMEDOUT nothing whole there; -EMSGSIZE: it has more parts than `most`, and waits for a call with more
 * room; and after every whole message: -EREMOTEIO the other side has said an error; -ECONNABORTED this side had to; both
 * leat_session_error; -EPIPE the other side's end; or as leat_link_recv.
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EMSGSIZE EREMOTEIO ECONNABORTED EPIPE EBADMSG
 * and the device's]
 */
LEAT_API int64_t leat_session_recv(struct leat_session *session, struct leat_protocol_head *head, struct leat_msg *parts, int64_t most,
                                   int64_t deadline_ns);

/*
 * Everything sent so far is on its way, as leat_link_flush.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_session_flush(struct leat_session *session);

/*
 * Tells the other side an error, as far as there is room for it, and ends the session: it is to be closed.
 *
 * @param code  of enum leat_protocol_code       @param sequence  of the frame that it is about; 0: none       @param text  up to 255 bytes;
 * NULL
 *
 * [thread: application | blocks: no | allocates: a block | fails: never]
 */
LEAT_API void leat_session_fail(struct leat_session *session, uint16_t code, uint32_t sequence, const char *text);

/*
 * Whether something may be received, as leat_link_arm: poll leat_link_fd of leat_session_link after it said true. leat_session_deadline is
 * when leat_session_step, which says what is to be said and looks who is silent, is to be called at the latest.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_session_arm(struct leat_session *session);
LEAT_API int64_t leat_session_deadline(const struct leat_session *session);
LEAT_API void leat_session_step(struct leat_session *session);

/*
 * Returns what both sides can do, or NULL: the other side's hello has not come. Its name is the other side's, not terminated.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_protocol_hello *leat_session_agreed(const struct leat_session *session);

/*
 * Returns what stood behind -EREMOTEIO, -ECONNABORTED or the link's end. `code` is that number.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_error *leat_session_error(const struct leat_session *session);

/*
 * Returns the link, for its name, state, descriptor and counters; receiving and sending is the session's.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API struct leat_link *leat_session_link(const struct leat_session *session);

/*
 * *stats holds the counters.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_session_stats(const struct leat_session *session, struct leat_session_stats *stats);

/*
 * Session and link have ended, as leat_link_close; messages received before stay valid.
 *
 * @param deadline_ns, end, error  as leat_link_close; `end` counts frames
 * Returns as leat_link_close.
 *
 * [thread: application | blocks: as leat_link_close | allocates: no | fails: as leat_link_close]
 */
LEAT_API int leat_session_close(struct leat_session *session, int64_t deadline_ns, struct leat_link_end *end, struct leat_error *error);

#ifdef __cplusplus
}
#endif
#endif
