/* SPDX-License-Identifier: ISC */
#include "io/iq_file.h"

#include <stdio.h>

#include "base/dtype.h"
#include "base/num.h"
#include "kern/kern.h"

#define STAMP_CHUNKS 4096 /* so far a stamp with a solution is looked for */

/* Adds to what is told of the name. */
static void guessed(struct iq_file *f, const char *what, const char *value, const char *unit)
{
	str_addf(&f->guessed, "%s%s %s%s", f->guessed.len ? ", " : "", what, value, unit);
}

/* How the channels of a WAV file are elements; who opens it may say more. */
static int wav_type(struct iq_file *f, const struct iq_type *said, struct error *e)
{
	const struct wav_form *form = wav_form(f->wav);
	const char *where = f->in.where, *plural = form->channels > 1 ? "s" : "";
	bool complex = form->channels % 2 == 0;
	unsigned dtype = form->dtype;

	if (said->dtype) {
		complex = dtype_complex(said->dtype);
		dtype = dtype_real(said->dtype);
		if (dtype_size(dtype) != dtype_size(form->dtype) || said->big_endian ||
			(form->bits == 24 && dtype != form->dtype))
			return fail(e, EXIT_USAGE,
				"--type: %s: %s has little-endian samples of %u bits, such as %s",
				dtype_name(said->dtype), where, form->bits,
				dtype_name(form->dtype));
		if (complex && form->channels % 2)
			return fail(e, EXIT_USAGE, "--type: %s: %s has %u channel%s: must be pairs",
				dtype_name(said->dtype), where, form->channels, plural);
	} else if (form->channels % 2 && form->channels > 1) {
		return fail(e, EXIT_DATA,
			"%s: %u channels: pairs are IQ: --type %s takes each as real", where,
			form->channels, dtype_name(form->dtype));
	}
	f->dtype = dtype | (complex ? DTYPE_COMPLEX : 0);
	f->subchannels = form->channels / (complex ? 2 : 1);
	return 0;
}

static int choose_type(
	struct iq_file *f, const struct iq_said *said, const struct iq_type *name, struct error *e)
{
	const struct iq_type *type = said->type.dtype ? &said->type : name;

	if (f->wav)
		return wav_type(f, &said->type, e);
	if (!type->dtype)
		return fail(e, EXIT_USAGE,
			"%s: no WAV, and its name tells no type: give --type, such as ci16",
			f->in.where);
	if (type == name)
		guessed(f, "type", dtype_name(type->dtype), type->big_endian ? "_be" : "");
	f->dtype = type->dtype;
	f->big_endian = type->big_endian && dtype_size(dtype_real(type->dtype)) > 1;
	f->subchannels = said->subchannels;
	return 0;
}

static int choose_rate(
	struct iq_file *f, const struct iq_said *said, const struct iq_name *name, struct error *e)
{
	char text[64];

	if (said->rate.num) {
		f->rate = said->rate;
	} else if (f->wav) {
		f->rate = (struct rate){wav_form(f->wav)->rate, 1};
	} else if (name->has_rate) {
		f->rate = name->rate;
		snprintf(text, sizeof(text), f->rate.den > 1 ? "%llu/%llu" : "%llu",
			(unsigned long long)f->rate.num, (unsigned long long)f->rate.den);
		guessed(f, "rate", text, " samples/s");
	} else {
		return fail(e, EXIT_USAGE,
			"%s: the sample rate is not known: give --rate, such as 2.4M", f->in.where);
	}
	return 0;
}

static void choose_freq(struct iq_file *f, const struct iq_said *said, const struct iq_name *name)
{
	char text[NUMBER_TEXT];

	f->has_freq = true;
	if (said->has_freq) {
		f->freq_hz = said->freq_hz;
	} else if (f->wav && wav_form(f->wav)->has_freq) {
		f->freq_hz = wav_form(f->wav)->freq_hz;
	} else if (name->has_freq) {
		f->freq_hz = name->freq_hz;
		guessed(f, "frequency", format_f64(text, f->freq_hz), " Hz");
	} else {
		f->has_freq = false;
	}
}

/* The stamps of a KiwiSDR are exact, but tell no week; the name does. */
static bool gps_time(struct iq_file *f, const struct iq_name *name)
{
	struct wav_stamp stamp;
	uint64_t before;
	struct utc time;

	if (!f->wav || !name->has_time ||
		!wav_find_stamp(f->wav, KIWI_SOLUTION_S, STAMP_CHUNKS, &stamp, &before) ||
		!kiwi_utc(stamp.ns, name->time, &time))
		return false;
	f->time0 = utc_after(time, -(int64_t)before, f->rate);
	return true;
}

static void choose_time(struct iq_file *f, const struct iq_said *said, const struct iq_name *name)
{
	char text[UTC_TEXT];

	f->has_time = true;
	if (said->has_time) {
		f->time0 = said->time0;
	} else if (f->wav && wav_form(f->wav)->has_start) {
		f->time0 = wav_form(f->wav)->start;
	} else if (gps_time(f, name)) {
		guessed(f, "time0", utc_format(text, f->time0, -1), " (GPS, its week)");
	} else if (name->has_time) {
		f->time0 = name->time;
		guessed(f, "time0", utc_format(text, f->time0, -1), "");
	} else {
		f->has_time = false;
		if (name->local_time)
			guessed(f, "no time0,", "as it tells no zone: give --time0", "");
	}
}

static int open_kind(struct iq_file *f, struct error *e)
{
	uint8_t magic[WAV_MAGIC];
	size_t got;
	int code = intake_bytes(&f->in, magic, sizeof(magic), &got, e);

	if (code)
		return code;
	if (got == 0 && f->in.ended)
		return fail(e, EXIT_DATA, "%s: is empty", f->in.where);
	if (got == sizeof(magic) && wav_is(magic))
		return wav_open(&f->wav, &f->in, magic, e);
	intake_put_back(&f->in, magic, got);
	return 0;
}

static void choose_levels(struct iq_file *f)
{
	f->full_scale = dtype_full_scale(f->dtype);
	f->zero = dtype_zero(f->dtype);
	/* The middle of 8 bits in WAV is 128; that of other u8 lies between 127 and 128. */
	if (f->wav && dtype_real(f->dtype) == DTYPE_U8)
		f->full_scale = f->zero = 128;
}

int iq_file_open(struct iq_file *f, int fd, const char *where, const char *name,
	const struct iq_said *said, struct error *e)
{
	struct iq_name told;
	int code;

	*f = (struct iq_file){0};
	intake_open(&f->in, fd, where);
	iq_name_read(name, &told);
	if ((code = open_kind(f, e)) || (code = choose_type(f, said, &told.type, e)) ||
		(code = choose_rate(f, said, &told, e))) {
		iq_file_close(f);
		return code;
	}
	choose_freq(f, said, &told);
	choose_time(f, said, &told);
	choose_levels(f);
	f->row = dtype_size(f->dtype) * f->subchannels;
	if (f->wav)
		f->samples = wav_promised(f->wav);
	else if (f->in.file && f->in.size > f->in.at)
		f->samples = (f->in.size - f->in.at) / f->row;
	f->clock.rate = f->rate;
	f->data_begin = true;
	return 0;
}

void iq_file_close(struct iq_file *f)
{
	wav_close(f->wav);
	intake_close(&f->in);
	str_free(&f->guessed);
}

static int read_raw(
	struct iq_file *f, void *out, size_t most, size_t *samples, bool *end, struct error *e)
{
	uint64_t left = INTAKE_ALL;
	int code = intake_rows(&f->in, out, f->row, most, &left, samples, end, e);
	size_t size = dtype_size(dtype_real(f->dtype));

	if (code)
		return code;
	if (f->big_endian)
		kern()->swap(out, out, *samples * f->row / size, size);
	if (*end && f->in.kept_count > 0)
		f->remarks |= WAV_PARTIAL;
	return 0;
}

int iq_file_read(struct iq_file *f, void *out, size_t most, size_t *samples, int64_t *missing,
	bool *end, struct error *e)
{
	bool there, data_end;
	int code;

	*missing = 0;
	if (!f->wav)
		return read_raw(f, out, most, samples, end, e);
	*end = false;
	if (f->data_begin) {
		int64_t lost = kiwi_missing(&f->clock, wav_stamp(f->wav));

		f->odd_stamps += lost < 0;
		f->gaps += lost > 0;
		*missing = lost > 0 ? lost : 0;
		f->data_begin = false;
	}
	if ((code = wav_read(f->wav, out, most, samples, &data_end, e)))
		return code;
	kiwi_samples(&f->clock, (int64_t)*samples);
	if (!data_end)
		return 0;
	if ((code = wav_next(f->wav, &there, e)))
		return code;
	f->data_begin = there;
	*end = !there;
	return 0;
}

unsigned iq_file_remarks(const struct iq_file *f)
{
	return f->remarks | (f->wav ? wav_remarks(f->wav) : 0);
}
