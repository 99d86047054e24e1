/* SPDX-License-Identifier: MIT */
/*
 * unix.c: unix:PATH connects to a local stream socket, unix-listen:PATH makes one and waits for one peer; unix-seqpacket:PATH and
 * unix-seqpacket-listen:PATH are the same with boundaries kept. @NAME is an abstract name, which no file stands for; a file of that name
 * is ./@NAME.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORD_BYTES 262144 /* more than a socket with the kernel's own buffer (212992 bytes) sends as one record */

/* Where a local socket is, or shall be. */
struct place {
    struct sockaddr_un name;
    socklen_t length;
    bool abstract;
    int type; /* SOCK_STREAM or SOCK_SEQPACKET */
};

/* What a listener's path shall be like; -1: as it comes. */
struct access {
    int64_t mode;
    uid_t user;
    gid_t group;
};

static int place_of(struct place *place, const struct leat_address *address, int type, struct leat_error *error)
{
    size_t bytes = strlen(address->rest);

    if (bytes >= sizeof place->name.sun_path)
        return leat_endpoint_refuse(error, address->text, -ENAMETOOLONG, "a local socket's path has at most %d bytes, not %d",
                                    (int)sizeof place->name.sun_path - 1, (int)bytes);
    *place = (struct place){.name = {.sun_family = AF_UNIX}, .length = sizeof place->name, .type = type};
    memcpy(place->name.sun_path, address->rest, bytes + 1);
    if (address->rest[0] != '@')
        return 0;
    if (bytes == 1)
        return leat_endpoint_refuse(error, address->text, -EINVAL, "empty name after @; the form is @NAME");
    place->abstract = true;
    place->name.sun_path[0] = '\0';
    place->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    return 0;
}

/* ---- mode and owner ---- */

static int refuse_owner(struct leat_error *error, const struct leat_address *address, const char *owner, const char *unknown)
{
    return leat_endpoint_refuse(error, address->text, -EINVAL,
                                "bad value \"%.40s\" of owner; it is USER or USER:GROUP, names or numbers, and there is no %s", owner,
                                unknown);
}

/* The number that the whole text is, or -1. */
static int64_t number_of(const char *text, int base, int64_t most)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    long long number = strtoll(text, &end, base);
    return errno != 0 || *end != '\0' || number > most ? -1 : number;
}

/* *user is who that is by name or number; false: nobody. */
static bool find_user(const char *text, uid_t *user)
{
    char store[4096];
    struct passwd entry, *found = NULL;
    int64_t number = number_of(text, 10, UINT32_MAX - 1);

    if (number < 0 && getpwnam_r(text, &entry, store, sizeof store, &found) == 0 && found != NULL)
        number = found->pw_uid;
    if (number >= 0)
        *user = (uid_t)number;
    return number >= 0;
}

static bool find_group(const char *text, gid_t *group)
{
    char store[4096];
    struct group entry, *found = NULL;
    int64_t number = number_of(text, 10, UINT32_MAX - 1);

    if (number < 0 && getgrnam_r(text, &entry, store, sizeof store, &found) == 0 && found != NULL)
        number = found->gr_gid;
    if (number >= 0)
        *group = (gid_t)number;
    return number >= 0;
}

static int read_owner(struct access *access, const struct leat_address *address, const char *owner, struct leat_error *error)
{
    char user[LEAT_ADDRESS_BYTES];
    const char *colon = strchr(owner, ':');
    int bytes = (int)(colon != NULL ? (size_t)(colon - owner) : strlen(owner));

    snprintf(user, sizeof user, "%.*s", bytes, owner);
    if (!find_user(user, &access->user))
        return refuse_owner(error, address, owner, "such user");
    if (colon != NULL && !find_group(colon + 1, &access->group))
        return refuse_owner(error, address, owner, "such group");
    return 0;
}

static int read_access(struct access *access, const struct leat_address *address, bool abstract, struct leat_error *error)
{
    const char *mode = leat_address_value(address, "mode"), *owner = leat_address_value(address, "owner");

    *access = (struct access){.mode = -1, .user = (uid_t)-1, .group = (gid_t)-1};
    if (abstract && (mode != NULL || owner != NULL))
        return leat_endpoint_refuse(error, address->text, -EINVAL, "%s is for a path; an abstract name is open to all",
                                    mode != NULL ? "mode" : "owner");
    if (mode != NULL && (access->mode = number_of(mode, 8, 0777)) < 0)
        return leat_endpoint_refuse(error, address->text, -EINVAL, "bad value \"%.40s\" of mode; it is an octal number of 0 to 0777", mode);
    return owner != NULL ? read_owner(access, address, owner, error) : 0;
}

/* 0, or a negative errno, and *what is the key that the system refused. */
static int set_access(const struct access *access, const char *path, const char **what)
{
    *what = "owner";
    if ((access->user != (uid_t)-1 || access->group != (gid_t)-1) && lchown(path, access->user, access->group) != 0)
        return -errno;
    *what = "mode";
    return access->mode >= 0 && chmod(path, (mode_t)access->mode) != 0 ? -errno : 0;
}

/* ---- both ---- */

/* An fd with the options set, or a negative errno, *what says of what call or key. */
static int new_socket(int type, const struct leat_options *options, const char **what)
{
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *what = "socket";
    if (fd < 0)
        return -errno;
    int rc = leat_options_set(options, fd, what);
    if (rc != 0)
        close(fd);
    return rc != 0 ? rc : fd;
}

static int open_connection(void **state, const struct leat_address *address, int type, struct leat_error *error)
{
    struct leat_options options;
    struct place place;
    const char *what;
    int rc = place_of(&place, address, type, error);
    if (rc == 0)
        rc = leat_options_read(&options, address, error);
    if (rc != 0)
        return rc;
    int fd = new_socket(type, &options, &what);
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, what);
    rc = leat_socket_connect(fd, (const struct sockaddr *)&place.name, place.length);
    if (rc != 0) {
        close(fd);
        return leat_endpoint_fail(error, address->text, rc, "connect");
    }
    return leat_socket_make(state, fd, false, &options, address, error);
}

/* Whether the path is a socket at which nobody listens any more: what a process that was killed leaves behind. */
static bool stale(const struct place *place)
{
    struct stat info;
    bool is_socket = !place->abstract && lstat(place->name.sun_path, &info) == 0 && S_ISSOCK(info.st_mode);
    int fd = is_socket ? socket(AF_UNIX, place->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)&place->name, place->length) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* Binds; a stale socket is replaced, anything else at that path is left alone. */
static int bind_place(int fd, const struct place *place)
{
    int rc = bind(fd, (const struct sockaddr *)&place->name, place->length) == 0 ? 0 : -errno;

    if (rc == -EADDRINUSE && stale(place) && unlink(place->name.sun_path) == 0)
        rc = bind(fd, (const struct sockaddr *)&place->name, place->length) == 0 ? 0 : -errno;
    return rc;
}

/* Binds and listens; on failure the path is gone again, *what says of what call or key. */
static int listen_at(int fd, const struct place *place, const struct access *access, int backlog, struct stat *info, const char **what)
{
    *what = "listen";
    int rc = bind_place(fd, place);
    if (rc != 0)
        return rc;
    if (!place->abstract)
        rc = set_access(access, place->name.sun_path, what);
    if (rc != 0) {
        unlink(place->name.sun_path);
        return rc;
    }
    *what = "listen";
    if ((place->abstract || lstat(place->name.sun_path, info) == 0) && listen(fd, backlog) == 0)
        return 0;
    rc = -errno;
    if (!place->abstract)
        unlink(place->name.sun_path);
    return rc;
}

/* The name by which peers reach it: the endpoint as given, without "-listen" and the keys. */
static void name_listener(struct leat_socket *made)
{
    const char *colon = strchr(made->text, ':');
    int scheme_bytes = (int)(colon - made->text) - (int)strlen("-listen");

    char name[LEAT_ADDRESS_BYTES];
    snprintf(name, sizeof name, "%.*s%.*s", scheme_bytes, made->text, (int)strcspn(colon, "?"), colon);
    leat_socket_rename(made, name);
}

static int open_listener(void **state, const struct leat_address *address, int type, bool many, struct leat_error *error)
{
    struct leat_options options;
    struct place place;
    struct access access;
    struct stat info = {0};
    const char *what;
    int rc = place_of(&place, address, type, error);
    if (rc == 0)
        rc = leat_options_read(&options, address, error);
    if (rc == 0)
        rc = read_access(&access, address, place.abstract, error);
    if (rc != 0)
        return rc;
    int fd = new_socket(type, &options, &what);
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, what);
    rc = listen_at(fd, &place, &access, leat_options_backlog(&options, many), &info, &what);
    if (rc != 0) {
        close(fd);
        return leat_endpoint_fail(error, address->text, rc, what);
    }
    rc = leat_socket_make(state, fd, true, &options, address, error);
    if (rc != 0) {
        if (!place.abstract)
            unlink(place.name.sun_path);
        return rc;
    }
    struct leat_socket *made = *state;
    name_listener(made);
    made->device = info.st_dev;
    made->inode = info.st_ino;
    made->path = place.abstract ? NULL : strdup(address->rest);
    if (place.abstract || made->path != NULL)
        return 0;
    unlink(place.name.sun_path);
    leat_socket_close(made);
    return leat_endpoint_fail(error, address->text, -ENOMEM, "open");
}

/* ---- the transports ---- */

static int unix_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return open_connection(state, address, SOCK_STREAM, error);
}

static int unix_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    return open_listener(state, address, SOCK_STREAM, (directions & LEAT_MANY) != 0, error);
}

static int seqpacket_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return open_connection(state, address, SOCK_SEQPACKET, error);
}

static int seqpacket_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    return open_listener(state, address, SOCK_SEQPACKET, (directions & LEAT_MANY) != 0, error);
}

/* An empty record is all that tells of the end. */
static int64_t seqpacket_read(void *state, void *span, int64_t bytes)
{
    return leat_datagram_read(state, span, bytes, RECORD_BYTES, true);
}

static const char *const unix_keys[] = {"rcvbuf", "sndbuf", NULL};
static const char *const unix_listen_keys[] = {"backlog", "mode", "owner", "rcvbuf", "sndbuf", NULL};

const struct leat_transport leat_transport_unix = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix",
    .form = "unix:PATH",
    .keys = unix_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = unix_open,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .close = leat_socket_close,
    .reconnects = true,
    .short_is_all = true,
};

const struct leat_transport leat_transport_unix_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix-listen",
    .form = "unix-listen:PATH",
    .keys = unix_listen_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = unix_listen_open,
    .accept = leat_socket_accept,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .lost = leat_socket_lost,
    .take = leat_socket_take,
    .short_is_all = true,
};

const struct leat_transport leat_transport_seqpacket = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix-seqpacket",
    .form = "unix-seqpacket:PATH",
    .keys = unix_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = RECORD_BYTES,
    .rest = LEAT_REST_NAME,
    .open = seqpacket_open,
    .fd = leat_socket_fd,
    .read = seqpacket_read,
    .write = leat_datagram_write,
    .end_output = leat_socket_end_output,
    .close = leat_socket_close,
    .datagrams = true,
    .lost = leat_datagram_lost,
    .write_many = leat_datagram_write_many,
    .reconnects = true,
};

const struct leat_transport leat_transport_seqpacket_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "unix-seqpacket-listen",
    .form = "unix-seqpacket-listen:PATH",
    .keys = unix_listen_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = RECORD_BYTES,
    .rest = LEAT_REST_NAME,
    .open = seqpacket_listen_open,
    .accept = leat_socket_accept,
    .fd = leat_socket_fd,
    .read = seqpacket_read,
    .write = leat_datagram_write,
    .end_output = leat_socket_end_output,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .datagrams = true,
    .lost = leat_datagram_lost,
    .write_many = leat_datagram_write_many,
    .take = leat_socket_take,
};
