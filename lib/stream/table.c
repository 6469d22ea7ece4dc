/* SPDX-License-Identifier: ISC */
#include "stream/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

struct field {
	char name[64], type[16], unit[32];
	unsigned dtype; /* 0 for text */
	size_t size, at; /* bytes, and where they are in a row */
};

struct table {
	struct field *field;
	size_t fields, row_size;
	char *rows; /* one after the other */
	size_t count, room;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->field = xcalloc(count, sizeof(*t->field));
	t->fields = count;
	for (size_t i = 0; i < count; i++) {
		struct field *field = &t->field[i];
		int dtype = dtype_parse(columns[i].type);
		int64_t text = 0;

		snprintf(field->name, sizeof(field->name), "%s", columns[i].name);
		snprintf(field->type, sizeof(field->type), "%s", columns[i].type);
		snprintf(field->unit, sizeof(field->unit), "%s", columns[i].unit);
		if (dtype > 0)
			field->dtype = (unsigned)dtype;
		else if (*columns[i].type != 's' || !parse_i64(columns[i].type + 1, &text) ||
			text <= 0)
			die(EXIT_INTERNAL, "column %s: no type '%s'", field->name, field->type);
		field->size = field->dtype ? dtype_size(field->dtype) : (size_t)text;
		field->at = t->row_size;
		t->row_size += field->size;
	}
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	free(t->field);
	free(t->rows);
	free(t);
}

void table_describe(const struct table *t, struct meta *meta)
{
	struct str line = {0};

	meta_remove(meta, "col");
	for (size_t i = 0; i < t->fields; i++) {
		const struct field *field = &t->field[i];

		str_clear(&line);
		str_addf(&line, "%s %s %s", field->name, field->type, field->unit);
		meta_add(meta, "col", line.p);
	}
	str_free(&line);
}

void table_row(struct table *t)
{
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->rows = xrealloc(t->rows, t->room, t->row_size);
	}
	memset(t->rows + t->count++ * t->row_size, 0, t->row_size);
}

/* Where a value of the last row goes. */
static char *cell(struct table *t, size_t column)
{
	return t->rows + (t->count - 1) * t->row_size + t->field[column].at;
}

/* The range of an integer type; u64 ends where int64_t does. */
static int64_t clip(unsigned dtype, int64_t value)
{
	bool is_signed = dtype == DTYPE_I8 || dtype == DTYPE_I16 || dtype == DTYPE_I32 ||
			 dtype == DTYPE_I64;
	unsigned bits = 8 * (unsigned)dtype_size(dtype) - (is_signed ? 1 : 0);
	int64_t high = bits >= 63 ? INT64_MAX : (INT64_C(1) << bits) - 1;
	int64_t low = is_signed ? -high - 1 : 0;

	return value < low ? low : value > high ? high : value;
}

void table_set_i64(struct table *t, size_t column, int64_t value)
{
	const struct field *field = &t->field[column];
	char *to = cell(t, column);

	if (dtype_float(field->dtype)) {
		table_set(t, column, (double)value);
		return;
	}
	value = clip(field->dtype, value);
	memcpy(to, &value, field->size); /* little-endian: the low bytes */
}

void table_set(struct table *t, size_t column, double value)
{
	const struct field *field = &t->field[column];
	float single = (float)value;

	if (field->dtype == DTYPE_F64)
		memcpy(cell(t, column), &value, sizeof(value));
	else if (field->dtype == DTYPE_F32)
		memcpy(cell(t, column), &single, sizeof(single));
	else if (isnan(value))
		table_set_i64(t, column, 0);
	else
		table_set_i64(t, column,
			value >= 0x1p63	   ? INT64_MAX
			: value < -0x1p63 ? INT64_MIN
					   : (int64_t)nearbyint(value));
}

void table_set_text(struct table *t, size_t column, const char *text)
{
	size_t n = strlen(text), room = t->field[column].size;

	if (n > room)
		for (n = room; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	memcpy(cell(t, column), text, n);
}

size_t table_rows(const struct table *t)
{
	return t->count;
}

/* Bytes of a payload of so many rows. */
static size_t payload_size(const struct table *t, size_t rows)
{
	size_t size = 0;

	for (size_t i = 0; i < t->fields; i++)
		size = round_up(size, FRAME_ALIGN) + rows * t->field[i].size;
	return size;
}

static void put_rows(struct filter *f, const struct table *t, size_t first, struct frame *frame,
	const struct meta *own)
{
	size_t at = 0, rows = (size_t)frame->dim[0];
	char *payload;

	frame->payload_len = payload_size(t, rows);
	payload = xaligned(frame->payload_len + 1, 1);
	memset(payload, 0, frame->payload_len);
	for (size_t i = 0; i < t->fields; i++) {
		const struct field *field = &t->field[i];

		at = round_up(at, FRAME_ALIGN);
		for (size_t k = 0; k < rows; k++, at += field->size)
			memcpy(payload + at, t->rows + (first + k) * t->row_size + field->at,
				field->size);
	}
	frame->payload = payload;
	if (own)
		filter_put_with(f, frame, own);
	else
		filter_put(f, frame);
	free(payload);
}

void table_put(struct filter *f, struct table *t, int64_t index, uint16_t flags,
	const struct meta *own)
{
	size_t most = (FRAME_PAYLOAD_MAX - t->fields * FRAME_ALIGN) / t->row_size, first = 0;
	struct frame frame = {
		.kind = KIND_TABLE, .dtype = DTYPE_COLUMNS, .ndim = 1, .index = index};

	do {
		size_t rest = t->count - first, rows = rest < most ? rest : most;

		frame.flags = first ? flags & (uint16_t)~FRAME_DISCONTINUITY : flags;
		if (rows < rest)
			frame.flags &= (uint16_t)~FRAME_GROUP_LAST;
		frame.dim[0] = rows;
		put_rows(f, t, first, &frame, own);
		first += rows;
	} while (first < t->count);
	t->count = 0;
}
