/* SPDX-License-Identifier: ISC */
/* What a writer of a channel is made of; for the sources of this room. */
#ifndef LEAT_IO_DRF_WRITE_PARTS_H
#define LEAT_IO_DRF_WRITE_PARTS_H

#include "io/drf_parts.h"
#include "io/drf_write.h"
#include "io/drf_h5.h"

/* A file on its way to its name. */
struct drf_part {
	char *path, *part; /* FOLDER/NAME, FOLDER/tmp.NAME */
	char *label;	   /* CHANNEL/…/NAME, for messages */
	bool replaces;	   /* the file that has the name already */
	int fd;		   /* of the part */
	hid_t file;
	volatile bool there; /* the part is to be removed if all fails */
};

struct drf_writer {
	char *path, *name;
	int lock;
	struct drf_layout layout;
	struct drf_tree tree;
	struct drf_part part;  /* of the open file */
	struct drf_part aside; /* of properties and metadata */
	char **made;	       /* files that are new, and of no use without samples */
	size_t made_count;

	/* what all files have in common */
	struct drf_h5_rows form;
	size_t row_bytes;
	uint8_t *staged; /* chunk_rows rows */
	uint8_t *fill;	 /* as many rows of the fill value, if there are gaps to fill */
	size_t stage_rows;
	uint64_t init_s; /* of the first sample */
	int32_t sequence;
	int64_t end; /* index after the last row, -1 before the first */

	/* the open file */
	bool open;
	hid_t data;
	int64_t first, file_end;   /* its indices */
	uint64_t written, waiting; /* rows in the file, rows staged */
	uint64_t (*run)[2];	   /* rows of rf_data_index */
	size_t runs, run_room;

	/* Digital Metadata not yet written */
	struct drf_tree metadata;
	struct drf_metadata_form metadata_form;
	bool has_metadata; /* the two are set */
	int64_t *tuning;
	double *hz; /* subchannels for each */
	size_t tunings, tuning_room;
};

/*
 * Makes an empty part for the file of this name in the channel ("FOLDER/rf@…"), and its folder; a
 * stale part is removed. Fails if the file is there, unless it is to be replaced.
 */
int drf_part_begin(struct drf_writer *w, struct drf_part *part, const char *name, bool replaces,
	struct error *e);

/* Closes the file, syncs it, and gives it its name; it is listed as made if it is new. */
int drf_part_publish(struct drf_writer *w, struct drf_part *part, struct error *e);
void drf_part_clear(struct drf_part *part);

/* drf_write_properties.c: the attributes that a channel and its files have in common. */
int drf_settle_properties(struct drf_writer *w, struct error *e);
bool drf_put_attributes(hid_t object, const struct drf_properties *p);

/* Writes the tunings that wait, so that they are there before samples they are of. */
int drf_write_tunings(struct drf_writer *w, struct error *e);

#endif
