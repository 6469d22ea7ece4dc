/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/inner.h"

#define SINK_OPTION(member) offsetof(struct sink_options, member)

#define PASS                                                                                       \
	{0, "pass", OPT_FLAG, SINK_OPTION(pass), "", NULL, 0, 0, NULL, 0,                          \
		"forward the stream to standard output as well"}

#define SHARED                                                                                     \
	{'o', "output", OPT_TEXT, SINK_OPTION(output), "FILE", NULL, 0, 0, NULL, 0,                \
		"write this file, whole or not at all"},                                           \
	{0, "no-clobber", OPT_FLAG, SINK_OPTION(no_clobber), "", NULL, 0, 0, NULL, 0,              \
		"never replace a file that exists"},                                               \
	PASS

const struct option sink_options_folder[] = {PASS, OPTIONS_END};

const struct option sink_options_text[] = {SHARED, OPTIONS_END};

const struct option sink_options_pictures[] = {
	SHARED,
	{0, "name", OPT_TEXT, SINK_OPTION(name), "PATTERN", NULL, 0, 0, NULL, 0,
		"write a set of files: x_{n:04}.png, {key} for metadata"},
	OPTIONS_END,
};

struct name_source {
	const struct meta *meta;
	char day[sizeof("2024-06-27")];
};

/* {date} is the day at which the data begin, so that a name does not hang on when it is made. */
static const char *key_of(void *arg, const char *key)
{
	struct name_source *s = arg;
	const char *value = s->meta ? meta_get(s->meta, key) : NULL, *time;

	if (value || !s->meta || strcmp(key, "date"))
		return value;
	time = meta_get(s->meta, "time_start");
	if (!time)
		time = meta_get(s->meta, "time0");
	if (!time)
		return NULL;
	snprintf(s->day, sizeof(s->day), "%s", time);
	return s->day;
}

/* Keys are known only when there is metadata. */
static const char *any_key(void *arg, const char *key)
{
	(void)arg;
	(void)key;
	return "";
}

/* The length of -o without an ending that it has already, as who copies a name writes it. */
static size_t base_length(const char *output, const char *endings)
{
	size_t length = strlen(output);

	for (const char *p = endings; *p; p += *p == ' ') {
		size_t n = strcspn(p, " ");

		if (length > n && !memcmp(output + length - n, p, n))
			return length - n;
		p += n;
	}
	return length;
}

/* What -o names: the file, or the one with the n-th ending; NULL beyond the last. To be freed. */
static char *output_path(const struct filter *f, size_t n)
{
	const char *endings = f->inner->files.endings, *p = endings;
	struct str path = {0};

	if (!p)
		return n == 0 ? xstrdup(f->sink.output) : NULL;
	for (; n > 0 && *p; n--) {
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	if (!*p)
		return NULL;
	str_add_bytes(&path, f->sink.output, base_length(f->sink.output, endings));
	str_add_bytes(&path, p, strcspn(p, " "));
	return path.p;
}

static void check_output(const struct filter *f)
{
	const struct sink_options *o = &f->sink;
	char *path;

	if (!*base_name(o->output))
		die(EXIT_CANTCREATE, "%s: cannot create: not the name of a file", o->output);
	for (size_t i = 0; (path = output_path(f, i)); i++) {
		outfile_check(path, o->no_clobber);
		free(path);
	}
}

void sink_prepare(struct filter *f)
{
	struct sink_files *files = &f->inner->files;
	struct sink_options *o = &f->sink;
	const char *why = NULL;

	files->fd = -1;
	if (f->command->folder)
		return;
	if (o->output && !strcmp(o->output, "-"))
		o->output = NULL;
	if (o->output && o->name)
		die(EXIT_USAGE, "--output and --name: only one of them can be given");
	if (o->pass && !o->output && !o->name)
		die(EXIT_USAGE, "--pass: needs %s, as standard output carries the stream",
			f->command->pictures ? "-o FILE or --name PATTERN" : "-o FILE");
	files->endings = f->command->endings ? f->command->endings(f->options) : NULL;
	if (o->output) {
		check_output(f);
		files->folder = folder_of(o->output);
	}
	if (o->name) {
		char *first = pattern_expand(o->name, 0, any_key, NULL, &why);

		if (!first)
			die(EXIT_USAGE, "--name: %s: %s", o->name, why);
		free(first);
		files->folder = folder_of(o->name);
		if (strchr(files->folder, '{'))
			die(EXIT_USAGE, "--name: %s: the folder must not hold braces", o->name);
		if (access(files->folder, W_OK | X_OK))
			die(EXIT_CANTCREATE, "--name: folder %s: %s", files->folder, strerror(errno));
	}
	if (!o->output && !o->name && !f->command->text && isatty(STDOUT_FILENO))
		die(EXIT_USAGE, "standard output is a terminal: name a file with -o");
	if (files->folder && !f->sandbox.write_beneath)
		f->sandbox.write_beneath = files->folder;
}

void sink_live(struct filter *f)
{
	f->inner->files.live = true;
}

static const char *held(const struct filter *f)
{
	return f->command->file_holds ? f->command->file_holds : "image";
}

int sink_open(struct filter *f, const struct meta *meta)
{
	struct sink_files *files = &f->inner->files;
	const char *why = "";
	char *path;

	if (!f->sink.output && !f->sink.name) {
		if (files->count++ > 0)
			die(EXIT_DATA, "a second %s for standard output: use --name 'x_{n}'",
				held(f));
		files->spooled = !f->command->text && !files->live;
		files->fd = files->spooled ? memfd_create("spool", MFD_CLOEXEC) : STDOUT_FILENO;
		if (files->fd < 0)
			die(EXIT_OS, "cannot make a spool: %s", strerror(errno));
		return files->fd;
	}
	path = f->sink.output ? output_path(f, files->count) : NULL;
	if (f->sink.output && !path)
		die(EXIT_DATA, "%s: a second %s for one -o: use --name 'x_{n}'", f->sink.output,
			held(f));
	if (!path)
		path = pattern_expand(f->sink.name, files->count, key_of,
			&(struct name_source){.meta = meta}, &why);
	if (!path)
		die(EXIT_DATA, "--name: %s: %s", f->sink.name, why);
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->path[i], path))
			die(EXIT_DATA, "--name: %s: a second %s of this name: use {n}", path,
				held(f));
	if (f->sink.name)
		outfile_check(path, f->sink.no_clobber);
	files->path = xrealloc(files->path, files->count + 1, sizeof(*files->path));
	files->path[files->count++] = path;
	files->file = outfile_open(path, f->sink.no_clobber);
	files->fd = outfile_fd(files->file);
	if (files->endings && files->count <= SINK_ENDINGS_MAX)
		files->part[files->count - 1] = files->file;
	return files->fd;
}

void sink_close(struct filter *f)
{
	struct sink_files *files = &f->inner->files;

	if (!f->sink.name)
		return;
	if (!files->set)
		files->set = manifest_new(f->sink.name);
	outfile_commit(files->file);
	files->file = NULL;
	manifest_add(files->set, files->path[files->count - 1]);
}

static void write_fd(int fd, const void *bytes, size_t n)
{
	if (write_whole(fd, bytes, n))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
}

void sink_write(struct filter *f, const void *bytes, size_t n)
{
	write_fd(f->inner->files.fd, bytes, n);
}

void sink_write_at(struct filter *f, uint64_t offset, const void *bytes, size_t n)
{
	for (const char *p = bytes; n > 0;) {
		ssize_t done = pwrite(f->inner->files.fd, p, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			die(EXIT_IO, "cannot write: %s", strerror(done ? errno : ENOSPC));
		p += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
}

static void copy_spool(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	const char *p = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0) : NULL;

	if (p == MAP_FAILED)
		die(EXIT_OS, "cannot read the spool back: %s", strerror(errno));
	write_fd(STDOUT_FILENO, p, (size_t)size);
}

void sink_commit(struct filter *f)
{
	struct sink_files *files = &f->inner->files;

	if (f->command->pictures && files->count == 0)
		die(EXIT_DATA, "no %s came", held(f));
	if (files->spooled)
		copy_spool(files->fd);
	if (files->endings && files->file)
		outfile_commit_together(files->part, files->count);
	else if (files->file)
		outfile_commit(files->file);
	if (files->set)
		manifest_commit(files->set);
	for (size_t i = 0; files->path && i < files->count; i++)
		free(files->path[i]);
	free(files->path);
	*files = (struct sink_files){.fd = -1, .folder = files->folder};
}
