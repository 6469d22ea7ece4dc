/* SPDX-License-Identifier: ISC */
#include "dsp/averager.h"

#include <stdlib.h>

#include "base/dtype.h"
#include "base/mem.h"

#define ROOM_BYTES (2u << 20) /* of accumulators: so many blocks are shared by threads at once */

/* Transforms of one block that lie together in memory. */
struct piece {
	const void *data;
	size_t count;
	size_t samples; /* not 0: one transform, of so many samples and zeros */
};

/* At most SPECTRUM_BLOCK transforms of one row: the work of one thread at a time. */
struct block {
	struct piece *piece;
	size_t pieces, pieces_size;
	float *sum;         /* [subchannels][accumulator] */
	bool begun;         /* sum holds transforms of an earlier run */
	bool opens, closes; /* first, last block of its row */
	struct averager_row row;
};

struct worker {
	struct spectrum_scratch *scratch;
	double *total;
};

struct averager {
	struct spectrum_config config;
	struct spectrum *spectrum;
	size_t hop, accumulator, bins, row_floats;
	uint64_t average;
	struct pool *pool;
	averager_fn *give;
	void *arg;

	struct block *block; /* the last one may stay open from run to run */
	size_t blocks, blocks_max;
	struct worker *worker;
	double *total;   /* of the row whose blocks come in several runs */
	float *rows;     /* one for each block */
	uint64_t filled; /* transforms of the open row */
	int64_t row_index;
	bool padded;     /* so was the transform added last */
};

int averager_new(struct averager **made, const struct spectrum_config *config, size_t hop,
	uint64_t average, struct pool *pool, averager_fn *row, void *arg, struct error *e)
{
	struct averager *a = xcalloc(1, sizeof(*a));
	size_t floats;
	int code = spectrum_new(&a->spectrum, config, e);

	*made = NULL;
	if (code) {
		free(a);
		return code;
	}
	a->config = *config;
	a->hop = hop;
	a->average = average;
	a->pool = pool;
	a->give = row;
	a->arg = arg;
	a->accumulator = spectrum_accumulator_size(a->spectrum);
	a->bins = spectrum_bins(a->spectrum);
	a->row_floats = a->bins * config->subchannels;
	floats = a->accumulator * config->subchannels;
	a->blocks_max = ROOM_BYTES / (floats * sizeof(float));
	if (a->blocks_max < pool_threads(pool) + 1)
		a->blocks_max = pool_threads(pool) + 1;
	a->block = xcalloc(a->blocks_max, sizeof(*a->block));
	a->total = xaligned(floats, sizeof(*a->total));
	a->rows = xaligned(a->blocks_max * a->row_floats, sizeof(*a->rows));
	a->worker = xcalloc(pool_threads(pool), sizeof(*a->worker));
	for (unsigned i = 0; i < pool_threads(pool); i++) {
		a->worker[i].scratch = spectrum_scratch_new(a->spectrum);
		a->worker[i].total = xaligned(a->accumulator, sizeof(*a->worker[i].total));
	}
	*made = a;
	return 0;
}

void averager_free(struct averager *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < pool_threads(a->pool); i++) {
		spectrum_scratch_free(a->worker[i].scratch);
		free(a->worker[i].total);
	}
	for (size_t i = 0; i < a->blocks_max; i++) {
		free(a->block[i].piece);
		free(a->block[i].sum);
	}
	free(a->worker);
	free(a->block);
	free(a->total);
	free(a->rows);
	spectrum_free(a->spectrum);
	free(a);
}

const struct spectrum_config *averager_config(const struct averager *a)
{
	return &a->config;
}

size_t averager_bins(const struct averager *a)
{
	return a->bins;
}

void averager_set_average(struct averager *a, uint64_t average)
{
	a->average = average;
}

uint64_t averager_open(const struct averager *a)
{
	return a->filled;
}

/* A thread's work: the transforms of a block, and its row if that is all of it. */
static void run_block(void *arg, size_t i, unsigned worker)
{
	struct averager *a = arg;
	struct block *b = &a->block[i];
	struct worker *w = &a->worker[worker];

	for (unsigned c = 0; c < a->config.subchannels; c++) {
		float *sum = b->sum + c * a->accumulator;
		bool first = !b->begun;

		for (size_t k = 0; k < b->pieces; k++, first = false) {
			const struct piece *p = &b->piece[k];

			if (p->samples)
				spectrum_add_padded(
					a->spectrum, w->scratch, p->data, p->samples, c, first, sum);
			else
				spectrum_add(a->spectrum, w->scratch, p->data, p->count, a->hop, c,
					first, sum);
		}
		if (b->opens && b->closes) {
			spectrum_collect(a->spectrum, sum, true, w->total);
			spectrum_row(a->spectrum, w->total, b->row.transforms,
				a->rows + i * a->row_floats + c * a->bins);
		}
	}
	b->begun = true;
}

/* Joins a finished block to its row; gives the row if the block closes it. */
static void collect_block(struct averager *a, size_t i)
{
	struct block *b = &a->block[i];
	float *row = a->rows + i * a->row_floats;

	for (unsigned c = 0; !(b->opens && b->closes) && c < a->config.subchannels; c++) {
		double *total = a->total + c * a->accumulator;

		spectrum_collect(a->spectrum, b->sum + c * a->accumulator, b->opens, total);
		if (b->closes)
			spectrum_row(a->spectrum, total, b->row.transforms, row + c * a->bins);
	}
	if (!b->closes)
		return;
	b->row.power = row;
	a->give(a->arg, &b->row);
}

void averager_run(struct averager *a)
{
	bool open = a->filled % SPECTRUM_BLOCK != 0;
	size_t whole = a->blocks - open;
	struct block last;

	pool_run(a->pool, a->blocks, run_block, a);
	for (size_t i = 0; i < whole; i++)
		collect_block(a, i);
	if (open) { /* it moves to the front and goes on */
		last = a->block[whole];
		a->block[whole] = a->block[0];
		a->block[0] = last;
		a->block[0].pieces = 0;
	}
	a->blocks = open;
}

static struct block *new_block(struct averager *a)
{
	struct block *b;

	if (a->blocks == a->blocks_max)
		averager_run(a);
	b = &a->block[a->blocks++];
	if (!b->sum)
		b->sum = xaligned(a->accumulator * a->config.subchannels, sizeof(*b->sum));
	b->pieces = 0;
	b->begun = b->closes = false;
	b->opens = a->filled == 0;
	return b;
}

static void add_piece(struct block *b, struct piece piece)
{
	if (b->pieces == b->pieces_size) {
		b->pieces_size = b->pieces_size ? 2 * b->pieces_size : 4;
		b->piece = xrealloc(b->piece, b->pieces_size, sizeof(*b->piece));
	}
	b->piece[b->pieces++] = piece;
}

static struct averager_row end_row(struct averager *a)
{
	struct averager_row row = {.index = a->row_index, .transforms = a->filled};

	row.partial = a->padded || a->filled < a->average;
	a->filled = 0;
	return row;
}

static void close_row(struct averager *a)
{
	struct block *b = &a->block[a->blocks - 1];

	b->closes = true;
	b->row = end_row(a);
}

/* Ends a row whose blocks are all joined already. */
static void close_joined_row(struct averager *a)
{
	struct averager_row row = end_row(a);

	for (unsigned c = 0; c < a->config.subchannels; c++)
		spectrum_row(a->spectrum, a->total + c * a->accumulator, row.transforms,
			a->rows + c * a->bins);
	row.power = a->rows;
	a->give(a->arg, &row);
}

static void add(struct averager *a, struct piece all, int64_t index)
{
	const char *data = all.data;
	size_t step = a->hop * a->config.subchannels * dtype_size(a->config.dtype);

	a->padded = all.samples > 0;
	for (size_t done = 0; done < all.count;) {
		size_t in_block = (size_t)(a->filled % SPECTRUM_BLOCK), count = all.count - done;
		struct block *b = in_block ? &a->block[a->blocks - 1] : new_block(a);

		if (count > SPECTRUM_BLOCK - in_block)
			count = SPECTRUM_BLOCK - in_block;
		if (count > a->average - a->filled)
			count = (size_t)(a->average - a->filled);
		if (a->filled == 0)
			a->row_index = index + (int64_t)(done * a->hop);
		add_piece(b, (struct piece){data + done * step, count, all.samples});
		a->filled += count;
		done += count;
		if (a->filled == a->average)
			close_row(a);
	}
}

void averager_add(struct averager *a, const void *data, size_t count, int64_t index)
{
	add(a, (struct piece){.data = data, .count = count}, index);
}

void averager_add_padded(struct averager *a, const void *data, size_t samples, int64_t index)
{
	add(a, (struct piece){.data = data, .count = 1, .samples = samples}, index);
}

void averager_close(struct averager *a)
{
	if (a->filled > 0 && a->blocks == 0) {
		close_joined_row(a);
		return;
	}
	if (a->filled > 0)
		close_row(a);
	averager_run(a);
}

void averager_drop(struct averager *a)
{
	size_t open = (size_t)((a->filled + SPECTRUM_BLOCK - 1) / SPECTRUM_BLOCK);

	a->blocks -= open < a->blocks ? open : a->blocks;
	a->filled = 0;
	averager_run(a);
}
