/* SPDX-License-Identifier: ISC */
/*
 * Where templates and backends lie: the user's folder $XDG_CONFIG_HOME/leat/templates (without the
 * variable ~/.config/leat/templates), then the shipped one, ../../share/leat/templates from the
 * folder of the commands. Backends are in backends/ beneath either.
 */
#ifndef LEAT_FLOW_LIBRARY_H
#define LEAT_FLOW_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct library {
	char *commands;	 /* the folder of the commands */
	char *folder[2]; /* the user's (NULL if there is none), the shipped one */
};

/* Dies if the program cannot tell where it lies. */
void library_open(struct library *l);
void library_close(struct library *l);

/* The path of a template or (backend) a backend of that name, to be freed; NULL if there is none.
 */
char *library_find(const struct library *l, const char *name, bool backend);

/* The names in one of the folders, sorted, to be freed one by one and together. */
char **library_names(const struct library *l, int folder, size_t *count);

/* The same of backends, in both. */
char **library_backends(const struct library *l, size_t *count);

/*
 * The bytes of a file of at most max, with NUL behind them, to be freed; NULL with *e. What is
 * larger is cut at max + 1, for the reader to refuse.
 */
char *file_read(const char *path, size_t max, size_t *n, struct error *e);

/* Adds ": did you mean NAME?" of the template called most like this, or nothing. */
void library_suggest(const struct library *l, const char *name, struct str *out);

/*
 * The text of a backend, and of a template that another one, `from`, extends: it lies beside that
 * one, or is the user's or a shipped one. arg is the library; *path and the text are to be freed,
 * NULL if there is none. They fit plan_options.find and template_options.find.
 */
char *library_backend(void *arg, const char *name, char **path, size_t *n);
char *library_template(void *arg, const char *name, const char *from, char **path, size_t *n);

#endif
