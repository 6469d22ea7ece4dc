/* SPDX-License-Identifier: ISC */
#include "io/png.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/png_strip.h"

#define KEY_MAX 79
#define VALUE_MAX (1 << 20)
#define STRIP_SIZE ((size_t)1 << 19) /* bytes of rows in a strip */
#define CHUNK_HEAD 8		     /* length and name */
#define CHUNK_FRAME 12		     /* and the sum behind */

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* Of the zlib stream (RFC 1950) in the IDAT chunks: deflate, a window of 32 KiB. */
static const uint8_t zlib_head[2] = {0x78, 0x01};

int png_check_tag(const struct png_tag *tag, struct error *e)
{
	size_t length = strlen(tag->key), n = strlen(tag->value);

	if (length < 1 || length > KEY_MAX)
		return fail(e, EXIT_USAGE, "text key '%s': 1 to %d characters are possible",
			tag->key, KEY_MAX);
	for (const char *p = tag->key; *p; p++)
		if (*p < ' ' || *p > '~' || (*p == ' ' && (p == tag->key || !p[1] || p[1] == ' ')))
			return fail(e, EXIT_USAGE,
				"text key '%s': only printable ASCII, spaces single and inside",
				tag->key);
	if (n > VALUE_MAX)
		return fail(e, EXIT_USAGE, "text of '%s': more than %d bytes", tag->key, VALUE_MAX);
	for (const char *p = tag->value; n > 0;) {
		size_t step = utf8_length(p, n);

		if (step == 0)
			return fail(e, EXIT_USAGE, "text of '%s': not UTF-8", tag->key);
		p += step;
		n -= step;
	}
	return 0;
}

static int check(const struct png_spec *spec, struct error *e)
{
	const struct raster *r = &spec->raster;
	int code = raster_check(r, "png", PNG_SIDE_MAX, e);

	if (code)
		return code;
	if (r->bits != 8 && r->bits != 16)
		return fail(e, EXIT_USAGE, "png: %u bits: 8 or 16 are possible", r->bits);
	if (spec->level < 0 || spec->level > 9)
		return fail(e, EXIT_USAGE, "png: level %d: 0 to 9 are possible", spec->level);
	for (size_t i = 0; i < spec->tag_count; i++)
		if ((code = png_check_tag(&spec->tags[i], e)))
			return code;
	return 0;
}

static void put32(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 24);
	to[1] = (uint8_t)(v >> 16);
	to[2] = (uint8_t)(v >> 8);
	to[3] = (uint8_t)v;
}

/* Makes a chunk of the n bytes that stand CHUNK_HEAD behind its begin; returns its size. */
static size_t frame_chunk(uint8_t *chunk, const char name[4], size_t n)
{
	put32(chunk, (uint32_t)n);
	memcpy(chunk + 4, name, 4);
	put32(chunk + CHUNK_HEAD + n, libdeflate_crc32(0, chunk + 4, n + 4));
	return n + CHUNK_FRAME;
}

static void add_chunk(struct str *s, const char name[4], const void *bytes, size_t n)
{
	uint8_t *chunk = xmalloc(n + CHUNK_FRAME);

	memcpy(chunk + CHUNK_HEAD, bytes, n);
	str_add_bytes(s, chunk, frame_chunk(chunk, name, n));
	free(chunk);
}

static bool ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static void add_tag(struct str *s, const struct png_tag *tag)
{
	/* Behind the key: not compressed, no language, no translated key. */
	static const char international[5] = {0};
	bool plain = ascii(tag->value);
	struct str body = {0};

	str_add(&body, tag->key);
	str_add_bytes(&body, international, plain ? 1 : sizeof(international));
	str_add(&body, tag->value);
	add_chunk(s, plain ? "tEXt" : "iTXt", body.p, body.len);
	str_free(&body);
}

/* All that stands before the pixels. */
static void add_head(struct str *s, const struct png_spec *spec)
{
	const struct raster *r = &spec->raster;
	uint8_t header[13] = {0};

	str_add_bytes(s, signature, sizeof(signature));
	put32(header, (uint32_t)r->width);
	put32(header + 4, (uint32_t)r->height);
	header[8] = (uint8_t)r->bits;
	header[9] = r->planes == 3 ? 2 : 0;
	add_chunk(s, "IHDR", header, sizeof(header));
	if (r->srgb)
		add_chunk(s, "sRGB", "", 1); /* intent: perceptual */
	for (size_t i = 0; i < spec->tag_count; i++)
		add_tag(s, &spec->tags[i]);
	add_chunk(s, "IDAT", zlib_head, sizeof(zlib_head));
}

static void add_end(struct str *s, uint32_t adler)
{
	uint8_t end[sizeof(deflate_end) + 4];

	memcpy(end, deflate_end, sizeof(deflate_end));
	put32(end + sizeof(deflate_end), adler);
	add_chunk(s, "IDAT", end, sizeof(end));
	add_chunk(s, "IEND", "", 0);
}

static int write_out(int fd, const void *bytes, size_t n, struct error *e)
{
	return write_whole(fd, bytes, n) ? raster_write_error("png", errno, e) : 0;
}

/* A strip as an IDAT chunk, and what joins its sum to that of the others. */
struct chunk {
	uint8_t *bytes;
	size_t size, raw_size; /* size 0: it could not be made */
	uint32_t adler;
};

/* Strips on their way: made by all threads, written in order. */
struct strips {
	const struct raster *raster;
	size_t rows, first; /* rows of a strip, the first strip at hand */
	struct png_strip *worker;
	struct chunk *chunk;
};

static void make_strip(void *arg, size_t i, unsigned worker)
{
	struct strips *s = arg;
	struct chunk *c = &s->chunk[i];
	size_t y = (s->first + i) * s->rows, left = s->raster->height - y, size;

	size = png_strip_make(&s->worker[worker], y, left < s->rows ? left : s->rows,
		c->bytes + CHUNK_HEAD, &c->raw_size, &c->adler);
	c->size = size > 0 ? frame_chunk(c->bytes, "IDAT", size) : 0;
}

static int write_strips(
	int fd, struct strips *s, size_t most, struct pool *pool, uint32_t *adler, struct error *e)
{
	size_t strips = (s->raster->height + s->rows - 1) / s->rows;
	int code = 0;

	for (; s->first < strips && !code; s->first += most) {
		size_t count = strips - s->first < most ? strips - s->first : most;

		if (pool)
			pool_run(pool, count, make_strip, s);
		for (size_t i = 0; i < count && !code; i++) {
			const struct chunk *c = &s->chunk[i];

			if (!pool)
				make_strip(s, i, 0);
			if (c->size == 0)
				return fail(e, EXIT_INTERNAL, "png: compression failed");
			code = write_out(fd, c->bytes, c->size, e);
			*adler = (uint32_t)adler32_combine(*adler, c->adler, (z_off_t)c->raw_size);
		}
	}
	return code;
}

static int encode_pixels(
	int fd, const struct png_spec *spec, struct pool *pool, uint32_t *adler, struct error *e)
{
	const struct raster *r = &spec->raster;
	unsigned workers = pool ? pool_threads(pool) : 1;
	size_t most = 4 * (size_t)workers;
	struct strips s = {.raster = r, .rows = raster_rows_in(r, STRIP_SIZE)};
	bool good = true;
	int code;

	s.worker = xcalloc(workers, sizeof(*s.worker));
	s.chunk = xcalloc(most, sizeof(*s.chunk));
	for (unsigned w = 0; w < workers; w++)
		good = png_strip_begin(&s.worker[w], r, s.rows, spec->level) && good;
	for (size_t i = 0; i < most && good; i++)
		s.chunk[i].bytes = xmalloc(png_strip_bound(&s.worker[0]) + CHUNK_FRAME);
	code = good ? write_strips(fd, &s, most, pool, adler, e)
		    : fail(e, EXIT_OS, "png: out of memory");
	for (size_t i = 0; i < most; i++)
		free(s.chunk[i].bytes);
	for (unsigned w = 0; w < workers; w++)
		png_strip_end(&s.worker[w]);
	free(s.chunk);
	free(s.worker);
	return code;
}

int png_encode(int fd, const struct png_spec *spec, struct pool *pool, struct error *e)
{
	struct str text = {0};
	uint32_t adler = 1;
	int code = check(spec, e);

	if (code)
		return code;
	add_head(&text, spec);
	code = write_out(fd, text.p, text.len, e);
	if (!code)
		code = encode_pixels(fd, spec, pool, &adler, e);
	if (!code) {
		str_clear(&text);
		add_end(&text, adler);
		code = write_out(fd, text.p, text.len, e);
	}
	str_free(&text);
	return code;
}
