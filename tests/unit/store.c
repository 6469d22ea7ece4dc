/* SPDX-License-Identifier: ISC */
/* Groups put aside come back as they were, from memory and from the spool. */
#include "image/store.h"

#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define GROUPS 40
#define MEMBERS 3

static void fill(uint8_t *p, size_t n, uint64_t state)
{
	state = state * 2 + 1;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)wire_random(&state);
}

/* What member k of group i holds: its sizes and bytes follow from its number. */
static struct frame member(uint64_t seed, size_t i, size_t k)
{
	uint64_t state = (seed + i * MEMBERS + k) * 2 + 1;
	struct frame f = {.kind = KIND_IMAGE, .index = (int64_t)i, .ndim = 1, .dtype = DTYPE_U8};
	char *meta;
	uint8_t *payload;

	f.payload_len = wire_random(&state) % 5 ? wire_random(&state) % 20000 : 0;
	f.meta_len = (uint32_t)(wire_random(&state) % 100);
	meta = xmalloc(f.meta_len + 1);
	payload = xmalloc(f.payload_len + 1);
	fill((uint8_t *)meta, f.meta_len, state);
	fill(payload, f.payload_len, state + 1);
	f.meta = meta;
	f.payload = payload;
	return f;
}

static void free_member(struct frame *f)
{
	free((void *)f->meta);
	free((void *)f->payload);
}

static bool same(const struct frame *a, const struct frame *b)
{
	return a->index == b->index && a->payload_len == b->payload_len &&
	       a->meta_len == b->meta_len &&
	       (!a->meta_len || !memcmp(a->meta, b->meta, a->meta_len)) &&
	       (!a->payload_len || !memcmp(a->payload, b->payload, a->payload_len));
}

static struct store *stores[3]; /* they live as long as their command */

static void round_trip(int number, uint64_t memory, const char *what)
{
	struct store *s = stores[number] = store_new(memory);
	uint64_t seed = random64();
	bool right = true;

	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < GROUPS; i++) {
			struct frame group[MEMBERS];
			size_t count = 1 + i % MEMBERS;

			for (size_t k = 0; k < count; k++)
				group[k] = member(seed, i, k);
			store_add(s, group, count);
			for (size_t k = 0; k < count; k++)
				free_member(&group[k]);
		}
		right = right && store_count(s) == GROUPS;
		for (size_t n = 0; n < 2 * GROUPS; n++) {
			size_t i = (size_t)below(GROUPS), count;
			const struct frame *group = store_get(s, i, &count);

			right = right && count == 1 + i % MEMBERS;
			for (size_t k = 0; k < count; k++) {
				struct frame expected = member(seed, i, k);

				right = right && same(&group[k], &expected);
				free_member(&expected);
			}
		}
		store_clear(s);
		right = right && store_count(s) == 0;
	}
	check(right, "%s", what);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	round_trip(0, UINT64_MAX, "all in memory");
	round_trip(1, 0, "all in the spool");
	round_trip(2, 200000, "some of both");
	return done();
}
