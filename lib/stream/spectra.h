/* SPDX-License-Identifier: ISC */
/* What spectra say of themselves, for commands that make one thing of many segments of them. */
#ifndef LEAT_STREAM_SPECTRA_H
#define LEAT_STREAM_SPECTRA_H

#include <stddef.h>

#include "base/utc.h"
#include "stream/frame.h"
#include "stream/meta.h"

/* What must be the same in all segments. */
struct spectra_form {
	size_t subchannels, bins;
	struct rate rate;
	double bin0_hz, bin_step_hz; /* bin b lies at freq_hz + bin0_hz + b bin_step_hz */
	char unit[24];		     /* "" = not told */
};

/* The form of a SPECTRA frame; meta is what holds for it. Dies with EXIT_DATA if the rate is
 * missing. */
struct spectra_form spectra_form_of(const struct frame *frame, const struct meta *meta);

/* Dies with EXIT_DATA and names both if they differ: they cannot be one picture. */
void spectra_same_form(const struct spectra_form *first, const struct spectra_form *now);

/* The centre frequency of a subchannel, which may have one of its own; 0 = unknown. */
double spectra_centre_hz(const struct meta *meta, size_t subchannel);

#endif
