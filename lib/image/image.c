/* SPDX-License-Identifier: ISC */
#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "kern/kern.h"
#include "stream/frame.h"

#define PIECE ((size_t)1 << 17) /* values that a thread converts at a time */

static enum image_role role_of(const struct meta *meta)
{
	static const char *const names[] = {
		"science", "mask", "weight", "noise", "rejection", "model", "stars"};
	const char *role = meta_get(meta, "role");

	if (!role)
		return IMAGE_SCIENCE;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(role, names[i]))
			return (enum image_role)i;
	return IMAGE_OTHER;
}

static double float_scale(const struct image *i)
{
	for (size_t k = 0; k < image_count(i); k++) {
		double v = i->dtype == DTYPE_F32 ? ((const float *)i->pixels)[k]
						 : ((const double *)i->pixels)[k];

		if (v > 1)
			return 65535;
	}
	return 1;
}

double image_default_scale(const struct image *i)
{
	unsigned bits = (unsigned)dtype_size(i->dtype) * 8;

	if (dtype_float(i->dtype))
		return i->display ? 1 : float_scale(i);
	if (i->dtype == DTYPE_I8 || i->dtype == DTYPE_I16 || i->dtype == DTYPE_I32 ||
		i->dtype == DTYPE_I64)
		bits--;
	return ldexp(1, (int)bits) - 1;
}

int image_of_frame(
	struct image *i, const struct frame *frame, const struct meta *meta, struct error *e)
{
	const char *unit = meta_get(meta, "unit");

	if (frame->ndim != 3 || frame->dim[0] == 0 || frame->dim[1] == 0 || frame->dim[2] == 0)
		return fail(e, EXIT_DATA, "an image must have the shape [planes][height][width]");
	if (dtype_complex(frame->dtype))
		return fail(e, EXIT_DATA, "an image must have real values, got %s",
			dtype_name(frame->dtype));
	*i = (struct image){.planes = frame->dim[0],
		.height = frame->dim[1],
		.width = frame->dim[2],
		.dtype = frame->dtype,
		.pixels = frame->payload,
		.display = unit && !strcmp(unit, "display"),
		.role = role_of(meta)};
	if (i->display || !meta_f64(meta, "full_scale", &i->full_scale))
		i->full_scale = image_default_scale(i);
	if (!(i->full_scale > 0) || !isfinite(i->full_scale))
		return fail(e, EXIT_DATA, "full_scale: must be positive and finite");
	return 0;
}

void image_view(struct filter *f, const struct frame *frame, struct image *i)
{
	struct error e;

	if (image_of_frame(i, frame, filter_meta(f, frame), &e))
		die_with(&e);
}

struct conversion {
	const struct image *image;
	float *out;
};

static void convert_piece(void *arg, size_t piece, unsigned worker)
{
	const struct conversion *c = arg;
	size_t first = piece * PIECE, count = image_count(c->image) - first;
	const char *in = c->image->pixels;

	(void)worker;
	kern()->convert(c->out + first, in + first * dtype_size(c->image->dtype),
		count < PIECE ? count : PIECE, c->image->dtype, 0, 1);
}

void image_f32(const struct image *i, float *out, struct pool *pool)
{
	struct conversion c = {i, out};
	size_t pieces = (image_count(i) + PIECE - 1) / PIECE;

	pool_run(pool, pieces, convert_piece, &c);
}

float *image_f32_new(const struct image *i, struct pool *pool)
{
	float *out = xaligned(image_count(i), sizeof(*out));

	image_f32(i, out, pool);
	return out;
}

static void put(
	struct filter *f, int64_t index, unsigned flags, struct meta *own, const struct image *i)
{
	struct frame frame = {.kind = KIND_IMAGE,
		.flags = (uint16_t)flags,
		.dtype = (uint8_t)i->dtype,
		.ndim = 3,
		.index = index,
		.dim = {i->planes, i->height, i->width},
		.payload = i->pixels,
		.payload_len = image_count(i) * dtype_size(i->dtype)};

	meta_set(own, "unit", i->display ? "display" : "adu");
	meta_set_f64(own, "full_scale", i->full_scale);
	filter_put_with(f, &frame, own);
}

void image_put(struct filter *f, const struct frame *like, struct meta *own, const struct image *i)
{
	put(f, like->index, like->flags & (FRAME_GROUP_LAST | FRAME_DISCONTINUITY), own, i);
}

void image_put_alone(struct filter *f, int64_t index, struct meta *own, const struct image *i)
{
	put(f, index, FRAME_GROUP_LAST, own, i);
}

const char *image_bayer(const struct meta *meta)
{
	const char *pattern = meta_get(meta, "%bayer");

	if (pattern && (strlen(pattern) != 4 || strspn(pattern, "RGB") != 4))
		die(EXIT_DATA, "%%bayer %s: must be four of R, G and B, such as RGGB", pattern);
	return pattern;
}
