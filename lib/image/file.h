/* SPDX-License-Identifier: ISC */
/*
 * Image files as commands read them: FITS (plain, .gz, tile-compressed) and stream files of IMAGE,
 * told apart by their first bytes. The files are opened after the sandbox is closed, so a command
 * names them in its sandbox (files of OPT_FILE options are there already).
 */
#ifndef LEAT_IMAGE_FILE_H
#define LEAT_IMAGE_FILE_H

#include "image/image.h"

struct image_file;

struct image_file_options {
	int hdu;	   /* 0-based number of the one HDU to read; -1 = every HDU with an image */
	bool native;	   /* values as they stand in the file, BZERO and BSCALE not applied */
	struct pool *pool; /* may be NULL */
};

/*
 * Opens a file and reads on to its first image. 0, or EXIT_NOINPUT, EXIT_DATA (not an image file,
 * damage, no image in it), EXIT_OS with *e, which names the file.
 */
int image_file_open(struct image_file **file, const char *path,
	const struct image_file_options *options, struct error *e);

/*
 * The next image: pixels and metadata are the file's and valid until the next call. meta is all
 * that the image's frame would say (for FITS: typed keys and cards, see leat-stream(5)). *there is
 * false after the last one. 0, or an exit code with *e.
 */
int image_file_next(struct image_file *file, struct image *image, const struct meta **meta,
	bool *there, struct error *e);

/* How many images the file holds; 0 where that is not known beforehand (streams). */
size_t image_file_count(const struct image_file *file);

/* When the first image was taken, without reading its pixels; false if its header does not say. */
bool image_file_time(const struct image_file *file, struct utc *time);

void image_file_close(struct image_file *file);

/*
 * The one science image of a file (a master, a reference); a second one is refused. Dies with the
 * option's name before the file's. pixels and *meta are the caller's: free() and meta_clear().
 */
void image_file_one(const char *option, const char *path, struct pool *pool, struct image *image,
	struct meta *meta);

#endif
