/* SPDX-License-Identifier: ISC */
/*
 * fits-read: FITS files. In: files, also gzipped and tile-compressed, in the order given or sorted.
 * Out: an IMAGE for each image in them, numbered from 0, with what their cards say; stream files
 * of IMAGE are read as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "image/file.h"

enum order { AS_GIVEN, BY_NAME, BY_DATE };

struct options {
	int64_t hdu;
	int sort;
	const char *from0;
	bool native;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "hdu", OPT_INT, AT(hdu), "", "-1", -1, 9999, NULL, OPT_OUTPUT,
		"only this HDU, 0 being the first; -1 = all that hold images"},
	{0, "sort", OPT_ENUM, AT(sort), "", "none", 0, 0, "none|name|date", OPT_OUTPUT,
		"order of the files: as given, by base name, or by DATE-OBS"},
	{0, "from0", OPT_TEXT, AT(from0), "FILE", NULL, 0, 0, NULL, 0,
		"read more names, each ended by NUL, from this file ('-': standard input)"},
	{0, "native", OPT_FLAG, AT(native), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"numbers as they stand in the file, without BZERO, BSCALE and BLANK"},
	OPTIONS_END,
};

struct state {
	const char **path;
	size_t count;
	int64_t index;
};

static void add_path(struct state *s, const char *path)
{
	s->path = xrealloc(s->path, s->count + 1, sizeof(*s->path));
	s->path[s->count++] = path;
}

/* Names of files, each ended by NUL, as find -print0 writes them. */
static void read_list(struct state *s, const char *list)
{
	int fd = strcmp(list, "-") ? open(list, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	struct str text = {0};
	char piece[4096];
	ssize_t n;

	if (fd < 0)
		die(EXIT_NOINPUT, "--from0: %s: cannot open: %s", list, strerror(errno));
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		str_add_bytes(&text, piece, (size_t)n);
	if (n < 0)
		die(EXIT_IO, "--from0: %s: cannot read: %s", list, strerror(errno));
	for (size_t at = 0; at < text.len; at += strlen(text.p + at) + 1)
		if (text.p[at])
			add_path(s, xstrdup(text.p + at));
	str_free(&text);
	if (fd != STDIN_FILENO)
		close(fd);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	for (int i = 0; i < f->operand_count; i++)
		add_path(s, f->operands[i]);
	if (o->from0)
		read_list(s, o->from0);
	if (s->count == 0)
		die(EXIT_USAGE, "operand missing: FILE ...: or names by --from0");
	f->sandbox = (struct sandbox){.read_paths = s->path, .read_count = s->count};
}

static int by_name(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int order = strcmp(base_name(left), base_name(right));

	return order ? order : strcmp(left, right);
}

struct dated {
	const char *path;
	struct utc time;
	size_t place;
};

/* Files without a date come first; equal dates keep their order. */
static int by_date(const void *a, const void *b)
{
	const struct dated *left = a, *right = b;

	int64_t apart_ns = utc_minus(left->time, right->time);

	if (apart_ns != 0)
		return apart_ns < 0 ? -1 : 1;
	return left->place < right->place ? -1 : 1;
}

static struct image_file *open_file(struct filter *f, const char *path)
{
	const struct options *o = f->options;
	struct image_file_options how = {(int)o->hdu, o->native, f->pool};
	struct image_file *file;
	struct error e;

	if (image_file_open(&file, path, &how, &e))
		die_with(&e);
	return file;
}

static void sort_by_date(struct filter *f, struct state *s)
{
	struct dated *dated = xcalloc(s->count, sizeof(*dated));

	for (size_t i = 0; i < s->count; i++) {
		struct image_file *file = open_file(f, s->path[i]);

		dated[i].path = s->path[i];
		dated[i].place = i;
		dated[i].time.sec = INT64_MIN;
		image_file_time(file, &dated[i].time);
		image_file_close(file);
	}
	qsort(dated, s->count, sizeof(*dated), by_date);
	for (size_t i = 0; i < s->count; i++)
		s->path[i] = dated[i].path;
	free(dated);
}

static void put_images(struct filter *f, const char *path)
{
	struct state *s = f->state;
	struct image_file *file = open_file(f, path);
	const struct meta *meta;
	struct meta own = {0};
	struct image image;
	struct error e;
	bool there;

	for (;;) {
		if (image_file_next(file, &image, &meta, &there, &e))
			die_with(&e);
		if (!there)
			break;
		meta_copy(&own, meta);
		image_put_alone(f, s->index++, &own, &image);
	}
	meta_clear(&own);
	image_file_close(file);
}

static void run(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct image_file *first;
	struct meta head = {0};
	size_t per_file;

	if (o->sort == BY_NAME)
		qsort(s->path, s->count, sizeof(*s->path), by_name);
	else if (o->sort == BY_DATE)
		sort_by_date(f, s);
	first = open_file(f, s->path[0]);
	per_file = image_file_count(first);
	image_file_close(first);
	meta_setf(&head, "expect_frames", "%zu", s->count * (per_file ? per_file : 1));
	filter_head(f, &head);
	meta_clear(&head);
	for (size_t i = 0; i < s->count; i++)
		put_images(f, s->path[i]);
}

static const struct command command = {
	.name = "fits-read",
	.summary = "read FITS files",
	.operands = "FILE ...",
	.operands_max = -1,
	.example = "image.fits",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_out = "u8 i8 u16 i16 u32 i32 u64 i64 f32 f64",
	.unit_out = "adu",
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
