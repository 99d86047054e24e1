/* SPDX-License-Identifier: MIT */
/*
 * CURVE: keys from files, and who may connect. A file is a certificate as zcert of CZMQ writes it, or a bare key of 40 characters (Z85) to
 * a line. Who binds is CURVE's server, and whoever has its public key may connect; with a list, only the keys in it (ZAP, RFC 27 of
 * ZeroMQ).
 *
 * Each end has a context of its own, and so a door of its own: the guard answers its libzmq's questions in a thread until the context ends.
 */
#define _GNU_SOURCE
#include "zmq_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ALLOWED 65536
#define LINE_BYTES 256

static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* The key in a line: bare, or `name = "KEY"`; `name` NULL: of either. False: there is none. */
static bool key_of_line(const char *line, const char *name, char key[ZMQ_KEY_CHARS + 1])
{
    const char *at = line + strspn(line, " \t"), *quote = strchr(at, '"');
    if (quote != NULL) {
        if (name != NULL && strncmp(at, name, strlen(name)) != 0)
            return false;
        at = quote + 1;
    }
    size_t chars = strspn(at, z85);
    if (chars != ZMQ_KEY_CHARS || strchr(quote != NULL ? "\"" : " \t\r\n", at[chars]) == NULL)
        return false;
    memcpy(key, at, ZMQ_KEY_CHARS);
    key[ZMQ_KEY_CHARS] = '\0';
    return true;
}

/* The first key of that name in the file. 0, or a negative errno and the error set. */
static int read_key(const struct leat_address *address, const char *path, const char *name, char key[ZMQ_KEY_CHARS + 1],
                    struct leat_error *error)
{
    char line[LINE_BYTES], what[LEAT_ADDRESS_BYTES + 64];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const int number = errno;
        snprintf(what, sizeof what, "%s: ", path);
        return plugin_refuse(error, address, -number, what, strerror(number));
    }
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = key_of_line(line, name, key);
    fclose(file);
    snprintf(what, sizeof what, "%s: no %s of 40 characters in it", path, name);
    return found ? 0 : plugin_refuse(error, address, -EINVAL, what, "");
}

static int read_allowed(struct zmq_end *end, const struct leat_address *address, const char *path, struct leat_error *error)
{
    char line[LINE_BYTES], what[LEAT_ADDRESS_BYTES + 64], key[ZMQ_KEY_CHARS + 1];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const int number = errno;
        snprintf(what, sizeof what, "%s: ", path);
        return plugin_refuse(error, address, -number, what, strerror(number));
    }
    int64_t room = 0;
    int rc = 0;
    while (rc == 0 && fgets(line, sizeof line, file) != NULL) {
        if (!key_of_line(line, "public-key", key))
            continue;
        if (end->allowed_count == room) {
            void *more = room < MOST_ALLOWED ? realloc(end->allowed, (size_t)(room = 2 * room + 64) * sizeof *end->allowed) : NULL;
            rc = more != NULL ? 0 : -ENOMEM;
            end->allowed = more != NULL ? more : end->allowed;
        }
        if (rc == 0)
            memcpy(end->allowed[end->allowed_count++], key, sizeof key);
    }
    fclose(file);
    snprintf(what, sizeof what, "%s: ", path);
    return rc == 0 ? 0 : plugin_refuse(error, address, rc, what, "more keys than there is room for");
}

/* ---- the guard ---- */

#define ZAP_PARTS 7 /* version, request, domain, address, identity, mechanism, key */

static bool is_allowed(const struct zmq_end *end, const void *key, size_t bytes)
{
    char text[ZMQ_KEY_CHARS + 1];
    if (bytes != 32 || zmq_z85_encode(text, key, bytes) == NULL)
        return false;
    for (int64_t i = 0; i < end->allowed_count; i++)
        if (memcmp(end->allowed[i], text, ZMQ_KEY_CHARS) == 0)
            return true;
    return false;
}

/* One question and its answer. False: the context ends. */
static bool answer(struct zmq_end *end)
{
    char request[64];
    size_t request_bytes = 0;
    bool allowed = false;
    int more = 1;
    for (int part = 0; more != 0; part++) {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        int got;
        do
            got = zmq_msg_recv(&msg, end->gate, 0);
        while (got < 0 && zmq_errno() == EINTR);
        if (got < 0) {
            zmq_msg_close(&msg);
            return false;
        }
        if (part == 1 && (size_t)got <= sizeof request)
            memcpy(request, zmq_msg_data(&msg), request_bytes = (size_t)got);
        if (part == ZAP_PARTS - 1)
            allowed = is_allowed(end, zmq_msg_data(&msg), (size_t)got);
        more = zmq_msg_more(&msg);
        zmq_msg_close(&msg);
    }
    const char *const parts[] = {"1.0", NULL, allowed ? "200" : "400", allowed ? "" : "this key is not in the list", "", ""};
    for (int i = 0; i < 6; i++) {
        const void *data = i == 1 ? request : parts[i];
        if (zmq_send(end->gate, data, i == 1 ? request_bytes : strlen(parts[i]), i < 5 ? ZMQ_SNDMORE : 0) < 0)
            return false;
    }
    return true;
}

static void *guard(void *context)
{
    struct zmq_end *end = context;
    while (answer(end)) {
    }
    zmq_close(end->gate);
    return NULL;
}

static int post_guard(struct zmq_end *end, const struct leat_address *address, struct leat_error *error)
{
    end->gate = zmq_socket(end->context, ZMQ_REP);
    if (end->gate == NULL || zmq_bind(end->gate, "inproc://zeromq.zap.01") != 0) {
        const int code = zmq_end_fail(error, address, "curve_allow: ");
        if (end->gate != NULL)
            zmq_close(end->gate);
        return code;
    }
    int rc = pthread_create(&end->guard, NULL, guard, end);
    if (rc != 0) {
        zmq_close(end->gate);
        return plugin_refuse(error, address, -rc, "curve_allow: ", strerror(rc));
    }
    end->guarded = true;
    return zmq_setsockopt(end->socket, ZMQ_ZAP_DOMAIN, "leat", 4) == 0 ? 0 : zmq_end_fail(error, address, "curve_allow: ");
}

void zmq_end_unguard(struct zmq_end *end)
{
    if (end->guarded) {
        zmq_ctx_shutdown(end->context); /* what was sent still goes out, as far as its linger allows */
        pthread_join(end->guard, NULL);
    }
    free(end->allowed);
}

/* ---- set up ---- */

int zmq_end_secure(struct zmq_end *end, const struct leat_address *address, bool binds, struct leat_error *error)
{
    const char *own = plugin_value(address, "curve"), *server = plugin_value(address, "curve_server");
    const char *allow = plugin_value(address, "curve_allow");
    char secret[ZMQ_KEY_CHARS + 1], public[ZMQ_KEY_CHARS + 1], theirs[ZMQ_KEY_CHARS + 1];
    if (own == NULL && server == NULL && allow == NULL)
        return 0;
    if (own == NULL)
        return plugin_refuse(error, address, -EINVAL, "curve=FILE, with a secret-key, is needed for the other keys of CURVE", "");
    if (binds != (server == NULL))
        return plugin_refuse(error, address, -EINVAL, "curve_server=FILE is the binding end's public key, for the one that connects", "");
    if (allow != NULL && !binds)
        return plugin_refuse(error, address, -EINVAL, "curve_allow is for the end that binds", "");
    if (zmq_has("curve") == 0)
        return plugin_refuse(error, address, -ENOTSUP, "this libzmq was built without CURVE", "");
    int rc = read_key(address, own, "secret-key", secret, error);
    rc = rc != 0 || binds ? rc : read_key(address, server, "public-key", theirs, error);
    rc = rc != 0 || allow == NULL ? rc : read_allowed(end, address, allow, error);
    if (rc != 0)
        return rc;
    const int yes = 1;
    if (zmq_curve_public(public, secret) != 0 || zmq_setsockopt(end->socket, ZMQ_CURVE_SECRETKEY, secret, ZMQ_KEY_CHARS) != 0 ||
        zmq_setsockopt(end->socket, ZMQ_CURVE_PUBLICKEY, public, ZMQ_KEY_CHARS) != 0 ||
        (binds ? zmq_setsockopt(end->socket, ZMQ_CURVE_SERVER, &yes, sizeof yes)
               : zmq_setsockopt(end->socket, ZMQ_CURVE_SERVERKEY, theirs, ZMQ_KEY_CHARS)) != 0)
        return zmq_end_fail(error, address, "curve: ");
    return allow != NULL ? post_guard(end, address, error) : 0;
}
