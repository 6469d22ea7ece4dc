/* SPDX-License-Identifier: ISC */
/*
 * template-show: the text of a template, to read it or to begin one's own. In: its name, as
 * template-list gives it. Out: the YAML as it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/library.h"
#include "flow/yaml.h"
#include "stream/filter.h"

struct options {
	bool path;
};

static const struct option options[] = {
	{0, "path", OPT_FLAG, offsetof(struct options, path), "", NULL, 0, 0, NULL, 0,
		"print where it lies instead"},
	OPTIONS_END,
};

static _Noreturn void no_template(const struct library *l, const char *name)
{
	struct str hint = {0};

	str_add(&hint, "");
	library_suggest(l, name, &hint);
	die(EXIT_NOINPUT, "%s: no such template%s", name,
		hint.len ? hint.p : ": see template-list");
}

static void run(struct filter *f)
{
	const struct options *o = f->options;
	const char *name = f->operands[0];
	struct library l;
	struct str out = {0};
	struct error e;
	size_t n;
	char *path, *text;

	library_open(&l);
	path = library_find(&l, name, false);
	if (!path)
		no_template(&l, name);
	if (o->path) {
		str_addf(&out, "%s\n", path);
	} else {
		text = file_read(path, YAML_BYTES_MAX, &n, &e);
		if (!text)
			die_with(&e);
		str_add_bytes(&out, text, n);
		free(text);
	}
	print_text(&out);
	str_free(&out);
	free(path);
	library_close(&l);
}

static const struct command command = {
	.name = "template-show",
	.summary = "show the text of a template",
	.operands = "NAME",
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
