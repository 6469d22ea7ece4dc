/* SPDX-License-Identifier: ISC */
/* Whose frames a step takes: the step before it, or what `from` names. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

static struct job *job_of(struct plan *plan, const struct step *step)
{
	for (size_t i = 0; i < plan->jobs; i++)
		if (plan->job[i].step == step && !plan->job[i].reader)
			return &plan->job[i];
	return NULL;
}

bool template_input(const struct template *t, const char *name)
{
	for (size_t i = 0; i < t->inputs; i++)
		if (!strcmp(t->input[i].name, name))
			return true;
	return false;
}

/* Adds the jobs that the step stands for: its own, or those before it if it is left out. */
static void add_sources(
	struct plan *plan, struct job *j, struct step *s, int depth, struct problems *p);

static void add_source_named(struct plan *plan, struct job *j, const struct step *s,
	const struct node *node, int depth, struct problems *p)
{
	struct step *other = template_step(plan->template, node->text);

	if (other) {
		add_sources(plan, j, other, depth + 1, p);
	} else if (template_input(plan->template, node->text)) {
		struct words *reads = plan_alloc(plan, 1, sizeof(*reads));

		*reads = (struct words){plan_alloc(plan, 1, sizeof(*reads->v)), 1};
		reads->v[0] = plan_text(plan, "%s", node->text);
		j->reads = reads;
	} else {
		const char *ids[STEPS_MAX];

		for (size_t i = 0; i < plan->template->steps; i++)
			ids[i] = plan->template->step[i].id;
		problem_unknown(p, &node->mark, EXIT_DATA, node->text, ids, plan->template->steps,
			"step %s: from: no step %s", s->id, node->text);
	}
}

void job_sources(struct plan *plan, struct job *j, struct step *s, int depth, struct problems *p)
{
	size_t at = (size_t)(s - plan->template->step);

	if (!s->from) {
		if (at > 0)
			add_sources(plan, j, s - 1, depth + 1, p);
	} else if (s->from->kind == NODE_LIST) {
		for (size_t i = 0; i < s->from->count; i++)
			if (s->from->item[i]->kind == NODE_SCALAR)
				add_source_named(plan, j, s, s->from->item[i], depth, p);
			else
				problem(p, &s->from->item[i]->mark, EXIT_DATA,
					"step %s: from: must be a step", s->id);
		if (s->from->count == 0)
			problem(p, &s->from->mark, EXIT_DATA, "step %s: from: is empty", s->id);
	} else if (s->from->kind == NODE_SCALAR && !s->from->absent) {
		add_source_named(plan, j, s, s->from, depth, p);
	} else {
		problem(p, &s->from->mark, EXIT_DATA,
			"step %s: from: must be a step or a list of steps, is %s", s->id,
			node_kind_name(s->from));
	}
}

static void add_sources(
	struct plan *plan, struct job *j, struct step *s, int depth, struct problems *p)
{
	struct job *other = job_of(plan, s);
	size_t index;

	if (depth > 2 * STEPS_MAX)
		return; /* a cycle of steps that are left out */
	if (!other) {
		job_sources(plan, j, s, depth, p);
		return;
	}
	index = (size_t)(other - plan->job);
	for (size_t i = 0; i < j->froms; i++)
		if (j->from[i] == index)
			return;
	if (other->ends)
		problem(p, &j->step->mark, EXIT_DATA,
			"step %s: nothing comes out of step %s, which makes a file", j->id,
			other->id);
	else if (j->froms == FROM_MAX)
		problem(p, &j->step->mark, EXIT_DATA, "step %s: from: more than %d steps", j->id,
			FROM_MAX);
	else
		j->from[j->froms++] = index;
}

/* Whether the job at index is met again on the way up from it. */
static bool in_cycle(const struct plan *plan, size_t index, size_t start, bool *seen)
{
	const struct job *j = &plan->job[index];

	for (size_t i = 0; i < j->froms; i++) {
		if (j->from[i] == start)
			return true;
		if (!seen[j->from[i]]) {
			seen[j->from[i]] = true;
			if (in_cycle(plan, j->from[i], start, seen))
				return true;
		}
	}
	return false;
}

bool jobs_cycle(struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->jobs; i++) {
		bool seen[JOBS_MAX] = {false};

		if (in_cycle(plan, i, i, seen)) {
			problem(p, &plan->job[i].step->mark, EXIT_DATA,
				"step %s: a cycle: it takes what it makes", plan->job[i].id);
			return true;
		}
	}
	return false;
}
