/* SPDX-License-Identifier: ISC */
#include "flow/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"
#include "base/mem.h"

struct reading {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	const char *file;
	struct problems *problems;
	size_t nodes;
};

static struct mark mark_of(const struct reading *r, const yaml_mark_t *m)
{
	return (struct mark){r->file, m->line + 1, m->column + 1};
}

#define WRONG(r, place, ...)                                          \
	do {                                                          \
		struct mark at_ = mark_of(r, place);                  \
		problem((r)->problems, &at_, EXIT_DATA, __VA_ARGS__); \
	} while (0)

void node_free(struct node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++) {
		if (node->key)
			node_free(node->key[i]);
		node_free(node->item[i]);
	}
	free(node->key);
	free(node->item);
	free(node->text);
	free(node);
}

void node_add(struct node *node, struct node *key, struct node *item)
{
	node->item = xrealloc(node->item, node->count + 1, sizeof(struct node *));
	node->item[node->count] = item;
	if (key) {
		node->key = xrealloc(node->key, node->count + 1, sizeof(struct node *));
		node->key[node->count] = key;
	}
	node->count++;
}

static bool next_event(struct reading *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event) != 0;
	if (r->has_event)
		return true;
	if (r->parser.error == YAML_MEMORY_ERROR)
		die(EXIT_OS, "out of memory");
	if (r->parser.error == YAML_READER_ERROR) {
		struct mark at = {r->file, 0, 0};

		problem(r->problems, &at, EXIT_DATA, "byte %zu: %s", r->parser.problem_offset,
			r->parser.problem);
		return false;
	}
	WRONG(r, &r->parser.problem_mark, "%s%s%s",
		r->parser.problem ? r->parser.problem : "is no YAML", r->parser.context ? " " : "",
		r->parser.context ? r->parser.context : "");
	return false;
}

static bool no_anchor_or_tag(struct reading *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		WRONG(r, &r->event.start_mark, "anchor &%s: anchors and aliases are not taken",
			(const char *)anchor);
	else if (tag)
		WRONG(r, &r->event.start_mark,
			"tag %s: tags are not taken: all is text until an "
			"option types it",
			(const char *)tag);
	return !anchor && !tag;
}

static struct node *node_new(struct reading *r, enum node_kind kind)
{
	struct node *node;

	if (++r->nodes > YAML_NODES_MAX) {
		WRONG(r, &r->event.start_mark, "more than %d nodes", YAML_NODES_MAX);
		return NULL;
	}
	node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->mark = mark_of(r, &r->event.start_mark);
	return node;
}

static struct node *read_scalar(struct reading *r)
{
	const char *value = (const char *)r->event.data.scalar.value;
	size_t n = r->event.data.scalar.length;
	struct node *node;

	if (!no_anchor_or_tag(r, r->event.data.scalar.anchor, r->event.data.scalar.tag))
		return NULL;
	if (n > YAML_SCALAR_MAX || memchr(value, '\0', n)) {
		if (n > YAML_SCALAR_MAX)
			WRONG(r, &r->event.start_mark, "a text of more than %d bytes",
				YAML_SCALAR_MAX);
		else
			WRONG(r, &r->event.start_mark, "a text with NUL in it");
		return NULL;
	}
	if (!(node = node_new(r, NODE_SCALAR)))
		return NULL;
	node->text = xstrndup(value, n);
	node->absent = n == 0 && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct node *read_node(struct reading *r, size_t depth);

static bool read_list(struct reading *r, struct node *list, size_t depth)
{
	while (next_event(r)) {
		struct node *item;

		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		if (!(item = read_node(r, depth)))
			return false;
		node_add(list, NULL, item);
	}
	return false;
}

/* The key at hand, a text that the map does not have yet. */
static struct node *read_key(struct reading *r, const struct node *map)
{
	struct node *key;

	if (r->event.type != YAML_SCALAR_EVENT) {
		WRONG(r, &r->event.start_mark, "a key must be a word");
		return NULL;
	}
	if (!(key = read_scalar(r)))
		return NULL;
	if (!strcmp(key->text, "<<"))
		problem(r->problems, &key->mark, EXIT_DATA, "<<: merge keys are not taken");
	else if (node_get(map, key->text, NULL))
		problem(r->problems, &key->mark, EXIT_DATA, "key %s: stands twice", key->text);
	else
		return key;
	node_free(key);
	return NULL;
}

static bool read_map(struct reading *r, struct node *map, size_t depth)
{
	while (next_event(r)) {
		struct node *key, *item;

		if (r->event.type == YAML_MAPPING_END_EVENT)
			return true;
		if (!(key = read_key(r, map)))
			return false;
		item = next_event(r) ? read_node(r, depth) : NULL;
		if (!item) {
			node_free(key);
			return false;
		}
		node_add(map, key, item);
	}
	return false;
}

/* The node whose first event is at hand. */
static struct node *read_node(struct reading *r, size_t depth)
{
	bool is_map = r->event.type == YAML_MAPPING_START_EVENT;
	struct node *node;

	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r);
	case YAML_ALIAS_EVENT:
		WRONG(r, &r->event.start_mark, "alias *%s: anchors and aliases are not taken",
			(const char *)r->event.data.alias.anchor);
		return NULL;
	case YAML_SEQUENCE_START_EVENT:
		if (!no_anchor_or_tag(r, r->event.data.sequence_start.anchor,
			    r->event.data.sequence_start.tag))
			return NULL;
		break;
	case YAML_MAPPING_START_EVENT:
		if (!no_anchor_or_tag(
			    r, r->event.data.mapping_start.anchor, r->event.data.mapping_start.tag))
			return NULL;
		break;
	default:
		WRONG(r, &r->event.start_mark, "is no YAML");
		return NULL;
	}
	if (depth >= YAML_DEPTH_MAX) {
		WRONG(r, &r->event.start_mark, "deeper than %d levels", YAML_DEPTH_MAX);
		return NULL;
	}
	node = node_new(r, is_map ? NODE_MAP : NODE_LIST);
	if (node && !(is_map ? read_map(r, node, depth + 1) : read_list(r, node, depth + 1))) {
		node_free(node);
		return NULL;
	}
	return node;
}

static bool begin(struct reading *r)
{
	if (!next_event(r) || !next_event(r)) /* the stream, the document */
		return false;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		WRONG(r, &r->event.start_mark, "is empty");
		return false;
	}
	if (r->event.data.document_start.version_directive ||
		r->event.data.document_start.tag_directives.start !=
			r->event.data.document_start.tag_directives.end) {
		WRONG(r, &r->event.start_mark, "directives (%%) are not taken");
		return false;
	}
	return next_event(r);
}

static bool end(struct reading *r)
{
	if (!next_event(r) || !next_event(r)) /* of the document, then of the stream */
		return false;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return true;
	WRONG(r, &r->event.start_mark, "a second document: a file holds one");
	return false;
}

struct node *yaml_read(const char *file, const char *text, size_t n, struct problems *p)
{
	struct reading r = {.file = file, .problems = p};
	struct node *root = NULL;

	if (n > YAML_BYTES_MAX) {
		struct mark at = {file, 0, 0};

		problem(p, &at, EXIT_DATA, "more than %d bytes", YAML_BYTES_MAX);
		return NULL;
	}
	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		n -= 3;
	}
	if (!yaml_parser_initialize(&r.parser))
		die(EXIT_OS, "out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
	if (begin(&r))
		root = read_node(&r, 0);
	if (root && !end(&r)) {
		node_free(root);
		root = NULL;
	}
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return root;
}

struct node *node_get(const struct node *map, const char *name, struct node **key)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
		if (!strcmp(map->key[i]->text, name)) {
			if (key)
				*key = map->key[i];
			return map->item[i];
		}
	return NULL;
}

const char *node_kind_name(const struct node *node)
{
	static const char *const names[] = {"a text", "a list", "a mapping"};

	return node->absent ? "nothing" : names[node->kind];
}

size_t node_words(const struct node *node, const char **word, size_t max, const char *what,
	struct problems *p)
{
	size_t count = 0;

	if (!node)
		return 0;
	if (node->kind == NODE_MAP || node->absent) {
		problem(p, &node->mark, EXIT_DATA, "%s: must be a word or a list of words, is %s",
			what, node_kind_name(node));
		return 0;
	}
	if (node->kind == NODE_SCALAR) {
		word[count++] = node->text;
		return count;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->item[i];

		if (item->kind != NODE_SCALAR || item->absent)
			problem(p, &item->mark, EXIT_DATA, "%s: must be a word, is %s", what,
				node_kind_name(item));
		else if (count == max)
			problem(p, &item->mark, EXIT_DATA, "%s: more than %zu", what, max);
		else
			word[count++] = item->text;
	}
	return count;
}
