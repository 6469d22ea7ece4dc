/* SPDX-License-Identifier: ISC */
/*
 * Images as the files of pictures hold them. Integers are round(value (2^bits - 1) / full_scale),
 * reckoned in f64, halves up, clipped, NaN being 0; floats are the values as they are. What is kept
 * bottom-up is turned over.
 */
#ifndef LEAT_IMAGE_SCALE_H
#define LEAT_IMAGE_SCALE_H

#include "image/image.h"
#include "io/raster.h"

struct picture {
	struct image image; /* its pixels are the frame's */
	bool bottom_up;
	struct raster raster; /* its arg is this struct, which must stay where it is */
};

/*
 * The picture in a frame of a sink, as integers of 8 or 16 bits or as floats of 32, marked sRGB if
 * its unit is display. bits may be set anew afterwards, in raster. Dies on what is no image of one
 * plane or three.
 */
void picture_of(struct filter *f, const struct frame *frame, unsigned bits, struct picture *p);

/* Ends the picture's file. code and e are the writer's; it dies of them, of a usage as of bad data.
 */
void picture_close(struct filter *f, int code, const struct error *e);

#endif
