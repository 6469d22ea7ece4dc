/* SPDX-License-Identifier: ISC */
/*
 * Filterbank files of sigproc: a header of keywords, then rows of [ifs][channels] numbers of 1, 2,
 * 4, 8, 16 or 32 bits, the last being f32 (D. R. Lorimer, SIGPROC user's guide, 2011).
 * Little-endian files only. All times are in seconds, frequencies in MHz, tstart is an MJD, as in
 * the file.
 */
#ifndef LEAT_IO_FIL_H
#define LEAT_IO_FIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/utc.h"

#define FIL_NAME_MAX 80	  /* bytes of a keyword */
#define FIL_TEXT_MAX 1024 /* bytes of a text */
#define FIL_ENTRIES_MAX 64
#define FIL_HEADER_MAX 131072 /* no header is longer */

enum fil_type { FIL_UNKNOWN, FIL_INTEGER, FIL_REAL, FIL_TEXT, FIL_CHARACTER };

struct fil_entry {
	char name[FIL_NAME_MAX + 1];
	enum fil_type type;
	int32_t integer; /* of FIL_INTEGER and FIL_CHARACTER */
	double real;
	char text[FIL_TEXT_MAX + 1]; /* to its first NUL */
};

/* In the order of the file. Zero-initialise. */
struct fil_header {
	struct fil_entry *entry;
	size_t count;
};

/* What the rows are. */
struct fil_form {
	uint64_t channels, ifs; /* > 0; a row of both has below 2^40 numbers */
	unsigned bits;
	bool is_signed; /* integers are */
	bool reversed;	/* channels descend in frequency, foff < 0 */
	double fch1_mhz, foff_mhz, tsamp_s, tstart_mjd; /* tstart 0 if the header has none */
};

/* The type of a keyword. */
enum fil_type fil_type_of(const char *name);

/* The last entry of that name, NULL if there is none. */
struct fil_entry *fil_find(const struct fil_header *h, const char *name);

/* The same, but that it is added if there is none; NULL if the header is full. */
struct fil_entry *fil_put(struct fil_header *h, const char *name);

void fil_free(struct fil_header *h);

/*
 * Reads a header that stands in the first n bytes of a file. 0 with its length in *length, or with
 * *length 0 if it goes on behind them; EXIT_DATA if it is none, or has a keyword that is not known,
 * which cannot be skipped as its length is not told.
 */
int fil_parse(
	struct fil_header *h, const uint8_t *bytes, size_t n, size_t *length, struct error *e);

/* Adds the header as it stands in a file. */
void fil_format(const struct fil_header *h, struct str *out);

/* EXIT_DATA if the header lacks what rows need, or it makes no sense. */
int fil_form_of(const struct fil_header *h, struct fil_form *form, struct error *e);

/* Bytes of a row. */
uint64_t fil_row_bytes(const struct fil_form *form);

/* Rows as f32, channels ascending in frequency. */
void fil_decode(const struct fil_form *form, const uint8_t *rows, size_t count, float *out);

/* What did not fit when values became integers. */
struct fil_losses {
	uint64_t clipped; /* values outside the range, which are set to its end */
	uint64_t nans;	  /* values that no integer stands for; they became 0 */
	uint64_t zeros;	  /* values that are not 0 and became 0 */
};

/*
 * The other way, to 8, 16 or 32 bits: integers are value * scale, rounded half to even; f32 are
 * value * scale, or the bits themselves if scale is 1.
 */
void fil_encode(const struct fil_form *form, const float *rows, size_t count, double scale,
	uint8_t *out, struct fil_losses *losses);

/*
 * The rate 1 / tsamp as the simplest fraction of which den / num rounds to tsamp; false if tsamp is
 * not 1e-12 s to 1e9 s.
 */
bool fil_rate(double tsamp_s, struct rate *rate);

/* The time of an MJD, rounded to ns; false if it is not 1 … 2.9e6. And back. */
bool fil_time(double mjd, struct utc *t);
double fil_mjd(struct utc t);

#endif
