/* SPDX-License-Identifier: MIT */
/* dialects.c: `leat dialects`: the dialects known, one line each. */
#include "cli.h"

#include <argp.h>
#include <stdio.h>

static error_t parse(int key, char *argument, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    argp_error(state, "takes no argument: '%s'", argument);
    return EINVAL;
}

int cli_dialects(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .doc = "Lists the dialects that --frame and --tlv know, each with its header rule.",
    };
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    int width = 0;
    for (int64_t i = 0; leat_tlv_dialect_at(i) != NULL; i++) {
        int length = (int)strlen(leat_tlv_dialect_name(leat_tlv_dialect_at(i)));
        width = length > width ? length : width;
    }
    for (int64_t i = 0; leat_tlv_dialect_at(i) != NULL; i++) {
        const struct leat_tlv_dialect *dialect = leat_tlv_dialect_at(i);
        char line[512];
        int bytes = snprintf(line, sizeof line - 1, "%-*s  %s", width, leat_tlv_dialect_name(dialect), leat_tlv_dialect_rule(dialect));
        bytes = bytes < (int)sizeof line - 2 ? bytes : (int)sizeof line - 2;
        line[bytes] = '\n';
        cli_put(line, (size_t)bytes + 1);
    }
    return CLI_DONE;
}
