/* SPDX-License-Identifier: ISC */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"

/* Arrays from here on ask for huge pages: a picture's first touch then costs a tenth. */
#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_FROM (2 * HUGE_PAGE)

static void *must(void *p, uint64_t size)
{
	if (!p)
		die(EXIT_OS, "out of memory: %llu bytes wanted", (unsigned long long)size);
	return p;
}

static size_t product(size_t count, size_t size)
{
	uint64_t n;

	if (!mul_fits(count, size, &n) || n > SIZE_MAX / 2)
		die(EXIT_OS, "out of memory: %zu elements of %zu bytes wanted", count, size);
	return n ? (size_t)n : 1;
}

void *xmalloc(size_t size)
{
	return must(malloc(product(size, 1)), size);
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(product(count, size), 1), count * size);
}

void *xrealloc(void *p, size_t count, size_t size)
{
	return must(realloc(p, product(count, size)), count * size);
}

char *xstrndup(const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = xmalloc(length + 1);

	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

void *xaligned(size_t count, size_t size)
{
	size_t n = product(count, size), border = n < HUGE_FROM ? 64 : HUGE_PAGE;
	void *p = must(aligned_alloc(border, round_up(n, border)), n);

	if (n >= HUGE_FROM)
		madvise(p, n, MADV_HUGEPAGE);
	return p;
}
