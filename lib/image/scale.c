/* SPDX-License-Identifier: ISC */
#include "image/scale.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

static void make_rows(const void *arg, size_t first, size_t count, void *out)
{
	const struct picture *p = arg;
	const struct image *i = &p->image;
	size_t row = i->width * dtype_size(i->dtype);
	double top = ldexp(1, (int)p->raster.bits) - 1;
	/* What is a whole number needs no division, and is rounded as with one. */
	bool whole = fmod(top, i->full_scale) == 0;

	for (size_t y = first; y < first + count; y++) {
		const void *plane[3] = {NULL};

		for (size_t k = 0; k < i->planes; k++)
			plane[k] = (const char *)i->pixels +
				   (k * i->height + (p->bottom_up ? i->height - 1 - y : y)) * row;
		kern()->pixels((char *)out + (y - first) * raster_row_size(&p->raster), plane,
			i->planes, i->width, i->dtype, p->raster.bits,
			whole ? top / i->full_scale : top, whole ? 1 : i->full_scale);
	}
}

void picture_of(struct filter *f, const struct frame *frame, unsigned bits, struct picture *p)
{
	const char *order;

	image_view(f, frame, &p->image);
	if (p->image.planes != 1 && p->image.planes != 3)
		die(EXIT_DATA, "%zu planes: a picture has 1 (gray) or 3 (red, green, blue)",
			p->image.planes);
	order = meta_get(filter_meta(f, frame), "%row_order");
	p->bottom_up = order && !strcmp(order, "bottom-up");
	p->raster = (struct raster){.width = p->image.width,
		.height = p->image.height,
		.planes = (unsigned)p->image.planes,
		.bits = bits,
		.srgb = p->image.display,
		.rows = make_rows,
		.arg = p};
}

void picture_close(struct filter *f, int code, const struct error *e)
{
	if (code)
		die(code == EXIT_USAGE ? EXIT_DATA : code, "%s", e->text);
	sink_close(f);
}
