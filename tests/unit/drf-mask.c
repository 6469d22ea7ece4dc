/* SPDX-License-Identifier: ISC */
/* lib/io/drf_mask: what is left out does not depend on how samples come in pieces. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "io/drf_mask.h"

#define ROWS 4000
#define WIDTH 2
#define PARTS (2 * WIDTH)
#define FIRST 1000
#define TRIES 400

struct copy {
	bool there[ROWS];
	bool wrong;
	int64_t end;
	const int8_t *data;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void put(void *arg, int64_t index, size_t rows, const void *data)
{
	struct copy *c = arg;

	c->wrong = c->wrong || rows == 0 || index < c->end ||
		   memcmp(data, c->data + (index - FIRST) * PARTS, rows * PARTS) != 0;
	c->end = index + (int64_t)rows;
	memset(c->there + (index - FIRST), true, rows);
}

/* Runs of fill of all lengths around `least`, and rows that are fill but for one component. */
static void make_rows(int8_t *data, size_t least, uint64_t *seed)
{
	for (size_t k = 0; k < ROWS * PARTS; k++)
		data[k] = (int8_t)(next_random(seed) % 7);
	for (size_t k = next_random(seed) % 50; k < ROWS;) {
		size_t n = next_random(seed) % (2 * least + 2);

		n = n < ROWS - k ? n : ROWS - k;
		memset(data + k * PARTS, INT8_MIN, n * PARTS);
		if (next_random(seed) % 4 == 0 && n > 0)
			data[(k + next_random(seed) % n) * PARTS + next_random(seed) % PARTS] = 0;
		k += n + next_random(seed) % 60;
	}
}

static bool is_fill(const int8_t *data, size_t row)
{
	for (size_t i = 0; i < PARTS; i++)
		if (data[row * PARTS + i] != INT8_MIN)
			return false;
	return true;
}

/* The rows that should stay, by the definition; lost marks rows that never come. */
static int64_t expect_rows(const int8_t *data, const bool *lost, size_t least, bool *there)
{
	int64_t masked = 0;

	for (size_t k = 0, end; k < ROWS; k = end) {
		end = k;
		while (end < ROWS && !lost[end] && is_fill(data, end))
			end++;
		if (end == k) {
			there[k] = !lost[k];
			end++;
			continue;
		}
		memset(there + k, end - k < least, end - k);
		masked += end - k < least ? 0 : (int64_t)(end - k);
	}
	return masked;
}

static bool try(uint64_t *seed)
{
	static const struct drf_properties properties = {
		.dtype = DTYPE_COMPLEX | DTYPE_I8, .subchannels = WIDTH};
	size_t least = 1 + next_random(seed) % 40;
	struct drf_mask mask = {.properties = &properties, .fill_rows = least, .put = put};
	struct copy *c = xcalloc(1, sizeof(*c));
	int8_t *data = xcalloc(ROWS, PARTS);
	bool *lost = xcalloc(ROWS, 1), *there = xcalloc(ROWS, 1), same;
	int64_t masked;

	make_rows(data, least, seed);
	c->data = data;
	mask.arg = c;
	for (size_t k = 0, n; k < ROWS; k += n) {
		struct drf_piece piece = {.index = FIRST + (int64_t)k, .data = data + k * PARTS};

		n = 1 + next_random(seed) % (next_random(seed) % 2 ? 5 : 500);
		n = n < ROWS - k ? n : ROWS - k;
		piece.rows = n;
		if (next_random(seed) % 10 == 0)
			memset(lost + k, true, n);
		else
			drf_mask_piece(&mask, &piece);
	}
	drf_mask_end(&mask);
	masked = expect_rows(data, lost, least, there);
	same = !c->wrong && mask.masked == masked && !memcmp(there, c->there, ROWS);
	free(c);
	free(data);
	free(lost);
	free(there);
	return same;
}

int main(void)
{
	uint64_t seed = 5;
	int wrong = 0;

	printf("# seed %" PRIu64 "\n", seed);
	for (int i = 0; i < TRIES; i++)
		wrong += !try(&seed);
	check(wrong == 0, "runs of fill go, all else stays, whatever the pieces (%d wrong)", wrong);
	check(drf_fill_is_plain(DTYPE_COMPLEX | DTYPE_I16) && drf_fill_is_plain(DTYPE_F32) &&
			!drf_fill_is_plain(DTYPE_I16) &&
			!drf_fill_is_plain(DTYPE_COMPLEX | DTYPE_U8),
		"complex signed and float fill says that it is none");
	return done();
}
