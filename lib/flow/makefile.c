/* SPDX-License-Identifier: ISC */
/*
 * A Makefile of two stages, as file names from outside cannot be make's targets: the first lists
 * the inputs in the work folder, whatever they are called, and goes there; in the second all
 * targets have names of ours, a stamp UNIT.done for each unit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "flow/script.h"

#define EXPORT_MAX 60000 /* bytes of one variable of the environment */

/* Text for make: what it would expand is doubled. */
static void add_made_plain(struct str *s, const char *text)
{
	for (; *text; text++) {
		if (*text == '$')
			str_add(s, "$");
		str_add_bytes(s, text, 1);
	}
}

/* A word of the shell within a recipe, or a define. */
static void add_make_word(struct str *s, const char *text)
{
	struct str word = {0};

	str_add_shell(&word, text);
	add_made_plain(s, word.p);
	str_free(&word);
}

static void add_head(const struct plan *plan, const struct script_options *o, struct str *s)
{
	struct str path = {0};

	add_head_comment(plan, "make -f MAKEFILE [OUT=DIR] [NAME='PATH ...'] [-j N] [clean]",
		"What is made between inputs and products stays in the work folder, for the next\n"
		"# time, until make clean.",
		s);
	str_add(s, "SHELL := /bin/bash\n"
		   ".SHELLFLAGS := -euo pipefail -c\n"
		   ".ONESHELL:\n"
		   ".SUFFIXES:\n"
		   ".PHONY: all clean\n"
		   "MAKEFLAGS += --no-builtin-rules --no-print-directory\n"
		   "export LC_ALL := C\n\n");
	str_add(s, "# The commands of leat, and what they have in common here.\n"
		   "define PRELUDE\n");
	add_search_path(o, "make", &path);
	add_made_plain(s, path.p);
	str_free(&path);
	str_add(s, "me=make\nname=");
	add_make_word(s, plan->name);
	str_add(s, "\nstem=");
	add_make_word(s, plan->name);
	str_add(s, "\n");
}

/* Lines of the shell behind an indent. Comments are for the script: here they would go through the
 * shell each time. */
static void add_lines(const char *text, const char *indent, struct str *s)
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		struct str one = {0};

		end = line + strcspn(line, "\n");
		if (*line == '#' || end == line)
			continue;
		str_add_bytes(&one, line, (size_t)(end - line));
		str_add(s, indent);
		add_made_plain(s, one.p);
		str_add(s, "\n");
		str_free(&one);
	}
}

static void add_functions(const char *functions, const char *const *names, struct str *s)
{
	struct str text = {0};

	str_add(&text, "");
	for (; *names; names++)
		add_function(functions, *names, &text);
	add_lines(text.p, "", s);
	str_free(&text);
}

static void add_piece(struct str *piece, size_t *pieces, struct str *s)
{
	if (piece->len == 0)
		return;
	++*pieces;
	str_addf(s, "define given_%zu\n%sendef\nexport given_%zu\n\n", *pieces, piece->p, *pieces);
	str_clear(piece);
}

/* The paths that template-compile was given, in variables that the environment can hold. */
static size_t add_given(const struct plan *plan, struct str *s)
{
	struct str piece = {0};
	size_t pieces = 0;

	for (size_t i = 0; i < plan->inputs; i++)
		for (size_t k = 0; k < plan->input[i].values; k++) {
			str_addf(&piece, "given_%s+=(", plan->input[i].spec.name);
			add_make_word(&piece, plan->input[i].value[k]);
			str_add(&piece, ")\n");
			if (piece.len >= EXPORT_MAX)
				add_piece(&piece, &pieces, s);
		}
	add_piece(&piece, &pieces, s);
	str_free(&piece);
	return pieces;
}

static void add_folder(const struct script_options *o, struct str *s)
{
	str_add(s, "\tstart=$$PWD\n\tout=");
	add_make_word(s, o->out);
	str_add(s, "\n\t$(if $(filter command,$(firstword $(origin OUT))),out=$$OUT)\n"
		   "\t[[ $$out == /* ]] || out=$$PWD/$$out\n"
		   "\twork=$$out/.leat-make-$$name\n");
}

/* Paths of make's command line, split at blanks as make has it, else those compiled in. */
static void add_inputs(const struct plan *plan, size_t pieces, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++)
		str_addf(s, "\tgiven_%s=()\n", plan->input[i].spec.name);
	for (size_t i = 1; i <= pieces; i++)
		str_addf(s, "\teval \"$$given_%zu\"\n\tunset given_%zu\n", i, i);
	for (size_t i = 0; i < plan->inputs; i++) {
		const struct plan_input *in = &plan->input[i];
		const char *name = in->spec.name;

		str_addf(s,
			"\tin_%s=(\"$${given_%s[@]}\")\n"
			"\t$(if $(filter command,$(firstword $(origin %s))),in_%s=($$arg_%s))\n",
			name, name, name, name, name);
		if (in->needed_by)
			str_addf(s,
				"\t(($${#in_%s[@]})) || stop 66 'input %s: missing: step %s needs "
				"it: give %s=PATH'\n",
				name, name, in->needed_by->id, name);
	}
}

static void add_first(const struct plan *plan, const struct script_options *o, struct str *s)
{
	static const char *const names[] = {"stop", "list", "path", "stem", "split", "renew", NULL};
	struct str lines = {0};
	size_t pieces;

	str_add(s, "define LISTING\n");
	add_functions(o->functions, names, s);
	str_add(s, "endef\n\n");
	pieces = add_given(plan, s);
	str_add(s, "export LEAT_MAKEFILE := $(MAKEFILE_LIST)\n\nall:\n");
	/* What make was given is in the environment, until a variable of ours is called alike. */
	str_add(s, "\t+@:\n");
	for (size_t i = 0; i < plan->inputs; i++)
		str_addf(s, "\t$(if $(filter command,$(firstword $(origin %s))),arg_%s=$$%s)\n",
			plan->input[i].spec.name, plan->input[i].spec.name,
			plan->input[i].spec.name);
	str_add(s, "\t$(PRELUDE)\n\t$(LISTING)\n");
	add_folder(o, s);
	add_inputs(plan, pieces, s);
	str_add(s, "\tmkdir -p -- \"$$work/new\" || stop 73 \"output folder $${out@Q}: not "
		   "writable\"\n"
		   "\texec 9>\"$$work/lock\"\n"
		   "\tflock -n 9 || stop 75 \"output folder $${out@Q}: another make is at work\"\n"
		   "\t[[ $$LEAT_MAKEFILE != ' '* ]] || LEAT_MAKEFILE=$${LEAT_MAKEFILE:1}\n"
		   "\t[[ $$LEAT_MAKEFILE == /* ]] || LEAT_MAKEFILE=$$PWD/$$LEAT_MAKEFILE\n"
		   "\tcd -- \"$$work/new\"\n"
		   "\trm -f -- *\n"
		   "\tcksum <\"$$LEAT_MAKEFILE\" >rules\n");
	str_add(&lines, "");
	add_listing(plan, &lines);
	add_scatters(plan, &lines, false);
	add_lines(lines.p, "\t", s);
	str_add(s, "\tprintf '%s' \"$$stem\" >stem\n\trenew\n\tcd ..\n"
		   "\texec $(MAKE) -f \"$$LEAT_MAKEFILE\" LEAT_OUT=\"$${out//\\$$/\\$$\\$$}\"\n\n"
		   "clean:\n\t@$(PRELUDE)\n");
	add_folder(o, s);
	str_add(s, "\trm -rf -- \"$$work\"\n");
	str_free(&lines);
}

/* The stamp of a unit; of one that is scattered, with % for its element. */
static void add_target(const struct unit *u, struct str *s)
{
	str_addf(s, "%s%s.done", u->name, u->scatter ? ".%" : "");
}

/* The stamps of all elements. */
static void add_targets(const struct unit *u, struct str *s)
{
	if (u->scatter)
		str_addf(s, "$(LABELS_%s:%%=", u->scatter_list);
	add_target(u, s);
	str_add(s, u->scatter ? ")" : "");
}

/* Lists that a unit's words name. */
static void add_list_needs(const struct plan *plan, const struct unit *u, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++) {
		const char *name = plan->input[i].spec.name;

		if (unit_names(u, name, PIECE_PART))
			str_addf(s, " %s.%%.list", name);
		else if (unit_names(u, name, -1) || (u->given && !strcmp(u->given, name)))
			str_addf(s, " %s.list", name);
	}
}

static void add_rule(const struct plan *plan, const struct unit *u, struct str *s)
{
	struct str products = {0}, body = {0}, file = {0}, comments = {0}, call = {0};
	const char *label = u->scatter ? ".\"$$label\"" : "";

	unit_products(u, true, &products);
	add_unit_body(u, true, u->file != NULL && !u->master, &body);
	add_unit_comments(u, &comments);
	if (u->file)
		str_addf(
			&file, "%s%s%s", u->file, u->master ? "" : label, u->master ? "" : ".leat");
	add_made_plain(s, comments.p ? comments.p : "");
	if (u->scatter) {
		add_targets(u, s);
		str_add(s, ": ");
	}
	add_target(u, s);
	str_add(s, ": rules");
	add_list_needs(plan, u, s);
	for (size_t i = 0; i < u->need_count; i++) {
		const struct unit *other = &plan->unit[u->needs[i]];

		str_add(s, " ");
		if (other->scatter && !u->scatter) {
			str_addf(s, "%s.labels ", other->scatter_list);
			add_targets(other, s);
		} else {
			add_target(other, s);
		}
	}
	str_add(s, u->makes_products ? " stem" : "");
	str_add(s, "\n\t@$(PRELUDE)\n\t$(RUNNING)\n");
	if (u->scatter)
		str_addf(s, "\tlabel='$*'\n\tstem=$$(<%s.\"$$label\".stem)\n", u->scatter_list);
	else
		str_add(s, "\tstem=$$(<stem)\n");
	add_unit_paths(plan, u, s);
	if (products.p) {
		str_add(s, "\trm -rf -- ");
		add_made_plain(s, products.p);
		str_add(s, "\n\tmkdir ");
		add_made_plain(s, products.p);
		str_add(s, "\n");
	}
	str_add(s, "\trun() {\n");
	add_made_plain(s, body.p ? body.p : "");
	str_add(s, "\t}\n\t");
	add_unit_call(u, "run", true, u->file && !u->master, &call);
	add_made_plain(s, call.p);
	if (file.p && !u->master)
		str_addf(s, "\n\trm -f %s\n\t[[ ! -e %s.part ]] || mv %s.part %s", file.p, file.p,
			file.p, file.p);
	str_add(s, "\n\ttouch $@\n\n");
	str_free(&products);
	str_free(&body);
	str_free(&file);
	str_free(&comments);
	str_free(&call);
}

void makefile_write(const struct plan *plan, const struct script_options *o, struct str *s)
{
	static const char *const running[] = {
		"stop", "warn", "verdict", "retry", "leave_out", "go_on", "fan_out", NULL};
	static const char *const ending[] = {"keep", "once", "gather", "place", NULL};

	add_head(plan, o, s);
	str_add(s, "endef\n\nifndef LEAT_OUT\n\n");
	add_first(plan, o, s);
	str_add(s, "\nelse\n\nall: published\n\n");
	str_add(s, "define RUNNING\n");
	add_functions(o->functions, running, s);
	str_add(s, "endef\n\ndefine ENDING\n");
	add_functions(o->functions, ending, s);
	str_add(s, "endef\n\n");
	for (size_t i = 0; i < plan->units; i++) {
		const struct unit *u = &plan->unit[i];

		if (!first_to_scatter(plan, u))
			continue;
		str_addf(s, "LABELS_%s := $(shell cat %s.labels)\n\n", u->scatter_list,
			u->scatter_list);
	}
	for (size_t i = 0; i < plan->units; i++)
		add_rule(plan, &plan->unit[i], s);
	str_add(s, "# All that was made gets its name in the output folder.\npublished: rules");
	for (size_t i = 0; i < plan->units; i++) {
		str_add(s, " ");
		add_targets(&plan->unit[i], s);
	}
	str_add(s,
		"\n\t@$(PRELUDE)\n\t$(RUNNING)\n\t$(ENDING)\n\tout=$$LEAT_OUT\n\tplace\n\nendif\n");
}
