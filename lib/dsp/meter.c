/* SPDX-License-Identifier: ISC */
#include "dsp/meter.h"

#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "dsp/averager.h"

/* A window in time. */
struct span {
	int64_t index;
	size_t samples;
	bool ended;
	struct kern_iq_sums *sums; /* [subchannels] */
};

/* A window in frequency. */
struct spectra {
	int64_t index;
	uint64_t transforms;
	struct metrics_spectrum *measured; /* [subchannels] */
	float *density;
};

/* Samples whose sums a thread makes, for the span of that number. */
struct block {
	const void *data;
	size_t samples, span;
};

struct meter {
	struct meter_config config;
	struct metrics *metrics;
	struct averager *averager;
	struct pool *pool;
	meter_fn *give;
	void *arg;

	/* Oldest first; a span waits for its spectra, or these for their span. */
	struct span *span;
	size_t spans, spans_size;
	struct spectra *spectra;
	size_t measured, measured_size;

	struct block *block;
	struct kern_iq_sums *sums; /* [blocks][subchannels] */
	size_t blocks, blocks_size;
	struct metrics_levels *levels;
};

static void take_density(void *arg, const struct averager_row *row);

int meter_new(struct meter **made, const struct meter_config *config, struct pool *pool,
	meter_fn *row, void *arg, struct error *e)
{
	const struct metrics_samples *of = &config->samples;
	struct meter *m = xcalloc(1, sizeof(*m));
	struct metrics_config measures = {.n = config->n,
		.real = !dtype_complex(of->dtype),
		.rate_hz = config->rate_hz,
		.low_hz = config->low_hz,
		.high_hz = config->high_hz};
	struct spectrum_config spectrum = {.n = config->n,
		.dtype = of->dtype,
		.subchannels = of->subchannels,
		.full_scale = of->full_scale,
		.zero = of->zero,
		.rate_hz = config->rate_hz,
		.window = METRICS_WINDOW,
		.norm = SPECTRUM_DENSITY};
	int code;

	*made = NULL;
	m->config = *config;
	m->pool = pool;
	m->give = row;
	m->arg = arg;
	m->levels = xcalloc(of->subchannels, sizeof(*m->levels));
	code = metrics_new(&m->metrics, &measures, e);
	if (!code)
		code = averager_new(&m->averager, &spectrum, metrics_hop(config->n),
			config->transforms, pool, take_density, m, e);
	if (code)
		meter_free(m);
	else
		*made = m;
	return code;
}

static void free_span(struct span *s)
{
	free(s->sums);
}

static void free_spectra(struct spectra *s)
{
	free(s->measured);
	free(s->density);
}

void meter_free(struct meter *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->spans; i++)
		free_span(&m->span[i]);
	for (size_t i = 0; i < m->measured; i++)
		free_spectra(&m->spectra[i]);
	metrics_free(m->metrics);
	averager_free(m->averager);
	free(m->span);
	free(m->spectra);
	free(m->block);
	free(m->sums);
	free(m->levels);
	free(m);
}

size_t meter_bins(const struct meter *m)
{
	return averager_bins(m->averager);
}

void meter_transforms(struct meter *m, const void *data, size_t count, int64_t index)
{
	averager_add(m->averager, data, count, index);
}

void meter_transforms_end(struct meter *m)
{
	if (averager_open(m->averager) > 0)
		averager_close(m->averager);
}

/* The averager has a window's density ready. */
static void take_density(void *arg, const struct averager_row *row)
{
	struct meter *m = arg;
	unsigned subchannels = m->config.samples.subchannels;
	size_t bins = meter_bins(m);
	struct spectra *s;

	if (m->measured == m->measured_size) {
		m->measured_size = m->measured_size ? 2 * m->measured_size : 16;
		m->spectra = xrealloc(m->spectra, m->measured_size, sizeof(*m->spectra));
	}
	s = &m->spectra[m->measured++];
	s->index = row->index;
	s->transforms = row->transforms;
	s->measured = xcalloc(subchannels, sizeof(*s->measured));
	s->density = xaligned(subchannels * bins, sizeof(*s->density));
	memcpy(s->density, row->power, subchannels * bins * sizeof(*s->density));
	for (unsigned c = 0; c < subchannels; c++)
		metrics_measure(
			m->metrics, row->power + c * bins, row->transforms, &s->measured[c]);
}

static struct span *open_span(struct meter *m, int64_t index)
{
	if (m->spans > 0 && !m->span[m->spans - 1].ended)
		return &m->span[m->spans - 1];
	if (m->spans == m->spans_size) {
		m->spans_size = m->spans_size ? 2 * m->spans_size : 16;
		m->span = xrealloc(m->span, m->spans_size, sizeof(*m->span));
	}
	m->span[m->spans] = (struct span){.index = index,
		.sums = xcalloc(m->config.samples.subchannels, sizeof(*m->span->sums))};
	return &m->span[m->spans++];
}

void meter_block(struct meter *m, const void *data, size_t samples, int64_t index)
{
	open_span(m, index)->samples += samples;
	if (m->blocks == m->blocks_size) {
		m->blocks_size = m->blocks_size ? 2 * m->blocks_size : 64;
		m->block = xrealloc(m->block, m->blocks_size, sizeof(*m->block));
		m->sums = xrealloc(
			m->sums, m->blocks_size, m->config.samples.subchannels * sizeof(*m->sums));
	}
	m->block[m->blocks++] = (struct block){data, samples, m->spans - 1};
}

bool meter_blocks_end(struct meter *m)
{
	struct span *s = &m->span[m->spans - 1];

	s->ended = true;
	return s->samples >= m->config.n;
}

static void sum_block(void *arg, size_t i, unsigned worker)
{
	struct meter *m = arg;
	const struct block *b = &m->block[i];
	unsigned subchannels = m->config.samples.subchannels;

	(void)worker;
	for (unsigned c = 0; c < subchannels; c++)
		metrics_sums(
			&m->config.samples, b->data, b->samples, c, &m->sums[i * subchannels + c]);
}

static void sum_blocks(struct meter *m)
{
	unsigned subchannels = m->config.samples.subchannels;

	pool_run(m->pool, m->blocks, sum_block, m);
	for (size_t i = 0; i < m->blocks; i++)
		for (unsigned c = 0; c < subchannels; c++)
			metrics_join(
				&m->span[m->block[i].span].sums[c], &m->sums[i * subchannels + c]);
	m->blocks = 0;
}

static void give_row(struct meter *m, const struct span *span, const struct spectra *s)
{
	for (unsigned c = 0; c < m->config.samples.subchannels; c++)
		metrics_levels(&m->config.samples, &span->sums[c], &m->levels[c]);
	m->give(m->arg, &(struct meter_row){.index = s->index,
				.transforms = s->transforms,
				.partial = s->transforms < m->config.transforms,
				.levels = m->levels,
				.spectra = s->measured,
				.density = s->density});
}

void meter_run(struct meter *m)
{
	size_t span = 0, spectra = 0;

	sum_blocks(m);
	averager_run(m->averager);
	for (; span < m->spans && m->span[span].ended; span++) {
		struct span *s = &m->span[span];

		if (s->samples >= m->config.n) {
			if (spectra == m->measured)
				break;
			give_row(m, s, &m->spectra[spectra]);
			free_spectra(&m->spectra[spectra++]);
		}
		free_span(s);
	}
	if (span == 0)
		return;
	m->spans -= span;
	memmove(m->span, m->span + span, m->spans * sizeof(*m->span));
	if (spectra == 0)
		return;
	m->measured -= spectra;
	memmove(m->spectra, m->spectra + spectra, m->measured * sizeof(*m->spectra));
}
