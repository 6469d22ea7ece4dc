/* SPDX-License-Identifier: ISC */
/* Channels of a picture: what filters are called, how planes of them are put together. */
#ifndef LEAT_SKY_CHANNELS_H
#define LEAT_SKY_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

#define CHANNEL_NAME 32 /* bytes of a name, with its NUL */

/*
 * The one name of a filter: r g b l ha hb oiii sii nii, whatever it is called (Ha, H-alpha, O3,
 * [OIII], "S2 6nm", Lum …); any other name becomes its letters and digits in lower case. False if
 * none is left, or more than fit.
 */
bool channel_name(const char *filter, char name[CHANNEL_NAME]);

/* Location and spread of a plane: the median, and the median absolute deviation from it. */
struct channel_level {
	double median, mad;
};

struct channel_level channel_level(const float *v, size_t n, struct pool *pool);

/* v = (v - from.median) (to.mad / from.mad) + to.median; from.mad > 0. NaN is carried. */
void channel_match(float *v, size_t n, struct channel_level from, struct channel_level to);

/*
 * Gives three linear planes the luminance l: each is multiplied by l / Y, Y = 0.2126 r + 0.7152 g +
 * 0.0722 b (ITU-R BT.709), so that ratios of colours stay; where Y is not above 0 all become l. A
 * NaN in one is one in all.
 */
void channel_luminance(float *r, float *g, float *b, const float *l, size_t n);

#endif
