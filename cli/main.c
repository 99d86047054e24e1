/* SPDX-License-Identifier: MIT */
/* main.c: `leat COMMAND ...`: finds the command and hands it the rest of the line. */
#define _GNU_SOURCE
#include "cli.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

static const struct command {
    const char *name;
    char *title; /* argv[0] of the command: what its messages begin with */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"pump", (char[]){"leat pump"}, cli_pump},
    {"dump", (char[]){"leat dump"}, cli_dump},
    {"validate", (char[]){"leat validate"}, cli_validate},
    {"dialects", (char[]){"leat dialects"}, cli_dialects},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* The first word that is no option is the command; it parses what follows by itself. */
static error_t parse(int key, char *argument, struct argp_state *state)
{
    int *status = state->input;
    const struct command *command;
    switch (key) {
    case ARGP_KEY_ARG:
        command = find(argument);
        if (command == NULL)
            argp_error(state, "unknown command '%s'; known: pump dump validate dialects", argument);
        else {
            int first = state->next - 1;
            state->argv[first] = command->title;
            *status = command->run(state->argc - first, state->argv + first);
            state->next = state->argc;
        }
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a command is needed: pump, dump, validate or dialects");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "leat %s\n", leat_version());
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Carries framed messages from a device to an application without malloc and without locks.\v"
               "Commands:\n"
               "  pump       carry frames from one endpoint to another and report\n"
               "  dump       show the items of a TLV stream, one line each\n"
               "  validate   say whether all of them are well formed\n"
               "  dialects   list the TLV dialects known, or print one as text\n"
               "\n"
               "`leat COMMAND --help' says more of each.\n"
               "\n"
               "Exit codes: 0 done, 1 wrong usage, 2 malformed input, 3 input/output error, 130 or 143 after a clean end on SIGINT or "
               "SIGTERM, 141 when the reader of stdout went away.",
    };
    char name[] = "leat"; /* whatever it is installed as: errors begin alike everywhere */
    int status = CLI_DONE;
    if (argc > 0)
        argv[0] = name;
    cli_stdio_start();
    argp_err_exit_status = CLI_USAGE;
    argp_program_version_hook = print_version;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &status);
    return status;
}
