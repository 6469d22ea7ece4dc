/* SPDX-License-Identifier: ISC */
/* A frame: the scene drawn on the detector. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/synth_parts.h"
#include "sky/transform.h"

#define ROWS 32		   /* made by a thread at a time */
#define RADIUS_MAX 160	   /* px, to which a star's profile is drawn */
#define PROFILE_FAINT 0.03 /* electrons: below this a profile is not drawn */
#define TRAIL 900.0	   /* electrons, in the middle of a trail */
#define TRAIL_WIDTH 2.5	   /* px, of its profile (1 + d^2 / width^2)^-3 */

/* How strong stars aside, the sky and the nebula are in red, green and blue. */
static const float sky_colour[3] = {1.1f, 1, 0.8f}, nebula_colour[3] = {1.5f, 0.7f, 0.9f};

/* One frame in the making. */
struct making {
	const struct synth *s;
	const struct synth_frame *f;
	size_t number, plane, blocks;
	double cosine, sine; /* of its rotation */
	uint16_t *u16;
	float *f32;
};

static struct point place(const struct making *m, const struct synth_star *star)
{
	double half_x = 0.5 * (double)m->s->o.width, half_y = 0.5 * (double)m->s->o.height;
	double x = star->x - half_x, y = star->y - half_y;

	return (struct point){m->cosine * x - m->sine * y + half_x + m->f->dx,
		m->sine * x + m->cosine * y + half_y + m->f->dy};
}

/* The colour of a pixel: of the plane, or of its place in the mosaic. */
static inline int colour_at(const struct making *m, size_t x, size_t y)
{
	const struct synth_options *o = &m->s->o;

	if (o->cfa)
		return m->s->cfa[y & 1][x & 1];
	return o->planes == 3 ? (int)m->plane : o->colour[m->number];
}

static void draw_nebula(const struct making *m, size_t row, float *nebula)
{
	size_t width = m->s->o.width;
	double half_x = 0.5 * (double)width, half_y = 0.5 * (double)m->s->o.height;
	double v = (double)row - half_y - m->f->dy;

	memset(nebula, 0, width * sizeof(*nebula));
	for (int i = 0; i < CLOUDS; i++) {
		const struct cloud *c = &m->s->cloud[i];
		/* its place is linear in the column */
		double u = -half_x - m->f->dx;
		float x0 = (float)((m->cosine * u + m->sine * v + half_x - c->x) * c->scale_x);
		float y0 = (float)((-m->sine * u + m->cosine * v + half_y - c->y) * c->scale_y);
		float step_x = (float)(m->cosine * c->scale_x);
		float step_y = (float)(-m->sine * c->scale_y);
		float amount = (float)(c->amount * m->f->transparency);

		for (size_t k = 0; k < width; k++) {
			float x = x0 + step_x * (float)(int)k, y = y0 + step_y * (float)(int)k;
			float q = 1 + x * x + y * y;

			nebula[k] += amount / (q * q);
		}
	}
}

static void draw_sky(const struct making *m, size_t row, const float *nebula, float *electrons)
{
	size_t width = m->s->o.width;
	float first = (float)(m->f->sky * (1 - 0.07 * (double)row / (double)m->s->o.height));
	float step = (float)(m->f->sky * 0.12 / (double)width);

	for (size_t odd = 0; odd < 2; odd++) {
		int colour = colour_at(m, odd, row);

		for (size_t k = odd; k < width; k += 2)
			electrons[k] = sky_colour[colour] * (first + step * (float)(int)k) +
				       nebula_colour[colour] * nebula[k];
	}
}

/* The part of a star in rows top … bottom-1: Moffat's profile with beta = 3, at pixel centres. */
static void draw_star(const struct making *m, const struct synth_star *star, size_t top,
	size_t bottom, float *electrons)
{
	size_t width = m->s->o.width;
	struct point at = place(m, star);
	double alpha = m->f->fwhm / (2 * sqrt(cbrt(2) - 1));
	double peak = 2 / (M_PI * alpha * alpha) * m->f->transparency, most = star->flux[1] * peak;
	double radius = alpha * sqrt(cbrt(most * 1.3 / PROFILE_FAINT));
	double shrink = 1 / alpha;
	long left, right, first, last;

	radius = radius > 6 * alpha ? radius : 6 * alpha;
	radius = radius < RADIUS_MAX ? radius : RADIUS_MAX;
	if (at.y + radius < (double)top || at.y - radius >= (double)bottom || at.x + radius < 0 ||
		at.x - radius >= (double)width)
		return;
	left = at.x > radius ? (long)(at.x - radius) : 0;
	right = (long)(at.x + radius) + 1 < (long)width ? (long)(at.x + radius) + 1 : (long)width;
	first = at.y - radius > (double)top ? (long)(at.y - radius) : (long)top;
	last = at.y + radius + 1 < (double)bottom ? (long)(at.y + radius) + 1 : (long)bottom;
	for (long y = first; y < last; y++) {
		float dy = (float)(((double)y - at.y) * shrink), q0 = 1 + dy * dy;
		float *row = electrons + ((size_t)y - top) * width;
		float amount[2];

		for (size_t odd = 0; odd < 2; odd++)
			amount[odd] = (float)(star->flux[colour_at(m, odd, (size_t)y)] * peak);
		for (long x = left; x < right; x++) {
			float dx = (float)(((double)x - at.x) * shrink), q = q0 + dx * dx;

			row[x] += amount[x & 1] / (q * q * q);
		}
	}
}

static void draw_trail(const struct making *m, size_t row, float *electrons)
{
	double angle = m->f->trail_angle * (M_PI / 180), sine = sin(angle), cosine = cos(angle);
	float step = (float)(sine / TRAIL_WIDTH);
	float from = (float)((-m->f->trail_x * sine - ((double)row - m->f->trail_y) * cosine) /
			     TRAIL_WIDTH);

	for (size_t k = 0; k < m->s->o.width; k++) {
		float d = from + step * (float)(int)k, q = 1 + d * d;

		/* so faint beyond that it is no more than the sky's own noise */
		if (q < 30)
			electrons[k] += (float)TRAIL / (q * q * q);
	}
}

/* A flat's light is even, 0.45 of full scale within 0.02. */
static void draw_flat(const struct making *m, size_t row, float *electrons)
{
	double level = 0.45 * SYNTH_MAX / m->s->o.gain *
		       (1 + 0.04 * (uniform(key_of(m->s, OF_FRAMES, m->number), 8) - 0.5));

	for (size_t k = 0; k < m->s->o.width; k++)
		electrons[k] = (float)level * sky_colour[colour_at(m, k, row)] / sky_colour[1];
}

/* Straight tracks of 2 to 7 px, of 1000 to 3250 electrons each. */
static void draw_cosmic(const struct making *m, size_t top, size_t bottom, float *electrons)
{
	const struct synth_options *o = &m->s->o;
	uint64_t key = key_of(m->s, OF_COSMIC, m->number * 64 + m->plane * 8 + (unsigned)o->kind);

	for (uint64_t i = 0; i < o->cosmic; i++) {
		uint64_t ray = hash(key, i), length = 2 + hash(ray, 0) % 6;
		double x = uniform(ray, 1) * (double)o->width;
		double y = uniform(ray, 2) * (double)o->height;
		double angle = 2 * M_PI * uniform(ray, 3), cosine = cos(angle), sine = sin(angle);

		for (uint64_t t = 0; t < length; t++) {
			double a = x + (double)t * cosine, b = y + (double)t * sine;

			if (a >= 0 && a < (double)o->width && b >= (double)top &&
				b < (double)bottom)
				electrons[((size_t)b - top) * o->width + (size_t)a] +=
					(float)(1000 + 2250 * uniform(ray, 4 + t));
		}
	}
}

static void expose(const struct making *m, size_t row, float *electrons, float *noise)
{
	const struct synth *s = m->s;
	size_t width = s->o.width;
	uint64_t part = (m->number * 4 + (unsigned)s->o.kind) * 4 + m->plane;
	uint64_t key = hash(key_of(s, OF_NOISE, part), row);
	const float *response = s->response + row * width, *hot = s->hot + row * width;
	float dark = (float)(SYNTH_DARK * s->o.exposure_s), exposure = (float)s->o.exposure_s;

	for (size_t k = 0; k < width; k++)
		noise[k] = gauss(s->quantile, hash(key, k));
	for (size_t k = 0; k < width; k++) {
		float e = electrons[k] * response[k] + (dark + hot[k] * exposure);

		electrons[k] =
			e + sqrtf(e + (float)(SYNTH_READ_NOISE * SYNTH_READ_NOISE)) * noise[k];
	}
}

static void digitise(const struct making *m, size_t row, const float *electrons)
{
	size_t width = m->s->o.width, at = (m->plane * m->s->o.height + row) * width;
	float gain = (float)m->s->o.gain;
	const float *column = m->s->column;

	if (m->f32) {
		float *f32 = m->f32 + at;

		for (size_t k = 0; k < width; k++) {
			float v = SYNTH_OFFSET + column[k] + gain * electrons[k];

			f32[k] = v < SYNTH_MAX ? v : SYNTH_MAX;
		}
		return;
	}
	for (size_t k = 0; k < width; k++) {
		float v = SYNTH_OFFSET + column[k] + gain * electrons[k] + 0.5f;

		v = v > 0 ? v : 0;
		m->u16[at + k] = (uint16_t)(int)(v < SYNTH_MAX ? v : SYNTH_MAX);
	}
}

/* Some rows of a plane. */
static void make_block(void *arg, size_t block, unsigned worker)
{
	struct making m = *(struct making *)arg;
	const struct synth_options *o = &m.s->o;
	size_t top, bottom;
	float *electrons = xaligned(ROWS * o->width, sizeof(*electrons));
	float *row = xaligned(o->width, sizeof(*row));

	(void)worker;
	m.plane = block / m.blocks;
	top = block % m.blocks * ROWS;
	bottom = top + ROWS < o->height ? top + ROWS : o->height;
	memset(electrons, 0, ROWS * o->width * sizeof(*electrons));
	for (size_t y = top; y < bottom; y++) {
		if (o->kind == SYNTH_FLAT)
			draw_flat(&m, y, electrons + (y - top) * o->width);
		if (o->kind != SYNTH_LIGHT)
			continue;
		draw_nebula(&m, y, row);
		draw_sky(&m, y, row, electrons + (y - top) * o->width);
		if (m.f->trail)
			draw_trail(&m, y, electrons + (y - top) * o->width);
	}
	for (size_t i = 0; i < o->stars && o->kind == SYNTH_LIGHT; i++)
		draw_star(&m, &m.s->star[i], top, bottom, electrons);
	for (size_t y = top; y < bottom; y++)
		expose(&m, y, electrons + (y - top) * o->width, row);
	if (o->kind == SYNTH_LIGHT || o->kind == SYNTH_DARK_FRAME)
		draw_cosmic(&m, top, bottom, electrons);
	for (size_t y = top; y < bottom; y++)
		digitise(&m, y, electrons + (y - top) * o->width);
	free(electrons);
	free(row);
}

static void make(const struct synth *s, size_t n, uint16_t *u16, float *f32, struct pool *pool)
{
	const struct synth_frame *f = &s->frame[n];
	double angle = f->rotation * (M_PI / 180);
	struct making m = {.s = s,
		.f = f,
		.number = n,
		.blocks = (s->o.height + ROWS - 1) / ROWS,
		.cosine = cos(angle),
		.sine = sin(angle),
		.u16 = u16,
		.f32 = f32};

	pool_run(pool, s->o.planes * m.blocks, make_block, &m);
}

void synth_make_u16(const struct synth *s, size_t n, uint16_t *out, struct pool *pool)
{
	make(s, n, out, NULL, pool);
}

void synth_make_f32(const struct synth *s, size_t n, float *out, struct pool *pool)
{
	make(s, n, NULL, out, pool);
}
