/* SPDX-License-Identifier: ISC */
/*
 * WAV files: RIFF, RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088), of plain integers and floats,
 * with what recorders of IQ add: the chunk "auxi" (start, stop, centre frequency; SpectraVue,
 * HDSDR, SDR#, SDRuno …, and the XML of SDR Console) and KiwiSDR's "kiwi" before each of many data
 * chunks.
 *
 * Read in order, so that a pipe will do. No size that a file claims is believed: nothing is
 * allocated by it, and data that end before it are an error, after what is there.
 */
#ifndef LEAT_IO_WAV_H
#define LEAT_IO_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"
#include "io/intake.h"

#define WAV_MAGIC 12 /* bytes that tell a WAV file */

struct wav_form {
	unsigned dtype; /* of one channel's samples: u8, i16, i32, f32 or f64 */
	unsigned bits;	/* of a sample in the file: 24 become i32, times 256 */
	unsigned channels;
	uint32_t rate; /* samples/s */
	bool has_start, has_freq;
	struct utc start;
	double freq_hz;
};

/* The stamp of a data chunk: GPS time of its first sample, in the unknown week. */
struct wav_stamp {
	bool there;
	unsigned solution_age_s; /* 254 means longer, 255 none */
	int64_t ns;		 /* of the week */
};

/* What was odd and borne; for messages. */
enum wav_remarks {
	WAV_OPEN_ENDED = 1, /* the size of the data was never written: all to the end was taken */
	WAV_WRAPPED = 2,    /* the size had no room for the data: what the file's length says */
	WAV_PARTIAL = 4,    /* the data end within a sample, which was left out */
	WAV_TRAILING = 8,   /* bytes after the last chunk, left out */
};

struct wav;

bool wav_is(const uint8_t magic[WAV_MAGIC]);

/*
 * Reads on to the first data; the magic has been taken from `in`, which must outlive *w. 0,
 * EXIT_DATA or EXIT_IO.
 */
int wav_open(struct wav **w, struct intake *in, const uint8_t magic[WAV_MAGIC], struct error *e);
void wav_close(struct wav *w);

const struct wav_form *wav_form(const struct wav *w);
const struct wav_stamp *wav_stamp(const struct wav *w); /* of the data at hand */
unsigned wav_remarks(const struct wav *w);

/* Samples (of all channels) that the file still promises; 0 if unknown. */
uint64_t wav_promised(const struct wav *w);

/*
 * Reads up to `most` samples (of all channels) into out, of form.dtype; *end tells the end of the
 * data at hand, as intake_rows() does. Fails where they end before what was promised, when all that
 * is there has been given.
 */
int wav_read(struct wav *w, void *out, size_t most, size_t *samples, bool *end, struct error *e);

/* After the end of the data: goes on to the next data chunk; *there is false if there is none. */
int wav_next(struct wav *w, bool *there, struct error *e);

/*
 * The first stamp of a file that has one with a solution at most age_s old, and the samples before
 * it. false if there is none, or the descriptor cannot be read twice. Looks at the first `chunks`.
 */
bool wav_find_stamp(const struct wav *w, unsigned age_s, unsigned chunks, struct wav_stamp *stamp,
	uint64_t *samples_before);

/*
 * The header of a file of `data` bytes, a size that depends on nothing but the form: RIFF with a
 * place for ds64, or, where 32 bits are too few or rf64 asks for it, RF64. After the data stands
 * one zero byte if they are odd.
 */
#define WAV_HEADER_MAX 320
size_t wav_header(
	uint8_t out[WAV_HEADER_MAX], const struct wav_form *form, uint64_t data, bool rf64);

#endif
