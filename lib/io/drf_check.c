/* SPDX-License-Identifier: ISC */
#include "io/drf_check.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/drf_check_parts.h"

void check_problem(struct checking *k, const char *file, const char *format, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	k->c->problems++;
	k->c->problem(k->c->arg, file, what);
}

void check_decoding(const struct checking *k, const char *file)
{
	if (k->c->decoding)
		k->c->decoding(k->c->arg, file);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct drf_names check_names(const char *path)
{
	struct drf_names names = {0};
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		names.v = xrealloc(names.v, names.n + 1, sizeof(*names.v));
		names.v[names.n++] = xstrdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	return names;
}

static void check_name(struct checking *k, int64_t folder, const char *where, const char *name)
{
	int64_t ms = drf_tree_file_time(&k->tree, folder, name);
	struct str file = {0}, path = {0};

	str_addf(&file, "%s/%s/%s", k->name, where, name);
	str_addf(&path, "%s/%s/%s", k->folder, where, name);
	if (ms >= 0)
		check_file(k, path.p, file.p, ms);
	else if (!strncmp(name, "tmp.", 4))
		check_problem(
			k, file.p, "not finished: being written, or left by a writer that died");
	else
		check_problem(k, file.p, "not the name of a file of this folder");
	str_free(&file);
	str_free(&path);
}

static void check_folder(struct checking *k, int64_t folder, const char *name)
{
	char *path = drf_join(k->folder, name);
	struct drf_names names = check_names(path);

	for (size_t i = 0; i < names.n; i++)
		check_name(k, folder, name, names.v[i]);
	drf_names_free(&names);
	free(path);
}

static bool is_properties(const char *name)
{
	return !strcmp(name, "drf_properties.h5") || !strcmp(name, "metadata.h5");
}

static bool is_folder(const struct checking *k, const char *name)
{
	char *path = drf_join(k->folder, name);
	struct stat st;
	bool found = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	free(path);
	return found;
}

/* What stands in the channel's folder: names that nobody would read as data are left alone. */
static void check_entry(struct checking *k, const char *name)
{
	int64_t folder = k->sound ? drf_tree_folder_time(&k->tree, name) : -1;
	char *file;

	if (is_properties(name))
		return;
	file = drf_join(k->name, name);
	if (folder >= 0 && is_folder(k, name))
		check_folder(k, folder, name);
	else if (!strncmp(name, "tmp.", 4))
		check_problem(
			k, file, "not finished: being written, or left by a writer that died");
	else if (isdigit((unsigned char)*name) && k->sound)
		check_problem(k, file,
			"not the name of a folder that begins at a multiple of %lld s",
			(long long)k->p.folder_s);
	else if (strchr(name, '@'))
		check_problem(k, file, "a file of samples outside the folders of times");
	else if (!isdigit((unsigned char)*name) && is_folder(k, name))
		check_metadata(k, name);
	free(file);
}

int drf_check_channel(struct drf_check *c, const char *folder, const char *name, struct error *e)
{
	struct checking k = {.c = c, .folder = folder, .name = name, .end = -1};
	struct drf_names names;
	struct stat st;
	int r;

	c->files = c->samples = c->blocks = c->metadata_files = c->problems = 0;
	if (stat(folder, &st))
		return fail(e, EXIT_NOINPUT, "%s: %s", name, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(e, EXIT_DATA, "%s: not a channel: not a folder", name);
	r = check_properties(&k, e);
	if (r)
		return r;
	k.typed = dtype_float(k.p.dtype);
	if (k.sound)
		drf_tree_open(&k.tree, folder, "rf", true, k.p.folder_s * 1000, k.p.file_ms);
	names = check_names(folder);
	for (size_t i = 0; i < names.n; i++)
		check_entry(&k, names.v[i]);
	drf_names_free(&names);
	drf_tree_close(&k.tree);
	str_free(&k.missing);
	return 0;
}
