/* SPDX-License-Identifier: ISC */
#include "dsp/stft.h"

#include <math.h>

size_t stft_zeros_before(size_t n, size_t hop)
{
	size_t middle = n / 2;

	/* One hop further left as long as that frame still ends within the signal. */
	return middle + (n - middle - 1) / hop * hop;
}

size_t stft_zeros_after(size_t n, size_t hop, uint64_t samples, size_t idle)
{
	/* Frames begin at k hop - middle: the last one whose weight meets the signal. */
	uint64_t middle = n / 2, reach = samples + middle, beyond = idle + 1, last;

	last = reach < beyond ? 0 : (reach - beyond) / hop * hop;
	return last + n > reach ? (size_t)(last + n - reach) : 0;
}

size_t stft_idle_gauss(size_t n, double standard_deviation)
{
	size_t idle = 0;

	for (; idle < n / 2; idle++) {
		double d = ((double)idle - (double)(n - 1) / 2) / standard_deviation;
		double w = exp(-d * d / 2);

		if (w * w > 0)
			break;
	}
	return idle;
}
