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

void cli_signals_catch(bool restart)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};
    sigset_t before;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &action.sa_mask, &before); /* none may come between the look and the catching */
    if (noted == 0) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int cli_signal(void)
{
    return noted;
}
