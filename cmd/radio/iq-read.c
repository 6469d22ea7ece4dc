/* SPDX-License-Identifier: ISC */
/*
 * iq-read: raw samples and WAV files. In: files or standard input, live or not. Out: IQ as
 * recorded, a segment for each file, its index from 0. What options and the file do not say, its
 * name may; what was taken from there is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/iq_name.h"
#include "io/kiwi.h"
#include "kern/kern.h"
#include "stream/filter.h"
#include "stream/writer.h"

#define FRAME_BYTES (FRAME_PAYLOAD_MAX / 4) /* stays in the cache from read to write */
#define STAMP_CHUNKS 4096		    /* so far a stamp with a solution is looked for */

struct options {
	const char *type, *freq, *time0;
	struct rate rate;
	int64_t subchannels;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'t', "type", OPT_TEXT, AT(type), "", NULL, 0, 0, "TYPE", OPT_OUTPUT,
		"of the elements: cu8 ci8 ci16 cf32 … f64, or as others say: cs16, fc32, s16be"},
	{'r', "rate", OPT_RATE, AT(rate), "samples/s", NULL, 0, 0, NULL, OPT_OUTPUT, "sample rate"},
	{'f', "freq", OPT_TEXT, AT(freq), "Hz", NULL, 0, 0, "HZ", OPT_OUTPUT, "centre frequency"},
	{0, "time0", OPT_TEXT, AT(time0), "", NULL, 0, 0, "TIME", OPT_OUTPUT,
		"UTC of the first sample"},
	{'c', "subchannels", OPT_INT, AT(subchannels), "", "1", 1, 1024, NULL, OPT_OUTPUT,
		"interleaved subchannels of raw samples"},
	OPTIONS_END,
};

struct input {
	int fd;
	const char *where, *name; /* for messages; without folders, "" if there is none */
};

/* One file and its segment. */
struct segment {
	struct intake in;
	struct wav *wav;
	struct iq_type type;
	struct rate rate;
	unsigned subchannels;
	size_t row;
	bool has_freq, has_time;
	double freq_hz;
	struct utc time0;
	int64_t index;
	bool gap;
	int64_t gaps, odd_stamps;
	struct str guessed;
};

struct reading {
	struct input *input;
	size_t count;
	struct iq_type type; /* of options */
	double freq_hz;
	struct utc time0;
	void *block;
	size_t block_size;
};

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		die(EXIT_NOINPUT, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		die(EXIT_NOINPUT, "%s: cannot open: is a folder, must be a file", path);
	return fd;
}

static void add_input(struct filter *f, const char *path)
{
	struct reading *r = f->state;
	struct input *i = &r->input[r->count++];
	struct stat st;

	if (strcmp(path, "-"))
		*i = (struct input){open_file(path), path, base_name(path)};
	else
		*i = (struct input){STDIN_FILENO, "standard input", ""};
	if (i->fd == STDIN_FILENO && isatty(i->fd))
		die(EXIT_USAGE,
			"standard input is a terminal: name a FILE or pipe samples into it");
	if (fstat(i->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		widen_pipe(i->fd);
		filter_unbounded(f);
	}
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state = xcalloc(1, sizeof(*r));

	if (o->type && !iq_type_parse(o->type, &r->type))
		die(EXIT_USAGE,
			"--type: '%s': must be a type such as cu8, ci8, ci16, cf32, f32, ci16_be",
			o->type);
	if (o->freq && !parse_frequency(o->freq, &r->freq_hz))
		die(EXIT_USAGE, "--freq: '%s': must be a frequency such as 7100kHz", o->freq);
	if (o->time0 && !utc_parse(o->time0, &r->time0))
		die(EXIT_USAGE, "--time0: '%s': must be a time such as 2024-06-27T14:49:00Z",
			o->time0);
	r->input = xcalloc((size_t)f->operand_count + 1, sizeof(*r->input));
	for (int i = 0; i < f->operand_count; i++)
		add_input(f, f->operands[i]);
	if (f->operand_count == 0)
		add_input(f, "-");
}

/* Adds to what is told of the name. */
static void guessed(struct segment *s, const char *what, const char *value, const char *unit)
{
	str_addf(&s->guessed, "%s%s %s%s", s->guessed.len ? ", " : "", what, value, unit);
}

/* How the channels of a WAV file are elements; the option may say more. */
static void wav_type(struct segment *s, const char *where, const struct iq_type *wanted)
{
	const struct wav_form *form = wav_form(s->wav);
	bool complex = form->channels % 2 == 0;
	unsigned dtype = form->dtype;

	if (wanted->dtype) {
		complex = dtype_complex(wanted->dtype);
		dtype = dtype_real(wanted->dtype);
		if (dtype_size(dtype) != dtype_size(form->dtype) ||
			(form->bits == 24 && dtype != form->dtype) || wanted->big_endian)
			die(EXIT_USAGE,
				"--type: %s: %s has little-endian samples of %u bits, such as %s",
				dtype_name(wanted->dtype), where, form->bits,
				dtype_name(form->dtype));
	} else if (form->channels % 2 && form->channels > 1) {
		die(EXIT_DATA, "%s: %u channels: pairs are IQ: --type %s takes each as real", where,
			form->channels, dtype_name(form->dtype));
	}
	if (complex && form->channels % 2)
		die(EXIT_USAGE, "--type: %s: %s has %u channel%s: must be pairs",
			dtype_name(wanted->dtype), where, form->channels,
			form->channels > 1 ? "s" : "");
	s->type.dtype = dtype | (complex ? DTYPE_COMPLEX : 0);
	s->subchannels = form->channels / (complex ? 2 : 1);
}

static void choose_type(struct filter *f, struct segment *s, const struct iq_name *name)
{
	const struct options *o = f->options;
	const struct reading *r = f->state;
	const char *where = s->in.where;

	s->subchannels = (unsigned)o->subchannels;
	if (s->wav) {
		wav_type(s, where, &r->type);
	} else if (r->type.dtype) {
		s->type = r->type;
	} else if (name->type.dtype) {
		s->type = name->type;
		guessed(s, "type", dtype_name(s->type.dtype), s->type.big_endian ? "_be" : "");
	} else {
		die(EXIT_USAGE, "%s: no WAV, and its name tells no type: give --type, such as ci16",
			where);
	}
	s->row = dtype_size(s->type.dtype) * s->subchannels;
}

static void choose_rate(struct filter *f, struct segment *s, const struct iq_name *name)
{
	const struct options *o = f->options;
	char text[64];

	if (o->rate.num) {
		s->rate = o->rate;
	} else if (s->wav) {
		s->rate = (struct rate){wav_form(s->wav)->rate, 1};
	} else if (name->has_rate) {
		s->rate = name->rate;
		snprintf(text, sizeof(text), s->rate.den > 1 ? "%llu/%llu" : "%llu",
			(unsigned long long)s->rate.num, (unsigned long long)s->rate.den);
		guessed(s, "rate", text, " samples/s");
	} else {
		die(EXIT_USAGE, "%s: the sample rate is not known: give --rate, such as 2.4M",
			s->in.where);
	}
}

static void choose_freq(struct filter *f, struct segment *s, const struct iq_name *name)
{
	const struct options *o = f->options;
	const struct reading *r = f->state;
	char text[NUMBER_TEXT];

	s->has_freq = true;
	if (o->freq) {
		s->freq_hz = r->freq_hz;
	} else if (s->wav && wav_form(s->wav)->has_freq) {
		s->freq_hz = wav_form(s->wav)->freq_hz;
	} else if (name->has_freq) {
		s->freq_hz = name->freq_hz;
		guessed(s, "frequency", format_f64(text, s->freq_hz), " Hz");
	} else {
		s->has_freq = false;
	}
}

/* The stamps of a KiwiSDR are exact, but tell no week; the name does. */
static bool gps_time(struct segment *s, const struct iq_name *name)
{
	struct wav_stamp stamp;
	uint64_t before;
	struct utc time;

	if (!s->wav || !name->has_time ||
		!wav_find_stamp(s->wav, KIWI_SOLUTION_S, STAMP_CHUNKS, &stamp, &before) ||
		!kiwi_utc(stamp.ns, name->time, &time))
		return false;
	s->time0 = utc_after(time, -(int64_t)before, s->rate);
	return true;
}

static void choose_time(struct filter *f, struct segment *s, const struct iq_name *name)
{
	const struct options *o = f->options;
	const struct reading *r = f->state;
	char text[UTC_TEXT];

	s->has_time = true;
	if (o->time0) {
		s->time0 = r->time0;
	} else if (s->wav && wav_form(s->wav)->has_start) {
		s->time0 = wav_form(s->wav)->start;
	} else if (gps_time(s, name)) {
		guessed(s, "time0", utc_format(text, s->time0, -1), " (GPS, its week)");
	} else if (name->has_time) {
		s->time0 = name->time;
		guessed(s, "time0", utc_format(text, s->time0, -1), "");
	} else {
		s->has_time = false;
		if (name->local_time)
			guessed(s, "no time0,", "as it tells no zone: give --time0", "");
	}
}

static void begin_segment(struct filter *f, struct segment *s, size_t rows)
{
	double full_scale = dtype_full_scale(s->type.dtype), zero = dtype_zero(s->type.dtype);
	char text[UTC_TEXT];
	struct meta m = {0};
	uint64_t expected = 0;

	/* The middle of 8 bits in WAV is 128; that of other u8 lies between 127 and 128. */
	if (s->wav && dtype_real(s->type.dtype) == DTYPE_U8)
		full_scale = zero = 128;
	if (s->wav)
		expected = wav_promised(s->wav);
	else if (s->in.file)
		expected = (s->in.size - s->in.at) / s->row;
	meta_set_rate(&m, s->rate);
	if (s->has_time)
		meta_set(&m, "time0", utc_format(text, s->time0, -1));
	for (unsigned i = 0; s->has_freq && i < s->subchannels; i++)
		meta_add(&m, "freq_hz", format_f64(text, s->freq_hz));
	meta_set_f64(&m, "full_scale", full_scale);
	if (zero != 0)
		meta_set_f64(&m, "zero", zero);
	if (expected > 0 && expected <= INT64_MAX)
		meta_setf(&m, "expect_frames", "%llu",
			(unsigned long long)(expected / rows + (expected % rows > 0)));
	filter_head(f, &m);
	meta_clear(&m);
}

static void put_frame(struct filter *f, struct segment *s, void *block, size_t rows)
{
	size_t component = dtype_size(dtype_real(s->type.dtype));
	struct frame out = {
		.kind = KIND_IQ,
		.dtype = (uint8_t)s->type.dtype,
		.ndim = 2,
		.dim = {rows, s->subchannels},
		.index = s->index,
		.flags = s->gap ? FRAME_DISCONTINUITY : 0,
		.payload_len = rows * s->row,
		.payload = block,
	};

	if (s->type.big_endian && component > 1)
		kern()->swap(block, block, rows * s->row / component, component);
	filter_put(f, &out);
	s->index += (int64_t)rows;
	s->gap = false;
}

/* Puts the samples up to the end of the file, or of a chunk of data in a WAV file. */
static void put_samples(struct filter *f, struct segment *s, size_t most, struct kiwi_clock *clock)
{
	struct reading *r = f->state;
	uint64_t left = INTAKE_ALL;
	size_t rows;
	bool end;
	struct error e;

	do {
		if (s->wav ? wav_read(s->wav, r->block, most, &rows, &end, &e)
			   : intake_rows(&s->in, r->block, s->row, most, &left, &rows, &end, &e))
			die_with(&e);
		if (rows > 0)
			put_frame(f, s, r->block, rows);
		kiwi_samples(clock, (int64_t)rows);
		if (!s->in.file)
			filter_flush(f);
	} while (!end && !filter_stopping(f));
}

/* A stamp before data: what is missing is a gap. */
static void heed_stamp(struct segment *s, struct kiwi_clock *clock)
{
	int64_t missing = kiwi_missing(clock, wav_stamp(s->wav));

	s->odd_stamps += missing < 0;
	if (missing <= 0)
		return;
	s->index += missing;
	s->gap = true;
	s->gaps++;
}

static void put_all(struct filter *f, struct segment *s, size_t most)
{
	struct kiwi_clock clock = {.rate = s->rate};
	bool there = true;
	struct error e;

	while (there && !filter_stopping(f)) {
		if (s->wav)
			heed_stamp(s, &clock);
		put_samples(f, s, most, &clock);
		there = false;
		if (s->wav && !filter_stopping(f) && wav_next(s->wav, &there, &e))
			die_with(&e);
	}
}

/* What was odd, to the user and into END. */
static void tell_remarks(struct filter *f, struct segment *s)
{
	unsigned remarks = s->wav ? wav_remarks(s->wav) : s->in.kept_count > 0 ? WAV_PARTIAL : 0;
	const char *where = s->in.where;

	if (remarks & WAV_OPEN_ENDED)
		warn("%s: its header tells no length: all to the end was taken", where);
	if (remarks & WAV_WRAPPED)
		warn("%s: more than 4 GiB, which its header has no room for: all was taken", where);
	if (remarks & WAV_PARTIAL) {
		warn("%s: ends within a sample: left out", where);
		filter_note(f, "partial_samples", 1);
	}
	if (remarks & WAV_TRAILING)
		warn("%s: bytes after its last chunk: left out", where);
	if (s->gaps > 0)
		filter_note(f, "gaps", s->gaps);
	if (s->odd_stamps > 0) {
		warn("%s: %lld GPS stamps out of order: no gap was made of them", where,
			(long long)s->odd_stamps);
		filter_note(f, "odd_stamps", s->odd_stamps);
	}
}

static void read_input(struct filter *f, const struct input *input)
{
	struct reading *r = f->state;
	struct segment s = {0};
	struct iq_name name;
	uint8_t magic[WAV_MAGIC];
	size_t got, most;
	struct error e;

	intake_open(&s.in, input->fd, input->where);
	iq_name_read(input->name, &name);
	if (intake_bytes(&s.in, magic, sizeof(magic), &got, &e))
		die_with(&e);
	if (got == 0 && !filter_stopping(f))
		die(EXIT_DATA, "%s: is empty", input->where);
	if (got == sizeof(magic) && wav_is(magic)) {
		if (wav_open(&s.wav, &s.in, magic, &e))
			die_with(&e);
	} else {
		intake_put_back(&s.in, magic, got);
	}
	choose_type(f, &s, &name);
	choose_rate(f, &s, &name);
	choose_freq(f, &s, &name);
	choose_time(f, &s, &name);
	if (s.guessed.len)
		warn("%s: by its name: %s", input->where, s.guessed.p);
	most = s.row < FRAME_BYTES ? FRAME_BYTES / s.row : 1;
	if (most * s.row > r->block_size) {
		free(r->block);
		r->block_size = most * s.row;
		r->block = xaligned(r->block_size, 1);
	}
	begin_segment(f, &s, most);
	put_all(f, &s, most);
	tell_remarks(f, &s);
	wav_close(s.wav);
	intake_close(&s.in);
	str_free(&s.guessed);
}

static void run(struct filter *f)
{
	const struct reading *r = f->state;

	for (size_t i = 0; i < r->count && !filter_stopping(f); i++) {
		if (i > 0)
			filter_end(f, true);
		read_input(f, &r->input[i]);
	}
}

static const struct command command = {
	.name = "iq-read",
	.summary = "read raw samples and WAV files",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "samples.wav",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = DTYPES_ALL,
	.unit_out = "none",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
