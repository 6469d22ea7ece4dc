/* SPDX-License-Identifier: ISC */
/*
 * Backends are data: a file templates/backends/NAME.yaml says which command lines an operation
 * becomes and what its params are; leat-template(5) describes it. Here it is read and checked by
 * itself, without asking a command.
 */
#ifndef LEAT_FLOW_BACKEND_H
#define LEAT_FLOW_BACKEND_H

#include "base/opt.h"
#include "flow/describe.h"
#include "flow/schema.h"

/* A word that is there only if these inputs are, and those are not. */
struct word_spec {
	const char *text; /* {NAME} in it: the file of a master, the list or path of an input */
	struct words given, lacking;
};

struct stage_spec {
	const char *command;
	struct word_spec *word;
	size_t words, fixed; /* fixed: those of the command line, which stand before the params */
	bool has_flow;	     /* in and out are said here, as the command is none of leat's */
	struct flow in, out;
	bool sink; /* likewise */
	struct mark mark;
};

/* A file made first, of an input: a master frame. */
struct master_spec {
	const char *name, *of;
	struct stage_spec *stage;
	size_t stages;
};

struct param_spec {
	const char *name;
	const char *option, *command; /* command: NULL = the first that has the option */
	const struct node *values;    /* a map from words of the template to words of the command */
	const char *fallback;	      /* given if the template says nothing */
	const char *uses;	      /* an input: true needs it, false does without it */
	bool has_check;		      /* check tells the type in place of the option */
	struct option check;
	bool required;
};

/* One format of an export. */
struct format_spec {
	const char *name;
	struct stage_spec stage;
};

struct operation {
	const char *name, *summary;
	bool built;
	struct input_spec *input;
	size_t inputs;
	struct words reads; /* inputs whose frames it takes if no step stands before it */
	struct master_spec *master;
	size_t masters;
	struct stage_spec *stage;
	size_t stages;
	const char *extension; /* of the file, if the last stage is a sink */
	struct param_spec *param;
	size_t params;
	const char *formats_param; /* which names the formats; NULL = no export */
	struct format_spec *format;
	size_t formats;
	struct mark mark;
};

struct backend {
	const char *name;
	struct stage_spec reader; /* of FITS files; {list} stands for their list */
	struct operation *operation;
	size_t operations;
	struct node *tree;
};

/* NULL if something is wrong, which p then holds (EXIT_CONFIG). file must outlive the backend. */
struct backend *backend_read(const char *file, const char *text, size_t n, struct problems *p);
void backend_free(struct backend *b);

const struct operation *operation_find(const struct backend *b, const char *name);

/* What the operation says of a param, NULL if it is only an option of its commands. */
const struct param_spec *operation_param(const struct operation *o, const char *name);

#endif
