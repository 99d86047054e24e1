/* SPDX-License-Identifier: MIT */
/*
 * An endpoint of one's own: leat-hello.so, `hello:NAME?count=N`, frames of text to read (t8l8: type 1, length, "hello, NAME").
 *
 *     cc -shared -fPIC -o leat-hello.so plugin_hello.c
 *     LEAT_PLUGINS=. leat pump --from hello:you?count=3 --frame t8l8 --to -
 *
 * It needs leat's headers, and not its library.
 */
#include <errno.h>
#include <leat/endpoint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hello {
    unsigned char frame[300];
    int64_t bytes, left, at; /* of a frame; frames; within the frame */
};

static int hello_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct hello *hello = calloc(1, sizeof *hello);
    (void)directions;
    if (hello == NULL || strlen(address->rest) > 200) {
        if (error != NULL) {
            *error = (struct leat_error){.code = -EINVAL, .offset = -1};
            snprintf(error->text, sizeof error->text, "%s: a name has 200 bytes at most", address->text);
        }
        free(hello);
        return -EINVAL;
    }
    hello->left = address->key_count > 0 ? atoll(address->values[0]) : 1; /* there is one key, and the name was looked at */
    hello->bytes = 2 + snprintf((char *)hello->frame + 2, sizeof hello->frame - 2, "hello, %s", address->rest);
    hello->frame[0] = 1;
    hello->frame[1] = (unsigned char)(hello->bytes - 2);
    *state = hello;
    return 0;
}

static int hello_fd(void *state, unsigned direction)
{
    (void)state, (void)direction;
    return -1; /* it never has to wait */
}

static int64_t hello_read(void *state, void *span, int64_t bytes)
{
    struct hello *hello = state;
    if (hello->left <= 0)
        return 0; /* the end */
    int64_t got = hello->bytes - hello->at < bytes ? hello->bytes - hello->at : bytes;
    memcpy(span, hello->frame + hello->at, (size_t)got);
    hello->at += got;
    if (hello->at == hello->bytes) {
        hello->at = 0;
        hello->left--;
    }
    return got;
}

static int hello_close(void *state)
{
    free(state);
    return 0;
}

static const char *const keys[] = {"count", NULL};
static const struct leat_transport transport = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "hello",
    .form = "hello:NAME",
    .keys = keys,
    .directions = LEAT_IN,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = hello_open,
    .fd = hello_fd,
    .read = hello_read,
    .close = hello_close,
};
static const struct leat_transport *const transports[] = {&transport};
extern const struct leat_plugin leat_plugin;
const struct leat_plugin leat_plugin = {LEAT_ENDPOINT_VERSION, 1, transports};
