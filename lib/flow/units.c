/* SPDX-License-Identifier: ISC */
/*
 * Jobs become units. A chain of jobs is one pipeline for as long as it can be; a file stands
 * between two units where something must be read again, left out or joined: before a step that is
 * optional, tried again, or may fail alone; after a checkpoint; between an element of a scatter and
 * the whole; and where streams come together, as a stream that parts into two FIFOs and joins again
 * would wait for itself. A stream that parts for good does so through FIFOs, within one unit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/plan_parts.h"

static bool same_scatter(const struct job *a, const struct job *b)
{
	const char *x = a->step->scatter, *y = b->step->scatter;

	return (!x && !y) || (x && y && !strcmp(x, y));
}

static bool own_unit(const struct job *j)
{
	return !j->reader && !j->stands_in &&
	       (j->froms > 1 || j->step->optional || j->step->goes_on || j->step->retry.max);
}

static void count_followers(struct plan *plan)
{
	for (size_t i = 0; i < plan->jobs; i++)
		for (size_t f = 0; f < plan->job[i].froms; f++) {
			struct job *from = &plan->job[plan->job[i].from[f]];

			from->to[from->tos++] = i;
		}
}

/* Whether a stream, before it lies in a file itself, comes to a job that must lie in one. */
static bool reaches_file(const struct plan *plan, const struct job *j)
{
	if (j->file)
		return true;
	for (size_t i = 0; i < j->tos; i++)
		if (reaches_file(plan, &plan->job[j->to[i]]))
			return true;
	return false;
}

/* A unit makes one file at most: where a branch of a fan-out ends in one, the fan-out does too. */
static void place_fan_outs(struct plan *plan)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < plan->jobs; i++) {
			struct job *j = &plan->job[i];
			size_t chains = 0;

			for (size_t k = 0; k < j->tos; k++)
				chains += !plan->job[j->to[k]].sink;
			if (chains > 1 && !j->file && reaches_file(plan, j))
				j->file = more = true;
		}
	}
}

static void place_files(struct plan *plan)
{
	for (size_t i = 0; i < plan->jobs; i++) {
		struct job *j = &plan->job[i];

		if (!j->reader && !j->sink && !j->stands_in && j->tos)
			j->file = j->file || j->step->checkpoint || (j->step->optional && j->froms);
		if (j->sink && !j->stands_in && j->step->checkpoint)
			for (size_t f = 0; f < j->froms; f++)
				plan->job[j->from[f]].file = true;
		for (size_t k = 0; k < j->tos; k++) {
			const struct job *to = &plan->job[j->to[k]];

			/* A reader before a step that is tried again is read again. */
			if (!(j->reader && to->froms == 1 && j->tos == 1))
				j->file = j->file || own_unit(to) || !same_scatter(j, to);
		}
	}
}

static void add_step(struct plan *plan, struct unit *u, const struct step *s)
{
	for (size_t i = 0; i < u->step_count; i++)
		if (u->steps[i] == s)
			return;
	u->steps = plan_push(plan, u->steps, &u->step_count, sizeof(*u->steps));
	u->steps[u->step_count - 1] = s;
}

static void need(struct plan *plan, struct unit *u, size_t other)
{
	for (size_t i = 0; i < u->need_count; i++)
		if (u->needs[i] == other)
			return;
	u->needs = plan_push(plan, u->needs, &u->need_count, sizeof(*u->needs));
	u->needs[u->need_count - 1] = other;
}

static struct stage *line_stage(struct plan *plan, struct line *l, const struct stage *s)
{
	l->stage = plan_push(plan, l->stage, &l->stages, sizeof(*l->stage));
	l->stage[l->stages - 1] = *s;
	return &l->stage[l->stages - 1];
}

static void add_gate(struct plan *plan, struct line *l, const struct node *gate)
{
	static const char *const bounds[] = {"min", "max"};
	struct stage s = {.command = "qa-gate"};

	for (size_t b = 0; b < COUNT_OF(bounds); b++) {
		const struct node *map = node_get(gate, bounds[b], NULL);

		for (size_t i = 0; map && i < map->count; i++)
			stage_add(plan, &s,
				plan_text(plan, "--%s=%s=%s", bounds[b], map->key[i]->text,
					map->item[i]->text));
	}
	line_stage(plan, l, &s);
}

static const char *file_of(const struct job *j)
{
	return j->id;
}

/* Whose unit makes a job's file; units are made in the order of need. */
static size_t unit_that_makes(const struct plan *plan, const char *file)
{
	for (size_t i = 0; i < plan->units; i++)
		if (plan->unit[i].file && !strcmp(plan->unit[i].file, file))
			return i;
	return SIZE_MAX;
}

static bool names_file(const struct stage *s, const char *file)
{
	for (size_t i = 0; i < s->words; i++)
		for (size_t k = 0; k < s->word[i].pieces; k++)
			if (s->word[i].piece[k].kind == PIECE_TEXT &&
				!strcmp(s->word[i].piece[k].text, file))
				return true;
	return false;
}

/* The masters of a job that the words of a stage name. */
static void need_masters(
	struct plan *plan, struct unit *u, const struct job *j, const struct stage *s)
{
	for (size_t i = 0; j->operation && !j->stands_in && i < j->operation->masters; i++) {
		const char *file =
			plan_text(plan, "%s.%s.fits", j->id, j->operation->master[i].name);
		size_t made = unit_that_makes(plan, file);

		if (made != SIZE_MAX && &plan->unit[made] != u && names_file(s, file))
			need(plan, u, made);
	}
}

static const struct product *stream_product(const struct plan *plan, const struct job *j)
{
	for (size_t i = 0; i < plan->products; i++)
		if (plan->product[i].stage == SIZE_MAX && &plan->job[plan->product[i].job] == j)
			return &plan->product[i];
	return NULL;
}

static void put_job(struct plan *plan, struct unit *u, struct line *l, struct job *j)
{
	j->placed = true;
	if (!j->reader)
		add_step(plan, u, j->step);
	if (j->step->gate && j->sink && !j->stands_in)
		add_gate(plan, l, j->step->gate);
	for (size_t i = 0; i < j->stages; i++) {
		line_stage(plan, l, &j->stage[i])->passes = j->sink;
		need_masters(plan, u, j, &j->stage[i]);
	}
	if (j->step->gate && !j->sink && !j->reader && !j->stands_in)
		add_gate(plan, l, j->step->gate);
	u->makes_products = u->makes_products || j->sink || j->ends;
}

static void grow(struct plan *plan, struct unit *u, size_t line, struct job *j);

/* What follows on a stream: first the sinks, which let it pass, then one chain, or several. */
static void follow(struct plan *plan, struct unit *u, size_t line, const size_t *to, size_t tos)
{
	size_t others = 0, last = 0;

	for (size_t i = 0; i < tos; i++)
		if (plan->job[to[i]].sink)
			put_job(plan, u, &u->line[line], &plan->job[to[i]]);
		else
			last = to[others++, i];
	if (others == 0) {
		struct line *l = &u->line[line];

		if (l->stages)
			l->stage[l->stages - 1].passes = false;
		return;
	}
	if (others == 1) {
		grow(plan, u, line, &plan->job[last]);
		return;
	}
	u->line[line].fifos = plan_alloc(plan, others, sizeof(*u->line[line].fifos));
	for (size_t i = 0; i < tos; i++) {
		struct job *branch = &plan->job[to[i]];
		if (branch->sink)
			continue;
		u->line[line].fifos[u->line[line].fifo_count++] = branch->id;
		u->line = plan_push(plan, u->line, &u->lines, sizeof(*u->line));
		u->line[u->lines - 1].fifo = branch->id;
		grow(plan, u, u->lines - 1, branch);
	}
}

static void grow(struct plan *plan, struct unit *u, size_t line, struct job *j)
{
	const struct product *stream = stream_product(plan, j);

	put_job(plan, u, &u->line[line], j);
	if (j->file) {
		u->file = file_of(j);
		u->line[line].file = plan_text(plan, "%s.leat", u->file);
	} else if (stream) {
		struct word *w = plan_alloc(plan, 1, sizeof(*w));

		product_word(plan, stream, "", w);
		u->line[line].stream = w;
		u->makes_products = true;
	} else {
		follow(plan, u, line, j->to, j->tos);
	}
}

static struct unit *unit_new(struct plan *plan, const char *name, const struct step *step)
{
	struct unit *u;

	plan->unit = plan_push(plan, plan->unit, &plan->units, sizeof(*plan->unit));
	u = &plan->unit[plan->units - 1];
	u->name = name;
	u->step = step;
	u->line = plan_push(plan, u->line, &u->lines, sizeof(*u->line));
	return u;
}

static void scatter(struct plan *plan, struct unit *u, const struct job *j)
{
	const struct job *at = j;

	u->scatter = j->step->scatter;
	for (size_t guard = 0; u->scatter && guard < plan->jobs && !at->reader && at->froms;
		guard++)
		at = &plan->job[at->from[0]];
	if (u->scatter && at->reader)
		u->scatter_list = at->reads->v[0];
}

/* How a unit fails and begins is its first step's. */
static void begin(struct plan *plan, struct unit *u, const struct job *j)
{
	if (!j->reader && !j->stands_in) {
		u->optional = j->step->optional;
		u->goes_on = j->step->goes_on;
		u->retry = j->step->retry;
	}
	scatter(plan, u, j);
}

static void read_files(struct plan *plan, struct unit *u, const struct job *j)
{
	struct line *l = &u->line[0];

	l->read = plan_alloc(plan, j->froms, sizeof(*l->read));
	for (size_t f = 0; f < j->froms; f++) {
		const struct job *from = &plan->job[j->from[f]];
		size_t made = unit_that_makes(plan, file_of(from));

		l->read[l->reads++] = file_of(from);
		l->gathers = l->gathers || (from->step->scatter && !j->step->scatter);
		if (made != SIZE_MAX) {
			need(plan, u, made);
			u->may_lack = u->may_lack || plan->unit[made].goes_on ||
				      plan->unit[made].may_lack;
		}
	}
}

static void make_masters(struct plan *plan, const struct job *j, struct problems *p)
{
	const struct operation *op = j->operation;

	for (size_t i = 0; i < op->masters; i++) {
		const struct master_spec *m = &op->master[i];
		const struct plan_input *in = plan_input_of(plan, m->of);
		const char *name = plan_text(plan, "%s.%s", j->id, m->name);
		struct stage *reader;
		size_t readers;
		struct unit *u;

		if (!in || !plan->reader)
			continue;
		u = unit_new(plan, name, j->step);
		u->file = plan_text(plan, "%s.fits", name);
		u->what = plan_text(plan, "%s: its master %s", j->id, m->name);
		u->master = true;
		u->given = in->spec.optional ? m->of : NULL;
		reader = reader_stages(plan, &(struct words){(const char **)&in->spec.name, 1},
			false, plan->reader, &readers);
		for (size_t k = 0; k < readers; k++)
			line_stage(plan, &u->line[0], &reader[k]);
		for (size_t k = 0; k < m->stages; k++) {
			const struct stage_spec *spec = &m->stage[k];
			struct stage s = {
				.command = spec->command, .outside = spec->has_flow ? spec : NULL};

			stage_expand(plan, j, spec, true, &s, p);
			stage_expand(plan, j, spec, false, &s, p);
			if (k + 1 == m->stages) {
				stage_add(plan, &s, "-o");
				stage_add(plan, &s, u->file);
			}
			line_stage(plan, &u->line[0], &s);
			need_masters(plan, u, j, &s);
		}
	}
}

/* The unit that begins with a job, if what the job takes is there. */
static bool make_unit(struct plan *plan, struct job *j)
{
	struct unit *u;

	for (size_t f = 0; f < j->froms; f++) {
		const struct job *from = &plan->job[j->from[f]];

		if (!from->file || unit_that_makes(plan, file_of(from)) == SIZE_MAX)
			return false;
	}
	u = unit_new(plan, j->reader && !j->file ? j->step->id : j->id, j->step);
	if (j->stands_in)
		u->what =
			plan_text(plan, "%s: its %s", j->step->id, j->preview ? "preview" : "file");
	else if (j->reader && j->file)
		u->what = plan_text(plan, "%s: its input", j->step->id);
	begin(plan, u, j->reader && j->tos == 1 ? &plan->job[j->to[0]] : j);
	if (j->froms)
		read_files(plan, u, j);
	if (!j->sink) {
		grow(plan, u, 0, j);
		return true;
	}
	/* The plain sinks of one file go in one row. */
	if (own_unit(j)) {
		size_t self = (size_t)(j - plan->job);

		follow(plan, u, 0, &self, 1);
	} else {
		const struct job *from = &plan->job[j->from[0]];
		size_t row[JOBS_MAX], n = 0;

		for (size_t i = 0; i < from->tos; i++)
			if (plan->job[from->to[i]].sink && !own_unit(&plan->job[from->to[i]]) &&
				same_scatter(&plan->job[from->to[i]], j))
				row[n++] = from->to[i];
		follow(plan, u, 0, row, n);
	}
	return true;
}

void units_make(struct plan *plan, struct problems *p)
{
	bool more = true;

	count_followers(plan);
	place_files(plan);
	place_fan_outs(plan);
	for (size_t i = 0; i < plan->jobs; i++)
		if (plan->job[i].operation && !plan->job[i].stands_in)
			make_masters(plan, &plan->job[i], p);
	while (more) {
		more = false;
		for (size_t i = 0; i < plan->jobs; i++)
			if (!plan->job[i].placed && make_unit(plan, &plan->job[i]))
				more = true;
	}
	for (size_t i = 0; i < plan->jobs; i++)
		if (!plan->job[i].placed)
			problem(p, &plan->job[i].step->mark, EXIT_INTERNAL,
				"step %s: has found no place, which is a bug in leat",
				plan->job[i].step->id);
}
