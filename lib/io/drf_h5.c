/* SPDX-License-Identifier: ISC */
#include "io/drf_h5.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/h5_write.h"

#define PAIR_CHUNK_ROWS 100
#define ALIGNMENT 4096 /* data begin on a page: faster to write, and to map */

int drf_h5_failed(const char *name, struct error *e)
{
	int number = h5_errno(H5E_DEFAULT);

	return fail(e, EXIT_IO, "%s: cannot write: %s", name,
		number ? strerror(number) : "libhdf5 failed");
}

static hid_t open_with(const char *path, bool create)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
		H5Pset_file_locking(access, 0, 1) >= 0 &&
		H5Pset_alignment(access, ALIGNMENT, ALIGNMENT) >= 0)
		file = create ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access)
			      : H5Fopen(path, H5F_ACC_RDWR, access);
	if (file >= 0)
		H5Pclose(access);
	return file;
}

static int open_file(hid_t *file, const char *path, bool create, const char *name, struct error *e)
{
	H5dont_atexit(); /* all is closed by then, or not worth closing */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5PLset_loading_state(0);
	*file = open_with(path, create);
	return *file < 0 ? drf_h5_failed(name, e) : 0;
}

int drf_h5_create(hid_t *file, const char *path, const char *name, struct error *e)
{
	return open_file(file, path, true, name, e);
}

int drf_h5_amend(hid_t *file, const char *path, const char *name, struct error *e)
{
	return open_file(file, path, false, name, e);
}

int drf_h5_finish(hid_t file, int fd, const char *name, struct error *e)
{
	if (H5Fclose(file) < 0)
		return drf_h5_failed(name, e);
	if (fsync(fd))
		return fail(e, EXIT_IO, "%s: cannot write: %s", name, strerror(errno));
	return 0;
}

static bool put(hid_t object, const char *name, hid_t type, const void *value)
{
	return h5_put(object, name, type, H5Screate(H5S_SCALAR), value);
}

bool drf_h5_put_u64(hid_t object, const char *name, uint64_t value)
{
	return put(object, name, H5T_NATIVE_UINT64, &value);
}

bool drf_h5_put_i64(hid_t object, const char *name, int64_t value)
{
	return put(object, name, H5T_NATIVE_INT64, &value);
}

bool drf_h5_put_i32(hid_t object, const char *name, int32_t value)
{
	return put(object, name, H5T_NATIVE_INT32, &value);
}

bool drf_h5_put_text(hid_t object, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	return type >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 &&
	       put(object, name, type, text) && H5Tclose(type) >= 0;
}

/* Chunks are written whole, or at the end, so none waits for another part of it in a cache. */
static bool set_layout(hid_t create, hid_t access, const struct drf_h5_rows *form)
{
	hsize_t chunk[2] = {form->chunk_rows, form->width};

	if (H5Pset_obj_track_times(create, 0) < 0 ||
		H5Pset_fill_value(create, form->type, form->fill) < 0 ||
		H5Pset_fill_time(create, H5D_FILL_TIME_NEVER) < 0)
		return false;
	if (form->chunk_rows == 0)
		return H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY) >= 0;
	return H5Pset_chunk(create, 2, chunk) >= 0 &&
	       (form->gzip == 0 || H5Pset_deflate(create, form->gzip) >= 0) &&
	       (!form->checksum || H5Pset_fletcher32(create) >= 0) &&
	       H5Pset_chunk_cache(access, 1, 0, 1) >= 0;
}

hid_t drf_h5_new_rows(hid_t file, const char *name, const struct drf_h5_rows *form)
{
	hsize_t most[2] = {form->rows_max, form->width};
	hsize_t extent[2] = {form->chunk_rows ? 0 : form->rows_max, form->width};
	hid_t create = H5Pcreate(H5P_DATASET_CREATE), access = H5Pcreate(H5P_DATASET_ACCESS);
	hid_t space = H5Screate_simple(2, extent, most), dataset = -1;

	if (create >= 0 && access >= 0 && space >= 0 && set_layout(create, access, form))
		dataset = H5Dcreate2(file, name, form->type, space, H5P_DEFAULT, create, access);
	if (dataset < 0)
		return dataset;
	H5Sclose(space);
	H5Pclose(access);
	H5Pclose(create);
	return dataset;
}

bool drf_h5_write_rows(
	hid_t dataset, const struct drf_h5_rows *form, uint64_t row, uint64_t rows, const void *data)
{
	hsize_t start[2] = {row, 0}, count[2] = {rows, form->width};
	hsize_t extent[2] = {row + rows, form->width};
	hid_t from = H5Screate_simple(2, count, NULL), to;

	if (from < 0 || (form->chunk_rows > 0 && H5Dset_extent(dataset, extent) < 0))
		return false;
	to = H5Dget_space(dataset);
	return to >= 0 && H5Sselect_hyperslab(to, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
	       H5Dwrite(dataset, form->type, from, to, H5P_DEFAULT, data) >= 0 &&
	       H5Sclose(to) >= 0 && H5Sclose(from) >= 0;
}

/* Creates a dataset, writes all of it, closes it and what it was made by. */
static bool put_whole(hid_t parent, const char *name, hid_t type, hid_t native, hid_t space,
	hid_t create, const void *data)
{
	hid_t dataset;

	if (space < 0 || create < 0 || H5Pset_obj_track_times(create, 0) < 0)
		return false;
	dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, create, H5P_DEFAULT);
	return dataset >= 0 &&
	       H5Dwrite(dataset, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0 &&
	       H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0 && H5Pclose(create) >= 0;
}

bool drf_h5_put_pairs(hid_t file, const char *name, const uint64_t (*pair)[2], uint64_t rows)
{
	hsize_t extent[2] = {rows, 2}, most[2] = {H5S_UNLIMITED, 2};
	hsize_t chunk[2] = {PAIR_CHUNK_ROWS, 2};
	hid_t create = H5Pcreate(H5P_DATASET_CREATE);

	return create >= 0 && H5Pset_chunk(create, 2, chunk) >= 0 &&
	       put_whole(file, name, H5T_STD_U64LE, H5T_NATIVE_UINT64,
		       H5Screate_simple(2, extent, most), create, pair);
}

bool drf_h5_put_f64s(hid_t parent, const char *name, const double *v, size_t n)
{
	hsize_t extent = n;

	return put_whole(parent, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
		H5Screate_simple(1, &extent, NULL), H5Pcreate(H5P_DATASET_CREATE), v);
}

bool drf_h5_put_records(hid_t parent, const char *name, hid_t type, const void *data, size_t n)
{
	hsize_t extent = n;

	return put_whole(parent, name, type, type, H5Screate_simple(1, &extent, NULL),
		H5Pcreate(H5P_DATASET_CREATE), data);
}
