/* SPDX-License-Identifier: ISC */
/*
 * Writes a stream. It numbers frames, sums them, splits what is too long, gathers small frames and
 * sends ABORT when the command dies, so that a stream is either whole or known to be broken.
 * Failures die: EXIT_IO, or a silent EXIT_DOWNSTREAM when the reader has left.
 */
#ifndef LEAT_STREAM_WRITER_H
#define LEAT_STREAM_WRITER_H

#include <stdbool.h>

#include "stream/frame.h"
#include "stream/meta.h"

struct writer;

/*
 * For a stream on fd, made by the command `tool`. keep_going: when the reader of fd leaves, write
 * nothing more instead of dying (sinks with --pass, which finish their own file).
 */
struct writer *writer_open(int fd, const char *tool, bool keep_going);
void writer_free(struct writer *w);

/* Begins a segment. */
void writer_head(struct writer *w, const struct meta *meta);

/*
 * Writes a data frame: kind, dtype, ndim, dim, index, flags, meta and payload are the caller's, the
 * rest is set here. A payload over FRAME_PAYLOAD_MAX of IQ or SPECTRA is split by rows; of the
 * parts only the first has FRAME_DISCONTINUITY.
 */
void writer_frame(struct writer *w, const struct frame *f);

/* Writes a frame lent by a reader as it is, with the CRC it came with. */
void writer_forward(struct writer *w, const struct frame *f);

/* Ends the segment. `notes` may be NULL; `frames` is added here. */
void writer_end(struct writer *w, const struct meta *notes, bool more);

/*
 * Ends the stream for a reason, if its frames so far are whole; where no segment is open, in an
 * empty one.
 */
void writer_abort(struct writer *w, const char *tool, int code, const char *reason);

/* Whether a segment is open; whether the reader has left (keep_going only). */
bool writer_in_segment(const struct writer *w);
bool writer_reader_left(const struct writer *w);

/* Sends what is gathered; whether there is any. */
void writer_flush(struct writer *w);
bool writer_pending(const struct writer *w);

/* Asks for a larger pipe: 1 MiB, 512, 256 KiB. Nothing happens if fd is none. */
void widen_pipe(int fd);

#endif
