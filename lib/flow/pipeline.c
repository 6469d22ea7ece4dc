/* SPDX-License-Identifier: ISC */
/* The pipelines of a unit, as lines of the shell, the same in a script and in a Makefile. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/script.h"

struct body {
	const struct unit *unit;
	bool own, part;
	size_t conditional; /* stages with words that hang on inputs, so far */
	const char *indent; /* of a pipeline's further lines */
	struct str *s;
};

/* What tells the files of an element of a scatter from those of the others. */
static const char *element(const struct unit *u)
{
	return u->scatter ? ".\"$label\"" : "";
}

static void add_word(const struct body *b, const struct word *w)
{
	struct str text = {0};

	for (size_t i = 0; i < w->pieces; i++) {
		const struct piece *p = &w->piece[i];

		switch (p->kind) {
		case PIECE_TEXT: /* a run of texts is quoted as one */
			str_add(&text, p->text);
			if (i + 1 < w->pieces && w->piece[i + 1].kind == PIECE_TEXT)
				break;
			str_add_shell(b->s, text.p);
			str_clear(&text);
			break;
		case PIECE_STEM:
			str_add(b->s, "\"$stem\"");
			break;
		case PIECE_PRODUCTS:
			unit_products(b->unit, b->own, b->s);
			break;
		case PIECE_LABEL:
			str_add(b->s, "\"$label\"");
			break;
		case PIECE_LIST:
			str_addf(b->s, "%s.list", p->text);
			break;
		case PIECE_PART:
			str_addf(b->s, "%s.\"$label\".list", p->text);
			break;
		case PIECE_PATH:
			str_addf(b->s, "\"$path_%s\"", p->text);
			break;
		}
	}
	str_free(&text);
}

/* In an array a comma looks like a slip, so there all words stand in quotes. */
static void add_element(const struct body *b, const struct word *w)
{
	struct str text = {0};
	struct body quoted = *b;
	bool bare;

	quoted.s = &text;
	add_word(&quoted, w);
	bare = text.p && !strpbrk(text.p, "'\"");
	str_addf(b->s, "%s%s%s", bare ? "'" : "", text.p ? text.p : "''", bare ? "'" : "");
	str_free(&text);
}

static bool conditional(const struct word *w)
{
	return w->given.n || w->lacking.n;
}

/* Before the pipeline: the words of a stage that are there only with some inputs. */
static void add_conditions(struct body *b, const struct stage *stage)
{
	bool begun = false;

	for (size_t i = 0; i < stage->words; i++) {
		const struct word *w = &stage->word[i];

		if (!conditional(w))
			continue;
		if (!begun)
			str_addf(b->s, "\twith_%zu=()\n", ++b->conditional);
		begun = true;
		str_add(b->s, "\t");
		for (size_t k = 0; k < w->given.n; k++)
			str_addf(b->s, "[[ ! -s %s.list ]] || ", w->given.v[k]);
		for (size_t k = 0; k < w->lacking.n; k++)
			str_addf(b->s, "[[ -s %s.list ]] || ", w->lacking.v[k]);
		str_addf(b->s, "with_%zu+=(", b->conditional);
		add_element(b, w);
		str_add(b->s, ")\n");
	}
}

static void add_timeout(struct str *s, int64_t ns)
{
	char text[NUMBER_TEXT];

	str_addf(s, "timeout --foreground -k 10 %s ", format_f64(text, (double)ns / 1e9));
}

static void add_stage(struct body *b, const struct stage *stage)
{
	bool begun = false;

	if (stage->timeout_ns)
		add_timeout(b->s, stage->timeout_ns);
	str_add_shell(b->s, stage->command);
	if (stage->passes)
		str_add(b->s, " --pass");
	for (size_t i = 0; i < stage->words; i++) {
		if (!conditional(&stage->word[i])) {
			str_add(b->s, " ");
			add_word(b, &stage->word[i]);
		} else if (!begun) {
			begun = true;
			str_addf(b->s, " \"${with_%zu[@]}\"", ++b->conditional);
		}
	}
}

static void add_file(const struct body *b, const char *file, bool gathers)
{
	str_add(b->s, file);
	str_add(b->s, gathers ? ".*" : element(b->unit));
	str_add(b->s, ".leat");
}

static void add_fifo(const struct unit *u, const char *name, struct str *s)
{
	str_addf(s, "%s%s.fifo", name, element(u));
}

/* One pipeline; its first line stands behind what is there already. */
static void add_line(struct body *b, const struct line *l)
{
	bool cat = l->reads > 1 || l->gathers || (l->reads && l->stages == 0);
	bool begun = cat;

	if (cat) {
		str_add(b->s, "stream-cat --");
		for (size_t i = 0; i < l->reads; i++) {
			str_add(b->s, " ");
			add_file(b, l->read[i], l->gathers);
		}
	}
	for (size_t i = 0; i < l->stages; i++) {
		if (begun)
			str_addf(b->s, " |\n%s", b->indent);
		begun = true;
		add_stage(b, &l->stage[i]);
		if (i == 0 && l->reads && !cat) {
			str_add(b->s, " <");
			add_file(b, l->read[0], false);
		}
	}
	if (l->file) {
		str_add(b->s, " >");
		add_file(b, b->unit->file, false);
		str_add(b->s, b->part ? ".part" : "");
	} else if (l->stream) {
		str_add(b->s, " >");
		add_word(b, l->stream);
	} else if (l->fifo_count) {
		str_addf(b->s, " |\n%stee -p", b->indent);
		for (size_t i = 0; i < l->fifo_count; i++) {
			str_add(b->s, i + 1 < l->fifo_count ? " " : " >");
			add_fifo(b->unit, l->fifos[i], b->s);
		}
	}
	str_add(b->s, " || verdict \"${PIPESTATUS[@]}\"");
}

void add_unit_body(const struct unit *u, bool own, bool part, struct str *s)
{
	struct body b = {u, own, part, 0, "\t\t", s};

	for (size_t i = 0; i < u->lines; i++)
		for (size_t k = 0; k < u->line[i].stages; k++)
			add_conditions(&b, &u->line[i].stage[k]);
	b.conditional = 0;
	/* The words of a stage were counted line by line, so the trunk is told first; it is started
	 * last, when its readers are there. */
	if (u->lines > 1) {
		struct str trunk = {0};
		struct body first = b;

		str_add(s, "\tdeclare -A ends=()\n\tfan_out");
		for (size_t i = 1; i < u->lines; i++) {
			str_add(s, " ");
			add_fifo(u, u->line[i].fifo, s);
		}
		str_add(s, "\n\tbranches=()\n");
		first.s = &trunk;
		add_line(&first, &u->line[0]);
		b.conditional = first.conditional;
		for (size_t i = 1; i < u->lines; i++) {
			str_add(s, "\t{\n\t\texec <");
			add_fifo(u, u->line[i].fifo, s);
			str_add(s, "\n\t\tlet_go");
			for (size_t k = 0; k < u->line[i].fifo_count; k++) {
				str_add(s, " ");
				add_fifo(u, u->line[i].fifos[k], s);
			}
			str_add(s, u->line[i].fifo_count ? "\n\t\t" : " ''\n\t\t");
			b.indent = "\t\t\t";
			add_line(&b, &u->line[i]);
			str_add(s, "\n\t} &\n\tbranches+=(\"$!\")\n");
		}
		str_addf(s, "\tcodes=(0)\n\t%s || codes=(\"$?\")\n\tlet_go ''\n", trunk.p);
		str_add(s, "\tfor branch in \"${branches[@]}\"; do\n"
			   "\t\tcode=0\n"
			   "\t\twait \"$branch\" || code=$?\n"
			   "\t\tcodes+=(\"$code\")\n"
			   "\tdone\n"
			   "\tverdict \"${codes[@]}\"\n");
		str_free(&trunk);
	} else {
		str_add(s, "\t");
		add_line(&b, &u->line[0]);
		str_add(s, "\n");
	}
}

/* "SKIP || " where a unit has nothing to do. */
static void add_skips(const struct unit *u, struct str *s)
{
	const struct line *l = &u->line[0];

	if (u->given)
		str_addf(s, "[[ ! -s %s.list ]] || ", u->given);
	for (size_t i = 0; u->may_lack && i < l->reads; i++)
		if (l->gathers)
			str_addf(s, "! compgen -G '%s.*.leat' >/dev/null || ", l->read[i]);
		else
			str_addf(s, "[[ ! -e %s%s.leat ]] || ", l->read[i], element(u));
}

/* What a unit makes, for who must remove it. */
static void add_made(const struct unit *u, bool own, bool part, struct str *s)
{
	if (u->file) {
		str_addf(s, " %s", u->file);
		if (!u->master)
			str_addf(s, "%s.leat%s", element(u), part ? ".part" : "");
	}
	if (own && u->makes_products) {
		str_add(s, " ");
		unit_products(u, true, s);
	}
}

/* "step a", or "steps a, b, c": which of a pipeline has failed, its own line has said. */
static void add_title(const struct unit *u, struct str *s)
{
	if (u->what || u->step_count < 2) {
		str_addf(s, "step %s", u->what ? u->what : u->name);
		return;
	}
	for (size_t i = 0; i < u->step_count; i++)
		str_addf(s, "%s%s", i ? ", " : "steps ", u->steps[i]->id);
}

void add_unit_call(const struct unit *u, const char *function, bool own, bool part, struct str *s)
{
	const struct line *l = &u->line[0];

	add_skips(u, s);
	if (u->retry.max) {
		char delay[NUMBER_TEXT], factor[NUMBER_TEXT];

		str_addf(s, "retry %lld %s %s %s ", (long long)u->retry.max,
			format_f64(delay, (double)u->retry.delay_ns / 1e9),
			format_f64(factor, u->retry.factor), u->name);
	}
	str_add(s, function);
	if (!u->optional && !u->goes_on) {
		str_add(s, " || stop \"$?\" \"");
		add_title(u, s);
		str_add(s, ": exit $?\"");
		return;
	}
	str_addf(s, " || %s \"$?\" %s", u->optional ? "leave_out" : "go_on", u->name);
	add_made(u, own, part, s);
	for (size_t i = 0; u->optional && u->file && i < l->reads; i++)
		str_addf(s, " %s%s.leat", l->read[i], l->gathers ? ".*" : element(u));
}

/* Whether some word is, or hangs on, an input: a piece of this kind, or (kind -1) anything. */
static bool word_names(const struct word *w, const char *input, int kind)
{
	for (size_t i = 0; i < w->pieces; i++) {
		const struct piece *p = &w->piece[i];
		bool is_input =
			p->kind == PIECE_LIST || p->kind == PIECE_PART || p->kind == PIECE_PATH;

		if (is_input && (kind < 0 || (int)p->kind == kind) && !strcmp(p->text, input))
			return true;
	}
	for (size_t i = 0; kind < 0 && i < w->given.n; i++)
		if (!strcmp(w->given.v[i], input))
			return true;
	for (size_t i = 0; kind < 0 && i < w->lacking.n; i++)
		if (!strcmp(w->lacking.v[i], input))
			return true;
	return false;
}

bool unit_names(const struct unit *u, const char *input, int kind)
{
	for (size_t l = 0; l < u->lines; l++)
		for (size_t k = 0; k < u->line[l].stages; k++)
			for (size_t i = 0; i < u->line[l].stage[k].words; i++)
				if (word_names(&u->line[l].stage[k].word[i], input, kind))
					return true;
	return false;
}

void add_unit_paths(const struct plan *plan, const struct unit *u, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++) {
		const char *name = plan->input[i].spec.name;

		if (unit_names(u, name, PIECE_PATH))
			str_addf(s, "\tIFS= read -r -d '' path_%s <%s.list || true\n", name, name);
	}
}
