/* SPDX-License-Identifier: ISC */
/*
 * Groups of frames put aside until all have been seen: payloads in memory as far as that is
 * allowed, the others in a spool file.
 */
#ifndef LEAT_IMAGE_STORE_H
#define LEAT_IMAGE_STORE_H

#include "stream/frame.h"

struct store;

/* In prepare(), as it opens the spool file. `memory` is the most bytes of payloads to hold. */
struct store *store_new(uint64_t memory);

/* Copies a group; its number is the count of those before it. */
void store_add(struct store *s, const struct frame *frames, size_t count);

size_t store_count(const struct store *s);

/* The frames of a group, as they were; valid until the next call. */
const struct frame *store_get(struct store *s, size_t group, size_t *count);

/* Forgets all groups. */
void store_clear(struct store *s);

#endif
