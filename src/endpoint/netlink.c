/* SPDX-License-Identifier: MIT */
/*
 * netlink.c: netlink:route, the kernel's tables of links, addresses and routes: a device that every machine has.
 *
 * One dump after the other; each datagram is handed on as the kernel made it, the NLMSG_DONE that ends each dump too. A dump during which
 * the table changed (NLM_F_DUMP_INTR) is incomplete: it is handed on nevertheless, and asked for again after its NLMSG_DONE, so its
 * messages may be seen more than once. After 8 times in a row that is -EBUSY.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_BYTES (64 * 1024)  /* more than the kernel puts into one */
#define RECEIVE_BYTES (1024 * 1024) /* asked of SO_RCVBUF; the system's limit may make it less */
#define ASK_AGAIN_MOST 8

/* What is asked for, in this order: the type, and the bytes of its fixed part, which is all zero (AF_UNSPEC). */
static const struct {
    uint16_t type;
    uint32_t fixed_bytes;
} dumps[] = {
    {RTM_GETLINK, sizeof(struct ifinfomsg)},
    {RTM_GETADDR, sizeof(struct ifaddrmsg)},
    {RTM_GETROUTE, sizeof(struct rtmsg)},
};
#define DUMPS ((int)(sizeof dumps / sizeof dumps[0]))

struct netlink {
    int fd;
    int dump;         /* index of the dump under way or next; DUMPS: at the end */
    int repeats;      /* how often it was asked for again */
    bool asked;       /* its request is out, its NLMSG_DONE not yet in */
    bool interrupted; /* it said so itself */
    uint32_t sequence;
};

/* An fd, or a negative errno. */
static int new_socket(void)
{
    const int bytes = RECEIVE_BYTES;
    struct sockaddr_nl self = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* a hint */
    if (bind(fd, (const struct sockaddr *)&self, sizeof self) != 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static int netlink_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    if (strcmp(address->rest, "route") != 0)
        return leat_endpoint_refuse(error, address->text, -EINVAL, "unknown netlink family \"%.40s\"; known: route", address->rest);
    int fd = new_socket();
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, "socket");
    struct netlink *netlink = malloc(sizeof *netlink);
    if (netlink == NULL) {
        close(fd);
        return leat_endpoint_fail(error, address->text, -ENOMEM, "open");
    }
    *netlink = (struct netlink){.fd = fd};
    *state = netlink;
    return 0;
}

/* Asks for the dump that is next. */
static int ask(struct netlink *netlink)
{
    struct {
        struct nlmsghdr header;
        unsigned char fixed[16];
    } request = {.header = {.nlmsg_type = dumps[netlink->dump].type,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                            .nlmsg_len = (uint32_t)NLMSG_LENGTH(dumps[netlink->dump].fixed_bytes),
                            .nlmsg_seq = netlink->sequence + 1}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;

    do {
        sent = sendto(netlink->fd, &request, request.header.nlmsg_len, MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return -errno;
    netlink->sequence++;
    netlink->asked = true;
    netlink->interrupted = false;
    return 0;
}

/* One datagram from the kernel; -EAGAIN also when it was from somebody else. */
static int64_t receive(const struct netlink *netlink, void *span, int64_t bytes)
{
    struct sockaddr_nl from = {0};
    struct iovec vector = {.iov_base = span, .iov_len = (size_t)bytes};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector, .msg_iovlen = 1};
    ssize_t got;

    do {
        got = recvmsg(netlink->fd, &message, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    if (from.nl_pid != 0)
        return -EAGAIN;
    return (message.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : got;
}

/* The dump under way has ended: what is next. */
static int end_dump(struct netlink *netlink)
{
    netlink->asked = false;
    if (!netlink->interrupted) {
        netlink->dump++;
        netlink->repeats = 0;
        return 0;
    }
    return ++netlink->repeats > ASK_AGAIN_MOST ? -EBUSY : 0;
}

/* The error that an NLMSG_ERROR or NLMSG_DONE carries as its first word: 0 or a negative errno. */
static int code_of(const struct nlmsghdr *header, const unsigned char *message)
{
    int32_t code = 0;

    if (header->nlmsg_len >= NLMSG_LENGTH(sizeof code))
        memcpy(&code, message + NLMSG_HDRLEN, sizeof code);
    return code < 0 ? code : 0;
}

/* Follows the dump through a datagram. 0, or the negative errno that the kernel answered. */
static int follow(struct netlink *netlink, const unsigned char *datagram, int64_t bytes)
{
    struct nlmsghdr header;

    for (int64_t at = 0; bytes - at >= (int64_t)sizeof header; at += NLMSG_ALIGN(header.nlmsg_len)) {
        memcpy(&header, datagram + at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes - at)
            return -EPROTO;
        if (header.nlmsg_seq != netlink->sequence)
            continue;
        if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0)
            netlink->interrupted = true;
        if (header.nlmsg_type != NLMSG_ERROR && header.nlmsg_type != NLMSG_DONE)
            continue;
        int rc = code_of(&header, datagram + at);
        if (rc == 0 && header.nlmsg_type == NLMSG_DONE)
            rc = end_dump(netlink);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int64_t netlink_read(void *state, void *span, int64_t bytes)
{
    struct netlink *netlink = state;

    if (bytes < 1)
        return -EINVAL;
    if (netlink->dump == DUMPS)
        return 0;
    int rc = netlink->asked ? 0 : ask(netlink);
    if (rc != 0)
        return rc;
    int64_t got = receive(netlink, span, bytes);
    if (got > 0)
        rc = follow(netlink, span, got);
    return rc != 0 ? rc : got == 0 ? -EAGAIN : got;
}

/* At its end it is always ready, to say so again. */
static int netlink_fd(void *state, unsigned direction)
{
    const struct netlink *netlink = state;

    (void)direction;
    return netlink->asked ? netlink->fd : -1;
}

/* A dump under way cannot be called off: a new socket, under the same number, knows nothing of it. */
static int netlink_rewind(void *state)
{
    struct netlink *netlink = state;

    if (netlink->asked) {
        int fd = new_socket();
        int rc = fd < 0 ? fd : dup3(fd, netlink->fd, O_CLOEXEC) < 0 ? -errno : 0;
        if (fd >= 0)
            close(fd);
        if (rc != 0)
            return rc;
    }
    netlink->dump = netlink->repeats = 0;
    netlink->asked = false;
    return 0;
}

static int netlink_close(void *state)
{
    struct netlink *netlink = state;
    int rc = leat_io_close(netlink->fd);

    free(netlink);
    return rc;
}

const struct leat_transport leat_transport_netlink = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "netlink",
    .form = "netlink:route",
    .directions = LEAT_IN,
    .min_read = DATAGRAM_BYTES,
    .rest = LEAT_REST_NAME,
    .open = netlink_open,
    .fd = netlink_fd,
    .read = netlink_read,
    .rewind = netlink_rewind,
    .close = netlink_close,
};
