/* SPDX-License-Identifier: ISC */
/*
 * export-json: JSON lines for programs. In: TABLE, SPECTRA or REPORT. Out: an object a line: for
 * each row of a table its columns by name, for each row of spectra index, time, frequencies and
 * powers, for each report its metadata.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stream/export.h"
#include "stream/iq.h"
#include "stream/spectra.h"

#define LINES_BYTES (1u << 18) /* gathered before they are written */

struct options {
	struct text_list columns;
	bool index;
};

static const struct option options[] = {
	EXPORT_COLUMN_OPTION(offsetof(struct options, columns)),
	EXPORT_INDEX_OPTION(offsetof(struct options, index)),
	OPTIONS_END,
};

struct state {
	struct str text;
	bool begun; /* a table has come */
};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct state));
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

/* JSON has neither NaN nor infinities. */
static void add_number(struct str *out, unsigned dtype, const void *component)
{
	float single = 0;
	double wide = 0;

	if (dtype_real(dtype) == DTYPE_F32)
		memcpy(&single, component, sizeof(single));
	else if (dtype_real(dtype) == DTYPE_F64)
		memcpy(&wide, component, sizeof(wide));
	if (isinf(single) || isinf(wide))
		str_add(out, "null");
	else
		export_number(out, dtype, component, "null");
}

static void add_element(struct str *out, const struct column *c, const char *element)
{
	char *text;

	if (c->text) {
		text = xstrndup(element, (size_t)c->text);
		str_add_json(out, text);
		free(text);
	} else if (dtype_complex(c->dtype)) {
		str_add(out, "[");
		add_number(out, c->dtype, element);
		str_add(out, ",");
		add_number(out, c->dtype, element + dtype_size(c->dtype) / 2);
		str_add(out, "]");
	} else {
		add_number(out, c->dtype, element);
	}
}

static void add_value(struct str *out, const struct column *c, const char *row)
{
	size_t size = (size_t)(c->row_size / c->elements);

	if (c->elements > 1)
		str_add(out, "[");
	for (uint64_t k = 0; k < c->elements; k++, row += size) {
		str_add(out, k ? "," : "");
		add_element(out, c, row);
	}
	if (c->elements > 1)
		str_add(out, "]");
}

static void write_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t count;
	struct column *columns = export_columns(f, frame, &o->columns, &count);

	s->begun = true;
	for (uint64_t row = 0; row < frame->dim[0]; row++) {
		str_add(&s->text, "{");
		if (o->index)
			str_addf(&s->text, "\"index\":%lld,", (long long)frame->index);
		for (size_t i = 0; i < count; i++) {
			str_add(&s->text, i ? "," : "");
			str_add_json(&s->text, columns[i].name);
			str_add(&s->text, ":");
			add_value(&s->text, &columns[i],
				(const char *)columns[i].values + row * columns[i].row_size);
		}
		str_add(&s->text, "}\n");
		flush(f, LINES_BYTES);
	}
	free(columns);
}

/* {"index":…,"time_s":…,"utc":…,"subchannel":…,"freq_hz":…,"step_hz":…,"unit":…,"power":[…]} */
static void write_spectra(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectra_form form = spectra_form_of(frame, meta);
	int64_t step = export_step(frame, meta);
	const float *power = frame->payload;
	char number[UTC_TEXT];
	struct utc time0;
	bool has_time0 = meta_utc(meta, "time0", &time0);

	for (uint64_t row = 0; row < frame->dim[0]; row++) {
		int64_t index = export_row_index(frame, row, step);

		for (size_t i = 0; i < form.subchannels; i++) {
			str_addf(&s->text, "{\"index\":%lld,\"time_s\":%s", (long long)index,
				format_f64(number, samples_to_s(index, form.rate)));
			if (has_time0)
				str_addf(&s->text, ",\"utc\":\"%s\"",
					utc_format(number, utc_after(time0, index, form.rate), -1));
			str_addf(&s->text, ",\"subchannel\":%zu,\"freq_hz\":%s", i,
				format_f64(number, spectra_centre_hz(meta, i) + form.bin0_hz));
			str_addf(&s->text,
				",\"step_hz\":%s,\"unit\":", format_f64(number, form.bin_step_hz));
			str_add_json(&s->text, form.unit);
			for (size_t b = 0; b < form.bins; b++, power++) {
				str_add(&s->text, b ? "," : ",\"power\":[");
				add_number(&s->text, DTYPE_F32, power);
			}
			str_add(&s->text, "]}\n");
			flush(f, LINES_BYTES);
		}
	}
}

/* {"key":"value","key":["value","value"]}: by name, values are text, repeated keys lists. */
static void write_report(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	const struct meta *meta = filter_meta(f, frame);
	const struct meta_item **item = export_sorted(meta);

	str_add(&s->text, "{");
	for (size_t i = 0, n; i < meta->count; i += n) {
		for (n = 1; i + n < meta->count && !strcmp(item[i + n]->key, item[i]->key); n++)
			;
		str_add(&s->text, i ? "," : "");
		str_add_json(&s->text, item[i]->key);
		str_add(&s->text, n > 1 ? ":[" : ":");
		for (size_t k = 0; k < n; k++) {
			str_add(&s->text, k ? "," : "");
			str_add_json(&s->text, item[i + k]->value);
		}
		str_add(&s->text, n > 1 ? "]" : "");
	}
	str_add(&s->text, "}\n");
	free(item);
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;

	if (frame->kind == KIND_TABLE)
		write_table(f, frame);
	else if (o->columns.n > 0)
		return;
	else if (frame->kind == KIND_SPECTRA)
		write_spectra(f, frame);
	else
		write_report(f, frame);
	flush(f, 0);
}

/* Who asks for columns and gets none has made a mistake. */
static void finish(struct filter *f)
{
	const struct options *o = f->options;
	const struct state *s = f->state;

	if (!s->begun && o->columns.n > 0)
		die(EXIT_DATA, "no table came");
}

static const struct command command = {
	.name = "export-json",
	.summary = "write tables, spectra or reports as JSON lines",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.in = KIND_BIT(KIND_SPECTRA) | KIND_BIT(KIND_TABLE) | KIND_BIT(KIND_REPORT),
	.text = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = take,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
