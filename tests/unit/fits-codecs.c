/* SPDX-License-Identifier: ISC */
/*
 * Rice and H-compress: what is encoded comes back, by a plain encoder of the test's own for
 * H-compress; bytes of any kind are decoded or refused, within the room they have. fits-codecs
 * [SEED].
 */
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "io/fits_hcompress.h"
#include "io/fits_rice.h"

/* Words of sorts that make blocks of every split: flat, gentle, noisy, wild, and the ends. */
static uint32_t word(unsigned sort, uint32_t last, size_t size)
{
	uint32_t sign = UINT32_C(1) << (8 * size - 1);

	switch (sort % 6) {
	case 0:
		return 7;
	case 1:
		return last + (uint32_t)below(3) - 1;
	case 2:
		return last + (uint32_t)below(1000) - 500;
	case 3:
		return (uint32_t)random64();
	case 4:
		return below(2) ? sign : sign - 1;
	default:
		return (uint32_t)random_bits(32);
	}
}

static void store(void *pixels, size_t i, size_t size, uint32_t v)
{
	if (size == 1)
		((uint8_t *)pixels)[i] = (uint8_t)v;
	else if (size == 2)
		((uint16_t *)pixels)[i] = (uint16_t)v;
	else
		((uint32_t *)pixels)[i] = v;
}

/* What the decoder promises for a word as it stands in the file. */
static int32_t promised(const void *pixels, size_t i, size_t size, bool offset)
{
	uint32_t flip = offset ? UINT32_C(1) << (8 * size - 1) : 0;

	if (size == 1)
		return (uint8_t)(((const uint8_t *)pixels)[i] ^ flip);
	if (size == 2)
		return (int16_t)(((const uint16_t *)pixels)[i] ^ flip);
	return (int32_t)(((const uint32_t *)pixels)[i] ^ flip);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One tile in memory of its own size, so that a byte read too far is seen. */
static bool decodes_tile(const uint8_t *tile, size_t n, size_t words, size_t size, int32_t *out)
{
	uint8_t *own = malloc(n ? n : 1);
	bool right;

	memcpy(own, tile, n);
	right = fits_rice_decode(out, words, own, n, size, FITS_RICE_BLOCK);
	free(own);
	return right;
}

/* Encodes random rows; *back: they came back; *cut: tiles without their last byte are refused. */
static void rice_round(unsigned turn, bool *back, bool *cut, struct pool *pool)
{
	static const size_t sizes[] = {1, 2, 4};
	size_t size = sizes[turn % 3], rows = 1 + below(6);
	size_t width = turn % 5 ? 1 + below(130) : 1 + below(3000);
	bool offset = below(2);
	void *pixels = xaligned(rows * width, size);
	int32_t *out = xmalloc(width * sizeof(*out));
	struct fits_rice r;
	struct error e;
	uint32_t last = (uint32_t)random64();

	for (size_t i = 0; i < rows * width; i++) {
		last = word(turn / 3 + (unsigned)(i / 97), last, size);
		store(pixels, i, size, last);
	}
	*back = !fits_rice_encode(&r, pixels, rows, width, size, offset, pool, &e) && *back;
	*back = *back && r.tiles == rows && r.size == rows * 8 + r.heap_size;
	for (size_t y = 0; y < rows && *back; y++) {
		uint32_t length = be32(r.bytes + 8 * y), at = be32(r.bytes + 8 * y + 4);
		const uint8_t *tile = r.bytes + rows * 8 + at;

		*back = length <= r.longest && (size_t)at + length <= r.heap_size &&
			decodes_tile(tile, length, width, size, out);
		for (size_t x = 0; x < width && *back; x++)
			*back = out[x] == promised(pixels, y * width + x, size, offset);
		*cut = *cut && !decodes_tile(tile, length - 1, width, size, out);
	}
	fits_rice_free(&r);
	free(pixels);
	free(out);
}

static void rice(void)
{
	struct pool *pool = pool_new(2);
	bool back = true, cut = true;
	int accepted = 0;

	for (unsigned turn = 0; turn < 600; turn++)
		rice_round(turn, &back, &cut, pool);
	check(back, "rice: what is encoded comes back, of 8, 16 and 32 bits");
	check(cut, "rice: a tile without its last byte is refused");
	pool_free(pool);
	for (int turn = 0; turn < 3000; turn++) {
		static const size_t sizes[] = {1, 2, 4};
		uint8_t bytes[64];
		size_t n = below(sizeof(bytes) + 1), words = 1 + below(400);
		int32_t *out = xmalloc(words * sizeof(*out));

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(turn % 3 ? random64() : turn % 2 ? 0 : 0xff);
		accepted += decodes_tile(bytes, n, words, sizes[turn % 3], out);
		free(out);
	}
	check(accepted < 3000, "rice: any bytes are decoded or refused (%d of 3000 decoded)",
		accepted);
}

/*
 * An encoder of H-compress without loss, for the test: the transform of White, Postman & Lattanzi
 * (1992), bit planes as they are or as quadtrees by chance.
 */
struct writer {
	uint8_t *p;
	size_t bits;
};

static void put(struct writer *w, unsigned v, unsigned n)
{
	while (n-- > 0) {
		if (w->bits % 8 == 0)
			w->p[w->bits / 8] = 0;
		w->p[w->bits / 8] |= (uint8_t)((v >> n & 1) << (7 - w->bits % 8));
		w->bits++;
	}
}

/* Even ones to the front, odd ones behind them. */
static void separate(int64_t *a, size_t n, size_t step, int64_t *line)
{
	for (size_t i = 0; i < n; i++)
		line[i % 2 ? (n + 1) / 2 + i / 2 : i / 2] = a[i * step];
	for (size_t i = 0; i < n; i++)
		a[i * step] = line[i];
}

/* To the nearest multiple of bit, halves away from zero. */
static int64_t rounded(int64_t v, int64_t bit)
{
	return (v + (v >= 0 || bit == 1 ? bit / 2 : bit / 2 - 1)) & -bit;
}

/* The sums and differences of 2x2 values, or of what there is of them at the edges. */
static void transform_square(int64_t *p, size_t width, bool right, bool down, unsigned level)
{
	int64_t bit = INT64_C(1) << level, mul = level ? 1 : 2, div = right && down ? 2 : 1;
	int64_t p01 = right ? p[1] : 0, p10 = down ? p[width] : 0;
	int64_t p11 = right && down ? p[width + 1] : 0, p00 = p[0];

	p[0] = rounded((right || down ? 1 : 2) * (p11 + p10 + p01 + p00) * mul / div, 4 * bit);
	if (right)
		p[1] = rounded((p11 - p10 + p01 - p00) * mul / div, 2 * bit);
	if (down)
		p[width] = rounded((p11 + p10 - p01 - p00) * mul / div, 2 * bit);
	if (right && down)
		p[width + 1] = rounded((p11 - p10 - p01 + p00) * mul / div, bit);
}

static void transform(int64_t *a, size_t width, size_t height)
{
	size_t w = width, h = height;
	int64_t *line = xmalloc((width + height) * sizeof(*line));

	for (unsigned level = 0; w > 1 || h > 1; level++) {
		for (size_t y = 0; y < h; y += 2)
			for (size_t x = 0; x < w; x += 2)
				transform_square(
					a + y * width + x, width, x + 1 < w, y + 1 < h, level);
		for (size_t y = 0; y < h; y++)
			separate(a + y * width, w, 1, line);
		for (size_t x = 0; x < w; x++)
			separate(a + x, h, width, line);
		w = (w + 1) / 2;
		h = (h + 1) / 2;
	}
	free(line);
}

static void put_square(struct writer *w, unsigned square)
{
	static const struct {
		uint8_t code, bits;
	} codes[16] = {{62, 6}, {0, 3}, {1, 3}, {8, 4}, {2, 3}, {9, 4}, {26, 5}, {27, 5}, {3, 3},
		{28, 5}, {10, 4}, {29, 5}, {11, 4}, {30, 5}, {63, 6}, {12, 4}};

	put(w, codes[square].code, codes[square].bits);
}

/* Squares of `width` x `height` values that are not 0: half as many on each side. */
static uint8_t *squares_of(const uint8_t *v, size_t width, size_t height)
{
	size_t w = (width + 1) / 2, h = (height + 1) / 2;
	uint8_t *out = xcalloc(w * h, 1);

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			if (v[y * width + x])
				out[y / 2 * w + x / 2] |= (uint8_t)(8 >> (2 * (y & 1) + (x & 1)));
	return out;
}

/* The squares of a level and, before them, of all above. */
static void put_tree(
	struct writer *w, const uint8_t *squares, size_t width, size_t height, bool top)
{
	if (width > 1 || height > 1) {
		uint8_t *above = squares_of(squares, width, height);

		put_tree(w, above, (width + 1) / 2, (height + 1) / 2, true);
		free(above);
	} else if (top && !squares[0]) {
		put_square(w, 0);
	}
	for (size_t i = width * height; i-- > 0;)
		if (squares[i])
			put_square(w, squares[i]);
}

static void put_quadrant(struct writer *w, const int64_t *a, size_t stride, size_t width,
	size_t height, unsigned planes)
{
	uint8_t *v = xmalloc(width * height + 1);

	for (unsigned plane = planes; width && height && plane-- > 0;) {
		uint8_t *squares;

		for (size_t y = 0; y < height; y++)
			for (size_t x = 0; x < width; x++)
				v[y * width + x] = llabs(a[y * stride + x]) >> plane & 1;
		squares = squares_of(v, width, height);
		if (below(3)) {
			put(w, 15, 4);
			put_tree(w, squares, (width + 1) / 2, (height + 1) / 2, true);
		} else {
			put(w, 0, 4);
			for (size_t i = 0; i < (width + 1) / 2 * ((height + 1) / 2); i++)
				put(w, squares[i], 4);
		}
		free(squares);
	}
	free(v);
}

static unsigned planes_of(const int64_t *a, size_t stride, size_t width, size_t height)
{
	unsigned planes = 0;

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			while (llabs(a[y * stride + x]) >> planes)
				planes++;
	return planes;
}

static void put_be(uint8_t *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* The bytes of a tile; out has room for them. */
static size_t hcompress(uint8_t *out, const int32_t *pixels, size_t width, size_t height)
{
	size_t n = width * height, w = (width + 1) / 2, h = (height + 1) / 2;
	int64_t *a = xmalloc(n * sizeof(*a)), *low = a + h * width;
	struct writer to = {out + 25, 0};

	for (size_t i = 0; i < n; i++)
		a[i] = pixels[i];
	transform(a, width, height);
	out[0] = 0xdd;
	out[1] = 0x99;
	put_be(out + 2, height, 4);
	put_be(out + 6, width, 4);
	put_be(out + 10, 0, 4);
	put_be(out + 14, (uint64_t)a[0], 8);
	a[0] = 0;
	out[22] = (uint8_t)planes_of(a, width, w, h);
	out[23] = (uint8_t)planes_of(a + w, width, width - w, h);
	if (planes_of(low, width, w, height - h) > out[23])
		out[23] = (uint8_t)planes_of(low, width, w, height - h);
	out[24] = (uint8_t)planes_of(low + w, width, width - w, height - h);
	put_quadrant(&to, a, width, w, h, out[22]);
	put_quadrant(&to, a + w, width, width - w, h, out[23]);
	put_quadrant(&to, low, width, w, height - h, out[23]);
	put_quadrant(&to, low + w, width, width - w, height - h, out[24]);
	put(&to, 0, 4);
	put(&to, 0, (unsigned)(-to.bits % 8));
	for (size_t i = 0; i < n; i++)
		if (a[i])
			put(&to, a[i] < 0, 1);
	free(a);
	return 25 + (to.bits + 7) / 8;
}

/* In memory of its own size, as for Rice. */
static bool decodes_square(int32_t *out, size_t width, size_t height, const uint8_t *tile, size_t n)
{
	void *work = malloc(fits_hcompress_work(width, height));
	uint8_t *own = malloc(n ? n : 1);
	bool right;

	memcpy(own, tile, n);
	right = fits_hcompress_decode(out, width, height, own, n, work);
	free(own);
	free(work);
	return right;
}

static void hcompress_rounds(void)
{
	bool back = true, cut = true, shape = true;
	int accepted = 0;

	for (unsigned turn = 0; turn < 500; turn++) {
		size_t width = 1 + below(turn % 7 ? 40 : 150),
		       height = 1 + below(turn % 5 ? 40 : 90);
		size_t n = width * height, size;
		int32_t *pixels = xmalloc(n * sizeof(*pixels)), *out = xmalloc(n * sizeof(*out));
		uint8_t *tile = xmalloc(25 + n * 12 + 4096);
		uint32_t last = (uint32_t)below(1000);

		for (size_t i = 0; i < n; i++) {
			last = word(turn, last, turn % 2 ? 2 : 4);
			pixels[i] = turn % 2 ? (int16_t)last : (int32_t)last;
		}
		size = hcompress(tile, pixels, width, height);
		back = back && decodes_square(out, width, height, tile, size) &&
		       !memcmp(out, pixels, n * sizeof(*out));
		shape = shape && !decodes_square(out, width + 1, height, tile, 25);
		cut = cut && !decodes_square(out, width, height, tile, below(26));
		/* Some bytes changed: anything may come, but within the room there is. */
		for (int flips = 0; flips < 4; flips++)
			tile[below(8) ? 25 + below(size - 25 + 1) : 10 + below(15)] ^=
				(uint8_t)(1u << below(8));
		accepted += decodes_square(out, width, height, tile, size);
		for (size_t i = 22; i < size; i++)
			tile[i] = (uint8_t)(i < 25 ? below(64) : random64());
		accepted += decodes_square(out, width, height, tile, size);
		free(tile);
		free(pixels);
		free(out);
	}
	check(back, "hcompress: what is encoded comes back, of 16 and 32 bits");
	check(shape, "hcompress: a tile of another shape is refused");
	check(cut, "hcompress: a tile cut in its header is refused");
	check(accepted < 1000, "hcompress: any bytes are decoded or refused (%d of 1000 decoded)",
		accepted);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	rice();
	hcompress_rounds();
	return done();
}
