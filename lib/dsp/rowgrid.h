/* SPDX-License-Identifier: ISC */
/*
 * Any number of spectra in bounded memory, to become one picture. Rows are kept as they come until
 * there are too many; then the resolution in time is halved, again and again, by joining the rows
 * that fall into the same cell of a grid laid through the first row, whose cells are row_step * 2^k
 * samples long. What is kept of a cell knows where its data begin and end, so gaps cost nothing
 * and none as long as a cell is lost.
 *
 * Powers are linear. NaN means "no data": it joins nothing, and alone it stays NaN.
 */
#ifndef LEAT_DSP_ROWGRID_H
#define LEAT_DSP_ROWGRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rowgrid_stat { ROWGRID_MEAN, ROWGRID_MAX };

struct rowgrid_config {
	size_t subchannels, bins; /* shape of a row: [subchannels][bins], both > 0 */
	size_t columns;		  /* neighbouring bins are joined to this many, 1 … bins */
	size_t capacity;	  /* most cells kept, >= 4; twice the picture's height is plenty */
	enum rowgrid_stat stat;	  /* how rows and bins are joined */
};

struct rowgrid;

struct rowgrid *rowgrid_new(const struct rowgrid_config *config);
void rowgrid_free(struct rowgrid *grid);

/*
 * Adds a row that begins at sample `start` and stands for `step` (> 0) samples, by which it weighs
 * in a mean. Starts must not descend; false, with nothing done, if this one does.
 */
bool rowgrid_add(struct rowgrid *grid, int64_t start, int64_t step, const float *row);

/* The samples from the first row's start to the last row's end; false if there are no rows. */
bool rowgrid_extent(const struct rowgrid *grid, int64_t *from, int64_t *to);

/*
 * Makes the picture of one subchannel, out[height][width], pixel row 0 first in time, over exactly
 * the extent; rows may be added afterwards. A pixel row is the mean, weighted by time, or the
 * maximum of what lies in it; NaN where there is nothing. Columns are repeated or joined to make
 * the width. Without rows, all is NaN.
 */
void rowgrid_render(
	struct rowgrid *grid, size_t subchannel, size_t height, size_t width, float *out);

#endif
