/* SPDX-License-Identifier: ISC */
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"

#define RANK_MAX 8
#define PATH_PARTS_MAX 200
#define TEXT_MAX 4096
#define VALUES_MAX 16
#define VALUE_TEXT_MAX 256
#define NUMBER_BYTES_MAX 16
#define CHUNK_SLOTS 521 /* the library's default; a prime */

/* Deflate makes at most 1032 bytes of one; a chunk may not claim more than its file could hold. */
#define DEFLATE_RATIO_MAX 1032
#define CHUNK_BYTES_MAX (UINT64_C(1) << 29)

static hid_t open_unlocked(const char *path)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (access < 0)
		return -1;
	if (H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
		H5Pset_file_locking(access, 0, 1) >= 0)
		file = H5Fopen(path, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	return file;
}

int h5_open(struct h5 *h, const char *path, const char *name, struct error *e)
{
	struct stat st;

	*h = (struct h5){.file = -1, .name = name};
	h->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (h->fd < 0)
		return fail(e, EXIT_NOINPUT, "%s: %s", name, strerror(errno));
	if (fstat(h->fd, &st) || !S_ISREG(st.st_mode)) {
		h5_close(h);
		return fail(e, EXIT_DATA, "%s: not a regular file", name);
	}
	h->size = (uint64_t)st.st_size;
	H5dont_atexit(); /* all is closed by then, and its tidying takes a while */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5PLset_loading_state(0);
	h->file = open_unlocked(path);
	if (h->file < 0) {
		h5_close(h);
		return fail(e, EXIT_DATA, "%s: not an HDF5 file, or damaged", name);
	}
	return 0;
}

void h5_leave(struct h5 *h)
{
	if (h->file >= 0)
		H5Fclose(h->file);
	h->file = -1;
}

void h5_close(struct h5 *h)
{
	h5_leave(h);
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

/* Reads an attribute of one element of a class; wanted < 0 stands for the type it has. */
static bool read_attribute(hid_t attribute, H5T_class_t class, hid_t wanted, void *value)
{
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	bool fits = type >= 0 && space >= 0 && H5Sget_simple_extent_npoints(space) == 1 &&
		    H5Tget_class(type) == class;

	if (fits)
		fits = H5Aread(attribute, wanted < 0 ? type : wanted, value) >= 0;
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	return fits;
}

static hid_t open_attribute(hid_t object, const char *name)
{
	if (H5Aexists(object, name) <= 0)
		return -1;
	return H5Aopen(object, name, H5P_DEFAULT);
}

static bool number(hid_t object, const char *name, H5T_class_t class, hid_t wanted, void *value)
{
	hid_t attribute = open_attribute(object, name);
	bool found;

	if (attribute < 0)
		return false;
	found = read_attribute(attribute, class, wanted, value);
	H5Aclose(attribute);
	return found;
}

bool h5_u64(hid_t object, const char *name, uint64_t *value)
{
	return number(object, name, H5T_INTEGER, H5T_NATIVE_UINT64, value);
}

bool h5_f64(hid_t object, const char *name, double *value)
{
	return number(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value) ||
	       number(object, name, H5T_INTEGER, H5T_NATIVE_DOUBLE, value);
}

bool h5_text(hid_t object, const char *name, char *out, size_t size)
{
	hid_t attribute = open_attribute(object, name), type;
	char fixed[TEXT_MAX + 1] = "", *variable = NULL;
	size_t bytes;
	bool found = false;

	if (attribute < 0)
		return false;
	type = H5Aget_type(attribute);
	bytes = type >= 0 ? H5Tget_size(type) : 0;
	if (type >= 0 && H5Tis_variable_str(type) > 0)
		found = read_attribute(attribute, H5T_STRING, -1, &variable) && variable;
	else if (bytes > 0 && bytes <= TEXT_MAX)
		found = read_attribute(attribute, H5T_STRING, -1, fixed);
	if (found)
		snprintf(out, size, "%s", variable ? variable : fixed);
	if (variable)
		H5free_memory(variable);
	if (type >= 0)
		H5Tclose(type);
	H5Aclose(attribute);
	return found;
}

static bool is_hard_link(hid_t parent, const char *path)
{
	H5L_info_t info;

	return H5Lexists(parent, path, H5P_DEFAULT) > 0 &&
	       H5Lget_info(parent, path, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

/* Each part of the path is looked at before the next, as a link on the way may lead outside. */
static bool is_inside(hid_t parent, const char *path)
{
	char part[PATH_PARTS_MAX];

	for (const char *end = path; *end; end += *end == '/') {
		end += strcspn(end, "/");
		if ((size_t)(end - path) >= sizeof(part))
			return false;
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		if (!is_hard_link(parent, part))
			return false;
	}
	return true;
}

static hid_t open_dataset(hid_t parent, const char *path, size_t cache)
{
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS), dataset = -1;

	if (access < 0)
		return -1;
	if (cache == 0 || H5Pset_chunk_cache(access, CHUNK_SLOTS, cache, 1) >= 0)
		dataset = H5Dopen2(parent, path, access);
	H5Pclose(access);
	return dataset;
}

hid_t h5_dataset(hid_t parent, const char *path, size_t cache)
{
	hid_t dataset, plist;
	bool own;

	if (!is_inside(parent, path))
		return -1;
	dataset = open_dataset(parent, path, cache);
	if (dataset < 0)
		return -1;
	plist = H5Dget_create_plist(dataset);
	own = plist >= 0 && H5Pget_layout(plist) != H5D_VIRTUAL &&
	      H5Pget_external_count(plist) == 0;
	if (plist >= 0)
		H5Pclose(plist);
	if (own)
		return dataset;
	H5Dclose(dataset);
	return -1;
}

hid_t h5_group(hid_t parent, const char *path)
{
	return is_inside(parent, path) ? H5Gopen2(parent, path, H5P_DEFAULT) : -1;
}

int h5_shape(hid_t dataset, int rank, uint64_t *dim)
{
	hid_t space = H5Dget_space(dataset);
	hsize_t extent[RANK_MAX];
	int r = -1;

	if (space < 0)
		return -1;
	if (H5Sget_simple_extent_ndims(space) == rank &&
		H5Sget_simple_extent_dims(space, extent, NULL) == rank) {
		for (int i = 0; i < rank; i++)
			dim[i] = extent[i];
		r = 0;
	}
	H5Sclose(space);
	return r;
}

static bool read_slab(hid_t dataset, hid_t type, hid_t from, hid_t to, const hsize_t *start,
	const hsize_t *count, void *out)
{
	return H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
	       H5Dread(dataset, type, to, from, H5P_DEFAULT, out) >= 0;
}

bool h5_read_rows(hid_t dataset, hid_t type, uint64_t row, uint64_t rows, uint64_t width, void *out)
{
	hsize_t start[2] = {row, 0}, count[2] = {rows, width};
	hid_t own = type < 0 ? H5Dget_type(dataset) : type;
	hid_t from = H5Dget_space(dataset), to = H5Screate_simple(2, count, NULL);
	bool done = false;

	if (own >= 0 && from >= 0 && to >= 0)
		done = read_slab(dataset, own, from, to, start, count, out);
	if (to >= 0)
		H5Sclose(to);
	if (from >= 0)
		H5Sclose(from);
	if (type < 0 && own >= 0)
		H5Tclose(own);
	return done;
}

static uint64_t chunk_elements(hid_t plist)
{
	hsize_t dim[RANK_MAX];
	uint64_t elements = 1;
	int rank;

	if (H5Pget_layout(plist) != H5D_CHUNKED)
		return 0;
	rank = H5Pget_chunk(plist, RANK_MAX, dim);
	if (rank < 1 || rank > RANK_MAX)
		return UINT64_MAX;
	for (int i = 0; i < rank; i++)
		if (!mul_fits(elements, dim[i], &elements))
			return UINT64_MAX;
	return elements;
}

uint64_t h5_chunk_bytes(const struct h5 *h, hid_t dataset)
{
	hid_t plist = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
	uint64_t bytes = UINT64_MAX;

	if (plist >= 0 && type >= 0 &&
		(!mul_fits(chunk_elements(plist), H5Tget_size(type), &bytes) ||
			bytes > CHUNK_BYTES_MAX || bytes / DEFLATE_RATIO_MAX > h->size))
		bytes = UINT64_MAX;
	if (type >= 0)
		H5Tclose(type);
	if (plist >= 0)
		H5Pclose(plist);
	return bytes;
}

static bool read_all(hid_t dataset, hid_t type, void *out)
{
	return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
}

static bool add_integers(struct str *out, hid_t dataset, bool negative, size_t n)
{
	int64_t v[VALUES_MAX];

	if (!read_all(dataset, negative ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64, v))
		return false;
	for (size_t i = 0; i < n; i++) {
		str_add(out, i ? ", " : "");
		if (negative)
			str_addf(out, "%lld", (long long)v[i]);
		else
			str_addf(out, "%llu", (unsigned long long)v[i]);
	}
	return true;
}

static bool add_floats(struct str *out, hid_t dataset, size_t n)
{
	char text[NUMBER_TEXT];
	double v[VALUES_MAX];

	if (!read_all(dataset, H5T_NATIVE_DOUBLE, v))
		return false;
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%s", i ? ", " : "", format_f64(text, v[i]));
	return true;
}

/* Text ends at its NUL or at size; it is cut before the character that would not fit. */
static void add_text(struct str *out, const char *text, size_t size)
{
	size_t n = strnlen(text, size), most = VALUE_TEXT_MAX;

	while (n > most && most > VALUE_TEXT_MAX - 3 && (text[most] & 0xc0) == 0x80)
		most--;
	str_add_bytes(out, text, n < most ? n : most);
}

static bool add_fixed_texts(struct str *out, hid_t dataset, hid_t type, size_t n)
{
	size_t size = H5Tget_size(type);
	char *texts = xcalloc(n, size);
	bool found = read_all(dataset, type, texts);

	for (size_t i = 0; found && i < n; i++) {
		str_add(out, i ? ", " : "");
		add_text(out, texts + i * size, size);
	}
	free(texts);
	return found;
}

static bool add_variable_texts(struct str *out, hid_t dataset, hid_t type, size_t n)
{
	char *text[VALUES_MAX] = {0};

	if (!read_all(dataset, type, text))
		return false;
	for (size_t i = 0; i < n; i++) {
		str_add(out, i ? ", " : "");
		if (text[i])
			add_text(out, text[i], SIZE_MAX);
		H5free_memory(text[i]);
	}
	return true;
}

/* Adds n <= VALUES_MAX values; NULL, or why that cannot be. */
static const char *add_values(struct str *out, hid_t dataset, hid_t type, size_t n)
{
	static const char hidden[] = "(type not shown)", lost[] = "(cannot be read)";
	H5T_class_t class = H5Tget_class(type);
	bool variable = H5Tis_variable_str(type) > 0, added;
	size_t bytes = H5Tget_size(type);

	if (bytes == 0 || bytes > (class == H5T_STRING ? TEXT_MAX : NUMBER_BYTES_MAX))
		return hidden;
	if (class == H5T_INTEGER)
		added = add_integers(out, dataset, H5Tget_sign(type) != H5T_SGN_NONE, n);
	else if (class == H5T_ENUM)
		added = add_integers(out, dataset, true, n);
	else if (class == H5T_FLOAT)
		added = add_floats(out, dataset, n);
	else if (class == H5T_STRING)
		added = (variable ? add_variable_texts : add_fixed_texts)(out, dataset, type, n);
	else
		return hidden;
	return added ? NULL : lost;
}

/* The same of any number of values. */
static const char *add_array(struct str *out, const struct h5 *h, hid_t dataset, hid_t space)
{
	hssize_t n = H5Sget_simple_extent_npoints(space);
	bool scalar = H5Sget_simple_extent_ndims(space) == 0;
	const char *why_not;
	hid_t type;

	if (n == 0 || n > VALUES_MAX) {
		str_addf(out, "[%lld values]", (long long)n);
		return NULL;
	}
	type = n > 0 && h5_chunk_bytes(h, dataset) != UINT64_MAX ? H5Dget_type(dataset) : -1;
	if (type < 0)
		return "(cannot be read)";
	str_add(out, scalar ? "" : "[");
	why_not = add_values(out, dataset, type, (size_t)n);
	str_add(out, scalar ? "" : "]");
	H5Tclose(type);
	return why_not;
}

void h5_value(const struct h5 *h, hid_t dataset, struct str *out)
{
	hid_t space = H5Dget_space(dataset);
	const char *why_not = "(cannot be read)";
	struct str value = {0};

	if (space >= 0) {
		why_not = add_array(&value, h, dataset, space);
		H5Sclose(space);
	}
	str_add(out, why_not ? why_not : value.p);
	str_free(&value);
}
