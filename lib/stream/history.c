/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "stream/inner.h"

#define PIECE (256 * 1024)

/* A file that an option names, told by its content. */
struct file_sum {
	struct file_sum *next;
	const char *path;
	uint32_t crc;
};

static void sum_file(void *arg, const struct option *o, const char *path)
{
	struct filter *f = arg;
	struct file_sum *sum = xcalloc(1, sizeof(*sum));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *piece = xmalloc(PIECE);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_NOINPUT, "--%s: %s: cannot open: %s", o->name, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_NOINPUT, "--%s: %s: cannot open: is not a regular file", o->name, path);
	while (o->flags & OPT_OUTPUT && (n = read(fd, piece, PIECE)) > 0)
		sum->crc = crc32c(sum->crc, piece, (size_t)n);
	if (n < 0)
		die(EXIT_IO, "--%s: %s: cannot read: %s", o->name, path, strerror(errno));
	close(fd);
	free(piece);
	sum->path = path;
	sum->next = f->inner->file_sums;
	f->inner->file_sums = sum;
}

static void allow_files(struct filter *f)
{
	struct sandbox *s = &f->sandbox;
	size_t count = s->read_count;
	const char **paths;

	for (const struct file_sum *sum = f->inner->file_sums; sum; sum = sum->next)
		count++;
	if (count == s->read_count)
		return;
	paths = xcalloc(count, sizeof(*paths));
	if (s->read_count)
		memcpy(paths, s->read_paths, s->read_count * sizeof(*paths));
	for (const struct file_sum *sum = f->inner->file_sums; sum; sum = sum->next)
		paths[s->read_count++] = sum->path;
	s->read_paths = paths;
}

void history_prepare(struct filter *f)
{
	if (f->command->options)
		options_files(f->command->options, f->options, sum_file, f);
	allow_files(f);
}

/* "dark.fits@1a2b3c4d": base name and CRC32C of the content. */
static void name_file(void *arg, const char *path, struct str *out)
{
	const struct filter *f = arg;
	const struct file_sum *sum = f->inner->file_sums;

	while (sum && strcmp(sum->path, path) != 0)
		sum = sum->next;
	str_add(out, base_name(path));
	if (sum)
		str_addf(out, "@%08x", sum->crc);
}

void history_add(struct meta *meta, const struct filter *f)
{
	struct str line = {0};

	str_addf(&line, "%s %s", f->command->name, LEAT_VERSION);
	if (f->command->options)
		options_history(f->command->options, f->options, name_file, (void *)f, &line);
	for (int i = 0; i < f->operand_count; i++) {
		str_add(&line, " ");
		str_add_shell(&line, base_name(f->operands[i]));
	}
	meta_add(meta, "history", line.p);
	str_free(&line);
}
