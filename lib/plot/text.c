/* SPDX-License-Identifier: ISC */
#include "plot/text.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

#define ELLIPSIS "\xe2\x80\xa6"

static const struct {
	cairo_font_weight_t weight;
	double size_px;
	double turn; /* radians */
} styles[TEXT_STYLES] = {
	[TEXT_PLAIN] = {CAIRO_FONT_WEIGHT_NORMAL, 12, 0},
	[TEXT_UPWARD] = {CAIRO_FONT_WEIGHT_NORMAL, 12, -M_PI_2},
	[TEXT_TITLE] = {CAIRO_FONT_WEIGHT_BOLD, 14, 0},
};

/* Fixed, so that the desktop's settings for screens do not change pictures. */
static cairo_font_options_t *fixed_options(void)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	return options;
}

/* The turn is in the font, not in the context: there, cairo would look the font up again. */
static cairo_scaled_font_t *load(enum text_style style, const cairo_font_options_t *options)
{
	cairo_font_face_t *face = cairo_toy_font_face_create(
		"DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, styles[style].weight);
	cairo_scaled_font_t *font;
	cairo_matrix_t matrix, identity;

	cairo_matrix_init_identity(&identity);
	cairo_matrix_init_rotate(&matrix, styles[style].turn);
	cairo_matrix_scale(&matrix, styles[style].size_px, styles[style].size_px);
	font = cairo_scaled_font_create(face, &matrix, &identity, options);
	cairo_font_face_destroy(face);
	return font;
}

int fonts_load(struct fonts *fonts, struct error *e)
{
	cairo_font_options_t *options = fixed_options();
	cairo_status_t status = CAIRO_STATUS_SUCCESS;
	cairo_text_extents_t extents;

	for (int i = 0; i < TEXT_STYLES; i++) {
		fonts->font[i] = load((enum text_style)i, options);
		/* Measuring a glyph opens the font's file. */
		cairo_scaled_font_text_extents(fonts->font[i], "0", &extents);
		if (i == TEXT_PLAIN)
			fonts->figure_height = (int)lround(extents.height);
		if (status == CAIRO_STATUS_SUCCESS)
			status = cairo_scaled_font_status(fonts->font[i]);
	}
	cairo_font_options_destroy(options);
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	fonts_free(fonts);
	return fail(e, EXIT_UNAVAILABLE, "fonts: %s", cairo_status_to_string(status));
}

void fonts_free(struct fonts *fonts)
{
	for (int i = 0; i < TEXT_STYLES; i++)
		cairo_scaled_font_destroy(fonts->font[i]);
}

static char *clean(char out[TEXT_MAX], const char *text)
{
	return escape(out, TEXT_MAX, text, strlen(text));
}

int text_length(const struct fonts *fonts, enum text_style style, const char *text)
{
	cairo_text_extents_t extents;
	char safe[TEXT_MAX];

	cairo_scaled_font_text_extents(fonts->font[style], clean(safe, text), &extents);
	return (int)ceil(hypot(extents.x_advance, extents.y_advance));
}

void text_draw(cairo_t *cr, const struct fonts *fonts, enum text_style style, double x, double y,
	const char *text)
{
	char safe[TEXT_MAX];

	cairo_set_scaled_font(cr, fonts->font[style]);
	cairo_move_to(cr, x, y);
	cairo_show_text(cr, clean(safe, text));
}

void text_fit(const struct fonts *fonts, enum text_style style, int room, const char *text,
	char out[TEXT_MAX])
{
	size_t n;

	clean(out, text);
	if (text_length(fonts, style, out) <= room)
		return;
	n = strnlen(out, TEXT_MAX - sizeof(ELLIPSIS));
	do {
		while (n > 0 && ((unsigned char)out[n] & 0xc0) == 0x80)
			n--;
		memcpy(out + n, ELLIPSIS, sizeof(ELLIPSIS));
	} while (text_length(fonts, style, out) > room && n-- > 0);
	if (text_length(fonts, style, out) > room)
		out[0] = '\0';
}
