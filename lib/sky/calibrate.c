/* SPDX-License-Identifier: ISC */
#include "sky/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"

#define PIECE 4096     /* values at a time: they stay in the first cache */
#define ROWS 32	       /* that a thread takes at a time */
#define SCALE_MOST 2.0 /* of a dark */
#define SCALE_PRECISE 0.001

struct calibrating {
	float *out;
	const struct calibration *c;
	const struct raw_frame *raw;
	size_t *negative; /* of each piece of rows */
};

static const float *from(const float *array, size_t at)
{
	return array ? array + at : NULL;
}

static size_t calibrate_row(const struct calibrating *job, size_t plane, size_t y)
{
	const struct calibration *c = job->c;
	const struct raw_frame *raw = job->raw;
	const char *in = (const char *)raw->pixels +
			 (plane * raw->plane_stride + y * raw->stride) * dtype_size(raw->dtype);
	size_t first = (plane * c->height + y) * c->width, negative = 0;

	for (size_t x = 0; x < c->width; x += PIECE) {
		size_t n = c->width - x < PIECE ? c->width - x : PIECE, at = first + x;
		struct kern_calibration k = {from(c->base, at), from(c->slope, at),
			from(c->factor, at), (float)raw->scale, (float)raw->shift, (float)raw->add};

		kern()->load(job->out + at, in + x * dtype_size(raw->dtype), n, raw->dtype, 1, 0, 1,
			NULL);
		negative += kern()->calibrate(job->out + at, n, &k);
	}
	return negative;
}

static void calibrate_rows(void *arg, size_t piece, unsigned worker)
{
	const struct calibrating *job = arg;
	size_t rows = job->c->planes * job->c->height, end = (piece + 1) * ROWS;

	(void)worker;
	for (size_t row = piece * ROWS; row < rows && row < end; row++)
		job->negative[piece] +=
			calibrate_row(job, row / job->c->height, row % job->c->height);
}

size_t calibrate(
	float *out, const struct calibration *c, const struct raw_frame *raw, struct pool *pool)
{
	size_t pieces = (c->planes * c->height + ROWS - 1) / ROWS, negative = 0;
	struct calibrating job = {out, c, raw, xcalloc(pieces, sizeof(*job.negative))};

	pool_run(pool, pieces, calibrate_rows, &job);
	for (size_t i = 0; i < pieces; i++)
		negative += job.negative[i];
	free(job.negative);
	return negative;
}

/* The middle third of n: from … to, not empty. */
static void middle(size_t n, size_t *from, size_t *to)
{
	*from = n / 3;
	*to = 2 * n / 3 > *from ? 2 * n / 3 : *from + 1;
}

/* Sums and counts of the four places of a cell. */
static void sum_phases(
	const float *flat, size_t height, size_t width, double sum[4], double count[4])
{
	size_t top, bottom, left, right;

	middle(height, &top, &bottom);
	middle(width, &left, &right);
	for (size_t y = top; y < bottom; y++)
		for (size_t x = left; x < right; x++) {
			float v = flat[y * width + x];
			size_t phase = y % 2 * 2 + x % 2;

			if (v > 0 && v < INFINITY) {
				sum[phase] += (double)v;
				count[phase]++;
			}
		}
}

int flat_to_factor(
	float *flat, size_t height, size_t width, bool equalize, size_t *holes, struct error *e)
{
	double sum[4] = {0}, count[4] = {0}, phase_mean[4], mean;

	sum_phases(flat, height, width, sum, count);
	mean = (sum[0] + sum[1] + sum[2] + sum[3]) / (count[0] + count[1] + count[2] + count[3]);
	if (!(mean > 0))
		return fail(e, EXIT_DATA, "has no value above 0 in the middle");
	for (int i = 0; i < 4; i++) {
		phase_mean[i] = equalize ? sum[i] / count[i] : mean;
		if (!(phase_mean[i] > 0))
			return fail(e, EXIT_DATA,
				"one of the four places of the mosaic's cell has no value above 0 "
				"in "
				"the middle");
	}
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			float *v = &flat[y * width + x];
			bool hole = !(*v > 0 && *v < INFINITY);

			*v = hole ? NAN : (float)(phase_mean[y % 2 * 2 + x % 2] / (double)*v);
			*holes += hole;
		}
	return 0;
}

/* 2 v[x] - v[x-2] - v[x+2] of a plane, (width - 4) in a row; NaN beside no data. */
static float *differences(const float *plane, size_t height, size_t width)
{
	float *d = xmalloc(height * (width - 4) * sizeof(*d));

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width - 4; x++) {
			const float *v = plane + y * width + x;

			d[y * (width - 4) + x] = 2 * v[2] - v[0] - v[4];
		}
	return d;
}

/* The sum of |light - k dark| over what has data; f32 within runs of 256, in 16 lanes. */
static double noise_sum(const float *light, const float *dark, size_t n, double k)
{
	float by = (float)k;
	double sum = 0;

	for (size_t first = 0; first < n; first += 256) {
		float lane[16] = {0};
		size_t end = n - first < 256 ? n : first + 256;

		for (size_t i = first; i < end; i++) {
			float r = fabsf(light[i] - by * dark[i]);

			lane[i % 16] += r < INFINITY ? r : 0;
		}
		for (size_t l = 0; l < 16; l++)
			sum += (double)lane[l];
	}
	return sum;
}

static bool has_data(const float *light, const float *dark, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isfinite(light[i]) && isfinite(dark[i]) && dark[i] != 0)
			return true;
	return false;
}

double dark_scale_find(const float *light, const float *dark, size_t height, size_t width)
{
	const double golden = (sqrt(5) - 1) / 2;
	double low = 0, high = SCALE_MOST, left, right, at_left, at_right;
	size_t n;
	float *l, *d;

	if (width < 5)
		return 1;
	n = height * (width - 4);
	l = differences(light, height, width);
	d = differences(dark, height, width);
	left = high - golden * (high - low);
	right = low + golden * (high - low);
	at_left = noise_sum(l, d, n, left);
	at_right = noise_sum(l, d, n, right);
	while (high - low > SCALE_PRECISE) {
		if (at_left < at_right) {
			high = right;
			right = left;
			at_right = at_left;
			left = high - golden * (high - low);
			at_left = noise_sum(l, d, n, left);
		} else {
			low = left;
			left = right;
			at_left = at_right;
			right = low + golden * (high - low);
			at_right = noise_sum(l, d, n, right);
		}
	}
	if (!has_data(l, d, n))
		low = high = 1;
	free(l);
	free(d);
	return (low + high) / 2;
}
