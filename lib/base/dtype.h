/* SPDX-License-Identifier: ISC */
/* Element types of arrays, with the codes they have in the stream (leat-stream(5)). */
#ifndef LEAT_BASE_DTYPE_H
#define LEAT_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dtype {
	DTYPE_COLUMNS = 0, /* a table of named columns, not an array */
	DTYPE_U8 = 1,
	DTYPE_I8 = 2,
	DTYPE_U16 = 3,
	DTYPE_I16 = 4,
	DTYPE_U32 = 5,
	DTYPE_I32 = 6,
	DTYPE_U64 = 7,
	DTYPE_I64 = 8,
	DTYPE_F32 = 10,
	DTYPE_F64 = 11,
	DTYPE_COMPLEX = 0x40, /* added to one of the above */
};

/* All of them by name, for --describe. */
#define DTYPES_ALL                                                                                 \
	"cu8 ci8 cu16 ci16 cu32 ci32 cu64 ci64 cf32 cf64 u8 i8 u16 i16 u32 i32 u64 i64 f32 f64"

/* Whether the code names an element type (DTYPE_COLUMNS does not). */
bool dtype_valid(unsigned dtype);

/* Bytes of one element, a complex one counted whole; 0 if not valid. */
size_t dtype_size(unsigned dtype);

/* "u8" … "f64", "cu8" … "cf64", "columns"; NULL if not valid. */
const char *dtype_name(unsigned dtype);

/* The code of a name, -1 if there is none. */
int dtype_parse(const char *name);

static inline bool dtype_complex(unsigned dtype)
{
	return dtype & DTYPE_COMPLEX;
}

/* The type of one component. */
static inline unsigned dtype_real(unsigned dtype)
{
	return dtype & ~(unsigned)DTYPE_COMPLEX;
}

static inline bool dtype_float(unsigned dtype)
{
	return dtype_real(dtype) >= DTYPE_F32;
}

/*
 * The value that counts as amplitude 1 and the value that counts as 0: 2^(b-1) and 0 for signed
 * integers, 127.5 and 127.5 for u8 (and likewise for wider unsigned), 1 and 0 for floats.
 */
double dtype_full_scale(unsigned dtype);
double dtype_zero(unsigned dtype);

/* What a full scale may be. */
#define FULL_SCALE_MIN 1e-30
#define FULL_SCALE_MAX 1e30

#endif
