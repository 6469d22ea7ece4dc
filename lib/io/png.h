/* SPDX-License-Identifier: ISC */
/* PNG files (ISO/IEC 15948), written with libpng row by row. */
#ifndef LEAT_IO_PNG_H
#define LEAT_IO_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PNG_SIDE_MAX 1000000 /* px */

/* Waterfalls come out a tenth larger than at level 6, in a sixth of the time. */
#define PNG_LEVEL_DEFAULT 1

/* A remark in the file: tEXt if the value is ASCII, else iTXt. */
struct png_tag {
	const char *key;   /* 1–79 printable ASCII characters, spaces only single and inside */
	const char *value; /* UTF-8; line ends are LF */
};

struct png_spec {
	size_t width, height; /* px, 1 … PNG_SIDE_MAX */
	unsigned planes;      /* 1 gray, 3 red, green and blue */
	unsigned bits;	      /* 8 (pixels are u8) or 16 (u16, native order) */
	int level;	      /* of compression, 0–9 */
	bool srgb;	      /* says that the values are sRGB-encoded */
	bool bottom_up;	      /* row 0 of the pixels is the lowest */
	const struct png_tag *tags;
	size_t tag_count;
};

/* 0, or EXIT_USAGE for a key or value that a PNG file cannot hold. */
int png_check_tag(const struct png_tag *tag, struct error *e);

/*
 * Writes pixels, [planes][height][width], to a file descriptor, which is left open. The same input
 * gives the same bytes: no time is written. 0, or EXIT_USAGE for a spec out of range, EXIT_IO,
 * EXIT_DOWNSTREAM (EPIPE), EXIT_OS.
 */
int png_encode(int fd, const struct png_spec *spec, const void *pixels, struct error *e);

#endif
