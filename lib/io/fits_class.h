/* SPDX-License-Identifier: ISC */
/*
 * What kind of frame a FITS file holds: light, dark, flat, bias or a stack. No card is believed
 * alone (a real test flat says BIAS): each sign adds weight to the kinds it speaks for, and all
 * of them are told.
 */
#ifndef LEAT_IO_FITS_CLASS_H
#define LEAT_IO_FITS_CLASS_H

#include "io/fits_header.h"

enum fits_kind { FITS_LIGHT, FITS_DARK, FITS_FLAT, FITS_BIAS, FITS_STACK, FITS_KINDS };

extern const char *const fits_kind_name[FITS_KINDS];

/* What the pixels say; any number may be NaN, which says nothing. */
struct fits_levels {
	double median, noise; /* noise: of neighbours, as noise_f32() */
	double p999;	      /* quantile 0.999 */
	double centre, edge;  /* medians of the middle and of the border */
	double full_scale;
};

struct fits_evidence {
	char text[96]; /* printable ASCII */
	enum fits_kind kind;
	double weight;
};

#define FITS_EVIDENCE_MAX 24

struct fits_verdict {
	struct fits_evidence evidence[FITS_EVIDENCE_MAX];
	size_t count;
	double weight[FITS_KINDS]; /* sums */
	enum fits_kind kind;	   /* of the greatest sum */
	bool certain;		   /* at least twice as much as any other, and not nothing */
};

/* name: the file's, without folders. */
void fits_classify(const struct fits_header *h, const char *name, const struct fits_levels *levels,
	struct fits_verdict *v);

#endif
