/* SPDX-License-Identifier: ISC */
/* The words of command lines, and those that hang on inputs. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/plan_parts.h"

struct word *stage_word(struct plan *plan, struct stage *s)
{
	s->word = plan_push(plan, s->word, &s->words, sizeof(*s->word));
	return &s->word[s->words - 1];
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
static bool conditions(struct plan *plan, const struct words *names, bool given, struct words *open)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct plan_input *in = plan_input_of(plan, names->v[i]);

		if (given ? !in : in && !in->spec.optional)
			return false;
		if (in && in->spec.optional) {
			open->v = plan_push(plan, open->v, &open->n, sizeof(*open->v));
			open->v[open->n - 1] = names->v[i];
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
	if (!in || !conditions(plan, &(struct words){(const char **)&in->spec.name, 1}, true,
			   &w->given))
		return false;
	if (open > from->text)
		word_add(w, PIECE_TEXT,
			plan_text(plan, "%.*s", (int)(open - from->text), from->text));
	if (master)
		word_add(w, PIECE_TEXT, plan_text(plan, "%s.%s.fits", j->id, name));
	else
		word_add(w, in->spec.type == INPUT_LIST ? PIECE_LIST : PIECE_PATH, in->spec.name);
	if (close[1])
		word_add(w, PIECE_TEXT, close + 1);
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

struct stage *reader_stages(struct plan *plan, const struct words *reads, bool scattered,
	const struct stage_spec *reader, size_t *count)
{
	struct stage *s = plan_alloc(plan, 2, sizeof(*s));
	enum piece_kind list = scattered ? PIECE_PART : PIECE_LIST;
	bool several = reads->n > 1;

	*count = 1 + several;
	if (several)
		s[0].command = "cat";
	s[several].command = reader->command;
	for (size_t i = 0; i < reader->words; i++) {
		const char *text = reader->word[i].text, *open = strstr(text, "{list}");
		struct word *w = stage_word(plan, &s[several]);
		size_t n = open ? (size_t)(open - text) : strlen(text);

		word_add(w, PIECE_TEXT, plan_text(plan, "%.*s", (int)n, text));
		if (open)
			word_add(w, several ? PIECE_TEXT : list, several ? "-" : reads->v[0]);
	}
	for (size_t i = 0; several && i < reads->n; i++)
		word_add(stage_word(plan, &s[0]), PIECE_LIST, reads->v[i]);
	return s;
}
