/* SPDX-License-Identifier: ISC */
/*
 * Bytes of a descriptor taken as rows of one size, large pieces straight to where they shall be. A
 * file is read in full pieces; from anything else (a pipe, a socket, a device) comes what is there,
 * so that a live stream stays live.
 */
#ifndef LEAT_IO_INTAKE_H
#define LEAT_IO_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INTAKE_ALL UINT64_MAX /* no limit but the end of the input */

struct intake {
	int fd;
	const char *where; /* for messages; the caller's */
	bool file;	   /* regular: can be read again, and knows its size */
	uint64_t size;	   /* of a file, from where it was opened */
	uint64_t origin;   /* of a file: where that was */
	bool ended;	   /* the end has been seen */
	uint64_t at;	   /* bytes taken, those put back not counted */
	uint8_t *kept;	   /* put back, or of a row that is not whole yet */
	size_t kept_count, kept_size;
};

void intake_open(struct intake *in, int fd, const char *where);
void intake_close(struct intake *in); /* not the descriptor */

/* Takes n bytes; fewer at the end of the input, or when a signal ends a wait. 0 or EXIT_IO. */
int intake_bytes(struct intake *in, void *to, size_t n, size_t *got, struct error *e);

/* Puts bytes back that were the last taken; only where none are kept. */
void intake_put_back(struct intake *in, const void *bytes, size_t n);

/* Passes over n bytes; fewer only at the end (of a file that may be noticed later). */
int intake_skip(struct intake *in, uint64_t n, uint64_t *passed, struct error *e);

/*
 * Takes up to `most` whole rows, and no more than *left bytes, which it counts down unless it is
 * INTAKE_ALL. most * row must be at least what was put back. *end: the input, or *left, has ended;
 * bytes of a row that is not whole are then kept_count. Without *end, *rows may be 0: a signal
 * came, or less than a row.
 */
int intake_rows(struct intake *in, void *to, size_t row, size_t most, uint64_t *left, size_t *rows,
	bool *end, struct error *e);

/* Reads n bytes of a file at an offset from where it was opened; false if they are not there. */
bool intake_look(const struct intake *in, uint64_t offset, void *to, size_t n);

#endif
