/* SPDX-License-Identifier: ISC */
/*
 * How much of the time each bin of a spectrum is above a level, in the sense of ITU-R SM.1880: the
 * time of the rows above it over the time of all rows that have data there. NaN is no data.
 */
#ifndef LEAT_DSP_OCCUPANCY_H
#define LEAT_DSP_OCCUPANCY_H

#include <stddef.h>
#include <stdint.h>

struct occupancy;

struct occupancy_bin {
	uint64_t samples, above; /* counted, and of them above the level */
	uint64_t rows;
	double mean, max; /* power, the mean weighted by time; NaN without data */
};

struct occupancy *occupancy_new(size_t bins);
void occupancy_free(struct occupancy *o);

/* A row that stands for so many samples; above: of each bin, 0 or 1. */
void occupancy_row(struct occupancy *o, uint64_t samples, const float *power, const uint8_t *above);

struct occupancy_bin occupancy_bin(const struct occupancy *o, size_t bin);

#endif
