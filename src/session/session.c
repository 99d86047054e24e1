/* SPDX-License-Identifier: MIT */
/* A session from its hello to its end. */
#include "session_private.h"

#include <stdio.h>
#include <stdlib.h>

static int refuse(struct leat_error *error, const char *object, const char *what)
{
    *error = (struct leat_error){.code = -EINVAL, .offset = -1};
    snprintf(error->text, sizeof error->text, "%s: %s", object, what);
    return -EINVAL;
}

/* What can be said of the options without a link. */
static int check(const struct leat_session_options *options, const char *object, struct leat_error *error)
{
    if (options->name && strlen(options->name) > NAME_MOST)
        return refuse(error, object, "name must be 255 bytes at most");
    if (options->max_value < 0 || options->max_value > (INT64_C(1) << 30) - FRAME_MOST)
        return refuse(error, object, "max_value must be 1 to 2^30 - 20");
    if (options->max_parts < 0 || options->max_parts > 1024)
        return refuse(error, object, "max_parts must be 1 to 1024");
    if (options->silence_ns < 0 || options->silence_ns % 1000000 != 0 || options->silence_ns / 1000000 > INT32_MAX)
        return refuse(error, object, "silence_ns must be 1 ms to 2^31 - 1 ms, in whole ms");
    return 0;
}

/* Whether a link can carry a session. */
static int check_link(const struct leat_link_options *settings, const struct leat_session_options *options, const char *object,
                      struct leat_error *error)
{
    if (settings->dialect && settings->dialect != leat_tlv_dialect("leat"))
        return refuse(error, object, "a session needs a link of the dialect leat");
    if (settings->directions != (LEAT_IN | LEAT_OUT))
        return refuse(error, object, "a session needs both directions");
    if (settings->reconnect_ns != 0)
        return refuse(error, object, "a session ends with its connection, reconnect_ns must be 0");
    if (options->max_value > settings->max_frame - FRAME_MOST)
        return refuse(error, object, "max_value must be at least 20 bytes less than the link's max_frame");
    return 0;
}

static struct leat_session *make(struct leat_link *link, const struct leat_session_options *options)
{
    const struct leat_link_options *settings = leat_link_settings(link);
    const int64_t room = settings->max_frame - FRAME_MOST, parts = options->max_parts > 0 ? options->max_parts : 16;
    struct leat_session *made = calloc(1, sizeof *made + (size_t)parts * sizeof made->parts[0]);
    if (!made)
        return NULL;
    made->link = link;
    made->options = *options;
    made->options.link = NULL;
    made->options.max_parts = parts;
    if (options->name)
        memcpy(made->name, options->name, strlen(options->name));
    made->mine = (struct leat_protocol_hello){
        .version = LEAT_PROTOCOL_VERSION,
        .flags = (uint8_t)(LEAT_PROTOCOL_MORE | LEAT_PROTOCOL_NESTED | LEAT_PROTOCOL_CRITICAL | (options->crc32c ? LEAT_PROTOCOL_CRC : 0)),
        .max_value = (uint32_t)(options->max_value > 0 ? options->max_value
                                : room < 1 << 20       ? room
                                                       : 1 << 20),
        .silence_ms = (uint32_t)(options->silence_ns / 1000000),
        .name = made->name,
        .name_bytes = (int32_t)strlen(made->name),
    };
    made->both = (struct leat_protocol_hello){.version = LEAT_PROTOCOL_VERSION, .max_value = 1 << 20}; /* of who says no hello */
    made->most_bytes = settings->high_water_bytes / 2;
    made->next_out = 1;
    return made;
}

int leat_session_start(struct leat_session **session, struct leat_link *link, const struct leat_session_options *options,
                       struct leat_error *error)
{
    const struct leat_session_options none = {0};
    struct leat_error ignored;
    error = error ? error : &ignored;
    options = options ? options : &none;
    int rc = check(options, leat_link_name(link), error);
    if (rc == 0)
        rc = check_link(leat_link_settings(link), options, leat_link_name(link), error);
    if (rc != 0)
        return rc;
    struct leat_session *made = make(link, options);
    rc = made ? session_hello(made) : -ENOMEM;
    if (rc != 0) {
        refuse(error, leat_link_name(link), leat_os_error(-rc));
        free(made);
        return error->code = rc;
    }
    *session = made;
    return 0;
}

int leat_session_open(struct leat_session **session, const char *endpoint, const struct leat_session_options *options,
                      struct leat_error *error)
{
    const struct leat_session_options none = {0};
    struct leat_link_options settings = {0};
    struct leat_error ignored;
    struct leat_link *link;
    error = error ? error : &ignored;
    options = options ? options : &none;
    if (options->link)
        settings = *options->link;
    if (settings.max_frame == 0)
        settings.max_frame = (options->max_value > 0 ? options->max_value : 1 << 20) + FRAME_MOST;
    if (settings.directions == 0)
        settings.directions = LEAT_IN | LEAT_OUT;
    int rc = check(options, endpoint, error);
    if (rc == 0)
        rc = check_link(&settings, options, endpoint, error);
    if (rc == 0)
        rc = leat_link_open(&link, endpoint, &settings, error);
    if (rc != 0)
        return rc;
    rc = leat_session_start(session, link, options, error);
    if (rc != 0)
        leat_link_close(link, 0, NULL, NULL);
    return rc;
}

void leat_session_fail(struct leat_session *session, uint16_t code, uint32_t sequence, const char *text)
{
    if (session->ended == 0)
        session_end(session, code, 0, sequence, text);
}

const struct leat_protocol_hello *leat_session_agreed(const struct leat_session *session)
{
    return session->greeted ? &session->both : NULL;
}

const struct leat_error *leat_session_error(const struct leat_session *session)
{
    return &session->error;
}

struct leat_link *leat_session_link(const struct leat_session *session)
{
    return session->link;
}

void leat_session_stats(const struct leat_session *session, struct leat_session_stats *stats)
{
    *stats = session->stats;
}

int leat_session_close(struct leat_session *session, int64_t deadline_ns, struct leat_link_end *end, struct leat_error *error)
{
    while (session->inbox_first < session->inbox_count)
        leat_msg_unref(&session->inbox[session->inbox_first++]);
    session_drop_parts(session);
    int rc = leat_link_close(session->link, deadline_ns, end, error);
    free(session);
    return rc;
}
