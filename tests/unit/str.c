/* SPDX-License-Identifier: ISC */
/* Strings: UTF-8 against its definition, quoting through a real shell. */
#include "base/str.h"

#include <string.h>

#include "../seed.h"
#include "../test.h"

/* By the definition: encode every scalar value and see whether one begins the text. */
static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)),
		       out[2] = (char)(0x80 | (c & 63)), 3;
	return out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63)),
	       out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63)), 4;
}

static void utf8(void)
{
	uint32_t wrong = 0, surrogates = 0, count = 0;
	char c[4], longer[4];

	for (uint32_t v = 0; v < 0x110000; v++) {
		size_t n = encode(v, c);

		if (v >= 0xd800 && v < 0xe000)
			surrogates += utf8_length(c, n) != 0;
		else
			wrong += utf8_length(c, n) != n || (n > 1 && utf8_length(c, n - 1) != 0);
	}
	check(!wrong, "every scalar value is one character, and cut short none");
	check(!surrogates, "surrogates are none");
	/* As many sequences of 1 to 3 bytes are characters as there are scalar values below 2^16.
	 */
	for (uint32_t v = 0; v < 1 << 24; v++) {
		longer[0] = (char)(v >> 16), longer[1] = (char)(v >> 8), longer[2] = (char)v,
		longer[3] = 'x';
		count += utf8_length(longer, 3) == 3;
	}
	check(count == 0x10000 - 0x800 - 0x800, "no other three bytes are");
	check(!utf8_length("\xf4\x90\x80\x80", 4) && !utf8_length("\xf0\x80\x80\x80", 4) &&
			!utf8_length("\xc0\x80", 2) && !utf8_length("\xff", 1) &&
			!utf8_length("\x80", 1),
		"nor overlong ones, nor beyond U+10FFFF");
}

static void random_text(char *text, size_t n)
{
	static const char nasty[] = "'\"\\$`!*?[]{}()<>|&;#~ \t\n-=%^,\x01\x7f\x80\xff\xc3\xa9";

	for (size_t i = 0; i < n; i++)
		text[i] = below(2) ? nasty[below(sizeof(nasty) - 1)] : (char)(1 + below(255));
	text[n] = '\0';
}

/* printf %s by bash must print what was quoted; all words in one go. */
static void shell(void)
{
	struct str script = {0}, truth = {0}, got = {0};
	char text[40], piece[4096];
	size_t n;
	FILE *p;

	str_add(&script, "exec bash 3<<'end' -c '. /dev/fd/3'\nprintf '%s\\n' ");
	for (int i = 0; i < 500; i++) {
		random_text(text, below(sizeof(text)));
		str_add(&script, " ");
		str_add_shell(&script, text);
		str_addf(&truth, "%s\n", text);
	}
	check(!strchr(strstr(script.p, "printf"), '\n'), "no quoted word holds a line's end");
	str_add(&script, "\nend\n");
	p = popen(script.p, "r");
	while (p && (n = fread(piece, 1, sizeof(piece), p)) > 0)
		str_add_bytes(&got, piece, n);
	check(p && pclose(p) == 0 && got.len == truth.len && !memcmp(got.p, truth.p, got.len),
		"500 nasty words come out of a shell as they went in");
	str_clear(&script);
	str_add_shell(&script, "--window=hann");
	check(!strcmp(script.p, "--window=hann"), "a harmless word stays");
	str_clear(&script);
	str_add_shell(&script, "");
	check(!strcmp(script.p, "''"), "an empty word is quoted");
	str_free(&script);
	str_free(&truth);
	str_free(&got);
}

static void escapes(void)
{
	char out[64], text[200], big[1000];
	struct str json = {0};
	int bad = 0;

	check(!strcmp(escape(out, sizeof(out), "a\nb\033[1m\xff\xc2\x9b\xc3\xa9", 12),
		      "a\\x0Ab\\x1B[1m\\xFF\\xC2\\x9B\xc3\xa9"),
		"control characters and bytes that are not UTF-8 are escaped");
	check(!strcmp(escape(out, 5, "\n\n", 2), "\\x0A") || !strcmp(out, ""),
		"a cut leaves no half escape");
	for (int i = 0; i < 5000; i++) {
		size_t size = 1 + below(sizeof(big));

		random_text(text, below(sizeof(text)));
		escape(big, size, text, strlen(text));
		bad += strlen(big) >= size;
		for (char *c = big; *c; c++)
			bad += (unsigned char)*c < 0x20 || *c == 0x7f;
	}
	check(!bad, "5000 random texts stay within their room, without control characters");
	str_add_json(&json, "a\"b\\c\nd\xff\xc3\xa9\xc2\x9b");
	check(!strcmp(json.p, "\"a\\\"b\\\\c\\u000ad\xef\xbf\xbd\xc3\xa9\\u009b\""), "JSON");
	str_free(&json);
	check(!strcmp(base_name("/a/b"), "b") && !strcmp(base_name("b"), "b") &&
			!strcmp(base_name("a/"), ""),
		"base_name");
}

/* The test vectors of RFC 4648, and high bytes. */
static void base64(void)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	static const unsigned char high[] = {0xfb, 0xff, 0xbf, 0x00};
	struct str s = {0};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		str_clear(&s);
		str_add(&s, "x");
		str_add_base64(&s, vectors[i][0], strlen(vectors[i][0]));
		check(s.p[0] == 'x' && !strcmp(s.p + 1, vectors[i][1]) && s.len == strlen(s.p),
			"base64 of '%s'", vectors[i][0]);
	}
	str_clear(&s);
	str_add_base64(&s, high, sizeof(high));
	check(!strcmp(s.p, "+/+/AA=="), "base64 of high bytes");
	str_free(&s);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	utf8();
	shell();
	escapes();
	base64();
	return done();
}
