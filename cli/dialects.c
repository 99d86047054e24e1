/* SPDX-License-Identifier: MIT */
/* dialects.c: `leat dialects`: the dialects known, one line each; or one of them as the text that --dialect-file reads. */
#include "cli.h"
#include "dialect_file.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum dialects_option { OPT_DIALECT_FILE = 256, OPT_AS };

struct dialects {
    const char *name; /* NULL: list all */
    const char *as;
};

static const struct argp_option options[] = {
    {.name = "dialect-file", .key = OPT_DIALECT_FILE, .arg = "FILE", .doc = CLI_DIALECT_FILE_DOC},
    {.name = "as",
     .key = OPT_AS,
     .arg = "NEWNAME",
     .doc = "Print NAME under this name, as a file's dialect needs one that is not built in"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct dialects *chosen = state->input;
    int code;
    switch (key) {
    case OPT_DIALECT_FILE:
        code = cli_dialect_file(argument);
        if (code != CLI_DONE)
            exit(code);
        return 0;
    case OPT_AS:
        if (!dialect_name_valid(argument) || leat_tlv_dialect(argument) != NULL)
            argp_failure(state, CLI_USAGE, 0, "--as=%s: 1 to %d letters, digits, - _ . are wanted, and no name that is built in", argument,
                         DIALECT_NAME_MOST);
        chosen->as = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (chosen->name != NULL)
            argp_error(state, "takes one name at most: '%s'", argument);
        chosen->name = argument;
        return 0;
    case ARGP_KEY_END:
        if (chosen->name == NULL && chosen->as != NULL)
            argp_error(state, "--as goes with the NAME of a dialect");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void list(void)
{
    int width = 0;
    for (int64_t i = 0; cli_dialect_at(i) != NULL; i++) {
        int length = (int)strlen(leat_tlv_dialect_name(cli_dialect_at(i)));
        width = length > width ? length : width;
    }
    for (int64_t i = 0; cli_dialect_at(i) != NULL; i++) {
        const struct leat_tlv_dialect *dialect = cli_dialect_at(i);
        char line[512];
        int bytes = snprintf(line, sizeof line - 1, "%-*s  %s", width, leat_tlv_dialect_name(dialect), leat_tlv_dialect_rule(dialect));
        bytes = bytes < (int)sizeof line - 2 ? bytes : (int)sizeof line - 2;
        line[bytes] = '\n';
        cli_put(line, (size_t)bytes + 1);
    }
}

static int print(const struct leat_tlv_dialect *dialect, const char *as)
{
    char *text;
    size_t bytes;
    int code = dialect_print(&text, &bytes, dialect, as);
    if (code != 0) {
        cli_error("%s: %s", leat_tlv_dialect_name(dialect), code == -EMSGSIZE ? "more than a file may hold" : strerror(-code));
        return code == -EMSGSIZE ? CLI_USAGE : CLI_IO;
    }
    cli_put(text, bytes);
    free(text);
    return CLI_DONE;
}

int cli_dialects(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[NAME]",
        .doc = "Lists the dialects that --frame and --tlv know, each with its header rule; or prints one in the form of --dialect-file, to "
               "be changed and read again.",
    };
    struct dialects chosen = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &chosen);
    if (chosen.name == NULL) {
        list();
        return CLI_DONE;
    }
    const struct leat_tlv_dialect *dialect = cli_dialect(chosen.name);
    return dialect == NULL ? CLI_USAGE : print(dialect, chosen.as);
}
