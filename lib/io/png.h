/* SPDX-License-Identifier: ISC */
/*
 * PNG files (ISO/IEC 15948). Rows are cut into strips, which all threads filter and compress, each
 * by itself and in its own way (io/png_strip.h).
 */
#ifndef LEAT_IO_PNG_H
#define LEAT_IO_PNG_H

#include "io/raster.h"

#define PNG_SIDE_MAX 1000000 /* px */

/* Higher ones make waterfalls smaller by hundredths, and nothing of noise. */
#define PNG_LEVEL_DEFAULT 1

/* A remark in the file: tEXt if the value is ASCII, else iTXt. */
struct png_tag {
	const char *key;   /* 1–79 printable ASCII characters, spaces only single and inside */
	const char *value; /* UTF-8; line ends are LF */
};

struct png_spec {
	struct raster raster; /* of 8 or 16 bits; its sRGB mark is the sRGB chunk */
	int level;	      /* 0 (stored), 1 (fastest) … 9 (smallest) */
	const struct png_tag *tags;
	size_t tag_count;
};

/* 0, or EXIT_USAGE for a key or value that a PNG file cannot hold. */
int png_check_tag(const struct png_tag *tag, struct error *e);

/*
 * Writes a picture to a file descriptor, which is left open. The same picture gives the same bytes,
 * whatever the pool (which may be NULL): no time is written. 0, or EXIT_USAGE for a spec out of
 * range, EXIT_IO, EXIT_DOWNSTREAM (EPIPE), EXIT_OS.
 */
int png_encode(int fd, const struct png_spec *spec, struct pool *pool, struct error *e);

#endif
