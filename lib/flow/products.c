/* SPDX-License-Identifier: ISC */
/* The names of the files that come out: STEM.FORMAT, or what `outputs` says. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

/* Names of one format, any of which an output's name may already end in. */
static const char *const alike[][4] = {
	{"jpeg", "jpg"}, {"tiff", "tif"}, {"fits", "fit", "fz"}, {"png"}, {"leat"}};

static bool ends_in(const char *name, const char *extension)
{
	const char *dot = strrchr(name, '.');

	return dot && !strchr(dot, '}') && !strcmp(dot + 1, extension);
}

static bool has_extension(const char *name, const char *extension)
{
	for (size_t i = 0; i < COUNT_OF(alike); i++)
		for (size_t k = 0; k < 4 && alike[i][k]; k++)
			if (!strcmp(alike[i][k], extension))
				for (size_t m = 0; m < 4 && alike[i][m]; m++)
					if (ends_in(name, alike[i][m]))
						return true;
	return ends_in(name, extension);
}

/* The pattern that `outputs` has for a product, by its step, its format, or as there is no other.
 */
static const char *wanted(const struct plan *plan, const struct product *product)
{
	const struct node *outputs = plan->template->outputs;
	const struct node *node;
	size_t others = 0;

	if (!outputs || product->preview)
		return NULL;
	for (size_t i = 0; i < plan->products; i++)
		others += !plan->product[i].preview;
	node = node_get(outputs, product->id, NULL);
	if (!node)
		node = node_get(outputs, product->format, NULL);
	if (!node && others == 1 && outputs->count == 1)
		node = outputs->item[0];
	return node && node->text ? node->text : NULL;
}

static void check_outputs(struct plan *plan, struct problems *p)
{
	const struct node *outputs = plan->template->outputs;

	for (size_t i = 0; outputs && i < outputs->count; i++) {
		const char *names[64], *key = outputs->key[i]->text;
		size_t n = 0, products = 0;
		bool found = false;

		for (size_t k = 0; k < plan->products; k++) {
			const struct product *m = &plan->product[k];

			if (m->preview)
				continue;
			products++;
			found = found || !strcmp(m->id, key) || !strcmp(m->format, key);
			if (n + 2 <= COUNT_OF(names)) {
				names[n++] = m->id;
				names[n++] = m->format;
			}
		}
		if (found || (products == 1 && outputs->count == 1))
			continue;
		problem_unknown(p, &outputs->key[i]->mark, EXIT_DATA, key, names, n,
			"outputs: %s: no step of this id makes a file, and none has this format",
			key);
	}
}

/* Each key in braces: {n}, {n:04}, {stem}, {date}, or any of the metadata. */
static bool only_stem(const char *pattern)
{
	for (const char *p = pattern; (p = strchr(p, '{')); p++)
		if (!starts_with(p, "{stem}"))
			return false;
	return true;
}

void product_word(struct plan *plan, const struct product *m, const char *before, struct word *w)
{
	const char *c = m->pattern;

	if (*before)
		word_add(w, PIECE_TEXT, before);
	word_add(w, PIECE_PRODUCTS, "");
	word_add(w, PIECE_TEXT, "/");
	while (*c) {
		const char *stem = strstr(c, "{stem}");
		size_t n = stem ? (size_t)(stem - c) : strlen(c);

		if (n)
			word_add(w, PIECE_TEXT, plan_text(plan, "%.*s", (int)n, c));
		if (stem)
			word_add(w, PIECE_STEM, "");
		c += n + (stem ? strlen("{stem}") : 0);
	}
}

static size_t count_stems(const char *pattern)
{
	size_t n = 0;

	for (const char *p = pattern; (p = strstr(p, "{stem}")); p++)
		n++;
	return n;
}

static void name_stage(struct plan *plan, const struct product *m, const struct plan_options *o,
	struct problems *p)
{
	struct job *j = &plan->job[m->job];
	bool fixed = only_stem(m->pattern), sets = false;
	struct stage *s = m->stage < j->stages ? &j->stage[m->stage] : NULL;
	const struct described *said;
	struct error e;

	if (s && !s->outside && (said = describe(o->describer, s->command, &e)))
		sets = option_find(said->options, "name") != NULL;
	if (count_stems(m->pattern) > STEMS_MAX) {
		problem(p, &m->step->operation_mark, EXIT_DATA,
			"step %s: its name '%s' has {stem} more than %d times", m->id, m->pattern,
			STEMS_MAX);
		return;
	}
	if (!fixed && !sets) {
		problem(p, &m->step->operation_mark, EXIT_DATA,
			"step %s: makes one file, so {stem} is the only key that its name '%s' can "
			"have",
			m->id, m->pattern);
		return;
	}
	if (!s)
		return;
	if (fixed)
		stage_add(plan, s, "-o");
	product_word(plan, m, fixed ? "" : "--name=", stage_word(plan, s));
}

/* What the list of a set is called, see manifest_new(); "" of a name that is no set. */
static const char *list_name(struct plan *plan, const char *pattern)
{
	size_t n;

	if (only_stem(pattern))
		return "";
	n = strcspn(pattern, "{");
	if (starts_with(pattern + n, "{stem}"))
		n += strlen("{stem}") + strcspn(pattern + n + strlen("{stem}"), "{");
	while (n > 0 && strchr("_-.", pattern[n - 1]))
		n--;
	return n ? plan_text(plan, "%.*s", (int)n, pattern) : "set";
}

/* Two products of one name, or two sets of one list, of which one would be lost. */
static bool check_pair(struct plan *plan, const struct product *m, const struct product *before,
	struct problems *p)
{
	const char *list = list_name(plan, m->pattern);

	if (!strcmp(before->pattern, m->pattern))
		problem(p, &m->step->mark, EXIT_DATA,
			"step %s: makes %s, as step %s does: say outputs: {%s: NAME}", m->id,
			m->pattern, before->id, m->id);
	else if (*list && !strcmp(list, list_name(plan, before->pattern)))
		problem(p, &m->step->mark, EXIT_DATA,
			"step %s: the set %s would have the same list as %s: let their names begin "
			"otherwise",
			m->id, m->pattern, before->pattern);
	else
		return true;
	return false;
}

/* Whether the elements of a scatter can be told apart by it. */
static bool tells_apart(const char *pattern)
{
	for (const char *c = strchr(pattern, '{'); c; c = strchr(c + 1, '{'))
		if (!starts_with(c, "{n}") && !starts_with(c, "{n:") && !starts_with(c, "{date}"))
			return true;
	return false;
}

void products_name(struct plan *plan, const struct plan_options *o, struct problems *p)
{
	for (size_t i = 0; i < plan->products; i++) {
		struct product *m = &plan->product[i];
		const char *name = wanted(plan, m);

		if (!name)
			name = m->preview ? plan_text(plan, "{stem}_%s_preview", m->id) : "{stem}";
		m->pattern = has_extension(name, m->format)
				     ? name
				     : plan_text(plan, "%s.%s", name, m->format);
		for (size_t k = 0; k < i && check_pair(plan, m, &plan->product[k], p); k++)
			;
		if (m->step->scatter && !tells_apart(m->pattern))
			problem(p, &m->step->mark, EXIT_DATA,
				"step %s: its name '%s' is the same for each element of the "
				"scatter: "
				"it needs {stem} or a key",
				m->id, m->pattern);
	}
	check_outputs(plan, p);
	for (size_t i = 0; i < plan->products; i++)
		name_stage(plan, &plan->product[i], o, p);
}
