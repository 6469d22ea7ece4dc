/* SPDX-License-Identifier: ISC */
/*
 * A rate times up / down by one filter with a row of taps for each phase (Crochiere and Rabiner
 * 1981). Flat to 0.4 of the lower one of the two rates, and stopped from 0.6 of it on, so that of a
 * signal in the middle 80 % neither images nor aliases come back there.
 */
#include "dsp/chain.h"

#include "base/mem.h"
#include "base/num.h"
#include "kern/kern.h"

#define PASS 0.4
#define STOP 0.6

int chain_add_resampler(struct chain *c, uint64_t up, uint64_t down, struct error *e)
{
	uint64_t common = common_divisor(up, down), floats;
	size_t parts = chain_geometry(c).complex ? 2 : 1, taps;
	double lower; /* rate, in units of `up` times the input's */

	up /= common;
	down /= common;
	if (up == 1 && down <= DECIMATION_MAX) {
		chain_add_decimator(c, down);
		return 0;
	}
	lower = 1 / (double)(up > down ? up : down);
	taps = fir_length((STOP - PASS) * lower);
	if (taps > FIR_TAPS_MAX ||
		!mul_fits(up, parts * (taps / up + 2 * KERN_FIR_LANES), &floats) ||
		floats > FIR_TAPS_MAX)
		return fail(e, EXIT_USAGE,
			"rate times %llu/%llu: too fine: a filter of %zu phases "
			"and more than %zu taps",
			(unsigned long long)up, (unsigned long long)down, (size_t)up, FIR_TAPS_MAX);
	chain_add_fir(c, fir_lowpass(taps, (PASS + STOP) / 2 * lower, up, down, parts));
	return 0;
}
