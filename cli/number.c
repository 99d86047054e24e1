/* SPDX-License-Identifier: MIT */
/* number.c: counts, sizes and times, as the command line has them and as people read them. */
#include "cli.h"

#include <stdio.h>

/* Reads digits from *text on and leaves *text after them; false: none there, or above INT64_MAX. */
static bool digits(const char **text, int64_t *value)
{
    const char *at = *text;
    int64_t sum = 0;
    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        int64_t digit = *at - '0';
        if (sum > (INT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *text = at;
    *value = sum;
    return true;
}

bool cli_parse_count(const char *text, int64_t least, int64_t *value)
{
    int64_t count;
    if (!digits(&text, &count) || *text != '\0' || count < least)
        return false;
    *value = count;
    return true;
}

bool cli_parse_size(const char *text, int64_t least, int64_t *bytes)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    int64_t count;
    if (!digits(&text, &count))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        if (count > INT64_MAX >> units[i].shift || count * (INT64_C(1) << units[i].shift) < least)
            return false;
        *bytes = count * (INT64_C(1) << units[i].shift);
        return true;
    }
    return false;
}

bool cli_parse_seconds(const char *text, int64_t *ns)
{
    int64_t whole;
    int64_t part = 0;
    if (!digits(&text, &whole) || whole > INT64_MAX / 1000000000 - 1)
        return false;
    if (*text == '.') {
        text++;
        if (*text == '\0')
            return false;
        for (int64_t unit = 100000000; *text >= '0' && *text <= '9'; text++, unit /= 10)
            part += (*text - '0') * unit;
    }
    if (*text != '\0' || whole * 1000000000 + part == 0)
        return false;
    *ns = whole * 1000000000 + part;
    return true;
}

char *cli_count_text(char text[CLI_NUMBER_CHARS], int64_t count)
{
    char plain[CLI_NUMBER_CHARS];
    int length = snprintf(plain, sizeof plain, "%lld", (long long)count);
    int first = plain[0] == '-' ? 1 : 0;
    int to = 0;
    for (int from = 0; from < length; from++) {
        if (from > first && (length - from) % 3 == 0)
            text[to++] = ',';
        text[to++] = plain[from];
    }
    text[to] = '\0';
    return text;
}

char *cli_size_text(char text[CLI_NUMBER_CHARS], int64_t bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 1024.0 && unit + 1 < sizeof names / sizeof names[0]) {
        value /= 1024.0;
        unit++;
    }
    snprintf(text, CLI_NUMBER_CHARS, "%.*f %s", unit == 0 ? 0 : 2, value, names[unit]);
    return text;
}

int64_t cli_peak_resident(void)
{
    /* Not getrusage: its peak includes what the process was before exec. */
    FILE *status = fopen("/proc/self/status", "re");
    char line[128];
    long long kib = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL && sscanf(line, "VmHWM: %lld kB", &kib) != 1)
        continue;
    if (status != NULL)
        fclose(status);
    return (int64_t)kib * 1024;
}
