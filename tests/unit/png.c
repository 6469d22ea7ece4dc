/* SPDX-License-Identifier: ISC */
/*
 * PNG files, written by lib/io and read back with libpng. png [SEED] tests; png --bench compares
 * rates and sizes with libpng at level 1.
 */
#include <fcntl.h>
#include <math.h>
#include <png.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "io/png.h"

static const struct png_tag tags[] = {
	{"Software", "leat"},
	{"Comment", "two\nlines"},
	{"Author", "Ren\xc3\xa9 \xe6\x9d\xb1"},
	{"Title", ""},
};

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

static int encode(
	int fd, struct png_spec spec, const void *pixels, struct pool *pool, struct error *e)
{
	struct picture picture = {raster_row_size(&spec.raster), pixels};

	spec.raster.rows = rows;
	spec.raster.arg = &picture;
	return png_encode(fd, &spec, pool, e);
}

static size_t spec_bytes(const struct png_spec *spec)
{
	return raster_row_size(&spec->raster) * spec->raster.height;
}

/* A file in memory that holds the picture, rewound. */
static int encoded(
	const struct png_spec *spec, const void *pixels, struct pool *pool, struct error *e)
{
	int fd = memfd_create("png", 0);

	if (encode(fd, *spec, pixels, pool, e)) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* A picture as libpng reads it. */
struct reading {
	png_structp png;
	png_infop info;
	FILE *file;
};

static bool read_back(int fd, struct reading *r)
{
	r->file = fdopen(fd, "rb");
	r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	r->info = png_create_info_struct(r->png);
	if (setjmp(png_jmpbuf(r->png)))
		return false;
	png_init_io(r->png, r->file);
	png_read_png(r->png, r->info, PNG_TRANSFORM_SWAP_ENDIAN, NULL);
	return true;
}

static void end_reading(struct reading *r)
{
	png_destroy_read_struct(&r->png, &r->info, NULL);
	fclose(r->file);
}

static bool pixels_equal(const struct raster *r, const uint8_t *pixels, const struct reading *got)
{
	png_bytepp lines = png_get_rows(got->png, got->info);
	size_t row = raster_row_size(r);

	for (size_t y = 0; y < r->height; y++)
		if (memcmp(lines[y], pixels + y * row, row))
			return false;
	return true;
}

static bool round_trip(const struct png_spec *spec, const void *pixels, struct pool *pool)
{
	const struct raster *raster = &spec->raster;
	struct reading r;
	struct error e;
	int fd = encoded(spec, pixels, pool, &e);
	bool equal = fd >= 0 && read_back(fd, &r);

	if (fd < 0)
		return false;
	equal = equal && png_get_image_width(r.png, r.info) == raster->width &&
		png_get_image_height(r.png, r.info) == raster->height &&
		png_get_bit_depth(r.png, r.info) == raster->bits &&
		png_get_channels(r.png, r.info) == raster->planes &&
		pixels_equal(raster, pixels, &r);
	end_reading(&r);
	return equal;
}

/*
 * Pictures of every sort that a strip tells apart: noise of few values or many, slopes, few
 * colours, flat ones, and one half of each.
 */
static void paint(uint8_t *pixels, const struct raster *r, unsigned sort)
{
	size_t row = raster_row_size(r), n = row * r->height, pixel = r->planes * (r->bits / 8);
	unsigned values = 1 + (unsigned)below(sort % 2 ? 256 : 4);

	for (size_t k = 0; k < n; k++) {
		size_t x = k % row, y = k / row;

		if (sort % 6 < 2)
			pixels[k] = (uint8_t)below(values);
		else if (sort % 6 == 2)
			pixels[k] = (uint8_t)(x / pixel * 3 + y * 2 + below(3));
		else if (sort % 6 == 3)
			pixels[k] = (uint8_t)(below(7) * 40);
		else if (sort % 6 == 4)
			pixels[k] = (uint8_t)(x < row / 2 ? 77 : below(256));
		else
			pixels[k] = y < r->height / 2 ? 0 : (uint8_t)(y * 5);
		if (sort % 6 == 3 && k % pixel > 0)
			pixels[k] = (uint8_t)(pixels[k - 1] * 3);
	}
}

static void test_round_trips(void)
{
	struct pool *pool = pool_new(3);
	bool right = true;

	for (unsigned i = 0; i < 240 && right; i++) {
		struct png_spec spec = {.raster = {.width = 1 + below(i % 10 ? 90 : 3000),
						.height = 1 + below(i % 10 ? 90 : 900),
						.planes = below(2) ? 3 : 1,
						.bits = below(2) ? 8 : 16},
			.level = (int)below(10)};
		uint8_t *pixels = xmalloc(spec_bytes(&spec));

		if (i % 10 == 0)
			spec.level = (int)below(4);
		paint(pixels, &spec.raster, i);
		right = round_trip(&spec, pixels, i % 3 ? pool : NULL);
		if (!right)
			printf("# %zu x %zu, %u planes, %u bits, level %d, sort %u\n",
				spec.raster.width, spec.raster.height, spec.raster.planes,
				spec.raster.bits, spec.level, i % 6);
		free(pixels);
	}
	check(right, "240 random pictures read back equal");
	pool_free(pool);
}

static bool has_tag(const struct reading *r, const struct png_tag *tag, bool international)
{
	png_textp text;
	int count = png_get_text(r->png, r->info, &text, NULL);

	for (int i = 0; i < count; i++)
		if (strcmp(text[i].key, tag->key) == 0)
			return strcmp(text[i].text, tag->value) == 0 &&
			       (text[i].compression >= PNG_ITXT_COMPRESSION_NONE) == international;
	return false;
}

static void test_metadata(void)
{
	struct png_spec spec = {.raster = {2, 2, 1, 8, true, NULL, NULL},
		.level = PNG_LEVEL_DEFAULT,
		.tags = tags,
		.tag_count = COUNT_OF(tags)};
	const uint8_t pixels[4] = {1, 2, 3, 4};
	struct reading r;
	struct error e;
	png_timep when;
	int fd = encoded(&spec, pixels, NULL, &e);

	if (!check(fd >= 0 && read_back(fd, &r), "a picture with remarks reads back"))
		return;
	check(has_tag(&r, &tags[0], false) && has_tag(&r, &tags[1], false) &&
			has_tag(&r, &tags[3], false),
		"ASCII remarks are tEXt");
	check(has_tag(&r, &tags[2], true), "others are iTXt");
	check(png_get_valid(r.png, r.info, PNG_INFO_sRGB), "sRGB is marked");
	check(!png_get_tIME(r.png, r.info, &when), "no time is written");
	end_reading(&r);

	spec.raster.srgb = false;
	fd = encoded(&spec, pixels, NULL, &e);
	check(fd >= 0 && read_back(fd, &r) && !png_get_valid(r.png, r.info, PNG_INFO_sRGB),
		"sRGB is not marked unasked");
	end_reading(&r);
}

static void test_same_bytes(void)
{
	struct png_spec spec = {.raster = {1300, 700, 3, 8, false, NULL, NULL}, .level = 1};
	uint8_t *pixels = xmalloc(spec_bytes(&spec));
	struct error e;
	char *copy[4];
	off_t size[4];
	bool same = true;

	for (size_t i = 0; i < spec_bytes(&spec); i++)
		pixels[i] = (uint8_t)(i % 5 ? i * i >> 12 : below(256));
	for (int i = 0; i < 4; i++) {
		struct pool *pool = i ? pool_new((unsigned)i) : NULL;
		int fd = encoded(&spec, pixels, pool, &e);

		size[i] = lseek(fd, 0, SEEK_END);
		copy[i] = xmalloc((size_t)size[i]);
		same = same && pread(fd, copy[i], (size_t)size[i], 0) == size[i] &&
		       size[i] == size[0] && memcmp(copy[i], copy[0], (size_t)size[0]) == 0;
		close(fd);
		if (pool)
			pool_free(pool);
	}
	check(same, "the same picture makes the same file, whatever the number of threads");
	for (int i = 0; i < 4; i++)
		free(copy[i]);
	free(pixels);
}

/* As libpng at its fastest with the filters it chooses makes it. */
static void keep_size(png_structp png, png_bytep bytes, size_t n)
{
	(void)bytes;
	*(size_t *)png_get_io_ptr(png) += n;
}

static size_t libpng_size(const struct raster *r, const uint8_t *pixels)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t size = 0;

	png_set_write_fn(png, &size, keep_size, NULL);
	png_set_IHDR(png, info, (png_uint_32)r->width, (png_uint_32)r->height, (int)r->bits,
		r->planes == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
	png_set_compression_level(png, 1);
	png_write_info(png, info);
	if (r->bits == 16)
		png_set_swap(png);
	for (size_t y = 0; y < r->height; y++)
		png_write_row(png, pixels + y * raster_row_size(r));
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return size;
}

/* A sky: a slope, noise of about 5 levels of 256, now and then a star. */
static void paint_sky(uint8_t *pixels, const struct raster *r)
{
	size_t samples = r->width * r->height * r->planes;

	for (size_t k = 0; k < samples; k++) {
		double v = 40 + (double)(k % (r->width * r->planes)) / 100;

		for (int i = 0; i < 4; i++)
			v += (double)below(1000) / 100 - 5;
		v += below(500) ? 0 : 120;
		if (r->bits == 8)
			pixels[k] = (uint8_t)(v < 0 ? 0 : v);
		else
			((uint16_t *)(void *)pixels)[k] = (uint16_t)(v < 0 ? 0 : v * 257);
	}
}

static void test_sizes(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct png_spec spec = {.raster = {.width = 1000,
						.height = 600,
						.planes = i % 2 ? 3 : 1,
						.bits = i < 2 ? 8 : 16},
			.level = 1};
		uint8_t *pixels = xaligned(spec_bytes(&spec), 1);
		struct error e;
		size_t size, peer;
		int fd;

		paint_sky(pixels, &spec.raster);
		fd = encoded(&spec, pixels, NULL, &e);
		size = (size_t)lseek(fd, 0, SEEK_END);
		peer = libpng_size(&spec.raster, pixels);
		check(size <= peer,
			"%u planes of %u bits of noise: %zu bytes, libpng's level 1 %zu",
			spec.raster.planes, spec.raster.bits, size, peer);
		close(fd);
		free(pixels);
	}
}

static int tag_code(const char *key, const char *value)
{
	struct error e;

	return png_check_tag(&(struct png_tag){key, value}, &e);
}

static void test_tags_refused(void)
{
	char key[81] = "";

	memset(key, 'k', 79);
	check(tag_code(key, "v") == 0, "a key of 79 characters is possible");
	key[79] = 'k';
	check(tag_code(key, "v") == EXIT_USAGE, "one of 80 is not");
	check(tag_code("", "v") && tag_code(" a", "v") && tag_code("a ", "v") &&
			tag_code("a  b", "v") && tag_code("a\n", "v") && tag_code("\xc3\xa4", "v"),
		"keys that are empty, badly spaced or not ASCII are refused");
	check(tag_code("a b", "v") == 0, "a single space inside is possible");
	check(tag_code("a", "\xff") == EXIT_USAGE, "a value that is not UTF-8 is refused");
}

static int code_of(size_t width, size_t height, unsigned planes, unsigned bits, int level)
{
	struct png_spec spec = {{width, height, planes, bits, false, NULL, NULL}, level, NULL, 0};
	const uint16_t pixels[12] = {0};
	struct error e = {.code = -1};
	int fd = open("/dev/null", O_WRONLY), code = encode(fd, spec, pixels, NULL, &e);

	close(fd);
	return code;
}

static void test_specs_refused(void)
{
	check(code_of(2, 2, 3, 16, 9) == 0, "a picture in range is possible");
	check(code_of(0, 2, 1, 8, 1) && code_of(2, 0, 1, 8, 1) && code_of(1000001, 1, 1, 8, 1) &&
			code_of(1, 1000001, 1, 8, 1),
		"sides out of range are refused");
	check(code_of(2, 2, 2, 8, 1) && code_of(2, 2, 4, 8, 1) && code_of(2, 2, 1, 1, 1) &&
			code_of(2, 2, 1, 32, 1),
		"other planes and bits are refused");
	check(code_of(2, 2, 1, 8, -1) && code_of(2, 2, 1, 8, 10),
		"levels out of range are refused");
}

static void test_write_errors(void)
{
	struct png_spec spec = {.raster = {500, 500, 1, 8, false, NULL, NULL}};
	uint8_t *pixels = xcalloc(spec_bytes(&spec), 1);
	int full = open("/dev/full", O_WRONLY), ends[2];
	struct error e;

	check(full < 0 || encode(full, spec, pixels, NULL, &e) == EXIT_IO,
		"a full disk is told: %s", full < 0 ? "no /dev/full" : e.text);
	close(full);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) == 0) {
		close(ends[0]);
		check(encode(ends[1], spec, pixels, NULL, &e) == EXIT_DOWNSTREAM,
			"a reader that left is told apart: %s", e.text);
		close(ends[1]);
	}
	free(pixels);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void bench(unsigned planes, unsigned bits, struct pool *pool)
{
	struct png_spec spec = {
		.raster = {.width = 4144, .height = 2822, .planes = planes, .bits = bits},
		.level = 1};
	uint8_t *pixels = xaligned(spec_bytes(&spec), 1);
	double best = INFINITY, start, peer;
	size_t size = 0, peer_size;
	struct error e;

	paint_sky(pixels, &spec.raster);
	for (int run = 0; run < 5; run++) {
		int fd;

		start = now_s();
		fd = encoded(&spec, pixels, pool, &e);
		best = fmin(best, now_s() - start);
		size = (size_t)lseek(fd, 0, SEEK_END);
		close(fd);
	}
	start = now_s();
	peer_size = libpng_size(&spec.raster, pixels);
	peer = now_s() - start;
	printf("noise, %u bits, %u planes, %u threads: %.0f MB/s, libpng level 1 %.0f MB/s, size "
	       "%.3f of its\n",
		bits, planes, pool_threads(pool), (double)spec_bytes(&spec) / best / 1e6,
		(double)spec_bytes(&spec) / peer / 1e6, (double)size / (double)peer_size);
	free(pixels);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		struct pool *pool = pool_new(cpu_count());

		for (unsigned k = 0; k < 4; k++)
			bench(k % 2 ? 3 : 1, k < 2 ? 8 : 16, pool);
		pool_free(pool);
		return 0;
	}
	seed_from(argc, argv);
	test_round_trips();
	test_metadata();
	test_same_bytes();
	test_sizes();
	test_tags_refused();
	test_specs_refused();
	test_write_errors();
	return done();
}
