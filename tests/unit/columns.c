/* SPDX-License-Identifier: ISC */
/* Tables: columns where the lines say, and lines that do not fit refused. */
#include "stream/columns.h"

#include <stdlib.h>
#include <string.h>

#include "../test.h"

static struct column *columns;
static size_t count;

static int list(const char *lines, uint64_t rows, uint64_t payload_len, void *payload)
{
	struct frame f = {.kind = KIND_TABLE,
		.ndim = 1,
		.dim = {rows},
		.payload_len = payload_len,
		.payload = payload};
	struct meta m = {0};
	struct error e = {0};
	int code = meta_parse(&m, lines, strlen(lines), &e);

	free(columns);
	columns = NULL;
	if (!code)
		code = columns_list(&f, &m, &columns, &count, &e);
	if (code && (code != e.code || !*e.text))
		code = -1;
	meta_clear(&m);
	return code;
}

static void right(void)
{
	static _Alignas(64) char payload[1000];

	check(!list("col t f64 s\ncol name s8 -\ncol uvw f32 m 3\ncol gain cf32 - 2x2\n", 10, 704,
		      payload) &&
			count == 4,
		"four columns");
	check((const char *)columns[0].values == payload && columns[0].row_size == 8 &&
			columns[0].dtype == DTYPE_F64 && !strcmp(columns[0].unit, "s"),
		"the first begins the payload");
	check((const char *)columns[1].values == payload + 128 && columns[1].row_size == 8 &&
			columns[1].text == 8 && columns[1].dtype == 0,
		"text on the next border of 64 bytes");
	check((const char *)columns[2].values == payload + 256 && columns[2].elements == 3 &&
			columns[2].row_size == 12,
		"a vector");
	check((const char *)columns[3].values == payload + 384 && columns[3].elements == 4 &&
			columns[3].row_size == 32,
		"a matrix");
	check(!list("col t f64 s\n", 0, 0, payload) && count == 1, "no rows");
	check(!list("", 5, 0, payload) && count == 0, "no columns");
}

static void wrong(void)
{
	static const char *const lines[] = {"col t f64\n", "col t\n", "col \n", "col t f65 s\n",
		"col t s0 -\n", "col t s-1 -\n", "col t s99999999999999999999 -\n",
		"col t f64 s 0\n", "col t f64 s -1\n", "col t f64 s 2x\n", "col t f64 s x2\n",
		"col t f64 s x\n", "col t f64 s 1xx1\n", "col t f64 s 1.5\n",
		"col t f64 s 1 more\n", "col t columns s\n", "col t f64 s 4294967296x4294967296\n",
		"col t s18446744073709551615 - 18446744073709551615\n",
		"col t f64 s\ncol u f64 s\n", "col t u8 s\n",
		"col abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde f64 s\n"};
	static char payload[100];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		check(list(lines[i], 1, 8, payload) == EXIT_DATA, "refuses %.*s",
			(int)strcspn(lines[i], "\n"), lines[i]);
	check(list("col t f64 s\n", 2, 8, payload) == EXIT_DATA,
		"refuses more rows than there are bytes");
	check(list("col t f64 s\n", UINT64_MAX / 4, 8, payload) == EXIT_DATA,
		"refuses rows that overflow");
	check(list("col t f64 s\n", 1, 9, payload) == EXIT_DATA,
		"refuses bytes that belong to no column");
}

int main(void)
{
	right();
	wrong();
	free(columns);
	return done();
}
