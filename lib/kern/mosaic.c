/* SPDX-License-Identifier: ISC */
/*
 * Colours of a mosaic. Every value of a row is reckoned at every pixel, as if it were green and as
 * if not, and the right one chosen: half the work is lost, but there is nothing to branch on or to
 * shuffle. Vectors may reach beyond a row's end, see KERN_MOSAIC_BEYOND.
 */
#include "kern/lanes.h"

/* "same" is the colour, beside green, of the row, "other" that of the rows beside it. */
struct row {
	float *same, *green, *other;
	int first; /* the parity of columns that are not green */
};

static struct row row_of(const struct kern_mosaic *m, int y)
{
	bool red = ((unsigned)y & 1) == m->red_y;
	float *r = m->out[0] + y * m->out_stride, *b = m->out[2] + y * m->out_stride;

	return (struct row){red ? r : b, m->out[1] + y * m->out_stride, red ? b : r,
		(int)(red ? m->red_x : 1 - m->red_x)};
}

/* The lanes from column x on that are green. */
static ivec greens(int x, int first)
{
	ivec lanes;

	for (int l = 0; l < LANES; l++)
		lanes[l] = -((x + l + first) & 1);
	return lanes;
}

/* Lanes that are of the output. */
static void put(float *to, vec v, int count)
{
	if (count >= LANES)
		vec_store(to, v);
	else
		memcpy(to, &v, (size_t)count * sizeof(*to));
}

static void bilinear(const struct kern_mosaic *m)
{
	for (int y = 0; y < m->height; y++) {
		const float *at = m->in + y * m->in_stride;
		const float *up = at - m->in_stride, *down = at + m->in_stride;
		const struct row row = row_of(m, y);
		const ivec is = greens(0, row.first);

		for (int x = 0; x < m->width; x += LANES) {
			vec here = vec_load(at + x);
			vec across = vec_load(at + x - 1) + vec_load(at + x + 1);
			vec along = vec_load(up + x) + vec_load(down + x);
			vec diagonal = (vec_load(up + x - 1) + vec_load(up + x + 1)) +
				       (vec_load(down + x - 1) + vec_load(down + x + 1));
			int count = m->width - x;

			put(row.same + x, vec_select(is, 0.5f * across, here), count);
			put(row.green + x, vec_select(is, here, 0.25f * (across + along)), count);
			put(row.other + x, vec_select(is, 0.5f * along, 0.25f * diagonal), count);
		}
	}
}

/*
 * VNG (Chang, Cheung & Pan 1999): a pixel of the neighbourhood is so many steps forward (f) in a
 * direction and so many to the right (r) of it.
 */
struct around {
	const float *at;
	ptrdiff_t stride;
	ivec green; /* whether it is */
};

/* Directions in turns of 90 degrees: up, right, down, left. */
INLINE vec pixel(const struct around *a, int turn, int f, int r)
{
	int dx = turn == 0 ? r : turn == 1 ? f : turn == 2 ? -r : -f;
	int dy = turn == 0 ? -f : turn == 1 ? r : turn == 2 ? f : -r;

	return vec_load(a->at + dy * a->stride + dx);
}

INLINE vec step(const struct around *a, int turn, int f, int r, int f2, int r2)
{
	return vec_abs(pixel(a, turn, f, r) - pixel(a, turn, f2, r2));
}

INLINE vec straight(const struct around *a, int t)
{
	return (step(a, t, 1, 0, -1, 0) + step(a, t, 2, 0, 0, 0)) +
	       0.5f * ((step(a, t, 1, -1, -1, -1) + step(a, t, 1, 1, -1, 1)) +
			      (step(a, t, 2, -1, 0, -1) + step(a, t, 2, 1, 0, 1)));
}

INLINE vec diagonal(const struct around *a, int t)
{
	vec main = step(a, t, 1, 1, -1, -1) + step(a, t, 2, 2, 0, 0);
	vec of_green = step(a, t, 2, 1, 0, -1) + step(a, t, 1, 2, -1, 0);
	vec of_other = (step(a, t, 1, 0, 0, -1) + step(a, t, 0, 1, -1, 0)) +
		       (step(a, t, 2, 1, 1, 0) + step(a, t, 1, 2, 0, 1));

	return main + vec_select(a->green, of_green, 0.5f * of_other);
}

struct colours {
	vec same, green, other;
};

/* Mean colours in a direction. */
INLINE struct colours straight_colours(const struct around *a, int t)
{
	vec own = 0.5f * (pixel(a, t, 2, 0) + pixel(a, t, 0, 0)), next = pixel(a, t, 1, 0);
	vec beside = 0.5f * (pixel(a, t, 1, -1) + pixel(a, t, 1, 1));
	vec wide = 0.25f * ((pixel(a, t, 2, -1) + pixel(a, t, 2, 1)) +
				   (pixel(a, t, 0, -1) + pixel(a, t, 0, 1)));
	bool in_row = t % 2;

	return (struct colours){vec_select(a->green, in_row ? next : wide, own),
		vec_select(a->green, own, next),
		vec_select(a->green, in_row ? wide : next, beside)};
}

INLINE struct colours diagonal_colours(const struct around *a, int t)
{
	vec own = 0.5f * (pixel(a, t, 2, 2) + pixel(a, t, 0, 0)), next = pixel(a, t, 1, 1);
	vec even = 0.5f * (pixel(a, t, 2, 1) + pixel(a, t, 0, 1));
	vec odd = 0.5f * (pixel(a, t, 1, 2) + pixel(a, t, 1, 0));
	vec beside = 0.5f * (even + odd);
	/* With an odd turn "forward" runs along rows. */
	vec same = t % 2 ? odd : even, other = t % 2 ? even : odd;

	return (struct colours){vec_select(a->green, same, own), vec_select(a->green, next, beside),
		vec_select(a->green, other, next)};
}

INLINE void add_if(struct colours *sum, vec *count, vec gradient, vec limit, struct colours c)
{
	ivec counts = gradient <= limit;

	sum->same += vec_where(counts, c.same);
	sum->green += vec_where(counts, c.green);
	sum->other += vec_where(counts, c.other);
	*count += vec_where(counts, vec_of(1));
}

INLINE struct colours vng_pixels(const struct around *a)
{
	vec s[4], d[4], low, high, limit, own, here = pixel(a, 0, 0, 0), count = vec_of(0);
	struct colours sum = {vec_of(0), vec_of(0), vec_of(0)};

	low = high = s[0] = straight(a, 0);
	d[0] = diagonal(a, 0);
	s[1] = straight(a, 1);
	d[1] = diagonal(a, 1);
	s[2] = straight(a, 2);
	d[2] = diagonal(a, 2);
	s[3] = straight(a, 3);
	d[3] = diagonal(a, 3);
	for (int i = 0; i < 4; i++) {
		low = vec_min(low, vec_min(s[i], d[i]));
		high = vec_max(high, vec_max(s[i], d[i]));
	}
	limit = 1.5f * low + 0.5f * (high - low);
	add_if(&sum, &count, s[0], limit, straight_colours(a, 0));
	add_if(&sum, &count, s[1], limit, straight_colours(a, 1));
	add_if(&sum, &count, s[2], limit, straight_colours(a, 2));
	add_if(&sum, &count, s[3], limit, straight_colours(a, 3));
	add_if(&sum, &count, d[0], limit, diagonal_colours(a, 0));
	add_if(&sum, &count, d[1], limit, diagonal_colours(a, 1));
	add_if(&sum, &count, d[2], limit, diagonal_colours(a, 2));
	add_if(&sum, &count, d[3], limit, diagonal_colours(a, 3));
	own = vec_select(a->green, sum.green, sum.same);
	return (struct colours){vec_select(a->green, here + (sum.same - own) / count, here),
		vec_select(a->green, here, here + (sum.green - own) / count),
		here + (sum.other - own) / count};
}

static void vng(const struct kern_mosaic *m)
{
	for (int y = 0; y < m->height; y++) {
		const struct row row = row_of(m, y);
		struct around a = {.stride = m->in_stride, .green = greens(0, row.first)};

		for (int x = 0; x < m->width; x += LANES) {
			struct colours c;

			a.at = m->in + y * m->in_stride + x;
			c = vng_pixels(&a);
			put(row.same + x, c.same, m->width - x);
			put(row.green + x, c.green, m->width - x);
			put(row.other + x, c.other, m->width - x);
		}
	}
}

/*
 * RCD (Luis Sanz Rodriguez 2015, version 2.3). Planes have the shape and margins of the input;
 * each is made for rows and columns from -by to the tile's size + by.
 */
struct rcd {
	const struct kern_mosaic *m;
	ptrdiff_t stride;
	float *first, *second;	 /* squares of high passes in two directions */
	float *upright;		 /* 0 … 1: how much of the variation is vertical */
	float *falling;		 /* the same of diagonals from upper left to lower right */
	float *low;		 /* low pass */
	float *green, *opposite; /* of red pixels blue, of blue ones red */
};

INLINE vec high_pass(const float *at, ptrdiff_t d)
{
	vec pass = ((vec_load(at - 3 * d) - vec_load(at - d)) -
			   (vec_load(at + d) - vec_load(at + 3 * d))) -
		   3 * (vec_load(at - 2 * d) + vec_load(at + 2 * d)) + 6 * vec_load(at);

	return pass * pass;
}

static void high_passes(const struct rcd *r, int by, ptrdiff_t one, ptrdiff_t two)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++)
		for (int x = -by; x < m->width + by; x += LANES) {
			ptrdiff_t at = y * r->stride + x;

			vec_store(r->first + at, high_pass(m->in + at, one));
			vec_store(r->second + at, high_pass(m->in + at, two));
		}
}

/* Three values along a direction. */
INLINE vec along(const float *at, ptrdiff_t d)
{
	return (vec_load(at - d) + vec_load(at + d)) + vec_load(at);
}

/* The share of the first direction, each summed along itself. */
static void share(const struct rcd *r, float *out, int by, ptrdiff_t one, ptrdiff_t two)
{
	const struct kern_mosaic *m = r->m;
	const vec floor = vec_of(m->floor * m->floor);

	for (int y = -by; y < m->height + by; y++)
		for (int x = -by; x < m->width + by; x += LANES) {
			ptrdiff_t at = y * r->stride + x;
			vec a = vec_max(along(r->first + at, one), floor);
			vec b = vec_max(along(r->second + at, two), floor);

			vec_store(out + at, a / (a + b));
		}
}

INLINE vec beside(const float *at)
{
	return vec_load(at - 1) + vec_load(at + 1);
}

static void low_pass(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++)
		for (int x = -by; x < m->width + by; x += LANES) {
			const float *at = m->in + y * r->stride + x;
			const float *up = at - r->stride, *down = at + r->stride;
			vec four = (vec_load(up) + vec_load(down)) + beside(at);
			vec corners = beside(up) + beside(down);

			vec_store(r->low + y * r->stride + x,
				vec_load(at) + 0.5f * four + 0.25f * corners);
		}
}

/* Of a share and the mean of its diagonal neighbours, the more decided one. */
INLINE vec decided(const float *at, ptrdiff_t stride)
{
	vec here = vec_load(at), around = 0.25f * (beside(at - stride) + beside(at + stride));

	return vec_select(vec_abs(0.5f - here) < vec_abs(0.5f - around), around, here);
}

INLINE vec mix(vec by, vec zero, vec one)
{
	return by * one + (1 - by) * zero;
}

INLINE vec distance(const float *a, const float *b)
{
	return vec_abs(vec_load(a) - vec_load(b));
}

/*
 * A green neighbour corrected by the ratio of low passes. Published for values >= 0, where the
 * first bound always holds; the second keeps the ratio within -1 … 1 for values about 0.
 */
INLINE vec corrected(const float *at, const float *low, ptrdiff_t d, vec floor)
{
	vec here = vec_load(low), there = vec_load(low + 2 * d), rise = here - there;
	vec next = vec_load(at + d);

	return next + next * (rise / vec_max(floor + (here + there), vec_abs(rise) + floor));
}

/* Green between its neighbours at -d and d. */
INLINE vec between(const float *at, const float *low, ptrdiff_t d, vec floor)
{
	vec across = floor + distance(at - d, at + d);
	vec before = across + distance(at, at - 2 * d) + distance(at - d, at - 3 * d) +
		     distance(at - 2 * d, at - 4 * d);
	vec after = across + distance(at, at + 2 * d) + distance(at + d, at + 3 * d) +
		    distance(at + 2 * d, at + 4 * d);

	return (after * corrected(at, low, -d, floor) + before * corrected(at, low, d, floor)) /
	       (before + after);
}

static void find_green(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;
	const vec floor = vec_of(m->floor);

	for (int y = -by; y < m->height + by; y++) {
		const ivec is = greens(-by, row_of(m, y & 1).first);

		for (int x = -by; x < m->width + by; x += LANES) {
			ptrdiff_t at = y * r->stride + x;
			vec v = between(m->in + at, r->low + at, r->stride, floor);
			vec h = between(m->in + at, r->low + at, 1, floor);
			vec found = mix(decided(r->upright + at, r->stride), v, h);

			vec_store(r->green + at, vec_select(is, vec_load(m->in + at), found));
		}
	}
}

/* A colour less green, between pixels of that colour at -d and d. */
INLINE vec difference(const float *at, const float *green, ptrdiff_t d, vec floor)
{
	vec across = floor + distance(at - d, at + d);
	vec before = across + distance(at - d, at - 3 * d) + distance(green, green - 2 * d);
	vec after = across + distance(at + d, at + 3 * d) + distance(green, green + 2 * d);

	return (before * (vec_load(at + d) - vec_load(green + d)) +
		       after * (vec_load(at - d) - vec_load(green - d))) /
	       (before + after);
}

static void find_opposite(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;
	const vec floor = vec_of(m->floor);

	for (int y = -by; y < m->height + by; y++)
		for (int x = -by; x < m->width + by; x += LANES) {
			ptrdiff_t at = y * r->stride + x;
			vec p = difference(m->in + at, r->green + at, r->stride + 1, floor);
			vec q = difference(m->in + at, r->green + at, r->stride - 1, floor);

			vec_store(r->opposite + at,
				vec_load(r->green + at) +
					mix(decided(r->falling + at, r->stride), p, q));
		}
}

static void finish(const struct rcd *r)
{
	const struct kern_mosaic *m = r->m;
	const vec floor = vec_of(m->floor);

	for (int y = 0; y < m->height; y++) {
		const struct row row = row_of(m, y);
		const ivec is = greens(0, row.first);

		for (int x = 0; x < m->width; x += LANES) {
			ptrdiff_t at = y * r->stride + x;
			const float *in = m->in + at, *opposite = r->opposite + at;
			const float *g = r->green + at;
			vec by = decided(r->upright + at, r->stride), green = vec_load(g);
			vec same = mix(by, difference(opposite, g, r->stride, floor),
				difference(in, g, 1, floor));
			vec other = mix(by, difference(in, g, r->stride, floor),
				difference(opposite, g, 1, floor));
			int count = m->width - x;

			put(row.green + x, green, count);
			put(row.same + x, vec_select(is, green + same, vec_load(in)), count);
			put(row.other + x, vec_select(is, green + other, vec_load(opposite)),
				count);
		}
	}
}

static void rcd(const struct kern_mosaic *m, float *work)
{
	int margin = KERN_MOSAIC_MARGIN;
	ptrdiff_t plane = (m->height + 2 * margin) * m->in_stride,
		  corner = margin * m->in_stride + margin;
	float *at = work + corner;
	struct rcd r = {m, m->in_stride, at, at + plane, at + 2 * plane, at + 3 * plane,
		at + 4 * plane, at + 5 * plane, at + 6 * plane};

	high_passes(&r, 7, r.stride, 1);
	share(&r, r.upright, 6, r.stride, 1);
	low_pass(&r, 7);
	find_green(&r, 5);
	high_passes(&r, 5, r.stride + 1, r.stride - 1);
	share(&r, r.falling, 4, r.stride + 1, r.stride - 1);
	find_opposite(&r, 3);
	finish(&r);
}

void KERN(mosaic)(const struct kern_mosaic *m, enum kern_mosaic_method method, float *work)
{
	switch (method) {
	case KERN_MOSAIC_BILINEAR:
		bilinear(m);
		break;
	case KERN_MOSAIC_VNG:
		vng(m);
		break;
	case KERN_MOSAIC_RCD:
		rcd(m, work);
		break;
	}
}
