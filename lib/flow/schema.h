/* SPDX-License-Identifier: ISC */
/*
 * Values of a map in YAML that must be of some kind, and the inputs that both templates and
 * backends declare. What is not as it must be is a problem, with its place.
 */
#ifndef LEAT_FLOW_SCHEMA_H
#define LEAT_FLOW_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "flow/yaml.h"

#define WORDS_MAX 64

/* Texts are those of the tree, which lives as long as the backend. */
struct words {
	const char **v;
	size_t n;
};

enum input_type { INPUT_FILE, INPUT_FOLDER, INPUT_LIST, INPUT_CAPTURE };

struct input_spec {
	const char *name;
	enum input_type type;
	struct words ext; /* without dots; none: any */
	int64_t min;
	bool optional;
	struct mark mark;
};

/*
 * An input as templates and backends write it: {type, ext, min, optional}. False, with problems,
 * if it is none.
 */
bool input_read(const struct node *key, const struct node *node, struct input_spec *input,
	struct problems *p);
void input_spec_free(struct input_spec *input);

extern const char *const input_types[4];

/* Every key of the map must be one of these words; others are problems, with a suggestion. */
void check_keys(const struct node *map, const char *const *known, size_t count, const char *of,
	struct problems *p);

/* The value of a key that must be a text, NULL without it or if it is none (a problem). */
const char *text_of(const struct node *map, const char *key, const char *of, struct problems *p);

/* The same of true or false. */
bool bool_of(
	const struct node *map, const char *key, bool fallback, const char *of, struct problems *p);

/* A list of words, or one word; v is to be freed. */
void words_of(const struct node *node, struct words *w, const char *what, struct problems *p);

/* Whether two names are one: '-' and '_' are equal in the names of params. */
bool same_name(const char *a, const char *b);

/* check_keys() of words that stand here. */
#define CHECK_KEYS(map, of, p, ...)                                \
	do {                                                       \
		static const char *const known_[] = {__VA_ARGS__}; \
		check_keys(map, known_, COUNT_OF(known_), of, p);  \
	} while (0)

#endif
