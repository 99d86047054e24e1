/* SPDX-License-Identifier: MIT */
#define LEAT_MSG_INLINE LEAT_API extern inline
#include <leat/msg.h>

/*
 * Each block begins with this head; the payload follows, aligned to 16. Only the owner's (the first block's) count, foreign, free and
 * context mean anything: a chain is counted and given back as one.
 *
 * The edges of the count:
 *   drop   every decrement is a release, and whoever takes the count to 0, or finds it at 1, acquires: so all that any thread did with
 *          the bytes happens before they are freed or written anew. Increments between them are read-modify-writes and keep the
 *          release sequence unbroken.
 *
 * Adding a reference is relaxed: who adds one has one, so the count cannot reach 0 meanwhile, and nothing is published by it.
 */
struct leat_msg_block {
    alignas(16) LEAT_ATOMIC(uint32_t) count; /* written by every thread that refs or unrefs */
    uint32_t foreign;                        /* 1: a struct foreign follows instead of payload. This and the rest: constant once made */
    int64_t used_bytes;                      /* payload bytes of this block */
    struct leat_msg_block *next;             /* the chain's next block, or NULL */
    void (*free)(void *context, void *block);
    void *context;
};

/* What the owner of a foreign buffer carries where others have payload. */
struct foreign {
    unsigned char *data;
    void (*free_fn)(void *data, void *context);
    void *context;
    int64_t size_bytes;
};

/* A count from here on is stuck: set back to the middle of this upper half, where no number of threads can move it out again. */
#define STUCK UINT32_C(0x80000000)
#define STUCK_MIDDLE UINT32_C(0xc0000000)

/* What a buffer holds at first: far from both ends. */
#define BUFFER_REFERENCES UINT32_C(0x40000000)

static unsigned char *payload(struct leat_msg_block *block)
{
    return (unsigned char *)(block + 1);
}

static const struct foreign *foreign_of(const struct leat_msg_block *block)
{
    return (const struct foreign *)(const void *)(block + 1);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Gives a chain's blocks back, one after the other, each to where the owner says. */
static void free_chain(struct leat_msg_block *owner)
{
    void (*free)(void *, void *) = owner->free;
    void *context = owner->context;

    for (struct leat_msg_block *block = owner, *next; block != NULL; block = next) {
        next = block->next;
        free(context, block);
    }
}

/* A new block with a count of 1, or NULL. */
static struct leat_msg_block *take_block(const struct leat_blocks *blocks, int64_t used_bytes)
{
    struct leat_msg_block *block = blocks->alloc(blocks->context);

    if (block == NULL)
        return NULL;
    /* Relaxed: nobody else knows the block; whoever hands the message on publishes it. */
    leat_store(&block->count, 1, relaxed);
    block->foreign = 0;
    block->used_bytes = used_bytes;
    block->next = NULL;
    block->free = blocks->free;
    block->context = blocks->context;
    return block;
}

static void set_inline(struct leat_msg *msg, int64_t size_bytes)
{
    leat_msg_init(msg);
    if (size_bytes > 0) {
        msg->kind = LEAT_MSG_INLINED;
        msg->inline_bytes = (uint8_t)size_bytes;
        msg->size_bytes = size_bytes;
    }
}

static void set_slice(struct leat_msg *msg, enum leat_msg_kind kind, struct leat_msg_block *owner, struct leat_msg_block *first,
                      unsigned char *data, int64_t size_bytes)
{
    leat_msg_init(msg);
    msg->kind = (uint8_t)kind;
    msg->size_bytes = size_bytes;
    msg->body.slice.owner = owner;
    msg->body.slice.first = first;
    msg->body.slice.data = data;
}

int64_t leat_msg_block_payload(const struct leat_blocks *blocks)
{
    int64_t head = (int64_t)sizeof(struct leat_msg_block);

    return blocks->block_bytes > head ? blocks->block_bytes - head : 0;
}

int leat_msg_alloc(struct leat_msg *msg, const struct leat_blocks *blocks, int64_t size_bytes)
{
    if (size_bytes < 0)
        return -EINVAL;
    if (size_bytes <= LEAT_MSG_INLINE_BYTES) {
        set_inline(msg, size_bytes);
        return 0;
    }
    int64_t most = leat_msg_block_payload(blocks);
    if (most == 0)
        return -EINVAL;

    struct leat_msg_block *owner = take_block(blocks, smaller(size_bytes, most));
    if (owner == NULL)
        return -ENOBUFS;
    struct leat_msg_block *last = owner;
    for (int64_t left = size_bytes - owner->used_bytes; left > 0; left -= last->used_bytes) {
        last->next = take_block(blocks, smaller(left, most));
        if (last->next == NULL) {
            free_chain(owner);
            return -ENOBUFS;
        }
        last = last->next;
    }
    set_slice(msg, owner == last ? LEAT_MSG_SLICE : LEAT_MSG_CHAIN, owner, owner, payload(owner), size_bytes);
    return 0;
}

int leat_msg_copy(struct leat_msg *msg, const struct leat_blocks *blocks, const void *data, int64_t size_bytes)
{
    if (data == NULL && size_bytes > 0)
        return -EINVAL;
    int rc = leat_msg_alloc(msg, blocks, size_bytes);
    if (rc != 0)
        return rc;

    const unsigned char *from = data;
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    leat_msg_pieces(msg, &cursor);
    while (leat_msg_next_piece(&cursor, &piece)) {
        memcpy(piece.data, from, (size_t)piece.bytes);
        from += piece.bytes;
    }
    return 0;
}

int leat_msg_from_buf(struct leat_msg *msg, const struct leat_blocks *blocks, void *data, int64_t size_bytes,
                      void (*free_fn)(void *data, void *context), void *context)
{
    if (size_bytes < 0 || (data == NULL && size_bytes > 0) || leat_msg_block_payload(blocks) < (int64_t)sizeof(struct foreign))
        return -EINVAL;

    struct leat_msg_block *owner = take_block(blocks, 0);
    if (owner == NULL)
        return -ENOBUFS;
    struct foreign buffer = {.data = data, .free_fn = free_fn, .context = context, .size_bytes = size_bytes};
    memcpy(payload(owner), &buffer, sizeof buffer);
    owner->foreign = 1;
    set_slice(msg, LEAT_MSG_SLICE, owner, owner, data, size_bytes);
    return 0;
}

static void add_reference(struct leat_msg_block *owner)
{
    /* Relaxed: the caller has a reference, see above. */
    if (LEAT_UNLIKELY(leat_add(&owner->count, 1, relaxed) >= STUCK))
        leat_store(&owner->count, STUCK_MIDDLE, relaxed); /* relaxed: a stuck count orders nothing */
}

static LEAT_COLD void free_foreign(struct leat_msg_block *owner)
{
    struct foreign buffer;

    memcpy(&buffer, payload(owner), sizeof buffer);
    free_chain(owner);
    if (buffer.free_fn != NULL)
        buffer.free_fn(buffer.data, buffer.context);
}

static void drop_reference(struct leat_msg_block *owner)
{
    /* Edge drop, acquire side: a count of 1 is ours, and nobody else can raise it. Saves the read-modify-write. */
    uint32_t seen = leat_load(&owner->count, acquire);

    if (seen != 1) {
        /* Edge drop, both sides: our use of the bytes is over; if we are the last, everybody's was. */
        seen = leat_sub(&owner->count, 1, acq_rel);
        if (LEAT_UNLIKELY(seen >= STUCK))
            leat_store(&owner->count, STUCK_MIDDLE, relaxed); /* relaxed: a stuck count orders nothing */
        if (seen != 1)
            return;
    }
    if (LEAT_UNLIKELY(owner->foreign != 0))
        free_foreign(owner);
    else
        free_chain(owner);
}

void leat_msg_ref(struct leat_msg *msg, const struct leat_msg *source)
{
    if (source->kind >= LEAT_MSG_SLICE)
        add_reference(source->body.slice.owner);
    *msg = *source;
}

void leat_msg_unref(struct leat_msg *msg)
{
    struct leat_msg_block *owner = msg->kind >= LEAT_MSG_SLICE ? msg->body.slice.owner : NULL;

    leat_msg_init(msg);
    if (owner != NULL)
        drop_reference(owner);
}

/* A message with blocks refers to size_bytes of its bytes, at least one, from offset on. */
static void narrow(struct leat_msg *msg, int64_t offset, int64_t size_bytes)
{
    enum leat_msg_kind kind = (enum leat_msg_kind)msg->kind;
    struct leat_msg_block *first = msg->body.slice.first;
    unsigned char *data = msg->body.slice.data;
    if (kind == LEAT_MSG_CHAIN) {
        int64_t here = payload(first) + first->used_bytes - data;
        for (; offset >= here; here = first->used_bytes) {
            offset -= here;
            first = first->next;
            data = payload(first);
        }
        if (size_bytes <= here - offset)
            kind = LEAT_MSG_SLICE;
    }
    set_slice(msg, kind, msg->body.slice.owner, first, data + offset, size_bytes);
}

int leat_msg_slice(struct leat_msg *msg, const struct leat_msg *source, int64_t offset, int64_t size_bytes)
{
    if (offset < 0 || size_bytes < 0 || offset > source->size_bytes || size_bytes > source->size_bytes - offset)
        return -EINVAL;
    if (size_bytes == 0 || source->kind == LEAT_MSG_INLINED) {
        set_inline(msg, size_bytes);
        memcpy(msg->body.bytes, source->body.bytes + (size_bytes == 0 ? 0 : offset), (size_t)size_bytes);
        return 0;
    }

    *msg = *source;
    add_reference(source->body.slice.owner);
    narrow(msg, offset, size_bytes);
    return 0;
}

int leat_msg_trim(struct leat_msg *msg, int64_t front, int64_t back)
{
    if (front < 0 || back < 0 || front > msg->size_bytes || back > msg->size_bytes - front)
        return -EINVAL;
    int64_t left = msg->size_bytes - front - back;
    if (left == 0) {
        leat_msg_unref(msg);
    } else if (msg->kind == LEAT_MSG_INLINED) {
        memmove(msg->body.bytes, msg->body.bytes + front, (size_t)left);
        set_inline(msg, left);
    } else {
        narrow(msg, front, left);
    }
    return 0;
}

int leat_msg_buffer_open(struct leat_msg_buffer *buffer, const struct leat_blocks *blocks)
{
    int64_t bytes = leat_msg_block_payload(blocks);
    if (bytes == 0)
        return -EINVAL;
    struct leat_msg_block *block = take_block(blocks, bytes);
    if (block == NULL)
        return -ENOBUFS;
    leat_store(&block->count, BUFFER_REFERENCES, relaxed); /* relaxed: nobody else knows the block */
    *buffer = (struct leat_msg_buffer){.block = block, .data = payload(block), .bytes = bytes, .left = BUFFER_REFERENCES};
    return 0;
}

void leat_msg_buffer_cut(struct leat_msg_buffer *buffer, int64_t offset, int64_t size_bytes, struct leat_msg *msg)
{
    if (size_bytes <= LEAT_MSG_INLINE_BYTES) {
        set_inline(msg, size_bytes);
        memcpy(msg->body.bytes, buffer->data + offset, (size_t)size_bytes);
        return;
    }
    buffer->left--;
    set_slice(msg, LEAT_MSG_SLICE, buffer->block, buffer->block, buffer->data + offset, size_bytes);
}

bool leat_msg_buffer_alone(struct leat_msg_buffer *buffer)
{
    /* Edge drop, acquire side: what is left is ours alone, and whoever could raise it is gone. */
    if (leat_load(&buffer->block->count, acquire) != buffer->left)
        return false;
    leat_store(&buffer->block->count, BUFFER_REFERENCES, relaxed); /* relaxed: nobody else refers to the block */
    buffer->left = BUFFER_REFERENCES;
    return true;
}

void leat_msg_buffer_close(struct leat_msg_buffer *buffer)
{
    struct leat_msg_block *block = buffer->block;

    buffer->block = NULL;
    /* Edge drop, both sides: as in drop_reference, for all that is left at once. */
    if (block != NULL && leat_sub(&block->count, buffer->left, acq_rel) == buffer->left)
        free_chain(block);
}

bool leat_msg_join(struct leat_msg *msg, struct leat_msg *next)
{
    if (msg->kind != LEAT_MSG_SLICE || next->kind != LEAT_MSG_SLICE || msg->body.slice.owner != next->body.slice.owner ||
        msg->body.slice.first != next->body.slice.first || msg->body.slice.data + msg->size_bytes != next->body.slice.data)
        return false;
    msg->size_bytes += next->size_bytes;
    leat_msg_unref(next); /* not the last: *msg has one */
    return true;
}

void *leat_msg_data(struct leat_msg *msg)
{
    if (msg->kind == LEAT_MSG_CHAIN)
        return NULL;
    return msg->kind == LEAT_MSG_SLICE ? msg->body.slice.data : msg->body.bytes;
}

void leat_msg_pieces(struct leat_msg *msg, struct leat_msg_cursor *cursor)
{
    bool chain = msg->kind == LEAT_MSG_CHAIN;

    cursor->block = chain ? msg->body.slice.first : NULL;
    cursor->data = chain ? msg->body.slice.data : leat_msg_data(msg);
    cursor->left = msg->size_bytes;
}

bool leat_msg_next_piece(struct leat_msg_cursor *cursor, struct leat_span *piece)
{
    struct leat_msg_block *block = cursor->block;

    if (cursor->left == 0)
        return false;
    piece->data = cursor->data;
    piece->bytes = block == NULL ? cursor->left : smaller(cursor->left, payload(block) + block->used_bytes - cursor->data);
    cursor->left -= piece->bytes;
    if (cursor->left > 0) {
        cursor->block = block->next;
        cursor->data = payload(cursor->block);
    }
    return true;
}

int64_t leat_msg_read(struct leat_msg *msg, int64_t offset, void *data, int64_t bytes)
{
    if (offset < 0 || bytes < 0)
        return -EINVAL;

    unsigned char *to = data;
    int64_t done = 0;
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    leat_msg_pieces(msg, &cursor);
    while (done < bytes && leat_msg_next_piece(&cursor, &piece)) {
        int64_t skip = smaller(offset, piece.bytes);
        int64_t count = smaller(piece.bytes - skip, bytes - done);

        if (count > 0)
            memcpy(to + done, piece.data + skip, (size_t)count);
        offset -= skip;
        done += count;
    }
    return done;
}

/* I2 and I3 of one block: data[0 .. ] begins inside it. Returns the bytes from data to the block's end, or -1. */
static int64_t bytes_behind(struct leat_msg_block *block, const unsigned char *data)
{
    uintptr_t begin = (uintptr_t)payload(block), at = (uintptr_t)data;
    int64_t used = block->used_bytes;

    if (block->foreign != 0) {
        begin = (uintptr_t)foreign_of(block)->data;
        used = foreign_of(block)->size_bytes;
    }
    return at >= begin && (int64_t)(at - begin) <= used ? used - (int64_t)(at - begin) : -1;
}

static bool valid_slice(const struct leat_msg *msg)
{
    struct leat_msg_block *block = msg->body.slice.first;

    /* Relaxed: only whether it is 0, and our own reference keeps it above. */
    if (msg->body.slice.owner == NULL || block == NULL || leat_load(&msg->body.slice.owner->count, relaxed) == 0)
        return false;
    int64_t here = bytes_behind(block, msg->body.slice.data);
    if (msg->kind == LEAT_MSG_SLICE)
        return here >= msg->size_bytes;

    int64_t left = msg->size_bytes - here;
    if (here <= 0 || left <= 0)
        return false;
    for (block = block->next; block != NULL && left > 0; block = block->next) {
        if (block->foreign != 0 || block->used_bytes <= 0)
            return false;
        left -= block->used_bytes;
    }
    return left <= 0;
}

bool leat_msg_valid(const struct leat_msg *msg)
{
    if (msg->flags != 0 || msg->reserved != 0 || msg->size_bytes < 0)
        return false;
    switch (msg->kind) {
    case LEAT_MSG_EMPTY:
        return msg->size_bytes == 0 && msg->inline_bytes == 0;
    case LEAT_MSG_INLINED:
        return msg->size_bytes > 0 && msg->size_bytes <= LEAT_MSG_INLINE_BYTES && msg->inline_bytes == msg->size_bytes;
    case LEAT_MSG_SLICE:
    case LEAT_MSG_CHAIN:
        return msg->inline_bytes == 0 && valid_slice(msg);
    default:
        return false;
    }
}
