/* SPDX-License-Identifier: ISC */
#include "image/warped.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Memory that stays from image to image, as new pages cost more than what is done with them. */
struct room {
	float *pixels;
	size_t count;
};

struct image_warper {
	enum warp_interp interp;
	struct warper *science, *nearest, *bilinear;
	struct pool *pool;
	struct room in, out;
};

struct image_warper *image_warper_new(enum warp_interp interp, struct pool *pool)
{
	struct image_warper *w = xcalloc(1, sizeof(*w));

	w->science = warper_new(interp, 0);
	w->nearest = warper_new(WARP_NEAREST, 0);
	w->bilinear = warper_new(WARP_BILINEAR, 0);
	w->interp = interp;
	w->pool = pool;
	return w;
}

void image_warper_stars(struct image_warper *w, double fwhm_px)
{
	warper_free(w->science);
	w->science = warper_new(w->interp, fwhm_px);
}

static float *room_for(struct room *room, size_t count)
{
	if (count > room->count) {
		free(room->pixels);
		room->pixels = xaligned(count, sizeof(*room->pixels));
		room->count = count;
	}
	return room->pixels;
}

const float *image_warper_values(struct image_warper *w, const struct image *i)
{
	float *pixels;

	if (i->dtype == DTYPE_F32)
		return i->pixels;
	pixels = room_for(&w->in, image_count(i));
	image_f32(i, pixels, w->pool);
	for (size_t k = 0; i->display && !dtype_float(i->dtype) && k < image_count(i); k++)
		pixels[k] /= (float)i->full_scale;
	return pixels;
}

void image_warper_check(const struct image *i, const struct meta *meta)
{
	if (i->planes == 1 && image_bayer(meta))
		die(EXIT_DATA, "expects no mosaic of colours, got %%bayer (debayer missing?)");
	if (i->width > WARP_SIDE_MAX || i->height > WARP_SIDE_MAX)
		die(EXIT_DATA, "an image of %zu x %zu: a side must be at most %d px", i->width,
			i->height, WARP_SIDE_MAX);
}

void image_warper_find(struct image_warper *w, const struct image *i, struct align_stars *stars)
{
	const float *plane = image_warper_values(w, i) + (i->planes == 3 ? image_plane(i) : 0);

	align_stars_find(
		plane, i->width, i->height, i->display ? 1 : i->full_scale, w->pool, stars);
}

/* Labels of the nearest pixel, in place of their f32. */
static void make_u8(struct image *out, float *pixels)
{
	uint8_t *labels = (uint8_t *)pixels;

	for (size_t k = 0; k < image_count(out); k++) {
		float v = pixels[k];

		labels[k] = v > 0 ? (uint8_t)v : 0; /* NaN: no data, no label */
	}
	out->dtype = DTYPE_U8;
}

void image_warp(struct image_warper *w, const struct image *i, const struct transform *t,
	size_t width, size_t height, struct image *out)
{
	bool labels = i->role == IMAGE_MASK || i->role == IMAGE_REJECTION;
	bool science = i->role == IMAGE_SCIENCE;
	struct warp_image from = {i->planes, i->height, i->width, image_warper_values(w, i)};
	float *pixels;

	*out = *i;
	out->dtype = DTYPE_F32;
	out->height = height;
	out->width = width;
	if (i->display && !dtype_float(i->dtype))
		out->full_scale = 1;
	pixels = room_for(&w->out, image_count(out));
	warp(labels	  ? w->nearest
		: science ? w->science
			  : w->bilinear,
		&from, t, science, pixels, width, height, w->pool);
	if (labels && i->dtype == DTYPE_U8)
		make_u8(out, pixels);
	out->pixels = pixels;
}
