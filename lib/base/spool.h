/* SPDX-License-Identifier: ISC */
/*
 * Blocks of bytes put aside in a file without a name, which is gone when the process is, however it
 * ends. Failures die: EXIT_CANTCREATE where no folder takes such a file, EXIT_IO where writing or
 * reading fails. Threads may read and write different blocks at once.
 */
#ifndef LEAT_BASE_SPOOL_H
#define LEAT_BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

/*
 * In $TMPDIR, else /var/tmp, /tmp or the current folder, whichever takes it first (on disk before
 * /tmp, which may be memory). Call it before the sandbox is closed.
 */
struct spool *spool_open(void);

void spool_write(struct spool *s, uint64_t offset, const void *bytes, size_t n);

/* The bytes must have been written. */
void spool_read(struct spool *s, uint64_t offset, void *bytes, size_t n);

void spool_close(struct spool *s);

#endif
