/* SPDX-License-Identifier: ISC */
#include "sky/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FEW 2048 /* so many are selected from in place */
#define SAMPLE_MIN 1024
#define SAMPLE_MAX 16384
#define SAMPLE_RATIO 512	/* values for each one of the sample */
#define SLACK 3			/* half width of a bracket in standard errors of its rank */
#define PIECE ((size_t)1 << 17) /* values a thread looks at at a time */

const struct kern_window window_all = {-INFINITY, INFINITY, 0, 0};

struct kern_window window_around(double low, double high, double centre)
{
	float near = (float)centre;

	return (struct kern_window){(float)low, (float)high, near, (float)(centre - (double)near)};
}

/* Neighbouring ranks, or one twice. */
struct ranks {
	size_t first, second;
};

struct values {
	float first, second;
};

/* Puts the value of that rank in its place, the lesser before it, the greater after (Wirth 1976).
 */
static float select_in_place(float *v, size_t n, size_t rank)
{
	ptrdiff_t left = 0, right = (ptrdiff_t)n - 1, k = (ptrdiff_t)rank;

	while (left < right) {
		float a = v[left], b = v[left + (right - left) / 2], c = v[right], swap;
		float pivot = fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
		ptrdiff_t i = left, j = right;

		do {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				swap = v[i];
				v[i++] = v[j];
				v[j--] = swap;
			}
		} while (i <= j);
		if (j < k)
			left = i;
		if (k < i)
			right = j;
	}
	return v[k];
}

struct search {
	const float *v;
	size_t n;
	struct kern_bracket bracket; /* window and deviation stay, low and high narrow */
	float *kept;		     /* n */
	struct kern_bracket *piece;
	struct pool *pool;
};

static void count_piece(void *arg, size_t i, unsigned worker)
{
	struct search *s = arg;
	size_t first = i * PIECE, left = s->n - first;

	(void)worker;
	s->piece[i] = s->bracket;
	kern()->bracket(&s->piece[i], s->kept + first, s->v + first, left < PIECE ? left : PIECE);
}

/* Counts all values against the bracket; what lies within is gathered at s->kept. */
static void count_all(struct search *s, float low, float high)
{
	size_t pieces = (s->n + PIECE - 1) / PIECE;
	struct kern_bracket *b = &s->bracket;

	b->low = low;
	b->high = high;
	pool_run(s->pool, pieces, count_piece, s);
	b->valid = b->below = b->at_low = b->at_high = b->kept = 0;
	for (size_t i = 0; i < pieces; i++) {
		const struct kern_bracket *p = &s->piece[i];

		memmove(s->kept + b->kept, s->kept + i * PIECE, p->kept * sizeof(float));
		b->valid += p->valid;
		b->below += p->below;
		b->at_low += p->at_low;
		b->at_high += p->at_high;
		b->kept += p->kept;
	}
}

/* Values of the sample, from scattered places, but the same ones in every run. */
static size_t draw(const struct search *s, float *sample, size_t count)
{
	size_t step = s->n / count;
	uint64_t state = 1;

	for (size_t i = 0; i < count; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		sample[i] = s->v[i * step + (state >> 33) % step];
	}
	return count;
}

/* Where the value at `share` of the order is likely to lie. */
static void guess(const struct search *s, double share, float *low, float *high)
{
	size_t count = s->n / SAMPLE_RATIO, first, last;
	struct kern_bracket b = s->bracket;
	float *sample;
	double at, slack;

	*low = -INFINITY;
	*high = INFINITY;
	if (s->n <= FEW)
		return;
	count = count < SAMPLE_MIN ? SAMPLE_MIN : count > SAMPLE_MAX ? SAMPLE_MAX : count;
	sample = xaligned(count, sizeof(*sample));
	b.low = *low;
	b.high = *high;
	kern()->bracket(&b, sample, sample, draw(s, sample, count));
	at = share * (double)b.valid - (double)b.at_low;
	slack = SLACK * sqrt((double)b.valid * share * (1 - share)) + 2;
	if (at - slack >= 0 && at - slack < (double)b.kept) {
		first = (size_t)(at - slack);
		*low = select_in_place(sample, b.kept, first);
	} else {
		first = 0;
	}
	if (at + slack >= 0 && at + slack < (double)b.kept) {
		last = (size_t)(at + slack);
		*high = select_in_place(sample + first, b.kept - first, last - first);
	}
	free(sample);
}

static bool reached(const struct kern_bracket *b, struct ranks r)
{
	size_t end = b->below + b->at_low + b->kept + (b->low < b->high ? b->at_high : 0);

	return r.first >= b->below && r.second < end;
}

static struct values find(struct search *s, struct ranks r);

static struct values among_kept(const struct search *s, struct ranks r)
{
	struct search inner = {.v = s->kept, .n = s->bracket.kept, .bracket.window = window_all};
	struct values found;

	if (inner.n > FEW)
		return find(&inner, r);
	found.first = found.second = select_in_place(s->kept, inner.n, r.first);
	if (r.second > r.first)
		found.second = select_in_place(s->kept + r.second, inner.n - r.second, 0);
	return found;
}

/* The values of ranks that the bracket reaches. */
static struct values resolve(const struct search *s, struct ranks r)
{
	const struct kern_bracket *b = &s->bracket;
	size_t first = b->below + b->at_low, end = first + b->kept;
	struct values found = {b->low, b->high};
	bool inside_first = r.first >= first && r.first < end;
	bool inside_second = r.second >= first && r.second < end;

	if (inside_first && inside_second)
		return among_kept(s, (struct ranks){r.first - first, r.second - first});
	if (inside_first)
		found.first = among_kept(s, (struct ranks){b->kept - 1, b->kept - 1}).first;
	else if (r.first >= end)
		found.first = b->high;
	if (inside_second)
		found.second = among_kept(s, (struct ranks){0, 0}).first;
	else if (r.second < first)
		found.second = b->low;
	return found;
}

static struct ranks ranks_at(double share, size_t count, double *fraction)
{
	double at = share * (double)(count - 1), first = floor(at);
	struct ranks r = {(size_t)first, (size_t)first};

	*fraction = at - first;
	if (*fraction > 0 && r.second + 1 < count)
		r.second++;
	return r;
}

/* The values at `share` of the order, or at ranks that are known because every value counts. */
static struct values search(
	struct search *s, double share, const struct ranks *known, double *fraction)
{
	struct values found = {NAN, NAN};
	float low, high;

	s->kept = xmalloc(s->n * sizeof(*s->kept)); /* in small pages: few are touched */
	s->piece = xcalloc((s->n + PIECE - 1) / PIECE, sizeof(*s->piece));
	guess(s, share, &low, &high);
	count_all(s, low, high);
	if (s->bracket.valid > 0) {
		struct ranks r = known ? *known : ranks_at(share, s->bracket.valid, fraction);

		if (!reached(&s->bracket, r) && r.first < s->bracket.below)
			count_all(s, -INFINITY, low);
		else if (!reached(&s->bracket, r))
			count_all(s, high, INFINITY);
		found = resolve(s, r);
	}
	free(s->kept);
	free(s->piece);
	return found;
}

static struct values find(struct search *s, struct ranks r)
{
	return search(s, (double)r.first / (double)(s->n - 1), &r, NULL);
}

double select_share(const float *v, size_t n, const struct kern_window *window, bool deviation,
	double share, struct pool *pool)
{
	struct search s = {.v = v,
		.n = n,
		.bracket = {.window = *window, .deviation = deviation},
		.pool = pool};
	double fraction = 0, first, second;
	struct values found;

	if (n == 0)
		return NAN;
	found = search(&s, share, NULL, &fraction);
	first = (double)found.first + 0.0; /* no -0 */
	second = (double)found.second + 0.0;
	if (first == second)
		return first;
	return first * (1 - fraction) + second * fraction;
}
