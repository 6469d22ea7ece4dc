/* SPDX-License-Identifier: ISC */
/*
 * lib/io/drf_write: samples of any type, rate, layout and blocks come back from the reader; the
 * pieces in which they came change no byte of any file; nothing unfinished stays.
 */
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../seed.h"
#include "../test.h"
#include "base/crc.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "io/drf.h"
#include "io/drf_check.h"
#include "io/drf_write.h"

#define TRIES 16
#define BLOCKS_MAX 8
#define ROWS_MAX 1000

struct block {
	int64_t index;
	size_t rows;
};

struct content {
	struct drf_layout layout;
	struct block block[BLOCKS_MAX];
	size_t blocks;
};

/* What stands at an index: bytes that follow from it, and are no fill value. */
static void fill_row(const struct content *c, int64_t index, uint8_t *row)
{
	const struct drf_properties *p = &c->layout.properties;
	size_t part = dtype_size(dtype_real(p->dtype));
	size_t bytes = dtype_size(p->dtype) * p->subchannels;

	for (size_t k = 0; k < bytes; k++)
		row[k] = (uint8_t)(((uint64_t)index * 31 + k * 7) % 97 + 1);
	/* 0x3f: a number in a float. */
	for (size_t k = part - 1; k < bytes; k += part)
		row[k] = 0x3f;
}

static void *make_rows(const struct content *c, int64_t index, size_t rows)
{
	const struct drf_properties *p = &c->layout.properties;
	size_t bytes = dtype_size(p->dtype) * p->subchannels;
	uint8_t *data = xaligned(rows, bytes);

	for (size_t k = 0; k < rows; k++)
		fill_row(c, index + (int64_t)k, data + k * bytes);
	return data;
}

static struct content random_content(void)
{
	static const unsigned types[] = {DTYPE_U8, DTYPE_I8, DTYPE_U16, DTYPE_I16, DTYPE_U32,
		DTYPE_I32, DTYPE_U64, DTYPE_I64, DTYPE_F32, DTYPE_F64};
	static const int64_t spans_ms[] = {1, 7, 100, 250, 1000, 5000};
	struct content c = {0};
	struct drf_properties *p = &c.layout.properties;
	int64_t index;

	p->dtype = types[below(COUNT_OF(types))] | (below(2) ? DTYPE_COMPLEX : 0);
	p->subchannels = below(4) ? 1 + (unsigned)below(3) : 1 + (unsigned)below(3000);
	p->rate = (struct rate){1 + below(20000), below(2) ? 1 : 1 + below(1000)};
	while (p->rate.den > 1 && p->rate.num % p->rate.den == 0)
		p->rate.den--;
	for (uint64_t a = p->rate.num, b = p->rate.den; b;) {
		uint64_t rest = a % b;

		a = b, b = rest;
		if (!b)
			p->rate.num /= a, p->rate.den /= a;
	}
	p->file_ms = spans_ms[below(COUNT_OF(spans_ms))];
	p->folder_s = (p->file_ms == 7 ? 7 : 5) * (1 + (int64_t)below(800));
	/* Files that are far fuller than the content cost time only. */
	p->continuous =
		below(2) && rate_hz(p->rate) * (double)p->file_ms / 1e3 *
					    (double)(p->subchannels * dtype_size(p->dtype)) <
				    2e5;
	c.layout.gzip = below(3) ? 0 : (unsigned)below(3);
	c.layout.checksum = below(3) == 0;
	strcpy(c.layout.uuid, "unit test");
	c.blocks = 1 + below(BLOCKS_MAX);
	index = (int64_t)(rate_hz(p->rate) * (double)below(2000000000));
	for (size_t i = 0; i < c.blocks; i++) {
		uint64_t most = p->subchannels > 3 ? 20 : ROWS_MAX;

		c.block[i] = (struct block){index, 1 + below(most)};
		/* A gap of some samples, or of some files. */
		index += (int64_t)c.block[i].rows + 1 +
			 (int64_t)below(below(2) ? 20 : 2 + (uint64_t)rate_hz(p->rate));
	}
	return c;
}

/* Writes the content in pieces of at most `most` rows; 0, or the code of what failed. */
static int write_content(const struct content *c, const char *folder, size_t most)
{
	const struct drf_properties *p = &c->layout.properties;
	double *hz = xcalloc(p->subchannels, sizeof(*hz));
	struct drf_writer *w;
	struct error e;
	int r;

	mkdir(folder, 0777);
	r = drf_writer_open(&w, folder, "ch", &c->layout, &e);
	for (size_t i = 0; i < c->blocks && !r; i++) {
		size_t bytes = dtype_size(p->dtype) * p->subchannels, n;
		const struct block *b = &c->block[i];
		uint8_t *data = make_rows(c, b->index, b->rows);

		for (unsigned k = 0; k < p->subchannels; k++)
			hz[k] = (double)i * 1e6 + k;
		r = drf_writer_tune(w, b->index, hz, &e);
		for (size_t at = 0; at < b->rows && !r; at += n) {
			n = most == SIZE_MAX ? b->rows : 1 + below(most);
			n = n < b->rows - at ? n : b->rows - at;
			r = drf_writer_put(w, b->index + (int64_t)at, n, data + at * bytes, &e);
		}
		free(data);
	}
	if (!r)
		r = drf_writer_finish(w, &e);
	if (r)
		printf("# %s\n", e.text);
	drf_writer_free(w);
	free(hz);
	return r;
}

/* The sum of names and bytes of a tree's files. */
static struct {
	uint64_t sum;
	size_t root, unfinished;
} tree;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + tree.root;
	uint8_t *bytes;
	FILE *f;

	if (type != FTW_F)
		return 0;
	tree.unfinished += !strncmp(path + ftw->base, "tmp.", 4);
	bytes = xmalloc((size_t)st->st_size + 1);
	f = fopen(path, "rb");
	if (!f || fread(bytes, 1, (size_t)st->st_size, f) != (size_t)st->st_size)
		return 1;
	fclose(f);
	/* Order of the walk does not matter. */
	tree.sum += (uint64_t)crc32c(crc32c(0, name, strlen(name)), bytes, (size_t)st->st_size) *
		    UINT64_C(0x9e3779b97f4a7c15);
	free(bytes);
	return 0;
}

static uint64_t sum_of(const char *folder)
{
	tree.sum = tree.unfinished = 0;
	tree.root = strlen(folder);
	if (nftw(folder, add_file, 16, FTW_PHYS))
		return 0;
	return tree.unfinished ? 0 : tree.sum;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static const struct block *block_at(const struct content *c, int64_t index)
{
	for (size_t i = 0; i < c->blocks; i++)
		if (index >= c->block[i].index &&
			index < c->block[i].index + (int64_t)c->block[i].rows)
			return &c->block[i];
	return NULL;
}

/* Whether what is read is what was written, the rest being absent, or fill. */
static bool comes_back(const struct content *c, const char *folder)
{
	const struct drf_properties *p = &c->layout.properties;
	size_t bytes = dtype_size(p->dtype) * p->subchannels, rows = 0, wanted = 0;
	uint8_t *row = xaligned(1, bytes);
	struct drf_piece piece;
	struct drf *d;
	struct error e;
	bool right = !drf_open(&d, folder, "ch", NULL, &e);

	if (!right)
		printf("# %s\n", e.text);
	for (size_t i = 0; i < c->blocks; i++)
		wanted += c->block[i].rows;
	while (right && drf_next(d, &piece))
		for (size_t k = 0; k < piece.rows && right; k++) {
			int64_t index = piece.index + (int64_t)k;

			if (block_at(c, index)) {
				fill_row(c, index, row);
				right = !memcmp(
					row, (const uint8_t *)piece.data + k * bytes, bytes);
				rows++;
			} else {
				right = p->continuous;
			}
		}
	if (right) {
		struct drf_tunings t;

		right = drf_properties(d)->dtype == p->dtype && rows == wanted;
		drf_tunings(d, c->block[0].index, INT64_MAX, &t);
		right = right && t.n == c->blocks;
		for (size_t i = 0; right && i < t.n; i++)
			right = t.index[i] == c->block[i].index &&
				t.hz[(i + 1) * p->subchannels - 1] ==
					(double)i * 1e6 + p->subchannels - 1;
		drf_tunings_free(&t);
		drf_close(d);
	}
	free(row);
	return right;
}

static void on_problem(void *arg, const char *file, const char *what)
{
	(void)arg;
	printf("# %s: %s\n", file, what);
}

static bool is_sound(const char *folder)
{
	struct drf_check check = {.deep = true, .problem = on_problem};
	struct error e;

	return !drf_check_channel(&check, folder, "ch", &e) && check.problems == 0;
}

static void test_random(const char *home, int try)
{
	struct content c = random_content();
	const struct drf_properties *p = &c.layout.properties;
	char whole[64], pieces[64], whole_ch[80], pieces_ch[80];
	bool written, right;

	snprintf(whole, sizeof(whole), "%s/whole", home);
	snprintf(pieces, sizeof(pieces), "%s/pieces", home);
	snprintf(whole_ch, sizeof(whole_ch), "%s/ch", whole);
	snprintf(pieces_ch, sizeof(pieces_ch), "%s/ch", pieces);
	mkdir(whole, 0777);
	mkdir(pieces, 0777);
	written = !write_content(&c, whole_ch, SIZE_MAX) && !write_content(&c, pieces_ch, 700);
	right = written && comes_back(&c, whole) && is_sound(whole_ch) && sum_of(whole_ch) != 0 &&
		sum_of(whole_ch) == sum_of(pieces_ch);
	check(right,
		"%d: %s [%u] at %" PRIu64 "/%" PRIu64 ", %zu blocks, files of %" PRId64 " ms%s",
		try, dtype_name(p->dtype), p->subchannels, p->rate.num, p->rate.den, c.blocks,
		p->file_ms, p->continuous ? ", continuous" : "");
	nftw(whole, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	nftw(pieces, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

/* What was begun and abandoned leaves the files before it, and no other. */
static void test_abandon(const char *home)
{
	struct drf_layout layout = {.properties = {.rate = {1000, 1},
					    .dtype = DTYPE_I16,
					    .subchannels = 1,
					    .file_ms = 1000,
					    .folder_s = 3600}};
	static const int16_t data[1500];
	struct drf_writer *w, *other;
	char folder[64], path[128];
	struct error e;

	snprintf(folder, sizeof(folder), "%s/ch", home);
	mkdir(folder, 0777);
	check(!drf_writer_open(&w, folder, "ch", &layout, &e), "opens");
	check(drf_writer_open(&other, folder, "ch", &layout, &e) == EXIT_AGAIN,
		"a second writer is told to come again: %s", e.text);
	drf_writer_free(other);
	check(!drf_writer_put(w, 5, 1500, data, &e), "puts 1500 rows");
	check(drf_writer_put(w, 1504, 1, data, &e) == EXIT_DATA, "refuses one before the end: %s",
		e.text);
	check(drf_writer_put(w, -1, 1, data, &e) == EXIT_DATA, "refuses one before 1970");
	check(drf_writer_put(w, INT64_MAX - 3, 5, data, &e) == EXIT_DATA, "refuses what overflows");
	check(drf_writer_put(w, INT64_C(400000000000000), 1, data, &e) == EXIT_DATA,
		"refuses the year 14645: %s", e.text);
	drf_writer_abandon(w);
	drf_writer_free(w);
	snprintf(path, sizeof(path), "%s/1970-01-01T00-00-00/rf@0.000.h5", folder);
	check(access(path, F_OK) == 0, "the full file is there");
	check(sum_of(folder) != 0, "nothing unfinished is there");
	nftw(folder, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

int main(int argc, char **argv)
{
	char home[] = "/dev/shm/leat-unit-XXXXXX", other[] = "/tmp/leat-unit-XXXXXX", *at;

	seed_from(argc, argv);
	at = mkdtemp(home);
	if (!at)
		at = mkdtemp(other);
	if (!at)
		return 1;
	test_abandon(at);
	for (int i = 0; i < TRIES; i++)
		test_random(at, i);
	rmdir(at);
	return done();
}
