/* SPDX-License-Identifier: ISC */
/*
 * Looks for what is wrong in a DigitalRF channel: names, properties, attributes of files that
 * differ from them, indices, the order of files, what writers left, what cannot be read. Nothing is
 * changed. As with drf.h, libhdf5 may crash where a file is hostile.
 */
#ifndef LEAT_IO_DRF_CHECK_H
#define LEAT_IO_DRF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct drf_check {
	/* to be filled */
	bool deep; /* read all samples */
	void *arg;
	void (*decoding)(void *arg, const char *file); /* as in struct drf_hooks */
	void (*problem)(void *arg, const char *file, const char *what);

	/* found, in one channel */
	int64_t files, samples, blocks, metadata_files, problems;
};

/*
 * Checks the channel in a folder; `name` is what problems call it. 0 whatever is found in it;
 * EXIT_NOINPUT if the folder is not there, EXIT_DATA if it has no properties, so is no channel.
 */
int drf_check_channel(struct drf_check *c, const char *folder, const char *name, struct error *e);

#endif
