/* SPDX-License-Identifier: ISC */
/*
 * HDF5 for files one does not trust: opened to read only, unlocked, without plugins or messages of
 * the library's own; links out of the file, external storage and virtual datasets are refused.
 * libhdf5 crashes and hangs on some hostile files all the same: decode in a process of its own.
 */
#ifndef LEAT_IO_H5_H
#define LEAT_IO_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct h5 {
	hid_t file;
	int fd;		  /* the same file, to read or map its bytes directly */
	uint64_t size;	  /* bytes */
	const char *name; /* for messages; the caller's */
};

/* Opens a regular file. EXIT_NOINPUT if it is not there, EXIT_DATA if it is not HDF5. */
int h5_open(struct h5 *h, const char *path, const char *name, struct error *e);

/* Closes every object of the file still open, but not fd. */
void h5_leave(struct h5 *h);

/* Closes all; h may be closed already. */
void h5_close(struct h5 *h);

/*
 * A scalar attribute, or an array of one element, of an object. False if it is absent or of
 * another class; integers that do not fit are clipped, text is cut at size - 1.
 */
bool h5_u64(hid_t object, const char *name, uint64_t *value);
bool h5_f64(hid_t object, const char *name, double *value);
bool h5_text(hid_t object, const char *name, char *out, size_t size);

/*
 * A dataset by its path of hard links ("a/b/c") whose bytes lie in this file; negative if none. A
 * chunk that does not fit `cache` bytes would be decoded again at every read; 0 = the default.
 */
hid_t h5_dataset(hid_t parent, const char *path, size_t cache);

/* A group by its path of hard links; negative if none. */
hid_t h5_group(hid_t parent, const char *path);

/* Sizes along each axis; -1 if the rank is not `rank`. */
int h5_shape(hid_t dataset, int rank, uint64_t *dim);

/*
 * Reads rows of a dataset of rank 2 and `width` columns; type < 0 stands for the one it has, which
 * costs no conversion.
 */
bool h5_read_rows(
	hid_t dataset, hid_t type, uint64_t row, uint64_t rows, uint64_t width, void *out);

/* Bytes of one chunk, 0 if the dataset is not chunked, UINT64_MAX if that cannot be true. */
uint64_t h5_chunk_bytes(const struct h5 *h, hid_t dataset);

/*
 * Adds the value of a dataset for people to read, not escaped: a scalar ("30"), an array of up to
 * 16 elements row by row ("[1, 2]"), "[N values]" for more or none. Integers, enums (booleans too)
 * as integers, floats as format_f64 writes them, text cut at 256 bytes; otherwise "(type not
 * shown)", "(cannot be read)".
 */
void h5_value(const struct h5 *h, hid_t dataset, struct str *out);

#endif
