/* SPDX-License-Identifier: ISC */
#include "stream/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/crc.h"

/* Frames are gathered up to this many bytes; longer ones go out beside the gathered ones. */
#define GATHER (256u << 10)
#define LONG_PAYLOAD (32u << 10)

struct writer {
	int fd;
	const char *tool;
	bool keep_going, reader_left, sum, in_segment;
	volatile sig_atomic_t busy; /* a frame is on its way: how much of it went out is unknown */
	bool broken; /* a write failed with a frame half out, or ABORT is out: nothing may follow */
	uint64_t seq, frames;
	int64_t row_step; /* of SPECTRA, from HEAD */
	uint8_t *gathered;
	size_t used;
	struct str text;
};

static void abort_at_death(void *arg, int code, const char *message)
{
	struct writer *w = arg;

	writer_abort(w, w->tool, code, message);
}

struct writer *writer_open(int fd, const char *tool, bool keep_going)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	w->tool = tool;
	w->keep_going = keep_going;
	w->sum = !crc_is_off();
	w->row_step = 1;
	w->gathered = xaligned(GATHER, 1);
	widen_pipe(fd);
	if (keep_going)
		signal(SIGPIPE, SIG_IGN);
	at_death(abort_at_death, w);
	return w;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	forget_at_death(abort_at_death, w);
	free(w->gathered);
	str_free(&w->text);
	free(w);
}

bool writer_in_segment(const struct writer *w)
{
	return w->in_segment;
}

bool writer_reader_left(const struct writer *w)
{
	return w->reader_left;
}

bool writer_pending(const struct writer *w)
{
	return w->used > 0;
}

void widen_pipe(int fd)
{
	for (int size = 1 << 20; size >= 1 << 18; size /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, size) >= 0 || errno == EBADF)
			return;
}

static void write_failed(struct writer *w)
{
	int e = errno;

	w->broken = true;
	if (e == EPIPE) {
		w->reader_left = true;
		if (!w->keep_going)
			die_silently(EXIT_DOWNSTREAM, "the reader has left");
		return;
	}
	if (e == EFAULT) /* the payload lies in the map of a file that has shrunk */
		die(EXIT_DATA, "the input became shorter while it was read");
	die(EXIT_IO, "cannot write the stream: %s", strerror(e));
}

/* Whether a write is to be tried again: interrupted, or a descriptor left non-blocking by others. */
static bool write_again(const struct writer *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLOUT};

	if (errno == EAGAIN)
		(void)poll(&p, 1, -1);
	return errno == EINTR || errno == EAGAIN;
}

static void write_all(struct writer *w, struct iovec *v, int count)
{
	while (count > 0 && !w->reader_left) {
		ssize_t n;

		n = writev(w->fd, v, count);
		if (n < 0 && write_again(w))
			continue;
		if (n < 0) {
			write_failed(w);
			return;
		}
		while (count > 0 && (size_t)n >= v->iov_len) {
			n -= (ssize_t)v->iov_len;
			v++, count--;
		}
		if (count > 0) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
}

void writer_flush(struct writer *w)
{
	struct iovec v = {.iov_base = w->gathered, .iov_len = w->used};

	sig_atomic_t outer = w->busy;

	if (w->used == 0)
		return;
	w->busy = true;
	w->used = 0;
	write_all(w, &v, 1);
	w->busy = outer;
}

/* The frame's end: zero padding, payload CRC, low half of the length. */
static size_t make_tail(const struct frame *f, uint8_t tail[2 * FRAME_ALIGN])
{
	size_t size = (size_t)(frame_payload_room(f) - f->payload_len);
	uint32_t length = (uint32_t)f->payload_len;

	memset(tail, 0, size);
	memcpy(tail + size - 8, &f->payload_crc, 4);
	memcpy(tail + size - 4, &length, 4);
	return size;
}

/* Sends one frame whose header fields are final. */
static void send_frame(struct writer *w, const struct frame *f)
{
	static const char newlines[FRAME_ALIGN] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
						  "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
	uint8_t header[FRAME_HEADER], tail[2 * FRAME_ALIGN];
	size_t meta_pad = (size_t)(frame_meta_room(f) - f->meta_len), tail_size;
	uint32_t meta_crc = crc32c(crc32c(0, f->meta, f->meta_len), newlines, meta_pad);
	uint64_t length = frame_length(f);

	frame_encode(f, meta_crc, header);
	tail_size = make_tail(f, tail);
	struct iovec v[] = {
		{.iov_base = w->gathered, .iov_len = w->used},
		{.iov_base = header, .iov_len = FRAME_HEADER},
		{.iov_base = (void *)(uintptr_t)f->meta, .iov_len = f->meta_len},
		{.iov_base = (void *)(uintptr_t)newlines, .iov_len = meta_pad},
		{.iov_base = (void *)(uintptr_t)f->payload, .iov_len = f->payload_len},
		{.iov_base = tail, .iov_len = tail_size},
	};

	if (f->payload_len >= LONG_PAYLOAD || length > GATHER) {
		w->used = 0;
		write_all(w, v, COUNT_OF(v));
		return;
	}
	if (w->used + length > GATHER)
		writer_flush(w);
	size_t at = w->used;

	for (size_t i = 1; i < COUNT_OF(v); i++) {
		if (v[i].iov_len > 0)
			memcpy(w->gathered + at, v[i].iov_base, v[i].iov_len);
		at += v[i].iov_len;
	}
	w->used = at;
}

/* Numbers the frame, sums it if it was not, sends it. */
static void number_and_send(struct writer *w, struct frame *f)
{
	static const uint8_t zeros[2 * FRAME_ALIGN];
	sig_atomic_t outer = w->busy;

	w->busy = true;
	f->seq = w->seq++;
	if (!(f->flags & FRAME_CRC)) {
		f->payload_crc = 0;
		if (w->sum) {
			f->payload_crc = crc32c(crc32c(0, f->payload, f->payload_len), zeros,
				frame_payload_room(f) - FRAME_TAIL - f->payload_len);
			f->flags |= FRAME_CRC;
		}
	}
	send_frame(w, f);
	w->busy = outer;
}

static void send_meta(struct writer *w, unsigned kind, unsigned flags, const struct meta *meta)
{
	struct frame f = {.kind = (uint16_t)kind, .flags = (uint16_t)flags};

	str_clear(&w->text);
	meta_format(meta, &w->text);
	if (w->text.len > FRAME_META_MAX)
		die(EXIT_DATA, "metadata: %zu bytes: at most %u", w->text.len, FRAME_META_MAX);
	f.meta = w->text.p;
	f.meta_len = (uint32_t)w->text.len;
	number_and_send(w, &f);
}

void writer_head(struct writer *w, const struct meta *meta)
{
	w->row_step = 1;
	meta_i64(meta, "row_step", &w->row_step);
	w->busy = true; /* until it is known that a segment is open */
	w->seq = 0;
	w->frames = 0;
	send_meta(w, KIND_HEAD, 0, meta);
	w->in_segment = true;
	w->busy = false;
}

void writer_forward(struct writer *w, const struct frame *f)
{
	struct frame copy = *f;

	w->frames++;
	number_and_send(w, &copy);
}

void writer_frame(struct writer *w, const struct frame *f)
{
	uint64_t row = frame_row_size(f), rows, step = f->kind == KIND_SPECTRA ? (uint64_t)w->row_step : 1;
	bool splits = (f->kind == KIND_IQ || f->kind == KIND_SPECTRA) &&
		f->payload_len > FRAME_PAYLOAD_MAX && f->dim[0] > 1;
	struct frame part = *f;

	part.flags &= (uint16_t)~FRAME_CRC;
	if (!splits) {
		writer_forward(w, &part);
		return;
	}
	rows = row >= FRAME_PAYLOAD_MAX ? 1 : FRAME_PAYLOAD_MAX / row;
	for (uint64_t at = 0; at < f->dim[0]; at += rows) {
		part.dim[0] = f->dim[0] - at < rows ? f->dim[0] - at : rows;
		part.payload = (const char *)f->payload + at * row;
		part.payload_len = part.dim[0] * row;
		part.index = f->index + (int64_t)(at * step);
		writer_forward(w, &part);
		part.flags &= (uint16_t)~(FRAME_DISCONTINUITY | FRAME_CRC);
	}
}

void writer_end(struct writer *w, const struct meta *notes, bool more)
{
	struct meta m = {0};

	meta_setf(&m, "frames", "%llu", (unsigned long long)w->frames);
	for (size_t i = 0; notes && i < notes->count; i++)
		meta_add(&m, notes->item[i].key, notes->item[i].value);
	w->busy = true;
	send_meta(w, KIND_END, more ? FRAME_MORE : 0, &m);
	w->in_segment = false;
	w->busy = false;
	meta_clear(&m);
	writer_flush(w);
}

/* What a value may hold unescaped; anything else becomes '?'. */
static void plain(char *out, size_t size, const char *text)
{
	size_t used = 0, length;

	for (; *text && used + 4 < size; text += length ? length : 1) {
		length = *text == '\\' ? 0 : printable_length(text, strlen(text));
		memcpy(out + used, length ? text : "?", length ? length : 1);
		used += length ? length : 1;
	}
	out[used] = '\0';
}

/* May run in a signal handler, so it takes no memory. */
void writer_abort(struct writer *w, const char *tool, int code, const char *reason)
{
	char text[1400], plain_tool[80], plain_reason[1200];
	struct frame head = {.kind = KIND_HEAD}, f = {.kind = KIND_ABORT, .meta = text};

	if (w->broken || w->busy || w->reader_left)
		return;
	if (!w->in_segment) { /* an empty one, so that downstream learns the reason all the same */
		w->seq = 0;
		number_and_send(w, &head);
	}
	w->in_segment = false;
	plain(plain_tool, sizeof(plain_tool), tool);
	plain(plain_reason, sizeof(plain_reason), reason);
	f.meta_len = (uint32_t)snprintf(text, sizeof(text), "tool %s\nreason %s\ncode %d\n",
		plain_tool, plain_reason, code);
	number_and_send(w, &f);
	writer_flush(w);
	w->broken = true; /* nothing may follow */
}
