/* SPDX-License-Identifier: MIT */
/*
 * pump.h: one run of `leat pump`.
 *
 *     opened ──move──▶ moving ──clean end, limit, seconds, signal, fault──▶ draining ──▶ told (summary, exit code)
 *
 * I1  frames_in = frames_out + in_flight + dropped + filtered, counted apart from one another: `dropped` is what neither came out nor
 *     is known to be anywhere, and stays 0.
 * I2  from the end of warm-up to the end of draining the main thread takes no memory.
 */
#ifndef LEAT_CLI_PUMP_H
#define LEAT_CLI_PUMP_H

#include "cli.h"

#include <leat/value.h>

#define PUMP_FILTERS 16       /* most of --filter */
#define PUMP_FILTER_BYTES 256 /* most of a value in hex */
#define PUMP_MARKS 256
#define PUMP_KEY_CHARS 32 /* longest key */
#define PUMP_RANGES 2048  /* most of `unstored` that are told; as many as the default window of nats-js can have */

/* When the source is told that it need not keep a frame any more. */
enum pump_ack { PUMP_ACK_STORED, PUMP_ACK_FSYNC };

/* How a --key is written: as PUMP_KEY_AUTO finds. */
enum pump_key { PUMP_KEY_AUTO, PUMP_KEY_TEXT, PUMP_KEY_NUMBER, PUMP_KEY_HEX };

enum pump_stats { PUMP_STATS_TEXT, PUMP_STATS_JSON, PUMP_STATS_NONE };

/* What a --filter compares with: the forms are told apart by how the value is written. */
enum pump_form { PUMP_FORM_NUMBER, PUMP_FORM_BYTES };

struct pump_filter {
    const char *text; /* PATH=VALUE; it holds the bytes of a text */
    struct leat_tlv_path path;
    enum pump_form form;
    bool is_text; /* of PUMP_FORM_BYTES: one zero behind it does not matter */
    uint64_t number;
    const unsigned char *bytes;
    int64_t byte_count;
    unsigned char hex[PUMP_FILTER_BYTES];
};

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
    struct pump_filter filters[PUMP_FILTERS];
    int64_t filter_count;
    const char *key_text; /* PATH[:FORM]; NULL: frames have no keys */
    struct leat_tlv_path key_path;
    enum pump_key key_form;
};

/* What a link's on_state has said last, perhaps in another thread, and what of it was told. */
struct pump_news {
    LEAT_ATOMIC(uint32_t) now; /* the state, and from bit 8 on the errno behind it; written by on_state */
    uint32_t told;
};

/*
 * Which bytes of the input are dealt with once so many of the output are stored, where not all that comes in goes out.
 *
 * K1  at[0 .. count) grow in `in`, and strictly in `out`.
 * K2  all input before at[i].in that went out did so before at[i].out.
 */
struct pump_marks {
    int64_t reached; /* bytes of the input: the answer given last */
    int64_t count;
    struct {
        int64_t out, in;
    } at[PUMP_MARKS];
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
    int64_t settled_bytes;           /* of the input, up to which the source was told that it may forget */
    int64_t synced_ns, synced_bytes; /* with --ack-after fsync: when the output was written out last, and up to where */
    int64_t taken, taken_bytes;      /* received from `from` */
    int64_t filtered;                /* of these, what a filter kept back */
    int64_t passed_bytes;            /* of those that none did */
    int64_t unsent, unsent_bytes;    /* and of these, what the failed output refused */
    struct pump_marks marks;         /* with filters alone */
    unsigned char *copy;             /* with filters or keys: room for a largest frame */
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
    int64_t filtered;      /* accepted and kept back by a filter */
    int64_t dropped;       /* accepted and none of these */
    int64_t read_ahead;    /* framed beyond --limit, --seconds or a signal, and left out of all the above */
    int64_t allocations;   /* after warm-up; -1: not counted */
    int64_t peak_resident; /* bytes, of the whole process */
    double seconds;
    struct leat_link_stats input, output;
    /* Where the output says what it has stored: then frames_out are those, and what is not known to be stored is in flight. */
    bool says;
    struct leat_unstored fate; /* of all frames that no filter kept back */
    struct leat_frames unstored[PUMP_RANGES];
};

/* pump_move.c: moves frames until the run is over and everything accepted is delivered or known to be lost; closes both links. */
void pump_move(struct pump *pump, struct pump_result *result);
/* Tells of a fault in one line; the first one decides the exit code. */
void pump_fault(struct pump *pump, int exit_code, const struct leat_error *error, const char *endpoint, int code);

/* pump_fields.c: what stands in a frame. Takes no memory but to open. */
const char *pump_filter_read(struct pump_filter *filter, const struct leat_tlv_dialect *dialect); /* NULL, or what is wrong with its text */
const char *pump_key_read(struct pump_options *options);                                          /* likewise with key_text */
bool pump_fields_open(struct pump *pump); /* false: no memory; pump_fields_close either way */
void pump_fields_close(struct pump *pump);
bool pump_filters_pass(struct pump *pump, struct leat_msg *msg);           /* it has all that the filters want */
void pump_key(void *pump, struct leat_msg *msg, char key[LEAT_KEY_BYTES]); /* for a link's options */

/* pump_marks.c */
void pump_marks_put(struct pump_marks *marks, int64_t out, int64_t in); /* both are no less than before */
/* How many bytes of the input are dealt with once that many of the output are stored; never less than before. */
int64_t pump_marks_reached(struct pump_marks *marks, int64_t out);
bool pump_marks_valid(const struct pump_marks *marks); /* K1 */

/* pump_news.c: a connection that is lost, and made anew, is told in a line each. Takes no memory. */
void pump_news_wanted(struct pump_news *news, struct leat_link_options *link_options);
void pump_news_opened(struct pump_news *news, const struct leat_link *link); /* nobody may be there yet */
void pump_news_tell(struct pump *pump);

/* pump_guarantee.c: what becomes of a frame when something dies, in one line, computed from both ends. */
const char *pump_guarantee(const struct pump_options *options);

/* pump_report.c */
void pump_report_text(const struct pump *pump, const struct pump_result *result);
void pump_report_unstored(const struct pump *pump, const struct pump_result *result); /* the line of what is not known to be stored */
void pump_report_json(const struct pump *pump, const struct pump_result *result);

/* pump_progress.c: the live line; nothing where stderr is not a terminal. Takes no memory. */
void pump_progress_start(struct pump *pump);
void pump_progress_tick(struct pump *pump, int64_t now_ns);
void pump_progress_erase(struct pump *pump);

#endif
