/* SPDX-License-Identifier: ISC */
#include "flow/plan_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/outfile.h"

static void *own(struct plan *plan, void *p)
{
	if (plan->owned_count == plan->owned_size) {
		plan->owned_size = 2 * plan->owned_size + 64;
		plan->owned = xrealloc(plan->owned, plan->owned_size, sizeof(void *));
	}
	return plan->owned[plan->owned_count++] = p;
}

const char *plan_text(struct plan *plan, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		die(EXIT_OS, "out of memory");
	va_end(args);
	return own(plan, text);
}

void *plan_alloc(struct plan *plan, size_t count, size_t size)
{
	return own(plan, xcalloc(count ? count : 1, size));
}

void *plan_push(struct plan *plan, void *array, size_t *count, size_t size)
{
	char *v = plan_alloc(plan, *count + 1, size);

	if (*count)
		memcpy(v, array, *count * size);
	++*count;
	return v;
}

char *mapped_name(const char *text)
{
	struct str s = {0};

	str_add_mapped(&s, text);
	return s.p;
}

/* What --input gives, made absolute so that the script means the same files wherever it runs. */
static void give_inputs(struct plan *plan, const struct plan_options *o, struct problems *p)
{
	char *cwd = working_folder();

	for (size_t i = 0; i < o->inputs.n; i++) {
		const struct given *g = &o->inputs.v[i];
		struct plan_input *in = plan_input_of(plan, g->name);
		struct mark at = {g->word, 0, 0};

		if (!in) {
			const char *names[64];
			size_t n = 0;

			for (; n < plan->inputs && n < COUNT_OF(names); n++)
				names[n] = plan->input[n].spec.name;
			problem_unknown(
				p, &at, EXIT_USAGE, g->name, names, n, "no input %s", g->name);
			continue;
		}
		if (!*g->value)
			problem(p, &at, EXIT_USAGE, "input %s: must be a path", g->name);
		if (in->values && in->spec.type != INPUT_LIST) {
			problem(p, &at, EXIT_USAGE, "input %s: is one %s, not a list", g->name,
				input_types[in->spec.type]);
			continue;
		}
		in->value = plan_push(plan, in->value, &in->values, sizeof(*in->value));
		in->value[in->values - 1] = own(plan, absolute_path(g->value, cwd));
	}
	free(cwd);
}

/* Whether two readers part one list in two ways, for which there are no names. */
static bool scatters_otherwise(const struct job *a, const struct job *b)
{
	return a->reader && b->reader && a->step->scatter && b->step->scatter &&
	       !strcmp(a->reads->v[0], b->reads->v[0]) &&
	       strcmp(a->step->scatter, b->step->scatter);
}

/* What is scattered must be frames of files, or of a step that is scattered alike. */
static void check_scatter(const struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->jobs; i++) {
		const struct job *j = &plan->job[i];
		const char *key = j->step->scatter;

		if (!key || j->reader)
			continue;
		if (j->froms != 1) {
			problem(p, &j->step->mark, EXIT_DATA,
				"step %s: scatter: needs the frames of one list of files", j->id);
			continue;
		}
		for (const struct job *from = &plan->job[j->from[0]]; !from->reader;
			from = &plan->job[from->from[0]])
			if (!from->step->scatter || strcmp(from->step->scatter, key) ||
				from->froms != 1) {
				problem(p, &j->step->mark, EXIT_DATA,
					"step %s: scatter: step %s before it is not scattered by "
					"%s",
					j->id, from->id, key);
				break;
			}
	}
	for (size_t i = 0; i < plan->jobs; i++)
		for (size_t k = 0; k < i; k++)
			if (scatters_otherwise(&plan->job[i], &plan->job[k]))
				problem(p, &plan->job[i].step->mark, EXIT_DATA,
					"step %s: scatter: step %s scatters %s by %s already",
					plan->job[i].step->id, plan->job[k].step->id,
					plan->job[k].reads->v[0], plan->job[k].step->scatter);
	for (size_t i = 0; i < plan->jobs; i++)
		if (plan->job[i].reader && plan->job[i].step->scatter && plan->job[i].reads->n > 1)
			problem(p, &plan->job[i].step->mark, EXIT_DATA,
				"step %s: scatter: needs the frames of one list of files",
				plan->job[i].step->id);
}

static void check_optional(const struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->jobs; i++) {
		const struct job *j = &plan->job[i];
		bool reads = j->froms == 0 || plan->job[j->from[0]].reader;

		if (j->step->optional && !j->reader && !j->stands_in && reads && !j->sink)
			problem(p, &j->step->mark, EXIT_DATA,
				"step %s: optional: it reads files, so nothing could go on without "
				"it",
				j->id);
		if (j->step->gate && j->ends && !j->stands_in)
			problem(p, &j->step->gate->mark, EXIT_DATA,
				"step %s: gate: nothing comes out of it that could be checked",
				j->id);
	}
}

static void check_inputs(const struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->inputs; i++) {
		const struct plan_input *in = &plan->input[i];
		bool used = in->needed_by != NULL;

		for (size_t k = 0; !used && k < plan->jobs; k++) {
			const struct job *j = &plan->job[k];

			for (size_t m = 0; j->reads && m < j->reads->n; m++)
				used = used || !strcmp(j->reads->v[m], in->spec.name);
			for (size_t m = 0; j->operation && m < j->operation->inputs; m++)
				used = used || !strcmp(j->operation->input[m].name, in->spec.name);
		}
		if (!used)
			problem_warning(
				p, &in->spec.mark, "input %s: no step takes it", in->spec.name);
	}
}

static bool is_backend(const struct plan_options *o, const char *name)
{
	for (size_t i = 0; i < o->backend_name_count; i++)
		if (!strcmp(o->backend_names[i], name))
			return true;
	return !strcmp(name, "default");
}

/* What --backend names must be there. */
static bool check_backends(
	const struct plan_options *o, struct backend_set *set, struct problems *p)
{
	bool good = true;

	for (size_t i = 0; i < o->backends.n; i++) {
		const struct given *g = &o->backends.v[i];
		struct mark at = {g->word, 0, 0};

		const char *wrong = NULL;

		if (!is_backend(o, g->name))
			wrong = g->name;
		else if (!backend_of(set, o, g->name, p))
			wrong = g->value;
		if (!wrong)
			continue;
		problem_unknown(p, &at, EXIT_USAGE, wrong, o->backend_names, o->backend_name_count,
			"no backend %s", wrong);
		good = false;
	}
	return good;
}

void plan_make(struct plan *plan, struct template *t, const struct plan_options *o,
	struct backend_set **set, struct problems *p)
{
	size_t errors;

	*plan = (struct plan){.template = t};
	if (!*set)
		*set = backend_set_new();
	plan->name = mapped_name(*t->name ? t->name : "template");
	errors = p->errors;
	if (!check_backends(o, *set, p))
		return;
	jobs_make(plan, o, *set, p);
	if (!plan->input)
		return;
	give_inputs(plan, o, p);
	if (!plan->holes)
		kinds_check(plan, o, p);
	check_scatter(plan, p);
	check_optional(plan, p);
	if (p->errors > errors || plan->holes)
		return; /* of what fails already, no end or name needs to be told */
	jobs_end(plan, o, *set, p);
	kinds_check(plan, o, p);
	products_name(plan, o, p);
	if (t->has_inputs)
		check_inputs(plan, p);
	if (!p->errors)
		units_make(plan, p);
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->owned_count; i++)
		free(plan->owned[i]);
	free(plan->owned);
	free(plan->name);
}
