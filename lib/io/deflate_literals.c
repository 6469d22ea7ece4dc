/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/deflate.h"

#define SYMBOLS 257 /* the bytes and the end of the block */
#define END_OF_BLOCK 256
#define LENGTH_MAX 14 /* bits of a code: four of them and a started byte fit 64 */
#define STORED_MAX 65535

/* Of the block's head: kind, counts, the code of lengths, 257 + 2 lengths of 4 bits each. */
#define HEAD_BITS (3 + 14 + 19 * 3 + (SYMBOLS + 2) * 4)

size_t deflate_stored_size(size_t n)
{
	return n + (n + STORED_MAX - 1) / STORED_MAX * 5;
}

void deflate_count(uint32_t count[256], const uint8_t *in, size_t n)
{
	/* Equal neighbours shall not wait for each other. */
	uint32_t part[4][256] = {{0}};
	size_t k;

	for (k = 0; k + 4 <= n; k += 4) {
		part[0][in[k]]++;
		part[1][in[k + 1]]++;
		part[2][in[k + 2]]++;
		part[3][in[k + 3]]++;
	}
	for (; k < n; k++)
		part[0][in[k]]++;
	for (size_t b = 0; b < 256; b++)
		count[b] += part[0][b] + part[1][b] + part[2][b] + part[3][b];
}

/* Within 0.01 and the same on every machine, as libm's need not be. */
static double binary_log(uint32_t v)
{
	int exponent = 31 - __builtin_clz(v);
	double part = (double)v / (double)(1u << exponent) - 1;

	return exponent + part + 0.344 * part * (1 - part);
}

double deflate_entropy(const uint32_t count[256])
{
	double bits = 0;
	uint32_t n = 0;

	for (size_t b = 0; b < 256; b++)
		n += count[b];
	for (size_t b = 0; b < 256; b++)
		if (count[b] > 0)
			bits += count[b] * (binary_log(n) - binary_log(count[b]));
	return bits;
}

struct leaf {
	uint32_t weight;
	uint16_t symbol;
};

static int by_weight(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return (int)x->symbol - (int)y->symbol;
}

/*
 * Huffman's tree of n >= 2 leaves in order of weight, by two queues: nodes are made in order too.
 * Gives each symbol's depth; returns the greatest.
 */
static unsigned depths(const struct leaf *leaf, size_t n, uint8_t depth[SYMBOLS])
{
	uint32_t weight[SYMBOLS];
	uint16_t parent[2 * SYMBOLS];
	uint8_t level[2 * SYMBOLS];
	size_t next_leaf = 0, next_node = 0, last = n - 2;

	for (size_t node = 0; node <= last; node++) {
		weight[node] = 0;
		for (int child = 0; child < 2; child++) {
			bool leaf_first =
				next_node == node ||
				(next_leaf < n && leaf[next_leaf].weight <= weight[next_node]);

			if (leaf_first) {
				weight[node] += leaf[next_leaf].weight;
				parent[next_leaf++] = (uint16_t)node;
			} else {
				weight[node] += weight[next_node];
				parent[n + next_node++] = (uint16_t)node;
			}
		}
	}
	level[n + last] = 0;
	for (size_t node = last; node-- > 0;)
		level[n + node] = (uint8_t)(level[n + parent[n + node]] + 1);
	for (size_t k = 0; k < n; k++)
		depth[leaf[k].symbol] = (uint8_t)(level[n + parent[k]] + 1);
	return depth[leaf[0].symbol];
}

/* Lengths of at most LENGTH_MAX: a tree too deep is made anew of weights that differ less. */
static void lengths_of(const uint32_t count[SYMBOLS], uint8_t length[SYMBOLS])
{
	struct leaf leaf[SYMBOLS];
	size_t n = 0;

	memset(length, 0, SYMBOLS);
	for (size_t s = 0; s < SYMBOLS; s++)
		if (count[s] > 0)
			leaf[n++] = (struct leaf){count[s], (uint16_t)s};
	qsort(leaf, n, sizeof(leaf[0]), by_weight);
	while (depths(leaf, n, length) > LENGTH_MAX)
		for (size_t k = 0; k < n; k++)
			leaf[k].weight = leaf[k].weight / 2 + 1;
}

/* Canonical codes (RFC 1951, 3.2.2), the first bit lowest, with their length above 16 bits. */
static void codes_of(const uint8_t length[SYMBOLS], uint32_t code[SYMBOLS])
{
	unsigned of_length[LENGTH_MAX + 2] = {0}, next[LENGTH_MAX + 2] = {0};

	for (size_t s = 0; s < SYMBOLS; s++)
		of_length[length[s]]++;
	of_length[0] = 0;
	for (unsigned l = 1; l <= LENGTH_MAX; l++)
		next[l] = (next[l - 1] + of_length[l - 1]) << 1;
	for (size_t s = 0; s < SYMBOLS; s++) {
		unsigned forward = length[s] ? next[length[s]]++ : 0, backward = 0;

		for (unsigned bit = 0; bit < length[s]; bit++)
			backward |= (forward >> bit & 1) << (length[s] - 1 - bit);
		code[s] = backward | (uint32_t)length[s] << 16;
	}
}

/* Bits on their way to memory, the first lowest; fewer than 8 are held between puts. */
struct bits {
	uint8_t *to;
	uint64_t held;
	unsigned count;
};

/* At most 56 bits; writes 8 bytes, of which those not full come again. */
static inline void put(struct bits *b, uint64_t value, unsigned count)
{
	b->held |= value << b->count;
	b->count += count;
	memcpy(b->to, &b->held, sizeof(b->held));
	b->to += b->count / 8;
	b->held >>= b->count & ~7u;
	b->count &= 7;
}

/*
 * The lengths 0 … 15 get 4 bits each in the code of lengths, which has no runs: 130 bytes. Two
 * distances of one bit, as zlib writes them where it needs none.
 */
static void put_head(struct bits *b, const uint8_t length[SYMBOLS])
{
	static const uint8_t order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

	put(b, 2 << 1, 3);
	put(b, SYMBOLS - 257, 5);
	put(b, 2 - 1, 5);
	put(b, 19 - 4, 4);
	for (size_t k = 0; k < 19; k++)
		put(b, order[k] < 16 ? 4 : 0, 3);
	for (size_t s = 0; s < SYMBOLS + 2; s++) {
		unsigned l = s < SYMBOLS ? length[s] : 1;

		put(b, (l & 1) << 3 | (l & 2) << 1 | (l & 4) >> 1 | (l & 8) >> 3, 4);
	}
}

static void put_bytes(struct bits *to, const uint32_t code[SYMBOLS], const uint8_t *in, size_t n)
{
	struct bits b = *to;
	size_t k;

	for (k = 0; k + 4 <= n; k += 4) {
		uint32_t c0 = code[in[k]], c1 = code[in[k + 1]];
		uint32_t c2 = code[in[k + 2]], c3 = code[in[k + 3]];
		unsigned first = (c0 >> 16) + (c1 >> 16), second = (c2 >> 16) + (c3 >> 16);
		uint64_t low = (c0 & 0xffff) | (uint64_t)(c1 & 0xffff) << (c0 >> 16);
		uint64_t high = (c2 & 0xffff) | (uint64_t)(c3 & 0xffff) << (c2 >> 16);

		put(&b, low | high << first, first + second);
	}
	for (; k < n; k++)
		put(&b, code[in[k]] & 0xffff, code[in[k]] >> 16);
	put(&b, code[END_OF_BLOCK] & 0xffff, code[END_OF_BLOCK] >> 16);
	*to = b;
}

static uint64_t coded_bits(const uint32_t count[SYMBOLS], const uint8_t length[SYMBOLS])
{
	uint64_t bits = HEAD_BITS;

	for (size_t s = 0; s < SYMBOLS; s++)
		bits += (uint64_t)count[s] * length[s];
	return bits;
}

static size_t store(uint8_t *out, const uint8_t *in, size_t n)
{
	uint8_t *to = out;

	while (n > 0) {
		size_t step = n < STORED_MAX ? n : STORED_MAX;

		*to++ = 0;
		*to++ = (uint8_t)step;
		*to++ = (uint8_t)(step >> 8);
		*to++ = (uint8_t)~step;
		*to++ = (uint8_t)(~step >> 8);
		memcpy(to, in, step);
		to += step;
		in += step;
		n -= step;
	}
	return (size_t)(to - out);
}

uint64_t deflate_literals_size(const uint32_t count[256])
{
	uint32_t symbols[SYMBOLS];
	uint8_t length[SYMBOLS];

	memcpy(symbols, count, 256 * sizeof(*count));
	symbols[END_OF_BLOCK] = 1;
	lengths_of(symbols, length);
	return (coded_bits(symbols, length) + 7) / 8;
}

size_t deflate_literals(uint8_t *out, const uint8_t *in, size_t n)
{
	uint32_t count[SYMBOLS] = {0}, code[SYMBOLS];
	uint8_t length[SYMBOLS];
	struct bits b = {.to = out};
	uint64_t bits;

	if (n == 0)
		return deflate_mark(out, 0);
	deflate_count(count, in, n);
	count[END_OF_BLOCK] = 1;
	lengths_of(count, length);
	bits = coded_bits(count, length);
	if (bits / 8 >= deflate_stored_size(n))
		return deflate_mark(out, 8 * (uint64_t)store(out, in, n));
	codes_of(length, code);
	put_head(&b, length);
	put_bytes(&b, code, in, n);
	return deflate_mark(out, bits);
}
