/* SPDX-License-Identifier: ISC */
/*
 * Sorts columns: rows of vectors, all lanes at once, without a branch on a value. Included once for
 * each type of vector, with NETWORK(name), ROW (the vector's type), ROW_MIN, ROW_MAX, ROW_TOP (a
 * value no sample exceeds) and ROW_STRIDE (vectors from a row to the next) defined.
 *
 * Blocks of 16 rows are sorted in registers (Green's network of 60 comparators: Knuth, TAOCP 3,
 * 5.3.4), then merged by twos: the first step of a merge compares each row of a block with its
 * mirror image in the other, the following ones rows at half the distance each (Batcher's bitonic
 * merge). All comparators put the lesser value into the lower row, so rows beyond n need not be
 * there: they would hold the greatest value and never move.
 */

#define BLOCK 16

#define COMPARE(a, b)                       \
	do {                                \
		ROW lesser = ROW_MIN(a, b); \
		b = ROW_MAX(a, b);          \
		a = lesser;                 \
	} while (0)

INLINE void NETWORK(sort_block)(ROW *row, size_t n)
{
	static const uint8_t green[][2] = {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11},
		{12, 13}, {14, 15}, {0, 2}, {4, 6}, {8, 10}, {12, 14}, {1, 3}, {5, 7}, {9, 11},
		{13, 15}, {0, 4}, {8, 12}, {1, 5}, {9, 13}, {2, 6}, {10, 14}, {3, 7}, {11, 15},
		{0, 8}, {1, 9}, {2, 10}, {3, 11}, {4, 12}, {5, 13}, {6, 14}, {7, 15}, {5, 10},
		{6, 9}, {3, 12}, {13, 14}, {4, 8}, {7, 11}, {1, 2}, {1, 4}, {7, 13}, {2, 8},
		{11, 14}, {2, 4}, {5, 6}, {9, 10}, {11, 13}, {3, 8}, {7, 12}, {6, 8}, {10, 12},
		{3, 5}, {7, 9}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}, {6, 7}, {8, 9}};
	ROW v[BLOCK];

#pragma GCC unroll 16
	for (size_t i = 0; i < BLOCK; i++)
		v[i] = i < n ? row[i * ROW_STRIDE] : ROW_TOP;
#pragma GCC unroll 60
	for (size_t i = 0; i < 60; i++)
		COMPARE(v[green[i][0]], v[green[i][1]]);
#pragma GCC unroll 16
	for (size_t i = 0; i < BLOCK; i++)
		if (i < n)
			row[i * ROW_STRIDE] = v[i];
}

/* The last four steps of a merge. */
INLINE void NETWORK(merge_block)(ROW *row, size_t n)
{
	ROW v[BLOCK];

#pragma GCC unroll 16
	for (size_t i = 0; i < BLOCK; i++)
		v[i] = i < n ? row[i * ROW_STRIDE] : ROW_TOP;
#pragma GCC unroll 4
	for (size_t distance = BLOCK / 2; distance > 0; distance /= 2)
#pragma GCC unroll 16
		for (size_t i = 0; i < BLOCK; i++)
			if (!(i & distance))
				COMPARE(v[i], v[i + distance]);
#pragma GCC unroll 16
	for (size_t i = 0; i < BLOCK; i++)
		if (i < n)
			row[i * ROW_STRIDE] = v[i];
}

INLINE void NETWORK(compare_rows)(ROW *row, size_t low, size_t high)
{
	ROW a = row[low * ROW_STRIDE], b = row[high * ROW_STRIDE];

	COMPARE(a, b);
	row[low * ROW_STRIDE] = a;
	row[high * ROW_STRIDE] = b;
}

/* The first two steps of a merge of two blocks of 2 half rows, n rows of which are there. */
INLINE void NETWORK(begin_merge)(ROW *row, size_t half, size_t n)
{
	size_t last = 4 * half - 1;

	for (size_t i = 0; i < half; i++) {
		size_t j = i + half, k = last - j, m = last - i;
		ROW a, b, c, d;

		if (m < n) {
			a = row[i * ROW_STRIDE];
			b = row[j * ROW_STRIDE];
			c = row[k * ROW_STRIDE];
			d = row[m * ROW_STRIDE];
			COMPARE(a, d);
			COMPARE(b, c);
			COMPARE(a, b);
			COMPARE(c, d);
			row[i * ROW_STRIDE] = a;
			row[j * ROW_STRIDE] = b;
			row[k * ROW_STRIDE] = c;
			row[m * ROW_STRIDE] = d;
		} else {
			if (k < n)
				NETWORK(compare_rows)(row, j, k);
			NETWORK(compare_rows)(row, i, j);
		}
	}
}

/* The first step alone. */
INLINE void NETWORK(mirror)(ROW *row, size_t size, size_t n)
{
	for (size_t i = 0; i < size; i++)
		if (2 * size - 1 - i < n)
			NETWORK(compare_rows)(row, i, 2 * size - 1 - i);
}

INLINE void NETWORK(sort)(ROW *row, size_t n)
{
	for (size_t at = 0; at < n; at += BLOCK)
		NETWORK(sort_block)(row + at * ROW_STRIDE, n - at);
	for (size_t size = BLOCK; size < n; size *= 2) {
		for (size_t at = 0; at + size < n; at += 2 * size)
			if (size == BLOCK)
				NETWORK(mirror)(row + at * ROW_STRIDE, size, n - at);
			else
				NETWORK(begin_merge)(row + at * ROW_STRIDE, size / 2, n - at);
		for (size_t distance = size / 4; distance >= BLOCK; distance /= 2)
			for (size_t at = 0; at < n; at += 2 * distance)
				for (size_t i = at; i < at + distance && i + distance < n; i++)
					NETWORK(compare_rows)(row, i, i + distance);
		for (size_t at = 0; at < n; at += BLOCK)
			NETWORK(merge_block)(row + at * ROW_STRIDE, n - at);
	}
}

#undef COMPARE
#undef BLOCK
