/* SPDX-License-Identifier: MIT */
/*
 * What the parts of link_soak share: link_soak.c has the rounds, link_soak_life.c the life of a link, link_soak_peer.c that of its peer.
 * Here is how a life is planned, and the bytes that are told from seed and frame number.
 */
#ifndef LEAT_LINK_SOAK_H
#define LEAT_LINK_SOAK_H

#include "../test.h"

#include <leat/io_thread.h>
#include <leat/link.h>
#include <leat/os.h>

#define HEAD_BYTES 8           /* t32l32: type, which is the frame's number, and length */
#define FRAME_MOST (400 << 10) /* more than the longest frame */
#define MS INT64_C(1000000)

enum { WORKERS = 8, BATCH = 32, HELD = 24, NONE = INT32_MAX };

/* What the link is opened on. */
enum kind {
    UNIX_LISTEN,
    TCP_LISTEN,
    SEQPACKET_LISTEN,
    UNIX,
    TCP,
    SEQPACKET,
    UDP,
    UDP_LISTEN,
    FIFO_IN,
    FIFO_OUT,
    FILE_IN,
    FILE_OUT,
    GEN,
    KINDS
};

/* How its peer behaves. */
enum manner {
    BEHAVES, /* sends all, reads all */
    STALLS,  /* that, but stops reading for a while */
    DEAF,    /* reads nothing before the link is closed, then everything */
    SHUTS,   /* ends its output anywhere, reads on */
    GARBLES, /* sends what is no frame, reads on */
    CUTS,    /* closes anywhere */
    RESETS,  /* that, with SO_LINGER 0 */
    DIES,    /* a process that is killed; as a thread it cuts */
    ABSENT,  /* never comes to the listener */
    MANNERS
};

/* How long frames are. */
enum sizes { SMALL, MIDDLE, LARGE, MIXED, HUGE, SIZES };

/* A row of frames, whose bytes follow from `key`. */
struct stream {
    uint64_t key;
    enum sizes sizes;
    int64_t count;
    int64_t index, at, bytes; /* the frame at hand: its number, how much of it is past, its size; bytes 0: it is not made yet */
    unsigned char *frame;     /* room for FRAME_MOST */
};

/* One peer; in memory that is shared with processes. */
struct peer {
    /* The plan: written before the peer starts. */
    enum kind kind;
    enum manner manner;
    bool process;
    bool half_close; /* ends its output when all is sent */
    bool on_read;    /* fault_at counts bytes read, not bytes sent */
    char path[100];
    uint64_t seed;
    struct stream in, out; /* as the link has them: `in` is what the peer sends */
    int64_t fault_at;
    int64_t stall_at, stall_ns;

    /* Between peer and link while both run. */
    LEAT_ATOMIC(uint32_t) port;  /* of the endpoint's other end; written by the one that binds */
    LEAT_ATOMIC(uint32_t) ready; /* 1: the link can be opened, 2: the peer failed; written by the peer (release) */
    LEAT_ATOMIC(uint32_t) over;  /* 1: the link is closed; written by the link's side (release) */

    /* The report: read after the peer's end. */
    int64_t sent_bytes, sent_frames; /* what the kernel took; frames that it took whole */
    int64_t read_bytes, read_frames;
    bool read_end; /* read to a clean end */
    char wrong[160];
};

/* The number's hash. */
static inline uint64_t soak_mix(uint64_t key, uint64_t number)
{
    uint64_t state = key ^ (number * UINT64_C(0xd1342543de82ef95));
    return test_random(&state);
}

/* Bytes of a frame, its head included. */
static inline int64_t soak_frame_bytes(const struct stream *stream, int64_t index)
{
    static const uint64_t most[SIZES] = {61, 3000, 50000, 0, FRAME_MOST - 1000};
    uint64_t x = soak_mix(stream->key, (uint64_t)index);
    enum sizes sizes = stream->sizes != MIXED ? stream->sizes : x % 128 == 0 ? HUGE : x % 8 == 0 ? MIDDLE : SMALL;
    return HEAD_BYTES + (int64_t)((x >> 16) % most[sizes]);
}

static inline void soak_put_number(unsigned char *to, uint64_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(number >> (24 - 8 * i));
}

static inline int64_t soak_get_number(const unsigned char *from)
{
    return (int64_t)from[0] << 24 | from[1] << 16 | from[2] << 8 | from[3];
}

/* Writes frame `index` to `to`; returns its size. */
static inline int64_t soak_make_frame(const struct stream *stream, int64_t index, unsigned char *to)
{
    int64_t bytes = soak_frame_bytes(stream, index), at = HEAD_BYTES;
    uint64_t word = soak_mix(stream->key + 1, (uint64_t)index);
    soak_put_number(to, (uint64_t)index);
    soak_put_number(to + 4, (uint64_t)(bytes - HEAD_BYTES));
    for (; at + 8 <= bytes; at += 8, word += UINT64_C(0x9e3779b97f4a7c15))
        memcpy(to + at, &word, 8);
    memcpy(to + at, &word, (size_t)(bytes - at));
    return bytes;
}

/* Shows what is left of the frame at hand, 0 bytes after the last. */
static inline int64_t soak_stream_peek(struct stream *stream, const unsigned char **data)
{
    if (stream->index == stream->count)
        return 0;
    if (stream->bytes == 0)
        stream->bytes = soak_make_frame(stream, stream->index, stream->frame);
    *data = stream->frame + stream->at;
    return stream->bytes - stream->at;
}

/* Goes on by `bytes`, at most what is left of the frame at hand. */
static inline void soak_stream_pass(struct stream *stream, int64_t bytes)
{
    stream->at += bytes;
    if (stream->at == stream->bytes) {
        stream->index++;
        stream->at = stream->bytes = 0;
    }
}

static inline bool soak_is_datagrams(enum kind kind)
{
    return kind == UDP || kind == UDP_LISTEN || kind == SEQPACKET || kind == SEQPACKET_LISTEN;
}

static inline bool soak_is_in(enum kind kind)
{
    return kind != FIFO_OUT && kind != FILE_OUT;
}

static inline bool soak_is_out(enum kind kind)
{
    return kind <= UDP || kind == FIFO_OUT || kind == FILE_OUT;
}

/* The whole life of a peer, from its opening to its report. */
void soak_peer_run(struct peer *peer);

/* One life of one link, led by a worker. */
struct life {
    int64_t number, began_ns;
    uint64_t chance;
    struct peer *peer;
    struct leat_link_options options;
    char endpoint[160];
    bool echo;    /* sends back what it receives */
    bool patient; /* goes on until all is done; else until give_up_ns */
    int64_t give_up_ns, repeat;
    struct leat_link *link;
    struct leat_pool *pool; /* what is sent lies in its blocks */
    struct leat_blocks blocks;
    struct stream in, out; /* the link's side of the peer's */
    int64_t received, sent, sent_bytes;
    bool in_done, out_done;
    int in_code, out_code; /* what recv and send said at last; NONE: nothing */
    int64_t box_at, box_end;
    struct leat_msg box[BATCH]; /* to be sent next */
    int64_t held_count;
    struct leat_msg held[HELD]; /* received, and kept for a while */
    int64_t held_index[HELD];
};

struct worker {
    int index;
    struct leat_thread thread;
    int helper;                   /* a socket to the process that forks peers */
    LEAT_ATOMIC(int64_t) life_ns; /* when its life began, 0: it leads none; for the watch */
    LEAT_ATOMIC(int64_t) number;
    struct leat_pool *pool;
    unsigned char *in_frame, *out_frame;
    struct life life;
};

/* What all lives share. */
struct soak {
    uint64_t seed;
    struct leat_io_thread *io_thread; /* that some links of a round share */
    struct peer *peers;               /* one for each worker */
    char folder[32];
    LEAT_ATOMIC(int64_t) lives, processes, frames_in, frames_out, bytes_in, bytes_out, held_over; /* for the summary */
    LEAT_ATOMIC(int64_t) manners[MANNERS], kinds[KINDS];
    LEAT_ATOMIC(int64_t) lent; /* buffers that were sent and are not given back */
};
extern struct soak soak;
extern const char *const soak_kind_names[KINDS], *const soak_manner_names[MANNERS];

/* Leads life `number`, from the plan to the ledger; the program ends where something is wrong. */
/*
 * The last part of a life's address, its worker's alone: a port that one life gave back may be another's at once, and a peer that comes
 * late would find that.
 */
#define SOAK_HOST(peer) ((int)((peer)-soak.peers) + 1)

void soak_live(struct worker *worker, uint64_t number);

/* The program ends with what is wrong, the seed, and all that is known of the life. */
_Noreturn void soak_broken(const struct life *life, const char *what, int64_t is, int64_t wanted);

#endif
