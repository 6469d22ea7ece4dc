/* SPDX-License-Identifier: ISC */
/* Pieces of deflate streams, joined and unpacked with zlib. */
#include "io/deflate.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define PIECE_MAX 300000
#define PIECES 12

/* Bytes of sorts that make codes of every shape. */
static size_t paint(uint8_t *to, unsigned sort)
{
	size_t n = below(sort % 3 ? 4000 : PIECE_MAX), at = 0;
	uint32_t a = 1, b = 1;

	switch (sort % 7) {
	case 0:
		for (size_t k = 0; k < n; k++)
			to[k] = (uint8_t)random64();
		return n;
	case 1:
		memset(to, (int)below(256), n);
		return n;
	case 2:
		for (size_t k = 0; k < n; k++)
			to[k] = (uint8_t)(random_bits(8));
		return n;
	case 3: /* counts that grow as Fibonacci's numbers: the deepest tree of all */
		for (uint8_t value = 0; at + a <= PIECE_MAX; value++) {
			memset(to + at, value, a);
			at += a;
			b += a;
			a = b - a;
		}
		return at;
	case 4:
		for (size_t k = 0; k < n; k++)
			to[k] = (uint8_t)(k % 1000 < 500 ? k % 37 : random64());
		return n;
	case 5: /* every byte equally often */
		for (size_t k = 0; k < n; k++)
			to[k] = (uint8_t)(k * 37);
		return n;
	default:
		to[0] = (uint8_t)random64();
		return below(2);
	}
}

static bool unpacks(const uint8_t *stream, size_t size, const uint8_t *wanted, size_t n)
{
	uint8_t *out = xmalloc(n + 1);
	z_stream z = {.next_in = (uint8_t *)stream,
		.avail_in = (uInt)size,
		.next_out = out,
		.avail_out = (uInt)n + 1};
	bool right;

	inflateInit2(&z, -15);
	right = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == n && z.avail_in == 0 &&
		memcmp(out, wanted, n) == 0;
	inflateEnd(&z);
	free(out);
	return right;
}

static bool test_stream(unsigned turn)
{
	struct deflate *d = deflate_new(turn % 10);
	uint8_t *raw = xmalloc(PIECES * PIECE_MAX), *out = xmalloc(PIECES * (PIECE_MAX * 2));
	size_t n = 0, size = 0;
	bool right = true;

	for (unsigned i = 0; i < 1 + turn % PIECES; i++) {
		uint8_t *from = raw + n;
		size_t count = paint(from, (unsigned)random64()), got;
		unsigned how = (unsigned)below(3);

		got = how == 0	 ? deflate_literals(out + size, from, count)
		      : how == 1 ? deflate_repeats(d, out + size, from, count)
				 : deflate_piece(d, out + size, from, count);
		right = right && got > 0 && got <= deflate_bound(d, count);
		n += count;
		size += got;
	}
	memcpy(out + size, deflate_end, sizeof(deflate_end));
	right = right && unpacks(out, size + sizeof(deflate_end), raw, n);
	free(out);
	free(raw);
	deflate_free(d);
	return right;
}

static bool test_whole(unsigned turn)
{
	struct deflate *d = deflate_new(turn % 10);
	uint8_t *raw = xmalloc(PIECE_MAX), *out = xmalloc(PIECE_MAX * 2);
	size_t n = paint(raw, turn), size = deflate_stream(d, out, raw, n);
	bool right = size > 0 && size <= deflate_bound(d, n) && unpacks(out, size, raw, n);

	free(out);
	free(raw);
	deflate_free(d);
	return right;
}

static void test_literals(void)
{
	uint8_t *raw = xmalloc(PIECE_MAX), *out = xmalloc(2 * PIECE_MAX);
	bool right = true, told = true;

	for (unsigned sort = 0; sort < 70; sort++) {
		uint32_t count[256] = {0};
		size_t n = paint(raw, sort), size = deflate_literals(out, raw, n);

		deflate_count(count, raw, n);
		told = told && (size > n || n == 0 || size <= deflate_literals_size(count) + 5);
		memcpy(out + size, deflate_end, sizeof(deflate_end));
		right = right && unpacks(out, size + sizeof(deflate_end), raw, n);
	}
	check(right, "codes of every shape read back");
	check(told, "their size is known before");
	free(out);
	free(raw);
}

static void test_entropy(void)
{
	uint32_t even[256], two[256] = {3, 1};

	for (size_t b = 0; b < 256; b++)
		even[b] = 1000;
	check(deflate_entropy(even) > 256000 * 7.98 && deflate_entropy(even) < 256000 * 8.02,
		"256 equal counts have 8 bits a byte");
	check(deflate_entropy(two) > 3.2 && deflate_entropy(two) < 3.3,
		"of 3 to 1 it is 0.8113 bits a byte");
}

int main(int argc, char **argv)
{
	bool right = true;

	seed_from(argc, argv);
	for (unsigned turn = 0; turn < 60; turn++)
		right = test_stream(turn) && right;
	check(right, "60 streams of pieces of all sorts read back");
	right = true;
	for (unsigned turn = 0; turn < 70; turn++)
		right = test_whole(turn) && right;
	check(right, "70 whole streams, too");
	test_literals();
	test_entropy();
	return done();
}
