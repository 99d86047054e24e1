/* SPDX-License-Identifier: MIT */
/*
 * link_uv: a link without a thread in a loop that is not ours. What one peer sends (type 8 bits, length 16 bits) is sent back, between the
 * ticks of a timer, which stands for whatever else the loop has to do. The peer is a second link, with a thread, in this program.
 * The rule for any loop: receive until -EAGAIN, flush, then arm; only when that says true is it time to go back and sleep.
 */
#define _GNU_SOURCE
#include <leat/link.h>
#include <leat/os.h>
#include <stdio.h>
#include <uv.h>

enum { FRAMES = 20000, WINDOW = 100 };

static struct leat_link *server;
static uv_timer_t other_work;
static int64_t echoed, wakes, ticks, came_back;

static void tick(uv_timer_t *timer)
{
    (void)timer;
    ticks++;
}

/* The descriptor is readable: there is something to receive, or what waits can be written. */
static void ready(uv_poll_t *poll, int status, int events)
{
    struct leat_msg msg;
    int rc;
    (void)status, (void)events;
    wakes++;
    do {
        while ((rc = leat_link_recv(server, &msg, 0)) == 0) {
            echoed++;
            if (leat_link_send(server, &msg, LEAT_FOREVER) != 0) /* waits only for a peer that is 4096 messages behind */
                leat_msg_unref(&msg);                            /* on failure it is still ours */
        }
        leat_link_flush(server);
    } while (rc == -EAGAIN && !leat_link_arm(server));
    if (rc != -EAGAIN) { /* -EPIPE: the peer has ended its side */
        uv_close((uv_handle_t *)poll, NULL);
        uv_close((uv_handle_t *)&other_work, NULL);
    }
}

/* The peer keeps up to WINDOW frames under way. */
static void call(void *caller)
{
    const struct leat_blocks none = {0}; /* up to 48 bytes a message needs no block */
    struct leat_msg frame;
    for (int64_t sent = 0; came_back < FRAMES; came_back++) {
        for (; sent < FRAMES && sent < came_back + WINDOW; sent++) {
            const unsigned char bytes[3 + 2] = {7, 0, 2, (unsigned char)(sent >> 8), (unsigned char)sent};
            if (leat_msg_copy(&frame, &none, bytes, sizeof bytes) != 0 || leat_link_send(caller, &frame, LEAT_FOREVER) != 0)
                return;
        }
        leat_link_flush(caller);
        if (leat_link_recv(caller, &frame, LEAT_FOREVER) != 0)
            return;
        leat_msg_unref(&frame);
    }
    leat_link_close(caller, LEAT_FOREVER, NULL, NULL);
}

int main(void)
{
    struct leat_link_options with_thread = {.dialect = leat_tlv_dialect("t8l16")}, without = with_thread;
    struct leat_link *caller;
    struct leat_thread thread;
    uv_loop_t loop;
    uv_poll_t poll;
    without.no_thread = true;
    if (leat_link_open(&server, "tcp-listen://127.0.0.1:0", &without, NULL) != 0 ||
        leat_link_open(&caller, leat_link_name(server), &with_thread, NULL) != 0 ||
        leat_thread_start(&thread, "caller", call, caller) != 0 || uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &other_work) != 0 ||
        uv_timer_start(&other_work, tick, 1, 1) != 0 || uv_poll_init(&loop, &poll, leat_link_fd(server)) != 0 ||
        uv_poll_start(&poll, UV_READABLE, ready) != 0)
        return 1;
    ready(&poll, 0, 0); /* arms for the first time */
    uv_run(&loop, UV_RUN_DEFAULT);
    leat_thread_join(&thread);
    printf("%lld frames sent back in %lld wakes, %lld ticks between\n", (long long)echoed, (long long)wakes, (long long)ticks);
    return leat_link_close(server, LEAT_FOREVER, NULL, NULL) != 0 || uv_loop_close(&loop) != 0 || came_back != FRAMES;
}
