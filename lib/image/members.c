/* SPDX-License-Identifier: ISC */
#include "image/members.h"

#include <string.h>

static bool speaks_of_pixels(struct filter *f, const struct frame *frame)
{
	const char *coords = meta_get(filter_meta(f, frame), "%coords");

	return frame->kind != KIND_IMAGE && coords && !strcmp(coords, "pixel");
}

const struct frame *members_science(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);

	if (!science)
		die(EXIT_DATA, "a group without an image of role science");
	return science;
}

size_t members_each(
	struct filter *f, const struct frame *frames, size_t count, member_fn *put, void *arg)
{
	size_t last = 0, dropped = 0;

	for (size_t i = 0; i < count; i++)
		if (!speaks_of_pixels(f, &frames[i]))
			last = i;
	for (size_t i = 0; i < count; i++) {
		struct frame member = frames[i];

		member.flags = (uint16_t)((member.flags & ~FRAME_GROUP_LAST) |
					  (i == last ? FRAME_GROUP_LAST : 0));
		if (speaks_of_pixels(f, &member))
			dropped++;
		else
			put(f, &member, arg);
	}
	return dropped;
}
