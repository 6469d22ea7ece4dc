/* SPDX-License-Identifier: ISC */
/*
 * Colours of a mosaic: against plain references that go pixel by pixel in f64 over a whole padded
 * image, on flat fields, ramps, a planted scene and planted stars.
 */
#include "sky/debayer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"

#define PAD 12

static const char *const patterns[] = {"RGGB", "GRBG", "GBRG", "BGGR"};
static const char *const names[] = {"bilinear", "superpixel", "vng", "rcd"};

struct scene {
	size_t width, height;
	float *truth; /* [3][height][width] */
	float *mosaic;
	const char *pattern;
};

static int colour_at(const char *pattern, long y, long x)
{
	return (int)(strchr("RGB", pattern[(y & 1) * 2 + (x & 1)]) - "RGB");
}

static void scene_free(struct scene *s)
{
	free(s->truth);
	free(s->mosaic);
}

typedef double scene_fn(double x, double y, int colour);

static struct scene scene_new(size_t width, size_t height, const char *pattern, scene_fn *f)
{
	struct scene s = {width, height, xmalloc(3 * width * height * sizeof(float)),
		xmalloc(width * height * sizeof(float)), pattern};

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			for (int c = 0; c < 3; c++)
				s.truth[((size_t)c * height + y) * width + x] =
					(float)f((double)x, (double)y, c);
			s.mosaic[y * width + x] =
				s.truth[((size_t)colour_at(pattern, (long)y, (long)x) * height +
						y) *
						width +
					x];
		}
	return s;
}

static float *debayered(const struct scene *s, enum debayer_method method, unsigned threads)
{
	struct mosaic m = {.pixels = s->mosaic,
		.dtype = DTYPE_F32,
		.height = s->height,
		.width = s->width,
		.full_scale = 65535};
	struct pool *pool = pool_new(threads);
	float *out = xcalloc(3 * s->width * s->height, sizeof(*out));

	if (!mosaic_pattern(s->pattern, &m.red_x, &m.red_y))
		abort();
	debayer(out, &m, method, pool);
	pool_free(pool);
	return out;
}

static size_t mirrored(long i, size_t n)
{
	while (i < 0 || i >= (long)n)
		i = i < 0 ? -i : 2 * ((long)n - 1) - i;
	return (size_t)i;
}

/*
 * References. A padded image is reached as P(image, y, x), y and x from -PAD on.
 */

static size_t padded_width;
#define P(image, y, x) (image)[(size_t)((y) + PAD) * padded_width + (size_t)((x) + PAD)]

static double *padded(const struct scene *s)
{
	double *in;

	padded_width = s->width + 2 * PAD;
	in = xcalloc(padded_width * (s->height + 2 * PAD), sizeof(*in));
	for (long y = -PAD; y < (long)s->height + PAD; y++)
		for (long x = -PAD; x < (long)s->width + PAD; x++)
			P(in, y, x) = (double)s->mosaic[mirrored(y, s->height) * s->width +
							mirrored(x, s->width)];
	return in;
}

static double *blank(const struct scene *s)
{
	return xcalloc(padded_width * (s->height + 2 * PAD), sizeof(double));
}

/* The mean of the pixels of a colour that are nearest, within the eight around. */
static double plain_bilinear(const struct scene *s, const double *in, long y, long x, int c)
{
	double sum[3] = {0}, n[3] = {0};

	for (long j = -1; j <= 1; j++)
		for (long i = -1; i <= 1; i++)
			if (colour_at(s->pattern, y + j, x + i) == c) {
				sum[labs(i) + labs(j)] += P(in, y + j, x + i);
				n[labs(i) + labs(j)]++;
			}
	for (int d = 0; d < 3; d++)
		if (n[d] > 0)
			return sum[d] / n[d];
	return NAN;
}

/* The gradient along (dy, dx), by the sums of Chang's figures: pixels at equal steps differ. */
static double vng_gradient(
	const struct scene *s, const double *in, long y, long x, long dy, long dx)
{
	bool diagonal = dy && dx, green = colour_at(s->pattern, y, x) == 1;
	double sum = 0;

#define D(y1, x1, y2, x2) fabs(P(in, y + (y1), x + (x1)) - P(in, y + (y2), x + (x2)))
	sum = D(dy, dx, -dy, -dx) + D(2 * dy, 2 * dx, 0, 0);
	if (!diagonal)
		for (long side = -1; side <= 1; side += 2) {
			long sy = side * dx, sx = side * dy;

			sum += D(dy + sy, dx + sx, sy - dy, sx - dx) / 2;
			sum += D(2 * dy + sy, 2 * dx + sx, sy, sx) / 2;
		}
	else if (green)
		sum += D(2 * dy, dx, 0, -dx) + D(dy, 2 * dx, -dy, 0);
	else
		sum += (D(dy, 0, 0, -dx) + D(0, dx, -dy, 0) + D(2 * dy, dx, dy, 0) +
			       D(dy, 2 * dx, 0, dx)) /
		       2;
#undef D
	return sum;
}

/*
 * The mean of a colour in a direction: of the pixels of the 5 x 5 that lie ahead. For straight ones
 * these are the two rows of three beginning beside the centre, for diagonals the 3 x 3 from the
 * centre on; of green pixels at a green centre, and of the centre's own colour, only those in line.
 */
static double vng_mean(
	const struct scene *s, const double *in, long y, long x, long dy, long dx, int c)
{
	int own = colour_at(s->pattern, y, x);
	double sum = 0, n = 0;

	if (c == own) {
		if (own == 1 && dy && dx)
			return P(in, y + dy, x + dx);
		return (P(in, y, x) + P(in, y + 2 * dy, x + 2 * dx)) / 2;
	}
	for (long ahead = 0; ahead <= 2; ahead++)
		for (long side = dy && dx ? 0 : -1; side <= (dy && dx ? 2 : 1); side++) {
			long j = dy && dx ? ahead * dy : ahead * dy + side * dx;
			long i = dy && dx ? side * dx : ahead * dx + side * dy;

			if (colour_at(s->pattern, y + j, x + i) != c)
				continue;
			/* Of a red or blue centre only what touches it counts, of straight
			 * directions. */
			if (own != 1 && !(dy && dx) && ahead != 1)
				continue;
			sum += P(in, y + j, x + i);
			n++;
		}
	return sum / n;
}

static double plain_vng(const struct scene *s, const double *in, long y, long x, int c)
{
	double gradient[9], low = INFINITY, high = 0, limit, sum = 0, n = 0;
	int own = colour_at(s->pattern, y, x);

	for (long k = 0; k < 9; k++) {
		if (k == 4)
			continue;
		gradient[k] = vng_gradient(s, in, y, x, k / 3 - 1, k % 3 - 1);
		low = fmin(low, gradient[k]);
		high = fmax(high, gradient[k]);
	}
	limit = 1.5 * low + 0.5 * (high - low);
	for (long k = 0; k < 9; k++)
		if (k != 4 && gradient[k] <= limit) {
			sum += vng_mean(s, in, y, x, k / 3 - 1, k % 3 - 1, c) -
			       vng_mean(s, in, y, x, k / 3 - 1, k % 3 - 1, own);
			n++;
		}
	return c == own ? P(in, y, x) : P(in, y, x) + sum / n;
}

#define EPS 0.65535

static double filtered(const double *in, long y, long x, long dy, long dx)
{
	static const double weight[] = {1, -3, -1, 6, -1, -3, 1};
	double sum = 0;

	for (long k = -3; k <= 3; k++)
		sum += weight[k + 3] * P(in, y + k * dy, x + k * dx);
	return sum * sum;
}

static double energy(const double *in, long y, long x, long dy, long dx)
{
	double sum = 0;

	for (long k = -1; k <= 1; k++)
		sum += filtered(in, y + k * dy, x + k * dx, dy, dx);
	return fmax(sum, EPS * EPS);
}

static double choose(const double *share, long y, long x)
{
	double here = P(share, y, x),
	       around = (P(share, y - 1, x - 1) + P(share, y - 1, x + 1) + P(share, y + 1, x - 1) +
				P(share, y + 1, x + 1)) /
			4;

	return fabs(0.5 - here) < fabs(0.5 - around) ? around : here;
}

static double smooth(const double *in, long y, long x)
{
	double sum = 0;

	for (long j = -1; j <= 1; j++)
		for (long i = -1; i <= 1; i++)
			sum += P(in, y + j, x + i) / (double)(1 << (labs(i) + labs(j)));
	return sum;
}

/* An estimate of green from one side and its gradient. */
static double from_side(const double *in, long y, long x, long dy, long dx, double *gradient)
{
	double low = smooth(in, y, x), far = smooth(in, y + 2 * dy, x + 2 * dx), ratio;

	*gradient = EPS + fabs(P(in, y + dy, x + dx) - P(in, y - dy, x - dx)) +
		    fabs(P(in, y, x) - P(in, y + 2 * dy, x + 2 * dx)) +
		    fabs(P(in, y + dy, x + dx) - P(in, y + 3 * dy, x + 3 * dx)) +
		    fabs(P(in, y + 2 * dy, x + 2 * dx) - P(in, y + 4 * dy, x + 4 * dx));
	ratio = (low - far) / (EPS + low + far);
	return P(in, y + dy, x + dx) * (1 + ratio);
}

static double green_between(const double *in, long y, long x, long dy, long dx)
{
	double before, after, a = from_side(in, y, x, -dy, -dx, &before),
			      b = from_side(in, y, x, dy, dx, &after);

	return (after * a + before * b) / (after + before);
}

/* Colour minus green between two pixels of that colour. */
static double colour_between(
	const double *colour, const double *green, long y, long x, long dy, long dx)
{
	double weight[2], value[2];

	for (int k = 0; k < 2; k++) {
		long j = k ? dy : -dy, i = k ? dx : -dx;

		weight[k] = EPS + fabs(P(green, y, x) - P(green, y + 2 * j, x + 2 * i)) +
			    fabs(P(colour, y + j, x + i) - P(colour, y - j, x - i)) +
			    fabs(P(colour, y + j, x + i) - P(colour, y + 3 * j, x + 3 * i));
		value[k] = P(colour, y + j, x + i) - P(green, y + j, x + i);
	}
	return (weight[0] * value[1] + weight[1] * value[0]) / (weight[0] + weight[1]);
}

/* [3][height][width], values being well above 0. */
static double *plain_rcd(const struct scene *s, const double *in)
{
	double *vh = blank(s), *pq = blank(s), *colour[3] = {blank(s), blank(s), blank(s)};
	double *out = xcalloc(3 * s->width * s->height, sizeof(*out)), *green = colour[1], v, h;
	long w = (long)s->width, ht = (long)s->height;

#define EACH(by)                                 \
	for (long y = -(by); y < ht + (by); y++) \
		for (long x = -(by); x < w + (by); x++)
	EACH(7)
	{
		v = energy(in, y, x, 1, 0);
		P(vh, y, x) = v / (v + energy(in, y, x, 0, 1));
		v = energy(in, y, x, 1, 1);
		P(pq, y, x) = v / (v + energy(in, y, x, 1, -1));
	}
	EACH(6)
	{
		double by = choose(vh, y, x);

		P(colour[colour_at(s->pattern, y, x)], y, x) = P(in, y, x);
		if (colour_at(s->pattern, y, x) != 1)
			P(green, y, x) = by * green_between(in, y, x, 0, 1) +
					 (1 - by) * green_between(in, y, x, 1, 0);
	}
	EACH(3)
	{
		int own = colour_at(s->pattern, y, x);
		double by = choose(pq, y, x);

		if (own == 1)
			continue;
		v = colour_between(colour[2 - own], green, y, x, 1, 1);
		h = colour_between(colour[2 - own], green, y, x, 1, -1);
		P(colour[2 - own], y, x) = P(green, y, x) + by * h + (1 - by) * v;
	}
	EACH(0)
	for (int c = 0; c < 3; c++) {
		double by = choose(vh, y, x), *to = &out[(c * ht + y) * w + x];

		*to = P(colour[c], y, x);
		if (c != 1 && colour_at(s->pattern, y, x) == 1)
			*to = P(green, y, x) + by * colour_between(colour[c], green, y, x, 0, 1) +
			      (1 - by) * colour_between(colour[c], green, y, x, 1, 0);
	}
#undef EACH
	free(vh);
	free(pq);
	for (int c = 0; c < 3; c++)
		free(colour[c]);
	return out;
}

/* Whole numbers, so that sums and thresholds of VNG are exact in f32. */
static double random_scene(double x, double y, int c)
{
	return floor(3000 + 1000 * sin(x * 0.3 + c) * cos(y * 0.2 - c)) + (double)below(2000);
}

/* RCD decides by comparing shares, which f32 and f64 may do otherwise once in a long while. */
static void test_references(void)
{
	size_t samples = 0, wrong[4] = {0};

	for (int turn = 0; turn < 8; turn++) {
		struct scene s = scene_new(
			13 + below(280), 13 + below(90), patterns[turn % 4], random_scene);
		double *in = padded(&s), *rcd = plain_rcd(&s, in);
		size_t plane = s.width * s.height;

		samples += 3 * plane;
		for (int method = 0; method < 4; method++) {
			float *out;

			if (method == DEBAYER_SUPERPIXEL)
				continue;
			out = debayered(&s, (enum debayer_method)method, 1);
			for (size_t i = 0; i < 3 * plane; i++) {
				long y = (long)(i % plane / s.width), x = (long)(i % s.width);
				int c = (int)(i / plane);
				double right = method == DEBAYER_RCD ? rcd[i]
					       : method == DEBAYER_VNG
						       ? plain_vng(&s, in, y, x, c)
						       : plain_bilinear(&s, in, y, x, c);

				wrong[method] += !(fabs((double)out[i] - right) < 0.02);
			}
			free(out);
		}
		free(in);
		free(rcd);
		scene_free(&s);
	}
	for (int method = 0; method < 4; method++)
		if (method != DEBAYER_SUPERPIXEL)
			check(wrong[method] <= (method == DEBAYER_RCD ? samples / 20000 : 0),
				"%s is what the plain reference says, but for %zu of %zu",
				names[method], wrong[method], samples);
}

static double flat(double x, double y, int c)
{
	static const double colour[] = {812, 1301, 407};

	(void)x;
	(void)y;
	return colour[c];
}

static double ramp(double x, double y, int c)
{
	return 1000 + 3 * x + 2 * y + 100 * c;
}

static double worst_of(const struct scene *s, const float *out, size_t border)
{
	double worst = 0;

	for (size_t c = 0; c < 3; c++)
		for (size_t y = border; y < s->height - border; y++)
			for (size_t x = border; x < s->width - border; x++) {
				size_t i = (c * s->height + y) * s->width + x;

				worst = fmax(worst, fabs((double)out[i] - (double)s->truth[i]));
			}
	return worst;
}

static void test_fields(void)
{
	for (int method = 0; method < 4; method++) {
		double of_flat = 0, of_ramp = 0;

		if (method == DEBAYER_SUPERPIXEL)
			continue;
		for (int p = 0; p < 4; p++) {
			struct scene s = scene_new(300, 70, patterns[p], flat);
			float *out = debayered(&s, (enum debayer_method)method, 2);

			of_flat = fmax(of_flat, worst_of(&s, out, 0));
			free(out);
			scene_free(&s);
			s = scene_new(300, 70, patterns[p], ramp);
			out = debayered(&s, (enum debayer_method)method, 2);
			of_ramp = fmax(of_ramp, worst_of(&s, out, 8));
			free(out);
			scene_free(&s);
		}
		check(of_flat < (method == DEBAYER_BILINEAR ? 1e-9 : 1e-3),
			"%s: a flat field of colours: to %.2g", names[method], of_flat);
		check(of_ramp < (method == DEBAYER_RCD ? 0.2 : 1e-3), "%s: a ramp: to %.2g",
			names[method], of_ramp);
	}
}

/* Nebula-like waves of one brightness in three colours, with edges. */
static double planted(double x, double y, int c)
{
	static const double colour[] = {1.2, 1, 0.7};
	double v = 2000 + 900 * sin(x * 0.21 + y * 0.17) * sin(y * 0.31) +
		   (hypot(x - 90, y - 70) < 40 ? 2500 : 0) + (fmod(x + 0.6 * y, 37) < 4 ? 800 : 0);

	return v * colour[c];
}

static double psnr(const struct scene *s, const float *out)
{
	double sum = 0, n = 0;

	for (size_t c = 0; c < 3; c++)
		for (size_t y = 8; y < s->height - 8; y++)
			for (size_t x = 8; x < s->width - 8; x++, n++) {
				size_t i = (c * s->height + y) * s->width + x;

				sum += pow((double)out[i] - (double)s->truth[i], 2);
			}
	return 10 * log10(6000.0 * 6000 * n / sum);
}

static void test_scene(void)
{
	struct scene s = scene_new(200, 150, "GRBG", planted);
	double got[4] = {0};

	for (int method = 0; method < 4; method++) {
		float *out;

		if (method == DEBAYER_SUPERPIXEL)
			continue;
		out = debayered(&s, (enum debayer_method)method, 1);
		got[method] = psnr(&s, out);
		free(out);
	}
	check(fmin(got[DEBAYER_RCD], got[DEBAYER_VNG]) > got[DEBAYER_BILINEAR] + 3,
		"a scene with edges: PSNR rcd %.1f, vng %.1f, bilinear %.1f dB", got[DEBAYER_RCD],
		got[DEBAYER_VNG], got[DEBAYER_BILINEAR]);
	scene_free(&s);
}

static double star_x, star_y;

static double star(double x, double y, int c)
{
	static const double colour[] = {0.8, 1, 0.9};

	return 300 + 20000 * colour[c] *
			     exp(-(pow(x - star_x, 2) + pow(y - star_y, 2)) / (2 * 1.4 * 1.4));
}

/* How far a star's centre of green, in a window of 15 x 15, lies from the truth. */
static double shift_of(const struct scene *s, const float *out, double *x, double *y)
{
	double sum = 0, sx = 0, sy = 0;

	for (long j = -7; j <= 7; j++)
		for (long i = -7; i <= 7; i++) {
			long py = lrint(star_y) + j, px = lrint(star_x) + i;
			double v =
				(double)out[(s->height + (size_t)py) * s->width + (size_t)px] - 300;

			sum += v;
			sx += v * (double)px;
			sy += v * (double)py;
		}
	*x += sx / sum - star_x;
	*y += sy / sum - star_y;
	return hypot(sx / sum - star_x, sy / sum - star_y);
}

static void test_stars(void)
{
	for (int method = 0; method < 4; method++) {
		double worst = 0, x = 0, y = 0;
		const int stars = 60;

		if (method == DEBAYER_SUPERPIXEL)
			continue;
		for (int i = 0; i < stars; i++) {
			struct scene s;
			float *out;

			star_x = 20 + (double)below(2000) / 1000;
			star_y = 20 + (double)below(2000) / 1000;
			s = scene_new(42, 42, patterns[i % 4], star);
			out = debayered(&s, (enum debayer_method)method, 1);
			worst = fmax(worst, shift_of(&s, out, &x, &y));
			free(out);
			scene_free(&s);
		}
		check(hypot(x, y) / stars < 0.005 && worst < (method == DEBAYER_VNG ? 0.03 : 0.005),
			"%s: centres of stars, in green: worst %.4f px, mean %.4f px",
			names[method], worst, hypot(x, y) / stars);
	}
}

static void test_superpixel(void)
{
	bool right = true;

	for (int turn = 0; turn < 8; turn++) {
		struct scene s =
			scene_new(2 + below(60), 2 + below(60), patterns[turn % 4], random_scene);
		float *out = debayered(&s, DEBAYER_SUPERPIXEL, 2);
		size_t w = s.width / 2, h = s.height / 2;

		for (size_t y = 0; y < h; y++)
			for (size_t x = 0; x < w; x++) {
				double sum[3] = {0}, n[3] = {0};

				for (size_t k = 0; k < 4; k++) {
					size_t c = (size_t)colour_at(
						s.pattern, (long)(k / 2), (long)(k % 2));

					n[c]++;
					sum[c] += (double)s.mosaic[(2 * y + k / 2) * s.width +
								   2 * x + k % 2];
				}
				for (size_t c = 0; c < 3; c++)
					right = right && fabs((double)out[(c * h + y) * w + x] -
								 sum[c] / n[c]) < 1e-3;
			}
		free(out);
		scene_free(&s);
	}
	check(right, "superpixels are the means of their cells' colours");
}

/* Around values of 0 and below, where a ratio says nothing. */
static double dark_scene(double x, double y, int c)
{
	(void)x;
	(void)y;
	return (double)below(2001) / 50 - 20 + (c == 1);
}

static void test_about_zero(void)
{
	struct scene s = scene_new(300, 200, "RGGB", dark_scene);
	float *out = debayered(&s, DEBAYER_RCD, 2);
	double sum = 0, most = 0;

	for (size_t i = 0; i < s.width * s.height; i++) {
		sum += (double)out[s.width * s.height + i];
		most = fmax(most, fabs((double)out[s.width * s.height + i]));
	}
	sum /= (double)(s.width * s.height);
	check(fabs(sum - 1) < 1 && most < 60,
		"rcd: noise about 0 keeps its mean, 1: %.2f, and bounds: %.1f", sum, most);
	free(out);
	scene_free(&s);
}

static void test_missing(void)
{
	struct scene s = scene_new(300, 150, "GRBG", planted);
	float *holed, *again;
	size_t plane = s.width * s.height, wrong[4] = {0}, differ = 0;
	double *in;

	for (int i = 0; i < 40; i++)
		s.mosaic[below(plane)] = NAN;
	for (size_t y = 60; y < 90; y++)
		for (size_t x = 240; x < 270; x++)
			s.mosaic[y * s.width + x] = NAN;
	in = padded(&s);
	for (int method = 0; method < 4; method++) {
		if (method == DEBAYER_SUPERPIXEL)
			continue;
		holed = debayered(&s, (enum debayer_method)method, 1);
		again = debayered(&s, (enum debayer_method)method, 2);
		for (size_t i = 0; i < 3 * plane; i++) {
			long y = (long)(i % plane / s.width), x = (long)(i % s.width);

			wrong[method] += isnan(plain_bilinear(&s, in, y, x, (int)(i / plane))) !=
					 isnan(holed[i]);
		}
		differ += memcmp(holed, again, 3 * plane * sizeof(*holed)) != 0;
		free(holed);
		free(again);
	}
	check(wrong[0] + wrong[2] + wrong[3] == 0, "no data is where bilinear means have none");
	check(differ == 0, "the same bytes on two threads");
	free(in);
	scene_free(&s);
}

static void test_small(void)
{
	bool right = true;

	for (int i = 0; i < 40; i++) {
		struct scene s = scene_new(2 + below(9), 2 + below(9), patterns[i % 4], flat);

		for (int method = 0; method < 4; method++) {
			float *out = debayered(&s, (enum debayer_method)method, 1);

			right = right &&
				(method == DEBAYER_SUPERPIXEL || worst_of(&s, out, 0) < 1e-2);
			free(out);
		}
		scene_free(&s);
	}
	check(right, "flat fields of 2 to 10 pixels a side");
}

int main(int argc, char **argv)
{
	unsigned x, y;

	seed_from(argc, argv);
	test_references();
	test_fields();
	test_scene();
	test_stars();
	test_superpixel();
	test_about_zero();
	test_missing();
	test_small();
	check(!mosaic_pattern("RGBG", &x, &y) && mosaic_pattern("BGGR", &x, &y) && x == 1 && y == 1,
		"patterns are four");
	return done();
}
