/* SPDX-License-Identifier: MIT */
/* endpoint.c: the grammar of endpoint names, and the registry of transports. */
#define _GNU_SOURCE
#include "transport.h"

#include <leat/os.h>
#include <stdarg.h>
#include <stdio.h>

static const struct leat_transport *const transports[] = {
    &leat_transport_stdio,       &leat_transport_file,       &leat_transport_gen,
    &leat_transport_netlink,     &leat_transport_null,       &leat_transport_pcap,
    &leat_transport_serial,      &leat_transport_tcp,        &leat_transport_tcp_listen,
    &leat_transport_udp,         &leat_transport_udp_listen, &leat_transport_unix,
    &leat_transport_unix_listen, &leat_transport_seqpacket,  &leat_transport_seqpacket_listen,
};
#define TRANSPORTS ((int64_t)(sizeof transports / sizeof transports[0]))

const struct leat_transport *leat_transport_at(int64_t index)
{
    return index >= 0 && index < TRANSPORTS ? transports[index] : NULL;
}

const struct leat_transport *leat_transport_find(const char *scheme)
{
    for (int64_t i = 0; i < TRANSPORTS; i++)
        if (strcmp(transports[i]->scheme, scheme) == 0)
            return transports[i];
    return leat_plugin_find(scheme);
}

/* ---- errors ---- */

static void one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

int leat_endpoint_refuse(struct leat_error *error, const char *endpoint, int code, const char *what, ...)
{
    char reason[LEAT_ADDRESS_BYTES];
    va_list list;

    if (error == NULL)
        return code;
    va_start(list, what);
    vsnprintf(reason, sizeof reason, what, list);
    va_end(list);
    *error = (struct leat_error){.code = code, .offset = -1};
    /* At least half of the text is for the reason. */
    const int most = (int)sizeof error->text / 2 - 8;
    bool whole = strlen(endpoint) <= (size_t)most;
    snprintf(error->text, sizeof error->text, "%.*s%s: %s", most, endpoint, whole ? "" : "...", reason);
    one_line(error->text);
    return code;
}

int leat_endpoint_fail(struct leat_error *error, const char *endpoint, int code, const char *what)
{
    return leat_endpoint_refuse(error, endpoint, code, "%s: %s", what, leat_os_error(-code));
}

/* ---- the grammar ---- */

/* What one parse carries along. */
struct parse {
    struct leat_address *address;
    struct leat_error *error;
    char *store; /* where the next piece goes */
};

#define REFUSE(parse, ...) leat_endpoint_refuse((parse)->error, (parse)->address->text, -EINVAL, __VA_ARGS__)

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns the byte that the escape at `from` stands for, of which `bytes` bytes are left; 0: it is none, or none that is allowed. */
static char escaped(const char *from, size_t bytes)
{
    int high = bytes > 2 ? hex_digit(from[1]) : -1;
    int low = bytes > 2 ? hex_digit(from[2]) : -1;

    return high < 0 || low < 0 ? '\0' : (char)(high * 16 + low);
}

/*
 * *piece is from[0 .. bytes) in the store, unescaped. The store cannot overflow: it has twice the bytes of the text, of which each is
 * stored once, its separator as the terminator, and only host and port once more.
 */
static int take(struct parse *parse, const char **piece, const char *from, size_t bytes)
{
    const char *begin = parse->store;

    for (size_t i = 0; i < bytes; i++) {
        char c = from[i];
        if (c == '%') {
            c = escaped(from + i, bytes - i);
            if (c == '\0')
                return REFUSE(parse, "bad escape \"%.*s\"; %%XX is two hexadecimal digits, not 00", (int)(bytes - i < 3 ? bytes - i : 3),
                              from + i);
            i += 2;
        }
        *parse->store++ = c;
    }
    *parse->store++ = '\0';
    *piece = begin;
    return 0;
}

static int refuse_scheme(struct parse *parse, const char *scheme, const char *plugin)
{
    char known[LEAT_ADDRESS_BYTES] = "";

    for (int64_t i = 0; i < TRANSPORTS; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, " %s", transports[i]->scheme);
    }
    return REFUSE(parse, "unknown scheme \"%.40s\"; known:%s (a file of that name: ./NAME)%s", scheme, known, plugin);
}

/* Of the plug-in that there may be. *transport: NULL: none. */
static int find_in_plugin(struct parse *parse, const char *scheme, const struct leat_transport **transport)
{
    static const char *const packages[] = {"zmq", "nats"};
    char family[32], text[LEAT_ADDRESS_BYTES / 2] = "";
    leat_plugin_family(scheme, family);
    int rc = family[0] == '\0' ? -ENOENT : leat_plugin_load(family, text, sizeof text);
    *transport = rc == 0 ? leat_plugin_find(scheme) : NULL;
    for (size_t i = 0; rc == -ENOENT && i < sizeof packages / sizeof packages[0]; i++) {
        if (strcmp(family, packages[i]) == 0)
            return REFUSE(parse, "needs the plug-in leat-%s.so%s; the package leat-%s has it", family, text, family);
    }
    if (rc == -EINVAL)
        return REFUSE(parse, "the plug-in leat-%s.so: %s", family, text);
    return *transport ? 0 : refuse_scheme(parse, scheme, rc == 0 ? ", and its plug-in has no such scheme" : "");
}

static int refuse_key(struct parse *parse, const char *key, const char *const *keys)
{
    char known[LEAT_ADDRESS_BYTES] = "";

    for (; keys != NULL && *keys != NULL; keys++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, " %s", *keys);
    }
    return REFUSE(parse, "unknown key \"%.40s\"; known to %s:%s", key, parse->address->scheme, known[0] != '\0' ? known : " none");
}

static bool key_known(const char *const *keys, const char *key)
{
    for (; keys != NULL && *keys != NULL; keys++)
        if (strcmp(*keys, key) == 0)
            return true;
    return false;
}

/* One key=value, `bytes` long. */
static int take_key(struct parse *parse, const struct leat_transport *transport, const char *from, size_t bytes)
{
    struct leat_address *address = parse->address;
    const char *equals = memchr(from, '=', bytes), *key = NULL, *value = NULL;

    if (equals == NULL)
        return REFUSE(parse, "key \"%.*s\" without =value", (int)(bytes < 40 ? bytes : 40), from);
    size_t key_bytes = (size_t)(equals - from);
    if (take(parse, &key, from, key_bytes) != 0 || take(parse, &value, equals + 1, bytes - key_bytes - 1) != 0)
        return -EINVAL;
    if (!key_known(transport->keys, key))
        return refuse_key(parse, key, transport->keys);
    if (leat_address_value(address, key) != NULL)
        return REFUSE(parse, "key \"%s\" given twice", key);
    if (address->key_count == LEAT_ADDRESS_KEYS)
        return REFUSE(parse, "more than %d keys", LEAT_ADDRESS_KEYS);
    address->keys[address->key_count] = key;
    address->values[address->key_count++] = value;
    return 0;
}

static bool port_valid(const char *port)
{
    long value = 0;
    const char *digit = port;

    for (; *digit >= '0' && *digit <= '9' && value <= 65535; digit++)
        value = value * 10 + (*digit - '0');
    return digit != port && *digit == '\0' && value <= 65535;
}

/* Host and port out of the rest, which is unescaped. */
static int split_host_port(struct parse *parse)
{
    struct leat_address *address = parse->address;
    const char *rest = address->rest, *host = rest, *host_end, *colon;

    if (*rest == '[') {
        host++;
        host_end = strchr(host, ']');
        if (host_end == NULL)
            return REFUSE(parse, "missing ] after the host");
        colon = host_end + 1;
    } else {
        colon = host_end = strrchr(rest, ':');
        if (colon != NULL && memchr(rest, ':', (size_t)(colon - rest)) != NULL)
            return REFUSE(parse, "an IPv6 host is written in brackets, [::1]:80");
    }
    if (colon == NULL || *colon != ':' || colon[1] == '\0')
        return REFUSE(parse, "missing port; the form is HOST:PORT");
    if (host_end == host)
        return REFUSE(parse, "missing host; the form is HOST:PORT, every address is 0.0.0.0 or [::]");
    if (!port_valid(colon + 1))
        return REFUSE(parse, "bad port \"%.40s\"; a port is a number of 0 to 65535", colon + 1);

    address->host = parse->store;
    memcpy(parse->store, host, (size_t)(host_end - host));
    parse->store += host_end - host;
    *parse->store++ = '\0';
    size_t port_bytes = strlen(colon + 1) + 1;
    address->port = memcpy(parse->store, colon + 1, port_bytes);
    parse->store += port_bytes;
    return 0;
}

/* What follows "scheme:", up to the first ?. */
static int take_rest(struct parse *parse, const struct leat_transport *transport, const char *from, size_t bytes)
{
    struct leat_address *address = parse->address;
    bool slashes = bytes >= 2 && memcmp(from, "//", 2) == 0;
    bool drop = slashes && (transport->rest == LEAT_REST_HOST_PORT || (bytes > 2 && from[2] == '/'));

    if (take(parse, &address->rest, drop ? from + 2 : from, drop ? bytes - 2 : bytes) != 0)
        return -EINVAL;
    if (transport->rest == LEAT_REST_NONE && address->rest[0] != '\0')
        return REFUSE(parse, "nothing may follow; the form is %s", transport->form);
    if (transport->rest == LEAT_REST_NAME && address->rest[0] == '\0')
        return REFUSE(parse, "empty name; the form is %s", transport->form);
    return transport->rest == LEAT_REST_HOST_PORT ? split_host_port(parse) : 0;
}

static int parse_scheme(struct parse *parse, const char *colon)
{
    struct leat_address *address = parse->address;
    size_t bytes = (size_t)(colon - address->text);

    memcpy(parse->store, address->text, bytes);
    parse->store[bytes] = '\0';
    address->scheme = parse->store;
    parse->store += bytes + 1;
    const struct leat_transport *transport = leat_transport_find(address->scheme);
    if (strcmp(address->scheme, "-") == 0)
        return refuse_scheme(parse, address->scheme, "");
    int rc = transport == NULL ? find_in_plugin(parse, address->scheme, &transport) : 0;
    if (rc != 0)
        return rc;

    const char *from = colon + 1;
    size_t rest_bytes = strcspn(from, "?");
    rc = take_rest(parse, transport, from, rest_bytes);
    if (rc != 0 || from[rest_bytes] == '\0')
        return rc;
    for (from += rest_bytes;; from += bytes) {
        from++;
        bytes = strcspn(from, "&");
        rc = take_key(parse, transport, from, bytes);
        if (rc != 0 || from[bytes] == '\0')
            return rc;
    }
}

/* Parses into an address of which nothing is set. */
static int parse_text(struct leat_address *address, const char *text, struct leat_error *error)
{
    struct parse parse = {.address = address, .error = error, .store = address->store};
    size_t bytes = strnlen(text, LEAT_ADDRESS_BYTES);

    if (bytes == 0)
        return leat_endpoint_refuse(error, "\"\"", -EINVAL, "an endpoint needs a name");
    if (bytes == LEAT_ADDRESS_BYTES)
        return leat_endpoint_refuse(error, text, -EINVAL, "longer than %d bytes", LEAT_ADDRESS_BYTES - 1);
    memcpy(address->text, text, bytes + 1);
    address->rest = address->store;
    address->host = address->port = NULL;
    address->key_count = 0;
    address->store[0] = '\0';

    const char *colon = strchr(address->text, ':');
    if (strcmp(text, "-") == 0) {
        address->scheme = "-";
    } else if (colon == NULL || text[0] == '/' || text[0] == '.') {
        address->scheme = "file";
        memcpy(address->store, text, bytes + 1);
    } else {
        return parse_scheme(&parse, colon);
    }
    return 0;
}

int leat_address_parse(struct leat_address *address, const char *text, struct leat_error *error)
{
    /* Twice, so that a failure leaves *address alone; the pieces' pointers forbid a copy. */
    struct leat_address trial;
    int rc = parse_text(&trial, text, error);

    return rc != 0 ? rc : parse_text(address, trial.text, error);
}

const char *leat_address_value(const struct leat_address *address, const char *key)
{
    for (int64_t i = 0; i < address->key_count; i++)
        if (strcmp(address->keys[i], key) == 0)
            return address->values[i];
    return NULL;
}

bool leat_address_valid(const struct leat_address *address)
{
    const struct leat_transport *transport = address->scheme != NULL ? leat_transport_find(address->scheme) : NULL;

    if (transport == NULL || address->rest == NULL || address->key_count < 0 || address->key_count > LEAT_ADDRESS_KEYS)
        return false;
    if ((address->host == NULL) != (address->port == NULL) || (address->port != NULL && !port_valid(address->port)))
        return false;
    for (int64_t i = 0; i < address->key_count; i++)
        if (!key_known(transport->keys, address->keys[i]) || leat_address_value(address, address->keys[i]) != address->values[i])
            return false;
    return true;
}
