/* SPDX-License-Identifier: ISC */
/* The inputs of a template: those that it declares, or those that its operations take. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

static const char *const image_ext[] = {"fits", "fit", "fz"};

/* What operations read that say nothing of their own, if no step stands before them. */
static const struct input_spec image_input = {
	.name = "image", .type = INPUT_LIST, .ext = {(const char **)image_ext, 3}, .min = 1};
static const char *image_name[] = {"image"};
static const struct words image_reads = {image_name, 1};

struct plan_input *plan_input_of(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->inputs; i++)
		if (!strcmp(plan->input[i].spec.name, name))
			return &plan->input[i];
	return NULL;
}

struct plan_input *input_add(struct plan *plan, const struct input_spec *spec)
{
	struct plan_input *in = plan_input_of(plan, spec->name);

	if (!in) {
		in = &plan->input[plan->inputs++];
		in->spec = *spec;
	}
	return in;
}

/* What `uses` of a param says of an input: 1 needed, 0 not to be used, -1 nothing. */
static int wanted(
	const struct operation *op, const struct step *s, const char *input, const char **param)
{
	for (size_t i = 0; i < op->params; i++) {
		const struct node *v = step_param(s, op->param[i].name);

		if (!op->param[i].uses || strcmp(op->param[i].uses, input) || !v || !v->text)
			continue;
		*param = op->param[i].name;
		return !strcmp(v->text, "true") ? 1 : !strcmp(v->text, "false") ? 0 : -1;
	}
	return -1;
}

/* The only list or file that a template declares, for a step that would read `image`. */
static const struct input_spec *only_input(const struct template *t)
{
	const struct input_spec *found = NULL;

	for (size_t i = 0; i < t->inputs; i++)
		if (t->input[i].type == INPUT_LIST || t->input[i].type == INPUT_FILE) {
			if (found)
				return NULL;
			found = &t->input[i];
		}
	return found;
}

static void missing_input(
	const struct plan *plan, const struct step *s, const char *name, struct problems *p)
{
	const char *names[64];
	size_t n = 0;

	for (; n < plan->template->inputs && n < COUNT_OF(names); n++)
		names[n] = plan->template->input[n].name;
	problem_unknown(p, &s->operation_mark, EXIT_DATA, name, names, n,
		"step %s: needs input %s, which is not among the inputs", s->id, name);
}

/* Whether an input of one type is what an operation wants of another. */
static bool type_serves(enum input_type given, enum input_type wanted)
{
	if (wanted == INPUT_LIST)
		return given == INPUT_LIST || given == INPUT_FILE;
	if (wanted == INPUT_CAPTURE || wanted == INPUT_FOLDER)
		return given == INPUT_CAPTURE || given == INPUT_FOLDER;
	return given == wanted;
}

/* An input that a step needs, or takes if it is there. */
static void use_input(struct plan *plan, const struct job *j, const struct input_spec *spec,
	bool reads, struct problems *p)
{
	const char *param = NULL;
	int use = wanted(j->operation, j->step, spec->name, &param);
	struct plan_input *in;

	if (use == 0)
		return;
	if (plan->template->has_inputs) {
		in = plan_input_of(plan, spec->name);
		if (in && !type_serves(in->spec.type, spec->type))
			problem(p, &in->spec.mark, EXIT_DATA,
				"input %s: type: %s: must be %s, as step %s takes it", spec->name,
				input_types[in->spec.type], input_types[spec->type], j->id);
		if (!in && (use == 1 || (reads && !spec->optional)))
			missing_input(plan, j->step, spec->name, p);
		if (!in)
			return;
	} else {
		in = input_add(plan, spec);
	}
	if (use == 1 || (reads && !spec->optional)) {
		in->needed_by = in->needed_by ? in->needed_by : j->step;
		in->param = in->param ? in->param : param;
	}
	if (use == 1)
		in->spec.optional = false;
}

void job_inputs(struct plan *plan, struct job *j, struct problems *p)
{
	const struct operation *op = j->operation;
	bool root = j->froms == 0 && !j->source;
	bool own = root && !j->reads;

	if (own)
		j->reads = op->reads.n ? &op->reads : &image_reads;
	if (own && !op->reads.n && plan->template->has_inputs &&
		!template_input(plan->template, "image") && only_input(plan->template)) {
		struct words *w = plan_alloc(plan, 1, sizeof(*w));

		*w = (struct words){plan_alloc(plan, 1, sizeof(*w->v)), 1};
		w->v[0] = only_input(plan->template)->name;
		j->reads = w;
	} else if (own && !op->reads.n) {
		use_input(plan, j, &image_input, true, p);
	}
	for (size_t i = 0; !j->source && j->reads && i < j->reads->n; i++) {
		struct plan_input *in = plan_input_of(plan, j->reads->v[i]);

		if (in && !in->spec.optional && !in->needed_by)
			in->needed_by = j->step;
	}
	for (size_t i = 0; i < op->inputs; i++) {
		bool reads = j->source, mine = true;

		for (size_t k = 0; k < op->reads.n; k++)
			if (!strcmp(op->reads.v[k], op->input[i].name)) {
				reads = own;
				mine = own; /* frames that come from elsewhere */
			}
		if (mine)
			use_input(plan, j, &op->input[i], reads, p);
	}
}
