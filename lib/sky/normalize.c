/* SPDX-License-Identifier: ISC */
#include "sky/normalize.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sky/statistics.h"

size_t norm_row_step(size_t width, size_t height)
{
	size_t step = (width * height + NORM_SAMPLE - 1) / NORM_SAMPLE;

	return step < height ? step : height;
}

size_t norm_sample_size(size_t width, size_t height)
{
	size_t step = norm_row_step(width, height);

	return (height + step - 1) / step * width;
}

struct level {
	double location, scale;
};

/* Of the values of v where `other` has data too. */
static struct level level_of(const float *v, const float *other, size_t n, struct pool *pool)
{
	float *both = xaligned(n, sizeof(*both));
	struct level l;

	for (size_t i = 0; i < n; i++)
		both[i] = isfinite(v[i]) && isfinite(other[i]) ? v[i] : NAN;
	location_scale(both, n, pool, &l.location, &l.scale);
	free(both);
	return l;
}

const char *normalize(enum norm norm, const float *reference, const float *frame, size_t n,
	bool same, struct pool *pool, struct norm_terms *terms)
{
	struct level to, from;
	double scale = 1, factor = 1;

	*terms = (struct norm_terms){1, 0};
	if (norm == NORM_NONE)
		return NULL;
	from = level_of(frame, reference, n, pool);
	if (isnan(from.location))
		return same ? "no data" : "no pixel in common with the reference";
	if (same)
		return NULL;
	to = level_of(reference, frame, n, pool);
	if ((norm == NORM_ADDSCALE || norm == NORM_MULSCALE) && from.scale > 0 && to.scale > 0)
		scale = to.scale / from.scale;
	if (norm == NORM_MUL || norm == NORM_MULSCALE)
		factor = to.location / from.location;
	if (!(factor > 0) || !isfinite(factor))
		return "its background is no positive multiple of the reference's";
	terms->factor = (float)(scale * factor);
	if (norm == NORM_ADD || norm == NORM_ADDSCALE)
		terms->offset = (float)(scale * from.location - to.location);
	return NULL;
}
