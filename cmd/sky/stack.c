/* SPDX-License-Identifier: ISC */
/*
 * stack: many frames of the same sky become one. In: IMAGE frames on one pixel grid, with masks and
 * weight images in their groups if there are any. Out: one IMAGE, f32. Each frame is brought to the
 * background and scale of the first, outliers are rejected at each pixel, the rest is combined.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/pile.h"
#include "image/reduction.h"
#include "sky/normalize.h"
#include "sky/statistics.h"
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
	float *reference; /* rows of the first frame that statistics look at, plane by plane */
	struct pile_terms *terms; /* [frames][planes] */
	double *quality;	  /* [frames] what the weights are made of: px, stars or s */
	size_t size;
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

/* 1 / (factor * noise)^2: of the frame's values after normalisation. */
static double noise_weight(const struct image *i, const float *rows, double noise, float factor)
{
	size_t height = norm_sample_size(i->width, i->height) / i->width;

	if (isnan(noise))
		noise = noise_f32(rows, i->width, height, NULL);
	noise *= (double)factor;
	return noise > 0 ? 1 / (noise * noise) : NAN;
}

/* Fills the terms of all planes; false if the frame cannot be brought to the reference's level. */
static bool find_terms(struct filter *f, const struct image *i, const struct pile_frame *frame,
	double quality, struct pile_terms *terms)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t n = norm_sample_size(i->width, i->height);
	bool first = pile_count(s->pile) == 0;
	float *rows = xaligned(n, sizeof(*rows));
	const char *why = NULL;
	struct norm_terms t;

	if (first && !s->reference)
		s->reference = xaligned(n * i->planes, sizeof(*s->reference));
	for (size_t plane = 0; plane < i->planes && !why; plane++) {
		float *reference = s->reference + plane * n;

		pile_frame_rows(i, frame, plane, first ? reference : rows);
		why = normalize((enum norm)o->norm, reference, first ? reference : rows, n, first,
			f->pool, &t);
		terms[plane] = (struct pile_terms){t.factor, t.offset, 1};
		if (why || o->weight != WEIGHT_NOISE)
			continue;
		terms[plane].weight =
			(float)noise_weight(i, first ? reference : rows, quality, t.factor);
		if (!isfinite(terms[plane].weight))
			why = "its noise cannot be measured";
	}
	if (why)
		warn("left out: %s", why);
	free(rows);
	return !why;
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);
	struct state *s = f->state;
	struct pile_frame piled;
	struct image image;
	double quality;
	size_t at = pile_count(s->pile);

	if (!science)
		return;
	image_view(f, science, &image);
	if (at == s->size || !s->terms) {
		s->size = 2 * s->size + 16;
		s->terms = xrealloc(s->terms, s->size * image.planes, sizeof(*s->terms));
		s->quality = xrealloc(s->quality, s->size, sizeof(*s->quality));
	}
	quality = quality_of(f, science);
	reduction_check(&s->reduction, &image);
	piled = pile_frame_of(f, &image, frames, count);
	if (!find_terms(f, &image, &piled, quality, s->terms + at * image.planes)) {
		s->left_out++;
		pile_frame_drop(&piled);
		return;
	}
	s->quality[at] = quality;
	reduction_add(&s->reduction, f, science, &image);
	pile_add(s->pile, &image, &piled);
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
			s->terms[i * planes + plane].weight = (float)w;
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
	struct image result = s->reduction.shape;
	size_t frames = pile_count(s->pile), n = image_count(&result);
	struct combine_strip method = {.combine = (enum kern_combine)o->combine,
		.rejection = s->rejection,
		.weighted = o->combine == KERN_COMBINE_MEAN &&
			    (o->weight != WEIGHT_NONE || pile_has_weights(s->pile))};
	struct combine_counts counts;
	struct meta meta = {0};
	uint16_t *rejected = NULL;
	float *out;

	if (frames == 0)
		die(EXIT_DATA, "no frame to stack: %lld came, all left out",
			(long long)s->left_out);
	out = xaligned(n, sizeof(*out));
	if (o->rejection_map)
		rejected = xaligned(n, sizeof(*rejected));
	weigh_frames(f, frames, result.planes);
	pile_combine(s->pile, &method, s->terms, NULL, out, rejected, &counts, f->pool);
	result.dtype = DTYPE_F32;
	result.pixels = out;
	if (o->combine == KERN_COMBINE_SUM)
		result.full_scale *= (double)frames;
	reduction_meta(&s->reduction, f, &meta);
	meta_set(&meta, "expect_frames", o->rejection_map ? "2" : "1");
	filter_head(f, &meta);
	meta_clear(&meta);
	put_results(f, &result, rejected);
	filter_note(f, "frames", (int64_t)frames);
	filter_note(f, "left_out", s->left_out);
	filter_note(f, "samples", (int64_t)counts.samples);
	filter_note(f, "rejected_low", (int64_t)counts.low);
	filter_note(f, "rejected_high", (int64_t)counts.high);
	free(out);
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
