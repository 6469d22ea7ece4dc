/* SPDX-License-Identifier: ISC */
/*
 * Where DigitalRF and Digital Metadata keep their files: FOLDER/PREFIX@SECONDS[.MMM].h5, FOLDER
 * being the time YYYY-MM-DDTHH-MM-SS. Folders begin at whole multiples of one cadence since
 * 1970, files of another that divides it, so names follow from times. Times are ms since 1970 in
 * 0 … DRF_MS_END, indices samples since 1970 in 0 … INT64_MAX; all arithmetic is exact.
 */
#ifndef LEAT_IO_DRF_TREE_H
#define LEAT_IO_DRF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utc.h"

#define DRF_MS_END INT64_C(253402300800000) /* 10000-01-01, where four digits of year end */
#define DRF_NAME_MAX 128

/* floor(index / rate), at most DRF_MS_END - 1. */
int64_t drf_ms_of(int64_t index, struct rate rate);

/* The first index at or after ms, INT64_MAX if that is beyond. */
int64_t drf_index_at(int64_t ms, struct rate rate);

/* The first index at rate `to` that is not before `index` at rate `from`; num, den <= INT64_MAX. */
int64_t drf_index_convert(int64_t index, struct rate from, struct rate to);

/* A sorted list of times in ms. */
struct drf_times {
	int64_t *v;
	size_t n;
};

struct drf_tree {
	char *path;
	char prefix[64];
	bool milliseconds; /* names have .MMM */
	int64_t folder_ms, file_ms;
	struct drf_times folders; /* those there were when the tree was opened or refreshed */
	struct drf_times files;	  /* in the folder that begins at `listed`, if that is >= 0 */
	int64_t listed;
};

/* Fills t and lists its folders; path is copied. An unreadable path has no folders. */
void drf_tree_open(struct drf_tree *t, const char *path, const char *prefix, bool milliseconds,
	int64_t folder_ms, int64_t file_ms);
void drf_tree_refresh(struct drf_tree *t);
void drf_tree_close(struct drf_tree *t);

/* "FOLDER/PREFIX@…h5" of the file that begins at ms. */
char *drf_tree_name(const struct drf_tree *t, int64_t ms, char out[DRF_NAME_MAX]);

/* The time a folder's name says, -1 if it is no folder of this tree. */
int64_t drf_tree_folder_time(const struct drf_tree *t, const char *name);

/* The time a file's name says, -1 if it is none of the files of the folder that begins at `folder`. */
int64_t drf_tree_file_time(const struct drf_tree *t, int64_t folder, const char *name);

/* The start of the first file there is that begins at or after ms; -1 if none. */
int64_t drf_tree_next(struct drf_tree *t, int64_t ms);

/* The start of the last file there is that begins at or before ms; -1 if none. */
int64_t drf_tree_previous(struct drf_tree *t, int64_t ms);

#endif
