/* SPDX-License-Identifier: ISC */
/* Times against libc's calendar and against the definitions, in 128 bits. */
#include "base/utc.h"

#include <math.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"

#define NS 1000000000

typedef __int128 wide;

static wide ns_of(struct utc t)
{
	return (wide)t.sec * NS + t.nsec;
}

static void calendar(void)
{
	int64_t first = -62167219200, last = 253402300799; /* years 0 to 9999 */
	int parsed = 0, formatted = 0;
	char text[UTC_TEXT], truth[80];

	for (int i = 0; i < 50000; i++) {
		time_t sec = first + (time_t)below((uint64_t)(last - first + 1));
		struct utc t = {.sec = sec, .nsec = (int32_t)below(NS)}, back;
		struct tm tm;

		gmtime_r(&sec, &tm);
		snprintf(truth, sizeof(truth), "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			tm.tm_sec, (int)t.nsec);
		formatted += strcmp(utc_format(text, t, 9), truth) != 0;
		parsed += !utc_parse(truth, &back) || ns_of(back) != ns_of(t);
		parsed += !utc_parse(utc_format(text, t, -1), &back) || ns_of(back) != ns_of(t);
	}
	check(!formatted, "50000 random times are written as gmtime_r says");
	check(!parsed, "and read back");
}

static void words(void)
{
	static const char *const right[] = {"1970-01-01T00:00:00Z", "1970-01-01 00:00:00",
		"1970-01-01", "1970-01-01T00:00", "1970-01-01T00:00:00.000000000000Z"};
	static const char *const wrong[] = {"", "1970", "1970-01", "1970-1-1", "1970-13-01",
		"1970-00-10", "1970-02-29", "1900-02-29", "1970-04-31", "1970-01-01T24:00:00",
		"1970-01-01T00:60:00", "1970-01-01T00:00:60", "1970-01-01T00:00:00.",
		"1970-01-01T00:00:00+01", "1970-01-01T00:00:00ZZ", "1970-01-01T", "1970-01-01T00",
		"-1970-01-01", "1970-01-01T00:00.5", " 1970-01-01", "1970-01-01T00:00:00.5.5"};
	struct utc t;
	char text[UTC_TEXT];

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(utc_parse(right[i], &t) && t.sec == 0 && t.nsec == 0, "reads '%s'", right[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!utc_parse(wrong[i], &t), "refuses '%s'", wrong[i]);
	check(utc_parse("2000-02-29", &t) && t.sec == 951782400, "2000 was a leap year");
	check(utc_parse("2024-06-27T14:49:00.25Z", &t) && t.sec == 1719499740 &&
			t.nsec == 250000000,
		"2024-06-27T14:49:00.25Z is 1719499740.25, as date -u says");
	check(!strcmp(utc_format(text, t, 0), "2024-06-27T14:49:00Z") &&
			!strcmp(utc_format(text, t, -1), "2024-06-27T14:49:00.25Z") &&
			!strcmp(utc_format(text, t, 3), "2024-06-27T14:49:00.250Z"),
		"decimals as asked for");
	t = (struct utc){.sec = INT64_MIN};
	check(strlen(utc_format(text, t, 9)) < UTC_TEXT, "the earliest time does not overrun");
}

static void samples(void)
{
	int after = 0, ceiling = 0, rounding = 0, nearest = 0;

	for (int i = 0; i < 100000; i++) {
		struct rate r = {random_bits(40) + 1, random_bits(12) + 1};
		struct utc origin = {.sec = (int64_t)random_bits(34), .nsec = (int32_t)below(NS)};
		int64_t index = (int64_t)random_bits(50) * (below(2) ? 1 : -1), back;
		struct utc t = utc_after(origin, index, r), later = t;
		wide ns = ns_of(t) - ns_of(origin);

		/* floor(index * den / num) in ns: ns <= exact < ns + 1, times num. */
		after += ns * r.num > (wide)index * r.den * NS ||
			 (ns + 1) * r.num <= (wide)index * r.den * NS;
		after += t.nsec < 0 || t.nsec >= NS;
		/* The smallest index whose exact time is not before a given one. */
		later.sec += (int64_t)below(1000);
		back = utc_index_ceil(origin, later, r);
		ns = ns_of(later) - ns_of(origin);
		ceiling += (wide)back * r.den * NS < ns * r.num ||
			   (wide)(back - 1) * r.den * NS >= ns * r.num;
		/* |2 samples * den * NS - 2 ns * num| <= den * NS */
		double off;
		back = utc_index_nearest(origin, later, r, &off);
		wide error = 2 * ((wide)back * r.den * NS - ns * r.num);

		nearest += error > (wide)r.den * NS || error <= -(wide)r.den * NS ||
			   (error == 0) != (off == 0) ||
			   fabs(off - (double)error / 2 / ((double)r.den * NS)) > 1e-9;
		back = ns_to_samples((int64_t)ns, r);
		error = 2 * ((wide)back * r.den * NS - ns * r.num);
		if (ns <= INT64_MAX && ns >= INT64_MIN)
			rounding += error > (wide)r.den * NS || error < -(wide)r.den * NS;
	}
	check(!after, "utc_after is the floor, 100000 random indices and rates");
	check(!ceiling, "utc_index_ceil is the least index not before");
	check(!nearest, "utc_index_nearest is the nearest index, and tells how far off it is");
	check(!rounding, "ns_to_samples is the nearest sample");
}

static void extremes(void)
{
	struct rate r = {100000, 3};
	struct utc zero = {0}, t = utc_after(zero, 1000000000000000, r);

	check(t.sec == 30000000000 && t.nsec == 0,
		"10^15 samples at 100000/3 per second are 3 * 10^10 s");
	check(utc_index_ceil(zero, t, r) == 1000000000000000, "and back");
	check(utc_index_ceil(zero, utc_after(zero, 1000000000000001, r), r) == 1000000000000001,
		"and the next sample");
	t = utc_after(zero, INT64_MIN, (struct rate){1, INT64_MAX});
	check(t.sec == INT64_MIN, "utc_after saturates");
	check(ns_to_samples(INT64_MAX, (struct rate){INT64_MAX, 1}) == INT64_MAX &&
			ns_to_samples(INT64_MIN, (struct rate){INT64_MAX, 1}) == INT64_MIN,
		"ns_to_samples saturates");
	check(utc_minus((struct utc){INT64_MAX, 0}, (struct utc){INT64_MIN, 0}) == INT64_MAX,
		"utc_minus saturates");
	check(ns_to_samples(-1500000000, (struct rate){1, 1}) == -2 &&
			ns_to_samples(1500000000, (struct rate){1, 1}) == 2,
		"halves go away from 0");
	check(fabs(samples_to_s(100000, r) - 3) < 1e-12, "samples_to_s");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	calendar();
	words();
	samples();
	extremes();
	return done();
}
