/* SPDX-License-Identifier: ISC */
#include "stream/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static bool parse_shape(char *text, uint64_t *elements)
{
	*elements = 1;
	for (char *part; (part = strsep(&text, "x"));) {
		uint64_t n;

		if (!parse_u64(part, &n) || n == 0 || !mul_fits(*elements, n, elements))
			return false;
	}
	return true;
}

static bool parse_type(const char *text, struct column *c)
{
	int dtype = dtype_parse(text);

	if (dtype > 0) {
		c->dtype = (unsigned)dtype;
		return true;
	}
	return *text == 's' && parse_u64(text + 1, &c->text) && c->text > 0;
}

static int parse_column(const char *line, struct column *c, struct error *e)
{
	char type[32], shape[64] = "1", more[2];
	int fields;

	*c = (struct column){0};
	fields = sscanf(line, "%63s %31s %31s %63s %1s", c->name, type, c->unit, shape, more);
	if (fields < 3 || fields > 4 || !parse_type(type, c) || !parse_shape(shape, &c->elements) ||
		!mul_fits(c->elements, c->text ? c->text : dtype_size(c->dtype), &c->row_size))
		return fail(e, EXIT_DATA, "metadata: col '%s': must be NAME TYPE UNIT [SHAPE]", line);
	return 0;
}

int columns_list(const struct frame *f, const struct meta *meta, struct column **columns,
	size_t *count, struct error *e)
{
	uint64_t at = 0, size;
	size_t next = 0;
	const char *line;
	int code = 0;

	*count = meta_count(meta, "col");
	*columns = xcalloc(*count + 1, sizeof(**columns));
	for (size_t i = 0; i < *count && !code; i++) {
		struct column *c = &(*columns)[i];

		line = meta_next(meta, "col", &next);
		if ((code = parse_column(line, c, e)))
			break;
		at = round_up(at, FRAME_ALIGN);
		if (!mul_fits(c->row_size, f->dim[0], &size) || size > f->payload_len ||
			at > f->payload_len - size)
			code = fail(e, EXIT_DATA, "columns: %s: does not fit the payload of %llu bytes",
				c->name, (unsigned long long)f->payload_len);
		else
			c->values = (const char *)f->payload + at;
		at += size;
	}
	if (!code && (f->ndim != 1 || at != f->payload_len))
		code = fail(e, EXIT_DATA, "columns: %zu columns make %llu bytes, the payload has %llu",
			*count, (unsigned long long)at, (unsigned long long)f->payload_len);
	if (code) {
		free(*columns);
		*columns = NULL;
	}
	return code;
}
