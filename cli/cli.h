/* SPDX-License-Identifier: MIT */
/*
 * cli.h: what the commands of `leat` share: exit codes, numbers of the command line, one-line errors, stdout that notices a failed
 * write, signals that end a run cleanly, and the count of how often the process took memory.
 */
#ifndef LEAT_CLI_H
#define LEAT_CLI_H

#include <leat/base.h>
#include <leat/link.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_USAGE = 1,
    CLI_MALFORMED = 2,
    CLI_IO = 3,
    CLI_SIGNAL = 128,      /* + SIGINT: 130, + SIGTERM: 143 */
    CLI_STDOUT_GONE = 141, /* 128 + SIGPIPE, as if the signal had ended us */
};

#define CLI_TICK_NS INT64_C(100000000) /* longest wait without a look at signals, clock and terminal */
#define CLI_MAX_FRAME INT64_C(1048576) /* default of --max-frame */

/* The commands: argv[0] is "leat NAME". Each returns an exit code or exits by itself on wrong usage. */
int cli_pump(int argc, char **argv);
int cli_dump(int argc, char **argv);
int cli_validate(int argc, char **argv);
int cli_dialects(int argc, char **argv);

/* number.c: the whole text must be a number from `least` up; false: it is not, *value untouched. */
bool cli_parse_count(const char *text, int64_t least, int64_t *value); /* digits */
bool cli_parse_size(const char *text, int64_t least, int64_t *bytes);  /* digits and nothing, B, KiB, MiB, GiB or TiB */
bool cli_parse_seconds(const char *text, int64_t *ns);                 /* digits with perhaps a decimal part, above 0 */
/* Write into `text` and return it, for use inside one printf. */
#define CLI_NUMBER_CHARS 32
char *cli_count_text(char text[CLI_NUMBER_CHARS], int64_t count); /* 1,081,344 */
char *cli_size_text(char text[CLI_NUMBER_CHARS], int64_t bytes);  /* 12 B, 1.50 MiB */
int64_t cli_peak_resident(void);                                  /* bytes of this process; 0: the system does not tell */

/* stdio.c */
void cli_stdio_start(void); /* fds 0-2 exist, SIGPIPE is an error like any other, stdout is checked when the process exits */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));       /* one line on stderr: "leat: ..." */
void cli_link_error(const struct leat_error *error, const char *endpoint, int code); /* the link's own words, or strerror's */
bool cli_put(const char *data, size_t bytes);                                        /* to stdout; false from the first failed write on */
bool cli_put_flush(void);                                                            /* the same */

/* endpoint.c */
bool cli_endpoint_valid(const char *endpoint); /* false: it does not parse, and one line on stderr says why */
bool cli_endpoint_listens(const char *endpoint);
/* `name` is the same file, followed (src/endpoint/file.c). False: it is no file, or there is no room. */
bool cli_endpoint_follow(const char *endpoint, char *name, size_t room);
bool cli_endpoint_reconnects(const char *endpoint);   /* a connection that was lost can be made anew */
bool cli_endpoint_is_file(const char *endpoint);      /* of the scheme `file', whatever the path names */
int64_t cli_endpoint_linger_ms(const char *endpoint); /* its key linger_ms, or 10000 */
bool cli_endpoint_read_again(const char *endpoint);   /* a later run reads the same from it: a regular file, a generator */
/* The endpoint's transport, and *address is the name taken apart; NULL: it does not parse. */
const struct leat_transport *cli_endpoint_transport(const char *endpoint, struct leat_address *address);
bool cli_endpoints_same_file(const char *one, const char *other);      /* both name one regular file that is there */
void cli_announce(const struct leat_link *link, const char *endpoint); /* "leat: listening on NAME" where it listens */
char *cli_help_endpoints(int key, const char *text, void *input);      /* argp's help_filter: --help ends with a list of endpoints */
int cli_open_exit(int error);                                          /* exit code for a failed leat_link_open */

/* dialect.c */
#define CLI_DIALECT_FILE_DOC "Dialects of one's own, as `leat dialects NAME' prints them"
int cli_dialect_file(const char *path); /* the file's dialects are known from now on; 0, or an exit code, and one line on stderr */
const struct leat_tlv_dialect *cli_dialect(const char *name); /* NULL: unknown, and one line on stderr lists the known ones */
const struct leat_tlv_dialect *cli_dialect_at(int64_t index); /* those built in, then the file's; NULL: past the last */

/*
 * signals.c: after cli_signals_catch the first SIGINT or SIGTERM is only noted; the second has its default action, at once. restart: a
 * call that the first one interrupts goes on (a write to stdout must); else it fails with EINTR (an open that waits for a reader should).
 */
void cli_signals_catch(bool restart);
int cli_signal(void); /* the signal noted, 0: none */

/* count.c: calls of malloc, calloc, realloc, mmap, brk and their kin in the whole process so far; -1: this build cannot count. */
int64_t cli_allocations(void);

#endif
