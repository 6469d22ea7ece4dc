/* SPDX-License-Identifier: ISC */
/* Masters (bias, dark, flat) and the frames they are for, as fits-calibrate holds them. */
#ifndef LEAT_IMAGE_MASTER_H
#define LEAT_IMAGE_MASTER_H

#include "image/image.h"
#include "image/section.h"

/* A raw frame and what is known of it. */
struct light {
	struct image image;
	const struct meta *meta;
	struct section part; /* what is kept of it */
	const char *bayer;   /* NULL if it is no mosaic */
};

struct master {
	const char *option, *path; /* path NULL = there is none, and all below does nothing */
	struct image image;
	struct meta meta;
	float *values; /* [planes][height][width] of image, once it is fitted */
};

void master_load(struct master *m, struct pool *pool);

/*
 * Makes values of a loaded master for frames such as this: one as big as the whole frame is cut as
 * the frame is, and if `overscan` its own overscan's level is taken off. Dies if it has another
 * size.
 */
void master_fit(struct master *m, const struct light *l, bool overscan, struct pool *pool);

/* Dies if the master's mosaic is another than the frame's. */
void master_check_pattern(const struct master *m, const struct light *l);

/*
 * What one frame of those that made this one was exposed, on average (s): exposure_s is that of all
 * of them. False if it is not said.
 */
bool exposure_of_one(const struct meta *meta, double *exposure_s);

/*
 * Adds to `text` what of the masters was taken otherwise than the frame: "the dark's gain (…)".
 * scaled: the dark is scaled, so its exposure may be another.
 */
void masters_compare(const struct master *dark, const struct master *flat, const struct light *l,
	bool scaled, struct str *text);

/* The median of what BIASSEC names; 0 without that card. */
double overscan_level(const struct image *i, const struct meta *meta, struct pool *pool);

/*
 * What is to be added to a frame for its PEDESTAL card, which says what makes the value of no light
 * 0. A bias or dark (m) holds the frame's pedestal and takes it off, unless its card tells of
 * another one.
 */
double pedestal_shift(const struct master *m, const struct meta *of_frame);

#endif
