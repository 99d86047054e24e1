/* SPDX-License-Identifier: MIT */
/* tlv.c: writes a small DER structure into an array, frames it as a stream would, walks it in place, and finds an item by its path. */
#include <leat/value.h>
#include <stdio.h>

static unsigned char room[256];

static int64_t reserve(void *context, int64_t min_bytes, void **span)
{
    (void)context;
    if (min_bytes > (int64_t)sizeof room)
        return 0;
    *span = room;
    return (int64_t)sizeof room;
}

static void commit(void *context, int64_t bytes)
{
    *(int64_t *)context += bytes;
}

static inline enum leat_tlv_visit print_item(void *context, const struct leat_tlv_item *item)
{
    (void)context;
    printf("%*soffset %lld: type %02llx, %lld bytes\n", 2 * item->depth, "", (long long)item->offset, (unsigned long long)item->type,
           (long long)item->length);
    return LEAT_TLV_INTO;
}

int main(void)
{
    const struct leat_tlv_dialect *der = leat_tlv_dialect("der");
    int64_t written = 0, need = 0;
    const struct leat_sink sink = {reserve, commit, &written};

    /* SEQUENCE { INTEGER 42, SEQUENCE { UTF8String "water" } }: the lengths are set when the items end. */
    struct leat_tlv_writer writer;
    if (leat_tlv_writer_init(&writer, der, &sink, sizeof room) != 0)
        return 1;
    int rc = leat_tlv_begin(&writer, 0x30);
    rc |= leat_tlv_put(&writer, 0x02, "\x2a", 1);
    rc |= leat_tlv_begin(&writer, 0x30);
    rc |= leat_tlv_put(&writer, 0x0c, "water", 5);
    rc |= leat_tlv_end(&writer);
    rc |= leat_tlv_end(&writer);
    if (rc != 0 || leat_tlv_finish(&writer) != written)
        return 1;

    /* A stream has brought three bytes of it: how many make the frame whole? */
    struct leat_tlv_framer framer;
    leat_tlv_framer_init(&framer, der, NULL);
    if (leat_tlv_frame(&framer, room, 3, &need) != LEAT_TLV_NEED)
        return 1;
    printf("3 bytes there, %lld needed\n", (long long)need);
    if (leat_tlv_frame(&framer, room, written, &need) != LEAT_TLV_WHOLE)
        return 1;

    /* The fastest walk: print_item is compiled into the loop. */
    struct leat_tlv_cursor cursor;
    leat_tlv_cursor_init(&cursor, der, room, need, 0, NULL);
    if (leat_tlv_each(&cursor, print_item, NULL) == LEAT_TLV_BAD) {
        const struct leat_tlv_fault *fault = leat_tlv_cursor_fault(&cursor);
        fprintf(stderr, "offset %lld: %s\n", (long long)fault->offset, leat_tlv_rule_text(fault->rule));
        return 1;
    }

    /* The first UTF8String in a SEQUENCE in a SEQUENCE; asked again, it would be the second. */
    struct leat_tlv_path path;
    struct leat_tlv_item item;
    const char *chars;
    int64_t bytes;
    leat_tlv_path_read(&path, der, "30/30/0c");
    leat_tlv_cursor_init(&cursor, der, room, need, 0, NULL);
    if (leat_tlv_find(&cursor, &path, &item) != LEAT_TLV_ITEM || leat_tlv_text(&item, &chars, &bytes) != 0)
        return 1;
    printf("30/30/0c is \"%.*s\"\n", (int)bytes, chars);
    return 0;
}
