/* SPDX-License-Identifier: ISC */
#include "image/channel_set.h"

#include <stdlib.h>
#include <string.h>

#include "image/cards.h"

#define PIECE ((size_t)1 << 16)

int channel_number(const struct channel_set *c, const char *name)
{
	for (size_t i = 0; i < c->map.names; i++)
		if (!strcmp(c->map.name[i], name))
			return (int)i;
	return -1;
}

/* What frames have in common, and what they add up to; the grid is the first one's. */
static void join_meta(struct channel_set *c, const struct meta *own, const struct meta *full)
{
	if (c->count == 0) {
		meta_copy(&c->meta, own);
		cards_copy_geometry(&c->geometry, full, 0, 0, 1);
	} else {
		meta_keep_equal(&c->meta, own);
	}
	tally_add(&c->tally, full);
}

static void check_alike(const struct channel_set *c, const struct image *i, const char *name)
{
	const struct channel *first = &c->channel[0];

	if (i->height != c->first.height || i->width != c->first.width)
		die(EXIT_DATA,
			"channel %s is %zu x %zu, %s %zu x %zu: must be of one grid (channel-align "
			"missing?)",
			name, i->width, i->height, first->name, c->first.width, c->first.height);
	if (i->display != c->first.display)
		die(EXIT_DATA, "channel %s is of unit %s, %s of unit %s: must be of one", name,
			i->display ? "display" : "adu", first->name,
			c->first.display ? "display" : "adu");
}

void channel_add(struct channel_set *c, const char *name, const struct image *image,
	const struct meta *own, const struct meta *full, struct pool *pool)
{
	struct channel *to = &c->channel[c->count];
	size_t n = image_plane(image);

	if (image->planes != 1)
		die(EXIT_DATA, "channel %s has %zu planes: must have 1 (channel-split missing?)",
			name, image->planes);
	if (image_bayer(full))
		die(EXIT_DATA, "channel %s is a mosaic of colours (debayer missing?)", name);
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->channel[i].name, name))
			die(EXIT_DATA, "channel %s comes twice", name);
	if (c->count == CHANNELS_MAX)
		die(EXIT_DATA, "more than %d channels", CHANNELS_MAX);
	if (c->count == 0) {
		c->first = *image;
		/* as floats */
		c->first.full_scale = image->display ? 1 : image->full_scale;
	}
	check_alike(c, image, name);
	join_meta(c, own, full);
	strcpy(to->name, name);
	to->pixels = NULL;
	c->count++;
	if (channel_number(c, name) < 0)
		return;
	to->pixels = image_f32_new(image, pool);
	if (image->full_scale != c->first.full_scale) {
		float factor = (float)(c->first.full_scale / image->full_scale);

		for (size_t i = 0; i < n; i++)
			to->pixels[i] *= factor;
	}
}

/* The planes in the order of the map's names. */
static void find_planes(const struct channel_set *c, float **plane)
{
	struct str there = {0};

	for (size_t i = 0; i < c->count; i++)
		str_addf(&there, "%s%s", i ? " " : "", c->channel[i].name);
	for (size_t i = 0; i < c->map.names; i++) {
		plane[i] = NULL;
		for (size_t k = 0; k < c->count; k++)
			if (!strcmp(c->channel[k].name, c->map.name[i]))
				plane[i] = c->channel[k].pixels;
		if (!plane[i])
			die(EXIT_DATA, "channel %s is missing: there %s %s", c->map.name[i],
				c->count == 1 ? "is" : "are", c->count ? there.p : "none");
	}
	str_free(&there);
}

static void match(const struct channel_set *c, float *const *plane, struct pool *pool)
{
	size_t n = image_plane(&c->first);
	int ha = channel_number(c, "ha"), reference = ha < 0 ? 0 : ha;
	struct channel_level to = channel_level(plane[reference], n, pool);

	for (size_t i = 0; i < c->map.names; i++) {
		struct channel_level from = channel_level(plane[i], n, pool);

		if (!(from.mad > 0))
			die(EXIT_DATA, "--match: channel %s has no spread to match",
				c->map.name[i]);
		if ((int)i != reference)
			channel_match(plane[i], n, from, to);
	}
}

struct work {
	const struct channel_set *c;
	float *const *plane;
	float *out;
};

static void make_piece(void *arg, size_t piece, unsigned worker)
{
	const struct work *w = arg;
	const struct expression_map *map = &w->c->map;
	size_t n = image_plane(&w->c->first), first = piece * PIECE;
	size_t count = n - first < PIECE ? n - first : PIECE;
	const float *at[EXPRESSION_NAMES + 1];
	float *out[3];

	(void)worker;
	for (size_t i = 0; i < map->names; i++)
		at[i] = w->plane[i] + first;
	for (size_t p = 0; p < 3; p++) {
		out[p] = w->out + p * n + first;
		expression_evaluate(&map->plane[p], at, count, out[p]);
	}
	if (w->c->luminance)
		channel_luminance(out[0], out[1], out[2], at[map->names - 1], count);
}

void channel_put(struct filter *f, struct channel_set *c, bool match_levels)
{
	float *plane[EXPRESSION_NAMES + 1];
	size_t n = image_plane(&c->first);
	struct work work = {c, plane, NULL};
	struct image out = c->first;

	find_planes(c, plane);
	if (match_levels)
		match(c, plane, f->pool);
	work.out = xaligned(3 * n, sizeof(*work.out));
	pool_run(f->pool, (n + PIECE - 1) / PIECE, make_piece, &work);
	out.planes = 3;
	out.dtype = DTYPE_F32;
	out.pixels = work.out;
	meta_overlay(&c->meta, &c->geometry);
	meta_remove(&c->meta, "filter");
	tally_put(&c->tally, &c->meta);
	image_put_alone(f, 0, &c->meta, &out);
	free(work.out);
}

void channel_clear(struct channel_set *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->channel[i].pixels);
	meta_clear(&c->meta);
	meta_clear(&c->geometry);
	c->count = 0;
	c->tally = (struct tally){0};
}
