/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <errno.h>

static const char *unit_name(enum bench_unit unit)
{
    return unit == BENCH_NS_PER_OPERATION ? "ns" : "M/s";
}

void record_tsv(FILE *file, const struct environment *environment, const struct run_samples *samples)
{
    fprintf(file, "# date: %s\n# cpu: %s\n# kernel: %s\n# compiler: %s\n# libc: %s\n# leat: %s\n", environment->date, environment->cpu,
            environment->kernel, environment->compiler, environment->libc, environment->leat);
    fprintf(file, "# others: %.2f\n# stolen: %.2f\n# cpus: %d\n# used: %d %d\n# seed: %llu\n", environment->others, environment->stolen,
            environment->cpu_count, environment->cpus[0], environment->cpus[1], (unsigned long long)environment->seed);
    fprintf(file, "case\tpeer\tlinkage\tround\tslice\tstate\tfate\tbefore_ns\tafter_ns\telapsed_ns\toperations\tvalue\tunit\n");
    for (int64_t i = 0; i < samples->count; i++) {
        const struct run_sample *s = &samples->items[i];
        fprintf(file, "%s\t%s\t%s\t%lld\t%lld\t%s\t%s\t%.1f\t%.1f\t%lld\t%lld\t%.4f\t%s\n", s->entry->measures->name, s->entry->peer->name,
                run_linkage_name(s->entry->peer->linkage), (long long)s->round, (long long)s->slice, run_state_name(s->state),
                run_fate_name(s->fate), s->before_ns, s->after_ns, (long long)s->elapsed_ns, (long long)s->operations, s->value,
                unit_name(s->entry->measures->unit));
    }
}

static void json_string(FILE *file, const char *key, const char *text)
{
    fprintf(file, "\"%s\": \"", key);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(file, "\\%c", c);
        } else if (c < 0x20) {
            fprintf(file, "\\u%04x", c);
        } else {
            fputc(c, file);
        }
    }
    fputs("\", ", file);
}

void record_json(FILE *file, const struct environment *environment, const struct run_samples *samples)
{
    fprintf(file, "{\"environment\": {");
    json_string(file, "date", environment->date);
    json_string(file, "cpu", environment->cpu);
    json_string(file, "kernel", environment->kernel);
    json_string(file, "compiler", environment->compiler);
    json_string(file, "libc", environment->libc);
    json_string(file, "leat", environment->leat);
    fprintf(file, "\"others\": %.2f, \"stolen\": %.2f, \"cpus\": %d, \"used\": [%d, %d], \"seed\": %llu},\n\"samples\": [",
            environment->others, environment->stolen, environment->cpu_count, environment->cpus[0], environment->cpus[1],
            (unsigned long long)environment->seed);
    for (int64_t i = 0; i < samples->count; i++) {
        const struct run_sample *s = &samples->items[i];
        fprintf(file, "%s\n{", i > 0 ? "," : "");
        json_string(file, "case", s->entry->measures->name);
        json_string(file, "peer", s->entry->peer->name);
        json_string(file, "linkage", run_linkage_name(s->entry->peer->linkage));
        fprintf(file, "\"round\": %lld, \"slice\": %lld, ", (long long)s->round, (long long)s->slice);
        json_string(file, "state", run_state_name(s->state));
        json_string(file, "fate", run_fate_name(s->fate));
        fprintf(file, "\"before_ns\": %.1f, \"after_ns\": %.1f, \"elapsed_ns\": %lld, \"operations\": %lld, ", s->before_ns, s->after_ns,
                (long long)s->elapsed_ns, (long long)s->operations);
        fprintf(file, "\"value\": %.4f, \"unit\": \"%s\"}", s->value, unit_name(s->entry->measures->unit));
    }
    fprintf(file, "\n]}\n");
}

int record_to(const char *path, void (*write)(FILE *, const struct environment *, const struct run_samples *),
              const struct environment *environment, const struct run_samples *samples)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return -errno;
    }
    write(file, environment, samples);
    int rc = fflush(file) != 0 || ferror(file) ? -EIO : 0;
    if (rc != 0 && errno != 0) {
        rc = -errno;
    }
    if (fclose(file) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc;
}
