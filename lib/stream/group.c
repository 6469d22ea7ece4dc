/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "stream/inner.h"

/* More members than any image has; a stream that claims more is refused. */
#define MEMBERS_MAX 64

static void *copy_of(const void *bytes, size_t n)
{
	void *copy = xaligned(n + 1, 1);

	memcpy(copy, bytes, n);
	return copy;
}

bool group_add(struct group *g, const struct frame *frame)
{
	struct frame *to;

	if (g->count == MEMBERS_MAX)
		die(EXIT_DATA, "a group of more than %d frames", MEMBERS_MAX);
	if (g->count == g->size)
		g->frame = xrealloc(g->frame, g->size += 8, sizeof(*g->frame));
	to = &g->frame[g->count++];
	*to = *frame;
	to->meta = frame->meta_len ? copy_of(frame->meta, frame->meta_len) : NULL;
	to->payload = copy_of(frame->payload, frame->payload_len);
	return frame->flags & FRAME_GROUP_LAST;
}

void group_clear(struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free((void *)g->frame[i].meta);
		free((void *)g->frame[i].payload);
	}
	g->count = 0;
}

bool is_science(struct filter *f, const struct frame *frame)
{
	const char *role;

	if (frame->kind != KIND_IMAGE)
		return false;
	role = meta_get(filter_meta(f, frame), "role");
	return !role || !strcmp(role, "science");
}

const struct frame *science_of(struct filter *f, const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_science(f, &frames[i]))
			return &frames[i];
	return NULL;
}
