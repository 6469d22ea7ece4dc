/* SPDX-License-Identifier: ISC */
#include "sky/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/nearest.h"
#include "sky/triangle.h"

#define GUESSES 2000	    /* tried at most, in one round */
#define TRIED 120	    /* points of `from` on which a guess is tried */
#define NEAR_PX 3.0	    /* a point of a right guess lies so near, unless points are dense */
#define NEAR_SPACING 0.12   /* of the mean distance of neighbours: beyond it pairs are chance */
#define CLOSER 3.0	    /* times: how much nearer points of a very good guess lie */
#define CHANCE 20.0	    /* -ln of the probability that a match accepted is chance */
#define PAIR_PX 4.0	    /* radius of the first pairing of all points */
#define ROUNDS 12	    /* of pairing and fitting, until nothing changes */
#define ERROR_FLOOR_PX 0.02 /* of a centroid, however bright */
#define ERROR_USUAL_PX 0.1  /* of those whose error nobody told */
#define CLIP 3.5	    /* sigma in each coordinate */
#define CLIP_MIN_PX 1e-3    /* exact lists have no sigma */

/* Points per px of a list. */
static double density(const struct point *p, size_t n)
{
	struct point low, high;

	points_bounds(p, n, &low, &high);
	return (double)n / (fmax(high.x - low.x, 1) * fmax(high.y - low.y, 1));
}

/*
 * Trying guesses.
 */
struct trial {
	const struct match_list *from, *to;
	size_t tried;	     /* points of from */
	struct nearest grid; /* of the brightest of to */
	double radius, chance_pairs;
	struct point *pair_from, *pair_to; /* room for `tried` */
};

static size_t agreeing(struct trial *t, const struct transform *transform)
{
	size_t count = 0;
	double distance;

	for (size_t i = 0; i < t->tried; i++) {
		size_t k = nearest_of(&t->grid, transform_point(transform, t->from->point[i]),
			t->radius, &distance);

		if (k == SIZE_MAX)
			continue;
		t->pair_from[count] = t->from->point[i];
		t->pair_to[count++] = t->to->point[k];
	}
	return count;
}

/*
 * -ln of the probability that k of the tried points have a neighbour by chance (Chernoff's bound of
 * a Poisson tail). Two pairs are spent on the similarity.
 */
static double improbability(const struct trial *t, size_t k)
{
	double found = (double)k - 2, expected = t->chance_pairs;

	return found > expected ? found * log(found / expected) - found + expected : 0;
}

/* The guess with which most points agree; returns how many. */
static size_t best_guess(
	struct trial *t, const struct triangle_guess *guess, size_t guesses, struct transform *best)
{
	size_t most = 0;

	for (size_t i = 0; i < guesses && 2 * most < t->tried; i++) {
		struct point from[3], to[3];
		struct transform transform;
		size_t count;

		for (int k = 0; k < 3; k++) {
			from[k] = t->from->point[guess[i].from[k]];
			to[k] = t->to->point[guess[i].to[k]];
		}
		if (!transform_fit(MODEL_SIMILARITY, from, to, NULL, 3, &transform))
			continue;
		count = agreeing(t, &transform);
		if (count >= 4 && transform_fit(MODEL_SIMILARITY, t->pair_from, t->pair_to, NULL,
					  count, &transform))
			count = agreeing(t, &transform);
		if (count > most) {
			most = count;
			*best = transform;
		}
	}
	return most;
}

/*
 * Whether what agrees is more than chance. Where points are so dense that many lie near each other
 * by chance, those that lie nearer still tell.
 */
static bool is_convincing(struct trial *t, size_t agreed, const struct transform *similarity)
{
	struct trial closer = *t;

	if (improbability(t, agreed) > CHANCE)
		return true;
	if (agreed < 4)
		return false;
	closer.radius /= CLOSER;
	closer.chance_pairs /= CLOSER * CLOSER;
	return improbability(&closer, agreeing(&closer, similarity)) > CHANCE;
}

static bool find_similarity(
	const struct match_list *from, const struct match_list *to, struct transform *similarity)
{
	static const struct {
		size_t brightest;
		double scale_most;
	} rounds[] = {{20, 1 / 0.9}, {40, 1 / 0.9}, {40, 1e6}, {60, 1e6}};
	struct triangle_guess *guess = xcalloc(GUESSES, sizeof(*guess));
	struct trial t = {.from = from, .to = to};
	size_t looked = to->count < 2 * TRIED ? to->count : 2 * TRIED;
	double to_density = density(to->point, looked);
	bool found = false;

	t.tried = from->count < TRIED ? from->count : TRIED;
	t.radius = fmin(NEAR_PX, NEAR_SPACING / sqrt(to_density));
	t.chance_pairs = (double)t.tried * to_density * M_PI * t.radius * t.radius;
	t.pair_from = xcalloc(t.tried, sizeof(*t.pair_from));
	t.pair_to = xcalloc(t.tried, sizeof(*t.pair_to));
	nearest_make(&t.grid, to->point, looked, t.radius);
	for (size_t i = 0; i < COUNT_OF(rounds) && !found; i++) {
		size_t guesses = triangle_guesses(
			from, to, rounds[i].brightest, rounds[i].scale_most, guess, GUESSES);

		found = is_convincing(&t, best_guess(&t, guess, guesses, similarity), similarity);
	}
	nearest_free(&t.grid);
	free(t.pair_from);
	free(t.pair_to);
	free(guess);
	return found;
}

/*
 * Pairing and fitting all points.
 */
struct fitting {
	const struct match_list *from, *to;
	struct nearest grid;
	size_t *partner;   /* of each point of to: its point of from, or SIZE_MAX */
	double *gap;	   /* and their distance */
	size_t n, inliers; /* pairs */
	struct point *pair_from, *pair_to;
	double *error, *weight, *distance, *sorted;
};

static double error_of(const struct match_list *list, size_t i)
{
	return list->error_px ? list->error_px[i] : ERROR_USUAL_PX;
}

/* Pairs that are each other's nearest. */
static void pair_up(struct fitting *f, const struct transform *t, double radius)
{
	double scale = 1;

	for (size_t k = 0; k < f->to->count; k++) {
		f->partner[k] = SIZE_MAX;
		f->gap[k] = radius;
	}
	for (size_t i = 0; i < f->from->count; i++) {
		double distance;
		size_t k = nearest_of(
			&f->grid, transform_point(t, f->from->point[i]), radius, &distance);

		if (k == SIZE_MAX || distance >= f->gap[k])
			continue;
		f->gap[k] = distance;
		f->partner[k] = i;
	}
	f->n = 0;
	for (size_t k = 0; k < f->to->count; k++) {
		size_t i = f->partner[k];
		double a, b;

		if (i == SIZE_MAX)
			continue;
		f->pair_from[f->n] = f->from->point[i];
		f->pair_to[f->n] = f->to->point[k];
		scale = sqrt(transform_area(t, f->from->point[i]));
		a = error_of(f->from, i) * scale;
		b = error_of(f->to, k);
		f->error[f->n++] = sqrt(a * a + b * b + ERROR_FLOOR_PX * ERROR_FLOOR_PX);
	}
}

static int by_value(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;

	return p < q ? -1 : p > q;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Gives weight 0 to pairs further apart than CLIP sigma, their own error counted. */
static void clip(struct fitting *f, const struct transform *t)
{
	const double median_of_rayleigh = 1.17741; /* sigma 1 */
	double sigma;

	for (size_t i = 0; i < f->n; i++) {
		struct point p = transform_point(t, f->pair_from[i]);

		f->distance[i] = hypot(p.x - f->pair_to[i].x, p.y - f->pair_to[i].y);
		f->sorted[i] = f->distance[i] / f->error[i];
	}
	sigma = median(f->sorted, f->n) / median_of_rayleigh;
	f->inliers = 0;
	for (size_t i = 0; i < f->n; i++) {
		bool in = f->distance[i] <= fmax(CLIP * sigma * f->error[i], CLIP_MIN_PX);

		f->weight[i] = in ? 1 / (f->error[i] * f->error[i]) : 0;
		f->inliers += in;
	}
}

/* What the pairs can bear. */
static enum transform_model model_for(const struct fitting *f, enum transform_model wanted)
{
	struct point low, high;
	size_t quarter[4] = {0}, least = f->n;

	if (wanted <= MODEL_SIMILARITY)
		return wanted;
	points_bounds(f->from->point, f->from->count, &low, &high);
	for (size_t i = 0; i < f->n; i++)
		quarter[(f->pair_from[i].x > (low.x + high.x) / 2) +
			2 * (f->pair_from[i].y > (low.y + high.y) / 2)]++;
	for (int i = 0; i < 4; i++)
		least = quarter[i] < least ? quarter[i] : least;
	if (least < 3 || f->n < MATCH_PAIRS_AFFINE)
		return MODEL_SIMILARITY;
	return f->n < MATCH_PAIRS_HOMOGRAPHY ? (wanted == MODEL_AFFINE ? wanted : MODEL_SIMILARITY)
					     : wanted;
}

static double rms_of(const struct fitting *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->n; i++)
		sum += f->weight[i] > 0 ? f->distance[i] * f->distance[i] : 0;
	return sqrt(sum / (double)f->inliers);
}

static bool fit_pairs(struct fitting *f, enum transform_model wanted, struct match *m)
{
	double radius = fmin(PAIR_PX, 0.3 / sqrt(density(f->to->point, f->to->count)));
	size_t before;

	nearest_make(&f->grid, f->to->point, f->to->count, radius);
	for (int round = 0; round < ROUNDS; round++) {
		pair_up(f, &m->transform, radius);
		if (f->n < transform_pairs_min(wanted) || f->n < MATCH_POINTS_MIN)
			return false;
		m->model = model_for(f, wanted);
		/* A shift has not yet been fitted: what a similarity leaves says nothing of it. */
		before = round == 0 ? 0 : f->inliers;
		if (round == 0 && !transform_fit(m->model, f->pair_from, f->pair_to, NULL, f->n,
					  &m->transform))
			return false;
		clip(f, &m->transform);
		if (f->inliers < transform_pairs_min(m->model) ||
			!transform_fit(
				m->model, f->pair_from, f->pair_to, f->weight, f->n, &m->transform))
			return false;
		if (round >= 3 && f->inliers == before)
			break;
		if (round >= 1)
			radius = fmin(radius, fmax(1, 10 * rms_of(f)));
	}
	clip(f, &m->transform);
	m->pairs = f->n;
	m->inliers = f->inliers;
	m->rms_px = rms_of(f);
	return f->inliers >= MATCH_POINTS_MIN;
}

static bool fit(const struct match_list *from, const struct match_list *to,
	enum transform_model model, struct match *m)
{
	size_t most = from->count < to->count ? from->count : to->count;
	struct fitting f = {.from = from, .to = to};
	bool good;

	f.partner = xcalloc(to->count, sizeof(*f.partner));
	f.gap = xcalloc(to->count, sizeof(*f.gap));
	f.pair_from = xcalloc(most, sizeof(*f.pair_from));
	f.pair_to = xcalloc(most, sizeof(*f.pair_to));
	f.error = xcalloc(most, sizeof(*f.error));
	f.weight = xcalloc(most, sizeof(*f.weight));
	f.distance = xcalloc(most, sizeof(*f.distance));
	f.sorted = xcalloc(most, sizeof(*f.sorted));
	good = fit_pairs(&f, model, m);
	nearest_free(&f.grid);
	free(f.partner);
	free(f.gap);
	free(f.pair_from);
	free(f.pair_to);
	free(f.error);
	free(f.weight);
	free(f.distance);
	free(f.sorted);
	return good;
}

/* Whether the lists match when one of them is mirrored. */
static bool mirrored(const struct match_list *from, const struct match_list *to)
{
	struct match_list mirror = *to;
	struct point *point = xcalloc(to->count, sizeof(*point));
	struct transform t;
	bool found;

	for (size_t i = 0; i < to->count; i++)
		point[i] = (struct point){-to->point[i].x, to->point[i].y};
	mirror.point = point;
	found = find_similarity(from, &mirror, &t);
	free(point);
	return found;
}

const char *match_points(const struct match_list *from, const struct match_list *to,
	enum transform_model model, struct match *match)
{
	if (from->count < MATCH_POINTS_MIN || to->count < MATCH_POINTS_MIN)
		return "too few stars";
	if (!find_similarity(from, to, &match->transform))
		return mirrored(from, to) ? "its stars are those of a mirror image"
					  : "its stars do not match those of the reference";
	if (!fit(from, to, model, match))
		return "its stars do not fit the model";
	return NULL;
}
