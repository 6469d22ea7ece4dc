/* SPDX-License-Identifier: ISC */
/*
 * A timeline as a picture of a given size: time to the right, frequency upward, the subchannels one
 * above the other, each with axes and a colour bar of its own. Dies with EXIT_USAGE if the picture
 * has too little room.
 */
#ifndef LEAT_RADIO_SPECTROGRAM_CHART_H
#define LEAT_RADIO_SPECTROGRAM_CHART_H

#include "radio/timeline.h"

struct spectrogram_chart {
	/* by the caller, before spectrogram_chart_fit() */
	struct timeline *line;
	struct colormap map;
	struct chart_fonts *fonts; /* loaded */
	size_t width;		   /* of the whole picture, px */
	bool axes, colorbar;
	const char *title; /* NULL = none */

	size_t height;	    /* of the whole picture */
	size_t data_height; /* of a data area */
	struct axis time;
};

/* When the line's form is known: makes its grid, as fine as a picture of this height can show. */
void spectrogram_chart_fit(struct spectrogram_chart *c, size_t height);

/* Levels in dB, [subchannels][width][data_height], of so many px of time; to be freed. */
float *spectrogram_chart_levels(const struct spectrogram_chart *c, size_t width);

/* The picture, u8 [3][height][width] top-down, to be freed. level: the range of the colours. */
uint8_t *spectrogram_chart_draw(struct spectrogram_chart *c, const struct axis *level);

#endif
