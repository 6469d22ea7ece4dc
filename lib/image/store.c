/* SPDX-License-Identifier: ISC */
#include "image/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/spool.h"

struct member {
	struct frame frame; /* payload NULL: in the spool */
	uint64_t offset;
};

struct group_of {
	size_t first, count; /* members */
};

struct store {
	struct member *member;
	struct group_of *group;
	size_t members, members_size, groups, groups_size;
	uint64_t memory, held, spooled;
	struct spool *spool;
	struct frame *lent;
	void **lent_payload; /* read back from the spool */
	size_t lent_count;
};

struct store *store_new(uint64_t memory)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->memory = memory;
	s->spool = spool_open();
	return s;
}

static void *copy_of(const void *bytes, size_t n)
{
	void *copy = xaligned(n, 1);

	memcpy(copy, bytes, n);
	return copy;
}

static void add_member(struct store *s, const struct frame *frame)
{
	struct member *m;

	if (s->members == s->members_size)
		s->member = xrealloc(
			s->member, s->members_size = 2 * s->members_size + 16, sizeof(*s->member));
	m = &s->member[s->members++];
	m->frame = *frame;
	m->frame.meta = frame->meta_len ? copy_of(frame->meta, frame->meta_len) : NULL;
	m->frame.payload = NULL;
	m->offset = s->spooled;
	if (frame->payload_len == 0)
		return;
	if (frame->payload_len <= s->memory - s->held) {
		m->frame.payload = copy_of(frame->payload, frame->payload_len);
		s->held += frame->payload_len;
	} else {
		spool_write(s->spool, s->spooled, frame->payload, frame->payload_len);
		s->spooled += frame->payload_len;
	}
}

void store_add(struct store *s, const struct frame *frames, size_t count)
{
	if (s->groups == s->groups_size)
		s->group = xrealloc(
			s->group, s->groups_size = 2 * s->groups_size + 16, sizeof(*s->group));
	s->group[s->groups++] = (struct group_of){s->members, count};
	for (size_t i = 0; i < count; i++)
		add_member(s, &frames[i]);
}

size_t store_count(const struct store *s)
{
	return s->groups;
}

static void take_back(struct store *s)
{
	for (size_t i = 0; i < s->lent_count; i++)
		free(s->lent_payload[i]);
	free(s->lent_payload);
	free(s->lent);
	s->lent_payload = NULL;
	s->lent = NULL;
	s->lent_count = 0;
}

const struct frame *store_get(struct store *s, size_t group, size_t *count)
{
	const struct group_of *g = &s->group[group];

	take_back(s);
	s->lent = xcalloc(g->count, sizeof(*s->lent));
	s->lent_payload = xcalloc(g->count, sizeof(*s->lent_payload));
	*count = s->lent_count = g->count;
	for (size_t i = 0; i < g->count; i++) {
		const struct member *m = &s->member[g->first + i];

		s->lent[i] = m->frame;
		if (m->frame.payload || m->frame.payload_len == 0)
			continue;
		s->lent_payload[i] = xaligned(m->frame.payload_len, 1);
		spool_read(s->spool, m->offset, s->lent_payload[i], m->frame.payload_len);
		s->lent[i].payload = s->lent_payload[i];
	}
	return s->lent;
}

void store_clear(struct store *s)
{
	take_back(s);
	for (size_t i = 0; i < s->members; i++) {
		free((void *)s->member[i].frame.meta);
		free((void *)s->member[i].frame.payload);
	}
	s->members = s->groups = 0;
	s->held = s->spooled = 0;
}
