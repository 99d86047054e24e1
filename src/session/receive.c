/* SPDX-License-Identifier: MIT */
/* Inbound: frames are looked at in the order of the stream, and parts become messages. */
#include "session_private.h"

#include <stdio.h>

void session_drop_parts(struct leat_session *session)
{
    session->stats.parts_dropped += session->part_count;
    for (; session->part_count > 0; session->part_count--)
        leat_msg_unref(&session->parts[session->part_count - 1]);
    session->part_bytes = 0;
}

/* ---- frames of the protocol's own ---- */

static void hello(struct leat_session *session, const void *value, int64_t bytes, bool first)
{
    struct leat_protocol_hello theirs;
    if (!first) {
        session_end(session, LEAT_PROTOCOL_MALFORMED, 0, session->next_in - 1, "a hello is the first frame, or none");
        return;
    }
    int rc = leat_protocol_hello_read(value, bytes, &theirs);
    if (rc == 0)
        rc = leat_protocol_agree(&session->mine, &theirs, &session->both);
    if (rc != 0) {
        session_end(session, rc == -EPROTO ? LEAT_PROTOCOL_VERSION_BAD : LEAT_PROTOCOL_MALFORMED, 0, session->next_in - 1,
                    "a hello that cannot be read");
        return;
    }
    if (theirs.name_bytes > 0)
        memcpy(session->their_name, theirs.name, (size_t)theirs.name_bytes);
    session->both.name = session->their_name;
    session->greeted = true;
}

static void their_error(struct leat_session *session, const void *value, int64_t bytes)
{
    struct leat_protocol_error error;
    if (leat_protocol_error_read(value, bytes, &error) != 0) {
        session_end(session, LEAT_PROTOCOL_MALFORMED, 0, session->next_in - 1, "an error that cannot be read");
        return;
    }
    session->ended = -EREMOTEIO;
    session->error = (struct leat_error){.code = -EREMOTEIO, .offset = error.offset > 0 ? (int64_t)(error.offset & INT64_MAX) : -1};
    snprintf(session->error.text, sizeof session->error.text, "%s: the other side ended it: code %u, frame %u: %.*s",
             leat_link_name(session->link), (unsigned)error.code, (unsigned)error.sequence, (int)error.text_bytes,
             error.text_bytes > 0 ? error.text : "");
}

/* A frame of a type that is the protocol's; its value is looked at in one piece. */
static void own_frame(struct leat_session *session, const struct leat_protocol_head *head, struct leat_msg *msg, bool first)
{
    unsigned char value[CONTROL_MOST];
    if (head->type == LEAT_PROTOCOL_KEEP_ALIVE) {
        session->stats.keep_alives_in++;
    } else if (head->type != LEAT_PROTOCOL_HELLO && head->type != LEAT_PROTOCOL_ERROR) {
        session->stats.frames_skipped++;
        if (leat_protocol_unknown(head) == LEAT_PROTOCOL_REFUSE)
            session_end(session, LEAT_PROTOCOL_UNKNOWN_TYPE, 0, head->sequence, "a critical frame of a type that is not known");
    } else if (head->length > sizeof value) {
        session_end(session, LEAT_PROTOCOL_TOO_LONG, 0, head->sequence, "a hello or an error of more than 2048 bytes");
    } else {
        leat_msg_read(msg, LEAT_PROTOCOL_HEADER_BYTES, value, head->length);
        if (head->type == LEAT_PROTOCOL_HELLO)
            hello(session, value, head->length, first);
        else
            their_error(session, value, head->length);
    }
    leat_msg_unref(msg);
}

/* ---- parts ---- */

/* What is wrong with a part as the next one of the message that is begun, or of a new one; NULL: nothing. */
static const char *wrong_part(struct leat_session *session, const struct leat_protocol_head *head, uint16_t *code)
{
    *code = LEAT_PROTOCOL_TOO_LONG;
    if (head->length > session->mine.max_value)
        return "a value longer than max_value";
    if (session->part_count == session->options.max_parts)
        return "a message of more parts than max_parts";
    if (session->part_bytes + head->length > session->most_bytes)
        return "a message longer than half of high_water_bytes";
    *code = LEAT_PROTOCOL_MALFORMED;
    if (session->part_count > 0 && head->type != session->head.type)
        return "a part of another message among the parts of one";
    return NULL;
}

static void part(struct leat_session *session, const struct leat_protocol_head *head, struct leat_msg *msg)
{
    uint16_t code;
    const char *wrong = wrong_part(session, head, &code);
    if (wrong) {
        leat_msg_unref(msg);
        session_end(session, code, 0, head->sequence, wrong);
        return;
    }
    leat_msg_trim(msg, LEAT_PROTOCOL_HEADER_BYTES, (head->flags & LEAT_PROTOCOL_CRC) != 0 ? LEAT_PROTOCOL_CRC_BYTES : 0);
    if (session->part_count == 0) {
        session->head = *head;
        session->head.flags &= LEAT_PROTOCOL_NESTED | LEAT_PROTOCOL_CRITICAL;
    }
    session->parts[session->part_count++] = *msg;
    session->part_bytes += head->length;
    session->whole = (head->flags & LEAT_PROTOCOL_MORE) == 0;
}

/* Whether the frame's checksum is right, or it has none. */
static bool checked(struct leat_session *session, const struct leat_protocol_head *head, struct leat_msg *msg)
{
    unsigned char said[LEAT_PROTOCOL_CRC_BYTES];
    if ((head->flags & LEAT_PROTOCOL_CRC) == 0)
        return true;
    if (!session->options.crc32c) /* we have said that we cannot */
        return false;
    const int64_t summed = leat_msg_size(msg) - LEAT_PROTOCOL_CRC_BYTES;
    const uint32_t crc = session_crc(session, msg, summed);
    leat_msg_read(msg, summed, said, sizeof said);
    return crc == ((uint32_t)said[0] << 24 | (uint32_t)said[1] << 16 | (uint32_t)said[2] << 8 | said[3]);
}

/* One frame, as the link framed it: header and length are right. */
static void take(struct leat_session *session, struct leat_msg *msg)
{
    unsigned char header[LEAT_PROTOCOL_HEADER_BYTES];
    struct leat_protocol_head head;
    const bool first = !session->heard;
    leat_msg_read(msg, 0, header, sizeof header);
    leat_protocol_head_read(header, sizeof header, &head);
    if (!first && head.sequence != session->next_in) { /* what is missing may have been a part */
        session->stats.frames_lost += head.sequence - session->next_in;
        session_drop_parts(session);
    }
    session->heard = true;
    session->next_in = head.sequence + 1;
    if (!checked(session, &head, msg)) {
        leat_msg_unref(msg);
        session_end(session, LEAT_PROTOCOL_MALFORMED, 0, head.sequence,
                    session->options.crc32c ? "a wrong checksum" : "a checksum, which this side did not offer");
    } else if (head.type >= LEAT_PROTOCOL_OWN && head.type != LEAT_PROTOCOL_BATCH) {
        own_frame(session, &head, msg, first);
    } else {
        part(session, &head, msg);
    }
}

/* ---- time ---- */

static int64_t promised_ns(const struct leat_session *session)
{
    return session->greeted ? (int64_t)session->both.silence_ms * 1000000 : 0;
}

/* When session_look_at_clock has something to do. */
static int64_t due(const struct leat_session *session)
{
    const int64_t ours = session->options.silence_ns > 0 ? session->sent_ns + session->options.silence_ns : LEAT_FOREVER;
    const int64_t theirs = promised_ns(session) > 0 ? session->heard_ns + 2 * promised_ns(session) : LEAT_FOREVER;
    return session->ended != 0 ? LEAT_FOREVER : ours < theirs ? ours : theirs;
}

void session_look_at_clock(struct leat_session *session)
{
    if (due(session) == LEAT_FOREVER)
        return;
    const int64_t now_ns = leat_os_now_ns();
    if (session->options.silence_ns > 0 && now_ns - session->sent_ns >= session->options.silence_ns) {
        session->sent_ns = now_ns; /* without room there is enough to say */
        session_keep_alive(session);
    }
    if (promised_ns(session) > 0 && now_ns - session->heard_ns >= 2 * promised_ns(session))
        session_end(session, LEAT_PROTOCOL_SILENT, 0, 0, "nothing came for twice as long as was promised");
}

int64_t leat_session_deadline(const struct leat_session *session)
{
    const int64_t link = leat_link_deadline(session->link), own = due(session);
    return link < own ? link : own;
}

void leat_session_step(struct leat_session *session)
{
    leat_link_step(session->link);
    session_look_at_clock(session);
}

/* ---- recv ---- */

/* The link has no more. Returns what is to be said. */
static int over(struct leat_session *session, int code)
{
    const struct leat_error *why = leat_link_error(session->link);
    if (code == -EBADMSG)
        session_end(session, LEAT_PROTOCOL_MALFORMED, why->offset, 0, "no frame begins there");
    session->ended = code;
    session->error = *why;
    session->error.code = code;
    session_drop_parts(session);
    return code;
}

/* Whether the link's input failed by a limit of time, not the deadline passed. */
static bool link_timed_out(const struct leat_session *session, int64_t code)
{
    return code == -ETIMEDOUT && leat_link_error(session->link)->code == -ETIMEDOUT;
}

/* More frames are in the inbox. Returns 0, or what recv returns. */
static int64_t fill(struct leat_session *session, int64_t deadline_ns)
{
    for (;;) {
        const int64_t until_ns = due(session) < deadline_ns ? due(session) : deadline_ns;
        const int64_t got = leat_link_recv_many(session->link, session->inbox, INBOX, until_ns);
        if (got > 0) {
            session->inbox_first = 0;
            session->inbox_count = got;
            session->heard_ns = leat_os_now_ns(); /* the time of a batch, not of a frame */
            session_look_at_clock(session);
            return 0;
        }
        if ((got != -EAGAIN && got != -ETIMEDOUT) || link_timed_out(session, got))
            return over(session, (int)got);
        session_look_at_clock(session);
        if (session->ended != 0)
            return session->ended;
        if (deadline_ns == 0)
            return -EAGAIN;
        if (deadline_ns != LEAT_FOREVER && leat_os_now_ns() >= deadline_ns)
            return -ETIMEDOUT;
    }
}

/* The whole message is the application's. */
static int64_t hand_over(struct leat_session *session, struct leat_protocol_head *head, struct leat_msg *parts, int64_t most)
{
    const int64_t count = session->part_count;
    if (count > most)
        return -EMSGSIZE;
    memcpy(parts, session->parts, (size_t)count * sizeof *parts);
    if (head) {
        *head = session->head;
        head->length = (uint32_t)session->part_bytes;
    }
    session->stats.messages_in++;
    session->stats.parts_in += count;
    session->stats.bytes_in += session->part_bytes;
    session->part_count = session->part_bytes = 0;
    session->whole = false;
    return count;
}

int64_t leat_session_recv(struct leat_session *session, struct leat_protocol_head *head, struct leat_msg *parts, int64_t most,
                          int64_t deadline_ns)
{
    while (!session->whole) {
        if (session->ended != 0)
            return session->ended;
        int64_t rc = session->inbox_first < session->inbox_count ? 0 : fill(session, deadline_ns);
        if (rc != 0)
            return rc;
        if (session->ended == 0)
            take(session, &session->inbox[session->inbox_first++]);
    }
    return hand_over(session, head, parts, most);
}

bool leat_session_arm(struct leat_session *session)
{
    return !session->whole && session->ended == 0 && session->inbox_first == session->inbox_count && leat_link_arm(session->link);
}
