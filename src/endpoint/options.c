/* SPDX-License-Identifier: MIT */
/* options.c: socket options by name, one table of them. */
#define _GNU_SOURCE
#include "transport.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum option_kind {
    OPTION_SWITCH, /* 0 or 1 */
    OPTION_SIZE,   /* bytes; the kernel doubles it for its own needs, and its limits (net.core.rmem_max, wmem_max) may make it less */
    OPTION_NAME,   /* of an interface */
    OPTION_COUNT,  /* listen's argument, no option of setsockopt */
};

static const struct option {
    const char *key;
    enum option_kind kind;
    int level, number;
    bool again; /* an accepted socket need not have its listener's */
} table[LEAT_OPTIONS] = {
    {"backlog", OPTION_COUNT, 0, 0, false},
    {"device", OPTION_NAME, SOL_SOCKET, SO_BINDTODEVICE, false},
    {"keepalive", OPTION_SWITCH, SOL_SOCKET, SO_KEEPALIVE, false},
    {"nodelay", OPTION_SWITCH, IPPROTO_TCP, TCP_NODELAY, false},
    {"rcvbuf", OPTION_SIZE, SOL_SOCKET, SO_RCVBUF, true},
    {"reuseport", OPTION_SWITCH, SOL_SOCKET, SO_REUSEPORT, false},
    {"sndbuf", OPTION_SIZE, SOL_SOCKET, SO_SNDBUF, true},
};
enum { BACKLOG = 0 }; /* its place in the table */

static int read_device(struct leat_options *options, const struct leat_address *address, struct leat_error *error)
{
    _Static_assert(sizeof options->device == IFNAMSIZ, "the longest interface name, and its end");
    const char *name = leat_address_value(address, "device");
    size_t bytes = name != NULL ? strlen(name) : 0;

    if (name != NULL && (bytes == 0 || bytes >= sizeof options->device))
        return leat_endpoint_refuse(error, address->text, -EINVAL,
                                    "bad value \"%.40s\" of device; it is an interface's name of 1 to %d bytes", name, IFNAMSIZ - 1);
    if (name != NULL)
        memcpy(options->device, name, bytes + 1);
    return 0;
}

static int read_one(struct leat_options *options, int i, const struct leat_address *address, struct leat_error *error)
{
    int64_t number = -1;
    int rc = 0;

    switch (table[i].kind) {
    case OPTION_SWITCH:
        return leat_value_word(address, table[i].key, (const char *const[]){"0", "1", NULL}, &options->values[i], error);
    case OPTION_SIZE:
        rc = leat_value_size(address, table[i].key, 1, INT_MAX / 2, &number, error);
        break;
    case OPTION_COUNT:
        rc = leat_value_number(address, table[i].key, 0, INT_MAX, &number, error);
        break;
    case OPTION_NAME:
        return read_device(options, address, error);
    }
    options->values[i] = (int)number;
    return rc;
}

int leat_options_read(struct leat_options *options, const struct leat_address *address, struct leat_error *error)
{
    struct leat_options read = {.device = ""};
    int rc = 0;

    for (int i = 0; i < LEAT_OPTIONS && rc == 0; i++) {
        read.values[i] = -1;
        rc = read_one(&read, i, address, error);
    }
    if (rc == 0)
        *options = read;
    return rc;
}

int leat_options_set(const struct leat_options *options, int fd, const char **key)
{
    for (int i = 0; i < LEAT_OPTIONS; i++) {
        const struct option *option = &table[i];
        int rc = 0;
        if (option->kind == OPTION_NAME && options->device[0] != '\0')
            rc = setsockopt(fd, option->level, option->number, options->device, (socklen_t)strlen(options->device));
        else if (options->values[i] >= 0 && option->kind != OPTION_COUNT)
            rc = setsockopt(fd, option->level, option->number, &options->values[i], sizeof options->values[i]);
        if (rc != 0) {
            *key = option->key;
            return -errno;
        }
    }
    return 0;
}

void leat_options_inherit(const struct leat_options *options, int fd)
{
    for (int i = 0; i < LEAT_OPTIONS; i++)
        if (table[i].again && options->values[i] >= 0)
            setsockopt(fd, table[i].level, table[i].number, &options->values[i], sizeof options->values[i]);
}

int leat_options_backlog(const struct leat_options *options, bool many)
{
    return options->values[BACKLOG] >= 0 ? options->values[BACKLOG] : many ? SOMAXCONN : 1;
}
