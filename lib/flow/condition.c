/* SPDX-License-Identifier: ISC */
#include "flow/condition.h"

#include <string.h>

#define WORD_MAX 256
#define DEPTH_MAX 16

struct parse {
	const char *p;
	condition_lookup *lookup;
	void *arg;
	struct error *e;
	int depth;
};

static bool wrong(struct parse *c, const char *why, const char *what)
{
	if (!c->e->code)
		fail(c->e, EXIT_DATA, "'%s': %s", what, why);
	return false;
}

static bool takes(struct parse *c, const char *sign)
{
	c->p += strspn(c->p, " \t\n");
	if (strncmp(c->p, sign, strlen(sign)))
		return false;
	c->p += strlen(sign);
	return true;
}

/* A word, and whether it stood in quotes. */
static bool word(struct parse *c, char out[WORD_MAX], bool *quoted)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.+-";
	const char *start = (c->p += strspn(c->p, " \t\n"));
	char quote = *start;
	size_t n;

	*quoted = quote == '\'' || quote == '"';
	if (*quoted) {
		const char *end = strchr(++start, quote);

		if (!end)
			return wrong(c, "a quote without its partner", c->p);
		n = (size_t)(end - start);
		c->p = end + 1;
	} else {
		n = strspn(start, letters);
		c->p += n;
		if (n == 0)
			return wrong(c,
				"a word is missing: must be NAME, NAME == WORD, "
				"NAME != WORD, !, &&, || or ( )",
				start);
	}
	if (n >= WORD_MAX)
		return wrong(c, "too long", start);
	memcpy(out, start, n);
	out[n] = '\0';
	return true;
}

static bool any(struct parse *c, bool *holds);

static bool term(struct parse *c, bool *holds)
{
	char name[WORD_MAX], text[WORD_MAX];
	const char *value;
	bool quoted, equal, differ, other;

	if (!word(c, name, &quoted))
		return false;
	value = quoted ? name : c->lookup(c->arg, name);
	equal = takes(c, "==");
	differ = !equal && takes(c, "!=");
	if (!equal && !differ && takes(c, "="))
		return wrong(c, "must be ==", "=");
	if (!value && (!strcmp(name, "true") || !strcmp(name, "false")))
		value = name;
	if (!value)
		return wrong(c, "no param of this name", name);
	if (equal || differ) {
		if (!word(c, text, &other))
			return false;
		*holds = !strcmp(value, text) == equal;
		return true;
	}
	c->p += strspn(c->p, " \t\n");
	if (*c->p && !strchr("&|)", *c->p))
		return wrong(c, "nothing is expected here", c->p);
	if (strcmp(value, "true") && strcmp(value, "false"))
		return wrong(c, "stands alone, so it must be true or false", name);
	*holds = !strcmp(value, "true");
	return true;
}

static bool one(struct parse *c, bool *holds)
{
	bool ok;

	if (++c->depth > DEPTH_MAX)
		return wrong(c, "too deep", c->p);
	if (takes(c, "!")) {
		ok = one(c, holds);
		*holds = !*holds;
	} else if (takes(c, "(")) {
		ok = any(c, holds);
		if (ok && !takes(c, ")"))
			ok = wrong(c, "a parenthesis without its partner", c->p);
	} else {
		ok = term(c, holds);
	}
	c->depth--;
	return ok;
}

static bool all(struct parse *c, bool *holds)
{
	bool next;

	if (!one(c, holds))
		return false;
	while (takes(c, "&&")) {
		if (!one(c, &next))
			return false;
		*holds = *holds && next;
	}
	return true;
}

static bool any(struct parse *c, bool *holds)
{
	bool next;

	if (!all(c, holds))
		return false;
	while (takes(c, "||")) {
		if (!all(c, &next))
			return false;
		*holds = *holds || next;
	}
	return true;
}

int condition(const char *text, condition_lookup *lookup, void *arg, bool *holds, struct error *e)
{
	struct parse c = {.p = text, .lookup = lookup, .arg = arg, .e = e};

	e->code = 0;
	*holds = false;
	if (any(&c, holds) && (takes(&c, ""), *c.p))
		wrong(&c, "nothing is expected here", c.p);
	return e->code;
}
