/* SPDX-License-Identifier: ISC */
/* What IQ says of itself: one form in all frames of a segment. */
#ifndef LEAT_STREAM_IQ_H
#define LEAT_STREAM_IQ_H

#include "base/utc.h"
#include "stream/filter.h"

#define IQ_SUBCHANNELS_MAX 65536

struct iq_form {
	struct rate rate;
	unsigned dtype, subchannels;
	double full_scale, zero; /* the values of amplitude 1 and of amplitude 0 */
	bool own_levels;	 /* the first frame had metadata of its own */
};

/* The rate that a HEAD tells; dies with EXIT_DATA if it is missing. */
struct rate iq_rate(const struct meta *head);

/* The form of a segment's first IQ frame. Dies with EXIT_DATA if rate or levels make no sense. */
struct iq_form iq_form_of(struct filter *f, const struct frame *frame);

/* Dies with EXIT_DATA if a later frame has another form than the first. */
void iq_check_form(struct filter *f, const struct iq_form *first, const struct frame *frame);

#endif
