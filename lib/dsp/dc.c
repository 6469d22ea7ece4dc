/* SPDX-License-Identifier: ISC */
#include "dsp/dc.h"

#include <math.h>

struct dc dc_begin(double width)
{
	/* The bilinear transform of the pole, so that -3 dB are where they are asked for. */
	double tangent = tan(M_PI_2 * width), share = 2 * tangent / (1 + tangent);

	return (struct dc){.share = share, .level = (1 - share / 2) / (1 - share)};
}

void dc_run(struct dc *dc, float *x, size_t n, size_t parts)
{
	for (size_t k = 0; k < n; k++) {
		double share = dc->share, v[2] = {x[k * parts], x[k * parts + parts - 1]};

		if (isnan(v[0]) || isnan(v[1]))
			continue;
		if (share * (double)(dc->seen + 1) < 1)
			share = 1 / (double)++dc->seen;
		for (size_t part = 0; part < parts; part++) {
			dc->mean[part] += share * (v[part] - dc->mean[part]);
			x[k * parts + part] = (float)(dc->level * (v[part] - dc->mean[part]));
		}
	}
}
