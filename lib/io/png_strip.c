/* SPDX-License-Identifier: ISC */
#include "io/png_strip.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "base/mem.h"
#include "kern/kern.h"

#define SAMPLES 8	 /* pieces of rows that are filtered in every way */
#define SAMPLE_SIZE 1024 /* bytes of each */
#define COLOURS 2048	 /* pixels looked at for their colours */

bool png_strip_begin(struct png_strip *s, const struct raster *raster, size_t rows_max, int level)
{
	size_t row = raster_row_size(raster);

	*s = (struct png_strip){.raster = raster, .rows_max = rows_max, .level = level};
	s->rows = xaligned(rows_max + 1, row);
	s->filtered = xaligned(rows_max, row + 1);
	s->deflate = deflate_new(level);
	return s->deflate;
}

void png_strip_end(struct png_strip *s)
{
	deflate_free(s->deflate);
	free(s->filtered);
	free(s->rows);
}

size_t png_strip_bound(const struct png_strip *s)
{
	return deflate_bound(s->deflate, s->rows_max * (raster_row_size(s->raster) + 1));
}

/* The strip's rows and the one above, in the byte order of the file. */
static void load(const struct png_strip *s, size_t first, size_t count)
{
	const struct raster *r = s->raster;
	size_t row = raster_row_size(r);

	if (first > 0)
		r->rows(r->arg, first - 1, count + 1, s->rows);
	else
		r->rows(r->arg, 0, count, s->rows + row);
	if (first == 0)
		memset(s->rows, 0, row);
	if (r->bits == 16)
		kern()->swap(s->rows, s->rows, (count + 1) * row / 2, 2);
}

static size_t pixel_size(const struct png_strip *s)
{
	return s->raster->planes * (s->raster->bits / 8);
}

/*
 * Whether the strip seems to be drawn in few colours, as through a colour map: at most a quarter of
 * the pixels looked at, which are spread evenly, differ.
 */
static bool few_colours(const struct png_strip *s, size_t count)
{
	uint32_t seen[2 * COLOURS];
	size_t pixels = count * s->raster->width, n = pixels < COLOURS ? pixels : COLOURS;
	const uint8_t *start = s->rows + raster_row_size(s->raster);
	size_t distinct = 0;

	if (s->raster->planes != 3 || s->raster->bits != 8)
		return false;
	memset(seen, 0xff, sizeof(seen));
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = start + 3 * (i * pixels / n);
		uint32_t colour = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		size_t at = (colour * 2654435761u >> 12) % (2 * COLOURS);

		while (seen[at] != colour && seen[at] != UINT32_MAX)
			at = (at + 1) % (2 * COLOURS);
		distinct += seen[at] != colour;
		seen[at] = colour;
	}
	return distinct <= n / 4;
}

/* The filter whose samples have the least entropy; the first of equals. */
static enum kern_png_filter best_filter(const struct png_strip *s, size_t count)
{
	size_t row = raster_row_size(s->raster), step = pixel_size(s);
	size_t size = row < SAMPLE_SIZE ? row : SAMPLE_SIZE / step * step;
	enum kern_png_filter best = KERN_PNG_NONE;
	double least = 0;

	for (int filter = 0; filter < KERN_PNG_FILTERS; filter++) {
		uint32_t counts[256] = {0};
		uint8_t out[SAMPLE_SIZE];
		double bits;

		for (size_t i = 0; i < SAMPLES; i++) {
			size_t y = (2 * i + 1) * count / (2 * SAMPLES);
			size_t x = i * ((row - size) / step) / (SAMPLES - 1) * step;
			const uint8_t *above = s->rows + y * row + x;

			kern()->png_filter(
				out, above + row, above, size, step, (enum kern_png_filter)filter);
			deflate_count(counts, out, size);
		}
		bits = deflate_entropy(counts);
		if (filter == 0 || bits < least) {
			least = bits;
			best = (enum kern_png_filter)filter;
		}
	}
	return best;
}

static size_t filter_all(const struct png_strip *s, size_t count, enum kern_png_filter filter)
{
	size_t row = raster_row_size(s->raster);

	for (size_t y = 0; y < count; y++) {
		uint8_t *to = s->filtered + y * (row + 1);

		*to = (uint8_t)filter;
		kern()->png_filter(to + 1, s->rows + (y + 1) * row, s->rows + y * row, row,
			pixel_size(s), filter);
	}
	return count * (row + 1);
}

size_t png_strip_make(struct png_strip *s, size_t first, size_t count, uint8_t *out,
	size_t *raw_size, uint32_t *adler)
{
	bool whole_pixels;

	load(s, first, count);
	whole_pixels = s->level == 0 || few_colours(s, count);
	*raw_size = filter_all(s, count, whole_pixels ? KERN_PNG_NONE : best_filter(s, count));
	*adler = libdeflate_adler32(1, s->filtered, *raw_size);
	return deflate_piece(s->deflate, out, s->filtered, *raw_size);
}
