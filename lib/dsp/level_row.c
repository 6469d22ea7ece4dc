/* SPDX-License-Identifier: ISC */
#include "dsp/level_row.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"

#define SDS_LEAST 1e-12 /* added to its powers */

struct level_row {
	struct level_row_config config;
	size_t bins;
	struct spectrum *spectrum; /* of LEVEL_DBFS */
	fftw_plan plan;		   /* of LEVEL_SDS */
};

struct level_row_scratch {
	float *row, *loaded;
	struct spectrum_scratch *spectrum;
	double *sum;
	fftw_complex *in, *out;
};

static int make_plan(struct level_row *row, struct error *e)
{
	size_t n = row->config.n;
	fftw_complex *in = xaligned(n, sizeof(*in)), *out = xaligned(n, sizeof(*out));

	row->plan = fftw_plan_dft_1d((int)n, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
	free(in);
	free(out);
	return row->plan ? 0 : fail(e, EXIT_OS, "fft of %zu samples: no plan", n);
}

int level_row_new(struct level_row **made, const struct level_row_config *config, struct error *e)
{
	const struct spectrum_config c = {
		.n = config->n,
		.dtype = config->dtype,
		.subchannels = config->subchannels,
		.full_scale = config->full_scale,
		.zero = config->zero,
		.rate_hz = 1,
	};
	struct level_row *row = xcalloc(1, sizeof(*row));
	int code;

	*made = NULL;
	row->config = *config;
	code = config->kind == LEVEL_SDS ? make_plan(row, e) : spectrum_new(&row->spectrum, &c, e);
	if (code) {
		level_row_free(row);
		return code;
	}
	row->bins = row->spectrum ? spectrum_bins(row->spectrum) : config->n;
	*made = row;
	return 0;
}

void level_row_free(struct level_row *row)
{
	if (!row)
		return;
	spectrum_free(row->spectrum);
	if (row->plan)
		fftw_destroy_plan(row->plan);
	free(row);
}

size_t level_row_bins(const struct level_row *row)
{
	return row->bins;
}

struct level_row_scratch *level_row_scratch_new(const struct level_row *row)
{
	struct level_row_scratch *s = xcalloc(1, sizeof(*s));
	size_t n = row->config.n;

	s->row = xaligned(n, sizeof(*s->row));
	s->loaded = xaligned(n, 2 * sizeof(*s->loaded));
	if (row->spectrum) {
		s->spectrum = spectrum_scratch_new(row->spectrum);
		s->sum = xaligned(n, sizeof(*s->sum));
	} else {
		s->in = xaligned(n, sizeof(*s->in));
		s->out = xaligned(n, sizeof(*s->out));
	}
	return s;
}

void level_row_scratch_free(struct level_row_scratch *s)
{
	if (!s)
		return;
	spectrum_scratch_free(s->spectrum);
	free(s->row);
	free(s->loaded);
	free(s->sum);
	free(s->in);
	free(s->out);
	free(s);
}

static void make_dbfs(const struct level_row *row, struct level_row_scratch *s, const void *x,
	unsigned subchannel)
{
	static const float least = 1e-30f; /* of LEVEL_LEAST_DB */
	float *power = s->loaded;

	spectrum_add(row->spectrum, s->spectrum, x, 1, row->config.n, subchannel, true, power);
	spectrum_collect(row->spectrum, power, true, s->sum);
	spectrum_row(row->spectrum, s->sum, 1, s->row);
	for (size_t b = 0; b < row->bins; b++)
		s->row[b] = s->row[b] < least ? least : s->row[b];
	kern()->decibel(s->row, s->row, row->bins);
}

static void load(const struct level_row *row, struct level_row_scratch *s, const char *x)
{
	const struct level_row_config *c = &row->config;
	bool complex = dtype_complex(c->dtype), wide = dtype_real(c->dtype) == DTYPE_F64;
	size_t step = dtype_size(c->dtype) * c->subchannels;

	if (!wide)
		kern()->load(s->loaded, x, c->n, c->dtype, c->subchannels, 0, 1, NULL);
	for (size_t k = 0; k < c->n; k++) {
		if (wide) {
			const double *v = (const double *)(x + k * step);

			s->in[k][0] = v[0];
			s->in[k][1] = complex ? v[1] : 0;
		} else {
			s->in[k][0] = (double)s->loaded[complex ? 2 * k : k];
			s->in[k][1] = complex ? (double)s->loaded[2 * k + 1] : 0;
		}
	}
}

static void make_sds(const struct level_row *row, struct level_row_scratch *s, const void *x,
	unsigned subchannel)
{
	const struct level_row_config *c = &row->config;

	load(row, s, (const char *)x + subchannel * dtype_size(c->dtype));
	fftw_execute_dft(row->plan, s->in, s->out);
	for (size_t b = 0; b < c->n; b++) {
		const double *v = s->out[(b + (c->n + 1) / 2) % c->n];
		double level = 10 * log10(v[0] * v[0] + v[1] * v[1] + SDS_LEAST);

		s->row[b] = isnan(level) ? NAN : (float)level;
	}
}

const float *level_row_make(const struct level_row *row, struct level_row_scratch *s, const void *x,
	unsigned subchannel)
{
	if (row->spectrum)
		make_dbfs(row, s, x, subchannel);
	else
		make_sds(row, s, x, subchannel);
	return s->row;
}
