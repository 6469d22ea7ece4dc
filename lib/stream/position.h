/* SPDX-License-Identifier: ISC */
/* Where in a signal --from and --to point: a sample index, a time, or a duration after an origin. */
#ifndef LEAT_STREAM_POSITION_H
#define LEAT_STREAM_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/utc.h"

struct position {
	enum { POSITION_NONE, POSITION_INDEX, POSITION_TIME, POSITION_AFTER } form;
	int64_t index;
	struct utc time;
	int64_t after_ns;
};

/* Reads "12345", "2024-06-27T14:49:00.5Z" or "+1.5s"; NULL gives POSITION_NONE; else EXIT_USAGE. */
struct position position_parse(const char *option, const char *text);

/*
 * The index it means: the first sample at or after a time. time0 is the time of index 0, NULL if
 * unknown (then a time dies with EXIT_DATA); origin is what "+D" counts from.
 */
int64_t position_index(const char *option, const struct position *p, int64_t origin,
	const struct utc *time0, struct rate rate);

#endif
