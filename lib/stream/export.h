/* SPDX-License-Identifier: ISC */
/* What the exporters share: columns by name, values as text, whether frames follow one another. */
#ifndef LEAT_STREAM_EXPORT_H
#define LEAT_STREAM_EXPORT_H

#include "stream/columns.h"
#include "stream/filter.h"

/* The line of an option table that export_columns() wants; names is a struct text_list. */
#define EXPORT_COLUMN_OPTION(member)                                                         \
	{                                                                                    \
		0, "column", OPT_LIST, member, "", NULL, 0, 0, "NAME[,NAME...]", OPT_OUTPUT, \
			"only these columns of tables, in this order"                        \
	}

/* The line of one that puts the index of a table's frame, such as an image's number, before rows.
 */
#define EXPORT_INDEX_OPTION(member)                                             \
	{                                                                       \
		0, "index", OPT_FLAG, member, "", NULL, 0, 0, NULL, OPT_OUTPUT, \
			"the index of a table before each of its rows"          \
	}

/*
 * The columns of a frame: those named, in that order, or all of them if none is named. To be freed.
 * Dies with EXIT_DATA if the frame lacks one.
 */
struct column *export_columns(
	struct filter *f, const struct frame *frame, const struct text_list *names, size_t *count);

/* Dies with EXIT_DATA if the columns of a frame are not those of the first one. */
void export_same_columns(
	const struct column *first, size_t first_count, const struct column *now, size_t count);

/* Dies with EXIT_DATA if a frame is of another kind, type or shape, but for rows, than the first.
 */
void export_same_form(const struct frame *first, const struct frame *frame);

/* Bytes of a row of all columns; rows of a frame's columns, packed one after the other. */
size_t export_row_size(const struct column *columns, size_t count);
void export_pack(const struct column *columns, size_t count, uint64_t rows, void *out);

/* The items of metadata in order of keys, those of a list in theirs; to be freed. */
const struct meta_item **export_sorted(const struct meta *meta);

/* Adds text as a cell of CSV: in quotes if it holds what would end it, or spaces at an end. */
void export_cell(struct str *out, const char *text, size_t n);

/*
 * Adds one component of a value as the shortest text that reads back equal; `nothing` stands for a
 * NaN, infinities are as in format_f64().
 */
void export_number(struct str *out, unsigned dtype, const void *component, const char *nothing);

/* Adds an integer. */
void export_integer(struct str *out, int64_t value);

/* Length of a text of a column: to its first NUL, at most `size`. */
size_t export_text_length(const char *text, uint64_t size);

/* Where frames of one kind stand; zero it when a stream begins. */
struct export_place {
	bool begun;   /* a frame has come */
	bool between; /* another segment has begun since */
	int64_t next; /* the index at which nothing is missing */
};

/*
 * Whether the frame follows the one before: nothing is missing between them, and they are of one
 * segment. step: samples from one row to the next. Afterwards the place is behind the frame.
 */
bool export_follows(struct export_place *place, const struct frame *frame, int64_t step);

/* Samples from one row of the frame to the next; dies with EXIT_DATA if spectra do not tell. */
int64_t export_step(const struct frame *frame, const struct meta *meta);

/* The index of row k; dies with EXIT_DATA if it does not fit. */
int64_t export_row_index(const struct frame *frame, uint64_t row, int64_t step);

#endif
