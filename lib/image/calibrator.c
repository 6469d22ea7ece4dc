/* SPDX-License-Identifier: ISC */
#include "image/calibrator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/cards.h"

#define NEGATIVE_SHARE 0.2 /* of pixels: more of them, and the masters hardly fit */
#define SCALE_SIDE 512	   /* px in the middle, in which the scale of least noise is looked for */
#define ROUNDING 0.289	   /* the noise of values rounded to integers */

struct section calibrator_part(
	const struct calibrator *c, const struct image *i, const struct meta *meta)
{
	struct section part = {0, 0, i->width, i->height};

	if (c->trims_by_cards && !section_of_card(meta, "TRIMSEC", &part) &&
		!section_of_card(meta, "DATASEC", &part))
		die(EXIT_DATA, "--trim auto: the frame has no card TRIMSEC or DATASEC");
	if (c->trims && !c->trims_by_cards)
		part = c->part;
	if (!section_fits(&part, i))
		die(EXIT_DATA, "--trim: %zu,%zu,%zu,%zu: outside of the frame's %zu x %zu pixels",
			part.left, part.top, part.width, part.height, i->width, i->height);
	return part;
}

static void find_defects(struct calibrator *c)
{
	const struct image *i = &c->dark.image;
	double hot = c->hot > 0 ? c->hot : INFINITY, cold = c->cold > 0 ? c->cold : INFINITY;

	if (c->hot > 0 || c->cold > 0)
		defects_find(c->dark.values, i->planes, i->height, i->width, hot, cold,
			dtype_float(i->dtype) ? 0 : ROUNDING, c->pool, &c->defects);
}

static void prepare_flat(struct calibrator *c, const struct section *part)
{
	size_t plane = part->width * part->height;
	struct error e;

	for (size_t p = 0; c->flat.values && p < c->flat.image.planes; p++)
		if (flat_to_factor(c->flat.values + p * plane, part->height, part->width,
			    c->equalize, &c->holes, &e))
			die(e.code, "--flat: %s: %s", c->flat.path, e.text);
}

static void make_ready(struct calibrator *c, const struct light *l)
{
	size_t n = l->image.planes * l->part.width * l->part.height;

	master_fit(&c->bias, l, c->trims_by_cards, c->pool);
	master_fit(&c->dark, l, c->trims_by_cards, c->pool);
	master_fit(&c->flat, l, c->trims_by_cards, c->pool);
	find_defects(c);
	prepare_flat(c, &l->part);
	if (c->scale != SCALE_NONE) {
		c->slope = xaligned(n, sizeof(*c->slope));
		for (size_t i = 0; i < n; i++)
			c->slope[i] = c->dark.values[i] - c->bias.values[i];
	}
	c->calibration = (struct calibration){l->image.planes, l->part.height, l->part.width,
		c->dark.values && !c->slope ? c->dark.values : c->bias.values, c->slope,
		c->flat.values};
	c->out = xaligned(n, sizeof(*c->out));
	c->ready = true;
}

static double exposure_of(const struct meta *meta, const char *whose)
{
	double exposure;

	if (!exposure_of_one(meta, &exposure) || !(exposure > 0))
		die(EXIT_DATA, "--dark-scale exp: the %s has no exposure_s above 0", whose);
	return exposure;
}

/* Values in the middle of the first plane of an image, `part` being what is kept of it. */
static float *middle_values(
	const struct image *i, const struct section *part, size_t *height, size_t *width)
{
	size_t h = part->height < SCALE_SIDE ? part->height : SCALE_SIDE;
	size_t w = part->width < SCALE_SIDE ? part->width : SCALE_SIDE;
	struct section middle = {
		part->left + (part->width - w) / 2, part->top + (part->height - h) / 2, w, h};
	struct image cut = *i;
	float *values;

	cut.planes = 1;
	cut.pixels = section_cut(&middle, &cut);
	cut.height = *height = h;
	cut.width = *width = w;
	values = image_f32_new(&cut, NULL);
	free((void *)cut.pixels);
	return values;
}

static double least_noise(const struct calibrator *c, const struct light *l)
{
	const struct section whole = {0, 0, l->part.width, l->part.height};
	struct image bias = c->bias.image, slope = c->dark.image;
	size_t height, width;
	float *light, *less, *dark;
	double k;

	bias.dtype = slope.dtype = DTYPE_F32;
	bias.pixels = c->bias.values;
	slope.pixels = c->slope;
	light = middle_values(&l->image, &l->part, &height, &width);
	less = middle_values(&bias, &whole, &height, &width);
	dark = middle_values(&slope, &whole, &height, &width);
	for (size_t i = 0; i < height * width; i++)
		light[i] -= less[i];
	k = dark_scale_find(light, dark, height, width);
	free(light);
	free(less);
	free(dark);
	return k;
}

static double scale_of(const struct calibrator *c, const struct light *l)
{
	double k = c->given_scale;

	if (c->scale == SCALE_EXPOSURE)
		k = exposure_of(l->meta, "frame") / exposure_of(&c->dark.meta, "dark");
	else if (c->scale == SCALE_AUTO)
		k = least_noise(c, l);
	if (c->scale != SCALE_NONE)
		note("dark scale %.4g", k);
	return k;
}

static void warn_of_masters(struct calibrator *c, const struct light *l)
{
	struct str mismatch = {0};
	char done[CARD_TEXT];

	if (!c->warned_masters) {
		masters_compare(&c->dark, &c->flat, l, c->scale != SCALE_NONE, &mismatch);
		if (mismatch.len)
			warn("masters do not match: %s", mismatch.p);
		c->warned_masters = mismatch.len > 0;
		str_free(&mismatch);
	}
	if (!c->warned_calibrated && cards_value(l->meta, "~fits.card", "CALSTAT", done) &&
		strpbrk(done, "BDF")) {
		warn("the frame says that it is calibrated already (CALSTAT '%s')", done);
		c->warned_calibrated = true;
	}
}

static void check(struct calibrator *c, const struct light *l)
{
	const struct calibration *k = &c->calibration;

	if (l->image.display)
		die(EXIT_DATA, "expects linear values (unit adu), got unit display");
	if (c->equalize && !l->bayer)
		die(EXIT_DATA, "--equalize-cfa: the frame has no mosaic of colours (%%bayer)");
	if (!c->ready)
		make_ready(c, l);
	if (l->image.planes != k->planes || l->part.height != k->height ||
		l->part.width != k->width)
		die(EXIT_DATA,
			"frame of %zu x %zu pixels, %zu planes: those before have %zu x %zu, %zu",
			l->part.width, l->part.height, l->image.planes, k->width, k->height,
			k->planes);
	master_check_pattern(&c->bias, l);
	master_check_pattern(&c->dark, l);
	master_check_pattern(&c->flat, l);
	warn_of_masters(c, l);
}

static void count_negative(struct calibrator *c, size_t negative, size_t n)
{
	double share = (double)negative / (double)n;

	if (share <= NEGATIVE_SHARE)
		return;
	if (c->negative_frames++ == 0)
		warn("%.0f %% of the pixels are below 0: dark or bias too bright for this frame?",
			100 * share);
}

/* What cards of values say now: the letters of bias, dark and flat; what adds to 0 again. */
static void add_cards(const struct calibrator *c, const struct meta *meta, struct meta *own)
{
	const bool is[] = {c->bias.path || c->dark.path, c->dark.path, c->flat.path};
	char text[CARD_TEXT], before[CARD_TEXT] = "", done[4] = "", number[NUMBER_TEXT];
	size_t n = 0;

	cards_value(meta, "~fits.card", "CALSTAT", before);
	for (size_t i = 0; i < COUNT_OF(is); i++)
		if (is[i] || strchr(before, "BDF"[i]))
			done[n++] = "BDF"[i];
	if (n > 0) {
		snprintf(text, sizeof(text), "CALSTAT = '%-8s'", done);
		meta_add(own, "~fits.card", text);
	}
	if (c->pedestal != 0) {
		snprintf(text, sizeof(text), "PEDESTAL= %20s", format_f64(number, -c->pedestal));
		meta_add(own, "~fits.card", text);
	}
}

void calibrator_frame(struct calibrator *c, const struct image *image, const struct meta *meta,
	struct image *out, struct meta *own)
{
	struct light l = {*image, meta, calibrator_part(c, image, meta), NULL};
	struct raw_frame raw = {.dtype = image->dtype,
		.stride = image->width,
		.plane_stride = image_plane(image),
		.add = c->pedestal};

	if (image->planes == 1)
		l.bayer = image_bayer(meta);
	check(c, &l);
	raw.pixels = (const char *)image->pixels +
		     (l.part.top * image->width + l.part.left) * dtype_size(image->dtype);
	raw.scale = scale_of(c, &l);
	raw.shift = pedestal_shift(c->dark.path ? &c->dark : &c->bias, meta);
	if (c->trims_by_cards)
		raw.shift -= overscan_level(image, meta, c->pool);
	*out = *image;
	out->dtype = DTYPE_F32;
	out->height = l.part.height;
	out->width = l.part.width;
	out->pixels = c->out;
	count_negative(c, calibrate(c->out, &c->calibration, &raw, c->pool), image_count(out));
	if (c->defects.count > 0)
		defects_mend(&c->defects, c->out, l.bayer ? 2 : 1, c->pool);
	if (c->trims)
		section_meta(own, meta, &l.part);
	add_cards(c, meta, own);
}
