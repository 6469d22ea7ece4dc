/* SPDX-License-Identifier: ISC */
/* The header against the byte table, every flipped bit, and lies under a right checksum. */
#include "stream/frame.h"

#include <string.h>

#include "../seed.h"
#include "../test.h"

static const uint8_t types[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x41,
	0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a, 0x4b};

static struct frame random_frame(void)
{
	struct frame f = {
		.kind = (uint16_t)(below(4) ? KIND_IQ : 0x8000 + below(9)),
		.flags = (uint16_t)below(8),
		.dtype = types[below(sizeof(types))],
		.ndim = 2,
		.seq = random_bits(64),
		.index = (int64_t)random64(),
		.dim = {1 + below(100), 1 + below(8)},
		.meta_len = (uint32_t)below(1000),
	};

	f.payload_len = f.dim[0] * f.dim[1] * dtype_size(f.dtype);
	return f;
}

/* The same by leat-stream(5). */
static void by_table(const struct frame *f, uint32_t meta_crc, uint8_t h[FRAME_HEADER])
{
	memset(h, 0, FRAME_HEADER);
	memcpy(h, "\x89\x4c\x45\x41\x54\x0d\x0a\x1a", 8);
	wire_put(h + 8, 0x0100, 2);
	wire_put(h + 10, f->kind, 2);
	wire_put(h + 12, f->dtype, 1);
	wire_put(h + 13, f->ndim, 1);
	wire_put(h + 14, f->flags, 2);
	wire_put(h + 16, f->seq, 8);
	wire_put(h + 24, (uint64_t)f->index, 8);
	wire_put(h + 32, f->payload_len, 8);
	wire_put(h + 40, f->meta_len, 4);
	for (unsigned i = 0; i < 8; i++)
		wire_put(h + 48 + 8 * i, f->dim[i], 8);
	wire_put(h + 120, meta_crc, 4);
	wire_put(h + 124, wire_crc(h, 124), 4);
}

static bool same(const struct frame *a, const struct frame *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->dtype == b->dtype &&
	       a->ndim == b->ndim && a->seq == b->seq && a->index == b->index &&
	       !memcmp(a->dim, b->dim, sizeof(a->dim)) && a->payload_len == b->payload_len &&
	       a->meta_len == b->meta_len;
}

static void headers(void)
{
	int bytes = 0, back = 0, length = 0, flips = 0;
	uint8_t h[FRAME_HEADER], table[FRAME_HEADER];
	struct frame f, g;
	struct error e;
	uint32_t crc;

	for (int i = 0; i < 5000; i++) {
		f = random_frame();
		frame_encode(&f, 0x12345678, h);
		by_table(&f, 0x12345678, table);
		bytes += memcmp(h, table, FRAME_HEADER) != 0;
		back += frame_decode(&g, h, true, &crc, &e) || !same(&f, &g) || crc != 0x12345678;
		length += frame_length(&f) != wire_length(h) || frame_length(&f) % 64;
	}
	check(!bytes, "5000 random headers are the bytes of the table");
	check(!back, "and are read back");
	check(!length, "and are as long as the table says");
	for (unsigned bit = 0; bit < 8 * FRAME_HEADER; bit++) {
		h[bit / 8] ^= (uint8_t)(1 << bit % 8);
		flips += frame_decode(&g, h, true, &crc, &e) != EXIT_DATA;
		h[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	check(!flips, "each of the 1024 bits, flipped, is noticed");
}

/* What is accepted must be consistent, whatever the bytes say. */
static void lies(void)
{
	int inconsistent = 0, silent = 0, accepted = 0;
	uint8_t h[FRAME_HEADER];

	for (int i = 0; i < 300000; i++) {
		struct frame f = random_frame(), g;
		struct error e = {0};
		uint64_t size;
		uint32_t crc;

		by_table(&f, 0, h);
		for (uint64_t n = below(4); n > 0; n--)
			switch (below(3)) {
			case 0:
				h[10 + below(110)] = (uint8_t)(below(2) ? random64() : below(3));
				break;
			case 1:
				wire_put(h + 48 + 8 * below(8), random_bits(64), 8);
				break;
			default:
				wire_put(h + 32, random_bits(64), 8);
			}
		wire_put(h + 124, wire_crc(h, 124), 4);
		if (frame_decode(&g, h, true, &crc, &e)) {
			silent += e.code != EXIT_DATA || !*e.text;
			continue;
		}
		accepted++;
		size = dtype_size(g.dtype);
		for (unsigned d = 0; d < g.ndim; d++)
			inconsistent +=
				g.dtype && size && __builtin_mul_overflow(size, g.dim[d], &size);
		inconsistent += g.kind == KIND_IQ && (g.ndim != 2 || size == 0);
		inconsistent += g.dtype && g.payload_len != (g.ndim ? size : 0);
		inconsistent +=
			g.payload_len > INT64_MAX / 2 || g.meta_len > FRAME_META_MAX || g.ndim > 8;
		inconsistent += frame_length(&g) < g.payload_len || (g.flags & FRAME_CRITICAL);
	}
	check(!inconsistent, "300000 lying headers: of %s accepted none contradicts itself",
		accepted ? "those" : "none");
	check(!silent, "and every refusal has its reason");
}

static void names(void)
{
	char buffer[16];

	check(!strcmp(kind_name(KIND_SPECTRA, buffer), "SPECTRA") &&
			!strcmp(kind_name(0x8001, buffer), "0x8001") &&
			kind_parse("IMAGE") == KIND_IMAGE && kind_parse("image") < 0,
		"names of kinds");
	for (size_t i = 0; i < sizeof(types); i++)
		check(dtype_parse(dtype_name(types[i])) == types[i] && dtype_size(types[i]) > 0,
			"element type %s", dtype_name(types[i]));
	check(!dtype_valid(9) && !dtype_valid(0x49) && !dtype_valid(0x40) && !dtype_valid(0x80) &&
			!dtype_valid(12) && !dtype_name(9),
		"9 and others are reserved");
	check(dtype_full_scale(DTYPE_I16) == 32768 && dtype_full_scale(0x41) == 127.5 &&
			dtype_zero(0x41) == 127.5 && dtype_full_scale(DTYPE_F32) == 1 &&
			dtype_zero(DTYPE_I8) == 0,
		"full scale and zero");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	headers();
	lies();
	names();
	return done();
}
