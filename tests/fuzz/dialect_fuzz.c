/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the input up to its first zero is a dialect file, the rest is data. A file is read or refused with a reason; what was
 * read prints as text that reads and prints as the same again; and every dialect in it walks the data, whose cursor stays valid.
 *
 *     make fuzz (whose first inputs are the dialects built in, printed, and examples/dialects)
 */
#include "../../cli/dialect_file.h"

#include <leat/tlv.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define want(fact) want_at((fact), __LINE__)
static void want_at(bool fact, int line)
{
    if (fact)
        return;
    fprintf(stderr, "dialect_fuzz.c:%d: this does not hold\n", line);
    abort();
}

static void prints_as_it_reads(const struct leat_tlv_dialect *dialect)
{
    struct dialect_fault fault;
    struct dialect_file *again;
    size_t bytes, same_bytes;
    char *text, *same;
    int code = dialect_print(&text, &bytes, dialect, NULL);
    if (code == -EMSGSIZE)
        return; /* a line that grew */
    want(code == 0);
    code = dialect_file_parse(&again, text, (int64_t)bytes, &fault);
    if (code != 0)
        fprintf(stderr, "line %lld: %s\n%s", (long long)fault.line, fault.text, text);
    want(code == 0);
    want(dialect_print(&same, &same_bytes, dialect_file_at(again, 0), NULL) == 0);
    want(bytes == same_bytes && memcmp(text, same, bytes) == 0);
    free(same);
    free(text);
    dialect_file_free(again);
}

static void walk(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes)
{
    const struct leat_tlv_limits limits = {.max_items = 1000};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    want(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, &limits) == 0);
    while (leat_tlv_walk(&cursor, &item) == LEAT_TLV_ITEM) {
        want(leat_tlv_cursor_valid(&cursor));
        want(item.value >= data && item.length <= data + bytes - item.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    int64_t bytes = zero != NULL ? zero - data : (int64_t)size;
    struct dialect_fault fault;
    struct dialect_file *file = NULL;
    int code = dialect_file_parse(&file, (const char *)data, bytes, &fault);
    want(code == 0 || (code == -EINVAL && file == NULL && fault.text[0] != '\0' && fault.line >= 0 && fault.line <= bytes + 1));
    for (int64_t i = 0; code == 0 && dialect_file_at(file, i) != NULL; i++) {
        prints_as_it_reads(dialect_file_at(file, i));
        if (zero != NULL)
            walk(dialect_file_at(file, i), zero + 1, (int64_t)size - bytes - 1);
    }
    dialect_file_free(file);
    return 0;
}
