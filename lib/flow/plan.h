/* SPDX-License-Identifier: ISC */
/*
 * What a template comes to: command lines, the files between them, and what is made in which order.
 * A plan knows no shell; script.h and graph.h write it down.
 *
 * Steps become jobs (jobs.c), whose kinds must fit (kinds.c). Chains of jobs become units
 * (units.c): a unit is one pipeline, or a tree of them that a fan-out makes, and it succeeds or
 * fails as a whole.
 */
#ifndef LEAT_FLOW_PLAN_H
#define LEAT_FLOW_PLAN_H

#include "flow/template.h"

#define PIECES_MAX 12
#define STEMS_MAX 4		 /* {stem} in one name */
#define JOBS_MAX (4 * STEPS_MAX) /* of a step: itself, a reader, a preview, a file */

enum piece_kind {
	PIECE_TEXT,
	PIECE_STEM,	/* of the first input file */
	PIECE_PRODUCTS, /* the folder that the unit's products go to */
	PIECE_LABEL,	/* of the element of a scatter */
	PIECE_LIST,	/* the file that lists an input; its name is in text */
	PIECE_PART,	/* of that the element's part */
	PIECE_PATH,	/* of an input that is one path; its name is in text */
};

struct piece {
	enum piece_kind kind;
	const char *text;
};

/* A word of a command line; it is there only if these inputs are given, and those are not. */
struct word {
	struct piece piece[PIECES_MAX];
	size_t pieces;
	struct words given, lacking;
};

struct stage {
	const char *command;
	struct word *word;
	size_t words;
	int64_t timeout_ns;		  /* 0 = none */
	bool passes;			  /* a sink that is told to --pass */
	const struct stage_spec *outside; /* which says what it takes, if it is none of leat's */
};

struct product {
	const char *pattern; /* "{stem}.png" */
	const char *id;	     /* of its step */
	const char *format;  /* or extension */
	const struct step *step;
	size_t job, stage; /* that makes it; stage SIZE_MAX: it is the job's stream */
	bool preview;
};

/* A step, or what stands for one: a reader, a preview, the file at a chain's end. */
struct job {
	const char *id;
	const struct step *step; /* the one it belongs to */
	const struct operation *operation;
	struct stage *stage;
	const struct stage_spec **spec; /* [stages] what they were made of; not of readers */
	size_t stages;
	size_t from[FROM_MAX]; /* jobs, earlier or later in the list */
	size_t froms;
	bool reader, source;
	bool sink;	/* takes the stream and lets it pass */
	bool ends;	/* nothing comes out of it */
	bool stands_in; /* it is not the step itself, so the step's params are not its own */
	bool preview;
	bool checked; /* its kinds were */
	struct flow out;
	const char *out_of;	   /* the command that made it so */
	const struct words *reads; /* inputs, of a reader */

	/* units.c */
	bool file; /* what comes out lies in a file */
	size_t to[JOBS_MAX];
	size_t tos;
	bool placed;
};

struct line {
	struct stage *stage;
	size_t stages;
	const char *fifo;  /* it reads this FIFO (.fifo); else, if there are any, */
	const char **read; /* these files, one after the other */
	size_t reads;
	bool gathers;	     /* all elements of them */
	const char *file;    /* it writes this file, */
	struct word *stream; /* or this product, a stream, */
	const char **fifos;  /* or these FIFOs */
	size_t fifo_count;
};

struct unit {
	const char *name; /* of its first step */
	const struct step *step;
	const struct step **steps; /* all of them, for comments */
	size_t step_count;
	const char *what;  /* "master dark", for one that no step is */
	struct line *line; /* the trunk first */
	size_t lines;
	const char *file;  /* what others read of it, without the element; NULL = none */
	const char *given; /* an input without which it is left out */
	size_t *needs;	   /* units */
	size_t need_count;
	bool master; /* its file is no stream, and of no element */
	bool optional, goes_on, makes_products,
		may_lack; /* may_lack: what it reads may be missing */
	struct retry retry;
	const char *scatter;
	const char *scatter_list; /* the list of files that is scattered */
};

struct plan_input {
	struct input_spec spec;
	const struct step *needed_by; /* NULL if nobody needs it */
	const char *param;	      /* that needs it, or NULL */
	const char **value;
	size_t values;
};

struct plan {
	struct template *template;
	char *name; /* of the template, mapped for files */
	struct plan_input *input;
	size_t inputs;
	struct job *job;
	size_t jobs;
	struct product *product;
	size_t products;
	bool holes; /* a step's operation is not known, so kinds behind it are neither */
	struct unit *unit;
	size_t units;
	const struct stage_spec *reader; /* of files that are listed */

	/* the pool that plan_text and plan_alloc take from */
	void **owned;
	size_t owned_count, owned_size;
};

struct backend_set; /* the backends, read as they are asked for */

/* Finds a backend's text: library.h, or a test's own; to be freed, NULL if there is none. */
typedef char *backend_text(void *arg, const char *name, char **path, size_t *n);

struct plan_options {
	struct given_list inputs;   /* --input NAME=PATH */
	struct given_list backends; /* --backend NAME=OTHER */
	backend_text *find;
	void *find_arg;
	const char *const *backend_names; /* for suggestions */
	size_t backend_name_count;
	struct describer *describer;
};

/*
 * Fills the plan; the template must outlive it. With errors in p it is not to be used, but for
 * plan_free(). The backends that it reads are kept in *set, made if that is NULL, for the next plan
 * of the same options, or to be freed.
 */
void plan_make(struct plan *plan, struct template *t, const struct plan_options *o,
	struct backend_set **set, struct problems *p);
void plan_free(struct plan *plan);
struct backend_set *backend_set_new(void);
void backend_set_free(struct backend_set *set);

/* The input of that name, NULL if no step takes one. */
struct plan_input *plan_input_of(const struct plan *plan, const char *name);

/* Any text as part of a file name: [A-Za-z0-9._+-], at most 64 bytes, as {key} is mapped. */
char *mapped_name(const char *text);

#endif
