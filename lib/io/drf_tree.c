/* SPDX-License-Identifier: ISC */
#include "io/drf_tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define NS_PER_MS 1000000
#define FOLDER_LENGTH 19 /* YYYY-MM-DDTHH-MM-SS */
#define FILE_NAME_MAX (DRF_NAME_MAX - FOLDER_LENGTH - 1)

typedef unsigned __int128 wide;

static const struct utc epoch;

int64_t drf_ms_of(int64_t index, struct rate rate)
{
	struct utc t = utc_after(epoch, index, rate);

	if (t.sec >= DRF_MS_END / 1000)
		return DRF_MS_END - 1;
	return t.sec * 1000 + t.nsec / NS_PER_MS;
}

int64_t drf_index_at(int64_t ms, struct rate rate)
{
	struct utc t = {.sec = ms / 1000, .nsec = (int32_t)(ms % 1000 * NS_PER_MS)};

	return utc_index_ceil(epoch, t, rate);
}

int64_t drf_index_convert(int64_t index, struct rate from, struct rate to)
{
	wide ticks = (wide)index * from.den, sec = ticks / from.num, rest = ticks % from.num;
	wide whole, part, divisor = (wide)from.num * to.den;

	if (from.num == to.num && from.den == to.den)
		return index;
	if (sec > INT64_MAX)
		return INT64_MAX;
	/* index / from = sec + rest / from.num; times to.num / to.den, whole parts apart. */
	whole = sec * to.num / to.den;
	part = sec * to.num % to.den * from.num + rest * to.num;
	whole += part / divisor + (part % divisor > 0);
	return whole > INT64_MAX ? INT64_MAX : (int64_t)whole;
}

static char *folder_name(int64_t ms, char out[UTC_TEXT])
{
	utc_format(out, (struct utc){.sec = ms / 1000}, 0);
	out[13] = out[16] = '-';
	out[FOLDER_LENGTH] = '\0';
	return out;
}

static int64_t folder_of_ms(const struct drf_tree *t, int64_t ms)
{
	return ms - ms % t->folder_ms;
}

int64_t drf_tree_folder_time(const struct drf_tree *t, const char *name)
{
	char text[FOLDER_LENGTH + 1], again[UTC_TEXT];
	struct utc time;

	if (strlen(name) != FOLDER_LENGTH)
		return -1;
	memcpy(text, name, sizeof(text));
	if (text[13] != '-' || text[16] != '-')
		return -1;
	text[13] = text[16] = ':';
	if (!utc_parse(text, &time) || time.sec < 0 || time.sec * 1000 % t->folder_ms)
		return -1;
	return strcmp(folder_name(time.sec * 1000, again), name) ? -1 : time.sec * 1000;
}

static char *file_name(const struct drf_tree *t, int64_t ms, char out[FILE_NAME_MAX])
{
	char fraction[8] = "";

	if (t->milliseconds)
		snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(ms % 1000));
	snprintf(out, FILE_NAME_MAX, "%s@%lld%s.h5", t->prefix, (long long)(ms / 1000), fraction);
	return out;
}

int64_t drf_tree_file_time(const struct drf_tree *t, int64_t folder, const char *name)
{
	size_t prefix = strlen(t->prefix);
	char again[FILE_NAME_MAX], *end;
	int64_t ms;

	if (strncmp(name, t->prefix, prefix) || name[prefix] != '@')
		return -1;
	ms = strtoll(name + prefix + 1, &end, 10);
	if (ms < 0 || ms >= DRF_MS_END / 1000)
		return -1;
	ms *= 1000;
	if (t->milliseconds && *end == '.')
		ms += strtol(end + 1, &end, 10) % 1000;
	if (ms < 0 || ms % t->file_ms || folder_of_ms(t, ms) != folder)
		return -1;
	return strcmp(file_name(t, ms, again), name) ? -1 : ms;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The times of the files of a folder, of the folders of the tree if `folder` is negative. */
static void list(
	const struct drf_tree *t, const char *path, int64_t folder, struct drf_times *out)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t size = 0;
	int64_t ms;

	out->n = 0;
	while (dir && (entry = readdir(dir))) {
		ms = folder < 0 ? drf_tree_folder_time(t, entry->d_name)
				: drf_tree_file_time(t, folder, entry->d_name);
		if (ms < 0)
			continue;
		if (out->n >= size) {
			size = size ? size * 2 : 64;
			out->v = xrealloc(out->v, size, sizeof(*out->v));
		}
		out->v[out->n++] = ms;
	}
	if (dir)
		closedir(dir);
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_time);
}

static char *join(const struct drf_tree *t, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", t->path, name) < 0)
		return xstrdup("");
	return path;
}

static const struct drf_times *list_files(struct drf_tree *t, int64_t folder)
{
	char name[UTC_TEXT], *path;

	if (t->listed == folder)
		return &t->files;
	t->listed = folder;
	path = join(t, folder_name(folder, name));
	list(t, path, folder, &t->files);
	free(path);
	return &t->files;
}

/* The number of times before ms, that is the place of the first one that is not. */
static size_t count_before(const struct drf_times *times, int64_t ms)
{
	size_t low = 0, high = times->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (times->v[middle] < ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_there(const struct drf_tree *t, int64_t ms)
{
	char name[DRF_NAME_MAX], *path = join(t, drf_tree_name(t, ms, name));
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

void drf_tree_open(struct drf_tree *t, const char *path, const char *prefix, bool milliseconds,
	int64_t folder_ms, int64_t file_ms)
{
	*t = (struct drf_tree){
		.path = xstrdup(path),
		.milliseconds = milliseconds,
		.folder_ms = folder_ms,
		.file_ms = file_ms,
	};
	snprintf(t->prefix, sizeof(t->prefix), "%s", prefix);
	drf_tree_refresh(t);
}

void drf_tree_refresh(struct drf_tree *t)
{
	free(t->folders.v);
	t->folders = (struct drf_times){0};
	list(t, t->path, -1, &t->folders);
	t->listed = -1;
}

void drf_tree_close(struct drf_tree *t)
{
	free(t->path);
	free(t->folders.v);
	free(t->files.v);
	*t = (struct drf_tree){.listed = -1};
}

char *drf_tree_name(const struct drf_tree *t, int64_t ms, char out[DRF_NAME_MAX])
{
	char folder[UTC_TEXT];

	memcpy(out, folder_name(folder_of_ms(t, ms), folder), FOLDER_LENGTH);
	out[FOLDER_LENGTH] = '/';
	file_name(t, ms, out + FOLDER_LENGTH + 1);
	return out;
}

int64_t drf_tree_next(struct drf_tree *t, int64_t ms)
{
	const struct drf_times *files;
	size_t i, k;

	ms = (int64_t)round_up((uint64_t)ms, (uint64_t)t->file_ms);
	for (i = count_before(&t->folders, folder_of_ms(t, ms)); i < t->folders.n; i++) {
		if (ms < t->folders.v[i])
			ms = t->folders.v[i];
		/* A whole folder is listed only where the name reckoned is not there. */
		if (is_there(t, ms))
			return ms;
		files = list_files(t, t->folders.v[i]);
		k = count_before(files, ms);
		if (k < files->n)
			return files->v[k];
	}
	return -1;
}

int64_t drf_tree_previous(struct drf_tree *t, int64_t ms)
{
	const struct drf_times *files;
	size_t k;

	for (size_t i = count_before(&t->folders, ms + 1); i-- > 0;) {
		files = list_files(t, t->folders.v[i]);
		k = count_before(files, ms + 1);
		if (k > 0)
			return files->v[k - 1];
	}
	return -1;
}
