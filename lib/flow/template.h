/* SPDX-License-Identifier: ISC */
/*
 * A template as leat-template(5) says: read, merged with what it extends, its params filled in,
 * each key checked by itself. What operations make of it, and whether it can work, plan.h says.
 */
#ifndef LEAT_FLOW_TEMPLATE_H
#define LEAT_FLOW_TEMPLATE_H

#include "flow/backend.h"
#include "flow/library.h"
#include "flow/yaml.h"

#define STEPS_MAX 200
#define FROM_MAX 32

/* A word of the command line such as NAME=VALUE, split at its first '='. */
struct given {
	char *name;
	const char *value;
	const char *word; /* as it was given, for messages: "--param night=x" */
};

struct given_list {
	struct given *v;
	size_t n;
};

struct param {
	const char *name, *type;
	const char *text; /* its value, NULL without one */
	struct mark mark;
};

struct retry {
	int64_t max;
	int64_t delay_ns;
	double factor;
};

struct step {
	const char *id;
	const char *title;     /* "step ID", for messages */
	const char *operation; /* '_' for '-' */
	const char *backend;   /* "default" if none is named */
	struct node *params;   /* a map, or NULL */
	const char *scatter;   /* "frames", a key, or NULL */
	const struct node *from;
	int64_t timeout_ns; /* 0 = none */
	struct retry retry; /* max 0 = none */
	bool optional, goes_on, preview, checkpoint;
	bool left_out; /* `when` says so, or it is optional and not built */
	const struct node *gate;
	struct mark mark, operation_mark, backend_mark;
	size_t number; /* in the template, from 1 */
};

struct template
{
	const char *file; /* as it was named */
	const char *name, *description;
	struct input_spec *input;
	size_t inputs;
	bool has_inputs; /* they are written, not derived */
	struct param *param;
	size_t params;
	struct step *step;
	size_t steps;
	const struct node *outputs; /* a map, or NULL */

	uint32_t crc; /* CRC32C of its text, and of what it extends */

	struct node *tree;
	char **owned; /* texts and paths that nodes point to */
	size_t owned_count;
};

/* Finds the text of a template that another one extends: library.h, or a test's own. */
typedef char *template_text(void *arg, const char *name, const char *from, char **path, size_t *n);

struct template_options {
	struct given_list params, sets; /* --param NAME=VALUE, --set STEP.PARAM=VALUE */
	template_text *find;
	void *find_arg;
};

/*
 * Fills the template from a text of n bytes; file names it in messages and must outlive it. What is
 * wrong is in p; the template is then as far as it could be read, to look for more.
 */
void template_read(struct template *t, const char *file, const char *text, size_t n,
	const struct template_options *o, struct problems *p);
void template_free(struct template *t);

/* The step of that id, NULL if there is none. */
struct step *template_step(const struct template *t, const char *id);

/* The value of a step's param, NULL if the template gives none. */
const struct node *step_param(const struct step *s, const char *name);

/* Keeps a text as long as the template; returns it. */
const char *template_own(struct template *t, char *text);

/* steps.c: fills the steps; then --set replaces params. */
void steps_read(struct template *t, struct problems *p);
void steps_set(struct template *t, const struct given_list *sets, struct problems *p);

/* Letters, digits, _ and -, 1 to 64, no - first: file names and shell functions are made of it. */
bool is_name(const char *text);

/* merge.c: puts what the map `parent` has and `child` lacks into child; steps by their ids. */
void merge_templates(struct node *child, struct node *parent);

/* The ids that the steps of a list have or get, to be freed one by one and together. */
char **step_ids(const struct node *steps);

/* params.c: reads params, and puts their values in place of each ${name} in steps and outputs. */
void params_read(struct template *t, const struct given_list *given, struct problems *p);
void params_substitute(struct template *t, struct problems *p);

/* The folders that paths in a template, and on the command line, count from; to be freed. */
char *template_folder(const struct template *t);
char *working_folder(void);

/* The path, which counts from that folder, as one that is right wherever a script goes; to be
 * freed. */
char *absolute_path(const char *path, const char *folder);

/* The value of a param; a condition_lookup whose arg is the template. */
const char *param_value(void *template, const char *name);

#endif
