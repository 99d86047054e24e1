/* SPDX-License-Identifier: MIT */
/* endpoint.c: endpoint names of the command line, checked before anything is opened. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"

#include <argp.h>
#include <stdio.h>
#include <sys/stat.h>

bool cli_endpoint_valid(const char *endpoint)
{
    struct leat_address address;
    struct leat_error error = {0};
    int code = leat_address_parse(&address, endpoint, &error);
    if (code != 0)
        cli_link_error(&error, endpoint, code);
    return code == 0;
}

const struct leat_transport *cli_endpoint_transport(const char *endpoint, struct leat_address *address)
{
    struct leat_error error = {0};
    return leat_address_parse(address, endpoint, &error) == 0 ? leat_transport_find(address->scheme) : NULL;
}

bool cli_endpoint_listens(const char *endpoint)
{
    struct leat_address address;
    const struct leat_transport *transport = cli_endpoint_transport(endpoint, &address);
    const char *bind = transport != NULL ? leat_address_value(&address, "bind") : NULL; /* ZeroMQ's way to say it */
    return transport != NULL && (transport->accept != NULL || (bind != NULL && strcmp(bind, "1") == 0));
}

bool cli_endpoint_reconnects(const char *endpoint)
{
    struct leat_address address;
    const struct leat_transport *transport = cli_endpoint_transport(endpoint, &address);
    return transport != NULL && transport->reconnects;
}

bool cli_endpoint_is_file(const char *endpoint)
{
    struct leat_address address;
    return cli_endpoint_transport(endpoint, &address) != NULL && strcmp(address.scheme, "file") == 0;
}

bool cli_endpoint_follow(const char *endpoint, char *name, size_t room)
{
    struct leat_address address;
    struct leat_error error = {0};
    size_t used = 0;
    if (leat_address_parse(&address, endpoint, &error) != 0 || strcmp(address.scheme, "file") != 0)
        return false;
    if (strncmp(endpoint, "file:", 5) == 0)
        return (size_t)snprintf(name, room, "%s%cfollow=1", endpoint, address.key_count > 0 ? '&' : '?') < room;
    used = (size_t)snprintf(name, room, "file:");
    for (const char *at = endpoint; *at != '\0' && used + 4 < room; at++)
        used += (size_t)snprintf(name + used, room - used, *at == '%' || *at == '?' ? "%%%02x" : "%c", (unsigned char)*at);
    return (size_t)snprintf(name + used, room - used, "?follow=1") < room - used;
}

int64_t cli_endpoint_linger_ms(const char *endpoint)
{
    struct leat_address address;
    int64_t linger_ms = 10000;
    const char *text = cli_endpoint_transport(endpoint, &address) != NULL ? leat_address_value(&address, "linger_ms") : NULL;
    if (text != NULL)
        cli_parse_size(text, 0, &linger_ms);
    return linger_ms;
}

/* The regular file that an endpoint names; false: it names none. */
static bool regular_file(const char *endpoint, struct stat *file)
{
    struct leat_address address;
    struct leat_error error = {0};
    return leat_address_parse(&address, endpoint, &error) == 0 && strcmp(address.scheme, "file") == 0 && stat(address.rest, file) == 0 &&
           S_ISREG(file->st_mode);
}

bool cli_endpoint_read_again(const char *endpoint)
{
    struct leat_address address;
    struct stat file;
    const struct leat_transport *transport = cli_endpoint_transport(endpoint, &address);
    if (transport == NULL || transport->rewind == NULL)
        return false;
    return strcmp(address.scheme, "file") == 0 || strcmp(address.scheme, "-") == 0 ? regular_file(endpoint, &file) : true;
}

bool cli_endpoints_same_file(const char *one, const char *other)
{
    struct stat a;
    struct stat b;
    return regular_file(one, &a) && regular_file(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void cli_announce(const struct leat_link *link, const char *endpoint)
{
    if (!cli_endpoint_listens(endpoint))
        return;
    const char *name = leat_link_name(link);
    cli_error("listening on %s", name != NULL ? name : endpoint);
}

int cli_open_exit(int error)
{
    /* What the link says of its options and of the endpoint's name; every other errno is the device's. */
    return error == -EINVAL || error == -ESPIPE || error == -ENOTSUP ? CLI_USAGE : CLI_IO;
}

char *cli_help_endpoints(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    char *help = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&help, &bytes);
    if (stream == NULL)
        return (char *)(uintptr_t)text;
    fprintf(stream, "%s%sEndpoints:\n", text != NULL ? text : "", text != NULL ? "\n\n" : "");
    for (int64_t i = 0; leat_transport_at(i) != NULL; i++) {
        const struct leat_transport *transport = leat_transport_at(i);
        bool in = (transport->directions & LEAT_IN) != 0;
        bool out = (transport->directions & LEAT_OUT) != 0;
        fprintf(stream, "  %-28s %s\n", transport->form, in && out ? "from and to" : in ? "from" : "to");
        for (const char *const *name = transport->keys; name != NULL && *name != NULL; name++)
            fprintf(stream, "%s%s=%s", name == transport->keys ? "      ?" : " &", *name, name[1] == NULL ? "\n" : "");
    }
    fclose(stream);
    return help;
}
