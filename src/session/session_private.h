/* SPDX-License-Identifier: MIT */
#ifndef LEAT_SESSION_PRIVATE_H
#define LEAT_SESSION_PRIVATE_H

#include <leat/os.h>
#include <leat/session.h>

#include <errno.h>
#include <string.h>

#define NAME_MOST 255
#define FRAME_MOST (LEAT_PROTOCOL_HEADER_BYTES + LEAT_PROTOCOL_CRC_BYTES) /* what a frame has beside its value */
#define INBOX 64                                                          /* frames that are taken from the link at once */
#define CONTROL_MOST 2048                                                 /* bytes of a hello's or an error's value that are looked at */

struct leat_session {
    struct leat_link *link;
    struct leat_session_options options; /* defaults filled in */
    char name[NAME_MOST + 1], their_name[NAME_MOST];
    struct leat_protocol_hello mine, both; /* both: what is in force; of name and silence, what the other side said */
    bool greeted;                          /* the other side's hello came */
    int ended;                             /* what recv and send say, once whatever is whole was received; 0: it goes on */
    struct leat_error error;

    /* Outbound. */
    uint32_t next_out; /* number of the next frame */
    bool begun;        /* a message's last part is still to come, and */
    uint16_t out_type; /* this is its type */
    int64_t sent_ns;   /* when something was sent last; only where silence_ns is set */

    /* Inbound. */
    uint32_t next_in; /* number that the next frame should have */
    bool heard;       /* a frame has come; until then any number will do */
    int64_t heard_ns; /* when something came last; only where the other side has promised something */
    int64_t inbox_first, inbox_count;
    struct leat_msg inbox[INBOX];
    int64_t part_count, part_bytes; /* S1 */
    int64_t most_bytes;             /* of all parts of a message */
    bool whole;                     /* the last part is among them */
    struct leat_protocol_head head; /* of the message that they are of */
    struct leat_session_stats stats;
    struct leat_msg parts[]; /* options.max_parts */
};

/* send.c */
int session_hello(struct leat_session *session); /* is sent: 0, or as leat_link_send */
void session_keep_alive(struct leat_session *session);
/* The session is over by an error of this side, which the other one is told. @param offset  in the stream that came; 0: about no place */
void session_end(struct leat_session *session, uint16_t code, int64_t offset, uint32_t sequence, const char *text);
/* The checksum of the first `bytes` of *msg. */
uint32_t session_crc(struct leat_session *session, struct leat_msg *msg, int64_t bytes);

/* receive.c */
void session_drop_parts(struct leat_session *session); /* of the message that is not whole */
void session_look_at_clock(struct leat_session *session);

#endif
