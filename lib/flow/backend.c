/* SPDX-License-Identifier: ISC */
#include "flow/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

/* The words of a command line between blanks, as copies that the tree keeps no record of. */
static void split_command(const char *text, struct stage_spec *s)
{
	char *copy = xstrdup(text + strspn(text, " ")), *save = NULL;

	s->command = strtok_r(copy, " ", &save);
	for (char *word; (word = strtok_r(NULL, " ", &save));) {
		s->word = xrealloc(s->word, s->words + 1, sizeof(*s->word));
		s->word[s->words++] = (struct word_spec){.text = word};
	}
	s->fixed = s->words;
}

static void read_with(const struct node *with, struct stage_spec *s, struct problems *p)
{
	if (with && with->kind != NODE_LIST)
		problem(p, &with->mark, EXIT_DATA, "with: must be a list");
	for (size_t i = 0; with && with->kind == NODE_LIST && i < with->count; i++) {
		const struct node *item = with->item[i];
		struct word_spec w = {0};

		if (item->kind == NODE_SCALAR) {
			w.text = item->text;
		} else if (item->kind == NODE_MAP) {
			CHECK_KEYS(item, "with", p, "word", "if", "unless");
			w.text = text_of(item, "word", "with", p);
			words_of(node_get(item, "if", NULL), &w.given, "if", p);
			words_of(node_get(item, "unless", NULL), &w.lacking, "unless", p);
		}
		if (!w.text) {
			problem(p, &item->mark, EXIT_DATA, "with: must be a word or {word: …}");
			w.text = "";
		}
		s->word = xrealloc(s->word, s->words + 1, sizeof(*s->word));
		s->word[s->words++] = w;
	}
}

static void read_flow(
	const struct node *node, const char *key, struct flow *flow, struct problems *p)
{
	const char *v[3] = {"", "any", "any"};
	const struct node *list = node_get(node, key, NULL);

	if (list && node_words(list, v, 3, key, p) != 3)
		problem(p, &list->mark, EXIT_DATA, "%s: must be [kinds, types, unit]", key);
	*flow = (struct flow){v[0], v[1], v[2]};
}

static void read_stage(const struct node *node, struct stage_spec *s, struct problems *p)
{
	const char *command;

	*s = (struct stage_spec){.command = "", .mark = node->mark};
	if (node->kind == NODE_MAP) {
		CHECK_KEYS(node, "stage", p, "command", "with", "in", "out", "sink");
		command = text_of(node, "command", "stage", p);
		s->has_flow = node_get(node, "in", NULL) || node_get(node, "out", NULL);
		read_flow(node, "in", &s->in, p);
		read_flow(node, "out", &s->out, p);
		s->sink = bool_of(node, "sink", false, "stage", p);
	} else {
		command = node->kind == NODE_SCALAR ? node->text : NULL;
	}
	if (!command || !command[strspn(command, " ")] || strchr(command, '/')) {
		problem(p, &node->mark, EXIT_DATA,
			"stage: must be a command's name and words, or {command: …}");
		return;
	}
	split_command(command, s);
	if (node->kind == NODE_MAP)
		read_with(node_get(node, "with", NULL), s, p);
}

static void read_stages(const struct node *node, struct stage_spec **stage, size_t *count,
	const char *of, struct problems *p)
{
	if (!node)
		return;
	if (node->kind != NODE_LIST || node->count == 0) {
		problem(p, &node->mark, EXIT_DATA, "%s: run: must be a list of stages", of);
		return;
	}
	*stage = xcalloc(node->count, sizeof(**stage));
	for (*count = 0; *count < node->count; ++*count)
		read_stage(node->item[*count], &(*stage)[*count], p);
}

/* The types of params, as option types; "bool" and so on are what templates call them. */
static const struct {
	const char *name;
	enum option_type type;
} param_types[] = {
	{"int", OPT_INT},
	{"float", OPT_REAL},
	{"bool", OPT_FLAG},
	{"enum", OPT_ENUM},
	{"text", OPT_TEXT},
	{"duration", OPT_DURATION},
	{"frequency", OPT_FREQUENCY},
	{"list", OPT_LIST},
};

static bool read_type(const struct node *node, struct option *o)
{
	for (size_t i = 0; i < COUNT_OF(param_types); i++)
		if (!strcmp(node->text ? node->text : "", param_types[i].name)) {
			o->type = param_types[i].type;
			return true;
		}
	return false;
}

static void read_number(const struct node *node, const char *key, double *v, struct problems *p)
{
	const char *text = text_of(node, key, "param", p);

	if (text && !parse_real(text, v))
		problem(p, &node_get(node, key, NULL)->mark, EXIT_DATA,
			"%s: '%s': must be a number", key, text);
}

static void read_param(
	const struct node *key, const struct node *node, struct param_spec *s, struct problems *p)
{
	const struct node *type = node_get(node, "type", NULL);

	*s = (struct param_spec){.name = key->text};
	s->check = (struct option){.name = key->text, .type = OPT_TEXT, .unit = "", .help = ""};
	if (node->kind != NODE_MAP) {
		problem(p, &node->mark, EXIT_DATA, "param %s: must be a mapping", key->text);
		return;
	}
	CHECK_KEYS(node, "param", p, "option", "command", "values", "default", "uses", "type",
		"min", "max", "choices", "unit", "required");
	s->option = text_of(node, "option", "param", p);
	s->command = text_of(node, "command", "param", p);
	s->fallback = text_of(node, "default", "param", p);
	s->uses = text_of(node, "uses", "param", p);
	s->required = bool_of(node, "required", false, "param", p);
	s->values = node_get(node, "values", NULL);
	if (s->values && s->values->kind != NODE_MAP) {
		problem(p, &s->values->mark, EXIT_DATA, "values: must be a mapping");
		s->values = NULL;
	}
	if (text_of(node, "unit", "param", p))
		s->check.unit = text_of(node, "unit", "param", p);
	s->has_check = type != NULL || s->uses;
	if (s->uses)
		s->check.type = OPT_FLAG;
	if (type && !read_type(type, &s->check))
		problem(p, &type->mark, EXIT_DATA,
			"type: must be one of "
			"int|float|bool|enum|text|duration|frequency|list");
	s->check.choices = text_of(node, "choices", "param", p);
	read_number(node, "min", &s->check.min, p);
	read_number(node, "max", &s->check.max, p);
}

static void read_params(const struct node *node, struct operation *o, struct problems *p)
{
	o->param = xcalloc(node && node->kind == NODE_MAP ? node->count + 1 : 1, sizeof(*o->param));
	for (size_t i = 0; node && node->kind == NODE_MAP && i < node->count; i++)
		read_param(node->key[i], node->item[i], &o->param[o->params++], p);
}

static void read_masters(const struct node *node, struct operation *o, struct problems *p)
{
	if (!node || node->kind != NODE_MAP)
		return;
	o->master = xcalloc(node->count + 1, sizeof(*o->master));
	for (size_t i = 0; i < node->count; i++) {
		struct master_spec *m = &o->master[o->masters++];
		const struct node *item = node->item[i];

		m->name = node->key[i]->text;
		CHECK_KEYS(item, "master", p, "of", "run");
		m->of = text_of(item, "of", "master", p);
		read_stages(node_get(item, "run", NULL), &m->stage, &m->stages, m->name, p);
		if (!m->of || !m->stages)
			problem(p, &item->mark, EXIT_DATA, "master %s: needs of and run", m->name);
	}
}

static void read_formats(const struct node *node, struct operation *o, struct problems *p)
{
	if (!node)
		return;
	CHECK_KEYS(node, "export", p, "param", "formats");
	o->formats_param = text_of(node, "param", "export", p);
	node = node_get(node, "formats", NULL);
	if (!o->formats_param || !node || node->kind != NODE_MAP) {
		problem(p, &o->mark, EXIT_DATA, "export: needs param and formats");
		return;
	}
	o->format = xcalloc(node->count + 1, sizeof(*o->format));
	for (size_t i = 0; i < node->count; i++) {
		o->format[o->formats].name = node->key[i]->text;
		read_stage(node->item[i], &o->format[o->formats++].stage, p);
	}
}

static void read_operation(
	const struct node *key, const struct node *node, struct operation *o, struct problems *p)
{
	const struct node *inputs;

	*o = (struct operation){.name = key->text, .mark = key->mark};
	if (node->kind != NODE_MAP) {
		problem(p, &node->mark, EXIT_DATA, "operation %s: must be a mapping", key->text);
		return;
	}
	CHECK_KEYS(node, "operation", p, "summary", "built", "inputs", "reads", "masters", "run",
		"ext", "params", "export");
	o->summary = text_of(node, "summary", key->text, p);
	o->built = bool_of(node, "built", true, key->text, p);
	o->extension = text_of(node, "ext", key->text, p);
	inputs = node_get(node, "inputs", NULL);
	o->input = xcalloc(inputs ? inputs->count + 1 : 1, sizeof(*o->input));
	for (size_t i = 0; inputs && inputs->kind == NODE_MAP && i < inputs->count; i++)
		input_read(inputs->key[i], inputs->item[i], &o->input[o->inputs++], p);
	words_of(node_get(node, "reads", NULL), &o->reads, "reads", p);
	read_masters(node_get(node, "masters", NULL), o, p);
	read_stages(node_get(node, "run", NULL), &o->stage, &o->stages, key->text, p);
	read_params(node_get(node, "params", NULL), o, p);
	read_formats(node_get(node, "export", NULL), o, p);
	if (o->built && !o->stages && !o->formats)
		problem(p, &key->mark, EXIT_DATA, "operation %s: needs run or export", key->text);
}

struct backend *backend_read(const char *file, const char *text, size_t n, struct problems *p)
{
	struct problems found = {0};
	struct node *tree = yaml_read(file, text, n, &found);
	struct backend *b = xcalloc(1, sizeof(*b));
	const struct node *operations = node_get(tree, "operations", NULL);

	b->tree = tree;
	CHECK_KEYS(tree, "backend", &found, "backend", "description", "reader", "operations");
	b->name = text_of(tree, "backend", "backend", &found);
	if (node_get(tree, "reader", NULL))
		read_stage(node_get(tree, "reader", NULL), &b->reader, &found);
	if (tree && (!b->name || !operations || operations->kind != NODE_MAP))
		problem(&found, &tree->mark, EXIT_DATA, "needs backend and operations");
	else if (tree)
		b->operation = xcalloc(operations->count + 1, sizeof(*b->operation));
	for (size_t i = 0; b->operation && i < operations->count; i++)
		read_operation(operations->key[i], operations->item[i],
			&b->operation[b->operations++], &found);
	if (found.errors) {
		struct str lines = {0};
		struct mark at = {file, 0, 0};

		problems_text(&found, true, &lines);
		if (lines.len)
			lines.p[lines.len - 1] = '\0';
		problem(p, &at, EXIT_CONFIG, "is no backend: %s", lines.p);
		str_free(&lines);
		backend_free(b);
		b = NULL;
	}
	problems_free(&found);
	return b;
}

static void stage_free(struct stage_spec *s)
{
	if (*s->command)
		free((void *)s->command); /* the copy that the words lie in */
	for (size_t i = 0; i < s->words; i++) {
		free(s->word[i].given.v);
		free(s->word[i].lacking.v);
	}
	free(s->word);
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->operations; i++) {
		struct operation *o = &b->operation[i];

		for (size_t k = 0; k < o->inputs; k++)
			input_spec_free(&o->input[k]);
		for (size_t k = 0; k < o->masters; k++) {
			for (size_t j = 0; j < o->master[k].stages; j++)
				stage_free(&o->master[k].stage[j]);
			free(o->master[k].stage);
		}
		for (size_t k = 0; k < o->stages; k++)
			stage_free(&o->stage[k]);
		for (size_t k = 0; k < o->formats; k++)
			stage_free(&o->format[k].stage);
		free(o->input);
		free(o->reads.v);
		free(o->master);
		free(o->stage);
		free(o->param);
		free(o->format);
	}
	if (b->reader.command)
		stage_free(&b->reader);
	free(b->operation);
	node_free(b->tree);
	free(b);
}

const struct operation *operation_find(const struct backend *b, const char *name)
{
	for (size_t i = 0; i < b->operations; i++)
		if (!strcmp(b->operation[i].name, name))
			return &b->operation[i];
	return NULL;
}

const struct param_spec *operation_param(const struct operation *o, const char *name)
{
	for (size_t i = 0; i < o->params; i++)
		if (same_name(o->param[i].name, name))
			return &o->param[i];
	return NULL;
}
