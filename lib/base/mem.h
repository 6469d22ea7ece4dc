/* SPDX-License-Identifier: ISC */
/* Memory that is there or the command dies with EXIT_OS; sizes are checked against overflow. */
#ifndef LEAT_BASE_MEM_H
#define LEAT_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

/* count * size bytes on a 64-byte border, not cleared; freed with free(). */
void *xaligned(size_t count, size_t size);

/* *product = a * b; false if that does not fit. */
static inline bool mul_fits(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline uint64_t round_up(uint64_t n, uint64_t step)
{
	return (n + step - 1) / step * step;
}

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

#endif
