/* SPDX-License-Identifier: MIT */
/* value.c: the values of keys: numbers, sizes, words; and the one form of refusing them. */
#include "transport.h"

#include <stdio.h>

static int refuse(struct leat_error *error, const struct leat_address *address, const char *key, const char *value, const char *allowed)
{
    return leat_endpoint_refuse(error, address->text, -EINVAL, "bad value \"%.40s\" of %s; it is %s", value, key, allowed);
}

/* Reads the digits that *text begins with, and leaves it behind them; false: none, or more than `most`. */
static bool digits(const char **text, int64_t most, int64_t *value)
{
    const char *at = *text;
    int64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        int64_t digit = *at - '0';
        if (sum > (most - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (at == *text)
        return false;
    *text = at;
    *value = sum;
    return true;
}

int leat_value_number(const struct leat_address *address, const char *key, int64_t least, int64_t most, int64_t *value,
                      struct leat_error *error)
{
    const char *given = leat_address_value(address, key), *text = given;
    char allowed[80];
    int64_t number;

    if (given == NULL)
        return 0;
    if (digits(&text, INT64_MAX, &number) && *text == '\0' && number >= least && number <= most) {
        *value = number;
        return 0;
    }
    snprintf(allowed, sizeof allowed, "a number of %lld to %lld", (long long)least, (long long)most);
    return refuse(error, address, key, given, allowed);
}

/* The power of two that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].shift;
    return -1;
}

int leat_value_size(const struct leat_address *address, const char *key, int64_t least, int64_t most, int64_t *value,
                    struct leat_error *error)
{
    const char *given = leat_address_value(address, key), *text = given;
    char allowed[120];
    int64_t number;

    if (given == NULL)
        return 0;
    int shift = digits(&text, INT64_MAX >> 30, &number) ? unit_shift(text) : -1;
    if (shift >= 0 && number << shift >= least && number << shift <= most) {
        *value = number << shift;
        return 0;
    }
    snprintf(allowed, sizeof allowed, "a size of %lld to %lld bytes, such as 65536 or 64KiB", (long long)least, (long long)most);
    return refuse(error, address, key, given, allowed);
}

int leat_value_word(const struct leat_address *address, const char *key, const char *const *words, int *value, struct leat_error *error)
{
    const char *given = leat_address_value(address, key);
    char allowed[160] = "";

    if (given == NULL)
        return 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(given, words[i]) == 0) {
            *value = i;
            return 0;
        }
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s%s", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
    }
    return refuse(error, address, key, given, allowed);
}
