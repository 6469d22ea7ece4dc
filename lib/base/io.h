/* SPDX-License-Identifier: ISC */
/* Writing to descriptors that others may have left non-blocking. */
#ifndef LEAT_BASE_IO_H
#define LEAT_BASE_IO_H

#include <stddef.h>

/*
 * Writes all n bytes, however many calls that takes: goes on after a signal, waits where the
 * descriptor would not block. 0, or -1 with errno; some of the bytes may be out by then.
 */
int write_whole(int fd, const void *bytes, size_t n);

#endif
