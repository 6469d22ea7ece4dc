/* SPDX-License-Identifier: ISC */
/* A folder of Digital Metadata: its properties, names, and the entries of its files. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/drf_check_parts.h"

struct entries {
	struct checking *k;
	const char *file;
	int64_t first, end; /* indices of the file, at the rate of the metadata */
};

static bool read_form(struct checking *k, const char *name, struct drf_metadata_form *form)
{
	static const char *const properties[] = {"dmd_properties.h5", "metadata.h5"};
	bool found = false, sound = false;

	for (size_t i = 0; i < COUNT_OF(properties) && !found; i++) {
		struct str path = {0}, file = {0};
		struct error e;
		struct h5 h;
		int r;

		str_addf(&path, "%s/%s/%s", k->folder, name, properties[i]);
		str_addf(&file, "%s/%s/%s", k->name, name, properties[i]);
		check_decoding(k, file.p);
		r = h5_open(&h, path.p, file.p, &e);
		found = r != EXIT_NOINPUT;
		sound = !r && drf_read_metadata_form(h.file, form);
		if (r && found)
			check_problem(k, file.p, "%s", e.text + file.len + 2);
		else if (found && !sound)
			check_problem(k, file.p, "no cadences, rate and file_name in it that fit");
		if (!r)
			h5_close(&h);
		check_decoding(k, NULL);
		str_free(&path);
		str_free(&file);
	}
	return sound;
}

static herr_t check_entry(hid_t root, const char *name, const H5L_info_t *info, void *arg)
{
	const struct entries *n = arg;
	size_t digits = strspn(name, "0123456789");
	int64_t index = strtoll(name, NULL, 10);
	hid_t group;
	(void)info;

	if (!digits || name[digits] || digits > 18) {
		check_problem(n->k, n->file,
			"'%.40s' is not the name of an entry, a sample's index", name);
		return 0;
	}
	if (index < n->first || index >= n->end)
		check_problem(n->k, n->file, "entry %s does not belong to it, but %lld to %lld",
			name, (long long)n->first, (long long)n->end);
	group = h5_group(root, name);
	if (group < 0)
		check_problem(n->k, n->file, "entry %s cannot be opened", name);
	else
		H5Gclose(group);
	return 0;
}

static void check_metadata_file(struct checking *k, const struct drf_tree *tree, struct rate rate,
	const char *path, const char *file, int64_t ms)
{
	struct entries entries = {.k = k,
		.file = file,
		.first = drf_index_at(ms, rate),
		.end = drf_index_at(ms + tree->file_ms, rate)};
	hsize_t at = 0;
	struct error e;
	struct h5 h;

	k->c->metadata_files++;
	check_decoding(k, file);
	if (h5_open(&h, path, file, &e)) {
		check_problem(k, file, "%s", e.text + strlen(file) + 2);
	} else {
		if (H5Literate(h.file, H5_INDEX_NAME, H5_ITER_NATIVE, &at, check_entry, &entries) <
			0)
			check_problem(k, file, "its entries cannot be listed");
		h5_close(&h);
	}
	check_decoding(k, NULL);
}

static void check_metadata_folder(struct checking *k, const struct drf_tree *tree, struct rate rate,
	const char *where, int64_t folder, const char *name)
{
	char *path = drf_join(tree->path, name);
	struct drf_names names = check_names(path);

	for (size_t i = 0; i < names.n; i++) {
		int64_t ms = drf_tree_file_time(tree, folder, names.v[i]);
		char *full = drf_join(path, names.v[i]);
		struct str file = {0};

		str_addf(&file, "%s/%s/%s/%s", k->name, where, name, names.v[i]);
		if (ms >= 0)
			check_metadata_file(k, tree, rate, full, file.p, ms);
		else if (!strncmp(names.v[i], "tmp.", 4))
			check_problem(k, file.p,
				"not finished: being written, or left by a writer that died");
		else
			check_problem(k, file.p, "not the name of a file of this folder");
		str_free(&file);
		free(full);
	}
	drf_names_free(&names);
	free(path);
}

bool check_metadata(struct checking *k, const char *name)
{
	struct drf_metadata_form form;
	struct drf_tree tree;
	struct drf_names names;
	char *path;

	if (!read_form(k, name, &form))
		return false;
	path = drf_join(k->folder, name);
	drf_tree_open(&tree, path, form.prefix, false, form.folder_s * 1000, form.file_s * 1000);
	names = check_names(path);
	for (size_t i = 0; i < names.n; i++) {
		int64_t folder = drf_tree_folder_time(&tree, names.v[i]);
		struct str file = {0};

		str_addf(&file, "%s/%s/%s", k->name, name, names.v[i]);
		if (folder >= 0)
			check_metadata_folder(k, &tree, form.rate, name, folder, names.v[i]);
		else if (!strncmp(names.v[i], "tmp.", 4))
			check_problem(k, file.p,
				"not finished: being written, or left by a writer that died");
		else if (strspn(names.v[i], "0123456789") > 0 || strchr(names.v[i], '@'))
			check_problem(k, file.p, "not the name of a folder of these metadata");
		str_free(&file);
	}
	drf_names_free(&names);
	drf_tree_close(&tree);
	free(path);
	return true;
}
