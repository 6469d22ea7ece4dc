/* SPDX-License-Identifier: ISC */
/*
 * Headers of FITS files (FITS standard 4.0, chapters 3 and 4): cards, their values, and a strict
 * scan of all headers of a file before anything else looks at it. What a header claims is checked
 * against the file's size, and all that is counted is bounded.
 */
#ifndef LEAT_IO_FITS_HEADER_H
#define LEAT_IO_FITS_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FITS_CARD 80
#define FITS_BLOCK 2880
#define FITS_AXES_MAX 8
#define FITS_CARDS_MAX 16384 /* of one header */
#define FITS_HDUS_MAX 4096

/* Cards as they stand in the file, without END. */
struct fits_header {
	char *cards; /* count times FITS_CARD bytes */
	size_t count;
};

static inline const char *fits_card(const struct fits_header *h, size_t i)
{
	return h->cards + i * FITS_CARD;
}

/* Whether the card's keyword is this one. */
bool fits_card_is(const char *card, const char *name);

/* The keyword, without its blanks; at most 8 characters. */
#define FITS_NAME 9
char *fits_card_name(const char *card, char name[FITS_NAME]);

enum fits_value {
	FITS_COMMENTARY, /* no "= " in columns 9 and 10: text */
	FITS_UNDEFINED,	 /* no value */
	FITS_TEXT,
	FITS_LOGICAL,
	FITS_NUMBER,
	FITS_MALFORMED,
};

/*
 * The value of card i. text: the string unquoted, without blanks at its end and with what CONTINUE
 * cards add; T or F; the number as it stands; replaces what was there.
 */
enum fits_value fits_value(const struct fits_header *h, size_t i, struct str *text);

/* The position of the first card of that name, h->count if there is none. */
size_t fits_find(const struct fits_header *h, const char *name);

/* A number as FITS writes it: a sign, digits, point, exponent E or D. Finite. */
bool fits_parse_f64(const char *text, double *v);

/* One HDU; header and shape of an image, tile-compressed or not, as if it were not compressed. */
struct fits_hdu {
	struct fits_header header;
	uint64_t data, size; /* place in the file, bytes without padding */
	bool compressed;     /* an image as a binary table */
	bool image;	     /* has pixels: axes > 0 */
	int bitpix;
	unsigned axes;
	uint64_t axis[FITS_AXES_MAX]; /* fastest first, each >= 1 */
	uint64_t pixels;	      /* product of axis */
	bool scaled;		      /* zero or scale differ from 0 and 1 */
	double zero, scale;	      /* BZERO, BSCALE */
	bool has_blank;
	int64_t blank; /* of integers: what stands for no data */
};

/* Reads n bytes at an offset that lie within the size; 0, or an exit code with *e. */
typedef int fits_read_fn(void *arg, uint64_t offset, void *bytes, size_t n, struct error *e);

struct fits_hdus {
	struct fits_hdu *hdu;
	size_t count;
};

/*
 * Scans the headers of a file of `size` bytes. 0, or an exit code with *e: EXIT_DATA for all that
 * is not FITS or lies. Junk behind the last HDU is allowed, padding may be missing there.
 */
int fits_scan(struct fits_hdus *out, uint64_t size, fits_read_fn *read, void *arg, struct error *e);
void fits_hdus_free(struct fits_hdus *h);

/* Integer and text of a header; false if absent. A value of another form is an error, *e. */
int fits_i64(
	const struct fits_header *h, const char *name, int64_t *v, bool *there, struct error *e);
int fits_f64(
	const struct fits_header *h, const char *name, double *v, bool *there, struct error *e);
bool fits_text(const struct fits_header *h, const char *name, struct str *text);

#endif
