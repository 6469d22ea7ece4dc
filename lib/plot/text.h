/* SPDX-License-Identifier: ISC */
/*
 * The few ways in which pictures are lettered, with cairo and the system's sans-serif font. Texts
 * are UTF-8 of one line; what is not UTF-8 and control characters appear as \xHH, and more than
 * TEXT_MAX - 1 bytes are cut.
 */
#ifndef LEAT_PLOT_TEXT_H
#define LEAT_PLOT_TEXT_H

#include <cairo.h>
#include <stddef.h>

#include "base/err.h"

#define TEXT_MAX 256

enum text_style {
	TEXT_PLAIN,  /* 12 px */
	TEXT_UPWARD, /* the same, turned to be read from below */
	TEXT_TITLE,  /* 14 px, bold */
	TEXT_STYLES
};

struct fonts {
	cairo_scaled_font_t *font[TEXT_STYLES];
	int figure_height; /* of "0" in TEXT_PLAIN, px */
};

/* Loads all fonts; later calls of the functions below open no file. */
int fonts_load(struct fonts *fonts, struct error *e);
void fonts_free(struct fonts *fonts);

/* Length of a line of text along its own direction in px, rounded up. */
int text_length(const struct fonts *fonts, enum text_style style, const char *text);

/* Writes text from (x, y), the left end of its base line, with the colour set in cr. */
void text_draw(cairo_t *cr, const struct fonts *fonts, enum text_style style, double x, double y,
	const char *text);

/*
 * Copies text to out, cut with an ellipsis where it would be longer than `room` px; out is empty if
 * not even that has room.
 */
void text_fit(const struct fonts *fonts, enum text_style style, int room, const char *text,
	char out[TEXT_MAX]);

#endif
