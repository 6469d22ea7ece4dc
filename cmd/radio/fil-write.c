/* SPDX-License-Identifier: ISC */
/*
 * fil-write: a filterbank file of sigproc. In: SPECTRA. Out: a row of the file for each row, of 8,
 * 16 or 32 bits, channels descending in frequency unless they came otherwise; header entries from
 * keys x.fil.NAME and from what the stream says of time and frequency.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fil.h"
#include "stream/export.h"
#include "stream/spectra.h"

#define SAME_BINS 1e-3 /* frequencies that agree to so much of a bin are the same */
#define FILL_BYTES_MAX (UINT64_C(1) << 30) /* of one gap */

enum bits { BITS_AUTO, BITS_8, BITS_16, BITS_32 };
enum gaps { GAPS_REFUSE, GAPS_NAN, GAPS_JOIN };

struct options {
	int bits, gaps;
	double scale;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "bits", OPT_ENUM, AT(bits), "", "auto", 0, 0, "auto|8|16|32", OPT_OUTPUT,
		"of a value, 32 being floats; auto: as the file it came from, else 32"},
	{0, "scale", OPT_REAL, AT(scale), "", "1", 0, 0, NULL, OPT_OUTPUT,
		"factor of the values, before they become integers of 8 or 16 bits"},
	{0, "gaps", OPT_ENUM, AT(gaps), "", "refuse", 0, 0, "refuse|nan|join", OPT_OUTPUT,
		"missing rows: an error, NaN (32 bits only), or rows follow one another"},
	OPTIONS_END,
};

struct state {
	bool begun, new_segment;
	struct fil_header header;
	struct fil_form form;
	struct spectra_form spectra;
	double centre_hz;
	int64_t step;

	struct utc time0; /* of the first segment */
	bool has_time0;
	int64_t first, shift; /* index of the first row; what a segment's indices are away */
	uint64_t rows;	      /* written */
	struct export_place place;

	uint8_t *out;
	size_t out_size;
	struct fil_losses losses;
	uint64_t breaks, filled;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;

	f->state = xcalloc(1, sizeof(struct state));
	if (o->scale == 0)
		die(EXIT_USAGE, "--scale: 0: must be a factor other than 0");
	if (o->gaps == GAPS_NAN && (o->bits == BITS_8 || o->bits == BITS_16))
		die(EXIT_USAGE,
			"--gaps: nan: integers of 8 and 16 bits cannot say it: use 32 bits");
}

static struct fil_entry *put(struct state *s, const char *name)
{
	struct fil_entry *entry = fil_put(&s->header, name);

	if (!entry)
		die(EXIT_DATA, "x.fil.%s: more than %d header entries", name, FIL_ENTRIES_MAX);
	return entry;
}

static void put_integer(struct state *s, const char *name, uint64_t value)
{
	if (value > INT32_MAX)
		die(EXIT_DATA, "%s %llu: the header holds 32 bits", name,
			(unsigned long long)value);
	put(s, name)->integer = (int32_t)value;
}

/* Takes a value from a line of metadata. */
static void take_entry(struct state *s, const char *name, const char *value)
{
	struct fil_entry *entry;
	int64_t integer = 0;

	if (strlen(name) > FIL_NAME_MAX || fil_type_of(name) == FIL_UNKNOWN) {
		warn("x.fil.%s: no keyword of filterbank files: left out", name);
		return;
	}
	entry = put(s, name);
	if (entry->type == FIL_TEXT) {
		snprintf(entry->text, sizeof(entry->text), "%s", value);
	} else if (entry->type == FIL_REAL) {
		if (!parse_f64(value, true, &entry->real))
			die(EXIT_DATA, "x.fil.%s: '%s': not a number", name, value);
	} else {
		if (!parse_i64(value, &integer) || integer < INT32_MIN || integer > INT32_MAX)
			die(EXIT_DATA, "x.fil.%s: '%s': not an integer of 32 bits", name, value);
		entry->integer = (int32_t)integer;
	}
}

static void take_entries(struct state *s, const struct meta *meta)
{
	for (size_t i = 0; i < meta->count; i++) {
		const char *key = meta->item[i].key;

		key += *key == '%' || *key == '~';
		if (starts_with(key, "x.fil."))
			take_entry(s, key + 6, meta->item[i].value);
	}
}

/* Sets a frequency, unless the entry that came says the same. */
static void put_frequency(struct state *s, const char *name, double hz, double tolerance_hz)
{
	struct fil_entry *entry = put(s, name);

	if (!(fabs(entry->real * 1e6 - hz) <= tolerance_hz))
		entry->real = hz / 1e6;
}

static void put_axes(struct state *s)
{
	const struct fil_entry *foff = fil_find(&s->header, "foff");
	const struct spectra_form *spectra = &s->spectra;
	bool ascending = foff && foff->real > 0;
	double step = spectra->bin_step_hz, last = step * (double)(spectra->bins - 1);
	double first = s->centre_hz + spectra->bin0_hz + (ascending ? 0 : last);

	if (!(step > 0))
		die(EXIT_DATA, "%%bin_step_hz %g: must be positive", step);
	put_frequency(s, "fch1", first, SAME_BINS * step);
	put_frequency(
		s, "foff", ascending ? step : -step, SAME_BINS * step / (double)spectra->bins);
	s->form.reversed = !ascending;
}

/* The time of the first row; without time0 as the header that came says it. */
static void put_times(struct state *s)
{
	const struct rate rate = s->spectra.rate;
	double tsamp = (double)((long double)s->step * rate.den / rate.num), mjd;
	uint64_t samples;
	bool had = fil_find(&s->header, "tstart") || s->header.count == 0;

	if (mul_fits((uint64_t)s->step, rate.den, &samples) && samples >> 53 == 0 &&
		rate.num >> 53 == 0)
		tsamp = (double)samples / (double)rate.num; /* rounded once */
	put(s, "tsamp")->real = tsamp;
	if (s->has_time0) {
		struct fil_entry *tstart = put(s, "tstart");

		mjd = fil_mjd(utc_after(s->time0, s->first, rate));
		if (!(fabs(tstart->real - mjd) * 86400 < 1e-9))
			tstart->real = mjd;
	} else if (had && s->first != 0) {
		put(s, "tstart")->real += (double)s->first / rate_hz(rate) / 86400;
	} else if (had) {
		put(s, "tstart");
	}
}

/* Bits and sign of the values, as asked for, or as in the file they came from. */
static void put_values(struct filter *f)
{
	static const unsigned bits[] = {0, 8, 16, 32};
	const struct options *o = f->options;
	struct state *s = f->state;
	const struct fil_entry *came = fil_find(&s->header, "nbits");
	struct fil_entry *sign = fil_find(&s->header, "signed");

	s->form.bits = bits[o->bits];
	if (o->bits == BITS_AUTO)
		s->form.bits = came && came->integer <= 16 ? (came->integer > 8 ? 16 : 8) : 32;
	if (o->gaps == GAPS_NAN && s->form.bits < 32)
		die(EXIT_DATA, "--gaps: nan: integers of %u bits cannot say it: add --bits 32",
			s->form.bits);
	s->form.is_signed = sign && sign->integer && s->form.bits < 32;
	put_integer(s, "nbits", s->form.bits);
}

static void begin_file(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;
	const char *object = meta_get(meta, "object");
	struct str text = {0};
	struct fil_entry *source;

	s->begun = true;
	s->spectra = spectra_form_of(frame, meta);
	s->centre_hz = spectra_centre_hz(meta, 0);
	for (size_t i = 1; i < s->spectra.subchannels; i++)
		if (spectra_centre_hz(meta, i) != s->centre_hz)
			die(EXIT_DATA,
				"freq_hz: subchannels of several frequencies: a file has one fch1");
	s->step = export_step(frame, meta);
	s->has_time0 = meta_utc(meta, "time0", &s->time0);
	s->first = frame->index;
	s->form = (struct fil_form){.channels = s->spectra.bins, .ifs = s->spectra.subchannels};
	take_entries(s, meta);
	if (s->header.count == 0) {
		put(s, "data_type")->integer = 1; /* filterbank */
		put(s, "machine_id");
		put(s, "telescope_id");
	}
	put_times(s);
	put_axes(s);
	put_integer(s, "nchans", s->form.channels);
	put_integer(s, "nifs", s->form.ifs);
	put_values(f);
	if (object && (source = put(s, "source_name")))
		snprintf(source->text, sizeof(source->text), "%s", object);
	sink_open(f, meta);
	fil_format(&s->header, &text);
	sink_write(f, text.p, text.len);
	str_free(&text);
}

static void begin_segment(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	struct state *s = f->state;
	struct spectra_form form;
	struct utc time0;

	s->new_segment = false;
	if (!s->begun) {
		begin_file(f, frame, meta);
		return;
	}
	form = spectra_form_of(frame, meta);
	spectra_same_form(&s->spectra, &form);
	if (export_step(frame, meta) != s->step)
		die(EXIT_DATA, "row_step changes: a file has one tsamp");
	if (spectra_centre_hz(meta, 0) != s->centre_hz)
		die(EXIT_DATA, "the centre frequency changes: a file has one fch1");
	s->shift = 0;
	if (s->has_time0 && meta_utc(meta, "time0", &time0))
		s->shift = ns_to_samples(utc_minus(time0, s->time0), s->spectra.rate);
}

static void *room(struct state *s, size_t size)
{
	if (size > s->out_size) {
		free(s->out);
		s->out = xaligned(size, 1);
		s->out_size = size;
	}
	return s->out;
}

/* Rows of NaN up to where the frame belongs: to the nearest row. */
static void fill_gap(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	uint64_t row_bytes = fil_row_bytes(&s->form), missing;
	__int128 away = (__int128)frame->index + s->shift - s->first;
	__int128 row = (away + s->step / 2) / s->step;
	float *nans;

	if (away < 0 || row + 1 < (__int128)s->rows)
		die(EXIT_DATA,
			"the frame begins before the one before it ends: no NaN can fill that");
	if (row <= (__int128)s->rows)
		return;
	missing = (uint64_t)row - s->rows;
	if (row - (__int128)s->rows > (__int128)(FILL_BYTES_MAX / row_bytes))
		die(EXIT_DATA, "%llu rows are missing: more than 1 GiB of NaN: use --gaps join",
			(unsigned long long)missing);
	nans = room(s, row_bytes);
	for (uint64_t i = 0; i < row_bytes / sizeof(*nans); i++)
		nans[i] = NAN;
	for (uint64_t i = 0; i < missing; i++)
		sink_write(f, nans, row_bytes);
	s->rows += missing;
	s->filled += missing;
}

static void follow(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;

	if (export_follows(&s->place, frame, s->step))
		return;
	if (o->gaps == GAPS_REFUSE)
		die(EXIT_DATA,
			"rows are missing before this frame, or another segment begins, which a "
			"filterbank cannot tell: use --gaps nan or join");
	s->breaks++;
	if (o->gaps == GAPS_NAN)
		fill_gap(f, frame);
}

static void take(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	size_t size;

	if (s->new_segment)
		begin_segment(f, frame, filter_meta(f, frame));
	if (frame->dim[1] != s->form.ifs || frame->dim[2] != s->form.channels)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	follow(f, frame);
	size = frame->dim[0] * fil_row_bytes(&s->form);
	fil_encode(&s->form, frame->payload, frame->dim[0], o->scale, room(s, size), &s->losses);
	if (s->losses.nans > 0)
		die(EXIT_DATA, "NaN, which integers of %u bits cannot say: use --bits 32",
			s->form.bits);
	sink_write(f, s->out, size);
	s->rows += frame->dim[0];
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;

	(void)in;
	(void)out;
	s->new_segment = true;
}

static void end(struct filter *f, const struct meta *meta)
{
	struct state *s = f->state;

	(void)meta;
	s->place.between = true;
}

/* The header may count the rows: now they are known. */
static void finish(struct filter *f)
{
	struct state *s = f->state;
	struct fil_entry *count = fil_find(&s->header, "nsamples");
	struct str text = {0};
	uint64_t values = s->rows * s->form.channels * s->form.ifs;

	if (!s->begun)
		die(EXIT_DATA, "no spectra came");
	if (count) {
		put_integer(s, "nsamples", s->rows);
		fil_format(&s->header, &text);
		sink_write_at(f, 0, text.p, text.len);
		str_free(&text);
	}
	if (s->losses.clipped > 0)
		warn("%llu of %llu values do not fit %u bits and were clipped: see --scale",
			(unsigned long long)s->losses.clipped, (unsigned long long)values,
			s->form.bits);
	if (s->losses.zeros > values / 2)
		warn("%llu of %llu values became 0: see --scale",
			(unsigned long long)s->losses.zeros, (unsigned long long)values);
	if (s->breaks > 0)
		note("gaps: %llu, rows of NaN: %llu", (unsigned long long)s->breaks,
			(unsigned long long)s->filled);
	sink_close(f);
}

static const struct command command = {
	.name = "fil-write",
	.summary = "write spectra as a filterbank file of sigproc",
	.operands = "",
	.example = "--gaps join",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_SPECTRA),
	.dtypes_in = "f32",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
