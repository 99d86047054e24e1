/* SPDX-License-Identifier: MIT */
/*
 * leat/link.h: one connection. An I/O thread reads the device into a ring, frames TLV in place, makes pooled messages and writes them
 * to a pipe; one application thread receives. And back: what the application sends goes through a second pipe to the device.
 */
#ifndef LEAT_LINK_H
#define LEAT_LINK_H

#include <leat/base.h>
#include <leat/endpoint.h>
#include <leat/msg.h>
#include <leat/pool.h>
#include <leat/tlv.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_link;

struct leat_link_options {
    unsigned directions;                     /* LEAT_IN, LEAT_OUT or both; 0: all that the endpoint can do */
    const struct leat_tlv_dialect *dialect;  /* how the input is framed; required with LEAT_IN */
    int64_t max_frame;                       /* bytes; 0: 1 MiB */
    int64_t high_water_messages;             /* each direction; 0: 4096 */
    int64_t high_water_bytes;                /* of pool blocks; 0: 16 MiB; at least twice max_frame */
    int64_t block_bytes;                     /* of the link's pool; 0: 2048 */
    int64_t repeat;                          /* read the input this many times over; 0: once */
    const char *thread_name;                 /* NULL: "leat-link" */
};

/* A consistent copy of both directions' counters; bytes are payload bytes of whole frames. */
struct leat_link_stats {
    int64_t frames_in, bytes_in;          /* framed and accepted */
    int64_t frames_received;              /* handed to the application */
    int64_t frames_sent, bytes_sent;      /* taken from the application */
    int64_t frames_out, bytes_out;        /* wholly written to the device */
    int64_t malformed;                    /* 0 or 1: the link stops at the first */
    int64_t bytes_after_end;              /* input after the dialect's end mark, read and left out */
    int64_t ring_size, ring_used, ring_peak_bytes;
    int64_t pipe_in_items, pipe_in_peak, pipe_out_items, pipe_out_peak;
    int64_t pool_waits;                   /* times the I/O thread waited for a block */
    struct leat_pool_stats pool;
};

struct leat_link_end {
    int64_t delivered; /* messages sent that the device took */
    int64_t left;      /* messages sent that it did not */
    int64_t unread;    /* messages received that the application did not take */
};

LEAT_API int leat_link_open(struct leat_link **link, const char *endpoint, const struct leat_link_options *options, struct leat_error *error);
/* 0 and *msg owned by the caller; -EAGAIN, -ETIMEDOUT; -EPIPE clean end of input; -EBADMSG malformed; or the device's errno. Everything before is delivered first. */
LEAT_API int leat_link_recv(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns);
/* 0: taken, *msg empty; -EAGAIN, -ETIMEDOUT: full, still the caller's; -EPIPE or the device's errno: the output has failed, still the caller's. */
LEAT_API int leat_link_send(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns);
LEAT_API void leat_link_flush(struct leat_link *link);   /* what was sent is on its way */
LEAT_API int leat_link_fd(struct leat_link *link);       /* poll for reading after leat_link_arm */
LEAT_API bool leat_link_arm(struct leat_link *link);     /* false: something waits, receive first */
LEAT_API const struct leat_error *leat_link_error(const struct leat_link *link); /* after a failed recv or send: what, where, which rule */
LEAT_API const char *leat_link_name(const struct leat_link *link);               /* the bound or real address */
LEAT_API void leat_link_stats(struct leat_link *link, struct leat_link_stats *stats);
LEAT_API bool leat_link_valid(struct leat_link *link);
/*
 * Ends the link: waits until everything sent is written, or deadline_ns; the handle is gone in every case. 0, or the first error of the output
 * (-ETIMEDOUT: some was left). Messages received before stay valid until they are unref'd: the pool goes with the last of them.
 */
LEAT_API int leat_link_close(struct leat_link *link, int64_t deadline_ns, struct leat_link_end *end, struct leat_error *error);

#ifdef __cplusplus
}
#endif
#endif
