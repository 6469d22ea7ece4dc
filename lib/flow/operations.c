/* SPDX-License-Identifier: ISC */
/* Which backend and operation a step names, and what the commands of it say of themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

struct backend_set {
	struct {
		char *name, *path;
		struct backend *backend;
	} * v;
	size_t n;
};

struct backend_set *backend_set_new(void)
{
	return xcalloc(1, sizeof(struct backend_set));
}

void backend_set_free(struct backend_set *set)
{
	for (size_t i = 0; set && i < set->n; i++) {
		backend_free(set->v[i].backend);
		free(set->v[i].name);
		free(set->v[i].path);
	}
	if (set)
		free(set->v);
	free(set);
}

const struct backend *backend_of(
	struct backend_set *set, const struct plan_options *o, const char *name, struct problems *p)
{
	struct backend *b = NULL;
	char *text, *path = NULL;
	size_t n;

	for (size_t i = 0; i < o->backends.n; i++)
		if (!strcmp(o->backends.v[i].name, name)) {
			name = o->backends.v[i].value;
			break;
		}
	if (!strcmp(name, "default"))
		name = "builtin";
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i].name, name))
			return set->v[i].backend;
	text = o->find(o->find_arg, name, &path, &n);
	if (text)
		b = backend_read(path, text, n, p);
	free(text);
	set->v = xrealloc(set->v, set->n + 1, sizeof(*set->v));
	set->v[set->n].name = xstrdup(name);
	set->v[set->n].path = path;
	set->v[set->n++].backend = b;
	return b;
}

static void unknown_operation(const struct step *s, const struct backend *b, struct problems *p)
{
	const char **names = xcalloc(b->operations + 1, sizeof(*names));

	for (size_t i = 0; i < b->operations; i++)
		names[i] = b->operation[i].name;
	problem_unknown(p, &s->operation_mark, EXIT_DATA, s->operation, names, b->operations,
		"operation %s: backend %s has none", s->operation, b->name);
	free(names);
}

/* Finds a step's operation; leaves the step out, or complains, if that is not built. */
const struct operation *step_operation(
	const struct plan_options *o, struct backend_set *set, struct step *s, struct problems *p)
{
	const struct backend *b = backend_of(set, o, s->backend, p);
	const struct operation *operation;

	if (!b) {
		problem_unknown(p, &s->backend_mark, EXIT_DATA, s->backend, o->backend_names,
			o->backend_name_count, "step %s: backend %s: no such backend", s->id,
			s->backend);
		return NULL;
	}
	operation = operation_find(b, s->operation);
	if (!operation) {
		if (*s->operation)
			unknown_operation(s, b, p);
		return NULL;
	}
	if (operation->built)
		return operation;
	if (s->optional)
		problem_warning(p, &s->operation_mark,
			"operation %s: not built yet: the step is optional and left out",
			s->operation);
	else
		problem(p, &s->operation_mark, EXIT_UNAVAILABLE, "operation %s: not built yet",
			s->operation);
	s->left_out = true;
	return NULL;
}

void stages_ask(struct describer *d, const struct stage_spec *stage, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!stage[i].has_flow)
			describe_ask(d, stage[i].command);
}

void operation_ask(struct describer *d, const struct operation *o)
{
	stages_ask(d, o->stage, o->stages);
	for (size_t i = 0; i < o->formats; i++)
		stages_ask(d, &o->format[i].stage, 1);
	for (size_t i = 0; i < o->masters; i++)
		stages_ask(d, o->master[i].stage, o->master[i].stages);
}

static const char *role_of(
	const struct plan_options *o, const struct stage_spec *s, struct problems *p)
{
	const struct described *said;
	struct error e;

	if (s->has_flow)
		return s->sink ? "sink" : "filter";
	said = describe(o->describer, s->command, &e);
	if (said)
		return said->role;
	problem(p, &s->mark, EXIT_CONFIG, "stage %s: %s", s->command, e.text);
	return "";
}

void job_role(struct job *j, const struct plan_options *o, struct problems *p)
{
	const struct operation *op = j->operation;
	size_t sinks = 0;

	for (size_t i = 0; i < op->stages; i++)
		sinks += !strcmp(role_of(o, &op->stage[i], p), "sink");
	j->source = op->stages && !strcmp(role_of(o, &op->stage[0], p), "source");
	j->sink = op->formats > 0 || sinks == op->stages;
	j->ends = !j->sink && sinks > 0;
}
