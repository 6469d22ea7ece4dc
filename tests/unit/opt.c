/* SPDX-License-Identifier: ISC */
/* The option parser: right words fill the struct, wrong ones die with 64 and say what is allowed.
 */
#include "base/opt.h"

#include <string.h>

#include "base/err.h"

#include "../child.h"
#include "../test.h"

struct values {
	bool flag, other;
	int64_t count, time;
	double real, hz;
	struct rate rate;
	int choice;
	const char *text, *file;
	struct text_list list;
};

#define AT(member) offsetof(struct values, member)

static const struct option table[] = {
	{'f', "flag", OPT_FLAG, AT(flag), "", NULL, 0, 0, NULL, OPT_OUTPUT, "a flag"},
	{'g', "other", OPT_FLAG, AT(other), "", NULL, 0, 0, NULL, 0, "another"},
	{'n', "count", OPT_INT, AT(count), "samples", "1Ki", 1, 1e6, NULL, OPT_OUTPUT, "a count"},
	{'x', "real", OPT_REAL, AT(real), "", "0.5", 0, 0, NULL, OPT_OUTPUT, "a real"},
	{0, "hz", OPT_FREQUENCY, AT(hz), "Hz", "1M", 0, 0, NULL, OPT_OUTPUT, "a frequency"},
	{0, "time", OPT_DURATION, AT(time), "s", "1s", 0, 60, NULL, OPT_OUTPUT, "a duration"},
	{0, "rate", OPT_RATE, AT(rate), "samples/s", "1M", 0, 0, NULL, OPT_OUTPUT, "a rate"},
	{0, "choice", OPT_ENUM, AT(choice), "", "mean", 0, 0, "mean|max|min", OPT_OUTPUT,
		"a choice"},
	{'t', "text", OPT_TEXT, AT(text), "", NULL, 0, 0, NULL, OPT_OUTPUT, "a text"},
	{0, "file", OPT_TEXT, AT(file), "FILE", NULL, 0, 0, NULL, OPT_OUTPUT | OPT_FILE, "a file"},
	{'l', "list", OPT_LIST, AT(list), "", NULL, 0, 0, "A:B", OPT_OUTPUT, "a list"},
	OPTIONS_END,
};

static struct values v;
static char *words[20];
static int operands;

/* Parses the words of a line, cut at '|' so that they may hold spaces. */
static void parse(void *arg)
{
	static char line[200];
	static const struct option *const tables[] = {table, NULL};
	static void *const values[] = {&v};
	static const struct option_set set = {
		.tables = tables, .values = values, .name = "test", .synopsis = "", .summary = ""};
	char *rest = line;
	int n = 1;

	snprintf(line, sizeof(line), "%s", (const char *)arg);
	memset(&v, 0, sizeof(v));
	words[0] = line;
	while (*(const char *)arg && rest)
		words[n++] = strsep(&rest, "|");
	words[n] = NULL;
	operands = options_parse(&set, n, words);
}

static void parse_line(const char *line)
{
	parse((void *)(uintptr_t)line);
}

static void right(void)
{
	parse_line("");
	check(!v.flag && v.count == 1024 && v.real == 0.5 && v.hz == 1e6 && v.time == 1000000000 &&
			v.rate.num == 1000000 && v.rate.den == 1 && v.choice == 0 && !v.text &&
			!v.list.n && !operands,
		"defaults");
	parse_line("-f|-n|5|--real=2k|--hz|3MHz|--time=100ms|--rate=100000/3|--choice|max|-tx y");
	check(v.flag && v.count == 5 && v.real == 2000 && v.hz == 3e6 && v.time == 100000000 &&
			v.rate.num == 100000 && v.rate.den == 3 && v.choice == 1 &&
			!strcmp(v.text, "x y"),
		"every type, every form");
	parse_line("-fgn7");
	check(v.flag && v.other && v.count == 7, "letters together, the last with its value");
	parse_line("-t|-f|--text|--");
	check(!strcmp(v.text, "--") && !v.flag, "the word after an option is its value, even '--'");
	parse_line("a|-f|b|--|-g|--real=1|c");
	check(operands == 5 && !strcmp(words[1], "a") && !strcmp(words[2], "b") &&
			!strcmp(words[3], "-g") && !strcmp(words[5], "c") && v.flag && !v.other &&
			v.real == 0.5,
		"operands among options, and all after '--'");
	parse_line("-|-f");
	check(operands == 1 && !strcmp(words[1], "-") && v.flag, "'-' is an operand");
	parse_line("-l|1|--list=2|-l3");
	check(v.list.n == 3 && !strcmp(v.list.v[0], "1") && !strcmp(v.list.v[2], "3"),
		"a list grows");
	parse_line("--text=");
	check(v.text && !*v.text, "an empty value is one");
	parse_line("-n|5|-n|6");
	check(v.count == 6, "the last word counts");
}

static void wrong(void)
{
	static const char *const lines[][2] = {{"--nothing", "--nothing"}, {"-z", "-z"},
		{"-fz", "-z"}, {"--coun=3", "--coun"}, {"--flag=1", "takes no value"},
		{"-n", "needs a value"}, {"--choice", "mean|max|min"}, {"-n|x", "'x'"},
		{"-n|0", "1 to 1000000"}, {"-n|1000001", "1000001"}, {"-n|1.5", "whole"},
		{"-n|", "''"}, {"--choice=median", "mean|max|min"}, {"--choice=", "mean|max|min"},
		{"--choice=mean|max|--choice=m", "mean|max|min"}, {"--time=61s", "0 to 60 s"},
		{"--time=-1s", "0 to 60 s"}, {"--time=1m", "min"}, {"--hz=1m", "MHz"},
		{"--rate=0", "100000/3"}, {"--real=nan", "'nan'"}, {"--", NULL},
		{"--=3", "unknown"}, {"---flag", "unknown"}, {"-n\n|5", "\\x0A"}};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int code = in_child(parse, (void *)(uintptr_t)lines[i][0]);
		bool told = !lines[i][1] || strstr(said, lines[i][1]);
		char *newline = strchr(said, '\n');

		check(lines[i][1] ? code == EXIT_USAGE && told && newline && !newline[1]
				  : code == 0,
			"'%.*s'", (int)strcspn(lines[i][0], "\n"), lines[i][0]);
		if (!told)
			printf("# %s", said);
	}
}

static void name_file(void *arg, const char *path, struct str *out)
{
	(void)arg;
	str_addf(out, "%s@1", base_name(path));
}

static bool history_is(const char *line, const char *text)
{
	struct str s = {0};
	bool same;

	parse_line(line);
	options_history(table, &v, name_file, NULL, &s);
	same = !strcmp(s.p ? s.p : "", text);
	if (!same)
		printf("# %s\n", s.p ? s.p : "");
	str_free(&s);
	return same;
}

static void history(void)
{
	check(history_is("", ""), "defaults leave no history");
	check(history_is(
		      "-g|-n1024|--real=.5|--hz=1000k|--time=1000ms|--rate=2M/2|--choice=mean", ""),
		"nor do defaults in other words, nor what does not affect the output");
	check(history_is("--choice=min|-l|b|-n|2k|-f|-l|a|--time=1.5s|--rate=1/3|--hz=1.5M|-x1e-3",
		      " --flag --count=2000 --real=0.001 --hz=1500000 --time=1500000000ns "
		      "--rate=1/3 "
		      "--choice=min --list=b --list=a"),
		"the rest stands in table order, in canonical form");
	check(history_is("-t|it's", " '--text=it'\\''s'"), "words are quoted for the shell");
	check(history_is("--file=/home/me/dark.fits", " --file=dark.fits@1"),
		"of a path only the base name");
}

int main(void)
{
	argv0 = "test";
	right();
	wrong();
	history();
	return done();
}
