/* SPDX-License-Identifier: ISC */
/* The params of a template: their types, their values, and ${name}. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/template.h"

static const char *const types[] = {
	"int", "float", "bool", "enum", "name", "text", "path", "duration"};

#define TYPES "int|float|bool|enum|name|text|path|duration"

/* A value, known to be a number, against the only bound there is; durations count in seconds. */
static int one_bound(const char *type, const char *text, const struct node *min,
	const struct node *max, struct error *e)
{
	double v = 0, bound = 0;
	int64_t ns;

	if (strcmp(type, "duration"))
		parse_real(text, &v);
	else if (parse_duration(text, &ns))
		v = (double)ns / 1e9;
	parse_real(min ? min->text : max->text, &bound);
	if (min ? v >= bound : v <= bound)
		return 0;
	return fail(e, EXIT_DATA, "%s: must be at %s %s", text, min ? "least" : "most",
		min ? min->text : max->text);
}

/* What the option parser would say of a value of this type. */
static int check_typed(const struct node *spec, const char *type, const char *text, struct error *e)
{
	static const enum option_type like[] = {
		OPT_INT, OPT_REAL, OPT_FLAG, OPT_ENUM, OPT_TEXT, OPT_TEXT, OPT_TEXT, OPT_DURATION};
	struct option o = {.unit = "", .type = OPT_TEXT};
	const struct node *choices = node_get(spec, "choices", NULL);
	const struct node *min = node_get(spec, "min", NULL), *max = node_get(spec, "max", NULL);
	struct str joined = {0};
	int code;

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(types[i], type))
			o.type = like[i];
	if (!strcmp(type, "duration"))
		o.unit = "s";
	if (!strcmp(type, "name") &&
		(!*text || *text == '.' ||
			text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789._-")]))
		return fail(e, EXIT_DATA, "'%s': must be a name of A-Z a-z 0-9 . _ -, no dot first",
			text);
	if (!strcmp(type, "path") && !*text)
		return fail(e, EXIT_DATA, "'': must be a path");
	if (min && max) {
		parse_real(min->text, &o.min);
		parse_real(max->text, &o.max);
	}
	for (size_t i = 0; choices && i < choices->count; i++)
		str_addf(&joined, "%s%s", i ? "|" : "", choices->item[i]->text);
	if (o.type == OPT_ENUM)
		o.choices = joined.p ? joined.p : "";
	code = option_check(&o, text, e);
	str_free(&joined);
	if (code || !min == !max)
		return code;
	return one_bound(type, text, min, max, e);
}

/* The spec by itself; false if its values cannot be judged. */
static bool check_spec(const struct node *key, const struct node *spec, struct problems *p)
{
	static const char *const known[] = {"type", "default", "min", "max", "choices", "required"};
	const char *name = key->text, *type, *bound[] = {"min", "max"};
	double limit[] = {-INFINITY, INFINITY};
	size_t errors = p->errors, i = 0;
	const struct node *choices;

	if (spec->kind != NODE_MAP) {
		problem(p, &spec->mark, EXIT_DATA,
			"param %s: must be a mapping {type: " TYPES ", …}, is %s", name,
			node_kind_name(spec));
		return false;
	}
	check_keys(spec, known, COUNT_OF(known), "param", p);
	bool_of(spec, "required", false, "param", p);
	text_of(spec, "default", "param", p);
	type = text_of(spec, "type", "param", p);
	if (!node_get(spec, "type", NULL))
		problem(p, &key->mark, EXIT_DATA, "param %s: type missing: must be one of " TYPES,
			name);
	while (type && i < COUNT_OF(types) && strcmp(types[i], type))
		i++;
	if (i == COUNT_OF(types))
		problem_unknown(p, &node_get(spec, "type", NULL)->mark, EXIT_DATA, type, types,
			COUNT_OF(types), "param %s: type: %s: must be one of " TYPES, name, type);
	for (size_t k = 0; k < 2; k++) {
		const char *text = text_of(spec, bound[k], "param", p);
		const struct node *node = node_get(spec, bound[k], NULL);

		if (text && !parse_real(text, &limit[k]))
			problem(p, &node->mark, EXIT_DATA, "param %s: %s: '%s': must be a number",
				name, bound[k], text);
		else if (text && type && strcmp(type, "int") && strcmp(type, "float") &&
			 strcmp(type, "duration"))
			problem(p, &node->mark, EXIT_DATA, "param %s: %s: is of numbers only", name,
				bound[k]);
	}
	if (limit[0] >= limit[1])
		problem(p, &key->mark, EXIT_DATA, "param %s: min must be below max", name);
	choices = node_get(spec, "choices", NULL);
	if (choices && type && strcmp(type, "enum"))
		problem(p, &choices->mark, EXIT_DATA, "param %s: choices: is of enum only", name);
	if (choices && choices->kind != NODE_LIST)
		problem(p, &choices->mark, EXIT_DATA, "param %s: choices: must be a list", name);
	for (size_t k = 0; choices && choices->kind == NODE_LIST && k < choices->count; k++)
		if (choices->item[k]->kind != NODE_SCALAR || strchr(choices->item[k]->text, '|'))
			problem(p, &choices->item[k]->mark, EXIT_DATA,
				"param %s: choices: must be words without |", name);
	if (type && !strcmp(type, "enum") && (!choices || choices->count == 0))
		problem(p, &key->mark, EXIT_DATA, "param %s: choices missing", name);
	return p->errors == errors;
}

char *absolute_path(const char *path, const char *folder)
{
	struct str s = {0};

	if (*path != '/')
		str_addf(&s, "%s/", folder);
	str_add(&s, path);
	return s.p;
}

char *working_folder(void)
{
	char *cwd = getcwd(NULL, 0);

	return cwd ? cwd : xstrdup(".");
}

char *template_folder(const struct template *t)
{
	const char *slash = strrchr(t->file, '/');
	char *cwd = working_folder(),
	     *name = slash ? xstrndup(t->file, (size_t)(slash - t->file) + 1) : xstrdup("");
	char *folder = absolute_path(name, cwd);
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		folder[--n] = '\0';
	free(cwd);
	free(name);
	return folder;
}

static void set_value(struct template *t, struct param *param, const char *text, char *folder)
{
	param->text = text;
	if (!strcmp(param->type, "path"))
		param->text = template_own(t, absolute_path(text, folder));
	free(folder);
}

void params_read(struct template *t, const struct given_list *given, struct problems *p)
{
	const struct node *map = node_get(t->tree, "params", NULL);
	bool *good;

	if (map && map->kind != NODE_MAP) {
		problem(p, &map->mark, EXIT_DATA, "params: must be a mapping");
		map = NULL;
	}
	t->param = xcalloc(map ? map->count + 1 : 1, sizeof(*t->param));
	good = xcalloc(map ? map->count + 1 : 1, sizeof(*good));
	for (size_t i = 0; map && i < map->count; i++) {
		struct param *param = &t->param[t->params++];
		const struct node *spec = map->item[i], *fallback;
		struct error e;

		good[i] = check_spec(map->key[i], spec, p);
		*param = (struct param){.name = map->key[i]->text, .mark = map->key[i]->mark};
		param->type = good[i] ? node_get(spec, "type", NULL)->text : "text";
		fallback = good[i] ? node_get(spec, "default", NULL) : NULL;
		if (!fallback)
			continue;
		set_value(t, param, fallback->text, template_folder(t));
		if (check_typed(spec, param->type, fallback->text, &e))
			problem(p, &fallback->mark, EXIT_DATA, "param %s: default: %s", param->name,
				e.text);
	}
	for (size_t i = 0; i < given->n; i++) {
		const struct given *g = &given->v[i];
		struct mark at = {g->word, 0, 0};
		size_t k = 0;
		struct error e;

		while (k < t->params && strcmp(t->param[k].name, g->name))
			k++;
		if (k == t->params) {
			const char **names = xcalloc(t->params + 1, sizeof(*names));

			for (size_t j = 0; j < t->params; j++)
				names[j] = t->param[j].name;
			problem_unknown(p, &at, EXIT_USAGE, g->name, names, t->params,
				"no param %s", g->name);
			free(names);
		} else if (good[k]) {
			set_value(t, &t->param[k], g->value, working_folder());
			if (check_typed(map->item[k], t->param[k].type, g->value, &e))
				problem(p, &at, EXIT_USAGE, "%s", e.text);
		}
	}
	for (size_t i = 0; i < t->params; i++)
		if (good[i] && !t->param[i].text && bool_of(map->item[i], "required", false, "", p))
			problem(p, &t->param[i].mark, EXIT_DATA,
				"param %s: required: give --param %s=VALUE", t->param[i].name,
				t->param[i].name);
	free(good);
}

const char *param_value(void *template, const char *name)
{
	const struct template *t = template;

	for (size_t i = 0; i < t->params; i++)
		if (!strcmp(t->param[i].name, name))
			return t->param[i].text ? t->param[i].text : "";
	return NULL;
}

/* The name in "${name}", NULL if the text is anything else; to be freed. */
static char *reference(const char *text)
{
	size_t n = strlen(text);

	if (n < 4 || !starts_with(text, "${") || strcspn(text, "}") != n - 1)
		return NULL;
	return xstrndup(text + 2, n - 3);
}

static bool is_required(const struct template *t, const char *name)
{
	const struct node *spec = node_get(node_get(t->tree, "params", NULL), name, NULL);
	const struct node *required = node_get(spec, "required", NULL);

	return required && required->text && !strcmp(required->text, "true");
}

static void substitute(struct template *t, struct node *node, struct problems *p)
{
	const char *value = NULL;
	char *name;

	for (size_t i = 0; i < node->count; i++)
		substitute(t, node->item[i], p);
	if (node->kind != NODE_SCALAR || !strstr(node->text, "${"))
		return;
	name = reference(node->text);
	if (!name) {
		problem(p, &node->mark, EXIT_DATA,
			"'%s': ${param} stands only as a whole value, not within one", node->text);
		node->absent = node->told = true;
		return;
	}
	for (size_t i = 0; i < t->params && !value; i++)
		if (!strcmp(t->param[i].name, name))
			value = t->param[i].text;
	if (!value && !param_value(t, name))
		problem(p, &node->mark, EXIT_DATA, "${%s}: no param of this name", name);
	else if (!value && !is_required(t, name))
		problem(p, &node->mark, EXIT_DATA,
			"${%s}: has no value: give it a default, or --param %s=VALUE", name, name);
	free(name);
	free(node->text);
	node->text = xstrdup(value ? value : "");
	node->absent = node->told = !value;
}

void params_substitute(struct template *t, struct problems *p)
{
	static const char *const where[] = {"steps", "outputs"};

	for (size_t i = 0; i < COUNT_OF(where); i++) {
		struct node *node = node_get(t->tree, where[i], NULL);

		if (node)
			substitute(t, node, p);
	}
}
