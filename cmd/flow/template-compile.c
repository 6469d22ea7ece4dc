/* SPDX-License-Identifier: ISC */
/*
 * template-compile: a template in YAML becomes a bash script, or a Makefile, that a person can read
 * and keep; what cannot work is refused before anything runs, each fault with its place. In: the
 * file, or the name of a shipped template. Out: the script, on standard output or in a file. The
 * work is done in lib/flow: template.h reads, plan.h decides, script.h and graph.h write.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/outfile.h"
#include "flow/graph.h"
#include "flow/library.h"
#include "flow/script.h"
#include "stream/filter.h"

struct options {
	struct text_list inputs, sets, params, backends;
	const char *out, *output;
	int target;
	bool check, plan, dot;
};

enum { TARGET_SH, TARGET_MAKE };

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "input", OPT_LIST, AT(inputs), "", NULL, 0, 0, "NAME=PATH", 0,
		"an input's default; of a list it may be repeated"},
	{0, "set", OPT_LIST, AT(sets), "", NULL, 0, 0, "STEP.PARAM=VALUE", 0,
		"a param of a step, in place of what the template says"},
	{0, "param", OPT_LIST, AT(params), "", NULL, 0, 0, "NAME=VALUE", 0,
		"a param of the template"},
	{0, "backend", OPT_LIST, AT(backends), "", NULL, 0, 0, "NAME=OTHER", 0,
		"use another backend where the template names this one"},
	{0, "out", OPT_TEXT, AT(out), "DIR", ".", 0, 0, NULL, 0,
		"where products go unless the script is told otherwise"},
	{0, "target", OPT_ENUM, AT(target), "", "sh", 0, 0, "sh|make", 0,
		"a bash script or a Makefile"},
	{'o', "output", OPT_TEXT, AT(output), "FILE", NULL, 0, 0, NULL, 0,
		"write this file, whole or not at all"},
	{0, "check", OPT_FLAG, AT(check), "", NULL, 0, 0, NULL, 0, "only say what is wrong"},
	{0, "plan", OPT_FLAG, AT(plan), "", NULL, 0, 0, NULL, 0, "write the plan as JSON"},
	{0, "dot", OPT_FLAG, AT(dot), "", NULL, 0, 0, NULL, 0,
		"write the steps as a graph for Graphviz"},
	OPTIONS_END,
};

/* NAME=VALUE words of an option, and how messages call them. */
static struct given_list split(const struct text_list *list, const char *option)
{
	struct given_list g = {xcalloc(list->n + 1, sizeof(*g.v)), 0};

	for (size_t i = 0; i < list->n; i++) {
		const char *equals = strchr(list->v[i], '=');
		struct str word = {0};

		if (!equals || equals == list->v[i])
			die(EXIT_USAGE, "--%s: '%s': must be %s", option, list->v[i],
				option_find(options, option)->choices);
		str_addf(&word, "--%s %s", option, list->v[i]);
		g.v[g.n++] = (struct given){
			xstrndup(list->v[i], (size_t)(equals - list->v[i])), equals + 1, word.p};
	}
	return g;
}

static void write_result(const struct options *o, const struct str *text)
{
	struct outfile *file;
	mode_t mask = umask(0);

	umask(mask);
	if (!o->output) {
		print_text(text);
		return;
	}
	file = outfile_open(o->output, false);
	outfile_write(file, text->p, text->len);
	if (!o->plan && !o->dot && o->target == TARGET_SH)
		fchmod(outfile_fd(file), 0777 & ~mask);
	outfile_commit(file);
}

/* DIR counts from where the template is compiled, but "." from where the script is called. */
static char *output_folder(const char *out)
{
	char *cwd, *path;

	if (!*out)
		die(EXIT_USAGE, "--out: '': must be a folder");
	if (!strcmp(out, "."))
		return xstrdup(out);
	cwd = working_folder();
	path = absolute_path(out, cwd);
	free(cwd);
	return path;
}

/* The folder of the program leat: bin, two folders up from the commands. */
static char *leat_folder(const struct library *l)
{
	struct str s = {0};
	char *real;

	str_addf(&s, "%s/../../bin", l->commands);
	real = realpath(s.p, NULL);
	str_free(&s);
	return real;
}

static void emit(const struct plan *plan, const struct options *o, const struct library *l)
{
	struct script_options how = {.out = output_folder(o->out), .leat_folder = leat_folder(l)};
	struct str path = {0}, text = {0};
	struct error e;
	size_t n;

	if (o->plan) {
		plan_json(plan, &text);
	} else if (o->dot) {
		plan_dot(plan, &text);
	} else {
		str_addf(&path, "%s/script.bash", l->folder[1]);
		how.functions = file_read(path.p, 1 << 20, &n, &e);
		if (!how.functions)
			die_with(&e);
		(o->target == TARGET_MAKE ? makefile_write : script_write)(plan, &how, &text);
	}
	write_result(o, &text);
	str_free(&text);
	str_free(&path);
}

/* A template must not be lost to what it makes. */
static void refuse_own_input(const char *output, const char *file)
{
	struct stat in, out;

	if (stat(output, &out) == 0 && stat(file, &in) == 0 && in.st_dev == out.st_dev &&
		in.st_ino == out.st_ino)
		die(EXIT_CANTCREATE, "%s: cannot create: is the input itself", output);
}

static _Noreturn void no_template(const struct library *l, const char *name)
{
	struct str hint = {0};

	str_add(&hint, "");
	library_suggest(l, name, &hint);
	die(EXIT_NOINPUT, "%s: no such file, and no template of this name%s", name, hint.p);
}

static void run(struct filter *f)
{
	const struct options *o = f->options;
	struct library l;
	struct problems problems = {0};
	struct backend_set *set = NULL;
	struct template template;
	struct plan plan;
	struct str said = {0};
	struct error e;
	size_t n, names;
	const char *file = f->operands[0];
	char *text, *shipped = access(file, F_OK) && !strchr(file, '/') ? NULL : xstrdup(file);
	struct template_options how = {
		split(&o->params, "param"), split(&o->sets, "set"), library_template, &l};
	struct plan_options as = {.inputs = split(&o->inputs, "input"),
		.backends = split(&o->backends, "backend"),
		.find = library_backend,
		.find_arg = &l};

	if (o->check + o->plan + o->dot > 1)
		die(EXIT_USAGE, "--check, --plan, --dot: give one of them");
	library_open(&l);
	if (!shipped && strcmp(file, "-") && (shipped = library_find(&l, file, false)))
		file = shipped;
	if (!strchr(file, '/') && strcmp(file, "-") && access(file, F_OK))
		no_template(&l, file);
	if (o->output && !o->check) {
		refuse_own_input(o->output, file);
		outfile_check(o->output, false);
	}
	text = file_read(file, YAML_BYTES_MAX, &n, &e);
	if (!text)
		die_with(&e);
	as.backend_names = (const char *const *)library_backends(&l, &names);
	as.backend_name_count = names;
	as.describer = describer_new(l.commands);
	template_read(&template, file, text, n, &how, &problems);
	plan_make(&plan, &template, &as, &set, &problems);
	problems_text(&problems, verbosity() == 0, &said);
	if (said.len && write_whole(STDERR_FILENO, said.p, said.len))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
	if (problems.errors)
		die_silently(problems.code, "the template is wrong");
	if (!o->check)
		emit(&plan, o, &l);
}

static const struct command command = {
	.name = "template-compile",
	.summary = "make a script of a template",
	.operands = "TEMPLATE",
	.operands_min = 1,
	.operands_max = 1,
	.example = "quick-dso",
	.role = ROLE_TOOL,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
