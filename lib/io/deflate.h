/* SPDX-License-Identifier: ISC */
/*
 * Pieces of one deflate stream (RFC 1951) that are made apart, by several threads: each ends at a
 * byte with an empty stored block, none is the last, and none looks back into another. Put in a row
 * and ended by deflate_end they are a whole stream.
 */
#ifndef LEAT_IO_DEFLATE_H
#define LEAT_IO_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

struct deflate;

/* The ends of a stream: a last block that holds nothing. */
extern const uint8_t deflate_end[2];

/* What a thread needs. level 0 (stored), 1 (fastest) … 9 (smallest). NULL: out of memory. */
struct deflate *deflate_new(int level);
void deflate_free(struct deflate *d);

/* The most bytes that a piece of n bytes becomes. */
size_t deflate_bound(struct deflate *d, size_t n);

/*
 * Makes a piece of n bytes, with repeats or of literals alone: whichever a look at 16 KiB of them
 * promises to be smaller, literals if they are nearly so. Returns the size in out, which has room
 * for deflate_bound(n); 0 if libdeflate's stream cannot be read back.
 */
size_t deflate_piece(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n);

/* The same as a whole stream that needs no end. */
size_t deflate_stream(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n);

/* The same with repeats, as libdeflate finds them. */
size_t deflate_repeats(struct deflate *d, uint8_t *out, const uint8_t *in, size_t n);

/*
 * The same in a Huffman code for single bytes and nothing else: for noise, in which repeats cost
 * more to say than they spare. Ten times as fast; stored if that is smaller. Never 0.
 */
size_t deflate_literals(uint8_t *out, const uint8_t *in, size_t n);

/*
 * For choosing between methods, count[b] being how many bytes are b, in all at least one: the size
 * that deflate_literals gives them, and their entropy in bits to a hundredth, which is quicker.
 * The same on every machine.
 */
uint64_t deflate_literals_size(const uint32_t count[256]);
double deflate_entropy(const uint32_t count[256]);

/* Adds the bytes to the counts. */
void deflate_count(uint32_t count[256], const uint8_t *in, size_t n);

/* The size of stored blocks of n bytes. */
size_t deflate_stored_size(size_t n);

/*
 * Ends a piece of so many bits, of which those up to the byte's end are 0, by an empty stored
 * block. Returns the size.
 */
size_t deflate_mark(uint8_t *out, uint64_t bits);

#endif
