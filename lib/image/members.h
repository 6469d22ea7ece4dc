/* SPDX-License-Identifier: ISC */
/* The members of a group, as operations on geometry treat them (leat-stream(5), Groups). */
#ifndef LEAT_IMAGE_MEMBERS_H
#define LEAT_IMAGE_MEMBERS_H

#include "stream/filter.h"

/*
 * Calls put for each image of a group, whose frame already has the flags it is to be put with;
 * others are put as they are, but those that speak of pixels (%coords pixel) are left out. Returns
 * how many were.
 */
typedef void member_fn(struct filter *f, const struct frame *image, void *arg);
size_t members_each(
	struct filter *f, const struct frame *frames, size_t count, member_fn *put, void *arg);

#endif
