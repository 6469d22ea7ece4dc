/* SPDX-License-Identifier: ISC */
/* Rates and times of filterbanks are exact, headers are read however they are cut, numbers fit. */
#include "io/fil.h"

#include <math.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "base/num.h"

static void rates(void)
{
	int wrong = 0, unequal = 0;
	struct rate rate;

	for (int i = 0; i < 20000; i++) {
		uint64_t p = 1 + below(1000000), q = 1 + below(1000000);
		uint64_t common = common_divisor(p, q);
		double tsamp = (double)p / (double)q;

		wrong += !fil_rate(tsamp, &rate) || rate.den != p / common ||
			rate.num != q / common;
		tsamp = ldexp(1 + (double)(random64() >> 11) / 0x1p53, (int)below(65) - 38);
		unequal += !fil_rate(tsamp, &rate) || (double)rate.den / (double)rate.num != tsamp;
	}
	check(!wrong, "the inverse of a quotient of numbers up to 10^6 is found");
	check(!unequal, "that of any tsamp gives it back to the last bit");
	check(!fil_rate(0, &rate) && !fil_rate(-1, &rate) && !fil_rate(NAN, &rate) &&
			!fil_rate(INFINITY, &rate) && !fil_rate(1e-13, &rate) && !fil_rate(2e9, &rate),
		"what is no time of a sample is refused");
}

static void times(void)
{
	int wrong = 0;
	struct utc t;

	for (int i = 0; i < 20000; i++) {
		double mjd = 32768 + ldexp((double)below(UINT64_C(1) << 52), -37);

		wrong += !fil_time(mjd, &t) || fil_mjd(t) != mjd;
	}
	check(!wrong, "an MJD of these centuries survives, to the last bit");
	check(fil_time(40587, &t) && t.sec == 0 && t.nsec == 0, "40587 is 1970");
	check(fil_time(40586.5, &t) && t.sec == -43200 && t.nsec == 0 && fil_mjd(t) == 40586.5,
		"and half a day before");
	check(!fil_time(0, &t) && !fil_time(NAN, &t) && !fil_time(3e6, &t), "others are refused");
}

static void cuts(void)
{
	struct fil_header h = {0}, again = {0};
	struct str text = {0};
	struct error e;
	size_t length, early = 0;

	fil_put(&h, "nchans")->integer = 7;
	fil_put(&h, "fch1")->real = 1420.25;
	strcpy(fil_put(&h, "source_name")->text, "Crab");
	fil_put(&h, "signed")->integer = 1;
	fil_put(&h, "nchans")->integer = 8;
	fil_format(&h, &text);
	for (size_t n = 0; n < text.len; n++)
		early += fil_parse(&again, (const uint8_t *)text.p, n, &length, &e) || length > 0;
	check(early == 0, "a header that is cut asks for more, wherever it is");
	check(!fil_parse(&again, (const uint8_t *)text.p, text.len, &length, &e) &&
			length == text.len && again.count == 4 &&
			fil_find(&again, "nchans")->integer == 8 &&
			fil_find(&again, "fch1")->real == 1420.25 &&
			!strcmp(fil_find(&again, "source_name")->text, "Crab") &&
			fil_find(&again, "signed")->integer == 1,
		"a whole one is read");
	fil_free(&h);
	fil_free(&again);
	str_free(&text);
}

static void numbers(void)
{
	static const float in[] = {0.5f, 1.5f, 2.5f, 254.5f, 255.5f, -0.5f, -1, NAN, INFINITY, 3e38f};
	static const uint8_t unsigned_8[] = {0, 2, 2, 254, 255, 0, 0, 0, 255, 255};
	static const int8_t signed_8[] = {0, 2, 2, 127, 127, 0, -1, 0, 127, 127};
	struct fil_form form = {.channels = COUNT_OF(in), .ifs = 1, .bits = 8};
	struct fil_losses lost = {0}, lost_signed = {0};
	uint8_t out[2 * COUNT_OF(in)];
	uint16_t wide;

	fil_encode(&form, in, 1, 1, out, &lost);
	check(!memcmp(out, unsigned_8, sizeof(unsigned_8)) && lost.clipped == 4 && lost.nans == 1 &&
			lost.zeros == 2,
		"8 bits: half to even, clipped, counted");
	form.is_signed = true;
	fil_encode(&form, in, 1, 1, out, &lost_signed);
	check(!memcmp(out, signed_8, sizeof(signed_8)) && lost_signed.clipped == 4,
		"8 bits, signed");
	form = (struct fil_form){.channels = COUNT_OF(in), .ifs = 1, .bits = 16, .reversed = true};
	fil_encode(&form, in, 1, 100, out, &lost);
	memcpy(&wide, out + 2 * (COUNT_OF(in) - 1), 2);
	check(wide == 50, "16 bits, reversed, scaled");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	rates();
	times();
	cuts();
	numbers();
	return done();
}
