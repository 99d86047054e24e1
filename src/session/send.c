/* SPDX-License-Identifier: MIT */
/* Outbound: a header before each value, a checksum behind it, and the frames that the session itself sends. */
#include "session_private.h"

#include <stdio.h>

#define MESSAGE_FLAGS (LEAT_PROTOCOL_MORE | LEAT_PROTOCOL_NESTED | LEAT_PROTOCOL_CRITICAL)

uint32_t session_crc(struct leat_session *session, struct leat_msg *msg, int64_t bytes)
{
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    uint32_t crc = 0;
    leat_msg_pieces(msg, &cursor);
    while (bytes > 0 && leat_msg_next_piece(&cursor, &piece)) {
        int64_t here = piece.bytes < bytes ? piece.bytes : bytes;
        crc = session->options.crc32c(session->options.crc32c_context, crc, piece.data, here);
        bytes -= here;
    }
    return crc;
}

/* Copies data[0 .. bytes) over the payload from offset on. */
static void write_into(struct leat_msg *msg, int64_t offset, const void *data, int64_t bytes)
{
    const unsigned char *from = data;
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    leat_msg_pieces(msg, &cursor);
    while (bytes > 0 && leat_msg_next_piece(&cursor, &piece)) {
        if (offset >= piece.bytes) {
            offset -= piece.bytes;
            continue;
        }
        int64_t here = piece.bytes - offset < bytes ? piece.bytes - offset : bytes;
        memcpy(piece.data + offset, from, (size_t)here);
        from += here;
        bytes -= here;
        offset = 0;
    }
}

/* Whether what goes out has a checksum: who has asked for one gets it, and gives it. */
static bool sums(const struct leat_session *session)
{
    return session->options.crc32c && (session->both.flags & LEAT_PROTOCOL_CRC) != 0;
}

/*
 * Header and checksum are written into the frame, and it is sent. Who asks for room cannot know yet whether there will be a checksum, so
 * there is room for one wherever there may be; what is too much is left out of what is sent.
 */
static int send_frame(struct leat_session *session, struct leat_protocol_head *head, struct leat_msg *msg, int64_t deadline_ns)
{
    unsigned char header[LEAT_PROTOCOL_HEADER_BYTES];
    const int64_t bytes = leat_protocol_frame_bytes(head);
    struct leat_msg frame = *msg;
    leat_msg_trim(&frame, 0, leat_msg_size(msg) - bytes);
    head->sequence = session->next_out;
    leat_protocol_head_write(head, header);
    write_into(&frame, 0, header, sizeof header);
    if ((head->flags & LEAT_PROTOCOL_CRC) != 0) {
        const int64_t summed = bytes - LEAT_PROTOCOL_CRC_BYTES;
        const uint32_t crc = session_crc(session, &frame, summed);
        const unsigned char sum[] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16), (unsigned char)(crc >> 8), (unsigned char)crc};
        write_into(&frame, summed, sum, sizeof sum);
    }
    int rc = leat_link_send(session->link, &frame, deadline_ns);
    if (rc != 0)
        return rc;
    leat_msg_init(msg); /* `frame` was its bytes */
    session->next_out++;
    if (session->options.silence_ns > 0)
        session->sent_ns = leat_os_now_ns();
    return 0;
}

/* What a frame has beside its value, a checksum that it may not need among it. */
static int64_t frame_room(const struct leat_session *session)
{
    return LEAT_PROTOCOL_HEADER_BYTES + (session->options.crc32c ? LEAT_PROTOCOL_CRC_BYTES : 0);
}

int leat_session_alloc(struct leat_session *session, struct leat_msg *msg, int64_t bytes, int64_t deadline_ns)
{
    if (session->ended != 0)
        return session->ended;
    if (bytes < 0)
        return -EINVAL;
    if (bytes > session->both.max_value)
        return -EMSGSIZE;
    return leat_link_alloc(session->link, msg, frame_room(session) + bytes, deadline_ns);
}

int leat_session_send_msg(struct leat_session *session, uint16_t type, unsigned flags, struct leat_msg *msg, int64_t deadline_ns)
{
    if (session->ended != 0)
        return session->ended;
    const int64_t bytes = leat_msg_size(msg) - frame_room(session);
    if ((type >= LEAT_PROTOCOL_OWN && type != LEAT_PROTOCOL_BATCH) || (flags & ~(unsigned)MESSAGE_FLAGS) != 0 || bytes < 0 ||
        (session->begun && type != session->out_type))
        return -EINVAL;
    if (bytes > session->both.max_value)
        return -EMSGSIZE;
    struct leat_protocol_head head = {
        .type = type,
        .flags = (uint8_t)(flags | (sums(session) ? LEAT_PROTOCOL_CRC : 0)),
        .length = (uint32_t)bytes,
    };
    int rc = send_frame(session, &head, msg, deadline_ns);
    if (rc != 0)
        return rc;
    session->begun = (flags & LEAT_PROTOCOL_MORE) != 0;
    session->out_type = type;
    session->stats.messages_out += !session->begun;
    session->stats.parts_out++;
    session->stats.bytes_out += bytes;
    return 0;
}

int leat_session_send(struct leat_session *session, uint16_t type, unsigned flags, const void *data, int64_t bytes, int64_t deadline_ns)
{
    struct leat_msg msg;
    if (data == NULL && bytes > 0)
        return -EINVAL;
    int rc = leat_session_alloc(session, &msg, bytes, deadline_ns);
    if (rc != 0)
        return rc;
    write_into(&msg, LEAT_PROTOCOL_HEADER_BYTES, data, bytes);
    rc = leat_session_send_msg(session, type, flags, &msg, deadline_ns);
    if (rc != 0)
        leat_msg_unref(&msg);
    return rc;
}

void leat_session_flush(struct leat_session *session)
{
    leat_link_flush(session->link);
}

/* ---- the session's own frames ---- */

struct control {
    int64_t bytes;
    unsigned char frame[CONTROL_MOST];
};

static int64_t control_reserve(void *context, int64_t min_bytes, void **span)
{
    struct control *control = context;
    *span = control->frame;
    return min_bytes <= (int64_t)sizeof control->frame ? (int64_t)sizeof control->frame : 0;
}

static void control_commit(void *context, int64_t bytes)
{
    ((struct control *)context)->bytes = bytes;
}

/* Sends such a frame, if there is room for it. The writer has no numbers; the header is written again, with one. */
static int send_control(struct leat_session *session, const struct control *control)
{
    struct leat_protocol_head head;
    struct leat_msg msg;
    int rc = leat_protocol_head_read(control->frame, control->bytes, &head);
    if (rc == 0)
        rc = leat_link_alloc(session->link, &msg, control->bytes, 0);
    if (rc != 0)
        return rc;
    write_into(&msg, 0, control->frame, control->bytes);
    rc = send_frame(session, &head, &msg, 0);
    if (rc != 0)
        leat_msg_unref(&msg);
    else
        leat_link_flush(session->link);
    return rc;
}

static void control_writer(struct control *control, struct leat_tlv_writer *writer)
{
    const struct leat_sink sink = {control_reserve, control_commit, control};
    control->bytes = 0;
    leat_tlv_writer_init(writer, leat_tlv_dialect("leat"), &sink, sizeof control->frame);
}

int session_hello(struct leat_session *session)
{
    struct leat_tlv_writer writer;
    struct control control;
    control_writer(&control, &writer);
    leat_protocol_hello_put(&writer, &session->mine);
    leat_tlv_finish(&writer);
    return send_control(session, &control);
}

void session_keep_alive(struct leat_session *session)
{
    struct control control = {.bytes = LEAT_PROTOCOL_HEADER_BYTES};
    const struct leat_protocol_head head = {.type = LEAT_PROTOCOL_KEEP_ALIVE};
    leat_protocol_head_write(&head, control.frame);
    if (send_control(session, &control) == 0)
        session->stats.keep_alives_out++;
}

void session_end(struct leat_session *session, uint16_t code, int64_t offset, uint32_t sequence, const char *text)
{
    struct leat_tlv_writer writer;
    struct control control;
    const size_t text_bytes = text ? strlen(text) : 0;
    const struct leat_protocol_error error = {
        .code = code,
        .offset = (uint64_t)offset,
        .sequence = sequence,
        .text = text,
        .text_bytes = (int32_t)(text_bytes < NAME_MOST ? text_bytes : NAME_MOST),
    };
    control_writer(&control, &writer);
    leat_protocol_error_put(&writer, &error);
    leat_tlv_finish(&writer);
    send_control(session, &control);
    session->ended = -ECONNABORTED;
    session->error = (struct leat_error){.code = -ECONNABORTED, .offset = offset > 0 ? offset : -1};
    snprintf(session->error.text, sizeof session->error.text, "%s: this side ended it: code %u: %s", leat_link_name(session->link),
             (unsigned)code, text ? text : "no word of why");
}
