/* SPDX-License-Identifier: ISC */
/*
 * A plan as a bash script or as a Makefile. Whatever came from outside goes through
 * str_add_shell(); all else is words of backends, ids of steps, and names made of them.
 */
#ifndef LEAT_FLOW_SCRIPT_H
#define LEAT_FLOW_SCRIPT_H

#include "flow/plan.h"

struct script_options {
	const char *functions;	 /* the text of script.bash */
	const char *out;	 /* the default of --out, "." = where the script is called */
	const char *leat_folder; /* where leat is, tried last */
};

void script_write(const struct plan *plan, const struct script_options *o, struct str *out);
void makefile_write(const struct plan *plan, const struct script_options *o, struct str *out);

/* Of script.c, makefile.c and pipeline.c among themselves. */

/* Text from a template in a comment: one line, control characters as blanks. */
void add_comment_text(struct str *s, const char *text);

/* The comments over a unit: which steps it is made of. */
void add_unit_comments(const struct unit *u, struct str *s);

/* The folder that a unit's products go to, "" if it makes none. */
void unit_products(const struct unit *u, bool own, struct str *s);

/*
 * The lines of a unit, each with one tab: pipelines whose verdict is the last status. own: its
 * products get a folder of their own; part: its file is written as NAME.part.
 */
void add_unit_body(const struct unit *u, bool own, bool part, struct str *s);

/*
 * The words that call it as this function, or skip it where it has nothing to do, and say what
 * becomes of the rest if it fails.
 */
void add_unit_call(const struct unit *u, const char *function, bool own, bool part, struct str *s);

/* Whether the words of a unit name an input, by pieces of this kind, or (-1) hang on it at all. */
bool unit_names(const struct unit *u, const char *input, int kind);

/* Lines that set a variable of the shell for each input whose path a unit's words name. */
void add_unit_paths(const struct plan *plan, const struct unit *u, struct str *s);

/* The part of script.bash of that name. */
void add_function(const char *functions, const char *name, struct str *s);

/* The comment at the head: what it is, how it is called with which inputs, and a remark. */
void add_head_comment(
	const struct plan *plan, const char *usage, const char *remark, struct str *s);

/* The lines that put leat's commands on PATH; who: says so if they are nowhere. */
void add_search_path(const struct script_options *o, const char *who, struct str *s);

/* Whether no unit before it scatters the same list. */
bool first_to_scatter(const struct plan *plan, const struct unit *u);

/* The lines that list the inputs and find the stem, and those that split lists for a scatter. */
void add_listing(const struct plan *plan, struct str *s);
void add_scatters(const struct plan *plan, struct str *s, bool labels);

#endif
