/* SPDX-License-Identifier: MIT */
/*
 * The stream of a nats-js endpoint: it is there, or is made by who writes with subject=S; its window of duplicates is long enough for what
 * is published again, and it takes the subjects that are to be written.
 */
#define _DEFAULT_SOURCE /* usleep */
#include "nats_end.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_S 120 /* of duplicates, where leat makes the stream */
#define MOST_WINDOW_S (7 * 24 * 3600)

/* What is asked for. */
struct wish {
    const char *subject, *storage, *subjects; /* subjects: of a stream that is made; NULL: none is */
    int64_t replicas, window_s;
    char all[SUBJECT_BYTES];
};

static int read_wish(const struct nats_end *end, struct wish *wish, const struct leat_address *address, struct leat_error *error)
{
    wish->subject = plugin_value(address, "subject");
    wish->subjects = plugin_value(address, "subjects");
    wish->storage = plugin_value(address, "storage");
    int rc = plugin_number(address, "replicas", 5, &wish->replicas, error);
    rc = rc != 0 ? rc : plugin_number(address, "duplicate_window", MOST_WINDOW_S, &wish->window_s, error);
    if (rc != 0)
        return rc;
    if (wish->window_s < RESEND_S)
        return plugin_refuse(error, address, -EINVAL, "duplicate_window must be 60 s or more, for which leat publishes again", "");
    if (end->out && wish->subject != NULL && strpbrk(wish->subject, "*>") != NULL)
        return plugin_refuse(error, address, -EINVAL, "subject=S is published to, so it has no * and no >", "");
    if (wish->storage != NULL && strcmp(wish->storage, "file") != 0 && strcmp(wish->storage, "memory") != 0)
        return plugin_refuse(error, address, -EINVAL, "storage must be file or memory", "");
    snprintf(wish->all, sizeof wish->all, end->keyed ? "%s.*" : "%s", wish->subject != NULL ? wish->subject : "");
    if (wish->subjects == NULL && wish->subject != NULL)
        wish->subjects = wish->all;
    return 0;
}

static natsStatus add_stream(jsCtx *context, jsStreamInfo **info, const char *stream, const struct wish *wish, jsErrCode *what)
{
    jsStreamConfig config;
    const char *subjects = wish->subjects;
    jsStreamConfig_Init(&config);
    config.Name = stream;
    config.Subjects = &subjects;
    config.SubjectsLen = 1;
    config.Replicas = wish->replicas;
    config.Storage = wish->storage != NULL && wish->storage[0] == 'm' ? js_MemoryStorage : js_FileStorage;
    config.Duplicates = wish->window_s * INT64_C(1000000000);
    return js_AddStream(info, context, &config, NULL, what);
}

/* Whether servers that have just begun have not found each other yet, or are about to choose who leads. */
static bool not_yet(natsStatus status, jsErrCode what)
{
    return status == NATS_TIMEOUT || status == NATS_NO_RESPONDERS || status == NATS_CONNECTION_DISCONNECTED ||
           what == JSClusterIncompleteErr || what == JSClusterNoPeersErr || what == JSClusterNotAvailErr;
}

/* *info is the stream's, which may be a new one. */
static natsStatus look_up(const struct nats_end *end, jsCtx *context, jsStreamInfo **info, const char *stream, const struct wish *wish)
{
    const int64_t until_ns = nats_now_ns() + PATIENCE_NS;
    for (;; usleep(PAUSE_MS * 1000)) {
        jsErrCode what = 0;
        natsStatus status = js_GetStreamInfo(info, context, stream, NULL, &what);
        if (status == NATS_NOT_FOUND && end->out && wish->subjects != NULL)
            status = add_stream(context, info, stream, wish, &what);
        if (status == NATS_OK || !not_yet(status, what) || nats_now_ns() > until_ns)
            return status;
    }
}

/* Whether the subject and one token behind it can be one of the pattern's. */
static bool takes_key(const char *pattern, const char *subject)
{
    for (;;) {
        const size_t length = strcspn(pattern, "."), token = strcspn(subject, ".");
        const bool any = length == 1 && *pattern == '*';
        if (length == 1 && *pattern == '>')
            return true;
        if (token == 0) /* the key's place */
            return pattern[length] == '\0';
        if (pattern[length] == '\0' || (!any && (length != token || memcmp(pattern, subject, token) != 0)))
            return false;
        pattern += length + 1;
        subject += token + (subject[token] == '.');
    }
}

static bool takes_keys(const jsStreamConfig *config, const char *subject)
{
    bool found = false;
    for (int i = 0; !found && i < config->SubjectsLen; i++)
        found = takes_key(config->Subjects[i], subject);
    return found;
}

/* Whether the stream that is there can be written so. */
static int check_output(const struct nats_end *end, const jsStreamConfig *config, const struct wish *wish, const char *subject,
                        const struct leat_address *address, struct leat_error *error)
{
    const int64_t window_s = config->Duplicates / 1000000000;
    const char *wrong = NULL;
    if (window_s < RESEND_S)
        wrong = "the stream's duplicate_window is shorter than 60 s, for which leat publishes again";
    else if (plugin_value(address, "duplicate_window") != NULL && window_s < wish->window_s)
        wrong = "the stream is there, and its duplicate_window is shorter than the one given";
    else if (subject == NULL || strpbrk(subject, "*>") != NULL)
        wrong = "subject=S is needed, as the stream has many";
    else if (end->keyed && !takes_keys(config, subject))
        wrong = "key: the stream takes no subject that is subject=S and a key; it does with subjects=S.*";
    return wrong == NULL ? 0 : plugin_refuse(error, address, -EINVAL, wrong, "");
}

int nats_stream_find(struct nats_end *end, jsCtx *context, const char *stream, const struct leat_address *address, struct leat_error *error)
{
    struct wish wish = {.replicas = 1, .window_s = WINDOW_S};
    jsStreamInfo *info = NULL;
    int rc = read_wish(end, &wish, address, error);
    if (rc != 0)
        return rc;
    natsStatus status = look_up(end, context, &info, stream, &wish);
    if (status == NATS_NOT_FOUND)
        return plugin_refuse(error, address, -ENOENT, "there is no stream of that name; who writes with subject=S makes it", "");
    if (status != NATS_OK)
        return nats_fail(error, address, "stream: ", status);
    const char *subject = wish.subject;
    if (subject == NULL && info->Config->SubjectsLen > 0)
        subject = info->Config->Subjects[0];
    if (end->out)
        rc = check_output(end, info->Config, &wish, subject, address, error);
    if (rc == 0 && subject != NULL)
        snprintf(end->subject, sizeof end->subject, "%s", subject);
    jsStreamInfo_Destroy(info);
    return rc;
}
