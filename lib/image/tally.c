/* SPDX-License-Identifier: ISC */
#include "image/tally.h"

#include <math.h>

#include "base/err.h"

#define STACK_COUNT_MAX (1 << 30)

void tally_add(struct tally *t, const struct meta *meta)
{
	int64_t stacked = 1;
	double exposure_s;
	struct utc start;

	if (meta_i64(meta, "stack_count", &stacked) && (stacked < 1 || stacked > STACK_COUNT_MAX))
		die(EXIT_DATA, "stack_count %lld: must be 1 to 2^30", (long long)stacked);
	t->stack_count += stacked;
	if (meta_f64(meta, "exposure_s", &exposure_s) && isfinite(exposure_s)) {
		t->exposure_s += exposure_s;
		t->exposures++;
	}
	if (meta_utc(meta, "time_start", &start)) {
		if (!t->has_start || utc_minus(start, t->start) < 0)
			t->start = start;
		t->has_start = true;
	}
	t->frames++;
}

void tally_put(const struct tally *t, struct meta *meta)
{
	char text[UTC_TEXT];

	if (t->frames == 0)
		return;
	if (t->has_start)
		meta_set(meta, "time_start", utc_format(text, t->start, -1));
	if (t->exposures == t->frames)
		meta_set_f64(meta, "exposure_s", t->exposure_s);
	meta_setf(meta, "stack_count", "%lld", (long long)t->stack_count);
}
