/* SPDX-License-Identifier: MIT */
/* Places in the program: the calling thread's stack, and what a return address is called. */
#define _GNU_SOURCE
#include "os.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__ /* others have no backtrace(), and reports no places */
#include <execinfo.h>
#else
#define backtrace(all, most) ((void)(all), (most)*0)
#endif

#if __has_include(<elfutils/libdwfl.h>)
#include <dwarf.h>
#include <elfutils/libdw.h>
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

static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

void leat_port_names_lock(void)
{
    (void)pthread_mutex_lock(&naming);
}

void leat_port_names_unlock(void)
{
    (void)pthread_mutex_unlock(&naming);
}

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
    __typeof__(dwfl_module_addrdie) *unit;
    __typeof__(dwfl_module_nextcu) *next_unit;
    __typeof__(dwarf_haspc) *has;
    __typeof__(dwarf_getsrc_die) *source;
    __typeof__(dwarf_linesrc) *line_file;
    __typeof__(dwarf_lineno) *line_number;
    __typeof__(dwarf_getscopes) *scopes;
    __typeof__(dwarf_getscopes_die) *around;
    __typeof__(dwarf_tag) *tag;
    __typeof__(dwarf_attr) *attribute;
    __typeof__(dwarf_formudata) *number;
    __typeof__(dwarf_getsrcfiles) *files;
    __typeof__(dwarf_filesrc) *file;
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
        find("dwfl_module_addrdie", &dw.unit) && find("dwfl_module_nextcu", &dw.next_unit) && find("dwarf_haspc", &dw.has) &&
        find("dwarf_getsrc_die", &dw.source) && find("dwarf_linesrc", &dw.line_file) && find("dwarf_lineno", &dw.line_number) &&
        find("dwarf_getscopes", &dw.scopes) && find("dwarf_getscopes_die", &dw.around) && find("dwarf_tag", &dw.tag) &&
        find("dwarf_attr", &dw.attribute) && find("dwarf_formudata", &dw.number) && find("dwarf_getsrcfiles", &dw.files) &&
        find("dwarf_filesrc", &dw.file)) {
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

/* Is that one of leat's own headers, whose functions are inlined into whoever calls them? */
static bool is_ours(const char *file)
{
    return strstr(file, "leat/pool.h") != NULL || strstr(file, "leat/leat.hpp") != NULL;
}

static bool number_of(Dwarf_Die *die, unsigned name, Dwarf_Word *number)
{
    Dwarf_Attribute attribute;

    return dw.attribute(die, name, &attribute) != NULL && dw.number(&attribute, number) == 0;
}

/* The unit of the program that an address belongs to, or NULL. clang leaves out the table that would say it at once. */
static Dwarf_Die *unit_of(Dwfl_Module *module, uintptr_t address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dw.unit(module, address, bias);

    for (Dwarf_Die *next = NULL; unit == NULL && (next = dw.next_unit(module, next, bias)) != NULL;) {
        unit = dw.has(next, address - *bias) == 1 ? next : NULL;
    }
    return unit;
}

/* While *file is ours: the line that called the inlined function there, from the innermost outwards. */
static void climb(Dwarf_Die *unit, Dwarf_Addr address, const char **file, int *line)
{
    Dwarf_Die *inner = NULL, *scopes = NULL;
    Dwarf_Files *files = NULL;
    size_t known = 0;
    const int found = dw.files(unit, &files, &known) == 0 ? dw.scopes(unit, address, &inner) : 0;
    /* What surrounds the innermost scope in the code; the first call gives what surrounds it in the source. */
    const int count = found > 0 ? dw.around(&inner[0], &scopes) : 0;

    for (int i = 0; i < count && is_ours(*file); i++) {
        Dwarf_Word index = 0, number = 0;

        if (dw.tag(&scopes[i]) == DW_TAG_inlined_subroutine && number_of(&scopes[i], DW_AT_call_file, &index) &&
            number_of(&scopes[i], DW_AT_call_line, &number) && index < known) {
            *file = dw.file(files, (size_t)index, NULL, NULL);
            *line = (int)number;
        }
    }
    free(inner);
    free(scopes);
}

/* false: not known there. */
static bool name_by_line(const void *place, char *text, size_t bytes)
{
    const uintptr_t address = call_before(place);
    Dwarf_Addr bias = 0;
    Dwfl_Module *module = dw.session != NULL ? dw.module(dw.session, address) : NULL;
    const char *function = module != NULL ? dw.name(module, address) : NULL;
    Dwarf_Die *unit = module != NULL ? unit_of(module, address, &bias) : NULL;
    Dwarf_Line *line = unit != NULL ? dw.source(unit, address - bias) : NULL;
    const char *file = line != NULL ? dw.line_file(line, NULL, NULL) : NULL;
    /* What the compiler appends to the names of parts and copies of a function says nothing to a reader. */
    const int length = (int)strcspn(function != NULL ? function : "?", ".");
    int number = 0;

    if (file != NULL && dw.line_number(line, &number) == 0) {
        climb(unit, address - bias, &file, &number);
        (void)snprintf(text, bytes, "%.*s (%s:%d)", length, function != NULL ? function : "?", last_part(file), number);
    } else if (function != NULL) {
        (void)snprintf(text, bytes, "%.*s", length, function);
    }
    return file != NULL || function != NULL;
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
