/* SPDX-License-Identifier: ISC */
#include "base/num.h"

#include <ctype.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

/* A decimal number as mantissa / 10^decimals * multiplier: exact until it must be rounded. */
struct decimal {
	bool negative;
	wide mantissa;
	unsigned decimals;
	const char *rest; /* what follows the number */
};

static const struct {
	const char *text;
	uint64_t factor;
} multipliers[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {"T", 1000000000000},
	{"Ki", 1ULL << 10}, {"Mi", 1ULL << 20}, {"Gi", 1ULL << 30}, {"Ti", 1ULL << 40}};

static const struct {
	const char *text;
	uint64_t ns;
} durations[] = {{"", 1000000000}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000},
	{"min", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};

/* Digits with one point and an optional exponent; at most 36 digits. */
static bool read_decimal(const char *text, struct decimal *d)
{
	const char *p = text;
	int digits = 0;
	bool any = false, point = false;

	*d = (struct decimal){0};
	if (*p == '+' || *p == '-')
		d->negative = *p++ == '-';
	for (;; p++) {
		if (*p == '.' && !point) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)*p))
			break;
		any = true;
		if (d->mantissa > 0 && ++digits > 36)
			return false;
		d->mantissa = d->mantissa * 10 + (unsigned)(*p - '0');
		d->decimals += point;
	}
	if (!any || d->decimals > 36)
		return false;
	if ((*p == 'e' || *p == 'E') && (isdigit((unsigned char)p[1]) ||
		((p[1] == '+' || p[1] == '-') && isdigit((unsigned char)p[2])))) {
		char *end;
		long e = strtol(p + 1, &end, 10);

		if (e > 30 || e < -30)
			return false;
		p = end;
		if (e < 0)
			d->decimals += (unsigned)-e;
		for (; e > 0; e--) {
			if (d->decimals > 0)
				d->decimals--;
			else if (d->mantissa > (wide)-1 / 10)
				return false;
			else
				d->mantissa *= 10;
		}
	}
	d->rest = p;
	return true;
}

static bool multiply(struct decimal *d, uint64_t factor)
{
	return !__builtin_mul_overflow(d->mantissa, (wide)factor, &d->mantissa);
}

/* The whole number d stands for; false if it is none or does not fit an i64. */
static bool to_i64(struct decimal d, bool round, int64_t *v)
{
	for (; d.decimals > 0; d.decimals--) {
		unsigned last = (unsigned)(d.mantissa % 10);

		if (last != 0 && !round)
			return false;
		d.mantissa = d.mantissa / 10 + (d.decimals == 1 && last >= 5);
	}
	if (d.mantissa > (wide)INT64_MAX + d.negative)
		return false;
	*v = (int64_t)(d.negative ? -(uint64_t)d.mantissa : (uint64_t)d.mantissa);
	return true;
}

static bool multiplier(const char *text, uint64_t *factor)
{
	for (size_t i = 0; i < sizeof(multipliers) / sizeof(multipliers[0]); i++)
		if (!strcmp(text, multipliers[i].text)) {
			*factor = multipliers[i].factor;
			return true;
		}
	return false;
}

bool parse_i64(const char *text, int64_t *v)
{
	struct decimal d;

	return read_decimal(text, &d) && !*d.rest && !strpbrk(text, ".eE") && to_i64(d, false, v);
}

bool parse_u64(const char *text, uint64_t *v)
{
	struct decimal d;

	if (!isdigit((unsigned char)*text) || !read_decimal(text, &d) || *d.rest ||
		strpbrk(text, ".eE") || d.mantissa > UINT64_MAX)
		return false;
	*v = (uint64_t)d.mantissa;
	return true;
}

/* strtod in the C locale: the environment's is never set by leat. */
static bool read_f64(const char *text, const char **rest, double *v)
{
	char *end;

	if (!isdigit((unsigned char)text[strspn(text, "+-.")]) || strspn(text, "+-") > 1 ||
		!strncasecmp(text + strspn(text, "+-"), "0x", 2))
		return false;
	*v = strtod(text, &end);
	*rest = end;
	return end != text && isfinite(*v);
}

bool parse_f64(const char *text, bool special, double *v)
{
	const char *rest;

	if (special && (!strcmp(text, "nan") || !strcmp(text, "inf") || !strcmp(text, "-inf"))) {
		*v = *text == 'n' ? NAN : *text == 'i' ? INFINITY : -INFINITY;
		return true;
	}
	return read_f64(text, &rest, v) && !*rest;
}

bool parse_count(const char *text, int64_t *v)
{
	struct decimal d;
	uint64_t factor;

	return read_decimal(text, &d) && multiplier(d.rest, &factor) && multiply(&d, factor) &&
		to_i64(d, false, v);
}

bool parse_real(const char *text, double *v)
{
	const char *rest;
	uint64_t factor;

	if (!read_f64(text, &rest, v) || !multiplier(rest, &factor))
		return false;
	*v *= (double)factor;
	return isfinite(*v);
}

/* The text less a unit "Hz" at its end, in out. */
static bool without_hz(const char *text, char out[64])
{
	size_t n = strlen(text);

	if (n >= 64)
		return false;
	if (n > 2 && !strcmp(text + n - 2, "Hz"))
		n -= 2;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

bool parse_frequency(const char *text, double *hz)
{
	char number[64];

	return without_hz(text, number) && !strchr(number, 'i') && parse_real(number, hz);
}

bool parse_duration(const char *text, int64_t *ns)
{
	struct decimal d;

	if (!read_decimal(text, &d))
		return false;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		if (!strcmp(d.rest, durations[i].text))
			return multiply(&d, durations[i].ns) && to_i64(d, true, ns);
	return false;
}

bool parse_span(const char *text, int64_t *first, int64_t *end)
{
	const char *colon = strchr(text, ':');
	char number[32] = "0";

	*end = INT64_MAX;
	if (!colon || colon - text >= (long)sizeof(number))
		return false;
	if (colon > text) {
		memcpy(number, text, (size_t)(colon - text));
		number[colon - text] = '\0';
	}
	return parse_i64(number, first) && *first >= 0 &&
	       (!colon[1] || (parse_i64(colon + 1, end) && *end >= *first));
}

uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* d as num/den; a rate needs at most 18 decimals. */
static bool to_ratio(struct decimal d, uint64_t *num, uint64_t *den)
{
	*den = 1;
	while (d.decimals > 0 && d.mantissa % 10 == 0)
		d.mantissa /= 10, d.decimals--;
	if (d.negative || d.decimals > 18 || d.mantissa > INT64_MAX)
		return false;
	for (; d.decimals > 0; d.decimals--)
		*den *= 10;
	*num = (uint64_t)d.mantissa;
	return true;
}

bool parse_rate(const char *text, struct rate *rate)
{
	char number[64], *slash;
	struct decimal d;
	uint64_t factor, num, den, over = 1, common;
	int64_t divisor = 1;

	if (!without_hz(text, number))
		return false;
	if ((slash = strchr(number, '/'))) {
		*slash = '\0';
		if (!parse_count(slash + 1, &divisor) || divisor <= 0)
			return false;
	}
	if (!read_decimal(number, &d) || !multiplier(d.rest, &factor) || !multiply(&d, factor) ||
		!to_ratio(d, &num, &den) || num == 0)
		return false;
	common = common_divisor(num, (uint64_t)divisor);
	num /= common;
	over = (uint64_t)divisor / common;
	common = common_divisor(num, den);
	num /= common;
	den /= common;
	if (__builtin_mul_overflow(den, over, &den) || den > INT64_MAX)
		return false;
	rate->num = num;
	rate->den = den;
	return true;
}

/*
 * The fewest digits that read back equal. A number of up to FLT_DIG (DBL_DIG) digits survives the
 * way through the type, so fewer need not be tried; those below the normal range are another case.
 */
static char *shortest(char out[NUMBER_TEXT], double v, int digits_max, bool single)
{
	int digits = single ? FLT_DIG : DBL_DIG;

	if (fabs(v) < (single ? (double)FLT_MIN : DBL_MIN))
		digits = 1;
	if (isnan(v))
		return strcpy(out, "nan");
	if (isinf(v))
		return strcpy(out, v > 0 ? "inf" : "-inf");
	for (; digits <= digits_max; digits++) {
		snprintf(out, NUMBER_TEXT, "%.*g", digits, v);
		if (single ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
			break;
	}
	/* Whole numbers people know as such are not written with an exponent. */
	if (strchr(out, 'e') && v == floor(v) && fabs(v) < 1e15)
		snprintf(out, NUMBER_TEXT, "%.0f", v);
	return out;
}

/* Those a double holds exactly. */
static const double powers_of_10[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double times_10(double v, int exponent)
{
	return exponent >= 0 ? v * powers_of_10[exponent] : v / powers_of_10[-exponent];
}

/*
 * Writes whole * 10^(exponent - digits + 1) as printf's %g does; 10^exponent is the first digit's,
 * exponent -99 to digits - 1.
 */
static void write_digits(char *out, bool negative, uint64_t whole, int digits, int exponent)
{
	char text[24];

	for (int i = digits - 1; i >= 0; i--, whole /= 10)
		text[i] = (char)('0' + whole % 10);
	while (digits > 1 && text[digits - 1] == '0')
		digits--;
	if (negative)
		*out++ = '-';
	if (exponent < -4) {
		*out++ = text[0];
		if (digits > 1)
			*out++ = '.';
		memcpy(out, text + 1, (size_t)digits - 1);
		out += digits - 1;
		memcpy(out, (char[]){'e', '-', (char)('0' - exponent / 10), (char)('0' - exponent % 10), 0},
			5);
		return;
	}
	if (exponent < 0) {
		memcpy(out, "0.000", 5);
		out += 1 - exponent;
	}
	for (int i = 0; i < digits || i <= exponent; i++) {
		*out++ = i < digits ? text[i] : '0';
		if (i == exponent && digits > i + 1)
			*out++ = '.';
	}
	*out = '\0';
}

/*
 * What shortest() finds, ten times as fast: the digits of a float are found and read back in
 * double, which is exact enough unless a value lies next to the middle between two others. False
 * there, and for numbers of other sizes and forms.
 */
static bool quick_f32(char out[NUMBER_TEXT], float v)
{
	double a = fabs((double)v), half, whole = 0;
	int exponent, digits, binary;

	if (!(a >= 1e-12 && a < 1e12) || frexp(a, &binary) == 0.5)
		return false;
	half = ldexp(1, binary - 1 - FLT_MANT_DIG); /* of the distance to its neighbours */
	exponent = (binary - 1) * 1233 >> 12; /* log10(2) */
	exponent += times_10(a, 8 - exponent) >= 1e9;
	exponent -= times_10(a, 8 - exponent) < 1e8;
	for (digits = FLT_DIG; digits <= 9; digits++) {
		double scaled = times_10(a, digits - 1 - exponent), off;

		whole = nearbyint(scaled);
		off = fabs(times_10(whole, exponent - digits + 1) - a);
		if (fabs(fabs(scaled - whole) - 0.5) < 1e-6 || fabs(off / half - 1) < 1e-6)
			return false;
		if (off < half)
			break;
	}
	if (whole == powers_of_10[digits]) {
		whole /= 10;
		exponent++;
	}
	if (digits > 9 || exponent >= digits)
		return false;
	write_digits(out, v < 0, (uint64_t)whole, digits, exponent);
	return true;
}

char *format_f64(char out[NUMBER_TEXT], double v)
{
	return shortest(out, v, 17, false);
}

char *format_f32(char out[NUMBER_TEXT], float v)
{
	if (quick_f32(out, v))
		return out;
	return shortest(out, (double)v, 9, true);
}

char *format_bytes(char out[NUMBER_TEXT], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		v /= 1024;
	snprintf(out, NUMBER_TEXT, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return out;
}
