/* SPDX-License-Identifier: ISC */
/*
 * export-png: PNG files. In: IMAGE of one plane or three. Out: a file of 8 or 16 bits for each
 * science image, full_scale being white.
 */
#include <string.h>

#include "image/scale.h"
#include "io/png.h"

struct options {
	int64_t level;
	int bits;
	struct text_list text;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "bits", OPT_ENUM, AT(bits), "", "auto", 0, 0, "auto|8|16", OPT_OUTPUT,
		"of a sample; auto: 8 for unit display, 16 for u16 and for linear values"},
	{0, "level", OPT_INT, AT(level), "", "1", 0, 9, NULL, OPT_OUTPUT,
		"compression, 0 none to 9 smallest; 1 suits waterfalls and noise"},
	{0, "text", OPT_LIST, AT(text), "", NULL, 0, 0, "KEY=VALUE", OPT_OUTPUT,
		"a remark in the file"},
	OPTIONS_END,
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct png_tag *tag = f->state = xcalloc(o->text.n, sizeof(*tag));
	struct error e;

	for (size_t i = 0; i < o->text.n; i++) {
		const char *text = o->text.v[i], *equals = strchr(text, '=');

		if (!equals)
			die(EXIT_USAGE, "--text: '%s': must be KEY=VALUE", text);
		tag[i].key = xstrndup(text, (size_t)(equals - text));
		tag[i].value = equals + 1;
		if (png_check_tag(&tag[i], &e))
			die(EXIT_USAGE, "--text: %s", e.text);
	}
}

/* 16 bits for linear values and for u16, 8 for what a screen shows. */
static unsigned bits_of(const struct options *o, const struct image *i)
{
	static const unsigned bits[] = {0, 8, 16};

	if (bits[o->bits])
		return bits[o->bits];
	return i->display && i->dtype != DTYPE_U16 ? 8 : 16;
}

static void export_image(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct png_spec spec = {.level = (int)o->level, .tags = f->state, .tag_count = o->text.n};
	struct picture picture;
	struct error e;

	picture_of(f, frame, 8, &picture);
	picture.raster.bits = bits_of(o, &picture.image);
	spec.raster = picture.raster;
	picture_close(f, png_encode(sink_open(f, filter_meta(f, frame)), &spec, f->pool, &e), &e);
}

static const struct command command = {
	.name = "export-png",
	.summary = "write images as PNG files of 8 or 16 bits",
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
	.prepare = prepare,
	.frame = export_image,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
