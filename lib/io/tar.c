/* SPDX-License-Identifier: ISC */
#include "io/tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"

#define EXTRA_MAX 65536 /* bytes of a pax header or of a long name */

/* The ustar header, all text. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
	char unused[12];
};

_Static_assert(sizeof(struct header) == TAR_BLOCK, "a header is a block");

struct scan {
	int fd;
	uint64_t at, size;
	char *name; /* for the next entry, from a pax header or a long name; or NULL */
	bool sized; /* so is its size */
	uint64_t next_size;
	struct tar_entry *entry;
	size_t count, room;
	struct error *e;
};

static int damaged(struct scan *s, const char *what)
{
	return fail(s->e, EXIT_DATA, "archive, byte %llu: %s", (unsigned long long)s->at, what);
}

static int read_at(struct scan *s, uint64_t at, void *out, size_t n)
{
	size_t got = 0;
	ssize_t k;

	while (got < n) {
		k = pread(s->fd, (char *)out + got, n - got, (off_t)(at + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fail(s->e, EXIT_IO, "archive: cannot read: %s", strerror(errno));
		if (k == 0)
			return damaged(s, "cut off here");
		got += (size_t)k;
	}
	return 0;
}

/* Octal digits with blanks around them; or, as GNU tar does, a binary number. */
static bool read_number(const char *text, size_t n, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	if ((unsigned char)text[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (*v >> 55)
				return false;
			*v = *v << 8 | (unsigned char)text[i];
		}
		return true;
	}
	for (; i < n && text[i] == ' '; i++)
		;
	for (; i < n && text[i] >= '0' && text[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(text[i] - '0');
	for (; i < n && (text[i] == ' ' || text[i] == '\0'); i++)
		;
	return i == n;
}

static unsigned sum_of(const struct header *h)
{
	const unsigned char *bytes = (const void *)h;
	size_t first = offsetof(struct header, checksum), last = first + sizeof(h->checksum);
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(*h); i++)
		sum += i >= first && i < last ? ' ' : bytes[i];
	return sum;
}

static bool all_zero(const struct header *h)
{
	static const struct header zero;

	return !memcmp(h, &zero, sizeof(zero));
}

/* The name of an entry that no extra header names; to be freed. */
static char *own_name(const struct header *h)
{
	size_t n = strnlen(h->name, sizeof(h->name)), p = strnlen(h->prefix, sizeof(h->prefix));
	struct str name = {0};

	str_add(&name, "");
	if (!memcmp(h->magic, "ustar", 6) && p > 0) {
		str_add_bytes(&name, h->prefix, p);
		str_add(&name, "/");
	}
	str_add_bytes(&name, h->name, n);
	return name.p;
}

/* Whether a name stays in the folder that the archive is unpacked in. */
static bool stays_inside(const char *name)
{
	if (*name == '/' || !*name)
		return false;
	for (const char *p = name; *p; p += strcspn(p, "/"), p += *p == '/')
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2]))
			return false;
	return true;
}

/* Records "LENGTH KEY=VALUE\n" of a pax header, n bytes of them with a NUL behind. */
static int read_records(struct scan *s, char *text, size_t n)
{
	for (char *p = text, *end = text + n, *next; p < end; p = next) {
		char *rest, *equals;
		unsigned long length;

		if (*p < '1' || *p > '9')
			return damaged(s, "pax header: not of records LENGTH KEY=VALUE");
		length = strtoul(p, &rest, 10);
		if (*rest != ' ' || length > (size_t)(end - p) || p + length <= rest + 1 ||
			p[length - 1] != '\n')
			return damaged(s, "pax header: not of records LENGTH KEY=VALUE");
		next = p + length;
		next[-1] = '\0';
		rest++;
		equals = strchr(rest, '=');
		if (!equals || strlen(equals) != (size_t)(next - 1 - equals))
			return damaged(s, "pax header: not of records LENGTH KEY=VALUE");
		*equals++ = '\0';
		if (!strcmp(rest, "path")) {
			free(s->name);
			s->name = xstrdup(equals);
		} else if (!strcmp(rest, "size")) {
			s->sized = parse_u64(equals, &s->next_size);
			if (!s->sized)
				return damaged(s, "pax header: size: not a number");
		} else if (starts_with(rest, "GNU.sparse")) {
			return damaged(s, "a sparse file: unpack it with tar");
		}
	}
	return 0;
}

/* A pax header ('x') or a long name ('L') for the entry that follows. */
static int read_extra(struct scan *s, char type, uint64_t size)
{
	char *text;
	int code;

	if (size > EXTRA_MAX)
		return damaged(s, "a header of its own of more than 65536 bytes");
	text = xcalloc(size + 1, 1);
	code = read_at(s, s->at + TAR_BLOCK, text, (size_t)size);
	if (!code && type == 'x')
		code = read_records(s, text, (size_t)size);
	if (!code && type == 'L') {
		free(s->name);
		s->name = xstrdup(text);
	}
	free(text);
	return code;
}

static int add_entry(struct scan *s, char *name, uint64_t size)
{
	if (s->count == TAR_ENTRIES_MAX)
		return damaged(s, "more than 100000 files");
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 8;
		s->entry = xrealloc(s->entry, s->room, sizeof(*s->entry));
	}
	s->entry[s->count++] =
		(struct tar_entry){.name = xstrdup(name), .at = s->at + TAR_BLOCK, .size = size};
	return 0;
}

static int take_file(struct scan *s, const struct header *h, uint64_t *size)
{
	char *name = s->name ? s->name : own_name(h);
	bool folder = h->type == '5' || (*name && name[strlen(name) - 1] == '/');
	int code = 0;

	s->name = NULL;
	if (s->sized)
		*size = s->next_size;
	s->sized = false;
	if (!stays_inside(name))
		code = damaged(s, "a name that leads out of the archive");
	else if (h->type == '1' || h->type == '2')
		code = damaged(s, "a link, must be a file or a folder");
	else if (h->type != '0' && h->type != '\0' && h->type != '7' && h->type != '5')
		code = damaged(s, "an entry that is neither file nor folder");
	else if (*size > s->size - s->at - TAR_BLOCK)
		code = damaged(s, "a file that is cut off, or of a wrong size");
	else if (!folder)
		code = add_entry(s, name, *size);
	else
		*size = 0;
	free(name);
	return code;
}

/* One header and what belongs to it; *last at the end of the archive. */
static int next_entry(struct scan *s, bool *last)
{
	struct header h, second;
	uint64_t size, sum;
	int code;

	if ((code = read_at(s, s->at, &h, sizeof(h))))
		return code;
	if (all_zero(&h)) {
		*last = true;
		if ((code = read_at(s, s->at + TAR_BLOCK, &second, sizeof(second))))
			return code;
		if (!all_zero(&second) || s->name || s->sized)
			return damaged(s, "a block of zeros inside");
		return 0;
	}
	if (!read_number(h.checksum, sizeof(h.checksum), &sum) || sum != sum_of(&h))
		return damaged(s, s->at ? "not a header of tar" : "not a tar archive");
	if (!read_number(h.size, sizeof(h.size), &size))
		return damaged(s, "size: not a number");
	if (h.type == 'x' || h.type == 'L')
		code = read_extra(s, h.type, size);
	else if (h.type != 'g' && h.type != 'K')
		code = take_file(s, &h, &size);
	if (code)
		return code;
	if (size > s->size - s->at - TAR_BLOCK)
		return damaged(s, "an entry that is cut off, or of a wrong size");
	s->at += TAR_BLOCK + size + tar_padding(size);
	return 0;
}

int tar_list(int fd, struct tar_entry **entries, size_t *count, struct error *e)
{
	struct scan s = {.fd = fd, .e = e};
	struct stat st;
	bool last = false;
	int code = 0;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return fail(e, EXIT_DATA, "archive: must be a regular file");
	s.size = (uint64_t)st.st_size;
	while (!code && !last)
		code = next_entry(&s, &last);
	free(s.name);
	if (code) {
		tar_free(s.entry, s.count);
		return code;
	}
	*entries = s.entry;
	*count = s.count;
	return 0;
}

void tar_free(struct tar_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(entries[i].name);
	free(entries);
}

static void fill(struct header *h, const char *name, char type, uint64_t size)
{
	unsigned sum;

	memset(h, 0, sizeof(*h));
	memcpy(h->name, name, strnlen(name, TAR_NAME_MAX));
	memcpy(h->mode, type == '5' ? "0000755" : "0000644", 8);
	memcpy(h->uid, "0000000", 8);
	memcpy(h->gid, "0000000", 8);
	for (int i = 10; i >= 0; i--, size >>= 3)
		h->size[i] = (char)('0' + (size & 7));
	memcpy(h->mtime, "00000000000", 12);
	h->type = type;
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	sum = sum_of(h);
	h->checksum[6] = '\0';
	h->checksum[7] = ' ';
	for (int i = 5; i >= 0; i--, sum >>= 3)
		h->checksum[i] = (char)('0' + (sum & 7));
}

void tar_header(char out[TAR_HEADER], const char *name, uint64_t size)
{
	struct header *h = (struct header *)out;
	char record[64];
	int n = snprintf(record, sizeof(record), "29 size=%020llu\n", (unsigned long long)size);

	memset(out, 0, TAR_HEADER);
	fill(h, "pax-header", 'x', (uint64_t)n);
	memcpy(out + TAR_BLOCK, record, (size_t)n);
	/* Eleven digits hold less than 8 GiB; who reads pax records does not look at them. */
	fill(h + 2, name, '0', size >> 33 ? 0 : size);
}

void tar_folder(char out[TAR_BLOCK], const char *name)
{
	fill((struct header *)out, name, '5', 0);
}
