/* SPDX-License-Identifier: MIT */
/* src/endpoint/transport.h: the built-in transports, and the few things that they share. Private to this folder. */
#ifndef LEAT_TRANSPORT_H
#define LEAT_TRANSPORT_H

#include <leat/endpoint.h>

#define LEAT_WRITE_SPANS 64 /* most spans of one write */

extern const struct leat_transport leat_transport_stdio, leat_transport_file, leat_transport_netlink, leat_transport_null,
    leat_transport_tcp, leat_transport_tcp_listen, leat_transport_unix, leat_transport_unix_listen;

/* error->text becomes "ENDPOINT: what", shortened where needed and in one line. Returns code, a negative errno. */
__attribute__((format(printf, 4, 5))) int leat_endpoint_refuse(struct leat_error *error, const char *endpoint, int code, const char *what,
                                                               ...);

/* The same, with the code in words at the end: "ENDPOINT: what: Connection refused". */
int leat_endpoint_fail(struct leat_error *error, const char *endpoint, int code, const char *what);

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

/* ---- stream sockets (socket.c) ---- */

/* The state of every socket transport. */
struct leat_socket {
    int fd;                        /* the connection; a listener's own socket until a peer was accepted */
    bool listening;                /* nobody was accepted yet */
    char text[LEAT_ADDRESS_BYTES]; /* the endpoint as given */
    char name[LEAT_ADDRESS_BYTES]; /* the bound or real address */
    char path[LEAT_ADDRESS_BYTES]; /* unix-listen: what to unlink at close, else empty */
    uint64_t device, inode;        /* of that path */
};

struct sockaddr;

/* *state is a socket that stands for the endpoint, its name the same for now. -ENOMEM, with the fd closed. */
int leat_socket_make(void **state, int fd, bool listening, const struct leat_address *address, struct leat_error *error);

/* Connects a non-blocking socket within 10 seconds: 0, -ETIMEDOUT or another negative errno. */
int leat_socket_connect(int fd, const struct sockaddr *to, unsigned length);

int64_t leat_socket_recv(int fd, void *span, int64_t bytes);
int64_t leat_socket_send(int fd, const struct leat_span *spans, int64_t count);

/* The transports' functions; what a listener accepted inherits its options. */
int leat_socket_accept(void *state, struct leat_error *error);
int leat_socket_fd(void *state, unsigned direction);
int64_t leat_socket_read(void *state, void *span, int64_t bytes);
int64_t leat_socket_write(void *state, const struct leat_span *spans, int64_t count);
void leat_socket_end_output(void *state);
void leat_socket_name(void *state, char *text, int64_t bytes);
int leat_socket_close(void *state);

#endif
