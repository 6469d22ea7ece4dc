/* SPDX-License-Identifier: ISC */
#include "io/npy.h"

#include <stdbool.h>
#include <string.h>

#include "base/dtype.h"

#define ALIGN 64
#define ROW_DIGITS 20 /* of 2^64 - 1 */

/* Whether the elements are integers in pairs, a type NumPy has not. */
static bool is_pair(unsigned dtype)
{
	return dtype_complex(dtype) && !dtype_float(dtype);
}

static void add_type(struct str *s, const struct npy_field *field)
{
	unsigned real = dtype_real(field->dtype);
	size_t size = dtype_size(is_pair(field->dtype) ? real : field->dtype);
	char letter = 'i';

	if (field->text) {
		str_addf(s, "'|S%llu'", (unsigned long long)field->text);
		return;
	}
	if (dtype_float(field->dtype))
		letter = dtype_complex(field->dtype) ? 'c' : 'f';
	else if (real == DTYPE_U8 || real == DTYPE_U16 || real == DTYPE_U32 || real == DTYPE_U64)
		letter = 'u';
	str_addf(s, "'%c%c%zu'", size == 1 ? '|' : '<', letter, size);
}

/* "3, 2, " */
static void add_axes(struct str *s, const struct npy_field *field)
{
	for (size_t i = 0; i < field->dims; i++)
		str_addf(s, "%llu, ", (unsigned long long)field->dim[i]);
	if (is_pair(field->dtype))
		str_add(s, "2, ");
}

/* A name as Python writes it. */
static void add_name(struct str *s, const char *name)
{
	str_add(s, "'");
	for (; *name; name++) {
		if (*name == '\'' || *name == '\\')
			str_add(s, "\\");
		str_add_bytes(s, name, 1);
	}
	str_add(s, "'");
}

static void add_fields(struct str *s, const struct npy_field *field, size_t count)
{
	str_add(s, "[");
	for (size_t i = 0; i < count; i++) {
		str_add(s, i ? ", (" : "(");
		add_name(s, field[i].name);
		str_add(s, ", ");
		add_type(s, &field[i]);
		if (field[i].dims || is_pair(field[i].dtype)) {
			str_add(s, ", (");
			add_axes(s, &field[i]);
			s->p[--s->len - 1] = ')'; /* "3, " is a tuple as "3," */
		}
		str_add(s, ")");
	}
	str_add(s, "]");
}

static bool is_ascii(const struct str *s)
{
	for (size_t i = 0; i < s->len; i++)
		if ((unsigned char)s->p[i] > 127)
			return false;
	return true;
}

/* Adds magic and length, then the text, with spaces up to a border. */
static void add_whole(struct str *out, const struct str *text)
{
	size_t room = (10 + text->len + 1 + ALIGN - 1) / ALIGN * ALIGN - 10;
	bool ascii = is_ascii(text), wide = room > UINT16_MAX || !ascii;
	uint8_t head[12] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1};

	if (wide) {
		room = (12 + text->len + 1 + ALIGN - 1) / ALIGN * ALIGN - 12;
		head[6] = ascii ? 2 : 3;
	}
	for (size_t i = 0; i < (wide ? 4 : 2); i++)
		head[8 + i] = (uint8_t)(room >> 8 * i);
	str_add_bytes(out, head, wide ? 12 : 10);
	str_add_bytes(out, text->p, text->len);
	str_addf(out, "%*s\n", (int)(room - text->len - 1), "");
}

int npy_head(struct str *out, const struct npy_field *field, size_t count, uint64_t rows,
	struct error *e)
{
	struct str text = {0};
	size_t begin;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(field[i].name, field[k].name))
				return fail(e, EXIT_DATA, "column %s: twice: an array has it once",
					field[i].name);
	str_add(&text, "{'descr': ");
	if (field->name)
		add_fields(&text, field, count);
	else
		add_type(&text, field);
	str_add(&text, ", 'fortran_order': False, 'shape': (");
	begin = text.len;
	str_addf(&text, "%llu, ", (unsigned long long)rows);
	begin = ROW_DIGITS + 2 - (text.len - begin);
	if (!field->name)
		add_axes(&text, field);
	text.len -= 1;
	text.p[text.len] = '\0';
	if (!field->name && (field->dims || is_pair(field->dtype)))
		text.len--; /* "(5, 3)", but "(5,)" */
	str_addf(&text, "), }%*s", (int)begin, "");
	add_whole(out, &text);
	str_free(&text);
	return 0;
}
