/* SPDX-License-Identifier: ISC */
/*
 * register: frames of the sky put on one grid. In: IMAGE of one plane or several (the second of
 * three is measured). Out: the same frames as f32, resampled so that each star is at one place in
 * all of them. Stars are found and matched with the reference's, the transform is fitted, the frame
 * resampled once. With --ref first and --frame ref a frame goes out as it comes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/outfile.h"
#include "image/cards.h"
#include "image/file.h"
#include "image/members.h"
#include "image/store.h"
#include "image/warped.h"
#include "sky/framing.h"

#define REFERENCE_STARS_MIN 10
#define BEST_STARS_SHARE 0.8 /* of the most stars: a frame with fewer is not the best one */

struct options {
	int model, interp, frame;
	const char *ref, *transforms_out;
	double scale;
	int64_t memory;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "model", OPT_ENUM, AT(model), "", "homography", 0, 0, MODEL_NAMES, OPT_OUTPUT,
		"what may differ between frames; a similarity where stars are few"},
	{0, "ref", OPT_TEXT, AT(ref), "", "first", 0, 0, "first|best|FILE", OPT_OUTPUT | OPT_FILE,
		"the frame others are put upon: the first with 10 stars, the sharpest, an image"},
	{0, "interp", OPT_ENUM, AT(interp), "", "lanczos4", 0, 0, WARP_NAMES, OPT_OUTPUT,
		"how values between pixels are found"},
	{0, "frame", OPT_ENUM, AT(frame), "", "ref", 0, 0, "ref|min|max", OPT_OUTPUT,
		"the grid: the reference's, what all frames have in common, what any has"},
	{0, "scale", OPT_REAL, AT(scale), "", "1", 0.5, 4, NULL, OPT_OUTPUT,
		"pixels of the grid to one of the reference"},
	{0, "transforms-out", OPT_TEXT, AT(transforms_out), "", NULL, 0, 0, NULL, 0,
		"write a table of the transforms to this file"},
	{0, "memory", OPT_INT, AT(memory), "bytes", "2Gi", 0, 1e15, NULL, 0,
		"frames held in memory by --ref best, --frame min and max; others go to a file"},
	OPTIONS_END,
};

struct reference {
	struct align_stars stars;
	struct meta meta;
	size_t width, height;
	bool known;
};

/* A frame that has been measured and matched. */
struct measured {
	struct align_stars stars;
	struct match match;
	size_t width, height;
	const char *why; /* it is rejected, or NULL */
};

struct registering {
	struct reference reference;
	enum transform_model model;
	bool reference_is_file, wants_best, holds;
	struct image_warper *warper;
	struct store *store;
	struct measured *measured; /* of the store's groups */
	size_t measured_size, most_stars;
	struct grid grid;
	bool has_grid;
	uint64_t frames, rejected, dropped, all, kept; /* all and kept of all segments */
	struct str table;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct registering *r = f->state = xcalloc(1, sizeof(*r));

	r->model = (enum transform_model)o->model;
	r->wants_best = !strcmp(o->ref, "best");
	r->reference_is_file = strcmp(o->ref, "first") != 0 && !r->wants_best;
	r->holds = r->wants_best || o->frame != FRAMING_REFERENCE;
	if (r->holds)
		r->store = store_new((uint64_t)o->memory);
	if (o->transforms_out) {
		outfile_check(o->transforms_out, false);
		f->sandbox.write_beneath = folder_of(o->transforms_out);
		str_add(&r->table, "# frame index m0 m1 m2 m3 m4 m5 m6 m7 m8 pairs inliers rms_px "
				   "stars fwhm_px\n");
	}
}

static void set_grid(struct filter *f, const struct framed *frames, size_t n)
{
	const struct options *o = f->options;
	struct registering *r = f->state;

	if (!r->has_grid && !framing_grid((enum framing)o->frame, o->scale, r->reference.width,
				    r->reference.height, frames, n, WARP_SIDE_MAX, &r->grid))
		die(EXIT_DATA, "--frame: no area in common, or one over %d times the reference's",
			FRAMING_AREA_MOST);
	r->has_grid = true;
}

static void read_reference(struct filter *f)
{
	const struct options *o = f->options;
	struct registering *r = f->state;
	struct image image;

	image_file_one("--ref", o->ref, f->pool, &image, &r->reference.meta);
	image_warper_check(&image, &r->reference.meta);
	image_warper_find(r->warper, &image, &r->reference.stars);
	r->reference.width = image.width;
	r->reference.height = image.height;
	r->reference.known = true;
	image_warper_stars(r->warper, r->reference.stars.fwhm_px);
	free((void *)image.pixels);
	if (r->reference.stars.count < REFERENCE_STARS_MIN)
		die(EXIT_DATA, "--ref %s: too few stars: %zu, must be %d", base_name(o->ref),
			r->reference.stars.count, REFERENCE_STARS_MIN);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct registering *r = f->state;

	(void)in;
	meta_remove(out, "unit");
	if (!r->warper) /* the pool is there only now */
		r->warper = image_warper_new((enum warp_interp)o->interp, f->pool);
	r->frames = r->rejected = r->dropped = r->most_stars = 0;
	if (r->reference_is_file && !r->reference.known)
		read_reference(f);
}

static void take_reference(struct filter *f, const struct frame *frame, struct measured *m)
{
	struct registering *r = f->state;
	struct align_stars stars = m->stars;

	meta_copy(&r->reference.meta, filter_meta(f, frame));
	r->reference.stars = stars;
	r->reference.width = m->width;
	r->reference.height = m->height;
	r->reference.known = true;
	image_warper_stars(r->warper, stars.fwhm_px);
	m->stars = (struct align_stars){
		.fwhm_px = stars.fwhm_px, .count = stars.count, .found = stars.found};
	m->match = (struct match){
		.transform = transform_identity, .pairs = stars.count, .inliers = stars.count};
	m->why = NULL;
}

static void reject(struct filter *f, const struct frame *frame, const struct measured *m)
{
	struct registering *r = f->state;
	const char *object = meta_get(filter_meta(f, frame), "object");

	err_at_frame(frame->seq, frame->index);
	warn("%s%srejected: %s (%zu found)", object ? object : "", object ? ": " : "", m->why,
		m->stars.count);
	r->rejected++;
}

static void add_row(struct registering *r, int64_t index, const struct measured *m)
{
	char number[NUMBER_TEXT];

	str_addf(&r->table, "%llu %lld", (unsigned long long)r->frames - 1, (long long)index);
	for (int i = 0; i < 9; i++)
		str_addf(&r->table, " %.12g", m->match.transform.m[i]);
	str_addf(&r->table, " %zu %zu %.4f %zu %s\n", m->match.pairs, m->match.inliers,
		m->match.rms_px, m->stars.count, format_f32(number, (float)m->stars.fwhm_px));
}

/* An image of any role, on the grid; what is no image as it is. */
static void put_warped(struct filter *f, const struct frame *frame, void *arg)
{
	const struct measured *m = arg;
	struct registering *r = f->state;
	struct transform t = framing_transform(&r->grid, &m->match.transform);
	struct image image, result;
	struct meta own = {0};

	if (frame->kind != KIND_IMAGE) {
		filter_put(f, frame);
		return;
	}
	image_view(f, frame, &image);
	if (image.width != m->width || image.height != m->height)
		die(EXIT_DATA, "a member of %zu x %zu in the group of an image of %zu x %zu",
			image.width, image.height, m->width, m->height);
	image_warp(r->warper, &image, &t, r->grid.width, r->grid.height, &result);
	filter_own_meta(f, frame, &own);
	cards_copy_geometry(&own, &r->reference.meta, r->grid.left, r->grid.top, r->grid.scale);
	if (image.role == IMAGE_SCIENCE) {
		meta_setf(&own, "~star_count", "%zu", m->stars.found);
		if (isfinite(m->stars.fwhm_px))
			meta_setf(&own, "~fwhm_px", "%.4g", m->stars.fwhm_px * r->grid.scale);
	}
	image_put(f, frame, &own, &result);
	meta_clear(&own);
}

static void put_group(
	struct filter *f, const struct frame *frames, size_t count, struct measured *m)
{
	struct registering *r = f->state;

	r->kept++;
	add_row(r, frames->index, m);
	r->dropped += members_each(f, frames, count, put_warped, m);
}

static void keep_for_later(
	struct registering *r, const struct frame *frames, size_t count, const struct measured *m)
{
	size_t group = store_count(r->store);

	store_add(r->store, frames, count);
	if (group == r->measured_size)
		r->measured = xrealloc(
			r->measured, r->measured_size = 2 * group + 16, sizeof(*r->measured));
	r->measured[group] = *m;
	if (m->stars.found > r->most_stars)
		r->most_stars = m->stars.found;
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	struct registering *r = f->state;
	const struct frame *science = members_science(f, frames, count);
	struct measured m = {0};
	struct image image;

	image_view(f, science, &image);
	image_warper_check(&image, filter_meta(f, science));
	r->frames++;
	image_warper_find(r->warper, &image, &m.stars);
	m.width = image.width;
	m.height = image.height;
	if (r->holds) {
		keep_for_later(r, frames, count, &m);
		return;
	}
	if (r->reference.known)
		m.why = align_match(&r->reference.stars, &m.stars, r->model, &m.match);
	else if (m.stars.count < REFERENCE_STARS_MIN)
		m.why = "too few stars for a reference";
	else
		take_reference(f, science, &m);
	if (r->reference.known)
		set_grid(f, NULL, 0);
	if (m.why)
		reject(f, science, &m);
	else
		put_group(f, frames, count, &m);
	align_stars_free(&m.stars);
}

/* Whether the i-th of those held is a better reference than the one chosen of those before. */
static bool is_better(const struct registering *r, size_t i, size_t chosen)
{
	const struct align_stars *s = &r->measured[i].stars;

	if (s->count < REFERENCE_STARS_MIN || (chosen != SIZE_MAX && !r->wants_best))
		return false;
	if ((double)s->found < BEST_STARS_SHARE * (double)r->most_stars && r->wants_best)
		return false;
	return chosen == SIZE_MAX || s->fwhm_px < r->measured[chosen].stars.fwhm_px;
}

static void put_held(struct filter *f)
{
	struct registering *r = f->state;
	size_t n = store_count(r->store), count, kept = 0;
	size_t chosen = SIZE_MAX;
	struct framed *framed = xcalloc(n, sizeof(*framed));
	const struct frame *frames;

	for (size_t i = 0; i < n && !r->reference.known; i++)
		if (is_better(r, i, chosen))
			chosen = i;
	if (chosen != SIZE_MAX) {
		frames = store_get(r->store, chosen, &count);
		take_reference(f, science_of(f, frames, count), &r->measured[chosen]);
	}
	for (size_t i = 0; i < n; i++) {
		struct measured *m = &r->measured[i];

		if (!r->reference.known)
			m->why = "too few stars for a reference";
		else if (i != chosen)
			m->why = align_match(&r->reference.stars, &m->stars, r->model, &m->match);
		if (!m->why)
			framed[kept++] = (struct framed){m->match.transform, m->width, m->height};
	}
	if (kept > 0)
		set_grid(f, framed, kept);
	for (size_t i = 0; i < n; i++) {
		struct measured *m = &r->measured[i];

		frames = store_get(r->store, i, &count);
		r->frames = i + 1;
		if (m->why)
			reject(f, science_of(f, frames, count), m);
		else
			put_group(f, frames, count, m);
		align_stars_free(&m->stars);
	}
	err_nowhere();
	free(framed);
	store_clear(r->store);
}

static void end(struct filter *f, const struct meta *end_meta)
{
	struct registering *r = f->state;

	(void)end_meta;
	if (r->holds)
		put_held(f);
	r->all += r->frames;
	if (r->rejected > 0)
		filter_note(f, "rejected", (int64_t)r->rejected);
	if (r->dropped > 0)
		filter_note(f, "dropped", (int64_t)r->dropped);
}

static void finish(struct filter *f)
{
	const struct registering *r = f->state;
	const struct options *o = f->options;
	struct outfile *out;

	if (r->all > 0 && r->kept == 0)
		die(EXIT_DATA, "no frame could be registered: all %llu were rejected",
			(unsigned long long)r->all);
	if (o->transforms_out) {
		out = outfile_open(o->transforms_out, false);
		outfile_write(out, r->table.p, r->table.len);
		outfile_commit(out);
	}
}

static const struct command command = {
	.name = "register",
	.summary = "put frames of the sky on one grid by their stars",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.changes = CHANGES_SHAPE | CHANGES_VALUES,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.group = group,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
