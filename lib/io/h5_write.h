/* SPDX-License-Identifier: ISC */
/*
 * HDF5 files that are written once, from front to back: groups, attributes, datasets that grow by
 * rows. Nothing in them hangs on the clock: the same calls make the same bytes. A file is made
 * behind a descriptor, before the sandbox is closed, as that takes an open(); one without a name
 * (a spool), which libhdf5 cannot open, is kept in memory until it is finished.
 *
 * The first failure, EXIT_IO, is kept and told by h5_failed() and h5_finish(); nothing is done
 * after it.
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
	int number;	    /* errno of what libhdf5 failed in; 0: none so far */
	struct error error; /* code 0: none so far */
};

/* Makes an empty file of what the descriptor was opened on. */
void h5_create(struct h5_out *out, int fd);

/* The code of the first failure, which *e tells; 0 if there was none. */
int h5_failed(const struct h5_out *out, struct error *e);

/* All is written and closed; as h5_failed(). */
int h5_finish(struct h5_out *out, struct error *e);

/* A group by its name; closed by h5_finish(), as is all else. */
hid_t h5_make_group(struct h5_out *out, hid_t parent, const char *name);

/* Scalar attributes. Text longer than an attribute may be (60000 bytes) is cut. */
void h5_put_i64(struct h5_out *out, hid_t object, const char *name, int64_t value);
void h5_put_f64(struct h5_out *out, hid_t object, const char *name, double value);
void h5_put_text(struct h5_out *out, hid_t object, const char *name, const char *text);

/* An array, or a scalar if there is one value. */
void h5_put_f64s(
	struct h5_out *out, hid_t object, const char *name, const double *values, size_t count);

/* What is kept of errno in the messages of a stack of errors of libhdf5, 0 if nothing is. */
int h5_errno(hid_t stack);

/* Writes an attribute of any type, and closes the space. */
bool h5_put(hid_t object, const char *name, hid_t type, hid_t space, const void *value);

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
	struct h5_out *out;
	hid_t dataset, type;
	const char *name; /* the caller's */
	size_t rank;
	hsize_t dim[H5_AXES_MAX]; /* dim[0] is the number of rows so far */
};

/*
 * Makes one in chunks of about chunk_bytes; dim are the sizes of the other axes. gzip: 0 none, else
 * the level. The type is the dataset's from then on.
 */
void h5_make_rows(struct h5_out *out, struct h5_rows *rows, hid_t parent, const char *name,
	hid_t type, const uint64_t *dim, size_t dims, size_t chunk_bytes, unsigned gzip);

/* Adds rows, as they lie in memory. */
void h5_add_rows(struct h5_rows *rows, const void *values, uint64_t count);

#endif
