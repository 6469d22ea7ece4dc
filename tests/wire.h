/* SPDX-License-Identifier: ISC */
/*
 * Frames by the table of leat-stream(5) alone, without a line of lib/stream: what tests make and
 * damage streams with, so that they do not believe the code under test.
 */
#ifndef LEAT_TESTS_WIRE_H
#define LEAT_TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define WIRE_HEADER 128
#define WIRE_ROOM(n) (((uint64_t)(n) + 63) / 64 * 64)

static inline uint32_t wire_crc(const uint8_t *p, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u;

	for (uint32_t i = 0; i < 256 && !table[255]; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
	}
	while (n-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

static inline uint64_t wire_get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

static inline void wire_put(uint8_t *p, uint64_t v, size_t bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		*p++ = (uint8_t)v;
}

static inline unsigned wire_kind(const uint8_t *frame)
{
	return (unsigned)wire_get(frame + 10, 2);
}

static inline uint64_t wire_meta_room(const uint8_t *frame)
{
	return WIRE_ROOM(wire_get(frame + 40, 4));
}

/* Length of the frame as its header says; the caller knows that it does not overflow. */
static inline uint64_t wire_length(const uint8_t *frame)
{
	return WIRE_HEADER + wire_meta_room(frame) + WIRE_ROOM(wire_get(frame + 32, 8) + 8);
}

/* Makes all checksums right, and the length at the end. */
static inline void wire_seal(uint8_t *frame)
{
	size_t room = (size_t)wire_meta_room(frame), length = (size_t)wire_length(frame);
	uint8_t *payload = frame + WIRE_HEADER + room, *tail = frame + length - 8;
	uint32_t sum =
		wire_get(frame + 14, 2) & 1 ? wire_crc(payload, (size_t)(tail - payload)) : 0;

	wire_put(tail, sum, 4);
	wire_put(tail + 4, wire_get(frame + 32, 4), 4);
	wire_put(frame + 120, wire_crc(frame + WIRE_HEADER, room), 4);
	wire_put(frame + 124, wire_crc(frame, 124), 4);
}

/* All of a file, with its length; to be freed. */
static inline uint8_t *wire_read(FILE *in, size_t *n)
{
	uint8_t *p = NULL;
	size_t size = 0, got;

	*n = 0;
	do {
		size += 1 << 16;
		p = realloc(p, size);
		if (!p)
			abort();
		got = fread(p + *n, 1, size - *n, in);
		*n += got;
	} while (*n == size);
	return p;
}

/* xorshift64*, the one source of randomness in tests; the state must not be 0. */
static inline uint64_t wire_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

#endif
