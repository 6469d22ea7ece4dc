/* SPDX-License-Identifier: ISC */
/* Axes: where round values lie between two edges, and what is written beside them. */
#ifndef LEAT_PLOT_AXIS_H
#define LEAT_PLOT_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/utc.h"

enum axis_kind {
	AXIS_NUMBER,	/* the label is the name */
	AXIS_FREQUENCY, /* Hz, written in Hz, kHz, MHz or GHz */
	AXIS_UTC,	/* the label holds the date: "UTC 2024-06-27" */
	AXIS_ELAPSED,	/* time since index 0 of a stream that does not know its date */
};

/* What lies along one side of a picture, from its left or top edge to its right or bottom edge. */
struct axis {
	enum axis_kind kind;
	const char *name; /* "Frequency", "Frequency offset", "dBFS"; unused for AXIS_UTC */
	double from, to;  /* numbers and frequencies; from < to, else there are no ticks */
	struct utc start; /* times; of AXIS_ELAPSED: the time passed at the first edge */
	int64_t span_ns;  /* times, > 0 */
};

/* The time axis of samples from … to (not included) of a signal; time0 is that of index 0, or NULL.
 */
struct axis axis_of_samples(int64_t from, int64_t to, struct rate rate, const struct utc *time0);

/* A band that begins low_hz from the centre; a centre of 0 is an unknown one. */
struct axis axis_of_band(double centre_hz, double low_hz, double width_hz);

/* "1024 → 1030 MHz" */
#define AXIS_CHANGE_TEXT 96
void axis_change_text(char out[AXIS_CHANGE_TEXT], double from_hz, double to_hz);

#define AXIS_TICKS_MAX 64

struct axis_tick {
	double position; /* 0 at the first edge … 1 at the last */
	char text[32];
};

struct axis_ticks {
	size_t count;
	struct axis_tick tick[AXIS_TICKS_MAX];
	char label[96];
};

/*
 * Finds the finest round step that gives at most `most` (1 … AXIS_TICKS_MAX) ticks. Steps of
 * numbers are 1, 2 or 5 times a power of ten; those of times divide minute, hour and day, and ticks
 * lie on multiples of the step since midnight UTC, in exact integer arithmetic. A range too fine
 * for its numbers (1e-12 of them), not finite or empty has no ticks.
 */
void axis_divide(const struct axis *axis, unsigned most, struct axis_ticks *ticks);

#endif
