/* SPDX-License-Identifier: ISC */
/* Steps become jobs; readers before them, previews and files behind them become jobs too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/plan_parts.h"

static struct job *job_new(struct plan *plan, const struct step *step, const char *id)
{
	struct job *j = &plan->job[plan->jobs++];

	j->step = step;
	j->id = id;
	return j;
}

static bool all_optional(const struct plan *plan, const struct words *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!plan_input_of(plan, names->v[i])->spec.optional)
			return false;
	return true;
}

/* A reader before each job that takes frames from files. */
static void add_readers(struct plan *plan, struct problems *p)
{
	size_t jobs = plan->jobs;

	for (size_t i = 0; i < jobs; i++) {
		struct job *j = &plan->job[i], *reader;
		struct words *reads;

		if (!j->reads || j->source || !plan->reader)
			continue;
		reads = plan_alloc(plan, 1, sizeof(*reads));
		reads->v = plan_alloc(plan, j->reads->n, sizeof(*reads->v));
		for (size_t k = 0; k < j->reads->n; k++) {
			const struct plan_input *in = plan_input_of(plan, j->reads->v[k]);

			if (in && (in->spec.type == INPUT_LIST || in->spec.type == INPUT_FILE))
				reads->v[reads->n++] = in->spec.name;
			else if (in)
				problem(p, &j->step->operation_mark, EXIT_DATA,
					"step %s: input %s is a %s, which has no frames to read: a "
					"step such as drf_read must stand before it",
					j->id, in->spec.name, input_types[in->spec.type]);
		}
		if (reads->n == 0)
			continue;
		if (all_optional(plan, reads))
			problem(p, &j->step->operation_mark, EXIT_DATA,
				"step %s: takes the frames of input %s, which is optional, so "
				"there might "
				"be none",
				j->id, reads->v[0]);
		reader = job_new(plan, j->step, plan_text(plan, "%s.reader", j->id));
		reader->reader = true;
		reader->reads = reads;
		reader->stage = reader_stages(
			plan, reads, j->step->scatter != NULL, plan->reader, &reader->stages);
		if (j->froms < FROM_MAX)
			j->from[j->froms++] = (size_t)(reader - plan->job);
		else
			problem(p, &j->step->mark, EXIT_DATA, "step %s: from: more than %d steps",
				j->id, FROM_MAX);
	}
}

void jobs_make(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p)
{
	struct template *t = plan->template;
	const struct backend *builtin = backend_of(set, o, "builtin", p);
	size_t room = t->inputs + 1;

	plan->job = plan_alloc(plan, JOBS_MAX, sizeof(*plan->job));
	for (size_t i = 0; i < t->steps; i++) {
		const struct operation *op;
		struct job *j;

		if (t->step[i].left_out)
			continue;
		op = step_operation(o, set, &t->step[i], p);
		plan->holes = plan->holes || (!op && !t->step[i].left_out);
		if (!op)
			continue;
		j = job_new(plan, &t->step[i], t->step[i].id);
		j->operation = op;
		room += op->inputs + 1;
		operation_ask(o->describer, op);
	}
	if (builtin && builtin->reader.command) {
		plan->reader = &builtin->reader;
		stages_ask(o->describer, plan->reader, 1);
	}
	for (size_t i = 0; i < plan->jobs; i++)
		job_role(&plan->job[i], o, p);
	if (steps_cycle(plan, p))
		return;
	for (size_t i = 0; i < plan->jobs; i++) {
		struct job *j = &plan->job[i];

		if (!j->source)
			job_sources(plan, j, p);
		else if (j->step->from)
			problem(p, &j->step->from->mark, EXIT_DATA,
				"step %s: from: %s reads files itself, so it takes nothing from "
				"others",
				j->id, j->step->operation);
	}
	plan->input = plan_alloc(plan, room, sizeof(*plan->input));
	for (size_t i = 0; i < t->inputs; i++)
		input_add(plan, &t->input[i]);
	for (size_t i = 0; i < plan->jobs; i++)
		job_inputs(plan, &plan->job[i], p);
	for (size_t i = 0, n = plan->jobs; i < n; i++)
		job_build(plan, &plan->job[i], o, p);
	add_readers(plan, p);
	sinks_pass(plan, p);
}

/* The operation end_KIND, for a chain that does not end in a file, or preview_KIND[_display]. */
static const struct operation *ending(
	const struct backend *b, const char *what, const struct flow *out)
{
	size_t n = strcspn(out->kinds, " ");
	char name[64];

	snprintf(name, sizeof(name), "%s_%.*s%s", what, (int)(n < 16 ? n : 16), out->kinds,
		!strcmp(what, "preview") && !strcmp(out->unit, "display") ? "_display" : "");
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return operation_find(b, name);
}

/* op: NULL = the stream itself becomes the file. */
static void add_end(struct plan *plan, size_t index, const struct operation *op, const char *id,
	bool preview, const struct plan_options *o, struct problems *p)
{
	struct job *j = job_new(plan, plan->job[index].step, id);

	j->operation = op;
	j->stands_in = true;
	j->preview = preview;
	j->from[j->froms++] = index;
	if (op) {
		job_role(j, o, p);
		job_build(plan, j, o, p);
	} else {
		j->ends = true;
		product_add(plan, j, "leat", SIZE_MAX);
	}
}

/* Whether a job takes several streams: of several steps, or of the elements of a scatter. */
static bool comes_together(const struct plan *plan, const struct job *j)
{
	return j->froms > 1 ||
	       (j->froms == 1 && !j->step->scatter && plan->job[j->from[0]].step->scatter);
}

/* The operation join_KIND, before the job's own stages. */
static void add_join(struct plan *plan, struct job *j, const struct backend *b)
{
	const struct operation *op = ending(b, "join", &plan->job[j->from[0]].out);
	struct stage *all;
	size_t n = op ? op->stages : 0;

	if (n == 0)
		return;
	all = plan_alloc(plan, n + j->stages, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = (struct stage){.command = op->stage[i].command};
	memcpy(all + n, j->stage, j->stages * sizeof(*all));
	for (size_t i = 0; i < plan->products; i++)
		if (&plan->job[plan->product[i].job] == j && plan->product[i].stage != SIZE_MAX)
			plan->product[i].stage += n;
	j->stage = all;
	j->stages += n;
}

void jobs_end(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p)
{
	const struct backend *builtin = backend_of(set, o, "builtin", p);
	size_t jobs = plan->jobs;

	for (size_t i = 0; builtin && i < jobs; i++)
		if (!plan->job[i].sink && comes_together(plan, &plan->job[i]))
			add_join(plan, &plan->job[i], builtin);
	for (size_t i = 0; builtin && i < jobs; i++) {
		const struct job *j = &plan->job[i];
		const struct operation *op;
		bool taken = false;

		if (j->step->preview && !j->reader && !j->ends) {
			op = ending(builtin, "preview", &j->out);
			if (op)
				add_end(plan, i, op, plan_text(plan, "%s.preview", j->id), true, o,
					p);
			else
				problem(p, &j->step->mark, EXIT_DATA,
					"step %s: preview: there is none of %s", j->id,
					j->out.kinds);
		}
		for (size_t k = 0; k < jobs && !taken; k++)
			for (size_t f = 0; f < plan->job[k].froms; f++)
				taken = taken || plan->job[k].from[f] == i;
		if (taken || j->sink || j->ends || j->reader)
			continue;
		add_end(plan, i, ending(builtin, "end", &j->out), plan_text(plan, "%s.file", j->id),
			false, o, p);
	}
}
