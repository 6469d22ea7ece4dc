/* SPDX-License-Identifier: ISC */
/*
 * Reads a stream and refuses every one that breaks a rule of leat-stream(5): damage, truncation,
 * frames out of order, lies about sizes. Memory grows with the bytes that arrive, never with what
 * a header claims.
 */
#ifndef LEAT_STREAM_READER_H
#define LEAT_STREAM_READER_H

#include "base/pool.h"
#include "stream/frame.h"
#include "stream/meta.h"
#include "stream/writer.h"

struct reader;

/*
 * Reads from fd, which stays the caller's, from its current offset on. `name` is for messages. A
 * regular file is read rather than mapped: copying 256 KiB at a time into a buffer that stays in
 * the cache costs less than the page faults of a map, and a file that shrinks is a short read.
 */
struct reader *reader_open(int fd, const char *name);
void reader_free(struct reader *r);

/* Reads and sums regular files with these threads. */
void reader_use_pool(struct reader *r, struct pool *pool);

/* Before a read that would wait, what the writer has gathered is sent, so a live stream stays live. */
void reader_flush_first(struct reader *r, struct writer *w);

/*
 * Lends the next frames, at least one and at most max, all whole and checked, valid until the next
 * call: *count is their number, 0 at the legal end of the stream. Several come only from a regular
 * file with a pool. Returns 0, EXIT_DATA (damage, broken rules) or EXIT_UPSTREAM (truncation) with *e;
 * an ABORT frame is lent like any other and must be the last call.
 */
int reader_lend(
	struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e);

/* The metadata of the HEAD last lent. */
const struct meta *reader_head(const struct reader *r);

/* Bytes read so far. */
uint64_t reader_bytes(const struct reader *r);

/* Number of the frame last looked at, counted over the whole stream; for messages. */
uint64_t reader_position(const struct reader *r);

#endif
