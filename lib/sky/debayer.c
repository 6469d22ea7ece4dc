/* SPDX-License-Identifier: ISC */
#include "sky/debayer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"

/* A tile with what RCD keeps of it fits the second cache. */
#define TILE_WIDTH 256
#define TILE_HEIGHT 64
#define MARGIN KERN_MOSAIC_MARGIN
#define STRIDE (TILE_WIDTH + 2 * MARGIN + KERN_MOSAIC_BEYOND)
#define ROOM ((TILE_HEIGHT + 2 * MARGIN) * STRIDE)
#define FILL_REACH 3 /* cells to each side, of which a missing value is made */
#define NOTHING 1e-5 /* of full scale */

struct scratch {
	float in[ROOM];	     /* a tile and its margins */
	float missing[ROOM]; /* the same before missing values were filled */
	float bilinear[3][TILE_HEIGHT * TILE_WIDTH]; /* made of that */
	float work[KERN_MOSAIC_PLANES * ROOM];
};

struct debayering {
	float *out;
	const struct mosaic *m;
	enum kern_mosaic_method method;
	size_t tiles_across;
	struct scratch *scratch; /* of each thread */
};

bool mosaic_pattern(const char *pattern, unsigned *red_x, unsigned *red_y)
{
	static const char *const patterns[] = {"RGGB", "GRBG", "GBRG", "BGGR"};

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(pattern, patterns[i])) {
			*red_x = i % 2;
			*red_y = i / 2;
			return true;
		}
	return false;
}

/* The pixel that stands for i of n: mirrored at the first and the last, its colour the same. */
static size_t mirrored(ptrdiff_t i, size_t n)
{
	ptrdiff_t period = 2 * ((ptrdiff_t)n - 1);

	i = (i < 0 ? -i : i) % period;
	return (size_t)(i < (ptrdiff_t)n ? i : period - i);
}

static void load_row(float *to, const struct mosaic *m, size_t y, ptrdiff_t left, size_t count)
{
	size_t size = dtype_size(m->dtype);
	const char *row = (const char *)m->pixels + y * m->width * size;
	ptrdiff_t first = left < 0 ? -left : 0; /* of count, that lies in the image */
	ptrdiff_t end = (ptrdiff_t)m->width - left;

	if (end > (ptrdiff_t)count)
		end = (ptrdiff_t)count;
	kern()->load(to + first, row + (size_t)(left + first) * size, (size_t)(end - first),
		m->dtype, 1, 0, 1, NULL);
	for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++)
		if (i < first || i >= end)
			kern()->load(to + i, row + mirrored(left + i, m->width) * size, 1, m->dtype,
				1, 0, 1, NULL);
}

static void load_tile(
	struct scratch *s, const struct mosaic *m, size_t x, size_t y, size_t width, size_t height)
{
	for (size_t i = 0; i < height + 2 * MARGIN; i++)
		load_row(s->in + i * STRIDE, m, mirrored((ptrdiff_t)(y + i) - MARGIN, m->height),
			(ptrdiff_t)x - MARGIN, width + 2 * MARGIN);
}

static bool has_missing(const float *tile, size_t width, size_t height)
{
	unsigned missing = 0;

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			missing |= tile[y * STRIDE + x] != tile[y * STRIDE + x];
	return missing;
}

/* The mean of values of a colour's place from row y0 and column x0 to y1 and x1, by steps of 2. */
static float mean_of(const float *tile, size_t y0, size_t y1, size_t x0, size_t x1)
{
	double sum = 0;
	size_t count = 0;

	for (size_t y = y0; y < y1; y += 2)
		for (size_t x = x0; x < x1; x += 2) {
			float v = tile[y * STRIDE + x];

			sum += isnan(v) ? 0 : (double)v;
			count += !isnan(v);
		}
	return count ? (float)(sum / (double)count) : NAN;
}

/* The first row or column of a window around i, and its end. */
static size_t window_start(size_t i)
{
	return i < 2 * FILL_REACH ? i % 2 : i - 2 * FILL_REACH;
}

static size_t window_end(size_t i, size_t n)
{
	return i + 2 * FILL_REACH + 1 < n ? i + 2 * FILL_REACH + 1 : n;
}

/* Missing values of s->in become means of their colour near by, else of the tile, else 0. */
static void fill(struct scratch *s, size_t width, size_t height)
{
	float whole[4];

	memcpy(s->missing, s->in, height * STRIDE * sizeof(*s->in));
	for (size_t i = 0; i < 4; i++) {
		whole[i] = mean_of(s->missing, i / 2, height, i % 2, width);
		whole[i] = isnan(whole[i]) ? 0 : whole[i];
	}
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			float *v = &s->in[y * STRIDE + x];

			if (!isnan(*v))
				continue;
			*v = mean_of(s->missing, window_start(y), window_end(y, height),
				window_start(x), window_end(x, width));
			if (isnan(*v))
				*v = whole[y % 2 * 2 + x % 2];
		}
}

/* Where bilinear means have no data, the result has none either. */
static void take_out(struct scratch *s, const struct kern_mosaic *done)
{
	struct kern_mosaic bilinear = *done;

	bilinear.in = s->missing + MARGIN * STRIDE + MARGIN;
	bilinear.out_stride = TILE_WIDTH;
	for (int p = 0; p < 3; p++)
		bilinear.out[p] = s->bilinear[p];
	kern()->mosaic(&bilinear, KERN_MOSAIC_BILINEAR, NULL);
	for (int p = 0; p < 3; p++)
		for (int y = 0; y < done->height; y++)
			for (int x = 0; x < done->width; x++)
				if (isnan(s->bilinear[p][y * TILE_WIDTH + x]))
					done->out[p][y * done->out_stride + x] = NAN;
}

static void debayer_tile(void *arg, size_t piece, unsigned worker)
{
	const struct debayering *d = arg;
	const struct mosaic *m = d->m;
	struct scratch *s = &d->scratch[worker];
	size_t x = piece % d->tiles_across * TILE_WIDTH, y = piece / d->tiles_across * TILE_HEIGHT;
	size_t width = m->width - x < TILE_WIDTH ? m->width - x : TILE_WIDTH;
	size_t height = m->height - y < TILE_HEIGHT ? m->height - y : TILE_HEIGHT;
	struct kern_mosaic tile = {.in = s->in + MARGIN * STRIDE + MARGIN,
		.in_stride = STRIDE,
		.out_stride = (ptrdiff_t)m->width,
		.width = (int)width,
		.height = (int)height,
		.red_x = m->red_x,
		.red_y = m->red_y,
		.floor = (float)(NOTHING * m->full_scale)};
	bool missing;

	for (size_t p = 0; p < 3; p++)
		tile.out[p] = d->out + (p * m->height + y) * m->width + x;
	load_tile(s, m, x, y, width, height);
	missing = has_missing(s->in, width + 2 * MARGIN, height + 2 * MARGIN);
	if (missing)
		fill(s, width + 2 * MARGIN, height + 2 * MARGIN);
	kern()->mosaic(&tile, d->method, s->work);
	if (missing)
		take_out(s, &tile);
}

struct superpixels {
	float *out;
	const struct mosaic *m;
	float *row; /* of each thread two */
};

static void superpixel_row(void *arg, size_t y, unsigned worker)
{
	const struct superpixels *s = arg;
	const struct mosaic *m = s->m;
	size_t width = m->width / 2, plane = m->height / 2 * width;
	float *rows = s->row + 2 * m->width * worker, *out = s->out + y * width;
	const float *red = rows + m->red_y * m->width + m->red_x;
	const float *blue = rows + (1 - m->red_y) * m->width + 1 - m->red_x;
	const float *green = rows + m->red_y * m->width + 1 - m->red_x;
	const float *green2 = rows + (1 - m->red_y) * m->width + m->red_x;

	kern()->load(rows, (const char *)m->pixels + 2 * y * m->width * dtype_size(m->dtype),
		2 * m->width, m->dtype, 1, 0, 1, NULL);
	for (size_t x = 0; x < width; x++) {
		out[x] = red[2 * x];
		out[plane + x] = 0.5f * (green[2 * x] + green2[2 * x]);
		out[2 * plane + x] = blue[2 * x];
	}
}

static void superpixel(float *out, const struct mosaic *m, struct pool *pool)
{
	struct superpixels s = {
		out, m, xaligned(2 * m->width * pool_threads(pool), sizeof(*s.row))};

	pool_run(pool, m->height / 2, superpixel_row, &s);
	free(s.row);
}

void debayer(float *out, const struct mosaic *m, enum debayer_method method, struct pool *pool)
{
	static const enum kern_mosaic_method methods[] = {[DEBAYER_BILINEAR] = KERN_MOSAIC_BILINEAR,
		[DEBAYER_VNG] = KERN_MOSAIC_VNG,
		[DEBAYER_RCD] = KERN_MOSAIC_RCD};
	struct debayering d = {.out = out, .m = m};
	size_t tiles_down = (m->height + TILE_HEIGHT - 1) / TILE_HEIGHT;

	if (method == DEBAYER_SUPERPIXEL) {
		superpixel(out, m, pool);
		return;
	}
	d.method = methods[method];
	d.tiles_across = (m->width + TILE_WIDTH - 1) / TILE_WIDTH;
	d.scratch = xaligned(pool_threads(pool), sizeof(*d.scratch));
	pool_run(pool, d.tiles_across * tiles_down, debayer_tile, &d);
	free(d.scratch);
}
