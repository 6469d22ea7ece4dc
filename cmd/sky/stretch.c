/* SPDX-License-Identifier: ISC */
/*
 * stretch: brings linear images to a display. In: IMAGE. Out: the same as f32 of unit display, 0 to
 * 1; what the curves were stands in ~x.stretch, a line for each plane, so that --inverse can undo
 * them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/image.h"
#include "sky/stretch.h"

struct options {
	int method;
	double mid;
	const char *black_point, *clip;
	bool linked, inverse;
};

#define METHODS "auto|mtf|arcsinh|asinh|linear|log"
#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'m', "method", OPT_ENUM, AT(method), "", "auto", 0, 0, METHODS, OPT_OUTPUT,
		"the curve, see the page"},
	{'b', "black-point", OPT_TEXT, AT(black_point), "full scale", NULL, 0, 0, "VALUE",
		OPT_OUTPUT, "the value that becomes 0"},
	{0, "mid", OPT_REAL, AT(mid), "", "0", 0, 0.9999, NULL, OPT_OUTPUT,
		"auto: what the background becomes; else what becomes 0.5; 0 = see the page"},
	{0, "clip", OPT_TEXT, AT(clip), "full scale", NULL, 0, 0, "LOW,HIGH|LOW%,HIGH%", OPT_OUTPUT,
		"the values, or percentiles, that become 0 and 1"},
	{0, "linked", OPT_FLAG, AT(linked), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"one curve for all planes"},
	{0, "inverse", OPT_FLAG, AT(inverse), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"undo a stretch: that of the stream, or the one the options name"},
	OPTIONS_END,
};

#define KEY "~x.stretch"
#define MID_MIN                                                                          \
	1e-4 /* curves of a smaller one would be steeper than stretch_curve_valid allows \
	      */

static const char *const methods[] = {"auto", "mtf", "arcsinh", "asinh", "linear", "log"};

/* One number of --clip, with its percent sign if it has one. */
static bool parse_end(const char *text, size_t n, double *value, bool *percent)
{
	char word[NUMBER_TEXT];

	if (n == 0 || n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	*percent = word[n - 1] == '%';
	if (*percent)
		word[n - 1] = '\0';
	return parse_f64(word, false, value);
}

static void parse_clip(const char *text, struct stretch_options *o)
{
	const char *comma = strchr(text, ',');
	bool low, high;

	if (!comma || !parse_end(text, (size_t)(comma - text), &o->black, &low) ||
		!parse_end(comma + 1, strlen(comma + 1), &o->white, &high) || low != high ||
		!(o->black < o->white))
		die(EXIT_USAGE, "--clip: '%s': must be LOW,HIGH or LOW%%,HIGH%% with LOW < HIGH",
			text);
	o->percent = low || o->white > 1;
	if (o->percent && (o->black < 0 || o->white > 100))
		die(EXIT_USAGE, "--clip: '%s': percentiles must lie in 0 to 100", text);
}

struct state {
	struct stretch_options wanted;
	float *v; /* the result; kept, as touching new memory takes longer than the stretch */
	size_t size;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *state = f->state = xcalloc(1, sizeof(*state));
	struct stretch_options *s = &state->wanted;
	bool given = o->method != STRETCH_AUTO;
	bool asinh = o->method == STRETCH_ARCSINH || o->method == STRETCH_ASINH;

	*s = (struct stretch_options){.method = (enum stretch_method)o->method,
		.black = NAN,
		.white = NAN,
		.mid = o->mid > 0 ? o->mid : NAN,
		.linked = o->linked};
	if (o->clip && o->black_point)
		die(EXIT_USAGE, "--clip, --black-point: both say what becomes 0, give one");
	if (o->clip)
		parse_clip(o->clip, s);
	if (o->black_point && (!parse_f64(o->black_point, false, &s->black) || s->black >= 1))
		die(EXIT_USAGE, "--black-point: '%s': must be a number below 1, of full scale",
			o->black_point);
	if (s->mid < MID_MIN)
		die(EXIT_USAGE, "--mid: %g: must be 0 or %g to 0.9999", s->mid, MID_MIN);
	if (s->method == STRETCH_LINEAR && !isnan(s->mid))
		die(EXIT_USAGE, "--mid: a linear stretch has none");
	if ((asinh || s->method == STRETCH_LOG) && s->mid >= 0.5)
		die(EXIT_USAGE, "--mid: %g: must be below 0.5 for %s", s->mid, methods[s->method]);
	if (!o->inverse)
		return;
	if (o->linked || s->percent || (!given && (o->black_point || o->clip || !isnan(s->mid))))
		die(EXIT_USAGE, "--inverse: needs a --method and fixed values, or nothing, to undo "
				"what the stream says");
	if (asinh && isnan(s->mid))
		die(EXIT_USAGE, "--inverse: %s needs --mid", methods[s->method]);
	if (s->method == STRETCH_ASINH && !o->clip)
		die(EXIT_USAGE, "--inverse: asinh needs --clip");
}

/* "METHOD BLACK WHITE SHAPE FULL_SCALE UNIT", numbers that read back as they were. */
static void write_curve(struct meta *own, const struct stretch_curve *c, const struct image *from)
{
	char black[NUMBER_TEXT], white[NUMBER_TEXT], shape[NUMBER_TEXT], scale[NUMBER_TEXT];
	struct str text = {0};

	str_addf(&text, "%s %s %s %s %s %s", methods[c->method], format_f32(black, c->black),
		format_f32(white, c->white), format_f32(shape, c->shape),
		format_f64(scale, from->full_scale), from->display ? "display" : "adu");
	meta_add(own, KEY, text.p);
	str_free(&text);
}

static bool read_curve(const char *text, struct stretch_curve *c, struct image *to)
{
	char *copy = xstrdup(text), *rest = copy, *word = strsep(&rest, " ");
	double number[4];
	bool right = true;

	for (c->method = STRETCH_MTF; c->method <= STRETCH_LOG; c->method++)
		if (!strcmp(word, methods[c->method]))
			break;
	right = c->method <= STRETCH_LOG;
	for (int i = 0; i < 4; i++) {
		word = strsep(&rest, " ");
		right = right && word && parse_f64(word, false, &number[i]);
	}
	to->display = rest && !strcmp(rest, "display");
	right = right && rest && (to->display || !strcmp(rest, "adu"));
	free(copy);
	if (!right)
		return false;
	c->black = (float)number[0];
	c->white = (float)number[1];
	c->shape = (float)number[2];
	to->full_scale = number[3];
	return stretch_curve_valid(c) && to->full_scale > 0 && isfinite(to->full_scale);
}

/*
 * The lines of KEY are a pile: those of the last stretch first, one for each plane, then what was
 * there before. Puts the pile from line `from` on.
 */
static void keep_pile(const struct meta *meta, size_t from, struct meta *own)
{
	const char *line;

	for (size_t i = from; (line = meta_nth(meta, KEY, i)); i++)
		meta_add(own, KEY, line);
}

/* The curves that made this frame, and what it was before. */
static void recall(const struct meta *meta, struct stretch_curve *curve, struct image *to)
{
	size_t lines = meta_count(meta, KEY);

	if (lines < to->planes)
		die(EXIT_DATA,
			"%s: %zu curves for %zu planes: nothing says how to undo the stretch, "
			"so --method and its values are needed",
			KEY, lines, to->planes);
	for (size_t p = 0; p < to->planes; p++)
		if (!read_curve(meta_nth(meta, KEY, p), &curve[p], to))
			die(EXIT_DATA, "%s %s: must be METHOD BLACK WHITE SHAPE FULL_SCALE UNIT",
				KEY, meta_nth(meta, KEY, p));
}

static void undo(struct filter *f, const struct frame *frame, const struct image *image, float *v,
	struct stretch_curve *curve, struct meta *own)
{
	const struct stretch_options *o = &((const struct state *)f->state)->wanted;
	const struct stretch_curve to_display = {STRETCH_LINEAR, 0, (float)image->full_scale, 0};
	struct image out = *image;
	size_t n = image_plane(image);

	out.dtype = DTYPE_F32;
	out.pixels = v;
	out.full_scale = 1;
	out.display = false;
	image_f32(image, v, f->pool);
	stretch_apply(v, v, 1, image_count(image), &to_display, f->pool);
	if (o->method == STRETCH_AUTO) {
		recall(filter_meta(f, frame), curve, &out);
		keep_pile(filter_meta(f, frame), image->planes, own);
	} else {
		stretch_find(v, image->planes, n, 1, o, f->pool, curve);
	}
	stretch_undo(v, v, image->planes, n, curve, f->pool);
	image_put(f, frame, own, &out);
}

static void apply(struct filter *f, const struct frame *frame, const struct image *image, float *v,
	struct stretch_curve *curve, struct meta *own)
{
	const struct stretch_options *wanted = &((const struct state *)f->state)->wanted;
	const float *in = image->pixels;
	struct image out = *image;
	size_t n = image_plane(image);

	out.dtype = DTYPE_F32;
	out.pixels = v;
	out.full_scale = 1;
	out.display = true;
	if (image->dtype != DTYPE_F32) {
		image_f32(image, v, f->pool);
		in = v;
	}
	stretch_find(in, image->planes, n, image->full_scale, wanted, f->pool, curve);
	stretch_apply(v, in, image->planes, n, curve, f->pool);
	for (size_t p = 0; p < image->planes; p++)
		write_curve(own, &curve[p], image);
	keep_pile(filter_meta(f, frame), 0, own);
	image_put(f, frame, own, &out);
}

static void stretch(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct stretch_curve *curve;
	struct meta own = {0};
	struct image image;

	image_view(f, frame, &image);
	curve = xcalloc(image.planes, sizeof(*curve));
	if (image_count(&image) > s->size) {
		free(s->v);
		s->size = image_count(&image);
		s->v = xaligned(s->size, sizeof(*s->v));
	}
	filter_own_meta(f, frame, &own);
	(o->inverse ? undo : apply)(f, frame, &image, s->v, curve, &own);
	meta_clear(&own);
	free(curve);
}

static const struct command command = {
	.name = "stretch",
	.summary = "stretch linear images for display, or undo it",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.groups = GROUPS_SCIENCE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.unit_out = "display",
	.changes = CHANGES_VALUES,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = stretch,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
