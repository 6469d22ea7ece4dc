/* SPDX-License-Identifier: ISC */
/*
 * HDF5 as a DigitalRF writer needs it, beside h5_write.h: files by their path, datasets that are
 * written in place. Equal contents make equal bytes: no object times, the oldest format that holds
 * them, no locks. After a failure nothing of a file is worth keeping, and it stays open, as closing
 * would make the library forget what drf_h5_failed() is to tell.
 */
#ifndef LEAT_IO_DRF_H5_H
#define LEAT_IO_DRF_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Fills *e with EXIT_IO and what the system said of the library's last failure. */
int drf_h5_failed(const char *name, struct error *e);

/* Fills a file that is there and empty, or opens one to add to it; `name` is for messages. */
int drf_h5_create(hid_t *file, const char *path, const char *name, struct error *e);
int drf_h5_amend(hid_t *file, const char *path, const char *name, struct error *e);

/* Closes the file with all that is open in it, and syncs it by a descriptor of the same. */
int drf_h5_finish(hid_t file, int fd, const char *name, struct error *e);

/* Scalar attributes; text is fixed, NUL-terminated ASCII. */
bool drf_h5_put_u64(hid_t object, const char *name, uint64_t value);
bool drf_h5_put_i64(hid_t object, const char *name, int64_t value);
bool drf_h5_put_i32(hid_t object, const char *name, int32_t value);
bool drf_h5_put_text(hid_t object, const char *name, const char *text);

/* A dataset of rank 2; its rows are written once, in order, in whole chunks but for the last. */
struct drf_h5_rows {
	hid_t type;	     /* of an element, in the file and in memory */
	uint64_t rows_max;   /* of which, if there are chunks, none is there at first */
	uint64_t chunk_rows; /* 0 = not chunked: all rows are there, unset until they are written */
	uint64_t width;	     /* elements of a row */
	unsigned gzip;	     /* 0 = no compression; both want chunks */
	bool checksum;	     /* fletcher32 */
	const void *fill;    /* one element, as the properties of the dataset name it */
};
hid_t drf_h5_new_rows(hid_t file, const char *name, const struct drf_h5_rows *form);

/* Writes rows; a chunked dataset grows by them. */
bool drf_h5_write_rows(
	hid_t dataset, const struct drf_h5_rows *form, uint64_t row, uint64_t rows, const void *data);

/* A dataset (rows, 2) of u64 in chunks of 100 rows, without a limit. */
bool drf_h5_put_pairs(hid_t file, const char *name, const uint64_t (*pair)[2], uint64_t rows);

/* One-dimensional datasets: of f64, of any type. */
bool drf_h5_put_f64s(hid_t parent, const char *name, const double *v, size_t n);
bool drf_h5_put_records(hid_t parent, const char *name, hid_t type, const void *data, size_t n);

#endif
