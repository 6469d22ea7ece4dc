/* SPDX-License-Identifier: ISC */
#include "stream/meta.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "stream/frame.h"

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool meta_key_valid(const char *key, size_t n)
{
	if (n > 0 && (*key == '%' || *key == '~'))
		key++, n--;
	if (n < 1 || n > 63 || !key_char(*key))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!key_char(key[i]) && key[i] != '.' && key[i] != '_' && key[i] != '-')
			return false;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes the escapes in n bytes; NULL if they are malformed, or the text not plain UTF-8. */
static char *unescape(const char *p, size_t n)
{
	char *out = xmalloc(n + 1), *q = out;
	const char *end = p + n;

	while (p < end) {
		size_t length = printable_length(p, (size_t)(end - p));
		int high, low;

		if (length == 0)
			goto malformed;
		if (*p != '\\') {
			memcpy(q, p, length);
			p += length;
			q += length;
		} else if (end - p >= 2 && (p[1] == 'n' || p[1] == '\\')) {
			*q++ = p[1] == 'n' ? '\n' : '\\';
			p += 2;
		} else if (end - p >= 4 && p[1] == 'x' && (high = hex(p[2])) >= 0 &&
			(low = hex(p[3])) >= 0 && (high || low)) {
			*q++ = (char)(high << 4 | low);
			p += 4;
		} else {
			goto malformed;
		}
	}
	*q = '\0';
	return out;
malformed:
	free(out);
	return NULL;
}

static void add_item(struct meta *m, char *key, char *value)
{
	if (m->count == m->size) {
		m->size = m->size ? m->size * 2 : 16;
		m->item = xrealloc(m->item, m->size, sizeof(*m->item));
	}
	m->item[m->count++] = (struct meta_item){.key = key, .value = value};
}

void meta_clear(struct meta *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->item[i].key);
		free(m->item[i].value);
	}
	free(m->item);
	*m = (struct meta){0};
}

static int parse_lines(struct meta *m, const char *text, size_t n, struct error *e)
{
	const char *end = text + n;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		const char *space = memchr(text, ' ', (size_t)(stop - text));
		size_t key = (size_t)((space ? space : stop) - text);
		char *value;

		if (!newline)
			return fail(e, EXIT_DATA, "metadata: line %zu has no end", m->count + 1);
		if (m->count == META_LINES_MAX)
			return fail(e, EXIT_DATA, "metadata: more than %d lines", META_LINES_MAX);
		if (!meta_key_valid(text, key))
			return fail(e, EXIT_DATA, "metadata: line %zu: '%.*s' is not a key", m->count + 1,
				(int)(key > 80 ? 80 : key), text);
		value = space ? unescape(space + 1, (size_t)(stop - space - 1)) : xstrdup("");
		if (!value)
			return fail(e, EXIT_DATA, "metadata: %.*s: its value is not escaped UTF-8",
				(int)key, text);
		add_item(m, xstrndup(text, key), value);
		text = newline + 1;
	}
	return 0;
}

static void add_escaped(struct str *out, const char *value)
{
	size_t n = strlen(value), length;

	for (; n > 0; value += length, n -= length) {
		length = printable_length(value, n);
		if (*value == '\n')
			str_add(out, "\\n");
		else if (*value == '\\')
			str_add(out, "\\\\");
		else if (length == 0)
			str_addf(out, "\\x%02X", (unsigned char)*value);
		else
			str_add_bytes(out, value, length);
		if (length == 0)
			length = 1;
	}
}

int meta_parse(struct meta *m, const char *text, size_t n, struct error *e)
{
	int code;

	meta_clear(m);
	code = parse_lines(m, text, n, e);
	if (code)
		meta_clear(m);
	return code;
}

void meta_format(const struct meta *m, struct str *out)
{
	for (size_t i = 0; i < m->count; i++) {
		str_add(out, m->item[i].key);
		str_add(out, " ");
		add_escaped(out, m->item[i].value);
		str_add(out, "\n");
	}
}

void meta_format_json(const struct meta *m, struct str *out)
{
	str_add(out, "[");
	for (size_t i = 0; i < m->count; i++) {
		str_add(out, i ? ",[" : "[");
		str_add_json(out, m->item[i].key);
		str_add(out, ",");
		str_add_json(out, m->item[i].value);
		str_add(out, "]");
	}
	str_add(out, "]");
}

void meta_copy(struct meta *to, const struct meta *from)
{
	if (to == from)
		return;
	meta_clear(to);
	for (size_t i = 0; i < from->count; i++)
		add_item(to, xstrdup(from->item[i].key), xstrdup(from->item[i].value));
}

const char *meta_nth(const struct meta *m, const char *key, size_t n)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->item[i].key, key) && n-- == 0)
			return m->item[i].value;
	return NULL;
}

const char *meta_next(const struct meta *m, const char *key, size_t *at)
{
	while (*at < m->count) {
		const struct meta_item *item = &m->item[(*at)++];

		if (!strcmp(item->key, key))
			return item->value;
	}
	return NULL;
}

const char *meta_get(const struct meta *m, const char *key)
{
	return meta_nth(m, key, 0);
}

size_t meta_count(const struct meta *m, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += !strcmp(m->item[i].key, key);
	return n;
}

bool meta_i64(const struct meta *m, const char *key, int64_t *v)
{
	const char *text = meta_get(m, key);

	if (text && !parse_i64(text, v))
		die(EXIT_DATA, "metadata: %s: '%s': must be a whole number", key, text);
	return text != NULL;
}

bool meta_f64(const struct meta *m, const char *key, double *v)
{
	const char *text = meta_get(m, key);

	if (text && !parse_f64(text, true, v))
		die(EXIT_DATA, "metadata: %s: '%s': must be a number", key, text);
	return text != NULL;
}

bool meta_utc(const struct meta *m, const char *key, struct utc *t)
{
	const char *text = meta_get(m, key);

	if (text && !utc_parse(text, t))
		die(EXIT_DATA, "metadata: %s: '%s': must be a time YYYY-MM-DDThh:mm:ssZ", key, text);
	return text != NULL;
}

bool meta_rate(const struct meta *m, struct rate *rate)
{
	int64_t num, den;

	if (!meta_get(m, "rate_num") && !meta_get(m, "rate_den"))
		return false;
	if (!meta_i64(m, "rate_num", &num) || !meta_i64(m, "rate_den", &den) || num <= 0 || den <= 0)
		die(EXIT_DATA, "metadata: rate_num, rate_den: must both be there and positive");
	rate->num = (uint64_t)num;
	rate->den = (uint64_t)den;
	return true;
}

unsigned meta_kinds(const struct meta *m)
{
	unsigned kinds = 0;
	const char *text;

	for (size_t at = 0; (text = meta_next(m, "kinds", &at));) {
		struct str list = {0};

		str_add(&list, text);
		for (char *word = strtok(list.p, " "); word; word = strtok(NULL, " "))
			if (kind_parse(word) > 0)
				kinds |= KIND_BIT(kind_parse(word));
		str_free(&list);
	}
	return kinds;
}

/* Removes the items that `drop` chooses, all in one pass. */
static void remove_where(
	struct meta *m, bool (*drop)(const struct meta_item *item, const void *arg), const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (!drop(&m->item[i], arg)) {
			m->item[kept++] = m->item[i];
			continue;
		}
		free(m->item[i].key);
		free(m->item[i].value);
	}
	m->count = kept;
}

static bool has_key(const struct meta_item *item, const void *key)
{
	return !strcmp(item->key, key);
}

void meta_remove(struct meta *m, const char *key)
{
	remove_where(m, has_key, key);
}

void meta_add(struct meta *m, const char *key, const char *value)
{
	add_item(m, xstrdup(key), xstrdup(value));
}

void meta_set(struct meta *m, const char *key, const char *value)
{
	struct meta_item item = {.key = xstrdup(key), .value = xstrdup(value)};
	size_t at = 0;

	while (at < m->count && strcmp(m->item[at].key, key))
		at++;
	meta_remove(m, item.key);
	add_item(m, item.key, item.value);
	memmove(&m->item[at + 1], &m->item[at], (m->count - 1 - at) * sizeof(*m->item));
	m->item[at] = item;
}

void meta_setf(struct meta *m, const char *key, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		die(EXIT_OS, "out of memory");
	va_end(ap);
	meta_set(m, key, text);
	free(text);
}

void meta_set_f64(struct meta *m, const char *key, double v)
{
	char text[NUMBER_TEXT];

	meta_set(m, key, format_f64(text, v));
}

void meta_set_rate(struct meta *m, struct rate rate)
{
	meta_setf(m, "rate_num", "%llu", (unsigned long long)rate.num);
	meta_setf(m, "rate_den", "%llu", (unsigned long long)rate.den);
}

static bool has_scope(const struct meta_item *item, const void *scope)
{
	return item->key[0] == *(const char *)scope;
}

void meta_drop_scope(struct meta *m, char scope)
{
	remove_where(m, has_scope, &scope);
}

struct keys {
	const char **key;
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const struct meta_item *item, const void *arg)
{
	const struct keys *keys = arg;

	return bsearch(&item->key, keys->key, keys->count, sizeof(*keys->key), by_text);
}

void meta_overlay(struct meta *m, const struct meta *over)
{
	struct keys keys = {.key = xcalloc(over->count, sizeof(*keys.key)), .count = over->count};

	for (size_t i = 0; i < over->count; i++)
		keys.key[i] = over->item[i].key;
	qsort(keys.key, keys.count, sizeof(*keys.key), by_text);
	remove_where(m, is_among, &keys);
	free(keys.key);
	for (size_t i = 0; i < over->count; i++)
		meta_add(m, over->item[i].key, over->item[i].value);
}

static bool same_values(const struct meta *a, const struct meta *b, const char *key)
{
	size_t i = 0, k = 0;

	for (;;) {
		const char *x = meta_next(a, key, &i), *y = meta_next(b, key, &k);

		if (!x || !y)
			return x == y;
		if (strcmp(x, y))
			return false;
	}
}

struct pair {
	const struct meta *a, *b;
};

static bool differs(const struct meta_item *item, const void *arg)
{
	const struct pair *p = arg;

	return !same_values(p->a, p->b, item->key);
}

void meta_keep_equal(struct meta *m, const struct meta *other)
{
	struct meta before = {0};

	meta_copy(&before, m);
	remove_where(m, differs, &(struct pair){&before, other});
	meta_clear(&before);
}
