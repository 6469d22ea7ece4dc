/* SPDX-License-Identifier: ISC */
/*
 * Bytes as a template: whatever they are, it is refused with a place, or becomes a script that,
 * read back word by word, has the command lines of the plan, and comments of one line. The commands
 * are asked once what they take, so the release must be built.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/graph.h"
#include "flow/script.h"

static struct describer *describer;
static struct backend_set *set;
static char *functions;

static char *find_backend(void *arg, const char *name, char **path, size_t *n)
{
	struct str s = {0};
	struct error e;
	char *text;

	(void)arg;
	if (strchr(name, '/') || strlen(name) > 40)
		return NULL;
	str_addf(&s, "templates/backends/%s.yaml", name);
	text = file_read(s.p, YAML_BYTES_MAX, n, &e);
	*path = s.p;
	return text;
}

static char *find_template(void *arg, const char *name, const char *from, char **path, size_t *n)
{
	(void)arg;
	(void)from;
	*path = xstrdup(name);
	*n = 0;
	return strcmp(name, "base")
		       ? NULL
		       : xstrndup("name: b\nsteps:\n- operation: stretch\n",
				 *n = strlen("name: b\nsteps:\n- operation: stretch\n"));
}

/* ---- reading back */

struct tokens {
	char **v;
	size_t n;
};

static void token(struct tokens *t, struct str *word, bool *begun)
{
	if (!*begun)
		return;
	t->v = xrealloc(t->v, t->n + 1, sizeof(char *));
	t->v[t->n++] = xstrndup(word->p ? word->p : "", word->len);
	str_clear(word);
	*begun = false;
}

/* A quoted part of a word; aborts if it does not end, or holds what no template may put there. */
static const char *quoted(const char *p, struct str *word)
{
	bool escapes = *p == '$';

	for (p += escapes ? 2 : 1; *p != '\''; p++) {
		if (!*p || *p == '\n')
			abort();
		if (escapes && *p == '\\') {
			char c = p[1];

			if (c >= '0' && c <= '3') {
				c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
				p += 2;
			}
			str_add_bytes(word, &c, 1);
			p++;
		} else {
			str_add_bytes(word, p, 1);
		}
	}
	return p + 1;
}

/* Words of a shell; double quotes, of ours only, are kept as they stand. */
static struct tokens tokens_of(const char *p)
{
	struct tokens t = {0};
	struct str word = {0};
	bool begun = false;

	while (*p) {
		if (*p == '#' && !begun) {
			for (; *p && *p != '\n'; p++)
				if ((unsigned char)*p < 0x20 && *p != '\t')
					abort();
		} else if (*p == '\'' || (*p == '$' && p[1] == '\'')) {
			begun = true;
			p = quoted(p, &word);
		} else if (*p == '"') {
			begun = true;
			do {
				str_add_bytes(&word, p, 1);
				p += *p == '\\';
			} while (*p && *++p != '"');
			p += *p != 0;
		} else if (strchr(" \t\n|&;<>()", *p)) {
			token(&t, &word, &begun);
			p++;
		} else {
			begun = true;
			str_add_bytes(&word, p++, 1);
		}
	}
	token(&t, &word, &begun);
	str_free(&word);
	return t;
}

/* The words of a stage up to one that is known only when the script runs. */
static size_t fixed_words(const struct stage *s, char **out)
{
	size_t n = 0;

	out[n++] = xstrdup(s->command);
	if (s->passes)
		out[n++] = xstrdup("--pass");
	for (size_t i = 0; i < s->words && n < WORDS_MAX; i++) {
		struct str text = {0};

		str_add(&text, "");
		for (size_t k = 0; k < s->word[i].pieces; k++) {
			if (s->word[i].piece[k].kind != PIECE_TEXT || s->word[i].given.n ||
				s->word[i].lacking.n) {
				str_free(&text);
				return n;
			}
			str_add(&text, s->word[i].piece[k].text);
		}
		out[n++] = text.p;
	}
	return n;
}

static bool stands(const struct tokens *t, char **words, size_t n)
{
	for (size_t i = 0; i + n <= t->n; i++) {
		size_t k = 0;

		while (k < n && !strcmp(t->v[i + k], words[k]))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static void read_back(const struct plan *plan, const char *script)
{
	struct tokens t = tokens_of(script);

	for (size_t u = 0; u < plan->units; u++)
		for (size_t l = 0; l < plan->unit[u].lines; l++)
			for (size_t s = 0; s < plan->unit[u].line[l].stages; s++) {
				char *words[WORDS_MAX + 2];
				size_t n = fixed_words(&plan->unit[u].line[l].stage[s], words);

				if (!stands(&t, words, n))
					abort();
				while (n > 0)
					free(words[--n]);
			}
	for (size_t i = 0; i < t.n; i++)
		free(t.v[i]);
	free(t.v);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error e;
	size_t n;

	(void)argc;
	(void)argv;
	describer = describer_new("build/libexec/leat");
	functions = file_read("templates/script.bash", 1 << 20, &n, &e);
	if (!functions)
		die_with(&e);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct template_options how = {.find = find_template};
	struct plan_options as = {.find = find_backend, .describer = describer};
	struct script_options to = {.functions = functions, .out = "."};
	struct problems p = {0};
	struct str said = {0}, text = {0};
	struct template t;
	struct plan plan;

	template_read(&t, "fuzz.yaml", (const char *)data, size, &how, &p);
	plan_make(&plan, &t, &as, &set, &p);
	problems_text(&p, false, &said);
	if (!p.errors) {
		if (plan.units == 0)
			abort();
		makefile_write(&plan, &to, &text);
		plan_json(&plan, &text);
		plan_dot(&plan, &text);
		str_clear(&text);
		script_write(&plan, &to, &text);
		read_back(&plan, text.p);
	} else if (said.len == 0 || p.code == 0 || p.code == EXIT_CONFIG) {
		abort();
	}
	plan_free(&plan);
	template_free(&t);
	problems_free(&p);
	str_free(&said);
	str_free(&text);
	return 0;
}
