/* SPDX-License-Identifier: ISC */
/*
 * One sample kept of N. Flat in the middle 80 % of the new band, |f| <= 0.4 rate/N, and free of
 * what would fold onto them: the last filter stops from 0.6 rate/N on. Where it takes fewer
 * products, filters with a wider transition go before it, each by a factor of N (Crochiere and
 * Rabiner 1975).
 */
#include <math.h>

#include "dsp/chain.h"
#include "kern/kern.h"

#define PASS 0.4
#define STOP 0.6

/*
 * One filter's share of the work that a sample of its input takes: rows are KERN_FIR_LANES floats
 * at a time, and folding a sum costs as much as one and a half of these.
 */
static double work_of(size_t length, uint64_t factor)
{
	return (ceil((double)length * 2 / KERN_FIR_LANES) + 1.5) / (double)factor;
}

/* The first filter, by `factor` of `whole`: it stops what would fold onto the band kept at last. */
static size_t length_of(uint64_t factor, uint64_t whole)
{
	double kept = 1 / (double)whole;
	double stop = factor == whole ? STOP * kept : 1 / (double)factor - STOP * kept;

	return fir_length(stop - PASS * kept);
}

/* The least work of a decimation, and the factor of its first filter. */
static double plan(uint64_t whole, uint64_t *first)
{
	double least = work_of(length_of(whole, whole), whole);

	*first = whole;
	for (uint64_t factor = 2; factor <= whole / 2; factor++) {
		uint64_t next;
		double work;

		if (whole % factor)
			continue;
		work = work_of(length_of(factor, whole), factor);
		if (work < least)
			work += plan(whole / factor, &next) / (double)factor;
		if (work < least) {
			least = work;
			*first = factor;
		}
	}
	return least;
}

void chain_add_decimator(struct chain *c, uint64_t factor)
{
	size_t parts = chain_geometry(c).complex ? 2 : 1;

	while (factor > 1) {
		uint64_t first;
		double kept = 1 / (double)factor, stop;

		plan(factor, &first);
		stop = first == factor ? STOP * kept : 1 / (double)first - STOP * kept;
		chain_add_fir(c, fir_lowpass(length_of(first, factor), (PASS * kept + stop) / 2, 1,
					 first, parts));
		factor /= first;
	}
}
