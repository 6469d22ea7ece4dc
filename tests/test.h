/* SPDX-License-Identifier: ISC */
/* TAP for tests in C: check(condition, "what is true"), then `return done();` at the end of main. */
#ifndef LEAT_TESTS_TEST_H
#define LEAT_TESTS_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct tap {
	int run, failed;
};

static struct tap tap;

__attribute__((format(printf, 2, 3))) static inline bool check(bool condition, const char *format, ...)
{
	va_list ap;

	tap.run++;
	if (!condition)
		tap.failed++;
	printf("%sok %d - ", condition ? "" : "not ", tap.run);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return condition;
}

static inline void skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap.run, what, why);
}

static inline int done(void)
{
	printf("1..%d\n", tap.run);
	return tap.failed != 0;
}

#endif
