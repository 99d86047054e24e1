/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "batch.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TYPE_FRAME 1
#define TYPE_SENDER 2
#define COUNT_AT 8
#define SENDER_AT 12
#define SENDER_BYTES 14 /* its item */

/* ---- out ---- */

void plugin_copy(const struct leat_span **span, int64_t *at, void *to, int64_t bytes)
{
    unsigned char *p = to;
    while (bytes > 0) {
        const int64_t left = (*span)->bytes - *at, most = left < bytes ? left : bytes;
        memcpy(p, (*span)->data + *at, (size_t)most);
        p += most;
        bytes -= most;
        *at += most;
        if (*at == (*span)->bytes) {
            ++*span;
            *at = 0;
        }
    }
}

int64_t plugin_batch_group(const int64_t *sizes, const char *const *keys, int64_t first, int64_t count, int64_t most, int64_t *bytes)
{
    int64_t next = first + 1, batch = BATCH_HEAD_BYTES + BATCH_ITEM_BYTES + sizes[first];
    for (; next < count && sizes[next] <= most - batch - BATCH_ITEM_BYTES && (keys == NULL || strcmp(keys[next], keys[first]) == 0); next++)
        batch += BATCH_ITEM_BYTES + sizes[next];
    *bytes = most > 0 ? batch : sizes[first];
    return next;
}

static unsigned char *store(unsigned char *to, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        to[i] = (unsigned char)value;
    return to + bytes;
}

static unsigned char *store_item(unsigned char *to, uint64_t type, int64_t bytes)
{
    return store(store(to, type, 2), (uint64_t)bytes, 4);
}

void plugin_batch_write(void *to, int64_t bytes, uint64_t sender, uint64_t number, const struct leat_span **span, int64_t *at,
                        const int64_t *sizes, int64_t count)
{
    const struct leat_protocol_head head = {.type = LEAT_PROTOCOL_BATCH, .length = (uint32_t)(bytes - LEAT_PROTOCOL_HEADER_BYTES)};
    unsigned char *p = to;
    leat_protocol_head_write(&head, p);
    p = store(p + LEAT_PROTOCOL_HEADER_BYTES, number, 8);
    p = store(p, (uint64_t)count, 4);
    p = store(store_item(p, TYPE_SENDER, 8), sender, 8);
    for (int64_t i = 0; i < count; i++) {
        p = store_item(p, TYPE_FRAME, sizes[i]);
        plugin_copy(span, at, p, sizes[i]);
        p += sizes[i];
    }
}

/* Source: FNV-1a, of G. Fowler, L. C. Noll and K.-P. Vo, 64 bits. */
uint64_t plugin_sender(const char *text)
{
    uint64_t sender = UINT64_C(14695981039346656037);
    if (text == NULL) {
        struct timespec now;
        if (getrandom(&sender, sizeof sender, GRND_NONBLOCK) != sizeof sender && clock_gettime(CLOCK_REALTIME, &now) == 0)
            sender = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
    } else {
        for (; *text != '\0'; text++)
            sender = (sender ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return sender != 0 ? sender : 1;
}

/* ---- in ---- */

static uint64_t load(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

int plugin_message_begin(struct plugin_message *message, const void *data, int64_t bytes)
{
    struct leat_protocol_head head;
    message->batched = message->given = false; /* and what only batches have stays as it is: it is large */
    message->sender = 0;
    message->data = data;
    message->bytes = bytes;
    if (leat_protocol_head_read(data, bytes, &head) != 0 || head.type != LEAT_PROTOCOL_BATCH || leat_protocol_frame_bytes(&head) != bytes)
        return 0; /* somebody else's bytes, or a first frame of leat's own */
    const unsigned char *value = (const unsigned char *)data + LEAT_PROTOCOL_HEADER_BYTES;
    const int64_t value_bytes = head.length;
    if (value_bytes < SENDER_AT + SENDER_BYTES || load(value + SENDER_AT, 2) != TYPE_SENDER || load(value + SENDER_AT + 2, 4) != 8)
        return 0; /* a batch of the application's own, which is a frame like others */
    if (leat_protocol_batch_open(&message->batch, value, value_bytes) != 0)
        return -EBADMSG;
    message->batched = true;
    message->first = message->batch.sequence;
    message->count = message->batch.left;
    message->sender = load(value + SENDER_AT + 6, 8);
    return 0;
}

int plugin_message_next(struct plugin_message *message, struct leat_span *piece)
{
    const void *frame = message->data;
    int64_t bytes = message->bytes;
    if (!message->batched && (message->given || bytes <= 0))
        return -EPIPE;
    message->given = true;
    do {
        int rc = message->batched ? leat_protocol_batch_next(&message->batch, &frame, &bytes, &message->number) : 0;
        if (rc != 0)
            return rc == -EPIPE ? -EPIPE : -EBADMSG;
    } while (bytes == 0);
    *piece = (struct leat_span){.data = (unsigned char *)(uintptr_t)frame, .bytes = bytes};
    return 0;
}

static const struct plugin_seen_sender *find(const struct plugin_seen *seen, uint64_t sender)
{
    for (int i = 0; sender != 0 && i < SEEN_SENDERS; i++)
        if (seen->senders[i].sender == sender)
            return &seen->senders[i];
    return NULL;
}

bool plugin_seen_before(const struct plugin_seen *seen, uint64_t sender, uint64_t number)
{
    const struct plugin_seen_sender *one = find(seen, sender);
    for (int32_t i = one != NULL ? one->count : 0; i > 0; i--) {
        if (number >= one->ranges[i - 1].end)
            return false;
        if (number >= one->ranges[i - 1].first)
            return true;
    }
    return false;
}

/* That sender's place: its own, a free one, or that of who was not heard for the longest time. */
static struct plugin_seen_sender *place(struct plugin_seen *seen, uint64_t sender)
{
    struct plugin_seen_sender *one = (struct plugin_seen_sender *)(uintptr_t)find(seen, sender);
    if (one == NULL) {
        one = &seen->senders[0];
        for (int i = 1; i < SEEN_SENDERS; i++)
            if (seen->senders[i].used < one->used)
                one = &seen->senders[i];
        one->sender = sender;
        one->count = 0;
    }
    one->used = ++seen->clock;
    return one;
}

uint64_t plugin_seen_add(struct plugin_seen *seen, uint64_t sender, uint64_t first, uint64_t end)
{
    if (sender == 0 || end <= first)
        return 0;
    struct plugin_seen_sender *one = place(seen, sender);
    const uint64_t highest = one->count > 0 ? one->ranges[one->count - 1].end : first;
    int32_t at = 0, behind;
    while (at < one->count && one->ranges[at].end < first)
        at++;
    for (behind = at; behind < one->count && one->ranges[behind].first <= end; behind++) { /* those that it touches become one with it */
        first = one->ranges[behind].first < first ? one->ranges[behind].first : first;
        end = one->ranges[behind].end > end ? one->ranges[behind].end : end;
    }
    if (at == behind && one->count == SEEN_RANGES) { /* no room for one more */
        memmove(&one->ranges[0], &one->ranges[1], (size_t)(one->count - 1) * sizeof one->ranges[0]);
        one->count--;
        at -= at > 0;
        behind = at;
    }
    memmove(&one->ranges[at + 1], &one->ranges[behind], (size_t)(one->count - behind) * sizeof one->ranges[0]);
    one->count += 1 - (behind - at);
    one->ranges[at].first = first;
    one->ranges[at].end = end;
    return first > highest && first - highest <= UINT32_MAX ? first - highest : 0; /* more is another run, or nonsense */
}
