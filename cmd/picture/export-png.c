/* SPDX-License-Identifier: ISC */
/*
 * export-png: PNG files. In: IMAGE of one plane or three; u8 makes 8 bits, u16 16 bits with the
 * values as they are, f32 16 bits with full_scale as white. Out: a file for each image.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/png.h"
#include "stream/filter.h"

struct options {
	int64_t level;
	struct text_list text;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "level", OPT_INT, AT(level), "", "1", 0, 9, NULL, OPT_OUTPUT,
		"compression, 0 none to 9 smallest; 1 suits waterfalls and noise"},
	{0, "text", OPT_LIST, AT(text), "", NULL, 0, 0, "KEY=VALUE", OPT_OUTPUT,
		"a remark in the file"},
	OPTIONS_END,
};

struct state {
	struct png_tag *tag;
	uint64_t images;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	struct error e;

	s->tag = xcalloc(o->text.n, sizeof(*s->tag));
	for (size_t i = 0; i < o->text.n; i++) {
		const char *text = o->text.v[i], *equals = strchr(text, '=');

		if (!equals)
			die(EXIT_USAGE, "--text: '%s': must be KEY=VALUE", text);
		s->tag[i].key = xstrndup(text, (size_t)(equals - text));
		s->tag[i].value = equals + 1;
		if (png_check_tag(&s->tag[i], &e))
			die(EXIT_USAGE, "--text: %s", e.text);
	}
}

/* f32 to u16, full scale being 65535; NaN, which is no data, becomes 0. */
static uint16_t *to_u16(const float *v, size_t n, double full_scale)
{
	uint16_t *out = xaligned(n, sizeof(*out));
	float scale = (float)(65535 / full_scale);

	for (size_t i = 0; i < n; i++) {
		float scaled = v[i] * scale + 0.5f;

		out[i] = scaled >= 65535 ? 65535 : scaled >= 1 ? (uint16_t)scaled : 0;
	}
	return out;
}

static double full_scale_of(const struct meta *meta)
{
	const char *unit = meta_get(meta, "unit");
	double full_scale = 1;

	if ((!unit || strcmp(unit, "display") != 0) && meta_f64(meta, "full_scale", &full_scale) &&
		!(full_scale > 0))
		die(EXIT_DATA, "full_scale: must be positive");
	return full_scale;
}

static void export_image(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	const struct meta *meta = filter_meta(f, frame);
	const char *role = meta_get(meta, "role"), *order = meta_get(meta, "%row_order");
	const char *unit = meta_get(meta, "unit");
	struct state *s = f->state;
	struct png_spec spec = {
		.bits = frame->dtype == DTYPE_U8 ? 8 : 16,
		.level = (int)o->level,
		.srgb = unit && !strcmp(unit, "display"),
		.bottom_up = order && !strcmp(order, "bottom-up"),
		.tags = s->tag,
		.tag_count = o->text.n,
	};
	uint16_t *converted = NULL;
	struct error e;

	if (role && strcmp(role, "science") != 0)
		return;
	if (frame->ndim != 3 || (frame->dim[0] != 1 && frame->dim[0] != 3))
		die(EXIT_DATA, "an image must have the shape [1 or 3 planes][height][width]");
	spec.planes = (unsigned)frame->dim[0];
	spec.height = frame->dim[1];
	spec.width = frame->dim[2];
	if (frame->dtype == DTYPE_F32)
		converted = to_u16(frame->payload, frame->payload_len / sizeof(float),
			full_scale_of(meta));
	if (png_encode(sink_open(f, meta), &spec, converted ? converted : frame->payload, &e))
		die(e.code == EXIT_USAGE ? EXIT_DATA : e.code, "%s", e.text);
	sink_close(f);
	free(converted);
	s->images++;
}

static void finish(struct filter *f)
{
	const struct state *s = f->state;

	if (s->images == 0)
		die(EXIT_DATA, "no image came");
}

static const struct command command = {
	.name = "export-png",
	.summary = "write images as PNG files of 8 or 16 bits",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u8 u16 f32",
	.pictures = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = export_image,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
