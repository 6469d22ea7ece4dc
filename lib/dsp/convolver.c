/* SPDX-License-Identifier: ISC */
#include "dsp/convolver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dsp/fft.h"
#include "kern/kern.h"

struct convolver {
	const struct fir *fir;
	struct fft *fft;
	size_t n, step;	 /* of the transform; outputs that are right in it */
	float *response; /* n complex, over n */
};

struct convolver_scratch {
	float *samples, *in, *out; /* of n: as fetched, and complex ones */
};

/* The response to a tap j at sample j is that of its mirror image: y[k] = sum taps[j] x[k + j]. */
static void make_response(struct convolver *c)
{
	float *in = xaligned(2 * c->n, sizeof(*in));

	memset(in, 0, 2 * c->n * sizeof(*in));
	for (size_t j = 0; j < c->fir->length; j++)
		in[2 * ((c->n - j) % c->n)] = c->fir->taps[j] / (float)c->n;
	fft_run(c->fft, in, c->response);
	free(in);
}

struct convolver *convolver_new(const struct fir *f)
{
	struct convolver *c = xcalloc(1, sizeof(*c));
	struct error e;

	c->fir = f;
	for (c->n = 1024; c->n < 4 * f->length;)
		c->n *= 2;
	c->step = c->n - f->length + 1;
	if (fft_new(&c->fft, c->n, false, &e)) {
		free(c);
		return NULL;
	}
	c->response = xaligned(2 * c->n, sizeof(*c->response));
	make_response(c);
	return c;
}

void convolver_free(struct convolver *c)
{
	if (!c)
		return;
	fft_free(c->fft);
	free(c->response);
	free(c);
}

size_t convolver_step(const struct convolver *c)
{
	return c->step;
}

struct convolver_scratch *convolver_scratch_new(const struct convolver *c)
{
	struct convolver_scratch *s = xcalloc(1, sizeof(*s));

	s->samples = xaligned(c->n, c->fir->parts * sizeof(float));
	s->in = xaligned(2 * c->n, sizeof(float));
	s->out = xaligned(2 * c->n, sizeof(float));
	return s;
}

void convolver_scratch_free(struct convolver_scratch *s)
{
	if (!s)
		return;
	free(s->samples);
	free(s->in);
	free(s->out);
	free(s);
}

/* A sum that is finite if all values are, but for sums too large, which then are no harm either. */
static bool all_finite(const float *v, size_t n)
{
	double lanes[16] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		lanes[i % 16] += (double)v[i];
	for (size_t i = 0; i < 16; i++)
		sum += lanes[i];
	return isfinite(sum);
}

/* X H, with its parts exchanged: so a forward transform makes a backward one, parts exchanged. */
static void multiply(float *restrict x, const float *restrict h, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		float a = x[2 * k], b = x[2 * k + 1], c = h[2 * k], d = h[2 * k + 1];

		x[2 * k + 1] = a * c - b * d;
		x[2 * k] = a * d + b * c;
	}
}

/* Outputs skip to skip + n - 1 of the piece whose samples are at hand. */
static void make_piece(
	const struct convolver *c, struct convolver_scratch *s, size_t skip, size_t n, float *out)
{
	size_t parts = c->fir->parts;

	if (!all_finite(s->samples, c->n * parts)) {
		kern()->fir_dense(
			out, s->samples + skip * parts, n, parts, c->fir->taps, c->fir->length);
		return;
	}
	for (size_t k = 0; k < c->n; k++) {
		s->in[2 * k] = s->samples[parts * k];
		s->in[2 * k + 1] = parts == 2 ? s->samples[2 * k + 1] : 0;
	}
	fft_run(c->fft, s->in, s->out);
	multiply(s->out, c->response, c->n);
	fft_run(c->fft, s->out, s->in);
	for (size_t k = 0; k < n; k++)
		for (size_t part = 0; part < parts; part++)
			out[parts * k + part] = s->in[2 * (skip + k) + 1 - part];
}

void convolver_run(const struct convolver *c, struct convolver_scratch *s, const struct source *in,
	int64_t k, size_t n, float *out)
{
	int64_t step = (int64_t)c->step;

	while (n > 0) {
		int64_t skip = k % step < 0 ? k % step + step : k % step;
		size_t count = c->step - (size_t)skip < n ? c->step - (size_t)skip : n;

		in->fetch(in, k - skip - (int64_t)c->fir->before, c->n, s->samples);
		make_piece(c, s, (size_t)skip, count, out);
		out += c->fir->parts * count;
		k += (int64_t)count;
		n -= count;
	}
}
