/* SPDX-License-Identifier: ISC */
#include "io/drf_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"

#define INDEX_ROWS 2048
#define PAGE_BYTES 65536 /* a multiple of any page */
#define DEFAULT_CHUNK_CACHE (1u << 20)
#define PIECE_CHUNKS 512 /* libhdf5 takes several KiB for each chunk a read touches */

/* Whether one component is of a type of base/dtype.h, every bit of it. */
static bool is_component(hid_t type, unsigned dtype, bool big_endian)
{
	size_t size = dtype_size(dtype);
	bool real = dtype_float(dtype);

	if (H5Tget_class(type) != (real ? H5T_FLOAT : H5T_INTEGER) || H5Tget_size(type) != size)
		return false;
	if (size > 1 && H5Tget_order(type) != (big_endian ? H5T_ORDER_BE : H5T_ORDER_LE))
		return false;
	if (!real)
		return H5Tget_precision(type) == 8 * size && H5Tget_offset(type) == 0;
	if (size == 4)
		return H5Tequal(type, big_endian ? H5T_IEEE_F32BE : H5T_IEEE_F32LE) > 0;
	return H5Tequal(type, big_endian ? H5T_IEEE_F64BE : H5T_IEEE_F64LE) > 0;
}

static bool is_component_of(hid_t compound, const char *name, unsigned place, unsigned dtype,
	bool big_endian, bool *is_signed)
{
	hid_t type;
	bool fits;

	if (H5Tget_member_index(compound, name) != (int)place ||
		H5Tget_member_offset(compound, place) != place * dtype_size(dtype))
		return false;
	type = H5Tget_member_type(compound, place);
	if (type < 0)
		return false;
	fits = is_component(type, dtype, big_endian);
	*is_signed = H5Tget_sign(type) == H5T_SGN_2;
	H5Tclose(type);
	return fits;
}

/* Whether elements are as the properties say, but for the sign, which these do not tell. */
static bool is_element(hid_t type, const struct drf_properties *p, bool *is_signed)
{
	unsigned part = dtype_real(p->dtype);
	bool i_signed;

	if (!dtype_complex(p->dtype)) {
		*is_signed = H5Tget_sign(type) == H5T_SGN_2;
		return is_component(type, part, p->big_endian);
	}
	return H5Tget_class(type) == H5T_COMPOUND && H5Tget_nmembers(type) == 2 &&
	       H5Tget_size(type) == dtype_size(p->dtype) &&
	       is_component_of(type, "r", 0, part, p->big_endian, is_signed) &&
	       is_component_of(type, "i", 1, part, p->big_endian, &i_signed) &&
	       *is_signed == i_signed;
}

/* Of the integers the unsigned type has the odd code, the signed one the next. */
static unsigned with_sign(unsigned dtype, bool is_signed)
{
	if (dtype_float(dtype))
		return dtype;
	return (dtype - 1) / 2 * 2 + (is_signed ? 2 : 1);
}

static int check_type(struct drf_file *f, struct drf_properties *p, bool untyped, struct error *e)
{
	hid_t type = H5Dget_type(f->data);
	bool is_signed = true, fits;
	unsigned dtype;

	fits = type >= 0 && is_element(type, p, &is_signed);
	if (type >= 0)
		H5Tclose(type);
	dtype = with_sign(dtype_real(p->dtype), is_signed) | (p->dtype & DTYPE_COMPLEX);
	if (!fits || (!untyped && dtype != p->dtype))
		return fail(e, EXIT_DATA, "%s: its elements are not %s, %s-endian, as others are",
			f->name, dtype_name(p->dtype), p->big_endian ? "big" : "little");
	p->dtype = dtype;
	return 0;
}

static size_t at_least_one(size_t rows)
{
	return rows ? rows : 1;
}

static int open_data(struct drf_file *f, struct drf_properties *p, bool untyped, struct error *e)
{
	uint64_t dim[2], chunk;
	int r;

	f->data = h5_dataset(f->h5.file, "rf_data", 0);
	if (f->data < 0)
		return fail(e, EXIT_DATA, "%s: no dataset rf_data in it", f->name);
	r = check_type(f, p, untyped, e);
	if (r)
		return r;
	if (h5_shape(f->data, 2, dim) || dim[1] != p->subchannels)
		return fail(e, EXIT_DATA, "%s: rf_data is not of %u subchannels", f->name,
			p->subchannels);
	f->rows = dim[0];
	f->width = p->subchannels;
	f->part_bytes = dtype_size(dtype_real(p->dtype));
	f->row_bytes = dtype_size(p->dtype) * p->subchannels;
	f->piece_rows = at_least_one(DRF_PIECE_BYTES / f->row_bytes);
	chunk = h5_chunk_bytes(&f->h5, f->data);
	if (chunk > 0 && chunk < DRF_PIECE_BYTES / PIECE_CHUNKS)
		f->piece_rows = at_least_one(chunk * PIECE_CHUNKS / f->row_bytes);
	if (chunk == UINT64_MAX)
		return fail(e, EXIT_DATA, "%s: chunks larger than the file can hold", f->name);
	if (chunk <= DEFAULT_CHUNK_CACHE)
		return 0;
	H5Dclose(f->data);
	f->data = h5_dataset(f->h5.file, "rf_data", chunk + DEFAULT_CHUNK_CACHE);
	if (f->data < 0)
		return fail(e, EXIT_DATA, "%s: rf_data cannot be opened", f->name);
	return 0;
}

/* A row of the index begins a run, or goes on with the one before; false if they overlap. */
static bool add_run(struct drf_file *f, uint64_t index, uint64_t row, size_t *size)
{
	struct drf_run *last = f->runs ? &f->run[f->runs - 1] : NULL;

	if (last) {
		last->rows = row - last->row;
		if (index < (uint64_t)last->index + last->rows)
			return false;
		if (index == (uint64_t)last->index + last->rows)
			return true;
	}
	if (f->runs == *size) {
		*size = *size ? *size * 2 : 4;
		f->run = xrealloc(f->run, *size, sizeof(*f->run));
	}
	f->run[f->runs++] = (struct drf_run){.index = (int64_t)index, .row = row};
	return true;
}

/* What is wrong with a row of the index, NULL if nothing is; least is what its place must be. */
static const char *row_fault(
	struct drf_file *f, uint64_t sample, uint64_t row, uint64_t least, size_t *size)
{
	if (row >= f->rows)
		return "begins beyond rf_data";
	if (row < least)
		return "begins in rf_data before the row before it";
	if (sample > INT64_MAX - f->rows)
		return "has an index beyond counting";
	return add_run(f, sample, row, size) ? NULL : "has a sample of the block before it";
}

/*
 * Rows of the index are merged as they come, so that memory follows blocks, not claims. NULL, or
 * what is wrong with the row *at.
 */
static const char *read_runs(struct drf_file *f, hid_t index, uint64_t rows, uint64_t *at)
{
	uint64_t part[INDEX_ROWS][2], least = 0;
	const char *fault;
	size_t size = 0, n;

	*at = 0;
	for (uint64_t done = 0; done < rows; done += n) {
		n = rows - done < INDEX_ROWS ? (size_t)(rows - done) : INDEX_ROWS;
		if (!h5_read_rows(index, H5T_NATIVE_UINT64, done, n, 2, part))
			return "cannot be decoded";
		for (size_t i = 0; i < n; i++) {
			*at = done + i;
			fault = row_fault(f, part[i][0], part[i][1], least, &size);
			if (fault)
				return fault;
			least = part[i][1] + 1;
		}
	}
	*at = 0;
	if (!f->runs)
		return f->rows == 0 ? NULL : "is not there";
	f->run[f->runs - 1].rows = f->rows - f->run[f->runs - 1].row;
	return f->run[0].row == 0 ? NULL : "does not begin where rf_data does";
}

static bool is_index(const struct drf_file *f, hid_t index, uint64_t dim[2])
{
	hid_t type = H5Dget_type(index);
	bool fits = type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 8;

	if (type >= 0)
		H5Tclose(type);
	return fits && !h5_shape(index, 2, dim) && dim[1] == 2 && dim[0] <= f->rows &&
	       h5_chunk_bytes(&f->h5, index) != UINT64_MAX;
}

static int open_index(struct drf_file *f, int64_t first, int64_t end, struct error *e)
{
	hid_t index = h5_dataset(f->h5.file, "rf_data_index", 0);
	const struct drf_run *last;
	const char *fault = NULL;
	uint64_t dim[2], at = 0;
	bool sound;

	if (index < 0)
		return fail(e, EXIT_DATA, "%s: no dataset rf_data_index in it", f->name);
	sound = is_index(f, index, dim);
	if (sound)
		fault = read_runs(f, index, dim[0], &at);
	H5Dclose(index);
	if (!sound)
		return fail(e, EXIT_DATA,
			"%s: rf_data_index is not a list of blocks of its %llu rows", f->name,
			(unsigned long long)f->rows);
	if (fault)
		return fail(e, EXIT_DATA, "%s: rf_data_index: row %llu %s", f->name,
			(unsigned long long)at, fault);
	if (!f->runs)
		return 0;
	last = &f->run[f->runs - 1];
	if (f->run[0].index < first - DRF_SLACK ||
		last->index + (int64_t)last->rows - DRF_SLACK > end)
		return fail(e, EXIT_DATA, "%s: samples %lld to %lld do not belong to it", f->name,
			(long long)f->run[0].index, (long long)last->index + (long long)last->rows);
	return 0;
}

/* Contiguous rows are taken from the file itself. */
static int map_data(struct drf_file *f, struct error *e)
{
	hid_t plist = H5Dget_create_plist(f->data);
	bool contiguous = plist >= 0 && H5Pget_layout(plist) == H5D_CONTIGUOUS;
	haddr_t offset = contiguous ? H5Dget_offset(f->data) : HADDR_UNDEF;
	uint64_t bytes;

	if (plist >= 0)
		H5Pclose(plist);
	if (offset == HADDR_UNDEF || f->rows == 0)
		return 0;
	if (!mul_fits(f->rows, f->row_bytes, &bytes) || offset > f->h5.size ||
		bytes > f->h5.size - offset)
		return fail(e, EXIT_DATA, "%s: rf_data is larger than the file", f->name);
	f->offset = offset;
	f->map_bytes = offset + bytes;
	f->map = mmap(NULL, f->map_bytes, PROT_READ, MAP_SHARED, f->h5.fd, 0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return fail(e, EXIT_OS, "%s: cannot be mapped", f->name);
	}
	madvise(f->map, f->map_bytes, MADV_SEQUENTIAL);
	/* libhdf5 holds 1 MiB for an open file; this one needs it no more. */
	h5_leave(&f->h5);
	return 0;
}

int drf_file_open(struct drf_file *f, const char *path, struct drf_properties *p, bool untyped,
	int64_t first, int64_t end, struct error *e)
{
	struct drf_properties found = *p;
	int r = h5_open(&f->h5, path, f->name, e);

	if (r)
		return r;
	f->big_endian = p->big_endian;
	r = open_data(f, &found, untyped, e);
	if (!r && f->rows > (uint64_t)(end - first) + 2 * DRF_SLACK)
		r = fail(e, EXIT_DATA, "%s: %llu rows, where %lld fit", f->name,
			(unsigned long long)f->rows, (long long)(end - first));
	if (!r)
		r = open_index(f, first, end, e);
	if (!r)
		r = map_data(f, e);
	if (r)
		drf_file_close(f);
	else
		*p = found;
	return r;
}

void drf_file_close(struct drf_file *f)
{
	if (f->map)
		munmap(f->map, f->map_bytes);
	h5_close(&f->h5);
	free(f->run);
	free(f->buffer);
	f->map = NULL;
	f->run = NULL;
	f->runs = 0;
	f->buffer = NULL;
}

static void *buffer(struct drf_file *f)
{
	if (!f->buffer)
		f->buffer = xaligned(f->piece_rows, f->row_bytes);
	return f->buffer;
}

/* Pages behind the reader count as our memory until they are given back. */
static void give_back(struct drf_file *f, size_t end)
{
	end -= end % PAGE_BYTES;
	if (end > f->given_back)
		madvise(f->map + f->given_back, end - f->given_back, MADV_DONTNEED);
	f->given_back = end;
}

static void read_map(struct drf_file *f, uint64_t row, struct drf_piece *piece)
{
	size_t offset = f->offset + row * f->row_bytes;

	give_back(f, offset);
	if (f->big_endian && f->part_bytes > 1) {
		kern()->swap(buffer(f), f->map + offset, piece->rows * f->row_bytes / f->part_bytes,
			f->part_bytes);
		piece->data = f->buffer;
		return;
	}
	piece->fd = f->h5.fd;
	piece->offset = (off_t)offset;
	piece->data = f->map + offset;
	if (offset % f->part_bytes)
		piece->data = memcpy(buffer(f), piece->data, piece->rows * f->row_bytes);
}

int drf_file_read(struct drf_file *f, uint64_t row, struct drf_piece *piece, struct error *e)
{
	size_t parts = piece->rows * f->row_bytes / f->part_bytes;

	if (f->map) {
		read_map(f, row, piece);
		return 0;
	}
	if (!h5_read_rows(f->data, -1, row, piece->rows, f->width, buffer(f)))
		return fail(e, EXIT_DATA, "%s: rows %llu to %llu cannot be decoded", f->name,
			(unsigned long long)row, (unsigned long long)(row + piece->rows));
	if (f->big_endian && f->part_bytes > 1)
		kern()->swap(f->buffer, f->buffer, parts, f->part_bytes);
	piece->data = f->buffer;
	return 0;
}
