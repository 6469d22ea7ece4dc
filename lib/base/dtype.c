/* SPDX-License-Identifier: ISC */
#include "base/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name; /* with the 'c' of the complex type before it */
	uint8_t size;
} types[] = {
	[DTYPE_U8] = {"cu8", 1},
	[DTYPE_I8] = {"ci8", 1},
	[DTYPE_U16] = {"cu16", 2},
	[DTYPE_I16] = {"ci16", 2},
	[DTYPE_U32] = {"cu32", 4},
	[DTYPE_I32] = {"ci32", 4},
	[DTYPE_U64] = {"cu64", 8},
	[DTYPE_I64] = {"ci64", 8},
	[DTYPE_F32] = {"cf32", 4},
	[DTYPE_F64] = {"cf64", 8},
};

bool dtype_valid(unsigned dtype)
{
	unsigned real = dtype_real(dtype);

	return real < sizeof(types) / sizeof(types[0]) && types[real].size;
}

size_t dtype_size(unsigned dtype)
{
	if (!dtype_valid(dtype))
		return 0;
	return (size_t)types[dtype_real(dtype)].size << dtype_complex(dtype);
}

const char *dtype_name(unsigned dtype)
{
	if (dtype == DTYPE_COLUMNS)
		return "columns";
	if (!dtype_valid(dtype))
		return NULL;
	return types[dtype_real(dtype)].name + !dtype_complex(dtype);
}

int dtype_parse(const char *name)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!types[i].size)
			continue;
		if (!strcmp(name, types[i].name))
			return (int)(i | DTYPE_COMPLEX);
		if (!strcmp(name, types[i].name + 1))
			return (int)i;
	}
	return -1;
}

static bool is_unsigned(unsigned dtype)
{
	unsigned real = dtype_real(dtype);

	return real < DTYPE_F32 && real % 2 == 1;
}

double dtype_full_scale(unsigned dtype)
{
	double half = ldexp(1, (int)dtype_size(dtype_real(dtype)) * 8 - 1);

	if (dtype_float(dtype))
		return 1;
	return is_unsigned(dtype) ? half - 0.5 : half;
}

double dtype_zero(unsigned dtype)
{
	return is_unsigned(dtype) ? dtype_full_scale(dtype) : 0;
}
