/* SPDX-License-Identifier: ISC */
#include "stream/iq.h"

#include <math.h>

#include "base/num.h"

struct rate iq_rate(const struct meta *head)
{
	struct rate rate;

	if (!meta_rate(head, &rate))
		die(EXIT_DATA, "HEAD: rate_num, rate_den: missing: the sample rate is needed");
	return rate;
}

/* What counts as amplitude 1 and 0 in a frame. */
static void set_levels(struct iq_form *form, struct filter *f, const struct frame *frame)
{
	const struct meta *meta = filter_meta(f, frame);

	form->full_scale = dtype_full_scale(frame->dtype);
	form->zero = dtype_zero(frame->dtype);
	if (meta_f64(meta, "full_scale", &form->full_scale) &&
		!(form->full_scale >= FULL_SCALE_MIN && form->full_scale <= FULL_SCALE_MAX))
		die(EXIT_DATA, "full_scale %g: must be %g to %g", form->full_scale,
			FULL_SCALE_MIN, FULL_SCALE_MAX);
	if (meta_f64(meta, "zero", &form->zero) && !isfinite(form->zero))
		die(EXIT_DATA, "zero %g: must be finite", form->zero);
}

struct iq_form iq_form_of(struct filter *f, const struct frame *frame)
{
	struct iq_form form = {.rate = iq_rate(filter_meta(f, frame)), .dtype = frame->dtype};

	if (frame->dim[1] > IQ_SUBCHANNELS_MAX)
		die(EXIT_DATA, "%llu subchannels: at most %d", (unsigned long long)frame->dim[1],
			IQ_SUBCHANNELS_MAX);
	form.subchannels = (unsigned)frame->dim[1];
	form.own_levels = frame->meta_len > 0;
	set_levels(&form, f, frame);
	return form;
}

static void check_level(const char *key, double now, double first)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT];

	if (now != first)
		die(EXIT_DATA, "%s %s after %s: one segment has one form", key, format_f64(a, now),
			format_f64(b, first));
}

void iq_check_form(struct filter *f, const struct iq_form *first, const struct frame *frame)
{
	struct iq_form now;

	if (frame->dtype != first->dtype || frame->dim[1] != first->subchannels)
		die(EXIT_DATA, "%s with %llu subchannels after %s with %u: one segment has one form",
			dtype_name(frame->dtype), (unsigned long long)frame->dim[1],
			dtype_name(first->dtype), first->subchannels);
	if (frame->meta_len == 0 && !first->own_levels)
		return;
	set_levels(&now, f, frame);
	check_level("full_scale", now.full_scale, first->full_scale);
	check_level("zero", now.zero, first->zero);
}
