/* SPDX-License-Identifier: ISC */
/* Steps become jobs: their operations and backends, whose frames they take, their command lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan.h"

#define JOBS_MAX (3 * STEPS_MAX + 8)

static const char *const image_ext[] = {"fits", "fit", "fz"};

/* What operations read that say nothing of their own, if no step stands before them. */
static const struct input_spec image_input = {
	.name = "image", .type = INPUT_LIST, .ext = {(const char **)image_ext, 3}, .min = 1};
static const char *image_name[] = {"image"};
static const struct words image_reads = {image_name, 1};

struct backend_set {
	struct {
		char *name, *path;
		struct backend *backend;
	} *v;
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

const struct backend *backend_of(struct backend_set *set, const struct plan_options *o,
	const char *name, struct problems *p)
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

struct plan_input *plan_input_of(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->inputs; i++)
		if (!strcmp(plan->input[i].spec.name, name))
			return &plan->input[i];
	return NULL;
}

static struct job *job_of(struct plan *plan, const struct step *step)
{
	for (size_t i = 0; i < plan->jobs; i++)
		if (plan->job[i].step == step && !plan->job[i].reader)
			return &plan->job[i];
	return NULL;
}

static struct job *job_new(struct plan *plan, const struct step *step, const char *id)
{
	struct job *j = &plan->job[plan->jobs++];

	j->step = step;
	j->id = id;
	return j;
}

static void unknown_operation(const struct step *s, const struct backend *b, struct problems *p)
{
	const char **names = xcalloc(b->operations + 1, sizeof(*names));
	struct str hint = {0};

	str_add(&hint, "");
	for (size_t i = 0; i < b->operations; i++)
		names[i] = b->operation[i].name;
	suggest(&hint, s->operation, names, b->operations);
	problem(p, &s->operation_mark, EXIT_DATA, "operation %s: backend %s has none%s",
		s->operation, b->name, hint.p);
	free(names);
	str_free(&hint);
}

/* Finds a step's operation; leaves the step out, or complains, if that is not built. */
static const struct operation *find_operation(const struct plan_options *o,
	struct backend_set *set, struct step *s, struct problems *p)
{
	const struct backend *b = backend_of(set, o, s->backend, p);
	const struct operation *operation;

	if (!b) {
		struct str hint = {0};

		str_add(&hint, "");
		suggest(&hint, s->backend, o->backend_names, o->backend_name_count);
		problem(p, &s->mark, EXIT_DATA, "step %s: backend %s: no such backend%s", s->id,
			s->backend, hint.p);
		str_free(&hint);
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

static void ask(struct describer *d, const struct stage_spec *stage, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!stage[i].has_flow)
			describe_ask(d, stage[i].command);
}

static void ask_all(struct describer *d, const struct operation *o)
{
	ask(d, o->stage, o->stages);
	for (size_t i = 0; i < o->formats; i++)
		ask(d, &o->format[i].stage, 1);
	for (size_t i = 0; i < o->masters; i++)
		ask(d, o->master[i].stage, o->master[i].stages);
}

static const char *role_of(const struct plan_options *o, const struct stage_spec *s,
	struct problems *p)
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

static void find_role(struct job *j, const struct plan_options *o, struct problems *p)
{
	const struct operation *op = j->operation;
	size_t sinks = 0;

	for (size_t i = 0; i < op->stages; i++)
		sinks += !strcmp(role_of(o, &op->stage[i], p), "sink");
	j->source = op->stages && !strcmp(role_of(o, &op->stage[0], p), "source");
	j->sink = op->formats > 0 || sinks == op->stages;
	j->ends = !j->sink && sinks > 0;
}

/* ---- whose frames a step takes */

static bool is_input(const struct plan *plan, const char *name)
{
	const struct template *t = plan->template;

	for (size_t i = 0; i < t->inputs; i++)
		if (!strcmp(t->input[i].name, name))
			return true;
	return false;
}

/* Adds the jobs that the step stands for: its own, or those before it if it is left out. */
static void add_sources(struct plan *plan, struct job *j, struct step *s, int depth,
	struct problems *p);

static void add_source_named(struct plan *plan, struct job *j, const struct step *s,
	const struct node *node, int depth, struct problems *p)
{
	struct step *other = template_step(plan->template, node->text);

	if (other) {
		add_sources(plan, j, other, depth + 1, p);
	} else if (is_input(plan, node->text)) {
		struct words *reads = plan_alloc(plan, 1, sizeof(*reads));

		*reads = (struct words){plan_alloc(plan, 1, sizeof(*reads->v)), 1};
		reads->v[0] = plan_text(plan, "%s", node->text);
		j->reads = reads;
	} else {
		const char *ids[STEPS_MAX];
		struct str hint = {0};

		str_add(&hint, "");
		for (size_t i = 0; i < plan->template->steps; i++)
			ids[i] = plan->template->step[i].id;
		suggest(&hint, node->text, ids, plan->template->steps);
		problem(p, &node->mark, EXIT_DATA, "step %s: from: no step %s%s", s->id, node->text,
			hint.p);
		str_free(&hint);
	}
}

static void add_sources_of(struct plan *plan, struct job *j, struct step *s, int depth,
	struct problems *p)
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

static void add_sources(struct plan *plan, struct job *j, struct step *s, int depth,
	struct problems *p)
{
	struct job *other = job_of(plan, s);
	size_t index;

	if (depth > 2 * STEPS_MAX)
		return; /* a cycle of steps that are left out */
	if (!other) {
		add_sources_of(plan, j, s, depth, p);
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

static bool has_cycle(struct plan *plan, struct problems *p)
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

/* ---- inputs */

static struct plan_input *input_add(struct plan *plan, const struct input_spec *spec)
{
	struct plan_input *in = plan_input_of(plan, spec->name);

	if (!in) {
		in = &plan->input[plan->inputs++];
		in->spec = *spec;
	}
	return in;
}

/* What `uses` of a param says of an input: 1 needed, 0 not to be used, -1 nothing. */
static int wanted(const struct operation *op, const struct step *s, const char *input,
	const char **param)
{
	for (size_t i = 0; i < op->params; i++) {
		const struct node *v = node_get(s->params, op->param[i].name, NULL);

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

static void missing_input(const struct plan *plan, const struct step *s, const char *name,
	struct problems *p)
{
	const char *names[64];
	size_t n = 0;
	struct str hint = {0};

	str_add(&hint, "");
	for (; n < plan->template->inputs && n < COUNT_OF(names); n++)
		names[n] = plan->template->input[n].name;
	suggest(&hint, name, names, n);
	problem(p, &s->operation_mark, EXIT_DATA,
		"step %s: needs input %s, which is not among the inputs%s", s->id, name, hint.p);
	str_free(&hint);
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

static void job_inputs(struct plan *plan, struct job *j, struct problems *p)
{
	const struct operation *op = j->operation;
	bool root = j->froms == 0 && !j->source;
	bool own = root && !j->reads;

	if (own)
		j->reads = op->reads.n ? &op->reads : &image_reads;
	if (own && !op->reads.n && plan->template->has_inputs && !is_input(plan, "image") &&
		only_input(plan->template)) {
		struct words *w = plan_alloc(plan, 1, sizeof(*w));

		*w = (struct words){plan_alloc(plan, 1, sizeof(*w->v)), 1};
		w->v[0] = only_input(plan->template)->name;
		j->reads = w;
	} else if (own && !op->reads.n) {
		use_input(plan, j, &image_input, true, p);
	}
	for (size_t i = 0; root && j->reads && i < j->reads->n; i++) {
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

/* ---- command lines */

struct word *stage_word(struct plan *plan, struct stage *s)
{
	struct word *w = plan_alloc(plan, s->words + 1, sizeof(*w));

	if (s->words)
		memcpy(w, s->word, s->words * sizeof(*w));
	s->word = w;
	return &w[s->words++];
}

void word_add(struct word *w, enum piece_kind kind, const char *text)
{
	if (w->pieces < COUNT_OF(w->piece) && (kind != PIECE_TEXT || *text || w->pieces == 0))
		w->piece[w->pieces++] = (struct piece){kind, text};
}

void stage_add(struct plan *plan, struct stage *s, const char *text)
{
	word_add(stage_word(plan, s), PIECE_TEXT, text);
}

/* What of these inputs hangs on what is given when the script runs; false if it never holds. */
static bool conditions(struct plan *plan, const struct words *names, bool given,
	struct words *open)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct plan_input *in = plan_input_of(plan, names->v[i]);

		if (given ? !in : in && !in->spec.optional)
			return false;
		if (in && in->spec.optional) {
			const char **v = plan_alloc(plan, open->n + 1, sizeof(*v));

			if (open->n)
				memcpy(v, open->v, open->n * sizeof(*v));
			v[open->n++] = names->v[i];
			open->v = v;
		}
	}
	return true;
}

static const struct master_spec *master_of(const struct operation *op, const char *name)
{
	for (size_t i = 0; op && i < op->masters; i++)
		if (!strcmp(op->master[i].name, name))
			return &op->master[i];
	return NULL;
}

/* The word with {NAME} filled in; false if it is not to be there. */
static bool expand(struct plan *plan, const struct job *j, const struct stage_spec *spec,
	const struct word_spec *from, struct word *w, struct problems *p)
{
	const char *open = strchr(from->text, '{'), *close = open ? strchr(open, '}') : NULL;
	const struct master_spec *master;
	const struct plan_input *in;
	const char *name;

	if (!conditions(plan, &from->given, true, &w->given) ||
		!conditions(plan, &from->lacking, false, &w->lacking))
		return false;
	if (!close) {
		word_add(w, PIECE_TEXT, from->text);
		return true;
	}
	name = plan_text(plan, "%.*s", (int)(close - open - 1), open + 1);
	master = master_of(j->operation, name);
	in = plan_input_of(plan, master ? master->of : name);
	if (!master && !in) {
		for (size_t i = 0; i < j->operation->inputs; i++)
			if (!strcmp(j->operation->input[i].name, name))
				return false;
		problem(p, &spec->mark, EXIT_CONFIG, "stage %s: {%s}: no input or master",
			spec->command, name);
		return false;
	}
	if (!in || !conditions(plan, &(struct words){(const char **)&in->spec.name, 1}, true, &w->given))
		return false;
	word_add(w, PIECE_TEXT, plan_text(plan, "%.*s", (int)(open - from->text), from->text));
	if (*from->text == '{')
		w->pieces = 0;
	if (master)
		word_add(w, PIECE_TEXT, plan_text(plan, "%s.%s.fits", j->id, name));
	else if (in->spec.type == INPUT_LIST)
		word_add(w, PIECE_TEXT, plan_text(plan, "%s.list", name));
	else
		word_add(w, PIECE_PATH, in->spec.name);
	word_add(w, PIECE_TEXT, plan_text(plan, "%s", close + 1));
	return true;
}

void stage_expand(struct plan *plan, const struct job *job, const struct stage_spec *spec,
	bool fixed, struct stage *s, struct problems *p)
{
	size_t until = fixed ? spec->fixed : spec->words;

	for (size_t i = fixed ? 0 : spec->fixed; i < until; i++) {
		struct word w = {0};

		if (expand(plan, job, spec, &spec->word[i], &w, p))
			*stage_word(plan, s) = w;
	}
}

static void stage_begin(struct plan *plan, struct job *j, const struct stage_spec *spec,
	struct problems *p)
{
	struct stage *s = &j->stage[j->stages++];

	*s = (struct stage){.command = spec->command, .outside = spec->has_flow,
		.timeout_ns = j->step ? j->step->timeout_ns : 0};
	stage_expand(plan, j, spec, true, s, p);
}

struct stage *reader_stages(struct plan *plan, const struct words *reads, bool scattered,
	const struct stage_spec *reader, size_t *count)
{
	struct stage *s = plan_alloc(plan, 2, sizeof(*s));
	bool several = reads->n > 1;

	*count = 1 + several;
	if (several)
		s[0].command = "cat";
	s[several].command = reader->command;
	for (size_t i = 0; i < reader->words; i++) {
		const char *text = reader->word[i].text, *open = strstr(text, "{list}");
		struct word *w = stage_word(plan, &s[several]);

		if (!open) {
			word_add(w, PIECE_TEXT, text);
		} else if (several) {
			word_add(w, PIECE_TEXT, plan_text(plan, "%.*s-", (int)(open - text), text));
		} else {
			word_add(w, PIECE_TEXT, plan_text(plan, "%.*s%s.%s", (int)(open - text),
				text, reads->v[0], scattered ? "" : "list"));
			if (scattered) {
				word_add(w, PIECE_LABEL, "");
				word_add(w, PIECE_TEXT, ".list");
			}
		}
	}
	for (size_t i = 0; several && i < reads->n; i++)
		stage_add(plan, &s[0], plan_text(plan, "%s.list", reads->v[i]));
	return s;
}

/* ---- params */

static bool common_option(const char *name)
{
	static const char *const common[] = {"help", "version", "describe", "quiet", "verbose",
		"progress", "no-progress", "output", "name", "pass", "no-clobber"};

	for (size_t i = 0; i < COUNT_OF(common); i++)
		if (!strcmp(name, common[i]))
			return true;
	return false;
}

static const struct option *option_of_stage(const struct plan_options *o,
	const struct stage_spec *spec, const char *name)
{
	const struct described *said;
	const struct option *found;
	char dashed[80];
	struct error e;

	if (spec->has_flow || strlen(name) >= sizeof(dashed))
		return NULL;
	for (size_t i = 0; i <= strlen(name); i++)
		dashed[i] = name[i] == '_' ? '-' : name[i];
	said = describe(o->describer, spec->command, &e);
	found = said && !common_option(dashed) ? option_find(said->options, dashed) : NULL;
	return found;
}

/* Where an option of the job is: its n-th stage that has it, NULL if there are fewer. */
static const struct option *find_option(const struct plan_options *o, const struct job *j,
	const struct operation *op, const struct param_spec *spec, const char *name,
	const size_t *format, size_t *stage)
{
	for (size_t i = *stage; i < j->stages; i++) {
		const struct stage_spec *s = op->formats ? &op->format[format[i]].stage
							 : &op->stage[i];
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

static void unknown_param(const struct plan_options *o, const struct job *j,
	const struct node *key, struct problems *p)
{
	const struct operation *op = j->operation;
	const char *names[300];
	size_t n = 0, owned = 0;
	struct str hint = {0};

	str_add(&hint, "");
	for (; n < op->params && n < 100; n++)
		names[n] = op->param[n].name;
	owned = n;
	for (size_t i = 0; i < op->stages + op->formats; i++) {
		const struct stage_spec *s = i < op->stages ? &op->stage[i]
							    : &op->format[i - op->stages].stage;
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
	suggest(&hint, key->text, names, n);
	problem(p, &key->mark, EXIT_DATA, "step %s: unknown param %s of operation %s%s", j->id,
		key->text, op->name, hint.p);
	for (; owned < n; owned++)
		free((void *)names[owned]);
	str_free(&hint);
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
	const size_t *format, struct problems *p)
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
		problem(p, &node->mark, EXIT_DATA, "step %s: %s: has no value", j->id, name);
		return;
	}
	if (spec && spec->uses) {
		if (node->kind != NODE_SCALAR)
			problem(p, &node->mark, EXIT_DATA, "step %s: %s: must be true or false, is %s",
				j->id, name, node_kind_name(node));
		else
			check_value(j, spec, &spec->check, name, node, node->text, p);
		return;
	}
	for (; (option = find_option(o, j, j->operation, spec, option_name, format, &stage));
		stage++) {
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
					mapped_value(spec, words[i]));
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

static void apply_params(struct plan *plan, struct job *j, const struct plan_options *o,
	const size_t *format, struct problems *p)
{
	const struct node *params = j->step->params;

	for (size_t i = 0; params && i < params->count; i++)
		apply_param(plan, j, o, params->key[i], params->item[i],
			operation_param(j->operation, params->key[i]->text), format, p);
	for (size_t i = 0; i < j->operation->params; i++) {
		const struct param_spec *spec = &j->operation->param[i];
		struct node value = {.mark = j->step->operation_mark, .text = (char *)spec->fallback};

		if (node_get(params, spec->name, NULL))
			continue;
		if (spec->required)
			problem(p, &j->step->operation_mark, EXIT_DATA,
				"step %s: param %s of operation %s missing", j->id, spec->name,
				j->operation->name);
		else if (spec->fallback)
			apply_param(plan, j, o, NULL, &value, spec, format, p);
	}
}

/* The formats that an export names, as numbers of the operation's. */
static size_t find_formats(const struct job *j, size_t *format, size_t max, struct problems *p)
{
	const struct operation *op = j->operation;
	const struct node *node = node_get(j->step->params, op->formats_param, NULL);
	const char *words[WORDS_MAX];
	char *copy = NULL, *save = NULL;
	size_t count, found = 0;

	if (!node || node->absent) {
		problem(p, node ? &node->mark : &j->step->operation_mark, EXIT_DATA,
			"step %s: param %s of operation %s missing", j->id, op->formats_param,
			op->name);
		return 0;
	}
	if (node->kind == NODE_SCALAR) { /* "png,jpeg", as --set has it */
		copy = xstrdup(node->text);
		count = 0;
		for (char *w = strtok_r(copy, ", ", &save); w && count < WORDS_MAX;
			w = strtok_r(NULL, ", ", &save))
			words[count++] = w;
	} else {
		count = node_words(node, words, WORDS_MAX, op->formats_param, p);
	}
	for (size_t i = 0; i < count; i++) {
		const char *names[32];
		struct str hint = {0};
		size_t k = 0;
		bool twice = false;

		for (; k < op->formats && k < COUNT_OF(names); k++)
			names[k] = op->format[k].name;
		for (k = 0; k < op->formats && strcmp(op->format[k].name, words[i]); k++)
			;
		for (size_t m = 0; m < found; m++)
			twice = twice || format[m] == k;
		str_add(&hint, "");
		if (k == op->formats)
			suggest(&hint, words[i], names, op->formats);
		if (k == op->formats || twice) {
			struct mark at = node->kind == NODE_LIST ? node->item[i]->mark : node->mark;

			problem(p, &at, at.line ? EXIT_DATA : EXIT_USAGE, "step %s: %s: %s: %s%s",
				j->id, op->formats_param, words[i],
				twice ? "stands twice" : "no such format", hint.p);
		} else if (found < max) {
			format[found++] = k;
		}
		str_free(&hint);
	}
	if (count == 0)
		problem(p, &node->mark, EXIT_DATA, "step %s: %s: must name a format", j->id,
			op->formats_param);
	free(copy);
	return found;
}

static void add_product(struct plan *plan, const struct job *j, const char *format, size_t stage)
{
	struct product *all = plan_alloc(plan, plan->products + 1, sizeof(*all));

	if (plan->products)
		memcpy(all, plan->product, plan->products * sizeof(*all));
	plan->product = all;
	all[plan->products++] = (struct product){
		.id = j->id,
		.format = format,
		.step = j->step,
		.job = (size_t)(j - plan->job),
		.stage = stage,
		.preview = j->preview};
}

/* The stages of a job with their words; its files get their names later. */
static void build(struct plan *plan, struct job *j, const struct plan_options *o,
	struct problems *p)
{
	const struct operation *op = j->operation;
	size_t format[WORDS_MAX];
	size_t n = op->formats ? find_formats(j, format, WORDS_MAX, p) : op->stages;

	j->stage = plan_alloc(plan, n + 1, sizeof(*j->stage));
	for (size_t i = 0; i < n; i++)
		stage_begin(plan, j, op->formats ? &op->format[format[i]].stage : &op->stage[i], p);
	if (!j->stands_in)
		apply_params(plan, j, o, format, p);
	for (size_t i = 0; i < n; i++) {
		const struct stage_spec *spec = op->formats ? &op->format[format[i]].stage
							    : &op->stage[i];

		stage_expand(plan, j, spec, false, &j->stage[i], p);
	}
	if (op->formats)
		for (size_t i = 0; i < n; i++)
			add_product(plan, j, op->format[format[i]].name, i);
	else if (j->sink || j->ends)
		add_product(plan, j, op->extension ? op->extension : "out", n - 1);
}

/* A reader before each job that takes frames from files. */
static void add_readers(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p)
{
	const struct backend *builtin = backend_of(set, o, "default", p);
	size_t jobs = plan->jobs;

	for (size_t i = 0; i < jobs; i++) {
		struct job *j = &plan->job[i], *reader;
		struct words *reads;

		if (!j->reads || j->source || !builtin)
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
					"step such as drf_read must stand before it", j->id,
					in->spec.name, input_types[in->spec.type]);
		}
		if (reads->n == 0)
			continue;
		reader = job_new(plan, j->step, plan_text(plan, "%s.reader", j->id));
		reader->reader = true;
		reader->reads = reads;
		reader->stage = reader_stages(plan, reads, j->step->scatter != NULL,
			&builtin->reader, &reader->stages);
		if (j->froms < FROM_MAX)
			j->from[j->froms++] = (size_t)(reader - plan->job);
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

		if (t->step[i].left_out || !(op = find_operation(o, set, &t->step[i], p)))
			continue;
		j = job_new(plan, &t->step[i], t->step[i].id);
		j->operation = op;
		room += op->inputs + 1;
		ask_all(o->describer, op);
	}
	if (builtin && builtin->reader.command)
		ask(o->describer, &builtin->reader, 1);
	for (size_t i = 0; i < plan->jobs; i++)
		find_role(&plan->job[i], o, p);
	for (size_t i = 0; i < plan->jobs; i++) {
		struct job *j = &plan->job[i];
		struct step *s = &t->step[j->step - t->step];

		if (!j->source)
			add_sources_of(plan, j, s, 0, p);
		else if (s->from)
			problem(p, &s->from->mark, EXIT_DATA,
				"step %s: from: %s reads files itself, so it takes nothing from others",
				s->id, s->operation);
	}
	if (has_cycle(plan, p))
		return;
	plan->input = plan_alloc(plan, room, sizeof(*plan->input));
	for (size_t i = 0; i < t->inputs; i++)
		input_add(plan, &t->input[i]);
	for (size_t i = 0; i < plan->jobs; i++)
		job_inputs(plan, &plan->job[i], p);
	for (size_t i = 0, n = plan->jobs; i < n; i++)
		build(plan, &plan->job[i], o, p);
	add_readers(plan, o, set, p);
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
		find_role(j, o, p);
		build(plan, j, o, p);
	} else {
		j->ends = true;
		add_product(plan, j, "leat", SIZE_MAX);
	}
}

void jobs_end(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p)
{
	const struct backend *builtin = backend_of(set, o, "builtin", p);
	size_t jobs = plan->jobs;

	for (size_t i = 0; builtin && i < jobs; i++) {
		const struct job *j = &plan->job[i];
		const struct operation *op;
		bool taken = false;

		if (j->step->preview && !j->reader && !j->ends) {
			op = ending(builtin, "preview", &j->out);
			if (op)
				add_end(plan, i, op, plan_text(plan, "%s_preview", j->id), true, o,
					p);
			else
				problem(p, &j->step->mark, EXIT_DATA,
					"step %s: preview: there is none of %s", j->id, j->out.kinds);
		}
		for (size_t k = 0; k < jobs && !taken; k++)
			for (size_t f = 0; f < plan->job[k].froms; f++)
				taken = taken || plan->job[k].from[f] == i;
		if (taken || j->sink || j->ends || j->reader)
			continue;
		add_end(plan, i, ending(builtin, "end", &j->out), j->id, false, o, p);
	}
}
