/* SPDX-License-Identifier: ISC */
/* Whether the kind, element type and unit that one command makes are what the next one takes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/plan_parts.h"

/* Whether two sets of words between blanks have one in common. */
static bool meet(const char *a, const char *b)
{
	if (!strcmp(a, "any") || !strcmp(b, "any") || !strcmp(a, "same") || !*a || !*b)
		return true;
	for (; *a; a += strcspn(a, " "), a += *a == ' ') {
		size_t n = strcspn(a, " ");

		for (const char *c = b; *c; c += strcspn(c, " "), c += *c == ' ')
			if (strcspn(c, " ") == n && !strncmp(a, c, n))
				return true;
	}
	return false;
}

static const char *after(const char *made, const char *before)
{
	return strcmp(made, "same") ? made : before;
}

/* What a stage takes and makes; false if it says nothing, of which others have complained. */
static bool flows(const struct stage *s, struct describer *d, struct flow *in, struct flow *out)
{
	const struct described *said;
	struct error e;

	if (s->outside) {
		*in = s->outside->in;
		*out = s->outside->out;
		return true;
	}
	said = strcmp(s->command, "cat") ? describe(d, s->command, &e) : NULL;
	if (!said)
		return false;
	*in = said->in;
	*out = said->out;
	return true;
}

static void complain(const struct job *j, const struct stage *s, const char *takes,
	const char *what, const char *makes, const char *of, struct problems *p)
{
	problem(p, &j->step->operation_mark, EXIT_DATA, "step %s: %s expects %s%s, but %s makes %s",
		j->id, s->command, what, takes, of, makes);
}

static void pass(struct job *j, const struct stage *s, struct describer *d, struct problems *p)
{
	struct flow in, out, *now = &j->out;

	if (!flows(s, d, &in, &out))
		return;
	if (*in.kinds && *now->kinds) {
		if (!meet(now->kinds, in.kinds))
			complain(j, s, in.kinds, "", now->kinds, j->out_of, p);
		else if (!meet(now->dtypes, in.dtypes))
			complain(j, s, in.dtypes, "element type ", now->dtypes, j->out_of, p);
		else if (!meet(now->unit, in.unit))
			complain(j, s, in.unit, "unit ", now->unit, j->out_of, p);
	}
	if (!*out.kinds)
		return;
	now->kinds = after(out.kinds, now->kinds);
	now->dtypes = after(out.dtypes, now->dtypes);
	now->unit = after(out.unit, now->unit);
	j->out_of = s->command;
}

static void check(struct plan *plan, struct job *j, struct describer *d, struct problems *p)
{
	if (j->checked)
		return;
	j->checked = true;
	j->out = (struct flow){"", "", ""};
	j->out_of = "";
	for (size_t i = 0; i < j->froms; i++) {
		struct job *from = &plan->job[j->from[i]];

		check(plan, from, d, p);
		if (i > 0 && !meet(from->out.kinds, j->out.kinds))
			problem(p, &j->step->mark, EXIT_DATA,
				"step %s: from: step %s makes %s, but step %s makes %s", j->id,
				plan->job[j->from[0]].id, j->out.kinds, from->id, from->out.kinds);
		if (i == 0) {
			j->out = from->out;
			j->out_of = from->out_of;
		}
	}
	for (size_t i = 0; i < j->stages; i++) {
		struct flow before = j->out;
		const char *of = j->out_of;

		pass(j, &j->stage[i], d, p);
		if (j->sink) { /* all stages take the same stream, which passes */
			j->out = before;
			j->out_of = of;
		}
	}
}

void kinds_check(struct plan *plan, const struct plan_options *o, struct problems *p)
{
	for (size_t i = 0; i < plan->jobs; i++)
		check(plan, &plan->job[i], o->describer, p);
}
