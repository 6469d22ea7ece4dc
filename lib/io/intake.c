/* SPDX-License-Identifier: ISC */
#include "io/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

void intake_open(struct intake *in, int fd, const char *where)
{
	struct stat st;
	off_t at;

	*in = (struct intake){.fd = fd, .where = where};
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (at = lseek(fd, 0, SEEK_CUR)) < 0)
		return;
	in->file = true;
	in->origin = (uint64_t)at;
	in->size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

void intake_close(struct intake *in)
{
	free(in->kept);
	*in = (struct intake){.fd = -1};
}

static void keep(struct intake *in, const void *bytes, size_t n)
{
	if (n > in->kept_size) {
		in->kept = xrealloc(in->kept, n, 1);
		in->kept_size = n;
	}
	if (n > 0)
		memcpy(in->kept, bytes, n);
	in->kept_count = n;
}

/*
 * Fetches what has been kept, then reads; if `some`, only once. A signal ends the wait for what is
 * no file.
 */
static int fetch(
	struct intake *in, void *to, size_t n, bool some, size_t *got, bool *end, struct error *e)
{
	size_t have = in->kept_count < n ? in->kept_count : n;

	if (have > 0)
		memcpy(to, in->kept, have);
	in->kept_count -= have;
	if (in->kept_count > 0)
		memmove(in->kept, in->kept + have, in->kept_count);
	*end = false;
	while (have < n) {
		ssize_t k = read(in->fd, (char *)to + have, n - have);

		if (k < 0 && errno == EINTR) {
			if (!in->file)
				break;
			continue;
		}
		if (k < 0)
			return fail(e, EXIT_IO, "%s: cannot read: %s", in->where, strerror(errno));
		if (k == 0) {
			*end = in->ended = true;
			break;
		}
		have += (size_t)k;
		if (some)
			break;
	}
	*got = have;
	in->at += have;
	return 0;
}

int intake_bytes(struct intake *in, void *to, size_t n, size_t *got, struct error *e)
{
	bool end;

	return fetch(in, to, n, false, got, &end, e);
}

void intake_put_back(struct intake *in, const void *bytes, size_t n)
{
	keep(in, bytes, n);
	in->at -= n;
}

int intake_skip(struct intake *in, uint64_t n, uint64_t *passed, struct error *e)
{
	char piece[4096];
	size_t got;
	int code;

	*passed = n;
	if (in->file && in->kept_count == 0) {
		if (n > INT64_MAX || lseek(in->fd, (off_t)n, SEEK_CUR) < 0) {
			*passed = 0;
			lseek(in->fd, 0, SEEK_END);
		}
		in->at += *passed;
		return 0;
	}
	for (uint64_t rest = n; rest > 0; rest -= got) {
		size_t want = rest < sizeof(piece) ? (size_t)rest : sizeof(piece);

		if ((code = intake_bytes(in, piece, want, &got, e)))
			return code;
		if (got < want) {
			*passed = n - rest + got;
			return 0;
		}
	}
	return 0;
}

int intake_rows(struct intake *in, void *to, size_t row, size_t most, uint64_t *left, size_t *rows,
	bool *end, struct error *e)
{
	size_t want = most * row, got, rest, before = in->kept_count;
	int code;

	if (*left != INTAKE_ALL && want > *left + before)
		want = (size_t)*left + before;
	if ((code = fetch(in, to, want, !in->file, &got, end, e)))
		return code;
	if (*left != INTAKE_ALL) {
		*left -= got - (before < got ? before : got);
		*end = *end || *left == 0;
	}
	*rows = got / row;
	rest = got - *rows * row;
	keep(in, (char *)to + got - rest, rest);
	in->at -= rest;
	return 0;
}

bool intake_look(const struct intake *in, uint64_t offset, void *to, size_t n)
{
	return in->file && offset <= in->size && n <= in->size - offset &&
	       pread(in->fd, to, n, (off_t)(in->origin + offset)) == (ssize_t)n;
}
