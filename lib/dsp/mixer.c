/* SPDX-License-Identifier: ISC */
#include "dsp/mixer.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kern/kern.h"

/* Phasors are exact at the multiples of this index; a table turns them on. */
#define STEP 512

typedef unsigned __int128 u128;

struct mixer {
	const struct kern *kern;
	u128 turn;
	float table[2 * STEP] __attribute__((aligned(64)));
};

/* The first `bits` binary digits of r / n, r < n, in the low bits of the result. */
static u128 quotient_bits(uint64_t r, uint64_t n, unsigned bits)
{
	u128 rest = r, digits = 0;

	for (; bits > 0; bits--) {
		rest *= 2;
		digits = digits * 2 + (rest >= n);
		rest -= rest >= n ? n : 0;
	}
	return digits;
}

/* hz = m 2^e with a whole m < 2^53, so m den / num is divided with a rest, and shifted by e. */
unsigned __int128 mixer_turn(double hz, struct rate rate)
{
	int e;
	uint64_t m = (uint64_t)ldexp(frexp(fabs(hz), &e), 53);
	u128 product = (u128)m * rate.den, whole = product / rate.num, turn;
	uint64_t rest = (uint64_t)(product % rate.num);

	e -= 53;
	for (; e > 0; e--) {
		u128 twice = (u128)rest * 2;

		whole = whole * 2 + (twice >= rate.num);
		rest = (uint64_t)(twice % rate.num);
	}
	if (e == 0)
		turn = quotient_bits(rest, rate.num, 128);
	else if (e > -128)
		turn = whole << (128 + e) | quotient_bits(rest, rate.num, (unsigned)(128 + e));
	else
		turn = e > -256 ? whole >> (-e - 128) : 0;
	return hz < 0 ? -turn : turn;
}

/* The cosine and sine of a phase in turns. */
static void phasor(u128 turn, float out[2])
{
	double angle = 2 * M_PI * ldexp((double)(int64_t)(turn >> 64), -64);

	out[0] = (float)cos(angle);
	out[1] = (float)sin(angle);
}

struct mixer *mixer_new(double hz, struct rate rate)
{
	struct mixer *m = xaligned(1, round_up(sizeof(*m), 64));

	m->kern = kern();
	m->turn = mixer_turn(hz, rate);
	for (size_t k = 0; k < STEP; k++)
		phasor(m->turn * k, &m->table[2 * k]);
	return m;
}

void mixer_free(struct mixer *m)
{
	free(m);
}

void mixer_run(
	const struct mixer *m, float *out, const float *x, size_t n, size_t parts, int64_t index)
{
	while (n > 0) {
		size_t at = (size_t)((uint64_t)index % STEP), count = STEP - at < n ? STEP - at : n;
		float anchor[2];

		phasor(m->turn * (u128)((__int128)index - (int64_t)at), anchor);
		m->kern->mix(out, x, count, parts, m->table + 2 * at, anchor[0], anchor[1]);
		out += 2 * count;
		x += parts * count;
		index += (int64_t)count;
		n -= count;
	}
}
