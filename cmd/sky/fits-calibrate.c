/* SPDX-License-Identifier: ISC */
/*
 * fits-calibrate: raw frames made linear in light. In: IMAGE, or FITS files. Out: for each image an
 * f32 one, (light - bias - k (dark - bias)) c / flat + pedestal, its defects mended. The masters
 * are made ready once, at the first image; each frame is one pass over its rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/file.h"
#include "image/calibrator.h"
#include "image/members.h"

struct options {
	const char *bias, *dark, *flat, *dark_scale, *trim;
	bool equalize;
	double hot, cold, pedestal;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "bias", OPT_TEXT, AT(bias), "FILE", NULL, 0, 0, NULL, OPT_OUTPUT | OPT_FILE,
		"master bias"},
	{0, "dark", OPT_TEXT, AT(dark), "FILE", NULL, 0, 0, NULL, OPT_OUTPUT | OPT_FILE,
		"master dark, which still holds its bias"},
	{0, "flat", OPT_TEXT, AT(flat), "FILE", NULL, 0, 0, NULL, OPT_OUTPUT | OPT_FILE,
		"master flat, without bias"},
	{0, "dark-scale", OPT_TEXT, AT(dark_scale), "", "none", 0, 0, "none|exp|auto|K", OPT_OUTPUT,
		"what dark - bias is multiplied by: 1, by exposures, for least noise, 0 to 10"},
	{0, "equalize-cfa", OPT_FLAG, AT(equalize), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"a coloured flat leaves the colours of a mosaic as they were"},
	{0, "hot", OPT_REAL, AT(hot), "sigma", "0", 0, 1e6, NULL, OPT_OUTPUT,
		"mend pixels so far above the dark's median; 0 = none"},
	{0, "cold", OPT_REAL, AT(cold), "sigma", "0", 0, 1e6, NULL, OPT_OUTPUT,
		"mend pixels so far below the dark's median; 0 = none"},
	{0, "pedestal", OPT_REAL, AT(pedestal), "adu", "0", -1e9, 1e9, NULL, OPT_OUTPUT,
		"add this at the end"},
	{0, "trim", OPT_TEXT, AT(trim), "", NULL, 0, 0, "auto|X,Y,W,H", OPT_OUTPUT,
		"keep only this part; auto: as TRIMSEC says, BIASSEC's median subtracted"},
	OPTIONS_END,
};

struct state {
	struct calibrator calibrator;
	uint64_t dropped; /* members of groups, in this segment */
};

static void parse_scale(struct calibrator *c, const char *text)
{
	static const char *const words[] = {"none", "exp", "auto"};

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, words[i])) {
			c->scale = (enum dark_scale)i;
			return;
		}
	c->scale = SCALE_GIVEN;
	if (!parse_f64(text, false, &c->given_scale) || c->given_scale < 0 || c->given_scale > 10)
		die(EXIT_USAGE, "--dark-scale: '%s': must be none, exp, auto or a number 0 to 10",
			text);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));
	struct calibrator *c = &s->calibrator;

	c->bias = (struct master){.option = "--bias", .path = o->bias};
	c->dark = (struct master){.option = "--dark", .path = o->dark};
	c->flat = (struct master){.option = "--flat", .path = o->flat};
	parse_scale(c, o->dark_scale);
	c->trims = o->trim != NULL;
	c->trims_by_cards = o->trim && !strcmp(o->trim, "auto");
	if (c->trims && !c->trims_by_cards && !section_parse(o->trim, &c->part))
		die(EXIT_USAGE, "--trim: '%s': must be auto or X,Y,W,H", o->trim);
	if (c->scale != SCALE_NONE && (!o->bias || !o->dark))
		die(EXIT_USAGE, "--dark-scale: %s: needs --dark and --bias", o->dark_scale);
	if ((o->hot > 0 || o->cold > 0) && !o->dark)
		die(EXIT_USAGE, "--hot, --cold: need --dark");
	if (o->equalize && !o->flat)
		die(EXIT_USAGE, "--equalize-cfa: needs --flat");
	if (!o->bias && !o->dark && !o->flat && !o->trim && o->pedestal == 0)
		die(EXIT_USAGE, "nothing to do: give --bias, --dark, --flat, --trim or --pedestal");
	c->equalize = o->equalize;
	c->hot = o->hot;
	c->cold = o->cold;
	c->pedestal = o->pedestal;
	/* "-" is standard input, as it is without operands. */
	if (f->operand_count > 0 && (f->operand_count > 1 || strcmp(f->operands[0], "-") != 0)) {
		filter_become_source(f);
		f->sandbox = (struct sandbox){.read_paths = (const char *const *)f->operands,
			.read_count = (size_t)f->operand_count};
	}
}

static struct calibrator *calibrator_of(struct filter *f)
{
	return &((struct state *)f->state)->calibrator;
}

static void load_masters(struct filter *f)
{
	struct calibrator *c = calibrator_of(f);

	c->pool = f->pool;
	master_load(&c->bias, f->pool);
	master_load(&c->dark, f->pool);
	master_load(&c->flat, f->pool);
}

static void add_notes(struct filter *f)
{
	const struct state *s = f->state;
	const struct calibrator *c = &s->calibrator;

	if (s->dropped > 0)
		filter_note(f, "dropped", (int64_t)s->dropped);
	if (c->defects.count > 0) {
		filter_note(f, "hot", (int64_t)c->defects.hot);
		filter_note(f, "cold", (int64_t)c->defects.cold);
	}
	if (c->holes > 0)
		filter_note(f, "flat_holes", (int64_t)c->holes);
	if (c->negative_frames > 0)
		filter_note(f, "negative_frames", (int64_t)c->negative_frames);
}

/*
 * Of a stream.
 */

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;
	struct calibrator *c = &s->calibrator;

	(void)in;
	if (!c->pool)
		load_masters(f);
	c->negative_frames = 0;
	s->dropped = 0;
	if (c->trims)
		meta_drop_scope(out, '%');
}

/* What belongs to an image is cut as it is. */
static void cut_member(struct filter *f, const struct frame *frame, const struct section *part)
{
	const struct meta *meta = filter_meta(f, frame);
	struct meta own = {0};
	struct image image;

	image_view(f, frame, &image);
	if (!section_fits(part, &image))
		die(EXIT_DATA, "--trim: a member of the group has only %zu x %zu pixels",
			image.width, image.height);
	image.pixels = section_cut(part, &image);
	image.height = part->height;
	image.width = part->width;
	filter_own_meta(f, frame, &own);
	section_meta(&own, meta, part);
	image_put(f, frame, &own, &image);
	free((void *)image.pixels);
	meta_clear(&own);
}

static void put_science(struct filter *f, const struct frame *frame)
{
	struct calibrator *c = calibrator_of(f);
	const struct meta *meta = filter_meta(f, frame);
	struct image image, out;
	struct meta own = {0};

	image_view(f, frame, &image);
	filter_own_meta(f, frame, &own);
	calibrator_frame(c, &image, meta, &out, &own);
	image_put(f, frame, &own, &out);
	meta_clear(&own);
}

static void put_member(struct filter *f, const struct frame *frame, void *part)
{
	if (is_science(f, frame))
		put_science(f, frame);
	else if (frame->kind == KIND_IMAGE)
		cut_member(f, frame, part);
	else
		filter_put(f, frame);
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	struct state *s = f->state;
	const struct calibrator *c = &s->calibrator;
	const struct frame *science = science_of(f, frames, count);
	struct section part;
	struct image image;

	if (science && c->trims) {
		image_view(f, science, &image);
		part = calibrator_part(c, &image, filter_meta(f, science));
		s->dropped += members_each(f, frames, count, put_member, &part);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (&frames[i] == science)
			put_science(f, &frames[i]);
		else
			filter_forward(f, &frames[i]);
}

static void end(struct filter *f, const struct meta *of_input)
{
	(void)of_input;
	add_notes(f);
}

/*
 * Of files.
 */

static void put_images(struct filter *f, const char *path, int64_t *index)
{
	struct calibrator *c = calibrator_of(f);
	struct image_file_options how = {-1, false, f->pool};
	struct image_file *file;
	const struct meta *meta;
	struct meta own = {0};
	struct image image, out;
	struct error e;
	bool there;

	if (image_file_open(&file, path, &how, &e))
		die_with(&e);
	for (;;) {
		if (image_file_next(file, &image, &meta, &there, &e))
			die_with(&e);
		if (!there)
			break;
		if (image.role != IMAGE_SCIENCE)
			continue;
		meta_copy(&own, meta);
		meta_drop_scope(&own, '~');
		err_at_file(path);
		calibrator_frame(c, &image, meta, &out, &own);
		err_nowhere();
		image_put_alone(f, (*index)++, &own, &out);
	}
	meta_clear(&own);
	image_file_close(file);
}

static void run(struct filter *f)
{
	struct meta head = {0};
	int64_t index = 0;

	load_masters(f);
	meta_setf(&head, "expect_frames", "%d", f->operand_count);
	filter_head(f, &head);
	meta_clear(&head);
	for (int i = 0; i < f->operand_count; i++)
		put_images(f, f->operands[i], &index);
	add_notes(f);
}

static const struct command command = {
	.name = "fits-calibrate",
	.summary = "calibrate raw frames with bias, dark and flat",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "--pedestal 100",
	.role = ROLE_FILTER,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.unit_in = "adu",
	.unit_out = "adu",
	.changes = CHANGES_VALUES,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
	.head = head,
	.group = group,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
