/* SPDX-License-Identifier: ISC */
#include "stream/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t find(const struct column *columns, size_t count, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(columns[i].name) == length && !memcmp(columns[i].name, name, length))
			break;
	return i;
}

/* The columns that a list names, added to those chosen so far. */
static void choose(const char *names, const struct column *columns, size_t count,
	struct column **chosen, size_t *chosen_count)
{
	for (const char *name = names;; name++) {
		size_t length = strcspn(name, ","), i = find(columns, count, name, length);

		if (i == count)
			die(EXIT_DATA, "--column: %.*s: no column of this name", (int)length, name);
		*chosen = xrealloc(*chosen, *chosen_count + 1, sizeof(**chosen));
		(*chosen)[(*chosen_count)++] = columns[i];
		name += length;
		if (!*name)
			break;
	}
}

struct column *export_columns(
	struct filter *f, const struct frame *frame, const struct text_list *names, size_t *count)
{
	struct column *columns, *chosen = NULL;
	struct error e;
	size_t all;

	if (columns_list(frame, filter_meta(f, frame), &columns, &all, &e))
		die_with(&e);
	if (all == 0)
		die(EXIT_DATA, "the table has no columns");
	*count = all;
	if (names->n == 0)
		return columns;
	*count = 0;
	for (size_t i = 0; i < names->n; i++)
		choose(names->v[i], columns, all, &chosen, count);
	free(columns);
	return chosen;
}

void export_same_columns(
	const struct column *first, size_t first_count, const struct column *now, size_t count)
{
	for (size_t i = 0; i < count && i < first_count; i++)
		if (strcmp(now[i].name, first[i].name) != 0 || now[i].dtype != first[i].dtype ||
			now[i].text != first[i].text || now[i].elements != first[i].elements ||
			strcmp(now[i].unit, first[i].unit) != 0)
			die(EXIT_DATA,
				"column %s after %s, or of another form: one file holds one "
				"form of table",
				now[i].name, first[i].name);
	if (count != first_count)
		die(EXIT_DATA, "%zu columns after %zu: one file holds one form of table", count,
			first_count);
}

void export_same_form(const struct frame *first, const struct frame *frame)
{
	char before[16], now[16];

	if (frame->kind != first->kind)
		die(EXIT_DATA, "%s after %s: one file holds one kind", kind_name(frame->kind, now),
			kind_name(first->kind, before));
	if (frame->dtype != first->dtype)
		die(EXIT_DATA, "%s after %s: one file holds one type", dtype_name(frame->dtype),
			dtype_name(first->dtype));
	for (unsigned i = 1; i < frame->ndim; i++)
		if (frame->dim[i] != first->dim[i])
			die(EXIT_DATA, "the shape changes: one file holds one");
}

size_t export_row_size(const struct column *columns, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += columns[i].row_size;
	return size;
}

void export_pack(const struct column *columns, size_t count, uint64_t rows, void *out)
{
	size_t row = export_row_size(columns, count);
	char *to = out;

	for (size_t i = 0; i < count; to += columns[i++].row_size)
		for (uint64_t k = 0; k < rows; k++)
			memcpy(to + k * row,
				(const char *)columns[i].values + k * columns[i].row_size,
				columns[i].row_size);
}

static int by_key(const void *a, const void *b)
{
	const struct meta_item *left = *(const struct meta_item *const *)a;
	const struct meta_item *right = *(const struct meta_item *const *)b;
	int order = strcmp(left->key, right->key);

	return order ? order : left < right ? -1 : 1; /* a list keeps its order */
}

const struct meta_item **export_sorted(const struct meta *meta)
{
	const struct meta_item **item = xcalloc(meta->count + 1, sizeof(*item));

	for (size_t i = 0; i < meta->count; i++)
		item[i] = &meta->item[i];
	qsort(item, meta->count, sizeof(*item), by_key);
	return item;
}

void export_cell(struct str *out, const char *text, size_t n)
{
	bool plain = n == 0 || (text[0] != ' ' && text[n - 1] != ' ');

	for (size_t i = 0; i < n; i++)
		plain = plain && !strchr(",\"\r\n", text[i]);
	if (plain) {
		str_add_bytes(out, text, n);
		return;
	}
	str_add(out, "\"");
	for (size_t i = 0; i < n; i++)
		str_add_bytes(out, text[i] == '"' ? "\"\"" : text + i, text[i] == '"' ? 2 : 1);
	str_add(out, "\"");
}

/* Without printf, which takes five times as long. */
static void add_digits(struct str *out, bool negative, uint64_t value)
{
	char text[24], *at = text + sizeof(text);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	if (negative)
		*--at = '-';
	str_add_bytes(out, at, (size_t)(text + sizeof(text) - at));
}

void export_integer(struct str *out, int64_t value)
{
	add_digits(out, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void export_number(struct str *out, unsigned dtype, const void *component, const char *nothing)
{
	char text[NUMBER_TEXT];
	uint64_t bits = 0;
	size_t size = dtype_size(dtype_real(dtype));
	float single;
	double wide;

	memcpy(&bits, component, size);
	switch (dtype_real(dtype)) {
	case DTYPE_F32:
		memcpy(&single, component, size);
		str_add(out, isnan(single) ? nothing : format_f32(text, single));
		break;
	case DTYPE_F64:
		memcpy(&wide, component, size);
		str_add(out, isnan(wide) ? nothing : format_f64(text, wide));
		break;
	case DTYPE_I8:
	case DTYPE_I16:
	case DTYPE_I32:
	case DTYPE_I64: /* sign extended */
		export_integer(out, (int64_t)(bits << (64 - 8 * size)) >> (64 - 8 * size));
		break;
	default:
		add_digits(out, false, bits);
	}
}

size_t export_text_length(const char *text, uint64_t size)
{
	return strnlen(text, (size_t)size);
}

bool export_follows(struct export_place *place, const struct frame *frame, int64_t step)
{
	bool follows = !place->begun || (!place->between && frame->index == place->next);

	place->begun = true;
	place->between = false;
	if (frame->dim[0] > INT64_MAX ||
		__builtin_mul_overflow((int64_t)frame->dim[0], step, &place->next) ||
		__builtin_add_overflow(place->next, frame->index, &place->next))
		die(EXIT_DATA, "the frame runs beyond 64 bits");
	return follows;
}

int64_t export_step(const struct frame *frame, const struct meta *meta)
{
	int64_t step = 1;

	if (frame->kind == KIND_SPECTRA && (!meta_i64(meta, "row_step", &step) || step <= 0))
		die(EXIT_DATA, "row_step: missing or not positive");
	return step;
}

int64_t export_row_index(const struct frame *frame, uint64_t row, int64_t step)
{
	int64_t index;

	if (row > INT64_MAX || __builtin_mul_overflow((int64_t)row, step, &index) ||
		__builtin_add_overflow(index, frame->index, &index))
		die(EXIT_DATA, "row %llu: its index is out of range", (unsigned long long)row);
	return index;
}
