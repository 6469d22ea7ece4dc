/* SPDX-License-Identifier: ISC */
#include "sky/expression.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/num.h"

#define PIECE 512 /* values that are reckoned at a time */

struct parser {
	const char *text, *at;
	struct expression_map *map;
	struct expression *x;
	size_t height, nesting; /* of the stack of values, of factors within factors */
	struct error *e;
};

static int wrong(struct parser *p, const char *what)
{
	return fail(p->e, EXIT_USAGE, "'%.200s' at byte %zu: %s", p->text,
		(size_t)(p->at - p->text) + 1, what);
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* Adds a step that leaves `change` more values on the stack. */
static int add(struct parser *p, struct expression_step step, int change)
{
	if (p->x->steps == EXPRESSION_STEPS)
		return wrong(p, "too long");
	p->height += (size_t)change;
	if (p->height > EXPRESSION_DEPTH)
		return wrong(p, "too deep");
	if (p->height > p->x->depth)
		p->x->depth = p->height;
	p->x->step[p->x->steps++] = step;
	return 0;
}

static int parse_sum(struct parser *p);

static int parse_number(struct parser *p)
{
	char word[64];
	double value;
	size_t n = strspn(p->at, "0123456789.");

	if ((p->at[n] | 32) == 'e') {
		size_t sign = p->at[n + 1] == '+' || p->at[n + 1] == '-';

		n += 1 + sign;
		n += strspn(p->at + n, "0123456789");
	}
	if (n >= sizeof(word))
		return wrong(p, "a number too long");
	memcpy(word, p->at, n);
	word[n] = '\0';
	if (!parse_f64(word, false, &value) || !isfinite((float)value))
		return wrong(p, "not a number");
	p->at += n;
	return add(p, (struct expression_step){.what = 'c', .constant = (float)value}, 1);
}

static int parse_choice(struct parser *p, char what)
{
	int code = take(p, '(') ? parse_sum(p) : wrong(p, "expects (");

	if (!code && !take(p, ','))
		code = wrong(p, "expects , and a second value");
	if (!code)
		code = parse_sum(p);
	if (!code && !take(p, ')'))
		code = wrong(p, "expects )");
	return code ? code : add(p, (struct expression_step){.what = what}, -1);
}

static int parse_name(struct parser *p)
{
	char word[64], name[CHANNEL_NAME];
	size_t n = 0, i;

	while (isalnum((unsigned char)p->at[n]) || p->at[n] == '_')
		n++;
	if (n >= sizeof(word))
		return wrong(p, "a name too long");
	memcpy(word, p->at, n);
	word[n] = '\0';
	if (!channel_name(word, name))
		return wrong(p, "a name too long");
	p->at += n;
	if (!strcmp(name, "min") || !strcmp(name, "max"))
		return parse_choice(p, name[1] == 'i' ? '<' : '>');
	for (i = 0; i < p->map->names; i++)
		if (!strcmp(p->map->name[i], name))
			break;
	if (i == EXPRESSION_NAMES)
		return wrong(p, "too many names");
	if (i == p->map->names)
		strcpy(p->map->name[p->map->names++], name);
	return add(p, (struct expression_step){.what = 'v', .name = (unsigned char)i}, 1);
}

static int parse_factor(struct parser *p)
{
	int code;

	if (++p->nesting > 4 * EXPRESSION_DEPTH)
		return wrong(p, "too deep");
	skip_blanks(p);
	if (take(p, '-')) {
		code = parse_factor(p);
		code = code ? code : add(p, (struct expression_step){.what = '!'}, 0);
	} else if (take(p, '(')) {
		code = parse_sum(p);
		if (!code && !take(p, ')'))
			code = wrong(p, "expects )");
	} else if (isdigit((unsigned char)*p->at) || *p->at == '.') {
		code = parse_number(p);
	} else if (isalpha((unsigned char)*p->at)) {
		code = parse_name(p);
	} else {
		code = wrong(p, "expects a number, a name or (");
	}
	p->nesting--;
	return code;
}

/* Factors joined by * and /, or those by + and -. */
static int parse_row(struct parser *p, const char *signs, int (*part)(struct parser *))
{
	int code = part(p);

	for (;;) {
		struct expression_step step = {0};

		skip_blanks(p);
		if (code || !*p->at || !strchr(signs, *p->at))
			return code;
		step.what = *p->at++;
		code = part(p);
		if (!code)
			code = add(p, step, -1);
	}
}

static int parse_product(struct parser *p)
{
	return parse_row(p, "*/", parse_factor);
}

static int parse_sum(struct parser *p)
{
	return parse_row(p, "+-", parse_product);
}

int expression_parse(const char *text, struct expression_map *map, struct error *e)
{
	struct parser p = {.text = text, .at = text, .map = map, .e = e};

	memset(map, 0, sizeof(*map));
	if (strlen(text) > EXPRESSION_BYTES)
		return fail(e, EXIT_USAGE, "an expression over %d bytes", EXPRESSION_BYTES);
	for (int i = 0; i < 3; i++) {
		const char *letter;
		int code;

		skip_blanks(&p);
		letter = *p.at ? strchr("RGB", toupper((unsigned char)*p.at)) : NULL;
		if (!letter)
			return wrong(&p, "expects R=, G= or B=");
		p.x = &map->plane[*letter == 'R' ? 0 : *letter == 'G' ? 1 : 2];
		if (p.x->steps > 0)
			return wrong(&p, "the same letter twice");
		p.at++;
		p.height = 0;
		if (!take(&p, '='))
			return wrong(&p, "expects =");
		code = parse_sum(&p);
		if (code)
			return code;
		if (i < 2 && !take(&p, ','))
			return wrong(&p, "expects , or an operator");
	}
	skip_blanks(&p);
	return *p.at ? wrong(&p, "expects the end or an operator") : 0;
}

static void join(float *a, const float *b, size_t n, char what)
{
	for (size_t i = 0; i < n; i++)
		switch (what) {
		case '+':
			a[i] = a[i] + b[i];
			break;
		case '-':
			a[i] = a[i] - b[i];
			break;
		case '*':
			a[i] = a[i] * b[i];
			break;
		case '/':
			a[i] = b[i] == 0 ? NAN : a[i] / b[i];
			break;
		case '<':
			a[i] = a[i] < b[i] || isnan(a[i]) ? a[i] : b[i];
			break;
		default:
			a[i] = a[i] > b[i] || isnan(a[i]) ? a[i] : b[i];
		}
}

static void evaluate_piece(const struct expression *x, const float *const *plane, size_t first,
	size_t n, float (*stack)[PIECE])
{
	size_t height = 0;

	for (size_t k = 0; k < x->steps; k++) {
		const struct expression_step *s = &x->step[k];

		switch (s->what) {
		case 'v':
			memcpy(stack[height++], plane[s->name] + first, n * sizeof(float));
			break;
		case 'c':
			for (size_t i = 0; i < n; i++)
				stack[height][i] = s->constant;
			height++;
			break;
		case '!':
			for (size_t i = 0; i < n; i++)
				stack[height - 1][i] = -stack[height - 1][i];
			break;
		default:
			height--;
			join(stack[height - 1], stack[height], n, s->what);
		}
	}
}

void expression_evaluate(
	const struct expression *x, const float *const *plane, size_t n, float *out)
{
	float stack[EXPRESSION_DEPTH][PIECE];

	for (size_t i = 0; i < n; i += PIECE) {
		size_t count = n - i < PIECE ? n - i : PIECE;

		evaluate_piece(x, plane, i, count, stack);
		memcpy(out + i, stack[0], count * sizeof(*out));
	}
}
