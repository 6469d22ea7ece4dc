/* SPDX-License-Identifier: ISC */
#include "base/utc.h"

#include <stdio.h>
#include <string.h>

#define NS 1000000000

typedef __int128 wide;

static int64_t saturate(wide v)
{
	if (v > INT64_MAX)
		return INT64_MAX;
	if (v < INT64_MIN)
		return INT64_MIN;
	return (int64_t)v;
}

static wide floor_div(wide a, wide b)
{
	wide q = a / b;

	return q * b > a ? q - 1 : q;
}

/* Days since 1970-01-01 of a civil date; the calendar of 400 years, March first. */
static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, year_of_era, day_of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year - 719468;
}

static void civil_of(int64_t days, int64_t *y, int *m, int *d)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, e = z - era * 146097;
	int64_t year_of_era = (e - e / 1460 + e / 36524 - e / 146096) / 365;
	int64_t day_of_year = e - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (int)((5 * day_of_year + 2) / 153);

	*d = (int)(day_of_year - (153 * month + 2) / 5) + 1;
	*m = month < 10 ? month + 3 : month - 9;
	*y = year_of_era + era * 400 + (*m <= 2);
}

/* Reads exactly n digits; -1 if they are not there. */
static int digits(const char **p, int n)
{
	int v = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static bool expect(const char **p, char c)
{
	return **p == c && (*p)++;
}

bool utc_parse(const char *text, struct utc *t)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *p = text;
	int y, mo, d, h = 0, mi = 0, s = 0;
	int32_t nsec = 0;
	bool seconds;

	if ((y = digits(&p, 4)) < 0 || !expect(&p, '-') || (mo = digits(&p, 2)) < 1 || mo > 12 ||
		!expect(&p, '-') || (d = digits(&p, 2)) < 1 || d > month_days[mo - 1])
		return false;
	if (mo == 2 && d == 29 && (y % 4 != 0 || (y % 100 == 0 && y % 400 != 0)))
		return false;
	if (*p == 'T' || *p == ' ') {
		p++;
		if ((h = digits(&p, 2)) < 0 || h > 23 || !expect(&p, ':') ||
			(mi = digits(&p, 2)) < 0 || mi > 59)
			return false;
		seconds = expect(&p, ':');
		if (seconds && ((s = digits(&p, 2)) < 0 || s > 59))
			return false;
		if (seconds && expect(&p, '.')) {
			int32_t unit = NS / 10;

			if (*p < '0' || *p > '9')
				return false;
			for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
				nsec += (*p - '0') * unit;
		}
	}
	if (*p == 'Z')
		p++;
	if (*p)
		return false;
	t->sec = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	t->nsec = nsec;
	return true;
}

char *utc_format(char out[UTC_TEXT], struct utc t, int decimals)
{
	int64_t days = (int64_t)floor_div(t.sec, 86400), y;
	int rest = (int)(t.sec - (wide)days * 86400), m, d, n;
	char fraction[12];

	civil_of(days, &y, &m, &d);
	snprintf(fraction, sizeof(fraction), ".%09d", (int)t.nsec);
	if (decimals < 0) {
		for (decimals = 9; decimals > 0 && fraction[decimals] == '0'; decimals--)
			;
	}
	fraction[decimals > 0 ? decimals + 1 : 0] = '\0';
	n = snprintf(out, UTC_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ", (long long)y, m, d,
		rest / 3600, rest / 60 % 60, rest % 60, fraction);
	if (n >= UTC_TEXT)
		strcpy(out, "?");
	return out;
}

struct utc utc_after(struct utc t, int64_t index, struct rate rate)
{
	wide ticks = (wide)index * rate.den;
	wide sec = floor_div(ticks, rate.num);
	wide ns = ((ticks - sec * rate.num) * NS) / rate.num + t.nsec;

	if (ns >= NS)
		sec++, ns -= NS;
	return (struct utc){.sec = saturate(sec + t.sec), .nsec = (int32_t)ns};
}

int64_t utc_minus(struct utc a, struct utc b)
{
	return saturate(((wide)a.sec - b.sec) * NS + a.nsec - b.nsec);
}

/* (t - origin) * rate = *whole + the result / (rate.den * NS), which may be more than 1. */
static wide split_index(struct utc origin, struct utc t, struct rate rate, wide *whole)
{
	wide sec = (wide)t.sec - origin.sec, ns = (wide)t.nsec - origin.nsec;

	if (ns < 0)
		sec--, ns += NS;
	/* i = sec * num / den + ns * num / (den * NS); whole seconds first, to stay in 128 bits. */
	*whole = floor_div(sec * rate.num, rate.den);
	return (sec * rate.num - *whole * rate.den) * NS + ns * rate.num;
}

int64_t utc_index_ceil(struct utc origin, struct utc t, struct rate rate)
{
	wide whole, rest = split_index(origin, t, rate, &whole);

	return saturate(whole - floor_div(-rest, (wide)rate.den * NS));
}

int64_t utc_index_nearest(struct utc origin, struct utc t, struct rate rate, double *off)
{
	wide whole, rest = split_index(origin, t, rate, &whole), unit = (wide)rate.den * NS;
	wide more = floor_div(rest, unit);

	rest -= more * unit;
	if (rest >= unit - rest)
		more++, rest -= unit;
	if (off)
		*off = -(double)rest / (double)unit;
	return saturate(whole + more);
}

int64_t ns_to_samples(int64_t ns, struct rate rate)
{
	wide den = (wide)rate.den * NS, v = (wide)ns * rate.num;

	return saturate(v < 0 ? -((-v + den / 2) / den) : (v + den / 2) / den);
}

double samples_to_s(int64_t samples, struct rate rate)
{
	return (double)samples * (double)rate.den / (double)rate.num;
}
