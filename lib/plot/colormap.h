/* SPDX-License-Identifier: ISC */
/*
 * Colour maps: those of matplotlib by name, each of its 256 entries within 1/255 of matplotlib's
 * (magma, viridis, plasma, inferno: van der Walt and Smith 2015; cividis: Nunez, Anderton and
 * Renslow 2018; turbo: Mikhailov 2019).
 */
#ifndef LEAT_PLOT_COLORMAP_H
#define LEAT_PLOT_COLORMAP_H

#include <stddef.h>
#include <stdint.h>

#define COLORMAP_SIZE 256

enum colormap_name {
	COLORMAP_MAGMA,
	COLORMAP_VIRIDIS,
	COLORMAP_PLASMA,
	COLORMAP_INFERNO,
	COLORMAP_CIVIDIS,
	COLORMAP_TURBO,
	COLORMAP_JET,
	COLORMAP_HOT,
	COLORMAP_COOL,
	COLORMAP_RAINBOW,
	COLORMAP_GRAY,
	COLORMAP_COUNT
};

/* The names in the order of the enum, for an option's choices. */
#define COLORMAP_NAMES "magma|viridis|plasma|inferno|cividis|turbo|jet|hot|cool|rainbow|gray"

/*
 * Red, green and blue of "no data": a light neutral grey, far from every colour of every map but
 * `gray`, where it is told from the data by its flatness alone.
 */
#define COLORMAP_NO_DATA 0xc0

/* Entry i stands for values in [i, i + 1) / 256 of the range. */
struct colormap {
	uint8_t rgb[COLORMAP_SIZE][3];
};

void colormap_make(struct colormap *map, enum colormap_name name);

/*
 * Colours `count` values: those at or below lo with the first entry, at or above hi with the last,
 * NaN with COLORMAP_NO_DATA. lo < hi, finite; the unit is that of the values (usually dB).
 */
void colormap_apply(const struct colormap *map, const float *values, size_t count, float lo,
	float hi, uint8_t *red, uint8_t *green, uint8_t *blue);

#endif
