/* SPDX-License-Identifier: ISC */
/*
 * channel-align: images through several filters put on the grid of one. In: IMAGE of one plane each
 * (of three, the second is measured). Out: the same as f32, each resampled once so that its stars
 * lie where the reference's do; the reference itself stays in its place. All are held until the
 * last has come. A channel whose stars do not match is an error, not left out as register does.
 */
#include <string.h>

#include "image/cards.h"
#include "image/members.h"
#include "image/store.h"
#include "image/warped.h"
#include "sky/channels.h"

struct options {
	const char *ref;
	int model, interp;
	int64_t memory;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "ref", OPT_TEXT, AT(ref), "", NULL, 0, 0, "NAME", OPT_OUTPUT,
		"filter of the image others are put upon; else it is the first"},
	{0, "model", OPT_ENUM, AT(model), "", "homography", 0, 0, MODEL_NAMES, OPT_OUTPUT,
		"what may differ between channels; a similarity where stars are few"},
	{0, "interp", OPT_ENUM, AT(interp), "", "lanczos4", 0, 0, WARP_NAMES, OPT_OUTPUT,
		"how values between pixels are found"},
	{0, "memory", OPT_INT, AT(memory), "bytes", "2Gi", 0, 1e15, NULL, 0,
		"of images held in memory; others go to a file"},
	OPTIONS_END,
};

struct aligning {
	struct store *store;
	struct image_warper *warper;
	char ref[CHANNEL_NAME];
	/* of the segment */
	size_t reference, dropped; /* its group */
	bool found;
	struct align_stars stars; /* the reference's */
	size_t width, height;
	struct meta geometry;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct aligning *a = f->state = xcalloc(1, sizeof(*a));

	if (o->ref && !channel_name(o->ref, a->ref))
		die(EXIT_USAGE, "--ref: '%s': must be a name of 1 to %d letters and digits", o->ref,
			CHANNEL_NAME - 1);
	a->store = store_new((uint64_t)o->memory);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct aligning *a = f->state;

	(void)in;
	(void)out;
	if (!a->warper) /* the pool is there only now */
		a->warper = image_warper_new((enum warp_interp)o->interp, f->pool);
	a->reference = a->dropped = 0;
	a->found = false;
}

static const char *name_of(struct filter *f, const struct frame *frame, char name[CHANNEL_NAME])
{
	const char *filter = meta_get(filter_meta(f, frame), "filter");

	return filter && channel_name(filter, name) ? name : "without a name";
}

static void hold(struct filter *f, const struct frame *frames, size_t count)
{
	struct aligning *a = f->state;
	const struct frame *science = members_science(f, frames, count);
	char name[CHANNEL_NAME];
	struct image image;

	image_view(f, science, &image);
	image_warper_check(&image, filter_meta(f, science));
	if (*a->ref && !strcmp(name_of(f, science, name), a->ref)) {
		if (a->found)
			die(EXIT_DATA, "--ref: channel %s comes twice", a->ref);
		a->found = true;
		a->reference = store_count(a->store);
	}
	store_add(a->store, frames, count);
}

/* An image of any role, on the reference's grid; what is no image as it is. */
static void put_warped(struct filter *f, const struct frame *frame, void *arg)
{
	const struct transform *t = arg;
	struct aligning *a = f->state;
	struct image image, out;
	struct meta own = {0};

	if (frame->kind != KIND_IMAGE) {
		filter_put(f, frame);
		return;
	}
	image_view(f, frame, &image);
	image_warp(a->warper, &image, t, a->width, a->height, &out);
	filter_own_meta(f, frame, &own);
	meta_overlay(&own, &a->geometry);
	image_put(f, frame, &own, &out);
	meta_clear(&own);
}

static void set_reference(struct filter *f)
{
	struct aligning *a = f->state;
	size_t count;
	const struct frame *frames = store_get(a->store, a->reference, &count);
	const struct frame *science = science_of(f, frames, count);
	struct image image;

	image_view(f, science, &image);
	a->width = image.width;
	a->height = image.height;
	meta_clear(&a->geometry);
	cards_copy_geometry(&a->geometry, filter_meta(f, science), 0, 0, 1);
	image_warper_find(a->warper, &image, &a->stars);
	image_warper_stars(a->warper, a->stars.fwhm_px);
}

static void align(struct filter *f, const struct frame *frames, size_t count)
{
	const struct options *o = f->options;
	struct aligning *a = f->state;
	const struct frame *science = science_of(f, frames, count);
	struct align_stars stars;
	struct match match;
	char name[CHANNEL_NAME];
	struct image image;
	const char *why;

	image_view(f, science, &image);
	image_warper_find(a->warper, &image, &stars);
	why = align_match(&a->stars, &stars, (enum transform_model)o->model, &match);
	if (why)
		die(EXIT_DATA, "channel %s: %s (it has %zu, the reference %zu)",
			name_of(f, science, name), why, stars.count, a->stars.count);
	note("channel %s: %zu stars, %.3f px rms", name_of(f, science, name), match.inliers,
		match.rms_px);
	a->dropped += members_each(f, frames, count, put_warped, &match.transform);
	align_stars_free(&stars);
}

static void end(struct filter *f, const struct meta *end_meta)
{
	struct transform identity = transform_identity;
	struct aligning *a = f->state;
	size_t n = store_count(a->store), count;

	(void)end_meta;
	if (n == 0)
		return;
	if (*a->ref && !a->found)
		die(EXIT_DATA, "--ref: channel %s is missing", a->ref);
	set_reference(f);
	for (size_t i = 0; i < n; i++) {
		const struct frame *frames = store_get(a->store, i, &count);

		err_at_frame(frames[0].seq, frames[0].index);
		if (i == a->reference)
			a->dropped += members_each(f, frames, count, put_warped, &identity);
		else
			align(f, frames, count);
	}
	err_nowhere();
	if (a->dropped > 0)
		filter_note(f, "dropped", (int64_t)a->dropped);
	align_stars_free(&a->stars);
	store_clear(a->store);
}

static const struct command command = {
	.name = "channel-align",
	.summary = "put images through several filters on the grid of one",
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
	.group = hold,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
