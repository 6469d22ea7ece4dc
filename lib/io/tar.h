/* SPDX-License-Identifier: ISC */
/*
 * Tar archives (POSIX.1-2001: ustar with pax records), in so far as files in them are read where
 * they lie, and written while their size is not known yet. GNU's long names and sizes are read too.
 */
#ifndef LEAT_IO_TAR_H
#define LEAT_IO_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TAR_BLOCK 512
#define TAR_ENTRIES_MAX 100000

/* A regular file. */
struct tar_entry {
	char *name;
	uint64_t at, size; /* of its bytes in the archive */
};

/*
 * Lists the regular files of the archive on fd, which is a regular file of its own. EXIT_DATA with
 * *e, and nothing to free, if it is damaged, cut (its end is two blocks of zeros), has links,
 * devices or sparse files, names that lead out of the folder it is unpacked in, or too many files.
 */
int tar_list(int fd, struct tar_entry **entries, size_t *count, struct error *e);
void tar_free(struct tar_entry *entries, size_t count);

/*
 * What stands before a file's bytes: a pax header with the size, which may thus be any, and the
 * ustar header. The same length whatever the size, so it may be written again when that is known.
 * Owner, mode and time are fixed.
 */
#define TAR_HEADER (3 * TAR_BLOCK)
#define TAR_NAME_MAX 100
void tar_header(char out[TAR_HEADER], const char *name, uint64_t size);

/* The header of a folder; its name ends in '/'. */
void tar_folder(char out[TAR_BLOCK], const char *name);

/* Zeros to write after the bytes of a file. */
static inline size_t tar_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}

#endif
