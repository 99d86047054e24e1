/* SPDX-License-Identifier: MIT */
/* dialect_reading.h: what the two halves of the reader share: dialect_file.c (lines, keys, names) and dialect_rows.c (tables). */
#ifndef LEAT_CLI_DIALECT_READING_H
#define LEAT_CLI_DIALECT_READING_H

#include "dialect_words.h"

/* A dialect's name that waits for all sections to be known. */
struct dialect_reference {
    const struct leat_tlv_dialect **place;
    const char *name;
    int64_t line;
};

/*
 * All that a file gives, in one piece of memory. No line makes more than one row, nor more letters and parts than it has bytes, so lines
 * and bytes say how much is wanted. The rows of one dialect lie side by side, since a section is in one piece.
 */
struct dialect_file {
    int32_t dialect_count;
    struct leat_tlv_dialect *dialects;
    int64_t *lines; /* of their headings */
    /* The places not yet taken. */
    struct leat_tlv_escape *type_escapes, *length_escapes;
    struct leat_tlv_kind *kinds;
    struct leat_tlv_mark *marks;
    struct leat_tlv_nest *nests;
    struct leat_tlv_name *names;
    struct dialect_reference *references, *first_reference;
    unsigned char *marker;
    char *letters;
};

struct dialect_reading {
    struct dialect_file *file;
    struct dialect_fault *fault;
    bool failed;
    const char *text; /* not yet read */
    const char *end;
    int64_t line;                     /* read last, from 1 */
    int64_t heading;                  /* the line of a heading, of whose section no key was seen; 0: none */
    struct leat_tlv_dialect *dialect; /* the section's; NULL: before the first */
    uint64_t seen;                    /* keys of the section, a bit each */
};

/* dialect_file.c */
const char *dialect_keep(struct dialect_reading *reading, const char *text); /* a copy that stays */
void dialect_refer(struct dialect_reading *reading, const char *name, const struct leat_tlv_dialect **place);

/* dialect_rows.c: each takes the value of its key. False: it is wrong, and the fault says why. */
bool dialect_take_type_escape(struct dialect_reading *reading, struct words *words);
bool dialect_take_length_escape(struct dialect_reading *reading, struct words *words);
bool dialect_take_kind(struct dialect_reading *reading, struct words *words);
bool dialect_take_mark(struct dialect_reading *reading, struct words *words);
bool dialect_take_nest(struct dialect_reading *reading, struct words *words);
bool dialect_take_name(struct dialect_reading *reading, struct words *words);
bool dialect_take_marker(struct dialect_reading *reading, struct words *words);

#endif
