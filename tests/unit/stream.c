/* SPDX-License-Identifier: ISC */
/*
 * Writer and reader: random streams come back as they were written, by file and by pipe; every
 * flipped bit and every cut is noticed. stream [SEED [GOLDEN ...]]; golden files, read and
 * written again, keep their bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "stream/reader.h"
#include "stream/writer.h"

#include "../child.h"
#include "../seed.h"
#include "../test.h"

#define FRAMES_MAX 4000

/* What is known of a frame, and one sum over what it holds. */
struct seen {
	struct frame frame;
	uint32_t meta_sum, payload_sum;
};

struct record {
	struct seen seen[FRAMES_MAX];
	size_t count;
	int code;
	char text[600];
};

static int new_file(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

static int file_of(const uint8_t *bytes, size_t n)
{
	int fd = new_file();

	if (write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

static uint8_t *bytes_of(int fd, size_t *n)
{
	uint8_t *p;

	*n = (size_t)lseek(fd, 0, SEEK_END);
	p = malloc(*n + 1);
	if (!p || pread(fd, p, *n, 0) != (ssize_t)*n)
		abort();
	lseek(fd, 0, SEEK_SET);
	return p;
}

/* The read end of a pipe into which a child writes the bytes in pieces of random length. */
static int pipe_of(const uint8_t *bytes, size_t n, pid_t *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		abort();
	*pid = fork();
	if (*pid == 0) {
		close(ends[0]);
		for (size_t at = 0; at < n;) {
			size_t piece = 1 + random_bits(17);

			piece = piece > n - at ? n - at : piece;
			if (write(ends[1], bytes + at, piece) != (ssize_t)piece)
				break;
			at += piece;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void record(struct record *to, const struct frame *f)
{
	struct seen *s = &to->seen[to->count++];

	s->frame = *f;
	s->meta_sum = wire_crc((const uint8_t *)f->meta, f->meta_len);
	s->payload_sum = wire_crc(f->payload, (size_t)f->payload_len);
	if ((uintptr_t)f->payload % 64 && f->payload_len)
		to->code = -1;
}

static void read_all(int fd, struct pool *pool, struct record *to)
{
	struct reader *r = reader_open(fd, "test");
	struct frame frames[64];
	struct error e = {0};
	size_t count;

	to->count = 0;
	to->code = 0;
	to->text[0] = '\0';
	if (pool)
		reader_use_pool(r, pool);
	while (!to->code && to->count < FRAMES_MAX - 64) {
		int code = reader_lend(r, frames, 1 + below(64), &count, &e);

		if (code) {
			to->code = code == e.code && *e.text ? code : -2;
			snprintf(to->text, sizeof(to->text), "%llu %s",
				(unsigned long long)reader_position(r), e.text);
		}
		if (code || count == 0)
			break;
		for (size_t i = 0; i < count; i++)
			record(to, &frames[i]);
	}
	reader_free(r);
}

static void read_file(const uint8_t *bytes, size_t n, struct pool *pool, struct record *to)
{
	int fd = file_of(bytes, n);

	read_all(fd, pool, to);
	close(fd);
}

static void read_pipe(const uint8_t *bytes, size_t n, struct record *to)
{
	pid_t pid;
	int fd = pipe_of(bytes, n, &pid);

	read_all(fd, NULL, to);
	close(fd);
	waitpid(pid, NULL, 0);
}

static bool same_frames(const struct record *a, const struct record *b)
{
	if (a->code != b->code || a->count != b->count || strcmp(a->text, b->text))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct frame *x = &a->seen[i].frame, *y = &b->seen[i].frame;

		if (x->kind != y->kind || x->flags != y->flags || x->dtype != y->dtype ||
			x->ndim != y->ndim || x->seq != y->seq || x->index != y->index ||
			memcmp(x->dim, y->dim, sizeof(x->dim)) ||
			x->payload_len != y->payload_len ||
			a->seen[i].meta_sum != b->seen[i].meta_sum ||
			a->seen[i].payload_sum != b->seen[i].payload_sum)
			return false;
	}
	return true;
}

/*
 * Random streams.
 */

struct plan {
	int64_t index, row_step;
	uint64_t bytes; /* of payload */
};

static uint8_t material[3 << 20];

static void add_random_lines(struct meta *m)
{
	for (uint64_t n = below(4); n > 0; n--) {
		char value[200];
		size_t length = below(sizeof(value));

		for (size_t i = 0; i < length; i++)
			value[i] = (char)(1 + below(255));
		value[length] = '\0';
		meta_add(m, below(2) ? "x.random" : "%x.random", value);
	}
}

static void put_frame(struct writer *w, struct plan *p, unsigned kind)
{
	struct frame f = {.kind = (uint16_t)kind, .index = p->index};
	struct meta m = {0};
	struct str text = {0};
	uint64_t rows = 1 + random_bits(below(20) ? 10 : 18),
		 gap = below(5) ? 0 : 1 + random_bits(30);

	if (kind == KIND_IQ || kind == KIND_SPECTRA)
		f.index += (int64_t)gap;
	f.flags = gap && (kind == KIND_IQ || kind == KIND_SPECTRA) ? FRAME_DISCONTINUITY : 0;
	f.dtype = kind == KIND_SPECTRA ? DTYPE_F32 : DTYPE_COMPLEX | DTYPE_I16;
	f.ndim = kind == KIND_IQ ? 2 : 3;
	f.dim[0] = rows;
	f.dim[1] = kind == KIND_IQ ? 1 + below(2) : 1;
	f.dim[2] = kind == KIND_IQ ? 0 : 1 + below(rows > 1000 ? 2 : 100);
	if (kind == KIND_IMAGE)
		f.flags = FRAME_GROUP_LAST;
	if (kind == KIND_TABLE) {
		f = (struct frame){
			.kind = KIND_TABLE, .ndim = 1, .dim = {rows % 1000}, .index = p->index};
		f.payload_len = f.dim[0] * 8;
		meta_add(&m, "col", "t f64 s");
	} else if (kind == KIND_REPORT) {
		f = (struct frame){.kind = KIND_REPORT, .index = p->index};
	} else {
		f.payload_len = rows * frame_row_size(&f);
	}
	if (below(3) == 0)
		add_random_lines(&m);
	meta_format(&m, &text);
	f.meta = text.p;
	f.meta_len = (uint32_t)text.len;
	f.payload = material + 64 * below(100);
	p->bytes += f.payload_len;
	writer_frame(w, &f);
	if (kind == KIND_IQ || kind == KIND_SPECTRA)
		p->index = f.index + (int64_t)rows * (kind == KIND_SPECTRA ? p->row_step : 1);
	meta_clear(&m);
	str_free(&text);
}

static void put_segment(struct writer *w, struct plan *p, bool more)
{
	static const unsigned kinds[] = {
		KIND_IQ, KIND_SPECTRA, KIND_IMAGE, KIND_TABLE, KIND_REPORT};
	unsigned kind = kinds[below(5)];
	struct meta m = {0};
	char name[16];

	meta_setf(&m, "kinds", "%s", kind_name(kind, name));
	meta_set_rate(&m, (struct rate){100000, 3});
	p->row_step = 1 + (int64_t)random_bits(20);
	p->index = (int64_t)random_bits(40) - (1 << 20);
	if (kind == KIND_SPECTRA) {
		meta_setf(&m, "row_step", "%lld", (long long)p->row_step);
		meta_setf(&m, "row_span", "%lld", (long long)p->row_step);
	}
	add_random_lines(&m);
	writer_head(w, &m);
	for (uint64_t n = below(30); n > 0; n--)
		put_frame(w, p, kind);
	writer_end(w, NULL, more);
	meta_clear(&m);
}

static int random_stream(struct plan *p)
{
	int fd = new_file();
	struct writer *w = writer_open(fd, "test", false);

	*p = (struct plan){0};
	for (uint64_t n = 1 + below(3); n > 0; n--)
		put_segment(w, p, n > 1 && below(2));
	writer_free(w);
	return fd;
}

static uint64_t payload_bytes(const struct record *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->seen[i].frame.payload_len;
	return n;
}

static void round_trips(void)
{
	static struct record file, pipe, pooled;
	struct pool *pool = pool_new(2);
	int unread = 0, different = 0, lost = 0;

	for (int i = 0; i < 150; i++) {
		struct plan plan;
		int fd = random_stream(&plan);
		size_t n;
		uint8_t *bytes = bytes_of(fd, &n);

		read_file(bytes, n, NULL, &file);
		read_file(bytes, n, pool, &pooled);
		read_pipe(bytes, n, &pipe);
		if (file.code)
			printf("# %s\n", file.text);
		unread += file.code != 0;
		different += !same_frames(&file, &pipe) || !same_frames(&file, &pooled);
		lost += payload_bytes(&file) != plan.bytes;
		free(bytes);
		close(fd);
	}
	check(!unread, "150 random streams are read back");
	check(!different, "alike from a file, with threads, and from a pipe in random pieces");
	check(!lost, "and no payload byte is lost where frames are split");
	pool_free(pool);
}

/*
 * Damage.
 */

static uint8_t *small_stream(size_t *n)
{
	int fd = new_file();
	struct writer *w = writer_open(fd, "test", false);
	struct meta m = {0};
	struct plan p = {.row_step = 1};
	uint8_t *bytes;

	for (int i = 0; i < 2; i++) {
		meta_set(&m, "kinds", "IQ");
		meta_set_rate(&m, (struct rate){1000, 1});
		meta_set(&m, "x.note", "to be damaged");
		writer_head(w, &m);
		for (int k = 0; k < 3; k++) {
			struct frame f = {.kind = KIND_IQ,
				.dtype = DTYPE_COMPLEX | DTYPE_I16,
				.ndim = 2,
				.dim = {50, 1},
				.index = p.index,
				.payload_len = 200,
				.payload = material};

			writer_frame(w, &f);
			p.index += 50;
		}
		writer_end(w, NULL, i == 0);
	}
	writer_free(w);
	meta_clear(&m);
	bytes = bytes_of(fd, n);
	close(fd);
	return bytes;
}

static void flips(void)
{
	static struct record file, pipe;
	int missed = 0, other_code = 0, different = 0, late = 0;
	size_t n;
	uint8_t *bytes = small_stream(&n);

	for (int i = 0; i < 600; i++) {
		size_t bit = below(8 * n);

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		read_file(bytes, n, NULL, &file);
		if (i % 4 == 0) {
			read_pipe(bytes, n, &pipe);
			different += !same_frames(&file, &pipe);
		}
		missed += file.code == 0;
		other_code += file.code != EXIT_DATA;
		for (size_t k = 0, at = 0; k < file.count; k++) {
			at += (size_t)frame_length(&file.seen[k].frame);
			late += at > bit / 8;
		}
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	check(!missed, "600 flipped bits of %zu bytes: each is noticed", n);
	check(!other_code, "as bad data, 65");
	check(!different, "alike from file and pipe, with the same message");
	check(!late, "and no frame that holds the bit is lent");
	free(bytes);
}

static void cuts(void)
{
	static struct record file, pipe;
	int unnoticed = 0, different = 0;
	size_t n;
	uint8_t *bytes = small_stream(&n);

	for (size_t at = 0; at < n; at++) {
		read_file(bytes, at, NULL, &file);
		unnoticed += file.code != EXIT_UPSTREAM;
		if (at % 16 == 0) {
			read_pipe(bytes, at, &pipe);
			different += !same_frames(&file, &pipe);
		}
	}
	check(!unnoticed, "cut at each of %zu bytes: 76", n);
	check(!different, "alike from file and pipe");
	free(bytes);
}

/*
 * Small rules of the writer.
 */

static void death_of_a_writer(void *arg)
{
	struct writer *w = writer_open(*(int *)arg, "test", false);
	struct meta m = {0};

	writer_head(w, &m);
	die(EXIT_NOINPUT, "a \\ reason\nof two lines");
}

static void abort_twice(void *arg)
{
	struct writer *w = writer_open(*(int *)arg, "test", false);

	writer_abort(w, "upstream", EXIT_DATA, "the first reason");
	die(EXIT_UPSTREAM, "the second");
}

static void aborts(void)
{
	static struct record r;
	int fd = new_file();
	size_t n;
	uint8_t *bytes;

	check(in_child(death_of_a_writer, &fd) == EXIT_NOINPUT, "a command dies");
	bytes = bytes_of(fd, &n);
	read_file(bytes, n, NULL, &r);
	check(r.code == 0 && r.count == 2 && r.seen[1].frame.kind == KIND_ABORT,
		"its stream ends in ABORT");
	check(memmem(bytes, n, "tool test\nreason a ? reason?of two lines\ncode 66\n", 49) != NULL,
		"and says tool, reason and code");
	free(bytes);
	close(fd);
	fd = new_file();
	check(in_child(abort_twice, &fd) == EXIT_UPSTREAM,
		"a command aborts before its first HEAD, and dies");
	bytes = bytes_of(fd, &n);
	read_file(bytes, n, NULL, &r);
	check(r.code == 0 && r.count == 2 && r.seen[1].frame.kind == KIND_ABORT &&
			frame_length(&r.seen[0].frame) + frame_length(&r.seen[1].frame) == n,
		"one HEAD and one ABORT tell it");
	free(bytes);
	close(fd);
}

static void split(void)
{
	static struct record r;
	int fd = new_file();
	struct writer *w = writer_open(fd, "test", false);
	struct frame f = {.kind = KIND_SPECTRA,
		.dtype = DTYPE_F32,
		.ndim = 3,
		.dim = {600, 1, 1000},
		.index = -7,
		.flags = FRAME_DISCONTINUITY,
		.payload_len = 2400000,
		.payload = material,
		.meta = "partial 3\n",
		.meta_len = 10};
	struct meta m = {0};
	size_t n;
	uint8_t *bytes;

	meta_set(&m, "kinds", "SPECTRA");
	meta_set_rate(&m, (struct rate){1, 1});
	meta_set(&m, "row_step", "100");
	meta_set(&m, "row_span", "100");
	writer_head(w, &m);
	writer_frame(w, &f);
	writer_end(w, NULL, false);
	writer_free(w);
	bytes = bytes_of(fd, &n);
	read_file(bytes, n, NULL, &r);
	check(r.code == 0 && r.count == 5, "2.4 MB of spectra make three frames");
	check(r.seen[2].frame.index == -7 + 262 * 100 && r.seen[3].frame.dim[0] == 76,
		"cut between rows");
	check(r.seen[1].frame.flags & FRAME_DISCONTINUITY &&
			!(r.seen[2].frame.flags & FRAME_DISCONTINUITY),
		"the gap stands before the first only");
	check(r.seen[1].frame.meta_len == 10 && r.seen[3].frame.meta_len == 10,
		"the metadata holds for all parts");
	meta_clear(&m);
	free(bytes);
	close(fd);
}

/* Reads a file and writes what it holds; true if that gives the same bytes. */
static bool rewrites(const char *path)
{
	int in = open(path, O_RDONLY), out = new_file();
	struct reader *r = reader_open(in, path);
	struct writer *w = writer_open(out, "test", false);
	struct frame f;
	struct meta m = {0};
	struct error e;
	size_t count, n = 0, made = 0;
	uint8_t *truth, *bytes;
	bool same;

	while (in >= 0 && !reader_lend(r, &f, 1, &count, &e) && count == 1) {
		const char *code;

		if (kind_is_data(f.kind)) {
			writer_frame(w, &f);
			continue;
		}
		if (meta_parse(&m, f.meta, f.meta_len, &e))
			break;
		code = meta_get(&m, "code");
		if (f.kind == KIND_HEAD)
			writer_head(w, &m);
		else if (f.kind == KIND_ABORT)
			writer_abort(w, meta_get(&m, "tool"), atoi(code ? code : "0"),
				meta_get(&m, "reason"));
		else
			meta_remove(&m, "frames"), writer_end(w, &m, f.flags & FRAME_MORE);
	}
	writer_flush(w);
	truth = bytes_of(in, &n);
	bytes = bytes_of(out, &made);
	same = n > 0 && n == made && !memcmp(truth, bytes, n);
	free(truth);
	free(bytes);
	reader_free(r);
	writer_free(w);
	meta_clear(&m);
	close(in);
	close(out);
	return same;
}

int main(int argc, char **argv)
{
	argv0 = "test";
	seed_from(argc, argv);
	for (size_t i = 0; i < sizeof(material); i++)
		material[i] = (uint8_t)random64();
	round_trips();
	flips();
	cuts();
	aborts();
	split();
	for (int i = 2; i < argc; i++)
		check(rewrites(argv[i]), "%s, read and written, keeps its bytes", argv[i]);
	return done();
}
