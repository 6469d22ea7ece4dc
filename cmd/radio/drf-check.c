/* SPDX-License-Identifier: ISC */
/*
 * drf-check: what is wrong with a DigitalRF capture: names, properties, attributes, indices, files
 * that are missing, unfinished or cannot be read. Out: text, or one JSON object a channel. Nothing
 * is changed. Decodes in a child process, as drf-read does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/mem.h"
#include "io/drf.h"
#include "io/drf_check.h"
#include "stream/filter.h"

#define DECODE_LIMIT_S 10
#define MEMORY_MAX (UINT64_C(5) << 28)

struct options {
	bool deep, json;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "deep", OPT_FLAG, AT(deep), "", NULL, 0, 0, NULL, 0,
		"read all samples, so that checksums are verified"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0,
		"one JSON object a channel and line"},
	OPTIONS_END,
};

struct state {
	struct child *child;
	bool json;
	struct str text;     /* of all channels */
	struct str problems; /* of the one at hand */
	int64_t found;
};

static void on_decoding(void *arg, const char *file)
{
	child_busy(((struct state *)arg)->child, file);
}

static void on_problem(void *arg, const char *file, const char *what)
{
	struct state *s = arg;
	struct str *out = &s->problems;

	s->found++;
	if (s->json) {
		str_add(out, out->len ? ",{\"file\":" : "{\"file\":");
		str_add_json(out, file);
		str_add(out, ",\"what\":");
		str_add_json(out, what);
		str_add(out, "}");
		return;
	}
	str_add(out, "  problem   ");
	str_add_escaped(out, file);
	str_add(out, ": ");
	str_add_escaped(out, what);
	str_add(out, "\n");
}

static void print_channel(struct state *s, const struct drf_check *c, const char *name)
{
	struct str *out = &s->text;

	str_add(out, "channel ");
	str_add_escaped(out, name);
	str_addf(out, "\n  files     %lld, %lld samples in %lld blocks%s\n", (long long)c->files,
		(long long)c->samples, (long long)c->blocks, c->deep ? ", all read" : "");
	str_addf(out, "  metadata  %lld files\n", (long long)c->metadata_files);
	if (s->problems.len)
		str_add(out, s->problems.p);
	else
		str_add(out, "  no problem\n");
}

static void print_json(struct state *s, const struct drf_check *c, const char *name)
{
	struct str *out = &s->text;

	str_add(out, "{\"channel\":");
	str_add_json(out, name);
	str_addf(out,
		",\"files\":%lld,\"samples\":%lld,\"blocks\":%lld,\"metadata_files\":%lld,"
		"\"deep\":%s,\"problems\":[%s]}\n",
		(long long)c->files, (long long)c->samples, (long long)c->blocks,
		(long long)c->metadata_files, c->deep ? "true" : "false",
		s->problems.len ? s->problems.p : "");
}

static void check(struct state *s, const char *folder, const char *name, bool deep)
{
	struct drf_check c = {
		.deep = deep, .arg = s, .decoding = on_decoding, .problem = on_problem};
	struct error e;

	str_clear(&s->problems);
	if (drf_check_channel(&c, folder, name, &e))
		die_with(&e);
	if (s->json)
		print_json(s, &c, name);
	else
		print_channel(s, &c, name);
}

static void check_named(struct filter *f, struct state *s, bool deep)
{
	for (int i = 1; i < f->operand_count; i++) {
		struct str folder = {0};

		if (!*f->operands[i] || *f->operands[i] == '.' || strchr(f->operands[i], '/'))
			die(EXIT_USAGE,
				"%s: not the name of a channel: must be a folder's name "
				"without /",
				f->operands[i]);
		str_addf(&folder, "%s/%s", f->operands[0], f->operands[i]);
		check(s, folder.p, f->operands[i], deep);
		str_free(&folder);
	}
}

/* TOP may be a channel itself; one without any is 65, one that is not there 66. */
static void check_all(struct filter *f, struct state *s, bool deep)
{
	const char *top = f->operands[0];
	struct drf_names names;
	struct stat st;
	struct error e;

	if (stat(top, &st))
		die(EXIT_NOINPUT, "%s: %s", top, strerror(errno));
	on_decoding(s, top);
	if (drf_list(top, &names, &e))
		die(S_ISDIR(st.st_mode) ? EXIT_DATA : EXIT_NOINPUT, "%s", e.text);
	on_decoding(s, NULL);
	for (size_t i = 0; i < names.n; i++) {
		bool itself = names.n == 1 && !strcmp(names.v[i], base_name(top));
		struct str folder = {0};

		str_addf(&folder, "%s/%s", top, names.v[i]);
		check(s, itself && stat(folder.p, &st) ? top : folder.p, names.v[i], deep);
		str_free(&folder);
	}
	drf_names_free(&names);
}

static void run(struct filter *f)
{
	const struct options *o = f->options;
	struct state s = {.json = o->json};

	f->operands[0] = drf_top(f->operands[0]);
	f->sandbox = (struct sandbox){.read_paths = (const char *const *)f->operands,
		.read_count = 1,
		.memory = MEMORY_MAX};
	s.child = child_start(DECODE_LIMIT_S);
	harden(&f->sandbox);
	if (f->operand_count > 1)
		check_named(f, &s, o->deep);
	else
		check_all(f, &s, o->deep);
	print_text(&s.text);
	str_free(&s.text);
	str_free(&s.problems);
	if (s.found)
		die(EXIT_NO, "%s: %lld problem%s", f->operands[0], (long long)s.found,
			s.found > 1 ? "s" : "");
}

static const struct command command = {
	.name = "drf-check",
	.summary = "tell what is wrong with a DigitalRF capture",
	.operands = "TOP [CH ...]",
	.operands_min = 1,
	.operands_max = -1,
	.example = "capture",
	.role = ROLE_TOOL,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
