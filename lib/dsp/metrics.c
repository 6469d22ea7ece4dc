/* SPDX-License-Identifier: ISC */
#include "dsp/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"

#define BAND_BINS 32 /* that the default length puts in the band */

/* Standard deviations: what agrees with noise, what stands out, what is significant as a whole. */
#define AGREES 3.0
#define STANDS_OUT 4.5
#define SIGNIFICANT 4.0

#define MAIN_LOBE 2	/* bins of Hann's main lobe to one side */
#define TONE_SHARE 0.9	/* of an emission's power in one main lobe: it is a tone */
#define SIDE_LOBES 0.02 /* more than those of a flat band at its edge */
#define GUARD 3		/* bins at the band's edges that do not count as outside */
#define JOINED 4	/* bins between two parts of one emission, at most */
#define GROUP_MOST 64
#define OUTSIDE_SHARE 8 /* one of so many bins outside the band will do */
#define NOT_WHITE 2.5	/* times the variance that white noise has */
#define SCATTER_GROUP 16
#define SCATTER_MIN 12
#define CLUSTER_SHARE 3 /* noise fills one of so many bins of those the greatest cluster has */

/* Hann, hop n/2: correlation of neighbouring transforms' powers, and the variance of a mean of
 * many bins over that of as many independent ones. */
#define HOP_CORRELATION (1 / 36.0)
#define BIN_CORRELATION 2.0

#define INTEGRAL_STEPS 400 /* even */
#define ITERATIONS 50
#define ROUNDS 4

/* How a mean of k powers is distributed, as far as needed. */
struct spread {
	double k;
	double low, high; /* the quantiles between which bins agree, */
	double part_mean; /* the mean of what lies between them, */
	double limit;	  /* and where a bin stands out; all in means */
	bool white;	  /* bins differ by chance only, so groups of them differ less */
};

struct metrics {
	struct metrics_config config;
	size_t bins;
	double step_hz, width_hz; /* of a bin; of the band */
	double *share; /* of a bin's width that is there: 1, or 1/2 at 0 and rate/2 of real input */
	double *weight;	 /* of it, what lies in the band … */
	double *counted; /* … and what counts as such */
	bool *candidate; /* its density may tell of the noise */
	bool outside;	 /* these are the bins outside the band */
	double *level;	 /* density as if the share were 1 */
	bool *stands_out;
	struct spread spread;
	double *sum;  /* bins + 1 partial sums … */
	size_t *seen; /* … of so many levels */
	float *sorted;
};

size_t metrics_length(double rate_hz, double band_hz, size_t most)
{
	size_t n = 1024;

	while (n <= most && (double)n * band_hz < BAND_BINS * rate_hz)
		n *= 2;
	return n <= most ? n : 0;
}

static double bin_hz(const struct metrics *m, size_t bin)
{
	double first = m->config.real ? 0 : (double)(m->config.n / 2);

	return ((double)bin - first) * m->step_hz;
}

/* The part of low … high that lies in the band. */
static double overlap(const struct metrics *m, double low, double high)
{
	double from = fmax(low, m->config.low_hz), to = fmin(high, m->config.high_hz);

	return to > from ? to - from : 0;
}

/* A bin stands for half a step to both sides; that of -rate/2 has one of them at rate/2. */
static void set_weight(struct metrics *m, size_t bin)
{
	double f = bin_hz(m, bin), half = m->step_hz / 2, rate = m->config.rate_hz, width;

	if (m->config.real) {
		double low = fmax(f - half, 0), high = fmin(f + half, rate / 2);

		m->share[bin] = (high - low) / m->step_hz;
		m->weight[bin] = overlap(m, low, high) / m->step_hz;
		return;
	}
	m->share[bin] = 1;
	width = overlap(m, fmax(f - half, -rate / 2), f + half);
	if (f - half < -rate / 2)
		width += overlap(m, f - half + rate, rate / 2);
	m->weight[bin] = fmin(width / m->step_hz, 1);
}

/* Real input: near 0 and rate/2 the bins are those of a signal that is its own image. */
static bool is_edge(const struct metrics *m, size_t bin)
{
	return m->config.real && (bin < MAIN_LOBE || bin + MAIN_LOBE >= m->bins);
}

static void set_candidates(struct metrics *m)
{
	double guard = (GUARD + 0.5) * m->step_hz;
	size_t count = 0;

	for (size_t b = 0; b < m->bins; b++) {
		double f = bin_hz(m, b), rate = m->config.rate_hz;
		bool near = false;

		for (int turn = m->config.real ? 0 : -1; turn <= !m->config.real; turn++)
			near = near ||
			       overlap(m, f - guard + turn * rate, f + guard + turn * rate) > 0;
		m->candidate[b] = !near && !is_edge(m, b);
		count += m->candidate[b];
	}
	m->outside = count * OUTSIDE_SHARE >= m->bins;
	for (size_t b = 0; b < m->bins && !m->outside; b++)
		m->candidate[b] = !is_edge(m, b);
}

int metrics_new(struct metrics **made, const struct metrics_config *config, struct error *e)
{
	struct metrics *m = xcalloc(1, sizeof(*m));
	double in_band = 0;

	*made = NULL;
	m->config = *config;
	m->bins = config->real ? config->n / 2 + 1 : config->n;
	m->step_hz = config->rate_hz / (double)config->n;
	m->share = xcalloc(m->bins, sizeof(*m->share));
	m->weight = xcalloc(m->bins, sizeof(*m->weight));
	m->counted = xcalloc(m->bins, sizeof(*m->counted));
	m->candidate = xcalloc(m->bins, sizeof(*m->candidate));
	m->level = xcalloc(m->bins, sizeof(*m->level));
	m->stands_out = xcalloc(m->bins, sizeof(*m->stands_out));
	m->sum = xcalloc(2 * m->bins + 1, sizeof(*m->sum));
	m->seen = xcalloc(2 * m->bins + 1, sizeof(*m->seen));
	m->sorted = xcalloc(m->bins, sizeof(*m->sorted));
	for (size_t b = 0; b < m->bins; b++) {
		set_weight(m, b);
		in_band += m->weight[b];
	}
	m->width_hz = in_band * m->step_hz;
	set_candidates(m);
	if (!(in_band >= 1)) {
		metrics_free(m);
		return fail(e, EXIT_USAGE,
			"band %g to %g Hz: must hold a bin of %g Hz within the spectrum",
			config->low_hz, config->high_hz, config->rate_hz / (double)config->n);
	}
	*made = m;
	return 0;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	free(m->share);
	free(m->weight);
	free(m->counted);
	free(m->candidate);
	free(m->level);
	free(m->stands_out);
	free(m->sum);
	free(m->seen);
	free(m->sorted);
	free(m);
}

/*
 * The quantile of Gamma(k, 1/k) at so many standard deviations of a normal one (Wilson and Hilferty
 * 1931).
 */
static double gamma_quantile(double k, double deviations)
{
	double root = 1 - 1 / (9 * k) + deviations / (3 * sqrt(k));

	return root > 0 ? root * root * root : 0;
}

/* The mean of the part of Gamma(k, 1/k) between two quantiles, by Simpson's rule. */
static double gamma_part_mean(double k, double low, double high)
{
	double step = (high - low) / INTEGRAL_STEPS, weight = 0, moment = 0;

	for (int i = 0; i <= INTEGRAL_STEPS; i++) {
		double x = fmax(low + i * step, 1e-12);
		double density = exp((k - 1) * log(x) - k * (x - 1));

		density *= i == 0 || i == INTEGRAL_STEPS ? 1 : i % 2 ? 4 : 2;
		weight += density;
		moment += density * x;
	}
	return moment / weight;
}

/* As many transforms apart know as much as so many half overlapping ones. */
static double independent(uint64_t transforms)
{
	double k = (double)transforms;

	return k / (1 + 2 * HOP_CORRELATION * (k - 1) / k);
}

static void set_spread(struct spread *s, double k)
{
	if (s->k == k)
		return;
	s->k = k;
	s->low = gamma_quantile(s->k, -AGREES);
	s->high = gamma_quantile(s->k, AGREES);
	s->part_mean = gamma_part_mean(s->k, s->low, s->high);
	s->limit = gamma_quantile(s->k, STANDS_OUT);
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static bool tells(const struct metrics *m, size_t bin)
{
	return m->candidate[bin] && !m->stands_out[bin];
}

/*
 * The level of the lowest cluster of bins: the lowest ones that can be noise of one level and are
 * not too few beside the greatest such cluster. It is a first guess, low rather than high.
 */
static double lowest_cluster(struct metrics *m)
{
	double k = m->spread.k, low = gamma_quantile(k, -2.5);
	double ratio = gamma_quantile(k, 2.5) / fmax(low, 1e-3);
	size_t count = 0, most = 0, end = 0, start;

	for (size_t b = 0; b < m->bins; b++)
		if (tells(m, b))
			m->sorted[count++] = (float)m->level[b];
	if (count == 0)
		return 0;
	qsort(m->sorted, count, sizeof(*m->sorted), ascending);
	for (size_t i = 0; i < count; i++) {
		while (end < count && (double)m->sorted[end] <= (double)m->sorted[i] * ratio)
			end++;
		most = end - i > most ? end - i : most;
	}
	for (start = end = 0; start < count; start++) {
		while (end < count && (double)m->sorted[end] <= (double)m->sorted[start] * ratio)
			end++;
		if ((end - start) * CLUSTER_SHARE >= most)
			break;
	}
	return (double)m->sorted[start + (end - start) / 4] / gamma_quantile(k, -0.6745);
}

/* The level whose agreeing bins have the mean that such a part of noise has. */
static double agreed_level(const struct metrics *m, double level)
{
	double low = m->spread.low, high = m->spread.high;

	for (int i = 0; i < ITERATIONS; i++) {
		double sum = 0, last = level;
		size_t count = 0;

		for (size_t b = 0; b < m->bins; b++)
			if (tells(m, b) && m->level[b] >= low * level &&
				m->level[b] <= high * level) {
				sum += m->level[b];
				count++;
			}
		if (count == 0)
			return level;
		level = sum / (double)count / m->spread.part_mean;
		if (fabs(level - last) <= 1e-9 * level)
			break;
	}
	return level;
}

/* Marks bins from … to - 1, and what Hann spreads of them; complex spectra are a ring. */
static void mark(const struct metrics *m, bool *marks, size_t from, size_t to)
{
	ptrdiff_t bins = (ptrdiff_t)m->bins;

	for (ptrdiff_t b = (ptrdiff_t)from - MAIN_LOBE; b < (ptrdiff_t)to + MAIN_LOBE; b++) {
		if (m->config.real && (b < 0 || b >= bins))
			continue;
		marks[(b + bins) % bins] = true;
	}
}

/* Groups of so many neighbours that, those left out that stand out already, are above the noise. */
static void find_groups(struct metrics *m, double noise, size_t size)
{
	double limit =
		size > 1 ? gamma_quantile(m->spread.k * (double)size / BIN_CORRELATION, STANDS_OUT)
			 : m->spread.limit;
	size_t reach = m->config.real ? m->bins : m->bins + size - 1;
	bool *found = xcalloc(m->bins, sizeof(*found));

	for (size_t i = 0; i < reach; i++) {
		size_t b = i < m->bins ? i : i - m->bins;
		bool left_out = m->stands_out[b];

		m->sum[i + 1] = m->sum[i] + (left_out ? 0 : m->level[b]);
		m->seen[i + 1] = m->seen[i] + !left_out;
	}
	for (size_t i = 0; i + size <= reach; i++) {
		size_t seen = m->seen[i + size] - m->seen[i];

		if (2 * seen > size && m->sum[i + size] - m->sum[i] > limit * noise * (double)seen)
			mark(m, found, i, i + size);
	}
	for (size_t b = 0; b < m->bins; b++)
		m->stands_out[b] |= found[b];
	free(found);
}

/*
 * The scatter of groups of so many bins below the level, down to half of it, which is not that of
 * signals: as k, which is 1 / variance, or 0 if it is not told from that of white noise.
 */
static double scatter_below(const struct metrics *m, double level, size_t size)
{
	double white = size > 1 ? BIN_CORRELATION / (double)size / m->spread.k : 1 / m->spread.k;
	double square = 0;
	size_t count = 0;

	for (size_t b = 0; b + size <= m->bins; b += size) {
		double sum = 0, below;
		size_t seen = 0;

		for (size_t i = 0; i < size; i++) {
			seen += tells(m, b + i);
			sum += m->level[b + i];
		}
		below = 1 - sum / (double)size / level;
		if (seen < size || below <= 0 || below > 0.5)
			continue;
		square += below * below;
		count++;
	}
	return count >= SCATTER_MIN && square > NOT_WHITE * white * (double)count
		       ? (double)count / square
		       : 0;
}

/* A receiver's noise is not quite white: then bins agree within what they differ below the level.
 */
static double spread_floor(struct metrics *m, double level)
{
	for (int round = 0; round < ROUNDS; round++) {
		double bins = scatter_below(m, level, 1),
		       groups = scatter_below(m, level, SCATTER_GROUP);
		double k = fmin(bins > 0 ? bins : INFINITY, groups > 0 ? groups : INFINITY);

		m->spread.white = m->spread.white && isinf(k);
		if (k >= m->spread.k)
			break;
		set_spread(&m->spread, k);
		level = agreed_level(m, lowest_cluster(m));
	}
	return level;
}

static double find_noise(struct metrics *m, double k)
{
	double noise, last;
	size_t most;

	set_spread(&m->spread, k);
	m->spread.white = true;
	memset(m->stands_out, 0, m->bins * sizeof(*m->stands_out));
	noise = agreed_level(m, lowest_cluster(m));
	noise = spread_floor(m, noise);
	most = m->spread.white ? GROUP_MOST : 1;
	for (int round = 0; round < ROUNDS && noise > 0; round++) {
		memset(m->stands_out, 0, m->bins * sizeof(*m->stands_out));
		for (size_t size = 1; size <= most && size * 8 <= m->bins; size *= 4)
			find_groups(m, noise, size);
		last = noise;
		noise = agreed_level(m, noise);
		if (noise == last)
			break;
	}
	return noise;
}

/* What a bin of the band has beyond the noise, as power. */
static double excess(const struct metrics *m, size_t bin, double noise)
{
	return m->counted[bin] * (m->level[bin] - noise) * m->step_hz;
}

/* A walk over the band's signal: all bins in an order that cuts no emission of a ring in two. */
struct walk {
	size_t first;
	bool all; /* all of the band is signal, else what stands out */
};

static size_t walk_bin(const struct metrics *m, const struct walk *w, size_t i)
{
	return (w->first + i) % m->bins;
}

static bool is_signal(const struct metrics *m, const struct walk *w, size_t bin)
{
	return m->counted[bin] > 0 && (w->all || m->stands_out[bin]);
}

/* Where a ring may be cut: beyond what stands out. */
static size_t first_bin(const struct metrics *m)
{
	const struct walk w = {0};
	size_t quiet = 0;

	for (size_t i = 0; i < m->bins + JOINED && !m->config.real; i++) {
		quiet = is_signal(m, &w, i % m->bins) ? 0 : quiet + 1;
		if (quiet > JOINED)
			return i % m->bins;
	}
	return 0;
}

static double walk_hz(const struct metrics *m, const struct walk *w, double i)
{
	return bin_hz(m, w->first) + i * m->step_hz;
}

static double folded(const struct metrics *m, double hz)
{
	double rate = m->config.rate_hz;

	return m->config.real ? hz : hz - rate * floor(hz / rate + 0.5);
}

struct emission {
	double power, moment;
	size_t peak; /* of the walk */
};

static struct emission strongest(const struct metrics *m, const struct walk *w, double noise)
{
	struct emission best = {0}, now = {0};
	size_t quiet = 0, peak = 0;

	for (size_t i = 0; i < m->bins; i++) {
		size_t b = walk_bin(m, w, i);

		quiet = is_signal(m, w, b) ? 0 : quiet + 1;
		if (quiet > JOINED)
			now = (struct emission){0};
		if (quiet > 0)
			continue;
		if (now.power == 0 || m->level[b] > m->level[walk_bin(m, w, peak)])
			peak = i;
		now.power += excess(m, b, noise);
		now.moment += excess(m, b, noise) * (double)i;
		now.peak = peak;
		if (now.power > best.power)
			best = now;
	}
	return best;
}

static struct emission whole(const struct metrics *m, const struct walk *w, double noise)
{
	struct emission all = {0};

	for (size_t i = 0; i < m->bins; i++) {
		size_t b = walk_bin(m, w, i);

		if (!is_signal(m, w, b))
			continue;
		all.power += excess(m, b, noise);
		all.moment += excess(m, b, noise) * (double)i;
	}
	return all;
}

/* A tone is its main lobe: what else stands out beside it only blurs where it is. */
static struct emission sharpened(
	const struct metrics *m, const struct walk *w, double noise, struct emission e)
{
	struct emission lobe = {.peak = e.peak};

	for (int j = -MAIN_LOBE; j <= MAIN_LOBE; j++) {
		double i = (double)e.peak + j;
		size_t b;

		if (i < 0 || i >= (double)m->bins)
			continue;
		b = walk_bin(m, w, (size_t)i);
		lobe.power += excess(m, b, noise);
		lobe.moment += excess(m, b, noise) * i;
	}
	return lobe.power > TONE_SHARE * e.power ? lobe : e;
}

/* The place, in bins of the walk, below which so much of the power lies; from the end if asked. */
static double place_of(
	const struct metrics *m, const struct walk *w, double noise, double power, bool from_end)
{
	double sum = 0;

	for (size_t i = 0; i < m->bins; i++) {
		size_t at = from_end ? m->bins - 1 - i : i, b = walk_bin(m, w, at);
		double here = is_signal(m, w, b) ? excess(m, b, noise) : 0;

		if (sum + here >= power && here > 0) {
			double inside = (power - sum) / here - 0.5;

			return (double)at + (from_end ? -inside : inside);
		}
		sum += here;
	}
	return NAN;
}

/* What in the band does not stand out: its power, and the standard deviation of noise alone. */
static double rest_of(const struct metrics *m, double noise, double *deviation)
{
	double rest = 0, width = 0, used = 0, variance;

	for (size_t b = 0; b < m->bins; b++) {
		used += tells(m, b);
		if (m->stands_out[b])
			continue;
		rest += excess(m, b, noise);
		width += m->weight[b];
	}
	variance = BIN_CORRELATION * (width + (used > 0 ? width * width / used : 0));
	if (!m->spread.white)
		variance = width * width;
	*deviation = noise * m->step_hz * sqrt(variance / m->spread.k);
	return rest;
}

/*
 * What the window spreads over an edge of the band is the band's, if it falls from the edge on and
 * is gone where the main lobe ends: then there is no other signal.
 */
static void count_edge(struct metrics *m, double noise, size_t edge, int side)
{
	double limit = m->spread.limit * noise;
	double gone = fmax(limit, noise + SIDE_LOBES * (m->level[edge] - noise));
	size_t beyond[MAIN_LOBE + 1], last = edge;

	for (int j = 0; j <= MAIN_LOBE; j++) {
		ptrdiff_t bin = (ptrdiff_t)edge + side * (j + 1), bins = (ptrdiff_t)m->bins;

		if (m->config.real && (bin < 0 || bin >= bins))
			return;
		last = beyond[j] = (size_t)((bin + bins) % bins);
		if (m->weight[last] >= 0.5)
			return;
		if (j < MAIN_LOBE && m->level[last] > m->level[j ? beyond[j - 1] : edge])
			return;
	}
	if (m->level[last] > gone)
		return;
	m->counted[edge] = 1;
	for (int j = 0; j < MAIN_LOBE; j++) {
		m->counted[beyond[j]] = 1;
		m->stands_out[beyond[j]] = true;
	}
}

static void count_edges(struct metrics *m, double noise, bool all)
{
	for (size_t b = 0; b < m->bins; b++) {
		size_t before = (b + m->bins - 1) % m->bins, after = (b + 1) % m->bins;

		if (m->weight[b] < 0.5 || !(all || m->stands_out[b]))
			continue;
		if (m->weight[before] < 0.5)
			count_edge(m, noise, b, -1);
		if (m->weight[after] < 0.5)
			count_edge(m, noise, b, 1);
	}
}

static void measure_signal(struct metrics *m, double noise, struct metrics_spectrum *out)
{
	struct walk w = {0};
	double deviation, rest;
	struct emission all, main;

	memcpy(m->counted, m->weight, m->bins * sizeof(*m->counted));
	rest = rest_of(m, noise, &deviation);
	all = whole(m, &w, noise);
	out->offset_hz = out->occupied_hz = NAN;
	w.all = rest > SIGNIFICANT * deviation;
	if (!w.all && !(all.power > 0)) {
		out->signal = fmax(rest, 0);
		return;
	}
	count_edges(m, noise, w.all);
	w.first = first_bin(m);
	all = whole(m, &w, noise);
	out->signal = all.power;
	main = all;
	if (!w.all || all.power > rest) {
		struct walk out_only = {.first = w.first};

		main = strongest(m, &out_only, noise);
		if (main.power >= all.power / 2)
			main = sharpened(m, &w, noise, main);
		else
			main = all;
	}
	out->offset_hz = folded(m, walk_hz(m, &w, main.moment / main.power));
	out->occupied_hz = (place_of(m, &w, noise, 0.005 * all.power, true) -
				   place_of(m, &w, noise, 0.005 * all.power, false)) *
			   m->step_hz;
}

static double density_at(const struct metrics *m, double hz)
{
	double bin = nearbyint((hz - bin_hz(m, 0)) / m->step_hz);
	double last = (double)m->bins - 1;

	return m->level[(size_t)fmin(fmax(bin, 0), last)];
}

void metrics_measure(
	struct metrics *m, const float *density, uint64_t transforms, struct metrics_spectrum *out)
{
	bool finite = true;

	for (size_t b = 0; b < m->bins; b++) {
		m->level[b] = (double)density[b] / m->share[b];
		finite = finite && isfinite(density[b]);
	}
	*out = (struct metrics_spectrum){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (!finite)
		return;
	out->centre = density_at(m, (m->config.low_hz + m->config.high_hz) / 2);
	out->noise = find_noise(m, independent(transforms));
	measure_signal(m, out->noise, out);
	out->noise_power = out->noise * m->width_hz;
	out->snr = out->signal / out->noise_power;
}

void metrics_join(struct kern_iq_sums *sums, const struct kern_iq_sums *piece)
{
	sums->count += piece->count;
	sums->clipped += piece->clipped;
	sums->i += piece->i;
	sums->q += piece->q;
	sums->ii += piece->ii;
	sums->qq += piece->qq;
	sums->iq += piece->iq;
	sums->peak = piece->peak > sums->peak ? piece->peak : sums->peak;
}

/* A power of two that brings full scale near 1, so that scaling rounds nothing. */
static double scale_of(const struct metrics_samples *of)
{
	return ldexp(1, -ilogb(of->full_scale));
}

/* The greatest value of an integer type, and -1 times the least of a signed one. */
static double type_end(unsigned dtype)
{
	return dtype_zero(dtype) > 0 ? 2 * dtype_full_scale(dtype) : dtype_full_scale(dtype) - 1;
}

/*
 * Full scale, and of integers what the type can hold. Signed ones reach full scale below zero and
 * one less above.
 */
static void limits(const struct metrics_samples *of, float *low, float *high)
{
	unsigned dtype = dtype_real(of->dtype);
	bool is_signed = dtype_zero(dtype) == 0;
	double least = of->zero - of->full_scale, most = of->zero + of->full_scale;

	if (!dtype_float(dtype)) {
		most = fmin(is_signed ? most - 1 : most, type_end(dtype));
		least = fmax(least, is_signed ? -dtype_full_scale(dtype) : 0);
	}
	*low = (float)((least - of->zero) * scale_of(of));
	*high = (float)((most - of->zero) * scale_of(of));
}

void metrics_sums(const struct metrics_samples *of, const void *x, size_t n, unsigned subchannel,
	struct kern_iq_sums *sums)
{
	float buffer[2 * METRICS_BLOCK] __attribute__((aligned(64))), low, high;
	const char *at = (const char *)x + subchannel * dtype_size(of->dtype);
	const struct kern *k = kern();

	k->load(buffer, at, n, of->dtype, of->subchannels, of->zero, scale_of(of), NULL);
	if (!dtype_complex(of->dtype))
		for (size_t i = n; i-- > 0;) {
			buffer[2 * i] = buffer[i];
			buffer[2 * i + 1] = 0;
		}
	limits(of, &low, &high);
	k->iq_sums(sums, buffer, n, low, high);
}

void metrics_levels(
	const struct metrics_samples *of, const struct kern_iq_sums *s, struct metrics_levels *out)
{
	double n = (double)s->count, unit = 1 / (scale_of(of) * of->full_scale);
	double i = s->i / n, q = s->q / n, power = (s->ii + s->qq) / n;
	double var_i = s->ii / n - i * i, var_q = s->qq / n - q * q, cov = s->iq / n - i * q;
	double sine = cov / sqrt(var_i * var_q);

	out->power = power * unit * unit;
	out->crest = isnan(power) ? NAN : (double)s->peak / power;
	out->dc_i = i * unit;
	out->dc_q = q * unit;
	out->clipped = (double)s->clipped / n;
	out->gain = var_i / var_q;
	out->phase_rad = asin(fmax(-1, fmin(1, sine)));
	if (isnan(sine))
		out->phase_rad = NAN;
	if (!dtype_complex(of->dtype))
		out->dc_q = out->gain = out->phase_rad = NAN;
}
