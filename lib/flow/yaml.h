/* SPDX-License-Identifier: ISC */
/*
 * A small YAML as a tree with the place of each node. Only what a template needs: mappings, lists
 * and scalars, all of which are text ("no", "1e3", "012" stay what they are). Refused, with the
 * place: anchors, aliases, tags, merge keys, directives, a second document, a key that stands
 * twice, NUL, more than YAML_BYTES_MAX bytes, YAML_DEPTH_MAX levels, YAML_NODES_MAX nodes, or
 * YAML_SCALAR_MAX bytes in a scalar. The limits hold while the text is read, event by event.
 */
#ifndef LEAT_FLOW_YAML_H
#define LEAT_FLOW_YAML_H

#include "flow/problem.h"

#define YAML_BYTES_MAX 65536
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 2000
#define YAML_SCALAR_MAX 4096

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	struct mark mark;
	char *text;  /* of a scalar */
	bool absent; /* a scalar of which nothing is written */
	bool told;   /* why it has no value has been said */
	size_t count;
	struct node **key;  /* [count] scalars, of a map */
	struct node **item; /* [count], of lists and maps */
};

/*
 * The tree of a text of n bytes; file names it in messages and must outlive the tree. NULL if
 * something is wrong, which p then holds.
 */
struct node *yaml_read(const char *file, const char *text, size_t n, struct problems *p);

void node_free(struct node *node);

/* The value of a key of a map, NULL if it has none; its key's node in *key unless that is NULL. */
struct node *node_get(const struct node *map, const char *name, struct node **key);

/* Adds an item to a list (key NULL) or map, which owns both from then on. */
void node_add(struct node *node, struct node *key, struct node *item);

/* The texts of "a list of scalars, or one scalar", at most max; anything else is a problem. */
size_t node_words(const struct node *node, const char **word, size_t max, const char *what,
	struct problems *p);

/* "a mapping", "a list" … for messages. */
const char *node_kind_name(const struct node *node);

#endif
