/* SPDX-License-Identifier: MIT */
/* dump.c: `leat dump` and `leat validate`: walk every frame of their inputs, item by item. */
#include "dump.h"
#include "cli.h"

#include <argp.h>
#include <leat/os.h>
#include <leat/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum dump_option { OPT_TLV = 256, OPT_FRAME, OPT_JSON, OPT_MAX_FRAME, OPT_COLOR, OPT_PATH, OPT_DEPTH, OPT_FOLLOW, OPT_DIALECT_FILE };
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct dump {
    struct dump_style style;
    enum color color;
    const char *tlv;       /* the dialect's name: its file may come behind it */
    const char *path_text; /* only items that it leads to are shown, with what is inside them; NULL: all */
    struct leat_tlv_path path;
    int64_t max_depth; /* deepest item shown */
    bool follow;       /* a file's end is not the end */
    bool validate;     /* nothing is shown but how many frames and items there were */
    int64_t frames, items;
    int64_t max_frame;
    char **inputs;
    int input_count;
    unsigned char *copy; /* for frames that are not one piece; grows */
    int64_t copy_bytes;
    int fault_exit; /* exit code of the first fault, 0: none */
    bool faulty;    /* this input */
};

static const struct argp_option options[] = {
    {.name = "tlv", .key = OPT_TLV, .arg = "DIALECT", .doc = "How the input is framed; `leat dialects' lists them"},
    {.name = "frame", .key = OPT_FRAME, .flags = OPTION_ALIAS},
    {.name = "dialect-file", .key = OPT_DIALECT_FILE, .arg = "FILE", .doc = CLI_DIALECT_FILE_DOC},
    {.name = "path", .key = OPT_PATH, .arg = "PATH", .doc = "Only items that these types lead to (30/30/02, * any), and what they hold"},
    {.name = "depth", .key = OPT_DEPTH, .arg = "N", .doc = "Only items down to this depth (the outermost have 0)"},
    {.name = "follow", .key = OPT_FOLLOW, .doc = "At the end of the file, wait for more, as tail -f does"},
    {.name = "json", .key = OPT_JSON, .doc = "One JSON object a line: offset, depth, header, length, type, constructed, name, oid, value"},
    {.name = "max-frame", .key = OPT_MAX_FRAME, .arg = "BYTES", .doc = "Longest frame accepted (1MiB)"},
    {.name = "color", .key = OPT_COLOR, .arg = "WHEN", .doc = "auto, always or never (auto: on a terminal, unless NO_COLOR is set)"},
    {0},
};

static const struct argp_option validate_options[] = {
    {.name = "tlv", .key = OPT_TLV, .arg = "DIALECT", .doc = "How the input is framed; `leat dialects' lists them"},
    {.name = "frame", .key = OPT_FRAME, .flags = OPTION_ALIAS},
    {.name = "dialect-file", .key = OPT_DIALECT_FILE, .arg = "FILE", .doc = CLI_DIALECT_FILE_DOC},
    {.name = "max-frame", .key = OPT_MAX_FRAME, .arg = "BYTES", .doc = "Longest frame accepted (1MiB)"},
    {0},
};

static bool parse_color(struct dump *dump, const char *argument)
{
    static const char *const names[] = {[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(argument, names[i]) == 0) {
            dump->color = (enum color)i;
            return true;
        }
    }
    return false;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct dump *dump = state->input;
    int code;
    switch (key) {
    case OPT_TLV:
    case OPT_FRAME:
        dump->tlv = argument;
        return 0;
    case OPT_DIALECT_FILE:
        code = cli_dialect_file(argument);
        if (code != CLI_DONE)
            exit(code);
        return 0;
    case OPT_PATH:
        dump->path_text = argument;
        return 0;
    case OPT_DEPTH:
        if (!cli_parse_count(argument, 0, &dump->max_depth))
            argp_failure(state, CLI_USAGE, 0, "--depth=%s: a number from 0 up is wanted", argument);
        return 0;
    case OPT_FOLLOW:
        dump->follow = true;
        return 0;
    case OPT_JSON:
        dump->style.json = true;
        return 0;
    case OPT_MAX_FRAME:
        if (!cli_parse_size(argument, 1, &dump->max_frame) || dump->max_frame > INT64_MAX / 2)
            argp_failure(state, CLI_USAGE, 0, "--max-frame=%s: a size is wanted, such as 65536 or 1MiB", argument);
        return 0;
    case OPT_COLOR:
        if (!parse_color(dump, argument))
            argp_failure(state, CLI_USAGE, 0, "--color=%s: auto, always or never is wanted", argument);
        return 0;
    case ARGP_KEY_ARGS:
        dump->inputs = state->argv + state->next;
        dump->input_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (dump->tlv == NULL)
            argp_error(state, "--tlv DIALECT is needed");
        dump->style.dialect = cli_dialect(dump->tlv);
        if (dump->style.dialect == NULL)
            exit(CLI_USAGE);
        if (dump->path_text != NULL && leat_tlv_path_read(&dump->path, dump->style.dialect, dump->path_text) != 0)
            argp_failure(state, CLI_USAGE, 0, "--path=%s: up to %d types with / between are wanted, such as 30/30/02; * for any",
                         dump->path_text, LEAT_TLV_PATH_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void fault(struct dump *dump, int exit_code)
{
    dump->faulty = true;
    if (dump->fault_exit == 0)
        dump->fault_exit = exit_code;
}

/* The frame's bytes in one piece: in place where they are one, else copied. NULL: no memory. */
static const unsigned char *one_piece(struct dump *dump, struct leat_msg *msg)
{
    const unsigned char *data = leat_msg_data(msg);
    int64_t bytes = leat_msg_size(msg);
    if (data != NULL)
        return data;
    if (bytes > dump->copy_bytes) {
        unsigned char *larger = realloc(dump->copy, (size_t)bytes);
        if (larger == NULL)
            return NULL;
        dump->copy = larger;
        dump->copy_bytes = bytes;
    }
    leat_msg_read(msg, 0, dump->copy, bytes);
    return dump->copy;
}

static inline enum leat_tlv_visit count(void *context, const struct leat_tlv_item *item)
{
    struct dump *dump = context;
    (void)item;
    dump->items++;
    return LEAT_TLV_INTO;
}

static void show(struct dump *dump, const struct leat_tlv_cursor *cursor, const struct leat_tlv_item *item)
{
    dump->items++;
    if (item->depth <= dump->max_depth)
        dump_item(&dump->style, leat_tlv_cursor_dialect(cursor), item);
}

/* What the path leads to, and all inside it. */
static void walk_path(struct dump *dump, struct leat_tlv_cursor *cursor)
{
    struct leat_tlv_path path = dump->path;
    struct leat_tlv_item item;
    while (leat_tlv_find(cursor, &path, &item) == LEAT_TLV_ITEM) {
        const int32_t depth = item.depth;
        show(dump, cursor, &item);
        if (!item.constructed || !leat_tlv_enter(cursor))
            continue;
        while (cursor->depth > depth) {
            enum leat_tlv_next next = leat_tlv_next(cursor, &item);
            if (next == LEAT_TLV_ITEM)
                show(dump, cursor, &item);
            if (next == LEAT_TLV_BAD || (next == LEAT_TLV_END && !leat_tlv_leave(cursor)) ||
                (next == LEAT_TLV_ITEM && item.constructed && !leat_tlv_enter(cursor)))
                return;
        }
    }
}

/* The items of one frame, depth first. False: it is malformed inside, and the cursor's fault says where. */
static bool walk(struct dump *dump, struct leat_tlv_cursor *cursor)
{
    struct leat_tlv_item item;
    dump->frames++;
    if (dump->validate)
        leat_tlv_each(cursor, count, dump);
    else if (dump->path_text != NULL)
        walk_path(dump, cursor);
    else
        while (leat_tlv_walk(cursor, &item) == LEAT_TLV_ITEM)
            show(dump, cursor, &item);
    return leat_tlv_cursor_fault(cursor)->rule == LEAT_TLV_OK;
}

/* One frame, which begins at `offset` of the stream. False: the input goes no further. */
static bool dump_frame(struct dump *dump, const char *input, struct leat_msg *msg, int64_t offset)
{
    const struct leat_tlv_limits limits = {.max_frame = dump->max_frame};
    struct leat_tlv_cursor cursor;
    const unsigned char *data = one_piece(dump, msg);
    if (data == NULL) {
        cli_error("%s: offset %lld: no memory for the frame", input, (long long)offset);
        fault(dump, CLI_IO);
        return false;
    }
    int code = leat_tlv_cursor_init(&cursor, dump->style.dialect, data, leat_msg_size(msg), offset, &limits);
    if (code == 0 && walk(dump, &cursor))
        return true;
    const struct leat_tlv_fault *why = leat_tlv_cursor_fault(&cursor);
    cli_put_flush();
    cli_error("%s: offset %lld: malformed %s frame: %s (at offset %lld)", input, (long long)offset,
              leat_tlv_dialect_name(dump->style.dialect), leat_tlv_rule_text(why->rule), (long long)why->offset);
    fault(dump, CLI_MALFORMED);
    return false;
}

/* Receives and prints until the input ends, fails, or a signal or a failed stdout makes going on useless. */
static void dump_frames(struct dump *dump, const char *input, struct leat_link *link)
{
    int64_t offset = 0;
    struct leat_msg msg;
    leat_msg_init(&msg);
    while (cli_signal() == 0 && cli_put("", 0)) {
        int code = leat_link_recv(link, &msg, 0);
        if (code == -EAGAIN) {
            cli_put_flush(); /* whoever looks on sees all that has come */
            code = leat_link_recv(link, &msg, leat_os_now_ns() + CLI_TICK_NS);
        }
        if (code == -EAGAIN || code == -ETIMEDOUT)
            continue;
        if (code == -EPIPE)
            return;
        if (code != 0) {
            cli_put_flush();
            cli_link_error(leat_link_error(link), input, code);
            fault(dump, code == -EBADMSG ? CLI_MALFORMED : CLI_IO);
            return;
        }
        bool good = dump_frame(dump, input, &msg, offset);
        offset += leat_msg_size(&msg);
        leat_msg_unref(&msg);
        if (!good)
            return;
    }
}

/* One line of `leat validate`, for an input without a fault. */
static void report(const struct dump *dump, const char *input)
{
    char frames[CLI_NUMBER_CHARS], items[CLI_NUMBER_CHARS], line[512];
    int used = snprintf(line, sizeof line, "%.300s: %s frames, %s items, all well formed\n", input, cli_count_text(frames, dump->frames),
                        cli_count_text(items, dump->items));
    cli_put(line, (size_t)used);
}

static void dump_input(struct dump *dump, const char *input)
{
    const struct leat_link_options link_options = {
        .directions = LEAT_IN,
        .dialect = dump->style.dialect,
        .max_frame = dump->max_frame,
        .high_water_bytes = dump->max_frame > INT64_C(8388608) ? 2 * dump->max_frame : 0,
        .thread_name = "leat-in",
    };
    struct leat_link *link;
    struct leat_error error = {.offset = -1};
    int code = leat_link_open(&link, input, &link_options, &error);
    if (code != 0) {
        cli_put_flush();
        cli_link_error(&error, input, code);
        fault(dump, cli_open_exit(code));
        return;
    }
    cli_signals_catch(true);
    cli_announce(link, input);
    dump->faulty = false;
    dump->frames = dump->items = 0;
    dump_frames(dump, input, link);
    leat_link_close(link, 0, NULL, NULL);
    if (dump->validate && !dump->faulty && cli_signal() == 0)
        report(dump, input);
}

static bool wants_color(const struct dump *dump)
{
    const char *no_color = getenv("NO_COLOR");
    if (dump->color != COLOR_AUTO)
        return dump->color == COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || *no_color == '\0');
}

static int run(struct dump *dump)
{
    static char buffer[256 * 1024];
    char standard_input[] = "-";
    char *one_input[] = {standard_input};
    char followed[LEAT_ADDRESS_BYTES];
    char *followed_input[] = {followed};
    if (dump->input_count == 0) {
        dump->inputs = one_input;
        dump->input_count = 1;
    }
    for (int i = 0; i < dump->input_count; i++) {
        if (!cli_endpoint_valid(dump->inputs[i]))
            return CLI_USAGE;
    }
    if (dump->follow && dump->input_count > 1) {
        cli_error("--follow: %s is never done with, so %s would not be looked at; one input is wanted", dump->inputs[0], dump->inputs[1]);
        return CLI_USAGE;
    }
    if (dump->follow && !cli_endpoint_follow(dump->inputs[0], followed, sizeof followed)) {
        cli_error("--follow: %s is no file: it ends when it ends", dump->inputs[0]);
        return CLI_USAGE;
    }
    if (dump->follow)
        dump->inputs = followed_input;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    dump->style.color = wants_color(dump);
    for (int i = 0; i < dump->input_count && cli_signal() == 0; i++)
        dump_input(dump, dump->inputs[i]);
    free(dump->copy);
    if (dump->fault_exit != 0)
        return dump->fault_exit;
    return cli_signal() != 0 ? CLI_SIGNAL + cli_signal() : CLI_DONE;
}

int cli_dump(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .help_filter = cli_help_endpoints,
        .args_doc = "[FILE|ENDPOINT...]",
        .doc = "Walks items and nested items and prints one line each: OFFSET DEPTH HEADER LENGTH TYPE and the value, in hex and as "
               "text. Without an argument, or where it is -, reads stdin.",
    };
    struct dump dump = {.max_frame = CLI_MAX_FRAME, .max_depth = INT64_MAX};
    argp_parse(&argp, argc, argv, 0, NULL, &dump);
    return run(&dump);
}

int cli_validate(int argc, char **argv)
{
    static const struct argp argp = {
        .options = validate_options,
        .parser = parse,
        .help_filter = cli_help_endpoints,
        .args_doc = "[FILE|ENDPOINT...]",
        .doc =
            "Walks items and nested items and prints nothing but how many there were; or, with exit code 2, where the first fault of each "
            "input is and which rule it breaks. Without an argument, or where it is -, reads stdin.",
    };
    struct dump dump = {.max_frame = CLI_MAX_FRAME, .validate = true};
    argp_parse(&argp, argc, argv, 0, NULL, &dump);
    return run(&dump);
}
