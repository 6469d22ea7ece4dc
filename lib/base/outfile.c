/* SPDX-License-Identifier: ISC */
#include "base/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

/* Shared by the files of a set. */
struct folder {
	char *path;
	int fd;
	size_t users;
};

struct outfile {
	struct outfile *next;
	char *path;	  /* as the user gave it, for messages */
	const char *name; /* its last part */
	char part[NAME_MAX + 1];
	struct folder *folder;
	int fd;
	bool no_clobber;
	bool placed, exchanged; /* it has its name; the part's is an old file's */
};

static unsigned long parts; /* made so far, for their names */

/* Those neither committed nor discarded, the newest first: a death removes their parts. */
static struct outfile *pending;

char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a folder";
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

/* Whether a descriptor that can be read is of this file. */
static bool is_input(const struct stat *file)
{
	/* Descriptors are given out from the lowest: beyond many free ones there are none. */
	for (int fd = 0, unused = 0; unused < 256; fd++) {
		struct stat st;

		if (fstat(fd, &st))
			unused++;
		else if (st.st_dev == file->st_dev && st.st_ino == file->st_ino &&
			 (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
			return true;
	}
	return false;
}

void outfile_check(const char *path, bool no_clobber)
{
	struct stat st;
	char *folder;

	if (!*base_name(path))
		die(EXIT_CANTCREATE, "%s: cannot create: not the name of a file", path);
	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			die(EXIT_CANTCREATE, "%s: cannot create: is %s, must be a file or absent",
				path, kind_of(st.st_mode));
		if (no_clobber)
			die(EXIT_CANTCREATE, "%s: cannot create: exists (--no-clobber)", path);
		if (is_input(&st))
			die(EXIT_CANTCREATE, "%s: cannot create: is the input itself", path);
	}
	folder = folder_of(path);
	if (access(folder, W_OK | X_OK))
		die(EXIT_CANTCREATE, "%s: cannot create: folder %s: %s", path, folder,
			strerror(errno));
	free(folder);
}

static struct folder *folder_open(const char *path)
{
	char *name = folder_of(path);
	struct folder *folder;

	if (pending && !strcmp(pending->folder->path, name)) {
		free(name);
		pending->folder->users++;
		return pending->folder;
	}
	folder = xcalloc(1, sizeof(*folder));
	folder->path = name;
	folder->users = 1;
	folder->fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		die(EXIT_CANTCREATE, "%s: cannot create: folder %s: %s", path, name,
			strerror(errno));
	return folder;
}

static void folder_close(struct folder *folder)
{
	if (--folder->users > 0)
		return;
	close(folder->fd);
	free(folder->path);
	free(folder);
}

static void remove_part(const struct outfile *f)
{
	unlinkat(f->folder->fd, f->part, 0);
}

static void remove_parts(void *arg, int code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
	for (const struct outfile *f = pending; f; f = f->next)
		remove_part(f);
}

/* A part file of this name that nobody holds a lock on was left by a kill. */
static void remove_stale(const struct outfile *f)
{
	int fd = openat(f->folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n;
	const struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* The common part ends before ".PID-N.part". */
	n = (size_t)(strrchr(f->part, '.') - f->part);
	while (n > 0 && f->part[n - 1] != '.')
		n--;
	while ((e = readdir(d))) {
		size_t length = strlen(e->d_name);
		int part;

		if (length < n + 5 || memcmp(e->d_name, f->part, n) ||
			strcmp(e->d_name + length - 5, ".part") ||
			strspn(e->d_name + n, "0123456789-") != length - 5 - n)
			continue;
		part = openat(
			f->folder->fd, e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (part < 0)
			continue;
		if (flock(part, LOCK_EX | LOCK_NB) == 0)
			unlinkat(f->folder->fd, e->d_name, 0);
		close(part);
	}
	closedir(d);
}

/* Makes the part file and locks it. */
static int open_part(const struct outfile *f)
{
	int fd = openat(f->folder->fd, f->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		die(EXIT_CANTCREATE, "%s: cannot create: %s", f->path, strerror(errno));
	while (flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

struct outfile *outfile_open(const char *path, bool no_clobber)
{
	struct outfile *f = xcalloc(1, sizeof(*f));
	struct stat st;

	f->path = xstrdup(path);
	f->name = base_name(f->path);
	f->no_clobber = no_clobber;
	snprintf(
		f->part, sizeof(f->part), ".%.200s.%ld-%lu.part", f->name, (long)getpid(), parts++);
	f->folder = folder_open(path);
	remove_stale(f);
	f->fd = open_part(f);
	/* Another's remove_stale() may have come between the part's making and its lock. */
	if (fstat(f->fd, &st) == 0 && st.st_nlink == 0) {
		close(f->fd);
		f->fd = open_part(f);
	}
	if (!pending)
		at_death(remove_parts, NULL);
	f->next = pending;
	pending = f;
	return f;
}

int outfile_fd(struct outfile *f)
{
	return f->fd;
}

void outfile_write(struct outfile *f, const void *bytes, size_t n)
{
	if (write_whole(f->fd, bytes, n))
		die(EXIT_IO, "%s: cannot write: %s", f->path, strerror(errno));
}

static void forget(struct outfile *f)
{
	struct outfile **link = &pending;

	while (*link != f)
		link = &(*link)->next;
	*link = f->next;
	if (!pending)
		forget_at_death(remove_parts, NULL);
	close(f->fd);
	folder_close(f->folder);
	free(f->path);
	free(f);
}

/* The part, which death removes, is the new file again, and an old one is back. */
static void take_back(struct outfile *f)
{
	int folder = f->folder->fd;

	if (f->placed)
		(void)renameat2(folder, f->name, folder, f->part,
			f->exchanged ? RENAME_EXCHANGE : RENAME_NOREPLACE);
	f->placed = false;
}

/*
 * Gives the part file its name, so that it can be taken back: an old file of that name gets the
 * part's. Some file systems only know plain renaming. False, with errno, if it cannot be.
 */
static bool place(struct outfile *f)
{
	int folder = f->folder->fd;
	struct stat old;

	f->placed = f->exchanged = false;
	if (renameat2(folder, f->part, folder, f->name, RENAME_NOREPLACE) == 0)
		return f->placed = true;
	if (f->no_clobber || (errno != EEXIST && errno != EINVAL))
		return false;
	if (errno == EEXIST && renameat2(folder, f->part, folder, f->name, RENAME_EXCHANGE) == 0) {
		f->placed = f->exchanged = true;
		if (fstatat(folder, f->part, &old, AT_SYMLINK_NOFOLLOW) || S_ISREG(old.st_mode))
			return true;
		take_back(f); /* a folder that has come meanwhile, say, stays */
		errno = EEXIST;
		return false;
	}
	return f->placed = renameat2(folder, f->part, folder, f->name, 0) == 0;
}

/* Some file systems cannot sync a folder; the files themselves are safe by then. */
static bool sync_folder(const struct folder *folder)
{
	return fsync(folder->fd) == 0 || errno == EINVAL || errno == EROFS;
}

void outfile_commit(struct outfile *f)
{
	outfile_commit_together(&f, 1);
}

/*
 * The old file that said that all is there, if there is one, goes first, to a part's name, and
 * *aside is set: no moment has it beside a new file.
 */
static bool set_aside(const struct outfile *last, char aside[static NAME_MAX + 1])
{
	int folder = last->folder->fd;

	snprintf(aside, NAME_MAX + 1, ".%.200s.%ld-%lu.part", last->name, (long)getpid(), parts++);
	if (renameat2(folder, last->name, folder, aside, 0) == 0)
		return sync_folder(last->folder);
	*aside = '\0';
	return errno == ENOENT;
}

void outfile_commit_together(struct outfile *const *files, size_t count)
{
	struct outfile *last = files[count - 1];
	struct folder *folder = last->folder;
	char aside[NAME_MAX + 1] = "";
	bool good = true, all_placed;
	int why;

	for (size_t i = 0; i < count; i++)
		if (fsync(files[i]->fd))
			die(EXIT_IO, "%s: cannot write: %s", files[i]->path, strerror(errno));
	if (count > 1 && !last->no_clobber)
		good = set_aside(last, aside);
	for (size_t i = 0; i < count && good; i++)
		good = place(files[i]);
	all_placed = good;
	good = good && sync_folder(folder);
	why = errno;
	for (size_t i = count; i-- > 0 && !good;)
		take_back(files[i]);
	if (!good && *aside)
		(void)renameat2(folder->fd, aside, folder->fd, last->name, RENAME_NOREPLACE);
	if (!good && all_placed)
		die(EXIT_IO, "%s: cannot sync its folder: %s", last->path, strerror(why));
	if (!good)
		die(EXIT_CANTCREATE, "%s: cannot create: %s", last->path, strerror(why));
	if (*aside)
		unlinkat(folder->fd, aside, 0);
	for (size_t i = 0; i < count; i++) {
		if (files[i]->exchanged)
			remove_part(files[i]);
		forget(files[i]);
	}
}

void outfile_discard(struct outfile *f)
{
	if (!f)
		return;
	remove_part(f);
	forget(f);
}

void str_add_mapped(struct str *s, const char *value)
{
	size_t n = strnlen(value, 64);
	/* A name that begins with '-' is an option to whoever says "rm *". */
	bool begins = s->len == 0 || s->p[s->len - 1] == '/';
	bool mapped = *value == '.' || (begins && *value == '-');

	if (n == 0 || mapped)
		str_add(s, "_");
	for (size_t i = mapped; i < n; i++) {
		char c = value[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || strchr("._+-", c);

		str_add_bytes(s, ok ? &c : "_", 1);
	}
}

/* "n", "n:04" or a key, n characters long. */
static bool add_field(struct str *s, const char *field, size_t length, uint64_t n,
	pattern_fn *lookup, void *arg, const char **why)
{
	char key[80];
	const char *value;

	if (length == 0 || length >= sizeof(key)) {
		*why = "a key between braces must have 1 to 79 characters";
		return false;
	}
	memcpy(key, field, length);
	key[length] = '\0';
	if (!strcmp(key, "n")) {
		str_addf(s, "%llu", (unsigned long long)n);
		return true;
	}
	if (starts_with(key, "n:")) {
		if (key[2] != '0' || key[3] < '1' || key[3] > '9' || key[4]) {
			*why = "{n:0W} takes a width W of 1 to 9 digits";
			return false;
		}
		str_addf(s, "%0*llu", key[3] - '0', (unsigned long long)n);
		return true;
	}
	value = lookup(arg, key);
	if (!value) {
		*why = "unknown key between braces";
		return false;
	}
	str_add_mapped(s, value);
	return true;
}

char *pattern_expand(
	const char *pattern, uint64_t n, pattern_fn *lookup, void *arg, const char **why)
{
	struct str s = {0};

	str_add(&s, "");
	for (const char *p = pattern; *p;) {
		size_t length = strcspn(p, "{}");

		str_add_bytes(&s, p, length);
		p += length;
		if (*p == '}' || (*p == '{' && !strchr(p, '}'))) {
			*why = "a brace without its partner";
			str_free(&s);
			return NULL;
		}
		if (*p == '{') {
			length = strcspn(++p, "}");
			if (!add_field(&s, p, length, n, lookup, arg, why)) {
				str_free(&s);
				return NULL;
			}
			p += length + 1;
		}
	}
	return s.p;
}

struct manifest {
	char *path;
	struct str lines;
};

struct manifest *manifest_new(const char *pattern)
{
	struct manifest *m = xcalloc(1, sizeof(*m));
	size_t n = strcspn(pattern, "{");
	struct str path = {0};

	while (n > 0 && strchr("_-.", pattern[n - 1]))
		n--;
	str_add_bytes(&path, pattern, n);
	str_add(&path, n == 0 || pattern[n - 1] == '/' ? "set.manifest" : ".manifest");
	m->path = path.p;
	return m;
}

void manifest_add(struct manifest *m, const char *path)
{
	static const size_t piece = 1 << 18;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buffer = xmalloc(piece);
	uint64_t size = 0;
	uint32_t crc = 0;
	ssize_t n;

	if (fd < 0)
		die(EXIT_IO, "%s: cannot read back: %s", path, strerror(errno));
	while ((n = read(fd, buffer, piece)) > 0) {
		crc = crc32c(crc, buffer, (size_t)n);
		size += (uint64_t)n;
	}
	if (n < 0)
		die(EXIT_IO, "%s: cannot read back: %s", path, strerror(errno));
	close(fd);
	free(buffer);
	str_addf(&m->lines, "%08x %llu ", crc, (unsigned long long)size);
	str_add_escaped(&m->lines, base_name(path));
	str_add(&m->lines, "\n");
}

void manifest_commit(struct manifest *m)
{
	struct outfile *f = outfile_open(m->path, false);

	outfile_write(f, m->lines.p ? m->lines.p : "", m->lines.len);
	outfile_commit(f);
	free(m->path);
	str_free(&m->lines);
	free(m);
}
