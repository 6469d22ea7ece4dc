/* SPDX-License-Identifier: ISC */
#include "flow/graph.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* A word as people read it: {stem}, {label} and {NAME} for what is known only later. */
static void add_word_text(const struct word *w, struct str *s)
{
	for (size_t i = 0; i < w->pieces; i++)
		switch (w->piece[i].kind) {
		case PIECE_TEXT:
			str_add(s, w->piece[i].text);
			break;
		case PIECE_STEM:
			str_add(s, "{stem}");
			break;
		case PIECE_PRODUCTS:
			str_add(s, "products");
			break;
		case PIECE_LABEL:
			str_add(s, "{label}");
			break;
		case PIECE_LIST:
			str_addf(s, "%s.list", w->piece[i].text);
			break;
		case PIECE_PART:
			str_addf(s, "%s.{label}.list", w->piece[i].text);
			break;
		case PIECE_PATH:
			str_addf(s, "{%s}", w->piece[i].text);
			break;
		}
}

static void add_names(const char *key, const struct words *names, struct str *s)
{
	if (!names->n)
		return;
	str_addf(s, ", \"%s\": [", key);
	for (size_t i = 0; i < names->n; i++) {
		str_add(s, i ? ", " : "");
		str_add_json(s, names->v[i]);
	}
	str_add(s, "]");
}

static void add_stage(const struct stage *stage, struct str *s)
{
	char text[NUMBER_TEXT];
	bool conditional = false;

	str_add(s, "{\"argv\": [");
	str_add_json(s, stage->command);
	str_add(s, stage->passes ? ", \"--pass\"" : "");
	for (size_t i = 0; i < stage->words; i++) {
		const struct word *w = &stage->word[i];
		struct str word = {0};

		if (w->given.n || w->lacking.n) {
			conditional = true;
			continue;
		}
		add_word_text(w, &word);
		str_add(s, ", ");
		str_add_json(s, word.p ? word.p : "");
		str_free(&word);
	}
	str_add(s, "]");
	if (conditional) {
		const char *comma = "";

		str_add(s, ", \"optional_words\": [");
		for (size_t i = 0; i < stage->words; i++) {
			const struct word *w = &stage->word[i];
			struct str word = {0};

			if (!w->given.n && !w->lacking.n)
				continue;
			add_word_text(w, &word);
			str_addf(s, "%s{\"word\": ", comma);
			str_add_json(s, word.p ? word.p : "");
			add_names("given", &w->given, s);
			add_names("lacking", &w->lacking, s);
			str_add(s, "}");
			str_free(&word);
			comma = ", ";
		}
		str_add(s, "]");
	}
	if (stage->timeout_ns)
		str_addf(s, ", \"timeout_s\": %s",
			format_f64(text, (double)stage->timeout_ns / 1e9));
	str_add(s, "}");
}

static void add_line(const struct line *l, struct str *s)
{
	struct str word = {0};

	str_add(s, "{");
	if (l->fifo) {
		str_add(s, "\"fifo\": ");
		str_add_json(s, l->fifo);
		str_add(s, ", ");
	}
	if (l->reads) {
		struct words reads = {l->read, l->reads};

		str_addf(s, "\"gathers\": %s", l->gathers ? "true" : "false");
		add_names("reads", &reads, s);
		str_add(s, ", ");
	}
	str_add(s, "\"stages\": [");
	for (size_t i = 0; i < l->stages; i++) {
		str_add(s, i ? ",\n        " : "\n        ");
		add_stage(&l->stage[i], s);
	}
	str_add(s, "]");
	if (l->file) {
		str_add(s, ", \"file\": ");
		str_add_json(s, l->file);
	}
	if (l->stream) {
		add_word_text(l->stream, &word);
		str_add(s, ", \"file\": ");
		str_add_json(s, word.p ? word.p : "");
		str_free(&word);
	}
	if (l->fifo_count) {
		struct words fifos = {l->fifos, l->fifo_count};

		add_names("fifos", &fifos, s);
	}
	str_add(s, "}");
}

static void add_unit(const struct plan *plan, const struct unit *u, struct str *s)
{
	char delay[NUMBER_TEXT], factor[NUMBER_TEXT];

	str_add(s, "    {\"name\": ");
	str_add_json(s, u->name);
	str_add(s, ", \"steps\": [");
	for (size_t i = 0; i < u->step_count; i++) {
		str_add(s, i ? ", " : "");
		str_add_json(s, u->steps[i]->id);
	}
	str_add(s, "], \"needs\": [");
	for (size_t i = 0; i < u->need_count; i++) {
		str_add(s, i ? ", " : "");
		str_add_json(s, plan->unit[u->needs[i]].name);
	}
	str_add(s, "]");
	if (u->given) {
		str_add(s, ", \"given\": ");
		str_add_json(s, u->given);
	}
	if (u->scatter) {
		str_add(s, ", \"scatter\": ");
		str_add_json(s, u->scatter);
	}
	if (u->retry.max)
		str_addf(s, ", \"retry\": {\"max\": %lld, \"delay_s\": %s, \"factor\": %s}",
			(long long)u->retry.max, format_f64(delay, (double)u->retry.delay_ns / 1e9),
			format_f64(factor, u->retry.factor));
	str_addf(s, ", \"optional\": %s, \"on_fail\": \"%s\", \"lines\": [\n      ",
		u->optional ? "true" : "false", u->goes_on ? "continue" : "stop");
	for (size_t i = 0; i < u->lines; i++) {
		str_add(s, i ? ",\n      " : "");
		add_line(&u->line[i], s);
	}
	str_add(s, "]}");
}

void plan_json(const struct plan *plan, struct str *s)
{
	const struct template *t = plan->template;

	str_add(s, "{\"name\": ");
	str_add_json(s, t->name);
	str_add(s, ", \"description\": ");
	str_add_json(s, t->description);
	str_add(s, ",\n  \"inputs\": [");
	for (size_t i = 0; i < plan->inputs; i++) {
		const struct plan_input *in = &plan->input[i];

		str_add(s, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
		str_add_json(s, in->spec.name);
		str_addf(s, ", \"type\": \"%s\"", input_types[in->spec.type]);
		add_names("ext", &in->spec.ext, s);
		str_addf(s, ", \"min\": %lld, \"needed\": %s, \"paths\": [",
			(long long)in->spec.min, in->needed_by ? "true" : "false");
		for (size_t k = 0; k < in->values; k++) {
			str_add(s, k ? ", " : "");
			str_add_json(s, in->value[k]);
		}
		str_add(s, "]}");
	}
	str_add(s, "],\n  \"products\": [");
	for (size_t i = 0; i < plan->products; i++) {
		str_add(s, i ? ", {\"step\": " : "{\"step\": ");
		str_add_json(s, plan->product[i].id);
		str_add(s, ", \"name\": ");
		str_add_json(s, plan->product[i].pattern);
		str_add(s, "}");
	}
	str_add(s, "],\n  \"units\": [\n");
	for (size_t i = 0; i < plan->units; i++) {
		str_add(s, i ? ",\n" : "");
		add_unit(plan, &plan->unit[i], s);
	}
	str_add(s, "]}\n");
}

/* ---- Graphviz */

/* Text in double quotes of the language of Graphviz. */
static void add_dot(const char *text, struct str *s)
{
	size_t length;

	str_add(s, "\"");
	for (size_t n = strlen(text); n > 0; text += length, n -= length) {
		length = printable_length(text, n);
		if (length == 1 && (*text == '"' || *text == '\\'))
			str_add(s, "\\");
		str_add_bytes(s, length ? text : " ", length ? length : 1);
		length = length ? length : 1;
	}
	str_add(s, "\"");
}

static bool is_step(const struct job *j)
{
	return !j->reader && !j->stands_in;
}

void plan_dot(const struct plan *plan, struct str *s)
{
	str_add(s, "digraph template {\n\trankdir=LR;\n\tlabel=");
	add_dot(plan->template->name, s);
	str_add(s, ";\n\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < plan->inputs; i++) {
		struct str id = {0};

		str_addf(&id, "in_%s", plan->input[i].spec.name);
		str_addf(s, "\t%s [shape=folder, style=\"\", label=", id.p);
		add_dot(plan->input[i].spec.name, s);
		str_add(s, "];\n");
		str_free(&id);
	}
	for (size_t i = 0; i < plan->jobs; i++) {
		const struct job *j = &plan->job[i];

		if (!is_step(j))
			continue;
		str_addf(s, "\tstep_%zu [label=", j->step->number);
		add_dot(j->id, s);
		str_add(s, j->step->optional ? ", style=\"rounded,dashed\"];\n" : "];\n");
		for (size_t k = 0; k < j->operation->inputs; k++)
			if (plan_input_of(plan, j->operation->input[k].name))
				str_addf(s, "\tin_%s -> step_%zu;\n", j->operation->input[k].name,
					j->step->number);
		for (size_t f = 0; f < j->froms; f++) {
			const struct job *from = &plan->job[j->from[f]];

			if (is_step(from))
				str_addf(s, "\tstep_%zu -> step_%zu;\n", from->step->number,
					j->step->number);
			for (size_t k = 0; from->reader && k < from->reads->n; k++) {
				bool told = false;

				for (size_t m = 0; m < j->operation->inputs; m++)
					told = told || !strcmp(j->operation->input[m].name,
							       from->reads->v[k]);
				if (!told)
					str_addf(s, "\tin_%s -> step_%zu;\n", from->reads->v[k],
						j->step->number);
			}
		}
	}
	for (size_t i = 0; i < plan->products; i++) {
		str_addf(s, "\tout_%zu [shape=note, style=\"\", label=", i);
		add_dot(plan->product[i].pattern, s);
		str_addf(s, "];\n\tstep_%zu -> out_%zu;\n", plan->product[i].step->number, i);
	}
	str_add(s, "}\n");
}
