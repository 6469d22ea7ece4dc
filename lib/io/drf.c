/* SPDX-License-Identifier: ISC */
#include "io/drf.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "io/drf_parts.h"

#define SUBCHANNELS_MAX 65536
#define FILE_BYTES_MAX (UINT64_C(1) << 40) /* what a cadence may hold, lest a fill never end */
#define RATE_DENOMINATOR_MAX 1000000
#define VERSION_MAJOR 2

/* The name since 2.5, and the one before. */
static const char *const properties_names[] = {"drf_properties.h5", "metadata.h5"};

void drf_decoding(const struct drf *d, const char *file)
{
	if (d->hooks.decoding)
		d->hooks.decoding(d->hooks.arg, file);
}

void drf_skipped(const struct drf *d, const struct error *why)
{
	if (d->hooks.skipped)
		d->hooks.skipped(d->hooks.arg, why);
}

char *drf_join(const char *folder, const char *name)
{
	struct str path = {0};

	str_addf(&path, "%s/%s", folder, name);
	return path.p;
}

/*
 * The fraction of denominator <= RATE_DENOMINATOR_MAX nearest to a double, by its continued
 * fraction: 33333.333333333336 stands for 100000/3.
 */
static bool rate_of_f64(double hz, struct rate *rate)
{
	uint64_t num = 1, den = 0, num_before = 0, den_before = 1;

	if (!(hz >= 1e-6 && hz <= 1e12))
		return false;
	for (double rest = hz;; rest = 1 / (rest - floor(rest))) {
		uint64_t whole = (uint64_t)floor(rest), next = whole * den + den_before;

		if (den > 0 && (whole > RATE_DENOMINATOR_MAX || next > RATE_DENOMINATOR_MAX))
			break;
		den_before = den;
		den = next;
		next = whole * num + num_before;
		num_before = num;
		num = next;
		if ((double)num / (double)den == hz || rest == floor(rest))
			break;
	}
	*rate = (struct rate){.num = num, .den = den};
	return num > 0 && den > 0;
}

bool drf_read_rate(hid_t object, struct rate *rate)
{
	uint64_t divisor;
	double hz;

	if (!h5_u64(object, "sample_rate_numerator", &rate->num) ||
		!h5_u64(object, "sample_rate_denominator", &rate->den))
		return h5_f64(object, "samples_per_second", &hz) && rate_of_f64(hz, rate);
	if (rate->num == 0 || rate->num > INT64_MAX || rate->den == 0 || rate->den > INT64_MAX)
		return false;
	divisor = common_divisor(rate->num, rate->den);
	rate->num /= divisor;
	rate->den /= divisor;
	return true;
}

bool drf_cadences_valid(uint64_t folder_ms, uint64_t file_ms)
{
	return file_ms > 0 && folder_ms > 0 && folder_ms < (uint64_t)DRF_MS_END &&
	       folder_ms % 1000 == 0 && folder_ms % file_ms == 0;
}

static bool read_dtype(hid_t object, struct drf_properties *p)
{
	uint64_t class, size, order = 0, precision, offset, is_complex;
	unsigned bits = 0;

	if (!h5_u64(object, "H5Tget_class", &class) || !h5_u64(object, "H5Tget_size", &size) ||
		!h5_u64(object, "is_complex", &is_complex))
		return false;
	if (h5_u64(object, "H5Tget_precision", &precision) && precision != 8 * size)
		return false;
	if (h5_u64(object, "H5Tget_offset", &offset) && offset != 0)
		return false;
	h5_u64(object, "H5Tget_order", &order);
	while (bits < 3 && UINT64_C(1) << bits < size)
		bits++;
	if (size != UINT64_C(1) << bits || class > 1 || (class == 1 && bits < 2) || order > 1 ||
		is_complex > 1)
		return false;
	p->dtype = class == 1 ? DTYPE_F32 + bits - 2 : DTYPE_I8 + 2 * bits;
	p->dtype |= is_complex ? DTYPE_COMPLEX : 0;
	p->big_endian = order == 1;
	return true;
}

static bool read_cadences(hid_t object, struct drf_properties *p)
{
	uint64_t folder_s, file_ms;

	if (!h5_u64(object, "subdir_cadence_secs", &folder_s) ||
		!h5_u64(object, "file_cadence_millisecs", &file_ms) ||
		folder_s > INT64_MAX / 1000 || !drf_cadences_valid(folder_s * 1000, file_ms))
		return false;
	p->folder_s = (int64_t)folder_s;
	p->file_ms = (int64_t)file_ms;
	return true;
}

/* Whether what one file holds is of a size that exists. */
static bool is_plausible(const struct drf_properties *p)
{
	uint64_t samples = (uint64_t)drf_index_at(p->file_ms, p->rate), bytes;

	return mul_fits(samples, dtype_size(p->dtype) * p->subchannels, &bytes) &&
	       bytes <= FILE_BYTES_MAX;
}

int drf_read_properties(
	struct drf_properties *p, hid_t object, const char *name, struct error *e)
{
	uint64_t subchannels, continuous = 0;

	if (!h5_text(object, "digital_rf_version", p->version, sizeof(p->version)))
		strcpy(p->version, "2.0");
	if (strtoul(p->version, NULL, 10) > VERSION_MAJOR)
		return fail(e, EXIT_DATA, "%s: DigitalRF version %s, 2 is the last one known", name,
			p->version);
	if (!drf_read_rate(object, &p->rate))
		return fail(e, EXIT_DATA, "%s: no sample rate in it", name);
	if (!read_dtype(object, p))
		return fail(e, EXIT_DATA, "%s: no element type in it that DigitalRF has", name);
	if (!read_cadences(object, p))
		return fail(e, EXIT_DATA, "%s: no cadences in it that fit", name);
	if (!h5_u64(object, "num_subchannels", &subchannels) || subchannels < 1 ||
		subchannels > SUBCHANNELS_MAX)
		return fail(e, EXIT_DATA, "%s: the number of subchannels is not 1 to %d", name,
			SUBCHANNELS_MAX);
	p->subchannels = (unsigned)subchannels;
	h5_u64(object, "is_continuous", &continuous);
	p->continuous = continuous != 0;
	if (!is_plausible(p))
		return fail(e, EXIT_DATA, "%s: a file would hold more than 1 TiB", name);
	return 0;
}

/* Opens the properties of the channel in a folder; h->name is the caller's `name`. */
static int open_properties(struct h5 *h, const char *folder, const char *name, struct error *e)
{
	int r = EXIT_NOINPUT;

	for (size_t i = 0; i < COUNT_OF(properties_names) && r == EXIT_NOINPUT; i++) {
		char *path = drf_join(folder, properties_names[i]);

		r = h5_open(h, path, name, e);
		free(path);
	}
	return r;
}

/* Digital Metadata before 2.5 had a metadata.h5 too; only a channel's speaks of elements. */
static bool is_channel(const char *folder)
{
	char *path = drf_join(folder, properties_names[0]);
	bool found = access(path, F_OK) == 0;
	struct error e;
	struct h5 h;

	free(path);
	if (found || open_properties(&h, folder, folder, &e))
		return found;
	found = H5Aexists(h.file, "H5Tget_size") > 0;
	h5_close(&h);
	return found;
}

static void add_name(struct drf_names *names, const char *name)
{
	names->v = xrealloc(names->v, names->n + 1, sizeof(*names->v));
	names->v[names->n++] = xstrdup(name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *drf_top(const char *path)
{
	size_t n = strlen(path);
	char *top;

	while (n > 1 && path[n - 1] == '/')
		n--;
	top = xstrndup(path, n);
	if (!strcmp(base_name(top), ".") || !strcmp(base_name(top), "..")) {
		free(top);
		top = realpath(path, NULL);
	}
	return top ? top : xstrdup(path);
}

int drf_list(const char *top, struct drf_names *names, struct error *e)
{
	struct dirent *entry;
	char *path;
	DIR *dir;

	*names = (struct drf_names){0};
	if (is_channel(top)) {
		add_name(names, base_name(top));
		return 0;
	}
	dir = opendir(top);
	if (!dir)
		return fail(e, EXIT_NOINPUT, "%s: %s", top, strerror(errno));
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = drf_join(top, entry->d_name);
		if (is_channel(path))
			add_name(names, entry->d_name);
		free(path);
	}
	closedir(dir);
	if (!names->n)
		return fail(e, EXIT_NOINPUT, "%s: no DigitalRF channel in it", top);
	qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}

void drf_names_free(struct drf_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct drf_names){0};
}

static int say_which(const char *top, const struct drf_names *names, struct error *e)
{
	struct str list = {0};

	for (size_t i = 0; i < names->n; i++)
		str_addf(&list, "%s%s", i ? ", " : "", names->v[i]);
	fail(e, EXIT_USAGE, "%s: %zu channels, name one of them: %s", top, names->n, list.p);
	str_free(&list);
	return e->code;
}

/* The folder of the channel asked for; *path and *found are to be freed. */
static int find_channel(
	const char *top, const char *name, char **path, char **found, struct error *e)
{
	struct drf_names names = {0};
	int r;

	*path = name ? drf_join(top, name) : NULL;
	*found = name ? xstrdup(name) : NULL;
	if (name && *name && !strchr(name, '/') && is_channel(*path))
		return 0;
	free(*path);
	free(*found);
	r = drf_list(top, &names, e);
	if (!r && name && (names.n > 1 || strcmp(names.v[0], name)))
		r = fail(e, EXIT_NOINPUT, "%s: no channel %s in it", top, name);
	else if (!r && names.n > 1)
		r = say_which(top, &names, e);
	if (!r) {
		*found = xstrdup(names.v[0]);
		*path = is_channel(top) ? xstrdup(top) : drf_join(top, *found);
	}
	drf_names_free(&names);
	return r;
}

static void close_file(struct drf *d)
{
	if (d->file_at < 0)
		return;
	drf_decoding(d, d->file.name);
	drf_file_close(&d->file);
	drf_decoding(d, NULL);
	d->file_at = -1;
}

/* Opens the file that begins at ms, unless it is open. */
static int open_file(struct drf *d, int64_t ms, struct error *e)
{
	struct rate rate = d->properties.rate;
	char name[DRF_NAME_MAX], *path;
	int r;

	if (d->file_at == ms)
		return 0;
	close_file(d);
	path = drf_join(d->path, drf_tree_name(&d->tree, ms, name));
	d->file = (struct drf_file){0};
	snprintf(d->file.name, sizeof(d->file.name), "%s/%s", d->name, name);
	drf_decoding(d, d->file.name);
	r = drf_file_open(&d->file, path, &d->properties, !d->typed, drf_index_at(ms, rate),
		drf_index_at(ms + d->properties.file_ms, rate), e);
	drf_decoding(d, NULL);
	free(path);
	if (r)
		return r;
	d->file_at = ms;
	d->typed = true;
	return 0;
}

/* Opens the first file at or after ms that can be read and is not empty; false if none can. */
static bool open_next(struct drf *d, int64_t ms)
{
	struct error e;

	while ((ms = drf_tree_next(&d->tree, ms)) >= 0) {
		if (open_file(d, ms, &e))
			drf_skipped(d, &e);
		else if (d->file.runs)
			return true;
		ms += d->properties.file_ms;
	}
	return false;
}

/* The same backwards. */
static bool open_previous(struct drf *d, int64_t ms)
{
	struct error e;

	while (ms >= 0 && (ms = drf_tree_previous(&d->tree, ms)) >= 0) {
		if (open_file(d, ms, &e))
			drf_skipped(d, &e);
		else if (d->file.runs)
			return true;
		ms--;
	}
	return false;
}

/* Integers are signed as in the first readable file; it stays open, as reading begins there. */
static void find_sign(struct drf *d)
{
	struct drf_hooks hooks = d->hooks;

	d->hooks.skipped = NULL;
	open_next(d, 0);
	d->hooks = hooks;
}

int drf_open(struct drf **opened, const char *top, const char *name, const struct drf_hooks *hooks,
	struct error *e)
{
	struct drf *d;
	struct h5 h;
	char *path, *found;
	int r = find_channel(top, name, &path, &found, e);

	if (r)
		return r;
	d = xcalloc(1, sizeof(*d));
	d->path = path;
	d->name = found;
	d->hooks = hooks ? *hooks : (struct drf_hooks){0};
	d->file_at = d->watch = -1;
	drf_decoding(d, d->name);
	r = open_properties(&h, d->path, d->name, e);
	if (!r) {
		r = drf_read_properties(&d->properties, h.file, d->name, e);
		h5_close(&h);
	}
	drf_decoding(d, NULL);
	if (r) {
		drf_close(d);
		return r;
	}
	drf_tree_open(&d->tree, d->path, "rf", true, d->properties.folder_s * 1000,
		d->properties.file_ms);
	d->typed = dtype_float(d->properties.dtype);
	if (!d->typed)
		find_sign(d);
	drf_seek(d, 0, INT64_MAX);
	*opened = d;
	return 0;
}

void drf_close(struct drf *d)
{
	close_file(d);
	drf_tree_close(&d->tree);
	drf_tree_close(&d->metadata);
	if (d->watch >= 0)
		close(d->watch);
	free(d->path);
	free(d->name);
	free(d);
}

const struct drf_properties *drf_properties(const struct drf *d)
{
	return &d->properties;
}

const char *drf_name(const struct drf *d)
{
	return d->name;
}

bool drf_bounds(struct drf *d, int64_t *first, int64_t *end)
{
	const struct drf_run *last;

	/* The last one first: the first one then stays open, which is where reading begins. */
	if (!open_previous(d, DRF_MS_END - 1))
		return false;
	last = &d->file.run[d->file.runs - 1];
	*end = last->index + (int64_t)last->rows;
	if (!open_next(d, 0))
		return false;
	*first = d->file.run[0].index;
	return true;
}

bool drf_span(struct drf *d, int64_t *first, int64_t *end)
{
	int64_t last = drf_tree_previous(&d->tree, DRF_MS_END - 1);

	if (last < 0 || !open_next(d, 0))
		return false;
	*first = d->file.run[0].index;
	*end = drf_index_at(last + d->properties.file_ms, d->properties.rate);
	if (*end < INT64_MAX)
		*end += DRF_SLACK;
	return true;
}

void drf_seek(struct drf *d, int64_t from, int64_t end)
{
	int64_t ms;

	d->from = from > 0 ? from : 0;
	d->end = end;
	d->run = 0;
	ms = drf_ms_of(d->from > DRF_SLACK ? d->from - DRF_SLACK : 0, d->properties.rate);
	d->next_at = ms - ms % d->properties.file_ms;
}

/* Opens the next file of the range; false if there is none yet. */
static bool open_wanted(struct drf *d)
{
	struct error e;
	int64_t ms;

	while ((ms = drf_tree_next(&d->tree, d->next_at)) >= 0) {
		if (drf_index_at(ms, d->properties.rate) - DRF_SLACK >= d->end)
			return false;
		d->run = 0;
		d->next_at = ms;
		if (!open_file(d, ms, &e))
			return true;
		drf_skipped(d, &e);
		d->next_at += d->properties.file_ms;
	}
	return false;
}

static int read_piece(
	struct drf *d, const struct drf_run *run, struct drf_piece *piece, struct error *e)
{
	int r;

	drf_decoding(d, d->file.name);
	r = drf_file_read(&d->file, run->row + (uint64_t)(piece->index - run->index), piece, e);
	drf_decoding(d, NULL);
	return r;
}

/* What is left of the next run of the open file within the range; NULL if none. */
static const struct drf_run *next_run(struct drf *d, struct drf_piece *piece)
{
	for (; d->run < d->file.runs; d->run++) {
		const struct drf_run *run = &d->file.run[d->run];
		int64_t end = run->index + (int64_t)run->rows;

		*piece = (struct drf_piece){.fd = -1};
		piece->index = run->index > d->from ? run->index : d->from;
		end = end < d->end ? end : d->end;
		if (piece->index < end) {
			piece->rows = (size_t)(end - piece->index);
			return run;
		}
	}
	return NULL;
}

/* The next piece of the open file; false at its end or where it cannot be read any more. */
static bool next_of_file(struct drf *d, struct drf_piece *piece, bool with_data)
{
	const struct drf_run *run = next_run(d, piece);
	struct error e;

	if (!run)
		return false;
	if (with_data && piece->rows > d->file.piece_rows)
		piece->rows = d->file.piece_rows;
	if (with_data && read_piece(d, run, piece, &e)) {
		drf_skipped(d, &e);
		return false;
	}
	d->from = piece->index + (int64_t)piece->rows;
	return true;
}

static bool next(struct drf *d, struct drf_piece *piece, bool with_data)
{
	for (;;) {
		if (d->file_at != d->next_at && !open_wanted(d))
			return false;
		if (next_of_file(d, piece, with_data))
			return true;
		close_file(d);
		d->next_at += d->properties.file_ms;
	}
}

bool drf_next(struct drf *d, struct drf_piece *piece)
{
	return next(d, piece, true);
}

bool drf_next_block(struct drf *d, struct drf_piece *piece)
{
	return next(d, piece, false);
}
