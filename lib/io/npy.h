/* SPDX-License-Identifier: ISC */
/*
 * The head of a file of NumPy's format NPY, versions 1.0 to 3.0: little-endian, C order. The number
 * of rows is known last, so a head has the same length whatever it says of them.
 */
#ifndef LEAT_IO_NPY_H
#define LEAT_IO_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define NPY_AXES_MAX 8

/* A column of a structured array, or all of a plain one. */
struct npy_field {
	const char *name; /* NULL makes the array plain */
	unsigned dtype;	  /* base/dtype.h, 0 for text; complex integers are an axis of 2 more */
	uint64_t text;	  /* bytes of text */
	uint64_t dim[NPY_AXES_MAX]; /* of a row, behind the axis of rows */
	size_t dims;
};

/*
 * Adds the head of an array of so many rows, a multiple of 64 bytes. EXIT_DATA if two fields share
 * a name, which NumPy refuses.
 */
int npy_head(struct str *out, const struct npy_field *field, size_t count, uint64_t rows,
	struct error *e);

#endif
