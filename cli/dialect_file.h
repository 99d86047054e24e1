/* SPDX-License-Identifier: MIT */
/*
 * dialect_file.h: dialects as text, in an INI file: a section each, with keys named as the members of struct leat_tlv_dialect.
 * doc/tlv.md, "Dialects as text", says what each key takes. The reader takes all its memory at once, from text that is there as a whole;
 * what it gives stays until the file is freed.
 */
#ifndef LEAT_CLI_DIALECT_FILE_H
#define LEAT_CLI_DIALECT_FILE_H

#include <leat/dialect.h>

/* Every limit of such a file. */
#define DIALECT_FILE_MOST 262144 /* bytes */
#define DIALECT_LINES_MOST 16384 /* in it */
#define DIALECT_LINE_MOST 190    /* bytes of one, without the indent; inih takes 197 */
#define DIALECT_SECTIONS_MOST 64 /* dialects in it */
#define DIALECT_ROWS_MOST 1024   /* of one table of one dialect */
#define DIALECT_NAME_MOST 40     /* letters of a dialect's name; inih takes 49 */
#define DIALECT_FAULT_CHARS 512

struct dialect_file;

/* What is wrong: one line for people, that says also what is allowed. */
struct dialect_fault {
    int64_t line; /* from 1; 0: the file as a whole */
    char text[DIALECT_FAULT_CHARS];
};

/*
 * Reads the text of a whole file.
 *
 * @param file   set on success; the caller frees it
 * @param text   need not stay
 * @param bytes  of text; more than DIALECT_FILE_MOST is a fault
 * @param fault  set on -EINVAL
 * Returns 0; -EINVAL: a fault of the text; -ENOMEM.
 */
int dialect_file_parse(struct dialect_file **file, const char *text, int64_t bytes, struct dialect_fault *fault);

/* Frees it, and the dialects in it. NULL is allowed. */
void dialect_file_free(struct dialect_file *file);

/* The dialects in the order of the file: 0, 1, 2 ... NULL: past the last. They are as constant as the file. */
const struct leat_tlv_dialect *dialect_file_at(const struct dialect_file *file, int64_t index);

/* The dialect of that name in the file; NULL: none. */
const struct leat_tlv_dialect *dialect_file_find(const struct dialect_file *file, const char *name);

/* Whether a dialect may have that name: 1 to DIALECT_NAME_MOST letters, digits, and - _ . */
bool dialect_name_valid(const char *name);

/*
 * Prints a dialect in the very form that dialect_file_parse reads, and behind it every dialect that it refers to, directly or not, and
 * that is not built in under its name; those get names of their own where several have one (nlattr, nlattr-2).
 *
 * @param text   set on success; the caller frees it
 * @param bytes  of text
 * @param as     the name of the first section; NULL: the dialect's own
 * Returns 0; -EMSGSIZE: more dialects, or a longer line, than a file may have; -ENOMEM.
 */
int dialect_print(char **text, size_t *bytes, const struct leat_tlv_dialect *dialect, const char *as);

#endif
