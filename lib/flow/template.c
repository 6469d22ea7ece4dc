/* SPDX-License-Identifier: ISC */
#include "flow/template.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/text.h"
#include "flow/condition.h"

#define EXTENDS_MAX 8

const char *template_own(struct template *t, char *text)
{
	t->owned = xrealloc(t->owned, t->owned_count + 1, sizeof(char *));
	return t->owned[t->owned_count++] = text;
}

struct step *template_step(const struct template *t, const char *id)
{
	for (size_t i = 0; i < t->steps; i++)
		if (!strcmp(t->step[i].id, id))
			return &t->step[i];
	return NULL;
}

const struct node *step_param(const struct step *s, const char *name)
{
	for (size_t i = 0; s->params && i < s->params->count; i++)
		if (same_name(s->params->key[i]->text, name))
			return s->params->item[i];
	return NULL;
}

static void read_inputs(struct template *t, struct problems *p)
{
	const struct node *map = node_get(t->tree, "inputs", NULL);

	t->has_inputs = map && map->kind == NODE_MAP;
	if (map && map->kind != NODE_MAP) {
		problem(p, &map->mark, EXIT_DATA, "inputs: must be a mapping, is %s",
			node_kind_name(map));
		return;
	}
	t->input = xcalloc(map ? map->count + 1 : 1, sizeof(*t->input));
	for (size_t i = 0; map && i < map->count; i++) {
		const char *name = map->key[i]->text;

		if (*name < 'a' || *name > 'z' || strlen(name) > 64 ||
			name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
			problem(p, &map->key[i]->mark, EXIT_DATA,
				"input '%s': must be a-z, 0-9 and _, a letter first", name);
		input_read(map->key[i], map->item[i], &t->input[t->inputs++], p);
	}
}

/* Reads what `extends` names, and what that extends, into the tree. */
static void extend(struct template *t, const struct template_options *o, struct problems *p)
{
	const char *seen[EXTENDS_MAX] = {t->file}, *from = t->file;

	for (size_t depth = 1;; depth++) {
		struct node *key = NULL, *node = node_get(t->tree, "extends", &key), *parent;
		char *text, *path = NULL;
		struct mark at;
		size_t n;

		if (!node)
			return;
		at = node->mark;
		if (node->kind != NODE_SCALAR || node->absent || strchr(node->text, '/') ||
			*node->text == '.') {
			problem(p, &at, EXIT_DATA, "extends: must be the name of a template");
			return;
		}
		text = o->find ? o->find(o->find_arg, node->text, from, &path, &n) : NULL;
		if (!text) {
			free(path);
			problem(p, &at, EXIT_DATA, "extends: %s: no such template", node->text);
			return;
		}
		from = template_own(t, path);
		for (size_t i = 0; i < depth; i++)
			if (!strcmp(seen[i], from) || depth == EXTENDS_MAX) {
				problem(p, &at, EXIT_DATA, "extends: %s: %s", node->text,
					depth == EXTENDS_MAX ? "too many in a row" : "a cycle");
				free(text);
				return;
			}
		seen[depth] = from;
		t->crc = crc32c(t->crc, text, n);
		parent = yaml_read(from, text, n, p);
		free(text);
		if (!parent)
			return;
		if (parent->kind == NODE_MAP) {
			/* The word has done its work; the parent's own takes its place. */
			for (size_t i = 0; i < t->tree->count; i++)
				if (t->tree->key[i] == key) {
					node_free(key);
					node_free(node);
					t->tree->count--;
					memmove(&t->tree->key[i], &t->tree->key[i + 1],
						(t->tree->count - i) * sizeof(struct node *));
					memmove(&t->tree->item[i], &t->tree->item[i + 1],
						(t->tree->count - i) * sizeof(struct node *));
					break;
				}
			merge_templates(t->tree, parent);
		} else {
			problem(p, &parent->mark, EXIT_DATA,
				"must be a mapping with name and steps, is %s",
				node_kind_name(parent));
			node_free(parent);
			return;
		}
		node_free(parent);
	}
}

#define NAME_SIGNS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"
#define KEY_SIGNS "abcdefghijklmnopqrstuvwxyz0123456789._-~%:"

static const char *any_key(void *arg, const char *key)
{
	(void)arg;
	return key;
}

/*
 * Why a pattern is no name of a product; NULL if it is one. Outside of {key} it holds only what a
 * {key} is mapped to, so that no name leaves its folder.
 */
static const char *name_wrong(const char *pattern)
{
	const char *why = NULL;
	char *name = pattern_expand(pattern, 0, any_key, NULL, &why);

	free(name);
	if (!name)
		return why;
	if (strlen(pattern) > 200)
		return "must have at most 200 characters";
	if (*pattern == '.' || *pattern == '-')
		return "must not begin with . or -";
	for (const char *p = pattern; *p;) {
		p += strspn(p, NAME_SIGNS);
		if (*p == '{')
			p += 1 + strspn(p + 1, KEY_SIGNS);
		if (*p && *p != '}')
			return "must be A-Z a-z 0-9 . _ + - and {key}";
		p += *p == '}';
	}
	return NULL;
}

static void check_outputs(struct template *t, struct problems *p)
{
	const struct node *map = node_get(t->tree, "outputs", NULL);

	if (map && map->kind != NODE_MAP) {
		problem(p, &map->mark, EXIT_DATA, "outputs: must be a mapping {NAME: PATTERN}");
		return;
	}
	t->outputs = map;
	for (size_t i = 0; map && i < map->count; i++) {
		const struct node *node = map->item[i];
		const char *why;

		if (node->told)
			continue;
		if (node->kind != NODE_SCALAR || node->absent)
			problem(p, &node->mark, EXIT_DATA, "outputs: %s: must be a name, is %s",
				map->key[i]->text, node_kind_name(node));
		else if ((why = *node->text ? name_wrong(node->text) : "must be a name"))
			problem(p, &node->mark, EXIT_DATA, "outputs: %s: '%s': %s",
				map->key[i]->text, node->text, why);
	}
}

void template_read(struct template *t, const char *file, const char *text, size_t n,
	const struct template_options *o, struct problems *p)
{
	const char *version;
	size_t errors;
	bool whole;

	*t = (struct template){.file = file, .name = "", .description = ""};
	t->crc = crc32c(0, text, n);
	t->tree = yaml_read(file, text, n, p);
	if (!t->tree)
		return;
	if (t->tree->kind != NODE_MAP) {
		problem(p, &t->tree->mark, EXIT_DATA,
			"must be a mapping with name and steps, is %s", node_kind_name(t->tree));
		return;
	}
	errors = p->errors;
	extend(t, o, p);
	whole = p->errors == errors;
	CHECK_KEYS(t->tree, "template", p, "name", "description", "version", "extends", "inputs",
		"params", "steps", "outputs");
	t->name = text_of(t->tree, "name", "template", p);
	if (whole && !node_get(t->tree, "name", NULL))
		problem(p, &t->tree->mark, EXIT_DATA, "name missing");
	if (!t->name)
		t->name = "";
	if (node_get(t->tree, "description", NULL) &&
		!node_get(t->tree, "description", NULL)->absent)
		t->description = text_of(t->tree, "description", "template", p);
	if (!t->description)
		t->description = "";
	version = text_of(t->tree, "version", "template", p);
	if (version && strcmp(version, "1"))
		problem(p, &node_get(t->tree, "version", NULL)->mark, EXIT_DATA,
			"version: '%s': must be 1", version);
	params_read(t, &o->params, p);
	params_substitute(t, p);
	read_inputs(t, p);
	if (whole || node_get(t->tree, "steps", NULL))
		steps_read(t, p);
	steps_set(t, &o->sets, p);
	check_outputs(t, p);
}

void template_free(struct template *t)
{
	for (size_t i = 0; i < t->inputs; i++)
		input_spec_free(&t->input[i]);
	for (size_t i = 0; i < t->owned_count; i++)
		free(t->owned[i]);
	free(t->input);
	free(t->param);
	free(t->step);
	free(t->owned);
	node_free(t->tree);
}
