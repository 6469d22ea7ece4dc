/* SPDX-License-Identifier: ISC */
/*
 * Colours of a mosaic. Every value of a row is reckoned at every pixel, as if it were green and as
 * if not, and the right one chosen: half the work is lost, but the loops become vectors.
 */
#include <math.h>

#include "kern/level.h"

/* "same" is the colour, beside green, of the row, "other" that of the rows beside it. */
struct row {
	float *same, *green, *other;
	int first; /* the parity of columns that are not green */
};

INLINE struct row row_of(const struct kern_mosaic *m, int y)
{
	bool red = ((unsigned)y & 1) == m->red_y;
	float *r = m->out[0] + y * m->out_stride, *b = m->out[2] + y * m->out_stride;

	return (struct row){red ? r : b, m->out[1] + y * m->out_stride, red ? b : r,
		(int)(red ? m->red_x : 1 - m->red_x)};
}

INLINE bool is_green(int x, int first)
{
	return (x ^ first) & 1;
}

static void bilinear(const struct kern_mosaic *m)
{
	for (int y = 0; y < m->height; y++) {
		const float *restrict at = m->in + y * m->in_stride;
		const float *restrict up = at - m->in_stride, *restrict down = at + m->in_stride;
		const struct row row = row_of(m, y);
		float *restrict same = row.same, *restrict green = row.green;
		float *restrict other = row.other;

		for (int x = 0; x < m->width; x++) {
			float across = at[x - 1] + at[x + 1], along = up[x] + down[x];
			float diagonal = (up[x - 1] + up[x + 1]) + (down[x - 1] + down[x + 1]);
			bool g = is_green(x, row.first);

			same[x] = g ? 0.5f * across : at[x];
			green[x] = g ? at[x] : 0.25f * (across + along);
			other[x] = g ? 0.5f * along : 0.25f * diagonal;
		}
	}
}

/*
 * VNG (Chang, Cheung & Pan 1999), with the names of their figures: a pixel of the neighbourhood is
 * so many steps forward (f) in a direction and so many to the right (r) of it.
 */
struct around {
	const float *row[5]; /* two above … two below */
	int x;
};

/* Directions in turns of 90 degrees: up, right, down, left. */
INLINE float pixel(const struct around *a, int turn, int f, int r)
{
	int dx = turn == 0 ? r : turn == 1 ? f : turn == 2 ? -r : -f;
	int dy = turn == 0 ? -f : turn == 1 ? r : turn == 2 ? f : -r;

	return a->row[2 + dy][a->x + dx];
}

INLINE float step(const struct around *a, int turn, int f, int r, int f2, int r2)
{
	return fabsf(pixel(a, turn, f, r) - pixel(a, turn, f2, r2));
}

INLINE float straight(const struct around *a, int t)
{
	return (step(a, t, 1, 0, -1, 0) + step(a, t, 2, 0, 0, 0)) +
	       0.5f * ((step(a, t, 1, -1, -1, -1) + step(a, t, 1, 1, -1, 1)) +
			      (step(a, t, 2, -1, 0, -1) + step(a, t, 2, 1, 0, 1)));
}

INLINE float diagonal(const struct around *a, int t, bool green)
{
	float main = step(a, t, 1, 1, -1, -1) + step(a, t, 2, 2, 0, 0);
	float of_green = step(a, t, 2, 1, 0, -1) + step(a, t, 1, 2, -1, 0);
	float of_other = (step(a, t, 1, 0, 0, -1) + step(a, t, 0, 1, -1, 0)) +
			 (step(a, t, 2, 1, 1, 0) + step(a, t, 1, 2, 0, 1));

	return main + (green ? of_green : 0.5f * of_other);
}

struct colours {
	float same, green, other;
};

/* Mean colours in a direction. */
INLINE struct colours straight_colours(const struct around *a, int t, bool green)
{
	float own = 0.5f * (pixel(a, t, 2, 0) + pixel(a, t, 0, 0)), next = pixel(a, t, 1, 0);
	float beside = 0.5f * (pixel(a, t, 1, -1) + pixel(a, t, 1, 1));
	float wide = 0.25f * ((pixel(a, t, 2, -1) + pixel(a, t, 2, 1)) +
				     (pixel(a, t, 0, -1) + pixel(a, t, 0, 1)));
	bool in_row = t % 2;

	return (struct colours){green ? (in_row ? next : wide) : own, green ? own : next,
		green ? (in_row ? wide : next) : beside};
}

INLINE struct colours diagonal_colours(const struct around *a, int t, bool green)
{
	float own = 0.5f * (pixel(a, t, 2, 2) + pixel(a, t, 0, 0)), next = pixel(a, t, 1, 1);
	float even = 0.5f * (pixel(a, t, 2, 1) + pixel(a, t, 0, 1));
	float odd = 0.5f * (pixel(a, t, 1, 2) + pixel(a, t, 1, 0));
	float beside = 0.5f * (even + odd);
	/* With an odd turn "forward" runs along rows. */
	float same = t % 2 ? odd : even, other = t % 2 ? even : odd;

	return (struct colours){green ? same : own, green ? next : beside, green ? other : next};
}

INLINE float least(float a, float b)
{
	return b < a ? b : a;
}

INLINE float most(float a, float b)
{
	return b > a ? b : a;
}

INLINE void add_if(struct colours *sum, float *count, float gradient, float limit, struct colours c)
{
	bool counts = gradient <= limit;

	sum->same += counts ? c.same : 0;
	sum->green += counts ? c.green : 0;
	sum->other += counts ? c.other : 0;
	*count += counts ? 1.0f : 0;
}

INLINE struct colours vng_pixel(const struct around *a, bool green)
{
	float s0 = straight(a, 0), s1 = straight(a, 1), s2 = straight(a, 2), s3 = straight(a, 3);
	float d0 = diagonal(a, 0, green), d1 = diagonal(a, 1, green), d2 = diagonal(a, 2, green),
	      d3 = diagonal(a, 3, green);
	float low = least(least(least(s0, s1), least(s2, s3)), least(least(d0, d1), least(d2, d3)));
	float high = most(most(most(s0, s1), most(s2, s3)), most(most(d0, d1), most(d2, d3)));
	float limit = 1.5f * low + 0.5f * (high - low), count = 0, own, here = pixel(a, 0, 0, 0);
	struct colours sum = {0, 0, 0};

	add_if(&sum, &count, s0, limit, straight_colours(a, 0, green));
	add_if(&sum, &count, s1, limit, straight_colours(a, 1, green));
	add_if(&sum, &count, s2, limit, straight_colours(a, 2, green));
	add_if(&sum, &count, s3, limit, straight_colours(a, 3, green));
	add_if(&sum, &count, d0, limit, diagonal_colours(a, 0, green));
	add_if(&sum, &count, d1, limit, diagonal_colours(a, 1, green));
	add_if(&sum, &count, d2, limit, diagonal_colours(a, 2, green));
	add_if(&sum, &count, d3, limit, diagonal_colours(a, 3, green));
	own = green ? sum.green : sum.same;
	return (struct colours){green ? here + (sum.same - own) / count : here,
		green ? here : here + (sum.green - own) / count, here + (sum.other - own) / count};
}

static void vng(const struct kern_mosaic *m)
{
	for (int y = 0; y < m->height; y++) {
		const float *at = m->in + y * m->in_stride;
		const struct row row = row_of(m, y);
		float *restrict same = row.same, *restrict green = row.green;
		float *restrict other = row.other;
		struct around a = {.row = {at - 2 * m->in_stride, at - m->in_stride, at,
					   at + m->in_stride, at + 2 * m->in_stride}};

		for (int x = 0; x < m->width; x++) {
			struct colours c;

			a.x = x;
			c = vng_pixel(&a, is_green(x, row.first));
			same[x] = c.same;
			green[x] = c.green;
			other[x] = c.other;
		}
	}
}

/*
 * RCD (Luis Sanz Rodriguez 2015, version 2.3). Planes have the shape and margins of the input.
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

INLINE float square(float x)
{
	return x * x;
}

INLINE float high_pass(const float *at, ptrdiff_t d)
{
	return square(((at[-3 * d] - at[-d]) - (at[d] - at[3 * d])) - 3 * (at[-2 * d] + at[2 * d]) +
		      6 * at[0]);
}

/* Rows y and columns from -by on; squares along both steps. */
static void high_passes(const struct rcd *r, int by, ptrdiff_t one, ptrdiff_t two)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++) {
		const float *restrict in = m->in + y * r->stride;
		float *restrict first = r->first + y * r->stride;
		float *restrict second = r->second + y * r->stride;

		for (int x = -by; x < m->width + by; x++) {
			first[x] = high_pass(in + x, one);
			second[x] = high_pass(in + x, two);
		}
	}
}

/* The share of the first direction, each summed over three pixels along itself. */
static void share(const struct rcd *r, float *out, int by, ptrdiff_t one, ptrdiff_t two)
{
	const struct kern_mosaic *m = r->m;
	float floor = square(m->floor);

	for (int y = -by; y < m->height + by; y++) {
		const float *restrict first = r->first + y * r->stride;
		const float *restrict second = r->second + y * r->stride;
		float *restrict to = out + y * r->stride;

		for (int x = -by; x < m->width + by; x++) {
			float a = most(floor, (first[x - one] + first[x + one]) + first[x]);
			float b = most(floor, (second[x - two] + second[x + two]) + second[x]);

			to[x] = a / (a + b);
		}
	}
}

static void low_pass(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++) {
		const float *restrict at = m->in + y * r->stride;
		const float *restrict up = at - r->stride, *restrict down = at + r->stride;
		float *restrict to = r->low + y * r->stride;

		for (int x = -by; x < m->width + by; x++)
			to[x] = at[x] + 0.5f * ((up[x] + down[x]) + (at[x - 1] + at[x + 1])) +
				0.25f * ((up[x - 1] + up[x + 1]) + (down[x - 1] + down[x + 1]));
	}
}

/* Of a share and the mean of its diagonal neighbours, the more decided one. */
INLINE float decided(const float *at, ptrdiff_t stride)
{
	float around =
		0.25f * ((at[-stride - 1] + at[-stride + 1]) + (at[stride - 1] + at[stride + 1]));

	return fabsf(0.5f - at[0]) < fabsf(0.5f - around) ? around : at[0];
}

INLINE float mix(float by, float zero, float one)
{
	return by * one + (1 - by) * zero;
}

INLINE float gradient(const float *at, ptrdiff_t d, float floor)
{
	return floor + fabsf(at[d] - at[-d]) + fabsf(at[0] - at[2 * d]) + fabsf(at[d] - at[3 * d]) +
	       fabsf(at[2 * d] - at[4 * d]);
}

/*
 * A green neighbour corrected by the ratio of low passes. Published for values >= 0, where the
 * first bound always holds; the second keeps the ratio within -1 … 1 for values about 0.
 */
INLINE float corrected(const float *at, const float *low, ptrdiff_t d, float floor)
{
	float rise = low[0] - low[2 * d];

	return at[d] + at[d] * (rise / most(floor + (low[0] + low[2 * d]), fabsf(rise) + floor));
}

INLINE float between(const float *at, const float *low, ptrdiff_t d, float floor)
{
	float before = gradient(at, -d, floor), after = gradient(at, d, floor);

	return (after * corrected(at, low, -d, floor) + before * corrected(at, low, d, floor)) /
	       (before + after);
}

static void find_green(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++) {
		const float *restrict in = m->in + y * r->stride, *restrict low =
									  r->low + y * r->stride;
		const float *restrict upright = r->upright + y * r->stride;
		float *restrict green = r->green + y * r->stride;
		int first = row_of(m, y & 1).first;

		for (int x = -by; x < m->width + by; x++) {
			float v = between(in + x, low + x, r->stride, m->floor);
			float h = between(in + x, low + x, 1, m->floor);

			green[x] = is_green(x, first) ? in[x]
						      : mix(decided(upright + x, r->stride), v, h);
		}
	}
}

/*
 * Between two pixels at -d and d of a colour: the colour less green. `at` is that colour's plane,
 * `green` reaches twice as far.
 */
INLINE float difference(const float *at, const float *at_green, ptrdiff_t d, float floor)
{
	float across = fabsf(at[-d] - at[d]);
	float before =
		floor + across + fabsf(at[-d] - at[-3 * d]) + fabsf(at_green[0] - at_green[-2 * d]);
	float after =
		floor + across + fabsf(at[d] - at[3 * d]) + fabsf(at_green[0] - at_green[2 * d]);

	return (before * (at[d] - at_green[d]) + after * (at[-d] - at_green[-d])) /
	       (before + after);
}

static void find_opposite(const struct rcd *r, int by)
{
	const struct kern_mosaic *m = r->m;

	for (int y = -by; y < m->height + by; y++) {
		const float *restrict in = m->in + y * r->stride;
		const float *restrict green = r->green + y * r->stride;
		const float *restrict falling = r->falling + y * r->stride;
		float *restrict to = r->opposite + y * r->stride;

		for (int x = -by; x < m->width + by; x++) {
			float p = difference(in + x, green + x, r->stride + 1, m->floor);
			float q = difference(in + x, green + x, r->stride - 1, m->floor);

			to[x] = green[x] + mix(decided(falling + x, r->stride), p, q);
		}
	}
}

static void finish(const struct rcd *r)
{
	const struct kern_mosaic *m = r->m;

	for (int y = 0; y < m->height; y++) {
		const float *restrict in = m->in + y * r->stride;
		const float *restrict g = r->green + y * r->stride;
		const float *restrict opposite = r->opposite + y * r->stride;
		const float *restrict upright = r->upright + y * r->stride;
		const struct row row = row_of(m, y);
		float *restrict same = row.same, *restrict green = row.green;
		float *restrict other = row.other;

		for (int x = 0; x < m->width; x++) {
			float by = decided(upright + x, r->stride);
			float s = mix(by, difference(opposite + x, g + x, r->stride, m->floor),
				difference(in + x, g + x, 1, m->floor));
			float o = mix(by, difference(in + x, g + x, r->stride, m->floor),
				difference(opposite + x, g + x, 1, m->floor));
			bool is = is_green(x, row.first);

			green[x] = g[x];
			same[x] = is ? g[x] + s : in[x];
			other[x] = is ? g[x] + o : opposite[x];
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
