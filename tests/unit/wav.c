/* SPDX-License-Identifier: ISC */
/*
 * lib/io/wav, intake and kiwi: files beyond 4 GiB (sparse), lengths that are missing or lie,
 * stamps. Headers here are made byte by byte, as the standards have them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "io/kiwi.h"
#include "io/wav.h"

#define GIB (UINT64_C(1) << 30)

struct bytes {
	uint8_t b[4096];
	size_t n;
};

static void text(struct bytes *b, const char *s)
{
	memcpy(b->b + b->n, s, strlen(s));
	b->n += strlen(s);
}

static void number(struct bytes *b, unsigned size, uint64_t v)
{
	for (unsigned i = 0; i < size; i++)
		b->b[b->n++] = (uint8_t)(v >> (8 * i));
}

/* RIFF and fmt of `channels` of 16 bits at 12 kHz; the data chunk is not here. */
static void riff(struct bytes *b, const char *magic, uint32_t size, unsigned channels)
{
	text(b, magic);
	number(b, 4, size);
	text(b, "WAVE");
	if (strcmp(magic, "RIFF")) {
		text(b, "ds64");
		number(b, 4, 28);
		b->n += 28; /* to be filled in at 20 */
	}
	text(b, "fmt ");
	number(b, 4, 16);
	number(b, 2, 1);
	number(b, 2, channels);
	number(b, 4, 12000);
	number(b, 4, 12000 * 2 * channels);
	number(b, 2, 2 * channels);
	number(b, 2, 16);
}

static void data(struct bytes *b, uint32_t size)
{
	text(b, "data");
	number(b, 4, size);
}

static int file_of(const struct bytes *b, uint64_t size)
{
	int fd = memfd_create("wav", MFD_CLOEXEC);

	if (fd < 0 || write(fd, b->b, b->n) != (ssize_t)b->n || lseek(fd, 0, SEEK_SET) ||
		(size && ftruncate(fd, (off_t)size)))
		exit(1);
	return fd;
}

/* What came of a file. */
struct result {
	int code;
	unsigned remarks;
	uint64_t samples, chunks;
	struct wav_form form;
	char text[480];
};

static struct result read_fd(int fd, bool all)
{
	static char block[1 << 16];
	uint8_t magic[WAV_MAGIC];
	struct result r = {0};
	struct intake in;
	struct wav *w = NULL;
	struct error e = {0};
	size_t got;
	bool there = true;

	intake_open(&in, fd, "x.wav");
	r.code = intake_bytes(&in, magic, sizeof(magic), &got, &e);
	if (!r.code && got == sizeof(magic) && wav_is(magic))
		r.code = wav_open(&w, &in, magic, &e);
	if (w) {
		r.form = *wav_form(w);
		r.samples = all ? 0 : wav_promised(w);
	}
	while (w && all && there && !r.code) {
		bool end = false;

		r.chunks++;
		while (!end && !r.code) {
			size_t samples;

			r.code = wav_read(w, block, sizeof(block) / 64, &samples, &end, &e);
			r.samples += r.code ? 0 : samples;
		}
		if (!r.code)
			r.code = wav_next(w, &there, &e);
	}
	if (w)
		r.remarks = wav_remarks(w);
	memcpy(r.text, e.text, sizeof(r.text));
	wav_close(w);
	intake_close(&in);
	close(fd);
	return r;
}

static struct result read_bytes(const struct bytes *b)
{
	return read_fd(file_of(b, 0), true);
}

static void large_files(void)
{
	struct wav_form form = {.dtype = DTYPE_I16, .channels = 2, .rate = 48000};
	struct bytes b = {0};
	uint8_t header[WAV_HEADER_MAX];
	struct result r;
	size_t n = wav_header(header, &form, 1000, false);

	check(!memcmp(header, "RIFF", 4) && !memcmp(header + 12, "JUNK", 4),
		"a small file is RIFF with room for ds64");
	check(wav_header(header, &form, 5 * GIB, false) == n && !memcmp(header, "RF64", 4) &&
			!memcmp(header + 4, "\xff\xff\xff\xff", 4) &&
			!memcmp(header + 12, "ds64\x1c\0\0\0", 8) &&
			!memcmp(header + n - 8, "data\xff\xff\xff\xff", 8),
		"beyond 4 GiB it is RF64, the header as long");
	memcpy(b.b, header, b.n = n);
	number(&b, 0, 0);
	r = read_fd(file_of(&b, 5 * GIB + n), false);
	check(!r.code && r.samples == 5 * GIB / 4, "and is read back with all its samples");
	check(header[20] == (uint8_t)(n - 8) && header[24] == 1 && header[28] == 0 &&
			header[32] == 1 && header[36] == 0 && header[39] == 0x50,
		"ds64 has the sizes of RIFF, data and samples");
	wav_header(header, &form, 0xfffff000 + 8 - n, false);
	check(!memcmp(header, "RF64", 4), "the first size that could be taken for none");
	wav_header(header, &form, 0xfffff000 + 4 - n, false);
	check(!memcmp(header, "RIFF", 4), "the last one that could not");

	b = (struct bytes){0};
	riff(&b, "RIFF", (uint32_t)(6 * GIB + 36), 2);
	data(&b, (uint32_t)(6 * GIB));
	r = read_fd(file_of(&b, 6 * GIB + b.n), false);
	check(!r.code && r.samples == 6 * GIB / 4, "RIFF of 6 GiB whose size looks like none");
	b = (struct bytes){0};
	riff(&b, "RIFF", (uint32_t)(5 * GIB + 36), 2);
	data(&b, (uint32_t)(5 * GIB));
	r = read_fd(file_of(&b, 5 * GIB + b.n + 100), false);
	check(!r.code && r.samples == 5 * GIB / 4 && r.remarks == WAV_WRAPPED,
		"RIFF of 5 GiB whose size has wrapped, and a little more");
}

/* 400 bytes of data, with a header that says `size` and a RIFF size of its own. */
static struct result claims(uint32_t riff_size, uint32_t size)
{
	struct bytes b = {0};

	riff(&b, "RIFF", riff_size, 2);
	data(&b, size);
	b.n += 400;
	return read_bytes(&b);
}

static void lengths(void)
{
	static const uint32_t unknown[] = {
		0xffffffff, 0xfffffff0, 0x7ffff000, 0x7fffff00, 0x7fffffff, 0x80000000};
	struct bytes b = {0};
	struct result r;
	bool right = true;

	r = claims(436, 400);
	check(!r.code && r.samples == 100 && r.remarks == 0, "a right length");
	check(r.form.rate == 12000 && r.form.channels == 2 && r.form.dtype == DTYPE_I16 &&
			!r.form.has_freq && !r.form.has_start,
		"its form");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		r = claims(unknown[i], unknown[i]);
		right = right && !r.code && r.samples == 100 && r.remarks == WAV_OPEN_ENDED;
	}
	check(right, "lengths that stand for none: all to the end is taken");
	r = claims(0, 0);
	check(!r.code && r.samples == 100 && r.remarks == WAV_OPEN_ENDED, "0 and 0: killed");
	r = claims(36, 0);
	check(!r.code && r.samples == 100 && r.remarks == WAV_OPEN_ENDED, "36 and 0: killed, too");
	r = claims(436, 404);
	check(r.code == EXIT_DATA && r.samples == 100 && strstr(r.text, "400 of 404"),
		"one byte group too many is 65, after all that is there: %s", r.text);
	r = claims(445, 400);
	check(r.code == EXIT_DATA && r.samples == 100, "RIFF promises more than there is");
	r = claims(436, 398);
	check(!r.code && r.samples == 99 && r.remarks == (WAV_PARTIAL | WAV_TRAILING),
		"half a sample at the end, then bytes that are no chunk");
	r = claims(436, 200);
	check(!r.code && r.samples == 50 && r.remarks == WAV_TRAILING, "more than was said");

	riff(&b, "RF64", 0xffffffff, 2);
	memcpy(b.b + 20, "\xc8\x01\0\0\0\0\0\0\x90\x01\0\0\0\0\0\0\x64\0\0\0\0\0\0\0", 24);
	data(&b, 0xffffffff);
	b.n += 400;
	r = read_bytes(&b);
	check(!r.code && r.samples == 100 && r.remarks == 0, "RF64: ds64 tells the length");
	b.b[28] = 0xff;
	r = read_bytes(&b);
	check(r.code == EXIT_DATA && r.samples == 100, "RF64: ds64 tells too much");
	memset(b.b + 20, 0, 24);
	r = read_bytes(&b);
	check(!r.code && r.samples == 100 && r.remarks == WAV_OPEN_ENDED, "RF64 that was killed");

	b = (struct bytes){0};
	riff(&b, "RIFF", 61, 1);
	text(&b, "LIST\x03");
	b.n += 3 + 3 + 1; /* an odd chunk and its padding */
	data(&b, 5);
	b.n += 6;
	text(&b, "id3 \x02");
	b.n += 3 + 2;
	r = read_bytes(&b);
	check(!r.code && r.samples == 2 && r.remarks == WAV_PARTIAL,
		"odd chunks before and after, odd data");
}

static void auxi(struct bytes *b, const uint16_t time[8], uint32_t freq)
{
	text(b, "auxi");
	number(b, 4, 164);
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 8; i++)
			number(b, 2, time[i]);
	number(b, 4, freq);
	b->n += 128;
}

static void recorders(void)
{
	static const char xml[] = "<?xml version=\"1.0\"?><SDR-XML-Root><Definition "
				  "CurrentTimeUTC=\"30-03-2024 21:05:09\" "
				  "RadioCenterFreq=\"7100000\" SampleRate=\"12000\"/>";
	static const uint16_t leap_day[] = {2024, 2, 4, 29, 23, 59, 58, 250};
	static const uint16_t none[8], wrong[] = {2023, 2, 4, 29, 23, 59, 58, 250};
	struct bytes b = {0};
	char utc[UTC_TEXT];
	struct result r;

	riff(&b, "RIFF", 0, 2);
	auxi(&b, leap_day, 4294967295);
	data(&b, 0);
	r = read_bytes(&b);
	check(r.form.has_start && r.form.has_freq && r.form.freq_hz == 4294967295.0 &&
			!strcmp(utc_format(utc, r.form.start, -1), "2024-02-29T23:59:58.25Z"),
		"auxi: start and frequency");
	b = (struct bytes){0};
	riff(&b, "RIFF", 0, 2);
	auxi(&b, none, 0);
	data(&b, 0);
	r = read_bytes(&b);
	check(!r.code && !r.form.has_start && !r.form.has_freq, "auxi of zeros tells nothing");
	b = (struct bytes){0};
	riff(&b, "RIFF", 0, 2);
	auxi(&b, wrong, 1);
	data(&b, 0);
	check(!read_bytes(&b).form.has_start, "nor does a day that was not");
	b = (struct bytes){0};
	riff(&b, "RIFF", 0, 2);
	text(&b, "auxi");
	number(&b, 4, 2 * sizeof(xml));
	for (size_t i = 0; i < sizeof(xml); i++)
		number(&b, 2, (uint64_t)xml[i]);
	data(&b, 0);
	r = read_bytes(&b);
	check(r.form.has_start && r.form.has_freq && r.form.freq_hz == 7100000 &&
			!strcmp(utc_format(utc, r.form.start, -1), "2024-03-30T21:05:09Z"),
		"auxi of SDR Console");
}

/* A file of KiwiSDR: chunks of 512 samples, stamped. */
static void kiwi_chunk(
	struct bytes *b, unsigned age, uint32_t second, uint32_t ns, unsigned samples)
{
	text(b, "kiwi");
	number(b, 4, 10);
	number(b, 1, age);
	number(b, 1, 0);
	number(b, 4, second);
	number(b, 4, ns);
	data(b, 4 * samples);
	b->n += 4 * (size_t)samples;
}

static void kiwi_files(void)
{
	struct bytes b = {0};
	uint8_t magic[WAV_MAGIC];
	struct wav_stamp stamp;
	struct intake in;
	struct wav *w;
	struct error e;
	struct result r;
	uint64_t before;
	size_t got;
	int fd;

	riff(&b, "RIFF", 92, 2); /* as kiwirecorder leaves it when killed */
	kiwi_chunk(&b, 0, 0, 0, 100);
	kiwi_chunk(&b, 200, 1000, 1, 100);
	kiwi_chunk(&b, 3, 1000, 8333334, 100);
	r = read_bytes(&b);
	check(!r.code && r.samples == 300 && r.chunks == 3 && r.remarks == 0,
		"three chunks, whatever RIFF says");
	fd = file_of(&b, 0);
	intake_open(&in, fd, "kiwi.wav");
	intake_bytes(&in, magic, sizeof(magic), &got, &e);
	check(!wav_open(&w, &in, magic, &e) && wav_find_stamp(w, 60, 9, &stamp, &before) &&
			before == 200 && stamp.ns == 1000008333334 && stamp.solution_age_s == 3,
		"the first stamp that is good");
	check(!wav_find_stamp(w, 60, 2, &stamp, &before), "is not looked for for ever");
	check(!wav_find_stamp(w, 2, 9, &stamp, &before), "nor taken if it is too old");
	wav_close(w);
	intake_close(&in);
	close(fd);
	b.n -= 8;
	r = read_bytes(&b);
	check(r.code == EXIT_DATA && r.samples == 298, "a chunk that is cut");
}

static void kiwi_clocks(void)
{
	static const struct rate rate = {12000, 1};
	struct kiwi_clock c = {.rate = rate};
	struct wav_stamp stamp = {true, 1, INT64_C(604799) * 1000000000 + 990000000};
	const int64_t chunk_ns = 42666667, week_ns = INT64_C(604800) * 1000000000;
	struct utc near, time;
	char utc[UTC_TEXT];

	check(kiwi_missing(&c, &stamp) == 0, "the first stamp begins");
	kiwi_samples(&c, 512);
	stamp.ns = (stamp.ns + chunk_ns) % week_ns;
	check(kiwi_missing(&c, &stamp) == 0, "the next follows, over the end of the week");
	kiwi_samples(&c, 512);
	stamp.ns += 3 * chunk_ns + 100000;
	check(kiwi_missing(&c, &stamp) == 1024, "two chunks are missing, 0.1 ms or not");
	kiwi_samples(&c, 512);
	stamp.ns += chunk_ns + 10000000;
	check(kiwi_missing(&c, &stamp) == 0, "10 ms late is no gap");
	kiwi_samples(&c, 512);
	stamp.ns += 2 * chunk_ns - 13333333;
	check(kiwi_missing(&c, &stamp) == 352, "29 ms late are 352 samples");
	kiwi_samples(&c, 512);
	stamp.ns += 0;
	check(kiwi_missing(&c, &stamp) == -1, "a stamp again is odd");
	kiwi_samples(&c, 512);
	stamp.there = false;
	check(kiwi_missing(&c, &stamp) == 0, "no stamp");
	kiwi_samples(&c, 512);
	stamp = (struct wav_stamp){true, 254, stamp.ns + 2 * chunk_ns};
	check(kiwi_missing(&c, &stamp) == 0, "is as good as none, if the next one follows");
	kiwi_samples(&c, 512);
	stamp.ns += INT64_C(3700) * 1000000000;
	check(kiwi_missing(&c, &stamp) == -1, "more than an hour is not believed");

	/* 2023-02-12T13:37:00Z was 2023-02-12T13:37:18 GPS, a Sunday: 49038 s of week 2249. */
	utc_parse("2023-02-12T13:37:02Z", &near);
	check(kiwi_utc(INT64_C(49038500000000), near, &time) &&
			!strcmp(utc_format(utc, time, -1), "2023-02-12T13:37:00.5Z"),
		"GPS time is 18 s ahead: %s", utc);
	utc_parse("2023-02-11T23:59:30Z", &near);
	check(kiwi_utc(INT64_C(7000000001), near, &time) &&
			!strcmp(utc_format(utc, time, -1), "2023-02-11T23:59:49.000000001Z"),
		"the week begins 18 s before Sunday: %s", utc);
	utc_parse("2016-12-31T12:00:00Z", &near);
	check(kiwi_utc(INT64_C(561617) * 1000000000, near, &time) &&
			!strcmp(utc_format(utc, time, -1), "2016-12-31T12:00:00Z"),
		"17 s in 2016: %s", utc);
	utc_parse("2023-02-15T13:37:02Z", &near);
	check(!kiwi_utc(INT64_C(49038500000000), near, &time), "three days off is no week");
}

static void pipes(void)
{
	static const char sent[] = "RIFFabcdefgh";
	uint64_t left = INTAKE_ALL;
	char got[64];
	struct intake in;
	struct error e;
	size_t n, rows;
	bool end;
	int fd[2];

	if (pipe(fd))
		exit(1);
	intake_open(&in, fd[0], "pipe");
	n = write(fd[1], sent, 10) == 10;
	n = intake_bytes(&in, got, 7, &n, &e) == 0 && n == 7;
	intake_put_back(&in, got, 7);
	check(n && !intake_rows(&in, got, 4, 16, &left, &rows, &end, &e) && rows == 2 && !end &&
			in.kept_count == 2 && in.at == 8 && !memcmp(got, sent, 8),
		"a pipe gives whole rows, and keeps the rest");
	n = write(fd[1], sent + 10, 1) == 1;
	check(n && !intake_rows(&in, got, 4, 16, &left, &rows, &end, &e) && rows == 0 && !end &&
			in.kept_count == 3,
		"until there is one more");
	n = write(fd[1], sent + 11, 1) == 1;
	close(fd[1]);
	check(n && !intake_rows(&in, got, 4, 16, &left, &rows, &end, &e) && rows == 1 &&
			!memcmp(got, "efgh", 4),
		"then gives it");
	check(!intake_rows(&in, got, 4, 16, &left, &rows, &end, &e) && rows == 0 && end,
		"and ends");
	intake_close(&in);
	close(fd[0]);
}

/* Files of any form come back as they went, in pieces and whole, sound or damaged, without a crash.
 */
static void damage(int turns)
{
	bool right = true;

	for (int i = 0; i < turns; i++) {
		struct bytes b = {0};
		struct result r;

		riff(&b, below(2) ? "RIFF" : "RF64", (uint32_t)random_bits(32), (unsigned)below(5));
		if (below(2))
			kiwi_chunk(&b, 1, 1, 1, (unsigned)below(50));
		data(&b, (uint32_t)random_bits(32));
		b.n += below(500);
		for (size_t k = below(4); k > 0; k--)
			b.b[below(b.n)] = (uint8_t)random64();
		b.n = below(4) ? b.n : below(b.n);
		r = read_bytes(&b);
		right = right && (r.code == 0 || r.code == EXIT_DATA) && r.samples <= b.n;
	}
	check(right, "damaged files are read or refused");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	large_files();
	lengths();
	recorders();
	kiwi_files();
	kiwi_clocks();
	pipes();
	damage(3000);
	return done();
}
