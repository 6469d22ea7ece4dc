/* SPDX-License-Identifier: ISC */
#include "io/fits_hcompress.h"

#include <string.h>

#define HEADER 25
#define PLANES_MAX 62

struct bits {
	const uint8_t *p;
	size_t size, at; /* bits */
	bool ended;
};

static inline unsigned bit(struct bits *b)
{
	unsigned v;

	if (b->at >= b->size) {
		b->ended = true;
		return 0;
	}
	v = b->p[b->at / 8] >> (7 - b->at % 8) & 1;
	b->at++;
	return v;
}

static unsigned nybble(struct bits *b)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 1 | bit(b);
	return v;
}

/* Which of four squares hold something: codes of 3 to 6 bits, frequent ones short. */
static uint8_t square(struct bits *b)
{
	static const uint8_t of_four[] = {3, 5, 10, 12, 15}, of_five[] = {6, 7, 9, 11, 13};
	unsigned code = bit(b) << 2;

	code |= bit(b) << 1;
	code |= bit(b);
	if (code < 4)
		return (uint8_t)(1u << code);
	code = code << 1 | bit(b);
	if (code <= 12)
		return of_four[code - 8];
	code = code << 1 | bit(b);
	if (code <= 30)
		return of_five[code - 26];
	return bit(b) ? 14 : 0;
}

struct block {
	size_t width, height;
};

struct decoder {
	struct bits bits;
	struct block tile;
	int64_t *a;	     /* [height][width] */
	int64_t *line;	     /* the longer side */
	uint8_t *squares[2]; /* a quarter of the pixels each, and edges */
};

static size_t half(size_t n)
{
	return (n + 1) / 2;
}

/* The bit that a level's square has for pixel (x, y) of the next one. */
static inline unsigned quarter(const uint8_t *squares, size_t row, size_t y, size_t x)
{
	return squares[y / 2 * row + x / 2] >> (3 - 2 * (y & 1) - (x & 1)) & 1;
}

/* The sides of the levels of a pyramid, from 1 up to n. */
static unsigned levels_of(size_t n)
{
	unsigned levels = 0;

	while ((size_t)1 << levels < n)
		levels++;
	return levels;
}

static size_t side_at(size_t n, unsigned levels_left)
{
	size_t step = (size_t)1 << levels_left;

	return (n + step - 1) / step;
}

/* One bit plane: the squares of its finest level. */
static const uint8_t *read_plane(struct decoder *d, struct block q)
{
	size_t width = half(q.width), height = half(q.height);
	unsigned levels = levels_of(q.width > q.height ? q.width : q.height), form;
	uint8_t *now = d->squares[0], *next = d->squares[1], *swap;
	size_t row = 1;

	form = nybble(&d->bits);
	if (form == 0) {
		for (size_t i = 0; i < width * height; i++)
			now[i] = (uint8_t)nybble(&d->bits);
		return now;
	}
	if (form != 15)
		d->bits.ended = true;
	now[0] = square(&d->bits);
	for (unsigned left = levels; left-- > 1;) {
		width = side_at(q.width, left);
		height = side_at(q.height, left);
		for (size_t y = 0; y < height; y++)
			for (size_t x = 0; x < width; x++)
				next[y * width + x] = (uint8_t)quarter(now, row, y, x);
		for (size_t i = width * height; i-- > 0;)
			if (next[i])
				next[i] = square(&d->bits);
		row = width;
		swap = now;
		now = next;
		next = swap;
	}
	return now;
}

static void read_quadrant(struct decoder *d, size_t y, size_t x, struct block q, unsigned planes)
{
	int64_t *a = d->a + y * d->tile.width + x;

	if (q.width == 0 || q.height == 0)
		return;
	for (unsigned plane = planes; plane-- > 0 && !d->bits.ended;) {
		const uint8_t *squares = read_plane(d, q);

		for (size_t i = 0; i < q.height; i++)
			for (size_t k = 0; k < q.width; k++)
				a[i * d->tile.width + k] |=
					(int64_t)quarter(squares, half(q.width), i, k) << plane;
	}
}

/* Puts the second half of n values, `step` apart, between those of the first. */
static void interleave(int64_t *a, size_t n, size_t step, int64_t *line)
{
	for (size_t i = 0; i < n; i++)
		line[i] = a[i * step];
	for (size_t i = 0; i < n; i++)
		a[i * step] = line[i % 2 ? half(n) + i / 2 : i / 2];
}

/* How a level rounds: coefficients lost low bits on the way in, as those can be told again. */
struct rounding {
	int64_t bit; /* the lowest bit of the level's hc */
	bool last;
	unsigned shift;
};

static int64_t round_to(int64_t v, int64_t bit_value, bool last)
{
	int64_t up = bit_value >> 1, down = last ? 0 : up - 1;

	return (v + (v >= 0 ? up : down)) & -bit_value;
}

/* Differences of a pair, with the low bit that the sum tells of. */
static void undo_pair(int64_t *first, int64_t *second, const struct rounding *r)
{
	int64_t sum = *first, difference = round_to(*second, 2 * r->bit, false);
	int64_t low = difference & 2 * r->bit;

	sum += sum >= 0 ? -low : low;
	*second = (sum + difference) >> r->shift;
	*first = (sum - difference) >> r->shift;
}

static void undo_square(int64_t *top, int64_t *bottom, const struct rounding *r)
{
	int64_t sum = top[0], hx = round_to(bottom[0], 2 * r->bit, false);
	int64_t hy = round_to(top[1], 2 * r->bit, false), hc = round_to(bottom[1], r->bit, r->last);
	int64_t low = hc & r->bit, next;

	hx -= hx >= 0 ? low : -low;
	hy -= hy >= 0 ? low : -low;
	next = (hc ^ hx ^ hy) & 2 * r->bit;
	if (sum >= 0)
		sum += low - next;
	else
		sum += low == 0 ? next : low - next;
	bottom[1] = (sum + hx + hy + hc) >> r->shift;
	bottom[0] = (sum + hx - hy - hc) >> r->shift;
	top[1] = (sum - hx + hy - hc) >> r->shift;
	top[0] = (sum - hx - hy + hc) >> r->shift;
}

/* The pyramid back to pixels, level by level. */
static void undo_transform(struct decoder *d)
{
	size_t width = d->tile.width, height = d->tile.height;
	unsigned levels = levels_of(width > height ? width : height);

	if (levels == 0)
		return;
	d->a[0] = round_to(d->a[0], INT64_C(1) << (levels + 1), false);
	for (unsigned left = levels; left-- > 0;) {
		struct rounding r = {INT64_C(1) << left, left == 0, left == 0 ? 2 : 1};
		size_t w = side_at(width, left), h = side_at(height, left), y, x;

		for (y = 0; y < h; y++)
			interleave(d->a + y * width, w, 1, d->line);
		for (x = 0; x < w; x++)
			interleave(d->a + x, h, width, d->line);
		for (y = 0; y + 1 < h; y += 2) {
			int64_t *top = d->a + y * width, *bottom = top + width;

			for (x = 0; x + 1 < w; x += 2)
				undo_square(top + x, bottom + x, &r);
			if (x < w)
				undo_pair(top + x, bottom + x, &r);
		}
		if (y < h) {
			int64_t *row = d->a + y * width;

			for (x = 0; x + 1 < w; x += 2)
				undo_pair(row + x, row + x + 1, &r);
			if (x < w)
				row[x] >>= r.shift;
		}
	}
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

size_t fits_hcompress_work(size_t width, size_t height)
{
	size_t longer = width > height ? width : height;

	return (width * height + longer) * sizeof(int64_t) + 2 * (half(width) * half(height) + 8);
}

bool fits_hcompress_decode(
	int32_t *out, size_t width, size_t height, const uint8_t *tile, size_t size, void *work)
{
	struct decoder d = {.tile = {width, height}, .a = work};
	size_t n = width * height, w = half(width), h = half(height);
	int64_t scale;

	d.line = d.a + n;
	d.squares[0] = (uint8_t *)(d.line + (width > height ? width : height));
	d.squares[1] = d.squares[0] + w * h + 8;
	if (size < HEADER || tile[0] != 0xdd || tile[1] != 0x99 ||
		big_endian(tile + 2, 4) != height || big_endian(tile + 6, 4) != width)
		return false;
	scale = (int32_t)big_endian(tile + 10, 4);
	for (size_t i = 0; i < 3; i++)
		if (tile[22 + i] > PLANES_MAX)
			return false;
	memset(d.a, 0, n * sizeof(*d.a));
	d.bits = (struct bits){.p = tile + HEADER, .size = (size - HEADER) * 8};
	read_quadrant(&d, 0, 0, (struct block){w, h}, tile[22]);
	read_quadrant(&d, 0, w, (struct block){width - w, h}, tile[23]);
	read_quadrant(&d, h, 0, (struct block){w, height - h}, tile[23]);
	read_quadrant(&d, h, w, (struct block){width - w, height - h}, tile[24]);
	if (d.bits.ended || nybble(&d.bits) != 0)
		return false;
	d.bits.at = (d.bits.at + 7) / 8 * 8;
	for (size_t i = 0; i < n; i++)
		if (d.a[i] && bit(&d.bits))
			d.a[i] = -d.a[i];
	if (d.bits.ended)
		return false;
	d.a[0] = (int64_t)big_endian(tile + 14, 8);
	for (size_t i = 0; i < n; i++)
		if (scale > 1 && __builtin_mul_overflow(d.a[i], scale, &d.a[i]))
			return false;
	/* Far more than any image needs, and nothing can overflow on the way. */
	for (size_t i = 0; i < n; i++)
		if (d.a[i] > INT64_MAX / 64 || d.a[i] < INT64_MIN / 64)
			return false;
	undo_transform(&d);
	for (size_t i = 0; i < n; i++)
		out[i] = (int32_t)d.a[i];
	return true;
}
