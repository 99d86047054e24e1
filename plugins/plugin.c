/* SPDX-License-Identifier: MIT */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plugin_refuse(struct leat_error *error, const struct leat_address *address, int code, const char *what, const char *more)
{
    if (error != NULL) {
        *error = (struct leat_error){.code = code, .offset = -1};
        snprintf(error->text, sizeof error->text, "%s: %s%s", address->text, what, more);
    }
    return code;
}

const char *plugin_value(const struct leat_address *address, const char *key)
{
    for (int64_t i = 0; i < address->key_count; i++)
        if (strcmp(address->keys[i], key) == 0)
            return address->values[i];
    return NULL;
}

int plugin_number(const struct leat_address *address, const char *key, int64_t most, int64_t *number, struct leat_error *error)
{
    const char *text = plugin_value(address, key);
    char *end = NULL, what[160];
    if (text == NULL)
        return 0;
    errno = 0;
    long long value = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : -1;
    if (end != NULL && (strcmp(end, "KiB") == 0 || strcmp(end, "MiB") == 0)) {
        value = value > most ? most + 1 : value * (end[0] == 'K' ? 1024 : 1048576);
        end += 3;
    }
    if (value < 0 || value > most || errno != 0 || *end != '\0') {
        snprintf(what, sizeof what, "%s=%.40s: must be 0 to %lld", key, text, (long long)most);
        return plugin_refuse(error, address, -EINVAL, what, "");
    }
    *number = value;
    return 0;
}
