/* SPDX-License-Identifier: ISC */
#include "image/master.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "image/cards.h"
#include "image/file.h"
#include "sky/statistics.h"

#define EXPOSURE_SHARE 0.01 /* what masters may differ by without a word */
#define TEMPERATURE_C 2

void master_load(struct master *m, struct pool *pool)
{
	if (m->path)
		image_file_one(m->option, m->path, pool, &m->image, &m->meta);
}

static bool is_as_big(const struct image *i, size_t width, size_t height)
{
	return i->width == width && i->height == height;
}

void master_fit(struct master *m, const struct light *l, bool overscan, struct pool *pool)
{
	const struct image *frame = &l->image;
	const struct section *part = &l->part;
	struct image fitted = m->image;
	double level = 0;

	if (!m->path)
		return;
	if (fitted.planes != frame->planes ||
		(!is_as_big(&fitted, part->width, part->height) &&
			!is_as_big(&fitted, frame->width, frame->height)))
		die(EXIT_DATA,
			"%s: %s: has %zu x %zu pixels, %zu planes: the frame has %zu x %zu, %zu",
			m->option, m->path, fitted.width, fitted.height, fitted.planes,
			frame->width, frame->height, frame->planes);
	if (!is_as_big(&fitted, part->width, part->height)) {
		if (overscan)
			level = overscan_level(&m->image, &m->meta, pool);
		fitted.width = part->width;
		fitted.height = part->height;
		fitted.pixels = section_cut(part, &m->image);
		free((void *)m->image.pixels);
	}
	m->values = image_f32_new(&fitted, pool);
	for (size_t i = 0; level != 0 && i < image_count(&fitted); i++)
		m->values[i] -= (float)level;
	free((void *)fitted.pixels);
	fitted.pixels = NULL;
	m->image = fitted;
}

void master_check_pattern(const struct master *m, const struct light *l)
{
	const char *pattern = m->path ? image_bayer(&m->meta) : NULL;

	if (pattern && l->bayer && strcmp(pattern, l->bayer) != 0)
		die(EXIT_DATA, "%s: %s: has the mosaic %s: the frame has %s", m->option, m->path,
			pattern, l->bayer);
}

bool exposure_of_one(const struct meta *meta, double *exposure_s)
{
	int64_t frames;

	if (!meta_f64(meta, "exposure_s", exposure_s))
		return false;
	if (meta_i64(meta, "stack_count", &frames) && frames > 1)
		*exposure_s /= (double)frames;
	return true;
}

static void compare(double dark, double frame, double most, const char *what, struct str *text)
{
	if (fabs(dark - frame) > most)
		str_addf(text, "%sthe dark's %s (%g, the frame's %g)", text->len ? ", " : "", what,
			dark, frame);
}

static void compare_key(const struct meta *dark, const struct meta *frame, const char *key,
	double most, const char *what, struct str *text)
{
	double x, y;

	if (meta_f64(dark, key, &x) && meta_f64(frame, key, &y))
		compare(x, y, most, what, text);
}

void masters_compare(const struct master *dark, const struct master *flat, const struct light *l,
	bool scaled, struct str *text)
{
	const char *was = meta_get(&flat->meta, "filter"), *is = meta_get(l->meta, "filter");
	double x, y;

	if (!scaled && exposure_of_one(&dark->meta, &x) && exposure_of_one(l->meta, &y))
		compare(x, y, EXPOSURE_SHARE * fabs(y), "exposure in s", text);
	compare_key(&dark->meta, l->meta, "temperature_c", TEMPERATURE_C, "temperature in deg C",
		text);
	compare_key(&dark->meta, l->meta, "gain", 0, "gain", text);
	if (was && is && strcmp(was, is) != 0)
		str_addf(text, "%sthe flat's filter (%s, the frame's %s)", text->len ? ", " : "",
			was, is);
}

double overscan_level(const struct image *i, const struct meta *meta, struct pool *pool)
{
	struct image cut = *i;
	struct section part;
	double level;
	float *values;

	if (!section_of_card(meta, "BIASSEC", &part))
		return 0;
	if (!section_fits(&part, i))
		die(EXIT_DATA, "BIASSEC: reaches beyond the %zu x %zu pixels there are", i->width,
			i->height);
	cut.height = part.height;
	cut.width = part.width;
	cut.pixels = section_cut(&part, i);
	values = image_f32_new(&cut, pool);
	level = median_f32(values, image_count(&cut), pool);
	free((void *)cut.pixels);
	free(values);
	return level;
}

/* The card may hold anything: false if it is no number. */
static bool pedestal_of(const struct meta *meta, double *pedestal)
{
	char value[CARD_TEXT];

	return cards_value(meta, "~fits.card", "PEDESTAL", value) &&
	       parse_f64(value, false, pedestal);
}

double pedestal_shift(const struct master *m, const struct meta *of_frame)
{
	double frame = 0, master = 0;

	pedestal_of(of_frame, &frame);
	if (m->path && !pedestal_of(&m->meta, &master))
		return 0;
	return frame - master;
}
