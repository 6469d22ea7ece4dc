/* SPDX-License-Identifier: ISC */
#include "io/sigmf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/outfile.h"
#include "io/sha512.h"
#include "io/tar.h"

#define META ".sigmf-meta"
#define DATA ".sigmf-data"
#define ARCHIVE ".sigmf"
#define PIECE (1 << 18)

struct sigmf_file {
	char *folder;
	char *meta_name, *data_name; /* for messages */
	int meta_fd, data_fd;	     /* one and the same of an archive */
	int data_missing;	     /* errno */
	bool archive;
	uint64_t at, size; /* of the data in data_fd */
};

/* `name` less an ending, with another one; to be freed, NULL if it has not that ending. */
static char *renamed(const char *name, const char *ending, const char *other)
{
	size_t n = strlen(name), k = strlen(ending);
	struct str s = {0};

	if (n < k || strcmp(name + n - k, ending) != 0)
		return NULL;
	str_add_bytes(&s, name, n - k);
	str_add(&s, other);
	return s.p;
}

/* A regular file, or -1 with errno. */
static int open_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

static int cannot_open(struct error *e, const char *name, int why)
{
	return fail(e, EXIT_NOINPUT, "%s: cannot open: %s", name,
		why == EISDIR ? "is not a regular file" : strerror(why));
}

/* What the name means: the name of the metadata file, or of the archive. */
static int find(struct sigmf_file *f, const char *name, struct error *e)
{
	char *other;

	if ((other = renamed(name, ".sigmf-collection", ""))) {
		free(other);
		return fail(
			e, EXIT_NOINPUT, "%s: a collection of recordings: name one of them", name);
	}
	if ((other = renamed(name, ARCHIVE, ""))) {
		free(other);
		f->archive = true;
		f->meta_name = xstrdup(name);
		return 0;
	}
	if ((f->meta_name = renamed(name, META, META)) ||
		(f->meta_name = renamed(name, DATA, META)))
		return 0;
	f->meta_name = renamed(name, "", META);
	if (access(f->meta_name, F_OK) == 0)
		return 0;
	other = renamed(name, "", ARCHIVE);
	if (access(other, F_OK)) {
		free(other);
		return fail(e, EXIT_NOINPUT, "%s: neither %s" META " nor %s" ARCHIVE " is there",
			name, name, name);
	}
	free(f->meta_name);
	f->meta_name = other;
	f->archive = true;
	return 0;
}

int sigmf_file_open(struct sigmf_file **file, const char *name, struct error *e)
{
	struct sigmf_file *f = *file = xcalloc(1, sizeof(*f));
	int code;

	f->meta_fd = f->data_fd = -1;
	if ((code = find(f, name, e)))
		return code;
	f->meta_fd = open_file(f->meta_name);
	if (f->meta_fd < 0)
		return cannot_open(e, f->meta_name, errno);
	f->folder = folder_of(f->meta_name);
	if (f->archive) {
		f->data_fd = f->meta_fd;
		return 0;
	}
	f->data_name = renamed(f->meta_name, META, DATA);
	f->data_fd = open_file(f->data_name);
	f->data_missing = errno;
	return 0;
}

void sigmf_file_close(struct sigmf_file *f)
{
	if (!f)
		return;
	if (f->data_fd >= 0 && f->data_fd != f->meta_fd)
		close(f->data_fd);
	if (f->meta_fd >= 0)
		close(f->meta_fd);
	free(f->folder);
	free(f->meta_name);
	free(f->data_name);
	free(f);
}

const char *sigmf_file_folder(const struct sigmf_file *f)
{
	return f->folder;
}

static int read_at(int fd, uint64_t at, void *out, size_t n, const char *name, struct error *e)
{
	size_t got = 0;
	ssize_t k;

	while (got < n) {
		k = pread(fd, (char *)out + got, n - got, (off_t)(at + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fail(e, EXIT_IO, "%s: cannot read: %s", name, strerror(errno));
		if (k == 0)
			return fail(e, EXIT_DATA, "%s: became shorter while it was read", name);
		got += (size_t)k;
	}
	return 0;
}

static int parse_at(
	struct sigmf_file *f, uint64_t at, uint64_t size, struct sigmf *m, struct error *e)
{
	struct error why;
	char *json;
	int code;

	if (size > SIGMF_JSON_MAX)
		return fail(e, EXIT_DATA, "%s: metadata: %llu bytes, at most %d are read",
			f->meta_name, (unsigned long long)size, SIGMF_JSON_MAX);
	json = xmalloc((size_t)size + 1);
	code = read_at(f->meta_fd, at, json, (size_t)size, f->meta_name, e);
	if (!code && (code = sigmf_parse(m, json, (size_t)size, &why)))
		code = fail(e, code, "%s: %s", f->meta_name, why.text);
	free(json);
	return code;
}

/* The file of an archive that has a name beside the metadata's; NULL if there is none. */
static const struct tar_entry *beside(const struct tar_entry *meta, const struct sigmf *m,
	const struct tar_entry *entries, size_t count)
{
	char *folder = folder_of(meta->name), *name = NULL;
	const struct tar_entry *found = NULL;
	struct str path = {0};

	if (m->dataset) {
		if (strchr(meta->name, '/'))
			str_addf(&path, "%s/", folder);
		str_add(&path, m->dataset);
		name = path.p;
	} else {
		name = renamed(meta->name, META, DATA);
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(entries[i].name, name))
			found = &entries[i];
	free(name);
	free(folder);
	return found;
}

static int choose(struct sigmf_file *f, const struct tar_entry *entries, size_t count,
	struct sigmf *m, struct error *e)
{
	const struct tar_entry *meta = NULL, *data;
	int code;

	for (size_t i = 0; i < count; i++) {
		char *name = renamed(entries[i].name, META, "");

		free(name);
		if (name && meta)
			return fail(e, EXIT_DATA,
				"%s: more than one recording in it, %s and %s: unpack it with tar",
				f->meta_name, meta->name, entries[i].name);
		if (name)
			meta = &entries[i];
	}
	if (!meta)
		return fail(e, EXIT_DATA, "%s: no file *" META " in it", f->meta_name);
	if ((code = parse_at(f, meta->at, meta->size, m, e)))
		return code;
	data = beside(meta, m, entries, count);
	if (!data)
		return fail(e, EXIT_DATA, "%s: no data in it for %s%s", f->meta_name, meta->name,
			m->metadata_only ? " (core:metadata_only)" : "");
	f->at = data->at;
	f->size = data->size;
	f->data_name = xstrdup(f->meta_name);
	return 0;
}

static int read_archive(struct sigmf_file *f, struct sigmf *m, struct error *e)
{
	struct tar_entry *entries;
	struct error why;
	size_t count;
	int code;

	if ((code = tar_list(f->meta_fd, &entries, &count, &why)))
		return fail(e, code, "%s: %s", f->meta_name, why.text);
	code = choose(f, entries, count, m, e);
	tar_free(entries, count);
	return code;
}

static int read_pair(struct sigmf_file *f, struct sigmf *m, struct error *e)
{
	struct stat st;
	struct str path = {0};
	int code;

	if (fstat(f->meta_fd, &st))
		return fail(e, EXIT_IO, "%s: cannot read: %s", f->meta_name, strerror(errno));
	if ((code = parse_at(f, 0, (uint64_t)st.st_size, m, e)))
		return code;
	if (m->dataset) {
		str_addf(&path, "%s/%s", f->folder, m->dataset);
		free(f->data_name);
		f->data_name = path.p;
		if (f->data_fd >= 0)
			close(f->data_fd);
		f->data_fd = open_file(f->data_name);
		f->data_missing = errno;
	}
	if (f->data_fd < 0 && m->metadata_only)
		return fail(e, EXIT_DATA, "%s: core:metadata_only: the recording has no samples",
			f->meta_name);
	if (f->data_fd < 0)
		return cannot_open(e, f->data_name, f->data_missing);
	if (fstat(f->data_fd, &st))
		return fail(e, EXIT_IO, "%s: cannot read: %s", f->data_name, strerror(errno));
	f->size = (uint64_t)st.st_size;
	return 0;
}

int sigmf_file_read(struct sigmf_file *f, struct sigmf *m, struct error *e)
{
	struct error why;
	int code = f->archive ? read_archive(f, m, e) : read_pair(f, m, e);

	if (!code && (code = sigmf_lay(m, f->size, &why)))
		code = fail(e, code, "%s: %s", f->meta_name, why.text);
	return code;
}

int sigmf_file_data(struct sigmf_file *f, uint64_t at, void *out, size_t n, struct error *e)
{
	return read_at(f->data_fd, f->at + at, out, n, f->data_name, e);
}

int sigmf_file_verify(struct sigmf_file *f, const struct sigmf *m, struct error *e)
{
	struct sha512 *sum;
	char text[SHA512_TEXT];
	char *piece;
	int code = 0;

	if (!m->sha512)
		return fail(e, EXIT_DATA, "%s: core:sha512: missing, cannot verify", f->meta_name);
	sum = sha512_new();
	piece = xmalloc(PIECE);
	for (uint64_t at = 0, n; !code && at < f->size; at += n) {
		n = f->size - at < PIECE ? f->size - at : PIECE;
		code = sigmf_file_data(f, at, piece, (size_t)n, e);
		sha512_add(sum, piece, (size_t)n);
	}
	free(piece);
	sha512_end(sum, text);
	if (!code && strcasecmp(text, m->sha512) != 0)
		code = fail(
			e, EXIT_DATA, "%s: core:sha512: the data have another sum", f->data_name);
	return code;
}
