/* SPDX-License-Identifier: ISC */
#include "dsp/occupancy.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct occupancy {
	size_t bins;
	uint64_t *samples, *above, *rows;
	double *sum; /* of power times samples */
	float *max;
};

struct occupancy *occupancy_new(size_t bins)
{
	struct occupancy *o = xcalloc(1, sizeof(*o));

	o->bins = bins;
	o->samples = xcalloc(bins, sizeof(*o->samples));
	o->above = xcalloc(bins, sizeof(*o->above));
	o->rows = xcalloc(bins, sizeof(*o->rows));
	o->sum = xcalloc(bins, sizeof(*o->sum));
	o->max = xcalloc(bins, sizeof(*o->max));
	return o;
}

void occupancy_free(struct occupancy *o)
{
	if (!o)
		return;
	free(o->samples);
	free(o->above);
	free(o->rows);
	free(o->sum);
	free(o->max);
	free(o);
}

void occupancy_row(struct occupancy *o, uint64_t samples, const float *power, const uint8_t *above)
{
	for (size_t b = 0; b < o->bins; b++) {
		uint64_t counts = power[b] == power[b] ? samples : 0;

		o->max[b] =
			counts && (o->rows[b] == 0 || power[b] > o->max[b]) ? power[b] : o->max[b];
		o->samples[b] += counts;
		o->above[b] += above[b] ? counts : 0;
		o->rows[b] += counts > 0;
		o->sum[b] += counts ? (double)power[b] * (double)counts : 0;
	}
}

struct occupancy_bin occupancy_bin(const struct occupancy *o, size_t bin)
{
	struct occupancy_bin result = {
		.samples = o->samples[bin],
		.above = o->above[bin],
		.rows = o->rows[bin],
		.mean = o->sum[bin] / (double)o->samples[bin],
		.max = o->rows[bin] ? (double)o->max[bin] : NAN,
	};

	return result;
}
