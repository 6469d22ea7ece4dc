/* SPDX-License-Identifier: ISC */
/*
 * Spectra of any number of segments along one axis of time, for commands that draw them: rows in
 * bounded memory, centre frequencies and where they change, levels and axes. Samples are counted as
 * in the first segment. What goes wrong dies with EXIT_DATA.
 */
#ifndef LEAT_RADIO_TIMELINE_H
#define LEAT_RADIO_TIMELINE_H

#include "dsp/rowgrid.h"
#include "plot/chart.h"
#include "stream/spectra.h"

#define TIMELINE_SUBCHANNELS_MAX 256
#define TIMELINE_RETUNES_MAX 256

/* Zero-initialise. */
struct timeline {
	struct spectra_form form; /* of all segments; no subchannels before the first */
	struct rowgrid *grid;	  /* made by timeline_grid() */
	struct utc time0;
	bool has_time0, one_centre;
	bool elapsed; /* time is told from sample `origin` on, not as UTC */
	int64_t origin;
	double centre_hz[TIMELINE_SUBCHANNELS_MAX]; /* the latest; 0 = unknown */

	struct chart_marker retune[TIMELINE_RETUNES_MAX]; /* where the centre changes */
	int64_t retune_at[TIMELINE_RETUNES_MAX];
	size_t retunes;

	/* of the segment */
	bool first_row;		 /* is still to come */
	int64_t row_step, shift; /* samples; shift is added to its indices */

	/* A row that begins up to so many samples before the last one is drawn where that is. */
	int64_t slack, last_start;
};

/* A segment begins: its form, the metadata of its first frame, samples from row to row (> 0). */
void timeline_segment(struct timeline *t, const struct spectra_form *form, const struct meta *meta,
	int64_t row_step);

/*
 * After the first segment's begin: the resolution, see struct rowgrid_config. `time` is the most
 * pixels that time will have in a picture.
 */
#define TIMELINE_CAPACITY(time) (2 * (time) + 2) /* rows that are kept as they are */
void timeline_grid(struct timeline *t, size_t columns, size_t time, enum rowgrid_stat stat);

/*
 * Adds the row that begins k row_steps after `index` and stands for `steps` of them; meta is what
 * holds for it, needed with the first row of a segment only. A segment that would lie before what
 * there is goes behind it, with a warning; rows of one segment must not go back.
 */
void timeline_add(struct timeline *t, const struct meta *meta, int64_t index, uint64_t k,
	uint64_t steps, const float *row);

/* Levels in dB, [subchannels][time][columns], columns as rowgrid_render's width; to be freed. */
float *timeline_levels(const struct timeline *t, size_t time, size_t columns);

struct axis timeline_time_axis(const struct timeline *t);
struct axis timeline_band_axis(const struct timeline *t, size_t subchannel);

/* Sets the markers of the retunes for a picture in which time has so many pixels. */
void timeline_place_markers(struct timeline *t, size_t time);

#endif
