/* SPDX-License-Identifier: ISC */
/*
 * export-h5: HDF5 files for other programs. In: SPECTRA, IQ or TABLE, one kind to a file. Out: the
 * product /waterfall, the samples /iq or the rows /table, each with its indices, so that gaps are
 * told, and /metadata.
 */
#include <stdlib.h>
#include <string.h>

#include "io/h5_write.h"
#include "stream/export.h"
#include "stream/iq.h"
#include "stream/spectra.h"

#define CHUNK_BYTES (1u << 18)
#define NOTES_CHUNK_BYTES (1u << 14) /* of datasets of a number or two to a row */

struct options {
	struct text_list columns;
	int64_t gzip;
	const char *channel;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	EXPORT_COLUMN_OPTION(AT(columns)),
	{0, "gzip", OPT_INT, AT(gzip), "", "6", 0, 9, NULL, OPT_OUTPUT,
		"compression, 0 none to 9 smallest"},
	{0, "channel", OPT_TEXT, AT(channel), "", NULL, 0, 0, "NAME", OPT_OUTPUT,
		"what the attribute channel says"},
	OPTIONS_END,
};

struct state {
	struct h5_out out;
	hid_t object; /* what has the attributes */
	bool begun, new_segment;
	struct frame first; /* the form; no payload */
	struct meta head;   /* of the first segment */

	struct h5_rows rows, index, time, centre;
	struct iq_form iq;
	struct spectra_form spectra;
	struct rate rate;
	struct utc time0;
	bool has_time0;
	double *centre_hz; /* of each subchannel, now */
	size_t subchannels;
	struct export_place place;
	int64_t step, skipped; /* rows that are missing */

	struct column *columns;
	size_t column_count;
};

static void prepare(struct filter *f)
{
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	h5_create(&s->out, sink_open(f, NULL));
}

static void make(struct filter *f, struct h5_rows *rows, hid_t parent, const char *name, hid_t type,
	const uint64_t *dim, size_t dims)
{
	const struct options *o = f->options;
	struct state *s = f->state;

	h5_make_rows(&s->out, rows, parent, name, type, dim, dims,
		rows == &s->rows ? CHUNK_BYTES : NOTES_CHUNK_BYTES, (unsigned)o->gzip);
}

/* What samples are counted by, and where they were tuned to first. */
static void put_rate(struct filter *f, const struct meta *meta)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	const char *time0 = meta_get(meta, "time0");

	h5_put_f64(&s->out, s->object, "sample_rate", rate_hz(s->rate));
	h5_put_i64(&s->out, s->object, "sample_rate_numerator", (int64_t)s->rate.num);
	h5_put_i64(&s->out, s->object, "sample_rate_denominator", (int64_t)s->rate.den);
	h5_put_f64s(&s->out, s->object, "center_frequency", s->centre_hz, s->subchannels);
	if (time0)
		h5_put_text(&s->out, s->object, "time0", time0);
	if (o->channel)
		h5_put_text(&s->out, s->object, "channel", o->channel);
}

static void begin_spectra(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;
	bool single = frame->dim[1] == 1;
	struct h5_rows axis;
	double *hz;

	s->spectra = spectra_form_of(frame, meta);
	s->object = h5_make_group(&s->out, s->out.file, "waterfall");
	put_rate(f, meta);
	make(f, &s->rows, s->object, "power", h5_type(DTYPE_F32), &frame->dim[single ? 2 : 1],
		single ? 1 : 2);
	make(f, &s->index, s->object, "index", h5_type(DTYPE_I64), NULL, 0);
	make(f, &s->time, s->object, "time", h5_type(DTYPE_F64), NULL, 0);
	make(f, &s->centre, s->object, "center_frequency", h5_type(DTYPE_F64), &frame->dim[1], 1);
	make(f, &axis, s->object, "frequency", h5_type(DTYPE_F64), NULL, 0);
	hz = xcalloc(s->spectra.bins, sizeof(*hz));
	for (size_t b = 0; b < s->spectra.bins; b++)
		hz[b] = s->centre_hz[0] + s->spectra.bin0_hz + (double)b * s->spectra.bin_step_hz;
	h5_add_rows(&axis, hz, s->spectra.bins);
	free(hz);
}

static void begin_iq(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	static const uint64_t two = 2;
	struct state *s = f->state;

	make(f, &s->rows, s->out.file, "iq", h5_type(frame->dtype), &frame->dim[1], 1);
	make(f, &s->index, s->out.file, "iq_index", h5_type(DTYPE_I64), &two, 1);
	make(f, &s->centre, s->out.file, "iq_center_frequency", h5_type(DTYPE_F64), &frame->dim[1],
		1);
	s->object = s->rows.dataset;
	put_rate(f, meta);
	s->iq = iq_form_of(f, frame);
	h5_put_f64(&s->out, s->object, "full_scale", s->iq.full_scale);
	h5_put_f64(&s->out, s->object, "zero", s->iq.zero);
}

static void begin_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct h5_field *field;
	struct str name = {0};

	s->columns = export_columns(f, frame, &o->columns, &s->column_count);
	field = xcalloc(s->column_count, sizeof(*field));
	for (size_t i = 0; i < s->column_count; i++) {
		const struct column *c = &s->columns[i];

		field[i] = (struct h5_field){c->name, c->dtype, c->text, c->elements};
		for (size_t k = 0; k < i; k++)
			if (!strcmp(c->name, s->columns[k].name))
				die(EXIT_DATA, "column %s: twice: a table has it once", c->name);
	}
	make(f, &s->rows, s->out.file, "table", h5_type_of_fields(field, s->column_count), NULL, 0);
	make(f, &s->index, s->out.file, "table_index", h5_type(DTYPE_I64), NULL, 0);
	s->object = s->rows.dataset;
	for (size_t i = 0; i < s->column_count; i++) {
		str_clear(&name);
		str_addf(&name, "unit_%s", s->columns[i].name);
		h5_put_text(&s->out, s->object, name.p, s->columns[i].unit);
	}
	str_free(&name);
	free(field);
}

static void begin_file(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;

	s->begun = true;
	s->first = *frame;
	meta_copy(&s->head, meta);
	if (frame->kind == KIND_SPECTRA)
		begin_spectra(f, frame, meta);
	else if (frame->kind == KIND_IQ)
		begin_iq(f, frame, meta);
	else
		begin_table(f, frame);
}

static void begin_segment(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	const struct meta *meta = filter_meta(f, frame);
	bool table = frame->kind == KIND_TABLE, had_time0 = s->has_time0, first = !s->begun;
	struct rate before = s->rate;
	struct spectra_form form;
	struct utc time0 = s->time0;

	s->new_segment = false;
	if (!table) {
		s->rate = iq_rate(meta);
		s->has_time0 = meta_utc(meta, "time0", &s->time0);
		s->step = export_step(frame, meta);
		if (first) {
			s->subchannels = frame->dim[1];
			s->centre_hz = xcalloc(s->subchannels, sizeof(*s->centre_hz));
		}
		for (size_t i = 0; i < s->subchannels; i++)
			s->centre_hz[i] = spectra_centre_hz(meta, i);
	}
	if (first) {
		begin_file(f, frame, meta);
		return;
	}
	if (frame->kind == KIND_IQ)
		s->iq = iq_form_of(f, frame);
	if (frame->kind == KIND_SPECTRA) {
		form = spectra_form_of(frame, meta);
		spectra_same_form(&s->spectra, &form);
	}
	if (!table && (s->has_time0 != had_time0 || utc_minus(s->time0, time0) != 0 ||
			      s->rate.num != before.num || s->rate.den != before.den))
		die(EXIT_DATA, "time0 or the rate changes: one file counts its samples one way");
}

/* Index, time and centre of each row of spectra. */
static void add_row_notes(struct state *s, const struct frame *frame)
{
	size_t rows = frame->dim[0], n = s->subchannels;
	int64_t *index = xcalloc(rows, sizeof(*index));
	double *time = xcalloc(rows, sizeof(*time)), *centre = xcalloc(rows * n, sizeof(*centre));

	for (size_t k = 0; k < rows; k++) {
		struct utc t;

		index[k] = export_row_index(frame, k, s->step);
		t = utc_after(s->time0, index[k], s->rate);
		time[k] = s->has_time0 ? (double)t.sec + t.nsec / 1e9
				       : samples_to_s(index[k], s->rate);
		memcpy(centre + k * n, s->centre_hz, n * sizeof(*centre));
	}
	h5_add_rows(&s->index, index, rows);
	h5_add_rows(&s->time, time, rows);
	h5_add_rows(&s->centre, centre, rows);
	free(index);
	free(time);
	free(centre);
}

static void add_spectra(struct state *s, const struct frame *frame)
{
	bool begun = s->place.begun;
	int64_t missing = 0;

	if (begun && __builtin_sub_overflow(frame->index, s->place.next, &missing))
		missing = 0;
	export_follows(&s->place, frame, s->step);
	if (missing > 0)
		s->skipped += missing / s->step + (missing % s->step >= (s->step + 1) / 2);
	add_row_notes(s, frame);
	h5_add_rows(&s->rows, frame->payload, frame->dim[0]);
}

/* A run of samples without a gap has a row: the index of its first, and where that stands. */
static void add_iq(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	int64_t run[2] = {frame->index, (int64_t)s->rows.dim[0]};
	bool begins = !s->place.begun;

	iq_check_form(f, &s->iq, frame);
	if (!export_follows(&s->place, frame, 1) || begins) {
		h5_add_rows(&s->index, run, 1);
		h5_add_rows(&s->centre, s->centre_hz, 1);
	}
	h5_add_rows(&s->rows, frame->payload, frame->dim[0]);
}

static void add_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t count;
	struct column *columns = export_columns(f, frame, &o->columns, &count);
	char *rows = xaligned(frame->dim[0] + 1, export_row_size(columns, count));
	int64_t *index = xcalloc(frame->dim[0] + 1, sizeof(*index));

	export_same_columns(s->columns, s->column_count, columns, count);
	export_pack(columns, count, frame->dim[0], rows);
	h5_add_rows(&s->rows, rows, frame->dim[0]);
	for (uint64_t k = 0; k < frame->dim[0]; k++)
		index[k] = frame->index;
	h5_add_rows(&s->index, index, frame->dim[0]);
	free(index);
	free(rows);
	free(columns);
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct error e;

	if (o->columns.n > 0 && frame->kind != KIND_TABLE)
		return;
	if (s->begun)
		export_same_form(&s->first, frame);
	if (s->new_segment)
		begin_segment(f, frame);
	if (frame->kind == KIND_TABLE)
		add_table(f, frame);
	else if (frame->kind == KIND_SPECTRA)
		add_spectra(s, frame);
	else
		add_iq(f, frame);
	if (h5_failed(&s->out, &e))
		die_with(&e);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;

	(void)in;
	(void)out;
	s->new_segment = true;
}

static void end(struct filter *f, const struct meta *meta)
{
	struct state *s = f->state;

	(void)meta;
	s->place.between = true;
}

static void put_waterfall(struct state *s)
{
	int64_t span = s->step;
	double low = spectra_centre_hz(&s->head, 0) + s->spectra.bin0_hz;

	meta_i64(&s->head, "row_span", &span);
	h5_put_f64(&s->out, s->object, "f_min", low);
	h5_put_f64(&s->out, s->object, "f_max",
		low + s->spectra.bin_step_hz * (double)(s->spectra.bins - 1));
	h5_put_f64(&s->out, s->object, "f_step", s->spectra.bin_step_hz);
	h5_put_i64(&s->out, s->object, "total_slices", (int64_t)s->rows.dim[0] + s->skipped);
	h5_put_i64(&s->out, s->object, "slices_processed", (int64_t)s->rows.dim[0]);
	h5_put_i64(&s->out, s->object, "slices_skipped", s->skipped);
	h5_put_i64(&s->out, s->object, "fft_size", (int64_t)s->spectra.bins);
	h5_put_i64(&s->out, s->object, "samples_per_slice", span);
	h5_put_i64(&s->out, s->object, "samples_between_slices", s->step);
	h5_put_text(&s->out, s->object, "unit", s->spectra.unit);
	h5_put_text(&s->out, s->time.dataset, "unit",
		s->has_time0 ? "s since 1970-01-01T00:00:00Z" : "s since index 0");
}

/* The metadata of the first segment: an attribute for each key, the lines of a list joined by LF.
 */
static void put_metadata(struct state *s)
{
	const struct meta_item **item = export_sorted(&s->head);
	struct str text = {0};
	hid_t group;

	group = h5_make_group(&s->out, s->out.file, "metadata");
	for (size_t i = 0; i < s->head.count; i++) {
		str_add(&text, item[i]->value);
		if (i + 1 < s->head.count && !strcmp(item[i]->key, item[i + 1]->key)) {
			str_add(&text, "\n");
			continue;
		}
		h5_put_text(&s->out, group, item[i]->key, text.p);
		str_clear(&text);
	}
	str_free(&text);
	free(item);
}

static void finish(struct filter *f)
{
	struct state *s = f->state;
	struct error e;

	if (!s->begun)
		die(EXIT_DATA, "no spectra, samples or tables came");
	if (s->first.kind == KIND_SPECTRA)
		put_waterfall(s);
	put_metadata(s);
	if (h5_finish(&s->out, &e))
		die_with(&e);
	sink_close(f);
}

static const struct command command = {
	.name = "export-h5",
	.summary = "write spectra, samples or tables as HDF5",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ) | KIND_BIT(KIND_SPECTRA) | KIND_BIT(KIND_TABLE),
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
