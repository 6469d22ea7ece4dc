/* SPDX-License-Identifier: ISC */
/* Property tests: the seed is the first argument or the time, and is printed. */
#ifndef LEAT_TESTS_SEED_H
#define LEAT_TESTS_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wire.h"

static uint64_t random_state = 1;

static inline void seed_from(int argc, char **argv)
{
	random_state = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
	printf("# seed %llu\n", (unsigned long long)random_state);
	random_state = random_state * 2 + 1;
}

static inline uint64_t random64(void)
{
	return wire_random(&random_state);
}

/* 0 … n-1 */
static inline uint64_t below(uint64_t n)
{
	return random64() % n;
}

/* Small and large numbers alike: uniform in the number of bits. */
static inline uint64_t random_bits(unsigned most)
{
	unsigned bits = (unsigned)below(most + 1);

	return bits ? random64() >> (64 - bits) : 0;
}

#endif
