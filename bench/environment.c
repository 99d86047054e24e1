/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "environment.h"

#include "bench.h"

#include <gnu/libc-version.h>
#include <leat/base.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#ifdef __OPTIMIZE__
#define OPTIMISED ", optimised"
#else
#define OPTIMISED ", NOT optimised"
#endif

/* The first "model name" (x86) or "Processor" (some others) of /proc/cpuinfo. */
static void find_cpu(char *text, size_t bytes)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(text, bytes, "unknown");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *value = strstr(line, ": ");
        if (value != NULL && (strncmp(line, "model name", 10) == 0 || strncmp(line, "Processor", 9) == 0)) {
            value[strcspn(value, "\n")] = '\0';
            snprintf(text, bytes, "%s", value + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* Seconds of CPU time so far. */
struct usage {
    double at_s;
    double busy_s, stolen_s; /* of the whole machine; -1: unknown */
    double own_s;            /* of this process */
};

static struct usage started;

static struct usage usage_now(void)
{
    struct usage usage = {(double)bench_now_ns() / 1e9, -1, -1, (double)clock() / CLOCKS_PER_SEC};
    unsigned long long user, nice, system, idle, wait, irq, soft, stolen;
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) {
        return usage;
    }
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &soft, &stolen) == 8) {
        double ticks = (double)sysconf(_SC_CLK_TCK);
        usage.busy_s = (double)(user + nice + system + irq + soft) / ticks;
        usage.stolen_s = (double)stolen / ticks;
    }
    fclose(file);
    return usage;
}

void environment_look(struct environment *environment)
{
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(environment->date, sizeof(environment->date), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        snprintf(environment->date, sizeof(environment->date), "unknown");
    }
    find_cpu(environment->cpu, sizeof(environment->cpu));
    struct utsname kernel;
    bool known = uname(&kernel) == 0;
    snprintf(environment->kernel, sizeof(environment->kernel), "%s %s %s", known ? kernel.sysname : "unknown", known ? kernel.release : "",
             known ? kernel.machine : "");
    snprintf(environment->compiler, sizeof(environment->compiler), "%s", COMPILER OPTIMISED);
    snprintf(environment->libc, sizeof(environment->libc), "glibc %s", gnu_get_libc_version());
    snprintf(environment->leat, sizeof(environment->leat), "%s", leat_version());
    started = usage_now();
}

void environment_look_back(struct environment *environment)
{
    struct usage now = usage_now();
    double seconds = now.at_s - started.at_s;
    bool known = started.busy_s >= 0 && now.busy_s >= 0 && seconds > 0;
    double others = known ? (now.busy_s - started.busy_s - (now.own_s - started.own_s)) / seconds : -1;
    environment->others = known && others < 0 ? 0 : others;
    environment->stolen = known ? (now.stolen_s - started.stolen_s) / seconds : -1;
}
