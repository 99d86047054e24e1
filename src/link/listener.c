/* SPDX-License-Identifier: MIT */
/*
 * Listeners of many peers. What they have in common with a link (an endpoint, a transport's state, options as in force, pools) stands in
 * one that is never wired and never handed out: the model.
 */
#include "link_private.h"

#include <leat/listener.h>

#include <stdio.h>
#include <stdlib.h>

#define MOST_LINKS (INT64_C(1) << 20)

static int open_model(struct leat_link *model, const char *endpoint, const struct leat_listener_options *options, int64_t most_links,
                      struct leat_error *error)
{
    char name[LEAT_ADDRESS_BYTES];
    model->address = malloc(sizeof *model->address);
    if (!model->address)
        return error->code = -ENOMEM;
    int rc = leat_address_parse(model->address, endpoint, error);
    if (rc != 0)
        return rc;
    model->transport = leat_transport_find(model->address->scheme);
    rc = link_check_options(model, options ? &options->link : NULL, error);
    if (rc != 0)
        return rc;
    if (!model->transport->take)
        return link_refuse(model, error, -EINVAL,
                           "cannot serve many peers; a listener can: tcp-listen, unix-listen, unix-seqpacket-listen");
    if (model->options.repeat > 1)
        return link_refuse(model, error, -ESPIPE, "cannot be read again, as repeat wants");
    if (most_links < 1 || most_links > MOST_LINKS)
        return link_refuse(model, error, -EINVAL, "most_links must be 1 to 2^20");
    rc = model->transport->open(&model->state, model->address, model->options.directions | LEAT_MANY, error);
    if (rc != 0)
        return rc;
    model->transport->name(model->state, name, sizeof name);
    rc = link_name(model, name);
    if (rc == 0)
        rc = link_pools_create(&model->pools, &model->options, most_links + 1);
    return rc == 0 ? 0 : link_refuse(model, error, rc, leat_os_error(-rc));
}

int leat_listener_open(struct leat_listener **listener, const char *endpoint, const struct leat_listener_options *options,
                       struct leat_error *error)
{
    struct leat_error ignored;
    struct leat_listener *made = calloc(1, sizeof *made);
    error = error ? error : &ignored;
    *error = (struct leat_error){.code = -ENOMEM, .offset = -1};
    if (made && !(made->model = link_make())) {
        free(made);
        made = NULL;
    }
    if (!made)
        return -ENOMEM;
    made->most_links = options && options->most_links != 0 ? options->most_links : 1024;
    made->host.set = -1;
    int rc = open_model(made->model, endpoint, options, made->most_links, error);
    if (rc == 0 && options && options->merged)
        rc = link_merge(made, error);
    if (rc != 0) {
        leat_listener_close(made);
        return rc;
    }
    error->code = 0;
    *listener = made;
    return 0;
}

/* A link to the peer whose state that is. */
static int make_link(struct leat_link **link, struct leat_link *model, void *state, struct leat_error *error)
{
    struct leat_link *made = link_make();
    if (!made) {
        model->transport->close(state);
        return link_refuse(model, error, -ENOMEM, leat_os_error(ENOMEM));
    }
    made->transport = model->transport;
    made->state = state;
    made->options = model->options;
    made->accepted = true;
    made->lazy = true;
    char name[LEAT_ADDRESS_BYTES];
    made->transport->name(state, name, sizeof name);
    made->pools = model->pools;
    link_pools_share(made->pools);
    int rc = link_name(made, name);
    rc = rc != 0 ? link_refuse(model, error, rc, leat_os_error(-rc)) : link_open_rest(made, error);
    if (rc != 0)
        link_free(made);
    else
        *link = made;
    return rc;
}

bool link_listener_full(const struct leat_listener *listener)
{
    return link_pools_users(listener->model->pools) - 1 >= listener->most_links;
}

int link_listener_take(struct leat_listener *listener, struct leat_link **link, struct leat_error *error)
{
    struct leat_link *model = listener->model;
    void *state = NULL;
    if (link_listener_full(listener)) {
        char full[64];
        snprintf(full, sizeof full, "most_links are open, %lld", (long long)listener->most_links);
        return link_refuse(model, error, -EBUSY, full);
    }
    int rc = model->transport->take(model->state, &state, error);
    if (rc == 0)
        rc = make_link(link, model, state, error);
    listener->accepted += rc == 0;
    return rc;
}

int leat_listener_accept(struct leat_listener *listener, struct leat_link **link, int64_t deadline_ns, struct leat_error *error)
{
    struct leat_error ignored;
    error = error ? error : &ignored;
    *error = (struct leat_error){.offset = -1};
    if (listener->merged)
        return link_refuse(listener->model, error, -EINVAL, "a merged listener accepts by itself");
    for (bool last = deadline_ns == 0;;) {
        int rc = link_listener_take(listener, link, error);
        if (rc != -EAGAIN || last)
            return rc != -EAGAIN || deadline_ns == 0 ? rc : -ETIMEDOUT;
        struct leat_ready ready = {.fd = leat_listener_fd(listener), .in = true};
        leat_os_poll(&ready, 1, deadline_ns);
        last = deadline_ns != LEAT_FOREVER && leat_os_now_ns() >= deadline_ns; /* then one look more */
    }
}

int leat_listener_fd(struct leat_listener *listener)
{
    return listener->merged ? listener->host.set : listener->model->transport->fd(listener->model->state, LEAT_IN);
}

const char *leat_listener_name(const struct leat_listener *listener)
{
    return listener->model->name;
}

void leat_listener_stats(struct leat_listener *listener, struct leat_listener_stats *stats)
{
    const struct leat_link *model = listener->model;
    *stats = (struct leat_listener_stats){
        .accepted = listener->accepted,
        .open = link_pools_users(model->pools) - 1,
        .refused = model->transport->lost(model->state) + listener->failed,
    };
    leat_pool_stats(model->pools->messages, &stats->pool);
}

void leat_listener_close(struct leat_listener *listener)
{
    link_part(listener);
    link_free(listener->model);
    free(listener);
}
