/* SPDX-License-Identifier: ISC */
/* What the params of a step make of its command lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

static bool common_option(const char *name)
{
	static const char *const common[] = {"help", "version", "describe", "quiet", "verbose",
		"progress", "no-progress", "output", "name", "pass", "no-clobber"};

	for (size_t i = 0; i < COUNT_OF(common); i++)
		if (!strcmp(name, common[i]))
			return true;
	/* Files beside the product are not a template's to name. */
	return strlen(name) > 4 && !strcmp(name + strlen(name) - 4, "-out");
}

static const struct option *option_of_stage(
	const struct plan_options *o, const struct stage_spec *spec, const char *name)
{
	const struct described *said;
	struct error e;

	said = spec->has_flow ? NULL : describe(o->describer, spec->command, &e);
	for (const struct option *k = said ? said->options : NULL; k && k->name; k++)
		if (same_name(k->name, name) && !common_option(k->name))
			return k;
	return NULL;
}

/* Where an option of the job is: its n-th stage that has it, NULL if there are fewer. */
static const struct option *find_option(const struct plan_options *o, const struct job *j,
	const struct param_spec *spec, const char *name, size_t *stage)
{
	for (size_t i = *stage; i < j->stages; i++) {
		const struct stage_spec *s = j->spec[i];
		const struct option *found = option_of_stage(o, s, name);

		if (spec && spec->command && strcmp(spec->command, s->command))
			continue;
		if (found || (spec && s->has_flow && spec->option)) {
			*stage = i;
			return found ? found : &spec->check;
		}
	}
	return NULL;
}

static void unknown_param(const struct plan_options *o, const struct job *j, const struct node *key,
	struct problems *p)
{
	const struct operation *op = j->operation;
	const char *names[300];
	size_t n = 0, owned = 0;

	for (; n < op->params && n < 100; n++)
		names[n] = op->param[n].name;
	owned = n;
	for (size_t i = 0; i < op->stages + op->formats; i++) {
		const struct stage_spec *s =
			i < op->stages ? &op->stage[i] : &op->format[i - op->stages].stage;
		const struct described *said;
		struct error e;

		if (s->has_flow || !(said = describe(o->describer, s->command, &e)))
			continue;
		for (const struct option *k = said->options; k->name && n < COUNT_OF(names); k++)
			if (!common_option(k->name)) {
				char *c = xstrdup(k->name);

				for (char *d = c; *d; d++)
					*d = *d == '-' ? '_' : *d;
				names[n++] = c;
			}
	}
	problem_unknown(p, &key->mark, key->mark.line ? EXIT_DATA : EXIT_USAGE, key->text, names, n,
		"step %s: unknown param %s of operation %s", j->id, key->text, op->name);
	for (; owned < n; owned++)
		free((void *)names[owned]);
}

/* The word of the command for a word of the template. */
static const char *mapped_value(const struct param_spec *spec, const char *text)
{
	const struct node *to = spec && spec->values ? node_get(spec->values, text, NULL) : NULL;

	return to && to->kind == NODE_SCALAR ? to->text : text;
}

/* Checks a value by the param's own type, or the option's; the words of `values` are right. */
static bool check_value(const struct job *j, const struct param_spec *spec,
	const struct option *option, const char *name, const struct node *node, const char *text,
	struct problems *p)
{
	struct option check = spec && spec->has_check ? spec->check : *option;
	struct error e;

	if (spec && spec->values && node_get(spec->values, text, NULL))
		return true;
	if (!option_check(&check, text, &e))
		return true;
	if (spec && spec->values && (check.type == OPT_ENUM || check.type == OPT_TEXT)) {
		struct str words = {0};

		for (size_t i = 0; i < spec->values->count; i++)
			str_addf(&words, "%s|", spec->values->key[i]->text);
		str_add(&words, check.choices ? check.choices : "");
		problem(p, &node->mark, node->mark.line ? EXIT_DATA : EXIT_USAGE,
			"step %s: %s: %s: must be one of %s", j->id, name, text, words.p);
		str_free(&words);
	} else {
		problem(p, &node->mark, node->mark.line ? EXIT_DATA : EXIT_USAGE, "step %s: %s: %s",
			j->id, name, e.text);
	}
	return false;
}

/* A file counts from the template's folder, on the command line from where one is. */
static const char *whole_path(
	struct plan *plan, const struct option *option, const char *text, const struct mark *at)
{
	const char *file = option_file(option, text), *whole;
	char *folder, *path;

	if (!file)
		return text;
	folder = at->line ? template_folder(plan->template) : working_folder();
	path = absolute_path(file, folder);
	whole = plan_text(plan, "%.*s%s", (int)(file - text), text, path);
	free(path);
	free(folder);
	return whole;
}

static void add_option(struct plan *plan, struct stage *s, const struct option *option,
	const char *name, const char *text)
{
	if (option->type != OPT_FLAG)
		stage_add(plan, s, plan_text(plan, "--%s=%s", name, text));
	else if (!strcmp(text, "true"))
		stage_add(plan, s, plan_text(plan, "--%s", name));
}

/* One param of the template, or the default of one that it does not name (key NULL). */
static void apply_param(struct plan *plan, struct job *j, const struct plan_options *o,
	const struct node *key, const struct node *node, const struct param_spec *spec,
	struct problems *p)
{
	const char *name = spec ? spec->name : key->text;
	const char *option_name = spec && spec->option ? spec->option : name;
	size_t stage = 0, found = 0;
	const struct option *option;
	const char *words[WORDS_MAX];
	size_t count;

	if (j->operation->formats_param && !strcmp(name, j->operation->formats_param))
		return; /* it has chosen the stages */
	if (node->absent) {
		if (!node->told)
			problem(p, &node->mark, EXIT_DATA, "step %s: %s: has no value", j->id,
				name);
		return;
	}
	if (spec && spec->uses) {
		if (node->kind != NODE_SCALAR)
			problem(p, &node->mark, EXIT_DATA,
				"step %s: %s: must be true or false, is %s", j->id, name,
				node_kind_name(node));
		else
			check_value(j, spec, &spec->check, name, node, node->text, p);
		return;
	}
	for (; (option = find_option(o, j, spec, option_name, &stage)); stage++) {
		char dashed[80];

		found++;
		if (node->kind != NODE_SCALAR && option->type != OPT_LIST) {
			problem(p, &node->mark, EXIT_DATA, "step %s: %s: must be one value, is %s",
				j->id, name, node_kind_name(node));
			return;
		}
		snprintf(dashed, sizeof(dashed), "%s", option_name);
		for (char *c = dashed; *c; c++)
			*c = *c == '_' ? '-' : *c;
		count = node_words(node, words, WORDS_MAX, name, p);
		for (size_t i = 0; i < count; i++)
			if (check_value(j, spec, option, name, node, words[i], p))
				add_option(plan, &j->stage[stage], option, dashed,
					whole_path(plan, option, mapped_value(spec, words[i]),
						&node->mark));
		if (!j->operation->formats)
			return;
	}
	if (!found && j->operation->formats && key) {
		/* An option of a format that is not asked for. */
		for (size_t i = 0; i < j->operation->formats; i++)
			if (option_of_stage(o, &j->operation->format[i].stage, option_name))
				return;
	}
	if (!found && key)
		unknown_param(o, j, key, p);
}

/* Do both keys name one param, by the operation's word or by the option's? */
static bool same_param(const struct operation *op, const char *a, const char *b)
{
	const struct param_spec *one = operation_param(op, a), *two = operation_param(op, b);

	if (one && two)
		return one == two;
	return same_name(
		one && one->option ? one->option : a, two && two->option ? two->option : b);
}

static void apply_params(
	struct plan *plan, struct job *j, const struct plan_options *o, struct problems *p)
{
	const struct node *params = j->step->params;

	for (size_t i = 0; params && i < params->count; i++) {
		const struct node *key = params->key[i];

		for (size_t k = 0; k < i; k++)
			if (same_param(j->operation, params->key[k]->text, key->text))
				problem(p, &key->mark, EXIT_DATA,
					"step %s: %s: is %s, which stands there already", j->id,
					key->text, params->key[k]->text);
		apply_param(plan, j, o, key, params->item[i],
			operation_param(j->operation, key->text), p);
	}
	for (size_t i = 0; i < j->operation->params; i++) {
		const struct param_spec *spec = &j->operation->param[i];
		struct node value = {
			.mark = j->step->operation_mark, .text = (char *)spec->fallback};

		if (step_param(j->step, spec->name))
			continue;
		if (spec->required)
			problem(p, &j->step->operation_mark, EXIT_DATA,
				"step %s: param %s of operation %s missing", j->id, spec->name,
				j->operation->name);
		else if (spec->fallback)
			apply_param(plan, j, o, NULL, &value, spec, p);
	}
}

struct formats {
	size_t v[WORDS_MAX], n; /* numbers of the operation's */
};

static void add_format(const struct job *j, const char *word, const struct mark *at,
	struct formats *f, struct problems *p)
{
	const struct operation *op = j->operation;
	int code = at->line ? EXIT_DATA : EXIT_USAGE;
	const char *names[WORDS_MAX];
	size_t k = 0, known = op->formats < WORDS_MAX ? op->formats : WORDS_MAX;

	for (size_t i = 0; i < known; i++)
		names[i] = op->format[i].name;
	while (k < known && strcmp(names[k], word))
		k++;
	if (k == known) {
		problem_unknown(p, at, code, word, names, known, "step %s: %s: %s: no such format",
			j->id, op->formats_param, word);
		return;
	}
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i] == k) {
			problem(p, at, code, "step %s: %s: %s: stands twice", j->id,
				op->formats_param, word);
			return;
		}
	f->v[f->n++] = k;
}

/* The formats that an export names: a list, or "png,jpeg" as --set has it. */
static void find_formats(const struct job *j, struct formats *f, struct problems *p)
{
	const char *param = j->operation->formats_param;
	const struct node *node = step_param(j->step, param);
	size_t errors = p->errors;
	char *copy, *save = NULL;

	if (!node || node->absent) {
		if (!node || !node->told)
			problem(p, node ? &node->mark : &j->step->operation_mark, EXIT_DATA,
				"step %s: param %s of operation %s missing", j->id, param,
				j->operation->name);
		return;
	}
	for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++)
		if (node->item[i]->kind == NODE_SCALAR && !node->item[i]->absent)
			add_format(j, node->item[i]->text, &node->item[i]->mark, f, p);
		else
			problem(p, &node->item[i]->mark, EXIT_DATA,
				"step %s: %s: must be a word, is %s", j->id, param,
				node_kind_name(node->item[i]));
	if (node->kind == NODE_SCALAR) {
		copy = xstrdup(node->text);
		for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
			add_format(j, w, &node->mark, f, p);
		free(copy);
	}
	if (f->n == 0 && p->errors == errors)
		problem(p, &node->mark, EXIT_DATA, "step %s: %s: must name a format", j->id, param);
}

void product_add(struct plan *plan, const struct job *j, const char *format, size_t stage)
{
	plan->product = plan_push(plan, plan->product, &plan->products, sizeof(*plan->product));
	plan->product[plan->products - 1] = (struct product){.id = j->step->id,
		.format = format,
		.step = j->step,
		.job = (size_t)(j - plan->job),
		.stage = stage,
		.preview = j->preview};
}

static void stage_begin(
	struct plan *plan, struct job *j, const struct stage_spec *spec, struct problems *p)
{
	struct stage *s = &j->stage[j->stages++];

	*s = (struct stage){.command = spec->command,
		.outside = spec->has_flow ? spec : NULL,
		.timeout_ns = j->step ? j->step->timeout_ns : 0};
	stage_expand(plan, j, spec, true, s, p);
}

/* The stages of a job with their words; its files get their names later. */
void job_build(struct plan *plan, struct job *j, const struct plan_options *o, struct problems *p)
{
	const struct operation *op = j->operation;
	struct formats formats = {0};
	size_t n;

	if (op->formats)
		find_formats(j, &formats, p);
	n = op->formats ? formats.n : op->stages;
	j->stage = plan_alloc(plan, n, sizeof(*j->stage));
	j->spec = plan_alloc(plan, n, sizeof(*j->spec));
	for (size_t i = 0; i < n; i++) {
		j->spec[i] = op->formats ? &op->format[formats.v[i]].stage : &op->stage[i];
		stage_begin(plan, j, j->spec[i], p);
	}
	if (!j->stands_in)
		apply_params(plan, j, o, p);
	for (size_t i = 0; i < n; i++)
		stage_expand(plan, j, j->spec[i], false, &j->stage[i], p);
	for (size_t i = 0; op->formats && i < n; i++)
		product_add(plan, j, op->format[formats.v[i]].name, i);
	if (!op->formats && (j->sink || j->ends))
		product_add(plan, j, op->extension ? op->extension : "out", n - 1);
}
