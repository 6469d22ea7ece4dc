/* SPDX-License-Identifier: ISC */
/* What an open channel is made of; for the sources of this room and its tests. */
#ifndef LEAT_IO_DRF_PARTS_H
#define LEAT_IO_DRF_PARTS_H

#include "io/drf.h"
#include "io/drf_file.h"
#include "io/drf_tree.h"

struct drf {
	char *path, *name;
	struct drf_hooks hooks;
	struct drf_properties properties;
	bool typed; /* a file has told whether integers are signed */
	struct drf_tree tree;

	struct drf_file file;
	int64_t file_at;   /* its start in ms, -1 if none is open */
	int64_t next_at;   /* no file before this is to be opened any more */
	size_t run;	   /* the run of the open file to go on with */
	int64_t from, end; /* the range still wanted */

	bool metadata_sought, has_metadata;
	struct drf_tree metadata;
	struct rate metadata_rate;

	int watch; /* inotify, -1 until it is needed */
};

/* Reads the rate out of attributes: the pair of integers, or samples_per_second before 2.1. */
bool drf_read_rate(hid_t object, struct rate *rate);

/* Cadences that make names: both > 0, the file's dividing the folder's, both before DRF_MS_END. */
bool drf_cadences_valid(uint64_t folder_ms, uint64_t file_ms);

/* What dmd_properties.h5 says. */
struct drf_metadata_form {
	char prefix[64];
	int64_t folder_s, file_s;
	struct rate rate;
};

/* Reads it; false if it makes no sense. */
bool drf_read_metadata_form(hid_t object, struct drf_metadata_form *form);

/* Reads and checks a channel's properties; EXIT_DATA. `name` is for messages. */
int drf_read_properties(
	struct drf_properties *p, hid_t object, const char *name, struct error *e);

void drf_decoding(const struct drf *d, const char *file);
void drf_skipped(const struct drf *d, const struct error *why);

/* folder/name, to be freed. */
char *drf_join(const char *folder, const char *name);

#endif
