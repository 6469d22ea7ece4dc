/* SPDX-License-Identifier: ISC */
/* A table that a command makes: rows are gathered and sent as TABLE frames. */
#ifndef LEAT_STREAM_TABLE_H
#define LEAT_STREAM_TABLE_H

#include "stream/filter.h"

/* type: an element type's name, or sN for text of N bytes; unit "-" if there is none. */
struct table_column {
	const char *name, *type, *unit;
};

struct table;

/* The columns are copied. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *t);

/* Writes the "col" lines that list the columns, in place of any that are there. */
void table_describe(const struct table *t, struct meta *meta);

/* Begins a row, all of it zero, which the functions below fill. */
void table_row(struct table *t);

/* Numbers take the column's type: rounded and clipped for integers, NaN being 0 there. */
void table_set(struct table *t, size_t column, double value);
void table_set_i64(struct table *t, size_t column, int64_t value);

/* Cut to what the column holds, but never inside a character of UTF-8. */
void table_set_text(struct table *t, size_t column, const char *text);

size_t table_rows(const struct table *t);

/*
 * Puts the rows so far, and empties the table: as one frame, or as several where one would be
 * longer than a frame may be. No rows make one empty frame. own: all that the frames say
 * themselves, with "col" lines or without if the HEAD has them; may be NULL. FRAME_GROUP_LAST
 * stands on the last frame only, FRAME_DISCONTINUITY on the first.
 */
void table_put(struct filter *f, struct table *t, int64_t index, uint16_t flags,
	const struct meta *own);

#endif
