/* SPDX-License-Identifier: ISC */
/* Matching planted stars: transforms within their errors, whatever the shift, turn and scale. */
#include "sky/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define STARS_MAX 8000

struct list {
	struct point point[STARS_MAX];
	double brightness[STARS_MAX], error[STARS_MAX];
	size_t count;
};

struct field {
	double width, height;
	size_t stars;
	double missing;	   /* share of stars that a list lacks */
	double false_ones; /* further points, of the stars */
	double error_px;
};

static double uniform(double from, double to)
{
	return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

static double gauss(void)
{
	return sqrt(-2 * log(uniform(1e-12, 1))) * cos(uniform(0, 2 * M_PI));
}

static void add(struct list *l, const struct field *f, struct point p, double brightness)
{
	size_t at = l->count;

	if (!(p.x >= 0 && p.y >= 0 && p.x < f->width && p.y < f->height) || l->count == STARS_MAX)
		return;
	for (l->count++; at > 0 && l->brightness[at - 1] < brightness; at--) {
		l->point[at] = l->point[at - 1];
		l->brightness[at] = l->brightness[at - 1];
	}
	l->point[at] = p;
	l->brightness[at] = brightness;
}

/* Stars with a slope of -1 in log numbers per log flux, seen in two frames, each with its errors.
 */
static void plant(
	const struct field *f, const struct transform *t, struct list *from, struct list *to)
{
	double around = 0.6 * hypot(f->width, f->height);

	from->count = to->count = 0;
	for (size_t i = 0; i < 4 * f->stars; i++) {
		struct point p = {f->width / 2 + uniform(-around, around),
				     f->height / 2 + uniform(-around, around)},
			     q = transform_point(t, p);
		double flux = 1 / uniform(1e-4, 1);

		p.x += f->error_px * gauss(), p.y += f->error_px * gauss();
		q.x += f->error_px * gauss(), q.y += f->error_px * gauss();
		if (uniform(0, 1) >= f->missing)
			add(from, f, p, flux * (1 + 0.03 * gauss()));
		if (uniform(0, 1) >= f->missing)
			add(to, f, q, flux * (1 + 0.03 * gauss()));
	}
	for (size_t i = 0; i < (size_t)(f->false_ones * (double)f->stars); i++) {
		add(from, f, (struct point){uniform(0, f->width), uniform(0, f->height)},
			1 / uniform(1e-4, 1));
		add(to, f, (struct point){uniform(0, f->width), uniform(0, f->height)},
			1 / uniform(1e-4, 1));
	}
}

/* About the field's centre. */
static struct transform turned(
	const struct field *f, double degrees, double scale, double dx, double dy)
{
	double c = scale * cos(degrees * M_PI / 180), s = scale * sin(degrees * M_PI / 180);
	double x = f->width / 2, y = f->height / 2;

	return (struct transform){
		{c, -s, x - c * x + s * y + dx, s, c, y - s * x - c * y + dy, 0, 0, 1}};
}

static double corner_error(
	const struct field *f, const struct transform *a, const struct transform *b)
{
	double most = 0;

	for (int i = 0; i < 4; i++) {
		struct point p = {i % 2 * f->width, i / 2 * f->height}, u = transform_point(a, p),
			     v = transform_point(b, p);

		most = fmax(most, hypot(u.x - v.x, u.y - v.y));
	}
	return most;
}

static struct list from, to;

static const char *match(struct match *m, enum transform_model model)
{
	struct match_list a = {from.point, NULL, from.count}, b = {to.point, NULL, to.count};

	return match_points(&a, &b, model, m);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void found(const char *what, const struct field *f, const struct transform *t,
	enum transform_model model, double allowed)
{
	const char *why;
	struct match m = {0};
	double spent, error = 0;

	plant(f, t, &from, &to);
	spent = seconds();
	why = match(&m, model);
	spent = seconds() - spent;
	if (!why)
		error = corner_error(f, &m.transform, t);
	check(!why && m.model == model && error < allowed,
		"%s: %s, corners %.4f px, %zu of %zu pairs, rms %.3f, %.1f ms", what,
		why ? why : "matched", error, m.inliers, m.pairs, m.rms_px, spent * 1e3);
}

/* A fifth of the stars in common, and those at other ranks: now and then too few agree. */
static void another_scale(const struct field *f)
{
	struct transform t = turned(f, 70, 2.2, 0, 0);
	int matched = 0;
	double error = 0;

	for (int i = 0; i < 5; i++) {
		struct match m = {0};

		plant(f, &t, &from, &to);
		if (match(&m, MODEL_SIMILARITY))
			continue;
		matched++;
		error = fmax(error, corner_error(f, &m.transform, &t));
	}
	check(matched >= 3 && error < 0.15, "another scale: %d of 5 matched, corners %.4f px",
		matched, error);
}

static void transforms(void)
{
	struct field wide = {3000, 3000, 2000, 0.1, 0.1, 0.1}, small = {96, 80, 40, 0.05, 0, 0.05},
		     few = {3000, 2000, 12, 0, 0.2, 0.1}, dense = {3000, 3000, 7000, 0.1, 0.1, 0.2};
	struct transform t, tilt = {{1, 0, 0, 0, 1, 0, 3e-7, -2e-7, 1}};

	for (int i = 0; i < 8; i++) {
		t = turned(&wide, uniform(-180, 180), uniform(0.92, 1.08), uniform(-300, 300),
			uniform(-300, 300));
		found("any turn", &wide, &t, MODEL_SIMILARITY, 0.05);
		t = transform_join(&tilt, &t);
		found("a tilted field", &wide, &t, MODEL_HOMOGRAPHY, 0.08);
		t = turned(&small, uniform(-5, 5), 1, uniform(-8, 8), uniform(-8, 8));
		found("a small frame", &small, &t, MODEL_SIMILARITY, 0.15);
		t = turned(&few, uniform(-2, 2), 1, uniform(-30, 30), uniform(-30, 30));
		found("few stars", &few, &t, MODEL_SIMILARITY, 0.6);
	}
	t = turned(&dense, 0.1, 1, 10, -7);
	found("many stars", &dense, &t, MODEL_HOMOGRAPHY, 0.08);
	t = turned(&wide, 40, 1, 1400, -1200);
	found("a third in common", &wide, &t, MODEL_SIMILARITY, 0.1);
	another_scale(&wide);
	t = turned(&wide, 0, 1, -31.4, 12.7);
	found("shifted", &wide, &t, MODEL_SHIFT, 0.02);
	t = turned(&wide, 180, 1, 20, 9);
	t = transform_join(&(struct transform){{1.001, 2e-4, 0, 3e-4, 0.999, 0, 0, 0, 1}}, &t);
	found("after a meridian flip, sheared", &wide, &t, MODEL_AFFINE, 0.05);
}

/* What has no match is not given one. */
static void refusals(void)
{
	struct field wide = {3000, 3000, 1000, 0.1, 0.1, 0.1}, four = {3000, 3000, 3, 0, 0, 0.1};
	struct transform mirror = {{-1, 0, 2999, 0, 1, 0, 0, 0, 1}};
	static struct list other;
	int chance = 0;
	const char *why;
	struct match m = {0};

	plant(&wide, &mirror, &from, &to);
	why = match(&m, MODEL_HOMOGRAPHY);
	check(why && strstr(why, "mirror"), "a mirror image: %s", why ? why : "matched");
	for (int i = 0; i < 8; i++) {
		struct field f = {1000, 1000, 5 + below(500), 0, 0, 0.1};

		plant(&f, &transform_identity, &from, &other);
		plant(&f, &transform_identity, &other, &to);
		chance += match(&m, MODEL_SIMILARITY) == NULL;
	}
	check(chance == 0, "other stars never match (%d of 8 did)", chance);
	plant(&four, &transform_identity, &from, &to);
	from.count = from.count < 3 ? from.count : 3;
	why = match(&m, MODEL_SHIFT);
	check(why && strstr(why, "few"), "three stars: %s", why ? why : "matched");
	memset(from.point, 0, sizeof(from.point));
	from.count = 300;
	check(match(&m, MODEL_SHIFT) != NULL, "all stars in one place");
	for (size_t i = 0; i < 300; i++)
		from.point[i] = to.point[i] =
			(struct point){(double)(i % 20) * 50, (double)(i / 20) * 50};
	from.count = to.count = 300;
	match(&m, MODEL_HOMOGRAPHY);
	check(true, "a lattice ends");
}

/* Pairs that are wrong by a little are clipped; weights follow the errors told. */
static void outliers(void)
{
	struct field f = {2000, 2000, 1000, 0, 0, 0.05};
	struct transform t = turned(&f, 3, 1, 5, 5);
	struct match m = {0};
	struct match_list a = {from.point, from.error, 0}, b = {to.point, to.error, 0};
	const char *why;
	double error;

	plant(&f, &t, &from, &to);
	for (size_t i = 0; i < to.count; i++) {
		from.error[i] = 0.05;
		to.error[i] = i % 2 ? 0.05 : 0.5;
		if (i % 2 == 0)
			to.point[i].x += 0.5 * gauss(), to.point[i].y += 0.5 * gauss();
		if (i % 10 == 1)
			to.point[i].x += 1.5;
	}
	for (size_t i = to.count; i < from.count; i++)
		from.error[i] = 0.05;
	a.count = from.count, b.count = to.count;
	why = match_points(&a, &b, MODEL_HOMOGRAPHY, &m);
	error = why ? 0 : corner_error(&f, &m.transform, &t);
	check(!why && error < 0.05 && (double)m.inliers < 0.95 * (double)m.pairs,
		"a tenth off by 1.5 px: %s, corners %.3f px, %zu of %zu", why ? why : "matched",
		error, m.inliers, m.pairs);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	transforms();
	refusals();
	outliers();
	return done();
}
