/* SPDX-License-Identifier: MIT */
/* pump_progress.c: the live line of `leat pump --progress`. */
#define _GNU_SOURCE
#include "pump.h"

#include <leat/os.h>
#include <stdio.h>
#include <unistd.h>

#define EVERY_NS INT64_C(200000000)

static void put(const char *text, size_t bytes)
{
    ssize_t written = write(STDERR_FILENO, text, bytes);
    (void)written; /* a line that is lost is written anew 200 ms later */
}

static int64_t percent(int64_t part, int64_t whole)
{
    return whole > 0 ? part * 100 / whole : 0;
}

void pump_progress_start(struct pump *pump)
{
    pump->options.progress = pump->options.progress && isatty(STDERR_FILENO) == 1;
    pump->progress_ns = pump->start_ns;
}

void pump_progress_tick(struct pump *pump, int64_t now_ns)
{
    if (!pump->options.progress || now_ns - pump->progress_ns < EVERY_NS)
        return;
    struct leat_link_stats input;
    struct leat_link_stats output;
    char total[CLI_NUMBER_CHARS], frames[CLI_NUMBER_CHARS], byte_rate[CLI_NUMBER_CHARS], frame_rate[CLI_NUMBER_CHARS];
    char line[160];
    leat_link_stats(pump->from, &input);
    leat_link_stats(pump->to, &output);
    double seconds = (double)(now_ns - pump->progress_ns) * 1e-9;
    int64_t bytes_per_s = (int64_t)((double)(output.bytes_out - pump->progress_bytes) / seconds);
    int64_t frames_per_s = (int64_t)((double)(output.frames_out - pump->progress_frames) / seconds);
    int length = snprintf(
        line, sizeof line, "\r%s, %s frames, %s/s, %s/s, ring %lld %%, pipe %lld %%\033[K", cli_size_text(total, output.bytes_out),
        cli_count_text(frames, output.frames_out), cli_size_text(byte_rate, bytes_per_s), cli_count_text(frame_rate, frames_per_s),
        (long long)percent(input.ring_used, input.ring_size), (long long)percent(input.pipe_in_items, pump->options.high_water_messages));
    if (length > 0)
        put(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    pump->progress_ns = now_ns;
    pump->progress_frames = output.frames_out;
    pump->progress_bytes = output.bytes_out;
}

void pump_progress_erase(struct pump *pump)
{
    if (pump->options.progress)
        put("\r\033[K", 4);
}
