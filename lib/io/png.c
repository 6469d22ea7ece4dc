/* SPDX-License-Identifier: ISC */
#include "io/png.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/str.h"

#define KEY_MAX 79
#define VALUE_MAX (1 << 20)
#define PIECE_SIZE (1 << 16) /* of compressed data, for one chunk */
#define SAMPLES 4096

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
	int code;

	if (spec->width < 1 || spec->width > PNG_SIDE_MAX || spec->height < 1 ||
		spec->height > PNG_SIDE_MAX)
		return fail(e, EXIT_USAGE, "png: %zu x %zu pixels: sides of 1 to %d are possible",
			spec->width, spec->height, PNG_SIDE_MAX);
	if (spec->planes != 1 && spec->planes != 3)
		return fail(e, EXIT_USAGE, "png: %u planes: 1 or 3 are possible", spec->planes);
	if (spec->bits != 8 && spec->bits != 16)
		return fail(e, EXIT_USAGE, "png: %u bits: 8 or 16 are possible", spec->bits);
	if (spec->level < 0 || spec->level > 9)
		return fail(e, EXIT_USAGE, "png: level %d: 0 to 9 are possible", spec->level);
	for (size_t i = 0; i < spec->tag_count; i++)
		if ((code = png_check_tag(&spec->tags[i], e)))
			return code;
	return 0;
}

/* What libpng's callbacks and the code between them need. */
struct job {
	int fd;
	const struct png_spec *spec;
	const void *pixels;
	struct error *error;
	png_structp png;
	png_infop info;
	png_textp texts;
	void *row;
};

static void on_error(png_structp png, png_const_charp message)
{
	struct job *job = png_get_error_ptr(png);

	/* on_write() has told its own reason before. */
	if (job->error->code == 0)
		fail(job->error, EXIT_OS, "png: %s", message);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void on_write(png_structp png, png_bytep bytes, size_t n)
{
	struct job *job = png_get_io_ptr(png);

	while (n > 0) {
		ssize_t done = write(job->fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			fail(job->error, errno == EPIPE ? EXIT_DOWNSTREAM : EXIT_IO,
				"png: write: %s", strerror(errno));
			png_error(png, "write");
		}
		bytes += done;
		n -= (size_t)done;
	}
}

static void on_flush(png_structp png)
{
	(void)png;
}

static bool ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* libpng copies what it is told here; it does not change the strings. */
static void set_tags(struct job *job)
{
	for (size_t i = 0; i < job->spec->tag_count; i++) {
		const struct png_tag *tag = &job->spec->tags[i];
		png_textp text = &job->texts[i];
		bool plain = ascii(tag->value);

		*text = (png_text){
			.compression =
				plain ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
			.key = (char *)tag->key,
			.text = (char *)tag->value,
			.lang = (char *)"",
			.lang_key = (char *)"",
		};
		if (plain)
			text->text_length = strlen(tag->value);
		else
			text->itxt_length = strlen(tag->value);
	}
	png_set_text(job->png, job->info, job->texts, (int)job->spec->tag_count);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * Whether a picture seems to be drawn in few colours, as through a colour map: at most a quarter of
 * the pixels looked at, which are spread evenly, differ.
 */
static bool few_colours(const struct png_spec *spec, const uint8_t *pixels)
{
	size_t plane = spec->width * spec->height, n = plane < SAMPLES ? plane : SAMPLES;
	uint32_t sample[SAMPLES];
	size_t distinct = 1;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = pixels + i * plane / n;

		sample[i] = (uint32_t)p[0] << 16 | (uint32_t)p[plane] << 8 | p[2 * plane];
	}
	qsort(sample, n, sizeof(sample[0]), by_value);
	for (size_t i = 1; i < n; i++)
		distinct += sample[i] != sample[i - 1];
	return distinct <= n / 4;
}

/*
 * Colours of a map repeat as whole pixels, which a filter would hide. Noise repeats nowhere:
 * searching it for more than runs costs three times as much and makes the file larger.
 */
static void set_compression(struct job *job)
{
	const struct png_spec *spec = job->spec;

	png_set_compression_level(job->png, spec->level);
	png_set_compression_buffer_size(job->png, PIECE_SIZE);
	if (spec->planes == 3 && spec->bits == 8 && few_colours(spec, job->pixels)) {
		png_set_filter(job->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
		png_set_compression_strategy(job->png, Z_DEFAULT_STRATEGY);
	} else {
		png_set_filter(job->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
		png_set_compression_strategy(job->png, spec->level <= 2 ? Z_RLE : Z_FILTERED);
	}
}

static void set_header(struct job *job)
{
	const struct png_spec *spec = job->spec;

	png_set_write_fn(job->png, job, on_write, on_flush);
	png_set_IHDR(job->png, job->info, (png_uint_32)spec->width, (png_uint_32)spec->height,
		(int)spec->bits, spec->planes == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
		PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
	if (spec->srgb)
		png_set_sRGB(job->png, job->info, PNG_sRGB_INTENT_PERCEPTUAL);
	set_tags(job);
	set_compression(job);
}

/* Row y from the top of all planes, interleaved. */
static void gather_row(const struct job *job, size_t y)
{
	const struct png_spec *spec = job->spec;
	size_t plane = spec->width * spec->height;
	size_t first = (spec->bottom_up ? spec->height - 1 - y : y) * spec->width;

	for (size_t p = 0; p < spec->planes; p++) {
		if (spec->bits == 8) {
			const uint8_t *from = (const uint8_t *)job->pixels + p * plane + first;
			uint8_t *to = (uint8_t *)job->row + p;

			for (size_t x = 0; x < spec->width; x++)
				to[x * spec->planes] = from[x];
		} else {
			const uint16_t *from = (const uint16_t *)job->pixels + p * plane + first;
			uint16_t *to = (uint16_t *)job->row + p;

			for (size_t x = 0; x < spec->width; x++)
				to[x * spec->planes] = from[x];
		}
	}
}

/* The only function libpng jumps back into; it has no variables to lose. */
static void run(struct job *job)
{
	if (setjmp(png_jmpbuf(job->png)))
		return;
	set_header(job);
	png_write_info(job->png, job->info);
	if (job->spec->bits == 16)
		png_set_swap(job->png);
	for (size_t y = 0; y < job->spec->height; y++) {
		gather_row(job, y);
		png_write_row(job->png, job->row);
	}
	png_write_end(job->png, NULL);
}

int png_encode(int fd, const struct png_spec *spec, const void *pixels, struct error *e)
{
	struct job job = {.fd = fd, .spec = spec, .pixels = pixels, .error = e};
	int code = check(spec, e);

	if (code)
		return code;
	e->code = 0;
	job.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
	if (!job.png)
		return fail(e, EXIT_OS, "png: cannot start libpng");
	job.info = png_create_info_struct(job.png);
	job.row = xaligned(spec->width * spec->planes, spec->bits / 8);
	job.texts = xcalloc(spec->tag_count, sizeof(*job.texts));
	if (job.info)
		run(&job);
	else
		fail(e, EXIT_OS, "png: out of memory");
	png_destroy_write_struct(&job.png, &job.info);
	free(job.texts);
	free(job.row);
	return e->code;
}
