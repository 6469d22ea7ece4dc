/* SPDX-License-Identifier: ISC */
/*
 * fits-write: FITS files. In: IMAGE of any real type. Out: a file for each science image, with the
 * cards that travelled, those of the typed keys, and the history.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/image.h"
#include "io/fits_cards.h"
#include "io/fits_write.h"

struct options {
	int bitpix;
	bool rice, checksum;
};

enum bitpix { AS_FRAME, BITS_8, BITS_16, BITS_32, FLOAT_32, FLOAT_64 };

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "bitpix", OPT_ENUM, AT(bitpix), "", "auto", 0, 0, "auto|8|16|32|-32|-64", OPT_OUTPUT,
		"type in the file; auto = as the frame"},
	{0, "rice", OPT_FLAG, AT(rice), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"compress integers in tiles, without loss"},
	{0, "checksum", OPT_FLAG, AT(checksum), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"add CHECKSUM and DATASUM"},
	OPTIONS_END,
};

struct state {
	uint64_t images;
};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct state));
}

static bool is_signed(unsigned dtype)
{
	return dtype == DTYPE_I8 || dtype == DTYPE_I16 || dtype == DTYPE_I32 || dtype == DTYPE_I64;
}

static unsigned target_of(unsigned dtype, enum bitpix bitpix)
{
	switch (bitpix) {
	case BITS_8:
		return dtype == DTYPE_I8 ? DTYPE_I8 : DTYPE_U8;
	case BITS_16:
		return is_signed(dtype) ? DTYPE_I16 : DTYPE_U16;
	case BITS_32:
		return dtype == DTYPE_U32 || dtype == DTYPE_U64 ? DTYPE_U32 : DTYPE_I32;
	case FLOAT_32:
		return DTYPE_F32;
	case FLOAT_64:
		return DTYPE_F64;
	default:
		return dtype;
	}
}

/*
 * The scale of what is written: of floats always, of integers that kept their values where it is
 * not what their type says.
 */
static void add_scale(struct str *cards, const struct image *image, unsigned target)
{
	struct image written = {.dtype = target};
	bool kept = dtype_float(target) || !dtype_float(image->dtype);

	if (kept && (dtype_float(target) || image->full_scale != image_default_scale(&written)))
		fits_add_real(cards, "FULLSCAL", image->full_scale, "value of saturation");
}

static void make_cards(
	struct str *cards, const struct meta *meta, const struct image *image, unsigned target)
{
	struct fits_key *keys = xcalloc(meta->count + 1, sizeof(*keys));
	bool has_unit = false;

	for (size_t i = 0; i < meta->count; i++) {
		keys[i] = (struct fits_key){meta->item[i].key, meta->item[i].value};
		has_unit = has_unit || (!strcmp(keys[i].key, "~fits.card") &&
					       starts_with(keys[i].value, "BUNIT   "));
	}
	str_clear(cards);
	add_scale(cards, image, target);
	if (image->display)
		fits_add_text(cards, "BUNIT", "display", "sRGB-encoded");
	else if (!has_unit)
		fits_add_text(cards, "BUNIT", "adu", NULL);
	fits_add_cards(cards, keys, meta->count, target == image->dtype);
	free(keys);
}

static void write_image(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	const struct meta *meta = filter_meta(f, frame);
	struct state *s = f->state;
	struct str cards = {0};
	struct image image;
	struct error e;

	image_view(f, frame, &image);
	struct fits_output out = {
		.planes = image.planes,
		.height = image.height,
		.width = image.width,
		.pixels = image.pixels,
		.dtype = image.dtype,
		.target = target_of(image.dtype, (enum bitpix)o->bitpix),
		.full_scale = image.full_scale,
		.rice = o->rice,
		.checksum = o->checksum,
	};
	if (o->rice && (dtype_float(out.target) || dtype_size(out.target) > 4))
		die(EXIT_DATA, "--rice: takes integers of 8, 16 and 32 bits, not %s: add --bitpix",
			dtype_name(out.target));
	make_cards(&cards, meta, &image, out.target);
	out.cards = cards.p;
	out.card_bytes = cards.len;
	if (fits_write(sink_open(f, meta), &out, f->pool, &e))
		die_with(&e);
	sink_close(f);
	str_free(&cards);
	s->images++;
}

static void finish(struct filter *f)
{
	const struct state *s = f->state;

	if (s->images == 0)
		die(EXIT_DATA, "no image came");
}

static const struct command command = {
	.name = "fits-write",
	.summary = "write images as FITS files",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.groups = GROUPS_SCIENCE,
	.in = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i16 u32 i32 f64 i8 u64 i64",
	.parallel = true,
	.pictures = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = write_image,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
