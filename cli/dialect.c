/* SPDX-License-Identifier: MIT */
/* dialect.c: the dialects that the command line may name: those built in, and those of --dialect-file. */
#include "cli.h"
#include "dialect_file.h"

#include <stdio.h>
#include <stdlib.h>

static struct dialect_file *from_file; /* of the one --dialect-file; freed when the process exits */

static void free_file(void)
{
    dialect_file_free(from_file);
}

/* Reads all of it, and one byte more than it may have. Returns 0, *text to be freed; or -errno. */
static int read_text(const char *path, char **text, int64_t *bytes)
{
    FILE *file = fopen(path, "re");
    int code = 0;
    if (file == NULL)
        return -errno;
    char *whole = malloc(DIALECT_FILE_MOST + 1);
    if (whole == NULL)
        code = -ENOMEM;
    else
        *bytes = (int64_t)fread(whole, 1, DIALECT_FILE_MOST + 1, file);
    if (code == 0 && ferror(file))
        code = errno != 0 ? -errno : -EIO;
    fclose(file);
    if (code == 0)
        *text = whole;
    else
        free(whole);
    return code;
}

int cli_dialect_file(const char *path)
{
    struct dialect_fault fault;
    char *text = NULL;
    int64_t bytes = 0;
    if (from_file != NULL) {
        cli_error("--dialect-file=%s: one file at most is wanted; it may hold many dialects", path);
        return CLI_USAGE;
    }
    int code = read_text(path, &text, &bytes);
    if (code != 0) {
        cli_error("%s: %s", path, strerror(-code));
        return CLI_IO;
    }
    code = dialect_file_parse(&from_file, text, bytes, &fault);
    free(text);
    if (code == 0) {
        atexit(free_file);
        return CLI_DONE;
    }
    if (code != -EINVAL)
        cli_error("%s: %s", path, strerror(-code));
    else if (fault.line == 0)
        cli_error("%s: %s", path, fault.text);
    else
        cli_error("%s:%lld: %s", path, (long long)fault.line, fault.text);
    return code == -EINVAL ? CLI_USAGE : CLI_IO;
}

const struct leat_tlv_dialect *cli_dialect_at(int64_t index)
{
    int64_t count = 0;
    while (leat_tlv_dialect_at(count) != NULL)
        count++;
    if (index < count)
        return leat_tlv_dialect_at(index);
    return from_file != NULL ? dialect_file_at(from_file, index - count) : NULL;
}

/* fixed:N, or NULL. */
static const struct leat_tlv_dialect *fixed_frames(const char *name)
{
    static const char prefix[] = "fixed:";
    static struct leat_tlv_dialect fixed = {.name = "fixed", .rule = "frames of a fixed size", .cut = LEAT_TLV_CUT_FIXED};
    bool good = strncmp(name, prefix, sizeof prefix - 1) == 0 && cli_parse_size(name + sizeof prefix - 1, 1, &fixed.cut_bytes) &&
                leat_tlv_dialect_ready(&fixed, NULL) == 0;
    return good ? &fixed : NULL;
}

const struct leat_tlv_dialect *cli_dialect(const char *name)
{
    const struct leat_tlv_dialect *dialect = leat_tlv_dialect(name);
    char known[880] = " fixed:N";
    size_t used = strlen(known);
    if (dialect == NULL && from_file != NULL)
        dialect = dialect_file_find(from_file, name);
    if (dialect == NULL)
        dialect = fixed_frames(name);
    if (dialect != NULL)
        return dialect;
    for (int64_t i = 0; from_file != NULL && dialect_file_at(from_file, i) != NULL && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", dialect_file_at(from_file, i)->name);
    for (int64_t i = 0; leat_tlv_dialect_at(i) != NULL && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", leat_tlv_dialect_at(i)->name);
    cli_error("unknown dialect '%s'; known:%s", name, known);
    return NULL;
}
