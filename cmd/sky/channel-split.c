/* SPDX-License-Identifier: ISC */
/*
 * channel-split: the planes of colour images one by one. In: IMAGE of three planes or one. Out: for
 * three planes, three images of one, whose filter is r, g and b; an image of one plane as it is.
 * Values stay as they are. What belongs to an image goes with each of its planes.
 */
#include "base/mem.h"
#include "image/cards.h"
#include "image/image.h"
#include "image/members.h"

static const struct option options[] = {OPTIONS_END};

struct splitting {
	int64_t next; /* index of the next image */
};

static const char *const filters[3] = {"r", "g", "b"};

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct splitting));
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct splitting *s = f->state;

	(void)in;
	(void)out;
	s->next = 0;
}

/* A member of the group, of three planes only number `plane`. */
static void put_member(struct filter *f, const struct frame *frame, size_t plane, size_t planes,
	const char *filter, bool last)
{
	struct splitting *s = f->state;
	struct frame like = *frame;
	struct meta own = {0};
	struct image image;

	like.index = s->next;
	like.flags =
		(uint16_t)((frame->flags & FRAME_DISCONTINUITY) | (last ? FRAME_GROUP_LAST : 0));
	if (frame->kind != KIND_IMAGE) {
		filter_put(f, &like);
		return;
	}
	image_view(f, frame, &image);
	if (image.planes != 1 && image.planes != planes)
		die(EXIT_DATA, "a member of %zu planes in the group of an image of %zu",
			image.planes, planes);
	if (image.planes > 1)
		image.pixels = (const char *)image.pixels +
			       plane * image_plane(&image) * dtype_size(image.dtype);
	image.planes = 1;
	filter_own_meta(f, frame, &own);
	cards_copy_geometry(&own, filter_meta(f, frame), 0, 0, 1);
	if (filter)
		meta_set(&own, "filter", filter);
	image_put(f, &like, &own, &image);
	meta_clear(&own);
}

static void split(struct filter *f, const struct frame *frames, size_t count)
{
	struct splitting *s = f->state;
	const struct frame *science = members_science(f, frames, count);
	struct image image;

	image_view(f, science, &image);
	if (image.planes != 1 && image.planes != 3)
		die(EXIT_DATA, "an image of %zu planes: must be 3 or 1", image.planes);
	for (size_t p = 0; p < image.planes; p++, s->next++)
		for (size_t i = 0; i < count; i++)
			put_member(f, &frames[i], p, image.planes,
				image.planes == 3 ? filters[p] : NULL, i == count - 1);
}

static const struct command command = {
	.name = "channel-split",
	.summary = "make three images of the planes of one",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.changes = CHANGES_SHAPE | CHANGES_COUNT,
	.options = options,
	.options_size = 1,
	.prepare = prepare,
	.head = head,
	.group = split,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
