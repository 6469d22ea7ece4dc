/* SPDX-License-Identifier: ISC */
/*
 * master: bias, dark or flat frames become the one that fits-calibrate wants. In: IMAGE frames of
 * one kind. Out: one IMAGE, f32, their mean without outliers. Flats are brought to the level of the
 * first one before; a master bias may be subtracted from each frame.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/file.h"
#include "image/levels.h"
#include "image/reduction.h"
#include "stream/filter.h"

enum kind { KIND_AUTO, KIND_BIAS, KIND_DARK, KIND_FLAT };

static const char *const kind_words[] = {"", "bias", "dark", "flat"};

struct options {
	int kind, combine, norm;
	const char *reject, *bias;
	int64_t memory;
};

#define AT(member) offsetof(struct options, member)

/* In --norm, mul and add stand as in NORM_NAMES after auto and none. */
enum { NORM_OPTION_AUTO, NORM_OPTION_NONE };

static const struct option options[] = {
	{0, "kind", OPT_ENUM, AT(kind), "", "auto", 0, 0, "auto|bias|dark|flat", OPT_OUTPUT,
		"of the frames; auto = as their IMAGETYP cards say"},
	{0, "combine", OPT_ENUM, AT(combine), "", "mean", 0, 0, COMBINE_NAMES, OPT_OUTPUT,
		"what is made of the samples left at a pixel"},
	{0, "reject", OPT_TEXT, AT(reject), "", "winsor:3,3", 0, 0, REJECT_FORMS, OPT_OUTPUT,
		"which samples go: beyond L below and H above"},
	{0, "norm", OPT_ENUM, AT(norm), "", "auto", 0, 0, "auto|none|add|mul", OPT_OUTPUT,
		"how frames are brought to the level of the first; auto = mul for flats, else "
		"none"},
	{0, "bias", OPT_TEXT, AT(bias), "", NULL, 0, 0, "FILE", OPT_OUTPUT | OPT_FILE,
		"a master bias, subtracted from each frame first"},
	{0, "memory", OPT_INT, AT(memory), "bytes", "2Gi", PILE_MEMORY_MIN, 1e15, NULL, 0,
		PILE_MEMORY_HELP},
	OPTIONS_END,
};

struct state {
	struct rejection rejection;
	struct spool *spool;
	struct pile *pile;
	struct reduction reduction;
	enum kind kind;
	struct levels levels;
	float *bias; /* [planes][height][width] and COMBINE_SLACK, or NULL */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	struct error e;

	if (rejection_parse(o->reject, &s->rejection, &e))
		die(EXIT_USAGE, "--reject: %s", e.text);
	if (o->bias && o->kind == KIND_BIAS)
		die(EXIT_USAGE, "--bias: is for darks and flats, not for --kind bias");
	s->spool = spool_open();
	s->pile = pile_new(s->spool, (uint64_t)o->memory);
}

/* What a card such as "IMAGETYP= 'Dark Frame'" says; KIND_AUTO if nothing that is known. */
static enum kind kind_of_card(const char *card)
{
	static const char *const names[] = {"IMAGETYP=", "FRAMETYP=", "FRAME   ="};
	enum kind found = KIND_AUTO;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!starts_with(card, names[i]))
			continue;
		if (strcasestr(card + 9, "bias") || strcasestr(card + 9, "zero") ||
			strcasestr(card + 9, "offset"))
			found = KIND_BIAS;
		else if (strcasestr(card + 9, "dark"))
			found = strcasestr(card + 9, "flat") ? KIND_AUTO : KIND_DARK;
		else if (strcasestr(card + 9, "flat"))
			found = KIND_FLAT;
	}
	return found;
}

static enum kind kind_of(const struct meta *meta)
{
	enum kind found = KIND_AUTO;
	const char *card;

	for (size_t at = 0; found == KIND_AUTO && (card = meta_next(meta, "fits.card", &at));)
		found = kind_of_card(card);
	return found;
}

/* The kind of the master, by the option or by what all frames say. */
static void follow_kind(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	enum kind kind = o->kind ? (enum kind)o->kind : kind_of(filter_meta(f, frame));

	if (kind == KIND_AUTO)
		die(EXIT_DATA,
			"the frame does not say whether it is a bias, dark or flat (IMAGETYP): "
			"use --kind");
	if (s->kind != KIND_AUTO && s->kind != kind)
		die(EXIT_DATA,
			"a %s after frames that say %s (IMAGETYP): use --kind if they are alike",
			kind_words[kind], kind_words[s->kind]);
	if (kind == KIND_BIAS && o->bias)
		die(EXIT_DATA, "--bias: the frames are biases themselves");
	s->kind = kind;
}

static void load_bias(struct filter *f, const struct image *like)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct image bias;
	struct meta meta = {0};
	size_t n = image_count(like);

	image_file_one("--bias", o->bias, f->pool, &bias, &meta);
	if (bias.planes != like->planes || bias.height != like->height || bias.width != like->width)
		die(EXIT_DATA,
			"--bias: %s is %zux%zux%zu, the frames are %zux%zux%zu (planes, height, "
			"width)",
			base_name(o->bias), bias.planes, bias.height, bias.width, like->planes,
			like->height, like->width);
	s->bias = xaligned(n * sizeof(float) + COMBINE_SLACK, 1);
	image_f32(&bias, s->bias, f->pool);
	memset(s->bias + n, 0, COMBINE_SLACK);
	free((void *)bias.pixels);
	meta_clear(&meta);
}

static enum norm norm_of(const struct options *o, enum kind kind)
{
	if (o->norm == NORM_OPTION_AUTO)
		return kind == KIND_FLAT ? NORM_MUL : NORM_NONE;
	return (enum norm)(o->norm - NORM_OPTION_NONE);
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);
	const struct options *o = f->options;
	struct state *s = f->state;
	struct pile_terms *terms;
	struct pile_frame piled;
	struct image image;
	const char *why;

	if (!science)
		return;
	follow_kind(f, science);
	image_view(f, science, &image);
	reduction_check(&s->reduction, &image);
	if (o->bias && !s->bias)
		load_bias(f, &image);
	s->levels.norm = norm_of(o, s->kind);
	s->levels.base = s->bias;
	piled = pile_frame_of(f, &image, frames, count);
	terms = xcalloc(image.planes, sizeof(*terms));
	why = levels_find(&s->levels, &image, &piled, pile_count(s->pile) == 0, NAN, f->pool, terms);
	if (why)
		die(EXIT_DATA, "the frame cannot be brought to the level of the first: %s", why);
	reduction_add(&s->reduction, f, science, &image);
	pile_add(s->pile, &image, &piled, terms);
	free(terms);
}

/* The card that says what kind of frame it is now says so of the master. */
static void rename_kind(struct meta *meta, enum kind kind)
{
	static const char *const cards[] = {NULL, "IMAGETYP= 'Master Bias'",
		"IMAGETYP= 'Master Dark'", "IMAGETYP= 'Master Flat'"};
	struct meta renamed = {0};

	for (size_t i = 0; i < meta->count; i++)
		if (strcmp(meta->item[i].key, "fits.card") != 0 ||
			kind_of_card(meta->item[i].value) == KIND_AUTO)
			meta_add(&renamed, meta->item[i].key, meta->item[i].value);
	meta_add(&renamed, "fits.card", cards[kind]);
	meta_copy(meta, &renamed);
	meta_clear(&renamed);
}

static void finish(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct combine_strip method = {
		.combine = (enum kern_combine)o->combine, .rejection = s->rejection};
	struct meta meta = {0};
	struct image result;

	if (pile_count(s->pile) == 0)
		die(EXIT_DATA, "no frame came");
	filter_note(f, "frames", (int64_t)pile_count(s->pile));
	pile_result(s->pile, f, &s->reduction.shape, &method, s->bias, NULL, &result);
	reduction_meta(&s->reduction, f, &meta);
	rename_kind(&meta, s->kind);
	meta_set(&meta, "expect_frames", "1");
	filter_head(f, &meta);
	meta_clear(&meta);
	image_put_alone(f, 0, &meta, &result);
	meta_clear(&meta);
	free((void *)result.pixels);
}

static const struct command command = {
	.name = "master",
	.summary = "bias, dark or flat frames become a master frame",
	.operands = "",
	.example = "--kind dark",
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
