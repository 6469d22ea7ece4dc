/* SPDX-License-Identifier: ISC */
/*
 * A synthetic night: frames of a made-up sky through a made-up detector, and the truth about them.
 *
 * Every value is a function of the seed, what it belongs to and its number (hashes instead of a
 * state), so frames may be made in any order and by any number of threads. One seed has one sky and
 * one detector: lights, darks, flats and biases of it fit together.
 *
 * Electrons of a pixel: (sky + transparency (nebula + stars) + trail) vignetting response + dark
 * current + hot; its value is offset + column + gain (electrons + noise), the noise Gaussian of
 * variance electrons + SYNTH_READ_NOISE^2, which cosmic rays come on top of.
 */
#ifndef LEAT_SKY_SYNTH_H
#define LEAT_SKY_SYNTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

#define SYNTH_READ_NOISE 1.5 /* electrons */
#define SYNTH_OFFSET 500     /* adu */
#define SYNTH_DARK 0.002     /* electrons a second, of a pixel that is not hot */
#define SYNTH_MAX 65535	     /* adu: values saturate here */

enum synth_kind { SYNTH_LIGHT, SYNTH_DARK_FRAME, SYNTH_FLAT, SYNTH_BIAS };

struct synth_options {
	size_t width, height; /* px */
	size_t planes;	      /* 1, or 3: red, green, blue */
	const int *colour;    /* [count] of one plane without a mosaic: 0 red, 1 green, 2 blue */
	const char *cfa;      /* mosaic of one plane, 4 of R, G, B; NULL = none */
	enum synth_kind kind;
	size_t count; /* frames of the night */
	uint64_t seed;
	double exposure_s; /* for dark current and hot pixels */
	size_t stars;	   /* in the field and a margin around it */
	double flux;	   /* electrons of the faintest star, in green */
	double fwhm;	   /* px, of the first frame; others up to 1.3 times that */
	double sky;	   /* electrons a pixel; rises by 0.3 over the night */
	double nebula;	   /* electrons a pixel, of its brightest part */
	double gain;	   /* adu an electron */
	double shift;	   /* px, the most in x and in y; the first frame has none */
	double rotation;   /* degrees, the most; the first frame has none */
	size_t trails;	   /* frames with a trail, never the first */
	size_t cosmic;	   /* cosmic rays to a light or a dark */
	size_t hot, cold;  /* pixels */
	bool *cloudy;	   /* [count]: frames with hardly a star; NULL = none */
};

/* Where the star would be in the first frame: px, the centre of the first pixel is (0, 0). */
struct synth_star {
	double x, y;
	double flux[3]; /* electrons of red, green, blue at transparency 1 */
};

/*
 * A point (x, y) of the first frame is at R (x - width/2, y - height/2) + (width/2 + dx, height/2 +
 * dy) in this one, R = (cos, -sin; sin, cos) of rotation.
 */
struct synth_frame {
	double dx, dy;	 /* px */
	double rotation; /* degrees */
	double fwhm;	 /* px */
	double transparency;
	double sky; /* electrons a pixel, in green, at the first pixel */
	bool trail;
	double trail_x, trail_y, trail_angle; /* px, degrees: a point of it and its direction */
};

struct synth;

/* The options' strings and arrays must stay. Needs 12 bytes a pixel. pool may be NULL. */
struct synth *synth_new(const struct synth_options *options, struct pool *pool);
void synth_free(struct synth *s);

/*
 * Makes frame n: planes * height * width values, u16 rounded and clipped to 0 … SYNTH_MAX; or as
 * f32, only clipped to SYNTH_MAX.
 */
void synth_make_u16(const struct synth *s, size_t n, uint16_t *out, struct pool *pool);
void synth_make_f32(const struct synth *s, size_t n, float *out, struct pool *pool);

const struct synth_star *synth_star(const struct synth *s, size_t i);
const struct synth_frame *synth_frame(const struct synth *s, size_t n);

/* electrons and side responses of the detector at a pixel, for tests and tables */
struct synth_pixel {
	float response; /* vignetting and sensitivity, 1 in the middle */
	float hot;	/* electrons a second */
};
struct synth_pixel synth_pixel(const struct synth *s, size_t x, size_t y);

#endif
