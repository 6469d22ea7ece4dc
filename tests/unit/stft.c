/* SPDX-License-Identifier: ISC */
/* The places of ShortTimeFFT's frames: against all places tried one by one. */
#include "dsp/stft.h"

#include <stdbool.h>

#include "../seed.h"
#include "../test.h"

/* Whether the frame p has a sample of weight in a signal of `samples`. */
static bool meets(int64_t n, int64_t hop, int64_t samples, int64_t idle, int64_t p)
{
	int64_t begin = p * hop - n / 2;

	return begin + n > 0 && begin + idle < samples;
}

static bool right(size_t n, size_t hop, int64_t samples, size_t idle)
{
	int64_t first = 0, last = 0, in = (int64_t)n, step = (int64_t)hop, before, end;

	while (meets(in, step, INT64_MAX / 2, 0, first - 1))
		first--;
	for (last = samples / step; meets(in, step, samples, (int64_t)idle, last + 1);)
		last++;
	while (last > 0 && !meets(in, step, samples, (int64_t)idle, last))
		last--;
	before = -(first * step - in / 2);
	end = last * step - in / 2 + in - samples;
	return (int64_t)stft_zeros_before(n, hop) == before &&
	       (int64_t)stft_zeros_after(n, hop, (uint64_t)samples, idle) == (end > 0 ? end : 0);
}

int main(int argc, char **argv)
{
	unsigned wrong = 0;

	seed_from(argc, argv);
	check(stft_zeros_before(1024, 500) == 1012 && stft_zeros_after(1024, 500, 20000, 0) == 1012,
		"n 1024, hop 500, as worked out by hand");
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = 2 + below(300), hop = 1 + below(400), idle = below(2) * below(n / 2);

		wrong += !right(n, hop, 1 + (int64_t)below(2000), idle);
	}
	check(wrong == 0, "frames meet the signal, and no other does (%u wrong)", wrong);
	check(stft_idle_gauss(1024, 100) == 0, "sigma 100: all samples weigh");
	/* exp(-x^2) is 0 in f64 from x = 27.3 on */
	check(stft_idle_gauss(1024, 10) >= 237 && stft_idle_gauss(1024, 10) <= 240,
		"sigma 10: the first 238 do not (%zu)", stft_idle_gauss(1024, 10));
	return done();
}
