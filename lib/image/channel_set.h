/* SPDX-License-Identifier: ISC */
/* One colour image made of images through several filters, as channel-combine does it. */
#ifndef LEAT_IMAGE_CHANNEL_SET_H
#define LEAT_IMAGE_CHANNEL_SET_H

#include "image/image.h"
#include "image/tally.h"
#include "sky/expression.h"

#define CHANNELS_MAX 32

struct channel {
	char name[CHANNEL_NAME];
	float *pixels; /* NULL if the map does not need it */
};

/* Zero-initialise but for map and luminance. */
struct channel_set {
	struct expression_map map;
	bool luminance; /* the last of the map's names is the result's luminance */
	/* of the channels so far */
	struct channel channel[CHANNELS_MAX];
	size_t count;
	struct image first; /* what all have in common; its pixels are nobody's */
	struct meta meta, geometry;
	struct tally tally;
};

/* The number of a name in the map, -1 if it is not there. */
int channel_number(const struct channel_set *c, const char *name);

/*
 * Adds a channel: own is the metadata that an image made of it keeps, full all that holds for it.
 * Values are brought to the full scale of the first. Dies on a channel that is there already, of
 * another size or unit, of more than one plane or a mosaic.
 */
void channel_add(struct channel_set *c, const char *name, const struct image *image,
	const struct meta *own, const struct meta *full, struct pool *pool);

/*
 * Puts the image. match: all channels are brought to the median and spread of ha, or else of the
 * map's first. Dies on a channel that the map needs and that is missing.
 */
void channel_put(struct filter *f, struct channel_set *c, bool match);

/* Forgets the channels. */
void channel_clear(struct channel_set *c);

#endif
