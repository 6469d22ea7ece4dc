/* SPDX-License-Identifier: ISC */
/* TIFF files, written by lib/io and read back with libtiff. */
#include "io/tiff.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tiffio.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

/* A picture in memory, row by row, the samples of a pixel together. */
struct picture {
	size_t row;
	const uint8_t *bytes;
};

static void rows(const void *arg, size_t first, size_t count, void *out)
{
	const struct picture *p = arg;

	memcpy(out, p->bytes + first * p->row, count * p->row);
}

static bool reads_back(int fd, const struct raster *r, const uint8_t *pixels)
{
	size_t row = raster_row_size(r);
	uint8_t *line = xaligned(row, 1);
	uint16_t planes = 0, bits = 0, format = 0;
	uint32_t width = 0, height = 0, size = 0;
	void *profile;
	char *date;
	TIFF *tiff = TIFFFdOpen(fd, "tiff", "r");
	bool right = tiff && !TIFFIsBigTIFF(tiff) &&
		     TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) && width == r->width &&
		     TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) && height == r->height &&
		     TIFFGetField(tiff, TIFFTAG_SAMPLESPERPIXEL, &planes) && planes == r->planes &&
		     TIFFGetField(tiff, TIFFTAG_BITSPERSAMPLE, &bits) && bits == r->bits &&
		     TIFFGetField(tiff, TIFFTAG_SAMPLEFORMAT, &format) &&
		     format == (r->bits == 32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT) &&
		     !TIFFGetField(tiff, TIFFTAG_DATETIME, &date) &&
		     TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &size, &profile) == r->srgb;

	for (uint32_t y = 0; y < height && right; y++)
		right = TIFFReadScanline(tiff, line, y, 0) == 1 &&
			!memcmp(line, pixels + y * row, row);
	if (tiff)
		TIFFClose(tiff);
	else
		close(fd);
	free(line);
	return right;
}

static bool round_trip(struct raster *r, enum tiff_compression compression, struct pool *pool)
{
	size_t row = raster_row_size(r), n = row * r->height;
	uint8_t *pixels = xaligned(n, 1);
	struct picture picture = {row, pixels};
	struct error e;
	int fd = memfd_create("tiff", 0);
	bool right;

	for (size_t k = 0; k < n; k++)
		pixels[k] = (uint8_t)(k / row % 3 ? random64() : k / 5);
	r->rows = rows;
	r->arg = &picture;
	right = tiff_encode(fd, r, compression, pool, &e) == 0 && reads_back(fd, r, pixels);
	free(pixels);
	return right;
}

static void test_round_trips(void)
{
	struct pool *pool = pool_new(3);
	bool right = true;

	for (unsigned i = 0; i < 180 && right; i++) {
		struct raster r = {.width = 1 + below(i % 10 ? 90 : 6000),
			.height = 1 + below(i % 10 ? 90 : 300),
			.planes = i % 2 ? 3 : 1,
			.bits = 8u << i / 2 % 3,
			.srgb = below(2)};
		enum tiff_compression compression = (enum tiff_compression)(i / 6 % 3);

		right = round_trip(&r, compression, below(2) ? pool : NULL);
		if (!right)
			printf("# %zu x %zu, %u planes, %u bits, compression %d\n", r.width,
				r.height, r.planes, r.bits, compression);
	}
	check(right, "180 random pictures read back equal");
	pool_free(pool);
}

static void test_same_bytes(enum tiff_compression compression)
{
	struct raster r = {
		.width = 1200, .height = 900, .planes = 3, .bits = 16, .srgb = true, .rows = rows};
	size_t row = raster_row_size(&r);
	uint8_t *pixels = xaligned(row, r.height);
	struct picture picture = {row, pixels};
	char *copy[3];
	off_t size[3];
	struct error e;
	bool same = true;

	r.arg = &picture;
	for (size_t k = 0; k < row * r.height; k++)
		pixels[k] = (uint8_t)(k % 7 ? k >> 9 : random64());
	for (unsigned i = 0; i < 3; i++) {
		struct pool *pool = i ? pool_new(i) : NULL;
		int fd = memfd_create("tiff", 0);

		same = same && tiff_encode(fd, &r, compression, pool, &e) == 0;
		size[i] = lseek(fd, 0, SEEK_END);
		copy[i] = xmalloc((size_t)size[i]);
		same = same && pread(fd, copy[i], (size_t)size[i], 0) == size[i] &&
		       size[i] == size[0] && !memcmp(copy[i], copy[0], (size_t)size[0]);
		close(fd);
		if (pool)
			pool_free(pool);
	}
	check(same, "compression %d: the same file, whatever the number of threads", compression);
	for (unsigned i = 0; i < 3; i++)
		free(copy[i]);
	free(pixels);
}

static void striped_rows(const void *arg, size_t first, size_t count, void *out)
{
	const struct raster *r = arg;
	size_t row = raster_row_size(r);

	for (size_t y = 0; y < count; y++)
		memset((char *)out + y * row, (int)((first + y) * 37 >> 3 & 255), row);
}

/* From 2.5 GiB of pixels on; of flat rows, which deflate makes small. */
__attribute__((unused)) static void test_big(void)
{
	struct raster r = {TIFF_SIDE_MAX, 2700, 1, 8, false, striped_rows, &r};
	struct pool *pool = pool_new(2);
	uint8_t *line = xaligned(r.width, 1), *wanted = xaligned(r.width, 1);
	struct error e;
	int fd = memfd_create("tiff", 0);
	bool right = tiff_encode(fd, &r, TIFF_DEFLATE, pool, &e) == 0;
	TIFF *tiff = TIFFFdOpen(fd, "tiff", "r");

	right = right && tiff && TIFFIsBigTIFF(tiff);
	for (uint32_t y = 0; y < r.height && right; y += 771) {
		striped_rows(&r, y, 1, wanted);
		right = TIFFReadScanline(tiff, line, y, 0) == 1 && !memcmp(line, wanted, r.width);
	}
	check(right, "what 32-bit offsets might not reach is a BigTIFF");
	if (tiff)
		TIFFClose(tiff);
	free(wanted);
	free(line);
	pool_free(pool);
}

static int code_of(size_t width, size_t height, unsigned planes, unsigned bits)
{
	const uint32_t pixels[12] = {0};
	struct raster r = {width, height, planes, bits, false, rows, NULL};
	struct picture picture = {raster_row_size(&r), (const uint8_t *)pixels};
	struct error e;
	int fd = memfd_create("tiff", 0), code;

	r.arg = &picture;
	code = tiff_encode(fd, &r, TIFF_DEFLATE, NULL, &e);
	close(fd);
	return code;
}

static void test_refusals(void)
{
	check(code_of(2, 2, 3, 32) == 0, "a picture in range is possible");
	check(code_of(0, 2, 1, 8) == EXIT_USAGE && code_of(2, 0, 1, 8) == EXIT_USAGE &&
			code_of(TIFF_SIDE_MAX + 1, 1, 1, 8) == EXIT_USAGE &&
			code_of(1, SIZE_MAX, 1, 8) == EXIT_USAGE,
		"sides out of range are refused");
	check(code_of(2, 2, 2, 8) == EXIT_USAGE && code_of(2, 2, 1, 1) == EXIT_USAGE &&
			code_of(2, 2, 1, 64) == EXIT_USAGE,
		"other planes and bits are refused");
}

/* A file that can only be read fails at the first bytes, a full one later. */
static void test_write_errors(void)
{
	static const char zeros[600000];
	struct picture picture = {600, (const uint8_t *)zeros};
	struct raster r = {600, 1000, 1, 8, true, rows, &picture};
	struct error e;
	int full = open("/dev/full", O_RDWR), closed = open("/dev/null", O_RDONLY);

	for (int c = TIFF_PLAIN; c <= TIFF_DEFLATE; c++) {
		check(full < 0 || tiff_encode(full, &r, (enum tiff_compression)c, NULL, &e) ==
					  EXIT_IO,
			"compression %d: a full disk is told: %s", c, full < 0 ? "" : e.text);
		check(tiff_encode(closed, &r, (enum tiff_compression)c, NULL, &e) == EXIT_IO,
			"compression %d: so is what cannot be written: %s", c, e.text);
	}
	close(full);
	close(closed);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_round_trips();
	test_same_bytes(TIFF_PLAIN);
	test_same_bytes(TIFF_LZW);
	test_same_bytes(TIFF_DEFLATE);
#ifdef __SANITIZE_ADDRESS__
	skip("what 32-bit offsets might not reach is a BigTIFF", "takes too long under ASan");
#else
	test_big();
#endif
	test_refusals();
	test_write_errors();
	return done();
}
