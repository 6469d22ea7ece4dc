/* SPDX-License-Identifier: ISC */
/*
 * Writes a DigitalRF 2.6 channel. A file is written as tmp.rf@…, and when it is full synced and
 * renamed; nothing that is there is overwritten or changed, but for a file of Digital Metadata,
 * which is replaced by itself and what is new. Equal samples and layout make equal bytes: object
 * times are off, the fields of clocks follow from the samples.
 *
 * One writer a channel: the folder is locked. A tmp.rf@… of the same name that a killed writer left
 * is removed. All functions return 0 or fill *e: EXIT_CANTCREATE where the channel is of another
 * form, a file is there already or a name cannot be made, EXIT_AGAIN where another one writes,
 * EXIT_IO where writing fails, EXIT_DATA where an index does not ascend.
 */
#ifndef LEAT_IO_DRF_WRITE_H
#define LEAT_IO_DRF_WRITE_H

#include "io/drf.h"

struct drf_writer;

struct drf_layout {
	struct drf_properties properties; /* version and big_endian are not looked at */
	unsigned gzip;			  /* 0 … 9, 0 = none */
	bool checksum;
	char uuid[128]; /* of this writer's run */
};

/* A file may hold at most this many bytes. EXIT_DATA if it would hold more. */
#define DRF_WRITE_FILE_MAX (UINT64_C(1) << 40)
int drf_layout_check(const struct drf_layout *layout, struct error *e);

/*
 * Begins to write into a folder that is there; `name` is that of the channel, for messages. The
 * properties are written, or compared with those that are there.
 */
int drf_writer_open(struct drf_writer **w, const char *folder, const char *name,
	const struct drf_layout *layout, struct error *e);

/* From index on the subchannels are tuned to hz, NaN being unknown. Call it before those samples.
 */
int drf_writer_tune(struct drf_writer *w, int64_t index, const double *hz, struct error *e);

/* Writes rows, little-endian, from index on, which must not lie before the end of those so far. */
int drf_writer_put(
	struct drf_writer *w, int64_t index, size_t rows, const void *data, struct error *e);

/* The file in hand appears, though it is not full. Then the writer can only be freed. */
int drf_writer_finish(struct drf_writer *w, struct error *e);

/*
 * Removes what has not appeared, and what has without samples that it belongs to; takes no memory,
 * may be called from a signal handler.
 */
void drf_writer_abandon(struct drf_writer *w);

void drf_writer_free(struct drf_writer *w);

#endif
