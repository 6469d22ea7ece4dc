/* SPDX-License-Identifier: ISC */
/*
 * fft-slice: power spectra. In: IQ, complex or real, any type and number of subchannels. Out:
 * SPECTRA, linear power, one row for every --average transforms. Averages are cut into blocks of a
 * fixed number of transforms, counted from the row's first, and threads share the blocks: so neither
 * -j nor the framing of the input changes a byte.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/spectrum.h"
#include "stream/filter.h"
#include "stream/windows.h"

#define ROOM_BYTES (2u << 20)  /* of accumulators, so of blocks that threads share */
#define FRAME_BYTES (64u << 10)
#define FRAME_PER_SECOND 20    /* a frame of rows holds at most 1/20 s, so live streams stay live */

struct options {
	int64_t size, hop;
	const char *window, *average;
	int stat, norm, tail;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "size", OPT_INT, AT(size), "samples", "1024", 2, 1 << 26, NULL, OPT_OUTPUT,
		"transform length"},
	{0, "hop", OPT_INT, AT(hop), "samples", "0", 0, 1 << 30, NULL, OPT_OUTPUT,
		"from one transform to the next; 0 = the length"},
	{'w', "window", OPT_TEXT, AT(window), "", "hann", 0, 0,
		"hann|rect|hamming|blackman|blackmanharris|flattop|kaiser:B|gauss:S", OPT_OUTPUT,
		"periodic window; B = beta, S = standard deviation in samples"},
	{'a', "average", OPT_TEXT, AT(average), "", "1", 0, 0, "N|DURATION", OPT_OUTPUT,
		"transforms to a row: a number, or a time with its unit (20s, 100ms)"},
	{0, "stat", OPT_ENUM, AT(stat), "", "mean", 0, 0, "mean|max|min", OPT_OUTPUT,
		"what a row holds of its transforms"},
	{0, "norm", OPT_ENUM, AT(norm), "", "dbfs", 0, 0, "dbfs|density|none", OPT_OUTPUT,
		"unit: FS^2, FS^2/Hz, or count^2 (not normalised)"},
	{0, "tail", OPT_ENUM, AT(tail), "", "drop", 0, 0, "drop|pad", OPT_OUTPUT,
		"incomplete rows at gaps and ends: leave out, or pad with zeros"},
	OPTIONS_END,
};

enum tail { TAIL_DROP, TAIL_PAD };

/* Transforms of one block that lie together in memory. */
struct piece {
	const void *data;
	size_t count;
	size_t rest; /* not 0: one transform, of so many samples and zeros */
};

/* At most SPECTRUM_BLOCK transforms of one row: the work of one thread at a time. */
struct block {
	struct piece *piece;
	size_t pieces, pieces_size;
	float *sum;        /* [subchannels][accumulator] */
	bool begun;        /* sum holds transforms of an earlier batch */
	bool opens, closes; /* first, last block of its row */
	int64_t row_index;
	uint64_t row_transforms;
	bool partial;
};

struct worker {
	struct spectrum_scratch *scratch;
	double *total;
};

struct slicer {
	enum window_kind window;
	double window_parameter;
	bool bare_average; /* a count, not a duration */
	int64_t average_wish;

	/* of the segment */
	struct spectrum_config config;
	struct rate rate;
	size_t hop, row_size;
	uint64_t average;
	struct spectrum *spectrum;
	struct windows *windows;
	size_t accumulator, bins, row_floats;

	struct block *block; /* the last one may stay open from batch to batch */
	size_t blocks, blocks_max, blocks_made;
	struct worker *worker;
	unsigned workers;
	double *total; /* of the row whose blocks come in several batches */
	uint64_t filled; /* transforms of the open row */
	int64_t row_index;
	float *rows; /* finished by threads: one for each block */

	struct frame out;
	float *out_rows;
	size_t rows_per_frame;
	bool has_out_next;
	int64_t out_next;
	struct str frame_meta;
	int64_t dropped_transforms, dropped_rows;
};

static void parse_window(struct slicer *s, const char *text)
{
	static const char *const names[] = {
		"hann", "rect", "hamming", "blackman", "blackmanharris", "flattop", "kaiser:", "gauss:"};
	double *p = &s->window_parameter;

	for (int i = 0; i < (int)COUNT_OF(names); i++) {
		size_t n = strlen(names[i]);

		if (i < WINDOW_KAISER ? strcmp(text, names[i]) : strncmp(text, names[i], n))
			continue;
		if (i >= WINDOW_KAISER && (!parse_f64(text + n, false, p) || *p < 0 || *p > 1e9 ||
			(i == WINDOW_GAUSS && *p == 0)))
			break;
		s->window = (enum window_kind)i;
		return;
	}
	die(EXIT_USAGE, "--window: '%s': must be one of %s", text, option_find(options, "window")->choices);
}

static void parse_average(struct slicer *s, const char *text)
{
	bool has_unit = *text && strchr("sminhd", text[strlen(text) - 1]);

	s->bare_average = !has_unit && parse_count(text, &s->average_wish);
	if ((has_unit && !parse_duration(text, &s->average_wish)) ||
		(!has_unit && !s->bare_average) || s->average_wish <= 0)
		die(EXIT_USAGE, "--average: '%s': must be a number of transforms from 1, or a duration "
			"such as 100ms", text);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state = xcalloc(1, sizeof(*s));

	parse_window(s, o->window);
	parse_average(s, o->average);
	s->hop = (size_t)(o->hop ? o->hop : o->size);
	s->workers = pool_threads(f->pool);
	s->worker = xcalloc(s->workers, sizeof(*s->worker));
}

/* N = max(1, round(T rate / hop)). */
static uint64_t transforms_of(const struct slicer *s)
{
	double n;

	if (s->bare_average)
		return (uint64_t)s->average_wish;
	n = round((double)s->average_wish * 1e-9 * rate_hz(s->rate) / (double)s->hop);
	return n < 1 ? 1 : (uint64_t)n;
}

static void free_plan(struct slicer *s)
{
	for (unsigned i = 0; i < s->workers; i++) {
		spectrum_scratch_free(s->worker[i].scratch);
		free(s->worker[i].total);
		s->worker[i] = (struct worker){0};
	}
	for (size_t i = 0; i < s->blocks_made; i++) {
		free(s->block[i].piece);
		free(s->block[i].sum);
	}
	free(s->block);
	free(s->total);
	free(s->rows);
	free(s->out_rows);
	windows_free(s->windows);
	spectrum_free(s->spectrum);
	s->block = NULL;
	s->total = NULL;
	s->rows = s->out_rows = NULL;
	s->blocks_made = 0;
	s->windows = NULL;
	s->spectrum = NULL;
}

/* All that depends on the type and number of subchannels; kept while these stay the same. */
static void make_plan(struct slicer *s, const struct spectrum_config *config)
{
	struct error e;
	size_t floats, rows;

	free_plan(s);
	s->config = *config;
	if (spectrum_new(&s->spectrum, &s->config, &e))
		die_with(&e);
	s->row_size = dtype_size(config->dtype) * config->subchannels;
	s->windows = windows_new(config->n, s->hop, s->row_size);
	s->accumulator = spectrum_accumulator_size(s->spectrum);
	s->bins = spectrum_bins(s->spectrum);
	s->row_floats = s->bins * config->subchannels;
	floats = s->accumulator * config->subchannels;
	s->blocks_max = ROOM_BYTES / (floats * sizeof(float));
	if (s->blocks_max < s->workers + 1)
		s->blocks_max = s->workers + 1;
	s->block = xcalloc(s->blocks_max, sizeof(*s->block));
	s->total = xaligned(floats, sizeof(*s->total));
	s->rows = xaligned(s->blocks_max * s->row_floats, sizeof(*s->rows));
	for (unsigned i = 0; i < s->workers; i++) {
		s->worker[i].scratch = spectrum_scratch_new(s->spectrum);
		s->worker[i].total = xaligned(s->accumulator, sizeof(*s->worker[i].total));
	}
	rows = (size_t)(rate_hz(s->rate) / FRAME_PER_SECOND / (double)(s->hop * s->average));
	if (rows > FRAME_BYTES / (s->row_floats * sizeof(float)))
		rows = FRAME_BYTES / (s->row_floats * sizeof(float));
	s->rows_per_frame = rows < 1 ? 1 : rows;
	s->out_rows = xaligned(s->rows_per_frame * s->row_floats, sizeof(*s->out_rows));
}

/* What the rows' frequencies are: bin b lies at freq_hz + bin0_hz + b bin_step_hz. */
static void set_bins(struct meta *m, const struct slicer *s, size_t n, bool complex)
{
	double step = rate_hz(s->rate) / (double)n;

	meta_set_f64(m, "%bin0_hz", complex ? -(double)(n / 2) * step : 0);
	meta_set_f64(m, "%bin_step_hz", step);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	bool real = f->first && f->first->kind == KIND_IQ && !dtype_complex(f->first->dtype);

	if (!meta_rate(in, &s->rate))
		die(EXIT_DATA, "HEAD: rate_num, rate_den: missing: the sample rate is needed");
	s->average = transforms_of(s);
	s->filled = 0;
	s->blocks = 0;
	s->has_out_next = false;
	s->out = (struct frame){.kind = KIND_SPECTRA, .dtype = DTYPE_F32, .ndim = 3};
	if (s->spectrum)
		free_plan(s);
	str_clear(&s->frame_meta);
	if ((double)s->average * (double)s->hop > 9e18)
		die(EXIT_USAGE, "--average: %s: the row is too long", o->average);
	meta_setf(out, "row_step", "%llu", (unsigned long long)(s->average * s->hop));
	meta_setf(out, "row_span", "%llu",
		(unsigned long long)((s->average - 1) * s->hop + (uint64_t)o->size));
	meta_set(out, "unit", spectrum_unit((enum spectrum_norm)o->norm));
	set_bins(out, s, (size_t)o->size, !real);
	if (o->norm != SPECTRUM_NONE)
		meta_set(out, "full_scale", "1");
	meta_remove(out, "zero");
}

static void plan_for(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectrum_config c = {
		.n = (size_t)o->size,
		.dtype = frame->dtype,
		.subchannels = (unsigned)frame->dim[1],
		.full_scale = dtype_full_scale(frame->dtype),
		.zero = dtype_zero(frame->dtype),
		.rate_hz = rate_hz(s->rate),
		.window = s->window,
		.window_parameter = s->window_parameter,
		.stat = (enum spectrum_stat)o->stat,
		.norm = (enum spectrum_norm)o->norm,
	};

	if (s->spectrum && (c.dtype != s->config.dtype || c.subchannels != s->config.subchannels))
		die(EXIT_DATA, "%s with %u subchannels after %s with %u: one segment has one form",
			dtype_name(c.dtype), c.subchannels, dtype_name(s->config.dtype),
			s->config.subchannels);
	if (s->spectrum)
		return;
	if (frame->dim[1] > 65536)
		die(EXIT_DATA, "%llu subchannels: at most 65536", (unsigned long long)frame->dim[1]);
	meta_f64(meta, "full_scale", &c.full_scale);
	meta_f64(meta, "zero", &c.zero);
	if (!(c.full_scale > 0))
		die(EXIT_DATA, "metadata: full_scale: must be positive");
	make_plan(s, &c);
	/* HEAD said complex, as no IQ frame had come yet. */
	if (!dtype_complex(c.dtype) && f->first != NULL && f->first->kind != KIND_IQ) {
		struct meta m = {0};

		set_bins(&m, s, c.n, false);
		meta_format(&m, &s->frame_meta);
		meta_clear(&m);
	}
}

static void send_rows(struct filter *f)
{
	struct slicer *s = f->state;
	int64_t step = (int64_t)(s->average * s->hop);

	if (s->out.dim[0] == 0)
		return;
	s->out.dim[1] = s->config.subchannels;
	s->out.dim[2] = s->bins;
	s->out.payload = s->out_rows;
	s->out.payload_len = s->out.dim[0] * s->row_floats * sizeof(float);
	s->out.meta = s->frame_meta.p;
	s->out.meta_len = (uint32_t)s->frame_meta.len;
	s->out.flags = s->has_out_next && s->out.index != s->out_next ? FRAME_DISCONTINUITY : 0;
	filter_put(f, &s->out);
	s->has_out_next = true;
	s->out_next = s->out.index + (int64_t)s->out.dim[0] * step;
	s->out.dim[0] = 0;
}

static void add_row(struct filter *f, const struct block *b, const float *row)
{
	struct slicer *s = f->state;
	size_t common = s->frame_meta.len;
	int64_t step = (int64_t)(s->average * s->hop);

	if (s->out.dim[0] > 0 && (b->partial || s->out.dim[0] == s->rows_per_frame ||
		b->row_index != s->out.index + (int64_t)s->out.dim[0] * step))
		send_rows(f);
	if (s->out.dim[0] == 0)
		s->out.index = b->row_index;
	memcpy(s->out_rows + s->out.dim[0]++ * s->row_floats, row, s->row_floats * sizeof(float));
	if (!b->partial)
		return;
	str_addf(&s->frame_meta, "partial %llu\n", (unsigned long long)b->row_transforms);
	send_rows(f);
	s->frame_meta.len = common;
}

/* A thread's work: the transforms of a block, and its row if that is all of it. */
static void run_block(void *arg, size_t i, unsigned worker)
{
	struct slicer *s = arg;
	struct block *b = &s->block[i];
	struct worker *w = &s->worker[worker];

	for (unsigned c = 0; c < s->config.subchannels; c++) {
		float *sum = b->sum + c * s->accumulator;
		bool first = !b->begun;

		for (size_t k = 0; k < b->pieces; k++, first = false) {
			const struct piece *p = &b->piece[k];

			if (p->rest)
				spectrum_add_padded(s->spectrum, w->scratch, p->data, p->rest, c, first, sum);
			else
				spectrum_add(s->spectrum, w->scratch, p->data, p->count, s->hop, c, first, sum);
		}
		if (b->opens && b->closes) {
			spectrum_collect(s->spectrum, sum, true, w->total);
			spectrum_row(s->spectrum, w->total, b->row_transforms,
				s->rows + i * s->row_floats + c * s->bins);
		}
	}
	b->begun = true;
}

/* Adds a finished block to its row; writes the row if the block closes it. */
static void collect_block(struct filter *f, size_t i)
{
	struct slicer *s = f->state;
	struct block *b = &s->block[i];
	float *row = s->rows + i * s->row_floats;

	for (unsigned c = 0; !(b->opens && b->closes) && c < s->config.subchannels; c++) {
		double *total = s->total + c * s->accumulator;

		spectrum_collect(s->spectrum, b->sum + c * s->accumulator, b->opens, total);
		if (b->closes)
			spectrum_row(s->spectrum, total, b->row_transforms, row + c * s->bins);
	}
	if (b->closes)
		add_row(f, b, row);
}

/* Runs what is gathered. An open last block moves to the front and goes on. */
static void run_blocks(struct filter *f)
{
	struct slicer *s = f->state;
	bool open = s->filled % SPECTRUM_BLOCK != 0;
	size_t whole = s->blocks - open;
	struct block last;

	pool_run(f->pool, s->blocks, run_block, s);
	for (size_t i = 0; i < whole; i++)
		collect_block(f, i);
	if (open) {
		last = s->block[whole];
		s->block[whole] = s->block[0];
		s->block[0] = last;
		s->block[0].pieces = 0;
	}
	s->blocks = open;
}

static struct block *new_block(struct filter *f)
{
	struct slicer *s = f->state;
	struct block *b;

	if (s->blocks == s->blocks_max)
		run_blocks(f);
	b = &s->block[s->blocks++];
	if (s->blocks > s->blocks_made) {
		b->sum = xaligned(s->accumulator * s->config.subchannels, sizeof(*b->sum));
		s->blocks_made++;
	}
	b->pieces = 0;
	b->begun = b->closes = b->partial = false;
	b->opens = s->filled == 0;
	return b;
}

static void add_piece(struct block *b, const void *data, size_t count, size_t rest)
{
	if (b->pieces == b->pieces_size) {
		b->pieces_size = b->pieces_size ? 2 * b->pieces_size : 4;
		b->piece = xrealloc(b->piece, b->pieces_size, sizeof(*b->piece));
	}
	b->piece[b->pieces++] = (struct piece){.data = data, .count = count, .rest = rest};
}

static void close_row(struct slicer *s, struct block *b)
{
	b->closes = true;
	b->row_index = s->row_index;
	b->row_transforms = s->filled;
	s->filled = 0;
}

static void add_windows(struct filter *f, const struct window_run *run)
{
	struct slicer *s = f->state;
	const char *data = run->data;

	for (size_t done = 0; done < run->count;) {
		size_t in_block = s->filled % SPECTRUM_BLOCK, count = run->count - done;
		struct block *b = in_block ? &s->block[s->blocks - 1] : new_block(f);

		if (count > SPECTRUM_BLOCK - in_block)
			count = SPECTRUM_BLOCK - in_block;
		if (count > s->average - s->filled)
			count = (size_t)(s->average - s->filled);
		if (s->filled == 0)
			s->row_index = run->index + (int64_t)(done * s->hop);
		add_piece(b, data + done * s->hop * s->row_size, count, run->rest);
		s->filled += count;
		done += count;
		if (s->filled == s->average)
			close_row(s, b);
	}
}

/* A run has ended: what is incomplete is left out and counted, or padded with zeros. */
static void end_run(struct filter *f, const struct window_run *end)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	struct window_run padded = *end;

	padded.count = 1;
	if (o->tail == TAIL_DROP) {
		s->dropped_transforms += end->rest > 0;
		s->dropped_rows += s->filled > 0;
		run_blocks(f);
		s->blocks = 0;
		s->filled = 0;
		send_rows(f);
		return;
	}
	if (end->rest > 0)
		add_windows(f, &padded);
	if (s->filled > 0 || end->rest > 0) {
		struct block *last = &s->block[s->blocks - 1];

		last->partial = true;
		if (s->filled > 0)
			close_row(s, last);
	}
	run_blocks(f);
	send_rows(f);
}

static void take_runs(struct filter *f)
{
	struct slicer *s = f->state;
	struct window_run run;

	while (windows_next(s->windows, &run)) {
		if (run.count > 0)
			add_windows(f, &run);
		else
			end_run(f, &run);
	}
	run_blocks(f);
}

static void slice(struct filter *f, const struct frame *frames, size_t count)
{
	struct slicer *s = f->state;

	for (size_t i = 0; i < count; i++)
		plan_for(f, &frames[i]);
	windows_feed(s->windows, frames, count);
	take_runs(f);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct slicer *s = f->state;

	(void)meta;
	if (!s->spectrum)
		return;
	windows_end(s->windows);
	take_runs(f);
	if (s->dropped_transforms)
		filter_note(f, "dropped_transforms", s->dropped_transforms);
	if (s->dropped_rows)
		filter_note(f, "dropped_rows", s->dropped_rows);
	s->dropped_transforms = s->dropped_rows = 0;
}

static const struct command command = {
	.name = "fft-slice",
	.summary = "power spectra of windowed, averaged slices of a signal",
	.operands = "",
	.example = "-n 64",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_SPECTRA),
	.dtypes_out = "f32",
	.unit_out = "FS^2 FS^2/Hz count^2",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frames = slice,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
