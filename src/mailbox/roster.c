/* SPDX-License-Identifier: MIT */
/* roster.c: seats that any thread takes and one looks after. The invariants and edges are in leat/mailbox.h. */
#include <leat/mailbox.h>

enum { SEATS_MOST = 65536 };

int leat_roster_init(struct leat_roster *roster, int64_t count, struct leat_waker *waker)
{
    if (count < 1 || count > SEATS_MOST) {
        return -EINVAL;
    }
    size_t seats = (size_t)count;
    roster->bytes = (int64_t)(seats * (sizeof(struct leat_seat) + sizeof(struct leat_seat *) + sizeof(struct leat_pipe *)));
    const struct leat_memory *memory = leat_os_memory();
    roster->seats = memory->acquire(memory->context, roster->bytes, LEAT_CACHE_LINE); /* zeroed: every seat is FREE */
    if (roster->seats == NULL) {
        return -ENOMEM;
    }
    roster->count = count;
    roster->order = (struct leat_seat **)(roster->seats + seats);
    roster->pipes = (struct leat_pipe **)(roster->order + seats);
    roster->waker = waker;
    roster->live = roster->urgent = 0;
    roster->seen = 0;
    leat_store(&roster->changes, 0, relaxed); /* relaxed, both: no other thread has it yet */
    leat_store(&roster->closed, 0, relaxed);
    return 0;
}

void leat_roster_fini(struct leat_roster *roster)
{
    const struct leat_memory *memory = leat_os_memory();
    for (int64_t i = 0; i < roster->count; i++) {
        if (leat_load(&roster->seats[i].state, relaxed) == LEAT_SEAT_OPEN) { /* relaxed: all are at rest */
            leat_channel_fini(&roster->seats[i].channel);
        }
    }
    memory->release(memory->context, roster->seats, roster->bytes);
    roster->seats = NULL;
    roster->count = 0;
}

int leat_roster_take(struct leat_roster *roster, const struct leat_channel_config *config, bool urgent, void *user, struct leat_seat **seat)
{
    if (leat_load(&roster->closed, relaxed) != 0) { /* relaxed: looked at again below */
        return -EPIPE;
    }
    struct leat_seat *taken = NULL;
    for (int64_t i = 0; i < roster->count && taken == NULL; i++) {
        uint32_t expected = LEAT_SEAT_FREE;
        if (leat_cas(&roster->seats[i].state, &expected, LEAT_SEAT_BUSY, acquire, relaxed)) { /* edge "free"; relaxed: taken already */
            taken = &roster->seats[i];
        }
    }
    if (taken == NULL) {
        return -ENOSPC;
    }
    int result = leat_channel_init(&taken->channel, config);
    if (result != 0) {
        leat_store(&taken->state, LEAT_SEAT_FREE, release); /* edge "free" */
        return result;
    }
    taken->urgent = urgent;
    taken->user = user;
    (void)leat_exchange(&taken->state, LEAT_SEAT_OPEN, seq_cst); /* edges "seat" and "closed" */
    (void)leat_add(&roster->changes, 1, release);
    leat_waker_wake(roster->waker);
    if (leat_load(&roster->closed, seq_cst) != 0) { /* edge "closed"; the seat stays taken until fini */
        return -EPIPE;
    }
    *seat = taken;
    return 0;
}

bool leat_roster_look(struct leat_roster *roster)
{
    uint32_t changes = leat_load(&roster->changes, acquire); /* edge "seat": each raise follows an OPEN */
    if (changes == roster->seen) {
        return false;
    }
    roster->seen = changes;
    roster->live = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < roster->count; i++) {
            struct leat_seat *seat = &roster->seats[i];
            if (leat_load(&seat->state, acquire) == LEAT_SEAT_OPEN && seat->urgent == (pass == 0)) { /* edge "seat" */
                roster->pipes[roster->live] = &seat->channel.pipe;
                roster->order[roster->live++] = seat;
            }
        }
        roster->urgent = pass == 0 ? roster->live : roster->urgent;
    }
    return true;
}

void leat_roster_free(struct leat_roster *roster, int64_t index)
{
    struct leat_seat *seat = roster->order[index];
    roster->urgent -= index < roster->urgent;
    roster->live--;
    for (int64_t i = index; i < roster->live; i++) {
        roster->order[i] = roster->order[i + 1];
        roster->pipes[i] = roster->pipes[i + 1];
    }
    leat_channel_fini(&seat->channel);
    leat_store(&seat->state, LEAT_SEAT_FREE, release); /* edge "free" */
}

bool leat_roster_close(struct leat_roster *roster)
{
    return leat_exchange(&roster->closed, 1, seq_cst) == 0; /* edge "closed" */
}
