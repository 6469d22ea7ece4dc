/* SPDX-License-Identifier: ISC */
/* What a template takes over from the one that it extends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/template.h"

/* Moves the keys that `to` lacks; maps that both have are merged, down to this depth. */
static void merge_maps(struct node *to, struct node *from, int depth)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->count; i++) {
		struct node *mine = node_get(to, from->key[i]->text, NULL);

		if (!mine) {
			node_add(to, from->key[i], from->item[i]);
			continue;
		}
		if (depth > 0 && mine->kind == NODE_MAP && from->item[i]->kind == NODE_MAP)
			merge_maps(mine, from->item[i], depth - 1);
		from->key[kept] = from->key[i];
		from->item[kept++] = from->item[i];
	}
	from->count = kept;
}

char **step_ids(const struct node *steps)
{
	char **id = xcalloc(steps->count + 1, sizeof(char *));

	for (size_t i = 0; i < steps->count; i++) {
		const struct node *named = node_get(steps->item[i], "id", NULL);
		const struct node *operation = node_get(steps->item[i], "operation", NULL);
		const char *name = operation && operation->text ? operation->text : "step";
		struct str s = {0};
		int taken = 1;

		if (named && named->text) {
			id[i] = xstrdup(named->text);
			continue;
		}
		do {
			str_clear(&s);
			str_add(&s, name);
			if (taken++ > 1)
				str_addf(&s, "_%d", taken - 1);
			for (char *c = s.p; *c; c++)
				if (*c == '-')
					*c = '_';
			for (size_t k = 0; k < i; k++)
				if (!strcmp(id[k], s.p)) {
					str_clear(&s);
					break;
				}
		} while (s.len == 0 && *name);
		id[i] = s.p ? s.p : xstrdup("");
	}
	return id;
}

static void merge_steps(struct node *steps, struct node *parents)
{
	char **id = step_ids(steps), **parent_id = step_ids(parents);
	struct node all = {.kind = NODE_LIST};
	size_t n = steps->count, parent_n = parents->count;

	for (size_t i = 0; i < parent_n; i++) {
		size_t k = 0;

		while (k < n && (!steps->item[k] || strcmp(id[k], parent_id[i])))
			k++;
		if (k == n) {
			node_add(&all, NULL, parents->item[i]);
			parents->item[i] = NULL;
		} else {
			if (steps->item[k]->kind == NODE_MAP && parents->item[i]->kind == NODE_MAP)
				merge_maps(steps->item[k], parents->item[i], 1);
			node_add(&all, NULL, steps->item[k]);
			steps->item[k] = NULL;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (steps->item[i])
			node_add(&all, NULL, steps->item[i]);
		free(id[i]);
	}
	for (size_t i = 0; i < parent_n; i++)
		free(parent_id[i]);
	free(id);
	free(parent_id);
	free(steps->item);
	steps->item = all.item;
	steps->count = all.count;
}

void merge_templates(struct node *child, struct node *parent)
{
	struct node *steps = node_get(child, "steps", NULL);
	struct node *parents = node_get(parent, "steps", NULL);

	if (steps && parents && steps->kind == NODE_LIST && parents->kind == NODE_LIST)
		merge_steps(steps, parents);
	merge_maps(child, parent, 1);
}
