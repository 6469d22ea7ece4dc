/* SPDX-License-Identifier: ISC */
/* What the rows of a table mark in a signal: a span of samples, of frequencies, and words. */
#ifndef LEAT_STREAM_MARKS_H
#define LEAT_STREAM_MARKS_H

#include "stream/frame.h"
#include "stream/meta.h"

struct mark {
	int64_t index, end;			    /* samples, half-open; end may be index */
	double low_hz, high_hz;			    /* NaN: not said */
	char *label, *comment, *generator, *others; /* NULL: not said */
	size_t segment;				    /* as the caller numbered it */
};

/* Zero-initialise. */
struct marks {
	struct mark *mark;
	size_t count, room;
};

/*
 * Adds the rows of a TABLE frame, meta being all that holds for it. Columns that count, all but
 * index or start_s optional:
 *
 *	index, count		samples
 *	start_s, end_s		the same in seconds since index 0, in place of these
 *	freq_low_hz, freq_high_hz
 *	freq_hz, width_hz	centre and width, in place of these
 *	label, comment, generator
 *	others			a JSON object of more
 *
 * Without `others`, all other columns of one value a row make such an object, as "leat:NAME".
 *False, and no mark, if there is neither index nor start_s with a rate in meta; malformed columns
 *die with EXIT_DATA.
 */
bool marks_add(struct marks *m, const struct frame *frame, const struct meta *meta, size_t segment);

/*
 * The same of all TABLE frames of the stream on fd; dies if it is no whole stream, or has no table
 * of marks. `name` is for messages.
 */
void marks_read(struct marks *m, int fd, const char *name, size_t segment);

void marks_free(struct marks *m);

#endif
