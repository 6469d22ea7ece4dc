/* SPDX-License-Identifier: ISC */
#include "io/iq_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "base/num.h"

#define TYPE_TEXT 32
#define C(type) (DTYPE_##type | DTYPE_COMPLEX)

/* Names of types that others use, as words and as extensions. */
static const struct alias {
	const char *name;
	unsigned dtype;
} aliases[] = {
	{"cs8", C(I8)},
	{"cs16", C(I16)},
	{"cs32", C(I32)},
	{"cs64", C(I64)},
	{"sc8", C(I8)},
	{"sc16", C(I16)},
	{"sc32", C(I32)},
	{"c8", C(I8)},
	{"c16", C(I16)},
	{"c32", C(I32)},
	{"uc8", C(U8)},
	{"uc16", C(U16)},
	{"fc32", C(F32)},
	{"fc64", C(F64)},
	{"cfile", C(F32)},
	{"complex", C(F32)},
	{"complex16s", C(I8)},
	{"complex16u", C(U8)},
	{"complex32s", C(I16)},
	{"complex32u", C(U16)},
	{"s8", DTYPE_I8},
	{"s16", DTYPE_I16},
	{"s32", DTYPE_I32},
	{"s64", DTYPE_I64},
	{"ru8", DTYPE_U8},
	{"ri8", DTYPE_I8},
	{"ru16", DTYPE_U16},
	{"ri16", DTYPE_I16},
	{"ru32", DTYPE_U32},
	{"ri32", DTYPE_I32},
	{"rf32", DTYPE_F32},
	{"rf64", DTYPE_F64},
};

/*
 * Forms of names, in order; what an earlier one has told, a later one does not change. Letters
 * stand for themselves, whatever their case, * for anything, and
 *
 *   %Y %m %d %H %M %S %b   parts of a time: four digits, two digits, Jan to Dec
 *   %f                     digits of a fraction of a second
 *   %c %r                  plain numbers: frequency in Hz, rate in samples/s
 *   %C %R                  the same with their unit: 7100kHz, 2.4Msps, 250kS/s
 *   %U                     a frequency with _ for the decimal point: 433_92MHz
 *   %K %k %q               short: 433.92M (frequency), 250k or 1M (rate), 250k (rate)
 *
 * A number neither begins nor ends amid letters and digits.
 */
static const struct form {
	const char *text;
	unsigned dtype; /* that it implies, 0 = none */
	bool local;	/* the time is of an unknown zone */
} forms[] = {
	/* gqrx: IQ, then audio */
	{"gqrx_%Y%m%d_%H%M%S_%c_%r_fc*", C(F32), false},
	{"gqrx_%Y%m%d_%H%M%S_%c.*", 0, false},
	/* kiwirecorder */
	{"%Y%m%dT%H%M%SZ_%c_*", 0, false},
	/* SatDump */
	{"%Y-%m-%d_%H-%M-%S_%R_%C.*", 0, false},
	{"%Y-%m-%d_%H-%M-%S-%f_%R_%C.*", 0, false},
	/* HDSDR, SDR#, SDRuno, Perseus, Studio1, Winrad, WebSDR, and who else says Z */
	{"*%Y%m%d_%H%M%SZ*", 0, false},
	{"*%Y%m%d_%H%M%S.%fZ*", 0, false},
	{"*%Y%m%dT%H%M%SZ*", 0, false},
	{"*%Y%m%d-%H%M%SZ*", 0, false},
	{"*%Y-%m-%dT%H_%M_%SZ*", 0, false},
	{"*%Y-%m-%dT%H-%M-%SZ*", 0, false},
	{"*%Y-%m-%dT%H:%M:%SZ*", 0, false},
	{"*%Y-%m-%d_%H-%M-%SZ*", 0, false},
	{"*%Y-%m-%dT%H_%M_%S.%fZ*", 0, false},
	{"*%Y-%m-%dT%H:%M:%S.%fZ*", 0, false},
	/* SDR++ */
	{"*%C_%H-%M-%S_%d-%m-%Y*", 0, true},
	/* URH */
	{"*-%Y%m%d_%H%M%S-%U-%R*", 0, true},
	/* SDRTrunk */
	{"%Y%m%d_%H%M%S_%c_*", 0, true},
	/* SDR Console */
	{"*%d-%b-%Y %H%M%S.%f %C*", 0, true},
	{"*%d-%b-%Y %H%M%S*", 0, true},
	/* SDRangel */
	{"*%Y-%m-%dT%H_%M_%S_%f*", 0, true},
	/* CubicSDR, and others that say no zone */
	{"*%Y-%m-%d_%H-%M-%S*", 0, true},
	{"*%Y-%m-%dT%H_%M_%S*", 0, true},
	{"*%Y%m%d_%H%M%S*", 0, true},
	{"*%Y%m%dT%H%M%S*", 0, true},
	{"*%Y%m%d-%H%M%S*", 0, true},
	/* quantities anywhere */
	{"*%C*", 0, false},
	{"*%R*", 0, false},
	/* rtl_433 */
	{"*%K_%k*", 0, false},
	{"*%K*", 0, false},
	{"*_%q*", 0, false},
};

/* What one form has found. */
struct found {
	int year, month, day, hour, minute, second;
	char fraction[16];
	char freq[NUMBER_TEXT], rate[NUMBER_TEXT];
};

static unsigned dtype_of(const char *name)
{
	int dtype = dtype_parse(name);

	if (dtype > 0)
		return (unsigned)dtype;
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (!strcmp(name, aliases[i].name))
			return aliases[i].dtype;
	return 0;
}

bool iq_type_parse(const char *text, struct iq_type *type)
{
	char name[TYPE_TEXT];
	size_t n = strlen(text);

	*type = (struct iq_type){0};
	if (n == 0 || n >= sizeof(name))
		return false;
	for (size_t i = 0; i <= n; i++)
		name[i] = (char)tolower((unsigned char)text[i]);
	type->dtype = dtype_of(name);
	if (type->dtype || n < 3 || (strcmp(name + n - 2, "le") && strcmp(name + n - 2, "be")))
		return type->dtype;
	type->big_endian = name[n - 2] == 'b';
	n -= 2;
	n -= name[n - 1] == '_';
	name[n] = '\0';
	type->dtype = dtype_of(name);
	return type->dtype;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether a number may begin at p: "x" of "@100MHz" and "_2M", not of "A100MHz" or "1.5". */
static bool may_begin(const char *p, const char *begin)
{
	return p == begin || !(isalnum((unsigned char)p[-1]) || p[-1] == '.') ||
	       (p[-1] == '.' && p - begin > 1 && !is_digit(p[-2]));
}

/* n digits that make a number of low … high; -1 if they do not. */
static int digits(const char *p, int n, int low, int high)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!is_digit(p[i]))
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v >= low && v <= high ? v : -1;
}

/* Reads a part of a time at p: its length, 0 if it is none. */
static size_t time_part(char code, const char *p, const char *begin, struct found *f)
{
	static const char months[][4] = {
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
	size_t n = 0;

	switch (code) {
	case 'Y':
		if (p > begin && is_digit(p[-1]))
			return 0;
		return (f->year = digits(p, 4, 1970, 2199)) < 0 ? 0 : 4;
	case 'm':
		return (f->month = digits(p, 2, 1, 12)) < 0 ? 0 : 2;
	case 'd':
		return (f->day = digits(p, 2, 1, 31)) < 0 ? 0 : 2;
	case 'H':
		return (f->hour = digits(p, 2, 0, 23)) < 0 ? 0 : 2;
	case 'M':
		return (f->minute = digits(p, 2, 0, 59)) < 0 ? 0 : 2;
	case 'S':
		if ((f->second = digits(p, 2, 0, 59)) < 0 || is_digit(p[2]))
			return 0;
		return 2;
	case 'b':
		for (int i = 0; i < 12; i++)
			if (!strncasecmp(p, months[i], 3)) {
				f->month = i + 1;
				return 3;
			}
		return 0;
	default: /* f */
		while (is_digit(p[n]) && n < 10)
			n++;
		if (n == 0 || n > 9)
			return 0;
		snprintf(f->fraction, sizeof(f->fraction), ".%.*s", (int)n, p);
		return n;
	}
}

/* The unit of a quantity at p, "Hz" or one of samples a second; its length, 0 if it is none. */
static size_t unit_length(char code, const char *p)
{
	static const char *const rates[] = {"sps", "s/s", "s_s", "samples"};

	if (code == 'C' || code == 'U')
		return strncasecmp(p, "hz", 2) ? 0 : 2;
	for (size_t i = 0; i < COUNT_OF(rates); i++)
		if (!strncasecmp(p, rates[i], strlen(rates[i])))
			return strlen(rates[i]);
	return 0;
}

/* Reads a quantity at p into out as parse_frequency() and parse_rate() take it: its length or 0. */
static size_t quantity(char code, const char *p, const char *begin, char out[NUMBER_TEXT])
{
	bool plain = code == 'c' || code == 'r', brief = code && strchr("Kkq", code);
	char point = code == 'U' ? '_' : '.', prefix = '\0';
	size_t n = 0, unit = 0;

	if (!may_begin(p, begin))
		return 0;
	while (is_digit(p[n]))
		n++;
	if (n == 0 || n > 20)
		return 0;
	if (!plain && p[n] == point && is_digit(p[n + 1]))
		for (n++; is_digit(p[n]) && n < 30;)
			n++;
	snprintf(out, NUMBER_TEXT, "%.*s", (int)n, p);
	if (code == 'U' && strchr(out, '_'))
		*strchr(out, '_') = '.';
	if (!plain && p[n] && strchr("kKMmG", p[n])) {
		/* nobody records at millihertz */
		prefix = p[n] == 'K' ? 'k' : p[n] == 'm' ? 'M' : p[n];
		n++;
	}
	if (prefix)
		snprintf(out + strlen(out), NUMBER_TEXT - strlen(out), "%c", prefix);
	if (code == 'K' && prefix != 'M' && prefix != 'G')
		return 0;
	if ((code == 'k' || code == 'q') && prefix != 'k' && (prefix != 'M' || code == 'q'))
		return 0;
	if (!plain && !brief && (unit = unit_length(code, p + n)) == 0)
		return 0;
	return isalnum((unsigned char)p[n + unit]) ? 0 : n + unit;
}

static bool matches(const char *form, const char *p, const char *begin, struct found *f)
{
	for (; *form; form++) {
		size_t n = 1;

		if (*form == '*') {
			if (!form[1])
				return true;
			do {
				if (matches(form + 1, p, begin, f))
					return true;
			} while (*p++);
			return false;
		}
		if (*form == '%') {
			char code = *++form;

			if (strchr("YmdHMSbf", code))
				n = time_part(code, p, begin, f);
			else
				n = quantity(
					code, p, begin, strchr("rRkq", code) ? f->rate : f->freq);
			if (n == 0)
				return false;
		} else if (tolower((unsigned char)*form) != tolower((unsigned char)*p)) {
			return false;
		}
		p += n;
	}
	return !*p;
}

static bool take_time(const struct form *form, const struct found *f, struct iq_name *out)
{
	char text[UTC_TEXT + 16];

	if (!f->year || out->has_time || out->local_time)
		return false;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%sZ", f->year, f->month, f->day,
		f->hour, f->minute, f->second, f->fraction);
	if (!utc_parse(text, &out->time))
		return false;
	out->has_time = !form->local;
	out->local_time = form->local;
	return true;
}

static void take(const struct form *form, const struct found *f, struct iq_name *out)
{
	bool told = take_time(form, f, out);

	if (*f->freq && !out->has_freq)
		told |= out->has_freq = parse_frequency(f->freq, &out->freq_hz);
	if (*f->rate && !out->has_rate)
		told |= out->has_rate = parse_rate(f->rate, &out->rate);
	if (form->dtype && !out->type.dtype) {
		out->type.dtype = form->dtype;
		told = true;
	}
	if (told && !out->form)
		out->form = form->text;
}

void iq_name_read(const char *name, struct iq_name *out)
{
	const char *dot = strrchr(name, '.');

	*out = (struct iq_name){0};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct found f = {0};

		if (matches(forms[i].text, name, name, &f))
			take(&forms[i], &f, out);
	}
	if (!out->type.dtype && dot)
		iq_type_parse(dot + 1, &out->type);
}
