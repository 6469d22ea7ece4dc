/* SPDX-License-Identifier: ISC */
#include "image/levels.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sky/statistics.h"

static void subtract_base(const struct image *i, const float *base, float *rows)
{
	for (size_t y = 0; y < i->height; y += norm_row_step(i->width, i->height))
		for (size_t x = 0; x < i->width; x++)
			*rows++ -= base[y * i->width + x];
}

/* 1 / (factor * noise)^2: of the frame's values after normalisation. */
static double noise_weight(const struct image *i, const float *rows, double noise, float factor)
{
	size_t height = norm_sample_size(i->width, i->height) / i->width;

	if (isnan(noise))
		noise = noise_f32(rows, i->width, height, NULL);
	noise *= (double)factor;
	return noise > 0 ? 1 / (noise * noise) : NAN;
}

const char *levels_find(struct levels *l, const struct image *i, const struct pile_frame *frame,
	bool first, double noise, struct pool *pool, struct pile_terms *terms)
{
	size_t n = norm_sample_size(i->width, i->height);
	float *rows = first ? NULL : xaligned(n, sizeof(*rows));
	const char *why = NULL;
	struct norm_terms t;

	if (first) { /* one that was left out may have had another shape */
		free(l->reference);
		l->reference = xaligned(n * i->planes, sizeof(*l->reference));
	}
	for (size_t plane = 0; plane < i->planes && !why; plane++) {
		float *reference = l->reference + plane * n, *mine = first ? reference : rows;

		pile_frame_rows(i, frame, plane, mine);
		if (l->base)
			subtract_base(i, l->base + plane * image_plane(i), mine);
		why = normalize(l->norm, reference, mine, n, first, pool, &t);
		terms[plane] = (struct pile_terms){t.factor, t.offset, 1};
		if (why || !l->by_noise)
			continue;
		terms[plane].weight = (float)noise_weight(i, mine, noise, t.factor);
		if (!isfinite(terms[plane].weight))
			why = "its noise cannot be measured";
	}
	free(rows);
	return why;
}

void levels_free(struct levels *l)
{
	free(l->reference);
	l->reference = NULL;
}
