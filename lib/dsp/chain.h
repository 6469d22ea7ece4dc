/* SPDX-License-Identifier: ISC */
/*
 * Mixers and filters one behind the other. A chain holds nothing of a signal: any piece of its
 * output can be made from the piece of the input around it, by any thread, with the same bits.
 */
#ifndef LEAT_DSP_CHAIN_H
#define LEAT_DSP_CHAIN_H

#include "base/err.h"
#include "dsp/fir.h"
#include "dsp/mixer.h"
#include "dsp/source.h"

struct chain;

/*
 * Output k stands at the input's time k down / up; it needs `before` samples before the whole part
 * of that and `after` behind it, and reads `beyond` more, which count for nothing.
 * Outputs come in pieces of `grain`, from multiples of it on: a piece reads the support of all its
 * outputs, whichever are asked for.
 */
struct chain_geometry {
	uint64_t up, down;
	size_t before, after, beyond, grain;
	bool complex; /* of the output */
};

/* For so many threads; of a complex or real input. */
struct chain *chain_new(unsigned workers, bool complex);
void chain_free(struct chain *c);

/* Adds a step, which is the chain's from now on. A filter must have the parts of what comes to it.
 */
void chain_add_mixer(struct chain *c, struct mixer *m);
void chain_add_fir(struct chain *c, struct fir *f);

/* The same, with mixers only behind it: a long one is made by transforms (see convolver.h). */
void chain_add_last_fir(struct chain *c, struct fir *f);

/*
 * Adds what makes a real sample of a complex one and the `before` ones before it: x has n + before
 * samples. A chain has one of these at most.
 */
typedef void chain_fn(float *out, const float *x, size_t n);
void chain_add_function(struct chain *c, chain_fn *function, size_t before);

/* Adds the filters that keep one sample of `factor`, 1 … DECIMATION_MAX (see decimator.c). */
#define DECIMATION_MAX 100000
void chain_add_decimator(struct chain *c, uint64_t factor);

/* Adds the filter that makes `up` samples of `down` (see resampler.c). 0, or EXIT_USAGE. */
int chain_add_resampler(struct chain *c, uint64_t up, uint64_t down, struct error *e);

struct chain_geometry chain_geometry(const struct chain *c);

/* Writes n samples of the output from index k on; `worker` is the calling thread. */
void chain_run(
	struct chain *c, unsigned worker, const struct source *in, int64_t k, size_t n, float *out);

/* The whole part of index * down / up, rounded down. */
static inline int64_t chain_place(int64_t index, uint64_t up, uint64_t down)
{
	__int128 product = (__int128)index * (__int128)down, whole = product / (__int128)up;

	return (int64_t)(whole - (whole * (__int128)up > product));
}

#endif
