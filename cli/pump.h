/* SPDX-License-Identifier: MIT */
/*
 * pump.h: one run of `leat pump`.
 *
 *     opened ──move──▶ moving ──clean end, limit, seconds, signal, fault──▶ draining ──▶ told (summary, exit code)
 *
 * I1  frames_in = frames_out + in_flight + dropped, counted apart from one another: `dropped` is what neither came out nor is
 *     known to be anywhere, and stays 0.
 * I2  from the end of warm-up to the end of draining the main thread takes no memory.
 */
#ifndef LEAT_CLI_PUMP_H
#define LEAT_CLI_PUMP_H

#include "cli.h"

/* When the source is told that it need not keep a frame any more. */
enum pump_ack { PUMP_ACK_STORED, PUMP_ACK_FSYNC };

enum pump_stats { PUMP_STATS_TEXT, PUMP_STATS_JSON, PUMP_STATS_NONE };

struct pump_options {
    const char *from, *to;
    const char *frame; /* its name: its file may come behind it */
    const struct leat_tlv_dialect *dialect;
    int64_t repeat;
    int64_t limit;  /* frames; INT64_MAX: none */
    int64_t run_ns; /* INT64_MAX: no time limit */
    int64_t high_water_messages, high_water_bytes;
    int64_t max_frame;
    int64_t reconnect_ns, reconnect_most_ns; /* 0: a connection that is lost ends the run; 0: as the link has it */
    bool progress;
    enum pump_ack ack_after;
    enum pump_stats stats;
};

/* What a link's on_state has said last, perhaps in another thread, and what of it was told. */
struct pump_news {
    LEAT_ATOMIC(uint32_t) now; /* the state, and from bit 8 on the errno behind it; written by on_state */
    uint32_t told;
};

struct pump {
    struct pump_options options;
    struct pump_news from_news, to_news;
    struct leat_link *from, *to;
    int64_t start_ns;
    int64_t patient_until_ns; /* after a signal: when a drain that stands still is given up; 0: no signal seen */
    int64_t stop_ns;          /* deadline of --seconds */
    int64_t limit;            /* frames to take in all; lowered to what was accepted once a stop is asked for */
    bool stopping;
    int64_t tick_frames, tick_bytes; /* taken when the clock was looked at last */
    int64_t settled_bytes;           /* up to which the source was told that it may forget */
    int64_t synced_ns, synced_bytes; /* with --ack-after fsync: when the output was written out last, and up to where */
    int64_t taken, taken_bytes;      /* received from `from` */
    int64_t unsent, unsent_bytes;    /* of these, what the failed output refused */
    int fault_exit;                  /* exit code of the first fault, 0: none */
    bool output_failed;
    int64_t malformed; /* 1: a malformed frame was met; one that was only read ahead does not count */

    bool warm;          /* warm-up is over */
    int64_t warm_calls; /* cli_allocations() at its end */

    int64_t progress_ns; /* when the live line was last written; 0: never */
    int64_t progress_frames, progress_bytes;
};

/* What a run came to. */
struct pump_result {
    int64_t frames_in, frames_out, bytes_in, bytes_out;
    int64_t in_flight;     /* accepted and not delivered */
    int64_t dropped;       /* accepted and neither delivered nor in flight */
    int64_t read_ahead;    /* framed beyond --limit, --seconds or a signal, and left out of all the above */
    int64_t allocations;   /* after warm-up; -1: not counted */
    int64_t peak_resident; /* bytes, of the whole process */
    double seconds;
    struct leat_link_stats input, output;
};

/* pump_move.c: moves frames until the run is over and everything accepted is delivered or known to be lost; closes both links. */
void pump_move(struct pump *pump, struct pump_result *result);
/* Tells of a fault in one line; the first one decides the exit code. */
void pump_fault(struct pump *pump, int exit_code, const struct leat_error *error, const char *endpoint, int code);

/* pump_news.c: a connection that is lost, and made anew, is told in a line each. Takes no memory. */
void pump_news_wanted(struct pump_news *news, struct leat_link_options *link_options);
void pump_news_opened(struct pump_news *news, const struct leat_link *link); /* nobody may be there yet */
void pump_news_tell(struct pump *pump);

/* pump_guarantee.c: what becomes of a frame when something dies, in one line, computed from both ends. */
const char *pump_guarantee(const struct pump_options *options);

/* pump_report.c */
void pump_report_text(const struct pump *pump, const struct pump_result *result);
void pump_report_json(const struct pump *pump, const struct pump_result *result);

/* pump_progress.c: the live line; nothing where stderr is not a terminal. Takes no memory. */
void pump_progress_start(struct pump *pump);
void pump_progress_tick(struct pump *pump, int64_t now_ns);
void pump_progress_erase(struct pump *pump);

#endif
