/* SPDX-License-Identifier: ISC */
/*
 * export-jpeg: JPEG files. In: IMAGE of one plane or three. Out: a file of 8 bits for each science
 * image, full_scale being white.
 */
#include "image/scale.h"
#include "io/jpeg.h"

struct options {
	int64_t quality;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "quality", OPT_INT, AT(quality), "", "95", 1, 100, NULL, OPT_OUTPUT,
		"1 smallest to 100 best; from 90 on colour keeps its full resolution"},
	OPTIONS_END,
};

static void export_image(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct picture picture;
	struct error e;

	picture_of(f, frame, 8, &picture);
	picture_close(f,
		jpeg_encode(sink_open(f, filter_meta(f, frame)), &picture.raster, (int)o->quality,
			f->pool, &e),
		&e);
}

static const struct command command = {
	.name = "export-jpeg",
	.summary = "write images as JPEG files",
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
