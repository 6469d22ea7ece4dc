/* SPDX-License-Identifier: ISC */
/*
 * image-join: the images of all segments in one, for commands that want them together. In: IMAGE of
 * any number of segments, such as stream-cat makes of the stacks of several filters. Out: the same
 * images, numbered anew from 0. Where the segments' heads differ, each image says what its own did;
 * so all are held until the last has come.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "image/image.h"
#include "image/store.h"

struct options {
	int64_t memory;
};

static const struct option options[] = {
	{0, "memory", OPT_INT, offsetof(struct options, memory), "bytes", "2Gi", 0, 1e15, NULL, 0,
		"of images held in memory; others go to a file"},
	OPTIONS_END,
};

struct state {
	struct store *store;
	struct meta history; /* of the first segment */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	s->store = store_new((uint64_t)o->memory);
}

static void copy_history(struct meta *to, const struct meta *from)
{
	const char *line;

	for (size_t at = 0; (line = meta_next(from, "history", &at));)
		meta_add(to, "history", line);
}

static void hold(struct filter *f, const struct frame *frames, size_t count)
{
	struct state *s = f->state;
	struct frame *own = xcalloc(count, sizeof(*own));
	struct str *text = xcalloc(count, sizeof(*text));

	if (store_count(s->store) == 0)
		copy_history(&s->history, filter_meta(f, &frames[0]));
	for (size_t i = 0; i < count; i++) {
		struct meta meta = {0};

		meta_copy(&meta, filter_meta(f, &frames[i]));
		meta_remove(&meta, "history");
		meta_remove(&meta, "kinds");
		meta_remove(&meta, "expect_frames");
		meta_format(&meta, &text[i]);
		meta_clear(&meta);
		own[i] = frames[i];
		own[i].index = (int64_t)store_count(s->store);
		own[i].meta = text[i].p;
		own[i].meta_len = (uint32_t)text[i].len;
	}
	store_add(s->store, own, count);
	for (size_t i = 0; i < count; i++)
		str_free(&text[i]);
	free(text);
	free(own);
}

static void finish(struct filter *f)
{
	struct state *s = f->state;
	size_t n = store_count(s->store), count;
	struct meta *head = filter_joined(f);

	if (!meta_get(head, "history"))
		copy_history(head, &s->history);
	meta_remove(head, "expect_frames");
	filter_head(f, head);
	for (size_t i = 0; i < n; i++) {
		const struct frame *frames = store_get(s->store, i, &count);

		for (size_t k = 0; k < count; k++)
			filter_put(f, &frames[k]);
	}
	meta_clear(&s->history);
}

static const struct command command = {
	.name = "image-join",
	.summary = "the images of all segments become one segment",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.segments = SEGMENTS_JOIN,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 u64 i64 f64",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.group = hold,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
