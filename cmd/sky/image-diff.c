/* SPDX-License-Identifier: ISC */
/*
 * image-diff: compares images, plane by plane. In: IMAGE. Out: text. The first frame, or the image
 * of --with, stands against all (other) frames; differences beyond a limit make the exit status 1.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/file.h"
#include "image/image.h"
#include "sky/difference.h"

struct options {
	const char *with;
	const char *max_rmse, *max_abs;
	bool json;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "with", OPT_TEXT, AT(with), "", NULL, 0, 0, "FILE", OPT_OUTPUT | OPT_FILE,
		"compare with this image (FITS or stream) instead of the first frame"},
	{0, "max-rmse", OPT_TEXT, AT(max_rmse), "", NULL, 0, 0, "VALUE", OPT_OUTPUT,
		"exit 1 if the root mean square difference of a plane is greater"},
	{0, "max-abs", OPT_TEXT, AT(max_abs), "", NULL, 0, 0, "VALUE", OPT_OUTPUT,
		"exit 1 if a difference is greater"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0, "one JSON object a line"},
	OPTIONS_END,
};

struct state {
	double max_rmse, max_abs; /* INFINITY = no limit */
	bool limited;
	struct image reference; /* pixels: f32, ours */
	bool has_reference, open;
	int64_t frame;
	uint64_t compared;
	struct str text;
};

static double limit(const char *option, const char *text)
{
	double value;

	if (!text)
		return INFINITY;
	if (!parse_f64(text, false, &value) || value < 0)
		die(EXIT_USAGE, "--%s: '%s': must be a number, 0 or more", option, text);
	return value;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	s->max_rmse = limit("max-rmse", o->max_rmse);
	s->max_abs = limit("max-abs", o->max_abs);
	s->limited = o->max_rmse || o->max_abs;
}

static void keep_reference(struct filter *f, const struct image *image)
{
	struct state *s = f->state;

	s->reference = *image;
	s->reference.pixels = image_f32_new(image, f->pool);
	s->has_reference = true;
}

/* After the sandbox is closed, when the first frame is there. */
static void read_reference(struct filter *f)
{
	const struct options *o = f->options;
	struct meta meta = {0};
	struct image image;

	image_file_one("--with", o->with, f->pool, &image, &meta);
	keep_reference(f, &image);
	free((void *)image.pixels);
	meta_clear(&meta);
}

static void check_like(const struct image *a, const struct image *b)
{
	if (a->planes != b->planes || a->height != b->height || a->width != b->width)
		die(EXIT_DATA,
			"an image of %zux%zux%zu, but it is compared with one of %zux%zux%zu",
			b->planes, b->height, b->width, a->planes, a->height, a->width);
	if (a->display != b->display)
		die(EXIT_DATA, "an image of unit %s, but it is compared with one of unit %s",
			b->display ? "display" : "adu", a->display ? "display" : "adu");
}

static void write_out(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct str heading = {0};

	if (!s->open) {
		sink_open(f, NULL);
		s->open = true;
		str_addf(&heading, "%5s %5s %11s %11s %11s %6s %6s %10s %9s\n", "frame", "plane",
			"rmse", "mean", "max-abs", "x", "y", "count", "missing");
		if (!o->json)
			sink_write(f, heading.p, heading.len);
		str_free(&heading);
	}
	if (s->text.len)
		sink_write(f, s->text.p, s->text.len);
	str_clear(&s->text);
}

static void add_number(struct str *out, const char *name, double value)
{
	if (isfinite(value))
		str_addf(out, ",\"%s\":%.9g", name, value);
	else
		str_addf(out, ",\"%s\":null", name);
}

static void report(struct filter *f, size_t plane, const struct plane_difference *d)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t x = d->at % s->reference.width, y = d->at / s->reference.width;
	bool within = d->rmse <= s->max_rmse && d->max_abs <= s->max_abs && d->missing == 0;

	if (d->count == 0 && d->missing == 0)
		within = true; /* nothing here, nothing there */
	if (s->limited && !within)
		filter_no(f);
	if (!o->json) {
		str_addf(&s->text, "%5lld %5zu %11.6g %11.6g %11.6g %6zu %6zu %10llu %9llu\n",
			(long long)s->frame, plane, d->rmse, d->mean, d->max_abs, x, y,
			(unsigned long long)d->count, (unsigned long long)d->missing);
		return;
	}
	str_addf(&s->text, "{\"frame\":%lld,\"plane\":%zu", (long long)s->frame, plane);
	add_number(&s->text, "rmse", d->rmse);
	add_number(&s->text, "mean", d->mean);
	add_number(&s->text, "max_abs", d->max_abs);
	str_addf(&s->text, ",\"x\":%zu,\"y\":%zu,\"count\":%llu,\"missing\":%llu", x, y,
		(unsigned long long)d->count, (unsigned long long)d->missing);
	if (s->limited)
		str_addf(&s->text, ",\"within\":%s", within ? "true" : "false");
	str_add(&s->text, "}\n");
}

static void compare(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct plane_difference d;
	struct image image;
	float *v = NULL;
	const float *pixels;

	image_view(f, frame, &image);
	if (!s->has_reference && o->with)
		read_reference(f);
	if (!s->has_reference) {
		keep_reference(f, &image);
		s->frame++;
		return;
	}
	check_like(&s->reference, &image);
	if (image.dtype != DTYPE_F32)
		v = image_f32_new(&image, f->pool);
	pixels = v ? v : image.pixels;
	for (size_t p = 0; p < image.planes; p++) {
		size_t at = p * image_plane(&image);

		plane_difference(pixels + at, (const float *)s->reference.pixels + at,
			image_plane(&image), f->pool, &d);
		report(f, p, &d);
	}
	free(v);
	s->frame++;
	s->compared++;
	write_out(f);
}

static void finish(struct filter *f)
{
	struct state *s = f->state;

	if (s->compared == 0 && s->limited)
		die(EXIT_DATA, "%s",
			s->frame ? "one image came, and nothing to compare it with"
				 : "no image came");
	if (s->compared == 0)
		note("nothing was compared: %lld image came", (long long)s->frame);
	write_out(f);
	sink_close(f);
	str_free(&s->text);
	free((void *)s->reference.pixels);
}

static const struct command command = {
	.name = "image-diff",
	.summary = "compare images, with limits and a verdict",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.groups = GROUPS_SCIENCE,
	.in = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.parallel = true,
	.all_cpus = true,
	.text = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = compare,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
