/* SPDX-License-Identifier: ISC */
#include "sky/align.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define SATURATED_ERROR_PX 0.3
#define FWHM_OF_SIGMA 2.355

void align_stars_find(const float *plane, size_t width, size_t height, double saturation,
	struct pool *pool, struct align_stars *stars)
{
	struct star_options options = {.sigma = ALIGN_SIGMA,
		.max = ALIGN_STARS_MAX,
		.profile = PROFILE_GAUSS,
		.saturation = saturation};
	struct star_field field;

	stars_find(plane, width, height, &options, pool, &field);
	stars->count = field.count;
	stars->found = field.found;
	stars->fwhm_px = field.fwhm;
	stars->point = xcalloc(field.count, sizeof(*stars->point));
	stars->error_px = xcalloc(field.count, sizeof(*stars->error_px));
	for (size_t i = 0; i < field.count; i++) {
		const struct star *s = &field.star[i];
		double error = sqrt(s->fwhm_x * s->fwhm_y) / (FWHM_OF_SIGMA * s->snr);

		stars->point[i] = (struct point){s->x, s->y};
		stars->error_px[i] =
			s->saturated || !(error < SATURATED_ERROR_PX) ? SATURATED_ERROR_PX : error;
	}
	free(field.star);
}

void align_stars_free(struct align_stars *stars)
{
	free(stars->point);
	free(stars->error_px);
	*stars = (struct align_stars){0};
}

const char *align_match(const struct align_stars *reference, const struct align_stars *other,
	enum transform_model model, struct match *match)
{
	struct match_list from = {reference->point, reference->error_px, reference->count};
	struct match_list to = {other->point, other->error_px, other->count};

	return match_points(&from, &to, model, match);
}
