/* SPDX-License-Identifier: MIT */
/*
 * leat/endpoint.h: the versioned interface that built-in transports and plug-ins alike implement, and the one grammar of endpoint names:
 *
 *     scheme:rest?key=value&key=value      %XX escapes in rest, keys and values
 *     PATH                                 what has no colon, or begins with / or .: the same as file:PATH
 *     -                                    stdin or stdout
 */
#ifndef LEAT_ENDPOINT_H
#define LEAT_ENDPOINT_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_ENDPOINT_VERSION 1
#define LEAT_ADDRESS_BYTES 512 /* longest endpoint name, terminator included */
#define LEAT_ADDRESS_KEYS 16   /* most key=value pairs */

#define LEAT_IN 1u  /* bytes come from the endpoint */
#define LEAT_OUT 2u /* bytes go to the endpoint */

/* An endpoint name taken apart; the pointers point into `store`. */
struct leat_address {
    char text[LEAT_ADDRESS_BYTES]; /* as given, for messages */
    char store[LEAT_ADDRESS_BYTES];
    const char *scheme; /* "file" for a path, "-" for - */
    const char *rest;   /* unescaped, without a leading "//" */
    const char *host, *port; /* where the scheme is HOST:PORT ([::1] syntax allowed); else NULL */
    int64_t key_count;
    const char *keys[LEAT_ADDRESS_KEYS], *values[LEAT_ADDRESS_KEYS];
};

/*
 * One transport: constant data. An open endpoint is `state`, used by one I/O thread at a time. All calls but open return at once
 * or block no longer than a device does.
 */
struct leat_transport {
    int32_t version;         /* LEAT_ENDPOINT_VERSION */
    const char *scheme;
    const char *form;        /* "tcp://HOST:PORT", for help texts */
    const char *const *keys; /* allowed keys, NULL-terminated; NULL: none */
    unsigned directions;     /* LEAT_IN | LEAT_OUT: what it can do */
    int64_t min_read;        /* a read must be offered at least this many bytes (a datagram's size); 1 for streams */
    bool host_port;          /* rest is HOST:PORT */
    /* Opens, connects or binds. 0 and *state; or a negative errno with error->text saying what and where. */
    int (*open)(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error);
    /* A listener: waits for readiness through fd, then takes one peer: 0, -EAGAIN, or a negative errno. NULL: not a listener. */
    int (*accept)(void *state, struct leat_error *error);
    /* The fd to poll, or -1: always ready (a regular file). */
    int (*fd)(void *state, unsigned direction);
    /* > 0 bytes, 0 end of input, -EAGAIN, or a negative errno. EINTR is retried inside. */
    int64_t (*read)(void *state, void *span, int64_t bytes);
    /* >= 0 bytes taken (perhaps fewer than offered), -EAGAIN, or a negative errno. count <= 64. */
    int64_t (*write)(void *state, const struct leat_span *spans, int64_t count);
    int (*rewind)(void *state);                           /* back to the start, to be read again; NULL or -ESPIPE: cannot */
    void (*end_output)(void *state);                      /* no more output: shutdown(SHUT_WR) and the like; NULL: nothing to do */
    void (*name)(void *state, char *text, int64_t bytes); /* the bound or real address, "tcp://127.0.0.1:40123"; NULL: as given */
    int (*close)(void *state);                            /* 0, or a negative errno that a delayed write left; the state is gone in every case */
};

/* 0, or -EINVAL with error->text naming the token and listing what is known. Scheme and keys are checked against the registry. */
LEAT_API int leat_address_parse(struct leat_address *address, const char *text, struct leat_error *error);
LEAT_API const char *leat_address_value(const struct leat_address *address, const char *key); /* NULL: not given */
LEAT_API const struct leat_transport *leat_transport_find(const char *scheme);                /* NULL: unknown */
LEAT_API const struct leat_transport *leat_transport_at(int64_t index);                       /* NULL: past the last */

#ifdef __cplusplus
}
#endif
#endif
