/* SPDX-License-Identifier: ISC */
/* Finds where recorded data begin and end. */
#include <string.h>

#include "kern/level.h"

/* Words looked at before asking whether one was found. */
#define BLOCK 128

/*
 * first_NAME(x, i, n, wanted): the first i … n-1 for which x[i] being fill equals `wanted`, else n.
 * Words may lie at any address; `counter` is as wide as a word, so that the count is made of
 * vectors.
 */
#define FIRST(name, type, counter, is_fill)                                                       \
	INLINE bool is_##name(const char *x, size_t i, uint64_t fill, bool wanted)                \
	{                                                                                         \
		type word;                                                                        \
                                                                                                  \
		(void)fill;                                                                       \
		memcpy(&word, x + i * sizeof(word), sizeof(word));                                \
		return (is_fill) == wanted;                                                       \
	}                                                                                         \
                                                                                                  \
	INLINE size_t scan_##name(const char *x, size_t i, size_t n, uint64_t fill, bool wanted)  \
	{                                                                                         \
		for (; n - i >= BLOCK; i += BLOCK) {                                              \
			counter found = 0;                                                        \
			for (size_t k = 0; k < BLOCK; k++)                                        \
				found += is_##name(x, i + k, fill, wanted);                       \
			if (found != 0)                                                           \
				break;                                                            \
		}                                                                                 \
		while (i < n && !is_##name(x, i, fill, wanted))                                   \
			i++;                                                                      \
		return i;                                                                         \
	}                                                                                         \
                                                                                                  \
	static size_t first_##name(const char *x, size_t i, size_t n, uint64_t fill, bool wanted) \
	{                                                                                         \
		return wanted ? scan_##name(x, i, n, fill, true)                                  \
			      : scan_##name(x, i, n, fill, false);                                \
	}

FIRST(u8, uint8_t, uint8_t, word == (uint8_t)fill)
FIRST(u16, uint16_t, uint16_t, word == (uint16_t)fill)
FIRST(u32, uint32_t, uint32_t, word == (uint32_t)fill)
FIRST(u64, uint64_t, uint64_t, word == fill)
FIRST(f32, float, uint32_t, word != word)
FIRST(f64, double, uint64_t, word != word)

/* How a row is looked at: `count` words of `size` bytes. */
struct row {
	size_t size, count;
	bool real;
	uint64_t fill;
};

/* Integer components are joined to words as wide as the row allows: fewer false alarms. */
static struct row row_of(unsigned dtype, size_t width)
{
	unsigned real = dtype_real(dtype);
	struct row row = {
		.size = dtype_size(real),
		.count = width * (dtype_complex(dtype) ? 2 : 1),
		.real = dtype_float(real),
	};

	if (row.real)
		return row;
	if (real % 2 == 0)
		row.fill = UINT64_C(1) << (8 * row.size - 1);
	while (row.count % 2 == 0 && row.size < 8) {
		row.fill |= row.fill << (8 * row.size);
		row.size *= 2;
		row.count /= 2;
	}
	return row;
}

static size_t first(const struct row *row, const char *x, size_t i, size_t n, bool wanted)
{
	if (row->real)
		return row->size == 4 ? first_f32(x, i, n, 0, wanted)
				      : first_f64(x, i, n, 0, wanted);
	switch (row->size) {
	case 1:
		return first_u8(x, i, n, row->fill, wanted);
	case 2:
		return first_u16(x, i, n, row->fill, wanted);
	case 4:
		return first_u32(x, i, n, row->fill, wanted);
	default:
		return first_u64(x, i, n, row->fill, wanted);
	}
}

size_t KERN(find_data)(const void *x, size_t rows, size_t width, unsigned dtype, size_t start)
{
	struct row row = row_of(dtype, width);

	if (start >= rows)
		return rows;
	return first(&row, x, start * row.count, rows * row.count, false) / row.count;
}

size_t KERN(find_fill)(const void *x, size_t rows, size_t width, unsigned dtype, size_t start)
{
	struct row row = row_of(dtype, width);
	size_t i, end;

	for (size_t k = start; k < rows; k++) {
		k = first(&row, x, k * row.count, rows * row.count, true) / row.count;
		if (k == rows)
			break;
		i = k * row.count;
		end = i + row.count;
		if (first(&row, x, i, end, false) == end)
			return k;
	}
	return rows;
}
