/* SPDX-License-Identifier: ISC */
/*
 * Digital Metadata: files of groups named by sample indices, each with the values that hold from
 * that sample on. The newest entry may lie long before the samples it speaks of.
 */
#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/drf_parts.h"

#define FREQUENCIES_MAX 65536
#define FILES_BACK_MAX 4096 /* how far the value in force is sought where entries lack it */
#define LINKS_MAX 4096	    /* looked at in an entry, whose groups may hold each other */
#define PATH_BYTES_MAX 1024

/* What to gather from the entries of files: tunings, or the fields of one entry. */
struct gathering {
	struct drf *d;
	int64_t from, end;
	int64_t told;  /* damaged files that begin before this were reported already, in ms */
	bool in_force; /* something of an entry not after `from` was found */
	struct drf_tunings *out;
	size_t size;
	struct drf_fields *fields;
};

struct walk {
	const struct h5 *h;
	struct drf_fields *out;
	char path[PATH_BYTES_MAX];
	int depth, links;
};

struct entries {
	int64_t *v;
	size_t n, size;
};

bool drf_read_metadata_form(hid_t object, struct drf_metadata_form *form)
{
	uint64_t folder_s = 0, file_s = 0;

	*form = (struct drf_metadata_form){0};
	if (!h5_text(object, "file_name", form->prefix, sizeof(form->prefix)) || !*form->prefix ||
		*form->prefix == '.' || strchr(form->prefix, '/') ||
		!h5_u64(object, "subdir_cadence_secs", &folder_s) ||
		!h5_u64(object, "file_cadence_secs", &file_s) || folder_s >= DRF_MS_END / 1000 ||
		file_s >= DRF_MS_END / 1000 || !drf_cadences_valid(folder_s * 1000, file_s * 1000))
		return false;
	form->folder_s = (int64_t)folder_s;
	form->file_s = (int64_t)file_s;
	return drf_read_rate(object, &form->rate);
}

/* Opens dmd_properties.h5, before 2.5 metadata.h5, in a folder. */
static bool open_metadata(struct drf *d, const char *folder, const char *properties)
{
	struct drf_metadata_form form;
	char *path = drf_join(folder, properties);
	struct error e;
	struct h5 h;
	bool sound;

	drf_decoding(d, path);
	sound = !h5_open(&h, path, path, &e);
	if (sound) {
		sound = drf_read_metadata_form(h.file, &form);
		h5_close(&h);
	}
	drf_decoding(d, NULL);
	free(path);
	if (!sound)
		return false;
	d->metadata_rate = form.rate;
	drf_tree_open(&d->metadata, folder, form.prefix, false, form.folder_s * 1000,
		form.file_s * 1000);
	return true;
}

static bool open_in(struct drf *d, const char *name)
{
	char *folder = drf_join(d->path, name);
	bool opened = open_metadata(d, folder, "dmd_properties.h5") ||
		      open_metadata(d, folder, "metadata.h5");

	free(folder);
	return opened;
}

/* The folder is called metadata by convention; any other that is not one of data will do. */
static void find_metadata(struct drf *d)
{
	struct dirent **entry;
	int n;

	if (d->metadata_sought)
		return;
	d->metadata_sought = true;
	d->has_metadata = open_in(d, "metadata");
	if (d->has_metadata)
		return;
	n = scandir(d->path, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;

		if (!d->has_metadata && *name != '.' && !isdigit((unsigned char)*name))
			d->has_metadata = open_in(d, name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* The number of elements of a dataset of numbers, 0 if it is none or of too many. */
static size_t count_numbers(hid_t dataset)
{
	hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
	hssize_t n = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
	H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;

	if (type >= 0)
		H5Tclose(type);
	if (space >= 0)
		H5Sclose(space);
	if (n < 1 || n > FREQUENCIES_MAX || (class != H5T_FLOAT && class != H5T_INTEGER))
		return 0;
	return (size_t)n;
}

/* The frequencies of a dataset, one for all subchannels or one each. */
static bool read_frequencies(hid_t dataset, double *hz, unsigned subchannels)
{
	size_t n = count_numbers(dataset);
	double *all = xcalloc(n, sizeof(*all));
	bool found = n > 0 &&
		     H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) >= 0;

	for (unsigned i = 0; found && i < subchannels; i++)
		hz[i] = n == 1 ? all[0] : i < n ? all[i] : NAN;
	free(all);
	return found;
}

/* The frequencies of one entry; false if it does not speak of them. */
static bool read_entry(struct h5 *h, int64_t index, double *hz, unsigned subchannels)
{
	static const char *const fields[] = {
		"center_frequencies", "receiver/center_freq", "center_freq"};
	char path[64];
	bool found = false;

	for (size_t i = 0; i < COUNT_OF(fields) && !found; i++) {
		hid_t dataset;

		snprintf(path, sizeof(path), "%lld/%s", (long long)index, fields[i]);
		dataset = h5_dataset(h->file, path, 0);
		if (dataset < 0)
			continue;
		found = h5_chunk_bytes(h, dataset) != UINT64_MAX &&
			read_frequencies(dataset, hz, subchannels);
		H5Dclose(dataset);
	}
	return found;
}

static herr_t add_entry(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
	struct entries *list = arg;
	size_t digits = strspn(name, "0123456789");
	(void)group;
	(void)info;

	if (digits < 1 || digits > 18 || name[digits] || (*name == '0' && digits > 1))
		return 0;
	if (list->n == list->size) {
		list->size = list->size ? list->size * 2 : 16;
		list->v = xrealloc(list->v, list->size, sizeof(*list->v));
	}
	list->v[list->n++] = strtoll(name, NULL, 10);
	return 0;
}

static int by_index(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Notes frequencies valid from index on: those before `from` replace each other. */
static void add_tuning(struct gathering *g, int64_t index, const double *hz)
{
	unsigned subchannels = g->d->properties.subchannels;
	struct drf_tunings *t = g->out;
	size_t row = subchannels * sizeof(*hz);
	double *last = t->n ? &t->hz[(t->n - 1) * subchannels] : NULL;

	if (last && !memcmp(last, hz, row))
		return;
	if (last && index <= g->from) {
		t->index[0] = index;
		memcpy(last, hz, row);
		return;
	}
	if (t->n == g->size) {
		g->size = g->size ? g->size * 2 : 4;
		t->index = xrealloc(t->index, g->size, sizeof(*t->index));
		t->hz = xrealloc(t->hz, g->size, row);
	}
	t->index[t->n] = index;
	memcpy(&t->hz[t->n * subchannels], hz, row);
	t->n++;
}

static void read_entries(struct gathering *g, struct h5 *h, const struct entries *list)
{
	const struct drf_properties *p = &g->d->properties;
	double *hz = xcalloc(p->subchannels, sizeof(*hz));

	for (size_t i = 0; i < list->n; i++) {
		int64_t index = drf_index_convert(list->v[i], g->d->metadata_rate, p->rate);

		if (index >= g->end || !read_entry(h, list->v[i], hz, p->subchannels))
			continue;
		add_tuning(g, index, hz);
		g->in_force = g->in_force || index <= g->from;
	}
	free(hz);
}

static void add_field(struct walk *w, hid_t dataset)
{
	struct str value = {0};

	if (w->out->n == DRF_FIELDS_MAX) {
		w->out->cut = true;
		return;
	}
	h5_value(w->h, dataset, &value);
	w->out->field[w->out->n++] = (struct drf_field){xstrdup(w->path), value.p};
}

static herr_t walk_link(hid_t parent, const char *name, const H5L_info_t *info, void *arg);

static void walk_group(struct walk *w, hid_t group)
{
	hsize_t at = 0;

	if (w->depth == DRF_FIELDS_DEPTH) {
		w->out->cut = true;
		return;
	}
	w->depth++;
	H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, walk_link, w);
	w->depth--;
}

static herr_t walk_link(hid_t parent, const char *name, const H5L_info_t *info, void *arg)
{
	struct walk *w = arg;
	size_t length = strlen(w->path);
	hid_t object;
	(void)info;

	if (w->links++ >= LINKS_MAX || length + strlen(name) + 2 > sizeof(w->path)) {
		w->out->cut = true;
		return w->links > LINKS_MAX;
	}
	snprintf(w->path + length, sizeof(w->path) - length, "%s%s", length ? "/" : "", name);
	if ((object = h5_dataset(parent, name, 0)) >= 0) {
		add_field(w, object);
		H5Dclose(object);
	} else if ((object = h5_group(parent, name)) >= 0) {
		walk_group(w, object);
		H5Gclose(object);
	}
	w->path[length] = '\0';
	return 0;
}

/* The newest entry not after `from` that is a group. */
static void read_fields(struct gathering *g, struct h5 *h, const struct entries *list)
{
	struct walk w = {.h = h, .out = g->fields};
	const struct drf *d = g->d;

	for (size_t i = list->n; i-- > 0 && !g->in_force;) {
		int64_t index = drf_index_convert(list->v[i], d->metadata_rate, d->properties.rate);
		char name[24];
		hid_t group;

		snprintf(name, sizeof(name), "%lld", (long long)list->v[i]);
		group = index <= g->from ? h5_group(h->file, name) : -1;
		if (group < 0)
			continue;
		g->in_force = true;
		g->fields->index = index;
		walk_group(&w, group);
		H5Gclose(group);
	}
}

/* Gathers from the file that begins at ms. */
static void read_file(struct gathering *g, int64_t ms)
{
	struct drf *d = g->d;
	struct entries list = {0};
	char name[DRF_NAME_MAX], *path, *label;
	struct error e;
	struct h5 h;
	hsize_t at = 0;

	path = drf_join(d->metadata.path, drf_tree_name(&d->metadata, ms, name));
	label = drf_join(d->name, path + strlen(d->path) + 1);
	drf_decoding(d, label);
	if (h5_open(&h, path, label, &e)) {
		if (ms >= g->told)
			drf_skipped(d, &e);
	} else {
		H5Literate(h.file, H5_INDEX_NAME, H5_ITER_NATIVE, &at, add_entry, &list);
		if (list.n)
			qsort(list.v, list.n, sizeof(*list.v), by_index);
		if (g->fields)
			read_fields(g, &h, &list);
		else
			read_entries(g, &h, &list);
		h5_close(&h);
	}
	drf_decoding(d, NULL);
	free(list.v);
	free(label);
	free(path);
}

/*
 * Gathers from the file with the newest entry not after `from`, of those that begin at ms or
 * before; returns the end of that file, -1 if there is none.
 */
static int64_t seek_back(struct gathering *g, int64_t ms)
{
	struct drf_tree *tree = &g->d->metadata;

	for (int files = 0; files < FILES_BACK_MAX && ms >= 0; files++) {
		ms = drf_tree_previous(tree, ms);
		if (ms < 0)
			break;
		read_file(g, ms);
		if (g->in_force)
			return ms + tree->file_ms;
		if (g->out)
			g->out->n = 0;
		ms--;
	}
	return -1;
}

void drf_tunings(struct drf *d, int64_t from, int64_t end, struct drf_tunings *out)
{
	struct gathering g = {.d = d, .from = from, .end = end, .out = out};
	int64_t start = drf_ms_of(from, d->properties.rate), ms, last;

	*out = (struct drf_tunings){0};
	find_metadata(d);
	if (!d->has_metadata || from >= end)
		return;
	last = drf_ms_of(end, d->properties.rate);
	ms = seek_back(&g, start);
	if (ms < 0)
		ms = start - start % d->metadata.file_ms;
	g.told = start + 1;
	while ((ms = drf_tree_next(&d->metadata, ms)) >= 0 && ms <= last) {
		read_file(&g, ms);
		ms += d->metadata.file_ms;
	}
}

void drf_tunings_free(struct drf_tunings *t)
{
	free(t->index);
	free(t->hz);
	*t = (struct drf_tunings){0};
}

const double *drf_tuning_at(
	const struct drf_tunings *t, unsigned subchannels, int64_t index, int64_t *until)
{
	size_t i = 0;

	while (i < t->n && t->index[i] <= index)
		i++;
	*until = i < t->n ? t->index[i] : INT64_MAX;
	return i > 0 ? &t->hz[(i - 1) * subchannels] : NULL;
}

bool drf_fields(struct drf *d, int64_t index, struct drf_fields *out)
{
	struct gathering g = {.d = d, .from = index, .fields = out};

	*out = (struct drf_fields){0};
	find_metadata(d);
	return d->has_metadata && seek_back(&g, drf_ms_of(index, d->properties.rate)) >= 0;
}

void drf_fields_free(struct drf_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		free(fields->field[i].path);
		free(fields->field[i].value);
	}
	*fields = (struct drf_fields){0};
}
