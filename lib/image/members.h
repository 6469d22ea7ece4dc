/* SPDX-License-Identifier: ISC */
/* The members of a group, as operations on geometry treat them (leat-stream(5), Groups). */
#ifndef LEAT_IMAGE_MEMBERS_H
#define LEAT_IMAGE_MEMBERS_H

#include "stream/filter.h"

/* The science image of a group; dies if it has none. */
const struct frame *members_science(struct filter *f, const struct frame *frames, size_t count);

/*
 * Calls put for each member of a group that stays, with the flags it is to be put with: all images,
 * and others unless they speak of pixels (%coords pixel). Returns how many do not stay.
 */
typedef void member_fn(struct filter *f, const struct frame *member, void *arg);
size_t members_each(
	struct filter *f, const struct frame *frames, size_t count, member_fn *put, void *arg);

#endif
