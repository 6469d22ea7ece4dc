/* SPDX-License-Identifier: ISC */
#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const char *const type_names[] = {
	[OPT_FLAG] = "flag",
	[OPT_INT] = "int",
	[OPT_REAL] = "real",
	[OPT_FREQUENCY] = "frequency",
	[OPT_DURATION] = "duration",
	[OPT_RATE] = "rate",
	[OPT_ENUM] = "enum",
	[OPT_TEXT] = "text",
	[OPT_LIST] = "list",
};

static const char *const type_hints[] = {
	[OPT_FLAG] = "no value",
	[OPT_INT] = "a whole number (k M G, Ki Mi Gi)",
	[OPT_REAL] = "a number (k M G, Ki Mi Gi)",
	[OPT_FREQUENCY] = "a frequency (Hz kHz MHz GHz)",
	[OPT_DURATION] = "a duration (ns us ms s min h d)",
	[OPT_RATE] = "a rate such as 2.5M or 100000/3",
	[OPT_TEXT] = "text",
	[OPT_LIST] = "text",
};

static void *value_of(const struct option *o, void *values)
{
	return (char *)values + o->offset;
}

/* Position of text among "a|b|c", -1 if it is not there. */
static int choice_index(const char *choices, const char *text)
{
	size_t n = strlen(text);
	const char *p = choices;

	for (int i = 0;; i++) {
		size_t length = strcspn(p, "|");

		if (length == n && !memcmp(p, text, n))
			return i;
		if (!p[length])
			return -1;
		p += length + 1;
	}
}

static int in_range(const struct option *o, double v, const char *text, struct error *e)
{
	char lo[NUMBER_TEXT], hi[NUMBER_TEXT];

	if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
		return 0;
	return fail(e, EXIT_USAGE, "%s: must be %s to %s%s%s", text, format_f64(lo, o->min),
		format_f64(hi, o->max), *o->unit ? " " : "", o->unit);
}

static int set_value(const struct option *o, void *v, const char *text, struct error *e)
{
	struct text_list *list = v;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)v = true;
		return 0;
	case OPT_INT:
		if (parse_count(text, v))
			return in_range(o, (double)*(int64_t *)v, text, e);
		break;
	case OPT_REAL:
		if (parse_real(text, v))
			return in_range(o, *(double *)v, text, e);
		break;
	case OPT_FREQUENCY:
		if (parse_frequency(text, v))
			return in_range(o, *(double *)v, text, e);
		break;
	case OPT_DURATION:
		if (parse_duration(text, v))
			return in_range(o, (double)*(int64_t *)v * 1e-9, text, e);
		break;
	case OPT_RATE:
		if (parse_rate(text, v))
			return in_range(o, rate_hz(*(struct rate *)v), text, e);
		break;
	case OPT_ENUM:
		*(int *)v = choice_index(o->choices, text);
		if (*(int *)v >= 0)
			return 0;
		return fail(e, EXIT_USAGE, "%s: must be one of %s", text, o->choices);
	case OPT_TEXT:
		*(const char **)v = text;
		return 0;
	case OPT_LIST:
		list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
		list->v[list->n++] = text;
		return 0;
	}
	return fail(e, EXIT_USAGE, "'%s': must be %s", text, type_hints[o->type]);
}

void option_set_value(const struct option *o, void *values, const char *text)
{
	struct error e;

	if (set_value(o, value_of(o, values), text, &e))
		die(e.code, "--%s: %s", o->name, e.text);
}

/* "sigma:L,H" is the form of what begins with "sigma:"; "none" of itself. */
static bool has_form(const char *forms, const char *text)
{
	for (const char *p = forms; *p; p += strcspn(p, "|"), p += *p == '|') {
		size_t n = strcspn(p, "|"), fixed = 0;

		while (fixed < n && !(p[fixed] >= 'A' && p[fixed] <= 'Z'))
			fixed++;
		if (!strncmp(p, text, fixed) && (fixed < n || !text[n]))
			return true;
	}
	return false;
}

int option_check(const struct option *o, const char *text, struct error *e)
{
	union {
		int64_t i;
		double d;
		struct rate r;
		struct text_list l;
	} value = {0};
	int code;

	if (o->type == OPT_FLAG && strcmp(text, "true") && strcmp(text, "false"))
		return fail(e, EXIT_USAGE, "'%s': must be true or false", text);
	if (o->type == OPT_TEXT && o->choices && !has_form(o->choices, text))
		return fail(e, EXIT_USAGE, "'%s': must be %s", text, o->choices);
	code = set_value(o, &value, text, e);
	if (o->type == OPT_LIST)
		free(value.l.v);
	return code;
}

int option_type_of(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(type_names); i++)
		if (!strcmp(type_names[i], name))
			return (int)i;
	return -1;
}

/* An option in any of the tables, by letter or by the first n characters of text. */
static const struct option *lookup(
	const struct option_set *set, char letter, const char *text, size_t n, void **values)
{
	for (size_t t = 0; set->tables[t]; t++)
		for (const struct option *o = set->tables[t]; o->name; o++)
			if (text ? strlen(o->name) == n && !memcmp(o->name, text, n)
				 : o->letter && o->letter == letter) {
				*values = set->values[t];
				return o;
			}
	return NULL;
}

static _Noreturn void unknown(const struct option_set *set, const char *word, int n)
{
	die(EXIT_USAGE, "%.*s: unknown option: see '%s --help'", n, word, set->name);
}

/* "--name", "--name=value"; returns how many words it took. */
static int parse_long(const struct option_set *set, const char *word, const char *next)
{
	size_t n = strcspn(word + 2, "=");
	const char *text = word[2 + n] ? word + 2 + n + 1 : NULL;
	void *values = NULL;
	const struct option *o = lookup(set, 0, word + 2, n, &values);

	if (!o)
		unknown(set, word, (int)n + 2);
	if (o->type == OPT_FLAG) {
		if (text)
			die(EXIT_USAGE, "--%s: takes no value: '%s'", o->name, text);
		option_set_value(o, values, "");
		return 1;
	}
	if (!text && !next)
		die(EXIT_USAGE, "--%s: needs a value: %s", o->name,
			o->choices ? o->choices : type_hints[o->type]);
	option_set_value(o, values, text ? text : next);
	return text ? 1 : 2;
}

/* "-abc", "-n5", "-n 5"; returns how many words it took. */
static int parse_letters(const struct option_set *set, const char *word, const char *next)
{
	for (const char *p = word + 1; *p; p++) {
		void *values = NULL;
		const struct option *o = lookup(set, *p, NULL, 0, &values);
		char dashed[3] = {'-', *p, '\0'};

		if (!o)
			unknown(set, dashed, 2);
		if (o->type == OPT_FLAG) {
			option_set_value(o, values, "");
			continue;
		}
		if (!p[1] && !next)
			die(EXIT_USAGE, "-%c: needs a value: %s", *p,
				o->choices ? o->choices : type_hints[o->type]);
		option_set_value(o, values, p[1] ? p + 1 : next);
		return p[1] ? 1 : 2;
	}
	return 1;
}

int options_parse(const struct option_set *set, int argc, char **argv)
{
	int operands = 0;
	bool ended = false;

	for (size_t t = 0; set->tables[t]; t++)
		for (const struct option *o = set->tables[t]; o->name; o++)
			if (o->fallback && o->type != OPT_LIST && o->type != OPT_FLAG)
				option_set_value(o, set->values[t], o->fallback);
	for (int i = 1; i < argc;) {
		char *word = argv[i];
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (ended || word[0] != '-' || !word[1]) {
			argv[++operands] = word;
			i++;
		} else if (!strcmp(word, "--")) {
			ended = true;
			i++;
		} else if (word[1] == '-') {
			i += parse_long(set, word, next);
		} else {
			i += parse_letters(set, word, next);
		}
	}
	return operands;
}

const struct option *option_find(const struct option *table, const char *name)
{
	for (const struct option *o = table; o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

enum { HELP_COLUMN = 30, HELP_WIDTH = 80 };

/*
 * Adds text to a line that has used columns already, breaking it after stop characters, as late
 * as the screen allows; what follows a break begins at column margin.
 */
static void add_wrapped(struct str *out, const char *text, char stop, size_t used, size_t margin)
{
	const char stops[] = {stop, 0};
	size_t column = used;

	while (*text) {
		size_t n = strcspn(text, stops), seen = n + (stop != ' ' && text[n]);

		if (column > margin && column + seen > HELP_WIDTH) {
			while (out->len > 0 && out->p[out->len - 1] == ' ')
				out->p[--out->len] = 0;
			str_addf(out, "\n%*s", (int)margin, "");
			column = margin;
		}
		n += text[n] != 0;
		str_add_bytes(out, text, n);
		column += n;
		text += n;
	}
}

void options_help(const struct option_set *set, struct str *out)
{
	str_addf(out, "usage: %s %s\n%s\n\n", set->name, set->synopsis, set->summary);
	for (size_t t = 0; set->tables[t]; t++)
		for (const struct option *o = set->tables[t]; o->name; o++) {
			struct str left = {0}, right = {0};

			if (o->letter)
				str_addf(&left, "  -%c, ", o->letter);
			else
				str_add(&left, "      ");
			str_addf(&left, "--%s", o->name);
			if (o->choices) {
				str_add(&left, " ");
				add_wrapped(&left, o->choices, '|', left.len, HELP_COLUMN);
			} else if (o->type != OPT_FLAG)
				str_addf(&left, " %s", *o->unit ? o->unit : type_names[o->type]);
			str_add(&right, o->help);
			if (o->fallback && o->type != OPT_FLAG)
				str_addf(&right, " [%s]", o->fallback);
			if (left.len < HELP_COLUMN)
				str_addf(out, "%-*s", HELP_COLUMN, left.p);
			else
				str_addf(out, "%s\n%*s", left.p, HELP_COLUMN, "");
			add_wrapped(out, right.p, ' ', HELP_COLUMN, HELP_COLUMN);
			str_add(out, "\n");
			str_free(&left);
			str_free(&right);
		}
}

static const char *const flag_names[] = {"", "output", "file", "output file"};

void options_describe(const struct option *table, struct str *out)
{
	char lo[NUMBER_TEXT] = "", hi[NUMBER_TEXT] = "";

	for (const struct option *o = table; o->name; o++) {
		bool range = o->min != 0 || o->max != 0;

		if (range) {
			format_f64(lo, o->min);
			format_f64(hi, o->max);
		}
		str_addf(out, "option\t%s\t%.1s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o->name,
			o->letter ? &o->letter : "", type_names[o->type], o->unit,
			o->fallback ? o->fallback : "", range ? lo : "", range ? hi : "",
			o->choices ? o->choices : "", flag_names[o->flags & (OPT_OUTPUT | OPT_FILE)],
			o->help);
	}
}

/* The value as the history writes it. */
static void add_value(const struct option *o, const void *v, struct str *out)
{
	const char *p = o->choices;
	char text[NUMBER_TEXT];

	switch (o->type) {
	case OPT_INT:
		str_addf(out, "%lld", (long long)*(const int64_t *)v);
		break;
	case OPT_DURATION:
		str_addf(out, "%lldns", (long long)*(const int64_t *)v);
		break;
	case OPT_REAL:
	case OPT_FREQUENCY:
		str_add(out, format_f64(text, *(const double *)v));
		break;
	case OPT_RATE:
		str_addf(out, "%llu/%llu", (unsigned long long)((const struct rate *)v)->num,
			(unsigned long long)((const struct rate *)v)->den);
		break;
	case OPT_ENUM:
		for (int i = *(const int *)v; i > 0; i--)
			p += strcspn(p, "|") + 1;
		str_add_bytes(out, p, strcspn(p, "|"));
		break;
	default:
		break;
	}
}

const char *option_file(const struct option *o, const char *value)
{
	size_t n = strlen(value);
	const char *equals;

	if (!(o->flags & OPT_FILE))
		return NULL;
	if (o->type == OPT_LIST)
		return (equals = strchr(value, '=')) ? equals + 1 : value;
	for (const char *p = o->choices; p && *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == n && !strncmp(p, value, n))
			return NULL;
	return value;
}

static void add_word(const struct option *o, const char *value, file_name_fn *file_name, void *arg,
	struct str *out)
{
	const char *file = value ? option_file(o, value) : NULL;
	struct str word = {0};

	str_addf(&word, "--%s", o->name);
	if (value)
		str_addf(&word, "=%.*s", file ? (int)(file - value) : (int)strlen(value), value);
	if (file)
		file_name(arg, file, &word);
	str_add(out, " ");
	str_add_shell(out, word.p);
	str_free(&word);
}

void options_files(const struct option *table, const void *values, option_file_fn *fn, void *arg)
{
	for (const struct option *o = table; o->name; o++) {
		const void *v = (const char *)values + o->offset;
		const struct text_list *list = v;
		const char *text, *file;

		if (o->type == OPT_TEXT && (text = *(const char *const *)v) &&
			(file = option_file(o, text)))
			fn(arg, o, file);
		for (size_t i = 0; o->type == OPT_LIST && i < list->n; i++)
			if ((file = option_file(o, list->v[i])))
				fn(arg, o, file);
	}
}

static size_t value_size(enum option_type type)
{
	switch (type) {
	case OPT_FLAG:
		return sizeof(bool);
	case OPT_ENUM:
		return sizeof(int);
	case OPT_RATE:
		return sizeof(struct rate);
	default:
		return sizeof(int64_t);
	}
}

void options_history(const struct option *table, const void *values, file_name_fn *file_name,
	void *arg, struct str *out)
{
	for (const struct option *o = table; o->name; o++) {
		const void *v = (const char *)values + o->offset;
		const struct text_list *list = v;
		const char *text;
		struct str number = {0};
		struct rate fallback; /* as large and as aligned as any number */
		struct option at_0 = *o;

		if (!(o->flags & OPT_OUTPUT))
			continue;
		switch (o->type) {
		case OPT_FLAG:
			if (*(const bool *)v)
				add_word(o, NULL, NULL, NULL, out);
			break;
		case OPT_TEXT:
			text = *(const char *const *)v;
			if (text && (!o->fallback || strcmp(text, o->fallback)))
				add_word(o, text, file_name, arg, out);
			break;
		case OPT_LIST:
			for (size_t i = 0; i < list->n; i++)
				add_word(o, list->v[i], file_name, arg, out);
			break;
		default:
			memset(&fallback, 0, sizeof(fallback));
			at_0.offset = 0;
			if (o->fallback)
				option_set_value(&at_0, &fallback, o->fallback);
			if (!memcmp(v, &fallback, value_size(o->type)))
				break;
			add_value(o, v, &number);
			add_word(o, number.p, NULL, NULL, out);
			str_free(&number);
		}
	}
}
