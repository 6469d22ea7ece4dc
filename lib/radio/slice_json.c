/* SPDX-License-Identifier: ISC */
#include "radio/slice_json.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

#define YEAR_LIMIT_S 2e11 /* times beyond are not told */

static void add_number(struct str *out, const char *key, double value)
{
	char text[NUMBER_TEXT];

	str_addf(out, ", \"%s\": %s", key, isfinite(value) ? format_f64(text, value) : "null");
}

/* As Python writes a time that it got as seconds in f64, rounded to microseconds, half to even. */
static void add_rounded_time(struct str *out, double seconds)
{
	double whole = floor(seconds), micro = nearbyint((seconds - whole) * 1e6);
	struct utc utc = {(int64_t)whole, 0};
	char text[UTC_TEXT];

	if (micro >= 1e6) {
		utc.sec++;
		micro = 0;
	}
	utc.nsec = (int32_t)micro * 1000;
	utc_format(text, utc, micro > 0 ? 6 : 0);
	text[strlen(text) - 1] = '\0'; /* the Z */
	str_addf(out, "\"%s+00:00\"", text);
}

static void add_time(struct str *out, const struct slice_form *form, int64_t index)
{
	double seconds = (double)index / rate_hz(form->rate);
	char text[UTC_TEXT];

	str_add(out, ", \"timestamp\": ");
	if (!(fabs(seconds) < YEAR_LIMIT_S) || (!form->sds && !form->has_time0))
		str_add(out, "null");
	else if (form->sds)
		add_rounded_time(
			out, seconds + (double)form->time0.sec + (double)form->time0.nsec * 1e-9);
	else
		str_addf(out, "\"%s\"",
			utc_format(text, utc_after(form->time0, index, form->rate), -1));
}

static void add_data(struct str *out, const struct slice *slice)
{
	if (slice->missing) {
		str_add(out, "null");
		return;
	}
	str_add(out, "\"");
	str_add_base64(out, slice->row, slice->bins * sizeof(*slice->row));
	str_add(out, "\"");
}

/* SDS does not know the centre and says 0. */
static void add_band(
	struct str *out, const struct slice_form *form, double centre_hz, uint64_t samples)
{
	double rate = rate_hz(form->rate), centre = form->sds ? 0 : centre_hz;
	double middle = isnan(centre) ? 0 : centre;

	add_number(out, "min_frequency", middle - (form->real && !form->sds ? 0 : rate / 2));
	add_number(out, "max_frequency", middle + rate / 2);
	str_addf(out, ", \"num_samples\": %llu", (unsigned long long)samples);
	add_number(out, "sample_rate", rate);
	add_number(out, "center_frequency", centre);
}

void slice_json(struct str *out, const struct slice_form *form, const struct slice *slice)
{
	uint64_t samples = form->n * (slice->missing ? slice->missing : 1);

	str_add(out, "{\"data\": ");
	add_data(out, slice);
	str_add(out, ", \"data_type\": \"float32\"");
	add_time(out, form, slice->index);
	add_band(out, form, slice->centre_hz, samples);
	str_add(out, ", \"custom_fields\": {\"channel_name\": ");
	str_add_json(out, form->channel);
	str_addf(out, ", \"start_sample\": %lld, \"num_samples\": %llu, \"fft_size\": %zu",
		(long long)slice->index, (unsigned long long)samples, form->n);
	add_number(out, "scan_time", (double)samples / rate_hz(form->rate));
	str_addf(out, ", \"slice_index\": %llu", (unsigned long long)slice->number);
	if (!form->sds)
		str_add(out, ", \"unit\": \"dBFS\", \"window\": \"hann\"");
	if (slice->subchannel >= 0)
		str_addf(out, ", \"subchannel\": %d", slice->subchannel);
	if (slice->missing)
		str_addf(out, ", \"gap\": true, \"slice_count\": %llu",
			(unsigned long long)slice->missing);
	str_add(out, "}}");
}

char *slice_channel(const struct meta *head)
{
	static const char tool[] = "drf-read ", option[] = " --channel=";
	const char *line, *found = NULL;
	size_t at = 0;

	while ((line = meta_next(head, "history", &at)))
		if (!strncmp(line, tool, strlen(tool)))
			found = strstr(line, option);
	return found ? xstrndup(found + strlen(option), strcspn(found + strlen(option), " "))
		     : xstrdup("");
}
