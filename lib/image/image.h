/* SPDX-License-Identifier: ISC */
/*
 * Images as commands hold them: what lib/sky wants (planes of plain numbers) cut out of frames of
 * the stream (lib/stream) or files (image/file.h). Everything here dies on bad data.
 */
#ifndef LEAT_IMAGE_IMAGE_H
#define LEAT_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/filter.h"

enum image_role {
	IMAGE_SCIENCE,
	IMAGE_MASK,
	IMAGE_WEIGHT,
	IMAGE_NOISE,
	IMAGE_REJECTION,
	IMAGE_MODEL,
	IMAGE_STARS,
	IMAGE_OTHER, /* a role this version does not know: treated as IMAGE_MODEL is */
};

struct image {
	size_t planes, height, width;
	unsigned dtype;	    /* a real type */
	const void *pixels; /* [planes][height][width], 64-byte aligned; whose, the maker says */
	double full_scale;  /* value of saturation, > 0; 1 for floats of unit display */
	bool display;	    /* unit display: sRGB-encoded, else linear */
	enum image_role role;
};

static inline size_t image_plane(const struct image *i)
{
	return i->height * i->width;
}

static inline size_t image_count(const struct image *i)
{
	return i->planes * image_plane(i);
}

/*
 * The image in a frame, its pixels still the frame's. full_scale is the key's; without it, and for
 * unit display whatever it says, 2^bits-1 for integers (2^(bits-1)-1 for signed ones), for floats 1
 * (display, or no value above 1) or 65535. 0, or EXIT_DATA for another shape than
 * [planes][height][width], for complex types, for a side of 0 and for a full_scale that is not
 * positive.
 */
int image_of_frame(
	struct image *i, const struct frame *frame, const struct meta *meta, struct error *e);

/* The full_scale of an image whose metadata does not say it; uses dtype, display and, of floats,
 * pixels. */
double image_default_scale(const struct image *i);

/* The same of a frame that a command was given; dies. */
void image_view(struct filter *f, const struct frame *frame, struct image *i);

/* All its values as f32 (values as they are, not divided by full_scale). pool may be NULL. */
void image_f32(const struct image *i, float *out, struct pool *pool);

/* A new array of that; free() it. */
float *image_f32_new(const struct image *i, struct pool *pool);

/*
 * Puts an image where `like` stood: its index and group flag, with the metadata `own` of the frame
 * (see filter_own_meta), in which full_scale and unit are set as i says.
 */
void image_put(struct filter *f, const struct frame *like, struct meta *own, const struct image *i);

/* Puts an image that is a group of its own. */
void image_put_alone(struct filter *f, int64_t index, struct meta *own, const struct image *i);

/* %bayer of a frame's metadata: 4 of R, G, B, or NULL if it has none; dies on another word. */
const char *image_bayer(const struct meta *meta);

#endif
