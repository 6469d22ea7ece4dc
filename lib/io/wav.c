/* SPDX-License-Identifier: ISC */
#include "io/wav.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "base/num.h"

#define FORMAT_PCM 1
#define FORMAT_FLOAT 3
#define FORMAT_EXTENSIBLE 0xfffe
#define CHANNELS_MAX 1024
#define UNKNOWN UINT32_MAX /* a size that ds64 tells, or nobody */
#define AUXI_BYTES 164	   /* as HDSDR writes it */
#define AUXI_LEAST 36	   /* the two times and the frequency */
#define AUXI_MOST 8192	   /* of XML that is looked at */
#define DS64_BYTES 28
#define KIWI_BYTES 10
#define CHUNK_HEADER 8
#define RIFF_MOST 0xfffff000 /* no size that could be a placeholder */
#define TRAILING_MOST 65536  /* bytes behind data of 2 GiB that may be other chunks */
#define NS INT64_C(1000000000)
#define WEEK_NS (7 * 86400 * NS)

struct wav {
	struct intake *in;
	uint64_t riff_size; /* as claimed, UNKNOWN if it was not written */
	uint64_t data_size; /* of ds64, UNKNOWN */
	bool rf64;
	uint64_t promised, left; /* bytes of the data at hand; left is INTAKE_ALL if unknown */
	uint64_t data_at;	 /* where it begins */
	size_t row;		 /* bytes of a sample of all channels */
	uint8_t *packed;	 /* room for samples of 24 bits */
	size_t packed_rows;
	struct wav_form form;
	struct wav_stamp stamp;
	bool stamped; /* there are stamps, so many chunks of data */
	unsigned remarks;
};

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

bool wav_is(const uint8_t magic[WAV_MAGIC])
{
	return (!memcmp(magic, "RIFF", 4) || !memcmp(magic, "RF64", 4) ||
		       !memcmp(magic, "BW64", 4)) &&
	       !memcmp(magic + 8, "WAVE", 4);
}

/*
 * Sizes that programs write when they do not know better: nothing, all ones (ffmpeg), all that a
 * signed number holds less some room (sox, arecord).
 */
static bool is_placeholder(uint64_t size)
{
	return size == 0 || (size >= 0x7ffff000 && size <= 0x80000000) ||
	       (size >= 0xfffff000 && size <= UINT32_MAX);
}

/* Takes the first `most` bytes of a chunk, passes over the rest and its padding. */
static int take_chunk(
	struct wav *w, uint64_t size, void *to, size_t most, size_t *got, struct error *e)
{
	size_t want = size < most ? (size_t)size : most;
	uint64_t rest = size + (size & 1) - want, passed = 0;
	int code = intake_bytes(w->in, to, want, got, e);

	if (!code && *got == want && rest > 0)
		code = intake_skip(w->in, rest, &passed, e);
	return code;
}

static int take_ds64(struct wav *w, uint64_t size, struct error *e)
{
	uint8_t b[DS64_BYTES];
	size_t got;
	int code = take_chunk(w, size, b, sizeof(b), &got, e);

	if (code)
		return code;
	if (got < sizeof(b))
		return fail(e, EXIT_DATA, "%s: chunk ds64: %zu bytes: must have %d", w->in->where,
			got, DS64_BYTES);
	w->riff_size = le64(b);
	w->data_size = le64(b + 8);
	if (is_placeholder(w->riff_size) || w->riff_size > INT64_MAX)
		w->riff_size = UNKNOWN;
	if (w->data_size > INT64_MAX)
		w->data_size = UNKNOWN;
	return 0;
}

static int take_format(struct wav *w, uint64_t size, struct error *e)
{
	const char *where = w->in->where;
	uint8_t b[40];
	size_t got, bytes;
	unsigned format, align;
	int code = take_chunk(w, size, b, sizeof(b), &got, e);

	if (code)
		return code;
	if (got < 16)
		return fail(e, EXIT_DATA, "%s: chunk fmt: %zu bytes: must have 16", where, got);
	format = le16(b);
	if (format == FORMAT_EXTENSIBLE && got >= 26)
		format = le16(b + 24);
	w->form.channels = le16(b + 2);
	w->form.rate = le32(b + 4);
	align = le16(b + 12);
	w->form.bits = le16(b + 14);
	if (format != FORMAT_PCM && format != FORMAT_FLOAT)
		return fail(e, EXIT_DATA,
			"%s: format %u: must be 1 (integers) or 3 (floats), nothing is unpacked",
			where, format);
	if (w->form.channels < 1 || w->form.channels > CHANNELS_MAX)
		return fail(e, EXIT_DATA, "%s: %u channels: must be 1 to %d", where,
			w->form.channels, CHANNELS_MAX);
	if (w->form.rate == 0)
		return fail(e, EXIT_DATA, "%s: rate 0: must be > 0", where);
	bytes = align / w->form.channels;
	if (align % w->form.channels || w->form.bits == 0 || (w->form.bits + 7) / 8 > bytes)
		return fail(e, EXIT_DATA, "%s: %u bits in %u channels of %u bytes: cannot be",
			where, w->form.bits, w->form.channels, align);
	if (format == FORMAT_FLOAT)
		w->form.dtype = bytes == 4 ? DTYPE_F32 : bytes == 8 ? DTYPE_F64 : 0;
	else
		w->form.dtype = bytes == 1   ? DTYPE_U8
				: bytes == 2 ? DTYPE_I16
				: bytes <= 4 ? DTYPE_I32
					     : 0;
	if (!w->form.dtype)
		return fail(e, EXIT_DATA,
			"%s: %zu bits: must be 8, 16, 24 or 32, of floats 32 or 64", where,
			8 * bytes);
	w->form.bits = (unsigned)(8 * bytes);
	w->row = align;
	return 0;
}

/* A SYSTEMTIME of Windows, UTC; false if it is none, as where nothing was filled in. */
static bool system_time(const uint8_t *b, struct utc *t)
{
	char text[64];

	snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", le16(b), le16(b + 2),
		le16(b + 6), le16(b + 8), le16(b + 10), le16(b + 12), le16(b + 14) % 1000u);
	return le16(b) >= 1970 && utc_parse(text, t);
}

/* SDR Console's auxi: XML in UTF-16, of which two attributes are looked for. */
static void take_xml(struct wav *w, const uint8_t *b, size_t n)
{
	static const char freq[] = "RadioCenterFreq=\"", time[] = "CurrentTimeUTC=\"";
	char text[AUXI_MOST + 1], utc[32];
	const char *p;
	size_t used = 0, digits;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			text[used++] = (char)b[i];
	text[used] = '\0';
	if ((p = strstr(text, freq))) {
		char number[NUMBER_TEXT];

		p += sizeof(freq) - 1;
		digits = strcspn(p, "\"");
		snprintf(number, sizeof(number), "%.*s", (int)(digits < 30 ? digits : 0), p);
		w->form.has_freq = parse_f64(number, false, &w->form.freq_hz);
	}
	if ((p = strstr(text, time)) && strlen(p += sizeof(time) - 1) >= 20 && p[19] == '"') {
		snprintf(utc, sizeof(utc), "%.4s-%.2s-%.2sT%.8sZ", p + 6, p + 3, p, p + 11);
		w->form.has_start = utc_parse(utc, &w->form.start);
	}
}

static int take_auxi(struct wav *w, uint64_t size, struct error *e)
{
	uint8_t b[AUXI_MOST];
	size_t got;
	int code = take_chunk(w, size, b, sizeof(b), &got, e);

	if (code)
		return code;
	if (got > 2 && b[0] == '<') {
		take_xml(w, b, got);
		return 0;
	}
	if (got < AUXI_LEAST)
		return 0;
	w->form.has_start = system_time(b, &w->form.start);
	w->form.freq_hz = le32(b + 32);
	w->form.has_freq = le32(b + 32) != 0;
	return 0;
}

static void read_stamp(const uint8_t b[KIWI_BYTES], struct wav_stamp *stamp)
{
	uint32_t second = le32(b + 2), ns = le32(b + 6);

	stamp->solution_age_s = b[0];
	stamp->ns = second * NS + ns;
	stamp->there = stamp->ns > 0 && ns < NS && stamp->ns < WEEK_NS;
}

static int take_kiwi(struct wav *w, uint64_t size, struct error *e)
{
	uint8_t b[KIWI_BYTES];
	size_t got;
	int code = take_chunk(w, size, b, sizeof(b), &got, e);

	w->stamp = (struct wav_stamp){0};
	w->stamped = true;
	if (!code && got == sizeof(b))
		read_stamp(b, &w->stamp);
	return code;
}

/* Data begin here; how long they are is the hard part. */
static int begin_data(struct wav *w, uint64_t size, struct error *e)
{
	const char *where = w->in->where;
	uint64_t riff_end = w->riff_size == UNKNOWN ? 0 : w->riff_size + 8, rest;

	if (w->row == 0)
		return fail(e, EXIT_DATA, "%s: data before their format", where);
	w->data_at = w->in->at;
	if (w->rf64 && size == UNKNOWN && w->data_size != UNKNOWN && w->data_size != 0)
		size = w->data_size;
	w->promised = w->left = size;
	if (size == UNKNOWN || (size == 0 && riff_end <= w->in->at))
		w->left = INTAKE_ALL;
	if (!w->in->file || w->rf64 || w->left == INTAKE_ALL || w->in->size < w->in->at)
		return 0;
	rest = w->in->size - w->in->at;
	if (is_placeholder(size) && size > 0 && rest > size + TRAILING_MOST) {
		w->left = INTAKE_ALL;
	} else if (rest > size && (rest - size) >> 32) {
		/* A recorder that goes on beyond 4 GiB leaves the low 32 bits. */
		w->promised = w->left = size + ((rest - size) >> 32 << 32);
		w->remarks |= WAV_WRAPPED;
	}
	return 0;
}

/* Goes through chunks until data begin; *there is false at the end of the file. */
static int find_data(struct wav *w, bool first, bool *there, struct error *e)
{
	uint8_t head[CHUNK_HEADER], none[1];
	size_t got;
	int code;

	*there = false;
	for (;;) {
		uint64_t size;

		if ((code = intake_bytes(w->in, head, sizeof(head), &got, e)) || got == 0)
			return code;
		for (size_t i = 0; got == sizeof(head) && i < 4; i++)
			if (!isprint(head[i]))
				got = 1;
		if (got < sizeof(head)) {
			w->remarks |= first ? 0 : WAV_TRAILING;
			return 0;
		}
		size = le32(head + 4);
		if (!memcmp(head, "data", 4)) {
			*there = true;
			return begin_data(w, size, e);
		}
		if (!memcmp(head, "ds64", 4) && w->rf64)
			code = take_ds64(w, size, e);
		else if (!memcmp(head, "fmt ", 4) && first)
			code = take_format(w, size, e);
		else if (!memcmp(head, "auxi", 4) && first)
			code = take_auxi(w, size, e);
		else if (!memcmp(head, "kiwi", 4))
			code = take_kiwi(w, size, e);
		else
			code = take_chunk(w, size, none, 0, &got, e);
		if (code)
			return code;
	}
}

int wav_open(struct wav **out, struct intake *in, const uint8_t magic[WAV_MAGIC], struct error *e)
{
	struct wav *w = xcalloc(1, sizeof(*w));
	bool there = false;
	int code;

	w->in = in;
	w->rf64 = memcmp(magic, "RIFF", 4) != 0;
	w->riff_size = is_placeholder(le32(magic + 4)) ? UNKNOWN : le32(magic + 4);
	w->data_size = UNKNOWN;
	code = find_data(w, true, &there, e);
	if (!code && !there)
		code = fail(e, EXIT_DATA, "%s: a WAV file without data", in->where);
	if (code) {
		wav_close(w);
		return code;
	}
	*out = w;
	return 0;
}

void wav_close(struct wav *w)
{
	if (!w)
		return;
	free(w->packed);
	free(w);
}

const struct wav_form *wav_form(const struct wav *w)
{
	return &w->form;
}

const struct wav_stamp *wav_stamp(const struct wav *w)
{
	return &w->stamp;
}

unsigned wav_remarks(const struct wav *w)
{
	return w->remarks;
}

uint64_t wav_promised(const struct wav *w)
{
	uint64_t bytes = w->left, rest = w->in->size - w->in->at;

	if (w->stamped)
		return 0;
	if (bytes == INTAKE_ALL)
		bytes = w->in->file && w->in->size > w->in->at ? rest : 0;
	return bytes / w->row;
}

/* Numbers of 24 bits to the high bits of 32. */
static void widen(uint32_t *restrict out, const uint8_t *restrict in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint32_t)in[3 * i] << 8 | (uint32_t)in[3 * i + 1] << 16 |
			 (uint32_t)in[3 * i + 2] << 24;
}

static int end_data(struct wav *w, struct error *e)
{
	const char *where = w->in->where;

	if (w->in->kept_count > 0) {
		w->remarks |= WAV_PARTIAL;
		w->in->at += w->in->kept_count;
		w->in->kept_count = 0;
	}
	if (w->left == 0)
		return 0;
	if (w->left != INTAKE_ALL && !is_placeholder(w->promised))
		return fail(e, EXIT_DATA, "%s: cut: %llu of %llu bytes of data", where,
			(unsigned long long)(w->promised - w->left),
			(unsigned long long)w->promised);
	if (w->in->at > w->data_at || w->promised > 0)
		w->remarks |= WAV_OPEN_ENDED;
	return 0;
}

int wav_read(struct wav *w, void *out, size_t most, size_t *samples, bool *end, struct error *e)
{
	bool packed = w->form.bits == 24;
	void *to = out;
	int code;

	*samples = 0;
	if (packed && most > w->packed_rows) {
		w->packed = xrealloc(w->packed, most, w->row);
		w->packed_rows = most;
	}
	if (packed)
		to = w->packed;
	if ((code = intake_rows(w->in, to, w->row, most, &w->left, samples, end, e)))
		return code;
	if (packed)
		widen(out, w->packed, *samples * w->form.channels);
	if (*samples > 0)
		*end = false;
	return *end ? end_data(w, e) : 0;
}

int wav_next(struct wav *w, bool *there, struct error *e)
{
	bool ends_here = w->left != 0;
	uint64_t passed, end;
	int code;

	*there = false;
	w->stamp.there = false;
	if (ends_here)
		return 0;
	if (w->promised & 1 && (code = intake_skip(w->in, 1, &passed, e)))
		return code;
	if ((code = find_data(w, false, there, e)) || *there)
		return code;
	/* Some count the whole file where they should leave out 8 bytes. */
	end = w->in->file ? w->in->size : w->in->at;
	if (w->riff_size != UNKNOWN && end < w->riff_size && !(w->remarks & WAV_WRAPPED))
		return fail(e, EXIT_DATA, "%s: cut: %llu of %llu bytes", w->in->where,
			(unsigned long long)end, (unsigned long long)w->riff_size + 8);
	return 0;
}

bool wav_find_stamp(const struct wav *w, unsigned age_s, unsigned chunks, struct wav_stamp *stamp,
	uint64_t *samples_before)
{
	uint64_t offset = w->data_at, size = w->promised;
	uint8_t b[CHUNK_HEADER + KIWI_BYTES + CHUNK_HEADER];

	*samples_before = 0;
	*stamp = w->stamp;
	for (; chunks > 0; chunks--) {
		if (stamp->there && stamp->solution_age_s <= age_s)
			return true;
		offset += size + (size & 1);
		*samples_before += size / w->row;
		if (!intake_look(w->in, offset, b, sizeof(b)) || memcmp(b, "kiwi", 4) ||
			le32(b + 4) != KIWI_BYTES ||
			memcmp(b + CHUNK_HEADER + KIWI_BYTES, "data", 4))
			return false;
		read_stamp(b + CHUNK_HEADER, stamp);
		size = le32(b + sizeof(b) - 4);
		offset += sizeof(b);
	}
	return false;
}

static uint8_t *put(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

static uint8_t *put_chunk(uint8_t *p, const char *id, uint64_t size)
{
	memcpy(p, id, 4);
	return put(p + 4, size, 4);
}

static uint8_t *put_time(uint8_t *p, struct utc t)
{
	int64_t days = t.sec / 86400 - (t.sec % 86400 < 0);
	char text[UTC_TEXT];
	unsigned v[7] = {0};

	/* Sunday is 0; 1970-01-01 was a Thursday. */
	sscanf(utc_format(text, t, 3), "%u-%u-%uT%u:%u:%u.%u", &v[0], &v[1], &v[2], &v[3], &v[4],
		&v[5], &v[6]);
	p = put(p, v[0], 2);
	p = put(p, v[1], 2);
	p = put(p, (uint64_t)(((days + 4) % 7 + 7) % 7), 2);
	for (int i = 2; i < 7; i++)
		p = put(p, v[i], 2);
	return p;
}

/* Start, stop, centre frequency, A/D frequency (the rate); other fields are 0: unknown. */
static uint8_t *put_auxi(uint8_t *p, const struct wav_form *form, uint64_t data)
{
	uint64_t samples = data / (dtype_size(form->dtype) * form->channels);
	struct rate rate = {form->rate, 1};
	uint8_t *end = p + CHUNK_HEADER + AUXI_BYTES;

	p = put_chunk(p, "auxi", AUXI_BYTES);
	memset(p, 0, AUXI_BYTES);
	if (form->has_start) {
		put_time(p, form->start);
		put_time(p + 16, utc_after(form->start, (int64_t)samples, rate));
	}
	put(p + 32, form->has_freq ? (uint64_t)form->freq_hz : 0, 4);
	put(p + 36, form->rate, 4);
	return end;
}

size_t wav_header(
	uint8_t out[WAV_HEADER_MAX], const struct wav_form *form, uint64_t data, bool rf64)
{
	bool real = dtype_float(form->dtype), auxi = form->has_start || form->has_freq;
	size_t width = dtype_size(form->dtype);
	uint64_t align = width * form->channels, samples = data / align;
	/* fmt with its own length of 0 and fact where samples are no integers */
	uint64_t format = real ? 18 : 16, fact = real ? CHUNK_HEADER + 4 : 0;
	uint64_t header = WAV_MAGIC + CHUNK_HEADER + DS64_BYTES + CHUNK_HEADER + format + fact +
			  (auxi ? CHUNK_HEADER + AUXI_BYTES : 0) + CHUNK_HEADER;
	uint64_t riff = header - 8 + data + (data & 1);
	bool large = rf64 || riff >= RIFF_MOST;
	uint8_t *p = out;

	p = put_chunk(p, large ? "RF64" : "RIFF", large ? UNKNOWN : riff);
	memcpy(p, "WAVE", 4);
	p = put_chunk(p + 4, large ? "ds64" : "JUNK", DS64_BYTES);
	p = put(p, large ? riff : 0, 8);
	p = put(p, large ? data : 0, 8);
	p = put(p, large ? samples : 0, 8);
	p = put(p, 0, 4);
	p = put_chunk(p, "fmt ", format);
	p = put(p, real ? FORMAT_FLOAT : FORMAT_PCM, 2);
	p = put(p, form->channels, 2);
	p = put(p, form->rate, 4);
	p = put(p, form->rate * align, 4);
	p = put(p, align, 2);
	p = put(p, 8 * width, 2);
	if (real) {
		p = put(p, 0, 2);
		p = put_chunk(p, "fact", 4);
		p = put(p, samples >= UNKNOWN ? UNKNOWN : samples, 4);
	}
	if (auxi)
		p = put_auxi(p, form, data);
	p = put_chunk(p, "data", large ? UNKNOWN : data);
	return (size_t)(p - out);
}
