/* SPDX-License-Identifier: ISC */
/*
 * Sound of a radio signal: am, fm, wfm, usb, lsb. A signal is brought to the centre and to a rate
 * that is a multiple of the sound's and at least 1.25 times the channel's width, filtered to the
 * channel, demodulated there, and brought to the sound's rate.
 */
#ifndef LEAT_DSP_DEMOD_H
#define LEAT_DSP_DEMOD_H

#include "base/utc.h"
#include "dsp/chain.h"

enum demod_mode { DEMOD_AM, DEMOD_FM, DEMOD_WFM, DEMOD_USB, DEMOD_LSB };

struct demod {
	enum demod_mode mode;
	double freq_hz;	     /* of the carrier, from the centre */
	double width_hz;     /* of the channel; of a sideband, from DEMOD_SSB_LOW_HZ on */
	double deviation_hz; /* FM: what makes 1 */
	double deemph_s;     /* time constant of the de-emphasis, 0 = none */
	struct rate audio;
};

/* Where a sideband begins; its filter stops from the carrier on. */
#define DEMOD_SSB_LOW_HZ 300

/* What is usual. */
double demod_width_hz(enum demod_mode mode);
double demod_deviation_hz(enum demod_mode mode);

/*
 * Makes the chain for an input of that rate. Out: real samples; FM 1 at the deviation, a sideband
 * the amplitude of its tones; AM the envelope, to be divided by its mean (carrier_divide). 0, or
 * EXIT_USAGE.
 */
int demod_new(struct chain **chain, const struct demod *d, struct rate rate, unsigned workers,
	bool complex, struct error *e);

#endif
