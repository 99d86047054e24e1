/* SPDX-License-Identifier: MIT */
/* pump.c: `leat pump`: its options, its two links, its exit code. */
#include "pump.h"
#include "cli.h"

#include <argp.h>
#include <leat/os.h>
#include <stdlib.h>

#define HIGH_WATER_MESSAGES 4096
#define HIGH_WATER_BYTES INT64_C(16777216)

enum pump_option {
    OPT_FROM = 256,
    OPT_TO,
    OPT_FRAME,
    OPT_TLV,
    OPT_REPEAT,
    OPT_LIMIT,
    OPT_SECONDS,
    OPT_HIGH_WATER,
    OPT_MAX_FRAME,
    OPT_RECONNECT,
    OPT_ACK_AFTER,
    OPT_PROGRESS,
    OPT_STATS,
    OPT_DIALECT_FILE,
    OPT_FILTER,
    OPT_KEY,
};

static const struct argp_option options[] = {
    {.name = "from", .key = OPT_FROM, .arg = "ENDPOINT", .doc = "Where frames come from"},
    {.name = "to", .key = OPT_TO, .arg = "ENDPOINT", .doc = "Where they go"},
    {.name = "frame", .key = OPT_FRAME, .arg = "DIALECT", .doc = "How the input is framed; `leat dialects' lists them"},
    {.name = "tlv", .key = OPT_TLV, .flags = OPTION_ALIAS},
    {.name = "dialect-file", .key = OPT_DIALECT_FILE, .arg = "FILE", .doc = CLI_DIALECT_FILE_DOC},
    {.name = "filter",
     .key = OPT_FILTER,
     .arg = "PATH=VALUE",
     .doc = "Only frames in which an item that PATH leads to has that value: a number, 0x and bytes in hex, or a text"},
    {.name = "key",
     .key = OPT_KEY,
     .arg = "PATH[:FORM]",
     .doc = "What the item that PATH leads to holds is the last token of NATS's subject, or ZeroMQ's topic; FORM: text, number or hex"},
    {.name = "repeat", .key = OPT_REPEAT, .arg = "N", .doc = "Read the source N times over (1)"},
    {.name = "limit", .key = OPT_LIMIT, .arg = "FRAMES", .doc = "Stop after that many frames"},
    {.name = "seconds", .key = OPT_SECONDS, .arg = "S", .doc = "Stop after that many seconds"},
    {.name = "high-water", .key = OPT_HIGH_WATER, .arg = "MESSAGES[,BYTES]", .doc = "Most that waits on its way (4096,16MiB)"},
    {.name = "max-frame", .key = OPT_MAX_FRAME, .arg = "BYTES", .doc = "Longest frame accepted (1MiB)"},
    {.name = "reconnect",
     .key = OPT_RECONNECT,
     .arg = "SECONDS[:MOST]",
     .doc = "Make a lost connection anew, after SECONDS first and MOST at most (30)"},
    {.name = "ack-after",
     .key = OPT_ACK_AFTER,
     .arg = "WHAT",
     .doc = "Let the source forget a frame when it is `stored', or, into a file, after an `fsync' (stored)"},
    {.name = "progress", .key = OPT_PROGRESS, .doc = "A live line, where stderr is a terminal"},
    {.name = "stats", .key = OPT_STATS, .arg = "FORM", .doc = "Summary on stderr: text, json or none (text)"},
    {0},
};

static bool parse_high_water(struct pump_options *chosen, char *argument)
{
    char *comma = strchr(argument, ',');
    if (comma != NULL)
        *comma = '\0';
    bool good = cli_parse_count(argument, 1, &chosen->high_water_messages) &&
                (comma == NULL || cli_parse_size(comma + 1, 1, &chosen->high_water_bytes));
    if (comma != NULL)
        *comma = ',';
    return good;
}

static bool parse_reconnect(struct pump_options *chosen, char *argument)
{
    char *colon = strchr(argument, ':');
    if (colon != NULL)
        *colon = '\0';
    bool good =
        cli_parse_seconds(argument, &chosen->reconnect_ns) &&
        (colon == NULL || (cli_parse_seconds(colon + 1, &chosen->reconnect_most_ns) && chosen->reconnect_most_ns >= chosen->reconnect_ns));
    if (colon != NULL)
        *colon = ':';
    return good;
}

static bool parse_ack_after(struct pump_options *chosen, const char *argument)
{
    chosen->ack_after = strcmp(argument, "fsync") == 0 ? PUMP_ACK_FSYNC : PUMP_ACK_STORED;
    return chosen->ack_after == PUMP_ACK_FSYNC || strcmp(argument, "stored") == 0;
}

static bool parse_stats(struct pump_options *chosen, const char *argument)
{
    static const char *const names[] = {[PUMP_STATS_TEXT] = "text", [PUMP_STATS_JSON] = "json", [PUMP_STATS_NONE] = "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(argument, names[i]) == 0) {
            chosen->stats = (enum pump_stats)i;
            return true;
        }
    }
    return false;
}

static void need(struct argp_state *state, bool good, const char *option, const char *argument, const char *wanted)
{
    if (!good)
        argp_failure(state, CLI_USAGE, 0, "--%s=%s: %s", option, argument, wanted);
}

static void add_filter(struct argp_state *state, struct pump_options *chosen, const char *argument)
{
    if (chosen->filter_count == PUMP_FILTERS)
        argp_failure(state, CLI_USAGE, 0, "--filter: %d at most", PUMP_FILTERS);
    chosen->filters[chosen->filter_count++].text = argument;
}

/* All options are there: do they fit one another? */
static void check(struct argp_state *state, struct pump_options *chosen)
{
    if (chosen->from == NULL || chosen->to == NULL || chosen->frame == NULL)
        argp_error(state, "--from, --to and --frame are all needed");
    chosen->dialect = cli_dialect(chosen->frame);
    if (chosen->dialect == NULL)
        exit(CLI_USAGE);
    for (int64_t i = 0; i < chosen->filter_count; i++) {
        const char *wrong = pump_filter_read(&chosen->filters[i], chosen->dialect);
        need(state, wrong == NULL, "filter", chosen->filters[i].text, wrong);
    }
    const char *wrong = chosen->key_text != NULL ? pump_key_read(chosen) : NULL;
    need(state, wrong == NULL, "key", chosen->key_text, wrong);
    if (chosen->max_frame > INT64_MAX / 2)
        argp_failure(state, CLI_USAGE, 0, "--max-frame: too large");
    if (chosen->high_water_bytes == 0)
        chosen->high_water_bytes = 2 * chosen->max_frame > HIGH_WATER_BYTES ? 2 * chosen->max_frame : HIGH_WATER_BYTES;
    if (chosen->high_water_bytes < 2 * chosen->max_frame)
        argp_failure(state, CLI_USAGE, 0, "--high-water: its bytes must be at least twice --max-frame");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct pump_options *chosen = state->input;
    int code;
    switch (key) {
    case OPT_FROM:
        chosen->from = argument;
        return 0;
    case OPT_TO:
        chosen->to = argument;
        return 0;
    case OPT_FRAME:
    case OPT_TLV:
        chosen->frame = argument;
        return 0;
    case OPT_DIALECT_FILE:
        code = cli_dialect_file(argument);
        if (code != CLI_DONE)
            exit(code);
        return 0;
    case OPT_REPEAT:
        need(state, cli_parse_count(argument, 1, &chosen->repeat), "repeat", argument, "a number from 1 up is wanted");
        return 0;
    case OPT_LIMIT:
        need(state, cli_parse_count(argument, 1, &chosen->limit), "limit", argument, "a number from 1 up is wanted");
        return 0;
    case OPT_SECONDS:
        need(state, cli_parse_seconds(argument, &chosen->run_ns), "seconds", argument, "a time above 0 is wanted, such as 2.5");
        return 0;
    case OPT_HIGH_WATER:
        need(state, parse_high_water(chosen, argument), "high-water", argument, "MESSAGES or MESSAGES,BYTES is wanted, such as 4096,16MiB");
        return 0;
    case OPT_MAX_FRAME:
        need(state, cli_parse_size(argument, 1, &chosen->max_frame), "max-frame", argument, "a size is wanted, such as 65536 or 1MiB");
        return 0;
    case OPT_RECONNECT:
        need(state, parse_reconnect(chosen, argument), "reconnect", argument, "SECONDS or SECONDS:MOST is wanted, such as 0.5:30");
        return 0;
    case OPT_ACK_AFTER:
        need(state, parse_ack_after(chosen, argument), "ack-after", argument, "stored or fsync is wanted");
        return 0;
    case OPT_PROGRESS:
        chosen->progress = true;
        return 0;
    case OPT_STATS:
        need(state, parse_stats(chosen, argument), "stats", argument, "text, json or none is wanted");
        return 0;
    case OPT_KEY:
        chosen->key_text = argument;
        return 0;
    case OPT_FILTER:
        add_filter(state, chosen, argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "takes options only: '%s'", argument);
        return EINVAL;
    case ARGP_KEY_END:
        check(state, chosen);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Opens one side and says where it listens. 0, or an exit code, and the line is written. */
static int open_side(struct leat_link **link, const char *endpoint, const struct leat_link_options *link_options)
{
    struct leat_error error = {0};
    int code = leat_link_open(link, endpoint, link_options, &error);
    if (code == -ESPIPE && link_options->repeat > 1) {
        cli_error("%s: cannot be read again, which --repeat needs", endpoint);
        return CLI_USAGE;
    }
    if (code == -EINTR && cli_signal() != 0)
        return CLI_SIGNAL + cli_signal(); /* it waited for the reader of a FIFO */
    if (code != 0) {
        cli_link_error(&error, endpoint, code);
        return cli_open_exit(code);
    }
    if (cli_endpoint_listens(endpoint))
        cli_signals_catch(false); /* before anyone is told that we run */
    cli_announce(*link, endpoint);
    return 0;
}

/* That end's options where it reconnects: one that cannot is opened as ever. One that does so by itself is heard, too. */
static struct leat_link_options with_reconnect(const struct pump_options *chosen, struct leat_link_options link_options,
                                               const char *endpoint, struct pump_news *news)
{
    struct leat_address address;
    const struct leat_transport *transport = cli_endpoint_transport(endpoint, &address);
    if (transport != NULL && transport->present != NULL)
        pump_news_wanted(news, &link_options);
    if (chosen->reconnect_ns == 0 || !cli_endpoint_reconnects(endpoint))
        return link_options;
    link_options.reconnect_ns = chosen->reconnect_ns;
    link_options.reconnect_most_ns = chosen->reconnect_most_ns;
    pump_news_wanted(news, &link_options);
    return link_options;
}

static int open_both(struct pump *pump)
{
    const struct pump_options *chosen = &pump->options;
    struct leat_link_options link_options = {
        .directions = LEAT_IN,
        .dialect = chosen->dialect,
        .max_frame = chosen->max_frame,
        .high_water_messages = chosen->high_water_messages,
        .high_water_bytes = chosen->high_water_bytes,
        .repeat = chosen->repeat,
        .settle = true,
        .thread_name = "leat-in",
    };
    struct leat_link_options side = with_reconnect(chosen, link_options, chosen->from, &pump->from_news);
    int status = open_side(&pump->from, chosen->from, &side);
    if (status != 0)
        return status;
    pump_news_opened(&pump->from_news, pump->from);
    link_options.directions = LEAT_OUT;
    link_options.dialect = NULL;
    link_options.repeat = 0;
    link_options.no_thread = true; /* the main thread writes */
    link_options.key = chosen->key_text != NULL ? pump_key : NULL;
    link_options.key_context = pump;
    side = with_reconnect(chosen, link_options, chosen->to, &pump->to_news);
    status = open_side(&pump->to, chosen->to, &side);
    if (status != 0)
        leat_link_close(pump->from, 0, NULL, NULL);
    else
        pump_news_opened(&pump->to_news, pump->to);
    return status;
}

static int exit_code(const struct pump *pump)
{
    if (pump->fault_exit != 0)
        return pump->fault_exit;
    return cli_signal() != 0 ? CLI_SIGNAL + cli_signal() : CLI_DONE;
}

int cli_pump(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .help_filter = cli_help_endpoints,
        .doc = "Carries every top-level item of the input as one message through ring, tlv, pool, pipe and out again, byte for byte.\v"
               "Sizes take KiB, MiB and GiB.",
    };
    struct pump pump = {
        .options = {
            .repeat = 1, .limit = INT64_MAX, .run_ns = INT64_MAX, .high_water_messages = HIGH_WATER_MESSAGES, .max_frame = CLI_MAX_FRAME}};
    struct pump_result result = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &pump.options);
    if (!cli_endpoint_valid(pump.options.from) || !cli_endpoint_valid(pump.options.to))
        return CLI_USAGE;
    if (pump.options.reconnect_ns > 0 && !cli_endpoint_reconnects(pump.options.from) && !cli_endpoint_reconnects(pump.options.to)) {
        cli_error("--reconnect: neither end can be connected anew; tcp, unix, unix-seqpacket and serial can");
        return CLI_USAGE;
    }
    if (pump.options.ack_after == PUMP_ACK_FSYNC && !cli_endpoint_is_file(pump.options.to)) {
        cli_error("--ack-after=fsync: %s is no file; only what a file has can be written out", pump.options.to);
        return CLI_USAGE;
    }
    if (cli_endpoints_same_file(pump.options.from, pump.options.to)) {
        cli_error("%s: is both --from and --to, and would be emptied", pump.options.to);
        return CLI_USAGE;
    }
    int status = open_both(&pump);
    if (status != 0)
        return status;
    cli_signals_catch(true);
    if (!pump_fields_open(&pump)) {
        cli_error("no memory for a frame of --max-frame bytes");
        leat_link_close(pump.from, 0, NULL, NULL);
        leat_link_close(pump.to, 0, NULL, NULL);
        return CLI_IO;
    }
    pump_move(&pump, &result);
    pump_fields_close(&pump);
    if (pump.options.stats == PUMP_STATS_TEXT)
        pump_report_text(&pump, &result);
    else if (pump.options.stats == PUMP_STATS_JSON)
        pump_report_json(&pump, &result);
    return exit_code(&pump);
}
