/* SPDX-License-Identifier: MIT */
/* plugin.c: transports that are shared libraries, loaded when they are named first. */
#define _GNU_SOURCE
#include "transport.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct loaded {
    const struct leat_plugin *plugin;
    struct loaded *next;
};

#ifndef LEAT_PLUGIN_FOLDER /* meson.build says where it installs them */
#define LEAT_PLUGIN_FOLDER "/usr/lib/leat"
#endif

static LEAT_ATOMIC(struct loaded *) all; /* pushed by whoever loads one; nothing is ever taken off */

const struct leat_transport *leat_plugin_find(const char *scheme)
{
    for (const struct loaded *one = leat_load(&all, acquire); one != NULL; one = one->next) /* edge "plugin" */
        for (int32_t i = 0; i < one->plugin->count; i++)
            if (strcmp(one->plugin->transports[i]->scheme, scheme) == 0)
                return one->plugin->transports[i];
    return NULL;
}

void leat_plugin_family(const char *scheme, char family[32])
{
    size_t bytes = strspn(scheme, "abcdefghijklmnopqrstuvwxyz0123456789");

    if (bytes > 30)
        bytes = 0;
    memcpy(family, scheme, bytes);
    family[bytes] = '\0';
}

/* What is wrong with a plug-in; NULL: nothing. */
static const char *fault_of(const struct leat_plugin *plugin)
{
    if (plugin == NULL)
        return "it has no leat_plugin";
    if (plugin->version != LEAT_ENDPOINT_VERSION || plugin->count < 1)
        return "it is made for another version of leat";
    for (int32_t i = 0; i < plugin->count; i++)
        if (plugin->transports[i]->version != LEAT_ENDPOINT_VERSION)
            return "it is made for another version of leat";
    return NULL;
}

/* There is such a file. */
static int load(const char *path, char *text, size_t bytes)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        snprintf(text, bytes, "%s", dlerror());
        return -EINVAL;
    }
    const struct leat_plugin *plugin = dlsym(library, "leat_plugin");
    const char *fault = fault_of(plugin);
    struct loaded *one = fault == NULL ? malloc(sizeof *one) : NULL;
    if (one == NULL) {
        snprintf(text, bytes, "%s: %s", path, fault != NULL ? fault : "no memory");
        dlclose(library);
        return -EINVAL;
    }
    one->plugin = plugin;
    one->next = leat_load(&all, relaxed);                        /* relaxed: the exchange below says whether it still is so */
    while (!leat_cas(&all, &one->next, one, release, relaxed)) { /* edge "plugin" */
    }
    return 0;
}

int leat_plugin_load(const char *family, char *text, size_t bytes)
{
    const char *folders = secure_getenv("LEAT_PLUGINS");

    folders = folders != NULL && folders[0] != '\0' ? folders : LEAT_PLUGIN_FOLDER;
    for (const char *from = folders; from[0] != '\0'; from += from[0] == ':') {
        char path[4096];
        size_t length = strcspn(from, ":");
        int used = snprintf(path, sizeof path, "%.*s/leat-%s.so", (int)(length < 4000 ? length : 4000), from, family);
        if (length > 0 && used < (int)sizeof path && access(path, F_OK) == 0)
            return load(path, text, bytes);
        from += length;
    }
    snprintf(text, bytes, ", which is not in %s", folders);
    return -ENOENT;
}
