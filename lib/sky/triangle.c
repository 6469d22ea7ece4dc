/* SPDX-License-Identifier: ISC */
#include "sky/triangle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/nearest.h"

#define BRIGHTEST_MAX 64
#define ERROR_PX 0.7	   /* of a side: what two centroids may miss */
#define DISTORTION 0.001   /* of a ratio: what optics may bend */
#define TOLERANCE_MAX 0.02 /* of a ratio; triangles too small for it are left out, and */
#define SIZE_MIN 0.15	   /* of the field's diagonal */
#define ALIKE_MAX 0.97	   /* of two sides: beyond it corners are taken for each other */
#define GUESSES_MAX ((size_t)1 << 21)

/* Corners in order of the opposite side, the longest first. */
struct triangle {
	float middle, shortest; /* sides, of the longest one */
	float longest;		/* px */
	float tolerance;	/* of the ratios */
	unsigned short corner[3];
	bool left; /* the way round from corner to corner */
};

struct triangles {
	struct triangle *v;
	size_t count;
	float tolerance_most;
};

static bool make_triangle(const struct point *p, const unsigned short *corner, struct triangle *t)
{
	double side[3];
	unsigned short order[3] = {0, 1, 2};
	struct point a, b, c;

	for (int i = 0; i < 3; i++) {
		struct point u = p[corner[(i + 1) % 3]], v = p[corner[(i + 2) % 3]];

		side[i] = hypot(u.x - v.x, u.y - v.y);
	}
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2 - i; k++)
			if (side[order[k]] < side[order[k + 1]]) {
				unsigned short swapped = order[k];

				order[k] = order[k + 1];
				order[k + 1] = swapped;
			}
	if (!(side[order[0]] > 0))
		return false;
	t->longest = (float)side[order[0]];
	t->middle = (float)(side[order[1]] / side[order[0]]);
	t->shortest = (float)(side[order[2]] / side[order[0]]);
	t->tolerance = (float)(DISTORTION + ERROR_PX / side[order[0]]);
	for (int i = 0; i < 3; i++)
		t->corner[i] = corner[order[i]];
	a = p[t->corner[0]], b = p[t->corner[1]], c = p[t->corner[2]];
	t->left = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0;
	return t->tolerance <= TOLERANCE_MAX && t->shortest > 2 * t->tolerance &&
	       t->middle < ALIKE_MAX && t->shortest < ALIKE_MAX * t->middle;
}

static int by_middle(const void *a, const void *b)
{
	const struct triangle *p = a, *q = b;

	if (p->middle != q->middle)
		return p->middle < q->middle ? -1 : 1;
	return memcmp(p->corner, q->corner, sizeof(p->corner));
}

static struct triangles triangles_of(const struct match_list *list, size_t n)
{
	struct triangles t = {xmalloc((n * n * n / 6 + 1) * sizeof(struct triangle)), 0, 0};
	struct point low, high;
	double least;

	points_bounds(list->point, list->count, &low, &high);
	least = SIZE_MIN * hypot(high.x - low.x, high.y - low.y);
	for (unsigned short i = 0; i < n; i++)
		for (unsigned short j = i + 1; j < n; j++)
			for (unsigned short k = j + 1; k < n; k++)
				if (make_triangle(list->point, (unsigned short[]){i, j, k},
					    &t.v[t.count]) &&
					t.v[t.count].longest >= least)
					t.count++;
	for (size_t i = 0; i < t.count; i++)
		t.tolerance_most = fmaxf(t.tolerance_most, t.v[i].tolerance);
	qsort(t.v, t.count, sizeof(*t.v), by_middle);
	return t;
}

struct guesses {
	struct triangle_guess *v;
	size_t count, size;
	unsigned votes[BRIGHTEST_MAX][BRIGHTEST_MAX];
};

static void add_guess(struct guesses *g, const struct triangle *a, const struct triangle *b)
{
	if (g->count == GUESSES_MAX)
		return;
	if (g->count == g->size)
		g->v = xrealloc(g->v, g->size = 2 * g->size + 1024, sizeof(*g->v));
	for (int i = 0; i < 3; i++) {
		g->v[g->count].from[i] = a->corner[i];
		g->v[g->count].to[i] = b->corner[i];
		g->votes[a->corner[i]][b->corner[i]]++;
	}
	g->count++;
}

static bool alike(const struct triangle *a, const struct triangle *b, double scale_most)
{
	float tolerance = a->tolerance + b->tolerance;

	return fabsf(a->shortest - b->shortest) <= tolerance &&
	       fabsf(a->middle - b->middle) <= tolerance && a->left == b->left &&
	       b->longest <= a->longest * scale_most && a->longest <= b->longest * scale_most;
}

/* The first of b whose middle side is at least `least`. */
static size_t first_from(const struct triangles *b, float least)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t at = (low + high) / 2;

		if (b->v[at].middle < least)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static int by_votes(const void *a, const void *b)
{
	const struct triangle_guess *p = a, *q = b;
	int order;

	if (p->votes != q->votes)
		return p->votes > q->votes ? -1 : 1;
	order = memcmp(p->from, q->from, sizeof(p->from));
	return order ? order : memcmp(p->to, q->to, sizeof(p->to));
}

/* Sums the votes and leaves the guesses with most of them, a few more than max, at the front. */
static void keep_best(struct guesses *g, size_t max)
{
	unsigned most = 0, least;
	size_t *with, enough = 0, kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		g->v[i].votes = 0;
		for (int k = 0; k < 3; k++)
			g->v[i].votes += g->votes[g->v[i].from[k]][g->v[i].to[k]];
		most = g->v[i].votes > most ? g->v[i].votes : most;
	}
	with = xcalloc((size_t)most + 1, sizeof(*with));
	for (size_t i = 0; i < g->count; i++)
		with[g->v[i].votes]++;
	for (least = most; least > 0 && (enough += with[least]) < max; least--)
		;
	for (size_t i = 0; i < g->count; i++)
		if (g->v[i].votes >= least)
			g->v[kept++] = g->v[i];
	g->count = kept;
	free(with);
}

size_t triangle_guesses(const struct match_list *from, const struct match_list *to,
	size_t brightest, double scale_most, struct triangle_guess *guess, size_t max)
{
	struct guesses *g = xcalloc(1, sizeof(*g));
	struct triangles a, b;
	size_t count;

	brightest = brightest < BRIGHTEST_MAX ? brightest : BRIGHTEST_MAX;
	a = triangles_of(from, from->count < brightest ? from->count : brightest);
	b = triangles_of(to, to->count < brightest ? to->count : brightest);
	for (size_t i = 0; i < a.count; i++) {
		float reach = a.v[i].tolerance + b.tolerance_most;

		for (size_t k = first_from(&b, a.v[i].middle - reach);
			k < b.count && b.v[k].middle <= a.v[i].middle + reach; k++)
			if (alike(&a.v[i], &b.v[k], scale_most))
				add_guess(g, &a.v[i], &b.v[k]);
	}
	keep_best(g, max);
	if (g->count > 0)
		qsort(g->v, g->count, sizeof(*g->v), by_votes);
	count = g->count < max ? g->count : max;
	for (size_t i = 0; i < count; i++)
		guess[i] = g->v[i];
	free(a.v);
	free(b.v);
	free(g->v);
	free(g);
	return count;
}
