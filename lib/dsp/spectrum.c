/* SPDX-License-Identifier: ISC */
#include "dsp/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "dsp/fft.h"
#include "kern/kern.h"

#define LENGTH_MAX ((size_t)1 << 28)

/*
 * Complex powers of two go through the fused kernel, everything else through FFTW. The accumulator
 * holds bins in the transform's own order, 0 … n-1.
 */
struct spectrum {
	struct spectrum_config config;
	const struct kern *kern;
	struct fft *fft; /* NULL if fused */
	float *window, *table;
	double scale;  /* a power of two that brings full scale near 1 */
	double factor; /* what makes powers of scaled values those of the norm */
};

struct spectrum_scratch {
	float *in, *out;
};

static bool is_real(const struct spectrum *s)
{
	return !dtype_complex(s->config.dtype);
}

static bool positive(double x)
{
	return isfinite(x) && x > 0;
}

static int refuse(const struct spectrum_config *config, struct error *e)
{
	double parameter = config->window_parameter;

	if (config->n < 2 || config->n > LENGTH_MAX)
		return fail(e, EXIT_USAGE, "transform length %zu: must be 2 to %zu", config->n,
			LENGTH_MAX);
	if (!dtype_valid(config->dtype))
		return fail(e, EXIT_USAGE, "element type %u: no such type", config->dtype);
	if (config->subchannels < 1)
		return fail(e, EXIT_USAGE, "subchannels: must be at least 1");
	if (!(config->full_scale >= FULL_SCALE_MIN &&
		config->full_scale <= FULL_SCALE_MAX))
		return fail(e, EXIT_USAGE, "full scale %g: must be %g to %g", config->full_scale,
			FULL_SCALE_MIN, FULL_SCALE_MAX);
	if (!isfinite(config->zero))
		return fail(e, EXIT_USAGE, "zero %g: must be finite", config->zero);
	if (config->norm == SPECTRUM_DENSITY && !positive(config->rate_hz))
		return fail(e, EXIT_USAGE, "rate %g Hz: must be > 0", config->rate_hz);
	if (config->window == WINDOW_KAISER &&
		!(parameter >= 0 && parameter <= WINDOW_KAISER_BETA_MAX))
		return fail(e, EXIT_USAGE, "kaiser window: beta %g: must be 0 to %d", parameter,
			WINDOW_KAISER_BETA_MAX);
	if ((config->window == WINDOW_GAUSS || config->window == WINDOW_GAUSS_SYMMETRIC) &&
		!positive(parameter))
		return fail(e, EXIT_USAGE, "gauss window: %g samples: must be > 0", parameter);
	return 0;
}

/*
 * Sets the factor that turns |X|^2 of values scaled by s->scale into the unit of the norm; refuses
 * a window whose power is nothing in f32, as gauss between two samples.
 */
static int set_factor(struct spectrum *s, struct error *e)
{
	const struct spectrum_config *c = &s->config;
	double sum = 0, square_sum = 0, amplitude = 1 / (s->scale * c->full_scale);

	for (size_t k = 0; k < c->n; k++) {
		sum += (double)s->window[k];
		square_sum += (double)s->window[k] * (double)s->window[k];
	}
	if (!isnormal((float)square_sum))
		return fail(e, EXIT_USAGE, "window of parameter %g: no weight on %zu samples",
			c->window_parameter, c->n);
	if (c->norm == SPECTRUM_DBFS)
		s->factor = amplitude * amplitude / (sum * sum);
	else if (c->norm == SPECTRUM_DENSITY)
		s->factor = amplitude * amplitude / (c->rate_hz * square_sum);
	else
		s->factor = 1 / (s->scale * s->scale);
	return 0;
}

int spectrum_new(struct spectrum **made, const struct spectrum_config *config, struct error *e)
{
	bool fused = dtype_complex(config->dtype) && kern_fft_serves(config->n);
	struct spectrum *s;
	int code;

	*made = NULL;
	if ((code = refuse(config, e)))
		return code;
	s = xcalloc(1, sizeof(*s));
	s->config = *config;
	s->kern = kern();
	s->scale = ldexp(1, -ilogb(config->full_scale));
	s->window = xaligned(config->n, sizeof(*s->window));
	window_make(s->window, config->n, config->window, config->window_parameter);
	code = set_factor(s, e);
	if (!code && !fused)
		code = fft_new(&s->fft, config->n, is_real(s), e);
	if (code) {
		spectrum_free(s);
		return code;
	}
	if (fused) {
		s->table = xaligned(kern_fft_table_size(config->n), sizeof(*s->table));
		s->kern->fft_table(s->table, config->n);
	}
	*made = s;
	return 0;
}

void spectrum_free(struct spectrum *s)
{
	if (!s)
		return;
	fft_free(s->fft);
	free(s->window);
	free(s->table);
	free(s);
}

struct spectrum_scratch *spectrum_scratch_new(const struct spectrum *s)
{
	struct spectrum_scratch *scratch = xmalloc(sizeof(*scratch));
	size_t n = s->config.n;
	size_t out = s->fft ? fft_out_size(n, is_real(s)) : kern_fft_work_size(n);

	scratch->in = xaligned(fft_in_size(n, is_real(s)), sizeof(float));
	scratch->out = xaligned(out, sizeof(float));
	return scratch;
}

void spectrum_scratch_free(struct spectrum_scratch *scratch)
{
	if (!scratch)
		return;
	free(scratch->in);
	free(scratch->out);
	free(scratch);
}

size_t spectrum_bins(const struct spectrum *s)
{
	return is_real(s) ? s->config.n / 2 + 1 : s->config.n;
}

size_t spectrum_accumulator_size(const struct spectrum *s)
{
	return spectrum_bins(s);
}

static enum kern_join join_of(enum spectrum_stat stat, bool first)
{
	static const enum kern_join joins[] = {
		[SPECTRUM_MEAN] = KERN_ADD,
		[SPECTRUM_MAX] = KERN_MAX,
		[SPECTRUM_MIN] = KERN_MIN,
	};

	return first ? KERN_SET : joins[stat];
}

/* Brings samples into the scratch, zeros behind them. */
static void load(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t samples, const float *window)
{
	const struct spectrum_config *c = &s->config;
	size_t floats = is_real(s) ? 1 : 2;

	s->kern->load(scratch->in, x, samples, c->dtype, c->subchannels, c->zero, s->scale, window);
	memset(scratch->in + samples * floats, 0, (c->n - samples) * floats * sizeof(float));
}

static void add_fused(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t samples, enum kern_join join, float *acc)
{
	const struct spectrum_config *c = &s->config;
	struct kern_fft fft = {
		c->n, c->dtype, (float)c->zero, (float)s->scale, s->window, s->table};

	if (c->subchannels > 1 || !kern_fft_reads(c->dtype) || samples < c->n) {
		load(s, scratch, x, samples, NULL);
		fft.dtype = DTYPE_COMPLEX | DTYPE_F32;
		fft.zero = 0;
		fft.scale = 1;
		x = scratch->in;
	}
	s->kern->fft_power(&fft, scratch->out, x, acc, join);
}

static void add_one(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t samples, enum kern_join join, float *acc)
{
	if (!s->fft) {
		add_fused(s, scratch, x, samples, join, acc);
		return;
	}
	load(s, scratch, x, samples, s->window);
	fft_run(s->fft, scratch->in, scratch->out);
	s->kern->power(acc, scratch->out, spectrum_bins(s), join);
}

void spectrum_add_padded(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t samples, unsigned subchannel, bool first, float *acc)
{
	const char *at = (const char *)x + subchannel * dtype_size(s->config.dtype);

	add_one(s, scratch, at, samples, join_of(s->config.stat, first), acc);
}

void spectrum_add(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t count, size_t hop, unsigned subchannel, bool first, float *acc)
{
	const struct spectrum_config *c = &s->config;
	size_t size = dtype_size(c->dtype);

	for (size_t t = 0; t < count; t++) {
		const char *at = (const char *)x + (t * hop * c->subchannels + subchannel) * size;
		enum kern_join join = join_of(c->stat, first && t == 0);

		add_one(s, scratch, at, c->n, join, acc);
	}
}

void spectrum_collect(const struct spectrum *s, const float *acc, bool first, double *sum)
{
	s->kern->collect(sum, acc, spectrum_bins(s), join_of(s->config.stat, first));
}

/* How often a bin of real input counts: all but 0 and rate/2 stand for two frequencies. */
static double sides(const struct spectrum *s, size_t bin)
{
	if (!is_real(s) || s->config.norm == SPECTRUM_NONE || bin == 0 || 2 * bin == s->config.n)
		return 1;
	return s->config.norm == SPECTRUM_DBFS ? 4 : 2;
}

/* One NaN on every CPU. */
static float as_power(double power)
{
	return isnan(power) ? NAN : (float)power;
}

void spectrum_row(const struct spectrum *s, const double *sum, uint64_t transforms, float *row)
{
	size_t n = s->config.n, bins = spectrum_bins(s), low = n / 2;
	double factor = s->factor;

	if (s->config.stat == SPECTRUM_MEAN)
		factor /= (double)transforms;
	if (is_real(s)) {
		for (size_t b = 0; b < bins; b++)
			row[b] = as_power(sum[b] * sides(s, b) * factor);
		return;
	}
	for (size_t b = 0; b < low; b++)
		row[b] = as_power(sum[n - low + b] * factor);
	for (size_t b = low; b < n; b++)
		row[b] = as_power(sum[b - low] * factor);
}

const char *spectrum_unit(enum spectrum_norm norm)
{
	static const char *const units[] = {
		[SPECTRUM_DBFS] = "FS^2",
		[SPECTRUM_DENSITY] = "FS^2/Hz",
		[SPECTRUM_NONE] = "count^2",
	};

	return units[norm];
}

const char *spectrum_level_name(const char *unit)
{
	if (unit && !strcmp(unit, spectrum_unit(SPECTRUM_DBFS)))
		return "dBFS";
	return unit && !strcmp(unit, spectrum_unit(SPECTRUM_DENSITY)) ? "dBFS/Hz" : "dB";
}
