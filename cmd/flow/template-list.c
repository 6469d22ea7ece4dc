/* SPDX-License-Identifier: ISC */
/*
 * template-list: the templates there are, the shipped ones and those in the user's folder. Out: a
 * line for each, its name for template-compile, a tab, and what it says of itself.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/plan.h"
#include "stream/filter.h"

struct options {
	bool json;
	const char *takes;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "for", OPT_TEXT, AT(takes), "", NULL, 0, 0, "capture|list|file|folder|NAME|EXTENSION",
		0, "only those with an input of this type, name or extension"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0,
		"one JSON object a template and line"},
	OPTIONS_END,
};

struct listing {
	const struct options *options;
	struct library library;
	struct describer *describer;
	struct backend_set *set;
	struct str text;
};

static bool takes(const struct input_spec *in, const char *what)
{
	if (!strcmp(in->name, what) || !strcmp(input_types[in->type], what))
		return true;
	for (size_t i = 0; i < in->ext.n; i++)
		if (!strcasecmp(in->ext.v[i], what))
			return true;
	return false;
}

static void add_line(const struct template *t, const char *name, bool built, struct str *s)
{
	str_add_escaped(s, name);
	str_add(s, "\t");
	str_add_escaped(s, t->name);
	str_add(s, *t->description ? ": " : "");
	str_add_escaped(s, t->description);
	str_add(s, built ? "\n" : " (not built yet)\n");
}

static void add_json(
	const struct plan *plan, const char *name, bool shipped, bool built, struct str *s)
{
	const struct template *t = plan->template;

	str_add(s, "{\"template\": ");
	str_add_json(s, name);
	str_add(s, ", \"name\": ");
	str_add_json(s, t->name);
	str_add(s, ", \"description\": ");
	str_add_json(s, t->description);
	str_addf(s, ", \"shipped\": %s, \"built\": %s, \"file\": ", shipped ? "true" : "false",
		built ? "true" : "false");
	str_add_json(s, t->file);
	str_add(s, ", \"inputs\": [");
	for (size_t i = 0; i < plan->inputs; i++) {
		str_add(s, i ? ", {\"name\": " : "{\"name\": ");
		str_add_json(s, plan->input[i].spec.name);
		str_addf(s, ", \"type\": \"%s\"}", input_types[plan->input[i].spec.type]);
	}
	str_add(s, "]}\n");
}

static void add_template(struct listing *l, const char *name, const char *path, bool shipped)
{
	struct template_options how = {.find = library_template, .find_arg = &l->library};
	struct plan_options as = {
		.find = library_backend, .find_arg = &l->library, .describer = l->describer};
	struct problems problems = {0};
	bool wanted = !l->options->takes, built;
	struct template t;
	struct plan plan;
	struct error e;
	char *text;
	size_t n;

	text = file_read(path, YAML_BYTES_MAX, &n, &e);
	if (!text) {
		if (e.code == EXIT_IO)
			die_with(&e);
		warn("%s", e.text);
		return;
	}
	template_read(&t, path, text, n, &how, &problems);
	plan_make(&plan, &t, &as, &l->set, &problems);
	if (problems.code == EXIT_DATA)
		warn("%s: is wrong: see template-compile --check", path);
	built = problems.code != EXIT_UNAVAILABLE;
	for (size_t i = 0; i < plan.inputs && !wanted; i++)
		wanted = takes(&plan.input[i].spec, l->options->takes);
	if (wanted && l->options->json)
		add_json(&plan, name, shipped, built, &l->text);
	else if (wanted)
		add_line(&t, name, built, &l->text);
	plan_free(&plan);
	template_free(&t);
	problems_free(&problems);
	free(text);
}

/* Of two of one name the user's own is the one that is used. */
static bool is_hidden(const struct listing *l, const char *path, int folder)
{
	return folder == 1 && l->library.folder[0] && starts_with(path, l->library.folder[0]);
}

static void run(struct filter *f)
{
	struct listing l = {.options = f->options};

	library_open(&l.library);
	l.describer = describer_new(l.library.commands);
	for (int folder = 0; folder < 2; folder++) {
		size_t count;
		char **name = library_names(&l.library, folder, &count);

		for (size_t i = 0; i < count; i++) {
			char *path = library_find(&l.library, name[i], false);

			if (path && !is_hidden(&l, path, folder))
				add_template(&l, name[i], path, folder == 1);
			free(path);
			free(name[i]);
		}
		free(name);
	}
	print_text(&l.text);
	str_free(&l.text);
	describer_free(l.describer);
	backend_set_free(l.set);
	library_close(&l.library);
}

static const struct command command = {
	.name = "template-list",
	.summary = "list the templates there are",
	.operands = "",
	.example = "",
	.role = ROLE_TOOL,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
