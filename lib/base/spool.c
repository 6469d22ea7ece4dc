/* SPDX-License-Identifier: ISC */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct spool {
	int fd;
};

static int open_in(const char *folder)
{
	return folder && *folder ? open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600) : -1;
}

struct spool *spool_open(void)
{
	struct spool *s = xmalloc(sizeof(*s));
	const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp", "."};

	s->fd = -1;
	for (size_t i = 0; i < COUNT_OF(folders) && s->fd < 0; i++)
		s->fd = open_in(folders[i]);
	if (s->fd < 0)
		die(EXIT_CANTCREATE, "cannot create a spool file: %s (set TMPDIR)",
			strerror(errno));
	return s;
}

void spool_write(struct spool *s, uint64_t offset, const void *bytes, size_t n)
{
	for (const char *p = bytes; n > 0;) {
		ssize_t done = pwrite(s->fd, p, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			die(EXIT_IO, "cannot write the spool file: %s (TMPDIR, --memory)",
				strerror(done ? errno : ENOSPC));
		p += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
}

void spool_read(struct spool *s, uint64_t offset, void *bytes, size_t n)
{
	for (char *p = bytes; n > 0;) {
		ssize_t done = pread(s->fd, p, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			die(EXIT_IO, "cannot read the spool file: %s",
				done ? strerror(errno) : "it is shorter than what was written");
		p += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	close(s->fd);
	free(s);
}
