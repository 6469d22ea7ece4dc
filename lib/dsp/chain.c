/* SPDX-License-Identifier: ISC */
#include "dsp/chain.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "dsp/convolver.h"
#include "kern/kern.h"

#define LINKS_MAX 16
#define PIECE 4096 /* input samples that a filter works on at a time, to stay in the cache */

/* One step as one thread does it. */
struct link {
	struct source source;
	const struct source *in;
	const struct mixer *mixer; /* one of these three */
	const struct fir *fir;
	chain_fn *function;
	size_t before; /* of the function */
	size_t parts;  /* of its input */
	size_t piece;  /* outputs at a time */
	float *scratch;
	const struct convolver *convolver; /* of a long filter, or NULL */
	struct convolver_scratch *convolving;
};

struct chain {
	unsigned workers;
	size_t links, parts; /* parts: of a sample of the output so far */
	struct mixer *mixer[LINKS_MAX];
	struct fir *fir[LINKS_MAX];
	struct convolver *convolver[LINKS_MAX];
	struct link *link; /* [workers][LINKS_MAX] */
	struct chain_geometry geometry;
};

struct chain *chain_new(unsigned workers, bool complex)
{
	struct chain *c = xcalloc(1, sizeof(*c));

	c->workers = workers;
	c->parts = complex ? 2 : 1;
	c->link = xcalloc((size_t)workers * LINKS_MAX, sizeof(*c->link));
	c->geometry = (struct chain_geometry){.up = 1, .down = 1, .grain = 1, .complex = complex};
	return c;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->links; i++) {
		mixer_free(c->mixer[i]);
		fir_free(c->fir[i]);
		convolver_free(c->convolver[i]);
		for (unsigned w = 0; w < c->workers; w++) {
			free(c->link[w * LINKS_MAX + i].scratch);
			convolver_scratch_free(c->link[w * LINKS_MAX + i].convolving);
		}
	}
	free(c->link);
	free(c);
}

struct chain_geometry chain_geometry(const struct chain *c)
{
	return c->geometry;
}

static void fetch_mixed(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct link *l = (const struct link *)source;

	if (l->parts == 2) {
		l->in->fetch(l->in, index, n, out);
		mixer_run(l->mixer, out, out, n, 2, index);
		return;
	}
	while (n > 0) {
		size_t count = n < PIECE ? n : PIECE;

		l->in->fetch(l->in, index, count, l->scratch);
		mixer_run(l->mixer, out, l->scratch, count, 1, index);
		out += 2 * count;
		index += (int64_t)count;
		n -= count;
	}
}

static void fetch_filtered(const struct source *source, int64_t k, size_t n, float *out)
{
	const struct link *l = (const struct link *)source;
	const struct fir *f = l->fir;
	const struct kern *kernels = kern();
	struct kern_fir spec = {.taps = f->taps, .row = f->row, .up = f->up, .down = f->down};

	while (n > 0) {
		size_t count = n < l->piece ? n : l->piece;
		int64_t first = chain_place(k, f->up, f->down);
		int64_t last = chain_place(k + (int64_t)count - 1, f->up, f->down);
		size_t phase = (size_t)((__int128)k * (__int128)f->down -
					(__int128)first * (__int128)f->up);

		l->in->fetch(l->in, first - (int64_t)f->before,
			(size_t)(last - first) + f->length + f->pad, l->scratch);
		if (f->dense)
			kernels->fir_dense(out, l->scratch, count, f->parts, f->taps, f->length);
		else
			kernels->fir(out, l->scratch, count, f->parts, &spec, phase);
		out += f->parts * count;
		k += (int64_t)count;
		n -= count;
	}
}

static void fetch_function(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct link *l = (const struct link *)source;

	while (n > 0) {
		size_t count = n < PIECE ? n : PIECE;

		l->in->fetch(l->in, index - (int64_t)l->before, count + l->before, l->scratch);
		l->function(out, l->scratch, count);
		out += count;
		index += (int64_t)count;
		n -= count;
	}
}

static void fetch_convolved(const struct source *source, int64_t k, size_t n, float *out)
{
	const struct link *l = (const struct link *)source;

	convolver_run(l->convolver, l->convolving, l->in, k, n, out);
}

/* The steps' links to each other, for each thread; scratch: floats. */
static void add_link(struct chain *c, const struct link *link, size_t scratch)
{
	size_t at = c->links;

	if (at == LINKS_MAX)
		abort(); /* no command has so many */
	for (unsigned w = 0; w < c->workers; w++) {
		struct link *l = &c->link[w * LINKS_MAX + at];

		*l = *link;
		l->in = at > 0 ? &l[-1].source : NULL;
		l->scratch = scratch ? xaligned(scratch, sizeof(*l->scratch)) : NULL;
		l->convolving = l->convolver ? convolver_scratch_new(l->convolver) : NULL;
	}
	c->links++;
}

void chain_add_mixer(struct chain *c, struct mixer *m)
{
	struct link l = {.source = {fetch_mixed}, .mixer = m, .parts = c->parts};

	c->mixer[c->links] = m;
	add_link(c, &l, c->parts == 1 ? PIECE : 0);
	c->parts = 2;
	c->geometry.complex = true;
}

/* Samples of the input before (or behind) that so many of a filter's reach to. */
static size_t reach(size_t samples, const struct chain_geometry *g)
{
	return (size_t)(((unsigned __int128)samples * g->down + g->up - 1) / g->up);
}

/* What the chain needs with f behind it. Places that are no whole samples may reach one further. */
static void extend(struct chain_geometry *g, const struct fir *f)
{
	bool as_it_came = g->up == 1 && g->down == 1;
	size_t odd = !as_it_came && (g->up > 1 || f->up > 1), end = g->after + g->beyond;
	uint64_t common;

	g->before += reach(f->before + odd, g);
	end += reach(f->after + f->pad + odd, g);
	g->after += reach(f->after + odd, g);
	g->beyond = end - g->after;
	g->up *= f->up;
	g->down *= f->down;
	common = common_divisor(g->up, g->down);
	g->up /= common;
	g->down /= common;
}

static void add_fir(struct chain *c, struct fir *f, bool convolved)
{
	struct link l = {.source = {fetch_filtered}, .fir = f, .parts = c->parts};
	size_t span = f->length + f->pad, samples = span > PIECE / 8 ? 8 * span : PIECE;

	l.piece = (size_t)((unsigned __int128)samples * f->up / f->down);
	if (l.piece < 1)
		l.piece = 1;
	samples = (size_t)((unsigned __int128)l.piece * f->down / f->up) + span + 1;
	c->fir[c->links] = f;
	if (convolved && f->dense && f->length >= CONVOLVER_LEAST &&
		(c->convolver[c->links] = convolver_new(f))) {
		l.source.fetch = fetch_convolved;
		l.convolver = c->convolver[c->links];
		c->geometry.grain = convolver_step(l.convolver);
	}
	add_link(c, &l, l.convolver ? 0 : samples * f->parts);
	extend(&c->geometry, f);
}

void chain_add_fir(struct chain *c, struct fir *f)
{
	add_fir(c, f, false);
}

void chain_add_last_fir(struct chain *c, struct fir *f)
{
	add_fir(c, f, true);
}

void chain_add_function(struct chain *c, chain_fn *function, size_t before)
{
	struct link l = {.source = {fetch_function}, .function = function, .before = before};
	struct fir reach_of = {.up = 1, .down = 1, .before = before};

	add_link(c, &l, 2 * (PIECE + before));
	extend(&c->geometry, &reach_of);
	c->parts = 1;
	c->geometry.complex = false;
}

void chain_run(
	struct chain *c, unsigned worker, const struct source *in, int64_t k, size_t n, float *out)
{
	struct link *l = &c->link[worker * LINKS_MAX];

	if (c->links == 0) {
		in->fetch(in, k, n, out);
		return;
	}
	l[0].in = in;
	l[c->links - 1].source.fetch(&l[c->links - 1].source, k, n, out);
}
