/* SPDX-License-Identifier: ISC */
/* What spectra say of themselves, for commands that make one thing of many segments of them. */
#ifndef LEAT_STREAM_SPECTRA_H
#define LEAT_STREAM_SPECTRA_H

#include <stddef.h>

#include "base/utc.h"
#include "stream/filter.h"

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

/* Dies with EXIT_DATA and names both if they differ: they cannot be joined. */
void spectra_same_form(const struct spectra_form *first, const struct spectra_form *now);

/* The centre frequency of a subchannel, which may have one of its own; 0 = unknown. */
double spectra_centre_hz(const struct meta *meta, size_t subchannel);

/* Of how many transforms the rows of a frame are made, and where they lie. */
struct spectra_rows {
	int64_t step, span;  /* samples, as row_step and row_span say */
	int64_t length;	     /* samples a row stands for: step, or less if it is partial */
	uint64_t transforms; /* averaged in a row; 1 if what is told makes no sense */
	int64_t n, hop;	     /* samples of a transform, and from one to the next */
};

/*
 * n is rate / bin_step_hz, hop is n - (span - step), transforms are step / hop, or as `partial`
 * says. Dies with EXIT_DATA if row_step or row_span is missing.
 */
struct spectra_rows spectra_rows_of(const struct spectra_form *form, const struct meta *meta);

/* Begins the output of a join that makes pictures of spectra: HEAD with what all have in common. */
void spectra_picture_head(struct filter *f);

/* Puts a picture, u8 [3][height][width] top-down, as an IMAGE. */
void spectra_picture_put(
	struct filter *f, int64_t index, const uint8_t *picture, size_t width, size_t height);

#endif
