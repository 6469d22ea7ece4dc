/* SPDX-License-Identifier: ISC */
/*
 * image-stats: numbers about images. In: IMAGE. Out: text, a line for each plane of each frame, or
 * a JSON object for each.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/image.h"
#include "sky/statistics.h"

struct options {
	bool json;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0, "one JSON object a line"},
	OPTIONS_END,
};

struct state {
	int64_t frame;
	bool open;
	struct str text;
};

#define NUMBERS 8

static const char *const names[NUMBERS] = {
	"min", "max", "mean", "sigma", "median", "mad", "noise", "snr"};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct state));
}

static void write_out(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct str heading = {0};

	if (!s->open) {
		sink_open(f, NULL);
		s->open = true;
		str_addf(&heading, "%5s %5s %10s %9s", "frame", "plane", "count", "missing");
		for (int i = 0; i < NUMBERS; i++)
			str_addf(&heading, " %11s", names[i]);
		str_add(&heading, "\n");
		if (!o->json)
			sink_write(f, heading.p, heading.len);
		str_free(&heading);
	}
	if (s->text.len)
		sink_write(f, s->text.p, s->text.len);
	str_clear(&s->text);
}

static void add_json(struct str *out, const struct state *s, const struct frame *frame,
	size_t plane, const struct plane_statistics *p, const double *number)
{
	str_addf(out,
		"{\"frame\":%lld,\"index\":%lld,\"plane\":%zu,\"count\":%llu,\"missing\":%llu",
		(long long)s->frame, (long long)frame->index, plane, (unsigned long long)p->count,
		(unsigned long long)p->missing);
	for (int i = 0; i < NUMBERS; i++)
		if (isfinite(number[i]))
			str_addf(out, ",\"%s\":%.9g", names[i], number[i]);
		else
			str_addf(out, ",\"%s\":null", names[i]);
	str_add(out, "}\n");
}

static void add_line(struct str *out, const struct state *s, size_t plane,
	const struct plane_statistics *p, const double *number)
{
	str_addf(out, "%5lld %5zu %10llu %9llu", (long long)s->frame, plane,
		(unsigned long long)p->count, (unsigned long long)p->missing);
	for (int i = 0; i < NUMBERS; i++)
		str_addf(out, " %11.6g", number[i]);
	str_add(out, "\n");
}

static void measure(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct plane_statistics p;
	struct image image;
	float *v = NULL;
	const float *plane;

	image_view(f, frame, &image);
	if (image.dtype != DTYPE_F32)
		v = image_f32_new(&image, f->pool);
	plane = v ? v : image.pixels;
	for (size_t i = 0; i < image.planes; i++, plane += image_plane(&image)) {
		plane_statistics(plane, image.width, image.height, f->pool, &p);
		double number[NUMBERS] = {p.min, p.max, p.mean, p.sigma, p.median, p.mad, p.noise,
			p.noise > 0 ? p.median / p.noise : NAN};

		if (o->json)
			add_json(&s->text, s, frame, i, &p, number);
		else
			add_line(&s->text, s, i, &p, number);
	}
	free(v);
	s->frame++;
	write_out(f);
}

static void finish(struct filter *f)
{
	struct state *s = f->state;

	write_out(f);
	sink_close(f);
	str_free(&s->text);
}

static const struct command command = {
	.name = "image-stats",
	.summary = "print statistics, noise and signal-to-noise of images",
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
	.frame = measure,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
