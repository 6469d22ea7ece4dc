/* SPDX-License-Identifier: ISC */
/*
 * What is wrong with a template, gathered so that a person sees all of it at once: lines
 * "file:line:column: message", in the order of the file, at most PROBLEMS_MAX of them.
 */
#ifndef LEAT_FLOW_PROBLEM_H
#define LEAT_FLOW_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define PROBLEMS_MAX 20

/* A place in a file, counted from 1; line 0: the file, or the words of a command line, as such. */
struct mark {
	const char *file;
	size_t line, column;
};

struct problem_line;

/* Zero-initialise. */
struct problems {
	struct problem_line *line;
	size_t count, errors;
	int code; /* EXIT_OK, or what the worst error makes of it */
};

/*
 * An error: EXIT_DATA of the file, EXIT_USAGE of the command line, EXIT_UNAVAILABLE for what is not
 * built. EXIT_DATA outweighs EXIT_USAGE, which outweighs EXIT_UNAVAILABLE.
 */
void problem(struct problems *p, const struct mark *at, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void problem_warning(struct problems *p, const struct mark *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same of a word that is not among those known; the one most like it is suggested behind the
 * message, see suggest().
 */
void problem_unknown(struct problems *p, const struct mark *at, int code, const char *word,
	const char *const *among, size_t count, const char *format, ...)
	__attribute__((format(printf, 7, 8)));

/* The lines, warnings too unless quiet; errors beyond PROBLEMS_MAX are counted. */
void problems_text(const struct problems *p, bool quiet, struct str *out);

void problems_free(struct problems *p);

/* Adds ": did you mean X?" of the word most like this one, or nothing if none is like it. */
void suggest(struct str *out, const char *word, const char *const *among, size_t count);

#endif
