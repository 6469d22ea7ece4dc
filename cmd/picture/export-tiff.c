/* SPDX-License-Identifier: ISC */
/*
 * export-tiff: TIFF files. In: IMAGE of one plane or three. Out: a file for each science image,
 * full_scale being white of integers; floats are the values as they are.
 */
#include "image/scale.h"
#include "io/tiff.h"

struct options {
	int bits, compress;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "bits", OPT_ENUM, AT(bits), "", "16", 0, 0, "8|16|32f", OPT_OUTPUT,
		"of a sample; 32f are floats, the values as they are"},
	{0, "compress", OPT_ENUM, AT(compress), "", "none", 0, 0, "none|lzw|deflate", OPT_OUTPUT,
		"compression without loss"},
	OPTIONS_END,
};

static void export_image(struct filter *f, const struct frame *frame)
{
	static const unsigned bits[] = {8, 16, 32};
	static const enum tiff_compression compressions[] = {TIFF_PLAIN, TIFF_LZW, TIFF_DEFLATE};
	const struct options *o = f->options;
	struct picture picture;
	struct error e;

	picture_of(f, frame, bits[o->bits], &picture);
	picture_close(f,
		tiff_encode(sink_open(f, filter_meta(f, frame)), &picture.raster,
			compressions[o->compress], f->pool, &e),
		&e);
}

static const struct command command = {
	.name = "export-tiff",
	.summary = "write images as TIFF files of 8, 16 or 32 bits",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.groups = GROUPS_SCIENCE,
	.in = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 u64 i64 f64",
	.parallel = true,
	.all_cpus = true,
	.pictures = true,
	.options = options,
	.options_size = sizeof(struct options),
	.frame = export_image,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
