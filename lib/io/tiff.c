/* SPDX-License-Identifier: ISC */
#include "io/tiff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libdeflate.h>
#include <tiffio.h>

#include "base/mem.h"
#include "io/deflate.h"
#include "io/icc.h"
#include "kern/kern.h"

#define STRIP_SIZE ((size_t)1 << 18) /* bytes of rows in a strip */
#define PIECE_SIZE ((size_t)1 << 22) /* bytes of rows made at a time */
/* Bytes of pixels up to which offsets have 32 bits; LZW makes noise larger by half. */
#define CLASSIC_MAX ((uint64_t)0xa0000000)
#define DEFLATE_LEVEL 5 /* of io/deflate.h */
#define ZLIB_FRAME 8	/* bytes before and behind a deflate stream */

/* What libtiff's callbacks need. */
struct job {
	int fd;
	uint64_t at, size;
	struct error *error;
};

/* libtiff knows one handler of errors for the whole process; it gets the file it was opened on. */
__attribute__((format(printf, 3, 0))) static void on_error(
	thandle_t handle, const char *where, const char *format, va_list ap)
{
	struct job *job = handle;
	char text[256];

	(void)where;
	/* on_write() has told its own reason before. */
	if (!job || job->error->code)
		return;
	vsnprintf(text, sizeof(text), format, ap);
	fail(job->error, EXIT_OS, "tiff: %s", text);
}

static tmsize_t on_read(thandle_t handle, void *bytes, tmsize_t n)
{
	struct job *job = handle;
	ssize_t got = pread(job->fd, bytes, (size_t)n, (off_t)job->at);

	if (got > 0)
		job->at += (uint64_t)got;
	return got;
}

static tmsize_t on_write(thandle_t handle, void *bytes, tmsize_t n)
{
	struct job *job = handle;

	for (tmsize_t done = 0; done < n;) {
		ssize_t step =
			pwrite(job->fd, (char *)bytes + done, (size_t)(n - done), (off_t)job->at);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0) {
			raster_write_error("tiff", errno, job->error);
			return -1;
		}
		done += step;
		job->at += (uint64_t)step;
	}
	job->size = job->at > job->size ? job->at : job->size;
	return n;
}

static toff_t on_seek(thandle_t handle, toff_t at, int whence)
{
	struct job *job = handle;

	job->at = whence == SEEK_SET ? at : whence == SEEK_CUR ? job->at + at : job->size + at;
	return job->at;
}

static int on_close(thandle_t handle)
{
	(void)handle;
	return 0;
}

static toff_t on_size(thandle_t handle)
{
	return ((struct job *)handle)->size;
}

static void set_tags(TIFF *tiff, const struct raster *r, enum tiff_compression compression)
{
	static const uint16_t codes[] = {
		COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE};
	uint8_t profile[ICC_SIZE_MAX];

	TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)r->width);
	TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)r->height);
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, r->planes);
	TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, r->bits);
	TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
		r->bits == 32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
	TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
		r->planes == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
	TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
	TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, (uint32_t)raster_rows_in(r, STRIP_SIZE));
	TIFFSetField(tiff, TIFFTAG_COMPRESSION, codes[compression]);
	if (compression != TIFF_PLAIN)
		TIFFSetField(tiff, TIFFTAG_PREDICTOR,
			r->bits == 32 ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL);
	if (r->srgb) {
		size_t size = icc_srgb(r->planes, profile);

		TIFFSetField(tiff, TIFFTAG_ICCPROFILE, (uint32_t)size, profile);
	}
}

/* Strips on their way: made and compressed by all threads, written in order. */
struct strips {
	const struct raster *raster;
	enum tiff_compression compression;
	size_t rows, first; /* rows of a strip, the first strip at hand */
	size_t packed_max;
	char *bytes, *packed, *scratch; /* scratch: a row for each worker */
	size_t *size;			/* of each strip as it will be written */
	struct deflate **deflate;
};

static size_t strip_size(const struct strips *s, size_t strip)
{
	size_t left = s->raster->height - strip * s->rows;

	return (left < s->rows ? left : s->rows) * raster_row_size(s->raster);
}

/* Predictor 2: each sample less the one to its left. */
static void difference16(uint16_t *row, size_t n, size_t planes)
{
	for (size_t k = n; k-- > planes;)
		row[k] = (uint16_t)(row[k] - row[k - planes]);
}

/*
 * Predictor 3 (Adobe, TIFF Technical Note 3): the first bytes of all values, most significant
 * first, then the second … fourth; then differences of bytes.
 */
static void difference_f32(uint8_t *row, uint8_t *scratch, size_t n, size_t planes)
{
	for (size_t k = 0; k < n; k++)
		for (size_t byte = 0; byte < 4; byte++)
			scratch[byte * n + k] = row[4 * k + 3 - byte];
	kern()->png_filter(row, scratch, scratch, 4 * n, planes, KERN_PNG_SUB);
}

static void difference8(uint8_t *row, uint8_t *scratch, size_t n, size_t planes)
{
	memcpy(scratch, row, n);
	kern()->png_filter(row, scratch, scratch, n, planes, KERN_PNG_SUB);
}

static void difference(const struct raster *r, char *row, char *scratch)
{
	size_t n = r->width * r->planes;

	if (r->bits == 8)
		difference8((uint8_t *)row, (uint8_t *)scratch, n, r->planes);
	else if (r->bits == 16)
		difference16((uint16_t *)(void *)row, n, r->planes);
	else
		difference_f32((uint8_t *)row, (uint8_t *)scratch, n, r->planes);
}

/* A zlib stream (RFC 1950); returns its size, 0 if it could not be made. */
static size_t pack(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n)
{
	size_t size = deflate_stream(d, out + 2, in, n);
	uint32_t sum = libdeflate_adler32(1, in, n);
	const uint8_t end[] = {
		(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};

	if (size == 0)
		return 0;
	out[0] = 0x78;
	out[1] = 0x01;
	memcpy(out + 2 + size, end, sizeof(end));
	return 2 + size + sizeof(end);
}

static void make_strip(void *arg, size_t i, unsigned worker)
{
	struct strips *s = arg;
	const struct raster *r = s->raster;
	size_t row = raster_row_size(r), size = strip_size(s, s->first + i);
	char *bytes = s->bytes + i * s->rows * row;

	r->rows(r->arg, (s->first + i) * s->rows, size / row, bytes);
	s->size[i] = size;
	if (s->compression != TIFF_DEFLATE)
		return;
	for (size_t at = 0; at < size; at += row)
		difference(r, bytes + at, s->scratch + worker * row);
	s->size[i] = pack(s->deflate[worker], (uint8_t *)s->packed + i * s->packed_max,
		(const uint8_t *)bytes, size);
}

static bool write_strip(TIFF *tiff, struct strips *s, size_t i)
{
	uint32_t number = (uint32_t)(s->first + i);
	char *bytes = s->bytes + i * s->rows * raster_row_size(s->raster);

	if (s->compression == TIFF_LZW)
		return TIFFWriteEncodedStrip(tiff, number, bytes, (tmsize_t)s->size[i]) >= 0;
	if (s->compression == TIFF_DEFLATE)
		bytes = s->packed + i * s->packed_max;
	return s->size[i] > 0 && TIFFWriteRawStrip(tiff, number, bytes, (tmsize_t)s->size[i]) >= 0;
}

static bool write_strips(
	TIFF *tiff, const struct raster *r, enum tiff_compression compression, struct pool *pool)
{
	unsigned workers = pool ? pool_threads(pool) : 1;
	size_t row = raster_row_size(r), rows = raster_rows_in(r, STRIP_SIZE);
	size_t strips = (r->height + rows - 1) / rows, most = PIECE_SIZE / (rows * row);
	struct strips s = {.raster = r, .compression = compression, .rows = rows};
	bool good = true;

	most = most < 2 * workers ? 2 * workers : most;
	most = most < strips ? most : strips;
	s.bytes = xaligned(most, rows * row);
	s.size = xcalloc(most, sizeof(*s.size));
	s.deflate = xcalloc(workers, sizeof(*s.deflate));
	s.scratch = xaligned(workers, row);
	if (compression == TIFF_DEFLATE) {
		for (unsigned w = 0; w < workers && good; w++)
			good = (s.deflate[w] = deflate_new(DEFLATE_LEVEL));
		s.packed_max = good ? deflate_bound(s.deflate[0], rows * row) + ZLIB_FRAME : 0;
		s.packed = xaligned(most, s.packed_max);
	}
	for (; s.first < strips && good; s.first += most) {
		size_t count = strips - s.first < most ? strips - s.first : most;

		if (pool)
			pool_run(pool, count, make_strip, &s);
		for (size_t i = 0; i < count && good; i++) {
			if (!pool)
				make_strip(&s, i, 0);
			good = write_strip(tiff, &s, i);
		}
	}
	for (unsigned w = 0; w < workers; w++)
		deflate_free(s.deflate[w]);
	free(s.packed);
	free(s.scratch);
	free(s.deflate);
	free(s.size);
	free(s.bytes);
	return good;
}

int tiff_encode(int fd, const struct raster *r, enum tiff_compression compression,
	struct pool *pool, struct error *e)
{
	struct job job = {.fd = fd, .error = e};
	int code = raster_check(r, "tiff", TIFF_SIDE_MAX, e);
	uint64_t size;
	TIFF *tiff;

	if (code)
		return code;
	if (r->bits != 8 && r->bits != 16 && r->bits != 32)
		return fail(e, EXIT_USAGE, "tiff: %u bits: 8, 16 or 32 are possible", r->bits);
	e->code = 0;
	size = (uint64_t)r->height * raster_row_size(r);
	TIFFSetErrorHandler(NULL);
	TIFFSetWarningHandler(NULL);
	TIFFSetErrorHandlerExt(on_error);
	tiff = TIFFClientOpen("tiff", size > CLASSIC_MAX ? "w8" : "w", &job, on_read, on_write,
		on_seek, on_close, on_size, NULL, NULL);
	if (!tiff)
		return e->code ? e->code : fail(e, EXIT_OS, "tiff: cannot start libtiff");
	set_tags(tiff, r, compression);
	if (write_strips(tiff, r, compression, pool))
		TIFFWriteDirectory(tiff);
	else if (e->code == 0)
		fail(e, EXIT_OS, "tiff: a strip cannot be made");
	TIFFClose(tiff);
	return e->code;
}
