/* SPDX-License-Identifier: ISC */
/*
 * Expressions of channels: random ones against a plain evaluation that is made beside the text,
 * random text that must only be refused, and the names of filters.
 */
#include "sky/expression.h"

#include <math.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "base/str.h"

#define N 1100
#define ROUNDS 400
#define WORDS 20000

static const char *const names[4] = {"ha", "oiii", "sii", "l"};
static const char *const spellings[4] = {"H_alpha", "O3", "S2", "LUM"};

static void blank(struct str *text)
{
	if (below(4) == 0)
		str_add(text, " ");
}

/* Writes a random factor and reckons it for one pixel. */
static float make(struct str *text, const float *pixel, unsigned depth)
{
	float a, b;
	unsigned what = (unsigned)below(depth == 0 ? 2 : 8);

	blank(text);
	switch (what) {
	case 0: {
		size_t i = below(4);

		str_add(text, below(2) ? names[i] : spellings[i]);
		return pixel[i];
	}
	case 1:
		a = (float)(int)below(1000) / 64;
		str_addf(text, "%.9g", (double)a);
		return a;
	case 2:
		str_add(text, "-");
		return -make(text, pixel, depth - 1);
	case 3:
		str_add(text, below(2) ? "max(" : "MIN (");
		what = text->p[text->len - 2] == 'x';
		a = make(text, pixel, depth - 1);
		str_add(text, ",");
		b = make(text, pixel, depth - 1);
		str_add(text, ")");
		if (isnan(a) || isnan(b))
			return NAN;
		return what ? (a > b ? a : b) : (a < b ? a : b);
	case 4:
	case 5:
		str_add(text, "(");
		a = make(text, pixel, depth - 1);
		str_add(text, what == 4 ? "*" : "/");
		b = make(text, pixel, depth - 1);
		str_add(text, ")");
		return what == 4 ? a * b : b == 0 ? NAN : a / b;
	default:
		str_add(text, "(");
		a = make(text, pixel, depth - 1);
		str_add(text, what == 6 ? "+" : "-");
		b = make(text, pixel, depth - 1);
		str_add(text, ")");
		return what == 6 ? a + b : a - b;
	}
}

static bool same(float a, float b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* One pixel is made beside the text; the others of the planes are other numbers. */
static void random_maps(void)
{
	static float plane[4][N], out[N];
	bool right = true;

	for (int round = 0; round < ROUNDS; round++) {
		static const char *const letters[3] = {"g", "R", "B"};
		static const int place[3] = {1, 0, 2};
		size_t at = below(N);
		float pixel[4], want[3];
		struct str text = {0};
		struct expression_map map;
		const float *in[EXPRESSION_NAMES];
		struct error e;

		for (size_t i = 0; i < 4; i++) {
			for (size_t k = 0; k < N; k++)
				plane[i][k] = below(50) ? (float)(int)below(4096) - 512 : NAN;
			pixel[i] = plane[i][at];
		}
		for (size_t i = 0; i < 3; i++) {
			str_addf(&text, "%s%s =", i ? " , " : "", letters[i]);
			want[place[i]] = make(&text, pixel, 4);
		}
		right = right && !expression_parse(text.p, &map, &e);
		for (size_t i = 0; i < map.names; i++)
			for (size_t k = 0; k < 4; k++)
				if (!strcmp(map.name[i], names[k]))
					in[i] = plane[k];
		for (size_t i = 0; right && i < 3; i++) {
			expression_evaluate(&map.plane[i], in, N, out);
			right = same(out[at], want[i]);
		}
		if (!right)
			printf("# %s\n", text.p);
		str_free(&text);
	}
	check(right, "random maps give what a plain evaluation gives");
}

static float of_one(const char *sum, float value)
{
	char text[64];
	struct expression_map map;
	const float *in = &value;
	struct error e;
	float out = -1;

	snprintf(text, sizeof(text), "R=%s,G=1,B=1", sum);
	if (!expression_parse(text, &map, &e))
		expression_evaluate(&map.plane[0], &in, 1, &out);
	return out;
}

static void precedence(void)
{
	check(of_one("1+x*2", 3) == 7 && of_one("8-x-2", 3) == 3 && of_one("12/x/2", 3) == 2 &&
			of_one("-x*2+1", 3) == -5 && of_one("2*-x", 3) == -6 &&
			of_one("(1+x)*2", 3) == 8 && of_one("1.5e1-x", 3) == 12,
		"products before sums, left to right");
	check(isnan(of_one("1/(x-3)", 3)) && isnan(of_one("max(1,x)", NAN)) &&
			isnan(of_one("min(x,1)", NAN)),
		"division by 0 and what is not there are NaN");
}

/* Each must be taken or refused; ASan and UBSan see the rest. */
static void random_words(void)
{
	static const char letters[] = "rgbRGB=,,,===()()+-*/. 019ehminmax_\xce\xb1\t%";
	size_t taken = 0, refused = 0;

	for (int i = 0; i < WORDS; i++) {
		char text[600];
		size_t n = below(below(20) ? 40 : sizeof(text) - 20);
		struct expression_map map;
		struct error e;
		bool framed = below(2);

		strcpy(text, framed ? "R=1,G=1,B=" : "");
		for (size_t k = strlen(text), last = k + n; k < last; k++) {
			text[k] = letters[below(sizeof(letters) - 1)];
			text[k + 1] = '\0';
		}
		if (expression_parse(text, &map, &e))
			refused++;
		else
			taken++;
	}
	check(refused > WORDS / 2 && taken > 0 && taken + refused == WORDS,
		"random words are taken or refused");
}

static void aliases(void)
{
	static const char *const table[][2] = {{"Ha", "ha"}, {"H-alpha", "ha"}, {"H_alpha", "ha"},
		{"H Alpha", "ha"}, {"H\xce\xb1", "ha"}, {"Ha 7nm", "ha"}, {"HA3.5NM", "ha"},
		{"Hbeta", "hb"}, {"O3", "oiii"}, {"OIII", "oiii"}, {"[OIII]", "oiii"},
		{"O-III 6.5 nm", "oiii"}, {"S2", "sii"}, {"[S II]", "sii"}, {"N2", "nii"},
		{"L", "l"}, {"Lum", "l"}, {"Luminance", "l"}, {"Red", "r"}, {"green", "g"},
		{"B", "b"}, {"IRCUT", "ircut"}, {"7nm", "7nm"}};
	char name[CHANNEL_NAME];
	bool right = true;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (!channel_name(table[i][0], name) || strcmp(name, table[i][1]) != 0) {
			printf("# %s\n", table[i][0]);
			right = false;
		}
	check(right, "filters by all their names");
	check(!channel_name("", name) && !channel_name("[-]", name) &&
			!channel_name("a name that has more than thirty-one letters", name),
		"what is no name");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	random_maps();
	precedence();
	random_words();
	aliases();
	return done();
}
