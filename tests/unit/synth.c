/* SPDX-License-Identifier: ISC */
/* The synthetic night is what its tables and its page say. */
#include "sky/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "sky/transform.h"

#define WIDTH 200
#define HEIGHT 160
#define FRAMES 2000 /* so that the sky hardly rises from one to the next */
#define PIXELS ((size_t)WIDTH * HEIGHT)

static uint64_t seed;

static struct synth_options plain(enum synth_kind kind)
{
	static const int green[FRAMES] = {[0] = 1, [1] = 1};

	return (struct synth_options){.width = WIDTH,
		.height = HEIGHT,
		.planes = 1,
		.colour = green,
		.kind = kind,
		.count = FRAMES,
		.seed = seed,
		.exposure_s = kind == SYNTH_BIAS ? 0 : 300,
		.fwhm = 3,
		.gain = 2,
		.hot = 1000};
}

static float *frame(const struct synth_options *o, size_t n, struct synth **keep)
{
	struct synth *s = synth_new(o, NULL);
	float *v = xaligned(PIXELS, sizeof(*v));

	synth_make_f32(s, n, v, NULL);
	if (keep)
		*keep = s;
	else
		synth_free(s);
	return v;
}

/* One star in an empty sky: the sums over the pixels give its place and its flux. */
static void star_is_where_the_table_says(void)
{
	bool place = true, flux = true;

	for (int i = 0; i < 20; i++) {
		struct synth_options o = plain(SYNTH_LIGHT), empty = o;
		struct synth *s, *bare;
		const struct synth_star *t;
		const struct synth_frame *f;
		double sum = 0, x = 0, y = 0, angle, dx, dy;
		struct point at;
		float *with, *without;

		o.seed = empty.seed = seed + (uint64_t)i;
		o.stars = 1;
		o.flux = 1e4;
		o.shift = empty.shift = 5;
		o.rotation = empty.rotation = 3;
		o.hot = empty.hot = 0;
		with = frame(&o, 1, &s);
		without = frame(&empty, 1, &bare);
		t = synth_star(s, 0);
		f = synth_frame(s, 1);
		angle = f->rotation * M_PI / 180;
		dx = t->x - WIDTH / 2.0;
		dy = t->y - HEIGHT / 2.0;
		at.x = cos(angle) * dx - sin(angle) * dy + WIDTH / 2.0 + f->dx;
		at.y = sin(angle) * dx + cos(angle) * dy + HEIGHT / 2.0 + f->dy;
		if (at.x > 25 && at.x < WIDTH - 25 && at.y > 25 && at.y < HEIGHT - 25 &&
			t->flux[1] < 1e5) {
			for (int b = -20; b <= 20; b++)
				for (int a = -20; a <= 20; a++) {
					size_t px = (size_t)(lround(at.x) + a),
					       py = (size_t)(lround(at.y) + b);
					size_t k = py * WIDTH + px;
					double e = (double)(with[k] - without[k]) / o.gain /
						   (double)synth_pixel(s, px, py).response;

					sum += e;
					/* wings and noise far out would move a centroid */
					e *= exp(-(a * a + b * b) / 18.0);
					x += e * (a + (double)lround(at.x) - at.x);
					y += e * (b + (double)lround(at.y) - at.y);
				}
			/* noise of the sum, and 0.004 of the profile beyond the square */
			flux = flux && fabs(sum / (t->flux[1] * f->transparency) - 1) < 0.05;
			place = place && hypot(x, y) / sum < 0.15;
		}
		free(with);
		free(without);
		synth_free(s);
		synth_free(bare);
	}
	check(place, "a star is where its table and its frame's say");
	check(flux, "it has its flux");
}

/* Two frames of empty sky: half the variance of their difference against their mean (photon
 * transfer). */
static void noise_is_the_gain_times_the_signal(void)
{
	struct synth_options o = plain(SYNTH_LIGHT);
	double mean = 0, square = 0, variance, want;
	size_t count = 0;
	float *a, *b;

	o.sky = 400;
	o.hot = 0;
	a = frame(&o, 0, NULL);
	b = frame(&o, 1, NULL);
	for (size_t k = 0; k < PIXELS; k++) {
		mean += (double)(a[k] + b[k]) / 2 - SYNTH_OFFSET;
		square += (double)(a[k] - b[k]) * (double)(a[k] - b[k]);
		count++;
	}
	mean /= (double)count;
	variance = square / (double)count / 2;
	want = o.gain * mean + o.gain * o.gain * SYNTH_READ_NOISE * SYNTH_READ_NOISE;
	printf("# variance %.1f, gain law %.1f adu^2\n", variance, want);
	check(fabs(variance / want - 1) < 0.05, "variance is gain times mean, and read noise");
	free(a);
	free(b);

	o = plain(SYNTH_BIAS);
	a = frame(&o, 0, NULL);
	b = frame(&o, 1, NULL);
	square = 0;
	for (size_t k = 0; k < PIXELS; k++)
		square += (double)(a[k] - b[k]) * (double)(a[k] - b[k]) / 2;
	variance = square / (double)PIXELS;
	check(fabs(sqrt(variance) / (o.gain * SYNTH_READ_NOISE) - 1) < 0.02,
		"two biases differ by the read noise");
	free(a);
	free(b);
}

/* A hot pixel is hot in lights and darks of the seed, and nowhere else. */
static void kinds_share_the_detector(void)
{
	struct synth_options dark = plain(SYNTH_DARK_FRAME), light = plain(SYNTH_LIGHT);
	struct synth_options flat = plain(SYNTH_FLAT);
	struct synth *s;
	float *d, *l, *f;
	size_t hot = 0;
	bool same = true, response = true;

	light.sky = 50;
	d = frame(&dark, 0, &s);
	l = frame(&light, 0, NULL);
	f = frame(&flat, 0, NULL);
	for (size_t y = 0; y < HEIGHT; y++)
		for (size_t x = 0; x < WIDTH; x++) {
			struct synth_pixel p = synth_pixel(s, x, y);
			size_t k = y * WIDTH + x;

			if ((double)p.hot * 300 > 300) {
				hot++;
				same = same && d[k] > SYNTH_OFFSET + 300 &&
				       l[k] > SYNTH_OFFSET + 300;
			}
			if (p.hot == 0)
				response =
					response && fabsf((f[k] - SYNTH_OFFSET) / (0.45f * 65535) -
							    p.response) < 0.06f;
		}
	check(hot > 0 && same, "hot pixels of darks and lights are the same");
	check(response, "a flat is the detector's response");
	synth_free(s);
	light.seed++;
	free(d);
	d = frame(&light, 0, NULL);
	check(memcmp(d, l, PIXELS * sizeof(*d)) != 0, "another seed is another night");
	free(d);
	free(l);
	free(f);
}

static void u16_is_f32_rounded(void)
{
	struct synth_options o = plain(SYNTH_LIGHT);
	struct synth *s;
	uint16_t *u = xaligned(PIXELS, sizeof(*u));
	bool right = true;
	float *v;

	o.sky = 20000;
	o.stars = 20;
	o.flux = 1e5;
	v = frame(&o, 0, &s);
	synth_make_u16(s, 0, u, NULL);
	for (size_t k = 0; k < PIXELS; k++)
		right = right && fabsf((float)u[k] - v[k]) <= 0.51f;
	check(right, "u16 is f32 rounded and clipped");
	free(u);
	free(v);
	synth_free(s);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	seed = random64();
	star_is_where_the_table_says();
	noise_is_the_gain_times_the_signal();
	kinds_share_the_detector();
	u16_is_f32_rounded();
	return done();
}
