/* SPDX-License-Identifier: ISC */
#include "io/deflate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#include "base/mem.h"

#define MARK_SIZE 5 /* bytes of an empty stored block, at most */
#define WINDOW_SIZE ((size_t)1 << 16)
#define PARTS 4 /* pieces of the input that are searched for repeats */
#define PART_SIZE 4096
#define REPEAT 6 /* bytes from which on a repeat is one */

struct deflate {
	bool stored;
	struct libdeflate_compressor *compressor;
	z_stream reader;
	uint8_t window[WINDOW_SIZE]; /* what the reader reads goes here and is forgotten */
};

const uint8_t deflate_end[2] = {0x03, 0x00};

struct deflate *deflate_new(int level)
{
	/*
	 * Of libdeflate's levels 1 finds no repeats of 3 bytes, which single pixels are, and 8 and
	 * 9 make waterfalls larger than 7 does.
	 */
	static const int levels[10] = {0, 2, 3, 4, 5, 6, 7, 10, 11, 12};
	struct deflate *d = xcalloc(1, sizeof(*d));

	d->stored = level == 0;
	d->compressor = libdeflate_alloc_compressor(levels[level]);
	if (d->compressor && inflateInit2(&d->reader, -15) == Z_OK)
		return d;
	libdeflate_free_compressor(d->compressor);
	free(d);
	return NULL;
}

void deflate_free(struct deflate *d)
{
	if (!d)
		return;
	inflateEnd(&d->reader);
	libdeflate_free_compressor(d->compressor);
	free(d);
}

size_t deflate_bound(struct deflate *d, size_t n)
{
	size_t bound = libdeflate_deflate_compress_bound(d->compressor, n);

	return (bound > deflate_stored_size(n) ? bound : deflate_stored_size(n)) + MARK_SIZE + 8 +
	       sizeof(deflate_end);
}

size_t deflate_mark(uint8_t *out, uint64_t bits)
{
	static const uint8_t lengths[4] = {0, 0, 0xff, 0xff};
	size_t at = (bits + 3 + 7) / 8;

	if (at > (bits + 7) / 8)
		out[at - 1] = 0;
	memcpy(out + at, lengths, sizeof(lengths));
	return at + sizeof(lengths);
}

/*
 * libdeflate marks its last block as the last of the stream. zlib tells where the blocks begin, in
 * bits, so that the mark can be taken off. Returns the bits of the stream, or 0.
 */
static uint64_t unfinish(struct deflate *d, uint8_t *stream, size_t size)
{
	z_stream *z = &d->reader;
	uint64_t start = 0, at = 0;

	if (inflateReset(z) != Z_OK)
		return 0;
	z->next_in = stream;
	z->avail_in = (uInt)size;
	do {
		z->next_out = d->window;
		z->avail_out = sizeof(d->window);
		if (inflate(z, Z_BLOCK) != Z_OK)
			return 0;
		if (z->data_type & 128) {
			start = at;
			at = (uint64_t)z->total_in * 8 - (unsigned)(z->data_type & 7);
		}
	} while ((z->data_type & 192) != 192);
	stream[start / 8] &= (uint8_t) ~(1u << start % 8);
	return at;
}

/* A stream of its own. */
static size_t compress_alone(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	return libdeflate_deflate_compress(
		d->compressor, in, n, out, libdeflate_deflate_compress_bound(d->compressor, n));
}

size_t deflate_repeats(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	size_t size = compress_alone(d, out, in, n);
	uint64_t bits = size > 0 ? unfinish(d, out, size) : 0;

	return bits > 0 ? deflate_mark(out, bits) : 0;
}

/* How many of n bytes stand in repeats of earlier ones. */
static size_t repeated(const uint8_t *bytes, size_t n)
{
	uint16_t last[4096] = {0}; /* where a hash was seen, counted from 1 */
	size_t covered = 0;

	for (size_t k = 0; k + sizeof(uint32_t) <= n;) {
		uint32_t word, hash;
		size_t from, length = 0;

		memcpy(&word, bytes + k, sizeof(word));
		hash = word * 2654435761u >> 20;
		from = last[hash];
		last[hash] = (uint16_t)(k + 1);
		if (from > 0)
			while (k + length < n && bytes[from - 1 + length] == bytes[k + length])
				length++;
		if (length >= REPEAT) {
			covered += length;
			k += length;
		} else {
			k++;
		}
	}
	return covered;
}

/* Whether repeats make the input smaller by a thirtieth than literals alone do, by samples. */
static bool repeats_pay(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	uint8_t sample[PARTS * PART_SIZE];
	uint32_t count[256] = {0};
	size_t size = n < sizeof(sample) ? n : sizeof(sample);

	if (n == size)
		memcpy(sample, in, n);
	for (size_t i = 0; i < PARTS && n > size; i++)
		memcpy(sample + i * PART_SIZE, in + i * ((n - PART_SIZE) / (PARTS - 1)), PART_SIZE);
	if (n == 0 || repeated(sample, size) < size / 64)
		return false;
	deflate_count(count, sample, size);
	return compress_alone(d, out, sample, size) < deflate_literals_size(count) * 29 / 30;
}

size_t deflate_piece(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	if (d->stored || repeats_pay(d, out, in, n))
		return deflate_repeats(d, out, in, n);
	return deflate_literals(out, in, n);
}

size_t deflate_stream(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	size_t size;

	if (d->stored || repeats_pay(d, out, in, n))
		return compress_alone(d, out, in, n);
	size = deflate_literals(out, in, n);
	memcpy(out + size, deflate_end, sizeof(deflate_end));
	return size + sizeof(deflate_end);
}
