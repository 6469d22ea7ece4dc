/* SPDX-License-Identifier: ISC */
/* Rectangles of pixels cut out of images. */
#ifndef LEAT_IMAGE_SECTION_H
#define LEAT_IMAGE_SECTION_H

#include "image/image.h"

struct section {
	size_t left, top, width, height; /* px; the first pixel is (0, 0) */
};

/* "X,Y,W,H" with W and H above 0; false if text is something else. */
bool section_parse(const char *text, struct section *s);

/*
 * What a card of geometry such as TRIMSEC says, [x1:x2,y1:y2] counted from 1, both included. False
 * without the card; dies if it is of another form.
 */
bool section_of_card(const struct meta *meta, const char *keyword, struct section *s);

bool section_fits(const struct section *s, const struct image *i);

/* The pixels of i in s, which fits: a new array of i's type; free() it. */
void *section_cut(const struct section *s, const struct image *i);

/*
 * Metadata of an image that was cut out: its geometry's cards and the mosaic's pattern, read from
 * `from`, follow; cards that name sections go.
 */
void section_meta(struct meta *to, const struct meta *from, const struct section *s);

#endif
