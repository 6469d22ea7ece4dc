/* SPDX-License-Identifier: ISC */
/*
 * One option table per command. It feeds the parser, --help, --describe, the man-page check, the
 * history line, completion and the template compiler; nothing about an option is written twice.
 */
#ifndef LEAT_BASE_OPT_H
#define LEAT_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/num.h"
#include "base/str.h"

enum option_type {
	OPT_FLAG,      /* bool */
	OPT_INT,       /* int64_t, multipliers allowed */
	OPT_REAL,      /* double, multipliers allowed */
	OPT_FREQUENCY, /* double, Hz */
	OPT_DURATION,  /* int64_t, ns */
	OPT_RATE,      /* struct rate */
	OPT_ENUM,      /* int: position in choices */
	OPT_TEXT,      /* const char *; choices, if given, only say the form */
	OPT_LIST,      /* struct text_list; may be repeated */
};

struct text_list {
	const char **v;
	size_t n;
};

enum option_flags {
	OPT_OUTPUT = 1, /* affects the output, so it goes into the history */
	OPT_FILE = 2,	/* names a file to read (unless it is one of the choices); of a list,
			   NAME=FILE */
};

struct option {
	char letter;	  /* 0 = none */
	const char *name; /* without the dashes */
	enum option_type type;
	size_t offset;	      /* of the value in the command's struct of options */
	const char *unit;     /* "Hz", "s", "samples" …, "" if none */
	const char *fallback; /* the default, as a user would write it; NULL = none */
	double min, max;      /* of numbers, both 0 = any */
	const char *choices;  /* "mean|max|min" */
	unsigned flags;
	const char *help; /* one line, lower case */
};

#define OPTIONS_END          \
	{                    \
		.name = NULL \
	}

/* What the parser is told and what it finds. */
struct option_set {
	const struct option *const
		*tables;      /* NULL-terminated list of tables, each with OPTIONS_END */
	void *const *values;  /* the struct each table fills */
	const char *name;     /* of the command */
	const char *synopsis; /* "[options] TOP" */
	const char *summary;
};

/*
 * Fills defaults, then what argv says. Options may stand among operands, "--" ends them, the word
 * after an option that takes a value is its value whatever it looks like. Returns the number of
 * operands, which are moved to argv[1] … . A wrong word dies with EXIT_USAGE.
 */
int options_parse(const struct option_set *set, int argc, char **argv);

/* The file that a value of an OPT_FILE option names, NULL if it is one of the choices' words. */
const char *option_file(const struct option *o, const char *value);

/* The option of that name in a table, or NULL. */
const struct option *option_find(const struct option *table, const char *name);

/* Text for --help, and the lines of --describe (tab-separated, see leat(1)). */
void options_help(const struct option_set *set, struct str *out);
void options_describe(const struct option *table, struct str *out);

/*
 * Adds " --name=value" for each OPT_OUTPUT option that differs from its default, in table order.
 * How the history speaks of a file is up to file_name, which adds to its last argument.
 */
typedef void file_name_fn(void *arg, const char *path, struct str *out);
void options_history(const struct option *table, const void *values, file_name_fn *file_name,
	void *arg, struct str *out);

/* Calls fn for every file that an OPT_FILE option names. */
typedef void option_file_fn(void *arg, const struct option *o, const char *path);
void options_files(const struct option *table, const void *values, option_file_fn *fn, void *arg);

/* Sets the value; dies with EXIT_USAGE if the text is none. */
void option_set_value(const struct option *o, void *values, const char *text);

/*
 * The same without dying: 0, or EXIT_USAGE with why in *e, as "'text': must be …". A text option
 * whose choices are forms ("none|sigma:L,H") takes them only; one with a form that is all
 * placeholder (capitals) takes anything.
 */
int option_check(const struct option *o, const char *text, struct error *e);

/* The type that a line of --describe names; -1 if there is none of that name. */
int option_type_of(const char *name);

#endif
