/* SPDX-License-Identifier: ISC */
/*
 * stack: many frames of the same sky become one. In: IMAGE frames on one pixel grid, with masks and
 * weight images in their groups if there are any. Out: one IMAGE, f32. Each frame is brought to the
 * background and scale of the first, outliers are rejected at each pixel, the rest is combined.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/levels.h"
#include "image/reduction.h"
#include "stream/filter.h"

enum weight { WEIGHT_NONE, WEIGHT_NOISE, WEIGHT_FWHM, WEIGHT_STARS, WEIGHT_EXPTIME };

struct options {
	int combine, norm, weight;
	const char *reject;
	int64_t memory;
	bool rejection_map;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "combine", OPT_ENUM, AT(combine), "", "mean", 0, 0, COMBINE_NAMES, OPT_OUTPUT,
		"what is made of the samples left at a pixel"},
	{0, "reject", OPT_TEXT, AT(reject), "", "winsor:3,3", 0, 0, REJECT_FORMS, OPT_OUTPUT,
		"which samples go: beyond L below and H above"},
	{0, "norm", OPT_ENUM, AT(norm), "", "addscale", 0, 0, NORM_NAMES, OPT_OUTPUT,
		"how frames are brought to the level of the first"},
	{0, "weight", OPT_ENUM, AT(weight), "", "none", 0, 0, "none|noise|fwhm|stars|exptime",
		OPT_OUTPUT, "by what the mean is weighted"},
	{0, "rejection-map", OPT_FLAG, AT(rejection_map), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"also counts rejected at each pixel, an image of role rejection"},
	{0, "memory", OPT_INT, AT(memory), "bytes", "2Gi", PILE_MEMORY_MIN, 1e15, NULL, 0,
		PILE_MEMORY_HELP},
	OPTIONS_END,
};

struct state {
	struct rejection rejection;
	struct spool *spool;
	struct pile *pile;
	struct reduction reduction;
	struct levels levels;
	double *quality; /* [frames] what the weights are made of: px, stars or s */
	int64_t left_out;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	struct error e;

	if (rejection_parse(o->reject, &s->rejection, &e))
		die(EXIT_USAGE, "--reject: %s", e.text);
	if (o->weight != WEIGHT_NONE && o->combine != KERN_COMBINE_MEAN)
		die(EXIT_USAGE, "--weight: is of --combine mean only");
	s->spool = spool_open();
	s->pile = pile_new(s->spool, (uint64_t)o->memory);
	s->levels.norm = (enum norm)o->norm;
	s->levels.by_noise = o->weight == WEIGHT_NOISE;
}

/* What a frame's weight is made of, by its own word; NAN if it is to be measured. */
static double quality_of(struct filter *f, const struct frame *frame)
{
	static const char *const keys[] = {NULL, "~noise", "~fwhm_px", "~star_count", "exposure_s"};
	const struct options *o = f->options;
	double value = NAN;

	if (o->weight == WEIGHT_NONE)
		return NAN;
	if (!meta_f64(filter_meta(f, frame), keys[o->weight], &value)) {
		if (o->weight == WEIGHT_NOISE)
			return NAN;
		die(EXIT_DATA, "--weight: the frame has no %s", keys[o->weight]);
	}
	if (!(value >= 0) || isinf(value) || (value == 0 && o->weight != WEIGHT_STARS))
		die(EXIT_DATA, "--weight: %s %g: must be positive", keys[o->weight], value);
	return value;
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);
	struct state *s = f->state;
	size_t at = pile_count(s->pile);
	struct pile_terms *terms;
	struct pile_frame piled;
	struct image image;
	const char *why;
	double quality;

	if (!science)
		return;
	image_view(f, science, &image);
	quality = quality_of(f, science);
	reduction_check(&s->reduction, &image);
	piled = pile_frame_of(f, &image, frames, count);
	terms = xcalloc(image.planes, sizeof(*terms));
	why = levels_find(&s->levels, &image, &piled, at == 0, quality, f->pool, terms);
	if (why) {
		warn("left out: %s", why);
		s->left_out++;
		pile_frame_drop(&piled);
	} else {
		s->quality = xrealloc(s->quality, at + 1, sizeof(*s->quality));
		s->quality[at] = quality;
		reduction_add(&s->reduction, f, science, &image);
		pile_add(s->pile, &image, &piled, terms);
	}
	free(terms);
}

/* Weights by what frames say of themselves; the worst one gets 0 for fwhm and stars. */
static void weigh_frames(struct filter *f, size_t frames, size_t planes)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	double least = INFINITY, most = -INFINITY;

	if (o->weight == WEIGHT_NONE || o->weight == WEIGHT_NOISE)
		return;
	for (size_t i = 0; i < frames; i++) {
		double q = s->quality[i];

		if (o->weight == WEIGHT_FWHM)
			s->quality[i] = q = 1 / (q * q);
		least = fmin(least, q);
		most = fmax(most, q);
	}
	for (size_t i = 0; i < frames; i++) {
		double share = most > least ? (s->quality[i] - least) / (most - least) : 1;
		double w = o->weight == WEIGHT_EXPTIME ? s->quality[i] / most
			   : o->weight == WEIGHT_STARS ? share * share
						       : share;

		for (size_t plane = 0; plane < planes; plane++)
			pile_terms_of(s->pile, i)[plane].weight = (float)w;
	}
}

static void put_results(struct filter *f, struct image *result, const uint16_t *rejected)
{
	struct image map = *result;
	struct meta own = {0};
	struct frame like = {.index = 0};

	like.flags = rejected ? 0 : FRAME_GROUP_LAST;
	image_put(f, &like, &own, result);
	meta_clear(&own);
	if (!rejected)
		return;
	map.dtype = DTYPE_U16;
	map.pixels = rejected;
	map.full_scale = 65535;
	map.display = false;
	meta_set(&own, "role", "rejection");
	like.flags = FRAME_GROUP_LAST;
	image_put(f, &like, &own, &map);
	meta_clear(&own);
}

static void finish(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t frames = pile_count(s->pile), planes = s->reduction.shape.planes;
	struct combine_strip method = {.combine = (enum kern_combine)o->combine,
		.rejection = s->rejection,
		.weighted = o->weight != WEIGHT_NONE};
	struct meta meta = {0};
	uint16_t *rejected = NULL;
	struct image result;

	if (frames == 0)
		die(EXIT_DATA, "no frame to stack: %lld came, all left out",
			(long long)s->left_out);
	if (o->rejection_map)
		rejected = xaligned(image_count(&s->reduction.shape), sizeof(*rejected));
	weigh_frames(f, frames, planes);
	filter_note(f, "frames", (int64_t)frames);
	filter_note(f, "left_out", s->left_out);
	pile_result(s->pile, f, &s->reduction.shape, &method, NULL, rejected, &result);
	reduction_meta(&s->reduction, f, &meta);
	meta_set(&meta, "expect_frames", o->rejection_map ? "2" : "1");
	filter_head(f, &meta);
	meta_clear(&meta);
	put_results(f, &result, rejected);
	free((void *)result.pixels);
	free(rejected);
}

static const struct command command = {
	.name = "stack",
	.summary = "frames of the same sky become one, outliers rejected",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.segments = SEGMENTS_JOIN,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.changes = CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.group = group,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
