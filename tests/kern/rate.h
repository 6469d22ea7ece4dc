/* SPDX-License-Identifier: ISC */
/* Rates of kernels, for --bench. */
#ifndef LEAT_TESTS_KERN_RATE_H
#define LEAT_TESTS_KERN_RATE_H

#include <stdio.h>
#include <time.h>

static inline double rate_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define RATE_HEADING printf("level\tkernel\tmillion elements/s\n")

/* Does `work`, of `elements`, for 0.06 s, five times, and prints the best rate. */
#define RATE(k, name, elements, work)                                                \
	do {                                                                         \
		double best = 0;                                                     \
		for (int turn = 0; turn < 5; turn++) {                               \
			double start = rate_now(), spent;                            \
			size_t runs = 0;                                             \
			do {                                                         \
				for (int run = 0; run < 32; run++, runs++) {         \
					work;                                        \
				}                                                    \
			} while ((spent = rate_now() - start) < 0.06);               \
			best = best > (double)(runs * (elements)) / spent * 1e-6     \
				       ? best                                        \
				       : (double)(runs * (elements)) / spent * 1e-6; \
		}                                                                    \
		printf("%d\t%s\t%.0f\n", (k)->level, name, best);                    \
	} while (0)

#endif
