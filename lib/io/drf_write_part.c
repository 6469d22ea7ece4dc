/* SPDX-License-Identifier: ISC */
/* Files that get their name when they are whole, in the folders of a channel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/outfile.h"
#include "base/str.h"
#include "io/drf_write_parts.h"

#define FOLDER_MODE 0775

static int cannot_create(const char *label, const char *why, struct error *e)
{
	return fail(e, EXIT_CANTCREATE, "%s: cannot create: %s", label, why);
}

/* A folder's entries are on the disk; some file systems cannot say so. */
static int sync_folder(const char *path, const char *label, struct error *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 || (fsync(fd) && errno != EINVAL && errno != EROFS))
		r = fail(e, EXIT_IO, "%s: cannot sync its folder: %s", label, strerror(errno));
	if (fd >= 0)
		close(fd);
	return r;
}

static int make_folder(const char *path, const char *label, struct error *e)
{
	struct stat st;
	char *above;
	int r;

	if (mkdir(path, FOLDER_MODE)) {
		if (errno != EEXIST)
			return cannot_create(label, strerror(errno), e);
		/* A link could lead out of the channel. */
		return lstat(path, &st) == 0 && S_ISDIR(st.st_mode)
			       ? 0
			       : cannot_create(label, "its folder is a link or a file", e);
	}
	above = folder_of(path);
	r = sync_folder(above, label, e);
	free(above);
	return r;
}

/* What a killed writer left goes; what another one, of any make, holds locked does not. */
static int remove_stale(const char *path, const char *label, struct error *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool held;

	if (fd < 0 && errno == ENOENT)
		return 0;
	held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	if (held)
		return fail(e, EXIT_AGAIN, "%s: another program writes it", label);
	return unlink(path) ? cannot_create(label, strerror(errno), e) : 0;
}

void drf_part_clear(struct drf_part *part)
{
	if (part->label && part->fd >= 0)
		close(part->fd);
	free(part->path);
	free(part->part);
	free(part->label);
	*part = (struct drf_part){.fd = -1, .file = -1};
}

static void set_names(struct drf_writer *w, struct drf_part *part, const char *name)
{
	struct str text = {0};
	size_t folder;

	part->label = drf_join(w->name, name);
	part->path = drf_join(w->path, name);
	folder = (size_t)(base_name(part->path) - part->path);
	str_add_bytes(&text, part->path, folder);
	str_addf(&text, "tmp.%s", part->path + folder);
	part->part = text.p;
}

int drf_part_begin(struct drf_writer *w, struct drf_part *part, const char *name, bool replaces,
	struct error *e)
{
	char *folder;
	int r;

	drf_part_clear(part);
	set_names(w, part, name);
	part->replaces = replaces;
	if (!replaces && access(part->path, F_OK) == 0)
		return cannot_create(part->label, "is there already", e);
	folder = folder_of(part->path);
	r = make_folder(folder, part->label, e);
	free(folder);
	if (!r)
		r = remove_stale(part->part, part->label, e);
	if (r)
		return r;
	part->fd = open(part->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	part->there = part->fd >= 0;
	return part->there ? 0 : cannot_create(part->label, strerror(errno), e);
}

/* What takes memory comes before the file has its name. */
int drf_part_publish(struct drf_writer *w, struct drf_part *part, struct error *e)
{
	bool is_new = access(part->path, F_OK) != 0;
	char *folder = folder_of(part->path);
	int r = drf_h5_finish(part->file, part->fd, part->label, e);

	part->file = -1;
	w->made = xrealloc(w->made, w->made_count + 1, sizeof(*w->made));
	w->made[w->made_count] = xstrdup(part->path);
	if (!r && renameat2(AT_FDCWD, part->part, AT_FDCWD, part->path,
			  part->replaces ? 0 : RENAME_NOREPLACE))
		r = cannot_create(part->label, strerror(errno), e);
	if (r || !is_new)
		free(w->made[w->made_count]);
	else
		w->made_count++;
	if (r) {
		free(folder);
		return r;
	}
	part->there = false;
	r = sync_folder(folder, part->label, e);
	free(folder);
	return r;
}
