/* SPDX-License-Identifier: ISC */
#include "dsp/range.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "dsp/quantile.h"

#define AUTO_LO 0.01
#define AUTO_HI 0.999
#define AUTO_SPAN 20
#define FIXED_MAX 1e6

bool range_parse(const char *text, struct range *r)
{
	const char *colon = strchr(text, ':');
	char low[40] = "";
	bool p = text[0] == 'p';

	*r = (struct range){.form = RANGE_AUTO};
	if (!strcmp(text, "auto"))
		return true;
	if (!colon || (colon[1] == 'p') != p || colon - text >= (long)sizeof(low))
		return false;
	memcpy(low, text, (size_t)(colon - text));
	if (!parse_f64(low + p, false, &r->lo) || !parse_f64(colon + 1 + p, false, &r->hi))
		return false;
	r->form = p ? RANGE_SHARES : RANGE_FIXED;
	if (p) {
		r->lo /= 100;
		r->hi /= 100;
	}
	return r->lo < r->hi && r->lo >= (p ? 0 : -FIXED_MAX) && r->hi <= (p ? 1 : FIXED_MAX);
}

void range_find(const struct range *r, const float *values, size_t n, double *lo, double *hi)
{
	*lo = r->lo;
	*hi = r->hi;
	if (r->form == RANGE_SHARES) {
		*lo = quantile(values, n, r->lo);
		*hi = quantile(values, n, r->hi);
	} else if (r->form == RANGE_AUTO) {
		*lo = floor(quantile(values, n, AUTO_LO));
		*hi = fmax(ceil(quantile(values, n, AUTO_HI)), *lo + AUTO_SPAN);
	}
	if (isnan(*lo))
		*lo = -100;
	if (!(*hi > *lo))
		*hi = *lo + AUTO_SPAN;
}
