/* SPDX-License-Identifier: ISC */
#include "dsp/quantile.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DIGITS 65536

/* A number whose order is that of the floats. */
static uint32_t key_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

static float value_of(uint32_t key)
{
	uint32_t bits = key & 0x80000000 ? key ^ 0x80000000 : ~key;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The digit at which `*rank` values are passed; *rank becomes the rank within that digit. */
static uint32_t find_digit(const size_t *count, size_t *rank)
{
	uint32_t digit = 0;

	while (*rank >= count[digit])
		*rank -= count[digit++];
	return digit;
}

/* Radix selection: the upper half of the key first, then the lower half among those that share it.
 */
float quantile(const float *values, size_t n, double share)
{
	size_t *count = xcalloc(DIGITS, sizeof(*count)), finite = 0, rank;
	uint32_t high, low;

	for (size_t i = 0; i < n; i++)
		if (isfinite(values[i])) {
			count[key_of(values[i]) >> 16]++;
			finite++;
		}
	if (finite == 0) {
		free(count);
		return NAN;
	}
	rank = (size_t)fmax(ceil(share * (double)finite) - 1, 0);
	if (rank >= finite)
		rank = finite - 1;
	high = find_digit(count, &rank);
	memset(count, 0, DIGITS * sizeof(*count));
	for (size_t i = 0; i < n; i++)
		if (isfinite(values[i]) && key_of(values[i]) >> 16 == high)
			count[key_of(values[i]) & 0xffff]++;
	low = find_digit(count, &rank);
	free(count);
	return value_of(high << 16 | low);
}
