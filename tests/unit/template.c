/* SPDX-License-Identifier: ISC */
/*
 * The pieces that templates are read with: conditions against a plain evaluation made beside the
 * text, suggestions against all edits, YAML's texts, places and limits.
 */
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "flow/condition.h"
#include "flow/yaml.h"

static const char *const names[] = {"yes_", "no_", "mode", "n"};
static const char *const values[] = {"true", "false", "fast", "3"};

static const char *lookup(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(names[i], name))
			return values[i];
	return NULL;
}

static void blank(struct str *s)
{
	if (below(2))
		str_add(s, " ");
}

/* Writes a random condition, and says whether it holds. */
static bool make(struct str *s, unsigned depth)
{
	bool a, b;

	blank(s);
	switch (below(depth ? 6 : 3)) {
	case 0: {
		size_t i = below(2);

		str_add(s, names[i]);
		return i == 0;
	}
	case 1:
	case 2: {
		size_t i = below(COUNT_OF(names)), k = below(COUNT_OF(values));
		bool differs = below(2);

		str_add(s, names[i]);
		blank(s);
		str_add(s, differs ? "!=" : "==");
		blank(s);
		str_addf(s, below(2) ? "%s" : "'%s'", values[k]);
		return (i == k) != differs;
	}
	case 3:
		str_add(s, "!(");
		a = make(s, depth - 1);
		str_add(s, ")");
		return !a;
	case 4:
		str_add(s, "(");
		a = make(s, depth - 1);
		blank(s);
		str_add(s, "&&");
		b = make(s, depth - 1);
		str_add(s, ")");
		return a && b;
	default:
		str_add(s, "(");
		a = make(s, depth - 1);
		str_add(s, "||");
		b = make(s, depth - 1);
		blank(s);
		str_add(s, ")");
		return a || b;
	}
}

static int says(const char *text, bool *holds)
{
	struct error e;

	return condition(text, lookup, NULL, holds, &e);
}

static void test_conditions(void)
{
	static const char *const wrong[] = {"", "!", "mode", "none", "yes_ &&", "(yes_", "yes_)",
		"yes_ no_", "mode ==", "mode = fast", "mode == 'fast", "&& yes_", "n && yes_",
		"((((((((((((((((((yes_))))))))))))))))))"};
	int bad = 0;
	bool holds;

	for (int i = 0; i < 3000; i++) {
		struct str s = {0};
		bool truth = make(&s, 3);

		if (says(s.p, &holds) || holds != truth) {
			printf("# %s: should be %d\n", s.p, truth);
			bad++;
		}
		str_free(&s);
	}
	check(bad == 0, "3000 random conditions hold as they should");
	check(!says("yes_ || yes_ && no_", &holds) && holds, "&& binds more than ||");
	check(!says("!no_ && !no_", &holds) && holds, "! binds more than &&");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		bad += !says(wrong[i], &holds);
	check(bad == 0, "%zu that are none are refused", COUNT_OF(wrong));
	for (int i = 0; i < 20000; i++) {
		static const char letters[] = "ab!=&|()'\" \tyes_no_3";
		char text[24];
		size_t n = below(sizeof(text));

		for (size_t k = 0; k < n; k++)
			text[k] = letters[below(sizeof(letters) - 1)];
		text[n] = '\0';
		says(text, &holds);
	}
	check(true, "20000 random texts do no harm");
}

static bool suggested(const char *word, const char *expected)
{
	static const char *const among[] = {
		"stretch", "stack", "register", "color_balance", "export", "calibrate"};
	struct str s = {0};
	bool good;

	str_add(&s, "");
	suggest(&s, word, among, COUNT_OF(among));
	good = expected ? strstr(s.p, expected) != NULL : s.len == 0;
	if (!good)
		printf("# %s: %s\n", word, s.p);
	str_free(&s);
	return good;
}

/* Any one edit of a word leads back to it, unless it leads to another one as well. */
static void test_suggestions(void)
{
	static const char *const words[] = {"register", "color_balance", "calibrate", "export"};
	int bad = 0;

	for (int i = 0; i < 2000; i++) {
		const char *word = words[below(COUNT_OF(words))];
		size_t n = strlen(word), at = below(n);
		char text[40];

		strcpy(text, word);
		switch (below(4)) {
		case 0:
			memmove(text + at, text + at + 1, n - at);
			break;
		case 1:
			memmove(text + at + 1, text + at, n - at + 1);
			text[at] = 'x';
			break;
		case 2:
			text[at] = 'q';
			break;
		default:
			if (at + 1 < n) {
				text[at] = word[at + 1];
				text[at + 1] = word[at];
			}
		}
		bad += !suggested(text, word);
	}
	check(bad == 0, "one slip leads back to the word");
	check(suggested("strech", "did you mean stretch?") && suggested("zzzzz", NULL) &&
			suggested("", NULL),
		"what is like no word gets no suggestion");
}

static struct node *read_text(const char *text, size_t n, struct problems *p)
{
	*p = (struct problems){0};
	return yaml_read("t.yaml", text, n, p);
}

/* The first line that is said of a text, to be freed; "" if it is taken. */
static char *complaint(const char *text, size_t n)
{
	struct problems p;
	struct node *node = read_text(text, n, &p);
	struct str s = {0};

	str_add(&s, "");
	problems_text(&p, false, &s);
	node_free(node);
	problems_free(&p);
	return s.p;
}

static bool refused(const char *text, const char *place)
{
	char *said = complaint(text, strlen(text));
	bool good = strstr(said, place) == said;

	if (!good)
		printf("# %s: %s", place, said);
	free(said);
	return good;
}

static void test_yaml(void)
{
	static const char plain[] =
		"a: no\nb: 1e3\nc: 012\nd: 12:30\ne: 'x: y'\nf: [1, {g: ~}]\nh:\n";
	struct str deep = {0}, many = {0}, wide = {0};
	struct problems p;
	struct node *tree = read_text(plain, strlen(plain), &p);
	char *said;

	check(tree && !strcmp(node_get(tree, "a", NULL)->text, "no") &&
			!strcmp(node_get(tree, "b", NULL)->text, "1e3") &&
			!strcmp(node_get(tree, "c", NULL)->text, "012") &&
			!strcmp(node_get(tree, "d", NULL)->text, "12:30") &&
			!strcmp(node_get(tree, "e", NULL)->text, "x: y"),
		"every scalar is the text that it looks like");
	check(tree && node_get(tree, "f", NULL)->item[1]->item[0]->mark.line == 6 &&
			node_get(tree, "f", NULL)->item[1]->item[0]->mark.column == 12 &&
			node_get(tree, "h", NULL)->absent && !node_get(tree, "e", NULL)->absent,
		"places count lines and columns from 1; nothing is not a text");
	node_free(tree);
	problems_free(&p);
	check(refused("a: &x 1\n", "t.yaml:1:4: anchor &x") &&
			refused("a: 1\nb: *x\n", "t.yaml:2:4: alias *x") &&
			refused("a: !!int 1\n", "t.yaml:1:4: tag ") &&
			refused("a: !x [1]\n", "t.yaml:1:4: tag !x") &&
			refused("<<: {a: 1}\n", "t.yaml:1:1: <<: merge") &&
			refused("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document") &&
			refused("%YAML 1.1\n---\na: 1\n", "t.yaml:1:1: directives") &&
			refused("a: 1\nb:\n  c: 1\n  c: 2\n", "t.yaml:4:3: key c: stands twice") &&
			refused("[a]: 1\n", "t.yaml:1:1: a key must be a word") &&
			refused("a: \"x\\0y\"\n", "t.yaml:1:4: a text with NUL") &&
			refused("a: 'b\n", "t.yaml:2:1: ") && refused("", "t.yaml:1:1: is empty") &&
			refused("a: \xff\n", "t.yaml: byte 3: "),
		"what a template does not need is refused, with its place");
	for (int i = 0; i < 17; i++)
		str_add(&deep, "[");
	check(refused(deep.p, "t.yaml:1:17: deeper than 16 levels"), "17 levels are too deep");
	str_clear(&deep);
	for (int i = 0; i < 16; i++)
		str_add(&deep, "[");
	for (int i = 0; i < 16; i++)
		str_add(&deep, "]");
	said = complaint(deep.p, deep.len);
	check(!*said, "16 are not");
	free(said);
	str_clear(&deep);
	for (int i = 0; i < 60000; i++)
		str_add(&deep, "[");
	check(refused(deep.p, "t.yaml:1:17: deeper than 16 levels"),
		"60000 are refused at the 17th, so in no time");
	for (int i = 0; i < 2000; i++)
		str_add(&many, "- x\n");
	check(refused(many.p, "t.yaml:2000:3: more than 2000 nodes"), "2001 nodes are too many");
	str_add(&wide, "a: ");
	for (int i = 0; i < 4097; i++)
		str_add(&wide, "x");
	check(refused(wide.p, "t.yaml:1:4: a text of more than 4096 bytes"), "so are 4097 bytes");
	str_clear(&wide);
	for (int i = 0; i < 65537; i++)
		str_add(&wide, "#");
	check(refused(wide.p, "t.yaml: more than 65536 bytes"), "and a file of 65537");
	said = complaint("\xef\xbb\xbf"
			 "a: 1\n",
		8);
	check(!*said, "a mark of byte order at the start does no harm");
	free(said);
	str_free(&deep);
	str_free(&many);
	str_free(&wide);
}

static void test_problems(void)
{
	struct problems p = {0};
	struct str s = {0};
	size_t lines = 0;

	for (size_t i = 30; i > 0; i--)
		problem(&p, &(struct mark){"f", i, 1}, EXIT_UNAVAILABLE, "x\033[1m%zu", i);
	problem(&p, &(struct mark){"f", 3, 1}, EXIT_UNAVAILABLE, "x\033[1m3");
	check(p.errors == 30 && p.code == EXIT_UNAVAILABLE, "what is met twice is told once");
	problem(&p, &(struct mark){"f", 1, 1}, EXIT_DATA, "y");
	problem(&p, &(struct mark){"--set", 0, 0}, EXIT_USAGE, "z");
	problems_text(&p, true, &s);
	for (const char *c = s.p; *c; c++)
		lines += *c == '\n';
	check(p.code == EXIT_DATA && lines == PROBLEMS_MAX + 1 &&
			!strncmp(s.p, "--set: z\nf:1:1: x\\x1B[1m1\nf:1:1: y\nf:2:1", 40) &&
			strstr(s.p, "and 12 more errors\n"),
		"twenty are told in the order of the file, and how many are left");
	problems_free(&p);
	str_free(&s);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_conditions();
	test_suggestions();
	test_yaml();
	test_problems();
	return done();
}
