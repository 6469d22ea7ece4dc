/* SPDX-License-Identifier: ISC */
/*
 * A recording of IQ, raw or WAV, told apart by its first bytes. What it is, is said by whoever
 * opens it, else by the file, else by its name.
 */
#ifndef LEAT_IO_IQ_FILE_H
#define LEAT_IO_IQ_FILE_H

#include "base/str.h"
#include "io/iq_name.h"
#include "io/kiwi.h"

/* What is said; all zero: nothing, but for the subchannels of raw samples, >= 1. */
struct iq_said {
	struct iq_type type;
	struct rate rate;
	bool has_freq, has_time;
	double freq_hz;
	struct utc time0;
	unsigned subchannels;
};

struct iq_file {
	unsigned dtype, subchannels;
	size_t row; /* bytes of a sample of all subchannels, as read */
	double full_scale, zero;
	struct rate rate;
	bool has_freq, has_time;
	double freq_hz;
	struct utc time0;   /* of the first sample */
	uint64_t samples;   /* that may come; 0: unknown */
	struct str guessed; /* what only the name told, "type cu8, rate …"; empty if nothing */
	int64_t gaps, odd_stamps; /* so far, by KiwiSDR's stamps */

	struct intake in;
	struct wav *wav;	     /* NULL: raw */
	bool big_endian, data_begin; /* whether a data chunk is yet untouched */
	struct kiwi_clock clock;
	unsigned remarks;
};

/*
 * fd stays the caller's, as do the texts: `where` for messages, `name` without folders, "" if it
 * has none. 0; EXIT_USAGE if type or rate are not known, or what is said cannot be; EXIT_DATA,
 * EXIT_IO.
 */
int iq_file_open(struct iq_file *f, int fd, const char *where, const char *name,
	const struct iq_said *said, struct error *e);
void iq_file_close(struct iq_file *f);

/*
 * Reads up to `most` samples into out, little-endian; as many as are there, if it is no file.
 * *missing were lost before them. *end: there are no more, which may come with none. Fails where
 * the file ends before what it promised, after all that is there.
 */
int iq_file_read(struct iq_file *f, void *out, size_t most, size_t *samples, int64_t *missing,
	bool *end, struct error *e);

/* What was odd and borne: a set of enum wav_remarks, which may be told of raw samples, too. */
unsigned iq_file_remarks(const struct iq_file *f);

#endif
