/* SPDX-License-Identifier: ISC */
/* Raw values made linear in light. */
#include "kern/level.h"

INLINE size_t calibrate(float *restrict v, size_t n, const struct kern_calibration *c, bool base,
	bool slope, bool factor)
{
	const float *restrict b = c->base, *restrict s = c->slope, *restrict f = c->factor;
	float scale = c->scale, shift = c->shift, add = c->add;
	uint32_t below = 0;

	for (size_t i = 0; i < n; i++) {
		float x = v[i] + shift;

		if (base && slope)
			x -= b[i] + scale * s[i];
		else if (base)
			x -= b[i];
		if (factor)
			x *= f[i];
		below += x < 0;
		v[i] = x + add;
	}
	return below;
}

size_t KERN(calibrate)(float *v, size_t n, const struct kern_calibration *c)
{
	if (c->slope)
		return c->factor ? calibrate(v, n, c, true, true, true)
				 : calibrate(v, n, c, true, true, false);
	if (c->base)
		return c->factor ? calibrate(v, n, c, true, false, true)
				 : calibrate(v, n, c, true, false, false);
	return c->factor ? calibrate(v, n, c, false, false, true)
			 : calibrate(v, n, c, false, false, false);
}
