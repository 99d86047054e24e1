/* SPDX-License-Identifier: MIT */
/*
 * runner/cmocka.h: what leat's tests use of cmocka, for machines where there is none: -Itests/runner before other folders, and runner.c.
 * A test that fails ends by longjmp, as there; one that fails on a thread of its own ends the program.
 */
#ifndef LEAT_RUNNER_CMOCKA_H
#define LEAT_RUNNER_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(function) \
    {                              \
#function, function        \
    }
#define cmocka_run_group_tests(tests, setup, teardown) cmocka_run_group_tests_name(#tests, (tests), (setup), (teardown))
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
    runner_run((name), (tests), sizeof(tests) / sizeof(tests)[0], (setup), (teardown))

/* Runs setup, the tests one by one, and teardown (NULL: none). Returns how many failed, after one line with all three counts. */
int runner_run(const char *name, const struct CMUnitTest *tests, size_t count, int (*setup)(void **state), int (*teardown)(void **state));

/* Ends the test that runs; `why` is printed. */
_Noreturn void runner_skip(const char *why, const char *file, int line);
_Noreturn void runner_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

void runner_int_equal(uintmax_t left, uintmax_t right, bool wanted, const char *file, int line);
void runner_in_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *file, int line);
void runner_memory_equal(const void *left, const void *right, size_t bytes, const char *file, int line);
void runner_string_equal(const char *left, const char *right, bool wanted, const char *file, int line);
void print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define print_error print_message

#define RUNNER_HOLDS(condition, not, text) ((condition) ? (void)0 : runner_fail(__FILE__, __LINE__, "%s: %s", (not ), (text)))
#define assert_true(condition) RUNNER_HOLDS((condition), "not true", #condition)
#define assert_false(condition) RUNNER_HOLDS(!(condition), "not false", #condition)
#define assert_null(pointer) RUNNER_HOLDS((pointer) == NULL, "not NULL", #pointer)
#define assert_non_null(pointer) RUNNER_HOLDS((pointer) != NULL, "NULL", #pointer)
#define assert_int_equal(left, right) runner_int_equal((uintmax_t)(left), (uintmax_t)(right), true, __FILE__, __LINE__)
#define assert_int_not_equal(left, right) runner_int_equal((uintmax_t)(left), (uintmax_t)(right), false, __FILE__, __LINE__)
#define assert_ptr_equal(left, right) runner_int_equal((uintptr_t)(left), (uintptr_t)(right), true, __FILE__, __LINE__)
#define assert_ptr_not_equal(left, right) runner_int_equal((uintptr_t)(left), (uintptr_t)(right), false, __FILE__, __LINE__)
#define assert_in_range(value, least, most) runner_in_range((uintmax_t)(value), (uintmax_t)(least), (uintmax_t)(most), __FILE__, __LINE__)
#define assert_memory_equal(left, right, bytes) runner_memory_equal((left), (right), (size_t)(bytes), __FILE__, __LINE__)
#define assert_string_equal(left, right) runner_string_equal((left), (right), true, __FILE__, __LINE__)
#define assert_string_not_equal(left, right) runner_string_equal((left), (right), false, __FILE__, __LINE__)
#define fail() runner_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...) runner_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip() runner_skip("says so itself", __FILE__, __LINE__)

#endif
