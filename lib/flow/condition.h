/* SPDX-License-Identifier: ISC */
/*
 * The word `when` of a step: NAME, NAME == WORD, NAME != WORD, !, &&, || and parentheses. A NAME is
 * a param; alone it must be true or false. A WORD is letters, digits and _.+-, or anything in
 * quotes.
 */
#ifndef LEAT_FLOW_CONDITION_H
#define LEAT_FLOW_CONDITION_H

#include <stdbool.h>

#include "base/err.h"

/* The value of a param, NULL if there is none of that name. */
typedef const char *condition_lookup(void *arg, const char *name);

/* 0 with *holds, or EXIT_DATA with *e. */
int condition(const char *text, condition_lookup *lookup, void *arg, bool *holds, struct error *e);

#endif
