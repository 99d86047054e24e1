/* SPDX-License-Identifier: MIT */
/* What the tests of endpoints share: an open endpoint, waiting as its user does, and a folder for this run. Define _GNU_SOURCE first. */
#ifndef LEAT_ENDPOINT_SUPPORT_H
#define LEAT_ENDPOINT_SUPPORT_H

#include "test.h"

#include <leat/endpoint.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64]; /* a new one, for this run */

/* An open endpoint. */
struct end {
    const struct leat_transport *transport;
    void *state;
};

static inline int end_open(struct end *end, const char *text, unsigned directions, struct leat_error *error)
{
    static struct leat_address address;
    memset(error, 0, sizeof *error);
    int rc = leat_address_parse(&address, text, error);
    if (rc != 0)
        return rc;
    assert_true(leat_address_valid(&address));
    end->transport = leat_transport_find(address.scheme);
    return end->transport->open(&end->state, &address, directions, error);
}

static inline void must_open(struct end *end, const char *text, unsigned directions)
{
    struct leat_error error;
    if (end_open(end, text, directions, &error) != 0)
        fail_msg("%s", error.text);
}

/* Opening fails, and says so in one line that begins with the endpoint. */
static inline void must_not_open(const char *text, unsigned directions, int code, const char *words)
{
    struct end end;
    struct leat_error error;
    int rc = end_open(&end, text, directions, &error);
    if (rc != code || error.code != code || strncmp(error.text, text, strlen(text)) != 0 || strstr(error.text, words) == NULL)
        fail_msg("%s: %d, not %d: \"%s\", not with \"%s\"", text, rc, code, error.text, words);
}

static inline int64_t end_read(struct end *end, void *data, int64_t bytes)
{
    return end->transport->read(end->state, data, bytes);
}

static inline int64_t end_write(struct end *end, const char *data)
{
    struct leat_span span = {.data = (unsigned char *)(uintptr_t)data, .bytes = (int64_t)strlen(data)};
    return end->transport->write(end->state, &span, 1);
}

static inline int end_close(struct end *end)
{
    return end->transport->close(end->state);
}

/* Waits until the endpoint is ready in that direction, as whoever uses it does. */
static inline void end_wait(struct end *end, unsigned direction)
{
    struct pollfd ready = {.fd = end->transport->fd(end->state, direction), .events = direction == LEAT_IN ? POLLIN : POLLOUT};
    assert_true(ready.fd >= 0);
    if (poll(&ready, 1, 10000) != 1)
        fail_msg("fd %d is not ready in 10 s", ready.fd);
}

static inline void end_accept(struct end *end)
{
    struct leat_error error;
    int rc;
    while ((rc = end->transport->accept(end->state, &error)) == -EAGAIN)
        end_wait(end, LEAT_IN);
    assert_int_equal(rc, 0);
}

/* Reads to the end or until `bytes` are there. */
static inline int64_t end_read_all(struct end *end, char *data, int64_t bytes)
{
    int64_t have = 0;
    while (have < bytes) {
        int64_t got = end_read(end, data + have, bytes - have);
        if (got == -EAGAIN) {
            end_wait(end, LEAT_IN);
            continue;
        }
        if (got < 0)
            fail_msg("read: %s", strerror((int)-got));
        if (got == 0)
            break;
        have += got;
    }
    return have;
}

/* What is written to `from` comes out of `to`, and the other way round; then the end is seen. */
static inline void check_both_ways(struct end *from, struct end *to)
{
    char data[64];
    assert_int_equal(end_read(to, data, sizeof data), -EAGAIN);
    assert_int_equal(end_write(from, "there"), 5);
    assert_int_equal(end_read_all(to, data, 5), 5);
    assert_memory_equal(data, "there", 5);
    assert_int_equal(end_write(to, "and back"), 8);
    assert_int_equal(end_read_all(from, data, 8), 8);
    assert_memory_equal(data, "and back", 8);
    from->transport->end_output(from->state);
    assert_int_equal(end_read_all(to, data, 1), 0);
    assert_int_equal(end_write(to, "still"), 5);
    assert_int_equal(end_read_all(from, data, 5), 5);
    assert_int_equal(end_read(from, data, 0), -EINVAL);
}

/* "FORMAT" of a name in the folder of this run; good until the next two calls. */
static inline const char *in_folder(const char *format)
{
    static char text[3][300];
    static int next;
    next = (next + 1) % 3;
    int bytes = snprintf(text[next], sizeof text[next], format, folder);
    assert_true(bytes > 0 && bytes < (int)sizeof text[next]);
    return text[next];
}

static inline void write_file(const char *path, const char *data)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(data, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void check_file(const char *path, const char *data)
{
    char have[200] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    have[fread(have, 1, sizeof have - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(have, data);
}

static inline void check_close_on_exec(struct end *end, unsigned direction)
{
    int flags = fcntl(end->transport->fd(end->state, direction), F_GETFD);
    assert_true(flags >= 0 && (flags & FD_CLOEXEC) != 0);
}

/* How many fds are open. */
static inline int count_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/leat-endpoint-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

#endif
