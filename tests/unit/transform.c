/* SPDX-License-Identifier: ISC */
/* Fits of transforms: exact pairs come out exact, noisy ones as least squares has it. */
#include "sky/transform.h"

#include <math.h>

#include "../seed.h"
#include "../test.h"

#define POINTS 200

static double uniform(double from, double to)
{
	return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

static struct transform random_transform(enum transform_model model)
{
	double angle = uniform(-3.2, 3.2), scale = uniform(0.5, 2);
	struct transform t = {{scale * cos(angle), -scale * sin(angle), uniform(-500, 500),
		scale * sin(angle), scale * cos(angle), uniform(-500, 500), 0, 0, 1}};

	if (model == MODEL_SHIFT)
		t.m[0] = t.m[4] = 1, t.m[1] = t.m[3] = 0;
	if (model >= MODEL_AFFINE)
		t.m[0] *= uniform(0.8, 1.2), t.m[1] += uniform(-0.1, 0.1);
	if (model == MODEL_HOMOGRAPHY)
		t.m[6] = uniform(-1e-4, 1e-4), t.m[7] = uniform(-1e-4, 1e-4);
	return t;
}

static void random_points(struct point *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (struct point){uniform(0, 3000), uniform(0, 2000)};
}

static double distance(const struct transform *a, const struct transform *b)
{
	static const struct point corners[] = {{0, 0}, {2999, 0}, {0, 1999}, {2999, 1999}};
	double most = 0;

	for (size_t i = 0; i < 4; i++) {
		struct point p = transform_point(a, corners[i]), q = transform_point(b, corners[i]);

		most = fmax(most, hypot(p.x - q.x, p.y - q.y));
	}
	return most;
}

static double sum_of_squares(
	const struct transform *t, const struct point *from, const struct point *to, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct point p = transform_point(t, from[i]);

		sum += (p.x - to[i].x) * (p.x - to[i].x) + (p.y - to[i].y) * (p.y - to[i].y);
	}
	return sum;
}

static void exact_pairs(enum transform_model model)
{
	struct point from[POINTS], to[POINTS];
	double worst = 0;
	bool all = true;

	for (int round = 0; round < 200; round++) {
		struct transform truth = random_transform(model), t;
		size_t n = round % 2 ? POINTS : transform_pairs_min(model);

		do
			random_points(from, n);
		while (n == 4 && sum_of_squares(&transform_identity, from, from + 1, 3) < 3e6);
		for (size_t i = 0; i < n; i++)
			to[i] = transform_point(&truth, from[i]);
		if (!transform_fit(model, from, to, NULL, n, &t))
			all = all && n < POINTS && model == MODEL_HOMOGRAPHY;
		else if (n == POINTS)
			worst = fmax(worst, distance(&t, &truth));
		else if (sum_of_squares(&t, from, to, n) > 1e-10)
			worst = INFINITY;
	}
	check(all && worst < 1e-6, "model %d: exact pairs give the transform (%.1e px)", model,
		worst);
}

/* Least squares: no small change of a parameter makes the sum of squares smaller. */
static void noisy_pairs(enum transform_model model)
{
	static const int free_of[] = {2, 4, 6, 8};
	static const int order[] = {2, 5, 0, 4, 1, 3, 6, 7};
	struct point from[POINTS], to[POINTS];
	struct transform truth = random_transform(model), t;
	double least;
	bool minimal = true;

	random_points(from, POINTS);
	for (size_t i = 0; i < POINTS; i++) {
		to[i] = transform_point(&truth, from[i]);
		to[i].x += uniform(-1, 1);
		to[i].y += uniform(-1, 1);
	}
	if (!check(transform_fit(model, from, to, NULL, POINTS, &t), "model %d: noisy pairs",
		    model))
		return;
	least = sum_of_squares(&t, from, to, POINTS);
	for (int k = 0; k < free_of[model]; k++) {
		for (int sign = -1; sign <= 1; sign += 2) {
			struct transform other = t;
			int i = order[k];
			double step = i == 2 || i == 5 ? 1e-3 : i < 6 ? 1e-6 : 1e-9;

			if (model == MODEL_SIMILARITY && k >= 2) {
				double angle = k == 2 ? sign * 1e-6 : 0;
				double scale = k == 3 ? 1 + sign * 1e-6 : 1;
				struct transform turn = {{scale * cos(angle), -scale * sin(angle),
					0, scale * sin(angle), scale * cos(angle), 0, 0, 0, 1}};

				other = transform_join(&turn, &t);
			} else {
				other.m[i] += sign * step;
			}
			minimal = minimal &&
				  sum_of_squares(&other, from, to, POINTS) > least - 1e-9 * least;
		}
	}
	check(minimal, "model %d: the sum of squares is the least", model);
	check(distance(&t, &truth) < 2, "model %d: near the truth (%.2f px)", model,
		distance(&t, &truth));
}

static void weights(void)
{
	struct point from[POINTS], to[POINTS];
	double weight[POINTS];
	struct transform truth = random_transform(MODEL_HOMOGRAPHY), t;

	random_points(from, POINTS);
	for (size_t i = 0; i < POINTS; i++) {
		to[i] = transform_point(&truth, from[i]);
		weight[i] = i % 3 ? 1 + (double)i : 0;
		if (weight[i] == 0)
			to[i].x += 1000;
	}
	check(transform_fit(MODEL_HOMOGRAPHY, from, to, weight, POINTS, &t) &&
			distance(&t, &truth) < 1e-6,
		"pairs of weight 0 do not count");
}

static void degenerate_sets(void)
{
	struct point line[8], same[8], spread[8];
	struct transform t;

	random_points(spread, 8);
	for (size_t i = 0; i < 8; i++) {
		line[i] = (struct point){100.0 + 30 * (double)i, 50 + 17.5 * (double)i};
		same[i] = (struct point){5, 7};
	}
	check(!transform_fit(MODEL_SIMILARITY, same, spread, NULL, 8, &t),
		"one place: no similarity");
	check(!transform_fit(MODEL_SIMILARITY, spread, same, NULL, 8, &t), "to one place: none");
	check(!transform_fit(MODEL_AFFINE, line, spread, NULL, 8, &t), "a line: no affine");
	check(!transform_fit(MODEL_AFFINE, spread, line, NULL, 8, &t), "to a line: no affine");
	check(!transform_fit(MODEL_HOMOGRAPHY, line, line, NULL, 8, &t), "a line: no homography");
	spread[0] = line[0], spread[1] = line[1], spread[2] = line[2];
	check(!transform_fit(MODEL_HOMOGRAPHY, spread, spread, NULL, 4, &t),
		"three of four on a line: no homography");
	for (int m = MODEL_SHIFT; m <= MODEL_HOMOGRAPHY; m++)
		check(!transform_fit((enum transform_model)m, spread, spread, NULL,
			      transform_pairs_min((enum transform_model)m) - 1, &t),
			"model %d: too few pairs", m);
}

static void inverses(void)
{
	struct transform singular = {{1, 2, 3, 2, 4, 6, 0, 0, 1}}, t;
	double worst = 0;

	for (int i = 0; i < 200; i++) {
		struct transform forth = random_transform(MODEL_HOMOGRAPHY), back, both;

		if (!transform_invert(&forth, &back))
			worst = INFINITY;
		both = transform_join(&forth, &back);
		worst = fmax(worst, distance(&both, &transform_identity));
	}
	check(worst < 1e-6, "there and back (%.1e px)", worst);
	check(!transform_invert(&singular, &t), "a singular transform has no inverse");
}

static void areas(void)
{
	struct transform t = random_transform(MODEL_HOMOGRAPHY);
	double worst = 0;

	for (int i = 0; i < 100; i++) {
		struct point p = {uniform(0, 3000), uniform(0, 2000)}, e = {p.x + 1e-3, p.y},
			     s = {p.x, p.y + 1e-3}, a, b, c;
		double area;

		a = transform_point(&t, p), b = transform_point(&t, e), c = transform_point(&t, s);
		area = fabs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)) * 1e6;
		worst = fmax(worst, fabs(area / transform_area(&t, p) - 1));
	}
	check(worst < 1e-4, "areas agree with small triangles (%.1e)", worst);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	for (int m = MODEL_SHIFT; m <= MODEL_HOMOGRAPHY; m++) {
		exact_pairs((enum transform_model)m);
		noisy_pairs((enum transform_model)m);
	}
	weights();
	degenerate_sets();
	inverses();
	areas();
	return done();
}
