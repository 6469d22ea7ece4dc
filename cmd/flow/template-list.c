/* SPDX-License-Identifier: ISC */
/*
 * template-list: the templates there are, the shipped ones and those in the user's folder. Out: a
 * line for each, its name for template-compile, a tab, and what it says of itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "flow/library.h"
#include "flow/yaml.h"
#include "stream/filter.h"

struct options {
	bool json;
};

static const struct option options[] = {
	{0, "json", OPT_FLAG, offsetof(struct options, json), "", NULL, 0, 0, NULL, 0,
		"one JSON object a template and line"},
	OPTIONS_END,
};

/* The text of a key, "" if it has none. */
static const char *said(const struct node *tree, const char *key)
{
	const struct node *node = node_get(tree, key, NULL);

	return node && node->text ? node->text : "";
}

static void add_template(
	const struct options *o, const char *name, const char *path, bool shipped, struct str *out)
{
	struct problems problems = {0};
	struct error e;
	size_t n;
	char *text = file_read(path, YAML_BYTES_MAX, &n, &e);
	struct node *tree = text ? yaml_read(path, text, n, &problems) : NULL;

	if (!tree)
		warn("%s: cannot be read as a template: see template-compile --check", path);
	if (o->json) {
		str_add(out, "{\"template\": ");
		str_add_json(out, name);
		str_add(out, ", \"name\": ");
		str_add_json(out, said(tree, "name"));
		str_add(out, ", \"description\": ");
		str_add_json(out, said(tree, "description"));
		str_addf(out, ", \"shipped\": %s, \"file\": ", shipped ? "true" : "false");
		str_add_json(out, path);
		str_add(out, "}\n");
	} else {
		str_add_escaped(out, name);
		str_add(out, "\t");
		str_add_escaped(out, said(tree, "name"));
		str_add(out, *said(tree, "description") ? ": " : "");
		str_add_escaped(out, said(tree, "description"));
		str_add(out, "\n");
	}
	node_free(tree);
	problems_free(&problems);
	free(text);
}

static void run(struct filter *f)
{
	struct library l;
	struct str out = {0};

	library_open(&l);
	for (int folder = 0; folder < 2; folder++) {
		size_t count;
		char **name = library_names(&l, folder, &count);

		for (size_t i = 0; i < count; i++) {
			char *path = library_find(&l, name[i], false);
			bool hidden = folder == 1 && path && l.folder[0] &&
				      starts_with(path, l.folder[0]);

			if (path &&
				!hidden) /* the user's own of that name is the one that is used */
				add_template(f->options, name[i], path, folder == 1, &out);
			free(path);
			free(name[i]);
		}
		free(name);
	}
	if (out.len && write_whole(STDOUT_FILENO, out.p, out.len))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
	str_free(&out);
	library_close(&l);
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
