/* SPDX-License-Identifier: ISC */
/*
 * export-csv: rows of text for spreadsheets and scripts. In: TABLE, SPECTRA or IQ. Out: CSV
 * (RFC 4180, but lines end in LF): a head line, then a line for each row; with --rtl-power the
 * lines of that program, for the tools that read them.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern.h"
#include "stream/export.h"
#include "stream/iq.h"
#include "stream/spectra.h"

#define SHEET_BYTES (1u << 18) /* gathered before they are written */

struct options {
	struct text_list columns;
	bool index, db, rtl_power, no_head;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	EXPORT_COLUMN_OPTION(AT(columns)),
	EXPORT_INDEX_OPTION(AT(index)),
	{0, "db", OPT_FLAG, AT(db), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"powers in dB, to 0.01 dB, not as they are"},
	{0, "rtl-power", OPT_FLAG, AT(rtl_power), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"spectra as rtl_power writes them, in dB, without a head line"},
	{0, "no-head", OPT_FLAG, AT(no_head), "", NULL, 0, 0, NULL, OPT_OUTPUT, "no head line"},
	OPTIONS_END,
};

struct state {
	struct str text;
	bool begun; /* the first frame has come */
	struct frame first;
	struct column *columns;
	size_t column_count;

	/* of the segment */
	bool new_segment, has_time0;
	struct utc time0;
	struct rate rate;
	struct spectra_form form;
	double centre_hz; /* of subchannel 0 in the first segment */
	float *levels;	  /* one subchannel of a row, in dB */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;

	f->state = xcalloc(1, sizeof(struct state));
	if (o->rtl_power && o->columns.n > 0)
		die(EXIT_USAGE, "--rtl-power: takes spectra, --column tables: not both");
	(void)sink_open(f, NULL);
}

static void flush(struct filter *f, size_t most)
{
	struct state *s = f->state;

	if (s->text.len <= most)
		return;
	sink_write(f, s->text.p, s->text.len);
	str_clear(&s->text);
}

/* Whether a name such as noise_dbfs_hz says its unit, dBFS/Hz. */
static bool tells_unit(const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);

	if (u >= n || name[n - u - 1] != '_')
		return false;
	for (size_t i = 0; i < u; i++) {
		char c = isalnum((unsigned char)unit[i]) ? (char)tolower((unsigned char)unit[i])
							 : '_';

		if (tolower((unsigned char)name[n - u + i]) != c)
			return false;
	}
	return true;
}

/* The heads of a column: one for each component of each element. */
static void add_heads(struct str *out, const struct column *c)
{
	unsigned parts = !c->text && dtype_complex(c->dtype) ? 2 : 1;
	bool unit = strcmp(c->unit, "-") != 0 && !tells_unit(c->name, c->unit);
	struct str head = {0};

	for (uint64_t k = 0; k < c->elements * parts; k++) {
		str_clear(&head);
		str_add(&head, c->name);
		if (c->elements > 1)
			str_addf(&head, "[%llu]", (unsigned long long)(k / parts));
		if (parts > 1)
			str_add(&head, k % 2 ? ".im" : ".re");
		if (unit)
			str_addf(&head, " (%s)", c->unit);
		str_add(out, k ? "," : "");
		export_cell(out, head.p, head.len);
	}
	str_free(&head);
}

static void add_cells(struct str *out, const struct column *c, const char *row)
{
	unsigned parts = !c->text && dtype_complex(c->dtype) ? 2 : 1;
	size_t size = c->text ? c->text : dtype_size(c->dtype) / parts;

	for (uint64_t k = 0; k < c->elements * parts; k++, row += size) {
		str_add(out, k ? "," : "");
		if (c->text)
			export_cell(out, row, export_text_length(row, c->text));
		else
			export_number(out, c->dtype, row, "");
	}
}

static void add_table_head(
	struct state *s, const struct options *o, const struct column *columns, size_t count)
{
	if (o->no_head)
		return;
	if (o->index)
		str_add(&s->text, "index,");
	for (size_t i = 0; i < count; i++) {
		add_heads(&s->text, &columns[i]);
		str_add(&s->text, i + 1 < count ? "," : "\n");
	}
}

static void write_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t count;
	struct column *columns = export_columns(f, frame, &o->columns, &count);

	if (s->columns)
		export_same_columns(s->columns, s->column_count, columns, count);
	else
		add_table_head(s, o, columns, count);
	for (uint64_t row = 0; row < frame->dim[0]; row++) {
		if (o->index)
			str_addf(&s->text, "%lld,", (long long)frame->index);
		for (size_t i = 0; i < count; i++) {
			add_cells(&s->text, &columns[i],
				(const char *)columns[i].values + row * columns[i].row_size);
			str_add(&s->text, i + 1 < count ? "," : "\n");
		}
		flush(f, SHEET_BYTES);
	}
	free(s->columns);
	s->columns = columns;
	s->column_count = count;
}

/* "INDEX,TIME": UTC if it is known, else seconds from index 0. */
static void add_time(struct state *s, int64_t index)
{
	char text[UTC_TEXT];

	export_integer(&s->text, index);
	str_add(&s->text, ",");
	if (s->has_time0)
		str_add(&s->text, utc_format(text, utc_after(s->time0, index, s->rate), -1));
	else
		str_add(&s->text, format_f64(text, samples_to_s(index, s->rate)));
}

static void write_iq(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	unsigned parts = dtype_complex(frame->dtype) ? 2 : 1;
	size_t size = dtype_size(frame->dtype) / parts, width = frame->dim[1] * parts;
	const char *component = frame->payload;

	for (uint64_t row = 0; row < frame->dim[0]; row++) {
		add_time(s, export_row_index(frame, row, 1));
		for (size_t i = 0; i < width; i++, component += size) {
			str_add(&s->text, ",");
			export_number(&s->text, frame->dtype, component, "");
		}
		str_add(&s->text, "\n");
		flush(f, SHEET_BYTES);
	}
}

static void add_powers(struct state *s, const float *power, bool db, const char *comma)
{
	size_t bins = s->form.bins;

	if (db)
		kern()->decibel(s->levels, power, bins);
	for (size_t b = 0; b < bins; b++) {
		str_add(&s->text, comma);
		if (!db)
			export_number(&s->text, DTYPE_F32, &power[b], "");
		else if (!isnan(s->levels[b]))
			str_addf(&s->text, "%.2f", (double)s->levels[b]);
	}
	str_add(&s->text, "\n");
}

static void write_spectra(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	int64_t step = export_step(frame, meta);
	const float *power = frame->payload;

	for (uint64_t row = 0; row < frame->dim[0]; row++)
		for (size_t i = 0; i < s->form.subchannels; i++, power += s->form.bins) {
			add_time(s, export_row_index(frame, row, step));
			if (s->form.subchannels > 1)
				str_addf(&s->text, ",%zu", i);
			add_powers(s, power, o->db, ",");
			flush(f, SHEET_BYTES);
		}
}

/* date, time, Hz low, Hz high, Hz step, samples, dB, dB … */
static void write_rtl_power(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;
	int64_t step = export_step(frame, meta), span = step;
	const float *power = frame->payload;
	char time[UTC_TEXT];

	meta_i64(meta, "row_span", &span);
	for (uint64_t row = 0; row < frame->dim[0]; row++) {
		int64_t index = export_row_index(frame, row, step);

		utc_format(time, utc_after(s->time0, index, s->rate), 0);
		for (size_t i = 0; i < s->form.subchannels; i++, power += s->form.bins) {
			double low = spectra_centre_hz(meta, i) + s->form.bin0_hz;

			str_addf(&s->text, "%.10s, %.8s, %.0f, %.0f, %.2f, %lld", time, time + 11,
				low, low + s->form.bin_step_hz * (double)s->form.bins,
				s->form.bin_step_hz, (long long)span);
			add_powers(s, power, true, ", ");
			flush(f, SHEET_BYTES);
		}
	}
}

static void add_head(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	bool complex = dtype_complex(frame->dtype);
	char text[NUMBER_TEXT];

	if (o->no_head || o->rtl_power)
		return;
	str_addf(&s->text, "index,%s", s->has_time0 ? "utc" : "time_s");
	if (frame->kind == KIND_IQ && frame->dim[1] == 1)
		str_add(&s->text, complex ? ",i,q" : ",value");
	for (uint64_t i = 0; frame->kind == KIND_IQ && frame->dim[1] > 1 && i < frame->dim[1]; i++)
		str_addf(&s->text, complex ? ",i%llu,q%llu" : ",value%llu", (unsigned long long)i,
			(unsigned long long)i);
	if (frame->kind == KIND_SPECTRA && s->form.subchannels > 1)
		str_add(&s->text, ",subchannel");
	for (size_t b = 0; frame->kind == KIND_SPECTRA && b < s->form.bins; b++)
		str_addf(&s->text, ",%s",
			format_f64(text,
				s->centre_hz + s->form.bin0_hz + (double)b * s->form.bin_step_hz));
	str_add(&s->text, "\n");
}

/* The form of the first segment is that of all: one sheet has one head line. */
static void begin_segment(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	bool first = !s->begun, had_time0 = s->has_time0;
	struct spectra_form form = {0};
	double centre_hz = 0;

	s->new_segment = false;
	s->rate = iq_rate(meta);
	s->has_time0 = meta_utc(meta, "time0", &s->time0);
	if (o->rtl_power && !s->has_time0)
		die(EXIT_DATA, "--rtl-power: time0: missing: every line needs the time of day");
	if (frame->kind == KIND_SPECTRA) {
		form = spectra_form_of(frame, meta);
		centre_hz = spectra_centre_hz(meta, 0);
	}
	if (first) {
		s->form = form;
		s->centre_hz = centre_hz;
		s->levels = xaligned(form.bins + 1, sizeof(*s->levels));
		add_head(f, frame);
		return;
	}
	if (o->rtl_power)
		return;
	spectra_same_form(&s->form, &form);
	if (s->has_time0 != had_time0)
		die(EXIT_DATA, "time0: known in one segment only: one sheet has one head line");
	if (centre_hz != s->centre_hz)
		die(EXIT_DATA, "the centre frequency changes: one sheet has one head line: use "
			       "--rtl-power");
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	const struct meta *meta = filter_meta(f, frame);

	if ((o->columns.n > 0 && frame->kind != KIND_TABLE) ||
		(o->rtl_power && frame->kind != KIND_SPECTRA))
		return;
	if (s->begun)
		export_same_form(&s->first, frame);
	if (frame->kind != KIND_TABLE && s->new_segment)
		begin_segment(f, frame, meta);
	s->first = *frame;
	s->begun = true;
	if (frame->kind == KIND_TABLE)
		write_table(f, frame);
	else if (frame->kind == KIND_IQ)
		write_iq(f, frame);
	else if (o->rtl_power)
		write_rtl_power(f, frame, meta);
	else
		write_spectra(f, frame, meta);
	flush(f, 0);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;

	(void)in;
	(void)out;
	s->new_segment = true;
}

/* Who asks for one kind and gets none has made a mistake. */
static void finish(struct filter *f)
{
	const struct options *o = f->options;
	const struct state *s = f->state;

	if (!s->begun && (o->columns.n > 0 || o->rtl_power))
		die(EXIT_DATA, "no %s came", o->rtl_power ? "spectra" : "table");
}

static const struct command command = {
	.name = "export-csv",
	.summary = "write tables, spectra or samples as CSV",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ) | KIND_BIT(KIND_SPECTRA) | KIND_BIT(KIND_TABLE),
	.text = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
