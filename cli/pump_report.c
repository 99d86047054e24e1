/* SPDX-License-Identifier: MIT */
/* pump_report.c: the summary of `leat pump`, for people and as JSON. */
#include "pump.h"

#include <jansson.h>
#include <stdio.h>

static int64_t per_second(int64_t count, double seconds)
{
    return seconds > 0.0 ? (int64_t)((double)count / seconds) : 0;
}

static int64_t pipe_peak(const struct pump_result *result)
{
    int64_t in = result->input.pipe_in_peak;
    int64_t out = result->output.pipe_out_peak;
    return in > out ? in : out;
}

/* A stage that frames or bytes pass: frames -1 where there are none yet. */
static void passed(const struct pump_result *result, const char *name, int64_t frames, int64_t bytes)
{
    char count[CLI_NUMBER_CHARS] = "", count_rate[CLI_NUMBER_CHARS + 2] = "";
    char size[CLI_NUMBER_CHARS], size_rate[CLI_NUMBER_CHARS];
    if (frames >= 0) {
        char number[CLI_NUMBER_CHARS];
        cli_count_text(count, frames);
        snprintf(count_rate, sizeof count_rate, "%s/s", cli_count_text(number, per_second(frames, result->seconds)));
    }
    fprintf(stderr, "  %-7s %15s %13s %15s %13s/s\n", name, count, cli_size_text(size, bytes), count_rate,
            cli_size_text(size_rate, per_second(bytes, result->seconds)));
}

static void stages(const struct pump_result *result)
{
    const struct leat_link_stats *input = &result->input;
    char a[CLI_NUMBER_CHARS], b[CLI_NUMBER_CHARS], c[CLI_NUMBER_CHARS];
    fprintf(stderr, "  %-7s %15s %13s %15s %15s\n", "stage", "frames", "bytes", "frames", "bytes");
    passed(result, "device", -1, input->bytes_in + input->bytes_after_end);
    fprintf(stderr, "  ring    of %s, at most %s inside\n", cli_size_text(a, input->ring_size), cli_size_text(b, input->ring_peak_bytes));
    if (input->frames_cut > 0)
        fprintf(stderr, "  blocks  at most %s in use, %s frames cut from them in place\n", cli_size_text(a, input->pinned_peak_bytes),
                cli_count_text(b, input->frames_cut));
    passed(result, "tlv", result->frames_in, result->bytes_in);
    fprintf(stderr, "  pool    of %s blocks, at most %s live, %s held\n", cli_size_text(a, input->pool.block_bytes),
            cli_count_text(b, input->pool.peak), cli_size_text(c, input->pool.bytes));
    fprintf(stderr, "  pipe    at most %s waiting\n", cli_count_text(a, pipe_peak(result)));
    passed(result, "out", result->frames_out, result->bytes_out);
}

static void memory_line(const struct pump *pump, const struct pump_result *result)
{
    char resident[CLI_NUMBER_CHARS], times[CLI_NUMBER_CHARS];
    cli_size_text(resident, result->peak_resident);
    if (result->allocations < 0)
        fprintf(stderr, "  memory  peak resident %s; this build does not count how often it is taken\n", resident);
    else if (!pump->warm)
        fprintf(stderr, "  memory  peak resident %s; the run ended within warm-up (4096 frames and 16 MiB)\n", resident);
    else
        fprintf(stderr, "  memory  peak resident %s; taken %s times after warm-up\n", resident, cli_count_text(times, result->allocations));
}

void pump_report_unstored(const struct pump *pump, const struct pump_result *result)
{
    const int64_t ranges = result->fate.ranges, told = ranges < 8 ? ranges : 8;
    char line[512], number[CLI_NUMBER_CHARS];
    int used = 0;
    for (int64_t i = 0; i < told; i++) {
        const struct leat_frames *one = &result->unstored[i];
        used += snprintf(line + used, sizeof line - (size_t)used, "%s%lld", i > 0 ? ", " : "", (long long)one->first);
        if (one->end - one->first > 1)
            used += snprintf(line + used, sizeof line - (size_t)used, "-%lld", (long long)one->end - 1);
    }
    if (told < ranges)
        snprintf(line + used, sizeof line - (size_t)used, " and in %lld places more", (long long)(ranges - told));
    cli_error("%s: not known to be stored: frames %s (%s)", pump->options.to, line, cli_count_text(number, result->fate.unknown));
}

/* Each term of I1. */
static void ledger(const struct pump *pump, const struct pump_result *result)
{
    char in[CLI_NUMBER_CHARS], out[CLI_NUMBER_CHARS], flight[CLI_NUMBER_CHARS], dropped[CLI_NUMBER_CHARS], filtered[CLI_NUMBER_CHARS];
    fprintf(stderr, "  ledger  %s in = %s %s + %s in flight + %s dropped", cli_count_text(in, result->frames_in),
            cli_count_text(out, result->frames_out), result->says ? "stored" : "out", cli_count_text(flight, result->in_flight),
            cli_count_text(dropped, result->dropped));
    if (pump->options.filter_count > 0)
        fprintf(stderr, " + %s filtered", cli_count_text(filtered, result->filtered));
    fprintf(stderr, "; %lld malformed\n", (long long)result->input.malformed);
    if (result->says)
        fprintf(stderr, "          %s sent = %s stored + %s duplicates + %s unknown\n", cli_count_text(in, result->fate.sent),
                cli_count_text(out, result->fate.stored), cli_count_text(dropped, result->fate.doubles),
                cli_count_text(flight, result->fate.unknown));
}

void pump_report_text(const struct pump *pump, const struct pump_result *result)
{
    char in[CLI_NUMBER_CHARS], ahead[CLI_NUMBER_CHARS];
    fprintf(stderr, "leat pump: %s -> %s, %s, in %.2f s\n", pump->options.from, pump->options.to,
            leat_tlv_dialect_name(pump->options.dialect), result->seconds);
    stages(result);
    ledger(pump, result);
    if (result->read_ahead != 0)
        fprintf(stderr, "          %s more had been read from the source when the run was told to stop\n",
                cli_count_text(ahead, result->read_ahead));
    if (result->input.reconnects + result->output.reconnects != 0)
        fprintf(stderr, "          connected again %s times; %s of cut frames left out\n",
                cli_count_text(in, result->input.reconnects + result->output.reconnects),
                cli_size_text(ahead, result->input.bytes_skipped));
    if (result->input.lost > 0)
        fprintf(stderr, "          %s more were lost before they came in, as the source knows\n", cli_count_text(in, result->input.lost));
    if (result->input.bytes_after_end != 0)
        fprintf(stderr, "          %s after the end mark left out\n", cli_size_text(ahead, result->input.bytes_after_end));
    fprintf(stderr, "          %s\n", pump_guarantee(&pump->options));
    memory_line(pump, result);
}

/* {"sent", "stored", "duplicates", "unknown"}, or null where the output says nothing. */
static json_t *fate_json(const struct pump_result *result)
{
    const struct leat_unstored *fate = &result->fate;
    return !result->says ? json_null()
                         : json_pack("{s:I, s:I, s:I, s:I}", "sent", (json_int_t)fate->sent, "stored", (json_int_t)fate->stored,
                                     "duplicates", (json_int_t)fate->doubles, "unknown", (json_int_t)fate->unknown);
}

/* [[first, end], ...], the first 2048; or null where the output says nothing. */
static json_t *unstored_json(const struct pump_result *result)
{
    json_t *list = result->says ? json_array() : json_null();
    for (int64_t i = 0; result->says && i < result->fate.ranges && i < PUMP_RANGES; i++)
        json_array_append_new(list, json_pack("[I, I]", (json_int_t)result->unstored[i].first, (json_int_t)result->unstored[i].end));
    return list;
}

void pump_report_json(const struct pump *pump, const struct pump_result *result)
{
    const struct leat_link_stats *input = &result->input;
    const struct leat_pool_stats *pool = &input->pool;
    json_t *summary = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:I, s:I, s:I, s:s}", "frames_in",
        (json_int_t)result->frames_in, "frames_out", (json_int_t)result->frames_out, "bytes_in", (json_int_t)result->bytes_in, "bytes_out",
        (json_int_t)result->bytes_out, "in_flight", (json_int_t)result->in_flight, "dropped", (json_int_t)result->dropped, "filtered",
        (json_int_t)result->filtered, "read_ahead", (json_int_t)result->read_ahead, "bytes_after_end", (json_int_t)input->bytes_after_end,
        "malformed", (json_int_t)input->malformed, "seconds", result->seconds, "frames_per_s",
        (double)per_second(result->frames_out, result->seconds), "bytes_per_s", (double)per_second(result->bytes_out, result->seconds),
        "allocations_after_warmup", result->allocations < 0 ? json_null() : json_integer(result->allocations), "peak_resident",
        (json_int_t)result->peak_resident, "reconnects", (json_int_t)(input->reconnects + result->output.reconnects), "bytes_skipped",
        (json_int_t)input->bytes_skipped, "guarantee", pump_guarantee(&pump->options));
    json_t *parts = json_pack(
        "{s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:o, s:o, s:o}", "pool", "block_size",
        (json_int_t)pool->block_bytes, "live", (json_int_t)pool->live, "cached", (json_int_t)pool->cached, "peak", (json_int_t)pool->peak,
        "slabs", (json_int_t)pool->slabs, "bytes", (json_int_t)pool->bytes, "pipe", "peak_items", (json_int_t)pipe_peak(result),
        "in_peak_items", (json_int_t)input->pipe_in_peak, "out_peak_items", (json_int_t)result->output.pipe_out_peak, "ring", "size",
        (json_int_t)input->ring_size, "peak_bytes", (json_int_t)input->ring_peak_bytes, "blocks", "peak_bytes",
        (json_int_t)input->pinned_peak_bytes, "frames_cut", (json_int_t)input->frames_cut, "starved", (json_int_t)input->starved, "lost",
        input->lost < 0 ? json_null() : json_integer(input->lost), "storage", fate_json(result), "unstored", unstored_json(result));
    char *text = NULL;
    if (summary != NULL && parts != NULL && json_object_update(summary, parts) == 0)
        text = json_dumps(summary, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text != NULL)
        fprintf(stderr, "%s\n", text);
    else
        cli_error("no memory for the summary");
    free(text);
    json_decref(parts);
    json_decref(summary);
}
