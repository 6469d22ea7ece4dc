/* SPDX-License-Identifier: ISC */
/*
 * Tunings as Digital Metadata: a group for each index, in files as long as those of the samples, or
 * of a second. A file that is there already, of this run or of another, is copied, added to, and
 * replaced by the copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "io/drf_write_parts.h"

#define FOLDER "metadata"
#define PROPERTIES FOLDER "/dmd_properties.h5"
#define FIELD "center_frequencies"
#define FIELD_TEXT 128
#define COPY_BYTES 65536

/* The one field, as the list of fields wants it. */
static bool put_fields(hid_t file)
{
	static const char column[FIELD_TEXT] = FIELD;
	hid_t text = H5Tcopy(H5T_C_S1), row = H5Tcreate(H5T_COMPOUND, FIELD_TEXT);

	return text >= 0 && row >= 0 && H5Tset_size(text, FIELD_TEXT) >= 0 &&
	       H5Tset_strpad(text, H5T_STR_NULLPAD) >= 0 &&
	       H5Tinsert(row, "column", 0, text) >= 0 &&
	       drf_h5_put_records(file, "fields", row, column, 1) && H5Tclose(row) >= 0 &&
	       H5Tclose(text) >= 0;
}

static bool put_properties(hid_t file, const struct drf_metadata_form *form)
{
	return drf_h5_put_i64(file, "subdir_cadence_secs", form->folder_s) &&
	       drf_h5_put_i64(file, "file_cadence_secs", form->file_s) &&
	       drf_h5_put_i64(file, "sample_rate_numerator", (int64_t)form->rate.num) &&
	       drf_h5_put_i64(file, "sample_rate_denominator", (int64_t)form->rate.den) &&
	       drf_h5_put_text(file, "file_name", form->prefix) &&
	       drf_h5_put_text(file, "digital_metadata_version", "2.5") && put_fields(file);
}

static int write_properties(struct drf_writer *w, struct error *e)
{
	const struct drf_properties *p = &w->layout.properties;
	struct drf_part *part = &w->aside;
	int r = drf_part_begin(w, part, PROPERTIES, false, e);

	w->metadata_form = (struct drf_metadata_form){
		.prefix = "metadata",
		.folder_s = p->folder_s,
		.file_s = p->file_ms % 1000 ? 1 : p->file_ms / 1000,
		.rate = p->rate,
	};
	if (!r)
		r = drf_h5_create(&part->file, part->part, part->label, e);
	if (!r && !put_properties(part->file, &w->metadata_form))
		r = drf_h5_failed(part->label, e);
	return r ? r : drf_part_publish(w, part, e);
}

/* Metadata that are there go on in their own form, if they count at the same rate. */
static int adopt_properties(struct drf_writer *w, struct h5 *h, struct error *e)
{
	struct drf_metadata_form *form = &w->metadata_form;
	struct rate rate = w->layout.properties.rate;

	if (!drf_read_metadata_form(h->file, form))
		return fail(e, EXIT_CANTCREATE, "%s/%s: is there, but makes no sense", w->name,
			PROPERTIES);
	if (form->rate.num != rate.num || form->rate.den != rate.den)
		return fail(e, EXIT_CANTCREATE,
			"%s/%s: counts at %llu/%llu samples/s, the channel at %llu/%llu", w->name,
			PROPERTIES, (unsigned long long)form->rate.num,
			(unsigned long long)form->rate.den, (unsigned long long)rate.num,
			(unsigned long long)rate.den);
	return 0;
}

static int settle_properties(struct drf_writer *w, struct error *e)
{
	char *path = drf_join(w->path, PROPERTIES), *folder;
	struct h5 h;
	int r = h5_open(&h, path, path, e);

	free(path);
	if (r == EXIT_NOINPUT) {
		r = write_properties(w, e);
	} else if (!r) {
		r = adopt_properties(w, &h, e);
		h5_close(&h);
	}
	if (r)
		return r;
	folder = drf_join(w->path, FOLDER);
	drf_tree_open(&w->metadata, folder, w->metadata_form.prefix, false,
		w->metadata_form.folder_s * 1000, w->metadata_form.file_s * 1000);
	free(folder);
	w->has_metadata = true;
	return 0;
}

static int copy_bytes(int from, int to)
{
	char bytes[COPY_BYTES];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write_whole(to, bytes, (size_t)n))
			return -1;
	}
	return 0;
}

/* A copy of the file that is there, or a new one. */
static int copy_or_create(struct drf_part *part, struct error *e)
{
	int from = open(part->path, O_RDONLY | O_CLOEXEC), r = 0;

	if (from < 0 && errno == ENOENT)
		return drf_h5_create(&part->file, part->part, part->label, e);
	if (from < 0 || copy_bytes(from, part->fd))
		r = fail(e, EXIT_IO, "%s: cannot copy: %s", part->label, strerror(errno));
	if (from >= 0)
		close(from);
	return r ? r : drf_h5_amend(&part->file, part->part, part->label, e);
}

/* Whether the entry that is there says the same. */
static bool is_same_entry(hid_t group, const double *hz, size_t n)
{
	double *there = xcalloc(n, sizeof(*there));
	uint64_t dim;
	hid_t dataset = h5_dataset(group, FIELD, 0);
	bool same =
		dataset >= 0 && !h5_shape(dataset, 1, &dim) && dim == n &&
		H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, there) >= 0 &&
		!memcmp(there, hz, n * sizeof(*hz));

	if (dataset >= 0)
		H5Dclose(dataset);
	free(there);
	return same;
}

static int put_entry(struct drf_writer *w, int64_t index, const double *hz, struct error *e)
{
	size_t n = w->layout.properties.subchannels;
	struct drf_part *part = &w->aside;
	char name[24];
	hid_t group;
	bool done;

	snprintf(name, sizeof(name), "%lld", (long long)index);
	if (H5Lexists(part->file, name, H5P_DEFAULT) > 0) {
		group = h5_group(part->file, name);
		done = group >= 0 && is_same_entry(group, hz, n);
		if (group >= 0)
			H5Gclose(group);
		return done ? 0
			    : fail(e, EXIT_CANTCREATE, "%s: has another entry for sample %s",
				      part->label, name);
	}
	group = H5Gcreate2(part->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	done = group >= 0 && drf_h5_put_f64s(group, FIELD, hz, n);
	if (group >= 0)
		H5Gclose(group);
	return done ? 0 : drf_h5_failed(part->label, e);
}

static int64_t file_of(const struct drf_writer *w, int64_t index)
{
	int64_t ms = drf_ms_of(index, w->layout.properties.rate);

	return ms - ms % w->metadata.file_ms;
}

/* Writes the entries from the i-th on that belong into one file; *i is then the next. */
static int write_file(struct drf_writer *w, size_t *i, struct error *e)
{
	size_t subchannels = w->layout.properties.subchannels;
	int64_t ms = file_of(w, w->tuning[*i]);
	char name[DRF_NAME_MAX];
	char *inner = drf_join(FOLDER, drf_tree_name(&w->metadata, ms, name));
	int r = drf_part_begin(w, &w->aside, inner, true, e);

	free(inner);
	if (!r)
		r = copy_or_create(&w->aside, e);
	for (; !r && *i < w->tunings && file_of(w, w->tuning[*i]) == ms; ++*i)
		r = put_entry(w, w->tuning[*i], &w->hz[*i * subchannels], e);
	return r ? r : drf_part_publish(w, &w->aside, e);
}

int drf_write_tunings(struct drf_writer *w, struct error *e)
{
	size_t i = 0;
	int r = 0;

	if (w->tunings && !w->has_metadata)
		r = settle_properties(w, e);
	while (!r && i < w->tunings)
		r = write_file(w, &i, e);
	w->tunings = 0;
	return r;
}

int drf_writer_tune(struct drf_writer *w, int64_t index, const double *hz, struct error *e)
{
	size_t subchannels = w->layout.properties.subchannels;

	if (index < 0 || index < w->end)
		return fail(e, EXIT_DATA,
			"sample %lld: the channel is written up to %lld: must ascend",
			(long long)index, (long long)w->end);
	if (w->tunings == w->tuning_room) {
		w->tuning_room = w->tuning_room ? 2 * w->tuning_room : 4;
		w->tuning = xrealloc(w->tuning, w->tuning_room, sizeof(*w->tuning));
		w->hz = xrealloc(w->hz, w->tuning_room, subchannels * sizeof(*hz));
	}
	w->tuning[w->tunings] = index;
	memcpy(&w->hz[w->tunings * subchannels], hz, subchannels * sizeof(*hz));
	w->tunings++;
	return 0;
}
