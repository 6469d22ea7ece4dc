/* SPDX-License-Identifier: ISC */
/*
 * DigitalRF 2.x captures (https://github.com/MITHaystack/digital_rf): a folder TOP holds channels,
 * a channel holds files of equal duration, a file holds blocks of contiguous samples.
 *
 * Samples are counted since 1970-01-01T00:00:00Z (no leap seconds) at a rational rate; an index is
 * such a count, ranges are half-open. Nothing in a capture is ever written, renamed or removed.
 * One thread at a time: libhdf5 has one state for the whole process. Where a file is hostile,
 * libhdf5 may crash or hang, so read in a process that may die.
 *
 * Fill: where a writer skipped samples inside a file without gaps (is_continuous), and before the
 * first and after the last sample, the samples have the fill value: the minimum of a signed type,
 * 0 of an unsigned one, NaN. They are handed out like data; masking is the caller's (kern.h).
 */
#ifndef LEAT_IO_DRF_H
#define LEAT_IO_DRF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/utc.h"

struct drf; /* an open channel */

struct drf_properties {
	char version[16];	   /* of the writer, "2.0" where it does not say */
	struct rate rate;	   /* in lowest terms, both <= INT64_MAX */
	unsigned dtype;		   /* base/dtype.h */
	unsigned subchannels;	   /* 1 … 65536 */
	bool big_endian;	   /* in the files; samples are handed out little-endian */
	bool continuous;	   /* gaps inside a file hold the fill value */
	int64_t file_ms, folder_s; /* cadences */
};

/* Any of these may be NULL. */
struct drf_hooks {
	void *arg;
	/* Before libhdf5 touches a file, and with NULL afterwards: a supervisor may count time. */
	void (*decoding)(void *arg, const char *file);
	/* A file could not be read, wholly or from somewhere on; what it lacks is a gap. */
	void (*skipped)(void *arg, const struct error *why);
};

/*
 * A path as the functions below want it, to be freed: without slashes at its end, "." and ".." as
 * the folders they are.
 */
char *drf_top(const char *path);

/* Names of the channels beneath top, sorted; its own name if top is a channel. */
struct drf_names {
	char **v;
	size_t n;
};
int drf_list(const char *top, struct drf_names *names, struct error *e);
void drf_names_free(struct drf_names *names);

/*
 * Opens a channel of top, or top itself if that is the channel; name may be NULL if there is but
 * one. hooks is copied and may be NULL. EXIT_NOINPUT if there is no such channel, EXIT_USAGE if
 * the name is missing, EXIT_DATA if its properties make no sense. Files say whether integers are
 * signed, so the first readable one is opened; without any the type counts as signed.
 */
int drf_open(struct drf **d, const char *top, const char *name, const struct drf_hooks *hooks,
	struct error *e);
void drf_close(struct drf *d);

const struct drf_properties *drf_properties(const struct drf *d);
const char *drf_name(const struct drf *d); /* of the channel */

/* The range from the first sample of the first readable file to the last one of the last. */
bool drf_bounds(struct drf *d, int64_t *first, int64_t *end);

/* The same, but that the end is told by the name of the last file, and may be beyond its samples.
 */
bool drf_span(struct drf *d, int64_t *first, int64_t *end);

/* A piece of a block. */
struct drf_piece {
	int64_t index;	  /* of the first sample */
	size_t rows;	  /* of `subchannels` elements each, in the order of the file; > 0 */
	const void *data; /* little-endian, aligned to a component; valid until the next call */
	int fd;		  /* where the same bytes lie in a file, -1 if in none */
	off_t offset;
};

/*
 * drf_seek chooses a range, drf_next gives its pieces in ascending order: pieces that adjoin are
 * contiguous, anything else is a gap; a piece is of at most 1 MiB, or one row. False at the end.
 * Uncompressed contiguous files are lent from a map: if such a file shrinks meanwhile, SIGBUS.
 *
 */
void drf_seek(struct drf *d, int64_t from, int64_t end);
bool drf_next(struct drf *d, struct drf_piece *piece);

/* As drf_next, but whole blocks of files, whose samples are not read: data is NULL. */
bool drf_next_block(struct drf *d, struct drf_piece *piece);

/*
 * In a live capture, when drf_next is false: waits until something has appeared, or a signal has
 * come, or most_ms have passed (network file systems tell nothing), and looks at the folders again.
 * Then drf_next goes on.
 */
void drf_wait(struct drf *d, int most_ms);

/*
 * Centre frequencies out of Digital Metadata (center_frequencies, receiver/center_freq or
 * center_freq), each valid from its index on: the one in force at `from` if there is any, then
 * every change before `end`. hz[i * subchannels + s] is NaN where it is not known.
 */
struct drf_tunings {
	size_t n;
	int64_t *index;
	double *hz;
};
void drf_tunings(struct drf *d, int64_t from, int64_t end, struct drf_tunings *out);
void drf_tunings_free(struct drf_tunings *t);

/*
 * The frequencies in force at an index, NULL if none are known; *until is where they end, INT64_MAX
 * if they hold to the end of the list.
 */
const double *drf_tuning_at(
	const struct drf_tunings *t, unsigned subchannels, int64_t index, int64_t *until);

/*
 * The entry of Digital Metadata in force at an index: the newest that begins there or before, as a
 * flat list in order of names: path ("receiver/gain") and value as h5_value (h5.h) writes it,
 * neither escaped. False if there is none; to be freed in either case.
 */
#define DRF_FIELDS_MAX 256
#define DRF_FIELDS_DEPTH 4 /* parts of a path */
struct drf_fields {
	int64_t index; /* the entry's, in samples of the channel */
	bool cut;      /* there are more fields, or deeper ones */
	size_t n;
	struct drf_field {
		char *path, *value;
	} field[DRF_FIELDS_MAX];
};
bool drf_fields(struct drf *d, int64_t index, struct drf_fields *out);
void drf_fields_free(struct drf_fields *fields);

#endif
