/* SPDX-License-Identifier: ISC */
/*
 * color-balance: a grey background and white stars. In: IMAGE; those of three planes, linear or of
 * unit display, are balanced. Out: the same as f32; others pass as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/image.h"
#include "kern/kern.h"
#include "sky/color.h"

struct options {
	int method;
	const char *gains;
};

#define AT(member) offsetof(struct options, member)

enum { METHOD_AUTO, METHOD_GIVEN };

static const struct option options[] = {
	{'m', "method", OPT_ENUM, AT(method), "", "auto", 0, 0, "auto|given", OPT_OUTPUT,
		"find background and gains in the image, or take --gains"},
	{0, "gains", OPT_TEXT, AT(gains), "", NULL, 0, 0, "R,G,B", OPT_OUTPUT,
		"what the planes are multiplied by"},
	OPTIONS_END,
};

#define KEY "~x.color-balance"
#define TRUSTED 0.9 /* of full scale; above it a pixel may be saturated */
#define PIECE ((size_t)1 << 16)

struct state {
	struct color_plane given[3];
	int64_t passed, background_only; /* images of this segment */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	char *copy, *rest;

	if ((o->method == METHOD_GIVEN) != (o->gains != NULL))
		die(EXIT_USAGE, "--method, --gains: given and R,G,B go together");
	if (!o->gains)
		return;
	copy = rest = xstrdup(o->gains);
	for (int p = 0; p < 3; p++) {
		const char *word = strsep(&rest, ",");

		if (!word || !parse_f64(word, false, &s->given[p].gain) ||
			!(s->given[p].gain > 0 && s->given[p].gain <= 1e6))
			die(EXIT_USAGE, "--gains: '%s': must be R,G,B, each above 0, up to 1e6",
				o->gains);
	}
	if (rest)
		die(EXIT_USAGE, "--gains: '%s': must be three numbers", o->gains);
	free(copy);
}

struct coding {
	float *v;
	size_t n;
	struct kern_curve curve;
};

static void code_piece(void *arg, size_t i, unsigned worker)
{
	const struct coding *c = arg;
	size_t first = i * PIECE, n = c->n - first < PIECE ? c->n - first : PIECE;

	(void)worker;
	kern()->curve(c->v + first, c->v + first, n, &c->curve);
}

/* Values of a display made linear, 0 to 1, or encoded again; in place. */
static void code(
	float *v, size_t n, enum kern_curve_kind kind, double full_scale, struct pool *pool)
{
	struct coding c = {
		v, n, {.kind = kind, .scale = (float)(1 / full_scale), .shape = 1, .out_scale = 1}};

	pool_run(pool, (n + PIECE - 1) / PIECE, code_piece, &c);
}

static void note_planes(struct meta *own, const struct color_plane plane[3])
{
	char gain[NUMBER_TEXT], background[NUMBER_TEXT], level[NUMBER_TEXT];

	for (int p = 0; p < 3; p++) {
		struct str text = {0};

		str_addf(&text, "%s %s %s", format_f32(gain, (float)plane[p].gain),
			format_f32(background, (float)plane[p].background),
			format_f32(level, (float)plane[p].level));
		meta_add(own, KEY, text.p);
		str_free(&text);
	}
}

/* Not a warning: pictures without stars, such as waterfalls, are none the worse. */
static void say_background_only(struct filter *f)
{
	note("too few stars and bright pixels: only the background is balanced");
	((struct state *)f->state)->background_only++;
}

static void balance(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct color_plane plane[3];
	struct image image, out;
	struct meta own = {0};
	float *v;

	image_view(f, frame, &image);
	if (image.planes != 3) {
		note("an image of %zu planes passes as it is", image.planes);
		s->passed++;
		filter_forward(f, frame);
		return;
	}
	v = image_f32_new(&image, f->pool);
	if (image.display)
		code(v, image_count(&image), KERN_CURVE_SRGB_DECODE, image.full_scale, f->pool);
	if (o->method == METHOD_GIVEN)
		memcpy(plane, s->given, sizeof(plane));
	else if (color_measure(v, image.width, image.height,
			 TRUSTED * (image.display ? 1 : image.full_scale), f->pool,
			 plane) == COLOR_NONE)
		say_background_only(f);
	color_apply(v, v, 3, image_plane(&image), plane, f->pool);
	if (image.display)
		code(v, image_count(&image), KERN_CURVE_SRGB_ENCODE, 1, f->pool);
	out = image;
	out.dtype = DTYPE_F32;
	out.pixels = v;
	out.full_scale = image.display ? 1 : image.full_scale;
	filter_own_meta(f, frame, &own);
	note_planes(&own, plane);
	image_put(f, frame, &own, &out);
	meta_clear(&own);
	free(v);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct state *s = f->state;

	(void)meta;
	if (s->passed)
		filter_note(f, "passed", s->passed);
	if (s->background_only)
		filter_note(f, "background_only", s->background_only);
	s->passed = s->background_only = 0;
}

static const struct command command = {
	.name = "color-balance",
	.summary = "make background and stars of colour images grey",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.groups = GROUPS_SCIENCE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.changes = CHANGES_VALUES,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = balance,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
