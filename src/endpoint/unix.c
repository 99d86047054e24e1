/* SPDX-License-Identifier: MIT */
/* unix.c: unix:PATH connects to a local stream socket, unix-listen:PATH makes one and waits for one peer. */
#define _GNU_SOURCE
#include "transport.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(struct sockaddr_un *name, const struct leat_address *address, struct leat_error *error)
{
    size_t bytes = strlen(address->rest);

    if (bytes >= sizeof name->sun_path)
        return leat_endpoint_refuse(error, address->text, -ENAMETOOLONG, "a local socket's path has at most %d bytes, not %d",
                                    (int)sizeof name->sun_path - 1, (int)bytes);
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path, address->rest, bytes + 1);
    return 0;
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

static int unix_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct sockaddr_un name;
    int rc = address_of(&name, address, error);

    (void)directions;
    if (rc != 0)
        return rc;
    int fd = new_socket();
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, "socket");
    rc = leat_socket_connect(fd, (const struct sockaddr *)&name, sizeof name);
    if (rc != 0) {
        close(fd);
        return leat_endpoint_fail(error, address->text, rc, "connect");
    }
    return leat_socket_make(state, fd, false, address, error);
}

/* Whether the path is a socket at which nobody listens any more: what a process that was killed leaves behind. */
static bool stale(const struct sockaddr_un *name)
{
    struct stat info;
    int fd = lstat(name->sun_path, &info) == 0 && S_ISSOCK(info.st_mode) ? new_socket() : -1;

    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* Binds; a stale socket is replaced, anything else at that path is left alone. */
static int bind_path(int fd, const struct sockaddr_un *name)
{
    int rc = bind(fd, (const struct sockaddr *)name, sizeof *name) == 0 ? 0 : -errno;

    if (rc == -EADDRINUSE && stale(name) && unlink(name->sun_path) == 0)
        rc = bind(fd, (const struct sockaddr *)name, sizeof *name) == 0 ? 0 : -errno;
    return rc;
}

static int unix_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct sockaddr_un name;
    struct stat info = {0};
    int rc = address_of(&name, address, error);

    (void)directions;
    if (rc != 0)
        return rc;
    int fd = new_socket();
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, "socket");
    rc = bind_path(fd, &name);
    if (rc == 0 && (lstat(name.sun_path, &info) != 0 || listen(fd, 1) != 0)) {
        rc = -errno;
        unlink(name.sun_path);
    }
    if (rc != 0) {
        close(fd);
        return leat_endpoint_fail(error, address->text, rc, "listen");
    }
    rc = leat_socket_make(state, fd, true, address, error);
    if (rc != 0) {
        unlink(name.sun_path);
        return rc;
    }
    struct leat_socket *made = *state;
    memcpy(made->path, address->rest, strlen(address->rest) + 1);
    made->device = info.st_dev;
    made->inode = info.st_ino;
    return 0;
}

const struct leat_transport leat_transport_unix = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix",
    .form = "unix:PATH",
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = unix_open,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .close = leat_socket_close,
};

const struct leat_transport leat_transport_unix_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix-listen",
    .form = "unix-listen:PATH",
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = unix_listen_open,
    .accept = leat_socket_accept,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .close = leat_socket_close,
};
