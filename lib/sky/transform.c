/* SPDX-License-Identifier: ISC */
#include "sky/transform.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define UNKNOWNS 8	/* of a homography whose m8 is 1 */
#define REFINEMENTS 10	/* Gauss-Newton steps; two or three do */
#define PIVOT_MIN 1e-10 /* of normalised equations: below it the pairs do not fix the model */

const struct transform transform_identity = {{1, 0, 0, 0, 1, 0, 0, 0, 1}};

struct point transform_point(const struct transform *t, struct point p)
{
	const double *m = t->m;
	double w = m[6] * p.x + m[7] * p.y + m[8];

	return (struct point){
		(m[0] * p.x + m[1] * p.y + m[2]) / w, (m[3] * p.x + m[4] * p.y + m[5]) / w};
}

/* So that the usual ones have m8 = 1. */
static void scale_to_one(struct transform *t)
{
	double most = 0;

	for (int i = 0; i < 9; i++)
		most = fmax(most, fabs(t->m[i]));
	if (fabs(t->m[8]) > 1e-9 * most)
		most = t->m[8];
	for (int i = 0; i < 9; i++)
		t->m[i] /= most;
}

struct transform transform_join(const struct transform *first, const struct transform *second)
{
	struct transform t = {0};

	for (int row = 0; row < 3; row++)
		for (int column = 0; column < 3; column++)
			for (int k = 0; k < 3; k++)
				t.m[3 * row + column] +=
					second->m[3 * row + k] * first->m[3 * k + column];
	scale_to_one(&t);
	return t;
}

double transform_determinant(const struct transform *t)
{
	const double *m = t->m;

	return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
	       m[2] * (m[3] * m[7] - m[4] * m[6]);
}

double transform_area(const struct transform *t, struct point p)
{
	double w = t->m[6] * p.x + t->m[7] * p.y + t->m[8];

	return fabs(transform_determinant(t) / (w * w * w));
}

bool transform_invert(const struct transform *t, struct transform *inverse)
{
	static const int next[] = {1, 2, 0}, last[] = {2, 0, 1};
	const double *m = t->m;
	double determinant = transform_determinant(t), size = 1;

	/* Hadamard: |determinant| is at most the product of the columns' lengths. */
	for (int column = 0; column < 3; column++)
		size *= hypot(hypot(m[column], m[3 + column]), m[6 + column]);
	if (!isfinite(determinant) || !(fabs(determinant) > 1e-15 * size))
		return false;
	for (int row = 0; row < 3; row++)
		for (int column = 0; column < 3; column++)
			inverse->m[3 * column + row] =
				m[3 * next[row] + next[column]] * m[3 * last[row] + last[column]] -
				m[3 * next[row] + last[column]] * m[3 * last[row] + next[column]];
	for (int i = 0; i < 9; i++)
		inverse->m[i] /= determinant;
	scale_to_one(inverse);
	return true;
}

size_t transform_pairs_min(enum transform_model model)
{
	static const size_t least[] = {[MODEL_SHIFT] = 1,
		[MODEL_SIMILARITY] = 2,
		[MODEL_AFFINE] = 3,
		[MODEL_HOMOGRAPHY] = 4};

	return least[model];
}

/* Points moved and scaled so that their mean is 0 and their mean square distance 2. */
struct frame_of {
	struct point centre;
	double scale; /* of a normalised unit, in px */
};

struct pairs {
	const struct point *from, *to;
	const double *weight;
	size_t n;
	struct frame_of frame_from, frame_to;
};

static double weight_of(const struct pairs *p, size_t i)
{
	return p->weight ? p->weight[i] : 1;
}

static struct point normalised(const struct frame_of *f, struct point p)
{
	return (struct point){(p.x - f->centre.x) / f->scale, (p.y - f->centre.y) / f->scale};
}

static struct frame_of frame_of(const struct pairs *p, const struct point *v)
{
	struct frame_of f = {0};
	double sum = 0, square = 0;

	for (size_t i = 0; i < p->n; i++) {
		sum += weight_of(p, i);
		f.centre.x += weight_of(p, i) * v[i].x;
		f.centre.y += weight_of(p, i) * v[i].y;
	}
	f.centre.x /= sum;
	f.centre.y /= sum;
	for (size_t i = 0; i < p->n; i++) {
		double x = v[i].x - f.centre.x, y = v[i].y - f.centre.y;

		square += weight_of(p, i) * (x * x + y * y);
	}
	f.scale = sqrt(square / sum / 2);
	return f;
}

/* t between normalised points, made one between points. */
static void denormalise(const struct pairs *p, struct transform *t)
{
	const struct frame_of *a = &p->frame_from, *b = &p->frame_to;
	struct transform before = {{1 / a->scale, 0, -a->centre.x / a->scale, 0, 1 / a->scale,
		-a->centre.y / a->scale, 0, 0, 1}};
	struct transform after = {{b->scale, 0, b->centre.x, 0, b->scale, b->centre.y, 0, 0, 1}};

	before = transform_join(&before, t);
	*t = transform_join(&before, &after);
}

struct equations {
	size_t n;
	double a[UNKNOWNS][UNKNOWNS], b[UNKNOWNS];
};

static void add_row(struct equations *e, const double *row, double value, double weight)
{
	for (size_t i = 0; i < e->n; i++) {
		for (size_t k = 0; k <= i; k++)
			e->a[i][k] += weight * row[i] * row[k];
		e->b[i] += weight * row[i] * value;
	}
}

/* Cholesky; false if a pivot has lost all its digits. */
static bool solve(struct equations *e, double *x)
{
	double own[UNKNOWNS];

	for (size_t i = 0; i < e->n; i++)
		own[i] = e->a[i][i];
	for (size_t i = 0; i < e->n; i++) {
		for (size_t k = 0; k <= i; k++) {
			double v = e->a[i][k];

			for (size_t j = 0; j < k; j++)
				v -= e->a[i][j] * e->a[k][j];
			if (k < i)
				e->a[i][k] = v / e->a[k][k];
			else if (!(v > PIVOT_MIN * own[i]))
				return false;
			else
				e->a[i][i] = sqrt(v);
		}
		for (size_t j = 0; j < i; j++)
			e->b[i] -= e->a[i][j] * e->b[j];
		e->b[i] /= e->a[i][i];
	}
	for (size_t i = e->n; i-- > 0;) {
		for (size_t j = i + 1; j < e->n; j++)
			e->b[i] -= e->a[j][i] * x[j];
		x[i] = e->b[i] / e->a[i][i];
	}
	return true;
}

static bool fit_shift(const struct pairs *p, struct transform *t)
{
	*t = transform_identity;
	t->m[2] = p->frame_to.centre.x - p->frame_from.centre.x;
	t->m[5] = p->frame_to.centre.y - p->frame_from.centre.y;
	return isfinite(t->m[2]) && isfinite(t->m[5]);
}

/* Rotation and scale as a complex number: the closed form of least squares. */
static bool fit_similarity(const struct pairs *p, struct transform *t)
{
	double along = 0, across = 0, square = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct point a = normalised(&p->frame_from, p->from[i]);
		struct point b = normalised(&p->frame_to, p->to[i]);
		double w = weight_of(p, i);

		along += w * (a.x * b.x + a.y * b.y);
		across += w * (a.x * b.y - a.y * b.x);
		square += w * (a.x * a.x + a.y * a.y);
	}
	along /= square;
	across /= square;
	*t = (struct transform){{along, -across, 0, across, along, 0, 0, 0, 1}};
	if (!(hypot(along, across) > 1e-6))
		return false;
	denormalise(p, t);
	return true;
}

static bool fit_affine(const struct pairs *p, struct transform *t)
{
	struct equations x = {.n = 3}, y = {.n = 3};

	for (size_t i = 0; i < p->n; i++) {
		struct point a = normalised(&p->frame_from, p->from[i]);
		struct point b = normalised(&p->frame_to, p->to[i]);
		const double row[] = {a.x, a.y, 1};

		add_row(&x, row, b.x, weight_of(p, i));
		add_row(&y, row, b.y, weight_of(p, i));
	}
	*t = transform_identity;
	if (!solve(&x, t->m) || !solve(&y, t->m + 3))
		return false;
	if (!(fabs(transform_determinant(t)) > 1e-6))
		return false;
	denormalise(p, t);
	return true;
}

/*
 * One Gauss-Newton step of a homography between normalised points, from *t; `direct` instead makes
 * *t by the direct linear transform. *change is the step's largest element.
 */
static bool step_homography(const struct pairs *p, struct transform *t, bool direct, double *change)
{
	struct equations e = {.n = UNKNOWNS};
	double step[UNKNOWNS];

	for (size_t i = 0; i < p->n; i++) {
		struct point a = normalised(&p->frame_from, p->from[i]);
		struct point b = normalised(&p->frame_to, p->to[i]);
		struct point at = direct ? b : transform_point(t, a);
		double w = direct ? 1 : t->m[6] * a.x + t->m[7] * a.y + 1;
		double x = a.x / w, y = a.y / w, one = 1 / w;
		const double row_x[] = {x, y, one, 0, 0, 0, -at.x * x, -at.x * y};
		const double row_y[] = {0, 0, 0, x, y, one, -at.y * x, -at.y * y};

		if (!(weight_of(p, i) > 0))
			continue;
		if (!(w > 1e-3)) /* the horizon passes between the points */
			return false;
		add_row(&e, row_x, direct ? b.x : b.x - at.x, weight_of(p, i));
		add_row(&e, row_y, direct ? b.y : b.y - at.y, weight_of(p, i));
	}
	if (!solve(&e, step))
		return false;
	*change = 0;
	for (int i = 0; i < UNKNOWNS; i++) {
		t->m[i] = direct ? step[i] : t->m[i] + step[i];
		*change = fmax(*change, fabs(step[i]));
	}
	t->m[8] = 1;
	return true;
}

static bool fit_homography(const struct pairs *p, struct transform *t)
{
	double change = 1;

	if (!step_homography(p, t, true, &change))
		return false;
	change = 1;
	for (int i = 0; i < REFINEMENTS && change > 1e-12; i++)
		if (!step_homography(p, t, false, &change))
			return false;
	if (!(fabs(transform_determinant(t)) > 1e-6))
		return false;
	denormalise(p, t);
	return true;
}

static size_t count_weighted(const struct pairs *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->n; i++)
		count += weight_of(p, i) > 0;
	return count;
}

bool transform_fit(enum transform_model model, const struct point *from, const struct point *to,
	const double *weight, size_t n, struct transform *t)
{
	struct pairs p = {from, to, weight, n, {{0, 0}, 0}, {{0, 0}, 0}};

	if (count_weighted(&p) < transform_pairs_min(model))
		return false;
	p.frame_from = frame_of(&p, from);
	p.frame_to = frame_of(&p, to);
	if (model == MODEL_SHIFT)
		return fit_shift(&p, t);
	if (!(p.frame_from.scale > 0) || !(p.frame_to.scale > 0))
		return false;
	switch (model) {
	case MODEL_SIMILARITY:
		return fit_similarity(&p, t);
	case MODEL_AFFINE:
		return fit_affine(&p, t);
	default:
		return fit_homography(&p, t);
	}
}
