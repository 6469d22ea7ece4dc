/* SPDX-License-Identifier: ISC */
#include "dsp/tracker.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CELLS 256	    /* of a profile; exact up to so many bins */
#define MARGIN 2	    /* bins beside a signal that hold some of it: the lobe of a window */
#define OUTSIDE_SHARE 0.005 /* to each side, of the occupied bandwidth (ITU-R SM.443) */

/* What a signal has in each bin, in cells of 2^shift bins. */
struct profile {
	size_t first, count; /* cells; first counts from bin 0 */
	unsigned shift;
	double cell[CELLS];
};

struct sums {
	double excess, moment; /* sum of it, and of it times the bin */
	uint64_t rows;
};

struct open {
	struct open *into; /* the one it has become part of */
	int64_t begin, end;
	size_t low, high;	  /* bins of the last row it was seen in, half-open */
	struct sums sums, absent; /* absent: of the rows since then */
	size_t missed;		  /* how many rows */
	double noise, peak;
	uint64_t noises;
	bool seen; /* in this row */
	struct profile profile;
};

struct tracker {
	struct tracker_config config;
	size_t margin;
	tracker_fn *ended;
	void *arg;
	struct open **open; /* in the order of their beginning */
	size_t count;
	struct open **label, **next; /* of each bin: whose it was, whose it is now; or NULL */
	uint64_t left_out;
};

struct tracker *tracker_new(const struct tracker_config *config, tracker_fn *ended, void *arg)
{
	struct tracker *t = xcalloc(1, sizeof(*t));

	t->config = *config;
	t->margin = (config->guard + 1) / 2 < MARGIN ? (config->guard + 1) / 2 : MARGIN;
	t->ended = ended;
	t->arg = arg;
	t->open = xcalloc(config->most, sizeof(struct open *));
	t->label = xcalloc(config->bins, sizeof(struct open *));
	t->next = xcalloc(config->bins, sizeof(struct open *));
	return t;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->open[i]);
	free(t->open);
	free(t->label);
	free(t->next);
	free(t);
}

uint64_t tracker_left_out(const struct tracker *t)
{
	return t->left_out;
}

/* Makes cells twice as wide. */
static void coarsen(struct profile *p)
{
	double cell[CELLS] = {0};
	size_t first = p->first / 2;

	for (size_t i = 0; i < p->count; i++)
		cell[(p->first + i) / 2 - first] += p->cell[i];
	p->count = p->count ? (p->first + p->count - 1) / 2 + 1 - first : 0;
	p->first = first;
	p->shift++;
	memcpy(p->cell, cell, sizeof(cell));
}

/* Makes room for the bins from … to - 1. */
static void reach(struct profile *p, size_t from, size_t to)
{
	size_t first, end;

	for (;; coarsen(p)) {
		first = from >> p->shift;
		end = ((to - 1) >> p->shift) + 1;
		if (p->count && p->first < first)
			first = p->first;
		if (p->count && p->first + p->count > end)
			end = p->first + p->count;
		if (end - first <= CELLS)
			break;
	}
	if (p->count && first < p->first)
		memmove(p->cell + (p->first - first), p->cell, p->count * sizeof(*p->cell));
	for (size_t i = 0; i < end - first; i++)
		if (p->count == 0 || first + i < p->first || first + i >= p->first + p->count)
			p->cell[i] = 0;
	p->first = first;
	p->count = end - first;
}

static void add_profile(struct profile *to, const struct profile *from)
{
	struct profile other = *from;

	while (other.shift < to->shift)
		coarsen(&other);
	if (other.count == 0)
		return;
	reach(to, other.first << other.shift, (other.first + other.count) << other.shift);
	while (other.shift < to->shift)
		coarsen(&other);
	while (to->shift < other.shift)
		coarsen(to);
	for (size_t i = 0; i < other.count; i++)
		to->cell[other.first + i - to->first] += other.cell[i];
}

/* Bins that hold all but a share to each side; within a cell it is spread evenly. */
static double profile_width(const struct profile *p)
{
	double sum = 0, edge[2] = {0, (double)p->count}, below, cell;

	for (size_t i = 0; i < p->count; i++)
		sum += fmax(p->cell[i], 0);
	below = 0;
	for (size_t i = 0; i < p->count; i++, below += cell) {
		cell = fmax(p->cell[i], 0);
		for (int side = 0; side < 2; side++) {
			double level = sum * (side ? 1 - OUTSIDE_SHARE : OUTSIDE_SHARE);

			if (below < level && level <= below + cell)
				edge[side] = (double)i + (level - below) / cell;
		}
	}
	return (edge[1] - edge[0]) * (double)(UINT64_C(1) << p->shift);
}

static void add_sums(struct sums *to, const struct sums *more)
{
	to->excess += more->excess;
	to->moment += more->moment;
	to->rows += more->rows;
}

/* The excess in the bins low … high - 1 and the margin; into the profile too, unless it is NULL. */
static struct sums excess_of(const struct tracker *t, size_t low, size_t high, const float *power,
	const float *noise, struct profile *profile)
{
	size_t from = low > t->margin ? low - t->margin : 0, to = high + t->margin;
	struct sums s = {0};
	bool any = false;

	if (to > t->config.bins)
		to = t->config.bins;
	if (profile)
		reach(profile, from, to);
	for (size_t b = from; b < to; b++) {
		double excess = (double)power[b] - (double)noise[b];

		if (!isfinite(excess))
			continue;
		any = true;
		s.excess += excess;
		s.moment += excess * (double)b;
		if (profile)
			profile->cell[(b >> profile->shift) - profile->first] += excess;
	}
	s.rows = any;
	return s;
}

static struct open *survivor(struct open *o)
{
	while (o && o->into)
		o = o->into;
	return o;
}

/* The younger becomes part of the older. */
static struct open *merge(struct open *a, struct open *b)
{
	struct open *older = a->begin <= b->begin ? a : b, *other = older == a ? b : a;
	uint64_t rows = older->sums.rows + (other->seen && !older->seen);

	if (rows < other->sums.rows)
		rows = other->sums.rows;
	other->into = older;
	older->end = older->end > other->end ? older->end : other->end;
	add_sums(&older->sums, &other->sums);
	older->sums.rows = rows;
	older->noise += other->noise;
	older->noises += other->noises;
	older->peak = fmax(older->peak, other->peak);
	add_profile(&older->profile, &other->profile);
	if (other->seen && older->seen) {
		older->low = older->low < other->low ? older->low : other->low;
		older->high = older->high > other->high ? older->high : other->high;
	} else if (other->seen) {
		older->low = other->low;
		older->high = other->high;
		older->absent = (struct sums){0}; /* the other was there */
		older->missed = 0;
	}
	older->seen = older->seen || other->seen;
	return older;
}

/* Whose the bins low … high - 1 are: one that was there, all that they touch, or a new one. */
static struct open *owner_of(struct tracker *t, int64_t begin, size_t low, size_t high)
{
	size_t reach = t->config.guard + 1, from = low > reach ? low - reach : 0, to = high + reach;
	struct open *owner = NULL;

	if (to > t->config.bins)
		to = t->config.bins;
	for (size_t b = from; b < to; b++) {
		struct open *o = survivor(t->label[b]);

		if (o && owner && o != owner)
			owner = merge(owner, o);
		else if (o)
			owner = o;
	}
	if (owner)
		return owner;
	if (t->count == t->config.most) {
		t->left_out++;
		return NULL;
	}
	owner = t->open[t->count++] = xcalloc(1, sizeof(*owner));
	owner->begin = begin;
	return owner;
}

static void add_run(struct tracker *t, struct open *o, int64_t end, size_t low, size_t high,
	const float *power, const float *noise)
{
	struct sums s = excess_of(t, low, high, power, noise, &o->profile);
	double level = 0;

	for (size_t b = low; b < high; b++) {
		t->next[b] = o;
		level += (double)noise[b];
		if (isfinite(power[b]))
			o->peak = fmax(o->peak, (double)power[b]);
	}
	if (!o->seen) {
		add_sums(&o->sums, &o->absent);
		o->absent = (struct sums){0};
		o->missed = 0;
		o->low = low;
	} else {
		s.rows = 0; /* another part of it in the same row */
	}
	o->seen = true;
	o->end = end;
	o->high = high; /* runs come in ascending order */
	add_sums(&o->sums, &s);
	o->noise += level / (double)(high - low);
	o->noises++;
}

static void tell(const struct tracker *t, const struct open *o)
{
	const struct profile *p = &o->profile;
	double low = (double)(p->first << p->shift), bins = (double)(p->count << p->shift);
	double centroid = o->sums.excess > 0 ? o->sums.moment / o->sums.excess : 0;
	struct track track = {
		.begin = o->begin,
		.end = o->end,
		.bin = fmin(fmax(centroid, low), low + bins - 1),
		.width = profile_width(p),
		.noise = o->noise / (double)o->noises,
		.peak = o->peak,
	};

	track.snr = o->sums.excess / (double)o->sums.rows / (track.noise * track.width);
	t->ended(t->arg, &track);
}

/* Drops those that are part of others or have been absent for too long, and tells of these. */
static void close_ended(struct tracker *t, const float *power, const float *noise)
{
	size_t bins = t->config.bins, kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct open *o = t->open[i];

		if (o->into || o->seen)
			continue;
		struct sums s = excess_of(t, o->low, o->high, power, noise, NULL);

		add_sums(&o->absent, &s);
		o->missed++;
	}
	for (size_t b = 0; b < bins; b++) {
		struct open *before = survivor(t->label[b]), *now = survivor(t->next[b]);

		if (!now && before && !before->seen && before->missed <= t->config.hold)
			now = before;
		t->label[b] = now;
		t->next[b] = NULL;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct open *o = t->open[i];
		bool over = !o->into && !o->seen && o->missed > t->config.hold;

		if (over)
			tell(t, o);
		if (over || o->into)
			free(o);
		else
			t->open[kept++] = o;
	}
	t->count = kept;
}

void tracker_row(struct tracker *t, int64_t begin, int64_t end, const float *power,
	const float *noise, const uint8_t *above)
{
	size_t bins = t->config.bins;

	for (size_t i = 0; i < t->count; i++)
		t->open[i]->seen = false;
	for (size_t low = 0; low < bins;) {
		size_t high = low + 1;
		struct open *o;

		if (!above[low]) {
			low++;
			continue;
		}
		for (size_t b = high; b < bins && b <= high + t->config.guard; b++)
			if (above[b])
				high = b + 1;
		o = owner_of(t, begin, low, high);
		if (o)
			add_run(t, o, end, low, high, power, noise);
		low = high;
	}
	close_ended(t, power, noise);
}

void tracker_end(struct tracker *t)
{
	for (size_t i = 0; i < t->count; i++) {
		tell(t, t->open[i]);
		free(t->open[i]);
	}
	t->count = 0;
	memset(t->label, 0, t->config.bins * sizeof(struct open *));
}
