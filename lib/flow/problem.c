/* SPDX-License-Identifier: ISC */
#include "flow/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/err.h"
#include "base/mem.h"

struct problem_line {
	struct mark at;
	bool warning;
	char *text;
};

__attribute__((format(printf, 4, 0))) static void add(
	struct problems *p, const struct mark *at, bool warning, const char *format, va_list args)
{
	char text[600];

	vsnprintf(text, sizeof(text), format, args);
	for (size_t i = 0; i < p->count; i++) /* one place that is met twice is told once */
		if (p->line[i].at.line == at->line && p->line[i].at.column == at->column &&
			p->line[i].at.file == at->file && !strcmp(p->line[i].text, text))
			return;
	p->errors += !warning;
	p->line = xrealloc(p->line, p->count + 1, sizeof(*p->line));
	p->line[p->count++] = (struct problem_line){*at, warning, xstrdup(text)};
}

static int weight(int code)
{
	return code == EXIT_DATA ? 3 : code == EXIT_USAGE ? 2 : code == EXIT_OK ? 0 : 1;
}

void problem(struct problems *p, const struct mark *at, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(p, at, false, format, args);
	va_end(args);
	if (weight(code) > weight(p->code))
		p->code = code;
}

void problem_unknown(struct problems *p, const struct mark *at, int code, const char *word,
	const char *const *among, size_t count, const char *format, ...)
{
	struct str hint = {0};
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	str_add(&hint, "");
	suggest(&hint, word, among, count);
	problem(p, at, code, "%s%s", text, hint.p);
	str_free(&hint);
}

void problem_warning(struct problems *p, const struct mark *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(p, at, true, format, args);
	va_end(args);
}

/* By place, those without one first; what stands at one place stays in the order it was found. */
static int by_place(const void *a, const void *b)
{
	const struct problem_line *const *x = a, *const *y = b;
	const struct mark *m = &(*x)->at, *n = &(*y)->at;
	int files = m->file == n->file ? 0 : strcmp(m->file, n->file);

	if ((m->line == 0) != (n->line == 0))
		return m->line == 0 ? -1 : 1;
	if (files)
		return files;
	if (m->line != n->line)
		return m->line < n->line ? -1 : 1;
	if (m->column != n->column)
		return m->column < n->column ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static void add_line(const struct problem_line *l, struct str *out)
{
	str_add_escaped(out, l->at.file);
	if (l->at.line)
		str_addf(out, ":%zu:%zu", l->at.line, l->at.column);
	str_add(out, l->warning ? ": warning: " : ": ");
	str_add_escaped(out, l->text);
	str_add(out, "\n");
}

void problems_text(const struct problems *p, bool quiet, struct str *out)
{
	const struct problem_line **sorted = xcalloc(p->count + 1, sizeof(*sorted));
	size_t shown = 0;

	for (size_t i = 0; i < p->count; i++)
		sorted[i] = &p->line[i];
	qsort(sorted, p->count, sizeof(const struct problem_line *), by_place);
	for (size_t i = 0; i < p->count; i++)
		if (sorted[i]->warning ? !quiet : shown++ < PROBLEMS_MAX)
			add_line(sorted[i], out);
	if (shown > PROBLEMS_MAX)
		str_addf(out, "and %zu more error%s\n", shown - PROBLEMS_MAX,
			shown - PROBLEMS_MAX == 1 ? "" : "s");
	free(sorted);
}

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->line[i].text);
	free(p->line);
	*p = (struct problems){0};
}

#define WORD_MAX 40

/*
 * How many letters must be put in, left out, changed, or swapped with the next one (optimal string
 * alignment; L. Boytsov, ACM Journal of Experimental Algorithmics 16, 2011).
 */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t row[3][WORD_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *two = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t change = before[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = MIN(change, MIN(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], two[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

void suggest(struct str *out, const char *word, const char *const *among, size_t count)
{
	size_t n = strlen(word), best = 1 + n / 3;
	const char *found = NULL;

	if (n == 0 || n > WORD_MAX)
		return;
	for (size_t i = 0; i < count; i++) {
		size_t m = strlen(among[i]), d;

		if (m > WORD_MAX || (m > n ? m - n : n - m) > best)
			continue;
		d = distance(word, n, among[i], m);
		if (d < best || (d == best && !found)) {
			best = d;
			found = among[i];
		}
	}
	if (found)
		str_addf(out, ": did you mean %s?", found);
}
