/* SPDX-License-Identifier: ISC */
#include "flow/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

const char *const input_types[4] = {"file", "folder", "list", "capture"};

bool same_name(const char *a, const char *b)
{
	while (*a && (*a == *b || (strchr("-_", *a) && (*b == '-' || *b == '_')))) {
		a++;
		b++;
	}
	return !*a && !*b;
}

void check_keys(const struct node *map, const char *const *known, size_t count, const char *of,
	struct problems *p)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++) {
		const char *key = map->key[i]->text;
		size_t k = 0;

		while (k < count && strcmp(known[k], key))
			k++;
		if (k == count)
			problem_unknown(p, &map->key[i]->mark, EXIT_DATA, key, known, count,
				"%s: unknown key %s", of, key);
	}
}

const char *text_of(const struct node *map, const char *key, const char *of, struct problems *p)
{
	const struct node *node = node_get(map, key, NULL);

	if (!node)
		return NULL;
	if (node->kind == NODE_SCALAR && !node->absent)
		return node->text;
	if (node->told)
		return NULL;
	problem(p, &node->mark, EXIT_DATA, "%s: %s: must be a text, is %s", of, key,
		node_kind_name(node));
	return NULL;
}

bool bool_of(
	const struct node *map, const char *key, bool fallback, const char *of, struct problems *p)
{
	const struct node *node = node_get(map, key, NULL);

	if (!node || node->told)
		return fallback;
	if (node->kind != NODE_SCALAR || node->absent)
		problem(p, &node->mark, EXIT_DATA, "%s: %s: must be true or false, is %s", of, key,
			node_kind_name(node));
	else if (strcmp(node->text, "true") && strcmp(node->text, "false"))
		problem(p, &node->mark, EXIT_DATA, "%s: %s: '%s': must be true or false", of, key,
			node->text);
	else
		return !strcmp(node->text, "true");
	return fallback;
}

void words_of(const struct node *node, struct words *w, const char *what, struct problems *p)
{
	w->v = xcalloc(WORDS_MAX, sizeof(*w->v));
	w->n = node_words(node, w->v, WORDS_MAX, what, p);
}

bool input_read(const struct node *key, const struct node *node, struct input_spec *input,
	struct problems *p)
{
	const char *of = key->text, *type, *min;
	size_t errors = p->errors, k = 0;

	*input = (struct input_spec){.name = of, .min = 1, .mark = key->mark};
	if (node->kind != NODE_MAP) {
		problem(p, &node->mark, EXIT_DATA,
			"input %s: must be a mapping {type: file|folder|list|capture, …}, is %s",
			of, node_kind_name(node));
		return false;
	}
	CHECK_KEYS(node, "input", p, "type", "ext", "min", "optional");
	type = text_of(node, "type", "input", p);
	if (!node_get(node, "type", NULL))
		problem(p, &key->mark, EXIT_DATA,
			"input %s: type missing: must be one of file|folder|list|capture", of);
	while (type && k < COUNT_OF(input_types) && strcmp(type, input_types[k]))
		k++;
	if (k < COUNT_OF(input_types))
		input->type = (enum input_type)k;
	else
		problem_unknown(p, &node_get(node, "type", NULL)->mark, EXIT_DATA, type,
			input_types, COUNT_OF(input_types),
			"input %s: type: %s: must be one of file|folder|list|capture", of, type);
	words_of(node_get(node, "ext", NULL), &input->ext, "ext", p);
	for (size_t i = 0; i < input->ext.n; i++)
		if (!*input->ext.v[i] ||
			strspn(input->ext.v[i], "abcdefghijklmnopqrstuvwxyz"
						"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") !=
				strlen(input->ext.v[i]) ||
			*input->ext.v[i] == '.')
			problem(p, &node_get(node, "ext", NULL)->mark, EXIT_DATA,
				"input %s: ext: '%s': must be letters, digits and -, without the dot",
				of, input->ext.v[i]);
	min = text_of(node, "min", "input", p);
	if (min && (!parse_i64(min, &input->min) || input->min < 1 || input->min > 1000000))
		problem(p, &node_get(node, "min", NULL)->mark, EXIT_DATA,
			"input %s: min: '%s': must be a whole number, 1 to 1000000", of, min);
	else if (min && input->type != INPUT_LIST && input->min != 1)
		problem(p, &node_get(node, "min", NULL)->mark, EXIT_DATA,
			"input %s: min: only a list has more than one", of);
	input->optional = bool_of(node, "optional", false, "input", p);
	return p->errors == errors;
}

void input_spec_free(struct input_spec *input)
{
	free(input->ext.v);
}
