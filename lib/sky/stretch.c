/* SPDX-License-Identifier: ISC */
#include "sky/stretch.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kern/kern.h"
#include "sky/statistics.h"

#define PIECE ((size_t)1 << 16) /* values a thread maps at a time */

#define SHAPE_MAX 1e9f /* as kern.h has it */

#define SHADOWS 2.8
#define BACKGROUND 0.25

static double mtf(double x, double m)
{
	return (1 - m) * x / ((1 - m) * x + m * (1 - x));
}

float stretch_shape(enum stretch_method method, double mid)
{
	double half;

	switch (method) {
	case STRETCH_ARCSINH:
	case STRETCH_ASINH: /* asinh(a mid) = asinh(a) / 2 */
		half = acosh(1 / (2 * mid));
		return (float)sinh(2 * half);
	case STRETCH_LOG: /* log(1 + a mid) = log(1 + a) / 2 */
		return (float)((1 - 2 * mid) / (mid * mid));
	default:
		return (float)mid;
	}
}

/* Curves that do not share are found plane by plane, linked ones over all values at once. */
struct span {
	const float *v;
	size_t planes, n;
	double full_scale;
	struct pool *pool;
};

static double point(const struct span *s, double value, bool percent)
{
	if (percent)
		return quantile_f32(s->v, s->planes * s->n, value / 100, s->pool);
	return value * s->full_scale;
}

/* How much of the picture is not background, as the coefficient of variation of u tells it. */
static float shape_of_variation(const struct span *s, const struct stretch_curve *curve)
{
	float *u = xaligned(s->planes * s->n, sizeof(*u));
	struct plane_statistics m;
	double variation;

	for (size_t p = 0; p < s->planes; p++) {
		struct stretch_curve linear = curve[p];

		linear.method = STRETCH_LINEAR;
		stretch_apply(u + p * s->n, s->v + p * s->n, 1, s->n, &linear, s->pool);
	}
	plane_moments(u, s->planes * s->n, 0.5, s->pool, &m);
	free(u);
	variation = m.sigma / m.mean;
	return variation > 0.5 ? 20 : variation > 0.3 ? 10 : 5;
}

/* A curve needs black < white. */
static void keep_apart(struct stretch_curve *curve, double full_scale)
{
	if (curve->black < curve->white)
		return;
	curve->black = 0;
	curve->white = (float)full_scale;
}

static void find_ends(
	const struct span *s, const struct stretch_options *o, struct stretch_curve *curve)
{
	bool colour = o->method == STRETCH_ASINH;
	double black = colour ? 0.5 : o->method == STRETCH_ARCSINH ? 0.001 : 0;
	double white = colour ? 99.95 : 1;

	curve->black =
		(float)(isnan(o->black) ? point(s, black, colour) : point(s, o->black, o->percent));
	curve->white =
		(float)(isnan(o->white) ? point(s, white, colour) : point(s, o->white, o->percent));
	keep_apart(curve, s->full_scale);
}

static float find_shape(
	const struct span *s, const struct stretch_options *o, const struct stretch_curve *curve)
{
	if (!isnan(o->mid))
		return stretch_shape(o->method, o->mid);
	if (o->method == STRETCH_ASINH || o->method == STRETCH_ARCSINH)
		return shape_of_variation(s, curve);
	return o->method == STRETCH_LOG ? 1000 : 0.5f;
}

static struct span one_plane(const struct span *s, size_t p)
{
	struct span one = *s;

	one.v += p * s->n;
	one.planes = 1;
	return one;
}

static void find_given(
	const struct span *s, const struct stretch_options *o, struct stretch_curve *curve)
{
	for (size_t p = 0; p < s->planes; p++) {
		struct span one = one_plane(s, p);

		curve[p].method = o->method;
		if (o->linked && p > 0) {
			curve[p] = curve[0];
			continue;
		}
		find_ends(o->linked ? s : &one, o, &curve[p]);
		if (o->method == STRETCH_ARCSINH && !o->linked)
			curve[p].shape = find_shape(&one, o, &curve[p]);
	}
	if (o->method == STRETCH_ARCSINH && !o->linked)
		return;
	curve[0].shape = find_shape(s, o, curve);
	for (size_t p = 1; p < s->planes; p++)
		curve[p].shape = curve[0].shape;
}

/* The background of a plane and its noise's reach, in units of full scale. */
struct background {
	double low, median, high;
};

static struct background background_of(const struct span *s)
{
	double median = median_f32(s->v, s->n, s->pool);
	double reach = SHADOWS * MAD_TO_SIGMA * mad_f32(s->v, s->n, median, s->pool);

	return (struct background){(median - reach) / s->full_scale, median / s->full_scale,
		(median + reach) / s->full_scale};
}

static void curve_of_background(const struct span *s, const struct stretch_options *o,
	struct background b, struct stretch_curve *curve)
{
	double target = isnan(o->mid) ? BACKGROUND : o->mid, black = 0, white = 1, m;

	if (b.median > 0.5) {
		white = fmin(1, b.high);
		m = 1 - mtf(white - b.median, target);
	} else {
		black = fmax(0, b.low);
		m = mtf(b.median - black, target);
	}
	curve->method = STRETCH_MTF;
	curve->black = (float)(black * s->full_scale);
	curve->white = (float)(white * s->full_scale);
	if (!isnan(o->black))
		curve->black = (float)point(s, o->black, o->percent);
	if (!isnan(o->white))
		curve->white = (float)point(s, o->white, o->percent);
	keep_apart(curve, s->full_scale);
	/* Ends that are given: the background still becomes what is wanted, between them. */
	if (!isnan(o->black) || !isnan(o->white))
		m = mtf((b.median * s->full_scale - (double)curve->black) /
				((double)curve->white - (double)curve->black),
			target);
	curve->shape = m > 0 && m < 1 ? (float)m : 0.5f;
}

static void find_auto(
	const struct span *s, const struct stretch_options *o, struct stretch_curve *curve)
{
	struct background mean = {0, 0, 0};
	double count = 0;

	for (size_t p = 0; p < s->planes; p++) {
		struct span one = one_plane(s, p);
		struct background b = background_of(&one);

		if (!o->linked)
			curve_of_background(&one, o, b, &curve[p]);
		if (isnan(b.median))
			continue;
		mean.low += b.low;
		mean.median += b.median;
		mean.high += b.high;
		count++;
	}
	if (!o->linked)
		return;
	mean = (struct background){mean.low / count, mean.median / count, mean.high / count};
	curve_of_background(s, o, mean, &curve[0]);
	for (size_t p = 1; p < s->planes; p++)
		curve[p] = curve[0];
}

void stretch_find(const float *v, size_t planes, size_t n, double full_scale,
	const struct stretch_options *options, struct pool *pool, struct stretch_curve *curve)
{
	struct span s = {v, planes, n, full_scale, pool};

	if (options->method == STRETCH_AUTO)
		find_auto(&s, options, curve);
	else
		find_given(&s, options, curve);
}

bool stretch_curve_valid(const struct stretch_curve *curve)
{
	bool sane = isfinite(curve->black) && isfinite(curve->white) && curve->black < curve->white;

	switch (curve->method) {
	case STRETCH_LINEAR:
		return sane;
	case STRETCH_MTF:
		return sane && curve->shape > 0 && curve->shape < 1;
	case STRETCH_ARCSINH:
	case STRETCH_ASINH:
	case STRETCH_LOG:
		return sane && curve->shape > 0 && curve->shape < SHAPE_MAX;
	default:
		return false;
	}
}

static const enum kern_curve_kind kinds[][2] = {
	[STRETCH_MTF] = {KERN_CURVE_MTF, KERN_CURVE_MTF_UNDO},
	[STRETCH_ARCSINH] = {KERN_CURVE_ASINH, KERN_CURVE_SINH},
	[STRETCH_ASINH] = {KERN_CURVE_ASINH, KERN_CURVE_SINH},
	[STRETCH_LINEAR] = {KERN_CURVE_LINEAR, KERN_CURVE_LINEAR},
	[STRETCH_LOG] = {KERN_CURVE_LOG, KERN_CURVE_EXP},
};

struct mapping {
	float *out;
	const float *v;
	size_t n, pieces; /* of a plane */
	struct kern_curve *curve;
};

static size_t piece_length(const struct mapping *m, size_t first)
{
	return m->n - first < PIECE ? m->n - first : PIECE;
}

static void map_piece(void *arg, size_t i, unsigned worker)
{
	const struct mapping *m = arg;
	size_t plane = i / m->pieces, first = i % m->pieces * PIECE, at = plane * m->n + first;

	(void)worker;
	kern()->curve(m->out + at, m->v + at, piece_length(m, first), &m->curve[plane]);
}

static void map_colours(void *arg, size_t i, unsigned worker)
{
	const struct mapping *m = arg;
	size_t first = i * PIECE;
	const float *v = m->v + first;
	float *out = m->out + first;

	(void)worker;
	kern()->colour_curve((float *const[3]){out, out + m->n, out + 2 * m->n},
		(const float *const[3]){v, v + m->n, v + 2 * m->n}, piece_length(m, first),
		m->curve);
}

static void map(float *out, const float *v, size_t planes, size_t n,
	const struct stretch_curve *curve, bool undo, struct pool *pool)
{
	struct mapping m = {out, v, n, (n + PIECE - 1) / PIECE, xcalloc(planes, sizeof(*m.curve))};

	for (size_t p = 0; p < planes; p++) {
		float width = curve[p].white - curve[p].black;

		m.curve[p].kind = kinds[curve[p].method][undo];
		m.curve[p].shape = curve[p].shape;
		m.curve[p].low = undo ? 0 : curve[p].black;
		m.curve[p].scale = undo ? 1 : 1 / width;
		m.curve[p].out_low = undo ? curve[p].black : 0;
		m.curve[p].out_scale = undo ? width : 1;
	}
	if (planes == 3 && curve->method == STRETCH_ASINH)
		pool_run(pool, m.pieces, map_colours, &m);
	else
		pool_run(pool, planes * m.pieces, map_piece, &m);
	free(m.curve);
}

void stretch_apply(float *out, const float *v, size_t planes, size_t n,
	const struct stretch_curve *curve, struct pool *pool)
{
	map(out, v, planes, n, curve, false, pool);
}

void stretch_undo(float *out, const float *v, size_t planes, size_t n,
	const struct stretch_curve *curve, struct pool *pool)
{
	map(out, v, planes, n, curve, true, pool);
}
