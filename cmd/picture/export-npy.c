/* SPDX-License-Identifier: ISC */
/*
 * export-npy: arrays for NumPy. In: IQ, SPECTRA, IMAGE or TABLE. Out: an NPY file of all rows, one
 * after the other; with --name one for each segment, or for each image.
 */
#include <stdlib.h>
#include <string.h>

#include "io/npy.h"
#include "kern/kern.h"
#include "stream/export.h"
#include "stream/iq.h"

enum gaps { GAPS_REFUSE, GAPS_JOIN };

struct options {
	struct text_list columns;
	int gaps;
	bool to_float;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	EXPORT_COLUMN_OPTION(AT(columns)),
	{0, "gaps", OPT_ENUM, AT(gaps), "", "refuse", 0, 0, "refuse|join", OPT_OUTPUT,
		"where samples are missing: an error, or rows follow one another"},
	{0, "float", OPT_FLAG, AT(to_float), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"IQ as f32 or complex64, full scale 1"},
	OPTIONS_END,
};

struct state {
	bool open;	    /* a file is being written */
	bool ever;	    /* one was */
	bool new_segment;   /* no IQ of it has come */
	struct frame first; /* its form; no payload */
	struct iq_form iq;
	struct column *columns;
	size_t column_count;
	struct npy_field *field;
	size_t fields;
	uint64_t rows;
	struct export_place place;
	uint64_t breaks;
	void *room; /* for rows of a table, or floats */
	size_t room_size;
};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct state));
}

/* What a row of an array is, in the file. */
static void describe_array(struct state *s, const struct frame *frame, bool to_float)
{
	s->field = xcalloc(1, sizeof(*s->field));
	s->fields = 1;
	s->field->dtype = frame->dtype;
	if (to_float)
		s->field->dtype = DTYPE_F32 | (frame->dtype & DTYPE_COMPLEX);
	for (unsigned i = 1; i < frame->ndim; i++)
		s->field->dim[s->field->dims++] = frame->dim[i];
}

static void describe_table(struct filter *f, struct state *s, const struct frame *frame)
{
	const struct options *o = f->options;

	s->columns = export_columns(f, frame, &o->columns, &s->column_count);
	s->fields = s->column_count;
	s->field = xcalloc(s->fields, sizeof(*s->field));
	for (size_t i = 0; i < s->fields; i++) {
		const struct column *c = &s->columns[i];

		s->field[i] = (struct npy_field){
			.name = o->columns.n > 0 && s->fields == 1 ? NULL : c->name,
			.dtype = c->dtype,
			.text = c->text,
			.dim = {c->elements},
			.dims = c->elements > 1,
		};
	}
}

static void make_head(const struct state *s, struct str *head)
{
	struct error e;

	if (npy_head(head, s->field, s->fields, s->rows, &e))
		die_with(&e);
}

static void begin_file(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct str head = {0};

	s->open = s->ever = true;
	s->rows = 0;
	s->first = *frame;
	s->place = (struct export_place){0};
	if (frame->kind == KIND_TABLE)
		describe_table(f, s, frame);
	else
		describe_array(s, frame, o->to_float && frame->kind == KIND_IQ);
	if (frame->kind == KIND_IMAGE)
		s->rows = frame->dim[0]; /* planes */
	sink_open(f, filter_meta(f, frame));
	make_head(s, &head);
	sink_write(f, head.p, head.len);
	str_free(&head);
}

/* Now that the number of rows is known, the head is written again. */
static void end_file(struct filter *f)
{
	struct state *s = f->state;
	struct str head = {0};

	if (!s->open)
		return;
	s->open = false;
	make_head(s, &head);
	sink_write_at(f, 0, head.p, head.len);
	sink_close(f);
	str_free(&head);
	free(s->columns);
	free(s->field);
	s->columns = NULL;
	s->field = NULL;
}

static void *room(struct state *s, uint64_t size)
{
	if (size > s->room_size) {
		free(s->room);
		s->room = xaligned(1, size);
		s->room_size = size;
	}
	return s->room;
}

/* The columns of a table, row by row. */
static void write_table(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t count, size;
	struct column *columns = export_columns(f, frame, &o->columns, &count);
	void *rows;

	export_same_columns(s->columns, s->column_count, columns, count);
	size = export_row_size(columns, count) * frame->dim[0];
	rows = room(s, size + 1);
	export_pack(columns, count, frame->dim[0], rows);
	sink_write(f, rows, size);
	free(columns);
}

static void write_iq(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t n = frame->dim[0] * frame->dim[1];
	unsigned wanted = DTYPE_F32 | (frame->dtype & DTYPE_COMPLEX);
	void *floats;

	if (s->new_segment)
		s->iq = iq_form_of(f, frame);
	s->new_segment = false;
	iq_check_form(f, &s->iq, frame);
	if (!o->to_float) {
		sink_write(f, frame->payload, frame->payload_len);
		return;
	}
	floats = room(s, n * dtype_size(wanted));
	kern()->convert(floats, frame->payload, n, frame->dtype, s->iq.zero, s->iq.full_scale);
	sink_write(f, floats, n * dtype_size(wanted));
}

/* Samples that are missing cannot be told by an array, nor can a new segment. */
static void follow(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	bool other = s->place.between;

	if (export_follows(&s->place, frame, export_step(frame, filter_meta(f, frame))))
		return;
	if (o->gaps == GAPS_REFUSE)
		die(EXIT_DATA, "%s: an array cannot tell: use --gaps join%s",
			other ? "a second segment" : "samples are missing before this frame",
			other ? " or --name" : "");
	s->breaks++;
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;

	if (frame->kind == KIND_IMAGE) {
		if (o->columns.n > 0 || !is_science(f, frame))
			return;
		end_file(f);
	} else if (o->columns.n > 0 && frame->kind != KIND_TABLE) {
		return;
	}
	if (!s->open)
		begin_file(f, frame);
	export_same_form(&s->first, frame);
	if (frame->kind == KIND_IMAGE) {
		sink_write(f, frame->payload, frame->payload_len);
		return;
	}
	s->rows += frame->dim[0];
	if (frame->kind == KIND_TABLE) {
		write_table(f, frame);
		return;
	}
	follow(f, frame);
	if (frame->kind == KIND_IQ)
		write_iq(f, frame);
	else
		sink_write(f, frame->payload, frame->payload_len);
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
	if (f->sink.name)
		end_file(f);
}

static void finish(struct filter *f)
{
	struct state *s = f->state;

	end_file(f);
	if (!s->ever)
		die(EXIT_DATA, "nothing came that an array could hold");
	if (s->breaks)
		note("gaps that the array does not tell, as rows follow one another: %llu",
			(unsigned long long)s->breaks);
}

static const struct command command = {
	.name = "export-npy",
	.summary = "write samples, spectra, images or tables as NumPy arrays",
	.operands = "",
	.example = "--gaps join",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ) | KIND_BIT(KIND_SPECTRA) | KIND_BIT(KIND_IMAGE) |
	      KIND_BIT(KIND_TABLE),
	.pictures = true,
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
