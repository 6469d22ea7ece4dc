/* SPDX-License-Identifier: ISC */
#include "io/h5_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dtype.h"
#include "base/io.h"
#include "base/mem.h"

#define TEXT_MAX 60000		  /* an attribute has less than 64 KiB */
#define CHUNK_ROW_MAX (1u << 16)  /* elements of one axis in a chunk */
#define IN_MEMORY_STEP (1u << 20) /* so much more at a time */
#define CHUNK_SLOTS 31		  /* a prime; few chunks are open at once */

static void failed(struct h5_out *out, const char *what)
{
	int number = out->number ? out->number : errno;

	if (!out->error.code)
		fail(&out->error, EXIT_IO, "HDF5: %s: cannot write: %s", what,
			number ? strerror(number) : "libhdf5 failed");
}

static herr_t find_errno(unsigned n, const H5E_error2_t *entry, void *arg)
{
	const char *at = entry->desc ? strstr(entry->desc, "errno = ") : NULL;
	int *number = arg;
	(void)n;

	if (at && *number == 0)
		*number = atoi(at + strlen("errno = "));
	return 0;
}

int h5_errno(hid_t stack)
{
	int number = 0;

	H5Ewalk2(stack, H5E_WALK_UPWARD, find_errno, &number);
	return number;
}

/*
 * Called by libhdf5 when one of its functions fails, before the next one forgets why; errno itself
 * is by then that of what libhdf5 did next.
 */
static herr_t keep_errno(hid_t stack, void *arg)
{
	struct h5_out *out = arg;

	if (out->number == 0)
		out->number = h5_errno(stack);
	return 0;
}

int h5_failed(const struct h5_out *out, struct error *e)
{
	if (out->error.code)
		*e = out->error;
	return out->error.code;
}

void h5_create(struct h5_out *out, int fd)
{
	struct stat st;
	hid_t access;
	char path[40];

	H5dont_atexit(); /* what is not finished by then is thrown away */
	H5PLset_loading_state(0);
	*out = (struct h5_out){.file = -1, .fd = fd};
	H5Eset_auto2(H5E_DEFAULT, keep_errno, out);
	out->in_memory = fstat(fd, &st) == 0 && st.st_nlink == 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	errno = 0;
	access = H5Pcreate(H5P_FILE_ACCESS);
	/* Who owns the descriptor may hold a lock on the file. */
	if (access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
		(out->in_memory ? H5Pset_fapl_core(access, IN_MEMORY_STEP, 0)
				: H5Pset_file_locking(access, 0, 1)) >= 0)
		out->file = H5Fcreate(
			out->in_memory ? "spool" : path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	H5Pclose(access);
	if (out->file < 0)
		failed(out, "the file (which is reached through /proc)");
}

/* Copies a file that was kept in memory to where it belongs. */
static bool copy_image(const struct h5_out *out)
{
	ssize_t size = H5Fget_file_image(out->file, NULL, 0);
	void *image = size > 0 ? xmalloc((size_t)size) : NULL;
	bool right = size > 0 && H5Fget_file_image(out->file, image, (size_t)size) == size &&
		     write_whole(out->fd, image, (size_t)size) == 0;

	free(image);
	return right;
}

int h5_finish(struct h5_out *out, struct error *e)
{
	bool right = true;

	if (h5_failed(out, e))
		return e->code;
	errno = 0;
	if (out->in_memory)
		right = H5Fflush(out->file, H5F_SCOPE_GLOBAL) >= 0 && copy_image(out);
	if (H5Fclose(out->file) < 0 || !right)
		failed(out, "the file");
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	return h5_failed(out, e);
}

hid_t h5_make_group(struct h5_out *out, hid_t parent, const char *name)
{
	hid_t how, group = -1;

	if (out->error.code)
		return -1;
	errno = 0;
	how = H5Pcreate(H5P_GROUP_CREATE);
	if (how >= 0 && H5Pset_obj_track_times(how, 0) >= 0)
		group = H5Gcreate2(parent, name, H5P_DEFAULT, how, H5P_DEFAULT);
	H5Pclose(how);
	if (group < 0)
		failed(out, name);
	return group;
}

bool h5_put(hid_t object, const char *name, hid_t type, hid_t space, const void *value)
{
	hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool right = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;

	if (attribute >= 0)
		H5Aclose(attribute);
	H5Sclose(space);
	return right;
}

static void put(struct h5_out *out, hid_t object, const char *name, hid_t type, hid_t space,
	const void *value)
{
	if (out->error.code)
		return;
	errno = 0;
	if (!h5_put(object, name, type, space, value))
		failed(out, name);
}

void h5_put_i64(struct h5_out *out, hid_t object, const char *name, int64_t value)
{
	put(out, object, name, H5T_STD_I64LE, H5Screate(H5S_SCALAR), &value);
}

void h5_put_f64(struct h5_out *out, hid_t object, const char *name, double value)
{
	put(out, object, name, H5T_IEEE_F64LE, H5Screate(H5S_SCALAR), &value);
}

void h5_put_f64s(
	struct h5_out *out, hid_t object, const char *name, const double *values, size_t count)
{
	hsize_t dim = count;

	put(out, object, name, H5T_IEEE_F64LE,
		count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dim, NULL), values);
}

/* Of so many bytes, NUL-padded; none has a size of 0. */
static hid_t text_type(size_t bytes)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	if (type >= 0 && H5Tset_size(type, bytes ? bytes : 1) >= 0 &&
		H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
		return type;
	return -1;
}

void h5_put_text(struct h5_out *out, hid_t object, const char *name, const char *text)
{
	hid_t type = text_type(strnlen(text, TEXT_MAX));

	put(out, object, name, type, H5Screate(H5S_SCALAR), text);
	H5Tclose(type);
}

static hid_t real_type(unsigned dtype)
{
	switch (dtype) {
	case DTYPE_U8:
		return H5T_STD_U8LE;
	case DTYPE_I8:
		return H5T_STD_I8LE;
	case DTYPE_U16:
		return H5T_STD_U16LE;
	case DTYPE_I16:
		return H5T_STD_I16LE;
	case DTYPE_U32:
		return H5T_STD_U32LE;
	case DTYPE_I32:
		return H5T_STD_I32LE;
	case DTYPE_U64:
		return H5T_STD_U64LE;
	case DTYPE_I64:
		return H5T_STD_I64LE;
	case DTYPE_F32:
		return H5T_IEEE_F32LE;
	case DTYPE_F64:
		return H5T_IEEE_F64LE;
	default:
		return -1;
	}
}

hid_t h5_type(unsigned dtype)
{
	hid_t part = real_type(dtype_real(dtype)), type;
	size_t size = dtype_size(dtype_real(dtype));

	if (part < 0 || !dtype_complex(dtype))
		return part < 0 ? part : H5Tcopy(part);
	type = H5Tcreate(H5T_COMPOUND, 2 * size);
	if (type >= 0 && H5Tinsert(type, "r", 0, part) >= 0 &&
		H5Tinsert(type, "i", size, part) >= 0)
		return type;
	return -1;
}

/* The type of a field, and its size. */
static hid_t field_type(const struct h5_field *field, size_t *size)
{
	hid_t element = field->text ? text_type((size_t)field->text) : h5_type(field->dtype), type;
	hsize_t dim = field->elements;

	*size = H5Tget_size(element) * (size_t)field->elements;
	if (field->elements == 1)
		return element;
	type = H5Tarray_create2(element, 1, &dim);
	H5Tclose(element);
	return type;
}

hid_t h5_type_of_fields(const struct h5_field *field, size_t count)
{
	size_t at = 0, size;
	hid_t type, part;

	for (size_t i = 0; i < count; i++, at += size) {
		part = field_type(&field[i], &size);
		if (part < 0)
			return -1;
		H5Tclose(part);
	}
	type = H5Tcreate(H5T_COMPOUND, at);
	at = 0;
	for (size_t i = 0; i < count && type >= 0; i++, at += size) {
		part = field_type(&field[i], &size);
		if (H5Tinsert(type, field[i].name, at, part) < 0)
			return -1;
		H5Tclose(part);
	}
	return type;
}

/* How the dataset lies in the file, and how much of it is kept in memory. */
static bool set_layout(
	const struct h5_rows *rows, size_t chunk_bytes, unsigned gzip, hid_t how, hid_t access)
{
	hsize_t chunk[H5_AXES_MAX];
	uint64_t row = H5Tget_size(rows->type), bytes;

	for (size_t i = 1; i < rows->rank; i++) {
		chunk[i] = rows->dim[i] < CHUNK_ROW_MAX ? rows->dim[i] : CHUNK_ROW_MAX;
		row *= chunk[i];
	}
	chunk[0] = row < chunk_bytes ? chunk_bytes / row : 1;
	bytes = row * chunk[0];
	if (bytes >> 32)
		return false;
	/* All chunks that a row touches, unless it fills them. */
	for (size_t i = 1; i < rows->rank && chunk[0] > 1; i++)
		bytes *= (rows->dim[i] + chunk[i] - 1) / chunk[i];
	return H5Pset_chunk(how, (int)rows->rank, chunk) >= 0 &&
	       H5Pset_obj_track_times(how, 0) >= 0 &&
	       (gzip == 0 || H5Pset_deflate(how, gzip) >= 0) &&
	       H5Pset_chunk_cache(access, CHUNK_SLOTS, bytes, 1.0) >= 0;
}

void h5_make_rows(struct h5_out *out, struct h5_rows *rows, hid_t parent, const char *name,
	hid_t type, const uint64_t *dim, size_t dims, size_t chunk_bytes, unsigned gzip)
{
	hid_t how, access, space;
	hsize_t most[H5_AXES_MAX] = {H5S_UNLIMITED};

	*rows = (struct h5_rows){
		.out = out, .dataset = -1, .type = type, .name = name, .rank = dims + 1};
	if (out->error.code)
		return;
	errno = 0;
	how = H5Pcreate(H5P_DATASET_CREATE);
	access = H5Pcreate(H5P_DATASET_ACCESS);
	for (size_t i = 0; i < dims; i++)
		rows->dim[i + 1] = most[i + 1] = dim[i];
	space = H5Screate_simple((int)rows->rank, rows->dim, most);
	if (type >= 0 && space >= 0 && set_layout(rows, chunk_bytes, gzip, how, access))
		rows->dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, how, access);
	H5Sclose(space);
	H5Pclose(how);
	H5Pclose(access);
	if (rows->dataset < 0)
		failed(out, name);
}

void h5_add_rows(struct h5_rows *rows, const void *values, uint64_t count)
{
	hsize_t start[H5_AXES_MAX] = {rows->dim[0]}, part[H5_AXES_MAX];
	hid_t file = -1, memory = -1;
	bool right = false;

	if (count == 0 || rows->out->error.code)
		return;
	errno = 0;
	memcpy(part, rows->dim, sizeof(part));
	part[0] = count;
	rows->dim[0] += count;
	if (H5Dset_extent(rows->dataset, rows->dim) >= 0) {
		file = H5Dget_space(rows->dataset);
		memory = H5Screate_simple((int)rows->rank, part, NULL);
		right = file >= 0 && memory >= 0 &&
			H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, part, NULL) >= 0 &&
			H5Dwrite(rows->dataset, rows->type, memory, file, H5P_DEFAULT, values) >= 0;
	}
	if (file >= 0)
		H5Sclose(file);
	if (memory >= 0)
		H5Sclose(memory);
	if (!right)
		failed(rows->out, rows->name);
}
