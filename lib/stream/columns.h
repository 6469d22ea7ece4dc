/* SPDX-License-Identifier: ISC */
/*
 * COLUMNS payloads: named arrays listed by metadata lines "col NAME TYPE UNIT [SHAPE]", each
 * starting on a 64-byte border of the payload. TYPE is an element type or sN, NUL-padded text of N
 * bytes; SHAPE, such as 4 or 2x2, multiplies the elements of a row.
 */
#ifndef LEAT_STREAM_COLUMNS_H
#define LEAT_STREAM_COLUMNS_H

#include "stream/frame.h"
#include "stream/meta.h"

struct column {
	char name[64], unit[32];
	unsigned dtype;     /* 0 for text */
	uint64_t text;      /* bytes of text per element, 0 for numbers */
	uint64_t elements;  /* per row */
	uint64_t row_size;  /* bytes per row */
	const void *values; /* rows * row_size bytes in the frame's payload */
};

/*
 * Lists the columns of a frame with dtype COLUMNS: `meta` is what holds for it, *columns an array
 * to be freed, *count its length. 0, or EXIT_DATA with *e if the lines are malformed or do not make
 * the payload's length.
 */
int columns_list(const struct frame *f, const struct meta *meta, struct column **columns,
	size_t *count, struct error *e);

#endif
