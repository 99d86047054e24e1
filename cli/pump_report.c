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

/* One stage of the path: frames and bytes may be -1, not told. */
static void stage(const struct pump_result *result, const char *name, int64_t frames, int64_t bytes, const char *rest)
{
    char columns[4][CLI_NUMBER_CHARS + 8] = {"", "", "", ""};
    char number[CLI_NUMBER_CHARS];
    if (frames >= 0) {
        snprintf(columns[0], sizeof columns[0], "%s", cli_count_text(number, frames));
        snprintf(columns[2], sizeof columns[2], "%s/s", cli_count_text(number, per_second(frames, result->seconds)));
    }
    if (bytes >= 0) {
        snprintf(columns[1], sizeof columns[1], "%s", cli_size_text(number, bytes));
        snprintf(columns[3], sizeof columns[3], "%s/s", cli_size_text(number, per_second(bytes, result->seconds)));
    }
    fprintf(stderr, "  %-7s %14s %12s %14s %14s%s%s\n", name, columns[0], columns[1], columns[2], columns[3], *rest != '\0' ? "   " : "",
            rest);
}

static void stages(const struct pump *pump, const struct pump_result *result)
{
    const struct leat_link_stats *input = &result->input;
    char rest[160];
    char a[CLI_NUMBER_CHARS], b[CLI_NUMBER_CHARS], c[CLI_NUMBER_CHARS];
    fprintf(stderr, "  %-7s %14s %12s %14s %14s\n", "stage", "frames", "bytes", "frames/s", "bytes/s");
    stage(result, "device", -1, input->bytes_in + input->bytes_after_end, "");
    snprintf(rest, sizeof rest, "%s, at most %s inside", cli_size_text(a, input->ring_size), cli_size_text(b, input->ring_peak_bytes));
    stage(result, "ring", -1, -1, rest);
    snprintf(rest, sizeof rest, "%s, %lld malformed", leat_tlv_dialect_name(pump->options.dialect), (long long)input->malformed);
    stage(result, "tlv", result->frames_in, result->bytes_in, rest);
    snprintf(rest, sizeof rest, "blocks of %s, at most %s live, %s held", cli_size_text(a, input->pool.block_bytes),
             cli_count_text(b, input->pool.peak), cli_size_text(c, input->pool.bytes));
    stage(result, "pool", -1, -1, rest);
    snprintf(rest, sizeof rest, "at most %s waiting", cli_count_text(a, pipe_peak(result)));
    stage(result, "pipe", -1, -1, rest);
    stage(result, "out", result->frames_out, result->bytes_out, "");
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

void pump_report_text(const struct pump *pump, const struct pump_result *result)
{
    char in[CLI_NUMBER_CHARS], out[CLI_NUMBER_CHARS], flight[CLI_NUMBER_CHARS], dropped[CLI_NUMBER_CHARS], ahead[CLI_NUMBER_CHARS];
    fprintf(stderr, "leat pump: %s -> %s in %.2f s\n", pump->options.from, pump->options.to, result->seconds);
    stages(pump, result);
    fprintf(stderr, "  ledger  %s in = %s out + %s in flight + %s dropped\n", cli_count_text(in, result->frames_in),
            cli_count_text(out, result->frames_out), cli_count_text(flight, result->in_flight), cli_count_text(dropped, result->dropped));
    if (result->read_ahead != 0)
        fprintf(stderr, "          %s more had been read from the source when the run was told to stop\n",
                cli_count_text(ahead, result->read_ahead));
    if (result->input.bytes_after_end != 0)
        fprintf(stderr, "          %s after the end mark left out\n", cli_size_text(ahead, result->input.bytes_after_end));
    memory_line(pump, result);
}

void pump_report_json(const struct pump_result *result)
{
    const struct leat_link_stats *input = &result->input;
    const struct leat_pool_stats *pool = &input->pool;
    json_t *summary = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:I}", "frames_in", (json_int_t)result->frames_in, "frames_out",
        (json_int_t)result->frames_out, "bytes_in", (json_int_t)result->bytes_in, "bytes_out", (json_int_t)result->bytes_out, "in_flight",
        (json_int_t)result->in_flight, "dropped", (json_int_t)result->dropped, "read_ahead", (json_int_t)result->read_ahead,
        "bytes_after_end", (json_int_t)input->bytes_after_end, "malformed", (json_int_t)input->malformed, "seconds", result->seconds,
        "frames_per_s", (double)per_second(result->frames_out, result->seconds), "bytes_per_s",
        (double)per_second(result->bytes_out, result->seconds), "allocations_after_warmup",
        result->allocations < 0 ? json_null() : json_integer(result->allocations), "peak_resident", (json_int_t)result->peak_resident);
    json_t *parts = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:{s:I, s:I}}", "pool", "block_size",
                              (json_int_t)pool->block_bytes, "live", (json_int_t)pool->live, "cached", (json_int_t)pool->cached, "peak",
                              (json_int_t)pool->peak, "slabs", (json_int_t)pool->slabs, "bytes", (json_int_t)pool->bytes, "pipe",
                              "peak_items", (json_int_t)pipe_peak(result), "in_peak_items", (json_int_t)input->pipe_in_peak,
                              "out_peak_items", (json_int_t)result->output.pipe_out_peak, "ring", "size", (json_int_t)input->ring_size,
                              "peak_bytes", (json_int_t)input->ring_peak_bytes);
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
