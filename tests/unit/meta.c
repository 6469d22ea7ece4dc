/* SPDX-License-Identifier: ISC */
/* Metadata: what is written is read back, what is malformed is refused. */
#include "stream/meta.h"

#include <string.h>

#include "../child.h"
#include "../seed.h"
#include "../test.h"

static bool parses(const char *text, size_t n)
{
	struct meta m = {0};
	struct error e = {0};
	int code = meta_parse(&m, text, n, &e);
	bool empty = m.count == 0;

	meta_clear(&m);
	return code == 0 || !(code == EXIT_DATA && e.code == code && *e.text && empty);
}

static bool equal(const struct meta *a, const struct meta *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = !strcmp(a->item[i].key, b->item[i].key) &&
		       !strcmp(a->item[i].value, b->item[i].value);
	return same;
}

static void random_key(char key[66])
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = 1 + below(63), at = 0;

	if (below(3) == 0)
		key[at++] = below(2) ? '%' : '~';
	for (size_t i = 0; i < n; i++)
		key[at++] = rest[below(i ? sizeof(rest) - 1 : 36)];
	key[at] = '\0';
}

static void round_trips(void)
{
	int unread = 0, unequal = 0, unstable = 0;

	for (int i = 0; i < 3000; i++) {
		struct meta m = {0}, back = {0};
		struct str text = {0}, again = {0};
		struct error e;
		char key[66], value[100];

		for (size_t lines = below(20); lines > 0; lines--) {
			size_t n = below(sizeof(value));

			random_key(key);
			for (size_t k = 0; k < n; k++)
				value[k] = (char)(below(3) ? 1 + below(255)
							   : (uint64_t) "\\\n x\xc3\xa9"[below(6)]);
			value[n] = '\0';
			meta_add(&m, key, value);
		}
		meta_format(&m, &text);
		unread += meta_parse(&back, text.p ? text.p : "", text.len, &e) != 0;
		unequal += !equal(&m, &back);
		meta_format(&back, &again);
		unstable +=
			text.len != again.len || (text.len && memcmp(text.p, again.p, text.len));
		meta_clear(&m);
		meta_clear(&back);
		str_free(&text);
		str_free(&again);
	}
	check(!unread, "3000 random lists are read back");
	check(!unequal, "and are equal");
	check(!unstable, "and written the same again");
}

static void malformed(void)
{
	static const struct {
		const char *text;
		size_t n;
	} wrong[] = {{"a 1", 3}, {"\n", 1}, {" a\n", 3}, {"A 1\n", 4}, {"-a 1\n", 5}, {"a\tb\n", 4},
		{"a\0b\n", 4}, {"a \0\n", 4}, {"a \x1b\n", 4}, {"a \x7f\n", 4}, {"a \xff\n", 4},
		{"a \xc2\n", 4}, {"a \xc2\x9b\n", 5}, {"a \\\n", 4}, {"a \\q\n", 5},
		{"a \\x0\n", 6}, {"a \\x0g\n", 7}, {"a \\x00\n", 7}, {"a \\xab\n", 7},
		{"%% 1\n", 5}, {"%\n", 2}, {"a\r\n", 3}, {"a 1\n\n", 5}, {"a/b 1\n", 6}};
	static const char *const right[] = {"", "a\n", "a \n", "a  b\n", "%a 1\n", "~a-b.c_d 1\n",
		"0 1\n", "a \\x9B\\n\\\\\n", "a 1\na 2\n", "a \xc3\xa9\n"};
	char line[80];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(!parses(wrong[i].text, wrong[i].n),
			"line %zu of the malformed ones is refused", i);
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		check(parses(right[i], strlen(right[i])), "line %zu of the odd ones is taken", i);
	memset(line, 'k', sizeof(line));
	memcpy(line + 63, " \n", 2);
	check(parses(line, 65), "a key of 63 characters is taken");
	memcpy(line + 63, "k \n", 3);
	check(!parses(line, 66), "a key of 64 characters is refused");
}

static bool text_is(const struct meta *m, const char *text)
{
	struct str s = {0};
	bool same;

	meta_format(m, &s);
	same = !strcmp(s.p ? s.p : "", text);
	if (!same)
		printf("# %s", s.p ? s.p : "(nothing)\n");
	str_free(&s);
	return same;
}

static struct meta of(const char *text)
{
	struct meta m = {0};
	struct error e;

	if (meta_parse(&m, text, strlen(text), &e))
		abort();
	return m;
}

static void changes(void)
{
	struct meta m = of("a 1\nb 2\na 3\n%g 4\n~v 5\n"), other;

	size_t at = 0;

	check(!strcmp(meta_next(&m, "a", &at), "1") && !strcmp(meta_next(&m, "a", &at), "3") &&
			!meta_next(&m, "a", &at),
		"its values come one after the other");
	check(!strcmp(meta_nth(&m, "a", 1), "3") && !meta_nth(&m, "a", 2) &&
			meta_count(&m, "a") == 2,
		"a repeated key is a list");
	meta_set(&m, "a", meta_nth(&m, "a", 1));
	check(text_is(&m, "a 3\nb 2\n%g 4\n~v 5\n"), "set replaces the list where its first stood");
	meta_drop_scope(&m, '%');
	check(text_is(&m, "a 3\nb 2\n~v 5\n"), "a scope is dropped");
	other = of("b 7\nb 8\nc 9\n");
	meta_overlay(&m, &other);
	check(text_is(&m, "a 3\n~v 5\nb 7\nb 8\nc 9\n"), "an overlay replaces whole lists");
	meta_clear(&other);
	other = of("c 9\nb 7\nb 8\nb 9\na 3\n");
	meta_keep_equal(&m, &other);
	check(text_is(&m, "a 3\nc 9\n"), "only keys whose lists are the same stay");
	meta_remove(&m, "a");
	meta_set_f64(&m, "d", 0.1);
	meta_set_rate(&m, (struct rate){100000, 3});
	check(text_is(&m, "c 9\nd 0.1\nrate_num 100000\nrate_den 3\n"), "numbers are the shortest");
	meta_clear(&m);
	meta_clear(&other);
}

static void read_integer(void *arg)
{
	int64_t v;

	meta_i64(arg, "a", &v);
}

static void read_rate(void *arg)
{
	struct rate rate;

	meta_rate(arg, &rate);
}

static void typed(void)
{
	struct meta m = of("a 1.5\nrate_num 3\n"), none = {0};
	struct rate rate;

	check(in_child(read_integer, &m) == EXIT_DATA && strstr(said, "a: '1.5'"),
		"a value of another form dies with its key and text");
	check(in_child(read_rate, &m) == EXIT_DATA, "half a rate dies");
	check(!meta_rate(&none, &rate), "no rate is none");
	meta_set(&m, "rate_den", "0");
	check(in_child(read_rate, &m) == EXIT_DATA, "a rate of 3/0 dies");
	meta_clear(&m);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	round_trips();
	malformed();
	changes();
	typed();
	return done();
}
