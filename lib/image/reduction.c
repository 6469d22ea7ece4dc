/* SPDX-License-Identifier: ISC */
#include "image/reduction.h"

#include <string.h>

#include "base/mem.h"

static bool is_card(const char *key)
{
	return !strcmp(key, "fits.card") || !strcmp(key, "%fits.card");
}

static void remove_cards(struct meta *meta)
{
	meta_remove(meta, "fits.card");
	meta_remove(meta, "%fits.card");
}

void reduction_check(const struct reduction *r, const struct image *image)
{
	const struct image *first = &r->shape;

	if (r->tally.frames == 0)
		return;
	if (image->planes != first->planes || image->height != first->height ||
		image->width != first->width)
		die(EXIT_DATA,
			"an image of %zux%zux%zu after images of %zux%zux%zu (planes, height, "
			"width): all must have one shape",
			image->planes, image->height, image->width, first->planes, first->height,
			first->width);
	if (image->display != first->display)
		die(EXIT_DATA,
			"an image of unit %s after images of unit %s: all must have one unit",
			image->display ? "display" : "adu", first->display ? "display" : "adu");
	if (image->full_scale != first->full_scale)
		die(EXIT_DATA,
			"an image of full_scale %.9g after images of full_scale %.9g: all "
			"must have one",
			image->full_scale, first->full_scale);
}

/* What stands in HEAD only, or is said anew of the result. */
static void remove_particular(struct meta *meta)
{
	static const char *const particular[] = {
		"kinds", "history", "expect_frames", "time_start", "exposure_s", "stack_count"};

	for (size_t i = 0; i < COUNT_OF(particular); i++)
		meta_remove(meta, particular[i]);
	meta_drop_scope(meta, '~');
}

void reduction_add(
	struct reduction *r, struct filter *f, const struct frame *frame, const struct image *image)
{
	const struct meta *meta = filter_meta(f, frame);
	struct meta kept = {0};

	reduction_check(r, image);
	meta_copy(&kept, meta);
	remove_particular(&kept);
	if (r->tally.frames == 0) {
		r->shape = *image;
		r->shape.pixels = NULL;
		for (size_t i = 0; i < kept.count; i++)
			if (is_card(kept.item[i].key))
				meta_add(&r->cards, kept.item[i].key, kept.item[i].value);
		remove_cards(&kept);
		meta_copy(&r->common, &kept);
	} else {
		remove_cards(&kept);
		meta_keep_equal(&r->common, &kept);
	}
	meta_clear(&kept);
	tally_add(&r->tally, meta);
}

void reduction_meta(struct reduction *r, struct filter *f, struct meta *meta)
{
	const struct meta *joined = filter_joined(f);
	const char *line;

	meta_copy(meta, &r->common);
	for (size_t at = 0; (line = meta_next(joined, "history", &at));)
		meta_add(meta, "history", line);
	for (size_t i = 0; i < r->cards.count; i++)
		meta_add(meta, r->cards.item[i].key, r->cards.item[i].value);
	tally_put(&r->tally, meta);
	meta_clear(&r->common);
	meta_clear(&r->cards);
}
