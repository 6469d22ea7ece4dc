/* SPDX-License-Identifier: ISC */
/*
 * SigMF metadata (https://sigmf.org, core namespace 1.x): read from JSON, laid over a data file,
 * written as JSON.
 *
 * What the core has no name for stands under "leat:", an extension that others may ignore:
 *
 *	global   leat:rate_num, leat:rate_den	the rate as a fraction
 *		 leat:samples			how many the data file holds
 *	capture  leat:head			a stream's segment begins: [[key, value], …] of its
 *HEAD leat:frame			the same of frames in this capture leat:index
 *instead of core:global_index, where that is negative
 *
 * Values of the core beat what leat says beside them, so a recording may be edited by other
 * programs.
 */
#ifndef LEAT_IO_SIGMF_H
#define LEAT_IO_SIGMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/utc.h"

#define SIGMF_JSON_MAX (32 << 20) /* bytes of metadata */
#define SIGMF_CHANNELS_MAX 65536

/* Keys and values: of metadata, or keys of JSON with their values as JSON text. */
struct sigmf_pairs {
	struct sigmf_pair {
		char *key, *value;
	} * pair;
	size_t count, room;
};

struct sigmf_capture {
	int64_t start, index; /* core:sample_start, core:global_index */
	double freq_hz;	      /* NaN: not said */
	bool timed;
	struct utc time;      /* of its first sample */
	int64_t precision_ns; /* of the last digit of the time */
	int64_t header_bytes;
	bool begins;		   /* there is a leat:head */
	struct sigmf_pairs head;   /* as metadata */
	struct sigmf_pairs frame;  /* as metadata */
	struct sigmf_pairs others; /* keys not named here, as JSON */
	uint64_t at, samples;	   /* sigmf_lay: where they are in the data file, and how many */
	bool segment;		   /* sigmf_find_segments: it begins one of a stream's */
};

struct sigmf_annotation {
	int64_t start, count;	/* samples as in the data file; count -1: to the capture's end */
	double low_hz, high_hz; /* NaN: not said */
	char *label, *comment, *generator; /* NULL: not said */
	char *others;			   /* an object of all other keys as JSON; NULL: none */
};

/* Zero-initialise. */
struct sigmf {
	unsigned dtype;
	bool big_endian;
	uint64_t channels;
	struct rate rate; /* num 0: not said */
	bool rate_edited; /* core:sample_rate is another than leat's fraction */
	int64_t offset, trailing_bytes;
	int64_t samples; /* leat:samples, -1: not said */
	bool metadata_only;
	char *dataset; /* a file name without folder; NULL: not said */
	char *sha512;  /* NULL: not said */
	struct sigmf_pairs others;
	struct sigmf_capture *capture;
	size_t captures, capture_room;
	struct sigmf_annotation *annotation;
	size_t annotations, annotation_room;
};

/*
 * Reads n bytes of JSON. 0, or EXIT_DATA with *e if they are not the metadata of a recording whose
 * samples can be read; m is to be freed in any case.
 */
int sigmf_parse(struct sigmf *m, const char *json, size_t n, struct error *e);

/*
 * Finds where each capture lies in a data file of so many bytes; captures are made where there
 * are none, or samples stand before the first. EXIT_DATA with *e if the file does not hold what the
 * captures say, or no whole number of samples.
 */
int sigmf_lay(struct sigmf *m, uint64_t data_size, struct error *e);

/* Adds the metadata as JSON: core:version 1.2.0, one line for each capture without leat:head. */
void sigmf_format(const struct sigmf *m, const char *recorder, struct str *out);

void sigmf_free(struct sigmf *m);

/* The name that core:datatype has for little-endian samples of a type; NULL if it has none. */
const char *sigmf_datatype(unsigned dtype);

/* A new capture or annotation at the end of the list, all zero but for NaN where that is "none". */
struct sigmf_capture *sigmf_add_capture(struct sigmf *m);
struct sigmf_annotation *sigmf_add_annotation(struct sigmf *m);

/*
 * Where in the data file the first sample is that belongs to captures first … end - 1 and whose
 * index is not below this one; the end of these captures if there is none. Their indices must
 * ascend and their samples be set. And the index of a sample of the data file, of one behind the
 * last too.
 */
int64_t sigmf_position(const struct sigmf *m, size_t first, size_t end, int64_t index);
int64_t sigmf_index(const struct sigmf *m, int64_t position);

/*
 * Which captures begin a segment: the first; one with leat:head; one that lies before the end of
 * the last, has another frequency, or a time that the last segment's first would not have then, by
 * more than a sample and than its last digit. Others go on, a jump of the index being a gap.
 * Captures without samples and leat:head are passed over. And the first capture of the next
 * segment. The rate must be known.
 */
void sigmf_find_segments(struct sigmf *m);
size_t sigmf_segment_end(const struct sigmf *m, size_t first);

/* Keys of a stream that SigMF says otherwise, or that every stream says anew. */
bool sigmf_made_anew(const char *key);

/* Whether it has a year of four digits. */
bool sigmf_time_fits(struct utc t);

/* By their first sample; those of one sample stay in order. */
void sigmf_sort_annotations(struct sigmf *m);

void sigmf_add_pair(struct sigmf_pairs *p, const char *key, const char *value);
bool sigmf_pairs_equal(const struct sigmf_pairs *a, const struct sigmf_pairs *b);
void sigmf_clear_pairs(struct sigmf_pairs *p);

/*
 * Takes "KEY JSON" for the others of a recording or a capture; false if the JSON is malformed, or
 * the key is one that sigmf_format writes itself.
 */
bool sigmf_add_other(struct sigmf_pairs *p, const char *text);

/* JSON text of an object, checked, as sigmf_format needs it; to be freed, NULL if it is none. */
char *sigmf_object(const char *json);

#endif
