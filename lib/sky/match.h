/* SPDX-License-Identifier: ISC */
/*
 * Finds which points of two lists are the same stars, and the transform between them, with nothing
 * known beforehand: any shift and rotation, any scale (0.9 to 1.1 is tried first). Nothing is
 * random: the same lists give the same answer.
 *
 * Triangles of the brightest points are compared by the ratios of their sides (Groth 1986, Valdes
 * et al. 1995); each alike pair votes for its corners, and those whose corners have most votes are
 * tried on more points (as in PROSAC, Chum & Matas 2005) until the agreement cannot be chance. Then
 * all points near each other are paired and the model is fitted by least squares, outliers clipped,
 * until the pairs stay the same.
 */
#ifndef LEAT_SKY_MATCH_H
#define LEAT_SKY_MATCH_H

#include "sky/transform.h"

/* With fewer pairs, or fewer than three in a quarter of the field, a similarity is fitted. */
#define MATCH_PAIRS_AFFINE 12
#define MATCH_PAIRS_HOMOGRAPHY 24

/* Fewer points than this never match. */
#define MATCH_POINTS_MIN 4

struct match_list {
	const struct point *point; /* finite, brightest first */
	const double *error_px;	   /* of each coordinate, 1 sigma; NULL = all alike */
	size_t count;
};

struct match {
	struct transform transform; /* takes points of `from` to points of `to` */
	enum transform_model model; /* what was fitted */
	size_t pairs, inliers;	    /* of points near each other; those that the fit kept */
	double rms_px;		    /* distance of the inliers, in the frame of `to` */
};

/*
 * NULL, or why there is no match: a few words such as "too few stars". Lists of thousands take
 * milliseconds.
 */
const char *match_points(const struct match_list *from, const struct match_list *to,
	enum transform_model model, struct match *match);

#endif
