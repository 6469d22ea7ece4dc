/* SPDX-License-Identifier: ISC */
/* A capture that is still growing. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "io/drf_parts.h"

/* Files appear by a rename in the newest folder, folders in that of the channel. */
static void watch(struct drf *d)
{
	const struct drf_times *folders = &d->tree.folders;
	char name[DRF_NAME_MAX], *path;

	inotify_add_watch(d->watch, d->path, IN_CREATE | IN_MOVED_TO);
	if (!folders->n)
		return;
	drf_tree_name(&d->tree, folders->v[folders->n - 1], name);
	*strchr(name, '/') = '\0';
	path = drf_join(d->path, name);
	inotify_add_watch(d->watch, path, IN_MOVED_TO);
	free(path);
}

void drf_wait(struct drf *d, int most_ms)
{
	struct pollfd p = {.events = POLLIN};
	char events[4096];

	if (d->watch < 0)
		d->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->watch >= 0)
		watch(d);
	p.fd = d->watch;
	if (poll(&p, 1, most_ms) > 0)
		while (read(d->watch, events, sizeof(events)) > 0)
			;
	drf_tree_refresh(&d->tree);
	if (d->has_metadata)
		drf_tree_refresh(&d->metadata);
	d->metadata_sought = d->has_metadata;
}
