/* SPDX-License-Identifier: ISC */
/* Numbers as text: tables of right and wrong words, and properties of random ones. */
#include "base/num.h"

#include <math.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"

static void integers(void)
{
	static const struct {
		const char *text;
		int64_t v;
	} right[] = {{"0", 0}, {"-1", -1}, {"007", 7}, {"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN}};
	static const char *const wrong[] = {"", "-", "1.0", "1e3", "0x10", " 1", "1 ", "1k",
		"9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999999999999999999"};
	uint64_t u;
	int64_t v;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parse_i64(right[i].text, &v) && v == right[i].v, "parse_i64 '%s'",
			right[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parse_i64(wrong[i], &v), "parse_i64 refuses '%s'", wrong[i]);
	check(parse_u64("18446744073709551615", &u) && u == UINT64_MAX,
		"parse_u64 of the greatest");
	check(!parse_u64("18446744073709551616", &u) && !parse_u64("-1", &u) &&
			!parse_u64("+1", &u),
		"parse_u64 refuses what does not fit and signs");
}

static void counts(void)
{
	static const struct {
		const char *text;
		int64_t v;
	} right[] = {{"64Ki", 65536}, {"1.5M", 1500000}, {"1k", 1000}, {"2G", 2000000000},
		{"1e6", 1000000}, {"-3Mi", -3145728}, {"1T", 1000000000000}, {"0.5Ki", 512},
		{"2500e-2", 25}};
	static const char *const wrong[] = {"", "1.5", "k", "1K", "1 k", "1kk", "0.3k1",
		"9223372036854775808", "10000000000G", "1e", "1e99", "--1", "nan", "inf"};
	int64_t v;
	double d;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parse_count(right[i].text, &v) && v == right[i].v, "parse_count '%s'",
			right[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parse_count(wrong[i], &v), "parse_count refuses '%s'", wrong[i]);
	check(parse_real("-1.5k", &d) && d == -1500, "parse_real -1.5k");
	check(parse_real(".5", &d) && d == .5, "parse_real .5");
	check(!parse_real("1e999", &d) && !parse_real("nan", &d) && !parse_real("0x1p3", &d) &&
			!parse_real("1e308T", &d),
		"parse_real refuses nan, hex and what overflows");
	check(parse_f64("nan", true, &d) && isnan(d) && !parse_f64("nan", false, &d),
		"nan only if asked");
	check(parse_f64("-inf", true, &d) && d == -INFINITY, "-inf");
	check(!parse_f64("infinity", true, &d) && !parse_f64("1 ", false, &d) &&
			!parse_f64("", true, &d),
		"parse_f64 refuses other words");
	check(parse_frequency("1420.4MHz", &d) && d == 1420.4e6, "parse_frequency 1420.4MHz");
	check(parse_frequency("-125k", &d) && d == -125000, "parse_frequency -125k");
	check(parse_frequency("3Hz", &d) && d == 3, "parse_frequency 3Hz");
	check(!parse_frequency("1KiHz", &d) && !parse_frequency("Hz", &d) &&
			!parse_frequency("1mHz", &d),
		"parse_frequency refuses KiHz, Hz alone and mHz");
}

static void durations(void)
{
	static const struct {
		const char *text;
		int64_t ns;
	} right[] = {{"1", 1000000000}, {"1.5s", 1500000000}, {"100ms", 100000000}, {"1us", 1000},
		{"7ns", 7}, {"2min", 120000000000}, {"1h", 3600000000000}, {"1d", 86400000000000},
		{"0.1", 100000000}, {"-2s", -2000000000}, {"0.0000000005", 1}, {"0.0000000004", 0},
		{"106751.99116730064d", 9223372036854775296}};
	static const char *const wrong[] = {"", "s", "1m", "1 s", "1sec", "106752d", "1e30d"};
	int64_t ns;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parse_duration(right[i].text, &ns) && ns == right[i].ns,
			"parse_duration '%s'", right[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parse_duration(wrong[i], &ns), "parse_duration refuses '%s'", wrong[i]);
}

static void rates(void)
{
	static const struct {
		const char *text;
		uint64_t num, den;
	} right[] = {{"100000/3", 100000, 3}, {"2.5M", 2500000, 1}, {"48k", 48000, 1},
		{"10MHz", 10000000, 1}, {"44.1kHz", 44100, 1}, {"6/4", 3, 2}, {"0.5", 1, 2},
		{"1.5/3", 1, 2}, {"1e-3", 1, 1000}, {"0.001k", 1, 1}, {"1/1k", 1, 1000}};
	static const char *const wrong[] = {"", "0", "-1", "1/0", "1/", "/3", "1/-3", "1/1.5", "a",
		"1/2/3", "99999999999999999999"};
	struct rate r;
	int bad = 0;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parse_rate(right[i].text, &r) && r.num == right[i].num &&
				r.den == right[i].den,
			"parse_rate '%s'", right[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parse_rate(wrong[i], &r), "parse_rate refuses '%s'", wrong[i]);
	for (int i = 0; i < 20000; i++) {
		uint64_t num = random_bits(62) + 1, den = random_bits(62) + 1;
		char text[64];

		snprintf(text, sizeof(text), "%llu/%llu", (unsigned long long)num,
			(unsigned long long)den);
		bad += !parse_rate(text, &r) || (__int128)r.num * den != (__int128)num * r.den;
	}
	check(!bad, "20000 random fractions are exact");
}

static int digits_of(const char *text)
{
	int n = 0;

	for (const char *p = text; *p && *p != 'e'; p++)
		n += *p >= '0' && *p <= '9';
	return n;
}

/* By the definition: the fewest digits of printf that strtof reads back. */
static const char *plain_f32(char out[NUMBER_TEXT], float v)
{
	for (int n = 1; n <= 9; n++) {
		snprintf(out, NUMBER_TEXT, "%.*g", n, (double)v);
		if (strtof(out, NULL) == v)
			break;
	}
	if (strchr(out, 'e') && v == floorf(v) && fabsf(v) < 1e15f)
		snprintf(out, NUMBER_TEXT, "%.0f", (double)v);
	return out;
}

static void shortest(void)
{
	int unread = 0, too_long = 0, unread_f32 = 0, unequal_f32 = 0, refused = 0;
	char text[NUMBER_TEXT], shorter[NUMBER_TEXT], plain[NUMBER_TEXT];

	for (int i = 0; i < 100000; i++) {
		uint64_t bits = random64();
		double v, back;
		float f;
		int n;

		memcpy(&v, &bits, 8);
		memcpy(&f, &bits, 4);
		if (i % 3 == 1) /* sizes that people meet */
			f = ldexpf((float)(bits >> 40) / 0x1p24f, (int)(bits % 60) - 30);
		if (i % 3 == 2)
			f = (float)((double)(bits % 10000000) / 1000);
		if (i % 3 == 0)
			v = (double)(int64_t)random_bits(40) / (double)(1 + below(1000));
		if (!isfinite(v) || !isfinite(f))
			continue;
		format_f64(text, v);
		refused += !parse_f64(text, false, &back);
		unread += strtod(text, NULL) != v;
		n = digits_of(text);
		if (n > 1 && strchr(text, 'e')) {
			snprintf(shorter, sizeof(shorter), "%.*e", n - 2, v);
			too_long += strtod(shorter, NULL) == v;
		}
		unread_f32 += strtof(format_f32(text, f), NULL) != f;
		unequal_f32 += strcmp(text, plain_f32(plain, f)) != 0;
	}
	check(!unread, "100000 random doubles read back equal");
	check(!refused, "and parse_f64 takes what format_f64 writes");
	check(!too_long, "and no shorter text would do");
	check(!unread_f32, "random floats read back equal");
	check(!unequal_f32, "and are written as printf does in as few digits");
	check(!strcmp(format_f64(text, 0.1), "0.1") && !strcmp(format_f64(text, 1e22), "1e+22") &&
			!strcmp(format_f64(text, 1024e6), "1024000000") &&
			!strcmp(format_f64(text, -2.5), "-2.5") &&
			!strcmp(format_f32(text, 0.1f), "0.1"),
		"known ones are written as people would");
	check(!strcmp(format_f64(text, NAN), "nan") && !strcmp(format_f64(text, -INFINITY), "-inf"),
		"nan and -inf");
	check(!strcmp(format_bytes(text, 1023), "1023 B") &&
			!strcmp(format_bytes(text, 1536), "1.5 KiB") &&
			!strcmp(format_bytes(text, UINT64_MAX), "16384.0 PiB"),
		"bytes for people");
}

static void spans(void)
{
	static const struct {
		const char *text;
		int64_t first, end;
	} right[] = {{"3:7", 3, 7}, {":", 0, INT64_MAX}, {"3:", 3, INT64_MAX}, {":7", 0, 7},
		{"5:5", 5, 5}};
	static const char *const wrong[] = {"", "3", "7:3", "-1:2", "a:b", "1:2:3", " :3", "1:-1",
		"111111111111111111111111111111111111:2"};
	int64_t first, end;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parse_span(right[i].text, &first, &end) && first == right[i].first &&
				end == right[i].end,
			"parse_span '%s'", right[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parse_span(wrong[i], &first, &end), "parse_span refuses '%s'", wrong[i]);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	integers();
	counts();
	durations();
	rates();
	shortest();
	spans();
	return done();
}
