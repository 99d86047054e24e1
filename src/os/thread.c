/* SPDX-License-Identifier: MIT */
/* Threads that no signal of the application ever interrupts. */
#define _GNU_SOURCE
#include "os.h"

#include <leat/os.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* 0, or a positive errno. */
static int set_attributes(pthread_attr_t *attributes, const struct leat_thread_options *options)
{
    const struct sched_param priority = {.sched_priority = options->priority};
    int error = 0;

    if (options->stack_bytes < 0 || options->cpu < 0 || options->cpu > CPU_SETSIZE || options->priority < 0 || options->priority > 99) {
        return EINVAL;
    }
    if (options->stack_bytes > 0) {
        const int64_t page = leat_port_page_bytes(), least = sysconf(_SC_THREAD_STACK_MIN);
        int64_t bytes = options->stack_bytes > least ? options->stack_bytes : least;
        error = pthread_attr_setstacksize(attributes, (size_t)((bytes + page - 1) / page * page));
    }
    if (error == 0 && options->cpu > 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET((size_t)options->cpu - 1, &cpus);
#ifdef __GLIBC__
        error = pthread_attr_setaffinity_np(attributes, sizeof cpus, &cpus);
#else
        error = ENOTSUP; /* musl cannot say it before the thread runs */
#endif
    }
    if (error == 0 && options->priority > 0) {
        error = pthread_attr_setschedpolicy(attributes, SCHED_FIFO);
        if (error == 0) {
            error = pthread_attr_setschedparam(attributes, &priority);
        }
        if (error == 0) {
            error = pthread_attr_setinheritsched(attributes, PTHREAD_EXPLICIT_SCHED);
        }
    }
    return error;
}

/* 0, or a positive errno. */
static int start_thread(pthread_t *handle, const struct leat_thread_options *options, struct start *start)
{
    pthread_attr_t attributes;
    sigset_t every;
    sigset_t kept;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return error;
    }
    error = set_attributes(&attributes, options);
    if (error == 0) {
        /* Blocked here, around the start, the new thread inherits the mask and has not a moment without it. */
        (void)sigfillset(&every);
        (void)pthread_sigmask(SIG_SETMASK, &every, &kept);
        error = pthread_create(handle, &attributes, begin, start);
        (void)pthread_sigmask(SIG_SETMASK, &kept, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

int leat_thread_start_with(struct leat_thread *thread, const struct leat_thread_options *options, void (*run)(void *context), void *context)
{
    struct start *start = calloc(1, sizeof *start);
    pthread_t handle;
    int error;

    if (start == NULL) {
        return -ENOMEM;
    }
    start->run = run;
    start->context = context;
    strncpy(start->name, options->name == NULL ? "leat" : options->name, sizeof start->name - 1);
    error = start_thread(&handle, options, start);
    if (error != 0) {
        free(start);
        return -error;
    }
    thread->handle = (uintptr_t)handle;
    return 0;
}

int leat_thread_start(struct leat_thread *thread, const char *name, void (*run)(void *context), void *context)
{
    return leat_thread_start_with(thread, &(struct leat_thread_options){.name = name}, run, context);
}

void leat_thread_join(struct leat_thread *thread)
{
    (void)pthread_join((pthread_t)thread->handle, NULL);
}

void leat_thread_detach(struct leat_thread *thread)
{
    (void)pthread_detach((pthread_t)thread->handle);
}
