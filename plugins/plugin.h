/* SPDX-License-Identifier: MIT */
/* What the plug-ins share: refusals in leat's form, and the values of keys. */
#ifndef LEAT_PLUGIN_H
#define LEAT_PLUGIN_H

#include <leat/endpoint.h>

/* error->text becomes "ENDPOINT: what" and `more`. Returns code. */
int plugin_refuse(struct leat_error *error, const struct leat_address *address, int code, const char *what, const char *more);

/* The value of that key, or NULL. */
const char *plugin_value(const struct leat_address *address, const char *key);

/* A number of that key, 0 to most, with KiB or MiB behind it where it is of bytes; *number stays where it was not given. 0 or -EINVAL. */
int plugin_number(const struct leat_address *address, const char *key, int64_t most, int64_t *number, struct leat_error *error);

/* A time of that key, 0 to `most` ns, with us, ms or s behind it. The rest as plugin_number. */
int plugin_time(const struct leat_address *address, const char *key, int64_t most_ns, int64_t *ns, struct leat_error *error);

/* The keys batch=BYTES, 0 to `most`, and linger=TIME, which needs it. 0 or -EINVAL. */
int plugin_batching(const struct leat_address *address, int64_t most, int64_t *batch, int64_t *linger_ns, struct leat_error *error);

#endif
