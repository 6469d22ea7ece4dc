/* SPDX-License-Identifier: ISC */
#include "sky/stars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/star_parts.h"

#define CELL 64	       /* of the background, px */
#define BRIGHT 100     /* peaks that tell what stars look like in this plane */
#define FIRST_FWHM 3.0 /* px, if they do not */
#define FIRST_WING 0.3 /* beta 3.3 */
#define WIDE 4.0       /* FWHM that tell the wings of stars */
#define CLOSE 2.5      /* FWHM that count of a star whose wings are known */
#define NARROWEST 0.55 /* over the median FWHM: hot pixels and cosmic rays are narrower */
#define WIDEST 2.0     /* nebulae are wider */
#define BUCKET 32      /* px */
#define PASSES 2       /* more, of stars close to each other */
#define PIECE 8	       /* peaks that a thread fits at a time */

/* Places sorted into squares, so that what is near is found without a search. */
struct buckets {
	size_t across, down;
	size_t *first; /* of each square, and the end */
	size_t *item;
};

static size_t bucket_of(const struct buckets *b, double x, double y)
{
	size_t bx = x > 0 ? (size_t)x / BUCKET : 0, by = y > 0 ? (size_t)y / BUCKET : 0;

	return (by < b->down ? by : b->down - 1) * b->across +
	       (bx < b->across ? bx : b->across - 1);
}

static void buckets_new(
	struct buckets *b, const struct star_plane *s, const struct peak *peaks, size_t n)
{
	size_t count;

	b->across = (s->width + BUCKET - 1) / BUCKET;
	b->down = (s->height + BUCKET - 1) / BUCKET;
	count = b->across * b->down;
	b->first = xcalloc(count + 2, sizeof(*b->first));
	b->item = xcalloc(n + 1, sizeof(*b->item));
	for (size_t i = 0; i < n; i++)
		b->first[bucket_of(b, peaks[i].x, peaks[i].y) + 2]++;
	for (size_t k = 2; k < count + 2; k++)
		b->first[k] += b->first[k - 1];
	for (size_t i = 0; i < n; i++)
		b->item[b->first[bucket_of(b, peaks[i].x, peaks[i].y) + 1]++] = i;
}

static void buckets_free(struct buckets *b)
{
	free(b->first);
	free(b->item);
}

struct job {
	const struct star_plane *s;
	const struct peak *peaks;
	size_t count; /* to fit, from the first on */
	struct buckets buckets;
	struct fit_start start;
	double fwhm;		     /* typical, NaN if unknown */
	const struct fitted *before; /* of the pass before, NULL in the first */
	struct fitted *fitted;
	struct fit_scratch **scratch; /* of each worker */
};

static double width_of(const struct star *star)
{
	return sqrt((double)star->fwhm_x * (double)star->fwhm_y);
}

static bool is_star(const struct fitted *f, double fwhm)
{
	return f->good && (isnan(fwhm) || ((double)f->star.fwhm_y >= NARROWEST * fwhm &&
						  (double)f->star.fwhm_x <= WIDEST * fwhm));
}

/* Whether the fit to another peak found another star: then it can be subtracted. */
static bool is_another(const struct job *j, size_t i, size_t other)
{
	const struct fitted *own = &j->before[i], *that = &j->before[other];

	return is_star(that, j->fwhm) &&
	       hypot(own->star.x - that->star.x, own->star.y - that->star.y) > 0.75 * j->start.fwhm;
}

/* Peaks within reach of peak i but not of its own star: those are noise on its top. */
static void others_of(const struct job *j, size_t i, struct fit_others *o)
{
	const struct buckets *b = &j->buckets;
	const struct peak *p = &j->peaks[i];
	double reach = fmin(2 * j->start.radius, BUCKET), own = 0.75 * j->start.fwhm;
	size_t bx = (size_t)p->x / BUCKET, by = (size_t)p->y / BUCKET;

	o->masks = o->knowns = 0;
	if (star_saturated(j->s, p))
		return;
	for (size_t y = by ? by - 1 : 0; y <= by + 1 && y < b->down; y++)
		for (size_t x = bx ? bx - 1 : 0; x <= bx + 1 && x < b->across; x++)
			for (size_t k = b->first[y * b->across + x];
				k < b->first[y * b->across + x + 1]; k++) {
				size_t other = b->item[k];
				const struct peak *q = &j->peaks[other];
				double distance = hypot(q->x - p->x, q->y - p->y);

				if (distance <= own || distance >= reach)
					continue;
				if (j->before && other < j->count && is_another(j, i, other)) {
					if (o->knowns < FIT_OTHERS)
						o->known[o->knowns++] = &j->before[other].profile;
				} else if (o->masks < FIT_OTHERS) {
					o->masked[o->masks++] = q;
				}
			}
}

static void fit_piece(void *arg, size_t piece, unsigned worker)
{
	const struct job *j = arg;
	struct fit_others others;

	for (size_t i = piece * PIECE; i < (piece + 1) * PIECE && i < j->count; i++) {
		others_of(j, i, &others);
		if (!j->before || others.knowns > 0)
			star_fit(j->s, &j->peaks[i], &others, &j->start, j->scratch[worker],
				&j->fitted[i]);
	}
}

static void fit_all(struct job *j, struct pool *pool)
{
	size_t pieces = (j->count + PIECE - 1) / PIECE;

	pool_run(pool, pieces, fit_piece, j);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* NaN of none. */
static double median_in_place(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n == 0 ? NAN : n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/* How wide the values above half of a peak's lie along rows and columns, on average. */
static double width_at_half(const struct star_plane *s, const struct peak *p)
{
	float level, noise, most, last, v;
	double sum = 0;

	background_at(&s->background, (size_t)p->x, (size_t)p->y, &level, &noise);
	most = s->plane[(size_t)p->y * s->width + (size_t)p->x] - level;
	for (int way = 0; way < 4; way++) {
		ptrdiff_t dx = way == 0	  ? 1
			       : way == 1 ? -1
					  : 0,
			  dy = way == 2	  ? 1
			       : way == 3 ? -1
					  : 0;
		ptrdiff_t x = p->x, y = p->y;
		int far = 0;

		for (last = v = most; v > 0.5f * most && far < FIT_RADIUS_MAX; far++) {
			x += dx;
			y += dy;
			if (x < 0 || y < 0 || x >= (ptrdiff_t)s->width || y >= (ptrdiff_t)s->height)
				return NAN;
			last = v;
			v = s->plane[(size_t)y * s->width + (size_t)x] - level;
		}
		if (!(v <= 0.5f * most))
			return NAN;
		sum += far - (double)((0.5f * most - v) / (last - v));
	}
	return 0.5 * sum;
}

static double first_width(const struct star_plane *s, const struct peak *peaks, size_t n)
{
	double width[BRIGHT], median;
	size_t count = 0;

	for (size_t i = 0; i < n && count < BRIGHT; i++) {
		width[count] = star_saturated(s, &peaks[i]) ? NAN : width_at_half(s, &peaks[i]);
		count += isfinite(width[count]) != 0;
	}
	median = median_in_place(width, count);
	return isnan(median) ? FIRST_FWHM : fmax(median, 1);
}

/*
 * What stars look like here: the brightest are fitted with wings of their own, the medians are the
 * start for all. Returns the median FWHM, NaN if none of them is a star.
 */
static double typical(struct job *j, size_t n, enum star_profile profile, struct pool *pool)
{
	double width[BRIGHT], wing[BRIGHT], fwhm;
	size_t count = 0, wings = 0;

	j->count = n < BRIGHT ? n : BRIGHT;
	j->start.radius = fmin(WIDE * j->start.fwhm + 2, FIT_RADIUS_MAX);
	j->start.fit_wing = profile == PROFILE_MOFFAT;
	fit_all(j, pool);
	for (size_t i = 0; i < j->count; i++) {
		const struct fitted *f = &j->fitted[i];

		if (!f->good || f->star.saturated)
			continue;
		width[count++] = width_of(&f->star);
		if (f->star.snr > 50)
			wing[wings++] = (double)f->profile.wing;
	}
	fwhm = median_in_place(width, count);
	if (!isnan(fwhm))
		j->start.fwhm = fwhm;
	if (wings >= 3)
		j->start.wing = median_in_place(wing, wings);
	j->start.fit_wing = false;
	j->start.radius = fmin(CLOSE * j->start.fwhm + 2, FIT_RADIUS_MAX);
	return fwhm;
}

static int by_flux(const void *a, const void *b)
{
	const struct star *s = &((const struct fitted *)a)->star,
			  *t = &((const struct fitted *)b)->star;

	if (s->flux != t->flux)
		return s->flux < t->flux ? 1 : -1;
	return s->y != t->y ? (s->y > t->y) - (s->y < t->y) : (s->x > t->x) - (s->x < t->x);
}

/* Whether a brighter star explains this one: it is the same one, or a bump on its slope. */
static bool explained(const struct fitted *brighter, const struct fitted *f)
{
	double distance = hypot(brighter->star.x - f->star.x, brighter->star.y - f->star.y);

	return distance < 0.5 * width_of(&brighter->star) ||
	       profile_at(&brighter->profile, f->star.x, f->star.y) > 0.5 * (double)f->star.peak;
}

/* Leaves each star once, brightest first; *n of them. Stars kept so far are chained by bucket. */
static void leave_once(const struct buckets *b, struct fitted *f, size_t *n)
{
	size_t squares = b->across * b->down, kept = 0;
	size_t *head = xcalloc(squares, sizeof(*head)), *next = xcalloc(*n + 1, sizeof(*next));

	for (size_t i = 0; i < *n; i++) {
		size_t at = bucket_of(b, f[i].star.x, f[i].star.y);
		size_t bx = at % b->across, by = at / b->across;
		bool known = false;

		for (size_t y = by ? by - 1 : 0; y <= by + 1 && y < b->down && !known; y++)
			for (size_t x = bx ? bx - 1 : 0; x <= bx + 1 && x < b->across; x++)
				for (size_t k = head[y * b->across + x]; k > 0 && !known;
					k = next[k])
					known = explained(&f[k - 1], &f[i]);
		if (known)
			continue;
		f[kept++] = f[i];
		next[kept] = head[at];
		head[at] = kept;
	}
	*n = kept;
	free(head);
	free(next);
}

/* The fits that are stars, to the front. */
static size_t select_stars(struct fitted *f, size_t n, double fwhm)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (is_star(&f[i], fwhm))
			f[kept++] = f[i];
	return kept;
}

static double median_width(const struct star *star, size_t n)
{
	double *width = xcalloc(n + 1, sizeof(*width)), median;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!star[i].saturated)
			width[count++] = width_of(&star[i]);
	for (size_t i = 0; i < n && count == 0; i++)
		width[i] = width_of(&star[i]);
	median = median_in_place(width, count ? count : n);
	free(width);
	return median;
}

/* Stars close to each other again, each without what the others add. */
static void fit_close(struct job *j, struct pool *pool)
{
	struct fitted *before = xcalloc(j->count + 1, sizeof(*before));

	j->before = before;
	for (int pass = 0; pass < PASSES; pass++) {
		memcpy(before, j->fitted, j->count * sizeof(*before));
		fit_all(j, pool);
	}
	j->before = NULL;
	free(before);
}

/* Fits so many of the brightest peaks. Returns how many stars they are, brightest first. */
static size_t fit_brightest(struct job *j, size_t count, struct pool *pool, size_t *good)
{
	size_t n;

	j->count = count;
	fit_all(j, pool);
	fit_close(j, pool);
	n = *good = select_stars(j->fitted, count, j->fwhm);
	qsort(j->fitted, n, sizeof(*j->fitted), by_flux);
	leave_once(&j->buckets, j->fitted, &n);
	return n;
}

/*
 * Fits the brightest peaks: a few more than `max`, and only where too few of these are stars twice
 * as many.
 */
static void fit_peaks(const struct star_plane *s, const struct peak *peaks, size_t n,
	const struct star_options *options, struct pool *pool, struct star_field *field)
{
	size_t workers = pool_threads(pool), few = n, wanted = n, peak_count = n, good;
	struct job j = {.s = s, .peaks = peaks};

	if (options->max < n / 2) {
		few = options->max + options->max / 4 + BRIGHT / 2;
		wanted = 2 * options->max + BRIGHT < n ? 2 * options->max + BRIGHT : n;
		few = few < wanted ? few : wanted;
	}
	buckets_new(&j.buckets, s, peaks, n);
	j.fitted = xcalloc(wanted > BRIGHT ? wanted : BRIGHT, sizeof(*j.fitted));
	j.scratch = xcalloc(workers, sizeof(*j.scratch));
	for (size_t i = 0; i < workers; i++)
		j.scratch[i] = xaligned(1, sizeof(**j.scratch));
	j.start.fwhm = first_width(s, peaks, n);
	j.start.wing = options->profile == PROFILE_MOFFAT ? FIRST_WING : 0;
	j.fwhm = typical(&j, n, options->profile, pool);
	n = fit_brightest(&j, few, pool, &good);
	if (n < options->max && few < wanted)
		n = fit_brightest(&j, wanted, pool, &good);
	field->found =
		j.count ? (size_t)((double)good * (double)peak_count / (double)j.count + 0.5) : 0;
	field->count = n < options->max ? n : options->max;
	field->star = xcalloc(field->count + 1, sizeof(*field->star));
	for (size_t i = 0; i < field->count; i++)
		field->star[i] = j.fitted[i].star;
	field->fwhm = median_width(field->star, field->count);
	buckets_free(&j.buckets);
	for (size_t i = 0; i < workers; i++)
		free(j.scratch[i]);
	free(j.scratch);
	free(j.fitted);
}

void stars_find(const float *plane, size_t width, size_t height, const struct star_options *options,
	struct pool *pool, struct star_field *field)
{
	struct star_plane s = {.plane = plane,
		.width = width,
		.height = height,
		.saturation = options->saturation};
	struct peak *peaks;
	size_t n;

	*field = (struct star_field){.background = NAN, .noise = NAN, .fwhm = NAN};
	if (!background_new(&s.background, plane, width, height, CELL, pool)) {
		field->star = xcalloc(1, sizeof(*field->star));
		return;
	}
	background_medians(&s.background, &field->background, &field->noise);
	s.noise_floor = fmaxf(1e-5f * fabsf((float)field->background), 1e-30f);
	n = star_peaks(&s, options->sigma, pool, &peaks);
	fit_peaks(&s, peaks, n, options, pool, field);
	free(peaks);
	background_free(&s.background);
}
