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
	size_t column_count, row_size;
};

static void check(int code, const struct error *e)
{
	if (code)
		die_with(e);
}

static void prepare(struct filter *f)
{
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	struct error e;

	check(h5_create(&s->out, sink_open(f, NULL), &e), &e);
}

static void make(struct filter *f, struct h5_rows *rows, hid_t parent, const char *name, hid_t type,
	const uint64_t *dim, size_t dims)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct error e;

	check(h5_make_rows(rows, parent, name, type, dim, dims,
		      rows == &s->rows ? CHUNK_BYTES : NOTES_CHUNK_BYTES, (unsigned)o->gzip, &e),
		&e);
}

static void begin_spectra(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;
	bool single = frame->dim[1] == 1;
	struct h5_rows axis;
	struct error e;
	double *hz;

	s->spectra = spectra_form_of(frame, meta);
	check(h5_make_group(s->out.file, "waterfall", &s->object, &e), &e);
	make(f, &s->rows, s->object, "power", h5_type(DTYPE_F32), &frame->dim[single ? 2 : 1],
		single ? 1 : 2);
	make(f, &s->index, s->object, "index", h5_type(DTYPE_I64), NULL, 0);
	make(f, &s->time, s->object, "time", h5_type(DTYPE_F64), NULL, 0);
	make(f, &s->centre, s->object, "center_frequency", h5_type(DTYPE_F64), &frame->dim[1], 1);
	make(f, &axis, s->object, "frequency", h5_type(DTYPE_F64), NULL, 0);
	hz = xcalloc(s->spectra.bins, sizeof(*hz));
	for (size_t b = 0; b < s->spectra.bins; b++)
		hz[b] = s->centre_hz[0] + s->spectra.bin0_hz + (double)b * s->spectra.bin_step_hz;
	check(h5_add_rows(&axis, hz, s->spectra.bins, &e), &e);
	free(hz);
}

static void begin_iq(struct filter *f, const struct frame *frame)
{
	static const uint64_t two = 2;
	struct state *s = f->state;

	make(f, &s->rows, s->out.file, "iq", h5_type(frame->dtype), &frame->dim[1], 1);
	make(f, &s->index, s->out.file, "iq_index", h5_type(DTYPE_I64), &two, 1);
	make(f, &s->centre, s->out.file, "iq_center_frequency", h5_type(DTYPE_F64), &frame->dim[1],
		1);
	s->object = s->rows.dataset;
}

static void begin_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct h5_field *field;
	struct str name = {0};
	struct error e;

	s->columns = export_columns(f, frame, &o->columns, &s->column_count);
	field = xcalloc(s->column_count, sizeof(*field));
	for (size_t i = 0; i < s->column_count; i++) {
		const struct column *c = &s->columns[i];

		field[i] = (struct h5_field){c->name, c->dtype, c->text, c->elements};
		s->row_size += c->row_size;
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
		check(h5_put_text(s->object, name.p, s->columns[i].unit, &e), &e);
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
		begin_iq(f, frame);
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
	if (first)
		begin_file(f, frame, meta);
	if (frame->kind == KIND_IQ)
		s->iq = iq_form_of(f, frame);
	if (frame->kind == KIND_SPECTRA) {
		form = spectra_form_of(frame, meta);
		spectra_same_form(&s->spectra, &form);
	}
	if (!first && !table &&
		(s->has_time0 != had_time0 || utc_minus(s->time0, time0) != 0 ||
			s->rate.num != before.num || s->rate.den != before.den))
		die(EXIT_DATA, "time0 or the rate changes: one file counts its samples one way");
}

static void check_form(const struct state *s, const struct frame *frame)
{
	char first[16], now[16];

	if (frame->kind != s->first.kind)
		die(EXIT_DATA, "%s after %s: one file holds one kind", kind_name(frame->kind, now),
			kind_name(s->first.kind, first));
	if (frame->kind == KIND_TABLE)
		return;
	if (frame->dtype != s->first.dtype || frame->dim[1] != s->first.dim[1] ||
		frame->dim[2] != s->first.dim[2])
		die(EXIT_DATA, "the type or the shape changes: one file has one");
}

/* Index, time and centre of each row of spectra. */
static void add_row_notes(struct state *s, const struct frame *frame)
{
	size_t rows = frame->dim[0], n = s->subchannels;
	int64_t *index = xcalloc(rows, sizeof(*index));
	double *time = xcalloc(rows, sizeof(*time)), *centre = xcalloc(rows * n, sizeof(*centre));
	struct error e;

	for (size_t k = 0; k < rows; k++) {
		struct utc t;

		index[k] = export_row_index(frame, k, s->step);
		t = utc_after(s->time0, index[k], s->rate);
		time[k] = s->has_time0 ? (double)t.sec + t.nsec / 1e9
				       : samples_to_s(index[k], s->rate);
		memcpy(centre + k * n, s->centre_hz, n * sizeof(*centre));
	}
	check(h5_add_rows(&s->index, index, rows, &e), &e);
	check(h5_add_rows(&s->time, time, rows, &e), &e);
	check(h5_add_rows(&s->centre, centre, rows, &e), &e);
	free(index);
	free(time);
	free(centre);
}

static void add_spectra(struct state *s, const struct frame *frame, bool follows, int64_t missing)
{
	struct error e;

	if (!follows && missing > 0)
		s->skipped += (missing + s->step / 2) / s->step;
	add_row_notes(s, frame);
	check(h5_add_rows(&s->rows, frame->payload, frame->dim[0], &e), &e);
}

/* A run of samples without a gap has a row: the index of its first, and where that stands. */
static void add_iq(struct filter *f, const struct frame *frame, bool follows)
{
	struct state *s = f->state;
	int64_t run[2] = {frame->index, (int64_t)s->rows.dim[0]};
	struct error e;

	iq_check_form(f, &s->iq, frame);
	if (!follows) {
		check(h5_add_rows(&s->index, run, 1, &e), &e);
		check(h5_add_rows(&s->centre, s->centre_hz, 1, &e), &e);
	}
	check(h5_add_rows(&s->rows, frame->payload, frame->dim[0], &e), &e);
}

static void add_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t count, at = 0;
	struct column *columns = export_columns(f, frame, &o->columns, &count);
	char *rows = xaligned(frame->dim[0] + 1, s->row_size);
	int64_t *index = xcalloc(frame->dim[0] + 1, sizeof(*index));
	struct error e;

	export_same_columns(s->columns, s->column_count, columns, count);
	for (size_t i = 0; i < count; at += columns[i++].row_size)
		for (uint64_t k = 0; k < frame->dim[0]; k++)
			memcpy(rows + k * s->row_size + at,
				(const char *)columns[i].values + k * columns[i].row_size,
				columns[i].row_size);
	check(h5_add_rows(&s->rows, rows, frame->dim[0], &e), &e);
	for (uint64_t k = 0; k < frame->dim[0]; k++)
		index[k] = frame->index;
	check(h5_add_rows(&s->index, index, frame->dim[0], &e), &e);
	free(index);
	free(rows);
	free(columns);
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	int64_t missing = 0;
	bool begins, follows;

	if (o->columns.n > 0 && frame->kind != KIND_TABLE)
		return;
	if (s->begun)
		check_form(s, frame);
	if (s->new_segment)
		begin_segment(f, frame);
	if (frame->kind == KIND_TABLE) {
		add_table(f, frame);
		return;
	}
	begins = !s->place.begun;
	if (!begins && __builtin_sub_overflow(frame->index, s->place.next, &missing))
		missing = 0;
	follows = export_follows(&s->place, frame, s->step);
	if (frame->kind == KIND_SPECTRA)
		add_spectra(s, frame, follows, missing);
	else
		add_iq(f, frame, follows && !begins);
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

static void put_f64(hid_t object, const char *name, double value)
{
	struct error e;

	check(h5_put_f64(object, name, value, &e), &e);
}

static void put_i64(hid_t object, const char *name, int64_t value)
{
	struct error e;

	check(h5_put_i64(object, name, value, &e), &e);
}

static void put_text(hid_t object, const char *name, const char *text)
{
	struct error e;

	check(h5_put_text(object, name, text, &e), &e);
}

static void put_rate(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	const char *time0 = meta_get(&s->head, "time0");
	struct error e;

	put_f64(s->object, "sample_rate", rate_hz(s->rate));
	put_i64(s->object, "sample_rate_numerator", (int64_t)s->rate.num);
	put_i64(s->object, "sample_rate_denominator", (int64_t)s->rate.den);
	if (s->subchannels == 1)
		put_f64(s->object, "center_frequency", spectra_centre_hz(&s->head, 0));
	else
		for (size_t i = 0; i < s->subchannels; i++)
			s->centre_hz[i] = spectra_centre_hz(&s->head, i);
	if (s->subchannels > 1)
		check(h5_put_f64s(s->object, "center_frequency", s->centre_hz, s->subchannels, &e),
			&e);
	if (time0)
		put_text(s->object, "time0", time0);
	if (o->channel)
		put_text(s->object, "channel", o->channel);
}

static void put_waterfall(struct filter *f)
{
	struct state *s = f->state;
	int64_t span = s->step;
	double low = spectra_centre_hz(&s->head, 0) + s->spectra.bin0_hz;

	meta_i64(&s->head, "row_span", &span);
	put_rate(f);
	put_f64(s->object, "f_min", low);
	put_f64(s->object, "f_max", low + s->spectra.bin_step_hz * (double)(s->spectra.bins - 1));
	put_f64(s->object, "f_step", s->spectra.bin_step_hz);
	put_i64(s->object, "total_slices", (int64_t)s->rows.dim[0] + s->skipped);
	put_i64(s->object, "slices_processed", (int64_t)s->rows.dim[0]);
	put_i64(s->object, "slices_skipped", s->skipped);
	put_i64(s->object, "fft_size", (int64_t)s->spectra.bins);
	put_i64(s->object, "samples_per_slice", span);
	put_i64(s->object, "samples_between_slices", s->step);
	put_text(s->object, "unit", s->spectra.unit);
	put_text(s->time.dataset, "unit",
		s->has_time0 ? "s since 1970-01-01T00:00:00Z" : "s since index 0");
}

static void put_iq(struct filter *f)
{
	struct state *s = f->state;

	put_rate(f);
	put_f64(s->object, "full_scale", s->iq.full_scale);
	put_f64(s->object, "zero", s->iq.zero);
}

static int by_key(const void *a, const void *b)
{
	const struct meta_item *left = *(struct meta_item *const *)a;
	const struct meta_item *right = *(struct meta_item *const *)b;
	int order = strcmp(left->key, right->key);

	return order ? order : left < right ? -1 : 1; /* a list keeps its order */
}

/* The metadata of the first segment: an attribute for each key, the lines of a list joined by LF.
 */
static void put_metadata(struct state *s)
{
	struct meta_item **item = xcalloc(s->head.count + 1, sizeof(*item));
	struct str text = {0};
	struct error e;
	hid_t group;

	check(h5_make_group(s->out.file, "metadata", &group, &e), &e);
	for (size_t i = 0; i < s->head.count; i++)
		item[i] = &s->head.item[i];
	qsort(item, s->head.count, sizeof(struct meta_item *), by_key);
	for (size_t i = 0; i < s->head.count; i++) {
		str_add(&text, item[i]->value);
		if (i + 1 < s->head.count && !strcmp(item[i]->key, item[i + 1]->key)) {
			str_add(&text, "\n");
			continue;
		}
		put_text(group, item[i]->key, text.p);
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
		put_waterfall(f);
	else if (s->first.kind == KIND_IQ)
		put_iq(f);
	put_metadata(s);
	check(h5_finish(&s->out, &e), &e);
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
