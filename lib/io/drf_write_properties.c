/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "io/drf_write_parts.h"

#define VERSION "2.6.0"
#define PROPERTIES "drf_properties.h5"
#define ATTRIBUTES 12

static const char time_description[] =
	"A sample is named by its index: the number of sample periods since the epoch, POSIX time "
	"without leap seconds, at the rate sample_rate_numerator / sample_rate_denominator. "
	"init_utc_timestamp is the second of the first sample of this run of the writer.";

struct attribute {
	const char *name;
	uint64_t value;
	bool is_i32;
};

/* The twelve that two runs into one channel must have alike. */
static void list_attributes(const struct drf_properties *p, struct attribute a[ATTRIBUTES])
{
	const uint64_t size = dtype_size(dtype_real(p->dtype));
	const struct attribute all[ATTRIBUTES] = {
		{"H5Tget_class", dtype_float(p->dtype) ? H5T_FLOAT : H5T_INTEGER, false},
		{"H5Tget_size", size, false},
		{"H5Tget_order", H5T_ORDER_LE, false},
		{"H5Tget_precision", 8 * size, false},
		{"H5Tget_offset", 0, false},
		{"subdir_cadence_secs", (uint64_t)p->folder_s, false},
		{"file_cadence_millisecs", (uint64_t)p->file_ms, false},
		{"sample_rate_numerator", p->rate.num, false},
		{"sample_rate_denominator", p->rate.den, false},
		{"is_complex", dtype_complex(p->dtype), true},
		{"num_subchannels", p->subchannels, true},
		{"is_continuous", p->continuous, true},
	};

	memcpy(a, all, sizeof(all));
}

bool drf_put_attributes(hid_t object, const struct drf_properties *p)
{
	struct attribute a[ATTRIBUTES];
	bool done = true;

	list_attributes(p, a);
	for (size_t i = 0; i < ATTRIBUTES && done; i++)
		done = a[i].is_i32 ? drf_h5_put_i32(object, a[i].name, (int32_t)a[i].value)
				   : drf_h5_put_u64(object, a[i].name, a[i].value);
	return done && drf_h5_put_text(object, "epoch", "1970-01-01T00:00:00Z") &&
	       drf_h5_put_text(object, "digital_rf_time_description", time_description) &&
	       drf_h5_put_text(object, "digital_rf_version", VERSION);
}

static int compare_properties(struct drf_writer *w, hid_t file, struct error *e)
{
	struct attribute a[ATTRIBUTES];
	uint64_t value;

	list_attributes(&w->layout.properties, a);
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if (!h5_u64(file, a[i].name, &value))
			return fail(e, EXIT_CANTCREATE, "%s/%s: is there, but without %s", w->name,
				PROPERTIES, a[i].name);
		if (value != a[i].value)
			return fail(e, EXIT_CANTCREATE,
				"%s: the channel that is there has %s%s %llu, "
				"not %llu: name another",
				w->name,
				strncmp(a[i].name, "H5T", 3) == 0 ? "another element type: " : "",
				a[i].name, (unsigned long long)value,
				(unsigned long long)a[i].value);
	}
	return 0;
}

static int write_properties(struct drf_writer *w, struct error *e)
{
	struct drf_part *part = &w->aside;
	int r = drf_part_begin(w, part, PROPERTIES, false, e);

	if (!r)
		r = drf_h5_create(&part->file, part->part, part->label, e);
	if (!r && !drf_put_attributes(part->file, &w->layout.properties))
		r = drf_h5_failed(part->label, e);
	return r ? r : drf_part_publish(w, part, e);
}

int drf_settle_properties(struct drf_writer *w, struct error *e)
{
	char *path = drf_join(w->path, PROPERTIES);
	struct h5 h;
	int r = h5_open(&h, path, path, e);

	free(path);
	if (r == EXIT_NOINPUT)
		return write_properties(w, e);
	if (r)
		return r;
	r = compare_properties(w, h.file, e);
	h5_close(&h);
	return r;
}
