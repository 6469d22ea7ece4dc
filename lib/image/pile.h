/* SPDX-License-Identifier: ISC */
/*
 * Frames of one shape gathered to become one: kept in memory up to a limit, beyond it in a spool
 * file that is read back by strips. Everything here dies on failure.
 */
#ifndef LEAT_IMAGE_PILE_H
#define LEAT_IMAGE_PILE_H

#include "base/spool.h"
#include "image/image.h"
#include "sky/combine.h"

struct pile;

/* The --memory of commands that pile. */
#define PILE_MEMORY_MIN 67108864 /* bytes */
#define PILE_MEMORY_HELP "frames kept in memory, the rest goes to a file in TMPDIR"

/*
 * memory: bytes that the process shall get by with, as far as one frame, what is made of it and the
 * result leave it any: they are counted. The spool stays the caller's.
 */
struct pile *pile_new(struct spool *spool, uint64_t memory);
void pile_free(struct pile *p);

/* One frame as it is piled. */
struct pile_frame {
	unsigned dtype;	    /* DTYPE_U16 or DTYPE_F32 */
	const void *pixels; /* [planes][height][width]; the image's own, if `own` is NULL */
	float *own;	    /* the same pixels, changed; to be freed */
	float *weights;	    /* of each pixel, to be freed; NULL = 1 */
};

/*
 * An image as it is piled: u16 stays, all else becomes f32. Pixels of which a mask is not 0, or a
 * weight image not above 0, become NaN; weight images are multiplied. `group` may hold other
 * members, which count for nothing; masks and weights have the image's height and width, and its
 * planes or one.
 */
struct pile_frame pile_frame_of(
	struct filter *f, const struct image *science, const struct frame *group, size_t count);

/* The rows of a plane that statistics look at (norm_sample_size values of sky/normalize.h). */
void pile_frame_rows(
	const struct image *shape, const struct pile_frame *frame, size_t plane, float *out);

void pile_frame_drop(struct pile_frame *frame);

/* How a plane of a frame counts: x becomes x factor - offset, with that weight. */
struct pile_terms {
	float factor, offset, weight;
};

/* Copies the frame and its terms[planes], and drops the frame. All have the same shape. */
void pile_add(struct pile *p, const struct image *shape, struct pile_frame *frame,
	const struct pile_terms *terms);

/* The terms[planes] of a frame, to be changed. */
struct pile_terms *pile_terms_of(struct pile *p, size_t i);

size_t pile_count(const struct pile *p);
bool pile_has_weights(const struct pile *p);

/*
 * What combine() makes of all frames, plane by plane. base: [planes][…] subtracted from all, with
 * COMBINE_SLACK bytes, or NULL; method: its combine, rejection and weighted are read; rejected may
 * be NULL.
 */
void pile_combine(struct pile *p, const struct combine_strip *method, const float *base,
	float *out, uint16_t *rejected, struct combine_counts *counts, struct pool *pool);

/*
 * The same as an image of that shape, f32, its pixels to be freed; a mean is weighted if the method
 * or the pile has weights. Samples and those rejected are counted in END.
 */
void pile_result(struct pile *p, struct filter *f, const struct image *shape,
	const struct combine_strip *method, const float *base, uint16_t *rejected,
	struct image *result);

#endif
