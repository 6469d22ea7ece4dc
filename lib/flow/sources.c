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

/* The way up from a job through steps that are left out, each of which is met once. */
struct walk {
	struct plan *plan;
	struct job *job;
	struct problems *problems;
	bool seen[STEPS_MAX];
};

static void take_step(struct walk *w, struct step *s);

static void take_job(struct walk *w, const struct job *other)
{
	size_t index = (size_t)(other - w->plan->job);
	struct job *j = w->job;

	for (size_t i = 0; i < j->froms; i++)
		if (j->from[i] == index)
			return;
	if (other->ends)
		problem(w->problems, &j->step->mark, EXIT_DATA,
			"step %s: nothing comes out of step %s, which makes a file", j->id,
			other->id);
	else if (j->froms == FROM_MAX)
		problem(w->problems, &j->step->mark, EXIT_DATA, "step %s: from: more than %d steps",
			j->id, FROM_MAX);
	else
		j->from[j->froms++] = index;
}

static void take_input(struct walk *w, const char *name)
{
	const struct words *had = w->job->reads;
	struct words *reads = plan_alloc(w->plan, 1, sizeof(*reads));
	size_t n = had ? had->n : 0;

	*reads = (struct words){plan_alloc(w->plan, n + 1, sizeof(*reads->v)), n + 1};
	if (n)
		memcpy(reads->v, had->v, n * sizeof(*reads->v));
	reads->v[n] = name;
	w->job->reads = reads;
}

static void take_named(struct walk *w, const struct step *s, const struct node *node)
{
	const struct template *t = w->plan->template;
	struct step *other = template_step(t, node->text);

	if (node->told)
		return;
	if (other) {
		take_step(w, other);
	} else if (template_input(t, node->text)) {
		take_input(w, plan_text(w->plan, "%s", node->text));
	} else {
		const char *ids[STEPS_MAX];

		for (size_t i = 0; i < t->steps; i++)
			ids[i] = t->step[i].id;
		problem_unknown(w->problems, &node->mark, EXIT_DATA, node->text, ids, t->steps,
			"step %s: from: no step %s", s->id, node->text);
	}
}

/* What a step names, or the one before it. */
static void take_from(struct walk *w, struct step *s)
{
	const struct node *from = s->from;

	if (!from) {
		if (s > w->plan->template->step)
			take_step(w, s - 1);
	} else if (from->kind == NODE_LIST) {
		for (size_t i = 0; i < from->count; i++)
			if (from->item[i]->kind == NODE_SCALAR)
				take_named(w, s, from->item[i]);
			else
				problem(w->problems, &from->item[i]->mark, EXIT_DATA,
					"step %s: from: must be a step", s->id);
		if (from->count == 0)
			problem(w->problems, &from->mark, EXIT_DATA, "step %s: from: is empty",
				s->id);
	} else if (from->kind == NODE_SCALAR && (!from->absent || from->told)) {
		take_named(w, s, from);
	} else {
		problem(w->problems, &from->mark, EXIT_DATA,
			"step %s: from: must be a step or a list of steps, is %s", s->id,
			node_kind_name(from));
	}
}

static void take_step(struct walk *w, struct step *s)
{
	const struct job *other = job_of(w->plan, s);
	bool *seen = &w->seen[s - w->plan->template->step];

	if (other)
		take_job(w, other);
	else if (!*seen)
		take_from(w, (*seen = true, s));
}

void job_sources(struct plan *plan, struct job *j, struct problems *p)
{
	struct walk w = {.plan = plan, .job = j, .problems = p};

	take_from(&w, &plan->template->step[j->step - plan->template->step]);
}

/* Whether a step is met again on the way up from this one, through any that are left out too. */
static bool in_cycle(struct plan *plan, const struct step *s, const struct step *start, bool *seen);

static bool cycle_by(
	struct plan *plan, const struct step *before, const struct step *start, bool *seen)
{
	bool *met;

	if (!before)
		return false;
	if (before == start)
		return true;
	met = &seen[before - plan->template->step];
	if (*met)
		return false;
	*met = true;
	return in_cycle(plan, before, start, seen);
}

static bool in_cycle(struct plan *plan, const struct step *s, const struct step *start, bool *seen)
{
	const struct job *j = job_of(plan, s);

	if (j && j->source)
		return false;
	if (!s->from)
		return s > plan->template->step && cycle_by(plan, s - 1, start, seen);
	if (s->from->kind == NODE_SCALAR)
		return cycle_by(plan, template_step(plan->template, s->from->text), start, seen);
	for (size_t i = 0; s->from->kind == NODE_LIST && i < s->from->count; i++)
		if (s->from->item[i]->kind == NODE_SCALAR &&
			cycle_by(plan, template_step(plan->template, s->from->item[i]->text), start,
				seen))
			return true;
	return false;
}

bool steps_cycle(struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->template->steps; i++) {
		const struct step *s = &plan->template->step[i];
		bool seen[STEPS_MAX] = {false};

		if (in_cycle(plan, s, s, seen)) {
			problem(p, &s->mark, EXIT_DATA, "step %s: a cycle: it takes what it makes",
				s->id);
			return true;
		}
	}
	return false;
}

/* Who follows a sink takes what the sink takes. */
void sinks_pass(struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->jobs; i++) {
		struct walk w = {.plan = plan, .job = &plan->job[i], .problems = p};
		struct job *j = w.job;
		size_t old[JOBS_MAX], n = j->froms;
		bool met[JOBS_MAX] = {false};

		memcpy(old, j->from, n * sizeof(*old));
		j->froms = 0;
		for (size_t k = 0; k < n; k++) {
			const struct job *from = &plan->job[old[k]];

			if (!from->sink) {
				take_job(&w, from);
				continue;
			}
			for (size_t f = 0; f < from->froms && n < JOBS_MAX; f++)
				if (!met[from->from[f]]) {
					met[from->from[f]] = true;
					old[n++] = from->from[f];
				}
		}
	}
}
