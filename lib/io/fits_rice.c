/* SPDX-License-Identifier: ISC */
#include "io/fits_rice.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What depends on the bytes of a word. */
struct code {
	unsigned bits;	     /* of a word */
	unsigned split_bits; /* that say how many low bits are written plainly */
	unsigned split_max;  /* from here on words are written as they are */
};

static struct code code_of(size_t size)
{
	return size == 1   ? (struct code){8, 3, 6}
	       : size == 2 ? (struct code){16, 4, 14}
			   : (struct code){32, 5, 25};
}

struct bits_out {
	uint8_t *p;
	uint64_t held; /* bits not written yet, at the low end */
	unsigned count;
};

/* n <= 32 bits of v, which has no others. */
static inline void put_bits(struct bits_out *b, uint32_t v, unsigned n)
{
	b->held = b->held << n | v;
	b->count += n;
	while (b->count >= 8) {
		b->count -= 8;
		*b->p++ = (uint8_t)(b->held >> b->count);
	}
}

static void put_zeros(struct bits_out *b, uint32_t n)
{
	for (; n > 32; n -= 32)
		put_bits(b, 0, 32);
	put_bits(b, 0, n);
}

/* The word at i, sign-extended. */
static inline int32_t word_at(const void *pixels, size_t i, size_t size, uint32_t flip)
{
	switch (size) {
	case 1:
		return (int8_t)(((const uint8_t *)pixels)[i] ^ flip);
	case 2:
		return (int16_t)(((const uint16_t *)pixels)[i] ^ flip);
	default:
		return (int32_t)(((const uint32_t *)pixels)[i] ^ flip);
	}
}

/* How many low bits of a block's differences are best written plainly. */
static unsigned split_of(uint64_t sum, size_t n)
{
	uint64_t mean = sum > n / 2 + 1 ? (sum - n / 2 - 1) / n : 0;
	unsigned split = 0;

	for (mean >>= 1; mean > 0; mean >>= 1)
		split++;
	return split;
}

static void put_block(struct bits_out *b, const struct code *c, const uint32_t *d, size_t n)
{
	uint64_t sum = 0;
	unsigned split;

	for (size_t k = 0; k < n; k++)
		sum += d[k];
	split = split_of(sum, n);
	if (sum == 0) {
		put_bits(b, 0, c->split_bits);
		return;
	}
	if (split >= c->split_max) {
		put_bits(b, c->split_max + 1, c->split_bits);
		for (size_t k = 0; k < n; k++)
			put_bits(b, d[k], c->bits);
		return;
	}
	put_bits(b, split + 1, c->split_bits);
	for (size_t k = 0; k < n; k++) {
		put_zeros(b, d[k] >> split);
		put_bits(b, 1, 1);
		if (split)
			put_bits(b, d[k] & ((UINT32_C(1) << split) - 1), split);
	}
}

static size_t encode_row(
	uint8_t *out, const void *pixels, size_t first, size_t width, size_t size, uint32_t flip)
{
	struct code c = code_of(size);
	uint32_t mask = c.bits == 32 ? UINT32_MAX : (UINT32_C(1) << c.bits) - 1;
	struct bits_out b = {.p = out};
	int32_t last = word_at(pixels, first, size, flip);
	uint32_t d[FITS_RICE_BLOCK];

	put_bits(&b, (uint32_t)last & mask, c.bits);
	for (size_t i = 0; i < width; i += FITS_RICE_BLOCK) {
		size_t n = width - i < FITS_RICE_BLOCK ? width - i : FITS_RICE_BLOCK;

		for (size_t k = 0; k < n; k++) {
			int32_t next = word_at(pixels, first + i + k, size, flip);
			uint32_t difference = (uint32_t)next - (uint32_t)last;
			int32_t wrapped = size == 1   ? (int8_t)difference
					  : size == 2 ? (int16_t)difference
						      : (int32_t)difference;

			d[k] = ((uint32_t)wrapped << 1 ^ (wrapped < 0 ? UINT32_MAX : 0)) & mask;
			last = next;
		}
		put_block(&b, &c, d, n);
	}
	if (b.count > 0)
		put_bits(&b, 0, 8 - b.count);
	return (size_t)(b.p - out);
}

struct encoding {
	const void *pixels;
	size_t width, size, room;
	uint32_t flip;
	uint8_t *out; /* `room` bytes for each row */
	size_t *length;
};

static void encode_piece(void *arg, size_t row, unsigned worker)
{
	const struct encoding *c = arg;

	(void)worker;
	c->length[row] = encode_row(
		c->out + row * c->room, c->pixels, row * c->width, c->width, c->size, c->flip);
}

static void put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

int fits_rice_encode(struct fits_rice *r, const void *pixels, size_t rows, size_t width,
	size_t size, bool offset, struct pool *pool, struct error *e)
{
	/* A split suits the mean, so a block takes at most 3 bits a word more than plain ones. */
	struct encoding c = {.pixels = pixels,
		.width = width,
		.size = size,
		.room = width * size * 2 + 64,
		.flip = offset ? UINT32_C(1) << (size * 8 - 1) : 0};
	size_t at = 0;

	*r = (struct fits_rice){.tiles = rows};
	c.out = xaligned(rows, c.room);
	c.length = xcalloc(rows, sizeof(*c.length));
	pool_run(pool, rows, encode_piece, &c);
	for (size_t i = 0; i < rows; i++) {
		r->heap_size += c.length[i];
		r->longest = c.length[i] > r->longest ? c.length[i] : r->longest;
	}
	if (r->heap_size <= INT32_MAX) {
		r->size = rows * 8 + r->heap_size;
		r->bytes = xcalloc(r->size + 4, 1);
		for (size_t i = 0; i < rows; i++) {
			put_be32(r->bytes + i * 8, (uint32_t)c.length[i]);
			put_be32(r->bytes + i * 8 + 4, (uint32_t)at);
			memcpy(r->bytes + rows * 8 + at, c.out + i * c.room, c.length[i]);
			at += c.length[i];
		}
	}
	free(c.out);
	free(c.length);
	return r->bytes ? 0 : fail(e, EXIT_DATA, "rice: more than 2 GiB: too large for a table");
}

void fits_rice_free(struct fits_rice *r)
{
	free(r->bytes);
	*r = (struct fits_rice){0};
}

struct bits_in {
	const uint8_t *p, *end;
	uint64_t held; /* the next bits, at the high end */
	unsigned count;
	unsigned beyond; /* zero bytes put behind the end */
};

/* Whether more was taken than there is; sees it late, but for sure. */
static inline bool ended(const struct bits_in *b)
{
	return b->beyond * 8 > b->count;
}

/*
 * At least 56 bits afterwards, zeros behind the end. Of eight bytes read at once the last may be
 * there in part; it is read again, which changes nothing.
 */
static inline void fill(struct bits_in *b)
{
	uint64_t word;

	if (b->end - b->p >= 8) {
		memcpy(&word, b->p, 8);
		b->held |= __builtin_bswap64(word) >> b->count;
		b->p += (63 - b->count) / 8;
		b->count |= 56;
		return;
	}
	while (b->count <= 56) {
		if (b->p < b->end)
			b->held |= (uint64_t)*b->p++ << (56 - b->count);
		else
			b->beyond++;
		b->count += 8;
	}
}

static inline uint32_t get_bits(struct bits_in *b, unsigned n)
{
	uint32_t v;

	if (n == 0)
		return 0;
	if (b->count < n)
		fill(b);
	v = (uint32_t)(b->held >> (64 - n));
	b->held <<= n;
	b->count -= n;
	return v;
}

/* The number of zeros before the next one. */
static inline uint32_t get_zeros(struct bits_in *b)
{
	uint32_t zeros = 0;

	for (;;) {
		unsigned n;

		if (b->count == 0)
			fill(b);
		if (ended(b))
			return zeros;
		n = b->held ? (unsigned)__builtin_clzll(b->held) : 64;
		if (n < b->count) {
			b->held <<= n;
			b->held <<= 1;
			b->count -= n + 1;
			return zeros + n;
		}
		zeros += b->count;
		b->held = 0;
		b->count = 0;
	}
}

/* `count` differences, their `low` last bits written plainly behind a count of zeros. */
static inline uint32_t decode_split(
	int32_t *out, size_t count, unsigned low, uint32_t last, struct bits_in *bits)
{
	struct bits_in b = *bits;

	for (size_t k = 0; k < count; k++) {
		unsigned zeros;
		uint32_t d;

		if (b.count < 32)
			fill(&b);
		zeros = b.held ? (unsigned)__builtin_clzll(b.held) : 64;
		if (zeros + 1 + low <= b.count) {
			uint64_t rest = b.held << zeros << 1;

			d = zeros << low | (uint32_t)(rest >> 1 >> (63 - low));
			b.held = rest << low;
			b.count -= zeros + 1 + low;
		} else {
			d = get_zeros(&b) << low;
			d |= get_bits(&b, low);
		}
		last += d >> 1 ^ (uint32_t) - (int32_t)(d & 1);
		out[k] = (int32_t)last;
	}
	*bits = b;
	return last;
}

/* Words as they stand for: of 8 bits unsigned, else signed. */
static void extend(int32_t *out, size_t n, size_t size)
{
	if (size == 1)
		for (size_t k = 0; k < n; k++)
			out[k] = (uint8_t)out[k];
	else if (size == 2)
		for (size_t k = 0; k < n; k++)
			out[k] = (int16_t)out[k];
}

bool fits_rice_decode(
	int32_t *out, size_t n, const uint8_t *tile, size_t tile_size, size_t size, size_t block)
{
	struct code c = code_of(size);
	struct bits_in b = {.p = tile, .end = tile + tile_size};
	uint32_t last;

	if (tile_size < size)
		return false;
	last = get_bits(&b, c.bits);
	for (size_t i = 0; i < n; i += block) {
		size_t count = n - i < block ? n - i : block;
		unsigned split = get_bits(&b, c.split_bits);

		if (ended(&b))
			return false;
		if (split > 0 && split <= c.split_max) {
			last = decode_split(out + i, count, split - 1, last, &b);
			continue;
		}
		for (size_t k = 0; k < count; k++) {
			uint32_t d = split ? get_bits(&b, c.bits) : 0;

			last += d >> 1 ^ (uint32_t) - (int32_t)(d & 1);
			out[i + k] = (int32_t)last;
		}
	}
	extend(out, n, size);
	return !ended(&b);
}
