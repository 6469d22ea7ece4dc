/* SPDX-License-Identifier: ISC */
/* Slices of a waterfall as the SDS gateway's JSON has them; see waterfall-json(1). */
#ifndef LEAT_RADIO_SLICE_JSON_H
#define LEAT_RADIO_SLICE_JSON_H

#include "base/str.h"
#include "base/utc.h"
#include "stream/meta.h"

/* What the slices of a segment have in common. */
struct slice_form {
	bool sds;  /* only what SDS says, and as it says it */
	bool real; /* the band begins at the centre */
	size_t n;  /* samples of a slice */
	struct rate rate;
	bool has_time0; /* else time0 is 0 */
	struct utc time0;
	const char *channel;
};

struct slice {
	int64_t index; /* of its first sample */
	uint64_t number;
	uint64_t missing; /* 0, or so many slices, from this one on, are a gap */
	const float *row; /* bins levels; unused in a gap */
	size_t bins;
	double centre_hz; /* NaN = unknown */
	int subchannel;	  /* -1 = there is but one */
};

/* The channel that drf-read read, as the history of a HEAD tells; else "". To be freed. */
char *slice_channel(const struct meta *head);

/* Adds one object. */
void slice_json(struct str *out, const struct slice_form *form, const struct slice *slice);

#endif
