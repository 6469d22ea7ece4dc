/* SPDX-License-Identifier: ISC */
/*
 * star-find: the stars of each frame. In: IMAGE of one plane or three (the green one is measured).
 * Out: a TABLE of stars for each, brightest first; with --pass the image with its group as it came,
 * and the table as the group's last member. All that is astronomy stands in lib/sky/stars.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/image.h"
#include "sky/stars.h"
#include "stream/table.h"

/* Over full scale: what is above is taken for saturated. */
#define SATURATED 0.98

/* A table of so many rows is less than 1 MiB, so it is one frame. */
#define STARS_MAX 20000

struct options {
	double sigma;
	int64_t max;
	int fit;
	bool pass;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "sigma", OPT_REAL, AT(sigma), "", "5", 1, 1000, NULL, OPT_OUTPUT,
		"how far a star stands above the smoothed background, in its noise"},
	{0, "max", OPT_INT, AT(max), "stars", "2000", 1, STARS_MAX, NULL, OPT_OUTPUT,
		"at most so many of each frame, the brightest"},
	{0, "fit", OPT_ENUM, AT(fit), "", "moffat", 0, 0, "moffat|gauss", OPT_OUTPUT,
		"profile that is fitted"},
	{0, "pass", OPT_FLAG, AT(pass), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"pass the images, each followed by its table"},
	OPTIONS_END,
};

struct state {
	float *plane;
	size_t size;
	int64_t starless; /* frames */
};

static void find(struct filter *f, const struct frame *frame, struct star_field *field)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct star_options how = {.sigma = o->sigma,
		.max = (size_t)o->max,
		.profile = o->fit == 0 ? PROFILE_MOFFAT : PROFILE_GAUSS};
	struct image i;

	image_view(f, frame, &i);
	if (i.planes != 1 && i.planes != 3)
		die(EXIT_DATA, "an image of %zu planes: must have 1, or 3 of which one is green",
			i.planes);
	if (i.planes == 1 && image_bayer(filter_meta(f, frame)))
		die(EXIT_DATA,
			"the frame has a colour mosaic (%%bayer) and would give wrong stars: "
			"debayer missing?");
	if (i.planes == 3)
		i.pixels = (const char *)i.pixels + image_plane(&i) * dtype_size(i.dtype);
	i.planes = 1;
	if (s->size < image_count(&i)) {
		free(s->plane);
		s->size = image_count(&i);
		s->plane = xaligned(s->size, sizeof(*s->plane));
	}
	image_f32(&i, s->plane, f->pool);
	how.saturation = SATURATED * i.full_scale;
	stars_find(s->plane, i.width, i.height, &how, f->pool, field);
	if (field->count == 0) {
		warn("no stars found");
		s->starless++;
	}
}

/* What was found, of which the image itself and its table tell. */
static void describe(struct meta *meta, const struct star_field *field)
{
	meta_setf(meta, "~star_count", "%zu", field->count);
	if (isfinite(field->fwhm))
		meta_setf(meta, "~fwhm_px", "%.4g", field->fwhm);
	if (isfinite(field->background))
		meta_setf(meta, "~background", "%.7g", field->background);
	if (isfinite(field->noise))
		meta_setf(meta, "~noise", "%.5g", field->noise);
}

/* The columns, in their order; those without a unit have the image's. */
static struct table *new_table(const char *unit)
{
	struct table_column columns[] = {
		{"x", "f64", "px"},
		{"y", "f64", "px"},
		{"flux", "f32", unit},
		{"fwhm", "f32", "px"},
		{"eccentricity", "f32", "-"},
		{"angle", "f32", "rad"},
		{"peak", "f32", unit},
		{"background", "f32", unit},
		{"snr", "f32", "-"},
		{"saturated", "u8", "-"},
	};

	return table_new(columns, COUNT_OF(columns));
}

static void add_star(struct table *t, const struct star *star)
{
	const double values[] = {star->x, star->y, (double)star->flux,
		(double)(float)sqrt((double)star->fwhm_x * (double)star->fwhm_y),
		(double)star->eccentricity, (double)star->angle, (double)star->peak,
		(double)star->background, (double)star->snr, star->saturated};

	table_row(t);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		table_set(t, i, values[i]);
}

static void put_table(struct filter *f, const struct frame *image, struct meta *meta,
	const char *unit, const struct star_field *field)
{
	struct table *table = new_table(unit);

	meta_remove(meta, "unit");
	meta_remove(meta, "full_scale");
	meta_set(meta, "role", "stars");
	meta_set(meta, "%coords", "pixel");
	table_describe(table, meta);
	for (size_t i = 0; i < field->count; i++)
		add_star(table, &field->star[i]);
	table_put(f, table, image->index,
		image->flags & (FRAME_GROUP_LAST | FRAME_DISCONTINUITY), meta);
	table_free(table);
}

static const char *unit_of(struct filter *f, const struct frame *image)
{
	const char *unit = meta_get(filter_meta(f, image), "unit");

	return unit && !strcmp(unit, "display") ? "display" : "adu";
}

/* With --pass: every member as it came, the image with what was found, the table last. */
static void put_group(struct filter *f, const struct frame *frames, size_t count,
	const struct frame *image, const struct star_field *field)
{
	struct meta own = {0};
	struct frame last = *image;

	for (size_t i = 0; i < count; i++) {
		struct frame member = frames[i];

		member.flags &= (uint16_t) ~(FRAME_GROUP_LAST | FRAME_CRC);
		if (&frames[i] != image) {
			filter_put(f, &member);
			continue;
		}
		filter_own_meta(f, image, &own);
		describe(&own, field);
		filter_put_with(f, &member, &own);
		meta_clear(&own);
	}
	last.flags = FRAME_GROUP_LAST;
	put_table(f, &last, &own, unit_of(f, image), field);
	meta_clear(&own);
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct options *o = f->options;
	const struct frame *image = science_of(f, frames, count);
	struct frame alone;
	struct star_field field;
	struct meta own = {0};

	if (!image) {
		for (size_t i = 0; o->pass && i < count; i++)
			filter_forward(f, &frames[i]);
		return;
	}
	find(f, image, &field);
	if (o->pass) {
		put_group(f, frames, count, image, &field);
	} else {
		alone = *image;
		alone.flags = 0;
		filter_own_meta(f, image, &own);
		describe(&own, &field);
		put_table(f, &alone, &own, unit_of(f, image), &field);
		meta_clear(&own);
	}
	free(field.star);
}

/* Each column has a unit of its own. */
static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;

	(void)in;
	if (o->pass)
		return;
	meta_remove(out, "unit");
	meta_remove(out, "full_scale");
}

static void end(struct filter *f, const struct meta *meta)
{
	struct state *s = f->state;

	(void)meta;
	if (s->starless > 0)
		filter_note(f, "starless", s->starless);
	s->starless = 0;
}

static void prepare(struct filter *f);

#define COMMAND                                                                                    \
	.name = "star-find", .summary = "find the stars of images", .operands = "", .example = "", \
	.role = ROLE_FILTER, .segments = SEGMENTS_EACH, .groups = GROUPS_WHOLE,                    \
	.in = KIND_BIT(KIND_IMAGE), .dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",                  \
	.dtypes_out = "columns", .parallel = true, .all_cpus = true, .options = options,           \
	.options_size = sizeof(struct options), .prepare = prepare, .head = head, .group = group,  \
	.end = end

static const struct command command = {
	COMMAND,
	.out = KIND_BIT(KIND_TABLE),
	.changes = CHANGES_SHAPE | CHANGES_VALUES,
};

/* With --pass the images stay what they are, and so does all that is said of them. */
static const struct command passing = {
	COMMAND,
	.out = KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_TABLE),
	.changes = CHANGES_COUNT,
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;

	f->state = xcalloc(1, sizeof(struct state));
	if (o->pass)
		f->command = &passing;
}

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
