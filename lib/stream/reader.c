/* SPDX-License-Identifier: ISC */
#include "stream/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/num.h"

#define PIECE (256u << 10)     /* read and summed at once: stays in the second-level cache */
#define SMALL_READ (64u << 10)
#define LEND_BYTES (4u << 20) /* of a file, read by all threads and lent at once */
#define LEND_FRAMES 64

enum expected { EXPECT_FIRST_HEAD, EXPECT_FRAME, EXPECT_HEAD_OR_EOF, EXPECT_HEAD, EXPECT_NOTHING };

struct reader {
	int fd;
	const char *name;
	bool verify;
	struct pool *pool;
	struct writer *flush;
	uint64_t bytes, position;

	/* Bytes from start to end of the buffer are read; the first `lent` of them are lent. */
	uint8_t *buffer;
	size_t size, start, end, lent;
	bool file;            /* a regular file: threads read it side by side from `offset` on */
	off_t offset;
	struct error pending; /* found behind frames that were still lent */

	/* Where in the grammar of the stream we are. */
	enum expected expected;
	struct meta head;
	bool has_kinds;
	unsigned kinds; /* as HEAD names them */
	uint64_t seq, frames;
	int64_t row_step, group_index;
	int64_t next_index[2]; /* of IQ, of SPECTRA */
	bool has_rate, has_index[2], in_group;
};

struct reader *reader_open(int fd, const char *name)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	struct stat st;

	r->fd = fd;
	r->name = name;
	r->verify = !crc_is_off();
	r->file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (r->file)
		r->offset = lseek(fd, 0, SEEK_CUR);
	else
		widen_pipe(fd);
	r->size = 2 * SMALL_READ;
	r->buffer = xaligned(r->size, 1);
	return r;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	if (r->file)
		lseek(r->fd, r->offset - (off_t)(r->end - r->start - r->lent), SEEK_SET);
	free(r->buffer);
	meta_clear(&r->head);
	free(r);
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

#define NO_RATE                                                                                    \
	"HEAD: rate_num, rate_den: missing or not positive: a segment of IQ or SPECTRA needs its rate"

static int read_head(struct reader *r, const struct frame *f, struct error *e)
{
	int64_t ignored;
	int code = meta_parse(&r->head, f->meta, f->meta_len, e);

	if (code)
		return code;
	r->seq = r->frames = 0;
	r->in_group = false;
	r->has_index[0] = r->has_index[1] = false;
	if (!positive(r, "row_step", &r->row_step))
		r->row_step = 0;
	r->has_kinds = meta_get(&r->head, "kinds");
	r->kinds = meta_kinds(&r->head);
	r->has_rate = positive(r, "rate_num", &ignored) && positive(r, "rate_den", &ignored);
	if ((r->kinds & (KIND_BIT(KIND_IQ) | KIND_BIT(KIND_SPECTRA))) && !r->has_rate)
		return fail(e, EXIT_DATA, NO_RATE);
	if ((r->kinds & KIND_BIT(KIND_SPECTRA)) && (!r->row_step || !positive(r, "row_span", &ignored)))
		return fail(e, EXIT_DATA, "HEAD: row_step, row_span: missing or not positive: a segment "
			"of SPECTRA needs them");
	return 0;
}

/* IQ and SPECTRA: the index runs on, or jumps forward where the frame says so. */
static int check_index(struct reader *r, const struct frame *f, struct error *e)
{
	bool spectra = f->kind == KIND_SPECTRA, jump = f->flags & FRAME_DISCONTINUITY;
	int64_t step = spectra ? r->row_step : 1, *next = &r->next_index[spectra], length;

	if (f->kind != KIND_IQ && !spectra)
		return 0;
	if (r->has_index[spectra]) {
		/* A row of spectra may be shorter than the others before a gap: its start counts. */
		if ((__int128)f->index <= (__int128)*next - step)
			return fail(e, EXIT_DATA, "index runs backwards: %lld, expected %lld",
				(long long)f->index, (long long)*next);
		if (f->index != *next && !jump)
			return fail(e, EXIT_DATA, "index jumps to %lld, expected %lld, without the mark of a gap",
				(long long)f->index, (long long)*next);
	}
	if (__builtin_mul_overflow((int64_t)f->dim[0], step, &length) ||
		__builtin_add_overflow(f->index, length, next))
		return fail(e, EXIT_DATA, "index %lld: runs beyond 64 bits", (long long)f->index);
	r->has_index[spectra] = true;
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

/* Metadata that nobody here wants to know must still be well formed. */
static int check_lines(const struct frame *f, struct error *e)
{
	struct meta m = {0};
	int code = meta_parse(&m, f->meta, f->meta_len, e);

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
		return check_lines(f, e);
	}
	if (f->kind == KIND_END) {
		r->expected = f->flags & FRAME_MORE ? EXPECT_HEAD : EXPECT_HEAD_OR_EOF;
		return check_end(r, f, e);
	}
	r->frames++;
	if (r->has_kinds && f->kind < 32 && !(r->kinds & KIND_BIT(f->kind)))
		return fail(e, EXIT_DATA, "%s: not among the kinds that HEAD names",
			kind_name(f->kind, name));
	if ((f->kind == KIND_IQ || f->kind == KIND_SPECTRA) && !r->has_rate)
		return fail(e, EXIT_DATA, NO_RATE);
	if (f->kind == KIND_SPECTRA && r->row_step < 1)
		return fail(e, EXIT_DATA, "SPECTRA: HEAD has no row_step");
	if ((code = check_lines(f, e)) || (code = check_index(r, f, e)))
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

/*
 * Makes room for n more bytes: what is left moves to the front first. A buffer grows with the bytes
 * that have come: at once to `whole` if that is what a frame needs, but at most to their fourfold.
 */
static void make_room(struct reader *r, size_t n, size_t whole)
{
	size_t left = r->end - r->start, size;
	uint8_t *bigger;

	if (r->end + n <= r->size)
		return;
	if (left + n <= r->size) {
		memmove(r->buffer, r->buffer + r->start, left);
	} else {
		size = (left + n) * 3 / 2;
		if (whole > left + n)
			size = whole < (left + n) * 4 ? whole : (left + n) * 4;
		size = (size_t)round_up(size, PIECE);
		bigger = xaligned(size, 1);
		memcpy(bigger, r->buffer + r->start, left);
		free(r->buffer);
		r->buffer = bigger;
		r->size = size;
	}
	r->start = 0;
	r->end = left;
}

static void took(struct reader *r, size_t n)
{
	r->end += n;
	r->offset += (off_t)n;
	r->bytes += (uint64_t)n;
}

/* What was lent goes. Frames stay aligned, as all are multiples of 64 bytes long. */
static void release(struct reader *r)
{
	r->start += r->lent;
	r->lent = 0;
	if (r->start == r->end)
		r->start = r->end = 0;
}

/* One read() of at most `wish` bytes, at least one byte; 0 at end of file. */
static int fill(struct reader *r, size_t wish, size_t *got, struct error *e)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	ssize_t n;

	make_room(r, wish, 0);
	if (r->flush && writer_pending(r->flush) && poll(&p, 1, 0) == 0)
		writer_flush(r->flush);
	do {
		n = r->file ? pread(r->fd, r->buffer + r->end, wish, r->offset)
			    : read(r->fd, r->buffer + r->end, wish);
		if (n < 0 && errno == EAGAIN) /* left non-blocking by others */
			(void)poll(&p, 1, -1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return fail(e, EXIT_IO, "%s: cannot read: %s", r->name, strerror(errno));
	took(r, (size_t)n);
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
		make_room(r, rest, n + LEND_BYTES);
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

struct pieces {
	struct reader *r;
	ssize_t got[LEND_BYTES / PIECE];
};

static void read_piece(void *arg, size_t i, unsigned worker)
{
	struct pieces *p = arg;
	struct reader *r = p->r;

	(void)worker;
	do
		p->got[i] = pread(r->fd, r->buffer + r->end + i * PIECE, PIECE,
			r->offset + (off_t)(i * PIECE));
	while (p->got[i] < 0 && errno == EINTR);
}

/* Reads on by all threads, as far as pieces come whole; errors are met again by fill(). */
static void fill_by_threads(struct reader *r)
{
	struct pieces p = {.r = r};
	size_t count = LEND_BYTES / PIECE;

	make_room(r, LEND_BYTES, 0);
	pool_run(r->pool, count, read_piece, &p);
	for (size_t i = 0; i < count && p.got[i] > 0; i++) {
		took(r, (size_t)p.got[i]);
		if (p.got[i] < (ssize_t)PIECE)
			break;
	}
}

/* Lists the whole frames at the buffer's start. An error behind the first waits. */
static int list_frames(struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e)
{
	int code = 0;

	while (*count < max && !code) {
		struct frame *f = &frames[*count];
		const uint8_t *p = r->buffer + r->start + r->lent;
		size_t left = r->end - r->start - r->lent;
		uint32_t crc;

		if (left < FRAME_HEADER)
			break;
		if ((code = frame_decode(f, p, r->verify, &crc, e)) || frame_length(f) > left)
			break;
		if ((code = check_meta(r, f, p, crc, e)) || (code = accept_frame(r, f, e)))
			break;
		r->lent += (size_t)frame_length(f);
		(*count)++;
		if (!kind_is_data(f->kind))
			break; /* reader_head() stands for all frames lent */
	}
	if (code && *count > 0) {
		r->pending = *e;
		code = 0;
	}
	return code;
}

static int lend_by_threads(
	struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e)
{
	struct sums sums = {.frames = frames};
	int code;

	if (r->end - r->start < PIECE)
		fill_by_threads(r);
	code = list_frames(r, frames, max < LEND_FRAMES ? max : LEND_FRAMES, count, e);
	if (code || *count == 0)
		return code;
	if (r->verify)
		pool_run(r->pool, *count, sum_frame, &sums);
	for (size_t i = 0; i < *count; i++) {
		if (!check_payload(r, &frames[i], sums.sum[i], &r->pending))
			continue;
		*count = i;
		*e = r->pending;
		return i > 0 ? 0 : e->code;
	}
	return 0;
}

int reader_lend(
	struct reader *r, struct frame *frames, size_t max, size_t *count, struct error *e)
{
	int code = 0;

	*count = 0;
	if (r->pending.code) {
		*e = r->pending;
		return e->code;
	}
	release(r);
	if (r->file && r->pool && pool_threads(r->pool) > 1)
		code = lend_by_threads(r, frames, max, count, e);
	if (!code && *count == 0) /* a pipe, a frame longer than the batch, the end */
		code = lend_read(r, frames, count, e);
	r->position += *count;
	return code;
}
