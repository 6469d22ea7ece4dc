/* SPDX-License-Identifier: ISC */
#include "dsp/cfar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

#define RANK_SHARE 3  /* the window's value at 1/3 is taken */
#define ROW_SHARE 0.4 /* and that of the whole row at this */
#define ROW_FACTOR 4  /* the noise is at most this times what the row tells */
#define HANN_NEIGHBOURS (1 + 2 * (4.0 / 9 + 1.0 / 36)) /* sum of the correlations of power */
#define PASSES_MAX 5
#define NODES 320	 /* of the integral over what the ordered value may be */
#define SHAPES 64	 /* rows of different numbers of transforms, remembered */
#define NOISE_MIN 1e-37f /* so that there is something to divide by */

/* What holds for rows of so many transforms. */
struct shape {
	double transforms, factor;
	double window_bias, row_bias; /* the values that are taken, of noise of mean 1 */
};

struct cfar {
	size_t bins, guard, train, rank; /* rank: 0 is the lowest */
	struct cfar_threshold threshold;
	struct shape known[SHAPES]; /* by their transforms */

	/* of the bins that count, in their order: */
	size_t count;
	uint32_t *bin, *rank_of; /* where each is in the row, and its place among the sorted */
	uint64_t *sorted, *swap; /* the value's bits, then the cell's number */
	uint64_t *present;	 /* a bit for each rank: it is in the window */
	uint8_t *masked;	 /* of each bin of the row */
};

/* The share of the gamma distribution of shape a and mean a that lies below x, or above it. */
static double gamma_share(double a, double x, bool above)
{
	double front, sum, term, result;
	int sign;

	if (x <= 0)
		return above ? 1 : 0;
	front = exp(a * log(x) - x - lgamma_r(a, &sign));
	if (x < a + 1) { /* series */
		sum = term = 1 / a;
		for (double n = a + 1; term > sum * 1e-16; n++)
			sum += term *= x / n;
		result = front * sum;
		return above ? 1 - result : result;
	}
	/* continued fraction, by Lentz's method */
	double b = x + 1 - a, c = 1e300, d = 1 / b, step;
	result = d;
	for (int i = 1; i < 100000; i++) {
		double an = -i * (i - a);

		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		step = c * d;
		result *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	result *= front;
	return above ? result : 1 - result;
}

/* x with share u of the distribution of mean 1 below it. */
static double gamma_quantile(double a, double u)
{
	double low = 0, high = 2;

	while (gamma_share(a, a * high, false) < u && high < 1e6)
		high *= 2;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		*(gamma_share(a, a * middle, false) < u ? &low : &high) = middle;
	}
	return (low + high) / 2;
}

/*
 * What the window's ordered value may be, for noise of mean 1, and how likely: its density is that
 * of the k-th of n independent values, F^(k-1) (1 - F)^(n-k) f. By equal steps of its logarithm, as
 * small ones, though rare, raise most of the alarms.
 */
static void ordered_value(double a, double k, double n, double x[NODES], double weight[NODES])
{
	double centre = k / (n + 1), spread = sqrt(centre * (1 - centre) / (n + 2)), sum = 0;
	double low = log(gamma_quantile(a, fmax(centre - 7 * spread, 1e-9)));
	double high = log(gamma_quantile(a, fmin(centre + 7 * spread, 1 - 1e-9)));
	double most = -INFINITY;

	for (int i = 0; i < NODES; i++) {
		double at = low + (high - low) * (i + 0.5) / NODES;

		x[i] = exp(at);
		weight[i] = (k - 1) * log(gamma_share(a, a * x[i], false)) +
			    (n - k) * log(gamma_share(a, a * x[i], true)) + a * at - a * x[i];
		most = fmax(most, weight[i]);
	}
	for (int i = 0; i < NODES; i++)
		sum += weight[i] = exp(weight[i] - most);
	for (int i = 0; i < NODES; i++)
		weight[i] /= sum;
}

static double false_alarms(
	double a, double factor, const double x[NODES], const double weight[NODES])
{
	double sum = 0;

	for (int i = 0; i < NODES; i++)
		sum += weight[i] * gamma_share(a, a * factor * x[i], true);
	return sum;
}

static void find_shape(const struct cfar *c, double transforms, struct shape *shape)
{
	double x[NODES], weight[NODES], low = 0, high = 100;
	double a = fmin(fmax(transforms, 1), CFAR_TRANSFORMS_MAX);
	double n = 2 * (double)c->train / HANN_NEIGHBOURS;

	ordered_value(a, ((double)c->rank + 0.5) / (2 * (double)c->train) * n + 0.5, n, x, weight);
	*shape = (struct shape){
		.transforms = transforms,
		.factor = pow(10, c->threshold.db / 10),
		.row_bias = gamma_quantile(a, ROW_SHARE),
	};
	for (int i = 0; i < NODES; i++)
		shape->window_bias += weight[i] * x[i];
	if (c->threshold.pfa <= 0)
		return;
	for (int i = 0; i < 60; i++) { /* log of the factor, and 1 */
		double middle = (low + high) / 2;

		*(false_alarms(a, expm1(middle), x, weight) > c->threshold.pfa ? &low : &high) =
			middle;
	}
	shape->factor = expm1(high) * shape->window_bias;
}

static const struct shape *shape_of(struct cfar *c, double transforms)
{
	struct shape *shape = &c->known[(size_t)fmin(fmax(transforms, 0), 1e9) % SHAPES];

	if (shape->transforms != transforms)
		find_shape(c, transforms, shape);
	return shape;
}

bool cfar_parse_threshold(const char *text, struct cfar_threshold *threshold)
{
	*threshold = (struct cfar_threshold){0};
	if (!strncmp(text, "noise:", 6))
		return parse_f64(text + 6, false, &threshold->db) && threshold->db > 0 &&
		       threshold->db <= 200;
	if (!strncmp(text, "pfa:", 4))
		return parse_f64(text + 4, false, &threshold->pfa) && threshold->pfa >= 1e-15 &&
		       threshold->pfa < 0.5;
	return false;
}

double cfar_factor(struct cfar *c, double transforms)
{
	return shape_of(c, transforms)->factor;
}

int cfar_new(struct cfar **result, size_t bins, size_t guard, size_t train,
	const struct cfar_threshold *threshold, struct error *e)
{
	struct cfar *c;
	size_t most = bins < 2 * guard + 1 ? 0 : (bins - 1 - 2 * guard) / 2;

	*result = NULL;
	if (most < CFAR_TRAIN_MIN || bins > UINT32_MAX)
		return fail(e, EXIT_DATA,
			"%zu bins: with %zu guard bins to each side, at least %zu "
			"are needed to tell the noise",
			bins, guard, 2 * guard + 1 + 2 * CFAR_TRAIN_MIN);
	if (train == 0)
		train = bins < 32 * 8 ? 32 : bins < 256 * 8 ? bins / 8 : 256;
	c = xcalloc(1, sizeof(*c));
	c->bins = bins;
	c->guard = guard;
	c->train = train < most ? train : most;
	c->rank = (2 * c->train - 1) / RANK_SHARE;
	c->threshold = *threshold;
	c->bin = xaligned(bins, sizeof(*c->bin));
	c->rank_of = xaligned(bins, sizeof(*c->rank_of));
	c->sorted = xaligned(bins, sizeof(*c->sorted));
	c->swap = xaligned(bins, sizeof(*c->swap));
	c->present = xcalloc(bins / 64 + 1, sizeof(*c->present));
	c->masked = xaligned(bins, 1);
	*result = c;
	return 0;
}

void cfar_free(struct cfar *c)
{
	if (!c)
		return;
	free(c->bin);
	free(c->rank_of);
	free(c->sorted);
	free(c->swap);
	free(c->present);
	free(c->masked);
	free(c);
}

/* The bins that count, and their order by value: a radix sort, eleven bits at a time. */
static void sort_cells(struct cfar *c, const float *power)
{
	c->count = 0;
	for (size_t b = 0; b < c->bins; b++) {
		float value = power[b] > 0 ? power[b] : 0;
		uint32_t bits;

		if (c->masked[b])
			continue;
		memcpy(&bits, &value, sizeof(bits));
		c->bin[c->count] = (uint32_t)b;
		c->sorted[c->count] = (uint64_t)bits << 32 | c->count;
		c->count++;
	}
	for (int shift = 32; shift < 64; shift += 11) {
		size_t start[2048] = {0}, at = 0;
		uint64_t *other = c->swap;

		for (size_t i = 0; i < c->count; i++)
			start[c->sorted[i] >> shift & 2047]++;
		for (size_t i = 0; i < 2048; i++) {
			size_t n = start[i];

			start[i] = at;
			at += n;
		}
		for (size_t i = 0; i < c->count; i++)
			other[start[c->sorted[i] >> shift & 2047]++] = c->sorted[i];
		c->swap = c->sorted;
		c->sorted = other;
	}
	for (size_t i = 0; i < c->count; i++)
		c->rank_of[(uint32_t)c->sorted[i]] = (uint32_t)i;
}

static float value_at(const struct cfar *c, size_t rank)
{
	uint32_t bits = (uint32_t)(c->sorted[rank] >> 32);
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The set of ranks in the window, with a finger on one of them. */
struct window {
	uint64_t *present;
	size_t finger, below; /* below: ranks present that are lower than the finger */
};

static void flip(struct window *w, size_t rank, bool add)
{
	w->present[rank / 64] ^= UINT64_C(1) << (rank % 64);
	if (rank < w->finger)
		w->below += add ? 1 : -(size_t)1;
}

/* The next rank present from `rank` on; there is one. */
static size_t at_or_after(const struct window *w, size_t rank)
{
	size_t word = rank / 64;
	uint64_t bits = w->present[word] >> (rank % 64);

	if (bits)
		return rank + (size_t)__builtin_ctzll(bits);
	while (!(bits = w->present[++word]))
		;
	return word * 64 + (size_t)__builtin_ctzll(bits);
}

static size_t before(const struct window *w, size_t rank)
{
	size_t word = rank / 64;
	uint64_t bits = w->present[word] & ((UINT64_C(1) << (rank % 64)) - 1);

	while (!bits)
		bits = w->present[--word];
	return word * 64 + 63 - (size_t)__builtin_clzll(bits);
}

static size_t find(struct window *w, size_t place)
{
	while (w->below > place) {
		w->finger = before(w, w->finger);
		w->below--;
	}
	w->finger = at_or_after(w, w->finger);
	for (; w->below < place; w->below++)
		w->finger = at_or_after(w, w->finger + 1);
	return w->finger;
}

/* The cells from[0] … to[0] - 1 before the guard and from[1] … to[1] - 1 behind it. */
static void window_of(const struct cfar *c, size_t i, size_t from[2], size_t to[2])
{
	size_t left = i > c->guard ? i - c->guard : 0, n = c->train, both = 2 * c->train;
	size_t right = c->count > i + c->guard + 1 ? c->count - i - c->guard - 1 : 0;

	if (right < both - n)
		n = both - right;
	if (n > left)
		n = left;
	from[0] = left - n;
	to[0] = left;
	from[1] = i + c->guard + 1;
	to[1] = from[1] + both - n;
	if (from[1] > c->count)
		from[1] = to[1] = c->count;
}

/* The noise at every bin that counts. */
static void slide(struct cfar *c, const struct shape *shape, float *noise)
{
	struct window w = {.present = c->present};
	size_t from[2], to[2], had_from[2] = {0, 0}, had_to[2] = {0, 0};
	double most = ROW_FACTOR / shape->row_bias *
		      (double)value_at(c, (size_t)(ROW_SHARE * (double)c->count));

	memset(c->present, 0, (c->bins / 64 + 1) * sizeof(*c->present));
	for (size_t i = 0; i < c->count; i++) {
		double value;

		window_of(c, i, from, to);
		for (int s = 0; s < 2; s++) {
			if (i == 0)
				had_from[s] = had_to[s] = from[s];
			for (; had_to[s] < to[s]; had_to[s]++)
				flip(&w, c->rank_of[had_to[s]], true);
			for (; had_from[s] < from[s]; had_from[s]++)
				flip(&w, c->rank_of[had_from[s]], false);
		}
		value = (double)value_at(c, find(&w, c->rank)) / shape->window_bias;
		noise[c->bin[i]] = fmaxf((float)(value < most ? value : most), NOISE_MIN);
	}
}

/* In between, and beyond the outermost. */
static void interpolate(const struct cfar *c, float *noise)
{
	size_t from = c->bin[0], last = c->bin[c->count - 1];

	for (size_t b = 0; b < from; b++)
		noise[b] = noise[from];
	for (size_t b = last + 1; b < c->bins; b++)
		noise[b] = noise[last];
	for (size_t i = 1; i < c->count; from = c->bin[i++])
		for (size_t b = from + 1; b < c->bin[i]; b++) {
			float share = (float)(b - from) / (float)(c->bin[i] - from);

			noise[b] = noise[from] + share * (noise[c->bin[i]] - noise[from]);
		}
}

/* Leaves out what is above, with its guards; how many bins were not left out before. */
static size_t mask_more(struct cfar *c, const uint8_t *above)
{
	size_t fresh = 0, next = 0;

	for (size_t b = 0; b < c->bins; b++) {
		size_t from = b > c->guard ? b - c->guard : 0, to = b + c->guard + 1;

		if (!above[b])
			continue;
		to = to < c->bins ? to : c->bins;
		for (next = next > from ? next : from; next < to; next++) {
			fresh += !c->masked[next];
			c->masked[next] = 1;
		}
	}
	return fresh;
}

size_t cfar_row(struct cfar *c, double transforms, const float *power, float *noise, uint8_t *above)
{
	size_t needed = 2 * c->guard + 1 + 2 * c->train, valid = 0, found = 0;
	const struct shape *shape = shape_of(c, transforms);

	memset(above, 0, c->bins);
	for (size_t b = 0; b < c->bins; b++) {
		c->masked[b] = !isfinite(power[b]);
		valid += !c->masked[b];
	}
	if (valid < needed) {
		for (size_t b = 0; b < c->bins; b++)
			noise[b] = NAN;
		return 0;
	}
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		sort_cells(c, power);
		if (c->count < needed)
			break; /* what was told before must do */
		slide(c, shape, noise);
		interpolate(c, noise);
		found = 0;
		for (size_t b = 0; b < c->bins; b++) {
			above[b] = isfinite(power[b]) &&
				   (double)power[b] > shape->factor * (double)noise[b];
			found += above[b];
		}
		if (found == 0 || mask_more(c, above) == 0)
			break;
	}
	return found;
}

/* The correlation of a Hann window with itself, shifted by a part of its length. */
static double hann_overlap(double shift)
{
	const int steps = 512;
	double sum = 0, square = 0;

	for (int i = 0; i < steps; i++) {
		double t = (i + 0.5) / steps, w = 1 - cos(2 * M_PI * t);

		square += w * w;
		if (t + shift < 1)
			sum += w * (1 - cos(2 * M_PI * (t + shift)));
	}
	return sum / square;
}

double cfar_independent(uint64_t count, size_t n, size_t hop)
{
	double sum = 0;

	for (uint64_t i = 1; i < count && i * hop < n && i <= 4096; i++) {
		double r = hann_overlap((double)(i * hop) / (double)n);

		sum += 2 * (1 - (double)i / (double)count) * r * r;
	}
	return (double)count / (1 + sum);
}
