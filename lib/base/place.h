/* SPDX-License-Identifier: ISC */
/* A place among samples, as a user says it: "4298749350000000", "2024-06-27T14:49:00Z", "+1.5s". */
#ifndef LEAT_BASE_PLACE_H
#define LEAT_BASE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/utc.h"

/* All zero: not said. */
struct place {
	enum { PLACE_NONE, PLACE_INDEX, PLACE_TIME, PLACE_AFTER } kind;
	int64_t index; /* >= 0 */
	struct utc time;
	int64_t after_ns; /* >= 0 */
};

#define PLACE_FORMS "a sample index, a UTC time such as 2024-06-27T14:49:00Z, or +DURATION"

/* The whole text must be one of the three; false otherwise. */
bool place_parse(const char *text, struct place *place);

/* The value of an option, NULL if it was not given; a wrong one dies with EXIT_USAGE. */
struct place place_option(const char *option, const char *text);

/*
 * The index of the place: the first sample not before a time, time0 being that of index 0; the
 * nearest one to a duration after `origin`. `origin` itself if the place was not said. Saturates.
 */
int64_t place_index(const struct place *place, struct rate rate, struct utc time0, int64_t origin);

#endif
