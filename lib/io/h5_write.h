/* SPDX-License-Identifier: ISC */
/*
 * HDF5 files that are written once, from front to back: groups, attributes, datasets that grow by
 * rows. Nothing in them hangs on the clock: the same calls make the same bytes. A file is made
 * behind a descriptor, before the sandbox is closed, as that takes an open(); one without a name
 * (a spool), which libhdf5 cannot open, is kept in memory until it is finished.
 *
 * All that can fail returns 0, or EXIT_IO with *e.
 */
#ifndef LEAT_IO_H5_WRITE_H
#define LEAT_IO_H5_WRITE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define H5_AXES_MAX 8

struct h5_out {
	hid_t file;
	int fd; /* the caller's */
	bool in_memory;
};

/* Makes an empty file of what the descriptor was opened on. */
int h5_create(struct h5_out *out, int fd, struct error *e);

/* All is written and closed. */
int h5_finish(struct h5_out *out, struct error *e);

/* A group by its name; closed by h5_finish(), as is all else. */
int h5_make_group(hid_t parent, const char *name, hid_t *group, struct error *e);

/* Scalar attributes. Text longer than an attribute may be (60000 bytes) is cut. */
int h5_put_i64(hid_t object, const char *name, int64_t value, struct error *e);
int h5_put_f64(hid_t object, const char *name, double value, struct error *e);
int h5_put_text(hid_t object, const char *name, const char *text, struct error *e);

/* An attribute that is an array. */
int h5_put_f64s(
	hid_t object, const char *name, const double *values, size_t count, struct error *e);

/* One field of a row that has several. */
struct h5_field {
	const char *name;
	unsigned dtype;	   /* base/dtype.h; 0 for text */
	uint64_t text;	   /* bytes of text, NUL-padded */
	uint64_t elements; /* > 0 */
};

/*
 * The type of an element: little-endian; a complex one is a compound of r and i, which h5py takes
 * for complex. Of several fields a packed compound. Negative if that cannot be.
 */
hid_t h5_type(unsigned dtype);
hid_t h5_type_of_fields(const struct h5_field *field, size_t count);

/* A dataset that grows along its first axis. */
struct h5_rows {
	hid_t dataset, type;
	const char *name; /* the caller's */
	size_t rank;
	hsize_t dim[H5_AXES_MAX]; /* dim[0] is the number of rows so far */
};

/*
 * Makes one in chunks of about chunk_bytes; dim are the sizes of the other axes. gzip: 0 none, else
 * the level. The type is the dataset's from then on.
 */
int h5_make_rows(struct h5_rows *rows, hid_t parent, const char *name, hid_t type,
	const uint64_t *dim, size_t dims, size_t chunk_bytes, unsigned gzip, struct error *e);

/* Adds rows, as they lie in memory. */
int h5_add_rows(struct h5_rows *rows, const void *values, uint64_t count, struct error *e);

#endif
