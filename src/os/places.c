/* SPDX-License-Identifier: MIT */
/* Places in the program: the calling thread's stack, and what a return address is called. */
#define _GNU_SOURCE
#include "os.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<elfutils/libdwfl.h>)
#include <elfutils/libdwfl.h>
#define LIBDW 1
#else
#define LIBDW 0
#endif

#define MOST_PLACES 32

int leat_port_places(void *context, const void **places, int room)
{
    void *all[MOST_PLACES];
    int count = backtrace(all, room < MOST_PLACES ? room : MOST_PLACES);

    (void)context;
    for (int i = 0; i < count; i++) {
        places[i] = all[i];
    }
    return count;
}

/* ---- the program itself ---- */

static struct {
    uintptr_t base, end; /* end 0: not known */
} program;

/* The first object that is shown is the program. */
static int look_at_program(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes, (void)context;
    program.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        const uintptr_t end = info->dlpi_addr + part->p_vaddr + part->p_memsz;

        if (part->p_type == PT_LOAD && end > program.end) {
            program.end = end;
        }
    }
    return 1;
}

void leat_port_find_program(void)
{
    (void)dl_iterate_phdr(look_at_program, NULL);
}

bool leat_port_in_program(const void *place, uintptr_t *offset)
{
    if ((uintptr_t)place < program.base || (uintptr_t)place >= program.end) {
        return false;
    }
    *offset = (uintptr_t)place - program.base;
    return true;
}

/* ---- names ---- */

/* A call's own address, from the one that it returns to. */
static uintptr_t call_before(const void *place)
{
    return (uintptr_t)place - 1;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

#if LIBDW
/* libdw is looked for when a report is made, and not before: a program that makes none does not need it. */
static struct {
    void *library;
    Dwfl *session;
    char *debuginfo_path;
    Dwfl_Callbacks callbacks;
    __typeof__(dwfl_begin) *begin;
    __typeof__(dwfl_end) *end;
    __typeof__(dwfl_linux_proc_report) *report;
    __typeof__(dwfl_report_end) *report_end;
    __typeof__(dwfl_addrmodule) *module;
    __typeof__(dwfl_module_addrname) *name;
    __typeof__(dwfl_getsrc) *source;
    __typeof__(dwfl_lineinfo) *line;
} dw;

static bool find(const char *name, void *function)
{
    void *found = dlsym(dw.library, name);

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

void leat_port_names_begin(void)
{
    dw.library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (dw.library == NULL) {
        return;
    }
    dw.callbacks.debuginfo_path = &dw.debuginfo_path;
    if (find("dwfl_linux_proc_find_elf", &dw.callbacks.find_elf) && find("dwfl_standard_find_debuginfo", &dw.callbacks.find_debuginfo) &&
        find("dwfl_begin", &dw.begin) && find("dwfl_end", &dw.end) && find("dwfl_linux_proc_report", &dw.report) &&
        find("dwfl_report_end", &dw.report_end) && find("dwfl_addrmodule", &dw.module) && find("dwfl_module_addrname", &dw.name) &&
        find("dwfl_getsrc", &dw.source) && find("dwfl_lineinfo", &dw.line)) {
        dw.session = dw.begin(&dw.callbacks);
    }
    if (dw.session != NULL && (dw.report(dw.session, getpid()) != 0 || dw.report_end(dw.session, NULL, NULL) != 0)) {
        dw.end(dw.session);
        dw.session = NULL;
    }
}

void leat_port_names_end(void)
{
    if (dw.session != NULL) {
        dw.end(dw.session);
        dw.session = NULL;
    }
    if (dw.library != NULL) {
        (void)dlclose(dw.library);
        dw.library = NULL;
    }
}

/* false: not known there. */
static bool name_by_line(const void *place, char *text, size_t bytes)
{
    Dwfl_Module *module = dw.session != NULL ? dw.module(dw.session, call_before(place)) : NULL;
    Dwfl_Line *line = module != NULL ? dw.source(dw.session, call_before(place)) : NULL;
    const char *function = module != NULL ? dw.name(module, call_before(place)) : NULL;
    int number = 0;
    const char *file = line != NULL ? dw.line(line, NULL, &number, NULL, NULL, NULL) : NULL;

    if (file == NULL) {
        return false;
    }
    (void)snprintf(text, bytes, "%s (%s:%d)", function != NULL ? function : "?", last_part(file), number);
    return true;
}
#else
void leat_port_names_begin(void)
{
}

void leat_port_names_end(void)
{
}

static bool name_by_line(const void *place, char *text, size_t bytes)
{
    (void)place, (void)text, (void)bytes;
    return false;
}
#endif

void leat_port_name(const void *place, char *text, size_t bytes)
{
    Dl_info info;

    if (name_by_line(place, text, bytes)) {
        return;
    }
    if (dladdr((const void *)call_before(place), &info) == 0 || info.dli_fname == NULL) {
        (void)snprintf(text, bytes, "%p", place);
    } else if (info.dli_sname != NULL) {
        (void)snprintf(text, bytes, "%s+0x%tx (%s)", info.dli_sname, (const char *)place - (const char *)info.dli_saddr,
                       last_part(info.dli_fname));
    } else {
        (void)snprintf(text, bytes, "%s+0x%tx", last_part(info.dli_fname), (const char *)place - (const char *)info.dli_fbase);
    }
}
