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

int plugin_time(const struct leat_address *address, const char *key, int64_t most_ns, int64_t *ns, struct leat_error *error)
{
    static const struct {
        const char *word;
        int64_t ns;
    } units[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    const char *text = plugin_value(address, key);
    char *end = NULL, what[160];
    if (text == NULL)
        return 0;
    errno = 0;
    long long value = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : -1;
    for (size_t i = 0; value >= 0 && errno == 0 && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].word) != 0 || value > most_ns / units[i].ns)
            continue;
        *ns = value * units[i].ns;
        return 0;
    }
    snprintf(what, sizeof what, "%s=%.40s: must be a time such as 5ms, %lld s at most", key, text, (long long)(most_ns / 1000000000));
    return plugin_refuse(error, address, -EINVAL, what, "");
}

int plugin_batching(const struct leat_address *address, int64_t most, int64_t *batch, int64_t *linger_ns, struct leat_error *error)
{
    int rc = plugin_number(address, "batch", most, batch, error);
    rc = rc != 0 ? rc : plugin_time(address, "linger", INT64_C(60000000000), linger_ns, error);
    if (rc == 0 && *linger_ns > 0 && *batch == 0)
        rc = plugin_refuse(error, address, -EINVAL, "linger is how long a batch waits for more, and needs batch=BYTES", "");
    return rc;
}
