/* SPDX-License-Identifier: MIT */
/* Threads that no signal of the application ever interrupts. */
#define _GNU_SOURCE
#include <leat/os.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What the new thread needs to begin; made by the starter, freed by the thread. */
struct start {
    void (*run)(void *context);
    void *context;
    char name[16]; /* the kernel's limit, the closing 0 included */
};

static void *begin(void *argument)
{
    struct start *start = argument;
    void (*run)(void *context) = start->run;
    void *context = start->context;

    (void)pthread_setname_np(pthread_self(), start->name);
    free(start);
    run(context);
    return NULL;
}

int leat_thread_start(struct leat_thread *thread, const char *name, void (*run)(void *context), void *context)
{
    struct start *start = calloc(1, sizeof *start);
    sigset_t every;
    sigset_t kept;
    pthread_t handle;
    int error;

    if (start == NULL) {
        return -ENOMEM;
    }
    start->run = run;
    start->context = context;
    strncpy(start->name, name == NULL ? "leat" : name, sizeof start->name - 1);
    /* Blocked here, around the start, the new thread inherits the mask and has not a moment without it. */
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &kept);
    error = pthread_create(&handle, NULL, begin, start);
    (void)pthread_sigmask(SIG_SETMASK, &kept, NULL);
    if (error != 0) {
        free(start);
        return -error;
    }
    thread->handle = (uintptr_t)handle;
    return 0;
}

void leat_thread_join(struct leat_thread *thread)
{
    (void)pthread_join((pthread_t)thread->handle, NULL);
}

void leat_thread_detach(struct leat_thread *thread)
{
    (void)pthread_detach((pthread_t)thread->handle);
}
