/* SPDX-License-Identifier: ISC */
/* One rf@ file of a channel: checked when it is opened, read piece by piece. */
#ifndef LEAT_IO_DRF_FILE_H
#define LEAT_IO_DRF_FILE_H

#include "io/drf.h"
#include "io/h5.h"

/* A piece is at most this, or one row. */
#define DRF_PIECE_BYTES (1u << 20)

/* Writers before 2.6.6 reckoned in long double: a border sample may be in the file beside its own.
 */
#define DRF_SLACK 1

struct drf_run {
	int64_t index;
	uint64_t row, rows;
};

struct drf_file {
	struct h5 h5;
	char name[400]; /* CHANNEL/FOLDER/rf@… */
	hid_t data;
	uint64_t rows;
	size_t width;		      /* elements of a row */
	size_t row_bytes, part_bytes; /* of a row, of a component */
	size_t piece_rows;	      /* at most this many at once */
	bool big_endian;
	struct drf_run *run; /* ascending, none adjoins the next */
	size_t runs;
	uint8_t *map; /* of the file, NULL if its bytes are not the samples */
	size_t map_bytes, offset, given_back;
	void *buffer;
};

/*
 * Opens a file whose samples shall lie in first … end-1. Its elements must be as p says; if
 * `untyped`, whether integers are signed is not known yet, and p->dtype is corrected.
 */
int drf_file_open(struct drf_file *f, const char *path, struct drf_properties *p, bool untyped,
	int64_t first, int64_t end, struct error *e);
void drf_file_close(struct drf_file *f);

/* Fills data, fd and offset of a piece of at most piece_rows rows of a run. */
int drf_file_read(struct drf_file *f, uint64_t row, struct drf_piece *piece, struct error *e);

#endif
