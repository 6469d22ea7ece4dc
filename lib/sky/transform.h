/* SPDX-License-Identifier: ISC */
/*
 * Plane projective transforms between two frames. Pixel centres have integer coordinates, the first
 * pixel is (0, 0), x runs along rows. A transform takes a point of the reference frame to the point
 * of another frame where the same sky is: what resampling wants.
 */
#ifndef LEAT_SKY_TRANSFORM_H
#define LEAT_SKY_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

enum transform_model { MODEL_SHIFT, MODEL_SIMILARITY, MODEL_AFFINE, MODEL_HOMOGRAPHY };

#define MODEL_NAMES "shift|similarity|affine|homography" /* in that order */

/* (x', y') = ((m0 x + m1 y + m2) / w, (m3 x + m4 y + m5) / w), w = m6 x + m7 y + m8. */
struct transform {
	double m[9];
};

struct point {
	double x, y;
};

extern const struct transform transform_identity;

struct point transform_point(const struct transform *t, struct point p);

/* first, then second. */
struct transform transform_join(const struct transform *first, const struct transform *second);

double transform_determinant(const struct transform *t);

/* The area that a unit of area at p becomes: |determinant of the derivatives|. */
double transform_area(const struct transform *t, struct point p);

/* False if t has no inverse. */
bool transform_invert(const struct transform *t, struct transform *inverse);

/* The least number of pairs that fixes a model: 1, 2, 3, 4. */
size_t transform_pairs_min(enum transform_model model);

/*
 * Least squares over n pairs with weights (NULL = all 1): from[i] goes to to[i]. Points are
 * normalised first (Hartley 1997). Distances are measured among `to`: a homography is the direct
 * linear transform refined by Gauss-Newton steps. Pairs of weight 0 do not count. False if the
 * pairs do not fix the model: too few, all in one place or on one line (for a homography three of
 * four), or a horizon that passes between them.
 */
bool transform_fit(enum transform_model model, const struct point *from, const struct point *to,
	const double *weight, size_t n, struct transform *t);

#endif
