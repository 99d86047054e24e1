/* SPDX-License-Identifier: MIT */
/* src/endpoint/transport.h: the built-in transports, and the few things that they share. Private to this folder. */
#ifndef LEAT_TRANSPORT_H
#define LEAT_TRANSPORT_H

#include <leat/endpoint.h>

#define LEAT_WRITE_SPANS 64    /* most spans of one write */
#define LEAT_DATAGRAMS_MOST 64 /* datagrams of one call */

extern const struct leat_transport leat_transport_stdio, leat_transport_file, leat_transport_gen, leat_transport_netlink,
    leat_transport_null, leat_transport_pcap, leat_transport_serial, leat_transport_tcp, leat_transport_tcp_listen, leat_transport_udp,
    leat_transport_udp_listen, leat_transport_unix, leat_transport_unix_listen, leat_transport_seqpacket, leat_transport_seqpacket_listen;

/* error->text becomes "ENDPOINT: what", shortened where needed and in one line. Returns code, a negative errno. */
__attribute__((format(printf, 4, 5))) int leat_endpoint_refuse(struct leat_error *error, const char *endpoint, int code, const char *what,
                                                               ...);

/* ---- plug-ins (plugin.c) ---- */

/* The transport of a loaded plug-in, or NULL. */
const struct leat_transport *leat_plugin_find(const char *scheme);

/* The family of a scheme: its first letters and digits, at most 30; family[0] is 0 where there are none. */
void leat_plugin_family(const char *scheme, char family[32]);

/*
 * Looks for the plug-in of that family and loads it. 0; -ENOENT: there is none, and `text` says where it was looked for; -EINVAL: there is
 * one, and `text` says what is wrong with it.
 */
int leat_plugin_load(const char *family, char *text, size_t bytes);

/* The same, with the code in words at the end: "ENDPOINT: what: Connection refused". */
int leat_endpoint_fail(struct leat_error *error, const char *endpoint, int code, const char *what);

/* ---- values of keys (value.c): *value is untouched where the key was not given; 0, or -EINVAL and the error set ---- */

/* Decimal digits, `least` to `most`. */
int leat_value_number(const struct leat_address *address, const char *key, int64_t least, int64_t most, int64_t *value,
                      struct leat_error *error);

/* Bytes: decimal digits and nothing, B, KiB, MiB or GiB. */
int leat_value_size(const struct leat_address *address, const char *key, int64_t least, int64_t most, int64_t *value,
                    struct leat_error *error);

/* One of the words, of which there are two at least and a NULL at the end: its index. */
int leat_value_word(const struct leat_address *address, const char *key, const char *const *words, int *value, struct leat_error *error);

/* ---- fds (io.c): -errno instead of errno, EINTR retried ---- */

struct iovec;

/* Fills vectors[0 .. LEAT_WRITE_SPANS) from the spans; returns how many. */
int leat_io_vectors(struct iovec *vectors, const struct leat_span *spans, int64_t count);

/* read(2): as the transport's read, without the waiting. */
int64_t leat_io_read(int fd, void *span, int64_t bytes);

/* writev(2): as the transport's write. */
int64_t leat_io_write(int fd, const struct leat_span *spans, int64_t count);

/* Whether it makes sense to poll the fd: neither a regular file nor a device that is always ready. */
bool leat_io_polls(int fd);

/* close(2); interrupted means closed. */
int leat_io_close(int fd);

/* ---- socket options by name (options.c) ---- */

#define LEAT_OPTIONS 7

/* What the keys of an address ask of its sockets. */
struct leat_options {
    int values[LEAT_OPTIONS]; /* in the order of the table; -1: not asked for */
    char device[16];          /* the interface; empty: any */
};

/* *options is what the address asks for; keys that are no socket options are left alone. -EINVAL: a value that is none. */
int leat_options_read(struct leat_options *options, const struct leat_address *address, struct leat_error *error);

/* Sets them on a socket that is not bound yet. 0, or a negative errno, and *key is the one that the kernel refused. */
int leat_options_set(const struct leat_options *options, int fd, const char **key);

/* Sets those again that an accepted socket has not got from its listener; as hints. */
void leat_options_inherit(const struct leat_options *options, int fd);

/* How many may wait in a listener's queue: what was asked for, else one, or for a listener of many what the system allows. */
int leat_options_backlog(const struct leat_options *options, bool many);

/* ---- sockets (socket.c) ---- */

/* The state of every socket transport. */
struct leat_socket {
    int fd;         /* the connection; a listener's own socket until a peer was accepted */
    int reserve;    /* a listener's fd to spare, which makes room for the peer where the process has no other; -1: none */
    bool listening; /* nobody was accepted yet */
    bool blocked;   /* datagrams: the last write was answered by -EAGAIN */
    bool reset;     /* datagrams: the peer has reset the connection; what it had sent before may still be read */
    bool one_each;  /* datagrams: the system has no calls for many, or forbids them */
    bool cut;       /* datagrams: one did not fit, which the next read is to say */
    bool ended;     /* datagrams: an empty one was read that is the end */
    int64_t place;  /* datagrams: the longest of the last read of many; 0: there was none */
    int careful;    /* udp: so many more are sent one by one */
    int64_t lost;   /* datagrams; a listener of many: peers */
    struct leat_options options;
    char *text;             /* the endpoint as given; NULL: of a peer who was taken */
    char *name;             /* the bound or real address */
    char *path;             /* a local listener: what to unlink at close, else NULL */
    uint64_t device, inode; /* of that path */
};

struct sockaddr;

/* *state is a socket that stands for the endpoint, its name the same for now. -ENOMEM, with the fd closed. */
int leat_socket_make(void **state, int fd, bool listening, const struct leat_options *options, const struct leat_address *address,
                     struct leat_error *error);

/* Its name is that from now on, where there is memory for it; else as it was. */
void leat_socket_rename(struct leat_socket *socket, const char *name);

/* Connects a non-blocking socket within 10 seconds: 0, -ETIMEDOUT or another negative errno. */
int leat_socket_connect(int fd, const struct sockaddr *to, unsigned length);

int64_t leat_socket_recv(int fd, void *span, int64_t bytes);
int64_t leat_socket_send(int fd, const struct leat_span *spans, int64_t count);

/* The transports' functions; what a listener accepted inherits its options. */
int leat_socket_accept(void *state, struct leat_error *error);
int leat_socket_take(void *state, void **peer, struct leat_error *error);
int64_t leat_socket_lost(void *state); /* peers refused */
int leat_socket_fd(void *state, unsigned direction);
int64_t leat_socket_read(void *state, void *span, int64_t bytes);
int64_t leat_socket_write(void *state, const struct leat_span *spans, int64_t count);
void leat_socket_end_output(void *state);
void leat_socket_name(void *state, char *text, int64_t bytes);
int leat_socket_close(void *state);

/* ---- sockets that keep boundaries (datagram.c): the transports' functions, where they are not those above ---- */

/*
 * One datagram, or as many as have come where there is room for as many of `most` bytes each: > 0 bytes; 0: an empty one; -EMSGSIZE: one
 * did not fit and is lost, and so are those that the same call of the system gave behind it. empty_ends: an empty one is the end; else
 * it is passed over among others.
 */
int64_t leat_datagram_read(void *state, void *span, int64_t bytes, int64_t most, bool empty_ends);
int64_t leat_datagram_write(void *state, const struct leat_span *spans, int64_t count);
int64_t leat_datagram_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count);
int64_t leat_datagram_lost(void *state);

/* ---- Internet sockets (inet.c) ---- */

/* What tcp, udp and their listeners differ in. */
struct leat_inet {
    const char *scheme; /* of the names that peers can dial */
    bool datagrams;     /* UDP, else TCP */
    bool many;          /* a listener of many */
    bool binds;         /* to the address and, where there are connections, listens; else connects to it */
};

/* name becomes SCHEME://HOST:PORT, in numbers, where the address is of the Internet; else it stays. */
void leat_inet_name(char *name, size_t bytes, const char *scheme, const struct sockaddr *address, unsigned length);

/* *state is a leat_socket for the endpoint. */
int leat_inet_open(void **state, const struct leat_address *address, const struct leat_inet *kind, struct leat_error *error);

#endif
