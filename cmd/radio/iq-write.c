/* SPDX-License-Identifier: ISC */
/*
 * iq-write: raw samples and WAV files. In: IQ of any type. Out: a file for each segment, of the
 * stream's type or another one. What the format cannot hold is refused or told.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io/iq_name.h"
#include "io/wav.h"
#include "kern/kern.h"
#include "stream/iq.h"

#define PIECE ((size_t)1 << 15)	      /* values converted at a time, in the cache */
#define GAP_HOUR 3600		      /* s; no longer gap is filled */
#define GAP_BYTES (UINT64_C(1) << 36) /* nor one of more zeros */
#define CHANNELS_MAX 1024

enum format { AUTO, RAW, WAV, RF64 };
enum gaps { REFUSE, ZERO, JOIN };

struct options {
	const char *type;
	int format, gaps;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'t', "type", OPT_TEXT, AT(type), "", NULL, 0, 0, "TYPE", OPT_OUTPUT,
		"of the elements in the file, such as ci16 or f32; not said: as in the stream"},
	{0, "format", OPT_ENUM, AT(format), "", "auto", 0, 0, "auto|raw|wav|rf64", OPT_OUTPUT,
		"auto: WAV if the name ends in .wav, RF64 if in .rf64, else raw"},
	{0, "gaps", OPT_ENUM, AT(gaps), "", "refuse", 0, 0, "refuse|zero|join", OPT_OUTPUT,
		"a gap is an error, filled with silence, or left out"},
	OPTIONS_END,
};

struct writing {
	struct iq_type wanted;
	enum format format;
	/* the file at hand */
	bool open, same; /* same: values go as they come */
	int fd;
	struct iq_form form;
	unsigned dtype;
	bool big_endian;
	size_t row; /* bytes in the file */
	struct kern_levels levels;
	struct kern_quantized counts;
	struct wav_form wav;
	int64_t next; /* index */
	int64_t gaps, missing;
	uint64_t data;
	char block[PIECE * sizeof(double)] __attribute__((aligned(64)));
};

static enum format format_of(const char *name)
{
	const char *dot = name ? strrchr(name, '.') : NULL;

	if (dot && (!strcasecmp(dot, ".wav") || !strcasecmp(dot, ".wave")))
		return WAV;
	if (dot && (!strcasecmp(dot, ".rf64") || !strcasecmp(dot, ".bw64")))
		return RF64;
	return RAW;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct writing *w = f->state = xaligned(1, sizeof(*w));

	memset(w, 0, sizeof(*w));
	if (o->type && !iq_type_parse(o->type, &w->wanted))
		die(EXIT_USAGE,
			"--type: '%s': must be a type such as cu8, ci16, cf32, f32, ci16_be",
			o->type);
	w->format = (enum format)o->format;
	if (w->format == AUTO)
		w->format = format_of(f->sink.output ? f->sink.output : f->sink.name);
	if (w->wanted.big_endian && w->format != RAW)
		die(EXIT_USAGE, "--type: %s: WAV is little-endian", o->type);
	if (w->format == RAW)
		sink_live(f);
}

/* The type in the file; of WAV one that the format has. */
static unsigned target_type(const struct writing *w, unsigned dtype)
{
	unsigned complex = dtype & DTYPE_COMPLEX, real = dtype_real(dtype);

	if (w->wanted.dtype) {
		if ((w->wanted.dtype & DTYPE_COMPLEX) != complex)
			die(EXIT_DATA, "--type: %s: the stream is %s, of type %s",
				dtype_name(w->wanted.dtype), complex ? "complex" : "real",
				dtype_name(dtype));
		real = dtype_real(w->wanted.dtype);
	} else if (w->format != RAW && real == DTYPE_I8) {
		real = DTYPE_U8;
	}
	if (w->format != RAW && real != DTYPE_U8 && real != DTYPE_I16 && real != DTYPE_I32 &&
		real != DTYPE_F32 && real != DTYPE_F64)
		die(EXIT_DATA, "%s: WAV has no such type: add --type %s",
			dtype_name(real | complex), complex ? "ci16 or cf32" : "i16 or f32");
	return real | complex;
}

/* The whole rate, if it is not far off. */
static uint32_t whole_rate(struct rate rate)
{
	double hz = rate_hz(rate), whole = rint(hz);

	if (whole < 1 || whole > UINT32_MAX || fabs(whole - hz) > 1e-3 * hz)
		die(EXIT_DATA, "rate %llu/%llu: WAV holds whole samples/s below 2^32",
			(unsigned long long)rate.num, (unsigned long long)rate.den);
	if (rate.den != 1)
		warn("rate %llu/%llu: WAV holds whole samples/s: written as %.0f",
			(unsigned long long)rate.num, (unsigned long long)rate.den, whole);
	return (uint32_t)whole;
}

static void describe_wav(struct writing *w, const struct meta *meta, int64_t index)
{
	struct wav_form *wav = &w->wav;
	double hz;

	*wav = (struct wav_form){.dtype = dtype_real(w->dtype), .rate = whole_rate(w->form.rate)};
	wav->channels = w->form.subchannels * (dtype_complex(w->dtype) ? 2 : 1);
	if (wav->channels > CHANNELS_MAX)
		die(EXIT_DATA, "%u channels: WAV holds %d here", wav->channels, CHANNELS_MAX);
	if (meta_utc(meta, "time0", &wav->start)) {
		wav->has_start = true;
		wav->start = utc_after(wav->start, index, w->form.rate);
		if (wav->start.nsec % 1000000)
			note("start: WAV holds whole milliseconds");
	}
	if (!meta_f64(meta, "freq_hz", &hz) || hz == 0)
		return;
	wav->has_freq = hz >= 0.5 && hz <= UINT32_MAX - 0.5;
	wav->freq_hz = rint(hz);
	if (!wav->has_freq)
		warn("frequency %.17g Hz: WAV holds none below 1 or above 4294967295: left out",
			hz);
	else if (wav->freq_hz != hz)
		warn("frequency %.17g Hz: WAV holds whole ones: written as %.0f", hz, wav->freq_hz);
}

/* Raw samples tell nothing of themselves, so somebody must. */
static void tell_form(const struct writing *w, const struct meta *meta, int64_t index)
{
	const char *hz = meta_get(meta, "freq_hz");
	struct str text = {0};
	char utc[UTC_TEXT];
	struct utc time;

	str_addf(&text, "--type %s%s --rate %llu", dtype_name(w->dtype), w->big_endian ? "_be" : "",
		(unsigned long long)w->form.rate.num);
	if (w->form.rate.den != 1)
		str_addf(&text, "/%llu", (unsigned long long)w->form.rate.den);
	if (w->form.subchannels > 1)
		str_addf(&text, " --subchannels %u", w->form.subchannels);
	if (hz)
		str_addf(&text, " --freq %s", hz);
	if (meta_utc(meta, "time0", &time))
		str_addf(&text, " --time0 %s",
			utc_format(utc, utc_after(time, index, w->form.rate), -1));
	warn("raw samples tell nothing of themselves; read them with iq-read %s", text.p);
	str_free(&text);
}

static void set_levels(struct writing *w, const struct meta *meta)
{
	unsigned real = dtype_real(w->dtype);
	bool wav_u8 = w->format != RAW && real == DTYPE_U8;
	double full_scale = wav_u8 ? 128 : dtype_full_scale(real);
	double zero = wav_u8 ? 128 : dtype_zero(real), said;

	w->levels = (struct kern_levels){w->form.zero, w->form.full_scale, zero, full_scale};
	if (!w->same)
		return;
	w->levels.to_zero = w->form.zero;
	w->levels.to_full_scale = w->form.full_scale;
	if ((meta_f64(meta, "full_scale", &said) && said != dtype_full_scale(real) &&
		    said != full_scale) ||
		(meta_f64(meta, "zero", &said) && said != dtype_zero(real) && said != zero))
		warn("full_scale %g, zero %g: the file does not hold them", w->form.full_scale,
			w->form.zero);
}

static void write_header(struct filter *f, struct writing *w, bool first)
{
	uint8_t header[WAV_HEADER_MAX];
	size_t n = wav_header(header, &w->wav, w->data, w->format == RF64);

	if (first)
		sink_write(f, header, n);
	else if (pwrite(w->fd, header, n, 0) != (ssize_t)n)
		die(EXIT_IO, "cannot write: %s", strerror(errno));
}

static void begin_file(struct filter *f, const struct frame *frame)
{
	const struct meta *meta = filter_meta(f, frame);
	struct writing *w = f->state;

	w->form = iq_form_of(f, frame);
	w->dtype = target_type(w, w->form.dtype);
	w->same = w->dtype == w->form.dtype;
	w->big_endian = w->wanted.big_endian && dtype_size(dtype_real(w->dtype)) > 1;
	w->row = dtype_size(w->dtype) * w->form.subchannels;
	w->counts = (struct kern_quantized){0};
	w->data = 0;
	w->gaps = w->missing = 0;
	w->next = frame->index;
	set_levels(w, meta);
	if (w->format != RAW)
		describe_wav(w, meta, frame->index);
	else if (f->sink.output || f->sink.name)
		tell_form(w, meta, frame->index);
	w->fd = sink_open(f, meta);
	w->open = true;
	if (w->format != RAW)
		write_header(f, w, true);
}

static void write_bytes(struct filter *f, const void *bytes, size_t n)
{
	struct writing *w = f->state;

	sink_write(f, bytes, n);
	w->data += n;
}

/* n values of a real type, in the file's type and order. */
static void write_values(struct filter *f, const char *values, size_t n, unsigned dtype,
	const struct kern_levels *levels, struct kern_quantized *counts)
{
	struct writing *w = f->state;
	unsigned to = dtype_real(w->dtype);
	size_t size = dtype_size(to);

	for (size_t at = 0; at < n; at += PIECE) {
		size_t count = n - at < PIECE ? n - at : PIECE;
		const char *from = values + at * dtype_size(dtype);

		if (dtype != to)
			kern()->quantize(w->block, to, from, count, dtype, levels, counts);
		if (w->big_endian)
			kern()->swap(w->block, dtype != to ? w->block : from, count, size);
		write_bytes(f, w->block, count * size);
	}
}

/* Silence of amplitude 0, or the value next to it. */
static void write_silence(struct filter *f, int64_t samples)
{
	struct writing *w = f->state;
	unsigned to = dtype_real(w->dtype), from = to == DTYPE_F64 ? DTYPE_F32 : DTYPE_F64;
	const struct kern_levels levels = {0, 1, w->levels.to_zero, w->levels.to_full_scale};
	struct kern_quantized none = {0};
	static const double zeros[PIECE];
	uint64_t values = (uint64_t)samples * (w->row / dtype_size(to));

	for (uint64_t at = 0; at < values; at += PIECE)
		write_values(f, (const char *)zeros,
			values - at < PIECE ? (size_t)(values - at) : PIECE, from, &levels, &none);
}

static void bridge_gap(struct filter *f, int64_t index)
{
	const struct options *o = f->options;
	struct writing *w = f->state;
	int64_t missing;
	uint64_t bytes;

	if (__builtin_sub_overflow(index, w->next, &missing))
		missing = INT64_MAX;
	if (o->gaps == REFUSE)
		die(EXIT_DATA,
			"a gap of %lld samples: the file cannot hold it: --gaps zero fills it with "
			"silence, --gaps join leaves it out",
			(long long)missing);
	if (o->gaps == ZERO) {
		if (samples_to_s(missing, w->form.rate) > GAP_HOUR ||
			!mul_fits((uint64_t)missing, w->row, &bytes) || bytes > GAP_BYTES)
			die(EXIT_DATA,
				"a gap of %lld samples: more than an hour or 64 GiB is not filled",
				(long long)missing);
		write_silence(f, missing);
	}
	w->gaps++;
	w->missing += missing;
}

static void write_frame(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;

	if (!w->open)
		begin_file(f, frame);
	else
		iq_check_form(f, &w->form, frame);
	if (frame->index != w->next)
		bridge_gap(f, frame->index);
	w->next = frame->index + (int64_t)frame->dim[0];
	if (w->same && !w->big_endian)
		write_bytes(f, frame->payload, (size_t)frame->payload_len);
	else
		write_values(f, frame->payload,
			(size_t)(frame->payload_len / dtype_size(dtype_real(frame->dtype))),
			dtype_real(frame->dtype), &w->levels, &w->counts);
}

static void end_file(struct filter *f, const struct meta *end)
{
	const struct options *o = f->options;
	struct writing *w = f->state;

	(void)end;
	if (!w->open)
		return;
	w->open = false;
	if (w->format != RAW) {
		if (w->data & 1)
			sink_write(f, "", 1);
		write_header(f, w, false);
	}
	sink_close(f);
	if (w->counts.clipped > 0)
		warn("%llu values clipped", (unsigned long long)w->counts.clipped);
	if (w->counts.missing > 0)
		warn("%llu values of no data (NaN) became silence",
			(unsigned long long)w->counts.missing);
	if (w->gaps > 0)
		note("%lld gaps, %lld samples: %s", (long long)w->gaps, (long long)w->missing,
			o->gaps == ZERO ? "filled with silence" : "left out");
}

static const struct command command = {
	.name = "iq-write",
	.summary = "write IQ as raw samples or WAV files",
	.operands = "",
	.example = "--format wav --gaps zero",
	.role = ROLE_SINK,
	.in = KIND_BIT(KIND_IQ),
	.pictures = true,
	.file_holds = "segment",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = write_frame,
	.end = end_file,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
