/* SPDX-License-Identifier: ISC */
/* PNG files, written by lib/io and read back with libpng. */
#include <fcntl.h>
#include <png.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static size_t spec_bytes(const struct png_spec *spec)
{
	return spec->planes * spec->width * spec->height * (spec->bits / 8);
}

/* A file in memory that holds the picture, rewound. */
static int encoded(const struct png_spec *spec, const void *pixels, struct error *e)
{
	int fd = memfd_create("png", 0);

	if (png_encode(fd, spec, pixels, e)) {
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

static bool pixels_equal(const struct png_spec *spec, const void *pixels, const struct reading *r)
{
	png_bytepp rows = png_get_rows(r->png, r->info);
	size_t plane = spec->width * spec->height;

	for (size_t y = 0; y < spec->height; y++)
		for (size_t x = 0; x < spec->width; x++)
			for (size_t p = 0; p < spec->planes; p++) {
				size_t row = spec->bottom_up ? spec->height - 1 - y : y;
				size_t from = p * plane + row * spec->width + x;
				size_t to = x * spec->planes + p;
				bool equal =
					spec->bits == 8
						? ((const uint8_t *)pixels)[from] == rows[y][to]
						: ((const uint16_t *)pixels)[from] ==
							  ((const uint16_t *)(const void *)
									  rows[y])[to];

				if (!equal)
					return false;
			}
	return true;
}

static bool round_trip(const struct png_spec *spec, const void *pixels)
{
	struct reading r;
	struct error e;
	int fd = encoded(spec, pixels, &e);
	bool equal = fd >= 0 && read_back(fd, &r);

	if (fd < 0)
		return false;
	equal = equal && png_get_image_width(r.png, r.info) == spec->width &&
		png_get_image_height(r.png, r.info) == spec->height &&
		png_get_bit_depth(r.png, r.info) == spec->bits &&
		png_get_channels(r.png, r.info) == spec->planes && pixels_equal(spec, pixels, &r);
	end_reading(&r);
	return equal;
}

static void test_round_trips(void)
{
	bool right = true;

	for (int i = 0; i < 200 && right; i++) {
		struct png_spec spec = {.width = 1 + below(i % 10 ? 90 : 5000),
			.height = 1 + below(90),
			.planes = i % 2 ? 3 : 1,
			.bits = i % 4 < 2 ? 8 : 16,
			.level = (int)below(10),
			.bottom_up = below(2)};
		unsigned values = 1 + below(i % 3 ? 256 : 4);
		uint8_t *pixels = xmalloc(spec_bytes(&spec));

		for (size_t k = 0; k < spec_bytes(&spec); k++)
			pixels[k] = (uint8_t)below(values);
		right = round_trip(&spec, pixels);
		if (!right)
			printf("# %zu x %zu, %u planes, %u bits, level %d\n", spec.width,
				spec.height, spec.planes, spec.bits, spec.level);
		free(pixels);
	}
	check(right, "200 random pictures read back equal");
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
	struct png_spec spec = {.width = 2,
		.height = 2,
		.planes = 1,
		.bits = 8,
		.level = PNG_LEVEL_DEFAULT,
		.srgb = true,
		.tags = tags,
		.tag_count = COUNT_OF(tags)};
	const uint8_t pixels[4] = {1, 2, 3, 4};
	struct reading r;
	struct error e;
	png_timep when;
	int fd = encoded(&spec, pixels, &e);

	if (!check(fd >= 0 && read_back(fd, &r), "a picture with remarks reads back"))
		return;
	check(has_tag(&r, &tags[0], false) && has_tag(&r, &tags[1], false) &&
			has_tag(&r, &tags[3], false),
		"ASCII remarks are tEXt");
	check(has_tag(&r, &tags[2], true), "others are iTXt");
	check(png_get_valid(r.png, r.info, PNG_INFO_sRGB), "sRGB is marked");
	check(!png_get_tIME(r.png, r.info, &when), "no time is written");
	end_reading(&r);

	spec.srgb = false;
	fd = encoded(&spec, pixels, &e);
	check(fd >= 0 && read_back(fd, &r) && !png_get_valid(r.png, r.info, PNG_INFO_sRGB),
		"sRGB is not marked unasked");
	end_reading(&r);
}

static void test_same_bytes(void)
{
	struct png_spec spec = {.width = 300, .height = 200, .planes = 3, .bits = 8, .level = 6};
	uint8_t *pixels = xmalloc(spec_bytes(&spec));
	struct error e;
	char *copy[2];
	off_t size[2];

	for (size_t i = 0; i < spec_bytes(&spec); i++)
		pixels[i] = (uint8_t)(i * i >> 8);
	for (int i = 0; i < 2; i++) {
		int fd = encoded(&spec, pixels, &e);

		size[i] = lseek(fd, 0, SEEK_END);
		copy[i] = xmalloc((size_t)size[i]);
		if (pread(fd, copy[i], (size_t)size[i], 0) != size[i])
			size[i] = -1 - i;
		close(fd);
	}
	check(size[0] == size[1] && memcmp(copy[0], copy[1], (size_t)size[0]) == 0,
		"the same picture makes the same file");
	free(copy[0]);
	free(copy[1]);
	free(pixels);
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
	struct png_spec spec = {width, height, planes, bits, level, false, false, NULL, 0};
	const uint16_t pixels[12] = {0};
	struct error e = {.code = -1};
	int fd = open("/dev/null", O_WRONLY), code = png_encode(fd, &spec, pixels, &e);

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
	struct png_spec spec = {.width = 500, .height = 500, .planes = 1, .bits = 8, .level = 0};
	uint8_t *pixels = xcalloc(spec_bytes(&spec), 1);
	int full = open("/dev/full", O_WRONLY), ends[2];
	struct error e;

	check(full < 0 || png_encode(full, &spec, pixels, &e) == EXIT_IO, "a full disk is told: %s",
		full < 0 ? "no /dev/full" : e.text);
	close(full);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) == 0) {
		close(ends[0]);
		check(png_encode(ends[1], &spec, pixels, &e) == EXIT_DOWNSTREAM,
			"a reader that left is told apart: %s", e.text);
		close(ends[1]);
	}
	free(pixels);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_round_trips();
	test_metadata();
	test_same_bytes();
	test_tags_refused();
	test_specs_refused();
	test_write_errors();
	return done();
}
