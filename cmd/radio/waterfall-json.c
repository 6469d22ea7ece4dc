/* SPDX-License-Identifier: ISC */
/*
 * waterfall-json: a signal as the slices of the SDS gateway's waterfall. In: IQ of any type, of all
 * segments together. Out: a JSON list, a slice for every n samples on a grid that begins at the
 * first one; its data are the base64 of a row of levels in f32. Slices are given out as they come.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/level_row.h"
#include "radio/slice_json.h"
#include "stream/iq.h"
#include "stream/spectra.h"
#include "stream/windows.h"

#define BATCH 128 /* slices made at once, shared by the threads */
#define BOUNDS_MARGIN 0.05

enum compat { COMPAT_NONE, COMPAT_SDS };

struct options {
	int64_t size;
	int compat;
	const char *slices, *channel;
	bool bounds;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "size", OPT_INT, AT(size), "samples", "1024", 2, 1 << 16, NULL, OPT_OUTPUT,
		"of a slice and its transform"},
	{'c', "channel", OPT_TEXT, AT(channel), "", "", 0, 0, "NAME", OPT_OUTPUT,
		"the channel_name of the slices; by default the one that drf-read read"},
	{0, "slices", OPT_TEXT, AT(slices), "", ":", 0, 0, "I:J", OPT_OUTPUT,
		"slices I to J, counted from 0, J not included"},
	{0, "bounds", OPT_FLAG, AT(bounds), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"print the range of their levels instead of the slices"},
	{0, "compat", OPT_ENUM, AT(compat), "", "none", 0, 0, "none|sds", OPT_OUTPUT,
		"sds: the slices that the SDS gateway makes"},
	OPTIONS_END,
};

/* A slice to be made, or so many that are missing. */
struct work {
	const void *data;
	int64_t index;
	uint64_t number, missing;
	struct str text;
	float least, greatest; /* levels; least > greatest if there is none */
};

struct slicer {
	size_t n;
	int64_t first, end;	/* slices that are wanted */
	bool begun;		/* something is in the list */
	double least, greatest; /* of all levels */

	/* The grid: slice `number` begins at sample `origin`. */
	bool has_grid;
	int64_t origin;
	uint64_t number, next; /* next: the slice after the last one */
	struct rate grid_rate;

	/* of the segment */
	struct slice_form slices;
	char *channel;
	struct iq_form form;
	double *centre_hz;
	struct level_row *row;
	struct level_row_scratch **scratch; /* of each thread */
	struct windows *windows;	    /* NULL before the first frame */
	bool in_run;
	int64_t have, from; /* of a run: the sample after the last, the first of a whole slice */
	struct work work[BATCH];
	size_t works;
	struct str out;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state = xcalloc(1, sizeof(*s));

	s->n = (size_t)o->size;
	if (o->compat && s->n != 1024)
		die(EXIT_USAGE, "--size: %zu: slices of SDS have 1024 samples", s->n);
	if (!parse_span(o->slices, &s->first, &s->end))
		die(EXIT_USAGE, "--slices: '%s': must be I:J with 0 <= I <= J, or I: or :J",
			o->slices);
	s->least = INFINITY;
	s->greatest = -INFINITY;
	(void)sink_open(f, NULL);
}

static void follow_levels(struct work *work, const float *row, size_t bins)
{
	for (size_t b = 0; b < bins; b++) {
		if (!isfinite(row[b]))
			continue;
		work->least = row[b] < work->least ? row[b] : work->least;
		work->greatest = row[b] > work->greatest ? row[b] : work->greatest;
	}
}

/* A thread's work: the text of a slice, of all subchannels, or its levels' range. */
static void make_slice(void *arg, size_t i, unsigned worker)
{
	struct filter *f = arg;
	const struct options *o = f->options;
	struct slicer *s = f->state;
	struct work *work = &s->work[i];
	unsigned subchannels = o->compat ? 1 : s->form.subchannels;
	struct slice slice = {.index = work->index,
		.number = work->number,
		.missing = work->missing,
		.bins = level_row_bins(s->row)};

	str_clear(&work->text);
	work->least = INFINITY;
	work->greatest = -INFINITY;
	for (unsigned c = 0; c < subchannels; c++) {
		if (!slice.missing)
			slice.row = level_row_make(s->row, s->scratch[worker], work->data, c);
		if (o->bounds && !slice.missing)
			follow_levels(work, slice.row, slice.bins);
		if (o->bounds)
			continue;
		slice.centre_hz = s->centre_hz[c];
		slice.subchannel = subchannels > 1 ? (int)c : -1;
		str_add(&work->text, c > 0 ? ",\n" : "");
		slice_json(&work->text, &s->slices, &slice);
	}
}

static void give_slices(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;

	pool_run(f->pool, s->works, make_slice, f);
	for (size_t i = 0; i < s->works; i++) {
		const struct work *work = &s->work[i];

		s->least = fmin(s->least, (double)work->least);
		s->greatest = fmax(s->greatest, (double)work->greatest);
		if (o->bounds)
			continue;
		str_add(&s->out, s->begun ? ",\n" : "[\n");
		str_add_bytes(&s->out, work->text.p, work->text.len);
		s->begun = true;
	}
	sink_write(f, s->out.p, s->out.len);
	str_clear(&s->out);
	s->works = 0;
}

/* Queues what of `missing` slices, or of one that is there, is wanted. */
static void queue(struct filter *f, uint64_t number, uint64_t missing, const void *data)
{
	struct slicer *s = f->state;
	uint64_t first = number, end = number + (missing ? missing : 1);
	struct work *work;

	if (first < (uint64_t)s->first)
		first = (uint64_t)s->first;
	if (end > (uint64_t)s->end)
		end = (uint64_t)s->end;
	if (first >= end)
		return;
	if (s->works == BATCH)
		give_slices(f);
	work = &s->work[s->works++];
	work->data = data;
	work->number = first;
	work->missing = missing ? end - first : 0;
	work->index = (int64_t)((uint64_t)s->origin + (first - s->number) * s->n);
}

static void take_windows(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	size_t size = s->n * s->form.subchannels * dtype_size(s->form.dtype);
	struct window_run run;

	while (windows_next(s->windows, &run)) {
		uint64_t number = s->number + ((uint64_t)run.index - (uint64_t)s->origin) / s->n;

		if (run.count == 0)
			continue;
		if (number > s->next && !o->compat)
			queue(f, s->next, number - s->next, NULL);
		for (size_t k = 0; k < run.count; k++)
			queue(f, number + k, 0, (const char *)run.data + k * size);
		s->next = number + run.count;
	}
	give_slices(f);
	if (s->next >= (uint64_t)s->end)
		filter_stop(f);
}

static void set_form(struct filter *f, const struct meta *meta)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;

	s->slices.sds = o->compat;
	s->slices.n = s->n;
	s->slices.real = !dtype_complex(s->form.dtype);
	free(s->channel);
	s->channel = *o->channel ? xstrdup(o->channel) : slice_channel(meta);
	s->slices.channel = s->channel;
	s->slices.time0 = (struct utc){0};
	s->slices.has_time0 = meta_utc(meta, "time0", &s->slices.time0);
	s->centre_hz = xcalloc(s->form.subchannels, sizeof(*s->centre_hz));
	for (size_t i = 0; i < s->form.subchannels; i++)
		s->centre_hz[i] = meta_get(meta, "freq_hz") ? spectra_centre_hz(meta, i) : NAN;
}

static void make_plan(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	struct level_row_config c = {
		.kind = o->compat ? LEVEL_SDS : LEVEL_DBFS,
		.n = s->n,
		.dtype = s->form.dtype,
		.subchannels = s->form.subchannels,
		.full_scale = s->form.full_scale,
		.zero = s->form.zero,
	};
	struct error e;

	if (level_row_new(&s->row, &c, &e))
		die_with(&e);
	s->windows = windows_new(s->n, s->n, dtype_size(c.dtype) * c.subchannels);
	s->scratch = xcalloc(pool_threads(f->pool), sizeof(*s->scratch));
	for (unsigned i = 0; i < pool_threads(f->pool); i++)
		s->scratch[i] = level_row_scratch_new(s->row);
}

/*
 * One grid for all segments; one that begins before the end of what there was, or elsewhere than
 * 64 bits reach, begins a grid of its own, whose numbers go on.
 */
static void begin(struct filter *f, const struct frame *frame)
{
	struct slicer *s = f->state;
	const struct meta *meta = filter_meta(f, frame);

	s->form = iq_form_of(f, frame);
	set_form(f, meta);
	make_plan(f);
	if (s->has_grid &&
		(s->slices.rate.num != s->grid_rate.num || s->slices.rate.den != s->grid_rate.den))
		die(EXIT_DATA, "a segment of %g Hz after one of %g Hz: cannot be one list",
			rate_hz(s->slices.rate), rate_hz(s->grid_rate));
	if (!s->has_grid || frame->index < s->have) {
		s->origin = frame->index;
		s->number = s->next;
	}
	s->has_grid = true;
	s->grid_rate = s->slices.rate;
}

static void begin_run(struct slicer *s, int64_t index)
{
	uint64_t into = ((uint64_t)index - (uint64_t)s->origin) % s->n;

	windows_end(s->windows);
	s->in_run = true;
	if (__builtin_add_overflow(index, into ? (int64_t)(s->n - into) : 0, &s->from))
		s->from = INT64_MAX;
}

static void take_frame(struct filter *f, const struct frame *frame)
{
	struct slicer *s = f->state;
	struct frame part = *frame;
	uint64_t before;

	if (frame->dim[0] == 0)
		return;
	if (!s->in_run || frame->index != s->have)
		begin_run(s, frame->index);
	s->have = frame->index + (int64_t)frame->dim[0];
	if (s->have <= s->from)
		return;
	if (part.index < s->from) {
		before = (uint64_t)(s->from - part.index);
		part.payload = (const char *)part.payload + before * frame_row_size(frame);
		part.dim[0] -= before;
		part.index = s->from;
	}
	windows_feed(s->windows, &part, 1);
	take_windows(f);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct slicer *s = f->state;

	(void)out;
	s->slices.rate = iq_rate(in);
	s->in_run = false;
}

static void take(struct filter *f, const struct frame *frames, size_t count)
{
	struct slicer *s = f->state;

	if (!s->windows)
		begin(f, frames);
	for (size_t i = 0; i < count; i++) {
		iq_check_form(f, &s->form, &frames[i]);
		take_frame(f, &frames[i]);
	}
}

static void end(struct filter *f, const struct meta *meta)
{
	struct slicer *s = f->state;

	(void)meta;
	if (!s->windows)
		return;
	for (unsigned i = 0; i < pool_threads(f->pool); i++)
		level_row_scratch_free(s->scratch[i]);
	free(s->scratch);
	free(s->centre_hz);
	windows_free(s->windows);
	level_row_free(s->row);
	s->windows = NULL;
}

/* The list ends; or the bounds: least and greatest level, widened by a share of their span. */
static void finish(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	double margin = (s->greatest - s->least) * BOUNDS_MARGIN;
	struct str text = {0};

	if (!o->bounds) {
		str_add(&text, s->begun ? "\n]\n" : "[]\n");
	} else if (s->least > s->greatest) {
		str_add(&text, "null\n");
	} else {
		char from[NUMBER_TEXT], to[NUMBER_TEXT];

		str_addf(&text, "{\"min\": %s, \"max\": %s}\n", format_f64(from, s->least - margin),
			format_f64(to, s->greatest + margin));
	}
	sink_write(f, text.p, text.len);
	str_free(&text);
}

static const struct command command = {
	.name = "waterfall-json",
	.summary = "a signal as the JSON slices of the SDS waterfall",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ),
	.parallel = true,
	.text = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frames = take,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
