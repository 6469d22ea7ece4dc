/* SPDX-License-Identifier: ISC */
/*
 * Tile-compressed images (FITS standard 4.0, chapter 10): a binary table, a row of which is a tile.
 * Tiles are decoded by themselves, so threads share the work. Each reads only bytes that lie in
 * the table and writes only pixels of its own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "io/fits_hcompress.h"
#include "io/fits_parts.h"
#include "io/fits_plio.h"
#include "io/fits_rice.h"
#include "kern/kern.h"

#define FIELDS_MAX 999
#define TILE_MAX ((uint64_t)1 << 28) /* pixels */
#define DITHERS 10000

enum codec { CODEC_NONE, CODEC_RICE, CODEC_GZIP, CODEC_GZIP_SHUFFLED, CODEC_HCOMPRESS, CODEC_PLIO };
enum dither { DITHER_NONE, DITHER_1, DITHER_2 };

/* A column: where it lies in a row, -1 if it is not there. */
struct field {
	int64_t at;
	char type; /* of one value, or of those that a descriptor tells of */
	bool wide; /* a descriptor of 64 bits */
	bool descriptor;
};

struct tiles {
	struct fits_file *file;
	const struct fits_hdu *hdu;
	struct fits_conversion c;
	uint64_t mask;
	void *out;

	enum codec codec;
	enum dither dither;
	int64_t dither_seed;
	const float *random;
	size_t rice_size, rice_block;
	bool lifted; /* PLIO_1 of u16 */

	uint64_t tile[FITS_AXES_MAX], across[FITS_AXES_MAX]; /* its sides, tiles along each axis */
	uint64_t tile_pixels, rows, row_size, heap, heap_size;
	struct field packed, gzipped, plain, scale, zero, blank;
	bool has_blank;
	int64_t blank_value;

	struct worker *worker;
};

/* What a thread needs for a tile; grows. */
struct worker {
	uint8_t *row, *packed, *bytes;
	size_t packed_room;
	int32_t *words;
	void *work; /* of H-compress */
	struct error error;
};

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static double big_endian_f64(const uint8_t *p)
{
	uint64_t word = big_endian(p, 8);
	double v;

	memcpy(&v, &word, sizeof(v));
	return v;
}

static size_t type_size(char type)
{
	switch (type) {
	case 'L':
	case 'B':
	case 'A':
		return 1;
	case 'I':
		return 2;
	case 'J':
	case 'E':
		return 4;
	case 'K':
	case 'D':
	case 'C':
	case 'P':
		return 8;
	case 'M':
	case 'Q':
		return 16;
	default:
		return 0;
	}
}

/* rTa; *bytes is what the column takes in a row. */
static bool parse_form(const char *form, struct field *f, uint64_t *bytes)
{
	uint64_t repeat = 0;
	bool counted = false;

	for (; *form >= '0' && *form <= '9' && repeat < INT32_MAX; form++, counted = true)
		repeat = repeat * 10 + (uint64_t)(*form - '0');
	if (!counted)
		repeat = 1;
	if (*form == 'X') {
		*bytes = (repeat + 7) / 8;
		return true;
	}
	if (type_size(*form) == 0 || repeat > INT32_MAX)
		return false;
	*bytes = repeat * type_size(*form);
	f->descriptor = *form == 'P' || *form == 'Q';
	f->wide = *form == 'Q';
	f->type = f->descriptor ? form[1] : *form;
	return !f->descriptor || (repeat <= 1 && type_size(f->type) > 0);
}

static int read_fields(struct tiles *t, struct error *e)
{
	struct {
		const char *name;
		struct field *field;
	} wanted[] = {{"COMPRESSED_DATA", &t->packed}, {"GZIP_COMPRESSED_DATA", &t->gzipped},
		{"UNCOMPRESSED_DATA", &t->plain}, {"ZSCALE", &t->scale}, {"ZZERO", &t->zero},
		{"ZBLANK", &t->blank}};
	const struct fits_header *h = &t->hdu->header;
	struct str text = {0};
	int64_t fields = 0;
	uint64_t at = 0, bytes;
	bool there;

	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		wanted[i].field->at = -1;
	fits_i64(h, "TFIELDS", &fields, &there, e);
	e->code = 0;
	for (int64_t i = 1; i <= fields && i <= FIELDS_MAX; i++) {
		struct field field = {.at = (int64_t)at};
		char name[24];

		snprintf(name, sizeof(name), "TFORM%d", (int)i);
		if (!fits_text(h, name, &text) || !parse_form(text.p, &field, &bytes)) {
			fail(e, EXIT_DATA, "%s: no form of a column", name);
			break;
		}
		at += bytes;
		snprintf(name, sizeof(name), "TTYPE%d", (int)i);
		for (size_t k = 0; bytes > 0 && fits_text(h, name, &text) && k < COUNT_OF(wanted);
			k++)
			if (!strcasecmp(text.p, wanted[k].name))
				*wanted[k].field = field;
	}
	str_free(&text);
	if (!e->code && at != t->row_size)
		return fail(e, EXIT_DATA, "TFORMn: %llu bytes, NAXIS1 says %llu",
			(unsigned long long)at, (unsigned long long)t->row_size);
	return e->code;
}

static int check_fields(const struct tiles *t, struct error *e)
{
	bool right = (t->packed.at >= 0 && t->packed.descriptor) || t->codec == CODEC_NONE;

	right = right && (t->scale.at < 0 || t->scale.type == 'D') &&
		(t->zero.at < 0 || t->zero.type == 'D') && (t->scale.at < 0) == (t->zero.at < 0);
	right = right && (t->gzipped.at < 0 || (t->gzipped.descriptor && t->gzipped.type == 'B'));
	right = right && (t->plain.at < 0 || t->plain.descriptor);
	right = right && (t->blank.at < 0 || t->blank.type == 'J');
	return right ? 0 : fail(e, EXIT_DATA, "its columns are not those of a tiled image");
}

/* The number that goes by this name among ZNAMEn and ZVALn. */
static int64_t parameter(const struct fits_header *h, const char *wanted, int64_t fallback)
{
	struct str text = {0};
	char name[24];
	struct error e;
	double v;
	bool there;

	for (int i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "ZNAME%d", i);
		if (!fits_text(h, name, &text) || strcasecmp(text.p, wanted))
			continue;
		snprintf(name, sizeof(name), "ZVAL%d", i);
		if (!fits_f64(h, name, &v, &there, &e) && there && fabs(v) < 1e9)
			fallback = (int64_t)v;
		break;
	}
	str_free(&text);
	return fallback;
}

static int read_codec(struct tiles *t, struct error *e)
{
	static const struct {
		const char *name;
		enum codec codec;
	} codecs[] = {{"RICE_1", CODEC_RICE}, {"RICE_ONE", CODEC_RICE}, {"GZIP_1", CODEC_GZIP},
		{"GZIP_2", CODEC_GZIP_SHUFFLED}, {"HCOMPRESS_1", CODEC_HCOMPRESS},
		{"PLIO_1", CODEC_PLIO}, {"NOCOMPRESS", CODEC_NONE}};
	const struct fits_header *h = &t->hdu->header;
	struct str text = {0};
	bool there, known = false;
	int64_t size, block;

	if (!fits_text(h, "ZCMPTYPE", &text))
		str_add(&text, "");
	for (size_t i = 0; i < COUNT_OF(codecs); i++)
		if (!strcmp(text.p, codecs[i].name)) {
			t->codec = codecs[i].codec;
			known = true;
		}
	if (!known) {
		fail(e, EXIT_DATA,
			"ZCMPTYPE '%s': must be RICE_1, GZIP_1, GZIP_2, HCOMPRESS_1, PLIO_1 or "
			"NOCOMPRESS",
			text.p);
		str_free(&text);
		return e->code;
	}
	if (fits_text(h, "ZQUANTIZ", &text))
		t->dither = !strcmp(text.p, "SUBTRACTIVE_DITHER_1")   ? DITHER_1
			    : !strcmp(text.p, "SUBTRACTIVE_DITHER_2") ? DITHER_2
								      : DITHER_NONE;
	str_free(&text);
	t->lifted = t->codec == CODEC_PLIO && t->hdu->bitpix == 16 && t->hdu->zero == 32768 &&
		    t->hdu->scale == 1;
	t->dither_seed = 1;
	if (fits_i64(h, "ZDITHER0", &t->dither_seed, &there, e) ||
		fits_i64(h, "ZBLANK", &t->blank_value, &t->has_blank, e))
		return e->code;
	if (t->dither_seed < 1 || t->dither_seed > DITHERS)
		return fail(e, EXIT_DATA, "ZDITHER0: must be 1 to %d", DITHERS);
	size = parameter(h, "BYTEPIX", 4);
	block = parameter(h, "BLOCKSIZE", FITS_RICE_BLOCK);
	if (t->codec == CODEC_RICE &&
		((size != 1 && size != 2 && size != 4) || block < 1 || block > 65536))
		return fail(e, EXIT_DATA, "BYTEPIX, BLOCKSIZE: must be 1, 2 or 4, and 1 to 65536");
	t->rice_size = (size_t)size;
	t->rice_block = (size_t)block;
	return 0;
}

static int read_tiling(struct tiles *t, struct error *e)
{
	const struct fits_header *h = &t->hdu->header;
	uint64_t rows = 1, claimed = 1;
	int64_t length;
	char name[16];
	bool there;

	t->tile_pixels = 1;
	for (unsigned i = 0; i < t->hdu->axes; i++) {
		snprintf(name, sizeof(name), "ZTILE%u", i + 1);
		length = i == 0 ? (int64_t)t->hdu->axis[0] : 1;
		if (fits_i64(h, name, &length, &there, e))
			return e->code;
		if (length < 1 || length > INT32_MAX)
			return fail(e, EXIT_DATA, "%s %lld: must be 1 to %d", name,
				(long long)length, INT32_MAX);
		/* Some writers name tiles longer than the image; what they hold ends with it. */
		if (!mul_fits(claimed, (uint64_t)length, &claimed) || claimed > TILE_MAX)
			return fail(e, EXIT_DATA,
				"ZTILEn: tiles of more than %llu pixels are not read",
				(unsigned long long)TILE_MAX);
		t->tile[i] =
			(uint64_t)length < t->hdu->axis[i] ? (uint64_t)length : t->hdu->axis[i];
		t->across[i] = (t->hdu->axis[i] + t->tile[i] - 1) / t->tile[i];
		t->tile_pixels *= t->tile[i];
		rows *= t->across[i]; /* at most the image's pixels */
	}
	if (rows != t->rows)
		return fail(e, EXIT_DATA, "NAXIS2 %llu: must be the number of tiles, %llu",
			(unsigned long long)t->rows, (unsigned long long)rows);
	return 0;
}

static int read_table(struct tiles *t, struct error *e)
{
	const struct fits_header *h = &t->hdu->header;
	int64_t row_size = 0, rows = 0, heap;
	bool there;

	/* That they are there and not negative, the scan has seen to. */
	if (fits_i64(h, "NAXIS1", &row_size, &there, e) || fits_i64(h, "NAXIS2", &rows, &there, e))
		return e->code;
	t->row_size = (uint64_t)row_size;
	t->rows = (uint64_t)rows;
	heap = row_size * rows;
	if (fits_i64(h, "THEAP", &heap, &there, e))
		return e->code;
	if (heap < row_size * rows || (uint64_t)heap > t->hdu->size)
		return fail(e, EXIT_DATA, "THEAP %lld: lies outside the table", (long long)heap);
	t->heap = t->hdu->data + (uint64_t)heap;
	t->heap_size = t->hdu->size - (uint64_t)heap;
	return 0;
}

/*
 * Numbers 0 … 1 by which values were shifted before they were rounded (appendix I; Park & Miller
 * 1988).
 */
static float *make_random(void)
{
	float *random = xaligned(DITHERS, sizeof(*random));
	double seed = 1;

	for (size_t i = 0; i < DITHERS; i++) {
		seed = fmod(16807 * seed, 2147483647);
		random[i] = (float)(seed / 2147483647);
	}
	return random;
}

/* What a descriptor tells of: w->packed, its bytes in *n; 0 if the tile is not in this column. */
static int fetch(
	struct tiles *t, struct worker *w, const struct field *f, size_t *n, struct error *e)
{
	const uint8_t *p = w->row + f->at;
	uint64_t count, offset;

	*n = 0;
	if (f->at < 0)
		return 0;
	count = big_endian(p, f->wide ? 8 : 4);
	offset = big_endian(p + (f->wide ? 8 : 4), f->wide ? 8 : 4);
	if (count == 0)
		return 0;
	if (!mul_fits(count, type_size(f->type), &count) || offset > t->heap_size ||
		count > t->heap_size - offset)
		return fail(e, EXIT_DATA, "a tile lies outside the table");
	if (count + 8 > w->packed_room) {
		w->packed_room = count + count / 2 + 8;
		free(w->packed);
		w->packed = xaligned(w->packed_room, 1);
	}
	*n = count;
	return fits_file_bytes(t->file, t->heap + offset, w->packed, count, e);
}

/* Inflates n bytes to at most `room`; the number it gave, 0 if they are damaged. */
static size_t inflate_tile(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = (uInt)room};
	size_t got = 0;

	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return 0;
	if (inflate(&z, Z_FINISH) == Z_STREAM_END)
		got = room - z.avail_out;
	inflateEnd(&z);
	return got;
}

/* Bytes that stood apart by their significance, together again. */
static void unshuffle(uint8_t *out, const uint8_t *in, size_t n, size_t size)
{
	for (size_t b = 0; b < size; b++)
		for (size_t k = 0; k < n; k++)
			out[k * size + b] = in[b * n + k];
}

/* The bytes of n words in the order of the machine as integers; false if size is none. */
static bool integers_of(int32_t *out, const uint8_t *bytes, size_t n, size_t size)
{
	for (size_t k = 0; k < n; k++)
		switch (size) {
		case 1:
			out[k] = bytes[k];
			break;
		case 2:
			out[k] = (int16_t)big_endian(bytes + 2 * k, 2);
			break;
		case 4:
			out[k] = (int32_t)big_endian(bytes + 4 * k, 4);
			break;
		default:
			return false;
		}
	return true;
}

/* Whether a tile's pixels are in w->words; else they are bytes of the raw type in w->bytes. */
static int unpack(struct tiles *t, struct worker *w, size_t n, const uint64_t *side, size_t packed,
	bool *words, struct error *e)
{
	size_t raw = dtype_size(t->c.raw), got, size;
	bool right = false;

	*words = true;
	switch (t->codec) {
	case CODEC_RICE:
		right = fits_rice_decode(
			w->words, n, w->packed, packed, t->rice_size, t->rice_block);
		break;
	case CODEC_HCOMPRESS:
		right = fits_hcompress_decode(
			w->words, side[0], n / side[0], w->packed, packed, w->work);
		break;
	case CODEC_PLIO:
		right = fits_plio_decode(w->words, n, w->packed, packed);
		/* The lists hold nothing negative: CFITSIO stores u16 without BZERO. */
		for (size_t k = 0; right && t->lifted && k < n; k++)
			w->words[k] = (int32_t)((uint32_t)w->words[k] - 32768);
		break;
	case CODEC_GZIP:
	case CODEC_GZIP_SHUFFLED:
		got = inflate_tile(w->packed, packed, w->bytes, n * 8);
		size = got / n;
		if (got == 0 || got != n * size)
			break;
		if (t->codec == CODEC_GZIP_SHUFFLED) {
			unshuffle(w->bytes + t->tile_pixels * 8, w->bytes, n, size);
			memcpy(w->bytes, w->bytes + t->tile_pixels * 8, got);
		}
		*words = t->scale.at >= 0 || (size != raw && t->hdu->bitpix > 0);
		right = *words ? integers_of(w->words, w->bytes, n, size) : size == raw;
		break;
	case CODEC_NONE:
		break;
	}
	return right ? 0 : fail(e, EXIT_DATA, "a tile is damaged");
}

/* Quantised floats back to values (standard, 10.2). */
static void dequantise(const struct tiles *t, struct worker *w, uint64_t tile, size_t n)
{
	double scale = big_endian_f64(w->row + t->scale.at);
	double zero = big_endian_f64(w->row + t->zero.at);
	bool has_blank = t->has_blank || t->blank.at >= 0;
	int32_t blank = (int32_t)(t->blank.at >= 0 ? (int32_t)big_endian(w->row + t->blank.at, 4)
						   : t->blank_value);
	size_t start = (size_t)((tile + (uint64_t)t->dither_seed - 1) % DITHERS);
	size_t next = (size_t)(t->random[start] * 500);
	float *single = (float *)w->bytes;
	double *wide = (double *)w->bytes;

	for (size_t k = 0; k < n; k++) {
		double v = w->words[k] * scale + zero;

		if (t->dither != DITHER_NONE) {
			v = ((double)w->words[k] - (double)t->random[next] + 0.5) * scale + zero;
			if (++next == DITHERS) {
				start = start + 1 == DITHERS ? 0 : start + 1;
				next = (size_t)(t->random[start] * 500);
			}
		}
		if (t->dither == DITHER_2 && w->words[k] == -2147483646)
			v = 0;
		if (has_blank ? w->words[k] == blank : w->words[k] == -2147483647)
			v = NAN;
		if (t->c.raw == DTYPE_F32)
			single[k] = (float)v;
		else
			wide[k] = v;
	}
}

/* Integers in the raw type, the mask's bit turned over. */
static void narrow(const struct tiles *t, struct worker *w, size_t n)
{
	for (size_t k = 0; k < n; k++)
		switch (t->c.raw) {
		case DTYPE_U8:
			w->bytes[k] = (uint8_t)((uint64_t)w->words[k] ^ t->mask);
			break;
		case DTYPE_I16:
			((uint16_t *)w->bytes)[k] = (uint16_t)((uint64_t)w->words[k] ^ t->mask);
			break;
		case DTYPE_I32:
			((uint32_t *)w->bytes)[k] = (uint32_t)((uint64_t)w->words[k] ^ t->mask);
			break;
		default:
			((uint64_t *)w->bytes)[k] = (uint64_t)(int64_t)w->words[k] ^ t->mask;
		}
}

/* Puts a tile of these sides where it belongs in the image. */
static void place(const struct tiles *t, const struct worker *w, const uint64_t *first,
	const uint64_t *side, size_t n)
{
	size_t size = dtype_size(t->c.raw);
	uint64_t at[FITS_AXES_MAX] = {0};

	for (size_t done = 0; done < n; done += side[0]) {
		uint64_t offset = 0;

		for (unsigned i = t->hdu->axes; i-- > 0;)
			offset = offset * t->hdu->axis[i] + first[i] + (i ? at[i] : 0);
		memcpy((char *)t->out + offset * size, w->bytes + done * size, side[0] * size);
		for (unsigned i = 1; i < t->hdu->axes && ++at[i] == side[i]; i++)
			at[i] = 0;
	}
}

static int decode_tile(struct tiles *t, struct worker *w, uint64_t tile, struct error *e)
{
	uint64_t first[FITS_AXES_MAX], side[FITS_AXES_MAX] = {0}, rest = tile;
	size_t n = 1, packed, raw = dtype_size(t->c.raw);
	bool words = false;

	for (unsigned i = 0; i < t->hdu->axes; i++) {
		first[i] = rest % t->across[i] * t->tile[i];
		rest /= t->across[i];
		side[i] = t->hdu->axis[i] - first[i] < t->tile[i] ? t->hdu->axis[i] - first[i]
								  : t->tile[i];
		n *= side[i];
	}
	if (fits_file_bytes(t->file, t->hdu->data + tile * t->row_size, w->row, t->row_size, e) ||
		fetch(t, w, &t->packed, &packed, e))
		return e->code;
	if (packed > 0 && t->codec != CODEC_NONE) {
		if (unpack(t, w, n, side, packed, &words, e))
			return e->code;
	} else {
		/* Tiles that could not be quantised are kept without loss. */
		if (packed == 0 && fetch(t, w, &t->gzipped, &packed, e))
			return e->code;
		if (packed > 0 && t->codec != CODEC_NONE) {
			if (inflate_tile(w->packed, packed, w->bytes, n * 8) != n * raw)
				return fail(e, EXIT_DATA, "a tile is damaged");
		} else {
			if (packed == 0 && fetch(t, w, &t->plain, &packed, e))
				return e->code;
			if (packed != n * raw)
				return fail(e, EXIT_DATA, "a tile is missing");
			memcpy(w->bytes, w->packed, packed);
		}
	}
	if (!words)
		kern()->swap_mask(w->bytes, w->bytes, n, raw, t->mask);
	else if (t->hdu->bitpix < 0 && t->scale.at < 0)
		return fail(e, EXIT_DATA, "floats without ZSCALE and ZZERO");
	else if (t->hdu->bitpix < 0)
		dequantise(t, w, tile, n);
	else
		narrow(t, w, n);
	place(t, w, first, side, n);
	return 0;
}

static void decode_piece(void *arg, size_t tile, unsigned worker)
{
	struct tiles *t = arg;
	struct worker *w = &t->worker[worker];

	if (!w->error.code)
		decode_tile(t, w, tile, &w->error);
}

int fits_decode_tiles(struct fits_file *file, const struct fits_hdu *hdu, uint64_t mask, void *out,
	struct pool *pool, struct error *e)
{
	struct tiles t = {.file = file, .hdu = hdu, .mask = mask, .out = out};
	unsigned workers = pool_threads(pool);
	float *random;

	fits_conversion(hdu, true, &t.c);
	e->code = 0;
	if (read_table(&t, e) || read_tiling(&t, e) || read_codec(&t, e) || read_fields(&t, e) ||
		check_fields(&t, e))
		return e->code;
	t.random = random = make_random();
	t.worker = xcalloc(workers, sizeof(*t.worker));
	for (unsigned i = 0; i < workers; i++) {
		t.worker[i].row = xaligned(t.row_size + 16, 1);
		t.worker[i].bytes = xaligned(t.tile_pixels * 2 + 1, 8);
		t.worker[i].words = xaligned(t.tile_pixels + 1, sizeof(int32_t));
		if (t.codec == CODEC_HCOMPRESS)
			t.worker[i].work = xaligned(
				fits_hcompress_work(t.tile[0], t.tile_pixels / t.tile[0]), 1);
	}
	pool_run(pool, t.rows, decode_piece, &t);
	for (unsigned i = 0; i < workers; i++) {
		if (!e->code)
			*e = t.worker[i].error;
		free(t.worker[i].row);
		free(t.worker[i].packed);
		free(t.worker[i].bytes);
		free(t.worker[i].words);
		free(t.worker[i].work);
	}
	free(t.worker);
	free(random);
	return e->code;
}
