/* SPDX-License-Identifier: MIT */
/* dialect_words.c: words, numbers and fields in a dialect's text. */
#include "dialect_words.h"

#include <stdarg.h>
#include <stdio.h>

#define BLANKS " \t"

static const char *const codec_names[] = {
    [LEAT_TLV_BIG] = "big",         [LEAT_TLV_LITTLE] = "little",         [LEAT_TLV_HOST] = "host",
    [LEAT_TLV_BER_TAG] = "ber-tag", [LEAT_TLV_BER_LENGTH] = "ber-length", [LEAT_TLV_BASE128] = "base128",
    [LEAT_TLV_LEB128] = "leb128",
};
static const char *const how_names[DIALECT_HOWS] = {
    [LEAT_TLV_BY_FIELD] = "by-field", [LEAT_TLV_BY_NUMBER] = "by-number", [LEAT_TLV_SIZED] = "sized",
    [LEAT_TLV_SELF] = "self",         [LEAT_TLV_OPENS] = "opens",         [LEAT_TLV_CLOSES] = "closes",
};

const char *dialect_codec_name(enum leat_tlv_codec codec)
{
    return codec_names[codec];
}

const char *dialect_how_name(enum leat_tlv_how how)
{
    return how_names[how];
}

bool dialect_how_counts(enum leat_tlv_how how)
{
    return how == LEAT_TLV_BY_NUMBER || how == LEAT_TLV_SIZED;
}

bool dialect_is_word(enum leat_tlv_codec codec)
{
    return codec == LEAT_TLV_BIG || codec == LEAT_TLV_LITTLE || codec == LEAT_TLV_HOST;
}

bool dialect_is_seven_bits(enum leat_tlv_codec codec)
{
    return codec == LEAT_TLV_BASE128 || codec == LEAT_TLV_LEB128;
}

uint64_t dialect_mask(enum leat_tlv_codec codec, int32_t bytes, int32_t shift)
{
    if (dialect_is_word(codec))
        return UINT64_MAX >> (64 - 8 * bytes) >> shift;
    return dialect_is_seven_bits(codec) ? UINT64_MAX >> shift : 0;
}

bool dialect_wrong(struct dialect_fault *fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return false;
}

void words_start(struct words *words, const char *value)
{
    size_t bytes = strlen(value);
    bytes = bytes < DIALECT_LINE_MOST ? bytes : DIALECT_LINE_MOST;
    memcpy(words->text, value, bytes);
    words->text[bytes] = '\0';
    words->rest = words->text;
    words_next(words);
}

void words_next(struct words *words)
{
    char *at = words->rest + strspn(words->rest, BLANKS);
    words->word = *at != '\0' ? at : NULL;
    at += strcspn(at, BLANKS);
    words->rest = *at != '\0' ? at + 1 : at;
    *at = '\0';
}

bool words_accept(struct words *words, const char *word)
{
    if (words->word == NULL || strcmp(words->word, word) != 0)
        return false;
    words_next(words);
    return true;
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : 16;
}

bool dialect_number(const char *text, char **end, uint64_t *number)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    int base = hex ? 16 : 10;
    const char *first = hex ? text + 2 : text, *at = first;
    uint64_t sum = 0;
    for (; digit_of(*at) < base; at++) {
        uint64_t digit = (uint64_t)digit_of(*at);
        if (sum > (UINT64_MAX - digit) / (uint64_t)base)
            return false;
        sum = sum * (uint64_t)base + digit;
    }
    if (at == first)
        return false;
    *end = (char *)(uintptr_t)at;
    *number = sum;
    return true;
}

bool words_value(struct words *words, struct dialect_fault *fault, const char *what, uint64_t *number)
{
    char *end;
    uint64_t value;
    if (words->word == NULL || !dialect_number(words->word, &end, &value) || *end != '\0')
        return dialect_wrong(fault, "%s: a number is wanted, such as 5 or 0x7f, not '%s'", what, words->word != NULL ? words->word : "");
    *number = value;
    words_next(words);
    return true;
}

bool words_count(struct words *words, struct dialect_fault *fault, const char *what, int64_t least, int64_t most, int32_t *number)
{
    const char *text = words->word != NULL ? words->word : "";
    bool negative = *text == '-';
    char *end;
    uint64_t value;
    if (!dialect_number(text + negative, &end, &value) || *end != '\0' || value > INT32_MAX ||
        (negative ? -(int64_t)value : (int64_t)value) < least || (negative ? -(int64_t)value : (int64_t)value) > most)
        return dialect_wrong(fault, "%s: a number from %lld to %lld is wanted, not '%s'", what, (long long)least, (long long)most, text);
    *number = negative ? -(int32_t)value : (int32_t)value;
    words_next(words);
    return true;
}

static bool take_codec(struct words *words, struct dialect_fault *fault, enum leat_tlv_codec *codec)
{
    for (int i = LEAT_TLV_BIG; i <= LEAT_TLV_LEB128; i++) {
        if (words_accept(words, codec_names[i])) {
            *codec = (enum leat_tlv_codec)i;
            return true;
        }
    }
    return dialect_wrong(fault, "a field begins with big, little, host, base128, leb128, ber-tag or ber-length, not with '%s'",
                         words->word != NULL ? words->word : "");
}

/* What a field's text has said so far. */
struct said {
    bool at, bytes, shift, mask;
};

/* One of the words behind the codec. *more is false if it is none. */
static bool take_part(struct words *words, struct dialect_fault *fault, struct leat_tlv_field *field, struct said *said, bool *more)
{
    int32_t most = dialect_is_word(field->codec) ? 8 : 10;
    bool *twice = NULL, good = true;
    const char *word = words->word;
    if (words_accept(words, "at"))
        twice = &said->at, good = words_count(words, fault, "at", 0, 8191, &field->at);
    else if (words_accept(words, "behind"))
        twice = &said->at, field->at = LEAT_TLV_BEHIND;
    else if (words_accept(words, "bytes"))
        twice = &said->bytes, good = words_count(words, fault, "bytes", 1, most, &field->bytes);
    else if (words_accept(words, "shift"))
        twice = &said->shift, good = words_count(words, fault, "shift", 0, 63, &field->shift);
    else if (words_accept(words, "mask"))
        twice = &said->mask, good = words_value(words, fault, "mask", &field->mask);
    *more = twice != NULL;
    if (twice == NULL || !good)
        return good;
    if (*twice)
        return dialect_wrong(fault,
                             "a field takes one each of 'at N' or 'behind', 'bytes N', 'shift N' and 'mask N'; one is there twice%s%s",
                             word != NULL && *word != '\0' ? ": " : "", word != NULL ? word : "");
    *twice = true;
    return true;
}

bool words_field(struct words *words, struct dialect_fault *fault, struct leat_tlv_field *field)
{
    struct leat_tlv_field taken = {0};
    struct said said = {0};
    bool more = true;
    if (!take_codec(words, fault, &taken.codec))
        return false;
    bool seven_bits = dialect_is_seven_bits(taken.codec), word = dialect_is_word(taken.codec);
    while (more && words->word != NULL && (word || seven_bits)) {
        if (!take_part(words, fault, &taken, &said, &more))
            return false;
    }
    if (word && (!said.at || !said.bytes))
        return dialect_wrong(fault, "such a field is '%s at N bytes N [shift N] [mask N]', or 'behind' for 'at N'",
                             codec_names[taken.codec]);
    if (seven_bits && (said.at || !said.bytes))
        return dialect_wrong(fault, "such a field is '%s bytes N [shift N] [mask N]', and stands behind what was read before it",
                             codec_names[taken.codec]);
    if (word && taken.shift >= 8 * taken.bytes)
        return dialect_wrong(fault, "shift: a number of %d bytes is shifted by less than %d", taken.bytes, 8 * taken.bytes);
    if (seven_bits)
        taken.at = LEAT_TLV_BEHIND;
    if (!said.mask)
        taken.mask = dialect_mask(taken.codec, taken.bytes, taken.shift);
    *field = taken;
    return true;
}
