/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of CMocka's interface as the unit tests use, in one header, for
 * ARM: Debian has no CMocka for its cross compiler without a second
 * architecture on the machine. On the host the tests use CMocka itself.
 *
 * The first failure of a test ends it, by longjmp, as there.
 */
#ifndef NETRA_TEST_CMOCKA_H
#define NETRA_TEST_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

/* One program has several files, so these are shared between them. */
jmp_buf cmocka_way_out __attribute__((weak));

enum { CMOCKA_FAILED = 1, CMOCKA_SKIPPED };

#define print_message(...) printf(__VA_ARGS__)
#define skip() longjmp(cmocka_way_out, CMOCKA_SKIPPED)
#define fail_msg(...) do { \
	fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
	fprintf(stderr, __VA_ARGS__); \
	fputc('\n', stderr); \
	longjmp(cmocka_way_out, CMOCKA_FAILED); \
} while (0)

#define assert_true(c) do { if (!(c)) fail_msg("false: %s", #c); } while (0)
#define assert_false(c) do { if (c) fail_msg("true: %s", #c); } while (0)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_null(p) assert_true((p) == NULL)
#define assert_ptr_equal(a, b) \
	assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b) do { \
	uint64_t cmocka_a = (uint64_t)(a), cmocka_b = (uint64_t)(b); \
	if (cmocka_a != cmocka_b) \
		fail_msg("%s is %#llx, not %#llx", #a, \
			 (unsigned long long)cmocka_a, \
			 (unsigned long long)cmocka_b); \
} while (0)
#define assert_int_not_equal(a, b) assert_true((uint64_t)(a) != (uint64_t)(b))
#define assert_in_range(v, least, most) \
	assert_true((uint64_t)(v) >= (uint64_t)(least) && \
		    (uint64_t)(v) <= (uint64_t)(most))
#define assert_memory_equal(a, b, n) assert_true(!memcmp(a, b, n))
#define assert_string_equal(a, b) assert_true(!strcmp(a, b))
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b))

#define cmocka_unit_test_setup_teardown(f, s, t) { #f, f, s, t }
#define cmocka_unit_test_setup(f, s) { #f, f, s, NULL }
#define cmocka_unit_test_teardown(f, t) { #f, f, NULL, t }
#define cmocka_unit_test(f) { #f, f, NULL, NULL }

static inline int cmocka_run_one(const struct CMUnitTest *test)
{
	static const char *const word[] = { "OK", "FAILED", "SKIPPED" };
	void *volatile state = NULL;
	void *given = NULL;
	int result;

	if (test->setup && test->setup(&given)) {
		printf("[  FAILED ] %s: setup\n", test->name);
		return CMOCKA_FAILED;
	}
	state = given;
	result = setjmp(cmocka_way_out);
	if (!result)
		test->run(&given);
	given = state;
	if (test->teardown && test->teardown(&given))
		result = CMOCKA_FAILED;
	printf("[ %7s ] %s\n", word[result], test->name);
	return result;
}

static inline int cmocka_run_all(const struct CMUnitTest *test, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += cmocka_run_one(&test[i]) == CMOCKA_FAILED;
	return failed;
}

#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
	cmocka_run_all(tests, sizeof(tests) / sizeof((tests)[0]))
#define cmocka_run_group_tests(tests, setup, teardown) \
	cmocka_run_group_tests_name("", tests, setup, teardown)

#endif
