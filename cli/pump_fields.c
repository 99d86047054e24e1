/* SPDX-License-Identifier: MIT */
/* pump_fields.c: what stands in the items of a frame, for `leat pump --filter` and `--key`. */
#include "pump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what is asked for ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(struct pump_filter *filter, const char *digits)
{
    const size_t length = strlen(digits);
    if (length % 2 != 0 || length / 2 > sizeof filter->hex)
        return false;
    for (size_t i = 0; i < length; i++) {
        const int digit = hex_digit(digits[i]);
        if (digit < 0)
            return false;
        filter->hex[i / 2] = (unsigned char)(filter->hex[i / 2] << 4 | digit);
    }
    filter->bytes = filter->hex;
    filter->byte_count = (int64_t)(length / 2);
    return true;
}

static bool read_number(struct pump_filter *filter, const char *digits)
{
    for (; *digits != '\0'; digits++) {
        const uint64_t digit = (uint64_t)(*digits - '0');
        if (filter->number > (UINT64_MAX - digit) / 10)
            return false;
        filter->number = filter->number * 10 + digit;
    }
    return true;
}

const char *pump_filter_read(struct pump_filter *filter, const struct leat_tlv_dialect *dialect)
{
    char path[512];
    const char *equals = strchr(filter->text, '=');
    const size_t bytes = equals != NULL ? (size_t)(equals - filter->text) : sizeof path;
    if (bytes >= sizeof path)
        return "PATH=VALUE is wanted, such as 30/30/02=17";
    memcpy(path, filter->text, bytes);
    path[bytes] = '\0';
    if (leat_tlv_path_read(&filter->path, dialect, path) != 0)
        return "its path is to be up to 16 types with / between, such as 30/30/02; * for any";
    const char *value = equals + 1;
    filter->form = PUMP_FORM_BYTES;
    if (strncmp(value, "0x", 2) == 0)
        return read_hex(filter, value + 2) ? NULL : "0x and an even number of hex digits is wanted, 256 bytes at most";
    if (*value != '\0' && strspn(value, "0123456789") == strlen(value)) {
        filter->form = PUMP_FORM_NUMBER;
        return read_number(filter, value) ? NULL : "a number of 64 bits at most is wanted";
    }
    filter->is_text = true;
    filter->bytes = (const unsigned char *)value;
    filter->byte_count = (int64_t)strlen(value);
    return NULL;
}

const char *pump_key_read(struct pump_options *options)
{
    static const char *const names[] = {[PUMP_KEY_TEXT] = ":text", [PUMP_KEY_NUMBER] = ":number", [PUMP_KEY_HEX] = ":hex"};
    char path[512];
    const size_t bytes = strcspn(options->key_text, ":");
    const char *form = options->key_text + bytes;
    options->key_form = PUMP_KEY_AUTO;
    for (int i = PUMP_KEY_TEXT; i <= PUMP_KEY_HEX; i++) {
        if (strcmp(form, names[i]) == 0)
            options->key_form = (enum pump_key)i;
    }
    if ((*form != '\0' && options->key_form == PUMP_KEY_AUTO) || bytes >= sizeof path)
        return "PATH, PATH:text, PATH:number or PATH:hex is wanted";
    memcpy(path, options->key_text, bytes);
    path[bytes] = '\0';
    return leat_tlv_path_read(&options->key_path, options->dialect, path) == 0
               ? NULL
               : "its path is to be up to 16 types with / between, such as 30/30/02; * for any";
}

/* ---- what is there ---- */

bool pump_fields_open(struct pump *pump)
{
    const bool looks = pump->options.filter_count > 0 || pump->options.key_text != NULL;
    if (looks)
        pump->copy = malloc((size_t)pump->options.max_frame);
    return !looks || pump->copy != NULL;
}

void pump_fields_close(struct pump *pump)
{
    free(pump->copy);
    pump->copy = NULL;
}

/* The frame's bytes in one piece: where they are if they are one, else copied. */
static const unsigned char *one_piece(struct pump *pump, struct leat_msg *msg)
{
    const unsigned char *data = leat_msg_data(msg);
    if (data != NULL)
        return data;
    leat_msg_read(msg, 0, pump->copy, leat_msg_size(msg));
    return pump->copy;
}

/* The order of bytes in a value is that of the dialect's own numbers. */
static enum leat_tlv_order order_of(const struct leat_tlv_dialect *dialect)
{
    const enum leat_tlv_codec length = dialect->length.codec, type = dialect->type.codec;
    if (length == LEAT_TLV_HOST || type == LEAT_TLV_HOST)
        return LEAT_TLV_ORDER_HOST;
    /* Protobuf's fixed numbers are little endian, too; its types are what tells it from MQTT. */
    return length == LEAT_TLV_LITTLE || type == LEAT_TLV_LITTLE || type == LEAT_TLV_LEB128 ? LEAT_TLV_ORDER_LITTLE : LEAT_TLV_ORDER_BIG;
}

/* False: the value is empty, or longer than 8 bytes. */
static bool number_of(const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item, uint64_t *number)
{
    for (int32_t i = 0; i < dialect->kind_count; i++) {
        if (dialect->kinds[i].value == item->kind && dialect->kinds[i].how == LEAT_TLV_SELF)
            return leat_tlv_varint(item, number) == 0;
    }
    return leat_tlv_unsigned(item, order_of(dialect), number) == 0;
}

static bool is_it(const struct pump_filter *filter, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item)
{
    uint64_t number = 0;
    if (filter->form == PUMP_FORM_NUMBER)
        return number_of(dialect, item, &number) && number == filter->number;
    const bool zero = filter->is_text && item->length == filter->byte_count + 1 && item->value[filter->byte_count] == '\0';
    return (item->length == filter->byte_count || zero) &&
           (filter->byte_count == 0 || memcmp(item->value, filter->bytes, (size_t)filter->byte_count) == 0);
}

/* A frame that is malformed inside is looked at up to there. */
static bool passes(struct pump *pump, const struct pump_filter *filter, const unsigned char *data, int64_t bytes)
{
    const struct leat_tlv_limits limits = {.max_frame = pump->options.max_frame};
    struct leat_tlv_path path = filter->path;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    if (leat_tlv_cursor_init(&cursor, pump->options.dialect, data, bytes, 0, &limits) != 0)
        return false;
    while (leat_tlv_find(&cursor, &path, &item) == LEAT_TLV_ITEM) {
        if (is_it(filter, leat_tlv_cursor_dialect(&cursor), &item))
            return true;
    }
    return false;
}

bool pump_filters_pass(struct pump *pump, struct leat_msg *msg)
{
    if (pump->options.filter_count == 0)
        return true;
    const unsigned char *data = one_piece(pump, msg);
    for (int64_t i = 0; i < pump->options.filter_count; i++) {
        if (!passes(pump, &pump->options.filters[i], data, leat_msg_size(msg)))
            return false;
    }
    return true;
}

/* Whether the value can be a key as it stands: what can be read, and parts neither words nor tokens. One zero behind it is left out. */
static int64_t key_letters(const struct leat_tlv_item *item)
{
    int64_t letters = item->length;
    if (letters > 1 && item->value[letters - 1] == '\0')
        letters--;
    for (int64_t i = 0; i < letters; i++) {
        const unsigned char c = item->value[i];
        if (c <= ' ' || c > '~' || c == '.' || c == '*' || c == '>')
            return 0;
    }
    return letters;
}

/* An item that has a value, as a key. */
static void write_key(enum pump_key form, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item, char *key)
{
    const bool any = form == PUMP_KEY_AUTO;
    const int64_t letters = any || form == PUMP_KEY_TEXT ? key_letters(item) : 0;
    uint64_t number = 0;
    if (letters > 0) {
        snprintf(key, PUMP_KEY_CHARS + 1, "%.*s", (int)(letters < PUMP_KEY_CHARS ? letters : PUMP_KEY_CHARS), (const char *)item->value);
    } else if ((any || form == PUMP_KEY_NUMBER) && number_of(dialect, item, &number)) {
        snprintf(key, PUMP_KEY_CHARS + 1, "%" PRIu64, number);
    } else if (any || form == PUMP_KEY_HEX) {
        for (int64_t i = 0; i < item->length && i < PUMP_KEY_CHARS / 2; i++)
            snprintf(key + 2 * i, 3, "%02x", item->value[i]);
    }
}

void pump_key(void *context, struct leat_msg *msg, char key[LEAT_KEY_BYTES])
{
    struct pump *pump = context;
    const struct leat_tlv_limits limits = {.max_frame = pump->options.max_frame};
    struct leat_tlv_path path = pump->options.key_path;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    snprintf(key, LEAT_KEY_BYTES, "-");
    if (leat_tlv_cursor_init(&cursor, pump->options.dialect, one_piece(pump, msg), leat_msg_size(msg), 0, &limits) == 0 &&
        leat_tlv_find(&cursor, &path, &item) == LEAT_TLV_ITEM && item.length > 0)
        write_key(pump->options.key_form, leat_tlv_cursor_dialect(&cursor), &item, key);
}
