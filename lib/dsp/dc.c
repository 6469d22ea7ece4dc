/* SPDX-License-Identifier: ISC */
#include "dsp/dc.h"

#include <math.h>

struct dc dc_begin(double width)
{
	/* The bilinear transform of the pole, so that -3 dB are where they are asked for. */
	double tangent = tan(M_PI_2 * width), share = 2 * tangent / (1 + tangent);

	return (struct dc){.share = share, .level = (1 - share / 2) / (1 - share)};
}

/* How much the next sample counts in the mean. */
static double next_share(struct dc *dc)
{
	if (dc->share * (double)(dc->seen + 1) >= 1)
		return dc->share;
	return 1 / (double)++dc->seen;
}

void dc_run(struct dc *dc, float *x, size_t n, size_t parts)
{
	for (size_t k = 0; k < n; k++) {
		double share, v[2] = {x[k * parts], x[k * parts + parts - 1]};

		if (isnan(v[0]) || isnan(v[1]))
			continue;
		share = next_share(dc);
		for (size_t part = 0; part < parts; part++) {
			dc->mean[part] += share * (v[part] - dc->mean[part]);
			x[k * parts + part] = (float)(dc->level * (v[part] - dc->mean[part]));
		}
	}
}

struct carrier carrier_begin(double width)
{
	return (struct carrier){dc_begin(width), dc_begin(width)};
}

static double follow(struct dc *dc, double v)
{
	dc->mean[0] += next_share(dc) * (v - dc->mean[0]);
	return dc->mean[0];
}

void carrier_divide(struct carrier *c, float *x, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		double v = (double)x[k], level;

		if (isnan(v))
			continue;
		level = follow(&c->second, follow(&c->first, v));
		x[k] = level > 0 ? (float)(v / level - 1) : 0;
	}
}
