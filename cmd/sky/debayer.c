/* SPDX-License-Identifier: ISC */
/*
 * debayer: the colours of a mosaic. In: IMAGE; those of one plane with %bayer are mosaics. Out:
 * three planes of f32 for each of them, on the same grid or, of superpixels, on one half as fine;
 * others as they are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/cards.h"
#include "image/image.h"
#include "image/members.h"
#include "sky/debayer.h"

struct options {
	int method, pattern;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "method", OPT_ENUM, AT(method), "", "rcd", 0, 0, "bilinear|superpixel|vng|rcd",
		OPT_OUTPUT, "how colours are found where they were not measured"},
	{0, "pattern", OPT_ENUM, AT(pattern), "", "auto", 0, 0, "auto|RGGB|BGGR|GRBG|GBRG",
		OPT_OUTPUT, "colours of the first 2x2 pixels; auto: as %bayer says"},
	OPTIONS_END,
};

struct state {
	struct meta scoped; /* what HEAD says of geometry and values */
	float *out;
	size_t out_count;
	uint64_t dropped;
};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct state));
}

/* HEAD speaks of geometry and values no more: frames that stay as they are say it themselves. */
static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;

	(void)out;
	meta_clear(&s->scoped);
	for (size_t i = 0; i < in->count; i++)
		if (in->item[i].key[0] == '%' || in->item[i].key[0] == '~')
			meta_add(&s->scoped, in->item[i].key, in->item[i].value);
	s->dropped = 0;
}

static void pass(struct filter *f, const struct frame *frame)
{
	const struct state *s = f->state;
	struct meta own = {0}, all = {0};
	struct error e;

	if (s->scoped.count == 0) {
		filter_forward(f, frame);
		return;
	}
	if (frame->meta_len && meta_parse(&own, frame->meta, frame->meta_len, &e))
		die_with(&e);
	meta_copy(&all, &s->scoped);
	meta_overlay(&all, &own);
	filter_put_with(f, frame, &all);
	meta_clear(&own);
	meta_clear(&all);
}

/* The pattern of a mosaic, NULL for another image. */
static const char *pattern_of(
	const struct options *o, const struct image *i, const struct meta *meta)
{
	static const char *const patterns[] = {NULL, "RGGB", "BGGR", "GRBG", "GBRG"};

	if (i->planes != 1)
		return NULL;
	return o->pattern ? patterns[o->pattern] : image_bayer(meta);
}

static bool halves(const struct filter *f)
{
	const struct options *o = f->options;

	return o->method == DEBAYER_SUPERPIXEL;
}

static float *room(struct state *s, size_t count)
{
	if (count > s->out_count) {
		free(s->out);
		s->out = xaligned(count, sizeof(*s->out));
		s->out_count = count;
	}
	return s->out;
}

/* Puts what became of a frame: its cards of geometry are right on the new grid, the pattern goes.
 */
static void put(struct filter *f, const struct frame *frame, const struct image *image)
{
	const struct meta *meta = filter_meta(f, frame);
	struct meta own = {0};

	filter_own_meta(f, frame, &own);
	cards_copy_geometry(&own, meta, 0, 0, halves(f) ? 0.5 : 1);
	image_put(f, frame, &own, image);
	meta_clear(&own);
}

static void debayer_image(
	struct filter *f, const struct frame *frame, const struct image *image, const char *pattern)
{
	const struct options *o = f->options;
	struct mosaic m = {.pixels = image->pixels,
		.dtype = image->dtype,
		.height = image->height,
		.width = image->width,
		.full_scale = image->full_scale};
	struct image out = *image;

	if (!mosaic_pattern(pattern, &m.red_x, &m.red_y))
		die(EXIT_DATA, "%%bayer %s: must be RGGB, BGGR, GRBG or GBRG", pattern);
	if (m.height < 2 || m.width < 2)
		die(EXIT_DATA, "a mosaic of %zu x %zu pixels: must have 2 x 2 at least", m.width,
			m.height);
	if (image->display)
		die(EXIT_DATA, "expects linear values (unit adu), got unit display");
	out.planes = 3;
	out.dtype = DTYPE_F32;
	if (halves(f)) {
		out.height /= 2;
		out.width /= 2;
	}
	out.pixels = room(f->state, image_count(&out));
	debayer((float *)out.pixels, &m, (enum debayer_method)o->method, f->pool);
	put(f, frame, &out);
}

/* Of four pixels of a mask the greatest, of another image the mean. */
static float of_cell(const float *at, size_t width, bool mask)
{
	if (mask)
		return fmaxf(fmaxf(at[0], at[1]), fmaxf(at[width], at[width + 1]));
	return 0.25f * ((at[0] + at[1]) + (at[width] + at[width + 1]));
}

/* A member of a group of superpixels: its planes half as fine, too. A mask of u8 stays one. */
static void halve(struct filter *f, const struct frame *frame)
{
	struct image image, out;
	bool mask;
	float *in, *to;
	uint8_t *bytes;
	size_t n = 0;

	image_view(f, frame, &image);
	if (image.height < 2 || image.width < 2)
		die(EXIT_DATA,
			"a member of the group of %zu x %zu pixels: must have 2 x 2 at least",
			image.width, image.height);
	mask = image.role == IMAGE_MASK || image.role == IMAGE_REJECTION;
	out = image;
	out.height /= 2;
	out.width /= 2;
	out.pixels = to = xaligned(image_count(&out), sizeof(*to));
	in = image_f32_new(&image, f->pool);
	for (size_t p = 0; p < image.planes; p++)
		for (size_t y = 0; y < out.height; y++)
			for (size_t x = 0; x < out.width; x++)
				to[n++] = of_cell(
					in + (p * image.height + 2 * y) * image.width + 2 * x,
					image.width, mask);
	out.dtype = DTYPE_F32;
	if (mask && image.dtype == DTYPE_U8) {
		bytes = (uint8_t *)to;
		for (size_t i = 0; i < n; i++) /* each byte lies before what is still read */
			bytes[i] = (uint8_t)to[i];
		out.dtype = DTYPE_U8;
	}
	put(f, frame, &out);
	free(in);
	free(to);
}

/* A member of a group of superpixels. */
static void put_halved(struct filter *f, const struct frame *frame, void *pattern)
{
	struct image image;

	if (is_science(f, frame)) {
		image_view(f, frame, &image);
		debayer_image(f, frame, &image, pattern);
	} else if (frame->kind == KIND_IMAGE) {
		halve(f, frame);
	} else {
		pass(f, frame);
	}
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	const struct frame *science = science_of(f, frames, count);
	char pattern[5] = "";
	struct image image;

	if (science) {
		const struct meta *meta = filter_meta(f, science);
		const char *found;

		image_view(f, science, &image);
		found = pattern_of(o, &image, meta);
		if (found)
			strcpy(pattern, found);
	}
	if (*pattern && halves(f)) {
		s->dropped += members_each(f, frames, count, put_halved, pattern);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (*pattern && &frames[i] == science)
			debayer_image(f, science, &image, pattern);
		else
			pass(f, &frames[i]);
}

static void end(struct filter *f, const struct meta *of_input)
{
	const struct state *s = f->state;

	(void)of_input;
	if (s->dropped > 0)
		filter_note(f, "dropped", (int64_t)s->dropped);
}

static const struct command command = {
	.name = "debayer",
	.summary = "make colours of a mosaic",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.changes = CHANGES_SHAPE | CHANGES_VALUES,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.group = group,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
