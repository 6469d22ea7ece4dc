/* SPDX-License-Identifier: ISC */
/*
 * lib/io/drf: times and names, captures made by tests/make-drf.py, captures written by the
 * reference library (in LEAT_SHARED or ../shared, skipped if they are not there).
 */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/drf.h"
#include "io/drf_tree.h"

#define LINE_MAX_BYTES 1024
#define TRIES 100000
#define RANGES 4

struct block {
	int64_t index, rows;
};

struct blocks {
	struct block *v;
	size_t n, size;
};

/* What one capture gave, or should give. */
struct result {
	int refused;
	struct blocks blocks;
	struct str skipped; /* lines */
	struct str tunings; /* lines */
	int64_t wrong;	    /* samples that are not what they should be */
	bool decoding;	    /* the hook was called and not yet called back */
	int decodings;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ms <= index / rate < ms + 1, and first is the least index with first / rate >= ms. */
static bool time_holds(int64_t index, struct rate rate)
{
	typedef unsigned __int128 wide;
	int64_t ms = drf_ms_of(index, rate), first = drf_index_at(ms, rate);
	wide ticks = (wide)index * rate.den * 1000;

	return ticks >= (wide)ms * rate.num && ticks < ((wide)ms + 1) * rate.num &&
	       (wide)first * rate.den * 1000 >= (wide)ms * rate.num &&
	       (first == 0 || (wide)(first - 1) * rate.den * 1000 < (wide)ms * rate.num) &&
	       drf_index_at(ms, rate) <= index && drf_index_at(ms + 1, rate) > index;
}

/* Out is the least index with out / to >= index / from. */
static bool convert_holds(int64_t index, struct rate from, struct rate to)
{
	typedef unsigned __int128 wide;
	int64_t out = drf_index_convert(index, from, to);
	wide left = (wide)from.num * to.den, right = (wide)to.num * from.den;

	return (wide)out * left >= (wide)index * right &&
	       (out == 0 || (wide)(out - 1) * left < (wide)index * right);
}

static void test_times(void)
{
	static const struct rate rates[] = {
		{100000, 3}, {2500000, 1}, {1000000007, 998244353}, {1, 1}, {1000, 7}};
	uint64_t seed = 20240627;

	printf("# seed %" PRIu64 "\n", seed);
	for (size_t k = 0; k < COUNT_OF(rates); k++) {
		struct rate rate = rates[k], other = rates[(k + 1) % COUNT_OF(rates)];
		/* 10^18 samples, less at slow rates, as years have but four digits. */
		int64_t most = drf_index_at(DRF_MS_END - 1000, rate);
		int wrong = 0, wrong_too = 0;

		if (most > INT64_C(1000000000000000000))
			most = INT64_C(1000000000000000000);
		for (int i = 0; i < TRIES; i++) {
			int64_t index = (int64_t)(next_random(&seed) % (uint64_t)most);

			index >>= next_random(&seed) % 50;
			wrong += !time_holds(index, rate);
			wrong_too += !convert_holds(index >> 12, rate, other);
		}
		check(wrong == 0, "times are exact at %" PRIu64 "/%" PRIu64 " Hz", rate.num,
			rate.den);
		check(wrong_too == 0, "indices convert exactly from %" PRIu64 "/%" PRIu64 " Hz",
			rate.num, rate.den);
	}
	check(drf_index_at(1700000000100, rates[0]) - drf_index_at(1700000000000, rates[0]) == 3333,
		"a file of 100 ms at 100000/3 Hz holds 3333 samples");
	check(drf_index_at(1700000000200, rates[0]) - drf_index_at(1700000000100, rates[0]) ==
				3334 ||
			drf_index_at(1700000000300, rates[0]) -
					drf_index_at(1700000000200, rates[0]) ==
				3334,
		"or 3334");
	check(drf_ms_of(INT64_MAX, (struct rate){1, INT64_MAX}) == DRF_MS_END - 1,
		"a time beyond the calendar is the last one");
}

static void test_names(void)
{
	struct drf_tree t;
	char name[DRF_NAME_MAX], *here = drf_top("/usr/."), *top = drf_top("a/b//");

	check(!strcmp(here, "/usr") && !strcmp(top, "a/b"), "paths are brought into form");
	free(here);
	free(top);
	drf_tree_open(&t, "nowhere", "rf", true, 3600000, 125);
	check(!strcmp(drf_tree_name(&t, 1719499740125, name),
		      "2024-06-27T14-00-00/rf@1719499740.125.h5"),
		"a file's name follows from its time");
	check(drf_tree_next(&t, 0) == -1 && drf_tree_previous(&t, DRF_MS_END) == -1,
		"a folder that is not there holds nothing");
	drf_tree_close(&t);
	drf_tree_open(&t, "nowhere", "metadata", false, 60000, 1000);
	check(!strcmp(drf_tree_name(&t, 1719499588000, name),
		      "2024-06-27T14-46-00/metadata@1719499588.h5"),
		"a metadata file's too");
	drf_tree_close(&t);
}

static void add_block(struct blocks *b, int64_t index, int64_t rows)
{
	struct block *last = b->n ? &b->v[b->n - 1] : NULL;

	if (last && last->index + last->rows == index) {
		last->rows += rows;
		return;
	}
	if (b->n == b->size) {
		b->size = b->size ? b->size * 2 : 8;
		b->v = xrealloc(b->v, b->size, sizeof(*b->v));
	}
	b->v[b->n++] = (struct block){index, rows};
}

static bool same_blocks(const struct blocks *a, const struct blocks *b)
{
	return a->n == b->n && (a->n == 0 || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

static void clip_blocks(const struct blocks *in, int64_t from, int64_t end, struct blocks *out)
{
	for (size_t i = 0; i < in->n; i++) {
		int64_t first = in->v[i].index, last = first + in->v[i].rows;

		first = first > from ? first : from;
		last = last < end ? last : end;
		if (first < last)
			add_block(out, first, last - first);
	}
}

static void result_free(struct result *r)
{
	free(r->blocks.v);
	str_free(&r->skipped);
	str_free(&r->tunings);
}

static void on_decoding(void *arg, const char *file)
{
	struct result *r = arg;

	r->wrong += r->decoding == (file != NULL);
	r->decoding = file != NULL;
	r->decodings++;
}

static void on_skipped(void *arg, const struct error *why)
{
	struct result *r = arg;

	str_addf(&r->skipped, "%s\n", why->text);
}

/* The value of a component, little-endian, of a type that holds it exactly. */
static double value_at(const void *x, size_t i, unsigned real)
{
	switch (real) {
	case DTYPE_U8:
		return ((const uint8_t *)x)[i];
	case DTYPE_I8:
		return ((const int8_t *)x)[i];
	case DTYPE_U16:
		return ((const uint16_t *)x)[i];
	case DTYPE_I16:
		return ((const int16_t *)x)[i];
	case DTYPE_U32:
		return ((const uint32_t *)x)[i];
	case DTYPE_I32:
		return ((const int32_t *)x)[i];
	case DTYPE_U64:
		return (double)((const uint64_t *)x)[i];
	case DTYPE_I64:
		return (double)((const int64_t *)x)[i];
	case DTYPE_F32:
		return ((const float *)x)[i];
	default:
		return ((const double *)x)[i];
	}
}

/* Counts the components that are not (7 index + 3 subchannel + part) mod 97. */
static int64_t wrong_values(const struct drf_properties *p, const struct drf_piece *piece)
{
	unsigned real = dtype_real(p->dtype), parts = dtype_complex(p->dtype) ? 2 : 1;
	int64_t wrong = (uintptr_t)piece->data % dtype_size(real) != 0;
	size_t at = 0;

	for (size_t k = 0; k < piece->rows; k++)
		for (unsigned c = 0; c < p->subchannels; c++)
			for (unsigned part = 0; part < parts; part++) {
				uint64_t sum = 7 * ((uint64_t)piece->index + k) + 3 * c;

				wrong += value_at(piece->data, at++, real) !=
					 (double)((sum % 97 + part) % 97);
			}
	return wrong;
}

static void read_range(struct drf *d, int64_t from, int64_t end, struct blocks *b, int64_t *wrong)
{
	struct drf_piece piece;

	drf_seek(d, from, end);
	while (drf_next(d, &piece)) {
		add_block(b, piece.index, (int64_t)piece.rows);
		*wrong += wrong_values(drf_properties(d), &piece);
	}
}

/* Blocks without their samples. */
static void read_blocks(struct drf *d, struct blocks *b)
{
	struct drf_piece piece;

	drf_seek(d, 0, INT64_MAX);
	while (drf_next_block(d, &piece))
		add_block(b, piece.index, (int64_t)piece.rows);
}

static void read_tunings(struct drf *d, int64_t from, int64_t end, struct str *out)
{
	unsigned subchannels = drf_properties(d)->subchannels;
	struct drf_tunings t;

	drf_tunings(d, from, end, &t);
	for (size_t i = 0; i < t.n; i++) {
		str_addf(out, "%" PRId64, t.index[i]);
		for (unsigned s = 0; s < subchannels; s++)
			str_addf(out, " %.17g", t.hz[i * subchannels + s]);
		str_add(out, "\n");
	}
	drf_tunings_free(&t);
}

static void read_fields(struct drf *d, int64_t index, struct str *out)
{
	struct drf_fields fields;

	str_clear(out);
	if (drf_fields(d, index, &fields))
		str_addf(out, "%" PRId64 "\n", fields.index);
	for (size_t i = 0; i < fields.n; i++)
		str_addf(out, "%s = %s\n", fields.field[i].path, fields.field[i].value);
	drf_fields_free(&fields);
}

/* Reads what make-drf.py expects of a case. */
static bool read_expected(const char *folder, struct result *r)
{
	char path[600], line[LINE_MAX_BYTES], *rest;
	FILE *f;

	snprintf(path, sizeof(path), "%s/expect", folder);
	f = fopen(path, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		rest = strchr(line, ' ');
		*rest++ = '\0';
		if (!strcmp(line, "block")) {
			int64_t index = strtoll(rest, &rest, 10);

			add_block(&r->blocks, index, strtoll(rest, NULL, 10));
		} else if (!strcmp(line, "tuning")) {
			str_addf(&r->tunings, "%" PRId64, (int64_t)strtoll(rest, &rest, 10));
			while (*rest)
				str_addf(&r->tunings, " %.17g", strtod(rest, &rest));
			str_add(&r->tunings, "\n");
		} else if (!strcmp(line, "skipped")) {
			str_addf(&r->skipped, "%s\n", rest);
		} else if (!strcmp(line, "refused")) {
			r->refused = atoi(rest);
		}
	}
	fclose(f);
	return true;
}

/* Each line of `wanted` is part of the same line of `lines`, and there are no others. */
static bool lines_hold(const struct str *lines, const struct str *wanted)
{
	const char *line = lines->p ? lines->p : "", *want = wanted->p ? wanted->p : "";

	while (*line && *want) {
		size_t n = strcspn(line, "\n"), w = strcspn(want, "\n");

		if (!memmem(line, n, want, w))
			return false;
		line += n + 1;
		want += w + 1;
	}
	return !*line && !*want;
}

static const char *text_of(const struct str *s)
{
	return s->p ? s->p : "";
}

/* Random ranges give the same blocks, clipped. */
static int wrong_ranges(
	struct drf *d, const struct blocks *all, int64_t first, int64_t end, uint64_t *seed)
{
	int wrong = 0;

	for (int i = 0; i < RANGES; i++) {
		int64_t a = first + (int64_t)(next_random(seed) % (uint64_t)(end - first + 1));
		int64_t b = first + (int64_t)(next_random(seed) % (uint64_t)(end - first + 1));
		struct blocks found = {0}, wanted = {0};
		int64_t bad = 0;

		clip_blocks(all, a, b, &wanted);
		read_range(d, a, b, &found, &bad);
		wrong += bad > 0 || !same_blocks(&found, &wanted);
		free(found.v);
		free(wanted.v);
	}
	return wrong;
}

static void test_open_case(
	const char *name, struct drf *d, const struct result *wanted, struct result *found)
{
	const struct blocks *b = &wanted->blocks;
	struct blocks unread = {0};
	int64_t first = 0, end = 0;
	uint64_t seed = 1;
	bool any = drf_bounds(d, &first, &end), skipped;

	check(any && first == b->v[0].index && end == b->v[b->n - 1].index + b->v[b->n - 1].rows,
		"%s: bounds", name);
	read_range(d, 0, INT64_MAX, &found->blocks, &found->wrong);
	check(same_blocks(&found->blocks, b), "%s: %zu blocks", name, b->n);
	check(found->wrong == 0, "%s: values (%" PRId64 " wrong)", name, found->wrong);
	read_tunings(d, first, end, &found->tunings);
	check(!strcmp(text_of(&found->tunings), text_of(&wanted->tunings)), "%s: tunings", name);
	if (!check(lines_hold(&found->skipped, &wanted->skipped), "%s: files passed over", name))
		printf("# said: %s# wanted: %s\n", text_of(&found->skipped),
			text_of(&wanted->skipped));
	check(found->decodings > 0 && !found->decoding, "%s: each decoding ends", name);
	/* A chunk is known to be damaged only when it is read. */
	skipped = found->skipped.len > 0;
	read_blocks(d, &unread);
	check(skipped || same_blocks(&unread, b), "%s: blocks unread", name);
	free(unread.v);
	check(wrong_ranges(d, b, first, end, &seed) == 0, "%s: ranges", name);
}

static void test_case(const char *folder, const char *name)
{
	struct result wanted = {0}, found = {0};
	struct drf_hooks hooks = {&found, on_decoding, on_skipped};
	char path[512];
	struct error e;
	struct drf *d;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!check(read_expected(path, &wanted), "%s: has expectations", name))
		return;
	r = drf_open(&d, path, NULL, &hooks, &e);
	if (wanted.refused || r) {
		check(r == wanted.refused, "%s: %s", name, r ? e.text : "is refused");
		if (!r)
			drf_close(d);
	} else {
		test_open_case(name, d, &wanted, &found);
		drf_close(d);
	}
	result_free(&wanted);
	result_free(&found);
}

/* One line that changes with any byte, name, or time of a change beneath a folder. */
static void fingerprint(const char *folder, char out[LINE_MAX_BYTES])
{
	char command[1024];
	FILE *f;

	snprintf(command, sizeof(command),
		"cd '%s' && { find . -printf '%%p %%s %%C@\\n'; find . -type f -exec cat {} +; } | "
		"sha256sum",
		folder);
	f = popen(command, "r");
	if (!f || !fgets(out, LINE_MAX_BYTES, f))
		strcpy(out, "?");
	if (f)
		pclose(f);
}

static int run(const char *command, const char *argument)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s '%s'", command, argument);
	return system(line);
}

static void test_made(void)
{
	char folder[] = "/tmp/leat-drf-XXXXXX", before[LINE_MAX_BYTES], after[LINE_MAX_BYTES];
	struct dirent **entry;
	int n;

	if (run("/usr/bin/python3 -c", "import h5py")) {
		skip("captures of every kind", "python3-h5py is not there");
		return;
	}
	if (!check(mkdtemp(folder) && !run("/usr/bin/python3 tests/make-drf.py", folder),
		    "tests/make-drf.py makes captures"))
		return;
	fingerprint(folder, before);
	n = scandir(folder, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.')
			test_case(folder, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	fingerprint(folder, after);
	check(!strcmp(before, after), "nothing in the captures was changed");
	run("rm -rf", folder);
}

/* An entry holds from its own index on, and before the first there is none. */
static void test_fields(void)
{
	struct str fields = {0};
	struct error e;
	struct drf *d;

	if (!check(!drf_open(&d, "tests/golden/capture", NULL, NULL, &e), "the capture opens"))
		return;
	read_fields(d, INT64_C(1699999994999), &fields);
	check(!strcmp(text_of(&fields), ""), "no metadata before the first entry");
	read_fields(d, INT64_C(1700000000299), &fields);
	check(!strcmp(text_of(&fields), "1699999995000\ncenter_frequencies = [100000000]\n"),
		"an entry holds beyond its file");
	read_fields(d, INT64_C(1700000000300), &fields);
	check(!strcmp(text_of(&fields), "1700000000300\ncenter_frequencies = [101000000]\n"),
		"the next one from its index on");
	str_free(&fields);
	drf_close(d);
}

/* Captures of the reference library; bounds half-open, hashes over the bytes in stored order. */
static const struct reference {
	const char *top, *name, *dtype;
	struct rate rate;
	unsigned subchannels;
	bool continuous;
	struct block block[5];
	const char *sha256, *tunings, *fields;
} references[] = {
	{"cap1", "sc16", "ci16", {100000, 1}, 1, true, {{170000279850000, 250000}},
		"2d7d991e3cce5c33817748df050cc3906337cec67ebfa90611c1ed42a929334a",
		"170000278875000 433920000\n170000279975000 434000000\n",
		"170000278875000\ncenter_frequencies = 433920000\ngain = 20\n"
		"receiver/antenna = RX2\nreceiver/id = sim\nuuid_str = ref-cap1-sc16\n"},
	{"cap2", "fc32_gap", "cf32", {50000, 1}, 1, false,
		{{85000000000000, 15000}, {85000000017000, 2500}, {85000000021000, 9000},
			{85000000033333, 18667}, {85000000100000, 30001}},
		"bef58c9c8f6977d430d5d3a303844d4d67bf646526ab1426e9df66eb29d6def1", "", ""},
	{"cap3", "sc16_x4", "ci16", {20000, 1}, 4, true, {{34000000000000, 45000}},
		"a06fe288f9c6623c49ef5ddebdb6f0516d0a591d328bb38d6e063d6a6514564a", "", ""},
	{"cap4", "rf32_rational", "f32", {100000, 3}, 1, true, {{56666666666667, 73333}},
		"7190725e77eedee3cf115a21622d527894db14745136c3c50c1208d7db0220a9", "", ""},
	{"westford", "cap-2024-06-27T14-00-00", "ci16", {2500000, 1}, 1, true,
		{{4298749350000000, 5000000}}, NULL, "4298748970000000 1024000000.4842604\n", NULL},
};

static void check_reference(struct drf *d, const struct reference *ref)
{
	const struct drf_properties *p = drf_properties(d);
	struct blocks wanted = {0}, found = {0};
	struct str tunings = {0}, fields = {0};
	struct drf_piece piece;
	char command[200];
	int64_t first = 0, end = 0;
	FILE *sum;

	for (size_t i = 0; i < COUNT_OF(ref->block) && ref->block[i].rows; i++)
		add_block(&wanted, ref->block[i].index, ref->block[i].rows);
	check(!strcmp(dtype_name(p->dtype), ref->dtype) && p->subchannels == ref->subchannels &&
			p->rate.num == ref->rate.num && p->rate.den == ref->rate.den &&
			p->continuous == ref->continuous && !strcmp(p->version, "2.6.0"),
		"%s: properties", ref->top);
	check(drf_bounds(d, &first, &end) && first == wanted.v[0].index &&
			end == wanted.v[wanted.n - 1].index + wanted.v[wanted.n - 1].rows,
		"%s: bounds", ref->top);
	snprintf(command, sizeof(command), "sha256sum | grep -q '%s'",
		ref->sha256 ? ref->sha256 : "");
	sum = popen(command, "w");
	drf_seek(d, first, end);
	while (drf_next(d, &piece)) {
		add_block(&found, piece.index, (int64_t)piece.rows);
		fwrite(piece.data, dtype_size(p->dtype) * p->subchannels, piece.rows, sum);
	}
	check(pclose(sum) == 0, "%s: SHA-256 of all samples", ref->top);
	check(same_blocks(&found, &wanted), "%s: blocks", ref->top);
	read_tunings(d, first, end, &tunings);
	check(!strcmp(text_of(&tunings), ref->tunings), "%s: tunings", ref->top);
	read_fields(d, first, &fields);
	check(ref->fields ? !strcmp(text_of(&fields), ref->fields)
			  : !!strstr(text_of(&fields), "\nreceiver/gain = 40\n"),
		"%s: metadata", ref->top);
	str_free(&fields);
	str_free(&tunings);
	free(wanted.v);
	free(found.v);
}

static void test_reference(const char *shared, const struct reference *ref)
{
	char top[512], channel[1024];
	struct drf_names names;
	struct error e;
	struct drf *d;

	snprintf(top, sizeof(top), "%s/data/drf/%s", shared, ref->top);
	snprintf(channel, sizeof(channel), "%s/%s", top, ref->name);
	if (access(top, R_OK)) {
		skip(ref->top, "not there");
		return;
	}
	check(!drf_list(top, &names, &e) && names.n == 1 && !strcmp(names.v[0], ref->name),
		"%s: lists its channel", ref->top);
	drf_names_free(&names);
	check(!drf_list(channel, &names, &e) && names.n == 1 && !strcmp(names.v[0], ref->name),
		"%s: the channel lists itself", ref->top);
	drf_names_free(&names);
	check(drf_open(&d, top, "none", NULL, &e) == EXIT_NOINPUT, "%s: %s", ref->top, e.text);
	if (check(!drf_open(&d, channel, ref->name, NULL, &e), "%s: opens by its folder",
		    ref->top)) {
		check(!strcmp(drf_name(d), ref->name), "%s: knows its name", ref->top);
		drf_close(d);
	}
	if (check(!drf_open(&d, top, ref->name, NULL, &e), "%s: opens", ref->top)) {
		check_reference(d, ref);
		drf_close(d);
	}
}

/* Figures to look at; no test, as machines differ. */
static void time_reference(const char *shared)
{
	char top[512];
	int64_t first, end, bytes = 0;
	struct drf_piece piece;
	struct error e;
	struct drf *d;
	double start = now_s(), opened;

	snprintf(top, sizeof(top), "%s/data/drf/westford", shared);
	if (drf_open(&d, top, NULL, NULL, &e))
		return;
	drf_bounds(d, &first, &end);
	drf_seek(d, first, end);
	drf_next(d, &piece);
	opened = now_s();
	do
		bytes += (int64_t)piece.rows * 4;
	while (drf_next(d, &piece));
	printf("# first piece after %.2f ms, then %.1f GB/s lent\n", (opened - start) * 1e3,
		(double)bytes / (now_s() - opened) * 1e-9);
	drf_close(d);
}

int main(void)
{
	const char *shared = getenv("LEAT_SHARED");

	test_times();
	test_names();
	test_made();
	test_fields();
	for (size_t i = 0; i < COUNT_OF(references); i++)
		test_reference(shared ? shared : "../shared", &references[i]);
	time_reference(shared ? shared : "../shared");
	return done();
}
