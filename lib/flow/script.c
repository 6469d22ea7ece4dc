/* SPDX-License-Identifier: ISC */
#include "flow/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void add_comment_text(struct str *s, const char *text)
{
	size_t length;

	for (size_t n = strlen(text); n > 0; text += length, n -= length) {
		length = printable_length(text, n);
		str_add_bytes(s, length ? text : " ", length ? length : 1);
		length = length ? length : 1;
	}
}

static const char *file_of_step(const struct step *s)
{
	return base_name(s->mark.file);
}

void add_unit_comments(const struct unit *u, struct str *s)
{
	if (u->what) {
		str_add(s, "# Step ");
		add_comment_text(s, u->what);
		str_add(s, ".\n");
	}
	for (size_t i = 0; i < u->step_count; i++) {
		str_addf(s, "# Step %zu, ", u->steps[i]->number);
		add_comment_text(s, file_of_step(u->steps[i]));
		str_addf(s, ":%zu: ", u->steps[i]->mark.line);
		add_comment_text(s, u->steps[i]->id);
		str_add(s, strcmp(u->steps[i]->id, u->steps[i]->operation) ? ", " : "");
		if (strcmp(u->steps[i]->id, u->steps[i]->operation))
			add_comment_text(s, u->steps[i]->operation);
		str_add(s, ".\n");
	}
}

void unit_products(const struct unit *u, bool own, struct str *s)
{
	if (!u->makes_products)
		return;
	if (!own) {
		str_add(s, "products");
		return;
	}
	str_add(s, u->name);
	str_add(s, u->scatter ? ".\"$label\".products" : ".products");
}

void add_function(const char *functions, const char *name, struct str *s)
{
	struct str mark = {0};
	const char *at, *end;

	str_addf(&mark, "\n#: %s\n", name);
	at = strstr(functions, mark.p);
	if (at) {
		at += mark.len;
		end = strstr(at, "\n#: ");
		str_add_bytes(s, at, end ? (size_t)(end - at) + 1 : strlen(at));
	}
	str_free(&mark);
}

static void add_input_usage(const struct plan_input *in, struct str *s)
{
	static const char *const what[] = {
		"a file", "a folder", "files, or folders of them", "a DigitalRF capture"};

	str_addf(s, "%s=PATH", in->spec.name);
	for (size_t n = strlen(in->spec.name); n < 10; n++)
		str_add(s, " ");
	str_addf(s, "  %s", what[in->spec.type]);
	for (size_t i = 0; i < in->spec.ext.n; i++)
		str_addf(s, "%s.%s", i ? " " : " (", in->spec.ext.v[i]);
	str_add(s, in->spec.ext.n ? ")" : "");
	if (in->spec.type == INPUT_LIST && in->spec.min > 1)
		str_addf(s, ", at least %lld", (long long)in->spec.min);
	str_add(s, in->needed_by ? "" : ", optional");
}

void add_head_comment(const struct plan *plan, const char *usage, const char *remark, struct str *s)
{
	const struct template *t = plan->template;

	str_add(s, "# ");
	add_comment_text(s, t->name);
	if (*t->description) {
		str_add(s, "\n# ");
		add_comment_text(s, t->description);
	}
	str_addf(s, "\n#\n# usage: %s\n", usage);
	for (size_t i = 0; i < plan->inputs; i++) {
		str_add(s, "#   ");
		add_input_usage(&plan->input[i], s);
		str_add(s, "\n");
	}
	str_addf(s, "# %s Made by leat %s from ", remark, LEAT_VERSION);
	add_comment_text(s, base_name(t->file));
	str_addf(s, " (CRC32C %08x).\n\n", t->crc);
}

void add_search_path(const struct script_options *o, const char *who, struct str *s)
{
	if (o->leat_folder) {
		str_add(s, "PATH=$PATH:");
		str_add_shell(s, o->leat_folder);
		str_add(s, "\n");
	}
	str_addf(s,
		"bin=$(leat --exec-path) || {\n"
		"\techo \"%s: leat: not found: put the folder it is in on PATH\" >&2\n"
		"\texit 69\n"
		"}\n"
		"PATH=$bin:$bin/backend:$PATH\n",
		who);
}

static void add_head(const struct plan *plan, const struct script_options *o, struct str *s)
{
	str_add(s, "#!/bin/bash\n");
	add_head_comment(plan, "SCRIPT [--out DIR] [NAME=PATH ...]",
		"A NAME that is repeated makes a list.", s);
	str_add(s, "set -euo pipefail\nexport LC_ALL=C\n");
	add_search_path(o, "${0##*/}", s);
	str_addf(s, "\nme=${0##*/}\nname='%s'\nstart=$PWD\nout=", plan->name);
	str_add_shell(s, o->out);
	str_addf(s, "\nstem='%s'\n", plan->name);
}

static void add_values(const struct plan_input *in, struct str *s)
{
	str_addf(s, "in_%s=(", in->spec.name);
	for (size_t i = 0; i < in->values; i++) {
		str_add(s, in->values > 1 ? "\n\t" : "");
		str_add_shell(s, in->value[i]);
	}
	str_add(s, in->values > 1 ? "\n)\n" : ")\n");
}

/* A value of the command line; the first replaces those that were compiled in. */
static void add_take(const char *name, const char *value, struct str *s)
{
	str_addf(s,
		"\t\t[[ -n ${given_%s-} ]] || in_%s=()\n"
		"\t\tgiven_%s=1\n"
		"\t\tin_%s+=(\"%s\")\n"
		"\t\t;;\n",
		name, name, name, name, value);
}

static void add_arguments(const struct plan *plan, struct str *s)
{
	str_add(s, "while (($#)); do\n"
		   "\tcase $1 in\n"
		   "\t-h | --help)\n"
		   "\t\tsed -n '2,/^$/s/^# \\{0,1\\}//p' \"$0\"\n"
		   "\t\texit\n"
		   "\t\t;;\n"
		   "\t--out)\n"
		   "\t\t(($# > 1)) || stop 64 \"--out: needs a folder\"\n"
		   "\t\tout=$2\n"
		   "\t\tshift\n"
		   "\t\t;;\n"
		   "\t--out=*) out=${1#*=} ;;\n");
	for (size_t i = 0; i < plan->inputs; i++) {
		const char *name = plan->input[i].spec.name;

		str_addf(s, "\t%s=*)\n", name);
		add_take(name, "${1#*=}", s);
	}
	if (plan->inputs == 1 && plan->input[0].spec.type == INPUT_LIST) {
		const char *name = plan->input[0].spec.name;

		/* What a wildcard gives. */
		str_addf(s,
			"\t*)\n"
			"\t\t[[ $1 != -* && -e $1 ]] || stop 64 \"${1@Q}: must be --out DIR, "
			"%s=PATH, or files that are there\"\n",
			name);
		add_take(name, "$1", s);
		str_add(s, "\tesac\n\tshift\ndone\n");
		return;
	}
	str_add(s, "\t*) stop 64 \"${1@Q}: must be --out DIR");
	for (size_t i = 0; i < plan->inputs; i++)
		str_addf(s, "%s%s=PATH", i ? ", " : " or ", plan->input[i].spec.name);
	str_add(s, "\" ;;\n\tesac\n\tshift\ndone\n");
}

/* An input that some step needs must be given. */
static void add_needs(const struct plan *plan, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++) {
		const struct plan_input *in = &plan->input[i];
		struct str why = {0};

		if (!in->needed_by)
			continue;
		str_addf(&why, "input %s: missing: step %s (", in->spec.name, in->needed_by->id);
		add_comment_text(&why, file_of_step(in->needed_by));
		str_addf(&why, ":%zu) needs it", in->needed_by->mark.line);
		if (in->param)
			str_addf(&why, " for its %s", in->param);
		str_addf(&why, ": give %s=PATH", in->spec.name);
		str_addf(s, "((${#in_%s[@]})) || stop 66 ", in->spec.name);
		str_add_shell(s, why.p);
		str_add(s, "\n");
		str_free(&why);
	}
}

static void add_stem_lists(const struct plan *plan, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++)
		str_addf(s, " %s.list", plan->input[i].spec.name);
}

void add_listing(const struct plan *plan, struct str *s)
{
	for (size_t i = 0; i < plan->inputs; i++) {
		const struct plan_input *in = &plan->input[i];

		if (in->spec.type == INPUT_LIST) {
			str_addf(s, "list %s %lld '", in->spec.name, (long long)in->spec.min);
			for (size_t k = 0; k < in->spec.ext.n; k++) {
				str_add(s, k ? " " : "");
				for (const char *c = in->spec.ext.v[k]; *c; c++)
					str_addf(s, "%c", *c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
			}
			str_addf(s, "' \"${in_%s[@]}\"\n", in->spec.name);
		} else {
			str_addf(s, "path %s -%c \"${in_%s[@]}\"\n", in->spec.name,
				in->spec.type == INPUT_FILE ? 'f' : 'd', in->spec.name);
		}
	}
	if (plan->inputs) {
		str_add(s, "stem");
		add_stem_lists(plan, s);
		str_add(s, "\n");
	}
}

/* Names that are known before anything runs are looked at before anything runs. */
static void add_keep(const struct plan *plan, struct str *s)
{
	bool any = false;

	for (size_t i = 0; i < plan->products; i++) {
		const char *p = plan->product[i].pattern, *stem = strstr(p, "{stem}");

		if (plan->job[plan->product[i].job].step->scatter ||
			strchr(stem ? stem + 1 : p, '{') || (stem && strchr(p, '{') != stem))
			continue;
		str_add(s, any ? " " : "keep ");
		any = true;
		if (stem && stem != p) {
			struct str head = {0};

			str_add_bytes(&head, p, (size_t)(stem - p));
			str_add_shell(s, head.p);
			str_free(&head);
		}
		str_add(s, stem ? "\"$stem\"" : "");
		p = stem ? stem + strlen("{stem}") : p;
		if (*p)
			str_add_shell(s, p);
	}
	str_add(s, any ? "\n" : "");
}

static bool own_products(const struct unit *u)
{
	return u->makes_products && (u->optional || u->goes_on || u->retry.max || u->scatter);
}

static void add_call(const struct unit *u, const char *indent, struct str *s)
{
	struct str function = {0};

	if (own_products(u)) {
		str_addf(s, "%smkdir ", indent);
		unit_products(u, true, s);
		str_add(s, "\n");
	}
	str_addf(&function, "run_%s", u->name);
	str_add(s, indent);
	add_unit_call(u, function.p, own_products(u), false, s);
	str_add(s, "\n");
	str_free(&function);
}

/* Elements are called by their own stems; then the stem is that of all again. */
static void add_calls(const struct plan *plan, struct str *s)
{
	for (size_t i = 0; i < plan->units; i++) {
		const struct unit *u = &plan->unit[i];

		if (!u->scatter) {
			add_call(u, "", s);
			continue;
		}
		str_addf(s,
			"stem_of_all=$stem\n"
			"for label in \"${labels_%s[@]}\"; do\n"
			"\tstem=$(<%s.\"$label\".stem)\n",
			u->scatter_list, u->scatter_list);
		add_call(u, "\t", s);
		str_add(s, "done\nstem=$stem_of_all\n");
	}
}

struct uses {
	bool retry, optional, goes_on, list, path, scatter, warns, stem, fans;
};

static struct uses uses_of(const struct plan *plan)
{
	struct uses u = {0};

	for (size_t i = 0; i < plan->units; i++) {
		u.retry = u.retry || plan->unit[i].retry.max;
		u.optional = u.optional || plan->unit[i].optional;
		u.goes_on = u.goes_on || plan->unit[i].goes_on;
		u.scatter = u.scatter || plan->unit[i].scatter;
		u.fans = u.fans || plan->unit[i].lines > 1;
	}
	for (size_t i = 0; i < plan->inputs; i++) {
		u.list = u.list || plan->input[i].spec.type == INPUT_LIST;
		u.path = u.path || plan->input[i].spec.type != INPUT_LIST;
	}
	u.warns = u.retry || u.optional || u.goes_on;
	u.stem = plan->inputs > 0;
	return u;
}

static void add_functions(const struct plan *plan, const char *functions, struct str *s)
{
	struct uses u = uses_of(plan);
	const struct {
		const char *name;
		bool used;
	} all[] = {{"stop", true}, {"warn", u.warns}, {"verdict", true}, {"retry", u.retry},
		{"leave_out", u.optional}, {"go_on", u.goes_on}, {"fan_out", u.fans},
		{"list", u.list}, {"path", u.path}, {"stem", u.stem}, {"split", u.scatter},
		{"begin", true}, {"keep", true}, {"once", true}, {"gather", true},
		{"publish", true}};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (!all[i].used)
			continue;
		add_function(functions, all[i].name, s);
		str_add(s, "\n");
	}
}

bool first_to_scatter(const struct plan *plan, const struct unit *u)
{
	if (!u->scatter)
		return false;
	for (const struct unit *before = plan->unit; before < u; before++)
		if (before->scatter && !strcmp(before->scatter_list, u->scatter_list))
			return false;
	return true;
}

/* Each list that is scattered is split once; in a script its labels are read too. */
void add_scatters(const struct plan *plan, struct str *s, bool labels)
{
	for (size_t i = 0; i < plan->units; i++) {
		const struct unit *u = &plan->unit[i];

		if (!first_to_scatter(plan, u))
			continue;
		if (labels)
			str_addf(s, "split %s %s\nmapfile -t labels_%s <%s.labels\n",
				u->scatter_list, u->scatter, u->scatter_list, u->scatter_list);
		else
			str_addf(s, "split %s %s\n", u->scatter_list, u->scatter);
	}
}

static void add_title(const char *title, struct str *s)
{
	str_addf(s, "# ---- %s\n\n", title);
}

void script_write(const struct plan *plan, const struct script_options *o, struct str *s)
{
	add_head(plan, o, s);
	for (size_t i = 0; i < plan->inputs; i++)
		add_values(&plan->input[i], s);
	str_add(s, "\n");
	add_title("The steps", s);
	for (size_t i = 0; i < plan->units; i++) {
		const struct unit *u = &plan->unit[i];

		add_unit_comments(u, s);
		str_addf(s, "run_%s() {\n", u->name);
		add_unit_paths(plan, u, s);
		add_unit_body(u, own_products(u), false, s);
		str_add(s, "}\n\n");
	}
	add_title("What scripts have in common", s);
	add_functions(plan, o->functions, s);
	add_title("What happens", s);
	add_arguments(plan, s);
	add_needs(plan, s);
	str_add(s, "\nbegin\n");
	add_listing(plan, s);
	add_keep(plan, s);
	add_scatters(plan, s, true);
	add_calls(plan, s);
	str_add(s, "publish\n");
}
