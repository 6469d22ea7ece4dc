/* SPDX-License-Identifier: ISC */
#include "stream/reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/num.h"

#define PIECE (256u << 10)     /* read and summed at once: stays in the second-level cache */
#define SMALL_READ (64u << 10)
#define LEND_BYTES (4u << 20)  /* of a map, lent at once */
#define DROP_BYTES (8u << 20)  /* pages behind the reader are given back in steps of this */
#define LEND_FRAMES 64

enum expected { EXPECT_FIRST_HEAD, EXPECT_FRAME, EXPECT_HEAD_OR_EOF, EXPECT_HEAD, EXPECT_NOTHING };

struct reader {
	int fd;
	const char *name;
	bool verify;
	struct pool *pool;
	struct writer *flush;
	uint64_t bytes, position;

	/* A pipe: bytes from start to end of the buffer are read and not yet lent. */
	uint8_t *buffer;
	size_t size, start, end, lent;

	/* A map: the file from its first page on. */
	uint8_t *map;
	size_t map_size, at, dropped;
	struct error pending; /* found behind frames that were still lent */

	/* Where in the grammar of the stream we are. */
	enum expected expected;
	struct meta head;
	bool has_kinds;
	unsigned kinds; /* as HEAD names them */
	uint64_t seq, frames;
	int64_t row_step, next_index, group_index;
	bool has_index, in_group;
	unsigned next_kind;
};

static void map_died(int signal_number)
{
	(void)signal_number;
	die(EXIT_UPSTREAM, "standard input: the file became shorter while it was read");
}

/* Maps the rest of a regular file; false if it must be read instead. */
static bool map_file(struct reader *r)
{
	struct stat st;
	off_t offset;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), skip;
	void *p;

	if (fstat(r->fd, &st) || !S_ISREG(st.st_mode))
		return false;
	offset = lseek(r->fd, 0, SEEK_CUR);
	if (offset < 0 || offset >= st.st_size || offset % FRAME_ALIGN)
		return false;
	skip = (size_t)offset % page;
	r->map_size = (size_t)(st.st_size - offset) + skip;
	p = mmap(NULL, r->map_size, PROT_READ, MAP_SHARED, r->fd, offset - (off_t)skip);
	if (p == MAP_FAILED)
		return false;
	r->map = p;
	r->at = skip;
	signal(SIGBUS, map_died);
	return true;
}

struct reader *reader_open(int fd, const char *name)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->fd = fd;
	r->name = name;
	r->verify = !crc_is_off();
	if (!map_file(r)) {
		widen_pipe(fd);
		r->size = 2 * SMALL_READ;
		r->buffer = xaligned(r->size, 1);
	}
	return r;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	if (r->map)
		munmap(r->map, r->map_size);
	free(r->buffer);
	meta_clear(&r->head);
	free(r);
}

bool reader_mapped(const struct reader *r)
{
	return r->map != NULL;
}

void reader_use_pool(struct reader *r, struct pool *pool)
{
	r->pool = pool;
}

void reader_flush_first(struct reader *r, struct writer *w)
{
	r->flush = w;
}

const struct meta *reader_head(const struct reader *r)
{
	return &r->head;
}

uint64_t reader_bytes(const struct reader *r)
{
	return r->bytes;
}

uint64_t reader_position(const struct reader *r)
{
	return r->position;
}

/*
 * Grammar.
 */

static int truncated(const struct reader *r, struct error *e)
{
	return fail(e, EXIT_UPSTREAM, "%s: the stream ends inside frame %llu: cut short upstream", r->name,
		(unsigned long long)r->position);
}

static int at_eof(const struct reader *r, struct error *e)
{
	switch (r->expected) {
	case EXPECT_FIRST_HEAD:
		return fail(e, EXIT_UPSTREAM, "%s: empty: no stream came from upstream", r->name);
	case EXPECT_FRAME:
		return fail(e, EXIT_UPSTREAM, "%s: the stream ends without END: cut short upstream", r->name);
	case EXPECT_HEAD:
		return fail(e, EXIT_UPSTREAM,
			"%s: the stream ends although another segment was announced: cut short upstream",
			r->name);
	case EXPECT_HEAD_OR_EOF:
	case EXPECT_NOTHING:
		break;
	}
	return 0;
}

static bool positive(const struct reader *r, const char *key, int64_t *v)
{
	const char *text = meta_get(&r->head, key);

	return text && parse_i64(text, v) && *v > 0;
}

static int read_head(struct reader *r, const struct frame *f, struct error *e)
{
	const char *kinds;
	int64_t ignored;
	int code = meta_parse(&r->head, f->meta, f->meta_len, e);

	if (code)
		return code;
	r->seq = r->frames = 0;
	r->has_index = r->in_group = false;
	r->row_step = 0;
	r->kinds = 0;
	r->has_kinds = false;
	for (size_t i = 0; (kinds = meta_nth(&r->head, "kinds", i)); i++) {
		struct str list = {0};

		r->has_kinds = true;
		str_add(&list, kinds);
		for (char *word = strtok(list.p, " "); word; word = strtok(NULL, " "))
			if (kind_parse(word) > 0)
				r->kinds |= KIND_BIT(kind_parse(word));
		str_free(&list);
	}
	if ((r->kinds & (KIND_BIT(KIND_IQ) | KIND_BIT(KIND_SPECTRA))) &&
		(!positive(r, "rate_num", &ignored) || !positive(r, "rate_den", &ignored)))
		return fail(e, EXIT_DATA, "HEAD: rate_num, rate_den: missing or not positive: a "
			"segment of IQ or SPECTRA needs its rate");
	if ((r->kinds & KIND_BIT(KIND_SPECTRA)) &&
		(!positive(r, "row_step", &r->row_step) || !positive(r, "row_span", &ignored)))
		return fail(e, EXIT_DATA, "HEAD: row_step, row_span: missing or not positive: a segment "
			"of SPECTRA needs them");
	return 0;
}

/* IQ and SPECTRA: the index runs on, or jumps forward where the frame says so. */
static int check_index(struct reader *r, const struct frame *f, struct error *e)
{
	int64_t step = f->kind == KIND_SPECTRA ? r->row_step : 1, length;
	bool jump = f->flags & FRAME_DISCONTINUITY;

	if (f->kind != KIND_IQ && f->kind != KIND_SPECTRA)
		return 0;
	if (r->has_index && r->next_kind == f->kind) {
		/* A row of spectra may be shorter than the others before a gap: its start counts. */
		if (f->index <= r->next_index - step)
			return fail(e, EXIT_DATA, "index runs backwards: %lld, expected %lld",
				(long long)f->index, (long long)r->next_index);
		if (f->index != r->next_index && !jump)
			return fail(e, EXIT_DATA, "index jumps to %lld, expected %lld, without the mark of a gap",
				(long long)f->index, (long long)r->next_index);
	}
	if (__builtin_mul_overflow((int64_t)f->dim[0], step, &length) ||
		__builtin_add_overflow(f->index, length, &r->next_index))
		return fail(e, EXIT_DATA, "index %lld: runs beyond 64 bits", (long long)f->index);
	r->has_index = true;
	r->next_kind = f->kind;
	return 0;
}

/* An IMAGE opens a group that a frame with FRAME_GROUP_LAST ends; all have one index. */
static int check_group(struct reader *r, const struct frame *f, struct error *e)
{
	if (r->in_group && f->index != r->group_index)
		return fail(e, EXIT_DATA, "index %lld: the group of index %lld has no last frame",
			(long long)f->index, (long long)r->group_index);
	r->group_index = f->index;
	r->in_group = (r->in_group || f->kind == KIND_IMAGE) && !(f->flags & FRAME_GROUP_LAST);
	return 0;
}

static int check_end(struct reader *r, const struct frame *f, struct error *e)
{
	struct meta m = {0};
	const char *text;
	int64_t frames = 0;
	int code = meta_parse(&m, f->meta, f->meta_len, e);

	if (code)
		return code;
	if (r->in_group)
		code = fail(e, EXIT_DATA, "END: the group of index %lld has no last frame",
			(long long)r->group_index);
	else if (!(text = meta_get(&m, "frames")) || !parse_i64(text, &frames))
		code = fail(e, EXIT_DATA, "END: frames: missing or not a number");
	else if ((uint64_t)frames != r->frames)
		code = fail(e, EXIT_DATA, "END: frames: %lld, but %llu came", (long long)frames,
			(unsigned long long)r->frames);
	meta_clear(&m);
	return code;
}

/* Whether the frame may stand here. Its payload need not be there yet. */
static int accept_frame(struct reader *r, const struct frame *f, struct error *e)
{
	char name[16];
	int code;

	if (r->expected == EXPECT_NOTHING)
		return fail(e, EXIT_DATA, "%s after ABORT: nothing may follow", kind_name(f->kind, name));
	if ((f->kind == KIND_HEAD) != (r->expected != EXPECT_FRAME))
		return fail(e, EXIT_DATA, "%s where %s must stand", kind_name(f->kind, name),
			r->expected == EXPECT_FRAME ? "data, END or ABORT" : "HEAD");
	if (f->kind == KIND_HEAD) {
		if (f->seq != 0)
			return fail(e, EXIT_DATA, "HEAD: seq %llu: must be 0", (unsigned long long)f->seq);
		r->expected = EXPECT_FRAME;
		return read_head(r, f, e);
	}
	if (f->seq != ++r->seq)
		return fail(e, EXIT_DATA, "seq %llu, expected %llu: a frame is missing",
			(unsigned long long)f->seq, (unsigned long long)r->seq);
	if (f->kind == KIND_ABORT) {
		r->expected = EXPECT_NOTHING;
		return 0;
	}
	if (f->kind == KIND_END) {
		r->expected = f->flags & FRAME_MORE ? EXPECT_HEAD : EXPECT_HEAD_OR_EOF;
		return check_end(r, f, e);
	}
	r->frames++;
	if (r->has_kinds && f->kind < 32 && !(r->kinds & KIND_BIT(f->kind)))
		return fail(e, EXIT_DATA, "%s: not among the kinds that HEAD names",
			kind_name(f->kind, name));
	if (f->kind == KIND_SPECTRA && r->row_step < 1)
		return fail(e, EXIT_DATA, "SPECTRA: HEAD has no row_step");
	if ((code = check_index(r, f, e)))
		return code;
	return check_group(r, f, e);
}

/*
 * Bytes.
 */

static bool only(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* Header and metadata of the frame whose whole head is at p. */
static int check_meta(struct reader *r, struct frame *f, const uint8_t *p, uint32_t crc, struct error *e)
{
	size_t room = (size_t)frame_meta_room(f);

	f->meta = (const char *)p + FRAME_HEADER;
	f->payload = p + FRAME_HEADER + room;
	if (r->verify && crc32c(0, f->meta, room) != crc)
		return fail(e, EXIT_DATA, "damaged metadata: its checksum does not match");
	if (!only(p + FRAME_HEADER + f->meta_len, room - f->meta_len, '\n'))
		return fail(e, EXIT_DATA, "damaged metadata: its padding is not line ends");
	return 0;
}

static int check_payload(const struct reader *r, struct frame *f, uint32_t sum, struct error *e)
{
	const uint8_t *p = f->payload;
	size_t room = (size_t)frame_payload_room(f);
	uint32_t length;

	memcpy(&f->payload_crc, p + room - 8, 4);
	memcpy(&length, p + room - 4, 4);
	if (length != (uint32_t)f->payload_len)
		return fail(e, EXIT_DATA, "damaged frame: its end does not repeat its length");
	if (!only(p + f->payload_len, room - FRAME_TAIL - (size_t)f->payload_len, 0))
		return fail(e, EXIT_DATA, "damaged payload: its padding is not 0");
	if (!(f->flags & FRAME_CRC) && f->payload_crc)
		return fail(e, EXIT_DATA, "damaged frame: a checksum where none is announced");
	if (r->verify && (f->flags & FRAME_CRC) && sum != f->payload_crc)
		return fail(e, EXIT_DATA, "damaged payload: its checksum does not match");
	return 0;
}

/* One read() of at most `wish` bytes, at least one byte; 0 at end of file. */
static int fill(struct reader *r, size_t wish, size_t *got, struct error *e)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	ssize_t n;

	if (r->end + wish > r->size) {
		size_t grown = (size_t)round_up((r->end + wish) * 3 / 2, PIECE);
		uint8_t *bigger = xaligned(grown, 1);

		memcpy(bigger, r->buffer, r->end);
		free(r->buffer);
		r->buffer = bigger;
		r->size = grown;
	}
	if (r->flush && writer_pending(r->flush) && poll(&p, 1, 0) == 0)
		writer_flush(r->flush);
	do
		n = read(r->fd, r->buffer + r->end, wish);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(e, EXIT_IO, "%s: cannot read: %s", r->name, strerror(errno));
	r->end += (size_t)n;
	r->bytes += (uint64_t)n;
	*got = (size_t)n;
	return 0;
}

/* Makes the n bytes of the frame at r->start be there; sums what is beyond `from` as it comes. */
static int want(struct reader *r, size_t n, size_t from, size_t to, uint32_t *sum, struct error *e)
{
	size_t summed = from;

	for (;;) {
		size_t have = r->end - r->start, got = 0, rest;
		size_t upto = have < to ? have : to;
		int code;

		if (sum && upto > summed) {
			*sum = crc32c(*sum, r->buffer + r->start + summed, upto - summed);
			summed = upto;
		}
		if (have >= n)
			return 0;
		rest = n - have + FRAME_HEADER;
		rest = rest < SMALL_READ ? SMALL_READ : rest > PIECE ? PIECE : rest;
		if ((code = fill(r, rest, &got, e)))
			return code;
		if (got == 0)
			return have == 0 ? -1 : truncated(r, e);
	}
}

static int lend_read(struct reader *r, struct frame *f, size_t *count, struct error *e)
{
	uint32_t crc, sum = 0;
	size_t head, whole;
	int code;

	r->start += r->lent;
	r->lent = 0;
	if (r->start == r->end) {
		r->start = r->end = 0;
	} else if (r->start > 0) {
		memmove(r->buffer, r->buffer + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if ((code = want(r, FRAME_HEADER, 0, 0, NULL, e)))
		return code < 0 ? at_eof(r, e) : code;
	if ((code = frame_decode(f, r->buffer + r->start, r->verify, &crc, e)))
		return code;
	head = FRAME_HEADER + (size_t)frame_meta_room(f);
	whole = (size_t)frame_length(f);
	if ((code = want(r, head, 0, 0, NULL, e)) ||
		(code = check_meta(r, f, r->buffer + r->start, crc, e)) || (code = accept_frame(r, f, e)))
		return code;
	if ((code = want(r, whole, head, whole - FRAME_TAIL,
		     r->verify && (f->flags & FRAME_CRC) ? &sum : NULL, e)))
		return code;
	f->meta = (const char *)r->buffer + r->start + FRAME_HEADER;
	f->payload = r->buffer + r->start + head;
	if ((code = check_payload(r, f, sum, e)))
		return code;
	r->lent = whole;
	*count = 1;
	return 0;
}

struct sums {
	const struct frame *frames;
	uint32_t sum[LEND_FRAMES];
};

static void sum_frame(void *arg, size_t i, unsigned worker)
{
	struct sums *s = arg;
	const struct frame *f = &s->frames[i];

	(void)worker;
	if (f->flags & FRAME_CRC)
		s->sum[i] = crc32c(0, f->payload, (size_t)frame_payload_room(f) - FRAME_TAIL);
}

static int lend_mapped(struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e)
{
	struct sums sums = {.frames = frames};
	size_t first = r->at, page = (size_t)sysconf(_SC_PAGESIZE);
	int code = 0;

	if (r->pending.code) {
		*e = r->pending;
		return e->code;
	}
	if (r->at - r->dropped > DROP_BYTES) {
		size_t to = r->at / page * page;

		madvise(r->map + r->dropped, to - r->dropped, MADV_DONTNEED);
		r->dropped = to;
	}
	if (max > LEND_FRAMES)
		max = LEND_FRAMES;
	while (*count < max && r->at - first < LEND_BYTES && !code) {
		struct frame *f = &frames[*count];
		const uint8_t *p = r->map + r->at;
		size_t left = r->map_size - r->at;
		uint32_t crc;

		if (left == 0)
			break;
		if (left < FRAME_HEADER) {
			code = truncated(r, e);
		} else if (!(code = frame_decode(f, p, r->verify, &crc, e))) {
			if (FRAME_HEADER + frame_meta_room(f) > left || frame_length(f) > left)
				code = truncated(r, e);
			else if (!(code = check_meta(r, f, p, crc, e)))
				code = accept_frame(r, f, e);
		}
		if (code)
			break;
		r->at += (size_t)frame_length(f);
		r->bytes += frame_length(f);
		r->position++;
		(*count)++;
		if (f->kind == KIND_HEAD || f->kind == KIND_END || f->kind == KIND_ABORT)
			break; /* reader_head() stands for all frames lent */
	}
	if (code && *count == 0)
		return code;
	if (code) /* what is whole is lent first */
		r->pending = *e;
	if (*count == 0)
		return at_eof(r, e);
	if (r->verify && r->pool)
		pool_run(r->pool, *count, sum_frame, &sums);
	for (size_t i = 0; i < *count; i++) {
		if (r->verify && !r->pool)
			sum_frame(&sums, i, 0);
		if ((code = check_payload(r, &frames[i], sums.sum[i], e)))
			return code;
	}
	return 0;
}

int reader_lend(
	struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e)
{
	int code;

	*count = 0;
	if (r->map)
		return lend_mapped(r, frames, max, count, e);
	code = lend_read(r, frames, count, e);
	r->position += *count;
	return code;
}
