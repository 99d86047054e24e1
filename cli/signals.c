/* SPDX-License-Identifier: MIT */
/* signals.c: the first SIGINT or SIGTERM asks for a clean end, the second one ends the process at once. */
#define _GNU_SOURCE
#include "cli.h"

#include <signal.h>

static volatile sig_atomic_t noted; /* written by the handler; it runs on the main thread: the library's threads block all signals */

static void on_signal(int number)
{
    noted = number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void cli_signals_catch(void)
{
    static bool caught;
    if (caught)
        return;
    caught = true;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_signal(void)
{
    return noted;
}
