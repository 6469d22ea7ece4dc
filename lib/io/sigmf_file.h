/* SPDX-License-Identifier: ISC */
/* The files of a SigMF recording: BASE.sigmf-meta and its data, or BASE.sigmf, a tar archive. */
#ifndef LEAT_IO_SIGMF_FILE_H
#define LEAT_IO_SIGMF_FILE_H

#include "io/sigmf.h"

struct sigmf_file;

/*
 * Finds and opens what `name` means: one of the three files, or BASE alone (then BASE.sigmf-meta
 * comes before BASE.sigmf). EXIT_NOINPUT with *e if it is not there. The data file may be missing
 * until sigmf_file_read. Nothing is read yet.
 */
int sigmf_file_open(struct sigmf_file **file, const char *name, struct error *e);
void sigmf_file_close(struct sigmf_file *f);

/* The folder in which core:dataset may name a file, to be readable until sigmf_file_read is back.
 */
const char *sigmf_file_folder(const struct sigmf_file *f);

/*
 * Reads the metadata and lays them over the data. EXIT_DATA with *e as sigmf_parse and sigmf_lay,
 * also for an archive of several recordings; EXIT_NOINPUT without data, EXIT_IO.
 */
int sigmf_file_read(struct sigmf_file *f, struct sigmf *m, struct error *e);

/* n bytes at an offset of the data; EXIT_DATA if the file has become shorter, EXIT_IO. */
int sigmf_file_data(struct sigmf_file *f, uint64_t at, void *out, size_t n, struct error *e);

/* EXIT_DATA with *e if the data have another sum than core:sha512 says, or it says none. */
int sigmf_file_verify(struct sigmf_file *f, const struct sigmf *m, struct error *e);

#endif
