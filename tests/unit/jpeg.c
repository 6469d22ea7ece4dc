/* SPDX-License-Identifier: ISC */
/* JPEG files, written by lib/io and read back with libjpeg. */
#include "io/jpeg.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jpeglib.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

/* Smooth, so that what JPEG loses is little: at most one level for each of its steps. */
static uint8_t value(size_t x, size_t y, size_t p)
{
	return (uint8_t)(40 + x / 4 % 100 + y / 3 % 80 + 20 * p);
}

static void rows(const void *arg, size_t first, size_t count, void *out)
{
	const struct raster *r = arg;
	uint8_t *to = out;

	for (size_t y = first; y < first + count; y++)
		for (size_t x = 0; x < r->width; x++)
			for (size_t p = 0; p < r->planes; p++)
				*to++ = value(x, y, p);
}

static struct raster raster(size_t width, size_t height, unsigned planes, struct raster *r)
{
	*r = (struct raster){width, height, planes, 8, false, rows, r};
	return *r;
}

static bool reads_back(int fd, const struct raster *r)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	FILE *file = fdopen(fd, "rb");
	uint8_t *row = xmalloc(r->width * r->planes);
	bool right;

	rewind(file);
	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_stdio_src(&jpeg, file);
	jpeg_read_header(&jpeg, TRUE);
	jpeg_start_decompress(&jpeg);
	right = jpeg.output_width == r->width && jpeg.output_height == r->height &&
		(unsigned)jpeg.output_components == r->planes;
	for (size_t y = 0; y < r->height && right; y++) {
		jpeg_read_scanlines(&jpeg, &row, 1);
		for (size_t k = 0; k < r->width * r->planes; k++)
			right = right && abs(row[k] - value(k / r->planes, y, k % r->planes)) <= 3;
	}
	jpeg_abort_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
	fclose(file);
	free(row);
	return right && errors.num_warnings == 0;
}

static void test_pictures(void)
{
	bool right = true;

	for (int i = 0; i < 40; i++) {
		struct raster r;
		struct error e;
		int fd = memfd_create("jpeg", 0);

		raster(1 + below(i % 10 ? 90 : 3000), 1 + below(i % 10 ? 90 : 2000), i % 2 ? 3 : 1,
			&r);
		if (jpeg_encode(fd, &r, 98, NULL, &e) || !reads_back(fd, &r)) {
			printf("# %zu x %zu, %u planes\n", r.width, r.height, r.planes);
			right = false;
		}
	}
	check(right, "40 pictures read back within 3 levels");
}

static void test_same_bytes(void)
{
	struct raster r;
	struct error e;
	off_t size[2];
	char *copy[2];

	raster(1500, 2000, 3, &r);
	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("jpeg", 0);
		struct pool *pool = i ? pool_new(3) : NULL;

		jpeg_encode(fd, &r, 95, pool, &e);
		size[i] = lseek(fd, 0, SEEK_END);
		copy[i] = xmalloc((size_t)size[i]);
		if (pread(fd, copy[i], (size_t)size[i], 0) != size[i])
			size[i] = -1 - i;
		close(fd);
		if (pool)
			pool_free(pool);
	}
	check(size[0] == size[1] && memcmp(copy[0], copy[1], (size_t)size[0]) == 0,
		"the same bytes whatever the number of threads");
	free(copy[0]);
	free(copy[1]);
}

static int code_of(size_t width, size_t height, unsigned planes, unsigned bits, int quality)
{
	struct raster r;
	struct error e;
	int fd = open("/dev/null", O_WRONLY), code;

	raster(width, height, planes, &r);
	r.bits = bits;
	code = jpeg_encode(fd, &r, quality, NULL, &e);
	close(fd);
	return code;
}

static void test_refusals(void)
{
	check(code_of(2, 2, 3, 8, 100) == 0 && code_of(1, 1, 1, 8, 1) == 0,
		"rasters in range are possible");
	check(code_of(0, 2, 1, 8, 95) == EXIT_USAGE && code_of(2, 65501, 1, 8, 95) == EXIT_USAGE &&
			code_of(65501, 2, 1, 8, 95) == EXIT_USAGE,
		"sides out of range are refused");
	check(code_of(2, 2, 2, 8, 95) == EXIT_USAGE && code_of(2, 2, 1, 16, 95) == EXIT_USAGE &&
			code_of(2, 2, 1, 8, 0) == EXIT_USAGE &&
			code_of(2, 2, 1, 8, 101) == EXIT_USAGE,
		"other planes, bits and qualities are refused");
}

static void test_write_errors(void)
{
	struct raster r;
	struct error e;
	int full = open("/dev/full", O_WRONLY), ends[2];

	raster(700, 500, 3, &r);
	check(full < 0 || jpeg_encode(full, &r, 95, NULL, &e) == EXIT_IO, "a full disk is told: %s",
		full < 0 ? "no /dev/full" : e.text);
	close(full);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) == 0) {
		close(ends[0]);
		check(jpeg_encode(ends[1], &r, 95, NULL, &e) == EXIT_DOWNSTREAM,
			"a reader that left is told apart: %s", e.text);
		close(ends[1]);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_pictures();
	test_same_bytes();
	test_refusals();
	test_write_errors();
	return done();
}
