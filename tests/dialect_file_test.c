/* SPDX-License-Identifier: MIT */
/* Dialects as text: what is built in, printed and read again, is the same in every member; what is wrong is told with its line. */
#define _POSIX_C_SOURCE 200809L
#include "../cli/dialect_file.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

/* Dialects taken to be the same, so that those that hold themselves or each other are compared once. */
struct pairs {
    int count;
    struct {
        const struct leat_tlv_dialect *one, *other;
    } at[DIALECT_SECTIONS_MOST];
};

static void same_field(const struct leat_tlv_field *one, const struct leat_tlv_field *other)
{
    assert_int_equal(one->codec, other->codec);
    assert_int_equal(one->at, other->codec == LEAT_TLV_NONE ? one->at : other->at);
    assert_int_equal(one->bytes, other->bytes);
    assert_int_equal(one->shift, other->shift);
    assert_int_equal(one->mask, other->mask);
    assert_int_equal(one->escape_count, other->escape_count);
    for (int32_t i = 0; i < one->escape_count; i++) {
        assert_int_equal(one->escapes[i].value, other->escapes[i].value);
        assert_int_equal(one->escapes[i].bytes, other->escapes[i].bytes);
        assert_int_equal(one->escapes[i].add, other->escapes[i].add);
        assert_int_equal(one->escapes[i].least, other->escapes[i].least);
    }
}

static void same_rows(const struct leat_tlv_dialect *one, const struct leat_tlv_dialect *other)
{
    assert_int_equal(one->kind_count, other->kind_count);
    for (int32_t i = 0; i < one->kind_count; i++) {
        assert_int_equal(one->kinds[i].value, other->kinds[i].value);
        assert_int_equal(one->kinds[i].how, other->kinds[i].how);
        assert_int_equal(one->kinds[i].bytes, other->kinds[i].bytes);
        assert_int_equal(one->kinds[i].extra, other->kinds[i].extra);
        assert_int_equal(one->kinds[i].trailer, other->kinds[i].trailer);
    }
    assert_int_equal(one->mark_count, other->mark_count);
    for (int32_t i = 0; i < one->mark_count; i++) {
        const struct leat_tlv_mark *a = &one->marks[i], *b = &other->marks[i];
        assert_int_equal(a->type, b->type);
        assert_true(a->bare == b->bare && a->end == b->end && a->first_byte == b->first_byte && a->valued == b->valued);
    }
    assert_int_equal(one->name_count, other->name_count);
    for (int32_t i = 0; i < one->name_count; i++) {
        assert_int_equal(one->names[i].type, other->names[i].type);
        assert_string_equal(one->names[i].name, other->names[i].name);
    }
    assert_int_equal(one->marker_bytes, other->marker_bytes);
    if (one->marker_bytes > 0)
        assert_memory_equal(one->marker, other->marker, (size_t)one->marker_bytes);
}

static void same_dialect(struct pairs *pairs, const struct leat_tlv_dialect *one, const struct leat_tlv_dialect *other);

static void same_nests(struct pairs *pairs, const struct leat_tlv_dialect *one, const struct leat_tlv_dialect *other)
{
    assert_int_equal(one->nest_count, other->nest_count);
    for (int32_t i = 0; i < one->nest_count; i++) {
        const struct leat_tlv_nest *a = &one->nests[i], *b = &other->nests[i];
        assert_int_equal(a->first, b->first);
        assert_int_equal(a->last, b->last);
        assert_int_equal(a->value_starts, b->value_starts);
        assert_int_equal(a->fixed_bytes, b->fixed_bytes);
        assert_int_equal(a->area_bytes, b->area_bytes);
        assert_int_equal(a->parts != NULL, b->parts != NULL);
        if (a->parts != NULL)
            assert_string_equal((const char *)a->parts, (const char *)b->parts);
        same_field(&a->type, &b->type);
        same_field(&a->unless, &b->unless);
        same_dialect(pairs, a->inside, b->inside);
    }
}

static void same_dialect(struct pairs *pairs, const struct leat_tlv_dialect *one, const struct leat_tlv_dialect *other)
{
    for (int i = 0; i < pairs->count; i++) {
        if (pairs->at[i].one == one) {
            assert_ptr_equal(pairs->at[i].other, other);
            return;
        }
    }
    if (one == other)
        return;
    assert_non_null(one);
    assert_non_null(other);
    assert_true(pairs->count < DIALECT_SECTIONS_MOST);
    pairs->at[pairs->count].one = one;
    pairs->at[pairs->count++].other = other;
    assert_string_equal(one->rule, other->rule);
    same_field(&one->type, &other->type);
    same_field(&one->length, &other->length);
    same_field(&one->nested, &other->nested);
    same_field(&one->following, &other->following);
    same_field(&one->label, &other->label);
    same_field(&one->control, &other->control);
    same_field(&one->checksum, &other->checksum);
    assert_int_equal(one->header_bytes, other->header_bytes);
    assert_int_equal(one->length_includes, other->length_includes);
    assert_int_equal(one->length_unit, other->length_unit);
    assert_int_equal(one->align, other->align);
    assert_int_equal(one->trailer_bytes, other->trailer_bytes);
    assert_int_equal(one->length_max, other->length_max);
    assert_int_equal(one->first, other->first);
    assert_true(one->shortest == other->shortest && one->indefinite == other->indefinite && one->cumulative == other->cumulative);
    assert_true(one->in_hex == other->in_hex);
    assert_int_equal(one->cut, other->cut);
    assert_int_equal(one->cut_byte, other->cut_byte);
    assert_int_equal(one->cut_bytes, other->cut_bytes);
    assert_int_equal(one->shape, other->shape);
    same_rows(one, other);
    same_nests(pairs, one, other);
    same_dialect(pairs, one->inside, other->inside);
}

static void what_is_built_in_is_the_same_when_it_is_printed_and_read(void **state)
{
    (void)state;
    int64_t count = 0;
    for (const struct leat_tlv_dialect *dialect; (dialect = leat_tlv_dialect_at(count)) != NULL; count++) {
        struct pairs pairs = {0};
        struct dialect_fault fault;
        struct dialect_file *file;
        size_t bytes;
        char *text;
        assert_int_equal(dialect_print(&text, &bytes, dialect, "mine"), 0);
        int code = dialect_file_parse(&file, text, (int64_t)bytes, &fault);
        if (code != 0)
            fail_msg("%s: line %lld: %s", dialect->name, (long long)fault.line, fault.text);
        free(text); /* the file needs it no more */
        assert_non_null(dialect_file_find(file, "mine"));
        assert_ptr_equal(dialect_file_at(file, 0), dialect_file_find(file, "mine"));
        assert_null(dialect_file_find(file, dialect->name));
        same_dialect(&pairs, dialect, dialect_file_at(file, 0));
        dialect_file_free(file);
    }
    assert_true(count > 50);
}

#define HEAD "[x]\nrule = r\nheader_bytes = 2\n"
#define GOOD HEAD "type = big at 0 bytes 1\nlength = big at 1 bytes 1\n"

static void each_fault_is_told_with_its_line_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text;
        int64_t line;
        const char *words;
    } cases[] = {
        {"", 0, "no dialect in it"},
        {"; nothing\n", 0, "no dialect in it"},
        {"rule = r\n", 1, "before the first [NAME]"},
        {"[x]\n", 1, "without a key"},
        {"[x]\n[y]\nrule = r\n", 1, "without a key"},
        {"[x y]\nrule = r\n", 1, "letters, digits"},
        {"[]\nrule = r\n", 1, "letters, digits"},
        {"\n[abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz]\nrule = r\n", 2, "letters, digits"},
        {"[der]\nrule = r\n", 1, "built in"},
        {"[t8l8]\nrule = r\n", 1, "built in"},
        {GOOD "[y]\nrule = r\ntype = big at 0 bytes 1\n[x]\nrule = r\n", 9, "first is in line 1"},
        {"[x\nrule = r\n", 1, "heading"},
        {"[x] y\nrule = r\n", 1, "heading"},
        {"[x]\nwhat is this\n", 2, "KEY = VALUE"},
        {"[x]\ntyep = big at 0 bytes 1\n", 2, "known: rule header_bytes type"},
        {"[x]\nrule = r\nrule = s\n", 3, "a second time"},
        {"[x]\nheader_bytes = 4097\n", 2, "from 0 to 4096"},
        {"[x]\nheader_bytes = two\n", 2, "not 'two'"},
        {"[x]\nheader_bytes = 2 3\n", 2, "behind '3'"},
        {"[x]\nlength_max = 18446744073709551616\n", 2, "a number"},
        {"[x]\nlength_max = -1\n", 2, "a number"},
        {"[x]\nrule =; r\n", 2, "does not begin with ;"},
        {"[x]\nshortest = maybe\n", 2, "yes or no"},
        {"[x]\ntype = 1\n", 2, "big, little, host"},
        {"[x]\ntype = big bytes 1\n", 2, "at N"},
        {"[x]\ntype = big at 0\n", 2, "bytes N"},
        {"[x]\ntype = big at 0 bytes 9\n", 2, "from 1 to 8"},
        {"[x]\ntype = big at 0 bytes 1 shift 8\n", 2, "less than 8"},
        {"[x]\ntype = big at 0 bytes 1 at 1\n", 2, "twice"},
        {"[x]\ntype = leb128 at 0 bytes 1\n", 2, "behind"},
        {"[x]\ntype = ber-tag bytes 1\n", 2, "'bytes'"},
        {GOOD "escape.type = 3\n", 6, "reserved"},
        {GOOD "escape.type = 3 bytes 1\nescape.type = 3 bytes 2\n", 7, "second line for 3"},
        {GOOD "kind = 3 big\n", 6, "by-field"},
        {GOOD "kind = 3 by-number 9\n", 6, "from 1 to 8"},
        {GOOD "mark = 3 end end\n", 6, "each once"},
        {GOOD "mark = 3\nmark = 3 end\n", 7, "second line for 3"},
        {GOOD "nest = 3\n", 6, "inside NAME"},
        {GOOD "nest = 3-1 inside x\n", 6, "FIRST-LAST"},
        {GOOD "nest = 3 inside y\n", 6, "unknown dialect 'y'"},
        {GOOD "nest = 3 inside x parts 0\n", 6, "0 bytes"},
        {GOOD "nest = 3 inside x parts\n", 6, "-4 to 127"},
        {GOOD "nest = 3 inside x inside x\n", 6, "inside NAME"},
        {GOOD "inside = lldq\n", 6, "unknown dialect 'lldq'"},
        {GOOD "name = 3\n", 6, "what people call it"},
        {GOOD "name = 3 one\nname = 0x3 two\n", 7, "second line for 3"},
        {GOOD "marker = f\n", 6, "in hex"},
        {GOOD "marker = fg\n", 6, "in hex"},
        {GOOD "align = 3\n", 1, "power of 2"},
        {"\n[x]\nheader_bytes = 2\ntype = big at 0 bytes 1\nlength = big at 1 bytes 1\n", 2, "a rule is wanted"},
        {HEAD "type = big at 0 bytes 1\n", 1, "length"},
        {HEAD "type = big at 1 bytes 2\nlength = big at 1 bytes 1\n", 1, "within the fixed part"},
        {HEAD "following = big at 0 bytes 1\nlength = big at 1 bytes 1\nescape.type = 1 bytes 1\n", 1, "escape.type goes with type"},
        {GOOD "# \x01\n", 6, "byte 01"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dialect_fault fault;
        struct dialect_file *file = NULL;
        int code = dialect_file_parse(&file, cases[i].text, (int64_t)strlen(cases[i].text), &fault);
        if (code != -EINVAL || file != NULL || fault.line != cases[i].line || strstr(fault.text, cases[i].words) == NULL)
            fail_msg("case %zu: %d, line %lld: '%s', wanted line %lld, '%s'", i, code, (long long)fault.line, fault.text,
                     (long long)cases[i].line, cases[i].words);
    }
}

/* Text of a head and so many times a line with a number in it. */
static char *repeated(const char *head, const char *line, int count, int64_t *bytes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    fputs(head, stream);
    for (int i = 0; i < count; i++) {
        fputs(line, stream);
        fprintf(stream, "%d x\n", i);
    }
    assert_int_equal(fclose(stream), 0);
    *bytes = (int64_t)size;
    return text;
}

static void each_limit_holds_to_the_last_one_allowed(void **state)
{
    static const struct {
        const char *head, *line;
        int most;
        const char *words;
    } cases[] = {
        {GOOD, "name = ", DIALECT_ROWS_MOST, "more than 1024 lines with 'name'"},
        {GOOD, "; ", DIALECT_LINES_MOST - 5, "16384 lines"},
    };
    struct dialect_fault fault;
    struct dialect_file *file;
    int64_t bytes;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int over = 0; over < 2; over++) {
            char *text = repeated(cases[i].head, cases[i].line, cases[i].most + over, &bytes);
            int code = dialect_file_parse(&file, text, bytes, &fault);
            free(text);
            assert_int_equal(code, over != 0 ? -EINVAL : 0);
            if (code == 0)
                dialect_file_free(file);
            else
                assert_non_null(strstr(fault.text, cases[i].words));
        }
    }
    char line[DIALECT_LINE_MOST + 128] = GOOD "name = 1 ";
    size_t head = sizeof GOOD - 1;
    memset(line + head + 9, 'a', DIALECT_LINE_MOST - 9);
    assert_int_equal(dialect_file_parse(&file, line, (int64_t)head + DIALECT_LINE_MOST, &fault), 0);
    assert_int_equal(strlen(leat_tlv_type_name(dialect_file_at(file, 0), 1)), DIALECT_LINE_MOST - 9);
    char *text;
    size_t size;
    assert_int_equal(dialect_print(&text, &size, dialect_file_at(file, 0), NULL), 0);
    free(text);
    dialect_file_free(file);
    line[head + 6] = ' '; /* name=1, so that the line grows when it is printed */
    line[head + 4] = '=';
    line[head + 5] = '1';
    line[head + 7] = 'a';
    line[head + 8] = 'a';
    assert_int_equal(dialect_file_parse(&file, line, (int64_t)head + DIALECT_LINE_MOST, &fault), 0);
    assert_int_equal(dialect_print(&text, &size, dialect_file_at(file, 0), NULL), -EMSGSIZE);
    dialect_file_free(file);
    line[head + DIALECT_LINE_MOST] = 'a';
    assert_int_equal(dialect_file_parse(&file, line, (int64_t)head + DIALECT_LINE_MOST + 1, &fault), -EINVAL);
    assert_int_equal(fault.line, 6);
    char *large = calloc(1, DIALECT_FILE_MOST + 1);
    assert_non_null(large);
    assert_int_equal(dialect_file_parse(&file, large, DIALECT_FILE_MOST + 1, &fault), -EINVAL);
    assert_non_null(strstr(fault.text, "262144 bytes"));
    free(large);
}

static void names_may_refer_forward_and_back_and_to_what_is_built_in(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf; with the mark of UTF-8, indents, CRLF and no newline at the end\r\n"
        "  [one]\r\n\trule: made here = so ; (a comment)\r\n  header_bytes = 0x2\r\n"
        "  type = big at 0 bytes 1\r\n  length = big at 1 bytes 1\r\n"
        "nest = 1 inside two\nnest = 2 inside one\nnest = 3 inside der\nescape.type = 7 bytes 2 add 7\n"
        "[two]\nrule = r\ntype = ber-tag\nlength = ber-length\nnested = big at 0 bytes 1 shift 5 mask 1\ninside = one\n"
        "name = 1 \xc3\xa4 name";
    struct dialect_fault fault;
    struct dialect_file *file;
    (void)state;
    if (dialect_file_parse(&file, text, sizeof text - 1, &fault) != 0)
        fail_msg("line %lld: %s", (long long)fault.line, fault.text);
    const struct leat_tlv_dialect *one = dialect_file_find(file, "one"), *two = dialect_file_at(file, 1);
    assert_non_null(one);
    assert_string_equal(one->rule, "made here = so");
    assert_ptr_equal(one->nests[0].inside, two);
    assert_ptr_equal(one->nests[1].inside, one);
    assert_ptr_equal(one->nests[2].inside, leat_tlv_dialect("der"));
    assert_int_equal(one->type.escape_count, 1);
    assert_ptr_equal(two->inside, one);
    assert_string_equal(leat_tlv_type_name(two, 1), "\xc3\xa4 name");
    assert_null(dialect_file_at(file, 2));
    assert_null(dialect_file_at(file, -1));
    dialect_file_free(file);
    dialect_file_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_in_is_the_same_when_it_is_printed_and_read),
        cmocka_unit_test(each_fault_is_told_with_its_line_and_what_is_allowed),
        cmocka_unit_test(each_limit_holds_to_the_last_one_allowed),
        cmocka_unit_test(names_may_refer_forward_and_back_and_to_what_is_built_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
