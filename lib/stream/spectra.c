/* SPDX-License-Identifier: ISC */
#include "stream/spectra.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

struct spectra_form spectra_form_of(const struct frame *frame, const struct meta *meta)
{
	struct spectra_form form = {.subchannels = frame->dim[1], .bins = frame->dim[2]};
	const char *unit = meta_get(meta, "unit");

	if (!meta_rate(meta, &form.rate))
		die(EXIT_DATA, "rate_num, rate_den: missing");
	form.bin_step_hz = rate_hz(form.rate) / (double)form.bins;
	meta_f64(meta, "%bin_step_hz", &form.bin_step_hz);
	form.bin0_hz = -(double)(form.bins / 2) * form.bin_step_hz;
	meta_f64(meta, "%bin0_hz", &form.bin0_hz);
	snprintf(form.unit, sizeof(form.unit), "%s", unit ? unit : "");
	return form;
}

static void describe(const struct spectra_form *form, char *out, size_t size)
{
	char bin0[NUMBER_TEXT], step[NUMBER_TEXT];

	snprintf(out, size, "%zu x %zu bins from %s by %s Hz at %llu/%llu Hz in '%s'",
		form->subchannels, form->bins, format_f64(bin0, form->bin0_hz),
		format_f64(step, form->bin_step_hz), (unsigned long long)form->rate.num,
		(unsigned long long)form->rate.den, form->unit);
}

void spectra_same_form(const struct spectra_form *first, const struct spectra_form *now)
{
	char before[240], after[240];

	describe(first, before, sizeof(before));
	describe(now, after, sizeof(after));
	if (strcmp(before, after) != 0)
		die(EXIT_DATA, "%s after %s: cannot be joined", after, before);
}

double spectra_centre_hz(const struct meta *meta, size_t subchannel)
{
	const char *text = meta_nth(meta, "freq_hz", subchannel);
	double hz = 0;

	if (!text)
		text = meta_get(meta, "freq_hz"); /* one for all */
	if (text && !parse_f64(text, false, &hz))
		die(EXIT_DATA, "freq_hz: '%s': not a number", text);
	return hz;
}

struct spectra_rows spectra_rows_of(const struct spectra_form *form, const struct meta *meta)
{
	struct spectra_rows r = {.transforms = 1};
	double n = round(rate_hz(form->rate) / form->bin_step_hz);
	int64_t partial;

	if (!meta_i64(meta, "row_step", &r.step) || !meta_i64(meta, "row_span", &r.span) ||
		r.step <= 0 || r.span <= 0)
		die(EXIT_DATA, "row_step, row_span: missing or not positive");
	r.length = r.n = r.hop = r.step;
	if (!(n >= 1 && n < 0x1p40) || (int64_t)n > r.span || r.span - r.step >= (int64_t)n)
		return r;
	r.n = (int64_t)n;
	r.hop = r.n - (r.span - r.step);
	if (r.step % r.hop) {
		r.n = r.hop = r.step;
		return r;
	}
	r.transforms = (uint64_t)(r.step / r.hop);
	if (meta_i64(meta, "partial", &partial) && partial > 0 && partial <= r.step / r.hop) {
		r.transforms = (uint64_t)partial;
		r.length = partial * r.hop;
	}
	return r;
}

void spectra_picture_head(struct filter *f)
{
	static const char *const gone[] = {"row_step", "row_span", "full_scale", "zero"};
	struct meta *meta = filter_joined(f);

	for (size_t i = 0; i < COUNT_OF(gone); i++)
		meta_remove(meta, gone[i]);
	meta_set(meta, "unit", "display");
	meta_set(meta, "%row_order", "top-down");
	filter_head(f, meta);
}

void spectra_picture_put(
	struct filter *f, int64_t index, const uint8_t *picture, size_t width, size_t height)
{
	struct frame frame = {.kind = KIND_IMAGE,
		.dtype = DTYPE_U8,
		.ndim = 3,
		.flags = FRAME_GROUP_LAST,
		.index = index,
		.dim = {3, height, width},
		.payload = picture,
		.payload_len = 3 * width * height};

	filter_put(f, &frame);
}
