/* SPDX-License-Identifier: ISC */
/* Frames calibrated one by one with masters that are made ready at the first of them. */
#ifndef LEAT_IMAGE_CALIBRATOR_H
#define LEAT_IMAGE_CALIBRATOR_H

#include "image/master.h"
#include "sky/calibrate.h"
#include "sky/cosmetic.h"

/* What dark - bias is multiplied by: 1, the ratio of exposures, for least noise, a number. */
enum dark_scale { SCALE_NONE, SCALE_EXPOSURE, SCALE_AUTO, SCALE_GIVEN };

/* Zero-initialise; what stands first is the caller's to fill before the first frame. */
struct calibrator {
	struct master bias, dark, flat; /* loaded; for another scale than NONE bias and dark */
	enum dark_scale scale;
	double given_scale;
	bool trims, trims_by_cards; /* to part, or as TRIMSEC and BIASSEC say */
	struct section part;
	bool equalize;	  /* see flat_to_factor */
	double hot, cold; /* sigma; 0 = such pixels are left alone */
	double pedestal;  /* adu, added at the end */
	struct pool *pool;

	bool ready, warned_masters, warned_calibrated;
	struct calibration calibration;
	struct defects defects;
	float *slope, *out;
	size_t holes;		  /* pixels of the flat that are not above 0 */
	uint64_t negative_frames; /* with a fifth of their pixels below 0 */
};

/* The part of a frame that is kept. Dies if it is not in the frame. */
struct section calibrator_part(
	const struct calibrator *c, const struct image *i, const struct meta *meta);

/*
 * Fills *out with the frame calibrated, f32, its pixels being the calibrator's until the next call.
 * `own` is what its frame shall say, without what is tied to values: CALSTAT, PEDESTAL and, if
 * it is cut, geometry are set. Dies on a frame that is not as the first one, and on masters that do
 * not fit; warns once of masters that were taken otherwise.
 */
void calibrator_frame(struct calibrator *c, const struct image *image, const struct meta *meta,
	struct image *out, struct meta *own);

#endif
