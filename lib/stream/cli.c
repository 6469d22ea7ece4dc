/* SPDX-License-Identifier: ISC */
/* The words of a command: options, help, description. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/inner.h"

#define COMMON(member) offsetof(struct common_options, member)

static const struct option common_table[] = {
	{'h', "help", OPT_FLAG, COMMON(help), "", NULL, 0, 0, NULL, 0, "print this and exit"},
	{'V', "version", OPT_FLAG, COMMON(version), "", NULL, 0, 0, NULL, 0,
		"print the version and exit"},
	{0, "describe", OPT_FLAG, COMMON(describe), "", NULL, 0, 0, NULL, 0,
		"print kinds and options for programs and exit"},
	{'q', "quiet", OPT_FLAG, COMMON(quiet), "", NULL, 0, 0, NULL, 0,
		"errors only, no warnings"},
	{'v', "verbose", OPT_FLAG, COMMON(verbose), "", NULL, 0, 0, NULL, 0, "say more"},
	{'j', "jobs", OPT_INT, COMMON(jobs), "N", "0", 0, 1024, NULL, 0,
		"threads; 0 = one on a pipe, all CPUs on a file or for heavy work"},
	{0, "progress", OPT_FLAG, COMMON(progress), "", NULL, 0, 0, NULL, 0,
		"show progress on stderr"},
	{0, "no-progress", OPT_FLAG, COMMON(no_progress), "", NULL, 0, 0, NULL, 0, "never show it"},
	OPTIONS_END,
};

static const struct option no_options[] = {OPTIONS_END};

void print_text(const struct str *text)
{
	if (write_whole(STDOUT_FILENO, text->p ? text->p : "", text->len))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
}

static void describe(const struct filter *f, const struct option *sink, struct str *out)
{
	static const char *const roles[] = {"source", "filter", "sink", "tool"};
	const struct command *c = f->command;
	struct str kinds = {0};

	str_addf(out, "name\t%s\nsummary\t%s\nrole\t%s\n", c->name, c->summary, roles[c->role]);
	if (c->in) {
		if (c->in == KINDS_ALL)
			str_add(&kinds, "any");
		else
			kinds_names(c->in, &kinds);
		str_addf(out, "in\t%s\t%s\t%s\n", kinds.p, c->dtypes_in ? c->dtypes_in : "any",
			c->unit_in ? c->unit_in : "any");
		str_clear(&kinds);
	}
	if (c->out) {
		if (c->out == KINDS_ALL)
			str_add(&kinds, "same");
		else
			kinds_names(c->out, &kinds);
		str_addf(out, "out\t%s\t%s\t%s\n", kinds.p, c->dtypes_out ? c->dtypes_out : "same",
			c->unit_out ? c->unit_out : "same");
	}
	str_free(&kinds);
	str_addf(out, "changes\t%s%s%s\n", c->changes & CHANGES_SHAPE ? "shape " : "",
		c->changes & CHANGES_VALUES ? "values " : "",
		c->changes & CHANGES_COUNT ? "count " : "");
	str_addf(out, "segments\t%s\n", c->segments == SEGMENTS_JOIN ? "join" : "each");
	str_addf(out, "operands\t%s\nexample\t%s\n", c->operands, c->example);
	if (c->endings)
		str_addf(out, "endings\t%s\n", c->endings(f->options));
	options_describe(c->options ? c->options : no_options, out);
	options_describe(sink, out);
	options_describe(common_table, out);
}

static const struct option *sink_table(const struct command *c)
{
	if (c->role != ROLE_SINK)
		return no_options;
	if (c->folder)
		return sink_options_folder;
	return c->pictures ? sink_options_pictures : sink_options_text;
}

bool command_line(struct filter *f, int argc, char **argv)
{
	const struct command *c = f->command;
	const struct option *sink = sink_table(c);
	const struct option *const tables[] = {
		c->options ? c->options : no_options, sink, common_table, NULL};
	void *const values[] = {f->options, &f->sink, &f->common};
	struct str synopsis = {0}, text = {0};
	struct option_set set = {
		.tables = tables, .values = values, .name = c->name, .summary = c->summary};
	bool goes_on = false;

	str_addf(&synopsis, "[options]%s%s", *c->operands ? " " : "", c->operands);
	set.synopsis = synopsis.p;
	f->operand_count = options_parse(&set, argc, argv);
	f->operands = argv + 1;
	if (f->common.help)
		options_help(&set, &text);
	else if (f->common.version)
		str_addf(&text, "%s %s (stream %d.%d)\n", c->name, LEAT_VERSION, STREAM_MAJOR,
			STREAM_MINOR);
	else if (f->common.describe)
		describe(f, sink, &text);
	else
		goes_on = true;
	print_text(&text);
	str_free(&text);
	str_free(&synopsis);
	if (!goes_on)
		return false;
	set_verbosity(f->common.quiet ? 0 : f->common.verbose ? 2 : 1);
	if (f->operand_count < c->operands_min)
		die(EXIT_USAGE, "operand missing: %s: see '%s --help'", c->operands, c->name);
	if (c->operands_max >= 0 && f->operand_count > c->operands_max) {
		const char *accepted = c->operands;

		if (!*accepted)
			accepted = c->role == ROLE_FILTER || c->role == ROLE_SINK
					   ? "none is taken, the stream comes from standard input"
					   : "none is taken";
		die(EXIT_USAGE, "%s: one operand too many: %s", f->operands[c->operands_max],
			accepted);
	}
	return true;
}
