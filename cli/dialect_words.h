/* SPDX-License-Identifier: MIT */
/* dialect_words.h: the words of one value in a dialect's text. Private to the reader (dialect_file.c, dialect_rows.c) and the printer. */
#ifndef LEAT_CLI_DIALECT_WORDS_H
#define LEAT_CLI_DIALECT_WORDS_H

#include "dialect_file.h"

/* A value as words with blanks between them. */
struct words {
    const char *word; /* the one to be taken next; NULL: none is left */
    char *rest;       /* what stands behind it */
    char text[DIALECT_LINE_MOST + 1];
};

void words_start(struct words *words, const char *value); /* value: at most DIALECT_LINE_MOST bytes */
void words_next(struct words *words);                     /* the next word, if any, is the one to be taken */
bool words_accept(struct words *words, const char *word); /* takes the word if it is this one */

/* Sets the fault's text, and returns false, so that it ends a function that failed. */
bool dialect_wrong(struct dialect_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Numbers are decimal, or hex behind 0x. Each takes one word; false: it is none, or out of its bounds, and the fault says so. */
bool words_count(struct words *words, struct dialect_fault *fault, const char *what, int64_t least, int64_t most, int32_t *number);
bool words_value(struct words *words, struct dialect_fault *fault, const char *what, uint64_t *number);
bool dialect_number(const char *text, char **end, uint64_t *number); /* *end: behind the digits; false: no digits, or above 64 bits */
bool words_field(struct words *words, struct dialect_fault *fault, struct leat_tlv_field *field); /* up to a word that is none of it */

/* The mask of a field whose text has none: all the bits that there are. */
uint64_t dialect_mask(enum leat_tlv_codec codec, int32_t bytes, int32_t shift);
bool dialect_is_word(enum leat_tlv_codec codec);
bool dialect_is_seven_bits(enum leat_tlv_codec codec);
const char *dialect_codec_name(enum leat_tlv_codec codec);
const char *dialect_how_name(enum leat_tlv_how how);
bool dialect_how_counts(enum leat_tlv_how how); /* a number stands behind it */
#define DIALECT_HOWS 6

#endif
