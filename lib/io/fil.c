/* SPDX-License-Identifier: ISC */
#include "io/fil.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BEGIN "HEADER_START"
#define END "HEADER_END"
#define MJD_OF_1970 40587
#define DAY_S 86400

static const struct {
	const char *name;
	enum fil_type type;
} keywords[] = {
	{"telescope_id", FIL_INTEGER},
	{"machine_id", FIL_INTEGER},
	{"data_type", FIL_INTEGER},
	{"barycentric", FIL_INTEGER},
	{"pulsarcentric", FIL_INTEGER},
	{"nbits", FIL_INTEGER},
	{"nsamples", FIL_INTEGER},
	{"nchans", FIL_INTEGER},
	{"nifs", FIL_INTEGER},
	{"nbeams", FIL_INTEGER},
	{"ibeam", FIL_INTEGER},
	{"nbins", FIL_INTEGER},
	{"tstart", FIL_REAL},
	{"tsamp", FIL_REAL},
	{"fch1", FIL_REAL},
	{"foff", FIL_REAL},
	{"refdm", FIL_REAL},
	{"period", FIL_REAL},
	{"az_start", FIL_REAL},
	{"za_start", FIL_REAL},
	{"src_raj", FIL_REAL},
	{"src_dej", FIL_REAL},
	{"rawdatafile", FIL_TEXT},
	{"source_name", FIL_TEXT},
	{"signed", FIL_CHARACTER},
};

enum fil_type fil_type_of(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (!strcmp(name, keywords[i].name))
			return keywords[i].type;
	return FIL_UNKNOWN;
}

struct fil_entry *fil_find(const struct fil_header *h, const char *name)
{
	for (size_t i = h->count; i > 0; i--)
		if (!strcmp(h->entry[i - 1].name, name))
			return &h->entry[i - 1];
	return NULL;
}

static struct fil_entry *add_entry(struct fil_header *h, const char *name)
{
	struct fil_entry *entry;

	if (h->count == FIL_ENTRIES_MAX)
		return NULL;
	h->entry = xrealloc(h->entry, h->count + 1, sizeof(*h->entry));
	entry = &h->entry[h->count++];
	*entry = (struct fil_entry){.type = fil_type_of(name)};
	memcpy(entry->name, name, strnlen(name, FIL_NAME_MAX));
	return entry;
}

struct fil_entry *fil_put(struct fil_header *h, const char *name)
{
	struct fil_entry *entry = fil_find(h, name);

	return entry ? entry : add_entry(h, name);
}

void fil_free(struct fil_header *h)
{
	free(h->entry);
	*h = (struct fil_header){0};
}

static uint64_t get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);
	return v;
}

/* What is left of the bytes of a header. */
struct rest {
	const uint8_t *p;
	size_t n;
	bool ended; /* something lies behind the bytes */
};

/* Takes so many bytes; NULL if they are not there. */
static const uint8_t *take(struct rest *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->n) {
		r->ended = true;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return p;
}

/* A text with its length before it, up to its first NUL; 0, also if the bytes end. */
static int take_text(struct rest *r, const char *what, char *out, size_t most, struct error *e)
{
	const uint8_t *p = take(r, 4), *text;
	uint32_t length;

	*out = '\0';
	if (!p)
		return 0;
	length = (uint32_t)get(p, 4);
	if (length > most)
		return fail(e, EXIT_DATA, "header: %s: of %u bytes: at most %zu are allowed", what,
			length, most);
	text = take(r, length);
	if (!text)
		return 0;
	memcpy(out, text, length);
	out[length] = '\0';
	return 0;
}

static int take_value(struct rest *r, struct fil_entry *entry, struct error *e)
{
	const uint8_t *p;
	uint64_t bits;

	switch (entry->type) {
	case FIL_INTEGER:
		if ((p = take(r, 4)))
			entry->integer = (int32_t)get(p, 4);
		return 0;
	case FIL_CHARACTER:
		if ((p = take(r, 1)))
			entry->integer = *p;
		return 0;
	case FIL_REAL:
		if ((p = take(r, 8))) {
			bits = get(p, 8);
			memcpy(&entry->real, &bits, sizeof(bits));
		}
		return 0;
	case FIL_TEXT:
		return take_text(r, entry->name, entry->text, FIL_TEXT_MAX, e);
	default:
		if (starts_with(entry->name, "FREQUENCY_") || starts_with(entry->name, "fchannel"))
			return fail(e, EXIT_DATA,
				"header: %s: a table of frequencies: only evenly "
				"spaced channels can be read",
				entry->name);
		return fail(e, EXIT_DATA,
			"header: unknown keyword '%s': its length is not told, "
			"so it cannot be passed over",
			entry->name);
	}
}

int fil_parse(struct fil_header *h, const uint8_t *bytes, size_t n, size_t *length, struct error *e)
{
	static const uint8_t begin[] = "\x0c\0\0\0" BEGIN, swapped[] = "\0\0\0\x0c" BEGIN;
	struct rest r = {bytes, n, false};
	char name[FIL_NAME_MAX + 1];
	size_t same = n < 16 ? n : 16;

	*length = 0;
	fil_free(h);
	if (n >= 16 && !memcmp(bytes, swapped, 16))
		return fail(
			e, EXIT_DATA, "header: big-endian: only little-endian files can be read");
	if (memcmp(bytes, begin, same) != 0)
		return fail(e, EXIT_DATA, "not a filterbank file: it must begin with " BEGIN);
	if (!take(&r, 16))
		return 0;
	for (;;) {
		struct fil_entry *entry;

		if (take_text(&r, "a keyword", name, FIL_NAME_MAX, e))
			return e->code;
		if (r.ended)
			return 0;
		if (!strcmp(name, END))
			break;
		entry = add_entry(h, name);
		if (!entry)
			return fail(e, EXIT_DATA, "header: more than %d entries", FIL_ENTRIES_MAX);
		if (take_value(&r, entry, e))
			return e->code;
		if (r.ended)
			return 0;
	}
	*length = n - r.n;
	return 0;
}

static void add_text(struct str *out, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);

	str_add_bytes(out, &length, sizeof(length));
	str_add(out, text);
}

void fil_format(const struct fil_header *h, struct str *out)
{
	add_text(out, BEGIN);
	for (size_t i = 0; i < h->count; i++) {
		const struct fil_entry *entry = &h->entry[i];

		add_text(out, entry->name);
		if (entry->type == FIL_INTEGER)
			str_add_bytes(out, &entry->integer, 4);
		else if (entry->type == FIL_CHARACTER)
			str_add_bytes(out, &entry->integer, 1);
		else if (entry->type == FIL_REAL)
			str_add_bytes(out, &entry->real, 8);
		else
			add_text(out, entry->text);
	}
	add_text(out, END);
}

static int lacks(struct error *e, const char *name)
{
	return fail(e, EXIT_DATA, "header: %s: missing", name);
}

/* Numbers, each of which must be there; nifs is 1 where it is not. */
static int take_numbers(const struct fil_header *h, struct fil_form *form, struct error *e)
{
	const struct fil_entry *channels = fil_find(h, "nchans"), *bits = fil_find(h, "nbits"),
			       *ifs = fil_find(h, "nifs"), *fch1 = fil_find(h, "fch1"),
			       *foff = fil_find(h, "foff"), *tsamp = fil_find(h, "tsamp"),
			       *tstart = fil_find(h, "tstart"), *sign = fil_find(h, "signed");

	if (!channels || !bits)
		return lacks(e, channels ? "nbits" : "nchans");
	if (!fch1 || !foff)
		return lacks(e, fch1 ? "foff" : "fch1");
	if (!tsamp)
		return lacks(e, "tsamp");
	if (channels->integer <= 0 || (ifs && (ifs->integer <= 0 || ifs->integer > 65536)))
		return fail(e, EXIT_DATA,
			"header: nchans %d, nifs %d: must be 1 or more, nifs at most "
			"65536",
			channels->integer, ifs ? ifs->integer : 1);
	*form = (struct fil_form){
		.channels = (uint64_t)channels->integer,
		.ifs = ifs ? (uint64_t)ifs->integer : 1,
		.bits = (unsigned)bits->integer,
		.is_signed = sign && sign->integer && bits->integer < 32,
		.reversed = foff->real < 0,
		.fch1_mhz = fch1->real,
		.foff_mhz = foff->real,
		.tsamp_s = tsamp->real,
		.tstart_mjd = tstart ? tstart->real : 0,
	};
	return 0;
}

int fil_form_of(const struct fil_header *h, struct fil_form *form, struct error *e)
{
	struct rate rate;
	uint64_t numbers;

	if (take_numbers(h, form, e))
		return e->code;
	numbers = form->channels * form->ifs;
	if (form->bits == 0 || form->bits > 32 || (form->bits & (form->bits - 1)))
		return fail(e, EXIT_DATA, "header: nbits %d: must be 1, 2, 4, 8, 16 or 32",
			(int)form->bits);
	if (numbers >= UINT64_C(1) << 40)
		return fail(e, EXIT_DATA, "header: nchans %llu, nifs %llu: the row is too long",
			(unsigned long long)form->channels, (unsigned long long)form->ifs);
	if (numbers * form->bits % 8)
		return fail(e, EXIT_DATA,
			"header: nchans %llu, nifs %llu, nbits %u: a row must be of "
			"whole bytes",
			(unsigned long long)form->channels, (unsigned long long)form->ifs,
			form->bits);
	if (form->is_signed && form->bits < 8)
		return fail(e, EXIT_DATA, "header: signed with nbits %u: only 8 and 16 can be",
			form->bits);
	if (!isfinite(form->fch1_mhz) || !isfinite(form->foff_mhz) || form->foff_mhz == 0 ||
		fabs(form->fch1_mhz) > 1e12 || fabs(form->foff_mhz) > 1e12)
		return fail(e, EXIT_DATA,
			"header: fch1 %g, foff %g: must be frequencies in MHz, foff "
			"not 0",
			form->fch1_mhz, form->foff_mhz);
	if (!fil_rate(form->tsamp_s, &rate))
		return fail(
			e, EXIT_DATA, "header: tsamp %g: must be 1e-12 to 1e9 s", form->tsamp_s);
	return 0;
}

uint64_t fil_row_bytes(const struct fil_form *form)
{
	return form->channels * form->ifs * form->bits / 8;
}

static float integer_at(const uint8_t *row, uint64_t i, unsigned bits, bool is_signed)
{
	uint16_t wide;

	if (bits == 16) {
		memcpy(&wide, row + 2 * i, sizeof(wide));
		return is_signed ? (float)(int16_t)wide : (float)wide;
	}
	if (bits == 8)
		return is_signed ? (float)(int8_t)row[i] : (float)row[i];
	/* The first number lies in the lowest bits. */
	return (float)((row[i * bits / 8] >> (i * bits % 8)) & ((1u << bits) - 1));
}

void fil_decode(const struct fil_form *form, const uint8_t *rows, size_t count, float *out)
{
	uint64_t channels = form->channels, row_bytes = fil_row_bytes(form);

	for (size_t k = 0; k < count; k++, rows += row_bytes)
		for (uint64_t i = 0; i < form->ifs; i++, out += channels)
			for (uint64_t c = 0; c < channels; c++) {
				uint64_t to = form->reversed ? channels - 1 - c : c;

				if (form->bits == 32)
					memcpy(&out[to], rows + 4 * (i * channels + c), 4);
				else
					out[to] = integer_at(rows, i * channels + c, form->bits,
						form->is_signed);
			}
}

static int32_t quantise(double value, int32_t low, int32_t high, struct fil_losses *losses)
{
	double rounded = nearbyint(value);

	if (isnan(value)) {
		losses->nans++;
		return 0;
	}
	if (rounded < low || rounded > high) {
		losses->clipped++;
		return rounded < low ? low : high;
	}
	losses->zeros += rounded == 0 && value != 0;
	return (int32_t)rounded;
}

void fil_encode(const struct fil_form *form, const float *rows, size_t count, double scale,
	uint8_t *out, struct fil_losses *losses)
{
	uint64_t channels = form->channels;
	unsigned bytes = form->bits / 8;
	int32_t high = bytes < 4 ? (INT32_C(1) << (form->bits - form->is_signed)) - 1 : 0;
	int32_t low = form->is_signed ? -high - 1 : 0;

	for (uint64_t n = count * form->ifs; n > 0; n--, rows += channels)
		for (uint64_t c = 0; c < channels; c++, out += bytes) {
			const float *from = &rows[form->reversed ? channels - 1 - c : c];
			float scaled = (float)(*from * scale);
			int32_t integer;

			if (bytes == 4) {
				memcpy(out, scale == 1 ? from : &scaled, 4);
				continue;
			}
			integer = quantise(*from * scale, low, high, losses);
			memcpy(out, &integer, bytes);
		}
}

/* Goes through the continued fraction of m / 2^k until a convergent is as good as the number. */
static bool convergent(double value, uint64_t m, unsigned k, uint64_t *num, uint64_t *den)
{
	unsigned __int128 a = m, b = (unsigned __int128)1 << k;
	uint64_t p = 1, q = 0, p_before = 0, q_before = 1;

	while (b > 0) {
		unsigned __int128 whole = a / b, rest = a % b;
		unsigned __int128 p_next = whole * p + p_before, q_next = whole * q + q_before;

		if (p_next >> 53 || q_next >> 53)
			return false;
		p_before = p, q_before = q;
		p = (uint64_t)p_next, q = (uint64_t)q_next;
		if (p > 0 && (double)p / (double)q == value) {
			*num = p;
			*den = q;
			return true;
		}
		a = b, b = rest;
	}
	return false;
}

bool fil_rate(double tsamp_s, struct rate *rate)
{
	int exponent;
	double mantissa;

	if (!(tsamp_s >= 1e-12 && tsamp_s <= 1e9))
		return false;
	/* tsamp = mantissa 2^53 / 2^(53 - exponent), which is less than 2^(53 + 40) */
	mantissa = frexp(tsamp_s, &exponent);
	return convergent(tsamp_s, (uint64_t)ldexp(mantissa, 53), (unsigned)(53 - exponent),
		&rate->den, &rate->num);
}

bool fil_time(double mjd, struct utc *t)
{
	double day = floor(mjd);
	int64_t ns;

	if (!(mjd >= 1 && mjd <= 2.9e6))
		return false;
	ns = (int64_t)roundl((long double)(mjd - day) * DAY_S * 1000000000);
	t->sec = ((int64_t)day - MJD_OF_1970) * DAY_S + ns / 1000000000;
	t->nsec = (int32_t)(ns % 1000000000);
	return true;
}

double fil_mjd(struct utc t)
{
	int64_t day = t.sec / DAY_S - (t.sec % DAY_S < 0);
	long double s = (long double)(t.sec - day * DAY_S) + (long double)t.nsec / 1000000000;

	return (double)((long double)(day + MJD_OF_1970) + s / DAY_S);
}
