/* SPDX-License-Identifier: MIT */
/*
 * pcap.c: pcap:FILE, what the packets of a capture carry, one after the other: of each the bytes from `offset` to its end.
 *
 * Left out and counted are packets that the capture cut short, of which something is missing, and those shorter than `offset`. The first
 * `skip` packets are left out and not counted. libpcap reads the file; it is looked for when such an endpoint is opened and not before, so
 * a program that opens none does not need it.
 */
#define _GNU_SOURCE
#include "transport.h"

#if __has_include(<pcap/pcap.h>)

#include <dlfcn.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OFFSET_BYTES 42 /* Ethernet 14, IPv4 without options 20, UDP 8 */

struct pcap_file {
    void *library;
    __typeof__(pcap_fopen_offline) *open;
    __typeof__(pcap_next_ex) *next;
    __typeof__(pcap_close) *close;
    pcap_t *capture;
    int64_t offset, skip; /* from the keys */
    int64_t to_skip;      /* packets, from here on */
    int64_t lost;
    int ended;                 /* 1: not yet; 0: at its end; a negative errno: it is broken from here on */
    const unsigned char *rest; /* of the packet that was begun, until the next one is asked for */
    int64_t rest_bytes;
    char path[LEAT_ADDRESS_BYTES];
};

static bool find(const struct pcap_file *file, const char *name, void *function)
{
    void *found = dlsym(file->library, name);

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static int find_library(struct pcap_file *file, const struct leat_address *address, struct leat_error *error)
{
    static const char *const names[] = {"libpcap.so.0.8", "libpcap.so.1"}; /* Debian's name, and everybody else's */

    for (size_t i = 0; i < sizeof names / sizeof names[0] && file->library == NULL; i++)
        file->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (file->library == NULL)
        return leat_endpoint_refuse(error, address->text, -ENOSYS, "libpcap is not installed: %s", dlerror());
    if (!find(file, "pcap_fopen_offline", &file->open) || !find(file, "pcap_next_ex", &file->next) ||
        !find(file, "pcap_close", &file->close))
        return leat_endpoint_refuse(error, address->text, -ENOSYS, "libpcap lacks a function: %s", dlerror());
    return 0;
}

/* A capture of its own at the file's start. 0; a negative errno, *what says of what call, or what libpcap said. */
static int open_capture(struct pcap_file *file, char what[PCAP_ERRBUF_SIZE])
{
    struct stat info;
    int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &info) != 0 ? -errno : S_ISDIR(info.st_mode) ? -EISDIR : S_ISREG(info.st_mode) ? 0 : -ESPIPE;
    FILE *stream = rc == 0 ? fdopen(fd, "rb") : NULL;

    what[0] = '\0';
    if (rc == 0 && stream == NULL)
        rc = -errno;
    if (rc != 0) {
        if (fd >= 0)
            close(fd);
        return rc;
    }
    pcap_t *capture = file->open(stream, what);
    if (capture == NULL) {
        fclose(stream);
        return -EBADMSG;
    }
    if (file->capture != NULL)
        file->close(file->capture);
    file->capture = capture;
    file->to_skip = file->skip;
    file->rest_bytes = 0;
    file->ended = 1;
    return 0;
}

static int pcap_end(void *state)
{
    struct pcap_file *file = state;

    if (file->capture != NULL)
        file->close(file->capture);
    if (file->library != NULL)
        dlclose(file->library);
    free(file);
    return 0;
}

static int pcap_begin(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    char what[PCAP_ERRBUF_SIZE];
    int64_t offset = OFFSET_BYTES, skip = 0;
    int rc = leat_value_size(address, "offset", 0, INT32_MAX, &offset, error);

    (void)directions;
    if (rc == 0)
        rc = leat_value_number(address, "skip", 0, INT64_MAX, &skip, error);
    if (rc != 0)
        return rc;
    struct pcap_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return leat_endpoint_fail(error, address->text, -ENOMEM, "open");
    file->offset = offset;
    file->skip = skip;
    memcpy(file->path, address->rest, strlen(address->rest) + 1);
    rc = find_library(file, address, error);
    if (rc == 0 && (rc = open_capture(file, what)) != 0) {
        if (what[0] != '\0')
            leat_endpoint_refuse(error, address->text, rc, "open: libpcap: %s", what);
        else
            leat_endpoint_fail(error, address->text, rc, rc == -ESPIPE ? "only a regular file can be read" : "open");
    }
    if (rc != 0) {
        pcap_end(file);
        return rc;
    }
    *state = file;
    return 0;
}

static int pcap_fd(void *state, unsigned direction)
{
    (void)state, (void)direction;
    return -1;
}

/* The next packet's payload is the rest. False: there is none, `ended` says why; libpcap would not say it twice. */
static bool next_packet(struct pcap_file *file)
{
    struct pcap_pkthdr *header;
    const unsigned char *packet;

    while (file->ended == 1) {
        int rc = file->next(file->capture, &header, &packet);
        if (rc != 1) {
            file->ended = rc == PCAP_ERROR_BREAK ? 0 : -EBADMSG;
        } else if (file->to_skip > 0) {
            file->to_skip--;
        } else if (header->caplen < header->len || header->caplen < file->offset) {
            file->lost++;
        } else if (header->caplen > file->offset) {
            file->rest = packet + file->offset;
            file->rest_bytes = header->caplen - file->offset;
            return true;
        }
    }
    return false;
}

static int64_t pcap_read(void *state, void *span, int64_t bytes)
{
    struct pcap_file *file = state;
    int64_t have = 0;

    if (bytes < 1)
        return -EINVAL;
    while (have < bytes && (file->rest_bytes > 0 || next_packet(file))) {
        int64_t take = file->rest_bytes < bytes - have ? file->rest_bytes : bytes - have;
        memcpy((unsigned char *)span + have, file->rest, (size_t)take);
        file->rest += take;
        file->rest_bytes -= take;
        have += take;
    }
    return have > 0 ? have : file->ended;
}

static int pcap_rewind(void *state)
{
    char what[PCAP_ERRBUF_SIZE];

    return open_capture(state, what);
}

static int64_t pcap_lost(void *state)
{
    return ((const struct pcap_file *)state)->lost;
}

#else /* without libpcap's header: the same name, to say so */

static int pcap_begin(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)state, (void)directions;
    return leat_endpoint_refuse(error, address->text, -ENOSYS, "built without libpcap");
}

static int64_t pcap_read(void *state, void *span, int64_t bytes)
{
    (void)state, (void)span, (void)bytes;
    return -ENOSYS;
}

static int pcap_fd(void *state, unsigned direction)
{
    (void)state, (void)direction;
    return -1;
}

static int pcap_end(void *state)
{
    (void)state;
    return 0;
}

static int pcap_rewind(void *state)
{
    (void)state;
    return -ENOSYS;
}

static int64_t pcap_lost(void *state)
{
    (void)state;
    return 0;
}

#endif

static const char *const pcap_keys[] = {"offset", "skip", NULL};

const struct leat_transport leat_transport_pcap = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "pcap",
    .form = "pcap:FILE",
    .keys = pcap_keys,
    .directions = LEAT_IN,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = pcap_begin,
    .fd = pcap_fd,
    .read = pcap_read,
    .rewind = pcap_rewind,
    .close = pcap_end,
    .lost = pcap_lost,
};
