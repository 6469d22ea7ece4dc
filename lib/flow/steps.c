/* SPDX-License-Identifier: ISC */
/* The steps of a template, each key by itself, and what --set makes of their params. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/condition.h"
#include "flow/template.h"

/* Letters, digits, '_' and '-', as file names and shell functions are made of it. */
bool is_name(const char *text)
{
	return *text && *text != '-' && strlen(text) <= 64 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-")];
}

/* A duration above 0 in the word `key`, else 0. */
static int64_t duration_of(
	const struct node *map, const char *key, const char *of, struct problems *p)
{
	const char *text = text_of(map, key, of, p);
	int64_t ns = 0;

	if (text && (!parse_duration(text, &ns) || ns <= 0)) {
		problem(p, &node_get(map, key, NULL)->mark, EXIT_DATA,
			"%s: %s: '%s': must be a duration above 0 (ns us ms s min h d)", of, key,
			text);
		ns = 0;
	}
	return ns;
}

static void read_retry(const struct node *node, struct step *s, struct problems *p)
{
	const char *max, *factor;

	if (!node)
		return;
	s->retry.factor = 2;
	if (node->kind != NODE_MAP) {
		problem(p, &node->mark, EXIT_DATA,
			"%s: retry: must be a mapping {max, delay, factor}, is %s", s->title,
			node_kind_name(node));
		return;
	}
	CHECK_KEYS(node, "retry", p, "max", "delay", "factor");
	max = text_of(node, "max", s->title, p);
	if (!node_get(node, "max", NULL))
		problem(p, &node->mark, EXIT_DATA, "%s: retry: max missing", s->title);
	else if (max && (!parse_i64(max, &s->retry.max) || s->retry.max < 1 || s->retry.max > 100))
		problem(p, &node_get(node, "max", NULL)->mark, EXIT_DATA,
			"%s: retry: max: '%s': must be a whole number, 1 to 100", s->title, max);
	s->retry.delay_ns = duration_of(node, "delay", s->title, p);
	factor = text_of(node, "factor", s->title, p);
	if (factor && (!parse_f64(factor, false, &s->retry.factor) || s->retry.factor < 1 ||
			      s->retry.factor > 100))
		problem(p, &node_get(node, "factor", NULL)->mark, EXIT_DATA,
			"%s: retry: factor: '%s': must be a number, 1 to 100", s->title, factor);
}

static void read_gate(const struct node *node, struct step *s, struct problems *p)
{
	static const char *const bounds[] = {"min", "max"};
	size_t checks = 0, errors = p->errors;

	if (!node)
		return;
	s->gate = node;
	if (node->kind != NODE_MAP) {
		problem(p, &node->mark, EXIT_DATA,
			"%s: gate: must be a mapping {min: {key: number}, max: {key: number}}, is "
			"%s",
			s->title, node_kind_name(node));
		s->gate = NULL;
		return;
	}
	check_keys(node, bounds, COUNT_OF(bounds), "gate", p);
	for (size_t b = 0; b < COUNT_OF(bounds); b++) {
		const struct node *map = node_get(node, bounds[b], NULL);

		if (map && map->kind != NODE_MAP) {
			problem(p, &map->mark, EXIT_DATA, "%s: gate: %s: must be {key: number}",
				s->title, bounds[b]);
			continue;
		}
		for (size_t i = 0; map && i < map->count; i++, checks++) {
			const struct node *bound = map->item[i];
			const char *key = map->key[i]->text;
			double v;

			if (!*key || key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-~%")])
				problem(p, &map->key[i]->mark, EXIT_DATA,
					"%s: gate: '%s': must be a key of the metadata", s->title,
					key);
			else if (bound->kind != NODE_SCALAR || !parse_real(bound->text, &v))
				problem(p, &bound->mark, EXIT_DATA,
					"%s: gate: %s: %s: '%s': must be a number", s->title,
					bounds[b], key, bound->text ? bound->text : "");
		}
	}
	if (checks == 0 && p->errors == errors)
		problem(p, &node->mark, EXIT_DATA, "%s: gate: checks nothing", s->title);
}

static void read_when(
	struct template *t, const struct node *map, struct step *s, struct problems *p)
{
	const char *text = text_of(map, "when", s->title, p);
	struct error e;
	bool holds;

	if (!text)
		return;
	if (condition(text, param_value, t, &holds, &e))
		problem(p, &node_get(map, "when", NULL)->mark, EXIT_DATA, "%s: when: %s", s->title,
			e.text);
	else
		s->left_out = !holds;
}

static void read_step(struct template *t, struct node *map, struct step *s, struct problems *p)
{
	const struct node *operation = node_get(map, "operation", NULL);
	const char *on_fail, *text;
	char *name;

	s->operation = s->backend = "";
	if (map->kind != NODE_MAP) {
		problem(p, &map->mark, EXIT_DATA, "step %zu: must be a mapping, is %s", s->number,
			node_kind_name(map));
		s->left_out = true;
		return;
	}
	CHECK_KEYS(map, "step", p, "operation", "id", "backend", "params", "optional", "when",
		"from", "scatter", "timeout", "retry", "on_fail", "preview", "checkpoint", "gate");
	text_of(map, "id", "step", p);
	if (operation && operation->kind == NODE_SCALAR && !operation->absent && !*operation->text)
		problem(p, &operation->mark, EXIT_DATA, "step %zu: operation: '': must be a name",
			s->number);
	if (!operation) {
		problem(p, &map->mark, EXIT_DATA, "step %zu: operation missing", s->number);
	} else if ((text = text_of(map, "operation", "step", p))) {
		name = xstrdup(text);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : *c;
		s->operation = template_own(t, name);
		s->operation_mark = operation->mark;
	}
	if (!is_name(s->id) && node_get(map, "id", NULL))
		problem(p, &node_get(map, "id", NULL)->mark, EXIT_DATA,
			"id: '%s': must be 1 to 64 letters, digits, _ and -, no - first", s->id);
	text = text_of(map, "backend", s->title, p);
	s->backend = text ? text : "default";
	if (text)
		s->backend_mark = node_get(map, "backend", NULL)->mark;
	s->params = node_get(map, "params", NULL);
	if (s->params && s->params->kind != NODE_MAP) {
		if (!s->params->absent)
			problem(p, &s->params->mark, EXIT_DATA,
				"%s: params: must be a mapping, is %s", s->title,
				node_kind_name(s->params));
		s->params = NULL;
	}
	s->from = node_get(map, "from", NULL);
	s->scatter = text_of(map, "scatter", s->title, p);
	if (s->scatter && !is_name(s->scatter))
		problem(p, &node_get(map, "scatter", NULL)->mark, EXIT_DATA,
			"%s: scatter: '%s': must be frames or a key of the metadata", s->title,
			s->scatter);
	s->optional = bool_of(map, "optional", false, s->title, p);
	s->preview = bool_of(map, "preview", false, s->title, p);
	s->checkpoint = bool_of(map, "checkpoint", false, s->title, p);
	s->timeout_ns = duration_of(map, "timeout", s->title, p);
	on_fail = text_of(map, "on_fail", s->title, p);
	if (on_fail && strcmp(on_fail, "stop") && strcmp(on_fail, "continue"))
		problem(p, &node_get(map, "on_fail", NULL)->mark, EXIT_DATA,
			"%s: on_fail: %s: must be stop or continue", s->title, on_fail);
	s->goes_on = on_fail && !strcmp(on_fail, "continue");
	if (s->goes_on && s->optional)
		problem(p, &node_get(map, "on_fail", NULL)->mark, EXIT_DATA,
			"%s: on_fail: an optional step goes on without itself already", s->title);
	read_retry(node_get(map, "retry", NULL), s, p);
	read_gate(node_get(map, "gate", NULL), s, p);
	read_when(t, map, s, p);
}

/* Two steps of one id: the second is told. */
static void check_ids(const struct template *t, const struct node *list, struct problems *p)
{
	for (size_t i = 0; i < t->steps; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(t->step[i].id, t->step[k].id)) {
				const struct node *id = node_get(list->item[i], "id", NULL);

				problem(p, id ? &id->mark : &t->step[i].mark, EXIT_DATA,
					"id %s: step %zu has it already", t->step[i].id, k + 1);
				break;
			}
}

void steps_read(struct template *t, struct problems *p)
{
	struct node *list = node_get(t->tree, "steps", NULL);
	char **id;

	if (!list || list->kind != NODE_LIST || list->count == 0) {
		problem(p, list ? &list->mark : &t->tree->mark, EXIT_DATA, "%s",
			!list ? "steps missing" : "steps: must be a list of at least one step");
		return;
	}
	if (list->count > STEPS_MAX) {
		problem(p, &list->mark, EXIT_DATA, "more than %d steps", STEPS_MAX);
		return;
	}
	id = step_ids(list);
	t->step = xcalloc(list->count, sizeof(*t->step));
	for (size_t i = 0; i < list->count; i++) {
		struct step *s = &t->step[t->steps++];
		struct str title = {0};

		s->id = template_own(t, id[i]);
		str_addf(&title, "step %s", s->id);
		s->title = template_own(t, title.p);
		s->mark = s->operation_mark = s->backend_mark = list->item[i]->mark;
		s->number = i + 1;
		read_step(t, list->item[i], s, p);
	}
	free(id);
	check_ids(t, list, p);
}

static struct node *node_of(enum node_kind kind, struct mark mark, const char *text)
{
	struct node *node = xcalloc(1, sizeof(*node));

	*node = (struct node){.kind = kind, .mark = mark, .text = text ? xstrdup(text) : NULL};
	return node;
}

static void set_param(struct template *t, struct step *s, const char *name, const struct given *g)
{
	struct mark at = {g->word, 0, 0};
	struct node *value = node_of(NODE_SCALAR, at, g->value);

	if (!s->params) {
		struct node *steps = node_get(t->tree, "steps", NULL);

		s->params = node_of(NODE_MAP, at, NULL);
		node_add(steps->item[s->number - 1], node_of(NODE_SCALAR, at, "params"), s->params);
	}
	for (size_t i = 0; i < s->params->count; i++)
		if (same_name(s->params->key[i]->text, name)) {
			node_free(s->params->item[i]);
			s->params->item[i] = value;
			return;
		}
	node_add(s->params, node_of(NODE_SCALAR, at, name), value);
}

/* --set STEP.PARAM=VALUE */
void steps_set(struct template *t, const struct given_list *sets, struct problems *p)
{
	for (size_t i = 0; i < sets->n; i++) {
		const struct given *g = &sets->v[i];
		const char *dot = strchr(g->name, '.');
		struct mark at = {g->word, 0, 0};
		struct step *s;
		char *id;

		if (!dot || !dot[1]) {
			problem(p, &at, EXIT_USAGE, "must be STEP.PARAM=VALUE");
			continue;
		}
		id = xstrndup(g->name, (size_t)(dot - g->name));
		for (char *c = id; !template_step(t, id) && *c; c++)
			*c = *c == '-' ? '_' : *c;
		s = template_step(t, id);
		if (s) {
			set_param(t, s, dot + 1, g);
		} else {
			const char **ids = xcalloc(t->steps + 1, sizeof(*ids));

			for (size_t k = 0; k < t->steps; k++)
				ids[k] = t->step[k].id;
			problem_unknown(p, &at, EXIT_USAGE, id, ids, t->steps, "no step %s", id);
			free(ids);
		}
		free(id);
	}
}
