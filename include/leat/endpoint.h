/* SPDX-License-Identifier: MIT */
/*
 * leat/endpoint.h: the versioned interface that built-in transports and plug-ins alike implement, and the one grammar of endpoint names:
 *
 *     scheme:rest?key=value&key=value      %XX escapes in rest, keys and values
 *     PATH                                 what has no colon, or begins with / or .: the same as file:PATH, but taken as it stands
 *     -                                    stdin or stdout
 *
 * A "//" before HOST:PORT is left out, and so are the first two slashes of "///path". %00 is refused: no system call could be told.
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

#define LEAT_IN 1u    /* bytes come from the endpoint */
#define LEAT_OUT 2u   /* bytes go to the endpoint */
#define LEAT_MANY 4u  /* for a transport's open: a listener of many peers, who are taken */
#define LEAT_KEYED 8u /* likewise: what goes out has keys, and write_keyed is called */

#define LEAT_KEY_BYTES 64 /* longest key of a frame, terminator included */

/*
 * An endpoint name taken apart. The pointers point into `store`, so the struct is not to be copied.
 *
 * I1  scheme and rest are never NULL; the scheme is one that leat_transport_find knows.
 * I2  host and port are both set or both NULL; port is a decimal number of 0 .. 65535.
 * I3  the first key_count keys are known to the transport and differ from each other.
 */
struct leat_address {
    char text[LEAT_ADDRESS_BYTES];      /* as given, for messages */
    char store[2 * LEAT_ADDRESS_BYTES]; /* the pieces, unescaped */
    const char *scheme;                 /* "file" for a path, "-" for - */
    const char *rest;
    const char *host, *port; /* where the rest is HOST:PORT; the host without its [ ] */
    int64_t key_count;
    const char *keys[LEAT_ADDRESS_KEYS], *values[LEAT_ADDRESS_KEYS];
};

/* What follows "scheme:". */
enum leat_rest {
    LEAT_REST_NONE,      /* nothing */
    LEAT_REST_NAME,      /* a path or another name, not empty */
    LEAT_REST_HOST_PORT, /* HOST:PORT, where HOST may be [IPv6] */
};

/* Frames of an output, `first` among them and `end` not, counted from 0 in the order in which it took them. */
struct leat_frames {
    int64_t first, end;
};

/* What has become of the frames that an output took: sent = stored + doubles + unknown, each of which is counted where it happens. */
struct leat_unstored {
    int64_t sent, sent_bytes;
    int64_t stored;                 /* as the other side has said */
    int64_t doubles;                /* it said that it had them: from another run with the same id, or by an earlier try */
    int64_t unknown, unknown_bytes; /* it has said nothing of them, or nothing good */
    int64_t ranges;                 /* that those are; some that touch may be counted apart where not all were asked for */
    int code;                       /* a negative errno: the output has failed; 0: it has not */
};

/*
 * One transport: constant data. An open endpoint is `state`, used by one thread at a time; every function gets what open returned. All
 * calls but open return at once, or block no longer than a device does. What signals a write to a closed pipe is not the transport's
 * business: write is called on threads that block SIGPIPE, as leat's I/O threads do (sockets never raise it).
 *
 * The order: open; accept until it returns 0, where there is one; read, write, rewind, end_output as one likes; close.
 */
struct leat_transport {
    int32_t version;         /* LEAT_ENDPOINT_VERSION */
    const char *scheme;      /* the registry's key */
    const char *form;        /* "tcp://HOST:PORT", for help texts */
    const char *const *keys; /* allowed keys, NULL-terminated; NULL: none */
    unsigned directions;     /* LEAT_IN | LEAT_OUT: what it can do */
    int64_t min_read;        /* a read must be offered at least this many bytes (a datagram's size); 1 for streams */
    enum leat_rest rest;     /* what leat_address_parse makes sure of */
    /*
     * Opens, connects or binds for `directions`, a part of the transport's. The address is borrowed during the call.
     * 0 and *state; or a negative errno with error->text saying what and where (error may be NULL), *state untouched.
     */
    int (*open)(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error);
    /*
     * A listener: takes one peer, after which nobody else can connect: 0; -EAGAIN: none yet, poll fd; or a negative errno. One that is
     * bound and needs no peer (datagrams) answers 0 at once. NULL: does not listen.
     */
    int (*accept)(void *state, struct leat_error *error);
    /*
     * The fd to poll after -EAGAIN, in one direction, or -1: this direction never answers -EAGAIN now (a regular file). Ask before every
     * wait, and wait only after -EAGAIN (or as short_is_all says): the answer may change (a listener that accepted, an input at its end).
     * Direction 0: see present.
     */
    int (*fd)(void *state, unsigned direction);
    /* > 0 bytes, 0 end of input, -EAGAIN, or a negative errno (-EINVAL: fewer than 1 byte offered). EINTR is retried inside. */
    int64_t (*read)(void *state, void *span, int64_t bytes);
    /* >= 0 bytes taken, perhaps fewer than offered, in order; -EAGAIN, or a negative errno. count: 0 .. 64. */
    int64_t (*write)(void *state, const struct leat_span *spans, int64_t count);
    int (*rewind)(void *state);                           /* back to the start, to be read again; NULL or -ESPIPE: cannot */
    void (*end_output)(void *state);                      /* no more output: shutdown(SHUT_WR) and the like; NULL: nothing to do */
    void (*name)(void *state, char *text, int64_t bytes); /* the bound or real address, "tcp://127.0.0.1:40123"; NULL: as given */
    int (*close)(void *state); /* 0, or a negative errno that a delayed write left; the state is gone in every case */
    /*
     * Boundaries are kept: each call of write is one datagram, taken whole or not at all, so whoever sends messages gives one to a call; a
     * write of 0 bytes sends nothing. A read gives whole datagrams, several where several have come and there is room for as many of the
     * longest, and their boundaries are not told; one never ends in the middle of what min_read offers.
     */
    bool datagrams;
    /* How many pieces (datagrams, packets) of either direction are known to be lost or were left out since open. NULL: never any. */
    int64_t (*lost)(void *state);
    /*
     * A listener that was opened with LEAT_MANY, and is not read or written itself: *peer is the state of one who called, as if open had
     * returned it. 0; -EAGAIN: nobody now, poll fd; or a negative errno. Where the process has no fd to spare the peer is refused, and
     * counted in `lost`, so that the next one is heard. NULL: cannot.
     */
    int (*take)(void *state, void **peer, struct leat_error *error);
    bool signals; /* a write may raise SIGPIPE, which the caller has blocked; sockets never do */
    /*
     * Where boundaries are kept, many datagrams by one call: the spans, at most 64, hold them one behind the other, and the i-th has
     * sizes[i] bytes, wherever a span ends; 0 bytes send nothing. >= 0 bytes taken, which are the first datagrams, whole, be they all or
     * fewer; or -EAGAIN or a negative errno, which is the first datagram's. count: 1 or more. NULL: write is to be called for each.
     */
    int64_t (*write_many)(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count);
    /* The fd tells by being readable of either direction, and is never waited for to be writable: a library's own wake-up, not a device. */
    bool tells_by_reading;
    bool reconnects; /* after a connection was lost and closed, open with the same address makes a new one, as good as the first */
    /*
     * Input: the first `bytes` of all that was read since open are dealt with (INT64_MAX: all that was read by now), so their source need
     * keep them no longer: what ends within them is acknowledged. From any one thread, until close. NULL: the source keeps nothing.
     */
    void (*settle)(void *state, int64_t bytes);
    /*
     * Output: how many of the first bytes that were taken since open are where they belong, as far as the other side has said; or a
     * negative errno. sync: first what a power cut would take is written out, where that can be (fdatasync), which blocks as long as the
     * device does. From any thread, until close. NULL: nobody says.
     */
    int64_t (*stored)(void *state, bool sync);
    bool stores_once; /* what is written again under the same id, by another run too, is not stored again */
    /*
     * Connections are made by the transport itself, and anew: 1: somebody is there; 0: nobody, and why->text, where it is set, says why;
     * why may be NULL. fd(state, 0) is to be polled for a change. NULL: the connection is what open made.
     */
    int (*present)(void *state, struct leat_error *why);
    /*
     * Output: how long, in ns, less than *bytes bytes of frames are to wait for more, so that they are one datagram: the same from open to
     * close. NULL or 0: what waits goes at once.
     */
    int64_t (*linger)(void *state, int64_t *bytes);
    /*
     * Output without a copy: one datagram of lend_bytes or more, in one piece, whose bytes stay as they are until free_fn(datagram->data,
     * context) is called: once, whatever is returned, from whatever thread, before close returns. 0; -ENOTSUP: it is to be written, as are
     * all; -EAGAIN or another negative errno as of a write. NULL: cannot.
     */
    int (*lend)(void *state, const struct leat_span *datagram, void (*free_fn)(void *data, void *context), void *context);
    /*
     * Input without a copy: the next bytes, all of one datagram of lend_bytes or more, are *datagram until free_fn(datagram->data, context)
     * is called, once, from whatever thread, perhaps after close. 1; 0: what comes next is to be read, if anything does. NULL: cannot.
     */
    int (*borrow)(void *state, struct leat_span *datagram, void (**free_fn)(void *data, void *context), void **context);
    int64_t lend_bytes; /* from which to lend costs less than to copy */
    /*
     * Output opened with LEAT_KEYED: as write_many, and keys[i] goes with the i-th datagram, where receivers choose by it: the last part
     * of a subject, a topic. A key is 1 to 63 bytes, terminated; -EINVAL: it cannot be one here. NULL: datagrams have no keys.
     */
    int64_t (*write_keyed)(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count);
    /*
     * Output: what became of the frames, in *sum, and the first `most` ranges of those that are not known to be stored, in order. give_up:
     * nothing more is written, and close is not to wait for what is unknown now. From any thread, until close. NULL: nobody says.
     */
    void (*unstored)(void *state, bool give_up, struct leat_frames *ranges, int64_t most, struct leat_unstored *sum);
    /*
     * A read that gives less than it was offered has taken all there was, and the fd is readable for as long as there is more, or the end:
     * so whoever has had such a read may wait for the fd at once, and leave out the read that -EAGAIN would answer.
     */
    bool short_is_all;
};

/*
 * A plug-in: a shared library leat-FAMILY.so that has this as `leat_plugin`. A scheme that is not known is looked for in the one whose
 * family is its first letters and digits (leat-zmq.so for zmq+tcp), when it is named first; the plug-in stays loaded. The folders: those of
 * the environment's LEAT_PLUGINS, with colons between, else the one that the library was built for. It needs nothing of leat but its
 * headers.
 */
struct leat_plugin {
    int32_t version; /* LEAT_ENDPOINT_VERSION */
    int32_t count;
    const struct leat_transport *const *transports;
};

/*
 * *address is the endpoint name taken apart, its scheme and keys known. A plug-in may be loaded.
 *
 * @param text  1 .. 511 bytes, terminated; borrowed during the call       @param address  untouched on failure
 * @param error  set on failure: one line that begins with the text, names the token, and lists what is known; may be NULL
 * Returns 0, or -EINVAL.   Source: the shape of RFC 3986's URIs, without its relative references and fragments
 *
 * [thread: any | blocks: no, but to load a plug-in | allocates: no, but to load a plug-in | fails: EINVAL]
 */
LEAT_API int leat_address_parse(struct leat_address *address, const char *text, struct leat_error *error);

/*
 * The value that was given for the key, which may be empty; NULL: not given.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_address_value(const struct leat_address *address, const char *key);

/*
 * Whether I1 to I3 hold.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_address_valid(const struct leat_address *address);

/*
 * The transport of that scheme, built in or loaded, or NULL: unknown.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_transport *leat_transport_find(const char *scheme);

/*
 * The index-th transport that is built in, from 0 up, in the order of their schemes; NULL: past the last.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_transport *leat_transport_at(int64_t index);

#ifdef __cplusplus
}
#endif
#endif
