/* SPDX-License-Identifier: MIT */
/* The peers of link_soak: plain descriptors, in a thread or a process, that talk as their plan says. */
#define _GNU_SOURCE
#include "link_soak.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <leat/os.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE_MOST 65536

/* What a running peer has beside its plan. */
struct talk {
    struct peer *peer;
    int fd;
    uint64_t chance;
    bool connected; /* UDP: knows whom to send to */
    bool send_ended, read_ended, garbled, reset;
    int64_t stall_until_ns;
    int64_t piece_at, piece_end;     /* of `piece`, what is still to be sent */
    int64_t planned_bytes;           /* put into pieces so far */
    int64_t sent_boundary;           /* where in the stream the frame ends that is being sent */
    unsigned char piece[PIECE_MOST]; /* datagrams: whole frames */
    unsigned char frame[FRAME_MOST], read[PIECE_MOST], sending[FRAME_MOST];
};

static void wrong(struct peer *peer, const char *what, int64_t number)
{
    if (peer->wrong[0] == '\0')
        snprintf(peer->wrong, sizeof peer->wrong, "%s %lld (errno %d)", what, (long long)number, errno);
}

static bool is_over(struct peer *peer)
{
    return leat_load(&peer->over, acquire) != 0; /* edge "over": meets the store after leat_link_close */
}

/* ---- sending ---- */

/* How many bytes the next piece has, which end at `left` at the latest. */
static int64_t piece_bytes(struct talk *talk, int64_t left)
{
    static const uint64_t most[] = {3, 100, 1500, PIECE_MOST, PIECE_MOST};
    uint64_t x = test_random(&talk->chance);
    int64_t bytes = 1 + (int64_t)((x >> 8) % most[x % 5]);
    return bytes < left ? bytes : left;
}

/* Fills the piece from the stream, up to the place of the fault. */
static void plan_piece(struct talk *talk, int64_t until)
{
    struct stream *in = &talk->peer->in;
    bool whole = soak_is_datagrams(talk->peer->kind);
    const unsigned char *data;
    int64_t want = piece_bytes(talk, whole ? PIECE_MOST : until - talk->planned_bytes), have, have_now = 0;
    while (have_now < want && talk->planned_bytes < until && (have = soak_stream_peek(in, &data)) > 0) {
        if (whole && have_now > 0 && have_now + have > 60000)
            break;
        have = whole || have < want - have_now ? have : want - have_now;
        memcpy(talk->piece + have_now, data, (size_t)have);
        soak_stream_pass(in, have);
        have_now += have;
        talk->planned_bytes += have;
    }
    talk->piece_at = 0;
    talk->piece_end = have_now;
}

/* Not a frame: longer than any limit; and more of that kind. */
static void plan_garbage(struct talk *talk)
{
    talk->piece_at = 0;
    talk->piece_end = 8 + (int64_t)(test_random(&talk->chance) % 200);
    memset(talk->piece, 0xff, (size_t)talk->piece_end);
    talk->garbled = true;
}

static int64_t put(struct talk *talk)
{
    const unsigned char *from = talk->piece + talk->piece_at;
    size_t bytes = (size_t)(talk->piece_end - talk->piece_at);
    if (talk->peer->kind == FIFO_IN || talk->peer->kind == FILE_IN)
        return write(talk->fd, from, bytes);
    return send(talk->fd, from, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Counts what the kernel took of the frames. */
static void count_sent(struct talk *talk, int64_t bytes)
{
    struct peer *peer = talk->peer;
    talk->piece_at += bytes;
    if (talk->garbled)
        return;
    peer->sent_bytes += bytes;
    while (peer->sent_frames < peer->in.count && peer->sent_bytes >= talk->sent_boundary) {
        peer->sent_frames++;
        talk->sent_boundary += soak_frame_bytes(&peer->in, peer->sent_frames);
    }
}

/* All of the plan is sent. */
static void end_sending(struct talk *talk)
{
    struct peer *peer = talk->peer;
    talk->send_ended = true;
    if (peer->half_close || peer->manner == SHUTS)
        shutdown(talk->fd, SHUT_WR);
}

static void send_some(struct talk *talk)
{
    struct peer *peer = talk->peer;
    bool fault = peer->manner >= SHUTS && !peer->on_read;
    if (talk->piece_at == talk->piece_end) {
        bool there = fault && talk->planned_bytes >= peer->fault_at;
        if (there && peer->manner == GARBLES && !talk->garbled)
            plan_garbage(talk);
        else if (!there)
            plan_piece(talk, fault ? peer->fault_at : INT64_MAX);
        if (talk->piece_at == talk->piece_end) {
            end_sending(talk);
            return;
        }
    }
    int64_t took = put(talk);
    if (took > 0)
        count_sent(talk, took);
    else if (took < 0 && (errno == ECONNREFUSED || errno == ENOBUFS) && peer->kind <= UDP_LISTEN && peer->kind >= UDP)
        talk->piece_at = talk->piece_end; /* lost, as any datagram may be */
    else if (took < 0 && errno != EAGAIN && errno != EINTR)
        talk->send_ended = true;
}

/* ---- reading ---- */

/* Bytes of the stream, in order. */
static void check_bytes(struct talk *talk, int64_t bytes)
{
    struct stream *out = &talk->peer->out;
    const unsigned char *want;
    for (int64_t at = 0; at < bytes;) {
        int64_t there = soak_stream_peek(out, &want);
        if (there == 0) {
            wrong(talk->peer, "read more than was ever sent, after frame", out->index);
            return;
        }
        there = there < bytes - at ? there : bytes - at;
        if (memcmp(want, talk->read + at, (size_t)there) != 0) {
            wrong(talk->peer, "read what was not sent, in frame", out->index);
            return;
        }
        at += there;
        soak_stream_pass(out, there);
        talk->peer->read_frames = out->index;
    }
}

/* A datagram is one frame; over UDP some before it may be missing. */
static void check_datagram(struct talk *talk, int64_t bytes)
{
    struct peer *peer = talk->peer;
    int64_t index = bytes < HEAD_BYTES ? -1 : soak_get_number(talk->read);
    if (index < peer->out.index || index >= peer->out.count || (peer->kind != UDP && index != peer->out.index) ||
        soak_make_frame(&peer->out, index, talk->frame) != bytes || memcmp(talk->frame, talk->read, (size_t)bytes) != 0) {
        wrong(peer, "read a datagram that was not sent; wanted frame", peer->out.index);
        return;
    }
    peer->out.index = index + 1;
    peer->read_frames++;
}

static int64_t get(struct talk *talk)
{
    struct peer *peer = talk->peer;
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    size_t bytes = soak_is_datagrams(peer->kind) ? PIECE_MOST : (size_t)piece_bytes(talk, PIECE_MOST);
    if (peer->kind == FIFO_OUT || peer->kind == FILE_OUT)
        return read(talk->fd, talk->read, bytes);
    if (peer->kind != UDP || talk->connected)
        return recv(talk->fd, talk->read, bytes, MSG_DONTWAIT);
    int64_t got = recvfrom(talk->fd, talk->read, bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    talk->connected = got > 0 && connect(talk->fd, (struct sockaddr *)&from, length) == 0;
    return got;
}

static void read_some(struct talk *talk)
{
    struct peer *peer = talk->peer;
    bool over = is_over(peer); /* before the look */
    int64_t got = get(talk);
    if (got > 0) {
        peer->read_bytes += got;
        if (soak_is_datagrams(peer->kind))
            check_datagram(talk, got);
        else
            check_bytes(talk, got);
        if (peer->manner == STALLS && talk->stall_until_ns == 0 && peer->read_bytes >= peer->stall_at)
            talk->stall_until_ns = leat_os_now_ns() + peer->stall_ns;
    } else if (got == 0 && peer->kind == FIFO_OUT && !over) {
        (void)usleep(200); /* its writer has not come */
    } else if (got == 0) {
        talk->read_ended = peer->read_end = true;
    } else if (errno == EAGAIN) {
        talk->read_ended = over && peer->kind == UDP;
    } else if (errno == ECONNRESET && soak_is_datagrams(peer->kind) && !talk->reset) {
        talk->reset = true; /* the link was closed with input unread: said before what is still there to be read */
    } else if (errno != EINTR && errno != ECONNREFUSED) {
        talk->read_ended = true;
    }
}

/* ---- opening ---- */

static void publish(struct peer *peer, int fd, bool port)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    if (port && getsockname(fd, (struct sockaddr *)&name, &length) == 0)
        leat_store(&peer->port, ntohs(name.sin_port), relaxed); /* relaxed: `ready` publishes it */
    if (fd < 0)
        wrong(peer, "cannot open", peer->kind);
    leat_store(&peer->ready, fd < 0 ? 2 : 1, release); /* edge "ready": meets the load before leat_link_open */
}

/* Takes the link's connection, unless the life ends before. */
static int take_one(struct peer *peer, int listener)
{
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    while (poll(&wait, 1, 5) < 1)
        if (is_over(peer) && poll(&wait, 1, 0) < 1)
            break;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    close(listener);
    return fd;
}

static int open_socket(struct peer *peer)
{
    bool inet = peer->kind == TCP || peer->kind == TCP_LISTEN || peer->kind == UDP || peer->kind == UDP_LISTEN;
    bool udp = peer->kind == UDP || peer->kind == UDP_LISTEN, binds = peer->kind >= UNIX && peer->kind <= UDP;
    int type = udp ? SOCK_DGRAM : soak_is_datagrams(peer->kind) ? SOCK_SEQPACKET : SOCK_STREAM;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (uint32_t)SOAK_HOST(peer))};
    struct sockaddr *name = inet ? (struct sockaddr *)&in : (struct sockaddr *)&un;
    socklen_t length = inet ? sizeof in : sizeof un;
    memcpy(un.sun_path, peer->path, sizeof peer->path);
    in.sin_port = htons((uint16_t)(binds ? 0 : leat_load(&peer->port, relaxed))); /* relaxed: it was there before the peer */
    int fd = socket(inet ? AF_INET : AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        ((binds && (bind(fd, name, length) != 0 || (!udp && listen(fd, 1) != 0))) || (!binds && connect(fd, name, length) != 0))) {
        close(fd);
        fd = -1;
    }
    if (binds) {
        publish(peer, fd, inet);
        return fd < 0 || udp ? fd : take_one(peer, fd);
    }
    return fd;
}

static int open_peer(struct peer *peer)
{
    int fd;
    switch (peer->kind) {
    case FIFO_IN:
        return open(peer->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC); /* the link has it open for reading */
    case FILE_IN:
        return open(peer->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    case FIFO_OUT:
        fd = open(peer->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        publish(peer, fd, false);
        return fd;
    case FILE_OUT:
        return open(peer->path, O_RDONLY | O_CLOEXEC);
    default:
        return open_socket(peer);
    }
}

/* ---- the whole ---- */

/* Whether it is time for the fault that ends it all. */
static bool breaks_now(const struct talk *talk)
{
    const struct peer *peer = talk->peer;
    if (peer->manner != CUTS && peer->manner != RESETS && peer->manner != DIES)
        return false;
    return peer->on_read ? peer->read_bytes >= peer->fault_at : talk->piece_at == talk->piece_end && talk->planned_bytes >= peer->fault_at;
}

static void break_off(struct talk *talk)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (talk->peer->manner == RESETS)
        (void)setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    if (talk->peer->manner == DIES && talk->peer->process)
        (void)raise(SIGKILL);
}

static bool may_read(struct talk *talk, bool over)
{
    if (talk->read_ended || !soak_is_out(talk->peer->kind))
        return false;
    return over || (talk->peer->manner != DEAF && leat_os_now_ns() >= talk->stall_until_ns);
}

/* Sends and reads as both are possible, with pauses. */
static void go_on(struct talk *talk)
{
    struct peer *peer = talk->peer;
    bool out = soak_is_out(peer->kind);
    while (!breaks_now(talk)) {
        bool over = is_over(peer);
        bool reads = may_read(talk, over), sends = !talk->send_ended && talk->connected;
        if (over && !talk->connected)
            talk->send_ended = true;
        if ((talk->send_ended || !soak_is_in(peer->kind)) && (!out || talk->read_ended))
            return;
        if (over && peer->kind == UDP_LISTEN)
            return;
        struct pollfd wait = {.fd = talk->fd, .events = (short)((reads ? POLLIN : 0) | (sends ? POLLOUT : 0))};
        (void)poll(reads || sends ? &wait : NULL, reads || sends, 2);
        if (reads && (over || (wait.revents & ~POLLOUT) != 0))
            read_some(talk);
        if (sends && (wait.revents & ~POLLIN) != 0)
            send_some(talk);
        if (test_random(&talk->chance) % 64 == 0)
            (void)usleep((useconds_t)(test_random(&talk->chance) % 1500));
    }
    break_off(talk);
}

void soak_peer_run(struct peer *peer)
{
    struct talk *talk = malloc(sizeof *talk);
    if (talk == NULL) {
        wrong(peer, "no memory", 0);
        leat_store(&peer->ready, 2, release); /* edge "ready" */
        return;
    }
    memset(talk, 0, offsetof(struct talk, piece));
    talk->peer = peer;
    talk->chance = peer->seed;
    talk->connected = peer->kind != UDP;
    talk->send_ended = !soak_is_in(peer->kind);
    talk->sent_boundary = soak_frame_bytes(&peer->in, 0);
    peer->in.frame = talk->sending;
    peer->out.frame = talk->frame;
    talk->fd = open_peer(peer);
    if (talk->fd >= 0) {
        go_on(talk);
        close(talk->fd);
    }
    free(talk);
}
